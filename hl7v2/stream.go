package hl7v2

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
)

// Stream reads messages value by value from a stream, in memory that does not
// grow with them: for messages whose embedded documents are too large to hold.
// It knows the narrow character sets whose characters do not hide delimiters,
// and yields bytes as they stand.
//
//	s := hl7v2.NewStream(r)
//	for s.Next() {
//		if p := s.Path(); p.Segment == "OBX" && p.Field == 5 && p.Comp == 5 {
//			_, err := s.DecodeBase64(w)
//			...
//		}
//	}
//	err := s.Err()
type Stream struct {
	r       *bufio.Reader
	delims  Delimiters
	class   classTable
	path    Path
	message int
	offset  int64 // of the next byte of r
	err     error
	counts  map[string]int // segments of the message, by id
	inValue bool           // r is within the current value
	segment bool           // r is within a segment
}

// maxSegmentNames bounds how many different segment ids of a message are
// counted.
const maxSegmentNames = 1000

// NewStream returns a stream over r, which it reads in pieces of 64 kB.
func NewStream(r io.Reader) *Stream { return &Stream{r: bufio.NewReaderSize(r, 64<<10)} }

// Next goes to the next innermost value, skipping what has not been read of
// the current one. It is false at the end and after an error. MSH-1 and MSH-2
// are no values.
func (s *Stream) Next() bool {
	if s.err != nil {
		return false
	}
	if s.inValue {
		if _, err := io.Copy(io.Discard, raw{s}); err != nil {
			return false
		}
	}
	for s.err == nil {
		if !s.segment {
			s.begin()
			continue
		}
		c, err := s.r.ReadByte()
		if err != nil {
			s.fail(err)
			return false
		}
		s.offset++
		p := &s.path
		switch s.class[c] {
		case kindEnd:
			s.segment = false
			continue
		case kindField:
			p.Field, p.Rep, p.Comp, p.Sub = p.Field+1, 1, 1, 1
		case kindRepetition:
			p.Rep, p.Comp, p.Sub = p.Rep+1, 1, 1
		case kindComponent:
			p.Comp, p.Sub = p.Comp+1, 1
		case kindSubcomponent:
			p.Sub++
		}
		s.inValue = true
		return true
	}
	return false
}

// begin reads the id of the next segment, and the delimiters if it is MSH.
func (s *Stream) begin() {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			s.fail(err)
			return
		}
		switch c {
		case ' ', '\t', '\r', '\n', 0, 0x0b, 0x1c, 0x1a, 0xef, 0xbb, 0xbf:
			s.offset++
			continue
		}
		if err := s.r.UnreadByte(); err != nil {
			s.fail(err)
			return
		}
		break
	}
	head, _ := s.r.Peek(64)
	if startsMessage(head) {
		d, end, problem := readDelimiters(head, 0)
		if problem == "" && end == len(head) && end == 64 {
			problem = CodeEncodingCharacters
		}
		if problem != "" {
			i := fatal(head, problem, end)
			i.Offset, i.Line, i.Col = s.offset+int64(end), 0, 0
			s.err = i
			return
		}
		s.delims = d
		s.class.fill(d, true)
		s.message++
		s.counts = map[string]int{}
		s.startSegment("MSH", end)
		s.path.Field = 2
		return
	}
	if s.message == 0 {
		s.err = Issue{Severity: Fatal, Code: CodeHeader, Offset: s.offset, Clause: "2.14.9", Err: errHeader}
		return
	}
	n := 0
	for n < len(head) && s.class[head[n]] == kindNone {
		n++
	}
	if n == len(head) && n == 64 {
		s.err = Issue{Severity: Fatal, Code: CodeSegmentID, Offset: s.offset, Clause: "2.5.1", Err: errSegmentID}
		return
	}
	s.startSegment(internID(head[:n]), n)
}

// startSegment goes behind a segment's id.
func (s *Stream) startSegment(id string, n int) {
	k, err := s.r.Discard(n)
	s.offset += int64(k)
	if err != nil {
		s.fail(err)
		return
	}
	if len(s.counts) < maxSegmentNames || s.counts[id] > 0 {
		s.counts[id]++
	}
	s.path = Path{Segment: id, Occur: s.counts[id]}
	s.segment = true
}

// fail keeps an error of the stream; its end is none.
func (s *Stream) fail(err error) {
	s.err = err
}

// Path returns where the current value stands, with all numbers set.
func (s *Stream) Path() Path { return s.path }

// Message is the number of the current message in the stream, from 1.
func (s *Stream) Message() int { return s.message }

// Offset is how many bytes of the stream have been read.
func (s *Stream) Offset() int64 { return s.offset }

// Err returns what ended the stream: nil for its end, an Issue for bytes that
// are no message, else the error of the reader.
func (s *Stream) Err() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// Raw reads the bytes of the current value as they stand, with escape
// sequences. The reader is good until Next.
func (s *Stream) Raw() io.Reader { return raw{s} }

// raw reads the current value of a stream up to the next delimiter.
type raw struct{ s *Stream }

func (r raw) Read(b []byte) (int, error) {
	s := r.s
	if !s.inValue {
		return 0, io.EOF
	}
	if len(b) == 0 {
		return 0, nil
	}
	if _, err := s.r.Peek(1); err != nil {
		s.inValue, s.segment = false, false
		if err != io.EOF {
			s.fail(err)
			return 0, err
		}
		return 0, io.EOF
	}
	have, _ := s.r.Peek(s.r.Buffered())
	if len(have) > len(b) {
		have = have[:len(b)]
	}
	n := 0
	for n < len(have) {
		if s.class[have[n]] != kindNone {
			break
		}
		if n++; n%64 == 0 { // a long run
			n = skipQuiet(have, n, s.delims)
		}
	}
	copy(b, have[:n])
	if _, err := s.r.Discard(n); err != nil {
		return 0, err
	}
	s.offset += int64(n)
	if n == 0 {
		s.inValue = false
		return 0, io.EOF
	}
	return n, nil
}

// Text returns the current value's bytes with escape sequences read, at most
// limit of them before that; more is an error.
func (s *Stream) Text(limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(raw{s}, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > limit {
		return nil, Issue{Severity: Error, Code: CodeLimit, Path: s.path.String(), Offset: s.offset, Err: errors.New("the value is longer than the limit of the call")}
	}
	return s.delims.AppendUnescaped(nil, b), nil
}

// DecodeBase64 writes the data that the current value holds in base64, as
// Value.DecodeBase64 does. It returns the number of bytes written.
func (s *Stream) DecodeBase64(w io.Writer) (int64, error) {
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, base64.NewDecoder(base64.StdEncoding, &dataReader{s: s}), make([]byte, 32<<10))
	if e := base64.CorruptInputError(0); errors.As(err, &e) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = Issue{Severity: Error, Code: CodeDataType, Path: s.path.String(), Offset: s.offset, Clause: "2.A.24", Err: errBase64}
	}
	return n, err
}

// dataReader reads the current value without white space and the escape
// sequences that stand for it.
type dataReader struct {
	s        *Stream
	sequence []byte // one that has begun
}

func (d *dataReader) Read(b []byte) (int, error) {
	for {
		n, err := raw{d.s}.Read(b)
		if n == 0 {
			if err == io.EOF && len(d.sequence) > 0 {
				n = copy(b, d.sequence) // unclosed: no base64, which the decoder says
				d.sequence = nil
				return n, nil
			}
			return 0, err
		}
		esc := d.s.delims.Escape
		if len(d.sequence) == 0 && bytes.IndexByte(b[:n], ' ') < 0 && (esc == 0 || bytes.IndexByte(b[:n], esc) < 0) {
			return n, nil
		}
		k := 0
		for _, c := range b[:n] {
			switch {
			case len(d.sequence) > 0:
				d.sequence = append(d.sequence, c)
				if c == esc || len(d.sequence) > 64 {
					// What is no white space goes to the decoder, which refuses it.
					text := d.s.delims.AppendUnescaped(nil, d.sequence)
					d.sequence = d.sequence[:0]
					if len(bytes.TrimSpace(text)) > 0 {
						return 0, base64.CorruptInputError(0)
					}
				}
			case c == esc && esc != 0:
				d.sequence = append(d.sequence, c)
			case c != ' ' && c != '\t':
				b[k] = c
				k++
			}
		}
		if k > 0 {
			return k, nil
		}
	}
}
