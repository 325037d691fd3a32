package fhirconsent

import (
	"slices"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

const inlineLabel = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"

// action is what happens to a member of an object.
type action uint8

const (
	dropMember action = iota
	maskMember
	setMember
)

// edit is a change of one member, or of one item of a list, of the object at
// an offset of the source.
type edit struct {
	object int
	key    string // without the underscore of companions
	index  int    // -1 for the whole member
	action action
	text   string
}

// redaction is one run over one tree.
type redaction struct {
	r       *Redactor
	names   names
	tree    *fhir.Tree
	src     string
	edits   []edit
	report  RedactReport
	removed []string // references to removed resources
	refs    []fhir.Node
	changed map[int]bool // the resources, by where they begin
	about   []fhir.Node  // Provenance and AuditEvent entries
}

// root handles the whole input and reports whether it is withheld.
func (x *redaction) root() bool {
	root := x.tree.Root()
	if root.Type().Name() != "Bundle" {
		if x.withheld(root) {
			return true
		}
		x.resource(root)
		x.references()
		x.narratives()
		return false
	}
	x.bundle(root)
	x.references()
	x.narratives()
	return false
}

// labelsOf returns the security labels of a resource.
func labelsOf(n fhir.Node) []string {
	meta, ok := n.Child("meta")
	if !ok {
		return nil
	}
	var out []string
	for s := range meta.Named("security") {
		out = append(out, child(s, "code"))
	}
	return out
}

// withheld reports whether a resource as a whole may not be disclosed.
func (x *redaction) withheld(n fhir.Node) bool {
	labels := labelsOf(n)
	if x.r.matches(labels, n.Type().Name(), func() []string { return resourceCodes(n) }) {
		return true
	}
	return !x.r.keeps(labels)
}

// resourceCodes returns the codes that say what a resource is about.
func resourceCodes(n fhir.Node) []string {
	var out []string
	for k := range n.Children() {
		switch k.Name() {
		case "code", "medication", "vaccineCode", "type", "category":
			for _, c := range codings(k) {
				out = append(out, c.system+"|"+c.code)
			}
		}
	}
	return out
}

// bundle handles the entries of a Bundle, those of Bundles within too.
func (x *redaction) bundle(n fhir.Node) {
	dropped := 0
	for e := range n.Named("entry") {
		res, ok := e.Child("resource")
		if !ok {
			continue
		}
		name := res.Type().Name()
		switch {
		case name == "Bundle":
			x.bundle(res)
			continue
		case x.withheld(res):
			x.drop(e)
			x.forget(res, child(e, "fullUrl"))
			dropped += countsAs(e)
			continue
		case name == "Provenance" || name == "AuditEvent":
			x.about = append(x.about, e)
		}
		x.resource(res)
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
			dropped += countsAs(e)
			again = true
		}
	}
	if total, ok := n.Child("total"); ok && dropped > 0 {
		count := 0
		for _, c := range total.Value() {
			count = min(count*10+int(c-'0'), 1<<30)
		}
		x.change(n, edit{key: "total", index: -1, action: setMember, text: itoa(max(count-dropped, 0))})
	}
	if meta, ok := n.Child("meta"); ok {
		for s := range meta.Named("security") {
			if label := []string{child(s, "code")}; dropped > 0 && (deniedBy(x.r, label) || !x.r.keeps(label)) {
				x.drop(s)
			}
		}
	}
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
func countsAs(e fhir.Node) int {
	if s, ok := e.Child("search"); ok {
		if mode := child(s, "mode"); mode != "" && mode != "match" {
			return 0
		}
	}
	return 1
}

// aboutRemoved reports whether a Provenance or AuditEvent is about removed
// resources only.
func (x *redaction) aboutRemoved(e fhir.Node) bool {
	res, _ := e.Child("resource")
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
		if x.isGone(child(ref, "reference"), res) {
			gone++
		} else {
			kept++
		}
	}
	return gone > 0 && kept == 0
}

// forget remembers by which references a removed resource is known.
func (x *redaction) forget(n fhir.Node, fullURL string) {
	if id := child(n, "id"); id != "" {
		x.removed = append(x.removed, n.Type().Name()+"/"+id)
	}
	if fullURL != "" {
		x.removed = append(x.removed, fullURL)
	}
	x.report.Resources++
}

// isGone reports whether a reference leads to something that was removed.
func (x *redaction) isGone(ref string, from fhir.Node) bool {
	if ref == "" {
		return false
	}
	ref = withoutVersion(ref)
	if strings.HasPrefix(ref, "#") {
		start, _ := from.Span()
		return contains(x.removed, itoa(start)+ref)
	}
	if contains(x.removed, ref) {
		return true
	}
	// An absolute reference to "Type/id".
	if i := strings.LastIndexByte(ref, '/'); i > 0 {
		if j := strings.LastIndexByte(ref[:i], '/'); j >= 0 && contains(x.removed, ref[j+1:]) {
			return true
		}
	}
	// A fullUrl that ends with the relative reference.
	for _, r := range x.removed {
		if strings.Contains(r, "://") && strings.HasSuffix(r, "/"+ref) && strings.Contains(ref, "/") {
			return true
		}
	}
	return x.r.withheld != nil && x.r.withheld(ref)
}

// resource looks for what has to go within a resource that stays.
func (x *redaction) resource(n fhir.Node) {
	patient := len(x.r.elements) > 0 && n.Type().Name() == "Patient"
	for k := range n.Children() {
		if !k.HasChildren() && !patient {
			continue
		}
		switch {
		case k.IsResource() && k.Name() == "contained":
			if x.withheld(k) {
				x.drop(k)
				start, _ := n.Span()
				x.removed = append(x.removed, itoa(start)+"#"+child(k, "id"))
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

// names are the ids of the names that every element is compared with; those
// that the definitions know are the same in every tree.
type names struct{ extension, reference, resource, url fhir.NameID }

func namesOf(t *fhir.Tree) names {
	return names{t.NameID("extension"), t.NameID("reference"), t.NameID("resource"), t.NameID("url")}
}

// element looks for inline labels and references below an element.
func (x *redaction) element(n, res fhir.Node) {
	var labels []string
	labelled := false
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		if !ok {
			break
		}
		switch k.NameID() {
		case x.names.extension:
			url := k.Cursor()
			if u, ok := url.NextNamed(x.names.url); ok && u.Value() == inlineLabel {
				labelled = true
				if v, ok := k.Child("value"); ok {
					labels = append(labels, child(v, "code"))
				}
				continue
			}
		case x.names.reference:
			if k.IsPrimitive() {
				x.refs = append(x.refs, n)
			}
		case x.names.resource:
			if k.IsResource() { // Parameters
				if x.withheld(k) {
					x.remove(n)
					x.forget(k, "")
				} else {
					x.resource(k)
				}
				continue
			}
		}
		if k.HasChildren() {
			x.element(k, res)
		}
	}
	if labelled && (x.r.matches(labels, res.Type().Name(), func() []string { return resourceCodes(res) }) && deniedBy(x.r, labels) || len(labels) > 0 && !x.r.keeps(labels)) {
		x.remove(n)
	}
}

// references masks the references to what was removed.
func (x *redaction) references() {
	for _, n := range x.refs {
		res := n.Resource()
		from := res
		if up, ok := res.Parent(); ok && res.Name() == "contained" {
			from = up.Resource()
		}
		if !x.isGone(child(n, "reference"), from) {
			continue
		}
		x.report.References++
		x.remove(n)
	}
}

// narratives removes every narrative of the resources that lost something,
// those of a Composition's sections too.
func (x *redaction) narratives() {
	if len(x.changed) == 0 {
		return
	}
	for i := range x.tree.Len() {
		n := x.tree.At(i)
		if n.Type().Name() != "Narrative" {
			continue
		}
		if start, _ := n.Resource().Span(); x.changed[start] {
			x.edits = append(x.edits, x.memberEdit(n, dropMember))
			x.report.Narratives++
		}
	}
}

// change records an edit of an object.
func (x *redaction) change(object fhir.Node, e edit) {
	e.object, _ = object.Span()
	x.edits = append(x.edits, e)
}

// memberEdit is the edit of a node's own member.
func (x *redaction) memberEdit(n fhir.Node, a action) edit {
	parent, _ := n.Parent()
	at, _ := parent.Span()
	return edit{object: at, key: n.Key(), index: n.Index(), action: a}
}

// drop takes a node out and marks the resources around it as changed, save
// the Bundle of an entry.
func (x *redaction) drop(n fhir.Node) {
	x.edits = append(x.edits, x.memberEdit(n, dropMember))
	for up, ok := n.Parent(); ok; up, ok = up.Parent() {
		if !up.IsResource() {
			continue
		}
		if x.changed == nil {
			x.changed = map[int]bool{}
		}
		start, _ := up.Span()
		x.changed[start] = true
	}
}

// remove takes an element out, or masks it if it must be there.
func (x *redaction) remove(n fhir.Node) {
	x.report.Elements++
	x.drop(n)
	e, ok := n.Element()
	if ok && e.Min() > 0 {
		x.edits[len(x.edits)-1].action = maskMember
	}
	if n.IsPrimitive() && n.Index() >= 0 {
		// The values and their companions stay aligned.
		x.edits[len(x.edits)-1].action = maskMember
	}
}

// write copies the source with the edits.
func (x *redaction) write() []byte {
	slices.SortStableFunc(x.edits, func(a, b edit) int { return a.object - b.object })
	start, _ := x.tree.Root().Span()
	out := make([]byte, 0, len(x.src))
	out = append(out, x.src[:start]...)
	out, end, _ := x.object(out, start)
	return append(out, x.src[end:]...)
}

// editsOf returns the edits of the object at an offset.
func (x *redaction) editsOf(at int) []edit {
	i, _ := slices.BinarySearchFunc(x.edits, at, func(e edit, at int) int { return e.object - at })
	j := i
	for j < len(x.edits) && x.edits[j].object == at {
		j++
	}
	return x.edits[i:j]
}

// touched reports whether an edit lies in a range.
func (x *redaction) touched(from, until int) bool {
	i, _ := slices.BinarySearchFunc(x.edits, from, func(e edit, at int) int { return e.object - at })
	return i < len(x.edits) && x.edits[i].object < until
}

// object copies the object at an offset. It returns the end of it in the
// source and whether anything is left.
func (x *redaction) object(out []byte, at int) ([]byte, int, bool) {
	edits := x.editsOf(at)
	out = append(out, '{')
	first := true
	i := skipSpace(x.src, at+1)
	for x.src[i] == '"' {
		keyEnd := skipValue(x.src, i)
		key := x.src[i+1 : keyEnd-1]
		value := skipSpace(x.src, skipSpace(x.src, keyEnd)+1)
		name, companion := strings.CutPrefix(key, "_")
		before := len(out)
		if !first {
			out = append(out, ',')
		}
		body := len(out)
		var end int
		out, end = x.member(out, key, name, companion, value, edits)
		if len(out) == body {
			out = out[:before]
		} else {
			first = false
		}
		i = skipSpace(x.src, end)
		if x.src[i] == ',' {
			i = skipSpace(x.src, i+1)
		}
	}
	return append(out, '}'), i + 1, !first
}

// member copies one member, appending nothing if it goes.
func (x *redaction) member(out []byte, key, name string, companion bool, value int, edits []edit) ([]byte, int) {
	end := skipValue(x.src, value)
	var items []edit
	for _, e := range edits {
		if e.key != name {
			continue
		}
		if e.index >= 0 && x.src[value] == '[' {
			items = append(items, e)
			continue
		}
		primitive := x.src[value] != '{' && !companion
		switch {
		case e.action == setMember && !companion:
			return append(append(append(append(out, '"'), key...), `":`...), e.text...), end
		case e.action == maskMember && primitive:
			return append(append(append(append(out, `"_`...), name...), `":`...), masked...), end
		case e.action == maskMember && !companion:
			return append(append(append(append(out, '"'), key...), `":`...), masked...), end
		}
		return out, end
	}
	start := len(out)
	out = append(append(append(out, '"'), key...), `":`...)
	switch {
	case len(items) > 0:
		var any bool
		if out, any = x.list(out, value, items, companion); !any {
			return out[:start], end
		}
	case !x.touched(value, end):
		out = append(out, x.src[value:end]...)
	case x.src[value] == '[':
		var any bool
		if out, any = x.list(out, value, nil, companion); !any {
			return out[:start], end
		}
	default:
		var any bool
		if out, _, any = x.object(out, value); !any {
			return out[:start], end
		}
	}
	return out, end
}

// list copies an array.
func (x *redaction) list(out []byte, at int, edits []edit, companion bool) ([]byte, bool) {
	out = append(out, '[')
	any := false
	i := skipSpace(x.src, at+1)
	for index := 0; x.src[i] != ']'; index++ {
		end := skipValue(x.src, i)
		before := len(out)
		if any {
			out = append(out, ',')
		}
		kept := true
		k := slices.IndexFunc(edits, func(e edit) bool { return e.index == index })
		switch {
		case k >= 0 && edits[k].action == maskMember && x.src[i] != '{' && !companion:
			out = append(out, "null"...)
		case k >= 0 && edits[k].action == maskMember:
			out = append(out, masked...)
		case k >= 0:
			kept = false
		case x.src[i] == '{' && x.touched(i, end):
			out, _, kept = x.object(out, i)
		default:
			out = append(out, x.src[i:end]...)
		}
		if kept {
			any = true
		} else {
			out = out[:before]
		}
		if i = skipSpace(x.src, end); x.src[i] == ',' {
			i = skipSpace(x.src, i+1)
		}
	}
	return append(out, ']'), any
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\r' || s[i] == '\t') {
		i++
	}
	return i
}

// skipValue returns the end of the value at i. The source was parsed before:
// it is well-formed.
func skipValue(s string, i int) int {
	switch s[i] {
	case '"':
		return skipString(s, i)
	case '{', '[':
	default:
		for i < len(s) && s[i] != ',' && s[i] != '}' && s[i] != ']' && s[i] > ' ' {
			i++
		}
		return i
	}
	depth := 0
	for ; ; i++ {
		switch s[i] {
		case '"':
			i = skipString(s, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

func skipString(s string, i int) int {
	for i++; ; {
		j := strings.IndexByte(s[i:], '"')
		i += j + 1
		k := i - 2
		for s[k] == '\\' {
			k--
		}
		if (i-2-k)%2 == 0 {
			return i
		}
	}
}
