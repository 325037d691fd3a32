package nhsnumber

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func findAll(text string, opts ...TextOption) []found {
	var out []found
	for m := range Find(text, opts...) {
		out = append(out, foundOf(m))
	}
	return out
}

func streamAll(t testing.TB, r io.Reader) []found {
	t.Helper()
	var out []found
	for m, err := range Extract(r) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, foundOf(m))
	}
	return out
}

func TestBoundaries(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"9990000018", true},
		{"(9990000018)", true},
		{"9990000018,9990000018x", true},
		{"x9990000018", false},
		{"9990000018x", false},
		{"é9990000018", false},
		{"9990000018é", false},
		{"\"9990000018\"", true},
		{"“9990000018”", true},
		{"£9990000018", true},
		{"NHS9990000018", true},
		{"NHSNo9990000018", true},
		{"xNHS9990000018", false},
		{"patient_9990000018.pdf", true},
		{"9990000018.", true},
		{"9990000018.5", false},
		{"1.9990000018", false},
		{"1-9990000018", false},
		{"9990000018-1", false},
		{"999-000-0018-1", false},
		{"NHS-9990000018", true},
		{"+9990000018", false},
		{"+44 999 000 0018", false},
		{"+44 (0)999 000 0018", false},
		{"0999 000 0018", false},
		{"999 000 00180", false},
		{"999  000 0018", false},
		{"9990 000 018", false},
		{"999\t000\t0018", true},
		{"999\n000 0018", false},
		{"999\u2009000\u20090018", true},
		{"999–000–0018", true},
		{"9990000019", false},
		{"999 000 001", false},
		{"999 000", false},
		{"999", false},
		{"999 ", false},
		{"９９９0000018", false},
		{"\xff9990000018\xff", true},
		{"12 9990000018 12", true},
	} {
		if got := len(findAll(c.text)) > 0; got != c.want {
			t.Errorf("%q: found %v, want %v", c.text, got, c.want)
		}
	}
}

func TestScores(t *testing.T) {
	score := func(text string) int {
		for m := range Find(text) {
			return m.Score
		}
		t.Fatalf("nothing found in %q", text)
		return 0
	}
	order := []string{ // each scores less than the one before
		"NHS number 999 000 0018",
		"NHS number 9990000018",
		"999 000 0018",
		"9990000018",
		"5000000005",
		"tel 9990000018",
	}
	for i := 1; i < len(order); i++ {
		if a, b := score(order[i-1]), score(order[i]); a <= b {
			t.Errorf("%q scores %d, %q %d", order[i-1], a, order[i], b)
		}
	}
	for _, text := range []string{"patient: 9990000018", "CHI 9990000018", "H&C no 9990000018", `{"nhsNumber":"9990000018"`, "PID|1||9990000018"} {
		if got := score(text); got != 90 {
			t.Errorf("%q scores %d, want 90", text, got)
		}
	}
	if got := score("Tel 020 7946 0958, NHS 9990000018"); got != 90 {
		t.Errorf("the nearest word decides: %d", got)
	}
	if got := score("NHS\n9990000018"); got != 50 {
		t.Errorf("a word on another line does not count: %d", got)
	}
	if got := findAll("tel 9990000018, NHS 9990000026", MinScore(60)); len(got) != 1 {
		t.Errorf("MinScore leaves %v", got)
	}
}

// randomText mixes numbers, near misses and other text.
func randomText(r *rand.Rand) string {
	parts := []string{"9990000018", "999 000 0026", "999-000-0034", "99900000189", "+44 999 000 0018", "NHS no. ", "tel ", "\r\n", " ", "-", ".", "x", "é", "\u00a0", "1", "37365911000001107", strings.Repeat("word ", 20), strings.Repeat("7", 40)}
	var b strings.Builder
	for range r.IntN(60) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// TestChunksDoNotMatter compares a stream with the text in memory: whatever
// the chunks of the reader, and where they fall at the edges of the buffer.
func TestChunksDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		text := randomText(r)
		want := findAll(text)
		for name, reader := range map[string]io.Reader{
			"whole": strings.NewReader(text),
			"bytes": iotest.OneByteReader(strings.NewReader(text)),
			"half":  iotest.HalfReader(strings.NewReader(text)),
			"eof":   iotest.DataErrReader(strings.NewReader(text)),
		} {
			if got := streamAll(t, reader); !slices.Equal(got, want) {
				t.Fatalf("%s: %q: %v, want %v", name, text, got, want)
			}
		}
		var out bytes.Buffer
		if _, err := Redact(&out, iotest.OneByteReader(strings.NewReader(text))); err != nil || out.String() != RedactString(text) {
			t.Fatalf("redacted %q, %v; want %q", out.String(), err, RedactString(text))
		}
	}
	unit := "NHS 999 000 0018 "
	for shift := range 150 {
		text := strings.Repeat("x", chunkSize-100+shift) + " " + strings.Repeat(unit, 5000)
		if got, want := streamAll(t, strings.NewReader(text)), findAll(text); !slices.Equal(got, want) || len(want) != 5000 {
			t.Fatalf("shift %d: %d streamed, %d in memory", shift, len(got), len(want))
		}
	}
}

// TestFaultyReaders cuts the text off with an error at each byte.
func TestFaultyReaders(t *testing.T) {
	text := strings.Repeat("NHS 999 000 0018; ", 6)
	broken := errors.New("broken")
	for at := range len(text) {
		r := io.MultiReader(strings.NewReader(text[:at]), iotest.ErrReader(broken))
		var last error
		for m, err := range Extract(r) {
			if last = err; err == nil && m.End > int64(at) {
				t.Fatalf("match %d-%d in %d bytes", m.Start, m.End, at)
			}
		}
		if last != broken {
			t.Fatalf("cut at %d: %v", at, last)
		}
		var out bytes.Buffer
		_, err := Redact(&out, io.MultiReader(strings.NewReader(text[:at]), iotest.ErrReader(broken)))
		if err != broken || len(findAll(out.String())) > 0 {
			t.Fatalf("cut at %d: %v, %q", at, err, out.String())
		}
		if _, err := Redact(&failingWriter{at}, strings.NewReader(text)); err == nil {
			t.Fatalf("a writer that fails after %d bytes goes unnoticed", at)
		}
	}
	for _, err := range Extract(stuck{}) {
		if err != io.ErrNoProgress {
			t.Fatal(err)
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

type failingWriter struct{ left int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return w.left, io.ErrShortWrite
	}
	w.left -= len(b)
	return len(b), nil
}

func TestStopEarly(t *testing.T) {
	n := 0
	for range Extract(strings.NewReader("9990000018 9990000026 9990000034")) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d matches", n)
	}
}

func TestRedactKeepsTheRest(t *testing.T) {
	in := "a\x00\xff\r\nNHS 999 000 0018, 9990000019 and 9990000026."
	want := "a\x00\xff\r\nNHS *** *** ****, 9990000019 and *** *** ****."
	if got := RedactString(in); got != want {
		t.Errorf("%q", got)
	}
	if got := RedactString(in, MinScore(95)); got != strings.Replace(in, "999 000 0018", mask, 1) {
		t.Errorf("above 95: %q", got)
	}
	var out bytes.Buffer
	n, err := Redact(&out, strings.NewReader(in), ReplaceWith(func(m Match) string { return fmt.Sprintf("<%d>", m.Start) }))
	if err != nil || n != 2 || out.String() != "a\x00\xff\r\nNHS <9>, 9990000019 and <38>." {
		t.Errorf("%d, %v, %q", n, err, out.String())
	}
	if plain := "no digits"; RedactString(plain) != plain {
		t.Error("a text without numbers changes")
	}
}

// TestExtractGrowsLinearly doubles hostile texts: the time must not square.
func TestExtractGrowsLinearly(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, unit := range []string{"9", "999 ", "999 000 0019 ", "+1 ", "-", "&", "nhs "} {
		cost := func(n, times int) time.Duration {
			text := strings.Repeat(unit, n/len(unit))
			start := time.Now()
			for range times {
				for range Find(text) {
				}
			}
			return time.Since(start)
		}
		// What else runs on the machine delays some of the rounds, but not all,
		// and both sides alike.
		small, large := time.Hour, time.Hour
		for range 1000 {
			small, large = min(small, cost(1<<14, 16)), min(large, cost(1<<18, 1))
			if large <= small*28/16 {
				break
			}
		}
		if large > small*28/16 {
			t.Errorf("%q: 16 times the text takes %v, 16 texts %v", unit, large, small)
		}
	}
}
