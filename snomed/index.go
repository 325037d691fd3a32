package snomed

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// A document of the search index is one description of a concept or several
// of which one has all the words of the others: a fully specified name and the
// synonym it extends. Its score is the best of theirs. Documents are numbered by
// their scores, and of equal ones by their concepts, so that a search can stop
// where nothing better can follow. Names that are active, of active concepts,
// come first; all else that a concept has, which few searches ask for, is one
// document of the rest.
type docList struct {
	concept, score []uint32
	from           []uint32 // in tokens
	tokens         []uint32
}

func (d *docList) add(concept, score uint32, tokens []uint32) {
	d.concept = append(d.concept, concept)
	d.score = append(d.score, score)
	d.from = append(d.from, uint32(len(d.tokens)))
	d.tokens = append(d.tokens, tokens...)
}

// of returns the tokens of document i.
func (d *docList) of(i uint32) []uint32 {
	to := uint32(len(d.tokens))
	if int(i)+1 < len(d.from) {
		to = d.from[i+1]
	}
	return d.tokens[d.from[i]:to]
}

// order returns the documents, best first. They were added by concept.
func (d *docList) order() []uint32 {
	return radixOrder(len(d.score), func(i int) uint32 { return d.score[i] })
}

// group is a document in the making.
type group struct {
	score  uint32
	tokens []uint32 // ascending
}

// joins adds a description to the group, which has a better score, if one of
// them has all the tokens of the other.
func (g *group) joins(tokens []uint32) bool {
	switch {
	case within(tokens, g.tokens):
	case within(g.tokens, tokens):
		g.tokens = append(g.tokens[:0], tokens...)
	default:
		return false
	}
	return true
}

// within reports whether all of a are in b. Both ascend.
func within(a, b []uint32) bool {
	for _, t := range b {
		if len(a) > 0 && a[0] == t {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// writeSearch writes the search index.
func (b *builder) writeSearch(w *fileWriter, dir []ref) {
	b.progress("search index", 0)
	// Tokens: the folded words, in order.
	folded := make([]string, len(b.pieces))
	length := make([]uint8, len(b.pieces))
	var buf []byte
	for i, p := range b.pieces {
		if n, word := nextPiece(p); word && n == len(p) {
			buf = fold(buf[:0], p)
			folded[i] = string(buf)
		}
		length[i] = pieceLength(p)
	}
	tokens := slices.Clone(folded)
	slices.Sort(tokens)
	tokens = slices.Compact(tokens)
	if len(tokens) > 0 && tokens[0] == "" {
		tokens = tokens[1:]
	}
	tokenOf := make([]uint32, len(b.pieces)) // counted from 1
	for i, f := range folded {
		if f != "" {
			k, _ := slices.BinarySearch(tokens, f)
			tokenOf[i] = uint32(k + 1)
		}
	}
	dir[secPieceToken] = w.packFixed(len(tokenOf), func(i int) uint64 { return uint64(tokenOf[i]) })
	dir[secPieceLength] = w.packFixed(len(length), func(i int) uint64 { return uint64(length[i]) })
	dir[secTokenAt], dir[secTokens] = w.wordList(tokens)

	common := make([]byte, len(tokens))
	for i := 1; i < len(tokens); i++ {
		a, b := tokens[i-1], tokens[i]
		n := 0
		for n < min(len(a), len(b), 255) && a[n] == b[n] {
			n++
		}
		common[i] = byte(n)
	}
	dir[secTokenShared] = w.bytes(common)

	bonus := make([]uint32, len(b.concept))
	if b.opt.Frequency != nil {
		for c := range bonus {
			bonus[c] = frequencyBonus(b.opt.Frequency(sctid.ID(b.concept[b.byOrd[c]].id)))
		}
	}
	dir[secBonus] = w.packFixed(len(bonus), func(i int) uint64 { return uint64(bonus[i]) })
	names, rest := b.documents(tokenOf, length, bonus)
	b.progress("search index", 0.5)
	nameOrder, restOrder := names.order(), rest.order()
	n := len(nameOrder)
	b.nameDocs = n
	pick := func(a, b []uint32) func(int) uint64 {
		return func(i int) uint64 {
			if i < n {
				return uint64(a[nameOrder[i]])
			}
			return uint64(b[restOrder[i-n]])
		}
	}
	dir[secDocConcept] = w.packFixed(n+len(restOrder), pick(names.concept, rest.concept))
	dir[secDocScore] = w.packFramed(n+len(restOrder), pick(names.score, rest.score))
	counts := b.writePostings(w, dir, names, nameOrder, tokens, secPostAt, secPosts)
	dir[secTokenCount] = w.packFramed(len(counts), func(i int) uint64 { return uint64(counts[i]) })
	b.progress("search index", 0.7)
	b.writePostings(w, dir, rest, restOrder, tokens, secRestPostAt, secRestPosts)
	b.progress("search index", 0.8)
	writeSignatures(w, dir, names, nameOrder[:min(n, maxSigned)], tokens, counts)
}

// documents makes the documents, in the order of concepts.
func (b *builder) documents(tokenOf []uint32, length []uint8, bonus []uint32) (names, rest *docList) {
	names, rest = &docList{}, &docList{}
	var pieces, all []uint32
	var rows, others, groups []group
	for c := range b.concept {
		rows, others, groups, all = rows[:0], others[:0], groups[:0], all[:0]
		for i := int(b.descAt[c]); i < int(b.descAt[c+1]); i++ {
			pieces = b.term(i, pieces)
			d := &b.desc[i]
			accept, preferred := b.accept[i], uint64(0)
			for k := range b.preferredDialects {
				preferred = max(preferred, accept>>(2*k)&3)
			}
			kind := b.small.values[d.kind]
			list := &rows
			if !d.active || c >= b.nActive || kind == idDefinition {
				list = &others
			}
			g := addGroup(list)
			size, after := 0, false
			for _, p := range pieces {
				p = pieceOf(p)
				t := tokenOf[p]
				if after && t > 0 {
					size++ // the implied space
				}
				size += int(length[p])
				if after = t > 0; after {
					g.tokens = append(g.tokens, t-1)
				}
			}
			g.score = termScore(size, int(preferred), kind, d.active, c < b.nActive, bonus[c])
			slices.Sort(g.tokens)
			g.tokens = slices.Compact(g.tokens)
		}
		slices.SortStableFunc(rows, func(x, y group) int { return cmp.Compare(x.score, y.score) })
		for i := range rows {
			if !joinsAny(groups[:min(len(groups), maxJoined)], rows[i].tokens) {
				g := addGroup(&groups)
				g.score = rows[i].score
				g.tokens = append(g.tokens, rows[i].tokens...)
			}
		}
		for i := range groups {
			if len(groups[i].tokens) > 0 {
				names.add(uint32(c), groups[i].score, groups[i].tokens)
			}
		}
		// The others, but for those that a name leads to already.
		best := uint32(worstScore)
		for i := range others {
			o := &others[i]
			if !slices.ContainsFunc(groups[:min(len(groups), maxJoined)], func(g group) bool { return g.score <= o.score && within(o.tokens, g.tokens) }) {
				all = append(all, o.tokens...)
				best = min(best, o.score)
			}
		}
		if slices.Sort(all); len(all) > 0 {
			rest.add(uint32(c), best, slices.Compact(all))
		}
	}
	return names, rest
}

// maxJoined is how many documents of a concept its descriptions may join. Few
// have as many.
const maxJoined = 100

func joinsAny(groups []group, tokens []uint32) bool {
	for i := range groups {
		if groups[i].joins(tokens) {
			return true
		}
	}
	return false
}

// addGroup adds an empty group to a list and uses the room of an old one.
func addGroup(list *[]group) *group {
	if len(*list) < cap(*list) {
		*list = (*list)[:len(*list)+1]
	} else {
		*list = append(*list, group{})
	}
	g := &(*list)[len(*list)-1]
	g.tokens = g.tokens[:0]
	return g
}

// writePostings writes the documents of each token, as differences that are at
// least 1, the first from -1, and a zero behind them. It returns how many there
// are before each token.
func (b *builder) writePostings(w *fileWriter, dir []ref, docs *docList, order []uint32, tokens []string, at, of int) []uint32 {
	counts := make([]uint32, len(tokens)+1)
	for _, t := range docs.tokens {
		counts[t+1]++
	}
	for i := range tokens {
		counts[i+1] += counts[i]
	}
	postings := make([]uint32, len(docs.tokens))
	fill := slices.Clone(counts)
	for doc, d := range order {
		for _, t := range docs.of(d) {
			postings[fill[t]] = uint32(doc)
			fill[t]++
		}
	}
	ends := make([]uint64, len(tokens)+1)
	r := ref{kind: kindBytes, off: w.off}
	var buf []byte
	for t := range tokens {
		buf = buf[:0]
		next := uint32(0)
		for _, d := range postings[counts[t]:counts[t+1]] {
			buf = binary.AppendUvarint(buf, uint64(d+1-next))
			next = d + 1
		}
		buf = append(buf, 0)
		w.write(buf)
		ends[t+1] = ends[t] + uint64(len(buf))
	}
	r.base = ends[len(tokens)]
	dir[of] = r
	dir[at] = w.packFramed(len(ends), func(i int) uint64 { return ends[i] })
	return counts
}

// The tokens are divided into classes, of neighbours that have about as many
// postings together as any other class. The signature of a document is the
// classes of its tokens: a word of a query can be in a document only if one of
// its classes is.
const (
	maxClasses = 255
	signStep   = 8       // documents whose signatures are found together
	maxSigned  = 1 << 19 // names that have signatures: few searches go further down
)

func writeSignatures(w *fileWriter, dir []ref, docs *docList, order []uint32, tokens []string, counts []uint32) {
	var start []uint32
	class := make([]uint8, len(tokens))
	share := uint32(len(docs.tokens)/(maxClasses-40)) + 1
	for t := range tokens {
		size, first := uint32(0), len(start) == 0
		if !first {
			size = counts[t+1] - counts[start[len(start)-1]]
		}
		// A new first letter begins a class, if the one before is not tiny.
		letter := !first && tokens[t][0] != tokens[t-1][0] && size > share/4
		if (first || letter || size > share) && len(start) < maxClasses {
			start = append(start, uint32(t))
		}
		class[t] = uint8(len(start))
	}
	dir[secClassStart] = w.words(start)
	var at []uint32
	r := ref{kind: kindBytes, off: w.off}
	var buf []byte
	for i, d := range order {
		if i%signStep == 0 {
			at = append(at, uint32(w.off-r.off))
		}
		buf = buf[:0]
		for _, t := range docs.of(d) { // ascending, so the classes are as well
			if k := len(buf); k == 0 || buf[k-1] != class[t] {
				buf = append(buf, class[t])
			}
		}
		w.write(append(buf, 0))
	}
	r.base = w.off - r.off
	dir[secSignatures] = r
	dir[secSignAt] = w.words(at)
}

// pieceLength is the number of characters of a piece, at most 255.
func pieceLength(p string) uint8 { return uint8(min(utf8.RuneCountInString(p), 255)) }

// Scores are what search results are ordered by, less is better, in
// sixteenths of a character.
const (
	scoreUnit    = 16
	worstScore   = 1<<32 - 1
	maximumBonus = 900 * scoreUnit
)

// termScore is the length of a term, made worse where no language reference
// set of the order prefers it, where it is a fully specified name or a
// definition, and much worse where the concept or the description is
// inactive; made better by the bonus of its concept.
func termScore(length, preferred int, kind uint64, active, conceptActive bool, bonus uint32) uint32 {
	score := 1000 + length + 3*(2-preferred)
	switch kind {
	case idFSN:
		score += 8
	case idDefinition:
		score += 600
	}
	if !conceptActive {
		score += 10000
	}
	if !active {
		score += 20000
	}
	return uint32(score*scoreUnit) - bonus
}

// frequencyBonus is three characters for every doubling of the frequency.
func frequencyBonus(f float64) uint32 {
	if !(f > 0) {
		return 0
	}
	return uint32(min(3*scoreUnit*math.Log2(1+f), maximumBonus))
}

// queryWords folds the words of a query, as many as are looked at.
func queryWords(q string, fuzzy bool) []string {
	var out []string
	for len(q) > 0 && len(out) < maxQueryWords {
		n, word := nextPiece(q)
		if word {
			if f := string(fold(nil, q[:n])); f != "" && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
		q = q[n:]
	}
	if fuzzy {
		return out
	}
	// A word that another one begins with adds nothing.
	return slices.DeleteFunc(out, func(w string) bool {
		return slices.ContainsFunc(out, func(v string) bool { return v != w && strings.HasPrefix(v, w) })
	})
}
