package fhir

import (
	"iter"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// CodeSystem is a code system of the definitions. Comparable, to be passed by
// value. R4 has the ones that required and extensible bindings need.
type CodeSystem struct {
	d *Definitions
	i uint32
}

// Concept is a code of a code system.
type Concept struct {
	System, Code, Display string
	Parent                string // the code above it, "" at the top
	Abstract              bool   // not for use in instances
	Inactive              bool   // deprecated or retired
}

// CodeSystem returns the code system with a canonical URL (without a
// version), and false if it is not here.
func (d *Definitions) CodeSystem(url string) (CodeSystem, bool) {
	i, ok := d.t.FindSystem(url)
	return CodeSystem{d, i}, ok
}

// CodeSystems iterates over the code systems by URL.
func (d *Definitions) CodeSystems() iter.Seq[CodeSystem] {
	return func(yield func(CodeSystem) bool) {
		for i := range d.t.NumSystems() {
			if !yield(CodeSystem{d, uint32(i)}) {
				return
			}
		}
	}
}

// URL returns the canonical URL.
func (s CodeSystem) URL() string { return s.d.t.System(s.i).URL }

// Version returns the business version, "" if it has none.
func (s CodeSystem) Version() string { return s.d.t.System(s.i).Version }

// Complete reports whether all codes of the system are here; if not, a code
// that is not found may still be right.
func (s CodeSystem) Complete() bool { return !s.d.t.System(s.i).Fragment }

// Len returns the number of codes.
func (s CodeSystem) Len() int { return int(s.d.t.System(s.i).Num) }

// Concept returns the concept with a code, and false if there is none.
func (s CodeSystem) Concept(code string) (Concept, bool) {
	row := s.d.t.System(s.i)
	i, ok := s.d.t.FindConcept(row, code)
	if !ok {
		return Concept{}, false
	}
	return s.d.concept(row, i), true
}

// Concepts iterates over the concepts by code.
func (s CodeSystem) Concepts() iter.Seq[Concept] {
	return func(yield func(Concept) bool) {
		row := s.d.t.System(s.i)
		for i := range row.Num {
			if !yield(s.d.concept(row, row.First+i)) {
				return
			}
		}
	}
}

func (d *Definitions) concept(s facts.System, i uint32) Concept {
	row := d.t.ConceptAt(i)
	c := Concept{System: s.URL, Code: row.Code, Display: row.Display, Abstract: row.Abstract, Inactive: row.Inactive}
	if row.Parent != 0 {
		c.Parent = d.t.ConceptAt(s.First + row.Parent - 1).Code
	}
	return c
}

// ValueSet is an expanded value set of the definitions. Comparable, to be
// passed by value.
type ValueSet struct {
	d *Definitions
	i uint32
}

// ValueSet returns the value set with a canonical URL, and false if it is not
// here or not at the version that follows a "|".
func (d *Definitions) ValueSet(url string) (ValueSet, bool) {
	url, version, _ := strings.Cut(url, "|")
	i, ok := d.t.FindSet(url)
	if !ok || version != "" && d.t.Set(i).Version != version {
		return ValueSet{}, false
	}
	return ValueSet{d, i}, true
}

// ValueSets iterates over the value sets by URL.
func (d *Definitions) ValueSets() iter.Seq[ValueSet] {
	return func(yield func(ValueSet) bool) {
		for i := range d.t.NumSets() {
			if !yield(ValueSet{d, uint32(i)}) {
				return
			}
		}
	}
}

// URL returns the canonical URL.
func (v ValueSet) URL() string { return v.d.t.Set(v.i).URL }

// Version returns the business version, "" if it has none.
func (v ValueSet) Version() string { return v.d.t.Set(v.i).Version }

// Len returns the number of codes.
func (v ValueSet) Len() int { return int(v.d.t.Set(v.i).Num) }

// Lookup returns the concept of a system and code, and false if it is not in
// the value set.
func (v ValueSet) Lookup(system, code string) (Concept, bool) {
	si, ok := v.d.t.FindSystem(system)
	if !ok {
		return Concept{}, false
	}
	s := v.d.t.System(si)
	i, ok := v.d.t.FindConcept(s, code)
	if !ok || !v.has(i) {
		return Concept{}, false
	}
	return v.d.concept(s, i), true
}

// LookupCode returns the concept of a code from whichever system, as elements
// of type code need it, and false if it is not in the value set.
func (v ValueSet) LookupCode(code string) (Concept, bool) {
	set := v.d.t.Set(v.i)
	last := ^uint32(0)
	for k := range set.Runs {
		first, _ := v.d.t.Run(set.First + k)
		si := v.d.t.SystemOf(first)
		if si == last {
			continue
		}
		last = si
		s := v.d.t.System(si)
		if i, ok := v.d.t.FindConcept(s, code); ok && v.has(i) {
			return v.d.concept(s, i), true
		}
	}
	return Concept{}, false
}

// has reports whether a concept row is a member.
func (v ValueSet) has(concept uint32) bool {
	set := v.d.t.Set(v.i)
	lo, hi := set.First, set.First+set.Runs
	for lo < hi {
		mid := (lo + hi) / 2
		if first, n := v.d.t.Run(mid); concept >= first+n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == set.First+set.Runs {
		return false
	}
	first, _ := v.d.t.Run(lo)
	return concept >= first
}

// Concepts iterates over the members, by system and code.
func (v ValueSet) Concepts() iter.Seq[Concept] {
	return func(yield func(Concept) bool) {
		set := v.d.t.Set(v.i)
		for k := range set.Runs {
			first, n := v.d.t.Run(set.First + k)
			for i := first; i < first+n; i++ {
				if !yield(v.d.concept(v.d.t.System(v.d.t.SystemOf(i)), i)) {
					return
				}
			}
		}
	}
}

// SearchParameter is a search parameter of the definitions.
type SearchParameter struct {
	URL, Code  string
	Type       string // number, date, string, token, reference, composite, quantity, uri, special
	Expression string // FHIRPath, "" for special ones
	Bases      []string
	Targets    []string // resource types that a reference may lead to
	Components []SearchComponent
}

// SearchComponent is a part of a composite search parameter.
type SearchComponent struct {
	Definition string // canonical URL of the search parameter of the part
	Expression string // FHIRPath, from the composite's expression
}

// SearchParameters iterates over the search parameters by URL.
func (d *Definitions) SearchParameters() iter.Seq[SearchParameter] {
	return func(yield func(SearchParameter) bool) {
		for i := range d.t.NumParams() {
			row := d.t.Param(uint32(i))
			p := SearchParameter{
				URL: row.URL, Code: row.Code, Type: row.Type, Expression: row.Expression,
				Bases: d.strings(row.Bases), Targets: d.strings(row.Targets),
			}
			list := d.t.List(row.Components)
			for k := 0; k+1 < list.Len(); k += 2 {
				p.Components = append(p.Components, SearchComponent{d.t.ParamURL(list.At(k)), d.t.Str(list.At(k + 1))})
			}
			if !yield(p) {
				return
			}
		}
	}
}
