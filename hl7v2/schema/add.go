package schema

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nhskit/nhskit/hl7v2"
)

var (
	errAddPath   = errors.New("a path to add names groups and a segment, without a field")
	errNoGroup   = errors.New("there are too few of this group for another with this number")
	errNotHere   = errors.New("the structure has no such group or segment here")
	errAmbiguous = errors.New("a reader would take it for part of another group")
)

// Add adds an empty segment to a message at its place in the structure, and
// returns it:
//
//	obx, err := v.Add(m, "PATIENT_RESULT.ORDER_OBSERVATION[2].OBSERVATION[3].OBX")
//
// A group with a number one above those that are there is begun, with the
// segments that it requires; one without a number is the last that is there, or
// the first. A segment of which there is one already is added behind it. Views
// and groupings of the message from before are no longer valid.
//
// It is an issue, and nothing is changed, if the structure has no such place,
// or no room for one more there, or if readers could not tell that the segment
// is meant for it.
func (v Version) Add(m *hl7v2.Message, path string) (hl7v2.Segment, error) {
	fail := func(code hl7v2.Code, err error) (hl7v2.Segment, error) {
		return hl7v2.Segment{}, hl7v2.Issue{Severity: hl7v2.Error, Code: code, Path: path, Offset: -1, Clause: "2.5.1", Err: err}
	}
	p, err := hl7v2.ParsePath(path)
	if err != nil {
		return hl7v2.Segment{}, err
	}
	if p.Field > 0 {
		return fail(hl7v2.CodePath, errAddPath)
	}
	g, _ := v.Group(m, Keep)
	if g.id == "" {
		return fail(CodeStructure, errNoStructure)
	}
	f := v.f
	at := int32(0) // the item of the innermost group that is there
	want := ""     // the path that the segment is to have
	var missing []int32
	node := g.items[0].node
	for _, step := range p.Groups {
		child := g.childNode(node, step.Name, false)
		if child < 0 {
			return fail(hl7v2.CodePath, errNotHere)
		}
		node = child
		if len(missing) > 0 { // a group in one that is begun is its first
			if step.Occur > 1 {
				return fail(hl7v2.CodePath, errNoGroup)
			}
			missing = append(missing, node)
			want += "." + step.Name + "[1]"
			continue
		}
		items := g.itemsOf(at, node)
		n := step.Occur
		if n == 0 {
			n = max(len(items), 1)
		}
		if want != "" {
			want += "."
		}
		want += fmt.Sprintf("%s[%d]", step.Name, n)
		switch {
		case n <= len(items):
			at = items[n-1]
		case n > len(items)+1:
			return fail(hl7v2.CodePath, errNoGroup)
		case len(items) > 0 && !f.repeats(node):
			return fail(CodeRepetition, fmt.Errorf("%s may be there only once", step.Name))
		default:
			missing = append(missing, node)
		}
	}
	target := g.childNode(node, p.Segment, true)
	if target < 0 {
		return fail(hl7v2.CodePath, errNotHere)
	}
	if len(missing) == 0 {
		n := len(g.itemsOf(at, target))
		if n > 0 && !f.repeats(target) {
			return fail(CodeRepetition, fmt.Errorf("%s may be there only once", p.Segment))
		}
		if p.Occur > 0 && p.Occur != n+1 {
			return fail(hl7v2.CodePath, errors.New("the next of this segment has another number"))
		}
		missing = []int32{target}
	} else {
		missing = append(missing, target)
	}
	ids, k := f.begun(nil, missing)
	index := g.placeFor(at, missing[0])
	for i, id := range ids {
		if _, err := m.InsertSegment(index+i, id); err != nil {
			return hl7v2.Segment{}, errors.Join(err, remove(m, index, i))
		}
	}
	// What has been added must be found where it was meant to be.
	after, _ := v.Group(m, Keep)
	i := slices.IndexFunc(after.items, func(x item) bool { return int(x.segment) == index+k })
	if x := after.items[i]; x.node != target || (Group{after, x.parent}).Path() != want {
		if err := remove(m, index, len(ids)); err != nil {
			return hl7v2.Segment{}, err
		}
		return fail(hl7v2.CodePath, errAmbiguous)
	}
	return m.SegmentAt(index + k), nil
}

// remove removes n segments again.
func remove(m *hl7v2.Message, index, n int) error {
	for range n {
		if err := m.RemoveSegment(index); err != nil {
			return err
		}
	}
	return nil
}

// childNode finds a group, or a segment, by its name among the children of a
// node; -1 for none. Of a segment that stands there at several places it is the
// first.
func (g *Grouping) childNode(node int32, name string, segment bool) int32 {
	f := g.v.f
	for child, end := node+1, node+f.size(node); child < end; child += f.size(child) {
		if (f.nodeKind(child) == SegmentNode) == segment && g.groupName(child) == name {
			return child
		}
	}
	return -1
}

// itemsOf returns the items of a node directly in a group.
func (g *Grouping) itemsOf(group, node int32) []int32 {
	var out []int32
	Group{g, group}.children(func(i int32, c *item) bool {
		if c.node == node {
			out = append(out, i)
		}
		return true
	})
	return out
}

// placeFor returns where in the message a segment or group of a node goes that
// is added to a group: behind the last that stands at its place in the
// structure or before it, and what that ends with.
func (g *Grouping) placeFor(group, node int32) int {
	last := int32(-1) // item
	Group{g, group}.children(func(i int32, c *item) bool {
		if c.node >= 0 && c.node <= node {
			last = i
		}
		return true
	})
	if last < 0 { // before all that the group holds
		return g.firstSegment(group)
	}
	for i := g.items[last].end - 1; ; i-- {
		if x := &g.items[i]; x.segment >= 0 {
			return int(x.segment) + 1
		}
	}
}

// firstSegment is the place of the first segment in a group.
func (g *Grouping) firstSegment(group int32) int {
	for i := group; ; i++ {
		if x := &g.items[i]; x.segment >= 0 {
			return int(x.segment)
		}
	}
}

// begun returns the segments of a group that is begun: what it requires, and on
// the way a chain of groups that ends in a segment, whose place among them is k.
func (f *file) begun(ids []string, chain []int32) (all []string, k int) {
	node := chain[0]
	if len(chain) == 1 {
		return append(ids, f.nodes.str(int(node), 0)), len(ids)
	}
	choice := f.nodeKind(node) == ChoiceNode
	for child, end := node+1, node+f.size(node); child < end; child += f.size(child) {
		switch {
		case child == chain[1]:
			ids, k = f.begun(ids, chain[1:])
		case !choice && !f.optional(child):
			ids = f.needed(ids, child)
		}
	}
	return ids, k
}

// needed appends the segments that a node requires.
func (f *file) needed(ids []string, node int32) []string {
	switch f.nodeKind(node) {
	case SegmentNode:
		return append(ids, f.nodes.str(int(node), 0))
	case ChoiceNode: // none of the alternatives is taken
		return ids
	}
	for child, end := node+1, node+f.size(node); child < end; child += f.size(child) {
		if !f.optional(child) {
			ids = f.needed(ids, child)
		}
	}
	return ids
}
