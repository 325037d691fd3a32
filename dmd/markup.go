package dmd

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// startTag is a start tag or empty-element tag.
type startTag struct {
	name       []byte
	end        int // behind the tag
	empty      bool
	attributes bool
}

// blank reports whether b is nothing but white space.
func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

// startTag reads the tag at p, with quotes in attributes respected.
func (s *Scanner) startTag(p int) (t startTag, err error) {
	b := s.buf
	q := p + 1
	for q < len(b) && b[q] != '>' && b[q] != '/' && b[q] != '<' && b[q] > ' ' {
		q++
	}
	t.name = b[p+1 : q]
	for quote := byte(0); q < len(b); q++ {
		switch c := b[q]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote, t.attributes = c, true
		case c == '<':
			s.issue(Fatal, CodeSyntax, q, "a tag is not closed")
			return t, problem("syntax")
		case c == '>':
			t.empty = b[q-1] == '/'
			t.end = q + 1
			if len(t.name) == 0 || !nameStart(t.name[0]) {
				s.issue(Fatal, CodeSyntax, p, "a tag without a name")
				return t, problem("syntax")
			}
			return t, nil
		}
	}
	return t, errMore
}

// nameStart reports whether c may begin an element's name.
func nameStart(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == ':' || c >= 0x80
}

// special reads a comment, processing instruction or CDATA section at p, whose
// text it returns, and refuses a document type.
func (s *Scanner) special(p int) (end int, text []byte, err error) {
	b := s.buf[p:]
	find := func(open, shut string) (int, []byte, error) {
		if i := bytes.Index(b[len(open):], []byte(shut)); i >= 0 {
			return p + len(open) + i + len(shut), b[len(open) : len(open)+i], nil
		}
		return 0, nil, errMore
	}
	switch {
	case b[1] == '?':
		end, _, err = find("<?", "?>")
		return end, nil, err
	case bytes.HasPrefix(b, []byte("<!--")):
		end, _, err = find("<!--", "-->")
		return end, nil, err
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		return find("<![CDATA[", "]]>")
	case len(b) < 9 && (bytes.HasPrefix([]byte("<![CDATA["), b) || bytes.HasPrefix([]byte("<!DOCTYPE"), b) || bytes.HasPrefix([]byte("<!--"), b)):
		return 0, nil, errMore
	case bytes.HasPrefix(b, []byte("<!DOCTYPE")):
		s.issue(Fatal, CodeDoctype, p, "a document type is refused")
	default:
		s.issue(Fatal, CodeSyntax, p, "markup that is neither comment nor CDATA")
	}
	return 0, nil, problem("refused")
}

// text reads the content of a field up to its end tag. Plain text is returned in
// place.
func (s *Scanner) text(p int, tag []byte) (value []byte, end int, err error) {
	b := s.buf
	lt := bytes.IndexByte(b[p:], '<')
	if lt < 0 {
		return nil, 0, errMore
	}
	q := p + lt
	e := q + 2 + len(tag)
	if e < len(b) && b[q+1] == '/' && b[e] == '>' && bytes.Equal(b[q+2:e], tag) {
		value = b[p:q]
		if bytes.IndexByte(value, '&') >= 0 || bytes.IndexByte(value, '\r') >= 0 {
			start := len(s.scratch)
			s.appendText(value, p)
			value = s.scratch[start:len(s.scratch):len(s.scratch)]
		}
		return value, e + 1, nil
	}
	return s.mixedText(p, tag)
}

// mixedText is text for content with comments, CDATA or elements in it.
func (s *Scanner) mixedText(p int, tag []byte) (value []byte, end int, err error) {
	b := s.buf
	start := len(s.scratch)
	for inner := 0; ; {
		lt := bytes.IndexByte(b[p:], '<')
		if lt < 0 || p+lt+1 >= len(b) {
			return nil, 0, errMore
		}
		q := p + lt
		if inner == 0 {
			s.appendText(b[p:q], p)
		}
		switch b[q+1] {
		case '!', '?':
			var text []byte
			if p, text, err = s.special(q); err != nil {
				return nil, 0, err
			}
			if inner == 0 {
				s.appendLines(text)
			}
		case '/':
			gt := bytes.IndexByte(b[q:], '>')
			if gt < 0 {
				return nil, 0, errMore
			}
			p = q + gt + 1
			if inner > 0 {
				inner--
				continue
			}
			if !bytes.Equal(bytes.TrimRight(b[q+2:q+gt], " \t\r\n"), tag) {
				s.issue(Fatal, CodeSyntax, q, "an end tag does not match its start tag")
				return nil, 0, problem("mismatch")
			}
			return s.scratch[start:len(s.scratch):len(s.scratch)], p, nil
		default:
			st, err := s.startTag(q)
			if err != nil {
				return nil, 0, err
			}
			if inner == 0 {
				s.issue(Warning, CodeUnknownTag, q, "an element within a field is left out")
			}
			if !st.empty {
				inner++
			}
			p = st.end
		}
	}
}

// appendLines appends text with the ends of lines as XML wants them.
func (s *Scanner) appendLines(text []byte) {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			s.scratch = append(s.scratch, text...)
			return
		}
		s.scratch = append(append(s.scratch, text[:i]...), '\n')
		if text = text[i+1:]; len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
	}
}

// appendText appends text with its entities and ends of lines resolved.
func (s *Scanner) appendText(text []byte, p int) {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			s.appendLines(text)
			return
		}
		s.appendLines(text[:i])
		text = text[i:]
		p += i
		semi := bytes.IndexByte(text[:min(len(text), 16)], ';')
		if c, ok := entity(text[1:max(semi, 1)]); semi > 0 && ok {
			s.scratch = utf8.AppendRune(s.scratch, c)
			text = text[semi+1:]
			p += semi + 1
			continue
		}
		s.issue(Error, CodeEntity, p, "an entity that is not one of XML's is kept as it is")
		s.scratch = append(s.scratch, '&')
		text = text[1:]
		p++
	}
}

// entity returns the character of a predefined entity or character reference.
func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	c := rune(n)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(c) || c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF {
		return 0, false
	}
	return c, true
}
