package rf2

import (
	"fmt"
	"strings"
)

// Severity grades an [Issue].
type Severity uint8

// The severities.
const (
	Information Severity = iota
	Warning
	Error
)

// String returns the severity in lower case.
func (s Severity) String() string {
	return [...]string{"information", "warning", "error"}[min(s, Error)]
}

// Code names a kind of finding. Codes are stable.
type Code string

// The findings about files and rows. CodeLineLength, CodeRead and CodeLimit end
// the reading.
const (
	CodeBOM        Code = "rf2.bom"         // a byte order mark at the start, which is skipped
	CodeHeader     Code = "rf2.header"      // a header that does not fit the file name; the file is left out
	CodeColumns    Code = "rf2.columns"     // too few or too many columns
	CodeSCTID      Code = "rf2.sctid"       // not an identifier, or of the wrong kind
	CodeUUID       Code = "rf2.uuid"        // a member id that is not a UUID
	CodeTime       Code = "rf2.time"        // an effective time that is not a date
	CodeActive     Code = "rf2.active"      // an active flag that is neither 0 nor 1
	CodeInteger    Code = "rf2.integer"     // not an integer
	CodeUTF8       Code = "rf2.utf8"        // bytes that are not UTF-8
	CodeLineEnd    Code = "rf2.line-end"    // lines that end in LF alone, reported once per file
	CodeUnfinished Code = "rf2.unfinished"  // the last line has no end
	CodeLineLength Code = "rf2.line-length" // a line above the limit
	CodeRead       Code = "rf2.read"        // the archive or file cannot be read further
	CodeLimit      Code = "rf2.limit"       // a limit on size, ratio or number of files
	CodeModule     Code = "rf2.module"      // a module that another depends on is missing or of another version
	CodeDescriptor Code = "rf2.descriptor"  // the columns of a reference set do not fit its descriptor
	CodeEmpty      Code = "rf2.empty"       // no RF2 file of the wanted release type
)

// Issue is one finding about a release.
type Issue struct {
	Severity Severity
	Code     Code
	Path     string // the file, with the name of the column behind a # if there is one
	Offset   int64  // byte offset in the uncompressed file, -1 if unknown
	Line     int    // 1-based, 0 if the finding is about the whole file
	Col      int    // 1-based column of the table, 0 if unknown
	Clause   string // section of the RF2 file specification
	Err      error  // what was found and what is allowed
}

// Error words the issue with its place, so that an Issue can be returned as
// an error.
func (i *Issue) Error() string {
	var b strings.Builder
	b.WriteString(i.Path)
	if i.Line > 0 {
		fmt.Fprintf(&b, ":%d", i.Line)
	}
	if i.Col > 0 {
		fmt.Fprintf(&b, ", column %d", i.Col)
	}
	fmt.Fprintf(&b, ": %s", i.Code)
	if i.Err != nil {
		fmt.Fprintf(&b, ": %v", i.Err)
	}
	if i.Clause != "" {
		fmt.Fprintf(&b, " (RF2 %s)", i.Clause)
	}
	return b.String()
}

// Unwrap returns the cause.
func (i *Issue) Unwrap() error { return i.Err }
