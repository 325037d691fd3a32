package fhirconsent_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
	"github.com/nhskit/nhskit/consent/internal/corpus"
	"github.com/nhskit/nhskit/fhir"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLint compares the findings about the official examples.
func TestLint(t *testing.T) {
	dir := corpus.Path(t, "consent", "fhir-r4-examples")
	var want map[string]struct {
		PolicyRule []string `json:"policy_rule"`
		Issues     []struct{ Code, At string }
		Evaluates  string
	}
	if err := json.Unmarshal(read(t, filepath.Join(dir, "expected-lint.json")), &want); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "Consent-*.json"))
	if len(files) != len(want) {
		t.Fatalf("%d files, %d expectations", len(files), len(want))
	}
	passed := 0
	for name, w := range want {
		if t.Run(name, func(t *testing.T) {
			c, err := fhirconsent.Parse(read(t, filepath.Join(dir, name)))
			if err != nil {
				t.Fatal(err)
			}
			var got, expected []string
			for _, i := range c.Lint() {
				got = append(got, i.Code+" "+i.Path)
				if i.Offset < 0 || i.Line < 1 {
					t.Errorf("%s has no position", i.Code)
				}
			}
			for _, i := range w.Issues {
				expected = append(expected, i.Code+" "+i.At)
			}
			slices.Sort(got)
			slices.Sort(expected)
			if !slices.Equal(got, expected) {
				t.Errorf("got  %q\nwant %q", got, expected)
			}
			q := fhirconsent.Question{Patient: patientsOf(t, filepath.Join(dir, name)), Purposes: []string{"TREAT"}, Actors: []string{"Organization/f001"}, Action: "access", AsAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			f := fhirconsent.Decide([]*fhirconsent.Consent{c}, q, fhirconsent.Options{})
			if (f.Effect == consent.FindingIndeterminate) != (w.Evaluates == "indeterminate") {
				t.Errorf("evaluates to %v %v, want %s", f.Effect, f.Reasons, w.Evaluates)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "fhir-r4-lint", passed, len(want))
}

func patientsOf(t *testing.T, name string) []string {
	var c struct{ Patient struct{ Reference string } }
	if err := json.Unmarshal(read(t, name), &c); err != nil {
		t.Fatal(err)
	}
	return []string{c.Patient.Reference}
}

// TestOptOutService reads the national service's STU3 resources.
func TestOptOutService(t *testing.T) {
	dir := corpus.Path(t, "consent", "uk-fhir/ndo-stu3")
	want := map[string]struct {
		entries  int
		optedOut bool
		fails    bool
	}{
		"Consent-Example-1.json":                  {1, true, false},
		"Consent-Example-1.xml":                   {1, true, false},
		"NDOP-Bundle-Searchset-Example-1.json":    {0, false, false},
		"NDOP-Bundle-Searchset-Example-2.json":    {1, true, false},
		"Spine-OperationOutcome-1-Example-1.json": {fails: true},
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != len(want) {
		t.Fatalf("%d files, %d expectations", len(files), len(want))
	}
	passed := 0
	for _, file := range files {
		w, known := want[filepath.Base(file)]
		if !known {
			t.Fatalf("no expectation for %s", file)
		}
		if t.Run(filepath.Base(file), func(t *testing.T) {
			entries, err := fhirconsent.ParseOptOuts(read(t, file))
			if (err != nil) != w.fails {
				t.Fatal(err)
			}
			if w.fails {
				return
			}
			st, err := fhirconsent.OptOutStatus(entries, time.Now())
			if err != nil || len(entries) != w.entries || st.OptedOut != w.optedOut {
				t.Errorf("%+v %+v %v", entries, st, err)
			}
			for _, e := range entries {
				if e.Source != "OP" || !e.Party || e.Proxy != "" {
					t.Errorf("%+v", e)
				}
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "ndo-stu3", passed, len(want))
}

// TestProxies reads every resource of the proxy service: what it answers with
// and what it refuses.
func TestProxies(t *testing.T) {
	dir := corpus.Path(t, "consent", "uk-fhir/validated-relationships")
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	passed := 0
	for _, file := range files {
		name := filepath.Base(file)
		if t.Run(name, func(t *testing.T) {
			data := read(t, file)
			switch {
			case strings.HasPrefix(name, "requests__PATCH"):
				status, err := fhirconsent.PatchedStatus(data)
				if err != nil {
					t.Fatal(err)
				}
				if want := map[bool]string{true: "active", false: ""}[strings.Contains(name, "multiple")]; status != want {
					t.Errorf("status %q, want %q", status, want)
				}
			case strings.Contains(name, "__errors__"):
				if _, err := fhirconsent.ParseProxies(data); err == nil {
					t.Error("an error was read as an answer")
				}
			default:
				proxies, err := fhirconsent.ParseProxies(data)
				if err != nil {
					t.Fatal(err)
				}
				// The expectation is read from the file by another way.
				want := consentsIn(t, data)
				if len(proxies) != len(want) {
					t.Fatalf("%d proxies, want %d", len(proxies), len(want))
				}
				for i, p := range proxies {
					if p.Status != want[i].Status || p.Performer != want[i].Provision.Actor[0].Reference.Identifier.Value || p.Patient != want[i].Patient.Identifier.Value {
						t.Errorf("proxy %d: %s", i, p.Status)
					}
					code := want[i].PolicyRule.Coding[0].Code
					if (p.Basis == consent.RoleUnknown) != (code == "UNK") {
						t.Errorf("proxy %d: basis %s of %s", i, p.Basis, code)
					}
					// The examples' numbers are not all valid: with the
					// test range's the relationship becomes a record.
					p.Patient, p.Performer = "9990000018", "9990000026"
					rec, err := p.Record("r", time.Now())
					if err != nil {
						t.Fatal(err)
					}
					if _, _, err := consent.ParseRecord(rec.AppendJSON(nil)); err != nil {
						t.Errorf("proxy %d: %v", i, err)
					}
					if (rec.State == consent.InForce) != (p.Status == "active") {
						t.Errorf("proxy %d: state %s of %s", i, rec.State, p.Status)
					}
				}
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "validated-relationships", passed, len(files))
}

type proxyJSON struct {
	ResourceType string
	Status       string
	Patient      struct{ Identifier struct{ Value string } }
	PolicyRule   struct{ Coding []struct{ Code string } }
	Provision    struct {
		Actor []struct {
			Reference struct{ Identifier struct{ Value string } }
		}
	}
}

func consentsIn(t *testing.T, data []byte) []proxyJSON {
	var b struct {
		Entry []struct{ Resource proxyJSON }
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	var out []proxyJSON
	for _, e := range b.Entry {
		if e.Resource.ResourceType == "Consent" {
			out = append(out, e.Resource)
		}
	}
	return out
}

// TestUKCore reads the UK Core example: a provision without a type.
func TestUKCore(t *testing.T) {
	c, err := fhirconsent.Parse(read(t, corpus.Path(t, "consent", "uk-fhir/UKCore-Consent-ForInformationAccess-Example.xml")))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Lint()) != 1 || c.Lint()[0].Code != "PROVISION_TYPE_MISSING" {
		t.Error(c.Lint())
	}
}

// TestSecurityLabels redacts HL7's DS4P examples by each label they bear.
func TestSecurityLabels(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus.Path(t, "consent", "ds4p"), "*.json"))
	passed := 0
	for _, file := range files {
		if t.Run(filepath.Base(file), func(t *testing.T) {
			data := read(t, file)
			r, err := fhirconsent.NewRedactor([]consent.Obligation{{Kind: "redact", Detail: "label:R"}}, fhirconsent.RedactOptions{})
			if err != nil {
				t.Fatal(err)
			}
			out, report, err := r.Apply(data)
			inline := strings.Contains(file, "inline")
			whole := !inline && bytes.Contains(data, []byte(`"code": "R"`))
			switch {
			case whole && err != fhirconsent.ErrWithheld:
				t.Errorf("a resource labelled R came through: %v", err)
			case whole:
			case err != nil:
				t.Fatal(err)
			case inline:
				if report.Elements != 1 || bytes.Contains(out, []byte("111-22-3333")) || !bytes.Contains(out, []byte("1234567")) || !bytes.Contains(out, []byte("1956-05-27")) {
					t.Errorf("%+v\n%s", report, out)
				}
			case !bytes.Equal(out, data):
				t.Error("an unlabelled resource changed")
			}
			if err == nil {
				if _, err := fhir.NewParser(fhir.Strict()).Parse(out); err != nil {
					t.Errorf("not valid any more: %v", err)
				}
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "ds4p", passed, len(files))
}
