package fhir

import (
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// The checks return what is wrong with a value, "" for nothing. They work on
// the standard's regular languages by hand and allocate nothing. Reasons
// never hold the value.

const emptyValue = "an empty value"

// checkText checks a value that is a string in JSON. raw has escapes if flags
// says so, which unescape resolves.
func (r *reader) checkText(prim uint8, raw string, flags uint16, unescape func([]byte, string) []byte) string {
	if raw == "" {
		return emptyValue
	}
	if flags&flagEscaped != 0 {
		switch prim {
		case facts.PrimString, facts.PrimMarkdown, facts.PrimXHTML:
			if flags&flagControl != 0 {
				return "a control character, or half of a surrogate pair"
			}
			return ""
		}
		r.work.scratch = unescape(r.work.scratch[:0], raw)
		return checkValue(prim, string(r.work.scratch))
	}
	return checkValue(prim, raw)
}

// checkValue checks the text of a primitive of any kind.
func checkValue(prim uint8, s string) string {
	if s == "" {
		return emptyValue
	}
	switch prim {
	case facts.PrimCode:
		return checkCode(s)
	case facts.PrimURI, facts.PrimURL, facts.PrimCanonical:
		return checkURI(s)
	case facts.PrimID:
		return checkID(s)
	case facts.PrimDate:
		if _, n := scanDate(s); n == 0 || n != len(s) {
			return "not a date: YYYY, YYYY-MM or YYYY-MM-DD is due"
		}
	case facts.PrimDateTime:
		if _, ok := scanDateTime(s); !ok {
			return "not a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone is due"
		}
	case facts.PrimInstant:
		if v, ok := scanDateTime(s); !ok || v.Precision() < Second {
			return "not an instant: YYYY-MM-DDThh:mm:ss with a zone is due"
		}
	case facts.PrimTime:
		if _, n := scanTime(s); n == 0 || n != len(s) {
			return "not a time: hh:mm:ss is due"
		}
	case facts.PrimBase64:
		return checkBase64(s)
	case facts.PrimOID:
		return checkOID(s)
	case facts.PrimUUID:
		return checkUUID(s)
	case facts.PrimBoolean:
		if s != "true" && s != "false" {
			return "not a boolean: true or false is due"
		}
	case facts.PrimInteger, facts.PrimPositiveInt, facts.PrimUnsignedInt, facts.PrimInteger64, facts.PrimDecimal:
		if prim == facts.PrimInteger {
			s = unsigned(s)
		}
		if !isNumber(s) {
			return "not a number"
		}
		return checkNumber(prim, s)
	}
	return ""
}

// checkCode: no white space at the ends, and no two white spaces together.
func checkCode(s string) string {
	space := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' {
			if space {
				return "not a code: white space at an end or doubled"
			}
			space = true
		} else {
			space = false
		}
	}
	if space {
		return "not a code: white space at an end or doubled"
	}
	return ""
}

func checkURI(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' {
			return "not a URI: white space"
		}
	}
	return ""
}

func checkID(s string) string {
	if len(s) > 64 {
		return "not an id: longer than 64 characters"
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.') {
			return "not an id: only letters, digits, hyphens and full stops are allowed"
		}
	}
	return ""
}

func checkOID(s string) string {
	const why = "not an OID: urn:oid: and numbers with full stops between are due"
	rest, ok := strings.CutPrefix(s, "urn:oid:")
	if !ok || len(rest) < 3 || rest[0] < '0' || rest[0] > '2' || rest[1] != '.' {
		return why
	}
	for i := 1; i < len(rest); {
		if rest[i] != '.' {
			return why
		}
		i++
		start := i
		for i < len(rest) && '0' <= rest[i] && rest[i] <= '9' {
			i++
		}
		if i == start || rest[start] == '0' && i > start+1 {
			return why
		}
	}
	return ""
}

func checkUUID(s string) string {
	const why = "not a UUID: urn:uuid: and 32 lower-case hexadecimal digits in five groups are due"
	rest, ok := strings.CutPrefix(s, "urn:uuid:")
	if !ok || len(rest) != 36 {
		return why
	}
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return why
			}
		} else if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return why
		}
	}
	return ""
}

// checkBase64: groups of four characters of the alphabet, white space between,
// padding at the end only.
func checkBase64(s string) string {
	count, pads := 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/':
			if pads > 0 {
				return "not base64: text behind the padding"
			}
			count++
		case c == '=':
			pads++
			count++
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		default:
			return "not base64: a character outside its alphabet"
		}
	}
	if count == 0 || count%4 != 0 || pads > 2 {
		return "not base64: groups of four characters are due"
	}
	return ""
}

// isNumber reports whether s is a number in JSON's form.
func isNumber(s string) bool {
	i := 0
	digits := func() bool {
		start := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	if !digits() || s[start] == '0' && i > start+1 {
		return false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(s)
}

// unsigned drops the plus sign that XML allows before an integer and JSON does
// not.
func unsigned(s string) string {
	if len(s) > 1 && s[0] == '+' && '1' <= s[1] && s[1] <= '9' {
		return s[1:]
	}
	return s
}

// checkNumber checks the range of a number in JSON's form.
func checkNumber(prim uint8, s string) string {
	if prim == facts.PrimDecimal {
		return ""
	}
	neg := s[0] == '-'
	digits := s
	if neg {
		digits = s[1:]
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return "not an integer: a fraction or an exponent"
		}
	}
	most := "2147483647"
	switch {
	case prim == facts.PrimInteger64 && neg:
		most = "9223372036854775808"
	case prim == facts.PrimInteger64:
		most = "9223372036854775807"
	case neg:
		most = "2147483648"
	}
	if len(digits) > len(most) || len(digits) == len(most) && digits > most {
		return "an integer out of range"
	}
	switch {
	case prim == facts.PrimPositiveInt && (neg || digits == "0"):
		return "not a positive integer"
	case prim == facts.PrimUnsignedInt && neg && digits != "0":
		return "not an unsigned integer"
	}
	return ""
}
