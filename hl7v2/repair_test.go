package hl7v2

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRepaired(t *testing.T) {
	head := strings.TrimSuffix(header18(""), "\r")
	for name, c := range map[string]struct {
		rules    Repair
		in, want string
	}{
		"none":          {0, "\n" + head + "\n PID|1\r\n\r\nNTE|C:\\x\n", "\n" + head + "\n PID|1\r\n\r\nNTE|C:\\x\n"},
		"terminators":   {RepairTerminators, "\x0b" + head + "\n PID|1\r\n\r\nNTE|a\x1c\r", head + "\rPID|1\rNTE|a\r"},
		"continuations": {RepairContinuations, head + "\rNTE|1||first\nsecond line\n\nthird\rPID|1\r", head + "\rNTE|1||first\\.br\\second line\\.br\\third\rPID|1\r"},
		"escapes":       {RepairEscapes, head + "\rNTE|C:\\TEMP\\|\\F\\x\\|a^\\\\&\\X4\\\r", head + "\rNTE|C:\\E\\TEMP\\E\\|\\F\\x\\E\\|a^\\E\\\\E\\&\\E\\X4\\E\\\r"},
	} {
		m, err := Parse([]byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Repaired(c.rules)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.AppendTo(nil)); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// What the rules are for is not found any more, and no text has changed.
func TestRepairedPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := Parse(genMessage().Draw(t, "message"))
		if err != nil || m.delims.Escape == 0 {
			t.Skip("not a message with escape sequences")
		}
		r, err := m.Repaired(RepairTerminators | RepairEscapes)
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
	})
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
