package snomed

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Query asks for concepts by their terms. Every word of the text must be the
// beginning of a word of one and the same term, in any order; case and
// accents do not matter, nor apostrophes, and µ is u. Of more than 32 different
// words the others are not looked at.
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
	nth   int // in the order in which the terms of the concept are read
}

// Span is a range of bytes of a term.
type Span struct{ From, To int }

const (
	defaultLimit    = 20
	maxQueryWords   = 32
	distancePenalty = 40 * scoreUnit
)

// Search returns the best hits first: short terms before long ones, preferred
// ones before others, then fully specified names, inactive ones last. Ties are
// broken by the place in the hierarchy. A query without a word has no hits.
//
// The hits are the best of all that match, however many do: no longer term is
// among them in the place of a shorter one. The context is looked at now and
// then; its error ends the search without hits.
func (s *Store) Search(ctx context.Context, q Query) (hits []Hit, err error) {
	defer s.im.guard(&err)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	words := queryWords(q.Text, q.Fuzzy)
	if len(words) == 0 {
		return nil, nil
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	if w := q.Within; w != nil && len(w.runs) > 0 && int(w.runs[len(w.runs)-1].to) > s.info.Concepts {
		here := w.And(s.All()) // the set is of another store
		q.Within = &here
	}
	f := s.newFinder(ctx, &q)
	for _, w := range words {
		m := matcher{word: w}
		if q.Fuzzy {
			m.ranges = f.fuzzyRanges(w)
		} else if lo, hi := f.prefixRange(w); lo < hi {
			m.ranges = []tokenRange{{lo, hi, 0}}
		}
		if len(m.ranges) == 0 {
			return nil, nil
		}
		for _, r := range m.ranges {
			m.postings += int(f.tokenCount.get(int(r.hi)) - f.tokenCount.get(int(r.lo)))
		}
		f.words = append(f.words, m)
	}
	slices.SortStableFunc(f.words, func(a, b matcher) int { return a.postings - b.postings })
	f.run()
	f.release()
	if f.err != nil {
		return nil, f.err
	}
	f.complete()
	f.sort()
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
	postings int          // among the names
	classes  int          // those of the classes of its tokens
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
	s     *Store
	ctx   context.Context
	q     *Query
	words []matcher
	hits  []Hit
	err   error
	end   int  // no document from here on can better the hits
	all   bool // unless every match must be looked at
	level int  // misspellings that documents have at least

	judged []uint32 // concepts whose terms have been read
	marked *[]uint64
	folded []byte

	names, rest             area
	tokenAt, tokenCount     column
	docConcept, docScore    column
	tokens, signatures      ref
	signAt, bonus           column
	descLanguage, languages column
	wanted                  []bool                 // languages, by their codes
	dialectMask             uint64                 // bits of the wanted dialects in secDescAccept
	classWords              [maxClasses + 1]uint32 // the words that each class may be of
}

// area is a stretch of the documents with postings of its own.
type area struct {
	from, to int
	postAt   column
	posts    ref
}

func (s *Store) newFinder(ctx context.Context, q *Query) *finder {
	f := &finder{s: s, ctx: ctx, q: q, tokenAt: s.column(secTokenAt), tokenCount: s.column(secTokenCount),
		docConcept: s.column(secDocConcept), docScore: s.column(secDocScore), bonus: s.column(secBonus),
		tokens: s.im.dir[secTokens], signatures: s.im.dir[secSignatures], signAt: s.column(secSignAt),
		descLanguage: s.column(secDescLanguage), languages: s.column(secLanguages), dialectMask: ^uint64(0), all: q.Frequency != nil}
	f.names = area{0, s.nameDocs, s.column(secPostAt), s.im.dir[secPosts]}
	f.rest = area{s.nameDocs, f.docConcept.len(), s.column(secRestPostAt), s.im.dir[secRestPosts]}
	if q.Languages != nil {
		for key := range f.languages.all() {
			f.wanted = append(f.wanted, slices.Contains(q.Languages, languageOf(key)))
		}
	}
	if q.Dialects != nil {
		f.dialectMask = 0
		for _, d := range q.Dialects {
			if k := slices.Index(s.dialects, uint64(d)); k >= 0 {
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
	costPosting = 2.5  // to mark one posting
	costBitmap  = 0.02 // of a bitmap, for each document
	costScan    = 9    // to look at the next signature
	costCheck   = 30   // to look at the signature of a document
	costVerify  = 400  // to read the terms of a document
)

// run finds the hits in the way that is estimated to be quickest.
func (f *finder) run() {
	f.findClasses()
	marks, scan, cost := f.plan()
	if w := f.q.Within; w != nil && float64(w.Len())*costVerify < cost {
		for o := range w.All() {
			f.verify(uint32(o))
			if f.err != nil {
				return
			}
		}
		return
	}
	f.end = f.names.to
	if f.words[0].postings > 0 {
		from := 0
		if scan > 0 {
			from = f.scan(scan)
		}
		if from < f.end && f.err == nil {
			f.intersect(&f.names, marks, from)
		}
	}
	if q := f.q; q.Inactive || q.InactiveTerms || q.Types != nil {
		f.end = f.rest.to
		if f.cut(f.rest.from); f.rest.from < f.end && f.err == nil {
			f.intersect(&f.rest, len(f.words), f.rest.from)
		}
	}
}

// plan returns how many words to mark, the rarest first, and how many
// signatures to look at before that, 0 if it is not worth while.
func (f *finder) plan() (marks, scan int, cost float64) {
	n := float64(f.names.to) + 1
	share := func(postings int) float64 { return min(1, float64(postings)/n) }
	match, pass := 1.0, 1.0 // shares of the documents: that match, whose signatures fit
	for i := range f.words {
		match *= share(f.words[i].postings)
		pass *= share(f.words[i].classes)
	}
	need := 1.2 * float64(f.q.Limit)
	if w := f.q.Within; w != nil {
		need *= n / float64(w.Len()+1)
	}
	look := n // documents to look at
	if !f.all && need < match*n {
		look = need / match
	}
	marks, cost = 1, math.Inf(1)
	marked, left := 0.0, 1.0
	for i := range f.words {
		m := &f.words[i]
		marked += f.costOfMarks(m)
		left *= share(m.postings)
		fit := left
		for _, m := range f.words[i+1:] {
			fit *= share(m.classes)
		}
		c := marked + look*fit*costVerify
		if i+1 < len(f.words) {
			c += look * left * costCheck
		}
		if c < cost {
			marks, cost = i+1, c
		}
	}
	if c := look * (costScan + pass*costVerify); c < cost && !f.all && look < float64(f.signed()) {
		return marks, int(min(1.5*look, n)) + 1000, c
	}
	return marks, 0, cost
}

func (f *finder) costOfMarks(m *matcher) float64 {
	return float64(m.postings)*costPosting + float64(f.names.to)*costBitmap
}

// findClasses finds the classes of the words.
func (f *finder) findClasses() {
	start := f.s.column(secClassStart)
	n := start.len()
	if n > maxClasses {
		panic(&fault{ErrCorrupt})
	}
	for w := range f.words {
		m := &f.words[w]
		for _, r := range m.ranges {
			first, last := start.search(0, n, uint64(r.lo)+1), start.search(0, n, uint64(r.hi))
			for c := first; c <= last; c++ {
				if f.classWords[c]&(1<<w) != 0 {
					continue
				}
				f.classWords[c] |= 1 << w
				to := f.tokenTotal()
				if c < n {
					to = int(start.get(c))
				}
				m.classes += int(f.tokenCount.get(to) - f.tokenCount.get(int(start.get(c-1))))
			}
		}
	}
}
