// Package nhsnumbertest has generators of NHS numbers, their spellings and
// texts for property tests with pgregory.net/rapid. Every number is of the
// 999 range, which is never issued, unless a region is asked for.
package nhsnumbertest

import (
	"strings"

	"github.com/nhskit/nhskit/nhsnumber"
	"pgregory.net/rapid"
)

// Number generates valid numbers of the 999 range.
func Number() *rapid.Generator[nhsnumber.Number] { return InRegion(nhsnumber.RegionTest999) }

// InRegion generates valid numbers of a region of [nhsnumber.DefaultRanges].
// It panics if there is no such region. Numbers of issued regions may belong
// to people: keep them out of fixtures and logs.
func InRegion(region nhsnumber.Region) *rapid.Generator[nhsnumber.Number] {
	g, err := nhsnumber.NewGenerator(nhsnumber.InRegion(region))
	if err != nil {
		panic(err)
	}
	return rapid.Custom(func(t *rapid.T) nhsnumber.Number {
		return g.At(rapid.IntRange(0, g.Len()-1).Draw(t, "index"))
	})
}

// Maybe generates numbers of the 999 range, and no number now and then.
func Maybe() *rapid.Generator[nhsnumber.Number] {
	return rapid.OneOf(rapid.Just(nhsnumber.Number{}), Number(), Number())
}

// CHI generates Scottish CHI numbers, many of which have a date of birth in
// them that is no date.
func CHI() *rapid.Generator[nhsnumber.CHI] {
	return rapid.Custom(func(t *rapid.T) nhsnumber.CHI {
		c, _ := InRegion(nhsnumber.RegionScotland).Draw(t, "number").CHI()
		return c
	})
}

// Spelling generates a way of writing n that [nhsnumber.Parse] takes: white
// space around it, separators between any two digits.
func Spelling(n nhsnumber.Number) *rapid.Generator[string] {
	separator := rapid.SampledFrom([]string{"", "", "", " ", "-", "\t", "  ", "\u00a0", "\u2009", "\u202f", "\u2010", "\u2011", "\u2013"})
	around := rapid.SampledFrom([]string{"", "", " ", "\t", "\r\n", "\u00a0"})
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"", "", "\ufeff"}).Draw(t, "mark"))
		b.WriteString(around.Draw(t, "before"))
		for i, c := range n.Digits() {
			if i > 0 {
				b.WriteString(separator.Draw(t, "separator"))
			}
			b.WriteRune(c)
		}
		b.WriteString(around.Draw(t, "after"))
		return b.String()
	})
}

// Mistyped generates ten digits that are not valid, one slip away from a
// valid number of the 999 range: one digit changed, or two neighbours swapped.
func Mistyped() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		d := []byte(Number().Draw(t, "number").Digits())
		i := rapid.IntRange(0, 8).Draw(t, "place")
		if d[i] != d[i+1] && rapid.Bool().Draw(t, "swap") {
			d[i], d[i+1] = d[i+1], d[i]
		} else {
			d[i] = '0' + (d[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		return string(d)
	})
}
