package snomed

import (
	"context"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Query asks for concepts by their terms. Every word of the text must be the
// beginning of a word of one and the same term, in any order; case and
// accents do not matter, nor apostrophes, and µ is u.
type Query struct {
	Text  string
	Limit int // hits wanted; 0 means 20

	// Fuzzy also finds words that are misspelt by one letter, or by two in
	// words of six letters or more: a letter wrong, missing, too many, or two
	// swapped. Each counts like forty characters more.
	Fuzzy bool

	Within        *Set       // only concepts of this set
	Types         []sctid.ID // only descriptions of these types; nil means names: no text definitions
	Languages     []string   // only descriptions in these languages, such as "en"
	Dialects      []sctid.ID // only descriptions that one of these language reference sets accepts
	Inactive      bool       // also inactive concepts
	InactiveTerms bool       // also inactive descriptions
	EveryTerm     bool       // a hit for every matching description, not for the best of each concept

	// Frequency ranks concepts by how often they are used, on top of what
	// the store was built with: a doubling is worth three characters. It makes
	// a search look at every match.
	Frequency func(Ordinal) float64
}

// Hit is one term that a search found.
type Hit struct {
	Concept     sctid.ID
	Ordinal     Ordinal
	Description sctid.ID
	Term        string
	Type        sctid.ID
	Preferred   bool   // some language reference set of the order of preference prefers it
	Distance    int    // misspellings, 0 unless the query is fuzzy
	Highlights  []Span // what of the term the words of the query matched

	score uint32
	row   int
}

// Span is a range of bytes of a term.
type Span struct{ From, To int }

// maxFurther is how many more matches a search looks at than it was asked
// for, or as many again if that is more.
const maxFurther = 100

const (
	defaultLimit    = 20
	maxQueryWords   = 32
	distancePenalty = 40 * scoreUnit
)

// Search returns the best hits first: short terms before long ones, preferred
// ones before others, then fully specified names, inactive ones last. Ties are
// broken by the place in the hierarchy. A query without a word has no hits.
//
// Concepts are read in the order of their best term, whether or not that is
// the one that matches, and while a better hit may come: but of matches no
// more than 100 above the limit, or twice the limit. Only where there are
// more than that may a longer term be among the hits in the place of a shorter
// one.
func (s *Store) Search(ctx context.Context, q Query) (hits []Hit, err error) {
	defer s.im.guard(&err)
	words := queryWords(q.Text, q.Fuzzy)
	if len(words) == 0 {
		return nil, nil
	}
	if len(words) > maxQueryWords {
		words = words[:maxQueryWords]
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	f := s.newFinder(ctx, &q)
	for _, w := range words {
		m := matcher{word: w}
		if q.Fuzzy {
			m.ranges = f.fuzzyRanges(w)
		} else if lo, hi := f.prefixRange(w); lo < hi {
			m.ranges = []tokenRange{{lo, hi, 0}}
		}
		for _, r := range m.ranges {
			m.postings += int(f.tokenCount.get(int(r.hi)) - f.tokenCount.get(int(r.lo)))
		}
		if m.postings == 0 {
			return nil, nil
		}
		f.words = append(f.words, m)
	}
	slices.SortStableFunc(f.words, func(a, b matcher) int { return a.postings - b.postings })
	f.run()
	if f.err != nil {
		return nil, f.err
	}
	for i := range f.hits {
		f.complete(&f.hits[i])
	}
	return f.hits, nil
}

// tokenRange is tokens lo to hi, without hi, that match a word of the query
// with so many misspellings.
type tokenRange struct {
	lo, hi   uint32
	distance uint8
}

// matcher is one word of the query.
type matcher struct {
	word     string
	ranges   []tokenRange // ascending
	postings int
}

// match returns the misspellings of a token, or -1 if it does not match.
func (m *matcher) match(token uint32) int {
	r := m.ranges
	if len(r) > 8 {
		i, j := 0, len(r)
		for i < j {
			k := (i + j) / 2
			if r[k].hi <= token {
				i = k + 1
			} else {
				j = k
			}
		}
		r = r[i:min(i+1, len(r))]
	}
	for i := range r {
		if token >= r[i].lo && token < r[i].hi {
			return int(r[i].distance)
		}
	}
	return -1
}

// finder is the state of one search.
type finder struct {
	s       *Store
	ctx     context.Context
	q       *Query
	words   []matcher
	hits    []Hit
	err     error
	seen    int // documents looked at
	matched int // hits found, taken or not

	tokenAt, tokenCount, postAt     column
	docConcept, docScore, forwardAt column
	bonus                           column
	tokens, posts, forward          ref
	descLanguage, languages         column
	languageMask                    uint64 // a bit for each wanted language
	dialectMask                     uint64 // bits of the wanted dialects in secDescAccept
	all                             bool   // look at every match
}

func (s *Store) newFinder(ctx context.Context, q *Query) *finder {
	f := &finder{s: s, ctx: ctx, q: q, tokenAt: s.column(secTokenAt), tokenCount: s.column(secTokenCount), postAt: s.column(secPostAt),
		docConcept: s.column(secDocConcept), docScore: s.column(secDocScore), forwardAt: s.column(secForwardAt), bonus: s.column(secBonus),
		tokens: s.im.dir[secTokens], posts: s.im.dir[secPosts], forward: s.im.dir[secForward],
		descLanguage: s.column(secDescLanguage), languages: s.column(secLanguages), languageMask: ^uint64(0), dialectMask: ^uint64(0), all: q.Frequency != nil}
	if q.Languages != nil {
		f.languageMask = 0
		for _, l := range q.Languages {
			for i := range min(f.languages.len(), 64) {
				if languageOf(f.languages.get(i)) == l {
					f.languageMask |= 1 << i
				}
			}
		}
	}
	if q.Dialects != nil {
		f.dialectMask = 0
		for _, d := range q.Dialects {
			if k := slices.Index(s.dialects, uint64(d)); k >= 0 && k < 32 {
				f.dialectMask |= 3 << (2 * k)
			}
		}
	}
	return f
}

func (f *finder) token(i int) []byte {
	b := f.s.im.at(f.tokenAt.off+4*uint64(i), 8)
	from, to := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	if from > to || to > f.tokens.base {
		panic(&fault{ErrCorrupt})
	}
	return f.s.im.at(f.tokens.off+from, to-from)
}

func (f *finder) tokenTotal() int { return f.tokenAt.len() - 1 }

// lowerBound returns the first token in [from, to) that is not less than w.
func (f *finder) lowerBound(w string, from, to int) int {
	for from < to {
		m := int(uint(from+to) / 2)
		if string(f.token(m)) < w {
			from = m + 1
		} else {
			to = m
		}
	}
	return from
}

// prefixRange returns the tokens that begin with w.
func (f *finder) prefixRange(w string) (lo, hi uint32) {
	n := f.tokenTotal()
	i := f.lowerBound(w, 0, n)
	// No token has the byte 0xff.
	j := f.lowerBound(w+"\xff", i, n)
	return uint32(i), uint32(j)
}

// The measured costs that a plan is made of, in nanoseconds.
const (
	costPosting = 3   // to mark one posting
	costForward = 30  // to look at the tokens of one of the best documents
	costVerify  = 400 // to read the terms of a document
	costBitmap  = 8000
)

// run finds the hits in the way that is estimated to be quickest.
func (f *finder) run() {
	n := f.docConcept.len()
	if w := f.q.Within; w != nil && w.Len()*costVerify < f.words[0].postings*costPosting+costBitmap+10000 {
		for o := range w.All() {
			if !f.verify(uint32(o)) {
				return
			}
		}
		return
	}
	share := func(m *matcher) float64 { return min(1, float64(m.postings)/float64(n)) }
	need := float64(f.q.Limit + max(maxFurther, f.q.Limit))
	if f.all {
		need = math.Inf(1)
	}
	if w := f.q.Within; w != nil {
		need /= max(float64(w.Len())/float64(n), 1e-9)
	}
	rest := 1.0 // share of all words
	for i := range f.words {
		rest *= share(&f.words[i])
	}
	scan := need / rest
	scanCost := scan*costForward + min(need, scan)*costVerify
	if scan > 0.8*float64(f.forwardAt.len()-1) || f.q.Fuzzy {
		scanCost = math.Inf(1)
	}
	best, bestCost := 1, math.Inf(1)
	marked, candidates := 0.0, float64(n)
	for i := range f.words {
		m := &f.words[i]
		marked += float64(m.postings)*costPosting + costBitmap
		candidates *= share(m)
		after := 1.0
		for j := i + 1; j < len(f.words); j++ {
			after *= share(&f.words[j])
		}
		// Of the documents looked at, the best ones are quick to reject.
		look := min(candidates, need/after)
		quick := min(look, candidates*float64(f.forwardAt.len()-1)/float64(n))
		if after == 1 {
			quick = 0
		}
		cost := marked + quick*costForward + (look-quick)*costVerify + min(need, quick*after)*costVerify
		if cost < bestCost {
			best, bestCost = i+1, cost
		}
	}
	from, over := 0, false
	if scanCost < bestCost {
		if from, over = f.scan(min(f.forwardAt.len()-1, int(1.5*scan)+500), rest); over {
			return
		}
	}
	f.intersect(best, from)
}

// done reports whether no document from doc on can improve the hits.
func (f *finder) done(doc int) bool {
	if f.seen++; f.seen&1023 == 0 {
		if f.err = f.ctx.Err(); f.err != nil {
			return true
		}
	}
	k := len(f.hits)
	return k == f.q.Limit && !f.all && uint64(f.hits[k-1].score) < f.docScore.get(doc)
}

// scan looks at the best documents one by one. It returns how many it has
// seen and whether the search is over. It gives up where there are far fewer
// matches among the first, which are short, than there should be.
func (f *finder) scan(to int, share float64) (seen int, over bool) {
	matches := 0
	for doc := range to {
		if doc&15 == 0 && f.done(doc) {
			return doc, true
		}
		if expected := float64(doc) * share; doc&255 == 255 && expected >= 6 && float64(matches) < expected/4 {
			return doc, false
		}
		if f.hasWords(doc) {
			matches++
			if !f.verify(uint32(f.docConcept.get(doc))) {
				return doc, true
			}
		}
	}
	return to, f.docConcept.len() <= to
}

// hasWords reports whether one of the best documents has every word of the
// query, by its list of tokens.
func (f *finder) hasWords(doc int) bool {
	i, j := f.forwardAt.get(doc), f.forwardAt.get(doc+1)
	if i > j || j > f.forward.base {
		panic(&fault{ErrCorrupt})
	}
	b := f.s.im.at(f.forward.off+i, j-i)
	found := uint64(0)
	for len(b) > 0 {
		var t uint64
		switch {
		case b[0] < 0x80:
			t, b = uint64(b[0]), b[1:]
		case len(b) > 1 && b[1] < 0x80:
			t, b = uint64(b[0]&0x7f)|uint64(b[1])<<7, b[2:]
		default:
			v, n := binary.Uvarint(b)
			if n <= 0 {
				panic(&fault{ErrCorrupt})
			}
			t, b = v, b[n:]
		}
		for w := range f.words {
			if f.words[w].match(uint32(t)) >= 0 {
				found |= 1 << w
			}
		}
	}
	return found+1 == 1<<len(f.words)
}

// bitmaps are as big as the number of documents asks for.
var bitmaps = sync.Pool{New: func() any { return new([]uint64) }}

func newBitmap(n int) *[]uint64 {
	p := bitmaps.Get().(*[]uint64)
	words := (n + 63) / 64
	if cap(*p) < words {
		*p = make([]uint64, words)
	}
	*p = (*p)[:words]
	clear(*p)
	return p
}

// intersect marks the documents of the first m words and looks at those with
// all of them, from a document on.
func (f *finder) intersect(m, from int) {
	n := f.docConcept.len()
	result := newBitmap(n)
	defer bitmaps.Put(result)
	// Of a fuzzy query, the documents with each of these words as it is:
	// all others have one misspelling at least.
	var exact *[]uint64
	if f.q.Fuzzy && !f.all {
		exact = newBitmap(n)
		defer bitmaps.Put(exact)
	}
	for i := range m {
		into, whole := result, exact
		if i > 0 {
			into = newBitmap(n)
			if exact != nil {
				whole = newBitmap(n)
			}
		}
		f.mark(&f.words[i], *into, whole)
		if i > 0 {
			for k, w := range *into {
				(*result)[k] &= w
			}
			bitmaps.Put(into)
			if exact != nil {
				for k, w := range *whole {
					(*exact)[k] &= w
				}
				bitmaps.Put(whole)
			}
		}
	}
	for k := from / 64; k < len(*result); k++ {
		w := (*result)[k]
		if k == from/64 {
			w &= ^uint64(0) << (from % 64)
		}
		if w != 0 && f.done(k*64+bits.TrailingZeros64(w)) {
			return
		}
		for ; w != 0; w &= w - 1 {
			doc := k*64 + bits.TrailingZeros64(w)
			if exact != nil && (*exact)[k]&(w&-w) == 0 && len(f.hits) == f.q.Limit &&
				f.docScore.get(doc)+distancePenalty > uint64(f.hits[len(f.hits)-1].score) {
				continue
			}
			if m < len(f.words) && doc < f.forwardAt.len()-1 && !f.hasWords(doc) {
				continue
			}
			if !f.verify(uint32(f.docConcept.get(doc))) {
				return
			}
		}
	}
}

// mark sets the bits of the documents that have a word, and in exact, unless
// it is nil, of those that have it without a misspelling.
func (f *finder) mark(m *matcher, to []uint64, exact *[]uint64) {
	for _, r := range m.ranges {
		also := to
		if exact != nil && r.distance == 0 {
			also = *exact
		}
		for t := r.lo; t < r.hi; t++ {
			i, j := f.postAt.get(int(t)), f.postAt.get(int(t)+1)
			if i > j || j > f.posts.base {
				panic(&fault{ErrCorrupt})
			}
			b := f.s.im.at(f.posts.off+i, j-i)
			doc := uint64(0)
			for len(b) > 0 {
				switch {
				case b[0] < 0x80:
					doc += uint64(b[0])
					b = b[1:]
				case len(b) > 1 && b[1] < 0x80:
					doc += uint64(b[0]&0x7f) | uint64(b[1])<<7
					b = b[2:]
				case len(b) > 2 && b[2] < 0x80:
					doc += uint64(b[0]&0x7f) | uint64(b[1]&0x7f)<<7 | uint64(b[2])<<14
					b = b[3:]
				default:
					v, n := binary.Uvarint(b)
					if n <= 0 {
						panic(&fault{ErrCorrupt})
					}
					doc += v
					b = b[n:]
				}
				to[doc>>6] |= 1 << (doc & 63)
				also[doc>>6] |= 1 << (doc & 63)
			}
		}
	}
}

// verify reads the terms of a concept and takes those that match into the
// hits. It returns false when the search is over.
func (f *finder) verify(o uint32) bool {
	s := f.s
	active := int(o) < s.info.Active
	if !active && !f.q.Inactive || f.q.Within != nil && !f.q.Within.Has(Ordinal(o)) {
		return f.err == nil
	}
	from, to := int(s.descAt.get(int(o))), int(s.descAt.get(int(o)+1))
	var room termPieces
	t := s.terms(Ordinal(o), &room)
	var best Hit
	found := false
	for row := from; row < to; row++ {
		t = t.next()
		distance, ok := f.matches(t.code)
		if !ok {
			continue
		}
		hit, ok := f.rate(t.code, o, row, active, distance)
		if !ok {
			continue
		}
		if f.q.EveryTerm {
			f.take(hit)
			f.matched++
		} else if !found || less(&hit, &best) {
			best, found = hit, true
		}
	}
	if found {
		f.take(best)
		f.matched++
	}
	return f.err == nil && (f.all || f.matched < f.q.Limit+max(maxFurther, f.q.Limit))
}

// matches reports whether every word of the query is in a term, and with how
// many misspellings.
func (f *finder) matches(pieces []uint32) (distance int, ok bool) {
	var best [maxQueryWords]int8
	for w := range f.words {
		best[w] = -1
	}
	for _, p := range pieces {
		token := f.s.pieceToken.get(int(p))
		if token == 0 {
			continue
		}
		for w := range f.words {
			if d := f.words[w].match(uint32(token) - 1); d >= 0 && (best[w] < 0 || d < int(best[w])) {
				best[w] = int8(d)
			}
		}
	}
	for w := range f.words {
		if best[w] < 0 {
			return 0, false
		}
		distance += int(best[w])
	}
	return distance, true
}

// rate applies the filters to a description that matches, and scores it.
func (f *finder) rate(pieces []uint32, o uint32, row int, conceptActive bool, distance int) (Hit, bool) {
	s := f.s
	active := s.descActive.get(row) == 1
	kind := s.descKind.get(row)
	accept := s.descAccept.get(row)
	switch {
	case !active && !f.q.InactiveTerms,
		f.q.Types == nil && kind == s.definition,
		f.q.Types != nil && !slices.Contains(f.q.Types, sctid.ID(s.codes.get(int(kind)))),
		accept&f.dialectMask == 0 && f.q.Dialects != nil,
		f.q.Languages != nil && f.languageMask>>f.descLanguage.get(row)&1 == 0:
		return Hit{}, false
	}
	length, after := 0, false
	for _, p := range pieces {
		word := s.pieceToken.get(int(p)) > 0
		if word && after {
			length++
		}
		length += int(s.pieceLength.get(int(p)))
		after = word
	}
	preferred := 0
	for k := range s.preferred {
		preferred = max(preferred, int(accept>>(2*k)&3))
	}
	id := uint64(0)
	switch kind {
	case s.fsn:
		id = idFSN
	case s.definition:
		id = idDefinition
	}
	score := termScore(length, preferred, id, active, conceptActive, uint32(f.bonus.get(int(o)))) + uint32(distance)*distancePenalty
	if f.q.Frequency != nil {
		score -= min(score, frequencyBonus(f.q.Frequency(Ordinal(o))))
	}
	return Hit{Ordinal: Ordinal(o), Preferred: preferred == 2, Distance: distance, score: score, row: row}, true
}

func less(a, b *Hit) bool {
	if a.score != b.score {
		return a.score < b.score
	}
	if a.Ordinal != b.Ordinal {
		return a.Ordinal < b.Ordinal
	}
	return a.row < b.row
}

// take puts a hit in its place.
func (f *finder) take(h Hit) {
	k := len(f.hits)
	if k == f.q.Limit {
		if !less(&h, &f.hits[k-1]) {
			return
		}
		f.hits = f.hits[:k-1]
	}
	i, _ := slices.BinarySearchFunc(f.hits, &h, func(a Hit, b *Hit) int {
		if less(&a, b) {
			return -1
		}
		return 1
	})
	f.hits = slices.Insert(f.hits, i, h)
}

// complete fills in what a hit shows.
func (f *finder) complete(h *Hit) {
	s := f.s
	h.Concept = s.id(h.Ordinal)
	h.Description = s.spaces.unpack(s.column(secDescID).get(h.row))
	h.Type = sctid.ID(s.codes.get(int(s.descKind.get(h.row))))
	var room termPieces
	t := s.terms(h.Ordinal, &room)
	for range h.row - int(s.descAt.get(int(h.Ordinal))) + 1 {
		t = t.next()
	}
	h.Term = string(t.append(nil))
	at := 0
	for len(h.Term) > at {
		n, word := nextPiece(h.Term[at:])
		if word {
			if to := f.highlight(h.Term[at : at+n]); to > 0 {
				h.Highlights = append(h.Highlights, Span{at, at + to})
			}
		}
		at += n
	}
}

// highlight returns how many bytes of a word of the term are what the query
// asked for.
func (f *finder) highlight(word string) int {
	folded := fold(nil, word)
	best := 0
	for i := range f.words {
		w := f.words[i].word
		if len(folded) >= len(w) && string(folded[:len(w)]) == w {
			// The shortest beginning that folds to the word of the query.
			to := len(word)
			for k := range word {
				if k > 0 && len(fold(nil, word[:k])) >= len(w) {
					to = k
					break
				}
			}
			best = max(best, to)
		} else if f.q.Fuzzy {
			k := f.lowerBound(string(folded), 0, f.tokenTotal())
			if k < f.tokenTotal() && f.words[i].match(uint32(k)) >= 0 {
				best = len(word)
			}
		}
	}
	return best
}
