package optout

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// WorkflowID is the MESH workflow of the "check for national data opt-outs"
// service.
const WorkflowID = "SPINE_NTT_UPHOLDING"

// Codes of the findings about request and response files.
const (
	CodeEmpty       = "EMPTY_FILE"
	CodeDelimiter   = "MISSING_DELIMITER"
	CodeColumns     = "COLUMN_COUNT"
	CodeCheckDigit  = "NHS_NUMBER_CHECK_DIGIT"
	CodeFormat      = "NHS_NUMBER_FORMAT"
	CodeLength      = "NHS_NUMBER_LENGTH"
	CodeDuplicate   = "DUPLICATE"       // a warning
	CodeBOM         = "BYTE_ORDER_MARK" // a warning
	CodeNoNewline   = "NO_FINAL_NEWLINE"
	CodeStranger    = "NOT_IN_REQUEST"
	CodeNoResponse  = "EMPTY_RESPONSE"
	CodeRejected    = "SERVICE_REJECTED"
	CodeTruncated   = "TRUNCATED_LINE"
	CodeBadRequest  = "REQUEST_INVALID"
	meshClause      = "check for national data opt-outs: file format"
	numbersOnALine  = 10
	lineEndsUnclear = "mixed"
)

// Request is a file of numbers to be checked. Its String shows none of them.
type Request struct {
	Numbers []nhsnumber.Number // in the order of the file, with repetitions
	Unique  int
	// LineEnd is "LF", "CRLF", "mixed", or "" for a file without one.
	LineEnd string
}

// String says how many numbers the request has.
func (r *Request) String() string { return strconv.Itoa(len(r.Numbers)) + " numbers to check" }

// ReadOptions changes how request and response files are read.
type ReadOptions struct {
	// Lenient accepts lines without the comma, with a warning for each.
	Lenient bool
}

// AppendRequest appends a request file for some numbers: each with a comma on
// its own line. The published format ends lines with LF; some integrators
// write CR LF, which the service is said to take too.
func AppendRequest(dst []byte, numbers []nhsnumber.Number, crlf bool) ([]byte, error) {
	for _, n := range numbers {
		if n.IsZero() {
			return dst, errNoNumber
		}
		dst, _ = n.AppendText(dst)
		if dst = append(dst, ','); crlf {
			dst = append(dst, '\r')
		}
		dst = append(dst, '\n')
	}
	return dst, nil
}

// ReadRequest reads a request file. A file with findings of severity error
// must not be sent: the service rejects it as a whole. Lines that can be read
// are returned all the same. The issues are at most 1000.
func ReadRequest(data []byte, o ReadOptions) (*Request, []consent.Issue) {
	r := &Request{}
	f := meshFile{}
	if len(data) == 0 {
		f.issue(consent.Error, 0, 0, CodeEmpty, "the file is empty", nil)
		return r, f.issues
	}
	seen := make(map[nhsnumber.Number]struct{})
	f.lines(data, o, func(line, offset int, n nhsnumber.Number) {
		r.Numbers = append(r.Numbers, n)
		if _, again := seen[n]; again {
			f.issue(consent.Warning, line, offset, CodeDuplicate, "a number appears twice", nil)
		}
		seen[n] = struct{}{}
	})
	r.Unique, r.LineEnd = len(seen), f.lineEnd
	return r, f.issues
}

// meshFile collects findings about a file.
type meshFile struct {
	issues  []consent.Issue
	lineEnd string
	stopped bool
}

func (f *meshFile) issue(s consent.Severity, line, offset int, code, text string, err error) {
	const most = 1000
	switch {
	case len(f.issues) < most-1:
		col := 1
		if line == 0 {
			col = 0
		}
		f.issues = append(f.issues, consent.Issue{Severity: s, Code: code, Path: "line " + strconv.Itoa(line), Offset: int64(offset), Line: line, Col: col, Clause: meshClause, Text: text, Err: err})
	case len(f.issues) == most-1:
		f.issues = append(f.issues, consent.Issue{Code: "optout.too-many", Offset: -1, Text: "further findings were left out"})
	}
}

// lines reads the lines of a file. What is wrong with the format as such, a
// missing comma, ends it: the following lines have the same fault.
func (f *meshFile) lines(data []byte, o ReadOptions, fn func(line, offset int, n nhsnumber.Number)) {
	at := 0
	if bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")) {
		f.issue(consent.Warning, 1, 0, CodeBOM, "the file begins with a byte order mark", nil)
		at = 3
	}
	for line := 1; at < len(data) && !f.stopped; line++ {
		text, next := data[at:], len(data)
		end := ""
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text, next, end = text[:i], at+i+1, "LF"
		} else {
			f.issue(consent.Warning, line, at, CodeNoNewline, "the last line has no line end", nil)
		}
		if t, ok := bytes.CutSuffix(text, []byte{'\r'}); ok {
			text, end = t, "CRLF"
		}
		if end != "" && f.lineEnd != "" && f.lineEnd != end {
			end = lineEndsUnclear
		}
		if end != "" {
			f.lineEnd = end
		}
		f.line(text, line, at, o, fn)
		at = next
	}
}

func (f *meshFile) line(text []byte, line, offset int, o ReadOptions, fn func(line, offset int, n nhsnumber.Number)) {
	number, rest, comma := bytes.Cut(text, []byte{','})
	switch {
	case !comma && o.Lenient:
		f.issue(consent.Warning, line, offset, CodeDelimiter, "no comma behind the number", nil)
	case !comma:
		f.issue(consent.Error, line, offset, CodeDelimiter, "no comma behind the number", nil)
		f.stopped = true
		return
	case len(rest) > 0:
		f.issue(consent.Error, line, offset, CodeColumns, "more than one column", nil)
		return
	}
	if len(bytes.Trim(number, "0123456789")) > 0 {
		f.issue(consent.Error, line, offset, CodeFormat, "ten digits without anything between are due", nil)
		return
	}
	if len(number) != numbersOnALine {
		f.issue(consent.Error, line, offset, CodeLength, "a number of ten digits is due", nil)
		return
	}
	n, err := nhsnumber.ParseBytes(number)
	if err != nil {
		f.issue(consent.Error, line, offset, CodeCheckDigit, "the check digit is wrong", err)
		return
	}
	fn(line, offset, n)
}

// Checked is what a response says of a request. A number is in exactly one of
// the three lists, which keep the request's order without repetitions.
type Checked struct {
	Clear    []nhsnumber.Number
	OptedOut []nhsnumber.Number
	Unknown  []nhsnumber.Number
}

// errNotTrusted is the cause of findings that make a response unusable.
var errNotTrusted = errors.New("optout: the response cannot be trusted")

// Match reads a response beside its request. The service returns the numbers
// that have not opted out, in any order; one that it does not return has. That
// holds only for a whole answer to this very request: an empty file, a message
// instead of numbers, a truncated line or a number that was not asked for
// leaves every number Unknown, never clear and never opted out.
func Match(request *Request, response []byte) (Checked, []consent.Issue) {
	f := meshFile{}
	asked := make(map[nhsnumber.Number]bool, len(request.Numbers))
	for _, n := range request.Numbers {
		asked[n] = false
	}
	fail := func(line, offset int, code, text string) {
		f.issue(consent.Error, line, offset, code, text, errNotTrusted)
	}
	switch {
	case len(request.Numbers) == 0:
		fail(0, 0, CodeBadRequest, "the request has no numbers")
	case len(response) == 0:
		fail(0, 0, CodeNoResponse, "the response is empty: everybody opted out, or it failed")
	case isMessage(response):
		fail(1, 0, CodeRejected, "the service answered with a message instead of numbers: it rejected the request")
	default:
		f.response(response, asked)
	}
	var out Checked
	trusted := true
	for _, i := range f.issues {
		trusted = trusted && i.Severity != consent.Error
	}
	done := make(map[nhsnumber.Number]struct{}, len(asked))
	for _, n := range request.Numbers {
		if _, again := done[n]; again {
			continue
		}
		done[n] = struct{}{}
		switch {
		case !trusted:
			out.Unknown = append(out.Unknown, n)
		case asked[n]:
			out.Clear = append(out.Clear, n)
		default:
			out.OptedOut = append(out.OptedOut, n)
		}
	}
	return out, f.issues
}

// isMessage reports whether a file is one line of words.
func isMessage(data []byte) bool {
	line := strings.TrimRight(string(data[:min(len(data), 200)]), "\r\n")
	return line != "" && !strings.ContainsAny(line, "\n") && strings.ContainsFunc(line, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' })
}

// response marks the numbers that a response has.
func (f *meshFile) response(data []byte, asked map[nhsnumber.Number]bool) {
	whole := data
	if i := bytes.LastIndexByte(data, '\n'); i+1 < len(data) {
		// The last line has no end. A whole number with its comma may be
		// the end of the file; anything else was cut off.
		tail := data[i+1:]
		if len(tail) != numbersOnALine+1 || tail[numbersOnALine] != ',' {
			line := bytes.Count(data, []byte{'\n'}) + 1
			f.issue(consent.Error, line, i+1, CodeTruncated, "the last line is cut off", errNotTrusted)
			whole = data[:i+1]
		}
	}
	f.lines(whole, ReadOptions{}, func(line, offset int, n nhsnumber.Number) {
		if _, ok := asked[n]; !ok {
			f.issue(consent.Error, line, offset, CodeStranger, "a number that was not asked for", errNotTrusted)
			return
		}
		asked[n] = true
	})
}
