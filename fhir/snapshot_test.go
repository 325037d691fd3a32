package fhir

import (
	"errors"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// publishedR4 opens the published R4 package, or skips.
func publishedR4(t *testing.T) *Package {
	t.Helper()
	p, err := OpenPackage(filepath.Join(corpus.Path(t, "fhir"), "packages", "hl7.fhir.r4.core-4.0.1.tgz"), PackageLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// facets lists what an element of a snapshot says that constrains data, as
// texts to compare.
func facets(n Node) []string {
	var out []string
	constraints := []string{}
	for c := range n.Children() {
		switch key := c.Key(); key {
		case "id", "short", "definition", "comment", "requirements", "alias", "mapping", "example", "label", "code", "extension", "isModifierReason", "meaningWhenMissing", "orderMeaning", "path", "condition":
		case "constraint":
			expr := ""
			if x, ok := c.Child("expression"); ok {
				expr = x.Value()
			}
			k, _ := c.Child("key")
			sev, _ := c.Child("severity")
			constraints = append(constraints, k.Value()+" "+sev.Value()+" "+expr)
		case "binding":
			s, vs := "", ""
			if x, ok := c.Child("strength"); ok {
				s = x.Value()
			}
			if x, ok := c.Child("valueSet"); ok {
				vs = x.Value()
			}
			out = append(out, "binding "+s+" "+vs)
		case "slicing":
			text := "slicing"
			for x := range c.Children() {
				if x.Name() != "description" && !(x.Name() == "ordered" && x.Value() == "false") {
					text += " " + string(x.AppendJSON(nil, Canonical))
				}
			}
			out = append(out, text)
		case "mustSupport", "isModifier", "isSummary":
			if c.Value() == "true" {
				out = append(out, key)
			}
		case "type":
			text := "type"
			for x := range c.Children() {
				if x.Name() != "extension" {
					text += " " + string(x.AppendJSON(nil, Canonical))
				}
			}
			out = append(out, text)
		default:
			out = append(out, key+" "+string(c.AppendJSON(nil, Canonical)))
		}
	}
	sort.Strings(constraints)
	out = append(out, slices.Compact(constraints)...)
	sort.Strings(out)
	return out
}

// compareSnapshots returns the differences of two snapshots, by element id.
func compareSnapshots(got, want *Tree) []string {
	read := func(t *Tree) (ids []string, byID map[string][]string) {
		byID = make(map[string][]string)
		snap, _ := t.Root().Child("snapshot")
		for e := range snap.Named("element") {
			id, _ := e.Child("id")
			ids = append(ids, id.Value())
			byID[id.Value()] = facets(e)
		}
		return ids, byID
	}
	gotIDs, gotFacets := read(got)
	wantIDs, wantFacets := read(want)
	var out []string
	for _, id := range wantIDs {
		g, ok := gotFacets[id]
		if !ok {
			out = append(out, id+": missing")
			continue
		}
		for _, f := range wantFacets[id] {
			if !slices.Contains(g, f) {
				out = append(out, id+": lacks "+f)
			}
		}
		for _, f := range g {
			if !slices.Contains(wantFacets[id], f) {
				out = append(out, id+": has "+f)
			}
		}
	}
	for _, id := range gotIDs {
		if _, ok := wantFacets[id]; !ok {
			out = append(out, id+": not in the published one")
		}
	}
	if len(out) == 0 && !slices.Equal(gotIDs, wantIDs) {
		out = append(out, "the order of the elements differs")
	}
	return out
}

// unequal names the published snapshots that a regenerated one need not equal,
// and why.
var unequal = map[string]string{
	"Definition":                    "has no differential",
	"Event":                         "has no differential",
	"FiveWs":                        "has no differential",
	"Request":                       "has no differential",
	"MetadataResource":              "gives its root element the cardinality 1..1, against every other type",
	"code":                          "loses the maxLength of string, which it specialises",
	"id":                            "loses the maxLength of string, which it specialises",
	"markdown":                      "loses the maxLength of string, which it specialises",
	"positiveInt":                   "loses the bounds of integer, which it specialises",
	"unsignedInt":                   "loses the bounds of integer, which it specialises",
	"bp":                            "writes valueQuantity within a slice as value[x] without its slicing",
	"catalog":                       "loses Composition.date",
	"clinicaldocument":              "lets an extension repeat that its definition does not",
	"elementdefinition-de":          "expands an extension that its differential does not go into",
	"familymemberhistory-genetic":   "loses four elements of the base",
	"provenance-relevant-history":   "gives a slice a binding that its differential replaces on the sliced element",
	"structuredefinition-json-type": "loses the type of Extension.id and the constraints of Extension.extension",
	"structuredefinition-rdf-type":  "loses the type of Extension.id and the constraints of Extension.extension",
	"structuredefinition-xml-type":  "loses the type of Extension.id and the constraints of Extension.extension",
}

// TestSnapshotsOfR4 generates every structure of R4 anew from its differential
// and compares it with the published snapshot.
func TestSnapshotsOfR4(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	l := NewLibrary(publishedR4(t))
	total, excused := 0, 0
	for _, url := range l.Canonicals("StructureDefinition") {
		want, err := l.Resource(url)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := want.Root().Child("snapshot"); !ok {
			continue
		}
		total++
		name := path.Base(url)
		diff, err := regenerate(l, want)
		if err != nil {
			diff = []string{err.Error()}
		}
		switch reason := unequal[name]; {
		case reason != "" && len(diff) == 0:
			t.Errorf("%s is equal; the published one was said to be unequal: %s", name, reason)
		case reason != "":
			excused++
		case len(diff) > 0:
			t.Errorf("%s: %d differences, such as %s", name, len(diff), diff[0])
		}
	}
	if total != 656 || excused != len(unequal) {
		t.Errorf("%d published snapshots, want 656; %d unequal, want %d", total, excused, len(unequal))
	}
}

// regenerate returns how a snapshot generated anew differs from the published.
func regenerate(l *Library, published *Tree) ([]string, error) {
	s, err := l.SnapshotOf(published)
	if err != nil {
		return nil, err
	}
	got, err := Parse(s.JSON(), In(JSON))
	if err != nil {
		return nil, err
	}
	return compareSnapshots(got, published), nil
}

// TestSnapshotsOfUKCore generates all of UK Core, which publishes differentials
// only, on the embedded definitions.
func TestSnapshotsOfUKCore(t *testing.T) {
	p, err := OpenPackage(filepath.Join(corpus.Path(t, "fhir"), "ukcore"), PackageLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if faults := p.Faults(); len(faults) > 0 {
		t.Errorf("faults: %v", faults)
	}
	l := NewLibrary(p)
	urls := l.Canonicals("StructureDefinition")
	if len(urls) != 153 {
		t.Errorf("%d structures, want 153", len(urls))
	}
	for _, url := range urls {
		s, err := l.Snapshot(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		for _, i := range s.Issues {
			if i.Severity <= Error {
				t.Errorf("%s: %s", path.Base(url), i)
			}
		}
		if _, err := Parse(s.JSON(), In(JSON), Strict()); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// profile parses a small StructureDefinition of a constraint on a type.
func profile(t *testing.T, typ, elements string) *Tree {
	t.Helper()
	tree, err := Parse([]byte(`{"resourceType":"StructureDefinition","url":"http://example.org/p","name":"P","status":"draft","kind":"resource","abstract":false,"type":"` +
		typ + `","baseDefinition":"http://hl7.org/fhir/StructureDefinition/` + typ + `","derivation":"constraint","differential":{"element":[` + elements + `]}}`))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// outlineOf lists the elements of a snapshot whose id begins with a prefix, as
// "id min..max types".
func outlineOf(t *testing.T, s *Snapshot, prefix string) []string {
	t.Helper()
	tree, err := Parse(s.JSON())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	list, _ := tree.Root().Child("snapshot")
	for e := range list.Named("element") {
		value := func(name string) string {
			n, ok := e.Child(name)
			if !ok {
				return ""
			}
			return n.Value()
		}
		id := value("id")
		if !strings.HasPrefix(id, prefix) || strings.HasSuffix(id, ".id") || strings.HasSuffix(id, "xtension") {
			continue
		}
		line := id + " " + value("min") + ".." + value("max")
		for x := range e.Named("type") {
			code, _ := x.Child("code")
			line += " " + code.Value()
		}
		out = append(out, line)
	}
	return out
}

func TestSnapshotRules(t *testing.T) {
	for _, c := range []struct {
		name, typ, elements, prefix string
		want                        []string
	}{
		{"a slice need not occur unless it says so", "Patient",
			`{"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"},"min":1},
			 {"id":"Patient.identifier:a","path":"Patient.identifier","sliceName":"a","max":"1"}`,
			"Patient.identifier", []string{"Patient.identifier 1..* Identifier", "Patient.identifier:a 0..1 Identifier"}},
		{"a slice of a slice", "Patient",
			`{"path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
			 {"path":"Patient.identifier","sliceName":"a","max":"3"},
			 {"path":"Patient.identifier","sliceName":"b"},
			 {"path":"Patient.identifier","sliceName":"a/x","min":1}`,
			"Patient.identifier", []string{"Patient.identifier 0..* Identifier", "Patient.identifier:a 0..3 Identifier", "Patient.identifier:a/x 1..3 Identifier", "Patient.identifier:b 0..* Identifier"}},
		{"a choice by the name of its type", "Observation",
			`{"path":"Observation.valueQuantity","min":1}`,
			"Observation.value", []string{"Observation.value[x] 0..1 Quantity", "Observation.value[x]:valueQuantity 1..1 Quantity"}},
		{"an element forbidden", "Patient", `{"path":"Patient.photo","max":"0"}`, "Patient.photo", []string{"Patient.photo 0..0 Attachment"}},
		{"into a content reference", "Observation",
			`{"path":"Observation.component.referenceRange.text","min":1}`,
			"Observation.component.referenceRange", []string{
				"Observation.component.referenceRange 0..* BackboneElement", "Observation.component.referenceRange.low 0..1 Quantity", "Observation.component.referenceRange.high 0..1 Quantity",
				"Observation.component.referenceRange.type 0..1 CodeableConcept", "Observation.component.referenceRange.appliesTo 0..* CodeableConcept", "Observation.component.referenceRange.age 0..1 Range",
				"Observation.component.referenceRange.text 1..1 string"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := NewLibrary().SnapshotOf(profile(t, c.typ, c.elements))
			if err != nil {
				t.Fatal(err)
			}
			if got := outlineOf(t, s, c.prefix); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestSnapshotWarnings(t *testing.T) {
	for _, c := range []struct {
		name, elements string
		severity       Severity
		want           string
	}{
		{"min lowered", `{"path":"Patient.link.other","min":0}`, Warning, "min 0 is less than the 1"},
		{"max raised", `{"path":"Patient.gender","max":"*"}`, Warning, "max * is more than the 1"},
		{"unknown element", `{"path":"Patient.colour","min":1}`, Error, "no element colour"},
		{"type outside", `{"path":"Patient.gender","type":[{"code":"Quantity"}]}`, Warning, "type Quantity is none of those"},
		{"slice without slicing", `{"path":"Patient.name","sliceName":"official"}`, Warning, "without slicing"},
		{"twice", `{"path":"Patient.name","min":1},{"path":"Patient.name","min":1}`, Error, "defined twice"},
		{"another type", `{"path":"Person.name","min":1},{"path":"Patient.name","min":1}`, Error, "does not begin with Person"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := NewLibrary().SnapshotOf(profile(t, "Patient", c.elements))
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range s.Issues {
				if i.Severity == c.severity && strings.Contains(i.Text, c.want) && i.Line > 0 && i.Offset > 0 {
					return
				}
			}
			t.Errorf("issues %v, want a located %s with %q", s.Issues, c.severity, c.want)
		})
	}
}

func TestSnapshotErrors(t *testing.T) {
	l := NewLibrary()
	if _, err := l.Snapshot("http://example.org/none"); !errors.Is(err, ErrNoDefinition) {
		t.Errorf("unknown canonical: %v", err)
	}
	tree, err := Parse([]byte(`{"resourceType":"StructureDefinition","url":"http://example.org/p","type":"Patient","baseDefinition":"http://example.org/none","derivation":"constraint"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.SnapshotOf(tree); !errors.Is(err, ErrNoDefinition) {
		t.Errorf("unknown base: %v", err)
	}
	loop := fstest.MapFS{}
	for _, pair := range [][2]string{{"a", "b"}, {"b", "a"}} {
		loop[pair[0]+".json"] = &fstest.MapFile{Data: []byte(`{"resourceType":"StructureDefinition","url":"http://example.org/` + pair[0] +
			`","type":"Patient","baseDefinition":"http://example.org/` + pair[1] + `","derivation":"constraint"}`)}
	}
	p, err := PackageFS("loop", loop, PackageLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewLibrary(p).Snapshot("http://example.org/a"); err == nil || !strings.Contains(err.Error(), "defined by itself") {
		t.Errorf("a loop of definitions: %v", err)
	}
}

// definitionOf makes a StructureDefinition as JSON, with the lists of elements
// given.
func definitionOf(url, typ, base, derivation, lists string) string {
	return `{"resourceType":"StructureDefinition","url":"` + url + `","name":"x","status":"active","kind":"resource","abstract":false,"type":"` +
		typ + `","baseDefinition":"` + base + `","derivation":"` + derivation + `",` + lists + `}`
}

func differential(elements ...string) string {
	return `"differential":{"element":[` + strings.Join(elements, ",") + `]}`
}

func published(elements ...string) string {
	return `"snapshot":{"element":[` + strings.Join(elements, ",") + `]}`
}

// libraryOf is a library of definitions as JSON.
func libraryOf(t testing.TB, definitions ...string) *Library {
	t.Helper()
	files := fstest.MapFS{}
	for i, d := range definitions {
		files[strconv.Itoa(i)+".json"] = &fstest.MapFile{Data: []byte(d)}
	}
	p, err := PackageFS("test", files, PackageLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return NewLibrary(p)
}

const patientURL = "http://hl7.org/fhir/StructureDefinition/Patient"

// badDifferentials contradict themselves or what they are laid over.
var badDifferentials = []string{
	differential(), differential(`{}`), `"differential":{}`, differential(`{"path":""}`), differential(`{"path":"."}`), differential(`{"path":"Patient..x"}`),
	differential(`{"path":"Patient","min":0}`), differential(`{"path":"Patient","sliceName":"x"}`),
	differential(`{"path":"Patient.name","min":1}`), differential(`{"path":"Patient.name","sliceName":"a"}`, `{"path":"Patient.name.given"}`),
	differential(`{"path":"Patient.name.given","sliceName":"q"}`), differential(`{"path":"Patient.name.given.id"}`),
	differential(`{"path":"Patient.valueString"}`), differential(`{"path":"Patient.nameString","sliceName":"a/b"}`),
	differential(`{"path":"Patient.contact","type":[{"code":"BackboneElement","profile":["urn:x:derived"]}]}`, `{"path":"Patient.contact.name.given.id"}`),
	differential(`{"path":"Patient.contact","type":[{"code":"BackboneElement","profile":["urn:x:partial"]}]}`, `{"path":"Patient.contact.name"}`),
	differential(`{"path":"Patient.name","type":[{}]}`, `{"path":"Patient.name.given"}`, `{"path":"Patient.contact","type":"x"}`, `{"path":"Patient.contact.name"}`),
	differential(`{"path":"Patient.gender","fixedCode":null,"binding":null,"constraint":[{},null,3],"slicing":{},"min":-4,"max":"x"}`),
	differential(`{"path":"Patient.link","contentReference":"#Patient.link"}`, `{"path":"Patient.link.link.link.other"}`),
	differential(`{"path":"Patient.name","x\"y":1,"z":[1,[2]],"w":{"a":[]},"v":[]}`),
	differential(`{"path":"Patient.name","short":"a","short":"b","":1,"":2,"fixedCode":"a","fixedCode":"b"}`),
	differential(`{"path":"Patient` + strings.Repeat(".a", 100) + `"}`), differential(`{"path":"Patient.` + strings.Repeat("a", 2000) + `"}`),
}

// badBases are what the differentials are laid over: snapshots that skip
// elements, R4's, nothing, the profile itself, and one that is derived from it.
var badBases = []string{"urn:x:partial", "urn:x:choice", patientURL, "", "urn:x:profile", "urn:x:none", "urn:x:derived"}

func badLibrary(t testing.TB, base, derivation, diff string) *Library {
	return libraryOf(t, definitionOf("urn:x:profile", "Patient", base, derivation, diff),
		definitionOf("urn:x:partial", "Patient", patientURL, "constraint", published(`{"path":"Patient.name.given"}`)),
		definitionOf("urn:x:choice", "Patient", "", "constraint", published(`{"path":"Patient"}`, `{"path":"Patient.value[x].id"}`, `{"path":"Patient.x","contentReference":"#Patient.x"}`)),
		definitionOf("urn:x:derived", "Patient", "urn:x:profile", derivation, differential(`{"path":"Patient.value[x]","type":[{"code":"Patient","profile":["urn:x:profile"]}]}`)))
}

// TestBadDifferentials lays each bad differential over each base: the outcome
// is an error or a definition that can be read.
func TestBadDifferentials(t *testing.T) {
	for _, diff := range badDifferentials {
		for _, base := range badBases {
			for _, derivation := range []string{"constraint", "specialization"} {
				l := badLibrary(t, base, derivation, diff)
				for _, url := range []string{"urn:x:profile", "urn:x:derived"} {
					s, err := l.Snapshot(url)
					if err != nil {
						continue
					}
					if _, err := Parse(s.JSON()); err != nil {
						t.Errorf("%s over %q: %v", diff, base, err)
					}
				}
			}
		}
	}
}

func FuzzSnapshot(f *testing.F) {
	for i, diff := range badDifferentials {
		f.Add(diff, uint8(i))
	}
	f.Fuzz(func(t *testing.T, diff string, base uint8) {
		tree, err := Parse([]byte(definitionOf("urn:x:fuzz", "Patient", badBases[int(base)%len(badBases)], "constraint", diff)), In(JSON))
		if err != nil {
			return
		}
		s, err := badLibrary(t, patientURL, "constraint", differential(`{"path":"Patient.name","min":1}`)).SnapshotOf(tree)
		if err != nil {
			return
		}
		if _, err := Parse(s.JSON()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSnapshotThatGrowsWithoutEnd has profiles that hold the one before ten
// times each.
func TestSnapshotThatGrowsWithoutEnd(t *testing.T) {
	const extension = "http://hl7.org/fhir/StructureDefinition/Extension"
	var files []string
	profile := extension
	for i := range 5 {
		var elements []string
		for k := range 10 {
			elements = append(elements, `{"path":"Extension.extension","sliceName":"s`+strconv.Itoa(k)+`","type":[{"code":"Extension","profile":["`+profile+`"]}]}`,
				`{"path":"Extension.extension.id","min":0}`)
		}
		profile = "urn:x:e" + strconv.Itoa(i)
		files = append(files, definitionOf(profile, "Extension", extension, "constraint", differential(elements...)))
	}
	s, err := libraryOf(t, files...).Snapshot(profile)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Issues) == 0 || !strings.Contains(s.Issues[0].Text, "more than 50000 elements") || len(s.JSON()) > 64<<20 {
		t.Errorf("%d bytes, %v", len(s.JSON()), s.Issues)
	}
}

// TestSnapshotVersions asks for versions of definitions that are there in
// another one: that is no answer.
func TestSnapshotVersions(t *testing.T) {
	l := libraryOf(t, strings.Replace(definitionOf("urn:x:a", "Patient", patientURL, "constraint", differential(`{"path":"Patient","min":0}`)), `"name"`, `"version":"1.2.0","name"`, 1),
		definitionOf("urn:x:old", "Patient", patientURL+"|3.0.2", "constraint", differential(`{"path":"Patient","min":0}`)),
		definitionOf("urn:x:new", "Patient", patientURL+"|4.0", "constraint", differential(`{"path":"Patient","min":0}`)))
	for canonical, want := range map[string]string{
		patientURL: "", patientURL + "|4.0.1": "", patientURL + "|4.0": "", patientURL + "|4": "", patientURL + "|": "",
		patientURL + "|3.0.2": "4.0.1", patientURL + "|5.0.0": "4.0.1", patientURL + "|4.0.10": "4.0.1",
		"urn:x:a": "", "urn:x:a|1.2": "", "urn:x:a|2.0.0": "1.2.0", "urn:x:new": "", "urn:x:old": "4.0.1",
	} {
		_, err := l.Snapshot(canonical)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", canonical, err)
		case want != "" && (!errors.Is(err, ErrNoDefinition) || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want an error that names %s", canonical, err, want)
		}
	}
}

// TestLibraryLimits crosses each limit of a library with one below the default.
func TestLibraryLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits LibraryLimits
		diff   string
		want   string
	}{
		{"elements", LibraryLimits{Elements: 50}, differential(`{"path":"Patient.name.given","min":1}`, `{"path":"Patient.telecom.value","min":1}`), "more than 50 elements"},
		{"steps", LibraryLimits{Steps: 3}, differential(`{"path":"Patient.name.period.start","min":1}`), "more than 3 steps"},
		{"path", LibraryLimits{Path: 20}, differential(`{"path":"Patient.maritalStatus.text","min":1}`), "more than 64 steps or 20 bytes"},
		{"expansion", LibraryLimits{Expansion: 2}, differential(`{"path":"Patient.name.period.start","min":1}`), "deeper than 2"},
	} {
		definition := definitionOf("urn:x:a", "Patient", patientURL, "constraint", c.diff)
		for _, limits := range []LibraryLimits{{}, {Elements: -1, Steps: -1, Path: -1, Expansion: -1}, c.limits} {
			l := libraryOf(t, definition)
			l.Limits = limits
			s, err := l.Snapshot("urn:x:a")
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			crossed := slices.ContainsFunc(s.Issues, func(i Issue) bool { return i.Severity == Error && strings.Contains(i.Text, c.want) })
			if crossed != (limits == c.limits) {
				t.Errorf("%s with %+v: %v", c.name, limits, s.Issues)
			}
		}
	}
}
