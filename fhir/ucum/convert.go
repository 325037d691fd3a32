package ucum

import (
	"math/big"
	"strings"
)

// Convert returns the value v in unit from as a value in unit to. The result
// is exact, except between scales one of which is logarithmic or a tangent or
// a root: then it is rounded to 60 significant digits. v is not changed.
//
// The error is ErrIncommensurable, ErrSpecial for a unit like Cel/min, or
// ErrDomain or ErrMagnitude for a value off the scale.
func Convert(v *big.Rat, from, to Unit) (*big.Rat, error) {
	if from.mixed || to.mixed {
		return nil, ErrSpecial
	}
	if !from.Commensurable(to) {
		return nil, ErrIncommensurable
	}
	if from.special == to.special {
		if f := from.factor.mul(to.factor.inv()); f.IsOne() {
			return new(big.Rat).Set(v), nil
		} else if from.special == nil {
			return new(big.Rat).Mul(v, f.Rat()), nil
		}
	}
	r, err := from.proper(v)
	if err != nil {
		return nil, err
	}
	if to.special != nil {
		r.Quo(r, to.special.factor.Rat())
		if r, err = to.special.fn.apply(r); err != nil {
			return nil, err
		}
	}
	return r.Quo(r, to.factor.Rat()), nil
}

// proper returns v in base units.
func (u Unit) proper(v *big.Rat) (*big.Rat, error) {
	r := new(big.Rat).Mul(v, u.factor.Rat())
	if u.special == nil {
		return r, nil
	}
	r, err := u.special.fn.undo(r)
	if err != nil {
		return nil, err
	}
	return r.Mul(r, u.special.factor.Rat()), nil
}

// Compare returns -1, 0 or +1 as a in unit u is less than, equal to or greater
// than b in unit v. Values of one and the same special unit compare as the
// numbers they are, so [pH] 8 is greater than [pH] 7; in different units
// the quantities compare, so [pH] 8 is less than 10*-7.mol/L. The errors are
// those of [Convert].
func Compare(a *big.Rat, u Unit, b *big.Rat, v Unit) (int, error) {
	f, err := Ratio(u, v)
	switch {
	case err == nil && f.IsOne():
		return a.Cmp(b), nil
	case err == nil:
		return new(big.Rat).Mul(a, f.Rat()).Cmp(b), nil
	case err == ErrIncommensurable || u.mixed || v.mixed:
		return 0, err
	}
	x, err := u.proper(a)
	if err != nil {
		return 0, err
	}
	y, err := v.proper(b)
	if err != nil {
		return 0, err
	}
	return x.Cmp(y), nil
}

// Multiply returns the product of two quantities in base units: 2 m by 3 cm
// is 6/100 of m2. The error is ErrSpecial for special units, which have no place
// in a product, and ErrMagnitude if an exponent grows past 127.
func Multiply(a *big.Rat, u Unit, b *big.Rat, v Unit) (*big.Rat, Unit, error) {
	return combine(a, u, b, v, 1)
}

// Divide returns the quotient of two quantities in base units: 6 m by 2 s is
// 3 of m.s-1, and 1 kg by 500 g is 2 of 1. The error is ErrDivision if b is
// zero.
func Divide(a *big.Rat, u Unit, b *big.Rat, v Unit) (*big.Rat, Unit, error) {
	if b.Sign() == 0 {
		return nil, Unit{}, ErrDivision
	}
	return combine(a, u, new(big.Rat).Inv(b), v, -1)
}

func combine(a *big.Rat, u Unit, b *big.Rat, v Unit, sign int) (*big.Rat, Unit, error) {
	if u.IsZero() || v.IsZero() {
		return nil, Unit{}, ErrIncommensurable
	}
	if u.Special() || v.Special() {
		return nil, Unit{}, ErrSpecial
	}
	w, ok := u.times(v, sign)
	if !ok {
		return nil, Unit{}, ErrMagnitude
	}
	r := new(big.Rat).Mul(a, b)
	if !w.factor.IsOne() {
		r.Mul(r, w.factor.Rat())
	}
	return r, w.Base(), nil
}

// ParseDecimal reads a decimal number, with or without an exponent of ten, as
// an exact value. It does not read fractions; false for anything else, and for
// more than 1,000 digits or an exponent beyond 1,000.
func ParseDecimal(s string) (*big.Rat, bool) {
	if len(s) > 1000 || strings.ContainsAny(s, "/_xXbBoOpPiInN") {
		return nil, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		digits := strings.TrimLeft(s[i+1:], "+-")
		if n, length := leadingDigits(digits); length == 0 || length != len(digits) || length > 4 || n > 1000 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(s)
}

// FormatDecimal writes an exact decimal if r has one of at most 1,000 places,
// and otherwise r rounded to the given number of significant digits; exact
// says which.
func FormatDecimal(r *big.Rat, digits int) (s string, exact bool) {
	if places, ok := r.FloatPrec(); ok && places <= 1000 {
		return r.FloatString(places), true
	}
	f := new(big.Float).SetPrec(uint(digits)*4 + 64).SetRat(r)
	q, _ := new(big.Rat).SetString(f.Text('e', max(digits, 1)-1))
	places, _ := q.FloatPrec()
	return q.FloatString(places), false
}
