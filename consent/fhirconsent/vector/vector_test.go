package vector_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent/vector"
	"github.com/nhskit/nhskit/consent/internal/corpus"
)

// TestOwnVectors answers the package's own vectors: what the published ones
// leave out. Together with those they touch every rule.
func TestOwnVectors(t *testing.T) {
	for _, v := range ownVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			var want expectation
			if err := json.Unmarshal(v.Expect, &want); err != nil {
				t.Fatal(err)
			}
			got, err := vector.Decide(context.Background(), v, nil)
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, r := range got.Reasons {
				codes = append(codes, r.Code)
			}
			if got.Decision.String() != want.Decision {
				t.Errorf("%s: got %s %v, want %s", v.Title, got.Decision, codes, want.Decision)
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
	}
}

func ownVectors(t *testing.T) []vector.Vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	list, err := vector.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEveryRuleIsTouched wants a vector for each rule that gives a reason or
// an obligation, ours or the corpus's.
func TestEveryRuleIsTouched(t *testing.T) {
	touched := map[string]bool{}
	all := ownVectors(t)
	files, err := filepath.Glob(filepath.Join(corpus.Path(t, "consent", "decisions"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list, err := vector.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
	}
	for _, v := range all {
		for _, rule := range vector.Touched(context.Background(), v) {
			touched[rule] = true
		}
	}
	for _, r := range consent.NHSPolicy().Rules() {
		if strings.Contains(r.ID, ".gap.") {
			continue // the time without a version, which a rule of its own covers
		}
		if !touched[r.ID] {
			t.Errorf("%s: no vector touches it", r.ID)
		}
	}
}

func TestUnknownFields(t *testing.T) {
	for _, text := range []string{
		`{"id":"a","as_at":"2026-03-02T09:00:00Z","request":{"action":"disclose","colour":"blue"},"subject":{}}`,
		`{"id":"a","as_at":"2026-03-02T09:00:00Z","request":{"action":"disclose"},"subject":{"mood":1}}`,
		`{"id":"a","as_at":"2026-03-02T09:00:00Z","request":{"action":"dance"},"subject":{}}`,
		`{"id":"a","as_at":"yesterday","request":{"action":"disclose"},"subject":{}}`,
		`{"id":"a","as_at":"2026-03-02T09:00:00Z","request":{"action":"disclose","data":{"identifiability":"identifiable","x":1}},"subject":{}}`,
	} {
		list, err := vector.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if a, err := vector.Decide(context.Background(), list[0], nil); err == nil || a.Decision != consent.Indeterminate {
			t.Errorf("%s: %v %v", text, a.Decision, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"id":"a","as_at":"2026-03-02T09:00:00Z","request":{"action":"disclose","purpose":["TREAT"]},"subject":{"type1":[{"code":"9Nu0.","system":"read2","date":"2024-01-01"}]}}`))
	f.Add([]byte(`[{"as_at":"2026-03-02T09:00:00Z","request":{"combining":"deny-overrides","rules":["permit",{"error":"x"}]},"subject":{}}]`))
	f.Add([]byte(`{"as_at":"2026-03-02T09:00:00Z","request":{"patient":"Patient/1","purpose":["TREAT"]},"subject":{"consents":[{"resourceType":"Consent","status":"active","provision":{}}]}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		list, err := vector.Read(in)
		if err != nil {
			return
		}
		for _, v := range list {
			if a, err := vector.Decide(context.Background(), v, nil); err != nil && a.Decision == consent.Permit {
				t.Fatal("a question that is not understood was permitted")
			}
		}
	})
}
