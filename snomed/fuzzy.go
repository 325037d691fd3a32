package snomed

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
	var best [maxDepth + 1]uint8 // the least distance of a beginning of the prefix
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
	var least [maxDepth + 1]uint8 // of each row
	total := f.tokenTotal()
	shared := f.s.im.dir[secTokenShared]
	common := f.s.im.at(shared.off, shared.base)
	if len(common) < total {
		panic(&fault{ErrCorrupt})
	}
	valid := 0 // rows
	for i := 0; i < total; {
		tok := f.token(i)
		depth := min(valid, int(common[i]), len(tok))
		skip := false
		for depth < len(tok) && depth < maxDepth {
			c := tok[depth]
			prev, row := rows[depth*width:(depth+1)*width], rows[(depth+1)*width:(depth+2)*width]
			row[0] = uint8(depth + 1)
			low := row[0]
			for j := 1; j <= n; j++ {
				d := prev[j-1]
				if w[j-1] != c {
					d = min(d, prev[j], row[j-1]) + 1
				}
				if depth > 0 && j > 1 && w[j-1] == tok[depth-1] && w[j-2] == c {
					d = min(d, rows[(depth-1)*width+j-2]+1)
				}
				row[j] = d
				low = min(low, d)
			}
			before := least[depth]
			best[depth+1] = min(best[depth], row[n])
			depth++
			least[depth] = low
			// What follows cannot come closer than the least of this row, or
			// one more than the least of the row before by a swap that spans
			// this byte and the next.
			bound := min(low, before+1)
			if bound > uint8(limit) && best[depth] > uint8(limit) || best[depth] <= uint8(limit) && bound >= best[depth] {
				skip = true
				break
			}
		}
		valid = depth
		next := i + 1
		if skip {
			next = f.afterPrefix(tok[:depth], common, i, total)
		}
		if best[depth] <= uint8(limit) {
			add(i, next, best[depth])
		}
		i = next
	}
	return out
}

// afterPrefix returns the first token behind i that does not begin with the
// prefix, which token i does: usually it is near.
func (f *finder) afterPrefix(prefix, common []byte, i, total int) int {
	const near = 200
	for j := i + 1; j < min(total, i+near); j++ {
		if int(common[j]) < len(prefix) {
			return j
		}
	}
	if i+near >= total {
		return total
	}
	return f.lowerBound(string(prefix)+"\xff", i+near-1, total)
}
