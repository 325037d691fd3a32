package fhir

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

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
	files, _ := filepath.Glob(filepath.Join(corpus.Path(t, "fhir"), "examples-r4", "*.json"))
	if len(files) != 488 {
		t.Fatalf("%d files", len(files))
	}
	p := NewParser(Strict())
	passed := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := p.Parse(data)
		if !asExpected(t, filepath.Base(f), err) {
			continue
		}
		passed++
		roundTrip(t, f, data, p, tree)
		tree.Release()
	}
	corpus.Floor(t, "examples-r4", passed, len(files))
}

// asExpected reports whether a file was accepted. Files that are refused must
// be listed with the code of the finding, and only with that one.
func asExpected(t *testing.T, file string, err error) bool {
	t.Helper()
	code, listed := disputed(t)[file]
	if err == nil {
		if listed {
			t.Errorf("%s is listed in testdata/disputed.csv, and was accepted", file)
		}
		return true
	}
	for _, i := range err.(*ParseError).Issues {
		if !listed || i.Code != code {
			t.Errorf("%s: %s: %v", file, i.Code, i)
		}
	}
	return false
}

// disputed reads the files of the corpora that are published as valid and
// contradict the definitions: file, code, reason.
func disputed(t *testing.T) map[string]Code {
	t.Helper()
	f, err := os.Open("testdata/disputed.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[string]Code)
	for _, row := range rows[1:] {
		if len(row) != 3 || row[2] == "" {
			t.Fatalf("a row without a reason: %q", row)
		}
		list[row[0]] = Code(row[1])
	}
	return list
}

// throughXML checks that a tree is the same after a trip through XML.
func throughXML(t *testing.T, name string, p *Parser, tree *Tree) {
	t.Helper()
	for _, form := range []Form{Compact, Indented, Canonical} {
		doc, err := tree.AppendXML(nil, form)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			return
		}
		back, err := p.Parse(doc)
		if err != nil {
			t.Errorf("%s: %v\n%.2000s", filepath.Base(name), err, doc)
			return
		}
		got, want := back.AppendJSON(nil, Canonical), tree.AppendJSON(nil, Canonical)
		if !bytes.Equal(got, want) {
			t.Errorf("%s through XML: %s", filepath.Base(name), firstDifference(string(got), string(want)))
		}
		back.Release()
	}
}

func TestUKCoreXML(t *testing.T) {
	p := NewParser(Strict())
	count, passed := 0, 0
	err := filepath.WalkDir(filepath.Join(corpus.Path(t, "fhir"), "ukcore"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".xml" {
			return err
		}
		count++
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		tree, err := p.Parse(data)
		if !asExpected(t, filepath.Base(name), err) {
			return nil
		}
		passed++
		throughXML(t, name, p, tree)
		back, err := p.Parse(tree.AppendJSON(nil, Indented))
		if err != nil {
			t.Errorf("%s through JSON: %v", filepath.Base(name), err)
			return nil
		}
		got, _ := back.AppendXML(nil, Canonical)
		want, err := tree.AppendXML(nil, Canonical)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s through JSON: %v %s", filepath.Base(name), err, firstDifference(string(got), string(want)))
		}
		tree.Release()
		back.Release()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	corpus.Floor(t, "ukcore-xml", passed, count)
}

func TestNHSMessages(t *testing.T) {
	dir := filepath.Join(corpus.Path(t, "fhir"), "nhs-messages")
	data, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Cases []struct {
			File, Kind string
			Expected   struct {
				StructurallyValid bool
				Why               []string
				Reason            string
			}
		}
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	p := NewParser()
	passed := 0
	for _, c := range index.Cases {
		data, err := os.ReadFile(filepath.Join(dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(c.File, func(t *testing.T) {
			tree, err := p.Parse(data)
			var issues []Issue
			if err != nil {
				issues = err.(*ParseError).Issues
			} else {
				issues = tree.Issues()
			}
			for _, i := range issues {
				if i.Line < 1 || i.Col < 1 {
					t.Errorf("no position: %+v", i)
				}
			}
			switch {
			case c.Expected.StructurallyValid:
				for _, i := range issues {
					t.Errorf("%v", i)
				}
				if err == nil {
					roundTrip(t, c.File, data, NewParser(Strict()), tree)
				}
			case c.Kind == "negative":
				if len(issues) == 0 {
					t.Fatal("no findings")
				}
				t.Log(issues)
			default:
				for _, why := range c.Expected.Why {
					place, what, _ := strings.Cut(why, " ")
					found := func(i Issue) bool {
						// What is below an unknown element is not reported again.
						return slices.Contains(codesOf(what), i.Code) && (i.Path == place ||
							i.Code == CodeUnknown && strings.HasPrefix(place, i.Path+"."))
					}
					if !slices.ContainsFunc(issues, found) {
						t.Errorf("%s: not found in %v", why, issues)
					}
				}
			}
			if !t.Failed() {
				passed++
			}
		})
	}
	corpus.Floor(t, "nhs-messages", passed, len(index.Cases))
}

// codesOf translates the words of the corpus.
func codesOf(what string) []Code {
	switch what {
	case "missing":
		return []Code{CodeMissing}
	case "more than one":
		return []Code{CodeCardinality}
	case "array where one is due", "one where an array is due":
		return []Code{CodeArray}
	case "unknown element":
		return []Code{CodeUnknown}
	case "bad id":
		return []Code{CodePrimitive}
	case "empty value":
		return []Code{CodeEmpty}
	}
	return nil
}

// roundTrip checks that a tree read from JSON gives the input again.
func roundTrip(t *testing.T, name string, data []byte, p *Parser, tree *Tree) {
	t.Helper()
	var want bytes.Buffer
	if err := json.Compact(&want, data); err != nil {
		t.Fatal(err)
	}
	if got := tree.AppendJSON(nil, Compact); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s: %s", filepath.Base(name), firstDifference(string(got), want.String()))
	}
	throughXML(t, name, p, tree)
}
