package xml

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/hl7v2test"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/internal/mutate"
	"pgregory.net/rapid"
)

func parse(t testing.TB, text string) *hl7v2.Message {
	t.Helper()
	m, err := hl7v2.Parse([]byte(strings.ReplaceAll(text, "\n", "\r")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const body = `<?xml version="1.0" encoding="UTF-8"?><ORU_R01 xmlns="urn:hl7-org:v2xml">` +
	`<MSH><MSH.1>|</MSH.1><MSH.2>^~\&amp;</MSH.2><MSH.3><HD.1>LAB</HD.1></MSH.3><MSH.9><MSG.1>ORU</MSG.1><MSG.2>R01</MSG.2></MSH.9><MSH.10>1</MSH.10><MSH.12><VID.1>2.4</VID.1></MSH.12></MSH>` +
	`<ORU_R01.PATIENT_RESULT><ORU_R01.PATIENT><PID><PID.3><CX.1>9990042101</CX.1><CX.4><HD.1>NHS</HD.1></CX.4></PID.3><PID.3><CX.1>D1</CX.1></PID.3><PID.5><XPN.1><FN.1>O'SHEA &amp; CO</FN.1></XPN.1></PID.5><PID.13>""</PID.13></PID></ORU_R01.PATIENT>` +
	`<ORU_R01.ORDER_OBSERVATION><OBR/><ORU_R01.OBSERVATION><OBX><OBX.2>FT</OBX.2><OBX.5>one<escape V=".br"/>two | three</OBX.5></OBX></ORU_R01.OBSERVATION></ORU_R01.ORDER_OBSERVATION></ORU_R01.PATIENT_RESULT></ORU_R01>`

const text = "MSH|^~\\&|LAB||||||ORU^R01|1||2.4\nPID|||9990042101^^^NHS~D1||O'SHEA \\T\\ CO||||||||\"\"\nOBR\nOBX||FT|||one\\.br\\two \\F\\ three\n"

func TestEncoding(t *testing.T) {
	m := parse(t, text)
	data, err := Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	// PID-13 is an XTN in 2.4, so that its null is that of a component.
	want := strings.Replace(body, `<PID.13>""</PID.13>`, `<PID.13><XTN.1>""</XTN.1></PID.13>`, 1)
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	for _, in := range []string{want, body} {
		back, err := Unmarshal([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(back.Bytes()), string(m.Bytes()); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestCorpus(t *testing.T) {
	dir := corpus.Path(t, "hl7v2")
	raw := corpus.Read(t, "hl7v2", "messages", "manifest.json")
	var manifest struct{ Messages []struct{ File string } }
	if err := json.Unmarshal(raw, &manifest); err != nil {
		if err := json.Unmarshal(raw, &manifest.Messages); err != nil {
			t.Fatal(err)
		}
	}
	if len(manifest.Messages) != 140 {
		t.Fatalf("%d messages, want 140", len(manifest.Messages))
	}
	for _, entry := range manifest.Messages {
		t.Run(filepath.Base(entry.File), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, entry.File))
			if err != nil {
				t.Fatal(err)
			}
			for m, err := range hl7v2.Messages(data) {
				if err != nil {
					continue
				}
				roundTrip(t, m)
			}
		})
	}
}

// roundTrip compares a message with what it becomes by way of XML.
func roundTrip(t testing.TB, m *hl7v2.Message) {
	t.Helper()
	data, err := Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Unmarshal(data)
	if err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if diff := cmp.Diff(m, back, hl7v2test.Messages("MSH-18")); diff != "" {
		t.Error(diff)
	}
	if again, err := Marshal(back); err != nil || string(again) != string(data) && m.Segment("MSH", 1).Field(18).Text() == "" {
		t.Errorf("written again it differs: %v", err)
	}
}

func TestGenerated(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, err := hl7v2.Parse(rapid.OneOf(hl7v2test.ADT(), hl7v2test.ORU()).Draw(rt, "message"))
		if err != nil {
			rt.Fatal(err)
		}
		data, err := Marshal(m)
		if err != nil {
			rt.Fatal(err)
		}
		back, err := Unmarshal(data)
		if err != nil {
			rt.Fatal(err)
		}
		if got, want := back.AppendCanonical(nil), m.AppendCanonical(nil); string(got) != string(want) {
			rt.Fatalf("got  %q\nwant %q", got, want)
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"document type", `<!DOCTYPE ADT [<!ENTITY x SYSTEM "file:///etc/passwd">]><ADT><MSH><MSH.3>&x;</MSH.3></MSH></ADT>`, ErrDocumentType},
		{"late document type", `<!--` + strings.Repeat("x", 5000) + `--><!DOCTYPE ADT><ADT/>`, ErrDocumentType},
		{"unknown entity", `<ADT><MSH><MSH.3>&x;</MSH.3></MSH></ADT>`, ErrSyntax},
		{"no XML", `hello`, ErrSyntax},
		{"empty", ``, ErrSyntax},
		{"cut off", `<ADT><MSH>`, ErrSyntax},
		{"no MSH", `<ADT_A01><PID><PID.3/></PID></ADT_A01>`, ErrSyntax},
		{"field without a number", `<ADT><MSH><MSH.x>a</MSH.x></MSH></ADT>`, ErrSyntax},
		{"huge number", `<ADT><MSH><MSH.999999999>a</MSH.999999999></MSH></ADT>`, ErrSyntax},
		{"out of order", `<ADT><MSH><MSH.9>a</MSH.9><MSH.3>a</MSH.3></MSH></ADT>`, ErrSyntax},
		{"four levels", `<ADT><MSH><MSH.3><HD.1><A.1><B.1>x</B.1></A.1></HD.1></MSH.3></MSH></ADT>`, ErrSyntax},
		{"escape that is none", `<ADT><MSH><MSH.3>a<escape V="|"/></MSH.3></MSH></ADT>`, ErrSyntax},
		{"delimiters", `<ADT><MSH><MSH.1>||</MSH.1></MSH></ADT>`, ErrSyntax},
		{"depth", strings.Repeat("<a>", 20000), ErrSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Unmarshal([]byte(c.in)); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if _, err := Marshal(parse(t, "MSH|^~\\&|a\x01b||||||ADT^A01|1|P|2.4\n")); err == nil {
		t.Error("a control character was written")
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(checkUnmarshal)
}

func seeds() [][]byte {
	return [][]byte{[]byte(body), []byte(`<ADT><MSH><MSH.1>$</MSH.1><MSH.2>*!@?</MSH.2><MSH.3>a<escape V="X0D"/></MSH.3></MSH><UNKNOWN id="x"><UNKNOWN.1>y</UNKNOWN.1></UNKNOWN></ADT>`)}
}

func checkUnmarshal(t *testing.T, data []byte) {
	m, err := Unmarshal(data)
	if err != nil {
		return
	}
	out, err := Marshal(m)
	if err != nil {
		return
	}
	if _, err := Unmarshal(out); err != nil {
		t.Fatalf("%v in %s from %q", err, out, m.Bytes())
	}
}

// TestMutations runs the check of FuzzUnmarshal on mutations of its seeds; see
// mutate.Run.
func TestMutations(t *testing.T) {
	tokens := []string{
		"<", ">", "/>", "</", "&amp;", "&#13;", "&#0;", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE", `<escape V="X0D"/>`, `<escape V=".br"/>`, `<escape V="`, "<PID.3>", "</PID.3>",
		"<CX.1>", "</CX.1>", "<OBX.5>", "</OBX.5>", "<MSH.1>", "<MSH.2>^~\\&amp;</MSH.2>", "<ZZ1><ZZ1.1>x</ZZ1.1></ZZ1>", ".1", "\"\"", "|", "^", "\\", "\r",
	}
	mutate.Run(t, 2000, 1_000_000, seeds(), tokens, checkUnmarshal)
}
