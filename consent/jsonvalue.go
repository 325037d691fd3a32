package consent

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonKind is the kind of a JSON value.
type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

func (k jsonKind) String() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[k]
}

// jsonValue is a JSON value that knows where it stands.
type jsonValue struct {
	kind  jsonKind
	off   int
	text  string       // of a string unescaped, of a number and boolean as written
	items []jsonValue  // of an array
	names []jsonMember // of an object, in the order of the input
}

type jsonMember struct {
	name  string
	value jsonValue
}

// get returns the first member with a name.
func (v *jsonValue) get(name string) *jsonValue {
	for i := range v.names {
		if v.names[i].name == name {
			return &v.names[i].value
		}
	}
	return nil
}

// maxJSONDepth bounds nesting; a record has four levels.
const maxJSONDepth = 32

// jsonReader parses one JSON text with positions. Duplicate members are
// refused: two readers could see different records.
type jsonReader struct {
	data  []byte
	i     int
	depth int
	fault string
}

// parseJSON reads one value and nothing behind it.
func parseJSON(data []byte) (jsonValue, *Issue) {
	r := jsonReader{data: data}
	v := r.value()
	if r.fault == "" {
		r.space()
		if r.i < len(data) {
			r.fault = "text behind the end of the value"
		}
	}
	if r.fault == "" {
		return v, nil
	}
	at := min(r.i, len(data))
	line, col := lineCol(data, at)
	return v, &Issue{Code: "consent.json", Offset: int64(at), Line: line, Col: col, Clause: "RFC 8259", Text: r.fault}
}

func (r *jsonReader) fail(text string) jsonValue {
	if r.fault == "" {
		if r.fault = text; r.i >= len(r.data) {
			r.fault = "the input ends too early"
		}
	}
	return jsonValue{}
}

func (r *jsonReader) space() {
	for r.i < len(r.data) {
		switch r.data[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

func (r *jsonReader) peek() byte {
	if r.i < len(r.data) {
		return r.data[r.i]
	}
	return 0
}

func (r *jsonReader) value() jsonValue {
	r.space()
	v := jsonValue{off: r.i}
	switch c := r.peek(); {
	case c == '{':
		v.kind = jsonObject
		r.nested('}', func() bool {
			r.space()
			if r.peek() != '"' {
				r.fail("a member name is due")
				return false
			}
			at := r.i
			name := r.str()
			if r.fault == "" && v.get(name) != nil {
				r.i = at
				r.fail("a member appears twice")
			}
			r.space()
			if r.fault != "" || r.peek() != ':' {
				r.fail("a colon is due")
				return false
			}
			r.i++
			v.names = append(v.names, jsonMember{name, r.value()})
			return r.fault == ""
		})
	case c == '[':
		v.kind = jsonArray
		r.nested(']', func() bool {
			v.items = append(v.items, r.value())
			return r.fault == ""
		})
	case c == '"':
		v.kind, v.text = jsonString, r.str()
	case c == '-' || '0' <= c && c <= '9':
		v.kind, v.text = jsonNumber, r.number()
	default:
		for _, w := range [...]struct {
			word string
			kind jsonKind
		}{{"true", jsonBool}, {"false", jsonBool}, {"null", jsonNull}} {
			if strings.HasPrefix(string(r.data[r.i:min(r.i+5, len(r.data))]), w.word) {
				v.kind, v.text = w.kind, w.word
				r.i += len(w.word)
				return v
			}
		}
		return r.fail("no JSON value")
	}
	return v
}

// nested reads the items of an array or object up to its closing byte.
func (r *jsonReader) nested(closing byte, item func() bool) {
	if r.depth++; r.depth > maxJSONDepth {
		r.fail("nested deeper than " + strconv.Itoa(maxJSONDepth))
		return
	}
	defer func() { r.depth-- }()
	r.i++
	if r.space(); r.peek() == closing {
		r.i++
		return
	}
	for item() {
		r.space()
		switch r.peek() {
		case ',':
			r.i++
		case closing:
			r.i++
			return
		default:
			r.fail("a comma or the end is due")
			return
		}
	}
}

func (r *jsonReader) number() string {
	start := r.i
	digits := func() bool {
		from := r.i
		for '0' <= r.peek() && r.peek() <= '9' {
			r.i++
		}
		return r.i > from
	}
	if r.peek() == '-' {
		r.i++
	}
	zero := r.peek() == '0'
	from := r.i
	if !digits() || zero && r.i > from+1 {
		r.fail("no JSON number")
	}
	if r.peek() == '.' {
		r.i++
		if !digits() {
			r.fail("no JSON number")
		}
	}
	if r.peek()|0x20 == 'e' {
		r.i++
		if c := r.peek(); c == '+' || c == '-' {
			r.i++
		}
		if !digits() {
			r.fail("no JSON number")
		}
	}
	return string(r.data[start:r.i])
}

func (r *jsonReader) str() string {
	r.i++
	start := r.i
	for r.i < len(r.data) && r.data[r.i] != '"' && r.data[r.i] != '\\' && r.data[r.i] >= ' ' {
		r.i++
	}
	out := r.data[start:r.i:r.i]
	for r.peek() == '\\' {
		r.i++
		c := r.peek()
		r.i++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			u := r.hex()
			if 0xD800 <= u && u < 0xDC00 && r.i+1 < len(r.data) && r.data[r.i] == '\\' && r.data[r.i+1] == 'u' {
				r.i += 2
				low := r.hex()
				if low < 0xDC00 || low > 0xDFFF {
					r.fail("half a surrogate pair")
				}
				u = 0x10000 + (u-0xD800)<<10 + (low - 0xDC00)
			} else if 0xD800 <= u && u < 0xE000 {
				r.fail("half a surrogate pair")
			}
			out = utf8.AppendRune(out, u)
		default:
			r.fail("no such escape")
		}
		from := r.i
		for r.i < len(r.data) && r.data[r.i] != '"' && r.data[r.i] != '\\' && r.data[r.i] >= ' ' {
			r.i++
		}
		out = append(out, r.data[from:r.i]...)
		if r.fault != "" {
			return ""
		}
	}
	if r.peek() != '"' {
		r.fail("a control character in a string")
		return ""
	}
	r.i++
	if !utf8.Valid(out) {
		r.fail("not UTF-8")
	}
	return string(out)
}

func (r *jsonReader) hex() rune {
	if r.i+4 > len(r.data) {
		r.i = len(r.data)
		r.fail("four hexadecimal digits are due")
		return 0
	}
	u, err := strconv.ParseUint(string(r.data[r.i:r.i+4]), 16, 16)
	if err != nil {
		r.fail("four hexadecimal digits are due")
	}
	r.i += 4
	return rune(u)
}
