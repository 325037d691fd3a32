package snomed

import (
	"encoding/binary"
	"math"
	"math/bits"
	"sync"
)

// scan looks at the signatures of the best names one after the other. It
// returns up to where it has come. It gives up where there are far fewer
// matches among the first, which are short, than there should be.
func (f *finder) scan(to int) (seen int) {
	const chunk = 1 << 10 // a multiple of signStep
	full := uint32(1)<<len(f.words) - 1
	expected := 1.0
	for i := range f.words {
		expected *= min(1, float64(f.words[i].postings)/float64(f.names.to))
	}
	fits := 0
	signed := f.signed()
	for from := 0; from < min(to, f.end, signed); from += chunk {
		if from >= 8*chunk && expected*float64(from) >= 6 && float64(fits) < expected*float64(from)/4 {
			return from
		}
		next := min(from+chunk, signed)
		doc, words := from, uint32(0)
		for _, c := range f.signs(from, next) {
			if c != 0 {
				words |= f.classWords[c]
				continue
			}
			if words == full {
				if doc >= f.end || !f.consider(doc) {
					return f.end
				}
				fits++
			}
			words = 0
			doc++
		}
		if doc != next {
			panic(&fault{ErrCorrupt})
		}
		seen = next
	}
	return seen
}

// signed returns how many names have signatures.
func (f *finder) signed() int { return min(f.names.to, f.signAt.len()*signStep) }

// signs returns the signatures of some documents, of which the first begins a
// step and the last ends one.
func (f *finder) signs(from, to int) []byte {
	i, j := uint64(f.signAt.get(from/signStep)), f.signatures.base
	if k := (to + signStep - 1) / signStep; k < f.signAt.len() {
		j = f.signAt.get(k)
	}
	if i > j || j > f.signatures.base {
		panic(&fault{ErrCorrupt})
	}
	return f.s.im.at(f.signatures.off+i, j-i)
}

// fits reports whether a name can have every word of the query, by its
// signature.
func (f *finder) fits(doc int) bool {
	if doc >= f.signed() {
		return true
	}
	step := doc &^ (signStep - 1)
	b := f.signs(step, step+signStep)
	for range doc - step {
		for len(b) > 0 && b[0] != 0 {
			b = b[1:]
		}
		if len(b) == 0 {
			panic(&fault{ErrCorrupt})
		}
		b = b[1:]
	}
	words := uint32(0)
	for len(b) > 0 && b[0] != 0 {
		words |= f.classWords[b[0]]
		b = b[1:]
	}
	return words+1 == 1<<len(f.words)
}

// bitmaps are as big as was asked for last, and all their bits are zero.
var bitmaps = sync.Pool{New: func() any { return new([]uint64) }}

func newBitmap(n int) *[]uint64 {
	p := bitmaps.Get().(*[]uint64)
	words := (n + 63) / 64
	if cap(*p) < words {
		*p = make([]uint64, words)
	}
	*p = (*p)[:words]
	return p
}

// freeBitmap gives a bitmap back.
func freeBitmap(p *[]uint64) {
	clear(*p)
	bitmaps.Put(p)
}

// maxLevels bounds how many levels of misspelling are told apart.
const maxLevels = 6

// intersect marks the documents of an area that have the first words, and looks
// at those that have them all, from a document on: those without a misspelling,
// then those that have one at least, and so on, each level as far as it may
// better the hits. Where more documents have to be judged than were expected,
// because words come together more often than by chance or because it is not
// known how often a word is misspelt, it marks one more word.
func (f *finder) intersect(a *area, marks, from int) {
	sets := make([]levelSet, 0, len(f.words))
	defer func() {
		for i := range sets {
			sets[i].free()
		}
	}()
	levels := 1
	for {
		for len(sets) < marks {
			if f.err = f.ctx.Err(); f.err != nil {
				return
			}
			sets = append(sets, levelSet{})
			m := &sets[len(sets)-1]
			m.mark(f, a, &f.words[len(sets)-1])
			levels += len(m.level) - 1
		}
		judged := math.MaxInt
		if marks < len(f.words) {
			judged = len(f.judged) + int(f.costOfMarks(&f.words[marks])/costVerify)
		}
		more := false
		for f.level = 0; f.level < min(levels, maxLevels) && f.err == nil && !more; f.level++ {
			f.end = a.to
			f.cut(from)
			more = f.walk(a, sets, from, judged)
		}
		f.level = 0
		if !more {
			return
		}
		marks++
	}
}

// walk looks at the documents of the current level. It stops and returns true
// when so many concepts have been judged since the search began.
func (f *finder) walk(a *area, sets []levelSet, from, judged int) (more bool) {
	first := from - a.from
	for k := first / 64; k*64 < f.end-a.from; k++ {
		w := ^uint64(0)
		for i := range sets {
			w &= (*sets[i].any)[k]
		}
		if k == first/64 {
			w &= ^uint64(0) << (first % 64)
		}
		if w != 0 {
			w &= levelOf(sets, k, f.level)
		}
		for ; w != 0; w &= w - 1 {
			doc := a.from + k*64 + bits.TrailingZeros64(w)
			if doc >= f.end {
				return false
			}
			if len(sets) < len(f.words) && !f.fits(doc) {
				continue
			}
			if !f.consider(doc) {
				return false
			}
			if len(f.judged) >= judged {
				return true
			}
		}
	}
	return false
}

// levelSet is the documents that have a word, by how often it is misspelt at
// least.
type levelSet struct {
	any   *[]uint64
	level []*[]uint64
}

func (l *levelSet) free() {
	for _, b := range l.level {
		freeBitmap(b)
	}
	if len(l.level) > 1 {
		freeBitmap(l.any)
	}
	*l = levelSet{}
}

// mark finds the documents of a word.
func (l *levelSet) mark(f *finder, a *area, m *matcher) {
	n := a.to - a.from
	worst := uint8(0)
	for _, r := range m.ranges {
		worst = max(worst, r.distance)
	}
	for range worst + 1 {
		l.level = append(l.level, newBitmap(n))
	}
	l.any = l.level[0]
	for _, r := range m.ranges {
		f.mark(a, r, *l.level[r.distance])
	}
	if worst == 0 {
		return
	}
	l.any = newBitmap(n)
	for _, b := range l.level {
		for k, w := range *b {
			(*l.any)[k] |= w
		}
	}
}

// levelOf returns which of 64 documents have so many misspellings at least, in
// all words together, and not fewer; all from the last level on count as that.
func levelOf(sets []levelSet, k, level int) uint64 {
	var reach [maxLevels]uint64 // by the number of misspellings
	reach[0] = ^uint64(0)
	for i := range sets {
		var next [maxLevels]uint64
		for d, b := range sets[i].level {
			w := (*b)[k]
			for j, r := range reach {
				next[min(j+d, maxLevels-1)] |= r & w
			}
		}
		reach = next
	}
	w := reach[level]
	for _, r := range reach[:level] {
		w &^= r
	}
	return w
}

// mark sets the bits of the documents that have some tokens.
func (f *finder) mark(a *area, r tokenRange, to []uint64) {
	i, j := a.postAt.get(int(r.lo)), a.postAt.get(int(r.hi))
	if i > j || j > a.posts.base {
		panic(&fault{ErrCorrupt})
	}
	b := f.s.im.at(a.posts.off+i, j-i)
	doc := ^uint64(0)
	for len(b) > 0 {
		switch {
		case b[0] < 0x80:
			gap := uint64(b[0])
			b = b[1:]
			if gap == 0 { // the next token
				doc = ^uint64(0)
				continue
			}
			doc += gap
		case len(b) > 1 && b[1] < 0x80:
			doc += uint64(b[0]&0x7f) | uint64(b[1])<<7
			b = b[2:]
		case len(b) > 2 && b[2] < 0x80:
			doc += uint64(b[0]&0x7f) | uint64(b[1]&0x7f)<<7 | uint64(b[2])<<14
			b = b[3:]
		default:
			v, k := binary.Uvarint(b)
			if k <= 0 {
				panic(&fault{ErrCorrupt})
			}
			doc += v
			b = b[k:]
		}
		to[doc>>6] |= 1 << (doc & 63)
	}
}
