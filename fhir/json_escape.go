package fhir

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// appendJSONUnescaped appends a JSON string's content with its escapes
// resolved. The content has passed the scanner. Halves of surrogate pairs
// become U+FFFD.
func appendJSONUnescaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c != '\\' || i+1 >= len(s) {
			start := i
			for i++; i < len(s) && s[i] != '\\'; i++ {
			}
			dst = append(dst, s[start:i]...)
			continue
		}
		switch e := s[i+1]; e {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(s[i:])
			i += 6
			if utf16.IsSurrogate(r) {
				if low := hex4(s[i:]); utf16.DecodeRune(r, low) != utf8.RuneError {
					r = utf16.DecodeRune(r, low)
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		default:
			dst = append(dst, e)
		}
		i += 2
	}
	return dst
}

// hex4 returns the code unit of the escape \uXXXX at the start of s, -1 if
// there is none.
func hex4(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	v, err := strconv.ParseUint(s[2:6], 16, 32)
	if err != nil {
		return -1
	}
	return rune(v)
}
