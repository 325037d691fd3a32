package ucum

import (
	"slices"
	"strconv"
	"strings"
)

// Unit is a parsed unit code. It is immutable and may be copied and shared
// between goroutines. The zero value is no unit: it has no code and is
// commensurable with nothing.
//
// Two units that mean the same need not be ==, because a Unit keeps the code
// it was parsed from; use [Unit.Equal].
type Unit struct {
	code    string
	factor  Factor // to base units; for a special unit the factor before its number
	arb     string // arbitrary units: row (2 bytes) and exponent (1 byte) each, by row
	special *atom  // the special unit, if it is one
	dim     Dimension
	mixed   bool // a special unit among other units: no value
	ci      bool // parsed from a case-insensitive code
}

// String returns the code as it was parsed, annotations included.
func (u Unit) String() string { return u.code }

// MarshalText returns the code.
func (u Unit) MarshalText() ([]byte, error) { return []byte(u.code), nil }

// UnmarshalText parses a case-sensitive code.
func (u *Unit) UnmarshalText(text []byte) error {
	v, err := Parse(string(text))
	if err != nil {
		return err
	}
	*u = v
	return nil
}

// IsZero reports whether u is the zero value, no unit at all.
func (u Unit) IsZero() bool { return u.factor.num == 0 && u.factor.big == nil }

// Dimension returns the exponents of the base units; arbitrary units do not
// count in it.
func (u Unit) Dimension() Dimension { return u.dim }

// Special reports whether u is measured on a scale that is not a ratio scale:
// Cel, [pH], dB and the like.
func (u Unit) Special() bool { return u.special != nil || u.mixed }

// Arbitrary reports whether u contains an arbitrary unit, such as [IU].
func (u Unit) Arbitrary() bool { return u.arb != "" }

// scalar reports whether u is a plain number.
func (u Unit) scalar() bool {
	return u.dim == Dimension{} && u.arb == "" && u.special == nil && !u.mixed
}

// Commensurable reports whether values in u and v can be compared and
// converted: same dimension and the same arbitrary units.
func (u Unit) Commensurable(v Unit) bool {
	return u.dim == v.dim && u.arb == v.arb && !u.mixed && !v.mixed && !u.IsZero() && !v.IsZero()
}

// Equal reports whether u and v are the same unit, however they are written:
// N and kg.m/s2, but not g and mg.
func (u Unit) Equal(v Unit) bool {
	return u.Commensurable(v) && u.special == v.special && u.factor.equal(v.factor)
}

// Ratio returns the number by which a value in u is multiplied to get it in v.
// The error is ErrIncommensurable, or ErrSpecial if there is no such number
// because one of the scales is special.
func Ratio(u, v Unit) (Factor, error) {
	if u.mixed || v.mixed {
		return Factor{}, ErrSpecial
	}
	if !u.Commensurable(v) {
		return Factor{}, ErrIncommensurable
	}
	if u.special != v.special {
		return Factor{}, ErrSpecial
	}
	f := u.factor.mul(v.factor.inv())
	if u.special != nil && !f.IsOne() {
		return Factor{}, ErrSpecial
	}
	return f, nil
}

// Canonical returns u as a number of a product of base units (and arbitrary
// units) in alphabetical order: mmol/L is 602214076e12 of m-3. For a special
// unit the error is ErrSpecial, since it is no multiple of base units; convert
// values of it with [Convert] to its [Unit.Base].
func (u Unit) Canonical() (Factor, Unit, error) {
	if u.Special() {
		return Factor{}, Unit{}, ErrSpecial
	}
	return u.factor, u.Base(), nil
}

// Base returns the product of base units, and of arbitrary units, with which u
// is commensurable: kPa gives g.m-1.s-2, Cel gives K, a plain number 1.
func (u Unit) Base() Unit {
	b := make([]byte, 0, 32)
	if u.arb == "" {
		b = u.dim.append(b)
	} else {
		b = u.appendTerm(b)
	}
	return Unit{code: string(b), factor: one(), dim: u.dim, arb: u.arb}
}

// appendTerm writes base and arbitrary units in the order of their codes.
func (u Unit) appendTerm(b []byte) []byte {
	type power struct {
		code string
		exp  int8
	}
	var list []power
	for i, n := range u.dim {
		if n != 0 {
			list = append(list, power{baseUnit(i), n})
		}
	}
	t := table()
	for a := u.arb; a != ""; a = a[3:] {
		list = append(list, power{t.atoms[int(a[0])<<8|int(a[1])].code, int8(a[2])})
	}
	slices.SortFunc(list, func(x, y power) int { return strings.Compare(x.code, y.code) })
	for _, p := range list {
		b = appendPower(b, 0, p.code, p.exp)
	}
	return b
}

// appendPower appends one factor of a term that began at start.
func appendPower(b []byte, start int, code string, exp int8) []byte {
	if exp == 0 {
		return b
	}
	if len(b) > start {
		b = append(b, '.')
	}
	b = append(b, code...)
	if exp != 1 {
		b = strconv.AppendInt(b, int64(exp), 10)
	}
	return b
}

// times returns u*v, or u/v for sign -1; false if an exponent or the factor is
// out of range. The code is left empty.
func (u Unit) times(v Unit, sign int) (Unit, bool) {
	if sign < 0 {
		var ok bool
		if v, ok = v.power(-1); !ok {
			return v, false
		}
	}
	w := Unit{factor: u.factor.mul(v.factor), special: u.special, mixed: u.mixed || v.mixed}
	if v.special != nil {
		w.special = v.special
	}
	if !w.factor.valid() {
		return w, false
	}
	for i := range w.dim {
		n := int(u.dim[i]) + int(v.dim[i])
		if n != int(int8(n)) {
			return w, false
		}
		w.dim[i] = int8(n)
	}
	var ok bool
	if w.arb, ok = mulArb(u.arb, v.arb); !ok {
		return w, false
	}
	if w.special != nil && !(u.scalar() || v.scalar()) {
		w.special, w.mixed = nil, true
	}
	return w, true
}

// power returns u^n; false if an exponent or the factor is out of range.
func (u Unit) power(n int) (Unit, bool) {
	if n == 1 {
		return u, true
	}
	w := Unit{mixed: u.mixed || u.special != nil}
	var ok bool
	if w.factor, ok = u.factor.pow(n); !ok {
		return w, false
	}
	for i := range w.dim {
		e := int(u.dim[i]) * n
		if e != int(int8(e)) {
			return w, false
		}
		w.dim[i] = int8(e)
	}
	if u.arb != "" && n != 0 {
		b := []byte(u.arb)
		for i := 2; i < len(b); i += 3 {
			e := int(int8(b[i])) * n
			if e != int(int8(e)) {
				return w, false
			}
			b[i] = byte(int8(e))
		}
		w.arb = string(b)
	}
	return w, true
}

// mulArb merges two packed lists of arbitrary powers.
func mulArb(a, b string) (string, bool) {
	if a == "" {
		return b, true
	}
	if b == "" {
		return a, true
	}
	out := make([]byte, 0, len(a)+len(b))
	for a != "" && b != "" {
		switch {
		case a[:2] < b[:2]:
			out, a = append(out, a[:3]...), a[3:]
		case a[:2] > b[:2]:
			out, b = append(out, b[:3]...), b[3:]
		default:
			e := int(int8(a[2])) + int(int8(b[2]))
			if e != int(int8(e)) {
				return "", false
			}
			if e != 0 {
				out = append(out, a[0], a[1], byte(int8(e)))
			}
			a, b = a[3:], b[3:]
		}
	}
	out = append(append(out, a...), b...)
	return string(out), true
}
