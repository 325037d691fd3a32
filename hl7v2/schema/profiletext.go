package schema

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// profileText is the text of a profile in UTF-8, which offsets count in as long
// as it is read, with what turns them into offsets of the data that it came as.
type profileText struct {
	text  []byte
	start int // where it begins in the data: behind a byte order mark
	unit  int // how many bytes of the data a character is, or half of one beyond U+FFFF; 0 if the data is UTF-8

	at, offset int // a place in the text, and the same one in the data
}

// textProblem is what is wrong with the encoding of a profile.
type textProblem struct {
	at    int // in the text
	err   error
	fatal bool
}

var (
	errTextWide = errors.New("UTF-32 is not read: UTF-8, UTF-16, US-ASCII, ISO-8859-1, ISO-8859-15 and windows-1252 are")
	errTextName = errors.New("an encoding that is not read: UTF-8, UTF-16, US-ASCII, ISO-8859-1, ISO-8859-15 and windows-1252 are")
)

// textEncoding is an encoding that a profile can be in; the zero one is UTF-8.
type textEncoding struct {
	units []binary.ByteOrder // that UTF-16 may have
	chars *charmap.Charmap   // of one byte to a character
	ascii bool
}

// textEncodingOf returns the encoding that a declaration names (section 4.3.3
// of XML 1.0), by its name or an alias in the registry of IANA.
func textEncodingOf(name string) (e textEncoding, ok bool) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return textEncoding{}, true
	case "utf-16", "utf16", "iso-10646-ucs-2", "csunicode":
		return textEncoding{units: []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}}, true
	case "utf-16le":
		return textEncoding{units: []binary.ByteOrder{binary.LittleEndian}}, true
	case "utf-16be":
		return textEncoding{units: []binary.ByteOrder{binary.BigEndian}}, true
	case "us-ascii", "ascii", "us", "iso646-us", "ansi_x3.4-1968", "csascii":
		return textEncoding{ascii: true}, true
	case "iso-8859-1", "iso_8859-1", "iso8859-1", "latin1", "l1", "cp819", "ibm819", "csisolatin1":
		return textEncoding{chars: charmap.ISO8859_1}, true
	case "iso-8859-15", "iso_8859-15", "iso8859-15", "latin-9", "csiso885915":
		return textEncoding{chars: charmap.ISO8859_15}, true
	case "windows-1252", "cp1252", "cswindows1252":
		return textEncoding{chars: charmap.Windows1252}, true
	}
	return textEncoding{}, false
}

// decodeProfile returns the text of a profile. Its encoding is the one that a
// byte order mark, or the zero bytes of UTF-16, show; else the one that the XML
// declares; else UTF-8. With a fatal problem the text ends where that is.
func decodeProfile(data []byte) (*profileText, *textProblem) {
	t := &profileText{text: data}
	shown := ""                // by the bytes
	var order binary.ByteOrder // of UTF-16
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		return t, &textProblem{0, errTextWide, true}
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		shown, t.start = "UTF-8", 3
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		shown, order, t.start = "UTF-16", binary.LittleEndian, 2
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		shown, order, t.start = "UTF-16", binary.BigEndian, 2
	case bytes.HasPrefix(data, []byte("<\x00")):
		shown, order = "UTF-16", binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\x00<")):
		shown, order = "UTF-16", binary.BigEndian
	}
	t.text = data[t.start:]
	if order != nil {
		if err := t.decodeWide(order); err != nil {
			return t, &textProblem{len(t.text), err, true}
		}
	}
	name, at, declared := declaredEncoding(t.text)
	e, known := textEncodingOf(name)
	var problem *textProblem
	switch {
	case !declared:
		e = textEncoding{}
	case known && shown != "" && e.is(order), known && shown == "" && e.units == nil:
	case known || shown != "":
		// QUIRK: <?xml version="1.0" encoding="utf-16"?> before UTF-8, as XML
		// from a string of .NET has it. XML 1.0 calls it an error (4.3.3), but
		// the bytes allow one reading only.
		problem = &textProblem{at, fmt.Errorf("the declaration names another encoding than the bytes are in; they are read as %s", cmp.Or(shown, "UTF-8")), false}
		e = textEncoding{}
	default:
		return t, &textProblem{at, errTextName, true}
	}
	if order == nil {
		if at, err := t.decodeNarrow(e); err != nil {
			return t, &textProblem{at, err, true}
		}
	}
	return t, problem
}

// is reports whether e is UTF-16 of an order, or UTF-8 if that is nil.
func (e textEncoding) is(order binary.ByteOrder) bool {
	if order == nil {
		return e.units == nil && e.chars == nil && !e.ascii
	}
	return slices.Contains(e.units, order)
}

// decodeWide turns UTF-16 into UTF-8, up to what is none.
func (t *profileText) decodeWide(order binary.ByteOrder) error {
	data := t.text
	t.unit = 2
	t.text = make([]byte, 0, len(data)/2+len(data)/16)
	for len(data) >= 2 {
		r := rune(order.Uint16(data))
		size := 2
		if utf16.IsSurrogate(r) {
			if len(data) >= 4 {
				r = utf16.DecodeRune(r, rune(order.Uint16(data[2:])))
			}
			if size = 4; utf16.IsSurrogate(r) || r == utf8.RuneError {
				return errors.New("not UTF-16: half of a pair of surrogates")
			}
		}
		t.text = utf8.AppendRune(t.text, r)
		data = data[size:]
	}
	if len(data) > 0 {
		return errors.New("not UTF-16: half of a character at the end")
	}
	return nil
}

// decodeNarrow turns bytes of an encoding into UTF-8, up to what is none of it.
func (t *profileText) decodeNarrow(e textEncoding) (at int, err error) {
	data := t.text
	switch {
	case e.chars != nil:
		t.unit = 1
		t.text = make([]byte, 0, len(data)+len(data)/16)
		for _, b := range data {
			t.text = utf8.AppendRune(t.text, e.chars.DecodeByte(b))
		}
		return 0, nil
	case e.ascii:
		for i, b := range data {
			if b >= utf8.RuneSelf {
				t.text = data[:i]
				return i, errors.New("not US-ASCII")
			}
		}
		return 0, nil
	}
	for i := 0; i < len(data); {
		if data[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			t.text = data[:i]
			return i, errors.New("not UTF-8, which it must be if no other encoding is declared")
		}
		i += size
	}
	return 0, nil
}

// declaredEncoding returns the encoding that the declaration of XML names, and
// where the name stands. All encodings that are read have its characters where
// ASCII has them.
func declaredEncoding(text []byte) (name string, at int, ok bool) {
	const open = "<?xml"
	body := bytes.TrimLeft(text, " \t\r\n")
	if !bytes.HasPrefix(body, []byte(open)) || len(body) == len(open) || bytes.IndexByte([]byte(" \t\r\n"), body[len(open)]) < 0 {
		return "", 0, false
	}
	end := bytes.Index(body, []byte("?>"))
	if end < 0 {
		return "", 0, false
	}
	start := len(text) - len(body)
	rest := body[len(open):end]
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		key, value, found := bytes.Cut(rest, []byte("="))
		value = bytes.TrimLeft(value, " \t\r\n")
		if !found || len(value) == 0 || value[0] != '"' && value[0] != '\'' {
			return "", 0, false
		}
		size := bytes.IndexByte(value[1:], value[0])
		if size < 0 {
			return "", 0, false
		}
		rest = value[1:]
		if string(bytes.TrimRight(key, " \t\r\n")) == "encoding" {
			return string(rest[:size]), start + end - len(rest), true
		}
		rest = rest[size+1:]
	}
}

// origin returns where a place of the text stands in the data. It goes there
// from the last place that it was asked for.
func (t *profileText) origin(at int) int {
	if t.unit == 0 {
		return t.start + at
	}
	if t.offset == 0 {
		t.offset = t.start
	}
	for at = min(at, len(t.text)); t.at < at; {
		r, size := utf8.DecodeRune(t.text[t.at:])
		t.at, t.offset = t.at+size, t.offset+t.width(r)
	}
	for t.at > at {
		r, size := utf8.DecodeLastRune(t.text[:t.at])
		t.at, t.offset = t.at-size, t.offset-t.width(r)
	}
	return t.offset
}

// width is how many bytes of the data a character is.
func (t *profileText) width(r rune) int {
	if t.unit == 2 && r > 0xffff {
		return 4
	}
	return t.unit
}
