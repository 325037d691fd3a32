package schema

import "github.com/nhskit/nhskit/hl7v2"

// lines finds the line and column of offsets; looking them up in ascending
// order costs one pass over the data in all.
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
	if l.line == 0 || offset < l.at {
		l.at, l.line, l.start = 0, 1, 0
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
