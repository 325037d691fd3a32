package hl7v2

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
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
