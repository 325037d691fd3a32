package r4

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/nhskit/nhskit/fhir"
)

// ErrType is wrapped by errors about a resource of another type than the one
// to be filled.
var ErrType = errors.New("unexpected resource type")

// Read reads a resource from JSON or XML, strictly: an input with findings of
// severity Error is refused with a *fhir.ParseError. Strings in the result
// share memory with a copy of the input.
func Read(data []byte) (Resource, error) {
	tree, err := fhir.Parse(data, fhir.Strict())
	if err != nil {
		return nil, err
	}
	return FromTree(tree.Root())
}

// Unmarshal reads a resource from JSON or XML, strictly, into a struct of its
// type, or a data type or an element with children into one of its own.
func Unmarshal(data []byte, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("r4: Unmarshal into %T, which is no pointer to a struct", into)
	}
	options := []fhir.Option{fhir.Strict()}
	if _, ok := into.(Resource); !ok {
		options = append(options, fhir.As(planOf(v.Elem().Type()).typeName()))
	}
	tree, err := fhir.Parse(data, options...)
	if err != nil {
		return err
	}
	return Decode(tree.Root(), into)
}

// unmarshalJSON is Unmarshal by the convention of encoding/json: null changes
// nothing.
//
//go:noinline
func unmarshalJSON(data []byte, into any) error {
	if string(data) == "null" {
		return nil
	}
	return Unmarshal(data, into)
}

// FromTree returns the resource that a node of a tree is, as a struct of its
// type. The tree must not be released while the result is in use, since
// strings share its memory.
func FromTree(n fhir.Node) (Resource, error) {
	r := newResource(n.Type().Name())
	if r == nil {
		return nil, fmt.Errorf("r4: %w: %q", ErrType, n.Type().Name())
	}
	if err := decodeInto(n, reflect.ValueOf(r).Elem()); err != nil {
		return nil, err
	}
	return r, nil
}

// Decode fills a struct from the node of a tree: a resource, or an element of
// the struct's data type. What the struct held before is lost. As with
// FromTree, strings share the tree's memory.
func Decode(n fhir.Node, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("r4: Decode into %T, which is no pointer to a struct", into)
	}
	if r, ok := into.(Resource); ok && r.ResourceType() != n.Type().Name() {
		return fmt.Errorf("r4: %w: %q into %T", ErrType, n.Type().Name(), into)
	}
	v.Elem().SetZero()
	return decodeInto(n, v.Elem())
}

func decodeInto(n fhir.Node, v reflect.Value) error {
	if n.Tree().Definitions() != fhir.R4() {
		return errors.New("r4: the tree was read by other definitions than those of R4")
	}
	return planOf(v.Type()).decode(n, v)
}

// decode fills v from the children of n.
func (p *plan) decode(n fhir.Node, v reflect.Value) error {
	at := 0
	var seen [2]uint64
	c := n.Cursor()
	for child, ok := c.Next(); ok; {
		i := p.find(child.NameID(), at)
		if i < 0 {
			return fmt.Errorf("r4: %s: no such element", child.Path())
		}
		at = i
		f := &p.fields[i]
		// Trees that were not read strictly may hold what no struct can.
		switch bit := uint64(1) << (i & 63); {
		case seen[i>>6&1]&bit != 0:
			return fmt.Errorf("r4: %s: the element appears twice", child.Path())
		case f.kind != choice && child.IsPrimitive() == (f.kind == complexElement || f.kind == resource):
			return fmt.Errorf("r4: %s: a value of another kind", child.Path())
		default:
			seen[i>>6&1] |= bit
		}
		if !f.list {
			if err := p.one(f, v, child); err != nil {
				return err
			}
			child, ok = c.Next()
			continue
		}
		repetitions := 1
		for ahead := c; ; repetitions++ {
			next, more := ahead.Next()
			if !more || next.NameID() != f.id {
				break
			}
		}
		f.makeList(v.Field(f.index), repetitions)
		for k := range repetitions {
			if err := p.item(f, v, k, child); err != nil {
				return err
			}
			child, ok = c.Next()
		}
	}
	return nil
}

// one fills a field that does not repeat.
func (p *plan) one(f *field, v reflect.Value, n fhir.Node) error {
	slot := v.Field(f.index)
	switch f.kind {
	case complexElement:
		sub := reflect.New(f.elem)
		slot.Set(sub)
		return f.sub.decode(n, sub.Elem())
	case choice:
		value, err := readValue(n)
		if err != nil {
			return err
		}
		*slot.Addr().Interface().(*Value) = value
		return p.companion(f, v, 0, n)
	case resource:
		r, err := FromTree(n)
		if err != nil {
			return err
		}
		*slot.Addr().Interface().(*Resource) = r
		return nil
	}
	if n.HasValue() {
		if err := readPrimitive(slot.Addr().Interface(), n); err != nil {
			return err
		}
	}
	return p.companion(f, v, 0, n)
}

// item fills one repetition of a field's list.
func (p *plan) item(f *field, v reflect.Value, k int, n fhir.Node) error {
	slot := v.Field(f.index).Index(k)
	switch f.kind {
	case complexElement:
		return f.sub.decode(n, slot)
	case resource:
		r, err := FromTree(n)
		if err != nil {
			return err
		}
		*slot.Addr().Interface().(*Resource) = r
		return nil
	case choice:
		value, err := readValue(n)
		if err != nil {
			return err
		}
		*slot.Addr().Interface().(*Value) = value
		return p.companion(f, v, k, n)
	}
	if n.HasValue() {
		if err := readPrimitive(slot.Addr().Interface(), n); err != nil {
			return err
		}
	}
	return p.companion(f, v, k, n)
}

// makeList makes room for n repetitions. The usual lists are made without
// reflection.
func (f *field) makeList(slot reflect.Value, n int) {
	switch list := slot.Addr().Interface().(type) {
	case *[]string:
		*list = make([]string, n)
	case *[]Extension:
		*list = make([]Extension, n)
	case *[]Resource:
		*list = make([]Resource, n)
	default:
		slot.Grow(n)
		slot.SetLen(n)
	}
}

// companion notes the id and extensions of a primitive.
func (p *plan) companion(f *field, v reflect.Value, index int, n fhir.Node) error {
	if !n.IsPrimitive() || !n.HasChildren() {
		return nil
	}
	if p.companions < 0 {
		return fmt.Errorf("r4: %s: the struct has no place for extensions", n.Path())
	}
	x := Companion{Element: f.name, Index: index}
	for c := range n.Children() {
		switch c.Name() {
		case "id":
			x.ID = c.Value()
		case "extension":
			var e Extension
			if err := planOf(extensionType).decode(c, reflect.ValueOf(&e).Elem()); err != nil {
				return err
			}
			x.Extension = append(x.Extension, e)
		default:
			return fmt.Errorf("r4: %s: no such element", c.Path())
		}
	}
	list := v.Field(p.companions).Addr().Interface().(*Companions)
	*list = append(*list, x)
	return nil
}

var extensionType = reflect.TypeFor[Extension]()

// readPrimitive reads a value into a field or an item of a list.
func readPrimitive(into any, n fhir.Node) (err error) {
	switch x := into.(type) {
	case *string:
		*x = n.Value()
	case **bool:
		*x = new(bool)
		**x, err = n.Bool()
	case *bool:
		*x, err = n.Bool()
	case **int:
		*x = new(int)
		**x, err = readInt(n)
	case *int:
		*x, err = readInt(n)
	case *fhir.Decimal:
		*x, err = n.Decimal()
	case *fhir.Date:
		*x, err = n.Date()
	case *fhir.DateTime:
		*x, err = n.DateTime()
	case *fhir.Time:
		*x, err = n.Time()
	default:
		return fmt.Errorf("r4: %s: no primitive can be read into %T", n.Path(), into)
	}
	if err != nil {
		return fmt.Errorf("r4: %s: %w", n.Path(), err)
	}
	return nil
}

func readInt(n fhir.Node) (int, error) {
	i, err := n.Int()
	if int64(int(i)) != i {
		return 0, fhir.ErrSyntax
	}
	return int(i), err
}

// readValue reads a choice's value.
func readValue(n fhir.Node) (v Value, err error) {
	name := n.Type().Name()
	if !n.IsPrimitive() {
		v := newValue(name)
		if v == nil {
			return nil, fmt.Errorf("r4: %s: no data type %q", n.Path(), name)
		}
		return v, decodeInto(n, reflect.ValueOf(v).Elem())
	}
	if !n.HasValue() {
		return Empty{name}, nil
	}
	switch name {
	case "base64Binary":
		return Base64Binary(n.Value()), nil
	case "canonical":
		return Canonical(n.Value()), nil
	case "code":
		return Code(n.Value()), nil
	case "id":
		return ID(n.Value()), nil
	case "markdown":
		return Markdown(n.Value()), nil
	case "oid":
		return OID(n.Value()), nil
	case "string":
		return String(n.Value()), nil
	case "uri":
		return URI(n.Value()), nil
	case "url":
		return URL(n.Value()), nil
	case "uuid":
		return UUID(n.Value()), nil
	case "boolean":
		var x bool
		x, err = n.Bool()
		v = Boolean(x)
	case "integer":
		var x int
		x, err = readInt(n)
		v = Integer(x)
	case "positiveInt":
		var x int
		x, err = readInt(n)
		v = PositiveInt(x)
	case "unsignedInt":
		var x int
		x, err = readInt(n)
		v = UnsignedInt(x)
	case "date":
		var x fhir.Date
		x, err = n.Date()
		v = Date{x}
	case "dateTime":
		var x fhir.DateTime
		x, err = n.DateTime()
		v = DateTime{x}
	case "instant":
		var x fhir.DateTime
		x, err = n.DateTime()
		v = Instant{x}
	case "decimal":
		var x fhir.Decimal
		x, err = n.Decimal()
		v = Decimal{x}
	case "time":
		var x fhir.Time
		x, err = n.Time()
		v = Time{x}
	default:
		return nil, fmt.Errorf("r4: %s: no data type %q", n.Path(), name)
	}
	if err != nil {
		return nil, fmt.Errorf("r4: %s: %w", n.Path(), err)
	}
	return v, nil
}
