package schema

import (
	"bytes"

	"github.com/nhskit/nhskit/hl7v2"
)

// lines finds the line and column of offsets. It goes there from the last one,
// so that looking them up in about their order costs one pass over the data in
// all.
type lines struct {
	data            []byte
	at, line, start int // the line that at is on begins at start
}

// locate fills an issue's line and column.
func (l *lines) locate(i hl7v2.Issue) hl7v2.Issue {
	offset := int(i.Offset)
	if offset < 0 || offset > len(l.data) {
		return i
	}
	if l.line == 0 {
		l.line = 1
	}
	if l.start <= offset && offset <= l.at {
		i.Line, i.Col = l.line, offset-l.start+1
		return i
	}
	for offset < l.start {
		end := l.start - 1 // of the line before, at its terminator
		if l.data[end] == '\n' && end > 0 && l.data[end-1] == '\r' {
			end--
		}
		l.line, l.start = l.line-1, bytes.LastIndexAny(l.data[:end], "\r\n")+1
		l.at = l.start
	}
	for ; l.at < offset; l.at++ {
		switch l.data[l.at] {
		case '\r':
			if l.at+1 < len(l.data) && l.data[l.at+1] == '\n' {
				if l.at+1 == offset {
					continue
				}
				l.at++
			}
			l.line, l.start = l.line+1, l.at+1
		case '\n':
			l.line, l.start = l.line+1, l.at+1
		}
	}
	i.Line, i.Col = l.line, offset-l.start+1
	return i
}
