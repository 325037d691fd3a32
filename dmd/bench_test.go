package dmd_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// scale is 1 with NHSKIT_LONG set, which makes a release of full size.
func scale() float64 {
	if os.Getenv("NHSKIT_LONG") != "" {
		return 1
	}
	return 0.01
}

var packFile = sync.OnceValue(func() []byte {
	files, err := dmdtest.New(scale(), 1).Files()
	if err != nil {
		panic(err)
	}
	return files[dmd.FileName("ampp", dmdtest.New(1, 1).Date)]
})

// BenchmarkScan reads the largest file of a release with all its fields decoded
// and checked.
func BenchmarkScan(b *testing.B) {
	doc := packFile()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for s := dmd.NewScanner(bytes.NewReader(doc), ""); s.Next(); n++ {
		}
		if n == 0 {
			b.Fatal("no records")
		}
	}
}

// BenchmarkScanUnchecked leaves the checks of values out.
func BenchmarkScanUnchecked(b *testing.B) {
	doc := packFile()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		for s := dmd.NewScanner(bytes.NewReader(doc), "", dmd.WithoutChecks()); s.Next(); {
		}
	}
}

// BenchmarkScanBytes is the floor: a look for every "<".
func BenchmarkScanBytes(b *testing.B) {
	doc := packFile()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		n := 0
		for rest := doc; ; n++ {
			i := bytes.IndexByte(rest, '<')
			if i < 0 {
				break
			}
			rest = rest[i+1:]
		}
	}
}

// BenchmarkScanEncodingXML is the same with the standard library's decoder.
func BenchmarkScanEncodingXML(b *testing.B) {
	doc := packFile()
	type pack struct {
		ID     string `xml:"APPID"`
		NM     string `xml:"NM"`
		VPPID  string `xml:"VPPID"`
		APID   string `xml:"APID"`
		Legal  string `xml:"LEGAL_CATCD"`
		Price  string `xml:"PRICE"`
		Status string `xml:"REIMB_STATCD"`
	}
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		d := xml.NewDecoder(bytes.NewReader(doc))
		for {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if s, ok := tok.(xml.StartElement); ok && strings.HasSuffix(s.Name.Local, "_INFO") && s.Name.Local != "APPLIANCE_PACK_INFO" && s.Name.Local != "DRUG_PRODUCT_PRESCRIB_INFO" || ok && s.Name.Local == "AMPP" {
				var p pack
				if err := d.DecodeElement(&p, &s); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

// BenchmarkScanEtree reads the file as a document of etree.
func BenchmarkScanEtree(b *testing.B) {
	doc := packFile()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if err := etree.NewDocument().ReadFromBytes(doc); err != nil {
			b.Fatal(err)
		}
	}
}

// benchStore is a saved and opened store of the benchmark's scale.
var benchStore = sync.OnceValue(func() *dmd.Store {
	dir, err := os.MkdirTemp("", "dmd")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := dmdtest.New(scale(), 1).WriteDir(dir); err != nil {
		panic(err)
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		panic(err)
	}
	s, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		panic(err)
	}
	return s
})

func allIDs(s *dmd.Store) []sctid.ID {
	var ids []sctid.ID
	for _, k := range []dmd.Kind{dmd.VTM, dmd.VMP, dmd.AMP, dmd.VMPP, dmd.AMPP} {
		for p := range s.Products(k) {
			ids = append(ids, p.ID())
		}
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids
}

// BenchmarkProduct looks products up by identifier, in no order.
func BenchmarkProduct(b *testing.B) {
	s := benchStore()
	ids := allIDs(s)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := s.Product(ids[i%len(ids)]); !ok {
			b.Fatal("not found")
		}
		i++
	}
}

// BenchmarkProductMap is the same with a Go map.
func BenchmarkProductMap(b *testing.B) {
	ids := allIDs(benchStore())
	m := make(map[sctid.ID]int32, len(ids))
	for i, id := range ids {
		m[id] = int32(i)
	}
	i := 0
	for b.Loop() {
		if _, ok := m[ids[i%len(ids)]]; !ok {
			b.Fatal("not found")
		}
		i++
	}
}

func allGTINs(s *dmd.Store) []dmd.GTIN {
	var out []dmd.GTIN
	for r := range s.Records(dmd.TableGTIN) {
		code, _ := r.Get("GTIN")
		if g, err := dmd.ParseGTIN(code); err == nil {
			out = append(out, g)
		}
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// BenchmarkGTIN looks bar codes up, with their dates and packs.
func BenchmarkGTIN(b *testing.B) {
	s := benchStore()
	codes := allGTINs(s)
	buf := make([]dmd.Barcode, 0, 8)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if buf = s.AppendGTIN(buf[:0], codes[i%len(codes)]); len(buf) == 0 {
			b.Fatal("not found")
		}
		i++
	}
}

// BenchmarkDescendants lists all packs of the moiety that has most.
func BenchmarkDescendants(b *testing.B) {
	s := benchStore()
	var most dmd.Product
	n := 0
	for p := range s.Products(dmd.VTM) {
		if k := len(p.AMPPs()); k > n {
			most, n = p, k
		}
	}
	var buf []dmd.Product
	for b.Loop() {
		buf = most.AppendAMPPs(buf[:0])
	}
	b.ReportMetric(float64(n), "packs")
}

// queries are searches of many kinds, made of the names.
func queries(s *dmd.Store) []string {
	r := rand.New(rand.NewPCG(2, 2))
	out := []string{"tab", "t", "500mg tab", "a 500 cap", "inhaler 100mcg", "10mg/ml inj", "oral solution 0.5g", "cream", "ltd", "28 tablet"}
	for p := range s.Products(dmd.AMP) {
		w := words(p.Name())
		if r.IntN(100) > 0 || len(w) < 3 || len(w[0]) < 6 {
			continue
		}
		out = append(out, w[0][:3], w[0][:5]+" "+w[1], w[2]+" "+w[0], mistype(r, w[0])+" "+w[1], p.Name())
	}
	return out
}

func BenchmarkSearch(b *testing.B) {
	s := benchStore()
	qs := queries(s)
	took := make([]time.Duration, 0, 1<<16)
	i := 0
	for b.Loop() {
		start := time.Now()
		s.Search(qs[i%len(qs)])
		took = append(took, time.Since(start))
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "µs-max")
}

// BenchmarkOpen opens a saved store, which verifies all of it.
func BenchmarkOpen(b *testing.B) {
	name := filepath.Join(b.TempDir(), "store")
	if err := benchStore().Save(name); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		s, err := dmd.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func BenchmarkBuild(b *testing.B) {
	dir := b.TempDir()
	if err := dmdtest.New(scale(), 1).WriteDir(dir); err != nil {
		b.Fatal(err)
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		b.Fatal(err)
	}
	size := int64(0)
	for _, f := range rel.Files() {
		size += f.Size
	}
	b.SetBytes(size)
	for b.Loop() {
		if _, _, err := dmd.Build(context.Background(), rel); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff(b *testing.B) {
	c := dmdtest.New(scale(), 1)
	c.Revision = 1
	dir := b.TempDir()
	if err := c.WriteDir(dir); err != nil {
		b.Fatal(err)
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		b.Fatal(err)
	}
	newer, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		b.Fatal(err)
	}
	older := benchStore()
	for b.Loop() {
		if d := dmd.Diff(older, newer); len(d.Changes) == 0 {
			b.Fatal("no changes")
		}
	}
}

func BenchmarkDoseText(b *testing.B) {
	ds, err := dmd.ParseDosages([]byte(`{"method":{"coding":[{"display":"Apply"}]},"doseAndRate":[{"doseQuantity":{"value":100,"unit":"milligram"}}],"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d","boundsDuration":{"value":3,"unit":"day"}}},"route":{"text":"oral"}}`))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dmd.DoseText(dmd.StyleEPS, ds); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllocations holds the hot paths to their budgets.
func TestAllocations(t *testing.T) {
	s := sharedStore(t)
	ids, codes := allIDs(s), allGTINs(s)
	buf := make([]dmd.Barcode, 0, 8)
	packs := make([]dmd.Product, 0, 4096)
	vmp, _ := s.Product(dmdtest.ID(dmd.VMP, 1))
	i := 0
	for name, fn := range map[string]func(){
		"Product":     func() { i++; s.Product(ids[i%len(ids)]) },
		"absent":      func() { s.Product(22298006) },
		"AppendGTIN":  func() { i++; buf = s.AppendGTIN(buf[:0], codes[i%len(codes)]) },
		"AppendAMPs":  func() { packs = vmp.AppendAMPs(packs[:0]) },
		"AppendVMPPs": func() { packs = vmp.AppendVMPPs(packs[:0]) },
		"ParseGTIN":   func() { dmd.ParseGTIN("5012617019844") },
		"ID, Invalid": func() { vmp.ID(); vmp.Invalid(); vmp.VTM() },
	} {
		if n := testing.AllocsPerRun(200, fn); n != 0 {
			t.Errorf("%s allocates %.1f times", name, n)
		}
	}
	// Scanning allocates for the buffer, not for the records.
	doc := packFile()
	n := testing.AllocsPerRun(20, func() {
		for s := dmd.NewScanner(bytes.NewReader(doc), ""); s.Next(); {
		}
	})
	if n > 20 {
		t.Errorf("scanning %d bytes allocates %.0f times", len(doc), n)
	}
}
