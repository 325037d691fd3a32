package hl7v2

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// The index of a message is three flat tables over its bytes:
//
//	marks   every delimiter: offset<<3 | kind
//	fields  the marks that are field separators or segment ends
//	segs    where each segment starts, in the bytes and in fields
//
// Everything else (a repetition, a component) is found by walking the few
// marks between two fields.
type index struct {
	marks  []Mark
	fields []uint32
	segs   []segmentMark
}

type segmentMark struct {
	start  uint32 // offset of the segment's first byte
	fields uint32 // in fields: the mark behind the segment id
}

// The kinds of mark. Odd kinds stand in fields as well; those below kindSub
// leave the fast path of the scan.
const (
	kindNone         = 0
	kindEnd          = 1
	kindSubcomponent = 2
	kindField        = 3
	kindComponent    = 4
	kindRepetition   = 6

	kindBits = 3
	kindMask = 1<<kindBits - 1
	maxBytes = 1<<(32-kindBits) - 1
)

// classTable gives each byte its kind of mark.
type classTable [256]uint8

var standardClasses = classTable{
	'|': kindField, '^': kindComponent, '~': kindRepetition, '&': kindSubcomponent, '\r': kindEnd, '\n': kindEnd,
}

// fill sets the table for other delimiters. lf says whether a line feed ends
// a segment.
func (t *classTable) fill(d Delimiters, lf bool) {
	*t = classTable{}
	t[d.Subcomponent] = kindSubcomponent
	t[d.Repetition] = kindRepetition
	t[d.Component] = kindComponent
	t[0] = kindNone // what is not declared does not split
	t[d.Field] = kindField
	t['\r'] = kindEnd
	if lf {
		t['\n'] = kindEnd
	}
}

// Constants of word-at-a-time matching: every byte of the word the same.
const (
	ones  = 0x0101010101010101
	low7  = 0x7f7f7f7f7f7f7f7f
	highs = 0x8080808080808080
)

// matchStandard has the high bit of each byte set that is | ^ ~ or & or a
// control character. | (7C) ~ (7E) ^ (5E) and \ (5C) differ in two bits only,
// so they are one comparison; the one with neither bit is dropped again.
func matchStandard(w uint64) uint64 {
	a := (w | 0x22*ones) ^ 0x7e*ones
	b := w ^ '&'*ones
	a = (a&low7 + low7) | a | ^(w<<2 | w<<6)
	b = (b&low7 + low7) | b
	c := (w&low7 + 0x60*ones) | w
	return ^(a & b & c) & highs
}

// matcher finds the bytes of any four delimiters and control characters.
type matcher [4]uint64

func newMatcher(d Delimiters) matcher {
	m := matcher{uint64(d.Field) * ones, uint64(d.Component) * ones, uint64(d.Repetition) * ones, uint64(d.Subcomponent) * ones}
	for i := range m {
		if m[i] == 0 {
			m[i] = m[0]
		}
	}
	return m
}

func (m *matcher) match(w uint64) uint64 {
	t := (w&low7 + 0x60*ones) | w
	for _, p := range m {
		x := w ^ p
		t &= (x&low7 + low7) | x
	}
	return ^t & highs
}

// quietWords is how many words without a hit make the scan look for the next
// delimiter with the vector search of package bytes instead.
const quietWords = 12

// scan indexes data[from:], where from is behind MSH-2 and marks already holds
// the mark before it; first is where the header segment starts. It stops
// early, with the offset, at the start of a second message and at the limit of
// segments.
//
// There are two passes: the first does no more than find positions, which
// keeps it free of branches that cannot be predicted; the second gives them
// their kinds and fills the other tables.
func (x *index) scan(data []byte, first, from int, classes *classTable, d Delimiters, maxSegments int) (problem Code, at int) {
	if d.standard() {
		x.find(data, from, d)
	} else {
		x.findOther(data, from, d)
	}
	return x.classify(data, first, classes, maxSegments)
}

// find appends the positions of delimiters and control characters to marks.
func (x *index) find(data []byte, from int, d Delimiters) {
	marks := x.marks[:cap(x.marks)] // cut to size at the end
	n := len(x.marks)
	quiet := 0
	i := from
	for i+8 <= len(data) {
		hits := matchStandard(binary.LittleEndian.Uint64(data[i:]))
		if hits == 0 {
			i += 8
			if quiet++; quiet == quietWords {
				quiet = 0
				i = skipQuiet(data, i, d)
			}
			continue
		}
		quiet = 0
		if n+8 > len(marks) {
			marks = grow(marks)
		}
		for ; hits != 0; hits &= hits - 1 {
			marks[n] = Mark(i + bits.TrailingZeros64(hits)>>3)
			n++
		}
		i += 8
	}
	x.marks = marks[:n]
	for ; i < len(data); i++ {
		if c := data[i]; c < ' ' || standardClasses[c] != kindNone {
			x.marks = append(x.marks, Mark(i))
		}
	}
}

// findOther is find for other than the usual delimiters.
func (x *index) findOther(data []byte, from int, d Delimiters) {
	marks := x.marks[:cap(x.marks)]
	n := len(x.marks)
	m := newMatcher(d)
	quiet := 0
	i := from
	for i+8 <= len(data) {
		hits := m.match(binary.LittleEndian.Uint64(data[i:]))
		if hits == 0 {
			i += 8
			if quiet++; quiet == quietWords {
				quiet = 0
				i = skipQuiet(data, i, d)
			}
			continue
		}
		quiet = 0
		if n+8 > len(marks) {
			marks = grow(marks)
		}
		for ; hits != 0; hits &= hits - 1 {
			marks[n] = Mark(i + bits.TrailingZeros64(hits)>>3)
			n++
		}
		i += 8
	}
	x.marks = marks[:n]
	for ; i < len(data); i++ {
		switch c := data[i]; c {
		case d.Field, d.Component, d.Repetition, d.Subcomponent, '\r', '\n':
			x.marks = append(x.marks, Mark(i))
		}
	}
}

// classify turns the positions behind the first mark into marks, drops those
// that are none, and fills fields and segs.
func (x *index) classify(data []byte, first int, classes *classTable, maxSegments int) (problem Code, at int) {
	x.marks = append(x.marks, 0) // for the end of the last segment
	marks := x.marks
	if least := len(marks)*3/4 + 8; cap(x.fields) < least {
		x.fields = make([]uint32, least)
	}
	fields := x.fields[:cap(x.fields)]
	fields[0] = 0 // the mark before MSH-2
	nm, nf := 1, 1
	s := segmentMark{uint32(first), 0}
	started := 0 // nm where the segment starts
	found := marks[1 : len(marks)-1]
	for len(found) > 0 {
		if nf == len(fields) {
			fields = grow(fields)
		}
		run := found[:min(len(found), len(fields)-nf)]
		taken, separators := classifyRun(data, run, marks[nm:], fields[nf:], uint32(nm), classes)
		nm, nf, found = nm+taken, nf+separators, found[taken:]
		if taken == len(run) {
			continue
		}
		p := found[0]
		found = found[1:]
		if classes[data[p]] == kindNone {
			continue
		}
		if blank := s.trim(data, uint32(p)); blank && nm == started {
			s.start = uint32(p) + 1
			continue
		}
		if problem = x.segment(data[s.start:p], first, s, maxSegments); problem != "" {
			x.marks, x.fields = marks[:started], fields[:s.fields]
			return problem, int(s.start)
		}
		marks[nm], fields[nf] = p<<kindBits|kindEnd, uint32(nm)
		nm++
		nf++
		s, started = segmentMark{uint32(p) + 1, uint32(nf)}, nm
	}
	end := uint32(len(data))
	if blank := s.trim(data, end); !blank || nm > started {
		if problem = x.segment(data[s.start:], first, s, maxSegments); problem != "" {
			x.marks, x.fields = marks[:started], fields[:s.fields]
			return problem, int(s.start)
		}
		marks[nm] = Mark(end)<<kindBits | kindEnd
		x.fields = append(fields[:nf], uint32(nm))
		nm, nf = nm+1, nf+1
		fields = x.fields
	}
	x.marks, x.fields = marks[:nm], fields[:nf]
	x.segs = append(x.segs, segmentMark{end, uint32(nf)}) // a sentinel
	return "", 0
}

// classifyRun turns positions into marks, up to the first control character.
// It returns how many it has done, and how many of them are field separators.
// The number of the first mark is base.
func classifyRun(data []byte, found, marks []Mark, fields []uint32, base uint32, classes *classTable) (taken, separators int) {
	marks = marks[:len(found)]
	for i, p := range found {
		kind := Mark(classes[data[p]])
		if kind < kindSubcomponent {
			return i, separators
		}
		marks[i] = p<<kindBits | kind
		fields[separators] = base + uint32(i)
		separators += int(kind & 1)
	}
	return len(found), separators
}

// trim moves the start of a segment that ends at end behind its blanks, and
// reports whether nothing is left of it.
func (s *segmentMark) trim(data []byte, end uint32) (blank bool) {
	for s.start < end && isBlank(data[s.start]) {
		s.start++
	}
	return s.start == end
}

// segment adds a segment with its bytes.
func (x *index) segment(bytes []byte, first int, s segmentMark, maxSegments int) Code {
	switch {
	case int(s.start) != first && isHeader(bytes):
		return CodeMultipleMessages
	case len(x.segs) == maxSegments:
		return CodeLimit
	}
	x.segs = append(x.segs, s)
	return ""
}

// skipQuiet returns the offset, at or after from, of the next delimiter or
// line end, or the end of data. It may return less.
func skipQuiet(data []byte, from int, d Delimiters) int {
	for size := 256; from < len(data); size = min(size*2, 16<<10) {
		run := data[from:min(from+size, len(data))]
		found := false
		for _, c := range [...]byte{d.Field, d.Component, d.Repetition, d.Subcomponent, '\r', '\n'} {
			if c == 0 {
				continue
			}
			if p := bytes.IndexByte(run, c); p >= 0 {
				run, found = run[:p], true
			}
		}
		from += len(run)
		if found {
			break
		}
	}
	return from
}

// grow doubles a table.
func grow[T Mark | uint32](t []T) []T {
	t = slices.Grow(t, max(64, len(t)))
	return t[:cap(t)]
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// isHeader reports whether a segment starts a message or an envelope.
func isHeader(segment []byte) bool {
	return len(segment) > 3 && segment[1] == 'S' && segment[0] == 'M' && segment[2] == 'H' && delimiterAllowed(segment[3])
}
