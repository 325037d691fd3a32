package hl7v2

import (
	"fmt"
	"iter"
)

// Segment is a view of one segment. The zero Segment stands for one that is
// not there: it has no fields and its values are absent.
type Segment struct {
	m *Message
	i int32
}

// Exists reports whether the segment is there.
func (s Segment) Exists() bool { return s.m != nil }

// Message returns the message that the segment is part of, nil for the zero
// Segment.
func (s Segment) Message() *Message { return s.m }

// Index is the segment's place in its message, counted from 0.
func (s Segment) Index() int { return int(s.i) }

// span returns the offsets of the segment's bytes without the terminator, and
// the range of its entries in fields; the last of them is the segment's end.
func (s Segment) span() (start, end uint32, lo, hi uint32) {
	x := &s.m.index
	a, b := x.segs[s.i], x.segs[s.i+1]
	return a.start, x.marks[x.fields[b.fields-1]].at(), a.fields, b.fields - 1
}

// Raw returns the bytes of the segment without its terminator. They are the
// message's own.
func (s Segment) Raw() []byte {
	if s.m == nil {
		return nil
	}
	start, end, _, _ := s.span()
	return s.m.data[start:end:end]
}

// id returns the bytes of the segment id.
func (s Segment) id() []byte {
	x := &s.m.index
	a := x.segs[s.i]
	return s.m.data[a.start:x.marks[x.fields[a.fields]].at()]
}

// ID returns the segment id, such as "PID".
func (s Segment) ID() string {
	if s.m == nil {
		return ""
	}
	return internID(s.id())
}

// Is reports whether the segment id is id; faster than comparing ID.
func (s Segment) Is(id string) bool { return s.m != nil && string(s.id()) == id }

// internID returns the text of a segment id, without allocation for those
// that make up nearly all traffic.
func internID(b []byte) string {
	switch string(b) {
	case "MSH":
		return "MSH"
	case "EVN":
		return "EVN"
	case "PID":
		return "PID"
	case "PD1":
		return "PD1"
	case "NK1":
		return "NK1"
	case "PV1":
		return "PV1"
	case "PV2":
		return "PV2"
	case "MRG":
		return "MRG"
	case "ORC":
		return "ORC"
	case "OBR":
		return "OBR"
	case "OBX":
		return "OBX"
	case "NTE":
		return "NTE"
	case "AL1":
		return "AL1"
	case "DG1":
		return "DG1"
	case "IN1":
		return "IN1"
	case "SPM":
		return "SPM"
	case "ROL":
		return "ROL"
	case "MSA":
		return "MSA"
	case "ERR":
		return "ERR"
	case "ZU1":
		return "ZU1"
	}
	return string(b)
}

// isHeaderSegment reports whether the segment carries delimiters in its first
// two fields, so that field 1 is the separator itself.
func (s Segment) isHeaderSegment() bool { return s.i == 0 }

// NumFields is the number of the last field, counting MSH-1 as the separator.
func (s Segment) NumFields() int {
	if s.m == nil {
		return 0
	}
	_, _, lo, hi := s.span()
	n := int(hi - lo)
	if s.isHeaderSegment() {
		n++
	}
	return n
}

// Field returns field n, counted from 1 as the standard does. MSH-1 is the
// field separator and MSH-2 the encoding characters, neither of them split.
// Beyond the last field it is the absent Value.
func (s Segment) Field(n int) Value {
	if s.m == nil || n < 1 {
		return Value{}
	}
	x := &s.m.index
	a, b := x.segs[s.i], x.segs[s.i+1]
	at := a.fields + uint32(n) - 1
	if s.isHeaderSegment() {
		if n == 1 {
			return Value{m: s.m, start: a.start + 3, end: a.start + 4, level: levelLeaf}
		}
		at--
	}
	if n >= maxBytes || at >= b.fields-1 {
		return Value{}
	}
	from, to := x.fields[at], x.fields[at+1]
	v := Value{m: s.m, lo: from + 1, hi: to, start: x.marks[from].at() + 1, end: x.marks[to].at(), level: levelField}
	if n == 2 && s.isHeaderSegment() {
		v.level = levelLeaf
	}
	return v
}

// Fields yields the fields with their numbers, from 1 to NumFields.
func (s Segment) Fields() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		for n := 1; n <= s.NumFields(); n++ {
			if !yield(n, s.Field(n)) {
				return
			}
		}
	}
}

// Offset is where the segment begins in the bytes of its message, -1 if it is
// not there.
func (s Segment) Offset() int {
	if s.m == nil {
		return -1
	}
	return int(s.m.index.segs[s.i].start)
}

// Occurrence is the segment's number among those with the same id, from 1.
func (s Segment) Occurrence() int {
	if s.m == nil {
		return 0
	}
	n := 0
	for i := range s.i + 1 {
		if string((Segment{s.m, i}).id()) == string(s.id()) {
			n++
		}
	}
	return n
}

// Path returns the segment's place, such as OBX[2], or PID where there is no
// second one. A line that does not begin with a segment id has no path, since
// what it begins with could be anything, and paths are shown to anybody.
func (s Segment) Path() string {
	if s.m == nil || !isSegmentID(s.id()) {
		return ""
	}
	id := s.ID()
	if n := s.Occurrence(); n > 1 || s.m.Segment(id, 2).Exists() {
		return fmt.Sprintf("%s[%d]", id, n)
	}
	return id
}

// Format prints the path and nothing that the segment holds.
func (s Segment) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.Path()) }
