package facts

import (
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

// CodeSystem is a code system as a Builder takes it.
type CodeSystem struct {
	URL, Version string
	Fragment     bool // not all of its codes are here
	Concepts     []Concept
}

// Concept is a code of a code system. Parent is the code above it, "" at the
// top. Abstract codes are not for use in instances, inactive ones not for new
// ones.
type Concept struct {
	Code, Display, Parent string
	Abstract, Inactive    bool
}

// ValueSet is an expanded value set as a Builder takes it. Each of its codes
// must be in a code system that the Builder has.
type ValueSet struct {
	URL, Version string
	Codes        [][2]string // system, code
}

// SearchParam is a search parameter as a Builder takes it.
type SearchParam struct {
	URL, Code, Type, Expression string
	Bases, Targets              []string
	Components                  [][2]string // definition, expression
}

// AddSystem takes a code system.
func (b *Builder) AddSystem(s CodeSystem) { b.systems = append(b.systems, s) }

// AddValueSet takes a value set.
func (b *Builder) AddValueSet(v ValueSet) { b.valueSets = append(b.valueSets, v) }

// AddSearch takes a search parameter.
func (b *Builder) AddSearch(p SearchParam) { b.params = append(b.params, p) }

// Flags of the parent word of a concept; the rest is the parent's row in its
// system + 1.
const (
	conceptAbstract = 1 << 31
	conceptInactive = 1 << 30
)

// buildSystems writes the code systems and their concepts, and numbers the
// concepts by system and code.
func (b *Builder) buildSystems() (rows, concepts []byte, id map[[2]string]uint32) {
	sort.SliceStable(b.systems, func(i, j int) bool { return b.systems[i].URL < b.systems[j].URL })
	b.systems = slices.CompactFunc(b.systems, func(x, y CodeSystem) bool { return x.URL == y.URL })
	id = make(map[[2]string]uint32)
	b.systemAt = make(map[uint32]bool)
	n := uint32(0)
	for _, s := range b.systems {
		b.systemAt[n] = true
		list := slices.Clone(s.Concepts)
		sort.SliceStable(list, func(i, j int) bool { return list[i].Code < list[j].Code })
		list = slices.CompactFunc(list, func(x, y Concept) bool { return x.Code == y.Code })
		row := make(map[string]uint32, len(list))
		for i, c := range list {
			row[c.Code] = uint32(i)
			id[[2]string{s.URL, c.Code}] = n + uint32(i)
		}
		flags := uint32(0)
		if s.Fragment {
			flags = 1
		}
		for _, w := range []uint32{b.str(s.URL), b.str(s.Version), n, uint32(len(list)), flags} {
			rows = binary.LittleEndian.AppendUint32(rows, w)
		}
		for _, c := range list {
			parent := uint32(0)
			if p, ok := row[c.Parent]; ok && c.Parent != "" {
				parent = p + 1
			}
			if c.Abstract {
				parent |= conceptAbstract
			}
			if c.Inactive {
				parent |= conceptInactive
			}
			for _, w := range []uint32{b.str(c.Code), b.str(c.Display), parent} {
				concepts = binary.LittleEndian.AppendUint32(concepts, w)
			}
		}
		n += uint32(len(list))
	}
	return rows, concepts, id
}

// buildValueSets writes the value sets; their members are runs of concepts.
func (b *Builder) buildValueSets(id map[[2]string]uint32) (rows, members []byte) {
	sort.SliceStable(b.valueSets, func(i, j int) bool { return b.valueSets[i].URL < b.valueSets[j].URL })
	b.valueSets = slices.CompactFunc(b.valueSets, func(x, y ValueSet) bool { return x.URL == y.URL })
	for _, v := range b.valueSets {
		var list []uint32
		for _, c := range v.Codes {
			i, ok := id[c]
			if !ok {
				b.fail("%s: %s|%s is in no code system", v.URL, c[0], c[1])
				continue
			}
			list = append(list, i)
		}
		slices.Sort(list)
		list = slices.Compact(list)
		first := uint32(len(members) / memberRow)
		for i := 0; i < len(list); {
			k := i + 1
			for k < len(list) && list[k] == list[k-1]+1 && !b.systemAt[list[k]] {
				k++
			}
			members = binary.LittleEndian.AppendUint32(members, list[i])
			members = binary.LittleEndian.AppendUint32(members, uint32(k-i))
			i = k
		}
		runs := uint32(len(members)/memberRow) - first
		for _, w := range []uint32{b.str(v.URL), b.str(v.Version), first, runs, uint32(len(list))} {
			rows = binary.LittleEndian.AppendUint32(rows, w)
		}
	}
	return rows, members
}

// searchBase precedes most URLs of search parameters and is left out of the
// table; other URLs have a colon, which names after it do not.
const searchBase = "http://hl7.org/fhir/SearchParameter/"

func (b *Builder) buildSearch() []byte {
	var out []byte
	sort.SliceStable(b.params, func(i, j int) bool { return b.params[i].URL < b.params[j].URL })
	for _, p := range b.params {
		var components []uint32
		for _, c := range p.Components {
			components = append(components, b.str(strings.TrimPrefix(c[0], searchBase)), b.str(c[1]))
		}
		slices.Sort(p.Bases)
		for _, w := range []uint32{
			b.str(strings.TrimPrefix(p.URL, searchBase)), b.str(p.Code), b.str(p.Type), b.str(p.Expression),
			b.strList(p.Bases), b.strList(p.Targets), b.list(components),
		} {
			out = binary.LittleEndian.AppendUint32(out, w)
		}
	}
	return out
}

// System is a code system of a table.
type System struct {
	URL, Version string
	First, Num   uint32 // concepts
	Fragment     bool
}

// NumSystems returns the number of code systems.
func (t *Table) NumSystems() int { return len(t.systems) / systemRow }

// System returns the i-th code system, by URL.
func (t *Table) System(i uint32) System {
	at := i * systemRow
	return System{
		URL: t.Str(u32(t.systems, at)), Version: t.Str(u32(t.systems, at+4)),
		First: u32(t.systems, at+8), Num: u32(t.systems, at+12), Fragment: u32(t.systems, at+16)&1 != 0,
	}
}

// FindSystem returns the code system with a URL.
func (t *Table) FindSystem(url string) (uint32, bool) {
	return t.find(t.systems, systemRow, uint32(t.NumSystems()), url)
}

// SystemOf returns the code system that a concept row belongs to.
func (t *Table) SystemOf(concept uint32) uint32 {
	lo, hi := uint32(0), uint32(t.NumSystems())
	for lo < hi {
		mid := (lo + hi) / 2
		if u32(t.systems, mid*systemRow+8)+u32(t.systems, mid*systemRow+12) <= concept {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// FindConcept returns the row of a code of a system.
func (t *Table) FindConcept(s System, code string) (uint32, bool) {
	rows := t.concepts[s.First*conceptRow : (s.First+s.Num)*conceptRow]
	i, ok := t.find(rows, conceptRow, s.Num, code)
	return s.First + i, ok
}

// ConceptRow is a concept of a table.
type ConceptRow struct {
	Code, Display      string
	Parent             uint32 // row above it within its system + 1, 0 for none
	Abstract, Inactive bool
}

// ConceptAt returns a concept row.
func (t *Table) ConceptAt(i uint32) ConceptRow {
	at := i * conceptRow
	p := u32(t.concepts, at+8)
	return ConceptRow{
		Code: t.Str(u32(t.concepts, at)), Display: t.Str(u32(t.concepts, at+4)),
		Parent: p &^ (conceptAbstract | conceptInactive), Abstract: p&conceptAbstract != 0, Inactive: p&conceptInactive != 0,
	}
}

// Set is a value set of a table.
type Set struct {
	URL, Version string
	First, Runs  uint32 // members
	Num          uint32 // codes
}

// NumSets returns the number of value sets.
func (t *Table) NumSets() int { return len(t.valueSets) / valueSetRow }

// Set returns the i-th value set, by URL.
func (t *Table) Set(i uint32) Set {
	at := i * valueSetRow
	return Set{
		URL: t.Str(u32(t.valueSets, at)), Version: t.Str(u32(t.valueSets, at+4)),
		First: u32(t.valueSets, at+8), Runs: u32(t.valueSets, at+12), Num: u32(t.valueSets, at+16),
	}
}

// FindSet returns the value set with a URL.
func (t *Table) FindSet(url string) (uint32, bool) {
	return t.find(t.valueSets, valueSetRow, uint32(t.NumSets()), url)
}

// Run returns the i-th run of members: a concept row and a count.
func (t *Table) Run(i uint32) (first, n uint32) {
	return u32(t.members, i*memberRow), u32(t.members, i*memberRow+4)
}

// Param is a search parameter of a table.
type Param struct {
	URL, Code, Type, Expression string
	Bases, Targets, Components  uint32 // lists
}

// NumParams returns the number of search parameters.
func (t *Table) NumParams() int { return len(t.search) / searchRow }

// Param returns the i-th search parameter, by URL.
func (t *Table) Param(i uint32) Param {
	at := i * searchRow
	return Param{
		URL: t.ParamURL(u32(t.search, at)), Code: t.Str(u32(t.search, at+4)),
		Type: t.Str(u32(t.search, at+8)), Expression: t.Str(u32(t.search, at+12)),
		Bases: u32(t.search, at+16), Targets: u32(t.search, at+20), Components: u32(t.search, at+24),
	}
}

// ParamURL returns the URL of a search parameter.
func (t *Table) ParamURL(ref uint32) string {
	s := t.Str(ref)
	if strings.Contains(s, ":") {
		return s
	}
	return searchBase + s
}
