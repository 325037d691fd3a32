package fhir

import (
	"iter"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// TypeKind says what a type is.
type TypeKind uint8

// The kinds of type.
const (
	KindComplex   TypeKind = facts.KindComplex   // a data type with elements
	KindPrimitive TypeKind = facts.KindPrimitive // a data type with a value
	KindResource  TypeKind = facts.KindResource
	KindBackbone  TypeKind = facts.KindBackbone // the anonymous type of an element with children
	KindLogical   TypeKind = facts.KindLogical  // a model that no instance has as its type
)

// Type is a FHIR type: comparable, small, to be passed by value. The zero
// Type is no type; only IsZero, Name and comparisons may be used on it.
type Type struct {
	d  *Definitions
	id uint16
}

// IsZero reports whether t is no type.
func (t Type) IsZero() bool { return t.id == 0 }

// Name returns the type's name: "Patient", "HumanName", "code", or the path
// of the element whose anonymous type it is ("Patient.contact").
func (t Type) Name() string {
	if t.id == 0 {
		return ""
	}
	return t.d.t.TypeName(t.id)
}

// Kind says whether the type is of a resource, a data type, ...
func (t Type) Kind() TypeKind { return TypeKind(t.d.t.TypeKind(t.id)) }

// IsPrimitive reports whether values of the type are primitive.
func (t Type) IsPrimitive() bool { return t.id != 0 && t.Kind() == KindPrimitive }

// IsResource reports whether t is the type of a resource.
func (t Type) IsResource() bool { return t.id != 0 && t.Kind() == KindResource }

// Abstract reports whether nothing can be of exactly this type.
func (t Type) Abstract() bool { return t.d.t.Type(t.id).Abstract }

// Base returns the type that t specialises, the zero Type for the top ones.
func (t Type) Base() Type { return Type{t.d, t.d.t.Type(t.id).Base} }

// IsA reports whether t is other or derives from it.
func (t Type) IsA(other Type) bool {
	if other.id == 0 || t.d != other.d {
		return false
	}
	for ; t.id != 0; t = t.Base() {
		if t.id == other.id {
			return true
		}
	}
	return false
}

// Structure returns the structure definition that defines the type; for an
// anonymous type the one that its element belongs to.
func (t Type) Structure() Structure { return Structure{t.d, t.d.t.Type(t.id).Struct} }

// Element returns the element that defines the type: the root element of its
// structure, or the element with children.
func (t Type) Element() Element { return Element{t.d, t.d.t.Type(t.id).Elem} }

// Property returns the property with a name as it stands in JSON or XML
// ("valueQuantity", not "value").
func (t Type) Property(name string) (Property, bool) {
	if t.id == 0 {
		return Property{}, false
	}
	typ := t.d.t.Type(t.id)
	lo, hi := facts.Ends(name)
	row, ok := t.d.t.FindProp(&typ, name, lo, hi)
	return Property{t.d, row + 1}, ok
}

// Properties iterates over the properties in the order of the definition; a
// choice gives one for each of its types.
func (t Type) Properties() iter.Seq[Property] {
	return func(yield func(Property) bool) {
		if t.id == 0 {
			return
		}
		typ := t.d.t.Type(t.id)
		for i := range uint32(typ.NumProps) {
			if !yield(Property{t.d, typ.FirstProp + i + 1}) {
				return
			}
		}
	}
}

// Property is one name under which an element may appear in its parent, and
// its type there: an element, or one alternative of a choice. Comparable,
// to be passed by value.
type Property struct {
	d   *Definitions
	row uint32 // + 1
}

// IsZero reports whether p is no property.
func (p Property) IsZero() bool { return p.row == 0 }

func (p Property) get() facts.Prop { return p.d.t.Prop(p.row - 1) }

// Name returns the name in JSON and XML: "valueQuantity".
func (p Property) Name() string { return p.d.t.PropName(p.row - 1) }

// ElementName returns the element's name: "value".
func (p Property) ElementName() string { return p.d.t.Name(p.get().Base) }

// NameID returns the id of the element's name.
func (p Property) NameID() NameID { return NameID(p.get().Base) }

// Type returns the type under this name. It is Resource where any resource
// may stand.
func (p Property) Type() Type { return Type{p.d, p.get().Type} }

// IsList reports whether the element may repeat in the base definition, and
// so is an array in JSON.
func (p Property) IsList() bool { return p.get().Flags&facts.PropList != 0 }

// IsChoice reports whether the name is one alternative of a choice.
func (p Property) IsChoice() bool { return p.get().Flags&facts.PropChoice != 0 }

// IsAttribute reports whether the element is an attribute in XML.
func (p Property) IsAttribute() bool { return p.get().Flags&facts.PropAttribute != 0 }

// IsRequired reports whether there must be at least one.
func (p Property) IsRequired() bool { return p.get().Flags&facts.PropRequired != 0 }

// Ordinal returns the position of the element among the elements of its type,
// from 0; the alternatives of a choice have the same.
func (p Property) Ordinal() int { return int(p.get().Ord) }

// Element returns the element's definition.
func (p Property) Element() Element { return Element{p.d, p.get().Elem} }
