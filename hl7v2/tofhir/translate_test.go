package tofhir_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSeparators: separators of a joined value stand between values, not behind
// the last.
func TestSeparators(t *testing.T) {
	for _, c := range []struct{ msh9, display string }{
		{"ADT^A01^ADT_A01", "ADT^A01^ADT_A01"},
		{"ADT^A01", "ADT^A01"},
		{"ADT^A01^", "ADT^A01"},
		{"ADT^^ADT_A01", "ADT^^ADT_A01"},
	} {
		res := convert(t, msh+c.msh9+"|1|P|2.4\rPID|1||1\r")
		one(t, res, "ofType(MessageHeader).event.display", c.display)
	}
	res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|||X\rOBX|1|SN|X||<>^5||||||F\r")
	one(t, res, "ofType(Observation).value", "<> 5")
}

// TestTranslatedCodings: what the code table says of a code stands before the
// sender's own coding, which stays as it was sent. An alternate code of the
// same coding system is translated as well.
func TestTranslatedCodings(t *testing.T) {
	for _, c := range []struct {
		pid16   string
		codings []any // code, system
		text    []any
	}{
		{"P^partners^HL70002", []any{"T", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "P", "http://terminology.hl7.org/CodeSystem/v2-0002"}, nil},
		{"M^Married^HL70002", []any{"M", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"}, nil},
		{"M^wedded^HL70002", []any{"M", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"}, []any{"wedded"}},
		{"G^^HL70002^W^^HL70002", []any{"T", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "W", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "G", "http://terminology.hl7.org/CodeSystem/v2-0002"}, nil},
		{"G^^HL70002^W^^LOCAL", []any{"T", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "G", "http://terminology.hl7.org/CodeSystem/v2-0002", "W", "urn:id:LOCAL"}, nil},
		{"8^own^LOCAL", []any{"8", "urn:id:LOCAL"}, nil},
	} {
		res := convert(t, msh+"ADT^A01^ADT_A01|1|P|2.5.1\rPID|1||1|||||||||||||"+c.pid16+"\r")
		var got []any
		codes, systems := query(t, res, "ofType(Patient).maritalStatus.coding.code"), query(t, res, "ofType(Patient).maritalStatus.coding.system")
		for i := range min(len(codes), len(systems)) {
			got = append(got, codes[i], systems[i])
		}
		if d := cmp.Diff(c.codings, got); d != "" || len(codes) != len(systems) {
			t.Errorf("%s: codings (-want +got):\n%s", c.pid16, d)
		}
		if d := cmp.Diff(c.text, query(t, res, "ofType(Patient).maritalStatus.text")); d != "" {
			t.Errorf("%s: text (-want +got):\n%s", c.pid16, d)
		}
	}
}
