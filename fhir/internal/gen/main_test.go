package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// TestFacts compares the embedded table with what the generator makes of the
// official package.
func TestFacts(t *testing.T) {
	core := corpus.Path(t, "fhir", "packages", "hl7.fhir.r4.core-4.0.1.tgz")
	out := filepath.Join(t.TempDir(), "r4.facts")
	if err := run(core, out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "r4.facts"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("r4.facts, %d bytes, is not what the generator makes, %d bytes", len(want), len(got))
	}
	if len(want) > 1<<20 {
		t.Errorf("%d bytes, more than 1 MB", len(want))
	}
}
