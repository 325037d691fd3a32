package facts

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Builder collects definitions and writes them as a table. The same input
// gives the same bytes, in whatever order it was added.
type Builder struct {
	Version string // of FHIR

	structures []Structure
	systems    []CodeSystem
	valueSets  []ValueSet
	params     []SearchParam

	strs      []byte
	strRef    map[string]uint32
	lists     []byte
	listRef   map[string]uint32
	nameID    map[string]uint16
	typeID    map[string]uint16
	structID  map[string]uint32
	typeSets  pool
	ruleSets  pool
	bindings  pool
	rules     pool
	firstElem []uint32
	systemAt  map[uint32]bool // first concepts of systems
	invalid   map[string]error
	err       error
}

// InvalidError tells which structures a table cannot hold, by URL, and why.
type InvalidError struct{ Structures map[string]error }

// Error describes one of them.
func (e *InvalidError) Error() string {
	first := slices.Min(slices.Collect(maps.Keys(e.Structures)))
	return "facts: " + e.Structures[first].Error()
}

// pool numbers distinct rows of words.
type pool struct {
	rows  []byte
	index map[string]uint32
}

func (p *pool) add(words ...uint32) uint32 {
	var row []byte
	for _, w := range words {
		row = binary.LittleEndian.AppendUint32(row, w)
	}
	if i, ok := p.index[string(row)]; ok {
		return i
	}
	if p.index == nil {
		p.index = make(map[string]uint32)
	}
	i := uint32(len(p.rows) / len(row))
	p.index[string(row)] = i
	p.rows = append(p.rows, row...)
	return i
}

// Add takes a structure definition.
func (b *Builder) Add(s Structure) { b.structures = append(b.structures, s) }

func (b *Builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("facts: "+format, args...)
	}
}

// reject notes what is wrong with a structure.
func (b *Builder) reject(s *Structure, format string, args ...any) {
	if b.invalid == nil {
		b.invalid = make(map[string]error)
	}
	if b.invalid[s.URL] == nil {
		b.invalid[s.URL] = fmt.Errorf("%s: "+format, append([]any{s.URL}, args...)...)
	}
}

// str interns a string.
func (b *Builder) str(s string) uint32 {
	if s == "" {
		return 0
	}
	if ref, ok := b.strRef[s]; ok {
		return ref
	}
	ref := uint32(len(b.strs))
	b.strs = binary.AppendUvarint(b.strs, uint64(len(s)))
	b.strs = append(b.strs, s...)
	b.strRef[s] = ref
	return ref
}

// list interns a list of words.
func (b *Builder) list(words []uint32) uint32 {
	if len(words) == 0 {
		return 0
	}
	row := binary.LittleEndian.AppendUint32(nil, uint32(len(words)))
	for _, w := range words {
		row = binary.LittleEndian.AppendUint32(row, w)
	}
	if ref, ok := b.listRef[string(row)]; ok {
		return ref
	}
	ref := uint32(len(b.lists))
	b.lists = append(b.lists, row...)
	b.listRef[string(row)] = ref
	return ref
}

func (b *Builder) strList(ss []string) uint32 {
	words := make([]uint32, len(ss))
	for i, s := range ss {
		words[i] = b.str(s)
	}
	return b.list(words)
}

// Build writes the table. The error is an *InvalidError where structures are at
// fault.
func (b *Builder) Build() (string, error) {
	b.strs = []byte{0}
	b.lists = make([]byte, 4)
	b.strRef = make(map[string]uint32)
	b.listRef = make(map[string]uint32)
	b.typeSets, b.ruleSets, b.bindings, b.rules = pool{}, pool{}, pool{}, pool{}
	b.firstElem = nil
	b.typeSets.add(0)
	b.ruleSets.add(0)
	sort.SliceStable(b.structures, func(i, j int) bool { return b.structures[i].URL < b.structures[j].URL })
	b.structures = slices.CompactFunc(b.structures, func(x, y Structure) bool { return x.URL == y.URL })

	types := b.collectTypes()
	names := b.collectNames(types)
	elements := b.buildElements()
	structs := b.buildStructs()
	typeRows, props, slots := b.buildTypes(types)
	systems, concepts, conceptID := b.buildSystems()
	valueSets, members := b.buildValueSets(conceptID)
	search := b.buildSearch()
	if b.err != nil {
		return "", b.err
	}
	if len(b.invalid) > 0 {
		return "", &InvalidError{b.invalid}
	}
	sections := [numSections][]byte{
		secStrings: b.strs, secLists: b.lists, secNames: names,
		secStructs: structs, secElements: elements,
		secTypes: typeRows, secProps: props, secSlots: slots,
		secTypeSets: b.typeSets.rows, secRuleSets: b.ruleSets.rows,
		secBindings: b.bindings.rows, secRules: b.rules.rows,
		secSystems: systems, secConcepts: concepts,
		secValueSets: valueSets, secMembers: members, secSearch: search,
		secVersion: []byte(b.Version),
	}
	out := []byte(Magic)
	at := uint32(len(Magic) + 8*numSections)
	for _, s := range sections {
		out = binary.LittleEndian.AppendUint32(out, at)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(s)))
		at += uint32(len(s))
	}
	for _, s := range sections {
		out = append(out, s...)
	}
	return string(out), nil
}

// typeSource is a type that the parsers know, and where it comes from.
type typeSource struct {
	name   string
	strct  int // structure
	elem   int // element within it
	direct []int
}

// collectTypes lists the types, by name.
func (b *Builder) collectTypes() []typeSource {
	var types []typeSource
	for si := range b.structures {
		s := &b.structures[si]
		if s.Constraint {
			continue
		}
		at := make(map[string]int) // path to type
		for ei := range s.Elements {
			e := &s.Elements[ei]
			dot := strings.LastIndexByte(e.Path, '.')
			if dot < 0 {
				at[e.Path] = len(types)
				types = append(types, typeSource{name: s.Type, strct: si, elem: ei})
				continue
			}
			parent := e.Path[:dot]
			if _, ok := at[parent]; !ok {
				pi := slices.IndexFunc(s.Elements, func(x Element) bool { return x.Path == parent })
				if pi < 0 {
					b.reject(s, "no parent of %s", e.Path)
					continue
				}
				at[parent] = len(types)
				types = append(types, typeSource{name: parent, strct: si, elem: pi})
			}
			t := &types[at[parent]]
			t.direct = append(t.direct, ei)
		}
		if len(s.Elements) == 0 {
			types = append(types, typeSource{name: s.Type, strct: si, elem: -1})
		}
	}
	sort.SliceStable(types, func(i, j int) bool { return types[i].name < types[j].name })
	types = slices.CompactFunc(types, func(x, y typeSource) bool { return x.name == y.name })
	b.typeID = make(map[string]uint16, len(types))
	for i, t := range types {
		b.typeID[t.name] = uint16(i + 1)
	}
	if len(types) >= 1<<16-1 {
		b.fail("more than %d types", 1<<16-2)
	}
	return types
}

// choiceName is the name under which a choice appears with a type:
// "valueQuantity".
func choiceName(base, code string) string {
	return base + strings.ToUpper(code[:1]) + code[1:]
}

func lastStep(path string) (name string, choice bool) {
	name = path[strings.LastIndexByte(path, '.')+1:]
	name, choice = strings.CutSuffix(name, "[x]")
	return name, choice
}

// collectNames numbers the names of elements, properties and types.
func (b *Builder) collectNames(types []typeSource) []byte {
	set := make(map[string]bool)
	set[""] = true
	for _, t := range types {
		set[t.name] = true
	}
	for si := range b.structures {
		s := &b.structures[si]
		for ei := range s.Elements {
			e := &s.Elements[ei]
			name, choice := lastStep(e.Path)
			set[name] = true
			for _, t := range e.Types {
				set[t.Code] = true
				if choice && t.Code != "" {
					set[choiceName(name, t.Code)] = true
				}
			}
		}
	}
	all := make([]string, 0, len(set))
	for n := range set {
		all = append(all, n)
	}
	sort.Strings(all)
	if len(all) >= 1<<15 {
		b.fail("more than %d names", 1<<15)
	}
	b.nameID = make(map[string]uint16, len(all))
	var rows []byte
	for i, n := range all {
		b.nameID[n] = uint16(i)
		rows = binary.LittleEndian.AppendUint32(rows, b.str(n))
	}
	return rows
}

func maxOf(s string) (uint16, bool) {
	if s == "*" {
		return Unbounded, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n >= Unbounded {
		return 0, false
	}
	return uint16(n), true
}

func strengthWord(s string) uint32 {
	switch s {
	case "required":
		return 0
	case "extensible":
		return 1
	case "preferred":
		return 2
	}
	return 3
}

// buildElements writes the rows of all elements.
func (b *Builder) buildElements() []byte {
	var out []byte
	row := 0
	for si := range b.structures {
		s := &b.structures[si]
		b.firstElem = append(b.firstElem, uint32(row))
		type open struct {
			path string
			row  int
		}
		var stack []open
		for ei := range s.Elements {
			e := &s.Elements[ei]
			parent := ""
			if dot := strings.LastIndexByte(e.Path, '.'); dot >= 0 {
				parent = e.Path[:dot]
			}
			for len(stack) > 0 && stack[len(stack)-1].path != parent {
				stack = stack[:len(stack)-1]
			}
			up := 0
			if len(stack) > 0 {
				up = row - stack[len(stack)-1].row
			} else if ei > 0 {
				b.reject(s, "no parent of %s", e.Path)
			}
			stack = append(stack, open{e.Path, row})
			out = b.appendElement(out, s, e, up, ei == 0)
			row++
		}
	}
	return out
}

func (b *Builder) appendElement(out []byte, s *Structure, e *Element, up int, root bool) []byte {
	name, choice := lastStep(e.Path)
	maxi, ok := maxOf(e.Max)
	baseMax, ok2 := maxi, true
	if e.BaseMax != "" {
		baseMax, ok2 = maxOf(e.BaseMax)
	}
	if !ok || !ok2 || e.Min < 0 || e.Min >= Unbounded || up >= 1<<16 {
		b.reject(s, "%s has cardinality %d..%s", e.Path, e.Min, e.Max)
	}
	var flags uint16
	set := func(on bool, f uint16) bool {
		if on {
			flags |= f
		}
		return on
	}
	set(root, ElemRoot)
	set(choice, ElemChoice)
	set(baseMax > 1, ElemList)
	set(e.Modifier, ElemModifier)
	set(e.Summary, ElemSummary)
	set(e.MustSupport, ElemMustSupport)
	set(slices.Contains(e.Representation, "xmlAttr"), ElemAttribute)
	var extra []uint32
	if set(e.Strength != "", ElemBinding) {
		extra = append(extra, b.bindings.add(strengthWord(e.Strength), b.str(e.ValueSet)))
	}
	if set(e.Slicing != nil, ElemSlicing) {
		rules := uint32(slices.Index([]string{"open", "closed", "openAtEnd"}, e.Slicing.Rules))
		ordered := uint32(0)
		if e.Slicing.Ordered {
			ordered = 1
		}
		words := []uint32{rules, ordered}
		for _, d := range e.Slicing.Discriminators {
			words = append(words, b.str(d[0]), b.str(d[1]))
		}
		extra = append(extra, b.list(words))
	}
	if set(e.SliceName != "", ElemSlice) {
		extra = append(extra, b.str(e.SliceName))
	}
	for _, v := range []struct {
		value Value
		flag  uint16
	}{{e.Fixed, ElemFixed}, {e.Pattern, ElemPattern}, {e.MinValue, ElemMinValue}, {e.MaxValue, ElemMaxValue}} {
		if set(v.value.Type != "", v.flag) {
			extra = append(extra, b.str(v.value.Type), b.str(v.value.JSON))
		}
	}
	if set(e.ContentReference != "", ElemReference) {
		extra = append(extra, b.str(e.ContentReference))
	}
	more, words := uint32(0), []uint32(nil)
	if e.MaxLength > 0 {
		more |= ExtraMaxLength
		words = append(words, uint32(e.MaxLength))
	}
	if len(e.Conditions) > 0 {
		more |= ExtraConditions
		words = append(words, b.strList(e.Conditions))
	}
	if rep := slices.DeleteFunc(slices.Clone(e.Representation), func(r string) bool { return r == "xmlAttr" }); len(rep) > 0 {
		more |= ExtraRepresentation
		words = append(words, b.strList(rep))
	}
	if baseMax != maxi {
		more |= ExtraBaseMax
		words = append(words, uint32(baseMax))
	}
	if set(more != 0, ElemMore) {
		extra = append(append(extra, more), words...)
	}
	out = binary.LittleEndian.AppendUint16(out, b.nameID[name])
	out = binary.LittleEndian.AppendUint16(out, flags)
	out = binary.LittleEndian.AppendUint16(out, uint16(up))
	out = binary.LittleEndian.AppendUint16(out, uint16(e.Min))
	out = binary.LittleEndian.AppendUint16(out, maxi)
	out = binary.LittleEndian.AppendUint16(out, b.typeSet(e))
	out = binary.LittleEndian.AppendUint16(out, b.ruleSet(e))
	return binary.LittleEndian.AppendUint32(out, b.list(extra))
}

func (b *Builder) typeSet(e *Element) uint16 {
	if len(e.Types) == 0 {
		return 0
	}
	var words []uint32
	for _, t := range e.Types {
		words = append(words, uint32(b.nameID[t.Code]), b.strList(t.Profiles), b.strList(t.Targets))
	}
	i := b.typeSets.add(b.list(words))
	if i >= 1<<16 {
		b.fail("too many distinct lists of types")
	}
	return uint16(i)
}

func (b *Builder) ruleSet(e *Element) uint16 {
	if len(e.Rules) == 0 {
		return 0
	}
	var words []uint32
	for _, r := range e.Rules {
		flags := uint32(0)
		if r.Severity == "warning" {
			flags |= 1
		}
		if r.BestPractice {
			flags |= 2
		}
		words = append(words, b.rules.add(b.str(r.Key), b.str(r.Expression), flags))
	}
	i := b.ruleSets.add(b.list(words))
	if i >= 1<<16 {
		b.fail("too many distinct lists of constraints")
	}
	return uint16(i)
}

func kindOf(s *Structure) uint8 {
	switch s.Kind {
	case "primitive-type":
		return KindPrimitive
	case "resource":
		return KindResource
	case "logical":
		return KindLogical
	}
	return KindComplex
}

func (b *Builder) buildStructs() []byte {
	var out []byte
	b.structID = make(map[string]uint32, len(b.structures))
	for i := range b.structures {
		s := &b.structures[i]
		b.structID[s.URL] = uint32(i)
		var contexts []uint32
		for _, c := range s.Contexts {
			contexts = append(contexts, b.str(c[0]), b.str(c[1]))
		}
		for _, w := range []uint32{
			b.str(s.URL), b.str(s.Version), b.str(s.Name), b.str(s.Type), b.str(s.Base),
			b.firstElem[i], uint32(len(s.Elements)), b.list(contexts), 0,
		} {
			out = binary.LittleEndian.AppendUint32(out, w)
		}
		flags := uint16(0)
		if s.Constraint {
			flags |= 1
		}
		if s.Abstract {
			flags |= 2
		}
		out = binary.LittleEndian.AppendUint16(out, uint16(kindOf(s)))
		out = binary.LittleEndian.AppendUint16(out, flags)
	}
	return out
}

// property is one row of the property section before it is written.
type property struct {
	text            string
	base, typ, elem uint16
	ord, flags      uint8
}

func (b *Builder) buildTypes(types []typeSource) (rows, props, slots []byte) {
	isKind := make(map[string]uint8, len(types))
	for _, t := range types {
		if t.elem <= 0 {
			isKind[t.name] = kindOf(&b.structures[t.strct])
		}
	}
	for _, t := range types {
		s := &b.structures[t.strct]
		var list []property
		var required [2]uint64
		ord := 0
		for _, ei := range t.direct {
			e := &s.Elements[ei]
			name, choice := lastStep(e.Path)
			if e.Max == "0" || kindOf(s) == KindPrimitive && name == "value" {
				continue
			}
			if e.SliceName != "" {
				continue
			}
			if ord > 127 {
				b.reject(s, "%s has more than 128 elements", t.name)
				break
			}
			if e.Min > 0 {
				required[ord/64] |= 1 << (ord % 64)
			}
			list = append(list, b.properties(s, e, ei, name, choice, uint8(ord), isKind)...)
			ord++
		}
		kind, abstract, base := uint8(KindBackbone), false, ""
		if t.elem <= 0 {
			kind, abstract = kindOf(s), s.Abstract
			base = s.Base[strings.LastIndexByte(s.Base, '/')+1:]
		} else if ts := s.Elements[t.elem].Types; len(ts) > 0 {
			base = ts[0].Code
		}
		table, seed := hashProps(list)
		mask := 0
		if len(table) > 0 {
			mask = len(table) - 1
		}
		elem := b.firstElem[t.strct]
		if t.elem > 0 {
			elem += uint32(t.elem)
		}
		for _, w := range []uint32{b.str(t.name), uint32(t.strct), elem, uint32(len(props) / propRow), uint32(len(slots)), seed} {
			rows = binary.LittleEndian.AppendUint32(rows, w)
		}
		for _, w := range []uint16{uint16(len(list)), uint16(mask), b.typeID[base], b.nameID[t.name], uint16(ord)} {
			rows = binary.LittleEndian.AppendUint16(rows, w)
		}
		rows = append(rows, kind, b2u(abstract))
		rows = binary.LittleEndian.AppendUint64(rows, required[0])
		rows = binary.LittleEndian.AppendUint64(rows, required[1])
		prim := uint32(PrimNone)
		if kind == KindPrimitive {
			prim = uint32(primitive(t.name))
		}
		rows = binary.LittleEndian.AppendUint32(rows, prim)
		for _, p := range list {
			props = binary.LittleEndian.AppendUint32(props, b.str(p.text))
			props = binary.LittleEndian.AppendUint16(props, p.base)
			props = binary.LittleEndian.AppendUint16(props, p.typ)
			props = append(props, p.ord, p.flags)
			props = binary.LittleEndian.AppendUint32(props, b.firstElem[t.strct]+uint32(p.elem))
		}
		for _, slot := range table {
			slots = binary.LittleEndian.AppendUint16(slots, slot)
		}
	}
	return rows, props, slots
}

func b2u(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}

// properties lists the names under which an element appears in its parent.
func (b *Builder) properties(s *Structure, e *Element, ei int, name string, choice bool, ord uint8, isKind map[string]uint8) []property {
	var flags uint8
	if m := e.BaseMax; m == "" && e.Max != "1" || m != "" && m != "1" && m != "0" {
		flags |= PropList
	}
	if e.Min > 0 {
		flags |= PropRequired
	}
	if slices.Contains(e.Representation, "xmlAttr") {
		flags |= PropAttribute
	}
	one := func(text, typ string, more uint8) property {
		id := b.typeID[typ]
		if id == 0 {
			b.reject(s, "%s has the unknown type %q", e.Path, typ)
		}
		if isKind[typ] == KindPrimitive {
			more |= PropPrimitive
		}
		if typ == "Resource" || typ == "DomainResource" {
			more |= PropResource
		}
		return property{text, b.nameID[name], id, uint16(ei), ord, flags | more}
	}
	if e.ContentReference != "" {
		_, path, _ := strings.Cut(e.ContentReference, "#")
		return []property{one(name, path, 0)}
	}
	if b.typeID[e.Path] != 0 { // has children of its own
		return []property{one(name, e.Path, 0)}
	}
	var list []property
	for _, t := range e.Types {
		if choice && t.Code != "" {
			list = append(list, one(choiceName(name, t.Code), t.Code, PropChoice))
		} else {
			list = append(list, one(name, t.Code, 0))
			break
		}
	}
	return list
}

// hashProps makes the hash slots of a type, with the seed of the fewest
// collisions among the first ones.
func hashProps(list []property) (best []uint16, bestSeed uint32) {
	if len(list) == 0 {
		return nil, 0
	}
	size := 1 << bits.Len(uint(2*len(list)-1))
	bestCost := -1
	for seed := range uint32(200) {
		table, cost := make([]uint16, size), 0
		for i, p := range list {
			lo, hi := Ends(p.text)
			h := Hash(lo, hi, len(p.text), seed) & uint32(size-1)
			for table[h] != 0 {
				h = (h + 1) & uint32(size-1)
				cost++
			}
			table[h] = uint16(i + 1)
		}
		if bestCost < 0 || cost < bestCost {
			best, bestSeed, bestCost = table, seed, cost
		}
		if cost == 0 {
			break
		}
	}
	return best, bestSeed
}
