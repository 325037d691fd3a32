package snomed_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
)

const (
	british    = "900000000000508004"
	preferred  = "900000000000548007"
	acceptable = "900000000000549004"
	synonym    = "900000000000013009"
)

// numbered is the i-th of as many concept identifiers as are wanted.
func numbered(i int) string { return must(sctid.New(sctid.Concept, "", uint64(100_000+i))).String() }

// TestOverlap: of one component in two packages the later version wins, and of
// versions of one time that of the later package, whatever is before it.
func TestOverlap(t *testing.T) {
	x, y := newFixture("x"), newFixture("y")
	c := x.newConcept()
	y.concept(c, "20260101", "0")
	newer, same := x.id(sctid.Description), x.id(sctid.Description)
	x.description(newer, "20260201", "1", c, synonym, "Newer in x")
	y.description(newer, "20260101", "1", c, synonym, "Newer in y")
	x.description(same, "20260201", "1", c, synonym, "Same in x")
	y.description(same, "20260201", "1", c, synonym, "Same in y")
	link, member := x.id(sctid.Relationship), x.uuid()
	x.relationship(link, "20260101", "1", c, "138875005", "0", "116680003")
	y.relationship(link, "20260301", "0", c, "138875005", "0", "116680003")
	for _, f := range []*fixture{x, y} {
		f.row("der2_sRefset_SimpleMap*_INT_20260101.txt", memberHeader+" mapTarget", member, "20260101", "1", fixtureModule, "447562003", c, "From "+f.name)
	}
	for _, order := range [][]*fixture{{x, y}, {y, x}} {
		st, report := store(t, snomed.BuildOptions{}, order[0].open(t), order[1].open(t))
		if report.Errors > 0 {
			t.Error(report.Issues)
		}
		last := order[1].name
		o := at(t, st, c)
		if got := must(st.ConceptAt(o)).Active; got != (last == "x") {
			t.Errorf("%s last: active %v", last, got)
		}
		var terms []string
		for _, d := range must(st.Descriptions(o)) {
			terms = append(terms, d.Term)
		}
		slices.Sort(terms)
		if want := []string{"Newer in x", "Same in " + last}; !slices.Equal(terms, want) {
			t.Errorf("%s last: %q, want %q", last, terms, want)
		}
		active := 0
		for _, r := range must(st.Relationships(o)) {
			if r.Active {
				active++
			}
		}
		if n := len(must(st.Relationships(o))); n != 2 || active != 1 {
			t.Errorf("%s last: %d relationships, %d of them active, want 2 and 1", last, n, active)
		}
		if rows := must(st.MapRows(447562003, must(sctid.Parse(c)))); len(rows) != 1 || rows[0].Target != "From "+last {
			t.Errorf("%s last: %+v", last, rows)
		}
	}
}

// TestPermissions: a store that takes the place of another has its permissions.
func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("no permissions to keep")
	}
	file := filepath.Join(t.TempDir(), "store")
	build := func() fs.FileMode {
		var writing fs.FileMode
		opt := snomed.BuildOptions{Progress: func(p snomed.BuildProgress) {
			if names, _ := filepath.Glob(file + ".*.building"); len(names) == 1 {
				writing = must(os.Stat(names[0])).Mode().Perm()
			}
		}}
		if _, err := snomed.Build(context.Background(), []*rf2.Release{newFixture("x").open(t)}, file, opt); err != nil {
			t.Fatal(err)
		}
		got := must(os.Stat(file)).Mode().Perm()
		if writing != got {
			t.Errorf("%v while it is written, then %v", writing, got)
		}
		return got
	}
	plain := filepath.Join(filepath.Dir(file), "plain")
	must(must(os.Create(plain)).Stat())
	if got, want := build(), must(os.Stat(plain)).Mode().Perm(); got != want {
		t.Errorf("a new store has %v, another new file %v", got, want)
	}
	for _, want := range []fs.FileMode{0o600, 0o640, 0o444} {
		if err := os.Chmod(file, want); err != nil {
			t.Fatal(err)
		}
		if got := build(); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// TestProgress: a build goes from nothing to nearly all and never back, and one
// that has nothing to read goes nowhere.
func TestProgress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	for name, wantErr := range map[string]error{"something": nil, "nothing": snomed.ErrNoConcepts} {
		f := newFixture(name)
		if wantErr != nil {
			f.kind = "Delta"
		}
		var fractions []float64
		_, err := snomed.Build(context.Background(), []*rf2.Release{f.open(t)}, file, snomed.BuildOptions{Progress: func(p snomed.BuildProgress) {
			fractions = append(fractions, p.Fraction)
		}})
		if !errors.Is(err, wantErr) {
			t.Fatal(err)
		}
		first, last := fractions[0], fractions[len(fractions)-1]
		if first != 0 || !slices.IsSorted(fractions) || last > 1 || wantErr == nil && last < 0.9 || wantErr != nil && last > 0 {
			t.Errorf("%s: %v", name, fractions)
		}
	}
}

// TestDelta: what is newer in a delta is taken, what is older is not, and what is
// not in it stays.
func TestDelta(t *testing.T) {
	base, delta := newFixture("base"), &fixture{name: "delta", kind: "Delta", files: map[string][]string{}, next: 5000}
	gone, kept := base.newConcept(), base.newConcept()
	changed, stays := base.term(kept, "Before"), base.term(kept, "Stays")
	member := base.uuid()
	row := func(f *fixture, time, active, target string) {
		f.row("der2_sRefset_SimpleMap*_INT_20260101.txt", memberHeader+" mapTarget", member, time, active, fixtureModule, "447562003", kept, target)
	}
	row(base, "20260101", "1", "A1")
	delta.concept(gone, "20260201", "0")
	delta.description(changed, "20260201", "1", kept, synonym, "After")
	delta.description(stays, "20251231", "0", kept, synonym, "Stale")
	row(delta, "20260201", "0", "A2")
	added := delta.id(sctid.Concept)
	delta.concept(added, "20260201", "1")
	delta.isA(added, kept)
	delta.association(sameAs, gone, added, "1")
	st, report := store(t, snomed.BuildOptions{Deltas: []*rf2.Release{delta.open(t)}}, base.open(t))
	if len(report.Issues) > 0 {
		t.Error(report.Issues)
	}
	if c := must(st.ConceptAt(at(t, st, gone))); c.Active || c.Time != 20260201 {
		t.Errorf("%+v", c)
	}
	var terms []string
	for _, d := range must(st.Descriptions(at(t, st, kept))) {
		terms = append(terms, fmt.Sprint(d.Term, d.Active))
	}
	if want := []string{"Aftertrue", "Staystrue"}; !slices.Equal(terms, want) {
		t.Errorf("%q, want %q", terms, want)
	}
	if rows := must(st.MapRows(447562003, must(sctid.Parse(kept)))); len(rows) != 1 || rows[0].Active || rows[0].Target != "A2" {
		t.Errorf("%+v", rows)
	}
	if yes := must(st.SubsumesOrdinal(at(t, st, kept), at(t, st, added))); !yes {
		t.Error("the new concept is not below the old one")
	}
	if all := must(st.Substitutions(at(t, st, gone))); len(all) != 1 || all[0].To.String() != added {
		t.Errorf("%+v", all)
	}
	if _, err := snomed.Build(context.Background(), []*rf2.Release{delta.open(t)}, filepath.Join(t.TempDir(), "x"), snomed.BuildOptions{}); !errors.Is(err, snomed.ErrNoConcepts) {
		t.Errorf("a delta for a snapshot: %v", err)
	}
}

// TestManyMembersOfOne: many members about one concept, of which some have
// several versions.
func TestManyMembersOfOne(t *testing.T) {
	f := newFixture("x")
	f.kind = "Full"
	c := f.newConcept()
	const n = 30_000
	for i := range n {
		id := f.uuid()
		row := func(time, active string) {
			f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, id, time, active, fixtureModule, "447562003", c)
		}
		row("20250101", "1")
		if i%3 == 0 {
			row("20260101", "0")
		}
	}
	st, report := store(t, snomed.BuildOptions{Release: "Full"}, f.open(t))
	if r := must(st.Refset(447562003)); report.Errors > 0 || r.Len() != n || r.Active() != n/3*2 {
		t.Errorf("%d members, %d active, %d errors", r.Len(), r.Active(), report.Errors)
	}
}

// TestShapes: files that give one reference set different columns are reported,
// and what is in the columns they have is kept.
func TestShapes(t *testing.T) {
	f := newFixture("x")
	a, b := f.newConcept(), f.newConcept()
	const replacedBy = "900000000000526001"
	f.association(replacedBy, a, b, "1")
	f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, f.uuid(), "20260101", "1", fixtureModule, replacedBy, b)
	d := f.term(a, "Invented")
	f.language(british, d, preferred)
	f.row("der2_sRefset_Other*_INT_20260101.txt", memberHeader+" note", f.uuid(), "20260101", "1", fixtureModule, british, d, "a note")
	st, report := store(t, snomed.BuildOptions{}, f.open(t))
	var codes []rf2.Code
	for i := range report.Issues {
		codes = append(codes, report.Issues[i].Code)
	}
	if want := []rf2.Code{snomed.CodeShape, snomed.CodeShape}; !slices.Equal(codes, want) || report.Errors != 2 {
		t.Errorf("%d errors, %v", report.Errors, codes)
	}
	if h := must(st.History(at(t, st, a))); len(h) != 1 || h[0].To.String() != b {
		t.Errorf("history %+v", h)
	}
	if h := must(st.History(at(t, st, b))); len(h) != 1 || h[0].To != 0 {
		t.Errorf("history of a row without a target: %+v", h)
	}
	if ds := must(st.Descriptions(at(t, st, a))); len(ds) != 1 || !reflect.DeepEqual(ds[0].Acceptability, []snomed.Acceptability{{Refset: 900000000000508004, Preferred: true}}) {
		t.Errorf("%+v", ds)
	}
}

// TestManyColumns: a reference set has as many columns as its file name has
// letters.
func TestManyColumns(t *testing.T) {
	const n = 2000
	f := newFixture("x")
	header, fields := memberHeader, []string{f.uuid(), "20260101", "1", fixtureModule, numbered(1), "138875005"}
	for i := range n {
		header += fmt.Sprint(" column", i)
		fields = append(fields, fmt.Sprint(i))
	}
	f.row("der2_"+strings.Repeat("i", n)+"Refset_Wide*_INT_20260101.txt", header, fields...)
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	all := must(must(st.Refset(must(sctid.Parse(numbered(1))))).Of(138875005))
	if len(all) != 1 || len(all[0].Fields) != n || all[0].Fields[n-1].Int != n-1 {
		t.Errorf("%d members", len(all))
	}
}

// TestTooMany crosses the limits on how many different values some columns may
// have.
func TestTooMany(t *testing.T) {
	for what, fill := range map[string]func(*fixture){
		"modules of members": func(f *fixture) {
			for i := range 1 << 16 {
				f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, f.uuid(), "20260101", "1", numbered(i), "447562003", "138875005")
			}
		},
		"effective times of members": func(f *fixture) {
			d := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
			for range 1<<15 + 1 {
				f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, f.uuid(), d.Format("20060102"), "1", fixtureModule, "447562003", "138875005")
				d = d.AddDate(0, 0, 1)
			}
		},
		"65535 different effective times": func(f *fixture) {
			d := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
			for range 1 << 16 {
				f.description(f.id(sctid.Description), d.Format("20060102"), "1", "138875005", "900000000000013009", "term")
				d = d.AddDate(0, 0, 1)
			}
		},
		"types, statuses": func(f *fixture) {
			for i := range 1 << 16 {
				f.relationship(f.id(sctid.Relationship), "20260101", "1", fixtureModule, "138875005", "1", numbered(i))
			}
		},
	} {
		f := newFixture("release")
		fill(f)
		_, err := snomed.Build(context.Background(), []*rf2.Release{f.open(t)}, filepath.Join(t.TempDir(), "store"), snomed.BuildOptions{})
		var is *snomed.Issue
		if !errors.As(err, &is) || is.Code != rf2.CodeLimit || is.Path != "release" || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestManyDialects: of more language reference sets than there is room for,
// those in the order of preference are kept.
func TestManyDialects(t *testing.T) {
	f := newFixture("x")
	c := f.newConcept()
	first, second := f.term(c, "First"), f.term(c, "Second")
	for i := range 40 {
		f.language(numbered(i), first, preferred)
	}
	f.language(british, second, preferred)
	st, report := store(t, snomed.BuildOptions{}, f.open(t))
	if len(report.Issues) != 1 || report.Issues[0].Code != snomed.CodeDialects {
		t.Errorf("%v", report.Issues)
	}
	if got := must(st.PreferredTerm(at(t, st, c))); got != "Second" {
		t.Errorf("preferred term %q", got)
	}
	if d := must(st.Description(must(sctid.Parse(first)))); len(d.Acceptability) != 31 || len(st.Info().Dialects) != 32 {
		t.Errorf("acceptable in %d of %d", len(d.Acceptability), len(st.Info().Dialects))
	}
	if m := must(st.Members(must(sctid.Parse(first)))); len(m) != 40 {
		t.Errorf("%d members", len(m))
	}
}

// TestErrorsCounted: errors above the limit on issues are counted, and stop a
// strict build.
func TestErrorsCounted(t *testing.T) {
	f := newFixture("x")
	for range 50 {
		f.concept(f.id(sctid.Concept), "20260101", "maybe")
	}
	if _, report := store(t, snomed.BuildOptions{Limits: rf2.Limits{Issues: 10}}, f.open(t)); report.Errors != 50 || report.Suppressed != 40 || len(report.Issues) != 10 {
		t.Errorf("%d errors, %d issues and %d more", report.Errors, len(report.Issues), report.Suppressed)
	}

	f = newFixture("x")
	const file = "sct2_Concept_*_INT_20260101.txt"
	f.files[file][0] = "\ufeff" + f.files[file][0] // a warning, which fills the list
	f.concept("138875005", "20260101", "1")
	f.concept(fixtureModule, "20260101", "1") // a second error
	_, err := snomed.Build(context.Background(), []*rf2.Release{f.open(t)}, filepath.Join(t.TempDir(), "s"), snomed.BuildOptions{Strict: true, Limits: rf2.Limits{Issues: 1}})
	var is *snomed.Issue
	if !errors.As(err, &is) || is.Code != snomed.CodeDuplicate || is.Line != 5 {
		t.Errorf("strict: %v", err)
	}
}

// TestDiamonds: a hierarchy in which there are 2^60 ways up.
func TestDiamonds(t *testing.T) {
	f := newFixture("x")
	const historical, own = "900000000000522004", "900000000000531004"
	f.concept(historical, "20260101", "1")
	f.isA(historical, "138875005")
	p, q := f.newConcept(), f.newConcept()
	for range 60 {
		x, y := f.id(sctid.Concept), f.id(sctid.Concept)
		for _, c := range []string{x, y} {
			f.concept(c, "20260101", "1")
			f.isA(c, p)
			f.isA(c, q)
		}
		p, q = x, y
	}
	f.concept(own, "20260101", "1")
	f.isA(own, p)
	f.isA(own, historical)
	f.association(own, p, q, "1")
	f.association(p, p, q, "1") // of a reference set that is no historical one
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	if h := must(st.History(at(t, st, p))); len(h) != 1 || h[0].Meaning != snomed.OtherAssociation || h[0].Refset.String() != own {
		t.Errorf("%+v", h)
	}
	if n := len(must(st.Paths(at(t, st, p), 1000))); n != 1000 {
		t.Errorf("%d paths", n)
	}
	if n := len(must(st.Ancestors(at(t, st, p)))); n != 121 {
		t.Errorf("%d ancestors", n)
	}
	if got := must(st.LeastCommonAncestors(at(t, st, p), at(t, st, q))); len(got) != 2 {
		t.Errorf("least common ancestors %v", got)
	}
}

// TestModuleVersions: what a module requires is what the latest versions of the
// rows say, once, in however many packages they are.
func TestModuleVersions(t *testing.T) {
	f := newFixture("x")
	f.kind = "Full"
	const header = memberHeader + " sourceEffectiveTime targetEffectiveTime"
	row := func(id, time, active, target string) {
		f.row("der2_ssRefset_ModuleDependency*_INT_20260101.txt", header, id, time, active, fixtureModule, "900000000000534007", target, "20260101", "20251201")
	}
	gone, kept := f.uuid(), f.uuid()
	row(gone, "20250101", "1", "138875005")
	row(gone, "20260101", "0", "138875005")
	row(kept, "20260101", "1", "116680003")
	// What an earlier version of the module required.
	f.row("der2_ssRefset_ModuleDependency*_INT_20260101.txt", header, f.uuid(), "20250101", "1", fixtureModule, "900000000000534007", "138875005", "20250101", "20241201")
	st, _ := store(t, snomed.BuildOptions{Release: "Full"}, f.open(t), f.open(t))
	want := []snomed.ModuleVersion{{Module: 900000000000207008, Time: 20260101, Requires: []rf2.Dependency{
		{Source: 900000000000207008, Target: 116680003, SourceTime: 20260101, TargetTime: 20251201}}}}
	if got := st.Info().Modules; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestModuleVersionsInTwoFiles: of two equally late versions of a row that of
// the second file counts, whichever was read first.
func TestModuleVersionsInTwoFiles(t *testing.T) {
	f := newFixture("x")
	const header = memberHeader + " sourceEffectiveTime targetEffectiveTime"
	twice := f.uuid()
	row := func(file, id, refset, target string) {
		f.row("der2_ssRefset_"+file+"*_INT_20260101.txt", header, id, "20260101", "1", fixtureModule, refset, target, "20260101", "20251201")
	}
	for range 5000 { // so that the row behind them comes late
		row("First", f.uuid(), numbered(1), "138875005")
	}
	row("First", twice, "900000000000534007", "138875005")
	row("Second", twice, "900000000000534007", "116680003")
	st, _ := store(t, snomed.BuildOptions{Workers: 2}, f.open(t))
	if got := st.Info().Modules; len(got) != 1 || len(got[0].Requires) != 1 || got[0].Requires[0].Target != 116680003 {
		t.Errorf("got %+v", got)
	}
}

// TestAlternateIdentifiers: the latest version of each, by scheme and text.
func TestAlternateIdentifiers(t *testing.T) {
	f := newFixture("x")
	f.kind = "Full"
	c := f.newConcept()
	row := func(text, time, active, scheme string) {
		f.row("sct2_Identifier_*_INT_20260101.txt", "alternateIdentifier effectiveTime active moduleId identifierSchemeId referencedComponentId", text, time, active, fixtureModule, scheme, c)
	}
	row("54321-1", "20250101", "1", numbered(1))
	row("54321-1", "20260101", "0", numbered(1))
	row("54321-1", "20240101", "1", numbered(1))
	row("54321-1", "20250601", "1", numbered(2))
	row("ünï", "20250601", "1", numbered(1))
	st, _ := store(t, snomed.BuildOptions{Release: "Full"}, f.open(t))
	for _, want := range []snomed.AlternateIdentifier{
		{Scheme: must(sctid.Parse(numbered(1))), Text: "54321-1", Time: 20260101},
		{Scheme: must(sctid.Parse(numbered(2))), Text: "54321-1", Time: 20250601, Active: true},
		{Scheme: must(sctid.Parse(numbered(1))), Text: "ünï", Time: 20250601, Active: true},
	} {
		want.Component, want.Module = must(sctid.Parse(c)), 900000000000207008
		if got, err := st.Alternate(want.Scheme, want.Text); got != want || err != nil {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	for _, text := range []string{"", "54321-2", "5", "\xff"} {
		if got, err := st.Alternate(must(sctid.Parse(numbered(1))), text); err != snomed.ErrNotFound {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// TestRowIDs: identifiers of relationships and members are kept where asked for.
func TestRowIDs(t *testing.T) {
	f := newFixture("x")
	c := f.newConcept()
	link := f.id(sctid.Relationship)
	f.relationship(link, "20260101", "1", c, "138875005", "3", "116680003")
	f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, "0123ABCD-4567-89ab-cdef-00112233fedc", "20260101", "1", fixtureModule, "447562003", c)
	for _, keep := range []bool{false, true} {
		st, _ := store(t, snomed.BuildOptions{KeepRowIDs: keep}, f.open(t))
		rows := must(st.Relationships(at(t, st, c)))
		uuid := fmt.Sprintf("%x", must(must(st.Refset(447562003)).Row(0)).UUID)
		wantLink, wantUUID := "0", strings.Repeat("0", 32)
		if keep {
			wantLink, wantUUID = link, "0123abcd456789abcdef00112233fedc"
		}
		if got := rows[len(rows)-1].ID.String(); got != wantLink || uuid != wantUUID {
			t.Errorf("keep %v: %s and %s, want %s and %s", keep, got, uuid, wantLink, wantUUID)
		}
	}
}
