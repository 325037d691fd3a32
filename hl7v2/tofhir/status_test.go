package tofhir_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// TestStatuses: what is refused, cancelled or not known is not said to have
// been done or to be in force.
func TestStatuses(t *testing.T) {
	const absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
	vaccination := msh + "VXU^V04^VXU_V04|1|P|2.5.1\rPID|1||1\rORC|RE\rRXA|0|1|20240115||48^HIB^CVX" + pipes(14)
	for _, c := range []struct {
		name, text, path string
		want             []any
	}{
		{"vaccine given", vaccination + "|CP", "ofType(Immunization).status", []any{"completed"}},
		{"vaccine, nothing said", vaccination, "ofType(Immunization).status", []any{"completed"}},
		{"vaccine refused", vaccination + "|RE", "ofType(Immunization).status", []any{"not-done"}},
		{"vaccine not given", vaccination + "|NA", "ofType(Immunization).status", []any{"not-done"}},
		{"vaccine deleted", vaccination + "|CP|D", "ofType(Immunization).status", []any{"entered-in-error"}},
		{"vaccine, a code of the sender", vaccination + "|REFUSED", "ofType(Immunization).status.extension('" + absent + "').valueCode", []any{"unknown"}},
		{"vaccine, a code of the sender", vaccination + "|REFUSED", "ofType(Immunization).status", []any{nil}},

		{"drug ordered", drug("NW", ""), "ofType(MedicationRequest).status", []any{"active"}},
		{"drug cancelled", drug("OC", ""), "ofType(MedicationRequest).status", []any{"cancelled"}},
		{"drug discontinued", drug("DC", ""), "ofType(MedicationRequest).status", []any{"stopped"}},
		{"drug held", drug("OH", ""), "ofType(MedicationRequest).status", []any{"on-hold"}},
		{"drug, the order status before the control", drug("NW", "CA"), "ofType(MedicationRequest).status", []any{"cancelled"}},
		{"drug, a control that tells nothing", drug("XX", ""), "ofType(MedicationRequest).status", []any{"unknown"}},
		{"drug, an order status of the sender", drug("NW", "GONE"), "ofType(MedicationRequest).status", []any{"unknown"}},
		{"drug without an order", msh + "RDE^O11^RDE_O11|1|P|2.5.1\rPID|1||1\rRXE||D^drug^L|1||mg\r", "ofType(MedicationRequest).status", []any{"unknown"}},

		{"substance", substance("OK"), "ofType(Substance).status", []any{"active"}},
		{"substance expired", substance("EE"), "ofType(Substance).status", []any{"inactive"}},
		{"substance about to expire", substance("EW"), "ofType(Substance).status", nil},

		{"document", document("T02", "AV"), "ofType(DocumentReference).status", []any{"current"}},
		{"document cancelled", document("T11", ""), "ofType(DocumentReference).status", []any{"entered-in-error"}},
		{"document cancelled, said to be available", document("T11", "AV"), "ofType(DocumentReference).status", []any{"entered-in-error"}},
		{"document deleted", document("T04", "CA"), "ofType(DocumentReference).status", []any{"entered-in-error"}},
		{"document obsolete", document("T04", "OB"), "ofType(DocumentReference).status", []any{"superseded"}},

		{"allergy", allergy("A", ""), "ofType(AllergyIntolerance).clinicalStatus.coding.code", []any{"active"}},
		{"allergy deleted", allergy("D", ""), "ofType(AllergyIntolerance).clinicalStatus", nil},
		{"allergy deleted", allergy("D", "C"), "ofType(AllergyIntolerance).verificationStatus.coding.code", []any{"entered-in-error"}},
		{"allergy erroneous", allergy("A", "E"), "ofType(AllergyIntolerance).clinicalStatus", nil},
		{"allergy erroneous", allergy("A", "E"), "ofType(AllergyIntolerance).verificationStatus.coding.code", []any{"entered-in-error"}},
		{"allergy inactive", allergy("A", "I"), "ofType(AllergyIntolerance).clinicalStatus.coding.code", []any{"inactive"}},
		{"allergy suspected", allergy("A", "S"), "ofType(AllergyIntolerance).verificationStatus.coding.code", []any{"unconfirmed"}},
		{"allergy suspected", allergy("A", "S"), "ofType(AllergyIntolerance).clinicalStatus.coding.code", []any{"active"}},

		{"problem", problem("AD", "", "confirmed", "active"), "ofType(Condition).verificationStatus.coding.code", []any{"confirmed"}},
		{"problem, codes of the sender", problem("AD", "", "X", "Y"), "ofType(Condition).clinicalStatus", nil},
		{"problem deleted", problem("DE", "", "confirmed", "active"), "ofType(Condition).verificationStatus.coding.code", []any{"entered-in-error"}},
		{"problem deleted", problem("DE", "20240101", "confirmed", "active"), "ofType(Condition).clinicalStatus", nil},
		{"problem with an end", problem("UP", "20240101", "", ""), "ofType(Condition).clinicalStatus.coding.code", []any{"resolved"}},

		{"procedure", procedure("A"), "ofType(Procedure).status", []any{"unknown"}},
		{"procedure deleted", procedure("D"), "ofType(Procedure).status", []any{"entered-in-error"}},

		{"visit with an end", discharge("A08"), "ofType(Encounter).status", []any{"finished"}},
		{"discharge cancelled", discharge("A13"), "ofType(Encounter).status", []any{"in-progress"}},
		{"discharge cancelled", discharge("A13"), "ofType(Encounter).period.end", nil},
	} {
		res := convert(t, c.text+"\r")
		if d := cmp.Diff(c.want, query(t, res, c.path)); d != "" {
			t.Errorf("%s: %s (-want +got):\n%s", c.name, c.path, d)
		}
		valid(t, c.name, res)
	}
}

func drug(control, status string) string {
	return msh + "RDE^O11^RDE_O11|1|P|2.5.1\rPID|1||1\rORC|" + control + "||||" + status + "\rRXE||D^drug^L|1||mg"
}

func substance(status string) string {
	return msh + "OUL^R22^OUL_R22|1|P|2.5.1\rPID|1||1\rSPM|1|||SER\rSAC|1\rINV|S^serum^L|" + status + "\rOBR|1|||X"
}

func allergy(action, status string) string {
	return msh + "ADT^A60^ADT_A60|1|P|2.5.1\rPID|1||1\rIAM|1|DA|X^pen^L|||" + action + "|||||||||||" + status
}

func problem(action, end, certainty, status string) string {
	return msh + "PPR^PC1^PPR_PC1|1|P|2.5.1\rPID|1||1\rPRB|" + action + "|20240101|X^prob^L|P1|||||" + end + "||||" + certainty + "|" + status
}

func procedure(action string) string {
	return msh + "ADT^A01^ADT_A01|1|P|2.5.1\rPID|1||1\rPV1|1|I\rPR1|1||X^op^L||20240101" + pipes(15) + action
}

func discharge(event string) string {
	return msh + "ADT^" + event + "^ADT_A01|1|P|2.5.1\rPID|1||1\rPV1|1|I" + pipes(42) + "20240101|20240102"
}

func document(event, availability string) string {
	return msh + "MDM^" + event + "^MDM_T02|1|P|2.5.1\rPID|1||1\rPV1|1|I\rTXA|1|DS|TX|||||||||D1|||||AU||" + availability + "\rOBX|1|TX|X||text||||||F"
}

// TestAmountNotCollected: 999 in RXA-6 is no dose.
func TestAmountNotCollected(t *testing.T) {
	for amount, want := range map[string][]any{"0.5": {"0.5"}, "999": nil} {
		res := convert(t, msh+"VXU^V04^VXU_V04|1|P|2.5.1\rPID|1||1\rORC|RE\rRXA|0|1|20240115||48^HIB^CVX|"+amount+"|mL^^UCUM\r")
		var got []any
		for _, v := range query(t, res, "ofType(Immunization).doseQuantity.value") {
			got = append(got, v.(interface{ String() string }).String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", amount, d)
		}
		if n := len(query(t, res, "ofType(Immunization).doseQuantity")); n != len(want) {
			t.Errorf("%s: %d doses", amount, n)
		}
	}
}

// TestRelationshipOfCoverage: a coverage tells what the patient is to the
// subscriber, IN1-17 what the insured is to the patient.
func TestRelationshipOfCoverage(t *testing.T) {
	for in1, want := range map[string][2][]any{
		"SEL^Self^HL70063":   {{"self", "SEL"}, nil},
		"SPO^Spouse^HL70063": {{"spouse", "SPO"}, {"SPS", "SPO"}},
		"PAR^Parent^HL70063": {{"child"}, {"PRN", "PAR"}},
		"CHD^Child^HL70063":  {{"parent"}, {"CHILD", "CHD"}},
		"GRP":                {{"other"}, {"GRPRN", "GRP"}},
	} {
		res := convert(t, msh+"ADT^A01^ADT_A01|1|P|2.5.1\rPID|1||1\rPV1|1|I\rIN1|1|P|I|Company||||||||||||DOE^JO|"+in1+"\r")
		if d := cmp.Diff(want[0], query(t, res, "ofType(Coverage).relationship.coding.code")); d != "" {
			t.Errorf("%s: the patient to the subscriber (-want +got):\n%s", in1, d)
		}
		if d := cmp.Diff(want[1], query(t, res, "ofType(RelatedPerson).relationship.coding.code")); d != "" {
			t.Errorf("%s: the subscriber to the patient (-want +got):\n%s", in1, d)
		}
	}
}

// TestTimingIsFHIR: a number of times and a duration meet the rules of FHIR for
// them (tim-8, drt-1).
func TestTimingIsFHIR(t *testing.T) {
	res := convert(t, msh+"OML^O21^OML_O21|1|P|2.5.1\rPID|1||1\rORC|NW|1\rTQ1|1||BID|||5^d&day&UCUM||||||||3\rOBR|1|1||X\r")
	for path, want := range map[string][]any{"count": {"3"}, "countMax": nil, "boundsDuration.code": {"d"}, "boundsDuration.system": {"http://unitsofmeasure.org"}, "boundsDuration.unit": {"day"}} {
		var got []any
		for _, v := range query(t, res, "ofType(ServiceRequest).occurrenceTiming.repeat."+path) {
			if n, ok := v.(interface{ String() string }); ok {
				v = n.String()
			}
			got = append(got, v)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
}

// TestDosage: what several segments tell of one way to take a drug is one
// instruction; two timings stay two.
func TestDosage(t *testing.T) {
	for body, want := range map[string]int{
		"ORC|NW|1\rRXE||A|1||mg\r":                                             1,
		"ORC|NW|1\rTQ1|1||BID\rRXE||A|1||mg\rRXR|PO\r":                         1,
		"ORC|NW|1\rRXE||A|1||mg\rRXR|PO\rTQ1|1||BID\r":                         1,
		"ORC|NW|1\rTQ1|1||BID\rTQ1|2||QHS\rRXE||A|1||mg\rRXR|PO\r":             4,
		"ORC|NW|1\rTQ1|1||BID\rRXE||A|1||mg\rORC|NW|2\rRXE||B|2||mg\rRXR|IV\r": 2,
	} {
		res := convert(t, msh+"RDE^O11^RDE_O11|1|P|2.5.1\rPID|1||1\r"+body)
		if got := len(query(t, res, "ofType(MedicationRequest).dosageInstruction")); got != want {
			t.Errorf("%q: %d instructions, want %d\n%s", body, got, want, res.Bundle)
		}
		valid(t, body, res)
	}
	res := convert(t, msh+"RDE^O11^RDE_O11|1|P|2.5.1\rPID|1||1\rORC|NW|1\rTQ1|1||BID\rRXE||A|1||mg\rRXR|PO\r", tofhir.Trace())
	one(t, res, "ofType(MedicationRequest).dosageInstruction.timing.code.coding.code", "BID")
	one(t, res, "ofType(MedicationRequest).dosageInstruction.doseAndRate.doseQuantity.value", "1")
	one(t, res, "ofType(MedicationRequest).dosageInstruction.route.coding.code", "PO")
	if o := res.Why("MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity.value"); len(o) != 1 || o[0].Source != "RXE-3" {
		t.Errorf("the origin of the dose: %+v", o)
	}
}
