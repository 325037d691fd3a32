package schema

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

// Places are found in whatever order they are asked for.
func TestLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		data := make([]byte, r.IntN(60))
		for i := range data {
			data[i] = "\r\n\nab"[r.IntN(5)]
		}
		l := lines{data: data}
		for range 100 {
			at := r.IntN(len(data) + 1)
			want := hl7v2.Issue{Offset: int64(at)}.Locate(data)
			if got := l.locate(hl7v2.Issue{Offset: int64(at)}); got != want {
				t.Fatalf("%q at %d: %d:%d, want %d:%d", data, at, got.Line, got.Col, want.Line, want.Col)
			}
		}
	}
}

// The same for where characters stand in the bytes of another encoding.
func TestOrigin(t *testing.T) {
	text := []rune("aé€𝒜\n")
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var utf8Text string
		offsets := map[int]int{} // of characters in UTF-16, by their place in UTF-8
		units := 0
		for range r.IntN(40) {
			c := text[r.IntN(len(text))]
			offsets[len(utf8Text)] = 4 + units
			utf8Text += string(c)
			units += len(inUTF16(string(c), binary.LittleEndian))
		}
		data := append([]byte("\xff\xfe"), inUTF16("<"+utf8Text, binary.LittleEndian)...)
		p, _ := decodeProfile(data)
		for range 3 {
			for at, want := range offsets { // in any order
				if got := p.origin(at + 1); got != want {
					t.Fatalf("%q at %d: %d, want %d", utf8Text, at, got, want)
				}
			}
		}
	}
}

// Going back and forth costs what lies between, and not all that is before.
func TestLinesGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, before := range []string{"a\n", "a"} {
		// As many findings as there are lines before them.
		growth.Check(t, before, 4000, func(n int) func() {
			p, _ := decodeProfile(inUTF16("<"+strings.Repeat(before, n)+strings.Repeat("b\n", 200), binary.LittleEndian))
			return func() {
				f := findings{lines: lines{data: p.text}, origin: p}
				end := len(p.text)
				f.report(hl7v2.Error, "x", "", end, "", nil)
				for i := range n {
					f.issues = f.issues[:1]
					f.report(hl7v2.Error, "x", "", end-100-i%2*50, "", nil)
				}
			}
		})
	}
}
