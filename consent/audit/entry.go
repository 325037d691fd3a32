package audit

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nhskit/nhskit/consent"
)

// Salt makes an entry's leaf unguessable.
type Salt [32]byte

// NewSalt reads a salt from a source of randomness, crypto/rand if it is nil.
func NewSalt(random io.Reader) (Salt, error) {
	if random == nil {
		random = rand.Reader
	}
	var s Salt
	_, err := io.ReadFull(random, s[:])
	return s, err
}

// Entry is one decision with what is needed to make it again. It holds
// personal data; its String does not show it.
type Entry struct {
	At       time.Time       `json:"at"` // when it was decided
	Request  consent.Request `json:"request"`
	Grounds  consent.Grounds `json:"grounds"`
	Decision json.RawMessage `json:"decision"`
}

// NewEntry makes the entry of a decision. The records that the decision rests
// on must have the form that the schema asks for, or the entry could not be
// read back.
func NewEntry(r consent.Request, d consent.Decision, at time.Time) (*Entry, error) {
	for _, rec := range d.Grounds().Records {
		if _, _, err := consent.ParseRecord(rec.AppendJSON(nil)); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return &Entry{At: at, Request: r, Grounds: d.Grounds(), Decision: text}, nil
}

// String says when the entry was made and nothing else.
func (e *Entry) String() string { return "decision of " + e.At.Format(time.RFC3339) }

// ParseEntry reads an entry in the form in which the log keeps it.
func ParseEntry(data []byte) (*Entry, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	e := new(Entry)
	if err := d.Decode(e); err != nil {
		return nil, fmt.Errorf("audit: not an entry: %w", scrub(err))
	}
	return e, nil
}

// scrub keeps what encoding/json says about values out of errors.
func scrub(err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("malformed JSON at byte %d", syntax.Offset)
	case errors.As(err, &typ):
		return fmt.Errorf("another type of value is due at byte %d", typ.Offset)
	}
	return errors.New("a member that cannot be read")
}

// ErrDiffers is returned by Replay if the decision comes out differently.
var ErrDiffers = errors.New("audit: the decision is not the one in the entry")

// Replay makes the decision again by the policy that the grounds name and
// compares it with the entry's, byte by byte.
func (e *Entry) Replay(policy *consent.Policy) error {
	d, err := consent.Replay(policy, e.Request, e.Grounds)
	if err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if !bytes.Equal(text, e.Decision) {
		return ErrDiffers
	}
	return nil
}

// Leaf returns what the tree holds of an entry: the SHA-256 of the salt and
// the entry's bytes.
func Leaf(salt Salt, entry []byte) [32]byte {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(entry)
	var out [32]byte
	h.Sum(out[:0])
	return out
}
