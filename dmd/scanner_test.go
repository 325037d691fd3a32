package dmd

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// scanned lists the records of a document, each as table, place and fields.
func scanned(s *Scanner) []string {
	var out []string
	for s.Next() {
		r := s.Record()
		b := []byte(r.Table.String())
		for tag, v := range r.Fields() {
			b = fmt.Appendf(b, " %s=%q", tag, v)
		}
		out = append(out, string(b))
	}
	return out
}

// oracle reads a document with encoding/xml, in the slow and obvious way: every
// element without elements in it is a field of the one around it.
func oracle(doc []byte) (out []string, err error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	type element struct {
		name string
		text strings.Builder
		kids []string
		leaf bool
	}
	var stack []*element
	var spec *fileSpec
	var emit func(e *element, path []string)
	emit = func(e *element, path []string) {
		if spec.name == "gtin" { // the sequence within GTINDATA may repeat
			for i, k := range e.kids {
				if i > 0 && strings.HasPrefix(k, "GTIN=") && slices.ContainsFunc(e.kids[:i], func(k string) bool { return strings.HasPrefix(k, "GTIN=") }) {
					emit(&element{name: e.name, kids: e.kids[:i]}, path)
					emit(&element{name: e.name, kids: e.kids[i:]}, path)
					return
				}
			}
		}
		sections := TableLOOKUP.Sections()
		if spec.name == "lookup" && len(path) == 3 && !slices.ContainsFunc(sections, func(s Section) bool { return s.Name == path[1] }) {
			out = append(out, strings.Join(append([]string{fmt.Sprintf("LOOKUP LIST=%q", path[1])}, inOrder(TableLOOKUP, e.kids)...), " "))
			return
		}
		for _, t := range spec.tables {
			ts := t.spec()
			for _, sec := range ts.sections {
				want := []string{spec.root}
				if sec.Name != "" {
					want = append(want, sec.Name)
				}
				if t == TableGTIN {
					want = append(want, "AMPP")
				}
				if !slices.Equal(append(want, sec.Record), path) {
					continue
				}
				line := t.String()
				if ts.many {
					line += fmt.Sprintf(" LIST=%q", sec.Name)
				}
				if t == TableGTIN {
					line += " " + strings.Join(stack[len(stack)-2].kids[:1], "")
				}
				for _, k := range inOrder(t, e.kids) {
					line += " " + k
				}
				out = append(out, line)
			}
		}
	}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if len(stack) == 0 {
				for i := range theSchema().files {
					if theSchema().files[i].root == t.Name.Local {
						spec = &theSchema().files[i]
					}
				}
				if spec == nil {
					return nil, errors.New("unknown root")
				}
			} else {
				stack[len(stack)-1].leaf = false
			}
			stack = append(stack, &element{name: t.Name.Local, leaf: true})
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(t)
			}
		case xml.EndElement:
			e := stack[len(stack)-1]
			var path []string
			for _, s := range stack {
				path = append(path, s.name)
			}
			if e.leaf && len(stack) > 1 {
				text := e.text.String()
				if tag := e.name; !isTextTag(tag) {
					text = strings.Trim(text, " \t\r\n")
				}
				stack[len(stack)-2].kids = append(stack[len(stack)-2].kids, fmt.Sprintf("%s=%q", e.name, text))
			}
			emit(e, path)
			stack = stack[:len(stack)-1]
		}
	}
}

// inOrder sorts fields as the scanner gives them: the first of each known tag in
// the order of the schema, then unknown ones.
func inOrder(t Table, kids []string) []string {
	var out []string
	for _, f := range t.Fields() {
		if i := slices.IndexFunc(kids, func(k string) bool { return strings.HasPrefix(k, f.Tag+"=") }); i >= 0 && f.Tag != "LIST" {
			out = append(out, kids[i])
		}
	}
	for _, k := range kids {
		if tag, _, _ := strings.Cut(k, "="); tag == "LIST" || t.spec().fieldIndex(tag) < 0 {
			out = append(out, k)
		}
	}
	return out
}

// isTextTag reports whether a tag is of a text field, whose white space counts.
func isTextTag(tag string) bool {
	for _, t := range Tables() {
		for _, f := range t.Fields() {
			if f.Tag == tag {
				return f.Kind == KindText
			}
		}
	}
	return true
}

// TestScannerOracle compares the scanner with encoding/xml on real files.
func TestScannerOracle(t *testing.T) {
	n := 0
	for _, name := range []string{"release-mini-2021-08-26", "reference-lists-2019-04-01"} {
		root := corpus(t, name)
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".xml" {
				return err
			}
			doc, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			want, err := oracle(doc)
			if err != nil {
				return err
			}
			got := scanned(NewScanner(bytes.NewReader(doc), path))
			compareRecords(t, path, got, want)
			n += len(want)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records", n)
}

func compareRecords(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "", ""
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("%s, record %d:\n got %s\nwant %s", name, i, g, w)
			return
		}
	}
}

// vmp wraps fields as a file with one virtual product that lacks nothing.
func vmp(fields string) string {
	return "<VIRTUAL_MED_PRODUCTS>\n<VMPS>\n<VMP><VPID>318136009</VPID><BASISCD>0001</BASISCD><PRES_STATCD>0001</PRES_STATCD>" + fields + "</VMP>\n</VMPS>\n</VIRTUAL_MED_PRODUCTS>"
}

// documents are inputs with the findings they must give, as code, line and
// column, and how many records come out.
func documents() []struct {
	name, doc string
	records   int
	issues    []string
	want      string // in the text of the records
} {
	const ok = "<NM>A</NM>"
	return []struct {
		name, doc string
		records   int
		issues    []string
		want      string
	}{
		{"plain", vmp(ok), 1, nil, `NM="A"`},
		{"entities", vmp("<NM>&lt;A &amp; &quot;B&quot; &#233;&#x e;</NM>"), 1, []string{"dmd.xml.entity 3:118"}, `NM="<A & \"B\" é&#x e;"`},
		{"cdata", vmp("<NM>x<![CDATA[ <b> & ]]>y</NM>"), 1, nil, `NM="x <b> & y"`},
		{"comment in text", vmp("<NM>a<!-- no -->b</NM>"), 1, nil, `NM="ab"`},
		{"comment between", vmp(ok + "<!-- <NM>no</NM> -->"), 1, nil, `NM="A"`},
		{"processing instruction", vmp("<?x y?>" + ok), 1, nil, `NM="A"`},
		{"line ends", vmp("<NM>a\r\nb\rc</NM>"), 1, nil, `NM="a\nb\nc"`},
		{"empty element", vmp(ok + "<NMPREV/>"), 1, nil, `NMPREV=""`},
		{"attribute", vmp(`<NM lang="a>b">A</NM>`), 1, []string{"dmd.xml.attribute 3:82"}, `NM="A"`},
		{"white space in a code", vmp(ok + "<NMCHANGECD> 0004\n</NMCHANGECD>"), 1, nil, `NMCHANGECD="0004"`},
		{"unknown field", vmp(ok + "<NEW>1</NEW>"), 1, []string{"dmd.schema.tag 3:92"}, `NEW="1"`},
		{"element in a field", vmp("<NM>a<i>b</i>c</NM>"), 1, []string{"dmd.schema.tag 3:87"}, `NM="ac"`},
		{"repeated", vmp(ok + "<NM>B</NM>"), 1, []string{"dmd.schema.repeated 3:92"}, `NM="A"`},
		{"missing", vmp(""), 1, []string{"dmd.schema.missing 3:1"}, `VPID=`},
		{"stray text", vmp("x" + ok), 1, []string{"dmd.xml.text 3:82"}, `NM="A"`},
		{"unknown section", "<VIRTUAL_MED_PRODUCTS><X><VMP><NM>no</NM></VMP></X></VIRTUAL_MED_PRODUCTS>", 0, []string{"dmd.schema.section 1:23"}, ""},
		{"unknown root", "<html><body/></html>", 0, []string{"dmd.schema.root 1:1"}, ""},
		{"unknown list", "<LOOKUP><NEW_LIST><INFO><CD>0001</CD><DESC>x</DESC></INFO></NEW_LIST></LOOKUP>", 1, nil, `LIST="NEW_LIST"`},
		{"doctype", "<!DOCTYPE x [<!ENTITY a 'b'>]>" + vmp(ok), 0, []string{"dmd.xml.doctype 1:1"}, ""},
		{"truncated", vmp(ok)[:100], 0, []string{"dmd.xml.truncated 3:71"}, ""},
		{"mismatch", "<LOOKUP><FORM></ROUTE></LOOKUP>", 0, []string{"dmd.xml.syntax 1:15"}, ""},
		{"mismatch in a record", vmp("<NM>A</MN>"), 0, []string{"dmd.xml.syntax 3:87"}, ""},
		{"tag not closed", vmp("<NM A</NM>"), 0, []string{"dmd.xml.syntax 3:87"}, ""},
		{"nothing", "", 0, []string{"dmd.xml.truncated 1:1"}, ""},
		{"byte order mark", "\ufeff" + vmp(ok), 1, nil, `NM="A"`},
		{"not UTF-8", vmp("<NM>caf\xe9</NM>"), 1, []string{"dmd.xml.encoding 3:89"}, `NM="caf�"`},
		{"Latin-1", `<?xml version="1.0" encoding="ISO-8859-1"?>` + vmp("<NM>caf\xe9</NM>"), 1, []string{"dmd.xml.encoding 1:1"}, `NM="café"`},
		{"unknown encoding", `<?xml version="1.0" encoding="EBCDIC"?>` + vmp(ok), 1, []string{"dmd.xml.encoding 1:1"}, `NM="A"`},
		{"UTF-16", utf16(vmp("<NM>é</NM>")), 1, []string{"dmd.xml.encoding 1:1"}, `NM="é"`},
		{"bad id", "<INGREDIENT_SUBSTANCES><ING><ISID>387516009</ISID><NM>x</NM></ING></INGREDIENT_SUBSTANCES>", 1, []string{"dmd.value.id 1:35"}, `ISID="387516009"`},
		{"below zero", vmp(ok + "<UDFS>-5</UDFS>"), 1, []string{"dmd.value.range 3:98"}, `UDFS="-5"`},
		{"absurd", vmp(ok + "<UDFS>12345678901.5</UDFS>"), 1, []string{"dmd.value.range 3:98"}, ""},
		{"four decimals", vmp(ok + "<UDFS>0.0005</UDFS>"), 1, []string{"dmd.value.range 3:98"}, ""},
		{"no number", vmp(ok + "<UDFS>5mg</UDFS>"), 1, []string{"dmd.value.form 3:98"}, ""},
		{"no date", vmp(ok + "<NMDT>2019-02-29</NMDT>"), 1, []string{"dmd.value.form 3:98"}, ""},
		{"too long", vmp("<NM>" + strings.Repeat("é", 256) + "</NM>"), 1, []string{"dmd.value.length 3:86"}, ""},
		{"code of five", vmp(ok + "<NMCHANGECD>00004</NMCHANGECD>"), 1, []string{"dmd.value.range 3:104"}, ""},
		{"bar codes", "<GTIN_DETAILS><AMPPS><AMPP><AMPPID>37365911000001107</AMPPID><GTINDATA><GTIN>5012617019844</GTIN><STARTDT>2015-06-01</STARTDT><ENDDT>2019-03-12</ENDDT><GTIN></GTIN><STARTDT>2019-03-13</STARTDT></GTINDATA><GTINDATA><GTIN>05037563003235</GTIN><STARTDT>2019-03-13</STARTDT></GTINDATA></AMPP></AMPPS></GTIN_DETAILS>", 3, nil, `GTIN="05037563003235"`},
		{"bar code with a wrong digit", "<GTIN_DETAILS><AMPPS><AMPP><AMPPID>37365911000001107</AMPPID><GTINDATA><GTIN>5012617019845</GTIN><STARTDT>2015-06-01</STARTDT></GTINDATA></AMPP></AMPPS></GTIN_DETAILS>", 1, []string{"dmd.value.gtin 1:78"}, ""},
		{"pack without bar codes", "<GTIN_DETAILS><AMPPS><AMPP><AMPPID>37365911000001107</AMPPID></AMPP></AMPPS></GTIN_DETAILS>", 0, []string{"dmd.schema.missing 1:22"}, ""},
		{"second root", vmp(ok) + "<LOOKUP></LOOKUP>", 1, []string{"dmd.xml.syntax 5:24"}, ""},
	}
}

func utf16(s string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func TestScannerDocuments(t *testing.T) {
	for _, d := range documents() {
		t.Run(d.name, func(t *testing.T) {
			s := NewScanner(strings.NewReader(d.doc), "f.xml")
			records := scanned(s)
			if len(records) != d.records {
				t.Errorf("%d records, want %d", len(records), d.records)
			}
			if all := strings.Join(records, "\n"); !strings.Contains(all, d.want) {
				t.Errorf("no %s in %s", d.want, all)
			}
			var got []string
			for _, i := range s.Issues() {
				got = append(got, fmt.Sprintf("%s %d:%d", i.Code, i.Line, i.Col))
			}
			if !slices.Equal(got, d.issues) {
				t.Errorf("findings %q, want %q", got, d.issues)
			}
			// The same in any chunks.
			for name, r := range map[string]io.Reader{
				"one byte": iotest.OneByteReader(strings.NewReader(d.doc)),
				"half":     iotest.HalfReader(strings.NewReader(d.doc)),
				"data err": iotest.DataErrReader(strings.NewReader(d.doc)),
			} {
				again := NewScanner(r, "f.xml")
				if got := scanned(again); !slices.Equal(got, records) {
					t.Errorf("%s: %q", name, got)
				}
				if fmt.Sprint(again.Issues()) != fmt.Sprint(s.Issues()) {
					t.Errorf("%s: findings %v, want %v", name, again.Issues(), s.Issues())
				}
			}
		})
	}
}

// failAt gives n bytes and then an error.
type failAt struct {
	r    io.Reader
	left int
}

var errFailed = errors.New("the disk has failed")

func (f *failAt) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, errFailed
	}
	n, err := f.r.Read(b[:min(len(b), f.left)])
	f.left -= n
	return n, err
}

// TestScannerFailures has the reader fail at every byte: the error comes out, and
// no record that was not whole.
func TestScannerFailures(t *testing.T) {
	doc := vmp("<NM>A &amp; B</NM>") + "\n"
	whole := scanned(NewScanner(strings.NewReader(doc), ""))
	end := strings.Index(doc, "</VMP>") + len("</VMP>")
	for n := range len(doc) {
		s := NewScanner(&failAt{strings.NewReader(doc), n}, "")
		got := scanned(s)
		if !errors.Is(s.Err(), errFailed) {
			t.Fatalf("at %d: %v", n, s.Err())
		}
		if n < end && len(got) != 0 || n >= end && !slices.Equal(got, whole) {
			t.Fatalf("at %d: %q", n, got)
		}
	}
}

func TestScannerLimits(t *testing.T) {
	long := vmp("<NM>" + strings.Repeat("x", 4096) + "</NM>")
	codes := func(opts ...ReadOption) string {
		s := NewScanner(strings.NewReader(long), "", opts...)
		scanned(s)
		out := ""
		for _, i := range s.Issues() {
			out += string(i.Code) + " "
		}
		return out
	}
	if got := codes(WithLimits(Limits{Record: 1024})); !strings.Contains(got, string(CodeTooLong)) {
		t.Errorf("a long record passes: %s", got)
	}
	if got := codes(); strings.Contains(got, string(CodeTooLong)) {
		t.Errorf("by default: %s", got)
	}
	if got := codes(WithoutChecks()); got != "" {
		t.Errorf("without checks: %s", got)
	}
	many := "<INGREDIENT_SUBSTANCES>" + strings.Repeat("<ING><ISID>1</ISID><NM>x</NM></ING>", 150) + "</INGREDIENT_SUBSTANCES>"
	for limit, want := range map[int]int{0: maxIssues + 1, 7: 8, -1: 150} {
		s := NewScanner(strings.NewReader(many), "", WithLimits(Limits{Issues: limit}))
		if n := len(scanned(s)); n != 150 {
			t.Fatalf("%d records", n)
		}
		if got := s.Issues(); len(got) != want {
			t.Errorf("limit %d: %d findings, want %d", limit, len(got), want)
		} else if limit >= 0 && got[len(got)-1].Code != CodeCapped {
			t.Errorf("limit %d: the last is %v", limit, got[len(got)-1])
		}
	}
	deep := "<LOOKUP><FORM>" + strings.Repeat("<a>", 2000)
	s := NewScanner(strings.NewReader(deep), "")
	scanned(s)
	if is := s.Issues(); is[len(is)-1].Severity != Fatal {
		t.Errorf("deep: %v", is)
	}
}

// FuzzScanner looks for panics, for records that depend on the chunks, and for
// differences from encoding/xml on what both accept.
func FuzzScanner(f *testing.F) {
	for _, d := range documents() {
		f.Add([]byte(d.doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		s := NewScanner(bytes.NewReader(doc), "f")
		records := scanned(s)
		issues := s.Issues()
		for _, i := range issues {
			if i.Offset < 0 && i.Code != CodeCapped {
				t.Fatalf("no place: %v", i)
			}
		}
		again := NewScanner(iotest.HalfReader(bytes.NewReader(doc)), "f")
		if got := scanned(again); !slices.Equal(got, records) || fmt.Sprint(again.Issues()) != fmt.Sprint(issues) {
			t.Fatalf("chunks matter: %q %v, %q %v", got, again.Issues(), records, issues)
		}
		if len(issues) == 0 {
			if want, err := oracle(doc); err == nil && !slices.Equal(records, want) {
				t.Fatalf("got %q, encoding/xml gives %q", records, want)
			}
		}
		// What is read is stored and written so that it reads the same.
		s = NewScanner(bytes.NewReader(doc), "f")
		for s.Next() {
			r := s.Record()
			var back Record
			enc := r.encode(nil)
			back.decode(r.Table, enc, nil)
			if a, b := r.AppendJSON(nil), back.AppendJSON(nil); !bytes.Equal(a, b) {
				t.Fatalf("stored %s, was %s", b, a)
			}
		}
	})
}
