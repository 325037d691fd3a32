package snomed

import (
	"cmp"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"
)

// vec is a growing list in chunks: growing copies nothing and leaves no
// garbage.
type vec[T any] struct {
	chunks [][]T
	n      int
}

const vecShift = 14

func (v *vec[T]) add(x T) {
	if v.n < 1<<vecShift { // the first chunk grows, so that a short list is small
		if v.n == 0 {
			v.chunks = [][]T{nil}
		}
		v.chunks[0] = append(v.chunks[0], x)
		v.n++
		return
	}
	if v.n>>vecShift == len(v.chunks) {
		v.chunks = append(v.chunks, make([]T, 1<<vecShift))
	}
	v.chunks[v.n>>vecShift][v.n&(1<<vecShift-1)] = x
	v.n++
}

func (v *vec[T]) at(i int) *T { return &v.chunks[i>>vecShift][i&(1<<vecShift-1)] }

func (v *vec[T]) each(fn func(i int, x *T)) {
	for i := range v.n {
		fn(i, v.at(i))
	}
}

// multi is several lists read as one.
type multi[T any] struct {
	vecs []*vec[T]
	base []int
	n    int
}

func (m *multi[T]) add(v *vec[T]) {
	m.vecs = append(m.vecs, v)
	m.base = append(m.base, m.n)
	m.n += v.n
}

// find returns which list has element i, and where in it.
func (m *multi[T]) find(i int) (list, at int) {
	after := len(m.base)
	for after-list > 1 {
		if k := (list + after) / 2; m.base[k] > i {
			after = k
		} else {
			list = k
		}
	}
	return list, i - m.base[list]
}

func (m *multi[T]) at(i int) *T {
	list, at := m.find(i)
	return m.vecs[list].at(at)
}

// permute puts x[order[i]] at i, and spoils order.
func permute[T any](x []T, order []uint32) {
	const done = 1 << 31
	for i := range order {
		if order[i]&done != 0 {
			continue
		}
		first := x[i]
		at := uint32(i)
		for {
			from := order[at]
			order[at] |= done
			if from == uint32(i) {
				x[at] = first
				break
			}
			x[at] = x[from]
			at = from
		}
	}
}

// sortedOrder returns the indexes of v in ascending order of values.
func sortedOrder(v []uint64) []uint32 {
	order := make([]uint32, len(v))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(v[a], v[b]) })
	return order
}

// codes numbers the distinct values of a column that has few. The numbers
// depend on the order in which goroutines come; they are sorted before they are
// written.
type codes struct {
	what   string // the values, for people
	limit  int    // on their number
	mu     sync.Mutex
	index  map[uint64]uint16
	values []uint64
	order  []uint16 // the final code of each
	over   bool     // there were more
}

// maxCodes leaves the last code for what has none.
const maxCodes = 1<<16 - 1

func newCodes(what string, limit int) *codes {
	return &codes{what: what, limit: limit, index: map[uint64]uint16{}}
}

// localCodes is one goroutine's view of codes.
type localCodes struct {
	shared *codes
	index  map[uint64]uint16
	last   uint64
	code1  uint16
	any    bool
}

func (c *codes) local() *localCodes { return &localCodes{shared: c, index: map[uint64]uint16{}} }

// code returns the number of a value.
func (l *localCodes) code(v uint64) uint16 {
	if l.any && v == l.last {
		return l.code1
	}
	c, ok := l.index[v]
	if !ok {
		c = l.shared.code(v)
		l.index[v] = c
	}
	l.last, l.code1, l.any = v, c, true
	return c
}

// code numbers a value. Where there are too many it says so in over, and the
// build ends when the files have been read.
func (c *codes) code(v uint64) uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.index[v]
	if !ok {
		if len(c.values) == c.limit {
			c.over = true
			return 0
		}
		k = uint16(len(c.values))
		c.index[v] = k
		c.values = append(c.values, v)
	}
	return k
}

// sorted returns the values in ascending order and the new code of each old.
func (c *codes) sorted() (values []uint64, code []uint16) {
	order := sortedOrder(c.values)
	values, code = make([]uint64, len(order)), make([]uint16, len(order))
	for to, from := range order {
		values[to] = c.values[from]
		code[from] = uint16(to)
	}
	return values, code
}

// idMap maps as many identifiers as it is made for to numbers.
type idMap struct {
	keys  []uint64
	vals  []uint32
	shift int
	seed  uint64 // so that no release can be made to fill one place
}

func newIDMap(n int) *idMap {
	size := 16
	for size*4 < n*5 {
		size *= 2
	}
	return &idMap{make([]uint64, size), make([]uint32, size), 64 - bits.Len(uint(size-1)), rand.Uint64()}
}

func hash64(id uint64) uint64 { return id * 0x9e3779b97f4a7c15 }

// slot returns where id is or belongs. Keys of 0 are empty.
func (m *idMap) slot(id uint64) int {
	mask := len(m.keys) - 1
	hi, lo := bits.Mul64(id^m.seed, 0x9e3779b97f4a7c15)
	for i := int((hi ^ lo) >> m.shift); ; i++ {
		i &= mask
		if m.keys[i] == id || m.keys[i] == 0 {
			return i
		}
	}
}

// put sets the number of id.
func (m *idMap) put(id uint64, v uint32) {
	i := m.slot(id)
	m.keys[i], m.vals[i] = id, v
}

func (m *idMap) get(id uint64) (uint32, bool) {
	i := m.slot(id)
	return m.vals[i], m.keys[i] == id && id != 0
}

// radixOrder returns the stable ascending order of n keys.
func radixOrder(n int, key func(int) uint32) []uint32 {
	type item struct{ key, at uint32 }
	a, b := make([]item, n), make([]item, n)
	all := uint32(0)
	for i := range a {
		k := key(i)
		a[i] = item{k, uint32(i)}
		all |= k
	}
	var count [1 << 11]uint32
	for shift := 0; shift < 32 && all>>shift != 0; shift += 11 {
		clear(count[:])
		for _, x := range a {
			count[x.key>>shift&(1<<11-1)]++
		}
		sum := uint32(0)
		for i, c := range count {
			count[i] = sum
			sum += c
		}
		for _, x := range a {
			k := x.key >> shift & (1<<11 - 1)
			b[count[k]] = x
			count[k]++
		}
		a, b = b, a
	}
	out := make([]uint32, n)
	for i, x := range a {
		out[i] = x.at
	}
	return out
}
