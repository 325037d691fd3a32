package fhir_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing/fstest"

	"github.com/nhskit/nhskit/fhir"
)

const patientJSON = `{
  "resourceType": "Patient",
  "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}],
  "name": [{"family": "Kowalska", "given": ["Maja", "Zofia"]}],
  "birthDate": "1987-02",
  "multipleBirthInteger": 2
}`

func ExampleParse() {
	tree, err := fhir.Parse([]byte(patientJSON))
	if err != nil {
		fmt.Println(err)
		return
	}
	for name := range tree.Root().Named("name") {
		for given := range name.Named("given") {
			fmt.Println(given.Path(), given.Value())
		}
	}
	birth, _ := tree.Root().Child("birthDate")
	date, _ := birth.Date()
	fmt.Println(date, date.Precision() == fhir.Month)
	// Output:
	// Patient.name[0].given[0] Maja
	// Patient.name[0].given[1] Zofia
	// 1987-02 true
}

func ExampleParse_issues() {
	tree, err := fhir.Parse([]byte(`{
  "resourceType": "Patient",
  "gender": ["female"],
  "birthdate": "1987-02"
}`))
	fmt.Println(err)
	for _, issue := range tree.Issues() {
		fmt.Println(issue.Severity, issue.Code, issue)
	}
	// Output:
	// <nil>
	// error fhir.array 3:13: Patient.gender: an array where one value is due (FHIR R4 json.html)
	// error fhir.unknown-element 4:3: Patient.birthdate: no such element (FHIR R4 elementdefinition.html)
}

func ExampleStrict() {
	_, err := fhir.Parse([]byte(`<Patient xmlns="http://hl7.org/fhir"><gender/></Patient>`), fhir.Strict())
	if pe, ok := errors.AsType[*fhir.ParseError](err); ok {
		fmt.Println(len(pe.Issues), pe)
	}
	// Output:
	// 1 fhir: 1:38: Patient.gender: an element without a value and children (FHIR R4 xml.html)
}

func ExampleTree_AppendXML() {
	tree, err := fhir.Parse([]byte(patientJSON), fhir.Strict())
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := tree.AppendXML(nil, fhir.Indented)
	fmt.Println(err)
	os.Stdout.Write(doc)
	// Output:
	// <nil>
	// <Patient xmlns="http://hl7.org/fhir">
	//   <identifier>
	//     <system value="https://fhir.nhs.uk/Id/nhs-number"/>
	//     <value value="9990000018"/>
	//   </identifier>
	//   <name>
	//     <family value="Kowalska"/>
	//     <given value="Maja"/>
	//     <given value="Zofia"/>
	//   </name>
	//   <birthDate value="1987-02"/>
	//   <multipleBirthInteger value="2"/>
	// </Patient>
}

func ExampleTree_AppendJSON() {
	tree, err := fhir.Parse([]byte(`<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="dose"/><valueDecimal value="1.50"/></parameter></Parameters>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(tree.AppendJSON(nil, fhir.Compact))
	// Output:
	// {"resourceType":"Parameters","parameter":[{"name":"dose","valueDecimal":1.50}]}
}

func ExampleBuilder() {
	b := fhir.NewBuilder(fhir.R4(), "Patient")
	b.Open("name")
	b.Value("family", "Kowalska")
	b.Value("given", "Maja")
	b.Value("given", "Zofia")
	b.Close()
	b.Value("birthDate", "1987-02")
	tree, err := b.Tree()
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(tree.AppendJSON(nil, fhir.Compact))
	// Output:
	// {"resourceType":"Patient","name":[{"family":"Kowalska","given":["Maja","Zofia"]}],"birthDate":"1987-02"}
}

func ExampleParser_NDJSON() {
	export := `{"resourceType":"Patient","id":"a"}
{"resourceType":"Patient","id":
{"resourceType":"Patient","id":"c"}
`
	for rec, err := range fhir.NewParser().NDJSON(strings.NewReader(export), fhir.Stream{Workers: 2}) {
		if err != nil {
			fmt.Println(err) // of the reader
			return
		}
		if rec.Err != nil {
			fmt.Println(rec.Line, rec.Issues[0].Code)
			continue
		}
		id, _ := rec.Tree.Root().Child("id")
		fmt.Println(rec.Line, id.Value())
		rec.Tree.Release()
	}
	// Output:
	// 1 a
	// 2 fhir.syntax
	// 3 c
}

func ExampleParser_Bundle() {
	in := strings.NewReader(`{"resourceType":"Bundle","type":"searchset","total":2,"entry":[
{"resource":{"resourceType":"Patient","id":"a"}},{"resource":{"resourceType":"Patient","id":"b"}}]}`)
	bundle := fhir.NewParser().Bundle(in, fhir.Stream{})
	for rec, err := range bundle.Entries() {
		if err != nil {
			fmt.Println(err)
			return
		}
		resource, _ := rec.Tree.Root().Child("resource")
		id, _ := resource.Child("id")
		fmt.Println(rec.Number, resource.Type().Name(), id.Value())
	}
	head, _ := bundle.Head()
	total, _ := head.Root().Child("total")
	fmt.Println("total", total.Value())
	// Output:
	// 1 Patient a
	// 2 Patient b
	// total 2
}

func ExampleIndex_Resolve() {
	tree, err := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"https://a.example/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1"}},
{"fullUrl":"https://a.example/fhir/Flag/2","resource":{"resourceType":"Flag","id":"2","status":"active",
 "code":{"text":"allergy card"},"subject":{"reference":"Patient/1"}}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	index := fhir.NewIndex(tree)
	for entry := range tree.Root().Named("entry") {
		flag, _ := entry.Child("resource")
		if subject, ok := flag.Child("subject"); ok {
			reference, _ := subject.Child("reference")
			target, found := index.Resolve(subject, reference.Value())
			fmt.Println(found, target.Path())
		}
	}
	// Output:
	// true Bundle.entry[0].resource
}

// A package may be any file system with definitions in it.
func ExampleLibrary_Snapshot() {
	files := fstest.MapFS{"trust-patient.json": &fstest.MapFile{Data: []byte(`{
  "resourceType": "StructureDefinition", "url": "https://trust.example/Patient", "name": "TrustPatient", "status": "active",
  "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
  "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
  "differential": {"element": [
    {"path": "Patient.identifier", "min": 1},
    {"path": "Patient.birthday", "min": 1},
    {"path": "Patient.name.family", "min": 1}
  ]}}`)}}
	trust, err := fhir.PackageFS("trust", files, fhir.PackageLimits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	library := fhir.NewLibrary(trust)
	snapshot, err := library.Snapshot("https://trust.example/Patient")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, issue := range snapshot.Issues {
		fmt.Println(issue)
	}
	definitions, _, err := library.Definitions()
	if err != nil {
		fmt.Println(err)
		return
	}
	profile, _ := definitions.Structure("https://trust.example/Patient")
	for e := range profile.Elements() {
		if e.Min() > 0 && strings.Count(e.Path(), ".") > 0 {
			fmt.Println(e.Path(), e.Min())
		}
	}
	_, err = library.Snapshot("https://trust.example/Patient|2.0.0")
	fmt.Println(errors.Is(err, fhir.ErrNoDefinition))
	// Output:
	// 7:5: StructureDefinition.differential.element[1]: Patient has no element birthday (FHIR profiling.html#snapshot)
	// Patient.identifier 1
	// Patient.name.family 1
	// Patient.communication.language 1
	// Patient.link.other 1
	// Patient.link.type 1
	// true
}

func ExampleDefinitions() {
	observation, _ := fhir.R4().Type("Observation")
	for p := range observation.Properties() {
		e := p.Element()
		if b, ok := e.Binding(); ok && b.Strength == fhir.Required {
			fmt.Println(e.Path(), e.Min(), e.Max(), b.ValueSet)
		}
	}
	// Output:
	// Observation.status 1 1 http://hl7.org/fhir/ValueSet/observation-status|4.0.1
}

func ExampleValueSet_LookupCode() {
	genders, _ := fhir.R4().ValueSet("http://hl7.org/fhir/ValueSet/administrative-gender")
	c, ok := genders.LookupCode("female")
	fmt.Println(c.System, c.Display, ok)
	_, ok = genders.LookupCode("F")
	fmt.Println(ok)
	// Output:
	// http://hl7.org/fhir/administrative-gender Female true
	// false
}

func ExampleDecimal() {
	a, _ := fhir.ParseDecimal("1.50")
	b, _ := fhir.ParseDecimal("1.5")
	order, _ := a.Cmp(b)
	fmt.Println(a, a == b, order)
	// Output:
	// 1.50 false 0
}

func ExampleDateTime_Compare() {
	day, _ := fhir.ParseDateTime("2024-03-31")
	month, _ := fhir.ParseDateTime("2024-03")
	later, _ := fhir.ParseDateTime("2024-04")
	order, known := month.Compare(later)
	fmt.Println(order, known)
	_, known = day.Compare(month)
	fmt.Println(known)
	// Output:
	// -1 true
	// false
}
