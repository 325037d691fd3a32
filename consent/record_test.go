package consent_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/consenttest"
	"github.com/nhskit/nhskit/consent/internal/corpus"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"pgregory.net/rapid"
)

// instance is one record of the corpus.
type instance struct {
	Name    string          `json:"name"`
	Record  json.RawMessage `json:"record"`
	ErrorAt string          `json:"error_at"`
}

func instances(t testing.TB, name string) []instance {
	t.Helper()
	data, err := os.ReadFile(corpus.Path(t, "consent", "schema/"+name))
	if err != nil {
		t.Fatal(err)
	}
	var out []instance
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.CompileString("record.schema.json", consent.RecordSchema())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// deepest returns the locations of the innermost errors of a schema library.
func deepest(err error) []string {
	e, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return nil
	}
	if len(e.Causes) == 0 {
		return []string{e.InstanceLocation}
	}
	var out []string
	for _, c := range e.Causes {
		out = append(out, deepest(c)...)
	}
	return out
}

func TestSchemaInstances(t *testing.T) {
	passed := 0
	s := schema(t)
	for _, c := range instances(t, "records-valid.json") {
		if t.Run(c.Name, func(t *testing.T) {
			r, issues, err := consent.ParseRecord(c.Record)
			if err != nil || len(issues) > 0 {
				t.Fatal(err, issues)
			}
			again, _, err := consent.ParseRecord(r.AppendJSON(nil))
			if err != nil || !bytes.Equal(again.AppendJSON(nil), r.AppendJSON(nil)) {
				t.Errorf("not the same after writing and reading: %v", err)
			}
			var a, b any
			json.Unmarshal(c.Record, &a)
			json.Unmarshal(r.AppendJSON(nil), &b)
			if fmt.Sprint(a) != fmt.Sprint(b) {
				t.Errorf("something was lost:\n%v\n%v", a, b)
			}
			if err := s.Validate(a); err != nil {
				t.Error(err)
			}
		}) {
			passed++
		}
	}
	for _, c := range instances(t, "records-invalid.json") {
		if t.Run(c.Name, func(t *testing.T) {
			_, issues, err := consent.ParseRecord(c.Record)
			if err == nil {
				t.Fatal("accepted")
			}
			if !slices.ContainsFunc(issues, func(i consent.Issue) bool { return i.Path == c.ErrorAt && i.Offset >= 0 && i.Line > 0 }) {
				t.Errorf("no issue at %q: %v", c.ErrorAt, issues)
			}
			var v any
			json.Unmarshal(c.Record, &v)
			if at := deepest(s.Validate(v)); !slices.Contains(at, c.ErrorAt) {
				t.Errorf("the schema says %v, want %q", at, c.ErrorAt)
			}
			if strings.Contains(fmt.Sprint(issues, err), "999000") {
				t.Error("a finding shows a number")
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "schema", passed, len(instances(t, "records-valid.json"))+len(instances(t, "records-invalid.json")))
}

// TestParserAgainstSchema changes valid records at random: what the schema
// refuses the parser refuses, at a place that the schema library names too;
// what it accepts beyond that are only check digits and dates that the
// schema's patterns cannot judge.
func TestParserAgainstSchema(t *testing.T) {
	s := schema(t)
	var seeds [][]byte
	rapid.Check(t, func(t *rapid.T) {
		kind := consent.Kind(rapid.IntRange(int(consent.NationalDataOptOut), int(consent.PrivacyDirective)).Draw(t, "kind"))
		r := consenttest.Record(kind).Draw(t, "record")
		seeds = append(seeds[max(0, len(seeds)-50):], r.AppendJSON(nil))
	})
	rng := rand.New(rand.NewPCG(7, 7))
	rounds := 4000
	if long() {
		rounds = 400_000
	}
	for range rounds {
		var v map[string]any
		if err := json.Unmarshal(seeds[rng.IntN(len(seeds))], &v); err != nil {
			t.Fatal(err)
		}
		change(rng, v)
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		_, issues, got := consent.ParseRecord(data)
		want := s.Validate(v)
		switch {
		case want != nil && got == nil:
			t.Fatalf("the schema refuses what the parser accepts: %v\n%s", want, data)
		case want == nil && got != nil:
			for _, i := range issues {
				if i.Severity == consent.Error && i.Code != "consent.record.check-digit" && i.Code != "consent.record.time" {
					t.Fatalf("the parser refuses what the schema accepts: %v\n%s", i, data)
				}
			}
		case want != nil:
			at := deepest(want)
			if !slices.ContainsFunc(issues, func(i consent.Issue) bool { return slices.Contains(at, i.Path) }) {
				t.Fatalf("the schema says %v, the parser %v\n%s", at, issues, data)
			}
		}
	}
}

// change drops, adds or replaces something somewhere in a JSON object.
func change(rng *rand.Rand, v map[string]any) {
	var names []string
	for k := range v {
		names = append(names, k)
	}
	slices.Sort(names)
	name := names[rng.IntN(len(names))]
	if inner, ok := v[name].(map[string]any); ok && len(inner) > 0 && rng.IntN(2) == 0 {
		change(rng, inner)
		return
	}
	values := []any{nil, true, 7.0, "", "x", []any{}, []any{"a", "a"}, map[string]any{}, "deny", "permit", "withdrawn", "2024-01-10T10:00:00Z", 0.0, "9990000019"}
	switch rng.IntN(3) {
	case 0:
		delete(v, name)
	case 1:
		v[name] = values[rng.IntN(len(values))]
	default:
		v["unknown"] = values[rng.IntN(len(values))]
	}
}

func TestMemoryStore(t *testing.T) {
	consenttest.TestStore(t, func(_ *testing.T, records []consent.Record) consent.Store {
		s := consent.NewMemoryStore(records[:1]...)
		s.Add(records[1:]...)
		return s
	})
}

func TestRecordLimits(t *testing.T) {
	if _, _, err := consent.ParseRecord(bytes.Repeat([]byte(" "), 1<<20+1)); err == nil {
		t.Error("a record beyond the size limit")
	}
	if _, _, err := consent.ParseRecord([]byte(strings.Repeat("[", 100))); err == nil || !strings.Contains(err.Error(), "nested") {
		t.Error("nested beyond the limit", err)
	}
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, `"x%d":1,`, i)
	}
	_, issues, _ := consent.ParseRecord([]byte("{" + strings.TrimSuffix(b.String(), ",") + "}"))
	if len(issues) != 100 || issues[99].Code != "consent.too-many" {
		t.Errorf("%d issues, the last is %v", len(issues), issues[len(issues)-1])
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, `{"id":"a","version":1}`, `{"id":"\u00e9\ud83d\ude00"}`, `{"a":1,"a":2}`, `{"id":1e400}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, issues, err := consent.ParseRecord(in)
		for _, i := range issues {
			if i.Offset > int64(len(in)) {
				t.Fatalf("%s: offset %d outside of the input", i.Code, i.Offset)
			}
		}
		if err != nil {
			return
		}
		out := r.AppendJSON(nil)
		again, _, err := consent.ParseRecord(out)
		if err != nil || !bytes.Equal(again.AppendJSON(nil), out) {
			t.Fatalf("not the same after writing and reading: %v\n%s", err, out)
		}
	})
}
