// Package nhsnumber reads, checks, finds, makes and hides NHS numbers, the
// ten digit numbers of patients in England, Wales and the Isle of Man, and
// their relatives: the Scottish CHI number and the H&C number of Northern
// Ireland, which share form and check digit (ISB 0149, Modulus 11).
//
// Check what somebody typed:
//
//	n, err := nhsnumber.Parse("943 476 5919")
//	if errors.Is(err, nhsnumber.ErrCheckDigit) {
//		for _, s := range nhsnumber.Suggest("943 476 5918", 5) { ... } // offer, never apply
//	}
//
// Keep it, and show it only where it is meant:
//
//	fmt.Println(n)            // *** *** ****
//	fmt.Println(n.Display())  // 943 476 5919
//
// Find the numbers in a text, or take them out:
//
//	for m, err := range nhsnumber.Extract(reader) { ... m.Start, m.End, m.Score ... }
//	_, err = nhsnumber.Redact(writer, reader)
//
// A valid number is not a traced one: the check digit says nothing about
// whose number it is, or whether it was issued. [Status] carries what a trace
// said. Ranges ([RangeTable]) and the forms of identifiers in FHIR, HL7 v2
// and CDA (dialects.csv) are data with their sources.
//
// Not covered: tracing, the inner layout of the wristband fields 91 to 93
// (DCB1077), and Irish IHIs beyond recognising one ([IsIHI]).
//
// Everything here is safe for concurrent use unless its comment says
// otherwise. The package depends on the standard library only.
package nhsnumber
