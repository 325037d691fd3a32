package hl7v2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// maxIssues is how many findings Check lists before it says that there are
// more.
const maxIssues = 200

// Check returns what is wrong with the message on the wire: its header and
// encoding characters, terminators, segment ids, padding, control characters,
// escape sequences, the header fields that every message needs, and the
// limits of Parser. Whether the values are right for their segments and data
// types is a question for package hl7v2/schema.
//
// With strict, deviations that lenient reading tolerates are errors and not
// warnings. The findings are in the order of the message, at most 200 and a
// CodeTooMany, which has the severity of the worst that is left out. The message
// is examined anew at each call, in linear time.
func (m *Message) Check(strict bool) []Issue { return m.CheckExcept(strict, nil) }

// CheckExcept is Check without the findings that skip is true for. They do not
// count among the 200. A nil skip leaves nothing out.
func (m *Message) CheckExcept(strict bool, skip func(code Code, path string) bool) []Issue {
	if !m.Valid() {
		return nil
	}
	l := &m.parser.Limits
	c := checker{m: m, strict: strict, skip: skip, splits: min(limit(l.Repetitions, 5000), limit(l.Components, 1000), limit(l.Subcomponents, 1000))}
	return c.check()
}

// check returns all findings.
func (c *checker) check() []Issue {
	m := c.m
	c.around()
	c.header()
	for i := range m.Len() {
		c.segment(Segment{m, int32(i)})
	}
	c.trailing()
	return c.issues
}

// strictError returns the first error that a strict check finds, or nil.
func (m *Message) strictError() error {
	for _, i := range m.Check(true) {
		if i.Severity <= Error {
			return i
		}
	}
	return nil
}

type checker struct {
	m      *Message
	strict bool
	skip   func(Code, string) bool
	issues []Issue
	lines  lineCounter
	paths  Locator
	ending string // the last terminator reported

	// Segments with fewer delimiters than splits, which can cross no limit, are
	// passed over where nothing in their bytes can be a finding.
	splits int
}

// lineCounter finds lines of ascending offsets in linear time.
type lineCounter struct {
	line, start int
}

func (l *lineCounter) position(data []byte, at int) (line, col int) {
	if at < l.start || l.line == 0 {
		*l = lineCounter{line: 1}
	}
	n, col := position(data[l.start:], at-l.start)
	l.line += n - 1
	l.start = at - (col - 1)
	return l.line, col
}

// add reports a deviation at a value.
func (c *checker) add(code Code, v Value, at int, clause string, format string, args ...any) {
	c.report(c.deviation(), code, v, at, clause, fmt.Errorf(format, args...))
}

// deviation is the severity of a deviation: a warning to lenient readers, an
// error to strict ones.
func (c *checker) deviation() Severity {
	if c.strict {
		return Error
	}
	return Warning
}

func (c *checker) report(severity Severity, code Code, v Value, at int, clause string, err error) {
	if c.skip == nil && c.full(severity) {
		return
	}
	c.reportAt(severity, code, c.paths.Path(v), at, clause, err)
}

// reportAt is report for an element that need not stand in the message.
func (c *checker) reportAt(severity Severity, code Code, path string, at int, clause string, err error) {
	switch {
	case c.skip != nil && c.skip(code, path), c.full(severity):
		return
	case len(c.issues) == maxIssues:
		code, path, clause, err = CodeTooMany, "", "", errTooMany
	}
	i := Issue{Severity: severity, Code: code, Path: path, Offset: int64(at), Clause: clause, Err: err}
	i.Line, i.Col = c.lines.position(c.m.data, at)
	c.issues = append(c.issues, i)
}

// full reports whether no more findings are listed. The last issue then has the
// severity of the worst that is left out.
func (c *checker) full(severity Severity) bool {
	if len(c.issues) <= maxIssues {
		return false
	}
	last := &c.issues[maxIssues]
	last.Severity = min(last.Severity, severity)
	return true
}

var (
	errTooMany  = errors.New("more findings than are listed: the rest is left out")
	errStray    = errors.New("text outside any message: no MSH stands before it")
	errC1       = errors.New("bytes of 80 to 9F are no characters of 8859/1: the sender means Windows-1252, most likely")
	errRequired = errors.New("a header field that every message needs is empty")
)

// around looks at what stands before the message.
func (c *checker) around() {
	m := c.m
	switch before := m.data[:m.begin]; {
	case len(before) == 0:
	case before[0] == 0xef:
		c.add(CodeHeader, Value{}, 0, "2.14.9", "a byte order mark stands before MSH")
	default:
		c.add(CodeHeader, Value{}, 0, "2.14.9", "%d bytes stand before MSH", len(before))
	}
}

// trailing looks at what stands behind the last segment.
func (c *checker) trailing() {
	m := c.m
	for i, b := range m.data[m.end:] {
		if b != '\r' && b != '\n' {
			c.add(CodeTrailingBytes, Value{}, m.end+i, "2.5.2", "%d bytes of padding stand behind the last segment", len(m.data)-m.end-i)
			return
		}
	}
}

// header looks at MSH.
func (c *checker) header() {
	m, msh := c.m, c.m.SegmentAt(0)
	enc := msh.Field(2)
	version := msh.Field(12).Component(1)
	known, truncates := versionOf(version)
	switch n := len(enc.Raw()); {
	case n < 4:
		c.add(CodeEncodingCharacters, enc, enc.Offset(), "2.14.9.2", "MSH-2 declares %d of the four encoding characters", n)
	case m.delims.Truncation == 0 && n > 4 || n > 5:
		c.add(CodeEncodingCharacters, enc, enc.Offset(), "2.14.9.2", "MSH-2 has %d characters: four, or five with the truncation character", n)
	case n == 5 && known && !truncates:
		c.add(CodeEncodingCharacters, enc, enc.Offset(), "2.14.9.2", "the truncation character exists from version 2.7 on, this message is %s", version.Text())
	}
	for _, n := range [...]int{9, 10, 11, 12} {
		if f := msh.Field(n); f.State() != Present {
			at := f.Offset()
			if at < 0 {
				_, end, _, _ := msh.span()
				at = int(end)
			}
			c.reportAt(c.deviation(), CodeRequired, fmt.Sprintf("MSH-%d", n), at, "2.14.9", errRequired)
		}
	}
	if cs := msh.Field(18).Rep(1).Component(1); cs.State() == Present && (m.charset == UnknownCharset || m.charset == CNS11643) {
		c.add(CodeCharset, cs, cs.Offset(), "2.14.9.18", "MSH-18 names no character set that can be read")
	}
	if version.State() == Present && !known {
		c.add(CodeVersion, version, version.Offset(), "2.14.9.12", "MSH-12 names no version of HL7 v2")
	}
}

// versionOf reports whether a value is a version of HL7 v2, and whether it is
// one with the truncation character.
func versionOf(v Value) (known, truncates bool) {
	var buf [8]byte
	name := v.AppendText(buf[:0])
	return KnownVersion(string(name)), KnownVersion(string(name)) && versionAtLeast(string(name), "2.7")
}

// Versions of HL7 v2, oldest first.
const versions = " 2.0 2.0D 2.1 2.2 2.3 2.3.1 2.3.2 2.4 2.5 2.5.1 2.6 2.7 2.7.1 2.8 2.8.1 2.8.2 2.9 2.9.1 "

// KnownVersion reports whether a text of MSH-12.1 is a version of HL7 v2 that
// was published, from 2.0 to 2.9.1.
func KnownVersion(name string) bool {
	return name != "" && !strings.Contains(name, " ") && strings.Contains(versions, " "+name+" ")
}

// versionAtLeast compares two known versions.
func versionAtLeast(name, least string) bool {
	return strings.Index(versions, " "+name+" ") >= strings.Index(versions, " "+least+" ")
}

// segment looks at one segment.
func (c *checker) segment(s Segment) {
	m := c.m
	x := &m.index
	start, end, lo, hi := s.span()
	line := start
	for line > 0 && isBlank(m.data[line-1]) && m.data[line-1] != '\n' {
		line--
	}
	if line < start && int(start) > m.begin {
		c.add(CodeSegmentID, Value{}, int(line), "2.5.1", "the segment id is indented")
	}
	if id := s.id(); !isSegmentID(id) {
		c.add(CodeSegmentID, Value{}, int(start), "2.5.1", "a segment id is a capital letter and two capital letters or digits, this one has %d bytes", len(id))
	}
	limits := &m.parser.Limits
	c.limit(func() string { return c.paths.SegmentPath(s) }, int(start), "fields", int(hi-lo), limit(limits.Fields, 5000))

	// The leaves lie between the marks.
	first := x.fields[lo]
	leaf := x.marks[first].at() + 1
	next := first + 1
	if s.isHeaderSegment() { // MSH-2 is no text
		leaf, next = x.marks[next].at()+1, next+1
	}
	last := x.fields[hi]
	if next <= last && int(last-next) < c.splits && m.unremarkable(leaf, end) {
		c.terminator(int(end))
		return
	}
	reps, comps, subs := 1, 1, 1
	for ; next <= last; next++ {
		mark := x.marks[next]
		at := mark.at()
		if leaf < at {
			c.leaf(Value{m: m, lo: next, hi: next, start: leaf, end: at, level: levelLeaf})
		}
		leaf = at + 1
		switch mark & kindMask {
		case kindSubcomponent:
			subs++
			continue
		case kindComponent:
			comps++
		case kindRepetition:
			reps++
		}
		path := func() string { // of the field that ends here or holds it
			return c.paths.Path(Value{m: m, start: at, end: at, level: levelField})
		}
		c.limit(path, int(at), "subcomponents", subs, limit(limits.Subcomponents, 1000))
		subs = 1
		if mark&kindMask != kindComponent {
			c.limit(path, int(at), "components", comps, limit(limits.Components, 1000))
			comps = 1
		}
		if mark&1 != 0 {
			c.limit(path, int(at), "repetitions", reps, limit(limits.Repetitions, 5000))
			reps = 1
		}
	}
	c.terminator(int(end))
}

// unremarkable reports whether the bytes from one offset to another are all
// printable ASCII without an escape character, so that no leaf among them needs
// a look of its own.
func (m *Message) unremarkable(from, to uint32) bool {
	b := m.data[from:to]
	escape := uint64(m.delims.Escape) * ones
	if escape == 0 {
		escape = 0x7f * ones
	}
	word := func(w uint64) bool {
		e, d := w^escape, w^0x7f*ones
		return ^((w&low7+0x60*ones)&(e&low7+low7|e)&(d&low7+low7|d))&highs|w&highs == 0
	}
	for ; len(b) >= 8; b = b[8:] {
		if !word(binary.LittleEndian.Uint64(b)) {
			return false
		}
	}
	last := uint64(' ' * ones)
	for _, c := range b {
		last = last<<8 | uint64(c)
	}
	return word(last)
}

func (c *checker) limit(path func() string, at int, what string, have, limit int) {
	if have > limit {
		c.reportAt(c.deviation(), CodeLimit, path(), at, "", fmt.Errorf("%d %s are more than the limit of %d", have, what, limit))
	}
}

// terminator looks at what ends the segment. One issue stands for a run of
// segments that end alike.
func (c *checker) terminator(at int) {
	m := c.m
	if at >= m.end {
		at = m.end
	}
	to := at
	for to < len(m.data) && (m.data[to] == '\r' || m.data[to] == '\n') {
		to++
	}
	kind := ""
	switch string(m.data[at:min(to, at+3)]) {
	case "", "\r":
		c.ending = ""
		return
	case "\n":
		kind = "LF"
		if to < m.end && !startsSegment(m.data[to:m.end]) && endsInCR(m.data[m.begin:m.end]) {
			return // a line feed inside a value, reported as a segment id
		}
	case "\r\n":
		kind = "CRLF"
	default:
		kind = "blank lines"
	}
	if kind != c.ending {
		c.ending = kind
		c.add(CodeTerminator, Value{}, at, "2.5.2", "segments end in %s here: the standard has CR alone", kind)
	}
}

func isSegmentID(id []byte) bool {
	if len(id) != 3 || id[0] < 'A' || id[0] > 'Z' {
		return false
	}
	for _, c := range id[1:] {
		if !('A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}

// leaf looks at one innermost value.
func (c *checker) leaf(v Value) {
	m, raw := c.m, v.Raw()
	if at := c.lineFeed(v); at >= 0 {
		c.add(CodeTerminator, v, int(v.start)+at, "2.5.2", "a segment ends in LF here: the standard has CR alone")
	}
	if at := controlCharacter(raw); at >= 0 {
		c.add(CodeControlCharacter, v, int(v.start)+at, "2.5.4", "control character %#02x in a value", raw[at])
	}
	if !isASCII(raw) {
		if _, ok := m.charset.appendDecoded(nil, raw); !ok {
			c.add(CodeCharset, v, int(v.start)+firstHigh(raw), "2.14.9.18", "%w", ErrCharset)
		} else if m.charset == Latin1 && hasC1(raw) {
			c.report(Warning, CodeC1Control, v, int(v.start)+firstHigh(raw), "2.14.9.18", errC1)
		}
	}
	if e := m.delims.Escape; e != 0 && bytes.IndexByte(raw, e) >= 0 && !m.charset.hidesDelimiters() {
		for at := 0; at < len(raw); {
			n := bytes.IndexByte(raw[at:], e)
			if n < 0 {
				break
			}
			at += n
			s := m.delims.sequence(raw[at:])
			if s.kind == notASequence {
				c.add(CodeEscape, v, int(v.start)+at, "2.7", "%w", ErrEscape)
				if len(c.issues) > maxIssues {
					return // as all others of this value would be
				}
			}
			at += len(s.raw)
		}
	}
}

// firstHigh returns the offset of the first byte above 7F.
func firstHigh(b []byte) int {
	return max(0, bytes.IndexFunc(b, func(r rune) bool { return r >= 0x80 }))
}

// lineFeed returns the offset of a line feed in a value that is meant as the
// end of a segment, or -1. Only a message in which CR alone ends segments has
// line feeds in values, where they are data as long as text follows.
func (c *checker) lineFeed(v Value) int {
	raw, rest := v.Raw(), c.m.data[v.start:c.m.end]
	for at := 0; ; at++ {
		n := bytes.IndexByte(raw[at:], '\n')
		if n < 0 {
			return -1
		}
		if at += n; at == 0 || at == len(raw)-1 || startsSegment(rest[at+1:]) {
			return at
		}
	}
}

// startsSegment reports whether data begins like a segment: an id and a
// delimiter.
func startsSegment(data []byte) bool {
	return len(data) > 3 && isSegmentID(data[:3]) && delimiterAllowed(data[3])
}

// controlCharacter returns the offset of the first control character other
// than tab and, in a message that allows it, line feed; or -1.
func controlCharacter(b []byte) int {
	for i := range b {
		if c := b[i]; c < ' ' && c != '\t' && c != '\n' || c == 0x7f {
			return i
		}
	}
	return -1
}
