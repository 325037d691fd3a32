package facts

import "math/bits"

// Magic begins every table and changes with the layout.
const Magic = "FHIRFAC2"

// The sections of a table, in order.
const (
	secStrings = iota
	secLists
	secNames    // sorted: string
	secStructs  // by URL
	secElements // of the structures, in snapshot order
	secTypes    // by name
	secProps    // of the types, by element
	secSlots    // hash slots of the types
	secTypeSets
	secRuleSets
	secBindings
	secRules
	secSystems  // code systems by URL
	secConcepts // of the code systems, sorted by code
	secValueSets
	secMembers // of the value sets
	secSearch  // search parameters by base and code
	secVersion
	numSections
)

// Row widths in bytes.
const (
	structRow   = 40
	elementRow  = 18
	typeRow     = 56
	propRow     = 14
	bindingRow  = 8
	ruleRow     = 12
	systemRow   = 20
	conceptRow  = 12
	valueSetRow = 20
	memberRow   = 8
	searchRow   = 28
)

// Unbounded is the maximum of an element that may repeat without limit.
const Unbounded = 0xFFFF

// Element flags.
const (
	ElemChoice      = 1 << iota // name[x]
	ElemList                    // repeats in the base definition: an array in JSON
	ElemModifier                // isModifier
	ElemSummary                 // isSummary
	ElemMustSupport             // mustSupport
	ElemAttribute               // an attribute in XML
	ElemRoot                    // the first element of its structure
	ElemBinding                 // the first extra word is a binding
	ElemSlicing                 // slicing
	ElemSlice                   // has a slice name
	ElemFixed                   // fixed[x]
	ElemPattern                 // pattern[x]
	ElemMinValue                // minValue[x]
	ElemMaxValue                // maxValue[x]
	ElemReference               // contentReference
	ElemMore                    // further extras, see the Extra* bits
)

// Bits of the word that says which further extras an element has.
const (
	ExtraMaxLength = 1 << iota
	ExtraConditions
	ExtraRepresentation
	ExtraBaseMax // base.max where it is not the element's own
)

// Property flags.
const (
	PropList      = 1 << iota // an array in JSON
	PropChoice                // one of several types of a choice
	PropAttribute             // an attribute in XML
	PropResource              // any resource
	PropPrimitive             // has a value, and a companion with "_"
	PropRequired              // at least one
)

// Kinds of type.
const (
	KindComplex = iota
	KindPrimitive
	KindResource
	KindBackbone // the anonymous type of an element with children
	KindLogical
)

// Kinds of primitive type, by the language of their values.
const (
	PrimNone = iota
	PrimString
	PrimMarkdown
	PrimXHTML
	PrimBoolean
	PrimInteger
	PrimPositiveInt
	PrimUnsignedInt
	PrimInteger64
	PrimDecimal
	PrimDate
	PrimDateTime
	PrimInstant
	PrimTime
	PrimBase64
	PrimCode
	PrimID
	PrimURI
	PrimURL
	PrimCanonical
	PrimOID
	PrimUUID
)

// primitive returns the kind of a primitive type, PrimString for one that has
// no language of its own.
func primitive(name string) uint8 {
	switch name {
	case "markdown":
		return PrimMarkdown
	case "xhtml":
		return PrimXHTML
	case "boolean":
		return PrimBoolean
	case "integer":
		return PrimInteger
	case "positiveInt":
		return PrimPositiveInt
	case "unsignedInt":
		return PrimUnsignedInt
	case "integer64":
		return PrimInteger64
	case "decimal":
		return PrimDecimal
	case "date":
		return PrimDate
	case "dateTime":
		return PrimDateTime
	case "instant":
		return PrimInstant
	case "time":
		return PrimTime
	case "base64Binary":
		return PrimBase64
	case "code":
		return PrimCode
	case "id":
		return PrimID
	case "uri":
		return PrimURI
	case "url":
		return PrimURL
	case "canonical":
		return PrimCanonical
	case "oid":
		return PrimOID
	case "uuid":
		return PrimUUID
	}
	return PrimString
}

// Hash mixes the first and last eight bytes of a name of n bytes. lo and hi
// hold them in little-endian order; hi is 0 for names of up to eight bytes,
// and lo is padded with zero bytes.
func Hash(lo, hi uint64, n int, seed uint32) uint32 {
	x := (lo ^ bits.RotateLeft64(hi, 31) ^ uint64(n)<<56) * (0x9E3779B97F4A7C15 + 2*uint64(seed))
	return uint32(x >> 32)
}

// Ends returns the words of a name that Hash mixes.
func Ends(name string) (lo, hi uint64) {
	n := len(name)
	if n >= 8 {
		lo = le64(name)
		if n > 8 {
			hi = le64(name[n-8:])
		}
		return lo, hi
	}
	for i := n - 1; i >= 0; i-- {
		lo = lo<<8 | uint64(name[i])
	}
	return lo, 0
}

func le64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
