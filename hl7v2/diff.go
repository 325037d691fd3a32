package hl7v2

import "fmt"

// Change is a difference between two messages: a segment that only one of them
// has, or a value that differs. Path is its place in the message that has it,
// in the first if both do.
type Change struct {
	Path          string
	Before, After Value   // of a value; the zero Value where a message has none
	Removed       Segment // a segment of the first message alone
	Added         Segment // a segment of the second message alone
}

// Format prints the path and the kind of change, and no value.
func (c Change) Format(f fmt.State, _ rune) {
	what := "changed"
	switch {
	case c.Removed.Exists(), c.Before.State() != Absent && c.After.State() == Absent:
		what = "removed"
	case c.Added.Exists(), c.Before.State() == Absent && c.After.State() != Absent:
		what = "added"
	}
	fmt.Fprintf(f, "%s %s", c.Path, what)
}

// Diff compares two messages by their meaning: segments in their order, and
// innermost values by state and text. Delimiters, terminators, escape
// sequences, character sets and superfluous delimiters at an end make no
// difference; MSH-1 and MSH-2 are not compared. What lies under an ignored path
// (MSH-7, MSH-10) is left out; paths without numbers mean every segment and
// repetition. No change means that a receiver could not tell the messages
// apart.
func Diff(a, b *Message, ignore ...Path) []Change {
	d := differ{a: a, b: b, ignore: ignore}
	d.segments()
	return d.changes
}

type differ struct {
	a, b    *Message
	ignore  []Path
	changes []Change

	places   [2]Locator      // in a and b
	children [2][3]lastChild // of values in a and b, by level

	// To know whether segments are alike, the first difference is enough.
	probing, differ bool
}

// segments compares the segments of both messages.
func (d *differ) segments() {
	ai, bi := 0, 0
	for _, pair := range append(d.paired(), [2]int{d.a.Len(), d.b.Len()}) {
		for ; ai < pair[0]; ai++ {
			d.only(d.a.SegmentAt(ai), Segment{})
		}
		for ; bi < pair[1]; bi++ {
			d.only(Segment{}, d.b.SegmentAt(bi))
		}
		if ai < d.a.Len() {
			d.fields(d.a.SegmentAt(ai), d.b.SegmentAt(bi))
		}
		ai, bi = ai+1, bi+1
	}
}

// paired pairs the segments of both messages.
func (d *differ) paired() [][2]int {
	n, m := d.a.Len(), d.b.Len()
	// What is alike at both ends needs no search.
	start := 0
	for start < n && start < m && d.alike(start, start) {
		start++
	}
	end := 0
	for end < n-start && end < m-start && d.alike(n-1-end, m-1-end) {
		end++
	}
	var out [][2]int
	for i := range start {
		out = append(out, [2]int{i, i})
	}
	out = append(out, d.pairs(start, n-end, start, m-end)...)
	for i := end; i > 0; i-- {
		out = append(out, [2]int{n - i, m - i})
	}
	return out
}

func (d *differ) alike(i, j int) bool {
	s, t := d.a.SegmentAt(i), d.b.SegmentAt(j)
	if string(s.id()) != string(t.id()) {
		return false
	}
	d.probing, d.differ = true, false
	d.fields(s, t)
	same := !d.differ
	d.probing, d.differ = false, false
	return same
}

// maxPairing bounds the table of pairs; larger gaps are paired in their order.
const maxPairing = 1 << 20

// pairs finds the longest common sequence of segments: of the same id, and
// the more so if they are alike.
func (d *differ) pairs(a0, a1, b0, b1 int) [][2]int {
	n, m := a1-a0, b1-b0
	if n == 0 || m == 0 {
		return nil
	}
	var out [][2]int
	if n > maxPairing/m {
		for i, j := a0, b0; i < a1; i++ {
			for k := j; k < min(b1, j+64); k++ {
				if string(d.a.SegmentAt(i).id()) == string(d.b.SegmentAt(k).id()) {
					out = append(out, [2]int{i, k})
					j = k + 1
					break
				}
			}
		}
		return out
	}
	score := make([]int32, (n+1)*(m+1))
	worth := make([]int32, n*m)
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			w := int32(0)
			switch {
			case string(d.a.SegmentAt(a0+i).id()) != string(d.b.SegmentAt(b0+j).id()):
			case d.alike(a0+i, b0+j):
				w = 4
			case d.a.SegmentAt(a0+i).Field(1).Text() == d.b.SegmentAt(b0+j).Field(1).Text():
				w = 3
			default:
				w = 2
			}
			worth[i*m+j] = w
			best := max(score[(i+1)*(m+1)+j], score[i*(m+1)+j+1])
			if w > 0 {
				best = max(best, score[(i+1)*(m+1)+j+1]+w)
			}
			score[i*(m+1)+j] = best
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch w := worth[i*m+j]; {
		case w > 0 && score[i*(m+1)+j] == score[(i+1)*(m+1)+j+1]+w:
			out = append(out, [2]int{a0 + i, b0 + j})
			i, j = i+1, j+1
		case score[i*(m+1)+j] == score[(i+1)*(m+1)+j]:
			i++
		default:
			j++
		}
	}
	return out
}

// only reports a segment that one message has.
func (d *differ) only(a, b Segment) {
	s, places := a, &d.places[0]
	if !s.Exists() {
		s, places = b, &d.places[1]
	}
	for _, p := range d.ignore {
		if p.Field == 0 && s.Is(p.Segment) {
			return
		}
	}
	d.changes = append(d.changes, Change{Path: places.SegmentPath(s), Removed: a, Added: b})
}

// fields compares two segments.
func (d *differ) fields(a, b Segment) {
	first := 1
	if a.isHeaderSegment() {
		first = 3
	}
	place := Path{Segment: string(a.id()), Occur: 0}
	if len(d.ignore) > 0 {
		place.Occur = d.places[0].occurrence(a)
	}
	for n := first; n <= max(a.NumFields(), b.NumFields()) && !d.differ; n++ {
		place.Field = n
		d.values(a.Field(n), b.Field(n), levelField, place)
	}
}

// values compares two values level by level.
func (d *differ) values(a, b Value, level uint8, place Path) {
	if a.State() == Absent && b.State() == Absent {
		return
	}
	if a.lo == a.hi && b.lo == b.hi || level == levelSubcomponent {
		if !d.ignored(place, level) && (a.State() != b.State() || !sameText(a, b)) {
			d.found(a, b)
		}
		return
	}
	na, nb := a.count(level+1), b.count(level+1)
	for n := 1; n <= max(na, nb) && !d.differ; n++ {
		switch level {
		case levelField:
			place.Rep = n
		case levelRepetition:
			place.Comp = n
		default:
			place.Sub = n
		}
		d.values(d.child(0, a, level, n), d.child(1, b, level, n), level+1, place)
	}
}

// child returns child n, of a level below another, of a value in one of the
// messages.
func (d *differ) child(in int, v Value, level uint8, n int) Value {
	if v.level != level {
		return v.down(level+1, n)
	}
	return d.children[in][level].of(v, n)
}

// found takes a value that differs.
func (d *differ) found(a, b Value) {
	if d.probing {
		d.differ = true
		return
	}
	v, places := a, &d.places[0]
	if !v.Exists() || v.State() == Absent && b.Exists() {
		v, places = b, &d.places[1]
	}
	d.changes = append(d.changes, Change{Path: places.Path(v), Before: a, After: b})
}

func sameText(a, b Value) bool {
	ra, rb := a.Raw(), b.Raw()
	if a.m != nil && b.m != nil && a.m.delims == b.m.delims && a.m.charset == b.m.charset && string(ra) == string(rb) {
		return true
	}
	text := b.Text()
	if a.Text() == text {
		return true
	}
	if a.State() != Present || b.State() != Present || a.m.delims.Escape == b.m.delims.Escape {
		return false
	}
	// Local sequences stand in a text with their escape character: compare
	// what the first value is with the delimiters of the second message.
	raw, err := b.m.appendLeaf(nil, a.Leaf())
	return err == nil && string(b.m.appendText(nil, raw)) == text
}

// ignored reports whether a place lies under an ignored path. A value that is
// not split is the first of the levels below it.
func (d *differ) ignored(place Path, level uint8) bool {
	if len(d.ignore) == 0 {
		return false
	}
	place.Rep, place.Comp, place.Sub = max(1, place.Rep), max(1, place.Comp), max(1, place.Sub)
	return kept(d.ignore, place)
}
