package vector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// Vector is one question with what is on record.
type Vector struct {
	ID         string          `json:"id"`
	Family     string          `json:"family"`
	Title      string          `json:"title"`
	AsAt       string          `json:"as_at"`
	Request    json.RawMessage `json:"request"`
	Subject    json.RawMessage `json:"subject"`
	Policy     json.RawMessage `json:"policy"`
	Semantics  string          `json:"semantics"`
	Note       string          `json:"note"`
	Expect     json.RawMessage `json:"expect"` // not read here
	Basis      json.RawMessage `json:"basis"`
	Confidence string          `json:"confidence"`
}

// Answer is the decision about a vector.
type Answer struct {
	ID          string           `json:"id"`
	Decision    consent.Outcome  `json:"decision"`
	Reasons     []consent.Reason `json:"reasons"`
	Obligations []string         `json:"obligations"`
	Public      consent.Public   `json:"public"`
}

// DefaultParameters are the parameters for vectors without a policy: a check
// for opt-outs may be 21 days old, and additional information moved to implied
// consent in April 2020. Both are assumptions, not policy.
func DefaultParameters() consent.Parameters {
	from, _ := consent.LondonDay(2020, time.April, 1)
	return consent.Parameters{OptOutMaxAge: 21 * 24 * time.Hour, SCRAdditionalFrom: from}
}

// Patient is the NHS number of patients that a vector does not name.
const Patient = "9990000018"

// Read reads one vector or an array of them.
func Read(data []byte) ([]Vector, error) {
	var list []Vector
	if err := json.Unmarshal(data, &list); err == nil {
		return list, nil
	}
	var one Vector
	if err := json.Unmarshal(data, &one); err != nil {
		return nil, fmt.Errorf("vector: neither a vector nor an array of them: %w", err)
	}
	return []Vector{one}, nil
}

// Subsumes answers whether a code is a kind of another; see
// fhirconsent.Options.
type Subsumes func(system, ancestor, code string) consent.Tri

// Decide answers a vector. The error says that the question is not
// understood; the answer is then indeterminate. Without subsumes nothing is
// known of the hierarchy of codes.
func Decide(ctx context.Context, v Vector, subsumes Subsumes) (Answer, error) {
	a, fault := newAdapter(v, subsumes)
	var answer Answer
	if *fault == nil {
		switch {
		case a.request.present("combining"):
			answer = a.combine()
		case a.subject.present("consents"):
			answer = a.directives(ctx)
		default:
			answer = a.ask(ctx)
		}
		a.request.done()
		a.subject.done()
	}
	if *fault != nil {
		answer = Answer{Decision: consent.Indeterminate, Reasons: []consent.Reason{{Code: "UNKNOWN_ELEMENT"}}, Public: consent.Public{Decision: "deny", Error: "ACCESS_DENIED"}}
	}
	answer.ID = v.ID
	if answer.Obligations == nil {
		answer.Obligations = []string{}
	}
	return answer, *fault
}

// adapter turns one vector into a request.
type adapter struct {
	vector   Vector
	request  *fields
	subject  *fields
	asAt     time.Time
	records  []consent.Record
	subsumes Subsumes
	err      *error
}

// AnswerOf returns a finding as an answer.
func AnswerOf(f consent.Finding) Answer {
	a := Answer{Reasons: f.Reasons, Obligations: []string{}}
	for _, o := range f.Obligations {
		a.Obligations = append(a.Obligations, o.String())
	}
	switch f.Effect {
	case consent.FindingPermit:
		a.Decision, a.Public = consent.Permit, consent.Public{Decision: "permit"}
	case consent.FindingIndeterminate:
		a.Decision, a.Public = consent.Indeterminate, consent.Public{Decision: "deny", Error: "ACCESS_DENIED"}
	default:
		a.Public = consent.Public{Decision: "deny", Error: "ACCESS_DENIED"}
	}
	return a
}

// combine answers the family that combines given findings.
func (a *adapter) combine() Answer {
	var raws []json.RawMessage
	a.request.into("rules", &raws)
	c, ok := consent.CombiningOf(a.request.text("combining"))
	if !ok {
		return AnswerOf(consent.Finding{Effect: consent.FindingIndeterminate, Reasons: []consent.Reason{{Code: "COMBINING_NOT_ALLOWED"}}})
	}
	var findings []consent.Finding
	for i, raw := range raws {
		findings = append(findings, a.finding(i, raw))
	}
	out := consent.Combine(c, findings...)
	if out.Effect == consent.FindingPermit {
		for _, name := range []string{"can_meet", "supported_obligations", "enforcement_supports", "understands"} {
			if !a.request.present(name) {
				continue
			}
			can := a.request.list(name)
			for _, o := range out.Obligations {
				if !contains(can, o.Kind) && !contains(can, o.String()) {
					out.Effect = consent.FindingDeny
					out.Reasons = append(out.Reasons, consent.Reason{Code: "OBLIGATION_UNSUPPORTED"})
				}
			}
		}
	}
	return AnswerOf(out)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// finding reads "permit", {"permit": [obligations]} or {"error": "timeout"}.
func (a *adapter) finding(i int, raw json.RawMessage) consent.Finding {
	var f consent.Finding
	effect := func(name string) {
		switch name {
		case "permit":
			f.Effect = consent.FindingPermit
		case "deny":
			f.Effect = consent.FindingDeny
		case "indeterminate":
			f.Effect = consent.FindingIndeterminate
		case "not-applicable":
		case "error":
			f.Effect = consent.FindingIndeterminate
			f.Reasons = []consent.Reason{{Code: "RULE_ERROR"}}
		default:
			a.request.fail(fmt.Sprintf("rules[%d]", i), "no such effect")
		}
	}
	var name string
	if json.Unmarshal(raw, &name) == nil {
		effect(name)
		return f
	}
	m := newFields(fmt.Sprintf("request.rules[%d]", i), raw, a.err)
	for name := range m.members {
		effect(name)
		if name != "error" {
			for _, o := range m.list(name) {
				f.Obligations = append(f.Obligations, consent.ParseObligation(o))
			}
		}
		m.read[name] = true
	}
	return f
}

// number returns the vector's patient.
func (a *adapter) number() nhsnumber.Number {
	for _, name := range []string{"nhs_number", "patient"} {
		if a.subject.has(name) {
			return a.subject.nhsNumber(name)
		}
	}
	n, _ := nhsnumber.Parse(Patient)
	return n
}

// ask answers the families that go through the engine.
func (a *adapter) ask(ctx context.Context) Answer {
	_, d := a.decide(ctx)
	if *a.err != nil {
		return Answer{}
	}
	out := Answer{Decision: d.Outcome(), Reasons: d.Reasons(), Public: d.Public()}
	for _, o := range d.Obligations() {
		out.Obligations = append(out.Obligations, o.String())
	}
	return out
}

// decide makes the request and the engine, and lets it decide.
func (a *adapter) decide(ctx context.Context) (consent.Request, consent.Decision) {
	params := DefaultParameters()
	if a.vector.Policy != nil {
		params = consent.Parameters{}
		p := newFields("policy", a.vector.Policy, a.err)
		if h, ok := p.number("ndo_cache_max_age_hours"); ok {
			params.OptOutMaxAge = time.Duration(h * float64(time.Hour))
		}
		params.SCRAdditionalFrom = p.time("scr_additional_implied_from")
		p.done()
	}
	r := a.build()
	opts := []consent.Option{consent.WithParameters(params)}
	source, complete := a.optOuts(r.Subject)
	if source != nil {
		opts = append(opts, consent.WithOptOuts(source))
	}
	if complete {
		opts = append(opts, consent.WithCompleteOptOuts())
	}
	if *a.err != nil {
		return r, consent.Decision{}
	}
	return r, consent.New(consent.NewMemoryStore(a.records...), opts...).Decide(ctx, r)
}

// ErrNoEngine is returned by Ask for a vector that is not a question for an
// engine, but about FHIR Consents or combining alone.
var ErrNoEngine = errors.New("vector: not a question for an engine")

// Ask returns the request that a vector stands for and the engine's decision,
// for an audit log.
func Ask(ctx context.Context, v Vector) (consent.Request, consent.Decision, error) {
	a, err := newAdapter(v, nil)
	if *err == nil && (a.request.present("combining") || a.subject.present("consents") && a.request.present("patient")) {
		return consent.Request{}, consent.Decision{}, ErrNoEngine
	}
	if *err != nil {
		return consent.Request{}, consent.Decision{}, *err
	}
	r, d := a.decide(ctx)
	a.request.done()
	a.subject.done()
	return r, d, *err
}

func newAdapter(v Vector, subsumes Subsumes) (*adapter, *error) {
	err := new(error)
	a := &adapter{vector: v, subsumes: subsumes, err: err}
	a.request = newFields("request", v.Request, err)
	a.subject = newFields("subject", v.Subject, err)
	a.asAt, _ = time.Parse(time.RFC3339Nano, v.AsAt)
	if a.asAt.IsZero() && *err == nil {
		*err = errors.New("vector: as_at: an instant is due")
	}
	return a, err
}

// status is an opt-out source with one answer.
type status struct {
	s   consent.OptOutStatus
	err error
}

func (s status) Status(context.Context, nhsnumber.Number) (consent.OptOutStatus, error) {
	return s.s, s.err
}

// optOuts reads what is known of the national opt-out: a state that was
// checked, the events of the national service, or the answer of its FHIR
// service.
func (a *adapter) optOuts(subject nhsnumber.Number) (consent.OptOuts, bool) {
	s := a.subject
	switch {
	case s.has("ndo"):
		m := s.object("ndo")
		defer m.done()
		st := consent.OptOutStatus{AsOf: m.time("checked_at")}
		if st.AsOf.IsZero() {
			st.AsOf = m.time("as_of")
		}
		switch m.text("state") {
		case "opted-out":
			st.OptedOut = true
		case "not-opted-out", "clear":
		case "unknown", "":
			return nil, false
		default:
			m.fail("state", "no such state")
		}
		return status{s: st}, false
	case s.has("ndo_history"):
		var record *consent.Record
		n := 0
		for _, e := range s.objects("ndo_history") {
			effective, recorded := e.time("effective"), e.time("recorded")
			switch event := e.text("event"); event {
			case "opt-out":
				n++
				record = &consent.Record{
					ID: fmt.Sprintf("ndo-%d", n), Version: 1, Kind: consent.NationalDataOptOut, Subject: subject, State: consent.InForce,
					From: effective, RecordedAt: recorded, RecordedBy: "spine", DecidedBy: consent.ByPatient,
					Policy: []consent.PolicyRef{{URI: "urn:vector", Version: "1"}},
				}
				a.records = append(a.records, *record)
			case "opt-in":
				if record != nil {
					ended := *record
					ended.Version++
					ended.State, ended.Until, ended.RecordedAt = consent.Withdrawn, effective, recorded
					a.records = append(a.records, ended)
				}
			default:
				e.fail("event", "no such event")
			}
			e.done()
		}
		return nil, true
	case s.has("fhir_ndo"):
		m := s.object("fhir_ndo")
		defer m.done()
		total, ok := m.number("total")
		if !ok {
			m.fail("total", "a number is due")
		}
		c := fhirconsent.OptOutEntry{Status: m.text("status"), Purpose: m.text("purpose")}
		if c.Purpose == "" {
			c.Purpose = fhirconsent.OptOutPurpose
		}
		entries := make([]fhirconsent.OptOutEntry, int(total))
		for i := range entries {
			entries[i] = c
		}
		st, err := fhirconsent.OptOutStatus(entries, a.asAt)
		return status{st, err}, false
	}
	return nil, false
}

// Touched returns the ids of the rules that hold for a vector which is a
// question for an engine, for a report on what vectors cover.
func Touched(ctx context.Context, v Vector) []string {
	_, d, err := Ask(ctx, v)
	if err != nil {
		return nil
	}
	return d.Rules()
}
