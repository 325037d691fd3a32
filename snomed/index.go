package snomed

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// forwardDocs is how many of the best documents have their tokens stored one
// after the other, for searches so wide that it is quicker to look at the best
// documents than at the index.
const forwardDocs = 1 << 17

// writeSearch writes the search index. A document is a concept with all its
// terms. Documents are numbered by the best score of their terms, so that a
// search can stop when nothing better can follow.
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

	// The distinct tokens of each concept, and its best score.
	n := len(b.concept)
	bonus := make([]uint32, n)
	best := make([]uint32, n)
	var pieces []uint32
	var all []uint32 // tokens of all concepts
	from := make([]uint32, n+1)
	seen := make([]uint32, len(tokens))
	for c := range n {
		if b.opt.Frequency != nil {
			bonus[c] = frequencyBonus(b.opt.Frequency(sctid.ID(b.concept[b.byOrd[c]].id)))
		}
		best[c] = worstScore
		for i := int(b.descAt[c]); i < int(b.descAt[c+1]); i++ {
			pieces = b.term(i, pieces)
			size, after := 0, false
			for _, p := range pieces {
				t := tokenOf[p]
				if after && t > 0 {
					size++ // the implied space
				}
				size += int(length[p])
				if after = t > 0; after && seen[t-1] != uint32(c)+1 {
					seen[t-1] = uint32(c) + 1
					all = append(all, t-1)
				}
			}
			d := &b.desc[i]
			accept, preferred := b.accept[i], uint64(0)
			for k := range b.preferredDialects {
				preferred = max(preferred, accept>>(2*k)&3)
			}
			best[c] = min(best[c], termScore(size, int(preferred), b.small.values[d.kind], d.active, c < b.nActive, bonus[c]))
		}
		from[c+1] = uint32(len(all))
	}
	dir[secBonus] = w.packFixed(n, func(i int) uint64 { return uint64(bonus[i]) })
	docs := radixOrder(n, func(i int) uint32 { return best[i] })
	for len(docs) > 0 && best[docs[len(docs)-1]] == worstScore {
		docs = docs[:len(docs)-1] // without any term
	}
	dir[secDocConcept] = w.packFixed(len(docs), func(i int) uint64 { return uint64(docs[i]) })
	dir[secDocScore] = w.packFramed(len(docs), func(i int) uint64 { return uint64(best[docs[i]]) })
	b.progress("search index", 0.5)

	counts := make([]uint32, len(tokens)+1)
	for _, t := range all {
		counts[t+1]++
	}
	for i := range tokens {
		counts[i+1] += counts[i]
	}
	postings := make([]uint32, len(all))
	fill := slices.Clone(counts)
	forward := make([]byte, 0, 4<<20)
	forwardAt := make([]uint32, 0, min(forwardDocs, len(docs))+1)
	for doc, c := range docs {
		toks := all[from[c]:from[c+1]]
		for _, t := range toks {
			postings[fill[t]] = uint32(doc)
			fill[t]++
		}
		if doc < forwardDocs {
			forwardAt = append(forwardAt, uint32(len(forward)))
			for _, t := range toks {
				forward = binary.AppendUvarint(forward, uint64(t))
			}
		}
	}
	forwardAt = append(forwardAt, uint32(len(forward)))
	b.progress("search index", 0.7)
	dir[secTokenCount] = w.packFramed(len(counts), func(i int) uint64 { return uint64(counts[i]) })
	at := make([]uint64, len(tokens)+1)
	posts := ref{kind: kindBytes, off: w.off}
	for t := range tokens {
		buf = buf[:0]
		prev := uint32(0)
		for _, d := range postings[counts[t]:counts[t+1]] {
			buf = binary.AppendUvarint(buf, uint64(d-prev))
			prev = d
		}
		w.write(buf)
		at[t+1] = at[t] + uint64(len(buf))
	}
	posts.base = at[len(tokens)]
	dir[secPosts] = posts
	w.write(make([]byte, slack))
	dir[secPostAt] = w.packFramed(len(at), func(i int) uint64 { return at[i] })
	dir[secForward] = w.bytes(forward)
	dir[secForwardAt] = w.packFramed(len(forwardAt), func(i int) uint64 { return uint64(forwardAt[i]) })
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

// queryWords folds the words of a query.
func queryWords(q string, fuzzy bool) []string {
	var out []string
	for len(q) > 0 {
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
