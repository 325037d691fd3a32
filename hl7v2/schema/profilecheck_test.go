package schema

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

// admissionLines is a message that keeps to testdata/adt_a01.xml.
var admissionLines = []string{
	`MSH|^~\&|PAS|RXX|ROUTE|ROUTE|20260714093500||ADT^A01^ADT_A01|Q1|P|2.4|1||AL||GBR|UNICODE|EN||iTKv1.0`,
	`EVN||202607140930|||111111111^Jones^Emily^^^Miss^^^RXX|202607140930`,
	`PID|1||RXX0042^^^RXX^MR~9990042101^^^NHS^NH||THISTLEWOOD^EDNA^^^MRS||19411109|2|||7 TANNERY LANE^^DUNMERE^^DT99 4QX^GBR^H||01632960417^PRN^PH||EN|W||||||A||||||||N||AL~NSTS01`,
	`PD1|||DUNMERE SURGERY^^Y99999|G5612908^Townley^Gregory^^^Dr^^^GMC`,
	`NK1|1|THISTLEWOOD^IAN|SON^Son`,
	`PV1|1|I|OBS1^BAY2^6^RXX|21|||C3456789^Darwin^Samuel^^^Dr^^^GMC||||||||||||V2139^^^RXX^VN|||||||||||||||||||||||||202607140930`,
	`OBX|1|ST|1^Remark||Comes by ambulance||||||F`,
	`AL1|1|DA|Z88.0`,
	`DG1|1||J18.9^Pneumonia^I10||202607140930|A`,
	`ZU1|202607140800|1|I`,
}

// resultLines is a message that keeps to testdata/oru_r01.xml and .json.
var resultLines = []string{
	`MSH|^~\&|LIMS^2.999.1^ISO|RXX|EPR|RXX|20260714102527+0100||ORU^R01^ORU_R01|Q2|P|2.5.1|||AL|NE||UNICODE UTF-8`,
	`PID|||RXX0042^^^RXX^MR~9990042101^^^NHS^NH||THISTLEWOOD^EDNA||19411109|F||||||||||||||||||||||||NSTS01`,
	`PV1||O`,
	`ORC|RE|P1|F1^LAB`,
	`OBR|1|P1|F1^LAB|26604007^Full blood count^SCT^423..00^FBC^RC|||202607140930|||||||||C3456789^Darwin^Samuel^^^Dr^^^GMC||||||202607141024|||F`,
	`OBX|1|NM|1022431000000105^Haemoglobin estimation^SCT||120|g/L^g/L^UCUM|115-165|N|||F|||202607140930`,
	`NTE|1|L|Seen`,
	`OBX|2|SN|1022541000000102^White cell count^SCT||<^0.1|10*9/L^10*9/L^UCUM|4-11|L|||F`,
	`OBX|3|TX|1^Note^L||Cells seen||||||F`,
	`SPM|1|S1||119297000^Blood specimen^SCT|||||||||||||202607140925`,
	`ORC|RE|P1|F2^LAB`,
	`OBR|2|P1|F2^LAB|1000391000000102^Urea and electrolytes^SCT|||202607140930|||||||||C3456789^Darwin^Samuel^^^Dr^^^GMC||||||202607141024|||P`,
	`OBX|1||1000981000000109^Sodium^SCT||||||||N`,
}

// edit replaces texts of a message: pairs of old and new.
func edited(t testing.TB, lines []string, pairs ...string) *hl7v2.Message {
	t.Helper()
	text := strings.Join(lines, "\r") + "\r"
	for i := 0; i+1 < len(pairs); i += 2 {
		next := strings.Replace(text, pairs[i], pairs[i+1], 1)
		if next == text {
			t.Fatalf("%q is not in the message", pairs[i])
		}
		text = next
	}
	m, err := hl7v2.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func resultMessage(t testing.TB, pairs []string) *hl7v2.Message {
	return edited(t, resultLines, pairs...)
}

// profileFindings lists the findings but those of conditions in prose.
func profileFindings(issues []hl7v2.Issue) string {
	var out []string
	for _, i := range issues {
		if i.Code == CodeProfileUnchecked {
			continue
		}
		severity := ""
		if i.Severity != hl7v2.Error {
			severity = i.Severity.String() + " "
		}
		out = append(out, severity+strings.TrimPrefix(string(i.Code), "profile.")+" "+i.Path)
	}
	return strings.Join(out, ", ")
}

func TestProfileValidate(t *testing.T) {
	adt := profileOf(t, readTestdata(t, "adt_a01.xml"))
	oru := profileOf(t, readTestdata(t, "oru_r01.xml"))
	js := profileOf(t, readTestdata(t, "oru_r01.json"))
	a, o := admissionLines, resultLines
	for _, c := range []struct {
		name    string
		profile *Profile
		lines   []string
		edits   []string
		want    string
	}{
		{"admission", adt, a, nil, ""},
		{"result", oru, o, nil, ""},
		{"result by JSON", js, o, nil, ""},

		{"other event", adt, a, []string{"^A01^", "^A02^"}, "message MSH-9.2"},
		{"no event", adt, a, []string{"ADT^A01^ADT_A01", "ADT"}, "message MSH-9"},
		{"other type", oru, a, nil, "message MSH-9.1"},
		{"other type alone", oru, a, []string{"ADT^A01^ADT_A01", "ADT"}, "message MSH-9"},
		{"no type", adt, a, []string{"ADT^A01", "^A01"}, "message MSH-9.1"},
		{"nothing in MSH-9", adt, a, []string{"ADT^A01^ADT_A01", ""}, "message MSH-9"},
		{"other structure", adt, a, []string{"ADT_A01", "ADT_A05"}, "message MSH-9.3, constant MSH-9.3"},
		{"no structure", oru, o, []string{"^ORU_R01", ""}, "usage MSH-9"},
		{"structure is null", oru, o, []string{"^ORU_R01", `^""`}, "constant MSH-9.3"},
		{"structure with an escape sequence", adt, a, []string{"ADT_A01", `ADT\X5F\A01`}, ""},
		{"other version", adt, a, []string{"|2.4|", "|2.3|"}, "message MSH-12, constant MSH-12"},

		{"required field", adt, a, []string{"|Q1|", "||"}, "usage MSH-10"},
		{"required field behind the last", adt, a, []string{"||iTKv1.0", ""}, "usage MSH-21"},
		{"required component", adt, a, []string{"RXX0042^", "^"}, "usage PID-3[1].1"},
		{"required component behind the last", adt, a, []string{"RXX0042^^^RXX^MR", "RXX0042"}, "usage PID-3[1], usage PID-3[1]"},
		{"required subcomponent", adt, a, []string{"THISTLEWOOD^EDNA", "&x^EDNA"}, "usage PID-5.1.1, usage PID-5.1.2"},
		{"required field is null", adt, a, []string{"|W|", `|""|`}, ""},
		{"field not supported", adt, a, []string{"|RXX0042", "9990042101|RXX0042"}, "usage PID-2"},
		{"field not supported is null", adt, a, []string{"|RXX0042", `""|RXX0042`}, "usage PID-2"},
		{"component not supported", adt, a, []string{"RXX0042^^", "RXX0042^1^"}, "usage PID-3[1].2"},
		{"field beyond", adt, a, []string{"|iTKv1.0", "|iTKv1.0|x"}, "usage MSH-22"},
		{"component beyond the last", adt, a, []string{"THISTLEWOOD^IAN", "THISTLEWOOD^IAN^^^MR^X"}, "usage NK1-2.6"},
		{"too many", adt, a, []string{"|W|", "|W~M|"}, "cardinality PID-16[2]"},
		{"as many as there are", adt, a, []string{"~NSTS01", "~UD~NSTS01"}, "cardinality PID-32[3]"},
		{"too long", adt, a, []string{"|Q1|", "|Q12345678901234567890|"}, "length MSH-10"},
		{"long with escapes", adt, a, []string{"|Q1|", `|Q1\T\\T\\T\\T\\T\\T\\T\|`}, ""},
		{"too short", adt, a, []string{"||202607140930|||11", "||2026071|||11"}, "length EVN-2, datatype EVN-2"},
		{"constant", adt, a, []string{"iTKv1.0", "iTKv1.1"}, "constant MSH-21"},
		{"constant is null", adt, a, []string{"iTKv1.0", `""`}, "constant MSH-21"},
		{"delimiters", adt, a, []string{`^~\&`, `^~\&#`}, "constant MSH-2"},
		{"table of the profile", adt, a, []string{"|19411109|2", "|19411109|M"}, "table PID-8"},
		{"table of HL7", adt, a, []string{"|P|2.4", "|Q|2.4"}, "table MSH-11"},
		{"table of HL7 and constant", adt, a, []string{"|AL||GBR", "|AL||GBX"}, "constant MSH-17, table MSH-17"},
		{"table of users", adt, a, []string{"|DA|", "|QQ|"}, "warning table AL1-2"},
		{"date", adt, a, []string{"19411109", "19411309"}, "datatype PID-7"},
		{"parts of a primitive", adt, a, []string{"|Q1|", "|Q1^x|"}, "datatype MSH-10"},

		{"required segment", adt, a, []string{"EVN||202607140930|||111111111^Jones^Emily^^^Miss^^^RXX|202607140930\r", ""}, "usage EVN"},
		{"segment too many", adt, a, []string{"PD1|", "PD1|\rPD1|"}, "cardinality PD1[2]"},
		{"segment not in the profile", adt, a, []string{"AL1|", "DB1|1\rAL1|"}, "structure DB1"},
		{"Z segment not in the profile", adt, a, []string{"ZU1|", "ZU2|1\rZU1|"}, "structure ZU2"},
		{"segment out of order", adt, a, []string{"PD1|", "PV2|||x\rPD1|"}, "structure PD1, structure NK1, structure PV1, usage PV1"},

		{"group not there", oru, o[:3], nil, "usage PATIENT_RESULT[1].ORDER_OBSERVATION"},
		{"group not there in a repetition", oru, o[:12], nil, "usage PATIENT_RESULT[1].ORDER_OBSERVATION[2].OBSERVATION"},

		{"group too often", oru, o, []string{"ORC|RE|P1|F2", "PID|||1^^^RXX^MR||A^B||19411109|F\rORC|RE|P1|F2"}, "cardinality PATIENT_RESULT[2]"},
		{"segment of another group", oru, o, []string{"OBR|1|", "TQ1|1\rOBR|1|"}, "structure TQ1"},
		{"sequence id", oru, o, []string{"OBX|3|", "OBX|c|"}, "datatype OBX[3]-1"},
		{"death date without death", js, o, []string{"||||NSTS01", "|20260101|N||NSTS01"}, "usage PID-29"},

		{"condition holds", js, o, []string{"PV1||O", "PV1||I"}, "usage PV1-3, usage PV1-19"},
		{"condition holds and it is there", js, o, []string{"PV1||O", "PV1||I|W1||||||||||||||||V1"}, ""},
		{"condition of two components", js, o, []string{"LIMS^2.999.1^ISO", "LIMS^2.999.1"}, "usage MSH-3.2, usage MSH-3"},
		{"neither component", js, o, []string{"LIMS^2.999.1^ISO", "LIMS"}, ""},
		{"not for a deleted result", js, o, []string{"||120|", "|||"}, "usage OBX[1]-2, usage OBX[1]-5"},
		{"value without type", js, o, []string{"OBX|1|NM|", "OBX|1||"}, "usage OBX[1]-2, usage OBX[1]-6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := edited(t, c.lines, c.edits...)
			issues := c.profile.Validate(m)
			if got := profileFindings(issues); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for _, i := range issues {
				if i.Line < 1 || i.Col < 1 || i.Offset < 0 || i.Err == nil || !strings.HasPrefix(i.Clause, c.profile.Name()) {
					t.Errorf("not located: %+v", i)
				}
				for _, secret := range []string{"999", "THISTLE", "1941", "TANNERY", "RXX0042"} {
					if strings.Contains(i.Error(), secret) {
						t.Errorf("shows data: %v", i)
					}
				}
			}
		})
	}
}

// placesOf writes a structure of the standard as the content of a profile; ok
// is false if it has a choice, which profiles do not know.
func placesOf(group Node, structure string) (places []placeJSON, ok bool) {
	for n := range group.Children() {
		p := placeJSON{Min: n.Min(), Max: maxJSON(n.Max()), rulesJSON: rulesJSON{Usage: "RE"}}
		if p.Max == 0 {
			p.Max = -1
		}
		if p.Min > 0 {
			p.Usage = "R"
		}
		switch n.Kind() {
		case ChoiceNode:
			return nil, false
		case GroupNode:
			p.Group = shortName(n.Name(), structure)
			if p.Content, ok = placesOf(n, structure); !ok {
				return nil, false
			}
		default:
			p.Segment = n.Name()
		}
		places = append(places, p)
	}
	return places, true
}

// The structures of the standard, written as profiles, give every segment of
// the corpus the group that they give it themselves.
func TestProfileStructureAgrees(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Path(t, "hl7v2"), "messages", "*", "*", "*.hl7"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	compared, segments := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := hl7v2.Parse(data)
		if err != nil {
			continue
		}
		v, _ := VersionOf(m)
		id, ok := v.StructureID(m)
		root, known := v.Structure(id)
		places, plain := placesOf(root, id)
		if !ok || !known || !plain {
			continue
		}
		typ := m.Segment("MSH", 1).Field(9)
		text, err := json.Marshal(profileJSON{Form: 1, HL7Version: v.String(), Messages: []messageJSON{{Type: typ.Component(1).Text(), Event: typ.Component(2).Text(), Content: places}}})
		if err != nil {
			t.Fatal(err)
		}
		p, issues := ParseProfile(text)
		if p == nil {
			t.Fatalf("%s: %v", file, issues)
		}
		g, _ := v.Group(m, Keep)
		want := make([]string, m.Len())
		var walk func(x Group)
		walk = func(x Group) {
			for c, s := range x.Children() {
				if s.Exists() {
					want[s.Index()] = x.Path()
				} else {
					walk(c)
				}
			}
		}
		walk(g.Root())
		x := profileCheck{p: p, m: m, def: p.message(m), results: findings{lines: lines{data: m.Bytes()}}}
		x.match()
		for k, at := range x.placed {
			segments++
			if got := strings.TrimSuffix(x.groupPath(at.group), "."); got != want[k] {
				t.Errorf("%s: segment %d, %s: in %q, want %q", filepath.Base(file), k, m.SegmentAt(k).ID(), got, want[k])
			}
		}
		compared++
		for _, i := range p.Lint(text) {
			if i.Severity == hl7v2.Error {
				t.Errorf("%s: the standard contradicts itself: %v", filepath.Base(file), i)
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d messages of %d compared", compared, len(files))
	}
	t.Logf("%d messages, %d segments", compared, segments)
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		name, condition string
		edits           []string
		want            bool
	}{
		{"in the same segment", `{"path":"OBX-2","in":["NM"]}`, nil, true},
		{"not in another of its name", `{"path":"OBX-2","in":["SN"]}`, nil, false},
		{"one of several", `{"path":"OBX-2","in":["SN","NM"]}`, nil, true},
		{"valued", `{"path":"OBX-7","valued":true}`, nil, true},
		{"not valued", `{"path":"OBX-7","valued":false}`, nil, false},
		{"null is not valued", `{"path":"OBX-7","valued":true}`, []string{"115-165", `""`}, false},
		{"empty is not valued", `{"path":"OBX-7","valued":false}`, []string{"115-165", ""}, true},
		{"component", `{"path":"OBX-3.3","in":["SCT"]}`, nil, true},
		{"in the group", `{"path":"NTE-2","in":["L"]}`, nil, true},
		{"in the group around it", `{"path":"OBR-25","in":["F"]}`, nil, true},
		{"not in the next group", `{"path":"OBR-25","in":["P"]}`, nil, false},
		{"in the outermost group", `{"path":"MSH-9.2","in":["R01"]}`, nil, true},
		{"not in another group", `{"path":"PID-8","valued":true}`, nil, false},
		{"any repetition", `{"path":"OBR-16.1","in":["X9"]}`, []string{"|C3456789^", "|X1~X9~C3456789^"}, true},
		{"one repetition", `{"path":"OBR-16[1].1","in":["X9"]}`, []string{"|C3456789^", "|X1~X9~C3456789^"}, false},
		{"all", `{"all":[{"path":"OBX-2","in":["NM"]},{"path":"OBX-8","in":["L"]}]}`, nil, false},
		{"any", `{"any":[{"path":"OBX-8","in":["L"]},{"path":"OBX-2","in":["NM"]}]}`, nil, true},
		{"not", `{"not":{"path":"OBX-8","in":["L"]}}`, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			// OBX-12 is required where the condition holds.
			text := fmt.Sprintf(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","content":[{"segment":"MSH","usage":"R"},
				{"group":"PATIENT","usage":"R","content":[{"segment":"PID","usage":"R"},{"segment":"PV1","usage":"RE"}]},
				{"group":"ORDER","usage":"R","max":"*","content":[{"segment":"ORC","usage":"R"},{"segment":"OBR","usage":"R"},
				{"group":"OBSERVATION","usage":"R","max":"*","content":[{"segment":"OBX","usage":"R","fields":[%s{"usage":"C(R/O)","condition":%s}]},{"segment":"NTE","usage":"RE","max":"*"}]},
				{"segment":"SPM","usage":"RE"}]}]}]}`, strings.Repeat(`{"usage":"O","max":"*"},`, 11), c.condition)
			lines := slices.Clone(resultLines)
			for i, l := range lines { // only the first observation is asked about
				if strings.HasPrefix(l, "OBX|") && !strings.HasPrefix(l, "OBX|1|NM") {
					parts := strings.Split(l+strings.Repeat("|", 14), "|")
					lines[i] = strings.Join(append(parts[:12:12], "20260101"), "|")
				} else if strings.HasPrefix(l, "OBX|") {
					lines[i] = l[:strings.Index(l, "|||202607140930")]
				}
			}
			p := profileOf(t, []byte(text))
			got := profileFindings(p.Validate(edited(t, lines, c.edits...)))
			if want := map[bool]string{true: "usage OBX[1]-12"}[c.want]; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	t.Run("in the same repetition", func(t *testing.T) {
		p := profileOf(t, []byte(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","content":[{"segment":"MSH","usage":"R"},{"segment":"PID","usage":"R","fields":[{"usage":"O"},{"usage":"O"},
			{"usage":"R","max":"*","components":[{"usage":"R"},{"usage":"O"},{"usage":"O"},{"usage":"C(R/O)","condition":{"path":"PID-3.5","in":["MR"]}},{"usage":"O"}]}]}]}]}`))
		m := message(t, "2.5.1", "ORU^R01", "PID|||1^^^^NH~2^^^^MR~3^^^T^MR")
		if got := profileFindings(p.Validate(m)); got != "usage PID-3[2].4" {
			t.Errorf("got %s", got)
		}
	})
}

// The table of a composite that is no coded element is not that of its first
// component.
func TestProfileTables(t *testing.T) {
	for _, c := range []struct{ typ, value, want string }{
		{"CWE", "X^text^L", "warning table PID-5.1"}, {"IS", "X", "warning table PID-5"}, {"ID", "X", "table PID-5"}, {"XCN", "X^NAME", "warning table PID-5.1"},
		{"XPN", "X^GIVEN", ""}, {"CX", "X^^^A^MR", ""}, {"XTN", "X^PRN^PH", ""}, {"NEW", "X^Y", "warning table PID-5.1"},
	} {
		p := profileOf(t, fmt.Appendf(nil, `{"hl7Version":"2.8","messages":[{"type":"ADT","content":[{"segment":"MSH","usage":"R"},{"segment":"PID","usage":"R","fields":[{"usage":"O"},{"usage":"O"},{"usage":"O"},{"usage":"O"},{"usage":"R","type":%q,"table":"0200"}]}]}]}`, c.typ))
		if got := profileFindings(p.Validate(message(t, "2.8", "ADT^A01", "PID|||||"+c.value))); got != c.want {
			t.Errorf("%s: got %s, want %s", c.typ, got, c.want)
		}
	}
}

// Conditions in prose are told once for each element, and hide nothing else.
func TestProseConditions(t *testing.T) {
	p := profileOf(t, readTestdata(t, "oru_r01.xml"))
	var got []string
	for _, i := range p.Validate(resultMessage(t, nil)) {
		if i.Code != CodeProfileUnchecked || i.Severity != hl7v2.Information {
			t.Errorf("%v", i)
		}
		got = append(got, i.Path)
	}
	if want := "MSH-3.2 MSH-3.3 PID-29 PV1-3 PV1-19 OBX[1]-2 OBX[1]-5 OBX[1]-6"; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestProfileCardinality(t *testing.T) {
	p := profileOf(t, []byte(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","event":"R01","content":[{"segment":"MSH","usage":"R"},
		{"segment":"PID","usage":"R","fields":[{"usage":"O","max":0},{"usage":"RE","min":2,"max":3},{"usage":"X","max":0}]},
		{"segment":"NTE","usage":"O","max":0},{"segment":"NK1","usage":"X","max":0},
		{"group":"A","usage":"O","max":"*","content":[{"segment":"ORC","usage":"R"},{"group":"B","usage":"RE","min":2,"max":2,"content":[{"segment":"OBX","usage":"R"},{"segment":"SPM","usage":"O","max":"*"}]}]}]}]}`))
	for _, c := range []struct{ name, body, want string }{
		{"none", "PID|", ""},
		{"of those that may not be there", "PID|1", "cardinality PID-1"},
		{"segment that may not be there", "PID|\rNTE|1", "cardinality NTE"},
		{"segment that is not supported", "PID|\rNK1|1", "usage NK1"},
		{"field that is not supported", "PID|||x", "usage PID-3"},
		{"enough", "PID||a~b", ""},
		{"enough with one between", "PID||a~~b", ""},
		{"enough with null", `PID||a~""`, ""},
		{"as many as may be", "PID||a~b~c", ""},
		{"one more", "PID||a~b~c~d", "cardinality PID-2[4]"},
		{"one more after an empty one", "PID||a~~b~c", "cardinality PID-2[4]"},
		{"an empty one at the end", "PID||a~b~c~", ""},
		{"empty ones at the end", "PID||a~b~c~~^^~&", ""},
		{"empty ones before one more", "PID||a~b~c~~~d", "cardinality PID-2[4]"},
		{"one more that is null", `PID||a~b~c~""`, "cardinality PID-2[4]"},
		{"too few", "PID||a", "cardinality PID-2"},
		{"an empty one is none", "PID||a~", "cardinality PID-2"},
		{"delimiters are none", "PID||a~^^~&", "cardinality PID-2"},
		{"groups in groups", "PID|\rORC|1\rOBX|1\rOBX|2\rSPM|1\rSPM|2\rORC|2\rOBX|1\rSPM|1\rOBX|2", ""},
		{"too many groups in one", "PID|\rORC|1\rOBX|1\rOBX|2\rOBX|3\rORC|2\rOBX|1\rOBX|2", "cardinality A[1].B[3]"},
		{"too few groups in one", "PID|\rORC|1\rOBX|1\rOBX|2\rORC|2\rOBX|1", "cardinality A[2].B"},
	} {
		if got := profileFindings(p.Validate(edited(t, []string{resultLines[0], c.body}))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Lengths of profiles for 2.7 and later may be open at their end, or not given.
func TestProfileLengths(t *testing.T) {
	for _, c := range []struct{ attributes, value, want string }{
		{`Length="2"`, "abc", "length PID-1"},
		{`MinLength="2" MaxLength="3"`, "abc", ""},
		{`MinLength="2" MaxLength="3"`, "a", "length PID-1"},
		{`MinLength="2" MaxLength="*"`, strings.Repeat("a", 500), ""},
		{`MinLength="2" MaxLength="*"`, "a", "length PID-1"},
		{`MinLength="NA" MaxLength="NA"`, "a", ""},
		{`Length="2..3"`, "abcd", "length PID-1"},
		{`Length="2..3"`, "a", "length PID-1"},
		{`Length="2..*"`, "abcd", ""},
	} {
		p := profileOf(t, []byte(`<HL7v2xConformanceProfile HL7Version="2.7"><HL7v2xStaticDef MsgType="ADT"><Segment Name="MSH" Usage="R"/><Segment Name="PID" Usage="R"><Field Name="x" Usage="O" Datatype="ST" `+c.attributes+`/></Segment></HL7v2xStaticDef></HL7v2xConformanceProfile>`))
		if got := profileFindings(p.Validate(message(t, "2.7", "ADT^A01^ADT_A01", "PID|"+c.value))); got != c.want {
			t.Errorf("%s, %d characters: %q, want %q", c.attributes, len(c.value), got, c.want)
		}
	}
	for _, bad := range []string{`Length="two"`, `Length="3..2"`, `Length="2.."`, `MinLength="*"`, `MaxLength="-1"`} {
		p, issues := ParseProfile([]byte(`<HL7v2xConformanceProfile HL7Version="2.7"><HL7v2xStaticDef MsgType="ADT"><Segment Name="MSH" Usage="R"/><Segment Name="PID" Usage="R"><Field Name="x" Usage="O" ` + bad + `/></Segment></HL7v2xStaticDef></HL7v2xConformanceProfile>`))
		if p != nil || len(issues) != 1 || issues[0].Code != CodeProfileDefinition || issues[0].Path != "PID-1" {
			t.Errorf("%s: %v", bad, issues)
		}
	}
}

// A validator with a profile leaves to the standard only what that checks: a
// component of the type that OBX-2 names is not one of the type of a profile.
func TestProfileBesidesTheStandard(t *testing.T) {
	p := profileOf(t, []byte(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","event":"R01","content":[{"segment":"MSH","usage":"R"},{"segment":"OBX","usage":"R","fields":[
		{"usage":"O"},{"usage":"O"},{"usage":"O"},{"usage":"O"},
		{"usage":"O","type":"CX","components":[{"usage":"O"},{"usage":"O"},{"usage":"O"},{"usage":"O","type":"HD","components":[{"usage":"O"},{"usage":"O"},{"usage":"O","type":"ID","table":"0301"}]},{"usage":"O","table":"0203"},{"usage":"O"},{"usage":"O","type":"DT"}]}]}]}]}`))
	m := edited(t, []string{resultLines[0], "OBX|1|ST|A||a^^^b&c&zz^QQQ^^xx"})
	got := profileFindings(slices.DeleteFunc((&Validator{Profile: p}).Validate(m), func(i hl7v2.Issue) bool { return !strings.HasPrefix(string(i.Code), "profile.") }))
	if want := "table OBX-5.4.3, warning table OBX-5.5, datatype OBX-5.7"; got != want || profileFindings(p.Validate(m)) != want {
		t.Errorf("besides %q, alone %q, want %q", got, profileFindings(p.Validate(m)), want)
	}
}

// The zero Profile defines nothing and holds nothing.
func TestZeroProfile(t *testing.T) {
	var p Profile
	if got := profileFindings(p.Validate(edited(t, admissionLines))); got != "message MSH-9.1" || p.Lint(nil) != nil || p.Name()+p.Version()+p.String() != "" {
		t.Errorf("%s", got)
	}
}

func TestProfileFindingsAreCapped(t *testing.T) {
	p := profileOf(t, readTestdata(t, "adt_a01.xml"))
	lines := append(slices.Clone(admissionLines), slices.Repeat([]string{"ZU9|x"}, 2*maxFindings)...)
	issues := p.Validate(edited(t, lines))
	if len(issues) != maxFindings+1 || issues[maxFindings].Code != hl7v2.CodeTooMany {
		t.Errorf("%d findings", len(issues))
	}
}

// Of several definitions the one for the event and order control is taken.
func TestProfileMessages(t *testing.T) {
	def := func(event, control, field string) string {
		return fmt.Sprintf(`{"type":"ORM","event":%q,"orderControl":%q,"content":[{"segment":"MSH","usage":"R"},{"segment":"ORC","usage":"R","fields":[{"usage":"R","constant":%q}]}]}`, event, control, field)
	}
	p := profileOf(t, []byte(`{"hl7Version":"2.3","messages":[`+strings.Join([]string{def("", "", "any"), def("O01", "", "event"), def("O01", "NW", "new"), def("O01", "CA", "cancel")}, ",")+`]}`))
	for _, c := range []struct{ event, control, want string }{
		{"O01", "NW", "new"}, {"O01", "CA", "cancel"}, {"O01", "XO", "event"}, {"O02", "NW", "any"}, {"", "NW", "any"},
	} {
		d := p.message(message(t, "2.3", "ORM^"+c.event, "ORC|"+c.control))
		if got := d.root.content[1].fields[0].constant; got != c.want {
			t.Errorf("%s %s: %s, want %s", c.event, c.control, got, c.want)
		}
	}
	if p.message(message(t, "2.3", "ORR^O02", "ORC|NW")) != nil {
		t.Error("a message of another type has a definition")
	}
}

// A message of another structure than that of its definition is told so before
// what follows from it. The structure of a definition that names none is the
// version's for its type and event.
func TestProfileMessageStructure(t *testing.T) {
	def := func(rest string) string {
		return `{"type":"ADT",` + rest + `,"content":[{"segment":"MSH","usage":"R"},{"segment":"EVN","usage":"O"}]}`
	}
	for _, c := range []struct{ name, profile, message, want, text string }{
		{"of 2.3, whose MSH-9 has none", def(`"event":"A28"`), "ADT^A28^ADT_A05", "", ""},
		{"of 2.3, and named", def(`"event":"A04","structure":"ADT_A01"`), "ADT^A04^ADT_A05", "message MSH-9.3", "the profile is for messages of the structure ADT_A01"},
		{"named", def(`"event":"A04","structure":"ADT_A01"`), "ADT^A04^ADT_A01", "", ""},
		{"another is named", def(`"event":"A04","structure":"ADT_A01"`), "ADT^A04^ADT_A05", "message MSH-9.3", "the profile is for messages of the structure ADT_A01"},
		{"one of the parties' own", def(`"event":"A04","structure":"ADT_Z04"`), "ADT^A04^ADT_A01", "message MSH-9.3", "the profile is for messages of the structure ADT_Z04"},
		{"none is named", def(`"event":"A04"`), "ADT^A04^ADT_A01", "", ""},
		{"none is named, and another sent", def(`"event":"A04"`), "ADT^A04^ADT_A05", "message MSH-9.3", "the profile is for messages of the structure ADT_A01"},
		{"none is named, and the one of table 0354 sent", def(`"event":"A55"`), "ADT^A55^ADT_A54", "", ""},
		{"for every event", def(`"role":"x"`), "ADT^A28^ADT_A05", "", ""},
		{"for every event, and what no event has", def(`"role":"x"`), "ADT^A28^ADT_A01", "", ""},
		{"for every event of a structure", def(`"structure":"ADT_A05"`), "ADT^A28^ADT_A05", "", ""},
		{"for every event of another structure", def(`"structure":"ADT_A01"`), "ADT^A28^ADT_A05", "message MSH-9.3", "the profile is for messages of the structure ADT_A01"},
		{"an event that the version does not have", def(`"event":"ZZ9"`), "ADT^ZZ9^ADT_A05", "", ""},
		{"types", def(`"event":"A04"`) + "," + def(`"event":"A08"`) + `,{"type":"ACK","content":[{"segment":"MSH","usage":"R"}]}`, "ORU^R01", "message MSH-9.1", "the profile defines messages of the type ADT, ACK"},
		{"events", def(`"event":"A04"`) + "," + def(`"event":"A08"`) + `,{"type":"ACK","content":[{"segment":"MSH","usage":"R"}]}`, "ADT^A01^ADT_A01", "message MSH-9.2", "of this type the profile defines A04, A08"},
		{"many events", strings.Repeat(def(`"event":"A01"`)+",", 1) + strings.Join([]string{def(`"event":"A02"`), def(`"event":"A03"`), def(`"event":"A04"`), def(`"event":"A05"`), def(`"event":"A06"`), def(`"event":"A07"`), def(`"event":"A08"`), def(`"event":"A09"`)}, ","), "ADT^A10", "message MSH-9.2", "of this type the profile defines A01, A02, A03, A04, A05, A06, A07, A08 and others"},
		{"order control", def(`"event":"A04","orderControl":"NW"`), "ADT^A04", "message ORC-1", "of this type and event the profile defines the order control NW"},
	} {
		t.Run(c.name, func(t *testing.T) {
			version := "2.4"
			if strings.HasPrefix(c.name, "of 2.3") {
				version = "2.3"
			}
			p := profileOf(t, []byte(`{"hl7Version":"`+version+`","messages":[`+c.profile+`]}`))
			issues := p.Validate(message(t, version, c.message, "EVN||20260714093000"))
			if got := profileFindings(issues); got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
			if c.want != "" && issues[0].Err.Error() != c.text {
				t.Errorf("got  %v\nwant %s", issues[0].Err, c.text)
			}
		})
	}
}

// Checking takes time in proportion to the message.
func TestProfileGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	p := profileOf(t, readTestdata(t, "oru_r01.json"))
	growth.Check(t, "observations", 2000, func(n int) func() {
		m := resultMessageOf(t, n)
		return func() { p.Validate(m) }
	})
}

// Nor does it take longer where very many repetitions, or groups, each have
// escape sequences to read or a condition to check.
func TestProfileStorms(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	const pid = `{"segment":"PID","usage":"R","fields":[%s,{"usage":"O","max":"*"}]}`
	parts := func(condition string) string {
		return fmt.Sprintf(pid, `{"usage":"O","max":"*","type":"CX","components":[{"usage":"O"},{"usage":"C","condition":`+condition+`}]}`)
	}
	for _, c := range []struct{ name, content, unit string }{
		{"length", fmt.Sprintf(pid, `{"usage":"O","max":"*","type":"ST","maxLength":2}`), `\T\~`},
		{"constant", fmt.Sprintf(pid, `{"usage":"O","max":"*","type":"ST","constant":"A&B"}`), `A\T\B~`},
		{"condition of the repetition", parts(`{"path":"PID-1.1","in":["x"]}`), `A~`},
		{"condition of another field", parts(`{"path":"PID-2","in":["x"]}`), `A~`},
		{"unknown segments", `{"segment":"PID","usage":"R"}`, "ZZ1|1\r"},
		{"segments not supported", `{"segment":"PID","usage":"R"},{"segment":"ZZ1","usage":"X","max":"*"}`, "ZZ1|1\r"},
		{"groups with too many segments", `{"segment":"PID","usage":"R"},{"group":"G","usage":"O","max":"*","content":[{"segment":"ORC","usage":"R"},{"segment":"OBX","usage":"O"}]}`, "ORC|1\rOBX|1\rOBX|1\r"},
		{"condition of another segment", `{"segment":"PID","usage":"R"},{"group":"G","usage":"O","max":"*","content":[{"segment":"OBX","usage":"R","fields":[{"usage":"O"},{"usage":"C","condition":{"path":"PV1-1","in":["x"]}}]}]}`, "OBX|1\r"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := profileOf(t, []byte(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","event":"R01","content":[{"segment":"MSH","usage":"R"},`+c.content+`]}]}`))
			growth.Check(t, c.name, 2000, func(n int) func() {
				units := strings.Repeat(c.unit, n)
				pid := "PID|" + units + "|" + units + "\r"
				if strings.HasSuffix(c.unit, "\r") {
					pid = "PID|\r" + units
				}
				m := edited(t, []string{resultLines[0], pid})
				if issues := p.Validate(m); len(issues) > 0 && !strings.Contains(c.name, "segments") {
					t.Fatal(issues[0])
				}
				return func() { p.Validate(m) }
			})
		})
	}
}

// resultMessageOf is a result of n observations without a finding.
func resultMessageOf(t testing.TB, n int) *hl7v2.Message {
	lines := slices.Clone(resultLines[:5])
	for i := range n {
		lines = append(lines, strings.Replace(resultLines[5], "OBX|1|", fmt.Sprintf("OBX|%d|", i+1), 1))
		if i%7 == 0 {
			lines = append(lines, resultLines[6])
		}
	}
	return edited(t, lines)
}

func BenchmarkProfile(b *testing.B) {
	for _, c := range []struct {
		profile string
		m       *hl7v2.Message
	}{
		{"adt_a01.xml", edited(b, admissionLines)},
		{"oru_r01.xml", resultMessageOf(b, 70)},
		{"oru_r01.json", resultMessageOf(b, 70)},
	} {
		p := profileOf(b, readTestdata(b, c.profile))
		b.Run(c.profile, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.m.Bytes())))
			for b.Loop() {
				p.Validate(c.m)
			}
		})
		b.Run(c.profile+"/standard", func(b *testing.B) { // what the facts of the version cost
			b.ReportAllocs()
			b.SetBytes(int64(len(c.m.Bytes())))
			var v Validator
			for b.Loop() {
				v.Validate(c.m)
			}
		})
	}
}

// fuzzProfile checks what holds for any text: located findings, no profile with
// an error, and a profile that survives being written.
func fuzzProfile(t *testing.T, text []byte) {
	p, issues := ProfileParser{Elements: 20_000}.Parse(text)
	failed := false
	for _, i := range issues {
		failed = failed || i.Severity <= hl7v2.Error
		if i.Offset < 0 || i.Offset > int64(len(text)) {
			t.Fatalf("%v: offset %d of %d", i, i.Offset, len(text))
		}
	}
	if (p == nil) != failed {
		t.Fatalf("a profile: %v, an error: %v", p != nil, failed)
	}
	if p == nil {
		return
	}
	for _, i := range p.Lint(text) {
		if i.Offset < 0 || i.Offset > int64(len(text)) {
			t.Fatalf("%v: offset %d of %d", i, i.Offset, len(text))
		}
	}
	for _, lines := range [][]string{admissionLines, resultLines} {
		for _, i := range p.Validate(edited(t, lines)) {
			if i.Offset < 0 {
				t.Fatal(i)
			}
		}
	}
	written, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	again, issues := ProfileParser{Bytes: -1, Elements: -1}.Parse(written)
	if again == nil {
		t.Fatalf("%s: %v", written, issues)
	}
	if rewritten, _ := again.MarshalJSON(); string(rewritten) != string(written) {
		t.Fatalf("%s\n%s", written, rewritten)
	}
}

const (
	smallXML  = `<HL7v2xConformanceProfile HL7Version="2.4" ProfileType="Implementation"><MetaData Name="a"/><hl7tables><hl7table id="0001"><tableElement code="F"/></hl7table></hl7tables><HL7v2xStaticDef MsgType="ADT" EventType="A01"><Segment Name="MSH" Usage="R" Min="1" Max="1"/><SegGroup Name="G" Usage="RE" Max="*"><Segment Name="PID" Usage="R"><Field Name="x" Usage="C(R/X)" Datatype="CX" Max="2"><Predicate>p</Predicate><Component Usage="R" Datatype="ST" Length="9" ConstantValue="1"><SubComponent Usage="CE"/></Component><DataValues ExValue="1"/></Field></Segment></SegGroup></HL7v2xStaticDef></HL7v2xConformanceProfile>`
	smallJSON = `{"hl7Profile":1,"kind":"constrainable","hl7Version":"2.5.1","tables":[{"id":"T","extensible":true,"codes":[{"code":"F"}]}],"messages":[{"type":"ORU","content":[{"segment":"MSH","usage":"R"},{"group":"G","usage":"RE","max":"*","content":[{"segment":"PID","usage":"R","fields":[{"usage":"C","condition":{"all":[{"path":"PID-8","in":["F"]},{"not":{"any":[{"path":"PV1-2.1","valued":true}]}}]},"max":"*","table":"T","components":[{"usage":"X"},{"usage":"R","minLength":1,"components":[{"usage":"RE","constant":"x"}]}]}]}]}]}]}`
)

func FuzzProfileXML(f *testing.F) {
	f.Add([]byte(smallXML[1:]))
	f.Add([]byte("?xml version='1.0'?>" + smallXML))
	f.Add([]byte("!DOCTYPE x><x/>"))
	f.Add([]byte("?xml version='1.0' encoding='ISO-8859-15'?>" + strings.Replace(smallXML, `"a"`, "\"\xa4\"", 1)))
	f.Add(inUTF16(strings.Replace(smallXML, `"a"`, `"ü𝒜"`, 1), binary.LittleEndian)[1:])
	f.Fuzz(func(t *testing.T, text []byte) { fuzzProfile(t, append([]byte("<"), text...)) })
}

func FuzzProfileJSON(f *testing.F) {
	f.Add([]byte(smallJSON[1:]))
	f.Add([]byte(`"messages":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) { fuzzProfile(t, append([]byte("{"), text...)) })
}
