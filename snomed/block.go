package snomed

import (
	"encoding/binary"
	"errors"
	"slices"
)

// The block of a concept is what is usually asked for of it, in one place: its
// fields, its preferred term and the other terms. Where blocks begin is in
// records for every sixteen of them: the place of the first, then their sizes, a
// byte each. Where one of them is of 255 bytes or more, the record has the
// number of a list of places instead of the first place, with wideRecord.
const (
	recordBlocks = 16
	blockRecord  = 4 + recordBlocks
	wideRecord   = 1 << 31
)

func (b *builder) writeBlockPlaces(w *fileWriter, dir []ref, at []uint64) {
	n := len(at) - 1
	if at[n] >= wideRecord {
		w.err = errors.New("snomed: more than 2 GiB of terms")
		return
	}
	records := make([]byte, 0, (n/recordBlocks+1)*blockRecord)
	var wide []uint32
	for i := 0; i < n; i += recordBlocks {
		var sizes [recordBlocks]byte
		first := uint32(at[i])
		for k := range min(recordBlocks, n-i) {
			size := at[i+k+1] - at[i+k]
			if size > 254 {
				first = wideRecord | uint32(len(wide))
				break
			}
			sizes[k] = byte(size)
		}
		if first&wideRecord != 0 {
			for k := range recordBlocks + 1 {
				wide = append(wide, uint32(at[min(i+k, n)]))
			}
		}
		records = binary.LittleEndian.AppendUint32(records, first)
		records = append(records, sizes[:]...)
	}
	dir[secBlockAt] = w.bytes(records)
	dir[secBlockWide] = w.words(wide)
}

// block returns the block of a concept.
func (s *Store) block(o Ordinal) []byte {
	if int(o) >= s.info.Concepts {
		panic(&fault{ErrCorrupt})
	}
	b := s.im.at(s.blockAt.off+uint64(o/recordBlocks)*blockRecord, blockRecord)
	first, k := uint64(binary.LittleEndian.Uint32(b)), uint(o%recordBlocks)
	size := uint64(b[4+k])
	if first&wideRecord == 0 {
		first += sumBytes(binary.LittleEndian.Uint64(b[4:]) & (1<<(8*k) - 1))
		first += sumBytes(binary.LittleEndian.Uint64(b[12:]) & (1<<(8*(max(k, 8)-8)) - 1))
	} else {
		at := uint32(first&^wideRecord) + uint32(k)
		if at+1 >= s.blockWide.n {
			panic(&fault{ErrCorrupt})
		}
		first = uint64(s.blockWide.word(at))
		size = uint64(s.blockWide.word(at+1)) - first
	}
	if first > s.blocks.base || size > s.blocks.base-first || size < uint64(s.fields.size) {
		panic(&fault{ErrCorrupt})
	}
	return s.im.at(s.blocks.off+first, size)
}

// sumBytes adds eight bytes up.
func sumBytes(x uint64) uint64 {
	const even = 0x00ff00ff00ff00ff
	return (x&even + x>>8&even) * 0x0001000100010001 >> 48
}

// fieldsOf returns the number that a block begins with.
func (s *Store) fieldsOf(block []byte) uint64 {
	if len(block) >= 8 {
		return binary.LittleEndian.Uint64(block) & (1<<(8*s.fields.size) - 1)
	}
	v := uint64(0)
	for i := range min(s.fields.size, len(block)) {
		v |= uint64(block[i]) << (8 * i)
	}
	return v
}

// A piece of up to fifteen bytes is in its slot, before a byte with its length,
// shifted left by one, and a bit for words. Of a longer one the slot has the
// place and length. Slots are aligned, so that none is in two blocks of the file.
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
	im, first, total := s.im, s.pieceSlots.off, s.pieceSlots.base/pieceSlot
	after := byte(0) // whether a word came before
	for i, p := range code {
		if uint64(p) >= total {
			panic(&fault{ErrCorrupt})
		}
		off := first + uint64(p)*pieceSlot
		if b := (off - pageSize) >> blockShift; im.ok[b>>5].Load()&(1<<(b&31)) == 0 {
			im.need(off, pieceSlot)
		}
		slot := (*[pieceSlot]byte)(im.data[off:])
		head := slot[shortPiece]
		to[n] = ' '
		n += int(head & after & 1)
		after = head
		if head >= longPiece {
			to = slices.Grow(append(to[:n], s.longPiece(slot)...), (len(code)-i)*pieceSlot)
			n = len(to)
			to = to[:cap(to)]
			continue
		}
		*(*[pieceSlot]byte)(to[n:]) = *slot
		n += int(head >> 1)
	}
	return to[:n]
}

// longPiece returns a piece that is not in its slot.
func (s *Store) longPiece(slot *[pieceSlot]byte) []byte {
	off, n := uint64(binary.LittleEndian.Uint32(slot[:])), uint64(binary.LittleEndian.Uint32(slot[4:]))
	if off+n > s.pieces.base {
		panic(&fault{ErrCorrupt})
	}
	return s.im.at(s.pieces.off+off, n)
}
