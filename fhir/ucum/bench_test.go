package ucum

import (
	"math/big"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	for _, code := range []string{"mg", "mmol/L", "kg.m2/(s2.K)", "mm[Hg]"} {
		b.Run(code, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				MustParse(code)
			}
		})
	}
}

// BenchmarkConvert has the multiplication by a known big.Rat as its baseline.
func BenchmarkConvert(b *testing.B) {
	from, to, v := MustParse("mg/dL"), MustParse("g/L"), big.NewRat(90, 1)
	b.Run("baseline", func(b *testing.B) {
		f := big.NewRat(1, 100)
		for b.Loop() {
			new(big.Rat).Mul(v, f)
		}
	})
	b.Run("linear", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Convert(v, from, to)
		}
	})
	b.Run("ratio", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Ratio(from, to)
		}
	})
}
