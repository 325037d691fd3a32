package nhsnumber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
)

// Pseudonymiser replaces numbers under a secret key. Without a key there is
// no pseudonym: there are fewer than 10^9 numbers, and a plain hash of each
// can be computed in seconds. Whoever holds the key can do the same, so keep
// it apart from the data. It is immutable.
type Pseudonymiser struct {
	keyID  string
	key    []byte
	domain string
}

// minKey is the shortest key, in bytes: the strength of HMAC-SHA-256.
const minKey = 32

// NewPseudonymiser returns a pseudonymiser. The key has at least 32 bytes and
// is copied. The key id, 1 to 32 letters and digits of ASCII, is part of each
// pseudonym, so that keys can be replaced. The domain names the purpose, such
// as the data set: pseudonyms of two domains cannot be joined. It refuses
// with [ErrKey].
func NewPseudonymiser(keyID string, key []byte, domain string) (*Pseudonymiser, error) {
	if len(key) < minKey {
		return nil, fmt.Errorf("nhsnumber: key of %d bytes, want %d: %w", len(key), minKey, ErrKey)
	}
	if len(keyID) < 1 || len(keyID) > 32 {
		return nil, fmt.Errorf("nhsnumber: key id of %d bytes, want 1 to 32: %w", len(keyID), ErrKey)
	}
	for i := range len(keyID) {
		if c := keyID[i] | 0x20; keyID[i]-'0' > 9 && (c < 'a' || c > 'z') {
			return nil, fmt.Errorf("nhsnumber: byte %d of the key id is no letter or digit: %w", i, ErrKey)
		}
	}
	return &Pseudonymiser{keyID, slices.Clone(key), domain}, nil
}

// String names the key without showing it.
func (p *Pseudonymiser) String() string { return "Pseudonymiser(" + p.keyID + ")" }

// GoString is [Pseudonymiser.String].
func (p *Pseudonymiser) GoString() string { return p.String() }

// sum is the HMAC of a message under the key, apart from those of other uses
// and domains by their length-prefixed names.
func (p *Pseudonymiser) sum(use string, message []byte) [sha256.Size]byte {
	mac := hmac.New(sha256.New, p.key)
	for _, s := range [...]string{"nhskit/nhsnumber/1", use, p.domain} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		mac.Write(n[:])
		mac.Write([]byte(s))
	}
	mac.Write(message)
	return [sha256.Size]byte(mac.Sum(nil))
}

// Pseudonym returns the key id, a full stop and an HMAC-SHA-256 in base32 (52
// letters and digits, no padding). It is "" for no number. The message is
// "nhskit/nhsnumber/1", "pseudonym" and the domain, each after its length as
// eight bytes big-endian, then the ten digits.
func (p *Pseudonymiser) Pseudonym(n Number) string {
	if n.IsZero() {
		return ""
	}
	sum := p.sum("pseudonym", n.appendDigits(nil))
	return p.keyID + "." + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])
}

// perFirstDigit is how many numbers begin with each digit, the same for all
// ten.
const perFirstDigit = 90_909_091

// TestNumber maps a number to one that begins with 9, so that it is valid and
// can never be a person's. The same number gives the same one. Numbers with
// the same first digit give different ones; there are ten times as many
// numbers as those that begin with 9, so numbers with different first digits
// may meet: fewer than one pair is to be expected among 10,000 numbers, some
// forty among 100,000.
// No number gives no number.
func (p *Pseudonymiser) TestNumber(n Number) Number {
	if n.IsZero() {
		return n
	}
	const block = 100_000_000
	first := n.Nine() / block * block
	rank := permute(numbersBelow(n.Nine())-numbersBelow(first), perFirstDigit, func(round int, half uint32) uint32 {
		var m [9]byte
		binary.BigEndian.PutUint32(m[:], first)
		m[4] = byte(round)
		binary.BigEndian.PutUint32(m[5:], half)
		sum := p.sum("test number", m[:])
		return binary.BigEndian.Uint32(sum[:])
	})
	return numberAt(9*perFirstDigit + rank)
}
