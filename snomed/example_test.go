package snomed_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// exampleStore builds a store from a synthetic release.
var exampleStore = sync.OnceValue(func() *snomed.Store {
	dir, err := os.MkdirTemp("", "snomed")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir) // the file stays while it is mapped
	if err := snomedtest.Generate(filepath.Join(dir, "release.zip"), snomedtest.Options{Seed: 1}); err != nil {
		log.Fatal(err)
	}
	r, err := rf2.Open(filepath.Join(dir, "release.zip"))
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	file := filepath.Join(dir, "store")
	if _, err := snomed.Build(context.Background(), []*rf2.Release{r}, file, snomed.BuildOptions{}); err != nil {
		log.Fatal(err)
	}
	st, err := snomed.Open(file)
	if err != nil {
		log.Fatal(err)
	}
	return st
})

func ExampleBuild() {
	dir, err := os.MkdirTemp("", "snomed")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := snomedtest.Generate(filepath.Join(dir, "release"), snomedtest.Options{Seed: 1}); err != nil {
		log.Fatal(err)
	}
	r, err := rf2.Open(filepath.Join(dir, "release"))
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	report, err := snomed.Build(context.Background(), []*rf2.Release{r}, filepath.Join(dir, "uk.store"), snomed.BuildOptions{})
	if err != nil {
		log.Fatal(err)
	}
	st, err := snomed.Open(filepath.Join(dir, "uk.store"))
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	fmt.Println(st.Info().Active, "active concepts of", st.Info().Latest, "with", report.Errors, "errors")
	// Output: 945 active concepts of 20260826 with 0 errors
}

func ExampleStore_Subsumes() {
	st := exampleStore()
	yes, err := st.Subsumes(404684003, 73211009)
	fmt.Println(yes, err)
	_, err = st.Subsumes(404684003, 22298006)
	fmt.Println(err)
	// Output:
	// true <nil>
	// snomed: not in the store
}

func ExampleStore_Lookup() {
	st := exampleStore()
	var buf []byte
	c, term, err := st.Lookup(buf[:0], 73211009)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %s, active: %v\n", c.ID, term, c.Active)
	// Output: 73211009 Sweet condition, active: true
}

func ExampleStore_PreferredTerm() {
	st := exampleStore()
	o, err := st.Ordinal(73211009)
	if err != nil {
		log.Fatal(err)
	}
	term, _ := st.PreferredTerm(o)
	name, _ := st.FullySpecifiedName(o)
	fmt.Printf("%s, %s\n", term, name)
	// Output: Sweet condition, Sweet condition (disorder)
}

func ExampleStore_Descendants() {
	st := exampleStore()
	disease, _ := st.Ordinal(64572001)
	lung, _ := st.Ordinal(19829001)
	all, _ := st.DescendantsOrSelf(disease)
	some, _ := st.DescendantsOrSelf(lung)
	fmt.Println(all.Len(), some.Len(), all.Minus(some).Len(), all.Has(lung))
	// Output: 95 5 90 true
}

func ExampleStore_Search() {
	st := exampleStore()
	hits, err := st.Search(context.Background(), snomed.Query{Text: "cond swe"})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits[:1] {
		var b strings.Builder
		at := 0
		for _, s := range h.Highlights {
			b.WriteString(h.Term[at:s.From] + "[" + h.Term[s.From:s.To] + "]")
			at = s.To
		}
		fmt.Println(h.Concept, b.String()+h.Term[at:])
	}
	// Output: 73211009 [Swe]et [cond]ition
}

func ExampleSelectTargets() {
	rows := []snomed.MapRow{
		{Group: 1, Priority: 1, Rule: "IFA 445518008 | Age at onset | < 28.0 days", Target: "P22.0", Active: true},
		{Group: 1, Priority: 2, Rule: "OTHERWISE TRUE", Target: "J80.X", Active: true},
	}
	for _, age := range []float64{3, 9000} {
		selected, err := snomed.SelectTargets(rows, snomed.MapContext{AgeAtOnset: snomed.AgeInDays(age)}, nil)
		fmt.Println(age, selected[0].Target, err)
	}
	// Output:
	// 3 P22.0 <nil>
	// 9000 J80.X <nil>
}

func ExampleStore_History() {
	st := exampleStore()
	for o := range st.All().Minus(st.Active()).All() {
		history, err := st.History(o)
		if err != nil {
			log.Fatal(err)
		}
		for _, a := range history {
			if a.Active && a.Meaning == snomed.SameAs {
				now, _ := st.Ordinal(a.To)
				back, _ := st.Predecessors(now)
				fmt.Println("an inactive concept is the", a.Meaning, "an active one, which says so too:", slices.Contains(back, a))
				return
			}
		}
	}
	// Output: an inactive concept is the SAME AS an active one, which says so too: true
}

func ExampleStore_SubstitutionTable() {
	st := exampleStore()
	retired := 0
	for x, err := range st.SubstitutionTable() {
		if err != nil {
			log.Fatal(err)
		}
		if x.Meaning == snomed.SameAs && x.Steps == 1 {
			retired++
		}
	}
	fmt.Println(retired, "inactive concepts are the same as an active one")
	// Output: 98 inactive concepts are the same as an active one
}

func ExampleDiff() {
	dir, err := os.MkdirTemp("", "snomed")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := snomedtest.Generate(filepath.Join(dir, "release"), snomedtest.Options{Seed: 1, Release: snomedtest.Full}); err != nil {
		log.Fatal(err)
	}
	r, err := rf2.Open(filepath.Join(dir, "release"))
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	// The store of an earlier date, and that of now.
	var stores [2]*snomed.Store
	for i, date := range []uint32{20260801, 0} {
		file := filepath.Join(dir, fmt.Sprint(date))
		if _, err := snomed.Build(context.Background(), []*rf2.Release{r}, file, snomed.BuildOptions{Release: "Full", AsOf: date}); err != nil {
			log.Fatal(err)
		}
		if stores[i], err = snomed.Open(file); err != nil {
			log.Fatal(err)
		}
		defer stores[i].Close()
	}
	count := map[snomed.ChangeKind]int{}
	for c, err := range snomed.Diff(stores[0], stores[1]) {
		if err != nil {
			log.Fatal(err)
		}
		count[c.Kind]++
		if c.Concept == 116676008 && c.Kind == snomed.TermChanged {
			fmt.Printf("%d: %v from %q to %q\n", c.Concept, c.Kind, c.Old, c.New)
		}
	}
	fmt.Println(count[snomed.ConceptAdded], "added,", count[snomed.ConceptInactivated], "inactivated,", count[snomed.ParentsChanged], "with other parents")
	// Output:
	// 116676008: preferred term changed from "Associated morphology variant 20" to "Associated morphology"
	// 17 added, 2 inactivated, 38 with other parents
}
