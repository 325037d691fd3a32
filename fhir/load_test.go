package fhir

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// TestDefinitionsOfTheCorePackage loads the published R4 package at run time:
// what the embedded table tells, the new one tells too. Only the profiles that
// R4 publishes without a snapshot, and the table thus leaves out, are added.
func TestDefinitionsOfTheCorePackage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	d, left, err := NewLibrary(publishedR4(t)).Definitions()
	if err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	if d.Version() != "4.0.1" {
		t.Errorf("version %q", d.Version())
	}
	want, got := R4().base(), d.base()
	structures := map[string]facts.Structure{}
	for _, s := range got.Structures {
		structures[s.URL] = s
	}
	for _, s := range want.Structures {
		if !reflect.DeepEqual(structures[s.URL], s) {
			t.Errorf("%s differs", s.URL)
		}
		delete(structures, s.URL)
	}
	added := slices.Sorted(maps.Keys(structures))
	if want := []string{
		"http://hl7.org/fhir/StructureDefinition/example-composition",
		"http://hl7.org/fhir/StructureDefinition/example-section-library",
	}; !slices.Equal(added, want) {
		t.Errorf("added %q", added)
	}
	if !reflect.DeepEqual(got.Systems, want.Systems) || !reflect.DeepEqual(got.Sets, want.Sets) || !reflect.DeepEqual(got.Params, want.Params) {
		t.Error("code systems, value sets or search parameters differ")
	}
}

// TestDefinitionsOfR4Again makes a table of what the embedded one tells of
// itself.
func TestDefinitionsOfR4Again(t *testing.T) {
	d, left, err := NewLibrary().Definitions()
	if err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	if d.t != R4().t {
		t.Error("the table differs from the embedded one")
	}
}

func TestDefinitionsOfUKCore(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	p, err := OpenPackage(filepath.Join(corpus.Path(t, "fhir"), "ukcore"), PackageLimits{})
	if err != nil {
		t.Fatal(err)
	}
	d, left, err := NewLibrary(p).Definitions()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range left {
		t.Errorf("left out: %v", err)
	}
	s, ok := d.Structure("https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient")
	if !ok || !s.IsProfile() || s.TypeName() != "Patient" {
		t.Fatal("no UKCore-Patient")
	}
	found := false
	for e := range s.Elements() {
		if e.ID() == "Patient.identifier:nhsNumber.system" {
			v, ok := e.Fixed()
			found = ok && v.JSON == `"https://fhir.nhs.uk/Id/nhs-number"` && e.Min() == 1
		}
	}
	if !found {
		t.Error("the NHS number's system is not fixed")
	}
	if vs, ok := d.ValueSet("https://fhir.hl7.org.uk/ValueSet/UKCore-EthnicCategory"); !ok || vs.Len() < 10 {
		t.Error("the ethnic categories are not expanded")
	}
	if _, ok := d.ValueSet("http://hl7.org/fhir/ValueSet/administrative-gender"); !ok {
		t.Error("the value sets of R4 are gone")
	}
	tree, err := Parse([]byte(`{"resourceType":"Patient","gender":"female"}`), With(d), Strict())
	if err != nil || tree.Root().Type().Name() != "Patient" {
		t.Errorf("reading by the new table: %v", err)
	}
}

// TestMalformedDefinitions has good definitions beside bad ones: the bad are
// left out and named, the good stay.
func TestMalformedDefinitions(t *testing.T) {
	const (
		element = "http://hl7.org/fhir/StructureDefinition/Element"
		root    = `{"path":"Foo","min":0,"max":"*"}`
	)
	good := definitionOf("urn:x:good", "Patient", patientURL, "constraint", differential(`{"path":"Patient.name","min":1}`))
	many := []string{root}
	for i := range 129 {
		many = append(many, `{"path":"Foo.a`+strconv.Itoa(i)+`","min":0,"max":"1","type":[{"code":"string"}]}`)
	}
	for name, bad := range map[string]string{
		"min of another kind":   definitionOf("urn:x:bad", "Patient", patientURL, "constraint", published(`{"path":"Patient","min":"x"}`)),
		"negative min":          definitionOf("urn:x:bad", "Patient", patientURL, "constraint", published(`{"path":"Patient","min":-5,"max":"1"}`)),
		"max that is no number": definitionOf("urn:x:bad", "Patient", patientURL, "constraint", published(`{"path":"Patient","min":0,"max":"x"}`)),
		"no parent":             definitionOf("urn:x:bad", "Patient", patientURL, "constraint", published(`{"path":"Patient","min":0,"max":"*"}`, `{"path":"Zork.a","min":0,"max":"1"}`)),
		"unknown type":          definitionOf("urn:x:bad", "Foo", element, "specialization", published(root, `{"path":"Foo.a","min":0,"max":"1","type":[{"code":"Zork"}]}`)),
		"choice without a type": definitionOf("urn:x:bad", "Foo", element, "specialization", published(root, `{"path":"Foo.a[x]","min":0,"max":"1","type":[{}]}`)),
		"many elements":         definitionOf("urn:x:bad", "Foo", element, "specialization", published(many...)),
		"code system":           `{"resourceType":"CodeSystem","url":"urn:x:bad","status":"active","content":"complete","concept":3}`,
		"value set":             `{"resourceType":"ValueSet","url":"urn:x:bad","status":"active","compose":{"include":{"system":"urn:x"}}}`,
		"search parameter":      `{"resourceType":"SearchParameter","url":"urn:x:bad","status":"active","base":"Patient"}`,
	} {
		t.Run(name, func(t *testing.T) {
			d, left, err := libraryOf(t, bad, good).Definitions()
			if err != nil {
				t.Fatal(err)
			}
			if name != "choice without a type" && (len(left) != 1 || !strings.Contains(left[0].Error(), "urn:x:bad")) {
				t.Errorf("left out %v", left)
			}
			if _, ok := d.Structure("urn:x:good"); !ok {
				t.Error("the good profile is gone")
			}
			if _, ok := d.Structure(patientURL); !ok {
				t.Error("R4 is gone")
			}
		})
	}
}

// TestClausesNameTheRelease reads by types that call themselves those of R5.
func TestClausesNameTheRelease(t *testing.T) {
	element := definitionOf("http://hl7.org/fhir/StructureDefinition/Element", "Element", "", "specialization",
		`"version":"5.0.0","fhirVersion":"5.0.0",`+published(`{"path":"Element","min":0,"max":"*"}`))
	patient := definitionOf(patientURL, "Patient", "", "specialization", published(`{"path":"Patient","min":0,"max":"*"}`))
	d, left, err := libraryOf(t, element, patient).Definitions()
	if err != nil || len(left) > 0 || d.Version() != "5.0.0" {
		t.Fatal(left, err)
	}
	for _, c := range []struct {
		defs *Definitions
		want string
	}{{d, "FHIR R5 elementdefinition.html"}, {R4(), "FHIR R4 elementdefinition.html"}} {
		tree, err := Parse([]byte(`{"resourceType":"Patient","zork":1}`), With(c.defs))
		if err != nil || len(tree.Issues()) != 1 || tree.Issues()[0].Clause != c.want {
			t.Errorf("%v %v, want %s", tree.Issues(), err, c.want)
		}
	}
}
