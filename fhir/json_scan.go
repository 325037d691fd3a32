package fhir

import (
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the eight bytes at i.
func word(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// space skips white space.
func (r *reader) space(i int) int {
	s := r.s
	if s[i] > ' ' {
		return i
	}
	for {
		switch s[i] {
		case ' ':
			i++
			for word(s, i) == 0x2020202020202020 {
				i += 8
			}
		case '\n', '\r', '\t':
			i++
		case '/':
			if r.format != JSON {
				return i
			}
			end := r.comment(i)
			if end == i {
				return i
			}
			i = end
		default:
			return i
		}
	}
}

// skipString returns the end of the string whose quote is at i, and the
// offset behind its closing quote. It reports nothing.
func (r *reader) skipString(i int) (end, next int) {
	s := r.s
	for i++; ; {
		w := word(s, i)
		q, e := w^(ones*'"'), w^(ones*'\\')
		m := ((q-ones)&^q | (e-ones)&^e | (w-ones)&^w) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		switch {
		case s[i] == '"':
			return i, i + 1
		case s[i] == '\\' && i+2 < r.n:
			i += 2
		default:
			return r.n, r.n
		}
	}
}

// skip skips a value without checking more than its brackets.
func (r *reader) skip(i int) int {
	depth := 0
	for {
		switch c := r.s[i]; c {
		case '"':
			_, i = r.skipString(i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',':
			if depth == 0 {
				return i
			}
			i++
		case 0:
			return i
		default:
			i++
		}
		if depth == 0 {
			if i = r.space(i); r.s[i] == ',' || r.s[i] == '}' || r.s[i] == ']' {
				return i
			}
		}
	}
}

// key reads a member's name at the quote and the colon behind it. It returns
// the name, its hash words, and the offset of the value.
func (r *reader) key(i int) (name string, lo, hi uint64, next int) {
	s := r.s
	start := i + 1
	w := word(s, start)
	q, e := w^(ones*'"'), w^(ones*'\\')
	m := ((q-ones)&^q | (e-ones)&^e | (w-ones*0x20)&^w) & highs
	if m != 0 && s[start+bits.TrailingZeros64(m)/8] == '"' {
		n := bits.TrailingZeros64(m) / 8
		i = start + n
		lo = w & (1<<(8*uint(n)) - 1)
		name = s[start:i]
	} else {
		var flags uint16
		i, flags = r.str(start)
		if r.fatal {
			return "", 0, 0, r.n
		}
		name = s[start:i]
		if flags&flagEscaped != 0 {
			name = string(appendJSONUnescaped(nil, name))
			lo, hi = facts.Ends(name)
		} else if n := len(name); n >= 8 {
			lo = w
			if n > 8 {
				hi = word(s, i-8)
			}
		} else {
			lo, hi = facts.Ends(name)
		}
	}
	i++
	if s[i] != ':' {
		if i = r.gap(i); s[i] != ':' {
			return "", 0, 0, r.bad(i, "a colon is due behind a member's name")
		}
	}
	i++
	if s[i] <= ' ' || s[i] == '/' {
		i = r.gap(i)
	}
	return name, lo, hi, i
}

// str reads a string from behind its opening quote and returns the offset of
// the closing one, with flagEscaped if it has escapes.
func (r *reader) str(i int) (end int, flags uint16) {
	s := r.s
	for {
		w := word(s, i)
		q, e := w^(ones*'"'), w^(ones*'\\')
		m := ((q-ones)&^q | (e-ones)&^e | (w-ones*0x20)&^w) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		switch c := s[i]; {
		case c == '"':
			return i, flags
		case c == '\\':
			flags |= flagEscaped
			n := escapeLen(s[i:])
			switch {
			case n == 0:
				return r.bad(i, "no such escape in a JSON string"), flags
			case n == 6 && s[i+2] == '0' && s[i+3] == '0' && s[i+4] < '2' && !allowedControl(s[i+4:i+6]), s[i+1] == 'b', s[i+1] == 'f':
				flags |= flagControl
			case n == 6 && s[i+2]|0x20 == 'd' && s[i+3] >= '8':
				if utf16.DecodeRune(hex4(s[i:]), hex4(s[i+6:])) == utf8.RuneError {
					flags |= flagControl
				} else {
					n = 12
				}
			}
			i += n
		default:
			return r.bad(i, "a control character in a JSON string"), flags
		}
	}
}

// escapeLen returns the length of the escape at the start of s, 0 for none.
func escapeLen(s string) int {
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		for k := 2; k < 6; k++ {
			if !isHex(s[k]) {
				return 0
			}
		}
		return 6
	}
	return 0
}

// allowedControl reports whether hexadecimal digits are of a tab, line feed or
// return, which are the control characters that FHIR strings may have.
func allowedControl(hex string) bool {
	return hex[0] == '0' && (hex[1] == '9' || hex[1]|0x20 == 'a' || hex[1]|0x20 == 'd')
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// number returns the end of the JSON number at i.
func (r *reader) number(i int) int {
	s, start := r.s, i
	if s[i] == '-' {
		i++
	}
	switch {
	case s[i] == '0':
		i++
	case '1' <= s[i] && s[i] <= '9':
		for '0' <= s[i] && s[i] <= '9' {
			i++
		}
	default:
		return r.bad(i, "a digit is due")
	}
	if s[i] == '.' {
		i++
		if s[i] < '0' || s[i] > '9' {
			return r.bad(i, "a digit is due behind the decimal point")
		}
		for '0' <= s[i] && s[i] <= '9' {
			i++
		}
	}
	if s[i]|0x20 == 'e' {
		i++
		if s[i] == '+' || s[i] == '-' {
			i++
		}
		if s[i] < '0' || s[i] > '9' {
			return r.bad(i, "a digit is due in the exponent")
		}
		for '0' <= s[i] && s[i] <= '9' {
			i++
		}
	}
	if i-start > r.c.limits.Digits {
		r.fail(start, CodeLimit, "a number of more than "+strconv.Itoa(r.c.limits.Digits)+" digits")
	}
	if c := s[i]; '0' <= c && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '.' || c == '+' || c == '-' {
		return r.bad(i, "no JSON number")
	}
	return i
}

// literal returns the end of the letters at i.
func (r *reader) literal(i int) int {
	for 'a' <= r.s[i] && r.s[i] <= 'z' {
		i++
	}
	return i
}

// bad reports a syntax error and returns the end of the input.
func (r *reader) bad(i int, text string) int {
	if i >= r.n {
		text = "the input ends too early"
	}
	r.failClause(i, CodeSyntax, text, clauseRFC8259)
	return r.n
}
