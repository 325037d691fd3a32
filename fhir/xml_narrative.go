package fhir

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// narrative reads the XHTML element whose start tag is t as a primitive whose
// value is the element as written.
func (r *reader) narrative(t tag, n node) int {
	n.off = uint32(t.at)
	n.kind = Text
	own := t.ns == nsXHTML && !r.declares(&t)
	self := r.add(n)
	if t.ns != nsXHTML {
		r.checkNamespace(&t, nsXHTML, n.parent, r.t.Name(n.name))
	}
	i := t.next
	r.outside, r.borrowed = t.scope, r.borrowed[:0]
	r.resolveAttributes()
	if t.closed {
		r.leave(&t)
	} else {
		i = r.xhtml(i, &t)
	}
	if r.outside = 0; r.fatal {
		return r.n
	}
	if own || len(r.borrowed) > 0 {
		r.lend(self, &t, own)
	}
	v := &r.nodes[self]
	v.next = self + 1
	v.len = uint32(i) - v.off
	r.checkLength(t.at, v.len)
	return i
}

// declares reports whether a tag declares the namespace of its own name.
func (r *reader) declares(t *tag) bool {
	prefix := strings.TrimSuffix(strings.TrimSuffix(t.full, t.name), ":")
	for _, a := range r.work.attrs {
		if prefix == "" && a.prefix == "" && a.name == "xmlns" || prefix != "" && a.prefix == "xmlns" && a.name == prefix {
			return true
		}
	}
	return false
}

// borrow notes that the narrative which is being read uses a binding from
// around it.
func (r *reader) borrow(k int) {
	if !slices.Contains(r.borrowed, k) {
		r.borrowed = append(r.borrowed, k)
	}
}

// lend keeps the declarations that the narrative of a node needs to stand
// alone: with own that of the namespace of its first tag t, and those of the
// prefixes that it borrowed.
func (r *reader) lend(self uint32, t *tag, own bool) {
	prefix := strings.TrimSuffix(strings.TrimSuffix(t.full, t.name), ":")
	var text strings.Builder
	declare := func(prefix, uri string) {
		text.WriteString(" xmlns")
		if prefix != "" {
			text.WriteString(":" + prefix)
		}
		quote := `"`
		if strings.Contains(uri, quote) {
			quote = "'"
		}
		text.WriteString("=" + quote + uri + quote)
	}
	if own {
		declare(prefix, XHTMLNamespace)
	}
	for _, k := range r.borrowed {
		if b := &r.work.bindings[k]; b.prefix != prefix {
			declare(b.prefix, b.uri)
		}
	}
	r.nodes[self].flags |= flagInherits
	r.lent = append(r.lent, lent{r.nodes[self].off, text.String()})
}

// appendDeclared appends the narrative at an offset with the declarations that
// it needs to stand alone.
func (t *Tree) appendDeclared(dst []byte, off uint32, raw string) []byte {
	end := 1
	for !isNameEnd(raw[end]) {
		end++
	}
	dst = append(dst, raw[:end]...)
	if k, ok := slices.BinarySearchFunc(t.lent, off, func(l lent, off uint32) int { return cmp.Compare(l.off, off) }); ok {
		dst = append(dst, t.lent[k].text...)
	}
	return append(dst, raw[end:]...)
}

// text returns the offset of the next markup, entity or control character.
func (r *reader) text(i int) int {
	for {
		w := word(r.s, i)
		a, l := w^(ones*'&'), w^(ones*'<')
		m := ((a-ones)&^a | (l-ones)&^l | (w-ones*0x20)&^w) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if c := r.s[i]; c != '\n' && c != '\r' && c != '\t' {
			return i
		}
		i++
	}
}

// resolveAttributes looks the prefixes of the newest tag's attributes up.
func (r *reader) resolveAttributes() {
	for _, a := range r.work.attrs {
		if a.prefix != "" && a.prefix != "xmlns" {
			r.resolve(a.prefix, int(a.off))
		}
	}
}

// xhtml checks that the content of an element is well-formed, and returns the
// offset behind its end tag.
func (r *reader) xhtml(i int, t *tag) int {
	s := r.s
	base := len(r.work.open)
	r.work.open = append(r.work.open, *t)
	for len(r.work.open) > base {
		from := i
		i = r.text(i)
		if k := strings.Index(s[from:i], "]]>"); k >= 0 {
			return r.badXML(from+k, "the end of character data that did not begin")
		}
		if s[i] < ' ' {
			return r.badXML(i, "a control character")
		}
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
			if !r.fatal {
				r.resolveAttributes()
			}
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
