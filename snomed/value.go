package snomed

import (
	"cmp"
	"math/big"
	"strings"
)

// ValueKind is the type of a concrete value.
type ValueKind uint8

// The types of concrete values.
const (
	ValueString ValueKind = iota
	ValueNumber           // an integer or decimal, exact
	ValueBoolean
)

// Value is a concrete value of an attribute, exactly as the release spells
// it.
type Value struct {
	Kind ValueKind
	Text string // digits without the #, a string without its quotes, "true" or "false"
}

// ParseValue reads a value as the concrete value file has it: "#10", "#-0.50",
// "true", or a text in double quotes.
func ParseValue(s string) Value {
	switch {
	case strings.HasPrefix(s, "#") && isDecimal(s[1:]):
		return Value{ValueNumber, s[1:]}
	case s == "true" || s == "false":
		return Value{ValueBoolean, s}
	case len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"':
		return Value{ValueString, s[1 : len(s)-1]}
	}
	return Value{ValueString, s}
}

// isDecimal reports whether s is an optional sign, digits, and optionally a
// point with more digits.
func isDecimal(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	whole, part, point := strings.Cut(s, ".")
	if whole == "" || point && part == "" {
		return false
	}
	return strings.Trim(whole+part, "0123456789") == ""
}

// Compare orders values: numbers by what they are worth, whatever the number
// of zeros behind the point and without rounding, then strings, then
// booleans.
func (v Value) Compare(w Value) int {
	if v.Kind != w.Kind {
		rank := func(k ValueKind) int { return [...]int{1, 0, 2}[min(k, 2)] }
		return cmp.Compare(rank(v.Kind), rank(w.Kind))
	}
	if v.Kind != ValueNumber {
		return strings.Compare(v.Text, w.Text)
	}
	return compareDecimals(v.Text, w.Text)
}

// compareDecimals compares two decimal spellings digit by digit.
func compareDecimals(a, b string) int {
	negA, a := cutSign(a)
	negB, b := cutSign(b)
	if negA != negB {
		if negA {
			return -1
		}
		return 1
	}
	c := compareMagnitudes(a, b)
	if negA {
		return -c
	}
	return c
}

// cutSign splits the sign off; zero has none.
func cutSign(s string) (negative bool, rest string) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	return negative && strings.Trim(s, "0.") != "", s
}

func compareMagnitudes(a, b string) int {
	wa, pa, _ := strings.Cut(a, ".")
	wb, pb, _ := strings.Cut(b, ".")
	wa, wb = strings.TrimLeft(wa, "0"), strings.TrimLeft(wb, "0")
	if len(wa) != len(wb) {
		return cmp.Compare(len(wa), len(wb))
	}
	if c := strings.Compare(wa, wb); c != 0 {
		return c
	}
	return strings.Compare(strings.TrimRight(pa, "0"), strings.TrimRight(pb, "0"))
}

// Rat returns a number exactly, and nil for other values.
func (v Value) Rat() *big.Rat {
	if v.Kind != ValueNumber {
		return nil
	}
	r, ok := new(big.Rat).SetString(v.Text)
	if !ok {
		return nil
	}
	return r
}

// String returns the value as the concrete value file spells it.
func (v Value) String() string {
	switch v.Kind {
	case ValueNumber:
		return "#" + v.Text
	case ValueString:
		return `"` + v.Text + `"`
	}
	return v.Text
}

// compareValues orders spellings of the file: by value, then by spelling.
func compareValues(a, b string) int {
	if c := ParseValue(a).Compare(ParseValue(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}
