package hl7v2

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// message makes a message of one PID or OBX segment whose field 3 is raw.
func fieldMessage(t testing.TB, raw string) (*Message, Value) {
	t.Helper()
	m, err := Parse([]byte(header18("UNICODE UTF-8") + "ZZ1|1||" + raw + "|end\r"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.Get("ZZ1-3")
	if err != nil {
		t.Fatal(err)
	}
	return m, v
}

func TestReadCX(t *testing.T) {
	_, v := fieldMessage(t, `9991200002^5^M11^NHS&2.16.840.1.113883.2.1.4.1&ISO^NH^RXX&&^20200101^""^^^^~SECOND`)
	var x CX
	v.Read(&x)
	for _, c := range []struct{ got, want Text }{
		{x.ID, T("9991200002")}, {x.CheckDigit, T("5")}, {x.CheckDigitScheme, T("M11")}, {x.Authority.Namespace, T("NHS")},
		{x.Authority.UniversalID, T("2.16.840.1.113883.2.1.4.1")}, {x.Authority.UniversalIDType, T("ISO")}, {x.Type, T("NH")},
		{x.Facility.Namespace, T("RXX")}, {x.Effective, T("20200101")}, {x.Expires, NullText()}, {x.SecurityCheck, Text{}},
	} {
		if c.got != c.want {
			t.Errorf("got %#v (%q), want %q", c.got, c.got.Value(), c.want.Value())
		}
	}
	if d, err := x.Effective.DateTime(); err != nil || d.Precision() != Day {
		t.Errorf("%v, %v", d, err)
	}
	if d, err := x.Expires.DateTime(); err != nil || d.Precision() != NullDate {
		t.Errorf("%v, %v", d, err)
	}
}

func TestReadXCN(t *testing.T) {
	_, v := fieldMessage(t, `C3456789^Darwin&van&Own^Samuel^John^Jr^Dr^MD^HL70001^GMC&1.2&ISO^L^^^GMC^RXX^A^^^G^20200101^^FRCP`)
	var x XCN
	v.Read(&x)
	got := []string{x.ID.Value(), x.Family.Surname.Value(), x.Family.OwnPrefix.Value(), x.Given.Value(), x.Prefix.Value(), x.Degree.Value(), x.SourceTable.Code.Value(),
		x.Authority.UniversalID.Value(), x.NameType.Value(), x.IDType.Value(), x.Facility.Namespace.Value(), x.Representation.Value(), x.Assembly.Value(), x.Effective.Value(), x.ProfessionalSuffix.Value()}
	want := []string{"C3456789", "Darwin", "van", "Samuel", "Dr", "MD", "HL70001", "1.2", "L", "GMC", "RXX", "A", "G", "20200101", "FRCP"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Every type reads its n-th component into its n-th part and writes it back.
func TestTypesRoundTrip(t *testing.T) {
	for name, c := range map[string]struct {
		x Composite
		n int // components in version 2.8.2, or of the last version that had more
	}{
		"HD": {&HD{}, 3}, "EI": {&EI{}, 4}, "CX": {&CX{}, 12}, "FN": {&FN{}, 5}, "DR": {&DR{}, 2}, "XPN": {&XPN{}, 15}, "SAD": {&SAD{}, 3},
		"XAD": {&XAD{}, 23}, "XTN": {&XTN{}, 18}, "XCN": {&XCN{}, 25}, "XON": {&XON{}, 10}, "CWE": {&CWE{}, 22}, "PL": {&PL{}, 11}, "SN": {&SN{}, 4},
		"RP": {&RP{}, 4}, "TS": {&TS{}, 2}, "CQ": {&CQ{}, 2}, "NR": {&NR{}, 2}, "MO": {&MO{}, 2}, "MSG": {&MSG{}, 3}, "PT": {&PT{}, 2}, "VID": {&VID{}, 3},
		"ERL": {&ERL{}, 6}, "DLN": {&DLN{}, 3}, "FC": {&FC{}, 2}, "DLD": {&DLD{}, 2}, "CNN": {&CNN{}, 11}, "NDL": {&NDL{}, 11}, "EIP": {&EIP{}, 2},
	} {
		var parts []string
		for i := range c.n {
			parts = append(parts, strings.Repeat("v", i+1)+"\\T\\")
		}
		raw := strings.Join(parts, "^")
		m, v := fieldMessage(t, raw+"^beyond")
		v.Read(c.x)
		if err := m.Write("ZZ1-3", c.x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := string(get(t, m, "ZZ1-3").Raw()); got != raw {
			t.Errorf("%s: read and written as %q, want %q", name, got, raw)
		}
		if got := get(t, m, "ZZ1-4").Text(); got != "end" {
			t.Errorf("%s: the next field is %q", name, got)
		}
		// In one component, its parts are subcomponents.
		if name == "HD" || name == "CWE" {
			if err := m.Write("ZZ1-3[2].4", c.x); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got, want := string(get(t, m, "ZZ1-3[2]").Raw()), "^^^"+strings.ReplaceAll(raw, "^", "&"); got != want {
				t.Errorf("%s: written as %q, want %q", name, got, want)
			}
		}
	}
}

func TestWriteKeepsNullAndRefuses(t *testing.T) {
	m, _ := fieldMessage(t, "")
	x := XPN{Family: FN{Surname: T("O|N^L"), Own: NullText()}, Prefix: NullText()}
	if err := m.Write("ZZ1-3[2]", &x); err != nil {
		t.Fatal(err)
	}
	if got, want := string(get(t, m, "ZZ1-3").Raw()), `~O\F\N\S\L&&""^^^^""`; got != want {
		t.Errorf("written as %q, want %q", got, want)
	}
	var back XPN
	get(t, m, "ZZ1-3[2]").Read(&back)
	if back != x {
		t.Error("read back as something else")
	}
	before := string(m.Bytes())
	// A CX in a component has an HD among its subcomponents: no level is left.
	cx := CX{ID: T("1"), Authority: HD{Namespace: T("NHS"), UniversalID: T("1.2")}}
	if err := m.Write("ZZ1-3.2", &cx); err == nil || string(m.Bytes()) != before {
		t.Errorf("%v, changed: %t", err, string(m.Bytes()) != before)
	}
}

func TestLacks(t *testing.T) {
	for raw, c := range map[string]struct {
		x interface {
			Composite
			Lacks() []string
		}
		want string
	}{
		"9991200002":                {&CX{}, "assigning authority, identifier type"},
		"9991200002^^^NHS^NH":       {&CX{}, ""},
		"^^^NHS^NH":                 {&CX{}, "id"},
		"^1.2.3":                    {&HD{}, "universal id type"},
		"^ASHA":                     {&XPN{}, "family name"},
		"C123^Darwin":               {&XCN{}, "assigning authority"},
		"^Darwin":                   {&XCN{}, ""},
		"26604007^Full blood count": {&CWE{}, "coding system"},
		"^Full blood count":         {&CWE{}, ""},
		"<^0.1":                     {&SN{}, ""},
		"<":                         {&SN{}, "number"},
		"^PRN^PH":                   {&XTN{}, "number or address"},
		"^NET^Internet^a@b":         {&XTN{}, ""},
		"^^^PDF":                    {&ED{}, "type of data"},
		"ACACIA":                    {&XON{}, ""},
		"5^mg":                      {&CQ{}, ""},
		"order":                     {&EI{}, "namespace or universal id"},
		"//x":                       {&RP{}, "application, type of data"},
	} {
		_, v := fieldMessage(t, raw)
		v.Read(c.x)
		if got := strings.Join(c.x.Lacks(), ", "); got != c.want {
			t.Errorf("%T of %s lacks %q, want %q", c.x, raw, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, s := range []string{"0", "-1", "+2.50", ".5", "5.", "00012", "123456789012345678901234567890.000000000000000001"} {
		n, err := ParseNumber(s)
		if err != nil || n.String() != s {
			t.Errorf("%q: %v, %v", s, n, err)
		}
	}
	for s, at := range map[string]int64{"-": 1, ".": 1, "1e5": 1, "1,000": 1, "<0.5": 0, " 1": 0, "1.2.3": 3, "--1": 1, "N/A": 0} {
		_, err := ParseNumber(s)
		if i, ok := errors.AsType[Issue](err); !ok || i.Offset != at || i.Code != CodeDataType {
			t.Errorf("%q: %v, want byte %d", s, err, at)
		}
	}
	one, _ := ParseNumber("1.0")
	other, _ := ParseNumber("+1")
	if one.Cmp(other) != 0 || one.Cmp(Number{}) != 1 {
		t.Error("1.0 and +1 differ")
	}
	for s, want := range map[string]int64{"7.00": 7, "-3": -3, "+.0": 0, "9223372036854775807": 1<<63 - 1} {
		n, _ := ParseNumber(s)
		if i, ok := n.Int64(); !ok || i != want {
			t.Errorf("%s is %d, %t", s, i, ok)
		}
	}
	for _, s := range []string{"7.5", "9223372036854775808"} {
		n, _ := ParseNumber(s)
		if _, ok := n.Int64(); ok {
			t.Errorf("%s is an int64", s)
		}
	}
}

func TestDateTimeToTime(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Skip(err)
	}
	for s, want := range map[string]string{
		"2025": "2025-01-01T00:00:00Z", "202507011200": "2025-07-01T12:00:00+01:00", "20250701120000.25-0500": "2025-07-01T12:00:00.25-05:00", "20250102+0530": "2025-01-02T00:00:00+05:30",
	} {
		d, err := ParseDateTime(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Time(london).Format(time.RFC3339Nano); got != want {
			t.Errorf("%s is %s, want %s", s, got, want)
		}
	}
	at := time.Date(2025, 7, 1, 12, 30, 15, 123456789, london)
	for p, want := range map[Precision]string{NoDate: "", NullDate: `""`, Year: "2025", Day: "20250701", Minute: "202507011230+0100", Fraction: "20250701123015.1234+0100"} {
		if got := DateTimeOf(at, p).String(); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
}

func TestEmbeddedData(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 2, 3, 100, chunk / 4 * 3, chunk, 200_000} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		m, _ := fieldMessage(t, "")
		if err := m.WriteData("ZZ1-3", ED{Source: HD{Namespace: T("LIMS")}, Type: T("IM"), Subtype: T("PDF")}, iotest.HalfReader(bytes.NewReader(data))); err != nil {
			t.Fatal(err)
		}
		want := "LIMS^IM^PDF^Base64^" + base64.StdEncoding.EncodeToString(data)
		if got := string(get(t, m, "ZZ1-3").Raw()); got != want {
			t.Errorf("%d bytes are written differently", size)
		}
		read := func(raw string) ([]byte, error) {
			_, v := fieldMessage(t, raw)
			var x ED
			v.Read(&x)
			var out bytes.Buffer
			n, err := x.WriteTo(&out)
			if n != int64(out.Len()) {
				t.Errorf("%d of %d bytes", n, out.Len())
			}
			return out.Bytes(), err
		}
		if got, err := read(want); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: %v", size, err)
		}
		// Broken into lines, in the three ways that senders have.
		for _, br := range []string{`\.br\`, `\X0D\\X0A\`, " "} {
			text := base64.StdEncoding.EncodeToString(data)
			var lines []string
			for len(text) > 76 {
				lines = append(lines, text[:76])
				text = text[76:]
			}
			lines = append(lines, text)
			if got, err := read("LIMS^IM^PDF^Base64^" + strings.Join(lines, br)); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes in lines: %v", size, err)
			}
		}
		if size > 3 {
			if _, err := read(want[:len(want)-3] + "*AA"); err == nil {
				t.Errorf("%d bytes: bad data reads", size)
			}
		}
	}
	for raw, want := range map[string]string{"^TEXT^^A^a\\T\\b": "a&b", "^IM^^Hex^414243": "ABC"} {
		_, v := fieldMessage(t, raw)
		var x ED
		var out bytes.Buffer
		v.Read(&x)
		if _, err := x.WriteTo(&out); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", raw, out.String(), err)
		}
	}
	_, v := fieldMessage(t, "^IM^^ROT13^414243")
	var x ED
	v.Read(&x)
	if _, err := x.WriteTo(io.Discard); err == nil {
		t.Error("an unknown encoding reads")
	}
	_, v = fieldMessage(t, "^IM^^Base64^AAAA")
	v.Read(&x)
	if _, err := x.WriteTo(failingWriter{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

func TestFormattedText(t *testing.T) {
	_, v := fieldMessage(t, `Plain \T\ simple\.br\\.in+4\indented\.sp2\\.ti-4\out\.in-4\\.br\\.ce\middle\.br\\H\bold\N\ \Zlocal\x\.sk3\y\.q\z`)
	var got []Piece
	for p := range v.Formatted() {
		got = append(got, p)
	}
	want := []Piece{
		{Text: "Plain & simple"}, {Kind: LineBreak}, {Kind: Indent, N: 4}, {Text: "indented"}, {Kind: VerticalSpace, N: 2}, {Kind: TemporaryIndent, N: -4}, {Text: "out"},
		{Kind: Indent, N: -4}, {Kind: LineBreak}, {Kind: Center}, {Text: "middle"}, {Kind: LineBreak}, {Kind: HighlightOn}, {Text: "bold"}, {Kind: HighlightOff}, {Text: " "},
		{Kind: LocalPiece, Text: "Zlocal"}, {Text: "x"}, {Kind: Skip, N: 3}, {Text: `y\.q\z`},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	_, v = fieldMessage(t, `One two three four\.br\\.in2\five six seven\.br\\.in-2\\.ce\mid\.br\\.nf\a line that is not wrapped`)
	if got, want := v.Rendered(10), "One two\nthree four\n  five six\n  seven\n   mid\na line that is not wrapped"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEmbeddedDataSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	m, err := Parse(benchED)
	if err != nil {
		t.Fatal(err)
	}
	v := get(t, m, "OBX-5.5")
	raw := v.Raw()[:len(v.Raw())/4*4]
	out := make([]byte, len(raw))
	got := fastest(map[bool]int{true: 40, false: 2}[long()],
		func() { v.DecodeBase64(io.Discard) },
		func() { base64.StdEncoding.Decode(out, raw) },
	)
	share := float64(got[1]) / float64(got[0])
	t.Logf("decoding %d bytes: %v, encoding/base64 %v (%.0f %% of its speed)", len(raw), got[0], got[1], 100*share)
	if os.Getenv("NHSKIT_LONG") != "" && share < 0.6 {
		t.Error("want 60 %")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v.DecodeBase64(io.Discard)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes allocated", n)
	}
}
