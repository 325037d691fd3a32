package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"
)

// console is where a command reads and writes.
type console struct {
	in     io.Reader
	out    *bufio.Writer // results
	err    io.Writer     // progress and diagnostics
	text   bool          // for people, not for machines
	colour bool          // standard output is a terminal
}

// json writes one value as a line of JSON.
func (c *console) json(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// eachInput reads every named input whole ("-" or none is standard input) and
// hands it to fn. An input that cannot be read, and one for which fn returns
// an error other than errFindings, is reported on standard error; the others
// are still processed. The result is the worst of all inputs: an unreadable
// one before findings.
func (c *console) eachInput(names []string, fn func(name string, data []byte) error) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var worst error
	for _, name := range names {
		data, err := c.read(name)
		if err == nil {
			err = fn(name, data)
		}
		var usage usageError
		switch {
		case err == nil:
		case errors.As(err, &usage):
			return err
		case errors.Is(err, errFindings):
			if worst == nil {
				worst = err
			}
		default:
			if !errors.Is(err, errReported) {
				fmt.Fprintf(c.err, "nhskit: %v\n", err)
			}
			worst = errReported
		}
	}
	return worst
}

// read returns the bytes of a file, or of standard input for "-".
func (c *console) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.in)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, plainPathError(name, err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s: is a directory", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, plainPathError(name, err)
	}
	return data, nil
}

// open returns a reader of a file, or standard input for "-".
func (c *console) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(c.in), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, plainPathError(name, err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s: is a directory", name)
	}
	return f, nil
}

// plainPathError words an error of the file system without the system call.
func plainPathError(name string, err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return fmt.Errorf("%s: %w", name, e.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// issue is one finding, as every command prints it.
type issue struct {
	Severity string `json:"severity"` // fatal, error, warning or information
	Code     string `json:"code"`
	Rule     string `json:"rule,omitempty"` // the rule or invariant key, where there is one
	Path     string `json:"path"`
	Offset   int64  `json:"offset"` // -1 where unknown
	Line     int    `json:"line"`
	Col      int    `json:"col"`
	Clause   string `json:"clause"`
	Text     string `json:"text"`
}

func (i issue) isError() bool { return i.Severity == "error" || i.Severity == "fatal" }

// hasErrors reports whether one of the issues is of severity error or fatal.
func hasErrors(issues []issue) bool {
	for _, i := range issues {
		if i.isError() {
			return true
		}
	}
	return false
}

// printIssue prints a finding for people: place, text, and the line of the
// source with a caret under the byte it is about.
func (c *console) printIssue(name string, source []byte, i issue) {
	place := name
	if i.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", name, i.Line, i.Col)
	}
	fmt.Fprintf(c.out, "%s: %s %s", place, c.severity(i.Severity), i.Code)
	if i.Path != "" {
		fmt.Fprintf(c.out, " at %s", i.Path)
	}
	fmt.Fprintf(c.out, ": %s", i.Text)
	if i.Clause != "" {
		fmt.Fprintf(c.out, " (%s)", i.Clause)
	}
	c.out.WriteByte('\n')
	if line, caret, ok := excerpt(source, i.Offset); ok {
		fmt.Fprintf(c.out, "    %s\n    %s%s\n", line, strings.Repeat(" ", caret), c.paint("1;32", "^"))
	}
}

// severity colours a severity on a terminal.
func (c *console) severity(s string) string {
	switch s {
	case "error", "fatal":
		return c.paint("1;31", s)
	case "warning":
		return c.paint("1;33", s)
	}
	return s
}

// paint wraps s in an ANSI colour when standard output is a terminal.
func (c *console) paint(code, s string) string {
	if !c.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// excerpt returns at most 72 columns of the source line around offset, with
// control characters shown as dots, and the caret's column in it.
func excerpt(source []byte, offset int64) (line string, caret int, ok bool) {
	const before, width = 36, 72
	if offset < 0 || offset > int64(len(source)) || len(source) == 0 {
		return "", 0, false
	}
	at := int(offset)
	isEnd := func(b byte) bool { return b == '\r' || b == '\n' }
	start, end := at, at
	for start > 0 && at-start < before && !isEnd(source[start-1]) {
		start--
	}
	for start < at && !utf8.RuneStart(source[start]) {
		start++
	}
	for end < len(source) && end-start < width && !isEnd(source[end]) {
		end++
	}
	for end < len(source) && end > at && !utf8.RuneStart(source[end]) {
		end--
	}
	clean := func(b []byte) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r == utf8.RuneError {
				return '.'
			}
			return r
		}, string(b))
	}
	head := clean(source[start:at])
	return head + clean(source[at:end]), utf8.RuneCountInString(head), true
}
