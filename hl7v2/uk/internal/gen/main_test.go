package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
)

// TestReproducible writes the code lists anew and compares them with those
// that are embedded.
func TestReproducible(t *testing.T) {
	dir := corpus.Path(t, "fhir", "ukcore", "codesystems")
	got, err := generate(dir, filepath.Join("..", "..", "fields.csv"), filepath.Join("..", "..", "extra.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "codes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("codes.txt is not what the generator writes: run go generate")
	}
}
