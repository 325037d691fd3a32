package tofhir

import (
	"sort"

	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

// key tells the instances of a list element apart: the number that the table
// gives it, the repetition of the v2 field and the segment it comes from.
type key struct {
	scope int32
	rep   int32
	num   uint8
}

// node is one element of the output. Nodes lie in one slice; children are a
// linked list in the order of the element definitions.
type node struct {
	name  mapping.Str
	order uint16
	prim  mapping.Prim
	list  bool
	has   bool // a value
	kept  bool // see decideKept
	long  bool // its children are in conversion.places
	key   key

	child, last, next int32
	parent, owner     int32 // node and resource around it

	val  span  // of conversion.text
	res  int32 // referenced resource + 1
	row  int32 // row that wrote it, -1 none; target rows are -2-n
	leaf int32 // leaf it came from, -1 none
}

// resource is one resource of the output.
type resource struct {
	typ     mapping.Str
	num     uint8
	content bool  // holds something of the message
	cast    bool  // made behind a reference, not by the message table
	root    int32 // node
	seg     int32 // segment that made it
	scope   int32 // group instance within which it is one
	same    int32 // the resource it repeats, or itself
	merged  bool  // whether it repeats one is known
	id      [36]byte
	hasID   bool
}

func (c *conversion) newNode(n node) int32 {
	c.nodes = append(c.nodes, n)
	return int32(len(c.nodes) - 1)
}

// kind lists the resources of one type that the message table made, in the
// order of the segments that they are for.
type kind struct {
	typ  mapping.Str
	list []int32
}

// ofType returns the resources of a type that the message table made.
func (c *conversion) ofType(typ mapping.Str) []int32 {
	for i := range c.kinds {
		if c.kinds[i].typ == typ {
			return c.kinds[i].list
		}
	}
	return nil
}

// madeBy returns those of them that a segment made, and how many there are up
// to the last of these.
func (c *conversion) madeBy(seg int32, typ mapping.Str) (mine []int32, before int) {
	list := c.ofType(typ)
	before = len(list)
	if before > 0 && c.resources[list[before-1]].seg > seg {
		before = sort.Search(before, func(k int) bool { return c.resources[list[k]].seg > seg })
	}
	first := before
	for first > 0 && c.resources[list[first-1]].seg == seg {
		first--
	}
	return list[first:before], before
}

// enlist adds a resource to those of its type.
func (c *conversion) enlist(r int32) {
	typ := c.resources[r].typ
	for i := range c.kinds {
		if c.kinds[i].typ == typ {
			c.kinds[i].list = append(c.kinds[i].list, r)
			return
		}
	}
	n := len(c.kinds)
	if n < cap(c.kinds) {
		c.kinds = c.kinds[:n+1] // with the memory of the message before
	} else {
		c.kinds = append(c.kinds, kind{})
	}
	c.kinds[n].typ, c.kinds[n].list = typ, append(c.kinds[n].list[:0], r)
}

func (c *conversion) newResource(typ mapping.Str, num uint8, seg, scope int32, cast bool) int32 {
	root := c.newNode(node{name: typ, child: -1, last: -1, next: -1, parent: -1, owner: int32(len(c.resources)), row: -1, leaf: -1})
	c.resources = append(c.resources, resource{typ: typ, num: num, root: root, seg: seg, scope: scope, cast: cast, same: int32(len(c.resources))})
	r := int32(len(c.resources) - 1)
	if !cast {
		c.enlist(r)
	}
	return r
}

// longList is how many children an element may have that are found by looking
// at each. Those of an element with more are found by place.
const longList = 48

// place names a child of an element: by its order, its name and, in a list,
// its key; or the last one of an order.
type place struct {
	parent int32
	order  uint16
	name   mapping.Str
	key    key
	tail   bool
}

// element finds the child element of a node that a step names, and makes it
// if it is not there.
func (c *conversion) element(parent int32, st *mapping.Step, k key) int32 {
	prev := int32(-1)
	at := c.nodes[parent].child
	if last := c.nodes[parent].last; last >= 0 && c.nodes[last].order < st.Order {
		prev, at = last, -1
	} else if c.nodes[parent].long {
		here := place{parent: parent, order: st.Order, name: st.Name}
		if st.Array {
			here.key = k
		}
		if n, ok := c.places[here]; ok {
			return n
		}
		if n, ok := c.places[place{parent: parent, order: st.Order, tail: true}]; ok {
			prev, at = n, c.nodes[n].next
		}
	}
	passed := 0
	for at >= 0 {
		n := &c.nodes[at]
		if n.order > st.Order {
			break
		}
		if n.order == st.Order && n.name == st.Name && (!st.Array || n.key == k) {
			return at
		}
		prev, at = at, n.next
		passed++
	}
	fresh := c.newNode(node{name: st.Name, order: st.Order, prim: st.Prim, list: st.Array, key: k, child: -1, last: -1, next: at, parent: parent, owner: c.nodes[parent].owner, row: -1, leaf: -1})
	if prev < 0 {
		c.nodes[parent].child = fresh
	} else {
		c.nodes[prev].next = fresh
	}
	if at < 0 {
		c.nodes[parent].last = fresh
	}
	switch {
	case c.nodes[parent].long:
		c.putPlace(fresh)
	case passed > longList:
		c.nodes[parent].long = true
		for n := c.nodes[parent].child; n >= 0; n = c.nodes[n].next {
			c.putPlace(n)
		}
	}
	return fresh
}

// putPlace makes a child of an element with long lists known by its key.
func (c *conversion) putPlace(n int32) {
	if c.places == nil {
		c.places = make(map[place]int32)
	}
	nd := &c.nodes[n]
	at := place{parent: nd.parent, order: nd.order, name: nd.name}
	if nd.list {
		at.key = nd.key
	}
	c.places[at] = n
	c.places[place{parent: nd.parent, order: nd.order, tail: true}] = n
}

// decideKept marks the nodes that are written out: those with a value or a
// reference to a resource that is, and all above them. An extension needs
// more than its url. Children come after their parents, so one pass from the
// end is enough.
func (c *conversion) decideKept() {
	for i := len(c.nodes) - 1; i >= 0; i-- {
		n := &c.nodes[i]
		n.kept = n.kept || n.has || n.res > 0 && c.resources[n.res-1].content
		if n.kept && n.parent >= 0 {
			if p := &c.nodes[n.parent]; p.name != c.conv.strExtension || n.name != c.conv.strURL {
				p.kept = true
			}
		}
	}
}

// equal compares two nodes with all below them; references are equal when
// the resources are the same.
func (c *conversion) equal(a, b int32) bool {
	x, y := &c.nodes[a], &c.nodes[b]
	if x.name != y.name || x.has != y.has || (x.res > 0) != (y.res > 0) {
		return false
	}
	if x.has && string(c.text[x.val.lo:x.val.hi]) != string(c.text[y.val.lo:y.val.hi]) {
		return false
	}
	if x.res > 0 && c.resources[x.res-1].same != c.resources[y.res-1].same {
		return false
	}
	p, q := x.child, y.child
	for p >= 0 && q >= 0 {
		if !c.equal(p, q) {
			return false
		}
		p, q = c.nodes[p].next, c.nodes[q].next
	}
	return p < 0 && q < 0
}
