package snomedtest_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/nhskit/nhskit/snomed/snomedtest"
)

func ExampleGenerate() {
	dir, err := os.MkdirTemp("", "snomedtest")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := snomedtest.Generate(dir, snomedtest.Options{Scale: 0.001, Seed: 1}); err != nil {
		log.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "Snapshot", "Terminology", "sct2_Concept_*.txt"))
	fmt.Println(len(files), filepath.Base(files[0]), err)
	// Output: 1 sct2_Concept_MONOSnapshot_GB_20260826.txt <nil>
}

func ExampleTraps() {
	traps, err := snomedtest.Traps(snomedtest.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, trap := range traps[:3] {
		fmt.Println(trap.Name, trap.Concept.Kind())
	}
	// Output:
	// inactive-member concept
	// inactive-is-a concept
	// group-0-and-n concept
}

func ExampleExpect() {
	want, err := snomedtest.Expect(snomedtest.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	root := want.Hierarchy[0]
	fmt.Println(root.ID, "has", root.Ancestors, "ancestors and", root.Descendants, "descendants;", len(want.ECL), "expressions")
	// Output: 138875005 has 0 ancestors and 944 descendants; 500 expressions
}

func ExampleInvalid() {
	for _, p := range snomedtest.Invalid() {
		if p.Name == "short-row" {
			fmt.Println(filepath.Base(p.File), "line", p.Line)
		}
	}
	// Output: sct2_Description_Snapshot-en_INT_20260101.txt line 3
}
