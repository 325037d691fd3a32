package r4

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"

	"github.com/nhskit/nhskit/fhir"
)

// Marshal writes a resource, or the struct of a data type or of an element with
// children, as compact FHIR JSON:
// elements in the order of the definition, decimals as they were given.
// Absent elements are left out. What the definitions demand is not checked.
func Marshal(v any) ([]byte, error) {
	tree, err := ToTree(v)
	if err != nil {
		return nil, err
	}
	defer tree.Release()
	return tree.AppendJSON(nil, fhir.Compact), nil
}

// marshalJSON is Marshal for the methods of the structs, which are many.
//
//go:noinline
func marshalJSON(v any) ([]byte, error) { return Marshal(v) }

// MarshalXML writes a resource as FHIR XML.
func MarshalXML(r Resource) ([]byte, error) {
	tree, err := ToTree(r)
	if err != nil {
		return nil, err
	}
	defer tree.Release()
	return tree.AppendXML(nil, fhir.Compact)
}

// ToTree makes a tree of a resource or data type struct, or of a pointer to
// one, to be written, validated or searched.
func ToTree(v any) (*fhir.Tree, error) {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct {
		return nil, fmt.Errorf("r4: %T is no struct of FHIR", v)
	}
	if !value.CanAddr() {
		addressable := reflect.New(value.Type()).Elem()
		addressable.Set(value)
		value = addressable
	}
	p := planOf(value.Type())
	w := writer{b: fhir.NewBuilder(fhir.R4(), p.typeName())}
	w.fill(p, value)
	tree, err := w.b.Tree()
	if w.err != nil {
		err = w.err
	}
	if err != nil {
		return nil, fmt.Errorf("r4: %w", err)
	}
	return tree, nil
}

// writer fills a builder from structs.
type writer struct {
	b   *fhir.Builder
	err error
}

// fill writes the elements of the struct that is open.
func (w *writer) fill(p *plan, v reflect.Value) {
	var companions companionSet
	if p.companions >= 0 {
		companions = setOf(*v.Field(p.companions).Addr().Interface().(*Companions))
		w.check(p, v, &companions)
	}
	for i := range p.fields {
		if w.err != nil {
			return
		}
		f := &p.fields[i]
		slot := v.Field(f.index)
		if !f.list {
			w.one(f, slot, companions.find(f.name, 0))
			continue
		}
		for k := range slot.Len() {
			w.one(f, slot.Index(k), companions.find(f.name, k))
		}
		for k := slot.Len(); ; k++ {
			c := companions.find(f.name, k)
			if c == nil {
				break
			}
			w.primitive(f.name, "", false, c)
		}
	}
}

// companionSet finds the companions of a struct. Where they are many it has an
// index.
type companionSet struct {
	list  []Companion
	index map[companionKey]*Companion
}

type companionKey struct {
	element string
	index   int
}

func setOf(list []Companion) companionSet {
	s := companionSet{list: list}
	const few = 16
	if len(list) <= few {
		return s
	}
	s.index = make(map[companionKey]*Companion, len(list))
	for i := range list {
		key := companionKey{list[i].Element, list[i].Index}
		if s.index[key] == nil {
			s.index[key] = &list[i]
		}
	}
	return s
}

// find returns the companion of an element, or nil.
func (s *companionSet) find(element string, index int) *Companion {
	if s.index != nil {
		return s.index[companionKey{element, index}]
	}
	return companionOf(s.list, element, index)
}

// companionOf returns the companion of an element, or nil.
func companionOf(companions []Companion, element string, index int) *Companion {
	for i := range companions {
		if companions[i].Element == element && companions[i].Index == index {
			return &companions[i]
		}
	}
	return nil
}

// check refuses companions that have no primitive to go with.
func (w *writer) check(p *plan, v reflect.Value, companions *companionSet) {
	for i := range companions.list {
		c := &companions.list[i]
		k := slices.IndexFunc(p.fields, func(f field) bool { return f.name == c.Element })
		if k < 0 {
			w.fail("a companion of %q: %s has no such element", c.Element, p.typ.Name())
			return
		}
		f := &p.fields[k]
		slot := v.Field(f.index)
		length := 1
		if f.list {
			length = slot.Len()
		}
		// Behind the values there may be more: primitives of which nothing is
		// known but the companion.
		gap := f.list && c.Index > length && companions.find(c.Element, c.Index-1) == nil
		switch {
		case f.kind == complexElement || f.kind == resource:
			w.fail("a companion of %s.%s, which is no primitive", p.typ.Name(), c.Element)
		case c.Index < 0 || !f.list && c.Index > 0 || gap:
			w.fail("a companion of %s.%s with the index %d, of %d", p.typ.Name(), c.Element, c.Index, length)
		case companions.find(c.Element, c.Index) != c:
			w.fail("two companions of %s.%s with the index %d", p.typ.Name(), c.Element, c.Index)
		case f.kind == choice && !f.list && !isPrimitive(*slot.Addr().Interface().(*Value)):
			w.fail("a companion of %s.%s, whose value is no primitive; Empty stands for one without a value", p.typ.Name(), c.Element)
		}
	}
}

// isPrimitive reports whether a choice has a primitive, perhaps without a value.
func isPrimitive(v Value) bool {
	return v != nil && reflect.TypeOf(v).Kind() != reflect.Pointer
}

// one writes an element, or one repetition of it.
func (w *writer) one(f *field, slot reflect.Value, c *Companion) {
	switch f.kind {
	case complexElement:
		if slot.Kind() == reflect.Pointer {
			if slot.IsNil() {
				return
			}
			slot = slot.Elem()
		}
		w.b.Open(f.name)
		w.fill(f.sub, slot)
		w.b.Close()
	case resource:
		r := *slot.Addr().Interface().(*Resource)
		if r == nil {
			return
		}
		v := reflect.ValueOf(r)
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
			w.fail("%s: %T is no pointer to a resource", f.name, r)
			return
		}
		w.b.OpenResource(f.name, r.ResourceType())
		w.fill(planOf(v.Type().Elem()), v.Elem())
		w.b.Close()
	case choice:
		w.choice(f, *slot.Addr().Interface().(*Value), c)
	default:
		text, ok := primitiveText(slot.Addr().Interface(), f.list)
		w.primitive(f.name, text, ok, c)
	}
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// choice writes the value of a choice under the name with its type.
func (w *writer) choice(f *field, v Value, c *Companion) {
	if v == nil {
		return
	}
	if e, ok := v.(Empty); ok {
		w.primitive(f.name+title(e.Type), "", false, c)
		return
	}
	value := reflect.ValueOf(v)
	name := f.name + value.Type().Name()
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return
		}
		w.b.Open(f.name + value.Type().Elem().Name())
		w.fill(planOf(value.Type().Elem()), value.Elem())
		w.b.Close()
		return
	case reflect.Struct:
		if text, ok := v.(fmt.Stringer); ok {
			value := text.String()
			w.primitive(name, value, value != "", c)
			return
		}
	case reflect.String:
		switch v.(type) {
		case ID, OID, URI, URL, UUID:
			name = f.name + title(lower(value.Type().Name()))
		}
		w.primitive(name, value.String(), value.Len() > 0, c)
		return
	case reflect.Bool:
		w.primitive(name, strconv.FormatBool(value.Bool()), true, c)
		return
	case reflect.Int:
		w.primitive(name, strconv.FormatInt(value.Int(), 10), true, c)
		return
	}
	w.fail("%s: %T is no value of FHIR", f.name, v)
}

// title puts a type's name behind an element's: dateTime gives DateTime.
func title(name string) string {
	if name == "" {
		return ""
	}
	return string(name[0]&^0x20) + name[1:]
}

func lower(name string) string {
	b := []byte(name)
	for i := range b {
		b[i] |= 0x20
	}
	return string(b)
}

// primitive writes a primitive with its id and extensions.
func (w *writer) primitive(name, text string, has bool, c *Companion) {
	if !has && c == nil {
		return
	}
	w.b.Open(name)
	if has {
		w.b.SetValue(text)
	}
	if c != nil {
		if c.ID != "" {
			w.b.Value("id", c.ID)
		}
		for i := range c.Extension {
			w.b.Open("extension")
			w.fill(planOf(extensionType), reflect.ValueOf(&c.Extension[i]).Elem())
			w.b.Close()
		}
	}
	w.b.Close()
}

// primitiveText returns a field's text and whether it has a value. Items of a
// list count as values even where they are zero, save empty strings.
func primitiveText(slot any, item bool) (string, bool) {
	switch x := slot.(type) {
	case *string:
		return *x, *x != ""
	case **bool:
		if *x == nil {
			return "", false
		}
		return strconv.FormatBool(**x), true
	case *bool:
		return strconv.FormatBool(*x), item
	case **int:
		if *x == nil {
			return "", false
		}
		return strconv.Itoa(**x), true
	case *int:
		return strconv.Itoa(*x), item
	case *fhir.Decimal:
		return x.String(), !x.IsZero()
	case *fhir.Date:
		return x.String(), !x.IsZero()
	case *fhir.DateTime:
		return x.String(), !x.IsZero()
	case *fhir.Time:
		return x.String(), !x.IsZero()
	}
	return "", false
}

// mask prints the name of a type in place of its data.
//
//go:noinline
func mask(s fmt.State, name string) { _, _ = io.WriteString(s, masked(name)) }

func masked(name string) string { return name + "{…}" }
