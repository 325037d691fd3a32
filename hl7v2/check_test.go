package hl7v2

import (
	"reflect"
	"testing"

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
		got, want := m.Check(strict), m.check(strict, 0)
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
			m.check(false, 0)
		}
	})
}
