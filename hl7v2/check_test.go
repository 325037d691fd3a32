package hl7v2

import (
	"reflect"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2/internal/growth"
	"github.com/nhskit/nhskit/hl7v2/internal/mutate"
)

// checkPlain holds Check, which passes over plain segments, to a look at every
// leaf.
func checkPlain(t *testing.T, data []byte) {
	m, err := Parser{Limits: Limits{Repetitions: 4, Components: 7, Subcomponents: 3}}.Parse(data)
	if err != nil {
		return
	}
	for _, strict := range []bool{false, true} {
		got, want := m.Check(strict), (&checker{m: m, strict: strict}).check()
		if len(got) != len(want) {
			t.Fatalf("strict %t: %d findings, want %d", strict, len(got), len(want))
		}
		for i := range got {
			if got[i].Error() != want[i].Error() || got[i].Severity != want[i].Severity || got[i].Line != want[i].Line || got[i].Col != want[i].Col {
				t.Fatalf("strict %t: got %v, want %v", strict, got[i], want[i])
			}
		}
	}
}

func TestCheckPlainSegments(t *testing.T) {
	seeds := append(seedMessages(), benchADT, benchORU)
	for _, data := range seeds {
		checkPlain(t, data)
	}
	tokens := append(messageTokens(), "\x7f", "\x01", "\t", "\x80", "\xff", "~~~~~", "&&&&", "^^^^^^^^")
	mutate.Run(t, 3000, 300_000, seeds, tokens, checkPlain)
}

// TestPosition compares lines and columns with a count of bytes.
func TestPosition(t *testing.T) {
	for _, text := range []string{"", "a", "\r", "\n", "\r\n", "a\rb\nc\r\nd", "\r\r\n\n\r\r\n", "\n\r\n\r", "abc\r\n\r\nx\n\ny"} {
		line, col := 1, 1
		for at := range len(text) + 1 {
			if l, c := position([]byte(text), at); l != line || c != col {
				t.Errorf("%q, byte %d: %d:%d, want %d:%d", text, at, l, c, line, col)
			}
			if at == len(text) {
				break
			}
			crlf := text[at] == '\r' && at+1 < len(text) && text[at+1] == '\n'
			if text[at] == '\n' || text[at] == '\r' && !crlf {
				line, col = line+1, 1
			} else {
				col++
			}
		}
	}
}

// TestCheckIsLinear has the one finding of many segments at their end.
func TestCheckIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	growth.Check(t, "segments", 2000, func(n int) func() {
		m, err := Parse([]byte("MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.4\r" + strings.Repeat("OBX|1\r", n) + "O|1\r"))
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if issues := m.Check(false); len(issues) != 1 || issues[0].Line != n+2 {
				t.Fatal(issues)
			}
		}
	})
}

// TestUnremarkable puts every byte in every place of a short run.
func TestUnremarkable(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				data := make([]byte, n)
				for i := range data {
					data[i] = 'A'
				}
				data[at] = byte(c)
				for _, escape := range []byte{'\\', 0, '!'} {
					m := Message{data: data, delims: Delimiters{Escape: escape}}
					want := c >= ' ' && c < 0x7f && (c != int(escape) || escape == 0)
					if got := m.unremarkable(0, uint32(n)); got != want {
						t.Fatalf("%#02x in place %d of %d: %t", c, at, n, got)
					}
				}
			}
		}
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	for _, data := range [][]byte{benchADT, benchORU} {
		m, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if issues := m.Check(true); len(issues) > 0 {
			t.Fatal(issues)
		}
		if n := testing.AllocsPerRun(100, func() { m.Check(true) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// TestMarks reads every message from its marks alone.
func TestMarks(t *testing.T) {
	if got := (Segment{}).Marks(); got != nil {
		t.Errorf("marks of no segment: %v", got)
	}
	for _, data := range append(seedMessages(), benchADT, benchORU) {
		m, err := Parse(data)
		if err != nil {
			continue
		}
		for s := range m.Segments("") {
			marks := s.Marks()
			n := 0
			if s.Index() == 0 {
				n = 1
			}
			var got, want []Value
			for i := 0; i+1 < len(marks); i++ {
				if marks[i].EndsField() {
					n++
				}
				got = append(got, Value{start: marks[i].at() + 1, end: marks[i+1].at(), lo: uint32(n)})
				if marks[i].EndsField() != (marks[i].Kind() == FieldMark) {
					t.Fatalf("mark %d of %v", i, s)
				}
			}
			if last := marks[len(marks)-1]; last.Kind() != SegmentEnd || !last.EndsField() || last.Offset() != s.Offset()+len(s.Raw()) {
				t.Fatalf("%v ends in %v", s, last)
			}
			for n, f := range s.Fields() {
				if n == 1 && s.Index() == 0 {
					continue
				}
				for l := range f.Leaves() {
					if n > 2 && l.State() == Present && string(m.AppendText(nil, int(l.start), int(l.end))) != l.Text() {
						t.Fatalf("the text of %v", l)
					}
				}
				for l := range f.Leaves() {
					want = append(want, Value{start: l.start, end: l.end, lo: uint32(n)})
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: leaves %v, want %v", s, got, want)
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	m, err := Parse(benchORU)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(benchORU)))
		for b.Loop() {
			m.Check(false)
		}
	})
	b.Run("every leaf", func(b *testing.B) {
		b.SetBytes(int64(len(benchORU)))
		for b.Loop() {
			(&checker{m: m}).check()
		}
	})
}

// What is skipped is not counted, and a path is as that of the finding.
func TestCheckExcept(t *testing.T) {
	data := "MSH|^~\\&|A|B|C|D|20260714||ADT^A01|1|P|2.4\r" + strings.Repeat("OBX|1||\\Q|a\x01b\r", 2*maxIssues) + "obx|1\r"
	m, err := Parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	issues := m.CheckExcept(true, func(code Code, path string) bool {
		asked++
		return code == CodeControlCharacter && strings.HasSuffix(path, "-4") || code == CodeEscape && path != "OBX[400]-3"
	})
	if len(issues) != 2 || issues[0].Code != CodeEscape || issues[0].Path != "OBX[400]-3" || issues[1].Code != CodeSegmentID || issues[1].Line != 402 {
		t.Errorf("%v", issues)
	}
	if want := 4*maxIssues + 1; asked != want {
		t.Errorf("asked %d times, want %d", asked, want)
	}
	// The severity of what says that more is left out is that of what counts.
	issues = m.CheckExcept(true, func(code Code, _ string) bool { return code != CodeEscape && code != CodeSegmentID })
	if len(issues) != maxIssues+1 || issues[maxIssues].Code != CodeTooMany {
		t.Errorf("%d findings", len(issues))
	}
}

// Nor does what is skipped make the list look worse where that is full.
func TestCheckExceptSeverity(t *testing.T) {
	m, err := Parse([]byte("MSH|^~\\&|A|B|C|D|20260714||ADT^A01|1|P|2.4||||||8859/1\r" + strings.Repeat("OBX|1||a\x85b\r", 2*maxIssues) + "OBX|1||\\Q\r"))
	if err != nil {
		t.Fatal(err)
	}
	for want, skip := range map[Severity]func(Code, string) bool{
		Error:   nil,
		Warning: func(code Code, _ string) bool { return code == CodeEscape },
	} {
		issues := m.CheckExcept(true, skip)
		if last := issues[len(issues)-1]; len(issues) != maxIssues+1 || last.Code != CodeTooMany || last.Severity != want {
			t.Errorf("%d findings, the last %v %v, want %v", len(issues), last.Severity, last.Code, want)
		}
	}
}

// Nor does it take longer than the message has bytes where all is skipped.
func TestCheckExceptIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, unit := range []string{"\rOBX|\\Q\\", "~\\Q\\", "^\\Q\\", "&\\Q\\"} {
		growth.Check(t, unit, 4000, func(n int) func() {
			m, err := Parse([]byte("MSH|^~\\&|A\rPID|" + strings.Repeat(unit, n)))
			if err != nil {
				t.Fatal(err)
			}
			return func() { m.CheckExcept(false, func(Code, string) bool { return true }) }
		})
	}
}
