// Command gen writes schema_gen.go, the table of dm+d files, records and
// fields, from the description of the published schema files:
//
//	go run ./dmd/internal/gen -fields FIELDS.json -out dmd/schema_gen.go
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"strings"
)

// field is one element of a record, as the input describes it.
type field struct {
	File     string `json:"file"`
	Root     string `json:"root"`
	Section  string `json:"section"`
	Record   string `json:"record"`
	Tag      string `json:"tag"`
	Type     string `json:"xsd_type"`
	Min      int    `json:"xsd_min"`
	FixedLen int    `json:"fixed_len"`
	MaxLen   int    `json:"max_len"`
	Decimal  []int  `json:"decimal"`
	Lookup   string `json:"lookup"`
	Ref      string `json:"ref"`
	Descr    string `json:"descr"`
}

// table is one kind of record. Where a file has the same record in many
// sections, as look-up lists do, they are one table with a leading column for
// the section's name.
type table struct {
	name, file, root, section, record string
	fields                            []field
	sections                          []string            // of a table with a leading column
	tags                              map[string][]string // by section
	records                           map[string]string   // by section
}

func main() {
	log.SetFlags(0)
	in := flag.String("fields", "", "the description of the fields, JSON")
	out := flag.String("out", "schema_gen.go", "the file to write")
	flag.Parse()
	data, err := os.ReadFile(*in)
	if err != nil {
		log.Fatal(err)
	}
	var fields []field
	if err := json.Unmarshal(data, &fields); err != nil {
		log.Fatal(err)
	}
	src, err := format.Source(generate(tables(fields)))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, src, 0o644); err != nil {
		log.Fatal(err)
	}
}

// tables groups the fields into tables, in the order of the input.
func tables(fields []field) []*table {
	var out []*table
	find := func(f field) *table {
		name, section := tableName(f)
		for _, t := range out {
			if t.name == name {
				return t
			}
		}
		t := &table{name: name, file: f.File, root: f.Root, section: section, record: f.Record, tags: map[string][]string{}, records: map[string]string{}}
		if section == "*" {
			t.fields = []field{{Tag: "LIST", Type: "string", Min: 1, Descr: "Name of the section"}}
		}
		out = append(out, t)
		return t
	}
	for _, f := range fields {
		t := find(f)
		if t.name == "GTIN" {
			t.record = "GTINDATA"
		}
		if t.section == "*" {
			if _, seen := t.tags[f.Section]; !seen {
				t.sections = append(t.sections, f.Section)
			}
			t.records[f.Section] = f.Record
			t.tags[f.Section] = append(t.tags[f.Section], f.Tag)
		}
		known := false
		for i := range t.fields {
			if t.fields[i].Tag == f.Tag {
				known = true
				t.fields[i].MaxLen = max(t.fields[i].MaxLen, f.MaxLen)
				t.fields[i].FixedLen = 0
			}
		}
		if !known {
			t.fields = append(t.fields, f)
		}
	}
	return out
}

// tableName names the table of a field, and the section it lies in: "" for
// records directly below the root, "*" for any.
func tableName(f field) (name, section string) {
	switch {
	case f.File == "lookup":
		return "LOOKUP", "*"
	case f.File == "history":
		return "HISTORY", "*"
	case f.File == "gtin":
		return "GTIN", "AMPPS"
	case f.File == "bnf":
		return "BNF_" + f.Record, f.Section
	case f.Record == "CCONTENT":
		return strings.ToUpper(f.File) + "_CCONTENT", f.Section
	}
	return f.Record, f.Section
}

// kind classifies a field: i identifier, c code, f flag, n whole number,
// d decimal, t date, g GTIN, s text.
func kind(t *table, f field) string {
	switch f.Tag {
	case "LIST":
		return "s"
	case "GTIN":
		return "g"
	case "CD":
		return "c" // an identifier in some lists, a short code in others
	case "CDPREV", "VPID", "APID", "VTMID", "VTMIDPREV", "ISID", "IDCURRENT", "IDPREVIOUS", "DDD_UOMCD":
		return "i"
	}
	switch {
	case f.Type == "float" || f.Type == "decimal":
		return "d"
	case f.Type == "date":
		return "t"
	case f.Type == "string":
		return "s"
	case f.MaxLen == 18:
		return "i"
	case f.FixedLen == 4 || f.Lookup != "":
		return "c"
	case f.MaxLen > 0:
		return "n"
	}
	return "f"
}

// target names what a field refers to: a table, or a look-up list after "@".
// The input leaves out what the schema text says only in prose.
func target(t *table, f field) string {
	if t.section == "*" {
		return ""
	}
	switch f.Tag {
	case "BS_SUBID", "ISID":
		if t.name != "ING" {
			return "ING"
		}
	case "PRNTVPPID", "CHLDVPPID":
		return "VMPP"
	case "PRNTAPPID", "CHLDAPPID":
		return "AMPP"
	case "DND":
		return "@DND"
	case "DDD_UOMCD":
		return "@UNIT_OF_MEASURE"
	case "VTMID":
		if t.name != "VTM" {
			return "VTM"
		}
	case "VPID":
		if t.name != "VMP" {
			return "VMP"
		}
	case "APID":
		if t.name != "AMP" {
			return "AMP"
		}
	}
	if f.Lookup != "" {
		return "@" + f.Lookup
	}
	return strings.ToUpper(f.Ref)
}

func generate(all []*table) []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by dmd/internal/gen; DO NOT EDIT.\n\npackage dmd\n\n")
	b.WriteString("// The tables of a release, one for each kind of record.\nconst (\n")
	for i, t := range all {
		typ := ""
		if i == 0 {
			typ = " Table = iota"
		}
		fmt.Fprintf(&b, "\t%s%s // %s\n", exported(t.name), typ, place(t))
	}
	fmt.Fprintf(&b, "\n\tnumTables = iota\n)\n\n")
	b.WriteString("// Positions of the fields in their tables.\nconst (\n")
	for _, t := range all {
		for i, f := range t.fields {
			fmt.Fprintf(&b, "\t%s = %d\n", constant(t.name, f.Tag), i)
		}
	}
	b.WriteString(")\n\n")
	b.WriteString("// schemaText has a line R for each table (name, file, root, section, record),\n// a line S for each known section of a table of many (name, record, tags), and a line F\n// for each field (tag, kind, least count, longest text, digits and decimals,\n// what it refers to, label).\nconst schemaText = `")
	for _, t := range all {
		fmt.Fprintf(&b, "R|%s|%s|%s|%s|%s\n", t.name, t.file, t.root, t.section, t.record)
		for _, s := range t.sections {
			fmt.Fprintf(&b, "S|%s|%s|%s\n", s, t.records[s], strings.Join(t.tags[s], " "))
		}
		for _, f := range t.fields {
			digits := ""
			if len(f.Decimal) == 2 {
				digits = fmt.Sprintf("%d.%d", f.Decimal[0], f.Decimal[1])
			}
			descr, _, _ := strings.Cut(f.Descr, " (")
			if f.Descr == "" {
				descr = f.Tag
			}
			fmt.Fprintf(&b, "F|%s|%s|%d|%d|%s|%s|%s\n", f.Tag, kind(t, f), f.Min, max(f.FixedLen, f.MaxLen), digits, target(t, f), strings.NewReplacer("|", "/", "`", "'").Replace(descr))
		}
	}
	b.WriteString("`\n")
	return b.Bytes()
}

func place(t *table) string {
	path := t.root
	switch t.section {
	case "":
	case "*":
		path += "/(any list)"
	default:
		path += "/" + t.section
	}
	if t.name == "HISTORY" {
		return path + "/(its record)"
	}
	return path + "/" + t.record
}

// exported is the Go name of a table's constant.
func exported(name string) string {
	return "Table" + strings.ReplaceAll(name, "_", "")
}

// constant is the Go name of a field's position.
func constant(table, tag string) string {
	return strings.ToLower(strings.ReplaceAll(table, "_", "")) + strings.ReplaceAll(tag, "_", "")
}
