package dmd

import (
	"bytes"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func runGo(t *testing.T, args ...string) error {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = os.Environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct{ in, text, reduced string }{
		{"0", "0", "0"}, {"5", "5", "5"}, {"2.50", "2.50", "2.5"}, {".5", "0.5", "0.5"}, {"-0.05", "-0.05", "-0.05"},
		{"1E3", "1000", "1000"}, {"1.5e-2", "0.015", "0.015"}, {"000123.400", "123.400", "123.4"},
		{"0.000000000001", "0.000000000001", "0.000000000001"}, {"999999999999999999", "999999999999999999", "999999999999999999"}, {"+7", "7", "7"},
	} {
		d, err := ParseDecimal(c.in)
		if err != nil || d.String() != c.text || d.Reduced().String() != c.reduced {
			t.Errorf("%q: %s, %s, %v; want %s, %s", c.in, d, d.Reduced(), err, c.text, c.reduced)
		}
		want, _ := new(big.Rat).SetString(c.in)
		if d.Rat().Cmp(want) != 0 {
			t.Errorf("%q: %s", c.in, d.Rat())
		}
	}
	for _, in := range []string{"", "-", ".", "1.2.3", "1,5", " 1", "1 ", "1e", "1e99", "e5", "0x1", "1_000", "1999999999999999999", "0.0000000000000000001", "NaN", "Inf"} {
		if d, err := ParseDecimal(in); err == nil {
			t.Errorf("%q is %s", in, d)
		}
	}
	sum := new(big.Rat).Add(NewDecimal(1, 1).Rat(), NewDecimal(2, 1).Rat())
	if sum.Cmp(NewDecimal(3, 1).Rat()) != 0 {
		t.Errorf("0.1 + 0.2 is %s", sum)
	}
}

func TestDecimalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := NewDecimal(rapid.Int64Range(-1e17, 1e17).Draw(t, "a"), rapid.IntRange(0, 18).Draw(t, "scale"))
		b := NewDecimal(rapid.Int64Range(-1e17, 1e17).Draw(t, "b"), rapid.IntRange(0, 18).Draw(t, "scale"))
		back, err := ParseDecimal(a.String())
		if err != nil || back != a {
			t.Fatalf("%s came back as %s, %v", a, back, err)
		}
		if got, want := a.Cmp(b), a.Rat().Cmp(b.Rat()); got != want {
			t.Fatalf("%s against %s: %d, want %d", a, b, got, want)
		}
		if a.Cmp(a.Reduced()) != 0 {
			t.Fatalf("%s is not %s", a, a.Reduced())
		}
	})
}

func TestDate(t *testing.T) {
	for _, in := range []string{"2024-02-29", "1999-12-31", "0001-01-01", "9999-12-31"} {
		d, err := ParseDate(in)
		if err != nil || d.String() != in {
			t.Errorf("%s: %s, %v", in, d, err)
		}
	}
	for _, in := range []string{"", "2023-02-29", "2023-13-01", "2023-00-10", "2023-1-01", "20230101", "2023-01-01T", "0000-01-01", "2023-04-31"} {
		if d, err := ParseDate(in); err == nil {
			t.Errorf("%q is %s", in, d)
		}
	}
	if a, b := NewDate(2019, 3, 12), NewDate(2019, 3, 13); a >= b || b.dayBefore() != a || NewDate(2020, 3, 1).dayBefore() != NewDate(2020, 2, 29) || NewDate(2020, 1, 1).dayBefore() != NewDate(2019, 12, 31) {
		t.Error("days are not in order")
	}
}

// TestStoredValues wants every text back exactly as it was.
func TestStoredValues(t *testing.T) {
	texts := rapid.OneOf(
		rapid.String(), rapid.StringMatching(`[0-9]{0,20}`), rapid.StringMatching(`0{0,6}[0-9]{0,12}`),
		rapid.StringMatching(`[0-9]{4}-[0-9]{2}-[0-9]{2}`), rapid.StringMatching(`-?[0-9]{1,3}\.[0-9]{1,3}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(texts, 1, 8).Draw(t, "values")
		var enc []byte
		for _, v := range values {
			enc = appendValue(enc, []byte(v))
		}
		rest := enc
		for _, v := range values {
			var got []byte
			skipped := skipValue(rest)
			got, rest = appendValueText(nil, rest)
			if string(got) != v || !bytes.Equal(skipped, rest) {
				t.Fatalf("%q came back as %q", v, got)
			}
		}
		if len(rest) != 0 {
			t.Fatal("bytes are left over")
		}
	})
}

func TestGTIN(t *testing.T) {
	same := []string{"5012617019844", "05012617019844"}
	for _, s := range same {
		g, err := ParseGTIN(s)
		if err != nil || g.String() != "05012617019844" {
			t.Errorf("%s: %s, %v", s, g, err)
		}
	}
	if g, err := ParseGTIN("036000291452"); err != nil || g.String() != "00036000291452" { // a UPC of 12 digits
		t.Errorf("%s, %v", g, err)
	}
	if g, err := ParseGTIN("96385074"); err != nil || g.String() != "00000096385074" { // of 8
		t.Errorf("%s, %v", g, err)
	}
	for _, s := range []string{"", "00000000", "00000000000000", "5012617019845", "501261701985", "5012617 19844", "٥012617019844", "50126170198440"} {
		if g, err := ParseGTIN(s); err == nil {
			t.Errorf("%q is %s", s, g)
		}
	}
	// Every single wrong digit is found.
	for i := range 13 {
		for d := byte('0'); d <= '9'; d++ {
			b := []byte(same[0])
			if b[i] != d {
				b[i] = d
				if _, err := ParseGTIN(string(b)); err == nil {
					t.Errorf("%s passes", b)
				}
			}
		}
	}
}

func TestScan(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Scan
	}{
		{"5012617019844", Scan{GTIN: 5012617019844}},
		{"0105012617019844", Scan{GTIN: 5012617019844}},
		{"]d2010501261701984417261231" + "10ABC123\x1d21XYZ", Scan{GTIN: 5012617019844, Batch: "ABC123", Expiry: NewDate(2026, 12, 31), Serial: "XYZ"}},
		{"\x1d21XYZ\x1d0105012617019844" + "17240200", Scan{GTIN: 5012617019844, Expiry: NewDate(2024, 2, 29), Serial: "XYZ"}},
		{"(01)05012617019844(10)AB(17)261130", Scan{GTIN: 5012617019844, Batch: "AB", Expiry: NewDate(2026, 11, 30)}},
		{"0105012617019844" + "310300075010L1", Scan{GTIN: 5012617019844, Batch: "L1"}},
		{"(01)05012617019844(10)A(B)C(21)S(1", Scan{GTIN: 5012617019844, Batch: "A(B)C", Serial: "S(1"}},
		{"]d2\x1d0105012617019844" + "710PZN123\x1d" + "240X\x1d" + "17301201" + "21S", Scan{GTIN: 5012617019844, Expiry: NewDate(2030, 12, 1), Serial: "S"}},
		{"0105012617019844" + "0105012617019844", Scan{GTIN: 5012617019844}},
	} {
		got, err := ParseScan(c.in)
		if err != nil || got != c.want {
			t.Errorf("%q: %+v, %v; want %+v", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "01050126170198", "0105012617019845", "17261231" + "10ABC12345678", "0105012617019844" + "17261399", "0105012617019844" + "0100036000291452", "0105012617019844" + "10A\x1d10B", "0105012617019844" + "10\x1d", "0105012617019844" + "21" + strings.Repeat("9", 21), "0105012617019844" + "1"} {
		if got, err := ParseScan(in); err == nil {
			t.Errorf("%q is %+v", in, got)
		}
	}
}

func TestFileNames(t *testing.T) {
	for _, c := range []struct {
		name, kind, date string
		ok               bool
	}{
		{"f_vmp2_3260821.xml", "vmp", "2021-08-26", true},
		{"HISTORIC_CODES/f_history1_0260821.xml", "history", "2021-08-26", true},
		{"a.zip!f_gtin2_0010119.xml", "gtin", "2019-01-01", true},
		{"F_AMPP2_3311299.XML", "ampp", "2099-12-31", true},
		{"f_vtm_ing1_0260821.xml", "vtm_ing", "2021-08-26", true},
		{"f_vtm2_3991399.xml", "vtm", "", false},
		{"f_other2_3260821.xml", "", "", false},
		{"vmp.xml", "", "", false},
		{"f_vmp2_3.xml", "vmp", "", true},
	} {
		kind, date, ok := fileKind(c.name)
		if c.name == "f_vtm2_3991399.xml" { // day 99 is none
			if date != 0 {
				t.Errorf("%s: %s", c.name, date)
			}
			continue
		}
		if kind != c.kind || date.String() != c.date || ok != c.ok {
			t.Errorf("%s: %s %s %v", c.name, kind, date, ok)
		}
	}
	if got := FileName("vmp", NewDate(2021, 8, 26)); got != "f_vmp2_3260821.xml" {
		t.Error(got)
	}
}

func TestQuantityInWords(t *testing.T) {
	for in, want := range map[string]string{
		"0": "zero", "1": "one", "15": "fifteen", "28": "twenty-eight", "40": "forty", "100": "one hundred", "105": "one hundred and five",
		"112": "one hundred and twelve", "999": "nine hundred and ninety-nine", "1000": "one thousand", "1005": "one thousand and five",
		"1100": "one thousand one hundred", "21000": "twenty-one thousand", "123456": "one hundred and twenty-three thousand four hundred and fifty-six",
		"1000001": "one million and one", "2.5": "two point five", "0.05": "zero point zero five", "28.0": "twenty-eight",
	} {
		d, err := ParseDecimal(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := QuantityInWords(d); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		in, name, query string
	}{
		{"Co-amilofruse 5mg/40mg tablets", "co coamilofruse amilofruse 5 =m5000000 40 =m40000000 tablet", "co amilofruse =m5000000 =m40000000 tablet"},
		{"0.5g", "0.5 =m500000000", "=m500000000"},
		{"500 mg", "500 =m500000000", "=m500000000"},
		{"500micrograms", "500 =m500000", "=m500000"},
		{"500mcg", "500 =m500000", "=m500000"},
		{"500µg", "500 =m500000", "=m500000"},
		{"250mg/5ml", "250 =m250000000 5 =v5000000 =rm50/1", "=rm50/1"},
		{"50mg/ml", "50 =m50000000 =rm50/1", "=rm50/1"},
		{"1,000unit/ml", "1000 =u1000 =ru1/1000", "=ru1/1000"},
		{"0.05% cream", "0.05 =%1/20 cream", "=%1/20 cream"},
		{"amox 250 cap", "amox 250 cap", "amox 250 cap"},
		{"Gaviscon® Señor's", "gaviscon® senor", "gaviscon® senor"},
		{"28 tablet", "28 tablet", "28 tablet"},
		{"", "", ""},
	} {
		for query, want := range map[bool]string{false: c.name, true: c.query} {
			var got []string
			for _, w := range tokens(nil, c.in, query) {
				got = append(got, w.text)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%q, query %v: %q, want %q", c.in, query, strings.Join(got, " "), want)
			}
		}
	}
}
