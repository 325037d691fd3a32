package fhirconsent

import (
	"html"
	"net/url"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// What is in this file finds what would still tell of a resource or an element
// that was taken out: references to it and links, what it was made of, and
// what is about nothing else.

// aboutRemoved reports whether a Provenance or AuditEvent is about removed
// resources only, or a Binary holds the content of one, or is to be protected
// as one.
func (x *redaction) aboutRemoved(res fhir.Node, fullURL string) bool {
	kind := res.Type().Name()
	if kind == "Binary" {
		_, byURL := x.content[fullURL]
		_, byID := x.content["Binary/"+value(res, x.r.names.id)]
		return byURL || byID || x.isGone(childOf(res, "securityContext", "reference"), res)
	}
	if kind != "Provenance" && kind != "AuditEvent" {
		return false
	}
	gone, kept := 0, 0
	for k := range res.Children() {
		ref := k
		switch {
		case k.Name() == "target":
		case k.NameID() == x.r.names.entity && kind == "AuditEvent":
			what, ok := k.Child("what")
			if !ok {
				continue
			}
			ref = what
		default:
			continue
		}
		if x.isGone(value(ref, x.r.names.reference), res) || x.isGoneByNumber(ref) {
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
	if fullURL = withoutVersion(fullURL); fullURL != "" {
		x.forgetReference(fullURL)
		if strings.Contains(fullURL, "://") {
			x.forgetReference(typeAndID(fullURL))
		}
	}
	x.forgetNumbers(n)
	x.contentOf(n)
	x.report.Resources++
}

// forgetContained remembers the same of a contained resource.
func (x *redaction) forgetContained(container, n fhir.Node) {
	x.forgetReference(containedKey(container, value(n, x.r.names.id)))
	x.forgetNumbers(n)
	x.report.Resources++
}

// forgetNumbers remembers the identifiers of a resource: identifier, and what
// else it has, such as the masterIdentifier of documents.
func (x *redaction) forgetNumbers(n fhir.Node) {
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		if !ok {
			return
		}
		if k.Type() != x.r.names.identifierType {
			continue
		}
		if key := identifierKey(k); key != "" {
			x.forgetReference(key)
			x.forgetReference("?" + child(k, "value"))
		}
	}
}

// isGoneByNumber reports whether a Reference names what was removed by its
// identifier.
func (x *redaction) isGoneByNumber(ref fhir.Node) bool {
	if len(x.removed) == 0 {
		return false
	}
	identifier, ok := named(ref, x.r.names.identifier)
	if !ok {
		return false
	}
	_, gone := x.removed[identifierKey(identifier)]
	return gone
}

// contentOf remembers what is referred to from within a node that goes.
func (x *redaction) contentOf(n fhir.Node) {
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		if !ok {
			return
		}
		x.noteContent(x.target(k))
		if k.HasChildren() {
			x.contentOf(k)
		}
	}
}

func (x *redaction) noteContent(ref string) {
	if ref == "" {
		return
	}
	if x.content == nil {
		x.content = map[string]struct{}{}
	}
	ref = withoutVersion(ref)
	x.content[ref] = struct{}{}
	if last := typeAndID(ref); last != "" {
		x.content[last] = struct{}{}
	}
}

// target returns what a Reference or an address may lead to, "" for any other
// element.
func (x *redaction) target(n fhir.Node) string {
	names := &x.r.names
	switch t := n.Type(); {
	case t == names.referenceType:
		return value(n, names.reference)
	case t != names.uri && t != names.urlType && t != names.canonical && t != names.uuid && t != names.oid || !n.IsPrimitive() || n.NameID() == names.system:
		return ""
	case n.NameID() == names.url:
		if up, ok := n.Parent(); ok && up.Type() == names.extensionType {
			return "" // names the extension
		}
	case n.NameID() == names.reference, n.NameID() == names.fullURL:
		return "" // belongs to what is around it
	}
	return n.Value()
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
	if inner, ok := strings.CutPrefix(ref, "#"); ok {
		_, gone := x.removed[containedKey(from, inner)]
		return gone
	}
	if len(x.removed) == 0 && x.r.withheld == nil {
		return false
	}
	ref, _, _ = strings.Cut(ref, "#")
	ref, query, _ := strings.Cut(ref, "?")
	if query != "" {
		for param := range strings.SplitSeq(query, "&") {
			if x.isGoneIdentifier(param) {
				return true
			}
		}
	}
	ref, _, _ = strings.Cut(ref, "|")
	ref = withoutVersion(ref)
	short := typeAndID(ref)
	if _, gone := x.removed[ref]; gone {
		return true
	}
	if _, gone := x.removed[short]; gone {
		return true
	}
	return x.r.withheld != nil && (x.r.withheld(ref) || short != "" && short != ref && x.r.withheld(short))
}

// isGoneIdentifier reports whether a parameter of a conditional reference
// finds a resource that was removed, by its identifier or id.
func (x *redaction) isGoneIdentifier(param string) bool {
	name, list, _ := strings.Cut(param, "=")
	name, _, _ = strings.Cut(name, ":")
	for v := range strings.SplitSeq(list, ",") {
		if plain, err := url.QueryUnescape(v); err == nil {
			v = plain
		}
		switch name {
		case "identifier":
			_, gone := x.removed[v]
			if !strings.Contains(v, "|") {
				_, gone = x.removed["?"+v]
			}
			if gone {
				return true
			}
		case "_id":
			for key := range x.removed {
				if strings.HasSuffix(key, "/"+v) {
					return true
				}
			}
		}
	}
	return false
}

// containedKey stands for a contained resource.
func containedKey(container fhir.Node, id string) string {
	return itoa(container.Ordinal()) + "#" + id
}

// isOut reports whether a node was taken out or masked, or lies within one
// that was.
func (x *redaction) isOut(n fhir.Node) bool {
	for ok := true; ok; n, ok = n.Parent() {
		if x.out.has(n) {
			return true
		}
	}
	return false
}

// holder returns the resource whose contained ones a node can refer to.
func (x *redaction) holder(n fhir.Node) fhir.Node {
	from := n.Resource()
	if from.NameID() == x.r.names.contained {
		up, _ := from.Parent()
		from = up.Resource()
	}
	return from
}

// orphans takes out contained resources to which nothing refers any more but
// what was taken out: they were part of it.
func (x *redaction) orphans() {
	inner := false
	for ref := range x.content {
		inner = inner || strings.HasPrefix(ref, "#")
	}
	for again := inner; again; {
		again = false
		kept, lost := map[string]bool{}, map[string]bool{}
		for i := range x.tree.Len() {
			n := x.tree.At(i)
			id, ok := strings.CutPrefix(x.target(n), "#")
			switch {
			case !ok:
			case x.isOut(n):
				lost[containedKey(x.holder(n), id)] = true
			default:
				kept[containedKey(x.holder(n), id)] = true
			}
		}
		for i := range x.tree.Len() {
			n := x.tree.At(i)
			if n.NameID() != x.r.names.contained || !n.IsResource() || x.isOut(n) {
				continue
			}
			if key := containedKey(x.holder(n), value(n, x.r.names.id)); lost[key] && !kept[key] {
				x.drop(n)
				x.forgetContained(x.holder(n), n)
				again = true
			}
		}
	}
}

// references takes out the references to what was removed.
func (x *redaction) references() {
	if len(x.removed) == 0 && x.r.withheld == nil {
		return
	}
	for i := range x.tree.Len() {
		n := x.tree.At(i)
		gone := false
		if ref := x.target(n); strings.HasPrefix(ref, "#") {
			gone = x.isGone(ref, x.holder(n))
		} else if ref != "" {
			gone = x.isGone(ref, n)
		}
		switch {
		case gone || !n.HasChildren():
		case n.Type() == x.r.names.referenceType:
			gone = x.isGoneByNumber(n)
		case n.Type() == x.r.names.identifierType && (n.NameID() == x.r.names.target || n.NameID() == x.r.names.source):
			_, gone = x.removed[identifierKey(n)] // in place of a Reference
		}
		if !gone || x.isOut(n) {
			continue
		}
		x.report.References++
		// An item of an audit trail or a list is about nothing else.
		if up, ok := n.Parent(); ok && !up.IsResource() && (up.NameID() == x.r.names.entity || up.NameID() == x.r.names.entry && up.Resource().Type().Name() == "List") {
			n = up
		}
		x.remove(n)
	}
}

// narratives removes every narrative of the resources that lost something,
// those of a Composition's sections too, and those with a link to what was
// removed. It also finds the signatures.
func (x *redaction) narratives() {
	if len(x.edits.list) == 0 && x.r.withheld == nil {
		return
	}
	x.signed = x.signed[:0]
	for i := range x.tree.Len() {
		n := x.tree.At(i)
		switch {
		case n.NameID() == x.r.names.text && n.Type() == x.r.names.narrative && !x.isOut(n) && (x.changed.has(n.Resource()) || x.linksToRemoved(n)):
			x.drop(n)
			x.report.Narratives++
		case n.HasChildren() && n.Type() == x.r.names.signature:
			x.signed = append(x.signed, n)
		}
	}
}

// signatures removes the signatures of resources that lost something, and those
// that a Provenance has of them, and reports whether there were any. None of
// them verifies any more, what was signed may be part of it, and a digest of it
// is enough to try out what was taken out.
func (x *redaction) signatures() bool {
	found := false
	for _, n := range x.signed {
		if x.isOut(n) {
			continue
		}
		if res := n.Resource(); x.changed.has(res) || res.Type().Name() == "Provenance" && x.signsChanged(res) {
			x.drop(n)
			x.report.Signatures++
			found = true
		}
	}
	return found
}

// signsChanged reports whether one of the targets of a Provenance lost
// something.
func (x *redaction) signsChanged(provenance fhir.Node) bool {
	for i := range x.tree.Len() {
		n := x.tree.At(i)
		if !n.IsResource() || !x.changed.has(n) {
			continue
		}
		id, fullURL := value(n, x.r.names.id), ""
		if entry, ok := n.Parent(); ok {
			fullURL = withoutVersion(value(entry, x.r.names.fullURL))
		}
		for k := range provenance.Named("target") {
			ref := withoutVersion(value(k, x.r.names.reference))
			if ref != "" && (ref == fullURL || id != "" && (ref == n.Type().Name()+"/"+id || typeAndID(ref) == n.Type().Name()+"/"+id)) {
				return true
			}
		}
	}
	return false
}

// linksToRemoved reports whether a link or image in a narrative leads to
// something that was removed.
func (x *redaction) linksToRemoved(n fhir.Node) bool {
	if len(x.removed) == 0 && x.r.withheld == nil {
		return false
	}
	for rest := child(n, "div"); ; {
		_, after, ok := strings.Cut(rest, "=")
		if !ok {
			return false
		}
		rest = after
		after = strings.TrimLeft(after, " \t\r\n")
		if after == "" || after[0] != '"' && after[0] != '\'' {
			continue
		}
		if value, _, _ := strings.Cut(after[1:], after[:1]); x.isGone(html.UnescapeString(value), n.Resource()) {
			return true
		}
	}
}
