package tofhir_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
	"github.com/nhskit/nhskit/dmd/tofhir"
	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/r4"
)

func build(t testing.TB, dir string) *dmd.Store {
	t.Helper()
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer rel.Close()
	s, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func synthetic(t testing.TB, scale float64) *dmd.Store {
	t.Helper()
	if testing.Short() {
		scale = min(scale, 0.003)
	}
	dir := t.TempDir()
	if err := dmdtest.New(scale, 3).WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	return build(t, dir)
}

// TestEveryProduct converts every product of a store and has the strict reader
// accept it without a finding.
func TestEveryProduct(t *testing.T) {
	stores := map[string]*dmd.Store{"synthetic": synthetic(t, 0.01)}
	if os.Getenv("NHSKIT_LONG") != "" {
		stores["synthetic at scale 1"] = synthetic(t, 1)
	}
	root := os.Getenv("NHSKIT_CORPORA")
	if root == "" {
		root = "../../../shared/corpora"
	}
	mini := filepath.Join(root, "dmd", "release-mini-2021-08-26")
	if _, err := os.Stat(mini); err == nil {
		stores["mini"] = build(t, mini)
	}
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			n := 0
			for _, k := range []dmd.Kind{dmd.VTM, dmd.VMP, dmd.AMP, dmd.VMPP, dmd.AMPP} {
				for p := range s.Products(k) {
					for _, r := range []r4.Resource{tofhir.Medication(p, tofhir.WithProfile()), tofhir.MedicationKnowledge(p, tofhir.WithSystem(dmd.SystemSNOMED))} {
						data, err := r4.Marshal(r)
						if err != nil {
							t.Fatalf("%s %s: %v", k, p.ID(), err)
						}
						tree, err := fhir.Parse(data, fhir.Strict())
						if err != nil {
							t.Fatalf("%s %s: %v\n%s", k, p.ID(), err, data)
						}
						if is := tree.Issues(); len(is) > 0 {
							t.Fatalf("%s %s: %v\n%s", k, p.ID(), is, data)
						}
						if !bytes.Contains(data, []byte(`"code":"`+p.ID().String()+`"`)) {
							t.Fatalf("%s %s: the code is not in %s", k, p.ID(), data)
						}
					}
					n += 2
				}
			}
			t.Logf("%d resources", n)
		})
	}
}

// TestMedicationContent compares a pack's resources with what its records say.
func TestMedicationContent(t *testing.T) {
	s := synthetic(t, 0.01)
	ratios, amounts, costs, excipients := 0, 0, 0, 0
	for p := range s.Products(dmd.AMPP) {
		m := tofhir.Medication(p)
		if got, want := len(m.Ingredient), len(p.Strengths())+len(p.Excipients()); got != want {
			t.Fatalf("%s: %d ingredients, want %d", p.ID(), got, want)
		}
		for i, st := range p.Strengths() {
			r := m.Ingredient[i].Strength
			if !st.HasValue {
				if r != nil {
					t.Errorf("%s: a strength from nothing", p.ID())
				}
				continue
			}
			ratios++
			if r.Numerator.Value.String() != st.Numerator.Value.String() || r.Denominator == nil {
				t.Errorf("%s: strength %s, want %s", p.ID(), r.Numerator.Value, st.Numerator.Value)
			}
			if st.Numerator.Unit.Text == "mg" && (r.Numerator.Code != "mg" || r.Numerator.System != dmd.SystemUCUM) {
				t.Errorf("%s: mg is not UCUM's", p.ID())
			}
		}
		excipients += len(p.Excipients())
		if q, ok := p.PackQuantity(); ok {
			amounts++
			if m.Amount.Numerator.Value.String() != q.Value.String() {
				t.Errorf("%s: amount", p.ID())
			}
		}
		if price, ok := p.Price(); ok && price.HasPrice {
			costs++
			k := tofhir.MedicationKnowledge(p)
			want := fmt.Sprintf("%d.%02d", price.Pence/100, price.Pence%100)
			if len(k.Cost) != 1 || k.Cost[0].Cost.Value.String() != want {
				t.Errorf("%s: cost, want %s", p.ID(), want)
			}
		}
		invalid := p.Invalid()
		if gone, _ := p.Discontinued(); (m.Status == "inactive") != (gone || invalid) {
			t.Errorf("%s: status %s", p.ID(), m.Status)
		}
	}
	if ratios == 0 || amounts == 0 || costs == 0 || excipients == 0 {
		t.Errorf("nothing compared: %d %d %d %d", ratios, amounts, costs, excipients)
	}
}

func TestTerminology(t *testing.T) {
	s := synthetic(t, 0.01)
	id := func(k dmd.Kind, i int) string { return dmdtest.ID(k, i).String() }
	for _, system := range []string{"https://dmd.nhs.uk", "https://dmd.nhs.uk/", "http://snomed.info/sct"} {
		c, ok := tofhir.Lookup(s, system, id(dmd.VMP, 1))
		if !ok || c.Kind != "VMP" || c.Display == "" || len(c.Parents) != 1 || c.Parents[0] != id(dmd.VTM, 1) || len(c.Children) == 0 {
			t.Errorf("%s: %+v", system, c)
		}
	}
	if _, ok := tofhir.Lookup(s, "http://loinc.org", id(dmd.VMP, 1)); ok {
		t.Error("a code of another system is known")
	}
	if c, ok := tofhir.Lookup(s, dmd.SystemDMD, "428673006"); !ok || c.Display != "tablet" {
		t.Errorf("unit: %+v", c)
	}
	vtm, vmp, amp := id(dmd.VTM, 1), id(dmd.VMP, 1), ""
	if p, ok := s.Product(dmdtest.ID(dmd.VMP, 1)); ok {
		amp = p.AMPs()[0].ID().String()
	}
	for _, c := range []struct {
		a, b string
		want tofhir.Outcome
	}{
		{vtm, vmp, tofhir.SubsumesIt}, {amp, vtm, tofhir.SubsumedBy}, {vmp, vmp, tofhir.Equivalent},
		{id(dmd.VTM, 0), vmp, tofhir.NotSubsumed}, {vmp, "22298006", tofhir.Unknown}, {"x", vmp, tofhir.Unknown},
	} {
		if got := tofhir.Subsumes(s, c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %s, want %s", c.a, c.b, got, c.want)
		}
	}
	if known, named := tofhir.Validate(s, dmd.SystemDMD, vmp, "something else"); !known || named {
		t.Error("a wrong display fits")
	}
	count := func(f ...tofhir.Filter) int {
		n := 0
		ps, ok := tofhir.Select(s, f...)
		if !ok {
			return -1
		}
		for range ps {
			n++
		}
		return n
	}
	if got, want := count(tofhir.Filter{"parent", "=", []string{"VMP"}}), s.Count(dmd.TableVMP); got != want {
		t.Errorf("VMPs: %d, want %d", got, want)
	}
	p, _ := s.Product(dmdtest.ID(dmd.VTM, 1))
	all := 1 + len(p.VMPs()) + len(p.AMPs()) + len(p.VMPPs()) + len(p.AMPPs())
	if got := count(tofhir.Filter{"concept", "is-a", []string{vtm}}); got != all {
		t.Errorf("below the moiety: %d, want %d", got, all)
	}
	if got := count(tofhir.Filter{"concept", "descendent-of", []string{vtm}}, tofhir.Filter{"kind", "in", []string{"VTM"}}); got != 0 {
		t.Errorf("moieties below a moiety: %d", got)
	}
	if got := count(tofhir.Filter{"colour", "=", []string{"red"}}); got != -1 {
		t.Error("an unknown filter selects")
	}
}

func TestCheckBundle(t *testing.T) {
	s := synthetic(t, 0.01)
	bundle := `{"resourceType":"Bundle","type":"collection","entry":[
 {"resource":{"resourceType":"Patient","id":"p"}},
 {"resource":{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/p"},
  "medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"22298006","display":"No product"}]},
  "dosageInstruction":[{"text":"One daily"}],
  "dispenseRequest":{"quantity":{"value":28,"unit":"Tablet","system":"http://snomed.info/sct","code":"385055001"}}}}]}`
	tree, err := fhir.Parse([]byte(bundle))
	if err != nil {
		t.Fatal(err)
	}
	got := map[dmd.Code]string{}
	for _, i := range tofhir.Check(s, tree, dmd.OrderOptions{}) {
		got[i.Code] = i.Path
		if i.Line != 3 {
			t.Errorf("line %d: %v", i.Line, i)
		}
	}
	for code, path := range map[dmd.Code]string{
		dmd.CodeProduct: "entry[1].resource.medicationCodeableConcept.coding[0].code",
		dmd.CodeUnit:    "entry[1].resource.dispenseRequest.quantity.code",
	} {
		if !strings.HasSuffix(got[code], path) {
			t.Errorf("%s at %q, want %q", code, got[code], path)
		}
	}
}

func ExampleMedication() {
	dir, _ := os.MkdirTemp("", "dmd")
	defer os.RemoveAll(dir)
	if err := dmdtest.New(0.001, 1).WriteDir(dir); err != nil {
		panic(err)
	}
	rel, _ := dmd.OpenRelease(dir)
	s, _, _ := dmd.Build(context.Background(), rel)
	p, _ := s.Product(dmdtest.ID(dmd.VMP, 1))
	m := tofhir.Medication(p)
	fmt.Println(m.ResourceType(), m.Status, m.Code.Coding[0].System)
	// Output: Medication active https://dmd.nhs.uk
}

func ExampleValidate() {
	dir, _ := os.MkdirTemp("", "dmd")
	defer os.RemoveAll(dir)
	if err := dmdtest.New(0.001, 1).WriteDir(dir); err != nil {
		panic(err)
	}
	rel, _ := dmd.OpenRelease(dir)
	s, _, _ := dmd.Build(context.Background(), rel)
	known, named := tofhir.Validate(s, "https://dmd.nhs.uk/", dmdtest.ID(dmd.VTM, 1).String(), "another name")
	fmt.Println(known, named)
	// Output: true false
}
