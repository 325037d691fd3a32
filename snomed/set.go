package snomed

import (
	"cmp"
	"iter"
	"slices"
)

// Ordinal numbers the concepts of one store: active concepts from 0 in
// depth-first order of the hierarchy, so that what is below a concept is a few
// intervals, then the inactive ones. Ordinals mean nothing in another store.
type Ordinal uint32

// run is an interval of ordinals, without its end.
type run struct{ from, to uint32 }

// mergeRuns sorts runs and joins those that touch, in place.
func mergeRuns(runs []run) []run {
	if len(runs) < 2 {
		return runs
	}
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.from, b.from) })
	out := runs[:1]
	for _, r := range runs[1:] {
		if last := &out[len(out)-1]; r.from <= last.to {
			last.to = max(last.to, r.to)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// Set is a set of concepts of one store, as ascending intervals of ordinals.
// The zero value is empty. Sets are immutable and safe for concurrent use.
type Set struct {
	runs []run
	n    int
}

func newSet(runs []run) Set {
	n := 0
	for _, r := range runs {
		n += int(r.to - r.from)
	}
	return Set{runs, n}
}

// SetOf makes a set of ordinals in any order; it sorts the slice.
func SetOf(ordinals []Ordinal) Set {
	slices.Sort(ordinals)
	var runs []run
	for _, o := range ordinals {
		if k := len(runs); k > 0 && uint32(o) <= runs[k-1].to {
			runs[k-1].to = max(runs[k-1].to, uint32(o)+1)
		} else {
			runs = append(runs, run{uint32(o), uint32(o) + 1})
		}
	}
	return newSet(runs)
}

// Len returns the number of concepts.
func (s Set) Len() int { return s.n }

// Has reports whether a concept is in the set, in the logarithm of the number
// of intervals.
func (s Set) Has(o Ordinal) bool {
	i, j := 0, len(s.runs)
	for i < j {
		m := int(uint(i+j) / 2)
		if s.runs[m].to <= uint32(o) {
			i = m + 1
		} else {
			j = m
		}
	}
	return i < len(s.runs) && s.runs[i].from <= uint32(o)
}

// All yields the concepts in ascending order of ordinals.
func (s Set) All() iter.Seq[Ordinal] {
	return func(yield func(Ordinal) bool) {
		for _, r := range s.runs {
			for o := r.from; o < r.to; o++ {
				if !yield(Ordinal(o)) {
					return
				}
			}
		}
	}
}

// And returns the concepts that are in both sets.
func (s Set) And(t Set) Set {
	var out []run
	a, b := s.runs, t.runs
	for len(a) > 0 && len(b) > 0 {
		from, to := max(a[0].from, b[0].from), min(a[0].to, b[0].to)
		if from < to {
			out = append(out, run{from, to})
		}
		if a[0].to < b[0].to {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return newSet(out)
}

// Or returns the concepts that are in one of the sets.
func (s Set) Or(t Set) Set {
	if s.n == 0 {
		return t
	}
	if t.n == 0 {
		return s
	}
	out := make([]run, 0, len(s.runs)+len(t.runs))
	a, b := s.runs, t.runs
	for len(a) > 0 || len(b) > 0 {
		var r run
		if len(b) == 0 || len(a) > 0 && a[0].from <= b[0].from {
			r, a = a[0], a[1:]
		} else {
			r, b = b[0], b[1:]
		}
		if k := len(out); k > 0 && r.from <= out[k-1].to {
			out[k-1].to = max(out[k-1].to, r.to)
		} else {
			out = append(out, r)
		}
	}
	return newSet(out)
}

// Minus returns the concepts of s that are not in t.
func (s Set) Minus(t Set) Set {
	var out []run
	b := t.runs
	for _, r := range s.runs {
		for len(b) > 0 && b[0].to <= r.from {
			b = b[1:]
		}
		from := r.from
		for k := 0; k < len(b) && b[k].from < r.to; k++ {
			if b[k].from > from {
				out = append(out, run{from, b[k].from})
			}
			from = max(from, b[k].to)
		}
		if from < r.to {
			out = append(out, run{from, r.to})
		}
	}
	return newSet(out)
}
