package snomed_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed"
)

// TestManyPieces: terms come back as they were whatever the number of different
// words and their lengths, and whatever stands between words.
func TestManyPieces(t *testing.T) {
	concepts := 600 // more pieces than one or two bytes number
	if long() {
		concepts = 28_000 // than three
	}
	f := newFixture("x")
	r := rand.New(rand.NewPCG(7, 7))
	terms := map[string]string{}
	between := []string{" ", " ", " ", "  ", "-", " - ", ", ", "/", "'", "’", "\u00a0", " (", ") ", "", "   "}
	n := 0
	for range concepts {
		c := f.newConcept()
		var b strings.Builder
		for range 40 {
			n++
			fmt.Fprintf(&b, "w%x", n)
			switch {
			case n%100 == 0:
				b.WriteString(strings.Repeat("å", 1+r.IntN(300))) // longer than a slot
			case n%7 == 0:
				b.WriteString(strings.Repeat("y", r.IntN(40)))
			}
			b.WriteString(between[r.IntN(len(between))])
		}
		terms[c] = b.String()
		f.term(c, terms[c])
	}
	st, report := store(t, snomed.BuildOptions{}, f.open(t))
	if report.Errors > 0 {
		t.Fatal(report.Issues)
	}
	for c, want := range terms {
		o := at(t, st, c)
		if got := must(st.PreferredTerm(o)); got != want {
			t.Fatalf("%s: got %q, want %q", c, got, want)
		}
		words := plainWords(strings.ReplaceAll(want, "’", "'"))
		w := strings.ReplaceAll(words[r.IntN(len(words))], "å", "a")
		found := false
		for _, h := range must(st.Search(context.Background(), snomed.Query{Text: w, Limit: 1000})) {
			found = found || h.Ordinal == o
		}
		if !found {
			t.Fatalf("%q does not find %q", w, want)
		}
	}
}
