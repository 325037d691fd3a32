package sctid_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

var validIDs = []string{
	"22298006", "138875005", "404684003", "900000000000207008", "999000011000000103", "999000011000001104",
	"8653101000001104", "1186924009", "34026261000000120", "76511000001138", "8835962287039", "100005",
}

var invalidIDs = []struct {
	in     string
	code   sctid.Code
	offset int
}{
	{"", sctid.CodeLength, 0},
	{"10005", sctid.CodeLength, 5},
	{"0", sctid.CodeLength, 1},
	{"022298006", sctid.CodeLeadingZero, 0},
	{"1388750051388750051", sctid.CodeLength, 18},
	{"138875005138875005138875005138875005138875005", sctid.CodeLength, 18},
	{" 22298006", sctid.CodeCharacter, 0},
	{"22298006 ", sctid.CodeCharacter, 8},
	{"2229800６", sctid.CodeCharacter, 7},
	{"-2298006", sctid.CodeCharacter, 0},
	{"2229:006", sctid.CodeCharacter, 4},
	{"22298/06", sctid.CodeCharacter, 5},
	{"22298001", sctid.CodeCheckDigit, 7},
	{"22298060", sctid.CodeCheckDigit, 7},
	{"999000011000000130", sctid.CodeCheckDigit, 17},
}

// verhoeff is the check digit by the book: one digit at a time, with the
// permutation computed on the way.
func verhoeff(digits string) int {
	multiply := func(a, b int) int {
		switch {
		case a < 5 && b < 5:
			return (a + b) % 5
		case a < 5:
			return (a+b-5)%5 + 5
		case b < 5:
			return (a-b)%5 + 5
		}
		return (a - b + 5) % 5
	}
	c := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		for range i % 8 {
			d = [...]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}[d]
		}
		c = multiply(c, d)
	}
	return c
}

// obvious says what is wrong with s, or "".
func obvious(s string) sctid.Code {
	for _, c := range []byte(s[:min(len(s), 19)]) { // the 19th byte is one too many, and the last looked at
		if c < '0' || c > '9' {
			return sctid.CodeCharacter
		}
	}
	switch {
	case len(s) < 6 || len(s) > 18:
		return sctid.CodeLength
	case s[0] == '0':
		return sctid.CodeLeadingZero
	case verhoeff(s) != 0:
		return sctid.CodeCheckDigit
	}
	switch s[len(s)-3 : len(s)-1] {
	case "00", "01", "02", "03":
		return ""
	case "10", "11", "12", "13":
		if len(s) < 11 {
			return sctid.CodeLength
		}
		return ""
	}
	return sctid.CodePartition
}

func compare(t *testing.T, s string) {
	t.Helper()
	want := obvious(s)
	id, err := sctid.Parse(s)
	if want == "" {
		if err != nil || id.String() != s || !id.Valid() {
			t.Fatalf("Parse(%q) = %v, %v, want it valid", s, id, err)
		}
		return
	}
	var e *sctid.Error
	if !errors.As(err, &e) || e.Code != want || e.Offset < 0 || e.Offset > len(s) || id != 0 {
		t.Fatalf("Parse(%q) = %v, %v, want %s", s, id, err, want)
	}
	if v, err := strconv.ParseUint(s, 10, 64); err == nil && s[0] != '0' && sctid.ID(v).Valid() {
		t.Fatalf("%q: Valid is true", s)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range invalidIDs {
		_, err := sctid.ParseBytes([]byte(c.in))
		e, ok := err.(*sctid.Error)
		if !ok || e.Code != c.code || e.Offset != c.offset {
			t.Errorf("%q: got %v, want %s at %d", c.in, err, c.code, c.offset)
		}
	}
}

func TestParseAgainstTheBook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for range 300_000 {
		n := 1 + r.IntN(19)
		b := make([]byte, n)
		for i := range b {
			b[i] = '0' + byte(r.IntN(10))
		}
		if n > 2 { // most partitions of chance are unknown
			b[n-3] = '0' + byte(r.IntN(8)/6)
			b[n-2] = '0' + byte(r.IntN(5))
			for d := range byte(10) {
				if b[n-1] = '0' + d; verhoeff(string(b)) == 0 {
					break
				}
			}
		}
		if r.IntN(4) == 0 {
			b[r.IntN(n)] = byte(r.IntN(256))
		}
		compare(t, string(b))
		if obvious(string(b)) == "" {
			valid++
		}
	}
	if valid < 50_000 {
		t.Fatalf("only %d of the identifiers were valid", valid)
	}
}

// TestCheckDigitCatches: every single wrong digit and every swap of
// neighbours is noticed, which is what the Verhoeff scheme is for.
func TestCheckDigitCatches(t *testing.T) {
	for _, s := range validIDs {
		for i := range len(s) {
			for d := byte('0'); d <= '9'; d++ {
				b := []byte(s)
				if b[i] == d {
					continue
				}
				b[i] = d
				if _, err := sctid.ParseBytes(b); err == nil {
					t.Errorf("%s passes for %s", b, s)
				}
			}
			if b := []byte(s); i > 0 && b[i] != b[i-1] {
				b[i], b[i-1] = b[i-1], b[i]
				if _, err := sctid.ParseBytes(b); err == nil {
					t.Errorf("%s passes for %s", b, s)
				}
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		kind      sctid.Kind
		namespace string
		item      uint64
	}{
		{4, "", 1000}, {sctid.Concept, "", 0}, {sctid.Concept, "", 99}, {sctid.Concept, "", 1e15},
		{sctid.Concept, "1000000", 0}, {sctid.Concept, "1000000", 1e8}, {sctid.Concept, "100000", 1},
		{sctid.Concept, "10000000", 1}, {sctid.Concept, "100000x", 1},
	} {
		if id, err := sctid.New(c.kind, c.namespace, c.item); err == nil || id != 0 {
			t.Errorf("New(%v, %q, %d) = %v, %v", c.kind, c.namespace, c.item, id, err)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		kind, namespace, item := sctid.Kind(r.IntN(4)), "", 100+r.Uint64N(1e15-100)
		if r.IntN(2) == 0 {
			namespace, item = fmt.Sprintf("%07d", r.IntN(1e7)), 1+r.Uint64N(1e8-1)
		}
		id, err := sctid.New(kind, namespace, item)
		if err != nil || !id.Valid() || id.Kind() != kind || id.Namespace() != namespace || id.Item() != item {
			t.Fatalf("New(%v, %q, %d) = %v, %v", kind, namespace, item, id, err)
		}
		compare(t, id.String())
	}
}

func TestEncodings(t *testing.T) {
	id := sctid.ID(999000011000000103)
	type record struct {
		A sctid.ID
		B map[sctid.ID]int
	}
	b, err := json.Marshal(record{id, map[sctid.ID]int{id: 1}})
	if want := `{"A":"999000011000000103","B":{"999000011000000103":1}}`; err != nil || string(b) != want {
		t.Fatalf("Marshal = %s, %v, want %s", b, err, want)
	}
	var back record
	if err := json.Unmarshal(b, &back); err != nil || back.A != id || back.B[id] != 1 {
		t.Fatalf("Unmarshal = %v, %v", back, err)
	}
	for _, bad := range []string{`{"A":999000011000000103}`, `{"A":"999000011000000104"}`, `{"A":true}`, `{"A":"1380000000000"}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	for _, bad := range []string{``, `"`, `"5`, `5"`, `[]`} { // as a careless decoder may hand them over
		got := id
		if err := got.UnmarshalJSON([]byte(bad)); err == nil || got != id {
			t.Errorf("UnmarshalJSON(%s) = %v, %v", bad, got, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"A":null}`), &back); err != nil || back.A != 0 {
		t.Errorf("null gives %v, %v", back.A, err)
	}
	if b, err := json.Marshal(sctid.ID(0)); err != nil || string(b) != "null" {
		t.Errorf("zero gives %s, %v", b, err)
	}
	for _, src := range []any{int64(id), uint64(id), id.String(), []byte(id.String())} {
		var got sctid.ID
		if err := got.Scan(src); err != nil || got != id {
			t.Errorf("Scan(%T) = %v, %v", src, got, err)
		}
	}
	for _, src := range []any{int64(-1), int64(5), int64(0), int64(math.MinInt64), uint64(math.MaxUint64), 1.5, float64(22298006), "x", "22298006 ", true} {
		got := id
		if err := got.Scan(src); err == nil || got != id {
			t.Errorf("Scan(%v) = %v, %v", src, got, err)
		}
	}
	got := id
	if err := got.Scan(nil); err != nil || got != 0 {
		t.Errorf("Scan(nil) = %v, %v", got, err)
	}
	for _, empty := range []any{"", []byte{}} {
		got := id
		if err := got.Scan(empty); err != nil || got != 0 {
			t.Errorf("Scan of an empty %T = %v, %v", empty, got, err)
		}
	}
	if v, err := id.Value(); err != nil || v != int64(id) {
		t.Errorf("Value = %v, %v", v, err)
	}
	if v, err := sctid.ID(0).Value(); err != nil || v != nil {
		t.Errorf("Value of zero = %v, %v", v, err)
	}
	if _, err := sctid.ID(7).Value(); err == nil {
		t.Error("an invalid identifier is stored")
	}
}

func TestAllocations(t *testing.T) {
	b, buf := []byte("999000011000000103"), make([]byte, 0, 32)
	var id sctid.ID
	if n := testing.AllocsPerRun(100, func() {
		id, _ = sctid.ParseBytes(b)
		_ = id.Valid()
		_, _ = sctid.New(sctid.Concept, "1000000", 42)
		_, _ = id.AppendText(buf)
		_ = id.UnmarshalText(b)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// goCommand runs the go command, for this machine whatever the test is for.
func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=")
	out, err := cmd.Output()
	if err != nil {
		if e := (*exec.ExitError)(nil); errors.As(err, &e) {
			t.Fatalf("go %v: %v\n%s", args, err, e.Stderr)
		}
		t.Fatal(err)
	}
	return out
}

// TestStandardLibraryOnly keeps this package a leaf.
func TestStandardLibraryOnly(t *testing.T) {
	out := goCommand(t, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	if got := string(out); got != "github.com/nhskit/nhskit/snomed/sctid\n" {
		t.Errorf("imports %s", got)
	}
}

// TestGeneratedTables: the tables are what the generator writes.
func TestGeneratedTables(t *testing.T) {
	want := goCommand(t, "run", "./internal/gen")
	got, err := os.ReadFile("verhoeff_gen.go")
	if err != nil || !bytes.Equal(got, want) {
		t.Error("verhoeff_gen.go is not what go run ./internal/gen writes")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range validIDs {
		f.Add(s)
	}
	for _, c := range invalidIDs {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) { compare(t, s) })
}

func ExampleParse() {
	id, err := sctid.Parse("999000011000000103")
	fmt.Println(id.Kind(), id.Namespace(), id.Item(), err)
	_, err = sctid.Parse("999000011000000130")
	fmt.Println(err)
	// Output:
	// concept 1000000 99900001 <nil>
	// SNOMED CT identifier, byte 17: the check digit does not fit (Verhoeff)
}

func ExampleNew() {
	id, err := sctid.New(sctid.Description, "1000000", 42)
	fmt.Println(id, err)
	// Output: 421000000111 <nil>
}

var sink sctid.ID

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{"100005", "404684003", "10363601000001109", "900000000000207008"} {
		b.Run(strconv.Itoa(len(s)), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				sink, _ = sctid.Parse(s)
			}
		})
	}
	b.Run("baseline ParseUint 18", func(b *testing.B) {
		b.SetBytes(18)
		for b.Loop() {
			v, _ := strconv.ParseUint("900000000000207008", 10, 64)
			sink = sctid.ID(v)
		}
	})
}
