package dmd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/dmd"
)

// words cuts a name at blanks and slashes.
func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(" /()&", r) })
}

// mistype changes one letter of a word: leaves it out, doubles it, swaps it with
// the next, or makes it another.
func mistype(r *rand.Rand, w string) string {
	b := []byte(w)
	i := 1 + r.IntN(len(b)-2)
	switch r.IntN(4) {
	case 0:
		return string(append(b[:i], b[i+1:]...))
	case 1:
		return string(b[:i]) + string(b[i]) + string(b[i:])
	case 2:
		b[i], b[i+1] = b[i+1], b[i]
		return string(b)
	}
	b[i] = 'a' + (b[i]-'a'+7)%26
	return string(b)
}

// TestSearchRecall searches for products by what people make of their names and
// counts how often the product is among the first ten of its kind.
func TestSearchRecall(t *testing.T) {
	s := sharedStore(t)
	r := rand.New(rand.NewPCG(1, 1))
	var vmps []dmd.Product
	for p := range s.Products(dmd.VMP) {
		if !p.Invalid() {
			vmps = append(vmps, p)
		}
	}
	queries := map[string]func(w []string, name string) string{
		"name":        func(w []string, name string) string { return name },
		"upper case":  func(w []string, name string) string { return strings.ToUpper(name) },
		"beginnings":  func(w []string, name string) string { return w[0][:min(len(w[0]), 6)] + " " + w[1] + " " + w[2][:3] },
		"other order": func(w []string, name string) string { return w[2] + " " + w[1] + " " + w[0] },
		"mistyped":    func(w []string, name string) string { return mistype(r, w[0]) + " " + w[1] + " " + w[2] },
	}
	for name, query := range queries {
		found, total := 0, 0
		for _, p := range vmps {
			w := words(p.Name())
			if len(w) < 3 || len(w[0]) < 6 || len(w[2]) < 3 || strings.HasPrefix(w[0], "co-") {
				continue
			}
			total++
			hits := s.Search(query(w, p.Name()), dmd.OfKind(dmd.VMP), dmd.Limit(10))
			if slices.ContainsFunc(hits, func(h dmd.Hit) bool { return h.Product == p || h.Product.Name() == p.Name() }) {
				found++
			}
		}
		if total < 50 || found*100 < total*98 {
			t.Errorf("%s: %d of %d found", name, found, total)
		}
		t.Logf("%s: %d of %d", name, found, total)
	}
}

// TestSearchAgainstNames compares searches for a beginning and a strength with
// what a look at every name gives.
func TestSearchAgainstNames(t *testing.T) {
	s := sharedStore(t)
	for _, c := range []struct{ query, word, strength string }{
		{"tab 500mg", "tablets", "500mg"}, {"0.5g tablet", "tablets", "500mg"}, {"1000mg tab", "tablets", "1g"},
		{"cream 0.1%", "cream", "0.1%"}, {"caps 2.5mg", "capsules", "2.5mg"}, {"inhaler 100mcg", "inhaler", "100micrograms/dose"},
		{"oral solution 25mg/5ml", "oral solution", "25mg/5ml"}, {"oral solution 5mg/ml", "oral solution", "25mg/5ml"},
	} {
		var want, got []string
		for p := range s.Products(dmd.VMP) {
			name := p.Name()
			if p.Invalid() || !strings.Contains(name, c.word) {
				continue
			}
			for _, w := range strings.Fields(name) {
				if w == c.strength || strings.HasPrefix(w, c.strength+"/") && !strings.HasSuffix(w, "ml") || strings.HasSuffix(w, "/"+c.strength) {
					want = append(want, p.ID().String())
					break
				}
			}
		}
		for _, h := range s.Search(c.query, dmd.OfKind(dmd.VMP), dmd.Limit(1000)) {
			got = append(got, h.Product.ID().String())
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %d hits, want %d: %v %v", c.query, len(got), len(want), got, want)
		}
	}
}

func TestSearchOptions(t *testing.T) {
	s := sharedStore(t)
	for _, q := range []string{"", "   ", "///", "zzzzzzzz", strings.Repeat("a b ", 1000), "%", "\xff\xfe", "0", "9999999999999999999999mg"} {
		s.Search(q) // nothing to find, and no panic
	}
	cost := func(q string) float64 {
		least := math.Inf(1) // the run-time system allocates at times, too
		for range 5 {
			least = min(least, testing.AllocsPerRun(1, func() { s.Search(q) }))
		}
		return least
	}
	if a, b := cost(strings.Repeat("tab ", 1000)), cost(strings.Repeat("tab ", 1_000_000)); b > 2*a+10 {
		t.Errorf("a long query costs %v allocations, a longer one %v", a, b)
	}
	if n := len(s.Search("tab", dmd.Limit(0))); n != 0 {
		t.Errorf("%d hits of none", n)
	}
	all := s.Search("tab", dmd.Limit(5000), dmd.WithInvalid())
	valid := s.Search("tab", dmd.Limit(5000))
	if len(all) <= len(valid) {
		t.Errorf("%d with invalid ones, %d without", len(all), len(valid))
	}
	for _, h := range valid {
		if h.Product.Invalid() {
			t.Fatalf("%s is invalid", h.Product.ID())
		}
	}
	for i, h := range valid {
		if i > 0 && h.Score > valid[i-1].Score {
			t.Fatalf("out of order at %d", i)
		}
	}
	even := s.Search("tab", dmd.Where(func(p dmd.Product) bool { return p.ID()%2 == 0 }))
	for _, h := range even {
		if h.Product.ID()%2 != 0 {
			t.Fatal("the filter is not asked")
		}
	}
	if a, b := fmt.Sprint(s.Search("tab 500mg")), fmt.Sprint(s.Search("tab 500mg")); a != b {
		t.Error("not the same answer twice")
	}
}
