package dmd

import (
	"math/bits"
	"slices"
	"sync"
)

// Hit is one answer of a search.
type Hit struct {
	Product Product
	Score   int // higher is better; comparable within one search only
}

// SearchOption changes what Search finds.
type SearchOption func(*searchOptions)

type searchOptions struct {
	limit   int
	tables  uint32 // bits of the tables wanted; 0 for all
	invalid bool
	filter  func(Product) bool
}

// Limit sets how many hits are returned; the default is 20.
func Limit(n int) SearchOption { return func(o *searchOptions) { o.limit = n } }

// OfKind keeps products of the given kinds only.
func OfKind(kinds ...Kind) SearchOption {
	return func(o *searchOptions) {
		for _, k := range kinds {
			o.tables |= 1 << k.table()
		}
	}
}

// WithInvalid includes products that are no longer in use.
func WithInvalid() SearchOption { return func(o *searchOptions) { o.invalid = true } }

// Where keeps the products that fn wants. It is asked for candidates in the
// order of their rank, so it should be cheap.
func Where(fn func(Product) bool) SearchOption {
	return func(o *searchOptions) { o.filter = fn }
}

const (
	// maxCandidates is how many names with all words are ranked. They come in
	// the order of their rank without the query.
	maxCandidates = 2048
	// checkOneByOne is how few names are looked at singly instead of intersecting
	// whole lists.
	checkOneByOne = 4096
	maxQueryWords = 12
	maxQueryBytes = 1000
)

// Search finds products by what people type: beginnings of words in any order,
// strengths in any unit ("0.5g" finds 500mg), bar figures ("amox 250 cap"), and,
// where nothing else fits, words with a mistyped letter or two. All words have
// to be met. Hits are ranked: whole words before beginnings, names that begin
// with the first word, general products before brands and packs, then
// those with fewer further words, then by name with strengths ascending. Words
// behind the twelfth, and text behind the first 1,000 bytes, do not count.
func (s *Store) Search(query string, opts ...SearchOption) []Hit {
	o := searchOptions{limit: 20}
	for _, f := range opts {
		f(&o)
	}
	ws := tokens(nil, query[:min(len(query), maxQueryBytes)], true)
	if len(ws) == 0 || o.limit <= 0 {
		return nil
	}
	if len(ws) > maxQueryWords {
		ws = ws[:maxQueryWords]
	}
	hits := s.search(ws, false, &o)
	if len(hits) == 0 {
		hits = s.search(ws, true, &o)
	}
	return hits
}

// term is a word of the query with the words of the index that meet it.
type term struct {
	lo, hi  int // words that begin with it
	exact   int // the word itself, or -1
	length  int
	fuzzy   []match
	total   int // bytes of postings: about the number of names
	isFirst bool
}

// quality tells how well a word of a name meets the term, 0 for not at all.
func (t *term) quality(x *searchIndex, w int) int {
	if w == t.exact {
		return 100
	}
	if w >= t.lo && w < t.hi {
		return 60 + 30*t.length/max(len(x.words.at(w)), 1)
	}
	for _, m := range t.fuzzy {
		if m.word == w {
			return 50 - 15*m.edits
		}
	}
	return 0
}

func (s *Store) newTerm(w word, fuzzy bool) term {
	x := &s.words
	t := term{exact: -1, length: len(w.text)}
	t.lo = x.firstWord([]byte(w.text))
	t.hi = t.lo
	if string(x.words.at(t.lo)) == w.text {
		t.exact = t.lo
		t.hi = t.lo + 1
	}
	if w.kind == wordText {
		t.lo, t.hi = x.prefixRange(w.text)
		if k := edits(w.text); fuzzy && k > 0 {
			t.fuzzy = x.fuzzy(nil, w.text, k)
		}
	}
	from, to := x.postings.start.at(t.lo), x.postings.start.at(t.hi)
	t.total = int(to - from)
	for _, m := range t.fuzzy {
		t.total += len(x.postings.at(m.word))
	}
	return t
}

// edits is how many mistyped letters a word may have.
func edits(w string) int {
	switch {
	case len(w) >= 8:
		return 2
	case len(w) >= 4:
		return 1
	}
	return 0
}

// bitsets are reused between searches.
var bitsets = sync.Pool{New: func() any { return new([]uint64) }}

func (s *Store) bitset() *[]uint64 {
	p := bitsets.Get().(*[]uint64)
	n := (s.words.docs.len() + 63) / 64
	if cap(*p) < n {
		*p = make([]uint64, n)
	}
	*p = (*p)[:n]
	clear(*p)
	return p
}

// mark sets the bits of the names that meet a term.
func (t *term) mark(x *searchIndex, set []uint64) {
	add := func(doc uint32) {
		if i := int(doc >> 6); i < len(set) {
			set[i] |= 1 << (doc & 63)
		}
	}
	for w := t.lo; w < t.hi; w++ {
		x.names(w, add)
	}
	for _, m := range t.fuzzy {
		if m.word < t.lo || m.word >= t.hi {
			x.names(m.word, add)
		}
	}
}

func (s *Store) search(ws []word, fuzzy bool, o *searchOptions) []Hit {
	x := &s.words
	terms := make([]term, len(ws))
	for i, w := range ws {
		terms[i] = s.newTerm(w, fuzzy)
		terms[i].isFirst = i == 0 && w.kind == wordText
		if terms[i].total == 0 {
			return nil
		}
	}
	slices.SortStableFunc(terms, func(a, b term) int { return a.total - b.total })
	set := s.bitset()
	defer bitsets.Put(set)
	terms[0].mark(x, *set)
	if len(terms) > 1 {
		other := s.bitset()
		defer bitsets.Put(other)
		for i := 1; i < len(terms) && population(*set) > checkOneByOne; i++ {
			clear(*other)
			terms[i].mark(x, *other)
			for j := range *set {
				(*set)[j] &= (*other)[j]
			}
		}
	}
	return s.rank(*set, terms, o)
}

func population(set []uint64) int {
	n := 0
	for _, v := range set {
		n += bits.OnesCount64(v)
	}
	return n
}

// rank scores the candidates and returns the best.
func (s *Store) rank(set []uint64, terms []term, o *searchOptions) []Hit {
	var hits []Hit
	worst := 0
	candidates := 0
	for i, v := range set {
		for ; v != 0; v &= v - 1 {
			doc := i<<6 + bits.TrailingZeros64(v)
			p := place(s.words.docs.at(doc))
			if o.tables != 0 && o.tables>>p.table()&1 == 0 {
				continue
			}
			score := s.score(doc, terms)
			if score <= 0 {
				continue
			}
			score += kindScore(p.table())
			if len(hits) >= o.limit && score <= worst {
				if candidates++; candidates >= maxCandidates {
					return hits
				}
				continue
			}
			product := Product{s, p}
			if !o.invalid && product.Invalid() || o.filter != nil && !o.filter(product) {
				continue
			}
			hits, worst = insertHit(hits, Hit{product, score}, o.limit)
			if candidates++; candidates >= maxCandidates {
				return hits
			}
		}
	}
	return hits
}

// insertHit keeps the list sorted, equal scores in the order they came.
func insertHit(hits []Hit, h Hit, limit int) ([]Hit, int) {
	i := len(hits)
	for i > 0 && hits[i-1].Score < h.Score {
		i--
	}
	if len(hits) < limit {
		hits = append(hits, Hit{})
	}
	copy(hits[i+1:], hits[i:])
	hits[i] = h
	return hits, hits[len(hits)-1].Score
}

// kindScore prefers general products, which is what prescriptions name.
func kindScore(t Table) int {
	switch t {
	case TableVMP:
		return 5
	case TableAMP:
		return -10
	case TableVMPP:
		return -20
	case TableAMPP:
		return -30
	}
	return 0
}

// score tells how well a name meets all terms, 0 if it does not.
func (s *Store) score(doc int, terms []term) int {
	x := &s.words
	var ids [64]int
	b := x.docWords.at(doc)
	first, n := uvarint(b)
	b = b[n:]
	count, n := uvarint(b)
	b = b[n:]
	k, id := 0, 0
	for ; count > 0 && k < len(ids); count-- {
		d, n := uvarint(b)
		b = b[n:]
		id += int(d)
		ids[k] = id
		k++
	}
	sum := 0
	for i := range terms {
		best := 0
		for _, w := range ids[:k] {
			best = max(best, terms[i].quality(x, w))
		}
		if best == 0 {
			return 0
		}
		sum += best
		if terms[i].isFirst {
			if q := terms[i].quality(x, int(first)); q > 0 {
				sum += 20 + q/4
			}
		}
	}
	return max(1, 1000+sum-2*max(k-len(terms), 0))
}
