package fhir

import (
	"strconv"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// The JSON scanner reads one pass over the padded source. Each function takes
// the offset to read at and returns the one behind what it read; after a
// fatal finding it returns the end of the input, where a zero byte stops the
// callers.

// json reads the whole input.
func (r *reader) json(i int) {
	i = r.gap(i)
	root := node{off: uint32(i), index: noIndex}
	if r.s[i] != '{' {
		r.jsonRootValue(i, root)
		return
	}
	switch {
	case r.c.as != "":
		root.typ = r.t.FindType(r.c.as)
		if root.typ == 0 {
			r.fail(i, CodeResourceType, "the definitions have no type of the name that was asked for")
			return
		}
		self := r.add(root)
		i = r.object(i, self, root.typ)
	default:
		i = r.resource(i, root)
	}
	r.jsonEnd(i)
}

// jsonEnd checks that nothing follows the value.
func (r *reader) jsonEnd(i int) {
	if r.fatal {
		return
	}
	if i = r.gap(i); i < r.n && !r.fatal {
		r.failClause(i, CodeSyntax, "text behind the end of the value", clauseRFC8259)
	}
}

// jsonRootValue reads an input that is no object: a primitive with As, or
// anything with Plain.
func (r *reader) jsonRootValue(i int, root node) {
	typ := r.t.FindType(r.c.as)
	switch {
	case i >= r.n:
		r.failClause(i, CodeSyntax, "the input is empty", clauseRFC8259)
	case r.t.TypePrimitive(typ) != facts.PrimNone:
		root.typ = typ
		r.jsonEnd(r.primitive(i, root))
	case r.c.plain:
		r.jsonEnd(r.plainValue(i, root))
	default:
		r.failClause(i, CodeSyntax, "a resource is a JSON object", clauseJSON)
	}
}

// resource reads an object whose type its resourceType names.
func (r *reader) resource(i int, n node) int {
	n.typ = 0
	self := r.add(n)
	name, at, first := r.findResourceType(i)
	if r.fatal {
		return r.n
	}
	switch {
	case at < 0:
		if !r.c.plain {
			r.errAt(CodeResourceType, i, self, "", "the object has no resourceType", clauseJSON)
		}
	case r.c.plain:
		if id := r.t.FindType(name); r.isResource(id) {
			n.typ = id
		}
	default:
		n.typ = r.resourceType(name, at, self)
	}
	r.nodes[self].typ = n.typ
	if !first {
		r.nodes[self].flags |= flagTypeLater
	}
	return r.object(i, self, n.typ)
}

// findResourceType looks for the member resourceType of the object at i.
func (r *reader) findResourceType(i int) (name string, at int, first bool) {
	const key = `"resourceType"`
	issues, errors := len(r.issues), r.errors
	defer func() { // what is found here is found again
		if !r.fatal {
			r.issues, r.errors = r.issues[:issues], errors
		}
	}()
	first = true
	for i = r.gap(i + 1); ; {
		isKey := false
		if r.s[i] == '"' {
			isKey = r.n-i >= len(key) && r.s[i:i+len(key)] == key
			_, i = r.skipString(i)
		} else {
			end := r.bareEnd(i)
			if end == i {
				return "", -1, true // the object's reader reports it
			}
			isKey = r.s[i:end] == key[1:len(key)-1]
			i = end
		}
		if i = r.gap(i); r.s[i] != ':' {
			return "", -1, true
		}
		i = r.gap(i + 1)
		if isKey && r.s[i] == '"' {
			end, _ := r.skipString(i)
			return r.s[i+1 : end], i, first
		}
		first = false
		if i = r.skip(i); r.fatal {
			return "", -1, true
		}
		if i = r.gap(i); r.s[i] == ',' {
			i = r.gap(i + 1)
		}
	}
}

// object reads the members of the object whose brace is at i, as children of
// the node self of a type.
func (r *reader) object(i int, self uint32, typID uint16) int {
	if typID == 0 {
		return r.plainObject(i, self)
	}
	if !r.enter(i) {
		return r.n
	}
	open := i
	typ := r.t.Type(typID)
	var seen, companions [2]uint64
	nulls := r.nulls
	comma := -1 // the last one between members
	i = r.gap(i + 1)
	if r.s[i] == '}' {
		r.errAt(CodeEmpty, open, self, "", "an object without members", clauseJSON)
	} else {
		for {
			at := i
			var name string
			var lo, hi uint64
			if r.s[i] == '"' {
				name, lo, hi, i = r.key(i)
			} else {
				if i = r.gap(i); r.s[i] == '"' {
					continue
				}
				if comma >= 0 && r.s[i] == '}' {
					r.softSyntax(comma, r.pathOf(self, ""), "a comma before the closing brace")
					break
				}
				at = i
				name, lo, hi, i = r.bareKey(i, self)
			}
			if r.fatal {
				return r.n
			}
			if row, ok := r.t.FindProp(&typ, name, lo, hi); ok {
				i = r.member(i, at, self, row, &seen, &companions)
			} else {
				i = r.otherMember(i, at, self, name, &typ, &seen, &companions)
			}
			if r.s[i] <= ' ' {
				i = r.space(i)
			}
			if r.s[i] == ',' {
				comma = i
				i++
				if r.s[i] <= ' ' {
					i = r.space(i)
				}
				continue
			}
			if r.s[i] == '}' {
				break
			}
			switch i = r.gap(i); r.s[i] {
			case ',':
				comma = i
				i = r.gap(i + 1)
				continue
			case '"':
				r.softSyntax(i, r.pathOf(self, ""), "no comma between two members")
				continue
			case '}':
			default:
				return r.bad(i, "a comma or a closing brace is due")
			}
			break
		}
	}
	i++
	n := &r.nodes[self]
	if end := uint32(len(r.nodes)); end > self+1 && n.flags&flagApart == 0 {
		n.next = end
		n.flags |= flagKids
	} else {
		n.next = self + 1
	}
	n.len = uint32(i) - n.off
	if r.nulls != nulls {
		r.checkNulls(self)
		r.nulls = nulls
	}
	seen[0] |= companions[0]
	seen[1] |= companions[1]
	if typ.Required[0]&^seen[0] != 0 || typ.Required[1]&^seen[1] != 0 {
		r.missing(&typ, &seen, self, open)
	}
	r.depth--
	return i
}

// member reads the value of a property.
func (r *reader) member(i, at int, self, row uint32, seen, companions *[2]uint64) int {
	p := r.t.Prop(row)
	n := node{parent: self, prop: row + 1, typ: p.Type, name: p.Base, index: noIndex}
	w, bit := p.Ord>>6&1, uint64(1)<<(p.Ord&63)
	merge := false
	if (seen[w]|companions[w])&bit != 0 {
		if seen[w]&bit != 0 {
			return r.repeated(i, at, n)
		}
		// The companion came first: its nodes get their values now, unless it
		// belongs to another alternative of a choice.
		if merge = r.hasProp(self, row+1); !merge {
			r.errAt(CodeCardinality, at, self, r.t.Name(p.Base), "more than one alternative of a choice", clauseCardinality)
		}
	}
	seen[w] |= bit
	if merge {
		return r.lateValues(i, at, n, p)
	}
	if p.Flags&facts.PropList != 0 {
		return r.list(i, n, p.Flags)
	}
	return r.value(i, n, p.Flags)
}

// value reads one value of a property.
func (r *reader) value(i int, n node, flags uint8) int {
	switch {
	case flags&facts.PropPrimitive != 0:
		if r.s[i] == '[' {
			return r.arrayForOne(i, n, flags)
		}
		return r.primitive(i, n)
	case r.s[i] == '{':
		n.off = uint32(i)
		if flags&facts.PropResource != 0 {
			return r.resource(i, n)
		}
		return r.object(i, r.add(n), n.typ)
	case r.s[i] == '[':
		return r.arrayForOne(i, n, flags)
	}
	return r.wrongKind(i, n, "an object is due")
}

// list reads the array of a repeating property.
func (r *reader) list(i int, n node, flags uint8) int {
	if r.s[i] != '[' {
		if c := r.s[i]; c == 'n' {
			return r.wrongKind(i, n, "an array is due")
		}
		n.index = 0
		r.errNode(CodeArray, i, n, "one value where an array is due", clauseJSON)
		return r.value(i, n, flags)
	}
	open := i
	i = r.gap(i + 1)
	if r.s[i] == ']' {
		r.errNode(CodeEmpty, open, n, "an empty array", clauseJSON)
		return i + 1
	}
	if !r.enter(open) {
		return r.n
	}
	n.flags |= flagArray
	for n.index = 0; ; n.index++ {
		if r.s[i] == 'n' || r.s[i] == '[' {
			i = r.oddItem(i, n, flags)
		} else {
			i = r.value(i, n, flags)
		}
		if r.s[i] <= ' ' {
			i = r.space(i)
		}
		if r.s[i] != ',' && r.s[i] != ']' {
			i = r.gap(i)
		}
		if r.s[i] == ',' {
			comma := i
			i++
			if r.s[i] <= ' ' || r.s[i] == '/' {
				i = r.gap(i)
			}
			if r.s[i] != ']' {
				continue
			}
			n.index = noIndex
			r.softSyntax(comma, r.pathOf(n.parent, r.t.Name(n.name)), "a comma before the closing bracket")
		}
		switch r.s[i] {
		case ']':
			r.depth--
			return i + 1
		case '"', '{':
			r.softSyntax(i, r.pathOf(n.parent, r.t.Name(n.name)), "no comma between two items")
			continue
		}
		return r.bad(i, "a comma or a closing bracket is due")
	}
}

// oddItem reads an item of an array that is null or an array.
func (r *reader) oddItem(i int, n node, flags uint8) int {
	if r.s[i] == '[' {
		r.errNode(CodeArray, i, n, "an array within an array", clauseJSON)
		if !r.enter(i) {
			return r.n
		}
		i = r.skip(i)
		r.depth--
		return i
	}
	if flags&facts.PropPrimitive == 0 {
		return r.wrongKind(i, n, "an object is due")
	}
	if end := r.literal(i); r.s[i:end] != "null" {
		return r.bad(i, "no JSON value")
	}
	// Whether the companion array makes up for it is known at the end of
	// the object.
	n.off, n.len = uint32(i), 4
	n.flags |= flagNoValue | flagNull
	n.kind = primitiveKind(r.t.TypePrimitive(n.typ))
	r.add(n)
	r.nulls++
	return i + 4
}

// arrayForOne reads an array where one value is due, as if it could repeat.
func (r *reader) arrayForOne(i int, n node, flags uint8) int {
	r.errNode(CodeArray, i, n, "an array where one value is due", clauseJSON)
	// A single item is read as the one value that it should be, at the path
	// that it should have.
	if k := r.space(i + 1); r.s[k] == '{' || r.s[k] == '"' {
		if end := r.space(r.skip(k)); r.s[end] == ']' {
			if !r.enter(i) {
				return r.n
			}
			n.flags |= flagArray
			if k = r.space(r.value(k, n, flags)); r.s[k] != ']' {
				return r.bad(k, "a closing bracket is due")
			}
			r.depth--
			return k + 1
		}
	}
	before := uint32(len(r.nodes))
	next := r.list(i, n, flags)
	if !r.fatal && before < uint32(len(r.nodes)) && r.nodes[before].next < uint32(len(r.nodes)) {
		r.errNode(CodeCardinality, i, n, "more than one value", clauseCardinality)
	}
	return next
}

// errNode records a finding about a node that is not in the tree (yet).
func (r *reader) errNode(code Code, at int, n node, text, clause string) {
	if len(r.nodes) == 0 {
		r.issue(Error, code, at, Type{r.defs, n.typ}.Name(), text, clause)
		return
	}
	path := Node{r.Tree, n.parent}.AppendPath(nil)
	path = r.appendStep(append(path, '.'), NameID(n.name), n.prop, n.index)
	r.issue(Error, code, at, string(path), text, clause)
}

// wrongKind reports a JSON value of the wrong kind and keeps it as plain.
func (r *reader) wrongKind(i int, n node, text string) int {
	code := CodeJSONType
	switch c := r.s[i]; {
	case c == '{' || c == '[' || c == '"' || c == '-' || '0' <= c && c <= '9':
	case c == 't' && r.s[i:r.literal(i)] == "true", c == 'f' && r.s[i:r.literal(i)] == "false":
	case r.s[i:r.literal(i)] != "null":
		return r.bad(i, "no JSON value")
	default:
		code, text = CodeNull, "null, where an element without a value is left out"
	}
	r.errNode(code, i, n, text, clauseJSON)
	n.typ = 0
	n.flags |= flagUnknown
	return r.plainValue(i, n)
}

// repeated reads the value of a property that the object has already, or of
// another alternative of its choice.
func (r *reader) repeated(i, at int, n node) int {
	if r.hasProp(n.parent, n.prop) {
		r.errAt(CodeDuplicate, at, n.parent, r.t.Name(n.name), "the member appears twice", clauseRFC8259)
	} else {
		r.errAt(CodeCardinality, at, n.parent, r.t.Name(n.name), "more than one alternative of a choice", clauseCardinality)
	}
	p := r.t.Prop(n.prop - 1)
	if p.Flags&facts.PropList != 0 {
		return r.list(i, n, p.Flags)
	}
	return r.value(i, n, p.Flags)
}

// hasProp reports whether a node whose children are being read has one of a
// property.
func (r *reader) hasProp(self, prop uint32) bool {
	key := [2]uint32{self, prop}
	if r.found == key || r.have[key] {
		return true
	}
	for k := self + 1; k < uint32(len(r.nodes)); k = r.nodes[k].next {
		if r.nodes[k].prop == prop && r.nodes[k].kind != markNode {
			// Inputs that repeat members again and again get a map.
			if r.found[1] != 0 {
				if r.have == nil {
					r.have = make(map[[2]uint32]bool)
				}
				r.have[r.found] = true
			}
			r.found = key
			return true
		}
	}
	return false
}

// otherMember reads a member whose name is no property: resourceType, the
// companion of a primitive, or something unknown.
func (r *reader) otherMember(i, at int, self uint32, name string, typ *facts.Type, seen, companions *[2]uint64) int {
	if name == "resourceType" && typ.Kind == facts.KindResource {
		return r.resourceTypeMember(i, at, self, typ)
	}
	if len(name) > 1 && name[0] == '_' {
		lo, hi := facts.Ends(name[1:])
		if row, ok := r.t.FindProp(typ, name[1:], lo, hi); ok && r.t.PropFlags(row)&facts.PropPrimitive != 0 {
			return r.companion(i, at, self, row, seen, companions)
		}
	}
	// Names of elements come from the standard or are shown as written: they
	// are no personal data. Long ones are cut.
	r.errAt(CodeUnknown, at, self, shorten(name), "no such element", clauseElement)
	return r.plainMember(i, self, name)
}

func shorten(name string) string {
	const most = 64
	if len(name) <= most {
		return name
	}
	return name[:most] + "..."
}

// resourceTypeMember reads the member that names the type, which is known.
func (r *reader) resourceTypeMember(i, at int, self uint32, typ *facts.Type) int {
	if r.s[i] != '"' {
		r.errAt(CodeResourceType, i, self, "", "resourceType is a string", clauseJSON)
		if i = r.skip(i); r.s[i] == 0 {
			return r.bad(i, "no JSON value")
		}
		return i
	}
	end, flags := r.str(i + 1)
	if r.fatal {
		return r.n
	}
	value := r.s[i+1 : end]
	if flags&flagEscaped != 0 {
		value = string(appendJSONUnescaped(nil, value))
	}
	if r.nodes[self].flags&flagTyped != 0 {
		r.errAt(CodeDuplicate, at, self, "", "the member resourceType appears twice", clauseRFC8259)
	} else if value != r.t.Str(typ.NameString) {
		r.errAt(CodeResourceType, i, self, "", "another resource type than the one that is due", clauseJSON)
	}
	if r.nodes[self].flags&(flagTypeLater|flagTyped) == flagTypeLater {
		r.add(node{parent: self, kind: markNode, off: markType})
	}
	r.nodes[self].flags |= flagTyped
	return end + 1
}

// primitiveKind is the kind of node of a primitive type.
func primitiveKind(prim uint8) NodeKind {
	switch prim {
	case facts.PrimBoolean:
		return Boolean
	case facts.PrimInteger, facts.PrimPositiveInt, facts.PrimUnsignedInt, facts.PrimDecimal:
		return Number
	}
	return Text
}

// primitive reads the value of a primitive.
func (r *reader) primitive(i int, n node) int {
	prim := r.t.TypePrimitive(n.typ)
	n.kind = primitiveKind(prim)
	c := r.s[i]
	switch {
	case n.kind == Text && c == '"':
		end, flags := r.str(i + 1)
		if r.fatal {
			return r.n
		}
		n.off, n.len = uint32(i+1), uint32(end-i-1)
		n.flags |= flags
		r.add(n)
		if r.checkLength(i, n.len); r.fatal {
			return r.n
		}
		if flags != 0 || prim != facts.PrimString || n.len == 0 {
			if why := r.checkText(prim, r.s[i+1:end], flags, appendJSONUnescaped); why != "" {
				r.errPrimitive(i, why)
			}
		}
		return end + 1
	case n.kind == Number && (c == '-' || '0' <= c && c <= '9'):
		end := r.number(i)
		if r.fatal {
			return r.n
		}
		n.off, n.len = uint32(i), uint32(end-i)
		r.add(n)
		if why := checkNumber(prim, r.s[i:end]); why != "" {
			r.errPrimitive(i, why)
		}
		return end
	case n.kind == Boolean && (c == 't' || c == 'f'):
		end := r.literal(i)
		if lit := r.s[i:end]; lit != "true" && lit != "false" {
			return r.bad(i, "no JSON value")
		}
		n.off, n.len = uint32(i), uint32(end-i)
		r.add(n)
		return end
	}
	switch n.kind {
	case Text:
		if end, ok := r.bareText(i, n, prim); ok {
			return end
		}
	case Number:
		return r.wrongKind(i, n, "a JSON number is due")
	case Boolean:
		return r.wrongKind(i, n, "true or false is due")
	}
	return r.wrongKind(i, n, "a JSON string is due")
}

// checkLength fails where a value is longer than it may be.
func (r *reader) checkLength(at int, length uint32) {
	if length > uint32(r.c.limits.Value) {
		r.fail(at, CodeLimit, "a value longer than "+strconv.Itoa(r.c.limits.Value)+" bytes")
	}
}

// errPrimitive reports that the value of the newest node is malformed.
func (r *reader) errPrimitive(at int, why string) {
	code := CodePrimitive
	if why == emptyValue {
		code = CodeEmpty
	}
	r.errAt(code, at, uint32(len(r.nodes)-1), "", why, clausePrimitive)
}
