package hl7v2

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nhskit/nhskit/hl7v2/internal/mutate"
)

// seedMessages returns small messages of all kinds, good and bad, and the
// cases of the corpus where it is there.
func seedMessages() (seeds [][]byte) {
	for _, s := range []string{
		"", "MSH", "MSH|", "MSH|^~\\&|A|\x00|\r", "MSH|^~\\&|A\n  |\n0", "MSH|!#|\n!", "MSH|^~\\&", "MSH|^~\\&#|", "MSH|^~\\\\&|", string(benchADT), "MSH$%~!@$PAS\rPID$1$$1%2@3~4",
		"\xef\xbb\xbfMSH|^~\\&|A\n PID|1\r\n\r\nNTE\r\x00", "\x0bMSH|^~\\&|A\rPID|\"\"\r\x1c\r", "M\x00S\x00H\x00|\x00^\x00~\x00", "\xfe\xff\x00M\x00S\x00H\x00|\x00^\x00~",
		header18("BIG-5") + "PID|1||\xa5\x5c^\xa5\r", header18("ISO IR87") + "PID|\x1b$BF|K\\\x1b(B|x", header18("GB 18030-2000") + "PID|\x81\x30\x81\x30|\x81",
		header18("8859/5") + "NTE|\\C2D41\\\xe9\\M2442\\\\X4142\\\\.sp99\\", "MSH|^~\\&|A|||||||C\x1c\r|||\r", header18("ISO IR87") + "PID|\x1b\r~", header18("ISO IR87") + "PID|\x1b\xf5\r~", header18("BIG-5") + "PID|1||\xa5\x7c^||\r", "\vMSH|^~\\&\xfc\"A\rPID|\"\"M\x1c|\"\r", "FHS|^~\\&\rBHS|^~\\&\r" + header18("") + "BTS|1\rstray\rFTS|2", "BHS!",
	} {
		seeds = append(seeds, []byte(s))
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "corpora", "hl7v2", "malformed", "input", "*.hl7"))
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && len(b) < 4<<10 {
			seeds = append(seeds, b)
		}
	}
	return seeds
}

// addAll gives seeds to the fuzzer.
func addAll(f *testing.F, seeds [][]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
}

// messageTokens is what the grammar of messages knows.
func messageTokens() []string {
	return []string{
		"|", "^", "~", "\\", "&", "\r", "\n", "\r\n", "\x00", "\x0b", "\x1c\r", "\xef\xbb\xbf", "\"\"", "MSH|^~\\&|", "\rPID|", "\rFHS|", "\rBHS|", "\rBTS|1\r", "\rFTS|1\r", "\rMSH|",
		"\\F\\", "\\E\\", "\\X0D\\", "\\.br\\", "\\H\\", "\\C2842\\", "UNICODE UTF-8", "8859/1", "ISO IR87", "BIG-5", "\x1b$B", "\x1b(B", "\x81\x30", "\xa5\x5c", "\xc3\xa9",
	}
}

func FuzzParse(f *testing.F) {
	addAll(f, seedMessages())
	f.Fuzz(checkParse)
}

func checkParse(t *testing.T, data []byte) {
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
		var places Locator
		for s := range m.Segments("") {
			if got, want := places.SegmentPath(s), s.Path(); got != want {
				t.Fatalf("segment %d of %q: %s, want %s", s.Index(), data, got, want)
			}
			for n, v := range s.Fields() {
				if got := places.In(s, Path{Field: n}); got != v {
					t.Fatalf("field %d of %q: %v, want %v", n, data, got, v)
				}
				for leaf := range v.Leaves() {
					if got, want := places.Path(leaf), leaf.Path(); got != want {
						t.Fatalf("byte %d of %q: %s, want %s", leaf.Offset(), data, got, want)
					}
				}
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
}

func FuzzSet(f *testing.F) {
	f.Add([]byte(benchADT), "PID-5.1", "O'Neill & \\ Sons")
	f.Add([]byte(header18("8859/1")+"PID|1"), "PID-3[2].4.2", "é")
	f.Add([]byte("MSH|^~"), "MSH-9", "ADT")
	f.Fuzz(checkSet)
}

func checkSet(t *testing.T, data []byte, path, text string) {
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
}

func FuzzEscape(f *testing.F) {
	for _, s := range escapeSeeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(checkEscape)
}

func checkEscape(t *testing.T, text []byte) {
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
}

func FuzzDateTime(f *testing.F) {
	for _, s := range dateSeeds() {
		f.Add(s)
	}
	f.Fuzz(checkDateTime)
}

func checkDateTime(t *testing.T, s string) {
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
}

func FuzzPath(f *testing.F) {
	for _, s := range pathSeeds() {
		f.Add(s)
	}
	f.Fuzz(checkPath)
}

func checkPath(t *testing.T, s string) {
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
}

// A stream gives the same whatever the sizes of its reads.
func FuzzBatch(f *testing.F) {
	addAll(f, seedMessages())
	f.Fuzz(checkBatch)
}

func checkBatch(t *testing.T, data []byte) {
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
}

func escapeSeeds() []string {
	return []string{"", "a|b", "\\F\\", "\\X4\\", "\\\\\\", "C:\\temp\\new", "\\.sp+3\\", "\\XZZ\\F\\"}
}

func dateSeeds() []string {
	return []string{"", `""`, "2025", "20240229", "20250102030405.1234-0530", "2025013", "00000101"}
}

func pathSeeds() []string {
	return []string{"PID-5.1", "OBX[2]-5[*].1.2", "A[1].B.PID(2)-3(1).4-5", "PID", "-", "PID-99999999999"}
}

// TestMutations runs the checks of the fuzz targets on mutations of their
// seeds: with NHSKIT_LONG, together with those of mllp and xml, more than 20
// million times.
func TestMutations(t *testing.T) {
	t.Run("Parse", func(t *testing.T) { mutate.Run(t, 2000, 1_000_000, seedMessages(), messageTokens(), checkParse) })
	t.Run("Repaired", func(t *testing.T) {
		mutate.Run(t, 2000, 500_000, repairSeeds(), append(messageTokens(), "\rOBX|1|TX|||", "\rNTE|1||", "<br>", "\\X00E9\\", "\\X", "\\E\\X0A\\E\\"), func(t *testing.T, in []byte) {
			checkRepaired(t, in, uint16(uint64(len(in)+1)*0x9e3779b97f4a7c15>>44))
		})
	})
	t.Run("Batch", func(t *testing.T) { mutate.Run(t, 1000, 500_000, seedMessages(), messageTokens(), checkBatch) })
	t.Run("Escape", func(t *testing.T) {
		mutate.Run(t, 20_000, 8_000_000, byteSlices(escapeSeeds()), messageTokens(), checkEscape)
	})
	t.Run("DateTime", func(t *testing.T) {
		tokens := []string{"0", "9", "00", "31", "60", "2359", "+0000", "-1200", "+1400", ".", ".0000", "20240229", " "}
		mutate.Run(t, 20_000, 6_000_000, byteSlices(dateSeeds()), tokens, func(t *testing.T, in []byte) { checkDateTime(t, string(in)) })
	})
	t.Run("Path", func(t *testing.T) {
		tokens := []string{"-", ".", "[*]", "[1]", "(2)", "PID", "ZZ1", "0", "99999999999"}
		mutate.Run(t, 10_000, 2_000_000, byteSlices(pathSeeds()), tokens, func(t *testing.T, in []byte) { checkPath(t, string(in)) })
	})
	t.Run("Set", func(t *testing.T) {
		paths := []string{"PID-5.1", "PID-3[2].4.2", "MSH-9", "ZZZ-3", "OBX[2]-5", "PID-3.1.4", "MSH-2", "PV1-1"}
		mutate.Run(t, 2000, 500_000, seedMessages(), messageTokens(), func(t *testing.T, in []byte) {
			at := len(in) / 2
			checkSet(t, in, paths[len(in)%len(paths)], string(in[at:min(at+9, len(in))]))
		})
	})
}

func byteSlices(in []string) (out [][]byte) {
	for _, s := range in {
		out = append(out, []byte(s))
	}
	return out
}
