package fhirpath

import (
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// native returns a hand-written program for the invariants that hold at every
// element or every resource, nil for other expressions. A test compares each
// with the general program.
func (c *compiler) native(src string) truth {
	if c.opts.general || c.explain {
		return nil
	}
	var program func(ev *evaluator, n *native) tri
	switch src {
	case "hasValue() or (children().count() > id.count())":
		program = ele1
	case "extension.exists() != value.exists()":
		program = ext1
	case "contained.contained.empty()":
		program = dom2
	case dom3:
		program = dom3Native
	case "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()":
		program = dom4
	case "contained.meta.security.empty()":
		program = dom5
	case dom6:
		program = dom6Native
	default:
		return nil
	}
	n := &native{
		id: c.defs.NameID("id"), extension: c.defs.NameID("extension"), value: c.defs.NameID("value"),
		contained: c.defs.NameID("contained"), meta: c.defs.NameID("meta"), versionID: c.defs.NameID("versionId"),
		lastUpdated: c.defs.NameID("lastUpdated"), security: c.defs.NameID("security"), text: c.defs.NameID("text"),
		div: c.defs.NameID("div"), reference: c.defs.NameID("reference"),
		slot: c.slot(),
	}
	n.canonical, _ = c.defs.Type("canonical")
	n.uri, _ = c.defs.Type("uri")
	n.url, _ = c.defs.Type("url")
	general, defs := c.truth(c.root), c.defs
	return func(ev *evaluator) tri {
		if v := ev.this; v.Kind() != KindNode || v.node.Tree().Definitions() != defs {
			return general(ev)
		}
		return program(ev, n)
	}
}

// native holds what the programs need of the definitions.
type native struct {
	id, extension, value, contained, meta, versionID, lastUpdated, security, text, div, reference fhir.NameID

	canonical, uri, url fhir.Type
	slot                int
}

// ele1: an element has a value or children other than its id.
func ele1(ev *evaluator, n *native) tri {
	node := ev.this.node
	if node.HasValue() {
		return yes
	}
	for cur := node.Cursor(); ; {
		child, ok := cur.Next()
		if !ok {
			return no
		}
		if child.NameID() != n.id {
			return yes
		}
	}
}

// ext1: an extension has either a value or extensions.
func ext1(ev *evaluator, n *native) tri {
	var extension, value bool
	for cur := ev.this.node.Cursor(); ; {
		child, ok := cur.Next()
		if !ok {
			return triOf(extension != value)
		}
		switch child.NameID() {
		case n.extension:
			extension = true
		case n.value:
			value = true
		}
	}
}

// has reports whether a node has a child with a name.
func has(node fhir.Node, id fhir.NameID) bool {
	cur := node.Cursor()
	_, ok := cur.NextNamed(id)
	return ok
}

// noneContained reports whether no contained resource meets a condition.
func (n *native) noneContained(ev *evaluator, cond func(fhir.Node) bool) tri {
	for cur := ev.this.node.Cursor(); ; {
		c, ok := cur.NextNamed(n.contained)
		if !ok {
			return yes
		}
		if cond(c) {
			return no
		}
	}
}

// inMeta reports whether the meta of a resource has one of two elements.
func (n *native) inMeta(c fhir.Node, a, b fhir.NameID) bool {
	for cur := c.Cursor(); ; {
		meta, ok := cur.NextNamed(n.meta)
		if !ok {
			return false
		}
		if has(meta, a) || has(meta, b) {
			return true
		}
	}
}

func dom2(ev *evaluator, n *native) tri {
	return n.noneContained(ev, func(c fhir.Node) bool { return has(c, n.contained) })
}

func dom4(ev *evaluator, n *native) tri {
	return n.noneContained(ev, func(c fhir.Node) bool { return n.inMeta(c, n.versionID, n.lastUpdated) })
}

func dom5(ev *evaluator, n *native) tri {
	return n.noneContained(ev, func(c fhir.Node) bool { return n.inMeta(c, n.security, n.security) })
}

func dom6Native(ev *evaluator, n *native) tri {
	root := ev.rootOf()
	if root.Kind() != KindNode {
		return unknown
	}
	if root.node != ev.this.node {
		if r := nodesEqual(root.node, ev.this.node).not(); r == yes {
			return yes
		}
	}
	for cur := ev.this.node.Cursor(); ; {
		text, ok := cur.NextNamed(n.text)
		if !ok {
			return no
		}
		if has(text, n.div) {
			return yes
		}
	}
}

// dom3Native: each contained resource is referred to from within the resource
// or refers to it. One walk gathers the local references.
func dom3Native(ev *evaluator, n *native) tri {
	if !has(ev.this.node, n.contained) {
		return yes
	}
	local := ev.setIn(&ev.slots[n.slot])
	resource := ev.resourceOf()
	if resource.Kind() == KindNode && !n.gather(ev, resource.node, local) {
		return unknown
	}
	return n.noneContained(ev, func(c fhir.Node) bool {
		cur := c.Cursor()
		id, ok := cur.NextNamed(n.id)
		if !ok || !id.HasValue() {
			return false
		}
		return !local.has(stringValue(id.Value())) && !n.refersUp(c)
	})
}

// isReference reports whether a node may hold a reference, and which.
func (n *native) isReference(node fhir.Node) (string, bool) {
	if node.Kind() != fhir.Text || !node.HasValue() {
		return "", false
	}
	// Most values can be told by their first character; # may be escaped.
	if raw := node.Raw(); raw == "" || raw[0] != '#' && raw[0] != '\\' && raw[0] != '&' {
		return "", false
	}
	t := node.Type()
	if node.NameID() != n.reference && t != n.canonical && t != n.uri && t != n.url {
		return "", false
	}
	v := node.Value()
	return v, strings.HasPrefix(v, "#")
}

func (n *native) gather(ev *evaluator, node fhir.Node, local *valueSet) bool {
	for cur := node.Cursor(); ; {
		child, ok := cur.Next()
		if !ok {
			return true
		}
		if !ev.step() {
			return false
		}
		if ref, ok := n.isReference(child); ok {
			local.add(stringValue(ref[1:]))
		}
		if !n.gather(ev, child, local) {
			return false
		}
	}
}

// refersUp reports whether something below refers to the container.
func (n *native) refersUp(node fhir.Node) bool {
	for cur := node.Cursor(); ; {
		child, ok := cur.Next()
		if !ok {
			return false
		}
		if ref, ok := n.isReference(child); ok && ref == "#" && (child.NameID() == n.reference || child.Type() != n.url) {
			return true
		}
		if n.refersUp(child) {
			return true
		}
	}
}
