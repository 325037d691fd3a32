package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
)

// Further findings of validation.
const (
	CodeUnknownSegment hl7v2.Code = "hl7v2.unknown-segment" // the version has no such segment
	CodeExtra          hl7v2.Code = "hl7v2.extra"           // a field or component beyond those of the version
	CodeWithdrawn      hl7v2.Code = "hl7v2.withdrawn"       // a field that must no longer be sent
	CodeLength         hl7v2.Code = "hl7v2.length"          // longer than allowed
	CodeTable          hl7v2.Code = "hl7v2.table"           // not a code of its table
	CodeValueType      hl7v2.Code = "hl7v2.value-type"      // OBX-2 is missing or names no data type
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

	// Suppress lists findings that are known and accepted.
	Suppress []Suppression
}

// Suppression leaves findings out of a validation, for a reason that a reader
// of the configuration understands.
type Suppression struct {
	Code   hl7v2.Code // empty for any
	Path   string     // with or without occurrences, such as PID-8; empty for any
	Reason string     // must not be empty
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
// profile. Findings are in the order of these steps, at most 500 of fields and
// rules and a CodeTooMany; none holds a value of the message. A configuration that Check
// refuses is used as far as it goes.
func (v *Validator) Validate(m *hl7v2.Message) []hl7v2.Issue {
	issues := m.Check(v.Strict)
	version, known := VersionOf(m)
	if v.Version != "" {
		version, known = Lookup(v.Version)
	}
	if !known {
		issues = append(issues, hl7v2.Issue{Severity: hl7v2.Warning, Code: hl7v2.CodeVersion, Path: "MSH-12", Offset: int64(m.Segment("MSH", 1).Field(12).Offset()),
			Err: fmt.Errorf("no facts are known of this version; checked by those of %s", version)}.Locate(m.Bytes()))
	}
	policy := v.Policy
	if v.Strict && policy == Keep {
		policy = Refuse
	}
	g, structural := version.Group(m, policy)
	issues = append(issues, structural...)
	c := checker{v: v, version: version, m: m, findings: findings{lines: lines{data: m.Bytes()}}}
	for i := range m.Len() {
		c.segment(m.SegmentAt(i))
	}
	for i := range v.Rules {
		r := &v.Rules[i]
		r.Check(g, func(code hl7v2.Code, at hl7v2.Value, text string) {
			kind := r.kind(code)
			c.report(kind.Severity, code, at.Path(), max(at.Offset(), 0), kind.Clause, errors.New(text))
		})
	}
	issues = append(issues, c.issues...)
	if v.Profile != nil {
		issues = append(issues, v.Profile.validate(m, v.Code, version.String() == v.Profile.Version())...)
	}
	return v.without(issues)
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

// without leaves out what is suppressed.
func (v *Validator) without(issues []hl7v2.Issue) []hl7v2.Issue {
	if len(v.Suppress) == 0 {
		return issues
	}
	return slices.DeleteFunc(issues, func(i hl7v2.Issue) bool {
		return slices.ContainsFunc(v.Suppress, func(s Suppression) bool {
			return s.Reason != "" && (s.Code == "" || s.Code == i.Code) && (s.Path == "" || s.Path == i.Path || s.Path == withoutOccurrences(i.Path))
		})
	})
}

// withoutOccurrences turns OBX[2]-5[1].1 into OBX-5.1.
func withoutOccurrences(path string) string {
	var out strings.Builder
	for {
		head, rest, found := strings.Cut(path, "[")
		out.WriteString(head)
		if !found {
			return out.String()
		}
		_, path, _ = strings.Cut(rest, "]")
	}
}

// checker checks the fields of one message.
type checker struct {
	v       *Validator
	version Version
	m       *hl7v2.Message
	findings
}

// tolerated is the severity of what only a strict reader refuses.
func (c *checker) tolerated() hl7v2.Severity {
	if c.v.Strict {
		return hl7v2.Error
	}
	return hl7v2.Warning
}

func (c *checker) value(severity hl7v2.Severity, code hl7v2.Code, v hl7v2.Value, clause string, format string, args ...any) {
	c.report(severity, code, v.Path(), v.Offset(), clause, fmt.Errorf(format, args...))
}

// segment checks the fields of one segment.
func (c *checker) segment(s hl7v2.Segment) {
	id := s.ID()
	def, ok := c.version.Segment(id)
	if !ok {
		if !strings.HasPrefix(id, "Z") {
			if path := s.Path(); path != "" {
				c.report(hl7v2.Warning, CodeUnknownSegment, path, s.Offset(), "2.5.2", fmt.Errorf("version %s has no segment %s", c.version, id))
			}
		}
		return
	}
	header := id == "MSH" || id == "FHS" || id == "BHS"
	for n, field := range s.Fields() {
		if header && n <= 2 {
			continue
		}
		e, ok := def.Field(n)
		switch {
		case !ok && n > def.NumFields():
			if field.State() == hl7v2.Present {
				c.value(c.tolerated(), CodeExtra, field, "2.8.2", "%s has %d fields in version %s", id, def.NumFields(), c.version)
			}
			continue
		case !ok || field.State() != hl7v2.Present:
			continue
		case e.Usage() == Withdrawn:
			c.value(hl7v2.Warning, CodeWithdrawn, field, "2.8.4", "%s is withdrawn in version %s", e.Name(), c.version)
			continue
		}
		c.field(s, n, field, e)
	}
	for n := 1; n <= def.NumFields(); n++ {
		e, ok := def.Field(n)
		if ok && e.Usage() == Required && !(header && n <= 2) {
			if f := s.Field(n); f.State() == hl7v2.Absent {
				c.required(s, f, n, e)
			}
		}
	}
}

// required reports a field that must have a value and has none.
func (c *checker) required(s hl7v2.Segment, f hl7v2.Value, n int, e Element) {
	at := f.Offset()
	if at < 0 {
		at = s.Offset() + len(s.Raw())
	}
	c.report(hl7v2.Error, hl7v2.CodeRequired, fmt.Sprintf("%s-%d", s.Path(), n), at, "2.5.3.3", fmt.Errorf("%s is required", e.Name()))
}

// field checks the repetitions of a field.
func (c *checker) field(s hl7v2.Segment, n int, field hl7v2.Value, e Element) {
	typ := e.Type()
	if typ == "Varies" {
		typ = c.variesType(s, n, field)
	}
	most := e.Max()
	for r, rep := range field.Reps() {
		if most > 0 && r == most+1 {
			c.value(c.tolerated(), CodeRepetition, rep, "2.5.3.5", "%s may occur %d times", e.Name(), most)
		}
		c.length(rep, e)
		c.typed(rep, typ, e.Table(), 0)
	}
}

// variesType is the data type that another field names: OBX-2 for OBX-5. It is
// empty where that is not known.
func (c *checker) variesType(s hl7v2.Segment, n int, field hl7v2.Value) string {
	if !s.Is("OBX") || n != 5 {
		return ""
	}
	name := s.Field(2)
	if name.State() != hl7v2.Present {
		c.value(hl7v2.Error, CodeValueType, field, "7.4.2.2", "a value in OBX-5 needs its data type in OBX-2")
		return ""
	}
	typ := name.Text()
	if _, ok := c.version.DataType(typ); !ok && !isPrimitive(typ) {
		c.value(hl7v2.Error, CodeValueType, name, "7.4.2.2", "OBX-2 names no data type of version %s", c.version)
		return ""
	}
	return typ
}

// length compares the length in characters; from 2.7 on lengths are no limits.
func (c *checker) length(v hl7v2.Value, e Element) {
	most := e.Length()
	if most == 0 || len(v.Raw()) <= most || c.version.name >= "2.7" {
		return
	}
	if have := utf8.RuneCount(v.Raw()); have > most {
		c.value(c.tolerated(), CodeLength, v, "2.5.3.2", "%d characters, %d are allowed", have, most)
	}
}

// typed checks a value by its data type. depth counts composites within each
// other.
func (c *checker) typed(v hl7v2.Value, typ string, table, depth int) {
	if v.State() != hl7v2.Present || typ == "" {
		return
	}
	def, ok := c.version.DataType(typ)
	if !ok || def.NumComponents() == 0 || typ == "TS" && depth > 0 {
		c.primitive(v.Leaf(), typ, table)
		return
	}
	if table != 0 {
		// The code of a coded element is its first component.
		c.table(v.Component(1).Leaf(), typ, table)
	}
	check := func(n int, part hl7v2.Value) {
		e, ok := def.Component(n)
		switch {
		case part.State() != hl7v2.Present:
		case !ok:
			c.value(c.tolerated(), CodeExtra, part, "2.8.2", "%s has %d components in version %s", typ, def.NumComponents(), c.version)
		case typ == "TS" && n == 1:
			c.primitive(part.Leaf(), "DTM", 0)
		case depth == 0:
			c.typed(part, e.Type(), e.Table(), 1)
		default:
			c.primitive(part.Leaf(), e.Type(), e.Table())
		}
	}
	if depth == 0 {
		for n, part := range v.Components() {
			check(n, part)
		}
	} else {
		for n, part := range v.Subs() {
			check(n, part)
		}
	}
	for n := 1; n <= def.NumComponents(); n++ {
		e, _ := def.Component(n)
		if e.Usage() != Required {
			continue
		}
		part := v.Component(n)
		if depth > 0 {
			part = v.Sub(n)
		}
		if part.State() == hl7v2.Absent {
			c.value(c.tolerated(), hl7v2.CodeRequired, v, "2.5.3.3", "component %d, %s, is required", n, e.Name())
		}
	}
}

func isPrimitive(typ string) bool {
	switch typ {
	case "ST", "TX", "FT", "NM", "SI", "DT", "TM", "TS", "DTM", "ID", "IS", "TN", "GTS", "SNM":
		return true
	}
	return false
}

// primitive checks an innermost value.
func (c *checker) primitive(v hl7v2.Value, typ string, table int) {
	if v.State() != hl7v2.Present {
		return
	}
	raw := v.Raw()
	switch typ {
	case "NM":
		if !isNumber(raw) {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A NM", "not a number: an optional sign, digits and a decimal point are allowed")
		}
	case "SI":
		if !isDigits(raw) {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A SI", "not a sequence id: digits only")
		}
	case "DT":
		if d, err := hl7v2.ParseDateTime(raw); err != nil || d.Precision() > hl7v2.Day {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A DT", "not a date: YYYY[MM[DD]]")
		}
	case "TS", "DTM":
		if _, err := hl7v2.ParseDateTime(raw); err != nil {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A DTM", "not a date and time: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]")
		}
	case "TM":
		if !isTime(raw) {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A TM", "not a time: HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]")
		}
	}
	if table != 0 {
		c.table(v, typ, table)
	}
}

// table checks a code.
func (c *checker) table(v hl7v2.Value, typ string, number int) {
	if v.State() != hl7v2.Present {
		return
	}
	code := v.Text()
	if c.v.Code != nil {
		if valid, known := c.v.Code(number, code); known {
			if !valid {
				c.value(hl7v2.Error, CodeTable, v, fmt.Sprintf("table %04d", number), "not a code of table %04d", number)
			}
			return
		}
	}
	t, ok := c.version.Table(number)
	if !ok || t.Len() == 0 || t.Open() {
		return
	}
	if _, ok := t.Display(code); ok {
		return
	}
	// HL7's own tables are closed for ID; all others are for users to extend.
	severity := hl7v2.Warning
	switch {
	case number == codingSystems:
		if isCodingSystem(code) {
			return
		}
	case number == mediaTypes || number == mediaSubtypes:
		// Registered outside HL7: senders use what the registry has.
	case typ == "ID":
		severity = hl7v2.Error
	}
	if later := c.laterVersion(number, code); later != "" {
		c.value(hl7v2.Warning, CodeTable, v, fmt.Sprintf("table %04d", number), "a code of table %04d, %s, only from version %s on", number, t.Name(), later)
		return
	}
	c.value(severity, CodeTable, v, fmt.Sprintf("table %04d", number), "not a code of table %04d, %s", number, t.Name())
}

// laterVersion returns the first later version whose table has a code: senders
// adopt codes before their time, as the UK does with UNICODE UTF-8.
func (c *checker) laterVersion(number int, code string) string {
	for i, name := range names {
		if name <= c.version.name {
			continue
		}
		t, ok := Version{name, opened(i)}.Table(number)
		if !ok {
			continue
		}
		if _, ok := t.Display(code); ok {
			return name
		}
	}
	return ""
}

// codingSystems is table 0396. HL7 registers coding systems in it between
// versions, so that a message may name a later one, and has patterns for local
// ones.
const codingSystems = 396

// mediaTypes and mediaSubtypes are tables 0191 and 0291, which take their
// values from the registry of MIME types.
const (
	mediaTypes    = 191
	mediaSubtypes = 291
)

// isCodingSystem reports whether a code of table 0396 is registered in the
// latest version, or is a local one.
func isCodingSystem(code string) bool {
	switch code {
	case "L", "SCT", "SCT2", "UCUM", "ICD10", "I10", "OPCS4", "RC", "RC2", "RCV2", "CTV3":
		// QUIRK: UK senders name OPCS-4, ICD-10 and the Read codes so.
		return true
	}
	if len(code) > 2 && code[:2] == "99" { // 99zzz: a sender's own
		return true
	}
	latest := Version{names[len(names)-1], opened(len(names) - 1)}
	t, ok := latest.Table(codingSystems)
	if !ok {
		return false
	}
	_, ok = t.Display(code)
	return ok
}

// isNumber reports whether b is an NM: [+-]digits[.digits], where one side of
// the point may be empty.
func isNumber(b []byte) bool {
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	digits, points := 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

func isDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// isTime reports whether b is a TM.
func isTime(b []byte) bool {
	// A time of day is what follows the day in a date and time.
	_, err := hl7v2.ParseDateTime("20000101" + string(b))
	return err == nil && len(b) >= 2
}
