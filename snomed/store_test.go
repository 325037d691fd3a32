package snomed_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// TestTraps looks at each situation that the generator plants.
func TestTraps(t *testing.T) {
	gen := snomedtest.Options{Seed: 51, Scale: 0.002}
	st := build(t, snomed.BuildOptions{}, generate(t, gen))
	traps, err := snomedtest.Traps(gen)
	if err != nil {
		t.Fatal(err)
	}
	for _, trap := range traps {
		t.Run(trap.Name, func(t *testing.T) {
			o, err := st.Ordinal(trap.Concept)
			if err != nil {
				t.Fatal(err)
			}
			c := must(st.ConceptAt(o))
			groups := must(st.Properties(o))
			with := func(kind sctid.ID) (n []int) {
				for _, g := range groups {
					for _, a := range g.Attributes {
						if a.Type == kind {
							n = append(n, g.Number)
						}
					}
				}
				return n
			}
			switch trap.Name {
			case "inactive-member":
				r := must(st.Refset(991411000000109))
				if set := must(r.Concepts()); c.Active || !set.Has(o) || !slices.Contains(must(st.Memberships(o)), 991411000000109) {
					t.Error("the inactive concept is no member")
				}
			case "inactive-is-a":
				if len(must(st.Parents(o))) != 0 || len(must(st.Relationships(o))) == 0 {
					t.Error("an inactive is-a relationship counts, or is lost")
				}
			case "group-0-and-n":
				if n := with(363698007); !slices.Contains(n, 0) || !slices.Contains(n, 21) {
					t.Errorf("groups %v", n)
				}
			case "across-groups":
				sites, shapes := with(363698007), with(116676008)
				for _, g := range []int{21, 22} {
					if !slices.Contains(sites, g) || !slices.Contains(shapes, g) {
						t.Errorf("sites %v, shapes %v", sites, shapes)
					}
				}
			case "two-values":
				var values []string
				for _, r := range must(st.Relationships(o)) {
					if r.Concrete && r.Type == 1142135004 && (r.Group == 11 || r.Group == 12) {
						values = append(values, r.Value.String())
					}
				}
				if !slices.Equal(values, []string{"#10", "#20"}) {
					t.Errorf("values %v", values)
				}
			case "missing-target":
				found := false
				for _, a := range must(st.History(o)) {
					_, err := st.Ordinal(a.To)
					found = found || err == snomed.ErrNotFound && a.Active
				}
				if !found {
					t.Error("the association is lost")
				}
			case "failing-first-rule":
				for _, r := range must(st.MapTargets(999002271000000101, trap.Concept, snomed.MapContext{AgeAtOnset: snomed.AgeInDays(0)})) {
					if r.Group == 7 && r.Target != "Q99.2" {
						t.Errorf("target %s", r.Target)
					}
				}
			case "no-target":
				n := 0
				for _, r := range must(st.MapTargets(999002271000000101, trap.Concept, snomed.MapContext{})) {
					if r.Group == 8 && r.Target == "" {
						n++
					}
				}
				if n != 1 {
					t.Errorf("%d rows without a target", n)
				}
			case "unknown-shape":
				r := must(st.Refset(trap.Concept))
				if fmt.Sprint(r.Columns()) != "[{firstId 99} {secondId 99} {weight 105} {label 115} {note 115}]" || r.Len() != 25 {
					t.Errorf("%d members of %v", r.Len(), r.Columns())
				}
				for m, err := range r.All() {
					if err != nil || m.Fields[4].Text != `with "quotes", 'marks' and µ` || m.Fields[2].Int > 300 || m.Fields[0].ID == 0 {
						t.Fatalf("%+v, %v", m, err)
					}
				}
			case "two-dialects":
				us, gb := must(st.PreferredTerm(o, 900000000000509007)), must(st.PreferredTerm(o, 900000000000508004))
				if us == gb {
					t.Errorf("both prefer %q", us)
				}
				for _, d := range must(st.Descriptions(o)) {
					preferred := map[sctid.ID]bool{}
					for _, a := range d.Acceptability {
						preferred[a.Refset] = a.Preferred
					}
					if p, ok := preferred[900000000000508004]; d.Term == us && d.Type == snomed.Synonym && (!ok || p) {
						t.Errorf("%q is not acceptable in British English", us)
					}
				}
			case "moved-from":
				found := false
				for _, a := range must(st.Predecessors(o)) {
					found = found || a.Meaning == snomed.MovedFrom && a.To == trap.Concept
				}
				if !found {
					t.Error("the association is lost")
				}
			case "description-member":
				r := must(st.Refset(trap.Concept))
				if m := must(r.Row(0)); m.Component.Kind() != sctid.Description || must(r.Concepts()).Len() != 0 {
					t.Errorf("%+v", m)
				}
			default:
				t.Fatal("the test does not know this trap")
			}
		})
	}
}

// TestExpected compares a store with the answers that the generator computes
// from its own model.
func TestExpected(t *testing.T) {
	gen := snomedtest.Options{Seed: 52}
	st := build(t, snomed.BuildOptions{}, generate(t, gen))
	want, err := snomedtest.Expect(gen)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range want.Hierarchy {
		o := must(st.Ordinal(c.ID))
		var parents []sctid.ID
		for _, p := range must(st.Parents(o)) {
			parents = append(parents, must(st.ID(p)))
		}
		slices.Sort(parents)
		if !slices.Equal(parents, c.Parents) || len(must(st.Children(o))) != c.Children || len(must(st.Ancestors(o))) != c.Ancestors || must(st.DescendantCount(o)) != c.Descendants {
			t.Errorf("%d: want %+v", c.ID, c)
		}
	}
	for _, a := range want.History {
		found := false
		for _, m := range must(st.Members(a.Source)) {
			found = found || m.Refset == a.Refset && m.Active && m.Fields[0].ID == a.Target
		}
		if !found {
			t.Errorf("no association %+v", a)
		}
	}
	for _, m := range want.Maps {
		rows := must(st.MapRows(m.Refset, m.ID))
		if !slices.ContainsFunc(rows, func(r snomed.MapRow) bool { return r.Target == m.Target && r.Active }) {
			t.Errorf("no map row %+v", m)
		}
		if m.Target == "" {
			continue
		}
		if set := must(st.ReverseMap(m.Refset, m.Target)); !set.Has(must(st.Ordinal(m.ID))) {
			t.Errorf("%+v is not found by its target", m)
		}
	}
	if len(want.Hierarchy) < 200 || len(want.History) < 20 || len(want.Maps) < 20 || len(want.ECL) != 500 {
		t.Errorf("only %d, %d, %d and %d answers", len(want.Hierarchy), len(want.History), len(want.Maps), len(want.ECL))
	}
}

// TestSets compares the set operations with maps.
func TestSets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string) (snomed.Set, map[snomed.Ordinal]bool) {
			os := rapid.SliceOfN(rapid.Uint32Range(0, 60), 0, 50).Draw(rt, name)
			m := map[snomed.Ordinal]bool{}
			var list []snomed.Ordinal
			for _, o := range os {
				m[snomed.Ordinal(o)] = true
				list = append(list, snomed.Ordinal(o))
			}
			return snomed.SetOf(list), m
		}
		a, am := draw("a")
		b, bm := draw("b")
		for name, x := range map[string]struct {
			set  snomed.Set
			want func(o snomed.Ordinal) bool
		}{
			"a":     {a, func(o snomed.Ordinal) bool { return am[o] }},
			"and":   {a.And(b), func(o snomed.Ordinal) bool { return am[o] && bm[o] }},
			"or":    {a.Or(b), func(o snomed.Ordinal) bool { return am[o] || bm[o] }},
			"minus": {a.Minus(b), func(o snomed.Ordinal) bool { return am[o] && !bm[o] }},
		} {
			n := 0
			var want []snomed.Ordinal
			for o := range snomed.Ordinal(64) {
				if x.want(o) {
					n++
					want = append(want, o)
				}
				if x.set.Has(o) != x.want(o) {
					rt.Fatalf("%s: Has(%d) = %v", name, o, x.set.Has(o))
				}
			}
			if got := slices.Collect(x.set.All()); x.set.Len() != n || !slices.Equal(got, want) {
				rt.Fatalf("%s: %v, want %v", name, got, want)
			}
		}
	})
}

// TestValues compares the order of numbers with that of exact fractions.
func TestValues(t *testing.T) {
	number := rapid.StringMatching(`[-+]?0{0,2}[0-9]{1,20}(\.[0-9]{1,20})?`)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := snomed.ParseValue("#"+number.Draw(rt, "a")), snomed.ParseValue("#"+number.Draw(rt, "b"))
		if a.Kind != snomed.ValueNumber || b.Kind != snomed.ValueNumber {
			rt.Fatal("no number")
		}
		if got, want := a.Compare(b), a.Rat().Cmp(b.Rat()); got != want {
			rt.Fatalf("Compare(%s, %s) = %d, want %d", a, b, got, want)
		}
	})
	for _, c := range []struct {
		in   string
		kind snomed.ValueKind
	}{{"#0.50", snomed.ValueNumber}, {"#-1", snomed.ValueNumber}, {"true", snomed.ValueBoolean}, {`"a"`, snomed.ValueString}, {"#1e5", snomed.ValueString}, {"#", snomed.ValueString}, {"#.5", snomed.ValueString}} {
		if v := snomed.ParseValue(c.in); v.Kind != c.kind || c.kind != snomed.ValueString && v.String() != c.in {
			t.Errorf("ParseValue(%q) = %+v, printed %s", c.in, v, v)
		}
	}
	if snomed.ParseValue("#0.5").Compare(snomed.ParseValue("#0.50")) != 0 {
		t.Error("0.5 is not 0.50")
	}
}

// TestHotPathsDoNotAllocate.
func TestHotPathsDoNotAllocate(t *testing.T) {
	st := exampleStore()
	o := must(st.Ordinal(404684003))
	buf := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		st.Subsumes(404684003, 73211009)
		st.SubsumesOrdinal(o, o+5)
		st.Concept(73211009)
		st.DescendantCount(o)
		st.AppendPreferredTerm(buf[:0], o)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestManyReaders: a store answers many goroutines alike, mapped or read.
func TestManyReaders(t *testing.T) {
	dir := t.TempDir()
	r, err := rf2.Open(generate(t, snomedtest.Options{Seed: 53}))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "store")
	if _, err := snomed.Build(context.Background(), []*rf2.Release{r}, file, snomed.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mapped := must(snomed.Open(file))
	defer mapped.Close()
	read := must(snomed.OpenReaderAt(bytes.NewReader(data), int64(len(data))))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 1))
			for range 100 {
				o := snomed.Ordinal(rnd.IntN(mapped.Info().Concepts))
				a, b := fmt.Sprint(must(mapped.Descriptions(o)), must(mapped.Members(must(mapped.ID(o))))), fmt.Sprint(must(read.Descriptions(o)), must(read.Members(must(read.ID(o)))))
				if a != b {
					t.Errorf("%d differs", o)
				}
			}
		})
	}
	wg.Wait()
}

// TestRefsetAll: members come one after the other as they do one by one.
func TestRefsetAll(t *testing.T) {
	st := exampleStore()
	for _, r := range must(st.Refsets()) {
		i := 0
		for m, err := range r.All() {
			if err != nil {
				t.Fatal(err)
			}
			if one := must(r.Row(i)); fmt.Sprint(one) != fmt.Sprint(m) {
				t.Fatalf("row %d of %v: %v, want %v", i, r.ID(), m, one)
			}
			i++
		}
		if i != r.Len() {
			t.Errorf("%v: %d members, want %d", r.ID(), i, r.Len())
		}
	}
}

// TestSeveralStores: four stores open at once, and the differences between
// two dates of one history.
func TestSeveralStores(t *testing.T) {
	full := generate(t, snomedtest.Options{Seed: 54, Release: snomedtest.Full, Releases: 8})
	var stores []*snomed.Store
	dates := []uint32{20260501, 20260601, 20260715, 0}
	if testing.Short() {
		dates = dates[2:]
	}
	for _, asOf := range dates {
		stores = append(stores, build(t, snomed.BuildOptions{Release: "Full", AsOf: asOf}, full))
	}
	for i, st := range stores {
		for j, other := range stores {
			n := map[snomed.ChangeKind]int{}
			for c, err := range snomed.Diff(st, other) {
				if err != nil {
					t.Fatal(err)
				}
				n[c.Kind]++
				_, err1 := st.Ordinal(c.Concept)
				_, err2 := other.Ordinal(c.Concept)
				if (c.Kind == snomed.ConceptAdded) != (err1 != nil) || (c.Kind == snomed.ConceptRemoved) != (err2 != nil) {
					t.Errorf("%v %v", c.Kind, c.Concept)
				}
			}
			switch {
			case i == j && len(n) > 0:
				t.Errorf("a store differs from itself: %v", n)
			case i < j && (n[snomed.ConceptRemoved] > 0 || n[snomed.DescriptionsChanged] == 0):
				t.Errorf("from %d to %d: %v", i, j, n)
			case i > j && n[snomed.ConceptAdded] > 0:
				t.Errorf("from %d to %d: %v", i, j, n)
			}
		}
	}
}

// TestFrequency: what is used more comes first, by a frequency given when
// building or when searching.
func TestFrequency(t *testing.T) {
	dir := generate(t, snomedtest.Options{Seed: 55})
	plain := build(t, snomed.BuildOptions{}, dir)
	query := snomed.Query{Text: "condition", Limit: 100}
	hits := must(plain.Search(context.Background(), query))
	if len(hits) < 3 {
		t.Fatalf("%d hits", len(hits))
	}
	last := hits[len(hits)-1].Concept
	query.Frequency = func(o snomed.Ordinal) float64 {
		if must(plain.ID(o)) == last {
			return 1e9
		}
		return 0
	}
	if got := must(plain.Search(context.Background(), query)); got[0].Concept != last || len(got) != len(hits) {
		t.Errorf("asked with a frequency: %v first", got[0].Concept)
	}
	boosted := build(t, snomed.BuildOptions{Frequency: func(id sctid.ID) float64 {
		if id == last {
			return 1e9
		}
		return 0
	}}, dir)
	query.Frequency = nil
	if got := must(boosted.Search(context.Background(), query)); got[0].Concept != last {
		t.Errorf("built with a frequency: %v first", got[0].Concept)
	}
}

func TestSearchEdges(t *testing.T) {
	st := exampleStore()
	for _, text := range []string{"", " ", "()", "'", "zzzzzzzz", strings.Repeat("x", 10000), strings.Repeat("a ", 1000), "\xff\xfe", "𝒳"} {
		for _, fuzzy := range []bool{false, true} {
			if _, err := st.Search(context.Background(), snomed.Query{Text: text, Fuzzy: fuzzy}); err != nil {
				t.Errorf("%.20q: %v", text, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := st.Search(ctx, snomed.Query{Text: "a", Limit: 1e6}); err != nil && err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// TestLongTerms: terms of 64 kB and of one character.
func TestLongTerms(t *testing.T) {
	p := snomedtest.Invalid()[1] // its rows are good
	long := "Begin " + strings.Repeat("µg–é ", 12<<10) + "end"
	for name, f := range p.FS {
		if strings.Contains(name, "Description") {
			f.Data = bytes.Replace(f.Data, []byte("Invented finding"), []byte(long), 1)
		}
	}
	r, err := rf2.OpenFS(p.FS, "x")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "store")
	if _, err := snomed.Build(context.Background(), []*rf2.Release{r}, file, snomed.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	st := must(snomed.Open(file))
	defer st.Close()
	if got := must(st.PreferredTerm(must(st.Ordinal(404684003)))); got != long {
		t.Errorf("a term of %d bytes came back with %d", len(long), len(got))
	}
	if hits := must(st.Search(context.Background(), snomed.Query{Text: "ug begin END"})); len(hits) != 1 {
		t.Errorf("%d hits", len(hits))
	}
}

func FuzzParseMapRule(f *testing.F) {
	for _, s := range []string{"TRUE", "OTHERWISE TRUE", "IFA 90979004 | a |", "IFA 445518008 | b | >= 12.0 years AND IFA 248152002 | c |", "IFA", "IFA 90979005", "", "IFA 445518008 | b | < 1 day "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := snomed.ParseMapRule(s)
		if e, ok := err.(*snomed.RuleError); err != nil && (!ok || e.Offset < 0 || e.Offset > len(s)) {
			t.Fatalf("%v", err)
		}
		if err == nil {
			r.Holds(snomed.MapContext{AgeAtOnset: snomed.AgeInDays(5)}, nil)
		}
	})
}

func FuzzSearch(f *testing.F) {
	f.Add("hea att", true)
	f.Add("µg 5 'x'", false)
	f.Fuzz(func(t *testing.T, text string, fuzzy bool) {
		hits, err := exampleStore().Search(context.Background(), snomed.Query{Text: text, Fuzzy: fuzzy})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			for _, s := range h.Highlights {
				if s.From < 0 || s.From >= s.To || s.To > len(h.Term) {
					t.Fatalf("%+v", h)
				}
			}
		}
	})
}

// TestDescriptors: what the columns of a reference set mean is found where
// Columns says that it is.
func TestDescriptors(t *testing.T) {
	gen := snomedtest.Options{Seed: 54}
	st := build(t, snomed.BuildOptions{}, generate(t, gen))
	for _, trap := range must(snomedtest.Traps(gen)) {
		if trap.Name != "unknown-shape" {
			continue
		}
		var types []string
		for _, m := range must(must(st.Refset(900000000000456007)).Of(trap.Concept)) {
			types = append(types, fmt.Sprint(m.Fields[2].Int, " ", m.Fields[1].ID))
		}
		slices.Sort(types)
		const concept, integer, text = "900000000000461009", "900000000000476001", "900000000000465000"
		if want := []string{"0 " + concept, "1 " + concept, "2 " + concept, "3 " + integer, "4 " + text, "5 " + text}; !slices.Equal(types, want) {
			t.Errorf("got %q, want %q", types, want)
		}
		return
	}
	t.Error("no reference set of an unknown shape")
}
