package hl7v2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
)

// Escape sequences: chapter 2.7 of version 2.5.1, 2.A.24 for formatted text.

// ErrEscape is the cause of an error of Unescape.
var ErrEscape = errors.New("not an escape sequence")

// AppendUnescaped appends the plain text of raw to dst: what \F\ \S\ \T\ \R\
// \E\ \P\ and \X..\ stand for; a line feed for \.br\ and \.ce\, n of them for
// \.spn\, n spaces for \.skn\, nothing for highlighting and for the formatting
// that plain text does not have. Local sequences (\Z..\) and those that switch
// character sets (\C..\, \M..\) are kept as they stand, as is everything that
// is no escape sequence: an unclosed or unknown one, and a lone escape
// character. Nothing is read twice: \E\F\E\ is \F\.
func (d Delimiters) AppendUnescaped(dst, raw []byte) []byte {
	dst, _ = d.unescape(dst, raw)
	return dst
}

// Unescape is AppendUnescaped for strict readers: what is no escape sequence
// is an error, an Issue whose Offset counts in raw. The text is complete all
// the same. Without an escape character it is raw itself, not a copy.
func (d Delimiters) Unescape(raw []byte) ([]byte, error) {
	if d.Escape == 0 || bytes.IndexByte(raw, d.Escape) < 0 {
		return raw, nil
	}
	text, bad := d.unescape(make([]byte, 0, len(raw)), raw)
	if bad >= 0 {
		return text, Issue{Severity: Error, Code: CodeEscape, Offset: int64(bad), Line: 1, Col: bad + 1, Clause: "2.7", Err: ErrEscape}
	}
	return text, nil
}

// unescape also returns the offset of the first byte that should be an escape
// sequence and is not, or -1.
func (d Delimiters) unescape(dst, raw []byte) (text []byte, bad int) {
	bad = -1
	if d.Escape == 0 {
		return append(dst, raw...), bad
	}
	for at := 0; ; {
		open := bytes.IndexByte(raw[at:], d.Escape)
		if open < 0 {
			return append(dst, raw[at:]...), bad
		}
		open += at
		dst = append(dst, raw[at:open]...)
		s := d.sequence(raw[open:])
		if s.kind == notASequence && bad < 0 {
			bad = open
		}
		dst = d.appendSequence(dst, s)
		at = open + len(s.raw)
	}
}

// sequence is an escape sequence, or a piece of text that looks like one.
type sequence struct {
	raw  []byte // with both escape characters
	kind sequenceKind
}

type sequenceKind uint8

const (
	notASequence sequenceKind = iota
	delimiterSequence
	hexSequence
	highlightSequence
	formatSequence
	localSequence
	charsetSequence
)

// body is the sequence between its escape characters.
func (s sequence) body() []byte { return s.raw[1 : len(s.raw)-1] }

// sequence reads what stands at an escape character.
func (d Delimiters) sequence(raw []byte) sequence {
	n := bytes.IndexByte(raw[1:], d.Escape)
	if n <= 0 { // unclosed, or two escape characters side by side
		return sequence{raw: raw[:1]}
	}
	s := sequence{raw: raw[:n+2]}
	body := s.body()
	switch c := body[0]; {
	case len(body) == 1 && bytes.IndexByte([]byte("FSTREP"), c) >= 0:
		s.kind = delimiterSequence
	case len(body) == 1 && (c == 'H' || c == 'N'):
		s.kind = highlightSequence
	case c == 'X' && len(body) > 1 && len(body)%2 == 1 && allHex(body[1:]):
		s.kind = hexSequence
	case c == '.' && isFormat(body):
		s.kind = formatSequence
	case c == 'Z' && len(body) > 1:
		s.kind = localSequence
	case c == 'C' && len(body) == 5 && allHex(body[1:]), c == 'M' && (len(body) == 5 || len(body) == 7) && allHex(body[1:]):
		s.kind = charsetSequence
	case isBrokenHex(body):
		// Kept whole, so that its closing character opens nothing.
	default:
		s.raw = raw[:1]
	}
	return s
}

// isBrokenHex reports whether a closed sequence is meant as hexadecimal data
// and is malformed: \X4\, \XZZ\, \X\, \x41\.
func isBrokenHex(body []byte) bool {
	if body[0] != 'X' && body[0] != 'x' || len(body) > 9 {
		return false
	}
	for _, c := range body[1:] {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return true
}

func allHex(b []byte) bool {
	for _, c := range b {
		if hexDigit(c) > 15 {
			return false
		}
	}
	return true
}

// hexDigit returns the value of a digit, more than 15 for what is none.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// isFormat reports whether body is a command of formatted text: .br .fi .nf
// .ce, or .sp .in .ti .sk with an optional sign and number.
func isFormat(body []byte) bool {
	if len(body) < 3 {
		return false
	}
	switch string(body[1:3]) {
	case "br", "fi", "nf", "ce":
		return len(body) == 3
	case "sp", "in", "ti", "sk":
		_, ok := formatCount(body)
		return ok
	}
	return false
}

// formatCount returns the number of a formatting command, 1 if it has none.
func formatCount(body []byte) (n int, ok bool) {
	digits := bytes.TrimLeft(body[3:], " ")
	if len(digits) == 0 {
		return 1, true
	}
	negative := digits[0] == '-'
	if negative || digits[0] == '+' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 3 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// appendSequence appends the plain text of a sequence.
func (d Delimiters) appendSequence(dst []byte, s sequence) []byte {
	switch s.kind {
	case delimiterSequence:
		c := byte(0)
		switch s.raw[1] {
		case 'F':
			c = d.Field
		case 'S':
			c = d.Component
		case 'T':
			c = d.Subcomponent
		case 'R':
			c = d.Repetition
		case 'E':
			c = d.Escape
		case 'P':
			c = d.Truncation
		}
		if c == 0 { // stands for a character that was not declared
			return append(dst, s.raw...)
		}
		return append(dst, c)
	case hexSequence:
		for hex := s.body()[1:]; len(hex) > 0; hex = hex[2:] {
			dst = append(dst, hexDigit(hex[0])<<4|hexDigit(hex[1]))
		}
		return dst
	case highlightSequence:
		return dst
	case formatSequence:
		n, _ := formatCount(s.body())
		switch string(s.body()[1:3]) {
		case "br", "ce":
			return append(dst, '\n')
		case "sp":
			return appendRun(dst, '\n', n)
		case "sk":
			return appendRun(dst, ' ', n)
		}
		return dst
	}
	return append(dst, s.raw...)
}

func appendRun(dst []byte, c byte, n int) []byte {
	for range n {
		dst = append(dst, c)
	}
	return dst
}

// AppendEscaped appends plain text to dst as it must stand in a message: the
// delimiters, the escape character and the characters that end a segment or a
// frame become escape sequences. Reading it back gives the same text; a
// hexadecimal sequence that is malformed, and so is text, stays as it is. A
// delimiter for which the message has no escape character is replaced by a
// space, for otherwise it would split the value.
func (d Delimiters) AppendEscaped(dst, text []byte) []byte {
	for len(text) > 0 {
		n := d.plain(text)
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		c := text[0]
		text = text[1:]
		name := byte(0)
		switch c {
		case d.Field:
			name = 'F'
		case d.Component:
			name = 'S'
		case d.Subcomponent:
			name = 'T'
		case d.Repetition:
			name = 'R'
		case d.Truncation:
			name = 'P'
		case d.Escape:
			if end := bytes.IndexByte(text, c); end > 0 && isBrokenHex(text[:end]) && !(text[0] == 'X' && end > 1 && end%2 == 1 && allHex(text[1:end])) {
				dst = append(append(dst, c), text[:end+1]...)
				text = text[end+1:]
				continue
			}
			name = 'E'
		}
		switch {
		case d.Escape == 0:
			dst = append(dst, ' ')
		case name != 0:
			dst = append(dst, d.Escape, name, d.Escape)
		default:
			const hex = "0123456789ABCDEF"
			dst = append(dst, d.Escape, 'X', hex[c>>4], hex[c&15], d.Escape)
		}
	}
	return dst
}

// EscapeText is AppendEscaped that returns text itself when there is nothing to
// escape.
func (d Delimiters) EscapeText(text []byte) []byte {
	n := d.plain(text)
	if n == len(text) {
		return text
	}
	dst := append(make([]byte, 0, len(text)+16), text[:n]...)
	return d.AppendEscaped(dst, text[n:])
}

// mustEscape reports whether a byte cannot stand in a value.
func (d Delimiters) mustEscape(c byte) bool {
	switch c {
	case d.Field, d.Component, d.Repetition, d.Subcomponent, d.Escape, d.Truncation:
		return c != 0
	case '\r', '\n', 0x0b, 0x1c:
		return true
	}
	return false
}

// plain returns how many bytes of text need no escape.
func (d Delimiters) plain(text []byte) int {
	at := 0
	const short = 64 // bytes without a find before the vector search is worth it
	if d.standard() && d.Escape == '\\' && d.Truncation == 0 {
		for at+8 <= len(text) && at < short {
			w := binary.LittleEndian.Uint64(text[at:])
			a := (w | 0x22*ones) ^ 0x7e*ones // | ^ ~ \ as in matchStandard
			b := w ^ '&'*ones
			c := (w&low7 + 0x60*ones) | w
			hits := ^(((a&low7 + low7) | a) & ((b&low7 + low7) | b) & c) & highs
			if hits == 0 {
				at += 8
				continue
			}
			at += bits.TrailingZeros64(hits) >> 3
			if d.mustEscape(text[at]) {
				return at
			}
			at++ // a control character that may stand
		}
	}
	for ; at < len(text) && (at < short || len(text)-at < 16); at++ {
		if d.mustEscape(text[at]) {
			return at
		}
	}
	for size := 256; at < len(text); size = min(size*2, 16<<10) {
		run := text[at:min(at+size, len(text))]
		full := len(run)
		for _, c := range [...]byte{d.Field, d.Component, d.Repetition, d.Subcomponent, d.Escape, d.Truncation, '\r', '\n', 0x0b, 0x1c} {
			if c == 0 {
				continue
			}
			if p := bytes.IndexByte(run, c); p >= 0 {
				run = run[:p]
			}
		}
		at += len(run)
		if len(run) < full {
			break
		}
	}
	return at
}
