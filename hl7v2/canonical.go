package hl7v2

import "bytes"

// AppendCanonical appends the message in a form that does not depend on
// incidental choices of its sender: nothing around it, every segment ended by
// CR, no blanks before a segment and no delimiters at the end of a segment,
// repetition or component that have nothing behind them. Values, and empty
// repetitions between others, are as they were. Writing the canonical form of
// a canonical message changes nothing.
func (m *Message) AppendCanonical(dst []byte) []byte {
	begin := len(dst)
	for s := range m.Segments("") {
		_, _, lo, hi := s.span()
		x := &m.index
		first := x.fields[lo]
		start := x.segs[s.i].start
		if s.isHeaderSegment() && lo < hi { // MSH-2 is written as it is
			lo++
			first = x.fields[lo]
		}
		last := x.fields[hi]
		before := len(dst)
		dst = append(dst, m.data[start:x.marks[first].at()]...)
		floor := len(dst) // what is not trimmed
		for k := first; k < last; k++ {
			mark := x.marks[k]
			dst = m.trim(dst, floor, mark&kindMask)
			at, end := mark.at(), x.marks[k+1].at()
			dst = append(dst, m.data[at:end]...)
			if end > at+1 {
				floor = len(dst) // a value, which may end in half a character that looks like a delimiter
			}
		}
		dst = m.trim(dst, floor, kindEnd)
		if len(dst) > before { // a segment without an id and a value is a blank line
			dst = append(dst, '\r')
		}
	}
	if n := len(dst) - 1; n > begin && (dst[n-1] == 0 || dst[n-1] == 0x1c || dst[n-1] == 0x1a || dst[n-1] == '\n') {
		dst = append(dst[:n], m.delims.Field, '\r') // a last value that would look like padding
	}
	return dst
}

// trim drops the delimiters at the end of dst that a following delimiter of a
// kind makes superfluous: those of lower levels.
func (m *Message) trim(dst []byte, floor int, kind Mark) []byte {
	for len(dst) > floor {
		c := dst[len(dst)-1]
		lower := c == m.delims.Subcomponent && kind != kindSubcomponent && c != 0 ||
			c == m.delims.Component && kind != kindSubcomponent && kind != kindComponent && c != 0 ||
			c == m.delims.Repetition && (kind == kindField || kind == kindEnd) && c != 0 ||
			c == m.delims.Field && kind == kindEnd
		if !lower {
			break
		}
		dst = dst[:len(dst)-1]
	}
	return dst
}

// Truncated reports whether the sender cut the value short: its last
// character is the truncation character that MSH-2 declares (chapter 2.5.5.2
// of version 2.7).
func (v Value) Truncated() bool {
	if v.m == nil || v.m.delims.Truncation == 0 {
		return false
	}
	return bytes.HasSuffix(v.Leaf().Raw(), []byte{v.m.delims.Truncation}) && !v.m.isDelimiterField(v)
}
