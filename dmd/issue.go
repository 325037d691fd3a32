package dmd

import (
	"fmt"
	"strings"
)

// Severity ranks findings.
type Severity uint8

// The severities, from note to failure.
const (
	Information Severity = iota // worth knowing, nothing is lost
	Warning                     // read as well as it could be
	Error                       // a record or a field could not be used
	Fatal                       // the file could not be read to its end
)

// String returns "information", "warning", "error" or "fatal".
func (s Severity) String() string {
	switch s {
	case Information:
		return "information"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "fatal"
}

// Code names a kind of finding. The values are stable.
type Code string

// What can be wrong with a release.
const (
	CodeSyntax       Code = "dmd.xml.syntax"          // not well-formed
	CodeTruncated    Code = "dmd.xml.truncated"       // the file ends inside an element
	CodeDoctype      Code = "dmd.xml.doctype"         // document type declarations are refused
	CodeEntity       Code = "dmd.xml.entity"          // an entity that XML does not define
	CodeAttribute    Code = "dmd.xml.attribute"       // an attribute inside a record, left out
	CodeStrayText    Code = "dmd.xml.text"            // text between elements, left out
	CodeEncoding     Code = "dmd.xml.encoding"        // bytes or a declaration that are not what they say
	CodeTooLong      Code = "dmd.xml.too-long"        // a record above the limit
	CodeUnknownRoot  Code = "dmd.schema.root"         // a file of a kind that is not known
	CodeUnknownPlace Code = "dmd.schema.section"      // a section that is not known, left out
	CodeUnknownTag   Code = "dmd.schema.tag"          // a field that is not known, kept
	CodeRepeated     Code = "dmd.schema.repeated"     // a field twice in one record; the first counts
	CodeMissing      Code = "dmd.schema.missing"      // a required field is absent
	CodeID           Code = "dmd.value.id"            // not a SNOMED CT identifier
	CodeValue        Code = "dmd.value.form"          // not a date, number or code
	CodeRange        Code = "dmd.value.range"         // a number below zero or beyond the field's digits
	CodeLength       Code = "dmd.value.length"        // text longer than the schema allows
	CodeGTIN         Code = "dmd.value.gtin"          // a bar code with a wrong length or check digit
	CodeDuplicate    Code = "dmd.record.duplicate"    // an identifier that came before; the first counts
	CodeDangling     Code = "dmd.record.dangling"     // a reference to a record that is not there
	CodeLookup       Code = "dmd.record.lookup"       // a code that the release's list does not have
	CodeFileName     Code = "dmd.release.file-name"   // the name tells no kind or date
	CodeFileTwice    Code = "dmd.release.file-twice"  // two files of one kind; the newer counts
	CodeFileMissing  Code = "dmd.release.missing"     // a file of the main release is not there
	CodeDates        Code = "dmd.release.dates"       // the files are of different days
	CodeArchive      Code = "dmd.release.archive"     // an archive with a bad path, too deep, or not readable
	CodeLimit        Code = "dmd.release.limit"       // sizes or ratios above the limit
	CodeCapped       Code = "dmd.issues.capped"       // more findings of a code than are listed
	CodeUnit         Code = "dmd.order.unit"          // a quantity's unit is not a dm+d unit of measure
	CodeProduct      Code = "dmd.order.product"       // the product is not known or not of a level to prescribe
	CodeDisplay      Code = "dmd.order.display"       // the text differs from the name in dm+d
	CodeQuantity     Code = "dmd.order.quantity"      // the quantity is absent, not above zero or counts packs
	CodeSystem       Code = "dmd.order.system"        // a code system that is none of dm+d's
	CodeWords        Code = "dmd.order.words"         // quantity in words missing or different
	CodeOrderSyntax  Code = "dmd.order.json"          // not JSON, or not of the expected shape
	CodeModifier     Code = "dmd.order.modifier"      // a modifier that is not understood or reverses the meaning
	CodeElement      Code = "dmd.order.element"       // an element that FHIR R4 does not have at this place
	CodeSchedule     Code = "dmd.order.schedule"      // controlled drug schedule missing or not the product's
	CodeConflict     Code = "dmd.order.conflict"      // codes of one medication that name different products
	CodeAge          Code = "dmd.order.release-age"   // the release is older than prescribing allows
	CodeReference    Code = "dmd.order.reference"     // the medication is a reference that was not followed
	CodeInstruction  Code = "dmd.order.instruction"   // a dosage instruction without text
	CodeReplaced     Code = "dmd.order.replaced"      // the identifier has been replaced
	CodeNotPrescribe Code = "dmd.order.prescribable"  // the rules say that it may not be prescribed
	CodeUnitMismatch Code = "dmd.order.unit-mismatch" // the unit is not the product's own
)

// Issue is one finding about a release or an order. It names places and codes;
// it never repeats free text of the input.
type Issue struct {
	Severity  Severity
	Code      Code
	File      string // name in the release, with "!" after an archive it lies in
	Path      string // table, record and field, such as "VPI[12].UDFS"; a JSON path for orders
	Offset    int64  // byte offset in the file, -1 if unknown
	Line, Col int    // 1-based, 0 if unknown
	Clause    string // where the specification says so, may be ""
	Err       error  // what is wrong, in words
}

// Error words the issue with its place, on one line.
func (i Issue) Error() string {
	var b strings.Builder
	if i.File != "" {
		b.WriteString(i.File)
		if i.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", i.Line, i.Col)
		}
		b.WriteString(": ")
	}
	if i.Path != "" {
		b.WriteString(i.Path)
		if i.File == "" && i.Offset >= 0 {
			fmt.Fprintf(&b, " (byte %d)", i.Offset)
		}
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s %s", i.Severity, i.Code)
	if i.Err != nil {
		fmt.Fprintf(&b, ": %v", i.Err)
	}
	if i.Clause != "" {
		fmt.Fprintf(&b, " (%s)", i.Clause)
	}
	return b.String()
}

// Unwrap returns the cause.
func (i Issue) Unwrap() error { return i.Err }

// maxIssues is how many findings of one code in one file are listed by default.
const maxIssues = 100

// problem is what is wrong, in words. A constant one costs nothing until it is
// listed.
type problem string

func (p problem) Error() string { return string(p) }

// issueList collects findings, up to a number of each code, and counts the rest.
// Whoever adds one asks for room first and makes the Issue only if there is some.
type issueList struct {
	list   []Issue
	max    int
	count  []codeCount
	marked []codeCount // what count was at the last mark
}

// mark sets the point that rollback returns to.
func (l *issueList) mark() int {
	l.marked = append(l.marked[:0], l.count...)
	return len(l.list)
}

// rollback forgets what was found since the mark.
func (l *issueList) rollback(mark int) {
	l.list = l.list[:mark]
	l.count = append(l.count[:0], l.marked...)
}

type codeCount struct {
	code Code
	n    int
}

// room counts a finding and reports whether it is to be listed.
func (l *issueList) room(code Code) bool {
	if l.max == 0 {
		l.max = maxIssues
	}
	for i := range l.count {
		if c := &l.count[i]; c.code == code {
			c.n++
			return l.max < 0 || c.n <= l.max
		}
	}
	l.count = append(l.count, codeCount{code, 1})
	return true
}

// result returns the findings, with one more for each code that had too many.
func (l *issueList) result(file string) []Issue {
	out := l.list
	for _, c := range l.count {
		if l.max > 0 && c.n > l.max {
			out = append(out, Issue{
				Severity: Warning, Code: CodeCapped, File: file, Path: string(c.code), Offset: -1,
				Err: fmt.Errorf("%d more of this code are not listed", c.n-l.max),
			})
		}
	}
	return out
}
