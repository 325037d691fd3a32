package consent

import (
	"fmt"
	"strings"
)

// Severity says how bad a finding is.
type Severity uint8

// The severities, from worst to mildest.
const (
	Error Severity = iota // the input may not be used
	Warning
	Information
)

// String returns "error", "warning" or "information".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	}
	return "information"
}

// Issue is one finding about an input: a record, a policy, a request. It never
// holds a value of the input, only names and what is allowed.
type Issue struct {
	Severity  Severity
	Code      string // stable, e.g. "consent.record.enum"
	Path      string // JSON Pointer of what is wrong: "/effective/from"
	Offset    int64  // byte offset in the input, -1 if unknown
	Line, Col int    // 1-based, 0 if unknown
	Clause    string // of the schema or policy that says so
	Text      string // for people; may change
	Err       error  // cause, may be nil
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

// InputError is what the readers of this package return for an input that
// they refuse.
//
//	if e, ok := errors.AsType[*consent.InputError](err); ok { report(e.Issues) }
type InputError struct {
	Issues []Issue // at least one; at most 100, the last of which then says so
}

// Error describes the first finding and counts the others.
func (e *InputError) Error() string {
	if len(e.Issues) == 0 {
		return "consent: refused"
	}
	text := "consent: " + e.Issues[0].String()
	if n := len(e.Issues) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// maxIssues caps the findings about one input.
const maxIssues = 100

// issueList collects findings up to the cap.
type issueList []Issue

func (l *issueList) add(i Issue) {
	switch {
	case len(*l) < maxIssues-1:
		*l = append(*l, i)
	case len(*l) == maxIssues-1:
		*l = append(*l, Issue{Code: "consent.too-many", Offset: -1, Text: "further findings were left out"})
	}
}

func (l issueList) err() error {
	for _, i := range l {
		if i.Severity == Error {
			return &InputError{Issues: l}
		}
	}
	return nil
}

// lineCol returns the line and column, both from 1, of a byte offset.
func lineCol(data []byte, offset int) (line, col int) {
	line, col = 1, 1
	for _, c := range data[:min(offset, len(data))] {
		switch {
		case c == '\n':
			line, col = line+1, 1
		case c&0xC0 != 0x80:
			col++
		}
	}
	return line, col
}
