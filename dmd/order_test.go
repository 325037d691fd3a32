package dmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// exactly decodes an object with numbers as they are written.
func exactly(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestOrderCorpus reads every line item of the example prescriptions, writes it
// back the same, and finds the units that are none.
func TestOrderCorpus(t *testing.T) {
	s, _ := buildDir(t, corpus(t, "reference-lists-2019-04-01"))
	var items []json.RawMessage
	readJSON(t, filepath.Join(corpus(t, "eps"), "line-items.json"), &items)
	passed := 0
	for i, raw := range items {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			o, err := ParseOrder(raw)
			if err != nil {
				t.Fatal(err)
			}
			// Everything but the bookkeeping of the corpus comes back.
			want, got := exactly(t, raw), exactly(t, o.AppendJSON(nil))
			delete(want, "id")
			delete(want, "source")
			if o.ResourceType == "MedicationRequest" { // where FHIR has the quantity
				want["dispenseRequest"] = map[string]any{"quantity": want["quantity"]}
				delete(want, "quantity")
			}
			if !reflect.DeepEqual(want, got) {
				t.Errorf("came back as %s", o.AppendJSON(nil))
			}
			for _, c := range o.Medication.Codings {
				if _, err := sctid.Parse(c.Code); err != nil || !IsSystem(c.System) {
					t.Errorf("medication: %v", err)
				}
			}
			unit, err := sctid.Parse(o.Quantity.Code)
			if err != nil {
				t.Fatal(err)
			}
			inList := slices.ContainsFunc(s.Terms("UNIT_OF_MEASURE"), func(u Term) bool { return u.ID() == unit })
			reported := false
			for _, is := range s.CheckOrder(o, OrderOptions{}) {
				reported = reported || is.Code == CodeUnit
				if is.Code == CodeID || is.Code == CodeSystem {
					t.Errorf("%v", is)
				}
			}
			if inList == reported {
				t.Errorf("unit %s: in the list %v, reported %v", unit, inList, reported)
			}
			if !t.Failed() {
				passed++
			}
		})
	}
	floor(t, "eps-line-items", passed, len(items))
}

// TestSameWords: a quantity in words must be the whole number and no other one
// that begins alike.
func TestSameWords(t *testing.T) {
	for _, c := range []struct {
		words, number string
		same          bool
	}{
		{"twenty-eight", "28", true},
		{"Twenty eight tablets", "28", true},
		{"one hundred five", "105", true},
		{"two point five millilitres", "2.5", true},
		{"twenty-eight tablets", "20", false},
		{"twenty", "28", false},
		{"two hundred", "2", false},
		{"one hundred and five", "100", false},
		{"two and a half tablets", "2", false},
		{"two point five", "2", false},
		{"five thousand", "5", false},
		{"two and a half tablets", "2.5", true},
		{"half", "0.5", true},
		{"three quarters of a tablet", "0.75", true},
		{"one hundred and one and three quarters", "101.75", true},
		{"nought point five", "0.5", true},
		{"point five", "0.5", true},
		{"a hundred and twelve", "112", true},
		{"one thousand two hundred and fifty", "1250", true},
		{"one thousand and one thousand", "2000", false},
		{"twenty eighteen", "38", false},
		{"two packs of twenty-eight", "2", false},
		{"tablets", "1", false},
		{"28", "28", false},
		{"", "1", false},
	} {
		d, err := ParseDecimal(c.number)
		if err != nil {
			t.Fatal(err)
		}
		if got := sameWords(c.words, d); got != c.same {
			t.Errorf("%q for %s: %v", c.words, c.number, got)
		}
	}
}

// TestOrderRoundTrip: an order comes back with its quantity where FHIR has it and
// with what it says about a controlled drug.
func TestOrderRoundTrip(t *testing.T) {
	for _, in := range []string{
		`{"resourceType":"MedicationRequest","extension":[{"url":"https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug","extension":[{"url":"quantityWords","valueString":"twenty-eight"},{"url":"schedule","valueCoding":{"system":"https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug","code":"CD2","display":"Schedule 2"}}]}],"medicationCodeableConcept":{"coding":[{"system":"https://dmd.nhs.uk","code":"318136009"}]},"dispenseRequest":{"quantity":{"value":28.0,"code":"428673006"}}}`,
		`{"resourceType":"MedicationDispense","medicationCodeableConcept":{"text":"x"},"quantity":{"value":1}}`,
		`{"resourceType":"MedicationDispense","medicationReference":{"reference":"Medication/1"},"quantity":{"value":1}}`,
		`{"resourceType":"Medication","code":{"coding":[{"system":"https://dmd.nhs.uk","code":"318136009"}]}}`,
		`{"resourceType":"MedicationStatement","medicationCodeableConcept":{"text":"x"},"dosage":[{"sequence":1,"doseAndRate":[{"type":{"text":"ordered"},"doseQuantity":{"value":1.50,"unit":"tablet"}}]}]}`,
	} {
		o, err := ParseOrder([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if want, got := exactly(t, []byte(in)), exactly(t, o.AppendJSON(nil)); !reflect.DeepEqual(want, got) {
			t.Errorf("came back as %s", o.AppendJSON(nil))
		}
	}
}

// TestNumberWords: every number that QuantityInWords says is read back as itself,
// and as no other.
func TestNumberWords(t *testing.T) {
	check := func(d Decimal) {
		t.Helper()
		words := QuantityInWords(d)
		if !sameWords(words, d) {
			t.Errorf("%s is said as %q, which is another number", d, words)
		}
		if other := NewDecimal(d.coef+1, int(d.scale)); sameWords(words, other) {
			t.Errorf("%q is taken for %s", words, other)
		}
	}
	for n := range int64(3_000) {
		check(NewDecimal(n, 0))
		check(NewDecimal(n, 2))
	}
	for n := int64(1); n < 1e17; n *= 10 {
		for _, k := range []int64{n - 1, n, n + 1, 7 * n, 7*n + 113} {
			check(NewDecimal(k, 0))
		}
	}
}

// TestUnitsByUCUM: every real unit that has a UCUM code is found by it.
func TestUnitsByUCUM(t *testing.T) {
	s, _ := buildDir(t, corpus(t, "reference-lists-2019-04-01"))
	n := 0
	for _, u := range s.Terms("UNIT_OF_MEASURE") {
		code := UCUM(u.Code)
		if code == "" {
			continue
		}
		if back := s.unitOfUCUM(code); UCUM(back) != code {
			t.Errorf("%s (%s): %q", u.Text, code, back)
		}
		n++
	}
	if n < 25 || s.unitOfUCUM("") != "" || s.unitOfUCUM("{tbl}") != "" {
		t.Errorf("%d units", n)
	}
}
