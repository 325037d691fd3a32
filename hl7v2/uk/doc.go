// Package uk is what the NHS adds to HL7 version 2: NHS numbers and their
// trace status wherever senders put them, the ZU segments of HL7 UK, the codes
// of the NHS Data Dictionary, and validation that knows all of these.
//
//	p := uk.PatientOf(m)
//	id, state := p.NHSNumber()
//	switch state {
//	case uk.Valid:       // id.Number, from id.At.Path()
//	case uk.Invalid:     // one was sent, but its check digit fails
//	case uk.Conflicting: // two different ones were sent
//	case uk.Deleted:     // "" was sent: remove what is known
//	}
//	status := p.TraceStatus().Status
//
//	v := uk.Validator()
//	for _, issue := range v.Validate(m) { ... }
//
//	for merge := range uk.Merges(m) { ... } // who survives, what goes away
//
//	fixed, changes, err := uk.Repaired(m, uk.RepairIdentifiers|uk.RepairTraceStatus)
//
// Facts are those of HL7 UK A.3 (Standard for Use of HL7 Version 2 in the UK,
// 2010), of the ITK HL7 v2 ADT pack 1.1, which constrains it for version 2.4,
// of ISB 0149 for the NHS number, and of UK Core's code systems, which carry
// the codes of the NHS Data Dictionary of England, Wales and Scotland.
//
// Not covered: the meaning of fields of ZU3 to ZU8 and of some of ZU1, which
// no open source states; lists of religions, relationships and treatment
// functions, for which the same holds, so that codes of their shape are
// accepted; and whether a number, organisation or practitioner exists, which
// only the national services know.
//
// Nothing here changes the message that it is given, and all is safe for
// concurrent use. No finding and nothing that package fmt prints shows what a
// message holds.
package uk
