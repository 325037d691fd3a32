package uk

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
)

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
	dir := corpus.Path(t, "hl7v2")
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
	corpus.Floor(t, "uk", passed, len(suite.Cases))
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
