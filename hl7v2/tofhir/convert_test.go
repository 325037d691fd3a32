package tofhir_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

const msh = "MSH|^~\\&|PAS|RX1|TIE|RX1|20240115143000||"

func convert(t testing.TB, text string, opts ...tofhir.Option) tofhir.Result {
	t.Helper()
	m, err := hl7v2.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	conv, err := tofhir.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	res, err := conv.Convert(m)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// query evaluates a path over a bundle.
func query(t testing.TB, res tofhir.Result, path string) []any {
	t.Helper()
	v, err := decode(res.Bundle)
	if err != nil {
		t.Fatalf("%v\n%s", err, res.Bundle)
	}
	out, err := evaluate("Bundle.entry.resource."+path, []any{v})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func one(t testing.TB, res tofhir.Result, path, want string) {
	t.Helper()
	got := query(t, res, path)
	if len(got) != 1 || got[0] != any(want) && got[0] != any(json.Number(want)) {
		t.Errorf("%s: got %v, want %s", path, got, want)
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct{ v2, effective, issued string }{
		{"2024", "2024", ""},
		{"202402", "2024-02", ""},
		{"20240229", "2024-02-29", "2024-02-29T00:00:00.000+00:00"},
		{"20230229", "", ""},
		{"20241301", "", ""},
		{"2024011509", "2024-01-15T09:00:00+00:00", "2024-01-15T09:00:00.000+00:00"},
		{"202407150930", "2024-07-15T09:30:00+01:00", "2024-07-15T09:30:00.000+01:00"},
		{"20240331005959", "2024-03-31T00:59:59+00:00", "2024-03-31T00:59:59.000+00:00"},
		{"20240331020000", "2024-03-31T02:00:00+01:00", "2024-03-31T02:00:00.000+01:00"},
		{"20241027020000", "2024-10-27T02:00:00+00:00", "2024-10-27T02:00:00.000+00:00"},
		{"19690115120000", "1969-01-15T12:00:00+01:00", "1969-01-15T12:00:00.000+01:00"}, // British Standard Time
		{"20240115120000.1234", "2024-01-15T12:00:00.1234+00:00", "2024-01-15T12:00:00.1234+00:00"},
		{"20240715120000-0500", "2024-07-15T12:00:00-05:00", "2024-07-15T12:00:00.000-05:00"},
		{"20240115250000", "", ""},
		{"20240115120000+2500", "", ""},
		{"2024-01-15", "2024-01-15", "2024-01-15T00:00:00.000+00:00"},
		{"yesterday", "", ""},
		{"00000101", "", ""},
	} {
		res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|||X|||"+c.v2+"|||||||||||||||"+c.v2+"|||F\r")
		for path, want := range map[string]string{"effective": c.effective, "issued": c.issued} {
			path = "ofType(DiagnosticReport)." + path
			if want == "" {
				if got := query(t, res, path); len(got) != 0 {
					t.Errorf("%s: %s is %v", c.v2, path, got)
				}
				continue
			}
			one(t, res, path, want)
		}
	}
	res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|||X|||20240715120000\r", tofhir.WithLocation(time.UTC))
	one(t, res, "ofType(DiagnosticReport).effective", "2024-07-15T12:00:00+00:00")
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ obx, path, want string }{
		{"NM|X||7.10", "value.value", "7.10"},
		{"NM|X||007", "value.value", "7"},
		{"NM|X||+.5", "value.value", "0.5"},
		{"NM|X||<0.2", "value.comparator", "<"},
		{"NM|X||>=10", "value.comparator", ">="},
		{"NM|X||>=10", "value.value", "10"},
		{"SN|X||<^10", "value.comparator", "<"},
		{"SN|X||^1^:^128", "value.denominator.value", "128"},
		{"SN|X||^1^-^2", "value.high.value", "2"},
		{"ST|X||a\\T\\b\\.br\\c \\S\\ \\X41\\", "value", "a&b\nc ^ A"},
		{"CWE|X||1^one^LN^2^two^L", "value.coding.where(system='http://loinc.org').display", "one"},
		{"CWE|X||1^one^LN^2^two^L", "value.coding.where(system='urn:id:L').code", "2"},
		{"DT|X||20240229", "value", "2024-02-29"},
		{"TM|X||0915", "value", "09:15:00"},
	} {
		res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|||X\rOBX|1|"+c.obx+"||||||F\r")
		one(t, res, "ofType(Observation)."+c.path, c.want)
	}
	res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|||X\rOBX|1|NM|X||high||||||F\r")
	if got := query(t, res, "ofType(Observation).value"); len(got) != 0 {
		t.Errorf("a word became a number: %v", got)
	}
	if !slices.ContainsFunc(res.Issues, func(i tofhir.Issue) bool { return i.Code == tofhir.CodeInvalid && i.Path == "OBX-5" && i.Line == 4 }) {
		t.Errorf("no finding about it: %v", res.Issues)
	}
}

// An OBX is of the OBR above it, a second result has a patient of its own.
func TestGroups(t *testing.T) {
	res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\r"+
		"PID|1||A1^^^RX1^MR\rOBR|1|||P1\rOBX|1|ST|C1||one||||||F\rOBX|2|ST|C2||two||||||F\rOBR|2|||P2\rOBX|1|ST|C3||three||||||F\rSPM|1|S3|\r"+
		"PID|1||B2^^^RX1^MR\rORC|RE|O4\rOBR|1|O4||P3\rOBX|1|ST|C4||four||||||F\rNTE|1||about four\r")
	v, err := decode(res.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	byURL := map[string]map[string]any{}
	var reports []map[string]any
	for _, e := range v.(map[string]any)["entry"].([]any) {
		entry := e.(map[string]any)
		r := entry["resource"].(map[string]any)
		byURL[entry["fullUrl"].(string)] = r
		if r["resourceType"] == "DiagnosticReport" {
			reports = append(reports, r)
		}
	}
	want := []string{"A1: C1 C2", "A1: C3", "B2: C4"}
	if len(reports) != len(want) {
		t.Fatalf("%d reports", len(reports))
	}
	for i, r := range reports {
		got := ""
		for _, o := range r["result"].([]any) {
			obs := byURL[o.(map[string]any)["reference"].(string)]
			patient := byURL[obs["subject"].(map[string]any)["reference"].(string)]
			id, _ := evaluate("identifier.value", []any{patient})
			code, _ := evaluate("code.coding.code", []any{obs})
			if got == "" {
				got = id[0].(string) + ":"
			} else if !strings.HasPrefix(got, id[0].(string)) {
				t.Errorf("report %d is about two patients", i)
			}
			got += " " + code[0].(string)
		}
		if got != want[i] {
			t.Errorf("report %d: %s, want %s", i, got, want[i])
		}
	}
	one(t, res, "ofType(Observation).note.text", "about four")
}

// An order without ORC does not borrow the ORC of the order before it, and
// finds the patient all the same.
func TestReferencesStayInTheirOrder(t *testing.T) {
	res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||A1^^^RX1^MR\rORC|RE|O1|||CM\rOBR|1|O1||P1\rOBR|2|||P2\r")
	if got := query(t, res, "ofType(ServiceRequest).status"); !slices.Equal(got, []any{"completed", "unknown"}) {
		t.Errorf("status of the orders: %v", got)
	}
	if got := query(t, res, "ofType(DiagnosticReport).status"); !slices.Equal(got, []any{"final", "unknown"}) {
		t.Errorf("status: %v", got)
	}
	if got := query(t, res, "ofType(DiagnosticReport).subject.reference"); len(got) != 2 || got[0] != got[1] {
		t.Errorf("subject: %v", got)
	}
}

// What FHIR requires and the message leaves out is said to be unknown.
func TestRequiredElements(t *testing.T) {
	res := convert(t, msh+"ADT^A01^ADT_A01|1|P|2.5.1\rEVN||20240101\rPID|1||A1^^^RX1^MR\rPV1|1|X\r"+
		"OBX|1|NM|8867-4^Heart rate^LN||60~120|/min|||||F\rOBX|2|ST|||note||||||F\rIN1|1|P1\r")
	if got := query(t, res, "ofType(Observation).component.code.coding.code"); !slices.Equal(got, []any{"8867-4", "8867-4"}) {
		t.Errorf("codes of the components: %v", got)
	}
	one(t, res, "ofType(Encounter).class.code", "X")
	const absent = ".extension('http://hl7.org/fhir/StructureDefinition/data-absent-reason').valueCode"
	one(t, res, "ofType(Coverage).payor"+absent, "unknown")
	one(t, res, "ofType(Observation).code"+absent, "unknown")
	broken := convert(t, "MSH|^~\\&|PAS|RX1|TIE|RX1|20261399||ADT^A01^ADT_A01|1|P|2.5.1\rEVN||20261399\rPID|1||A1^^^RX1^MR\r")
	if got := query(t, broken, "ofType(Provenance)._recorded"+absent); len(got) == 0 || len(got) != len(query(t, broken, "ofType(Provenance)")) {
		t.Errorf("times of recording that are no dates: %v", got)
	}
	tree, err := fhir.Parse(res.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range tree.Issues() {
		if i.Severity <= fhir.Error {
			t.Error(i)
		}
	}
}

// In A40 each repetition of the group merges its own pair.
func TestMergePairs(t *testing.T) {
	res := convert(t, msh+"ADT^A40^ADT_A39|1|P|2.4\rEVN||20240101\rPID|1||A1^^^RX1^MR\rMRG|A9^^^RX1^MR\rPID|1||B1^^^RX1^MR\rMRG|B9^^^RX1^MR\r", tofhir.UK())
	if got := query(t, res, "ofType(Patient).where(active=false).identifier.value"); !slices.Equal(got, []any{"A9", "B9"}) {
		t.Errorf("merged: %v", got)
	}
	v, _ := decode(res.Bundle)
	ids := map[any]any{}
	for _, e := range v.(map[string]any)["entry"].([]any) {
		if id, _ := evaluate("resource.ofType(Patient).identifier.value", []any{e}); len(id) > 0 {
			ids[e.(map[string]any)["fullUrl"]] = id[0]
		}
	}
	for _, e := range v.(map[string]any)["entry"].([]any) {
		id, _ := evaluate("resource.ofType(Patient).identifier.value", []any{e})
		other, _ := evaluate("resource.ofType(Patient).link.other.reference", []any{e})
		if len(id) > 0 && (len(other) != 1 || ids[other[0]].(string)[0] != id[0].(string)[0]) {
			t.Errorf("%v is linked to %v", id, other)
		}
	}
}

func TestNHSNumber(t *testing.T) {
	const path = "ofType(Patient).identifier.where(system='https://fhir.nhs.uk/Id/nhs-number').value"
	for _, c := range []struct{ pid3, want string }{
		{"9990123454^^^NHS^NH", "9990123454"},
		{"9990123454^^^NHS", "9990123454"},
		{"999 012 3454^^^^NH", "9990123454"},
		{"9990123454^^^NHSNBR^NHSNMBR", "9990123454"},
		{"9990123455^^^NHS^NH", ""}, // the check digit is wrong
		{"9990123454^^^RX1^MR", ""},
	} {
		res := convert(t, msh+"ADT^A28^ADT_A05|1|P|2.4\rEVN||20240101\rPID|1||"+c.pid3+"||A^B\r", tofhir.UK())
		got := query(t, res, path)
		if c.want == "" && len(got) != 0 || c.want != "" && (len(got) != 1 || got[0] != c.want) {
			t.Errorf("%s: got %v", c.pid3, got)
		}
		bad := slices.ContainsFunc(res.Issues, func(i tofhir.Issue) bool { return i.Code == tofhir.CodeNHSNumber })
		if bad != (c.pid3 == "9990123455^^^NHS^NH") {
			t.Errorf("%s: %v", c.pid3, res.Issues)
		}
	}
}

func TestNullIsNoValue(t *testing.T) {
	res := convert(t, msh+"ADT^A31^ADT_A05|1|P|2.4\rEVN||20240101\rPID|1||1||A^B||\"\"|F|||\"\"\r")
	if got := query(t, res, "ofType(Patient).birthDate"); len(got) != 0 {
		t.Errorf("birthDate %v", got)
	}
	n := 0
	for _, l := range res.Loss.Items {
		if l.Reason == tofhir.ReasonNull {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d nulls in the loss report: %+v", n, res.Loss.Items)
	}
}

func TestWindows1252(t *testing.T) {
	res := convert(t, msh+"ADT^A31^ADT_A05|1|P|2.4\rEVN||20240101\rPID|1||1||O\x92NEILL^REN\xc9E\r")
	one(t, res, "ofType(Patient).name.family", "O’NEILL")
	one(t, res, "ofType(Patient).name.given", "RENÉE")
}

func TestStructures(t *testing.T) {
	conv, err := tofhir.New()
	if err != nil {
		t.Fatal(err)
	}
	for in, ok := range map[string]bool{
		"ADT^A08^ADT_A01": true, "ADT^A08": true, "ADT^A40": true, "ADT^A34^ADT_A30": true, "ORU^R01": true, "REF^I12^REF_I12": true,
		"QQQ^Z99": false, "": false, "^": false, "ADT": false,
	} {
		m, err := hl7v2.Parse([]byte(msh + in + "|1|P|2.4\rPID|1||1^^^X^MR\r"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = conv.Convert(m)
		if (err == nil) != ok || err != nil && !errors.Is(err, tofhir.ErrStructure) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, err := conv.Convert(&hl7v2.Message{}); !errors.Is(err, tofhir.ErrStructure) {
		t.Errorf("empty message: %v", err)
	}
}

func TestStrict(t *testing.T) {
	m, _ := hl7v2.Parse([]byte(msh + "ADT^A31^ADT_A05|1|P|2.4\rEVN||20240101\rPID|1||1||A^B||19931341\r"))
	conv, err := tofhir.New(tofhir.Strict())
	if err != nil {
		t.Fatal(err)
	}
	res, err := conv.Convert(m)
	issue, ok := errors.AsType[tofhir.Issue](err)
	if !ok || issue.Code != tofhir.CodeInvalid || issue.Path != "PID-7" || res.Bundle == nil {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "1993") {
		t.Errorf("the error tells the value: %v", err)
	}
}

func TestManyIssuesAreCapped(t *testing.T) {
	var b strings.Builder
	b.WriteString(msh + "ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|||X\r")
	for range 300 {
		b.WriteString("OBX|1|NM|X||high||||||F\r")
	}
	res := convert(t, b.String())
	last := 0
	for _, i := range res.Issues {
		if i.Code == tofhir.CodeTooMany {
			last++
		}
	}
	if len(res.Issues) != 201 || last != 1 {
		t.Errorf("%d issues, %d say that there are more", len(res.Issues), last)
	}
}

func TestKeepAll(t *testing.T) {
	res := convert(t, admission, tofhir.UK(), tofhir.KeepAll())
	if res.Loss.Lost != 0 || res.Loss.Kept == 0 || res.Loss.Kept != len(res.Loss.Items) {
		t.Fatalf("%+v", res.Loss)
	}
	for _, l := range res.Loss.Items {
		value, _ := json.Marshal(l.Value)
		want := `{"url":"path","valueString":"` + l.Path + `"},{"url":"value","valueString":` + string(value) + `}`
		if !bytes.Contains(res.Bundle, []byte(want)) {
			t.Errorf("%s is not kept", l.Path)
		}
	}
}

func TestOverlay(t *testing.T) {
	const heads = "banner\nheader\n"
	overlay := fstest.MapFS{
		"segments/ZU1[Encounter].csv": {Data: []byte(heads + "2,ZU1-2,,,,,,,,hospitalization.specialCourtesy,,,,,,ZManagement,,,\n")},
		"segments/PID[Patient].csv":   {Data: []byte(heads + "8,PID-8,,CWE,,,,,,gender,,,,,CWE[code],ZSex,,replace,\n7,PID-7,,,,,,,,birthDate,,,,,,,,disable,\n")},
		"codesystems/ZManagement.csv": {Data: []byte("HL7 v2,,,,,,FHIR\nCode,Text,Code System,A,B,C,Code,,Display,Code System\n2,,,,,,day,,Day case,urn:x\n")},
		"codesystems/ZSex.csv":        {Data: []byte("HL7 v2,,,,,,FHIR\nCode,Text,Code System,A,B,C,Code,,Display,Code System\nF,,,,,,other,,,urn:x\n")},
		"messages/ADT_A99.csv": {Data: []byte(heads + "1,ADT_A99.MSH,MSH,Header,1,1,,,,MessageHeader[1],MSH[MessageHeader],,,\n2,ADT_A99.PID,PID,Patient,1,1,,,,Patient[1],PID[Patient],,,\n" +
			"3,ADT_A99.PV1,PV1,Visit,1,1,,,,Encounter[1],PV1[Encounter],,,\n4,ADT_A99.ZU1,[ ZU1 ],Additional,0,1,,,,Encounter[1],ZU1[Encounter],,,\n")},
	}
	res := convert(t, msh+"ADT^A99^ADT_A99|1|P|2.4\rPID|1||1||A^B||19700101|F\rPV1|1|I\rZU1||2\r", tofhir.WithOverlay(overlay))
	one(t, res, "ofType(Patient).gender", "other")
	one(t, res, "ofType(Encounter).hospitalization.specialCourtesy.coding.code", "day")
	if got := query(t, res, "ofType(Patient).birthDate"); len(got) != 0 {
		t.Errorf("a disabled row was executed: %v", got)
	}
	// The notes of an order and those of a result are of one table.
	res = convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rOBR|1|||X\rNTE|1|A|a\rOBX|1|ST|a||v||||||F\rNTE|1|B|b\r", tofhir.WithOverlay(fstest.MapFS{
		"segments/NTE[ServiceRequest].csv": {Data: []byte(heads + "2,NTE-2,,,,,,,,note.authorString,,,,,,,,,\n2,NTE-2,,,,,,,,doNotPerform,,,,,,,\"\"\"false\"\"\",,\n")},
	}))
	one(t, res, "ofType(ServiceRequest).note.author", "A")
	one(t, res, "ofType(Observation).note.author", "B")
	for _, bad := range []string{"1,PID-1,,,,,,,,noSuchElement,,,,,,,,,\n", "1,PID-1,,,,,PID-1 IS,,,language,,,,,,,,,\n", "1,PID-1,,,,,,,,gender,,,,,,NoSuchTable,,,\n"} {
		_, err := tofhir.New(tofhir.WithOverlay(fstest.MapFS{"segments/PID[Patient].csv": {Data: []byte(heads + bad)}}))
		if err == nil || !strings.Contains(err.Error(), "segments/PID[Patient].csv#1") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWhy(t *testing.T) {
	res := convert(t, admission, tofhir.UK(), tofhir.Trace())
	got := res.Why("Patient.gender")
	if len(got) != 1 || got[0].Source != "PID-8" || admission[got[0].Offset] != '2' || !strings.Contains(got[0].Row, "CWE[code].csv#") {
		t.Errorf("%+v", got)
	}
	if got := res.Why("Patient.identifier[1].value"); len(got) != 1 || got[0].Source != "PID-3[2].1" {
		t.Errorf("%+v", got)
	}
	if got := convert(t, admission).Why("Patient.gender"); got != nil {
		t.Errorf("traced without being asked: %+v", got)
	}
	for _, o := range res.Why("Patient") {
		if o.Row == "" || (o.Source == "") != (o.Offset < 0) {
			t.Errorf("%+v", o)
		}
	}
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has pools drop some of what they hold")
	}
	for _, c := range []struct {
		name, text string
		allocs     float64
	}{{"admission", admission, 150}, {"20 results", results(20), 250}} {
		m, err := hl7v2.Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		conv, err := tofhir.New(tofhir.UK())
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		if n := testing.AllocsPerRun(50, func() {
			res, err := conv.ConvertAppend(out[:0], m)
			if err != nil {
				t.Fatal(err)
			}
			out = res.Bundle
		}); n > c.allocs {
			t.Errorf("%s: %v allocations, the budget is %v", c.name, n, c.allocs)
		}
	}
}

// What FHIR's definitions say of every bundle: types, names, cardinalities.
// The floors count the messages whose bundle has no finding.
func TestBundlesAreFHIR(t *testing.T) {
	root := corpus.Path(t, "v2-to-fhir")
	floors := readFloors(t)
	verbose := os.Getenv("TOFHIR_MISSES") != ""
	for _, suite := range []string{"uk", "reportstream", "fhir-converter", "linuxforhealth"} {
		conv, err := tofhir.New(suiteOptions(suite)...)
		if err != nil {
			t.Fatal(err)
		}
		clean, total := 0, 0
		err = filepath.WalkDir(filepath.Join(root, "messages", suite), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			m, err := hl7v2.Parse(raw)
			if err != nil {
				return err
			}
			res, err := conv.Convert(m)
			if err != nil {
				return err
			}
			tree, err := fhir.Parse(res.Bundle)
			if err != nil {
				return err
			}
			total++
			before := clean
			clean++
			for _, i := range tree.Issues() {
				if i.Severity <= fhir.Error {
					clean = before
					if verbose || suite == "uk" {
						t.Logf("%s: %v", path, i)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		name := "valid/" + suite
		t.Logf("%-28s %5d of %5d  %.1f%%", name, clean, total, 100*float64(clean)/float64(total))
		if clean < floors[name] {
			t.Errorf("%s: %d passed, the floor is %d", name, clean, floors[name])
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add([]byte(admission))
	f.Add([]byte(results(2)))
	f.Add([]byte(msh + "ADT^A40^ADT_A39|1|P|2.4\rPID|||\rMRG|1\rPID\rMRG|\"\"\r"))
	f.Add([]byte("MSH|^~\\&|||||||ORU^R01\rOBX|1|NA|||1^2~3||||\rSPM\rOBR\rPID|a~b~c&d^e"))
	var convs []*tofhir.Converter
	for _, o := range [][]tofhir.Option{nil, {tofhir.UK(), tofhir.KeepAll(), tofhir.Trace()}} {
		c, err := tofhir.New(o...)
		if err != nil {
			f.Fatal(err)
		}
		convs = append(convs, c)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := hl7v2.Parse(data)
		if err != nil {
			return
		}
		for _, conv := range convs {
			res, err := conv.Convert(m)
			if err != nil {
				continue
			}
			if !json.Valid(res.Bundle) {
				t.Fatalf("not JSON: %q", res.Bundle)
			}
			if l := res.Loss; l.Leaves != l.Mapped+l.Kept+l.Lost || len(l.Items) != l.Kept+l.Lost {
				t.Fatalf("the loss report does not add up: %+v", l)
			}
			for _, l := range res.Loss.Items {
				if !regexp.MustCompile(`^[A-Z][A-Z0-9]{2}(\[\d+\])?-`).MatchString(l.Path) {
					continue // a segment that no path can name
				}
				v, err := m.Get(l.Path)
				if err != nil || v.Offset() != l.Offset {
					t.Fatalf("%s is at %d, the report says %d: %v", l.Path, v.Offset(), l.Offset, err)
				}
			}
			for _, i := range res.Issues {
				if i.Offset < -1 || i.Offset > int64(len(data)) {
					t.Fatalf("offset %d", i.Offset)
				}
			}
		}
	})
}

// TestLossOutsideSegments: a value in a line that is no segment is counted and
// kept in the report, and its path shows nothing of the line.
func TestLossOutsideSegments(t *testing.T) {
	c, err := tofhir.New(tofhir.UK())
	if err != nil {
		t.Fatal(err)
	}
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.4\rEVN||20260101\rPID|1||9990042101^^^NHS^NH||LEE^ANN\rEdna Lee|lost\rPV1|1|I\r"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := c.Convert(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range result.Loss.Items {
		if l.Value == "lost" {
			if l.Path != "" {
				t.Errorf("path %q", l.Path)
			}
			return
		}
	}
	t.Error("the value is not in the report")
}

// TestCharactersFHIRRefuses: no element is empty, no code has white space but
// single blanks inside it, and a value of which nothing is left is reported.
func TestCharactersFHIRRefuses(t *testing.T) {
	text := msh + "ADT^A01|1|P|2.5\rEVN||20240101\rPID|1||\x01^^^RX1^MR~H\x02 1^^^RX1^MR||O\x1fAKES^ \r" +
		"NK1|1|X|A\x04  B^Friend\r\x03no segment|one\x06two|\x05\rPV1|1|I\r"
	for _, opts := range [][]tofhir.Option{{tofhir.UK()}, {tofhir.KeepAll()}} {
		res := convert(t, text, opts...)
		tree, err := fhir.Parse(res.Bundle)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range tree.Issues() {
			t.Errorf("%v", i)
		}
		for _, path := range []string{"PID-3[1].1", "PID-5.1", "PID-5.2"} {
			if !slices.ContainsFunc(res.Issues, func(i tofhir.Issue) bool { return i.Code == tofhir.CodeInvalid && i.Path == path }) {
				t.Errorf("no finding about %s", path)
			}
		}
		if !strings.Contains(string(res.Bundle), `"family":"OAKES"`) {
			t.Errorf("no family name: %s", res.Bundle)
		}
	}
	if kept := convert(t, text, tofhir.KeepAll()); !strings.Contains(string(kept.Bundle), `one\\X06\\two`) {
		t.Errorf("the characters of a kept value are gone: %s", kept.Bundle)
	}
}

// TestExtensionsOfDiagnosis: attestation date and parent diagnosis are two
// extensions, with one value each, and a diagnosis is not due to itself.
func TestExtensionsOfDiagnosis(t *testing.T) {
	res := convert(t, msh+"ADT^A01^ADT_A01|1|P|2.6\rPID|1||H1^^^RX1^MR\rPV1|1|I\r"+
		"DG1|1||C56.9^Ovarian cancer^I10||20240101|A|||||||||||||20240102||A|PARENT7\r")
	tree, err := fhir.Parse(res.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range tree.Issues() {
		t.Errorf("%v", i)
	}
	text := string(res.Bundle)
	if strings.Contains(text, "entered-in-error") {
		t.Error("action code A takes the diagnosis back")
	}
	if deleted := convert(t, msh+"ADT^A01^ADT_A01|1|P|2.6\rPID|1||H1^^^RX1^MR\rPV1|1|I\rDG1|1||C56.9^^I10|||A|||||||||||||||D\r"); !strings.Contains(string(deleted.Bundle), `"code":"entered-in-error"`) {
		t.Errorf("action code D does not: %s", deleted.Bundle)
	}
	for _, want := range []string{
		`{"url":"http://hl7.org/fhir/StructureDefinition/condition-assertedDate","valueDateTime":"2024-01-02"}`,
		`{"url":"http://hl7.org/fhir/StructureDefinition/condition-dueTo","valueReference":{`,
		`"identifier":[{"value":"PARENT7"}]`,
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%d times %s in %s", strings.Count(text, want), want, text)
		}
	}
}

// TestOrderCallback: the numbers of OBR-17 are extensions with their URL.
func TestOrderCallback(t *testing.T) {
	res := convert(t, msh+"ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||H1^^^RX1^MR\rOBR|1|A|B|C^D^LN|||||||||||||01653 000111^WPN^PH~01653 000112^WPN^PH\rOBX|1|ST|A^B||X||||||F\r")
	tree, err := fhir.Parse(res.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range tree.Issues() {
		t.Errorf("%v", i)
	}
	const ext = `{"url":"http://hl7.org/fhir/StructureDefinition/servicerequest-order-callback-phone-number","valueContactPoint":{`
	if n := strings.Count(string(res.Bundle), ext); n != 2 {
		t.Errorf("%d extensions: %s", n, res.Bundle)
	}
}

// TestReportStatusOfOrder: where the result has no status, the order has one,
// in whichever order a structure has ORC and OBR.
func TestReportStatusOfOrder(t *testing.T) {
	for _, c := range []struct{ event, order, status string }{
		{"ORU^R01^ORU_R01", "ORC|RE|A|B||CM\rOBR|1|A|B|C^D^LN\r", "final"},
		{"ORU^R01^ORU_R01", "ORC|RE|A|B||HD\rOBR|1|A|B|C^D^LN\r", "unknown"},
		{"OUL^R22^OUL_R22", "SPM|1|S1||BLD\rOBR|1|A|B|C^D^LN\rORC|RE|A|B||CM\r", "final"},
	} {
		res := convert(t, msh+c.event+"|1|P|2.5.1\rPID|1||H1^^^RX1^MR\r"+c.order)
		tree, err := fhir.Parse(res.Bundle)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range tree.Issues() {
			t.Errorf("%s: %v", c.event, i)
		}
		_, report, _ := strings.Cut(string(res.Bundle), `{"resourceType":"DiagnosticReport"`)
		if report, _, _ = strings.Cut(report, `{"fullUrl"`); !strings.Contains(report, `"status":"`+c.status+`"`) {
			t.Errorf("%s: not %s: %s", c.event, c.status, report)
		}
	}
}

// TestAppointmentStatus: FHIR requires one; the event tells it where the
// message does not.
func TestAppointmentStatus(t *testing.T) {
	for _, c := range []struct{ event, code, status string }{
		{"S12", "", "booked"}, {"S15", "", "cancelled"}, {"S17", "", "entered-in-error"}, {"S26", "", "noshow"},
		{"S12", "Pending", "pending"}, {"S16", "Discontinued", "cancelled"}, {"S13", "Overbook", "booked"},
	} {
		res := convert(t, msh+"SIU^"+c.event+"^SIU_S12|1|P|2.5.1\rSCH|1|2"+strings.Repeat("|", 23)+c.code+"\rPID|1||H1^^^RX1^MR\r")
		_, appointment, _ := strings.Cut(string(res.Bundle), `{"resourceType":"Appointment"`)
		if appointment, _, _ = strings.Cut(appointment, `{"fullUrl"`); !strings.Contains(appointment, `"status":"`+c.status+`"`) {
			t.Errorf("%+v: %s", c, appointment)
		}
	}
}
