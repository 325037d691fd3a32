package hl7v2

import (
	"bytes"
	"fmt"
)

// ByteChange is a difference between the bytes of two messages: what stands in
// the first from Start to End stands in the second from From to To, either of
// which may be nothing. Path is the value, the segment, or the segment before
// what stands between segments; it is empty around the message.
type ByteChange struct {
	Path       string
	Start, End int // in Bytes of the first message
	From, To   int // in Bytes of the second message
}

// Format prints the path and how many bytes became how many, and no value.
func (c ByteChange) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s (byte %d): %d bytes became %d", c.Path, c.Start, c.End-c.Start, c.To-c.From)
}

// DiffBytes compares the bytes of two messages: besides what Diff finds it sees
// delimiters, terminators, escape sequences, superfluous delimiters, character
// sets, and what stands around the messages. The changes are in the order of
// the bytes; putting those of the second in place of those of the first makes
// the first the second. No change means that all bytes are the same.
func DiffBytes(a, b *Message) []ByteChange {
	d := byteDiffer{a: a, b: b}
	pairs := (&differ{a: a, b: b}).paired()
	for _, p := range pairs {
		s, t := a.SegmentAt(p[0]), b.SegmentAt(p[1])
		d.between(s.Offset(), t.Offset())
		d.segment(s, t)
	}
	d.between(len(a.data), len(b.data))
	return d.changes
}

// byteDiffer walks two messages side by side.
type byteDiffer struct {
	a, b    *Message
	at, bt  int        // how far it is
	places  [2]Locator // in a and b
	changes []ByteChange
}

// change adds a change, if there is one, and goes on behind it.
func (d *byteDiffer) change(path func() string, start, end, from, to int) {
	if !bytes.Equal(d.a.data[start:end], d.b.data[from:to]) {
		d.changes = append(d.changes, ByteChange{path(), start, end, from, to})
	}
	d.at, d.bt = end, to
}

// of is the path of a segment of the first message.
func (d *byteDiffer) of(s Segment) func() string {
	return func() string { return d.places[0].SegmentPath(s) }
}

// value is the path of a value of the first message.
func (d *byteDiffer) value(v Value) func() string {
	return func() string { return d.places[0].Path(v) }
}

// between compares what stands before an offset in each message, and behind
// what has been compared: terminators, and segments that only one of them has.
func (d *byteDiffer) between(end, to int) {
	x, y := d.a.data[d.at:end], d.b.data[d.bt:to]
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	tail := 0
	for tail < len(x)-n && tail < len(y)-n && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	if start, from := d.at+n, d.bt+n; start < end-tail || from < to-tail {
		d.change(func() string { return d.pathBetween(start, end-tail, from, to-tail) }, start, end-tail, from, to-tail)
	}
	d.at, d.bt = end, to
}

// pathBetween is the path of the first segment in one of two stretches, or of
// the segment before them.
func (d *byteDiffer) pathBetween(start, end, from, to int) string {
	for i, x := range [...]struct {
		m          *Message
		start, end int
	}{{d.a, start, end}, {d.b, from, to}} {
		if s := x.m.segmentOf(uint32(max(x.end-1, 0))); s.Exists() && x.end > x.start && s.Offset()+len(s.Raw()) > x.start {
			first := x.m.segmentOf(uint32(x.start))
			if !first.Exists() || first.Offset()+len(first.Raw()) <= x.start {
				first = x.m.SegmentAt(first.Index() + 1)
			}
			return d.places[i].SegmentPath(first)
		}
	}
	if end <= d.a.begin || start > d.a.end {
		return ""
	}
	return d.places[0].SegmentPath(d.a.segmentOf(uint32(start)))
}

// segment compares two segments with the same id.
func (d *byteDiffer) segment(s, t Segment) {
	end, to := s.Offset()+len(s.Raw()), t.Offset()+len(t.Raw())
	if bytes.Equal(s.Raw(), t.Raw()) {
		d.at, d.bt = end, to
		return
	}
	if d.a.delims.Field != d.b.delims.Field {
		d.change(d.of(s), d.at, end, d.bt, to)
		return
	}
	common := min(s.NumFields(), t.NumFields())
	for n := 1; n <= common; n++ {
		v, w := s.Field(n), t.Field(n)
		d.at, d.bt = v.Offset(), w.Offset()
		d.field(v, w)
	}
	if d.at != end || d.bt != to { // fields that one of them has
		path := d.of(s)
		if f := s.Field(common + 1); f.Exists() {
			path = d.value(f)
		} else if f := t.Field(common + 1); f.Exists() {
			path = func() string { return d.places[1].Path(f) }
		}
		d.change(path, d.at, end, d.bt, to)
	}
}

// field compares two fields: value by value, if they are split alike.
func (d *byteDiffer) field(v, w Value) {
	end, to := v.Offset()+len(v.Raw()), w.Offset()+len(w.Raw())
	if !splitAlike(v, w) {
		d.change(d.value(v), d.at, end, d.bt, to)
		return
	}
	k := w.lo
	from := int(w.start)
	for leaf := range v.Leaves() {
		next := to
		if k < w.hi {
			next = w.m.index.marks[k].Offset()
			k++
		}
		if raw := leaf.Raw(); !bytes.Equal(raw, d.b.data[from:next]) {
			d.change(d.value(leaf), leaf.Offset(), leaf.Offset()+len(raw), from, next)
		}
		from = next + 1
	}
	d.at, d.bt = end, to
}

// splitAlike reports whether two values have the same delimiters.
func splitAlike(v, w Value) bool {
	if v.hi-v.lo != w.hi-w.lo {
		return false
	}
	for k := uint32(0); k < v.hi-v.lo; k++ {
		x, y := v.m.index.marks[v.lo+k], w.m.index.marks[w.lo+k]
		if v.m.data[x.Offset()] != w.m.data[y.Offset()] {
			return false
		}
	}
	return true
}
