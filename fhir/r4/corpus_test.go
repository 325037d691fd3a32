package r4

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// TestExamples takes every official example and NHS message through the typed
// structs and back.
func TestExamples(t *testing.T) {
	root := corpus.Path(t, "fhir")
	n := 0
	for _, folder := range []string{"examples-r4", "nhs-messages", "ukcore/examples", "ukcore/structuredefinitions", "ukcore/valuesets", "ukcore/codesystems"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".xml") || filepath.Base(name) == "cases.json" {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			tree, err := fhir.Parse(data, fhir.Strict())
			if err != nil {
				return nil // the broken ones are package fhir's to name
			}
			n++
			t.Run(filepath.Base(name), func(t *testing.T) { roundTrip(t, tree) })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 488+56+129+153 {
		t.Errorf("only %d files", n)
	}
}

// roundTrip compares a tree with what it becomes by way of a struct.
func roundTrip(t *testing.T, tree *fhir.Tree) {
	t.Helper()
	r, err := FromTree(tree.Root())
	if err != nil {
		t.Fatal(err)
	}
	back, err := ToTree(r)
	if err != nil {
		t.Fatal(err)
	}
	want, got := tree.AppendJSON(nil, fhir.Canonical), back.AppendJSON(nil, fhir.Canonical)
	if !bytes.Equal(got, want) {
		i := 0
		for i < len(got) && i < len(want) && got[i] == want[i] {
			i++
		}
		from := max(0, i-60)
		t.Errorf("got  …%s\nwant …%s", got[from:min(len(got), i+80)], want[from:min(len(want), i+80)])
	}
}

// TestPatientAllocations holds an official patient of 4 kB to its budget.
func TestPatientAllocations(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(corpus.Path(t, "fhir"), "examples-r4", "Patient-f201.json"))
	if err != nil {
		t.Fatal(err)
	}
	var p Patient
	if n := testing.AllocsPerRun(50, func() {
		if err := Unmarshal(data, &p); err != nil {
			t.Fatal(err)
		}
	}); n > 40 {
		t.Errorf("%v allocations", n)
	}
}
