package tofhir_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// TestCodeMap: the caller's translations go before the table's, in every
// spelling of its name; what is not among them is translated as before.
func TestCodeMap(t *testing.T) {
	message := func(sex string) string {
		return msh + "ADT^A28^ADT_A05|1|P|2.4\rPID|1||1|||||" + sex + "\r"
	}
	codes := map[string]tofhir.Coding{"3": {Code: "other"}, "M": {Code: "unknown"}, "F": {}}
	for _, uk := range []bool{false, true} {
		opts := []tofhir.Option{tofhir.WithCodeMap("administrativesex", map[string]tofhir.Coding{"3": {Code: "male"}}), tofhir.WithCodeMap("AdministrativeSex", codes)}
		if uk {
			opts = append(opts, tofhir.UK())
		}
		one(t, convert(t, message("3"), opts...), "ofType(Patient).gender", "other")
		one(t, convert(t, message("M"), opts...), "ofType(Patient).gender", "unknown")
		one(t, convert(t, message("O"), opts...), "ofType(Patient).gender", "other")
		if got := query(t, convert(t, message("F"), opts...), "ofType(Patient).gender"); len(got) != 0 {
			t.Errorf("a code without a translation became %v", got)
		}
		one(t, convert(t, message("M")), "ofType(Patient).gender", "male") // other converters are as they were
	}
	rest := tofhir.WithCodeMap("AdministrativeSex", map[string]tofhir.Coding{"*": {Code: "unknown"}})
	one(t, convert(t, message("M"), rest), "ofType(Patient).gender", "male")
	one(t, convert(t, message("Q"), rest), "ofType(Patient).gender", "unknown")
	res := convert(t, msh+"ADT^A28^ADT_A05|1|P|2.4\rPID|1||1||||||||||||||X1^Sikh^L\r", tofhir.WithCodeMap("Religion", map[string]tofhir.Coding{"X1": {"1060", "http://terminology.hl7.org/CodeSystem/v3-ReligiousAffiliation", "Sikh"}}))
	one(t, res, "ofType(Patient).extension('http://hl7.org/fhir/StructureDefinition/patient-religion').value.coding.where(code='1060').display", "Sikh")
	if _, err := tofhir.New(tofhir.WithCodeMap("NoSuchTable", codes)); err == nil || !strings.Contains(err.Error(), "NoSuchTable") {
		t.Errorf("an unknown table: %v", err)
	}
}

// TestIDs: ids come from the caller's function, are unique in a bundle even if
// it is not, and references lead to them.
func TestIDs(t *testing.T) {
	const text = msh + "ADT^A01^ADT_A01|1|P|2.4\rPID|1||1^^^RX1^MR\rPV1|1|I|||||77^Hale|78^Hale\r"
	names := map[string]bool{}
	for name, f := range map[string]func(string, []byte) [16]byte{
		"one for all": func(string, []byte) [16]byte { return [16]byte{1} },
		"by length":   func(typ string, name []byte) [16]byte { return [16]byte{byte(len(typ)), byte(len(name))} },
		"recorded": func(typ string, name []byte) [16]byte {
			names[typ+" "+string(name)] = true
			return [16]byte{byte(len(names))}
		},
	} {
		m, err := hl7v2.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		conv, err := tofhir.New(tofhir.WithIDs(f))
		if err != nil {
			t.Fatal(err)
		}
		res, err := conv.Convert(m)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, name, res)
		if name != "recorded" {
			checkResult(t, name, m, conv, res)
		}
		for _, id := range regexp.MustCompile(`"fullUrl":"urn:uuid:([^"]*)"`).FindAllStringSubmatch(string(res.Bundle), -1) {
			if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[58][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id[1]) {
				t.Errorf("%s: %s is no UUID", name, id[1])
			}
		}
	}
	if !names["Patient urn:id:RX1|1\n"] {
		t.Errorf("no name of the patient among %v", names)
	}
}

// TestIDsWithoutSystem: the same number of two senders, neither of whom names
// who assigned it, is of two patients; that of one sender in two messages is of
// one.
func TestIDsWithoutSystem(t *testing.T) {
	id := func(facility, control, authority string) string {
		res := convert(t, "MSH|^~\\&|PAS|"+facility+"|||20240115||ADT^A28^ADT_A05|"+control+"|P|2.4\rPID|1||1^^^"+authority+"\r")
		return query(t, res, "ofType(Patient).id")[0].(string)
	}
	if a, b := id("RX1", "1", ""), id("RX2", "1", ""); a == b {
		t.Errorf("one id for two patients: %s", a)
	}
	if a, b := id("RX1", "1", ""), id("RX1", "2", ""); a != b {
		t.Errorf("two ids for one patient: %s, %s", a, b)
	}
	if a, b := id("RX1", "1", "AUTH"), id("RX2", "2", "AUTH"); a != b {
		t.Errorf("two ids for one number: %s, %s", a, b)
	}
}
