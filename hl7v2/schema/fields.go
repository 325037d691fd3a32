package schema

import (
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
)

// checker checks the fields of one message. It walks over the delimiters of
// the index and makes a Value of an element only to report it.
type checker struct {
	v       *Validator
	version Version
	plan    *plan
	m       *hl7v2.Message
	data    []byte // of m
	escape  byte   // begins escape sequences
	encoded bool   // bytes of ASCII may be parts of other characters

	segment hl7v2.Segment
	row     *segmentRow // of the segment
	place
	second run // field 2 of the segment
	named  valueType
	findings
	text [64]byte      // for texts that are not as the bytes
	keys hl7v2.Locator // in fields that name types
}

// valueType is the last answer to what OBX-2 names.
type valueType struct {
	name string
	typ  uint16
}

// place is where an element stands in its segment, as far as its level goes:
// numbers from 1, and 0 below the level.
type place struct {
	field, rep, comp, sub int
}

// path is the path of the place in its segment.
func (p *place) path() hl7v2.Path {
	return hl7v2.Path{Field: p.field, Rep: p.rep, Comp: p.comp, Sub: p.sub}
}

// run is a part of a segment: where it stands in the data.
type run struct{ start, end int }

// read makes m the message to check.
func (c *checker) read(m *hl7v2.Message) {
	c.m, c.data, c.escape = m, m.Bytes(), m.Delimiters().Escape
	switch m.Charset() {
	case hl7v2.GB18030, hl7v2.Big5, hl7v2.JISX0208, hl7v2.JISX0212:
		c.encoded = true
	}
}

// structure checks the structure that MSH-9.3 names by that of the type and
// event, in versions whose MSH-9 names one.
func (c *checker) structure() {
	typ := c.m.SegmentAt(0).Field(9)
	if want, other := c.version.otherStructure(typ); other {
		c.foundAt(typ.Component(3), c.tolerated(), CodeStructure, "2.14.9.9", "the type and event have the structure %s in version %s", want, c.version)
	}
}

// state is that of hl7v2.Value for a part with so many delimiters in it.
func (c *checker) state(r run, marks int) hl7v2.State {
	switch size := r.end - r.start; {
	case size == 0:
		return hl7v2.Absent
	case size == 2 && c.data[r.start] == '"' && c.data[r.start+1] == '"':
		return hl7v2.Null
	case size == marks:
		return hl7v2.Absent
	}
	return hl7v2.Present
}

// leaf returns the first innermost part of a part.
func leaf(r run, marks []hl7v2.Mark) run {
	if len(marks) > 0 {
		r.end = marks[0].Offset()
	}
	return r
}

// next returns where the first mark of a kind is, or that there is none.
func next(marks []hl7v2.Mark, kind hl7v2.MarkKind) int {
	for i, m := range marks {
		if m.Kind() == kind {
			return i
		}
	}
	return len(marks)
}

// value makes the value at the place.
func (c *checker) value() hl7v2.Value { return c.paths.In(c.segment, c.path()) }

// found reports the element at the place.
func (c *checker) found(severity hl7v2.Severity, code hl7v2.Code, clause, format string, args ...any) {
	if !c.done(severity, code) {
		c.foundAt(c.value(), severity, code, clause, format, args...)
	}
}

// foundIn reports the first innermost value of the element at the place.
func (c *checker) foundIn(severity hl7v2.Severity, code hl7v2.Code, clause, format string, args ...any) {
	if !c.done(severity, code) {
		c.foundAt(c.value().Leaf(), severity, code, clause, format, args...)
	}
}

func (c *checker) foundAt(v hl7v2.Value, severity hl7v2.Severity, code hl7v2.Code, clause, format string, args ...any) {
	if path := c.paths.Path(v); c.takes(severity, code, path) {
		c.list(severity, code, path, v.Offset(), clause, fmt.Errorf(format, args...))
	}
}

// tolerated is the severity of what only a strict reader refuses.
func (c *checker) tolerated() hl7v2.Severity {
	if c.v.Strict {
		return hl7v2.Error
	}
	return hl7v2.Warning
}

// fields checks the fields of a segment.
func (c *checker) fields(s hl7v2.Segment) {
	c.segment = s
	marks := s.Marks()
	id := c.data[s.Offset():marks[0].Offset()]
	var row *segmentRow
	if len(id) == 3 {
		row = c.plan.segment(segmentKey(id))
	}
	if c.row = row; row == nil {
		c.unknown(s)
		return
	}
	rows := c.plan.elements[row.first:][:row.fields]
	n := 0
	if s.Index() == 0 {
		n = 1 // the separator is the first field
	}
	c.second = run{}
	var have fieldSet
	at := marks[0].Offset() + 1
	for i := 1; i < len(marks); i++ {
		first := i
		for !marks[i].EndsField() {
			i++
		}
		n++
		f := run{at, marks[i].Offset()}
		at = f.end + 1
		if f.start == f.end {
			continue
		}
		if n == 2 {
			c.second = f
		}
		state := c.state(f, i-first)
		if state == hl7v2.Absent {
			continue
		}
		have |= 1 << min(n, 63)
		if state == hl7v2.Null || row.header && n <= 2 {
			continue
		}
		c.place = place{field: n}
		if n > len(rows) {
			c.found(c.tolerated(), CodeExtra, "2.8.2", "%s has %d fields in version %s", id, len(rows), c.version)
			continue
		}
		switch e := &rows[n-1]; e.usage {
		case undefined:
		case Withdrawn:
			c.found(hl7v2.Warning, CodeWithdrawn, "2.8.4", "%s is withdrawn in version %s", c.fieldDef(n).Name(), c.version)
		default:
			c.repetitions(f, marks[first:i], e)
		}
	}
	for missing := row.required &^ have; missing != 0; missing &= missing - 1 {
		c.required(s, bits.TrailingZeros64(uint64(missing)))
	}
}

// undefined is the usage of a number that the version does not define.
const undefined Usage = 'X'

// fieldDef returns the definition of field n of the segment, to report it.
func (c *checker) fieldDef(n int) Element { return Element{c.plan.f, int(c.row.first) + n - 1} }

// unknown reports a segment that the version does not have.
func (c *checker) unknown(s hl7v2.Segment) {
	if c.data[s.Offset()] == 'Z' {
		return
	}
	if c.done(hl7v2.Warning, CodeUnknownSegment) {
		return
	}
	if path := c.paths.SegmentPath(s); path != "" {
		c.report(hl7v2.Warning, CodeUnknownSegment, path, s.Offset(), "2.5.2", fmt.Errorf("version %s has no segment %s", c.version, s.ID()))
	}
}

// required reports a field that must have a value and has none.
func (c *checker) required(s hl7v2.Segment, n int) {
	if c.done(hl7v2.Error, hl7v2.CodeRequired) {
		return
	}
	at := s.Field(n).Offset()
	if at < 0 {
		at = s.Offset() + len(s.Raw())
	}
	c.report(hl7v2.Error, hl7v2.CodeRequired, fmt.Sprintf("%s-%d", c.paths.SegmentPath(s), n), at, "2.5.3.3", fmt.Errorf("%s is required", c.fieldDef(n).Name()))
}

// repetitions checks the repetitions of a field, which has a value.
func (c *checker) repetitions(f run, marks []hl7v2.Mark, e *elementRow) {
	typ, by := e.typ, 0
	if typ == variesType {
		typ, by = c.varies()
	}
	t := &c.plan.types[typ]
	for r := 1; ; r++ {
		k := next(marks, hl7v2.RepetitionMark)
		rep := f
		if k < len(marks) {
			rep.end = marks[k].Offset()
		}
		c.place = place{field: c.field, rep: r}
		if by > 0 {
			typ = c.keyType(by, typ, c.state(rep, k) == hl7v2.Present)
			t = &c.plan.types[typ]
		}
		// Of f this repetition and those behind it are left. Those without a
		// value at the end of a field are the same as none (2.6.1), and one
		// too many only if there is another kind among them.
		if e.max > 0 && r == int(e.max)+1 && c.state(f, len(marks)) != hl7v2.Absent {
			c.found(c.tolerated(), CodeRepetition, "2.5.3.5", "%s may occur %d times", c.fieldDef(c.field).Name(), e.max)
		}
		if most := int(e.length); most > 0 && rep.end-rep.start > most && c.state(rep, k) == hl7v2.Present {
			if have := utf8.RuneCount(c.textOf(rep)); have > most {
				c.found(c.tolerated(), CodeLength, "2.5.3.2", "%d characters, %d are allowed", have, most)
			}
		}
		switch {
		case typ == noType || c.state(rep, k) != hl7v2.Present:
		case t.components == 0:
			c.primitive(leaf(rep, marks[:k]), t.form, t.isID, e)
		default:
			c.parts(rep, marks[:k], t, e, hl7v2.ComponentMark)
		}
		if k == len(marks) {
			return
		}
		f.start, marks = rep.end+1, marks[k+1:]
	}
}

// varies returns the data type of a field that another one names, or which
// field does if each repetition may be of another.
func (c *checker) varies() (typ uint16, by int) {
	if by = typeField(c.segment, c.field); by == valueTypeField {
		return c.valueType(), 0
	}
	return noType, by
}

// typeField returns the field that names the data type of another one: of
// OBX-5, and of the primary keys of master files. It is 0 where none does.
func typeField(s hl7v2.Segment, field int) int {
	switch {
	case field == 5 && s.Is("OBX"):
		return valueTypeField
	case field == 4 && s.Is("MFE"):
		return 5
	case field == 5 && s.Is("MFA"):
		return 6
	}
	return 0
}

// valueTypeField is the field of OBX that names the type of OBX-5.
const valueTypeField = 2

// valueType returns the data type that OBX-2 names. It is noType where that is
// not known.
func (c *checker) valueType() uint16 {
	if c.named.typ != noType && string(c.data[c.second.start:c.second.end]) == c.named.name && !c.encoded {
		return c.named.typ
	}
	name := c.segment.Field(valueTypeField)
	if name.State() != hl7v2.Present {
		c.untyped(valueTypeField)
		return noType
	}
	return c.typeBy(name, valueTypeField)
}

// keyType returns the data type of the primary key at the place: that of the
// same repetition of the field that names types or, where that has none, that of
// the key before. A key that has no value needs none.
func (c *checker) keyType(by int, before uint16, needed bool) uint16 {
	name := c.keys.In(c.segment, hl7v2.Path{Field: by, Rep: c.rep})
	switch name.State() {
	case hl7v2.Present:
		return c.typeBy(name, by)
	case hl7v2.Absent:
		if c.rep > 1 {
			return before
		}
	}
	if needed {
		c.untyped(by)
	}
	return noType
}

// typeClauses are where the standard says that a field names the type of
// another, by its number.
var typeClauses = [...]string{valueTypeField: "7.4.2.2", 5: "8.5.2.5", 6: "8.5.3.6"}

// untyped reports a value of which no type is named.
func (c *checker) untyped(by int) {
	c.found(hl7v2.Error, CodeValueType, typeClauses[by], "a value in %[1]s-%[2]d needs its data type in %[1]s-%[3]d", c.segment.ID(), c.field, by)
}

// typeBy returns the data type that a field names.
func (c *checker) typeBy(name hl7v2.Value, by int) uint16 {
	typ := c.plan.typeNamed(name.AppendText(c.text[:0]))
	switch {
	case typ == noType:
		if !c.done(hl7v2.Error, CodeValueType) {
			c.report(hl7v2.Error, CodeValueType, c.keys.Path(name), name.Offset(), typeClauses[by], fmt.Errorf("%s-%d names no data type of version %s", c.segment.ID(), by, c.version))
		}
	case by == valueTypeField:
		c.named = valueType{c.plan.types[typ].name, typ}
	}
	return typ
}

// parts checks a value of a composite type: a repetition by its components, or
// a component by its subcomponents, as the kind of their delimiter says.
func (c *checker) parts(r run, marks []hl7v2.Mark, t *typeRow, e *elementRow, kind hl7v2.MarkKind) {
	at := &c.comp
	if kind == hl7v2.SubcomponentMark {
		at = &c.sub
	}
	// The code of a coded element is its first part. The table of another
	// composite is that of one of its parts, which names it too: in the table
	// of PID-5 from 2.6 on are the types of names.
	if e.number != 0 && t.isCoded {
		if *at = 3; !c.ofOtherSystem(r, marks, kind, e) {
			*at = 1
			c.code(leaf(r, marks), t.isID, e)
		}
	}
	var have fieldSet
	for n := 1; ; n++ {
		k := next(marks, kind)
		part := r
		if k < len(marks) {
			part.end = marks[k].Offset()
		}
		if part.start < part.end {
			*at = n
			if state := c.state(part, k); state != hl7v2.Absent {
				have |= 1 << min(n, 63)
				if state == hl7v2.Present {
					c.part(part, marks[:k], t, n, kind)
				}
			}
		}
		if k == len(marks) {
			break
		}
		r.start, marks = part.end+1, marks[k+1:]
	}
	*at = 0
	if missing := t.required &^ have; missing != 0 {
		c.missing(missing, t)
	}
}

// part checks component n of type t, which has a value. Composites within each
// other end with subcomponents, and TS is none there.
func (c *checker) part(r run, marks []hl7v2.Mark, t *typeRow, n int, kind hl7v2.MarkKind) {
	if n > int(t.components) || c.plan.elements[int(t.first)+n-1].usage == undefined {
		c.extra(t)
		return
	}
	e := &c.plan.elements[int(t.first)+n-1]
	switch inner := &c.plan.types[e.typ]; {
	case kind == hl7v2.SubcomponentMark:
		c.primitive(r, inner.form, inner.isID, e)
	case t.isTS && n == 1:
		c.primitive(leaf(r, marks), momentForm, false, &elementRow{})
	case e.typ == noType:
	case inner.components == 0 || inner.isTS:
		c.primitive(leaf(r, marks), inner.form, inner.isID, e)
	default:
		c.parts(r, marks, inner, e, hl7v2.SubcomponentMark)
	}
}

// extra reports a component that the type does not have.
func (c *checker) extra(t *typeRow) {
	c.found(c.tolerated(), CodeExtra, "2.8.2", "%s has %d components in version %s", t.name, t.components, c.version)
}

// missing reports the components of a type that are required and not there.
func (c *checker) missing(missing fieldSet, t *typeRow) {
	for ; missing != 0; missing &= missing - 1 {
		n := bits.TrailingZeros64(uint64(missing))
		e := Element{c.plan.f, int(t.first) + n - 1}
		c.found(c.tolerated(), hl7v2.CodeRequired, "2.5.3.3", "component %d, %s, is required", n, e.Name())
	}
}

// primitive checks an innermost value: its form, and its code by the table of
// the element.
func (c *checker) primitive(r run, f form, isID bool, e *elementRow) {
	if f == anyForm && e.number == 0 || c.state(r, 0) != hl7v2.Present {
		return
	}
	if f != anyForm {
		c.form(c.data[r.start:r.end], f)
	}
	if e.number != 0 {
		c.code(r, isID, e)
	}
}

// form checks the text of a primitive type.
func (c *checker) form(raw []byte, f form) {
	clause, text := "", ""
	switch f {
	case numberForm:
		if isNumber(raw) {
			return
		}
		clause, text = "2.A NM", "not a number: an optional sign, digits and a decimal point are allowed"
	case sequenceForm:
		if isDigits(raw) {
			return
		}
		clause, text = "2.A SI", "not a sequence id: digits only"
	case dateForm:
		if d, err := hl7v2.ParseDateTime(raw); err == nil && d.Precision() <= hl7v2.Day {
			return
		}
		clause, text = "2.A DT", "not a date: YYYY[MM[DD]]"
	case momentForm:
		if _, err := hl7v2.ParseDateTime(raw); err == nil {
			return
		}
		clause, text = "2.A DTM", "not a date and time: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]"
	case timeForm:
		if isTime(raw) {
			return
		}
		clause, text = "2.A TM", "not a time: HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]"
	}
	c.foundIn(hl7v2.Error, hl7v2.CodeDataType, clause, "%s", text)
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
