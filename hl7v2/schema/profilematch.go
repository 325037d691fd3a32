package schema

import (
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// profileCheck is the checking of one message. It is used again for others, so
// that a message without findings costs no allocation.
type profileCheck struct {
	p       *Profile
	def     *profileMessage
	m       *hl7v2.Message
	code    func(table int, code string) (valid, known bool)
	by      bool // the facts of the version are checked elsewhere
	groups  []groupInstance
	placed  []placedSegment
	counts  []int32 // of the children of each group
	stack   []profileFrame
	seen    []uint64      // which conditions in prose have been reported
	found   []nearSegment // for each path of a condition, and each depth of groups
	answers []nearAnswer  // for each path of a condition
	cursor  checker       // where in a segment it is
	inGroup int32         // the group of that segment

	// The repetition that the cursor is in.
	rep      run
	repMarks []hl7v2.Mark
	results  findings
}

// groupInstance is a repetition of a group in a message, or the message.
type groupInstance struct {
	place    *profilePlace
	parent   int32
	first    int32 // segment
	end      int32 // segment behind the last one
	occur    int32
	counts   int32 // in profileCheck.counts, one for each child
	leftover bool  // its definition is not supported: nothing in it is checked
}

// placedSegment is the place of a segment of the message, nil for none.
type placedSegment struct {
	place *profilePlace
	group int32
}

// profileFrame is a group that is open.
type profileFrame struct {
	place *profilePlace
	last  int // child that came last, -1 for none
	group int32
}

// nearSegment is where a path of a condition was last found in a group.
type nearSegment struct {
	group   int32 // plus one; 0 for none
	segment int32 // -1 if there is none
}

// nearAnswer is whether a segment has what a condition wants: the last one that
// was asked about, as all repetitions of another field do.
type nearAnswer struct {
	segment int32 // plus one; 0 for none
	met     bool
}

// begin makes m the message to check, and p the profile.
func (x *profileCheck) begin(p *Profile, m *hl7v2.Message, code func(int, string) (bool, bool), by bool, suppress *suppressor) {
	x.p, x.m, x.code, x.by = p, m, code, by
	x.results.begin(m, suppress)
}

// empty lets go of message and profile, and of what an uncommonly large one has
// needed.
func (x *profileCheck) empty() {
	if cap(x.placed) > 1<<14 || cap(x.groups) > 1<<14 || cap(x.counts) > 1<<16 || cap(x.seen)+cap(x.found)+cap(x.answers) > 1<<16 {
		*x = profileCheck{}
		return
	}
	clear(x.groups)
	clear(x.placed)
	clear(x.stack[:cap(x.stack)])
	x.results.end()
	*x = profileCheck{groups: x.groups, placed: x.placed, counts: x.counts, stack: x.stack, seen: x.seen, found: x.found, answers: x.answers, results: x.results}
}

// remember makes room for what is found out about conditions.
func (x *profileCheck) remember() {
	x.seen = zeros(x.seen, (x.p.proses+63)/64)
	x.found = zeros(x.found, x.p.leaves*(x.p.depth+1))
	x.answers = zeros(x.answers, x.p.leaves)
}

// zeros returns n zeros, in the room that a slice has if that is enough.
func zeros[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// met reports whether a segment, which may not exist, has what a condition
// wants.
func (x *profileCheck) met(c *condition, s hl7v2.Segment) bool {
	if !s.Exists() {
		return false
	}
	a := &x.answers[c.leaf]
	if k := int32(s.Index()) + 1; a.segment != k {
		*a = nearAnswer{k, c.metBy(s)}
	}
	return a.met
}

// match finds the place of every segment in the structure of the profile, in
// the way of Version.Group.
func (x *profileCheck) match() {
	n := x.m.Len()
	x.placed = zeros(x.placed, n)
	x.groups, x.counts, x.stack = x.groups[:0], x.counts[:0], x.stack[:0]
	x.open(&x.def.root, 0, -1)
	for k := range n {
		id := x.m.SegmentAt(k).ID()
		if !x.find(id, int32(k)) {
			x.unplaced(id, int32(k))
		}
	}
	for len(x.stack) > 0 {
		x.close(int32(n))
	}
}

// open opens a group.
func (x *profileCheck) open(place *profilePlace, k, parent int32) {
	g := groupInstance{place: place, parent: parent, first: k, occur: 1, counts: int32(len(x.counts))}
	for range place.content {
		x.counts = append(x.counts, 0)
	}
	x.groups = append(x.groups, g)
	x.stack = append(x.stack, profileFrame{place, -1, int32(len(x.groups) - 1)})
}

// openChild opens a group in the innermost open one.
func (x *profileCheck) openChild(child int, k int32) {
	top := &x.stack[len(x.stack)-1]
	top.last = child
	parent := top.group
	place := &top.place.content[child]
	count := x.count(parent, child)
	x.open(place, k, parent)
	x.groups[len(x.groups)-1].occur = count
	x.tooMany(place, count, k, int32(len(x.groups)-1))
}

// count counts one more of a child of a group.
func (x *profileCheck) count(group int32, child int) int32 {
	n := &x.counts[int(x.groups[group].counts)+child]
	*n++
	return *n
}

func (x *profileCheck) close(k int32) {
	x.groups[x.stack[len(x.stack)-1].group].end = k
	x.stack = x.stack[:len(x.stack)-1]
}

func (x *profileCheck) unwind(level int, k int32) {
	for len(x.stack) > level+1 {
		x.close(k)
	}
}

// find places a segment where the profile has its id, if anywhere: first where
// nothing required is left out on the way.
func (x *profileCheck) find(id string, k int32) bool {
	for _, strict := range [...]bool{true, false} {
		for level := len(x.stack) - 1; level >= 0; level-- {
			place := x.stack[level].place
			if child, ok := ahead(place, x.stack[level].last, id, strict); ok {
				x.unwind(level, k)
				x.descend(child, id, strict, k)
				return true
			}
			if level == 0 || place.max == 1 {
				continue
			}
			if child, ok := ahead(place, -1, id, strict); ok {
				x.unwind(level-1, k)
				x.openChild(x.stack[level-1].last, k)
				x.descend(child, id, strict, k)
				return true
			}
		}
	}
	return false
}

// ahead finds the child of a group that is a segment, or has it somewhere at
// its beginning, from the last one on.
func ahead(place *profilePlace, last int, id string, strict bool) (child int, ok bool) {
	if last >= 0 {
		if c := &place.content[last]; !c.group && c.max != 1 && c.id == id {
			return last, true
		}
	}
	for i := last + 1; i < len(place.content); i++ {
		c := &place.content[i]
		if !c.group {
			if c.id == id {
				return i, true
			}
		} else if _, ok := ahead(c, -1, id, strict); ok {
			return i, true
		}
		if strict && c.min > 0 {
			return 0, false
		}
	}
	return 0, false
}

// descend places a segment in a child of the innermost open group, opening the
// groups on the way.
func (x *profileCheck) descend(child int, id string, strict bool, k int32) {
	for {
		top := &x.stack[len(x.stack)-1]
		place := &top.place.content[child]
		if !place.group {
			top.last = child
			x.placed[k] = placedSegment{place, top.group}
			x.tooMany(place, x.count(top.group, child), k, -1)
			return
		}
		x.openChild(child, k)
		child, _ = ahead(place, -1, id, strict)
	}
}

// unplaced reports a segment that the profile has no place for. Where it has
// one, which is taken, the fields are checked all the same.
func (x *profileCheck) unplaced(id string, k int32) {
	for level := len(x.stack) - 1; level >= 0; level-- {
		top := &x.stack[level]
		if top.last < 0 {
			continue
		}
		if c := &top.place.content[top.last]; !c.group && c.id == id {
			x.unwind(level, k)
			x.placed[k] = placedSegment{c, top.group}
			x.tooMany(c, x.count(top.group, top.last), k, -1)
			return
		}
	}
	for level := len(x.stack) - 1; level > 0; level-- { // or a group
		if child, ok := ahead(x.stack[level].place, -1, id, true); ok {
			x.unwind(level-1, k)
			x.openChild(x.stack[level-1].last, k)
			x.descend(child, id, true, k)
			return
		}
	}
	x.placed[k].group = x.stack[len(x.stack)-1].group
	if isID(id) { // the wire layer has a finding for a line that is no segment
		x.segment(CodeProfileStructure, k, x.def.root.rules.clause, errNoPlace)
	}
}

// groupPath is the path of a group with a point behind it; empty for the
// message.
func (x *profileCheck) groupPath(i int32) string {
	var b strings.Builder
	x.appendGroupPath(&b, i)
	return b.String()
}

func (x *profileCheck) appendGroupPath(b *strings.Builder, i int32) {
	g := &x.groups[i]
	if g.parent < 0 {
		return
	}
	x.appendGroupPath(b, g.parent)
	b.WriteString(g.place.id)
	appendOccurrence(b, int(g.occur))
	b.WriteByte('.')
}

// nearest returns the segment that the path of a condition means: the first
// with its id in a group, or in the groups around it.
func (x *profileCheck) nearest(c *condition, group int32) hl7v2.Segment {
	depth := 0
	for g := x.groups[group].parent; g >= 0; g = x.groups[g].parent {
		depth++
	}
	for ; group >= 0; group, depth = x.groups[group].parent, depth-1 {
		memo := &x.found[c.leaf*(x.p.depth+1)+depth]
		if memo.group != group+1 {
			*memo = nearSegment{group + 1, -1}
			for k := x.groups[group].first; k < x.groups[group].end; k++ {
				if x.placed[k].group == group && x.m.SegmentAt(int(k)).Is(c.path.Segment) {
					memo.segment = k
					break
				}
			}
		}
		if memo.segment >= 0 {
			return x.m.SegmentAt(int(memo.segment))
		}
	}
	return hl7v2.Segment{}
}
