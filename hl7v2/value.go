package hl7v2

import (
	"bytes"
	"fmt"
	"iter"
	"strconv"
)

// State tells the three things apart that an element can say.
type State uint8

// The states of a Value (chapter 2.5.3.2 of version 2.5.1).
const (
	Absent  State = iota // nothing sent: what the receiver holds stays as it is
	Null                 // "" sent: what the receiver holds is to be deleted
	Present              // a value
)

// String returns "absent", "null" or "value", the words of the command line.
func (s State) String() string {
	switch s {
	case Null:
		return "null"
	case Present:
		return "value"
	}
	return "absent"
}

// The levels of a Value. MSH-1 and MSH-2 are leaves from the start.
const (
	levelField uint8 = iota
	levelRepetition
	levelComponent
	levelSubcomponent
	levelLeaf = levelSubcomponent
)

// levelKinds is the mark that splits a level into its children.
var levelKinds = [...]Mark{levelField: kindRepetition, levelRepetition: kindComponent, levelComponent: kindSubcomponent, levelSubcomponent: kindNone}

// Value is a view of a field, a repetition, a component or a subcomponent.
// The zero Value is absent, as are the children it is asked for.
//
// Rep, Component and Sub may be called at any level above their own and pass
// through the first child on the way: Component of a field is a component of
// its first repetition. On a level that is not split, the first child is the
// value itself: what was sent as a plain value where the standard has a
// composite reads as its first component, and the other way round.
type Value struct {
	m          *Message
	lo, hi     uint32 // the marks inside
	start, end uint32
	level      uint8
}

// Raw returns the bytes as they stand in the message: delimiters and escape
// sequences untouched, in the message's character set. They are the
// message's own and must not be changed.
func (v Value) Raw() []byte {
	if v.m == nil {
		return nil
	}
	return v.m.data[v.start:v.end:v.end]
}

// State says whether there is a value, the explicit null "", or nothing. An
// element of delimiters alone, such as ^^, is absent.
func (v Value) State() State {
	if v.m == nil || v.start == v.end {
		return Absent
	}
	if v.end-v.start == 2 && v.m.data[v.start] == '"' && v.m.data[v.start+1] == '"' {
		return Null
	}
	if v.end-v.start == v.hi-v.lo { // nothing but delimiters
		return Absent
	}
	return Present
}

// Exists reports whether the element stands in the message at all, be it
// empty: PID-5.3 exists in PID|||||A^B^ and does not in PID|||||A^B.
func (v Value) Exists() bool { return v.m != nil }

// Offset is where the element begins in the bytes of its message, -1 if it is
// not there.
func (v Value) Offset() int {
	if v.m == nil {
		return -1
	}
	return int(v.start)
}

// child returns child n of the value's own level.
func (v Value) child(n int) Value {
	if v.m == nil || n < 1 {
		return Value{}
	}
	kind := levelKinds[v.level]
	c := v
	c.level++
	for k := v.lo; k < v.hi; k++ {
		if mark := v.m.index.marks[k]; mark&kindMask == kind {
			if n == 1 {
				c.hi, c.end = k, mark.at()
				return c
			}
			n--
			c.lo, c.start = k+1, mark.at()+1
		}
	}
	if n > 1 {
		return Value{}
	}
	return c
}

// down returns child n at a level, through first children on the way there.
func (v Value) down(level uint8, n int) Value {
	if v.level >= level && v.m != nil { // a plain value is its own first child
		if n == 1 {
			return v
		}
		return Value{}
	}
	for v.level < level-1 {
		v = v.child(1)
		if v.m == nil {
			return v
		}
	}
	return v.child(n)
}

// Rep returns repetition n of a field, counted from 1. Finding one takes time
// in proportion to what stands before it: use Reps to visit many.
func (v Value) Rep(n int) Value { return v.down(levelRepetition, n) }

// Component returns component n, counted from 1.
func (v Value) Component(n int) Value { return v.down(levelComponent, n) }

// Sub returns subcomponent n, counted from 1.
func (v Value) Sub(n int) Value { return v.down(levelSubcomponent, n) }

// Leaf returns the first innermost value: what Text reads.
func (v Value) Leaf() Value {
	if v.lo < v.hi {
		v.hi, v.end = v.lo, v.m.index.marks[v.lo].at()
	}
	v.level = levelLeaf
	return v
}

// Reps yields the repetitions of a field with their numbers. An empty field
// has one, empty, repetition; one that does not exist has none.
func (v Value) Reps() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) { v.children(levelRepetition, yield) }
}

// Components yields the components with their numbers.
func (v Value) Components() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) { v.children(levelComponent, yield) }
}

// Subs yields the subcomponents with their numbers.
func (v Value) Subs() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) { v.children(levelSubcomponent, yield) }
}

// children calls yield for the children at a level. It is apart from the
// iterators so that they can be inlined and a loop over them allocates nothing.
func (v Value) children(level uint8, yield func(int, Value) bool) {
	if v.m == nil {
		return
	}
	for v.level < level-1 {
		v = v.child(1)
	}
	if v.level >= level {
		yield(1, v)
		return
	}
	kind := levelKinds[v.level]
	c := v
	c.level++
	n := 1
	for k := v.lo; k < v.hi; k++ {
		if mark := v.m.index.marks[k]; mark&kindMask == kind {
			c.hi, c.end = k, mark.at()
			if !yield(n, c) {
				return
			}
			n++
			c.lo, c.start = k+1, mark.at()+1
		}
	}
	c.hi, c.end = v.hi, v.end
	yield(n, c)
}

// Leaves yields the innermost values of an element in their order, those that
// are empty included: the quickest way to see everything.
func (v Value) Leaves() iter.Seq[Value] {
	return func(yield func(Value) bool) { v.leaves(yield) }
}

func (v Value) leaves(yield func(Value) bool) {
	if v.m == nil {
		return
	}
	leaf := v
	leaf.level = levelLeaf
	for k := v.lo; k < v.hi; k++ {
		at := v.m.index.marks[k].at()
		leaf.lo, leaf.hi, leaf.end = k, k, at
		if !yield(leaf) {
			return
		}
		leaf.start = at + 1
	}
	leaf.lo, leaf.hi, leaf.end = v.hi, v.hi, v.end
	yield(leaf)
}

// NumReps is the number of repetitions, 0 for a field that does not exist.
func (v Value) NumReps() int { return v.count(levelRepetition) }

// NumComponents is the number of components.
func (v Value) NumComponents() int { return v.count(levelComponent) }

// NumSubs is the number of subcomponents.
func (v Value) NumSubs() int { return v.count(levelSubcomponent) }

func (v Value) count(level uint8) int {
	if v.m == nil {
		return 0
	}
	for v.level < level-1 {
		v = v.child(1)
	}
	n := 1
	if v.level >= level {
		return n
	}
	for _, mark := range v.m.index.marks[v.lo:v.hi] {
		if mark&kindMask == levelKinds[v.level] {
			n++
		}
	}
	return n
}

// AppendText appends the text of the first innermost value in UTF-8, with its
// character set and escape sequences read, to dst. Absent and null append
// nothing.
func (v Value) AppendText(dst []byte) []byte {
	if v.m == nil {
		return dst
	}
	v = v.Leaf()
	if v.State() != Present {
		return dst
	}
	if v.m.isDelimiterField(v) {
		return append(dst, v.Raw()...)
	}
	return v.m.appendText(dst, v.Raw())
}

// Text returns the text of the first innermost value in UTF-8, with its
// character set and escape sequences read: "" for absent and null.
func (v Value) Text() string {
	if v.m == nil {
		return ""
	}
	leaf := v.Leaf()
	if raw, plain := leaf.plain(); plain {
		return string(raw)
	}
	return string(leaf.AppendText(nil))
}

// plain returns the raw bytes of a leaf, and whether they are its text.
func (v Value) plain() (raw []byte, ok bool) {
	if v.State() != Present {
		return nil, true
	}
	raw = v.Raw()
	e := v.m.delims.Escape
	return raw, (e == 0 || bytes.IndexByte(raw, e) < 0) && isASCII(raw) && !v.m.charset.hidesDelimiters()
}

// Whole returns the text of the element with its delimiters kept as text:
// what a sender meant who did not escape R&D in a text field.
func (v Value) Whole() string {
	if v.State() != Present {
		return ""
	}
	if v.m.isDelimiterField(v) {
		return string(v.Raw())
	}
	return string(v.m.appendText(nil, v.Raw()))
}

// Equal reports whether Text is text, without allocation unless there are
// escape sequences.
func (v Value) Equal(text string) bool {
	if v.m == nil {
		return text == ""
	}
	if raw, plain := v.Leaf().plain(); plain {
		return string(raw) == text
	}
	return v.Text() == text
}

// isDelimiterField reports whether a leaf is MSH-1 or MSH-2, whose escape
// character is a value.
func (m *Message) isDelimiterField(v Value) bool {
	return int(v.start) <= m.begin+4 && int(v.end) > m.begin+3
}

// Segment returns the segment that holds the value.
func (v Value) Segment() Segment {
	if v.m == nil {
		return Segment{}
	}
	return v.m.segmentOf(v.start)
}

// Path returns where the value stands, such as PID-3[2].1 or OBX[2]-5. The
// number of a segment, repetition, component or subcomponent is left out where
// there is only one. It is empty in a line that does not begin with a segment
// id.
func (v Value) Path() string {
	if v.m == nil {
		return ""
	}
	s := v.m.segmentOf(v.start)
	b := []byte(s.Path())
	if len(b) == 0 {
		return ""
	}
	b = append(b, '-')
	n := v.fieldNumber(s)
	b = strconv.AppendInt(b, int64(n), 10)
	f := s.Field(n)
	if f.level == levelLeaf || v.level == levelField {
		return string(b)
	}
	// Count the marks between the field's start and the value.
	rep, comp, sub := 1, 1, 1
	for _, mark := range v.m.index.marks[f.lo:v.lo] {
		switch mark & kindMask {
		case kindRepetition:
			rep, comp, sub = rep+1, 1, 1
		case kindComponent:
			comp, sub = comp+1, 1
		case kindSubcomponent:
			sub++
		}
	}
	if rep > 1 || f.NumReps() > 1 {
		b = fmt.Appendf(b, "[%d]", rep)
	}
	subs := v.level >= levelSubcomponent && (sub > 1 || v.followedBy(f, kindSubcomponent))
	if subs || v.level >= levelComponent && (comp > 1 || v.m.splitBehind(f, v)) {
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(comp), 10)
	}
	if subs {
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(sub), 10)
	}
	return string(b)
}

// followedBy reports whether the next delimiter in field f behind v is of a
// kind.
func (v Value) followedBy(f Value, kind Mark) bool {
	return v.hi < f.hi && v.m.index.marks[v.hi]&kindMask == kind
}

// splitBehind reports whether the repetition of field f that holds v has a
// component behind it.
func (m *Message) splitBehind(f, v Value) bool {
	for _, mark := range m.index.marks[v.hi:f.hi] {
		switch mark & kindMask {
		case kindComponent:
			return true
		case kindRepetition:
			return false
		}
	}
	return false
}

// fieldNumber finds the number of the field of s that holds v.
func (v Value) fieldNumber(s Segment) int {
	x := &v.m.index
	_, _, lo, hi := s.span()
	// Fields are in order: the last separator before the value.
	n := lo
	for a, b := lo, hi; a < b; {
		mid := (a + b) / 2
		if x.marks[x.fields[mid]].at() < v.start {
			n, a = mid, mid+1
		} else {
			b = mid
		}
	}
	number := int(n-lo) + 1
	if s.isHeaderSegment() {
		if int(v.start) == v.m.begin+3 {
			return 1
		}
		number++
	}
	return number
}

// segmentOf returns the segment that holds an offset.
func (m *Message) segmentOf(at uint32) Segment {
	a, b := 0, m.Len()
	for a < b {
		mid := (a + b) / 2
		if m.index.segs[mid].start <= at {
			a = mid + 1
		} else {
			b = mid
		}
	}
	if a == 0 {
		return Segment{}
	}
	return Segment{m, int32(a - 1)}
}

// Format prints the path and state, never the value, so that a Value in a log
// line shows no patient.
func (v Value) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s (%s)", v.Path(), v.State())
}
