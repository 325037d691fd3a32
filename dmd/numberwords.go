package dmd

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// QuantityInWords says a number in British English, as prescriptions for
// controlled drugs need it: "twenty-eight", "one hundred and five", "two point
// five".
func QuantityInWords(d Decimal) string {
	d = d.Reduced()
	text := d.String()
	minus := ""
	if t, ok := strings.CutPrefix(text, "-"); ok {
		minus, text = "minus ", t
	}
	whole, decimals, _ := strings.Cut(text, ".")
	n, _ := strconv.ParseUint(whole, 10, 64)
	words := minus + numberWords(n)
	if decimals != "" {
		words += " point"
		for _, c := range decimals {
			words += " " + smallNumber(uint64(c-'0'))
		}
	}
	return words
}

// smallNumber returns the word for a number below twenty.
func smallNumber(n uint64) string {
	return [...]string{
		"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
		"ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
	}[n]
}

// tens returns the word for n times ten, from twenty to ninety.
func tens(n uint64) string {
	return [...]string{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}[n-2]
}

func numberWords(n uint64) string {
	switch {
	case n < 20:
		return smallNumber(n)
	case n < 100:
		if n%10 == 0 {
			return tens(n / 10)
		}
		return tens(n/10) + "-" + smallNumber(n%10)
	case n < 1000:
		words := smallNumber(n/100) + " hundred"
		if n%100 > 0 {
			words += " and " + numberWords(n%100)
		}
		return words
	}
	scale, name := uint64(1), ""
	for _, next := range scaleNames() {
		if n/scale < 1000 {
			break
		}
		scale, name = scale*1000, next
	}
	words := numberWords(n/scale) + " " + name
	switch rest := n % scale; {
	case rest == 0:
	case rest < 100:
		words += " and " + numberWords(rest)
	default:
		words += " " + numberWords(rest)
	}
	return words
}

// sameWords reports whether words begin with a number and name no other: "Twenty
// eight tablets" is 28 and not 20, "two and a half" is 2.5.
func sameWords(words string, number Decimal) bool {
	list := strings.FieldsFunc(strings.ToLower(words), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == ','
	})
	value, rest := numberOf(list)
	return value != nil && value.Cmp(number.Rat()) == 0 && !slices.ContainsFunc(rest, isNumberWord)
}

// numberOf reads a number in words from the front of a list and returns what is
// behind it; value is nil if there is none.
func numberOf(words []string) (value *big.Rat, rest []string) {
	if part, behind := partOf(words); part != nil {
		return part, behind
	}
	whole, n := wholeOf(words)
	value, rest = new(big.Rat).SetInt64(whole), words[n:]
	switch {
	case len(rest) > 1 && rest[0] == "point":
		rest = rest[1:]
		digits := "0."
		for ; len(rest) > 0; rest = rest[1:] {
			v, ok := cardinal(rest[0])
			if !ok || v > 9 {
				break
			}
			digits += strconv.FormatInt(v, 10)
		}
		part, ok := new(big.Rat).SetString(digits)
		if !ok || digits == "0." {
			return nil, words
		}
		return value.Add(value, part), rest
	case n == 0:
		return nil, words
	case len(rest) > 1 && rest[0] == "and":
		if part, behind := partOf(rest[1:]); part != nil {
			return value.Add(value, part), behind
		}
	}
	return value, rest
}

// wholeOf reads a whole number from the front of a list and returns how many words
// it has.
func wholeOf(words []string) (value int64, n int) {
	total, group := int64(0), int64(0)       // thousands and above, and what is below
	room, limit := int64(1000), int64(1)<<62 // below which something may be added to each
	at := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	for ; n < len(words); n++ {
		w := at(n)
		v, small := cardinal(w)
		scale := scaleOf(w)
		switch {
		case w == "and" && n > 0 && isCardinal(at(n+1)):
			if part, _ := partOf(words[n+1:]); part != nil {
				return total + group, n
			}
		case small && v < room && (v > 0 || n == 0):
			group += v
			room = 0
			if v >= 20 {
				room = 10
			}
		case w == "a" && n == 0 && (at(1) == "hundred" || scaleOf(at(1)) > 0):
			group, room = 1, 0
		case w == "hundred" && group > 0 && group < 10:
			group, room = group*100, 100
		case scale > 0 && group > 0 && scale < limit:
			total += group * scale
			group, room, limit = 0, 1000, scale
		default:
			return total + group, n
		}
	}
	return total + group, n
}

// partOf reads halves and quarters.
func partOf(words []string) (*big.Rat, []string) {
	for _, p := range []struct {
		words string
		value *big.Rat
	}{
		{"a half", big.NewRat(1, 2)}, {"one half", big.NewRat(1, 2)}, {"half", big.NewRat(1, 2)},
		{"a quarter", big.NewRat(1, 4)}, {"one quarter", big.NewRat(1, 4)}, {"quarter", big.NewRat(1, 4)},
		{"three quarters", big.NewRat(3, 4)},
	} {
		want := strings.Fields(p.words)
		if len(words) >= len(want) && slices.Equal(words[:len(want)], want) {
			return p.value, words[len(want):]
		}
	}
	return nil, words
}

// cardinal returns the value of a word below a hundred.
func cardinal(w string) (int64, bool) {
	if w == "nought" {
		return 0, true
	}
	for n := range uint64(20) {
		if smallNumber(n) == w {
			return int64(n), true
		}
	}
	for n := uint64(2); n < 10; n++ {
		if tens(n) == w {
			return int64(10 * n), true
		}
	}
	return 0, false
}

func isCardinal(w string) bool {
	_, ok := cardinal(w)
	return ok
}

// scaleOf returns the value of "thousand" and above, or 0.
func scaleOf(w string) int64 {
	scale := int64(1)
	for _, name := range scaleNames() {
		if scale *= 1000; name == w {
			return scale
		}
	}
	return 0
}

func scaleNames() []string {
	return []string{"thousand", "million", "billion", "trillion", "quadrillion"}
}

// isNumberWord reports whether a word is part of a number.
func isNumberWord(w string) bool {
	switch w {
	case "hundred", "dozen", "score", "point", "half", "halves", "quarter", "quarters":
		return true
	}
	return isCardinal(w) || scaleOf(w) > 0
}
