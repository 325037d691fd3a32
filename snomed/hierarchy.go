package snomed

import (
	"encoding/binary"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Subsumes reports whether b is a or a subtype of it, by the inferred is-a
// relationships of active concepts. An inactive concept subsumes only itself.
func (s *Store) Subsumes(a, b sctid.ID) (yes bool, err error) {
	defer s.im.guard(&err)
	x, ok := s.find(uint64(a))
	if !ok {
		return false, ErrNotFound
	}
	y, ok := s.find(uint64(b))
	if !ok {
		return false, ErrNotFound
	}
	return s.subsumes(uint32(x), uint32(y)), nil
}

// SubsumesOrdinal is [Store.Subsumes] for ordinals of this store.
func (s *Store) SubsumesOrdinal(a, b Ordinal) (yes bool, err error) {
	defer s.im.guard(&err)
	return s.subsumes(uint32(a), uint32(b)), nil
}

func (s *Store) subsumes(a, b uint32) bool {
	if a == b {
		return true
	}
	if int(a) >= s.info.Active {
		return false
	}
	c := s.im.at(s.closure.off+8*uint64(a), 16)
	if b > a && b < binary.LittleEndian.Uint32(c) {
		return true
	}
	i, j := binary.LittleEndian.Uint32(c[4:]), binary.LittleEndian.Uint32(c[12:])
	if i == j {
		return false
	}
	end := j
	for i < j {
		m := (i + j) / 2
		if s.runs.word(2*m+1) <= b {
			i = m + 1
		} else {
			j = m
		}
	}
	return i < end && s.runs.word(2*i) <= b
}

// below appends the runs of the descendants of o and of itself.
func (s *Store) below(o uint32, to []run) []run {
	if int(o) >= s.info.Active {
		return append(to, run{o, o + 1})
	}
	c := s.im.at(s.closure.off+8*uint64(o), 16)
	own := run{o, binary.LittleEndian.Uint32(c)}
	i, j := binary.LittleEndian.Uint32(c[4:]), binary.LittleEndian.Uint32(c[12:])
	if i > j {
		panic(&fault{ErrCorrupt})
	}
	b := s.im.at(s.runs.off+8*uint64(i), 8*uint64(j-i))
	to = slices.Grow(to, int(j-i)+1)
	placed := false
	add := func(r run) {
		if k := len(to); k > 0 && to[k-1].to == r.from {
			to[k-1].to = r.to
		} else {
			to = append(to, r)
		}
	}
	for ; len(b) >= 8; b = b[8:] {
		r := run{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])}
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
	if int(o) >= s.info.Concepts {
		return Set{}, ErrNotFound
	}
	return Set{s.below(uint32(o), nil), s.countBelow(uint32(o))}, nil
}

func (s *Store) countBelow(o uint32) int {
	if int(o) >= s.info.Active {
		return 1
	}
	return int(s.descendants.get(int(o)))
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
	if int(o) >= s.info.Concepts {
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
	return list(s.parentAt, s.parent, o), nil
}

// Children returns the direct subtypes of a concept, in ascending order.
func (s *Store) Children(o Ordinal) (children []Ordinal, err error) {
	defer s.im.guard(&err)
	return list(s.childAt, s.child, o), nil
}

// Ancestors returns everything that a concept is a subtype of, in ascending
// order of ordinals.
func (s *Store) Ancestors(o Ordinal) (ancestors []Ordinal, err error) {
	defer s.im.guard(&err)
	return s.above(o), nil
}

func (s *Store) above(o Ordinal) []Ordinal {
	out := make([]Ordinal, 0, 24)
	next := []Ordinal{o}
	for len(next) > 0 {
		c := next[len(next)-1]
		next = next[:len(next)-1]
		if int(c) >= s.info.Active {
			continue
		}
		i, j := int(s.parentAt.get(int(c))), int(s.parentAt.get(int(c)+1))
		for ; i < j; i++ {
			p := Ordinal(s.parent.get(i))
			if k, ok := slices.BinarySearch(out, p); !ok {
				out = slices.Insert(out, k, p)
				next = append(next, p)
			}
		}
	}
	return out
}

// LeastCommonAncestors returns the concepts that subsume all the given ones
// and have no such concept below them, in ascending order.
func (s *Store) LeastCommonAncestors(concepts ...Ordinal) (common []Ordinal, err error) {
	defer s.im.guard(&err)
	for i, o := range concepts {
		up := s.above(o)
		k, _ := slices.BinarySearch(up, o)
		up = slices.Insert(up, k, o)
		if i == 0 {
			common = up
			continue
		}
		common = slices.DeleteFunc(common, func(c Ordinal) bool {
			_, ok := slices.BinarySearch(up, c)
			return !ok
		})
	}
	all := slices.Clone(common)
	return slices.DeleteFunc(common, func(c Ordinal) bool {
		return slices.ContainsFunc(all, func(d Ordinal) bool { return d != c && s.subsumes(uint32(c), uint32(d)) })
	}), nil
}

// Paths returns the ways from a concept up to the top of the hierarchy, each
// beginning with the concept, at most limit of them: some concepts have
// millions.
func (s *Store) Paths(o Ordinal, limit int) (paths [][]Ordinal, err error) {
	defer s.im.guard(&err)
	var way []Ordinal
	var walk func(Ordinal)
	walk = func(c Ordinal) {
		if len(paths) >= limit {
			return
		}
		way = append(way, c)
		up := list(s.parentAt, s.parent, c)
		if len(up) == 0 {
			paths = append(paths, slices.Clone(way))
		}
		for _, p := range up {
			walk(p)
		}
		way = way[:len(way)-1]
	}
	walk(o)
	return paths, nil
}
