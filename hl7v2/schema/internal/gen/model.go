package main

import "maps"

// facts are what is known of one version of HL7 v2.
type facts struct {
	version    string
	segments   map[string]*segment
	types      map[string]*dataType
	structures map[string]*node  // by id: ADT_A01
	events     map[string]string // trigger event ADT_A04 to structure ADT_A01
	tables     map[int]*table
	lossy      bool // the source has only some of the structures
}

type segment struct {
	name   string
	fields []*element // a nil element is a number that the version skips
}

type dataType struct {
	name       string
	components []*element
}

// element is a field of a segment or a component of a data type.
type element struct {
	name     string
	typ      string // "Varies" where another field names it; empty if withdrawn
	usage    byte   // R required, O optional, C conditional, B backward, W withdrawn
	max      int    // repetitions, 0 for no limit
	length   int    // in characters, 0 where none is stated
	table    int    // 0 for none
	optional int    // hl7-dictionary's own code
}

func (e *element) min() int {
	if e.usage == 'R' {
		return 1
	}
	return 0
}

// node is a segment, group or choice in a message structure.
type node struct {
	name     string
	kind     byte // s segment, g group, c choice
	min, max int  // max 0 for no limit
	children []*node

	ambiguous bool // see markAmbiguous
}

// visit calls fn for the node and all below it.
func (n *node) visit(fn func(*node)) {
	fn(n)
	for _, c := range n.children {
		c.visit(fn)
	}
}

// firsts adds the segments that a node may begin with, and reports whether it
// may be left out.
func (n *node) firsts(set map[string]bool) (empty bool) {
	if n.kind == 's' {
		set[n.name] = true
		return n.min == 0
	}
	empty = n.kind == 'g'
	for _, c := range n.children {
		e := c.firsts(set)
		if n.kind == 'c' {
			empty = empty || e
		} else if !e {
			empty = false
			break
		}
	}
	return empty || n.min == 0
}

// markAmbiguous finds the groups that may repeat although what comes behind
// them may begin with the same segment. follow is what may come behind n.
func (n *node) markAmbiguous(follow map[string]bool) {
	for i, c := range n.children {
		behind, empty := make(map[string]bool), n.kind == 'g'
		for _, next := range n.children[i+1:] {
			if empty = empty && next.firsts(behind); !empty {
				break
			}
		}
		if empty || n.kind == 'c' {
			maps.Copy(behind, follow)
			if n.max != 1 {
				n.firsts(behind)
			}
		}
		if c.kind == 's' {
			continue
		}
		again := make(map[string]bool)
		c.firsts(again)
		for id := range again {
			c.ambiguous = c.ambiguous || c.kind == 'g' && c.max != 1 && behind[id]
		}
		c.markAmbiguous(behind)
	}
}

type table struct {
	name  string
	codes []code
}

type code struct{ value, display string }

func newFacts(version string) *facts {
	return &facts{
		version: version, segments: make(map[string]*segment), types: make(map[string]*dataType),
		structures: make(map[string]*node), events: make(map[string]string), tables: make(map[int]*table),
	}
}

func (f *facts) fieldCount() int {
	n := 0
	for _, s := range f.segments {
		for _, e := range s.fields {
			if e != nil {
				n++
			}
		}
	}
	return n
}

// field returns a field by segment and number, or nil.
func (f *facts) field(id string, n int) *element {
	s := f.segments[id]
	if s == nil || n < 1 || n > len(s.fields) {
		return nil
	}
	return s.fields[n-1]
}
