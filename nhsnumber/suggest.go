package nhsnumber

import "fmt"

// Edit is the slip of the hand that a [Suggestion] supposes.
type Edit uint8

// The edits, the likeliest first.
const (
	AdjacentSwap Edit = iota + 1 // two neighbouring digits changed places
	KeypadSlip                   // one digit hit the key beside it on a numeric keypad
	Swap                         // two digits further apart changed places
	Substitution                 // one digit is another
)

const editNames = "\x00adjacent swap\x00keypad slip\x00swap\x00substitution\x00"

// String returns the name of the edit, such as "adjacent swap".
func (e Edit) String() string {
	start, end := nulField(editNames, int(e))
	if start == end {
		return fmt.Sprintf("edit(%d)", uint8(e))
	}
	return editNames[start:end]
}

// Suggestion is a valid number near a mistyped one.
type Suggestion struct {
	Number Number
	Edit   Edit
	At     int  // index, 0 to 9, of the first digit that differs
	Issued bool // in a range from which numbers are issued
}

// Suggest returns the valid numbers that one slip away from s, ten digits
// spelled as [Parse] takes them whose check digit fails: the likeliest slip
// first, within it numbers of issued ranges before others, then by place. At
// most max are returned, all of them (some 15) if max is negative. A mistyped
// number has ten such neighbours on average, so none may be applied without
// asking. A valid number has no suggestions.
func Suggest(s string, max int) []Suggestion {
	digits, ok := tenDigits(s)
	if !ok || Valid(view(digits[:])) {
		return nil
	}
	var all []Suggestion
	add := func(d [10]byte, e Edit, at int) {
		if n, v := fast(view(d[:])); v == accepted {
			r, _ := defaultRanges().Lookup(n)
			all = append(all, Suggestion{n, e, at, r.Use == "issued"})
		}
	}
	for i := range digits {
		for j := i + 1; j < len(digits); j++ {
			d := digits
			d[i], d[j] = d[j], d[i]
			if d[i] == d[j] {
				continue
			}
			if j == i+1 {
				add(d, AdjacentSwap, i)
			} else {
				add(d, Swap, i)
			}
		}
		for c := byte('0'); c <= '9'; c++ {
			d := digits
			if d[i] == c {
				continue
			}
			e := Substitution
			if keysTouch(d[i], c) {
				e = KeypadSlip
			}
			d[i] = c
			add(d, e, i)
		}
	}
	var ranked []Suggestion
	for e := AdjacentSwap; e <= Substitution; e++ {
		for _, issued := range [...]bool{true, false} {
			for _, s := range all {
				if s.Edit == e && s.Issued == issued && (max < 0 || len(ranked) < max) {
					ranked = append(ranked, s)
				}
			}
		}
	}
	return ranked
}

// tenDigits returns the digits of s if it is ten of them in a lenient
// spelling.
func tenDigits(s string) (d [10]byte, ok bool) {
	if _, class, _ := parse(s, false); class != ErrCheckDigit {
		return d, false
	}
	k := 0
	for i := range len(s) {
		if s[i]-'0' <= 9 {
			d[k] = s[i]
			k++
		}
	}
	return d, true
}

// keysTouch reports whether two digits share an edge on the numeric keypad of
// a keyboard: 789 above 456 above 123, and a wide 0 below 1 and 2.
func keysTouch(a, b byte) bool {
	if a > b {
		a, b = b, a
	}
	if a == '0' {
		return b == '1' || b == '2'
	}
	up, along := b-a == 3, b-a == 1 && (a-'1')%3 != 2
	return up || along
}
