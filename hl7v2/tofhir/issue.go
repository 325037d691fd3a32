package tofhir

import (
	"fmt"

	"github.com/nhskit/nhskit/hl7v2"
)

// Severity says how bad a finding is.
type Severity uint8

// The severities, from worst to mildest.
const (
	Fatal       Severity = iota // there is no bundle
	Error                       // the bundle misses something that FHIR requires
	Warning                     // a value could not be carried over as it was meant
	Information                 // a choice was made that a reader may want to know
)

// String returns "fatal", "error", "warning" or "information".
func (s Severity) String() string {
	return [...]string{"fatal", "error", "warning", "information"}[s&3]
}

// Code names a kind of finding. Codes are stable; texts are not.
type Code string

// The findings of a conversion.
const (
	CodeStructure Code = "tofhir.structure"     // no table for the message's structure
	CodePlace     Code = "tofhir.place"         // a segment that the structure does not have
	CodeUnmapped  Code = "tofhir.unmapped-code" // a code that the code table does not have
	CodeInvalid   Code = "tofhir.invalid"       // a value that the FHIR type does not allow
	CodeNHSNumber Code = "tofhir.nhs-number"    // a number that is sent as an NHS number and is none
	CodeRefused   Code = "tofhir.refused"       // a row of the tables refuses the message
	CodeRepeats   Code = "tofhir.cardinality"   // repetitions for which FHIR has one place
	CodeLimit     Code = "tofhir.limit"         // more values than are permitted
	CodeTooMany   Code = "tofhir.too-many"      // further findings were left out
)

// Issue is one finding of a conversion. It holds no value of the message, so
// it can be logged.
type Issue struct {
	Severity Severity
	Code     Code
	Path     string // of the v2 element, as in PID-3[2].1
	Offset   int64  // byte offset in the message, -1 if unknown
	Line     int    // 1-based; 0 if unknown
	Col      int    // 1-based, in bytes; 0 if unknown
	Clause   string // the mapping row, as in segments/PID[Patient].csv#16
	Err      error  // cause, may be nil
}

// Error gives path, place and meaning in one line.
func (i Issue) Error() string {
	text := i.Text()
	if i.Clause != "" {
		text += "; " + i.Clause
	}
	if i.Offset >= 0 {
		text = fmt.Sprintf("(byte %d): %s", i.Offset, text)
	}
	switch {
	case i.Path == "":
		return text
	case i.Offset < 0:
		return i.Path + ": " + text
	}
	return i.Path + " " + text
}

// Text gives the meaning alone, for those who print the place themselves.
func (i Issue) Text() string {
	text := issueTexts(i.Code)
	if i.Err != nil {
		text += ": " + i.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (i Issue) Unwrap() error { return i.Err }

func issueTexts(c Code) string {
	switch c {
	case CodeStructure:
		return "there is no mapping table for this message structure"
	case CodePlace:
		return "the message structure has no such segment"
	case CodeUnmapped:
		return "the code is not in the code table"
	case CodeInvalid:
		return "the value is not of the FHIR type"
	case CodeNHSNumber:
		return "not a valid NHS number"
	case CodeRefused:
		return "the mapping table refuses the message"
	case CodeLimit:
		return "a limit is reached"
	case CodeRepeats:
		return "FHIR has one place for what repeats"
	}
	return "further findings were left out"
}

// maxIssues bounds the list of a result.
const maxIssues = 200

// issue records a finding about an element.
func (c *conversion) issue(sev Severity, code Code, at cursor, row int32, cause error) {
	if len(c.issues) >= maxIssues {
		if len(c.issues) == maxIssues {
			c.issues = append(c.issues, Issue{Severity: Warning, Code: CodeTooMany, Offset: -1})
		}
		return
	}
	is := Issue{Severity: sev, Code: code, Offset: -1, Clause: c.origin(row), Err: cause}
	if at.lo < at.hi {
		is.Path = c.path(at.lo)
		is = c.locate(is, c.in.leaves[at.lo].start)
	}
	for i := range c.issues {
		if have := &c.issues[i]; have.Code == code && have.Offset == is.Offset && is.Offset >= 0 {
			return
		}
	}
	c.issues = append(c.issues, is)
}

func (c *conversion) locate(is Issue, offset uint32) Issue {
	at := hl7v2.Issue{Offset: int64(offset)}.Locate(c.in.data)
	is.Offset, is.Line, is.Col = at.Offset, at.Line, at.Col
	return is
}

// origin names the row of a table.
func (c *conversion) origin(row int32) string {
	p := c.conv.program
	switch {
	case row >= 0:
		return p.Text(p.Rows[row].Origin)
	case row <= -2:
		return p.Text(p.Targets[-2-row].Origin)
	}
	return ""
}
