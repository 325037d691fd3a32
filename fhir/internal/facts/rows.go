package facts

// Struct is a StructureDefinition.
type Struct struct {
	URL, Version, Name, Type, Base string
	Kind                           uint8 // Kind*
	Constraint                     bool  // derivation constraint: a profile
	Abstract                       bool
	FirstElem, NumElems            uint32
	Contexts                       uint32 // list of (kind, expression)
}

// NumStructs returns the number of structures.
func (t *Table) NumStructs() int { return int(t.numStruct) }

// Struct returns the i-th structure, by URL.
func (t *Table) Struct(i uint32) Struct {
	at := i * structRow
	flags := u16(t.structs, at+38)
	return Struct{
		URL: t.Str(u32(t.structs, at)), Version: t.Str(u32(t.structs, at+4)),
		Name: t.Str(u32(t.structs, at+8)), Type: t.Str(u32(t.structs, at+12)),
		Base:      t.Str(u32(t.structs, at+16)),
		FirstElem: u32(t.structs, at+20), NumElems: u32(t.structs, at+24),
		Contexts:   u32(t.structs, at+28),
		Kind:       uint8(u16(t.structs, at+36)),
		Constraint: flags&1 != 0, Abstract: flags&2 != 0,
	}
}

// FindStruct returns the structure with a URL.
func (t *Table) FindStruct(url string) (uint32, bool) {
	return t.find(t.structs, structRow, t.numStruct, url)
}

// NumElems returns the number of elements of all structures.
func (t *Table) NumElems() int { return len(t.elements) / elementRow }

// Elem is an element of a structure.
type Elem struct {
	Name     uint16
	Flags    uint16
	Up       uint16 // rows back to the parent element
	Min, Max uint16
	TypeSet  uint16 // index, 0 none
	RuleSet  uint16 // index, 0 none
	Extra    uint32 // list: binding, slice name, slicing..., in the order of the flags
}

// Elem returns an element row.
func (t *Table) Elem(i uint32) Elem {
	at := i * elementRow
	return Elem{
		Name: u16(t.elements, at), Flags: u16(t.elements, at+2), Up: u16(t.elements, at+4),
		Min: u16(t.elements, at+6), Max: u16(t.elements, at+8),
		TypeSet: u16(t.elements, at+10), RuleSet: u16(t.elements, at+12),
		Extra: u32(t.elements, at+14),
	}
}

// ElemFlags returns the flags of an element row.
func (t *Table) ElemFlags(i uint32) uint16 { return u16(t.elements, i*elementRow+2) }

// TypeSet returns the list of an element's types. Each type is three words: a
// name id, the profiles' list and the targets' list.
func (t *Table) TypeSet(i uint16) List {
	if i == 0 {
		return ""
	}
	return t.List(u32(t.typeSets, 4*uint32(i)))
}

// RuleSet returns the list of an element's constraints.
func (t *Table) RuleSet(i uint16) List {
	if i == 0 {
		return ""
	}
	return t.List(u32(t.ruleSets, 4*uint32(i)))
}

// Rule is a constraint.
type Rule struct {
	Key, Expression string
	Warning         bool
	BestPractice    bool
}

// Rule returns a constraint row.
func (t *Table) Rule(i uint32) Rule {
	at := i * ruleRow
	flags := u32(t.rules, at+8)
	return Rule{Key: t.Str(u32(t.rules, at)), Expression: t.Str(u32(t.rules, at+4)), Warning: flags&1 != 0, BestPractice: flags&2 != 0}
}

// Binding returns the strength (0 required to 3 example) and the value set of
// a binding row.
func (t *Table) Binding(i uint32) (strength uint32, valueSet string) {
	at := i * bindingRow
	return u32(t.bindings, at), t.Str(u32(t.bindings, at+4))
}

// Type is a type that the parsers know: of a resource or data type, or the
// anonymous one of an element with children.
type Type struct {
	Struct     uint32
	Elem       uint32 // its element: the root, or the element with children
	FirstProp  uint32
	FirstSlot  uint32
	Seed       uint32
	NumProps   uint16
	SlotMask   uint16
	Base       uint16 // type id + 1, 0 none
	Name       uint16
	NumOrds    uint16
	Kind       uint8
	Abstract   bool
	Required   [2]uint64 // by the ordinal of the element
	NameString uint32
}

// NumTypes returns the number of types; ids run from 1 to it.
func (t *Table) NumTypes() int { return int(t.numTypes) }

// Type returns a type by its id, which must be valid.
func (t *Table) Type(id uint16) Type {
	at := (uint32(id) - 1) * typeRow
	s := t.types[at : at+typeRow]
	return Type{
		NameString: u32(s, 0), Struct: u32(s, 4), Elem: u32(s, 8),
		FirstProp: u32(s, 12), FirstSlot: u32(s, 16), Seed: u32(s, 20),
		NumProps: u16(s, 24), SlotMask: u16(s, 26), Base: u16(s, 28), Name: u16(s, 30),
		NumOrds: u16(s, 32), Kind: s[34], Abstract: s[35] != 0,
		Required: [2]uint64{u64(s, 36), u64(s, 44)},
	}
}

// TypeName returns the name of a type: "Patient", "Patient.contact".
func (t *Table) TypeName(id uint16) string {
	if id == 0 {
		return ""
	}
	return t.Str(u32(t.types, (uint32(id)-1)*typeRow))
}

// TypeKind returns the kind of a type.
func (t *Table) TypeKind(id uint16) uint8 { return t.types[(uint32(id)-1)*typeRow+34] }

// TypePrimitive returns the kind of a primitive type, PrimNone for others.
func (t *Table) TypePrimitive(id uint16) uint8 {
	if id == 0 {
		return PrimNone
	}
	return t.types[(uint32(id)-1)*typeRow+52]
}

// FindType returns the id of a type, 0 if there is none.
func (t *Table) FindType(name string) uint16 {
	if i, ok := t.find(t.types, typeRow, t.numTypes, name); ok {
		return uint16(i + 1)
	}
	return 0
}

// Prop is a property of a type: one name under which an element appears.
type Prop struct {
	Name  uint32 // string, in JSON and XML: "valueQuantity"
	Base  uint16 // of the element: "value"
	Type  uint16 // type id
	Ord   uint8  // ordinal of the element in its type
	Flags uint8  // Prop*
	Elem  uint32 // element row
}

// Prop returns a property row.
func (t *Table) Prop(i uint32) Prop {
	at := i * propRow
	s := t.props[at : at+propRow]
	return Prop{Name: u32(s, 0), Base: u16(s, 4), Type: u16(s, 6), Ord: s[8], Flags: s[9], Elem: u32(s, 10)}
}

// PropName returns the name of a property.
func (t *Table) PropName(i uint32) string { return t.Str(u32(t.props, i*propRow)) }

// PropFlags returns the flags of a property.
func (t *Table) PropFlags(i uint32) uint8 { return t.props[i*propRow+9] }

// FindProp returns the row of the property of a type that has a name, given
// with the words of Ends.
func (t *Table) FindProp(typ *Type, name string, lo, hi uint64) (uint32, bool) {
	if typ.NumProps == 0 {
		return 0, false
	}
	mask := uint32(typ.SlotMask)
	for h := Hash(lo, hi, len(name), typ.Seed) & mask; ; h = (h + 1) & mask {
		slot := u16(t.slots, typ.FirstSlot+2*h)
		if slot == 0 {
			return 0, false
		}
		row := typ.FirstProp + uint32(slot) - 1
		if t.Str(u32(t.props, row*propRow)) == name {
			return row, true
		}
	}
}
