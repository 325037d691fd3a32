package checks

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unfinished matches the markers of work that is not done. The pattern is
// written so that it does not match itself.
var unfinished = regexp.MustCompile(`\b(TO[D]O|FIX[M]E|HAC[K])\b|\bXX[X]:|not (yet )?[i]mplemented`)

// TestNoUnfinishedMarkers reads every tracked text file save test data.
func TestNoUnfinishedMarkers(t *testing.T) {
	for _, name := range tracked(t) {
		if strings.Contains(name, "testdata/") || name == "LICENSE" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || bytes.IndexByte(data, 0) >= 0 {
			continue
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			if m := unfinished.Find(line); m != nil {
				t.Errorf("%s:%d: %s", name, i+1, m)
			}
		}
	}
}

// TestFileLength keeps hand-written Go files short enough to read in one
// sitting.
func TestFileLength(t *testing.T) {
	const most = 900
	for _, name := range tracked(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_gen.go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue
		}
		if n := bytes.Count(data, []byte("\n")); n > most {
			t.Errorf("%s: %d lines, more than %d", name, n, most)
		}
	}
}
