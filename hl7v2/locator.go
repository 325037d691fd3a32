package hl7v2

import "strconv"

// Locator finds the paths of many elements of a message, and elements by their
// numbers. It answers as Value.Path, Segment.Path and Path.In do, but goes on
// from the last place: for elements in about the order of the message that takes
// one pass over it in all, where those count from the beginning each time. The
// zero Locator is ready for use, by one goroutine at a time. Reset it when the
// message has been changed, or another parsed into it.
type Locator struct {
	m     *Message
	asked int               // how many segments have been asked for
	occur []int32           // of each segment among those of its id; empty if few have been asked for
	count map[[3]byte]int32 // how many segments have an id

	field     Value // of the last value
	segment   []byte
	number    int
	repeats   bool   // the field does
	at        uint32 // the mark up to which is counted
	rep, comp int
	sub       int
	repAt     uint32 // the first mark of that repetition,
	compAt    uint32 // and of that component
	split     uint32 // where the first component of a repetition ends
	buf       []byte

	reps, comps, subs lastChild
}

// fewAsked is for how many paths segments are counted anew: to count all costs as
// much as that.
const fewAsked = 12

// Reset forgets the message, and keeps the room that it took for others unless
// that is uncommonly much.
func (l *Locator) Reset() {
	if l.m == nil && l.reps.n == 0 {
		return // it has not been asked
	}
	if cap(l.occur) > 1<<14 || len(l.count) > 1<<8 {
		*l = Locator{}
		return
	}
	clear(l.count)
	*l = Locator{occur: l.occur[:0], count: l.count, segment: l.segment[:0], buf: l.buf}
}

// SegmentPath returns the path of a segment, as Segment.Path does.
func (l *Locator) SegmentPath(s Segment) string {
	l.buf = l.appendSegment(l.buf[:0], s)
	return string(l.buf)
}

// Path returns the path of a value, as Value.Path does.
func (l *Locator) Path(v Value) string {
	l.buf = l.appendPath(l.buf[:0], v)
	return string(l.buf)
}

// visit makes m the message.
func (l *Locator) visit(m *Message) {
	if l.m != m {
		l.Reset()
		l.m = m
	}
}

func (l *Locator) appendSegment(b []byte, s Segment) []byte {
	if s.m == nil || !isSegmentID(s.id()) {
		return b
	}
	id, n := s.id(), l.occurrence(s)
	b = append(b, id...)
	if n > 1 || l.count[[3]byte(id)] > 1 || len(l.occur) == 0 && s.m.Segment(string(id), 2).Exists() {
		b = append(appendNumber(b, '[', n), ']')
	}
	return b
}

// occurrence is Segment.Occurrence, and 0 for a line that is no segment, which
// no path means.
func (l *Locator) occurrence(s Segment) int {
	if !isSegmentID(s.id()) {
		return 0
	}
	l.visit(s.m)
	if len(l.occur) == 0 {
		if l.asked++; l.asked <= fewAsked {
			return s.Occurrence()
		}
		l.countAll()
	}
	return int(l.occur[s.i])
}

// countAll counts the segments of each id.
func (l *Locator) countAll() {
	if l.count == nil {
		l.count = make(map[[3]byte]int32)
	}
	for i := range l.m.Len() {
		n := int32(0)
		if id := (Segment{l.m, int32(i)}).id(); isSegmentID(id) {
			n = l.count[[3]byte(id)] + 1
			l.count[[3]byte(id)] = n
		}
		l.occur = append(l.occur, n)
	}
}

func appendNumber(b []byte, before byte, n int) []byte {
	return strconv.AppendInt(append(b, before), int64(n), 10)
}

// appendPath appends what Path returns to b.
func (l *Locator) appendPath(b []byte, v Value) []byte {
	if v.m == nil {
		return b
	}
	l.visit(v.m)
	if f := &l.field; f.m == nil || v.start < f.start || v.end > f.end {
		l.enter(v)
	}
	if len(l.segment) == 0 {
		return b
	}
	b = appendNumber(append(b, l.segment...), '-', l.number)
	if l.field.level == levelLeaf || v.level == levelField {
		return b
	}
	return l.appendWithin(b, v)
}

// enter makes the field of a value the one that is counted in.
func (l *Locator) enter(v Value) {
	s := v.m.segmentOf(v.start)
	l.segment = l.appendSegment(l.segment[:0], s)
	l.number = v.fieldNumber(s)
	l.field = s.Field(l.number)
	l.repeats = false
	for _, mark := range v.m.index.marks[l.field.lo:l.field.hi] {
		if mark&kindMask == kindRepetition {
			l.repeats = true
			break
		}
	}
	l.begin()
}

// begin counts from the start of the field.
func (l *Locator) begin() {
	l.at, l.rep, l.comp, l.sub = l.field.lo, 1, 1, 1
	l.repAt, l.compAt = l.at, l.at
	l.split = 0
}

// appendWithin appends the repetition, component and subcomponent of a value in
// the field.
func (l *Locator) appendWithin(b []byte, v Value) []byte {
	rep, comp, sub := l.numbers(v)
	if l.repeats {
		b = append(appendNumber(b, '[', rep), ']')
	}
	subs := v.level >= levelSubcomponent && (sub > 1 || v.followedBy(l.field, kindSubcomponent))
	if subs || v.level >= levelComponent && (comp > 1 || l.splitBehind(v)) {
		b = appendNumber(b, '.', comp)
	}
	if subs {
		b = appendNumber(b, '.', sub)
	}
	return b
}

// numbers counts the repetition, component and subcomponent of a value in the
// field. What holds the last value, as the repetition around a component, is
// looked back at without losing that place.
func (l *Locator) numbers(v Value) (rep, comp, sub int) {
	if v.lo < l.repAt {
		l.begin()
	}
	at, back := l.at, v.lo < l.at
	rep, comp, sub = l.rep, l.comp, l.sub
	switch {
	case !back:
	case v.lo >= l.compAt:
		at, sub = l.compAt, 1
	default:
		at, comp, sub = l.repAt, 1, 1
	}
	repAt, compAt := l.repAt, l.compAt
	for marks := v.m.index.marks; at < v.lo; at++ {
		switch marks[at] & kindMask {
		case kindRepetition:
			rep, comp, sub = rep+1, 1, 1
			repAt, compAt = at+1, at+1
		case kindComponent:
			comp, sub = comp+1, 1
			compAt = at + 1
		case kindSubcomponent:
			sub++
		}
	}
	if !back {
		l.at, l.rep, l.comp, l.sub = at, rep, comp, sub
		l.repAt, l.compAt = repAt, compAt
	}
	return rep, comp, sub
}

// splitBehind reports whether another component stands behind the first one of a
// repetition, which v is or is in.
func (l *Locator) splitBehind(v Value) bool {
	marks := v.m.index.marks
	if v.hi >= l.split {
		for l.split = v.hi; l.split < l.field.hi && marks[l.split]&kindMask == kindSubcomponent; {
			l.split++
		}
	}
	return l.split < l.field.hi && marks[l.split]&kindMask == kindComponent
}

// In returns what p.In does: the element with the numbers of a path in a
// segment.
func (l *Locator) In(s Segment, p Path) Value {
	v := s.Field(p.Field)
	if v.level == levelLeaf {
		return p.In(s)
	}
	if p.Rep > 0 || p.Comp > 0 || p.Sub > 0 {
		v = l.reps.of(v, max(p.Rep, 1))
	}
	if p.Comp > 0 || p.Sub > 0 {
		v = l.comps.of(v, max(p.Comp, 1))
	}
	if p.Sub > 0 {
		v = l.subs.of(v, p.Sub)
	}
	return v
}

// lastChild is the child of a value that was asked for last.
type lastChild struct {
	parent, child Value
	n             int
}

// of returns child n of a value, as its method child does.
func (c *lastChild) of(v Value, n int) Value {
	if v.m == nil {
		return Value{}
	}
	if c.n == 0 || n < c.n || v != c.parent {
		*c = lastChild{v, v.child(1), 1}
	}
	kind, marks := levelKinds[v.level], v.m.index.marks
	for ; c.n < n; c.n++ {
		if c.child.hi == v.hi {
			return Value{}
		}
		k := c.child.hi + 1
		c.child.lo, c.child.start = k, c.child.end+1
		for k < v.hi && marks[k]&kindMask != kind {
			k++
		}
		if c.child.hi, c.child.end = k, v.end; k < v.hi {
			c.child.end = marks[k].at()
		}
	}
	return c.child
}
