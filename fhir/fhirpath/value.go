package fhirpath

import (
	"math/big"
	"strconv"

	"github.com/nhskit/nhskit/fhir"
)

// Kind is the kind of a Value.
type Kind uint8

// The kinds of value: the System types, nodes of a resource, and what type()
// and instance selectors make.
const (
	KindNone Kind = iota
	KindBoolean
	KindString
	KindInteger
	KindLong
	KindDecimal
	KindDate
	KindDateTime
	KindTime
	KindQuantity
	KindNode   // an element or resource
	KindType   // a description of a type, with namespace and name
	KindObject // made by an instance selector
)

// systemNames are the names of the kinds in the System namespace.
var systemNames = [...]string{"", "Boolean", "String", "Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity", "", "", ""}

// Value is an item of a collection: a node of a resource or a value of a
// System type. It is immutable and passed by value. Strings and nodes point
// into the tree they come from. The zero Value is no value.
type Value struct {
	node fhir.Node
	str  string // text of a string, unit of a quantity, name of a type
	num  int64  // boolean, integer, coefficient of a decimal, fields of a date
	ext  *extra
	meta meta
}

// extra holds what few values have.
type extra struct {
	big    *big.Int // coefficient of a decimal that does not fit num
	object *object
}

// object is a value made by an instance selector.
type object struct {
	typ    typeName
	fields []field
}

type field struct {
	name  string
	items []Value
}

// meta packs the small fields of a Value, so that it is passed in registers:
// bits 0-7 the scale of a decimal, or the number of fraction digits of a time;
// 8-11 the precision of a date or time; 12-15 flags; 16-23 the kind; 32-63
// nanoseconds.
type meta uint64

const (
	metaCalendar meta = 1 << 12 // a quantity with a calendar unit
	metaNegZero  meta = 1 << 13 // a decimal zero with a sign
	metaBad      meta = 1 << 14 // a time literal with a zone, which has no value
	metaZone     meta = 1 << 15 // a dateTime with a zone
)

func metaOf(k Kind) meta { return meta(k) << 16 }

func (v Value) scale() int { return int(v.meta & 0xff) }

// Kind returns the kind of the value.
func (v Value) Kind() Kind { return Kind(v.meta >> 16) }

// IsZero reports whether v is no value.
func (v Value) IsZero() bool { return v.Kind() == KindNone }

func boolValue(b bool) Value {
	v := Value{meta: metaOf(KindBoolean)}
	if b {
		v.num = 1
	}
	return v
}

func stringValue(s string) Value { return Value{str: s, meta: metaOf(KindString)} }
func intValue(n int64) Value     { return Value{num: n, meta: metaOf(KindInteger)} }
func longValue(n int64) Value    { return Value{num: n, meta: metaOf(KindLong)} }
func nodeValue(n fhir.Node) Value {
	return Value{node: n, meta: metaOf(KindNode)}
}

// NodeValue makes a value of a node, as an argument of [Env] or of a
// [Function].
func NodeValue(n fhir.Node) Value { return nodeValue(n) }

// StringValue makes a System.String.
func StringValue(s string) Value { return stringValue(s) }

// BoolValue makes a System.Boolean.
func BoolValue(b bool) Value { return boolValue(b) }

// IntValue makes a System.Integer of n, or a System.Long if it needs one.
func IntValue(n int64) Value {
	if n != int64(int32(n)) {
		return longValue(n)
	}
	return intValue(n)
}

// ParseDecimal makes a System.Decimal of digits with a sign, a point or an
// exponent; the digits are kept. False if s is none, or has more than 1,000.
func ParseDecimal(s string) (Value, bool) {
	v := parseDecimal(s)
	return v, !v.IsZero()
}

// ParseDate makes a System.Date or System.DateTime of a date or date and time
// as a resource has it; false if s is none.
func ParseDate(s string) (Value, bool) {
	v, n := scanDateLiteral(s)
	return v, n > 0 && n == len(s)
}

// Node returns the node that the value is, and false for other values.
func (v Value) Node() (fhir.Node, bool) { return v.node, v.Kind() == KindNode }

// Bool returns a System.Boolean or FHIR boolean, and false for other values.
func (v Value) Bool() (value, ok bool) {
	v = v.system()
	return v.num != 0, v.Kind() == KindBoolean
}

// Int returns an integer or long, System or FHIR, and false for other values.
func (v Value) Int() (int64, bool) {
	v = v.system()
	return v.num, v.Kind() == KindInteger || v.Kind() == KindLong
}

// Rat returns the exact number of an integer, long, decimal or quantity, and
// false for other values.
func (v Value) Rat() (*big.Rat, bool) {
	v = v.system()
	if !v.numeric() && v.Kind() != KindQuantity {
		return nil, false
	}
	return v.rat(), true
}

// Unit returns the unit of a quantity, a UCUM code or the singular of a
// calendar unit; calendar says which. False for other values.
func (v Value) Unit() (unit string, calendar, ok bool) {
	v = v.system()
	return v.str, v.meta&metaCalendar != 0, v.Kind() == KindQuantity
}

// TypeName returns the namespace, "System" or "FHIR", and the name of the
// value's type. Both are "" for nodes that the definitions do not know.
func (v Value) TypeName() (namespace, name string) {
	switch k := v.Kind(); k {
	case KindNode:
		if t := v.node.Type(); !t.IsZero() {
			return "FHIR", publicTypeName(t)
		}
		return "", ""
	case KindType:
		return "System", "TypeInfo"
	case KindObject:
		t := v.ext.object.typ
		return t.namespace, t.name
	default:
		return "System", systemNames[k]
	}
}

// publicTypeName returns the name of a type as type() gives it: for the
// anonymous type of an element the type that it derives from.
func publicTypeName(t fhir.Type) string {
	if t.Kind() == fhir.KindBackbone {
		if b := t.Base(); !b.IsZero() {
			return b.Name()
		}
	}
	return t.Name()
}

// String says what the value is without showing it, which may be personal: the
// type, and for a node its path. [Value.Text] shows it.
func (v Value) String() string {
	if v.Kind() == KindNode {
		return v.node.Path()
	}
	return kindName(v)
}

// Text returns the value as toString() does: 1.50, 2014-12-14T10:00:00Z,
// 5 'mg', strings as they are. For nodes with a value it is the value, for
// other nodes their path.
func (v Value) Text() string { return string(v.appendText(nil)) }

// Literal returns the value as a literal of FHIRPath, without "@" and without
// quotes around strings: like Text, but with the T of a time of day.
func (v Value) Literal() string {
	if s := v.system(); s.Kind() == KindTime {
		return "T" + s.Text()
	}
	return v.Text()
}

// AppendText appends what Text returns. The error is always nil.
func (v Value) AppendText(b []byte) ([]byte, error) { return v.appendText(b), nil }

func (v Value) appendText(b []byte) []byte {
	switch v.Kind() {
	case KindBoolean:
		return strconv.AppendBool(b, v.num != 0)
	case KindString:
		return append(b, v.str...)
	case KindInteger, KindLong:
		return strconv.AppendInt(b, v.num, 10)
	case KindDecimal:
		return v.appendDecimal(b)
	case KindDate, KindDateTime:
		return v.appendDate(b)
	case KindTime:
		return v.appendTime(b)
	case KindQuantity:
		b = append(v.appendDecimal(b), ' ')
		if v.meta&metaCalendar != 0 {
			b = append(b, v.str...)
			if v.num != 1 || v.scale() != 0 || v.ext != nil {
				b = append(b, 's')
			}
			return b
		}
		return append(append(append(b, '\''), v.str...), '\'')
	case KindNode:
		if v.node.IsPrimitive() {
			return v.node.AppendValue(b)
		}
		if s := v.system(); s.Kind() == KindQuantity {
			return s.appendText(b)
		}
		return v.node.AppendPath(b)
	case KindType:
		return append(append(append(b, v.ns()...), '.'), v.str...)
	case KindObject:
		return append(b, v.ext.object.typ.String()...)
	}
	return b
}

// ns is the namespace of a KindType value.
func (v Value) ns() string {
	if v.num == 1 {
		return "FHIR"
	}
	return "System"
}

func typeInfo(namespace, name string) Value {
	v := Value{str: name, meta: metaOf(KindType)}
	if namespace == "FHIR" {
		v.num = 1
	}
	return v
}

// system returns the System value that a node stands for, v itself if it is
// none: primitives by their type, quantities, nothing for other nodes.
func (v Value) system() Value {
	if v.Kind() != KindNode {
		return v
	}
	return systemOf(v.node)
}

// systemOf converts a node to the System value it stands for; the zero Value
// if it stands for none.
func systemOf(n fhir.Node) Value {
	if !n.IsPrimitive() {
		if t := n.Type(); t.IsZero() || !isQuantity(t) {
			return Value{}
		}
		return quantityOf(n)
	}
	if !n.HasValue() {
		return Value{}
	}
	switch k := kindOfNode(n); k {
	case KindString:
		return stringValue(n.Value())
	case KindBoolean:
		return boolValue(n.Raw() == "true")
	case KindInteger, KindLong:
		i, err := strconv.ParseInt(n.Raw(), 10, 64)
		switch {
		case err != nil:
			return parseDecimal(n.Raw())
		case k == KindLong:
			return longValue(i)
		}
		return IntValue(i)
	case KindDecimal:
		return parseDecimal(n.Raw())
	case KindDate, KindDateTime:
		return dateOfNode(n, k)
	case KindTime:
		raw := n.Value()
		t, length := scanTimeLiteral(raw)
		if length == 0 || length != len(raw) {
			return stringValue(raw)
		}
		return t
	}
	return stringValue(n.Value())
}

// dateOfNode converts a date or dateTime; one that is malformed is a string.
func dateOfNode(n fhir.Node, k Kind) Value {
	raw := n.Value()
	d, length := scanDateLiteral(raw)
	if length == 0 || length != len(raw) {
		return stringValue(raw)
	}
	return d.withKind(k)
}

// kindOfNode returns the System kind of a primitive node.
func kindOfNode(n fhir.Node) Kind {
	switch n.Kind() {
	case fhir.Boolean:
		return KindBoolean
	case fhir.Number:
		if t := n.Type(); !t.IsZero() {
			return kindOfType(t.Name())
		}
		for _, c := range []byte(n.Raw()) {
			if c == '.' || c == 'e' || c == 'E' {
				return KindDecimal
			}
		}
		return KindInteger
	}
	if t := n.Type(); !t.IsZero() {
		return kindOfType(t.Name())
	}
	return KindString
}

// kindOfType returns the System kind that a FHIR primitive type converts to.
func kindOfType(name string) Kind {
	switch name {
	case "boolean":
		return KindBoolean
	case "integer", "positiveInt", "unsignedInt":
		return KindInteger
	case "integer64":
		return KindLong
	case "decimal":
		return KindDecimal
	case "date":
		return KindDate
	case "dateTime", "instant":
		return KindDateTime
	case "time":
		return KindTime
	}
	return KindString
}

// numeric reports whether v is an integer, long or decimal.
func (v Value) numeric() bool {
	k := v.Kind()
	return k == KindInteger || k == KindLong || k == KindDecimal
}
