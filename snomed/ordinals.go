package snomed

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/nhskit/nhskit/snomed/rf2"
)

// buildHierarchy folds the relationships, checks the is-a ones and numbers
// the concepts.
func (b *builder) buildHierarchy() error {
	b.foldRelationships()
	runtime.GC() // what was read is garbage now
	isA, _ := b.codeOf(idIsA)
	inferred, _ := b.codeOf(idInferred)
	n := len(b.concept)
	parents := make([][]uint32, n)
	counts := make([]uint32, n+1)
	links := func(fn func(r *relRow)) {
		for i := range b.rel {
			r := &b.rel[i]
			if r.flags == relActive && r.kind == isA && r.char == inferred && b.concept[r.source].active && b.concept[r.target].active && r.source != r.target {
				fn(r)
			}
		}
	}
	for i := range b.rel {
		r := &b.rel[i]
		if r.flags == relActive && r.kind == isA && r.char == inferred && r.source == r.target {
			return b.cycle(r.source, r.source)
		}
	}
	links(func(r *relRow) { counts[r.source+1]++ })
	for i := range n {
		counts[i+1] += counts[i]
	}
	flat := make([]uint32, counts[n])
	fill := slices.Clone(counts[:n])
	links(func(r *relRow) {
		flat[fill[r.source]] = r.target
		fill[r.source]++
	})
	for c := range n {
		p := flat[counts[c]:counts[c+1]:counts[c+1]]
		slices.Sort(p)
		parents[c] = slices.Compact(p)
	}
	if err := b.number(parents); err != nil {
		return err
	}
	runtime.GC()
	// The relationships in the order of their sources.
	for i := range b.rel {
		r := &b.rel[i]
		r.source = b.ordinal[r.source]
		if r.flags&relConcrete == 0 {
			r.target = b.ordinal[r.target]
		}
	}
	permute(b.rel, radixOrder(len(b.rel), func(i int) uint32 { return b.rel[i].source }))
	b.relAt = make([]uint32, n+1)
	for i := range b.rel {
		b.relAt[b.rel[i].source+1]++
	}
	for i := range n {
		b.relAt[i+1] += b.relAt[i]
	}
	_, small := b.small.sorted()
	for c := range n {
		slices.SortFunc(b.rel[b.relAt[c]:b.relAt[c+1]], func(x, y relRow) int {
			switch {
			case x.flags&relActive != y.flags&relActive:
				return int(y.flags&relActive) - int(x.flags&relActive)
			case x.char != y.char:
				return int(small[x.char]) - int(small[y.char])
			case x.group != y.group:
				return int(x.group) - int(y.group)
			case x.kind != y.kind:
				return int(small[x.kind]) - int(small[y.kind])
			case x.target != y.target:
				return int(int64(x.target) - int64(y.target))
			case x.id < y.id:
				return -1
			case x.id > y.id:
				return 1
			}
			return 0
		})
	}
	return nil
}

// codeOf returns the code of a metadata concept, if any row uses it.
func (b *builder) codeOf(id uint64) (uint16, bool) {
	c, ok := b.small.index[id]
	if !ok {
		return 1<<16 - 1, false
	}
	return c, true
}

// number gives ordinals in depth-first order: an active concept stands below
// its deepest parent, so that what is below it is one interval but for those
// that also stand elsewhere. Inactive concepts come last, by identifier.
func (b *builder) number(parents [][]uint32) error {
	n := len(b.concept)
	children := make([][]uint32, n)
	waiting := make([]uint32, n)
	for c := range n {
		for _, p := range parents[c] {
			children[p] = append(children[p], uint32(c))
		}
		waiting[c] = uint32(len(parents[c]))
	}
	// Parents before children.
	sequence := make([]uint32, 0, n)
	for c := range n {
		if b.concept[c].active {
			b.nActive++
			if waiting[c] == 0 {
				sequence = append(sequence, uint32(c))
			}
		}
	}
	depth := make([]uint32, n)
	const none = ^uint32(0)
	first := make([]uint32, n)
	for c := range first {
		first[c] = none
	}
	for i := 0; i < len(sequence); i++ {
		p := sequence[i]
		for _, c := range children[p] {
			if depth[p]+1 > depth[c] || depth[p]+1 == depth[c] && p < first[c] {
				depth[c], first[c] = depth[p]+1, p
			}
			if waiting[c]--; waiting[c] == 0 {
				sequence = append(sequence, c)
			}
		}
	}
	if len(sequence) < b.nActive {
		for c := range n {
			if waiting[c] > 0 {
				return b.findCycle(uint32(c), parents, waiting)
			}
		}
	}
	b.ordinal = make([]uint32, n)
	b.byOrd = make([]uint32, 0, n)
	var stack []uint32
	for c := n - 1; c >= 0; c-- {
		if b.concept[c].active && first[c] == none {
			stack = append(stack, uint32(c))
		}
	}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		b.ordinal[c] = uint32(len(b.byOrd))
		b.byOrd = append(b.byOrd, c)
		for _, k := range slices.Backward(children[c]) {
			if first[k] == c {
				stack = append(stack, k)
			}
		}
	}
	for c := range n {
		if !b.concept[c].active {
			b.ordinal[c] = uint32(len(b.byOrd))
			b.byOrd = append(b.byOrd, uint32(c))
		}
	}
	// Everything by ordinal from here on.
	b.parents, b.children = make([][]uint32, b.nActive), make([][]uint32, b.nActive)
	for o := range b.nActive {
		c := b.byOrd[o]
		ps, ks := parents[c], children[c]
		for i := range ps {
			ps[i] = b.ordinal[ps[i]]
		}
		for i := range ks {
			ks[i] = b.ordinal[ks[i]]
		}
		slices.Sort(ps)
		slices.Sort(ks)
		b.parents[o], b.children[o] = ps, ks
	}
	b.runs = make([][]run, b.nActive)
	var all []run
	var arena []run
	total := 0
	for _, c := range slices.Backward(sequence) {
		o := b.ordinal[c]
		all = append(all[:0], run{o, o + 1})
		for _, k := range b.children[o] {
			all = append(all, b.runs[k]...)
		}
		if total += len(all); total > b.opt.MaxIntervals {
			return b.beyond("the descendants of all concepts are joined from more than %d intervals", b.opt.MaxIntervals)
		}
		merged := mergeRuns(all)
		if len(arena)+len(merged) > cap(arena) {
			arena = make([]run, 0, max(1<<16, len(merged)))
		}
		at := len(arena)
		arena = append(arena, merged...)
		b.runs[o] = arena[at:len(arena):len(arena)]
	}
	for i := range b.concept {
		b.conceptMap.put(b.concept[i].id, b.ordinal[i])
	}
	return nil
}

// findCycle reports a cycle that c is on or above.
func (b *builder) findCycle(c uint32, parents [][]uint32, waiting []uint32) error {
	seen := map[uint32]bool{}
	for !seen[c] {
		seen[c] = true
		for _, p := range parents[c] {
			if waiting[p] > 0 {
				c = p
				break
			}
		}
	}
	for _, p := range parents[c] {
		if waiting[p] > 0 {
			return b.cycle(c, p)
		}
	}
	return b.cycle(c, c)
}

// cycle is the error for a cycle that contains the relationship from c to p.
func (b *builder) cycle(c, p uint32) error {
	isA, _ := b.codeOf(idIsA)
	is := Issue{Severity: rf2.Error, Code: CodeCycle, Offset: -1, Clause: "4.2.3",
		Err: fmt.Errorf("concept %d is a subtype of itself, by way of %d", b.concept[c].id, b.concept[p].id)}
	for i := range b.rel {
		if r := &b.rel[i]; r.source == c && r.target == p && r.kind == isA && r.flags == relActive {
			is.Path, is.Line, is.Col = b.relFiles[r.file].name, int(r.line), 6
		}
	}
	b.issue(is)
	return &is
}

func (b *builder) writeConcepts(w *fileWriter, dir []ref) {
	n := len(b.concept)
	id := func(i int) uint64 { return b.concept[b.byOrd[i]].id }
	dir[secConceptID] = w.longs(n, id)
	b.idSeed = idSeed(n, id)
	slots, overflow := fillIDTable(n, id, b.idSeed)
	w.align(cacheLine)
	dir[secIDSlots] = w.longs(len(slots), func(i int) uint64 { return slots[i] })
	dir[secIDOverflow] = w.words(overflow)
	b.writeClosure(w, dir)
	lists := func(at, of int, list [][]uint32) {
		offsets := make([]uint32, len(list)+1)
		for i, l := range list {
			offsets[i+1] = offsets[i] + uint32(len(l))
		}
		dir[at] = w.packFramed(len(offsets), func(i int) uint64 { return uint64(offsets[i]) })
		flat := make([]uint32, 0, offsets[len(list)])
		for _, l := range list {
			flat = append(flat, l...)
		}
		dir[of] = w.packFixed(len(flat), func(i int) uint64 { return uint64(flat[i]) })
	}
	lists(secParentAt, secParent, b.parents)
	lists(secChildAt, secChild, b.children)
	b.runs, b.children = nil, nil
}

// writeClosure writes what is below each concept. Three of four concepts have
// nothing below them; only the others are in the tables, and secInner leads
// there.
func (b *builder) writeClosure(w *fileWriter, dir []ref) {
	inner := make([]uint32, 2*((b.nActive+31)/32))
	var closure, extra, below []uint32
	for o, rs := range b.runs {
		if o%32 == 0 {
			inner[o/32*2+1] = uint32(len(below))
		}
		if len(rs) == 1 && rs[0].to == rs[0].from+1 {
			continue
		}
		inner[o/32*2] |= 1 << (o % 32)
		end := uint32(0)
		first := uint32(len(extra) / 2)
		for _, r := range rs {
			if r.from <= uint32(o) && uint32(o) < r.to {
				end = r.to
				if r.from < uint32(o) {
					extra = append(extra, r.from, uint32(o))
				}
			} else {
				extra = append(extra, r.from, r.to)
			}
		}
		closure = append(closure, end, first)
		below = append(below, uint32(newSet(rs).n))
	}
	// Two more, for subsumes also looks at what would be the next and the one
	// after it.
	closure = append(closure, 0, uint32(len(extra)/2), 0, uint32(len(extra)/2))
	dir[secInner] = w.words(inner)
	dir[secClosure] = w.words(closure)
	dir[secRuns] = w.packFixed(len(extra), func(i int) uint64 { return uint64(extra[i]) })
	dir[secDescendants] = w.packFixed(len(below), func(i int) uint64 { return uint64(below[i]) })
}
