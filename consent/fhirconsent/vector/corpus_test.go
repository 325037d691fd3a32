package vector_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
	"github.com/nhskit/nhskit/consent/fhirconsent/vector"
	"github.com/nhskit/nhskit/consent/internal/corpus"
)

// floors reads testdata/floor.txt.
func floors(t *testing.T) map[string]int {
	t.Helper()
	data, err := os.ReadFile("testdata/floor.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for line := range strings.Lines(string(data)) {
		var suite string
		var passed, total int
		if n, _ := fmt.Sscan(line, &suite, &passed, &total); n == 3 {
			out[suite] = passed
		}
	}
	return out
}

// terminologyServer knows the one hierarchy that the vectors ask for.
func terminologyServer(system, ancestor, code string) consent.Tri {
	if system == "http://snomed.info/sct" && ancestor == "66214007" {
		return consent.Bool(code == "724713006")
	}
	return consent.Unknown
}

type expectation struct {
	Decision    string   `json:"decision"`
	Reasons     []string `json:"reasons"`
	Obligations []string `json:"obligations"`
}

func TestDecisions(t *testing.T) {
	dir := corpus.Path(t, "consent", "decisions")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no vectors", err)
	}
	passed := map[string]int{}
	covered := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		vectors, err := vector.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors {
			ok := t.Run(v.ID, func(t *testing.T) {
				var want expectation
				if err := json.Unmarshal(v.Expect, &want); err != nil {
					t.Fatal(err)
				}
				got, err := vector.Decide(context.Background(), v, terminologyServer)
				if err != nil {
					t.Fatal(err)
				}
				var codes []string
				for _, r := range got.Reasons {
					codes = append(codes, r.Code)
					covered[r.Rule] = true
				}
				if got.Decision.String() != want.Decision {
					t.Errorf("%s\n got %s %v\nwant %s %v", v.Title, got.Decision, codes, want.Decision, want.Reasons)
				}
				for _, r := range want.Reasons {
					if !slices.Contains(codes, r) {
						t.Errorf("%s: no reason %s in %v", v.Title, r, codes)
					}
				}
				for _, o := range want.Obligations {
					if !slices.Contains(got.Obligations, o) {
						t.Errorf("%s: no obligation %s in %v", v.Title, o, got.Obligations)
					}
				}
			})
			if ok {
				passed[v.Confidence]++
			}
		}
	}
	for suite, n := range passed {
		t.Logf("%s: %d", suite, n)
	}
	for suite, floor := range floors(t) {
		if c, ok := strings.CutPrefix(suite, "decisions-"); ok && passed[c] < floor {
			t.Errorf("%s: %d passed, the floor is %d", suite, passed[c], floor)
		}
	}
}

func TestIHEPrivacyConsent(t *testing.T) {
	dir := corpus.Path(t, "consent", "ihe-pcf")
	var setup struct {
		Items []struct {
			Reference, Date, Author, Encounter string
			Labels                             []string
		}
		Groups   map[string][]string
		Purposes map[string]string
	}
	data, err := os.ReadFile(filepath.Join(dir, "data-items.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &setup); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "expected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := "consent,as_at,implicit_policy,requester,purpose,break_glass,data_item,decision"; strings.Join(rows[0], ",") != want {
		t.Fatalf("columns %v", rows[0])
	}
	consents := map[string]*fhirconsent.Consent{}
	passed := 0
	for i, row := range rows[1:] {
		c := consents[row[0]]
		if c == nil {
			data, err := os.ReadFile(filepath.Join(dir, row[0]+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if c, err = fhirconsent.Parse(data); err != nil {
				t.Fatal(err)
			}
			consents[row[0]] = c
		}
		at, err := time.Parse(time.DateOnly, row[1])
		if err != nil {
			t.Fatal(err)
		}
		if row[2] != "https://profiles.ihe.net/ITI/PCF/Policy-deny" {
			t.Fatalf("row %d: implicit policy %s", i+2, row[2])
		}
		q := fhirconsent.Question{Patient: []string{"Patient/ex-patient"}, Purposes: []string{row[4]}, Actors: []string{row[3]}, Action: "access", Groups: []string{}, Glass: row[5] == "declared", AsAt: at}
		if system := setup.Purposes[row[4]]; system != "" {
			q.Purposes[0] = system + "|" + row[4]
		}
		for group, members := range setup.Groups {
			if slices.Contains(members, row[3]) {
				q.Groups = append(q.Groups, group)
				q.GlassListed = group == "Group/ex-privilegedUsers"
			}
		}
		for _, it := range setup.Items {
			if it.Reference == row[6] {
				q.Item = &fhirconsent.Item{Reference: it.Reference, Class: "Observation", Labels: it.Labels, LabelsKnown: true, Date: it.Date, Authors: []string{it.Author}, PointsAt: []string{it.Encounter}, PointedBy: []string{}}
			}
		}
		if q.Item == nil {
			t.Fatalf("row %d: no such item", i+2)
		}
		got := fhirconsent.Decide([]*fhirconsent.Consent{c}, q, fhirconsent.Options{Reading: fhirconsent.Additive})
		want := map[string]consent.FindingEffect{"permit": consent.FindingPermit, "deny": consent.FindingDeny, "indeterminate": consent.FindingIndeterminate}[row[7]]
		if got.Effect != want {
			t.Errorf("row %d: %v: got %v %v", i+2, row, got.Effect, got.Reasons)
			continue
		}
		passed++
	}
	t.Logf("%d of %d", passed, len(rows)-1)
	if floor := floors(t)["ihe-pcf"]; passed < floor {
		t.Errorf("%d passed, the floor is %d", passed, floor)
	}
}
