package hl7v2

import (
	"bytes"
	"errors"
	"fmt"
)

var (
	errSegmentID    = errors.New("a segment id is a capital letter and two capital letters or digits")
	errSegmentPlace = errors.New("a segment stands behind MSH, which stays the first")
)

// New makes a message that consists of a header: MSH-9, MSH-10, MSH-11 (P) and
// MSH-12. Segments are then added with InsertSegment, and values with Set and
// Write. A text in UTF-8 needs MSH-18 first:
//
//	m.Set("MSH-18", "UNICODE UTF-8")
func New(d Delimiters, t MSG, controlID, version string) (*Message, error) {
	m, err := Parse(fmt.Appendf(nil, "MSH%c%s%c%c%c%c%c%c\r", d.Field, d.Encoding(), d.Field, d.Field, d.Field, d.Field, d.Field, d.Field))
	if err != nil {
		return nil, err
	}
	m.owned = true
	if err := m.Write("MSH-9", &t); err != nil {
		return nil, err
	}
	if err := errors.Join(m.Set("MSH-10", controlID), m.Set("MSH-11", "P"), m.Set("MSH-12", version)); err != nil {
		return nil, err
	}
	return m, nil
}

// InsertSegment puts an empty segment at place i, counted from 0 like
// SegmentAt, and moves the others behind it; i = Len appends. Views taken
// before are no longer valid.
func (m *Message) InsertSegment(i int, id string) (Segment, error) {
	if !isSegmentID([]byte(id)) {
		return Segment{}, Issue{Severity: Error, Code: CodeSegmentID, Offset: -1, Clause: "2.5.1", Err: errSegmentID}
	}
	return m.insert(i, []byte(id))
}

// insert puts the bytes of a segment at place i. It ends like the segment
// before it.
func (m *Message) insert(i int, raw []byte) (Segment, error) {
	if i < 1 || i > m.Len() {
		return Segment{}, Issue{Severity: Error, Code: CodePath, Offset: -1, Err: errSegmentPlace}
	}
	_, end, _, _ := m.SegmentAt(i - 1).span()
	ending := []byte{'\r'}
	if rest := m.data[end:]; len(rest) > 0 && rest[0] == '\n' {
		ending = []byte{'\n'}
	} else if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
		ending = []byte("\r\n")
	}
	// The new segment stands before the terminator that is there already.
	if err := m.splice(int(end), int(end), append(ending, raw...)); err != nil {
		return Segment{}, err
	}
	return m.SegmentAt(i), nil
}

// RemoveSegment takes segment i out, with its terminator. MSH stays.
func (m *Message) RemoveSegment(i int) error {
	if i < 1 || i >= m.Len() {
		return Issue{Severity: Error, Code: CodePath, Offset: -1, Err: errSegmentPlace}
	}
	// With the terminator before it, so that what ends the message stays.
	_, from, _, _ := m.SegmentAt(i - 1).span()
	_, to, _, _ := m.SegmentAt(i).span()
	return m.splice(int(from), int(to), nil)
}

// CopySegment puts a copy of a segment, which may be of another message, at
// place i. Values keep their text and formatting where the delimiters or
// character sets of the messages differ; text that this message cannot hold is
// an error. A header segment cannot be copied.
func (m *Message) CopySegment(i int, from Segment) (Segment, error) {
	if !from.Exists() || from.isHeaderSegment() {
		return Segment{}, Issue{Severity: Error, Code: CodePath, Offset: -1, Err: errSegmentPlace}
	}
	raw := append([]byte(nil), from.id()...)
	for _, f := range from.Fields() {
		var err error
		raw = append(raw, m.delims.Field)
		if raw, err = m.appendCopy(raw, f); err != nil {
			return Segment{}, err
		}
	}
	return m.insert(i, raw)
}

// CopyValue writes a copy of a value, which may be of another message, over the
// whole element that a path names, in the way of CopySegment.
func (m *Message) CopyValue(path string, from Value) error {
	raw, err := m.appendCopy(nil, from)
	if err != nil {
		return err
	}
	return m.SetRaw(path, raw)
}

// appendCopy appends the bytes of a value as they must stand in m.
func (m *Message) appendCopy(dst []byte, v Value) ([]byte, error) {
	from := v.m
	if from == nil {
		return dst, nil
	}
	if from.delims == m.delims && from.charset == m.charset && from.parser.Terminators == m.parser.Terminators {
		return append(dst, v.Raw()...), nil
	}
	k := v.lo
	for leaf := range v.Leaves() {
		var err error
		if dst, err = m.appendLeaf(dst, leaf); err != nil {
			return dst, err
		}
		if k == v.hi {
			break
		}
		d := byte(0)
		switch from.index.marks[k] & kindMask {
		case kindRepetition:
			d = m.delims.Repetition
		case kindComponent:
			d = m.delims.Component
		case kindSubcomponent:
			d = m.delims.Subcomponent
		}
		if d == 0 {
			return dst, Issue{Severity: Error, Code: CodeEncodingCharacters, Path: v.Path(), Offset: -1, Err: errTooDeep}
		}
		dst = append(dst, d)
		k++
	}
	return dst, nil
}

// appendLeaf appends an innermost value of another message.
func (m *Message) appendLeaf(dst []byte, leaf Value) ([]byte, error) {
	from, raw := leaf.m, leaf.Raw()
	if leaf.State() == Null {
		return append(dst, raw...), nil
	}
	if from.charset.hidesDelimiters() {
		raw = from.decoded(nil, raw)
	}
	var err error
	text := func(b []byte) {
		t := b
		if !from.charset.hidesDelimiters() {
			t = from.decoded(nil, b)
		}
		out, e := m.charset.encode(m.delims.EscapeText(t))
		if e != nil && err == nil {
			err = Issue{Severity: Error, Code: CodeCharset, Path: leaf.Path(), Offset: -1, Clause: "2.14.9.18", Err: e}
		}
		dst = append(dst, out...)
	}
	var run []byte // text with the sequences for characters read
	e := from.delims.Escape
	for len(raw) > 0 {
		open := bytes.IndexByte(raw, e)
		if e == 0 || open < 0 {
			open = len(raw)
		}
		run = append(run, raw[:open]...)
		if raw = raw[open:]; len(raw) == 0 {
			break
		}
		s := from.delims.sequence(raw)
		raw = raw[len(s.raw):]
		switch s.kind {
		case highlightSequence, formatSequence, localSequence, charsetSequence:
			text(run)
			run = run[:0]
			if m.delims.Escape != 0 {
				dst = append(dst, m.delims.Escape)
				dst = append(append(dst, s.body()...), m.delims.Escape)
			}
		default:
			run = from.delims.appendSequence(run, s)
		}
	}
	text(run)
	return dst, err
}
