package dmd

import (
	"strconv"
	"strings"
	"sync"
)

// Table is a kind of record of a release. The constants name all of them; the
// number has no meaning outside the process.
type Table uint8

// FieldKind is what the text of a field has to look like.
type FieldKind byte

// The kinds of field.
const (
	KindText    FieldKind = 's' // any text
	KindID      FieldKind = 'i' // SNOMED CT identifier, up to 18 digits
	KindCode    FieldKind = 'c' // code of a look-up list, with its leading zeros
	KindFlag    FieldKind = 'f' // "1" or "0001" for yes; absent or zero for no
	KindInt     FieldKind = 'n' // whole number, such as a price in pence
	KindDecimal FieldKind = 'd' // number with decimals, such as a strength
	KindDate    FieldKind = 't' // YYYY-MM-DD
	KindGTIN    FieldKind = 'g' // bar code of 13 or 14 digits, or empty
)

// Field describes one element of a record.
type Field struct {
	Tag      string
	Kind     FieldKind
	Required bool
	MaxLen   int    // 0 if the schema gives none
	Digits   int    // of a decimal: all digits
	Decimals int    // of a decimal: those after the point
	Refers   string // a table's name, or "@" and a look-up list's name, or ""
	Label    string
}

// Section is one place where the records of a table lie. Most tables have one;
// look-up lists and the history have one for each list.
type Section struct {
	Name   string   // element around the records; "" if they lie in the root
	Record string   // element of a record
	Tags   []string // in the order of writing
}

// tableSpec is a table with all the schema says about it.
type tableSpec struct {
	name     string
	file     string // as in the file names: "vmp"
	root     string
	many     bool // the first field is the name of the section
	sections []Section
	fields   []Field
	required uint32 // bit for each required field
	texts    uint32 // bit for each text field
}

// schema is the parsed schemaText.
type schema struct {
	tables [numTables]tableSpec
	files  []fileSpec // in the order of the text
}

// fileSpec is one file of a release.
type fileSpec struct {
	name   string
	root   string
	tables []Table
}

// loaded is the schema, parsed when it is first asked for.
var loaded struct {
	once   sync.Once
	schema *schema
}

func theSchema() *schema {
	loaded.once.Do(func() { loaded.schema = parseSchema() })
	return loaded.schema
}

func parseSchema() *schema {
	s := new(schema)
	t := Table(0)
	for line := range strings.Lines(schemaText) {
		c := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		spec := &s.tables[t]
		switch c[0] {
		case "R":
			if spec.name != "" {
				t++
				spec = &s.tables[t]
			}
			*spec = tableSpec{name: c[1], file: c[2], root: c[3], many: c[4] == "*"}
			if !spec.many {
				spec.sections = []Section{{Name: c[4], Record: c[5]}}
			}
			if n := len(s.files); n == 0 || s.files[n-1].name != c[2] {
				s.files = append(s.files, fileSpec{name: c[2], root: c[3]})
			}
			f := &s.files[len(s.files)-1]
			f.tables = append(f.tables, t)
		case "S":
			spec.sections = append(spec.sections, Section{Name: c[1], Record: c[2], Tags: strings.Fields(c[3])})
		case "F":
			f := Field{Tag: c[1], Kind: FieldKind(c[2][0]), Required: c[3] == "1", Refers: c[6], Label: c[7]}
			f.MaxLen, _ = strconv.Atoi(c[4])
			if all, after, ok := strings.Cut(c[5], "."); ok {
				f.Digits, _ = strconv.Atoi(all)
				f.Decimals, _ = strconv.Atoi(after)
			}
			if f.Required {
				spec.required |= 1 << len(spec.fields)
			}
			if f.Kind == KindText {
				spec.texts |= 1 << len(spec.fields)
			}
			spec.fields = append(spec.fields, f)
			if !spec.many {
				spec.sections[0].Tags = append(spec.sections[0].Tags, f.Tag)
			}
		}
	}
	return s
}

func (t Table) spec() *tableSpec {
	if int(t) >= numTables {
		return &tableSpec{}
	}
	return &theSchema().tables[t]
}

// Tables returns all tables, in the order in which a release is read.
func Tables() []Table {
	out := make([]Table, numTables)
	for i := range out {
		out[i] = Table(i)
	}
	return out
}

// TableNamed finds a table by the name that String gives, such as "VPI" or
// "AMPP_CCONTENT".
func TableNamed(name string) (Table, bool) {
	for i := range numTables {
		if Table(i).String() == name {
			return Table(i), true
		}
	}
	return 0, false
}

// String returns the record's element name, made unique where two files share
// one: "VMP", "VMPP_CCONTENT", "BNF_AMP".
func (t Table) String() string { return t.spec().name }

// File returns the word that stands for the table's file in file names: "ampp"
// in f_ampp2_3260821.xml.
func (t Table) File() string { return t.spec().file }

// Root returns the root element of the table's file.
func (t Table) Root() string { return t.spec().root }

// Fields returns the table's fields. The slice is shared and must not be
// changed. Look-up lists and the history begin with a field LIST, which is the
// name of the section and not an element.
func (t Table) Fields() []Field { return t.spec().fields }

// Sections returns where the records lie. The slice is shared and must not be
// changed.
func (t Table) Sections() []Section { return t.spec().sections }

// fieldIndex returns the position of a tag, or -1.
func (t *tableSpec) fieldIndex(tag string) int {
	for i := range t.fields {
		if t.fields[i].Tag == tag {
			return i
		}
	}
	return -1
}
