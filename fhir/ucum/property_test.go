package ucum

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawUnit makes a term of one to four random symbols without special units.
func drawUnit(t *rapid.T, label string) string {
	tab := table()
	var b strings.Builder
	for i := range rapid.IntRange(1, 4).Draw(t, label+" factors") {
		if i > 0 {
			b.WriteByte("./"[rapid.IntRange(0, 1).Draw(t, "op")])
		}
		a := tab.atoms[rapid.IntRange(0, len(tab.atoms)-1).Draw(t, "atom")]
		for a.fn != ratio {
			a = *tab.atom("mol")
		}
		if p := rapid.IntRange(-6, len(tab.prefixes)-1).Draw(t, "prefix"); p >= 0 && a.metric {
			b.WriteString(tab.prefixes[p].code)
		}
		b.WriteString(a.code)
		if n := rapid.IntRange(-3, 3).Draw(t, "exponent"); n != 0 {
			b.WriteString([]string{"-3", "-2", "-1", "", "1", "2", "3"}[n+3])
		}
	}
	return b.String()
}

// referenceFactor multiplies the exact factors with big.Rat only.
func referenceFactor(code string) *big.Rat {
	tab, r, sign := table(), big.NewRat(1, 1), 1
	for code != "" {
		end, depth := 0, 0
		for end < len(code) && (depth > 0 || code[end] != '.' && code[end] != '/') {
			switch code[end] {
			case '[':
				depth++
			case ']':
				depth--
			}
			end++
		}
		symbol := code[:end]
		n := 1
		for _, e := range []string{"-3", "-2", "-1", "1", "2", "3"} {
			if s, ok := strings.CutSuffix(symbol, e); ok {
				symbol, n = s, int(e[len(e)-1]-'0')
				if e[0] == '-' {
					n = -n
				}
				break
			}
		}
		p, a, _ := tab.symbol(symbol, false)
		f := a.factor.Rat()
		if p != nil {
			f.Mul(f, p.factor.Rat())
		}
		r.Mul(r, ratPower(f, sign*n))
		if end < len(code) {
			sign = 1
			if code[end] == '/' {
				sign = -1
			}
			end++
		}
		code = code[end:]
	}
	return r
}

func TestFactorProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := drawUnit(t, "unit")
		u, err := Parse(code)
		if err != nil {
			if issue, ok := errors.AsType[*Issue](err); ok && issue.Code == CodeMagnitude {
				return
			}
			t.Fatalf("%s: %v", code, err)
		}
		f, base, err := u.Canonical()
		if err != nil || f.Rat().Cmp(referenceFactor(code)) != 0 {
			t.Fatalf("%s: factor %v, %v, want %v", code, f.Rat(), err, referenceFactor(code))
		}
		again, err := Parse(base.String())
		if err != nil || !again.Equal(base) || again.Dimension() != u.Dimension() {
			t.Fatalf("%s: base %s, %v", code, base, err)
		}
		// There and back is exact, and so is the product with the inverse.
		v := big.NewRat(rapid.Int64().Draw(t, "value"), rapid.Int64Range(1, 1e9).Draw(t, "by"))
		there, err := Convert(v, u, base)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Convert(there, base, u)
		if err != nil || back.Cmp(v) != 0 {
			t.Fatalf("%s: %v became %v by way of %v", code, v, back, there)
		}
		if c, err := Compare(v, u, there, base); c != 0 || err != nil {
			t.Fatalf("%s: compares %d, %v", code, c, err)
		}
		if v.Sign() != 0 {
			if q, unit, err := Divide(v, u, there, base); err != nil || q.Cmp(big.NewRat(1, 1)) != 0 || unit.String() != "1" {
				t.Fatalf("%s by itself: %v %v, %v", code, q, unit, err)
			}
		}
	})
}

// Converting to a special scale and back is exact for affine scales, and good
// to 50 digits for the others.
func TestSpecialProperty(t *testing.T) {
	var special []*atom
	for i := range table().atoms {
		if a := &table().atoms[i]; a.fn != ratio {
			special = append(special, a)
		}
	}
	if len(special) != 21 {
		t.Errorf("%d special units, want 21", len(special))
	}
	rapid.Check(t, func(t *rapid.T) {
		a := special[rapid.IntRange(0, len(special)-1).Draw(t, "unit")]
		u := MustParse(a.code)
		v := big.NewRat(rapid.Int64Range(1, 9999).Draw(t, "value"), 1000)
		there, err := Convert(v, u, u.Base())
		if err != nil {
			t.Fatal(err)
		}
		back, err := Convert(there, u.Base(), u)
		if err != nil {
			t.Fatal(err)
		}
		diff := new(big.Rat).Sub(back, v)
		if a.fn.offset() != nil && diff.Sign() != 0 || diff.Abs(diff).Cmp(big.NewRat(1, 1e15)) > 0 {
			t.Fatalf("%s %s: %v became %v", v, a.code, there, back)
		}
	})
}

// TestMutatedCodes parses text near unit codes; with NHSKIT_LONG many times
// more often.
func TestMutatedCodes(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	if os.Getenv("NHSKIT_LONG") != "" {
		n = 20_000_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	atoms := table().atoms
	alphabet := "()[]{}./-+*^%'0123456789mgsLkuCel_UI "
	for range n {
		var b []byte
		for range 1 + r.IntN(3) {
			b = append(b, atoms[r.IntN(len(atoms))].code...)
			b = append(b, alphabet[r.IntN(len(alphabet))])
		}
		for range r.IntN(3) {
			b[r.IntN(len(b))] = alphabet[r.IntN(len(alphabet))]
		}
		code := string(b)
		u, err := Parse(code)
		if err != nil {
			if issue, ok := errors.AsType[*Issue](err); !ok || issue.Offset < 0 || issue.Offset > int64(len(code)) {
				t.Fatalf("%q: %v", code, err)
			}
			continue
		}
		if !u.Special() && (!u.Equal(u) || !u.Commensurable(u.Base())) {
			t.Fatalf("%q is not commensurable with its base %s", code, u.Base())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, a := range table().atoms {
		f.Add(a.code, false)
		f.Add(a.ci, true)
	}
	for _, s := range []string{"m/", "{|}1", "4.[pi].10*-7.N/A2", "mmol/(8.h.kg)", "10*3{rbc}", "g{a b}", "(((", "m-", "kkg", "m999", "µg"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, code string, ci bool) {
		var opts []Option
		if ci {
			opts = append(opts, CaseInsensitive())
		}
		u, err := Parse(code, opts...)
		if err != nil {
			issue, ok := errors.AsType[*Issue](err)
			if !ok || issue.Offset < 0 || issue.Offset > int64(len(code)) || issue.Text == "" {
				t.Fatalf("%q: %#v", code, err)
			}
			return
		}
		if u.String() != code || u.Name() == "" {
			t.Fatalf("%q prints as %q, is called %q", code, u, u.Name())
		}
		if u.Special() {
			return
		}
		base := u.Base()
		if again, err := Parse(base.String()); err != nil || !again.Commensurable(u) {
			t.Fatalf("%q: base %s: %v", code, base, err)
		}
		if !u.Equal(u) {
			t.Fatalf("%q is not equal to itself", code)
		}
	})
}
