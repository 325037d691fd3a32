package tofhir

import (
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

// span is a half-open range of the next lower level.
type span struct{ lo, hi int32 }

// leaf is one innermost value: where it stands and what became of it.
type leaf struct {
	start, end uint32
	state      hl7v2.State
	fate       fate
	uses       int32 // elements that have its text
}

// segment is one segment with its place in the structure.
type segment struct {
	id     mapping.Str // 0: no table knows it
	fields span
	leaf   int32 // the first of its leaves, or of those behind it
	nth    int32 // among the segments with its id, from 1; 0 for a line that is no segment
	pos    int32 // position in the structure, -1 if it has none
	group  int32 // innermost group instance
}

// input is the message laid out in flat tables, so that a position is found
// by addition and the leaves of any element are a range.
type input struct {
	m      *hl7v2.Message
	data   []byte
	delims hl7v2.Delimiters
	segs   []segment
	fields []span // of reps
	reps   []span // of comps
	comps  []span // of leaves
	leaves []leaf
	counts map[[3]byte]int32 // segments by id
}

// load lays a message out. It reports false, and in over the offset of the
// first segment that it did not take, where the message has more leaves than
// limit.
func (in *input) load(m *hl7v2.Message, ids map[string]mapping.Str, limit int) (over uint32, ok bool) {
	in.m, in.data, in.delims = m, m.Bytes(), m.Delimiters()
	in.segs, in.fields, in.reps, in.comps, in.leaves = in.segs[:0], in.fields[:0], in.reps[:0], in.comps[:0], in.leaves[:0]
	if in.counts == nil {
		in.counts = make(map[[3]byte]int32)
	}
	clear(in.counts)
	for i := range m.Len() {
		s := m.SegmentAt(i)
		raw := s.Raw()
		n := 0
		for n < len(raw) && raw[n] != in.delims.Field {
			n++
		}
		seg := segment{id: ids[string(raw[:n])], pos: -1, leaf: int32(len(in.leaves)), fields: span{int32(len(in.fields)), 0}}
		if isSegmentID(raw[:n]) {
			id := [3]byte(raw)
			in.counts[id]++
			seg.nth = in.counts[id]
		}
		// The leaves of a segment are one more than its delimiters, at most as
		// many as its bytes, and counted only where these are too many.
		if len(in.leaves)+len(raw) > limit && len(in.leaves)+in.countLeaves(raw) > limit {
			return uint32(s.Offset()), false
		}
		in.segment(raw, uint32(s.Offset()), i == 0)
		seg.fields.hi = int32(len(in.fields))
		in.segs = append(in.segs, seg)
	}
	return 0, true
}

// countLeaves returns how many leaves a segment has at most.
func (in *input) countLeaves(raw []byte) int {
	d, n := in.delims, 1
	for _, c := range raw {
		if c != 0 && (c == d.Field || c == d.Repetition || c == d.Component || c == d.Subcomponent) {
			n++
		}
	}
	return n
}

// isSegmentID reports whether a text may name a segment: a capital letter and
// two capitals or digits.
func isSegmentID(id []byte) bool {
	if len(id) != 3 {
		return false
	}
	for i, b := range id {
		if (b < 'A' || b > 'Z') && (i == 0 || b < '0' || b > '9') {
			return false
		}
	}
	return true
}

// segment splits the bytes of one segment. Field f of it is at index f-1.
func (in *input) segment(raw []byte, base uint32, header bool) {
	d := in.delims
	i := 0
	for i < len(raw) && raw[i] != d.Field {
		i++
	}
	if header && i < len(raw) {
		// MSH-1 is the separator and MSH-2 is not split.
		end := i + 1
		for end < len(raw) && raw[end] != d.Field {
			end++
		}
		in.whole(base+uint32(i), base+uint32(i)+1)
		in.whole(base+uint32(i)+1, base+uint32(end))
		in.leaves[len(in.leaves)-1].fate = fateDelimiters
		in.leaves[len(in.leaves)-2].fate = fateDelimiters
		i = end
	}
	if i >= len(raw) {
		return
	}
	start := i + 1
	r0, c0, l0 := int32(len(in.reps)), int32(len(in.comps)), int32(len(in.leaves))
	for i++; ; i++ {
		var c byte
		level := 4
		if i < len(raw) {
			switch c = raw[i]; {
			case c == d.Field:
			case c == 0:
				continue
			case c == d.Repetition:
				level = 3
			case c == d.Component:
				level = 2
			case c == d.Subcomponent:
				level = 1
			default:
				continue
			}
		}
		in.leaf(base+uint32(start), base+uint32(i))
		start = i + 1
		if level >= 2 {
			in.comps = append(in.comps, span{l0, int32(len(in.leaves))})
			l0 = int32(len(in.leaves))
		}
		if level >= 3 {
			in.reps = append(in.reps, span{c0, int32(len(in.comps))})
			c0 = int32(len(in.comps))
		}
		if level == 4 {
			in.fields = append(in.fields, span{r0, int32(len(in.reps))})
			r0 = int32(len(in.reps))
			if i >= len(raw) {
				return
			}
		}
	}
}

func (in *input) whole(start, end uint32) {
	l, c, r := int32(len(in.leaves)), int32(len(in.comps)), int32(len(in.reps))
	in.leaf(start, end)
	in.comps = append(in.comps, span{l, l + 1})
	in.reps = append(in.reps, span{c, c + 1})
	in.fields = append(in.fields, span{r, r + 1})
}

func (in *input) leaf(start, end uint32) {
	l := leaf{start: start, end: end, state: hl7v2.Present}
	switch {
	case start == end:
		l.state = hl7v2.Absent
	case end-start == 2 && in.data[start] == '"' && in.data[start+1] == '"':
		l.state = hl7v2.Null
	}
	in.leaves = append(in.leaves, l)
}

// cursor points at an element: its leaves, and its children by level.
type cursor struct {
	lo, hi int32 // leaves
	index  int32 // in the table of its level
	level  level
}

type level uint8

const (
	levelNone level = iota
	levelSegment
	levelField
	levelRep
	levelComp
	levelLeaf
)

func (in *input) segCursor(seg int32) cursor {
	f := in.segs[seg].fields
	c := cursor{index: seg, level: levelSegment}
	if f.lo < f.hi {
		c.lo = in.comps[in.reps[in.fields[f.lo].lo].lo].lo
		c.hi = in.comps[in.reps[in.fields[f.hi-1].hi-1].hi-1].hi
	}
	return c
}

func (in *input) field(seg int32, n int16) cursor {
	f := in.segs[seg].fields
	at := f.lo + int32(n) - 1
	if n < 1 || at >= f.hi {
		return cursor{}
	}
	r := in.fields[at]
	return cursor{in.comps[in.reps[r.lo].lo].lo, in.comps[in.reps[r.hi-1].hi-1].hi, at, levelField}
}

// rep returns repetition n of a field, counted from 0.
func (in *input) rep(c cursor, n int32) cursor {
	r := in.fields[c.index]
	at := r.lo + n
	if at >= r.hi {
		return cursor{}
	}
	s := in.reps[at]
	return cursor{in.comps[s.lo].lo, in.comps[s.hi-1].hi, at, levelRep}
}

// child returns component or subcomponent n of an element. What was sent
// plain is its own first child.
func (in *input) child(c cursor, n int16) cursor {
	switch c.level {
	case levelField:
		return in.child(in.rep(c, 0), n)
	case levelRep:
		s := in.reps[c.index]
		at := s.lo + int32(n) - 1
		if at >= s.hi {
			return cursor{}
		}
		l := in.comps[at]
		return cursor{l.lo, l.hi, at, levelComp}
	case levelComp:
		l := in.comps[c.index]
		at := l.lo + int32(n) - 1
		if at >= l.hi {
			return cursor{}
		}
		return cursor{at, at + 1, at, levelLeaf}
	case levelLeaf:
		if n == 1 {
			return c
		}
	}
	return cursor{}
}

// valued reports whether an element holds a value other than the null.
func (in *input) valued(c cursor) bool {
	for i := c.lo; i < c.hi; i++ {
		if in.leaves[i].state == hl7v2.Present {
			return true
		}
	}
	return false
}

// first returns the leaf whose text an element is when read as a plain
// value: its first one, wherever it is split.
func (in *input) first(c cursor) int32 {
	if c.lo < c.hi && in.leaves[c.lo].state == hl7v2.Present {
		return c.lo
	}
	return -1
}
