package snomed_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// TestDeepHierarchy: what is above one concept of a chain of thousands is
// found in a time that grows with it and not with its square.
func TestDeepHierarchy(t *testing.T) {
	const depth = 20_000
	f := newFixture("deep")
	last := "138875005"
	for range depth {
		id := f.id(sctid.Concept)
		f.concept(id, "20260101", "1")
		f.isA(id, last)
		last = id
	}
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	deepest := at(t, st, last)
	up := must(st.Ancestors(deepest))
	if len(up) != depth || !slices.IsSorted(up) {
		t.Errorf("%d ancestors, want %d", len(up), depth)
	}
	if paths := must(st.Paths(deepest, 2)); len(paths) != 1 || len(paths[0]) != depth+1 || paths[0][0] != deepest || paths[0][depth] != at(t, st, "138875005") {
		t.Errorf("%d ways up", len(paths))
	}
	if paths := must(st.Paths(at(t, st, "138875005"), 0)); len(paths) != 0 {
		t.Errorf("%d ways up, where none was asked for", len(paths))
	}
	if got := must(st.LeastCommonAncestors(deepest, deepest)); len(got) != 1 || got[0] != deepest {
		t.Errorf("%d least common ancestors of a concept and itself", len(got))
	}
	if got := must(st.LeastCommonAncestors(deepest, up[7])); len(got) != 1 || got[0] != up[7] {
		t.Errorf("least common ancestors of a concept and one above it: %v", got)
	}
}

// TestOutside: ordinals that no concept has.
func TestOutside(t *testing.T) {
	st := exampleStore()
	for _, o := range []snomed.Ordinal{snomed.Ordinal(st.Info().Concepts), 1 << 20, 1<<32 - 1} {
		errs := map[string]error{}
		_, errs["ConceptAt"] = st.ConceptAt(o)
		_, errs["ID"] = st.ID(o)
		_, errs["PreferredTerm"] = st.PreferredTerm(o)
		_, errs["Parents"] = st.Parents(o)
		_, errs["Children"] = st.Children(o)
		_, errs["Ancestors"] = st.Ancestors(o)
		_, errs["Descendants"] = st.Descendants(o)
		_, errs["LeastCommonAncestors"] = st.LeastCommonAncestors(0, o)
		_, errs["Paths"] = st.Paths(o, 5)
		_, errs["SubsumesOrdinal of it"] = st.SubsumesOrdinal(o, 0)
		_, errs["SubsumesOrdinal by it"] = st.SubsumesOrdinal(0, o)
		for what, err := range errs {
			if !errors.Is(err, snomed.ErrNotFound) {
				t.Errorf("%s %d: %v", what, o, err)
			}
		}
	}
}

// TestMaxIntervals: a hierarchy of few concepts whose descendants make many
// intervals is refused.
func TestMaxIntervals(t *testing.T) {
	// Every second leaf is also below the end of a chain, so that each concept
	// of the chain has all of those intervals.
	f := newFixture("intervals")
	chain := []string{f.newConcept()}
	for range 200 {
		id := f.id(sctid.Concept)
		f.concept(id, "20260101", "1")
		f.isA(id, chain[len(chain)-1])
		chain = append(chain, id)
	}
	deep := chain[len(chain)-1]
	for range 200 {
		deeper := f.id(sctid.Concept)
		f.concept(deeper, "20260101", "1")
		f.isA(deeper, deep)
		deep = deeper
	}
	for i := range 400 {
		leaf := f.id(sctid.Concept)
		f.concept(leaf, "20260101", "1")
		f.isA(leaf, deep)
		if i%2 == 0 {
			f.isA(leaf, chain[0])
		} else {
			other := f.newConcept()
			f.isA(other, leaf)
		}
	}
	release := []*rf2.Release{f.open(t)}
	file := filepath.Join(t.TempDir(), "store")
	_, err := snomed.Build(context.Background(), release, file, snomed.BuildOptions{MaxIntervals: 1000})
	var issue *snomed.Issue
	if !errors.As(err, &issue) || issue.Code != rf2.CodeLimit {
		t.Errorf("with a limit of 1,000 intervals: %v", err)
	}
	for _, limit := range []int{0, -1} {
		if _, err := snomed.Build(context.Background(), release, file, snomed.BuildOptions{MaxIntervals: limit}); err != nil {
			t.Errorf("with the limit %d: %v", limit, err)
		}
	}
}

// TestJoinedIntervals: those that become few again, because one half of the
// leaves has what the other has not, count as well.
func TestJoinedIntervals(t *testing.T) {
	f := newFixture("joined")
	deep := f.newConcept()
	for range 5 {
		deeper := f.id(sctid.Concept)
		f.concept(deeper, "20260101", "1")
		f.isA(deeper, deep)
		deep = deeper
	}
	halves := [2]string{f.id(sctid.Concept), f.id(sctid.Concept)}
	const n = 500
	for range n {
		above := f.newConcept()
		for _, h := range halves {
			f.isA(h, above)
		}
	}
	for _, h := range halves {
		f.concept(h, "20260101", "1")
	}
	for i := range 2 * n {
		leaf := f.id(sctid.Concept)
		f.concept(leaf, "20260101", "1")
		f.isA(leaf, deep)
		f.isA(leaf, halves[i%2])
	}
	file := filepath.Join(t.TempDir(), "store")
	_, err := snomed.Build(context.Background(), []*rf2.Release{f.open(t)}, file, snomed.BuildOptions{MaxIntervals: n * n})
	var issue *snomed.Issue
	if !errors.As(err, &issue) || issue.Code != rf2.CodeLimit {
		t.Errorf("%d times %d intervals: %v", n, 2*n, err)
	}
}

// TestSubsumesAll asks about every pair of concepts.
func TestSubsumesAll(t *testing.T) {
	st := build(t, snomed.BuildOptions{}, generate(t, snomedtest.Options{Seed: 53}))
	n := st.Info().Concepts
	yes, apart := 0, 0
	for b := range snomed.Ordinal(n) {
		// Everything above b, one parent after the other.
		above := make([]bool, n)
		for todo := []snomed.Ordinal{b}; len(todo) > 0; {
			o := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if !above[o] {
				above[o] = true
				todo = append(todo, must(st.Parents(o))...)
			}
		}
		for a, want := range above {
			if got := must(st.SubsumesOrdinal(snomed.Ordinal(a), b)); got != want {
				t.Fatalf("%d subsumes %d: %v", a, b, got)
			}
			if want {
				yes++
			}
		}
	}
	for o := range snomed.Ordinal(n) {
		set := must(st.DescendantsOrSelf(o))
		yes -= set.Len()
		if !set.Has(o + snomed.Ordinal(set.Len()) - 1) {
			apart++ // it has more than one interval
		}
	}
	if yes != 0 || apart < 10 {
		t.Errorf("%d pairs more than descendants, %d concepts with several intervals", yes, apart)
	}
}
