package fhirpath

import (
	"hash/maphash"
	"math/big"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhskit/nhskit/fhir"
)

// tri is a truth value of three-valued logic.
type tri uint8

const (
	no tri = iota
	yes
	unknown // the empty collection
)

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

// not inverts what is known.
func (t tri) not() tri {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// value returns the collection that t is: the zero Value for unknown.
func (t tri) value() Value {
	if t == unknown {
		return Value{}
	}
	return boolValue(t == yes)
}

// equal compares two items as the operator = does.
func equal(a, b Value) tri {
	if a.Kind() == KindNode && b.Kind() == KindNode && a.node == b.node {
		return yes
	}
	x, y := a.system(), b.system()
	kx, ky := x.Kind(), y.Kind()
	switch {
	case kx == KindNone || ky == KindNone:
		if a.Kind() == KindNode && b.Kind() == KindNode {
			return nodesEqual(a.node, b.node)
		}
		return no
	case kx == KindQuantity || ky == KindQuantity:
		if x, y, ok := asQuantities(x, y); ok {
			order, known := compareQuantities(x, y)
			if !known {
				return unknown
			}
			return triOf(order == 0)
		}
		return no
	case x.numeric() && y.numeric():
		return triOf(compareNumbers(x, y) == 0)
	case isDate(kx) && isDate(ky), kx == KindTime && ky == KindTime:
		order, known := compareDates(x, y)
		if !known {
			return unknown
		}
		return triOf(order == 0)
	case kx != ky:
		return no
	case kx == KindString:
		return triOf(x.str == y.str)
	case kx == KindObject:
		return objectsEqual(x.ext.object, y.ext.object)
	}
	return triOf(x.num == y.num && x.str == y.str)
}

func isDate(k Kind) bool { return k == KindDate || k == KindDateTime }

// asQuantities turns a number next to a quantity into one with unit 1.
func asQuantities(x, y Value) (Value, Value, bool) {
	if x.numeric() {
		x = x.withUnit("1", false)
	}
	if y.numeric() {
		y = y.withUnit("1", false)
	}
	return x, y, x.Kind() == KindQuantity && y.Kind() == KindQuantity
}

// nodesEqual compares nodes with all that is below them: the same elements
// with equal values, repetitions in the same order.
func nodesEqual(a, b fhir.Node) tri {
	if a.HasValue() != b.HasValue() || a.IsResource() && a.Type() != b.Type() {
		return no
	}
	result := yes
	if a.HasValue() {
		if result = equal(nodeValue(a), nodeValue(b)); result == no {
			return no
		}
	}
	// The usual case is the same elements in the same order.
	ca, cb := a.Cursor(), b.Cursor()
	for {
		x, ok1 := ca.Next()
		y, ok2 := cb.Next()
		if !ok1 || !ok2 {
			return min3(result, triOf(ok1 == ok2))
		}
		if x.NameID() != y.NameID() || x.Tree() != y.Tree() && x.Name() != y.Name() {
			return min3(result, nodesEqualByName(a, b))
		}
		if r := childrenEqual(x, y); r != yes {
			if r == no {
				return no
			}
			result = r
		}
	}
}

// min3 returns no if either is no, else unknown if either is, else yes.
func min3(a, b tri) tri {
	if a == no || b == no {
		return no
	}
	return max(a, b)
}

func childrenEqual(x, y fhir.Node) tri {
	if x.IsPrimitive() && y.IsPrimitive() && !x.HasChildren() && !y.HasChildren() {
		if x.HasValue() != y.HasValue() {
			return no
		}
		return equal(nodeValue(x), nodeValue(y))
	}
	return nodesEqual(x, y)
}

// nodesEqualByName compares children whatever the order of their names.
func nodesEqualByName(a, b fhir.Node) tri {
	count := 0
	result := yes
	for x := range a.Children() {
		count++
		nth := 0
		for y := range a.Children() {
			if y == x {
				break
			}
			if y.NameID() == x.NameID() {
				nth++
			}
		}
		found := false
		for y := range b.Named(x.Name()) {
			if nth--; nth < 0 {
				r := childrenEqual(x, y)
				if r == no {
					return no
				}
				result = max(result, r)
				found = true
				break
			}
		}
		if !found {
			return no
		}
	}
	for range b.Children() {
		count--
	}
	return min3(result, triOf(count == 0))
}

func objectsEqual(a, b *object) tri {
	if a.typ != b.typ || len(a.fields) != len(b.fields) {
		return no
	}
	result := yes
	for i := range a.fields {
		if a.fields[i].name != b.fields[i].name {
			return no
		}
		result = min3(result, equalLists(a.fields[i].items, b.fields[i].items))
	}
	return result
}

// equalLists compares two collections as the operator = does.
func equalLists(a, b []Value) tri {
	if len(a) == 0 || len(b) == 0 {
		return unknown
	}
	if len(a) != len(b) {
		return no
	}
	result := yes
	for i := range a {
		r := equal(a[i], b[i])
		if r == no {
			return no
		}
		result = max(result, r)
	}
	return result
}

// equivalent compares two items as the operator ~ does.
func equivalent(a, b Value) bool {
	x, y := a.system(), b.system()
	kx, ky := x.Kind(), y.Kind()
	switch {
	case kx == KindNone || ky == KindNone:
		return a.Kind() == KindNode && b.Kind() == KindNode && nodesEquivalent(a.node, b.node)
	case kx == KindQuantity || ky == KindQuantity:
		x, y, ok := asQuantities(x, y)
		return ok && quantitiesEquivalent(x, y)
	case x.numeric() && y.numeric():
		return decimalsEquivalent(x, y)
	case isDate(kx) && isDate(ky), kx == KindTime && ky == KindTime:
		order, known := compareDates(x, y)
		return known && order == 0
	case kx != ky:
		return false
	case kx == KindString:
		return foldEqual(x.str, y.str)
	}
	return equal(x, y) == yes
}

// decimalsEquivalent rounds to the digits of the less precise number, zeros at
// the end not counted.
func decimalsEquivalent(x, y Value) bool {
	x, y = trimZeros(x.asDecimal(), 0), trimZeros(y.asDecimal(), 0)
	scale := min(x.scale(), y.scale())
	return compareNumbers(x.roundTo(scale, halfUp), y.roundTo(scale, halfUp)) == 0
}

func quantitiesEquivalent(x, y Value) bool {
	if sameUnit(x, y) {
		return decimalsEquivalent(x, y)
	}
	// Calendar units are equivalent to the UCUM units they are named after.
	p, u := x.canonicalForEquivalence()
	q, w := y.canonicalForEquivalence()
	return u == w && decimalsEquivalent(ratDecimal(p, 0), ratDecimal(q, 0))
}

// canonicalForEquivalence is canonical, with a year as UCUM's a and a month as
// its mo.
func (v Value) canonicalForEquivalence() (*big.Rat, string) {
	if _, ok := v.months(); ok {
		unit := "mo"
		if v.str == "year" {
			unit = "a"
		}
		v = v.withUnit(unit, false)
	}
	return v.canonical()
}

// foldEqual compares strings without regard to case and to the kind and number
// of white space.
func foldEqual(a, b string) bool {
	if a == b {
		return true
	}
	for {
		r, n := nextFolded(a)
		s, m := nextFolded(b)
		if r != s {
			return false
		}
		if n == 0 || m == 0 {
			return n == m
		}
		a, b = a[n:], b[m:]
	}
}

// nextFolded returns the next character in lower case, a run of white space as
// one blank.
func nextFolded(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if !unicode.IsSpace(r) {
		return unicode.ToLower(unicode.ToUpper(r)), n
	}
	for n < len(s) {
		next, size := utf8.DecodeRuneInString(s[n:])
		if !unicode.IsSpace(next) {
			break
		}
		n += size
	}
	return ' ', n
}

// nodesEquivalent compares nodes by their children, whatever their order.
func nodesEquivalent(a, b fhir.Node) bool {
	if a.HasValue() != b.HasValue() || a.HasValue() && !equivalent(nodeValue(a), nodeValue(b)) {
		return false
	}
	var left, right []Value
	for n := range a.Children() {
		left = append(left, nodeValue(n))
	}
	for n := range b.Children() {
		right = append(right, nodeValue(n))
	}
	return matchAll(left, right, func(x, y Value) bool {
		return x.node.Name() == y.node.Name() && equivalent(x, y)
	})
}

// equivalentLists compares two collections as the operator ~ does: the same
// items in any order.
func equivalentLists(a, b []Value) bool { return matchAll(a, b, equivalent) }

// matchAll reports whether the items of a and b can be paired off. Items that
// stand at the same place are tried first.
func matchAll(a, b []Value, same func(x, y Value) bool) bool {
	if len(a) != len(b) {
		return false
	}
	var used []bool
	for i := range a {
		if used == nil {
			if same(a[i], b[i]) {
				continue
			}
			used = make([]bool, len(b))
			for j := range i {
				used[j] = true
			}
		}
		found := false
		for j := range b {
			if !used[j] && same(a[i], b[j]) {
				used[j], found = true, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// hashOf returns a hash that is the same for equal items.
func hashOf(seed maphash.Seed, v Value) uint64 {
	var h maphash.Hash
	if v.Kind() == KindString || v.Kind() == KindNode && v.node.Kind() == fhir.Text && v.node.HasValue() && kindOfNode(v.node) == KindString {
		return maphash.String(seed, v.system().str)
	}
	h.SetSeed(seed)
	hashInto(&h, v)
	return h.Sum64()
}

func hashInto(h *maphash.Hash, v Value) {
	x := v.system()
	switch k := x.Kind(); {
	case k == KindNone:
		if v.Kind() == KindNode {
			hashNode(h, v.node)
		}
	case x.numeric():
		hashNumber(h, x)
	case k == KindQuantity:
		// A number equals a quantity in unit 1, so their hashes must agree.
		r, unit := x.canonical()
		hashNumber(h, ratDecimal(r, 0))
		if unit != "1" {
			h.WriteString(unit)
		}
	case isDate(k), k == KindTime:
		hashDate(h, x)
	case k == KindString:
		h.WriteString(x.str)
	case k == KindObject:
		for _, f := range x.ext.object.fields {
			h.WriteString(f.name)
		}
	default:
		h.WriteByte(byte(k))
		hashInt(h, x.num)
		h.WriteString(x.str)
	}
}

func hashInt(h *maphash.Hash, n int64) {
	var b [8]byte
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	h.Write(b[:])
}

func hashNumber(h *maphash.Hash, x Value) {
	x = trimZeros(x.asDecimal(), 0)
	hashInt(h, int64(x.scale()))
	if x.small() {
		hashInt(h, x.num)
	} else {
		h.Write(x.ext.big.Bytes())
	}
}

// hashDate hashes what equal dates have in common: the moment, and how exact
// it is known.
func hashDate(h *maphash.Hash, x Value) {
	f := x.utc()
	h.WriteByte(byte(min(x.precision(), precSecond)))
	for p := precYear; p <= precSecond; p++ {
		hashInt(h, f.at(p))
	}
}

// hashNode adds up the children's hashes, so that their order does not count.
func hashNode(h *maphash.Hash, n fhir.Node) {
	var sum uint64
	for c := range n.Children() {
		sum += maphash.String(h.Seed(), c.Name()) ^ bits.RotateLeft64(hashOf(h.Seed(), nodeValue(c)), 7)
	}
	hashInt(h, int64(sum))
}

// valueSet is a set of items under the equality of =.
type valueSet struct {
	seed  maphash.Seed
	items []Value
	table []int32 // positions in items, +1; its length is a power of two
	hash  []uint64
}

// reset empties the set and keeps its memory.
func (s *valueSet) reset() {
	clear(s.items)
	s.items, s.hash = s.items[:0], s.hash[:0]
	clear(s.table)
}

// smallSet is the size up to which a set is searched item by item.
const smallSet = 8

// add adds an item; false if it was there.
func (s *valueSet) add(v Value) bool {
	if len(s.items) < smallSet {
		for i := range s.items {
			if equal(s.items[i], v) == yes {
				return false
			}
		}
		s.items = append(s.items, v)
		return true
	}
	s.index()
	h := hashOf(s.seed, v)
	if s.find(h, v) >= 0 {
		return false
	}
	s.items, s.hash = append(s.items, v), append(s.hash, h)
	if 2*len(s.items) > len(s.table) {
		s.table = make([]int32, 4*len(s.table))
		for i, h := range s.hash {
			s.place(i, h)
		}
	} else {
		s.place(len(s.items)-1, h)
	}
	return true
}

// has reports whether an equal item is in the set.
func (s *valueSet) has(v Value) bool {
	if len(s.items) <= smallSet {
		for i := range s.items {
			if equal(s.items[i], v) == yes {
				return true
			}
		}
		return false
	}
	s.index()
	return s.find(hashOf(s.seed, v), v) >= 0
}

// index hashes the items that were added before there were many.
func (s *valueSet) index() {
	if len(s.hash) == len(s.items) && len(s.hash) > 0 {
		return
	}
	if len(s.table) < 64 {
		s.table = make([]int32, 64)
	}
	for i := len(s.hash); i < len(s.items); i++ {
		h := hashOf(s.seed, s.items[i])
		s.hash = append(s.hash, h)
		s.place(i, h)
	}
}

func (s *valueSet) place(i int, h uint64) {
	mask := uint64(len(s.table) - 1)
	at := h & mask
	for s.table[at] != 0 {
		at = (at + 1) & mask
	}
	s.table[at] = int32(i + 1)
}

func (s *valueSet) find(h uint64, v Value) int {
	mask := uint64(len(s.table) - 1)
	for at := h & mask; s.table[at] != 0; at = (at + 1) & mask {
		i := int(s.table[at]) - 1
		if s.hash[i] == h && equal(s.items[i], v) == yes {
			return i
		}
	}
	return -1
}

// compareValues orders two items as < does. ok is false where they have no
// order at all; known is false where the order is unknown.
func compareValues(a, b Value) (order int, known, ok bool) {
	x, y := a.system(), b.system()
	kx, ky := x.Kind(), y.Kind()
	switch {
	case x.numeric() && y.numeric():
		return compareNumbers(x, y), true, true
	case kx == KindString && ky == KindString:
		return strings.Compare(x.str, y.str), true, true
	case isDate(kx) && isDate(ky), kx == KindTime && ky == KindTime:
		order, known = compareDates(x, y)
		return order, known, true
	case kx == KindQuantity || ky == KindQuantity:
		if x, y, good := asQuantities(x, y); good {
			order, known = compareQuantities(x, y)
			return order, known, true
		}
	}
	return 0, false, false
}
