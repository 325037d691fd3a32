package nhsnumbertest

import (
	"slices"
	"testing"

	"github.com/nhskit/nhskit/nhsnumber"
	"pgregory.net/rapid"
)

func TestSpellingsAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Number().Draw(t, "number")
		s := Spelling(n).Draw(t, "spelling")
		if m, err := nhsnumber.Parse(s); err != nil || m != n || !nhsnumber.Valid(s) {
			t.Fatalf("%q: %v", s, err)
		}
		if n.Region() != nhsnumber.RegionTest999 {
			t.Fatalf("region %s", n.Region())
		}
	})
}

// TestEverySlipIsCaught is the property that Modulus 11 is for, and each slip
// has its original among the suggestions.
func TestEverySlipIsCaught(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Mistyped().Draw(t, "mistyped")
		if nhsnumber.Valid(s) {
			t.Fatalf("%s is valid", s)
		}
		test999 := func(s nhsnumber.Suggestion) bool { return s.Number.IsTest() }
		list := nhsnumber.Suggest(s, -1)
		if s[:2] == "99" && !slices.ContainsFunc(list, test999) {
			t.Fatalf("%s: %d suggestions", s, len(list))
		}
	})
}

func TestBinaryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Maybe().Draw(t, "number")
		b, err := n.MarshalBinary()
		var m nhsnumber.Number
		if err != nil || m.UnmarshalBinary(b) != nil || m != n {
			t.Fatalf("%x: %v", b, err)
		}
	})
}

func TestCHIDatesHaveTheirDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := CHI().Draw(t, "chi")
		for _, d := range c.BirthDates() {
			if got := d.Format("020106"); got != c.Number().Digits()[:6] {
				t.Fatalf("%s from %s", got, c.Number().Digits()[:6])
			}
		}
	})
}
