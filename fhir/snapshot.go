package fhir

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CodeSnapshot marks what a differential does wrong.
const CodeSnapshot Code = "fhir.snapshot"

// ErrNoDefinition is wrapped by the error for a canonical URL that nothing
// defines.
var ErrNoDefinition = errors.New("no such definition")

// elementNode is an element in the tree of a structure: its definition, the
// elements below it, and its slices. An element that a differential only
// passes through has no definition.
type elementNode struct {
	name     string // last step of the path: "value[x]"
	slice    string // slice name, "" for the element itself
	def      *elementDef
	children []*elementNode
	slices   []*elementNode
}

func (n *elementNode) child(name string) *elementNode {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (n *elementNode) sliceNamed(name string) *elementNode {
	for _, s := range n.slices {
		if s.slice == name {
			return s
		}
	}
	return nil
}

// clone copies the node and all below it.
func (n *elementNode) clone() *elementNode {
	c := &elementNode{name: n.name, slice: n.slice}
	if n.def != nil {
		c.def = n.def.clone()
	}
	for _, x := range n.children {
		c.children = append(c.children, x.clone())
	}
	for _, x := range n.slices {
		c.slices = append(c.slices, x.clone())
	}
	return c
}

// size counts the node and all below it.
func (n *elementNode) size() int {
	size := 1
	for _, x := range n.children {
		size += x.size()
	}
	for _, x := range n.slices {
		size += x.size()
	}
	return size
}

// define gives the elements that a snapshot skips, against the rules, a
// definition that restricts nothing.
func (n *elementNode) define() {
	if n.def == nil {
		n.def = &elementDef{max: "*"}
	}
	for _, x := range n.children {
		x.define()
	}
	for _, x := range n.slices {
		x.define()
	}
}

// readElements hangs a list of ElementDefinitions, of a snapshot or of a
// differential, into a tree. Elements that the list skips are made up. Paths are
// bounded since each is written once more for all that is below.
func readElements(list Node, limits LibraryLimits, report func(n Node, text string)) *elementNode {
	var root *elementNode
	var stack []*elementNode // the latest element at each depth, slices included
	for n := range list.Named("element") {
		def, path, slice := readElementDef(n)
		if len(path) > limits.Path || len(slice) > limits.Path || strings.Count(path, ".") >= limits.Steps {
			report(n, fmt.Sprintf("a path or slice name of more than %d steps or %d bytes", limits.Steps, limits.Path))
			continue
		}
		steps := strings.Split(path, ".")
		if root == nil {
			root = &elementNode{name: steps[0]}
			stack = []*elementNode{root}
		}
		if steps[0] != root.name {
			report(n, fmt.Sprintf("path %s does not begin with %s", path, root.name))
			continue
		}
		if len(steps) == 1 {
			if slice == "" {
				root.def = def
				continue
			}
			report(n, "the root element cannot be a slice")
			continue
		}
		depth := 1
		for depth < len(steps)-1 && depth < len(stack) && stack[depth].name == steps[depth] {
			depth++
		}
		stack = stack[:depth]
		for ; depth < len(steps)-1; depth++ {
			stack = append(stack, stack[depth-1].openChild(steps[depth]))
		}
		e := stack[depth-1].openChild(steps[depth])
		if slice != "" {
			s := e.sliceNamed(slice)
			if s == nil {
				s = &elementNode{name: e.name, slice: slice}
				e.slices = append(e.slices, s)
			}
			e = s
		}
		if e.def != nil {
			report(n, fmt.Sprintf("%s is defined twice", path))
		}
		e.def = def
		stack = append(stack, e)
	}
	return root
}

// openChild returns the child with a name, making it if it is not there.
func (n *elementNode) openChild(name string) *elementNode {
	c := n.child(name)
	if c == nil {
		c = &elementNode{name: name}
		n.children = append(n.children, c)
	}
	return c
}

// generator makes one snapshot.
type generator struct {
	lib      *Library
	limits   LibraryLimits
	url      string
	typ      string // of the structure
	extend   bool   // a specialisation may add elements
	resource bool   // the structure is of kind resource
	root     *elementNode
	depth    int
	elements int // that were copied into the snapshot
	issues   []Issue
}

// room counts elements that are about to be copied into the snapshot, and
// reports whether they fit.
func (g *generator) room(elements int, d *elementNode) bool {
	if most := g.limits.Elements; g.elements+elements > most {
		if g.elements <= most {
			g.elements = most + 1 // once is enough
			g.warn(Error, d, fmt.Sprintf("the snapshot has more than %d elements", most))
		}
		return false
	}
	g.elements += elements
	return true
}

// warn reports what the differential does wrong, where it does.
func (g *generator) warn(sev Severity, d *elementNode, text string) {
	issue := Issue{Severity: sev, Code: CodeSnapshot, Path: g.url, Offset: -1, Clause: "FHIR profiling.html#snapshot"}
	if d.def != nil && !d.def.node.IsZero() {
		start, _ := d.def.node.Span()
		issue.Offset = int64(start)
		issue.Line, issue.Col = d.def.node.Position()
		issue.Path = d.def.node.Path()
	}
	issue.Text = text
	g.issues = append(g.issues, issue)
}

// merge lays the differential d over the element b.
func (g *generator) merge(b, d *elementNode) {
	g.depth++
	defer func() { g.depth-- }()
	if d.def != nil {
		g.overlay(b, d)
	}
	if len(d.children) == 0 {
		return
	}
	if len(b.children) == 0 && !g.expand(b, d) {
		return
	}
	for _, dc := range d.children {
		bc, dc := g.match(b, dc)
		if bc == nil {
			continue
		}
		g.merge(bc, dc)
		for _, ds := range dc.slices {
			g.mergeSlice(bc, ds)
		}
	}
}

// mergeSlice lays a slice of the differential over the slice of the same name,
// which it makes if there is none.
func (g *generator) mergeSlice(b, d *elementNode) {
	s := b.sliceNamed(d.slice)
	if s == nil {
		g.ensureSlicing(b, d)
		if s = g.newSlice(b, d); s == nil {
			return
		}
	}
	g.merge(s, d)
}

// newSlice makes the slice d of an element: a copy that need not occur. A
// slice of a slice, named "outer/inner", copies the outer one. It is nil where
// the snapshot has no room.
func (g *generator) newSlice(b, d *elementNode) *elementNode {
	name, from, at := d.slice, b, len(b.slices)
	for i, s := range b.slices {
		if strings.HasPrefix(name, s.slice+"/") {
			from, at = s, i+1
		}
	}
	size := 1
	for _, c := range from.children {
		size += c.size()
	}
	if !g.room(size, d) {
		return nil
	}
	s := &elementNode{name: b.name, slice: name, def: from.def.clone()}
	for _, c := range from.children {
		s.children = append(s.children, c.clone())
	}
	s.def.remove(s.def.member("slicing"))
	s.def.min = 0
	b.slices = slices.Insert(b.slices, at, s)
	return s
}

// ensureSlicing gives an element that is cut into slices without saying how
// the slicing that its kind implies.
func (g *generator) ensureSlicing(b, d *elementNode) {
	if b.def.member("slicing") != nil {
		return
	}
	switch {
	case isExtensionElement(b.name):
		b.def.set(extensionSlicing())
	case strings.HasSuffix(b.name, "[x]"):
		b.def.set(choiceSlicing())
	default:
		g.warn(Warning, d, fmt.Sprintf("slice %q of an element without slicing", d.slice))
	}
}

func isExtensionElement(name string) bool {
	return name == "extension" || name == "modifierExtension"
}

func extensionSlicing() defMember {
	return defMember{name: "slicing", items: []defItem{{text: `{"discriminator":[{"type":"value","path":"url"}],"description":"Extensions are always sliced by (at least) url","rules":"open"}`}}}
}

func choiceSlicing() defMember {
	return defMember{name: "slicing", items: []defItem{{text: `{"discriminator":[{"type":"type","path":"$this"}],"ordered":false,"rules":"closed"}`}}}
}

// match finds the element below b that a differential's child is about. A
// choice that the differential names by its type (valueQuantity) is a slice
// of the choice; the child returned then goes for that.
func (g *generator) match(b, d *elementNode) (*elementNode, *elementNode) {
	if c := b.child(d.name); c != nil {
		return c, d
	}
	for _, c := range b.children {
		stem, ok := strings.CutSuffix(c.name, "[x]")
		if !ok {
			continue
		}
		typ, ok := strings.CutPrefix(d.name, stem)
		if !ok {
			continue
		}
		for _, t := range c.def.types() {
			if !strings.EqualFold(t.code, typ) {
				continue
			}
			return c, g.renamedChoice(c, d, t.code)
		}
	}
	if g.extend {
		c := &elementNode{name: d.name, def: &elementDef{min: 0, max: "1"}}
		b.children = append(b.children, c)
		return c, d
	}
	g.warn(Error, d, fmt.Sprintf("%s has no element %s", b.name, d.name))
	return nil, nil
}

// renamedChoice turns a differential of valueQuantity into one of value[x] with
// the slice valueQuantity, of that type alone.
func (g *generator) renamedChoice(c, d *elementNode, code string) *elementNode {
	slice := d.clone()
	slice.name, slice.slice, slice.slices = c.name, d.name, nil
	if c.sliceNamed(slice.slice) == nil {
		if c.def.member("slicing") == nil {
			c.def.set(choiceSlicing())
		}
		if s := g.newSlice(c, slice); s != nil {
			s.def.keepTypes(func(t string) bool { return t == code })
		}
	}
	// The short form also says that no other type is left.
	named := map[string]bool{code: true}
	for _, s := range c.slices {
		for _, t := range s.def.types() {
			named[t.code] = true
		}
	}
	c.def.keepTypes(func(t string) bool { return named[t] })
	return &elementNode{name: c.name, slices: []*elementNode{slice}}
}

// overlay applies what a differential says of one element.
func (g *generator) overlay(b, d *elementNode) {
	fresh := b.def.base.path == "" && b.def.node.IsZero() && len(b.def.members) == 0
	e, x := b.def, d.def
	if p := g.typeProfile(x); p != nil && !fresh {
		g.adopt(b, p)
	}
	if x.min >= 0 {
		if !fresh && x.min < e.min && d.slice == "" {
			g.warn(Warning, d, fmt.Sprintf("min %d is less than the %d it restricts", x.min, e.min))
		}
		e.min = x.min
	}
	if x.max != "" {
		if !fresh && maxOfText(x.max) > maxOfText(e.max) {
			g.warn(Warning, d, fmt.Sprintf("max %s is more than the %s it restricts", x.max, e.max))
		}
		e.max = x.max
	}
	for _, m := range x.members {
		switch {
		case m.name == "constraint":
			g.addConstraints(e, m)
		case m.name == "type":
			g.restrictTypes(b, d, m)
			e.set(m)
		case m.name == "mapping" || m.name == "condition" || m.name == "alias" || m.name == "example" || m.name == "extension":
			addNew(e, m)
		default:
			for _, choice := range [...]string{"fixed", "pattern", "minValue", "maxValue", "defaultValue"} {
				if rest, ok := strings.CutPrefix(m.name, choice); ok && rest != "" {
					e.remove(e.prefixed(choice))
				}
			}
			e.set(m)
		}
	}
	e.node = x.node
}

// maxOfText orders maxima: "*" is more than any number.
func maxOfText(max string) int {
	if n, err := strconv.Atoi(max); err == nil {
		return n
	}
	return int(^uint(0) >> 1)
}

// addConstraints adds the constraints whose keys are new, and replaces those
// whose keys are not.
func (g *generator) addConstraints(e *elementDef, m defMember) {
	old := e.member("constraint")
	if old == nil {
		e.set(m)
		return
	}
	merged := defMember{name: m.name, list: true, items: slices.Clone(old.items)}
	for _, item := range m.items {
		key := constraintKey(item)
		if i := slices.IndexFunc(merged.items, func(x defItem) bool { return constraintKey(x) == key }); i >= 0 {
			merged.items[i] = item
			continue
		}
		merged.items = append(merged.items, item)
	}
	e.set(merged)
}

func constraintKey(item defItem) string {
	if item.node.IsZero() {
		_, rest, _ := strings.Cut(item.text, `"key":"`)
		key, _, _ := strings.Cut(rest, `"`)
		return key
	}
	key, ok := item.node.Child("key")
	if !ok {
		return ""
	}
	return key.Value()
}

// addNew appends the repetitions that are not there yet.
func addNew(e *elementDef, m defMember) {
	old := e.member(m.name)
	if old == nil {
		e.set(m)
		return
	}
	merged := defMember{name: m.name, list: m.list, items: slices.Clone(old.items)}
	have := make(map[string]bool)
	for _, item := range merged.items {
		have[item.json()] = true
	}
	for _, item := range m.items {
		if text := item.json(); !have[text] {
			have[text] = true
			merged.items = append(merged.items, item)
		}
	}
	e.set(merged)
}

func (i defItem) json() string {
	if i.text != "" {
		return i.text
	}
	return string(i.node.AppendJSON(nil, Canonical))
}

// restrictTypes warns of types that the element did not have.
func (g *generator) restrictTypes(b, d *elementNode, m defMember) {
	old := b.def.types()
	if len(old) == 0 {
		return
	}
	for _, t := range (&elementDef{members: []defMember{m}}).types() {
		ok := slices.ContainsFunc(old, func(o typeRef) bool { return o.code == t.code || g.lib.isA(t.code, o.code) })
		if !ok {
			g.warn(Warning, d, fmt.Sprintf("type %s is none of those it restricts", t.code))
		}
	}
}

// typeProfile returns the snapshot of the one profile that an element's one
// type must meet, or nil.
func (g *generator) typeProfile(x *elementDef) *elementNode {
	types := x.types()
	if len(types) != 1 || len(types[0].profiles) != 1 {
		return nil
	}
	url, _, _ := strings.Cut(types[0].profiles[0], "#")
	root, err := g.lib.snapshotTree(url)
	if err != nil {
		return nil // an unknown profile is the validator's to report
	}
	return root
}

// adopt takes over what the profile of an element's type says of the element
// itself.
func (g *generator) adopt(b, profile *elementNode) {
	p := profile.def
	e := b.def
	if isExtensionElement(b.name) {
		e.min, e.max = p.min, p.max
	}
	for _, m := range p.members {
		switch m.name {
		case "short", "definition", "comment", "requirements", "isModifier", "isModifierReason":
			e.set(m)
		case "constraint":
			g.addConstraints(e, m)
		case "condition":
			addNew(e, m)
		}
	}
}

// expand gives an element the children of its type, so that a differential can
// go into it.
func (g *generator) expand(b, d *elementNode) bool {
	if g.depth > g.limits.Expansion {
		g.warn(Error, d, fmt.Sprintf("elements are expanded one in another deeper than %d", g.limits.Expansion))
		return false
	}
	if ref := b.def.text("contentReference"); ref != "" {
		return g.expandReference(b, d, ref)
	}
	types := b.def.types()
	if len(types) == 0 && g.extend {
		return true
	}
	if len(types) > 1 {
		code := types[0].code
		if slices.ContainsFunc(types, func(t typeRef) bool { return t.code != code }) {
			// Only what all types share can be meant: id and extension.
			types = []typeRef{{code: "Element"}}
		} else {
			types = []typeRef{{code: code}}
		}
	}
	if len(types) == 0 {
		g.warn(Error, d, fmt.Sprintf("%s has no type to go into", b.name))
		return false
	}
	url := typeURL(types[0].code)
	if len(types[0].profiles) == 1 {
		url, _, _ = strings.Cut(types[0].profiles[0], "#")
	}
	root, err := g.lib.snapshotTree(url)
	if err != nil && len(types[0].profiles) == 1 {
		root, err = g.lib.snapshotTree(typeURL(types[0].code))
	}
	if err != nil {
		if g.extend {
			return true // a backbone element of the type being defined
		}
		g.warn(Error, d, fmt.Sprintf("%s cannot be expanded: %v", b.name, err))
		return false
	}
	if !g.room(root.size(), d) {
		return false
	}
	b.children = root.clone().children
	if g.resource && (types[0].code == "BackboneElement" || types[0].code == "Element") {
		b.dropExtensionSlicing()
	}
	return true
}

// typeURL is the canonical URL of a type.
func typeURL(code string) string {
	if strings.Contains(code, "://") {
		return code
	}
	return "http://hl7.org/fhir/StructureDefinition/" + code
}

// expandReference gives an element the children of the one it refers to.
func (g *generator) expandReference(b, d *elementNode, ref string) bool {
	_, id, _ := strings.Cut(ref, "#")
	steps := strings.Split(id, ".")
	target := g.root
	for _, step := range steps[1:] {
		if target != nil {
			target = target.child(step)
		}
	}
	if target == nil || target == g.root {
		g.warn(Error, d, fmt.Sprintf("content reference %s leads nowhere", ref))
		return false
	}
	if !g.room(target.size(), d) {
		return false
	}
	b.def.remove(b.def.member("contentReference"))
	if m := target.def.member("type"); m != nil {
		b.def.set(*m)
	}
	b.children = target.clone().children
	return true
}

// finish gives new elements of a specialisation their base and the constraints
// that every element has.
func (g *generator) finish(n *elementNode, path string) {
	if n.def == nil {
		n.def = &elementDef{min: 0, max: "1"}
	}
	if n.def.base.path == "" {
		n.def.base = elementBase{path, max(n.def.min, 0), n.def.max}
		g.addElementRule(n.def)
	}
	for _, c := range n.children {
		g.finish(c, path+"."+c.name)
	}
	for _, s := range n.slices {
		g.finish(s, path)
	}
}

// addElementRule gives a new element the constraints that the type Element puts
// on all elements. Resources and the values of primitives are none.
func (g *generator) addElementRule(e *elementDef) {
	for _, t := range e.types() {
		typ, ok := g.lib.defs.Type(t.code)
		if strings.HasPrefix(t.code, "http://hl7.org/fhirpath/") || ok && typ.IsResource() {
			return
		}
	}
	if len(e.types()) == 0 && e.member("contentReference") == nil {
		return
	}
	name := "Element"
	if types := e.types(); len(types) == 1 && types[0].code == "Extension" {
		name = "Extension"
	}
	if root, err := g.lib.snapshotTree(typeURL(name)); err == nil {
		if m := root.def.member("constraint"); m != nil {
			g.addConstraints(e, *m)
		}
	}
}

// appendElements writes the elements in the order of a snapshot.
func (n *elementNode) appendElements(dst []byte, path, id string) []byte {
	if path != "" {
		path += "."
		id += "."
	}
	path += n.name
	id += n.name
	return n.appendElement(dst, path, id)
}

func (n *elementNode) appendElement(dst []byte, path, id string) []byte {
	e := n.def
	if dst[len(dst)-1] != '[' {
		dst = append(dst, ',')
	}
	dst = append(append(dst, `{"id":`...), quoteJSON(id)...)
	for _, m := range e.members {
		if m.name == "extension" {
			dst = m.appendJSON(dst)
		}
	}
	dst = append(append(dst, `,"path":`...), quoteJSON(path)...)
	if n.slice != "" {
		dst = append(append(dst, `,"sliceName":`...), quoteJSON(n.slice)...)
	}
	members := slices.Clone(e.members)
	order := elementDefinitionOrder()
	slices.SortStableFunc(members, func(a, b defMember) int { return order(a.name) - order(b.name) })
	pending := true
	for _, m := range members {
		if m.name == "extension" {
			continue
		}
		if pending && order(m.name) > order("max") {
			dst, pending = e.appendCardinality(dst), false
		}
		dst = m.appendJSON(dst)
	}
	if pending {
		dst = e.appendCardinality(dst)
	}
	dst = append(dst, '}')
	for _, c := range n.children {
		dst = c.appendElements(dst, path, id)
	}
	for _, s := range n.slices {
		dst = s.appendElement(dst, path, id+":"+s.slice)
	}
	return dst
}

func (e *elementDef) appendCardinality(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `,"min":`...), int64(max(e.min, 0)), 10)
	dst = append(append(dst, `,"max":`...), quoteJSON(e.max)...)
	dst = append(append(dst, `,"base":{"path":`...), quoteJSON(e.base.path)...)
	dst = strconv.AppendInt(append(dst, `,"min":`...), int64(e.base.min), 10)
	dst = append(append(dst, `,"max":`...), quoteJSON(e.base.max)...)
	return append(dst, '}')
}

func quoteJSON(s string) []byte { return appendJSONString(nil, s) }

// elementDefinitionOrder returns the rank of a member among those of
// ElementDefinition.
func elementDefinitionOrder() func(name string) int {
	t, _ := R4().Type("ElementDefinition")
	return func(name string) int {
		if p, ok := t.Property(name); ok {
			return p.Ordinal()
		}
		return 1 << 16
	}
}
