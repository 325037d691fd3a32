package nhsnumber

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Number is a valid ten digit number: an NHS number, a CHI number or an H&C
// number, which share one format and one check digit. The zero value is "no
// number"; a Number that fails its check digit cannot be made.
//
// Numbers compare with ==, serve as map keys and order by [Number.Compare].
// Every verb of fmt, log/slog and a panic shows a mask. The digits leave by
// [Number.Digits], [Number.Display] and the encoders (text, JSON, binary,
// SQL) only. Note that slog's JSON handler encodes a struct or slice that
// *contains* numbers with encoding/json, which writes the digits: log the
// Number itself, or give the struct a LogValue method.
type Number struct {
	// v is 0 for no number, else (the number + 1) times scramble. fmt prints
	// a value in an unexported field of another package's struct by
	// reflection, without asking its Format method; what it then finds here
	// is not the number.
	v uint64
}

// scramble and unscramble are inverse modulo 2^64.
const (
	scramble   uint64 = 0x9E3779B97F4A7C15
	unscramble uint64 = 0xF1DE83E19937733D
)

// mask stands for a number wherever it is printed.
const mask = "*** *** ****"

// limit is one more than the largest ten digit number.
const limit = 10_000_000_000

// fromValue wraps ten digits that have been checked.
func fromValue(n uint64) Number { return Number{(n + 1) * scramble} }

// value returns the ten digits as an integer; n must not be zero.
func (n Number) value() uint64 { return n.v*unscramble - 1 }

// Nine returns the first nine digits as an integer, from 0 to 999,999,999. The
// tenth follows from them ([CheckDigit]), so they identify a number in half the
// bytes and index a bitmap of all numbers. No number gives 2,576,980,377, which
// is beyond any such table. It costs two multiplications, and it is personal
// data.
func (n Number) Nine() uint32 { return uint32(n.value() / 10) }

// fromNine appends the check digit to nine digits. No number begins with one
// in eleven of them.
func fromNine(nine uint32) (Number, bool) {
	c, ok := CheckDigit(nine)
	if !ok {
		return Number{}, false
	}
	return fromValue(uint64(nine)*10 + uint64(c)), true
}

// CheckDigit returns the Modulus 11 check digit that completes the first nine
// digits of a number. It reports false where there is none, which is so for
// one in eleven, and for more than nine digits.
func CheckDigit(nine uint32) (digit int, ok bool) {
	if nine > 999_999_999 {
		return 0, false
	}
	sum := uint32(0)
	for weight := uint32(2); nine > 0; weight++ {
		sum += nine % 10 * weight
		nine /= 10
	}
	c := (11 - sum%11) % 11
	return int(c), c != 10
}

// IsZero reports whether n is no number. The option omitzero of encoding/json
// asks it.
func (n Number) IsZero() bool { return n.v == 0 }

// Compare orders numbers by their digits, no number first.
func (n Number) Compare(other Number) int {
	return cmp.Compare(n.v*unscramble, other.v*unscramble)
}

// Digits returns the ten digits, "9434765919", or "" for no number. It is the
// form for messages and stores, and it is personal data.
func (n Number) Digits() string {
	if n.v == 0 {
		return ""
	}
	var b [10]byte
	n.put(&b)
	return string(b[:])
}

// Display returns the form that ISB 0149 requirement 09 wants on screen and
// paper, "943 476 5919", or "" for no number. It is personal data.
func (n Number) Display() string {
	if n.v == 0 {
		return ""
	}
	return string(n.AppendDisplay(make([]byte, 0, 12)))
}

// AppendDisplay appends the form of [Number.Display] to b.
func (n Number) AppendDisplay(b []byte) []byte {
	if n.v == 0 {
		return b
	}
	var d [10]byte
	n.put(&d)
	return append(b, d[0], d[1], d[2], ' ', d[3], d[4], d[5], ' ', d[6], d[7], d[8], d[9])
}

// appendDigits appends the ten digits, nothing for no number.
func (n Number) appendDigits(b []byte) []byte {
	if n.v == 0 {
		return b
	}
	var d [10]byte
	n.put(&d)
	return append(b, d[:]...)
}

func (n Number) put(b *[10]byte) {
	v := n.value()
	for i := 9; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
}

// String returns a mask, "*** *** ****", the same for every number, and
// "(none)" for no number. See [Number.Display] for the digits.
func (n Number) String() string {
	if n.v == 0 {
		return "(none)"
	}
	return mask
}

// GoString is [Number.String].
func (n Number) GoString() string { return n.String() }

// Format writes the mask of [Number.String] for every verb, so that %d and %x
// show no more than %v does. Width and the flag - pad it.
func (n Number) Format(f fmt.State, _ rune) { formatMasked(f, n.String()) }

// formatMasked writes s padded to the width that f asks for.
func formatMasked(f fmt.State, s string) {
	if w, ok := f.Width(); ok && w > len(s) {
		pad := strings.Repeat(" ", w-len(s))
		if f.Flag('-') {
			s += pad
		} else {
			s = pad + s
		}
	}
	io.WriteString(f, s)
}

// LogValue gives log/slog the mask of [Number.String].
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// Repdigit reports whether all ten digits are the same. All ten such numbers
// pass the check digit, and are typed to get past a form.
func (n Number) Repdigit() bool { return n.v != 0 && n.value()%1_111_111_111 == 0 }
