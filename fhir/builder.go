package fhir

import (
	"errors"
	"fmt"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// Builder makes a tree without a text to read it from. Elements are opened,
// filled and closed in any order; repetitions count up by themselves. Nothing
// is checked but that the elements exist: what cardinalities and values say
// is for Parse and for the validator.
//
// After an error the builder does nothing more; Tree returns it. Not for
// concurrent use.
type Builder struct {
	t     *Tree
	text  []byte
	stack []frame
	err   error
}

// frame is an element that is open.
type frame struct {
	self uint32
	last uint32 // property of the newest child
	next uint32 // its index + 1
}

// NewBuilder returns a builder of a tree whose root is of a resource or data
// type of the definitions.
func NewBuilder(d *Definitions, typeName string) *Builder {
	b := &Builder{t: newTree(d)}
	b.t.format = Built
	typ := d.t.FindType(typeName)
	if typ == 0 || d.t.TypeKind(typ) == facts.KindLogical {
		b.fail("no type %q", typeName)
		return b
	}
	n := node{typ: typ, index: noIndex}
	if prim := d.t.TypePrimitive(typ); prim != facts.PrimNone {
		n.kind, n.flags = primitiveKind(prim), flagNoValue
	}
	b.push(n)
	return b
}

func (b *Builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("fhir: building a tree: "+format, args...)
	}
}

func (b *Builder) push(n node) {
	b.stack = append(b.stack, frame{self: uint32(len(b.t.nodes))})
	b.t.nodes = append(b.t.nodes, n)
}

// Property returns the property of the open element with a name as in JSON
// ("valueQuantity"), and false if it has none such.
func (b *Builder) Property(name string) (Property, bool) {
	if b.err != nil || len(b.stack) == 0 {
		return Property{}, false
	}
	return Type{b.t.defs, b.t.nodes[b.stack[len(b.stack)-1].self].typ}.Property(name)
}

func (b *Builder) named(name string) (Property, bool) {
	p, ok := b.Property(name)
	if !ok {
		b.fail("no element %q here", name)
	}
	return p, ok
}

// Open starts an element by its name in JSON ("valueQuantity").
func (b *Builder) Open(name string) {
	if p, ok := b.named(name); ok {
		b.OpenProperty(p)
	}
}

// OpenProperty starts an element by its property, which must be one of the
// open element. A primitive starts without a value.
func (b *Builder) OpenProperty(p Property) { b.open(p, p.get().Type) }

// OpenResource starts a resource by its name in JSON ("contained",
// "resource") and its type.
func (b *Builder) OpenResource(name, typeName string) {
	p, ok := b.named(name)
	if !ok {
		return
	}
	typ := b.t.defs.t.FindType(typeName)
	if typ == 0 || b.t.defs.t.TypeKind(typ) != facts.KindResource || p.get().Flags&facts.PropResource == 0 {
		b.fail("no resource %q in %q", typeName, name)
		return
	}
	b.open(p, typ)
}

func (b *Builder) open(p Property, typ uint16) {
	if b.err != nil {
		return
	}
	if len(b.stack) == 0 {
		b.fail("the root is closed")
		return
	}
	row := p.get()
	top := &b.stack[len(b.stack)-1]
	n := node{parent: top.self, prop: p.row, typ: typ, name: row.Base, index: noIndex}
	if row.Flags&facts.PropList != 0 {
		n.flags |= flagArray
		if top.last != p.row {
			top.next = b.firstIndex(top.self, p.row)
		}
		n.index = top.next
		top.next++
	}
	top.last = p.row
	if prim := b.t.defs.t.TypePrimitive(typ); prim != facts.PrimNone {
		n.kind = primitiveKind(prim)
		n.flags |= flagNoValue
	}
	b.push(n)
}

// firstIndex returns the index for a repetition that does not follow another.
func (b *Builder) firstIndex(self, prop uint32) uint32 {
	count := uint32(0)
	for k := self + 1; k < uint32(len(b.t.nodes)); k = b.t.nodes[k].next {
		if b.t.nodes[k].prop == prop {
			count++
		}
	}
	b.t.scattered = b.t.scattered || count > 0
	return count
}

// SetValue gives the open primitive its value: plain text, without escapes.
func (b *Builder) SetValue(text string) {
	if b.err != nil {
		return
	}
	if len(b.stack) == 0 || !b.t.nodes[b.stack[len(b.stack)-1].self].isPrimitive() {
		b.fail("a value for what is no primitive")
		return
	}
	n := &b.t.nodes[b.stack[len(b.stack)-1].self]
	if len(b.text)+len(text) > 1<<31-padding {
		b.fail("too much text")
		return
	}
	n.off, n.len = uint32(len(b.text)), uint32(len(text))
	n.flags &^= flagNoValue
	b.text = append(b.text, text...)
}

// Value adds a primitive by its name in JSON ("valueString").
func (b *Builder) Value(name, text string) {
	if p, ok := b.named(name); ok {
		b.ValueProperty(p, text)
	}
}

// ValueProperty adds a primitive by its property, which must be one of the
// open element.
func (b *Builder) ValueProperty(p Property, text string) {
	b.OpenProperty(p)
	b.SetValue(text)
	b.Close()
}

// Close ends the open element. An element without a value and children is
// dropped.
func (b *Builder) Close() {
	if b.err != nil {
		return
	}
	if len(b.stack) == 0 {
		b.fail("nothing to close")
		return
	}
	self := b.stack[len(b.stack)-1].self
	b.stack = b.stack[:len(b.stack)-1]
	n := &b.t.nodes[self]
	n.next = uint32(len(b.t.nodes))
	switch {
	case n.next > self+1:
		n.flags |= flagKids
	case self > 0 && (n.kind == Complex && !(Node{b.t, self}).IsResource() || n.flags&flagNoValue != 0):
		b.t.nodes = b.t.nodes[:self]
		if top := &b.stack[len(b.stack)-1]; top.next > 0 {
			top.next--
		}
	}
}

// Copy adds a copy of a node, of any tree of the same definitions, under a
// name in JSON.
func (b *Builder) Copy(name string, n Node) {
	p, ok := b.named(name)
	switch {
	case !ok:
	case n.t.defs != b.t.defs:
		b.fail("a node of other definitions")
	default:
		b.copy(p, n)
	}
}

func (b *Builder) copy(p Property, n Node) {
	typ := p.get().Type
	if n.IsResource() {
		typ = n.get().typ
	}
	b.open(p, typ)
	if n.HasValue() {
		b.SetValue(n.Value())
	}
	for c := range n.Children() {
		if q, ok := c.Property(); ok {
			b.copy(q, c)
		} else {
			b.fail("an element that the definitions do not know")
		}
	}
	b.Close()
}

// Tree ends the root and returns the tree. The builder must not be used
// afterwards.
func (b *Builder) Tree() (*Tree, error) {
	if b.err == nil && len(b.stack) > 1 {
		b.err = errors.New("fhir: building a tree: an element is still open")
	}
	if b.err != nil {
		b.t.Release()
		return nil, b.err
	}
	if len(b.stack) == 1 {
		b.Close()
	}
	b.t.size = len(b.text)
	b.t.src = string(append(b.text, zeros...))
	if b.t.scattered {
		b.t.regroup()
	}
	return b.t, nil
}

// regroup puts repetitions together that stand apart.
func (t *Tree) regroup() {
	old := t.nodes
	t.nodes = make([]node, 0, len(old))
	var walk func(i, parent uint32)
	walk = func(i, parent uint32) {
		self := uint32(len(t.nodes))
		n := old[i]
		n.parent = parent
		t.nodes = append(t.nodes, n)
		if n.flags&flagKids != 0 {
			var kids []uint32
			place := make(map[[2]uint32]int) // property and name
			var groups [][]uint32
			for k := i + 1; k < n.next; k = old[k].next {
				key := [2]uint32{old[k].prop, uint32(old[k].name)}
				g, ok := place[key]
				if !ok {
					g = len(groups)
					place[key] = g
					groups = append(groups, nil)
				}
				groups[g] = append(groups[g], k)
			}
			for _, g := range groups {
				kids = append(kids, g...)
			}
			for _, k := range kids {
				walk(k, self)
			}
		}
		t.nodes[self].next = uint32(len(t.nodes))
	}
	walk(0, 0)
	t.scattered = false
}
