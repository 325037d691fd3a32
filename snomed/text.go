package snomed

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Terms are kept as sequences of pieces: words and what stands between them.
// A single space between two words is not kept. Words are also what search
// looks for, once folded.

// nextPiece returns the length of the piece at the start of s and whether it
// is a word. A word is letters, marks and numbers, small and raised ones too, with
// apostrophes inside.
func nextPiece(s string) (n int, word bool) {
	first := true
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			w := asciiWord[c>>6]&(1<<(c&63)) != 0
			if !w && c == '\'' && word && i+1 < len(s) && wordByte(s[i+1]) {
				w = true
			}
			if first {
				word, first = w, false
			} else if w != word {
				return i, word
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		w := unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
		if r == '’' && word && !first {
			if next, _ := utf8.DecodeRuneInString(s[i+size:]); unicode.IsLetter(next) {
				w = true
			}
		}
		if first {
			word, first = w, false
		} else if w != word {
			return i, word
		}
		i += size
	}
	return len(s), word
}

// pieceOf returns the number of a piece, given its code, which also says whether
// its first letter is a capital.
func pieceOf(code uint32) uint32 { return code >> 1 }

// asciiWord has a bit for each ASCII letter and digit.
var asciiWord = [2]uint64{0x03ff000000000000, 0x07fffffe07fffffe}

func wordByte(c byte) bool { return c < utf8.RuneSelf && asciiWord[c>>6]&(1<<(c&63)) != 0 }

// fold appends the form of a word that search compares: lower case, without
// accents, apostrophes left out, and both signs for micro as u.
func fold(b []byte, word string) []byte {
	ascii := true
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		for i := range len(word) {
			c := word[i]
			switch {
			case c >= 'A' && c <= 'Z':
				b = append(b, c+'a'-'A')
			case c != '\'':
				b = append(b, c)
			}
		}
		return b
	}
	for _, r := range norm.NFKD.String(strings.ToLower(word)) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case r == 'μ':
			b = append(b, 'u')
		case r == 'ß':
			b = append(b, 's', 's')
		case r == 'æ':
			b = append(b, 'a', 'e')
		case r == 'œ':
			b = append(b, 'o', 'e')
		case r == 'ø':
			b = append(b, 'o')
		case r == 'ł':
			b = append(b, 'l')
		case r == 'đ' || r == 'ð':
			b = append(b, 'd')
		case r == 'þ':
			b = append(b, 't', 'h')
		case r == 'ħ':
			b = append(b, 'h')
		case r == 'ı':
			b = append(b, 'i')
		default:
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return b
}

// Codes of pieces take one byte below 160, two below 20,640, three below a
// million, else five. The first byte tells.
const (
	oneByte  = 160
	twoBytes = oneByte + 80<<8
	threeTop = twoBytes + 15<<16
)

func appendCode(b []byte, v uint32) []byte {
	switch {
	case v < oneByte:
		return append(b, byte(v))
	case v < twoBytes:
		v -= oneByte
		return append(b, byte(oneByte+v>>8), byte(v))
	case v < threeTop:
		v -= twoBytes
		return append(b, byte(240+v>>16), byte(v>>8), byte(v))
	}
	return append(b, 255, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// readCode reads a code and returns the bytes it took, 0 if it is cut off.
func readCode(b []byte) (v uint32, n int) {
	switch {
	case len(b) > 0 && b[0] < oneByte:
		return uint32(b[0]), 1
	case len(b) > 1 && b[0] < 240:
		return oneByte + uint32(b[0]-oneByte)<<8 + uint32(b[1]), 2
	case len(b) > 2 && b[0] < 255:
		return twoBytes + uint32(b[0]-240)<<16 + uint32(b[1])<<8 + uint32(b[2]), 3
	case len(b) > 4:
		return uint32(b[1])<<24 | uint32(b[2])<<16 | uint32(b[3])<<8 | uint32(b[4]), 5
	}
	return 0, 0
}

// The preferred term of a concept is in a form that is quicker to read: the
// number of pieces as a code, then a tag of two bits for each, and then each in
// as many bytes as its tag says and one more. So no code has to be read to know
// where the next one is.

// tagSlack is how many bytes behind such a term a reader may load.
const tagSlack = 8

func appendTagged(b []byte, pieces []uint32) []byte {
	b = appendCode(b, uint32(len(pieces)))
	tags := len(b)
	b = append(b, make([]byte, (len(pieces)+3)/4)...)
	for i, p := range pieces {
		size := max(1, (bits.Len32(p)+7)/8)
		b[tags+i/4] |= byte((size - 1) << (i % 4 * 2))
		b = append(b, byte(p), byte(p>>8), byte(p>>16), byte(p>>24))[:len(b)+size]
	}
	return b
}

// readTagged appends the pieces to a list. It reports false where they are cut
// off, or b does not have tagSlack bytes more as capacity.
func readTagged(b []byte, to []uint32) (pieces []uint32, ok bool) {
	count, at := readCode(b)
	n := int(count)
	i := at + (n+3)/4
	if at == 0 || i+n > len(b) || cap(b) < len(b)+tagSlack {
		return to, false
	}
	all := b[:len(b)+tagSlack]
	for ; n > 0 && i <= len(b); n -= 32 {
		tags := binary.LittleEndian.Uint64(all[at:])
		at += 8
		for range min(n, 32) {
			if i > len(b) {
				break
			}
			more := tags & 3
			to = append(to, binary.LittleEndian.Uint32(all[i:])&(1<<(8*more+8)-1))
			i += int(more) + 1
			tags >>= 2
		}
	}
	return to, i <= len(b)
}

// A term begins with the number of pieces that it shares with the term before
// it and the number of those that follow: in one byte, four bits each, or
// where that does not do, a byte of ones and both as codes.
const longHead = 0xff

func appendTermHead(b []byte, shared, n int) []byte {
	if shared < 15 && n < 16 || shared == 15 && n < 15 {
		return append(b, byte(shared<<4|n))
	}
	return appendCode(appendCode(append(b, longHead), uint32(shared)), uint32(n))
}

// readTermHead returns the bytes that the head took as well, 0 if it is cut
// off.
func readTermHead(b []byte) (shared, n, size int) {
	if len(b) == 0 {
		return 0, 0, 0
	}
	if b[0] != longHead {
		return int(b[0] >> 4), int(b[0] & 15), 1
	}
	x, i := readCode(b[1:])
	y, j := readCode(b[1+i:])
	if i == 0 || j == 0 {
		return 0, 0, 0
	}
	return int(x), int(y), 1 + i + j
}
