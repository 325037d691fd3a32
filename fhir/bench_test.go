package fhir

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"
)

// bigBundle is a collection of the official examples, about 1 MB.
func bigBundle(t testing.TB) []byte {
	files, _ := filepath.Glob(filepath.Join(corpora(t), "examples-r4", "*.json"))
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
	data, err := os.ReadFile(filepath.Join(corpora(t), "examples-r4", "Patient-f201.json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func benchParse(b *testing.B, data []byte) {
	p := NewParser(Strict())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		tree, err := p.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		tree.Release()
	}
}

func BenchmarkParseBundle(b *testing.B)  { benchParse(b, bigBundle(b)) }
func BenchmarkParsePatient(b *testing.B) { benchParse(b, patient(b)) }

func BenchmarkParseSerialiseBundle(b *testing.B) {
	data := bigBundle(b)
	p := NewParser(Strict())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		tree, err := p.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		out = tree.AppendJSON(out[:0], Compact)
		tree.Release()
	}
}

func BenchmarkStdValidBundle(b *testing.B) {
	data := bigBundle(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		json.Valid(data)
	}
}

func BenchmarkStdMapBundle(b *testing.B) {
	data := bigBundle(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var v map[string]any
		if err := json.Unmarshal(data, &v); err != nil {
			b.Fatal(err)
		}
	}
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
	files, _ := filepath.Glob(filepath.Join(corpora(b), "ukcore", "*", "*.xml"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, data)
		size += len(data)
	}
	p := NewParser()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, data := range all {
			tree, err := p.Parse(data)
			if err != nil {
				b.Fatal(err)
			}
			tree.Release()
		}
	}
}

func BenchmarkStdXMLTokens(b *testing.B) {
	data := xmlBundle(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		d := xml.NewDecoder(bytes.NewReader(data))
		for {
			if _, err := d.RawToken(); err != nil {
				break
			}
		}
	}
}
