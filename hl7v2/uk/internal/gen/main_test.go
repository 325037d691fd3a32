package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestReproducible writes the code lists anew and compares them with those
// that are embedded.
func TestReproducible(t *testing.T) {
	dir := os.Getenv("NHSKIT_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "shared", "corpora")
	}
	dir = filepath.Join(dir, "fhir", "ukcore", "codesystems")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the code systems of UK Core are not there; set NHSKIT_CORPORA")
	}
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
