package fhir

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// bigBundle is a collection of the official examples, about 1 MB.
func bigBundle(t testing.TB) []byte {
	files, _ := filepath.Glob(filepath.Join(corpus.Path(t, "fhir"), "examples-r4", "*.json"))
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[`)
	n := 0
	for i := range files {
		data, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(files[i]) == "Questionnaire-qs1.json" || len(data) > 20000 || b.Len() > 1<<20 {
			continue
		}
		if n++; n > 1 {
			b.WriteByte(',')
		}
		b.WriteString(`{"resource":`)
		b.Write(data)
		b.WriteByte('}')
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func patient(t testing.TB) []byte {
	data, err := os.ReadFile(filepath.Join(corpus.Path(t, "fhir"), "examples-r4", "Patient-f201.json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// cpuLoop runs a benchmark over n bytes a turn and reports the speed by
// processor time as well.
func cpuLoop(b *testing.B, n int, fn func()) {
	b.SetBytes(int64(n))
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		fn()
	}
	if used := cpuTime() - start; used > 0 {
		b.ReportMetric(float64(n)*float64(b.N)/used.Seconds()/1e6, "cpuMB/s")
	}
}

func benchParse(b *testing.B, data []byte) {
	p := NewParser(Strict())
	cpuLoop(b, len(data), func() {
		tree, err := p.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		tree.Release()
	})
}

func BenchmarkParseBundle(b *testing.B)  { benchParse(b, bigBundle(b)) }
func BenchmarkParsePatient(b *testing.B) { benchParse(b, patient(b)) }

func BenchmarkParseSerialiseBundle(b *testing.B) {
	data := bigBundle(b)
	p := NewParser(Strict())
	var out []byte
	cpuLoop(b, len(data), func() {
		tree, err := p.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		out = tree.AppendJSON(out[:0], Compact)
		tree.Release()
	})
}

func BenchmarkToXMLBundle(b *testing.B) {
	data := bigBundle(b)
	tree, err := Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	cpuLoop(b, len(data), func() {
		if out, err = tree.AppendXML(out[:0], Compact); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkStdValidBundle(b *testing.B) {
	data := bigBundle(b)
	cpuLoop(b, len(data), func() { json.Valid(data) })
}

func BenchmarkStdMapBundle(b *testing.B) {
	data := bigBundle(b)
	cpuLoop(b, len(data), func() {
		var v map[string]any
		if err := json.Unmarshal(data, &v); err != nil {
			b.Fatal(err)
		}
	})
}

// xmlBundle is bigBundle in XML.
func xmlBundle(t testing.TB) []byte {
	tree, err := Parse(bigBundle(t), Strict())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := tree.AppendXML(nil, Indented)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func BenchmarkParseXMLBundle(b *testing.B) { benchParse(b, xmlBundle(b)) }

func BenchmarkParseXMLUKCore(b *testing.B) {
	var all [][]byte
	size := 0
	files, _ := filepath.Glob(filepath.Join(corpus.Path(b, "fhir"), "ukcore", "*", "*.xml"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, data)
		size += len(data)
	}
	p := NewParser()
	cpuLoop(b, size, func() {
		for _, data := range all {
			tree, err := p.Parse(data)
			if err != nil {
				b.Fatal(err)
			}
			tree.Release()
		}
	})
}

func BenchmarkStdXMLTokens(b *testing.B) {
	data := xmlBundle(b)
	cpuLoop(b, len(data), func() {
		d := xml.NewDecoder(bytes.NewReader(data))
		for {
			if _, err := d.RawToken(); err != nil {
				break
			}
		}
	})
}

// TestParseAllocations holds the budget of a parse.
func TestParseAllocations(t *testing.T) {
	for name, data := range map[string][]byte{"bundle": bigBundle(t), "patient": patient(t), "XML": xmlBundle(t)} {
		p := NewParser(Strict())
		allocs := testing.AllocsPerRun(20, func() {
			tree, err := p.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			tree.Release()
		})
		if allocs > 20 || name != "XML" && allocs > 10 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}
