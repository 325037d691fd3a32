package fhirconsent

import (
	"slices"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

const inlineLabel = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"

// redaction is one run over one tree after the other.
type redaction struct {
	r       *Redactor
	tree    *fhir.Tree
	edits   edits
	report  RedactReport
	removed map[string]struct{} // references to removed resources, and their identifiers
	refs    []fhir.Node         // elements that may refer to one
	changed ordinals            // the resources that lost something
	gone    ordinals            // the elements that were taken out
	about   []fhir.Node         // Provenance and AuditEvent entries
}

// begin forgets everything about the tree before.
func (x *redaction) begin(tree *fhir.Tree) {
	clear(x.removed)
	*x = redaction{
		r: x.r, tree: tree, removed: x.removed, refs: x.refs[:0], about: x.about[:0], changed: x.changed.none(tree), gone: x.gone.none(tree),
		edits: edits{list: x.edits.list[:0], touched: x.edits.touched.none(tree)},
	}
}

// names are the ids of the names and types that elements are compared with.
type names struct {
	code, contained, entry, extension, fullURL, id, identifier, meta, mode, reference, resource, search, security, text, url, value fhir.NameID
	narrative, referenceType                                                                                                        fhir.Type
}

func namesOf(d *fhir.Definitions) names {
	narrative, _ := d.Type("Narrative")
	reference, _ := d.Type("Reference")
	return names{
		code: d.NameID("code"), contained: d.NameID("contained"), entry: d.NameID("entry"), extension: d.NameID("extension"), fullURL: d.NameID("fullUrl"), id: d.NameID("id"),
		identifier: d.NameID("identifier"), meta: d.NameID("meta"), mode: d.NameID("mode"), reference: d.NameID("reference"), resource: d.NameID("resource"),
		search: d.NameID("search"), security: d.NameID("security"), text: d.NameID("text"), url: d.NameID("url"), value: d.NameID("value"),
		narrative: narrative, referenceType: reference,
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
	if root.Type().Name() == "Bundle" {
		if x.bundle(root) {
			return true
		}
	} else {
		if x.withheld(root) {
			return true
		}
		x.resource(root)
	}
	x.references()
	x.narratives()
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
	for c := n.Cursor(); ; {
		e, ok := c.NextNamed(x.r.names.extension)
		if !ok {
			return out
		}
		if label, ok := x.inline(e); ok {
			out = append(out, label)
		}
	}
}

// inline returns the label of an extension that is an inline one.
func (x *redaction) inline(extension fhir.Node) (string, bool) {
	if value(extension, x.r.names.url) != inlineLabel {
		return "", false
	}
	v, ok := named(extension, x.r.names.value)
	if !ok {
		return "", true
	}
	return value(v, x.r.names.code), true
}

// withheld reports whether a resource as a whole may not be disclosed.
func (x *redaction) withheld(n fhir.Node) bool {
	labels := x.labelsOf(n)
	return x.r.matches(labels, n) || !x.r.keeps(labels)
}

// resourceCodes returns the codes that say what a resource is about.
func resourceCodes(n fhir.Node) []coding {
	var out []coding
	for k := range n.Children() {
		switch k.Name() {
		case "code", "medication", "vaccineCode", "type", "category":
			out = append(out, codings(k)...)
		}
	}
	return out
}

// bundle handles the entries of a Bundle, those of Bundles within too. It
// reports whether the whole may not be disclosed: a document without its
// Composition, or a message without its header, is none.
func (x *redaction) bundle(n fhir.Node) bool {
	dropped, first := 0, true
	for c := n.Cursor(); ; {
		e, ok := c.NextNamed(x.r.names.entry)
		if !ok {
			break
		}
		res, ok := named(e, x.r.names.resource)
		if !ok {
			continue
		}
		name := res.Type().Name()
		gone := false
		if name == "Bundle" {
			gone = x.bundle(res)
		} else {
			gone = x.withheld(res)
		}
		switch {
		case gone && first && (child(n, "type") == "document" || child(n, "type") == "message"):
			return true
		case gone:
			x.drop(e)
			x.forget(res, value(e, x.r.names.fullURL))
			dropped += x.countsAs(e)
		case name == "Bundle":
		case name == "Provenance" || name == "AuditEvent":
			x.about = append(x.about, e)
			x.resource(res)
		default:
			x.resource(res)
		}
		first = false
	}
	for again := true; again; {
		again = false
		for i, e := range x.about {
			if e.IsZero() || !x.aboutRemoved(e) {
				continue
			}
			res, _ := e.Child("resource")
			x.about[i] = fhir.Node{}
			x.drop(e)
			x.forget(res, child(e, "fullUrl"))
			dropped += x.countsAs(e)
			again = true
		}
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

// aboutRemoved reports whether a Provenance or AuditEvent is about removed
// resources only.
func (x *redaction) aboutRemoved(e fhir.Node) bool {
	res, _ := named(e, x.r.names.resource)
	gone, kept := 0, 0
	for k := range res.Children() {
		ref := k
		switch k.Name() {
		case "target":
		case "entity":
			if res.Type().Name() != "AuditEvent" {
				continue
			}
			what, ok := k.Child("what")
			if !ok {
				continue
			}
			ref = what
		default:
			continue
		}
		if x.isGone(value(ref, x.r.names.reference), res) {
			gone++
		} else {
			kept++
		}
	}
	return gone > 0 && kept == 0
}

// forget remembers by which references a removed resource is known.
func (x *redaction) forget(n fhir.Node, fullURL string) {
	if id := value(n, x.r.names.id); id != "" {
		x.forgetReference(n.Type().Name() + "/" + id)
	}
	if fullURL != "" {
		x.forgetReference(fullURL)
		if strings.Contains(fullURL, "://") {
			x.forgetReference(typeAndID(fullURL))
		}
	}
	for c := n.Cursor(); ; {
		identifier, ok := c.NextNamed(x.r.names.identifier)
		if !ok {
			break
		}
		x.forgetReference(identifierKey(identifier))
	}
	x.report.Resources++
}

func (x *redaction) forgetReference(ref string) {
	if ref == "" {
		return
	}
	if x.removed == nil {
		x.removed = map[string]struct{}{}
	}
	x.removed[ref] = struct{}{}
}

// identifierKey returns an Identifier as "system|value", "" without a value.
func identifierKey(n fhir.Node) string {
	if v := child(n, "value"); v != "" {
		return child(n, "system") + "|" + v
	}
	return ""
}

// typeAndID returns the last two parts of a URL, "" if it has but one.
func typeAndID(ref string) string {
	if i := strings.LastIndexByte(ref, '/'); i > 0 {
		if j := strings.LastIndexByte(ref[:i], '/'); j >= 0 {
			return ref[j+1:]
		}
	}
	return ""
}

// isGone reports whether a reference leads to something that was removed. To
// be safe only the type and the id of an absolute one count.
func (x *redaction) isGone(ref string, from fhir.Node) bool {
	if ref == "" {
		return false
	}
	ref = withoutVersion(ref)
	if len(x.removed) > 0 {
		if strings.HasPrefix(ref, "#") {
			_, gone := x.removed[containedKey(from, ref[1:])]
			return gone
		}
		if _, gone := x.removed[ref]; gone {
			return true
		}
		if _, gone := x.removed[typeAndID(ref)]; gone {
			return true
		}
	}
	return x.r.withheld != nil && !strings.HasPrefix(ref, "#") && x.r.withheld(ref)
}

// containedKey stands for a contained resource.
func containedKey(container fhir.Node, id string) string {
	return itoa(container.Ordinal()) + "#" + id
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
			if x.withheld(k) {
				x.drop(k)
				x.forgetReference(containedKey(n, value(k, x.r.names.id)))
				x.report.Resources++
				continue
			}
			x.resource(k)
		case patient && contains(x.r.elements, k.Name()):
			x.remove(k)
		default:
			x.element(k, n)
		}
	}
}

// element looks for inline labels and references below an element of a
// resource.
func (x *redaction) element(n, res fhir.Node) {
	var labels []string
	names := &x.r.names
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		if !ok {
			break
		}
		switch k.NameID() {
		case names.extension:
			if label, ok := x.inline(k); ok {
				labels = append(labels, label)
				continue
			}
		case names.url:
			if n.NameID() != names.extension {
				x.refs = append(x.refs, k) // of an attachment, perhaps of a Binary
			}
		case names.resource:
			if k.IsResource() { // Parameters
				switch {
				case k.Type().Name() == "Bundle" && !x.bundle(k):
				case k.Type().Name() != "Bundle" && !x.withheld(k):
					x.resource(k)
				default:
					x.remove(n)
					x.forget(k, "")
				}
				continue
			}
		}
		if k.HasChildren() {
			x.element(k, res)
		}
	}
	if n.Type() == names.referenceType {
		x.refs = append(x.refs, n)
	}
	if len(labels) > 0 && (deniedBy(x.r, labels) && x.r.matches(labels, res) || !x.r.keeps(labels)) {
		x.remove(n)
	}
}

// references takes out the references to what was removed.
func (x *redaction) references() {
	if len(x.removed) == 0 && x.r.withheld == nil {
		return
	}
	for _, n := range x.refs {
		from := n.Resource()
		if from.NameID() == x.r.names.contained {
			up, _ := from.Parent()
			from = up.Resource()
		}
		gone := false
		if n.IsPrimitive() {
			gone = x.isGone(n.Value(), from)
		} else if gone = x.isGone(value(n, x.r.names.reference), from); !gone {
			if identifier, ok := named(n, x.r.names.identifier); ok {
				_, gone = x.removed[identifierKey(identifier)]
			}
		}
		if gone {
			x.report.References++
			x.remove(n)
		}
	}
}

// narratives removes every narrative of the resources that lost something,
// those of a Composition's sections too.
func (x *redaction) narratives() {
	if len(x.edits.list) == 0 {
		return
	}
	for i := range x.tree.Len() {
		if n := x.tree.At(i); n.NameID() == x.r.names.text && n.Type() == x.r.names.narrative && x.changed.has(n.Resource()) {
			x.take(n)
			x.report.Narratives++
		}
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
			if !x.gone.has(k) {
				return
			}
		}
		n = up
	}
}
