package hl7v2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Envelope is what the header of a batch (BHS) or file (FHS) says; both have
// the same fields. The text is plain, without escape sequences.
type Envelope struct {
	SendingApplication   string // field 3
	SendingFacility      string
	ReceivingApplication string
	ReceivingFacility    string
	Created              DateTime // field 7
	Security             string
	Name                 string // field 9
	Comment              string
	ControlID            string // field 11
	Reference            string
}

// Findings about envelopes.
const (
	CodeBatchCount    Code = "hl7v2.count"         // BTS-1 or FTS-1 does not say what came
	CodeTrailer       Code = "hl7v2.trailer"       // a batch or file without its end
	CodeStraySegment  Code = "hl7v2.stray-segment" // a segment outside any message
	CodeStrayEnvelope Code = "hl7v2.envelope"      // a batch or file segment that cannot stand there, or is malformed
)

// BatchReader reads messages from a stream, with or without the envelopes of
// batches (BHS, BTS) and files (FHS, FTS) around them. It holds one message at
// a time. It is not safe for concurrent use.
type BatchReader struct {
	parser Parser
	r      io.Reader
	err    error // of r, io.EOF at the end

	buf    []byte
	at     int   // in buf: what has been used
	offset int64 // of buf[0] in the stream
	line   int   // of buf[0], from 0
	col    int   // of buf[0] in its line, from 0

	file, batch   *Envelope
	inFile        bool
	inBatch       bool
	files         int
	batches       int
	messages      int
	bad           int
	batchMessages int
	fileBatches   int

	issues []Issue
}

// Reader returns a reader of the messages in a stream, which reads messages as
// Parse does.
func (p Parser) Reader(r io.Reader) *BatchReader { return &BatchReader{parser: p, r: r} }

// Next returns the next message, with bytes of its own. A message that cannot
// be read is an Issue, after which reading goes on; with a strict parser it may
// come with the message. io.EOF is the end, any other error that of the stream;
// a message that it may have cut short is not returned.
// Offsets of a message and its findings count in the message, those of the
// errors of Next in the stream.
func (b *BatchReader) Next() (*Message, error) {
	for {
		p, err := b.part()
		if err != nil {
			if err == io.EOF {
				b.finish()
			}
			return nil, err
		}
		data := b.buf[p.start:p.end]
		at := b.offset + int64(p.start)
		switch p.kind {
		case partEnvelope:
			b.envelope(data, p.start)
		case partStray:
			b.report(Warning, CodeStraySegment, p.start, "2.10.3", errStray)
		case partMessage:
			b.messages++
			b.batchMessages++
			m, err := b.parser.Parse(bytes.Clone(data))
			if m == nil {
				b.bad++
			}
			if i, ok := err.(Issue); ok && i.Offset >= 0 {
				i.Line, i.Col = b.position(p.start + int(i.Offset))
				i.Offset += at
				err = i
			}
			return m, err
		}
	}
}

// part returns the next part that is complete.
func (b *BatchReader) part() (part, error) {
	b.drop(b.at)
	maxSize := limit(b.parser.Limits.Bytes, 256<<20)
	skipped := false
	for {
		if len(b.buf) > 0 {
			p := nextPart(b.buf, 0, b.parser.Terminators)
			// What reaches to the end of the buffer may go on.
			if len(b.buf)-p.end > 8 || b.err == io.EOF {
				b.at = p.end
				switch {
				case p.kind == partBlank && b.err == io.EOF:
					return p, io.EOF
				case p.kind == partBlank:
					b.drop(b.at)
					continue
				case skipped && p.kind == partStray:
					b.drop(b.at)
					skipped = false
					continue
				}
				return p, nil
			}
			if p.kind == partBlank {
				b.drop(max(0, len(b.buf)-8))
			}
			if len(b.buf) > maxSize {
				if !skipped {
					b.messages++
					b.batchMessages++
					b.bad++
					b.report(Error, CodeLimit, p.start, "", errTooLarge)
				}
				// Go on behind it: keep the last line begun, which may be the
				// start of what follows.
				skipped = true
				last := max(bytes.LastIndexByte(b.buf, '\r'), bytes.LastIndexByte(b.buf, '\n'))
				if last < 0 {
					last = len(b.buf) - 8
				}
				b.drop(last)
			}
		}
		if b.err != nil {
			return part{}, b.err
		}
		b.fill()
	}
}

var errTooLarge = errors.New("a message is larger than the limit of bytes, and was passed over")

// fill reads more: as much again as is there, so that looking at the buffer
// anew costs linear time in all.
func (b *BatchReader) fill() {
	n := len(b.buf)
	want := max(64<<10, n)
	if cap(b.buf)-n < want {
		b.buf = append(make([]byte, 0, n+want), b.buf...)
	}
	for len(b.buf) < n+want && b.err == nil {
		k, err := b.r.Read(b.buf[len(b.buf) : n+want])
		b.buf = b.buf[:len(b.buf)+k]
		b.err = err
		if k == 0 && err == nil {
			continue
		}
		if k > 0 && len(b.buf) >= n+min(want, 64<<10) {
			break
		}
	}
}

// drop forgets the first n bytes of the buffer, or one less where that would
// part a CR from its LF.
func (b *BatchReader) drop(n int) {
	if n > 0 && n < len(b.buf) && b.buf[n-1] == '\r' && b.buf[n] == '\n' {
		n--
	}
	if n == 0 {
		return
	}
	line, col := b.position(n)
	b.line, b.col = line-1, col-1
	b.offset += int64(n)
	b.buf = b.buf[:copy(b.buf, b.buf[n:])]
	b.at = 0
}

// position returns the line and column of an offset in the buffer.
func (b *BatchReader) position(at int) (line, col int) {
	line, col = position(b.buf, at)
	if line == 1 {
		col += b.col
	}
	return b.line + line, col
}

func (b *BatchReader) report(severity Severity, code Code, at int, clause string, err error) {
	if len(b.issues) > maxIssues {
		return
	}
	if len(b.issues) == maxIssues {
		severity, code, clause, err = Information, CodeTooMany, "", errTooMany
	}
	if b.parser.Strict && severity == Warning {
		severity = Error
	}
	i := Issue{Severity: severity, Code: code, Offset: b.offset + int64(at), Clause: clause, Err: err}
	i.Line, i.Col = b.position(at)
	b.issues = append(b.issues, i)
}

// envelope takes in a segment of an envelope.
func (b *BatchReader) envelope(data []byte, at int) {
	id := string(data[:3])
	switch id {
	case "FHS":
		if b.inBatch || b.inFile {
			b.closeFile(at)
		}
		b.file, b.inFile, b.fileBatches = b.readEnvelope(data, at), true, 0
		b.files++
	case "BHS":
		if b.inBatch {
			b.closeBatch(at)
		}
		b.batch, b.inBatch, b.batchMessages = b.readEnvelope(data, at), true, 0
		b.batches++
		b.fileBatches++
	case "BTS":
		if !b.inBatch {
			b.report(Warning, CodeStrayEnvelope, at, "2.10.3.2", errors.New("BTS ends no batch"))
			return
		}
		b.count(data, at, "BTS-1", "messages", b.batchMessages)
		b.inBatch = false
	case "FTS":
		if b.inBatch {
			b.closeBatch(at)
		}
		if !b.inFile {
			b.report(Warning, CodeStrayEnvelope, at, "2.10.3.1", errors.New("FTS ends no file"))
			return
		}
		b.count(data, at, "FTS-1", "batches", b.fileBatches)
		b.inFile = false
	}
}

func (b *BatchReader) closeBatch(at int) {
	b.report(Warning, CodeTrailer, at, "2.10.3.2", errors.New("the batch has no BTS"))
	b.inBatch = false
}

func (b *BatchReader) closeFile(at int) {
	if b.inBatch {
		b.closeBatch(at)
	}
	if b.inFile {
		b.report(Warning, CodeTrailer, at, "2.10.3.1", errors.New("the file has no FTS"))
		b.inFile = false
	}
}

// finish closes what is open at the end of the stream.
func (b *BatchReader) finish() { b.closeFile(len(b.buf)) }

// count compares the count of a trailer, if it has one, with what came.
func (b *BatchReader) count(data []byte, at int, path, what string, have int) {
	field := data[4:]
	if end := bytes.IndexAny(field, string([]byte{data[3], '\r', '\n'})); end >= 0 {
		field = field[:end]
	}
	if len(field) == 0 {
		return
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(field)))
	switch {
	case err != nil:
		b.report(Error, CodeBatchCount, at+4, "2.10.3", fmt.Errorf("%s is not a number", path))
	case n != have:
		b.report(Error, CodeBatchCount, at+4, "2.10.3", fmt.Errorf("%s says %d %s, %d came", path, n, what, have))
	}
}

// readEnvelope reads the fields of BHS or FHS.
func (b *BatchReader) readEnvelope(data []byte, at int) *Envelope {
	h, err := readHeader(data, 0)
	if err != "" {
		b.report(Warning, CodeStrayEnvelope, at, "2.10.3", errHeader)
		return &Envelope{}
	}
	text := func(n int) string { return string(h.delims.AppendUnescaped(nil, h.Field(n))) }
	e := &Envelope{
		SendingApplication: text(3), SendingFacility: text(4), ReceivingApplication: text(5), ReceivingFacility: text(6),
		Security: text(8), Name: text(9), Comment: text(10), ControlID: text(11), Reference: text(12),
	}
	created, dateErr := ParseDateTime(h.Component(7, 1))
	if dateErr != nil {
		b.report(Warning, CodeDataType, at, "2.A.22", errDateTime)
	}
	e.Created = created
	return e
}

// File returns the header of the file that Next is in or has just left, nil
// without one.
func (b *BatchReader) File() *Envelope { return b.file }

// Batch returns the header of the batch that Next is in or has just left, nil
// without one.
func (b *BatchReader) Batch() *Envelope { return b.batch }

// Counts returns how many batches and messages have come, and how many of the
// messages could not be read.
func (b *BatchReader) Counts() (batches, messages, unreadable int) {
	return b.batches, b.messages, b.bad
}

// Issues returns what was wrong with the envelopes and between the messages so
// far: counts that do not agree, trailers that are missing, segments outside
// any message. At most 200 and a CodeTooMany. Offsets count in the stream.
func (b *BatchReader) Issues() []Issue { return b.issues }

// BatchWriter writes messages in batches and files with the counts in their
// trailers. Begin a file, begin a batch, write its messages, and so on; Close
// ends what is open. A file without batches, and a batch without a file, are
// fine. The first error of the stream stays.
type BatchWriter struct {
	w        io.Writer
	delims   Delimiters
	buf      []byte
	inFile   bool
	inBatch  bool
	batches  int
	messages int
	err      error
}

// NewBatchWriter returns a writer whose envelopes have the given delimiters.
// Messages keep theirs.
func NewBatchWriter(w io.Writer, d Delimiters) *BatchWriter { return &BatchWriter{w: w, delims: d} }

// BeginFile ends what is open and writes FHS.
func (b *BatchWriter) BeginFile(e Envelope) error {
	b.end(true)
	b.inFile, b.batches = true, 0
	return b.header("FHS", e)
}

// BeginBatch ends the batch that is open and writes BHS.
func (b *BatchWriter) BeginBatch(e Envelope) error {
	b.end(false)
	b.inBatch, b.messages = true, 0
	b.batches++
	return b.header("BHS", e)
}

// Write writes the bytes of a message as they are, and a CR behind them if no
// terminator ends them. The message must begin with MSH and be narrow: one in
// UTF-16 cannot stand in a batch and is an error.
func (b *BatchWriter) Write(m *Message) error {
	if !m.Valid() || m.wide != narrow {
		return errBatchMessage
	}
	b.messages++
	b.buf = append(b.buf[:0], m.data[m.begin:m.end]...)
	tail := m.data[m.end:]
	if n := bytes.IndexFunc(tail, func(r rune) bool { return r != '\r' && r != '\n' }); n >= 0 {
		tail = tail[:n]
	}
	if len(tail) == 0 {
		tail = []byte{'\r'}
	}
	b.buf = append(b.buf, tail...)
	return b.flush()
}

var errBatchMessage = errors.New("hl7v2: no message, or one in UTF-16 or UTF-32, for a batch")

// Close ends the batch and the file that are open. It does not close the
// stream.
func (b *BatchWriter) Close() error {
	b.end(true)
	return b.err
}

func (b *BatchWriter) end(file bool) {
	b.buf = b.buf[:0]
	if b.inBatch {
		b.buf = fmt.Appendf(b.buf, "BTS%c%d\r", b.delims.Field, b.messages)
		b.inBatch = false
	}
	if file && b.inFile {
		b.buf = fmt.Appendf(b.buf, "FTS%c%d\r", b.delims.Field, b.batches)
		b.inFile = false
	}
	b.flush()
}

func (b *BatchWriter) header(id string, e Envelope) error {
	d := b.delims
	b.buf = append(append(append(b.buf[:0], id...), d.Field), d.Encoding()...)
	for _, text := range [...]string{
		e.SendingApplication, e.SendingFacility, e.ReceivingApplication, e.ReceivingFacility, e.Created.String(),
		e.Security, e.Name, e.Comment, e.ControlID, e.Reference,
	} {
		b.buf = d.AppendEscaped(append(b.buf, d.Field), []byte(text))
	}
	b.buf = append(bytes.TrimRight(b.buf, string(d.Field)), '\r')
	return b.flush()
}

func (b *BatchWriter) flush() error {
	if b.err == nil && len(b.buf) > 0 {
		_, b.err = b.w.Write(b.buf)
	}
	return b.err
}
