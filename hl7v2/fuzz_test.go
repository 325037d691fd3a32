package hl7v2

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// seedMessages adds small messages of all kinds, good and bad, and the cases
// of the corpus where it is there.
func seedMessages(f *testing.F) {
	for _, s := range []string{
		"", "MSH", "MSH|", "MSH|^~\\&|A|\x00|\r", "MSH|^~\\&|A\n  |\n0", "MSH|!#|\n!", "MSH|^~\\&", "MSH|^~\\&#|", "MSH|^~\\\\&|", string(benchADT), "MSH$%~!@$PAS\rPID$1$$1%2@3~4",
		"\xef\xbb\xbfMSH|^~\\&|A\n PID|1\r\n\r\nNTE\r\x00", "\x0bMSH|^~\\&|A\rPID|\"\"\r\x1c\r", "M\x00S\x00H\x00|\x00^\x00~\x00", "\xfe\xff\x00M\x00S\x00H\x00|\x00^\x00~",
		header18("BIG-5") + "PID|1||\xa5\x5c^\xa5\r", header18("ISO IR87") + "PID|\x1b$BF|K\\\x1b(B|x", header18("GB 18030-2000") + "PID|\x81\x30\x81\x30|\x81",
		header18("8859/5") + "NTE|\\C2D41\\\xe9\\M2442\\\\X4142\\\\.sp99\\", "FHS|^~\\&\rBHS|^~\\&\r" + header18("") + "BTS|1\rstray\rFTS|2", "BHS!",
	} {
		f.Add([]byte(s))
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "corpora", "hl7v2", "malformed", "input", "*.hl7"))
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && len(b) < 4<<10 {
			f.Add(b)
		}
	}
}

func FuzzParse(f *testing.F) {
	seedMessages(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range []Parser{{}, {Strict: true}, {Terminators: CROnly, Fallback: Windows1252}} {
			m, err := p.Parse(data)
			if i, ok := err.(Issue); err != nil && (!ok || i.Offset < 0 || i.Offset > int64(2*len(data)+4)) {
				t.Fatalf("%#v", err)
			}
			if m == nil {
				continue
			}
			if !bytes.Equal(m.AppendTo(nil), data) {
				t.Fatal("bytes changed")
			}
			if p == (Parser{}) && !m.charset.hidesDelimiters() {
				if got, want := leaves(m), slowLeaves(m); strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Fatalf("%q\n got %q\nwant %q", data, got, want)
				}
			}
			for _, strict := range []bool{false, true} {
				for _, i := range m.Check(strict) {
					if i.Offset < 0 || i.Offset > int64(len(m.Bytes())) {
						t.Fatalf("%s: offset %d", i.Code, i.Offset)
					}
					if line, col := position(m.Bytes(), int(i.Offset)); i.Line != line || i.Col != col {
						t.Fatalf("%s at byte %d: %d:%d, want %d:%d", i.Code, i.Offset, i.Line, i.Col, line, col)
					}
				}
			}
			for s := range m.Segments("") {
				for _, v := range s.Fields() {
					v.Text()
					v.Whole()
					v.DateTime()
					v.Number()
					v.DecodeBase64(io.Discard)
				}
			}
			canonical := m.AppendCanonical(nil)
			if again, err := (Parser{Terminators: m.parser.Terminators}).Parse(canonical); err != nil || !bytes.Equal(again.AppendCanonical(nil), canonical) {
				t.Fatalf("canonical form %q: %v", canonical, err)
			}
		}
		if h, err := ReadHeader(data); err == nil {
			for n := range 30 {
				h.Field(n)
				h.Component(n, 2)
			}
		}
	})
}

func FuzzSet(f *testing.F) {
	f.Add([]byte(benchADT), "PID-5.1", "O'Neill & \\ Sons")
	f.Add([]byte(header18("8859/1")+"PID|1"), "PID-3[2].4.2", "é")
	f.Add([]byte("MSH|^~"), "MSH-9", "ADT")
	f.Fuzz(func(t *testing.T, data []byte, path, text string) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		if p, err := ParsePath(path); err != nil || p.Field > 1000 || p.Rep > 1000 || p.Comp > 1000 || p.Sub > 1000 || p.Segment == "MSH" && p.Field == 18 {
			return
		}
		before := m.AppendTo(nil)
		if err := m.Set(path, text); err != nil {
			if !bytes.Equal(m.AppendTo(nil), before) {
				t.Fatal("an edit that failed changed the message")
			}
			return
		}
		if m.delims.Escape == 0 || m.charset != Undeclared || text == `""` {
			return
		}
		v, err := m.Get(path)
		if err != nil || v.Text() != text {
			t.Fatalf("set %q, got %q: %v", text, v.Text(), err)
		}
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a|b", "\\F\\", "\\X4\\", "\\\\\\", "C:\\temp\\new", "\\.sp+3\\", "\\XZZ\\F\\"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := Standard()
		if got := d.AppendUnescaped(nil, d.AppendEscaped(nil, text)); !bytes.Equal(got, text) {
			t.Fatalf("%q reads back as %q", text, got)
		}
		once, err := d.Unescape(text)
		if i, ok := err.(Issue); ok && (i.Offset < 0 || i.Offset >= int64(len(text)) || text[i.Offset] != '\\') {
			t.Fatalf("offset %d", i.Offset)
		}
		if !bytes.Equal(once, d.AppendUnescaped(nil, text)) {
			t.Fatal("strict and lenient text differ")
		}
	})
}

func FuzzDateTime(f *testing.F) {
	for _, s := range []string{"", `""`, "2025", "20240229", "20250102030405.1234-0530", "2025013", "00000101"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDateTime(s)
		if err != nil {
			if i := err.(Issue); i.Offset < 0 || i.Offset > int64(len(s)) {
				t.Fatalf("offset %d", i.Offset)
			}
			return
		}
		back, err := ParseDateTime(d.String())
		if err != nil || back != d {
			t.Fatalf("%q is written %q", s, d)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"PID-5.1", "OBX[2]-5[*].1.2", "A[1].B.PID(2)-3(1).4-5", "PID", "-", "PID-99999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePath(s)
		if err != nil {
			if i := err.(Issue); i.Offset < 0 || i.Offset > int64(len(s)) {
				t.Fatalf("offset %d", i.Offset)
			}
			return
		}
		back, err := ParsePath(p.String())
		if err != nil || back.String() != p.String() {
			t.Fatalf("%q is written %q: %v", s, p, err)
		}
	})
}

// A stream gives the same whatever the sizes of its reads.
func FuzzBatch(f *testing.F) {
	seedMessages(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(r io.Reader) (out []string) {
			b := Parser{}.Reader(r)
			for {
				m, err := b.Next()
				if err == io.EOF {
					break
				}
				if m != nil {
					out = append(out, string(m.Bytes()))
				} else {
					out = append(out, err.Error())
				}
			}
			for _, i := range b.Issues() {
				if line, col := position(data, int(i.Offset)); i.Line != line || i.Col != col {
					t.Fatalf("%s at byte %d: %d:%d, want %d:%d", i.Code, i.Offset, i.Line, i.Col, line, col)
				}
				out = append(out, i.Error())
			}
			return out
		}
		whole, bytewise := read(bytes.NewReader(data)), read(iotest.OneByteReader(bytes.NewReader(data)))
		if strings.Join(whole, "\n") != strings.Join(bytewise, "\n") {
			t.Fatalf("whole %q\n by byte %q", whole, bytewise)
		}
	})
}
