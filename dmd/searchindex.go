package dmd

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// searchIndex finds names by their words. Names are numbered in the order of
// their rank without a query: moieties, virtual products, actual products,
// packs; within each those in use before invalid ones, by name with strengths
// ascending. So the best candidates of a common word come first.
type searchIndex struct {
	words    spans // sorted
	postings spans // for each word the names that have it, as ascending deltas
	docs     u32s  // for each name the record
	docWords spans // for each name its first word, the number of words and all, as ascending deltas
}

// searchSection is a section to be stored.
type searchSection struct {
	kind int
	data []byte
}

func newSearchIndex(all *sections) searchIndex {
	get := func(kind int) []byte { return all.get(section(kind, 0, 0)) }
	return searchIndex{
		words:    spans{get(secWordStart), get(secWords)},
		postings: spans{get(secPostingStart), get(secPostings)},
		docs:     get(secDocs),
		docWords: spans{get(secDocWordStart), get(secDocWords)},
	}
}

// nameField returns the field with the name that is searched.
func nameField(t Table) int {
	switch t {
	case TableVTM:
		return vtmNM
	case TableVMP:
		return vmpNM
	case TableAMP:
		return ampDESC
	case TableVMPP:
		return vmppNM
	case TableAMPP:
		return amppNM
	}
	return ingNM
}

// invalidField returns the field that says an entity is no longer in use.
func invalidField(t Table) int {
	switch t {
	case TableVTM:
		return vtmINVALID
	case TableVMP:
		return vmpINVALID
	case TableAMP:
		return ampINVALID
	case TableVMPP:
		return vmppINVALID
	case TableAMPP:
		return amppINVALID
	}
	return ingINVALID
}

func productTables() []Table {
	return []Table{TableVTM, TableVMP, TableAMP, TableVMPP, TableAMPP}
}

// buildSearch indexes the names of all products.
func (b *builder) buildSearch() []searchSection {
	var docs []uint32
	for _, t := range productTables() {
		docs = append(docs, b.rankNames(t)...)
	}
	// Words get numbers as they come, and their final ones once sorted.
	numbers := make(map[string]uint32)
	var texts []string
	var list []uint32 // words of all names, each name's one after the other
	start := make([]uint32, 1, len(docs)+1)
	var ws []word
	for _, d := range docs {
		p := place(d)
		name, _ := b.tables[p.table()].row(p.row()).text(nameField(p.table()))
		ws = tokens(ws[:0], name, false)
		for _, w := range ws {
			n, ok := numbers[w.text]
			if !ok {
				n = uint32(len(texts))
				text := string(append([]byte(nil), w.text...))
				texts = append(texts, text)
				numbers[text] = n
			}
			list = append(list, n)
		}
		start = append(start, uint32(len(list)))
	}
	sorted := slices.Sorted(maps.Keys(numbers))
	final := make([]uint32, len(sorted))
	for i, w := range sorted {
		final[numbers[w]] = uint32(i)
	}
	var out struct{ words, postings, docWords []byte }
	wordStart := []uint32{0}
	for _, w := range sorted {
		out.words = append(out.words, w...)
		wordStart = append(wordStart, uint32(len(out.words)))
	}
	// Postings: how many names each word has, then the names in order.
	docWordStart := []uint32{0}
	count := make([]uint32, len(sorted)+1)
	distinct := make([]uint32, 0, len(list))
	bounds := make([]uint32, 1, len(docs)+1)
	for d := range docs {
		ids := list[start[d]:start[d+1]]
		first := uint32(0)
		for i := range ids {
			ids[i] = final[ids[i]]
		}
		if len(ids) > 0 {
			first = ids[0]
		}
		from := len(distinct)
		distinct = append(distinct, ids...)
		slices.Sort(distinct[from:])
		distinct = distinct[:from+len(slices.Compact(distinct[from:]))]
		out.docWords = appendUvarint(out.docWords, uint64(first))
		out.docWords = appendUvarint(out.docWords, uint64(len(distinct)-from))
		prev := uint32(0)
		for _, w := range distinct[from:] {
			out.docWords = appendUvarint(out.docWords, uint64(w-prev))
			prev = w
			count[w+1]++
		}
		docWordStart = append(docWordStart, uint32(len(out.docWords)))
		bounds = append(bounds, uint32(len(distinct)))
	}
	for i := range sorted {
		count[i+1] += count[i]
	}
	post := make([]uint32, len(distinct))
	at := slices.Clone(count)
	for d := range docs {
		for _, w := range distinct[bounds[d]:bounds[d+1]] {
			post[at[w]] = uint32(d)
			at[w]++
		}
	}
	postingStart := []uint32{0}
	for w := range sorted {
		prev := uint32(0)
		for _, d := range post[count[w]:count[w+1]] {
			out.postings = appendUvarint(out.postings, uint64(d-prev))
			prev = d
		}
		postingStart = append(postingStart, uint32(len(out.postings)))
	}
	return []searchSection{
		{secWords, out.words}, {secWordStart, packU32(wordStart)},
		{secPostings, out.postings}, {secPostingStart, packU32(postingStart)},
		{secDocs, packU32(docs)},
		{secDocWords, out.docWords}, {secDocWordStart, packU32(docWordStart)},
	}
}

// rankNames returns the records of a table as places, best first.
func (b *builder) rankNames(t Table) []uint32 {
	tb := b.tables[t]
	type ranked struct {
		at      uint32
		invalid bool
		name    string
	}
	names := make([]ranked, 0, tb.len())
	for _, i := range b.byID[t] {
		r := tb.row(int(i))
		name, _ := r.text(nameField(t))
		names = append(names, ranked{uint32(placeOf(t, int(i))), r.flag(invalidField(t)), name})
	}
	slices.SortStableFunc(names, func(x, y ranked) int {
		if x.invalid != y.invalid {
			if x.invalid {
				return 1
			}
			return -1
		}
		return compareNames(x.name, y.name)
	})
	out := make([]uint32, len(names))
	for i, n := range names {
		out[i] = n.at
	}
	return out
}

// compareNames orders names without regard to case, and numbers in them by value.
func compareNames(a, b string) int {
	for i, j := 0, 0; ; {
		switch {
		case i == len(a) || j == len(b):
			return (len(a) - i) - (len(b) - j)
		case isDigit(a[i]) && isDigit(b[j]):
			m, n := numberEnd(a, i), numberEnd(b, j)
			if a[i:m] != b[j:n] {
				if c := compareNumbers(trimNumber(a[i:m]), trimNumber(b[j:n])); c != 0 {
					return c
				}
			}
			i, j = m, n
			continue
		}
		if x, y := lower(a[i]), lower(b[j]); x != y {
			return int(x) - int(y)
		}
		i++
		j++
	}
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// compareNumbers compares numbers without zeros that do not count.
func compareNumbers(a, b string) int {
	m, n := strings.IndexByte(a+".", '.'), strings.IndexByte(b+".", '.')
	if m != n {
		return m - n
	}
	return strings.Compare(a, b)
}

// firstWord returns the number of the first word that is not less than w.
func (x *searchIndex) firstWord(w []byte) int {
	lo, hi := 0, x.words.len()
	for lo < hi {
		mid := (lo + hi) / 2
		if bytes.Compare(x.words.at(mid), w) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// prefixRange returns the words that begin with w.
func (x *searchIndex) prefixRange(w string) (lo, hi int) {
	lo = x.firstWord([]byte(w))
	end := []byte(w)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return lo, x.firstWord(end[:i+1])
		}
	}
	return lo, x.words.len()
}

// names calls fn for each name that has a word.
func (x *searchIndex) names(w int, fn func(doc uint32)) {
	b := x.postings.at(w)
	doc := uint32(0)
	for len(b) > 0 {
		d, n := uvarint(b)
		if n == 0 {
			return
		}
		b = b[n:]
		doc += uint32(d)
		fn(doc)
	}
}

// fuzzy appends the words within k edits (insertion, deletion, substitution,
// swap of neighbours) of w, with the number of edits. It walks the sorted words,
// keeping the rows of the common prefix.
func (x *searchIndex) fuzzy(dst []match, w string, k int) []match {
	n := len(w)
	var rows [40][40]uint8
	if n >= 39 {
		return dst
	}
	for j := range n + 1 {
		rows[0][j] = uint8(j)
	}
	var prev []byte
	depth := 0 // rows[1..depth] are those of prev[:depth]
	lo, _ := x.prefixRange("a")
	_, end := x.prefixRange("z")
	for i := lo; i < end; {
		cur := x.words.at(i)
		if len(cur) > n+k+30 || len(cur) >= 39 {
			i++
			continue
		}
		common := 0
		for common < min(depth, len(cur), len(prev)) && prev[common] == cur[common] {
			common++
		}
		d := common
		pruned := false
		for d < len(cur) && d < n+k {
			best := fillRow(&rows, d+1, cur, w)
			d++
			if int(best) > k {
				pruned = true
				break
			}
		}
		depth, prev = d, cur
		if pruned { // no word with this beginning can match
			next := append(make([]byte, 0, 40), cur[:d]...)
			for t := len(next) - 1; t >= 0; t-- {
				if next[t]++; next[t] != 0 {
					next = next[:t+1]
					break
				}
			}
			if j := x.firstWord(next); j > i {
				i = j
				continue
			}
			i++
			continue
		}
		if d == len(cur) && int(rows[d][n]) <= k {
			dst = append(dst, match{i, int(rows[d][n])})
		} else if n >= 5 && len(cur) > n { // a mistyped beginning of a longer word
			for t := max(n-k, 1); t <= min(n+k, d); t++ {
				if int(rows[t][n]) < k || k == 1 && int(rows[t][n]) <= 1 {
					dst = append(dst, match{i, int(rows[t][n]) + 1})
					break
				}
			}
		}
		i++
	}
	return dst
}

// match is a word of the index and how far it is from the one looked for.
type match struct{ word, edits int }

// fillRow computes one row of the edit distance and returns its least value.
func fillRow(rows *[40][40]uint8, d int, cur []byte, w string) uint8 {
	row, above := &rows[d], &rows[d-1]
	row[0] = uint8(d)
	best := row[0]
	c := cur[d-1]
	for j := 1; j <= len(w); j++ {
		v := above[j-1]
		if w[j-1] != c {
			v++
		}
		v = min(v, above[j]+1, row[j-1]+1)
		if d > 1 && j > 1 && c == w[j-2] && cur[d-2] == w[j-1] {
			v = min(v, rows[d-2][j-2]+1)
		}
		row[j] = v
		best = min(best, v)
	}
	return best
}
