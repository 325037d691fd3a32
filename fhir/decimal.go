package fhir

import (
	"math/big"
	"strconv"
	"strings"
)

// Decimal is a FHIR decimal that keeps its digits: 1.50 stays 1.50, and
// 1.0E+2 stays that. Its text is its value: == compares as written, Cmp
// compares numbers. The zero Decimal is none.
type Decimal struct{ text string }

// ParseDecimal parses a decimal in JSON's form: -1.50, 3e8. The error is
// ErrSyntax.
func ParseDecimal(s string) (Decimal, error) {
	if !isNumber(s) {
		return Decimal{}, ErrSyntax
	}
	return Decimal{strings.Clone(s)}, nil
}

// NewDecimal returns coefficient × 10^-scale, written with scale digits after
// the point; a negative scale stands for zeros before it.
func NewDecimal(coefficient int64, scale int) Decimal {
	text := strconv.FormatInt(coefficient, 10)
	if scale <= 0 {
		if coefficient != 0 {
			text += strings.Repeat("0", -scale)
		}
		return Decimal{text}
	}
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	if len(text) <= scale {
		text = strings.Repeat("0", scale-len(text)+1) + text
	}
	return Decimal{sign + text[:len(text)-scale] + "." + text[len(text)-scale:]}
}

// IsZero reports whether d is no decimal; 0 is one.
func (d Decimal) IsZero() bool { return d.text == "" }

// String returns the decimal as written, "" for the zero Decimal.
func (d Decimal) String() string { return d.text }

// AppendText appends what String returns. The error is always nil.
func (d Decimal) AppendText(b []byte) ([]byte, error) { return append(b, d.text...), nil }

// MarshalText returns what String returns. The error is always nil.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.text), nil }

// UnmarshalText parses a decimal as ParseDecimal does; empty text is the zero
// Decimal.
func (d *Decimal) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*d = Decimal{}
		return nil
	}
	*d, err = ParseDecimal(string(b))
	return err
}

// MarshalJSON returns the decimal as a JSON number, null for the zero
// Decimal. The error is always nil.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d.text == "" {
		return []byte("null"), nil
	}
	return []byte(d.text), nil
}

// UnmarshalJSON parses a JSON number; null changes nothing, as encoding/json has
// it. The error is ErrSyntax.
func (d *Decimal) UnmarshalJSON(b []byte) (err error) {
	if string(b) == "null" {
		return nil
	}
	*d, err = ParseDecimal(string(b))
	return err
}

// Parts returns the decimal as coefficient × 10^-scale, with the digits as
// written: 1.50 is 150 and 2. It is false where the coefficient does not fit
// an int64, the exponent is beyond a thousand, or d is the zero Decimal.
func (d Decimal) Parts() (coefficient int64, scale int, ok bool) {
	s := d.text
	if s == "" {
		return 0, 0, false
	}
	neg := s[0] == '-'
	i := 0
	if neg {
		i++
	}
	var c uint64
	point := -1
	for ; i < len(s); i++ {
		b := s[i]
		if b == '.' {
			point = i
			continue
		}
		if b|0x20 == 'e' {
			break
		}
		if c > (1<<63-1)/10 {
			return 0, 0, false
		}
		c = c*10 + uint64(b-'0')
	}
	if point >= 0 {
		scale = i - point - 1
	}
	if i < len(s) {
		exp, err := strconv.Atoi(s[i+1:])
		if err != nil || exp > maxExponent || exp < -maxExponent {
			return 0, 0, false
		}
		scale -= exp
	}
	if c > 1<<63-1 {
		return 0, 0, false
	}
	coefficient = int64(c)
	if neg {
		coefficient = -coefficient
	}
	return coefficient, scale, true
}

// maxExponent bounds what arithmetic expands; texts may have larger ones.
const maxExponent = 1000

// Big returns the decimal as coefficient × 10^-scale in full precision. It is
// false for the zero Decimal and for exponents beyond a thousand.
func (d Decimal) Big() (coefficient *big.Int, scale int, ok bool) {
	if c, scale, ok := d.Parts(); ok {
		return big.NewInt(c), scale, true
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(d.text), "e")
	if mantissa == "" {
		return nil, 0, false
	}
	if hasExponent {
		exp, err := strconv.Atoi(exponent)
		if err != nil || exp > maxExponent || exp < -maxExponent {
			return nil, 0, false
		}
		scale = -exp
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	c, ok := new(big.Int).SetString(whole+fraction, 10)
	return c, scale + len(fraction), ok
}

// Cmp compares two decimals as numbers: -1, 0 or 1. It is false where Big is
// for one of them.
func (d Decimal) Cmp(o Decimal) (int, bool) {
	a, as, ok1 := d.Big()
	b, bs, ok2 := o.Big()
	if !ok1 || !ok2 {
		return 0, false
	}
	ten := big.NewInt(10)
	if as < bs {
		a = new(big.Int).Mul(a, ten.Exp(ten, big.NewInt(int64(bs-as)), nil))
	} else if bs < as {
		b = new(big.Int).Mul(b, ten.Exp(ten, big.NewInt(int64(as-bs)), nil))
	}
	return a.Cmp(b), true
}

// Float64 returns the nearest float64, for display and statistics.
func (d Decimal) Float64() float64 {
	f, _ := strconv.ParseFloat(d.text, 64)
	return f
}
