package hl7v2

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// PieceKind says what a Piece of formatted text is.
type PieceKind uint8

// The pieces of formatted text (type FT, chapter 2.7.6).
const (
	PlainPiece      PieceKind = iota // Text
	LineBreak                        // \.br\: a new line, the indent stays
	VerticalSpace                    // \.sp N\: end the line and skip N-1 more
	Indent                           // \.in N\: indent by N from here on, at the start of a line
	TemporaryIndent                  // \.ti N\: indent the next line by N more
	Fill                             // \.fi\: wrap words
	NoFill                           // \.nf\: do not
	Center                           // \.ce\: end the line and centre the next
	Skip                             // \.sk N\: N spaces to the right
	HighlightOn                      // \H\
	HighlightOff                     // \N\
	LocalPiece                       // \Z..\: Text is what stands between the escape characters
)

// Piece is a stretch of formatted text, or a command in it.
type Piece struct {
	Kind PieceKind
	N    int    // of the commands that have a number
	Text string // in UTF-8
}

// Formatted yields the first innermost value as formatted text, in its pieces.
// Sequences for characters are part of the text; unknown ones are text.
func (v Value) Formatted() iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		if v.m == nil {
			return
		}
		leaf := v.Leaf()
		if leaf.State() != Present {
			return
		}
		m, raw := v.m, leaf.Raw()
		d := m.delims
		if m.charset.hidesDelimiters() {
			// The escape character may be half of another; commands are not
			// told apart from text then.
			yield(Piece{Kind: PlainPiece, Text: leaf.Text()})
			return
		}
		start := 0 // of the text that is not yielded yet
		flush := func(end int) bool {
			return start >= end || yield(Piece{Kind: PlainPiece, Text: string(m.appendText(nil, raw[start:end]))})
		}
		for at := 0; at < len(raw); {
			if raw[at] != d.Escape || d.Escape == 0 {
				at++
				continue
			}
			s := d.sequence(raw[at:])
			piece, ok := s.piece()
			if ok {
				if s.kind == localSequence {
					piece.Text = string(m.decoded(nil, s.body()))
				}
				if !flush(at) || !yield(piece) {
					return
				}
				start = at + len(s.raw)
			}
			at += len(s.raw)
		}
		flush(len(raw))
	}
}

// piece returns the command that a sequence is, if it is one.
func (s sequence) piece() (Piece, bool) {
	switch s.kind {
	case highlightSequence:
		if s.raw[1] == 'H' {
			return Piece{Kind: HighlightOn}, true
		}
		return Piece{Kind: HighlightOff}, true
	case localSequence:
		return Piece{Kind: LocalPiece}, true
	case formatSequence:
		n, _ := formatCount(s.body())
		switch string(s.body()[1:3]) {
		case "br":
			return Piece{Kind: LineBreak}, true
		case "sp":
			return Piece{Kind: VerticalSpace, N: n}, true
		case "in":
			return Piece{Kind: Indent, N: n}, true
		case "ti":
			return Piece{Kind: TemporaryIndent, N: n}, true
		case "fi":
			return Piece{Kind: Fill}, true
		case "nf":
			return Piece{Kind: NoFill}, true
		case "ce":
			return Piece{Kind: Center}, true
		case "sk":
			return Piece{Kind: Skip, N: n}, true
		}
	}
	return Piece{}, false
}

// Rendered returns formatted text as it is to be printed on lines of a width,
// in characters: indented, centred and, in fill mode, which is the mode at the
// start, wrapped at words. Without a width (0) nothing is wrapped or centred.
// Highlighting is left out, as are local sequences.
func (v Value) Rendered(width int) string {
	r := renderer{width: width, fill: true}
	for p := range v.Formatted() {
		r.piece(p)
	}
	r.endLine()
	return strings.TrimSuffix(r.out.String(), "\n")
}

// renderer lays out formatted text.
type renderer struct {
	out       strings.Builder
	line      strings.Builder
	width     int
	fill      bool
	center    bool // the line that is being filled
	indent    int
	temporary int
}

func (r *renderer) piece(p Piece) {
	switch p.Kind {
	case PlainPiece:
		for i, text := range strings.Split(p.Text, "\n") {
			if i > 0 {
				r.endLine()
			}
			r.line.WriteString(text)
		}
	case LineBreak:
		r.endLine()
	case VerticalSpace:
		for range min(max(p.N, 1), 100) {
			r.endLine()
		}
	case Center:
		if r.line.Len() > 0 {
			r.endLine()
		}
		r.center = true
	case Indent:
		// A signed number is relative to the indent so far.
		r.indent = min(max(r.indent+p.N, 0), 200)
	case TemporaryIndent:
		r.temporary = p.N
	case Fill, NoFill:
		r.fill = p.Kind == Fill
	case Skip:
		r.line.WriteString(strings.Repeat(" ", min(max(p.N, 0), 200)))
	}
}

// endLine writes the line, wrapped where the mode asks for it.
func (r *renderer) endLine() {
	text := strings.TrimRight(r.line.String(), " ")
	r.line.Reset()
	margin := min(max(r.indent+r.temporary, 0), 200)
	r.temporary = 0
	room := r.width - margin
	switch n := utf8.RuneCountInString(text); {
	case r.center:
		r.center = false
		if room > n {
			margin += (room - n) / 2
		}
	case r.fill && r.width > 0 && n > max(room, 1):
		for n > max(room, 1) {
			cut := breakAt(text, max(room, 1))
			r.writeLine(margin, strings.TrimRight(text[:cut], " "))
			text = strings.TrimLeft(text[cut:], " ")
			n = utf8.RuneCountInString(text)
			margin = r.indent
			room = r.width - margin
		}
	}
	r.writeLine(margin, text)
}

func (r *renderer) writeLine(margin int, text string) {
	if text != "" {
		r.out.WriteString(strings.Repeat(" ", margin))
	}
	r.out.WriteString(text)
	r.out.WriteByte('\n')
}

// breakAt returns the offset behind the last word that fits into n characters,
// or behind the n-th character.
func breakAt(text string, n int) int {
	space, count := 0, 0
	for i, c := range text {
		if c == ' ' && i > 0 {
			space = i
		}
		if count == n {
			if space > 0 {
				return space
			}
			return i
		}
		count++
	}
	return len(text)
}
