package r4_test

import (
	"fmt"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/r4"
)

func ExampleMarshal() {
	born, _ := fhir.ParseDate("1941-11-09")
	data, err := r4.Marshal(&r4.Patient{
		Identifier: []r4.Identifier{{System: r4.NHSNumberSystem, Value: "9990042101"}},
		Active:     new(true),
		Name:       []r4.HumanName{{Family: "Thistlewood", Given: []string{"Edna", "Rose"}}},
		BirthDate:  born,
		Deceased:   r4.Boolean(false),
	})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(string(data))
	// Output:
	// {"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990042101"}],"active":true,"name":[{"family":"Thistlewood","given":["Edna","Rose"]}],"birthDate":"1941-11-09","deceasedBoolean":false}
}

func ExampleName() {
	weight, _ := fhir.ParseDecimal("71.50")
	for _, v := range []any{
		&r4.Patient{
			Identifier: []r4.Identifier{r4.Ident(r4.NHSNumberSystem, "9990042101")},
			Name:       []r4.HumanName{r4.Name("Thistlewood", "Edna", "Rose")},
		},
		&r4.Observation{
			Status: "final",
			Code:   r4.Concept("http://snomed.info/sct", "27113001", "Body weight"),
			Value:  r4.UCUM(weight, "kg", ""),
		},
	} {
		data, err := r4.Marshal(v)
		fmt.Println(string(data), err)
	}
	// Output:
	// {"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990042101"}],"name":[{"use":"official","text":"Edna Rose Thistlewood","family":"Thistlewood","given":["Edna","Rose"]}]} <nil>
	// {"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://snomed.info/sct","code":"27113001","display":"Body weight"}]},"valueQuantity":{"value":71.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}} <nil>
}

func ExampleRead() {
	resource, err := r4.Read([]byte(`<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="Creatinine"/></code><valueQuantity><value value="128.0"/><unit value="umol/L"/></valueQuantity></Observation>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	observation := resource.(*r4.Observation)
	if q, ok := r4.As[*r4.Quantity](observation.Value); ok {
		fmt.Println(observation.Code.Text, q.Value, q.Unit)
	}
	// Output: Creatinine 128.0 umol/L
}

func ExampleUnmarshal() {
	var dosage r4.Dosage
	err := r4.Unmarshal([]byte(`{"text":"one twice a day","asNeededBoolean":false}`), &dosage)
	fmt.Println(dosage.Text, dosage.AsNeeded, err)

	var patient r4.Patient
	err = r4.Unmarshal([]byte(`{"resourceType":"Patient","gender":["female"]}`), &patient)
	fmt.Println(err)
	// Output:
	// one twice a day false <nil>
	// fhir: 1:36: Patient.gender: an array where one value is due (FHIR R4 json.html)
}

func ExampleDecode() {
	tree, _ := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p1"}}]}`))
	entry, _ := tree.Root().Child("entry")
	resource, _ := entry.Child("resource")
	var patient r4.Patient
	err := r4.Decode(resource, &patient)
	fmt.Println(patient.ID, err)
	// Output: p1 <nil>
}
