package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/nhskit/nhskit/fhir"
)

// TestGenerated compares the files of package r4 with what the generator makes
// of the embedded definitions.
func TestGenerated(t *testing.T) {
	files, err := generate(fhir.R4())
	if err != nil {
		t.Fatal(err)
	}
	have, err := filepath.Glob("../../*_gen.go")
	if err != nil || len(have) != len(files) {
		t.Errorf("%d files, want %d: %v", len(have), len(files), err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes: %v", name, err)
		}
	}
}
