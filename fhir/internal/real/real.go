// Package real computes real functions to many digits on math/big.
package real

import "math/big"

// Precision is the precision of arguments and results in bits. Some of the
// last bits may be wrong; 60 decimal digits are right.
const Precision = 320

// piDigits is pi to more digits than Precision needs.
const piDigits = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651"

func float(x float64) *big.Float { return new(big.Float).SetPrec(Precision).SetFloat64(x) }

// FromRat returns the nearest Float.
func FromRat(r *big.Rat) *big.Float { return new(big.Float).SetPrec(Precision).SetRat(r) }

// Pi returns the number pi.
func Pi() *big.Float {
	r, _ := new(big.Rat).SetString(piDigits)
	return FromRat(r)
}

// negligible reports whether a term no longer changes a sum.
func negligible(term, sum *big.Float) bool {
	return term.Sign() == 0 || sum.Sign() != 0 && term.MantExp(nil) < sum.MantExp(nil)-Precision
}

// Ln returns the natural logarithm of a positive number: x = m*2^k, and ln m
// by the series of the inverse hyperbolic tangent.
func Ln(x *big.Float) *big.Float {
	m := new(big.Float)
	k := x.MantExp(m) // m in [0.5, 1)
	if m.Cmp(float(0.70710678)) < 0 {
		m.Mul(m, float(2))
		k--
	}
	sum := atanh(new(big.Float).Quo(new(big.Float).Sub(m, float(1)), new(big.Float).Add(m, float(1))))
	sum.Mul(sum, float(2))
	if k != 0 {
		ln2 := atanh(new(big.Float).Quo(float(1), float(3)))
		ln2.Mul(ln2, float(2*float64(k)))
		sum.Add(sum, ln2)
	}
	return sum
}

// odd sums z + z^3/3 + z^5/5 ..., with alternating signs for sign -1.
func odd(z *big.Float, sign float64) *big.Float {
	square := new(big.Float).Mul(z, z)
	square.Mul(square, float(sign))
	sum, p := new(big.Float).Copy(z), new(big.Float).Copy(z)
	for n := 3.0; z.Sign() != 0; n += 2 {
		p.Mul(p, square)
		term := new(big.Float).Quo(p, float(n))
		if negligible(term, sum) {
			break
		}
		sum.Add(sum, term)
	}
	return sum
}

func atanh(z *big.Float) *big.Float { return odd(z, 1) }

// Exp returns e^x: the series at x/2^k, squared k times. |x| must be well
// below 2^31.
func Exp(x *big.Float) *big.Float {
	const guard = 64
	k := max(0, x.MantExp(nil)+8)
	wide := func() *big.Float { return new(big.Float).SetPrec(Precision + guard) }
	z := wide().SetMantExp(x, -k)
	sum, term := wide().SetInt64(1), wide().SetInt64(1)
	for n := 1.0; ; n++ {
		term.Mul(term, z)
		term.Quo(term, float(n))
		if term.Sign() == 0 || term.MantExp(nil) < -(Precision+guard) {
			break
		}
		sum.Add(sum, term)
	}
	for range k {
		sum.Mul(sum, sum)
	}
	return sum.SetPrec(Precision)
}

// Tan returns the tangent of an angle in radians; false where it has none, and
// for angles so large that nothing of their direction is known.
func Tan(x *big.Float) (*big.Float, bool) {
	turns := new(big.Float).Quo(x, Pi())
	if turns.MantExp(nil) > 32 {
		return nil, false
	}
	n, _ := turns.Add(turns, float(0.5)).Int64()
	if turns.Sign() < 0 {
		n--
	}
	y := new(big.Float).Sub(x, new(big.Float).Mul(float(float64(n)), Pi())) // in (-pi/2, pi/2)
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

// Atan returns the arc tangent: it halves the angle four times before it sums
// the series.
func Atan(x *big.Float) *big.Float {
	z := new(big.Float).Copy(x)
	for range 4 {
		root := new(big.Float).Mul(z, z)
		root.Add(root, float(1)).Sqrt(root)
		z.Quo(z, root.Add(root, float(1)))
	}
	sum := odd(z, -1)
	return sum.Mul(sum, float(16))
}
