package snomed

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// The table that leads from identifiers to ordinals is made of buckets of one
// line of the processor's cache, eight slots of 64 bits. An identifier has a
// home bucket, so that looking it up touches one line; the few that find
// their home full are in a second table. A slot has the ordinal in its low
// bits and above it the low bits of the scrambled identifier: as many as
// identifiers with the same home can differ in, so that a slot that fits is
// certain. In an empty slot all bits are ones, and no ordinal is that.
const (
	cacheLine   = 64
	bucketSlots = cacheLine / 8
	bucketFill  = 4.8 // identifiers for a bucket, of which one in sixty-five finds it full
	idBits      = 60  // identifiers have 18 digits at most
	idLimit     = 1_000_000_000_000_000_000
	noSlot      = ^uint64(0)
)

// scramble maps the numbers of 60 bits onto themselves, so that identifiers
// spread evenly, though they are numbered in steps.
func scramble(id uint64) uint64 {
	const mask = 1<<idBits - 1
	id = id * 0x9e3779b97f4a7c15 & mask
	id ^= id >> 31
	return id * 0xd6e8feb86659fd93 & mask
}

// idTable knows the layout of a table. Its seed comes from all identifiers
// together, so that nobody can choose identifiers with the same home.
type idTable struct {
	buckets, seed uint64
	ordinalBits   uint8
}

func newIDTable(concepts, buckets int, seed uint64) idTable {
	return idTable{uint64(buckets), seed, uint8(bits.Len(uint(concepts)))}
}

// idSeed makes the seed of a table.
func idSeed(n int, id func(int) uint64) uint64 {
	h := sha256.New()
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint64(b, id(i))
		if len(b) >= 4096 || i == n-1 {
			h.Write(b)
			b = b[:0]
		}
	}
	return binary.LittleEndian.Uint64(h.Sum(b)) >> (64 - idBits)
}

// place returns the home of an identifier and what its slot has but for the
// ordinal.
func (t idTable) place(id uint64) (bucket, slot uint64) {
	x := scramble(id ^ t.seed)
	bucket, _ = bits.Mul64(x<<(64-idBits), t.buckets)
	return bucket, x << t.ordinalBits
}

// fill makes a table of n identifiers, whose numbers are their ordinals, and
// the second table.
func fillIDTable(n int, id func(int) uint64, seed uint64) (slots []uint64, overflow []uint32) {
	t := newIDTable(n, int(float64(n)/bucketFill)+1, seed)
	slots = make([]uint64, t.buckets*bucketSlots)
	for i := range slots {
		slots[i] = noSlot
	}
	var rest []int
next:
	for i := range n {
		bucket, slot := t.place(id(i))
		for k := range slots[bucket*bucketSlots : (bucket+1)*bucketSlots] {
			if s := &slots[bucket*bucketSlots+uint64(k)]; *s == noSlot {
				*s = slot | uint64(i)
				continue next
			}
		}
		rest = append(rest, i)
	}
	size := 16
	for size*5 < len(rest)*8 {
		size *= 2
	}
	overflow = make([]uint32, size)
	for i := range overflow {
		overflow[i] = ^uint32(0)
	}
	shift := 64 - bits.Len(uint(size-1))
	for _, i := range rest {
		j := int(hash64(id(i)^seed) >> shift)
		for overflow[j] != ^uint32(0) {
			j = (j + 1) & (size - 1)
		}
		overflow[j] = uint32(i)
	}
	return slots, overflow
}

// find looks a concept up.
func (s *Store) find(id uint64) (Ordinal, bool) {
	if id >= idLimit {
		return 0, false
	}
	bucket, slot := s.ids.place(id)
	return s.findIn(s.im.at(s.idSlots+bucket*cacheLine, cacheLine), slot, id)
}

// findIn looks for an identifier in its home. Where in its bucket it is cannot
// be predicted: looking at all of it without branches is faster than stopping
// at the right slot.
func (s *Store) findIn(b []byte, slot, id uint64) (Ordinal, bool) {
	_ = b[cacheLine-1]
	shift := s.ids.ordinalBits & 63
	mask := uint64(1)<<shift - 1
	last := binary.LittleEndian.Uint64(b[56:])
	hit := noSlot
	if (last^slot)>>shift == 0 {
		hit = last
	}
	if v := binary.LittleEndian.Uint64(b[48:]); (v^slot)>>shift == 0 {
		hit = v
	}
	if v := binary.LittleEndian.Uint64(b[40:]); (v^slot)>>shift == 0 {
		hit = v
	}
	if v := binary.LittleEndian.Uint64(b[32:]); (v^slot)>>shift == 0 {
		hit = v
	}
	if v := binary.LittleEndian.Uint64(b[24:]); (v^slot)>>shift == 0 {
		hit = v
	}
	if v := binary.LittleEndian.Uint64(b[16:]); (v^slot)>>shift == 0 {
		hit = v
	}
	if v := binary.LittleEndian.Uint64(b[8:]); (v^slot)>>shift == 0 {
		hit = v
	}
	if v := binary.LittleEndian.Uint64(b); (v^slot)>>shift == 0 {
		hit = v
	}
	if hit &= mask; hit < uint64(s.info.Concepts) {
		return Ordinal(hit), true
	}
	if last == noSlot {
		return 0, false
	}
	return s.findOverflow(id)
}

// findOverflow looks in the second table.
func (s *Store) findOverflow(id uint64) (Ordinal, bool) {
	n := uint32(s.overflow.n)
	i := uint32(hash64(id^s.ids.seed) >> (64 - bits.Len32(n-1)))
	for range n {
		o := s.overflow.word(i & (n - 1))
		if o == ^uint32(0) {
			break
		}
		if s.conceptID.get(int(o)) == id {
			return Ordinal(o), true
		}
		i++
	}
	return 0, false
}
