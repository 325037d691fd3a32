package mapping

import "slices"

// Str is the number of a string in Program.Strings; 0 is "".
type Str uint32

// Program is the compiled form of all tables. It is immutable once built and
// safe for concurrent use. Ranges (Lo, Hi) are half-open.
type Program struct {
	Strings    []string
	Maps       []Map
	Rows       []Row
	Steps      []Step
	Conds      []Cond
	Refs       []Ref
	Parts      []Part
	Vocabs     []Vocab
	Codes      []Code
	Structures []Structure
	Positions  []Position
	Targets    []Target
	Links      []Link
	Events     []Event
}

// Text returns a string by its number.
func (p *Program) Text(s Str) string { return p.Strings[s] }

// HasVocab reports whether there is a code table of a name, however spelt.
func (p *Program) HasVocab(name string) bool {
	return slices.ContainsFunc(p.Vocabs, func(v Vocab) bool { return fold(p.Text(v.Name)) == fold(name) })
}

// A Map holds the rows of one segment or datatype table, such as
// CX[Identifier].
type Map struct {
	Name    Str // CX[Identifier]
	Source  Str // CX
	Target  Str // the FHIR type its paths start from
	Segment bool
	Lo, Hi  uint32 // rows
}

// Flags of a Row, a Target or a Code.
const (
	OnlyUK     = 1 << iota // applies with the UK Core profile only
	NotUK                  // replaced by an overlay row with the UK Core profile
	WhenEmpty              // runs although its source holds no value
	OnParent               // the datatype map fills the element around the target
	Constant               // writes a value of its own, not the source's
	IntoCoding             // the target that a code table fills is a Coding
	Demanded               // the reference that the row makes is one that FHIR requires
	Default                // fills an element only where there is nothing in it
)

// None is an absent index.
const None = -1

// A Row is one line of a segment or datatype table.
type Row struct {
	Origin     Str // segments/PID[Patient].csv#12
	Ident      Str // PID-7
	Field      int16
	Component  int16
	Sub        int16
	Flags      uint8
	Prim       Prim   // of the target
	Cond       int32  // root in Conds
	Lo, Hi     uint32 // target path in Steps
	Map        int32  // datatype map
	Vocab      int32
	Assign     Assign
	PLo, PHi   uint32 // Parts of the assignment
	WholeField bool   // identifier without a number: the segment or datatype itself
}

// Assign says where the value of a row comes from.
type Assign uint8

// The kinds of assignment.
const (
	AssignSource  Assign = iota // the source element
	AssignText                  // the Parts, joined
	AssignNothing               // the path makes a reference, and that is all
)

// A Part is one operand of a joined value: a literal or a reference.
type Part struct {
	Literal Str
	Ref     int32
	Func    Func
}

// Func is what is done to the text of a reference before it is joined.
type Func uint8

// The functions; in tables they stand before the reference, as in number:NM.1.
const (
	FuncNone       Func = iota
	FuncNumber          // number: without a leading < <= > >=
	FuncComparator      // comparator: only that
	FuncDigits          // digits: only the digits
)

// Prim is the primitive type family of a target element; it decides how a v2
// value is converted and whether JSON quotes it.
type Prim uint8

// The families.
const (
	Complex Prim = iota
	String
	CodeValue
	URI
	Boolean
	Integer
	Decimal
	Date
	DateTime
	Instant
	Time
	Base64
	Reference // a complex element that may refer to a resource
	System    // a URI that names a coding system or an identifier system
)

// StepKind tells the steps of a target path apart.
type StepKind uint8

// The kinds of step.
const (
	StepElement  StepKind = iota // go to the child element Name, instance Num
	StepResource                 // go through a reference into a resource of type Name, number Num
	StepInstance                 // go to instances Num..Max of the map's own target
	StepSibling                  // refer to instance Num of the map's own target
	StepNew                      // begin a resource of type Name that nothing refers to
)

// A Step is one step of a target path.
type Step struct {
	Kind  StepKind
	Array bool
	Prim  Prim
	Num   uint8
	Max   uint8
	Order uint16 // position of the element in its type
	Name  Str
}

// CondOp is an operator of a condition.
type CondOp uint8

// The operators. Comparisons look at Ref and at the values Lo..Hi in Parts.
const (
	CondAnd CondOp = iota
	CondOr
	CondNot
	CondValued
	CondEqual
	CondIn
	CondLess
	CondLessEqual
	CondGreater
	CondGreaterEqual
	CondTrue
	CondFalse
	CondError   // the condition A holds: the row refuses the message
	CondMatches // the value fits a picture: # digit, @ letter, ? either, * anything
	CondValid   // the value is valid by the named rule: nhs-number
)

// Measure is what a comparison looks at.
type Measure uint8

// The measures.
const (
	MeasureValue Measure = iota
	MeasureCount
	MeasureLength
)

// A Cond is a node of a condition tree; A and B are children, None if absent.
type Cond struct {
	Op      CondOp
	Measure Measure
	A, B    int32
	Ref     int32
	Lo, Hi  uint32
}

// A Ref is a position in the message: a segment's (PID-3.4.2) or one of the
// datatype at hand (CX.4.2). Own refers to the row's own source.
type Ref struct {
	Own       bool
	Segment   bool
	Name      Str
	Field     int16
	Component int16
	Sub       int16
}

// A Vocab is one code translation table; Codes Lo..Hi are sorted by From.
type Vocab struct {
	Name   Str
	Table  Str // HL70001, or the one system of the source codes
	Lo, Hi uint32
}

// A Code translates one code. Without a target To is "".
type Code struct {
	From, To, Display, System Str
	Flags                     uint8
}

// A Structure is one message structure, such as ADT_A01.
type Structure struct {
	Name   Str
	Lo, Hi uint32 // Positions; the first is the root group
}

// A Position is a segment or group of a structure, in depth-first order.
type Position struct {
	Name    Str    // the segment's id or the group's name
	Parent  uint32 // index of the group around it in Positions
	End     uint32 // group: one past its last descendant; 0 for a segment
	Repeats bool
	Needed  bool   // the group around is not there without it
	Lo, Hi  uint32 // Targets
}

// A Target is one use of a segment: which resource, which map.
type Target struct {
	Origin Str
	Cond   int32
	Type   Str
	Num    uint8
	Flags  uint8
	Anchor bool   // each occurrence of the segment makes a new resource
	Main   bool   // what the segment is about: made even if no row has a value
	Part   bool   // fills a part of a resource that is there, and makes none
	Scope  uint32 // group position within which the resource is one
	Lo, Hi uint32 // path below the resource in Steps
	Map    int32
	LLo    uint32 // Links
	LHi    uint32
}

// A Link is one assignment of the References column.
type Link struct {
	Type    Str
	Num     uint8
	Lo, Hi  uint32 // path in Steps
	ToType  Str    // "" for a literal
	ToNum   uint8
	Literal Str
	Prim    Prim
}

// An Event gives the structure of a message type and event.
type Event struct {
	Name      Str // ADT^A08, or a structure that is treated as another
	Structure Str
}
