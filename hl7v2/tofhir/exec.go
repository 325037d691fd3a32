package tofhir

import (
	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

// maxInstances is how many instances of its own target a map may number.
const maxInstances = 8

// frame is one map at work: on a source element, filling a target node.
type frame struct {
	outer  *frame
	m      *mapping.Map
	source cursor
	seg    int32
	rep    int32 // repetition of the segment's field
	field  int16 // number of that field
	node   int32 // the target
	ref    int32 // the reference that led to the target, -1 if none
	vocab  int32 // code table for what the target codes, -1 if none
	row    int32 // the row that called the map

	coded uint8 // bit n: a translated coding stands for coding[n+1]

	// Instances of a resource that the map numbers, and what each is part of.
	inst   [maxInstances]int32 // resource + 1
	partOf [maxInstances]uint8
	link   mapping.Step // of partOf
}

// run executes the rows of a map.
func (c *conversion) run(f *frame) {
	p := c.conv.program
	for i := f.m.Lo; i < f.m.Hi; i++ {
		row := &p.Rows[i]
		if row.Flags&c.conv.skip != 0 {
			continue
		}
		switch {
		case row.WholeField:
			c.row(f, int32(i), row, f.source, 0)
		case f.m.Segment:
			field := c.in.field(f.seg, row.Field)
			if field.level == levelNone {
				if row.Flags&mapping.WhenEmpty != 0 {
					f.field, f.rep = row.Field, 0
					c.row(f, int32(i), row, cursor{}, 0)
				}
				continue
			}
			reps := c.in.fields[field.index]
			f.field = row.Field
			for r := int32(0); r < reps.hi-reps.lo; r++ {
				src := c.down(c.in.rep(field, r), row)
				if src.level == levelNone && row.Flags&mapping.WhenEmpty == 0 {
					continue
				}
				f.rep = r
				c.row(f, int32(i), row, src, r)
			}
			f.rep = 0
		default:
			src := c.down(f.source, row)
			if src.level == levelNone && row.Flags&mapping.WhenEmpty == 0 {
				continue
			}
			c.row(f, int32(i), row, src, 0)
		}
	}
	c.joinInstances(f)
}

func (c *conversion) down(cur cursor, row *mapping.Row) cursor {
	if row.Component > 0 {
		cur = c.in.child(cur, row.Component)
	}
	if row.Sub > 0 {
		cur = c.in.child(cur, row.Sub)
	}
	return cur
}

// row executes one row on one source element.
func (c *conversion) row(f *frame, n int32, row *mapping.Row, src cursor, rep int32) {
	p := c.conv.program
	valued := c.in.valued(src)
	if !valued && !row.WholeField && row.Flags&mapping.WhenEmpty == 0 {
		return
	}
	if row.Cond != mapping.None && !c.holds(row.Cond, f, src) {
		if valued && !row.WholeField {
			c.note(src, fateCondition)
		}
		return
	}
	steps := p.Steps[row.Lo:row.Hi]
	if f.coded != 0 && len(steps) > 0 && steps[0].Name == c.conv.strCoding && f.coded&(1<<(max(steps[0].Num, 1)-1)) != 0 {
		c.mark(src, fateMapped)
		return
	}
	if rep > 0 && row.Flags&mapping.Constant == 0 && !listed(steps) && len(steps) > 0 {
		c.lose(src, fateCardinality)
		return
	}
	if len(steps) > 0 && steps[0].Kind == mapping.StepInstance && steps[0].Max > steps[0].Num {
		for i := steps[0].Num; i <= steps[0].Max && i < maxInstances; i++ {
			if f.inst[i] > 0 {
				c.fill(f, n, row, src, rep, c.resources[f.inst[i]-1].root, steps[1:])
			}
		}
		return
	}
	if row.Flags&mapping.Default != 0 && c.settled(f.node, n, steps) {
		return
	}
	start := f.node
	if len(steps) > 0 && steps[0].Kind == mapping.StepInstance {
		i := steps[0].Num
		steps = steps[1:]
		start = c.instance(f, i)
		if start < 0 {
			c.lose(src, fateCardinality)
			return
		}
		if k := len(steps) - 1; k >= 0 && steps[k].Kind == mapping.StepSibling {
			f.partOf[i] = steps[k].Num
			f.link = steps[k-1]
			return
		}
	}
	c.fill(f, n, row, src, rep, start, steps)
}

// settled reports whether a row that fills only what is empty has nothing to do.
// What is filled stays so: the answer is kept where it took long to find, which
// it would for each segment of thousands that fill one resource.
func (c *conversion) settled(node, n int32, steps []mapping.Step) bool {
	k := settlement{node, n}
	if len(c.full) > 0 && c.full[k] {
		return true
	}
	const long = 64
	c.looked = 0
	full := c.filled(node, steps)
	if full && c.looked > long {
		if c.full == nil {
			c.full = make(map[settlement]bool)
		}
		c.full[k] = true
	}
	return full
}

// settlement is a row and the element that it is about.
type settlement struct{ node, row int32 }

// filled reports whether there is something in the element that a path leads
// to. Extensions do not count: a path to the one that says why there is nothing
// asks about the element around it.
func (c *conversion) filled(n int32, steps []mapping.Step) bool {
	if len(steps) == 0 || steps[0].Name == c.conv.strExtension {
		nd := &c.nodes[n]
		if nd.has || nd.res > 0 {
			return true
		}
		for ch := nd.child; ch >= 0; ch = c.nodes[ch].next {
			c.looked++
			if c.nodes[ch].name != c.conv.strExtension && c.filled(ch, nil) {
				return true
			}
		}
		return false
	}
	for ch := c.nodes[n].child; ch >= 0; ch = c.nodes[ch].next {
		c.looked++
		if c.nodes[ch].name == steps[0].Name && c.filled(ch, steps[1:]) {
			return true
		}
	}
	return false
}

// listed reports whether a path has a list element, so that repetitions of
// the source find room.
func listed(steps []mapping.Step) bool {
	for i := range steps {
		if steps[i].Array {
			return true
		}
	}
	return false
}

// fill walks the path from a node and writes the value at its end.
func (c *conversion) fill(f *frame, n int32, row *mapping.Row, src cursor, rep int32, at int32, steps []mapping.Step) {
	p := c.conv.program
	ref := f.ref
	if f.m.Segment {
		ref = -1
	}
	listSeen := false
	for i := range steps {
		st := &steps[i]
		switch st.Kind {
		case mapping.StepElement:
			k := key{scope: f.seg, num: st.Num}
			if st.Array && !listSeen && f.m.Segment {
				k.rep, listSeen = rep, true
			}
			parent := at
			at, ref = c.element(at, st, k), -1
			if st.Array && st.Num == 0 && row.Map != mapping.None && i == len(steps)-1 {
				// Two fields that both fill an unnumbered list fill two entries.
				for other := c.nodes[at].row; other >= 0 && p.Rows[other].Ident != row.Ident && k.num < 224; other = c.nodes[at].row {
					k.num += 32
					at = c.element(parent, st, k)
				}
				c.nodes[at].row = n
			}
		case mapping.StepResource:
			if row.Assign == mapping.AssignNothing && i == len(steps)-1 {
				// The resource that the message is about, if it has one.
				r := c.linked(f.seg, st.Name, 0)
				if row.Flags&mapping.Demanded != 0 {
					c.demands = append(c.demands, demand{node: at, row: n})
				}
				if c.nodes[at].res == 0 && (r >= 0 || row.Flags&mapping.Demanded != 0) {
					c.nodes[at].res, c.nodes[at].row = r+1, n
					return
				}
			}
			if ref, at = c.through(at, st, f); at < 0 {
				c.lose(src, fateCardinality)
				return
			}
		case mapping.StepNew:
			at, ref = c.resources[c.newResource(st.Name, 0, f.seg, c.in.segs[f.seg].group, true)].root, -1
		}
	}
	switch {
	case row.Assign == mapping.AssignNothing:
	case row.Map != mapping.None:
		sub := frame{outer: f, m: &p.Maps[row.Map], source: src, seg: f.seg, rep: f.rep, field: f.field, node: at, ref: ref, vocab: row.Vocab, row: n}
		if row.Vocab != mapping.None {
			c.translate(&sub, row, src, at)
		}
		c.run(&sub)
	case row.Prim == mapping.Complex && row.Vocab != mapping.None:
		c.coding(at, row, n, f, src)
	default:
		c.assign(at, row, n, f, src)
	}
}

// through follows a reference into its resource, and makes that if there is
// none: the one that the message table made of this segment if it is of the
// same type.
//
// A list element that refers to a resource of another type already gets a
// second entry; a single one has no room, and what would go there is lost.
func (c *conversion) through(at int32, st *mapping.Step, f *frame) (ref, root int32) {
	if r := c.nodes[at].res; r > 0 && c.resources[r-1].typ == st.Name {
		return at, c.resources[r-1].root
	} else if r > 0 {
		n := c.nodes[at]
		k := n.key
		if !n.list || k.num >= 192 {
			return -1, -1
		}
		k.num += 64
		return c.through(c.element(n.parent, &mapping.Step{Kind: mapping.StepElement, Array: true, Prim: n.prim, Order: n.order, Name: n.name}, k), st, f)
	}
	r := int32(-1)
	mine, _ := c.madeBy(f.seg, st.Name)
	for _, i := range mine {
		if i != c.nodes[at].owner { // no resource refers to itself
			r = i
		}
	}
	if r < 0 {
		r = c.newResource(st.Name, st.Num, f.seg, c.in.segs[f.seg].group, true)
	}
	c.nodes[at].res = r + 1
	return at, c.resources[r].root
}

// instance returns the node of numbered instance i of a map's target. Of a
// resource there may be many; of an element there is the one.
func (c *conversion) instance(f *frame, i uint8) int32 {
	if i == 0 || i >= maxInstances {
		return -1
	}
	if f.ref < 0 {
		n := c.nodes[f.node]
		if i == 1 {
			return f.node
		}
		if !n.list {
			return -1
		}
		k := n.key
		k.num += 16 * i
		return c.element(n.parent, &mapping.Step{Kind: mapping.StepElement, Array: true, Prim: n.prim, Order: n.order, Name: n.name}, k)
	}
	if f.inst[i] > 0 {
		return c.resources[f.inst[i]-1].root
	}
	own := c.nodes[f.ref].res
	for _, used := range f.inst {
		if used == own {
			own = 0 // the resource behind the reference is taken
			break
		}
	}
	if own == 0 {
		first := c.nodes[f.ref].res - 1
		own = c.newResource(c.resources[first].typ, i, f.seg, c.in.segs[f.seg].group, true) + 1
	}
	f.inst[i] = own
	return c.resources[own-1].root
}

// joinInstances makes each instance part of the next that exists, and points
// the reference at the innermost.
func (c *conversion) joinInstances(f *frame) {
	if f.ref < 0 {
		return
	}
	var inner [maxInstances]bool
	count, outer := 0, [maxInstances]bool{}
	for i := range f.inst {
		if f.inst[i] == 0 || !c.resources[f.inst[i]-1].content {
			continue
		}
		inner[i] = true
		count++
		up := f.partOf[i]
		for hops := 0; up != 0 && hops < maxInstances; hops++ {
			if up < maxInstances && f.inst[up] > 0 && c.resources[f.inst[up]-1].content {
				n := c.element(c.resources[f.inst[i]-1].root, &f.link, key{})
				c.nodes[n].res = f.inst[up]
				outer[up] = true
				break
			}
			if up >= maxInstances {
				break
			}
			up = c.chain(f, up)
		}
	}
	if count == 0 {
		return
	}
	for i := range inner {
		if inner[i] && !outer[i] {
			c.nodes[f.ref].res = f.inst[i]
			return
		}
	}
}

// chain returns what an instance that the message does not have would be
// part of.
func (c *conversion) chain(f *frame, i uint8) uint8 {
	p := c.conv.program
	for r := f.m.Lo; r < f.m.Hi; r++ {
		row := &p.Rows[r]
		if k := row.Hi - 1; row.Hi > row.Lo && p.Steps[k].Kind == mapping.StepSibling && p.Steps[row.Lo].Num == i {
			return p.Steps[k].Num
		}
	}
	return 0
}

// target executes one use of a segment by the message table.
func (c *conversion) target(seg int32, n int32, t *mapping.Target) {
	p := c.conv.program
	if t.Flags&c.conv.skip != 0 {
		return
	}
	f := frame{seg: seg, source: c.in.segCursor(seg), ref: -1, vocab: mapping.None, row: -2 - n}
	if t.Map != mapping.None {
		f.m = &p.Maps[t.Map]
	} else {
		f.m = &mapping.Map{Segment: true}
	}
	if t.Cond != mapping.None && !c.holds(t.Cond, &f, f.source) {
		return
	}
	if t.Map != mapping.None && f.m.Source != c.in.segs[seg].id {
		other := c.related(seg, f.m.Source)
		if other < 0 {
			return
		}
		f.source = c.in.segCursor(other)
		f.seg = other
	}
	r := c.forTarget(seg, t)
	if r < 0 {
		return
	}
	if t.Main && c.in.valued(f.source) {
		c.resources[r].content = true
	}
	f.node = c.resources[r].root
	steps := p.Steps[t.Lo:t.Hi]
	for i := range steps {
		st := &steps[i]
		if st.Kind == mapping.StepElement {
			f.node = c.element(f.node, st, key{scope: seg, num: st.Num})
		} else if st.Kind == mapping.StepResource {
			if f.ref, f.node = c.through(f.node, st, &f); f.node < 0 {
				return
			}
		}
	}
	if t.Map != mapping.None {
		f.ref = -1
		c.run(&f)
	}
	for i := t.LLo; i < t.LHi; i++ {
		c.links = append(c.links, pendingLink{link: int32(i), seg: seg, target: n})
	}
}

// forTarget finds or makes the resource of a target. It returns -1 where the
// target is a part of one that is not there.
func (c *conversion) forTarget(seg int32, t *mapping.Target) int32 {
	g := c.in.segs[seg].group
	for g > 0 && c.groups[g].pos != int32(t.Scope) {
		g = c.groups[g].parent
	}
	if g < 0 {
		g = 0
	}
	list := c.ofType(t.Type)
	for k := len(list) - 1; k >= 0; k-- {
		r := &c.resources[list[k]]
		if r.seg < c.groups[g].segs.lo {
			break
		}
		if r.num != t.Num || r.scope != g {
			continue
		}
		made, at := &c.in.segs[r.seg], &c.in.segs[seg]
		if r.seg != seg && (t.Anchor || made.id == at.id && made.pos != at.pos && t.Lo == t.Hi) {
			break // each occurrence of the segment makes its own, and each place of it
		}
		return list[k]
	}
	if t.Part {
		return -1
	}
	return c.newResource(t.Type, t.Num, seg, g, false)
}

// pendingLink is a reference that waits for all resources to be there.
type pendingLink struct{ link, seg, target int32 }

// resolveLinks makes the references of the message table.
func (c *conversion) resolveLinks() {
	p := c.conv.program
	var lost pendingLink // a reference that leads nowhere
	for _, pl := range c.links {
		l := &p.Links[pl.link]
		if l.ToType == 0 && lost.target == pl.target && lost.seg == pl.seg && c.beside(l, &p.Links[lost.link]) {
			continue // what is told beside it is told of nothing
		}
		from := c.linked(pl.seg, l.Type, l.Num)
		if from < 0 || !c.resources[from].content {
			continue
		}
		to := int32(-1)
		if l.ToType != 0 {
			to = c.linked(pl.seg, l.ToType, l.ToNum)
			if to < 0 || to == from || !c.resources[to].content {
				lost = pl
				continue
			}
		}
		at := c.resources[from].root
		for i := l.Lo; i < l.Hi; i++ {
			st := &p.Steps[i]
			if st.Kind == mapping.StepElement {
				at = c.element(at, st, key{scope: pl.seg, num: st.Num})
			}
		}
		if to < 0 {
			if !c.nodes[at].has {
				c.write(at, p.Text(l.Literal), -2-pl.target, -1)
			}
		} else if c.nodes[at].res == 0 {
			c.nodes[at].res = to + 1
			c.nodes[at].row = -2 - pl.target
		}
	}
}

// beside reports whether two links fill the same element of a resource.
func (c *conversion) beside(a, b *mapping.Link) bool {
	steps := c.conv.program.Steps
	return a.Type == b.Type && a.Num == b.Num && a.Hi-a.Lo > 1 && b.Hi-b.Lo > 1 && steps[a.Lo].Name == steps[b.Lo].Name
}

// linked finds the resource that a reference means from where a segment
// stands: made by the segment itself, else the last one in the innermost
// group around that has one.
func (c *conversion) linked(seg int32, typ mapping.Str, num uint8) int32 {
	fits := func(i int32) bool { return num == 0 || c.resources[i].num == num }
	mine, before := c.madeBy(seg, typ)
	for k := len(mine) - 1; k >= 0; k-- {
		if fits(mine[k]) {
			return mine[k]
		}
	}
	list := c.ofType(typ)
	for g := c.in.segs[seg].group; g >= 0; g = c.groups[g].parent {
		in := c.groups[g].segs
		for k := before - 1; k >= 0 && c.resources[list[k]].seg >= in.lo; k-- {
			if fits(list[k]) && c.within(c.resources[list[k]].scope, g) {
				return list[k]
			}
		}
		for k := before; k < len(list) && c.resources[list[k]].seg < in.hi; k++ {
			if fits(list[k]) && c.within(c.resources[list[k]].scope, g) {
				return list[k]
			}
		}
	}
	if num != 0 {
		return c.linked(seg, typ, 0)
	}
	return -1
}

// demand is a reference that FHIR requires, made by a row.
type demand struct{ node, row int32 }

// answerDemands says of required references that lead nowhere, since the
// message tells nothing of the resource, that it is unknown.
func (c *conversion) answerDemands() {
	for _, d := range c.demands {
		if r := c.nodes[d.node].res; r > 0 && c.resources[r-1].content {
			continue
		}
		ext := c.element(d.node, &c.conv.stepExtension, key{num: 1})
		c.write(c.element(ext, &c.conv.stepURL, key{}), dataAbsentReason, d.row, -1)
		c.write(c.element(ext, &c.conv.stepValueCode, key{}), "unknown", d.row, -1)
	}
}

const dataAbsentReason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
