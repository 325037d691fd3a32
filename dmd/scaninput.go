package dmd

import (
	"bytes"
	"fmt"
	"io"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// fill reads more input behind what has not been looked at.
func (s *Scanner) fill() {
	if s.pos > 0 {
		s.moveCursor(s.pos)
		s.cursor.pos = 0
		s.baseLF = s.cursor.lastLF
		s.base += int64(s.pos)
		s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
		s.pos = 0
	}
	if cap(s.buf)-len(s.buf) < chunkSize/2 {
		bigger := make([]byte, len(s.buf), max(chunkSize, 2*cap(s.buf)))
		copy(bigger, s.buf)
		s.buf = bigger
	}
	// An unfinished record is read again from its start, so it must be worth it
	// even if the source gives little at a time.
	enough := len(s.buf) + chunkSize/4
	for tries := 0; len(s.buf) < enough && !s.eof; tries++ {
		n, err := s.src.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+max(n, 0)]
		switch {
		case err == io.EOF:
			s.eof = true
		case err != nil:
			s.eof, s.err = true, err
		case n > 0:
			tries = 0
		case tries > 100:
			s.eof, s.err = true, io.ErrNoProgress
		}
	}
}

// cursor is a place in the buffer of which the line is known.
type cursor struct {
	pos    int
	line   int   // line feeds before it
	lastLF int64 // offset of the last of them, or -1
}

// moveCursor takes the cursor to a place, counting line feeds on the way.
func (s *Scanner) moveCursor(pos int) {
	c := &s.cursor
	if pos < c.pos {
		c.line -= bytes.Count(s.buf[pos:c.pos], newline)
		c.lastLF = s.baseLF
		if i := bytes.LastIndexByte(s.buf[:pos], '\n'); i >= 0 {
			c.lastLF = s.base + int64(i)
		}
	} else if n := bytes.Count(s.buf[c.pos:pos], newline); n > 0 {
		c.line += n
		c.lastLF = s.base + int64(c.pos+bytes.LastIndexByte(s.buf[c.pos:pos], '\n'))
	}
	c.pos = pos
}

var newline = []byte{'\n'}

// start reads the first bytes and settles the encoding.
func (s *Scanner) start() {
	s.started = true
	for !s.eof && len(s.buf) < 128 {
		s.fill()
	}
	b := s.buf
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		s.pos = 3
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		s.recode("UTF-16", unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
		return
	}
	b = bytes.TrimLeft(s.buf[s.pos:], " \t\r\n")
	if !bytes.HasPrefix(b, []byte("<?xml")) {
		return
	}
	end := bytes.Index(b, []byte("?>"))
	if end < 0 {
		return
	}
	switch name := bytes.ToLower(pseudoAttribute(b[:end], "encoding")); string(name) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
	case "iso-8859-1", "latin1", "windows-1252":
		// QUIRK: what calls itself Latin-1 is Windows-1252 in practice.
		s.recode(string(name), charmap.Windows1252.NewDecoder())
	case "iso-8859-15":
		s.recode(string(name), charmap.ISO8859_15.NewDecoder())
	default:
		s.issue(Error, CodeEncoding, s.pos, "the declared encoding is not known; read as UTF-8")
	}
}

// recode reads the rest through a decoder. Offsets then count decoded bytes.
func (s *Scanner) recode(name string, d transform.Transformer) {
	if s.issues.room(CodeEncoding) {
		s.list(Information, CodeEncoding, s.pos, s.path(), fmt.Errorf("the file is in %s; offsets count its text in UTF-8", name))
	}
	s.src = transform.NewReader(io.MultiReader(bytes.NewReader(bytes.Clone(s.buf)), readerOf(s)), d)
	s.buf, s.pos, s.cursor.pos, s.eof = s.buf[:0], 0, 0, false
}

// readerOf returns what is left of the source.
func readerOf(s *Scanner) io.Reader {
	if s.eof {
		return bytes.NewReader(nil)
	}
	return s.src
}

// pseudoAttribute returns the value of an attribute of an XML declaration.
func pseudoAttribute(b []byte, name string) []byte {
	i := bytes.Index(b, []byte(name))
	if i < 0 {
		return nil
	}
	b = bytes.TrimLeft(b[i+len(name):], " \t\r\n=")
	if len(b) < 2 || b[0] != '"' && b[0] != '\'' {
		return nil
	}
	if end := bytes.IndexByte(b[1:], b[0]); end >= 0 {
		return b[1 : 1+end]
	}
	return nil
}
