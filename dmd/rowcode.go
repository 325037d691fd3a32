package dmd

import "encoding/binary"

// A record is stored as the set of its fields and then, in the order of the
// schema, each field's text in the shortest form that gives exactly the same
// text back:
//
//	00  the text itself, with its length
//	01  a number without leading zeros
//	10  a number with leading zeros, with its width
//	11  a date
//
// The form is in the two low bits of a varint. Fields that the schema does not
// know follow as pairs of tag and text.
const (
	formText = iota
	formNumber
	formPadded
	formDate
)

// appendValue appends the shortest form of a text.
func appendValue(b []byte, v []byte) []byte {
	if n := len(v); n > 0 && n <= 18 && v[0] >= '0' && v[0] <= '9' {
		if n == 10 && v[4] == '-' && v[7] == '-' {
			if d, err := parseDate(v); err == nil {
				return binary.AppendUvarint(b, uint64(d)<<2|formDate)
			}
		}
		num, digits := uint64(0), true
		for _, c := range v {
			if c < '0' || c > '9' {
				digits = false
				break
			}
			num = num*10 + uint64(c-'0')
		}
		switch {
		case digits && (v[0] != '0' || n == 1):
			return binary.AppendUvarint(b, num<<2|formNumber)
		case digits && n < 16:
			return binary.AppendUvarint(b, (num<<4|uint64(n))<<2|formPadded)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(v))<<2) // formText
	return append(b, v...)
}

// uvarint reads a varint; on bad input it returns n = 0.
func uvarint(b []byte) (v uint64, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	v, n = binary.Uvarint(b)
	return v, max(n, 0)
}

// skipValue returns the rest of b after one value.
func skipValue(b []byte) []byte {
	h, n := uvarint(b)
	b = b[n:]
	if h&3 == formText {
		b = b[min(h>>2, uint64(len(b))):]
	}
	if n == 0 {
		return nil
	}
	return b
}

// appendValueText decodes one value, appends its text and returns what follows.
func appendValueText(dst, b []byte) (text, rest []byte) {
	h, n := uvarint(b)
	if n == 0 {
		return dst, nil
	}
	b = b[n:]
	switch h & 3 {
	case formText:
		size := min(h>>2, uint64(len(b)))
		return append(dst, b[:size]...), b[size:]
	case formNumber:
		return appendUint(dst, h>>2, 1), b
	case formPadded:
		return appendUint(dst, h>>6, int(h>>2&15)), b
	}
	dst, _ = Date(h >> 2).AppendText(dst)
	return dst, b
}

// appendUint appends a number with at least width digits.
func appendUint(dst []byte, v uint64, width int) []byte {
	var buf [20]byte
	i := len(buf)
	for v > 0 || width > 0 {
		i--
		buf[i] = byte('0' + v%10)
		v /= 10
		width--
	}
	return append(dst, buf[i:]...)
}

// row is an encoded record.
type row []byte

// find returns the encoded value of a field, or nil.
func (r row) find(field int) []byte {
	set, n := uvarint(r)
	if field < 0 || set>>field&1 == 0 {
		return nil
	}
	b := []byte(r[n:])
	for set &= 1<<field - 1; set != 0; set &= set - 1 {
		b = skipValue(b)
	}
	return b
}

// text returns the text of a field, and whether it is there.
func (r row) text(field int) (string, bool) {
	b := r.find(field)
	if b == nil {
		return "", false
	}
	if h, n := uvarint(b); h&3 == formText {
		b = b[n:]
		return string(b[:min(h>>2, uint64(len(b)))]), true
	}
	var buf [24]byte
	t, _ := appendValueText(buf[:0], b)
	return string(t), true
}

// rawText returns the bytes of a field that is stored as text, in place.
func (r row) rawText(field int) []byte {
	b := r.find(field)
	h, n := uvarint(b)
	if n == 0 || h&3 != formText {
		return nil
	}
	b = b[n:]
	return b[:min(h>>2, uint64(len(b)))]
}

// number returns a field that is a whole number, with or without zeros in front.
func (r row) number(field int) (uint64, bool) {
	h, n := uvarint(r.find(field))
	switch {
	case n == 0:
	case h&3 == formNumber:
		return h >> 2, true
	case h&3 == formPadded:
		return h >> 6, true
	}
	return 0, false
}

// flag reports whether a field is there and not zero.
func (r row) flag(field int) bool {
	n, ok := r.number(field)
	return ok && n != 0
}

// date returns a field that is a date, or the zero value.
func (r row) date(field int) Date {
	h, n := uvarint(r.find(field))
	if n == 0 || h&3 != formDate {
		return 0
	}
	return Date(h >> 2)
}

// decimal returns a field that is a number.
func (r row) decimal(field int) (Decimal, bool) {
	b := r.find(field)
	if b == nil {
		return Decimal{}, false
	}
	var buf [24]byte
	t, _ := appendValueText(buf[:0], b)
	d, err := parseDecimal(t)
	return d, err == nil
}
