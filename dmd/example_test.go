package dmd_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
)

// exampleRelease makes a folder with a small synthetic release.
func exampleRelease() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "dmd")
	if err != nil {
		log.Fatal(err)
	}
	if err := dmdtest.New(0.002, 1).WriteDir(dir); err != nil {
		log.Fatal(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func exampleStore() (*dmd.Store, func()) {
	dir, remove := exampleRelease()
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		log.Fatal(err)
	}
	s, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		log.Fatal(err)
	}
	return s, remove
}

func ExampleBuild() {
	dir, remove := exampleRelease()
	defer remove()
	rel, err := dmd.OpenRelease(dir) // or the zip from TRUD
	if err != nil {
		log.Fatal(err)
	}
	defer rel.Close()
	s, report, err := dmd.Build(context.Background(), rel)
	if err != nil {
		log.Fatal(err)
	}
	for _, issue := range report.Issues {
		fmt.Println(issue)
	}
	fmt.Println(s.Date(), s.Count(dmd.TableAMPP), "packs")
	// Output: 2026-11-02 300 packs
}

func ExampleOpen() {
	s, remove := exampleStore()
	defer remove()
	name := filepath.Join(os.TempDir(), "example.store")
	defer os.Remove(name)
	if err := s.Save(name); err != nil {
		log.Fatal(err)
	}
	store, err := dmd.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	p, ok := store.Product(dmdtest.ID(dmd.VMP, 1))
	fmt.Println(ok, p.Kind(), len(p.AMPs()) > 0)

	os.WriteFile(name+".bad", []byte("something else"), 0o600)
	defer os.Remove(name + ".bad")
	_, err = dmd.Open(name + ".bad")
	fmt.Println(errors.Is(err, dmd.ErrNotStore))
	// Output:
	// true VMP true
	// true
}

func ExampleDiff() {
	dir, remove := exampleRelease()
	defer remove()
	later := dmdtest.New(0.002, 1)
	later.Revision = 1
	if err := later.WriteDir(filepath.Join(dir, "later")); err != nil {
		log.Fatal(err)
	}
	open := func(dir string) *dmd.Store {
		rel, err := dmd.OpenRelease(dir)
		if err != nil {
			log.Fatal(err)
		}
		s, _, err := dmd.Build(context.Background(), rel)
		if err != nil {
			log.Fatal(err)
		}
		return s
	}
	newer := open(filepath.Join(dir, "later"))
	os.RemoveAll(filepath.Join(dir, "later"))
	d := dmd.Diff(open(dir), newer)
	for _, c := range d.Changes {
		if c.Kind == dmd.Replaced {
			fmt.Println(c.Table, c.Kind, c.Former == later.Changes().Replaced, c.Key == later.Changes().By)
		}
	}
	fmt.Println(len(d.Prices) == later.Changes().Prices)
	// Output:
	// VMP replaced true true
	// true
}

func ExampleDoseText() {
	dosages, err := dmd.ParseDosages([]byte(`{
		"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
		"timing": {"repeat": {"frequency": 4, "period": 1, "periodUnit": "d", "boundsDuration": {"value": 2, "unit": "day"}}}
	}`))
	if err != nil {
		log.Fatal(err)
	}
	text, err := dmd.DoseText(dmd.StyleEPS, dosages)
	fmt.Println(text, err)

	dosages[0].Timing.PeriodUnit = ""
	_, err = dmd.DoseText(dmd.StyleEPS, dosages)
	fmt.Println(err)
	// Output:
	// 1 tablet - 4 times a day - for 2 days <nil>
	// Dosage.timing.repeat.periodUnit: there is no unit of time
}

func ExampleConvertUnits() {
	d, _ := dmd.ParseDecimal("0.5")
	mg, err := dmd.ConvertUnits(d.Rat(), "258682000", "258684004") // gram to milligram
	fmt.Println(mg.RatString(), err)
	// Output: 500 <nil>
}

func ExampleParseScan() {
	scan, err := dmd.ParseScan("]d2010501261701984417261231" + "10ABC123")
	fmt.Println(scan.GTIN, scan.Batch, scan.Expiry, err)
	// Output: 05012617019844 ABC123 2026-12-31 <nil>
}

func ExampleQuantityInWords() {
	fmt.Println(dmd.QuantityInWords(dmd.NewDecimal(128, 0)))
	// Output: one hundred and twenty-eight
}

func ExampleRules_Check() {
	s, remove := exampleStore()
	defer remove()
	vtm, _ := s.Product(dmdtest.ID(dmd.VTM, 1))
	v := dmd.DefaultRules().Check(vtm, 0)
	fmt.Println(v.Prescribable)
	for _, r := range v.Reasons {
		fmt.Printf("%s: %s\n", r.Rule.Code, r.Rule.Reason)
	}
	// Output:
	// false
	// moiety: a moiety has neither form nor strength
}

func ExampleStore_Search() {
	s, remove := exampleStore()
	defer remove()
	p, _ := s.Product(dmdtest.ID(dmd.VMP, 1))
	word := p.Name()[:6] // what somebody begins to type
	for _, hit := range s.Search(strings.ToUpper(word), dmd.OfKind(dmd.VMP), dmd.Limit(1)) {
		fmt.Println(strings.HasPrefix(hit.Product.Name(), word))
	}
	// Output: true
}

func ExampleScanner() {
	doc := `<VIRTUAL_THERAPEUTIC_MOIETIES>
 <VTM><NM>Paracetamol</NM><VTMID>90332007</VTMID></VTM>
</VIRTUAL_THERAPEUTIC_MOIETIES>`
	s := dmd.NewScanner(strings.NewReader(doc), "f_vtm2_3260821.xml")
	for s.Next() {
		name, _ := s.Record().Get("NM")
		fmt.Println(name)
	}
	for _, issue := range s.Issues() {
		fmt.Println(issue)
	}
	// Output:
	// Paracetamol
	// f_vtm2_3260821.xml:2:34: VTM[1].VTMID: error dmd.value.id: SNOMED CT identifier, byte 7: the check digit does not fit (Verhoeff)
}
