package tofhir

import "github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"

// groupInstance is one occurrence of a group in the message.
type groupInstance struct {
	pos    int32 // in Program.Positions
	parent int32 // instance around it, -1 for the message
	segs   span  // from its first segment to its last, those of groups in it included
}

// place gives each segment its position in the message structure and its
// group, as a greedy reader would: forward in the innermost group first, then
// a new occurrence of it, then in the groups around it. A segment that the
// structure does not have stays without position, in the group at hand.
func (c *conversion) place(s *mapping.Structure) {
	p := c.conv.program.Positions
	clear(c.firsts)
	c.groups, c.indexed = c.groups[:0], 0
	clear(c.latest)
	c.openGroup(int32(s.Lo), -1)
	group, last := int32(0), int32(s.Lo) // where the segment before stands
segments:
	for i := range c.in.segs {
		seg := &c.in.segs[i]
		seg.group = group
		if seg.id == 0 {
			continue
		}
		if at := &p[last]; at.End == 0 && at.Name == seg.id && (at.Repeats || !c.opens(last) && !c.single(last)) {
			seg.pos = last
			continue
		}
		from := last + 1
		for g := group; g >= 0 && seg.pos < 0; g = c.groups[g].parent {
			pos := c.groups[g].pos
			end := int32(p[pos].End)
			if f := c.find(seg.id, from, end, from); f >= 0 && !c.restarts(g, f) {
				seg.pos, seg.group = f, c.enter(g, f)
			} else if f := c.passed(seg.id, pos, from); f >= 0 {
				seg.pos, seg.group = f, g
				continue segments // and go on from where the message was
			} else if p[pos].Repeats && c.groups[g].parent >= 0 {
				if f := c.find(seg.id, pos+1, end, pos); f >= 0 {
					seg.pos, seg.group = f, c.enter(c.openGroup(pos, c.groups[g].parent), f)
				}
			}
			from = end
		}
		if seg.pos < 0 { // out of order: wherever the structure has it
			// That is at hand for what no group is without, and otherwise only if
			// there is one such place.
			first := c.find(seg.id, int32(s.Lo)+1, int32(s.Hi), int32(s.Hi))
			f := c.find(seg.id, last+1, int32(s.Hi), int32(s.Hi))
			if f < 0 || c.single(first) && last < int32(p[p[first].Parent].End) {
				f = first // and not in a group that is optional there
			}
			if f < 0 || !p[f].Needed && (f != first || c.find(seg.id, f+1, int32(s.Hi), int32(s.Hi)) >= 0) {
				continue
			}
			seg.pos = f
			if parent := int32(p[f].Parent); parent != f-1 || parent == int32(s.Lo) {
				seg.group = c.nearest(group, parent)
			} else {
				outer := c.nearest(group, int32(p[parent].Parent))
				if c.single(f) && c.has(outer, parent) {
					// A second of what there is one of begins the next one around: a drug
					// behind a drug is not of the same order.
					outer = c.openGroup(c.groups[outer].pos, c.groups[outer].parent)
					group, last = c.openGroup(parent, outer), f
					seg.group = group
					continue
				}
				seg.group = c.openGroup(parent, outer)
			}
			continue
		}
		group, last = seg.group, seg.pos
	}
	for i := range c.in.segs {
		for g := c.in.segs[i].group; g >= 0; g = c.groups[g].parent {
			in := &c.groups[g].segs
			if in.hi == 0 {
				in.lo = int32(i)
			}
			in.hi = int32(i) + 1
		}
	}
}

// opens reports whether a segment at a position may begin a new occurrence of
// its group: none of the group's own segments stands before it. In ORU an OBR
// opens one, for the group with ORC before it may be absent.
func (c *conversion) opens(pos int32) bool {
	p := c.conv.program.Positions
	parent := p[pos].Parent
	if !p[parent].Repeats {
		return false
	}
	for i := int32(parent) + 1; i < pos; i++ {
		if p[i].End == 0 && p[i].Parent == parent {
			return false
		}
	}
	return true
}

// single reports whether a position begins a group of which there is one in
// each of the repeating group around it.
func (c *conversion) single(pos int32) bool {
	p := c.conv.program.Positions
	g := int32(p[pos].Parent)
	return g == pos-1 && p[pos].Needed && !p[g].Repeats && p[g].Parent != uint32(g) && p[p[g].Parent].Repeats
}

// find returns the first position of a segment between from and end, -1 if
// there is none. What is optional does not open a group (one at opened or
// behind) whose needed segments before it are not there: a note behind an OBR
// is not one of the OBX that may follow.
func (c *conversion) find(id mapping.Str, from, end, opened int32) int32 {
	p := c.conv.program.Positions
	for i := from; i < end; i++ {
		if p[i].End == 0 && p[i].Name == id && !c.bare(i, opened) {
			return i
		}
	}
	return -1
}

// bare reports whether a position, or an optional group around it, has needed
// segments before it in a group that it would open.
func (c *conversion) bare(pos, opened int32) bool {
	p := c.conv.program.Positions
	needed := p[pos].Needed
	for g := int32(p[pos].Parent); g >= opened; g = int32(p[g].Parent) {
		for i := g + 1; i < pos && !needed; i++ {
			if p[i].Needed && p[i].End == 0 && int32(p[i].Parent) == g {
				return true
			}
		}
		needed = needed && p[g].Needed
		if g == int32(p[g].Parent) {
			break
		}
	}
	return false
}

// restarts reports whether a segment begins a group around g anew rather than
// an optional group in g, of position f. In OML an ORC begins an order, and not
// the prior results of the order before.
func (c *conversion) restarts(g, f int32) bool {
	p := c.conv.program.Positions
	opened := int32(-1)
	for a := int32(p[f].Parent); a != c.groups[g].pos; a = int32(p[a].Parent) {
		opened = a
	}
	if opened < 0 || p[opened].Needed {
		return false
	}
	for ; g >= 0; g = c.groups[g].parent {
		pos := c.groups[g].pos
		if first := p[pos+1]; first.Name == p[f].Name && (p[pos].Repeats && first.Needed || c.single(pos+1)) {
			return true
		}
	}
	return false
}

// passed finds an optional, repeating segment of a group itself before where
// the message stands, -1 if there is none: OBX NTE PRT for OBX PRT NTE. The
// first of a group begins another.
func (c *conversion) passed(id mapping.Str, group, before int32) int32 {
	p := c.conv.program.Positions
	for i := group + 2; i < before; i++ {
		if p[i].Name == id && p[i].End == 0 && int32(p[i].Parent) == group && p[i].Repeats && !p[i].Needed && !c.opens(i) {
			return i
		}
	}
	return -1
}

// enter makes the group instances between a group and a position in it.
func (c *conversion) enter(g, pos int32) int32 {
	p := c.conv.program.Positions
	want := int32(p[pos].Parent)
	if want == c.groups[g].pos {
		return g
	}
	outer := c.enter(g, want)
	return c.openGroup(want, outer)
}

// openGroup makes an instance of a group.
func (c *conversion) openGroup(pos, parent int32) int32 {
	c.groups = append(c.groups, groupInstance{pos: pos, parent: parent})
	return int32(len(c.groups) - 1)
}

// has reports whether an instance of a group has one of a position in it. Those
// opened since nearest was asked are not looked at.
func (c *conversion) has(g, pos int32) bool {
	_, ok := c.latest[groupKey{pos, g}]
	return ok
}

// groupKey asks for the latest instance of a position in an instance around.
type groupKey struct{ pos, around int32 }

// nearest returns the latest instance of a group position that shares the
// most groups with instance g.
func (c *conversion) nearest(g, pos int32) int32 {
	if c.latest == nil {
		c.latest = make(map[groupKey]int32)
	}
	for ; c.indexed < len(c.groups); c.indexed++ {
		of := c.groups[c.indexed].pos
		for a := int32(c.indexed); a >= 0; a = c.groups[a].parent {
			c.latest[groupKey{of, a}] = int32(c.indexed)
		}
	}
	for a := g; a >= 0; a = c.groups[a].parent {
		if i, ok := c.latest[groupKey{pos, a}]; ok {
			return i
		}
	}
	return c.enter(0, pos+1)
}

// within reports whether group instance g is a or lies in it.
func (c *conversion) within(g, a int32) bool {
	for ; g >= 0; g = c.groups[g].parent {
		if g == a {
			return true
		}
	}
	return false
}

// related finds the segment that a reference to another segment means: the
// same segment, or the first of its kind in the innermost group around that
// has one. Another occurrence of a group that the segment is in does not
// count: the order before is not this one.
func (c *conversion) related(seg int32, id mapping.Str) int32 {
	if c.in.segs[seg].id == id {
		return seg
	}
	own := int32(-1) // the group below g that the segment is in
	for g := c.in.segs[seg].group; g >= 0; own, g = g, c.groups[g].parent {
		q := relation{group: g, id: id, except: -1}
		if own >= 0 {
			q.except = c.groups[own].pos
		}
		if i := c.firstOf(q); i >= 0 {
			return i
		}
	}
	return -1
}

// relation asks for the first segment with an id that is in a group, but not
// in one of the groups of one kind directly below it.
type relation struct {
	group, except int32
	id            mapping.Str
}

// firstOf answers a relation, -1 if there is no such segment. Answers about
// large groups are remembered.
func (c *conversion) firstOf(q relation) int32 {
	const large = 64
	in := c.groups[q.group].segs
	if in.hi-in.lo > large {
		if i, ok := c.firsts[q]; ok {
			return i
		}
	}
	found := int32(-1)
	for i := in.lo; i < in.hi && found < 0; i++ {
		if c.in.segs[i].id != q.id {
			continue
		}
		below, at := int32(-1), c.in.segs[i].group
		for at >= 0 && at != q.group {
			below, at = at, c.groups[at].parent
		}
		if at == q.group && (q.except < 0 || below < 0 || c.groups[below].pos != q.except) {
			found = i
		}
	}
	if in.hi-in.lo > large {
		if c.firsts == nil {
			c.firsts = make(map[relation]int32)
		}
		c.firsts[q] = found
	}
	return found
}
