package nhsnumber

import (
	"unicode/utf8"
	"unsafe"
)

// Parse reads a number leniently: ten digits, trimmed of white space and a
// byte order mark, with spaces (also no-break and thin ones), tabs, hyphens
// or dashes between any two of them. Only ASCII digits are digits. The error
// is an [*Error]. Ten digits, and 3 3 4 with single spaces, are read without
// allocation on a fast path.
func Parse(s string) (Number, error) { return read(s, false) }

// ParseStrict reads exactly ten ASCII digits, or 3 3 4 with single spaces,
// and nothing else. The error is an [*Error]; its class is [ErrFormat] where
// [Parse] would have taken the spelling.
func ParseStrict(s string) (Number, error) { return read(s, true) }

func read(s string, strict bool) (Number, error) {
	n, v := fast(s)
	if v == accepted {
		return n, nil
	}
	if v == refused {
		return Number{}, failure(ErrCheckDigit, len(s)-1)
	}
	n, c, at := parse(s, strict)
	if c != 0 {
		return Number{}, failure(c, at)
	}
	return n, nil
}

// ParseBytes is [Parse] on bytes, which it does not keep.
func ParseBytes(b []byte) (Number, error) { return Parse(view(b)) }

// Valid reports whether [Parse] takes s, without building an error.
func Valid(s string) bool {
	word, d8, d9, ok := gather(s)
	if !ok {
		_, c, _ := parse(s, false)
		return c == 0
	}
	return (weighted(word)+d8*2+d9)%11 == 0
}

// view reads bytes as a string for the time of a call.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

type verdict uint8

const (
	unread  verdict = iota // not one of the two common forms
	refused                // one of them, but the check digit fails
	accepted
)

// fast reads the two common forms.
func fast(s string) (Number, verdict) {
	word, d8, d9, ok := gather(s)
	if !ok {
		return Number{}, unread
	}
	if (weighted(word)+d8*2+d9)%11 != 0 {
		return Number{}, refused
	}
	return fromValue(number8(word)*100 + uint64(d8*10+d9)), accepted
}

// gather returns the digit values of the two common forms, the first eight in
// one word with the first digit lowest, so that all can be worked on at once.
func gather(s string) (word uint64, d8, d9 uint32, ok bool) {
	switch len(s) {
	case 10:
		word, d8, d9 = load(s), uint32(s[8])-'0', uint32(s[9])-'0'
	case 12:
		tail := load(s[4:])
		word = load(s)&0xFFFFFF | tail&0xFFFFFF<<24 | tail>>32<<48
		d8, d9 = uint32(s[10])-'0', uint32(s[11])-'0'
		ok = s[3] == ' ' && s[7] == ' '
		return word ^ zeros, d8, d9, ok && eightDigits(word) && d8 <= 9 && d9 <= 9
	}
	return word ^ zeros, d8, d9, eightDigits(word) && d8 <= 9 && d9 <= 9
}

// zeros is eight times '0'.
const zeros = 0x3030303030303030

// load reads the first eight bytes of s, the first one lowest.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// eightDigits reports whether all eight bytes are '0' to '9': the upper half
// of each is 3, also after adding 6.
func eightDigits(w uint64) bool {
	return w&0xF0F0F0F0F0F0F0F0|(w+0x0606060606060606)&0xF0F0F0F0F0F0F0F0>>4 == 0x3333333333333333
}

// weighted returns the sum of eight digit values times the weights 10 to 3.
// Each product adds four digits of every other byte into its upper 16 bits.
func weighted(w uint64) uint32 {
	const lanes = 0x00FF00FF00FF00FF
	even := w & lanes * (10<<48 | 8<<32 | 6<<16 | 4)
	odd := w >> 8 & lanes * (9<<48 | 7<<32 | 5<<16 | 3)
	return uint32(even>>48 + odd>>48)
}

// number8 returns eight digit values, the first lowest, as a number.
func number8(w uint64) uint64 {
	w = w*10 + w>>8
	return (w&0x000000FF000000FF*(100+1_000_000<<32) + w>>16&0x000000FF000000FF*(1+10_000<<32)) >> 32
}

// parse reads any spelling. It returns a class, and where, if it refuses s.
func parse(s string, strict bool) (Number, Class, int) {
	start, end := trim(s)
	if start == end {
		return Number{}, ErrEmpty, 0
	}
	var (
		digits    int
		value     uint64
		sum       uint32
		extra     = -1 // offset of the eleventh digit
		last      int  // offset of the latest digit
		odd       = -1 // offset of the first byte that is not of a strict form
		separator = -1 // offset of separators since the latest digit
	)
	if start > 0 {
		odd = 0
	}
	for i := start; i < end; {
		c := s[i]
		if c-'0' <= 9 {
			if digits < 10 {
				value = value*10 + uint64(c-'0')
				sum += uint32(c-'0') * uint32(10-digits)
				last = i
			} else if extra < 0 {
				extra = i
			}
			digits++
			separator = -1
			i++
			continue
		}
		size := separatorAt(s[i:])
		if size == 0 || digits == 0 {
			return Number{}, ErrCharacter, i
		}
		if odd < 0 && (c != ' ' || i != 3 && i != 7) {
			odd = i
		}
		if separator < 0 {
			separator = i
		}
		i += size
	}
	if separator >= 0 { // a dash at the end: white space has been trimmed
		return Number{}, ErrCharacter, separator
	}
	if odd < 0 && end < len(s) {
		odd = end
	}
	spaced := end-start != digits || start > 0 || end < len(s)
	if strict && spaced {
		if odd < 0 && len(s) != 12 { // only some of the spaces, or too many digits
			odd = min(3, len(s))
		}
		if odd < 0 && (s[3] != ' ' || s[7] != ' ') {
			odd = 3
		}
		if odd >= 0 {
			return Number{}, ErrFormat, odd
		}
	}
	switch {
	case extra >= 0:
		return Number{}, ErrLength, extra
	case digits < 10:
		return Number{}, ErrLength, end
	case sum%11 != 0:
		return Number{}, ErrCheckDigit, last
	}
	return fromValue(value), 0, 0
}

// trim returns the bounds of s without white space and byte order mark.
func trim(s string) (start, end int) {
	end = len(s)
	if len(s) >= 3 && s[:3] == "\ufeff" {
		start = 3
	}
	for start < end {
		size := spaceAt(s[start:end])
		if size == 0 {
			break
		}
		start += size
	}
	for end > start {
		r, size := utf8.DecodeLastRuneInString(s[start:end])
		if !isSpace(r) {
			break
		}
		end -= size
	}
	if start == end {
		return 0, 0
	}
	return start, end
}

func spaceAt(s string) int {
	if r, size := utf8.DecodeRuneInString(s); isSpace(r) {
		return size
	}
	return 0
}

// separatorAt returns the length of the separator at the start of s, or 0. A
// line break is not a separator: what follows one is another value.
func separatorAt(s string) int {
	switch c := s[0]; {
	case c == ' ' || c == '-' || c == '\t':
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	r, size := utf8.DecodeRuneInString(s)
	if isDash(r) || isSpace(r) && r != 0x85 && r != 0x2028 && r != 0x2029 {
		return size
	}
	return 0
}

// isSpace is Unicode White_Space.
func isSpace(r rune) bool {
	switch {
	case r <= ' ':
		return r == ' ' || r >= '\t' && r <= '\r'
	case r < 0x2000:
		return r == 0x85 || r == 0xA0 || r == 0x1680
	}
	return r <= 0x200A || r == 0x2028 || r == 0x2029 || r == 0x202F || r == 0x205F || r == 0x3000
}

// isDash is the hyphens, dashes and minus signs that word processors put in a
// number, and the soft hyphen of web pages.
func isDash(r rune) bool {
	return r == '-' || r == 0xAD || r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 0xFE58 || r == 0xFE63 || r == 0xFF0D
}
