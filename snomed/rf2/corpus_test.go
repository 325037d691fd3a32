package rf2_test

import (
	"slices"
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
				readColumns(t, file, l)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "columns", passed, len(suite.Files))
}

// readColumns reads a file of one good row, and then with each column in turn
// made bad.
func readColumns(t *testing.T, file string, l rf2.Layout) {
	t.Helper()
	good := make([]string, len(l.Columns))
	for i, letter := range l.Types {
		good[i] = map[rune]string{'c': "138875005", 'i': "3", 's': `"a" b`, 'u': "fbdf9ade-312f-5c1c-9c1c-dbdf9967a8d2", 't': "20260101", 'a': "1"}[letter]
	}
	if l.Types[0] == 'c' {
		good[0] = map[rf2.Kind]string{rf2.Concept: "404684003", rf2.Description: "101013", rf2.TextDefinition: "101013"}[l.Kind]
		if good[0] == "" {
			good[0] = "101021"
		}
	}
	header := strings.Join(l.Columns, "\t") + "\r\n"
	if rows, report := readText(t, file, header+strings.Join(good, "\t")+"\r\n", rf2.Options{}); len(rows) != 1 || len(report.Issues) > 0 {
		t.Errorf("%s: %d rows, %v", file, len(rows), report.Issues)
	}
	codes := map[byte]rf2.Code{'c': rf2.CodeSCTID, 'i': rf2.CodeInteger, 's': rf2.CodeUTF8, 'u': rf2.CodeUUID, 't': rf2.CodeTime, 'a': rf2.CodeActive}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] = "\xff"
		_, report := readText(t, file, header+strings.Join(bad, "\t")+"\r\n", rf2.Options{})
		if len(report.Issues) != 1 {
			t.Errorf("%s, column %d: %v", file, i+1, report.Issues)
			continue
		}
		if is := report.Issues[0]; is.Code != codes[l.Types[i]] || is.Line != 2 || is.Col != i+1 || is.Offset != int64(len(header)) || !strings.HasSuffix(is.Path, "#"+l.Columns[i]) {
			t.Errorf("%s, column %d: %v", file, i+1, &is)
		}
	}
}
