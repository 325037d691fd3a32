package consent

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Obligation is something that whoever acts on a decision must do. Kind is
// one of a small vocabulary ("redact", "check-ndo"), Detail belongs to the
// kind ("label:R").
type Obligation struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail,omitempty"`
}

// String returns "kind" or "kind:detail", which ParseObligation reads.
func (o Obligation) String() string {
	if o.Detail == "" {
		return o.Kind
	}
	return o.Kind + ":" + o.Detail
}

// ParseObligation reads "kind" or "kind:detail".
func ParseObligation(s string) Obligation {
	kind, detail, _ := strings.Cut(s, ":")
	return Obligation{kind, detail}
}

// RecordRef names a record without its subject.
type RecordRef struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Hash    string `json:"hash"`
}

// Reason is one step of a decision's own trace.
type Reason struct {
	// Code is stable: "NDO_APPLIES".
	Code string `json:"code"`
	// Rule is the id of the rule that gave it and Policy its policy's name
	// and version; both are empty for reasons of the engine itself.
	Rule   string `json:"rule,omitempty"`
	Policy string `json:"policy,omitempty"`
	// Cite names the sources of the rule.
	Cite []string `json:"cite,omitempty"`
	// Record is what a choice rests on.
	Record *RecordRef `json:"record,omitempty"`
	// Unless says, for a reason that stands in the way, what would make the
	// decision a permit: each entry is one way, as "fact=value". Only things
	// that somebody can find out or lawfully do are listed.
	Unless []string `json:"unless,omitempty"`
}

// FindingEffect is what an Evaluator says.
type FindingEffect uint8

// The effects. The zero value says nothing.
const (
	NotApplicable FindingEffect = iota
	FindingPermit
	FindingDeny
	FindingIndeterminate
)

// Finding is the answer of an Evaluator, and of Combine.
type Finding struct {
	Effect      FindingEffect `json:"effect"`
	Reasons     []Reason      `json:"reasons,omitempty"`
	Obligations []Obligation  `json:"obligations,omitempty"`
}

// Decision is the answer to a Request. The zero value denies, and there is no
// way to make one that permits but to ask an Engine. A Decision is a value; it
// may be kept, and refers to the records it rests on.
type Decision struct {
	engine   *Engine
	outcome  Outcome
	decided  bool
	met      bool
	replayed bool
	special  special
	purposes values
	asAt     time.Time
	knownAt  time.Time
	trace    trace
	facts    facts
	records  []Record
	redact   []string
	findings []Finding
	optOut   OptOutStatus
	optOutAs sourceUse
}

// Permitted reports whether the answer is a determinate permit all of whose
// obligations the caller has declared to meet. It is the only method by which
// to let anything happen. A decision that Replay made again lets nothing happen.
func (d *Decision) Permitted() bool { return d.permits() && !d.replayed }

func (d *Decision) permits() bool { return d.outcome == Permit && d.met }

// Outcome returns the answer, for logs and for those who can resolve an
// Indeterminate. To act on a decision call Permitted.
func (d *Decision) Outcome() Outcome { return d.outcome }

// AsAt returns the instants that the decision is about and up to which facts
// were used.
func (d *Decision) AsAt() (asAt, knownAt time.Time) { return d.asAt, d.knownAt }

// eachRule calls fn for the rules that hold, and for those of which it is not
// known, in order.
func (d *Decision) eachRule(fn func(i int, r *rule, unsure bool)) {
	if d.engine == nil {
		return
	}
	for i := range d.engine.policy.rules {
		fired, unsure := d.trace.fired.has(i), d.trace.unsure.has(i)
		if fired || unsure {
			fn(i, &d.engine.policy.rules[i], !fired)
		}
	}
}

// eachObligation calls fn for every obligation, with repetitions, until it
// returns false.
//
// A permit also carries the obligations of rules of which it is not known
// whether they hold: to be told too much is the safe side. A refusal carries
// those of the rules that hold, and an open decision what would settle it.
func (d *Decision) eachObligation(fn func(Obligation) bool) {
	if d.engine == nil {
		return
	}
	rules := d.engine.policy.rules
	for i := range rules {
		if len(rules[i].obligations) == 0 || !d.trace.fired.has(i) && (d.outcome != Permit || !d.trace.unsure.has(i) || rules[i].effect == effectDeny) {
			continue
		}
		for _, o := range rules[i].obligations {
			if !fn(o) {
				return
			}
		}
	}
	if d.outcome == Indeterminate {
		for k := range numFacts {
			if !d.trace.open.has(int(k)) {
				continue
			}
			for _, o := range causeTable[d.facts.why[k]].obligations {
				if !fn(o) {
					return
				}
			}
		}
	}
	for _, label := range d.redact {
		if !fn(Obligation{"redact", "label:" + label}) {
			return
		}
	}
	for i := range d.findings {
		for _, o := range d.findings[i].Obligations {
			if !fn(o) {
				return
			}
		}
	}
}

func (d *Decision) obligationsMet(can []string) bool {
	all := contains(can, "*")
	met := true
	d.eachObligation(func(o Obligation) bool {
		met = all || contains(can, o.Kind)
		return met
	})
	return met
}

// Obligations returns what must be done, each once. With a permit it must be
// done for the permit to stand.
func (d *Decision) Obligations() []Obligation {
	var out []Obligation
	d.eachObligation(func(o Obligation) bool {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
		return true
	})
	return out
}

// Reasons returns the trace: the rules that hold in the order in which they
// were tried, what could not be known, and how that was combined.
func (d *Decision) Reasons() []Reason { return d.reasons(true) }

// Codes returns the codes of Reasons, each once. It costs a fraction of it, as
// nothing is searched for that would make a refusal a permit.
func (d *Decision) Codes() []string {
	var out []string
	for _, r := range d.reasons(false) {
		if !slices.Contains(out, r.Code) {
			out = append(out, r.Code)
		}
	}
	return out
}

// reasons returns the trace, with records and remedies if they are asked for.
func (d *Decision) reasons(explain bool) []Reason {
	var out []Reason
	if d.engine == nil {
		return []Reason{{Code: "DEFAULT_DENY"}}
	}
	add := func(r Reason) {
		if !slices.ContainsFunc(out, func(o Reason) bool { return o.Code == r.Code && o.Rule == r.Rule }) {
			out = append(out, r)
		}
	}
	var unless []string
	if explain {
		unless = d.remedies()
	}
	packs := d.engine.policy.packs
	d.eachRule(func(_ int, r *rule, unsure bool) {
		if unsure {
			return
		}
		for _, code := range r.reasons {
			reason := Reason{Code: code, Rule: r.id}
			if explain {
				reason.Policy, reason.Cite, reason.Record = packs[r.pack].label(), slices.Clone(r.cite), d.recordOf(r)
			}
			if r.effect == effectDeny || r.effect == effectIndeterminate {
				reason.Unless = unless
			}
			add(reason)
		}
	})
	if d.outcome != Permit {
		for k := range numFacts {
			if c := &causeTable[d.facts.why[k]]; c.code != "" && d.trace.open.has(int(k)) && (d.outcome == Indeterminate) {
				reason := Reason{Code: c.code, Unless: unless}
				if explain {
					reason.Record = d.ref(d.facts.from[k])
				}
				if c.citation != "" {
					reason.Cite = []string{c.citation}
				}
				add(reason)
			}
		}
	}
	if len(d.redact) > 0 {
		add(Reason{Code: "OBLIGATION_REDACT", Record: d.ref(d.facts.from[fObjection])})
	}
	for i := range d.findings {
		for _, r := range d.findings[i].Reasons {
			add(r)
		}
	}
	for i, code := range specialCodes {
		if d.special&(1<<i) != 0 {
			add(Reason{Code: code})
		}
	}
	if d.outcome == Permit {
		if len(d.trace.fired) == 0 || len(out) == 0 {
			add(Reason{Code: "PERMIT_FOUND"})
		}
		if !d.met {
			add(Reason{Code: "OBLIGATION_UNSUPPORTED"})
		}
	}
	return out
}

// Rules returns the ids of the rules that hold, in the order in which they
// were tried: also those that give neither a reason nor an obligation.
func (d *Decision) Rules() []string {
	var out []string
	d.eachRule(func(_ int, r *rule, unsure bool) {
		if !unsure {
			out = append(out, r.id)
		}
	})
	return out
}

// recordOf returns the record that a rule's conditions rest on.
func (d *Decision) recordOf(r *rule) *RecordRef {
	for _, c := range r.conds {
		if ref := d.ref(d.facts.from[c.fact]); ref != nil {
			return ref
		}
	}
	return nil
}

func (d *Decision) ref(i int16) *RecordRef {
	if i < 0 || int(i) >= len(d.records) {
		return nil
	}
	r := &d.records[i]
	return &RecordRef{r.ID, r.Version, r.Hash()}
}

// change is a value that a fact could have.
type change struct {
	fact  fact
	value values
}

// remedies searches for the changes that would make the decision a permit:
// first single ones, then pairs. It tries those only that reach every rule that
// stands in the way.
func (d *Decision) remedies() []string {
	if d.outcome == Permit || d.special&^(denyOverrides|indeterminatePresent|defaultDeny) != 0 || d.purposes == 0 {
		return nil
	}
	for i := range d.findings {
		if e := d.findings[i].Effect; e != FindingPermit && e != NotApplicable {
			return nil // of which no fact here is the cause
		}
	}
	relevant, blocking := d.inTheWay()
	changes := d.changes(relevant)
	reach := func(set factSet) bool {
		for _, b := range blocking {
			if b&set == 0 {
				return false
			}
		}
		return true
	}
	permits := func(a, b change) bool {
		f := d.facts
		f.set[a.fact], f.why[a.fact] = a.value, causeNone
		f.set[b.fact], f.why[b.fact] = b.value, causeNone
		var t trace
		outcome, _ := d.engine.conclude(&f, d.purposes, d.asAt.UnixNano(), d.findings, 0, &t)
		return outcome == Permit
	}
	name := func(c change) string { return condition{c.fact, c.value}.String() }
	var out []string
	rest := changes[:0] // those that are not enough
	for _, c := range changes {
		if reach(1<<c.fact) && permits(c, c) {
			out = append(out, name(c))
		} else {
			rest = append(rest, c)
		}
	}
	const enough = 8
	for i := 0; i < len(rest) && len(out) < enough; i++ {
		for j := i + 1; j < len(rest) && len(out) < enough; j++ {
			a, b := rest[i], rest[j]
			if a.fact != b.fact && reach(1<<a.fact|1<<b.fact) && permits(a, b) {
				out = append(out, name(a)+" and "+name(b))
			}
		}
	}
	return out
}

// changes returns the changes of some facts that somebody can make or find out.
func (d *Decision) changes(of factSet) []change {
	out := make([]change, 0, 64)
	for k := fact(0); k < fPersonal; k++ {
		if of&(1<<k) == 0 || k == fPurpose || !factTable[k].remedy && countBits(d.facts.set[k]) == 1 {
			continue
		}
		for i := range factTable[k].values {
			if v := values(1) << i; v != d.facts.set[k] && k.anyValue()&v != 0 {
				out = append(out, change{k, v})
			}
		}
	}
	return out
}

// inTheWay returns the facts on which rules for the action rest, and those on
// which each rule rests that denies, or leaves the answer open: as long as none
// of them changes, it does so again.
func (d *Decision) inTheWay() (relevant factSet, blocking []factSet) {
	p := d.engine.policy
	for _, i := range p.byAction[actionOf(d.facts.set[fAction])] {
		r := &p.rules[i]
		set := p.facts(r)
		relevant |= set
		if (r.effect == effectDeny || r.effect == effectIndeterminate) && (d.trace.fired.has(int(i)) || d.trace.unsure.has(int(i))) {
			blocking = append(blocking, set)
		}
	}
	return relevant, blocking
}

// Public is what the requester may be told. It has the same fields whatever
// the answer, and tells three refusals apart at most: that there is no such
// patient (which is also the answer for a patient whose existence is
// protected), that the practice holds a dissent where GP Connect says so, and
// any other.
type Public struct {
	Decision string `json:"decision"`
	Error    string `json:"error"`
}

// Public returns the outward form of the decision. Of two requests that must
// not be told apart it is the same, byte for byte.
func (d *Decision) Public() Public {
	if d.permits() {
		return Public{"permit", ""}
	}
	notFound, dissent := false, false
	d.eachRule(func(_ int, r *rule, unsure bool) {
		for _, o := range r.obligations {
			notFound = notFound || o == Obligation{"error", "PATIENT_NOT_FOUND"} || o == Obligation{"http", "404"}
			dissent = dissent || !unsure && o == Obligation{"error", "NO_PATIENT_CONSENT"}
		}
	})
	switch {
	case notFound:
		return Public{"deny", "PATIENT_NOT_FOUND"}
	case dissent:
		return Public{"deny", "NO_PATIENT_CONSENT"}
	}
	return Public{"deny", "ACCESS_DENIED"}
}

// decisionJSON is the JSON form of a Decision.
type decisionJSON struct {
	Decision    Outcome   `json:"decision"`
	Reasons     []Reason  `json:"reasons"`
	Obligations []string  `json:"obligations"`
	AsAt        time.Time `json:"asAt,omitzero"`
	KnownAt     time.Time `json:"knownAt,omitzero"`
	Public      Public    `json:"public"`
}

// MarshalJSON writes the decision with its whole explanation, for audit and
// for those who apply the policy; what the requester may see is Public. The
// same request, records and policy give the same bytes. A decision cannot be
// read back.
func (d Decision) MarshalJSON() ([]byte, error) {
	out := decisionJSON{Decision: d.outcome, Reasons: d.Reasons(), Obligations: []string{}, AsAt: d.asAt, KnownAt: d.knownAt, Public: d.Public()}
	for _, o := range d.Obligations() {
		out.Obligations = append(out.Obligations, o.String())
	}
	return json.Marshal(out)
}

// String returns the outcome with the codes of the reasons: nothing personal.
func (d Decision) String() string {
	var b strings.Builder
	b.WriteString(d.outcome.String())
	sep := ": "
	for _, code := range d.Codes() {
		b.WriteString(sep + code)
		sep = ", "
	}
	return b.String()
}
