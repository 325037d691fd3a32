package fhir

import (
	"encoding/base64"
	"io"
	"strings"
)

// Base64 is the value of a base64Binary as written, white space included. It
// shares memory with the text that it comes from.
type Base64 struct{ text string }

// ParseBase64 checks that s is base64 and returns it as such. The error is
// ErrSyntax.
func ParseBase64(s string) (Base64, error) {
	if checkBase64(s) != "" {
		return Base64{}, ErrSyntax
	}
	return Base64{s}, nil
}

// EncodeBase64 returns data as base64, without white space.
func EncodeBase64(data []byte) Base64 {
	return Base64{base64.StdEncoding.EncodeToString(data)}
}

// IsZero reports whether b holds nothing.
func (b Base64) IsZero() bool { return b.text == "" }

// String returns the text as written.
func (b Base64) String() string { return b.text }

// MarshalText returns the text as written. The error is always nil.
func (b Base64) MarshalText() ([]byte, error) { return []byte(b.text), nil }

// UnmarshalText parses text as ParseBase64 does; empty text is the zero
// Base64.
func (b *Base64) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*b = Base64{}
		return nil
	}
	*b, err = ParseBase64(string(text))
	return err
}

// Size returns the number of bytes that the text stands for.
func (b Base64) Size() int {
	n := 0
	for i := 0; i < len(b.text); i++ {
		if c := b.text[i]; c > ' ' && c != '=' {
			n++
		}
	}
	return n * 3 / 4
}

// Reader returns a reader of the bytes, which decodes as it goes.
func (b Base64) Reader() io.Reader {
	return base64.NewDecoder(base64.StdEncoding, &unspaced{s: b.text})
}

// Bytes decodes the whole value. The error is ErrSyntax where a Base64 was
// made without a check and the text is malformed.
func (b Base64) Bytes() ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, b.text))
	if err != nil {
		return nil, ErrSyntax
	}
	return data, nil
}

// unspaced reads a string without its white space.
type unspaced struct{ s string }

func (u *unspaced) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && u.s != "" {
		c := u.s[0]
		u.s = u.s[1:]
		if c > ' ' {
			p[n] = c
			n++
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
