package schema

import (
	"cmp"
	"slices"
	"sort"
	"sync"
)

// plan is a version's facts in the form in which validation asks for them:
// rows that name each other by their index, and codes as numbers. It is made
// when the version is first validated by, and not changed after that.
type plan struct {
	f        *file
	segments []segmentRow
	slots    [512]uint16 // open hash table: segments by id, from 1
	elements []elementRow
	types    []typeRow
	named    []namedType // the types that OBX-2 may name, by name
	tables   []tableRow
	keys     []uint64 // of all codes, in the order of the file
}

type segmentRow struct {
	id       uint32
	first    uint16 // element
	fields   uint16
	required fieldSet
	header   bool // its first two fields declare delimiters
}

// fieldSet has bit n for field or component n. Nothing that a version
// requires has a number above 63.
type fieldSet uint64

type elementRow struct {
	length        uint32 // 0 for no limit
	typ           uint16
	max           uint16 // 0 for no limit
	number, table uint16 // the number of its table, and the row where the table is closed or suggests codes
	usage         Usage  // 'X' for a number that the version does not define
}

type typeRow struct {
	name       string
	first      uint16 // element
	components uint16 // 0 for a primitive type
	required   fieldSet
	form       form
	isID       bool // its codes are those of HL7, and no others
	isCoded    bool // its third component names the system of the code in the first
	isTS       bool // whose first component has the form of DTM, which is no more in itself inside another type
}

// The first rows of types.
const (
	noType     = 0 // of which nothing is known
	variesType = 1 // named by another field
)

// form is how the text of a primitive type is checked.
type form uint8

const (
	anyForm form = iota
	numberForm
	sequenceForm
	dateForm
	timeForm
	momentForm
)

func formOf(typ string) form {
	switch typ {
	case "NM":
		return numberForm
	case "SI":
		return sequenceForm
	case "DT":
		return dateForm
	case "TM":
		return timeForm
	case "TS", "DTM":
		return momentForm
	}
	return anyForm
}

type namedType struct {
	key uint64
	typ uint16
}

type tableRow struct {
	row         uint16 // in the file
	first, last uint32 // keys
	long        bool   // it has codes that are longer than their keys
}

// plans holds those that have been made, in the order of names.
var plans [len(names)]struct {
	once sync.Once
	p    *plan
}

// planOf returns the plan of version i.
func planOf(i int) *plan {
	x := &plans[i]
	x.once.Do(func() { x.p = makePlan(opened(i), names[i] < "2.7") })
	return x.p
}

// plan returns the version's plan; it has one if Lookup knows it.
func (v Version) plan() *plan {
	for i, name := range names {
		if name == v.name {
			return planOf(i)
		}
	}
	return new(plan)
}

// makePlan resolves the names in a version's facts. Without limits the
// lengths of the facts are left out.
func makePlan(f *file, limits bool) *plan {
	p := &plan{f: f, types: []typeRow{noType: {}, variesType: {name: "Varies"}}}
	for i := range f.types.len() {
		p.types = append(p.types, typeRow{name: f.types.str(i, 0), first: uint16(f.types.u16(i, 8)), components: uint16(f.types.u16(i, 10))})
	}
	rows := make(map[string]uint16, len(p.types))
	for i, t := range p.types {
		rows[t.name] = uint16(i)
	}
	typ := func(name string) uint16 {
		i, ok := rows[name]
		if !ok { // a primitive type without a row in the file
			i = uint16(len(p.types))
			rows[name] = i
			p.types = append(p.types, typeRow{name: name})
		}
		return i
	}
	for i := range f.types.len() {
		p.name(f.types.str(i, 0), typ)
	}
	for _, name := range primitives {
		p.name(name, typ)
	}
	slices.SortFunc(p.named, func(a, b namedType) int { return cmp.Compare(a.key, b.key) })
	p.makeTables()
	p.elements = make([]elementRow, f.elements.len())
	for i := range p.elements {
		e := Element{f, i}
		row := elementRow{typ: typ(e.Type()), max: uint16(e.Max()), number: uint16(e.Table()), usage: e.Usage()}
		if limits {
			row.length = uint32(e.Length())
		}
		row.table = p.tableRow(e.Table())
		p.elements[i] = row
	}
	for i := range p.types {
		t := &p.types[i]
		t.form, t.isID, t.isTS = formOf(t.name), t.name == "ID", t.name == "TS"
		t.isCoded = t.name == "CE" || t.name == "CWE" || t.name == "CNE" || t.name == "CF"
		t.required = p.required(t.first, t.components)
	}
	p.makeSegments()
	return p
}

// primitives are the types that OBX-2 may name although not every version's
// facts have a row for them, having no components to list.
var primitives = [...]string{"ST", "TX", "FT", "NM", "SI", "DT", "TM", "TS", "DTM", "ID", "IS", "TN", "GTS", "SNM"}

// name lets OBX-2 name a type.
func (p *plan) name(name string, typ func(string) uint16) {
	if len(name) <= 8 {
		p.named = append(p.named, namedType{packed(name), typ(name)})
	}
}

// typeNamed returns the row of a type that OBX-2 may name, noType for others.
func (p *plan) typeNamed(name []byte) uint16 {
	if len(name) > 8 {
		if i, ok := p.f.types.find(string(name), 0, p.f.types.len()); ok {
			return uint16(variesType + 1 + i)
		}
		return noType
	}
	key := packed(name)
	i := sort.Search(len(p.named), func(i int) bool { return p.named[i].key >= key })
	if i == len(p.named) || p.named[i].key != key || p.types[p.named[i].typ].name != string(name) {
		return noType
	}
	return p.named[i].typ
}

func (p *plan) makeSegments() {
	f := p.f
	p.segments = make([]segmentRow, f.segments.len())
	for i := range p.segments {
		s := Segment{f, i}
		id := s.ID()
		row := segmentRow{id: segmentKey(id), first: uint16(f.segments.u16(i, 8)), fields: uint16(s.NumFields()), header: id == "MSH" || id == "FHS" || id == "BHS"}
		row.required = p.required(row.first, row.fields)
		if row.header {
			row.required &^= 1<<1 | 1<<2
		}
		p.segments[i] = row
		slot := slotOf(row.id)
		for p.slots[slot] != 0 {
			slot = (slot + 1) % len(p.slots)
		}
		p.slots[slot] = uint16(i + 1)
	}
}

// required returns the elements that must be there.
func (p *plan) required(first, count uint16) (set fieldSet) {
	for i, e := range p.elements[first:][:count] {
		if e.usage == Required {
			set |= 1 << (i + 1)
		}
	}
	return set
}

// segmentKey packs a segment id, which is of three bytes.
func segmentKey[T string | []byte](id T) uint32 {
	return uint32(id[0])<<16 | uint32(id[1])<<8 | uint32(id[2])
}

// slotOf is where the search for a segment begins.
func slotOf(id uint32) int { return int(id * 0x9e3779b1 >> 23) }

// segment returns the row of a segment by its packed id, nil if the version
// has none.
func (p *plan) segment(id uint32) *segmentRow {
	for slot := slotOf(id); p.slots[slot] != 0; slot = (slot + 1) % len(p.slots) {
		if s := &p.segments[p.slots[slot]-1]; s.id == id {
			return s
		}
	}
	return nil
}

// makeTables packs the codes of the tables that values can be checked by.
// Row 0 of tables stands for all others.
func (p *plan) makeTables() {
	f := p.f
	p.keys = make([]uint64, f.codes.len())
	for i := range p.keys {
		p.keys[i] = packed(f.codes.str(i, 0))
	}
	p.tables = make([]tableRow, 1, f.tables.len()+1)
	for i := range f.tables.len() {
		t := Table{f, i}
		if t.Len() == 0 || t.Open() {
			continue
		}
		first := f.tables.u32(i, 4)
		row := tableRow{row: uint16(i), first: first, last: first + uint32(t.Len())}
		for k := row.first; k < row.last; k++ {
			row.long = row.long || len(f.codes.str(int(k), 0)) > 8
		}
		p.tables = append(p.tables, row)
	}
}

// tableRow returns the row of a table by its number.
func (p *plan) tableRow(number int) uint16 {
	i := sort.Search(len(p.tables)-1, func(i int) bool { return p.f.tables.u16(int(p.tables[i+1].row), 8) >= number }) + 1
	if i == len(p.tables) || p.f.tables.u16(int(p.tables[i].row), 8) != number {
		return 0
	}
	return uint16(i)
}

// packed makes a number of the first eight bytes of a code, in the order of
// bytes.
func packed[T string | []byte](code T) (key uint64) {
	for i := range min(len(code), 8) {
		key |= uint64(code[i]) << (56 - 8*i)
	}
	return key
}

// code returns where the file has a code of a table. The key is that of the
// code.
func (p *plan) code(t *tableRow, key uint64, code []byte) (at int, ok bool) {
	lo, hi := t.first, t.last
	for lo < hi {
		if mid := (lo + hi) / 2; p.keys[mid] < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	switch {
	case lo == t.last || p.keys[lo] != key || len(code) == 0:
		return 0, false
	case !t.long && len(code) <= 8 && code[len(code)-1] != 0: // a zero byte looks like the end
		return int(lo), true
	}
	// Codes with the same beginning follow each other.
	for ; lo < t.last && p.keys[lo] == key; lo++ {
		if p.f.codes.str(int(lo), 0) == string(code) {
			return int(lo), true
		}
	}
	return 0, false
}
