package snomed_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// differences collects the changes between two stores.
func differences(t testing.TB, old, new *snomed.Store) []snomed.Change {
	t.Helper()
	var all []snomed.Change
	for c, err := range snomed.Diff(old, new) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// TestDiffKinds makes one change at a time.
func TestDiffKinds(t *testing.T) {
	const (
		concepts = "sct2_Concept_*_INT_20260101.txt"
		terms    = "sct2_Description_*-en_INT_20260101.txt"
		links    = "sct2_Relationship_*_INT_20260101.txt"
		site     = "363698007"
	)
	var c, d, other string // the concept, its synonym and another concept
	base := func() *fixture {
		f := newFixture("x")
		c, other = f.newConcept(), f.newConcept()
		d = f.term(c, "Invented")
		f.description(f.id(sctid.Description), "20260101", "1", c, fullName, "Invented (finding)")
		f.language(british, d, preferred)
		f.relationship(f.id(sctid.Relationship), "20260101", "1", c, other, "1", site)
		f.relationship(f.id(sctid.Relationship), "20260101", "1", c, "138875005", "1", site)
		f.relationship(f.id(sctid.Relationship), "20260101", "1", c, other, "0", site)
		f.row("der2_iissscRefset_ComplexMap*_INT_20260101.txt", memberHeader+" mapGroup mapPriority mapRule mapAdvice mapTarget correlationId", f.uuid(), "20260101", "1", fixtureModule, "447562003", c, "1", "1", "TRUE", "ALWAYS A1", "A1", "447561005")
		f.row("der2_sRefset_OWLExpression*_INT_20260101.txt", memberHeader+" owlExpression", f.uuid(), "20260101", "1", fixtureModule, "733073007", c,
			"SubClassOf(:"+c+" ObjectIntersectionOf(:138875005 ObjectSomeValuesFrom(:"+site+" :"+other+")))")
		return f
	}
	// in replaces text in the rows of a file that are about the concept.
	in := func(f *fixture, file, old, new string) {
		n := 0
		for i, row := range f.files[file] {
			if strings.Contains("\t"+row, "\t"+c+"\t") && strings.Contains(row, old) {
				f.files[file][i] = strings.Replace(row, old, new, 1)
				n++
			}
		}
		if n == 0 {
			t.Fatalf("%s has no %q", file, old)
		}
	}
	for _, x := range []struct {
		name   string
		change func(f *fixture)
		want   []string // kinds, and texts where there are any
	}{
		{"nothing", func(*fixture) {}, nil},
		{"another order of rows", func(f *fixture) {
			for _, rows := range f.files {
				slices.Reverse(rows[1:])
			}
		}, nil},
		{"another number of a group", func(f *fixture) { in(f, links, "\t1\t"+site, "\t7\t"+site) }, nil},
		{"the status", func(f *fixture) { in(f, concepts, "900000000000074008", "900000000000073002") },
			[]string{`definition status changed "900000000000074008" "900000000000073002"`}},
		{"the module", func(f *fixture) { in(f, concepts, fixtureModule, "900000000000012004") },
			[]string{`module changed "` + fixtureModule + `" "900000000000012004"`}},
		{"the name", func(f *fixture) { in(f, terms, "(finding)", "(disorder)") },
			[]string{`name changed "Invented (finding)" "Invented (disorder)"`, `descriptions changed "" ""`}},
		{"the term", func(f *fixture) { in(f, terms, "\tInvented\t", "\tMade up\t") },
			[]string{`preferred term changed "Invented" "Made up"`, `descriptions changed "" ""`}},
		{"the time of a description", func(f *fixture) { in(f, terms, "20260101", "20260102") }, []string{`descriptions changed "" ""`}},
		{"one more term", func(f *fixture) { f.term(c, "Another") }, []string{`descriptions changed "" ""`}},
		{"what another dialect says", func(f *fixture) { f.language("900000000000509007", d, acceptable) }, []string{`descriptions changed "" ""`}},
		{"a parent", func(f *fixture) { f.isA(c, other) }, []string{`parents changed "" ""`}},
		{"a property out of its group", func(f *fixture) {
			in(f, links, other+"\t1\t"+site, other+"\t2\t"+site)
		}, []string{`properties changed "" ""`}},
		{"a property into no group", func(f *fixture) { in(f, links, other+"\t1\t"+site, other+"\t0\t"+site) }, []string{`properties changed "" ""`}},
		{"a property into a group of its own", func(f *fixture) { in(f, links, other+"\t0\t"+site, other+"\t2\t"+site) }, []string{`properties changed "" ""`}},
		{"a relationship that is not inferred", func(f *fixture) {
			f.row(links, "", f.id(sctid.Relationship), "20260101", "1", fixtureModule, c, other, "3", site, "900000000000227009", "900000000000451002")
		}, nil},
		{"a property once more", func(f *fixture) {
			f.relationship(f.id(sctid.Relationship), "20260101", "1", c, other, "0", site)
		}, []string{`properties changed "" ""`}},
		{"the target of a map", func(f *fixture) { in(f, "der2_iissscRefset_ComplexMap*_INT_20260101.txt", "\tA1\t", "\tA2\t") }, []string{`members changed "" ""`}},
		{"the priority of a map", func(f *fixture) {
			in(f, "der2_iissscRefset_ComplexMap*_INT_20260101.txt", "\t1\t1\tTRUE", "\t1\t2\tTRUE")
		}, []string{`members changed "" ""`}},
		{"the activity of a member", func(f *fixture) {
			in(f, "der2_iissscRefset_ComplexMap*_INT_20260101.txt", "20260101\t1", "20260101\t0")
		}, []string{`members changed "" ""`}},
		{"an identifier in an axiom", func(f *fixture) {
			in(f, "der2_sRefset_OWLExpression*_INT_20260101.txt", ":"+other, ":"+c)
		}, []string{`members changed "" ""`}},
		{"a member", func(f *fixture) {
			f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, f.uuid(), "20260101", "1", fixtureModule, "446609009", c)
		}, []string{`members changed "" ""`}},
	} {
		old, _ := store(t, snomed.BuildOptions{}, base().open(t))
		f := base()
		// Concepts before it, so that ordinals differ.
		for i := range 5 {
			f.concept(numbered(i), "20260101", "1")
			f.isA(numbered(i), "138875005")
		}
		x.change(f)
		new, report := store(t, snomed.BuildOptions{}, f.open(t))
		if report.Errors > 0 {
			t.Fatal(report.Issues)
		}
		var got []string
		added := 0
		for _, ch := range differences(t, old, new) {
			if ch.Kind == snomed.ConceptAdded {
				added++
				continue
			}
			if ch.Concept.String() != c {
				t.Errorf("%s: %v of %v", x.name, ch.Kind, ch.Concept)
			}
			got = append(got, fmt.Sprintf("%v %q %q", ch.Kind, ch.Old, ch.New))
		}
		if !slices.Equal(got, x.want) || added != 5 {
			t.Errorf("%s: got %q, want %q; %d added", x.name, got, x.want, added)
		}
	}
}

// slowDiff compares two stores concept by concept, by what their methods answer.
func slowDiff(old, new *snomed.Store) (all []snomed.Change) {
	ids := append(must(old.IDs(nil, old.All())), must(new.IDs(nil, new.All()))...)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		a, err1 := old.Concept(id)
		b, err2 := new.Concept(id)
		add := func(k snomed.ChangeKind, was, is string) {
			all = append(all, snomed.Change{Kind: k, Concept: id, Old: was, New: is})
		}
		if err1 != nil || err2 != nil {
			if err1 != nil {
				add(snomed.ConceptAdded, "", "")
			} else {
				add(snomed.ConceptRemoved, "", "")
			}
			continue
		}
		x, y := a.Ordinal, b.Ordinal
		if a.Active != b.Active {
			add(map[bool]snomed.ChangeKind{true: snomed.ConceptInactivated, false: snomed.ConceptReactivated}[a.Active], "", "")
		}
		if a.Status != b.Status {
			add(snomed.StatusChanged, a.Status.String(), b.Status.String())
		}
		if a.Module != b.Module {
			add(snomed.ModuleChanged, a.Module.String(), b.Module.String())
		}
		if p, q := must(old.FullySpecifiedName(x)), must(new.FullySpecifiedName(y)); p != q {
			add(snomed.NameChanged, p, q)
		}
		if p, q := must(old.PreferredTerm(x)), must(new.PreferredTerm(y)); p != q {
			add(snomed.TermChanged, p, q)
		}
		changed := func(k snomed.ChangeKind, of func(*snomed.Store, snomed.Ordinal) []string) {
			p, q := of(old, x), of(new, y)
			slices.Sort(p)
			slices.Sort(q)
			if !slices.Equal(p, q) {
				add(k, "", "")
			}
		}
		changed(snomed.DescriptionsChanged, func(s *snomed.Store, o snomed.Ordinal) (out []string) {
			for _, d := range must(s.Descriptions(o)) {
				slices.SortFunc(d.Acceptability, func(p, q snomed.Acceptability) int { return cmp.Compare(p.Refset, q.Refset) })
				out = append(out, fmt.Sprint(d.ID, d.Time, d.Active, d.Term, d.Acceptability))
			}
			return out
		})
		changed(snomed.ParentsChanged, func(s *snomed.Store, o snomed.Ordinal) (out []string) {
			for _, p := range must(s.Parents(o)) {
				out = append(out, must(s.ID(p)).String())
			}
			return out
		})
		changed(snomed.PropertiesChanged, func(s *snomed.Store, o snomed.Ordinal) (out []string) {
			for _, g := range must(s.Properties(o)) {
				var parts []string
				for _, p := range g.Attributes {
					parts = append(parts, fmt.Sprint(p.Type, p.Target, p.Value, p.Concrete))
				}
				slices.Sort(parts)
				out = append(out, fmt.Sprint(g.Number == 0, parts))
			}
			return out
		})
		changed(snomed.MembersChanged, func(s *snomed.Store, o snomed.Ordinal) (out []string) {
			for _, m := range must(s.Members(must(s.ID(o)))) {
				if m.Active {
					out = append(out, fmt.Sprint(m.Refset, m.Fields))
				}
			}
			return out
		})
	}
	return all
}

// TestDiffOracle compares Diff with the slow way, between dates of a history.
func TestDiffOracle(t *testing.T) {
	full := generate(t, snomedtest.Options{Seed: 56, Release: snomedtest.Full, Releases: 6})
	var stores []*snomed.Store
	for _, asOf := range []uint32{20260601, 20260801, 0} {
		stores = append(stores, build(t, snomed.BuildOptions{Release: "Full", AsOf: asOf}, full))
	}
	if !testing.Short() {
		stores = append(stores, build(t, snomed.BuildOptions{Release: "Full", Languages: []sctid.ID{900000000000509007}}, full))
	}
	kinds := map[snomed.ChangeKind]int{}
	for i, old := range stores {
		for j, new := range stores {
			got, want := differences(t, old, new), slowDiff(old, new)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("from %d to %d: %d changes, want %d", i, j, len(got), len(want))
			}
			for _, c := range got {
				kinds[c.Kind]++
			}
		}
	}
	for k := snomed.ConceptAdded; k <= snomed.MembersChanged; k++ {
		if kinds[k] == 0 && k != snomed.StatusChanged && k != snomed.ModuleChanged {
			t.Errorf("no concept %v", k)
		}
	}
}

// TestDiffOfOrders: stores of one release that prefer other dialects have other
// terms.
func TestDiffOfOrders(t *testing.T) {
	const american = "900000000000509007"
	f := newFixture("x")
	c := f.newConcept()
	f.language(british, f.term(c, "Oesophagus"), preferred)
	f.language(american, f.term(c, "Esophagus"), preferred)
	in := func(order ...sctid.ID) *snomed.Store {
		st, _ := store(t, snomed.BuildOptions{Languages: order}, f.open(t))
		return st
	}
	gb, us := must(sctid.Parse(british)), must(sctid.Parse(american))
	want := []snomed.Change{{Kind: snomed.TermChanged, Concept: must(sctid.Parse(c)), Old: "Oesophagus", New: "Esophagus"}}
	if got := differences(t, in(gb, us), in(us, gb)); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
