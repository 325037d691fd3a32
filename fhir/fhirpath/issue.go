package fhirpath

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Severity says how bad a finding is.
type Severity uint8

// The severities, from worst to mildest.
const (
	SeverityError   Severity = iota // the expression cannot be used, or its evaluation failed
	SeverityWarning                 // the expression may not do what it seems to
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == SeverityWarning {
		return "warning"
	}
	return "error"
}

// Code names a kind of finding. Codes are stable; texts are not.
type Code string

// The findings, by the stage that makes them.
const (
	CodeSyntax  Code = "fhirpath.syntax"  // not an expression of the grammar
	CodeLiteral Code = "fhirpath.literal" // a literal that denotes no value
	CodeLimit   Code = "fhirpath.limit"   // a limit was crossed

	CodeElement   Code = "fhirpath.unknown-element"  // no type in question has such an element
	CodeFunction  Code = "fhirpath.unknown-function" // no such function
	CodeArguments Code = "fhirpath.arguments"        // the wrong number or form of arguments
	CodeType      Code = "fhirpath.type"             // a type that does not fit
	CodeTypeName  Code = "fhirpath.unknown-type"     // no such type
	CodeVariable  Code = "fhirpath.variable"         // an undefined, or twice defined, variable
	CodeOrder     Code = "fhirpath.order"            // order-dependent function on an unordered collection

	CodeSingleton Code = "fhirpath.singleton" // several items where one is due
	CodeOperand   Code = "fhirpath.operand"   // a value that an operator or function cannot take
	CodeService   Code = "fhirpath.service"   // a service that is needed is absent, or failed
	CodeCancelled Code = "fhirpath.cancelled" // the context ended
)

// Issue is one finding about an expression. Its text never holds values of a
// resource.
type Issue struct {
	Severity Severity
	Code     Code
	Path     string // the sub-expression in question, shortened
	Offset   int64  // byte offset in the expression, -1 if unknown
	Line     int    // 1-based
	Col      int    // 1-based, in characters
	Clause   string // section of the FHIRPath specification
	Text     string // for people; may change
	Err      error  // cause, may be nil
}

// String renders the finding on one line.
func (i Issue) String() string {
	s := fmt.Sprintf("%d:%d: %s", i.Line, i.Col, i.Text)
	if i.Clause != "" {
		s += " (" + i.Clause + ")"
	}
	return s
}

// Stage is when an error was found.
type Stage uint8

// The stages of an expression's life.
const (
	StageParse Stage = iota
	StageCheck
	StageEvaluate
)

// String returns "parse", "check" or "evaluate".
func (s Stage) String() string { return [...]string{"parse", "check", "evaluate"}[s] }

// Error is the error of all functions of this package.
//
//	if e, ok := errors.AsType[*fhirpath.Error](err); ok && e.Stage == fhirpath.StageCheck { ... }
type Error struct {
	Stage  Stage
	Issues []Issue // at least one; the first is an error
}

// Error describes the first finding and counts the others.
func (e *Error) Error() string {
	text := "fhirpath: " + e.Issues[0].String()
	if n := len(e.Issues) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// Unwrap returns the cause of the first finding.
func (e *Error) Unwrap() error { return e.Issues[0].Err }

// place fills in line and column from the offset.
func (i *Issue) place(source string) {
	if i.Offset < 0 || i.Offset > int64(len(source)) {
		return
	}
	before := source[:i.Offset]
	i.Line = strings.Count(before, "\n") + 1
	i.Col = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// excerpt shortens a part of an expression for an Issue.
func excerpt(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= 60 {
		return s
	}
	end := 57
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// quote shows a name or token of an expression, shortened.
func quote(s string) string { return fmt.Sprintf("%q", excerpt(s)) }
