package optout_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/nhskit/nhskit/consent/optout"
	"github.com/nhskit/nhskit/nhsnumber"
)

var asOf = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

// numbers draws distinct valid numbers whose first nine digits lie in a range.
func numbers(seed uint64, n int, from, until uint32) []nhsnumber.Number {
	r := rand.New(rand.NewPCG(seed, 1))
	seen := make(map[uint32]bool, n)
	out := make([]nhsnumber.Number, 0, n)
	for len(out) < n {
		v := from + r.Uint32N(until-from)
		c, ok := nhsnumber.CheckDigit(v)
		if !ok || seen[v] {
			continue
		}
		seen[v] = true
		full := uint64(v)*10 + uint64(c)
		var num nhsnumber.Number
		if err := num.UnmarshalBinary([]byte{byte(full >> 32), byte(full >> 24), byte(full >> 16), byte(full >> 8), byte(full)}); err != nil {
			continue
		}
		out = append(out, num)
	}
	return out
}

// test draws numbers of the 999 range.
func test(seed uint64, n int) []nhsnumber.Number { return numbers(seed, n, 999_000_000, 1_000_000_000) }

func build(t testing.TB, form optout.Form, list []nhsnumber.Number) *optout.Set {
	t.Helper()
	s, err := optout.Build(slices.Values(list), optout.Meta{Form: form, AsOf: asOf, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func forms(t *testing.T, fn func(t *testing.T, f optout.Form)) {
	for _, f := range []optout.Form{optout.Dense, optout.Compact} {
		t.Run(f.String(), func(t *testing.T) { fn(t, f) })
	}
}

// TestSetIsExact compares with a map, for members, neighbours and strangers,
// one by one and together, at several densities: where one number in eighty is
// a member, as in England, and where every cell of a dense set is full.
func TestSetIsExact(t *testing.T) {
	forms(t, func(t *testing.T, f optout.Form) {
		for _, c := range []struct {
			name    string
			members []nhsnumber.Number
		}{
			{"nobody", nil},
			{"one", numbers(9, 1, 400_000_000, 401_500_000)},
			{"sparse and far apart", slices.Concat(numbers(1, 20_000, 400_000_000, 401_500_000), test(2, 2000))},
			{"half of a range", numbers(6, 60_000, 400_000_000, 400_120_000)},
			{"the ends of the range", slices.Concat(numbers(10, 300, 0, 600), numbers(11, 300, 999_999_400, 1_000_000_000))},
		} {
			s := build(t, f, slices.Concat(c.members, c.members[:len(c.members)/2]))
			oracle := map[nhsnumber.Number]bool{}
			for _, n := range c.members {
				oracle[n] = true
			}
			if s.Len() != len(oracle) {
				t.Fatalf("%s: %d numbers, want %d", c.name, s.Len(), len(oracle))
			}
			probes := slices.Concat(c.members, numbers(3, 50_000, 400_000_000, 401_500_000), test(4, 20_000), numbers(5, 1000, 0, 10_000_000), []nhsnumber.Number{{}})
			together := s.AppendHas([]bool{true}, probes)
			if len(together) != 1+len(probes) {
				t.Fatalf("%s: %d answers", c.name, len(together)-1)
			}
			for i, n := range probes {
				if s.Has(n) != oracle[n] || together[1+i] != oracle[n] {
					t.Fatalf("%s: another answer than the map's", c.name)
				}
			}
			sorted := slices.SortedFunc(slices.Values(c.members), nhsnumber.Number.Compare)
			if got := slices.Collect(s.All()); !slices.Equal(got, sorted) {
				t.Errorf("%s: All does not list the numbers in order", c.name)
			}
			var b bytes.Buffer
			if _, err := s.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			if again, err := optout.Parse(b.Bytes()); err != nil || !slices.Equal(slices.Collect(again.All()), sorted) {
				t.Errorf("%s: another set was read than was written: %v", c.name, err)
			}
		}
	})
}

// TestForgedFile changes every byte behind the header in every way that one
// bit can, and makes the checksum anew: what is accepted never panics, and its
// list, its count and its answers agree.
func TestForgedFile(t *testing.T) {
	forms(t, func(t *testing.T, f optout.Form) {
		// Full cells, others and an empty one; of a compact set one page.
		list := slices.Concat(numbers(9, 60, 999_000_000, 999_000_300), numbers(8, 5, 999_001_000, 999_001_500))
		var b bytes.Buffer
		if _, err := build(t, f, list).WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		data := b.Bytes()
		const header, sumAt = 160, 56 + 64
		refused := 0
		for at := 8; at < len(data); at++ {
			if at == sumAt {
				at = header
			}
			if f == optout.Compact && at > header && at < len(data)-800 && (at-header)%4099 > 3 && le.Uint32(data[at&^3:]) == 0 {
				continue // one in a thousand of the empty entries of the directory
			}
			for bit := range 8 {
				if testing.Short() && (at+bit)%4 > 0 {
					continue
				}
				bad := bytes.Clone(data)
				bad[at] ^= 1 << bit
				sum := sha256.Sum256(slices.Concat(bad[:sumAt], bad[header:]))
				copy(bad[sumAt:], sum[:])
				s, err := optout.Parse(bad)
				if err != nil {
					refused++
					continue
				}
				n := 0
				for x := range s.All() {
					if n++; !s.Has(x) || !s.AppendHas(nil, []nhsnumber.Number{x})[0] {
						t.Fatalf("byte %d: a member that is not in the set", at)
					}
				}
				if n > s.Len() {
					t.Fatalf("byte %d: %d members of %d", at, n, s.Len())
				}
				s.AppendHas(nil, list)
			}
		}
		if refused == 0 {
			t.Error("nothing was refused")
		}
	})
}

var le = binary.LittleEndian

func TestFileRoundTrip(t *testing.T) {
	forms(t, func(t *testing.T, f optout.Form) {
		list := test(7, 5000)
		meta := optout.Meta{Form: f, AsOf: asOf, Expires: asOf.Add(24 * time.Hour), Version: "2026-03-01"}
		s, err := optout.Build(slices.Values(list), meta)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "set")
		var b bytes.Buffer
		if _, err := s.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := optout.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Meta() != meta || got.Len() != len(list) || got.Checksum() != s.Checksum() {
			t.Errorf("read %+v", got.Meta())
		}
		for _, n := range list {
			if !got.Has(n) {
				t.Fatal("a number is lost")
			}
		}
	})
}

// TestDamagedFile flips bits and cuts the file: every damage is noticed.
func TestDamagedFile(t *testing.T) {
	forms(t, func(t *testing.T, f optout.Form) {
		var b bytes.Buffer
		if _, err := build(t, f, test(9, 50)).WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		data := b.Bytes()
		r := rand.New(rand.NewPCG(1, 2))
		flips := 60
		if os.Getenv("NHSKIT_LONG") != "" {
			flips = 10_000
		}
		for i := range flips {
			bad := bytes.Clone(data)
			at := r.IntN(len(bad))
			if i < 200 {
				at = i
			}
			bad[at] ^= 1 << r.IntN(8)
			if _, err := optout.Parse(bad); !errors.Is(err, optout.ErrCorrupt) {
				t.Fatalf("a flipped bit at %d: %v", at, err)
			}
			if _, err := optout.Parse(data[:r.IntN(len(data))]); !errors.Is(err, optout.ErrCorrupt) {
				t.Fatalf("a truncated file: %v", err)
			}
		}
	})
}

func TestBuildNeedsATime(t *testing.T) {
	if _, err := optout.Build(slices.Values(test(1, 3)), optout.Meta{}); err == nil {
		t.Error("a set without a time was built")
	}
	none := iter.Seq[nhsnumber.Number](func(yield func(nhsnumber.Number) bool) { yield(nhsnumber.Number{}) })
	if _, err := optout.Build(none, optout.Meta{AsOf: asOf}); err == nil {
		t.Error("no number was put into a set")
	}
}

// TestLive swaps sets under readers; the race detector watches.
func TestLive(t *testing.T) {
	a, b := test(11, 100), test(12, 100)
	sets := [2]*optout.Set{build(t, optout.Dense, a), build(t, optout.Compact, b)}
	var live optout.Live
	if _, err := live.Status(context.Background(), a[0]); err == nil {
		t.Error("an answer without a set")
	}
	live.Swap(sets[0])
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				st, err := live.Status(context.Background(), a[0])
				if err != nil || st.AsOf != asOf {
					t.Error("no answer")
					return
				}
			}
		})
	}
	for i := range 200 {
		live.Swap(sets[i&1])
	}
	wg.Wait()
}

func options() optout.Options {
	return optout.Options{MaxAge: 48 * time.Hour, At: asOf.Add(time.Hour), Column: "nhs_number"}
}

// cleanSlowly is the oracle: encoding/csv and a map.
func cleanSlowly(t *testing.T, in string, out map[string]bool, column int) (kept [][]string, removed, rejected int) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(in)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		n, err := nhsnumber.Parse(row[column])
		switch {
		case i == 0:
			kept = append(kept, row)
		case err != nil:
			rejected++
		case out[n.Digits()]:
			removed++
		default:
			kept = append(kept, row)
		}
	}
	return kept, removed, rejected
}

func TestCleanCSVAgainstOracle(t *testing.T) {
	list := test(21, 400)
	out := map[string]bool{}
	for _, n := range list[:100] {
		out[n.Digits()] = true
	}
	set := build(t, optout.Compact, list[:100])
	r := rand.New(rand.NewPCG(5, 5))
	for round := range 60 {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.UseCRLF = round%2 == 1
		w.Write([]string{"id", "name, with comma", "nhs_number", "note"})
		for i := range 300 {
			n := list[r.IntN(len(list))]
			value := n.Digits()
			switch r.IntN(12) {
			case 0:
				value = n.Display()
			case 1:
				value = "9990000019"
			case 2:
				value = ""
			}
			note := "plain"
			switch r.IntN(5) {
			case 0:
				note = "two\nlines, and \"quotes\""
			case 1:
				note = ""
			}
			w.Write([]string{fmt.Sprint(i), "a,b", value, note})
		}
		w.Flush()
		in := b.String()
		kept, removed, rejected := cleanSlowly(t, in, out, 2)
		var got bytes.Buffer
		report, err := optout.Clean(context.Background(), iotest.HalfReader(strings.NewReader(in)), &got, set, options())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&got).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(rows, kept, slices.Equal) {
			t.Fatalf("round %d: other rows than the oracle's", round)
		}
		if !report.Complete() || report.Rows != 300 || int(report.Removed) != removed || int(report.Rejected) != rejected {
			t.Fatalf("round %d: %+v, want %d removed and %d rejected", round, report, removed, rejected)
		}
	}
}

func TestCleanRefusesToGuess(t *testing.T) {
	set := build(t, optout.Dense, test(31, 3))
	expired, err := optout.Build(slices.Values(test(31, 3)), optout.Meta{AsOf: asOf, Expires: asOf.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		set    *optout.Set
		change func(*optout.Options)
		want   error
	}{
		{"no maximum age", set, func(o *optout.Options) { o.MaxAge = 0 }, optout.ErrOptions},
		{"no time", set, func(o *optout.Options) { o.At = time.Time{} }, optout.ErrOptions},
		{"no set", nil, func(o *optout.Options) {}, optout.ErrOptions},
		{"too old", set, func(o *optout.Options) { o.At = asOf.Add(48*time.Hour + 1) }, optout.ErrStale},
		{"of the future", set, func(o *optout.Options) { o.At = asOf.Add(-1) }, optout.ErrStale},
		{"expired", expired, func(o *optout.Options) {}, optout.ErrStale},
		{"no member", set, func(o *optout.Options) { o.Format, o.Column = optout.NDJSON, "" }, optout.ErrOptions},
	} {
		o := options()
		c.change(&o)
		var out bytes.Buffer
		if _, err := optout.Clean(context.Background(), strings.NewReader("nhs_number\n9990000018\n"), &out, c.set, o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: rows came through", c.name)
		}
	}
	o := options()
	o.At = asOf.Add(48 * time.Hour)
	if _, err := optout.Clean(context.Background(), strings.NewReader(""), io.Discard, set, o); err != nil {
		t.Errorf("exactly as old as allowed: %v", err)
	}
	o = options()
	o.Column = "elsewhere"
	var out bytes.Buffer
	report, err := optout.Clean(context.Background(), strings.NewReader("nhs_number\n9990000018\n"), &out, set, o)
	if err != nil || report.Rejected != 1 || strings.Contains(out.String(), "999") {
		t.Errorf("a column that is not there: %+v %v %q", report, err, out.String())
	}
	o = options()
	o.MaxRow = 10
	if _, err := optout.Clean(context.Background(), strings.NewReader("nhs_number\n"+strings.Repeat("x", 600_000)), io.Discard, set, o); err == nil {
		t.Error("a row beyond the limit was read")
	}
}

func TestCleanJSON(t *testing.T) {
	list := test(41, 4)
	set := build(t, optout.Dense, list[:2])
	out, in := list[0].Digits(), list[2].Digits()
	id := func(n string) string {
		return `{"use":"official","system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + n + `"}`
	}
	for _, c := range []struct {
		name   string
		format optout.Format
		line   string
		want   string // kept, removed, rejected
	}{
		{"member", optout.NDJSON, `{"a":[1,{"b":2}],"patient":{"nhs":"` + in + `"}}`, "kept"},
		{"member opted out", optout.NDJSON, `{"patient" : { "nhs" : "` + out + `" }}`, "removed"},
		{"member as number", optout.NDJSON, `{"patient":{"nhs":` + out + `}}`, "removed"},
		{"member missing", optout.NDJSON, `{"patient":{"x":"` + in + `"}}`, "rejected"},
		{"member twice", optout.NDJSON, `{"patient":{"nhs":"` + in + `","nhs":"` + out + `"}}`, "rejected"},
		{"not JSON", optout.NDJSON, `{"patient":{"nhs":"` + in + `"}`, "rejected"},
		{"an array", optout.NDJSON, `["` + in + `"]`, "rejected"},
		{"patient", optout.FHIR, `{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"` + out + `"},` + id(in) + `]}`, "kept"},
		{"patient opted out", optout.FHIR, `{"identifier":[` + id(out) + `],"resourceType":"Patient"}`, "removed"},
		{"patient, one of two numbers", optout.FHIR, `{"resourceType":"Patient","identifier":[` + id(in) + `,` + id(out) + `]}`, "removed"},
		{"patient without number", optout.FHIR, `{"resourceType":"Patient","identifier":[]}`, "rejected"},
		{"patient, wrong check digit", optout.FHIR, `{"resourceType":"Patient","identifier":[` + id("9990000019") + `]}`, "rejected"},
		{"subject", optout.FHIR, `{"resourceType":"Observation","subject":{"identifier":` + id(out) + `}}`, "removed"},
		{"reference", optout.FHIR, `{"resourceType":"Condition","subject":{"reference":"Patient/out"}}`, "removed"},
		{"reference in", optout.FHIR, `{"resourceType":"Condition","subject":{"reference":"Patient/in"}}`, "kept"},
		{"unknown reference", optout.FHIR, `{"resourceType":"Condition","subject":{"reference":"Patient/?"}}`, "rejected"},
		{"one of two people unknown", optout.FHIR, `{"resourceType":"Basic","subject":{"reference":"Patient/in"},"patient":{"reference":"Patient/?"}}`, "rejected"},
		{"one of two people opted out", optout.FHIR, `{"resourceType":"Basic","subject":{"reference":"Patient/in"},"patient":{"reference":"Patient/out"}}`, "removed"},
		{"somebody behind an escape", optout.FHIR, `{"resourceType":"Basic","subject":{"reference":"Patient/in"},"pat\u0069ent":{"reference":"Patient/out"}}`, "rejected"},
		{"two types", optout.FHIR, `{"resourceType":"Patient","resourceType":"Basic","identifier":[` + id(out) + `],"subject":{"reference":"Patient/in"}}`, "rejected"},
		{"two values", optout.FHIR, `{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + out + `","value":"` + in + `"}]}`, "rejected"},
		{"no subject", optout.FHIR, `{"resourceType":"Organization","identifier":[` + id(in) + `]}`, "rejected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options()
			o.Format, o.Column = c.format, "patient.nhs"
			o.Subjects = func(ref string) (nhsnumber.Number, bool) {
				switch ref {
				case "Patient/out":
					return list[0], true
				case "Patient/in":
					return list[2], true
				}
				return nhsnumber.Number{}, false
			}
			var got bytes.Buffer
			r, err := optout.Clean(context.Background(), strings.NewReader(c.line+"\n"), &got, set, o)
			if err != nil || !r.Complete() || r.Rows != 1 {
				t.Fatalf("%+v %v", r, err)
			}
			outcome := map[[3]int64]string{{1, 0, 0}: "kept", {0, 1, 0}: "removed", {0, 0, 1}: "rejected"}[[3]int64{r.Kept, r.Removed, r.Rejected}]
			if outcome != c.want || (got.Len() > 0) != (c.want == "kept") {
				t.Errorf("%s, want %s; wrote %q", outcome, c.want, got.String())
			}
			for _, i := range r.Issues {
				if text := i.String() + i.Err.Error(); strings.Contains(text, "999") {
					t.Errorf("a finding shows a number: %s", text)
				}
			}
		})
	}
}

// failAt fails writes from the n-th byte on.
type failAt struct{ left int }

func (w *failAt) Write(p []byte) (int, error) {
	if len(p) > w.left {
		n := w.left
		w.left = 0
		return n, errors.New("disk full")
	}
	w.left -= len(p)
	return len(p), nil
}

// TestCleanFaults lets reading and writing fail at each byte: what came out
// until then are kept rows and nothing else.
func TestCleanFaults(t *testing.T) {
	list := test(51, 40)
	set := build(t, optout.Dense, list[:10])
	var in strings.Builder
	in.WriteString("nhs_number,x\n")
	for _, n := range list {
		in.WriteString(n.Digits() + ",text\n")
	}
	var whole bytes.Buffer
	if _, err := optout.Clean(context.Background(), strings.NewReader(in.String()), &whole, set, options()); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for i := range in.Len() {
		var got bytes.Buffer
		r := io.MultiReader(strings.NewReader(in.String()[:i]), iotest.ErrReader(broken))
		report, err := optout.Clean(context.Background(), iotest.OneByteReader(r), &got, set, options())
		if !errors.Is(err, broken) || !report.Complete() || !bytes.HasPrefix(whole.Bytes(), got.Bytes()) {
			t.Fatalf("reading fails at %d: %v, %+v", i, err, report)
		}
		if i < whole.Len() {
			if _, err := optout.Clean(context.Background(), strings.NewReader(in.String()), &failAt{i}, set, options()); err == nil {
				t.Fatalf("writing fails at %d, and nobody says so", i)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := optout.Clean(ctx, strings.NewReader(in.String()), io.Discard, set, options()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestReportMerge(t *testing.T) {
	a := optout.Report{Rows: 3, Kept: 1, Removed: 1, Rejected: 1, AsOf: asOf}
	b := optout.Report{Rows: 2, Kept: 2, AsOf: asOf.Add(time.Hour)}
	x, y := a, b
	x.Merge(b)
	y.Merge(a)
	if x.Rows != 5 || !x.Complete() || x.AsOf != asOf || fmt.Sprint(x) != fmt.Sprint(y) {
		t.Errorf("%+v and %+v", x, y)
	}
}

func TestRequestRoundTrip(t *testing.T) {
	list := test(61, 50)
	for _, crlf := range []bool{false, true} {
		data, err := optout.AppendRequest(nil, list, crlf)
		if err != nil {
			t.Fatal(err)
		}
		r, issues := optout.ReadRequest(data, optout.ReadOptions{})
		if len(issues) > 0 || !slices.Equal(r.Numbers, list) || (r.LineEnd == "CRLF") != crlf {
			t.Errorf("crlf %v: %v %v", crlf, r, issues)
		}
		got, issues := optout.Match(r, data)
		if len(issues) > 0 || len(got.Clear) != 50 || len(got.OptedOut)+len(got.Unknown) > 0 {
			t.Errorf("everybody came back: %d clear, %v", len(got.Clear), issues)
		}
	}
}

func FuzzReadRequest(f *testing.F) {
	for _, s := range []string{"9990000018,\n", "9990000018,\r\n", "\xEF\xBB\xBF9990000018,", "9990000019,\n", "999 000 0018,\n", "9990000018\n", "a,b,c\n", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, issues := optout.ReadRequest(in, optout.ReadOptions{})
		for _, i := range issues {
			if i.Offset > int64(len(in)) {
				t.Fatalf("%s: offset %d outside of the input", i.Code, i.Offset)
			}
		}
		got, _ := optout.Match(r, in)
		if len(got.Clear)+len(got.OptedOut)+len(got.Unknown) != r.Unique {
			t.Fatal("a number is unaccounted for")
		}
	})
}

func FuzzParse(f *testing.F) {
	var b bytes.Buffer
	s, err := optout.Build(slices.Values(test(1, 20)), optout.Meta{Form: optout.Compact, AsOf: asOf})
	if err != nil {
		f.Fatal(err)
	}
	s.WriteTo(&b)
	f.Add(b.Bytes())
	f.Add([]byte("NHSOOS\x00\x01"))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := optout.Parse(in)
		if err != nil {
			return
		}
		n := 0
		for x := range s.All() {
			if !s.Has(x) {
				t.Fatal("a member is not in the set")
			}
			n++
		}
		_ = n
	})
}

func FuzzClean(f *testing.F) {
	f.Add([]byte("nhs_number,x\n9990000018,\"a\nb\"\n"), uint8(0))
	f.Add([]byte(`{"nhs_number":"9990000018"}`), uint8(1))
	f.Add([]byte(`{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}`), uint8(2))
	one, err := nhsnumber.Parse("9990000018")
	if err != nil {
		f.Fatal(err)
	}
	set, err := optout.Build(slices.Values([]nhsnumber.Number{one}), optout.Meta{AsOf: asOf})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte, format uint8) {
		o := options()
		o.Format = optout.Format(format % 3)
		var a, b bytes.Buffer
		ra, err := optout.Clean(context.Background(), bytes.NewReader(in), &a, set, o)
		if err != nil || !ra.Complete() {
			t.Fatalf("%v %+v", err, ra)
		}
		rb, err := optout.Clean(context.Background(), iotest.OneByteReader(bytes.NewReader(in)), &b, set, o)
		if err != nil || ra.Kept != rb.Kept || ra.Removed != rb.Removed || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("the chunks of the reader matter: %+v %+v", ra, rb)
		}
	})
}
