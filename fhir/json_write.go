package fhir

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Form is a form of output.
type Form uint8

// The forms. All keep decimals as written.
const (
	Compact   Form = iota // no white space between tokens, members as in the tree
	Indented              // for people: two spaces a level
	Canonical             // compact, members sorted, the shortest escapes
)

// AppendJSON appends the tree as JSON. From a tree that was read from JSON
// without findings it is the input, but for white space and escapes in names.
func (t *Tree) AppendJSON(dst []byte, form Form) []byte { return t.Root().AppendJSON(dst, form) }

// AppendJSON appends the node as JSON: a resource or complex element as an
// object, a primitive as its value.
func (n Node) AppendJSON(dst []byte, form Form) []byte {
	w := jsonWriter{t: n.t, raw: n.t.format == JSON && form != Canonical, indent: indent{form: form}}
	if n.IsPrimitive() || n.Kind() == Array {
		return w.value(dst, n.i)
	}
	return w.object(dst, n.i, n.i == 0 || n.IsResource())
}

// jsonWriter writes nodes as JSON.
type jsonWriter struct {
	t   *Tree
	raw bool // strings of the source may be copied
	indent
}

// indent breaks output into lines, if its form is Indented.
type indent struct {
	form  Form
	depth int
}

// newline ends a line.
func (w *indent) newline(dst []byte) []byte {
	if w.form != Indented {
		return dst
	}
	dst = append(dst, '\n')
	for range w.depth {
		dst = append(dst, ' ', ' ')
	}
	return dst
}

func (w *jsonWriter) key(dst []byte, companion bool, name string, first bool) []byte {
	if !first {
		dst = append(dst, ',')
	}
	dst = append(w.newline(dst), '"')
	if companion {
		dst = append(dst, '_')
	}
	if w.t.isKnownName(name) {
		dst = append(append(dst, name...), '"', ':')
	} else {
		dst = append(appendJSONString(dst[:len(dst)-1], name), ':')
	}
	if w.form == Indented {
		dst = append(dst, ' ')
	}
	return dst
}

// isKnownName reports whether a name needs no escapes, quickly for the usual
// ones.
func (t *Tree) isKnownName(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c < '-' || c > 'z' || c == '\\' {
			return false
		}
	}
	return true
}

// object writes a node with its children as members.
func (w *jsonWriter) object(dst []byte, self uint32, resource bool) []byte {
	t := w.t
	n := &t.nodes[self]
	dst = append(dst, '{')
	w.depth++
	first := true
	typeName := ""
	if resource && n.typ != 0 && t.defs.t.TypeKind(n.typ) == uint8(KindResource) {
		typeName = t.defs.t.TypeName(n.typ)
		if n.flags&flagTypeLater == 0 && w.form != Canonical {
			dst = w.typeMember(dst, typeName, first)
			first = false
		}
	}
	i, end := t.kids(self)
	if w.form == Canonical {
		dst, first = w.sorted(dst, i, end, typeName)
	} else {
		for i < end {
			var more bool
			dst, i, more = w.member(dst, i, end, first, typeName)
			first = first && !more
		}
	}
	w.depth--
	if !first {
		dst = w.newline(dst)
	}
	return append(dst, '}')
}

func (w *jsonWriter) typeMember(dst []byte, name string, first bool) []byte {
	dst = w.key(dst, false, "resourceType", first)
	return append(append(append(dst, '"'), name...), '"')
}

// sorted writes members in the order of their names.
func (w *jsonWriter) sorted(dst []byte, i, end uint32, typeName string) ([]byte, bool) {
	t := w.t
	type member struct {
		name string
		at   uint32 // noIndex: resourceType
	}
	var list []member
	for ; i < end; i = t.nodes[i].next {
		n := &t.nodes[i]
		if n.kind == markNode && n.off != markEmpty || n.flags&flagArray != 0 && n.index != 0 && n.index != noIndex {
			continue
		}
		list = append(list, member{Node{t, i}.Key(), i})
	}
	if typeName != "" {
		list = append(list, member{"resourceType", noIndex})
	}
	// "_x" sorts before every name of a letter, so companions are members of
	// their own here.
	slices.SortStableFunc(list, func(a, b member) int { return strings.Compare(a.name, b.name) })
	first := true
	for _, m := range list {
		if m.at == noIndex || t.nodes[m.at].kind == markNode || !t.nodes[m.at].isPrimitive() {
			continue
		}
		if run := w.run(m.at, end); w.hasCompanions(m.at, run) {
			dst = w.companions(dst, m.at, run, first)
			first = false
		}
	}
	for _, m := range list {
		if m.at == noIndex {
			dst = w.typeMember(dst, typeName, first)
			first = false
			continue
		}
		if t.nodes[m.at].kind == markNode {
			dst, _, _ = w.mark(dst, m.at, end, first, typeName)
			first = false
		} else if run := w.run(m.at, end); w.hasValues(m.at, run) {
			dst = w.values(dst, m.at, run, first)
			first = false
		}
	}
	return dst, first
}

func (n *node) isPrimitive() bool { return n.kind != Complex && n.kind != Array }

// isExtended reports whether a node is a primitive with an id or extensions.
func (n *node) isExtended() bool {
	return n.flags&(flagKids|flagApart) != 0 && n.flags&flagUnknown == 0 && n.isPrimitive()
}

// run returns the node behind the repetitions that start at i.
func (w *jsonWriter) run(i, end uint32) uint32 {
	t := w.t
	n := &t.nodes[i]
	k := n.next
	if n.flags&flagArray == 0 {
		return k
	}
	for k < end {
		m := &t.nodes[k]
		if m.prop != n.prop || m.name != n.name || m.kind == markNode || m.index == 0 || m.index == noIndex {
			break
		}
		k = m.next
	}
	return k
}

// member writes the member that starts at node i, and its companion where
// the two stand together. It returns the node behind, and whether it wrote.
func (w *jsonWriter) member(dst []byte, i, end uint32, first bool, typeName string) ([]byte, uint32, bool) {
	t := w.t
	n := &t.nodes[i]
	if n.kind == markNode {
		return w.mark(dst, i, end, first, typeName)
	}
	run := w.run(i, end)
	if !n.isPrimitive() {
		return w.values(dst, i, run, first), run, true
	}
	wrote := false
	write := func(companions bool) {
		switch {
		case !companions && w.hasValues(i, run):
			dst = w.values(dst, i, run, first && !wrote)
			wrote = true
		case companions && w.hasCompanions(i, run):
			dst = w.companions(dst, i, run, first && !wrote)
			wrote = true
		}
	}
	reverse := n.flags&flagReverse != 0
	write(reverse)
	if n.flags&flagSplit == 0 {
		write(!reverse)
	}
	return dst, run, wrote
}

// mark writes the member whose place a mark keeps.
func (w *jsonWriter) mark(dst []byte, i, end uint32, first bool, typeName string) ([]byte, uint32, bool) {
	t := w.t
	n := &t.nodes[i]
	if n.off == markType {
		if typeName == "" {
			return dst, n.next, false
		}
		return w.typeMember(dst, typeName, first), n.next, true
	}
	if n.off == markEmpty {
		return append(w.key(dst, false, t.Name(NameID(n.name)), first), '[', ']'), n.next, true
	}
	k, stop := t.kids(n.parent)
	for k < stop && (t.nodes[k].prop != n.prop || t.nodes[k].kind == markNode) {
		k = t.nodes[k].next
	}
	if k >= stop || n.off != markCompanion && n.off != markValues {
		return dst, n.next, false
	}
	run := w.run(k, stop)
	if n.off == markCompanion && w.hasCompanions(k, run) {
		return w.companions(dst, k, run, first), n.next, true
	}
	if n.off == markValues && w.hasValues(k, run) {
		return w.values(dst, k, run, first), n.next, true
	}
	return dst, n.next, false
}

// hasValues reports whether the nodes of a run need the member "x".
func (w *jsonWriter) hasValues(i, run uint32) bool {
	for ; i < run; i = w.t.nodes[i].next {
		n := &w.t.nodes[i]
		if !n.isPrimitive() || n.flags&flagNoValue == 0 || n.flags&flagNull != 0 && n.flags&(flagKids|flagApart) == 0 {
			return true
		}
	}
	return false
}

// hasCompanions reports whether the nodes of a run need the member "_x".
func (w *jsonWriter) hasCompanions(i, run uint32) bool {
	for ; i < run; i = w.t.nodes[i].next {
		if w.t.nodes[i].isExtended() {
			return true
		}
	}
	return false
}

// values writes the member "x" of a run.
func (w *jsonWriter) values(dst []byte, i, run uint32, first bool) []byte {
	t := w.t
	dst = w.key(dst, false, Node{t, i}.Key(), first)
	if t.nodes[i].flags&flagArray == 0 {
		return w.value(dst, i)
	}
	dst = append(dst, '[')
	w.depth++
	for k := i; k < run; k = t.nodes[k].next {
		if k > i {
			dst = append(dst, ',')
		}
		dst = w.value(w.newline(dst), k)
	}
	w.depth--
	return append(w.newline(dst), ']')
}

// companions writes the member "_x" of a run.
func (w *jsonWriter) companions(dst []byte, i, run uint32, first bool) []byte {
	t := w.t
	dst = w.key(dst, true, Node{t, i}.Key(), first)
	if t.nodes[i].flags&flagArray == 0 {
		return w.object(dst, i, false)
	}
	dst = append(dst, '[')
	w.depth++
	for k := i; k < run; k = t.nodes[k].next {
		if k > i {
			dst = append(dst, ',')
		}
		dst = w.newline(dst)
		if !t.nodes[k].isExtended() {
			dst = append(dst, "null"...)
		} else {
			dst = w.object(dst, k, false)
		}
	}
	w.depth--
	return append(w.newline(dst), ']')
}

// value writes the value of a node.
func (w *jsonWriter) value(dst []byte, i uint32) []byte {
	t := w.t
	n := &t.nodes[i]
	switch {
	case n.kind == Complex:
		return w.object(dst, i, true)
	case n.kind == Array:
		dst = append(dst, '[')
		for k, end := t.kids(i); k < end; k = t.nodes[k].next {
			if t.nodes[k].kind == markNode {
				continue
			}
			if k > i+1 {
				dst = append(dst, ',')
			}
			dst = w.value(dst, k)
		}
		return append(dst, ']')
	case n.flags&flagNoValue != 0:
		return append(dst, "null"...)
	case n.kind == Text && w.raw && n.flags&flagBare == 0:
		return append(dst, t.src[n.off-1:n.off+n.len+1]...)
	case n.kind == Text && n.flags&(flagEscaped|flagInherits) == 0:
		return appendJSONString(dst, t.src[n.off:n.off+n.len])
	case n.kind == Text:
		return appendJSONString(dst, Node{t, i}.Value())
	}
	return w.literal(dst, i)
}

// literal writes a number or boolean. Values of XML that are none are kept as
// strings, so that the output is JSON whatever the input was.
func (w *jsonWriter) literal(dst []byte, i uint32) []byte {
	n := Node{w.t, i}
	s := n.Value()
	if n.Kind() == Number {
		s = unsigned(s)
	}
	if w.t.format != JSON && !(n.Kind() == Boolean && (s == "true" || s == "false") || n.Kind() == Number && isNumber(s)) {
		return appendJSONString(dst, s)
	}
	return append(dst, s...)
}

// appendJSONString appends a JSON string with the shortest escapes.
func appendJSONString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	if !utf8.ValidString(s) {
		dst = []byte(strings.ToValidUTF8(string(dst), "\uFFFD"))
	}
	return append(dst, '"')
}
