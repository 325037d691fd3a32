package snomed

import "slices"

// maxDistance is how many misspellings a word may have.
func maxDistance(word string) int {
	switch n := len(word); {
	case n < 3:
		return 0
	case n < 6:
		return 1
	}
	return 2
}

// fuzzyRanges returns the tokens of which some beginning is within a few
// misspellings of a word. It walks the sorted tokens as a tree of prefixes,
// with a row of the edit distance for each byte of the prefix, and skips all
// tokens with a prefix that cannot match any more. Letters beyond ASCII, of
// which few are left after folding, count for each of their bytes.
func (f *finder) fuzzyRanges(word string) []tokenRange {
	limit := maxDistance(word)
	if limit == 0 {
		lo, hi := f.prefixRange(word)
		return []tokenRange{{lo, hi, 0}}
	}
	const maxDepth = 64
	w := word[:min(len(word), maxDepth-4)]
	n := len(w)
	width := n + 1
	rows := make([]uint8, (maxDepth+1)*width)
	best := make([]uint8, maxDepth+1) // the least distance of a beginning of the prefix
	for j := range width {
		rows[j] = uint8(j)
	}
	best[0] = uint8(n)
	var out []tokenRange
	add := func(lo, hi int, d uint8) {
		if k := len(out); k > 0 && out[k-1].hi == uint32(lo) && out[k-1].distance == d {
			out[k-1].hi = uint32(hi)
			return
		}
		out = append(out, tokenRange{uint32(lo), uint32(hi), d})
	}
	total := f.tokenTotal()
	var prefix []byte // whose rows are valid
	for i := 0; i < total; {
		tok := f.token(i)
		depth := 0
		for depth < len(prefix) && depth < len(tok) && prefix[depth] == tok[depth] {
			depth++
		}
		prefix = prefix[:depth]
		skip := false
		for depth < len(tok) && depth < maxDepth {
			c := tok[depth]
			prev, row := rows[depth*width:(depth+1)*width], rows[(depth+1)*width:(depth+2)*width]
			row[0] = uint8(depth + 1)
			least := row[0]
			for j := 1; j <= n; j++ {
				d := prev[j-1]
				if w[j-1] != c {
					d = min(d, prev[j], row[j-1]) + 1
				}
				if depth > 0 && j > 1 && w[j-1] == tok[depth-1] && w[j-2] == c {
					d = min(d, rows[(depth-1)*width+j-2]+1)
				}
				row[j] = d
				least = min(least, d)
			}
			best[depth+1] = min(best[depth], row[n])
			prefix = append(prefix, c)
			depth++
			// Nothing longer can come closer, except by a swap that spans
			// this byte and the next.
			if swap := prev[n-1] + 1; least > uint8(limit) && (n < 2 || minRow(prev)+1 > uint8(limit)) ||
				best[depth] <= uint8(limit) && least >= best[depth] && minRow(prev)+1 >= best[depth] && swap >= best[depth] {
				skip = true
				break
			}
		}
		if !skip {
			if best[depth] <= uint8(limit) {
				add(i, i+1, best[depth])
			}
			i++
			continue
		}
		// Every token with this prefix fares alike.
		next := f.afterPrefix(prefix, i, total)
		if best[depth] <= uint8(limit) {
			add(i, next, best[depth])
		}
		i = next
	}
	return out
}

func minRow(row []uint8) uint8 { return slices.Min(row) }

// afterPrefix returns the first token behind i that does not begin with the
// prefix, looking near first.
func (f *finder) afterPrefix(prefix []byte, i, total int) int {
	end := string(prefix) + "\xff"
	step := 1
	lo := i
	for lo+step < total && string(f.token(lo+step)) < end {
		lo += step
		step *= 2
	}
	return f.lowerBound(end, lo, min(lo+step, total))
}
