package hl7v2

import (
	"errors"
	"slices"
)

// Recoded returns the message in other delimiters and another character set,
// which MSH-18 of the copy declares. Text, formatting and nulls are the same.
// With a parser whose Fallback reads what a sender with a lying MSH-18 means,
// it repairs the message for good:
//
//	m, err := hl7v2.Parser{Fallback: hl7v2.Windows1252}.Parse(data)
//	...
//	fixed, err := m.Recoded(m.Delimiters(), hl7v2.UTF8)
//
// Text that the set cannot hold is an error, as is a level of delimiters that
// d does not have. The segments end in CR.
func (m *Message) Recoded(d Delimiters, to Charset) (*Message, error) {
	out := new(Message)
	head := append(append([]byte("MSH"), d.Field), d.Encoding()...)
	if err := (Parser{Limits: m.parser.Limits}).ParseInto(out, append(head, '\r')); err != nil {
		return nil, err
	}
	out.owned = true
	if to.isUTF8() {
		to = UTF8 // the bytes of a narrow message
	}
	out.charset = to
	body := append([]byte(nil), head...)
	for s := range m.Segments("") {
		if s.Index() > 0 {
			body = append(body, s.id()...)
		}
		for n, f := range s.Fields() {
			if s.isHeaderSegment() && n <= 2 {
				continue
			}
			body = append(body, d.Field)
			if s.isHeaderSegment() && n == 18 && f.State() == Present {
				body = append(body, d.escapedCode(to)...)
				continue
			}
			var err error
			if body, err = out.appendCopy(body, f); err != nil {
				return nil, err
			}
		}
		body = append(body, '\r')
	}
	if err := (Parser{Limits: m.parser.Limits}).ParseInto(out, body); err != nil {
		return nil, err
	}
	out.owned = true
	if out.charset != to && to != Undeclared {
		if err := out.Set("MSH-18", to.String()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// escapedCode is the code of a set as it must stand in MSH-18.
func (d Delimiters) escapedCode(c Charset) []byte { return d.EscapeText([]byte(c.String())) }

// Repair is a set of rules for what known senders do wrong. They are applied
// on request only, each by its name; no rule touches a byte that it is not
// about.
type Repair uint16

// The rules. Text fields are OBX-5 of the types ST, TX and FT, and NTE-3.
const (
	// RepairTerminators ends every segment in CR and drops blank lines,
	// indentation, and what stands around the message: byte order marks, the
	// bytes of frames, NULs.
	RepairTerminators Repair = 1 << iota

	// RepairContinuations joins a line that begins with no segment id to the
	// value that the line before it ends in, with \.br\ between: text with raw
	// line ends in it. A lone escape character in that value is escaped. Where
	// CR alone ends a segment, a line feed in a value becomes \.br\.
	RepairContinuations

	// RepairEscapes writes \E\ for every escape character that begins no
	// escape sequence, as in C:\TEMP.
	RepairEscapes

	// RepairEncodingCharacters completes an MSH-2 of fewer than four
	// characters with the usual ones, and escapes them in the values, where
	// they were text so far; and it drops a backslash that some other escaping
	// doubled, a truncation character before version 2.7, and what stands
	// behind it.
	RepairEncodingCharacters

	// RepairDoubleEscapes reads sequences whose escape characters were
	// themselves escaped, as in \E\X09\E\ or \E\.br\E\. Only those for
	// characters by their code and for formatting: C:\F\x escaped is no such
	// thing.
	RepairDoubleEscapes

	// RepairTextDelimiters escapes component and subcomponent delimiters in
	// text fields, as in R&D, without which text is lost to readers that take
	// the first component. Repetitions stay.
	RepairTextDelimiters

	// RepairLineBreaks writes \.br\ for what stands for a line break in text
	// fields: <BR> in its spellings, and CR, LF or both by their codes, as in
	// \X0D\\X0A\ or \X000d\.
	RepairLineBreaks

	// RepairCodePoints writes characters for hexadecimal sequences that hold
	// UTF-16, as in \X00E0\: those of an even number of bytes that as bytes
	// would be control characters. What the message's character set cannot
	// hold stays.
	RepairCodePoints

	// RepairControlCharacters writes control characters in values by their
	// codes, as in \X1C\, but for tabs and line feeds.
	RepairControlCharacters

	// RepairCharset makes MSH-18 say what the bytes are: UNICODE UTF-8 where
	// nothing, ASCII or a set of one byte to a character is declared, and all
	// bytes beyond ASCII are valid UTF-8; and the code of table 0211 for names
	// such as UTF-8 and ISO-8859-1. Bytes that are in no such set are mended
	// by Recoded.
	RepairCharset
)

// repairRules are the rules in the order in which they are applied, with their
// names in codes of findings, and what each says that it has done.
var repairRules = [...]struct {
	rule Repair
	name Code
	did  error
	find func(m *Message, edit func(start, end int, with string))
}{
	{RepairEncodingCharacters, "encoding-characters", errors.New("MSH-2 was completed or cut to the characters of its version"), (*Message).repairEncodingCharacters},
	{RepairContinuations, "continuations", errors.New("a line was joined to the value before it"), (*Message).repairContinuations},
	{RepairTerminators, "terminators", errors.New("what stood between, before or behind segments became one CR, or nothing"), (*Message).repairTerminators},
	{RepairDoubleEscapes, "double-escapes", errors.New("an escaped escape character of a sequence was read"), (*Message).repairDoubleEscapes},
	{RepairTextDelimiters, "text-delimiters", errors.New("a delimiter in text was escaped"), (*Message).repairTextDelimiters},
	{RepairLineBreaks, "line-breaks", errors.New("a line break was written as formatted text has it"), (*Message).repairLineBreaks},
	{RepairCodePoints, "code-points", errors.New("a character by its code in UTF-16 was written as it is"), (*Message).repairCodePoints},
	{RepairEscapes, "escapes", errors.New("a lone escape character was escaped"), (*Message).repairEscapes},
	{RepairControlCharacters, "control-characters", errors.New("a control character was written by its code"), (*Message).repairControlCharacters},
	{RepairCharset, "charset", errors.New("MSH-18 was made to say what the bytes are"), (*Message).repairCharset},
}

// CodeRepaired is what the codes of the findings of Repaired begin with, before
// the name of the rule: "hl7v2.repaired.escapes".
const CodeRepaired Code = "hl7v2.repaired"

// repairEdit is a change of bytes.
type repairEdit struct {
	start, end int
	with       string
}

// maxRepairs is how often the rules are applied, each time to what they made
// last time. Twice is enough in practice.
const maxRepairs = 10

// Repaired returns a copy of the message to which the rules have been applied,
// and what they changed: findings of severity Information whose offsets count in
// this message, in the order of the rules, at most 200 and a CodeTooMany.
// Applying the rules to the copy changes nothing. The error is that of reading
// the copy, which may cross a limit.
func (m *Message) Repaired(rules Repair) (*Message, []Issue, error) {
	out := m.Clone()
	report := repairReport{m: m}
	for range maxRepairs {
		changed := false
		for i := range repairRules {
			r := &repairRules[i]
			if rules&r.rule == 0 {
				continue
			}
			var edits []repairEdit
			r.find(out, func(start, end int, with string) {
				if string(out.data[start:end]) != with {
					edits = append(edits, repairEdit{start, end, with})
				}
			})
			if len(edits) == 0 {
				continue
			}
			changed = true
			for _, e := range edits {
				report.add(out, i, e.start)
			}
			next, err := out.edited(edits)
			if err != nil {
				return nil, nil, err
			}
			out = next
			report.stages = append(report.stages, edits)
		}
		if !changed {
			break
		}
	}
	return out, report.issues, nil
}

// edited returns a message with changes, which are in the order of the bytes.
func (m *Message) edited(edits []repairEdit) (*Message, error) {
	size := len(m.data)
	for _, e := range edits {
		size += len(e.with) - (e.end - e.start)
	}
	data := make([]byte, 0, size)
	at := 0
	for _, e := range edits {
		data = append(append(data, m.data[at:e.start]...), e.with...)
		at = e.end
	}
	data = append(data, m.data[at:]...)
	p := m.parser
	p.Strict = false
	c := new(Message)
	if err := p.ParseInto(c, data); err != nil {
		return nil, err
	}
	c.owned = true
	if m.wide != narrow {
		c.wide, c.source = m.wide, m.source
		c.readCharset()
	}
	return c, nil
}

// repairReport lists what has been changed.
type repairReport struct {
	m      *Message
	stages [][]repairEdit
	issues []Issue
}

// add reports a change at an offset of a message, which the stages so far have
// made.
func (r *repairReport) add(of *Message, rule, at int) {
	i := Issue{Severity: Information, Code: CodeRepaired + "." + repairRules[rule].name, Err: repairRules[rule].did}
	switch {
	case len(r.issues) > maxIssues:
		return
	case len(r.issues) == maxIssues:
		i.Code, i.Err = CodeTooMany, errTooMany
	case repairRules[rule].rule == RepairTerminators:
		if at >= of.begin && at <= of.end {
			i.Path = of.segmentOf(uint32(at)).Path()
		}
	case repairRules[rule].rule == RepairCharset:
		i.Path = "MSH-18"
	default:
		i.Path = of.pathAt(at)
	}
	for _, stage := range slices.Backward(r.stages) {
		at = before(stage, at)
	}
	i.Offset = int64(at)
	r.issues = append(r.issues, i.Locate(r.m.data))
}

// before returns where what stands at an offset stood before the changes.
func before(edits []repairEdit, at int) int {
	shift := 0 // of what follows the changes so far
	for _, e := range edits {
		if at < e.start+shift {
			break
		}
		if at < e.start+shift+len(e.with) {
			return e.start
		}
		shift += len(e.with) - (e.end - e.start)
	}
	return at - shift
}

// pathAt returns the path of the value that an offset lies in or ends, and of
// its segment if there is none.
func (m *Message) pathAt(at int) string {
	s := m.segmentOf(uint32(at))
	path := s.Path()
	for _, f := range s.Fields() {
		if f.Offset() > at {
			break
		}
		for leaf := range f.Leaves() {
			if start := leaf.Offset(); at >= start && at <= start+len(leaf.Raw()) {
				path = leaf.Path()
			}
		}
	}
	return path
}

// String names the rules, such as "terminators+escapes".
func (r Repair) String() string {
	var out []byte
	for i := range repairRules {
		if r&repairRules[i].rule != 0 {
			if len(out) > 0 {
				out = append(out, '+')
			}
			out = append(out, repairRules[i].name...)
		}
	}
	return string(out)
}
