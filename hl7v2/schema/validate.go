package schema

import (
	"errors"
	"fmt"
	"sync"

	"github.com/nhskit/nhskit/hl7v2"
)

// Further findings of validation.
const (
	CodeUnknownSegment hl7v2.Code = "hl7v2.unknown-segment" // the version has no such segment
	CodeExtra          hl7v2.Code = "hl7v2.extra"           // a field or component beyond those of the version
	CodeWithdrawn      hl7v2.Code = "hl7v2.withdrawn"       // a field that must no longer be sent
	CodeLength         hl7v2.Code = "hl7v2.length"          // longer than allowed
	CodeTable          hl7v2.Code = "hl7v2.table"           // not a code of its table
	CodeValueType      hl7v2.Code = "hl7v2.value-type"      // OBX-2, MFE-5 or MFA-6 is missing or names no data type
)

// Validator checks messages by the facts of their version. Its zero value is
// what most senders of the UK meet; it is not changed by use and safe for
// concurrent use.
type Validator struct {
	// Strict makes errors of what a lenient reader tolerates: lengths,
	// repetitions, segments without a place, fields and components beyond the
	// version's, and the deviations on the wire.
	Strict bool

	// Version is the version to check by, such as "2.4"; empty is the one
	// that the message declares.
	Version string

	// Policy says how segments without a place in the structure count.
	Policy Policy

	// Code, if set, is asked whether a code of a table is valid before the
	// table of the version is. A table that is users' own to fill (IS) is
	// otherwise checked where the version suggests values, with a warning.
	Code func(table int, code string) (valid, known bool)

	// Rules are checked besides.
	Rules []Rule

	// Profile, if set, is a conformance profile to check by besides.
	Profile *Profile

	// Suppress lists findings that are known and accepted. They are left out
	// before any are counted; a CodeTooMany cannot be.
	Suppress []Suppression
}

// Rule is a check of one's own, which may have several kinds of finding.
type Rule struct {
	Kinds []RuleKind

	// Check calls report for each place that breaks the rule: with the code of
	// one of Kinds, an element of the message, or one that does not exist for
	// the message as a whole, and a text without values of the message. The
	// grouping and report must not be used after it returns.
	Check func(g *Grouping, report RuleReporter)
}

// RuleKind is a kind of finding.
type RuleKind struct {
	Code     hl7v2.Code // such as "myTrust.pid-visit-number"
	Severity hl7v2.Severity
	Clause   string // where it is written
}

// RuleReporter takes a finding of a rule. A code that the rule does not list
// is an error without a clause.
type RuleReporter = func(code hl7v2.Code, at hl7v2.Value, text string)

// MustHave makes a rule that an element must have a value where a condition
// holds; a nil condition always does. The path may have groups in front.
func MustHave(id hl7v2.Code, path string, when func(*Grouping) bool) (Rule, error) {
	if _, err := hl7v2.ParsePath(path); err != nil {
		return Rule{}, err
	}
	return Rule{Kinds: []RuleKind{{Code: id, Severity: hl7v2.Error}}, Check: func(g *Grouping, report RuleReporter) {
		if when != nil && !when(g) {
			return
		}
		if v, err := g.Get(path); err != nil || v.State() != hl7v2.Present {
			report(id, v, path+" must have a value")
		}
	}}, nil
}

// ErrNoReason is wrapped by the error of a suppression without a reason.
var ErrNoReason = errors.New("a suppression needs a reason")

// Check returns an error if the configuration is not usable.
func (v *Validator) Check() error {
	for _, s := range v.Suppress {
		if s.Reason == "" {
			return fmt.Errorf("schema: %w: %s %s", ErrNoReason, s.Code, s.Path)
		}
	}
	if _, ok := Lookup(v.Version); v.Version != "" && !ok {
		return fmt.Errorf("schema: no version %q of HL7 v2", v.Version)
	}
	return nil
}

// Validate returns what is wrong with a message: on the wire, in its
// structure, and in each field by the version's facts, the rules and the
// profile. Repetitions without a value at the end of a field need not be sent
// (2.6.1, rules for the sender), and are not too many where they are.
//
// Findings are in the order of these steps. Of the wire there are at most 200,
// of the structure, of fields and rules, and of the profile 500 each, and a
// CodeTooMany, which has the severity of the worst that is left out; none holds
// a value of the message. A message without findings costs no allocation, but
// for codes that Code is asked about and no table lists. A configuration that
// Check refuses is used as far as it goes.
func (v *Validator) Validate(m *hl7v2.Message) []hl7v2.Issue {
	x, _ := idle.Get().(*validation)
	if x == nil {
		x = new(validation)
		x.reporter, x.skip = x.report, x.suppress.leavesOut
	}
	issues := x.run(v, m)
	x.empty()
	idle.Put(x)
	return issues
}

// validation is what one call of Validate works with. It is used again, so
// that a message without findings costs no allocation.
type validation struct {
	grouping Grouping
	grouper  grouper
	checker  checker
	suppress suppressor
	rule     *Rule

	// Methods of it that are called as functions.
	reporter RuleReporter
	skip     func(hl7v2.Code, string) bool
}

var idle sync.Pool // of *validation

// run returns all findings.
func (x *validation) run(v *Validator, m *hl7v2.Message) []hl7v2.Issue {
	suppress, skip := &x.suppress, x.skip
	if !suppress.begin(v.Suppress, m) {
		suppress, skip = nil, nil
	}
	issues := m.CheckExcept(v.Strict, skip)
	version, known := VersionOf(m)
	if v.Version != "" {
		version, known = Lookup(v.Version)
	}
	if !known && !suppress.leavesOut(hl7v2.CodeVersion, "MSH-12") {
		issues = append(issues, hl7v2.Issue{Severity: hl7v2.Warning, Code: hl7v2.CodeVersion, Path: "MSH-12", Offset: int64(m.Segment("MSH", 1).Field(12).Offset()),
			Err: fmt.Errorf("no facts are known of this version; checked by those of %s", version)}.Locate(m.Bytes()))
	}
	policy := v.Policy
	if v.Strict && policy == Keep {
		policy = Refuse
	}
	x.grouping.m, x.grouping.v, x.grouping.id = m, version, ""
	w := &x.grouper
	w.Grouping, w.policy = &x.grouping, policy
	w.begin(m, suppress)
	w.fill()
	c := &x.checker
	c.v, c.version, c.plan = v, version, version.plan()
	c.begin(m, suppress)
	c.read(m)
	c.structure()
	for i := range m.Len() {
		c.fields(m.SegmentAt(i))
	}
	for i := range v.Rules {
		x.rule = &v.Rules[i]
		x.rule.Check(&x.grouping, x.reporter)
	}
	issues = append(append(issues, w.issues...), c.issues...)
	if v.Profile != nil {
		issues = append(issues, v.Profile.validate(m, v.Code, version.String() == v.Profile.Version(), suppress)...)
	}
	return issues
}

// report takes a finding of a rule.
func (x *validation) report(code hl7v2.Code, at hl7v2.Value, text string) {
	kind, c := x.rule.kind(code), &x.checker
	if !c.done(kind.Severity, code) {
		c.report(kind.Severity, code, c.paths.Path(at), max(at.Offset(), 0), kind.Clause, errors.New(text))
	}
}

// empty lets go of the message, and of what an uncommonly large one has needed.
func (x *validation) empty() {
	x.grouping = Grouping{items: x.grouping.items}
	if cap(x.grouping.items) > 1<<14 {
		x.grouping.items = nil
	}
	loose := x.grouper.loose
	if len(loose) > 64 {
		loose = nil
	}
	clear(loose)
	x.grouper.end()
	x.grouper = grouper{stack: x.grouper.stack, loose: loose, findings: x.grouper.findings}
	x.checker.end()
	x.checker = checker{findings: x.checker.findings}
	x.suppress.end()
	x.rule = nil
}

// kind returns the kind of finding that has a code.
func (r *Rule) kind(code hl7v2.Code) RuleKind {
	for _, k := range r.Kinds {
		if k.Code == code {
			return k
		}
	}
	return RuleKind{Code: code, Severity: hl7v2.Error}
}
