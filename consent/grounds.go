package consent

import (
	"context"
	"errors"

	"github.com/nhskit/nhskit/nhsnumber"
)

// sourceUse is what came of asking the source of opt-outs.
type sourceUse uint8

const (
	sourceUnused sourceUse = iota
	sourceAnswered
	sourceBroken   // it failed
	sourceBadEntry // it has an entry that cannot be read
)

// Grounds is what a decision rests on besides its request: enough, with the
// same policy, to make it again. It holds personal data.
type Grounds struct {
	Policy      string     `json:"policy"` // Policy.Hash
	Parameters  Parameters `json:"parameters"`
	Records     []Record   `json:"records"`
	StoreFailed bool       `json:"storeFailed,omitempty"`
	Cancelled   bool       `json:"cancelled,omitempty"`

	CompleteOptOuts bool          `json:"completeOptOuts,omitempty"`
	HasOptOuts      bool          `json:"hasOptOuts,omitempty"`
	OptOut          *OptOutStatus `json:"optOut,omitempty"`
	OptOutFault     string        `json:"optOutFault,omitempty"` // "failed" or "entry"

	Findings []Finding `json:"findings,omitempty"`
}

// Grounds returns what the decision rests on. The records are those of the
// store; the caller must not change them.
func (d *Decision) Grounds() Grounds {
	if d.engine == nil {
		return Grounds{}
	}
	e := Grounds{
		Policy: d.engine.policy.hash, Parameters: d.engine.params, Records: d.records, StoreFailed: d.special&storeFailed != 0,
		Cancelled: d.special&cancelled != 0, CompleteOptOuts: d.engine.complete, HasOptOuts: d.engine.optOuts != nil, Findings: d.findings,
	}
	switch d.optOutAs {
	case sourceAnswered:
		e.OptOut = &d.optOut
	case sourceBroken:
		e.OptOutFault = "failed"
	case sourceBadEntry:
		e.OptOutFault = "entry"
	}
	return e
}

// Replay makes a decision again from its request and grounds, to be compared:
// whatever the grounds say, it is not Permitted. policy must be the one that
// the grounds name; an error says that it is not.
func Replay(policy *Policy, r Request, e Grounds) (Decision, error) {
	if policy.hash != e.Policy {
		return Decision{}, ErrOtherPolicy
	}
	engine := &Engine{policy: policy, store: replayStore{e}, params: e.Parameters, complete: e.CompleteOptOuts}
	if e.HasOptOuts {
		engine.optOuts = replayStore{e}
	}
	for _, f := range e.Findings {
		engine.evaluators = append(engine.evaluators, replayFinding(f))
	}
	ctx := context.Background()
	if e.Cancelled {
		c, cancel := context.WithCancel(ctx)
		cancel()
		ctx = c
	}
	d := engine.Decide(ctx, r)
	d.replayed = true
	return d, nil
}

// ErrOtherPolicy is returned by Replay for a policy other than the one that
// decided.
var ErrOtherPolicy = errors.New("consent: the decision was made by another policy")

// errReplayed stands for an error of a store or source that failed.
var errReplayed = errors.New("consent: it failed when the decision was made")

// replayStore answers as the store and the source did.
type replayStore struct{ e Grounds }

func (s replayStore) Records(context.Context, nhsnumber.Number) ([]Record, error) {
	if s.e.StoreFailed {
		return nil, errReplayed
	}
	return s.e.Records, nil
}

func (s replayStore) Status(context.Context, nhsnumber.Number) (OptOutStatus, error) {
	switch {
	case s.e.OptOutFault == "entry":
		return OptOutStatus{}, ErrOptOutRecord
	case s.e.OptOut == nil:
		return OptOutStatus{}, errReplayed
	}
	return *s.e.OptOut, nil
}

type replayFinding Finding

func (f replayFinding) Evaluate(context.Context, *Request) Finding { return Finding(f) }
