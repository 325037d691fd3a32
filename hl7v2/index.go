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
	marks  []uint32
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

// matchStandard has the high bit of each byte set that is | ^ ~ & \ or a
// control character. The four of | (7C) ~ (7E) \ (5C) ^ (5E) differ in two
// bits only and are one comparison.
func matchStandard(w uint64) uint64 {
	a := (w | 0x22*ones) ^ 0x7e*ones
	b := w ^ '&'*ones
	a = (a&low7 + low7) | a
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

// scan indexes data[from:], where from is behind MSH-2 and the tables already
// hold the marks before it. first is where the header segment starts. It
// stops early, with the offset, at the start of a second message and at the
// limit of segments.
func (x *index) scan(data []byte, first, from int, classes *classTable, d Delimiters, maxSegments int) (problem Code, at int) {
	fast := d.standard()
	var other matcher
	if !fast {
		other = newMatcher(d)
	}
	// The tables are used at their full capacity and cut at the end.
	marks, fields := x.marks[:cap(x.marks)], x.fields[:cap(x.fields)]
	nm, nf := len(x.marks), len(x.fields)
	start, startMarks, startFields := first, 0, 0
	quiet := 0
	for i := from; i <= len(data); i += 8 {
		var w uint64
		if i+8 <= len(data) {
			w = binary.LittleEndian.Uint64(data[i:])
		} else {
			// The last word ends in a terminator that closes the last segment.
			var tail [8]byte
			n := copy(tail[:], data[i:])
			tail[n] = '\r'
			for n++; n < 8; n++ {
				tail[n] = ' '
			}
			w = binary.LittleEndian.Uint64(tail[:])
		}
		var hits uint64
		if fast {
			hits = matchStandard(w)
		} else {
			hits = other.match(w)
		}
		if hits == 0 {
			if quiet++; quiet == quietWords {
				quiet = 0
				i = skipQuiet(data, i+8, d) - 8
			}
			continue
		}
		quiet = 0
		if nm+8 > len(marks) {
			marks = grow(marks)
		}
		if nf+8 > len(fields) {
			fields = grow(fields)
		}
		for ; hits != 0; hits &= hits - 1 {
			bit := bits.TrailingZeros64(hits) &^ 7
			kind := classes[byte(w>>(bit&63))]
			mark := uint32(i*8+bit) | uint32(kind)
			if kind >= kindSubcomponent {
				marks[nm] = mark
				fields[nf] = uint32(nm)
				nm++
				nf += int(kind & 1)
				continue
			}
			if kind == kindNone {
				continue
			}
			end := int(mark >> kindBits)
			for start < end && isBlank(data[start]) {
				start++
			}
			if start == end && startMarks == nm { // a blank line, or the LF of a CRLF
				start = end + 1
				continue
			}
			if start != first && isHeader(data[start:end]) {
				problem, at = CodeMultipleMessages, start
			} else if len(x.segs) == maxSegments {
				problem, at = CodeLimit, start
			}
			if problem != "" {
				nm, nf = startMarks, startFields
				hits, i = 1, len(data) // leave both loops
				continue
			}
			marks[nm] = mark
			fields[nf] = uint32(nm)
			nm++
			nf++
			x.segs = append(x.segs, segmentMark{uint32(start), uint32(startFields)})
			start, startMarks, startFields = end+1, nm, nf
		}
	}
	x.marks, x.fields = marks[:nm], fields[:nf]
	x.segs = append(x.segs, segmentMark{uint32(len(data)), uint32(nf)}) // a sentinel
	return problem, at
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
func grow(t []uint32) []uint32 {
	t = slices.Grow(t, max(64, len(t)))
	return t[:cap(t)]
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// isHeader reports whether a segment starts a message or an envelope.
func isHeader(segment []byte) bool {
	return len(segment) > 3 && segment[1] == 'S' && segment[0] == 'M' && segment[2] == 'H' && delimiterAllowed(segment[3])
}
