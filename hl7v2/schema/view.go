package schema

import (
	"iter"

	"github.com/nhskit/nhskit/hl7v2"
)

// SegmentView is a segment of a message together with what a version says of
// it, so that its fields are found by number or by the standard's name and know
// their data type. Looking at fields allocates nothing. The view is good as
// long as its segment is: until the message is edited.
type SegmentView struct {
	hl7v2.Segment
	v   Version
	def Segment
}

// View returns a view of a segment, which need not exist, by the facts of the
// version: of VersionOf its message, or of another.
func (v Version) View(s hl7v2.Segment) SegmentView {
	// The id is one of the version's own strings, if it is known at all.
	def, ok := v.Segment(s.ID())
	if !ok {
		def = Segment{f: &nothing}
	}
	return SegmentView{s, v, def}
}

// Definition returns what the version says of the segment; of one that it does
// not have, Z segments among them, a definition without fields.
func (x SegmentView) Definition() Segment {
	if x.def.f == nil {
		return Segment{f: &nothing}
	}
	return x.def
}

// Field returns field n, counted from 1. A field that the version does not
// define has a value, if one was sent, and no type.
func (x SegmentView) Field(n int) ElementView {
	e, ok := x.Definition().Field(n)
	if !ok {
		e = Element{f: &nothing}
	}
	out := ElementView{Value: x.Segment.Field(n), v: x.v, def: e, typ: e.Type()}
	if out.typ == "Varies" {
		by := typeField(x.Segment, n)
		out.typ = x.v.typeNamed(x.Segment.Field(by))
		if by != valueTypeField {
			out.types = by
		}
	}
	return out
}

// typeNamed is the data type that a value names, "Varies" if it names none.
func (v Version) typeNamed(name hl7v2.Value) string {
	text := name.Leaf().Raw()
	if def, ok := v.DataType(string(text)); ok {
		return def.ID()
	}
	for _, primitive := range primitives {
		if string(text) == primitive {
			return primitive
		}
	}
	return "Varies"
}

// Named returns the field with a name of the standard, such as "Patient
// Identifier List"; it is false if the version has no such field. Case, blanks
// and punctuation do not count: names change in them from version to version.
// Of several fields with a name, the first that is not withdrawn is meant.
func (x SegmentView) Named(name string) (ElementView, bool) {
	def := x.Definition()
	n := named(name, def.NumFields(), def.Field)
	return x.Field(n), n > 0
}

// named finds the element with a name among n elements.
func named(name string, n int, element func(int) (Element, bool)) int {
	withdrawn := 0
	for i := 1; i <= n; i++ {
		e, ok := element(i)
		if !ok || !sameName(e.Name(), name) {
			continue
		}
		if e.Usage() != Withdrawn {
			return i
		}
		if withdrawn == 0 {
			withdrawn = i
		}
	}
	return withdrawn
}

// sameName compares the letters and digits of two names, of any case.
func sameName(a, b string) bool {
	for {
		for len(a) > 0 && folded(a[0]) == 0 {
			a = a[1:]
		}
		for len(b) > 0 && folded(b[0]) == 0 {
			b = b[1:]
		}
		if len(a) == 0 || len(b) == 0 {
			return len(a) == len(b)
		}
		if folded(a[0]) != folded(b[0]) {
			return false
		}
		a, b = a[1:], b[1:]
	}
}

// folded is a letter in lower case or a digit, and 0 for anything else.
func folded(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c | 0x20
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		return c
	}
	return 0
}

// Fields yields the fields that the version defines and those that were sent,
// with their numbers.
func (x SegmentView) Fields() iter.Seq2[int, ElementView] {
	return func(yield func(int, ElementView) bool) {
		for n := 1; n <= max(x.NumFields(), x.Definition().NumFields()); n++ {
			if !yield(n, x.Field(n)) {
				return
			}
		}
	}
}

// ElementView is a field, repetition, component or subcomponent together with
// what the version says of it. As a Value it has Text, State, DateTime, Number
// and the others; composites are read with Read and Each.
type ElementView struct {
	hl7v2.Value
	v     Version
	def   Element
	typ   string
	inner bool // a component, whose parts are subcomponents
	types int  // the field that names the data types of the repetitions of this one; 0 if they are all of typ
}

// Definition returns what the version says of the field or component; of one
// that it does not define, an element without name and type.
func (x ElementView) Definition() Element {
	if x.def.f == nil {
		return Element{f: &nothing}
	}
	return x.def
}

// Type returns the id of the data type, such as "CX": of OBX-5 that which
// OBX-2 names, of a primary key in MFE-4 or MFA-5 that which MFE-5 or MFA-6 has
// in the same repetition or last before it, and "Varies" where they name none. It
// is empty where the version does not define the element.
func (x ElementView) Type() string { return x.typ }

// Rep returns repetition n of a field, counted from 1.
func (x ElementView) Rep(n int) ElementView {
	if x.types > 0 {
		var last hl7v2.Value
		for k, name := range x.Value.Segment().Field(x.types).Reps() {
			if k > n {
				break
			}
			if name.State() != hl7v2.Absent {
				last = name
			}
		}
		x.typ, x.types = x.v.typeNamed(last), 0
	}
	x.Value = x.Value.Rep(n)
	return x
}

// Reps yields the repetitions of a field with their numbers.
func (x ElementView) Reps() iter.Seq2[int, ElementView] {
	return func(yield func(int, ElementView) bool) { x.reps(yield) }
}

func (x ElementView) reps(yield func(int, ElementView) bool) {
	if x.types > 0 {
		x.keys(yield)
		return
	}
	rep := x
	for n, v := range x.Value.Reps() {
		if rep.Value = v; !yield(n, rep) {
			return
		}
	}
}

// keys is reps where another field names the type of each.
func (x ElementView) keys(yield func(int, ElementView) bool) {
	key, s := x, x.Value.Segment()
	key.types = 0
	var names hl7v2.Locator
	for n, v := range x.Value.Reps() {
		if name := names.In(s, hl7v2.Path{Field: x.types, Rep: n}); name.State() != hl7v2.Absent {
			key.typ = x.v.typeNamed(name)
		}
		if key.Value = v; !yield(n, key) {
			return
		}
	}
}

// Part returns part n, counted from 1: a component of a field's first or of a
// repetition, and a subcomponent of a component.
func (x ElementView) Part(n int) ElementView {
	p := ElementView{v: x.v, def: Element{f: &nothing}, inner: true}
	if x.inner {
		p.Value = x.Value.Sub(n)
	} else {
		p.Value = x.Value.Component(n)
	}
	if def, ok := x.v.DataType(x.typ); ok {
		if e, ok := def.Component(n); ok {
			p.def, p.typ = e, e.Type()
		}
	}
	if n == 1 && x.typ == "TS" {
		p.typ = "DTM" // which some versions call a string
	}
	return p
}

// Named returns the part with a name of the standard, such as "Assigning
// Authority", compared as SegmentView.Named does; it is false if the data type
// has no such component.
func (x ElementView) Named(name string) (ElementView, bool) {
	def, ok := x.v.DataType(x.typ)
	if !ok {
		return ElementView{}, false
	}
	n := named(name, def.NumComponents(), def.Component)
	return x.Part(n), n > 0
}

// composite is a pointer to a composite data type of package hl7v2.
type composite[T any] interface {
	*T
	hl7v2.Composite
}

// Read reads an element as a composite data type, the first repetition of a
// field:
//
//	name, ok := schema.Read[hl7v2.XPN](pid.Field(5))
//
// It is false, and reads nothing, where the version has another data type
// there. Earlier forms of a type count: PN is an XPN, and CE, ID and IS are a
// CWE.
func Read[T any, P composite[T]](x ElementView) (T, bool) {
	var out T
	if !readsAs(P(&out), x.v, x.typ) {
		return out, false
	}
	x.Value.Read(P(&out))
	return out, true
}

// Each yields the repetitions of a field as Read does. Those that are absent,
// and those of another data type, are left out.
func Each[T any, P composite[T]](x ElementView) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, rep := range x.Reps() {
			var out T
			if rep.State() == hl7v2.Absent || !readsAs(P(&out), x.v, rep.typ) {
				continue
			}
			if rep.Value.Read(P(&out)); !yield(out) {
				return
			}
		}
	}
}

// readsAs reports whether a data type of a version has the components of a
// composite of package hl7v2 at its beginning.
func readsAs(c hl7v2.Composite, v Version, typ string) bool {
	switch c.(type) {
	case *hl7v2.HD:
		return typ == "HD"
	case *hl7v2.EI:
		return typ == "EI" || typ == "CM_FILLER" || typ == "CM_PLACER"
	case *hl7v2.EIP:
		return typ == "EIP" || typ == "CM_EIP"
	case *hl7v2.CX:
		return typ == "CX" || typ == "CK" || typ == "CM_PAT_ID" || typ == "CM_PAT_ID_0192"
	case *hl7v2.FN:
		return typ == "FN"
	case *hl7v2.XPN:
		return typ == "XPN" || typ == "PN"
	case *hl7v2.SAD:
		return typ == "SAD"
	case *hl7v2.XAD:
		return typ == "XAD" || typ == "AD"
	case *hl7v2.XTN:
		return typ == "XTN" || typ == "TN"
	case *hl7v2.XCN:
		return typ == "XCN" || typ == "CN" && v.name != "2.1" // whose fifth component is the degree
	case *hl7v2.XON:
		return typ == "XON"
	case *hl7v2.CWE:
		return typ == "CWE" || typ == "CE" || typ == "CNE" || typ == "CF" || typ == "ID" || typ == "IS"
	case *hl7v2.PL:
		return typ == "PL"
	case *hl7v2.SN:
		return typ == "SN"
	case *hl7v2.ED:
		return typ == "ED"
	case *hl7v2.RP:
		return typ == "RP"
	case *hl7v2.TS:
		return typ == "TS" || typ == "DTM"
	case *hl7v2.DR:
		return typ == "DR" || typ == "DR_SIMPLE"
	case *hl7v2.CQ:
		return typ == "CQ" || typ == "CQ_QUANTITY"
	case *hl7v2.NR:
		return typ == "NR"
	case *hl7v2.MO:
		return typ == "MO"
	case *hl7v2.MSG:
		return typ == "MSG" || typ == "CM_MSG"
	case *hl7v2.PT:
		return typ == "PT"
	case *hl7v2.VID:
		return typ == "VID"
	case *hl7v2.ERL:
		return typ == "ERL"
	case *hl7v2.DLN:
		return typ == "DLN" || typ == "CM_LICENSE_NO"
	case *hl7v2.FC:
		return typ == "FC" || typ == "CM_FINANCE"
	case *hl7v2.DLD:
		return typ == "DLD" || typ == "CM_DLD"
	case *hl7v2.CNN:
		return typ == "CNN"
	case *hl7v2.NDL:
		return typ == "NDL"
	}
	return false
}

// View returns a view of the first segment with an id directly in the group.
func (x Group) View(id string) SegmentView {
	if x.g == nil {
		return SegmentView{}
	}
	return x.g.v.View(x.Segment(id, 1))
}

// Views yields views of the segments with an id directly in the group; of all
// segments for "".
func (x Group) Views(id string) iter.Seq[SegmentView] {
	return func(yield func(SegmentView) bool) {
		for s := range x.Segments(id) {
			if !yield(x.g.v.View(s)) {
				return
			}
		}
	}
}

// All yields the repetitions of a group at any depth below this one, in the
// order of the message: every OBSERVATION of a result, whatever order and
// patient it belongs to. Groups and segments around each are found with Path.
func (x Group) All(name string) iter.Seq[Group] {
	return func(yield func(Group) bool) { x.all(name, yield) }
}

func (x Group) all(name string, yield func(Group) bool) {
	if x.g == nil {
		return
	}
	for i := x.i + 1; i < x.g.items[x.i].end; i++ {
		if c := &x.g.items[i]; c.segment < 0 && x.g.groupName(c.node) == name && !yield(Group{x.g, i}) {
			return
		}
	}
}
