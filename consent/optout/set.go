package optout

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"math/bits"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// Form is how a set is laid out.
type Form uint8

// The forms.
const (
	Dense   Form = iota // a paged bitmap: the fastest
	Compact             // sorted low bytes: the smallest
)

// String returns "dense" or "compact".
func (f Form) String() string {
	if f == Compact {
		return "compact"
	}
	return "dense"
}

// Meta is what a set knows of itself.
type Meta struct {
	Form Form
	// AsOf is when the opt-outs were true at the national service. A set
	// without it cannot be used to clean anything.
	AsOf time.Time
	// Expires is when the set must no longer be used, zero for never.
	Expires time.Time
	// Version names the delivery.
	Version string
}

// A number is kept by its first nine digits; the tenth follows from them.
// Dense pages have 2^20 of them, compact pages 2^16, of which one in eleven
// has no check digit: the offsets within a page fit 16 bits.
const (
	universe       = 1_000_000_000
	densePageBits  = 20
	densePageSize  = 1 << densePageBits / 8
	densePages     = (universe + 1<<densePageBits - 1) >> densePageBits
	compactBits    = 16
	compactPages   = (universe + 1<<compactBits - 1) >> compactBits
	compactStarts  = 257 * 2 // offsets of the 256 groups of a page and its end
	directoryEntry = 4
)

// Set is an immutable set of NHS numbers. The zero value is not usable: it
// answers for nobody.
type Set struct {
	meta  Meta
	count int
	// dir has one entry per page: 1 + its index in a dense set, 1 + its
	// offset in a compact one, 0 for an empty page.
	dir   []byte
	pages []byte
	sum   [32]byte
}

// Meta returns what the set knows of itself.
func (s *Set) Meta() Meta { return s.meta }

// Len returns how many numbers are in the set.
func (s *Set) Len() int { return s.count }

// Size returns how many bytes the set takes, in memory or mapped.
func (s *Set) Size() int { return len(s.dir) + len(s.pages) }

// Checksum returns the SHA-256 of the set's content and description, by which
// a report can say what it was made with.
func (s *Set) Checksum() [32]byte { return s.sum }

// Has reports whether a number is in the set. It does not allocate. No number
// is in no set: it lies beyond every page.
func (s *Set) Has(n nhsnumber.Number) bool { return s.has(n.Nine()) }

func (s *Set) has(v uint32) bool {
	if s.meta.Form == Compact {
		return s.hasCompact(v)
	}
	at := uint(v>>densePageBits) * directoryEntry
	if at+directoryEntry > uint(len(s.dir)) {
		return false
	}
	page := uint64(binary.LittleEndian.Uint32(s.dir[at:][:directoryEntry]))
	// An empty page wraps round to beyond the last.
	byteAt := (page-1)*densePageSize + uint64(v)&(1<<densePageBits-1)>>3
	if byteAt >= uint64(len(s.pages)) {
		return false
	}
	found := s.pages[byteAt]>>(v&7)&1 != 0
	runtime.KeepAlive(s)
	return found
}

func (s *Set) hasCompact(v uint32) bool {
	at := v >> compactBits * directoryEntry
	if int(at)+4 > len(s.dir) {
		return false
	}
	offset := binary.LittleEndian.Uint32(s.dir[at:])
	if offset == 0 {
		return false
	}
	page := s.pages[offset-1:]
	group := v >> 8 & 0xFF
	bounds := binary.LittleEndian.Uint32(page[group*2:])
	from, until := bounds&0xFFFF, bounds>>16
	low := byte(v)
	found := false
	for _, b := range page[compactStarts+from : compactStarts+until] {
		if b >= low {
			found = b == low
			break
		}
	}
	runtime.KeepAlive(s)
	return found
}

// All returns the numbers in ascending order.
func (s *Set) All() iter.Seq[nhsnumber.Number] {
	return func(yield func(nhsnumber.Number) bool) {
		s.each(func(v uint32) bool {
			n, ok := numberOf(v)
			return !ok || yield(n)
		})
	}
}

// each calls fn for the nine digits of every number, in order.
func (s *Set) each(fn func(uint32) bool) {
	defer runtime.KeepAlive(s)
	for p := 0; p*directoryEntry < len(s.dir); p++ {
		entry := binary.LittleEndian.Uint32(s.dir[p*directoryEntry:])
		if entry == 0 {
			continue
		}
		if s.meta.Form == Compact {
			page := s.pages[entry-1:]
			for g := range uint32(256) {
				from, until := binary.LittleEndian.Uint16(page[g*2:]), binary.LittleEndian.Uint16(page[g*2+2:])
				for _, low := range page[compactStarts+int(from) : compactStarts+int(until)] {
					if !fn(uint32(p)<<compactBits | g<<8 | uint32(low)) {
						return
					}
				}
			}
			continue
		}
		page := s.pages[int(entry-1)*densePageSize:][:densePageSize]
		for i := 0; i < densePageSize; i += 8 {
			for w := binary.LittleEndian.Uint64(page[i:]); w != 0; w &= w - 1 {
				if !fn(uint32(p)<<densePageBits | uint32(i*8+bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

func numberOf(v uint32) (nhsnumber.Number, bool) {
	c, ok := nhsnumber.CheckDigit(v)
	if !ok {
		return nhsnumber.Number{}, false
	}
	var n nhsnumber.Number
	full := uint64(v)*10 + uint64(c)
	err := n.UnmarshalBinary([]byte{byte(full >> 32), byte(full >> 24), byte(full >> 16), byte(full >> 8), byte(full)})
	return n, err == nil
}

// Status implements consent.OptOuts.
func (s *Set) Status(_ context.Context, n nhsnumber.Number) (consent.OptOutStatus, error) {
	if n.IsZero() {
		return consent.OptOutStatus{}, errNoNumber
	}
	return consent.OptOutStatus{OptedOut: s.Has(n), AsOf: s.meta.AsOf, Expires: s.meta.Expires}, nil
}

var (
	errNoNumber = errors.New("optout: no number to look up")
	errNoAsOf   = errors.New("optout: a set needs the time as of which it is true")
)

// Build makes a set of numbers, in any order and with repetitions.
func Build(numbers iter.Seq[nhsnumber.Number], meta Meta) (*Set, error) {
	if meta.AsOf.IsZero() {
		return nil, errNoAsOf
	}
	var b [densePages][]byte
	for n := range numbers {
		if n.IsZero() {
			return nil, errNoNumber
		}
		v := n.Nine()
		page := b[v>>densePageBits]
		if page == nil {
			page = make([]byte, densePageSize)
			b[v>>densePageBits] = page
		}
		page[v&(1<<densePageBits-1)>>3] |= 1 << (v & 7)
	}
	s := &Set{meta: meta}
	if meta.Form == Compact {
		s.compact(&b)
	} else {
		s.dense(&b)
	}
	s.seal()
	return s, nil
}

func (s *Set) dense(b *[densePages][]byte) {
	n := uint32(0)
	for _, page := range b {
		if page != nil {
			n++
		}
	}
	s.dir = make([]byte, densePages*directoryEntry)
	s.pages = make([]byte, 0, int(n)*densePageSize)
	n = 0
	for i, page := range b {
		if page == nil {
			continue
		}
		n++
		binary.LittleEndian.PutUint32(s.dir[i*directoryEntry:], n)
		s.pages = append(s.pages, page...)
		for j := 0; j < densePageSize; j += 8 {
			s.count += bits.OnesCount64(binary.LittleEndian.Uint64(page[j:]))
		}
	}
}

func (s *Set) compact(b *[densePages][]byte) {
	s.dir = make([]byte, compactPages*directoryEntry)
	const bytesPerPage = 1 << compactBits / 8
	for i, dense := range b {
		if dense == nil {
			continue
		}
		for j := range densePageSize / bytesPerPage {
			part := dense[j*bytesPerPage:][:bytesPerPage]
			n := 0
			for k := 0; k < bytesPerPage; k += 8 {
				n += bits.OnesCount64(binary.LittleEndian.Uint64(part[k:]))
			}
			if n == 0 {
				continue
			}
			s.count += n
			index := i<<(densePageBits-compactBits) | j
			binary.LittleEndian.PutUint32(s.dir[index*directoryEntry:], uint32(len(s.pages))+1)
			start := len(s.pages)
			s.pages = append(s.pages, make([]byte, compactStarts)...)
			for g := range 256 {
				binary.LittleEndian.PutUint16(s.pages[start+g*2:], uint16(len(s.pages)-start-compactStarts))
				for k := range 4 {
					for w := binary.LittleEndian.Uint64(part[g*32+k*8:]); w != 0; w &= w - 1 {
						s.pages = append(s.pages, byte(k*64+bits.TrailingZeros64(w)))
					}
				}
			}
			binary.LittleEndian.PutUint16(s.pages[start+256*2:], uint16(len(s.pages)-start-compactStarts))
		}
	}
	s.pages = slices.Clip(s.pages)
}

// Live holds the set in use, to be replaced while others read it. The zero
// value has none.
type Live struct{ p atomic.Pointer[Set] }

// Load returns the set in use, nil if there is none yet.
func (l *Live) Load() *Set { return l.p.Load() }

// Swap puts another set in use and returns the one before. Readers that hold
// the old one finish with it; its memory is given back after them.
func (l *Live) Swap(s *Set) *Set { return l.p.Swap(s) }

var errNoSet = errors.New("optout: no set is loaded")

// Status implements consent.OptOuts with the set in use.
func (l *Live) Status(ctx context.Context, n nhsnumber.Number) (consent.OptOutStatus, error) {
	s := l.Load()
	if s == nil {
		return consent.OptOutStatus{}, errNoSet
	}
	return s.Status(ctx, n)
}
