package snomed

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Subsumes reports whether b is a or a subtype of it, by the inferred is-a
// relationships of active concepts. An inactive concept subsumes only itself.
func (s *Store) Subsumes(a, b sctid.ID) (yes bool, err error) {
	defer s.im.guard(&err)
	x, ok := s.find(uint64(a))
	y, also := s.find(uint64(b)) // whatever came of a, so that both are on their way from memory at once
	if !ok || !also {
		return false, ErrNotFound
	}
	return s.subsumes(uint32(x), uint32(y)), nil
}

// SubsumesOrdinal is [Store.Subsumes] for ordinals of this store.
func (s *Store) SubsumesOrdinal(a, b Ordinal) (yes bool, err error) {
	defer s.im.guard(&err)
	if !s.has(max(a, b)) {
		return false, ErrNotFound
	}
	return s.subsumes(uint32(a), uint32(b)), nil
}

// subsumes takes no branch on whether a has descendants, nor on the order of
// the two, which nobody can foretell: a processor that guesses wrong would wait
// for this answer before it begins with the next.
func (s *Store) subsumes(a, b uint32) bool {
	if a == b {
		return true
	}
	if int(a) >= s.info.Active {
		return false
	}
	k, has := s.rank(a)
	c := s.im.at(s.closure.off+8*uint64(k), 16)
	if end := binary.LittleEndian.Uint32(c); b-a < (end-a)*has {
		return true
	}
	i := binary.LittleEndian.Uint32(c[4:])
	end := i + (binary.LittleEndian.Uint32(c[12:])-i)*has
	if i == end {
		return false
	}
	for j := end; i < j; {
		m := (i + j) / 2
		if s.runs.get(int(2*m+1)) <= uint64(b) {
			i = m + 1
		} else {
			j = m
		}
	}
	return i < end && s.runs.get(int(2*i)) <= uint64(b)
}

// rank returns how many active concepts before o have descendants, which is
// its place in the closure, and 1 if it has any itself, or else 0.
func (s *Store) rank(o uint32) (k, has uint32) {
	b := s.im.at(s.inner.off+uint64(o>>5)*8, 8)
	word := binary.LittleEndian.Uint32(b)
	k = binary.LittleEndian.Uint32(b[4:]) + uint32(bits.OnesCount32(word&(1<<(o&31)-1)))
	if k+1 >= s.closure.n/2 {
		panic(&fault{ErrCorrupt})
	}
	return k, word >> (o & 31) & 1
}

// inside returns the place of a concept in the closure, if it has descendants.
func (s *Store) inside(o uint32) (k uint32, ok bool) {
	if int(o) >= s.info.Active {
		return 0, false
	}
	k, has := s.rank(o)
	return k, has == 1
}

// below appends the runs of the descendants of o and of itself.
func (s *Store) below(o uint32, to []run) []run {
	k, ok := s.inside(o)
	if !ok {
		return append(to, run{o, o + 1})
	}
	c := s.im.at(s.closure.off+8*uint64(k), 16)
	own := run{o, binary.LittleEndian.Uint32(c)}
	i, j := binary.LittleEndian.Uint32(c[4:]), binary.LittleEndian.Uint32(c[12:])
	if i > j {
		panic(&fault{ErrCorrupt})
	}
	if j > s.runs.n/2 {
		panic(&fault{ErrCorrupt})
	}
	to = slices.Grow(to, int(j-i)+1)
	placed := false
	add := func(r run) {
		if k := len(to); k > 0 && to[k-1].to == r.from {
			to[k-1].to = r.to
		} else {
			to = append(to, r)
		}
	}
	for ; i < j; i++ {
		r := run{uint32(s.runs.get(int(2 * i))), uint32(s.runs.get(int(2*i + 1)))}
		if !placed && r.from > o {
			add(own)
			placed = true
		}
		add(r)
	}
	if !placed {
		add(own)
	}
	return to
}

// DescendantsOrSelf returns everything below a concept and the concept, that
// is << in the expression constraint language.
func (s *Store) DescendantsOrSelf(o Ordinal) (set Set, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return Set{}, ErrNotFound
	}
	return Set{s.below(uint32(o), nil), s.countBelow(uint32(o))}, nil
}

func (s *Store) countBelow(o uint32) int {
	k, ok := s.inside(o)
	if !ok {
		return 1
	}
	return int(s.descendants.get(int(k)))
}

// Descendants returns everything below a concept.
func (s *Store) Descendants(o Ordinal) (set Set, err error) {
	set, err = s.DescendantsOrSelf(o)
	if err != nil {
		return Set{}, err
	}
	return set.Minus(newSet([]run{{uint32(o), uint32(o) + 1}})), nil
}

// DescendantCount returns the number of concepts below a concept, without
// listing them.
func (s *Store) DescendantCount(o Ordinal) (n int, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return 0, ErrNotFound
	}
	return s.countBelow(uint32(o)) - 1, nil
}

// list reads one list of a pair of columns.
func list(at, of column, o Ordinal) []Ordinal {
	if int(o)+1 >= at.len() {
		return nil
	}
	i, j := int(at.get(int(o))), int(at.get(int(o)+1))
	if i >= j {
		return nil
	}
	out := make([]Ordinal, 0, min(j-i, of.len()))
	for ; i < j; i++ {
		out = append(out, Ordinal(of.get(i)))
	}
	return out
}

// Parents returns the concepts that a concept is directly a subtype of, in
// ascending order.
func (s *Store) Parents(o Ordinal) (parents []Ordinal, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	return list(s.parentAt, s.parent, o), nil
}

// Children returns the direct subtypes of a concept, in ascending order.
func (s *Store) Children(o Ordinal) (children []Ordinal, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	return list(s.childAt, s.child, o), nil
}

// Ancestors returns everything that a concept is a subtype of, in ascending
// order of ordinals.
func (s *Store) Ancestors(o Ordinal) (ancestors []Ordinal, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	return s.above(o), nil
}

func (s *Store) above(o Ordinal) []Ordinal {
	seen := newBitmap(s.info.Active)
	out := make([]Ordinal, 0, 24)
	next := []Ordinal{o}
	for len(next) > 0 {
		c := next[len(next)-1]
		next = next[:len(next)-1]
		if int(c) >= s.info.Active {
			continue
		}
		for i, j := int(s.parentAt.get(int(c))), int(s.parentAt.get(int(c)+1)); i < j; i++ {
			p := Ordinal(s.parent.get(i))
			if word := &(*seen)[p>>6]; *word&(1<<(p&63)) == 0 {
				*word |= 1 << (p & 63)
				out = append(out, p)
				next = append(next, p)
			}
		}
	}
	for _, p := range out {
		(*seen)[p>>6] = 0
	}
	bitmaps.Put(seen)
	slices.Sort(out)
	return out
}

// LeastCommonAncestors returns the concepts that subsume all the given ones
// and have no such concept below them, in ascending order.
func (s *Store) LeastCommonAncestors(concepts ...Ordinal) (common []Ordinal, err error) {
	defer s.im.guard(&err)
	for i, o := range concepts {
		if !s.has(o) {
			return nil, ErrNotFound
		}
		up := append(s.above(o), o)
		slices.Sort(up)
		if i == 0 {
			common = up
			continue
		}
		common = slices.DeleteFunc(common, func(c Ordinal) bool {
			_, ok := slices.BinarySearch(up, c)
			return !ok
		})
	}
	// Whatever is above one of them is one of them, so that those that are not
	// least are the parents of others.
	var above []Ordinal
	for _, c := range common {
		above = append(above, list(s.parentAt, s.parent, c)...)
	}
	slices.Sort(above)
	return slices.DeleteFunc(common, func(c Ordinal) bool {
		_, ok := slices.BinarySearch(above, c)
		return ok
	}), nil
}

// Paths returns the ways from a concept up to the top of the hierarchy, each
// beginning with the concept, at most limit of them: some concepts have
// millions.
func (s *Store) Paths(o Ordinal, limit int) (paths [][]Ordinal, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	var way []Ordinal       // up to where the walk is
	var waiting [][]Ordinal // the parents of each on the way that it has not come to
	enter := func(c Ordinal) {
		if len(way) > s.info.Active {
			panic(&fault{ErrCorrupt}) // it goes round
		}
		up := list(s.parentAt, s.parent, c)
		way, waiting = append(way, c), append(waiting, up)
		if len(up) == 0 {
			paths = append(paths, slices.Clone(way))
		}
	}
	if limit > 0 {
		enter(o)
	}
	for k := len(way) - 1; k >= 0 && len(paths) < limit; k = len(way) - 1 {
		if up := waiting[k]; len(up) > 0 {
			waiting[k] = up[1:]
			enter(up[0])
		} else {
			way, waiting = way[:k], waiting[:k]
		}
	}
	return paths, nil
}
