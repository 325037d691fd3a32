package fhir

import (
	"sync"
)

// Tree is a parsed resource: a flat array of small nodes over the text they
// were read from. Reading it is safe from many goroutines.
//
// Strings that a tree returns stay valid for ever. Nodes are valid until
// Release.
type Tree struct {
	defs   *Definitions
	src    string // padded; the input is src[:size]
	size   int
	format Format
	nodes  []node
	apart  []apart  // children that are not directly behind their parent, by node
	names  []string // that the definitions do not have
	lent   []lent   // declarations that narratives use and do not have, in the order of the source
	issues []Issue

	scattered bool // some repetitions are not together
	work      work
}

// work is what a parse needs for itself; it is kept for the next one.
type work struct {
	scratch  []byte
	attrs    []attribute // of the newest start tag
	bindings []binding   // namespace prefixes in scope
	open     []tag       // elements of the narrative that is being read
}

// node is one element. Its children follow it directly, each behind the
// subtree of the one before, unless it is listed in Tree.apart.
type node struct {
	off, len uint32 // of the value in the source
	next     uint32 // the node behind the subtree
	parent   uint32
	index    uint32 // among the repetitions; noIndex outside of lists
	prop     uint32 // row of the property + 1, 0 unknown
	typ      uint16 // id of the type, 0 unknown
	name     uint16 // id of the element's name
	flags    uint16
	kind     NodeKind
}

const noIndex = 1<<32 - 1

// lent is the namespace declarations that the narrative at an offset needs to
// stand alone: ` xmlns:h="..."`.
type lent struct {
	off  uint32
	text string
}

// Flags of nodes.
const (
	flagKids      = 1 << iota // children follow
	flagApart                 // children are in Tree.apart
	flagEscaped               // the value has escapes
	flagNoValue               // a primitive without a value
	flagArray                 // is or was written within a JSON array
	flagSplit                 // "name" and "_name" do not stand together
	flagReverse               // "_name" stands first
	flagTypeLater             // resourceType is not the first member
	flagUnknown               // not an element of its parent
	flagNull                  // written as null
	flagTyped                 // its resourceType was read
	flagBare                  // a string without quotes
	flagInherits              // a narrative with namespaces that are declared around it, in Tree.lent
	flagControl               // has escapes of what FHIR forbids: control characters, half a surrogate pair
)

// apart is a run of children that stands away from its parent.
type apart struct{ node, first, end uint32 }

// NodeKind says what a node is.
type NodeKind uint8

// The kinds of node.
const (
	Complex NodeKind = iota // an element with children, or a resource
	Text                    // a primitive that is a string in JSON
	Number
	Boolean
	Array // an array within an array, in plain JSON only

	markNode NodeKind = 0xFF // where the other half of a primitive was written; never visible
)

var treePool = sync.Pool{New: func() any { return new(Tree) }}

// newTree takes a tree from the pool.
func newTree(d *Definitions) *Tree {
	t := treePool.Get().(*Tree)
	t.defs = d
	return t
}

// Release gives the memory of the tree back for the next one. Neither the
// tree nor its nodes may be used afterwards. Calling it is optional.
func (t *Tree) Release() {
	// Nothing may keep the source alive.
	clear(t.names[:cap(t.names)])
	w := &t.work
	clear(w.attrs[:cap(w.attrs)])
	clear(w.bindings[:cap(w.bindings)])
	clear(w.open[:cap(w.open)])
	*t = Tree{nodes: t.nodes[:0], apart: t.apart[:0], names: t.names[:0],
		work: work{w.scratch[:0], w.attrs[:0], w.bindings[:0], w.open[:0]}}
	treePool.Put(t)
}

// Root returns the top node.
func (t *Tree) Root() Node { return Node{t, 0} }

// Len returns the number of nodes; the ordinals of nodes are below it.
func (t *Tree) Len() int { return len(t.nodes) }

// At returns the node with an ordinal.
func (t *Tree) At(ordinal int) Node { return Node{t, uint32(ordinal)} }

// Definitions returns the definitions that the tree was read by.
func (t *Tree) Definitions() *Definitions { return t.defs }

// Format returns the encoding that the tree was read from.
func (t *Tree) Format() Format { return t.format }

// Source returns the text that the tree was read from.
func (t *Tree) Source() string { return t.src[:t.size] }

// Issues returns what the parser found, in the order of the input. The
// caller must not change it.
func (t *Tree) Issues() []Issue { return t.issues }

// Position returns the line and column, both from 1, of a byte offset in the
// source. Columns count characters. It reads the source up to the offset.
func (t *Tree) Position(offset int) (line, col int) { return position(t.Source(), offset) }

// NameID returns the id of a name in this tree, 0 if no node can have it.
// Ids of names that the definitions know are the same in every tree.
func (t *Tree) NameID(name string) NameID {
	if id := t.defs.NameID(name); id != 0 {
		return id
	}
	for i, n := range t.names {
		if n == name {
			return NameID(t.defs.t.NumNames() + 1 + i)
		}
	}
	return 0
}

// Name returns the name with an id in this tree.
func (t *Tree) Name(id NameID) string {
	if n := t.defs.t.NumNames(); int(id) > n {
		return t.names[int(id)-n-1]
	}
	return t.defs.Name(id)
}

// kids returns the range of a node's children.
func (t *Tree) kids(i uint32) (first, end uint32) {
	n := &t.nodes[i]
	switch {
	case n.flags&flagKids != 0:
		return i + 1, n.next
	case n.flags&flagApart != 0:
		lo, hi := 0, len(t.apart)
		for lo < hi {
			mid := (lo + hi) / 2
			if t.apart[mid].node < i {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return t.apart[lo].first, t.apart[lo].end
	}
	return 0, 0
}
