package fhirpath

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/nhskit/nhskit/fhir/internal/real"
)

// A decimal is coefficient * 10^-scale with the scale as written, so that
// 1.50 keeps its zero. The coefficient lies in num, or in ext.big where it
// does not fit.

// maxScale bounds the digits behind the point of a result, maxDigits those of
// a whole number.
const (
	maxScale  = 200
	maxDigits = 1000
)

// divisionDigits is how many significant digits a quotient or an irrational
// result is rounded to.
const divisionDigits = 28

func decimalValue(coef int64, scale int) Value {
	return Value{num: coef, meta: metaOf(KindDecimal) | meta(scale)}
}

// bigDecimal makes a decimal of a coefficient of any size; the zero Value if
// it is out of range.
func bigDecimal(coef *big.Int, scale int) Value {
	if scale < 0 {
		if scale < -maxDigits {
			return Value{}
		}
		coef = new(big.Int).Mul(coef, tenTo(-scale))
		scale = 0
	}
	if scale > maxScale || coef.BitLen() > maxDigits*10/3 {
		return Value{}
	}
	if coef.IsInt64() {
		return decimalValue(coef.Int64(), scale)
	}
	v := decimalValue(0, scale)
	v.ext = &extra{big: coef}
	return v
}

// coefficient returns the coefficient of a number as a big.Int, which must not
// be changed if the value has one.
func (v Value) coefficient() *big.Int {
	if v.ext != nil && v.ext.big != nil {
		return v.ext.big
	}
	return big.NewInt(v.num)
}

// small reports whether the coefficient is in num.
func (v Value) small() bool { return v.ext == nil }

// sign returns -1, 0 or 1.
func (v Value) sign() int {
	if v.small() {
		switch {
		case v.num < 0:
			return -1
		case v.num > 0:
			return 1
		}
		return 0
	}
	return v.ext.big.Sign()
}

// asDecimal turns an integer, long or quantity into the decimal it holds.
func (v Value) asDecimal() Value {
	switch v.Kind() {
	case KindInteger, KindLong:
		return decimalValue(v.num, 0)
	case KindQuantity:
		v.str = ""
		v.meta = metaOf(KindDecimal) | v.meta&0xff
	}
	return v
}

func (v Value) rat() *big.Rat {
	return new(big.Rat).SetFrac(new(big.Int).Set(v.coefficient()), tenTo(v.scale()))
}

// parseDecimal reads digits with a sign, a point and an exponent; the zero
// Value if s is none or out of range.
func parseDecimal(s string) Value {
	i, negative := 0, false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		i++
	}
	var coef uint64
	digits, scale, point, wide := 0, 0, false, false
	start := i
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !point && digits > 0 {
			point = true
			continue
		}
		if !isDigit(c) {
			break
		}
		digits++
		if point {
			scale++
		}
		if coef > (math.MaxInt64-9)/10 {
			wide = true
		}
		coef = coef*10 + uint64(c-'0')
	}
	if digits == 0 || digits > maxDigits || s[i-1] == '.' {
		return Value{}
	}
	mantissa := s[start:i]
	if i < len(s) {
		if s[i]|0x20 != 'e' || i+1 == len(s) {
			return Value{}
		}
		exp, err := strconv.Atoi(s[i+1:])
		if err != nil || exp > maxDigits || exp < -maxScale {
			return Value{}
		}
		scale -= exp
	}
	if !wide && scale >= 0 && scale <= maxScale {
		n := int64(coef)
		if negative {
			n = -n
		}
		return decimalValue(n, scale)
	}
	b := new(big.Int)
	if wide {
		plain := make([]byte, 0, len(mantissa))
		for j := range len(mantissa) {
			if mantissa[j] != '.' {
				plain = append(plain, mantissa[j])
			}
		}
		b.SetString(string(plain), 10)
	} else {
		b.SetUint64(coef)
	}
	if negative {
		b.Neg(b)
	}
	return bigDecimal(b, scale)
}

func (v Value) appendDecimal(b []byte) []byte {
	scale := v.scale()
	if !v.small() {
		s := v.ext.big.String()
		if s[0] == '-' {
			b, s = append(b, '-'), s[1:]
		}
		return appendScaled(b, s, scale)
	}
	n := uint64(v.num)
	if v.num < 0 || v.meta&metaNegZero != 0 {
		b = append(b, '-')
		n = -n
	}
	if scale == 0 {
		return strconv.AppendUint(b, n, 10)
	}
	var digits [20]byte
	return appendScaled(b, string(strconv.AppendUint(digits[:0], n, 10)), scale)
}

// appendScaled appends digits with a point before the last scale of them.
func appendScaled(b []byte, digits string, scale int) []byte {
	if scale == 0 {
		return append(b, digits...)
	}
	if whole := len(digits) - scale; whole > 0 {
		b = append(b, digits[:whole]...)
		digits = digits[whole:]
	} else {
		b = append(b, '0')
	}
	b = append(b, '.')
	for range scale - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}

var powersOfTen = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

func tenTo(n int) *big.Int {
	if n < len(powersOfTen) {
		return big.NewInt(powersOfTen[n])
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// mul64 multiplies; false on overflow.
func mul64(a, b int64) (int64, bool) {
	ua, ub := uint64(a), uint64(b)
	if a < 0 {
		ua = -ua
	}
	if b < 0 {
		ub = -ub
	}
	hi, lo := bits.Mul64(ua, ub)
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func add64(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

// align brings two decimals to one scale; false if that overflows 64 bits.
func align(a, b Value) (x, y int64, scale int, ok bool) {
	x, y = a.num, b.num
	sa, sb := a.scale(), b.scale()
	if !a.small() || !b.small() {
		return 0, 0, 0, false
	}
	switch {
	case sa == sb:
		return x, y, sa, true
	case sa < sb:
		if sb-sa >= len(powersOfTen) {
			return 0, 0, 0, false
		}
		x, ok = mul64(x, powersOfTen[sb-sa])
		return x, y, sb, ok
	}
	if sa-sb >= len(powersOfTen) {
		return 0, 0, 0, false
	}
	y, ok = mul64(y, powersOfTen[sa-sb])
	return x, y, sa, ok
}

// alignBig is align without limits.
func alignBig(a, b Value) (x, y *big.Int, scale int) {
	x, y = a.coefficient(), b.coefficient()
	sa, sb := a.scale(), b.scale()
	switch {
	case sa < sb:
		return new(big.Int).Mul(x, tenTo(sb-sa)), y, sb
	case sa > sb:
		return x, new(big.Int).Mul(y, tenTo(sa-sb)), sa
	}
	return x, y, sa
}

// compareNumbers compares integers, longs and decimals by value.
func compareNumbers(a, b Value) int {
	if x, y, _, ok := align(a, b); ok {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	x, y, _ := alignBig(a, b)
	return x.Cmp(y)
}

// addDecimals returns a+b, or a-b for sign -1.
func addDecimals(a, b Value, sign int) Value {
	if x, y, scale, ok := align(a, b); ok {
		if sign < 0 {
			y = -y
		}
		if n, ok := add64(x, y); ok && y != math.MinInt64 {
			return decimalValue(n, scale)
		}
	}
	x, y, scale := alignBig(a, b)
	if sign < 0 {
		return bigDecimal(new(big.Int).Sub(x, y), scale)
	}
	return bigDecimal(new(big.Int).Add(x, y), scale)
}

func mulDecimals(a, b Value) Value {
	scale := a.scale() + b.scale()
	if a.small() && b.small() && scale <= maxScale {
		if n, ok := mul64(a.num, b.num); ok {
			return decimalValue(n, scale)
		}
	}
	coef := new(big.Int).Mul(a.coefficient(), b.coefficient())
	for scale > maxScale {
		coef.Quo(coef, big.NewInt(10))
		scale--
	}
	return bigDecimal(coef, scale)
}

// divDecimals returns a/b for b not zero: exact where it ends within
// divisionDigits significant digits, else rounded half up to them.
func divDecimals(a, b Value) Value {
	return ratDecimal(new(big.Rat).Quo(a.rat(), b.rat()), 0)
}

// ratDecimal turns a rational number into a decimal with at least that many digits
// behind the point, rounded if it does not end within divisionDigits.
func ratDecimal(r *big.Rat, least int) Value {
	if places, ok := r.FloatPrec(); ok {
		digits := len(new(big.Int).Abs(r.Num()).String()) + places
		if digits <= divisionDigits*2 && places <= divisionDigits {
			return roundRat(r, max(places, least), halfUp)
		}
	}
	// Digits before the point decide how many may follow it.
	whole := new(big.Int).Quo(r.Num(), r.Denom())
	scale := divisionDigits
	if whole.Sign() != 0 {
		scale = max(0, divisionDigits-len(new(big.Int).Abs(whole).String()))
	} else if r.Sign() != 0 {
		// Leading zeros behind the point are not significant.
		lead := new(big.Int).Quo(r.Denom(), new(big.Int).Abs(r.Num()))
		scale += len(lead.String()) - 1
	}
	return trimZeros(roundRat(r, max(0, min(scale, maxScale)), halfUp), least)
}

// trimZeros drops zeros at the end beyond the first min digits.
func trimZeros(v Value, least int) Value {
	if v.IsZero() {
		return v
	}
	if v.small() {
		for v.scale() > least && v.num%10 == 0 {
			v.num /= 10
			v.meta--
		}
		return v
	}
	coef, scale := new(big.Int).Set(v.ext.big), v.scale()
	ten, rest := big.NewInt(10), new(big.Int)
	for scale > least {
		q, r := new(big.Int).QuoRem(coef, ten, rest)
		if r.Sign() != 0 {
			break
		}
		coef = q
		scale--
	}
	return bigDecimal(coef, scale)
}

// rounding is what becomes of digits that are cut off.
type rounding uint8

const (
	halfUp   rounding = iota // to the nearest, a half away from zero
	truncate                 // towards zero
	floor
	ceiling
)

// roundRat rounds to scale digits behind the point.
func roundRat(r *big.Rat, scale int, mode rounding) Value {
	num := new(big.Int).Mul(r.Num(), tenTo(scale))
	q, m := new(big.Int).QuoRem(num, r.Denom(), new(big.Int))
	up := false
	switch mode {
	case halfUp:
		up = new(big.Int).Mul(m.Abs(m), big.NewInt(2)).Cmp(r.Denom()) >= 0
	case floor:
		up = m.Sign() < 0
	case ceiling:
		up = m.Sign() > 0
	}
	if up {
		q.Add(q, big.NewInt(int64(r.Sign())))
	}
	return bigDecimal(q, scale)
}

// roundTo rounds a decimal to scale digits behind the point.
func (v Value) roundTo(scale int, mode rounding) Value {
	drop := v.scale() - scale
	if drop <= 0 {
		if v.small() && -drop < len(powersOfTen) {
			if n, ok := mul64(v.num, powersOfTen[-drop]); ok {
				return decimalValue(n, scale)
			}
		}
		return bigDecimal(new(big.Int).Mul(v.coefficient(), tenTo(-drop)), scale)
	}
	return roundRat(v.rat(), scale, mode)
}

// float returns the value for the real functions.
func (v Value) float() *big.Float { return real.FromRat(v.rat()) }

// fromFloat rounds a real result to divisionDigits significant digits and
// drops zeros at the end, but for one behind the point.
func fromFloat(f *big.Float) Value {
	r, ok := new(big.Rat).SetString(f.Text('e', divisionDigits-1))
	if !ok {
		return Value{}
	}
	places, _ := r.FloatPrec()
	return trimZeros(roundRat(r, min(max(places, 1), maxScale), halfUp), 1)
}

// negate returns -v.
func (v Value) negate() Value {
	if v.small() && v.num != math.MinInt64 {
		v.num = -v.num
		v.meta &^= metaNegZero
		return v
	}
	e := &extra{big: new(big.Int).Neg(v.coefficient())}
	v.num, v.ext = 0, e
	return v
}
