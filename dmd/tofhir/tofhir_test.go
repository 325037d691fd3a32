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

// hostile is a release of which no value is what it should be.
func hostile(t testing.TB) *dmd.Store {
	t.Helper()
	dir := t.TempDir()
	for name, doc := range map[string]string{
		"f_vtm2_3260821.xml":        "<VIRTUAL_THERAPEUTIC_MOIETIES><VTM><VTMID>90332006</VTMID><NM> \t\n </NM><ABBREVNM/></VTM></VIRTUAL_THERAPEUTIC_MOIETIES>",
		"f_ingredient2_3260821.xml": "<INGREDIENT_SUBSTANCES><ING><ISID>387517004</ISID><NM></NM></ING></INGREDIENT_SUBSTANCES>",
		"f_vmp2_3260821.xml": "<VIRTUAL_MED_PRODUCTS><VMPS><VMP><VPID>318136009</VPID><VTMID>1</VTMID><NM>a\x00b\u2028 &lt;é&gt; \xff</NM><PRES_STATCD>x  y</PRES_STATCD><DF_INDCD>9</DF_INDCD><UDFS>-1e3</UDFS><UDFS_UOMCD>  a  b </UDFS_UOMCD><UNIT_DOSE_UOMCD>no  unit</UNIT_DOSE_UOMCD></VMP></VMPS>" +
			"<VIRTUAL_PRODUCT_INGREDIENT><VPI><VPID>318136009</VPID><ISID>387517004</ISID><STRNT_NMRTR_VAL>1e3</STRNT_NMRTR_VAL><STRNT_NMRTR_UOMCD>x\ty  z</STRNT_NMRTR_UOMCD></VPI><VPI><VPID>318136009</VPID><ISID>x</ISID><BS_SUBID>387517004</BS_SUBID><STRNT_NMRTR_VAL>-0.000</STRNT_NMRTR_VAL><STRNT_DNMTR_VAL>0</STRNT_DNMTR_VAL><STRNT_DNMTR_UOMCD>258773002</STRNT_DNMTR_UOMCD></VPI></VIRTUAL_PRODUCT_INGREDIENT>" +
			"<DRUG_FORM><DFORM><VPID>318136009</VPID><FORMCD> </FORMCD></DFORM><DFORM><VPID>318136009</VPID><FORMCD>a  b</FORMCD></DFORM></DRUG_FORM><DRUG_ROUTE><DROUTE><VPID>318136009</VPID><ROUTECD/></DROUTE></DRUG_ROUTE><CONTROL_DRUG_INFO><CONTROL_INFO><VPID>318136009</VPID><CATCD>0002</CATCD></CONTROL_INFO></CONTROL_DRUG_INFO></VIRTUAL_MED_PRODUCTS>",
		"f_amp2_3260821.xml":  "<ACTUAL_MEDICINAL_PRODUCTS><AMPS><AMP><APID>385055001</APID><VPID>318136009</VPID><NM/><DESC/><SUPPCD>  </SUPPCD><FLAVOURCD>x  y</FLAVOURCD></AMP></AMPS><AP_INGREDIENT><AP_ING><APID>385055001</APID><ISID/><STRNTH>x</STRNTH><UOMCD>q  q</UOMCD></AP_ING></AP_INGREDIENT><AP_INFORMATION><AP_INFO><APID>385055001</APID><SZ_WEIGHT> </SZ_WEIGHT><COLOURCD></COLOURCD><PROD_ORDER_NO>\t</PROD_ORDER_NO></AP_INFO></AP_INFORMATION></ACTUAL_MEDICINAL_PRODUCTS>",
		"f_vmpp2_3260821.xml": "<VIRTUAL_MED_PRODUCT_PACK><VMPPS><VMPP><VPPID>428673006</VPPID><NM> </NM><VPID>318136009</VPID><QTYVAL>1e-3</QTYVAL><QTY_UOMCD>u  u</QTY_UOMCD></VMPP></VMPPS><DRUG_TARIFF_INFO><DTINFO><VPPID>428673006</VPPID><PAY_CATCD> </PAY_CATCD><PRICE>999999999999999999</PRICE></DTINFO></DRUG_TARIFF_INFO></VIRTUAL_MED_PRODUCT_PACK>",
		"f_ampp2_3260821.xml": "<ACTUAL_MEDICINAL_PROD_PACKS><AMPPS><AMPP><APPID>428641000</APPID><NM>x</NM><VPPID>428673006</VPPID><APID>385055001</APID></AMPP></AMPPS><MEDICINAL_PRODUCT_PRICE><PRICE_INFO><APPID>428641000</APPID><PRICE>00</PRICE><PRICE_BASISCD>  </PRICE_BASISCD></PRICE_INFO></MEDICINAL_PRODUCT_PRICE></ACTUAL_MEDICINAL_PROD_PACKS>",
		"f_bnf1_0260821.xml":  "<BNF_DETAILS><VMPS><VMP><VPID>318136009</VPID><BNF>a  b</BNF><ATC> </ATC></VMP></VMPS></BNF_DETAILS>",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := build(t, dir)
	for table, want := range map[dmd.Table]int{dmd.TableVTM: 1, dmd.TableVMP: 1, dmd.TableVPI: 2, dmd.TableAMP: 1, dmd.TableAPING: 1, dmd.TableVMPP: 1, dmd.TableAMPP: 1, dmd.TableBNFVMP: 1} {
		if s.Count(table) != want {
			t.Fatalf("%s: %d records", table, s.Count(table))
		}
	}
	return s
}

// TestEveryProduct converts every product of a store and has the strict reader
// accept it without a finding.
func TestEveryProduct(t *testing.T) {
	faulty := dmdtest.New(0.003, 5)
	faulty.Faults = true
	dir := t.TempDir()
	if err := faulty.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	stores := map[string]*dmd.Store{"synthetic": synthetic(t, 0.01), "with faults": build(t, dir), "hostile": hostile(t)}
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

// checkDocument is a message with something wrong in every line of medication.
// Marks such as «unit» stand before what a finding of that code must point at and
// are taken out.
const checkDocument = `{"resourceType":"Bundle","type":"collection","entry":[
 {"resource":{"resourceType":"Patient","id":"p"}},
 {"fullUrl":"http://example.org/fhir/MedicationRequest/1","resource":{"resourceType":"MedicationRequest","id":"1","status":"active","intent":"order","subject":{"reference":"Patient/p"},
  "extension":[{"url":"http://example.org/x","valueString":"x"},
   {"url":"https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug","extension":[
    {"url":"quantityWords","valueString":«words»"twenty seven"},{"url":"schedule","valueCoding":{"system":«system»"http://example.org/cd","code":«schedule»"CD5"}}]}],
  "medicationCodeableConcept":{"coding":[{"system":"http://loinc.org","code":"x"},{"system":"http://snomed.info/sct","code":"CODE","display":«display»"No product"}]},
  "dosageInstruction":[{"text":"One daily"},«instruction»{"sequence":2}],
  "dispenseRequest":{"quantity":{"value":28,"unit":"Tablet","system":"http://snomed.info/sct","code":«unit»"385055001"}}}},
 {"fullUrl":"http://example.org/fhir/MedicationDispense/2","resource":{"resourceType":"MedicationDispense","status":"completed",
  "medicationReference":{"reference":"Medication/3"},"dosageInstruction":[{"text":"One daily"}],
  "quantity":{"value":«quantity»-1,"system":"http://snomed.info/sct","code":"428673006"}}},
 {"fullUrl":"http://example.org/fhir/Medication/3","resource":{"resourceType":"Medication","id":"3","code":{"coding":[{"system":"https://dmd.nhs.uk","code":«product»"22298006"}]}}},
 {"resource":{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationReference":«reference»{"reference":"Medication/9"},
  "contained":[{"resourceType":"Medication","id":"c","code":{"coding":[{"system":"https://dmd.nhs.uk","code":«id»"123"}]}}],
  "dosageInstruction":[{"text":"x"}],"dispenseRequest":{"quantity":{"value":1,"system":"http://snomed.info/sct","code":"428673006"}}}},
 {"resource":{"resourceType":"MedicationStatement","status":"active","subject":{"reference":"Patient/p"},
  "medicationCodeableConcept":{"coding":[{"system":"https://dmd.nhs.uk","code":"CODE"}]},"dosage":[{"modifierExtension":[«modifier»{"url":"http://example.org/x","valueBoolean":true}]}]}}
]}`

// TestCheckBundle: every finding points at the node that is wrong, in a FHIRPath
// that finds it and at its offset, line and column.
func TestCheckBundle(t *testing.T) {
	s := synthetic(t, 0.01)
	var controlled dmd.Product
	for p := range s.Products(dmd.VMP) {
		if p.Controlled().Words && p.Controlled().Schedule == 2 {
			controlled = p
		}
	}
	doc := strings.ReplaceAll(checkDocument, "CODE", controlled.ID().String())
	marks := map[int]string{}
	for {
		i := strings.Index(doc, "«")
		if i < 0 {
			break
		}
		j := strings.Index(doc, "»")
		marks[i] = doc[i+len("«") : j]
		doc = doc[:i] + doc[j+len("»"):]
	}
	tree, err := fhir.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, i := range tofhir.Check(s, tree, dmd.OrderOptions{}) {
		if i.Code == dmd.CodeNotPrescribe || i.Code == dmd.CodeUnitMismatch || i.Severity == dmd.Information {
			continue
		}
		name := strings.TrimPrefix(string(i.Code), "dmd.order.")
		if i.Code == dmd.CodeID {
			name = "id"
		}
		mark, ok := marks[int(i.Offset)]
		if !ok || mark != name {
			near := doc[max(0, min(int(i.Offset), len(doc)-1)):]
			t.Errorf("%s points at %s, %.30q", i.Code, i.Path, near)
			continue
		}
		found[name] = true
		line := 1 + strings.Count(doc[:i.Offset], "\n")
		if col := int(i.Offset) - strings.LastIndexByte(doc[:i.Offset], '\n'); i.Line != line || i.Col != col {
			t.Errorf("%s: line %d, column %d, want %d, %d", i.Code, i.Line, i.Col, line, col)
		}
		i.Path = strings.Replace(i.Path, "dosageInstruction[1].text", "dosageInstruction[1]", 1) // it is missing
		if nodes := locate(tree.Root(), i.Path); len(nodes) != 1 || nodes[0] != int(i.Offset) {
			t.Errorf("%s: the path %s finds %v, not %d", i.Code, i.Path, nodes, i.Offset)
		}
	}
	for _, name := range marks {
		if !found[name] {
			t.Errorf("nothing found for %s", name)
		}
	}
}

// locate finds the nodes with a path, slowly.
func locate(n fhir.Node, path string) []int {
	var out []int
	if n.Path() == path {
		start, _ := n.Span()
		out = append(out, start)
	}
	for c := range n.Children() {
		out = append(out, locate(c, path)...)
	}
	return out
}

// TestCheckMissing: what is missing is found at the node where it should be, with
// the rest of the path behind that of the node.
func TestCheckMissing(t *testing.T) {
	s := synthetic(t, 0.003)
	const doc = `{"resourceType":"MedicationRequest","status":"active","intent":"order","dispenseRequest":{"numberOfRepeatsAllowed":1}}`
	tree, err := fhir.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	got := map[dmd.Code]string{}
	for _, i := range tofhir.Check(s, tree, dmd.OrderOptions{}) {
		got[i.Code] = fmt.Sprint(i.Path, " ", i.Offset)
	}
	for code, want := range map[dmd.Code]string{
		dmd.CodeProduct:     "MedicationRequest.medication 0",
		dmd.CodeQuantity:    fmt.Sprint("MedicationRequest.dispenseRequest.quantity ", strings.Index(doc, `{"number`)),
		dmd.CodeInstruction: "MedicationRequest.dosageInstruction 0",
	} {
		if got[code] != want {
			t.Errorf("%s at %q, want %q", code, got[code], want)
		}
	}
}

// TestCheckCap: findings of a large message are capped, and that is said.
func TestCheckCap(t *testing.T) {
	s := synthetic(t, 0.003)
	line := `{"resource":{"resourceType":"MedicationRequest","status":"active","intent":"order"}}`
	tree, err := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"collection","entry":[` + strings.Repeat(line+",", 299) + line + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]int{0: 100, 7: 7, -1: 300} {
		n := map[dmd.Code]int{}
		for _, i := range tofhir.Check(s, tree, dmd.OrderOptions{Issues: limit}) {
			n[i.Code]++
		}
		if n[dmd.CodeQuantity] != want || (n[dmd.CodeCapped] > 0) != (limit >= 0) {
			t.Errorf("limit %d: %v", limit, n)
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
