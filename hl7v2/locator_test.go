package hl7v2

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

// elements are all segments and values of a message, in their order.
func elements(m *Message) (segments []Segment, values []Value) {
	for s := range m.Segments("") {
		segments = append(segments, s)
		for _, f := range s.Fields() {
			values = append(values, f)
			for _, r := range f.Reps() {
				values = append(values, r)
				for _, c := range r.Components() {
					values = append(values, c)
					for _, sub := range c.Subs() {
						values = append(values, sub, sub.Leaf())
					}
				}
			}
		}
	}
	return segments, values
}

// A Locator answers as Path does, in whatever order it is asked.
func TestLocator(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	pieces := []string{"|", "^", "~", "&", "\r", "x", "a^b", "OBX|", "\rPID|1", "\rOBX|", "\rsome text", "~~", "&&", "^^", `""`}
	var l Locator
	compared := 0
	for range 400 {
		var b strings.Builder
		b.WriteString("MSH|^~\\&|A~B^C&D")
		for range r.IntN(120) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		m, err := Parse([]byte(b.String()))
		if err != nil {
			continue
		}
		segments, values := elements(m)
		for range 200 {
			s := m.SegmentAt(r.IntN(m.Len()+1) - r.IntN(2))
			p := Path{Field: r.IntN(8), Rep: r.IntN(4), Comp: r.IntN(4), Sub: r.IntN(4)}
			for range 4 {
				if got, want := l.In(s, p), p.In(s); got != want {
					t.Fatalf("%q, %v of segment %d: %v at %d, want %v at %d", b.String(), p, s.Index(), got, got.Offset(), want, want.Offset())
				}
				switch r.IntN(3) {
				case 0:
					p.Rep++
				case 1:
					p.Comp++
				case 2:
					p.Sub++
				}
			}
		}
		for i := range 2 {
			if i == 1 {
				r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
			}
			for _, v := range values {
				compared++
				if got, want := l.Path(v), v.Path(); got != want {
					t.Fatalf("%q: %q, want %q", b.String(), got, want)
				}
			}
			for _, s := range segments {
				if got, want := l.SegmentPath(s), s.Path(); got != want {
					t.Fatalf("%q: %q, want %q", b.String(), got, want)
				}
			}
		}
	}
	if compared < 50_000 {
		t.Errorf("only %d compared", compared)
	}
	if l.Path(Value{}) != "" || l.SegmentPath(Segment{}) != "" {
		t.Error("what does not exist has a path")
	}
}

// A message that has been changed is another one to a Locator.
func TestLocatorAfterSet(t *testing.T) {
	m, err := Parse([]byte("MSH|^~\\&|A\rPID|1||a^b\rOBX|1\rOBX|2\r"))
	if err != nil {
		t.Fatal(err)
	}
	var l Locator
	if got := l.Path(m.SegmentAt(1).Field(3).Component(2)); got != "PID-3.2" {
		t.Errorf("%s", got)
	}
	if err := m.Set("PID-3[2]", "c"); err != nil {
		t.Fatal(err)
	}
	l.Reset()
	if got, want := l.Path(m.SegmentAt(1).Field(3).Component(2)), "PID-3[1].2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What was found by numbers alone is forgotten too.
func TestLocatorInAfterSet(t *testing.T) {
	m, err := Parse([]byte("MSH|^~\\&|A\rPID|1||ab^c\r"))
	if err != nil {
		t.Fatal(err)
	}
	var l Locator
	second := MustPath("PID-3[1].2")
	if got := string(l.In(m.SegmentAt(1), second).Raw()); got != "c" {
		t.Errorf("%s", got)
	}
	if err := m.SetRaw("PID-3", []byte("a^bc")); err != nil {
		t.Fatal(err)
	}
	l.Reset()
	if got := string(l.In(m.SegmentAt(1), second).Raw()); got != "bc" {
		t.Errorf("%s after a change, want bc", got)
	}
}

// Nor does it lose its place when it looks back at what holds a value.
func TestLocatorLooksBackInLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, unit := range []string{"a^b&c^d~", "a&b&c^", "~"} {
		growth.Check(t, unit, 4000, func(n int) func() {
			m, err := Parse([]byte("MSH|^~\\&|A\rPID|" + strings.Repeat(unit, n)))
			if err != nil {
				t.Fatal(err)
			}
			return func() {
				var l Locator
				for _, r := range m.SegmentAt(1).Field(1).Reps() {
					for _, c := range r.Components() {
						for _, s := range c.Subs() {
							l.Path(s)
							l.Path(c)
							l.Path(r)
						}
					}
				}
			}
		})
	}
}

// To locate every element takes time in proportion to the message.
func TestLocatorIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, unit := range []string{"\rOBX|1", "~F", "^F", "&F", "|F"} {
		growth.Check(t, unit, 4000, func(n int) func() {
			m, err := Parse([]byte("MSH|^~\\&|A\rPID|" + strings.Repeat(unit, n)))
			if err != nil {
				t.Fatal(err)
			}
			segments, _ := elements(m)
			return func() {
				var l Locator
				for _, s := range segments {
					l.SegmentPath(s)
					for _, f := range s.Fields() {
						for leaf := range f.Leaves() {
							l.Path(leaf)
						}
					}
				}
			}
		})
	}
}

// Reset keeps no room that would cost time to clear for each message after.
func TestLocatorForgetsMuch(t *testing.T) {
	text := "MSH|^~\\&|A"
	for i := range 600 {
		text += "\rZ" + string(rune('A'+i/26)) + string(rune('A'+i%26)) + "|1"
	}
	m, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var l Locator
	for s := range m.Segments("") {
		if got, want := l.SegmentPath(s), s.Path(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if l.Reset(); l.count != nil || l.occur != nil {
		t.Errorf("keeps %d counts and room for %d segments", len(l.count), cap(l.occur))
	}
}
