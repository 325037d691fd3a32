package hl7v2

import (
	"bytes"
	"iter"
)

// Messages yields the messages that stand one after another in data, as files
// of many messages and batches hold them: at a byte order mark, blank lines,
// MLLP frame bytes and the segments of batch and file envelopes it goes on to
// the next MSH. What stands between messages and is none of these, and a
// message that cannot be read, yields a nil message with the error (an
// Issue); reading goes on behind it. Offsets of errors count in data, those of
// a message and its findings in the message's own bytes, a part of data that
// is not copied. A body in UTF-16 or UTF-32 is converted to UTF-8 first, and
// all offsets count in that, unless it is a single message.
func (p Parser) Messages(data []byte) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		if w, bom := wideOf(data); w != narrow {
			m, err := p.Parse(data)
			if i, ok := err.(Issue); !ok || i.Code != CodeMultipleMessages {
				yield(m, err)
				return
			}
			data = w.narrowed(data[bom:])
		}
		for at := 0; at < len(data); {
			part := nextPart(data, at, p.Terminators)
			at = part.end
			switch part.kind {
			case partMessage:
				m, err := p.Parse(data[part.start:part.end])
				if err != nil {
					err = shifted(err, data, part.start)
				}
				if !yield(m, err) {
					return
				}
			case partStray:
				i := Issue{Severity: Error, Code: CodeHeader, Offset: int64(part.start), Clause: "2.14.9", Err: errStray}
				if !yield(nil, i.Locate(data)) {
					return
				}
			}
		}
	}
}

// Messages is Messages of the zero Parser.
func Messages(data []byte) iter.Seq2[*Message, error] { return Parser{}.Messages(data) }

// shifted moves an issue of a part of data to its place in data.
func shifted(err error, data []byte, by int) error {
	i, ok := err.(Issue)
	if !ok || i.Offset < 0 {
		return err
	}
	i.Offset += int64(by)
	return i.Locate(data)
}

type partKind uint8

const (
	partBlank partKind = iota
	partMessage
	partEnvelope
	partStray
)

// part is a stretch of a body: a message with its terminators, one segment of
// an envelope, stray segments, or nothing but blanks.
type part struct {
	kind       partKind
	start, end int
}

// nextPart returns the part that begins at data[at].
func nextPart(data []byte, at int, t Terminators) part {
	start := at
	if at == 0 && bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		at = 3
	}
	at = skipFill(data, at)
	if at == len(data) {
		return part{partBlank, start, at}
	}
	p := part{partStray, at, lineEnd(data, at, t)}
	switch {
	case startsMessage(data[at:]):
		p.kind = partMessage
	case isEnvelope(data[at:]):
		p.kind = partEnvelope
		return p
	}
	for p.end < len(data) {
		next := skipFill(data, p.end)
		if next == len(data) || startsMessage(data[next:]) || isEnvelope(data[next:]) {
			break
		}
		p.end = lineEnd(data, next, t)
	}
	return p
}

// skipFill skips what may stand between segments and messages.
func skipFill(data []byte, at int) int {
	for at < len(data) {
		switch data[at] {
		case ' ', '\t', '\r', '\n', 0, 0x0b, 0x1c, 0x1a:
			at++
			continue
		}
		break
	}
	return at
}

// startsMessage reports whether data begins with a header segment. One that
// is cut short counts, for it is reported as an unreadable message.
func startsMessage(data []byte) bool {
	return len(data) >= 3 && data[0] == 'M' && data[1] == 'S' && data[2] == 'H' && (len(data) == 3 || data[3] < ' ' || delimiterAllowed(data[3]))
}

// lineEnd returns the offset behind the terminator of the line at data[at].
func lineEnd(data []byte, at int, t Terminators) int {
	rest := data[at:]
	end := bytes.IndexByte(rest, '\r')
	if end < 0 {
		end = len(rest)
	}
	if t == AnyTerminator {
		if lf := bytes.IndexByte(rest[:end], '\n'); lf >= 0 {
			end = lf
		}
	}
	end += at
	for end < len(data) && (data[end] == '\r' || data[end] == '\n') {
		end++
	}
	return end
}
