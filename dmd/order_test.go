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
