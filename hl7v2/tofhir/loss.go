package tofhir

import (
	"sort"
	"strconv"

	"github.com/nhskit/nhskit/hl7v2"
)

// fate is what became of a leaf. Higher is better known; mapped is best.
type fate uint8

const (
	fateNone      fate = iota // no row looked at it
	fateCondition             // a row did, but its condition was false
	fateCardinality
	fateUnmapped
	fateInvalid
	fateReplaced
	fateKept
	fateMapped
	fateDelimiters // MSH-1 and MSH-2: not data
)

// Reason says why a leaf of the message is not in the bundle.
type Reason string

// The reasons.
const (
	ReasonSegment     Reason = "no table for the segment in this message"
	ReasonNoRow       Reason = "no row for the element"
	ReasonCondition   Reason = "condition not met"
	ReasonNull        Reason = "null: a request to delete"
	ReasonCardinality Reason = "repeats where FHIR has one place"
	ReasonUnmapped    Reason = "code not in the code table"
	ReasonInvalid     Reason = "not a value of the FHIR type"
	ReasonReplaced    Reason = "another element took its place"
)

// Lost is one leaf of the message that is not in an element of its own.
type Lost struct {
	Path   string // PID-3[2].4.1
	Offset int    // of its first byte in the message
	Value  string // its text: personal data
	Reason Reason
	Kept   bool // it is in an extension, see KeepAll
}

// Loss accounts for every leaf of a message: innermost values that are not
// empty, the null included, MSH-1 and MSH-2 left out.
// Leaves = Mapped + Kept + Lost.
type Loss struct {
	Leaves, Mapped, Kept, Lost int
	Items                      []Lost // what is not mapped, in the order of the message
}

// Merge adds the counts and items of another report.
func (l *Loss) Merge(o Loss) {
	l.Leaves += o.Leaves
	l.Mapped += o.Mapped
	l.Kept += o.Kept
	l.Lost += o.Lost
	l.Items = append(l.Items, o.Items...)
}

// mark sets the fate of all values in an element.
func (c *conversion) mark(at cursor, f fate) {
	for i := at.lo; i < at.hi; i++ {
		if c.in.leaves[i].state == hl7v2.Present {
			c.in.leaves[i].fate = f
		}
	}
}

// note and lose record why values did not come over, unless they did
// elsewhere.
func (c *conversion) note(at cursor, f fate) {
	for i := at.lo; i < at.hi; i++ {
		if c.in.leaves[i].state == hl7v2.Present {
			c.in.leaves[i].fate = max(c.in.leaves[i].fate, f)
		}
	}
}

func (c *conversion) lose(at cursor, f fate) { c.note(at, f) }

// report makes the loss report, with its items or the counts alone.
func (c *conversion) report(items bool) Loss {
	var l Loss
	if items {
		n := 0
		for i := range c.in.leaves {
			if lf := &c.in.leaves[i]; lf.state != hl7v2.Absent && lf.fate < fateMapped {
				n++
			}
		}
		l.Items = make([]Lost, 0, n)
	}
	for s := range c.in.segs {
		cur := c.in.segCursor(int32(s))
		name := ""
		for i := cur.lo; i < cur.hi; i++ {
			lf := &c.in.leaves[i]
			if lf.state == hl7v2.Absent || lf.fate == fateDelimiters {
				continue
			}
			l.Leaves++
			if lf.fate == fateMapped {
				l.Mapped++
				continue
			}
			if c.conv.keepAll {
				l.Kept++
			} else {
				l.Lost++
			}
			if items {
				if name == "" {
					name = c.segmentPath(s)
				}
				var buf [48]byte
				l.Items = append(l.Items, Lost{Path: string(c.appendPath(append(buf[:0], name...), s, i)), Offset: int(lf.start), Value: c.leafText(i), Reason: c.reason(int32(s), i), Kept: c.conv.keepAll})
			}
		}
	}
	return l
}

func (c *conversion) leafText(i int32) string {
	lo := len(c.text)
	c.appendLeaf(i)
	s := string(c.text[lo:])
	c.text = c.text[:lo]
	return s
}

func (c *conversion) reason(seg, i int32) Reason {
	lf := &c.in.leaves[i]
	switch {
	case lf.state == hl7v2.Null:
		return ReasonNull
	case lf.fate == fateCardinality:
		return ReasonCardinality
	case lf.fate == fateUnmapped:
		return ReasonUnmapped
	case lf.fate == fateInvalid:
		return ReasonInvalid
	case lf.fate == fateReplaced:
		return ReasonReplaced
	case lf.fate == fateCondition:
		return ReasonCondition
	}
	if pos := c.in.segs[seg].pos; pos < 0 || c.conv.program.Positions[pos].Lo == c.conv.program.Positions[pos].Hi {
		return ReasonSegment
	}
	return ReasonNoRow
}

// path writes where a leaf stands: PID-3[2].4.1. Numbers are left out where
// there is only one.
func (c *conversion) path(i int32) string {
	after := sort.Search(len(c.in.segs), func(k int) bool { return c.in.segs[k].leaf > i })
	s := after - 1
	return string(c.appendPath([]byte(c.segmentPath(s)), s, i))
}

// segmentPath is the segment's id, with its number if there are several, and
// nothing for a line that is no segment.
func (c *conversion) segmentPath(s int) string {
	seg := &c.in.segs[s]
	if seg.nth == 0 {
		return ""
	}
	id := [3]byte(c.in.data[c.in.m.SegmentAt(s).Offset():])
	if c.in.counts[id] == 1 {
		return string(id[:])
	}
	return string(id[:]) + "[" + strconv.Itoa(int(seg.nth)) + "]"
}

// appendPath appends field, repetition, component and subcomponent of a leaf
// to the path of its segment. A line that is no segment has none.
func (c *conversion) appendPath(b []byte, s int, i int32) []byte {
	if len(b) == 0 {
		return b
	}
	in := &c.in
	within := func(s span, end func(int32) int32) int32 {
		return s.lo + int32(sort.Search(int(s.hi-s.lo), func(k int) bool { return end(s.lo+int32(k)) > i }))
	}
	compEnd := func(k int32) int32 { return in.comps[k].hi }
	repEnd := func(r int32) int32 { return compEnd(in.reps[r].hi - 1) }
	fields := in.segs[s].fields
	f := within(fields, func(f int32) int32 { return repEnd(in.fields[f].hi - 1) })
	reps := in.fields[f]
	r := within(reps, repEnd)
	comps := in.reps[r]
	k := within(comps, compEnd)
	subs := in.comps[k]
	b = strconv.AppendInt(append(b, '-'), int64(f-fields.lo+1), 10)
	if reps.hi-reps.lo > 1 {
		b = append(strconv.AppendInt(append(b, '['), int64(r-reps.lo+1), 10), ']')
	}
	if comps.hi-comps.lo > 1 || subs.hi-subs.lo > 1 {
		b = strconv.AppendInt(append(b, '.'), int64(k-comps.lo+1), 10)
	}
	if subs.hi-subs.lo > 1 {
		b = strconv.AppendInt(append(b, '.'), int64(i-subs.lo+1), 10)
	}
	return b
}
