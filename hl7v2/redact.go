package hl7v2

import "unicode"

// Redacted returns a copy of the message in which every value is masked except
// those under the given paths: letters become X or x and digits 1, so that
// lengths, dates that can be read, and every delimiter stay. Nulls and empty
// values stay; escape sequences for characters become x, those for formatting
// stay. MSH-1, MSH-2, MSH-9 to MSH-12 and MSH-18, without which the copy could
// not be read, are always kept.
//
// A path without a field keeps the whole segment, one without numbers keeps
// all segments and repetitions: OBX-3 keeps what was measured, PID-8 the sex.
// What stands around the message is left out.
func (m *Message) Redacted(keep ...Path) *Message {
	keep = append([]Path{{Segment: "MSH", Field: 9}, {Segment: "MSH", Field: 10}, {Segment: "MSH", Field: 11}, {Segment: "MSH", Field: 12}, {Segment: "MSH", Field: 18}}, keep...)
	var out []byte
	x := &m.index
	occurrences := map[string]int{}
	for s := range m.Segments("") {
		_, end, lo, hi := s.span()
		id := string(s.id())
		occurrences[id]++
		first := x.fields[lo]
		start := x.segs[s.i].start
		at := x.marks[first].at()
		place := Path{Segment: id, Occur: occurrences[id], Field: 0, Rep: 1, Comp: 1, Sub: 1}
		if s.isHeaderSegment() { // MSH-1 and MSH-2
			first++
			at = x.marks[first].at()
			place.Field = 2
		}
		if isSegmentID(s.id()) {
			out = append(out, m.data[start:at]...)
		} else { // what a line that is no segment begins with could be anything
			out = m.appendMasked(out, m.data[start:at])
		}
		for k := first; k < x.fields[hi]; k++ {
			mark := x.marks[k]
			switch mark & kindMask {
			case kindField:
				place.Field, place.Rep, place.Comp, place.Sub = place.Field+1, 1, 1, 1
			case kindRepetition:
				place.Rep, place.Comp, place.Sub = place.Rep+1, 1, 1
			case kindComponent:
				place.Comp, place.Sub = place.Comp+1, 1
			case kindSubcomponent:
				place.Sub++
			}
			at, next := mark.at(), x.marks[k+1].at()
			out = append(out, m.data[at])
			leaf := Value{m: m, lo: k + 1, hi: k + 1, start: at + 1, end: next, level: levelLeaf}
			if leaf.State() != Present || kept(keep, place) {
				out = append(out, leaf.Raw()...)
			} else {
				out = m.appendMasked(out, leaf.Raw())
			}
		}
		stop := m.end
		if next := int(s.i) + 1; next < m.Len() {
			stop = int(x.segs[next].start)
		}
		for _, c := range m.data[end:stop] {
			if c == '\r' || c == '\n' {
				out = append(out, c)
			}
		}
	}
	out = append(out, '\r')
	p := m.parser
	p.Strict = false
	p.Limits.Bytes, p.Limits.Segments = -1, -1 // as m has, but for an end of its last segment
	c := new(Message)
	if err := p.ParseInto(c, out); err != nil {
		panic("hl7v2: a redacted message cannot be read: " + err.Error())
	}
	c.owned = true
	return c
}

// kept reports whether a place is under one of the paths.
func kept(paths []Path, at Path) bool {
	same := func(want, have int) bool { return want == 0 || want == have }
	for _, p := range paths {
		if p.Segment == at.Segment && same(p.Occur, at.Occur) && same(p.Field, at.Field) && same(p.Rep, at.Rep) && same(p.Comp, at.Comp) && same(p.Sub, at.Sub) {
			return true
		}
	}
	return false
}

// appendMasked appends raw with its letters and digits masked.
func (m *Message) appendMasked(dst, raw []byte) []byte {
	e := m.delims.Escape
	if m.charset.hidesDelimiters() {
		raw, e = m.decoded(nil, raw), 0 // ASCII stands for it all
	}
	for len(raw) > 0 {
		if raw[0] == e && e != 0 {
			s := m.delims.sequence(raw)
			raw = raw[len(s.raw):]
			switch s.kind {
			case highlightSequence, formatSequence:
				dst = append(dst, s.raw...)
			default:
				dst = append(dst, 'x')
			}
			continue
		}
		c, n := m.firstRune(raw)
		raw = raw[n:]
		dst = append(dst, mask(c, m))
	}
	return dst
}

// firstRune returns a character of raw, if only for its kind, and its length.
func (m *Message) firstRune(raw []byte) (rune, int) {
	if raw[0] < 0x80 {
		return rune(raw[0]), 1
	}
	if m.charset.charmap() != nil {
		return 'x', 1
	}
	for n, c := range string(raw) {
		if n > 0 {
			return 'x', n
		}
		_ = c
	}
	return 'x', len(raw)
}

func mask(c rune, m *Message) byte {
	switch {
	case c >= 0x80 || unicode.IsLower(c):
		return 'x'
	case unicode.IsUpper(c):
		return 'X'
	case unicode.IsDigit(c):
		return '1'
	case c < ' ' || m.delims.mustEscape(byte(c)):
		return 'x'
	}
	return byte(c)
}
