package fhir

import (
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// The XML scanner reads one pass over the padded source, with the same
// conventions as the JSON one. It knows namespaces, attributes, entities,
// comments, CDATA and the XML declaration; document types are refused.

// namespace is one that FHIR instances use.
type namespace uint8

const (
	nsNone namespace = iota
	nsFHIR
	nsXHTML
	nsXML
	nsSchema // of xsi:schemaLocation
	nsOther
)

// FHIRNamespace and XHTMLNamespace are the XML namespaces of resources and of
// narratives.
const (
	FHIRNamespace  = "http://hl7.org/fhir"
	XHTMLNamespace = "http://www.w3.org/1999/xhtml"
)

func namespaceOf(uri string) namespace {
	switch uri {
	case "":
		return nsNone
	case FHIRNamespace:
		return nsFHIR
	case XHTMLNamespace:
		return nsXHTML
	case "http://www.w3.org/2001/XMLSchema-instance":
		return nsSchema
	case "http://www.w3.org/XML/1998/namespace":
		return nsXML
	}
	return nsOther
}

// binding is a namespace declaration in scope.
type binding struct {
	prefix string
	uri    string // as written
	ns     namespace
}

// attribute is one of the start tag that was read last.
type attribute struct {
	prefix, name string
	off, len     uint32 // of the value
	flags        uint16
}

// maxAttributes bounds the attributes of one element.
const maxAttributes = 256

// tag is a start tag.
type tag struct {
	at     int    // offset of "<"
	full   string // name with prefix
	name   string // without
	ns     namespace
	lo, hi uint64 // hash words of the name
	closed bool   // "/>"
	scope  int    // number of bindings outside of the element
	outer  namespace
	next   int
}

// xml reads the whole input.
func (r *reader) xml(i int) {
	for _, char := range [...]string{"\uFFFE", "\uFFFF"} {
		if k := strings.Index(r.s[:r.n], char); k >= 0 {
			r.badXML(k, notXMLChar)
			return
		}
	}
	if strings.HasPrefix(r.s[i:r.n], "<?xml") && r.s[i+5] <= ' ' {
		end := strings.Index(r.s[i:r.n], "?>")
		if end < 0 {
			r.badXML(r.n, "")
			return
		}
		r.declaration(r.s[i:i+end], i)
		i += end + 2
	}
	i = r.misc(i)
	if r.fatal {
		return
	}
	if r.s[i] != '<' {
		r.badXML(i, "an element is due")
		return
	}
	t := r.startTag(i)
	if r.fatal {
		return
	}
	switch {
	case r.c.as != "":
		typ := r.t.FindType(r.c.as)
		if typ == 0 {
			r.fail(i, CodeResourceType, "the definitions have no type of the name that was asked for")
			return
		}
		i = r.element(t, node{off: uint32(i), index: noIndex, typ: typ})
	default:
		n := node{off: uint32(i), index: noIndex}
		if typ := r.t.FindType(t.name); r.isResource(typ) {
			n.typ = typ
		} else {
			r.issue(Error, CodeResourceType, i, "", "no resource type has the name of the top element", clauseXML)
		}
		if t.ns != nsFHIR {
			// Once is enough: what has no prefix is read as FHIR from here on.
			r.checkNamespace(&t, nsFHIR, 0, Type{r.defs, n.typ}.Name())
			r.defaultNS = nsFHIR
		}
		i = r.element(t, n)
	}
	if r.fatal {
		return
	}
	if i = r.misc(i); i < r.n && !r.fatal {
		r.badXML(i, "text behind the end of the top element")
	}
}

// checkNamespace reports an element of another namespace than the due one.
func (r *reader) checkNamespace(t *tag, due namespace, parent uint32, name string) {
	if t.ns == due {
		return
	}
	uri := FHIRNamespace
	if due == nsXHTML {
		uri = XHTMLNamespace
	}
	r.errAt(CodeNamespace, t.at, parent, name, "the element is not in the namespace "+uri, clauseXML)
}

// element reads the element whose start tag is t as the node n.
func (r *reader) element(t tag, n node) int {
	if !r.enter(t.at) {
		return r.n
	}
	prim := r.t.TypePrimitive(n.typ)
	if prim != facts.PrimNone {
		n.kind = primitiveKind(prim)
		n.flags |= flagNoValue
	}
	var typ facts.Type
	if n.typ != 0 {
		typ = r.t.Type(n.typ)
	}
	n.off, n.len = uint32(t.at), 0
	self := r.add(n)
	var seen [2]uint64
	r.attributes(self, prim, n.typ == 0, &typ, &seen)
	i := t.next
	if t.closed {
		r.leave(&t)
	} else {
		i = r.content(i, &t, self, &typ, &seen)
	}
	if r.fatal {
		return r.n
	}
	v := &r.nodes[self]
	v.next = uint32(len(r.nodes))
	if v.next > self+1 {
		v.flags |= flagKids
	}
	if v.kind == Complex {
		v.len = uint32(i) - v.off
	}
	if v.next == self+1 && n.typ != 0 && (v.kind == Complex || v.flags&flagNoValue != 0) {
		r.errAt(CodeEmpty, t.at, self, "", "an element without a value and children", clauseXML)
	}
	if typ.Required[0]&^seen[0] != 0 || typ.Required[1]&^seen[1] != 0 {
		r.missing(&typ, &seen, self, t.at)
	}
	r.depth--
	return i
}

// attributes makes the value and the children of an element that its
// attributes hold.
func (r *reader) attributes(self uint32, prim uint8, unknown bool, typ *facts.Type, seen *[2]uint64) {
	for k := range r.work.attrs {
		a := r.work.attrs[k]
		text := r.s[a.off : a.off+a.len]
		switch {
		case a.prefix == "xmlns" || a.prefix == "" && a.name == "xmlns":
			continue
		case a.prefix != "":
			ns := r.resolve(a.prefix, int(a.off))
			if ns == nsSchema {
				continue
			}
			if ns != nsXML || a.name != "id" {
				r.errAt(CodeUnknown, int(a.off), self, "", "an attribute of another namespace", clauseXML)
				continue
			}
		case a.name == "value" && (prim != facts.PrimNone || unknown):
			n := &r.nodes[self]
			n.off, n.len = a.off, a.len
			n.flags = n.flags&^flagNoValue | a.flags
			if unknown {
				n.kind = Text
			}
			r.checkAttribute(prim, text, a, self)
			continue
		}
		lo, hi := facts.Ends(a.name)
		row, ok := uint32(0), false
		if !unknown {
			row, ok = r.t.FindProp(typ, a.name, lo, hi)
		}
		if ok && r.t.PropFlags(row)&facts.PropAttribute == 0 {
			ok = false
		}
		if !ok {
			if !unknown {
				r.errAt(CodeUnknown, int(a.off), self, shorten(a.name), "no such attribute", clauseXML)
			}
			continue
		}
		p := r.t.Prop(row)
		w, bit := p.Ord>>6&1, uint64(1)<<(p.Ord&63)
		if seen[w]&bit != 0 {
			r.errAt(CodeDuplicate, int(a.off), self, a.name, "the attribute appears with and without a prefix", clauseXML)
			continue
		}
		seen[w] |= bit
		kind := r.t.TypePrimitive(p.Type)
		c := r.add(node{off: a.off, len: a.len, parent: self, index: noIndex, prop: row + 1,
			typ: p.Type, name: p.Base, flags: a.flags, kind: primitiveKind(kind)})
		r.checkAttribute(kind, text, a, c)
	}
}

// checkAttribute checks the value of a primitive node.
func (r *reader) checkAttribute(prim uint8, text string, a attribute, self uint32) {
	if r.checkLength(int(a.off), a.len); r.fatal {
		return
	}
	if prim == facts.PrimString && a.flags == 0 && text != "" {
		return
	}
	why := r.checkText(prim, text, a.flags, appendXMLUnescaped)
	if why == "" && primitiveKind(prim) == Number && len(text) > r.c.limits.Digits {
		r.fail(int(a.off), CodeLimit, "a number of more than "+strconv.Itoa(r.c.limits.Digits)+" digits")
		return
	}
	if why != "" {
		code := CodePrimitive
		if why == emptyValue {
			code = CodeEmpty
		}
		r.errAt(code, int(a.off), self, "", why, clausePrimitive)
	}
}

// content reads the children of an element up to and with its end tag.
func (r *reader) content(i int, t *tag, self uint32, typ *facts.Type, seen *[2]uint64) int {
	s := r.s
	last := node{index: noIndex}
	lastOrd := uint8(0)
	for {
		if s[i] <= ' ' {
			i = r.space(i)
		}
		if s[i] != '<' {
			if i = r.strayText(i, self); r.fatal {
				return r.n
			}
			continue
		}
		switch s[i+1] {
		case '/':
			return r.endTag(i, t)
		case '!', '?':
			at := i
			if i = r.markup(i, true); r.fatal {
				return r.n
			}
			if s[at+2] == '[' {
				r.errAt(CodeUnknown, at, self, "", "character data, which only narratives have", clauseXML)
			}
			continue
		}
		c := r.startTag(i)
		if r.fatal {
			return r.n
		}
		row, ok := uint32(0), false
		if typ.NumProps > 0 {
			row, ok = r.t.FindProp(typ, c.name, c.lo, c.hi)
		}
		if ok && r.t.PropFlags(row)&facts.PropAttribute != 0 {
			ok = false
		}
		if !ok {
			if typ.NumProps > 0 {
				r.errAt(CodeUnknown, i, self, shorten(c.name), "no such element", clauseXML)
			}
			if i = r.unknownElement(c, self, &last); r.fatal {
				return r.n
			}
			continue
		}
		p := r.t.Prop(row)
		n := node{parent: self, prop: row + 1, typ: p.Type, name: p.Base, index: noIndex}
		w, bit := p.Ord>>6&1, uint64(1)<<(p.Ord&63)
		switch {
		case seen[w]&bit == 0:
			seen[w] |= bit
			if p.Ord < lastOrd {
				r.errAt(CodeOrder, i, self, r.t.Name(p.Base), "the element stands behind one that it comes before", clauseXML)
			}
			if p.Flags&facts.PropList != 0 {
				n.index = 0
			}
		case last.prop == n.prop && p.Flags&facts.PropList != 0:
			n.index = last.index + 1
		default:
			n.index = r.laterIndex(i, self, &p, n.prop)
		}
		if n.index != noIndex {
			n.flags |= flagArray
		}
		lastOrd = max(lastOrd, p.Ord)
		last = n
		switch {
		case p.Flags&facts.PropResource != 0:
			i = r.container(c, n)
		case r.t.TypePrimitive(p.Type) == facts.PrimXHTML:
			i = r.narrative(c, n)
		default:
			if c.ns != nsFHIR {
				r.checkNamespace(&c, nsFHIR, self, r.t.Name(p.Base))
			}
			i = r.element(c, n)
		}
		if r.fatal {
			return r.n
		}
	}
}

// laterIndex returns the index of a repetition that does not follow the one
// before it, or must not be there, and reports it.
func (r *reader) laterIndex(at int, self uint32, p *facts.Prop, prop uint32) uint32 {
	name := r.t.Name(p.Base)
	if p.Flags&facts.PropList == 0 {
		text := "the element appears twice"
		if p.Flags&facts.PropChoice != 0 {
			text = "more than one alternative of a choice"
		}
		r.errAt(CodeCardinality, at, self, name, text, clauseCardinality)
		if !r.hasProp(self, prop) {
			return noIndex
		}
	} else {
		r.errAt(CodeOrder, at, self, name, "repetitions of an element with another between them", clauseXML)
	}
	r.scattered = true
	// The children that were counted for the repetition before need no second
	// look.
	if r.runs == nil {
		r.runs = make(map[[2]uint32]run)
	}
	key := [2]uint32{self, prop}
	c, ok := r.runs[key]
	if !ok {
		c.next = self + 1
	}
	for ; c.next < uint32(len(r.nodes)); c.next = r.nodes[c.next].next {
		if v := &r.nodes[c.next]; v.prop == prop {
			v.flags |= flagArray
			v.index = c.count
			c.count++
		}
	}
	r.runs[key] = c
	return c.count
}

// run counts the repetitions of a property among the children of a node up to
// one of them.
type run struct{ next, count uint32 }

// strayText reports character data in an element.
func (r *reader) strayText(i int, self uint32) int {
	if i >= r.n {
		return r.badXML(i, "")
	}
	r.errAt(CodeUnknown, i, self, "", "character data, which only narratives have", clauseXML)
	for r.s[i] != '<' {
		switch c := r.s[i]; {
		case c == '&':
			n, ok := r.entity(i)
			if !ok {
				return r.badXML(i, "no such entity")
			}
			i += n
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			return r.badXML(i, "a control character")
		default:
			i++
		}
	}
	return i
}

// unknownElement reads an element that the definitions do not have.
func (r *reader) unknownElement(t tag, self uint32, last *node) int {
	id := r.unknownName(t.name, t.at)
	if r.fatal {
		return r.n
	}
	n := node{parent: self, name: id, index: noIndex, flags: flagUnknown}
	if last.prop == 0 && last.name == id {
		// A repetition, as it turns out now.
		v := &r.nodes[last.next]
		if v.index == noIndex {
			v.index = 0
		}
		v.flags |= flagArray
		n.index, n.flags = v.index+1, n.flags|flagArray
	}
	n.next = uint32(len(r.nodes))
	*last = n
	return r.element(t, n)
}

// container reads an element that holds a resource; both are one node.
func (r *reader) container(t tag, n node) int {
	r.checkNamespace(&t, nsFHIR, n.parent, r.t.Name(n.name))
	for _, a := range r.work.attrs {
		if a.name != "xmlns" && a.prefix != "xmlns" {
			r.errAt(CodeUnknown, int(a.off), n.parent, r.t.Name(n.name), "an attribute on the container of a resource", clauseXML)
		}
	}
	if t.closed {
		r.leave(&t)
		r.errAt(CodeEmpty, t.at, n.parent, r.t.Name(n.name), "no resource in its container", clauseXML)
		return t.next
	}
	i := t.next
	count := 0
	for {
		if i = r.space(i); r.s[i] != '<' {
			if i = r.strayText(i, n.parent); r.fatal {
				return r.n
			}
			continue
		}
		switch r.s[i+1] {
		case '/':
			if count == 0 {
				r.errAt(CodeEmpty, t.at, n.parent, r.t.Name(n.name), "no resource in its container", clauseXML)
			}
			return r.endTag(i, &t)
		case '!', '?':
			if i = r.markup(i, false); r.fatal {
				return r.n
			}
			continue
		}
		c := r.startTag(i)
		if r.fatal {
			return r.n
		}
		if count++; count == 2 {
			r.errAt(CodeCardinality, i, n.parent, r.t.Name(n.name), "more than one resource in a container", clauseXML)
		}
		n.typ = r.resourceType(c.name, i, n.parent)
		r.checkNamespace(&c, nsFHIR, n.parent, r.t.Name(n.name))
		if i = r.element(c, n); r.fatal {
			return r.n
		}
	}
}
