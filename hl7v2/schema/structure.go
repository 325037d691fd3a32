package schema

import (
	"iter"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// Structure returns a message structure by its id, such as "ADT_A01". The
// node is the message itself.
func (v Version) Structure(id string) (Node, bool) {
	f := v.facts()
	i, ok := f.structures.find(id, 0, f.structures.len())
	if !ok {
		return Node{f: &nothing}, false
	}
	return Node{f, int(f.structures.u32(i, 4))}, true
}

// Structures returns all message structures, by id.
func (v Version) Structures() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		f := v.facts()
		for i := range f.structures.len() {
			if !yield(Node{f, int(f.structures.u32(i, 4))}) {
				return
			}
		}
	}
}

// StructureOf returns the id of the structure that a message of a type and
// trigger event uses, such as ADT_A05 for ADT and A28. Up to 2.2 each event has
// a structure of its own. An empty event, or one that the version does
// not know, finds a structure only where the type alone names one, such as
// ACK.
func (v Version) StructureOf(messageType, event string) (id string, ok bool) {
	f := v.facts()
	var buf [16]byte
	key := append(buf[:0], messageType...)
	if event != "" {
		key = append(append(key, '_'), event...)
	}
	if i, ok := f.events.find(string(key), 0, f.events.len()); ok {
		return f.events.str(i, 4), true
	}
	if i, ok := f.structures.find(string(key), 0, f.structures.len()); ok {
		return f.structures.str(i, 0), true
	}
	if i, ok := f.structures.find(messageType, 0, f.structures.len()); ok {
		return f.structures.str(i, 0), true
	}
	return "", false
}

// otherStructure returns the structure of the type and event in MSH-9, if its
// third component names another one.
func (v Version) otherStructure(typ hl7v2.Value) (want string, other bool) {
	named := typ.Component(3)
	if named.State() != hl7v2.Present {
		return "", false
	}
	var b, c, d [16]byte
	code, event := typ.Component(1).AppendText(b[:0]), typ.Component(2).AppendText(c[:0])
	want, ok := v.StructureOf(string(code), string(event))
	if !ok || named.Equal(want) || !v.namesStructures() || v.lists(string(named.AppendText(d[:0])), string(code), string(event)) {
		return "", false
	}
	return want, true
}

// lists reports whether a structure is one of a type and event by table 0354. It
// lists the events of each, and not always as the chapters have them: A55 of
// 2.5 under ADT_A54 as well as ADT_A52.
func (v Version) lists(structure, messageType, event string) bool {
	t, _ := v.Table(354)
	events, ok := t.Display(structure)
	own, isType := strings.CutPrefix(structure, messageType+"_")
	return ok && isType && event != "" && (own == event || strings.Contains(events, event))
}

// Events returns the trigger events that use the structure of another, as
// "ADT_A28" and "ADT_A05".
func (v Version) Events() iter.Seq2[string, string] {
	return func(yield func(event, structure string) bool) {
		f := v.facts()
		for i := range f.events.len() {
			if !yield(f.events.str(i, 0), f.events.str(i, 4)) {
				return
			}
		}
	}
}

// Kind says what a node of a structure is.
type Kind byte

// The kinds of nodes.
const (
	SegmentNode Kind = 's'
	GroupNode   Kind = 'g' // its children in order; also the message itself
	ChoiceNode  Kind = 'c' // one of its children
)

// Node is a place in a message structure: a segment, or a group or choice of
// further nodes.
type Node struct {
	f *file
	i int
}

// Name is the segment's id, the group's name such as
// "ORU_R01_PATIENT_RESULT", or the structure's id.
func (n Node) Name() string { return n.f.facts().nodes.str(n.i, 0) }

// Kind says what the node is.
func (n Node) Kind() Kind { return n.f.facts().nodeKind(int32(n.i)) }

// Min is how often the node must occur, 0 or 1.
func (n Node) Min() int { return n.f.facts().nodes.u16(n.i, 6) }

// Max is how often the node may occur in a row, 0 for any number.
func (n Node) Max() int { return n.f.facts().nodes.u16(n.i, 8) }

// Children returns the nodes of a group or choice, in order.
func (n Node) Children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		end := n.i + n.f.facts().nodes.u16(n.i, 10)
		for i := n.i + 1; i < end; i += n.f.facts().nodes.u16(i, 10) {
			if !yield(Node{n.f, i}) {
				return
			}
		}
	}
}
