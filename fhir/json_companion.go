package fhir

import "github.com/nhskit/nhskit/fhir/internal/facts"

// A primitive "x" may have a companion "_x" with its id and extensions; in
// the tree both are one node. Mostly the companion follows at once and its
// members become the node's children in place. Where it does not, or where
// the primitive repeats, the children lie apart, and a mark node keeps the
// place where the second of the two members was written.

// What a mark node stands for, in its field off.
const (
	markCompanion = 1       // "_x"
	markValues    = 2       // "x", after its companion
	markEmpty     = 3       // an unknown member that is an empty array
	markType      = noIndex // "resourceType", not as the first member
)

// companion reads the value of the member "_x" of a primitive property.
func (r *reader) companion(i, at int, self, row uint32, seen, companions *[2]uint64) int {
	p := r.t.Prop(row)
	n := node{parent: self, prop: row + 1, typ: p.Type, name: p.Base, index: noIndex,
		kind: primitiveKind(r.t.TypePrimitive(p.Type)), flags: flagNoValue | flagReverse}
	w, bit := p.Ord>>6&1, uint64(1)<<(p.Ord&63)
	have := false
	switch {
	case companions[w]&bit != 0:
		r.errAt(CodeDuplicate, at, self, r.t.Name(p.Base), "the companion member appears twice", clauseRFC8259)
		if i = r.skip(i); r.s[i] == 0 {
			return r.bad(i, "no JSON value")
		}
		return i
	case seen[w]&bit != 0:
		if have = r.hasProp(self, row+1); !have {
			r.errAt(CodeCompanion, at, self, r.t.Name(p.Base), "the companion of another alternative than the value's", clausePairs)
		}
	}
	companions[w] |= bit
	isArray := r.s[i] == '['
	if !isArray && r.s[i] != '{' {
		return r.wrongCompanion(i, n)
	}
	if isArray != (p.Flags&facts.PropList != 0) {
		text := "one companion where an array is due"
		if isArray {
			text = "an array where one companion is due"
		}
		r.errNode(CodeArray, i, n, text, clausePairs)
	}
	last := uint32(len(r.nodes)) - 1
	if !isArray {
		switch {
		case !have:
			return r.companionObject(i, r.add(n))
		case r.nodes[last].prop == row+1 && r.nodes[last].parent == self && r.nodes[last].flags&(flagKids|flagApart) == 0:
			return r.companionObject(i, last)
		}
	}
	return r.companionArray(i, n, have, isArray)
}

// wrongCompanion reports a companion that is no object and skips it.
func (r *reader) wrongCompanion(i int, n node) int {
	code := CodeJSONType
	if r.s[i] == 'n' {
		code = CodeNull
	}
	r.errNode(code, i, n, "a companion is an object", clausePairs)
	end := r.skip(i)
	if r.s[end] == 0 {
		return r.bad(end, "no JSON value")
	}
	return end
}

// companionObject reads the object at i as the children of a primitive node
// that is the newest one.
func (r *reader) companionObject(i int, self uint32) int {
	if r.s[i] != '{' {
		return r.wrongCompanion(i, r.nodes[self])
	}
	off, length := r.nodes[self].off, r.nodes[self].len
	if r.nodes[self].flags&flagNoValue != 0 {
		off, length = uint32(i), 0
	}
	i = r.object(i, self, r.nodes[self].typ)
	r.nodes[self].off, r.nodes[self].len = off, length
	return i
}

// companionArray reads companions that do not directly follow their one
// value.
func (r *reader) companionArray(i int, n node, have, isArray bool) int {
	open := i
	if !r.enter(i) {
		return r.n
	}
	defer func() { r.depth-- }()
	if isArray {
		n.flags |= flagArray
		if i = r.space(i + 1); r.s[i] == ']' {
			r.errNode(CodeEmpty, open, n, "an empty array", clauseJSON)
			return i + 1
		}
	}
	// target is the node that gets the next companion.
	target, end := uint32(len(r.nodes)), uint32(len(r.nodes))
	const none = -1
	mark := none
	if have {
		target = r.firstProp(n.parent, n.prop)
		// A single value right before takes its companion in place.
		if target != end-1 || r.nodes[target].flags&flagKids != 0 {
			for k := target; k < end; k = r.nodes[k].next {
				if r.nodes[k].prop == n.prop {
					r.nodes[k].flags |= flagSplit
				}
			}
			mark = int(r.add(node{parent: n.parent, prop: n.prop, kind: markNode, off: markCompanion}))
		}
	}
	count, said := uint32(0), false
	for ; ; count++ {
		said = said || r.s[i] != 'n'
		for have && target < end && r.nodes[target].prop != n.prop {
			target = r.nodes[target].next
		}
		fits := have && target < end
		if !fits && have {
			r.errNode(CodeCompanion, i, n, "more companions than values", clausePairs)
			have, n.flags = false, n.flags&^flagReverse|flagSplit
			if mark != none {
				r.nodes[mark].next = uint32(len(r.nodes))
				mark = none
			}
		}
		switch {
		case r.s[i] == 'n':
			if e := r.literal(i); r.s[i:e] != "null" {
				return r.bad(i, "no JSON value")
			}
			if !fits {
				n.index, n.off = count, uint32(i)
				k := r.add(n)
				r.nodes[k].flags |= flagNull
				r.nulls++
			}
			i += 4
		case !fits:
			if isArray {
				n.index = count
			}
			i = r.companionObject(i, r.add(n))
		case mark == none:
			i = r.companionObject(i, target)
		default:
			i = r.companionApart(i, target)
		}
		if r.fatal {
			return r.n
		}
		if fits {
			target = r.nodes[target].next
			if mark == none {
				end = target
			}
		}
		if !isArray {
			break
		}
		i = r.space(i)
		if r.s[i] == ']' {
			i++
			break
		}
		if r.s[i] != ',' {
			return r.bad(i, "a comma or a closing bracket is due")
		}
		i = r.space(i + 1)
	}
	if !said {
		r.issue(Warning, CodeNull, open, r.pathOf(n.parent, r.t.Name(n.name)), "companions without an id or extension", clausePairs)
	}
	if mark != none {
		r.nodes[mark].next = uint32(len(r.nodes))
	}
	for have && target < end && r.nodes[target].prop != n.prop {
		target = r.nodes[target].next
	}
	if have && target < end {
		r.errNode(CodeCompanion, open, n, "fewer companions than values", clausePairs)
	}
	return i
}

// companionApart reads the object at i as the children of a node that is not
// the newest one.
func (r *reader) companionApart(i int, target uint32) int {
	if r.s[i] != '{' {
		return r.wrongCompanion(i, r.nodes[target])
	}
	// The object is read below a stand-in, which is the mark itself or, for
	// later items, a mark of its own; then its children change parents.
	stand := r.add(node{parent: target, kind: markNode, typ: r.nodes[target].typ, off: uint32(i)})
	i = r.object(i, stand, r.nodes[target].typ)
	r.nodes[stand].flags &^= flagKids
	first, end := stand+1, uint32(len(r.nodes))
	for k := first; k < end; k = r.nodes[k].next {
		r.nodes[k].parent = target
	}
	if first < end {
		r.nodes[target].flags |= flagApart
		r.apart = append(r.apart, apart{target, first, end})
	}
	return i
}

// firstProp returns the first child of a property.
func (r *reader) firstProp(self, prop uint32) uint32 {
	k := self + 1
	for r.nodes[k].prop != prop || r.nodes[k].kind == markNode {
		k = r.nodes[k].next
	}
	return k
}

// lateValues reads the member "x" whose companion came before.
func (r *reader) lateValues(i, at int, n node, p facts.Prop) int {
	target, end := r.firstProp(n.parent, n.prop), uint32(len(r.nodes))
	// Something between the two members?
	for k := target; k < end; k = r.nodes[k].next {
		if r.nodes[k].prop != n.prop {
			for k := target; k < end; k = r.nodes[k].next {
				if r.nodes[k].prop == n.prop {
					r.nodes[k].flags |= flagSplit
				}
			}
			end = r.add(node{parent: n.parent, prop: n.prop, kind: markNode, off: markValues})
			break
		}
	}
	list := r.s[i] == '['
	if list != (p.Flags&facts.PropList != 0) {
		text := "one value where an array is due"
		if list {
			text = "an array where one value is due"
		}
		r.errNode(CodeArray, i, n, text, clausePairs)
	}
	if list {
		if i = r.space(i + 1); r.s[i] == ']' {
			r.errNode(CodeEmpty, at, n, "an empty array", clauseJSON)
			return i + 1
		}
		n.flags |= flagArray
		n.index = 0
	}
	for {
		for target < end && r.nodes[target].prop != n.prop {
			target = r.nodes[target].next
		}
		fits := target < end
		if !fits {
			r.errNode(CodeCompanion, i, n, "more values than companions", clausePairs)
		}
		if r.s[i] == 'n' && list {
			if e := r.literal(i); r.s[i:e] != "null" {
				return r.bad(i, "no JSON value")
			}
			if fits {
				r.nodes[target].flags |= flagNull
				if r.nodes[target].flags&(flagKids|flagApart) == 0 {
					r.nulls++
				}
			}
			i += 4
		} else {
			k := uint32(len(r.nodes))
			i = r.primitive(i, n)
			if r.fatal {
				return r.n
			}
			if fits && int(k)+1 == len(r.nodes) {
				v, t := r.nodes[k], &r.nodes[target]
				t.off, t.len, t.kind = v.off, v.len, v.kind
				t.flags = t.flags&^(flagNoValue|flagNull) | v.flags
				r.nodes = r.nodes[:k]
			}
		}
		if fits {
			target = r.nodes[target].next
		}
		if !list {
			return i
		}
		n.index++
		i = r.space(i)
		if r.s[i] == ']' {
			break
		}
		if r.s[i] != ',' {
			return r.bad(i, "a comma or a closing bracket is due")
		}
		i = r.space(i + 1)
	}
	for target < end && r.nodes[target].prop != n.prop {
		target = r.nodes[target].next
	}
	if target < end {
		r.errNode(CodeCompanion, at, n, "fewer values than companions", clausePairs)
	}
	return i + 1
}

// checkNulls reports primitives without a value, id and extensions among the
// children of a node.
func (r *reader) checkNulls(self uint32) {
	for k := self + 1; k < uint32(len(r.nodes)); k = r.nodes[k].next {
		n := &r.nodes[k]
		if n.flags&flagNull != 0 && n.flags&flagNoValue != 0 && n.flags&(flagKids|flagApart|flagUnknown) == 0 && n.kind != markNode {
			r.issue(Error, CodeNull, int(n.off), r.pathOf(k, ""), "null without an extension in its place", clausePairs)
		}
	}
}
