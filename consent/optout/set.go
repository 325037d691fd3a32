package optout

import (
	"context"
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
	Dense   Form = iota // cells of eight members: one read a look-up, the fastest
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
//
// A dense set has a cell of eight bytes for every 254 of them. Its bytes are
// the members of the cell, counted from 1 and in order, and zeros: whether one
// is there is found in one read and without a branch on the answer. A cell of
// more than eight members begins with the byte 255, and has the number of a
// bitmap of all of them in its low half. At the density of England, one number
// in eighty, that is one cell in two hundred and fifty, and the whole is a
// quarter of a bitmap's size: what decides about the speed of look-ups at
// random is how much of the set stays in the processor's caches.
//
// A compact set has pages of 2^16, of which one number in eleven has no check
// digit: the offsets within a page fit 16 bits.
const (
	universe       = 1_000_000_000
	cellSpan       = 254
	cellSize       = 8
	cells          = (universe + cellSpan - 1) / cellSpan
	cellFull       = 0xFF << 56 // marks a cell with a bitmap
	bitmapSize     = 256 / 8
	ones           = 0x0101010101010101
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
	first uint32 // the first cell of a dense set
	// index holds the cells of a dense set; of a compact one an entry per
	// page: 1 + its offset in data, 0 for an empty page.
	index []byte
	data  []byte // the bitmaps of full cells, or the pages
	sum   [32]byte
}

// Meta returns what the set knows of itself.
func (s *Set) Meta() Meta { return s.meta }

// Len returns how many numbers are in the set.
func (s *Set) Len() int { return s.count }

// Size returns how many bytes the set takes, in memory or mapped.
func (s *Set) Size() int { return len(s.index) + len(s.data) }

// Checksum returns the SHA-256 of the set's content and description, by which
// a report can say what it was made with.
func (s *Set) Checksum() [32]byte { return s.sum }

// Has reports whether a number is in the set. It does not allocate. No number
// is in no set: it lies beyond every cell and page. Who has many numbers at
// once gets them faster from [Set.AppendHas].
func (s *Set) Has(n nhsnumber.Number) bool { return s.has(n.Nine()) }

func (s *Set) has(v uint32) bool {
	if s.meta.Form == Compact {
		return s.hasCompact(v)
	}
	q, low := cellOf(v)
	at := uint(q-s.first) * cellSize
	if at >= uint(len(s.index)) {
		return false
	}
	found := s.cellHas(le.Uint64(s.index[at:]), low)
	runtime.KeepAlive(s)
	return found
}

// cellOf returns the cell of a number and what stands for it there.
func cellOf(nine uint32) (q, low uint32) {
	q = nine / cellSpan
	return q, nine - q*cellSpan + 1
}

// cellHas reports whether low is in a cell.
func (s *Set) cellHas(cell uint64, low uint32) bool {
	if cell < cellFull {
		x := cell ^ uint64(low)*ones
		return (x-ones)&^x&(ones<<7) != 0 // a byte of x is zero
	}
	at := uint(uint32(cell))*bitmapSize + uint(low>>3)
	return at < uint(len(s.data)) && s.data[at]>>(low&7)&1 != 0
}

// A batch is a number of look-ups in a dense set. All cells are read before
// any is looked at: with nothing between the reads the processor has many of
// them under way.
type batch struct {
	at   [batchSize]uint32 // the cells, from the set's first
	low  [batchSize]uint8
	cell [batchSize]uint64
}

const batchSize = 128

// put notes the i-th number.
func (b *batch) put(i int, nine, first uint32) {
	q, low := cellOf(nine)
	b.at[i], b.low[i] = q-first, uint8(low)
}

// look answers for the first numbers of the batch.
func (b *batch) look(s *Set, answers []bool) {
	n := min(len(answers), batchSize)
	index := s.index
	for i, q := range b.at[:n] {
		cell := uint64(0)
		if at := uint(q) * cellSize; at < uint(len(index)) {
			cell = le.Uint64(index[at:])
		}
		b.cell[i] = cell
	}
	for i, cell := range b.cell[:n] {
		answers[i] = s.cellHas(cell, uint32(b.low[i]))
	}
	runtime.KeepAlive(s)
}

// AppendHas appends to dst for each number whether it is in the set. One by
// one, look-ups at random in a dense set wait for memory most of the time;
// here the waits overlap, and each takes half as long or less.
func (s *Set) AppendHas(dst []bool, numbers []nhsnumber.Number) []bool {
	dst = slices.Grow(dst, len(numbers))
	if s.meta.Form == Compact {
		for _, x := range numbers {
			dst = append(dst, s.hasCompact(x.Nine()))
		}
		return dst
	}
	var b batch
	for len(numbers) > 0 {
		n := min(batchSize, len(numbers))
		for i, x := range numbers[:n] {
			b.put(i, x.Nine(), s.first)
		}
		dst = dst[:len(dst)+n]
		b.look(s, dst[len(dst)-n:])
		numbers = numbers[n:]
	}
	return dst
}

func (s *Set) hasCompact(v uint32) bool {
	at := v >> compactBits * directoryEntry
	if int(at)+4 > len(s.index) {
		return false
	}
	offset := le.Uint32(s.index[at:])
	if offset == 0 {
		return false
	}
	page := s.data[offset-1:]
	group := v >> 8 & 0xFF
	bounds := le.Uint32(page[group*2:])
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
	if s.meta.Form == Compact {
		s.eachCompact(fn)
		return
	}
	for at := 0; at < len(s.index); at += cellSize {
		base := (s.first+uint32(at/cellSize))*cellSpan - 1 // members count from 1
		cell := le.Uint64(s.index[at:])
		if cell < cellFull {
			for ; cell != 0; cell >>= 8 {
				if !fn(base + uint32(cell&0xFF)) {
					return
				}
			}
			continue
		}
		bitmap := s.data[int(uint32(cell))*bitmapSize:][:bitmapSize]
		for i := range uint32(bitmapSize / 8) {
			for w := le.Uint64(bitmap[i*8:]); w != 0; w &= w - 1 {
				if !fn(base + i*64 + uint32(bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

func (s *Set) eachCompact(fn func(uint32) bool) {
	for p := 0; p*directoryEntry < len(s.index); p++ {
		entry := le.Uint32(s.index[p*directoryEntry:])
		if entry == 0 {
			continue
		}
		page := s.data[entry-1:]
		for g := range uint32(256) {
			from, until := le.Uint16(page[g*2:]), le.Uint16(page[g*2+2:])
			for _, low := range page[compactStarts+int(from) : compactStarts+int(until)] {
				if !fn(uint32(p)<<compactBits | g<<8 | uint32(low)) {
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
