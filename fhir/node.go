package fhir

import (
	"iter"
	"strconv"
)

// Node is an element of a Tree: comparable, 16 bytes, to be passed by value.
// The zero Node is no node; only IsZero may be called on it.
type Node struct {
	t *Tree
	i uint32
}

// IsZero reports whether n is no node.
func (n Node) IsZero() bool { return n.t == nil }

func (n Node) get() *node { return &n.t.nodes[n.i] }

// Tree returns the tree that the node belongs to.
func (n Node) Tree() *Tree { return n.t }

// Ordinal returns the number of the node in its tree. Below one parent it
// grows in the order of the input; it identifies the node.
func (n Node) Ordinal() int { return int(n.i) }

// Kind says whether the node is complex or which kind of primitive.
func (n Node) Kind() NodeKind { return n.get().kind }

// IsPrimitive reports whether the node is a primitive, with a value or
// without.
func (n Node) IsPrimitive() bool { k := n.get().kind; return k != Complex && k != Array }

// NameID returns the id of the element's name: of "value" for an element
// written as "valueQuantity"; 0 at the root.
func (n Node) NameID() NameID { return NameID(n.get().name) }

// Name returns the element's name: "value" for an element written as
// "valueQuantity"; "" at the root.
func (n Node) Name() string { return n.t.Name(n.NameID()) }

// Key returns the name as written in JSON and XML: "valueQuantity".
func (n Node) Key() string {
	if p := n.get().prop; p != 0 {
		return n.t.defs.t.PropName(p - 1)
	}
	return n.Name()
}

// Type returns the node's type, for resources the actual one, and the zero
// Type for what the definitions do not know.
func (n Node) Type() Type { return Type{n.t.defs, n.get().typ} }

// Property returns the property that the node is of its parent's type, and
// false at the root and for unknown elements.
func (n Node) Property() (Property, bool) {
	p := n.get().prop
	return Property{n.t.defs, p}, p != 0
}

// Element returns the definition of the node in its parent's type, and false
// at the root and for unknown elements.
func (n Node) Element() (Element, bool) {
	p, ok := n.Property()
	if !ok {
		return Element{}, false
	}
	return p.Element(), true
}

// IsResource reports whether the node is a resource: the root, a contained
// one, or one in a bundle or in parameters.
func (n Node) IsResource() bool {
	typ := n.get().typ
	return typ != 0 && n.get().kind == Complex && n.t.defs.t.TypeKind(typ) == uint8(KindResource)
}

// Index returns the position among the repetitions, from 0, and -1 for an
// element that cannot repeat.
func (n Node) Index() int {
	if i := n.get().index; i != noIndex {
		return int(i)
	}
	return -1
}

// Parent returns the node above, and false at the root.
func (n Node) Parent() (Node, bool) {
	if n.i == 0 {
		return Node{}, false
	}
	return Node{n.t, n.get().parent}, true
}

// Resource returns the nearest resource that contains the node, or is it; at
// the top of a tree that is none, the root.
func (n Node) Resource() Node {
	for n.i != 0 && !n.IsResource() {
		n.i = n.get().parent
	}
	return n
}

// Children iterates over the nodes directly below, in the order of the
// input. Repetitions follow each other.
func (n Node) Children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		t := n.t
		for i, end := t.kids(n.i); i < end; i = t.nodes[i].next {
			if t.nodes[i].kind != markNode && !yield(Node{t, i}) {
				return
			}
		}
	}
}

// Cursor walks the children of a node without a function call per step; get
// one from Node.Cursor.
type Cursor struct {
	t      *Tree
	i, end uint32
}

// Cursor returns a cursor before the first child.
func (n Node) Cursor() Cursor {
	i, end := n.t.kids(n.i)
	return Cursor{n.t, i, end}
}

// Next returns the next child, and false after the last one.
func (c *Cursor) Next() (Node, bool) {
	for c.i < c.end {
		i := c.i
		c.i = c.t.nodes[i].next
		if c.t.nodes[i].kind != markNode {
			return Node{c.t, i}, true
		}
	}
	return Node{}, false
}

// NextNamed returns the next child with a name, and false after the last one.
func (c *Cursor) NextNamed(id NameID) (Node, bool) {
	for c.i < c.end {
		n := &c.t.nodes[c.i]
		i := c.i
		c.i = n.next
		if n.name == uint16(id) && n.kind != markNode {
			return Node{c.t, i}, true
		}
	}
	return Node{}, false
}

// HasChildren reports whether there are nodes below.
func (n Node) HasChildren() bool {
	c := n.Cursor()
	_, ok := c.Next()
	return ok
}

// Child returns the first child with a name ("value", not "valueQuantity"),
// and false if there is none. Loops do better with NameID and a Cursor.
func (n Node) Child(name string) (Node, bool) {
	id := n.t.NameID(name)
	if id == 0 {
		return Node{}, false
	}
	c := n.Cursor()
	return c.NextNamed(id)
}

// Named iterates over the children with a name.
func (n Node) Named(name string) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		id := n.t.NameID(name)
		if id == 0 {
			return
		}
		for c := n.Cursor(); ; {
			child, ok := c.NextNamed(id)
			if !ok || !yield(child) {
				return
			}
		}
	}
}

// HasValue reports whether a primitive has a value, rather than only
// extensions or an id.
func (n Node) HasValue() bool { return n.IsPrimitive() && n.get().flags&flagNoValue == 0 }

// Raw returns the value as it stands in the source, with its escapes: of a
// string without the quotes, of a complex element from brace to brace or from
// tag to tag.
func (n Node) Raw() string {
	v := n.get()
	return n.t.src[v.off : v.off+v.len]
}

// Value returns the value of a primitive: its text without escapes, digits as
// written. It allocates only if the source has escapes, and is "" where
// HasValue is false.
func (n Node) Value() string {
	v := n.get()
	switch {
	case v.flags&(flagEscaped|flagInherits) != 0:
		return string(n.AppendValue(nil))
	case v.kind == Complex || v.kind == Array:
		return ""
	}
	return n.t.src[v.off : v.off+v.len]
}

// AppendValue appends what Value returns.
func (n Node) AppendValue(dst []byte) []byte {
	v := n.get()
	switch {
	case v.kind == Complex || v.kind == Array:
		return dst
	case v.flags&flagInherits != 0:
		return n.t.appendDeclared(dst, v.off, n.Raw())
	case v.flags&flagEscaped == 0:
		return append(dst, n.Raw()...)
	case n.t.format == XML:
		return appendXMLUnescaped(dst, n.Raw())
	}
	return appendJSONUnescaped(dst, n.Raw())
}

// Span returns the byte range of the node in the source: of a JSON value from
// brace to brace or quote to quote, of an XML element from tag to tag. It is
// empty at the parent's start for a primitive that has no value.
func (n Node) Span() (start, end int) {
	v := n.get()
	start, end = int(v.off), int(v.off+v.len)
	if n.t.format == JSON && v.kind == Text && v.flags&(flagNoValue|flagBare) == 0 {
		return start - 1, end + 1
	}
	return start, end
}

// Position returns the line and column, from 1, at which the node starts.
func (n Node) Position() (line, col int) {
	start, _ := n.Span()
	return n.t.Position(start)
}

// Path returns the location as a FHIRPath expression:
// "Patient.name[0].given[1]", "Observation.value.ofType(Quantity).unit".
func (n Node) Path() string { return string(n.AppendPath(nil)) }

// AppendPath appends what Path returns.
func (n Node) AppendPath(dst []byte) []byte {
	v := n.get()
	if n.i == 0 {
		if v.typ == 0 {
			return append(dst, "$this"...)
		}
		return append(dst, n.Type().Name()...)
	}
	dst = append(Node{n.t, v.parent}.AppendPath(dst), '.')
	return n.t.appendStep(dst, NameID(v.name), v.prop, v.index)
}

// appendStep appends one step of a path.
func (t *Tree) appendStep(dst []byte, name NameID, prop, index uint32) []byte {
	dst = append(dst, t.Name(name)...)
	if prop != 0 {
		if p := (Property{t.defs, prop}); p.IsChoice() {
			dst = append(append(append(dst, ".ofType("...), p.Type().Name()...), ')')
		}
	}
	if index != noIndex {
		dst = append(strconv.AppendUint(append(dst, '['), uint64(index), 10), ']')
	}
	return dst
}
