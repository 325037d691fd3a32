package tofhir

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

// appendLeaf appends the text of a leaf to the text buffer: escape sequences
// read, in UTF-8. Bytes that are not UTF-8 are taken to be Windows-1252,
// whose printable characters include those of ISO 8859-1.
func (c *conversion) appendLeaf(i int32) {
	l := &c.in.leaves[i]
	raw := c.in.data[l.start:l.end]
	from := len(c.text)
	if c.hasEscape(raw) {
		c.text = c.in.delims.AppendUnescaped(c.text, raw)
	} else {
		c.text = append(c.text, raw...)
	}
	if !utf8.Valid(c.text[from:]) {
		decoded, _ := charmap.Windows1252.NewDecoder().Bytes(c.text[from:])
		c.text = append(c.text[:from], decoded...)
	}
}

// assign writes the value of a row to a primitive element.
func (c *conversion) assign(at int32, row *mapping.Row, n int32, f *frame, src cursor) {
	if row.Assign == mapping.AssignText {
		s, leaf, ok := c.join(row, f, src)
		if !ok {
			return
		}
		if row.Vocab != mapping.None {
			code := c.lookup(row.Vocab, c.text[s.lo:s.hi])
			if code == nil || code.To == 0 {
				return
			}
			c.text = append(c.text[:s.lo], c.becomes(code, c.text[s.lo:])...)
		}
		if row.PHi-row.PLo == 1 && c.conv.uris[row.PLo] && (c.nodes[at].prim == mapping.URI || c.nodes[at].prim == mapping.System) {
			c.put(at, s.lo, n, leaf)
			return
		}
		c.writeSpan(at, s.lo, n, leaf)
		return
	}
	leaf := c.in.first(src)
	if leaf < 0 {
		return
	}
	lo := int32(len(c.text))
	c.appendLeaf(leaf)
	if row.Vocab != mapping.None || f.vocab != mapping.None && c.nodes[at].prim == mapping.CodeValue {
		v := row.Vocab
		if v == mapping.None {
			v = f.vocab
		}
		code := c.lookup(v, c.text[lo:])
		if code == nil || code.To == 0 {
			c.issue(Warning, CodeUnmapped, src, n, nil)
			if prim := c.nodes[at].prim; (prim == mapping.CodeValue || prim == mapping.Boolean) && !c.inCoding(at) {
				c.text = c.text[:lo]
				c.lose(src, fateUnmapped)
				return
			}
		} else {
			c.text = append(c.text[:lo], c.becomes(code, c.text[lo:])...)
			if c.conv.isDefault(code) {
				c.issue(Warning, CodeUnmapped, src, n, nil)
				c.lose(src, fateUnmapped)
				leaf = -1
			}
			c.writeSpan(at, lo, n, leaf)
			if c.inCoding(at) {
				c.describe(c.nodes[at].parent, code, n, leaf)
			}
			return
		}
	}
	c.writeSpan(at, lo, n, leaf)
}

// isDefault reports whether a code stands for all that are not in its table.
func (c *Converter) isDefault(code *mapping.Code) bool {
	return c.program.Text(code.From) == "*" && c.program.Text(code.To) != "*"
}

// inCoding reports whether an element is the code of a Coding.
func (c *conversion) inCoding(at int32) bool {
	n := &c.nodes[at]
	if n.name != c.conv.stepCode.Name || n.parent < 0 {
		return false
	}
	around := c.nodes[n.parent].name
	return around == c.conv.strCoding || strings.HasSuffix(c.conv.program.Text(around), "Coding") // valueCoding
}

// lookup finds a code in a code table. Codes are compared as they stand and,
// failing that, in capitals or, where they are sent so, in small letters.
func (c *conversion) lookup(v int32, from []byte) *mapping.Code {
	p := c.conv.program
	vocab := &p.Vocabs[v]
	find := func(text []byte) *mapping.Code {
		lo, hi := vocab.Lo, vocab.Hi
		for lo < hi {
			mid := (lo + hi) / 2
			if p.Text(p.Codes[mid].From) < string(text) {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		for ; lo < vocab.Hi && p.Text(p.Codes[lo].From) == string(text); lo++ {
			if p.Codes[lo].Flags&c.conv.skip == 0 {
				return &p.Codes[lo]
			}
		}
		return nil
	}
	from = bytes.TrimSpace(from)
	code := find(from)
	if code == nil {
		if upper := bytes.ToUpper(from); !bytes.Equal(upper, from) {
			code = find(upper)
		} else if lower := bytes.ToLower(from); !bytes.Equal(lower, from) {
			code = find(lower)
		}
	}
	if code == nil || code.To == 0 {
		return find([]byte{'*'})
	}
	return code
}

// becomes is the target of a code; * stands for the code itself.
func (c *conversion) becomes(code *mapping.Code, from []byte) string {
	if to := c.conv.program.Text(code.To); to != "*" {
		return to
	}
	return string(from)
}

// coding fills a CodeableConcept or Coding from one code by a code table.
func (c *conversion) coding(at int32, row *mapping.Row, n int32, f *frame, src cursor) {
	lo := int32(len(c.text))
	leaf := c.in.first(src)
	if row.Assign == mapping.AssignText {
		_, l, ok := c.join(row, f, src)
		if !ok {
			return
		}
		leaf = l
	} else if leaf < 0 {
		return
	} else {
		c.appendLeaf(leaf)
	}
	code := c.lookup(row.Vocab, c.text[lo:])
	if code == nil || code.To == 0 {
		c.text = c.text[:lo]
		c.issue(Warning, CodeUnmapped, src, n, nil)
		c.lose(src, fateUnmapped)
		return
	}
	c.text = c.text[:lo]
	if row.Flags&mapping.IntoCoding == 0 {
		at = c.element(at, &c.conv.stepCoding, key{scope: f.seg, num: 255})
	}
	c.putCoding(at, code, n, leaf)
}

// putCoding writes system, code and display of a translated code.
func (c *conversion) putCoding(at int32, code *mapping.Code, n, leaf int32) {
	c.write(c.element(at, &c.conv.stepCode, key{}), c.conv.program.Text(code.To), n, leaf)
	c.describe(at, code, n, leaf)
	if leaf >= 0 {
		c.in.leaves[leaf].fate = fateMapped
		c.resources[c.nodes[at].owner].content = true
	}
}

// describe writes system and display of a code beside it.
func (c *conversion) describe(at int32, code *mapping.Code, n, leaf int32) {
	p := c.conv.program
	if code.System != 0 {
		c.write(c.element(at, &c.conv.stepSystem, key{}), p.Text(code.System), n, leaf)
	}
	if code.Display != 0 {
		c.write(c.element(at, &c.conv.stepDisplay, key{}), p.Text(code.Display), n, leaf)
	}
}

// translate puts the codings that a code table gives for the codes of an
// element in front of what the datatype map makes of it. Of the alternate
// codes of a CWE or CE it takes those of the same coding system as the first,
// of the table's own, or of none that is named.
func (c *conversion) translate(sub *frame, row *mapping.Row, src cursor, at int32) {
	p := c.conv.program
	concept := sub.m.Target == c.conv.strCodeableConcept
	if !concept && sub.m.Target != c.conv.strCodingType {
		return
	}
	if c.in.first(src) < 0 {
		return
	}
	if concept {
		sub.vocab = mapping.None // the sender's own codings stay as they were sent
	}
	for n := range uint8(3) {
		// Code, display and system of the coding stand in a row.
		place := [...]struct{ code, system int16 }{{1, 3}, {4, 6}, {10, 12}}[n]
		leaf := c.in.first(c.in.child(src, place.code))
		if n > 0 {
			if !concept || leaf < 0 {
				continue
			}
			if sys := c.plainSystem(src, place.system); sys != "" && sys != p.Text(p.Vocabs[row.Vocab].Table) && sys != c.plainSystem(src, 3) {
				continue
			}
		}
		if leaf < 0 {
			return
		}
		lo := int32(len(c.text))
		c.appendLeaf(leaf)
		code := c.lookup(row.Vocab, c.text[lo:])
		if code == nil || code.To == 0 {
			c.text = c.text[:lo]
			if n == 0 {
				c.issue(Information, CodeUnmapped, src, sub.row, nil)
			}
			continue
		}
		same := string(c.text[lo:]) == p.Text(code.To)
		c.text = c.text[:lo]
		// The coding system that the sender names beside the code.
		if named := c.in.first(c.in.child(src, place.system)); same && named >= 0 {
			c.appendLeaf(named)
			end := len(c.text)
			c.text = appendSystem(c.text, c.text[lo:end], c)
			sys := c.text[end:]
			same = string(sys) == p.Text(code.System) || bytes.HasPrefix(sys, []byte(v2Tables))
			c.text = c.text[:lo]
		}
		target := at
		if concept {
			target = c.element(at, &c.conv.stepCoding, key{num: 0, rep: -1 - int32(n)})
		}
		c.putCoding(target, code, sub.row, leaf)
		if !same && concept {
			continue
		}
		sub.coded |= 1 << n
		if display := c.in.first(c.in.child(src, place.code+1)); display >= 0 {
			// The sender's own words are kept where they say something else.
			from := int32(len(c.text))
			c.appendLeaf(display)
			if concept && n == 0 && !strings.EqualFold(string(c.text[from:]), p.Text(code.Display)) {
				c.writeSpan(c.element(at, &c.conv.stepText, key{}), from, sub.row, display)
			} else {
				c.text = c.text[:from]
			}
			c.in.leaves[display].fate = fateMapped
		}
	}
}

// plainSystem returns the name of a coding system beside a code.
func (c *conversion) plainSystem(src cursor, n int16) string {
	return string(c.plain(c.in.child(src, n)))
}

// write writes a text to a primitive element.
func (c *conversion) write(at int32, text string, row, leaf int32) {
	lo := int32(len(c.text))
	c.text = append(c.text, text...)
	c.writeSpan(at, lo, row, leaf)
}

// writeSpan writes the end of the text buffer, from lo, to a primitive
// element, converted to the element's type.
func (c *conversion) writeSpan(at, lo int32, row, leaf int32) {
	nd := &c.nodes[at]
	before := len(c.text)
	if int(lo) == before {
		return
	}
	if ok := c.convert(nd.prim, lo); ok && nd.prim == mapping.String && len(c.text) < before && leaf >= 0 {
		// Something of it is not there: characters that FHIR refuses.
		c.issue(Warning, CodeInvalid, cursor{lo: leaf, hi: leaf + 1, level: levelLeaf}, row, nil)
	} else if !ok {
		c.text = c.text[:lo]
		if leaf >= 0 {
			c.in.leaves[leaf].fate = max(c.in.leaves[leaf].fate, fateInvalid)
			c.issue(Warning, CodeInvalid, cursor{lo: leaf, hi: leaf + 1, level: levelLeaf}, row, nil)
		}
		return
	}
	c.put(at, lo, row, leaf)
}

// put is writeSpan for a text that is of the element's type as it stands.
func (c *conversion) put(at, lo int32, row, leaf int32) {
	nd := &c.nodes[at]
	val := span{lo, int32(len(c.text))}
	if val.lo == val.hi {
		return
	}
	if nd.has {
		if string(c.text[nd.val.lo:nd.val.hi]) == string(c.text[lo:]) {
			c.text = c.text[:lo]
			if leaf >= 0 {
				c.in.leaves[leaf].fate = fateMapped
			}
			return
		}
		if nd.list {
			fresh := *nd
			fresh.child, fresh.last, fresh.kept = -1, -1, false
			fresh.key.rep = -2 // which no row asks for
			behind := at
			at = c.newNode(fresh)
			c.nodes[behind].next = at
			parent := &c.nodes[fresh.parent]
			if parent.last == behind {
				parent.last = at
			}
			if tail := (place{parent: fresh.parent, order: fresh.order, tail: true}); parent.long && c.places[tail] == behind {
				c.places[tail] = at
			}
			nd = &c.nodes[at]
		} else if nd.leaf >= 0 {
			old := &c.in.leaves[nd.leaf]
			if old.uses--; nd.leaf != leaf && old.uses == 0 {
				old.fate = fateReplaced
			}
		}
	}
	nd.has, nd.val, nd.row, nd.leaf = true, val, row, leaf
	if leaf >= 0 {
		c.in.leaves[leaf].fate = fateMapped
		c.in.leaves[leaf].uses++
		c.resources[nd.owner].content = true
	}
}

// convert brings the end of the text buffer, from lo, to a FHIR primitive.
func (c *conversion) convert(prim mapping.Prim, lo int32) bool {
	text := c.text[lo:]
	switch prim {
	case mapping.String:
		c.text = append(c.text[:lo], printable(text)...)
		return len(bytes.TrimSpace(c.text[lo:])) > 0
	case mapping.CodeValue, mapping.URI:
		if trimmed := bytes.TrimSpace(printable(text)); len(trimmed) != len(text) {
			c.text = append(c.text[:lo], trimmed...)
		}
		if prim == mapping.CodeValue {
			c.text = singleBlanks(c.text, int(lo))
		} else if bytes.ContainsAny(c.text[lo:], " \t\r\n") {
			c.scratch = appendEscapedURI(c.scratch[:0], c.text[lo:])
			c.text = append(c.text[:lo], c.scratch...)
		}
	case mapping.System:
		if isURI(text) {
			return true
		}
		c.scratch = appendSystem(c.scratch[:0], text, c)
		c.text = append(c.text[:lo], c.scratch...)
	case mapping.Boolean:
		v := ""
		switch string(text) {
		case "true", "Y", "y", "1", "T":
			v = "true"
		case "false", "N", "n", "0", "F":
			v = "false"
		default:
			return false
		}
		c.text = append(c.text[:lo], v...)
	case mapping.Integer, mapping.Decimal:
		out, ok := appendNumber(c.scratch[:0], text, prim == mapping.Integer)
		if !ok {
			return false
		}
		c.scratch = out
		c.text = append(c.text[:lo], out...)
	case mapping.Date, mapping.DateTime, mapping.Instant, mapping.Time:
		out, ok := appendTime(c.scratch[:0], text, prim, c.conv.location)
		if !ok {
			return false
		}
		c.scratch = out
		c.text = append(c.text[:lo], out...)
	case mapping.Base64:
		kept := text[:0]
		for _, b := range text {
			if b > ' ' {
				kept = append(kept, b)
			}
		}
		c.text = c.text[:int(lo)+len(kept)]
		if !isBase64(kept) {
			plain := string(kept)
			c.text = base64.StdEncoding.AppendEncode(c.text[:lo], []byte(plain))
		}
	}
	return int(lo) < len(c.text)
}

// printable leaves out, in place, the characters that no FHIR string may
// hold: the control characters other than tab, CR and LF.
func printable(text []byte) []byte {
	kept := text[:0]
	for i, b := range text {
		if isControl(b) {
			continue
		}
		if len(kept) < i {
			text[len(kept)] = b
		}
		kept = text[:len(kept)+1]
	}
	return kept
}

func isControl(b byte) bool { return b < ' ' && b != '\t' && b != '\r' && b != '\n' }

// singleBlanks makes one blank of each run of white space in a text from lo
// on, as a FHIR code has it.
func singleBlanks(text []byte, lo int) []byte {
	if i := bytes.IndexAny(text[lo:], " \t\r\n"); i >= 0 {
		fields := bytes.Fields(text[lo:])
		return append(text[:lo], bytes.Join(fields, []byte{' '})...)
	}
	return text
}

func isBase64(b []byte) bool {
	if len(b)%4 != 0 {
		return false
	}
	pad := 0
	for _, ch := range b {
		switch {
		case ch == '=':
			pad++
		case pad > 0:
			return false
		case ch >= 'A' && ch <= 'Z', ch >= 'a' && ch <= 'z', ch >= '0' && ch <= '9', ch == '+', ch == '/':
		default:
			return false
		}
	}
	return pad <= 2
}

// appendNumber writes a v2 NM as a JSON number with the digits as sent.
func appendNumber(dst, text []byte, integer bool) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		if text[0] == '-' {
			dst = append(dst, '-')
		}
		text = text[1:]
	}
	whole, frac, point := bytes.Cut(text, []byte("."))
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	if len(whole) == 0 && len(frac) > 0 {
		whole = []byte("0")
	}
	if len(whole) == 0 || len(whole)+len(frac) > 40 || !digits(whole) || !digits(frac) {
		return dst, false
	}
	dst = append(dst, whole...)
	if point && len(frac) > 0 {
		if integer {
			return dst, len(bytes.Trim(frac, "0")) == 0
		}
		dst = append(dst, '.')
		dst = append(dst, frac...)
	}
	return dst, !integer || len(whole) <= 9
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// v2Tables begins the URLs of HL7's own tables.
const v2Tables = "http://terminology.hl7.org/CodeSystem/v2-"

// appendSystem writes the name that v2 gives a coding or identifier system as
// a URI: by the table CodingSystem, as table, OID or UUID. What stays unknown
// is a urn:id, for a FHIR system is an absolute URI.
func appendSystem(dst, name []byte, c *conversion) []byte {
	name = bytes.TrimSpace(name)
	if bytes.Contains(name, []byte(":")) && (bytes.HasPrefix(name, []byte("http")) || bytes.HasPrefix(name, []byte("urn:"))) {
		return appendEscapedURI(dst, name)
	}
	if c.conv.systems >= 0 {
		if code := c.lookup(c.conv.systems, name); code != nil {
			return append(dst, c.conv.program.Text(code.To)...)
		}
	}
	if table, ok := bytes.CutPrefix(name, []byte("HL7")); ok && len(table) == 4 && digits(table) {
		return append(append(dst, v2Tables...), table...)
	}
	if dot := bytes.IndexByte(name, '.'); dot > 0 && digits(bytes.ReplaceAll(name, []byte("."), nil)) && name[len(name)-1] != '.' {
		return append(append(dst, "urn:oid:"...), name...)
	}
	if len(name) == 36 && name[8] == '-' && name[13] == '-' && name[18] == '-' && name[23] == '-' {
		return append(append(dst, "urn:uuid:"...), bytes.ToLower(name)...)
	}
	return appendEscapedURI(append(dst, "urn:id:"...), name)
}

// inURI reports whether a URI may hold a byte as it is.
func inURI(b byte) bool {
	switch b {
	case '"', '<', '>', '\\', '^', '`', '{', '|', '}', '%':
		return false
	}
	return b > ' ' && b < 0x7f
}

// isURI reports whether a text is an absolute URI that needs no escaping.
func isURI[T string | []byte](text T) bool {
	if len(text) < 4 || string(text[:4]) != "http" && string(text[:4]) != "urn:" {
		return false
	}
	colon := false
	for i := range len(text) {
		if !inURI(text[i]) {
			return false
		}
		colon = colon || text[i] == ':'
	}
	return colon
}

// appendEscapedURI escapes the characters that no URI may hold.
func appendEscapedURI(dst, name []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, b := range name {
		if !inURI(b) {
			dst = append(dst, '%', hex[b>>4], hex[b&15])
		} else {
			dst = append(dst, b)
		}
	}
	return dst
}
