package uk

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
)

// corpora returns a folder of the public corpora, or skips the test.
func corpora(t testing.TB, folder string) string {
	t.Helper()
	dir := os.Getenv("NHSKIT_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	dir = filepath.Join(dir, folder)
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the corpus is not there; set NHSKIT_CORPORA")
	}
	return dir
}

func parseFile(t testing.TB, file string) *hl7v2.Message {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := hl7v2.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCorpus checks the expectations of each case; a finding that a case names
// must be there, and a case that names none must have no error.
func TestCorpus(t *testing.T) {
	dir := corpora(t, "hl7v2")
	var suite struct {
		Cases []struct {
			ID, File, Why string
			Expect        map[string]json.RawMessage
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "uk", "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, c := range suite.Cases {
		if t.Run(c.ID, func(t *testing.T) {
			m := parseFile(t, filepath.Join(dir, c.File))
			p := PatientOf(m)
			findings := p.Findings()
			for key, want := range c.Expect {
				expect(t, m, p, findings, key, want)
			}
			if _, named := c.Expect["error"]; !named {
				for _, f := range findings {
					if f.Severity <= hl7v2.Error {
						t.Errorf("%v", f)
					}
				}
			}
		}) {
			passed++
		}
	}
	floor(t, "uk", passed, len(suite.Cases))
}

func expect(t *testing.T, m *hl7v2.Message, p Patient, findings []hl7v2.Issue, key string, want json.RawMessage) {
	t.Helper()
	text := func() (s string) { // "" for null
		t.Helper()
		if err := json.Unmarshal(want, &s); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		return s
	}
	same := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	id, state := p.NHSNumber()
	has := func(severity hl7v2.Severity, code hl7v2.Code) {
		t.Helper()
		for _, f := range findings {
			if f.Code == code && f.Severity == severity {
				if f.Path == "" || f.Offset <= 0 || f.Line == 0 {
					t.Errorf("%s is not located: %+v", code, f)
				}
				return
			}
		}
		t.Errorf("no %s %s in %v", severity, code, findings)
	}
	switch key {
	case "nhsNumber":
		same(id.Number.Digits(), text())
		if (state == Valid) != (text() != "") {
			t.Errorf("the state is %s", state)
		}
	case "nhsNumberLegacy":
		legacy, state := p.LegacyNHSNumber()
		same(legacy.Number.Digits(), text())
		if state != Valid {
			t.Errorf("the state is %s", state)
		}
	case "nhsNumberDeleted":
		same(strconv.FormatBool(state == Deleted), string(want))
	case "traceStatus":
		same(p.TraceStatus().Status.String(), text())
	case "zSegments":
		var ids, wanted []string
		for z := range ZSegments(m) {
			ids = append(ids, z.ID())
		}
		if err := json.Unmarshal(want, &wanted); err != nil || !slices.Equal(ids, wanted) {
			t.Errorf("%s are %q, want %s", key, ids, want)
		}
	case "reliability":
		var codes, wanted []string
		for _, rep := range p.PID.Field(32).Reps() {
			codes = append(codes, rep.Text())
			if valid, _ := Code(445, rep.Text()); !valid {
				t.Errorf("%s: %q is not a code", key, rep.Text())
			}
		}
		if err := json.Unmarshal(want, &wanted); err != nil || !slices.Equal(codes, wanted) {
			t.Errorf("%s are %q, want %s", key, codes, want)
		}
	case "mrn", "otherNational":
		var id struct{ Value, Authority string }
		if err := json.Unmarshal(want, &id); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, got := range p.Identifiers {
			if got.Value().Text() == id.Value && got.Authority() == id.Authority {
				found = true
				same(strconv.FormatBool(got.Kind == Local), strconv.FormatBool(key == "mrn"))
			}
		}
		if !found {
			t.Errorf("%s is not found", key)
		}
	case "warning":
		codes := map[string]hl7v2.Code{"identifier-type-missing": CodeTypeMissing, "assigning-authority-missing": CodeAuthorityMissing, "format": CodeNumberSpelling}
		has(hl7v2.Warning, codes[text()])
	case "error":
		codes := map[string]hl7v2.Code{"check-digit": CodeCheckDigit}
		has(hl7v2.Error, codes[text()])
	case "observations":
		n := 0
		for range m.Segments("OBX") {
			n++
		}
		same(strconv.Itoa(n), string(want))
	default:
		t.Errorf("the test does not know how to check %q", key)
	}
}

// floor compares how many entries of a suite pass with testdata/floor.txt.
func floor(t *testing.T, suite string, passed, total int) {
	t.Helper()
	t.Logf("%s: %d of %d pass", suite, passed, total)
	data, err := os.ReadFile("testdata/floor.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == suite {
			if least, _ := strconv.Atoi(f[1]); passed < least {
				t.Errorf("%s: %d pass, the floor is %d", suite, passed, least)
			}
			if f[2] != strconv.Itoa(total) {
				t.Errorf("%s: %d entries, the floor file has %s", suite, total, f[2])
			}
			return
		}
	}
	t.Errorf("%s is not in testdata/floor.txt", suite)
}
