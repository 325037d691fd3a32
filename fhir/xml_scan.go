package fhir

import (
	"math/bits"
	"strconv"
	"strings"
)

// badXML reports a syntax error and returns the end of the input.
func (r *reader) badXML(i int, text string) int {
	if i >= r.n {
		text = "the input ends too early"
	}
	r.failClause(i, CodeSyntax, text, clauseXMLSpec)
	return r.n
}

// notXMLChar is what is wrong with U+FFFE and U+FFFF, which are UTF-8.
const notXMLChar = "a character that XML does not have"

// declaration checks the XML declaration, which begins at at.
func (r *reader) declaration(decl string, at int) {
	rest := decl[len("<?xml"):]
	for k, due := range [...]string{"version", "encoding", "standalone"} {
		trimmed := strings.TrimLeft(rest, " \t\r\n")
		value, after, ok := pseudoAttribute(trimmed, due)
		place := at + len(decl) - len(trimmed)
		switch {
		case !ok && k == 0:
			r.badXML(place, "the XML declaration has no version")
			return
		case !ok:
			continue
		case due == "version" && value != "1.0":
			r.badXML(place, "another version of XML than 1.0")
			return
		case due == "encoding" && !strings.EqualFold(value, "utf-8") && !strings.EqualFold(value, "us-ascii"):
			r.failClause(place, CodeEncoding, "the XML declaration names another encoding than UTF-8", clauseFormats)
			return
		}
		rest = after
	}
	if trimmed := strings.TrimLeft(rest, " \t\r\n"); trimmed != "" {
		r.badXML(at+len(decl)-len(trimmed), "the XML declaration has more than a version, an encoding and standalone")
	}
}

// pseudoAttribute reads name="value" at the start of s.
func pseudoAttribute(s, name string) (value, after string, ok bool) {
	if s, ok = strings.CutPrefix(s, name); !ok {
		return "", "", false
	}
	s = strings.TrimLeft(s, " \t\r\n")
	if s, ok = strings.CutPrefix(s, "="); !ok {
		return "", "", false
	}
	s = strings.TrimLeft(s, " \t\r\n")
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return "", "", false
	}
	return strings.Cut(s[1:], s[:1])
}

// misc skips white space, comments and processing instructions outside of the
// top element.
func (r *reader) misc(i int) int {
	for {
		i = r.space(i)
		if r.s[i] != '<' || r.s[i+1] != '!' && r.s[i+1] != '?' {
			return i
		}
		if i = r.markup(i, false); r.fatal {
			return r.n
		}
	}
}

// markup skips a comment, a processing instruction or a CDATA section.
func (r *reader) markup(i int, cdata bool) int {
	rest := r.s[i:r.n]
	until := func(from int, end string) int {
		k := strings.Index(rest[from:], end)
		if k < 0 {
			return r.badXML(r.n, "")
		}
		isControl := func(c rune) bool { return c < ' ' && c != '\t' && c != '\n' && c != '\r' }
		if c := strings.IndexFunc(rest[from:from+k], isControl); c >= 0 {
			return r.badXML(i+from+c, "a control character")
		}
		return i + from + k + len(end)
	}
	switch {
	case strings.HasPrefix(rest, "<!--"):
		end := until(4, "--")
		if !r.fatal && r.s[end] != '>' {
			return r.badXML(end-2, "two hyphens in a comment")
		}
		return end + 1
	case strings.HasPrefix(rest, "<?"):
		r.issue(Error, CodeSyntax, i, "", "a processing instruction", clauseXML)
		return until(2, "?>")
	case cdata && strings.HasPrefix(rest, "<![CDATA["):
		return until(9, "]]>")
	case strings.HasPrefix(rest, "<!DOCTYPE"):
		r.failClause(i, CodeSyntax, "a document type declaration", clauseXML)
		return r.n
	}
	return r.badXML(i, "no such markup here")
}

// isNameEnd tells the characters that end a name.
func isNameEnd(c byte) bool {
	return c <= ' ' || c == '=' || c == '/' || c == '>' || c == '<' || c == '"' || c == '\'' || c == '&'
}

// nameChars are the ASCII characters that names have, by bits: digits, "-",
// "." and ":", and letters and "_" from 64 on.
var nameChars = [2]uint64{0x07FF600000000000, 0x07FFFFFE87FFFFFE}

// xmlName returns the end of the name at i, and where its colon is, -1 for
// none. The end is i where there is no name.
func (r *reader) xmlName(i int) (end, colon int) {
	colon = -1
	start, s := i, r.s
	c := s[i]
	if '0' <= c && c <= '9' || c == '-' || c == '.' || c == ':' {
		return start, -1
	}
	for ; c >= 0x80 || nameChars[c>>6]>>(c&63)&1 != 0; c = s[i] {
		if c == ':' {
			if colon >= 0 {
				return start, -1
			}
			colon = i
		}
		i++
	}
	if !isNameEnd(c) || colon == i-1 {
		return start, -1
	}
	return i, colon
}

// startTag reads the start tag at i, with its attributes.
func (r *reader) startTag(i int) tag {
	s := r.s
	t := tag{at: i, scope: len(r.work.bindings), outer: r.defaultNS}
	start := i + 1
	end, colon := r.xmlName(start)
	if end == start {
		t.next = r.badXML(i, "no element name")
		return t
	}
	t.full = s[start:end]
	t.name = t.full
	prefix := ""
	if colon >= 0 {
		prefix, t.name = s[start:colon], s[colon+1:end]
		start = colon + 1
	}
	switch n := end - start; {
	case n > 8:
		t.lo, t.hi = word(s, start), word(s, end-8)
	case n == 8:
		t.lo = word(s, start)
	default:
		t.lo = word(s, start) & (1<<(8*uint(n)) - 1)
	}
	r.work.attrs = r.work.attrs[:0]
	i = end
	for {
		c := s[i]
		if c == '>' {
			i++
			break
		}
		if c == '/' && s[i+1] == '>' {
			t.closed = true
			i += 2
			break
		}
		if c > ' ' || c == 0 {
			t.next = r.badXML(i, "no end of the start tag")
			return t
		}
		if i = r.space(i); s[i] == '>' || s[i] == '/' {
			continue
		}
		if i = r.attribute(i); r.fatal {
			t.next = i
			return t
		}
	}
	t.next = i
	t.ns = r.defaultNS
	if prefix != "" {
		t.ns = r.resolve(prefix, t.at)
	}
	return t
}

// attribute reads the attribute at i; namespace declarations go to the
// bindings, others to attrs.
func (r *reader) attribute(i int) int {
	s := r.s
	start := i
	end, colon := r.xmlName(i)
	if end == start {
		return r.badXML(i, "no attribute name")
	}
	a := attribute{name: s[start:end]}
	if colon >= 0 {
		a.prefix, a.name = s[start:colon], s[colon+1:end]
	}
	if i = end; s[i] <= ' ' {
		i = r.space(i)
	}
	if s[i] != '=' {
		return r.badXML(i, "an equals sign is due behind an attribute's name")
	}
	if i++; s[i] <= ' ' {
		i = r.space(i)
	}
	quote := s[i]
	if quote != '"' && quote != '\'' {
		return r.badXML(i, "an attribute's value is in quotes")
	}
	i++
	valueEnd, flags := r.attrValue(i, quote)
	if r.fatal {
		return r.n
	}
	a.off, a.len, a.flags = uint32(i), uint32(valueEnd-i), flags
	for k := range r.work.attrs {
		if r.work.attrs[k].name == a.name && r.work.attrs[k].prefix == a.prefix {
			return r.badXML(start, "the attribute appears twice")
		}
	}
	if len(r.work.attrs) >= maxAttributes || len(r.work.bindings) >= maxAttributes*4 {
		r.fail(start, CodeLimit, "more than "+strconv.Itoa(maxAttributes)+" attributes")
		return r.n
	}
	r.work.attrs = append(r.work.attrs, a)
	switch {
	case a.prefix == "xmlns":
		r.work.bindings = append(r.work.bindings, binding{a.name, s[i:valueEnd], namespaceOf(s[i:valueEnd])})
	case a.prefix == "" && a.name == "xmlns":
		r.defaultNS = namespaceOf(s[i:valueEnd])
	}
	return valueEnd + 1
}

// attrValue returns the end of the attribute value at i, with flagEscaped if
// it holds entities or white space other than blanks.
func (r *reader) attrValue(i int, quote byte) (end int, flags uint16) {
	s := r.s
	q8 := ones * uint64(quote)
	for {
		w := word(s, i)
		q, a, l := w^q8, w^(ones*'&'), w^(ones*'<')
		m := ((q-ones)&^q | (a-ones)&^a | (l-ones)&^l | (w-ones*0x20)&^w) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		switch c := s[i]; c {
		case quote:
			return i, flags
		case '&':
			flags = flagEscaped
			n, ok := r.entity(i)
			if !ok {
				return r.badXML(i, "no such entity"), flags
			}
			i += n
		case '\t', '\n', '\r':
			flags = flagEscaped
			i++
		case '<':
			return r.badXML(i, "a less-than sign in an attribute's value"), flags
		default:
			return r.badXML(i, "a control character"), flags
		}
	}
}

// entity returns the length of the entity at i, and whether it stands for a
// character that XML allows.
func (r *reader) entity(i int) (int, bool) {
	_, n := decodeEntity(r.s[i:min(i+16, r.n)])
	return n, n > 0
}

// decodeEntity returns the character of the entity at the start of s, and
// its length, 0 if it is none.
func decodeEntity(s string) (rune, int) {
	end := strings.IndexByte(s, ';')
	if end < 2 {
		return 0, 0
	}
	name := s[1:end]
	if name[0] != '#' {
		switch name {
		case "lt":
			return '<', end + 1
		case "gt":
			return '>', end + 1
		case "amp":
			return '&', end + 1
		case "quot":
			return '"', end + 1
		case "apos":
			return '\'', end + 1
		}
		return 0, 0
	}
	digits, base := name[1:], 10
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil || digits[0] == '+' || strings.Contains(digits, "_") || !isXMLChar(rune(v)) || v > 0x10FFFF {
		return 0, 0
	}
	return rune(v), end + 1
}

// isXMLChar reports whether XML 1.0 can hold a character.
func isXMLChar(c rune) bool {
	return c >= 0x20 && c < 0xD800 || c == '\t' || c == '\n' || c == '\r' || c >= 0xE000 && c < 0xFFFE || c >= 0x10000 && c <= 0x10FFFF
}

// resolve returns the namespace of a prefix.
func (r *reader) resolve(prefix string, at int) namespace {
	if prefix == "xml" {
		return nsXML
	}
	for k := len(r.work.bindings) - 1; k >= 0; k-- {
		if r.work.bindings[k].prefix == prefix {
			if k < r.outside {
				r.borrow(k)
			}
			return r.work.bindings[k].ns
		}
	}
	r.badXML(at, "a prefix without a namespace")
	return nsOther
}

// endTag reads the end tag at i of an element and leaves its scope.
func (r *reader) endTag(i int, t *tag) int {
	s := r.s
	n := len(t.full)
	if r.n-i < n+3 || s[i+2:i+2+n] != t.full || !isNameEnd(s[i+2+n]) {
		return r.badXML(i, "the end tag of "+shorten(t.full)+" is due")
	}
	if i += 2 + n; s[i] <= ' ' {
		i = r.space(i)
	}
	if s[i] != '>' {
		return r.badXML(i, "no end of the end tag")
	}
	r.leave(t)
	return i + 1
}

// leave drops the namespaces that a tag declared.
func (r *reader) leave(t *tag) {
	r.work.bindings = r.work.bindings[:t.scope]
	r.defaultNS = t.outer
}
