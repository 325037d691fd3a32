package hl7v2

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"
)

var (
	errBase64 = errors.New("not base64 data, or cut short")
	errHex    = errors.New("not hexadecimal data, or cut short")
)

// chunk is how much encoded data is decoded at once: a multiple of four.
const chunk = 24 << 10

// DecodeBase64 writes the data that the first innermost value holds in base64,
// as OBX-5.5 of type ED does, in pieces and without a copy of the whole. White
// space and line breaks written as escape sequences (\.br\, \X0D\\X0A\) are
// skipped. It returns the number of bytes written. Data that is not base64 is
// an Issue with its place; what was decoded before it has been written.
func (v Value) DecodeBase64(w io.Writer) (int64, error) {
	return v.decodeData(w, base64.StdEncoding.Decode, errBase64)
}

// DecodeHex is DecodeBase64 for data in hexadecimal digits.
func (v Value) DecodeHex(w io.Writer) (int64, error) {
	return v.decodeData(w, hex.Decode, errHex)
}

func (v Value) decodeData(w io.Writer, decode func(dst, src []byte) (int, error), cause error) (int64, error) {
	if v.m == nil {
		return 0, nil
	}
	leaf := v.Leaf()
	if leaf.State() != Present {
		return 0, nil
	}
	raw := leaf.Raw()
	size := min(chunk, len(raw)+4)
	out := make([]byte, size)
	var clean []byte // where white space has to be taken out
	written := int64(0)
	for at := 0; at < len(raw); {
		// The fast way: a run that is nothing but data.
		src, next := raw[at:min(at+chunk, len(raw))], min(at+chunk, len(raw))
		if v.m.hasBreaks(src) || clean != nil {
			if clean == nil {
				clean = make([]byte, 0, size)
			}
			clean, next = v.m.takeData(clean[:0], raw, at)
			src = clean
		}
		n, err := decode(out, src)
		if n > 0 {
			k, err := w.Write(out[:n])
			written += int64(k)
			if err != nil {
				return written, err
			}
		}
		if err != nil {
			bad := at
			if e := base64.CorruptInputError(0); errors.As(err, &e) && clean == nil {
				bad += int(e)
			}
			return written, v.locate(Issue{Severity: Error, Code: CodeDataType, Offset: int64(min(bad, len(raw))), Clause: "2.A.24", Err: cause})
		}
		at = next
	}
	return written, nil
}

// hasBreaks reports whether a run of data holds anything to take out.
func (m *Message) hasBreaks(run []byte) bool {
	return bytes.IndexByte(run, ' ') >= 0 || bytes.IndexByte(run, '\n') >= 0 || bytes.IndexByte(run, '\t') >= 0 ||
		m.delims.Escape != 0 && bytes.IndexByte(run, m.delims.Escape) >= 0
}

// takeData copies data from raw[at:], without white space and escape
// sequences for it, until dst is full. It returns the offset behind.
func (m *Message) takeData(dst, raw []byte, at int) ([]byte, int) {
	for at < len(raw) && len(dst) < cap(dst)/4*4 {
		c := raw[at]
		if c == m.delims.Escape && c != 0 {
			s := m.delims.sequence(raw[at:])
			for _, t := range m.delims.appendSequence(nil, s) {
				if t != ' ' && t != '\n' && t != '\r' && t != '\t' {
					dst = append(dst, t)
				}
			}
			at += len(s.raw)
			continue
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			dst = append(dst, c)
		}
		at++
	}
	return dst, at
}

// WriteTo writes the data in the clear, as its Encoding says: Base64, Hex or A
// (text). Data in base64 and hexadecimal digits is decoded in pieces, so that
// memory does not grow with it. An unknown encoding is an error.
func (x ED) WriteTo(w io.Writer) (int64, error) {
	switch encoding := x.Encoding.Value(); {
	case strings.EqualFold(encoding, "Base64"):
		return x.data.DecodeBase64(w)
	case strings.EqualFold(encoding, "Hex"):
		return x.data.DecodeHex(w)
	case encoding == "A":
		n, err := io.WriteString(w, x.data.Text())
		return int64(n), err
	}
	return 0, Issue{Severity: Error, Code: CodeDataType, Path: x.data.Path(), Offset: int64(x.data.Offset()), Clause: "2.A.24", Err: errEncodingName}
}

var errEncodingName = errors.New("ED.4 names no encoding of data: A, Hex or Base64")

// WriteData writes an ED over the element that a path names, with the data of
// r in base64, whatever x.Encoding says. The message holds the encoded data;
// nothing else is held.
func (m *Message) WriteData(path string, x ED, r io.Reader) error {
	p, err := m.editPath(path)
	if err != nil {
		return err
	}
	x.Encoding = T("Base64")
	c := codec{m: m}
	if x.components(&c); c.err != nil {
		return Issue{Severity: Error, Code: CodeDataType, Path: path, Offset: -1, Err: c.err}
	}
	if p.Comp > 0 || m.delims.Component == 0 {
		return Issue{Severity: Error, Code: CodeDataType, Path: path, Offset: -1, Err: errTooDeep}
	}
	out := bytes.NewBuffer(append(c.out, m.delims.Component))
	e := base64.NewEncoder(base64.StdEncoding, out)
	if _, err := io.Copy(e, r); err != nil {
		return err
	}
	if err := e.Close(); err != nil {
		return err
	}
	return m.replace(p, false, out.Bytes())
}
