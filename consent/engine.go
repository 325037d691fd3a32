package consent

import (
	"context"
	"errors"
	"time"
)

// Engine decides. It is immutable and safe for concurrent use as far as the
// store and the sources that it was given are.
type Engine struct {
	policy     *Policy
	store      Store
	optOuts    OptOuts
	complete   bool
	params     Parameters
	evaluators []Evaluator
}

// Option changes how an Engine decides.
type Option func(*Engine)

// WithPolicy sets the rules; NHSPolicy is the default.
func WithPolicy(p *Policy) Option { return func(e *Engine) { e.policy = p } }

// WithOptOuts sets the source of national data opt-outs. Without one, and
// without WithCompleteOptOuts, nobody is known not to have opted out.
func WithOptOuts(o OptOuts) Option { return func(e *Engine) { e.optOuts = o } }

// WithCompleteOptOuts says that the record store receives every national
// opt-out and every change of it, so that a patient without a record has not
// opted out. Only the national service itself, or a copy of it, can say so.
func WithCompleteOptOuts() Option { return func(e *Engine) { e.complete = true } }

// WithParameters sets what the policies leave open.
func WithParameters(p Parameters) Option { return func(e *Engine) { e.params = p } }

// WithEvaluator adds another source of rules, such as FHIR Consents; its
// findings are combined with those of the policy, deny first.
func WithEvaluator(v Evaluator) Option {
	return func(e *Engine) { e.evaluators = append(e.evaluators, v) }
}

// Evaluator is a source of rules besides a Policy. Implementations must be
// safe for concurrent use.
type Evaluator interface {
	Evaluate(ctx context.Context, r *Request) Finding
}

// New returns an engine that reads choices from a store.
func New(store Store, opts ...Option) *Engine {
	e := &Engine{store: store}
	for _, o := range opts {
		o(e)
	}
	if e.policy == nil {
		e.policy = NHSPolicy()
	}
	return e
}

// Policy returns the rules that the engine decides by.
func (e *Engine) Policy() *Policy { return e.policy }

// special are the reasons that the engine itself gives.
type special uint16

const (
	denyOverrides special = 1 << iota
	indeterminatePresent
	defaultDeny
	knownBeforeAsAt
	cancelled
	storeFailed
	asAtMissing
	actionMissing
)

var specialCodes = [...]string{
	"DENY_OVERRIDES", "INDETERMINATE_PRESENT", "DEFAULT_DENY", "KNOWN_AT_BEFORE_AS_AT", "CANCELLED", "RULE_ERROR", "AS_AT_MISSING", "ACTION_MISSING",
}

// bits is a set of rules or facts.
type bits [maxRules / 64]uint64

func (b *bits) add(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b *bits) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }

// trace is what happened while rules were tried.
type trace struct {
	fired  bits // the rules that hold
	unsure bits // the rules of which it is not known
	open   bits // the facts that left rules unsure
}

// Decide answers a request. It does not allocate for requests without
// findings of evaluators; the explanation is made when it is asked for.
//
// What cannot be known, and what goes wrong, makes the decision Indeterminate
// unless a rule denies anyhow; nothing but rules that hold can make it Permit.
func (e *Engine) Decide(ctx context.Context, r Request) Decision {
	d := Decision{engine: e, outcome: Indeterminate, asAt: r.AsAt, knownAt: r.KnownAt, decided: true}
	if d.knownAt.IsZero() {
		d.knownAt = d.asAt
	}
	switch year := r.AsAt.Year(); {
	case r.AsAt.IsZero() || year < 1700 || year >= 2200:
		d.special = asAtMissing
	case d.knownAt.Before(d.asAt):
		d.special = knownBeforeAsAt
	case r.Action == NoAction || r.Action >= numActions:
		d.special = actionMissing
	case ctx.Err() != nil:
		d.special = cancelled
	default:
		e.decide(ctx, &r, &d)
	}
	d.met = d.outcome == Permit && d.obligationsMet(r.CanMeet)
	return d
}

func (e *Engine) decide(ctx context.Context, r *Request, d *Decision) {
	f := &d.facts
	f.observe(r, &e.params)
	records, err := e.store.Records(ctx, r.Subject)
	if err != nil {
		d.special |= storeFailed
		if ctx.Err() != nil {
			d.special |= cancelled
		}
		for _, k := range [...]fact{fNDO, fType1, fType2, fSCR, fDissent, fExplicit, fLocal, fProxy, fObjection, fACS} {
			f.open(k, causeSource)
		}
	} else {
		d.records = records
		d.redact = f.choices(r, records, d.knownAt, nil)
		e.optOut(ctx, r, d)
	}
	e.spine(r, f)
	if len(e.evaluators) > 0 {
		d.findings = e.evaluate(ctx, *r)
	}
	if ctx.Err() != nil {
		d.special |= cancelled
	}
	d.purposes = purposeSet(r.Purposes)
	d.outcome, d.special = e.conclude(f, d.purposes, r.AsAt.UnixNano(), d.findings, d.special, &d.trace)
}

// evaluate asks the other sources of rules. They get a copy of the request, so
// that it need not be on the heap where there are none.
func (e *Engine) evaluate(ctx context.Context, r Request) []Finding {
	out := make([]Finding, 0, len(e.evaluators))
	for _, v := range e.evaluators {
		out = append(out, v.Evaluate(ctx, &r))
	}
	return out
}

// purposeSet returns the purposes as a set. A purpose that is not one of the
// constants counts as unknown: every purpose at once.
func purposeSet(list []Purpose) values {
	var set values
	for _, p := range list {
		if p >= numPurposes {
			return fPurpose.anyValue() | unknownPurposeBit
		}
		set |= 1 << p
	}
	if set == 0 {
		set = 1 << NoPurpose
	}
	return set
}

// unknownPurposeBit marks a set of purposes of which one is not known.
const unknownPurposeBit values = 1 << 31

// conclude tries the rules for each purpose and combines: all purposes must
// be permitted, and findings of evaluators and failures have their say.
func (e *Engine) conclude(f *facts, purposes values, asAt int64, findings []Finding, sp special, t *trace) (Outcome, special) {
	var denies, unsure, permits bool
	all := true
	each := func() {
		said := e.policy.try(f, asAt, t)
		denies, unsure = denies || said&sawDeny != 0, unsure || said&sawUnsure != 0
		permits, all = permits || said&sawPermit != 0, all && said&sawPermit != 0
	}
	if purposes&unknownPurposeBit != 0 {
		f.openTo(fPurpose, fPurpose.anyValue()&^1, causePurpose)
		each()
		unsure = true
		t.open.add(int(fPurpose))
	} else {
		for p := values(1); p != 0 && p <= purposes; p <<= 1 {
			if purposes&p != 0 {
				f.set[fPurpose] = p
				each()
			}
		}
	}
	for i := range findings {
		switch findings[i].Effect {
		case FindingDeny:
			denies = true
		case FindingIndeterminate:
			unsure = true
		case FindingPermit:
			permits, all = true, true
		case NotApplicable:
		default:
			unsure = true
		}
	}
	if sp&(storeFailed|cancelled) != 0 {
		unsure = true
	}
	switch {
	case denies:
		if permits || unsure {
			sp |= denyOverrides
		}
		return Deny, sp
	case unsure:
		if permits {
			sp |= indeterminatePresent
		}
		return Indeterminate, sp
	case permits && all:
		return Permit, sp
	}
	return Deny, sp | defaultDeny
}

// What rules said.
type saw uint8

const (
	sawDeny saw = 1 << iota
	sawUnsure
	sawPermit
)

// try tries the rules for one purpose.
func (p *Policy) try(f *facts, asAt int64, t *trace) (said saw) {
	for k := fPersonal; k < numFacts; k++ {
		f.set[k] = bitNo
	}
	action := f.set[fAction]
	unsurePermit := false
	for _, ri := range p.byAction[actionOf(action)] {
		r := &p.rules[ri]
		if asAt < r.from || asAt >= r.until {
			continue
		}
		open := false
		fails := false
		for _, c := range r.conds {
			s := f.set[c.fact]
			if s&c.set == 0 {
				fails = true
				break
			}
			if s&^c.set != 0 {
				open = true
			}
		}
		switch {
		case fails:
			continue
		case open:
			t.unsure.add(int(ri))
			if r.effect != effectNote {
				for _, c := range r.conds {
					if f.set[c.fact]&^c.set != 0 {
						t.open.add(int(c.fact))
					}
				}
			}
			switch r.effect {
			case effectDerive:
				if f.set[r.derives] == bitNo {
					f.set[r.derives] = bitNo | bitYes
				}
			case effectDeny, effectIndeterminate:
				said |= sawUnsure
			case effectPermit:
				unsurePermit = true
			}
		default:
			t.fired.add(int(ri))
			switch r.effect {
			case effectDerive:
				f.set[r.derives] = bitYes
			case effectDeny:
				said |= sawDeny
			case effectIndeterminate:
				said |= sawUnsure
			case effectPermit:
				said |= sawPermit
			}
		}
	}
	if unsurePermit && said&sawPermit == 0 {
		said |= sawUnsure
	}
	return said
}

func actionOf(set values) int {
	for a := range int(numActions) {
		if set == 1<<a {
			return a
		}
	}
	return 0
}

// optOut settles what is known of the national opt-out.
func (e *Engine) optOut(ctx context.Context, r *Request, d *Decision) {
	f := &d.facts
	nobody := r.Data.NumberState > NumberDisproportionate || r.Data.NumberState == NumberPresent && r.Subject.IsZero()
	if nobody {
		// Nothing can be looked up of nobody: that no choice was found under
		// this number says nothing.
		f.unsettle(fType1, fType1.anyValue(), causeNumber)
		f.unsettle(fLocal, fLocal.anyValue(), causeNumber)
	}
	switch {
	case f.set[fNDO] == 1<<1 || f.why[fNDO] != causeNone:
		return // the records settle it, or leave it open
	case nobody || r.Data.NumberState == NumberInvalid:
		f.open(fNDO, causeNumber)
		return
	case r.Data.NumberState != NumberPresent:
		f.open(fNDO, causeNoNumber)
		return
	}
	f.open(fNDO, causeNDOUnknown)
	if r.Action != Disclose || !anyBeyondCare(r.Purposes) {
		return
	}
	if e.optOuts == nil {
		if e.complete {
			f.is(fNDO, 0)
			f.why[fNDO] = causeNone
		}
		return
	}
	status, err := e.optOuts.Status(ctx, r.Subject)
	if err != nil {
		f.why[fNDO], d.optOutAs = causeSource, sourceBroken
		if errors.Is(err, ErrOptOutRecord) {
			f.why[fNDO], d.optOutAs = causeNDORecord, sourceBadEntry
		}
		return
	}
	d.optOut, d.optOutAs = status, sourceAnswered
	switch {
	case status.Entries == 1:
		f.is(fNDOEntry, 1)
	case status.Entries > 1:
		f.is(fNDOEntry, 2)
	}
	if status.OptedOut {
		f.is(fNDO, 1)
		f.why[fNDO] = causeNone
		return
	}
	switch why := e.freshness(status.AsOf, status.Expires, d); {
	case why != causeNone:
		f.why[fNDO] = why
	default:
		f.is(fNDO, 0)
		f.why[fNDO] = causeNone
	}
}

// freshness says why a clear answer of some age cannot be used.
func (e *Engine) freshness(asOf, expires time.Time, d *Decision) cause {
	switch {
	case e.params.OptOutMaxAge <= 0:
		return causeParameter
	case asOf.IsZero():
		return causeNDOUnknown
	case asOf.After(d.knownAt):
		return causeClock
	case d.asAt.Sub(asOf) > e.params.OptOutMaxAge, !expires.IsZero() && !d.asAt.Before(expires):
		return causeNDOStale
	}
	return causeNone
}

func anyBeyondCare(list []Purpose) bool {
	for _, p := range list {
		if p.BeyondCare() || p >= numPurposes {
			return true
		}
	}
	return false
}

// spine compares the preference that the practice holds with the one on
// Spine, where the request states the latter.
func (e *Engine) spine(r *Request, f *facts) {
	if r.Action != UploadSCR || r.SCR.SpineSays == "" {
		return
	}
	local := f.set[fSCR]
	dissents := local&(1<<scrDissent|1<<scrLegacyDissent) != 0
	f.is(fSpine, 1)
	if r.SCR.SpineSays == "No" != dissents {
		f.is(fSpine, 2)
	}
}
