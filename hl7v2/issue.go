package hl7v2

import (
	"bytes"
	"fmt"
	"strings"
)

// Severity says how bad a finding is.
type Severity uint8

// The severities, from worst to mildest.
const (
	Fatal   Severity = iota // the message cannot be read
	Error                   // the message contradicts the standard
	Warning                 // tolerated, but another reader may refuse it
	Information
)

// String returns "fatal", "error", "warning" or "information".
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

// Code names a kind of finding. Codes are stable; the text of an Issue is not.
type Code string

// The findings of the wire layer.
const (
	CodeEmpty              Code = "hl7v2.empty"               // no bytes but blanks
	CodeHeader             Code = "hl7v2.header"              // does not begin with a readable MSH
	CodeEncodingCharacters Code = "hl7v2.encoding-characters" // MSH-2 is ambiguous or not of this version
	CodeMultipleMessages   Code = "hl7v2.multiple-messages"   // a second MSH in one message
	CodeTerminator         Code = "hl7v2.terminator"          // a segment that does not end in CR alone
	CodeSegmentID          Code = "hl7v2.segment-id"          // not a letter and two letters or digits, or indented
	CodeTrailingBytes      Code = "hl7v2.trailing-bytes"      // padding behind the last segment
	CodeControlCharacter   Code = "hl7v2.control-character"   // a control character inside a value
	CodeEscape             Code = "hl7v2.escape"              // an unknown, malformed or unclosed escape sequence
	CodeRequired           Code = "hl7v2.required"            // a header field that every message needs
	CodeVersion            Code = "hl7v2.version"             // MSH-12 names no known version
	CodeCharset            Code = "hl7v2.charset"             // bytes that are not in the declared character set
	CodeC1Control          Code = "hl7v2.c1-control"          // bytes 80 to 9F in 8859/1: mostly Windows-1252
	CodeLimit              Code = "hl7v2.limit"               // a limit was crossed
	CodeTooMany            Code = "hl7v2.too-many"            // further findings were left out
	CodePath               Code = "hl7v2.path"                // not a path, or not one that can be written
	CodeDataType           Code = "hl7v2.datatype"            // a value that is not of its data type
)

// Issue is one finding about a message. It never holds a value of the
// message, so it can be logged.
type Issue struct {
	Severity Severity
	Code     Code
	Path     string // the element as in PID-3[2].1; empty where there is none
	Offset   int64  // byte offset in the input, -1 if unknown
	Line     int    // 1-based, counting CR, LF and CRLF as line ends; 0 if unknown
	Col      int    // 1-based, in bytes; 0 if unknown
	Clause   string // where HL7 v2 says so, such as "2.5.4"; with the document's name for the codes of other packages
	Err      error  // what was found and what was wanted
}

// Error gives path, place and cause in one line. It is a method of the value,
// so that errors.AsType[hl7v2.Issue](err) finds the issue of a failed Parse.
func (i Issue) Error() string {
	b := make([]byte, 0, 96)
	b = append(b, i.Path...)
	if i.Offset >= 0 {
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = fmt.Appendf(b, "(byte %d)", i.Offset)
	}
	if len(b) > 0 {
		b = append(b, ": "...)
	}
	if i.Err != nil {
		b = append(b, i.Err.Error()...)
	} else {
		b = append(b, i.Code...)
	}
	if i.Clause != "" {
		standard := ""
		if strings.HasPrefix(string(i.Code), "hl7v2.") {
			standard = "HL7 v2 "
		}
		b = fmt.Appendf(b, " (%s%s)", standard, i.Clause)
	}
	return string(b)
}

// Unwrap returns the cause.
func (i Issue) Unwrap() error { return i.Err }

// Locate fills Line and Col from Offset in the bytes that Offset counts in.
func (i Issue) Locate(data []byte) Issue {
	if i.Offset < 0 || i.Offset > int64(len(data)) {
		return i
	}
	i.Line, i.Col = position(data, int(i.Offset))
	return i
}

// position returns the 1-based line and column of an offset, in linear time.
func position(data []byte, at int) (line, col int) {
	next := func(c byte, from int) int {
		if n := bytes.IndexByte(data[from:at], c); n >= 0 {
			return from + n
		}
		return at
	}
	line, start := 1, 0
	cr, lf := next('\r', 0), next('\n', 0)
	for cr < at || lf < at {
		end := min(cr, lf) + 1
		if cr < lf && end < len(data) && data[end] == '\n' {
			if end == at { // the LF of a CRLF belongs to the line it ends
				break
			}
			end++
		}
		line, start = line+1, end
		if cr < start {
			cr = next('\r', start)
		}
		if lf < start {
			lf = next('\n', start)
		}
	}
	return line, at - start + 1
}
