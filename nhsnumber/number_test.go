package nhsnumber

import (
	"bytes"
	"encoding/csv"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestFastPathEqualsLoop compares the word-at-a-time check with the loop: on
// every byte at every position of both forms, and on random digits.
func TestFastPathEqualsLoop(t *testing.T) {
	for _, form := range []string{"9434765919", "943 476 5919"} {
		for i := range len(form) {
			for c := range 256 {
				b := []byte(form)
				b[i] = byte(c)
				s := string(b)
				_, v := fast(s)
				want := naiveValid(s) && (len(s) == 10 && !strings.Contains(s, " ") || len(s) == 12 && s[3] == ' ' && s[7] == ' ')
				if (v == accepted) != want {
					t.Fatalf("%q: fast says %d, the loop %v", s, v, want)
				}
			}
		}
	}
	rounds := 200_000
	if long() {
		rounds = 20_000_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		s := fmt.Sprintf("%010d", r.Uint64N(limit))
		if Valid(s) != naiveValid(s) {
			t.Fatalf("%s: Valid says %v", s, Valid(s))
		}
		if n, err := Parse(s); err == nil && n.Digits() != s {
			t.Fatalf("%s is read as %s", s, n.Digits())
		}
	}
}

// leaks reports whether text shows seven digits of the number in a row, or
// all of it in hexadecimal, octal or binary. (Fewer digits come up by chance.)
func leaks(text string, n Number) bool {
	d := n.Digits()
	for i := range len(d) - 6 {
		if strings.Contains(text, d[i:i+7]) {
			return true
		}
	}
	text = strings.ToLower(text)
	for _, verb := range []string{"%x", "%o", "%b"} {
		for _, v := range []any{n.value(), n.value() + 1, d} {
			if form := fmt.Sprintf(verb, v); len(form) > 5 && strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// holder keeps a number where fmt must use reflection.
type holder struct {
	hidden Number
	Shown  Number
	list   []Number
	byID   map[Number]string
	chi    CHI
	id     Identifier
	match  Match
}

func TestPrintingLeaksNothing(t *testing.T) {
	g, err := NewGenerator(Between(0, 999_999_999), Shuffled(3))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		n := g.At(i)
		h := holder{n, n, []Number{n}, map[Number]string{n: "x"}, CHI{n}, Identifier{Number: n}, Match{Number: n}}
		w := Wristband{"5000000", n, "", []Element{{"8018", "5000000" + n.Digits() + "0"}}}
		for _, v := range []any{n, &n, h, &h, []Number{n}, [1]Number{n}, map[Number]Number{n: n}, CHI{n}, Suggestion{Number: n}, w, &w, w.Elements} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%X", "%o", "%b", "%q", "%20v", "%-20s|", "%e", "%c", "%U"} {
				// The address of a pointer may hold any digits by chance.
				if text := fmt.Sprintf(verb, v); leaks(text, n) && !strings.Contains(text, "0xc0") {
					t.Fatalf("%s of %T shows the number: %s", verb, v, text)
				}
			}
		}
		var log bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(h).Info("seen", "number", n, "group", slog.GroupValue(slog.Any("n", n)))
		}
		_, err := ParseCX(n.Digits() + "^^^RXX^MR")
		_, err2 := Parse(n.Digits() + "1")
		text := log.String() + err.Error() + err2.Error() + panicText(func() { panic(n) })
		if log := stripTimes(text); leaks(log, n) {
			t.Fatalf("the log shows the number: %s", log)
		}
	}
}

// stripTimes drops the fields of log lines that hold the time.
func stripTimes(s string) string {
	var keep []string
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		if !strings.Contains(f, "T") || !strings.Contains(f, ":") {
			keep = append(keep, f)
		}
	}
	return strings.Join(keep, " ")
}

func panicText(fn func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	fn()
	return ""
}

func TestZeroIsNoNumber(t *testing.T) {
	var n Number
	if !n.IsZero() || n.Digits() != "" || n.Display() != "" || n.String() != "(none)" || n.Region() != "" || n.Scheme() != SchemeNone || n.IsTest() || n.Repdigit() {
		t.Errorf("zero number: %q %q %v %q", n.Digits(), n.Display(), n, n.Region())
	}
	if zeros := mustParse(t, "0000000000"); zeros.IsZero() || zeros == n || zeros.Compare(n) <= 0 || !zeros.Repdigit() {
		t.Error("ten zeros are a number")
	}
	if _, ok := n.CHI(); ok {
		t.Error("no number is no CHI number")
	}
	if text := fmt.Sprintf("%8v|%-8v|", n, n); text != "  (none)|(none)  |" {
		t.Errorf("padded: %q", text)
	}
}

func TestCompareIsNumeric(t *testing.T) {
	g, _ := NewGenerator(Between(0, 999_999_999), Shuffled(9))
	for i := range 1000 {
		a, b := g.At(i), g.At(i+1)
		if a.Compare(b) != strings.Compare(a.Digits(), b.Digits()) {
			t.Fatalf("%s, %s: %d", a.Digits(), b.Digits(), a.Compare(b))
		}
	}
}

func TestRoundTrips(t *testing.T) {
	type record struct {
		XMLName xml.Name          `xml:"r" json:"-"`
		A       Number            `xml:"a,attr" json:"a"`
		B       Number            `xml:"b" json:"b,omitzero"`
		C       *Number           `xml:"c" json:"c"`
		D       map[Number]string `xml:"-" json:"d"`
	}
	g, _ := NewGenerator(Between(0, 999_999_999), Shuffled(4))
	for i := range 300 {
		n := g.At(i)
		if i == 0 {
			n = Number{}
		}
		in := record{A: n, B: n, C: &n, D: map[Number]string{n: "x"}}
		if i == 0 {
			in.D = nil // an object has no key for no number
		}
		data, err := json.Marshal(in)
		var out record
		if err != nil || json.Unmarshal(data, &out) != nil || out.A != n || out.B != n || i > 0 && (out.D[n] != "x" || *out.C != n) {
			t.Fatalf("JSON %s, %v", data, err)
		}
		data, err = xml.Marshal(in)
		out = record{}
		if err != nil || xml.Unmarshal(data, &out) != nil || out.A != n || out.B != n {
			t.Fatalf("XML %s, %v", data, err)
		}
		var buf bytes.Buffer
		if err := gob.NewEncoder(&buf).Encode(&n); err != nil {
			t.Fatal(err)
		}
		var m Number
		if err := gob.NewDecoder(&buf).Decode(&m); err != nil || m != n {
			t.Fatalf("gob: %v", err)
		}
		v, err := n.Value()
		if err != nil || m.Scan(v) != nil || m != n {
			t.Fatalf("SQL: %v, %v", v, err)
		}
		if i == 0 {
			continue
		}
		if m.Scan([]byte(n.Digits())) != nil || m != n || m.Scan(int64(n.value())) != nil || m != n {
			t.Fatal("SQL bytes or integer")
		}
		text, _ := n.MarshalText()
		row, err := csv.NewReader(strings.NewReader(string(text) + ",x\n")).Read()
		if err != nil || m.UnmarshalText([]byte(row[0])) != nil || m != n {
			t.Fatal("CSV")
		}
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		var viaSet, viaText Number
		flags.Var(&viaSet, "n", "")
		flags.TextVar(&viaText, "t", Number{}, "")
		if err := flags.Parse([]string{"-n", n.Display(), "-t", n.Digits()}); err != nil || viaSet != n || viaText != n {
			t.Fatalf("flags: %v", err)
		}
	}
}

func TestDecodersRefuse(t *testing.T) {
	before := mustParse(t, "9990000018")
	for _, c := range []struct {
		name string
		want Class
		fn   func(*Number) error
	}{
		{"JSON number", ErrFormat, func(n *Number) error { return n.UnmarshalJSON([]byte("9990000018")) }},
		{"JSON empty string", ErrEmpty, func(n *Number) error { return n.UnmarshalJSON([]byte(`""`)) }},
		{"JSON wrong digit", ErrCheckDigit, func(n *Number) error { return n.UnmarshalJSON([]byte(`"9990000019"`)) }},
		{"JSON escape", ErrCheckDigit, func(n *Number) error { return n.UnmarshalJSON([]byte("\"999000001\\u0039\"")) }},
		{"JSON bad escape", ErrCharacter, func(n *Number) error { return n.UnmarshalJSON([]byte(`"\q"`)) }},
		{"JSON array", ErrFormat, func(n *Number) error { return n.UnmarshalJSON([]byte(`[]`)) }},
		{"text", ErrLength, func(n *Number) error { return n.UnmarshalText([]byte("123")) }},
		{"binary length", ErrLength, func(n *Number) error { return n.UnmarshalBinary([]byte{1, 2}) }},
		{"binary check digit", ErrCheckDigit, func(n *Number) error { return n.UnmarshalBinary([]byte{0, 0, 0, 0, 1}) }},
		{"binary too large", ErrLength, func(n *Number) error { return n.UnmarshalBinary([]byte{255, 0, 0, 0, 1}) }},
		{"SQL bool", ErrFormat, func(n *Number) error { return n.Scan(true) }},
		{"SQL negative", ErrCharacter, func(n *Number) error { return n.Scan(int64(-1)) }},
		{"SQL text", ErrEmpty, func(n *Number) error { return n.Scan("") }},
		{"flag", ErrCharacter, func(n *Number) error { return n.Set("x") }},
	} {
		n := before
		if err := c.fn(&n); !errors.Is(err, c.want) || n != before {
			t.Errorf("%s: %v, want %v, and the number untouched", c.name, err, c.want)
		}
	}
	n := before
	if err := n.UnmarshalJSON([]byte("\"999000002\\u0036\"")); err != nil || n.Digits() != "9990000026" {
		t.Errorf("a JSON escape: %v", err)
	}
}

func TestErrorPlaces(t *testing.T) {
	for _, c := range []struct {
		in     string
		strict bool
		class  Class
		offset int
	}{
		{"", false, ErrEmpty, 0},
		{"99900000l8", false, ErrCharacter, 8},
		{"999 000 00l8", false, ErrCharacter, 10},
		{"999000001", false, ErrLength, 9},
		{"  99900000182 ", false, ErrLength, 12},
		{"999-000-0019", false, ErrCheckDigit, 11},
		{"9990000019", true, ErrCheckDigit, 9},
		{"9990000018-", false, ErrCharacter, 10},
		{"-9990000018", false, ErrCharacter, 0},
		{"999\n000 0018", false, ErrCharacter, 3},
		{"999-000-0018", true, ErrFormat, 3},
		{" 9990000018", true, ErrFormat, 0},
		{"9990000018 ", true, ErrFormat, 10},
		{"999 0000018", true, ErrFormat, 3},
		{"999 000 00182", true, ErrFormat, 3},
		{"9990000018\xff", false, ErrCharacter, 10},
	} {
		parse := Parse
		if c.strict {
			parse = ParseStrict
		}
		_, err := parse(c.in)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Class != c.class || e.Offset != c.offset || !errors.Is(err, c.class) {
			t.Errorf("%q: %v, want %v at %d", c.in, err, c.class, c.offset)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	n := mustParse(t, "9990000018")
	buf := make([]byte, 0, 64)
	for name, fn := range map[string]func(){
		"Valid":         func() { Valid("9990000018") },
		"Valid 3 3 4":   func() { Valid("999 000 0018") },
		"Valid, no":     func() { Valid("999-000-0019") },
		"Parse":         func() { _, _ = Parse("9990000018") },
		"Parse 3 3 4":   func() { _, _ = Parse("999 000 0018") },
		"Parse hyphens": func() { _, _ = Parse("999-000-0018") },
		"ParseBytes":    func() { _, _ = ParseBytes([]byte("999 000 0018")) },
		"AppendText":    func() { _, _ = n.AppendText(buf) },
		"AppendDisplay": func() { n.AppendDisplay(buf) },
		"AppendBinary":  func() { _, _ = n.AppendBinary(buf) },
		"Region":        func() { n.Region() },
	} {
		if allocs := testing.AllocsPerRun(100, fn); allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}
