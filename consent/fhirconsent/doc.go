// Package fhirconsent evaluates FHIR R4 Consents and redacts FHIR resources by
// what was decided.
//
//	c, err := fhirconsent.Parse(data)
//	f := fhirconsent.Decide([]*fhirconsent.Consent{c}, question, fhirconsent.Options{})
//	r, err := fhirconsent.NewRedactor(f.Obligations, fhirconsent.RedactOptions{})
//	out, report, err := r.Apply(bundle)
//
// R4 leaves open what nested provisions mean; two readings are in use, and the
// caller names one (Reading). A Consent that cannot be relied on (an unknown
// modifier extension, a provision without a type, an element that R4 does not
// have) evaluates to indeterminate, and Lint says why with positions. All
// elements of a provision are read: type, period, actor, action,
// securityLabel, purpose, class, code, dataPeriod and data in its four
// meanings. Purposes follow consent.PurposeCovers and not HL7's tree, in which
// population health is a kind of treatment. A policy rule that opts out refuses
// what no provision permits. What cannot be compared with the question is not
// taken for something else: an actor named by an identifier of another system, a
// resource on another server, a class that is no type of resource, an actor who
// is author or custodian. A refusal so named makes the answer indeterminate.
//
// Two NHS services use Consent for something else, and a generic reading gets
// both wrong: in the national data opt-out (STU3) active means opted out
// (ParseOptOuts, OptOutStatus), and in the proxy service the performer is the
// proxy (ParseProxies).
//
// Directives joins the Consents of a patient to the engine of package consent.
//
// Limits: redaction works on JSON. Free text that tells of removed data in
// resources that lost nothing is not found. Data without any label is not taken
// out by its label: label first. Subsumption of codes needs Options.Subsumes.
// A document that lost something keeps its Bundle.identifier, though to R4 a
// document is immutable: give it another before it is stored as one.
package fhirconsent
