package fhirconsent

import (
	"slices"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// inlineLabel is the end of the URL of an inline label, which is at
// http://hl7.org/fhir/uv/security-label-ds4p; what is written before it wrongly
// is no reason to disclose.
const inlineLabel = "/StructureDefinition/extension-inline-sec-label"

// redaction is one run over one tree after the other.
type redaction struct {
	r       *Redactor
	tree    *fhir.Tree
	edits   edits
	report  RedactReport
	removed map[string]struct{} // references to removed resources, and their identifiers
	content map[string]struct{} // what removed resources and elements refer to
	changed ordinals            // the resources that lost something
	gone    ordinals            // the elements that were taken out
	out     ordinals            // those, and the masked ones
	signed  []fhir.Node         // signatures
	about   []fhir.Node         // entries that are withheld with what they are about
}

// begin forgets everything about the tree before.
func (x *redaction) begin(tree *fhir.Tree) {
	clear(x.removed)
	clear(x.content)
	*x = redaction{
		r: x.r, tree: tree, removed: x.removed, content: x.content, about: x.about[:0], signed: x.signed[:0],
		changed: x.changed.none(tree), gone: x.gone.none(tree), out: x.out.none(tree),
		edits: edits{list: x.edits.list[:0], touched: x.edits.touched.none(tree)},
	}
}

// names are the ids of the names and types that elements are compared with.
type names struct {
	code, contained, entity, entry, extension, fullURL, id, identifier, meta, mode, modifierExtension, reference, resource, search, security, source, system, target, text, url, value fhir.NameID
	binary, bundle, canonical, coding, extensionType, identifierType, narrative, oid, referenceType, signature, uri, urlType, uuid                                                     fhir.Type
}

func namesOf(d *fhir.Definitions) names {
	of := func(name string) fhir.Type {
		t, _ := d.Type(name)
		return t
	}
	return names{
		code: d.NameID("code"), contained: d.NameID("contained"), entity: d.NameID("entity"), modifierExtension: d.NameID("modifierExtension"), system: d.NameID("system"), entry: d.NameID("entry"), extension: d.NameID("extension"), fullURL: d.NameID("fullUrl"), id: d.NameID("id"),
		identifier: d.NameID("identifier"), meta: d.NameID("meta"), mode: d.NameID("mode"), reference: d.NameID("reference"), resource: d.NameID("resource"),
		search: d.NameID("search"), security: d.NameID("security"), source: d.NameID("source"), target: d.NameID("target"), text: d.NameID("text"), url: d.NameID("url"), value: d.NameID("value"),
		binary: of("Binary"), bundle: of("Bundle"), canonical: of("canonical"), coding: of("Coding"), extensionType: of("Extension"), narrative: of("Narrative"),
		identifierType: of("Identifier"), oid: of("oid"), referenceType: of("Reference"), signature: of("Signature"), uri: of("uri"), urlType: of("url"), uuid: of("uuid"),
	}
}

// ordinals is a set of nodes.
type ordinals []uint64

// none returns an empty set for the nodes of a tree, in the same memory if it
// is enough.
func (o ordinals) none(t *fhir.Tree) ordinals {
	n := (t.Len() + 63) / 64
	o = slices.Grow(o[:0], n)[:n]
	clear(o)
	return o
}

func (o ordinals) add(n fhir.Node) {
	i := n.Ordinal()
	o[i/64] |= 1 << (i % 64)
}

func (o ordinals) has(n fhir.Node) bool {
	i := n.Ordinal()
	return o[i/64]&(1<<(i%64)) != 0
}

// named returns the first child with a name.
func named(n fhir.Node, id fhir.NameID) (fhir.Node, bool) {
	c := n.Cursor()
	return c.NextNamed(id)
}

// value returns the value of the first child with a name, "" if there is none.
func value(n fhir.Node, id fhir.NameID) string {
	if k, ok := named(n, id); ok {
		return k.Value()
	}
	return ""
}

// root handles the whole input and reports whether it is withheld.
func (x *redaction) root() bool {
	root := x.tree.Root()
	if x.part(root) || x.aboutRemoved(root, "") {
		return true
	}
	x.orphans()
	x.references()
	for again := true; again; {
		x.narratives()
		again = x.signatures()
	}
	return false
}

// part handles a resource, by itself or within another, and reports whether it
// may not be disclosed.
func (x *redaction) part(n fhir.Node) bool {
	if n.Type() == x.r.names.bundle {
		return x.bundle(n)
	}
	if x.withheld(n) {
		return true
	}
	x.resource(n)
	return false
}

// labelsOf returns the security labels of a resource: those in its meta, and
// inline ones that are about the whole of it.
func (x *redaction) labelsOf(n fhir.Node) []string {
	var out []string
	if meta, ok := named(n, x.r.names.meta); ok {
		for c := meta.Cursor(); ; {
			s, ok := c.NextNamed(x.r.names.security)
			if !ok {
				break
			}
			out = append(out, value(s, x.r.names.code))
		}
	}
	return x.inlineLabels(n, out)
}

// inlineLabels appends the inline labels of an element.
func (x *redaction) inlineLabels(n fhir.Node, out []string) []string {
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		if !ok {
			return out
		}
		if label, ok := x.inline(k); ok {
			out = append(out, label)
		}
	}
}

// inline returns the label of an extension that is an inline one, "" if it
// cannot be read.
func (x *redaction) inline(n fhir.Node) (string, bool) {
	if id := n.NameID(); id != x.r.names.extension && id != x.r.names.modifierExtension || !strings.HasSuffix(value(n, x.r.names.url), inlineLabel) {
		return "", false
	}
	v, ok := named(n, x.r.names.value)
	if !ok {
		return "", true
	}
	return value(v, x.r.names.code), true
}

// withheld reports whether a resource as a whole may not be disclosed.
func (x *redaction) withheld(n fhir.Node) bool {
	labels := x.labelsOf(n)
	if x.r.matches(labels, n) {
		return true
	}
	if len(labels) == 0 && n.NameID() == x.r.names.contained {
		return false // it has those of what it is part of, which stays (dom-5)
	}
	return !x.r.keeps(labels)
}

// bundle handles the entries of a Bundle, those of Bundles within too. It
// reports whether the whole may not be disclosed: a document without its
// Composition, or a message without its header, is none; and a label of the
// whole that nothing within accounts for is about all of it.
func (x *redaction) bundle(n fhir.Node) bool {
	dropped, first, edits, about := 0, true, len(x.edits.list), len(x.about)
	kind := child(n, "type")
	var empty []fhir.Node // entries without a resource
	for c := n.Cursor(); ; {
		e, ok := c.Next()
		if !ok {
			break
		}
		if e.NameID() != x.r.names.entry {
			if e.HasChildren() {
				x.element(e, n)
			}
			continue
		}
		res, ok := x.entry(e, n)
		if !ok {
			empty = append(empty, e)
			continue
		}
		labels := x.inlineLabels(e, nil)
		gone := len(labels) > 0 && x.denies(labels, res) || x.part(res)
		switch name := res.Type().Name(); {
		case gone && first && (kind == "document" || kind == "message"):
			return true
		case gone:
			x.drop(e)
			x.forget(res, value(e, x.r.names.fullURL))
			dropped += x.countsAs(e)
		case name == "Provenance" || name == "AuditEvent" || name == "Binary":
			x.about = append(x.about, e)
		}
		first = false
	}
	for again := true; again; {
		again = false
		for i, e := range x.about {
			if e.IsZero() {
				continue
			}
			res, _ := named(e, x.r.names.resource)
			fullURL := value(e, x.r.names.fullURL)
			if !x.aboutRemoved(res, fullURL) {
				continue
			}
			x.about[i] = fhir.Node{}
			x.drop(e)
			x.forget(res, fullURL)
			if i >= about {
				dropped += x.countsAs(e)
			}
			again = true
		}
	}
	for _, e := range empty {
		if x.isGone(value(e, x.r.names.fullURL), n) || x.isGone(childOf(e, "request", "url"), n) || x.isGone(childOf(e, "response", "location"), n) {
			x.drop(e)
			dropped += x.countsAs(e)
		}
	}
	if len(x.edits.list) == edits {
		labels := x.labelsOf(n)
		return len(labels) > 0 && deniedBy(x.r, labels)
	}
	if dropped == 0 {
		return false
	}
	if total, ok := n.Child("total"); ok {
		count := 0
		for _, c := range total.Value() {
			count = min(count*10+int(c-'0'), 1<<30)
		}
		x.edits.set(total, itoa(max(count-dropped, 0)))
	}
	if meta, ok := named(n, x.r.names.meta); ok {
		for c := meta.Cursor(); ; {
			s, ok := c.NextNamed(x.r.names.security)
			if !ok {
				break
			}
			if label := []string{child(s, "code")}; deniedBy(x.r, label) || !x.r.keeps(label) {
				x.drop(s)
			}
		}
	}
	return false
}

// entry handles what an entry of a Bundle has besides its resource, which it
// returns if there is one.
func (x *redaction) entry(e, bundle fhir.Node) (res fhir.Node, ok bool) {
	for k := range e.Children() {
		switch {
		case k.NameID() == x.r.names.resource && k.IsResource():
			res, ok = k, true
		case k.HasChildren():
			x.element(k, bundle)
		}
	}
	return res, ok
}

// childOf returns the value of a child's child.
func childOf(n fhir.Node, name, below string) string {
	if k, ok := n.Child(name); ok {
		return child(k, below)
	}
	return ""
}

// denies reports whether inline labels of an element or entry, which belongs
// to a resource, forbid to disclose it.
func (x *redaction) denies(labels []string, res fhir.Node) bool {
	return deniedBy(x.r, labels) && x.r.matches(labels, res) || !x.r.keeps(labels)
}

// deniedBy reports whether a label alone is taken out.
func deniedBy(r *Redactor, labels []string) bool {
	for _, s := range r.selectors {
		if len(s.labels) > 0 && deniedLabel(s.labels, labels) {
			return true
		}
	}
	return false
}

// countsAs returns 1 for an entry that Bundle.total counts.
func (x *redaction) countsAs(e fhir.Node) int {
	if s, ok := named(e, x.r.names.search); ok {
		if mode := value(s, x.r.names.mode); mode != "" && mode != "match" {
			return 0
		}
	}
	return 1
}

// resource looks for what has to go within a resource that stays.
func (x *redaction) resource(n fhir.Node) {
	patient := len(x.r.elements) > 0 && n.Type().Name() == "Patient"
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		if !ok {
			return
		}
		switch {
		case !k.HasChildren() && !patient:
		case k.NameID() == x.r.names.contained && k.IsResource():
			if x.part(k) {
				x.drop(k)
				x.contentOf(k)
				x.forgetContained(n, k)
			}
		case patient && contains(x.r.elements, k.Name()):
			x.remove(k)
		default:
			if patient && k.Name() == "contact" {
				// Those to be called often live with the patient.
				for below := range k.Children() {
					if contains(x.r.elements, below.Name()) {
						x.remove(below)
					}
				}
			}
			x.element(k, n)
		}
	}
}

// element looks for inline labels below an element of a resource.
func (x *redaction) element(n, res fhir.Node) {
	var labels []string
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		if !ok {
			break
		}
		if !k.HasChildren() {
			continue
		}
		if label, ok := x.inline(k); ok {
			labels = append(labels, label)
			continue
		}
		if k.IsResource() { // of Parameters, or the outcome in a Bundle
			if x.part(k) {
				if k.NameID() == x.r.names.resource {
					x.remove(n)
				} else {
					x.drop(k)
				}
				x.forget(k, "")
			}
			continue
		}
		x.element(k, res)
	}
	if len(labels) > 0 && x.denies(labels, res) {
		x.remove(n)
	}
}

// drop takes a node out and notes that the resources around it changed.
func (x *redaction) drop(n fhir.Node) {
	x.take(n)
	for up, ok := n.Parent(); ok; up, ok = up.Parent() {
		if up.IsResource() {
			x.changed.add(up)
		}
	}
}

// remove takes an element out, or masks it if it must be there.
func (x *redaction) remove(n fhir.Node) {
	x.report.Elements++
	x.contentOf(n)
	x.noteContent(x.target(n))
	x.drop(n)
}

// take takes a node out, with the elements around it that are left empty, up
// to one that must be there: that is masked.
func (x *redaction) take(n fhir.Node) {
	for {
		// The values of a list of primitives and their companions stay aligned.
		e, ok := n.Element()
		mask := ok && e.Min() > 0 || n.IsPrimitive() && n.Index() >= 0
		x.edits.take(n, mask)
		x.out.add(n)
		up, ok := n.Parent()
		if mask || !ok || up.IsResource() || up.HasValue() {
			return
		}
		x.gone.add(n)
		for c := up.Cursor(); ; {
			k, ok := c.Next()
			if !ok {
				break
			}
			if !x.gone.has(k) && !(up.Type() == x.r.names.extensionType && k.NameID() == x.r.names.url) {
				return
			}
		}
		n = up
	}
}
