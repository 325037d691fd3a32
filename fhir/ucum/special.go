package ucum

import (
	"math/big"

	"github.com/nhskit/nhskit/fhir/internal/real"
)

// resultDigits is how many significant digits of an irrational result count.
const resultDigits = 60

// rationalOf rounds to resultDigits significant digits.
func rationalOf(f *big.Float) *big.Rat {
	r, _ := new(big.Rat).SetString(f.Text('e', resultDigits-1))
	return r
}

// function is the rule that leads from a value in a proper unit to the number
// on a special scale.
type function uint8

const (
	ratio          function = iota // not special
	celsius                        // r - 273.15
	fahrenheit                     // r - 459.67
	reaumur                        // r - 218.52
	minusLg                        // -lg r
	naturalLog                     // ln r
	decimalLog                     // lg r
	decimalLogTwo                  // 2 lg r
	binaryLog                      // ld r
	tangent                        // 100 tan r, r in radians
	tangentDegrees                 // 100 tan r, r in degrees
	potencyC                       // -ln r / ln 100
	potencyM                       // -ln r / ln 1000
	potencyQ                       // -ln r / ln 50000
	squareRoot                     // sqrt r
)

// functionNamed reads the last column of the table.
func functionNamed(s string) function {
	switch s {
	case "Cel":
		return celsius
	case "degF":
		return fahrenheit
	case "degRe":
		return reaumur
	case "pH", "hpX":
		return minusLg
	case "ln":
		return naturalLog
	case "lg":
		return decimalLog
	case "lgTimes2":
		return decimalLogTwo
	case "ld":
		return binaryLog
	case "tanTimes100":
		return tangent
	case "100tan":
		return tangentDegrees
	case "hpC":
		return potencyC
	case "hpM":
		return potencyM
	case "hpQ":
		return potencyQ
	case "sqrt":
		return squareRoot
	}
	return ratio
}

// offset returns what an affine scale subtracts.
func (f function) offset() *big.Rat {
	switch f {
	case celsius:
		return big.NewRat(27315, 100)
	case fahrenheit:
		return big.NewRat(45967, 100)
	case reaumur:
		return big.NewRat(21852, 100)
	}
	return nil
}

// base returns the base of a logarithmic scale and what the logarithm is
// multiplied by; the base is nil for e, and the multiplier 0 for other scales.
func (f function) base() (base *big.Rat, times int64) {
	switch f {
	case minusLg:
		return big.NewRat(10, 1), -1
	case naturalLog:
		return nil, 1
	case decimalLog:
		return big.NewRat(10, 1), 1
	case decimalLogTwo:
		return big.NewRat(10, 1), 2
	case binaryLog:
		return big.NewRat(2, 1), 1
	case potencyC:
		return big.NewRat(100, 1), -1
	case potencyM:
		return big.NewRat(1000, 1), -1
	case potencyQ:
		return big.NewRat(50000, 1), -1
	}
	return nil, 0
}

// apply leads from the proper value to the number on the scale.
func (f function) apply(r *big.Rat) (*big.Rat, error) {
	if o := f.offset(); o != nil {
		return o.Sub(r, o), nil
	}
	if base, times := f.base(); times != 0 {
		if r.Sign() <= 0 {
			return nil, ErrDomain
		}
		l := real.Ln(real.FromRat(r))
		if base != nil {
			l.Quo(l, real.Ln(real.FromRat(base)))
		}
		l.Mul(l, new(big.Float).SetInt64(times))
		return rationalOf(l), nil
	}
	switch f {
	case squareRoot:
		if r.Sign() < 0 {
			return nil, ErrDomain
		}
		return rationalOf(new(big.Float).Sqrt(real.FromRat(r))), nil
	case tangentDegrees:
		r = new(big.Rat).Mul(r, radiansPerDegree())
	}
	t, ok := real.Tan(real.FromRat(r))
	if !ok {
		return nil, ErrDomain
	}
	return rationalOf(t.Mul(t, new(big.Float).SetInt64(100))), nil
}

// undo leads from the number on the scale to the proper value.
func (f function) undo(x *big.Rat) (*big.Rat, error) {
	if o := f.offset(); o != nil {
		return o.Add(x, o), nil
	}
	if base, times := f.base(); times != 0 {
		return power(base, new(big.Rat).Mul(x, big.NewRat(1, times)))
	}
	switch f {
	case squareRoot:
		if x.Sign() < 0 {
			return nil, ErrDomain
		}
		return new(big.Rat).Mul(x, x), nil
	}
	r := rationalOf(real.Atan(real.FromRat(new(big.Rat).Quo(x, big.NewRat(100, 1)))))
	if f == tangentDegrees {
		r.Quo(r, radiansPerDegree())
	}
	return r, nil
}

func radiansPerDegree() *big.Rat {
	r, _ := new(big.Rat).SetString(piDigits)
	return r.Quo(r, big.NewRat(180, 1))
}

// power returns base^x, exactly if x is whole and the base is rational.
func power(base, x *big.Rat) (*big.Rat, error) {
	whole := new(big.Int).Quo(x.Num(), x.Denom())
	if !whole.IsInt64() || whole.Int64() > maxPower || whole.Int64() < -maxPower {
		return nil, ErrMagnitude
	}
	if base == nil {
		return rationalOf(real.Exp(real.FromRat(x))), nil
	}
	r := ratPower(base, int(whole.Int64()))
	rest := new(big.Rat).Sub(x, new(big.Rat).SetInt(whole))
	if rest.Sign() == 0 {
		return r, nil
	}
	l := real.Ln(real.FromRat(base))
	f := real.Exp(l.Mul(l, real.FromRat(rest)))
	return rationalOf(f.Mul(f, real.FromRat(r))), nil
}
