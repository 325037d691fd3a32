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
