package hl7v2

import "bytes"

// Recoded returns the message in other delimiters and another character set,
// which MSH-18 of the copy declares. Text, formatting and nulls are the same.
// With a parser whose Fallback reads what a sender with a lying MSH-18 means,
// it repairs the message for good:
//
//	m, err := hl7v2.Parser{Fallback: hl7v2.Windows1252}.Parse(data)
//	...
//	fixed, err := m.Recoded(m.Delimiters(), hl7v2.UTF8)
//
// Text that the set cannot hold is an error, as is a level of delimiters that
// d does not have. The segments end in CR.
func (m *Message) Recoded(d Delimiters, to Charset) (*Message, error) {
	out := new(Message)
	head := append(append([]byte("MSH"), d.Field), d.Encoding()...)
	if err := (Parser{Limits: m.parser.Limits}).ParseInto(out, append(head, '\r')); err != nil {
		return nil, err
	}
	out.owned = true
	if to.isUTF8() {
		to = UTF8 // the bytes of a narrow message
	}
	out.charset = to
	body := append([]byte(nil), head...)
	for s := range m.Segments("") {
		if s.Index() > 0 {
			body = append(body, s.id()...)
		}
		for n, f := range s.Fields() {
			if s.isHeaderSegment() && n <= 2 {
				continue
			}
			body = append(body, d.Field)
			if s.isHeaderSegment() && n == 18 && f.State() == Present {
				body = append(body, d.escapedCode(to)...)
				continue
			}
			var err error
			if body, err = out.appendCopy(body, f); err != nil {
				return nil, err
			}
		}
		body = append(body, '\r')
	}
	if err := (Parser{Limits: m.parser.Limits}).ParseInto(out, body); err != nil {
		return nil, err
	}
	out.owned = true
	if out.charset != to && to != Undeclared {
		if err := out.Set("MSH-18", to.String()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// escapedCode is the code of a set as it must stand in MSH-18.
func (d Delimiters) escapedCode(c Charset) []byte { return d.EscapeText([]byte(c.String())) }

// Repair is a set of rules for what known senders do wrong. They are applied
// on request only, each by its name.
type Repair uint8

// The rules.
const (
	// RepairTerminators ends every segment in CR and drops blank lines,
	// indentation, and what stands around the message.
	RepairTerminators Repair = 1 << iota

	// RepairContinuations joins a line that begins with no segment id to the
	// value that the line before it ends in, with \.br\ between: text with raw
	// line ends in it.
	RepairContinuations

	// RepairEscapes writes \E\ for every escape character that begins no
	// escape sequence, as in C:\TEMP.
	RepairEscapes
)

// Repaired returns a copy of the message to which the rules have been applied.
func (m *Message) Repaired(rules Repair) (*Message, error) {
	var out []byte
	if rules&RepairTerminators == 0 {
		out = append(out, m.data[:m.begin]...)
	}
	x := &m.index
	for s := range m.Segments("") {
		start, end, lo, _ := s.span()
		joined := rules&RepairContinuations != 0 && s.i > 0 && !isSegmentID(s.id()) && m.delims.Escape != 0
		if joined {
			out = bytes.TrimRight(out, "\r\n \t")
			out = append(append(append(out, m.delims.Escape), ".br"...), m.delims.Escape)
		}
		body := start
		if s.isHeaderSegment() { // MSH-2 holds the escape character itself
			body = x.marks[x.fields[lo+1]].at()
			out = append(out, m.data[start:body]...)
		}
		raw := m.data[body:end]
		if rules&RepairEscapes != 0 {
			out = m.appendEscapesRepaired(out, raw)
		} else {
			out = append(out, raw...)
		}
		next := len(m.data)
		if i := int(s.i) + 1; i < m.Len() {
			next = int(x.segs[i].start)
		}
		if rules&RepairTerminators != 0 {
			out = append(out, '\r')
		} else {
			out = append(out, m.data[end:next]...)
		}
	}
	p := m.parser
	p.Strict = false
	c := new(Message)
	if err := p.ParseInto(c, out); err != nil {
		return nil, err
	}
	c.owned = true
	return c, nil
}

// appendEscapesRepaired appends part of a segment with lone escape characters
// written as sequences. A sequence does not reach over a delimiter.
func (m *Message) appendEscapesRepaired(dst, raw []byte) []byte {
	d := m.delims
	if d.Escape == 0 || m.charset.hidesDelimiters() {
		return append(dst, raw...)
	}
	for len(raw) > 0 {
		leaf := raw
		if i := bytes.IndexFunc(raw, func(r rune) bool {
			return r != 0 && (r == rune(d.Field) || r == rune(d.Component) || r == rune(d.Repetition) || r == rune(d.Subcomponent))
		}); i >= 0 {
			leaf = raw[:i]
		}
		raw = raw[len(leaf):]
		for len(leaf) > 0 {
			i := bytes.IndexByte(leaf, d.Escape)
			if i < 0 {
				dst, leaf = append(dst, leaf...), nil
				break
			}
			dst = append(dst, leaf[:i]...)
			s := d.sequence(leaf[i:])
			leaf = leaf[i+len(s.raw):]
			if s.kind != notASequence {
				dst = append(dst, s.raw...)
				continue
			}
			for _, c := range s.raw {
				if c == d.Escape {
					dst = append(dst, d.Escape, 'E', d.Escape)
				} else {
					dst = append(dst, c)
				}
			}
		}
		if len(raw) > 0 {
			dst, raw = append(dst, raw[0]), raw[1:]
		}
	}
	return dst
}
