package fhir

import (
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
		tree.Release()
	}
}
