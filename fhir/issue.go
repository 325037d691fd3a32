package fhir

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity says how bad a finding is.
type Severity uint8

// The severities, from worst to mildest.
const (
	Fatal   Severity = iota // the input cannot be read further
	Error                   // the input contradicts the standard
	Warning                 // the input may be wrong
	Information
)

// String returns the standard's code: "fatal", "error", "warning" or
// "information".
func (s Severity) String() string {
	switch s {
	case Fatal:
		return "fatal"
	case Error:
		return "error"
	case Warning:
		return "warning"
	}
	return "information"
}

// Code names a kind of finding. Codes are stable; texts are not.
type Code string

// The findings of parsers.
const (
	CodeSyntax       Code = "fhir.syntax"          // not well-formed JSON or XML
	CodeComment      Code = "fhir.comment"         // a comment in JSON
	CodeEncoding     Code = "fhir.encoding"        // not UTF-8, or a byte order mark
	CodeLimit        Code = "fhir.limit"           // a limit was crossed
	CodeDuplicate    Code = "fhir.duplicate"       // a member or attribute appears twice
	CodeNull         Code = "fhir.null"            // null where there is no extension instead
	CodeEmpty        Code = "fhir.empty"           // an empty object, array, string or element
	CodeUnknown      Code = "fhir.unknown-element" // no such element
	CodeMissing      Code = "fhir.missing"         // a required element is not there
	CodeCardinality  Code = "fhir.cardinality"     // more of an element than allowed
	CodeArray        Code = "fhir.array"           // an array where one value is due, or the reverse
	CodeJSONType     Code = "fhir.json-type"       // the wrong kind of JSON value
	CodePrimitive    Code = "fhir.primitive"       // a malformed primitive value
	CodeOrder        Code = "fhir.order"           // XML elements out of order
	CodeCompanion    Code = "fhir.companion"       // a "_name" member that does not fit its "name"
	CodeResourceType Code = "fhir.resource-type"   // absent or unknown resource type
	CodeNamespace    Code = "fhir.namespace"       // an XML name outside its namespace
	CodeNarrative    Code = "fhir.narrative"       // a narrative that is not XHTML
	CodeTooMany      Code = "fhir.too-many"        // further findings were left out
)

// Issue is one finding about an input. Its text never holds values of the
// input, only names and what the standard says.
type Issue struct {
	Severity Severity
	Code     Code
	Path     string // where, as a FHIRPath location: "Patient.name[0].given[1]"
	Offset   int64  // byte offset in the input, -1 if unknown
	Line     int    // 1-based, 0 if unknown
	Col      int    // 1-based, in characters
	Clause   string // where the standard says so
	Text     string // for people; may change
	Err      error  // cause, may be nil
}

// String renders the finding on one line.
func (i Issue) String() string {
	var b strings.Builder
	if i.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", i.Line, i.Col)
	}
	if i.Path != "" {
		fmt.Fprintf(&b, "%s: ", i.Path)
	}
	b.WriteString(i.Text)
	if i.Clause != "" {
		fmt.Fprintf(&b, " (%s)", i.Clause)
	}
	return b.String()
}

// Unwrap returns the cause.
func (i Issue) Unwrap() error { return i.Err }

// ParseError is what the parsers return for an input that they refuse: one
// that cannot be read, or, with Strict, one that has errors.
//
//	if pe, ok := errors.AsType[*fhir.ParseError](err); ok { report(pe.Issues) }
type ParseError struct {
	Issues []Issue // at least one
}

// Error describes the worst finding and counts the others.
func (e *ParseError) Error() string {
	worst := e.Issues[0]
	for _, i := range e.Issues {
		if i.Severity < worst.Severity {
			worst = i
		}
	}
	text := "fhir: " + worst.String()
	if n := len(e.Issues) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// sortIssues puts findings into the order of the input.
func sortIssues(issues []Issue) {
	slices.SortStableFunc(issues, func(a, b Issue) int { return cmp.Compare(a.Offset, b.Offset) })
}

// position returns the line and column, both from 1, of a byte offset.
// Columns count characters. A line ends with LF, CR or CR LF.
func position(s string, offset int) (line, col int) {
	offset = min(max(offset, 0), len(s))
	line, start := 1, 0
	for i := 0; i < offset; i++ {
		switch s[i] {
		case '\n':
			line, start = line+1, i+1
		case '\r':
			if i+1 >= len(s) || s[i+1] != '\n' {
				line, start = line+1, i+1
			}
		}
	}
	return line, utf8.RuneCountInString(s[start:offset]) + 1
}
