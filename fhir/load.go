package fhir

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/define"
	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// Definitions makes a table of what the library's packages define: types,
// profiles and extensions with their snapshots, the code systems and value
// sets that their bindings need as far as they can be expanded, and search
// parameters. Packages that bring the types of FHIR itself (the core package of
// R4B, R5 or STU3) stand alone; others are added to the embedded R4.
//
// The result is a table of the same form as the embedded one, to be kept and
// shared: making it takes a tenth of a second and more. The second result lists
// definitions that were left out, such as profiles whose base is not here and
// what is malformed.
func (l *Library) Definitions() (*Definitions, []error, error) {
	version := l.coreVersion()
	var base *define.Base
	if version == "" {
		version = l.defs.Version()
		base = l.defs.base()
	}
	var resources []define.Resource
	var left []error
	for _, p := range l.packages {
		left = append(left, p.Faults()...)
	}
	for _, url := range l.Canonicals("") {
		e, _ := l.find(url)
		r := define.Resource{Name: url, Kind: e.entry.kind}
		var err error
		switch r.Kind {
		case "StructureDefinition":
			r.Data, err = l.structureJSON(url, e)
		case "CodeSystem", "ValueSet", "SearchParameter":
			r.Data, err = resourceJSON(e)
		default:
			continue
		}
		if err != nil {
			left = append(left, err)
			continue
		}
		resources = append(resources, r)
	}
	text, malformed, err := define.Table(version, base, resources)
	for _, err := range malformed {
		left = append(left, fmt.Errorf("fhir: %w", err))
	}
	if err != nil {
		return nil, left, fmt.Errorf("fhir: %w", err)
	}
	table, err := facts.Open(text)
	if err != nil {
		return nil, left, fmt.Errorf("fhir: %w", err)
	}
	return &Definitions{t: table}, left, nil
}

// coreVersion returns the version of FHIR whose types the packages define, ""
// if they define none.
func (l *Library) coreVersion() string {
	e, ok := l.find(typeURL("Element"))
	if !ok {
		return ""
	}
	data, err := e.pkg.readFile(e.entry.file)
	if err != nil {
		return ""
	}
	tree, err := Parse(data)
	if err != nil {
		return ""
	}
	defer tree.Release()
	if n, ok := tree.Root().Child("fhirVersion"); ok {
		return strings.Clone(n.Value())
	}
	return strings.Clone(e.entry.version)
}

// structureJSON returns a StructureDefinition with its snapshot. A published
// one is taken as it stands, since its version may not be that of the tree.
func (l *Library) structureJSON(url string, e libraryEntry) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if path.Ext(e.entry.file) == ".json" {
		data, err := e.pkg.readFile(e.entry.file)
		if err != nil {
			return nil, &PackageError{Package: e.pkg.label, File: e.entry.file, Text: "cannot be read", Err: err}
		}
		tree, err := Parse(data)
		if err != nil {
			return nil, &PackageError{Package: e.pkg.label, File: e.entry.file, Text: "not a resource", Err: err}
		}
		_, published := tree.Root().Child("snapshot")
		tree.Release()
		if published {
			return data, nil
		}
	}
	r := l.snapshot(url)
	if r.err != nil {
		return nil, r.err
	}
	return r.appendJSON(nil), nil
}

// resourceJSON returns a definition as JSON.
func resourceJSON(e libraryEntry) ([]byte, error) {
	data, err := e.pkg.readFile(e.entry.file)
	if err != nil {
		return nil, &PackageError{Package: e.pkg.label, File: e.entry.file, Text: "cannot be read", Err: err}
	}
	if path.Ext(e.entry.file) == ".json" {
		return data, nil
	}
	tree, err := Parse(data)
	if err != nil {
		return nil, &PackageError{Package: e.pkg.label, File: e.entry.file, Text: "not a resource", Err: err}
	}
	defer tree.Release()
	return tree.AppendJSON(nil, Compact), nil
}

// base returns the definitions in the form that a new table is made of.
func (d *Definitions) base() *define.Base {
	b := &define.Base{}
	for s := range d.Structures() {
		b.Structures = append(b.Structures, s.source())
	}
	for s := range d.CodeSystems() {
		system := facts.CodeSystem{URL: s.URL(), Version: s.Version(), Fragment: !s.Complete()}
		for c := range s.Concepts() {
			system.Concepts = append(system.Concepts, facts.Concept{Code: c.Code, Display: c.Display, Parent: c.Parent, Abstract: c.Abstract, Inactive: c.Inactive})
		}
		b.Systems = append(b.Systems, system)
	}
	for v := range d.ValueSets() {
		set := facts.ValueSet{URL: v.URL(), Version: v.Version()}
		for c := range v.Concepts() {
			set.Codes = append(set.Codes, [2]string{c.System, c.Code})
		}
		b.Sets = append(b.Sets, set)
	}
	for p := range d.SearchParameters() {
		param := facts.SearchParam{URL: p.URL, Code: p.Code, Type: p.Type, Expression: p.Expression, Bases: p.Bases, Targets: p.Targets}
		for _, c := range p.Components {
			param.Components = append(param.Components, [2]string{c.Definition, c.Expression})
		}
		b.Params = append(b.Params, param)
	}
	return b
}

// source returns the structure in the form that a table is made of.
func (s Structure) source() facts.Structure {
	out := facts.Structure{
		URL: s.URL(), Version: s.Version(), Name: s.Name(), Type: s.TypeName(), Base: s.BaseURL(),
		Kind: kindCode(s.Kind()), Constraint: s.IsProfile(), Abstract: s.Abstract(),
	}
	for kind, expression := range s.Contexts() {
		out.Contexts = append(out.Contexts, [2]string{kind, expression})
	}
	for e := range s.Elements() {
		out.Elements = append(out.Elements, e.source())
	}
	return out
}

// source returns the element in the form that a table is made of.
func (e Element) source() facts.Element {
	limit := func(n int) string {
		if n < 0 {
			return "*"
		}
		return strconv.Itoa(n)
	}
	out := facts.Element{
		Path: e.Path(), SliceName: e.SliceName(), Min: e.Min(), Max: limit(e.Max()), BaseMax: limit(e.BaseMax()),
		ContentReference: contentRef(e.ContentReference()), Modifier: e.IsModifier(), Summary: e.IsSummary(), MustSupport: e.MustSupport(),
		MaxLength: e.MaxLength(), Conditions: e.Conditions(),
	}
	if e.IsAttribute() {
		out.Representation = append(out.Representation, "xmlAttr")
	}
	if w, ok := e.more(facts.ExtraRepresentation); ok {
		out.Representation = append(out.Representation, e.d.strings(w)...)
	}
	for t := range e.Types() {
		out.Types = append(out.Types, facts.TypeRef{Code: t.Code, Profiles: t.Profiles, Targets: t.Targets})
	}
	if b, ok := e.Binding(); ok {
		out.ValueSet, out.Strength = b.ValueSet, b.Strength.String()
	}
	for c := range e.Constraints() {
		rule := facts.Constraint{Key: c.Key, Severity: "error", Expression: c.Expression, BestPractice: c.BestPractice}
		if c.Warning {
			rule.Severity = "warning"
		}
		out.Rules = append(out.Rules, rule)
	}
	if s, ok := e.Slicing(); ok {
		slicing := &facts.Slicing{Ordered: s.Ordered, Rules: s.Rules}
		for _, d := range s.Discriminators {
			slicing.Discriminators = append(slicing.Discriminators, [2]string{d.Type, d.Path})
		}
		out.Slicing = slicing
	}
	for _, v := range [...]struct {
		into *facts.Value
		get  func() (Value, bool)
	}{{&out.Fixed, e.Fixed}, {&out.Pattern, e.Pattern}, {&out.MinValue, e.MinValue}, {&out.MaxValue, e.MaxValue}} {
		if value, ok := v.get(); ok {
			*v.into = facts.Value{Type: value.Type, JSON: value.JSON}
		}
	}
	out.Conditions = slices.Clone(out.Conditions)
	return out
}

// contentRef is the form of a content reference in a definition.
func contentRef(path string) string {
	if path == "" || strings.Contains(path, "#") {
		return path
	}
	return "#" + path
}
