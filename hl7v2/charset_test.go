package hl7v2

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
)

func TestCorpusCharset(t *testing.T) {
	dir := corpus.Path(t, "hl7v2")
	var file struct {
		Format int
		Cases  []struct {
			ID, File, MSH18, Why, Strict, LenientFallback string

			Get map[string]string
		}
	}
	readJSON(t, filepath.Join(dir, "charset", "cases.json"), &file)
	passed := 0
	for _, c := range file.Cases {
		if t.Run(c.ID, func(t *testing.T) {
			data := readFile(t, filepath.Join(dir, c.File))
			p := Parser{}
			if c.LenientFallback != "" {
				p.Fallback = ParseCharset(c.LenientFallback)
				if p.Fallback == UnknownCharset {
					t.Fatalf("no set %s", c.LenientFallback)
				}
			}
			m, err := p.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			checkValues(t, m, c.Get, 2)
			if got := string(m.SegmentAt(0).Field(18).Raw()); got != c.MSH18 {
				t.Errorf("MSH-18 is %q", got)
			}
			if !bytes.Equal(m.AppendTo(nil), data) {
				t.Error("bytes changed")
			}
			p.Strict = true
			_, err = p.Parse(data)
			switch c.Strict {
			case "":
				if err != nil {
					t.Errorf("strict: %v", err)
				}
			case "error:charset":
				// Bytes above 7F make the error; the unknown set has none here.
				is, _ := err.(Issue)
				if is.Code != CodeCharset {
					t.Errorf("strict: %v", err)
				}
			case "warning:c1-control":
				found := m.Check(true)
				if err != nil || len(found) != 1 || found[0].Code != CodeC1Control || found[0].Severity != Warning {
					t.Errorf("strict: %v, %v", err, found)
				}
			default:
				t.Fatalf("no check for strict result %q", c.Strict)
			}
			// What can be read can be written back, in the bytes of the set.
			if c.LenientFallback != "" || c.Strict != "" {
				return
			}
			before := get(t, m, "PID-5.1").Text()
			if err := m.Set("PID-9", before); err != nil {
				t.Fatal(err)
			}
			if got := get(t, m, "PID-9").Text(); got != before {
				t.Errorf("written and read back: %q, want %q", got, before)
			}
			again, err := p.Parse(m.AppendTo(nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := get(t, again, "PID-9").Text(); got != before {
				t.Errorf("after a round trip: %q, want %q", got, before)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "charset", passed, len(file.Cases))
}

// header18 is a header that declares a character set.
func header18(code string) string {
	return "MSH|^~\\&|A|B|C|D|20250102||ADT^A01|1|P|2.5||||||" + code + "\r"
}

func TestDelimitersHiddenInCharacters(t *testing.T) {
	for _, c := range []struct{ code, bytes, text string }{
		{"BIG-5", "\xa5\x5c", "功"},              // second byte is a backslash
		{"BIG-5", "\xa4\x7c\xa4\x7e", "弋才"},     // second bytes are | and ~
		{"BIG-5", "\xa4\x5e", "乞"},              // second byte is ^
		{"GB 18030-2000", "\x81\x7c", "亅"},      // second byte is |
		{"ISO IR87", "\x1b$BF|K\\\x1b(B", "日本"}, // 46 7C 4B 5C
	} {
		m, err := Parse([]byte(header18(c.code) + "PID|1||9||" + c.bytes + "^ASHA||1\r"))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(get(t, m, "PID-5.1").Raw()); got != c.bytes {
			t.Errorf("%s: split into %q", c.code, got)
		}
		if got := get(t, m, "PID-5.2").Text(); got != "ASHA" {
			t.Errorf("%s: PID-5.2 is %q", c.code, got)
		}
		if got := get(t, m, "PID-5.1").Text(); got != c.text {
			t.Errorf("%s: text is %q, want %q", c.code, got, c.text)
		}
		text := get(t, m, "PID-5.1").Text()
		if strings.ContainsRune(text, '\uFFFD') {
			t.Errorf("%s: %q", c.code, text)
		}
		if err := m.Set("PID-6", text+"|"); err != nil {
			t.Fatal(err)
		}
		if got := get(t, m, "PID-6").Text(); got != text+"|" {
			t.Errorf("%s: written and read back: %q", c.code, got)
		}
	}
}

func TestSwitchedCharacterSets(t *testing.T) {
	for _, c := range []struct{ code, raw, text string }{
		{"ASCII~8859/5", "\\C2D4C\\\xb8\xc2\\C2842\\ A", "ИТ A"},
		{"8859/1~8859/7", "\xe9\\C2D46\\\xe1\\C2842\\\xe9", "éαé"},
		{"ASCII~ISO IR87", "x\\M2442\\KL\\C2842\\y", "x北y"},
		{"8859/1", "\\XE9\\\\XE9\\", "éé"},
		{"UNICODE UTF-8", "\\XC3\\\\XA9\\", "é"}, // one character in two sequences
		{"ISO IR14", "\xb1\xb2", "ｱｲ"},
	} {
		m, err := Parse([]byte(header18(c.code) + "NTE|1||" + c.raw + "\r"))
		if err != nil {
			t.Fatal(err)
		}
		if got := get(t, m, "NTE-3").Text(); got != c.text {
			t.Errorf("%s: %q reads %q, want %q", c.code, c.raw, got, c.text)
		}
	}
}

func TestCharsetNames(t *testing.T) {
	for name, want := range map[string]Charset{
		"": Undeclared, "ASCII": ASCII, "8859/15": Latin9, "UNICODE": UTF8, "unicode utf-8": UTF8, "UTF-8": UTF8, "ISO-8859-1": Latin1,
		"ISO8859/1": Latin1, "8859-2": Latin2, "windows-1252": Windows1252, "GB 18030-2000": GB18030, "KLINGON": UnknownCharset, "8859/77": UnknownCharset,
		"CNS 11643-1992": CNS11643, "UNICODE UTF-32": UTF32,
	} {
		if got := ParseCharset(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
	for c := Undeclared; c < UnknownCharset; c++ {
		if got := ParseCharset(c.String()); got != c {
			t.Errorf("%s reads as %s", c, got)
		}
	}
}

func TestTextThatDoesNotFit(t *testing.T) {
	for _, code := range []string{"", "ASCII", "8859/1", "KLINGON"} {
		m, err := Parse([]byte(header18(code) + "PID|1||9\r"))
		if err != nil {
			t.Fatal(err)
		}
		before := string(m.Bytes())
		if err := m.Set("PID-5.1", "李雷"); err == nil || string(m.Bytes()) != before {
			t.Errorf("%q: error %v, message changed: %t", code, err, string(m.Bytes()) != before)
		}
	}
}

func TestWideMessages(t *testing.T) {
	text := header18("UNICODE UTF-16") + "PID|1||9||BRÖNTE^😀\r"
	for _, w := range []wideness{utf16LE, utf16BE, utf32LE, utf32BE} {
		for _, bom := range []string{"", "\uFEFF"} {
			data := w.appendWidened(nil, []byte(bom+text))
			m, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if got := get(t, m, "PID-5.2").Text(); got != "😀" {
				t.Errorf("%d: %q", w, got)
			}
			if !bytes.Equal(m.AppendTo(nil), data) {
				t.Error("bytes changed")
			}
			if err := m.Set("PID-5.2", "EMILY"); err != nil {
				t.Fatal(err)
			}
			want := w.appendWidened(nil, []byte(bom+strings.Replace(text, "😀", "EMILY", 1)))
			if !bytes.Equal(m.AppendTo(nil), want) {
				t.Error("the edited message is not in the encoding it came in")
			}
			h, err := ReadHeader(data)
			if err != nil || string(h.ControlID()) != "1" {
				t.Errorf("header: %v", err)
			}
		}
	}
	if _, err := Parse([]byte("\xff\xfeM\x00S\x00H\x00|")); err == nil {
		t.Error("half a message reads")
	}
}

// Broken characters and escape sequences take no terminator or separator with
// them.
func TestBrokenCharactersHideNoDelimiters(t *testing.T) {
	for _, c := range []struct{ code, pid string }{
		{"ISO IR87", "PID|\x1b\rPV1|1"}, {"ISO IR87", "PID|\x1b\xf5\rPV1|1"}, {"ISO IR87", "PID|\x1b$\rPV1|1"}, {"ISO IR87", "PID|\x1b|2\rPV1|1"},
		{"GB 18030-2000", "PID|\x810\rPV1|1"}, {"GB 18030-2000", "PID|\x810|2\rPV1|1"},
	} {
		m, err := Parse([]byte(header18(c.code) + c.pid))
		if err != nil {
			t.Fatal(err)
		}
		if m.Segment("PV1", 1).Field(1).Text() != "1" || m.Segment("PID", 1).NumFields() != strings.Count(c.pid, "|")-1 {
			t.Errorf("%s %q: %d segments", c.code, c.pid, m.Len())
		}
	}
}
