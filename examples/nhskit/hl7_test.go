package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const admission = "MSH|^~\\&|PAS|RXX|TIE|RXX|20250102030405||ADT^A01^ADT_A01|C1|P|2.4\r" +
	"PID|1||9991200002^^^NHS&GBR^NH~4032813^^^RXX^MR||O\\T\\NEILL^ASHA||\"\"|F\r" +
	"OBX|1|TX|A||first\r" + "OBX|2|TX|B||second\\.br\\line\r"

func TestHL7Parse(t *testing.T) {
	got := nhskit(admission, "hl7", "parse")
	if got.code != exitOK {
		t.Fatal(got)
	}
	var out struct {
		File     string
		Messages []struct {
			Type, ControlID, Version string
			Segments                 []struct {
				ID     string
				Fields []json.RawMessage
			}
		}
		Issues []issue
	}
	if err := json.Unmarshal([]byte(got.out), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Messages) != 1 || len(out.Issues) != 0 {
		t.Fatal(got.out)
	}
	m := out.Messages[0]
	if m.Type != "ADT^A01^ADT_A01" || m.ControlID != "C1" || m.Version != "2.4" || len(m.Segments) != 4 {
		t.Errorf("%+v", m)
	}
	for n, want := range map[int]string{
		1: `[[["1"]]]`, 2: `[]`, 3: `[[["9991200002"],[],[],["NHS","GBR"],["NH"]],[["4032813"],[],[],["RXX"],["MR"]]]`,
		5: `[[["O&NEILL"],["ASHA"]]]`, 7: `null`, 8: `[[["F"]]]`,
	} {
		if got := string(m.Segments[1].Fields[n-1]); got != want {
			t.Errorf("PID-%d is %s, want %s", n, got, want)
		}
	}
	if got := string(m.Segments[0].Fields[1]); got != `[[["^~\\\u0026"]]]` && got != `[[["^~\\&"]]]` {
		t.Errorf("MSH-2 is %s", got)
	}
}

func TestHL7Get(t *testing.T) {
	for _, c := range []struct {
		path string
		want string // the values, as JSON; @text stands for the offset of text
	}{
		{"PID-3.1", `[{"state":"value","value":"9991200002","offset":@9991200002},{"state":"value","value":"4032813","offset":@4032813}]`},
		{"PID-3[2].4", `[{"state":"value","value":"RXX","offset":@RXX^MR}]`},
		{"PID-7", `[{"state":"null","value":"","offset":@""}]`},
		{"PID-30", `[{"state":"absent","value":"","offset":-1}]`},
		{"OBX[2]-5", `[{"state":"value","value":"second\nline","offset":@second}]`},
		{"MSH-2", `[{"state":"value","value":"^~\\&","offset":@^~}]`},
		{"NK1-2", `[]`},
	} {
		got := nhskit(admission, "hl7", "get", c.path)
		for {
			before, rest, found := strings.Cut(c.want, "@")
			if !found {
				break
			}
			end := strings.IndexByte(rest, '}')
			c.want = before + strconv.Itoa(strings.Index(admission, rest[:end])) + rest[end:]
		}
		want := `{"file":"-","path":"` + c.path + `","values":` + c.want + "}\n"
		if got.code != exitOK || got.out != want {
			t.Errorf("%s: exit %d\n got %s want %s", c.path, got.code, got.out, want)
		}
	}
	for _, path := range []string{"", "PID", "PID-0", "PID-5[0]", "pid.5", "PID-5.1.1.1"} {
		if got := nhskit(admission, "hl7", "get", path); got.code != exitUsage || got.out != "" || got.errOut == "" {
			t.Errorf("%q: %+v", path, got)
		}
	}
}

func TestHL7GetThroughGroups(t *testing.T) {
	const report = "MSH|^~\\&|A|B|C|D|20250102||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1\rOBR|1\rOBX|1|ST|a||one\rOBX|2|ST|b||two\rOBR|2\rOBX|1|ST|c||three\r"
	for path, want := range map[string]string{
		"PATIENT_RESULT[1].ORDER_OBSERVATION[2].OBX-5":             "three",
		"PATIENT_RESULT.ORDER_OBSERVATION[1].OBSERVATION[2].OBX-5": "two",
		"ORDER_OBSERVATION[1].OBX[2]-5.1":                          "two",
		"PATIENT_RESULT[1].PATIENT.PID-1":                          "1",
	} {
		got := nhskit(report, "hl7", "get", "-text", path)
		if got.code != exitOK || strings.TrimSpace(got.out) != want {
			t.Errorf("%s: %+v, want %s", path, got, want)
		}
	}
}

func TestHL7SetChangesOneValue(t *testing.T) {
	for _, c := range []struct{ set, old, new string }{
		{"PID-5.1=SMITH & SON", "O\\T\\NEILL", "SMITH \\T\\ SON"},
		{"PID-8=M", "|F\r", "|M\r"},
		{"OBX[2]-5=", "second\\.br\\line", ""},
		{"PID-3[2].1=7", "4032813", "7"},
		{"PID-10.2=X", "|F\r", "|F||^X\r"},
		{"MSH-10=A=B", "|C1|", "|A=B|"},
	} {
		got := nhskit(admission, "hl7", "set", c.set)
		if want := strings.Replace(admission, c.old, c.new, 1); got.code != exitOK || got.out != want {
			t.Errorf("%s: exit %d\n got %q\nwant %q", c.set, got.code, got.out, want)
		}
	}
	for set, code := range map[string]int{"PID-5.1": exitUsage, "PID=1": exitUsage, "NK1-2=X": exitFindings, "MSH-2=X": exitFindings, "PID-5=李": exitFindings} {
		if got := nhskit(admission, "hl7", "set", set); got.code != code || got.out != "" || got.errOut == "" {
			t.Errorf("%s: %+v", set, got)
		}
	}
}

// What cannot be read has a message and an exit code, whatever it is.
func TestHL7BadInput(t *testing.T) {
	dir := t.TempDir()
	for _, verb := range [][]string{{"parse"}, {"get", "PID-5"}, {"set", "PID-5=X"}, {"cat"}} {
		args := append([]string{"hl7"}, verb...)
		for name, input := range map[string]string{
			"empty": "", "blank": " \r\n\r\n", "NUL": strings.Repeat("\x00", 1000), "text": "hello", "no encoding": "MSH|", "binary": "\xff\x00\x01MSH|",
			"JSON": `{"resourceType":"Bundle"}`, "stray": "PID|1\rMSH|^~\\&|A\r",
		} {
			got := nhskit(input, args...)
			if name == "stray" && verb[0] == "cat" && got.out != input || got.code != exitFindings || verb[0] != "parse" && got.errOut == "" || verb[0] == "parse" && !strings.Contains(got.out, `"offset":`) {
				t.Errorf("%s of %s: %+v", verb[0], name, got)
			}
		}
		if got := nhskit("", append(args, filepath.Join(dir, "none"))...); got.code != exitIO || !strings.Contains(got.errOut, "no such file") {
			t.Errorf("%s of a missing file: %+v", verb[0], got)
		}
		if got := nhskit("", append(args, dir)...); got.code != exitIO || !strings.Contains(got.errOut, "is a directory") {
			t.Errorf("%s of a folder: %+v", verb[0], got)
		}
	}
	// A file that cannot be read does not keep the others from being read.
	file := filepath.Join(dir, "a.hl7")
	if err := os.WriteFile(file, []byte(admission), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := nhskit("", "hl7", "get", "PID-8", filepath.Join(dir, "none"), file); got.code != exitIO || !strings.Contains(got.out, `"value":"F"`) {
		t.Errorf("%+v", got)
	}
}

func TestHL7OneLongLine(t *testing.T) {
	size := 4 << 20
	if os.Getenv("NHSKIT_LONG") != "" {
		size = 100 << 20
	}
	line := strings.Repeat("A", size)
	if got := nhskit(line, "hl7", "parse"); got.code != exitFindings || len(got.out) > 1000 {
		t.Errorf("exit %d, %d bytes", got.code, len(got.out))
	}
	long := "MSH|^~\\&|A|B|C|D|20250102||ORU^R01|1|P|2.5.1\rOBX|1|ED|x||" + line
	if got := nhskit(long, "hl7", "cat"); got.code != exitOK || got.out != long {
		t.Errorf("exit %d, %d bytes", got.code, len(got.out))
	}
	if got := nhskit(long, "hl7", "get", "-text", "OBX-5"); got.code != exitOK || len(got.out) > 200 {
		t.Errorf("exit %d, %d bytes", got.code, len(got.out))
	}
}

// Bytes between and around messages survive.
func TestHL7CatIsLossless(t *testing.T) {
	in := []byte("FHS|^~\\&\rBHS|^~\\&\r\r\n" + admission + "\n\n\x0b" + admission + "\x1c\rBTS|2\rFTS|1\r")
	if got := nhskit(string(in), "hl7", "cat"); got.code != exitOK || !bytes.Equal([]byte(got.out), in) {
		t.Errorf("exit %d, %q", got.code, got.out)
	}
}
