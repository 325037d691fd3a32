package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// profileOf reads a profile that must be faultless.
func profileOf(t testing.TB, data []byte) *Profile {
	t.Helper()
	p, issues := ParseProfile(data)
	if p == nil || len(issues) > 0 {
		t.Fatalf("%v", issues)
	}
	return p
}

// sameProfile compares profiles by everything but where it stands in a text.
var sameProfile = cmp.Options{
	cmp.AllowUnexported(Profile{}, dynamicDefinition{}, profileTable{}, profileCode{}, profileMessage{}, profilePlace{}, profileElement{}, profileRules{}, profileUsage{}, condition{}),
	cmp.Comparer(func(a, b Version) bool { return a.name == b.name }),
	cmp.Comparer(func(a, b Table) bool { return a == b }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".at" }, cmp.Ignore()),
}

func TestProfileRoundTrip(t *testing.T) {
	c := jsonschema.NewCompiler()
	if err := c.AddResource("profile.schema.json", strings.NewReader(ProfileSchema())); err != nil {
		t.Fatal(err)
	}
	shape, err := c.Compile("profile.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"adt_a01.xml", "oru_r01.xml", "oru_r01.json"} {
		t.Run(name, func(t *testing.T) {
			p := profileOf(t, readTestdata(t, name))
			written, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			again := profileOf(t, written)
			if diff := cmp.Diff(p, again, sameProfile); diff != "" {
				t.Errorf("JSON and back: %s", diff)
			}
			texts := [][]byte{written}
			if strings.HasSuffix(name, ".json") {
				texts = append(texts, readTestdata(t, name))
			}
			for _, text := range texts {
				var v any
				if err := json.Unmarshal(text, &v); err != nil {
					t.Fatal(err)
				}
				if err := shape.Validate(v); err != nil {
					t.Errorf("%#v", err)
				}
			}
		})
	}
}

// What the reader refuses as not of the form, the JSON Schema refuses too, and
// the other way round.
func TestProfileSchemaAgrees(t *testing.T) {
	shape := jsonschema.MustCompileString("profile.schema.json", ProfileSchema())
	message := func(content string) string {
		return `{"hl7Profile":1,"hl7Version":"2.4","messages":[{"type":"ADT","event":"A01","content":[{"segment":"MSH","usage":"R"},` + content + `]}]}`
	}
	field := func(f string) string {
		return message(`{"segment":"PID","usage":"R","fields":[` + f + `]}`)
	}
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"least", message(`{"segment":"EVN","usage":"R"}`), true},
		{"group", message(`{"group":"G","usage":"RE","max":"*","content":[{"segment":"PV1","usage":"R"}]}`), true},
		{"condition", field(`{"usage":"C","condition":{"all":[{"path":"PID-8","in":["F"]},{"not":{"path":"PID-7","valued":false}}]}}`), true},
		{"conditional forms", field(`{"usage":"C(R/RE)","predicate":"x"}`), true},
		{"no form", `{"messages":[{"type":"ADT","content":[{"segment":"MSH","usage":"R"}]}]}`, true},
		{"other form", strings.Replace(message(`{"segment":"EVN","usage":"R"}`), ":1,", ":2,", 1), false},
		{"no message", `{"hl7Profile":1,"messages":[]}`, false},
		{"no type", `{"hl7Profile":1,"messages":[{"content":[{"segment":"MSH","usage":"R"}]}]}`, false},
		{"usage", message(`{"segment":"EVN","usage":"Q"}`), false},
		{"no usage", message(`{"segment":"EVN"}`), false},
		{"unknown key", message(`{"segment":"EVN","usage":"R","repeats":true}`), false},
		{"text for a number", message(`{"segment":"EVN","usage":"R","min":"1"}`), false},
		{"another text for max", message(`{"segment":"EVN","usage":"R","max":"n"}`), false},
		{"negative", message(`{"segment":"EVN","usage":"R","min":-1}`), false},
		{"segment and group", message(`{"segment":"EVN","group":"G","usage":"R","content":[{"segment":"PV1","usage":"R"}]}`), false},
		{"group without content", message(`{"group":"G","usage":"R"}`), false},
		{"name of a segment", message(`{"segment":"evn","usage":"R"}`), false},
		{"components have no max", field(`{"usage":"R","components":[{"usage":"R","max":1}]}`), false},
		{"condition of two kinds", field(`{"usage":"C","condition":{"path":"PID-8","in":["F"],"valued":true}}`), false},
		{"condition without path", field(`{"usage":"C","condition":{"in":["F"]}}`), false},
		{"condition with an empty list", field(`{"usage":"C","condition":{"any":[]}}`), false},
		{"condition with a path too many", field(`{"usage":"C","condition":{"path":"PID-8","not":{"path":"PID-8","valued":true}}}`), false},
		{"table without id", `{"hl7Profile":1,"tables":[{"codes":[]}],"messages":[{"type":"ADT","content":[{"segment":"MSH","usage":"R"}]}]}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v any
			if err := json.Unmarshal([]byte(c.text), &v); err != nil {
				t.Fatal(err)
			}
			p, issues := ParseProfile([]byte(c.text))
			bySchema := shape.Validate(v)
			if c.name == "no form" { // written by hand, it may be left out
				bySchema = nil
			}
			if (p != nil) != c.ok || (bySchema == nil) != c.ok {
				t.Errorf("read %v, by schema %v, want %v: %v", p != nil, bySchema == nil, c.ok, issues)
			}
		})
	}
}

func TestParseProfileProblems(t *testing.T) {
	xml := func(body string) string {
		return "<HL7v2xConformanceProfile HL7Version=\"2.4\">\n<HL7v2xStaticDef MsgType=\"ADT\" EventType=\"A01\">\n<Segment Name=\"MSH\" Usage=\"R\"/>\n" + body + "\n</HL7v2xStaticDef>\n</HL7v2xConformanceProfile>"
	}
	for _, c := range []struct {
		name, text string
		code       hl7v2.Code
		path       string
		line, col  int
		warning    bool
	}{
		{name: "nothing", text: "  ", code: CodeProfileSyntax, line: 1, col: 3},
		{name: "neither", text: "hello", code: CodeProfileSyntax, line: 1, col: 1},
		{name: "xml cut off", text: "<HL7v2xConformanceProfile>\n<MetaData>", code: CodeProfileSyntax, line: 2, col: 11},
		{name: "tag not closed", text: xml("<Segment Name=\"EVN\" Usage=\"R\">"), code: CodeProfileSyntax, line: 5, col: 19},
		{name: "other root", text: "\xef\xbb\xbf<Specification/>", code: CodeProfileSyntax, line: 1, col: 1},
		{name: "document type", text: "<!DOCTYPE x [<!ENTITY a \"b\">]>\n<HL7v2xConformanceProfile/>", code: CodeProfileSyntax, line: 1, col: 1},
		{name: "document type behind a comment", text: "<!-- " + strings.Repeat("x", 5000) + " -->\n<!doctype x>\n<HL7v2xConformanceProfile/>", code: CodeProfileSyntax, line: 2, col: 1},
		{name: "no message", text: "\n<HL7v2xConformanceProfile HL7Version='2.4'/>", code: CodeProfileDefinition, line: 2, col: 1},
		{name: "usage", text: xml(`<Segment Name="EVN" Usage="Q"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 21},
		{name: "usage with a > before it", text: xml(`<Segment LongName="a>b Usage='" Name="EVN" Usage="Q"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 44},
		{name: "no usage", text: xml(`<Segment Name="EVN" Usage="R"><Field Name="x"/></Segment>`), code: CodeProfileDefinition, path: "EVN-1", line: 4, col: 31},
		{name: "no number", text: xml(`<Segment Name="EVN" Usage="R" Max="many"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 31},
		{name: "min above max", text: xml(`<Segment Name="EVN" Usage="R" Min="3" Max="2"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 31},
		{name: "required and may not occur", text: xml(`<Segment Name="EVN" Usage="R" Min="0" Max="0"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 39},
		{name: "not supported and must occur", text: xml(`<Segment Name="EVN" Usage="X" Min="1" Max="1"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 31},
		{name: "required with min 0", text: xml(`<Segment Name="EVN" Usage="R" Min="0" Max="1"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 31, warning: true},
		{name: "optional with min 1", text: xml(`<Segment Name="EVN" Usage="O" Min="1" Max="1"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 31, warning: true},
		{name: "condition not given", text: xml(`<Segment Name="EVN" Usage="C"/>`), code: CodeProfileDefinition, path: "EVN", line: 4, col: 1, warning: true},
		{name: "segment id", text: xml(`<Segment Name="EVENT" Usage="R"/>`), code: CodeProfileDefinition, line: 4, col: 1},
		{name: "empty group", text: xml(`<SegGroup Name="G" Usage="R"/>`), code: CodeProfileDefinition, path: "G", line: 4, col: 1},
		{name: "constant too long", text: xml(`<Segment Name="EVN" Usage="R"><Field Usage="R" Length="2" ConstantValue="A01"/></Segment>`), code: CodeProfileDefinition, path: "EVN-1", line: 4, col: 59},
		{name: "constant not of its type", text: xml(`<Segment Name="EVN" Usage="R"><Field Usage="R" Datatype="NM" ConstantValue="A01"/></Segment>`), code: CodeProfileDefinition, path: "EVN-1", line: 4, col: 62},
		{name: "unknown element", text: xml(`<Segment Name="EVN" Usage="R"><Felid/></Segment>`), code: CodeProfileSyntax, line: 4, col: 31, warning: true},
		{name: "message twice", text: strings.Replace(xml(""), "</HL7v2xConformanceProfile>", `<HL7v2xStaticDef MsgType="ADT" EventType="A01"><Segment Name="MSH" Usage="R"/></HL7v2xStaticDef></HL7v2xConformanceProfile>`, 1), code: CodeProfileDefinition, line: 6, col: 1},
		{name: "not beginning with MSH", text: `<HL7v2xConformanceProfile HL7Version="2.4"><HL7v2xStaticDef MsgType="ADT"><Segment Name="EVN" Usage="R"/></HL7v2xStaticDef></HL7v2xConformanceProfile>`, code: CodeProfileDefinition, line: 1, col: 44},
		{name: "unknown version", text: strings.Replace(xml(""), "2.4", "3.4", 1), code: CodeProfileDefinition, line: 1, col: 27, warning: true},
		{name: "json cut off", text: "{\n\"messages\": [", code: CodeProfileSyntax, line: 2, col: 14},
		{name: "json syntax", text: "{\n\"messages\": nil}", code: CodeProfileSyntax, line: 2, col: 13},
		{name: "json key twice", text: "{\"name\":\"a\",\n \"name\":\"b\"}", code: CodeProfileSyntax, line: 2, col: 2},
		{name: "json tail", text: "{\"messages\":[]}\n{}", code: CodeProfileSyntax, line: 2, col: 1},
		{name: "json unknown key", text: "{\n  \"mesages\": []}", code: CodeProfileSyntax, line: 2, col: 3},
		{name: "json wrong type", text: "{\n  \"name\": 1}", code: CodeProfileSyntax, line: 2, col: 11},
		{name: "json fraction", text: `{"hl7Version":"2.4","messages":[{"type":"A","content":[{"segment":"MSH","usage":"R",` + "\n\"min\":0.5}]}]}", code: CodeProfileDefinition, path: "MSH", line: 2, col: 7},
		{name: "condition path", text: `{"hl7Version":"2.4","messages":[{"type":"A","content":[{"segment":"MSH","usage":"C","condition":` + "\n{\"path\":\"G.PV1-2\",\"valued\":true}}]}]}", code: CodeProfileDefinition, path: "MSH", line: 2, col: 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, issues := ParseProfile([]byte(c.text))
			if len(issues) == 0 {
				t.Fatal("no finding")
			}
			i := issues[0]
			if i.Code != c.code || i.Path != c.path || i.Line != c.line || i.Col != c.col || (i.Severity == hl7v2.Warning) != c.warning {
				t.Errorf("got %s %s at %d:%d, want %s %q at %d:%d: %v", i.Code, i.Path, i.Line, i.Col, c.code, c.path, c.line, c.col, i)
			}
			if (p != nil) != c.warning {
				t.Errorf("a profile: %v", p != nil)
			}
		})
	}
}

func TestProfileLimits(t *testing.T) {
	xml, js := readTestdata(t, "adt_a01.xml"), readTestdata(t, "oru_r01.json")
	for _, c := range []struct {
		name string
		p    ProfileParser
		text []byte
		ok   bool
	}{
		{"bytes", ProfileParser{Bytes: len(xml) - 1}, xml, false},
		{"just enough bytes", ProfileParser{Bytes: len(xml)}, xml, true},
		{"elements", ProfileParser{Elements: 100}, xml, false},
		{"values", ProfileParser{Elements: 100}, js, false},
		{"depth of XML", ProfileParser{Depth: 5}, xml, false},
		{"enough depth of XML", ProfileParser{Depth: 7}, xml, true},
		{"depth of JSON", ProfileParser{Depth: 10}, js, false},
		{"no limits", ProfileParser{-1, -1, -1}, js, true},
		{"default depth of XML", ProfileParser{}, []byte(strings.Repeat("<a>", 65)), false},
		{"default depth of JSON", ProfileParser{}, []byte(`{"name":` + strings.Repeat("[", 65)), false},
		{"default bytes", ProfileParser{}, bytes.Repeat([]byte(" "), 32<<20+1), false},
		{"default values", ProfileParser{}, []byte(`{"encodings":[` + strings.Repeat("1,", 1_000_001) + `1]}`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, issues := c.p.Parse(c.text)
			if (p != nil) != c.ok {
				t.Errorf("read: %v, want %v: %v", p != nil, c.ok, issues)
			}
			if !c.ok && (len(issues) != 1 || issues[0].Offset < 0 || issues[0].Line < 1) {
				t.Errorf("%v", issues)
			}
		})
	}
}

// Profiles of many keys or texts are read in time proportional to their size.
func TestProfileReadingGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":1,`, i)
		}
		return "{" + b.String() + `"hl7Profile":1}`
	}
	notes := func(n int) string {
		return `<HL7v2xConformanceProfile HL7Version="2.4">` + strings.Repeat("<ImpNote>made up of this and that</ImpNote>", n) + `</HL7v2xConformanceProfile>`
	}
	for name, text := range map[string]func(int) string{"keys": keys, "notes": notes} {
		growth.Check(t, name, 4000, func(n int) func() {
			data := []byte(text(n))
			return func() { ParseProfile(data) }
		})
	}
}

func TestProfileLint(t *testing.T) {
	adt := readTestdata(t, "adt_a01.xml")
	oru := readTestdata(t, "oru_r01.xml")
	for _, c := range []struct {
		name     string
		text     []byte
		old, new string
		want     string // severity path line
	}{
		// PD1-3.3 is a number up to 2.6, and an ODS code in the UK.
		{"admission", adt, "", "", ""},
		{"result", oru, "", "", ""},
		{"required field", adt, `<Field Name="Message Control ID" Usage="R" Min="1"`, `<Field Name="Message Control ID" Usage="RE" Min="0"`, "error MSH-10"},
		{"required component", oru, `<Component Name="Entity Identifier" Usage="R" Datatype="ST"`, `<Component Name="Entity Identifier" Usage="RE" Datatype="ST"`, ""},
		{"more repetitions of a field", adt, `<Field Name="Date/Time Of Message" Usage="R" Min="1" Max="1"`, `<Field Name="Date/Time Of Message" Usage="R" Min="1" Max="2"`, "error MSH-7"},
		{"any repetitions of a field", adt, `<Field Name="Date/Time Of Message" Usage="R" Min="1" Max="1"`, `<Field Name="Date/Time Of Message" Usage="R" Min="1" Max="*"`, "error MSH-7"},
		{"fewer repetitions", adt, `<Field Name="Patient Name" Usage="R" Min="1" Max="*"`, `<Field Name="Patient Name" Usage="R" Min="1" Max="1"`, ""},
		{"more of a segment", adt, `<Segment Name="PV2" LongName="Patient visit - additional information" Usage="RE" Min="0" Max="1">`, `<Segment Name="PV2" Usage="RE" Min="0" Max="2">`, "error PV2"},
		{"required segment", adt, `<Segment Name="PV1" LongName="Patient visit" Usage="R" Min="1"`, `<Segment Name="PV1" Usage="RE" Min="0"`, "error PV1"},
		{"unknown segment", adt, `<Segment Name="ZU3"`, `<Segment Name="UAC"`, "error UAC, error UAC"},
		{"segment with no place", adt, `<Segment Name="ZU3"`, `<Segment Name="RXA"`, "error RXA"},
		{"segment out of order", adt, `<Segment Name="ZU3"`, `<Segment Name="NK1"`, "error NK1"},
		{"other data type of a field", adt, `<Field Name="Birth Place" Usage="RE" Min="0" Max="1" Datatype="ST"`, `<Field Name="Birth Place" Usage="RE" Min="0" Max="1" Datatype="CE"`, "error PID-23"},
		{"length", adt, `Datatype="ST" Length="60"`, `Datatype="ST" Length="251"`, "warning PID-23"},
		{"other table of a user's", adt, `Datatype="IS" Table="0001"`, `Datatype="IS" Table="0002"`, "warning PID-8"},
		{"other table of HL7's", oru, `Table="0105"`, `Table="0001"`, "error PATIENT_RESULT.PATIENT.NTE-2"},
		{"codes beyond a closed table", oru, `code="ED" description`, `code="EDX" description`, "error PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-2"},
		{"closed table widened under its number", oru, `<hl7table id="PATH0125"`, `<hl7table id="0136"`, "error , warning PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-2"},
		{"table that is nowhere", oru, `<hl7table id="PATHUNIT"`, `<hl7table id="PATHUNITS"`, "warning PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-6.3"},
		{"structure", adt, `MsgStructID="ADT_A01"`, `MsgStructID="ADT_A05"`, "error "},
		{"event", adt, `EventType="A01"`, `EventType="A99"`, "warning "},
		{"optional in an implementation profile", adt, `<Segment Name="ZU8" LongName="Miscellaneous demographic data" Usage="RE"`, `<Segment Name="ZU8" Usage="O"`, "warning ZU8"},
		{"group by its first segment", oru, `Name="ORDER_OBSERVATION"`, `Name="OBRNTE"`, ""},
		{"group with no place", oru, `<SegGroup Name="SPECIMEN"`, `<SegGroup Name="SAMPLE"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.text
			if c.old != "" {
				if text = bytes.Replace(text, []byte(c.old), []byte(c.new), 1); bytes.Equal(text, c.text) {
					t.Fatal("nothing was replaced")
				}
			}
			p, issues := ParseProfile(text)
			if p == nil {
				t.Fatal(issues)
			}
			var got []string
			for _, i := range p.Lint(text) {
				if i.Code != CodeProfileBase || i.Line < 1 || i.Offset < 1 || i.Err == nil {
					t.Errorf("%+v", i)
				}
				if i.Path != "PD1-3.3" {
					got = append(got, i.Severity.String()+" "+i.Path)
				}
			}
			want := c.want
			if got := strings.Join(got, ", "); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	p := profileOf(t, adt)
	if i := p.Lint(adt); len(i) != 1 || i[0].Path != "PD1-3.3" {
		t.Errorf("%v", i)
	}
}

func TestProfileIsShared(t *testing.T) {
	p := profileOf(t, readTestdata(t, "oru_r01.json"))
	m := resultMessage(t, nil)
	want := p.Validate(m)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if got := p.Validate(m); !slices.EqualFunc(got, want, func(a, b hl7v2.Issue) bool { return a.Error() == b.Error() }) {
					t.Errorf("%v", got)
				}
			}
		})
	}
	wg.Wait()
}
