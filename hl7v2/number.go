package hl7v2

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
)

// Number is a value of type NM as it was sent: exact, with its sign, leading
// and trailing zeros. The zero Number is the empty text. Compare numbers with
// Cmp, not with ==: 1 and 1.0 are equal and not the same text.
type Number struct{ text string }

var errNumber = errors.New("not a number: want an optional sign, digits and an optional decimal point")

// ParseNumber reads a number of type NM: an optional sign, digits and at most
// one decimal point, with a digit on at least one side of it. Exponents,
// grouping commas and comparators such as < are no part of it. The empty text
// is the zero Number. The error is an Issue whose Offset counts in s.
func ParseNumber(s string) (Number, error) {
	at := 0
	if at < len(s) && (s[at] == '+' || s[at] == '-') {
		at++
	}
	digits, point := 0, false
	for ; at < len(s); at++ {
		switch c := s[at]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' && !point:
			point = true
		default:
			return Number{}, numberError(at)
		}
	}
	if digits == 0 && s != "" {
		return Number{}, numberError(at)
	}
	return Number{s}, nil
}

func numberError(at int) error {
	return Issue{Severity: Error, Code: CodeDataType, Offset: int64(at), Line: 1, Col: at + 1, Clause: "2.A.47", Err: errNumber}
}

// IsZero reports whether there is no number; 0 is one.
func (n Number) IsZero() bool { return n.text == "" }

// String returns the number as it was sent.
func (n Number) String() string { return n.text }

// AppendText appends String.
func (n Number) AppendText(b []byte) ([]byte, error) { return append(b, n.text...), nil }

// Rat returns the exact value, nil for the zero Number.
func (n Number) Rat() *big.Rat {
	if n.text == "" {
		return nil
	}
	r, _ := new(big.Rat).SetString(strings.TrimSuffix(n.text, "."))
	return r
}

// Cmp compares two numbers exactly: -1, 0 or +1. The zero Number is below all.
func (n Number) Cmp(o Number) int {
	switch a, b := n.Rat(), o.Rat(); {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	default:
		return a.Cmp(b)
	}
}

// Float64 returns the nearest floating-point number, 0 for the zero Number.
func (n Number) Float64() float64 {
	f, _ := strconv.ParseFloat(n.text, 64)
	return f
}

// Int64 returns the number if it is whole and fits.
func (n Number) Int64() (int64, bool) {
	whole, fraction, _ := strings.Cut(n.text, ".")
	if strings.Trim(fraction, "0") != "" {
		return 0, false
	}
	if whole == "" || whole == "+" || whole == "-" {
		return 0, n.text != ""
	}
	i, err := strconv.ParseInt(whole, 10, 64)
	return i, err == nil
}

// Number reads the value as type NM. The offset of the error's Issue counts in
// the message. Absent and null are the zero Number.
func (v Value) Number() (Number, error) {
	if v.m == nil || v.Leaf().State() != Present {
		return Number{}, nil
	}
	n, err := ParseNumber(v.Text())
	return n, v.locate(err)
}
