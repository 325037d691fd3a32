package hl7v2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

func ExampleDiffBytes() {
	a, _ := Parse([]byte("MSH|^~\\&|LAB|RXX\rNTE|1||R\\T\\D\r"))
	b, _ := Parse([]byte("MSH|^~\\&|LAB|RXX|\nNTE|1||R\\X26\\D\n"))
	fmt.Println(len(Diff(a, b)), "changes of meaning")
	for _, c := range DiffBytes(a, b) {
		fmt.Println(c)
	}
	// Output:
	// 0 changes of meaning
	// MSH-5 (byte 16): 0 bytes became 1
	// MSH (byte 16): 1 bytes became 1
	// NTE-3 (byte 24): 5 bytes became 7
	// NTE (byte 29): 1 bytes became 1
}

// patched puts the bytes of the second message in place of those of the first.
func patched(a, b *Message, changes []ByteChange) []byte {
	var out []byte
	at := 0
	for _, c := range changes {
		out = append(append(out, a.data[at:c.Start]...), b.data[c.From:c.To]...)
		at = c.End
	}
	return append(out, a.data[at:]...)
}

func TestDiffBytes(t *testing.T) {
	const base = "MSH|^~\\&|A|B\rPID|1||x^y~z&w|v\rNTE|1||n\r"
	for _, c := range []struct{ name, a, b, want string }{
		{"nothing", base, base, ""},
		{"a value", base, strings.Replace(base, "z", "zz", 1), "PID-3[2].1.1 24-25"},
		{"two values", base, strings.NewReplacer("x", "X", "v", "V").Replace(base), "PID-3[1].1 20-21, PID-4 28-29"},
		{"one component more", base, strings.Replace(base, "x^y", "x^y^", 1), "PID-3 20-27"},
		{"a field more", base, strings.Replace(base, "|v", "|v|", 1), "PID-5 29-29"},
		{"a field less", strings.Replace(base, "|v", "|v|u", 1), base, "PID-5 29-31"},
		{"terminators", base, strings.Replace(base, "v\r", "v\n", 1), "PID 29-30"},
		{"the end", base, base + "\x00", " 39-39"},
		{"the beginning", base, "\n" + base, " 0-0"},
		{"a segment more", base, strings.Replace(base, "PID", "EVN|1\rPID", 1), "EVN 13-13"},
		{"a segment less", strings.Replace(base, "PID", "EVN|1\rPID", 1), base, "EVN 13-19"},
		{"encoding characters", base, strings.Replace(base, "^~\\&", "^~\\&#", 1), "MSH-2 4-8"},
		{"another separator", base, strings.ReplaceAll(base, "|", "$"), "MSH 0-12, PID 13-29, NTE 30-38"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Parse([]byte(c.a))
			if err != nil {
				t.Fatal(err)
			}
			b, err := Parse([]byte(c.b))
			if err != nil {
				t.Fatal(err)
			}
			changes := DiffBytes(a, b)
			var got []string
			for _, x := range changes {
				got = append(got, fmt.Sprintf("%s %d-%d", x.Path, x.Start, x.End))
			}
			if got := strings.Join(got, ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !bytes.Equal(patched(a, b, changes), b.Bytes()) {
				t.Errorf("patched to %q", patched(a, b, changes))
			}
		})
	}
}

// The changes make one message the other, whatever they are.
func TestDiffBytesPatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := genMessage().Draw(t, "message")
		a, err := Parse(data)
		if err != nil {
			t.Skip("not a message")
		}
		other := bytes.Clone(data)
		if rapid.Bool().Draw(t, "another") {
			other = genMessage().Draw(t, "other")
		}
		for range rapid.IntRange(0, 3).Draw(t, "edits") {
			at := rapid.IntRange(0, len(other)).Draw(t, "at")
			end := rapid.IntRange(at, min(at+4, len(other))).Draw(t, "end")
			with := rapid.SampledFrom([]string{"", "|", "^", "&", "\r", "x", "\n", "\\F\\"}).Draw(t, "with")
			other = append(append(bytes.Clone(other[:at]), with...), other[end:]...)
		}
		b, err := Parse(other)
		if err != nil {
			t.Skip("not a message")
		}
		changes := DiffBytes(a, b)
		if got := patched(a, b, changes); !bytes.Equal(got, b.Bytes()) {
			t.Fatalf("%q to %q: patched to %q by %v", a.Bytes(), b.Bytes(), got, changes)
		}
		if bytes.Equal(a.Bytes(), b.Bytes()) != (len(changes) == 0) {
			t.Fatalf("%q and %q: %v", a.Bytes(), b.Bytes(), changes)
		}
		end, to := 0, 0
		for _, c := range changes {
			if c.Start < end || c.End < c.Start || c.From < to || c.To < c.From {
				t.Fatalf("out of order: %v", changes)
			}
			end, to = c.End, c.To
		}
	})
}

// Messages with very many differences, and many segments that differ, are
// compared in time proportional to their size.
func TestDiffGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, unit := range []string{"a~", "a^", "a&", "a|", "\rOBX|a", "\rtext|a"} {
		for name, changes := range map[string]func(a, b *Message) int{
			"Diff":      func(a, b *Message) int { return len(Diff(a, b, MustPath("MSH-7"))) },
			"DiffBytes": func(a, b *Message) int { return len(DiffBytes(a, b)) },
		} {
			growth.Check(t, name+" of "+unit, 4000, func(n int) func() {
				text := "MSH|^~\\&|A\rPID|" + strings.Repeat(unit, n)
				a, err := Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				b, err := Parse([]byte(strings.ReplaceAll(text, "a", "b")))
				if err != nil {
					t.Fatal(err)
				}
				return func() {
					if got := changes(a, b); got != n {
						t.Fatalf("%d changes, want %d", got, n)
					}
				}
			})
		}
	}
}

// Not to pair many segments that differ takes no longer for each pair than to
// see the first difference.
func BenchmarkDiffOfManySegments(b *testing.B) {
	text := "MSH|^~\\&|A" + strings.Repeat("\rOBX|a|ST|b^c^d||e", 1000)
	x, err := Parse([]byte(text))
	if err != nil {
		b.Fatal(err)
	}
	y, err := Parse([]byte(strings.ReplaceAll(text, "a", "b")))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		Diff(x, y)
	}
}
