package nhsnumber

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// naiveValid is the obvious loop over ten digits, and over the digits of
// other spellings. It is the baseline of the benchmarks and, together with
// naiveParse, the oracle of the tests.
func naiveValid(s string) bool {
	sum, digits := 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' {
			continue
		}
		if c < '0' || c > '9' || digits == 10 {
			return false
		}
		sum += int(c-'0') * (10 - digits)
		digits++
	}
	return digits == 10 && sum%11 == 0
}

// benchNumbers is 1024 numbers, one in two with a wrong check digit, so that
// no branch is learnt by heart.
func benchNumbers(b *testing.B, grouped bool) []string {
	g, err := NewGenerator(Shuffled(1))
	if err != nil {
		b.Fatal(err)
	}
	out := make([]string, 1024)
	for i := range out {
		s := g.At(i).Digits()
		if i*7919%13 < 6 {
			s = s[:9] + string('0'+(s[9]-'0'+1)%10)
		}
		if grouped {
			s = s[:3] + " " + s[3:6] + " " + s[6:]
		}
		out[i] = s
	}
	return out
}

func BenchmarkValid(b *testing.B) {
	for _, form := range []struct {
		name    string
		grouped bool
	}{{"ten", false}, {"334", true}} {
		numbers := benchNumbers(b, form.grouped)
		for _, fn := range []struct {
			name  string
			valid func(string) bool
		}{{"swar", Valid}, {"naive", naiveValid}} {
			b.Run(form.name+"/"+fn.name, func(b *testing.B) {
				b.ReportAllocs()
				count, i := 0, 0
				for ; b.Loop(); i++ {
					if fn.valid(numbers[i&1023]) {
						count++
					}
				}
				if count == 0 && i > len(numbers) {
					b.Fatal("none is valid")
				}
			})
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, form := range []struct{ name, text string }{
		{"ten", "9990000018"}, {"334", "999 000 0018"}, {"hyphens", "999-000-0018"},
	} {
		b.Run(form.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(form.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const prose = "The patient was seen in clinic and is well; no change to medication, review in autumn. "

func BenchmarkExtract(b *testing.B) {
	plain := []byte(strings.Repeat(prose, 12_000))
	dense := []byte(strings.Repeat("PID|1||9990000018^^^NHS^NH||SMITH^ANN||19700102|F|||1 HIGH ST^^LEEDS^^LS1 1AA\r", 12_000))
	for _, text := range []struct {
		name string
		data []byte
	}{{"prose", plain}, {"hl7", dense}} {
		b.Run(text.name, func(b *testing.B) {
			b.SetBytes(int64(len(text.data)))
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range Extract(bytes.NewReader(text.data)) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(text.name+"/bytescan", func(b *testing.B) { // the loop that only looks for a digit
			b.SetBytes(int64(len(text.data)))
			n := 0
			for b.Loop() {
				for _, c := range text.data {
					if c >= '0' && c <= '9' {
						n++
					}
				}
			}
		})
	}
}

func BenchmarkRedact(b *testing.B) {
	text := []byte(strings.Repeat(prose+"NHS 999 000 0018. ", 10_000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Redact(io.Discard, bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkColumn(b *testing.B) {
	numbers := benchNumbers(b, false)
	for _, duplicates := range []bool{false, true} {
		name := "counts"
		if duplicates {
			name = "duplicates"
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			c := Column{Duplicates: duplicates}
			for i := 0; b.Loop(); i++ {
				c.Add(numbers[i&1023])
			}
		})
	}
}

func BenchmarkGenerator(b *testing.B) {
	g, err := NewGenerator(Shuffled(1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.At(i % g.Len())
	}
}

func BenchmarkPseudonym(b *testing.B) {
	p, err := NewPseudonymiser("k1", bytes.Repeat([]byte{7}, 32), "bench")
	if err != nil {
		b.Fatal(err)
	}
	n := mustParse(b, "9990000018")
	b.Run("hmac", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Pseudonym(n)
		}
	})
	b.Run("test number", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.TestNumber(n)
		}
	})
}

func mustParse(t testing.TB, s string) Number {
	t.Helper()
	n, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
