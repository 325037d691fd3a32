package mapping

import (
	"fmt"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// primOf gives the family of a FHIR type's JSON value.
func primOf(t fhir.Type) Prim {
	switch t.Name() {
	case "code":
		return CodeValue
	case "uri", "url", "canonical", "oid", "uuid":
		return URI
	case "boolean":
		return Boolean
	case "integer", "positiveInt", "unsignedInt":
		return Integer
	case "decimal":
		return Decimal
	case "date":
		return Date
	case "dateTime":
		return DateTime
	case "instant":
		return Instant
	case "time":
		return Time
	case "base64Binary":
		return Base64
	case "Reference":
		return Reference
	}
	if t.IsPrimitive() || strings.HasSuffix(t.Name(), "String") {
		return String
	}
	return Complex
}

// family treats the profiles of Quantity and of the backbone types as one.
func family(name string) string {
	switch name {
	case "SimpleQuantity", "Age", "Duration", "Count", "Distance", "MoneyQuantity":
		return "Quantity"
	}
	return name
}

// targetType finds the FHIR type that a map's paths start from by the text
// in the map's brackets: "Patient", "Location-Discharge", "code".
func targetType(text string) (fhir.Type, error) {
	r4 := fhir.R4()
	for _, try := range []string{text, strings.ToLower(text[:1]) + text[1:]} {
		if t, ok := r4.Type(try); ok {
			return t, nil
		}
	}
	base, _, cut := strings.Cut(text, "-")
	if cut {
		return targetType(base)
	}
	base, _, cut = strings.Cut(text, ".")
	if cut {
		return targetType(base)
	}
	return fhir.Type{}, fmt.Errorf("%q is no FHIR type", text)
}

// resolved is a target path bound to the definitions.
type resolved struct {
	steps  []Step
	typ    fhir.Type // of the last element
	parent fhir.Type // of the element around it
	this   bool      // the path is $this or $value

	required bool // the last element is one that FHIR requires
}

func (c *compiler) resolve(root fhir.Type, path []PathStep) (resolved, error) {
	r := resolved{typ: root}
	if len(path) > 0 && path[0].Name == root.Name() && path[0].Num == 0 && len(path) > 1 {
		path = path[1:] // "Quantity.unit" in a map to Quantity
	}
	if len(path) == 1 && (path[0].Name == "$this" || path[0].Name == "$value") {
		r.this = true
		return r, nil
	}
	err := c.walk(&r, path)
	return r, err
}

func (c *compiler) walk(r *resolved, path []PathStep) error {
	for _, st := range path {
		if st.Name == "" {
			hi := st.Max
			if hi == 0 {
				hi = st.Num
			}
			r.steps = append(r.steps, Step{Kind: StepInstance, Num: uint8(st.Num), Max: uint8(hi)})
			continue
		}
		if st.Name == "reference" && r.typ.Name() == "Reference" && st.Cast != nil {
			// "recorder.reference(Practitioner.name)" is recorder(Practitioner.name);
			// "partOf.reference(Location[5])" is a sibling of the map.
			if len(st.Cast) == 1 && st.Cast[0].Num > 0 && st.Cast[0].Cast == nil {
				r.steps = append(r.steps, Step{Kind: StepSibling, Num: uint8(st.Cast[0].Num), Name: c.str(st.Cast[0].Name)})
				continue
			}
			if err := c.cast(r, st.Cast); err != nil {
				return err
			}
			continue
		}
		name := st.Name
		prop, ok := r.typ.Property(name)
		if !ok && st.Cast != nil { // medication(...) means medicationReference(...)
			prop, ok = r.typ.Property(name + "Reference")
		}
		if !ok {
			return fmt.Errorf("%s has no element %q", r.typ.Name(), name)
		}
		r.parent = r.typ
		r.typ = prop.Type()
		r.required = prop.IsRequired()
		prim := primOf(r.typ)
		if prim == URI && name == "system" {
			prim = System
		}
		r.steps = append(r.steps, Step{
			Kind: StepElement, Array: prop.IsList(), Prim: prim, Num: uint8(st.Num), Max: uint8(st.Max),
			Order: uint16(prop.Ordinal()), Name: c.str(prop.Name()),
		})
		if st.Cast != nil {
			if err := c.cast(r, st.Cast); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *compiler) cast(r *resolved, cast []PathStep) error {
	t, ok := fhir.R4().Type(cast[0].Name)
	if !ok {
		return fmt.Errorf("%q is no FHIR type", cast[0].Name)
	}
	if r.typ.Name() == t.Name() { // note(Annotation.text)
		return c.walk(r, cast[1:])
	}
	if r.typ.Name() != "Reference" || !t.IsResource() {
		return fmt.Errorf("a %s cannot be cast to %s", r.typ.Name(), t.Name())
	}
	r.steps = append(r.steps, Step{Kind: StepResource, Num: uint8(cast[0].Num), Name: c.str(t.Name())})
	r.parent, r.typ = r.typ, t
	if cast[0].Cast != nil {
		return fmt.Errorf("%s cannot be cast again", cast[0].Name)
	}
	return c.walk(r, cast[1:])
}
