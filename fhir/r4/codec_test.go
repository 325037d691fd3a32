package r4

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir"
)

func TestPrimitivesWithExtensions(t *testing.T) {
	const in = `{"resourceType":"Patient","_gender":{"extension":[{"url":"http://example.org/a","valueCode":"x"}]},"name":[{"given":["Ann",null,"B"],"_given":[null,{"id":"g"},null]}],"birthDate":"1941","_birthDate":{"id":"b"},"_deceasedDateTime":{"extension":[{"url":"http://example.org/u","valueString":"y"}]}}`
	var p Patient
	if err := Unmarshal([]byte(in), &p); err != nil {
		t.Fatal(err)
	}
	if p.Gender != "" || len(FindCompanion(p.Companions, "gender", 0).Extension) != 1 || FindCompanion(p.Companions, "birthDate", 0).ID != "b" {
		t.Errorf("companions %d", len(p.Companions))
	}
	if got := p.Name[0]; len(got.Given) != 3 || got.Given[1] != "" || FindCompanion(got.Companions, "given", 1).ID != "g" {
		t.Errorf("given names %d", len(got.Given))
	}
	if e, ok := As[Empty](p.Deceased); !ok || e.Type != "dateTime" {
		t.Errorf("deceased %T", p.Deceased)
	}
	out, err := Marshal(&p)
	if err != nil {
		t.Fatal(err)
	}
	canonical := func(data []byte) string {
		tree, err := fhir.Parse(data, fhir.Strict())
		if err != nil {
			t.Fatal(err)
		}
		return string(tree.AppendJSON(nil, fhir.Canonical))
	}
	if canonical(out) != canonical([]byte(in)) {
		t.Errorf("got %s", out)
	}
}

// TestEveryPrimitiveOfAChoice writes and reads a value of each primitive type.
func TestEveryPrimitiveOfAChoice(t *testing.T) {
	for typ, text := range map[string]string{
		"Base64Binary": `"aGk="`, "Boolean": `true`, "Canonical": `"http://a|1"`, "Code": `"a"`, "Date": `"2026-11"`, "DateTime": `"2026-11-02T15:40:00Z"`,
		"Decimal": `1.50`, "Id": `"a"`, "Instant": `"2026-11-02T15:40:00.1Z"`, "Integer": `-3`, "Markdown": `"*a*"`, "Oid": `"urn:oid:1.2"`,
		"PositiveInt": `3`, "String": `"a"`, "Time": `"15:40:00"`, "UnsignedInt": `0`, "Uri": `"a:b"`, "Url": `"http://a"`, "Uuid": `"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"`,
	} {
		in := fmt.Sprintf(`{"url":"http://example.org/a","value%s":%s}`, typ, text)
		var e Extension
		if err := Unmarshal([]byte(in), &e); err != nil {
			t.Errorf("%s: %v", typ, err)
			continue
		}
		out, err := Marshal(&e)
		if err != nil || string(out) != in {
			t.Errorf("%s: %s, %v; want %s", typ, out, err, in)
		}
	}
}

func TestNothingPersonalIsPrinted(t *testing.T) {
	p := Patient{Name: []HumanName{{Family: "Thistlewood"}}, Identifier: []Identifier{{Value: "9990042101"}}}
	d := CapabilityStatement{Format: []string{"Thistlewood"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		for _, v := range []any{p, &p, p.Name, p.Name[0], []Resource{&p}, p.Identifier} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, "Thistle") || strings.Contains(s, "999") || strings.Contains(s, "5468") {
				t.Errorf("%s of %T shows %s", verb, v, s)
			}
		}
		if s := fmt.Sprintf(verb, d); verb != "%d" && strings.Contains(s, "Thistle") {
			t.Errorf("%s shows %s", verb, s)
		}
	}
}

func TestEncodingJSON(t *testing.T) {
	type envelope struct {
		Patient *Patient `json:"patient"`
	}
	var e envelope
	if err := json.Unmarshal([]byte(`{"patient":{"resourceType":"Patient","id":"p1"}}`), &e); err != nil || e.Patient.ID != "p1" {
		t.Fatalf("%v", err)
	}
	out, err := json.Marshal(e)
	if err != nil || string(out) != `{"patient":{"resourceType":"Patient","id":"p1"}}` {
		t.Errorf("%s, %v", out, err)
	}
	// Values that are no pointers are FHIR JSON, too.
	out, err = json.Marshal([]Patient{{ID: "p1"}})
	if err != nil || string(out) != `[{"resourceType":"Patient","id":"p1"}]` {
		t.Errorf("%s, %v", out, err)
	}
}

// TestEncodingJSONOfParts writes and reads data types and elements by
// encoding/json, as values, pointers and items.
func TestEncodingJSONOfParts(t *testing.T) {
	name := HumanName{Family: "A", Given: []string{"B", ""}, Companions: Companions{{Element: "given", Index: 1, ID: "x"}}}
	value, err := fhir.ParseDecimal("1.50")
	if err != nil {
		t.Fatal(err)
	}
	quantity := Quantity{Value: value, Unit: "mg"}
	contact := PatientContact{Gender: "female", Name: &name}
	const nameJSON, quantityJSON = `{"family":"A","given":["B",null],"_given":[null,{"id":"x"}]}`, `{"value":1.50,"unit":"mg"}`
	const contactJSON = `{"name":` + nameJSON + `,"gender":"female"}`
	for _, c := range []struct {
		in   any
		want string
	}{
		{name, nameJSON}, {&name, nameJSON}, {map[string]HumanName{"a": name}, `{"a":` + nameJSON + `}`}, {[]HumanName{name}, `[` + nameJSON + `]`},
		{quantity, quantityJSON}, {&contact, contactJSON}, {[]PatientContact{contact}, `[` + contactJSON + `]`},
		{&BundleEntry{FullUrl: "urn:a"}, `{"fullUrl":"urn:a"}`},
	} {
		out, err := json.Marshal(c.in)
		if err != nil || string(out) != c.want {
			t.Errorf("%T: %s, %v; want %s", c.in, out, err, c.want)
		}
	}
	if out, err := json.Marshal(contact); err == nil {
		t.Errorf("an element by its value: %s", out)
	}
	var back PatientContact
	if err := json.Unmarshal([]byte(contactJSON), &back); err != nil || back.Name.Family != "A" || FindCompanion(back.Name.Companions, "given", 1).ID != "x" {
		t.Errorf("%v", err)
	}
	if err := json.Unmarshal([]byte(`{"Family":"A"}`), &name); err == nil {
		t.Error("a name of Go was read")
	}
	// Every struct finds its type.
	for typ := range fhir.R4().Types() {
		if strings.Contains(typ.Name(), ".") && typ.Kind() == fhir.KindBackbone {
			continue
		}
		if v := newValue(typ.Name()); v != nil {
			if out, err := json.Marshal(v); err != nil || string(out) != "{}" {
				t.Errorf("%s: %s, %v", typ.Name(), out, err)
			}
		}
	}
}

// TestNull reads null as encoding/json has it: nothing changes.
func TestNull(t *testing.T) {
	v := struct {
		Patient Patient
		Name    HumanName
		Pointer *Patient
	}{Patient{ID: "a"}, HumanName{Text: "b"}, &Patient{}}
	if err := json.Unmarshal([]byte(`{"Patient":null,"Name":null,"Pointer":null}`), &v); err != nil || v.Patient.ID != "a" || v.Name.Text != "b" || v.Pointer != nil {
		t.Errorf("%v", err)
	}
	if err := Unmarshal([]byte("null"), &v.Patient); err == nil {
		t.Error("null is no patient")
	}
}

// TestCompanionsWithoutPrimitives writes structs whose companions belong to
// nothing.
func TestCompanionsWithoutPrimitives(t *testing.T) {
	of := func(c ...Companion) Companions { return c }
	for name, v := range map[string]any{
		"unknown element":     &Patient{Companions: of(Companion{Element: "colour", ID: "a"})},
		"no primitive":        &Patient{Companions: of(Companion{Element: "name", ID: "a"})},
		"resource":            &Patient{Companions: of(Companion{Element: "contained", ID: "a"})},
		"negative index":      &Patient{Companions: of(Companion{Element: "gender", Index: -1, ID: "a"})},
		"index of no list":    &Patient{Gender: "male", Companions: of(Companion{Element: "gender", Index: 1, ID: "a"})},
		"index behind a list": &HumanName{Given: []string{"A"}, Companions: of(Companion{Element: "given", Index: 2, ID: "a"})},
		"huge index":          &HumanName{Companions: of(Companion{Element: "given", Index: 1 << 30, ID: "a"})},
		"twice":               &Patient{Companions: of(Companion{Element: "gender", ID: "a"}, Companion{Element: "gender", ID: "b"})},
		"choice without one":  &Patient{Companions: of(Companion{Element: "deceased", ID: "a"})},
		"choice of a struct":  &Extension{URL: "u", Value: &Quantity{Unit: "mg"}, Companions: of(Companion{Element: "value", ID: "a"})},
		"deep inside":         &Patient{Name: []HumanName{{Companions: of(Companion{Element: "x", ID: "a"})}}},
	} {
		if out, err := Marshal(v); err == nil {
			t.Errorf("%s: %s", name, out)
		}
	}
	for want, v := range map[string]any{
		`{"given":["A"],"_given":[{"id":"a"}]}`:                                           &HumanName{Given: []string{"A"}, Companions: of(Companion{Element: "given", ID: "a"})},
		`{"_given":[{"id":"a"},{"id":"b"}]}`:                                              &HumanName{Companions: of(Companion{Element: "given", Index: 1, ID: "b"}, Companion{Element: "given", ID: "a"})},
		`{"resourceType":"Patient","_deceasedBoolean":{"id":"a"}}`:                        &Patient{Deceased: Empty{"boolean"}, Companions: of(Companion{Element: "deceased", ID: "a"})},
		`{"resourceType":"Patient","deceasedBoolean":true,"_deceasedBoolean":{"id":"a"}}`: &Patient{Deceased: Boolean(true), Companions: of(Companion{Element: "deceased", ID: "a"})},
	} {
		if out, err := Marshal(v); err != nil || string(out) != want {
			t.Errorf("%s, %v; want %s", out, err, want)
		}
	}
}

// TestNothingIsLost decodes trees that were not read strictly and hold what a
// struct cannot: an error says so.
func TestNothingIsLost(t *testing.T) {
	for _, in := range []string{
		`{"resourceType":"Patient","name":[{"text":"a"}],"active":true,"name":[{"text":"b"}]}`,
		`{"resourceType":"Patient","active":true,"active":false}`,
		`{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}`,
		`<Patient xmlns="http://hl7.org/fhir"><active value="true"/><active value="false"/></Patient>`,
		`{"resourceType":"Patient","maritalStatus":"a"}`, `{"resourceType":"Patient","name":[3]}`, `{"resourceType":"Patient","gender":{"a":1}}`,
	} {
		tree, err := fhir.Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FromTree(tree.Root()); err == nil {
			t.Errorf("%s was decoded", in)
		}
	}
	// Absent values of a choice are absent.
	out, err := Marshal(&Extension{URL: "u", Value: Decimal{}})
	if err != nil || string(out) != `{"url":"u"}` {
		t.Errorf("%s, %v", out, err)
	}
}

func TestErrors(t *testing.T) {
	var p Patient
	if err := Unmarshal([]byte(`{"resourceType":"Person"}`), &p); !errors.Is(err, ErrType) {
		t.Errorf("another type: %v", err)
	}
	parse := &fhir.ParseError{}
	if err := Unmarshal([]byte(`{"resourceType":"Patient","colour":1}`), &p); !errors.As(err, &parse) {
		t.Errorf("unknown element: %v", err)
	}
	tree, err := fhir.Parse([]byte(`{"resourceType":"Patient","colour":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := Decode(tree.Root(), &p); err == nil || !strings.Contains(err.Error(), "Patient.colour") {
		t.Errorf("unknown element of a lenient tree: %v", err)
	}
	if err := Unmarshal(nil, p); err == nil {
		t.Error("a struct that is no pointer was filled")
	}
	if _, err := Marshal(3); err == nil {
		t.Error("3 was written")
	}
	if _, err := Marshal(&Bundle{Entry: []BundleEntry{{Resource: (*Patient)(nil)}}}); err == nil {
		t.Error("a nil pointer in an interface was written")
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		"Patient/p1": "Patient p1 true", "https://example.org/fhir/Patient/p1/_history/2": "Patient p1 true",
		"Patient/p1#a": "Patient p1 true", "#a": "  false", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520": "  false", "Nobody/p1": "Nobody p1 false", "": "  false",
	} {
		typ, id, ok := (&Reference{Reference: text}).Target()
		if got := fmt.Sprint(typ, " ", id, " ", ok); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if RefTo("Patient", "p1").Reference != "Patient/p1" || RefTo("", "#a").Reference != "#a" {
		t.Error("RefTo")
	}
}

func TestAllocations(t *testing.T) {
	data := []byte(`{"resourceType":"Patient","id":"p1","active":true,"name":[{"family":"A","given":["B","C"]}],"gender":"female","birthDate":"1941-11-09"}`)
	var p Patient
	if n := testing.AllocsPerRun(100, func() {
		if err := Unmarshal(data, &p); err != nil {
			t.Fatal(err)
		}
	}); n > 10 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","_gender":{"id":"a"},"contained":[{"resourceType":"Observation","valueInteger":1}]}`))
	f.Add([]byte(`<Patient xmlns="http://hl7.org/fhir"><birthDate id="a"/></Patient>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := fhir.Parse(data, fhir.Strict())
		if err != nil {
			return
		}
		roundTrip(t, tree)
	})
}
