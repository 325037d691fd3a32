package fhirpath

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// token is the kind of a token.
type token uint8

const (
	tEnd token = iota
	tName
	tQuotedName // `name`
	tString
	tNumber
	tLong
	tDate // date, dateTime or time, in lexer.value
	tVar
	tThis
	tIndex
	tTotal
	tPunct // operator or punctuation, its text in lexer.text
)

// lexer cuts an expression into tokens. It stays on the last token after an
// issue.
type lexer struct {
	src        string
	i          int // behind the current token
	kind       token
	start, end int    // of the current token
	text       string // name, string without escapes, digits, punctuation
	value      Value  // of a date literal
	last       int    // end of the token before
	issue      *Issue
}

func (l *lexer) fail(code Code, at int, text string) {
	if l.issue == nil {
		l.issue = &Issue{Code: code, Offset: int64(at), Text: text}
		l.issue.place(l.src)
	}
	l.kind, l.start, l.end, l.text = tEnd, at, at, ""
	l.i = len(l.src)
}

// next moves to the next token.
func (l *lexer) next() {
	l.last = l.end
	l.skip()
	l.start = l.i
	if l.i >= len(l.src) || l.issue != nil {
		l.kind, l.end, l.text = tEnd, l.i, ""
		return
	}
	switch c := l.src[l.i]; {
	case isLetter(c):
		for l.i < len(l.src) && (isLetter(l.src[l.i]) || isDigit(l.src[l.i])) {
			l.i++
		}
		l.kind, l.text = tName, l.src[l.start:l.i]
	case isDigit(c):
		l.number()
	case c == '\'':
		l.kind, l.text = tString, l.quoted('\'')
	case c == '`':
		l.kind, l.text = tQuotedName, l.quoted('`')
	case c == '@':
		l.date()
	case c == '$':
		l.special()
	case c == '%':
		l.variable()
	default:
		l.punct()
	}
	l.end = l.i
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// skip moves past white space and comments.
func (l *lexer) skip() {
	for l.i < len(l.src) {
		switch c := l.src[l.i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			l.i++
		case strings.HasPrefix(l.src[l.i:], "//"):
			if end := strings.IndexByte(l.src[l.i:], '\n'); end >= 0 {
				l.i += end
			} else {
				l.i = len(l.src)
			}
		case strings.HasPrefix(l.src[l.i:], "/*"):
			end := strings.Index(l.src[l.i+2:], "*/")
			if end < 0 {
				l.fail(CodeSyntax, l.i, "this comment is not closed")
				return
			}
			l.i += end + 4
		default:
			return
		}
	}
}

// number reads an integer, a decimal, or a long with its suffix.
func (l *lexer) number() {
	digits := func() {
		for l.i < len(l.src) && isDigit(l.src[l.i]) {
			l.i++
		}
	}
	digits()
	l.kind = tNumber
	switch {
	case l.i+1 < len(l.src) && l.src[l.i] == '.' && isDigit(l.src[l.i+1]):
		l.i++
		digits()
	case l.i < len(l.src) && l.src[l.i] == 'L':
		l.kind, l.text = tLong, l.src[l.start:l.i]
		l.i++
		return
	}
	l.text = l.src[l.start:l.i]
}

// quoted reads text up to the closing quote and resolves its escapes.
func (l *lexer) quoted(quote byte) string {
	l.i++
	from := l.i
	for l.i < len(l.src) && l.src[l.i] != quote && l.src[l.i] != '\\' {
		l.i++
	}
	if l.i < len(l.src) && l.src[l.i] == quote {
		l.i++
		return l.src[from : l.i-1]
	}
	b := []byte(l.src[from:l.i])
	for l.i < len(l.src) {
		c := l.src[l.i]
		if c == quote {
			l.i++
			return string(b)
		}
		if c != '\\' {
			b = append(b, c)
			l.i++
			continue
		}
		r, n := escape(l.src[l.i:])
		if n == 0 {
			l.fail(CodeSyntax, l.i, `unknown escape; allowed are \' \" \`+"` \\\\ \\/ \\f \\n \\r \\t and \\uXXXX")
			return ""
		}
		b = utf8.AppendRune(b, r)
		l.i += n
	}
	l.fail(CodeSyntax, from-1, "this quote is not closed")
	return ""
}

// escape reads an escape and returns its length, 0 if it is none.
func escape(s string) (r rune, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch c := s[1]; c {
	case '\'', '"', '`', '\\', '/':
		return rune(c), 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, ok := hex4(s[2:])
		if !ok {
			return 0, 0
		}
		if utf16.IsSurrogate(r) && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if low, ok := hex4(s[8:]); ok {
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					return both, 12
				}
			}
		}
		return r, 6
	}
	return 0, 0
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 32)
	return rune(n), err == nil && s[0] != '+'
}

// date reads @date, @dateTtime or @Ttime.
func (l *lexer) date() {
	l.i++
	l.kind = tDate
	rest := l.src[l.i:]
	var n int
	if strings.HasPrefix(rest, "T") {
		l.value, n = scanTimeLiteral(rest[1:])
		n++
	} else {
		l.value, n = scanDateLiteral(rest)
	}
	if l.value.IsZero() {
		l.fail(CodeLiteral, l.start, "not a date, dateTime or time: wanted @YYYY-MM-DD, @YYYY-MM-DDThh:mm:ss.fff with or without a zone, or @Thh:mm:ss.fff, of any precision, and within the calendar")
		return
	}
	l.i += n
	if l.i < len(l.src) && (isDigit(l.src[l.i]) || isLetter(l.src[l.i])) {
		l.fail(CodeLiteral, l.start, "not a date, dateTime or time: something follows it directly")
	}
}

// special reads $this, $index or $total.
func (l *lexer) special() {
	end := l.i + 1
	for end < len(l.src) && isLetter(l.src[end]) {
		end++
	}
	switch l.src[l.i:end] {
	case "$this":
		l.kind = tThis
	case "$index":
		l.kind = tIndex
	case "$total":
		l.kind = tTotal
	default:
		l.fail(CodeSyntax, l.i, "after $ only this, index and total are known")
		return
	}
	l.i = end
}

// variable reads %name, %`name` or %'name'.
func (l *lexer) variable() {
	l.i++
	l.kind = tVar
	if l.i < len(l.src) && (l.src[l.i] == '`' || l.src[l.i] == '\'') {
		l.text = l.quoted(l.src[l.i])
		return
	}
	from := l.i
	for l.i < len(l.src) && (isLetter(l.src[l.i]) || l.i > from && isDigit(l.src[l.i])) {
		l.i++
	}
	if l.text = l.src[from:l.i]; l.text == "" {
		l.fail(CodeSyntax, l.start, "% must be followed by the name of a variable")
	}
}

// punct reads an operator or punctuation.
func (l *lexer) punct() {
	l.kind = tPunct
	rest := l.src[l.i:]
	n := 1
	switch {
	case strings.HasPrefix(rest, "<="), strings.HasPrefix(rest, ">="), strings.HasPrefix(rest, "!="), strings.HasPrefix(rest, "!~"):
		n = 2
	case strings.IndexByte(".,()[]{}:=~<>|+-*/&", rest[0]) < 0:
		r, _ := utf8.DecodeRuneInString(rest)
		l.fail(CodeSyntax, l.i, strconv.QuoteRune(r)+" has no place in an expression")
		return
	}
	l.i += n
	l.text = rest[:n]
}
