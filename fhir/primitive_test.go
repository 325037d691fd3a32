package fhir

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// languages are the regular languages that FHIR R4 gives for its primitive
// types (datatypes.html#primitive), as the slow second implementation of the checks. Where our
// check is stricter the reason stands beside it.
var languages = map[string]string{
	"boolean":     `true|false`,
	"integer":     `[0]|[-+]?[1-9][0-9]*`,
	"decimal":     `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`,
	"uri":         `\S+`,
	"url":         `\S+`,
	"canonical":   `\S+`,
	"instant":     `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))`,
	"date":        `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?`,
	"dateTime":    `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])(T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?`,
	"time":        `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`,
	"code":        `[^\s]+(\s[^\s]+)*`,
	"oid":         `urn:oid:[0-2](\.(0|[1-9][0-9]*))+`,
	"id":          `[A-Za-z0-9\-\.]{1,64}`,
	"uuid":        `urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
	"unsignedInt": `[0]|([1-9][0-9]*)`,
	"positiveInt": `[1-9][0-9]*`,
}

// realDay tells dates that the regular language lets pass: 30 February.
func realDay(s string) bool {
	if len(s) < 10 {
		return true
	}
	_, err := time.Parse("2006-01-02", s[:10])
	return err == nil
}

func TestPrimitiveLanguages(t *testing.T) {
	d := R4()
	for name, language := range languages {
		re := regexp.MustCompile(`^(?:` + language + `)$`)
		check := func(s string) (got, want bool) {
			want = re.MatchString(s)
			switch name {
			case "date", "dateTime", "instant":
				want = want && realDay(s)
			case "integer", "unsignedInt", "positiveInt":
				n, ok := new(big.Int).SetString(s, 10)
				want = want && ok && n.IsInt64() && n.Int64() >= -1<<31 && n.Int64() < 1<<31
				// -0 is in JSON's language, and JSON's numbers are FHIR's.
				if s == "-0" {
					return false, false
				}
			}
			return d.ValidPrimitive(name, s), want
		}
		t.Run(name, func(t *testing.T) {
			gen := rapid.OneOf(
				rapid.StringMatching(language),
				rapid.StringMatching(`[-+0-9a-zA-Z:.TZ ]{0,30}`),
				rapid.Custom(func(t *rapid.T) string { // a valid one with one character changed
					s := rapid.StringMatching(language).Draw(t, "valid")
					if s == "" {
						return s
					}
					i := rapid.IntRange(0, len(s)-1).Draw(t, "at")
					return s[:i] + rapid.StringMatching(`[-+0-9aZT:. \n]?`).Draw(t, "with") + s[i+1:]
				}),
			)
			rapid.Check(t, func(t *rapid.T) {
				s := gen.Draw(t, "value")
				for _, r := range s {
					if r >= 0x80 && strings.ContainsRune("\u0085\u00a0", r) {
						t.Skip("white space only to some")
					}
					if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
						t.Skip("no character of FHIR")
					}
				}
				if got, want := check(s); got != want {
					t.Fatalf("%q: %v, want %v", s, got, want)
				}
			})
		})
	}
}

func TestPrimitiveTable(t *testing.T) {
	for _, c := range []struct {
		typ, value string
		want       bool
	}{
		{"date", "2024-02-29", true}, {"date", "2023-02-29", false}, {"date", "0000", false}, {"date", "2024-1", false},
		{"date", "2024-02-29T", false}, {"dateTime", "2024-02-29T10:00:00", false}, {"dateTime", "2024-02-29T10:00Z", false},
		{"dateTime", "2016-12-31T23:59:60Z", true}, {"dateTime", "2024-02-29T24:00:00Z", false}, {"dateTime", "2024-02-29T10:00:00+14:01", false},
		{"instant", "2024-02-29", false}, {"time", "10:00", false}, {"time", "10:00:00.", false},
		{"integer", "2147483647", true}, {"integer", "2147483648", false}, {"integer", "-2147483648", true}, {"integer", "-2147483649", false},
		{"integer", "01", false}, {"integer", "1.0", false}, {"positiveInt", "0", false}, {"unsignedInt", "0", true}, {"unsignedInt", "-1", false},
		{"code", " a", false}, {"code", "a ", false}, {"code", "a  b", false}, {"code", "a b", true}, {"uri", "a b", false},
		{"id", strings.Repeat("a", 64), true}, {"id", strings.Repeat("a", 65), false}, {"id", "a_b", false}, {"id", "", false},
		{"oid", "urn:oid:1.2.3", true}, {"oid", "urn:oid:3.2", false}, {"oid", "urn:oid:1.02", false}, {"oid", "1.2.3", false},
		{"uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", true}, {"uuid", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", false},
		{"base64Binary", "aGk=", true}, {"base64Binary", "aG k=\n", true}, {"base64Binary", "aGk", false}, {"base64Binary", "aGk=aGk=", false},
		{"base64Binary", "a===", false}, {"base64Binary", "    ", false}, {"decimal", "1.", false}, {"decimal", ".5", false}, {"decimal", "1e400", true},
		{"boolean", "True", false}, {"string", " ", true}, {"Patient", "x", false}, {"none", "x", false},
	} {
		if got := R4().ValidPrimitive(c.typ, c.value); got != c.want {
			t.Errorf("%s %q: %v", c.typ, c.value, got)
		}
	}
}

func TestDateTimeText(t *testing.T) {
	for _, s := range []string{
		"2024", "2024-05", "2024-05-06", "2024-05-06T07:08:09Z", "2024-05-06T07:08:09.000Z", "2024-05-06T07:08:09.123456789+01:00",
		"2024-05-06T07:08:09-00:00", "2024-05-06T07:08:09+00:00", "2024-05-06T07:08:09-11:30", "0001-01-01",
	} {
		v, err := ParseDateTime(s)
		if err != nil || v.String() != s {
			t.Errorf("%s: %v %v", s, v, err)
		}
		if text, err := v.AppendText(nil); err != nil || string(text) != s {
			t.Errorf("%s: %s", s, text)
		}
		var back DateTime
		if err := back.UnmarshalText([]byte(s)); err != nil || back != v {
			t.Errorf("%s: %v", s, back)
		}
	}
	if v, _ := ParseTime("07:08:09.10"); v.String() != "07:08:09.10" || v.FractionDigits() != 2 || v.Nanosecond() != 100_000_000 {
		t.Error(v)
	}
	if v, err := FromTime(time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.FixedZone("", 3600)), 3); err != nil || v.String() != "2024-05-06T07:08:09.123+01:00" {
		t.Error(v, err)
	}
	if _, err := NewDate(2023, 2, 29); err == nil {
		t.Error("30 February")
	}
	if d, err := NewDate(2023, 2, 0); err != nil || d.String() != "2023-02" {
		t.Error(d, err)
	}
}

func TestDateTimeCompare(t *testing.T) {
	const unknown = 2
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"2024", "2024", 0}, {"2024", "2025", -1}, {"2024", "2024-05", unknown}, {"2024-05", "2023", 1}, {"2024-05", "2024-06-01", -1},
		{"2024-05-06T07:00:00Z", "2024-05-06T08:00:00+01:00", 0}, {"2024-05-06T07:00:00Z", "2024-05-06T07:00:00.0Z", 0},
		{"2024-05-06T07:00:00Z", "2024-05-06T07:00:00.1Z", -1}, {"2024-05-06T07:00:00Z", "2024-05-06", unknown},
		{"2024-05-06T07:00:00Z", "2024-05-09", -1}, {"2024-05-09", "2024-05-06T07:00:00Z", 1}, {"2024-05-06T23:30:00-11:00", "2024-05-08", unknown},
		{"2024-12-31T23:59:59Z", "2024", unknown}, {"2025-01-02T00:00:00Z", "2024", 1},
	} {
		a, err1 := ParseDateTime(c.a)
		b, err2 := ParseDateTime(c.b)
		if err1 != nil || err2 != nil {
			t.Fatal(c, err1, err2)
		}
		for _, swap := range []bool{false, true} {
			want := c.want
			x, y := a, b
			if swap {
				x, y = b, a
				if want != unknown {
					want = -want
				}
			}
			got, ok := x.Compare(y)
			if ok != (want != unknown) || ok && got != want {
				t.Errorf("%v %v: %d %v", x, y, got, ok)
			}
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, s := range []string{"1.50", "-0.00", "1e3", "1.0E+2", "12345678901234567890.123", "0", "-1"} {
		d, err := ParseDecimal(s)
		if err != nil || d.String() != s {
			t.Errorf("%s: %v %v", s, d, err)
		}
	}
	for _, c := range []struct {
		coefficient int64
		scale       int
		want        string
	}{{150, 2, "1.50"}, {-5, 3, "-0.005"}, {5, -2, "500"}, {0, 2, "0.00"}, {0, -2, "0"}, {-1 << 63, 1, "-922337203685477580.8"}} {
		d := NewDecimal(c.coefficient, c.scale)
		if d.String() != c.want {
			t.Errorf("%v: %s", c, d)
		}
		if b, scale, ok := d.Big(); !ok || c.scale >= 0 && (b.Int64() != c.coefficient || scale != c.scale) {
			t.Errorf("%v: %v %d", c, b, scale)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.StringMatching(languages["decimal"])
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		da, err1 := ParseDecimal(a)
		db, err2 := ParseDecimal(b)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		got, ok := da.Cmp(db)
		if !ok {
			t.Skip("a huge exponent")
		}
		ra, ok1 := new(big.Rat).SetString(a)
		rb, ok2 := new(big.Rat).SetString(b)
		if !ok1 || !ok2 || ra.Cmp(rb) != got {
			t.Fatalf("%s %s: %d", a, b, got)
		}
		if c, scale, ok := da.Parts(); ok {
			if b, s, _ := da.Big(); b.Int64() != c || s != scale {
				t.Fatalf("%s: %d %d", a, c, scale)
			}
		}
	})
}

func TestBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		if len(data) == 0 {
			return
		}
		text := base64.StdEncoding.EncodeToString(data)
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		text = text[:cut] + "\r\n " + text[cut:]
		b, err := ParseBase64(text)
		if err != nil {
			t.Fatal(err)
		}
		streamed, err := io.ReadAll(b.Reader())
		if err != nil || !bytes.Equal(streamed, data) {
			t.Fatal(streamed, err)
		}
		whole, err := b.Bytes()
		if err != nil || !bytes.Equal(whole, data) || b.Size() != len(data) || b.String() != text {
			t.Fatal(whole, err, b.Size())
		}
		if e := EncodeBase64(data); e.Size() != len(data) {
			t.Fatal(e.Size())
		}
	})
}

func TestPrimitiveAllocations(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		d := R4()
		d.ValidPrimitive("dateTime", "2024-05-06T07:08:09.123+01:00")
		d.ValidPrimitive("id", "a-b.c")
		d.ValidPrimitive("uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520")
		v, _ := ParseDateTime("2024-05-06T07:08:09.123+01:00")
		w, _ := ParseDateTime("2024-05-06T07:08:09Z")
		v.Compare(w)
	}); n > 1 { // one for the zone
		t.Errorf("%v allocations", n)
	}
}

// TestNull reads null by encoding/json: by its convention nothing changes, for
// all primitives.
func TestNull(t *testing.T) {
	type values struct {
		Decimal  Decimal
		Date     Date
		DateTime DateTime
		Time     Time
		Base64   Base64
	}
	const in = `{"Decimal":1.50,"Date":"2026-11","DateTime":"2026-11-02T15:40:00Z","Time":"15:40:00","Base64":"aGk="}`
	var v, want values
	for _, into := range []*values{&v, &want} {
		if err := json.Unmarshal([]byte(in), into); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal([]byte(`{"Decimal":null,"Date":null,"DateTime":null,"Time":null,"Base64":null}`), &v); err != nil || v != want {
		t.Errorf("%+v, %v", v, err)
	}
	if out, err := json.Marshal(v); err != nil || string(out) != in {
		t.Errorf("%s, %v", out, err)
	}
}
