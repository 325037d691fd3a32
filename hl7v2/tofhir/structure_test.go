package tofhir_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// valid fails the test where a bundle is not one that the FHIR parser takes
// without an error.
func valid(t *testing.T, name string, res tofhir.Result) {
	t.Helper()
	tree, err := fhir.Parse(res.Bundle)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, i := range tree.Issues() {
		if i.Severity <= fhir.Error {
			t.Errorf("%s: %v", name, i)
		}
	}
}

// TestOptionalSegmentsOpenNoGroup: what is optional in a group belongs to the
// group at hand, not to one that begins with a segment the message does not
// have there.
func TestOptionalSegmentsOpenNoGroup(t *testing.T) {
	const pid = "PID|1||1\r"
	res := convert(t, msh+"OML^O21^OML_O21|1|P|2.5.1\r"+pid+"ORC|NW|A1\rOBR|1|A1||X^x^L\rPRT|1|AD||OP|77^Hale\rORC|NW|A2\rOBR|1|A2||Y^y^L\r")
	valid(t, "PRT behind OBR", res)
	if got := query(t, res, "ofType(Observation).id"); len(got) != 0 {
		t.Errorf("a participant of an order made observations: %v", got)
	}
	// TQ1 stands before OBR in the structure and behind it in the message: it
	// is of the order all the same.
	res = convert(t, msh+"OMG^O19^OMG_O19|1|P|2.5.1\r"+pid+"ORC|NW|A1\rOBR|1|A1||X^x^L\rTQ1|1||||||||R\rNTE|1||note\rORC|NW|A2\rOBR|1|A2||Y^y^L\rTQ1|1||||||||S\r")
	valid(t, "TQ1 behind OBR", res)
	if d := cmp.Diff([]any{"routine", "stat"}, query(t, res, "ofType(ServiceRequest).priority")); d != "" {
		t.Errorf("priorities (-want +got):\n%s", d)
	}
	one(t, res, "ofType(ServiceRequest).where(priority='routine').note.text", "note")
	// A note of an order that has no OBX yet is of the order.
	res = convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\r"+pid+"OBR|1|A||X^x^L\rNTE|1||of the report\rOBX|1|ST|a^b^L||v||||||F\rNTE|1||of the result\r")
	one(t, res, "ofType(ServiceRequest).note.text", "of the report")
	one(t, res, "ofType(Observation).note.text", "of the result")
}

// TestOrders: a second ORC is a second order, though prior results may begin
// with an ORC, too; what repeats in a group may stand in another order.
func TestOrders(t *testing.T) {
	const pid = "PID|1||1\r"
	order := func(n string) string {
		return "ORC|NW|" + n + "\rOBR|1|" + n + "||X^x^L\rNTE|1||note " + n + "\rOBX|1|ST|a^b^L||v||||||F\r"
	}
	res := convert(t, msh+"OML^O21^OML_O21|1|P|2.5.1\r"+pid+order("A1")+order("A2"))
	valid(t, "two orders", res)
	if d := cmp.Diff([]any{"A1", "A2"}, query(t, res, "ofType(ServiceRequest).identifier.value")); d != "" {
		t.Errorf("orders (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]any{"note A1", "note A2"}, query(t, res, "ofType(ServiceRequest).note.text")); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	// The results of an earlier order are of no order of this message.
	res = convert(t, msh+"OML^O21^OML_O21|1|P|2.5.1\r"+pid+order("A1")+pid+order("P1")+order("A2"))
	for _, id := range query(t, res, "ofType(ServiceRequest).identifier.value") {
		if id == "P1" {
			t.Error("a prior result became an order")
		}
	}
	// Two participants of one order, at two places of the structure, are two.
	res = convert(t, msh+"OML^O21^OML_O21|1|P|2.5.1\r"+pid+"ORC|NW|A1\rPRT||AD||OP^^HL70443|71^Hale\rOBR|1|A1||X^x^L\rPRT||AD||OP^^HL70443|72^Oakes\r")
	if d := cmp.Diff([]any{"Hale", "Oakes"}, query(t, res, "ofType(Practitioner).name.family")); d != "" {
		t.Errorf("participants (-want +got):\n%s", d)
	}
	// NTE stands behind PRT in the structure.
	res = convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\r"+pid+"OBR|1|A||X^x^L\rOBX|1|ST|a^b^L||v||||||F\rNTE|1||n\rPRT||AD||AP|71^Hale\r")
	valid(t, "NTE PRT", res)
	one(t, res, "ofType(Practitioner).name.family", "Hale")
	one(t, res, "ofType(Observation).note.text", "n")
}

// TestUnknownPatient: FHIR requires the subject even where the message tells
// nothing of it.
func TestUnknownPatient(t *testing.T) {
	for name, text := range map[string]string{
		"problem":   "PPR^PC1^PPR_PC1|1|P|2.5.1\rPID|||\rPV1||I\rPRB|AD|20170110|K80^Gallstones^I10|53956\r",
		"diagnosis": "ADT^A01^ADT_A01|1|P|2.5.1\rPID|||\rDG1|1||K80^Gallstones^I10\r",
		"order":     "ORM^O01^ORM_O01|1|P|2.5.1\rORC|NW|1000\rOBR|1|1000||X^x^L\r",
		"drug":      "ORM^O01^ORM_O01|1|P|2.5.1\rORC|NW|1000\rRXO|1^paracetamol^L\r",
	} {
		res := convert(t, msh+text)
		valid(t, name, res)
		if got := query(t, res, "ofType(Patient).id"); len(got) != 0 {
			t.Errorf("%s: a patient was made of nothing", name)
		}
		if !strings.Contains(string(res.Bundle), `"subject":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`) {
			t.Errorf("%s: the subject is not said to be unknown: %s", name, res.Bundle)
		}
	}
}

// TestEndpoints: FHIR requires the endpoints of a message, and a type of id
// without an id is none.
func TestEndpoints(t *testing.T) {
	for _, c := range []struct{ msh3, msh5 string }{{"PAS^^ISO", "TIE^^UUID"}, {"PAS", "TIE"}, {"", ""}, {"PAS^1.2.3^ISO", "TIE^1.2.4^ISO"}} {
		res := convert(t, "MSH|^~\\&|"+c.msh3+"|RX1|"+c.msh5+"|RX1|20240115143000||ADT^A01^ADT_A01|1|P|2.5.1\rPID|1||1\r")
		valid(t, c.msh3, res)
	}
}

// TestEverySegment converts, for each structure, a message of all its segments
// and one of each segment alone, almost empty and full of numbers: what FHIR
// requires must be there whatever the message lacks.
func TestEverySegment(t *testing.T) {
	files, err := filepath.Glob("nhs/base/messages/*.csv")
	if err != nil {
		t.Fatal(err)
	}
	official, err := filepath.Glob(filepath.Join(corpus.Path(t, "v2-to-fhir"), "maps", "messages", "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var convs []*tofhir.Converter
	for _, o := range [][]tofhir.Option{nil, {tofhir.UK()}} {
		c, err := tofhir.New(o...)
		if err != nil {
			t.Fatal(err)
		}
		convs = append(convs, c)
	}
	full := "|1|2^b^L|3^c^L|4^d^L"
	for n := 5; n < 40; n++ {
		full += "|" + strings.Repeat("1", n/10) + "7"
	}
	messages := 0
	for _, file := range append(files, official...) {
		segments := segmentsOf(t, file)
		if len(segments) == 0 || segments[0] != "MSH" {
			continue // rows to add to an official table
		}
		name := strings.TrimSuffix(filepath.Base(file), ".csv")
		head := "MSH|^~\\&|A||B||20240115||" + strings.Replace(name, "_", "^", 1) + "^" + name + "|1|P|2.5.1\r"
		for _, fill := range []string{"|1", full} {
			try := []string{strings.Join(segments[1:], fill+"\r") + fill + "\r"}
			for _, s := range segments[1:] {
				try = append(try, s+fill+"\r", "PID|1||1\r"+s+fill+"\r")
			}
			for _, text := range try {
				m, err := hl7v2.Parse([]byte(head + text))
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range convs {
					messages++
					res, err := c.Convert(m)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					valid(t, name+" "+text, res)
				}
			}
		}
	}
	t.Logf("%d conversions", messages)
}

// segmentsOf returns the segments of a message table in their order.
func segmentsOf(t *testing.T, file string) (ids []string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, row := range rows[2:] {
		if len(row) < 3 || row[1] == last {
			continue
		}
		if id := strings.Trim(row[2], "[{}]<>| "); len(id) == 3 {
			ids, last = append(ids, id), row[1]
		}
	}
	return ids
}

// TestDrugsAndTimings: each encoded order is a request of its own, with an ORC
// before it or without, and a timing is of the order at hand wherever it stands.
func TestDrugsAndTimings(t *testing.T) {
	for body, want := range map[string][]any{
		"ORC|NW|1\rTQ1|1||BID\rRXE||A\rRXR|PO\r":                     {"A", "BID"},
		"ORC|NW|1\rRXE||A\rTQ1|1||BID\rRXR|PO\r":                     {"A", "BID"},
		"ORC|NW|1\rRXE||A\rRXR|PO\rTQ1|1||BID\r":                     {"A", "BID"},
		"ORC|NW|1\rRXE||A\rRXR|PO\rORC|NW|2\rRXE||B\rTQ1|1||BID\r":   {"A", nil, "B", "BID"},
		"ORC|NW|1\rRXE||A\rRXE||B\rRXR|PO\rTQ1|1||BID\r":             {"A", nil, "B", "BID"},
		"RXE||A\rTQ1|1||TID\rRXE||B\rTQ1|1||BID\rORC|NW|3\rRXE||C\r": {"A", "TID", "B", "BID", "C", nil},
	} {
		res := convert(t, msh+"RDE^O11^RDE_O11|1|P|2.5.1\rPID|1||1\r"+body)
		var got []any
		for _, r := range query(t, res, "ofType(MedicationRequest)") {
			for _, path := range []string{"medicationCodeableConcept.coding.code", "dosageInstruction.timing.code.coding.code"} {
				v, err := evaluate(path, []any{r})
				if err != nil || len(v) > 1 {
					t.Fatalf("%q: %v, %v", body, v, err)
				}
				got = append(got, append(v, nil)[0])
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", body, d)
		}
	}
}

// TestTestsWithoutOrder: a second OBR is a test of its own, and not a prior
// result; what stands behind it is about it.
func TestTestsWithoutOrder(t *testing.T) {
	res := convert(t, msh+"OML^O21^OML_O21|1|P|2.5.1\rPID|1||1\rORC|NW|1\rOBR|1|||A\rOBX|1|ST|X||of A||||||F\rOBR|2|||B\rNTE|1||note of B\rOBX|1|ST|Y||of B||||||F\r")
	if d := cmp.Diff([]any{"A", "B"}, query(t, res, "ofType(ServiceRequest).code.coding.code")); d != "" {
		t.Error(d)
	}
	if n := len(query(t, res, "ofType(ServiceRequest)")); n != 2 {
		t.Errorf("%d requests", n)
	}
	one(t, res, "ofType(ServiceRequest).where(note.text='note of B').code.coding.code", "B")
	if d := cmp.Diff([]any{"of A", "of B"}, query(t, res, "ofType(Observation).valueString")); d != "" {
		t.Error(d)
	}
}
