package fhirpath_test

import (
	"context"
	"fmt"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/fhirpath"
)

func parse(json string) fhir.Node {
	tree, err := fhir.Parse([]byte(json))
	if err != nil {
		panic(err)
	}
	return tree.Root()
}

const edith = `{"resourceType":"Patient",
 "name":[{"use":"official","family":"Marlowe","given":["Edith","Jane"]},{"use":"usual","given":["Edie"]}],
 "contact":[{"relationship":[{"text":"mother"}]}],
 "birthDate":"1974-12-25"}`

func ExampleCompile() {
	x, err := fhirpath.Compile("name.where(use = 'official').given", fhirpath.Input("Patient"))
	if err != nil {
		panic(err)
	}
	names, err := x.EvalStrings(context.Background(), parse(edith), nil)
	fmt.Println(names, err)

	_, err = fhirpath.Compile("name.given1", fhirpath.Input("Patient"))
	fmt.Println(err)
	// Output:
	// [Edith Jane] <nil>
	// fhirpath: 1:6: HumanName has no element "given1"; did you mean given? (5.4)
}

func ExampleExpr_Eval() {
	x := fhirpath.MustCompile("birthDate + 18 years | name.count() / 4 | 1 'g' + 500 'mg'")
	values, err := x.Eval(context.Background(), parse(edith), nil)
	for _, v := range values {
		_, name := v.TypeName()
		fmt.Println(name, v.Text())
	}
	fmt.Println(err)
	// Output:
	// Date 1992-12-25
	// Decimal 0.5
	// Quantity 1.5 'g'
	// <nil>
}

func ExampleExpr_EvalBool() {
	x := fhirpath.MustCompile("deceased.empty() and birthDate < @2000")
	value, known, err := x.EvalBool(context.Background(), parse(edith), nil)
	fmt.Println(value, known, err)
	// Output: true true <nil>
}

func ExampleExpr_Explain() {
	x, err := fhirpath.Invariant("pat-1", "name.exists() or telecom.exists() or address.exists() or organization.exists()", fhirpath.Input("Patient.contact"))
	if err != nil {
		panic(err)
	}
	contact, _ := parse(edith).Child("contact")
	why, err := x.Explain(context.Background(), contact, nil)
	for _, c := range why.Causes {
		fmt.Printf("%s is %s at %s, line %d\n", c.Expression, c.Found, c.Focus.Path, c.Focus.Line)
	}
	fmt.Println(err)
	// Output:
	// name.exists() is false at Patient.contact[0], line 3
	// telecom.exists() is false at Patient.contact[0], line 3
	// address.exists() is false at Patient.contact[0], line 3
	// organization.exists() is false at Patient.contact[0], line 3
	// <nil>
}

func ExampleExpr_Deps() {
	x := fhirpath.MustCompile("name.where(use = 'official').given | generalPractitioner.resolve().ofType(Practitioner).name.family", fhirpath.Input("Patient"))
	d := x.Deps()
	for _, p := range d.Paths {
		fmt.Println(p)
	}
	fmt.Println(d.Services)
	// Output:
	// Patient.generalPractitioner
	// Patient.generalPractitioner.resolve().ofType(Practitioner).name
	// Patient.generalPractitioner.resolve().ofType(Practitioner).name.family
	// Patient.name
	// Patient.name.given
	// Patient.name.use
	// [resolve]
}

func ExampleFormat() {
	s, err := fhirpath.Format("((name.given)) .where( $this='a'and(true or(false)))/*why*/")
	fmt.Println(s, err)
	// Output: name.given.where($this = 'a' and (true or false)) <nil>
}

func ExampleWithFunction() {
	initials := fhirpath.Function{
		Name: "initials", Input: "FHIR.HumanName", Result: "System.String",
		Call: func(_ context.Context, input []fhirpath.Value, _ [][]fhirpath.Value) ([]fhirpath.Value, error) {
			text := ""
			for _, v := range input {
				n, _ := v.Node()
				for given := range n.Named("given") {
					text += given.Value()[:1] + "."
				}
			}
			return []fhirpath.Value{fhirpath.StringValue(text)}, nil
		},
	}
	x := fhirpath.MustCompile("name.first().initials()", fhirpath.Input("Patient"), fhirpath.WithFunction(initials))
	v, err := x.First(context.Background(), parse(edith), nil)
	fmt.Println(v.Text(), err)
	_, err = fhirpath.Compile("birthDate.initials()", fhirpath.Input("Patient"), fhirpath.WithFunction(initials))
	fmt.Println(err)
	// Output:
	// E.J. <nil>
	// fhirpath: 1:11: initials is for HumanName, not for date
}
