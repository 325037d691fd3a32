package ucum

import (
	"math/big"
	"math/bits"
	"strconv"
)

// Factor is an exact positive number: num/den * 10^exp * pi^pi. Most units fit
// the small form; those that do not keep everything in big. The zero value is
// not a number; one() is 1.
type Factor struct {
	num, den uint64
	big      *big.Rat // if set, replaces num, den and exp, but not pi
	exp      int32
	pi       int32
}

// piDigits is pi to the 64 digits after the point that UCUM gives it.
const piDigits = "3.1415926535897932384626433832795028841971693993751058209749445923"

// maxBits bounds numerator and denominator of a big factor.
const maxBits = 1 << 16

// maxPower bounds the powers of ten and of pi.
const maxPower = 4096

func one() Factor { return Factor{num: 1, den: 1} }

// valid reports whether f is in the range that is computed with.
func (f Factor) valid() bool {
	if f.exp > maxPower || f.exp < -maxPower || f.pi > 64 || f.pi < -64 {
		return false
	}
	return f.big == nil || f.big.Num().BitLen() <= maxBits && f.big.Denom().BitLen() <= maxBits
}

// IsOne reports whether f is exactly 1.
func (f Factor) IsOne() bool {
	if f.pi != 0 {
		return false
	}
	if f.big == nil && f.exp == 0 {
		return f.num == f.den
	}
	return f.Rat().Cmp(ratOne()) == 0
}

// Small returns f as num/den * 10^exp when that is all of it: no power of pi
// and no more than 64 bits in either number.
func (f Factor) Small() (num, den uint64, exp int, ok bool) {
	return f.num, f.den, int(f.exp), f.big == nil && f.pi == 0
}

// Rat returns f as a rational number of its own, with pi as the decimal
// fraction that UCUM defines it to be.
func (f Factor) Rat() *big.Rat {
	r := f.rational()
	if f.pi != 0 {
		p, _ := new(big.Rat).SetString(piDigits)
		r.Mul(r, ratPower(p, int(f.pi)))
	}
	return r
}

// rational is Rat without pi.
func (f Factor) rational() *big.Rat {
	if f.big != nil {
		return new(big.Rat).Set(f.big)
	}
	num, den := new(big.Int).SetUint64(f.num), new(big.Int).SetUint64(f.den)
	if f.exp >= 0 {
		num.Mul(num, tenTo(int(f.exp)))
	} else {
		den.Mul(den, tenTo(int(-f.exp)))
	}
	return new(big.Rat).SetFrac(num, den)
}

// mul returns f*g.
func (f Factor) mul(g Factor) Factor {
	if f.big == nil && g.big == nil {
		a, d := reduce(f.num, g.den)
		b, c := reduce(g.num, f.den)
		hiN, num := bits.Mul64(a, b)
		hiD, den := bits.Mul64(c, d)
		if hiN == 0 && hiD == 0 {
			return Factor{num: num, den: den, exp: f.exp + g.exp, pi: f.pi + g.pi}
		}
	}
	r := f.rational()
	return Factor{big: r.Mul(r, g.rational()), pi: f.pi + g.pi}
}

// inv returns 1/f.
func (f Factor) inv() Factor {
	if f.big != nil {
		return Factor{big: new(big.Rat).Inv(f.big), pi: -f.pi}
	}
	return Factor{num: f.den, den: f.num, exp: -f.exp, pi: -f.pi}
}

// pow returns f^n; false if the result is out of range.
func (f Factor) pow(n int) (Factor, bool) {
	if n < 0 {
		f, n = f.inv(), -n
	}
	r := one()
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			if r = r.mul(f); !r.valid() {
				return r, false
			}
		}
		if n > 1 {
			if f = f.mul(f); !f.valid() {
				return f, false
			}
		}
	}
	return r, true
}

// equal reports whether f and g are the same number.
func (f Factor) equal(g Factor) bool {
	if f == g {
		return true
	}
	return f.mul(g.inv()).IsOne()
}

// reduce divides both numbers by their greatest common divisor.
func reduce(a, b uint64) (uint64, uint64) {
	if a == 1 || b == 1 {
		return a, b
	}
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x, b / x
}

// factorOf makes the factor of a whole number, its trailing zeros as a power
// of ten.
func factorOf(n uint64) Factor {
	f := Factor{num: n, den: 1}
	for f.num != 0 && f.num%10 == 0 {
		f.num /= 10
		f.exp++
	}
	return f
}

// parseFactor reads the table's notation N[/D][eX][pK].
func parseFactor(s string) Factor {
	f := one()
	var i int
	f.num, i = leadingDigits(s)
	if s = s[i:]; s != "" && s[0] == '/' {
		f.den, i = leadingDigits(s[1:])
		s = s[1+i:]
	}
	for s != "" {
		end := 1
		for end < len(s) && s[end] != 'p' {
			end++
		}
		n, _ := strconv.Atoi(s[1:end])
		if s[0] == 'e' {
			f.exp = int32(n)
		} else {
			f.pi = int32(n)
		}
		s = s[end:]
	}
	return f
}

// leadingDigits returns the number that s begins with, and its length.
func leadingDigits(s string) (n uint64, length int) {
	for length < len(s) && s[length] >= '0' && s[length] <= '9' {
		n = n*10 + uint64(s[length]-'0')
		length++
	}
	return n, length
}

func ratOne() *big.Rat { return big.NewRat(1, 1) }

func tenTo(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// ratPower returns r^n for any n; r is not zero if n is negative.
func ratPower(r *big.Rat, n int) *big.Rat {
	num, den := r.Num(), r.Denom()
	if n < 0 {
		num, den, n = den, num, -n
	}
	e := big.NewInt(int64(n))
	return new(big.Rat).SetFrac(new(big.Int).Exp(num, e, nil), new(big.Int).Exp(den, e, nil))
}
