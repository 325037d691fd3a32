package dmd

import (
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names and what people type are cut into words by the same rules:
//
//	Co-amilofruse 5mg/40mg tablets  co amilofruse coamilofruse 5 =m5000000 40 =m40000000 tablet
//	0.5g, 500 mg, 500mg             =m500000000 each: masses in nanograms
//	250mg/5ml                       250 =m… 5 =v… and the ratio =r50/1, as for 50mg/ml
//
// Letters are folded to lower case without accents, a plural s is dropped.
// Strengths of a query have to be met; bare numbers meet bare numbers.

// wordKind tells how a word of a query may be met.
type wordKind uint8

const (
	wordText     wordKind = iota // by a word that begins with it, or almost
	wordNumber                   // by the same number
	wordStrength                 // by the same strength
)

// word is one word of a name or query.
type word struct {
	text string
	kind wordKind
}

// unitScale is a unit of strength: its class and its size in the class's
// smallest unit, as a power of ten.
type unitScale struct {
	class byte // m mass in nanograms, v volume in nanolitres, u units, % per cent, x mmol
	power int
}

// unitOf returns the scale of a unit's name.
func unitOf(name string) (unitScale, bool) {
	switch name {
	case "kg", "kilogram":
		return unitScale{'m', 12}, true
	case "g", "gm", "gram":
		return unitScale{'m', 9}, true
	case "mg", "milligram":
		return unitScale{'m', 6}, true
	case "mcg", "ug", "microgram", "mcgm":
		return unitScale{'m', 3}, true
	case "ng", "nanogram":
		return unitScale{'m', 0}, true
	case "l", "litre", "liter":
		return unitScale{'v', 9}, true
	case "ml", "millilitre", "milliliter":
		return unitScale{'v', 6}, true
	case "microlitre", "ul":
		return unitScale{'v', 3}, true
	case "nanolitre", "nl":
		return unitScale{'v', 0}, true
	case "unit", "iu", "u":
		return unitScale{'u', 0}, true
	case "%":
		return unitScale{'%', 0}, true
	case "mmol":
		return unitScale{'x', 0}, true
	}
	return unitScale{}, false
}

// abbreviation returns the word that a common short form stands for.
func abbreviation(s string) string {
	switch s {
	case "caps":
		return "cap"
	case "inj":
		return "injection"
	case "susp":
		return "suspension"
	case "soln", "sol":
		return "solution"
	case "supp":
		return "suppository"
	case "oint":
		return "ointment"
	case "crm":
		return "cream"
	case "neb":
		return "nebuliser"
	case "liq":
		return "liquid"
	}
	return s
}

// fold lower-cases text and drops accents; the micro sign becomes u.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'µ', r == 'μ':
			b.WriteByte('u')
		case r == 'ß':
			b.WriteString("ss")
		case r == 'ø', r == 'Ø':
			b.WriteByte('o')
		case r == 'æ', r == 'Æ':
			b.WriteString("ae")
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// tokens cuts a text into words. For a query a number with a unit gives only the
// strength; for a name it gives the bare number as well.
func tokens(dst []word, s string, query bool) []word {
	s = fold(s)
	var last amount // the amount before a slash
	slash := false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isDigit(c):
			start := i
			i = numberEnd(s, i)
			num := trimNumber(s[start:i])
			unit, end := unitAt(s, i)
			var a amount
			if unit.class != 0 {
				a = newAmount(num, unit)
				i = end
			}
			if a.class == 0 || !query {
				dst = append(dst, word{num, wordNumber})
			}
			if a.class != 0 {
				dst = append(dst, word{a.text(), wordStrength})
			}
			dst = appendRatio(dst, last, a, slash, query)
			last, slash = a, false
		case isLetter(c):
			start := i
			for i < len(s) && (isLetter(s[i]) || s[i] == '\'') {
				i++
			}
			if slash && last.class != 0 { // "50mg/ml": one of the unit
				if u, ok := unitOf(stem(s[start:i])); ok && u.class == 'v' {
					dst = appendRatio(dst, last, newAmount("1", u), true, query)
					last, slash = amount{}, false
					continue
				}
			}
			last, slash = amount{}, false
			dst = appendWord(dst, s[start:i])
			if i < len(s)-1 && s[i] == '-' && isLetter(s[i+1]) { // co-amilofruse also as one word
				end := i + 1
				for end < len(s) && isLetter(s[end]) {
					end++
				}
				if !query {
					dst = append(dst, word{stem(s[start:i] + s[i+1:end]), wordText})
				}
			}
		default:
			if c == '/' {
				slash = true
			} else if c != ' ' {
				slash = false
			}
			i++
		}
	}
	return dst
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= utf8.RuneSelf }

// numberEnd returns the end of a number with decimals and thousands commas.
func numberEnd(s string, i int) int {
	for i < len(s) {
		switch {
		case isDigit(s[i]):
		case (s[i] == '.' || s[i] == ',') && i+1 < len(s) && isDigit(s[i+1]):
		default:
			return i
		}
		i++
	}
	return i
}

// trimNumber drops commas and the zeros that do not count.
func trimNumber(s string) string {
	s = strings.ReplaceAll(s, ",", "")
	if strings.IndexByte(s, '.') >= 0 && strings.Count(s, ".") == 1 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if t := strings.TrimLeft(s, "0"); t != "" && t[0] != '.' {
		return t
	} else if t != "" {
		return "0" + t
	}
	return "0"
}

// unitAt returns the unit at i, or behind one space, and its end.
func unitAt(s string, i int) (unitScale, int) {
	start := i
	if start < len(s) && s[start] == ' ' {
		start++
	}
	if start < len(s) && s[start] == '%' {
		return unitScale{'%', 0}, start + 1
	}
	end := start
	for end < len(s) && isLetter(s[end]) {
		end++
	}
	u, _ := unitOf(stem(s[start:end]))
	return u, end
}

// stem drops a plural s and an apostrophe.
func stem(s string) string {
	if strings.IndexByte(s, '\'') >= 0 {
		s = strings.ReplaceAll(s, "'", "")
	}
	if n := len(s); n > 3 && s[n-1] == 's' && s[n-2] != 's' && s[n-2] != 'u' && s[n-2] != 'i' {
		return s[:n-1]
	}
	return s
}

func appendWord(dst []word, s string) []word {
	if s = abbreviation(stem(s)); s == "" {
		return dst
	}
	return append(dst, word{s, wordText})
}

// amount is a number of a unit.
type amount struct {
	class byte
	value *big.Rat // in the class's smallest unit
	small uint64   // the value if it is whole and value is nil
}

func newAmount(num string, u unitScale) amount {
	d, err := ParseDecimal(num)
	if err != nil {
		return amount{}
	}
	for p := u.power; p > 0; p-- {
		switch {
		case d.scale > 0:
			d.scale--
		case d.coef < 1e17:
			d.coef *= 10
		default:
			return amount{}
		}
	}
	if d = d.Reduced(); d.scale == 0 && d.coef >= 0 {
		return amount{class: u.class, small: uint64(d.coef)}
	}
	return amount{class: u.class, value: d.Rat()}
}

func (a amount) rat() *big.Rat {
	if a.value != nil {
		return a.value
	}
	return new(big.Rat).SetInt(new(big.Int).SetUint64(a.small))
}

// text is the word for the amount, such as "=m500000000".
func (a amount) text() string {
	if a.value == nil {
		return string(appendUint([]byte{'=', a.class}, a.small, 1))
	}
	return "=" + string(a.class) + a.value.RatString()
}

// appendRatio appends the word for a strength in a volume, if a slash stands
// between the two. A query gives the ratio in place of its parts.
func appendRatio(dst []word, top, bottom amount, slash, query bool) []word {
	if !slash || bottom.class != 'v' || top.class != 'm' && top.class != 'u' && top.class != 'x' {
		return dst
	}
	b := bottom.rat()
	if b.Sign() == 0 {
		return dst
	}
	text := "=r" + string(top.class)
	if top.value == nil && bottom.value == nil {
		g := gcd(top.small, bottom.small)
		text = string(appendUint(append(appendUint([]byte(text), top.small/g, 1), '/'), bottom.small/g, 1))
	} else {
		text += new(big.Rat).Quo(top.rat(), b).String()
	}
	if query {
		if n := len(dst); n > 0 && dst[n-1].text == bottom.text() {
			dst = dst[:n-1]
		}
		if n := len(dst); n > 0 && dst[n-1].text == top.text() {
			dst = dst[:n-1]
		}
	}
	return append(dst, word{text, wordStrength})
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}
