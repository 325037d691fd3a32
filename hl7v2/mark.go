package hl7v2

// Mark is a delimiter that stands in a segment, or the segment's end.
type Mark uint32

// MarkKind says what a Mark is.
type MarkKind uint8

// The kinds of mark.
const (
	SegmentEnd       MarkKind = kindEnd
	FieldMark        MarkKind = kindField
	RepetitionMark   MarkKind = kindRepetition
	ComponentMark    MarkKind = kindComponent
	SubcomponentMark MarkKind = kindSubcomponent
)

// Offset is where the mark stands in the bytes of its message.
func (m Mark) Offset() int { return int(m >> kindBits) }

// Kind says what the mark is.
func (m Mark) Kind() MarkKind { return MarkKind(m & kindMask) }

// at is Offset in the type of the index.
func (m Mark) at() uint32 { return uint32(m >> kindBits) }

// EndsField reports whether the mark is a field separator or the end of the
// segment.
func (m Mark) EndsField() bool { return m&1 != 0 }

// Marks returns all delimiters of the segment in their order: the first stands
// behind the segment id, the last is the segment's end, and every innermost
// value lies between two. In MSH the first stands before MSH-2, which has no
// delimiters but declares them.
//
// It is for code that reads the whole of many messages and for which a Value
// of each element is too slow. The slice is the message's own: it must not be
// changed, and holds until the next Set or ParseInto.
func (s Segment) Marks() []Mark {
	if s.m == nil {
		return nil
	}
	x := &s.m.index
	from, to := x.fields[x.segs[s.i].fields], x.fields[x.segs[s.i+1].fields-1]+1
	return x.marks[from:to:to]
}

// AppendText appends what stands between two offsets of the message, such as
// two marks next to each other, to dst as Value.AppendText does an innermost
// value: in UTF-8, with its character set and escape sequences read.
func (m *Message) AppendText(dst []byte, from, to int) []byte {
	if from == to {
		return dst
	}
	return m.appendText(dst, m.data[from:to])
}
