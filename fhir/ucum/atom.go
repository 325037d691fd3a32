package ucum

import (
	"slices"
	"strings"
	"sync"
)

// atom is one row of the table, ready for use.
type atom struct {
	code, ci string // case-sensitive and case-insensitive code
	name     string
	factor   Factor
	dim      Dimension
	arb      string // packed arbitrary power, see Unit.arb
	fn       function
	metric   bool
}

// prefix is one row of the prefix table.
type prefix struct {
	code, ci, name string
	factor         Factor
}

// tables holds the decoded rows and an index of the case-insensitive codes.
type tables struct {
	atoms    []atom // in the order of their codes
	prefixes []prefix
	ciAtoms  []uint16 // rows in the order of their case-insensitive codes
	first    [256]struct{ lo, hi uint16 }
}

// table decodes the rows on first use, in about a tenth of a millisecond.
func table() *tables {
	shared.once.Do(func() { shared.tables = readTables() })
	return shared.tables
}

var shared struct {
	once   sync.Once
	tables *tables
}

func readTables() *tables {
	t := &tables{atoms: make([]atom, 0, 320)}
	var f [7]string
	for line := range strings.Lines(prefixRows) {
		split(line, f[:4])
		t.prefixes = append(t.prefixes, prefix{f[0], f[1], f[3], parseFactor(f[2])})
	}
	for line := range strings.Lines(unitRows) {
		split(line, f[:])
		a := atom{code: f[0], ci: f[1], name: f[5], factor: parseFactor(f[3]), fn: functionNamed(f[6]), metric: strings.HasPrefix(f[2], "m")}
		if strings.HasSuffix(f[2], "a") {
			a.arb = f[4] // the code, until all rows are known
		} else {
			a.dim = parseDimension(f[4])
		}
		t.atoms = append(t.atoms, a)
	}
	for i := range t.atoms {
		a := &t.atoms[i]
		if a.arb != "" {
			row, _ := t.row(a.arb)
			a.arb = string([]byte{byte(row >> 8), byte(row), 1})
		}
		first := &t.first[a.code[0]]
		if first.hi == 0 {
			first.lo = uint16(i)
		}
		first.hi = uint16(i + 1)
		t.ciAtoms = append(t.ciAtoms, uint16(i))
	}
	slices.SortStableFunc(t.ciAtoms, func(a, b uint16) int {
		return strings.Compare(strings.ToUpper(t.atoms[a].ci), strings.ToUpper(t.atoms[b].ci))
	})
	return t
}

// split cuts a row into its columns.
func split(line string, into []string) {
	line = strings.TrimSuffix(line, "\n")
	for i := range into {
		into[i], line, _ = strings.Cut(line, "|")
	}
}

// row finds a code by binary search over all rows.
func (t *tables) row(code string) (int, bool) {
	return slices.BinarySearchFunc(t.atoms, code, func(a atom, code string) int { return strings.Compare(a.code, code) })
}

// atom finds a unit by its case-sensitive code.
func (t *tables) atom(code string) *atom {
	if code == "" {
		return nil
	}
	r := t.first[code[0]]
	lo, hi := int(r.lo), int(r.hi)
	for lo < hi {
		mid := (lo + hi) / 2
		switch c := t.atoms[mid].code; {
		case c == code:
			return &t.atoms[mid]
		case c < code:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return nil
}

// atomCI finds a unit by its case-insensitive code in capitals.
func (t *tables) atomCI(code string) *atom {
	i, ok := slices.BinarySearchFunc(t.ciAtoms, code, func(row uint16, code string) int {
		return strings.Compare(strings.ToUpper(t.atoms[row].ci), code)
	})
	if !ok {
		return nil
	}
	return &t.atoms[t.ciAtoms[i]]
}

// unit returns the unit that the atom is, behind a prefix if there is one.
func (a *atom) unit(p *prefix) Unit {
	u := Unit{factor: a.factor, dim: a.dim, arb: a.arb}
	if a.fn != ratio {
		u.special, u.factor = a, one()
	}
	if p != nil {
		u.factor = u.factor.mul(p.factor)
	}
	return u
}

// find looks a code up in one of the two code sets; the case-insensitive ones
// in capitals.
func (t *tables) find(code string, ci bool) *atom {
	if ci {
		return t.atomCI(code)
	}
	return t.atom(code)
}

// symbol finds what a unit symbol means: an atom, or a prefix and an atom.
// What is found but takes no prefix is returned with ok false.
func (t *tables) symbol(s string, ci bool) (p *prefix, a *atom, ok bool) {
	if ci {
		s = strings.ToUpper(s)
	}
	if a = t.find(s, ci); a != nil {
		return nil, a, true
	}
	for i := range t.prefixes {
		q := &t.prefixes[i]
		code := q.code
		if ci {
			code = q.ci
		}
		if len(s) <= len(code) || s[0] != code[0] || s[:len(code)] != code {
			continue
		}
		if b := t.find(s[len(code):], ci); b != nil {
			if b.metric {
				return q, b, true
			}
			p, a = q, b
		}
	}
	return p, a, false
}

// Dimension is the exponent of each base unit, in the order C, K, cd, g, m,
// rad, s.
type Dimension [7]int8

// baseUnit returns the code of the base unit at an index of Dimension.
func baseUnit(i int) string {
	switch i {
	case 0:
		return "C"
	case 1:
		return "K"
	case 2:
		return "cd"
	case 3:
		return "g"
	case 4:
		return "m"
	case 5:
		return "rad"
	}
	return "s"
}

// parseDimension reads the table's notation, as in g.m-1.s-2.
func parseDimension(s string) (d Dimension) {
	for part := range strings.SplitSeq(s, ".") {
		name := strings.TrimRight(part, "-0123456789")
		for i := range d {
			if baseUnit(i) == name {
				exp, sign := part[len(name):], int8(1)
				if strings.HasPrefix(exp, "-") {
					exp, sign = exp[1:], -1
				}
				n, digits := leadingDigits(exp)
				if digits == 0 {
					n = 1
				}
				d[i] = sign * int8(n)
			}
		}
	}
	return d
}

// String writes the dimension as a term over the base units, "1" if there are
// none.
func (d Dimension) String() string { return string(d.append(nil)) }

func (d Dimension) append(b []byte) []byte {
	start := len(b)
	for i, n := range d {
		b = appendPower(b, start, baseUnit(i), n)
	}
	if len(b) == start {
		b = append(b, '1')
	}
	return b
}
