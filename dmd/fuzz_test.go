package dmd_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
	"github.com/nhskit/nhskit/snomed/sctid"
)

func dosageSeeds() []string {
	return []string{
		`{"doseAndRate":[{"doseQuantity":{"value":1.50,"unit":"tablet"}}],"timing":{"repeat":{"frequency":4,"period":1,"periodUnit":"d"}}}`,
		`[{"sequence":1,"text":"a"},{"sequence":2,"asNeededBoolean":true}]`,
		`{"resourceType":"MedicationRequest","medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"318136009","display":"\u00e9\ud83d\ude00"}]},"dosageInstruction":[{"timing":{"event":["2021-06-24"],"repeat":{"boundsRange":{"low":{"value":3,"unit":"day"}},"when":["ACD"],"offset":60,"dayOfWeek":["mon"],"timeOfDay":["12:00:00"],"count":2,"duration":1,"durationUnit":"h"}}}],"quantity":{"value":28,"unit":"tablet","code":"428673006"}}`,
		`{"rateRatio":1}`, `{"doseAndRate":[{"rateRatio":{"numerator":{"value":1,"unit":"ml"},"denominator":{"value":2,"unit":"hour"}}}]}`,
		`{"maxDosePerPeriod":{"numerator":{"value":1e400}}}`, `{"a":1,"a":2}`, `[`, `{}`, `null`, ``, `"\ud800"`, `01`, `[[[[`,
	}
}

// FuzzDosage looks for panics and for instructions that do not come back.
func FuzzDosage(f *testing.F) {
	for _, s := range dosageSeeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		ds, err := dmd.ParseDosages(doc)
		if err == nil && !json.Valid(doc) {
			t.Fatalf("read what encoding/json refuses: %q", doc)
		}
		for _, style := range []dmd.Style{dmd.StyleEPS, dmd.Style2025} {
			text, err := dmd.DoseText(style, ds)
			if err != nil && text != "" {
				t.Fatalf("refused and said %q", text)
			}
		}
		for i := range ds {
			b := ds[i].AppendJSON(nil)
			again, err := dmd.ParseDosages(b)
			if err != nil || len(again) != 1 || !bytes.Equal(again[0].AppendJSON(nil), b) {
				t.Fatalf("%s does not come back: %v", b, err)
			}
		}
		if o, err := dmd.ParseOrder(doc); err == nil {
			b := o.AppendJSON(nil)
			if again, err := dmd.ParseOrder(b); err != nil || !bytes.Equal(again.AppendJSON(nil), b) {
				t.Fatalf("%s does not come back: %v", b, err)
			}
		}
	})
}

// FuzzTexts feeds the small parsers.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"5012617019844", "]d20105012617019844\x1d10AB", "(01)05012617019844", "2.50", "-1e-3", "2024-02-29", "version 1\nx;VMP;VMP.INVALID;set;;deny;r;s", "amox 250 cap", "co-amilofruse 5mg/40mg", "250mg/5ml", "9999999999999999999mg/0ml", "µg", "1,000unit/ml"} {
		f.Add(s)
	}
	s := sharedStore(f)
	f.Fuzz(func(t *testing.T, text string) {
		if g, err := dmd.ParseGTIN(text); err == nil {
			if again, err := dmd.ParseGTIN(g.String()); err != nil || again != g {
				t.Fatalf("%q: %s, %v", text, again, err)
			}
		}
		dmd.ParseScan(text)
		if d, err := dmd.ParseDecimal(text); err == nil {
			if again, err := dmd.ParseDecimal(d.String()); err != nil || again != d {
				t.Fatalf("%q: %s, %v", text, again, err)
			}
			dmd.QuantityInWords(d)
		}
		if d, err := dmd.ParseDate(text); err == nil && d.String() != text {
			t.Fatalf("%q: %s", text, d)
		}
		if r, err := dmd.ParseRules(text); err == nil {
			if again, err := dmd.ParseRules(r.String()); err != nil || again.String() != r.String() {
				t.Fatalf("%q: %v", text, err)
			}
		}
		if hits := s.Search(text); len(hits) > 20 {
			t.Fatalf("%d hits", len(hits))
		}
		s.GTIN(text, 0)
	})
}

// reseal sets the checksums and the padding of a store right, as its format lays
// them down.
func reseal(data []byte) {
	table := crc32.MakeTable(crc32.Castagnoli)
	n := int(binary.LittleEndian.Uint32(data[20:]))
	for i := range n {
		e := data[32+24*i:]
		off, size := binary.LittleEndian.Uint64(e[8:]), binary.LittleEndian.Uint64(e[16:])
		binary.LittleEndian.PutUint32(e[4:], crc32.Checksum(data[off:off+size], table))
		clear(data[off+size : (off+size+63)&^63])
	}
	sum := crc32.Checksum(data[:28], table)
	binary.LittleEndian.PutUint32(data[28:], crc32.Update(sum, table, data[32:32+24*n]))
}

// TestForgedStore changes a store and sets its checksums right: answers may be
// wrong, but nothing panics and nothing runs on.
func TestForgedStore(t *testing.T) {
	s, _ := build(t, dmdtest.New(0.0003, 1))
	var b bytes.Buffer
	s.WriteTo(&b)
	good := b.Bytes()
	first := int(binary.LittleEndian.Uint64(good[32+8:]))
	rnd := rand.New(rand.NewPCG(3, 4))
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	for range rounds {
		data := bytes.Clone(good)
		for range 1 + rnd.IntN(2000) {
			data[first+rnd.IntN(len(data)-first)] = byte(rnd.Uint32())
		}
		reseal(data)
		forged, err := dmd.OpenBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []dmd.Kind{dmd.VTM, dmd.VMP, dmd.AMP, dmd.VMPP, dmd.AMPP, dmd.Ingredient} {
			for i := range 6 {
				p, ok := forged.Product(dmdtest.ID(k, i))
				if !ok {
					continue
				}
				p.Name()
				p.VMPs()
				p.AMPPs()
				p.Strengths()
				p.Contents()
				p.Parents()
				p.Price()
				p.Barcodes()
				for range p.Records() {
				}
			}
		}
		forged.Search("tab 500mg")
		forged.Search("abacalido")
		forged.Current(sctid.ID(519999999104))
		forged.Lists()
		forged.TermsOf(428673006)
		for range forged.Records(dmd.TableAMPP) {
		}
	}
}
