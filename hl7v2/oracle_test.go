package hl7v2

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// slowLeaves is the obvious reading of a message, by splitting strings: the
// oracle of the index. It takes what Parse accepts.
func slowLeaves(m *Message) []string {
	d := m.Delimiters()
	split := func(s string, c byte) []string {
		if c == 0 {
			return []string{s}
		}
		return strings.Split(s, string(c))
	}
	body := string(m.data[m.begin:m.end])
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\r"), "\n", "\r")
	var out []string
	n := 0
	for line := range strings.SplitSeq(body, "\r") {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			continue
		}
		fields := split(line, d.Field)
		id := fields[0]
		if n == 0 {
			fields = append([]string{id, string(d.Field)}, fields[1:]...)
		}
		for f, field := range fields[1:] {
			reps := split(field, d.Repetition)
			if n == 0 && f < 2 {
				out = append(out, fmt.Sprintf("0 MSH-%d[1].1.1=%s", f+1, field))
				continue
			}
			for r, rep := range reps {
				for c, comp := range split(rep, d.Component) {
					for s, sub := range split(comp, d.Subcomponent) {
						if sub != "" {
							out = append(out, fmt.Sprintf("%d %s-%d[%d].%d.%d=%s", n, id, f+1, r+1, c+1, s+1, sub))
						}
					}
				}
			}
		}
		n++
	}
	return out
}

// genMessage draws a message of arbitrary shape: delimiters, terminators,
// long and short values, and much that is empty.
func genMessage() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		enc := rapid.SampledFrom([]string{"|^~\\&", "|^~\\&", "|^~\\&", "|^~\\&#", "$%~!@", "|^~", "|^~\\", "*:!/+", "|&~\\^"}).Draw(t, "delimiters")
		end := rapid.SampledFrom([]string{"\r", "\n", "\r\n", "\r\r\n"}).Draw(t, "terminator")
		piece := rapid.OneOf(
			rapid.SampledFrom([]string{enc[:1], enc[1:2], enc[2:3], enc[:1], enc[len(enc)-1:], enc[:1] + enc[:1], `""`, "\\F\\", "\\", "\t", "é", "ZX"}),
			rapid.StringMatching(`[A-Za-z0-9 .'-]{0,12}`),
			rapid.StringMatching(`[a-z]{90,200}`),
		)
		var b strings.Builder
		b.WriteString("MSH" + enc)
		for i := range rapid.IntRange(0, 6).Draw(t, "segments") {
			if i > 0 {
				b.WriteString(end + rapid.SampledFrom([]string{"PID", "OBX", "ZZ1", "N", " NTE"}).Draw(t, "id"))
			}
			b.WriteString(enc[:1])
			for _, s := range rapid.SliceOfN(piece, 0, 25).Draw(t, "pieces") {
				b.WriteString(s)
			}
		}
		b.WriteString(rapid.SampledFrom([]string{"", end, end + end, end + "\x00\x00"}).Draw(t, "tail"))
		return []byte(b.String())
	})
}

func TestIndexAgainstSplitting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := genMessage().Draw(t, "message")
		m, err := Parse(data)
		if err != nil {
			t.Skip("not a message")
		}
		got, want := leaves(m), slowLeaves(m)
		if n := walk(m); n+nulls(m) != len(got) {
			t.Fatalf("%d leaves, want %d", n, len(got))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%q\n got %q\nwant %q", data, got, want)
		}
		if !bytes.Equal(m.AppendTo(nil), data) {
			t.Fatal("bytes changed")
		}
		var reused Message
		for _, other := range [][]byte{benchORU, data} {
			if err := (Parser{}).ParseInto(&reused, other); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(leaves(&reused), "\n") != strings.Join(got, "\n") {
			t.Fatal("a message that was used before reads differently")
		}
		canonical := m.AppendCanonical(nil)
		again, err := Parse(canonical)
		if err != nil {
			t.Fatalf("canonical form %q: %v", canonical, err)
		}
		if !bytes.Equal(again.AppendCanonical(nil), canonical) {
			t.Fatalf("canonical form is not stable: %q, %q", canonical, again.AppendCanonical(nil))
		}
		if strings.Join(leaves(again), "\n") != strings.Join(got, "\n") {
			t.Fatalf("canonical form has other values: %q", canonical)
		}
	})
}

// The path of every value leads back to it.
func TestPathsLeadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := Parse(genMessage().Draw(t, "message"))
		if err != nil {
			t.Skip("not a message")
		}
		for s := range m.Segments("") {
			if !isSegmentID(s.id()) {
				continue
			}
			for _, f := range s.Fields() {
				for _, rep := range f.Reps() {
					for _, comp := range rep.Components() {
						for _, sub := range comp.Subs() {
							for _, v := range []Value{f, rep, comp, sub} {
								back, err := m.Get(v.Path())
								if err != nil {
									t.Fatalf("%s: %v", v.Path(), err)
								}
								if back.Offset() != v.Offset() || back.Leaf().end != v.Leaf().end {
									t.Fatalf("%q: %s leads to byte %d, not %d", m.data, v.Path(), back.Offset(), v.Offset())
								}
							}
						}
					}
				}
			}
		}
	})
}

// Set makes Get return what was set, and changes nothing else.
func TestSetThenGet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := genMessage().Draw(t, "message")
		m, err := Parse(data)
		if err != nil || m.delims.Subcomponent == 0 {
			t.Skip("not a message with all delimiters")
		}
		s := m.SegmentAt(rapid.IntRange(0, m.Len()-1).Draw(t, "segment"))
		if !isSegmentID(s.id()) {
			t.Skip("no path leads there")
		}
		p := Path{Segment: s.ID(), Occur: s.Occurrence(), Field: rapid.IntRange(1, 12).Draw(t, "field")}
		if s.Index() == 0 {
			p.Field += 2
		}
		p.Rep = rapid.IntRange(0, 4).Draw(t, "repetition")
		if p.Comp = rapid.IntRange(0, 4).Draw(t, "component"); p.Comp > 0 {
			p.Sub = rapid.IntRange(0, 3).Draw(t, "subcomponent")
		}
		if s.Index() == 0 && p.Field == 18 {
			t.Skip("changes the character set")
		}
		text := rapid.OneOf(rapid.StringMatching(`[ -~]{0,20}`), rapid.SampledFrom([]string{"a\rb", "\\", "\\F\\", "x\ny", "\\X41\\", "\\X4\\", "\\\\"})).Draw(t, "text")
		if text == `""` {
			t.Skip("the null")
		}
		before := leaves(m)
		old := m.Value(p).Leaf()
		wasPath, existed := old.Path(), old.Exists()
		if err := m.Set(p.String(), text); err != nil {
			t.Fatal(err)
		}
		if got := m.Value(p).Text(); got != text {
			t.Fatalf("%s of %q: set %q, got %q in %q", p, data, text, got, m.data)
		}
		if text != "" && m.Value(p).State() != Present {
			t.Fatal("not present")
		}
		// The values elsewhere are the same.
		changed := 0
		after := map[string]bool{}
		for _, l := range leaves(m) {
			after[l] = true
		}
		for _, l := range before {
			if !after[l] {
				changed++
			}
		}
		if changed > 1 {
			t.Fatalf("%s (%s, %t): %d values changed: %q, %q", p, wasPath, existed, changed, data, m.data)
		}
		again, err := Parse(m.AppendTo(nil))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(leaves(again), "\n") != strings.Join(leaves(m), "\n") {
			t.Fatal("the index after Set differs from a new one")
		}
	})
}

// Escaping and reading back is the identity for every text.
func TestEscapeIsUndone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Standard()
		if rapid.Bool().Draw(t, "other") {
			d = Delimiters{'$', '%', '~', '!', '@', '#'}
		}
		parts := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom([]string{"\\", "|", "^", "&", "~", "#", "\r", "\n", "!", "F", "X", "x41", "X4", "X41", ".br", "E"}), rapid.String())).Draw(t, "parts")
		text := []byte(strings.Join(parts, ""))
		raw := d.AppendEscaped(nil, text)
		if got := d.AppendUnescaped(nil, raw); !bytes.Equal(got, text) {
			t.Fatalf("%q is written %q and read %q", text, raw, got)
		}
		if !bytes.Equal(d.EscapeText(text), raw) {
			t.Fatal("EscapeText and AppendEscaped differ")
		}
		if i := bytes.IndexFunc(raw, func(r rune) bool {
			return r == '\r' || r == '\n' || r == rune(d.Field) || r == rune(d.Component) || r == rune(d.Repetition) || r == rune(d.Subcomponent)
		}); i >= 0 {
			t.Fatalf("%q still holds %q", raw, raw[i])
		}
	})
}

func TestAllocations(t *testing.T) {
	var m Message
	m.mustParse(t, benchORU)
	m.mustParse(t, benchADT)
	p := MustPath("PID-3[2].4.1")
	buf := make([]byte, 0, 4096)
	for name, c := range map[string]struct {
		max float64
		run func()
	}{
		"parse again":    {0, func() { m.mustParse(t, benchADT) }},
		"read header":    {0, func() { h, _ := ReadHeader(benchADT); h.Type() }},
		"value of path":  {0, func() { buf = m.Value(p).AppendText(buf[:0]) }},
		"compare":        {0, func() { m.Value(p).Equal("RXX") }},
		"walk":           {0, func() { walk(&m) }},
		"encode":         {0, func() { buf = m.AppendTo(buf[:0]) }},
		"parse fresh":    {4, func() { Parse(benchADT) }},
		"date":           {0, func() { ParseDateTime("20250102030405+0100") }},
		"plain unescape": {0, func() { m.delims.Unescape([]byte("plain")) }},
	} {
		if got := testing.AllocsPerRun(200, c.run); got > c.max {
			t.Errorf("%s: %v allocations, want at most %v", name, got, c.max)
		}
	}
}

// walk visits every value.
func walk(m *Message) (present int) {
	for s := range m.Segments("") {
		for _, f := range s.Fields() {
			for v := range f.Leaves() {
				if v.State() == Present {
					present++
				}
			}
		}
	}
	return present
}

// nulls counts the values that are the HL7 null.
func nulls(m *Message) (n int) {
	for _, l := range leaves(m) {
		if strings.HasSuffix(l, `=""`) {
			n++
		}
	}
	return n
}

// Whatever a message is made of, reading it takes time in proportion to its
// size: sixteen times as much takes nowhere near 256 times as long.
func TestGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	head := header18("")
	for name, unit := range map[string]string{
		"backslashes": "\\", "tildes": "~", "ampersands": "&", "carets": "^", "bars": "|", "segments": "\rNTE|1", "blank lines": "\r\n", "text": "some text ",
		"short runs": "|" + strings.Repeat("x", 120), "escapes": "\\T\\", "tabs": "\t", "NUL": "\x00", "broken hex": "\\X4\\", "unclosed": "\\F",
	} {
		var took [2]time.Duration
		for try := 0; try < 4; try++ { // the machine may be busy
			for i, n := range []int{5_000, 80_000} {
				data := []byte(head + "NTE|1||" + strings.Repeat(unit, n) + "|end")
				took[i] = fastest(3, func() {
					m, err := Parser{}.Parse(data)
					if err != nil {
						t.Fatal(name, err)
					}
					walk(m)
					m.Check(true)
					m.Value(MustPath("NTE-3")).Text()
					m.AppendCanonical(nil)
				})[0]
			}
			if took[1] < 64*took[0] {
				break
			}
		}
		if took[1] > 160*took[0] {
			t.Errorf("%s: sixteen times the size takes %v, not %v", name, took[1], took[0])
		}
	}
}

func TestLimits(t *testing.T) {
	head := header18("")
	parse := func(l Limits, body string) (*Message, error) { return Parser{Limits: l}.Parse([]byte(head + body)) }
	for name, c := range map[string]struct {
		limits Limits
		body   string
	}{
		"bytes":    {Limits{Bytes: len(head) + 10}, "NTE|1||0123456789"},
		"segments": {Limits{Segments: 3}, "NTE|1\rNTE|2\rNTE|3\r"},
	} {
		if _, err := parse(c.limits, c.body); err == nil || err.(Issue).Code != CodeLimit {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := parse(Limits{-1, -1, -1, -1, -1, -1}, c.body); err != nil {
			t.Errorf("%s without a limit: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		limits Limits
		body   string
		path   string
	}{
		"fields":        {Limits{Fields: 3}, "NTE|1|2|3|4", "NTE"},
		"repetitions":   {Limits{Repetitions: 3}, "NTE|1~2~3~4", "NTE-1"},
		"components":    {Limits{Components: 3}, "NTE|1^2^3^4", "NTE-1"},
		"subcomponents": {Limits{Subcomponents: 3}, "NTE|1&2&3&4", "NTE-1"},
	} {
		for _, strict := range []bool{false, true} {
			m, err := parse(c.limits, c.body)
			if err != nil {
				t.Fatal(err)
			}
			severity := map[bool]Severity{false: Warning, true: Error}[strict]
			found := false
			for _, i := range m.Check(strict) {
				found = found || i.Code == CodeLimit && i.Path == c.path && i.Severity == severity
			}
			if !found {
				t.Errorf("%s: %v", name, m.Check(strict))
			}
		}
		m, err := parse(Limits{-1, -1, -1, -1, -1, -1}, c.body)
		if err != nil || len(m.Check(false)) != 0 {
			t.Errorf("%s without a limit: %v, %v", name, err, m.Check(false))
		}
	}
	m, err := parse(Limits{}, "NTE|1||"+strings.Repeat("\\", 1001))
	if err != nil {
		t.Fatal(err)
	}
	if is := m.Check(true); len(is) != maxIssues+1 || is[maxIssues].Code != CodeTooMany || is[maxIssues].Severity != Error {
		t.Errorf("%d findings", len(is))
	}
}

// Nothing that fmt prints shows what a message holds.
func TestNothingLeaks(t *testing.T) {
	m, err := Parse([]byte(header18("") + "PID|1||9991200002||SECRET\\q^SECRET\x01^^^^^^^^^^SECRET\xff\rsecret|x\r"))
	if err != nil {
		t.Fatal(err)
	}
	v := get(t, m, "PID-5.1")
	things := []any{m, *m, v, v.Segment(), m.Check(true), m.Check(false)}
	if _, err := v.Number(); err != nil {
		things = append(things, err)
	}
	if _, err := v.DateTime(); err != nil {
		things = append(things, err)
	}
	if err := m.Set("PID-5.1", "SECRET李"); err != nil {
		things = append(things, err)
	}
	if err := m.SetRaw("PID-5.1", []byte("SECRET|")); err != nil {
		things = append(things, err)
	}
	if _, err := v.DecodeBase64(&bytes.Buffer{}); err != nil {
		things = append(things, err)
	}
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
			if text := fmt.Sprintf(verb, thing); strings.Contains(strings.ToUpper(text), "SECRET") || strings.Contains(text, "999120") {
				t.Errorf("%s of %T: %s", verb, thing, text)
			}
		}
	}
}

// long reports whether the long form of a test is asked for.
func long() bool { return os.Getenv("NHSKIT_LONG") != "" }
