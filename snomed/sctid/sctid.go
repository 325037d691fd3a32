package sctid

import (
	"fmt"
	"strconv"
)

// ID is a SNOMED CT identifier. The zero value is "no identifier". A value
// obtained from [Parse] or [New] is valid; a value converted from an integer
// of other origin may not be, which [ID.Valid] tells.
type ID uint64

// The shortest and longest identifiers, in digits, and the shortest one that
// has a namespace.
const (
	minDigits          = 6
	maxDigits          = 18
	minExtensionDigits = 11
)

// Kind is what an identifier names.
type Kind uint8

// The kinds of component, in the order of the last partition digit.
const (
	Concept      Kind = iota // partition 00 or 10
	Description              // partition 01 or 11
	Relationship             // partition 02 or 12
	Expression               // partition 03 or 13, a postcoordinated expression
)

// String returns the kind in lower case, such as "concept".
func (k Kind) String() string {
	switch k {
	case Concept:
		return "concept"
	case Description:
		return "description"
	case Relationship:
		return "relationship"
	case Expression:
		return "expression"
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// Code says why a text is not an identifier. The values are stable.
type Code string

// What can be wrong with an identifier.
const (
	CodeLength      Code = "sctid.length"       // fewer than 6 or more than 18 digits, or too few for a namespace
	CodeCharacter   Code = "sctid.character"    // something that is not an ASCII digit
	CodeLeadingZero Code = "sctid.leading-zero" // the first digit is 0
	CodeCheckDigit  Code = "sctid.check-digit"  // the Verhoeff digit does not fit the others
	CodePartition   Code = "sctid.partition"    // the partition is none of 00-03 and 10-13
)

// Error is why a text is not an identifier. It does not repeat the text.
type Error struct {
	Code   Code
	Offset int // byte offset in the text of what is wrong
}

// Error words the code and the place.
func (e *Error) Error() string {
	const at = "SNOMED CT identifier, byte %d: %s"
	switch e.Code {
	case CodeLength:
		return fmt.Sprintf(at, e.Offset, "must have 6 to 18 digits, 11 or more with a namespace")
	case CodeCharacter:
		return fmt.Sprintf(at, e.Offset, "is not a digit")
	case CodeLeadingZero:
		return fmt.Sprintf(at, e.Offset, "must not start with 0")
	case CodeCheckDigit:
		return fmt.Sprintf(at, e.Offset, "the check digit does not fit (Verhoeff)")
	case CodePartition:
		return fmt.Sprintf(at, e.Offset, "the partition must be 00 to 03 or 10 to 13")
	}
	return fmt.Sprintf(at, e.Offset, e.Code)
}

// Parse reads an identifier. The error is always an *[Error].
func Parse(s string) (ID, error) { return parse(s) }

// ParseBytes is [Parse] for a byte slice, which it does not keep.
func ParseBytes(b []byte) (ID, error) { return parse(b) }

// parse reads eight digits at a time. Digit pairs come out of the conversion
// to an integer on the way, and index the tables of the check digit.
func parse[T string | []byte](s T) (ID, error) {
	n := len(s)
	if n < 8 || n > maxDigits {
		return parseSlowly(s)
	}
	tail := swap8(s, n-8)
	head := swap8(s, 0)
	if !digits8(tail) || !digits8(head) || s[0] == '0' {
		return parseSlowly(s)
	}
	head ^= zeros8
	pairs0 := pairs8(tail ^ zeros8)
	check := quad(pairs0)
	v := join8(pairs0)
	if n > 16 {
		middle := swap8(s, n-16)
		if !digits8(middle) {
			return parseSlowly(s)
		}
		pairs1 := pairs8(middle ^ zeros8)
		pairs2 := pairs8(head << (8 * (24 - n)))
		check = compose(check, compose(quad(pairs1), quad(pairs2)))
		v += join8(pairs1)*1e8 + join8(pairs2)*1e16
	} else {
		pairs1 := pairs8(head << (8 * (16 - n)))
		check = compose(check, quad(pairs1))
		v += join8(pairs1) * 1e8
	}
	if check != padding[n] || !partitionFits(v, n) {
		return parseSlowly(s)
	}
	return ID(v), nil
}

const zeros8 = 0x3030303030303030

// swap8 loads eight bytes, the first in the lowest place.
func swap8[T string | []byte](s T, at int) uint64 {
	b := s[at : at+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// digits8 reports whether all eight bytes are ASCII digits.
func digits8(x uint64) bool {
	return x&0xf0f0f0f0f0f0f0f0 == zeros8 && (x+0x0606060606060606)&0xf0f0f0f0f0f0f0f0 == zeros8
}

// pairs8 turns eight digits into four numbers below 100, one in each 16 bits,
// the most significant lowest.
func pairs8(x uint64) uint64 {
	return (x*10 + x>>8) & 0x00ff00ff00ff00ff
}

// join8 turns four pairs into one number.
func join8(p uint64) uint64 {
	p = (p*100 + p>>16) & 0x0000ffff0000ffff
	return (p*10000 + p>>32) & 0xffffffff
}

// quad composes the contributions of the eight digits in four pairs to the
// check digit, from the right.
func quad(p uint64) uint8 {
	return compose(
		compose(pairElement[0][p>>48&0x7f], pairElement[1][p>>32&0x7f]),
		compose(pairElement[2][p>>16&0x7f], pairElement[3][p&0x7f]))
}

// compose is the product of two elements of the dihedral group.
func compose(a, b uint8) uint8 { return product[a&15][b&15] }

// partitionFits reports whether an n-digit number has a known partition and,
// if that asks for a namespace, digits enough for one.
func partitionFits(v uint64, n int) bool {
	p := v / 10 % 100
	return p < 4 || p >= 10 && p < 14 && n >= minExtensionDigits
}

// parseSlowly reads short identifiers and finds what is wrong with bad ones.
func parseSlowly[T string | []byte](s T) (ID, error) {
	v := uint64(0)
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, &Error{CodeCharacter, i}
		}
		if i == maxDigits {
			return 0, &Error{CodeLength, i}
		}
		v = v*10 + uint64(c)
	}
	n := len(s)
	switch {
	case n < minDigits:
		return 0, &Error{CodeLength, n}
	case s[0] == '0':
		return 0, &Error{CodeLeadingZero, 0}
	case checksum(v) != 0:
		return 0, &Error{CodeCheckDigit, n - 1}
	case partitionFits(v, n):
		return ID(v), nil
	case partitionFits(v, maxDigits):
		return 0, &Error{CodeLength, n}
	}
	return 0, &Error{CodePartition, n - 3}
}

// checksum composes the digits of v from the right: 0 where the last of them
// is the right check digit.
func checksum(v uint64) uint8 {
	sum := uint8(0)
	for k := 0; v > 0; k++ {
		if v < 10 {
			return compose(sum, digitElement[2*k&7][v])
		}
		sum = compose(sum, pairElement[k&3][v%100])
		v /= 100
	}
	return sum
}

// Valid reports whether id is an identifier that [Parse] would accept.
func (id ID) Valid() bool {
	n := digitCount(uint64(id))
	return n >= minDigits && n <= maxDigits && partitionFits(uint64(id), n) && checksum(uint64(id)) == 0
}

func digitCount(v uint64) int {
	n := 0
	for ; v > 0; v /= 10 {
		n++
	}
	return n
}

// Kind returns what a valid identifier names.
func (id ID) Kind() Kind { return Kind(id / 10 % 10) }

// Partition returns the two digits before the check digit as a number:
// 0 to 3 for international content, 10 to 13 with a namespace.
func (id ID) Partition() int { return int(id / 10 % 100) }

// HasNamespace reports whether the identifier was issued in an extension
// namespace, such as that of the UK, rather than internationally.
func (id ID) HasNamespace() bool { return id/100%10 == 1 }

// Namespace returns the seven digits of the issuer's namespace, "1000000" for
// UK clinical and "1000001" for UK drug content, or "" for an international
// identifier. Zeros in front are part of it.
func (id ID) Namespace() string {
	if !id.HasNamespace() {
		return ""
	}
	var b [7]byte
	v := uint64(id) / 1000 % 1e7
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = '0' + byte(v%10)
		v /= 10
	}
	return string(b[:])
}

// Item returns the digits that the issuer counts up: all but namespace,
// partition and check digit.
func (id ID) Item() uint64 {
	if id.HasNamespace() {
		return uint64(id) / 1e10
	}
	return uint64(id) / 1000
}

// New makes the identifier of one item of a kind, in a namespace of seven
// digits, or internationally with namespace "". It fails for item 0, for a
// namespace of another form, and where the result would not have 6 to 18
// digits.
func New(kind Kind, namespace string, item uint64) (ID, error) {
	partition := uint64(kind)
	if kind > Expression {
		return 0, fmt.Errorf("sctid: %v has no partition", kind)
	}
	limit, scale, ns := uint64(1e15), uint64(1), uint64(0)
	if namespace != "" {
		if len(namespace) != 7 {
			return 0, fmt.Errorf("sctid: a namespace has 7 digits, not %d", len(namespace))
		}
		for i := range len(namespace) {
			c := namespace[i] - '0'
			if c > 9 {
				return 0, fmt.Errorf("sctid: byte %d of the namespace is not a digit", i)
			}
			ns = ns*10 + uint64(c)
		}
		limit, scale, partition = 1e8, 1e7, partition+10
	}
	if item == 0 || item >= limit || namespace == "" && item < 100 {
		return 0, fmt.Errorf("sctid: item %d does not give an identifier of 6 to 18 digits", item)
	}
	v := (item*scale+ns)*100 + partition
	return ID(v*10 + uint64(checkDigit(v))), nil
}

// checkDigit returns the digit to put behind v.
func checkDigit(v uint64) uint8 {
	sum := checksum(v * 10)
	for d := range uint8(10) {
		// The last digit stands first in the composition and is not permuted:
		// digit 0 contributes the identity.
		if compose(d, sum) == 0 {
			return d
		}
	}
	panic("sctid: the group has an inverse for every element")
}

// String returns the digits, without zeros in front.
func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }
