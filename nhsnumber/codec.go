package nhsnumber

import (
	"database/sql/driver"
	"fmt"
	"strconv"
)

// AppendText appends the ten digits to b, nothing for no number. With
// [Number.MarshalText] it serves JSON object keys, XML attributes and
// elements, CSV cells and flag.TextVar.
func (n Number) AppendText(b []byte) ([]byte, error) { return n.appendDigits(b), nil }

// MarshalText returns the ten digits, or an empty text for no number.
func (n Number) MarshalText() ([]byte, error) { return n.appendDigits(make([]byte, 0, 10)), nil }

// UnmarshalText reads what [Parse] takes; an empty text is no number.
func (n *Number) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*n = Number{}
		return nil
	}
	return n.set(ParseBytes(b))
}

// set stores a parsed number, or leaves n as it is.
func (n *Number) set(m Number, err error) error {
	if err == nil {
		*n = m
	}
	return err
}

// MarshalJSON returns the ten digits as a JSON string, or null for no number.
func (n Number) MarshalJSON() ([]byte, error) {
	if n.v == 0 {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, 12), '"')
	return append(n.appendDigits(b), '"'), nil
}

// UnmarshalJSON reads a JSON string that [Parse] takes; null is no number. A
// JSON number is refused with [ErrFormat], because it has lost its leading
// zeros; so is an empty string, with [ErrEmpty], because null is how to say
// that there is none.
func (n *Number) UnmarshalJSON(b []byte) error {
	s := view(b)
	if s == "null" {
		*n = Number{}
		return nil
	}
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return failure(ErrFormat, 0)
	}
	for i := range len(s) {
		if s[i] != '\\' {
			continue
		}
		text, err := strconv.Unquote(s)
		if err != nil {
			return failure(ErrCharacter, i)
		}
		m, class, _ := parse(text, false)
		if class != 0 {
			return failure(class, 0) // offsets in the text are not those of the escaped form
		}
		*n = m
		return nil
	}
	m, err := Parse(s[1 : len(s)-1])
	if e, ok := err.(*Error); ok {
		e.Offset++
	}
	return n.set(m, err)
}

// AppendBinary appends five bytes, the ten digits as a big-endian integer, to
// b; nothing for no number.
func (n Number) AppendBinary(b []byte) ([]byte, error) {
	if n.v == 0 {
		return b, nil
	}
	v := n.value()
	return append(b, byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v)), nil
}

// MarshalBinary returns the five bytes of [Number.AppendBinary]; they sort as
// the numbers do.
func (n Number) MarshalBinary() ([]byte, error) { return n.AppendBinary(make([]byte, 0, 5)) }

// UnmarshalBinary reads what [Number.MarshalBinary] wrote and checks it again.
func (n *Number) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		*n = Number{}
		return nil
	}
	if len(b) != 5 {
		return &Error{Class: ErrLength, Offset: len(b), Clause: "the binary form has five bytes"}
	}
	return n.set(fromInteger(uint64(b[0])<<32 | uint64(b[1])<<24 | uint64(b[2])<<16 | uint64(b[3])<<8 | uint64(b[4])))
}

// fromInteger restores the leading zeros of an integer and checks it.
func fromInteger(v uint64) (Number, error) {
	if v >= limit {
		return Number{}, failure(ErrLength, 0)
	}
	if n, ok := fromNine(uint32(v / 10)); ok && n.value() == v {
		return n, nil
	}
	return Number{}, failure(ErrCheckDigit, 0)
}

// Scan implements sql.Scanner: NULL is no number, strings and bytes are read
// by [Parse]. An integer column is taken too and its leading zeros restored.
func (n *Number) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*n = Number{}
		return nil
	case string:
		return n.set(Parse(v))
	case []byte:
		return n.set(ParseBytes(v))
	case int64:
		if v < 0 {
			return failure(ErrCharacter, 0)
		}
		return n.set(fromInteger(uint64(v)))
	}
	return fmt.Errorf("nhsnumber: cannot scan a %T: %w", src, ErrFormat)
}

// Value implements driver.Valuer: the ten digits as a string, NULL for no
// number.
func (n Number) Value() (driver.Value, error) {
	if n.v == 0 {
		return nil, nil
	}
	return n.Digits(), nil
}

// Set implements flag.Value: it reads what [Parse] takes. The usage text of
// package flag shows a default as a mask.
func (n *Number) Set(s string) error { return n.set(Parse(s)) }
