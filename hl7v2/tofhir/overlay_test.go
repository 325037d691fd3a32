package tofhir_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTablesOfOurOwn converts the segments that the official tables leave
// out. Messages are of one segment each beside those that a structure needs.
func TestTablesOfOurOwn(t *testing.T) {
	const (
		adt = "ADT^A01^ADT_A01|1|P|2.5.1\rEVN||20240115\rPID|1||P1^^^RX1^MR\rPV1|1|I\r"
		dft = "DFT^P03^DFT_P03|1|P|2.5.1\rEVN||20240115\rPID|1||P1^^^RX1^MR\rPV1|1|I\r"
		rds = "RDS^O13^RDS_O13|1|P|2.5.1\rPID|1||P1^^^RX1^MR\rORC|RE|1\r"
		rde = "RDE^O11^RDE_O11|1|P|2.5.1\rPID|1||P1^^^RX1^MR\rORC|NW|1\r"
		siu = "SIU^S12^SIU_S12|1|P|2.5.1\rSCH|A|B"
	)
	for _, c := range []struct {
		name, text, path string
		want             []any
	}{
		{"guarantor", adt + "GT1|1||HALE^PETER||1 High Street^^Leeds|0113 496 0000|0113 496 0001||M||SPO\r", "ofType(RelatedPerson).telecom.use", []any{"home", "work"}},
		{"employee number", adt + "GT1|1||HALE^PETER||||||||SPO||||||||E7\r", "ofType(RelatedPerson).identifier.where(value='E7').type.coding.code", []any{"EI"}},
		{"insured", adt + "IN1|1|P|C|Insurer||||||||||||HALE^PETER|SPO\rIN2|1|E1|111\r", "ofType(RelatedPerson).identifier.type.coding.code", []any{"EI", "SS"}},
		{"insured is the patient", adt + "IN1|1|P|C|Insurer||||||||||||HALE^PETER|SEL\rIN2|1|||||||||M1\r", "ofType(Patient).identifier.where(value='M1').type.coding.code", []any{"MI"}},
		{"insured is not the patient", adt + "IN1|1|P|C|Insurer||||||||||||HALE^PETER|SPO\rIN2|1|||||||||M1\r", "ofType(Patient).identifier.where(value='M1')", nil},
		{"member number", adt + "IN1|1|P|C|Insurer\rIN2|1|" + pipes(59) + "N1\r", "ofType(Coverage).identifier.where(value='N1').type.coding.code", []any{"MB"}},
		{"disability number", adt + "DB1|1|PT|D1\r", "ofType(Patient).identifier.value", []any{"P1", "D1"}},
		{"charge", dft + "FT1|1|T1||20240115|20240116|CG|71045^X-ray^L|||2|100&GBP\r", "ofType(ChargeItem).priceOverride.value", nil},
		{"charge in pounds", dft + "FT1|1|T1||20240115|20240116|CG|71045^X-ray^L|||2|100&GBP\r", "ofType(ChargeItem).priceOverride.currency", []any{"GBP"}},
		{"charge for a period", dft + "FT1|1|T1||20240115^20240116||CG|71045\r", "ofType(ChargeItem).occurrence.end", []any{"2024-01-16"}},
		{"dispense", rds + "RXD|1|319740004^Salbutamol^SCT|20240115|2\r", "ofType(MedicationDispense).status", []any{"completed"}},
		{"pharmacy's account", rde + "RXO|319740004^Salbutamol^SCT\rRXE||319740004^Salbutamol^SCT|1\r", "ofType(MedicationRequest).intent", []any{"original-order", "filler-order"}},
		{"one order", rde + "RXE||319740004^Salbutamol^SCT|1\r", "ofType(MedicationRequest).intent", []any{"order"}},
		{"telephone of the contact", siu + pipes(10) + "77^Hale|0113 496 0000\rPID|1||1\r", "ofType(Practitioner).telecom.value", []any{"0113 496 0000"}},
		{"unknown status of an appointment", "SIU^S15^SIU_S12|1|P|2.5.1\rSCH|A|B" + pipes(23) + "Dc\rPID|1||1\r", "ofType(Appointment).status", []any{"cancelled"}},
		{"document of an order", "ORU^R01^ORU_R01|1|P|2.7\rPID|1||1\rORC|RE|1\rOBX|1|ED|a||^TEXT^^Base64^SGVsbG8=\rTXA|1|DS" + pipes(15) + "AU\rOBR|1|1||X^x^L\r", "ofType(DocumentReference).docStatus", []any{"final"}},
		{"addendum", "MDM^T06^MDM_T02|1|P|2.5\rEVN||20240115\rPID|1||1\rPV1|1|I\rTXA|1|DS||||||||||D2|D1\r", "ofType(DocumentReference).relatesTo.code", []any{"appends"}},
		{"replacement", "MDM^T10^MDM_T02|1|P|2.5\rEVN||20240115\rPID|1||1\rPV1|1|I\rTXA|1|DS||||||||||D2|D1\r", "ofType(DocumentReference).relatesTo.code", []any{"replaces"}},
		{"container", "OUL^R22^OUL_R22|1|P|2.5.1\rPID|1||1\rSPM|1|S1||BLD\rSAC||AC1|C1\rOBR|1|A||X^x^L\r", "ofType(Specimen).container.identifier.value", []any{"C1"}},
		{"study", "ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|A||X^x^L\rCTI|S7\r", "ofType(ResearchStudy).identifier.value", []any{"S7"}},
		{"clinic", adt + "PV2|" + pipes(22) + "Fracture Clinic\r", "ofType(Organization).where(name='Fracture Clinic').name", []any{"Fracture Clinic"}},
		{"language", "ADT^A31^ADT_A05|1|P|2.5.1\rPID|1||1" + pipes(12) + "cym^Cymraeg^HL70296\r", "ofType(Patient).communication.language.coding.code", []any{"cy", "cym"}},
		{"language in capitals", "ADT^A31^ADT_A05|1|P|2.5.1\rPID|1||1" + pipes(12) + "EN\r", "ofType(Patient).communication.language.coding.where(system='urn:ietf:bcp:47').code", []any{"en"}},
		{"unit of time", "OMG^O19^OMG_O19|1|P|2.5.1\rPID|1||1\rORC|NW|1\rTQ1|1" + pipes(12) + "2^hr\rOBR|1|1||X^x^L\r", "ofType(ServiceRequest).occurrence.repeat.durationUnit", []any{"h"}},
		{"equals is no comparator", "ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|A||X^x^L\rOBX|1|SN|a||=^5||||||F\r", "ofType(Observation).value.comparator", nil},
	} {
		res := convert(t, msh+c.text)
		valid(t, c.name, res)
		if c.name == "charge" {
			one(t, res, c.path, "100")
			continue
		}
		if d := cmp.Diff(c.want, query(t, res, c.path)); d != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", c.name, d, res.Bundle)
		}
	}
}

// TestAssigningFacility: FHIR has no element for it, so it is an extension.
func TestAssigningFacility(t *testing.T) {
	const url = "https://github.com/nhskit/nhskit/StructureDefinition/assigning-facility"
	res := convert(t, msh+"ADT^A31^ADT_A05|1|P|2.5.1\rPID|1||1^^^RX1^MR^NORTH SITE\r")
	valid(t, "facility", res)
	if got := query(t, res, "ofType(Patient).identifier.extension('"+url+"').value.reference"); len(got) != 1 {
		t.Errorf("%v: %s", got, res.Bundle)
	}
	if got := query(t, res, "ofType(Organization).identifier.where(value='NORTH SITE').value"); len(got) != 1 {
		t.Errorf("the facility: %v", got)
	}
}

func pipes(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '|'
	}
	return string(b)
}
