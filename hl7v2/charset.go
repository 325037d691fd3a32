package hl7v2

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// Charset is a character set of table 0211, or one that senders use without
// its being there (Windows1252).
type Charset uint8

// The character sets. What MSH-18 calls UNICODE is read as UTF8: the code says
// nothing of an encoding, and that is what its senders send.
const (
	Undeclared Charset = iota // MSH-18 is empty: the standard has ASCII
	ASCII
	Latin1   // 8859/1
	Latin2   // 8859/2
	Latin3   // 8859/3
	Latin4   // 8859/4
	Cyrillic // 8859/5
	Arabic   // 8859/6
	Greek    // 8859/7
	Hebrew   // 8859/8
	Latin5   // 8859/9
	Latin9   // 8859/15
	Katakana // ISO IR14, JIS X 0201
	JISX0208 // ISO IR87, with ISO 2022 escape sequences
	JISX0212 // ISO IR159, likewise
	GB18030  // GB 18030-2000
	KSX1001  // KS X 1001, as EUC-KR
	Big5     // BIG-5
	CNS11643 // CNS 11643-1992; no conversion is available
	UTF8     // UNICODE UTF-8 and UNICODE
	UTF16    // UNICODE UTF-16
	UTF32    // UNICODE UTF-32
	Windows1252
	UnknownCharset // MSH-18 holds no code of the table
)

// charsetCodes are the codes of table 0211, in the order of the constants.
var charsetCodes = [...]string{
	"", "ASCII", "8859/1", "8859/2", "8859/3", "8859/4", "8859/5", "8859/6", "8859/7", "8859/8", "8859/9", "8859/15",
	"ISO IR14", "ISO IR87", "ISO IR159", "GB 18030-2000", "KS X 1001", "BIG-5", "CNS 11643-1992",
	"UNICODE UTF-8", "UNICODE UTF-16", "UNICODE UTF-32", "WINDOWS-1252", "unknown",
}

// String returns the code of table 0211, such as "8859/1".
func (c Charset) String() string {
	if int(c) < len(charsetCodes) {
		return charsetCodes[c]
	}
	return "unknown"
}

// ParseCharset returns the character set of a code of table 0211, or of one of
// the names that stand there in the field: UTF-8, ISO-8859-1, 8859-1, CP1252.
func ParseCharset(code string) Charset {
	code = strings.ToUpper(strings.TrimSpace(code))
	for i, name := range charsetCodes[:UnknownCharset] {
		if code == name {
			return Charset(i)
		}
	}
	// QUIRK: names of the IANA registry where table 0211 has its own codes.
	plain := strings.NewReplacer(" ", "", "-", "", "_", "", "/", "").Replace(code)
	plain = strings.TrimPrefix(plain, "ISO")
	if n, ok := strings.CutPrefix(plain, "8859"); ok {
		for i := Latin1; i <= Latin9; i++ {
			if charsetCodes[i] == "8859/"+n {
				return i
			}
		}
	}
	switch plain {
	case "UNICODE", "UTF8", "UNICODEUTF8", "10646":
		return UTF8
	case "UTF16", "UTF16LE", "UTF16BE":
		return UTF16
	case "UTF32", "UTF32LE", "UTF32BE":
		return UTF32
	case "USASCII", "IR6", "646":
		return ASCII
	case "CP1252", "WINDOWS1252", "ANSI":
		return Windows1252
	case "GB18030", "GB180302000":
		return GB18030
	case "BIG5":
		return Big5
	case "KSX1001", "EUCKR":
		return KSX1001
	case "CNS11643", "CNS116431992":
		return CNS11643
	}
	return UnknownCharset
}

// charmapOf returns the table of a set with one byte to a character.
func (c Charset) charmap() *charmap.Charmap {
	switch c {
	case Latin1:
		return charmap.ISO8859_1
	case Latin2:
		return charmap.ISO8859_2
	case Latin3:
		return charmap.ISO8859_3
	case Latin4:
		return charmap.ISO8859_4
	case Cyrillic:
		return charmap.ISO8859_5
	case Arabic:
		return charmap.ISO8859_6
	case Greek:
		return charmap.ISO8859_7
	case Hebrew:
		return charmap.ISO8859_8
	case Latin5:
		return charmap.ISO8859_9
	case Latin9:
		return charmap.ISO8859_15
	case Windows1252:
		return charmap.Windows1252
	}
	return nil
}

// multibyte returns the encoding of a set with several bytes to a character.
func (c Charset) multibyte() encoding.Encoding {
	switch c {
	case JISX0208, JISX0212:
		return japanese.ISO2022JP
	case GB18030:
		return simplifiedchinese.GB18030
	case KSX1001:
		return korean.EUCKR
	case Big5:
		return traditionalchinese.Big5
	}
	return nil
}

// hidesDelimiters reports whether the second byte of a character can look
// like a delimiter.
func (c Charset) hidesDelimiters() bool {
	return c == GB18030 || c == Big5 || c == JISX0208 || c == JISX0212
}

// isUTF8 reports whether values are read as UTF-8: because MSH-18 says so, or
// because the whole message was converted to it.
func (c Charset) isUTF8() bool { return c == UTF8 || c == UTF16 || c == UTF32 }

// appendDecoded appends bytes of the set to dst in UTF-8. ok is false if they
// are not valid; what cannot be read is then U+FFFD.
func (c Charset) appendDecoded(dst, b []byte) (text []byte, ok bool) {
	if isASCII(b) && (c != JISX0208 && c != JISX0212 || bytes.IndexByte(b, 0x1b) < 0) {
		return append(dst, b...), true
	}
	if m := c.charmap(); m != nil {
		ok = true
		for _, x := range b {
			r := m.DecodeByte(x)
			ok = ok && r != utf8.RuneError
			dst = utf8.AppendRune(dst, r)
		}
		return dst, ok
	}
	if e := c.multibyte(); e != nil {
		out, err := e.NewDecoder().Bytes(b)
		return append(dst, out...), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
	}
	if c == Katakana {
		ok = true
		for _, x := range b {
			switch {
			case x < 0x80:
				dst = append(dst, x)
			case 0xa1 <= x && x <= 0xdf:
				dst = utf8.AppendRune(dst, rune(x)-0xa1+0xff61)
			default:
				dst, ok = utf8.AppendRune(dst, utf8.RuneError), false
			}
		}
		return dst, ok
	}
	if utf8.Valid(b) {
		return append(dst, b...), c.isUTF8()
	}
	return append(dst, bytes.ToValidUTF8(b, []byte("\uFFFD"))...), false
}

// ErrCharset is the cause of an error for text that the character set of a
// message cannot hold, and of findings about bytes that are not in it.
var ErrCharset = errors.New("not in the character set that MSH-18 declares")

// encode returns UTF-8 text in the bytes of the set.
func (c Charset) encode(text []byte) ([]byte, error) {
	if isASCII(text) {
		return text, nil
	}
	var e encoding.Encoding
	if m := c.charmap(); m != nil {
		e = m
	} else {
		e = c.multibyte()
	}
	switch {
	case e != nil:
		out, err := e.NewEncoder().Bytes(text)
		if err != nil {
			return nil, ErrCharset
		}
		return out, nil
	case c.isUTF8() && utf8.Valid(text):
		return text, nil
	}
	return nil, ErrCharset
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if uint64(b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7])&0x80 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// Charset returns the character set that MSH-18 declares in its first
// repetition. The further ones are those that the message may switch to.
func (m *Message) Charset() Charset { return m.charset }

// readCharset finds the character set when the message has been indexed.
func (m *Message) readCharset() {
	m.charset = Undeclared
	v := m.SegmentAt(0).Field(18)
	if v.lo != v.hi {
		v = v.Component(1)
	}
	switch raw := v.Raw(); string(raw) {
	case "":
	case "UNICODE UTF-8", "UNICODE":
		m.charset = UTF8
	case "8859/1":
		m.charset = Latin1
	case "ASCII":
		m.charset = ASCII
	default:
		m.charset = ParseCharset(string(raw))
	}
	if m.wide != narrow && !m.charset.isUTF8() {
		m.charset = UTF16
	}
}

// decoded appends bytes without escape sequences in UTF-8. Bytes that are not
// valid in the declared set are read as UTF-8 if that is what they are and the
// set has no other use for them, else in the fallback set, else as U+FFFD.
func (m *Message) decoded(dst, b []byte) []byte {
	c := m.charset
	fallback := m.parser.Fallback
	if c == Latin1 && fallback == Windows1252 && hasC1(b) {
		// QUIRK: declared as 8859/1, sent from Windows; 80-9F are no
		// characters of 8859/1 but quotes and dashes of Windows-1252.
		c = Windows1252
	}
	n := len(dst)
	text, ok := c.appendDecoded(dst, b)
	if ok || utf8.Valid(b) && c.charmap() == nil && c.multibyte() == nil || fallback == Undeclared {
		return text
	}
	text, _ = fallback.appendDecoded(text[:n], b)
	return text
}

// hasC1 reports whether there is a byte of 80 to 9F.
func hasC1(b []byte) bool {
	for _, c := range b {
		if 0x80 <= c && c < 0xa0 {
			return true
		}
	}
	return false
}

// appendText appends raw bytes of the message as text in UTF-8, with escape
// sequences read.
func (m *Message) appendText(dst, raw []byte) []byte {
	e := m.delims.Escape
	if e == 0 || bytes.IndexByte(raw, e) < 0 {
		return m.decoded(dst, raw)
	}
	d := m.delims
	if m.charset.hidesDelimiters() {
		// The escape character may be half of another: decode first.
		raw = m.decoded(nil, raw)
	}
	var run []byte // bytes of one character set
	set := m.charset
	flush := func() {
		switch {
		case set == m.charset && set.hidesDelimiters():
			dst = append(dst, run...)
		case set == m.charset:
			dst = m.decoded(dst, run)
		case set == JISX0208 || set == JISX0212:
			// The bytes follow a \M..\ that stood for the ISO 2022 sequence.
			shift := "\x1b$B"
			if set == JISX0212 {
				shift = "\x1b$(D"
			}
			dst, _ = set.appendDecoded(dst, append([]byte(shift), run...))
		default:
			dst, _ = set.appendDecoded(dst, run)
		}
		run = run[:0]
	}
	for len(raw) > 0 {
		open := bytes.IndexByte(raw, e)
		if open < 0 {
			run = append(run, raw...)
			break
		}
		run = append(run, raw[:open]...)
		s := d.sequence(raw[open:])
		raw = raw[open+len(s.raw):]
		switch {
		case s.kind == charsetSequence:
			if to := switchTo(s.body()); to != UnknownCharset {
				flush()
				if set = to; to == ASCII {
					set = m.charset
				}
				continue
			}
			run = append(run, s.raw...)
		case s.kind == hexSequence && m.charset.hidesDelimiters() && set == m.charset:
			run = m.decoded(run, d.appendSequence(nil, s))
		default:
			run = d.appendSequence(run, s)
		}
	}
	flush()
	return dst
}

// switchTo returns the set of a \C..\ or \M..\ sequence, whose digits are the
// bytes of an ISO 2022 designation (chapter 2.7.2): 2D41 is ESC - A. ASCII
// stands for the return to the set of the message.
func switchTo(body []byte) Charset {
	switch strings.ToUpper(string(body)) {
	case "C2842", "C284A":
		return ASCII
	case "C2D41":
		return Latin1
	case "C2D42":
		return Latin2
	case "C2D43":
		return Latin3
	case "C2D44":
		return Latin4
	case "C2D4C":
		return Cyrillic
	case "C2D47":
		return Arabic
	case "C2D46":
		return Greek
	case "C2D48":
		return Hebrew
	case "C2D4D":
		return Latin5
	case "C2D62":
		return Latin9
	case "C2949":
		return Katakana
	case "M2442":
		return JISX0208
	case "M242844":
		return JISX0212
	}
	return UnknownCharset
}

// findMultibyte is find for sets in which a byte of a longer character can
// look like a delimiter: it steps over the whole character.
func (x *index) findMultibyte(data []byte, from int, d Delimiters, c Charset) {
	table := &classTable{}
	table.fill(d, true)
	shifted := false // within ISO 2022 bytes
	for i := from; i < len(data); i++ {
		b := data[i]
		switch {
		case b == 0x1b && c != GB18030 && c != Big5:
			rest := data[i:]
			shifted = bytes.HasPrefix(rest, []byte("\x1b$")) || shifted && !bytes.HasPrefix(rest, []byte("\x1b("))
			i += escapeLen(rest) - 1
		case b == '\r' || b == '\n':
			shifted = false // ISO 2022: a line ends in ASCII
			x.marks = append(x.marks, Mark(i))
		case shifted:
		case b >= 0x81 && b <= 0xfe && (c == GB18030 || c == Big5) && i+1 < len(data) && data[i+1] >= 0x30:
			i++
			if c == GB18030 && data[i] <= '9' && i+2 < len(data) && data[i+1] >= 0x81 && '0' <= data[i+2] && data[i+2] <= '9' {
				i += 2
			}
		case table[b] != kindNone:
			x.marks = append(x.marks, Mark(i))
		}
	}
}

// escapeLen returns the length of the ISO 2022 escape sequence that b begins
// with, which designates a set: ESC, at least one byte of 20 to 2F, and one of
// 30 to 7E. It is 1 for an ESC that begins none.
func escapeLen(b []byte) int {
	n := 1
	for n < len(b) && 0x20 <= b[n] && b[n] <= 0x2f {
		n++
	}
	if n > 1 && n < len(b) && 0x30 <= b[n] && b[n] <= 0x7e {
		return n + 1
	}
	return 1
}

// wideness is the encoding of a message that came in units of two or four
// bytes.
type wideness uint8

const (
	narrow wideness = iota
	utf16LE
	utf16BE
	utf32LE
	utf32BE
)

// wideOf detects a wide message by its byte order mark, or by the zero bytes
// in MSH. bom is the length of the mark.
func wideOf(data []byte) (w wideness, bom int) {
	if len(data) > 1 && data[0] != 0 && data[1] != 0 && data[0] < 0xfe {
		return narrow, 0
	}
	for _, c := range [...]struct {
		prefix string
		w      wideness
		bom    int
	}{
		{"\xff\xfe\x00\x00", utf32LE, 4}, {"\x00\x00\xfe\xff", utf32BE, 4},
		{"\xff\xfe", utf16LE, 2}, {"\xfe\xff", utf16BE, 2},
		{"M\x00\x00\x00", utf32LE, 0}, {"\x00\x00\x00M", utf32BE, 0},
		{"M\x00S\x00", utf16LE, 0}, {"\x00M\x00S", utf16BE, 0},
	} {
		if len(data) >= len(c.prefix) && string(data[:len(c.prefix)]) == c.prefix {
			return c.w, c.bom
		}
	}
	return narrow, 0
}

// narrowed converts a wide message, without its mark, to UTF-8.
func (w wideness) narrowed(data []byte) []byte {
	out := make([]byte, 0, len(data))
	size := w.size()
	for i := 0; i+size <= len(data); i += size {
		r := w.unit(data[i:])
		if size == 2 && utf16.IsSurrogate(r) {
			low := rune(0)
			if i+4 <= len(data) {
				low = w.unit(data[i+2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	if len(data)%size != 0 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return out
}

func (w wideness) size() int {
	if w >= utf32LE {
		return 4
	}
	return 2
}

func (w wideness) unit(b []byte) rune {
	switch w {
	case utf16LE:
		return rune(b[0]) | rune(b[1])<<8
	case utf16BE:
		return rune(b[1]) | rune(b[0])<<8
	case utf32LE:
		return rune(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
	}
	return rune(uint32(b[3]) | uint32(b[2])<<8 | uint32(b[1])<<16 | uint32(b[0])<<24)
}

// appendWidened appends UTF-8 text in the wide encoding.
func (w wideness) appendWidened(dst, text []byte) []byte {
	unit := func(u uint32) {
		switch w {
		case utf16LE:
			dst = append(dst, byte(u), byte(u>>8))
		case utf16BE:
			dst = append(dst, byte(u>>8), byte(u))
		case utf32LE:
			dst = append(dst, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
		default:
			dst = append(dst, byte(u>>24), byte(u>>16), byte(u>>8), byte(u))
		}
	}
	for _, r := range string(text) {
		if w.size() == 2 && r > 0xffff {
			high, low := utf16.EncodeRune(r)
			unit(uint32(high))
			unit(uint32(low))
			continue
		}
		unit(uint32(r))
	}
	return dst
}
