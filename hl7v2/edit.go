package hl7v2

import (
	"errors"
	"slices"
)

// Causes of an edit that was refused.
var (
	ErrNoSegment  = errors.New("the message has no such segment")
	ErrDelimiters = errors.New("MSH-1 and MSH-2 cannot be set: every other byte depends on them")
	ErrSplits     = errors.New("the bytes hold a delimiter that would split an element above this one")
)

// Set writes plain text, which it escapes, to the innermost value that a path
// names: what Get of the same path and Text read back. Delimiters that are
// missing on the way there are added; every other byte of the message stays
// as it is. The two quotes "" are the HL7 null.
//
// Text that the message's character set cannot hold is an error (ErrCharset);
// a message that declares none holds ASCII.
//
// The segment must be there. Views of the message that were taken before are
// no longer valid.
func (m *Message) Set(path, text string) error {
	p, err := m.editPath(path)
	if err != nil {
		return err
	}
	raw, err := m.encodeText(text)
	if err != nil {
		return Issue{Severity: Error, Code: CodeCharset, Path: path, Offset: -1, Clause: "2.14.9.18", Err: err}
	}
	return m.replace(p, true, raw)
}

// SetRaw writes bytes, as they are to stand in the message, over the whole
// element that a path names: a field with all its repetitions if the path ends
// there. Nothing ("") makes it empty.
func (m *Message) SetRaw(path string, raw []byte) error {
	p, err := m.editPath(path)
	if err != nil {
		return err
	}
	for _, c := range raw {
		splits := c == '\r' || c == '\n' && m.parser.Terminators != CROnly || c == m.delims.Field ||
			c == m.delims.Repetition && c != 0 && p.Rep+p.Comp+p.Sub > 0 ||
			c == m.delims.Component && c != 0 && p.Comp > 0 ||
			c == m.delims.Subcomponent && c != 0 && p.Sub > 0
		if splits {
			return Issue{Severity: Error, Code: CodePath, Path: path, Offset: -1, Err: ErrSplits}
		}
	}
	return m.replace(p, false, raw)
}

// SetNull writes the explicit null "" over the whole element that a path
// names, which tells the receiver to delete what it holds.
func (m *Message) SetNull(path string) error { return m.SetRaw(path, []byte(`""`)) }

// Clear empties the whole element that a path names.
func (m *Message) Clear(path string) error { return m.SetRaw(path, nil) }

// encodeText returns text as it must stand in the message.
func (m *Message) encodeText(text string) ([]byte, error) {
	// Escaping comes first: in some sets half a character looks like a
	// delimiter, but no set has an escape sequence other than in ASCII.
	return m.charset.encode(m.delims.EscapeText([]byte(text)))
}

func (m *Message) editPath(path string) (Path, error) {
	p, err := ParsePath(path)
	if err != nil {
		return p, err
	}
	if err := p.wantField(); err != nil {
		return p, err
	}
	if !m.Segment(p.Segment, max(1, p.Occur)).Exists() {
		return p, Issue{Severity: Error, Code: CodePath, Path: path, Offset: -1, Err: ErrNoSegment}
	}
	if p.Segment == "MSH" && p.Occur <= 1 && p.Field <= 2 {
		return p, Issue{Severity: Error, Code: CodePath, Path: path, Offset: -1, Err: ErrDelimiters}
	}
	return p, nil
}

// replace writes raw over the element at a path, or over its first innermost
// value.
func (m *Message) replace(p Path, leaf bool, raw []byte) error {
	s := m.Segment(p.Segment, max(1, p.Occur))
	_, segmentEnd, _, _ := s.span()

	// Go down as far as the message does, then add what is missing.
	var fill []byte
	v := s.Field(p.Field)
	if !v.Exists() {
		for range p.Field - s.NumFields() {
			fill = append(fill, m.delims.Field)
		}
		v = Value{m: m, start: segmentEnd, end: segmentEnd}
	}
	missing := len(fill) > 0
	steps := [...]struct {
		n         int
		level     uint8
		delimiter byte
	}{
		{p.Rep, levelRepetition, m.delims.Repetition},
		{p.Comp, levelComponent, m.delims.Component},
		{p.Sub, levelSubcomponent, m.delims.Subcomponent},
	}
	deepest := 0
	for i, step := range steps {
		if step.n > 0 {
			deepest = i + 1
		}
	}
	for _, step := range steps[:deepest] {
		n := max(1, step.n)
		if !missing {
			next := v.down(step.level, n)
			if v.level < step.level && next.Exists() {
				v = next
				continue
			}
			have := v.count(step.level)
			if have >= n {
				continue
			}
			v.start, missing = v.end, true
			n -= have - 1
		}
		for range n - 1 {
			if step.delimiter == 0 {
				return Issue{Severity: Error, Code: CodePath, Path: p.String(), Offset: -1, Err: errors.New("the message declares no delimiter for this level")}
			}
			fill = append(fill, step.delimiter)
		}
	}
	start, end := v.start, v.end
	if leaf && !missing {
		l := v.Leaf()
		start, end = l.start, l.end
	}
	return m.splice(int(start), int(end), append(fill, raw...))
}

// splice replaces data[start:end] and indexes anew.
func (m *Message) splice(start, end int, with []byte) error {
	if len(m.data)-(end-start)+len(with) > limit(m.parser.Limits.Bytes, 256<<20) {
		return fatal(m.data, CodeLimit, 0)
	}
	if !m.owned {
		grown := make([]byte, 0, len(m.data)+len(with)+256)
		m.data, m.owned = append(grown, m.data...), true
	}
	m.data = slices.Replace(m.data, start, end, with...)
	m.end += len(with) - (end - start)
	_, from, _ := readDelimiters(m.data[:m.end], m.begin) // which no edit changes
	if code, at := m.reindex(from); code != "" {
		return fatal(m.data, code, at)
	}
	return nil
}
