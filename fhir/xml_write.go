package fhir

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// ErrNotXML is what the XML writer returns for a tree that XML cannot hold:
// one with elements that the definitions do not know, control characters, or
// a narrative that is not well-formed.
var ErrNotXML = errors.New("fhir: the tree cannot be written as XML")

// AppendXML appends the tree as an XML document without a declaration.
// Elements stand in the order of their definitions. The error wraps
// ErrNotXML.
func (t *Tree) AppendXML(dst []byte, form Form) ([]byte, error) { return t.Root().AppendXML(dst, form) }

// AppendXML appends a complex node as an XML element. Resources are called by
// their type, others by their name.
func (n Node) AppendXML(dst []byte, form Form) ([]byte, error) {
	w := xmlWriter{t: n.t, indent: indent{form: form}}
	name := n.Key()
	if n.i == 0 || n.IsResource() {
		name = n.Type().Name()
	}
	if name == "" {
		return dst, &xmlError{path: n.Path(), text: "it has no name"}
	}
	dst = w.element(dst, n.i, name, true)
	if w.err != nil {
		return dst, w.err
	}
	return dst, nil
}

// xmlError says where a tree cannot be XML, and why.
type xmlError struct{ path, text string }

func (e *xmlError) Error() string { return ErrNotXML.Error() + ": " + e.path + ": " + e.text }
func (e *xmlError) Unwrap() error { return ErrNotXML }

// xmlWriter writes nodes as XML.
type xmlWriter struct {
	t   *Tree
	err error
	indent
}

func (w *xmlWriter) fail(i uint32, text string) {
	if w.err == nil {
		w.err = &xmlError{Node{w.t, i}.Path(), text}
	}
}

// element writes a node as an element.
func (w *xmlWriter) element(dst []byte, self uint32, name string, top bool) []byte {
	t := w.t
	n := &t.nodes[self]
	if n.flags&flagUnknown != 0 || n.kind == Array {
		w.fail(self, "the definitions do not know it")
		return dst
	}
	dst = append(append(dst, '<'), name...)
	if top {
		dst = append(dst, ` xmlns="`+FHIRNamespace+`"`...)
	}
	first, end := t.kids(self)
	rest := 0
	for i := first; i < end; i = t.nodes[i].next {
		c := &t.nodes[i]
		switch {
		case c.kind == markNode:
		case c.prop != 0 && t.defs.t.PropFlags(c.prop-1)&facts.PropAttribute != 0:
			dst = append(append(append(dst, ' '), Node{t, i}.Name()...), '=', '"')
			dst = append(w.text(dst, i), '"')
		default:
			rest++
		}
	}
	if n.isPrimitive() && n.flags&flagNoValue == 0 {
		dst = append(dst, ` value="`...)
		dst = append(w.text(dst, self), '"')
	}
	if rest == 0 {
		return append(dst, '/', '>')
	}
	dst = append(dst, '>')
	w.depth++
	if w.inOrder(first, end) {
		for i := first; i < end; i = t.nodes[i].next {
			dst = w.child(dst, i)
		}
	} else {
		for _, i := range w.ordered(first, end) {
			dst = w.child(dst, i)
		}
	}
	w.depth--
	dst = w.newline(dst)
	return append(append(append(dst, '<', '/'), name...), '>')
}

// child writes a child that is no attribute.
func (w *xmlWriter) child(dst []byte, i uint32) []byte {
	t := w.t
	c := &t.nodes[i]
	if c.kind == markNode {
		return dst
	}
	if c.prop == 0 {
		w.fail(i, "the definitions do not know it")
		return dst
	}
	flags := t.defs.t.PropFlags(c.prop - 1)
	if flags&facts.PropAttribute != 0 {
		return dst
	}
	dst = w.newline(dst)
	name := Node{t, i}.Key()
	switch {
	case flags&facts.PropResource != 0 && c.typ == 0:
		w.fail(i, "it has no resource type")
		return dst
	case flags&facts.PropResource != 0:
		dst = append(append(append(dst, '<'), name...), '>')
		w.depth++
		dst = w.element(w.newline(dst), i, t.defs.t.TypeName(c.typ), false)
		w.depth--
		dst = w.newline(dst)
		return append(append(append(dst, '<', '/'), name...), '>')
	case t.defs.t.TypePrimitive(c.typ) == facts.PrimXHTML:
		return w.narrative(dst, i)
	}
	return w.element(dst, i, name, false)
}

// inOrder reports whether children stand in the order of their definitions.
func (w *xmlWriter) inOrder(i, end uint32) bool {
	last := uint32(0)
	for ; i < end; i = w.t.nodes[i].next {
		if c := &w.t.nodes[i]; c.kind != markNode && c.prop != 0 {
			// Properties are numbered in the order of the elements.
			if c.prop < last {
				return false
			}
			last = c.prop
		}
	}
	return true
}

// ordered lists children in the order of their definitions.
func (w *xmlWriter) ordered(i, end uint32) []uint32 {
	var list []uint32
	for ; i < end; i = w.t.nodes[i].next {
		list = append(list, i)
	}
	slices.SortStableFunc(list, func(a, b uint32) int { return cmp.Compare(w.t.nodes[a].prop, w.t.nodes[b].prop) })
	return list
}

// text writes a value as the content of an attribute.
func (w *xmlWriter) text(dst []byte, i uint32) []byte {
	t := w.t
	n := &t.nodes[i]
	raw := t.src[n.off : n.off+n.len]
	if n.flags&flagEscaped != 0 {
		if t.format == XML && w.form != Canonical && strings.IndexByte(raw, '"') < 0 {
			return append(dst, raw...)
		}
		raw = Node{t, i}.Value()
	}
	dst, ok := appendXMLEscaped(dst, raw)
	if !ok {
		w.fail(i, "a character that XML cannot hold")
	}
	return dst
}

// appendXMLEscaped appends text as the content of an attribute in double
// quotes. It reports whether XML can hold all of it.
func appendXMLEscaped(dst []byte, s string) ([]byte, bool) {
	ok := true
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		var entity string
		switch {
		case c == '&':
			entity = "&amp;"
		case c == '<':
			entity = "&lt;"
		case c == '>':
			entity = "&gt;"
		case c == '"':
			entity = "&quot;"
		case c == '\n':
			entity = "&#10;"
		case c == '\r':
			entity = "&#13;"
		case c == '\t':
			entity = "&#9;"
		case c < ' ':
			ok = false
			continue
		case c == 0xEF && i+2 < len(s):
			if r, _ := utf8.DecodeRuneInString(s[i:]); r == 0xFFFE || r == 0xFFFF {
				ok = false
			}
			continue
		default:
			continue
		}
		dst = append(append(dst, s[start:i]...), entity...)
		start = i + 1
	}
	return append(dst, s[start:]...), ok
}

// narrative writes XHTML as it is, once it has been checked.
func (w *xmlWriter) narrative(dst []byte, i uint32) []byte {
	n := Node{w.t, i}
	div := n.Value()
	if w.t.format != XML {
		if text := checkXHTML(div); text != "" {
			w.fail(i, text)
			return dst
		}
	}
	if n.HasChildren() {
		w.fail(i, "a narrative with extensions")
	}
	return append(dst, div...)
}

// checkXHTML says why a narrative is not one well-formed XHTML element called
// div, "" if it is one.
func checkXHTML(div string) string {
	t := newTree(R4())
	defer t.Release()
	if len(div) > 1<<30 {
		return "too long"
	}
	if strings.Contains(div, "\uFFFE") || strings.Contains(div, "\uFFFF") {
		return notXMLChar
	}
	t.src, t.size = div+zeros, len(div)
	c := config{defs: t.defs, limits: Limits{}.withDefaults()}
	r := reader{Tree: t, c: &c, t: &t.defs.t, s: t.src, n: len(div)}
	if r.s[0] != '<' || r.s[1] == '!' || r.s[1] == '?' {
		return "a narrative begins with its div"
	}
	top := r.startTag(0)
	if !r.fatal {
		r.resolveAttributes()
	}
	if !r.fatal && (top.name != "div" || top.ns != nsXHTML) {
		return "a narrative is a div in the namespace " + XHTMLNamespace
	}
	end := top.next
	if !r.fatal && !top.closed {
		end = r.xhtml(end, &top)
	}
	switch {
	case r.fatal || len(r.issues) > 0:
		return "the narrative is not well-formed XHTML: " + r.issues[0].Text
	case strings.TrimLeft(div[end:], " \t\r\n") != "":
		return "text behind the narrative's div"
	}
	return ""
}
