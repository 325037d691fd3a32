package snomed_test

import (
	"testing"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// TestPreferredAmongMany: the preferred term is found among more descriptions
// than a record can point into.
func TestPreferredAmongMany(t *testing.T) {
	for _, n := range []int{1, 14, 15, 16, 40} {
		f := newFixture("many")
		c := f.newConcept()
		for range n {
			f.term(c, "Another")
		}
		last := f.term(c, "Wanted")
		f.language("900000000000508004", last, "900000000000548007")
		st, _ := store(t, snomed.BuildOptions{}, f.open(t))
		id := must(sctid.Parse(c))
		if got := must(st.PreferredTerm(at(t, st, c))); got != "Wanted" {
			t.Errorf("after %d others: %q", n, got)
		}
		if _, term, err := st.Lookup(nil, id); err != nil || string(term) != "Wanted" {
			t.Errorf("looked up after %d others: %q, %v", n, term, err)
		}
	}
}
