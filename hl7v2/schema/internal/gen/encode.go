package main

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// The format is read by package schema (facts.go), which describes it.

// pool holds every string once.
type pool struct {
	data []byte
	at   map[string]uint32
}

func newPool() *pool { return &pool{data: []byte{0}, at: map[string]uint32{"": 0}} }

func (p *pool) bytes() []byte { return p.data }

// add returns where a string stands, with its length before it.
func (p *pool) add(s string) (uint32, error) {
	if at, ok := p.at[s]; ok {
		return at, nil
	}
	if len(s) > 255 {
		return 0, fmt.Errorf("string of %d bytes", len(s))
	}
	at := uint32(len(p.data))
	p.data = append(append(p.data, byte(len(s))), s...)
	p.at[s] = at
	return at, nil
}

// encoder writes the sections of one version.
type encoder struct {
	pool *pool
	out  []byte
	err  error
}

func (e *encoder) str(s string) {
	at, err := e.pool.add(s)
	if err != nil && e.err == nil {
		e.err = err
	}
	e.out = binary.LittleEndian.AppendUint32(e.out, at)
}

func (e *encoder) u16(n int) {
	if (n < 0 || n > 0xFFFF) && e.err == nil {
		e.err = fmt.Errorf("%d does not fit 16 bits", n)
	}
	e.out = binary.LittleEndian.AppendUint16(e.out, uint16(n))
}

func (e *encoder) u32(n int) { e.out = binary.LittleEndian.AppendUint32(e.out, uint32(n)) }

// element writes 20 bytes: name, type, usage, length, repetitions, table.
func (e *encoder) element(x *element) {
	if x == nil {
		x = &element{usage: 'X'}
	}
	e.str(x.name)
	e.str(x.typ)
	e.u32(int(x.usage))
	e.u32(x.length)
	e.u16(x.max)
	e.u16(x.table)
}

// ambiguousKind is added to the kind of an ambiguous group.
const ambiguousKind = 1 << 8

// encode writes eight sections, each preceded by its count of records.
func (f *facts) encode(p *pool) ([]byte, error) {
	e := &encoder{pool: p}
	section := func(n int) { e.u32(n) }

	segments := sortedKeys(f.segments)
	var elements []*element
	section(len(segments))
	for _, id := range segments {
		s := f.segments[id]
		e.str(id)
		e.str(s.name)
		e.u16(len(elements))
		e.u16(len(s.fields))
		elements = append(elements, s.fields...)
	}
	types := sortedKeys(f.types)
	section(len(types))
	for _, id := range types {
		t := f.types[id]
		e.str(id)
		e.str(t.name)
		e.u16(len(elements))
		e.u16(len(t.components))
		elements = append(elements, t.components...)
	}
	section(len(elements))
	for _, x := range elements {
		e.element(x)
	}
	structures := sortedKeys(f.structures)
	var nodes []*node
	section(len(structures))
	for _, id := range structures {
		e.str(id)
		e.u32(len(nodes))
		f.structures[id].markAmbiguous(nil)
		nodes = appendPreorder(nodes, f.structures[id])
	}
	section(len(nodes))
	for _, n := range nodes {
		e.str(n.name)
		kind := int(n.kind)
		if n.ambiguous {
			kind |= ambiguousKind
		}
		e.u16(kind)
		e.u16(n.min)
		e.u16(n.max)
		e.u16(n.size())
	}
	events := sortedKeys(f.events)
	section(len(events))
	for _, event := range events {
		e.str(event)
		e.str(f.events[event])
	}
	var codes []code
	tables := sortedKeys(f.tables)
	section(len(tables))
	for _, number := range tables {
		t := f.tables[number]
		slices.SortFunc(t.codes, func(a, b code) int { return compare(a.value, b.value) })
		t.codes = slices.CompactFunc(t.codes, func(a, b code) bool { return a.value == b.value })
		e.str(t.name)
		e.u32(len(codes))
		e.u16(number)
		e.u16(len(t.codes))
		codes = append(codes, t.codes...)
	}
	section(len(codes))
	for _, c := range codes {
		e.str(c.value)
		e.str(c.display)
	}
	return e.out, e.err
}

// size counts a node and all below it.
func (n *node) size() int {
	size := 1
	for _, c := range n.children {
		size += c.size()
	}
	return size
}

func appendPreorder(out []*node, n *node) []*node {
	out = append(out, n)
	for _, c := range n.children {
		out = appendPreorder(out, c)
	}
	return out
}

func sortedKeys[K interface{ ~int | ~string }, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
