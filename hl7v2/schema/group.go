package schema

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// Policy says what becomes of a segment that the structure has no place for.
// Whatever it is, the segment stays in the tree, and nothing is lost. Z
// segments may stand anywhere and are no deviation under any policy.
type Policy uint8

// The policies.
const (
	Keep   Policy = iota // it stays in the group where it stands, with a warning
	Inline               // the same, without a word
	Root                 // it goes to the message itself, with a warning
	Refuse               // as Keep, with an error
)

// Findings of grouping and validation, beside those of package hl7v2.
const (
	CodeStructure         hl7v2.Code = "hl7v2.structure"          // no structure is known for the message, or MSH-9.3 names another than that of its type and event
	CodeUnexpectedSegment hl7v2.Code = "hl7v2.unexpected-segment" // the structure has no place for it
	CodeMissingSegment    hl7v2.Code = "hl7v2.missing-segment"    // a required segment or group is not there
	CodeRepetition        hl7v2.Code = "hl7v2.repetition"         // more of it than allowed
)

// Grouping is a message with its segments in the groups of its structure. It
// holds the message and must not be used after the message has been edited.
type Grouping struct {
	m     *hl7v2.Message
	v     Version
	id    string // of the structure, "" if none is known
	items []item // groups and segments, in the order of the message
}

// item is a group or a segment. Groups are followed by what is in them.
type item struct {
	node    int32 // in the version's nodes; -1 for a segment without a place
	parent  int32 // item, -1 for the message
	end     int32 // item behind the last one inside
	segment int32 // ordinal in the message, -1 for a group
	occur   int32 // among the parent's items of the same node or segment id, from 1
}

// VersionOf returns the facts of the version that a message declares in
// MSH-12. Where those are not known it returns the facts of the nearest known
// version before it, or 2.4 for no version at all, and false.
func VersionOf(m *hl7v2.Message) (Version, bool) {
	var buf [16]byte
	name := m.Segment("MSH", 1).Field(12).Component(1).AppendText(buf[:0])
	if v, ok := Lookup(string(name)); ok {
		return v, true
	}
	nearest := "2.4"
	if bytes.HasPrefix(name, []byte("2.")) {
		for _, known := range names {
			if known <= string(name) {
				nearest = known
			}
		}
	}
	v, _ := Lookup(nearest)
	return v, false
}

// StructureID returns the structure of a message: what MSH-9.3 names if the
// version has it, else what its type and trigger event have.
func (v Version) StructureID(m *hl7v2.Message) (id string, ok bool) {
	typ := m.Segment("MSH", 1).Field(9)
	var buf, event [16]byte
	if id := typ.Component(3); id.State() == hl7v2.Present {
		if root, ok := v.Structure(string(id.AppendText(buf[:0]))); ok {
			return root.Name(), true
		}
	}
	return v.StructureOf(string(typ.Component(1).AppendText(buf[:0])), string(typ.Component(2).AppendText(event[:0])))
}

// Group finds the place of every segment of a message in the structure of the
// version. A message whose structure is not known is a flat list of segments,
// with one issue. The issues are located in the message's bytes.
//
// A segment goes to the first place, from the innermost open group outwards,
// that lies ahead or in a new repetition and is reached without leaving out
// anything required; if there is none, to the first at all. Where it could
// begin a group anew or stand behind it, as PSH in SUR_P09, the next segment
// decides. What is required and does not come is reported as missing, and later
// groups are none the worse for it.
func (v Version) Group(m *hl7v2.Message, policy Policy) (*Grouping, []hl7v2.Issue) {
	g := &Grouping{m: m, v: v}
	w := grouper{Grouping: g, policy: policy, findings: findings{lines: lines{data: m.Bytes()}}}
	w.fill()
	return g, w.issues
}

// frame is a group that is open.
type frame struct {
	node int32 // of the group
	last int32 // node of the child that came last, -1 for none
	item int32
}

// grouper fills a grouping.
type grouper struct {
	*Grouping
	policy Policy
	stack  []frame
	loose  map[looseKey]int32 // how many segments without a place a group has, by id
	findings
}

type looseKey struct {
	parent int32
	id     string
}

// fill finds the places of all segments.
func (w *grouper) fill() {
	g := w.Grouping
	id, ok := g.v.StructureID(g.m)
	if n := g.m.Len()*2 + 1; cap(g.items) < n {
		g.items = make([]item, 0, n)
	}
	g.items = append(g.items[:0], item{node: -1, parent: -1, segment: -1, occur: 1})
	if !ok {
		w.report(hl7v2.Warning, CodeStructure, "MSH-9", g.m.Segment("MSH", 1).Field(9).Offset(), "2.14.9.9", errNoStructure)
		for k := range g.m.Len() {
			w.place(0, -1, int32(k))
		}
		g.items[0].end = int32(len(g.items))
		return
	}
	g.id = id
	root, _ := g.v.Structure(id)
	g.items[0].node = int32(root.i)
	w.stack = append(w.stack[:0], frame{int32(root.i), -1, 0})
	for k := range g.m.Len() {
		w.segment(int32(k))
	}
	for len(w.stack) > 0 {
		w.close(g.m.Len())
	}
}

var errNoStructure = errors.New("no message structure is known for this type, trigger event and version")

// size is how many nodes a node and all below it are.
func (f *file) size(node int32) int32 { return int32(f.nodes.u16(int(node), 10)) }

func (f *file) nodeKind(node int32) Kind { return Kind(f.nodes.u16(int(node), 4)) }

// ambiguous reports whether a segment that may begin a group anew may also be
// the next thing behind it.
func (f *file) ambiguous(node int32) bool { return f.nodes.u16(int(node), 4)>>8 != 0 }

func (f *file) repeats(node int32) bool { return f.nodes.u16(int(node), 8) != 1 }

// optional reports whether a node need not come: because it says so, or as a
// group or choice that nothing required is in, such as OBSERVATION of 2.4 with
// its [OBX]; or because any segment will do, which no message can be held to.
func (f *file) optional(node int32) bool {
	kind := f.nodeKind(node)
	switch {
	case f.nodes.u16(int(node), 6) == 0:
		return true
	case kind == SegmentNode:
		return f.nodes.str(int(node), 0) == anySegment
	}
	for child, end := node+1, node+f.size(node); child < end; child += f.size(child) {
		if f.optional(child) == (kind == ChoiceNode) {
			return kind == ChoiceNode
		}
	}
	return kind == GroupNode
}

// segment finds the place of one segment.
func (w *grouper) segment(k int32) {
	id := w.m.SegmentAt(int(k)).ID()
	if strings.HasPrefix(id, "Z") {
		w.place(w.stack[len(w.stack)-1].item, -1, k)
		return
	}
	if !w.find(id, k) && !w.find(anySegment, k) {
		w.unplaced(id, k)
	}
}

// anySegment stands in structures such as MFN_Znn where the segments are for
// the users of the structure to choose.
const anySegment = "ANYHL7SEGMENT"

// find places a segment where the structure has an id, if anywhere.
func (w *grouper) find(id string, k int32) bool {
	for _, strict := range [...]bool{true, false} {
		for level := len(w.stack) - 1; level >= 0; level-- {
			top := &w.stack[level]
			if node, ok := w.ahead(top, id, strict); ok {
				w.unwind(level, k)
				w.descend(node, k)
				return true
			}
			if level == 0 || !w.v.f.repeats(top.node) {
				continue
			}
			group := top.node
			if node, ok := w.ahead(&frame{node: group, last: -1}, id, strict); ok {
				if strict && w.v.f.ambiguous(group) && w.goesOn(level, node, id, k) {
					continue // to the place behind the group
				}
				w.unwind(level-1, k)
				w.open(group)
				w.descend(node, k)
				return true
			}
		}
	}
	return false
}

// goesOn decides by the next segment whether a segment that could begin the
// group of a level anew, at a node, stands behind the group instead: if there
// the next one fits and here it does not.
func (w *grouper) goesOn(level int, node int32, id string, k int32) bool {
	if int(k)+1 >= w.m.Len() {
		return false
	}
	next := w.m.SegmentAt(int(k) + 1).ID()
	if w.fits(level, node, next) {
		return false
	}
	for level--; level >= 0; level-- {
		above := w.stack[level]
		if behind, ok := w.ahead(&above, id, true); ok && w.reaches(above.node, behind, next) {
			return true
		}
		if level == 0 || !w.v.f.repeats(above.node) {
			continue
		}
		if again, ok := w.ahead(&frame{node: above.node, last: -1}, id, true); ok && w.reaches(above.node, again, next) {
			return true
		}
	}
	return false
}

// fits reports whether a segment may follow the one that begins the group of a
// level anew, at a node, without leaving out anything required.
func (w *grouper) fits(level int, node int32, next string) bool {
	f, group := w.v.f, w.stack[level].node
	if w.reaches(group, node, next) {
		return true
	}
	if !f.complete(group, node) {
		return false
	}
	for ; ; level-- {
		top := w.stack[level]
		if top.node != group {
			if _, ok := w.ahead(&top, next, true); ok {
				return true
			}
			if !f.complete(top.node, top.last) {
				return false
			}
		}
		if level == 0 {
			return false
		}
		if f.repeats(top.node) {
			if _, ok := w.ahead(&frame{node: top.node, last: -1}, next, true); ok {
				return true
			}
		}
	}
}

// complete reports whether nothing is required behind a node in the groups
// that hold it, up to one.
func (f *file) complete(group, node int32) bool {
	child, end := group+1, group+f.size(group)
	for child+f.size(child) <= node {
		child += f.size(child)
	}
	if child != node && !f.complete(child, node) {
		return false
	}
	if f.nodeKind(group) == ChoiceNode {
		return true
	}
	for child += f.size(child); child < end; child += f.size(child) {
		if !f.optional(child) {
			return false
		}
	}
	return true
}

// reaches reports whether a segment may follow the one at a node without
// leaving a group that holds it or anything required.
func (w *grouper) reaches(group, node int32, id string) bool {
	f := w.v.f
	child := group + 1
	for child+f.size(child) <= node {
		child += f.size(child)
	}
	if child != node && w.reaches(child, node, id) {
		return true
	}
	_, ok := w.ahead(&frame{node: group, last: child}, id, true)
	return ok
}

// ahead finds a segment among the children of an open group from the last one
// on, which may come again if it repeats. With strict it goes past nothing
// that is required.
func (w *grouper) ahead(top *frame, id string, strict bool) (node int32, ok bool) {
	f := w.v.f
	from, end := top.node+1, top.node+f.size(top.node)
	if top.last >= 0 {
		if f.repeats(top.last) && f.nodeKind(top.last) == SegmentNode && f.nodes.str(int(top.last), 0) == id {
			return top.last, true
		}
		if f.nodeKind(top.node) == ChoiceNode {
			return 0, false // one alternative has been taken
		}
		from = top.last + f.size(top.last)
	}
	return f.search(from, end, id, strict, f.nodeKind(top.node) == ChoiceNode)
}

// search finds a segment among the nodes from one child of a group or choice
// to the end of its last.
func (f *file) search(from, end int32, id string, strict, choice bool) (node int32, ok bool) {
	for node := from; node < end; node += f.size(node) {
		if f.nodeKind(node) == SegmentNode {
			if f.nodes.str(int(node), 0) == id {
				return node, true
			}
		} else if found, ok := f.search(node+1, node+f.size(node), id, strict, f.nodeKind(node) == ChoiceNode); ok {
			return found, true
		}
		if strict && !choice && f.nodes.u16(int(node), 6) > 0 {
			return 0, false
		}
	}
	return 0, false
}

// unwind closes the groups above a level.
func (w *grouper) unwind(level int, k int32) {
	for len(w.stack) > level+1 {
		w.close(int(k))
	}
}

// descend opens the groups between the innermost one and a node, and places the
// segment there.
func (w *grouper) descend(node, k int32) {
	f := w.v.f
	for {
		top := w.stack[len(w.stack)-1]
		child := top.node + 1
		for child+f.size(child) <= node {
			child += f.size(child)
		}
		if child == node {
			w.stack[len(w.stack)-1].last = node
			w.place(top.item, node, k)
			return
		}
		w.open(child)
	}
}

// open opens a group below the innermost one.
func (w *grouper) open(node int32) {
	top := &w.stack[len(w.stack)-1]
	top.last = node
	w.items = append(w.items, item{node: node, parent: top.item, segment: -1, occur: w.count(top.item, node)})
	w.stack = append(w.stack, frame{node, -1, int32(len(w.items) - 1)})
}

// place adds a segment to a group.
func (w *grouper) place(parent, node, k int32) {
	n := int32(len(w.items))
	x := item{node: node, parent: parent, end: n + 1, segment: k}
	if node >= 0 {
		x.occur = w.count(parent, node)
	} else {
		if w.loose == nil {
			w.loose = make(map[looseKey]int32)
		}
		key := looseKey{parent, w.m.SegmentAt(int(k)).ID()}
		w.loose[key]++
		x.occur = w.loose[key]
	}
	w.items = append(w.items, x)
}

// count numbers a new item among its parent's of the same node.
func (w *grouper) count(parent, node int32) int32 {
	for i := len(w.items) - 1; i > int(parent); i-- {
		if x := &w.items[i]; x.parent == parent && x.node == node {
			return x.occur + 1
		}
	}
	return 1
}

// unplaced puts a segment somewhere that the structure has no place for.
func (w *grouper) unplaced(id string, k int32) {
	// One place too few is another thing than no place at all.
	for level := len(w.stack) - 1; level >= 0; level-- {
		if last := w.stack[level].last; last >= 0 && w.v.f.nodeKind(last) == SegmentNode && w.v.f.nodes.str(int(last), 0) == id {
			w.unwind(level, k)
			w.place(w.stack[level].item, last, k)
			w.reportSegment(hl7v2.Warning, CodeRepetition, k, fmt.Errorf("%s may stand here only once", id))
			return
		}
	}
	parent := w.stack[len(w.stack)-1].item
	severity := hl7v2.Warning
	switch w.policy {
	case Inline:
		w.place(parent, -1, k)
		return
	case Root:
		w.unwind(0, k)
		parent = 0
	case Refuse:
		severity = hl7v2.Error
	}
	w.place(parent, -1, k)
	if !isID(id) {
		return // the wire layer has a finding for a line that is no segment
	}
	w.reportSegment(severity, CodeUnexpectedSegment, k, fmt.Errorf("%s has no place here in %s", id, w.id))
}

// close ends the innermost group and reports what it should have held. next is
// the segment behind it.
func (w *grouper) close(next int) {
	top := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	w.items[top.item].end = int32(len(w.items))
	f := w.v.f
	choice := f.nodeKind(top.node) == ChoiceNode
	for node, end := top.node+1, top.node+f.size(top.node); node < end && !choice; node += f.size(node) {
		if f.optional(node) || w.has(top.item, node) || w.done(hl7v2.Error, CodeMissingSegment) {
			continue
		}
		name := w.groupName(node)
		what := "segment"
		if f.nodeKind(node) != SegmentNode {
			what = "group"
		}
		at := len(w.m.Bytes())
		if next < w.m.Len() {
			at = w.m.SegmentAt(next).Offset()
		}
		path := name
		if top.item > 0 {
			path = w.itemPath(top.item) + "." + name
		}
		w.report(hl7v2.Error, CodeMissingSegment, path, at, "chapter of "+w.id, fmt.Errorf("%s %s is required", what, name))
	}
}

func (w *grouper) has(parent, node int32) bool {
	for i := parent + 1; i < int32(len(w.items)); i++ {
		if w.items[i].parent == parent && w.items[i].node == node {
			return true
		}
	}
	return false
}

func (w *grouper) reportSegment(severity hl7v2.Severity, code hl7v2.Code, k int32, err error) {
	if w.done(severity, code) {
		return
	}
	s := w.m.SegmentAt(int(k))
	w.report(severity, code, w.paths.SegmentPath(s), s.Offset(), "2.5.1", err)
}

// Message returns the message.
func (g *Grouping) Message() *hl7v2.Message { return g.m }

// Structure returns the id of the structure, "" if none is known.
func (g *Grouping) Structure() string { return g.id }

// Root returns the message as a group.
func (g *Grouping) Root() Group { return Group{g, 0} }

// groupName is the name of a node as paths have it: a group's without the
// structure's id before it.
func (g *Grouping) groupName(node int32) string {
	name := g.v.f.nodes.str(int(node), 0)
	if g.v.f.nodeKind(node) == SegmentNode {
		return name
	}
	if rest, ok := strings.CutPrefix(name, g.id+"_"); ok {
		return rest
	}
	// Groups that another structure lends keep their own name behind its id.
	if i := strings.IndexByte(name, '_'); i > 0 {
		if j := strings.IndexByte(name[i+1:], '_'); j > 0 {
			return name[i+j+2:]
		}
	}
	return name
}

// itemPath is the path of a group or segment, such as
// PATIENT_RESULT[1].ORDER_OBSERVATION[2].
func (g *Grouping) itemPath(i int32) string {
	x := g.items[i]
	name := ""
	switch {
	case x.node >= 0:
		name = g.groupName(x.node)
	case x.segment >= 0:
		name = g.m.SegmentAt(int(x.segment)).ID()
	}
	name += fmt.Sprintf("[%d]", x.occur)
	if x.parent > 0 {
		return g.itemPath(x.parent) + "." + name
	}
	return name
}

// Get returns the value at a path through the groups, such as
// PATIENT_RESULT[1].ORDER_OBSERVATION[2].OBX-5; a group or segment without a
// number means the first. A path without groups reads the message as
// hl7v2.Message.Get does. The value is absent if a step leads nowhere.
func (g *Grouping) Get(path string) (hl7v2.Value, error) {
	p, err := hl7v2.ParsePath(path)
	if err != nil {
		return hl7v2.Value{}, err
	}
	if len(p.Groups) == 0 {
		return g.m.Value(p), nil
	}
	at := g.Root()
	for _, step := range p.Groups {
		next, ok := at.Group(step.Name, max(step.Occur, 1))
		if !ok {
			return hl7v2.Value{}, nil
		}
		at = next
	}
	s := at.Segment(p.Segment, max(p.Occur, 1))
	if !s.Exists() || p.Field == 0 {
		return hl7v2.Value{}, nil
	}
	return p.In(s), nil
}

// Group is one repetition of a group, or the message itself. The zero Group
// holds nothing.
type Group struct {
	g *Grouping
	i int32
}

// Name is the group's name without the structure's id: "PATIENT_RESULT". It is
// empty for the message itself.
func (x Group) Name() string {
	if x.g == nil || x.i == 0 {
		return ""
	}
	return x.g.groupName(x.g.items[x.i].node)
}

// Occurrence is which repetition of the group this is in the group above it,
// from 1.
func (x Group) Occurrence() int {
	if x.g == nil {
		return 0
	}
	return int(x.g.items[x.i].occur)
}

// Path is the way to the group, such as PATIENT_RESULT[1].ORDER_OBSERVATION[2].
func (x Group) Path() string {
	if x.g == nil || x.i == 0 {
		return ""
	}
	return x.g.itemPath(x.i)
}

// children yields the items directly in the group.
func (x Group) children(yield func(i int32, c *item) bool) {
	if x.g == nil {
		return
	}
	for i := x.i + 1; i < x.g.items[x.i].end; i = x.g.items[i].end {
		if !yield(i, &x.g.items[i]) {
			return
		}
	}
}

// Groups yields the repetitions of a group directly in this one; all groups
// for "".
func (x Group) Groups(name string) iter.Seq[Group] {
	return func(yield func(Group) bool) {
		x.children(func(i int32, c *item) bool {
			if c.segment < 0 && (name == "" || x.g.groupName(c.node) == name) {
				return yield(Group{x.g, i})
			}
			return true
		})
	}
}

// Group returns repetition n of a group directly in this one, from 1.
func (x Group) Group(name string, n int) (Group, bool) {
	for c := range x.Groups(name) {
		if n--; n == 0 {
			return c, true
		}
	}
	return Group{}, false
}

// Segments yields the segments with an id directly in the group, those without
// a place in the structure included; all segments for "".
func (x Group) Segments(id string) iter.Seq[hl7v2.Segment] {
	return func(yield func(hl7v2.Segment) bool) {
		x.children(func(_ int32, c *item) bool {
			if c.segment < 0 {
				return true
			}
			s := x.g.m.SegmentAt(int(c.segment))
			if id == "" || s.Is(id) {
				return yield(s)
			}
			return true
		})
	}
}

// Segment returns segment n with an id directly in the group, from 1; one that
// does not exist if there are fewer.
func (x Group) Segment(id string, n int) hl7v2.Segment {
	for s := range x.Segments(id) {
		if n--; n == 0 {
			return s
		}
	}
	return hl7v2.Segment{}
}

// Children yields the groups and segments directly in the group, in their
// order: each time one of the two, the other being zero.
func (x Group) Children() iter.Seq2[Group, hl7v2.Segment] {
	return func(yield func(Group, hl7v2.Segment) bool) {
		x.children(func(i int32, c *item) bool {
			if c.segment < 0 {
				return yield(Group{x.g, i}, hl7v2.Segment{})
			}
			return yield(Group{}, x.g.m.SegmentAt(int(c.segment)))
		})
	}
}
