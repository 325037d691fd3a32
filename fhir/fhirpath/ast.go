package fhirpath

import "github.com/nhskit/nhskit/fhir"

// kind is the kind of a node of the syntax tree.
type kind uint8

const (
	xLiteral kind = iota // lit
	xEmpty               // {}
	xThis                // $this
	xIndex               // $index
	xTotal               // $total
	xVar                 // %name
	xName                // left.name, or name alone
	xCall                // left.name(args), or name(args) alone
	xItem                // left[right]
	xUnary               // op left
	xBinary              // left op right
	xIs                  // left is name
	xAs                  // left as name
	xNew                 // name { element: value, ... }: element names in names, values in args
	xSortKey             // left asc, left desc
)

// operator is the operator of a unary or binary node, or the direction of a
// sort key.
type operator uint8

const (
	opNone operator = iota
	opImplies
	opOr
	opXor
	opAnd
	opIn
	opContains
	opEqual
	opNotEqual
	opEquivalent
	opNotEquivalent
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opUnion
	opIs
	opAs
	opPlus
	opMinus
	opConcat
	opTimes
	opDivide
	opDiv
	opMod
	opDescending
)

var operatorNames = [...]string{"", "implies", "or", "xor", "and", "in", "contains", "=", "!=", "~", "!~", "<", "<=", ">", ">=", "|", "is", "as", "+", "-", "&", "*", "/", "div", "mod", "desc"}

// String returns the operator as written.
func (o operator) String() string { return operatorNames[o] }

// precedence of a binary operator; a higher one binds tighter.
func (o operator) precedence() int {
	switch o {
	case opImplies:
		return 1
	case opOr, opXor:
		return 2
	case opAnd:
		return 3
	case opIn, opContains:
		return 4
	case opEqual, opNotEqual, opEquivalent, opNotEquivalent:
		return 5
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		return 6
	case opUnion:
		return 7
	case opIs, opAs:
		return 8
	case opPlus, opMinus, opConcat:
		return 9
	case opTimes, opDivide, opDiv, opMod:
		return 10
	}
	return 0
}

// unaryPrecedence is that of the signs; precedences beyond it belong to
// invocations and indexers.
const unaryPrecedence = 11

// expr is a node of the syntax tree. The parser fills the first part, the
// checker the second; trees are many, so the order of the fields is that which
// leaves no gaps.
type expr struct {
	name     string
	left     *expr
	right    *expr
	args     []*expr
	lit      *Value
	names    *[]string // of the elements of an xNew
	pos, end int32
	at       int32 // of the operator or name that the node is about
	kind     kind
	op       operator
	parens   bool // written in parentheses

	konst   bool        // depends on nothing but itself
	root    bool        // an xName that names the type of its input
	bad     bool        // the check found that it cannot be evaluated
	id      fhir.NameID // of an xName, 0 if the definitions do not know it
	slot    int32       // of a variable
	fn      *function   // of an xCall
	user    *Function   // of an xCall of a function of the caller's
	typ     *typeName   // of an xIs, xAs or xNew, and where root is set
	folded  *folded     // the items of a constant
	pattern *pattern    // of a match function, if it is constant
	static  static
}
