package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
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
	errParts       = errors.New("the data type has no components")
	errFormat      = errors.New("not of the data type that the profile names")
)

// Validate returns where a message departs from the profile: in its type, event,
// version and structure as MSH has them, in the order of its segments, then in
// each segment what must and must not be there, how often, how long, and with
// which values. HL7 null counts as something sent, and has no length,
// type or code; it is not the constant value. Repetitions without a value at the
// end of a field count as not sent (2.6.1 of the standard, rules for the sender):
// they are neither too many nor enough. It does not check by the facts of the
// version; a Validator with the profile does both. There are at most 500 findings
// and a CodeTooMany, as of a Validator; none holds a value of the message. A
// message without findings costs no allocation.
//
// Conditions in prose are not checked; for each element with one there is a
// CodeProfileUnchecked, once a message, of severity Information.
func (p *Profile) Validate(m *hl7v2.Message) []hl7v2.Issue {
	return p.validate(m, nil, false, nil)
}

// validate is Validate with the question for codes that a Validator has. by
// says that the version's own facts are checked besides; what is suppressed is
// left out.
func (p *Profile) validate(m *hl7v2.Message, code func(int, string) (bool, bool), by bool, suppress *suppressor) []hl7v2.Issue {
	x, _ := idleProfiles.Get().(*profileCheck)
	if x == nil {
		x = new(profileCheck)
	}
	x.begin(p, m, code, by, suppress)
	x.run()
	issues := x.results.issues
	x.empty()
	idleProfiles.Put(x)
	return issues
}

var idleProfiles sync.Pool // of *profileCheck

// run finds what is to be reported.
func (x *profileCheck) run() {
	if !x.define() {
		return
	}
	x.remember()
	x.match()
	x.cursor.read(x.m)
	for i := range x.groups {
		x.group(int32(i))
	}
	for k, at := range x.placed {
		if at.place != nil && !x.groups[at.group].leftover {
			x.fields(x.m.SegmentAt(k), at)
		}
	}
}

func (x *profileCheck) report(code hl7v2.Code, path string, at int, clause string, err error) {
	x.results.report(hl7v2.Error, code, path, at, clause, err)
}

// segment reports a finding about a segment of the message.
func (x *profileCheck) segment(code hl7v2.Code, k int32, clause string, err error) {
	if x.results.done(hl7v2.Error, code) {
		return
	}
	s := x.m.SegmentAt(int(k))
	x.report(code, x.results.paths.SegmentPath(s), s.Offset(), clause, err)
}

// tooMany reports the first repetition of a segment, or of a group if that is
// not -1, that is one too many. What is not supported is a
// question of usage.
func (x *profileCheck) tooMany(place *profilePlace, count, k, group int32) {
	unsupported := place.rules.usage.then == 'X' && place.rules.usage.otherwise == 'X'
	if place.max < 0 || unsupported || int(count) != place.max+1 || x.results.done(hl7v2.Error, CodeProfileCardinality) {
		return
	}
	s := x.m.SegmentAt(int(k))
	path := x.results.paths.SegmentPath(s)
	if group >= 0 {
		path = strings.TrimSuffix(x.groupPath(group), ".")
	}
	x.report(CodeProfileCardinality, path, s.Offset(), place.rules.clause, fmt.Errorf("%s may be there %s", place.id, times(place.max)))
}

func times(n int) string {
	switch n {
	case 0:
		return "no times"
	case 1:
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
// condition. A condition in prose makes it optional, which is reported where
// the function says, or at the place of the cursor.
func (x *profileCheck) usage(r *profileRules, s hl7v2.Segment, group int32, where func() (string, int)) (usage byte, byCondition bool) {
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
		if where == nil {
			where = x.where
		}
		path, at := where()
		x.results.report(hl7v2.Information, CodeProfileUnchecked, path, at, r.clause, errUnchecked)
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
	c := &x.cursor
	c.segment, x.inGroup = s, at.group
	marks := s.Marks()
	n := 0
	if s.Index() == 0 { // the separator is the first field
		start := s.Offset() + len("MSH")
		c.place = place{field: 1}
		x.field(&fields[0], run{start, start + 1}, nil)
		n = 1
	}
	next := marks[0].Offset() + 1
	for i := 1; i < len(marks); i++ {
		first := i
		for !marks[i].EndsField() {
			i++
		}
		n++
		f := run{next, marks[i].Offset()}
		next = f.end + 1
		c.place = place{field: n}
		if n <= len(fields) {
			x.field(&fields[n-1], f, marks[first:i])
		} else if c.state(f, i-first) != hl7v2.Absent {
			x.element(CodeProfileUsage, &at.place.rules, errBeyond)
		}
	}
	for n++; n <= len(fields); n++ {
		c.place = place{field: n}
		x.field(&fields[n-1], run{next - 1, next - 1}, nil)
	}
	c.place = place{}
}

// element reports a finding about the element at the place of the cursor, or
// about what is around it if it is not there.
func (x *profileCheck) element(code hl7v2.Code, r *profileRules, err error) {
	if !x.results.done(hl7v2.Error, code) {
		path, at := x.where()
		x.report(code, path, at, r.clause, err)
	}
}

// inside reports a finding about the first innermost value of the element at the
// place of the cursor.
func (x *profileCheck) inside(severity hl7v2.Severity, code hl7v2.Code, r *profileRules, err error) {
	if !x.results.done(severity, code) {
		v := x.results.paths.In(x.cursor.segment, x.cursor.path()).Leaf()
		x.results.report(severity, code, x.results.paths.Path(v), v.Offset(), r.clause, err)
	}
}

// where is the path and offset of the element at the place of the cursor.
func (x *profileCheck) where() (path string, at int) {
	s, paths := x.cursor.segment, &x.results.paths
	for p := x.cursor.path(); ; {
		if v := paths.In(s, p); v.Exists() {
			return paths.Path(v), v.Offset()
		}
		switch { // it is not there
		case p.Sub > 0:
			p.Sub = 0
		case p.Comp > 0:
			p.Comp = 0
		case p.Rep > 0:
			p.Rep = 0
		default:
			return paths.SegmentPath(s) + "-" + strconv.Itoa(p.Field), s.Offset() + len(s.Raw())
		}
	}
}

// field checks a field with its repetitions.
func (x *profileCheck) field(e *profileElement, f run, marks []hl7v2.Mark) {
	c := &x.cursor
	if c.state(f, len(marks)) == hl7v2.Absent {
		x.absent(e, 0)
		return
	}
	usage, byCondition := x.usage(&e.rules, c.segment, x.inGroup, nil)
	if usage == 'X' {
		x.element(CodeProfileUsage, &e.rules, forbidden(byCondition))
		return
	}
	count, sent := 0, 0
	for {
		k := next(marks, hl7v2.RepetitionMark)
		rep := f
		if k < len(marks) {
			rep.end = marks[k].Offset()
		}
		count++
		c.place = place{field: c.field, rep: count}
		if e.max >= 0 && count == e.max+1 && c.state(f, len(marks)) != hl7v2.Absent { // as by the standard
			x.element(CodeProfileCardinality, &e.rules, fmt.Errorf("it may be there %s", times(e.max)))
		}
		if state := c.state(rep, k); state != hl7v2.Absent {
			sent++
			x.rep, x.repMarks = rep, marks[:k]
			x.content(e, rep, marks[:k], state, 0)
		}
		if k == len(marks) {
			break
		}
		f.start, marks = rep.end+1, marks[k+1:]
	}
	c.place = place{field: c.field}
	if sent < e.min { // empty repetitions do not make up for those that are wanted
		x.element(CodeProfileCardinality, &e.rules, fmt.Errorf("there are %d, at least %d are wanted", sent, e.min))
	}
}

// absent reports an element that is not there and must be: a field, or part n
// of what is around it.
func (x *profileCheck) absent(e *profileElement, n int) {
	u := &e.rules.usage
	if u.then != 'R' && u.otherwise != 'R' && e.rules.prose == 0 {
		return
	}
	usage, byCondition := x.usage(&e.rules, x.cursor.segment, x.inGroup, nil)
	switch {
	case usage != 'R':
	case n == 0:
		x.element(CodeProfileUsage, &e.rules, missing(byCondition))
	default:
		x.element(CodeProfileUsage, &e.rules, fmt.Errorf("component %d, %s: %w", n, e.name, missing(byCondition)))
	}
}

// content checks a repetition, component or subcomponent that is not absent.
// depth is 0, 1 or 2.
func (x *profileCheck) content(e *profileElement, r run, marks []hl7v2.Mark, state hl7v2.State, depth int) {
	c := &x.cursor
	if e.constant != "" && string(c.data[r.start:r.end]) != e.constant && string(c.textOf(r)) != e.constant {
		x.element(CodeProfileConstant, &e.rules, errConstant)
	}
	if state == hl7v2.Null {
		return
	}
	if size := r.end - r.start; e.maxLength > 0 && size > e.maxLength || e.minLength > 0 {
		x.length(e, r)
	}
	first := leaf(r, marks)
	if len(e.parts) == 0 {
		if e.primitive && depth < 2 && len(marks) > 0 {
			x.element(CodeProfileType, &e.rules, errParts)
		}
		if e.form != anyForm && !(x.by && e.asBase) && c.state(first, 0) == hl7v2.Present && !hasForm(e.form, c.data[first.start:first.end]) {
			x.inside(hl7v2.Error, CodeProfileType, &e.rules, errFormat)
		}
	}
	if e.isCode && !(x.by && e.asBase) {
		x.table(e, first)
	}
	if len(e.parts) == 0 {
		return
	}
	kind, number := hl7v2.ComponentMark, &c.comp
	if depth > 0 {
		kind, number = hl7v2.SubcomponentMark, &c.sub
	}
	n := 0
	for {
		k := next(marks, kind)
		part := r
		if k < len(marks) {
			part.end = marks[k].Offset()
		}
		n++
		*number = n
		x.part(e, n, part, marks[:k], depth)
		if k == len(marks) {
			break
		}
		r.start, marks = part.end+1, marks[k+1:]
	}
	for n++; n <= len(e.parts); n++ {
		*number = n
		x.absent(&e.parts[n-1], n)
	}
	*number = 0
}

// part checks component or subcomponent n of an element.
func (x *profileCheck) part(of *profileElement, n int, r run, marks []hl7v2.Mark, depth int) {
	state := x.cursor.state(r, len(marks))
	if n > len(of.parts) {
		if state != hl7v2.Absent {
			x.element(CodeProfileUsage, &of.rules, errBeyond)
		}
		return
	}
	e := &of.parts[n-1]
	if state == hl7v2.Absent {
		x.absent(e, n)
		return
	}
	usage, byCondition := x.usage(&e.rules, x.cursor.segment, x.inGroup, nil)
	if usage == 'X' {
		x.element(CodeProfileUsage, &e.rules, forbidden(byCondition))
		return
	}
	x.content(e, r, marks, state, depth+1)
}

// length compares the length in characters, with escape sequences read.
func (x *profileCheck) length(e *profileElement, r run) {
	have := utf8.RuneCount(x.cursor.textOf(r))
	switch {
	case e.maxLength > 0 && have > e.maxLength:
		x.element(CodeProfileLength, &e.rules, fmt.Errorf("%d characters, the profile allows %d", have, e.maxLength))
	case have < e.minLength:
		x.element(CodeProfileLength, &e.rules, fmt.Errorf("%d characters, the profile wants %d", have, e.minLength))
	}
}

// table checks a code by the profile's table, or else by what the validator
// and the version know.
func (x *profileCheck) table(e *profileElement, r run) {
	c := &x.cursor
	if c.state(r, 0) != hl7v2.Present {
		return
	}
	text := c.textOf(r)
	severity := hl7v2.Error
	if t := e.codes; t != nil {
		if _, ok := t.index[string(text)]; ok {
			return
		}
		if t.extensible {
			severity = hl7v2.Warning
		}
	} else {
		if x.code != nil {
			if valid, known := x.code(e.number, string(text)); known && valid {
				return
			}
		}
		if e.base.Len() == 0 || e.base.Open() {
			return
		}
		if _, ok := e.base.Display(string(text)); ok || e.number == codingSystems && isCodingSystem(string(text)) || e.number == versionIDs && string(text) == x.p.base.name {
			return
		}
		if e.datatype != "ID" || e.number == mediaTypes || e.number == mediaSubtypes || x.p.base.later(e.number, string(text)) != "" {
			severity = hl7v2.Warning // a table for users to extend, or for later versions
		}
	}
	x.inside(severity, CodeProfileTable, &e.rules, fmt.Errorf("not a code of table %s", e.table))
}
