package fhir

import (
	"strconv"
	"strings"
)

// narrative reads the XHTML element whose start tag is t as a primitive whose
// value is the element as written.
func (r *reader) narrative(t tag, n node) int {
	n.off = uint32(t.at)
	n.kind = Text
	self := r.add(n)
	if t.ns != nsXHTML {
		r.checkNamespace(&t, nsXHTML, n.parent, r.t.Name(n.name))
	}
	i := t.next
	if t.closed {
		r.leave(&t)
	} else {
		i = r.xhtml(i, &t)
	}
	if r.fatal {
		return r.n
	}
	v := &r.nodes[self]
	v.next = self + 1
	v.len = uint32(i) - v.off
	if v.len > uint32(r.c.limits.Value) {
		r.fail(t.at, CodeLimit, "a value longer than "+strconv.Itoa(r.c.limits.Value)+" bytes")
	}
	return i
}

// xhtml checks that the content of an element is well-formed, and returns the
// offset behind its end tag.
func (r *reader) xhtml(i int, t *tag) int {
	s := r.s
	base := len(r.work.open)
	r.work.open = append(r.work.open, *t)
	for len(r.work.open) > base {
		k := strings.IndexAny(s[i:r.n], "<&")
		if k < 0 {
			return r.badXML(r.n, "")
		}
		i += k
		if s[i] == '&' {
			n, ok := r.entity(i)
			if !ok {
				r.issue(Error, CodeNarrative, i, "", "an entity that XML does not have", clauseNarrative)
				n = 1
			}
			i += n
			continue
		}
		switch s[i+1] {
		case '/':
			top := r.work.open[len(r.work.open)-1]
			r.work.open = r.work.open[:len(r.work.open)-1]
			if i = r.endTag(i, &top); r.fatal {
				return r.n
			}
		case '!', '?':
			if i = r.markup(i, true); r.fatal {
				return r.n
			}
		default:
			c := r.startTag(i)
			if r.fatal {
				return r.n
			}
			i = c.next
			if c.closed {
				r.leave(&c)
				continue
			}
			if r.depth+len(r.work.open) > r.c.limits.Depth {
				r.fail(i, CodeLimit, "nested deeper than "+strconv.Itoa(r.c.limits.Depth)+" levels")
				return r.n
			}
			r.work.open = append(r.work.open, c)
		}
	}
	return i
}

// appendXMLUnescaped appends an attribute's value with its entities resolved
// and its white space made blanks, as XML wants it. The value has passed the
// scanner.
func appendXMLUnescaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case '&':
			char, n := decodeEntity(s[i:min(i+16, len(s))])
			if n == 0 {
				dst = append(dst, c)
				i++
				continue
			}
			dst = append(dst, string(char)...)
			i += n
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			dst = append(dst, ' ')
			i++
		case '\n', '\t':
			dst = append(dst, ' ')
			i++
		default:
			start := i
			for i < len(s) && s[i] != '&' && s[i] >= ' ' {
				i++
			}
			dst = append(dst, s[start:i]...)
			if i == start {
				i++
			}
		}
	}
	return dst
}
