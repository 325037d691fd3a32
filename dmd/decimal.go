package dmd

import (
	"errors"
	"math/big"
	"strconv"
)

// Decimal is an exact decimal number: a strength, a quantity, a dose form size.
// Values compare with Cmp; == is true only for the same number of decimals. The
// zero value is 0.
type Decimal struct {
	coef  int64
	scale uint8 // digits after the point, at most 18
}

var errDecimal = errors.New("not a decimal number of at most 18 digits")

// ParseDecimal reads a number as the release writes it: digits with or without a
// point, a sign, and an exponent. Digits after the point are kept, so that "1.0"
// prints as "1.0". Numbers beyond 18 digits are refused.
func ParseDecimal(s string) (Decimal, error) { return parseDecimal(s) }

func parseDecimal[T string | []byte](s T) (Decimal, error) {
	var d Decimal
	i, neg := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	digits, significant, point := 0, 0, false
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9':
			if (c == 'e' || c == 'E') && digits > 0 {
				return d.shift(neg, string(s[i+1:]))
			}
			return Decimal{}, errDecimal
		}
		if significant > 0 || c != '0' {
			significant++
		}
		if digits++; significant > 18 || point && d.scale == 18 {
			return Decimal{}, errDecimal
		}
		d.coef = d.coef*10 + int64(c-'0')
		if point {
			d.scale++
		}
	}
	if digits == 0 {
		return Decimal{}, errDecimal
	}
	if neg {
		d.coef = -d.coef
	}
	return d, nil
}

// shift applies an exponent, as xs:float allows one.
func (d Decimal) shift(neg bool, exponent string) (Decimal, error) {
	e, err := strconv.Atoi(exponent)
	if err != nil || e < -18 || e > 18 {
		return Decimal{}, errDecimal
	}
	scale := int(d.scale) - e
	for ; scale < 0; scale++ {
		if d.coef > 1e17 {
			return Decimal{}, errDecimal
		}
		d.coef *= 10
	}
	for ; scale > 18 && d.coef%10 == 0; scale-- {
		d.coef /= 10
	}
	if scale > 18 {
		return Decimal{}, errDecimal
	}
	d.scale = uint8(scale)
	if neg {
		d.coef = -d.coef
	}
	return d, nil
}

// NewDecimal returns coef divided by ten to the power of decimals, which must be
// at most 18: NewDecimal(625, 1) is 62.5.
func NewDecimal(coef int64, decimals int) Decimal {
	return Decimal{coef, uint8(min(max(decimals, 0), 18))}
}

// AppendText appends the number with the decimals it has.
func (d Decimal) AppendText(b []byte) ([]byte, error) {
	coef := uint64(d.coef)
	if d.coef < 0 {
		b = append(b, '-')
		coef = -coef
	}
	start := len(b)
	b = strconv.AppendUint(b, coef, 10)
	if d.scale == 0 {
		return b, nil
	}
	for len(b)-start <= int(d.scale) {
		b = append(b, 0)
		copy(b[start+1:], b[start:])
		b[start] = '0'
	}
	point := len(b) - int(d.scale)
	b = append(b, 0)
	copy(b[point+1:], b[point:])
	b[point] = '.'
	return b, nil
}

// String returns the number with the decimals it has: "62.5", "1.0", "-3".
func (d Decimal) String() string {
	var buf [24]byte
	b, _ := d.AppendText(buf[:0])
	return string(b)
}

// MarshalText is AppendText on an empty slice.
func (d Decimal) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText is ParseDecimal.
func (d *Decimal) UnmarshalText(b []byte) error {
	v, err := parseDecimal(b)
	if err == nil {
		*d = v
	}
	return err
}

// MarshalJSON writes a JSON number with the decimals it has.
func (d Decimal) MarshalJSON() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalJSON reads a JSON number, or a string that holds one.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if n := len(b); n > 1 && b[0] == '"' && b[n-1] == '"' {
		b = b[1 : n-1]
	}
	return d.UnmarshalText(b)
}

// Reduced returns the same number without zeros at the end of its decimals.
func (d Decimal) Reduced() Decimal {
	for d.scale > 0 && d.coef%10 == 0 {
		d.coef /= 10
		d.scale--
	}
	return d
}

// Sign returns -1, 0 or 1.
func (d Decimal) Sign() int {
	switch {
	case d.coef < 0:
		return -1
	case d.coef > 0:
		return 1
	}
	return 0
}

// Rat returns the number as a fraction, newly allocated.
func (d Decimal) Rat() *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(d.coef), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.scale)), nil))
}

// Cmp compares two numbers by value: 1.0 and 1 are equal.
func (d Decimal) Cmp(e Decimal) int {
	d, e = d.Reduced(), e.Reduced()
	if d.scale == e.scale {
		switch {
		case d.coef < e.coef:
			return -1
		case d.coef > e.coef:
			return 1
		}
		return 0
	}
	return d.Rat().Cmp(e.Rat())
}

// formatRat writes a fraction as a decimal, exactly; ok is false if it has no
// finite one.
func formatRat(r *big.Rat) (s string, ok bool) {
	n, exact := r.FloatPrec()
	if !exact {
		return "", false
	}
	return r.FloatString(n), true
}
