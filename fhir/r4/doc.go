// Package r4 has every resource and data type of FHIR R4 as a plain struct, to
// be written as a literal and read field by field:
//
//	patient := &r4.Patient{
//		Identifier: []r4.Identifier{{System: r4.NHSNumberSystem, Value: "9990000018"}},
//		Name:       []r4.HumanName{{Family: "Thistlewood", Given: []string{"Edna"}}},
//		Active:     new(true),
//	}
//	data, err := r4.Marshal(patient)              // FHIR JSON
//
//	resource, err := r4.Read(data)                // JSON or XML, strictly checked
//	if p, ok := resource.(*r4.Patient); ok { ... }
//
// # How FHIR's parts look in Go
//
//   - Primitives are plain: string, *bool, *int, and package fhir's Decimal,
//     Date, DateTime and Time, which keep digits, precision and zone as they
//     were given. The zero value, or nil, is an absent element.
//   - The id and the extensions that a primitive may have, rarely used, are in
//     the Companions of the struct that holds it.
//   - Elements that repeat are slices; other complex elements are pointers.
//   - A choice of types (value[x]) is one field of type Value; see As.
//   - Elements with children are structs named after their path:
//     Patient.contact is a PatientContact.
//
// Each field's comment gives the cardinality, the types, and how binding which
// value set is. Nothing of that is enforced when a struct is written: use the
// validator.
//
// Resources and data types, as values and as pointers, are json.Marshalers and
// can be fields of other structs. Elements with children are by their pointers;
// encoding/json fails on such a value that it cannot take the address of.
// A struct that embeds one of them gets its methods, so that encoding/json sees
// nothing else of that struct: give such a field a name.
//
// Printing a struct with any verb of package fmt shows its type alone, since
// most hold personal data. Marshal shows it all.
//
// One codec, driven by tables made from the structs at first use, reads and
// writes all types; there is no code per element. Programs that only look at a
// few elements do better with the tree of package fhir, which costs half as
// much to read.
package r4

//go:generate go run ./internal/gen -out .
