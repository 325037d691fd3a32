package hl7v2test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nhskit/nhskit/hl7v2"
)

// Golden compares a message with the one in a file, and writes the file
// instead when the test runs with the flag -update, which the test declares:
//
//	var update = flag.Bool("update", false, "rewrite golden files")
//
// The options are those of Messages; without any, the bytes are compared.
func Golden(t testing.TB, got []byte, file string, options ...cmp.Option) {
	t.Helper()
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update to write it", err)
	}
	if len(options) == 0 {
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs:\n%s", file, cmp.Diff(string(want), string(got)))
		}
		return
	}
	wantMessage, err := hl7v2.Parse(want)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	gotMessage, err := hl7v2.Parse(got)
	if err != nil {
		t.Fatalf("the message: %v", err)
	}
	if diff := cmp.Diff(wantMessage, gotMessage, options...); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}
