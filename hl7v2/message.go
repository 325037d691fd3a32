package hl7v2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Terminators says which bytes end a segment.
type Terminators uint8

// The choices of Parser.Terminators. In both, CRLF is one terminator and
// blank lines are no segments.
const (
	AnyTerminator Terminators = iota // CR, LF or CRLF: what files and real senders hold
	CROnly                           // CR: a line feed inside a value is data
)

// Limits bound what one message may hold. The zero value means the defaults
// below, a negative value no limit.
type Limits struct {
	Bytes         int // of the message; default 256 MB, never more than 512 MB
	Segments      int // default 1,000,000
	Fields        int // of a segment; default 5,000
	Repetitions   int // of a field; default 5,000
	Components    int // of a repetition; default 1,000
	Subcomponents int // of a component; default 1,000
}

func limit(set, def int) int {
	switch {
	case set < 0:
		return maxBytes
	case set == 0 || set > maxBytes:
		return def
	}
	return set
}

// Parser holds how to read messages. The zero Parser is lenient, splits at
// any terminator and has the default limits. It may be used by goroutines at
// the same time and goes through JSON unchanged.
type Parser struct {
	// Strict makes Parse return an error for every deviation from the standard
	// that Check can see; the message is returned beside it. Without it only
	// an unreadable header, a second message and the limits of bytes and
	// segments are errors. A message whose first segment ends in CR alone is
	// then taken at its word: a line feed in it is data.
	Strict bool

	Terminators Terminators
	Limits      Limits

	// Fallback is the character set of bytes that are not valid in the one
	// that MSH-18 declares: Windows1252 or Latin1 reads what most such senders
	// mean. Without it such bytes read as U+FFFD. Bytes of the message are
	// never changed by it.
	Fallback Charset
}

// Message is one HL7 v2 message: its bytes, as they came, and an index over
// them. Segments and values are views that point into it; they stay right
// until the next Set or ParseInto of their message.
//
// Reading is safe for concurrent use, changing is not.
type Message struct {
	data   []byte // all bytes as found, with what stands around the message
	begin  int    // of the MSH segment
	end    int    // behind the last segment, without its terminator
	owned  bool   // data is a buffer of our own that Set may write to
	delims Delimiters
	parser Parser
	index  index
	class  classTable // for other than the usual delimiters

	charset Charset
	wide    wideness // of source
	source  []byte   // a wide message as found; data is its conversion
}

// Parse reads one message, leniently. The message keeps data and never writes
// to it; the caller must not change it while the message is in use.
//
// The error is an Issue. When it is not nil the message is nil.
func Parse(data []byte) (*Message, error) { return Parser{}.Parse(data) }

// Parse reads one message as the package function does, by the rules of p. A
// strict parser returns the message beside the error when it could be read.
func (p Parser) Parse(data []byte) (*Message, error) {
	m := new(Message)
	err := p.ParseInto(m, data)
	if !m.Valid() {
		return nil, err
	}
	return m, err
}

// ParseInto is Parse into a message that may have been used before, whose
// tables are reused: no allocation once they have grown. Views of the former
// message are no longer valid. After an unreadable message m is empty.
func (p Parser) ParseInto(m *Message, data []byte) error {
	m.reset()
	if code, at := m.read(p, data); code != "" {
		m.reset()
		return fatal(data, code, at)
	}
	if p.Strict {
		return m.strictError()
	}
	return nil
}

func (m *Message) reset() {
	m.data, m.begin, m.end, m.owned = nil, 0, 0, false
	m.wide, m.source, m.charset = narrow, nil, Undeclared
	m.index.marks, m.index.fields, m.index.segs = m.index.marks[:0], m.index.fields[:0], m.index.segs[:0]
}

// read finds the message in data and indexes it.
func (m *Message) read(p Parser, data []byte) (problem Code, at int) {
	if len(data) > limit(p.Limits.Bytes, 256<<20) || len(data) > maxBytes {
		return CodeLimit, 0
	}
	if w, bom := wideOf(data); w != narrow {
		m.wide, m.source = w, data
		data = w.narrowed(data[bom:])
		if len(data) > maxBytes {
			return CodeLimit, 0
		}
	}
	begin, end := extent(data)
	if begin == end {
		return CodeEmpty, 0
	}
	if !bytes.HasPrefix(data[begin:end], []byte("MSH")) {
		return CodeHeader, begin
	}
	d, from, problem := readDelimiters(data[:end], begin)
	if problem != "" {
		return problem, from
	}
	if p.Strict && endsInCR(data[from:end]) {
		p.Terminators = CROnly
	}
	m.data, m.begin, m.end, m.delims, m.parser = data, begin, end, d, p
	return m.reindex(from)
}

// endsInCR reports whether the first line of data ends in CR alone.
func endsInCR(data []byte) bool {
	cr := bytes.IndexByte(data, '\r')
	return cr >= 0 && bytes.IndexByte(data[:min(cr+2, len(data))], '\n') < 0
}

// reindex fills the tables; from is the offset behind MSH-2.
func (m *Message) reindex(from int) (problem Code, at int) {
	classes := &standardClasses
	if lf := m.parser.Terminators != CROnly; !lf || !m.delims.standard() {
		m.class.fill(m.delims, lf)
		classes = &m.class
	}
	x := &m.index
	if x.marks == nil {
		n := m.end - m.begin
		x.marks = make([]Mark, 0, min(n/3, 1<<9)+16)
		x.segs = make([]segmentMark, 0, min(n/64, 1<<8)+4)
	}
	x.marks = append(x.marks[:0], Mark(m.begin+3)<<kindBits|kindField)
	x.segs = x.segs[:0]
	segments := limit(m.parser.Limits.Segments, 1_000_000)
	problem, at = x.scan(m.data[:m.end], m.begin, from, classes, m.delims, segments)
	if problem != "" {
		return problem, at
	}
	if m.readCharset(); m.charset.hidesDelimiters() {
		x.marks, x.segs = x.marks[:1], x.segs[:0]
		x.marks[0] = Mark(m.begin+3)<<kindBits | kindField
		x.findMultibyte(m.data[:m.end], from, m.delims, m.charset)
		return x.classify(m.data[:m.end], m.begin, classes, segments)
	}
	return "", 0
}

// extent returns where the message lies in data: behind a byte order mark,
// blanks and the start byte of an MLLP frame, and before padding, the end
// bytes of a frame and the last terminators.
func extent(data []byte) (begin, end int) {
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		begin = 3
	}
	for begin < len(data) && (isBlank(data[begin]) || data[begin] == '\r' || data[begin] == 0 || data[begin] == 0x0b) {
		begin++
	}
	end = len(data)
	for end > begin {
		switch data[end-1] {
		case '\r', '\n', 0, 0x1c, 0x1a:
			end--
			continue
		}
		break
	}
	return begin, end
}

// The causes of fatal issues.
var (
	errEmpty    = errors.New("no message: there are no bytes but blanks")
	errHeader   = errors.New("a message begins with MSH, a delimiter and at least two encoding characters")
	errEncoding = errors.New("MSH-2 holds a character that is a letter, a digit or a delimiter already")
	errMultiple = errors.New("a second MSH segment: more than one message, use Messages")
	errBatch    = errors.New("this is a batch or file, not a message: use Messages")
)

// fatal makes the issue of a message that cannot be read.
func fatal(data []byte, code Code, at int) Issue {
	i := Issue{Severity: Fatal, Code: code, Offset: int64(at)}
	switch code {
	case CodeEmpty:
		i.Err = errEmpty
	case CodeHeader:
		i.Err, i.Clause, i.Path = errHeader, "2.14.9", "MSH"
		if isEnvelope(data[at:]) {
			i.Err, i.Clause = errBatch, "2.10.3"
		}
	case CodeEncodingCharacters:
		i.Err, i.Clause, i.Path = errEncoding, "2.14.9.2", "MSH-2"
	case CodeMultipleMessages:
		i.Err = errMultiple
	case CodeLimit:
		i.Err = fmt.Errorf("the message is too large: the limits of bytes and segments are options of Parser")
	}
	return i.Locate(data)
}

// isEnvelope reports whether data begins with a batch or file segment.
func isEnvelope(data []byte) bool {
	return len(data) > 3 && (data[0] == 'F' || data[0] == 'B') && (data[1] == 'H' || data[1] == 'T') && data[2] == 'S' && delimiterAllowed(data[3])
}

// Valid reports whether the message holds anything: false for the zero
// Message.
func (m *Message) Valid() bool { return len(m.index.segs) > 1 }

// Bytes returns the message as found or as changed by Set, with everything
// that stood before and behind it: what Raw and Offset point into. The slice
// is the message's own and must not be changed. A message that came in UTF-16
// or UTF-32 is here in UTF-8.
func (m *Message) Bytes() []byte { return m.data }

// AppendTo appends the message to dst, byte for byte as it was found, but for
// what Set has changed; in UTF-16 or UTF-32 if it came so.
func (m *Message) AppendTo(dst []byte) []byte {
	if m.wide == narrow {
		return append(dst, m.data...)
	}
	if !m.owned {
		return append(dst, m.source...)
	}
	_, bom := wideOf(m.source)
	return m.wide.appendWidened(append(dst, m.source[:bom]...), m.data)
}

// Delimiters returns what MSH-1 and MSH-2 declare.
func (m *Message) Delimiters() Delimiters { return m.delims }

// Clone returns a message with its own copy of the bytes.
func (m *Message) Clone() *Message {
	c := *m
	c.data, c.owned = bytes.Clone(m.data), true
	c.index.marks = append([]Mark(nil), m.index.marks...)
	c.index.fields = append([]uint32(nil), m.index.fields...)
	c.index.segs = append([]segmentMark(nil), m.index.segs...)
	return &c
}

// Len is the number of segments.
func (m *Message) Len() int { return max(0, len(m.index.segs)-1) }

// SegmentAt returns segment i, counted from 0 in the order of the message.
// Outside 0 <= i < Len it is the zero Segment.
func (m *Message) SegmentAt(i int) Segment {
	if i < 0 || i >= m.Len() {
		return Segment{}
	}
	return Segment{m, int32(i)}
}

// Segment returns the n-th segment with an id, counted from 1, or the zero
// Segment if there are fewer.
func (m *Message) Segment(id string, n int) Segment {
	for i := range m.Len() {
		s := Segment{m, int32(i)}
		if s.Is(id) {
			if n--; n == 0 {
				return s
			}
		}
	}
	return Segment{}
}

// Segments yields the segments with an id, or all for "".
func (m *Message) Segments(id string) iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		for i := range m.Len() {
			if s := (Segment{m, int32(i)}); id == "" || s.Is(id) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// String describes the message without any of its values: "HL7 v2 message of
// 8 segments, 918 bytes".
func (m *Message) String() string {
	return fmt.Sprintf("HL7 v2 message of %d segments, %d bytes", m.Len(), len(m.data))
}

// Format prints String for every verb, so that %v, %+v and %#v show no
// patient.
func (m Message) Format(s fmt.State, _ rune) { io.WriteString(s, m.String()) }
