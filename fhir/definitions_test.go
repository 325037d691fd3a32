package fhir

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// eachResource calls fn with every JSON file of a package.
func eachResource(t testing.TB, pkg string, fn func(name string, data []byte)) {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus.Path(t, "fhir"), "packages", pkg))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(h.Name, "package/") || path.Ext(h.Name) != ".json" {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		fn(path.Base(h.Name), data)
	}
}

const corePackage = "hl7.fhir.r4.core-4.0.1.tgz"

// TestFactsReproducible runs the generator again.
func TestFactsReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the generator")
	}
	out := filepath.Join(t.TempDir(), "r4.facts")
	cmd := exec.Command("go", "run", "./internal/gen", "-core", filepath.Join(corpus.Path(t, "fhir"), "packages", corePackage), "-out", out)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != r4Facts {
		t.Error("r4.facts is not what the generator writes; run go generate")
	}
	if len(r4Facts) > 1<<20 {
		t.Errorf("the table has %d bytes", len(r4Facts))
	}
}

// TestDefinitionsAgainstPackage compares every fact with the published files,
// read here in a second, plain way.
func TestDefinitionsAgainstPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	d := R4()
	structures, elements := 0, 0
	eachResource(t, corePackage, func(name string, data []byte) {
		if !strings.HasPrefix(name, "StructureDefinition-") {
			return
		}
		var sd map[string]any
		if err := json.Unmarshal(data, &sd); err != nil {
			t.Fatal(err)
		}
		snapshot, _ := sd["snapshot"].(map[string]any)
		if snapshot == nil {
			return
		}
		s, ok := d.Structure(sd["url"].(string))
		if !ok {
			t.Errorf("%s is missing", name)
			return
		}
		structures++
		str := func(v any) string { s, _ := v.(string); return s }
		if s.Version() != str(sd["version"]) || s.Name() != str(sd["name"]) || s.TypeName() != str(sd["type"]) ||
			s.BaseURL() != str(sd["baseDefinition"]) || s.Abstract() != sd["abstract"].(bool) || s.IsProfile() != (sd["derivation"] == "constraint") {
			t.Errorf("%s: header differs", name)
		}
		list := snapshot["element"].([]any)
		i := 0
		for e := range s.Elements() {
			want := list[i].(map[string]any)
			if got := plainElement(e); !reflect.DeepEqual(got, wantElement(want)) {
				t.Errorf("%s %v:\n got %v\nwant %v", name, want["id"], got, wantElement(want))
			}
			i++
			elements++
		}
		if i != len(list) {
			t.Errorf("%s: %d elements of %d", name, i, len(list))
		}
	})
	if structures != 656 || elements != 13039 {
		t.Errorf("%d structures, %d elements", structures, elements)
	}
}

// plainElement lists the facts of an element.
func plainElement(e Element) map[string]any {
	m := map[string]any{
		"path": e.Path(), "id": e.ID(), "min": e.Min(), "max": e.Max(), "baseMax": e.BaseMax(), "list": e.IsList(),
		"modifier": e.IsModifier(), "summary": e.IsSummary(), "mustSupport": e.MustSupport(), "attribute": e.IsAttribute(),
		"slice": e.SliceName(), "maxLength": e.MaxLength(), "choice": e.IsChoice(), "content": e.ContentReference(),
		"conditions": strings.Join(e.Conditions(), " "),
	}
	var types, rules []string
	for x := range e.Types() {
		types = append(types, x.Code+" "+strings.Join(x.Profiles, ",")+" "+strings.Join(x.Targets, ","))
	}
	for c := range e.Constraints() {
		severity := "error"
		if c.Warning {
			severity = "warning"
		}
		rules = append(rules, c.Key+" "+severity+" "+c.Expression)
	}
	m["types"], m["rules"] = types, rules
	if b, ok := e.Binding(); ok {
		m["binding"] = b.Strength.String() + " " + b.ValueSet
	}
	if s, ok := e.Slicing(); ok {
		text := s.Rules
		for _, x := range s.Discriminators {
			text += " " + x.Type + ":" + x.Path
		}
		if s.Ordered {
			text += " ordered"
		}
		m["slicing"] = text
	}
	for name, f := range map[string]func() (Value, bool){"fixed": e.Fixed, "pattern": e.Pattern, "minValue": e.MinValue, "maxValue": e.MaxValue} {
		if v, ok := f(); ok {
			var x any
			_ = json.Unmarshal([]byte(v.JSON), &x)
			m[name] = []any{strings.ToLower(v.Type), x}
		}
	}
	return m
}

// wantElement lists the same facts of an ElementDefinition's JSON.
func wantElement(e map[string]any) map[string]any {
	str := func(v any) string { s, _ := v.(string); return s }
	yes := func(v any) bool { b, _ := v.(bool); return b }
	num := func(v any) int {
		switch v := v.(type) {
		case float64:
			return int(v)
		case string:
			n := 0
			for _, c := range v {
				if c == '*' {
					return -1
				}
				n = n*10 + int(c-'0')
			}
			return n
		}
		return 0
	}
	strs := func(v any) (out []string) {
		list, _ := v.([]any)
		for _, x := range list {
			out = append(out, x.(string))
		}
		return out
	}
	base := e["base"].(map[string]any)
	name := str(e["path"])
	m := map[string]any{
		"path": name, "id": str(e["id"]), "min": num(e["min"]), "max": num(e["max"]), "baseMax": num(base["max"]),
		"list": num(base["max"]) == -1 || num(base["max"]) > 1, "modifier": yes(e["isModifier"]), "summary": yes(e["isSummary"]),
		"mustSupport": yes(e["mustSupport"]), "attribute": slices.Contains(strs(e["representation"]), "xmlAttr"), "slice": str(e["sliceName"]),
		"maxLength": num(e["maxLength"]), "choice": strings.HasSuffix(name, "[x]"), "content": strings.TrimPrefix(str(e["contentReference"]), "#"),
		"conditions": strings.Join(strs(e["condition"]), " "),
	}
	var types, rules []string
	list, _ := e["type"].([]any)
	for _, x := range list {
		typ := x.(map[string]any)
		code := str(typ["code"])
		if system, ok := strings.CutPrefix(code, "http://hl7.org/fhirpath/System."); ok {
			code = strings.ToLower(system[:1]) + system[1:]
			exts, _ := typ["extension"].([]any)
			for _, ext := range exts {
				if v := ext.(map[string]any)["valueUrl"]; v != nil {
					code = v.(string)
				}
			}
			if str(base["path"]) == "Resource.id" {
				code = "id"
			}
		}
		types = append(types, code+" "+strings.Join(strs(typ["profile"]), ",")+" "+strings.Join(strs(typ["targetProfile"]), ","))
	}
	list, _ = e["constraint"].([]any)
	for _, x := range list {
		c := x.(map[string]any)
		rules = append(rules, str(c["key"])+" "+str(c["severity"])+" "+str(c["expression"]))
	}
	m["types"], m["rules"] = types, rules
	if b, ok := e["binding"].(map[string]any); ok {
		m["binding"] = str(b["strength"]) + " " + str(b["valueSet"])
	}
	if s, ok := e["slicing"].(map[string]any); ok {
		text := str(s["rules"])
		list, _ := s["discriminator"].([]any)
		for _, x := range list {
			text += " " + str(x.(map[string]any)["type"]) + ":" + str(x.(map[string]any)["path"])
		}
		if yes(s["ordered"]) {
			text += " ordered"
		}
		m["slicing"] = text
	}
	for key, v := range e {
		for _, prefix := range []string{"fixed", "pattern", "minValue", "maxValue"} {
			if typ, ok := strings.CutPrefix(key, prefix); ok && typ != "" {
				m[prefix] = []any{strings.ToLower(typ), v}
			}
		}
	}
	return m
}

// TestExpansionsAgainstPackage compares the expanded value sets with the
// official expansions.
func TestExpansionsAgainstPackage(t *testing.T) {
	d := R4()
	compared := 0
	eachResource(t, "hl7.fhir.r4.expansions-4.0.1.tgz", func(name string, data []byte) {
		if !bytes.Contains(data, []byte(`"expansion"`)) {
			return
		}
		var vs struct {
			URL       string
			Expansion struct{ Contains []expansionEntry }
		}
		if err := json.Unmarshal(data, &vs); err != nil {
			return
		}
		v, ok := d.ValueSet(vs.URL)
		if !ok {
			return
		}
		compared++
		want := map[[2]string]bool{}
		flatten(vs.Expansion.Contains, want)
		got := map[[2]string]bool{}
		for c := range v.Concepts() {
			got[[2]string{c.System, c.Code}] = true
			if found, ok := v.Lookup(c.System, c.Code); !ok || found != c {
				t.Errorf("%s: %s|%s is listed and not found", vs.URL, c.System, c.Code)
			}
			if _, ok := v.LookupCode(c.Code); !ok {
				t.Errorf("%s: %s is not found by its code", vs.URL, c.Code)
			}
		}
		if len(got) != v.Len() {
			t.Errorf("%s: %d of %d", vs.URL, len(got), v.Len())
		}
		if !reflect.DeepEqual(got, want) {
			for k := range want {
				if !got[k] {
					t.Errorf("%s lacks %v", vs.URL, k)
				}
			}
			for k := range got {
				// The official expansions leave out what is not to be chosen.
				if c, _ := v.Lookup(k[0], k[1]); !want[k] && !c.Abstract && !c.Inactive {
					t.Errorf("%s has %v", vs.URL, k)
				}
			}
		}
		if _, ok := v.Lookup("urn:none", "none"); ok {
			t.Errorf("%s has a code of no system", vs.URL)
		}
	})
	t.Logf("%d value sets of %d compared", compared, d.t.NumSets())
	if compared < 295 {
		t.Errorf("only %d value sets compared", compared)
	}
}

type expansionEntry struct {
	System, Code string
	Abstract     bool
	Contains     []expansionEntry
}

func flatten(list []expansionEntry, into map[[2]string]bool) {
	for _, e := range list {
		if e.Code != "" {
			into[[2]string{e.System, e.Code}] = true
		}
		flatten(e.Contains, into)
	}
}

func TestSearchParametersAgainstPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	want := map[string]string{}
	eachResource(t, corePackage, func(name string, data []byte) {
		if strings.HasPrefix(name, "SearchParameter-") {
			var p struct {
				URL, Code, Type, Expression string
				Base, Target                []string
				Component                   []struct{ Definition, Expression string }
			}
			if err := json.Unmarshal(data, &p); err != nil {
				t.Fatal(err)
			}
			slices.Sort(p.Base)
			text, _ := json.Marshal([]any{p.Code, p.Type, p.Expression, p.Base, p.Target, p.Component})
			want[p.URL] = string(text)
		}
	})
	n := 0
	for p := range R4().SearchParameters() {
		n++
		text, _ := json.Marshal([]any{p.Code, p.Type, p.Expression, p.Bases, p.Targets, p.Components})
		if string(text) != want[p.URL] {
			t.Errorf("%s:\n got %s\nwant %s", p.URL, text, want[p.URL])
		}
	}
	if n != len(want) || n != 1400 {
		t.Errorf("%d of %d search parameters", n, len(want))
	}
}
