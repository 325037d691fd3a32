package optout

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"runtime"
	"time"
)

// The file is a header, the directory and the pages. All integers are little
// endian. The header ends with the SHA-256 of itself up to there, of the
// directory and of the pages.
const (
	magic         = "NHSOOS\x00\x01"
	maxVersionLen = 64
	headerSize    = 8 + 1 + 7 + 8 + 8 + 8 + 4 + 4 + 8 + maxVersionLen + sha256.Size + 8 // a multiple of 8
)

var le = binary.LittleEndian

// ErrCorrupt is wrapped by the errors about a file that is not a whole and
// unchanged set.
var ErrCorrupt = errors.New("optout: not an intact set")

// header returns the header without its checksum.
func (s *Set) header() []byte {
	h := make([]byte, headerSize)
	copy(h, magic)
	h[8] = byte(s.meta.Form)
	le.PutUint64(h[16:], uint64(s.count))
	le.PutUint64(h[24:], uint64(s.meta.AsOf.UnixNano()))
	if !s.meta.Expires.IsZero() {
		le.PutUint64(h[32:], uint64(s.meta.Expires.UnixNano()))
	}
	le.PutUint32(h[40:], uint32(len(s.dir)))
	le.PutUint32(h[44:], uint32(len(s.meta.Version)))
	le.PutUint64(h[48:], uint64(len(s.pages)))
	copy(h[56:56+maxVersionLen], s.meta.Version)
	return h
}

const sumAt = 56 + maxVersionLen

// seal computes the checksum.
func (s *Set) seal() {
	if len(s.meta.Version) > maxVersionLen {
		s.meta.Version = s.meta.Version[:maxVersionLen]
	}
	h := sha256.New()
	h.Write(s.header()[:sumAt])
	h.Write(s.dir)
	h.Write(s.pages)
	h.Sum(s.sum[:0])
}

// WriteTo writes the set. Write to a new file and rename it over the old one,
// so that nobody opens half of it.
func (s *Set) WriteTo(w io.Writer) (int64, error) {
	h := s.header()
	copy(h[sumAt:], s.sum[:])
	total := int64(0)
	for _, part := range [...][]byte{h, s.dir, s.pages} {
		n, err := w.Write(part)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	runtime.KeepAlive(s)
	return total, nil
}

// Open maps a file into memory, where the system can, and verifies it: header,
// lengths, checksum and every offset. The memory is given back when the set
// is no longer used. The file must not be changed in place.
func Open(name string) (*Set, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, unmap, err := mapFile(f)
	if err != nil {
		return nil, err
	}
	s, err := Parse(data)
	if err != nil {
		if unmap != nil {
			unmap()
		}
		return nil, err
	}
	if unmap != nil {
		runtime.AddCleanup(s, func(unmap func()) { unmap() }, unmap)
	}
	return s, nil
}

// Parse reads a set from memory, which it keeps and which must not change. It
// verifies as Open does.
func Parse(data []byte) (*Set, error) {
	bad := func(what string) (*Set, error) { return nil, fmt.Errorf("%w: %s", ErrCorrupt, what) }
	if len(data) < headerSize || !bytes.HasPrefix(data, []byte(magic)) {
		return bad("another kind of file, or a truncated one")
	}
	h := data[:headerSize]
	s := &Set{meta: Meta{Form: Form(h[8]), AsOf: time.Unix(0, int64(le.Uint64(h[24:]))).UTC()}}
	if e := le.Uint64(h[32:]); e != 0 {
		s.meta.Expires = time.Unix(0, int64(e)).UTC()
	}
	dirLen, versionLen, pagesLen := le.Uint32(h[40:]), le.Uint32(h[44:]), le.Uint64(h[48:])
	wantDir := uint32(densePages * directoryEntry)
	if s.meta.Form == Compact {
		wantDir = compactPages * directoryEntry
	}
	switch {
	case s.meta.Form > Compact || dirLen != wantDir || versionLen > maxVersionLen:
		return bad("the header")
	case pagesLen != uint64(len(data)-headerSize)-uint64(dirLen) || uint64(len(data)-headerSize) < uint64(dirLen):
		return bad("the length")
	}
	s.meta.Version = string(h[56 : 56+versionLen])
	s.dir = data[headerSize:][:dirLen:dirLen]
	s.pages = data[headerSize+int(dirLen):]
	s.count = int(le.Uint64(h[16:]))
	s.seal()
	if !bytes.Equal(s.sum[:], h[sumAt:][:sha256.Size]) || !bytes.Equal(s.header()[:sumAt], h[:sumAt]) || le.Uint64(h[headerSize-8:]) != 0 {
		return bad("the checksum")
	}
	if what := s.verify(); what != "" {
		return bad(what)
	}
	return s, nil
}

// verify checks that every offset stays inside, so that a file which somebody
// made and sealed cannot make a look-up panic.
func (s *Set) verify() string {
	count, pages := 0, 0
	for p := 0; p*directoryEntry < len(s.dir); p++ {
		entry := int(le.Uint32(s.dir[p*directoryEntry:]))
		if entry == 0 {
			continue
		}
		pages++
		if s.meta.Form == Dense {
			if entry != pages || entry*densePageSize > len(s.pages) {
				return "the directory"
			}
			continue
		}
		at := entry - 1
		if at+compactStarts > len(s.pages) {
			return "the directory"
		}
		page := s.pages[at:]
		last := uint16(0)
		for g := range 257 {
			n := le.Uint16(page[g*2:])
			if n < last || n-last > 256 || g == 0 && n != 0 {
				return "a page"
			}
			last = n
		}
		if compactStarts+int(last) > len(page) {
			return "a page"
		}
		count += int(last)
	}
	if s.meta.Form == Dense {
		if pages*densePageSize != len(s.pages) {
			return "the length"
		}
		for i := 0; i < len(s.pages); i += 8 {
			count += bits.OnesCount64(le.Uint64(s.pages[i:]))
		}
	}
	if count != s.count {
		return "the count"
	}
	return ""
}
