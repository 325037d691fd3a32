package hl7v2

import "bytes"

// Header is a view of the MSH segment alone, for routing: reading it looks at
// no other byte of the message and allocates nothing.
type Header struct {
	data   []byte
	delims Delimiters
	begin  int
	n      int
	ends   [headerFields]uint32 // the end of MSH-2, MSH-3, ...
}

const headerFields = 24 // MSH-25 is the last field of version 2.8.2

// ReadHeader reads the header of a message in the way Parse does. The header
// keeps data. The error is an Issue. Of a message in UTF-16 or UTF-32 the
// first 8 kB are converted, which does allocate.
func ReadHeader(data []byte) (Header, error) {
	if w, bom := wideOf(data); w != narrow {
		data = w.narrowed(data[bom:min(len(data), bom+8<<10)])
	}
	begin, _ := extent(data[:min(len(data), 64)])
	switch {
	case begin == len(data):
		return Header{}, fatal(data, CodeEmpty, 0)
	case !bytes.HasPrefix(data[begin:], []byte("MSH")):
		return Header{}, fatal(data, CodeHeader, begin)
	case len(data) > maxBytes:
		return Header{}, fatal(data, CodeLimit, 0)
	}
	h, problem := readHeader(data, begin)
	if problem != "" {
		_, at, _ := readDelimiters(data, begin)
		return Header{}, fatal(data, problem, at)
	}
	return h, nil
}

// readHeader reads MSH, BHS or FHS at an offset.
func readHeader(data []byte, begin int) (h Header, problem Code) {
	h = Header{data: data, begin: begin}
	d, at, problem := readDelimiters(data, begin)
	if problem != "" {
		return Header{}, problem
	}
	h.delims = d
	for ; at < len(data); at++ {
		c := data[at]
		if c == d.Field {
			h.ends[h.n] = uint32(at)
			if h.n++; h.n == len(h.ends) {
				return h, ""
			}
		}
		if c == '\r' || c == '\n' {
			break
		}
	}
	h.ends[h.n] = uint32(at)
	h.n++
	return h, ""
}

// Delimiters returns what MSH-1 and MSH-2 declare.
func (h *Header) Delimiters() Delimiters { return h.delims }

// Field returns the bytes of field MSH-n as they stand in the message, nil if
// it is not there. They are the message's own.
func (h *Header) Field(n int) []byte {
	switch {
	case h.data == nil || n < 1 || n > h.n+1:
		return nil
	case n == 1:
		return h.data[h.begin+3 : h.begin+4]
	case n == 2:
		return h.data[h.begin+4 : h.ends[0]]
	}
	return h.data[h.ends[n-3]+1 : h.ends[n-2]]
}

// Component returns component c of the first repetition of field MSH-n, as it
// stands in the message.
func (h *Header) Component(n, c int) []byte {
	f := h.Field(n)
	if n <= 2 {
		return f
	}
	if h.delims.Repetition != 0 {
		f, _, _ = bytes.Cut(f, []byte{h.delims.Repetition})
	}
	for h.delims.Component != 0 {
		var found bool
		first, rest, found := bytes.Cut(f, []byte{h.delims.Component})
		if c == 1 {
			return first
		}
		if !found {
			return nil
		}
		f, c = rest, c-1
	}
	if c == 1 {
		return f
	}
	return nil
}

// Type returns the three components of MSH-9: message code, trigger event and
// message structure, such as ADT, A04 and ADT_A01.
func (h *Header) Type() (code, trigger, structure []byte) {
	return h.Component(9, 1), h.Component(9, 2), h.Component(9, 3)
}

// ControlID returns MSH-10.
func (h *Header) ControlID() []byte { return h.Field(10) }

// Version returns MSH-12.1, such as 2.5.1.
func (h *Header) Version() []byte { return h.Component(12, 1) }
