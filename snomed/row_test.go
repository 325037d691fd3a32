package snomed_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// TestViews: properties and sources are of the active inferred view; all rows
// are among the relationships.
func TestViews(t *testing.T) {
	const (
		site   = "363698007"
		stated = "900000000000010007"
	)
	f := newFixture("x")
	a, b, c := f.newConcept(), f.newConcept(), f.newConcept()
	add := func(active, from, to, group, view string) {
		f.relationship(f.id(sctid.Relationship), "20260101", active, from, to, group, site)
		rows := f.files["sct2_Relationship_*_INT_20260101.txt"]
		if view != "" {
			rows[len(rows)-1] = strings.Replace(rows[len(rows)-1], "900000000000011006", view, 1)
		}
	}
	add("1", a, b, "1", "")
	add("0", a, c, "1", "")
	add("1", a, c, "2", stated)
	add("1", a, "138875005", "2", "900000000000227009") // an additional relationship
	f.row("sct2_RelationshipConcreteValues_*_INT_20260101.txt", "id effectiveTime active moduleId sourceId value relationshipGroup typeId characteristicTypeId modifierId",
		f.id(sctid.Relationship), "20260101", "1", fixtureModule, c, "#5", "0", site, "900000000000011006", "900000000000451002")
	st, report := store(t, snomed.BuildOptions{}, f.open(t))
	if len(report.Issues) > 0 {
		t.Error(report.Issues)
	}
	id := func(s string) sctid.ID { return must(sctid.Parse(s)) }
	want := []snomed.Group{{Number: 1, Attributes: []snomed.Attribute{{Type: id(site), Target: id(b)}}}}
	if got := must(st.Properties(at(t, st, a))); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := len(must(st.Relationships(at(t, st, a)))); n != 5 { // with the is-a
		t.Errorf("%d relationships", n)
	}
	for target, want := range map[string]int{a: 0, b: 1, c: 0, "138875005": 0} {
		if set := must(st.Sources(id(site), snomed.SetOf([]snomed.Ordinal{at(t, st, target)}))); set.Len() != want {
			t.Errorf("%d sources of %s, want %d", set.Len(), target, want)
		}
	}
	// The target of a concrete value is the number of a value, not a concept.
	if set := must(st.Sources(id(site), st.All())); set.Len() != 1 || !set.Has(at(t, st, a)) {
		t.Errorf("%d sources of anything", set.Len())
	}
}

// TestMapBlocks: every group of every block has its own target.
func TestMapBlocks(t *testing.T) {
	f := newFixture("x")
	c := f.newConcept()
	row := func(active, block, group, priority, rule, target string) {
		f.row("der2_iisssciRefset_ExtendedMap*_INT_20260101.txt", memberHeader+" mapGroup mapPriority mapRule mapAdvice mapTarget correlationId mapBlock",
			f.uuid(), "20260101", active, fixtureModule, "999002271000000101", c, group, priority, rule, "", target, "447561005", block)
	}
	row("1", "2", "1", "1", "TRUE", "B1")
	row("1", "1", "2", "2", "OTHERWISE TRUE", "") // no target
	row("1", "1", "2", "1", "IFA 248152002 | Female |", "A2F")
	row("1", "1", "1", "10", "TRUE", "A1 last")
	row("1", "1", "1", "2", "TRUE", "A1")
	row("0", "1", "1", "1", "TRUE", "A1 inactive")
	row("1", "2", "2", "1", "IFA "+c+" | itself |", "B2")
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	show := func(rows []snomed.MapRow, err error) (out []string) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			out = append(out, fmt.Sprintf("%d/%d/%d %s", r.Block, r.Group, r.Priority, r.Target))
		}
		return out
	}
	id := must(sctid.Parse(c))
	const refset = 999002271000000101
	if got, want := show(st.MapRows(refset, id)), []string{"1/1/2 A1", "1/1/10 A1 last", "1/2/1 A2F", "1/2/2 ", "2/1/1 B1", "2/2/1 B2", "1/1/1 A1 inactive"}; !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if got, want := show(st.MapTargets(refset, id, snomed.MapContext{})), []string{"1/1/2 A1", "1/2/2 ", "2/1/1 B1"}; !slices.Equal(got, want) {
		t.Errorf("targets %q, want %q", got, want)
	}
	known := snomed.MapContext{Concepts: []sctid.ID{id, 248152002}}
	if got, want := show(st.MapTargets(refset, id, known)), []string{"1/1/2 A1", "1/2/1 A2F", "2/1/1 B1", "2/2/1 B2"}; !slices.Equal(got, want) {
		t.Errorf("targets %q, want %q", got, want)
	}
}

// TestPreference: the realm's reference sets come before British English, of two
// members of one the better counts, inactive members do not, and inactive
// descriptions come last.
func TestPreference(t *testing.T) {
	const clinical = "999001261000000100"
	f := newFixture("x")
	c := f.newConcept()
	add := func(active, term string) string {
		id := f.id(sctid.Description)
		f.description(id, "20260101", active, c, synonym, term)
		return id
	}
	old := add("0", "Retired")
	f.language(clinical, old, preferred)
	general := add("1", "General")
	f.language(british, general, preferred)
	f.language(clinical, general, acceptable)
	realm := add("1", "Realm")
	f.language(british, realm, acceptable)
	f.language(clinical, realm, preferred)
	f.language(clinical, realm, acceptable) // a second member
	withdrawn := add("1", "Withdrawn")
	f.language(clinical, withdrawn, preferred)
	rows := f.files["der2_cRefset_Language*-en_INT_20260101.txt"]
	rows[len(rows)-1] = strings.Replace(rows[len(rows)-1], "20260101\t1", "20260101\t0", 1)
	// Another concept, which the realm says nothing of.
	d := f.newConcept()
	f.term(d, "Other")
	f.language(british, f.term(d, "Another"), preferred)
	// And one of which only an inactive description is left.
	e := f.newConcept()
	f.description(f.id(sctid.Description), "20260101", "1", e, fullName, "Last (finding)")
	f.description(f.id(sctid.Description), "20260101", "0", e, synonym, "Last one")
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	for _, x := range []struct {
		concept  string
		dialects []sctid.ID
		want     string
	}{
		{c, nil, "Realm"},
		{c, []sctid.ID{900000000000508004}, "General"},
		{c, []sctid.ID{900000000000508004, 999001261000000100}, "General"},
		{c, []sctid.ID{999000691000001104}, "Realm"}, // it says nothing: the order of the store
		{d, nil, "Another"},
		{d, []sctid.ID{999001261000000100}, "Another"},
		{e, nil, "Last one"},
	} {
		if got := must(st.PreferredTerm(at(t, st, x.concept), x.dialects...)); got != x.want {
			t.Errorf("%v: got %q, want %q", x.dialects, got, x.want)
		}
	}
	var terms []string
	for _, d := range must(st.Descriptions(at(t, st, c))) {
		terms = append(terms, d.Term)
	}
	if n := len(terms); n != 4 || terms[n-1] != "Retired" {
		t.Errorf("descriptions %q", terms)
	}
	hits := must(st.Search(context.Background(), snomed.Query{Text: "realm"}))
	if len(hits) != 1 || !hits[0].Preferred {
		t.Errorf("%+v", hits)
	}
}

// TestAsOf: versions of the very date are kept, and later ones left out.
func TestAsOf(t *testing.T) {
	f := newFixture("x")
	f.kind = "Full"
	c := f.newConcept()
	d := f.id(sctid.Description)
	for _, v := range []string{"20260201", "20260301", "20260302"} {
		f.description(d, v, "1", c, synonym, "Of "+v)
	}
	for _, x := range []struct {
		asOf uint32
		want string
	}{{20260228, "Of 20260201"}, {20260301, "Of 20260301"}, {0, "Of 20260302"}} {
		st, _ := store(t, snomed.BuildOptions{Release: "Full", AsOf: x.asOf}, f.open(t))
		if got := must(st.PreferredTerm(at(t, st, c))); got != x.want || st.Info().AsOf != x.asOf {
			t.Errorf("of %d: %q", x.asOf, got)
		}
	}
}

// TestRowIssues: what is wrong with rows about each other is reported where it
// is.
func TestRowIssues(t *testing.T) {
	f := newFixture("x")
	c, missing := f.newConcept(), numbered(1)
	f.term(missing, "Invented")
	f.relationship(f.id(sctid.Relationship), "20260101", "1", missing, c, "0", "116680003")
	f.relationship(f.id(sctid.Relationship), "20260101", "1", c, missing, "0", "116680003")
	f.relationship(f.id(sctid.Relationship), "20260101", "1", c, c, "65536", "363698007")
	f.relationship(f.id(sctid.Relationship), "20260101", "1", c, c, "-1", "363698007")
	f.relationship(f.id(sctid.Relationship), "20260101", "1", c, c, "65535", "363698007")
	f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, f.uuid(), "20260101", "1", fixtureModule, "447562003", missing)
	f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, f.uuid(), "20260101", "1", fixtureModule, "447562003", f.id(sctid.Relationship))
	f.row("der2_ssRefset_ModuleDependency*_INT_20260101.txt", memberHeader+" sourceEffectiveTime targetEffectiveTime", f.uuid(), "20260101", "1", fixtureModule, "900000000000534007", "900000000000012004", "20260101", "20260101")
	st, report := store(t, snomed.BuildOptions{}, f.open(t))
	var got []string
	for i := range report.Issues {
		is := &report.Issues[i]
		got = append(got, fmt.Sprint(is.Severity, " ", is.Code, " ", is.Path[strings.LastIndexByte(is.Path, '/')+1:], ":", is.Line, ":", is.Col))
	}
	slices.Sort(got)
	const (
		links = "sct2_Relationship_Snapshot_INT_20260101.txt:"
		terms = "sct2_Description_Snapshot-en_INT_20260101.txt:"
	)
	want := []string{
		"error rf2.integer " + links + "7:7",
		"error rf2.integer " + links + "8:7",
		"error rf2.module module " + fixtureModule + ":0:0",
		"error snomed.dangling " + links + "5:5",
		"error snomed.dangling " + links + "6:6",
		"error snomed.dangling " + terms + "2:5",
		"warning snomed.dangling der2_Refset_SimpleSnapshot_INT_20260101.txt:2:6",
		"warning snomed.dangling der2_ssRefset_ModuleDependencySnapshot_INT_20260101.txt:2:6",
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if g := must(st.Properties(at(t, st, c))); len(g) != 1 || g[0].Number != 65535 {
		t.Errorf("%+v", g)
	}
	if r := must(st.Refset(447562003)); r.Len() != 2 || must(r.Concepts()).Len() != 0 {
		t.Errorf("%d members", r.Len())
	}
}

// TestZeroes: zero has no sign.
func TestZeroes(t *testing.T) {
	for _, a := range []string{"#0", "#-0", "#+0", "#-0.00", "#00"} {
		for _, b := range []string{"#0", "#-0", "#0.0"} {
			if c := snomed.ParseValue(a).Compare(snomed.ParseValue(b)); c != 0 {
				t.Errorf("Compare(%s, %s) = %d", a, b, c)
			}
		}
		if snomed.ParseValue("#-0.01").Compare(snomed.ParseValue(a)) != -1 || snomed.ParseValue(a).Compare(snomed.ParseValue("#0.01")) != -1 {
			t.Errorf("%s is not between -0.01 and 0.01", a)
		}
	}
}
