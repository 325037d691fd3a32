package ucum

import "math/big"

// Real functions to well over the 60 digits that results are rounded to.

// precision is in bits.
const precision = 320

// resultDigits is how many significant digits of an irrational result count.
const resultDigits = 60

func float(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

func floatOf(r *big.Rat) *big.Float { return new(big.Float).SetPrec(precision).SetRat(r) }

// rationalOf rounds to resultDigits significant digits.
func rationalOf(f *big.Float) *big.Rat {
	r, _ := new(big.Rat).SetString(f.Text('e', resultDigits-1))
	return r
}

// negligible reports whether a term no longer changes a sum.
func negligible(term, sum *big.Float) bool {
	return term.Sign() == 0 || sum.Sign() != 0 && term.MantExp(nil) < sum.MantExp(nil)-precision
}

// ln returns the natural logarithm of a positive number: x = m*2^k, and ln m
// by the series of the inverse hyperbolic tangent.
func ln(x *big.Float) *big.Float {
	m := new(big.Float)
	k := x.MantExp(m) // m in [0.5, 1)
	sum := atanh(new(big.Float).Quo(new(big.Float).Sub(m, float(1)), new(big.Float).Add(m, float(1))))
	sum.Mul(sum, float(2))
	if k != 0 {
		ln2 := atanh(new(big.Float).Quo(float(1), float(3)))
		ln2.Mul(ln2, float(2*float64(k)))
		sum.Add(sum, ln2)
	}
	return sum
}

// atanh sums z + z^3/3 + z^5/5 ..., for |z| <= 1/3.
func atanh(z *big.Float) *big.Float {
	square := new(big.Float).Mul(z, z)
	sum, p := new(big.Float).Copy(z), new(big.Float).Copy(z)
	for n := 3.0; ; n += 2 {
		p.Mul(p, square)
		term := new(big.Float).Quo(p, float(n))
		if negligible(term, sum) {
			return sum
		}
		sum.Add(sum, term)
	}
}

// exp returns e^x: the series at x/2^k, squared k times.
func exp(x *big.Float) *big.Float {
	const guard = 64
	k := max(0, x.MantExp(nil)+8)
	z := new(big.Float).SetPrec(precision+guard).SetMantExp(x, -k)
	sum := new(big.Float).SetPrec(precision + guard).SetInt64(1)
	term := new(big.Float).SetPrec(precision + guard).SetInt64(1)
	for n := 1.0; ; n++ {
		term.Mul(term, z)
		term.Quo(term, float(n))
		if term.Sign() == 0 || term.MantExp(nil) < -(precision+guard) {
			break
		}
		sum.Add(sum, term)
	}
	for range k {
		sum.Mul(sum, sum)
	}
	return sum.SetPrec(precision)
}

// pi returns UCUM's pi, exact to 65 digits.
func pi() *big.Float {
	r, _ := new(big.Rat).SetString(piDigits)
	return floatOf(r)
}

// tan returns the tangent of an angle in radians; false where it has none, and
// for angles so large that nothing of their direction is known.
func tan(x *big.Float) (*big.Float, bool) {
	turns := new(big.Float).Quo(x, pi())
	if turns.MantExp(nil) > 32 {
		return nil, false
	}
	n, _ := turns.Add(turns, float(0.5)).Int64()
	if turns.Sign() < 0 {
		n--
	}
	y := new(big.Float).Sub(x, new(big.Float).Mul(float(float64(n)), pi())) // in (-pi/2, pi/2)
	sin, cos := series(y, 1), series(y, 0)
	if cos.Sign() == 0 || cos.MantExp(nil) < -190 {
		return nil, false
	}
	return sin.Quo(sin, cos), true
}

// series sums the sine (from 1) or cosine (from 0) of y.
func series(y *big.Float, from int) *big.Float {
	square := new(big.Float).Mul(y, y)
	square.Neg(square)
	sum := float(1)
	if from == 1 {
		sum.Copy(y)
	}
	term := new(big.Float).Copy(sum)
	for n := from + 1; ; n += 2 {
		term.Mul(term, square)
		term.Quo(term, float(float64(n*(n+1))))
		if negligible(term, sum) {
			return sum
		}
		sum.Add(sum, term)
	}
}

// atan halves its argument's angle four times before it sums the series.
func atan(x *big.Float) *big.Float {
	z := new(big.Float).Copy(x)
	for range 4 {
		root := new(big.Float).Mul(z, z)
		root.Add(root, float(1)).Sqrt(root)
		z.Quo(z, root.Add(root, float(1)))
	}
	square := new(big.Float).Mul(z, z)
	square.Neg(square)
	sum, p := new(big.Float).Copy(z), new(big.Float).Copy(z)
	for n := 3.0; z.Sign() != 0; n += 2 {
		p.Mul(p, square)
		term := new(big.Float).Quo(p, float(n))
		if negligible(term, sum) {
			break
		}
		sum.Add(sum, term)
	}
	return sum.Mul(sum, float(16))
}
