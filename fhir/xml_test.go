package fhir

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

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

const ns = ` xmlns="http://hl7.org/fhir"`

// xmlGood are inputs without findings, and the JSON that they stand for.
var xmlGood = [][2]string{
	{`<Patient` + ns + `><id value="a"/></Patient>`, `{"resourceType":"Patient","id":"a"}`},
	{`<?xml version="1.0" encoding="UTF-8"?><!-- c --><Patient` + ns + `><active value='true' /></Patient> <!-- d -->`, `{"resourceType":"Patient","active":true}`},
	{`<f:Patient xmlns:f="http://hl7.org/fhir"><f:id value="a"></f:id></f:Patient>`, `{"resourceType":"Patient","id":"a"}`},
	{`<Patient` + ns + ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"><id value="a"/></Patient>`, `{"resourceType":"Patient","id":"a"}`},
	{`<Patient` + ns + `><name id="n"><given id="g" value="a"><extension url="u"><valueCode value="c"/></extension></given><given value="b"/></name></Patient>`,
		`{"resourceType":"Patient","name":[{"id":"n","given":["a","b"],"_given":[{"id":"g","extension":[{"url":"u","valueCode":"c"}]},null]}]}`},
	{`<Patient` + ns + `><name xml:id="n"><text value="a"/></name></Patient>`, `{"resourceType":"Patient","name":[{"id":"n","text":"a"}]}`},
	{`<Patient` + ns + `><contained><Practitioner><active value="true"/></Practitioner></contained><contained><Group><type value="person"/><actual value="true"/></Group></contained></Patient>`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Practitioner","active":true},{"resourceType":"Group","type":"person","actual":true}]}`},
	{`<Patient` + ns + `><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p a="1">x &lt; <br/><!-- c --><b>y</b></p></div></text></Patient>`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p a=\"1\">x &lt; <br/><!-- c --><b>y</b></p></div>"}}`},
	{`<Patient` + ns + ` xmlns:h="http://www.w3.org/1999/xhtml" xmlns:x="urn:a&amp;b"><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><h:p>a</h:p><b x:y="1" xml:lang="en"/><x:z/><i xmlns:x="urn:c" x:y="2"/></div></text></Patient>`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns:h=\"http://www.w3.org/1999/xhtml\" xmlns:x=\"urn:a&amp;b\" xmlns=\"http://www.w3.org/1999/xhtml\"><h:p>a</h:p><b x:y=\"1\" xml:lang=\"en\"/><x:z/><i xmlns:x=\"urn:c\" x:y=\"2\"/></div>"}}`},
	{`<f:Patient xmlns:f="http://hl7.org/fhir" xmlns="http://www.w3.org/1999/xhtml" xmlns:h="http://www.w3.org/1999/xhtml"><f:contained><f:Basic><f:text><f:status value="empty"/><h:div>a</h:div></f:text><f:code><f:text value="c"/></f:code></f:Basic></f:contained><f:contained><f:Basic><f:text><f:status value="empty"/><div>b</div></f:text><f:code><f:text value="d"/></f:code></f:Basic></f:contained></f:Patient>`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Basic","text":{"status":"empty","div":"<h:div xmlns:h=\"http://www.w3.org/1999/xhtml\">a</h:div>"},"code":{"text":"c"}},{"resourceType":"Basic","text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">b</div>"},"code":{"text":"d"}}]}`},
	{`<Patient` + ns + `><name><text value="&lt;&amp;&quot;&apos;&gt;&#233;&#x1F600;&#10;"/><family value="a` + "\r\n\t" + `b"/></name></Patient>`,
		`{"resourceType":"Patient","name":[{"text":"<&\"'>é😀\n","family":"a  b"}]}`},
	{`<Parameters` + ns + `><parameter><name value="n"/><valueDecimal value="1.50"/></parameter><parameter><name value="m"/><valueInteger value="+5"/></parameter></Parameters>`,
		`{"resourceType":"Parameters","parameter":[{"name":"n","valueDecimal":1.50},{"name":"m","valueInteger":5}]}`},
	{`<Patient` + ns + `><birthDate><extension url="u"><valueCode value="c"/></extension></birthDate></Patient>`,
		`{"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueCode":"c"}]}}`},
}

// xmlBad are inputs with findings.
var xmlBad = []parseCase{
	{"unknown element", `<Patient` + ns + `>` + "\n" + ` <nam/></Patient>`, []string{"unknown-element Patient.nam 2:2"}},
	{"unknown attribute", `<Patient` + ns + ` a="1"><id value="a"/></Patient>`, []string{"unknown-element Patient.a 1:41"}},
	{"missing", `<Observation` + ns + `><status value="final"/></Observation>`, []string{"missing Observation.code 1:1"}},
	{"twice", `<Patient` + ns + `><active value="true"/><active value="true"/></Patient>`, []string{"cardinality Patient.active 1:60"}},
	{"two choices", `<Patient` + ns + `><deceasedBoolean value="true"/><deceasedDateTime value="2020"/></Patient>`, []string{"cardinality Patient.deceased 1:69"}},
	{"order", `<Patient` + ns + `><active value="true"/><id value="a"/></Patient>`, []string{"order Patient.id 1:60"}},
	{"scattered", `<Patient` + ns + `><name><text value="a"/></name><gender value="male"/><name><text value="b"/></name></Patient>`, []string{"order Patient.name 1:90"}},
	{"empty element", `<Patient` + ns + `><name/></Patient>`, []string{"empty Patient.name[0] 1:38"}},
	{"empty value", `<Patient` + ns + `><id value=""/></Patient>`, []string{"empty Patient.id 1:49"}},
	{"text", `<Patient` + ns + `>x<id value="a"/></Patient>`, []string{"unknown-element Patient 1:38"}},
	{"CDATA", `<Patient` + ns + `><![CDATA[x]]><id value="a"/></Patient>`, []string{"unknown-element Patient 1:38"}},
	{"bad date", `<Patient` + ns + `><birthDate value="1970-13"/></Patient>`, []string{"primitive Patient.birthDate 1:56"}},
	{"bad boolean", `<Patient` + ns + `><active value="yes"/></Patient>`, []string{"primitive Patient.active 1:53"}},
	{"bad decimal", `<Parameters` + ns + `><parameter><name value="n"/><valueDecimal value=".5"/></parameter></Parameters>`, []string{"primitive Parameters.parameter[0].value.ofType(decimal) 1:90"}},
	{"no namespace", `<Patient><id value="a"/></Patient>`, []string{"namespace Patient 1:1"}},
	{"another namespace inside", `<Patient` + ns + `><id xmlns="urn:x" value="a"/></Patient>`, []string{"namespace Patient.id 1:38"}},
	{"narrative without its namespace", `<Patient` + ns + `><text><status value="generated"/><div>a</div></text></Patient>`, []string{"namespace Patient.text.div 1:71"}},
	{"entity in narrative", `<Patient` + ns + `><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">&nbsp;</div></text></Patient>`, []string{"narrative  1:113"}},
	{"unknown resource", `<Patent` + ns + `><id value="a"/></Patent>`, []string{"resource-type  1:1"}},
	{"empty container", `<Patient` + ns + `><id value="a"/><contained/></Patient>`, []string{"empty Patient.contained 1:53"}},
	{"two resources in a container", `<Patient` + ns + `><contained><Basic><code><text value="a"/></code></Basic><Patient><active value="true"/></Patient></contained></Patient>`, []string{"cardinality Patient.contained 1:94"}},
	{"processing instruction", `<?a b?><Patient` + ns + `><id value="a"/></Patient>`, []string{"syntax  1:1"}},
	{"id twice", `<Patient` + ns + `><name id="a" xml:id="b"><text value="c"/></name></Patient>`, []string{"duplicate Patient.name[0].id 1:59"}},
	{"attribute of another namespace", `<Patient` + ns + ` xmlns:x="urn:x" x:a="1"><id value="a"/></Patient>`, []string{"unknown-element Patient 1:59"}},
}

// xmlBroken are inputs that are no XML, or XML that is refused.
var xmlBroken = []parseCase{
	{"cut off", `<Patient` + ns + `><id value="a`, []string{"syntax Patient 1:50"}},
	{"cut off in a tag", `<Patient` + ns, []string{"syntax  1:37"}},
	{"no end tag", `<Patient` + ns + `><id value="a"/>`, []string{"syntax Patient 1:53"}},
	{"wrong end tag", `<Patient` + ns + `><id value="a"></ids></Patient>`, []string{"syntax Patient 1:52"}},
	{"attribute twice", `<Patient` + ns + `><id value="a" value="b"/></Patient>`, []string{"syntax Patient 1:52"}},
	{"no quotes", `<Patient` + ns + `><id value=a/></Patient>`, []string{"syntax Patient 1:48"}},
	{"no value", `<Patient` + ns + `><id value/></Patient>`, []string{"syntax Patient 1:47"}},
	{"less-than in a value", `<Patient` + ns + `><id value="a<b"/></Patient>`, []string{"syntax Patient 1:50"}},
	{"unknown entity", `<Patient` + ns + `><id value="&nbsp;"/></Patient>`, []string{"syntax Patient 1:49"}},
	{"entity of no character", `<Patient` + ns + `><id value="&#0;"/></Patient>`, []string{"syntax Patient 1:49"}},
	{"unknown prefix", `<f:Patient><f:id value="a"/></f:Patient>`, []string{"syntax  1:1"}},
	{"document type", `<!DOCTYPE Patient [<!ENTITY a "b">]><Patient` + ns + `><id value="a"/></Patient>`, []string{"syntax  1:1"}},
	{"two top elements", `<Patient` + ns + `><id value="a"/></Patient><a/>`, []string{"syntax  1:63"}},
	{"hyphens in a comment", `<!-- a -- b --><Patient` + ns + `/>`, []string{"syntax  1:8"}},
	{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><Patient` + ns + `/>`, []string{"encoding  1:21"}},
	{"another version", `<?xml version="1.1"?><Patient` + ns + `/>`, []string{"syntax  1:7"}},
	{"no version", `<?xml encoding="UTF-8"?><Patient` + ns + `/>`, []string{"syntax  1:7"}},
	{"more in the declaration", `<?xml version="1.0" a="b"?><Patient` + ns + `/>`, []string{"syntax  1:21"}},
	{"attribute of an undeclared prefix in a narrative", `<Patient` + ns + `><text><div xmlns="http://www.w3.org/1999/xhtml"><p a:b="c"/></div></text></Patient>`, []string{"syntax Patient.text 1:94"}},
	{"not well-formed narrative", `<Patient` + ns + `><text><div xmlns="http://www.w3.org/1999/xhtml"><p></div></text></Patient>`, []string{"syntax Patient.text 1:89"}},
	{"control character in a narrative", `<Patient` + ns + `><text><div xmlns="http://www.w3.org/1999/xhtml">a` + "\x01" + `</div></text></Patient>`, []string{"syntax Patient.text 1:87"}},
	{"end of CDATA in a narrative", `<Patient` + ns + `><text><div xmlns="http://www.w3.org/1999/xhtml">a]]&gt;]]></div></text></Patient>`, []string{"syntax Patient.text 1:93"}},
	{"U+FFFE in a narrative", `<Patient` + ns + `><text><div xmlns="http://www.w3.org/1999/xhtml">` + "\uFFFE" + `</div></text></Patient>`, []string{"syntax  1:86"}},
	{"U+FFFF in an attribute", `<Patient` + ns + `><id value="` + "\uFFFF" + `"/></Patient>`, []string{"syntax  1:49"}},
	{"control character in a comment", `<Patient` + ns + `><!-- ` + "\x01" + ` --><id value="a"/></Patient>`, []string{"syntax Patient 1:43"}},
	{"control character in CDATA", `<Patient` + ns + `><text><div xmlns="http://www.w3.org/1999/xhtml"><![CDATA[` + "\x01" + `]]></div></text></Patient>`, []string{"syntax Patient.text 1:95"}},
	{"no name in a narrative", `<Patient` + ns + `><text><div xmlns="http://www.w3.org/1999/xhtml"><a!b/></div></text></Patient>`, []string{"syntax Patient.text 1:86"}},
	{"two colons", `<a:b:c xmlns:a="x"/>`, []string{"syntax  1:1"}},
	{"name of digits", `<1/>`, []string{"syntax  1:1"}},
}

func TestXMLGood(t *testing.T) {
	for _, c := range xmlGood {
		tree, err := Parse([]byte(c[0]), Strict())
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		if got := tree.AppendJSON(nil, Compact); string(got) != c[1] {
			t.Errorf("%s\ngot  %s\nwant %s", c[0], got, c[1])
		}
		checkTree(t, tree)
		throughXML(t, c[0], NewParser(Strict()), tree)
	}
}

func TestXMLBad(t *testing.T) {
	for _, c := range xmlBad {
		t.Run(c.name, func(t *testing.T) {
			tree, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(tree.Issues()); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			checkTree(t, tree)
			if _, err := Parse([]byte(c.in), Strict()); err == nil {
				t.Error("accepted strictly")
			}
		})
	}
}

func TestXMLBroken(t *testing.T) {
	for _, c := range xmlBroken {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in), In(XML))
			if err == nil {
				t.Fatal("accepted")
			}
			issues := err.(*ParseError).Issues
			if got := describe(issues[len(issues)-1:]); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestScatteredTogether checks that repetitions follow each other in the tree
// even if they do not in XML.
func TestScatteredTogether(t *testing.T) {
	tree, err := Parse([]byte(`<Patient` + ns + `><name><text value="a"/></name><gender value="male"/><name><text value="b"/></name><birthDate value="1970"/></Patient>`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(tree.AppendJSON(nil, Compact)); got != `{"resourceType":"Patient","name":[{"text":"a"},{"text":"b"}],"gender":"male","birthDate":"1970"}` {
		t.Error(got)
	}
	checkTree(t, tree)
}

func TestNotXML(t *testing.T) {
	for _, in := range []string{
		`{"resourceType":"Patient","a":1}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div>a</div>"}}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'><p></div>"}}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'/><x/>"}}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml' a:b='c'>x</div>"}}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'><p a:b='c'>x</p></div>"}}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"a"}}`,
		`{"resourceType":"Patient","name":[{"text":"a\u0001"}]}`,
		`{"id":"a"}`,
	} {
		tree, err := Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := tree.AppendXML(nil, Compact); !errors.Is(err, ErrNotXML) {
			t.Errorf("%s: %v %s", in, err, out)
		}
	}
}

func TestXMLForms(t *testing.T) {
	tree, err := Parse([]byte(`{"resourceType":"Patient","active":true,"id":"a","name":[{"given":["x","y"]}],"contained":[{"resourceType":"Basic","code":{"text":"<"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := tree.AppendXML(nil, Indented)
	want := strings.TrimPrefix(`
<Patient xmlns="http://hl7.org/fhir">
  <id value="a"/>
  <contained>
    <Basic>
      <code>
        <text value="&lt;"/>
      </code>
    </Basic>
  </contained>
  <active value="true"/>
  <name>
    <given value="x"/>
    <given value="y"/>
  </name>
</Patient>`, "\n")
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	canonical := tree.AppendJSON(nil, Canonical)
	if want := `{"active":true,"contained":[{"code":{"text":"<"},"resourceType":"Basic"}],"id":"a","name":[{"given":["x","y"]}],"resourceType":"Patient"}`; string(canonical) != want {
		t.Errorf("%s", canonical)
	}
	again, err := Parse(canonical)
	if err != nil || !bytes.Equal(again.AppendJSON(nil, Canonical), canonical) {
		t.Error("the canonical form is not stable")
	}
}

// plainXML is a document as the standard library reads it: one line for each
// element, with its depth, name and attributes. Narratives are left out.
func plainXML(t *testing.T, doc []byte) string {
	t.Helper()
	var b strings.Builder
	depth := 0
	for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			fmt.Fprintf(&b, "%d %s %s", depth, e.Name.Space, e.Name.Local)
			if e.Name.Local == "div" {
				if err := d.Skip(); err != nil {
					t.Fatal(err)
				}
				depth--
			} else {
				slices.SortFunc(e.Attr, func(x, y xml.Attr) int { return strings.Compare(x.Name.Local, y.Name.Local) })
				for _, a := range e.Attr {
					if a.Name.Local != "xmlns" && a.Name.Space != "xmlns" && a.Name.Space == "" {
						fmt.Fprintf(&b, " %s=%q", a.Name.Local, a.Value)
					}
				}
			}
			b.WriteByte('\n')
		case xml.EndElement:
			depth--
		}
	}
}

// TestXMLAgainstStandardLibrary compares what we write with what was read, by
// the standard library's reading of both.
func TestXMLAgainstStandardLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	files, _ := filepath.Glob(filepath.Join(corpus.Path(t, "fhir"), "ukcore", "*", "*.xml"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := Parse(data, Strict())
		if err != nil {
			continue // TestUKCoreXML has it
		}
		for _, form := range []Form{Compact, Canonical} {
			out, err := tree.AppendXML(nil, form)
			if err != nil {
				t.Fatal(err)
			}
			// White space in attributes is the only thing that the standard
			// library does not make blanks of.
			want := strings.NewReplacer(`\n`, " ", `\t`, " ", `\r`, " ").Replace(plainXML(t, data))
			got := strings.NewReplacer(`\n`, " ", `\t`, " ", `\r`, " ").Replace(plainXML(t, out))
			if got != want {
				t.Errorf("%s: %s", filepath.Base(f), firstDifference(got, want))
			}
		}
		tree.Release()
	}
}
