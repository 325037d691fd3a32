package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
)

var (
	errNoPlace     = errors.New("the profile has no place for this segment here")
	errUnsupported = errors.New("the profile does not support it")
	errBeyond      = errors.New("beyond what the profile defines")
	errMissing     = errors.New("the profile requires it")
	errOtherwise   = errors.New("its condition does not hold, and it must then not be sent")
	errCondition   = errors.New("its condition holds, and it must then be sent")
	errConstant    = errors.New("not the constant value of the profile")
	errUnchecked   = errors.New("its usage depends on a condition that the profile gives in prose; it is not checked")
	errNotMessage  = errors.New("the profile defines no message of this type and event")
	errNotVersion  = errors.New("the profile is for another version of HL7")
	errParts       = errors.New("the data type has no components")
	errFormat      = errors.New("not of the data type that the profile names")
)

// Validate returns where a message departs from the profile: in its structure,
// then in each segment what must and must not be there, how often, how long,
// and with which values. It does not check by the facts of the version; a
// Validator with the profile does both. There are at most 500 findings and a
// CodeTooMany; none holds a value of the message.
//
// Conditions in prose are not checked; for each element with one there is a
// CodeProfileUnchecked, once a message, of severity Information.
func (p *Profile) Validate(m *hl7v2.Message) []hl7v2.Issue {
	return p.validate(m, nil, false)
}

// validate is Validate with the question for codes that a Validator has. by
// says that the version's own facts are checked besides.
func (p *Profile) validate(m *hl7v2.Message, code func(int, string) (bool, bool), by bool) []hl7v2.Issue {
	x := profileCheck{p: p, m: m, code: code, by: by, escape: m.Delimiters().Escape, results: findings{lines: lines{data: m.Bytes()}}}
	x.def = p.message(m)
	if x.def == nil {
		typ := m.SegmentAt(0).Field(9)
		x.report(CodeProfileMessage, "MSH-9", max(typ.Offset(), 0), p.clause(""), errNotMessage)
		return x.results.issues
	}
	if version := m.SegmentAt(0).Field(12); p.hl7Version != "" && !version.Equal(p.hl7Version) {
		x.report(CodeProfileMessage, "MSH-12", max(version.Offset(), 0), p.clause(""), errNotVersion)
	}
	var stack [8]profileFrame
	x.stack = stack[:0]
	if p.proses > 0 {
		x.seen = make([]uint64, (p.proses+63)/64)
	}
	if p.leaves > 0 {
		x.found = make([]nearSegment, p.leaves)
	}
	x.match()
	for i := range x.groups {
		x.group(int32(i))
	}
	for k, at := range x.placed {
		if at.place != nil && !x.groups[at.group].leftover {
			x.fields(m.SegmentAt(k), at)
		}
	}
	return x.results.issues
}

func (x *profileCheck) report(code hl7v2.Code, path string, at int, clause string, err error) {
	x.results.report(hl7v2.Error, code, path, at, clause, err)
}

// segment reports a finding about a segment of the message.
func (x *profileCheck) segment(code hl7v2.Code, k int32, clause string, err error) {
	s := x.m.SegmentAt(int(k))
	x.report(code, s.Path(), s.Offset(), clause, err)
}

func (x *profileCheck) value(code hl7v2.Code, v hl7v2.Value, r *profileRules, err error) {
	x.report(code, v.Path(), v.Offset(), r.clause, err)
}

// tooMany reports the first repetition of a segment, or of a group if that is
// not -1, that is one too many. What may not be there at all is a question of
// usage.
func (x *profileCheck) tooMany(place *profilePlace, count, k, group int32) {
	if place.max <= 0 || int(count) != place.max+1 {
		return
	}
	s := x.m.SegmentAt(int(k))
	path := s.Path()
	if group >= 0 {
		path = strings.TrimSuffix(x.groupPath(group), ".")
	}
	x.report(CodeProfileCardinality, path, s.Offset(), place.rules.clause, fmt.Errorf("%s may be there %s", place.id, times(place.max)))
}

func times(n int) string {
	if n == 1 {
		return "only once"
	}
	return fmt.Sprintf("at most %d times", n)
}

func appendOccurrence(b *strings.Builder, n int) {
	b.WriteByte('[')
	b.WriteString(strconv.Itoa(n))
	b.WriteByte(']')
}

// usage returns what an element's usage comes to, and whether that is by a
// condition. A condition in prose makes it optional.
func (x *profileCheck) usage(r *profileRules, s hl7v2.Segment, group int32, path func() (string, int)) (usage byte, byCondition bool) {
	u := &r.usage
	switch {
	case u.then == u.otherwise:
		return u.then, false
	case r.condition != nil:
		if r.condition.holds(x, s, group) {
			return u.then, true
		}
		return u.otherwise, true
	}
	if n := r.prose - 1; x.seen[n/64]&(1<<(n%64)) == 0 {
		x.seen[n/64] |= 1 << (n % 64)
		at, offset := path()
		x.results.report(hl7v2.Information, CodeProfileUnchecked, at, offset, r.clause, errUnchecked)
	}
	return 'O', false
}

// missing and forbidden are what is wrong with an element by its usage.
func missing(byCondition bool) error {
	if byCondition {
		return errCondition
	}
	return errMissing
}

func forbidden(byCondition bool) error {
	if byCondition {
		return errOtherwise
	}
	return errUnsupported
}

// group checks what is directly in a group.
func (x *profileCheck) group(i int32) {
	g := &x.groups[i]
	if g.parent >= 0 && x.groups[g.parent].leftover {
		g.leftover = true
	}
	if g.leftover {
		return
	}
	for c := range g.place.content {
		place := &g.place.content[c]
		count := int(x.counts[int(g.counts)+c])
		// What is missing is missing where the group ends.
		where := func() (string, int) {
			at := len(x.m.Bytes())
			if int(g.end) < x.m.Len() {
				at = x.m.SegmentAt(int(g.end)).Offset()
			}
			return x.groupPath(i) + place.id, at
		}
		usage, byCondition := x.usage(&place.rules, hl7v2.Segment{}, i, where)
		switch {
		case count == 0 && usage == 'R':
			path, at := where()
			x.report(CodeProfileUsage, path, at, place.rules.clause, missing(byCondition))
		case count > 0 && usage == 'X':
			x.unsupported(i, place, forbidden(byCondition))
		case count > 0 && count < place.min:
			path, at := where()
			x.report(CodeProfileCardinality, path, at, place.rules.clause, fmt.Errorf("there are %d, at least %d are wanted", count, place.min))
		}
	}
}

// unsupported reports the segments or groups of a place that must not be there.
func (x *profileCheck) unsupported(group int32, place *profilePlace, err error) {
	if !place.group {
		for k := x.groups[group].first; k < x.groups[group].end; k++ {
			if x.placed[k] == (placedSegment{place, group}) {
				x.segment(CodeProfileUsage, k, place.rules.clause, err)
				x.placed[k].place = nil
			}
		}
		return
	}
	for i := int(group) + 1; i < len(x.groups) && x.groups[i].first < x.groups[group].end; i++ {
		if g := &x.groups[i]; g.parent == group && g.place == place {
			g.leftover = true
			x.report(CodeProfileUsage, strings.TrimSuffix(x.groupPath(int32(i)), "."), x.m.SegmentAt(int(g.first)).Offset(), place.rules.clause, err)
		}
	}
}

// fields checks the fields of a segment; a profile that names none leaves them
// open.
func (x *profileCheck) fields(s hl7v2.Segment, at placedSegment) {
	fields := at.place.fields
	if len(fields) == 0 {
		return
	}
	sent := 0
	for n, v := range s.Fields() {
		sent = n
		if n > len(fields) {
			if v.State() != hl7v2.Absent {
				x.value(CodeProfileUsage, v, &at.place.rules, errBeyond)
			}
			continue
		}
		x.field(&fields[n-1], v, n, s, at.group)
	}
	for n := sent + 1; n <= len(fields); n++ {
		x.field(&fields[n-1], hl7v2.Value{}, n, s, at.group)
	}
}

// field checks a field with its repetitions.
func (x *profileCheck) field(e *profileElement, v hl7v2.Value, n int, s hl7v2.Segment, group int32) {
	absent := v.State() == hl7v2.Absent
	if absent && e.rules.usage.then != 'R' && e.rules.usage.otherwise != 'R' && e.rules.prose == 0 {
		return
	}
	where := func() (string, int) {
		at := v.Offset()
		if at < 0 {
			at = s.Offset() + len(s.Raw())
		}
		return s.Path() + "-" + strconv.Itoa(n), at
	}
	usage, byCondition := x.usage(&e.rules, s, group, where)
	if absent {
		if usage == 'R' {
			path, at := where()
			x.report(CodeProfileUsage, path, at, e.rules.clause, missing(byCondition))
		}
		return
	}
	if usage == 'X' {
		path, at := where()
		x.report(CodeProfileUsage, path, at, e.rules.clause, forbidden(byCondition))
		return
	}
	count := 0
	for r, rep := range v.Reps() {
		count = r
		if e.max > 0 && r == e.max+1 {
			x.value(CodeProfileCardinality, rep, &e.rules, fmt.Errorf("it may be there %s", times(e.max)))
		}
		if rep.State() != hl7v2.Absent {
			x.fieldNumber, x.rep = n, rep
			x.content(e, rep, s, group, 0)
		}
	}
	x.rep = hl7v2.Value{}
	if count < e.min {
		x.value(CodeProfileCardinality, v, &e.rules, fmt.Errorf("there are %d, at least %d are wanted", count, e.min))
	}
}

// content checks a repetition, component or subcomponent that is not absent.
// depth is 0, 1 or 2.
func (x *profileCheck) content(e *profileElement, v hl7v2.Value, s hl7v2.Segment, group int32, depth int) {
	if e.constant != "" && !isConstant(v, e.constant) {
		x.value(CodeProfileConstant, v, &e.rules, errConstant)
	}
	if v.State() == hl7v2.Null {
		return
	}
	x.length(e, v)
	if len(e.parts) == 0 {
		leaf := v.Leaf()
		if e.primitive && depth < 2 && len(leaf.Raw()) != len(v.Raw()) {
			x.value(CodeProfileType, v, &e.rules, errParts)
		}
		if e.form != anyForm && !(x.by && e.asBase) && leaf.State() == hl7v2.Present && !hasForm(e.form, leaf.Raw()) {
			x.value(CodeProfileType, leaf, &e.rules, errFormat)
		}
	}
	if e.table != "" && !(x.by && e.asBase) {
		x.table(e, v.Leaf())
	}
	if len(e.parts) == 0 {
		return
	}
	sent := 0
	part := func(n int, v hl7v2.Value) {
		sent = n
		if n > len(e.parts) {
			if v.State() != hl7v2.Absent {
				x.value(CodeProfileUsage, v, &e.rules, errBeyond)
			}
			return
		}
		x.part(&e.parts[n-1], v, n, s, group, depth)
	}
	if depth == 0 {
		for n, c := range v.Components() {
			part(n, c)
		}
	} else {
		for n, c := range v.Subs() {
			part(n, c)
		}
	}
	for n := sent + 1; n <= len(e.parts); n++ {
		if p := &e.parts[n-1]; p.rules.usage.then == 'R' || p.rules.usage.otherwise == 'R' {
			x.absentPart(p, v, n, s, group)
		}
	}
}

// part checks a component or subcomponent.
func (x *profileCheck) part(e *profileElement, v hl7v2.Value, n int, s hl7v2.Segment, group int32, depth int) {
	if v.State() == hl7v2.Absent {
		if e.rules.usage.then == 'R' || e.rules.usage.otherwise == 'R' {
			x.absentPart(e, v, n, s, group)
		}
		return
	}
	usage, byCondition := x.usage(&e.rules, s, group, func() (string, int) { return v.Path(), v.Offset() })
	if usage == 'X' {
		x.value(CodeProfileUsage, v, &e.rules, forbidden(byCondition))
		return
	}
	x.content(e, v, s, group, depth+1)
}

// absentPart reports a component that must be there: in v if it has no place
// of its own.
func (x *profileCheck) absentPart(e *profileElement, v hl7v2.Value, n int, s hl7v2.Segment, group int32) {
	usage, byCondition := x.usage(&e.rules, s, group, func() (string, int) { return v.Path(), v.Offset() })
	if usage == 'R' {
		x.value(CodeProfileUsage, v, &e.rules, fmt.Errorf("component %d, %s: %w", n, e.name, missing(byCondition)))
	}
}

// isConstant reports whether a value is the one that the profile wants.
func isConstant(v hl7v2.Value, constant string) bool {
	return string(v.Raw()) == constant || v.Whole() == constant
}

// length compares the length in characters, with escape sequences read.
func (x *profileCheck) length(e *profileElement, v hl7v2.Value) {
	have := len(v.Raw())
	if (e.maxLength == 0 || have <= e.maxLength) && e.minLength == 0 {
		return
	}
	if !x.isPlain(v.Raw()) {
		have = utf8.RuneCountInString(v.Whole())
	}
	switch {
	case e.maxLength > 0 && have > e.maxLength:
		x.value(CodeProfileLength, v, &e.rules, fmt.Errorf("%d characters, the profile allows %d", have, e.maxLength))
	case have < e.minLength:
		x.value(CodeProfileLength, v, &e.rules, fmt.Errorf("%d characters, the profile wants %d", have, e.minLength))
	}
}

// isPlain reports whether bytes are their own text: ASCII without an escape
// sequence, of HL7 or of a character set.
func (x *profileCheck) isPlain(raw []byte) bool {
	for _, c := range raw {
		if c >= 0x80 || c == x.escape || c == 0x1b {
			return false
		}
	}
	return true
}

// table checks a code by the profile's table, or else by what the validator
// and the version know.
func (x *profileCheck) table(e *profileElement, v hl7v2.Value) {
	if v.State() != hl7v2.Present {
		return
	}
	severity := hl7v2.Error
	if t := e.codes; t != nil {
		x.text = v.AppendText(x.text[:0])
		if _, ok := t.index[string(x.text)]; ok {
			return
		}
		if t.extensible {
			severity = hl7v2.Warning
		}
	} else {
		code := v.Text()
		if x.code != nil {
			if valid, known := x.code(e.number, code); known && valid {
				return
			}
		}
		t, ok := x.p.base.Table(e.number)
		if !ok || t.Len() == 0 || t.Open() || e.number == codingSystems && isCodingSystem(code) {
			return
		}
		if _, ok := t.Display(code); ok {
			return
		}
		if e.datatype != "ID" || e.number == mediaTypes || e.number == mediaSubtypes || x.p.base.later(e.number, code) != "" {
			severity = hl7v2.Warning // a table for users to extend, or for later versions
		}
	}
	x.results.report(severity, CodeProfileTable, v.Path(), v.Offset(), e.rules.clause, fmt.Errorf("not a code of table %s", e.table))
}
