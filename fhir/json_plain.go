package fhir

// What the definitions do not know is read as it comes: members become nodes
// by their names, arrays become repetitions.

// plainMember reads the value of an unknown member.
func (r *reader) plainMember(i int, self uint32, name string) int {
	id := r.unknownName(name, i)
	if r.fatal {
		return r.n
	}
	return r.plainItems(i, node{parent: self, name: id, index: noIndex, flags: flagUnknown})
}

// plainItems reads a value; the items of an array become nodes of their own.
func (r *reader) plainItems(i int, n node) int {
	if r.s[i] != '[' {
		return r.plainValue(i, n)
	}
	if !r.enter(i) {
		return r.n
	}
	n.flags |= flagArray
	n.index = 0
	if k := r.space(i + 1); r.s[k] == ']' && n.name != 0 {
		r.add(node{parent: n.parent, name: n.name, kind: markNode, off: markEmpty})
	}
	for i = r.space(i + 1); r.s[i] != ']'; n.index++ {
		i = r.space(r.plainValue(i, n))
		if r.s[i] == ',' {
			if i = r.space(i + 1); r.s[i] == ']' {
				return r.bad(i, "a value is due")
			}
		} else if r.s[i] != ']' {
			return r.bad(i, "a comma or a closing bracket is due")
		}
	}
	r.depth--
	return i + 1
}

// plainValue reads one value as the node n.
func (r *reader) plainValue(i int, n node) int {
	n.off = uint32(i)
	switch c := r.s[i]; {
	case c == '{':
		n.kind = Complex
		return r.plainObject(i, r.add(n))
	case c == '[':
		n.kind = Array
		self := r.add(n)
		i = r.plainItems(i, node{parent: self, index: noIndex, flags: flagUnknown})
		r.closePlain(self, i)
		return i
	case c == '"':
		end, flags := r.str(i + 1)
		if r.fatal {
			return r.n
		}
		n.kind = Text
		n.off, n.len = uint32(i+1), uint32(end-i-1)
		n.flags |= flags
		r.add(n)
		if r.checkLength(i, n.len); r.fatal {
			return r.n
		}
		return end + 1
	case c == '-' || '0' <= c && c <= '9':
		end := r.number(i)
		n.kind, n.len = Number, uint32(end-i)
		r.add(n)
		return end
	}
	end := r.literal(i)
	n.len = uint32(end - i)
	switch r.s[i:end] {
	case "true", "false":
		n.kind = Boolean
	case "null":
		n.kind = Text
		n.flags |= flagNoValue | flagNull
	default:
		return r.bad(i, "no JSON value")
	}
	r.add(n)
	return end
}

// plainObject reads an object of which nothing is known.
func (r *reader) plainObject(i int, self uint32) int {
	if !r.enter(i) {
		return r.n
	}
	for i = r.space(i + 1); r.s[i] != '}'; {
		if r.s[i] != '"' {
			return r.bad(i, "a member's name is due")
		}
		name, _, _, next := r.key(i)
		if r.fatal {
			return r.n
		}
		i = r.space(r.plainMember(next, self, name))
		if r.s[i] == ',' {
			if i = r.space(i + 1); r.s[i] != '"' {
				return r.bad(i, "a member's name is due")
			}
		} else if r.s[i] != '}' {
			return r.bad(i, "a comma or a closing brace is due")
		}
	}
	r.depth--
	r.closePlain(self, i+1)
	return i + 1
}

// closePlain ends a node whose value ends at i.
func (r *reader) closePlain(self uint32, i int) {
	n := &r.nodes[self]
	n.len = uint32(i) - n.off
	n.next = uint32(len(r.nodes))
	if n.next > self+1 {
		n.flags |= flagKids
	}
}
