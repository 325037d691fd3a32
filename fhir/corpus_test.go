package fhir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// corpora returns the folder of FHIR corpora, or skips the test.
func corpora(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("NHSKIT_CORPORA")
	if dir == "" {
		root, err := os.Getwd()
		for err == nil {
			if _, e := os.Stat(filepath.Join(root, "go.mod")); e == nil {
				break
			}
			if root == filepath.Dir(root) {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "corpora")
	}
	dir = filepath.Join(dir, "fhir")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the corpora are not here; set NHSKIT_CORPORA")
	}
	return dir
}

// firstDifference shows where two texts part.
func firstDifference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	from := max(i-40, 0)
	return fmt.Sprintf("got  ...%s\nwant ...%s", got[from:min(i+60, len(got))], want[from:min(i+60, len(want))])
}

func TestExamplesStrict(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpora(t), "examples-r4", "*.json"))
	if len(files) != 488 {
		t.Fatalf("%d files", len(files))
	}
	p := NewParser(Strict())
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := p.Parse(data)
		if filepath.Base(f) == "Questionnaire-qs1.json" {
			// Its items of type display have no linkId, which is 1..1.
			if err == nil || len(err.(*ParseError).Issues) != 32 || err.(*ParseError).Issues[0].Code != CodeMissing {
				t.Errorf("%s: %v", filepath.Base(f), err)
			}
			continue
		}
		if err != nil {
			for _, i := range err.(*ParseError).Issues {
				t.Errorf("%s: %v", filepath.Base(f), i)
			}
			continue
		}
		var want bytes.Buffer
		if err := json.Compact(&want, data); err != nil {
			t.Fatal(err)
		}
		if got := tree.AppendJSON(nil, Compact); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: %s", filepath.Base(f), firstDifference(string(got), want.String()))
		}
		tree.Release()
	}
}
