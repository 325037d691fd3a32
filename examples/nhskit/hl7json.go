package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
)

// jsonStream writes JSON piece by piece, for what may be too long to gather.
// It remembers the first error of the writer.
type jsonStream struct {
	out  *bufio.Writer
	buf  []byte
	text []byte // the value that is being written
	err  error
}

// pieceSize is how many bytes are handed on at once.
const pieceSize = 16 << 10

// raw writes what is JSON already.
func (s *jsonStream) raw(text string) {
	s.buf = append(s.buf, text...)
	s.pass(pieceSize)
}

// string writes a text as a string of JSON.
func (s *jsonStream) string(text string) {
	s.text = append(s.text[:0], text...)
	s.buf = appendJSONText(s.buf, s.text)
	s.pass(pieceSize)
}

// value writes a value as package json does.
func (s *jsonStream) value(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); s.err == nil {
		s.err = err
	}
	s.raw(strings.TrimSuffix(b.String(), "\n"))
}

// pass hands on what is waiting if there are at least so many bytes of it.
func (s *jsonStream) pass(least int) {
	if len(s.buf) < least {
		return
	}
	if _, err := s.out.Write(s.buf); s.err == nil {
		s.err = err
	}
	s.buf = s.buf[:0]
}

// end ends the line and returns what went wrong.
func (s *jsonStream) end() error {
	s.raw("\n")
	s.pass(0)
	return s.err
}

// appendJSONText appends text as a string of JSON, as package json writes it
// without escapes for HTML.
func appendJSONText(b, text []byte) []byte {
	b = append(b, '"')
	from := 0 // what has not been appended
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		escape := ""
		switch {
		case c == '"' || c == '\\':
			escape = `\` + string(r)
		case c == '\b':
			escape = `\b`
		case c == '\f':
			escape = `\f`
		case c == '\n':
			escape = `\n`
		case c == '\r':
			escape = `\r`
		case c == '\t':
			escape = `\t`
		case c < ' ' || r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029':
			b = append(b, text[from:i]...)
			b = fmt.Appendf(b, `\u%04x`, r)
			i, from = i+size, i+size
			continue
		default:
			i += size
			continue
		}
		b = append(append(b, text[from:i]...), escape...)
		i, from = i+size, i+size
	}
	return append(append(b, text[from:]...), '"')
}

// hl7Value writes a field (level 0), repetition, component or subcomponent: as
// a list of repetitions of components of subcomponents, as null for the HL7 null
// and as [] for what is absent. An innermost value that is absent is "".
func (s *jsonStream) hl7Value(v hl7v2.Value, level int) {
	switch {
	case v.State() == hl7v2.Null:
		s.raw("null")
		return
	case level == 3:
		s.text = v.AppendText(s.text[:0])
		s.buf = appendJSONText(s.buf, s.text)
		s.pass(pieceSize)
		return
	case v.State() == hl7v2.Absent:
		s.raw("[]")
		return
	}
	s.raw("[")
	switch level {
	case 0:
		for n, rep := range v.Reps() {
			s.hl7Child(n, rep, 1)
		}
	case 1:
		for n, component := range v.Components() {
			s.hl7Child(n, component, 2)
		}
	case 2:
		for n, sub := range v.Subs() {
			s.hl7Child(n, sub, 3)
		}
	}
	s.raw("]")
}

func (s *jsonStream) hl7Child(n int, v hl7v2.Value, level int) {
	if n > 1 {
		s.raw(",")
	}
	s.hl7Value(v, level)
}

// hl7Got writes an innermost value with its state and offset, of a message that
// begins at base.
func (s *jsonStream) hl7Got(leaf hl7v2.Value, base int) {
	at := leaf.Offset()
	if at >= 0 {
		at += base
	}
	s.buf = append(append(append(s.buf, `{"state":"`...), leaf.State().String()...), `","value":`...)
	s.text = leaf.AppendText(s.text[:0])
	s.buf = appendJSONText(s.buf, s.text)
	s.buf = append(strconv.AppendInt(append(s.buf, `,"offset":`...), int64(at), 10), '}')
	s.pass(pieceSize)
}

// hl7Message writes a message with its segments and fields.
func (s *jsonStream) hl7Message(m *hl7v2.Message) {
	msh := m.SegmentAt(0)
	s.raw(`{"type":`)
	s.string(hl7Type(m))
	s.raw(`,"controlId":`)
	s.string(msh.Field(10).Text())
	s.raw(`,"version":`)
	s.string(msh.Field(12).Text())
	s.raw(`,"segments":[`)
	for i := range m.Len() {
		if i > 0 {
			s.raw(",")
		}
		segment := m.SegmentAt(i)
		s.raw(`{"id":`)
		s.string(segment.ID())
		s.raw(`,"fields":[`)
		for n, field := range segment.Fields() {
			if n > 1 {
				s.raw(",")
			}
			s.hl7Value(field, 0)
		}
		s.raw("]}")
	}
	s.raw("]}")
}
