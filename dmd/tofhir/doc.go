// Package tofhir turns products of dm+d into FHIR R4 resources, answers the
// questions that a terminology service is asked about dm+d, and checks the
// medication lines of FHIR messages against a release.
//
//	m := tofhir.Medication(p)           // code, form, ingredients with strengths, amount
//	k := tofhir.MedicationKnowledge(p)  // and routes, prices, classification, relations
//	data, err := r4.Marshal(m)
//
//	c, ok := tofhir.Lookup(store, dmd.SystemDMD, "318136009")
//	tofhir.Subsumes(store, "34186711000001102", "318136009")
//
//	tree, err := fhir.Parse(message)
//	for _, issue := range tofhir.Check(store, tree, dmd.OrderOptions{}) { … }
//
// Codes of products are given in the system https://dmd.nhs.uk, or in that of
// SNOMED CT, of which they are a part, for the Electronic Prescription Service.
// Units are UCUM where UCUM has them and dm+d's own where it does not; numbers
// keep the digits of the release.
package tofhir
