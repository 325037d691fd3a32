package sctid

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
)

// AppendText appends the digits to b, and nothing for the zero value.
func (id ID) AppendText(b []byte) ([]byte, error) {
	if id == 0 {
		return b, nil
	}
	return strconv.AppendUint(b, uint64(id), 10), nil
}

// MarshalText returns the digits, or an empty text for the zero value.
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// UnmarshalText is [ParseBytes]; an empty text gives the zero value.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = 0
		return nil
	}
	v, err := ParseBytes(b)
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// MarshalJSON writes a JSON string, and null for the zero value.
func (id ID) MarshalJSON() ([]byte, error) {
	if id == 0 {
		return []byte("null"), nil
	}
	b := make([]byte, 0, maxDigits+4)
	b = append(b, '"')
	b = strconv.AppendUint(b, uint64(id), 10)
	return append(b, '"'), nil
}

// errNotString is returned for a JSON number.
var errNotString = errors.New("sctid: a SNOMED CT identifier in JSON is a string, because a number above 2^53 may have been rounded")

// UnmarshalJSON reads a JSON string of digits. Null and an empty string give
// the zero value; a number is refused, since a reader on the way may have
// rounded it.
func (id *ID) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*id = 0
		return nil
	case len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"':
		return errNotString
	}
	return id.UnmarshalText(b[1 : len(b)-1])
}

// Value stores the identifier as a 64-bit integer, which holds all of them,
// and the zero value as NULL.
func (id ID) Value() (driver.Value, error) {
	if id == 0 {
		return nil, nil
	}
	if !id.Valid() {
		return nil, errors.New("sctid: not a valid identifier")
	}
	return int64(id), nil
}

// Scan reads an integer or text column; NULL and an empty text give the zero
// value. A floating-point column is refused: it does not hold all identifiers.
func (id *ID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = 0
		return nil
	case int64: // one below zero is no identifier as a uint64 either
		return id.scanInteger(uint64(v))
	case uint64: // what some drivers give for unsigned columns
		return id.scanInteger(v)
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		return id.UnmarshalText(v)
	}
	return fmt.Errorf("sctid: cannot read an identifier from %T", src)
}

func (id *ID) scanInteger(v uint64) error {
	if !ID(v).Valid() {
		return errors.New("sctid: the integer is not a valid identifier")
	}
	*id = ID(v)
	return nil
}
