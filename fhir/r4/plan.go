package r4

import (
	"reflect"
	"strings"
	"sync"

	"github.com/nhskit/nhskit/fhir"
)

// plan is how a struct is read and written: its fields in the order of the
// definition. Plans are made from the struct's type and tags when they are
// first needed, and kept.
type plan struct {
	typ        reflect.Type
	fields     []field
	companions int // index of the field Companions
}

// typeName returns the FHIR type of the struct: Patient, HumanName, or
// Patient.contact of PatientContact; "" if it is none.
func (p *plan) typeName() string {
	name := p.typ.Name()
	if _, ok := fhir.R4().Type(name); ok {
		return name
	}
	for t := range fhir.R4().Types() {
		if path := t.Name(); len(path) > len(name) && t.Kind() == fhir.KindBackbone && goName(path) == name {
			return path
		}
	}
	return ""
}

// goName is the name of the struct of an element.
func goName(path string) string {
	var out []byte
	for step := range strings.SplitSeq(path, ".") {
		out = append(append(out, step[0]&^0x20), step[1:]...)
	}
	return string(out)
}

// field is one element.
type field struct {
	index int // in the struct
	name  string
	id    fhir.NameID
	kind  kind
	list  bool
	elem  reflect.Type // of a complex element: its struct
	sub   *plan        // of a complex element
}

// kind is what a field holds.
type kind uint8

const (
	text kind = iota // string
	boolean
	integer
	decimal
	date
	dateTime
	clock
	complexElement
	choice
	resource
)

// plans are kept by the type of the struct.
var plans sync.Map // reflect.Type to *plan

// planOf returns the plan of a struct type.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	made := make(map[reflect.Type]*plan)
	p := makePlan(t, made)
	for t, p := range made {
		plans.LoadOrStore(t, p)
	}
	return p
}

// makePlan makes the plan of a type and of those it reaches. Types may reach
// themselves, so a plan is noted before its fields are.
func makePlan(t reflect.Type, made map[reflect.Type]*plan) *plan {
	if p, ok := made[t]; ok {
		return p
	}
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{typ: t, companions: -1}
	made[t] = p
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == companionsType {
			p.companions = i
			continue
		}
		name := f.Tag.Get("fhir")
		if name == "" {
			continue
		}
		x := field{index: i, name: strings.Clone(name), id: fhir.R4().NameID(name)}
		typ := f.Type
		if typ.Kind() == reflect.Slice {
			typ, x.list = typ.Elem(), true
		}
		switch typ {
		case reflect.TypeFor[string]():
			x.kind = text
		case reflect.TypeFor[bool](), reflect.TypeFor[*bool]():
			x.kind = boolean
		case reflect.TypeFor[int](), reflect.TypeFor[*int]():
			x.kind = integer
		case reflect.TypeFor[fhir.Decimal]():
			x.kind = decimal
		case reflect.TypeFor[fhir.Date]():
			x.kind = date
		case reflect.TypeFor[fhir.DateTime]():
			x.kind = dateTime
		case reflect.TypeFor[fhir.Time]():
			x.kind = clock
		case reflect.TypeFor[Value]():
			x.kind = choice
		case reflect.TypeFor[Resource]():
			x.kind = resource
		default:
			x.kind = complexElement
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			x.elem = typ
			x.sub = makePlan(typ, made)
		}
		p.fields = append(p.fields, x)
	}
	return p
}

var companionsType = reflect.TypeFor[Companions]()

// find returns the field of an element. Elements mostly come in order, so the
// search goes on from the one found last.
func (p *plan) find(id fhir.NameID, from int) int {
	for i := from; i < len(p.fields); i++ {
		if p.fields[i].id == id {
			return i
		}
	}
	for i := range min(from, len(p.fields)) {
		if p.fields[i].id == id {
			return i
		}
	}
	return -1
}
