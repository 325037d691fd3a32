package snomed

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestTagged: the pieces of a term come back, whatever their number and size,
// and a term that is cut off is not read.
func TestTagged(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, n := range []int{0, 1, 3, 4, 5, 31, 32, 33, 64, 65, 159, 160, 161, 5000} {
		pieces := make([]uint32, n)
		for i := range pieces {
			pieces[i] = r.Uint32() >> (8 * r.IntN(4))
		}
		b := appendTagged([]byte{7}, pieces)
		whole := append(slices.Clone(b), bytes.Repeat([]byte{255}, tagSlack)...)
		got, ok := readTagged(whole[1:len(b)], []uint32{42})
		if !ok || got[0] != 42 || !slices.Equal(got[1:], pieces) {
			t.Errorf("%d pieces come back as %d, %v", n, len(got)-1, ok)
		}
		for cut := range min(len(b)-1, 300) {
			whole := append(slices.Clone(b[:1+cut]), make([]byte, tagSlack)...)
			if got, ok := readTagged(whole[1:1+cut], nil); ok {
				t.Errorf("%d pieces cut to %d of %d bytes come back as %d", n, cut, len(b)-1, len(got))
			}
		}
		if _, ok := readTagged(slices.Clip(b[1:]), nil); ok {
			t.Errorf("%d pieces are read without room behind", n)
		}
	}
}

// TestPieceCodes: words that differ in the case of their first letter are one
// piece, and nothing else is.
func TestPieceCodes(t *testing.T) {
	p := &pieceTable{index: map[string]uint32{}}
	word, capital := p.code("asthma"), p.code("Asthma")
	if pieceOf(word) != pieceOf(capital) || word == capital {
		t.Errorf("asthma is %d, Asthma is %d", word, capital)
	}
	for _, s := range []string{"ASTHMA", "aSTHMA"} {
		if c := p.code(s); pieceOf(c) == pieceOf(word) {
			t.Errorf("%s is the same piece as asthma", s)
		}
	}
	for _, s := range []string{"é", "É", "1", "[", "{", "@", "`"} {
		if c := p.code(s); c&1 != 0 || p.list[pieceOf(c)] != s {
			t.Errorf("%s has code %d", s, c)
		}
	}
}

// TestFold: what people type finds what terms have.
func TestFold(t *testing.T) {
	for _, x := range []struct{ term, want string }{
		{"CO₂ laser", "co2 laser"},
		{"kg/m²", "kg m2"},
		{"Ménière's µg μg", "menieres ug ug"},
		{"Đorđe Guðrún Þór Ħal ırmak", "dorde gudrun thor hal irmak"},
		{"Łódź straße Ærø œdema", "lodz strasse aero oedema"},
		{"Half (½)", "half 1⁄2"},
	} {
		var words []string
		for s := x.term; s != ""; {
			n, word := nextPiece(s)
			if word {
				words = append(words, string(fold(nil, s[:n])))
			}
			s = s[n:]
		}
		if got := strings.Join(words, " "); got != x.want {
			t.Errorf("%s: %s, want %s", x.term, got, x.want)
		}
	}
}
