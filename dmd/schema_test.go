package dmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSchemaFields compares the table with the description of the published
// schema: every element is there, with its place, and nothing else is.
func TestSchemaFields(t *testing.T) {
	var fields []struct {
		File, Root, Section, Record, Tag string
		Min                              int `json:"xsd_min"`
		MaxLen                           int `json:"max_len"`
		Decimal                          []int
		Lookup                           string
	}
	readJSON(t, filepath.Join(corpus(t, "schema"), "fields.json"), &fields)
	type key struct{ file, root, section, record, tag string }
	known := make(map[key]*Field)
	for _, table := range Tables() {
		for _, sec := range table.Sections() {
			for _, tag := range sec.Tags {
				section, record := sec.Name, sec.Record
				if table == TableGTIN {
					if tag == "AMPPID" {
						record = "AMPP"
					} else {
						section += "/AMPP"
					}
				}
				i := table.spec().fieldIndex(tag)
				known[key{table.File(), table.Root(), section, record, tag}] = &table.Fields()[i]
			}
		}
	}
	passed := 0
	for _, f := range fields {
		k := key{f.File, f.Root, f.Section, f.Record, f.Tag}
		got := known[k]
		delete(known, k)
		switch {
		case got == nil:
			t.Errorf("%v is not in the table", k)
			continue
		case f.Lookup != "" && got.Refers != "@"+f.Lookup:
			t.Errorf("%v refers to %q, want %q", k, got.Refers, f.Lookup)
		case len(f.Decimal) == 2 && (got.Kind != KindDecimal || got.Digits != f.Decimal[0] || got.Decimals != f.Decimal[1]):
			t.Errorf("%v is %c %d.%d", k, got.Kind, got.Digits, got.Decimals)
		case f.Section != "" && f.File != "lookup" && f.MaxLen > 0 && got.MaxLen != f.MaxLen:
			t.Errorf("%v has length %d, want %d", k, got.MaxLen, f.MaxLen)
		case f.Min == 1 && f.File != "lookup" && !got.Required:
			t.Errorf("%v is required", k)
		}
		passed++
	}
	for k := range known {
		t.Errorf("%v is in the table only", k)
	}
	floor(t, "fields", passed, len(fields))
}

// sample returns a value that a field may have, different for each.
func sample(f *Field, n int) string {
	switch f.Kind {
	case KindID:
		ids := []string{"318136009", "318135008", "387516008", "387475002", "428673006", "34186711000001102", "37365811000001102"}
		return ids[n%len(ids)]
	case KindCode:
		return fmt.Sprintf("%04d", n%20)
	case KindFlag:
		return []string{"1", "0001", "0000"}[n%3]
	case KindInt:
		return fmt.Sprint(n % 100)
	case KindDecimal:
		return fmt.Sprintf("%d.%d", n, n%10)
	case KindDate:
		return fmt.Sprintf("20%02d-02-28", n%100)
	case KindGTIN:
		return "5012617019844"
	}
	return fmt.Sprintf("<%d> & 'é' \"]]>", n)
}

// TestEveryField writes a record with every field of every section, and one with
// the required ones, and reads them back through scanner, store and writer.
func TestEveryField(t *testing.T) {
	n := 0
	for _, f := range theSchema().files {
		var doc bytes.Buffer
		fw := NewFileWriter(&doc, f.tables[0], fileVersion(f.name))
		var want []string
		for _, table := range f.tables {
			for _, sec := range table.Sections() {
				for _, full := range []bool{true, false} {
					var r Record
					r.reset(table, table.spec(), 0)
					for i := range table.Fields() {
						field := &table.Fields()[i]
						switch {
						case field.Tag == "LIST":
							r.put(i, []byte(sec.Name))
						case slices.Contains(sec.Tags, field.Tag) && (full || field.Required):
							n++
							r.put(i, []byte(sample(field, n)))
						}
					}
					want = append(want, string(r.AppendJSON(nil)))
					if err := fw.Write(&r); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := fw.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		s := NewScanner(&doc, f.name)
		for s.Next() {
			var stored Record
			stored.decode(s.Record().Table, s.Record().encode(nil), nil)
			got = append(got, string(stored.AppendJSON(nil)))
		}
		for _, i := range s.Issues() {
			if i.Code != CodeID {
				t.Errorf("%v", i)
			}
		}
		compareRecords(t, f.name, got, want)
		for _, line := range got {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
		}
	}
}

func TestWidestTable(t *testing.T) {
	for _, table := range Tables() {
		if n := len(table.Fields()); n > maxFields || n > 31 {
			t.Errorf("%s has %d fields", table, n)
		}
		if got, ok := TableNamed(table.String()); !ok || got != table {
			t.Errorf("%s is not found by name", table)
		}
	}
}

// TestGenerated regenerates the table.
func TestGenerated(t *testing.T) {
	fields := filepath.Join(corpus(t, "schema"), "fields.json")
	if testing.Short() {
		t.Skip("runs the generator")
	}
	out := filepath.Join(t.TempDir(), "schema_gen.go")
	if err := runGo(t, "run", "./internal/gen", "-fields", fields, "-out", out); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("schema_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("schema_gen.go is not what the generator writes")
	}
}

// TestNoFloats holds strengths, quantities and doses to exact numbers.
func TestNoFloats(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob("tofhir/*.go")
	word := regexp.MustCompile(`float(32|64)|\bFloat(32|64)\b|ParseFloat|FormatFloat`)
	for _, name := range append(files, more...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if m := word.Find(src); m != nil {
			t.Errorf("%s uses %s", name, m)
		}
	}
}
