package real

import (
	"math"
	"math/big"
	"testing"
)

// Each function against the standard library's, and against its inverse to
// far more digits than that has.
func TestAgainstFloats(t *testing.T) {
	for _, x := range []float64{1e-9, 0.1, 0.5, 0.70710678, 1, 1.4142, 2, 2.718281828, 10, 12345.678, 1e15} {
		check := func(name string, got *big.Float, want float64) {
			t.Helper()
			if f, _ := got.Float64(); math.Abs(f-want) > 1e-14*math.Abs(want) {
				t.Errorf("%s(%v) = %v, want %v", name, x, f, want)
			}
		}
		arg := new(big.Float).SetPrec(Precision).SetFloat64(x)
		check("Ln", Ln(arg), math.Log(x))
		check("Atan", Atan(arg), math.Atan(x))
		if x < 100 {
			check("Exp", Exp(arg), math.Exp(x))
		}
		if x < 20 {
			tan, ok := Tan(arg)
			if !ok {
				t.Errorf("Tan(%v) has no value", x)
				continue
			}
			check("Tan", tan, math.Tan(x))
		}
		for name, back := range map[string]*big.Float{"Exp(Ln)": Exp(Ln(arg)), "Ln(Exp(-))": new(big.Float).Neg(Ln(Exp(new(big.Float).Neg(new(big.Float).Quo(arg, float(1e14))))))} {
			want := arg
			if name != "Exp(Ln)" {
				want = new(big.Float).Quo(arg, float(1e14))
			}
			diff := new(big.Float).Sub(back, want)
			if diff.Sign() != 0 && diff.MantExp(nil) > want.MantExp(nil)-190 {
				t.Errorf("%s(%v) differs by %v", name, x, diff)
			}
		}
	}
	if _, ok := Tan(new(big.Float).Quo(Pi(), float(2))); ok {
		t.Error("the tangent of a right angle has a value")
	}
}
