package snomed_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/sctid"
)

const (
	sameAs     = "900000000000527005"
	replacedBy = "900000000000526001"
	movedFrom  = "900000000000525002"
	movedTo    = "900000000000524003"
	possibly   = "900000000000523009"
	wasA       = "900000000000528000"
)

// retired adds an inactive concept.
func (f *fixture) retired() string {
	id := f.id(sctid.Concept)
	f.concept(id, "20260101", "0")
	return id
}

// TestHistoryOrder: associations come in ascending order of reference sets,
// MOVED FROM turned round among them; those of descriptions are left out.
func TestHistoryOrder(t *testing.T) {
	f := newFixture("x")
	const historical, refersTo = "900000000000522004", "900000000000531004"
	f.concept(historical, "20260101", "1")
	f.isA(historical, "138875005")
	f.concept(refersTo, "20260101", "1")
	f.isA(refersTo, historical)
	old, a, b := f.retired(), f.newConcept(), f.newConcept()
	f.association(sameAs, old, a, "0")
	f.association(replacedBy, old, b, "1")
	f.association(movedFrom, a, old, "1")
	f.association(possibly, old, b, "1")
	f.association(refersTo, f.term(b, "Invented"), a, "1")
	f.association(refersTo, old, a, "1")
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	show := func(all []snomed.Association, err error) []string {
		var out []string
		for _, x := range all {
			out = append(out, fmt.Sprint(x.Meaning, " ", x.Refset, " ", x.From, " ", x.To, " ", x.Active))
		}
		return append(out, fmt.Sprint(err))
	}
	for _, c := range []struct {
		what string
		got  []string
		want []string
	}{
		{"history", show(st.History(at(t, st, old))), []string{
			"POSSIBLY EQUIVALENT TO " + possibly + " " + old + " " + b + " true",
			"MOVED FROM " + movedFrom + " " + old + " " + a + " true",
			"REPLACED BY " + replacedBy + " " + old + " " + b + " true",
			"SAME AS " + sameAs + " " + old + " " + a + " false",
			"OTHER " + refersTo + " " + old + " " + a + " true",
			"<nil>"}},
		{"predecessors", show(st.Predecessors(at(t, st, a))), []string{
			"MOVED FROM " + movedFrom + " " + old + " " + a + " true",
			"SAME AS " + sameAs + " " + old + " " + a + " false",
			"OTHER " + refersTo + " " + old + " " + a + " true",
			"<nil>"}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.what, c.got, c.want)
		}
	}
}

// TestSubstitutionMeanings: the shortest way counts, of equally short ones the
// strongest, and of a way its weakest step.
func TestSubstitutionMeanings(t *testing.T) {
	f := newFixture("x")
	end, far, lost := f.newConcept(), f.newConcept(), f.newConcept()
	a, b, c, d := f.retired(), f.retired(), f.retired(), f.retired()
	// Two ways of two steps to end: the weakest of the first is WAS A, of the
	// second POSSIBLY EQUIVALENT TO, which is stronger.
	f.association(sameAs, a, b, "1")
	f.association(wasA, b, end, "1")
	f.association(possibly, a, c, "1")
	f.association(sameAs, c, end, "1")
	// A direct way to far, which is weaker than the longer one.
	f.association(wasA, a, far, "1")
	f.association(sameAs, b, far, "1")
	// Round in a circle, through an inactive row, and to an organisation.
	f.association(sameAs, c, a, "1")
	f.association(sameAs, a, lost, "0")
	f.association(movedTo, a, lost, "1")
	// Moved.
	f.association(movedFrom, far, d, "1")
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	id := func(s string) sctid.ID { return must(sctid.Parse(s)) }
	got := map[snomed.Substitution]bool{}
	for _, x := range must(st.Substitutions(at(t, st, a))) {
		got[x] = true
	}
	want := map[snomed.Substitution]bool{
		{From: id(a), To: id(far), Meaning: snomed.WasA, Steps: 1}:                 true,
		{From: id(a), To: id(end), Meaning: snomed.PossiblyEquivalentTo, Steps: 2}: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if all := must(st.Substitutions(at(t, st, d))); len(all) != 1 || all[0] != (snomed.Substitution{From: id(d), To: id(far), Meaning: snomed.MovedFrom, Steps: 1}) {
		t.Errorf("moved: %+v", all)
	}
	if all := must(st.Substitutions(at(t, st, end))); all != nil {
		t.Errorf("of an active concept: %+v", all)
	}
	n := 0
	for x, err := range st.SubstitutionTable() {
		if err != nil {
			t.Fatal(err)
		}
		if x.From == id(a) {
			delete(got, x)
		}
		n++
	}
	// a: end and far; b: end and far; c: end, and far by way of a; d: far.
	if n != 7 || len(got) > 0 {
		t.Errorf("%d rows in the table, %v are not among them", n, got)
	}
}
