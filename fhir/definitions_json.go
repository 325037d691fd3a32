package fhir

import (
	"strconv"
	"strings"
)

// appendDefinition writes a structure of the table as a StructureDefinition
// with a snapshot: every fact that the table has, and no narrative.
func (s Structure) appendDefinition(dst []byte) []byte {
	member := func(name, value string) {
		if value != "" {
			dst = append(append(append(append(dst, ',', '"'), name...), '"', ':'), quoteJSON(value)...)
		}
	}
	dst = append(dst, `{"resourceType":"StructureDefinition"`...)
	member("url", s.URL())
	member("version", s.Version())
	member("name", s.Name())
	member("status", "active")
	member("fhirVersion", s.d.Version())
	member("kind", kindCode(s.Kind()))
	dst = strconv.AppendBool(append(dst, `,"abstract":`...), s.Abstract())
	first := true
	for kind, expression := range s.Contexts() {
		dst = append(dst, map[bool]string{true: `,"context":[`, false: `,`}[first]...)
		first = false
		dst = append(append(dst, `{"type":`...), quoteJSON(kind)...)
		dst = append(append(append(dst, `,"expression":`...), quoteJSON(expression)...), '}')
	}
	if !first {
		dst = append(dst, ']')
	}
	member("type", s.TypeName())
	member("baseDefinition", s.BaseURL())
	if s.IsProfile() {
		member("derivation", "constraint")
	} else if s.BaseURL() != "" {
		member("derivation", "specialization")
	}
	dst = append(dst, `,"snapshot":{"element":[`...)
	comma := false
	for e := range s.Elements() {
		if comma {
			dst = append(dst, ',')
		}
		comma = true
		dst = e.appendDefinition(dst, s)
	}
	return append(dst, "]}}"...)
}

// kindCode is the code of StructureDefinition.kind.
func kindCode(k TypeKind) string {
	switch k {
	case KindPrimitive:
		return "primitive-type"
	case KindResource:
		return "resource"
	case KindLogical:
		return "logical"
	}
	return "complex-type"
}

// appendDefinition writes an ElementDefinition.
func (e Element) appendDefinition(dst []byte, s Structure) []byte {
	member := func(name, value string) {
		if value != "" {
			dst = append(append(append(append(dst, ',', '"'), name...), '"', ':'), quoteJSON(value)...)
		}
	}
	list := func(name string, values []string) {
		if len(values) == 0 {
			return
		}
		dst = append(append(append(dst, ',', '"'), name...), '"', ':', '[')
		for i, v := range values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, quoteJSON(v)...)
		}
		dst = append(dst, ']')
	}
	flag := func(name string, on bool) {
		if on {
			dst = append(append(append(dst, ',', '"'), name...), `":true`...)
		}
	}
	maximum := func(n int) string {
		if n < 0 {
			return "*"
		}
		return strconv.Itoa(n)
	}
	dst = append(append(dst, `{"id":`...), quoteJSON(e.ID())...)
	member("path", e.Path())
	if e.IsAttribute() {
		list("representation", []string{"xmlAttr"})
	}
	member("sliceName", e.SliceName())
	if slicing, ok := e.Slicing(); ok {
		dst = append(dst, `,"slicing":{`...)
		for i, d := range slicing.Discriminators {
			dst = append(dst, map[bool]string{true: `"discriminator":[`, false: `,`}[i == 0]...)
			dst = append(append(dst, `{"type":`...), quoteJSON(d.Type)...)
			dst = append(append(append(dst, `,"path":`...), quoteJSON(d.Path)...), '}')
		}
		if len(slicing.Discriminators) > 0 {
			dst = append(dst, `],`...)
		}
		dst = strconv.AppendBool(append(dst, `"ordered":`...), slicing.Ordered)
		dst = append(append(append(dst, `,"rules":`...), quoteJSON(slicing.Rules)...), '}')
	}
	dst = strconv.AppendInt(append(dst, `,"min":`...), int64(e.Min()), 10)
	member("max", maximum(e.Max()))
	path, baseMin := e.base(s)
	dst = append(append(dst, `,"base":{"path":`...), quoteJSON(path)...)
	dst = strconv.AppendInt(append(dst, `,"min":`...), int64(baseMin), 10)
	member("max", maximum(e.BaseMax()))
	dst = append(dst, '}')
	if ref := e.ContentReference(); ref != "" {
		if !strings.HasPrefix(ref, "#") {
			ref = "#" + ref
		}
		member("contentReference", ref)
	}
	first := true
	for t := range e.Types() {
		dst = append(dst, map[bool]string{true: `,"type":[`, false: `,`}[first]...)
		first = false
		dst = append(append(dst, `{"code":`...), quoteJSON(t.Code)...)
		list("profile", t.Profiles)
		list("targetProfile", t.Targets)
		dst = append(dst, '}')
	}
	if !first {
		dst = append(dst, ']')
	}
	value := func(prefix string, v Value, ok bool) {
		if ok {
			dst = append(append(append(dst, ',', '"'), prefix...), strings.ToUpper(v.Type[:1])...)
			dst = append(append(append(dst, v.Type[1:]...), '"', ':'), v.JSON...)
		}
	}
	fixed, ok := e.Fixed()
	value("fixed", fixed, ok)
	pattern, ok := e.Pattern()
	value("pattern", pattern, ok)
	least, ok := e.MinValue()
	value("minValue", least, ok)
	most, ok := e.MaxValue()
	value("maxValue", most, ok)
	if n := e.MaxLength(); n > 0 {
		dst = strconv.AppendInt(append(dst, `,"maxLength":`...), int64(n), 10)
	}
	list("condition", e.Conditions())
	first = true
	for c := range e.Constraints() {
		dst = append(dst, map[bool]string{true: `,"constraint":[`, false: `,`}[first]...)
		first = false
		dst = c.appendDefinition(dst)
	}
	if !first {
		dst = append(dst, ']')
	}
	flag("mustSupport", e.MustSupport())
	flag("isModifier", e.IsModifier())
	flag("isSummary", e.IsSummary())
	if b, ok := e.Binding(); ok {
		dst = append(append(dst, `,"binding":{"strength":`...), quoteJSON(b.Strength.String())...)
		member("valueSet", b.ValueSet)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendDefinition writes a constraint. The standard wants a text for people:
// here it is the key, since the table has no other.
func (c Constraint) appendDefinition(dst []byte) []byte {
	dst = append(dst, '{')
	if c.BestPractice {
		dst = append(dst, `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice","valueBoolean":true}],`...)
	}
	dst = append(append(dst, `"key":`...), quoteJSON(c.Key)...)
	severity := "error"
	if c.Warning {
		severity = "warning"
	}
	dst = append(append(dst, `,"severity":`...), quoteJSON(severity)...)
	dst = append(append(dst, `,"human":`...), quoteJSON(c.Key)...)
	if c.Expression != "" {
		dst = append(append(dst, `,"expression":`...), quoteJSON(c.Expression)...)
	}
	return append(dst, '}')
}

// base returns the path and minimum of the definition that an element comes
// from in the end: that of the most general type that has it.
func (e Element) base(s Structure) (path string, min int) {
	parent, ok := e.Parent()
	if !ok {
		return e.Path(), 0
	}
	name := e.stepName()
	owner := parent.ownType(s)
	for !owner.IsZero() {
		general := owner.Base()
		if general.IsZero() {
			break
		}
		if _, has := general.elementNamed(name); !has {
			break
		}
		owner = general
	}
	if b, has := owner.elementNamed(name); has {
		return b.Path(), b.Min()
	}
	return e.Path(), e.Min()
}

// stepName is the last step of the path.
func (e Element) stepName() string {
	if e.IsChoice() {
		return e.Name() + "[x]"
	}
	return e.Name()
}

// ownType returns the type whose elements stand below e.
func (e Element) ownType(s Structure) Type {
	if _, ok := e.Parent(); !ok {
		t, _ := s.d.Type(s.TypeName())
		return t
	}
	var only ElementType
	n := 0
	for t := range e.Types() {
		only, n = t, n+1
	}
	if n == 1 && only.Code != "BackboneElement" && only.Code != "Element" {
		t, _ := s.d.Type(only.Code)
		return t
	}
	if t, ok := s.d.Type(e.Path()); ok {
		return t
	}
	parent, _ := e.Parent()
	p, ok := parent.ownType(s).Property(e.Name())
	if !ok {
		t, _ := s.d.Type(only.Code)
		return t
	}
	return p.Type()
}

// elementNamed returns the definition of an element directly below the type.
func (t Type) elementNamed(step string) (Element, bool) {
	if t.IsZero() {
		return Element{}, false
	}
	for c := range t.Element().Children() {
		if c.stepName() == step {
			return c, true
		}
	}
	return Element{}, false
}
