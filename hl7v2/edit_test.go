package hl7v2

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEdits(t *testing.T) {
	const body = "PID|1||9^^^NHS~8||PATEL^ASHA|\nOBX|1|TX|A||a~b\n"
	for _, c := range []struct {
		do        func(m *Message) error
		old, want string
	}{
		{func(m *Message) error { return m.Clear("PID-3[2]") }, "~8", "~"},
		{func(m *Message) error { return m.Clear("PID-3") }, "9^^^NHS~8", ""},
		{func(m *Message) error { return m.SetNull("PID-7") }, "ASHA|\n", `ASHA||""` + "\n"},
		{func(m *Message) error { return m.SetNull("PID-5.2") }, "ASHA", `""`},
		{func(m *Message) error { return m.SetRaw("PID-5", []byte("A^B~C")) }, "PATEL^ASHA", "A^B~C"},
		{func(m *Message) error { return m.Set("PID-5", "PATEL & CO") }, "PATEL", "PATEL \\T\\ CO"},
		{func(m *Message) error { return m.Set("OBX-5[4].2", "x") }, "a~b", "a~b~~^x"},
		{func(m *Message) error { _, err := m.InsertSegment(2, "PV1"); return err }, "OBX", "PV1\nOBX"},
		{func(m *Message) error { _, err := m.InsertSegment(3, "NTE"); return err }, "a~b\n", "a~b\nNTE\n"},
		{func(m *Message) error { return m.RemoveSegment(1) }, "PID|1||9^^^NHS~8||PATEL^ASHA|\n", ""},
		{func(m *Message) error { return m.RemoveSegment(2) }, "OBX|1|TX|A||a~b\n", ""},
		{func(m *Message) error { return m.CopyValue("OBX-5[2]", get(t, m, "PID-5.2")) }, "~b", "~ASHA"},
	} {
		data := strings.ReplaceAll(header18(""), "\r", "\n") + body
		m, err := Parse([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.do(m); err != nil {
			t.Fatal(err)
		}
		if got, want := string(m.AppendTo(nil)), strings.Replace(data, c.old, c.want, 1); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	data := header18("") + "PID|1\r"
	m, err := Parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		err   error
		cause error
	}{
		"no segment":      {m.Set("PV1-2", "I"), ErrNoSegment},
		"third PID":       {m.Set("PID[3]-2", "I"), ErrNoSegment},
		"delimiters":      {m.Set("MSH-2", "^~\\&"), ErrDelimiters},
		"a field":         {m.SetRaw("PID-5.1", []byte("a|b")), ErrSplits},
		"a component":     {m.SetRaw("PID-5.1", []byte("a^b")), ErrSplits},
		"a segment":       {m.SetRaw("PID-5", []byte("a\rPV1")), ErrSplits},
		"no field":        {m.Set("PID", "x"), nil},
		"a group":         {m.Set("PATIENT.PID-5", "x"), ErrGroups},
		"the header":      {m.RemoveSegment(0), errSegmentPlace},
		"beyond the end":  {m.RemoveSegment(2), errSegmentPlace},
		"an id":           {func() error { _, err := m.InsertSegment(1, "pid"); return err }(), errSegmentID},
		"before MSH":      {func() error { _, err := m.InsertSegment(0, "PID"); return err }(), errSegmentPlace},
		"a header copied": {func() error { _, err := m.CopySegment(1, m.SegmentAt(0)); return err }(), errSegmentPlace},
	} {
		if c.err == nil || c.cause != nil && !errors.Is(c.err, c.cause) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if string(m.Bytes()) != data {
		t.Errorf("an edit that was refused changed the message: %q", m.Bytes())
	}
}

// The bytes of the caller are never written to.
func TestSetLeavesTheCallersBytes(t *testing.T) {
	data := []byte(header18("") + "PID|1||9\r")
	before := string(data)
	m, err := Parse(data[:len(data):cap(data)])
	if err != nil {
		t.Fatal(err)
	}
	c := m.Clone()
	for _, x := range []*Message{m, c} {
		if err := x.Set("PID-3", "8"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Set("PID-3", "7"); err != nil {
		t.Fatal(err)
	}
	if string(data) != before || get(t, m, "PID-3").Text() != "8" || get(t, c, "PID-3").Text() != "7" {
		t.Error("messages share bytes")
	}
}

func TestNewMessage(t *testing.T) {
	m, err := New(Standard(), MSG{Code: T("ADT"), Event: T("A01"), Structure: T("ADT_A01")}, "C1", "2.4")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.InsertSegment(1, "PID"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.Set("MSH-18", "8859/1"), m.Write("PID-5", &XPN{Family: FN{Surname: T("BRÖNTE")}, Given: T("EMILY")})); err != nil {
		t.Fatal(err)
	}
	want := "MSH|^~\\&|||||||ADT^A01^ADT_A01|C1|P|2.4||||||8859/1\rPID|||||BR\xd6NTE^EMILY\r"
	if got := string(m.AppendTo(nil)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCopyBetweenMessages(t *testing.T) {
	from, err := Parse([]byte("MSH|^~\\&|A||||||ADT^A01|1|P|2.5||||||8859/1\rPID|1||9^^^NHS&x\\F\\$%\\.br\\\\E\\~\"\"||BR\xd6NTE^\\H\\E\\N\\\\X0D\\!\r"))
	if err != nil {
		t.Fatal(err)
	}
	to, err := Parse([]byte("MSH$%~!@$A$$$$$$ADT%A01$1$P$2.5$$$$$$UNICODE UTF-8\r"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.CopySegment(1, from.SegmentAt(1)); err != nil {
		t.Fatal(err)
	}
	want := "PID$1$$9%%%NHS@x|!F!!S!!.br!\\~\"\"$$BRÖNTE%!H!E!N!!X0D!!E!"
	if got := string(to.SegmentAt(1).Raw()); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, path := range []string{"PID-3.4.2", "PID-5.1", "PID-5.2"} {
		if a, b := get(t, from, path).Text(), get(t, to, path).Text(); a != b {
			t.Errorf("%s was %q and is %q", path, a, b)
		}
	}
	ascii, err := Parse([]byte(header18("") + "PID|1\r"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ascii.CopyValue("PID-5", get(t, from, "PID-5")); !errors.Is(err, ErrCharset) {
		t.Errorf("%v", err)
	}
	if err := ascii.CopyValue("PID-3", get(t, from, "PID-3")); err != nil || string(get(t, ascii, "PID-3").Raw()) != `9^^^NHS&x\F\$%\.br\\E\~""` {
		t.Errorf("%v, %q", err, get(t, ascii, "PID-3").Raw())
	}
}

func TestDiff(t *testing.T) {
	base := header18("") + "PID|1||9^^^NHS||PATEL^ASHA\rOBX|1|TX|A||one\rOBX|2|TX|B||two\rNTE|1||note\r"
	for name, c := range map[string]struct {
		other  string
		ignore []string
		want   []string
	}{
		"itself":             {base, nil, nil},
		"written otherwise":  {"MSH$%~!@$A$B$C$D$20250102$$ADT%A01$1$P$2.5$$\nPID$1$$9%%%NHS$$PATEL%ASHA%%$$\nOBX$1$TX$A$$one\nOBX$2$TX$B$$t!X77!o\nNTE$1$$note\n", nil, nil},
		"a value":            {strings.Replace(base, "ASHA", "ASHLEY", 1), nil, []string{"PID-5.2 changed"}},
		"a null":             {strings.Replace(base, "ASHA", `""`, 1), nil, []string{"PID-5.2 changed"}},
		"a value more":       {strings.Replace(base, "ASHA", "ASHA^JANE", 1), nil, []string{"PID-5.3 added"}},
		"a value less":       {strings.Replace(base, "^ASHA", "", 1), nil, []string{"PID-5.2 removed"}},
		"a repetition":       {strings.Replace(base, "NHS", "NHS~7", 1), nil, []string{"PID-3[2] added"}},
		"a segment less":     {strings.Replace(base, "OBX|1|TX|A||one\r", "", 1), nil, []string{"OBX[1] removed"}},
		"a segment more":     {strings.Replace(base, "NTE", "OBX|3|TX|C||x\rNTE", 1), nil, []string{"OBX[3] added"}},
		"another segment":    {strings.Replace(base, "NTE|1", "ZZ1|1", 1), nil, []string{"NTE removed", "ZZ1 added"}},
		"what is ignored":    {strings.Replace(strings.Replace(base, "20250102", "20260102", 1), "two", "2", 1), []string{"MSH-7", "OBX-5"}, nil},
		"ignored elsewhere":  {strings.Replace(base, "two", "2", 1), []string{"OBX[1]-5"}, []string{"OBX[2]-5 changed"}},
		"an ignored segment": {strings.Replace(base, "NTE|1||note\r", "", 1), []string{"NTE"}, nil},
	} {
		a, err := Parse([]byte(base))
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse([]byte(c.other))
		if err != nil {
			t.Fatal(err)
		}
		var ignore []Path
		for _, p := range c.ignore {
			ignore = append(ignore, MustPath(p))
		}
		var got []string
		for _, change := range Diff(a, b, ignore...) {
			got = append(got, fmt.Sprint(change))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A message does not differ from its canonical form, nor from a copy of it in
// other delimiters.
// TestDiffLocalSequences: a local escape sequence is the same one under
// another escape character, and another one is not.
func TestDiffLocalSequences(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`\Z1\ at \F\`, `!Z1! at |`, true},
		{`\Z1\`, `!Z2!`, false},
		{`\Zaa\F\`, `!Zaa!F\`, true},
	} {
		a, err := Parse([]byte("MSH|^~\\&|A\rPID|" + c.a + "\r"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse([]byte("MSH$%~!@$A\rPID$" + c.b + "\r"))
		if err != nil {
			t.Fatal(err)
		}
		if changes := Diff(a, b); (len(changes) == 0) != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, changes)
		}
		if changes := Diff(b, a); (len(changes) == 0) != c.same {
			t.Errorf("%s and %s: %v", c.b, c.a, changes)
		}
	}
}

func TestDiffFindsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := Parse(genMessage().Draw(t, "message"))
		if err != nil {
			t.Skip("not a message")
		}
		again, err := Parse(m.AppendCanonical(nil))
		if err != nil {
			t.Fatal(err)
		}
		if m.Len() == again.Len() {
			if changes := Diff(m, again); len(changes) != 0 {
				t.Fatalf("%q: %v", m.Bytes(), changes)
			}
		}
		other, err := Parse([]byte("MSH$%~!@$A\r"))
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < m.Len(); i++ {
			if !isSegmentID(m.SegmentAt(i).id()) {
				return
			}
			s, err := other.CopySegment(i, m.SegmentAt(i))
			if err != nil {
				if errors.Is(err, ErrCharset) {
					return
				}
				t.Fatal(err)
			}
			d := differ{a: m, b: other}
			if d.fields(m.SegmentAt(i), s); len(d.changes) != 0 {
				t.Fatalf("%q copied as %q: %v", m.SegmentAt(i).Raw(), s.Raw(), d.changes)
			}
		}
	})
}

func TestRedacted(t *testing.T) {
	m, err := Parse([]byte(header18("8859/1") + "PID|1||9991200002^^^NHS^NH~\"\"||O\\T\\Br\xf6nte^ASHA||19800229|F\nOBX|1|ST|718-7^Hb^LN||12.3\\.br\\g/dL\r"))
	if err != nil {
		t.Fatal(err)
	}
	got := string(m.Redacted(MustPath("PID-3.4"), MustPath("OBX-3"), MustPath("PID-8")).Bytes())
	want := "MSH|^~\\&|X|X|X|X|11111111||ADT^A01|1|P|2.5||||||8859/1\rPID|1||1111111111^^^NHS^XX~\"\"||XxXxxxxx^XXXX||11111111|F\nOBX|1|XX|718-7^Hb^LN||11.1\\.br\\x/xX\r"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A line that is no segment is masked too, from its first byte.
func TestRedactedLineWithoutID(t *testing.T) {
	p := Parser{Limits: Limits{Bytes: 51}}
	m, err := p.Parse([]byte("MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.4\rEdna Lee|Ann"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.Redacted().Bytes()); !strings.HasSuffix(got, "\rXxxx Xxx|Xxx\r") {
		t.Errorf("got %q", got)
	}
}

// Masking keeps the places of all values, and no letter or digit of them.
func TestRedactedKeepsStructure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := Parse(genMessage().Draw(t, "message"))
		if err != nil {
			t.Skip("not a message")
		}
		places := func(m *Message) (out []string) {
			for _, l := range leaves(m) {
				number, rest, _ := strings.Cut(l, " ")
				i, _ := strconv.Atoi(number)
				if s := m.SegmentAt(i); !isSegmentID(s.id()) { // masked as well
					rest = strings.TrimPrefix(rest, s.ID())
				}
				place, _, _ := strings.Cut(rest, "=")
				out = append(out, number+" "+place)
			}
			return out
		}
		r := m.Redacted()
		if !slices.Equal(places(m), places(r)) {
			t.Fatalf("%q became %q", m.Bytes(), r.Bytes())
		}
		for s := range r.Segments("") {
			for n, f := range s.Fields() {
				if s.Index() == 0 && (n <= 2 || n >= 9 && n <= 12 || n == 18) {
					continue
				}
				if i := strings.IndexFunc(f.Text(), func(c rune) bool {
					return c >= 0x80 || 'a' <= c && c < 'x' || 'A' <= c && c < 'X' || '2' <= c && c <= '9'
				}); i >= 0 && !strings.Contains(string(f.Raw()), "\\") {
					t.Fatalf("%s still shows %q", f.Path(), f.Text())
				}
			}
		}
	})
}

// A header that has nothing behind MSH-2 leaves the next segment in one piece.
func TestSetBehindAShortHeader(t *testing.T) {
	m, err := Parse([]byte("MSH|^~\\&\rPID|1\rPV1|1\r"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Set("PID-3", "A"); err != nil {
		t.Fatal(err)
	}
	if got := string(m.Bytes()); got != "MSH|^~\\&\rPID|1||A\rPV1|1\r" || m.Len() != 3 {
		t.Errorf("%d segments: %q", m.Len(), got)
	}
	if v, err := m.Get("PID-3"); err != nil || v.Text() != "A" {
		t.Errorf("%q, %v", v.Text(), err)
	}
}
