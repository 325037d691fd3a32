package snomed

import (
	"encoding/binary"
	"slices"
)

// What is usually asked for of a concept is in its record: its fields and its
// preferred term. Its other terms are in its block, elsewhere, so that records
// are close together.
//
// A blockTable has pieces of data of few bytes, one for each concept. Where they
// begin is in groups of sixteen of them: the place of the first, then their
// sizes, a byte each. Where one of them is of 255 bytes or more, the group has
// the number of a list of places instead of the first place, with wideGroup.
type blockTable struct {
	at, data ref
	wide     column
}

const (
	groupBlocks = 16
	blockGroup  = 4 + groupBlocks
	wideGroup   = 1 << 31
)

// writeBlocks writes the data of a blockTable, given where each begins and the
// end, and returns the places of its sections: groups, lists and data.
func (w *fileWriter) writeBlocks(at []uint32, data []byte) (groups, lists, all ref) {
	n := len(at) - 1
	out := make([]byte, 0, (n/groupBlocks+1)*blockGroup)
	var wide []uint32
	for i := 0; i < n; i += groupBlocks {
		var sizes [groupBlocks]byte
		first := at[i]
		for k := range min(groupBlocks, n-i) {
			size := at[i+k+1] - at[i+k]
			if size > 254 {
				first = wideGroup | uint32(len(wide))
				break
			}
			sizes[k] = byte(size)
		}
		if first&wideGroup != 0 {
			for k := range groupBlocks + 1 {
				wide = append(wide, at[min(i+k, n)])
			}
		}
		out = binary.LittleEndian.AppendUint32(out, first)
		out = append(out, sizes[:]...)
	}
	groups, lists, all = w.bytes(out), w.words(wide), w.bytes(data)
	w.write(make([]byte, tagSlack))
	return groups, lists, all
}

// of returns the data of a concept, with tagSlack bytes more as capacity.
func (t *blockTable) of(o Ordinal) []byte {
	im := t.wide.im
	i := uint64(o/groupBlocks) * blockGroup
	if i >= t.at.base {
		panic(&fault{ErrCorrupt})
	}
	b := im.at(t.at.off+i, blockGroup)
	first, k := uint64(binary.LittleEndian.Uint32(b)), uint(o%groupBlocks)
	size := uint64(b[4+k])
	if first&wideGroup == 0 {
		first += sumBytes(binary.LittleEndian.Uint64(b[4:]) & (1<<(8*k) - 1))
		first += sumBytes(binary.LittleEndian.Uint64(b[12:]) & (1<<(8*(max(k, 8)-8)) - 1))
	} else {
		at := uint32(first&^wideGroup) + uint32(k)
		if at+1 >= t.wide.n {
			panic(&fault{ErrCorrupt})
		}
		first = uint64(t.wide.word(at))
		size = uint64(t.wide.word(at+1)) - first
	}
	if first > t.data.base || size > t.data.base-first {
		panic(&fault{ErrCorrupt})
	}
	return im.at(t.data.off+first, size+tagSlack)[:size]
}

// sumBytes adds eight bytes up.
func sumBytes(x uint64) uint64 {
	const even = 0x00ff00ff00ff00ff
	return (x&even + x>>8&even) * 0x0001000100010001 >> 48
}

// record returns the fields of a concept and its preferred term, if it has one.
func (s *Store) record(o Ordinal) (fields uint64, term []byte) {
	b := s.records.of(o)
	term = b[s.fields.size:]
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b) & (1<<(8*s.fields.size) - 1), term
	}
	for i := range s.fields.size {
		fields |= uint64(b[i]) << (8 * i)
	}
	return fields, term
}

// A piece of up to fifteen bytes is in its slot, before a byte with its length,
// shifted left by one, and a bit for words. Of a longer one the slot has the
// place and length. Slots are aligned, so that none is in two lines of the cache.
const (
	pieceSlot  = 16
	shortPiece = pieceSlot - 1
	longPiece  = 0xfe
)

// writePieces writes the pieces.
func (b *builder) writePieces(w *fileWriter, dir []ref) {
	slots := make([]byte, 0, len(b.pieces)*pieceSlot)
	var long []byte
	for _, p := range b.pieces {
		_, word := nextPiece(p)
		var slot [pieceSlot]byte
		head := byte(longPiece)
		if len(p) <= shortPiece {
			head = byte(len(p)) << 1
			copy(slot[:], p)
		} else {
			binary.LittleEndian.PutUint32(slot[:], uint32(len(long)))
			binary.LittleEndian.PutUint32(slot[4:], uint32(len(p)))
			long = append(long, p...)
		}
		slot[shortPiece] = head | byte(boolBit(word))
		slots = append(slots, slot[:]...)
	}
	w.align(pieceSlot)
	dir[secPieceSlots] = w.bytes(slots)
	dir[secPieces] = w.bytes(long)
}

// appendPieces writes out a term. It takes no branch on what a piece is, unless
// it is long, so that all slots are on their way from memory at once.
func (s *Store) appendPieces(to []byte, code []uint32) []byte {
	n := len(to)
	to = slices.Grow(to, (len(code)+1)*pieceSlot)
	to = to[:cap(to)]
	slots := s.slots()
	after := byte(0) // whether a word came before
	for i, p := range code {
		slot := (*[pieceSlot]byte)(slots[uint64(pieceOf(p))*pieceSlot:])
		head := slot[shortPiece]
		to[n] = ' '
		n += int(head & after & 1)
		after = head
		first := n
		if head < longPiece {
			*(*[pieceSlot]byte)(to[n:]) = *slot
			n += int(head >> 1)
		} else {
			to = slices.Grow(append(to[:n], s.longPiece(slot)...), (len(code)-i)*pieceSlot)
			n = len(to)
			to = to[:cap(to)]
		}
		to[first] -= byte(p&1) * ('a' - 'A')
	}
	return to[:n]
}

// slots returns the slots of all pieces. They are verified together, when a term
// is read for the first time.
func (s *Store) slots() []byte {
	if p := s.verifiedSlots.Load(); p != nil {
		return *p
	}
	slots := s.im.at(s.pieceSlots.off, s.pieceSlots.base)
	s.verifiedSlots.Store(&slots)
	return slots
}

// longPiece returns a piece that is not in its slot.
func (s *Store) longPiece(slot *[pieceSlot]byte) []byte {
	off, n := uint64(binary.LittleEndian.Uint32(slot[:])), uint64(binary.LittleEndian.Uint32(slot[4:]))
	if off+n > s.pieces.base {
		panic(&fault{ErrCorrupt})
	}
	return s.im.at(s.pieces.off+off, n)
}
