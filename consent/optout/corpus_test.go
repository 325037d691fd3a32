package optout_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/internal/corpus"
	"github.com/nhskit/nhskit/consent/optout"
	"github.com/nhskit/nhskit/nhsnumber"
)

// expectation is what the corpus says of one file.
type expectation struct {
	Kind    string `json:"kind"`
	Of      string `json:"of"`
	Records *int   `json:"records"`
	Unique  int    `json:"unique"`
	Errors  []struct {
		Line  *int   `json:"line"`
		Code  string `json:"code"`
		Value string `json:"value"`
	} `json:"errors"`
	Warnings   []string `json:"warnings"`
	LineEnding string   `json:"line_ending"`
	Clear      []string `json:"clear"`
	OptedOut   []string `json:"opted_out"`
	Outcome    string   `json:"outcome"`
	Note       string   `json:"note"`
}

// warningCodes are the corpus's words for warnings.
var warningCodes = map[string]string{"no final newline": optout.CodeNoNewline, "byte order mark": optout.CodeBOM, "duplicate line 2": optout.CodeDuplicate}

func digits(list []nhsnumber.Number) []string {
	var out []string
	for _, n := range list {
		out = append(out, n.Digits())
	}
	return out
}

func TestServiceFiles(t *testing.T) {
	dir := corpus.Path(t, "consent", "ndo-files")
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]expectation
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.dat"))
	if len(files) != len(want) {
		t.Fatalf("%d files, %d expectations", len(files), len(want))
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	passed := 0
	for name, w := range want {
		ok := t.Run(name, func(t *testing.T) {
			var issues []consent.Issue
			switch w.Kind {
			case "request":
				var r *optout.Request
				r, issues = optout.ReadRequest(read(name), optout.ReadOptions{})
				if len(r.Numbers) != *w.Records {
					t.Errorf("%d records, want %d", len(r.Numbers), *w.Records)
				}
				if w.Unique > 0 && r.Unique != w.Unique {
					t.Errorf("%d unique, want %d", r.Unique, w.Unique)
				}
				if w.LineEnding != "" && r.LineEnd != w.LineEnding {
					t.Errorf("line end %s, want %s", r.LineEnd, w.LineEnding)
				}
			case "response":
				request, _ := optout.ReadRequest(read(w.Of), optout.ReadOptions{})
				var got optout.Checked
				got, issues = optout.Match(request, read(name))
				if n := len(got.Clear) + len(got.OptedOut) + len(got.Unknown); n != request.Unique {
					t.Errorf("%d numbers accounted for, want %d", n, request.Unique)
				}
				if w.Clear != nil && !slices.Equal(digits(got.Clear), w.Clear) {
					t.Errorf("clear %v, want %v", digits(got.Clear), w.Clear)
				}
				if w.OptedOut != nil && !slices.Equal(digits(got.OptedOut), w.OptedOut) {
					t.Errorf("opted out %v, want %v", digits(got.OptedOut), w.OptedOut)
				}
				if w.Outcome != "" && len(got.Clear)+len(got.OptedOut) > 0 {
					t.Errorf("%s, but %d are said to be known", w.Outcome, len(got.Clear)+len(got.OptedOut))
				}
			default:
				t.Fatalf("no such kind: %s", w.Kind)
			}
			var errors, warnings []string
			for _, i := range issues {
				if i.Severity == consent.Error {
					errors = append(errors, fmt.Sprintf("%s %d", i.Code, i.Line))
				} else {
					warnings = append(warnings, i.Code)
				}
			}
			var wantErrors, wantWarnings []string
			for k, e := range w.Errors {
				line := -1
				if e.Line != nil {
					line = *e.Line
				} else if k < len(issues) {
					line = issues[k].Line
				}
				wantErrors = append(wantErrors, fmt.Sprintf("%s %d", e.Code, line))
			}
			for _, text := range w.Warnings {
				code, known := warningCodes[text]
				if !known {
					t.Fatalf("no such warning: %s", text)
				}
				wantWarnings = append(wantWarnings, code)
			}
			if !slices.Equal(errors, wantErrors) {
				t.Errorf("errors %v, want %v", errors, wantErrors)
			}
			if w.Kind == "request" && !slices.Equal(warnings, wantWarnings) {
				t.Errorf("warnings %v, want %v", warnings, wantWarnings)
			}
		})
		if ok {
			passed++
		}
	}
	corpus.Floor(t, "ndo-files", passed, len(files))
}
