package schema

import (
	_ "embed"
	"sort"
	"sync"
)

// The embedded files have little-endian numbers. strings.facts is the pool: a
// string is found by its offset and begins with a byte that is its length.
// Each version's file has eight sections, each a 32-bit count and its records:
//
//	segments    id, name string; first element, elements uint16
//	types       id, name string; first element, elements uint16
//	elements    name, type string; usage, length uint32; repetitions, table uint16
//	structures  id string; first node uint32
//	nodes       name string; kind, min, max, size uint16; in preorder; 256 is
//	            added to the kind of a group that may repeat although what
//	            comes behind it may begin with the same segment
//	events      event, structure id string
//	tables      name string; first code uint32; number, codes uint16
//	codes       value, display string
//
// Segments, types, structures and events are sorted by their first string,
// tables by number, the codes of a table by value.

var (
	//go:embed facts/strings.facts
	pool string
	//go:embed facts/2.1.facts
	facts21 string
	//go:embed facts/2.2.facts
	facts22 string
	//go:embed facts/2.3.facts
	facts23 string
	//go:embed facts/2.3.1.facts
	facts231 string
	//go:embed facts/2.4.facts
	facts24 string
	//go:embed facts/2.5.facts
	facts25 string
	//go:embed facts/2.5.1.facts
	facts251 string
	//go:embed facts/2.6.facts
	facts26 string
	//go:embed facts/2.7.facts
	facts27 string
	//go:embed facts/2.7.1.facts
	facts271 string
	//go:embed facts/2.8.facts
	facts28 string
	//go:embed facts/2.8.1.facts
	facts281 string
	//go:embed facts/2.8.2.facts
	facts282 string
)

// section is a sequence of records of one size.
type section struct {
	data string
	size int
}

// The sizes of the records, in the order of the sections.
const (
	namedSize     = 12 // segments and types
	elementSize   = 20
	structureSize = 8
	nodeSize      = 12
	eventSize     = 8
	tableSize     = 12
	codeSize      = 8
)

// file is one version's sections.
type file struct {
	segments, types, elements, structures, nodes, events, tables, codes section
}

// cache holds the versions that have been opened, in the order of names.
var cache [len(names)]struct {
	once sync.Once
	f    file
}

// nothing is the file of the zero Version, and of all that is not found.
var nothing = file{
	segments: section{"", namedSize}, types: section{"", namedSize}, elements: section{"", elementSize}, structures: section{"", structureSize},
	nodes: section{"", nodeSize}, events: section{"", eventSize}, tables: section{"", tableSize}, codes: section{"", codeSize},
}

// facts are the sections of f; a zero value has none, and nothing in them.
func (f *file) facts() *file {
	if f == nil {
		return &nothing
	}
	return f
}

// opened returns version i, opening it the first time.
func opened(i int) *file {
	c := &cache[i]
	c.once.Do(func() {
		c.f = open([...]string{facts21, facts22, facts23, facts231, facts24, facts25, facts251, facts26, facts27, facts271, facts28, facts281, facts282}[i])
	})
	return &c.f
}

// open cuts a version's file into its sections.
func open(data string) file {
	next := func(size int) section {
		n := int(u32(data, 0)) * size
		s := section{data[4 : 4+n], size}
		data = data[4+n:]
		return s
	}
	return file{
		segments: next(namedSize), types: next(namedSize), elements: next(elementSize), structures: next(structureSize),
		nodes: next(nodeSize), events: next(eventSize), tables: next(tableSize), codes: next(codeSize),
	}
}

func (s section) len() int { return len(s.data) / s.size }

// u32 reads a number of record i, 0 where there is no such record.
func (s section) u32(i, offset int) uint32 {
	at := i*s.size + offset
	if at+4 > len(s.data) {
		return 0
	}
	return u32(s.data, at)
}

func (s section) u16(i, offset int) int {
	at := i*s.size + offset
	if at+2 > len(s.data) {
		return 0
	}
	return int(s.data[at]) | int(s.data[at+1])<<8
}

// str reads a string of record i; the pool begins with the empty one.
func (s section) str(i, offset int) string {
	at := s.u32(i, offset)
	return pool[at+1 : at+1+uint32(pool[at])]
}

// find returns the record between from and to whose first string is key.
func (s section) find(key string, from, to int) (int, bool) {
	i := from + sort.Search(to-from, func(i int) bool { return s.str(from+i, 0) >= key })
	return i, i < to && s.str(i, 0) == key
}

func u32(s string, at int) uint32 {
	return uint32(s[at]) | uint32(s[at+1])<<8 | uint32(s[at+2])<<16 | uint32(s[at+3])<<24
}
