package tofhir

import (
	"fmt"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

// bundle writes the Bundle and all resources that hold something.
func (c *conversion) bundle(dst []byte) []byte {
	dst = append(dst, `{"resourceType":"Bundle"`...)
	if c.bundleRes >= 0 {
		dst = c.children(dst, c.resources[c.bundleRes].root, "Bundle")
	}
	dst = append(dst, `,"entry":[`...)
	first := true
	// MessageHeader leads a message bundle; the order is otherwise that of
	// the message.
	for pass := range 2 {
		for i := range c.resources {
			r := &c.resources[i]
			if !r.hasID || int32(i) == c.bundleRes || (r.typ == c.conv.strMessageHeader) != (pass == 0) {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			name := c.conv.program.Text(r.typ)
			dst = append(append(append(dst, `{"fullUrl":"urn:uuid:`...), r.id[:]...), `","resource":{"resourceType":"`...)
			dst = append(append(dst, name...), `","id":"`...)
			dst = append(append(dst, r.id[:]...), '"')
			dst = c.children(dst, r.root, name)
			if r.typ == c.conv.strMessageHeader && c.conv.keepAll {
				dst = c.keepLeaves(dst)
			}
			dst = append(dst, "}}"...)
		}
	}
	return append(dst, "]}"...)
}

// children writes the members of an object, each with a comma before it.
func (c *conversion) children(dst []byte, parent int32, path string) []byte {
	p := c.conv.program
	for n := c.nodes[parent].child; n >= 0; {
		nd := &c.nodes[n]
		end := nd.next
		if nd.list {
			for end >= 0 && c.nodes[end].name == nd.name {
				end = c.nodes[end].next
			}
		}
		name := p.Text(nd.name)
		mark := len(dst)
		values, companions, index := 0, 0, 0
		dst = append(append(append(dst, `,"`...), name...), `":`...)
		if nd.list {
			dst = append(dst, '[')
		}
		for m := n; m != end; m = c.nodes[m].next {
			if !c.nodes[m].kept {
				continue
			}
			if index++; index > 1 {
				dst = append(dst, ',')
			}
			el := &c.nodes[m]
			sub := ""
			if c.trace != nil {
				sub = tracePath(path, name, nd.list, index-1)
				c.remember(m, sub)
			}
			switch {
			case el.prim == mapping.Complex || el.prim == mapping.Reference:
				values++
				dst = c.object(dst, m, sub)
			case el.has:
				values++
				dst = c.value(dst, el)
			default:
				dst = append(dst, "null"...)
			}
			if el.prim != mapping.Complex && el.prim != mapping.Reference && el.child >= 0 {
				companions++
			}
		}
		if nd.list {
			dst = append(dst, ']')
		}
		if values == 0 {
			dst = dst[:mark]
		}
		if companions > 0 {
			dst = c.companion(dst, n, end, name, path)
		}
		n = end
	}
	return dst
}

// companion writes "_name": the extensions of primitives.
func (c *conversion) companion(dst []byte, n, end int32, name, path string) []byte {
	mark := len(dst)
	list := c.nodes[n].list
	dst = append(append(append(dst, `,"_`...), name...), `":`...)
	if list {
		dst = append(dst, '[')
	}
	any, index := false, 0
	for m := n; m != end; m = c.nodes[m].next {
		if !c.nodes[m].kept {
			continue
		}
		if index++; index > 1 {
			dst = append(dst, ',')
		}
		at := len(dst)
		sub := ""
		if c.trace != nil {
			sub = tracePath(path, name, list, index-1)
		}
		dst = c.object(dst, m, sub)
		if len(dst) == at+2 {
			dst = append(dst[:at], "null"...)
		} else {
			any = true
		}
	}
	if !any {
		return dst[:mark]
	}
	if list {
		dst = append(dst, ']')
	}
	return dst
}

func (c *conversion) object(dst []byte, n int32, path string) []byte {
	at := len(dst)
	nd := &c.nodes[n]
	if nd.res > 0 && c.resources[nd.res-1].content {
		r := &c.resources[c.resources[nd.res-1].same]
		dst = append(append(append(dst, `,"reference":"urn:uuid:`...), r.id[:]...), '"')
	}
	dst = c.children(dst, n, path)
	if len(dst) == at {
		return append(dst, "{}"...)
	}
	dst[at] = '{'
	return append(dst, '}')
}

func (c *conversion) value(dst []byte, n *node) []byte {
	text := c.text[n.val.lo:n.val.hi]
	switch n.prim {
	case mapping.Boolean, mapping.Integer, mapping.Decimal:
		return append(dst, text...)
	}
	return appendString(dst, text)
}

// appendString writes a JSON string. Characters that FHIR does not allow in
// a string are left out; see printable.
func appendString(dst, text []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		b := text[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			_, size := utf8.DecodeRune(text[i:])
			i += size
			continue
		}
		dst = append(dst, text[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		}
		i++
		start = i
	}
	return append(append(dst, text[start:]...), '"')
}

// LeafExtension is the URL of the extension in which KeepAll keeps a leaf of
// the message: its parts are "path", which values of lines that are no
// segments do not have, and "value", in which control characters that FHIR
// does not allow are written as v2 escapes them, such as \X01\.
const LeafExtension = "https://github.com/nhskit/nhskit/StructureDefinition/v2-leaf"

// keepLeaves writes the leaves that have no element of their own as
// extensions of the MessageHeader.
func (c *conversion) keepLeaves(dst []byte) []byte {
	first := true
	for s := range c.in.segs {
		cur := c.in.segCursor(int32(s))
		for i := cur.lo; i < cur.hi; i++ {
			lf := &c.in.leaves[i]
			if lf.start == lf.end || lf.fate >= fateMapped {
				continue
			}
			if first {
				dst = append(dst, `,"extension":[`...)
			} else {
				dst = append(dst, ',')
			}
			first = false
			dst = append(dst, `{"url":"`+LeafExtension+`","extension":[`...)
			if path := c.path(i); path != "" {
				dst = append(dst, `{"url":"path","valueString":`...)
				dst = append(appendString(dst, []byte(path)), "},"...)
			}
			dst = append(dst, `{"url":"value","valueString":`...)
			dst = appendString(dst, escapeControls(c.leafText(i)))
			dst = append(dst, "}]}"...)
		}
	}
	if !first {
		dst = append(dst, ']')
	}
	return dst
}

// escapeControls writes the characters that FHIR does not allow as \Xhh\.
func escapeControls(text string) []byte {
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		if b := text[i]; isControl(b) {
			out = fmt.Appendf(out, `\X%02X\`, b)
		} else {
			out = append(out, b)
		}
	}
	return out
}
