package fhir

import (
	"iter"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// Structure is a structure definition: of a type, a profile or an extension,
// with the elements of its snapshot. Comparable, to be passed by value.
type Structure struct {
	d *Definitions
	i uint32
}

// IsZero reports whether s is no structure.
func (s Structure) IsZero() bool { return s.d == nil }

// URL returns the canonical URL, without the version.
func (s Structure) URL() string { return s.d.t.Struct(s.i).URL }

// Version returns the business version, "" if it has none.
func (s Structure) Version() string { return s.d.t.Struct(s.i).Version }

// Name returns the computer-friendly name.
func (s Structure) Name() string { return s.d.t.Struct(s.i).Name }

// TypeName returns the name of the type that is defined or constrained.
func (s Structure) TypeName() string { return s.d.t.Struct(s.i).Type }

// BaseURL returns the canonical URL of the structure that s derives from.
func (s Structure) BaseURL() string { return s.d.t.Struct(s.i).Base }

// Kind says what is defined or constrained.
func (s Structure) Kind() TypeKind { return TypeKind(s.d.t.Struct(s.i).Kind) }

// IsProfile reports whether s constrains a type, rather than defining one.
func (s Structure) IsProfile() bool { return s.d.t.Struct(s.i).Constraint }

// Abstract reports whether no instance can be of exactly this structure.
func (s Structure) Abstract() bool { return s.d.t.Struct(s.i).Abstract }

// Contexts iterates over the places where an extension may appear: the kind
// of context ("element", "fhirpath", "extension") and its expression.
func (s Structure) Contexts() iter.Seq2[string, string] {
	return func(yield func(kind, expression string) bool) {
		list := s.d.t.List(s.d.t.Struct(s.i).Contexts)
		for i := 0; i+1 < list.Len(); i += 2 {
			if !yield(s.d.t.Str(list.At(i)), s.d.t.Str(list.At(i+1))) {
				return
			}
		}
	}
}

// Elements iterates over the elements of the snapshot in their order; the
// first one is the root.
func (s Structure) Elements() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		row := s.d.t.Struct(s.i)
		for i := range row.NumElems {
			if !yield(Element{s.d, row.FirstElem + i}) {
				return
			}
		}
	}
}

// Root returns the first element.
func (s Structure) Root() Element { return Element{s.d, s.d.t.Struct(s.i).FirstElem} }

// Element is an element definition within a structure. Comparable, to be
// passed by value.
type Element struct {
	d   *Definitions
	row uint32
}

// IsZero reports whether e is no element.
func (e Element) IsZero() bool { return e.d == nil }

func (e Element) get() facts.Elem { return e.d.t.Elem(e.row) }

func (e Element) is(flag uint16) bool { return e.d.t.ElemFlags(e.row)&flag != 0 }

// Name returns the last step of the path, without "[x]"; for a root element
// the name of its type.
func (e Element) Name() string { return e.d.t.Name(e.get().Name) }

// NameID returns the id of the name.
func (e Element) NameID() NameID { return NameID(e.get().Name) }

// Path returns the path: "Observation.value[x]".
func (e Element) Path() string { return string(e.appendPath(nil, false)) }

// ID returns the id of the element within its structure, which is the path
// with the names of slices: "Patient.identifier:nhsNumber.system".
func (e Element) ID() string { return string(e.appendPath(nil, true)) }

func (e Element) appendPath(dst []byte, slices bool) []byte {
	row := e.get()
	if row.Up != 0 {
		dst = append(Element{e.d, e.row - uint32(row.Up)}.appendPath(dst, slices), '.')
	}
	dst = append(dst, e.d.t.Name(row.Name)...)
	if row.Flags&facts.ElemChoice != 0 {
		dst = append(dst, "[x]"...)
	}
	if slices && row.Flags&facts.ElemSlice != 0 {
		dst = append(append(dst, ':'), e.SliceName()...)
	}
	return dst
}

// Parent returns the element above, and false for a root.
func (e Element) Parent() (Element, bool) {
	up := e.get().Up
	return Element{e.d, e.row - uint32(up)}, up != 0
}

// Children iterates over the elements directly below, slices included, in
// their order.
func (e Element) Children() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for row := e.row + 1; int(row) < e.d.t.NumElems(); row++ {
			child := e.d.t.Elem(row)
			if child.Flags&facts.ElemRoot != 0 || row-uint32(child.Up) < e.row {
				return
			}
			if row-uint32(child.Up) == e.row && !yield(Element{e.d, row}) {
				return
			}
		}
	}
}

// Min returns the smallest number of repetitions.
func (e Element) Min() int { return int(e.get().Min) }

// Max returns the largest number of repetitions, -1 for no limit.
func (e Element) Max() int { return maxOf(uint32(e.get().Max)) }

// BaseMax returns the largest number in the base definition, which decides
// whether the element is an array in JSON; -1 for no limit.
func (e Element) BaseMax() int {
	if w, ok := e.more(facts.ExtraBaseMax); ok {
		return maxOf(w)
	}
	return e.Max()
}

func maxOf(w uint32) int {
	if w == facts.Unbounded {
		return -1
	}
	return int(w)
}

// IsList reports whether the element may repeat in the base definition.
func (e Element) IsList() bool { return e.is(facts.ElemList) }

// IsChoice reports whether the element is a choice of types: "value[x]".
func (e Element) IsChoice() bool { return e.is(facts.ElemChoice) }

// IsModifier reports whether the element can change the meaning of others.
func (e Element) IsModifier() bool { return e.is(facts.ElemModifier) }

// IsSummary reports whether the element belongs to the summary.
func (e Element) IsSummary() bool { return e.is(facts.ElemSummary) }

// MustSupport reports whether implementations must support the element.
func (e Element) MustSupport() bool { return e.is(facts.ElemMustSupport) }

// IsAttribute reports whether the element is an attribute in XML.
func (e Element) IsAttribute() bool { return e.is(facts.ElemAttribute) }

// ElementType is a type that an element may have.
type ElementType struct {
	Code     string   // name of the type: "Reference"
	Profiles []string // of which the value must meet one, if there are any
	Targets  []string // of which a reference's target must meet one
}

// Types iterates over the types that the element may have. Primitive values
// within data types ("Element.id") have the FHIR type, not System.String.
func (e Element) Types() iter.Seq[ElementType] {
	return func(yield func(ElementType) bool) {
		list := e.d.t.TypeSet(e.get().TypeSet)
		for i := 0; i+2 < list.Len(); i += 3 {
			t := ElementType{
				Code:     e.d.t.Name(uint16(list.At(i))),
				Profiles: e.d.strings(list.At(i + 1)),
				Targets:  e.d.strings(list.At(i + 2)),
			}
			if !yield(t) {
				return
			}
		}
	}
}

// strings returns a list of strings of the table.
func (d *Definitions) strings(ref uint32) []string {
	list := d.t.List(ref)
	if list.Len() == 0 {
		return nil
	}
	out := make([]string, list.Len())
	for i := range out {
		out[i] = d.t.Str(list.At(i))
	}
	return out
}

// ContentReference returns the id of the element whose content this one
// shares ("Observation.referenceRange"), "" for none.
func (e Element) ContentReference() string {
	at, ok := e.extra(facts.ElemReference)
	if !ok {
		return ""
	}
	ref := e.d.t.Str(e.extras().At(at))
	return ref[strings.IndexByte(ref, '#')+1:]
}

// Constraint is an invariant: a FHIRPath expression that must be true.
type Constraint struct {
	Key, Expression string
	Warning         bool // else an error
	BestPractice    bool
}

// Constraints iterates over the invariants that hold at the element, the
// inherited ones included.
func (e Element) Constraints() iter.Seq[Constraint] {
	return func(yield func(Constraint) bool) {
		list := e.d.t.RuleSet(e.get().RuleSet)
		for i := range list.Len() {
			r := e.d.t.Rule(list.At(i))
			if !yield(Constraint{r.Key, r.Expression, r.Warning, r.BestPractice}) {
				return
			}
		}
	}
}

// Strength says how binding a value set is.
type Strength uint8

// The strengths of a binding.
const (
	Required Strength = iota
	Extensible
	Preferred
	Example
)

// String returns the standard's code for the strength.
func (s Strength) String() string {
	if int(s) < len(strengthNames) {
		return strengthNames[s]
	}
	return "unknown"
}

var strengthNames = [...]string{"required", "extensible", "preferred", "example"}

// Binding says from which value set codes are due.
type Binding struct {
	Strength Strength
	ValueSet string // canonical URL, perhaps with |version; "" if not stated
}

// Binding returns the element's binding, and false if it has none.
func (e Element) Binding() (Binding, bool) {
	at, ok := e.extra(facts.ElemBinding)
	if !ok {
		return Binding{}, false
	}
	strength, vs := e.d.t.Binding(e.extras().At(at))
	return Binding{Strength(strength), vs}, true
}

// Value is a value in a definition.
type Value struct {
	Type string // name of its type
	JSON string // compact
}

// Fixed returns fixed[x], and false if there is none.
func (e Element) Fixed() (Value, bool) { return e.value(facts.ElemFixed) }

// Pattern returns pattern[x], and false if there is none.
func (e Element) Pattern() (Value, bool) { return e.value(facts.ElemPattern) }

// MinValue returns minValue[x], and false if there is none.
func (e Element) MinValue() (Value, bool) { return e.value(facts.ElemMinValue) }

// MaxValue returns maxValue[x], and false if there is none.
func (e Element) MaxValue() (Value, bool) { return e.value(facts.ElemMaxValue) }

func (e Element) value(flag uint16) (Value, bool) {
	at, ok := e.extra(flag)
	if !ok {
		return Value{}, false
	}
	list := e.extras()
	return Value{e.d.t.Str(list.At(at)), e.d.t.Str(list.At(at + 1))}, true
}

// MaxLength returns the largest number of characters, 0 for no limit.
func (e Element) MaxLength() int {
	w, _ := e.more(facts.ExtraMaxLength)
	return int(w)
}

// Conditions returns the keys of invariants that concern the element.
func (e Element) Conditions() []string {
	w, _ := e.more(facts.ExtraConditions)
	return e.d.strings(w)
}

// SliceName returns the name of the slice that the element is, "" for none.
func (e Element) SliceName() string {
	at, ok := e.extra(facts.ElemSlice)
	if !ok {
		return ""
	}
	return e.d.t.Str(e.extras().At(at))
}

// Slicing says how the repetitions of an element are told apart.
type Slicing struct {
	Discriminators []Discriminator
	Ordered        bool
	Rules          string // open, closed, openAtEnd
}

// Discriminator is a rule by which slices are told apart.
type Discriminator struct {
	Type string // value, pattern, exists, type, profile, position
	Path string // restricted FHIRPath
}

// Slicing returns the slicing that the element starts, and false for none.
func (e Element) Slicing() (Slicing, bool) {
	at, ok := e.extra(facts.ElemSlicing)
	if !ok {
		return Slicing{}, false
	}
	list := e.d.t.List(e.extras().At(at))
	s := Slicing{Ordered: list.At(1) != 0}
	if rules := list.At(0); int(rules) < len(slicingRules) {
		s.Rules = slicingRules[rules]
	}
	for i := 2; i+1 < list.Len(); i += 2 {
		s.Discriminators = append(s.Discriminators, Discriminator{e.d.t.Str(list.At(i)), e.d.t.Str(list.At(i + 1))})
	}
	return s, true
}

var slicingRules = [...]string{"open", "closed", "openAtEnd"}

func (e Element) extras() facts.List { return e.d.t.List(e.get().Extra) }

// extra returns the index among the extra words of those that a flag stands
// for. They follow in the order of the flags.
func (e Element) extra(flag uint16) (int, bool) {
	flags := e.d.t.ElemFlags(e.row)
	if flags&flag == 0 {
		return 0, false
	}
	at := 0
	for _, f := range [...]struct {
		flag  uint16
		words int
	}{
		{facts.ElemBinding, 1}, {facts.ElemSlicing, 1}, {facts.ElemSlice, 1},
		{facts.ElemFixed, 2}, {facts.ElemPattern, 2}, {facts.ElemMinValue, 2}, {facts.ElemMaxValue, 2},
		{facts.ElemReference, 1},
	} {
		if f.flag == flag {
			break
		}
		if flags&f.flag != 0 {
			at += f.words
		}
	}
	return at, true
}

// more returns the word of one of the rarer extras.
func (e Element) more(bit uint32) (uint32, bool) {
	at, ok := e.extra(facts.ElemMore)
	if !ok {
		return 0, false
	}
	list := e.extras()
	have := list.At(at)
	if have&bit == 0 {
		return 0, false
	}
	for b := uint32(1); b <= bit; b <<= 1 {
		if have&b != 0 {
			at++
		}
	}
	return list.At(at), true
}
