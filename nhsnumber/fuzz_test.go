package nhsnumber

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

var fuzzSeeds = []string{
	"", "9990000018", "999 000 0018", "999-000-0018", " 9990000018\n", "\ufeff9990000018", "99900000l8", "٩434765919", "9990000019", "943\u2009476\u20095919",
	"+44 999 000 0018", "NHS:9990000018;", "9990000018^^^NHS^NH", "9990000018^^^&2.16.840.1.113883.2.1.4.1&ISO^NH", "^^^NHS^NH", "\xff\x00-",
	"]d28018508720894505245800801942\x1d91RXX", "(8018)500431462702849379(8019)7", "508720894505245800",
}

// checkError wants a located error of this package that shows no digits.
func checkError(t *testing.T, in string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Offset < 0 || e.Offset > len(in) || e.Class == 0 {
		t.Fatalf("%q: %#v", in, err)
	}
	for i := 0; i+7 <= len(in); i++ {
		part := in[i : i+7]
		if strings.Trim(part, "0123456789") == "" && strings.Contains(err.Error(), part) {
			t.Fatalf("the error shows the input: %v", err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := Parse(in)
		checkError(t, in, err)
		if Valid(in) != (err == nil) {
			t.Fatalf("%q: Valid and Parse differ", in)
		}
		strict, strictErr := ParseStrict(in)
		checkError(t, in, strictErr)
		if strictErr == nil && strict != n {
			t.Fatalf("%q: strict and lenient differ", in)
		}
		if err != nil {
			return
		}
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, in)
		if n.Digits() != digits || !naiveValid(digits) {
			t.Fatalf("%q is read as %s", in, n.Digits())
		}
		for _, form := range []string{n.Digits(), n.Display()} {
			if m, err := ParseStrict(form); err != nil || m != n {
				t.Fatalf("%s does not come back: %v", form, err)
			}
		}
	})
}

func FuzzExtract(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s, uint8(3))
	}
	f.Fuzz(func(t *testing.T, in string, repeat uint8) {
		in = strings.Repeat(in, int(repeat)%8+1)
		want := findAll(in)
		end := int64(0)
		for _, m := range want {
			if m.Start < end || m.End > int64(len(in)) {
				t.Fatalf("%q: match %d-%d after %d", in, m.Start, m.End, end)
			}
			if n, err := Parse(in[m.Start:m.End]); err != nil || n.Digits() != m.Number {
				t.Fatalf("%q: match %d-%d: %v", in, m.Start, m.End, err)
			}
			end = m.End
		}
		if got := streamAll(t, iotest.OneByteReader(strings.NewReader(in))); !slices.Equal(got, want) {
			t.Fatalf("%q: streamed %v, want %v", in, got, want)
		}
		if clean := RedactString(in); len(want) == 0 && clean != in {
			t.Fatalf("%q changes to %q", in, clean)
		}
	})
}

func FuzzGSRN(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		prefix, n, err := ParseGSRN(in)
		checkError(t, in, err)
		if err == nil {
			if b, err := AppendGSRN(nil, prefix, n); err != nil || string(b) != in {
				t.Fatalf("%q is written as %q, %v", in, b, err)
			}
		}
		w, err := ParseWristband(in)
		checkError(t, in, err)
		if err != nil {
			return
		}
		b, err := w.AppendTo(nil)
		if err != nil {
			return // more than may be written, such as empty data
		}
		again, err := ParseWristband(string(b))
		if err != nil || again.Number != w.Number || again.SRIN != w.SRIN || again.Prefix != w.Prefix {
			t.Fatalf("%q is written as %q and read back: %v", in, b, err)
		}
	})
}

func FuzzCX(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		id, err := ParseCX(in)
		checkError(t, in, err)
		if err != nil {
			return
		}
		cx, err := id.CX()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseCX(cx); err != nil || back != id {
			t.Fatalf("%q is written as %q and read back: %v", in, cx, err)
		}
	})
}
