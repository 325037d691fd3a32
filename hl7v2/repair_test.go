package hl7v2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func TestRepaired(t *testing.T) {
	const head = `MSH|^~\&|A|B|C|D|20250102||ORU^R01|1|P|2.5.1`
	const tx = head + "\rOBX|1|TX|a^b||"
	for _, c := range []struct {
		name   string
		rules  Repair
		in     string
		want   string // "" for no change
		report string // code path offset
	}{
		{"nothing asked for", 0, "\n" + head + "\n PID|1\r\n\r\nNTE|C:\\x\n", "", ""},
		{"nothing to do", 1<<len(repairRules) - 1, head + "\rPID|1||\"\"^a&b~c\\F\\\rNTE|1||x\\.br\\y\\X41\\\\E\\n\r", "", ""},

		{"terminators", RepairTerminators, "\x0b" + head + "\n PID|1\r\n\r\nNTE|a\x1c\r", head + "\rPID|1\rNTE|a\r",
			"terminators  0, terminators MSH 45, terminators PID 52, terminators NTE 61"},
		{"byte order mark and NULs", RepairTerminators, "\xef\xbb\xbf" + head + "\rPID|1\r\x00\x00", head + "\rPID|1\r", "terminators  0, terminators PID 53"},
		{"no terminator", RepairTerminators, head, head + "\r", "terminators MSH 44"},

		{"continuations", RepairContinuations, head + "\rNTE|1||first\nsecond line\n\nthird\rPID|1\r", head + "\rNTE|1||first\\.br\\second line\\.br\\third\rPID|1\r",
			"continuations NTE-3 57, continuations  69"},
		{"nothing to join to", RepairContinuations, "MSH|^~\\&\rline\r", "", ""},

		{"lone escapes", RepairEscapes, head + "\rNTE|C:\\TEMP\\|\\F\\x\\|a^\\\\&\\X4\\\r", head + "\rNTE|C:\\E\\TEMP\\E\\|\\F\\x\\E\\|a^\\E\\\\E\\&\\E\\X4\\E\\\r",
			"escapes NTE-1 51, escapes NTE-1 56, escapes NTE-2 62, escapes NTE-3.2.1 66, escapes NTE-3.2.1 67, escapes NTE-3.2.2 69, escapes NTE-3.2.2 72"},

		{"MSH-2 too short", RepairEncodingCharacters, "MSH|^~\\|A|B&C\rPID|x&y\r", "MSH|^~\\&|A|B\\T\\C\rPID|x\\T\\y\r",
			"encoding-characters MSH-2 4, encoding-characters MSH-4 11, encoding-characters PID-1 19"},
		{"MSH-2 without escape", RepairEncodingCharacters, "MSH|^~|A|C:\\x&\r", "MSH|^~\\&|A|C:\\E\\x\\T\\\r",
			"encoding-characters MSH-2 4, encoding-characters MSH-4 11, encoding-characters MSH-4 13"},
		{"MSH-2 short and unusual", RepairEncodingCharacters, "MSH|~^\\|A\r", "MSH|~^\\&|A\r", "encoding-characters MSH-2 4"},
		{"MSH-2 short and the usual one taken", RepairEncodingCharacters, "MSH|^&|A\r", "", ""},
		{"truncation character before 2.7", RepairEncodingCharacters, "MSH|^~\\&#|A||||||ADT|1|P|2.5|a#\r", "MSH|^~\\&|A||||||ADT|1|P|2.5|a#\r", "encoding-characters MSH-2 4"},
		{"truncation character of 2.7", RepairEncodingCharacters, "MSH|^~\\&#|A||||||ADT|1|P|2.7\r", "", ""},
		{"six encoding characters", RepairEncodingCharacters, "MSH|^~\\&#@|A||||||ADT|1|P|2.7\r", "MSH|^~\\&#|A||||||ADT|1|P|2.7\r", "encoding-characters MSH-2 4"},
		{"a doubled backslash", RepairEncodingCharacters, "MSH|^~\\\\&|A||||||ADT|1|P|2.5\r", "MSH|^~\\&|A||||||ADT|1|P|2.5\r", "encoding-characters MSH-2 4"},

		{"double escapes", RepairDoubleEscapes, tx + `a\E\X09\E\b\E\.br\E\c` + "\r", tx + `a\X09\b\.br\c` + "\r",
			"double-escapes OBX-5 60, double-escapes OBX-5 66, double-escapes OBX-5 70, double-escapes OBX-5 76"},
		{"a path that was escaped", RepairDoubleEscapes, tx + `C:\E\F\E\x\E\y` + "\r", "", ""},
		{"escaped over a delimiter", RepairDoubleEscapes, head + "\rNTE|" + `\E\X09|\E\` + "\r", "", ""},

		{"delimiters in text", RepairTextDelimiters, tx + "R&D ^ 5~x&\rNTE|1||a^b\rOBX|2|CE|c^d||e^f\r", tx + "R\\T\\D \\S\\ 5~x\\T\\\rNTE|1||a\\S\\b\rOBX|2|CE|c^d||e^f\r",
			"text-delimiters OBX[1]-5[1].1.1 60, text-delimiters OBX[1]-5[1].1.2 63, text-delimiters OBX[1]-5[2].1.1 68, text-delimiters NTE-3.1 78"},

		{"line breaks of HTML", RepairLineBreaks, tx + "a<BR>b<br/>c<br />d<b>e<br\r", tx + `a\.br\b\.br\c\.br\d<b>e<br` + "\r", "line-breaks OBX-5 60, line-breaks OBX-5 65, line-breaks OBX-5 71"},
		{"line breaks by their codes", RepairLineBreaks, tx + `a\X0D\\X0A\b\X0D0A\c\X000d\\X0A\d\X0A\\X0A\e\X410A\` + "\r", tx + `a\.br\b\.br\c\.br\d\.br\\.br\e\X410A\` + "\r",
			"line-breaks OBX-5 60, line-breaks OBX-5 71, line-breaks OBX-5 79, line-breaks OBX-5 92"},
		{"line breaks outside text", RepairLineBreaks, head + "\rPID|a<br>b|\\X0D\\\r", "", ""},

		{"code points", RepairCodePoints, strings.Replace(tx, "2.5.1", "2.5.1||||||UNICODE UTF-8", 1) + `caf\X00E9\ \X2019\ \XD83DDE00\ \X4142\ \X41\ \X000D\ \XD83D\` + "\r",
			strings.Replace(tx, "2.5.1", "2.5.1||||||UNICODE UTF-8", 1) + `café ’ 😀 \X4142\ \X41\ \X000D\ \XD83D\` + "\r", "code-points OBX-5 81, code-points OBX-5 89, code-points OBX-5 97"},
		{"code points of delimiters", RepairCodePoints, tx + `a\X007C\b\X0041\` + "\r", tx + `a\F\bA` + "\r", "code-points OBX-5 60, code-points OBX-5 68"},
		{"code points that the set cannot hold", RepairCodePoints, tx + `caf\X00E9\` + "\r", "", ""},
		{"code points in Latin 1", RepairCodePoints, strings.Replace(tx, "2.5.1", "2.5.1||||||8859/1", 1) + `caf\X00E9\\X2019\` + "\r", strings.Replace(tx, "2.5.1", "2.5.1||||||8859/1", 1) + "caf\xe9\\X2019\\\r", "code-points OBX-5 74"},

		{"control characters", RepairControlCharacters, tx + "a\x1cb\x0bc\td\x7f\r", tx + `a\X1C\b\X0B\c` + "\td" + `\X7F\` + "\r",
			"control-characters OBX-5 60, control-characters OBX-5 62, control-characters OBX-5 66"},

		{"UTF-8 without a word", RepairCharset, head + "\rPID|é\r", head + "||||||UNICODE UTF-8\rPID|é\r", "charset MSH-18 44"},
		{"UTF-8 called Latin 1", RepairCharset, head + "||||||8859/1~X\rPID|é\r", head + "||||||UNICODE UTF-8~X\rPID|é\r", "charset MSH-18 50"},
		{"Latin 1 without a word", RepairCharset, head + "\rPID|\xe9\r", "", ""},
		{"a name of another registry", RepairCharset, head + "||||||utf-8\rPID|a\r", head + "||||||UNICODE UTF-8\rPID|a\r", "charset MSH-18 50"},
		{"another", RepairCharset, head + "||||||ISO-8859-1\rPID|\xe9\r", head + "||||||8859/1\rPID|\xe9\r", "charset MSH-18 50"},
		{"UNICODE, as the ITK has it", RepairCharset, head + "||||||UNICODE\rPID|é\r", "", ""},
		{"an unknown set", RepairCharset, head + "||||||KLINGON\rPID|a\r", "", ""},

		{"several", RepairTerminators | RepairContinuations | RepairEscapes, "\n" + head + "\nNTE|1||C:\\x\nD:\\y\n", head + "\rNTE|1||C:\\E\\x\\.br\\D:\\E\\y\r",
			"continuations NTE-3 55, continuations NTE-3 57, terminators  0, terminators MSH 45, terminators NTE 62, escapes NTE-3 60"},
		{"what one rule makes is another's", RepairEscapes | RepairDoubleEscapes, tx + `\E\X09\` + "\r", tx + `\X09\` + "\r", "escapes OBX-5 65, double-escapes OBX-5 59, double-escapes OBX-5 65"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.in
			}
			m, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			r, issues, err := m.Repaired(c.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(r.AppendTo(nil)); got != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			if string(m.AppendTo(nil)) != c.in {
				t.Error("the message itself has changed")
			}
			var report []string
			for _, i := range issues {
				report = append(report, fmt.Sprintf("%s %s %d", strings.TrimPrefix(string(i.Code), string(CodeRepaired)+"."), i.Path, i.Offset))
				if i.Severity != Information || i.Line < 1 || i.Col < 1 || i.Err == nil {
					t.Errorf("%+v", i)
				}
			}
			if got := strings.Join(report, ", "); got != c.report {
				t.Errorf("\n got %s\nwant %s", got, c.report)
			}
			again, issues, err := r.Repaired(c.rules)
			if err != nil || len(issues) > 0 || string(again.Bytes()) != string(r.Bytes()) {
				t.Errorf("a second time: %v %v %q", err, issues, again.Bytes())
			}
		})
	}
}

// A line feed in a value is text where CR alone ends a segment.
func TestRepairedCROnly(t *testing.T) {
	m, err := Parser{Terminators: CROnly}.Parse([]byte("MSH|^~\\&|A\rNTE|1||a\nb\n\rc\r"))
	if err != nil {
		t.Fatal(err)
	}
	r, issues, err := m.Repaired(RepairContinuations)
	if err != nil || len(issues) != 2 || string(r.Bytes()) != "MSH|^~\\&|A\rNTE|1||a\\.br\\b\\.br\\c\r" {
		t.Errorf("%v %v %q", err, issues, r.Bytes())
	}
}

func TestRepairedWide(t *testing.T) {
	text := "MSH|^~\\&|A|||||||1|P|2.5||||||UNICODE UTF-16\nNTE|1||é\\x"
	in := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(text)) {
		in = append(in, byte(u>>8), byte(u))
	}
	m, err := Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := m.Repaired(RepairTerminators | RepairEscapes | RepairCharset)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(r.AppendTo(nil))
	if err != nil || again.wide != m.wide || string(again.Bytes()) != strings.NewReplacer("\n", "\r", "\\x", "\\E\\x\r").Replace(text) {
		t.Errorf("%v %q", err, again.Bytes())
	}
}

func TestRepairedIsCapped(t *testing.T) {
	m, err := Parse([]byte("MSH|^~\\&|A\r" + strings.Repeat("NTE|1||a\\b\r", 2*maxIssues)))
	if err != nil {
		t.Fatal(err)
	}
	r, issues, err := m.Repaired(RepairEscapes)
	if err != nil || len(issues) != maxIssues+1 || issues[maxIssues].Code != CodeTooMany || bytes.Count(r.Bytes(), []byte(`\E\`)) != 2*maxIssues {
		t.Errorf("%v, %d findings", err, len(issues))
	}
}

// What the rules are for is not found any more; no text has changed but where
// a rule is about text; and once is enough.
func TestRepairedPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := Parse(genMessage().Draw(t, "message"))
		if err != nil || m.delims.Escape == 0 {
			t.Skip("not a message with escape sequences")
		}
		r, _, err := m.Repaired(RepairTerminators | RepairEscapes)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range r.Check(true) {
			if i.Code == CodeTerminator || i.Code == CodeEscape || i.Code == CodeTrailingBytes || i.Code == CodeSegmentID && strings.Contains(i.Err.Error(), "indented") {
				t.Fatalf("%q became %q: %v", m.Bytes(), r.Bytes(), i)
			}
		}
		if m.Len() == r.Len() {
			if changes := Diff(m, r); len(changes) != 0 {
				t.Fatalf("%q became %q: %v", m.Bytes(), r.Bytes(), changes)
			}
		}
		rules := Repair(rapid.Uint16Max(1<<len(repairRules)-1).Draw(t, "rules"))
		once, _, err := m.Repaired(rules)
		if err != nil {
			t.Fatal(err)
		}
		twice, issues, err := once.Repaired(rules)
		if err != nil || len(issues) > 0 || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatalf("%s: %q became %q, and that %q: %v %v", rules, m.Bytes(), once.Bytes(), twice.Bytes(), issues, err)
		}
	})
}

// Repairs take time in proportion to the message, whatever storm it holds.
func TestRepairedGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	const obx = "MSH|^~\\&|A|||||||1|P|2.5\rOBX|1|TX|||"
	for name, storm := range map[string]string{
		"escapes": `\`, "escaped": `\E\`, "double": `\E\X09\E\`, "open double": `\E\X`, "hexadecimal": `\X`, "breaks": `\X0D\`, "html": "<br", "tags": "<br>", "ampersands": "&", "carets": "^",
		"repetitions": "~\\", "control": "\x01", "lines": "\nline\\", "segments": "\rNTE|1||\\", "code points": `\X00E9\`, "fields": "|\\", "indents": "\r ",
	} {
		run := func(n int) time.Duration {
			m, err := Parse([]byte(obx + strings.Repeat(storm, n)))
			if err != nil {
				t.Fatal(err)
			}
			return fastest(3, func() { m.Repaired(1<<len(repairRules) - 1) })[0]
		}
		if one, many := run(1000), run(16000); many > 100*one {
			t.Errorf("%s: 16 times the message takes %v, and once %v", name, many, one)
		}
	}
}

func FuzzRepaired(f *testing.F) {
	for _, s := range repairSeeds() {
		f.Add(s, uint16(1<<len(repairRules)-1))
	}
	f.Fuzz(checkRepaired)
}

func repairSeeds() [][]byte {
	seeds := seedMessages()
	for _, s := range []string{"MSH|^~|A|x\\y&\r", "MSH|^~\\&#|A\rOBX|1|TX|||a&b\\E\\X0D\\E\\<br>\\X00E9\\\nmore\\\r", "MSH|^~\\&|||||||||||||||||utf-8\rNTE|||é\\X\\\x01\r"} {
		seeds = append(seeds, []byte(s))
	}
	return seeds
}

// checkRepaired checks that repairs are complete in one call and that their
// report is located, and not empty if anything has changed.
func checkRepaired(t *testing.T, data []byte, rules uint16) {
	for _, p := range []Parser{{}, {Terminators: CROnly}} {
		m, err := p.Parse(data)
		if err != nil {
			continue
		}
		rules := Repair(rules)
		once, issues, err := m.Repaired(rules)
		if err != nil {
			// A separator that MSH-2 lacked can be what begins a value.
			continue
		}
		if (len(issues) > 0) == bytes.Equal(once.Bytes(), m.Bytes()) {
			t.Fatalf("%s: %d findings: %q became %q", rules, len(issues), m.Bytes(), once.Bytes())
		}
		for _, i := range issues {
			if i.Offset < 0 || i.Offset > int64(len(m.Bytes())) {
				t.Fatalf("%v: offset of %d", i, len(m.Bytes()))
			}
		}
		twice, issues, err := once.Repaired(rules)
		if err != nil || len(issues) > 0 || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatalf("%s: %q became %q, and that %q: %v %v", rules, m.Bytes(), once.Bytes(), twice.Bytes(), issues, err)
		}
	}
}

func TestRecoded(t *testing.T) {
	in := "MSH|^~\\&|A|B|C|D|20250102||ADT^A01|1|P|2.5||||||8859/1\rPID|1||9^^^NHS&x~8||O\x92NEILL\\T\\$^\\.br\\\\XE9\\||\"\"\r"
	m, err := Parser{Fallback: Windows1252}.Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Recoded(Delimiters{'$', '%', '~', '!', '@', 0}, UTF8)
	if err != nil {
		t.Fatal(err)
	}
	want := "MSH$%~!@$A$B$C$D$20250102$$ADT%A01$1$P$2.5$$$$$$UNICODE UTF-8\rPID$1$$9%%%NHS@x~8$$O’NEILL&!F!%!.br!é$$\"\"\r"
	if string(got.AppendTo(nil)) != want {
		t.Errorf("got  %q\nwant %q", got.Bytes(), want)
	}
	if changes := Diff(m, got, MustPath("MSH-18")); len(changes) != 0 {
		t.Errorf("%v", changes)
	}
	if _, err := got.Recoded(Standard(), ASCII); err == nil {
		t.Error("’ is written in ASCII")
	}
	back, err := got.Recoded(Standard(), Windows1252)
	if err != nil || !strings.Contains(string(back.Bytes()), "O\x92NEILL\\T\\$") {
		t.Errorf("%v, %q", err, back.Bytes())
	}
}
