package fhirpath

import (
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// typeName is a type as an expression names it.
type typeName struct {
	namespace string // System, FHIR, or "" for either
	name      string
	kind      Kind      // the System type, if it is one
	fhir      fhir.Type // the FHIR type, if it is one
}

func (t typeName) String() string {
	if t.namespace == "" {
		return t.name
	}
	return t.namespace + "." + t.name
}

// known reports whether there is such a type.
func (t *typeName) known() bool { return t.kind != KindNone || !t.fhir.IsZero() }

// resolveType finds the type that a specifier names.
func resolveType(defs *fhir.Definitions, specifier string) *typeName {
	t := &typeName{name: specifier}
	if namespace, name, ok := strings.Cut(specifier, "."); ok {
		t.namespace, t.name = namespace, name
	}
	if t.namespace == "" || t.namespace == "System" {
		for k, name := range systemNames {
			if name == t.name && name != "" {
				t.kind = Kind(k)
			}
		}
	}
	if t.namespace == "" || t.namespace == "FHIR" {
		t.fhir, _ = defs.Type(t.name)
	}
	return t
}

// is reports whether an item is of the type or of one derived from it.
func (t *typeName) is(v Value) bool {
	switch k := v.Kind(); k {
	case KindNode:
		typ := v.node.Type()
		return !t.fhir.IsZero() && (typ == t.fhir || typ.IsA(t.fhir))
	case KindObject:
		o := v.ext.object.typ
		return o.name == t.name && (t.namespace == "" || t.namespace == o.namespace)
	default:
		return k == t.kind
	}
}

// as reports whether an item is of the type for as and ofType: like is, but a
// primitive must be of exactly the type, so that a code is not a string.
func (t *typeName) as(v Value) bool {
	if v.Kind() == KindNode && t.fhir.IsPrimitive() {
		return v.node.Type() == t.fhir
	}
	return t.is(v)
}

// kinds is a set of System kinds.
type kinds uint16

const (
	kindsBoolean = kinds(1 << KindBoolean)
	kindsString  = kinds(1 << KindString)
	kindsInteger = kinds(1 << KindInteger)
	kindsLong    = kinds(1 << KindLong)
	kindsDecimal = kinds(1 << KindDecimal)
	kindsDate    = kinds(1 << KindDate)
	kindsMoment  = kinds(1 << KindDateTime)
	kindsTime    = kinds(1 << KindTime)
	kindsQty     = kinds(1 << KindQuantity)
	kindsNumber  = kindsInteger | kindsLong | kindsDecimal
	kindsDates   = kindsDate | kindsMoment
	kindsType    = kinds(1 << KindType)
)

// static is what the checker knows of the items of an expression: the System
// kinds and FHIR types that they may have, and how many there may be.
type static struct {
	one       fhir.Type   // one FHIR type
	more      []fhir.Type // further ones
	sys       kinds
	any       bool // anything: nothing is known
	fhirAny   bool // any FHIR type
	object    bool // made by an instance selector
	list      bool // there may be several
	unordered bool
}

func anything() static          { return static{any: true, list: true} }
func systemType(k kinds) static { return static{sys: k} }

// empty reports whether there can be no item.
func (s static) empty() bool {
	return !s.any && !s.fhirAny && s.sys == 0 && s.one.IsZero() && !s.object
}

// open reports whether some type may be anything.
func (s static) open() bool { return s.any || s.fhirAny || s.object }

func (s static) asList() static { s.list = true; return s }
func (s static) asOne() static  { s.list = false; return s }

// types iterates over the FHIR types.
func (s static) each(f func(fhir.Type) bool) bool {
	if s.one.IsZero() {
		return true
	}
	if !f(s.one) {
		return false
	}
	for _, t := range s.more {
		if !f(t) {
			return false
		}
	}
	return true
}

// add adds a FHIR type.
func (s *static) add(t fhir.Type) {
	if s.one.IsZero() {
		s.one = t
		return
	}
	if !s.each(func(u fhir.Type) bool { return u != t }) {
		return
	}
	s.more = append(s.more[:len(s.more):len(s.more)], t)
}

// union returns what is known of items from either.
func (s static) union(o static) static {
	u := s
	u.any = s.any || o.any
	u.fhirAny = s.fhirAny || o.fhirAny
	u.object = s.object || o.object
	u.sys |= o.sys
	u.list = s.list || o.list
	u.unordered = s.unordered || o.unordered
	o.each(func(t fhir.Type) bool { u.add(t); return true })
	return u
}

// systemKinds returns the System kinds that items may be, or be converted to;
// all is false if there may be others.
func (s static) systemKinds() (k kinds, all bool) {
	k, all = s.sys, !s.open()
	s.each(func(t fhir.Type) bool {
		switch {
		case t.IsPrimitive():
			k |= 1 << kindOfType(t.Name())
		case isQuantity(t):
			k |= kindsQty
		case t.Abstract():
			all = false
		}
		return true
	})
	return k, all
}

// mayBe reports whether some item may be of one of the kinds.
func (s static) mayBe(want kinds) bool {
	k, all := s.systemKinds()
	return !all || k&want != 0 || s.empty()
}

// only reports whether all items are of the kinds.
func (s static) only(want kinds) bool {
	k, all := s.systemKinds()
	complex := false
	s.each(func(t fhir.Type) bool { complex = !t.IsPrimitive() && !isQuantity(t); return !complex })
	return all && !complex && k&^want == 0 && !s.empty()
}

// String names the types for messages.
func (s static) String() string {
	if s.any || s.fhirAny {
		return "anything"
	}
	var names []string
	s.each(func(t fhir.Type) bool { names = append(names, t.Name()); return true })
	for k, name := range systemNames {
		if s.sys&(1<<k) != 0 && name != "" {
			names = append(names, "System."+name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	if len(names) > 4 {
		names = append(names[:3], "...")
	}
	return strings.Join(names, " or ")
}

// isAbstractTop reports whether values of a type may have elements that it
// does not define itself, being of types derived from it.
func isAbstractTop(t fhir.Type) bool {
	switch t.Name() {
	case "Resource", "DomainResource", "Element", "BackboneElement":
		return true
	}
	return false
}
