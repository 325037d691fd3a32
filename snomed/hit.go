package snomed

import (
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// consider judges the concept of a document that seems to match. It returns
// false when the search is over.
func (f *finder) consider(doc int) bool {
	if f.verify(uint32(f.docConcept.get(doc))) {
		f.cut(doc + 1)
	}
	return f.err == nil
}

// cut moves the end to where no document can better the hits.
func (f *finder) cut(from int) {
	k := len(f.hits)
	if k < f.q.Limit || f.all {
		return
	}
	last := &f.hits[0]
	more := uint64(f.level) * distancePenalty
	i, j := from, f.end
	for i < j {
		m := int(uint(i+j) / 2)
		if score := f.docScore.get(m) + more; score < uint64(last.score) || score == uint64(last.score) && f.docConcept.get(m) <= uint64(last.Ordinal) {
			i = m + 1
		} else {
			j = m
		}
	}
	f.end = i
}

// verify reads the terms of a concept, unless it has before, and takes those
// that match into the hits. It reports whether any was taken.
func (f *finder) verify(o uint32) (taken bool) {
	s := f.s
	if f.marked == nil {
		f.marked = newBitmap(s.info.Concepts)
	}
	if seen := &(*f.marked)[o>>6]; *seen&(1<<(o&63)) != 0 {
		return false
	} else {
		*seen |= 1 << (o & 63)
	}
	f.judged = append(f.judged, o)
	if len(f.judged)&1023 == 0 {
		f.err = f.ctx.Err()
	}
	active := int(o) < s.info.Active
	if !active && !f.q.Inactive || f.q.Within != nil && !f.q.Within.Has(Ordinal(o)) {
		return false
	}
	from, to := int(s.descAt.get(int(o))), int(s.descAt.get(int(o)+1))
	var room termPieces
	t, first := s.terms(Ordinal(o), &room)
	var best Hit
	found := false
	for i := range to - from {
		t = t.next()
		distance, ok := f.matches(t.code)
		if !ok {
			continue
		}
		hit, ok := f.rate(t.code, o, from+rowOfTerm(i, first), active, distance)
		if !ok {
			continue
		}
		hit.nth = i
		if f.q.EveryTerm {
			taken = f.take(hit) || taken
		} else if !found || less(&hit, &best) {
			best, found = hit, true
		}
	}
	if found {
		taken = f.take(best)
	}
	return taken
}

// release frees the bitmap of the concepts that have been judged.
func (f *finder) release() {
	if f.marked == nil {
		return
	}
	for _, o := range f.judged {
		(*f.marked)[o>>6] = 0
	}
	bitmaps.Put(f.marked)
	f.marked = nil
}

// matches reports whether every word of the query is in a term, and with how
// many misspellings.
func (f *finder) matches(pieces []uint32) (distance int, ok bool) {
	var best [maxQueryWords]int8
	for w := range f.words {
		best[w] = -1
	}
	for _, p := range pieces {
		token := f.s.pieceToken.get(int(pieceOf(p)))
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
		f.q.Languages != nil && !f.wanted[f.descLanguage.get(row)]:
		return Hit{}, false
	}
	length, after := 0, false
	for _, p := range pieces {
		word := s.pieceToken.get(int(pieceOf(p))) > 0
		if word && after {
			length++
		}
		length += int(s.pieceLength.get(int(pieceOf(p))))
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

// take keeps a hit if it is one of the best, as many as are wanted, and reports
// whether it is. Once there are so many, they are a heap with the last on top;
// sort puts them in order.
func (f *finder) take(h Hit) bool {
	switch k := len(f.hits); {
	case k < f.q.Limit-1:
		f.hits = append(f.hits, h)
	case k < f.q.Limit:
		f.hits = append(f.hits, h)
		for i := k / 2; i >= 0; i-- {
			f.sink(i)
		}
	case less(&h, &f.hits[0]):
		f.hits[0] = h
		f.sink(0)
	default:
		return false
	}
	return true
}

// sink moves a hit down the heap to where none below it comes after it.
func (f *finder) sink(i int) {
	for {
		c := 2*i + 1
		if c >= len(f.hits) {
			return
		}
		if c+1 < len(f.hits) && less(&f.hits[c], &f.hits[c+1]) {
			c++
		}
		if !less(&f.hits[i], &f.hits[c]) {
			return
		}
		f.hits[i], f.hits[c] = f.hits[c], f.hits[i]
		i = c
	}
}

// sort puts the hits in order, the best first.
func (f *finder) sort() {
	slices.SortFunc(f.hits, func(a, b Hit) int {
		switch {
		case less(&a, &b):
			return -1
		case less(&b, &a):
			return 1
		}
		return 0
	})
}

// complete fills in what the hits show. The terms of a concept are read once,
// however many of them are hits.
func (f *finder) complete() {
	if f.q.EveryTerm {
		slices.SortFunc(f.hits, func(a, b Hit) int { return cmp.Or(cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.nth, b.nth)) })
	}
	s := f.s
	var room termPieces
	var text [256]byte
	var t termReader
	read := 0
	for i := range f.hits {
		h := &f.hits[i]
		if i == 0 || h.Ordinal != f.hits[i-1].Ordinal {
			t, _ = s.terms(h.Ordinal, &room)
			read = 0
		}
		for ; read <= h.nth; read++ {
			t = t.next()
		}
		h.Concept = s.id(h.Ordinal)
		h.Description = s.spaces.unpack(s.column(secDescID).get(h.row))
		h.Type = sctid.ID(s.codes.get(int(s.descKind.get(h.row))))
		h.Term = string(t.append(text[:0]))
		f.findHighlights(h)
	}
}

// findHighlights finds what of a term the words of the query matched.
func (f *finder) findHighlights(h *Hit) {
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
	f.folded = fold(f.folded[:0], word)
	// Where folding changes no lengths, bytes stand for each other.
	alike := len(f.folded) == len(word)
	for i := range len(word) {
		alike = alike && word[i] < utf8.RuneSelf
	}
	best := 0
	for i := range f.words {
		w := f.words[i].word
		if len(f.folded) >= len(w) && string(f.folded[:len(w)]) == w {
			to := len(w)
			if !alike {
				to = foldedBeginning(word, len(w))
			}
			best = max(best, to)
		} else if f.q.Fuzzy {
			k := f.lowerBound(string(f.folded), 0, f.tokenTotal())
			if k < f.tokenTotal() && f.words[i].match(uint32(k)) >= 0 {
				best = len(word)
			}
		}
	}
	return best
}

// foldedBeginning returns the length of the shortest beginning of a word that
// folds to n bytes or more and does not cut the accents off its last letter.
func foldedBeginning(word string, n int) int {
	var b []byte
	for k, r := range word {
		if len(b) >= n && !unicode.Is(unicode.Mn, r) {
			return k
		}
		b = fold(b, string(r))
	}
	return len(word)
}
