package rf2_test

import (
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/internal/corpus"
	"github.com/nhskit/nhskit/snomed/rf2"
)

func TestFileNames(t *testing.T) {
	var suite struct {
		Cases []struct {
			Name string
			RF2  *struct{ Status, Type, Format, Content, Summary, Release, Language, CountryNamespace, Date string } `json:"rf2_txt"`
		}
	}
	corpus.ReadJSON(t, &suite, "snomed", "rf2", "filenames.json")
	passed := 0
	for _, c := range suite.Cases {
		if t.Run(c.Name, func(t *testing.T) {
			got, ok := rf2.ParseFileName(c.Name)
			if ok != (c.RF2 != nil) {
				t.Fatalf("ParseFileName = %+v, %v", got, ok)
			}
			if ok && got != (rf2.FileName{Status: c.RF2.Status, Type: c.RF2.Type, Format: c.RF2.Format, Content: c.RF2.Content, Summary: c.RF2.Summary,
				Release: c.RF2.Release, Language: c.RF2.Language, Country: c.RF2.CountryNamespace, Date: c.RF2.Date}) {
				t.Errorf("got %+v, want %+v", got, *c.RF2)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "filenames", passed, len(suite.Cases))
}

// TestColumns: the reader accepts exactly these headers, and the same with
// one column changed, missing or added only where a reference set may name
// its own columns.
func TestColumns(t *testing.T) {
	var suite struct {
		Files []struct {
			Kind, File string
			Columns    []string
		}
	}
	corpus.ReadJSON(t, &suite, "snomed", "rf2", "columns.json")
	passed := 0
	for _, c := range suite.Files {
		if t.Run(c.Kind, func(t *testing.T) {
			if c.Kind == "transitive closure" {
				// A derived file that releases do not contain: refused.
				if l, err := rf2.ResolveLayout(rf2.FileName{Content: "TransitiveClosure"}, strings.Join(c.Columns, "\t")); err == nil {
					t.Fatalf("accepted as %+v", l)
				}
				return
			}
			for i, file := range strings.Split(c.File, " / ") {
				// Complete the prefix of a file name that the corpus gives.
				if i > 0 && !strings.HasPrefix(file, "sct2_") {
					file = "sct2_sRefset_" + file
				}
				if !strings.Contains(file, "Refset") && (file == "sct2_" || file == "der2_") {
					file += map[string]string{"postcoordinated expression": "ss", "map to with correlation and origin": "sccc", "code to expression": "ssccc"}[c.Kind] + "Refset_"
				}
				if c.Kind == "member annotation" {
					file = "der2_sscsRefset_"
				}
				if c.Kind == "component annotation" {
					file = "der2_scsRefset_"
				}
				file += "Snapshot_INT_20260101.txt"
				name, ok := rf2.ParseFileName(file)
				if !ok {
					t.Fatalf("%q is no file name", file)
				}
				l, err := rf2.ResolveLayout(name, strings.Join(c.Columns, "\t"))
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				if strings.Join(l.Columns, " ") != strings.Join(c.Columns, " ") || len(l.Types) != len(c.Columns) {
					t.Errorf("got columns %v of types %s", l.Columns, l.Types)
				}
				if l.Name != c.Kind {
					t.Errorf("taken for %q", l.Name)
				}
				for i := range c.Columns {
					changed := append([]string(nil), c.Columns...)
					changed[i] += "x"
					_, err := rf2.ResolveLayout(name, strings.Join(changed, "\t"))
					if free := l.Kind == rf2.Refset && i >= 6; (err == nil) != free {
						t.Errorf("column %d renamed: %v", i+1, err)
					}
					if _, err := rf2.ResolveLayout(name, strings.Join(append(changed[:i:i], changed[i+1:]...), "\t")); err == nil {
						t.Errorf("column %d missing is accepted", i+1)
					}
				}
				if _, err := rf2.ResolveLayout(name, strings.Join(c.Columns, "\t")+"\tmore"); err == nil {
					t.Error("one more column is accepted")
				}
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "columns", passed, len(suite.Files))
}
