package dmd_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
	"github.com/nhskit/nhskit/snomed/sctid"
)

func decimal(t testing.TB, s string) dmd.Decimal {
	t.Helper()
	d, err := dmd.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDoseToProducts: the products of a moiety for a dose are those that can make
// it up, ranked, and the way back gives the dose again.
func TestDoseToProducts(t *testing.T) {
	s := sharedStore(t)
	dose := decimal(t, "50")
	options, back := 0, 0
	for vtm := range s.Products(dmd.VTM) {
		got := s.DoseToProducts(vtm, dose, "258684004", dmd.DoseFilter{})
		for i, o := range got {
			options++
			if o.Product.Invalid() || o.Product.Flag("NON_AVAILCD") {
				t.Errorf("%s is not to be had", o.Product.ID())
			}
			if i > 0 && (o.Rank < got[i-1].Rank || o.Rank == got[i-1].Rank && o.Quantity.Cmp(got[i-1].Quantity) < 0) {
				t.Errorf("%s: out of order", o.Product.ID())
			}
			if (o.Rank == dmd.Whole) != o.Quantity.IsInt() {
				t.Errorf("%s: rank %d for %s", o.Product.ID(), o.Rank, o.Quantity)
			}
			text, ok := o.Decimal()
			if !ok {
				continue
			}
			doses, err := o.Product.ProductToDose(decimal(t, text))
			if err != nil {
				t.Fatal(err)
			}
			want := dose.Rat()
			if doses[0].UCUM == "ug" {
				want.Mul(want, big.NewRat(1000, 1))
			}
			if doses[0].Value.Cmp(want) != 0 {
				t.Errorf("%s of %s are %s %s, want %s", text, o.Product.Name(), doses[0].Value, doses[0].UCUM, want)
			}
			back++
		}
		route := s.DoseToProducts(vtm, dose, "258684004", dmd.DoseFilter{Route: "26643006"})
		for _, o := range route {
			if !slices.ContainsFunc(o.Product.Routes(), func(r dmd.Term) bool { return r.Code == "26643006" }) {
				t.Errorf("%s is not oral", o.Product.ID())
			}
		}
		if len(route) > len(got) {
			t.Error("a filter adds products")
		}
		grams := s.DoseToProducts(vtm, decimal(t, "0.05"), "258682000", dmd.DoseFilter{})
		if len(grams) != len(got) {
			t.Errorf("%s: %d products for 0.05 g, %d for 50 mg", vtm.ID(), len(grams), len(got))
		}
	}
	if options < 50 || back < 50 {
		t.Errorf("%d options, %d back", options, back)
	}
	p, _ := s.Product(dmdtest.ID(dmd.VTM, 1))
	if got := s.DoseToProducts(p, dose, "428673006", dmd.DoseFilter{}); len(got) != 0 {
		t.Errorf("products for 50 tablets of nothing: %v", got)
	}
	if _, err := p.ProductToDose(dose); err == nil {
		t.Error("a moiety has a dose")
	}
}

// TestSplitPacks compares the packs for a quantity with all ways to make it up.
func TestSplitPacks(t *testing.T) {
	s := sharedStore(t)
	tried, ok := 0, 0
	for vmp := range s.Products(dmd.VMP) {
		sizes := []int64{}
		for _, pack := range vmp.VMPPs() {
			if q, has := pack.PackQuantity(); has && !pack.Invalid() && len(pack.Contents()) == 0 {
				var n int64
				fmt.Sscan(q.Value.String(), &n)
				sizes = append(sizes, n)
			}
		}
		for _, n := range []int64{28, 56, 100, 7, 112} {
			tried++
			packs, _, can := vmp.SplitPacks(dmd.NewDecimal(n, 0))
			if can != reachable(n, sizes) {
				t.Fatalf("%s: %d of packs of %v: %v", vmp.ID(), n, sizes, can)
			}
			if !can {
				continue
			}
			ok++
			sum := new(big.Rat)
			for _, p := range packs {
				q, _ := p.Pack.PackQuantity()
				sum.Add(sum, new(big.Rat).Mul(q.Value.Rat(), big.NewRat(int64(p.Count), 1)))
			}
			if sum.Cmp(big.NewRat(n, 1)) != 0 {
				t.Errorf("%s: packs of %s for %d", vmp.ID(), sum, n)
			}
		}
	}
	if ok < 20 || ok == tried {
		t.Errorf("%d of %d", ok, tried)
	}
	p, _ := s.Product(dmdtest.ID(dmd.VMP, 1))
	if _, _, can := p.SplitPacks(decimal(t, "1000000000")); can {
		t.Error("a billion is made up")
	}
}

// TestSplitManyPacks: tens of thousands of packs of a product, which a release
// should not have, are taken by their sizes.
func TestSplitManyPacks(t *testing.T) {
	var b strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&b, "<VMPP><VPPID>%s</VPPID><NM>x</NM><VPID>318136009</VPID><QTYVAL>%d</QTYVAL><QTY_UOMCD>428673006</QTY_UOMCD></VMPP>", dmdtest.ID(dmd.VMPP, i), 7*(1+i%2))
	}
	s := buildFS(t, fstest.MapFS{
		"f_vmp2_3260821.xml":  {Data: []byte("<VIRTUAL_MED_PRODUCTS><VMPS><VMP><VPID>318136009</VPID><NM>x</NM><BASISCD>0001</BASISCD><PRES_STATCD>0001</PRES_STATCD></VMP></VMPS></VIRTUAL_MED_PRODUCTS>")},
		"f_vmpp2_3260821.xml": {Data: []byte("<VIRTUAL_MED_PRODUCT_PACK><VMPPS>" + b.String() + "</VMPPS></VIRTUAL_MED_PRODUCT_PACK>")},
	})
	p, _ := s.Product(318136009)
	packs, _, ok := p.SplitPacks(dmd.NewDecimal(70_000, 0))
	if !ok || len(packs) != 1 || packs[0].Count != 5000 {
		t.Errorf("%v, %v", packs, ok)
	}
}

func reachable(n int64, sizes []int64) bool {
	can := make([]bool, n+1)
	can[0] = true
	for i := range can {
		for _, s := range sizes {
			if s > 0 && int64(i) >= s && can[int64(i)-s] {
				can[i] = true
			}
		}
	}
	return can[n]
}

func TestCheckOrder(t *testing.T) {
	s := sharedStore(t)
	var tablet, controlled dmd.Product
	unit := ""
	for p := range s.Products(dmd.VMP) {
		v := dmd.DefaultRules().Check(p, 0)
		if len(v.Reasons) == 0 && p.DoseForm().UnitDose.Text == "tablet" {
			tablet = p
		}
		if v.Prescribable && p.Controlled().Words {
			controlled = p
			unit, _ = p.VMPPs()[0].Field("QTY_UOMCD")
		}
	}
	if tablet.Kind() == dmd.NoKind || controlled.Kind() == dmd.NoKind {
		t.Fatal("the release has no such products")
	}
	line := func(p dmd.Product, display, value, unit string) string {
		return fmt.Sprintf(`{"resourceType":"MedicationRequest","medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"%s","display":"%s"}]},"dosageInstruction":[{"text":"One daily"}],"dispenseRequest":{"quantity":{"value":%s,"system":"http://snomed.info/sct","code":"%s"}}}`, p.ID(), display, value, unit)
	}
	const system = `{"system":"https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug","code":"CD%d"}`
	schedule := controlled.Controlled().Schedule
	right, wrong := fmt.Sprintf(system, schedule), fmt.Sprintf(system, 5-schedule)
	withControlled := func(words, schedule string) string {
		return strings.Replace(line(controlled, controlled.Name(), "28", unit), `"dosage`, `"extension":[{"url":"https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug","extension":[{"url":"quantityWords","valueString":`+words+`},{"url":"schedule","valueCoding":`+schedule+`}]}],"dosage`, 1)
	}
	for _, c := range []struct{ name, doc, want string }{
		{"right", line(tablet, tablet.Name(), "28", "428673006"), ""},
		{"another name", line(tablet, "Tablets", "28", "428673006"), "dmd.order.display"},
		{"another unit", line(tablet, tablet.Name(), "28", "428641000"), "dmd.order.unit-mismatch"},
		{"another unit of the list", line(tablet, tablet.Name(), "28", "258773002"), "dmd.order.unit-mismatch"},
		{"a form as the unit", line(tablet, tablet.Name(), "28", "385055001"), "dmd.order.unit"},
		{"bottles", line(tablet, tablet.Name(), "1", "419672006"), "dmd.order.quantity"},
		{"none", line(tablet, tablet.Name(), "0", "428673006"), "dmd.order.quantity"},
		{"too many", line(tablet, tablet.Name(), "40000", "428673006"), "dmd.order.quantity"},
		{"wrong digit", strings.Replace(line(tablet, tablet.Name(), "28", "428673006"), tablet.ID().String(), "318136008", 1), "dmd.value.id"},
		{"not in the release", strings.Replace(line(tablet, "", "28", "428673006"), tablet.ID().String(), "318136009", 1), "dmd.order.product"},
		{"other system", strings.Replace(line(tablet, tablet.Name(), "28", "428673006"), "http://snomed.info/sct", "http://loinc.org", 1), "dmd.order.system"},
		{"no instruction", strings.Replace(line(tablet, tablet.Name(), "28", "428673006"), `{"text":"One daily"}`, `{"sequence":1}`, 1), "dmd.order.instruction"},
		{"words missing", line(controlled, controlled.Name(), "28", unit), "dmd.order.prescribable dmd.order.schedule dmd.order.words"},
		{"words right", withControlled(`"Twenty Eight"`, right), "dmd.order.prescribable"},
		{"words wrong", withControlled(`"eighty two"`, right), "dmd.order.prescribable dmd.order.words"},
		{"schedule wrong", withControlled(`"twenty eight"`, wrong), "dmd.order.prescribable dmd.order.schedule"},
		{"schedule unknown", withControlled(`"twenty eight"`, `{"code":"2"}`), "dmd.order.prescribable dmd.order.schedule"},
		{"schedule of another system", withControlled(`"twenty eight"`, strings.Replace(right, "/CodeSystem/", "/x/", 1)), "dmd.order.prescribable dmd.order.system"},
		{"schedule of what has none", strings.Replace(line(tablet, tablet.Name(), "28", "428673006"), `"dosage`, `"extension":[{"url":"https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug","extension":[{"url":"schedule","valueCoding":{"code":"CD2"}}]}],"dosage`, 1), "dmd.order.schedule"},
		{"unit in other words", strings.Replace(line(tablet, tablet.Name(), "28", "428673006"), `"system":"http://snomed.info/sct","code":"428673006"`, `"unit":"capsule","system":"http://snomed.info/sct","code":"428673006"`, 1), "dmd.order.display"},
		{"two products", strings.Replace(line(tablet, tablet.Name(), "28", "428673006"), `"coding":[`, `"coding":[{"system":"https://dmd.nhs.uk","code":"`+controlled.ID().String()+`"},`, 1), "dmd.order.conflict dmd.order.prescribable dmd.order.schedule dmd.order.unit-mismatch dmd.order.words"},
		{"a reference", `{"resourceType":"MedicationRequest","medicationReference":{"reference":"Medication/1"},"dosageInstruction":[{"text":"x"}],"quantity":{"value":1,"system":"http://snomed.info/sct","code":"428673006"}}`, "dmd.order.reference"},
		{"contained", `{"resourceType":"MedicationRequest","contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"system":"https://dmd.nhs.uk","code":"` + tablet.ID().String() + `","display":"x"}]}}],"medicationReference":{"reference":"#m"},"dosageInstruction":[{"text":"x"}],"quantity":{"value":1,"system":"http://snomed.info/sct","code":"428673006"}}`, "dmd.order.display"},
		{"a moiety", strings.Replace(line(tablet, "", "28", "428673006"), tablet.ID().String(), dmdtest.ID(dmd.VTM, 1).String(), 1), "dmd.order.prescribable dmd.order.unit-mismatch"},
		{"UCUM", strings.Replace(line(tablet, tablet.Name(), "28", "mg"), `"system":"http://snomed.info/sct","code":"mg"`, `"unit":"mg","code":"mg","system":"http://unitsofmeasure.org"`, 1), "dmd.order.unit-mismatch"},
	} {
		o, err := dmd.ParseOrder([]byte(c.doc))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, i := range s.CheckOrder(o, dmd.OrderOptions{}) {
			if !strings.HasPrefix(i.Path, "MedicationRequest.") {
				t.Errorf("%s: no path: %v", c.name, i)
			}
			if !slices.Contains(got, string(i.Code)) {
				got = append(got, string(i.Code))
			}
		}
		slices.Sort(got)
		switch text := strings.Join(got, " "); {
		case c.name == "a moiety" && strings.Contains(text, "prescribable"), c.name == "other system" && strings.Contains(text, c.want):
		case text != c.want:
			t.Errorf("%s: %q, want %q", c.name, text, c.want)
		}
	}
	for _, doc := range []string{"", "[]", `{"resourceType":"Patient"}`, `{"resourceType":"MedicationRequest","resourceType":"x"}`, `{"resourceType":"MedicationRequest"`, `{"resourceType":"MedicationRequest","dosageInstruction":[{"sequence":-1}]}`} {
		var issue dmd.Issue
		if _, err := dmd.ParseOrder([]byte(doc)); !errors.As(err, &issue) || issue.Offset < 0 {
			t.Errorf("%q: %v", doc, err)
		}
	}
}

// TestOrderRelease: a line is doubted if the release is older than two months on the
// day, to the day.
func TestOrderRelease(t *testing.T) {
	s := buildFS(t, fstest.MapFS{"f_vtm2_3311221.xml": {Data: []byte(vtmFile)}}) // 2021-12-31
	o := &dmd.Order{ResourceType: "MedicationRequest"}
	for day, old := range map[dmd.Date]bool{0: false, dmd.NewDate(2022, 1, 31): false, dmd.NewDate(2022, 2, 28): false, dmd.NewDate(2022, 3, 1): true, dmd.NewDate(2021, 1, 1): false} {
		got := slices.ContainsFunc(s.CheckOrder(o, dmd.OrderOptions{Day: day}), func(i dmd.Issue) bool { return i.Code == dmd.CodeAge })
		if got != old {
			t.Errorf("on %s: %v", day, got)
		}
	}
}

func TestBrands(t *testing.T) {
	s := sharedStore(t)
	brands, generics := 0, 0
	for amp := range s.Products(dmd.AMP) {
		vmp, _ := amp.VMP()
		nm, _ := amp.Field("NM")
		if amp.IsBrand() != (nm != vmp.Name()) {
			t.Fatalf("%s: %v", amp.Name(), amp.IsBrand())
		}
		if amp.IsBrand() {
			brands++
			if !slices.Contains(vmp.Brands(), amp) {
				t.Errorf("%s is not among the brands of %s", amp.ID(), vmp.ID())
			}
		} else {
			generics++
		}
	}
	if brands == 0 || generics == 0 {
		t.Errorf("%d brands, %d generics", brands, generics)
	}
}

// TestDailyDoses computes the daily doses of a quantity from the records.
func TestDailyDoses(t *testing.T) {
	s := sharedStore(t)
	n := 0
	for p := range s.Products(dmd.VMP) {
		got, ok := p.DailyDoses(decimal(t, "10"))
		c, _ := p.Class()
		st := p.Strengths()
		if len(st) != 1 || !st[0].HasValue || c.DDD.Unit.Text != "mg" || st[0].Numerator.Unit.Text != "mg" {
			continue
		}
		want := new(big.Rat).Mul(big.NewRat(10, 1), st[0].Numerator.Value.Rat())
		if d := p.DoseForm(); d.Indicator.Code == "1" && st[0].Denominator.Unit.Code != "" {
			want.Mul(want, d.Size.Value.Rat())
		}
		want.Quo(want, c.DDD.Value.Rat())
		if !ok || got.Cmp(want) != 0 {
			t.Errorf("%s: %s daily doses, want %s", p.Name(), got, want)
		}
		n++
	}
	if n < 20 {
		t.Errorf("%d products", n)
	}
}

// buildFS builds a store of a few files.
func buildFS(t testing.TB, fsys fstest.MapFS) *dmd.Store {
	t.Helper()
	rel, err := dmd.ReleaseFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDoseOfNothing: a dose that is not above zero is made up by no product, and no
// quantity below zero is a dose.
func TestDoseOfNothing(t *testing.T) {
	s := sharedStore(t)
	p, _ := s.Product(dmdtest.ID(dmd.VTM, 1))
	for _, v := range []string{"0", "-50"} {
		if got := s.DoseToProducts(p, decimal(t, v), "258684004", dmd.DoseFilter{}); len(got) != 0 {
			t.Errorf("%d products for %s mg", len(got), v)
		}
		for vmp := range s.Products(dmd.VMP) {
			if got, err := vmp.ProductToDose(decimal(t, v)); err == nil {
				t.Fatalf("%s of %s hold %v", v, vmp.ID(), got)
			}
		}
		if _, err := dmd.DoseOf(decimal(t, v), "258684004", dmd.Strength{Numerator: dmd.Quantity{Value: decimal(t, "5"), Unit: dmd.Term{Code: "258684004"}}}, nil); err == nil {
			t.Errorf("a dose of %s", v)
		}
	}
}

// TestDoseOfIngredient: for a combined product the dose is of the ingredient that is
// asked for, and of none if a moiety is.
func TestDoseOfIngredient(t *testing.T) {
	const mg = "258684004"
	vpi := func(ingredient, strength string) string {
		return "<VPI><VPID>318136009</VPID><ISID>" + ingredient + "</ISID><STRNT_NMRTR_VAL>" + strength + "</STRNT_NMRTR_VAL><STRNT_NMRTR_UOMCD>" + mg + "</STRNT_NMRTR_UOMCD></VPI>"
	}
	s := buildFS(t, fstest.MapFS{
		"f_ingredient2_3260821.xml": {Data: []byte("<INGREDIENT_SUBSTANCES><ING><ISID>387494007</ISID><NM>Codeine phosphate</NM></ING><ING><ISID>387517004</ISID><NM>Paracetamol</NM></ING></INGREDIENT_SUBSTANCES>")},
		"f_vmp2_3260821.xml":        {Data: []byte("<VIRTUAL_MED_PRODUCTS><VMPS><VMP><VPID>318136009</VPID><NM>x</NM><BASISCD>0001</BASISCD><PRES_STATCD>0001</PRES_STATCD></VMP></VMPS><VIRTUAL_PRODUCT_INGREDIENT>" + vpi("387494007", "30") + vpi("387517004", "500") + "</VIRTUAL_PRODUCT_INGREDIENT></VIRTUAL_MED_PRODUCTS>")},
	})
	dose := func(id sctid.ID) string {
		p, ok := s.Product(id)
		if !ok {
			t.Fatal(id)
		}
		var out []string
		for _, o := range s.DoseToProducts(p, decimal(t, "1000"), mg, dmd.DoseFilter{Combined: true}) {
			out = append(out, o.Quantity.RatString())
		}
		return strings.Join(out, " ")
	}
	for id, want := range map[sctid.ID]string{387494007: "100/3", 387517004: "2", 318136009: ""} {
		if got := dose(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// TestDoseDenominators: a strength for each vial does not depend on what the vial
// holds, one in another unit of volume is converted, and one by the hour makes up
// no dose at all.
func TestDoseDenominators(t *testing.T) {
	const mg, ml, litre, hour, vial, patch = "258684004", "258773002", "258770004", "258702006", "415818006", "419702001"
	for _, c := range []struct {
		name, size, sizeUnit, unitDose, denominator string
		units                                       string // for 1000 mg at 500 mg for one denominator; "" for none
	}{
		{"vial of 10 ml, strength for each", "10", ml, vial, vial, "2"},
		{"vial of 10 ml, strength for each ml", "10", ml, vial, ml, "0.2"},
		{"vial of 10 ml, strength for each litre", "10", ml, vial, litre, "200"},
		{"patch", "1", patch, patch, patch, "2"},
		{"patch, strength for each hour", "1", patch, patch, hour, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := fmt.Sprintf("<VIRTUAL_MED_PRODUCTS><VMPS><VMP><VPID>318136009</VPID><NM>x</NM><BASISCD>0001</BASISCD><PRES_STATCD>0001</PRES_STATCD><DF_INDCD>1</DF_INDCD><UDFS>%s</UDFS><UDFS_UOMCD>%s</UDFS_UOMCD><UNIT_DOSE_UOMCD>%s</UNIT_DOSE_UOMCD></VMP></VMPS>"+
				"<VIRTUAL_PRODUCT_INGREDIENT><VPI><VPID>318136009</VPID><ISID>387516008</ISID><STRNT_NMRTR_VAL>500</STRNT_NMRTR_VAL><STRNT_NMRTR_UOMCD>%s</STRNT_NMRTR_UOMCD><STRNT_DNMTR_VAL>1</STRNT_DNMTR_VAL><STRNT_DNMTR_UOMCD>%s</STRNT_DNMTR_UOMCD></VPI></VIRTUAL_PRODUCT_INGREDIENT></VIRTUAL_MED_PRODUCTS>",
				c.size, c.sizeUnit, c.unitDose, mg, c.denominator)
			s := buildFS(t, fstest.MapFS{"f_vmp2_3260821.xml": {Data: []byte(file)}})
			p, ok := s.Product(318136009)
			if !ok {
				t.Fatal("not found")
			}
			options := s.DoseToProducts(p, decimal(t, "1000"), mg, dmd.DoseFilter{})
			if c.units == "" {
				if _, err := p.ProductToDose(decimal(t, "1")); len(options) != 0 || !errors.Is(err, dmd.ErrUnits) {
					t.Errorf("%v, %v", options, err)
				}
				return
			}
			if len(options) != 1 {
				t.Fatalf("%d options", len(options))
			}
			if got, _ := options[0].Decimal(); got != c.units || options[0].Unit.Code != c.unitDose {
				t.Errorf("%s of %s, want %s", got, options[0].Unit.Code, c.units)
			}
			doses, err := p.ProductToDose(decimal(t, c.units))
			if err != nil || doses[0].Value.Cmp(big.NewRat(1000, 1)) != 0 {
				t.Errorf("%v, %v", doses, err)
			}
		})
	}
}
