package r4

import (
	"errors"

	"github.com/nhskit/nhskit/fhir"
)

// Resource is any resource: a pointer to one of the resource structs.
type Resource interface {
	// ResourceType is the type's name, such as "Patient".
	ResourceType() string
}

// Value is the value of an element that is a choice of types, such as
// Observation.value[x]: a pointer to a data type struct (*Quantity), or one of
// the primitive types of this file (String, Boolean). Which of them an element
// may hold stands in its field's comment.
type Value interface{ isValue() }

// As returns a choice's value as a T, and whether it is one:
//
//	if q, ok := r4.As[*r4.Quantity](observation.Value); ok { ... }
func As[T Value](v Value) (T, bool) {
	t, ok := v.(T)
	return t, ok
}

// Companion holds the id and the extensions of a primitive, which has no place
// for them itself: the primitive that the element Element names, at Index
// where it repeats. A primitive that has only extensions has no value: an
// empty string, a nil pointer, or a zero.
type Companion struct {
	Element   string // "birthDate"
	Index     int    // 0 where the element does not repeat
	ID        string
	Extension []Extension
}

// Companions are those of the primitives of one struct, in any order. One that
// no primitive of the struct can have makes [Marshal] fail.
type Companions []Companion

// MarshalJSON fails. It is called where encoding/json has got hold of the value
// of an element, rather than of its pointer, and would write names of Go.
func (Companions) MarshalJSON() ([]byte, error) {
	return nil, errors.New("r4: an element of FHIR can be written by its pointer only, or by r4.Marshal")
}

// The primitive types as values of a choice.
type (
	Base64Binary string
	Boolean      bool
	Canonical    string
	Code         string
	Date         struct{ fhir.Date }
	DateTime     struct{ fhir.DateTime }
	Decimal      struct{ fhir.Decimal }
	ID           string
	Instant      struct{ fhir.DateTime }
	Integer      int
	Markdown     string
	OID          string
	PositiveInt  int
	String       string
	Time         struct{ fhir.Time }
	UnsignedInt  int
	URI          string
	URL          string
	UUID         string
)

// Empty is the value of a choice that is a primitive without a value: only its
// companion says something. Type is the primitive's FHIR type, "dateTime".
type Empty struct{ Type string }

func (Base64Binary) isValue() {}
func (Boolean) isValue()      {}
func (Canonical) isValue()    {}
func (Code) isValue()         {}
func (Date) isValue()         {}
func (DateTime) isValue()     {}
func (Decimal) isValue()      {}
func (ID) isValue()           {}
func (Instant) isValue()      {}
func (Integer) isValue()      {}
func (Markdown) isValue()     {}
func (OID) isValue()          {}
func (PositiveInt) isValue()  {}
func (String) isValue()       {}
func (Time) isValue()         {}
func (UnsignedInt) isValue()  {}
func (URI) isValue()          {}
func (URL) isValue()          {}
func (UUID) isValue()         {}
func (Empty) isValue()        {}
