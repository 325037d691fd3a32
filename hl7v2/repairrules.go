package hl7v2

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// repairEncodingCharacters is the rule of that name.
func (m *Message) repairEncodingCharacters(edit func(start, end int, with string)) {
	start := m.begin + 4
	_, end, _ := readDelimiters(m.data[:m.end], m.begin)
	enc := m.data[start:end]
	d := m.delims
	var added []byte
	for i, to := range [...]*byte{&d.Component, &d.Repetition, &d.Escape, &d.Subcomponent} {
		if *to != 0 {
			continue
		}
		c := `^~\&`[i]
		if c == d.Field || c == d.Component || c == d.Repetition || c == d.Escape || c == d.Subcomponent {
			return // it is taken for something else: what is meant is anybody's guess
		}
		*to = c
		added = append(added, c)
	}
	if d.Truncation != 0 && m.SegmentAt(0).Field(12).Text() < "2.7" {
		d.Truncation = 0
	}
	edit(start, start+len(enc), d.Encoding())
	if len(added) == 0 || m.charset.hidesDelimiters() {
		return
	}
	// What separates or escapes now has been text until now.
	m.eachRaw(func(at int, raw []byte) {
		for i, c := range raw {
			if bytes.IndexByte(added, c) >= 0 {
				edit(at+i, at+i+1, string(d.AppendEscaped(nil, raw[i:i+1])))
			}
		}
	})
}

// eachRaw calls fn for the innermost values with the place of their bytes, but
// for MSH-1 and MSH-2, and for what stands where the id of a segment should.
func (m *Message) eachRaw(fn func(at int, raw []byte)) {
	for s := range m.Segments("") {
		if id := s.id(); !isSegmentID(id) {
			fn(s.Offset(), id)
		}
		for n, f := range s.Fields() {
			if n <= 2 && s.isHeaderSegment() {
				continue
			}
			for leaf := range f.Leaves() {
				if raw := leaf.Raw(); len(raw) > 0 {
					fn(leaf.Offset(), raw)
				}
			}
		}
	}
}

// lineBreak is the sequence for a line break, if the message can have one.
func (m *Message) lineBreak() string {
	if m.delims.Escape == 0 {
		return ""
	}
	return fmt.Sprintf("%c.br%c", m.delims.Escape, m.delims.Escape)
}

// repairContinuations is the rule of that name.
func (m *Message) repairContinuations(edit func(start, end int, with string)) {
	br := m.lineBreak()
	if br == "" {
		return
	}
	for s := range m.Segments("") {
		if s.i > 0 && !isSegmentID(s.id()) {
			if previous := m.SegmentAt(int(s.i) - 1); previous.isHeaderSegment() && previous.NumFields() <= 2 {
				continue // which has no value to join it to
			}
			at := s.Offset()
			end := len(bytes.TrimRight(m.data[:at], "\r\n \t"))
			m.repairLast(end, edit)
			edit(end, at, br)
		}
		if m.parser.Terminators != CROnly {
			continue
		}
		at := s.Offset()
		for i, c := range bytes.TrimRight(s.Raw(), "\r\n \t") {
			if c == '\n' {
				edit(at+i, at+i+1, br)
			}
		}
	}
}

// repairLast escapes the lone escape characters in the value that ends at an
// offset, which would make a sequence with what is joined to it.
func (m *Message) repairLast(end int, edit func(start, end int, with string)) {
	d := m.delims
	start := end
	for start > 0 && m.data[start-1] != d.Field && m.data[start-1] != '\r' && m.data[start-1] != '\n' {
		start--
	}
	for i := end; i > start; i-- { // from the last delimiter on
		if c := m.data[i-1]; c == d.Component || c == d.Repetition || c == d.Subcomponent {
			start = i
		}
	}
	if m.charset.hidesDelimiters() {
		return
	}
	d.eachSequence(start, m.data[start:end], func(at int, s sequence) {
		if s.kind == notASequence {
			m.repairLone(at, s, edit)
		}
	})
}

// repairTerminators is the rule of that name.
func (m *Message) repairTerminators(edit func(start, end int, with string)) {
	edit(0, m.begin, "")
	for s := range m.Segments("") {
		end := s.Offset() + len(s.Raw())
		next := len(m.data)
		if i := int(s.i) + 1; i < m.Len() {
			next = m.SegmentAt(i).Offset()
		}
		edit(end, next, "\r")
	}
}

// eachSequence calls fn for the escape sequences in the innermost values, and
// for escape characters that begin none.
func (m *Message) eachSequence(fn func(at int, s sequence)) {
	d := m.delims
	if d.Escape == 0 || m.charset.hidesDelimiters() {
		return
	}
	m.eachRaw(func(at int, raw []byte) { d.eachSequence(at, raw, fn) })
}

func (d Delimiters) eachSequence(at int, raw []byte, fn func(at int, s sequence)) {
	for {
		i := bytes.IndexByte(raw, d.Escape)
		if i < 0 {
			return
		}
		s := d.sequence(raw[i:])
		fn(at+i, s)
		raw, at = raw[i+len(s.raw):], at+i+len(s.raw)
	}
}

// repairEscapes is the rule of that name.
func (m *Message) repairEscapes(edit func(start, end int, with string)) {
	m.eachSequence(func(at int, s sequence) {
		if s.kind == notASequence {
			m.repairLone(at, s, edit)
		}
	})
}

// repairLone escapes the escape characters of what is no sequence.
func (m *Message) repairLone(at int, s sequence, edit func(start, end int, with string)) {
	for i, c := range s.raw {
		if c == m.delims.Escape {
			edit(at+i, at+i+1, string([]byte{c, 'E', c}))
		}
	}
}

// repairDoubleEscapes is the rule of that name.
func (m *Message) repairDoubleEscapes(edit func(start, end int, with string)) {
	d := m.delims
	e := []byte{d.Escape, 'E', d.Escape}
	if d.Escape == 0 || m.charset.hidesDelimiters() {
		return
	}
	m.eachRaw(func(at int, raw []byte) {
		for {
			open := bytes.Index(raw, e)
			if open < 0 {
				return
			}
			raw, at = raw[open:], at+open
			end := bytes.Index(raw[3:], e)
			if end < 0 {
				return
			}
			body := raw[3 : 3+end]
			whole := append(append([]byte{d.Escape}, body...), d.Escape)
			s := d.sequence(whole)
			if len(s.raw) != len(whole) || s.kind != hexSequence && s.kind != formatSequence {
				raw, at = raw[3:], at+3
				continue
			}
			edit(at, at+3, string(d.Escape))
			edit(at+3+end, at+6+end, string(d.Escape))
			raw, at = raw[6+end:], at+6+end
		}
	})
}

// eachTextField calls fn for the repetitions of the fields that hold text and
// no components.
func (m *Message) eachTextField(fn func(rep Value)) {
	for s := range m.Segments("") {
		n := 0
		switch {
		case s.Is("NTE"):
			n = 3
		case s.Is("OBX"):
			if typ := s.Field(2); typ.Equal("ST") || typ.Equal("TX") || typ.Equal("FT") {
				n = 5
			}
		}
		if n == 0 {
			continue
		}
		for _, rep := range s.Field(n).Reps() {
			fn(rep)
		}
	}
}

// repairTextDelimiters is the rule of that name.
func (m *Message) repairTextDelimiters(edit func(start, end int, with string)) {
	d := m.delims
	if d.Escape == 0 {
		return
	}
	m.eachTextField(func(rep Value) {
		end := rep.Offset() + len(rep.Raw())
		for leaf := range rep.Leaves() {
			if at := leaf.Offset() + len(leaf.Raw()); at < end {
				edit(at, at+1, string(d.AppendEscaped(nil, m.data[at:at+1])))
			}
		}
	})
}

// repairLineBreaks is the rule of that name.
func (m *Message) repairLineBreaks(edit func(start, end int, with string)) {
	br := m.lineBreak()
	if br == "" || m.charset.hidesDelimiters() {
		return
	}
	m.eachTextField(func(rep Value) {
		for leaf := range rep.Leaves() {
			m.repairBreaks(leaf.Offset(), leaf.Raw(), br, edit)
		}
	})
}

func (m *Message) repairBreaks(at int, raw []byte, br string, edit func(start, end int, with string)) {
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case '<':
			n := htmlBreak(raw[i:])
			if n == 0 {
				i++
				continue
			}
			edit(at+i, at+i+n, br)
			i += n
		case m.delims.Escape:
			// CR and LF in one sequence or in two are one break.
			end, codes := i, []byte(nil)
			for end < len(raw) && raw[end] == c {
				s := m.delims.sequence(raw[end:])
				more := lineCodes(s)
				if more == nil {
					if end == i {
						i += len(s.raw)
						end = i
					}
					break
				}
				codes, end = append(codes, more...), end+len(s.raw)
			}
			if codes != nil {
				n := len(codes) - bytes.Count(codes, []byte("\r\n"))
				edit(at+i, at+end, strings.Repeat(br, n))
				i = end
			}
		default:
			i++
		}
	}
}

// htmlBreak returns the length of a <br> that text begins with, 0 for none.
func htmlBreak(text []byte) int {
	end := bytes.IndexByte(text[:min(len(text), 8)], '>')
	if end < 0 {
		return 0
	}
	body := bytes.TrimSpace(bytes.TrimSuffix(text[1:end], []byte("/")))
	if !bytes.EqualFold(body, []byte("br")) {
		return 0
	}
	return end + 1
}

// hexBytes returns the bytes of a hexadecimal sequence.
func hexBytes(s sequence) []byte {
	if s.kind != hexSequence {
		return nil
	}
	digits := s.body()[1:]
	out := make([]byte, 0, len(digits)/2)
	for i := 0; i+1 < len(digits); i += 2 {
		out = append(out, hexDigit(digits[i])<<4|hexDigit(digits[i+1]))
	}
	return out
}

// lineCodes returns the CRs and LFs that a hexadecimal sequence holds, in bytes
// or in UTF-16, and nil if it holds anything else.
func lineCodes(s sequence) []byte {
	var out []byte
	b := hexBytes(s)
	for i, c := range b {
		switch {
		case c == '\r' || c == '\n':
			out = append(out, c)
		case c == 0 && i%2 == 0 && len(b)%2 == 0 && i+1 < len(b) && (b[i+1] == '\r' || b[i+1] == '\n'):
		default:
			return nil
		}
	}
	return out
}

// repairCodePoints is the rule of that name.
func (m *Message) repairCodePoints(edit func(start, end int, with string)) {
	m.eachSequence(func(at int, s sequence) {
		text := utf16Text(hexBytes(s))
		if text == "" {
			return
		}
		if raw, err := m.encodeText(text); err == nil {
			edit(at, at+len(s.raw), string(raw))
		}
	})
}

// utf16Text returns the text of bytes that are UTF-16, most significant byte
// first, and no bytes of a set: some of them would be control characters there.
func utf16Text(b []byte) string {
	if len(b) == 0 || len(b)%2 != 0 || controlCharacter(b) < 0 {
		return ""
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	text := string(utf16.Decode(units))
	for _, r := range text {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || r >= 0x80 && r < 0xa0 {
			return ""
		}
	}
	return text
}

// repairControlCharacters is the rule of that name.
func (m *Message) repairControlCharacters(edit func(start, end int, with string)) {
	d := m.delims
	if d.Escape == 0 || m.charset.hidesDelimiters() {
		return
	}
	m.eachRaw(func(at int, raw []byte) {
		for i := 0; ; i++ {
			n := controlCharacter(raw[i:])
			if n < 0 {
				return
			}
			i += n
			edit(at+i, at+i+1, fmt.Sprintf("%cX%02X%c", d.Escape, raw[i], d.Escape))
		}
	})
}

// repairCharset is the rule of that name.
func (m *Message) repairCharset(edit func(start, end int, with string)) {
	msh := m.SegmentAt(0)
	field := msh.Field(18)
	name := field.Leaf()
	code := name.Text()
	set := ParseCharset(code)
	want := set
	if single := set <= ASCII || set.charmap() != nil; single && m.wide == narrow && isTrulyUTF8(m.data[m.begin:m.end]) {
		want = UTF8
	}
	switch {
	case want == UnknownCharset, want == Undeclared, want == Windows1252, want == set && (set.String() == code || strings.EqualFold(code, "UNICODE")):
		return
	case field.Exists():
		edit(name.Offset(), name.Offset()+len(name.Raw()), string(m.delims.escapedCode(want)))
		return
	}
	end := msh.Offset() + len(msh.Raw())
	edit(end, end, strings.Repeat(string(m.delims.Field), 18-msh.NumFields())+string(m.delims.escapedCode(want)))
}

// isTrulyUTF8 reports whether bytes are UTF-8 and not ASCII.
func isTrulyUTF8(b []byte) bool { return !isASCII(b) && utf8.Valid(b) }
