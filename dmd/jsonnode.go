package dmd

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// jsonNode is one value of a JSON document. Numbers keep their digits; text is
// decoded. A nil node stands for what is not there, and its methods work.
type jsonNode struct {
	kind   byte // '{' '[' '"' 'n' number, 'b' boolean, '0' null
	text   string
	keys   []string // of an object, in order
	kids   []*jsonNode
	offset int
	truth  bool
}

const maxJSONDepth = 100

// maxJSONValues is how many values a document may have: each takes some sixty times
// the space of the shortest in the input.
const maxJSONValues = 1_000_000

// manyMembers is from how many on the names of an object are kept in a map.
const manyMembers = 64

// jsonParser reads strict JSON: no duplicate names, no rest behind the value.
type jsonParser struct {
	in    []byte
	pos   int
	depth int
	count int // of values
}

// jsonError is why a text is not JSON, and where.
type jsonError struct {
	offset int
	err    error
}

func (e *jsonError) Error() string { return fmt.Sprintf("byte %d: %v", e.offset, e.err) }

func parseJSON(in []byte) (*jsonNode, error) {
	p := &jsonParser{in: in}
	n, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(in) {
		return nil, p.fail("text after the value")
	}
	return n, nil
}

func (p *jsonParser) fail(text string) error { return &jsonError{p.pos, errors.New(text)} }

func (p *jsonParser) space() {
	for p.pos < len(p.in) && (p.in[p.pos] == ' ' || p.in[p.pos] == '\n' || p.in[p.pos] == '\r' || p.in[p.pos] == '\t') {
		p.pos++
	}
}

func (p *jsonParser) value() (*jsonNode, error) {
	p.space()
	if p.pos >= len(p.in) {
		return nil, p.fail("the text ends where a value should be")
	}
	if p.count++; p.count > maxJSONValues {
		return nil, p.fail("more than a million values")
	}
	n := &jsonNode{kind: p.in[p.pos], offset: p.pos}
	switch c := p.in[p.pos]; {
	case c == '{' || c == '[':
		if p.depth++; p.depth > maxJSONDepth {
			return nil, p.fail("values are nested too deeply")
		}
		defer func() { p.depth-- }()
		return n, p.container(n)
	case c == '"':
		var err error
		n.text, err = p.str()
		return n, err
	case c == '-' || isDigit(c):
		n.kind = 'n'
		return n, p.number(n)
	}
	for _, w := range [...]struct {
		text string
		kind byte
	}{{"true", 'b'}, {"false", 'b'}, {"null", '0'}} {
		if end := p.pos + len(w.text); end <= len(p.in) && string(p.in[p.pos:end]) == w.text {
			p.pos = end
			n.kind, n.truth = w.kind, w.text == "true"
			return n, nil
		}
	}
	return nil, p.fail("not a JSON value")
}

func (p *jsonParser) container(n *jsonNode) error {
	shut := byte('}')
	if n.kind == '[' {
		shut = ']'
	}
	p.pos++
	var seen map[string]bool // names of an object, if there are many
	for first := true; ; first = false {
		p.space()
		if p.pos < len(p.in) && p.in[p.pos] == shut && (first || len(n.kids) == 0) {
			p.pos++
			return nil
		}
		if n.kind == '{' {
			if p.pos >= len(p.in) || p.in[p.pos] != '"' {
				return p.fail("a name should be here")
			}
			at := p.pos
			name, err := p.str()
			if err != nil {
				return err
			}
			if seen != nil && seen[name] || seen == nil && n.get(name) != nil {
				return &jsonError{at, errors.New("a name is there twice")}
			}
			if n.keys = append(n.keys, name); seen != nil {
				seen[name] = true
			} else if len(n.keys) == manyMembers {
				seen = make(map[string]bool)
				for _, k := range n.keys {
					seen[k] = true
				}
			}
			if p.space(); p.pos >= len(p.in) || p.in[p.pos] != ':' {
				return p.fail("a colon should be here")
			}
			p.pos++
		}
		kid, err := p.value()
		if err != nil {
			return err
		}
		n.kids = append(n.kids, kid)
		p.space()
		switch {
		case p.pos >= len(p.in):
			return p.fail("the text ends within a value")
		case p.in[p.pos] == ',':
			p.pos++
		case p.in[p.pos] == shut:
			p.pos++
			return nil
		default:
			return p.fail("a comma should be here")
		}
	}
}

func (p *jsonParser) number(n *jsonNode) error {
	start := p.pos
	digits := func() int {
		from := p.pos
		for p.pos < len(p.in) && isDigit(p.in[p.pos]) {
			p.pos++
		}
		return p.pos - from
	}
	if p.in[p.pos] == '-' {
		p.pos++
	}
	zero := p.pos < len(p.in) && p.in[p.pos] == '0'
	if whole := digits(); whole == 0 || zero && whole > 1 {
		return p.fail("not a number")
	}
	if p.pos < len(p.in) && p.in[p.pos] == '.' {
		p.pos++
		if digits() == 0 {
			return p.fail("not a number")
		}
	}
	if p.pos < len(p.in) && p.in[p.pos]|0x20 == 'e' {
		p.pos++
		if p.pos < len(p.in) && (p.in[p.pos] == '+' || p.in[p.pos] == '-') {
			p.pos++
		}
		if digits() == 0 {
			return p.fail("not a number")
		}
	}
	n.text = string(p.in[start:p.pos])
	return nil
}

func (p *jsonParser) str() (string, error) {
	p.pos++
	start := p.pos
	var b []byte
	for p.pos < len(p.in) {
		switch c := p.in[p.pos]; {
		case c == '"':
			out := p.in[start:p.pos]
			if b != nil {
				out = append(b, out...)
			}
			if !utf8.Valid(out) {
				return "", p.fail("text is not UTF-8")
			}
			p.pos++
			return string(out), nil
		case c < ' ':
			return "", p.fail("a control character in text")
		case c == '\\':
			b = append(b, p.in[start:p.pos]...)
			var err error
			if b, err = p.escape(b); err != nil {
				return "", err
			}
			start = p.pos
		default:
			p.pos++
		}
	}
	return "", p.fail("the text ends within quotes")
}

func (p *jsonParser) escape(b []byte) ([]byte, error) {
	p.pos++
	if p.pos >= len(p.in) {
		return nil, p.fail("the text ends within quotes")
	}
	c := p.in[p.pos]
	p.pos++
	switch c {
	case '"', '\\', '/':
		return append(b, c), nil
	case 'b':
		return append(b, '\b'), nil
	case 'f':
		return append(b, '\f'), nil
	case 'n':
		return append(b, '\n'), nil
	case 'r':
		return append(b, '\r'), nil
	case 't':
		return append(b, '\t'), nil
	case 'u':
		r, ok := p.hex()
		if ok && r >= 0xD800 && r < 0xDC00 && p.pos+1 < len(p.in) && p.in[p.pos] == '\\' && p.in[p.pos+1] == 'u' {
			p.pos += 2
			low, good := p.hex()
			ok = good && low >= 0xDC00 && low < 0xE000
			r = 0x10000 + (r-0xD800)<<10 + low - 0xDC00
		}
		if ok && utf8.ValidRune(r) {
			return utf8.AppendRune(b, r), nil
		}
	}
	return nil, p.fail("not an escape of JSON")
}

func (p *jsonParser) hex() (rune, bool) {
	if p.pos+4 > len(p.in) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.in[p.pos:p.pos+4]), 16, 32)
	p.pos += 4
	return rune(n), err == nil
}

// get returns a member of an object.
func (n *jsonNode) get(name string) *jsonNode {
	if n == nil {
		return nil
	}
	for i, k := range n.keys {
		if k == name && i < len(n.kids) {
			return n.kids[i]
		}
	}
	return nil
}

// path follows names.
func (n *jsonNode) path(names ...string) *jsonNode {
	for _, name := range names {
		n = n.get(name)
	}
	return n
}

// items returns the elements of an array, or the value itself as the only one.
func (n *jsonNode) items() []*jsonNode {
	switch {
	case n == nil || n.kind == '0':
		return nil
	case n.kind == '[':
		return n.kids
	}
	return []*jsonNode{n}
}

// str returns the text of a string.
func (n *jsonNode) str() string {
	if n == nil || n.kind != '"' {
		return ""
	}
	return n.text
}

// isTrue reports whether the value is the boolean true.
func (n *jsonNode) isTrue() bool { return n != nil && n.kind == 'b' && n.truth }

// decimal returns a number, with the digits it has.
func (n *jsonNode) decimal() (Decimal, bool) {
	if n == nil || n.kind != 'n' {
		return Decimal{}, false
	}
	d, err := ParseDecimal(n.text)
	return d, err == nil
}
