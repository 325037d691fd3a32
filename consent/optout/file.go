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

// The file is a header, the index and the data. All integers are little
// endian. The header ends with the SHA-256 of itself up to there, of the index
// and of the data.
const (
	magic         = "NHSOOS\x00\x02"
	maxVersionLen = 64
	headerSize    = 8 + 1 + 3 + 4 + 8 + 8 + 8 + 4 + 4 + 8 + maxVersionLen + sha256.Size + 8 // a multiple of 8
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
	le.PutUint32(h[12:], s.first)
	le.PutUint64(h[16:], uint64(s.count))
	le.PutUint64(h[24:], uint64(s.meta.AsOf.UnixNano()))
	if !s.meta.Expires.IsZero() {
		le.PutUint64(h[32:], uint64(s.meta.Expires.UnixNano()))
	}
	le.PutUint32(h[40:], uint32(len(s.index)))
	le.PutUint32(h[44:], uint32(len(s.meta.Version)))
	le.PutUint64(h[48:], uint64(len(s.data)))
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
	h.Write(s.index)
	h.Write(s.data)
	h.Sum(s.sum[:0])
}

// WriteTo writes the set. Write to a new file and rename it over the old one,
// so that nobody opens half of it.
func (s *Set) WriteTo(w io.Writer) (int64, error) {
	h := s.header()
	copy(h[sumAt:], s.sum[:])
	total := int64(0)
	for _, part := range [...][]byte{h, s.index, s.data} {
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
	indexLen, versionLen, dataLen := le.Uint32(h[40:]), le.Uint32(h[44:]), le.Uint64(h[48:])
	s.first = le.Uint32(h[12:])
	switch {
	case s.meta.Form > Compact || versionLen > maxVersionLen,
		s.meta.Form == Compact && (indexLen != compactPages*directoryEntry || s.first != 0),
		s.meta.Form == Dense && (indexLen%cellSize != 0 || uint64(s.first)+uint64(indexLen/cellSize) > cells):
		return bad("the header")
	case dataLen != uint64(len(data)-headerSize)-uint64(indexLen) || uint64(len(data)-headerSize) < uint64(indexLen):
		return bad("the length")
	}
	s.meta.Version = string(h[56 : 56+versionLen])
	s.index = data[headerSize:][:indexLen:indexLen]
	s.data = data[headerSize+int(indexLen):]
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

// verify checks that every offset stays inside and every member is in order,
// so that a file which somebody made and sealed cannot make a look-up panic.
func (s *Set) verify() string {
	count, what := 0, ""
	if s.meta.Form == Dense {
		count, what = s.verifyCells()
	} else {
		count, what = s.verifyPages()
	}
	if what == "" && count != s.count {
		what = "the count"
	}
	return what
}

func (s *Set) verifyCells() (count int, what string) {
	full := 0
	for at := 0; at < len(s.index); at += cellSize {
		cell := le.Uint64(s.index[at:])
		if cell < cellFull {
			for last := uint64(0); cell != 0; cell >>= 8 {
				if cell&0xFF <= last || cell&0xFF > cellSpan {
					return 0, "a cell"
				}
				last = cell & 0xFF
				count++
			}
			continue
		}
		if cell != cellFull|uint64(full) || (full+1)*bitmapSize > len(s.data) {
			return 0, "a cell"
		}
		bitmap := s.data[full*bitmapSize:][:bitmapSize]
		full++
		if bitmap[0]&1 != 0 || bitmap[bitmapSize-1]&0x80 != 0 {
			return 0, "a bitmap"
		}
		for i := 0; i < bitmapSize; i += 8 {
			count += bits.OnesCount64(le.Uint64(bitmap[i:]))
		}
	}
	if full*bitmapSize != len(s.data) {
		return 0, "the length"
	}
	return count, ""
}

func (s *Set) verifyPages() (count int, what string) {
	for p := 0; p*directoryEntry < len(s.index); p++ {
		entry := int64(le.Uint32(s.index[p*directoryEntry:])) // more than int holds on 32 bits
		if entry == 0 {
			continue
		}
		if entry-1+compactStarts > int64(len(s.data)) {
			return 0, "the directory"
		}
		page := s.data[entry-1:]
		last := uint16(0)
		for g := range 257 {
			n := le.Uint16(page[g*2:])
			if n < last || n-last > 256 || g == 0 && n != 0 {
				return 0, "a page"
			}
			last = n
		}
		if compactStarts+int(last) > len(page) {
			return 0, "a page"
		}
		for g := range 256 {
			from, until := le.Uint16(page[g*2:]), le.Uint16(page[g*2+2:])
			for i := compactStarts + int(from) + 1; i < compactStarts+int(until); i++ {
				if page[i-1] >= page[i] {
					return 0, "a page"
				}
			}
		}
		count += int(last)
	}
	return count, ""
}
