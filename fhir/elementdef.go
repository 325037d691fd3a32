package fhir

import (
	"slices"
	"strconv"
	"strings"
)

// elementDef is an ElementDefinition while a snapshot is generated. Its place
// in the structure is kept by the tree it hangs in; everything that is not
// interpreted stays as it was read.
type elementDef struct {
	node    Node // where it was read, for positions; zero for one made here
	min     int  // -1 where not stated
	max     string
	base    elementBase
	members []defMember
}

// elementBase is ElementDefinition.base: the definition that an element comes
// from in the end.
type elementBase struct {
	path string
	min  int
	max  string
}

// defMember is a member of an ElementDefinition with all its repetitions.
type defMember struct {
	name  string // as written: "fixedCode"
	list  bool
	items []defItem
}

// defItem is one repetition: a node of some definition, or JSON made here.
type defItem struct {
	node Node
	text string
}

// readElementDef reads an ElementDefinition. path and sliceName are returned
// apart, the id is left to be derived.
func readElementDef(n Node) (e *elementDef, path, slice string) {
	e = &elementDef{node: n, min: -1}
	for c := range n.Children() {
		switch key := c.Key(); key {
		case "id":
		case "path":
			path = c.Value()
		case "sliceName":
			slice = c.Value()
		case "min":
			if v, err := strconv.Atoi(c.Value()); err == nil && v >= 0 {
				e.min = v
			}
		case "max":
			e.max = c.Value()
		case "base":
			e.base = readElementBase(c)
		default:
			e.add(key, c)
		}
	}
	return e, path, slice
}

func readElementBase(n Node) elementBase {
	var b elementBase
	for c := range n.Children() {
		switch c.Name() {
		case "path":
			b.path = c.Value()
		case "min":
			b.min, _ = strconv.Atoi(c.Value())
		case "max":
			b.max = c.Value()
		}
	}
	return b
}

// add appends a repetition of a member.
func (e *elementDef) add(name string, n Node) {
	m := e.member(name)
	if m == nil {
		p, known := n.Property()
		list := known && p.IsList() || !known && n.get().flags&flagArray != 0
		e.members = append(e.members, defMember{name: name, list: list})
		m = &e.members[len(e.members)-1]
	}
	m.items = append(m.items, defItem{node: n})
}

// member returns a member by its name, or nil.
func (e *elementDef) member(name string) *defMember {
	for i := range e.members {
		if e.members[i].name == name {
			return &e.members[i]
		}
	}
	return nil
}

// prefixed returns the member of a choice such as fixed[x], or nil.
func (e *elementDef) prefixed(prefix string) *defMember {
	for i := range e.members {
		rest, ok := strings.CutPrefix(e.members[i].name, prefix)
		if ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return &e.members[i]
		}
	}
	return nil
}

// remove deletes the members that a choice or name covers.
func (e *elementDef) remove(m *defMember) {
	if m != nil {
		i := slices.IndexFunc(e.members, func(x defMember) bool { return x.name == m.name })
		e.members = slices.Delete(e.members, i, i+1)
	}
}

// set replaces a member.
func (e *elementDef) set(m defMember) {
	if old := e.member(m.name); old != nil {
		*old = m
		return
	}
	e.members = append(e.members, m)
}

// text returns the value of a primitive member, "" if it is absent.
func (e *elementDef) text(name string) string {
	if m := e.member(name); m != nil && !m.items[0].node.IsZero() {
		return m.items[0].node.Value()
	}
	return ""
}

// clone copies the definition; what is not interpreted is shared.
func (e *elementDef) clone() *elementDef {
	c := *e
	c.members = slices.Clone(e.members)
	return &c
}

// typeRef is one entry of ElementDefinition.type.
type typeRef struct {
	code     string
	profiles []string
}

// types returns the element's types.
func (e *elementDef) types() []typeRef {
	m := e.member("type")
	if m == nil {
		return nil
	}
	var out []typeRef
	for _, item := range m.items {
		if item.node.IsZero() {
			continue
		}
		var t typeRef
		for c := range item.node.Children() {
			switch c.Name() {
			case "code":
				t.code = c.Value()
			case "profile":
				t.profiles = append(t.profiles, c.Value())
			}
		}
		out = append(out, t)
	}
	return out
}

// keepTypes removes the types whose code keep refuses.
func (e *elementDef) keepTypes(keep func(code string) bool) {
	m := e.member("type")
	if m == nil {
		return
	}
	left := defMember{name: m.name, list: m.list}
	for _, item := range m.items {
		if code, ok := item.node.Child("code"); ok && keep(code.Value()) {
			left.items = append(left.items, item)
		}
	}
	if len(left.items) > 0 {
		e.set(left)
	}
}

// appendJSON appends the member and its companion, each with a comma before.
// Of a member that may not repeat and does, it is the first.
func (m *defMember) appendJSON(dst []byte) []byte {
	values, companions := false, false
	items := m.items
	if !m.list {
		items = items[:1]
	}
	for _, item := range items {
		values = values || item.text != "" || !item.node.IsPrimitive() || item.node.HasValue()
		companions = companions || item.text == "" && item.node.IsPrimitive() && item.node.HasChildren()
	}
	write := func(prefix string, one func(dst []byte, item defItem) []byte) {
		dst = append(appendJSONString(append(dst, ','), prefix+m.name), ':')
		if m.list {
			dst = append(dst, '[')
		}
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = one(dst, item)
		}
		if m.list {
			dst = append(dst, ']')
		}
	}
	if values {
		write("", func(dst []byte, item defItem) []byte {
			if item.text != "" {
				return append(dst, item.text...)
			}
			return item.node.AppendJSON(dst, Compact)
		})
	}
	if companions {
		write("_", func(dst []byte, item defItem) []byte {
			if item.text != "" || !item.node.HasChildren() {
				return append(dst, "null"...)
			}
			w := jsonWriter{t: item.node.t, raw: item.node.t.format == JSON}
			return w.object(dst, item.node.i, false)
		})
	}
	return dst
}
