package dmd

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"
)

// The store is one file: a header, a directory of sections, the sections. All
// numbers are little-endian. Header, directory and every section have a
// checksum (CRC-32C), all of which are verified on opening. Sections begin at
// multiples of a cache line, so that a bucket of a hash table is never in two.
const (
	storeMagic   = "nhskit\x00dmd\x1a\r\n"
	storeVersion = 3
	headerSize   = 32 // magic 13, padding 3, version 4, sections 4, date 4, checksum of the directory 4
	entrySize    = 24 // section 4, checksum 4, offset 8, length 8
	cacheLine    = 64
)

// sectionID names a section: what it holds, and for which table and field.
type sectionID uint32

const (
	secRows     = 1 + iota // records, one after the other
	secOffsets             // where each record begins, and the end
	secByID                // record numbers in the order of their identifiers
	secRefStart            // for each target record, where its referrers begin
	secRefRows             // the referrers
	secIDs                 // hash table: identifier to record
	secPrevious            // hash table: former identifier to record that says so
	secCurrent             // hash table: identifier to history records
	secGTINs               // hash table: bar code to record
	secLookups             // look-up records by list and code
	secWords               // search: the words
	secWordStart
	secPostings
	secPostingStart
	secDocs
	secDocWords
	secDocWordStart
)

func section(kind int, t Table, field int) sectionID {
	return sectionID(kind<<16 | int(t)<<8 | field)
}

// sections is the content of a store, in memory or mapped.
type sections struct {
	ids  []sectionID // ascending
	data [][]byte
}

func (s *sections) get(id sectionID) []byte {
	i, ok := slices.BinarySearch(s.ids, id)
	if !ok {
		return nil
	}
	return s.data[i]
}

func (s *sections) put(id sectionID, data []byte) {
	i, _ := slices.BinarySearch(s.ids, id)
	s.ids = slices.Insert(s.ids, i, id)
	s.data = slices.Insert(s.data, i, data)
}

// checksum continues a checksum with more bytes.
func checksum(sum uint32, b []byte) uint32 {
	return crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), b)
}

// writeTo writes the file.
func (s *sections) writeTo(w io.Writer, date Date) (int64, error) {
	dir := make([]byte, 0, len(s.ids)*entrySize)
	at := align(int64(headerSize + len(s.ids)*entrySize))
	for i, id := range s.ids {
		dir = binary.LittleEndian.AppendUint32(dir, uint32(id))
		dir = binary.LittleEndian.AppendUint32(dir, checksum(0, s.data[i]))
		dir = binary.LittleEndian.AppendUint64(dir, uint64(at))
		dir = binary.LittleEndian.AppendUint64(dir, uint64(len(s.data[i])))
		at = align(at + int64(len(s.data[i])))
	}
	head := make([]byte, 0, headerSize)
	head = append(head, storeMagic...)
	head = append(head, make([]byte, 16-len(storeMagic))...)
	head = binary.LittleEndian.AppendUint32(head, storeVersion)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(s.ids)))
	head = binary.LittleEndian.AppendUint32(head, uint32(date))
	sum := checksum(0, head)
	head = binary.LittleEndian.AppendUint32(head, checksum(sum, dir))
	n := int64(0)
	write := func(b []byte) error {
		m, err := w.Write(b)
		n += int64(m)
		if pad := align(n) - n; err == nil && pad > 0 {
			m, err = w.Write(make([]byte, pad))
			n += int64(m)
		}
		return err
	}
	if err := write(append(head, dir...)); err != nil {
		return n, err
	}
	for _, d := range s.data {
		if err := write(d); err != nil {
			return n, err
		}
	}
	return n, nil
}

func align(n int64) int64 { return (n + cacheLine - 1) &^ (cacheLine - 1) }

// What opening a store can fail with, besides errors of the file system.
var (
	ErrNotStore = errors.New("dmd: not a dm+d store")
	ErrVersion  = errors.New("dmd: the store is of another version; build it again")
	ErrCorrupt  = errors.New("dmd: the store is damaged; build it again")
)

// readSections checks a file's content and takes it apart without copying.
func readSections(b []byte) (*sections, Date, error) {
	if len(b) < headerSize || string(b[:len(storeMagic)]) != storeMagic {
		return nil, 0, ErrNotStore
	}
	if binary.LittleEndian.Uint32(b[16:]) != storeVersion {
		return nil, 0, ErrVersion
	}
	n := int64(binary.LittleEndian.Uint32(b[20:]))
	end := headerSize + n*entrySize
	if n > 1000 || int64(len(b)) < end {
		return nil, 0, ErrCorrupt
	}
	sum := checksum(0, b[:headerSize-4])
	if checksum(sum, b[headerSize:end]) != binary.LittleEndian.Uint32(b[headerSize-4:]) {
		return nil, 0, ErrCorrupt
	}
	s := new(sections)
	at := int64(0)
	padded := func(end int64) bool { // to the next section, with zeros
		at = align(end)
		return at <= int64(len(b)) && !slices.ContainsFunc(b[end:at], func(c byte) bool { return c != 0 })
	}
	if !padded(end) {
		return nil, 0, ErrCorrupt
	}
	for i := range n {
		e := b[headerSize+i*entrySize:]
		off, size := binary.LittleEndian.Uint64(e[8:]), binary.LittleEndian.Uint64(e[16:])
		if off != uint64(at) || size > uint64(int64(len(b))-at) || !padded(at+int64(size)) {
			return nil, 0, ErrCorrupt
		}
		data := b[off : off+size : off+size]
		if checksum(0, data) != binary.LittleEndian.Uint32(e[4:]) {
			return nil, 0, ErrCorrupt
		}
		id := sectionID(binary.LittleEndian.Uint32(e))
		if k := len(s.ids); k > 0 && s.ids[k-1] >= id {
			return nil, 0, ErrCorrupt
		}
		s.ids = append(s.ids, id)
		s.data = append(s.data, data)
	}
	if at != int64(len(b)) {
		return nil, 0, ErrCorrupt
	}
	return s, Date(binary.LittleEndian.Uint32(b[24:])), nil
}

// u32s is an array of numbers within a section. Reading outside gives 0.
type u32s []byte

func (a u32s) len() int { return len(a) / 4 }

func (a u32s) at(i int) uint32 {
	if uint(i) >= uint(len(a)/4) {
		return 0
	}
	return binary.LittleEndian.Uint32(a[4*i:])
}

// slice returns the entries from i up to j.
func (a u32s) slice(i, j uint32) u32s {
	n := uint32(len(a) / 4)
	j = min(j, n)
	i = min(i, j)
	return a[4*i : 4*j]
}

func packU32(v []uint32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

// spans is an array of byte strings: where each begins, and all of them.
type spans struct {
	start u32s
	data  []byte
}

func (s spans) len() int { return max(s.start.len()-1, 0) }

func (s spans) at(i int) []byte {
	if i < 0 || i >= s.len() {
		return nil
	}
	from, to := s.start.at(i), s.start.at(i+1)
	if from > to || uint64(to) > uint64(len(s.data)) {
		return nil
	}
	return s.data[from:to:to]
}

// idTable is a hash table from numbers to records, several for a number if need
// be. A number is sought in one line of the processor's cache, of which it takes
// the first free slot, and in the next ones only if that is full: five numbers,
// zero for a free slot, then the five records that they lead to, then padding.
// Slots of one number come in the order of their records.
type idTable []byte

const (
	bucketSize  = cacheLine
	bucketSlots = 5
	bucketPlace = 8 * bucketSlots // where the records begin
)

// place is a record: its table in the upper bits, its number in the lower.
type place uint32

const placeBits = 27

func placeOf(t Table, row int) place { return place(uint32(t)<<placeBits | uint32(row)) }

func (p place) table() Table { return Table(p >> placeBits) }
func (p place) row() int     { return int(p & (1<<placeBits - 1)) }

// spread gives a number whose upper bits say where to begin. Identifiers are
// numbered in steps, so one multiplication would leave them in heaps.
func spread(id uint64) uint64 {
	h := id * 0x9E3779B97F4A7C15
	return (h ^ h>>32) * 0xD6E8FEB86659FD93
}

// home returns the bucket that a number is sought in first.
func (h idTable) home(id uint64) int {
	i, _ := bits.Mul64(spread(id), uint64(len(h)/bucketSize))
	return int(i)
}

// next returns the next record of a number after passed slots, of which the
// first call passes none, and how many have been passed with it.
func (h idTable) next(id uint64, passed int) (p place, after int, ok bool) {
	if id == 0 || passed < 0 {
		return 0, 0, false
	}
	buckets, home := len(h)/bucketSize, h.home(id)
	if passed == 0 && buckets > 0 {
		// Where in its bucket a number is cannot be predicted: looking at all of it
		// without branches is faster than stopping at the right one.
		e, i := h[home*bucketSize:][:bucketSize], bucketSlots
		if binary.LittleEndian.Uint64(e[32:]) == id {
			i = 4
		}
		if binary.LittleEndian.Uint64(e[24:]) == id {
			i = 3
		}
		if binary.LittleEndian.Uint64(e[16:]) == id {
			i = 2
		}
		if binary.LittleEndian.Uint64(e[8:]) == id {
			i = 1
		}
		if binary.LittleEndian.Uint64(e) == id {
			i = 0
		}
		if i < bucketSlots {
			return place(binary.LittleEndian.Uint32(e[bucketPlace+4*i:])), i + 1, true
		}
		if binary.LittleEndian.Uint64(e[32:]) == 0 {
			return 0, 0, false
		}
		passed = bucketSlots
	}
	for n, i := passed/bucketSlots, passed%bucketSlots; n < buckets; n, i = n+1, 0 {
		at := home + n
		if at >= buckets {
			at -= buckets
		}
		e := h[at*bucketSize:][:bucketSize]
		for ; i < bucketSlots; i++ {
			switch binary.LittleEndian.Uint64(e[8*i:]) {
			case id:
				return place(binary.LittleEndian.Uint32(e[bucketPlace+4*i:])), n*bucketSlots + i + 1, true
			case 0:
				return 0, 0, false
			}
		}
	}
	return 0, 0, false
}

// idEntry is one entry of a table to be built.
type idEntry struct {
	id uint64
	at place
}

// buildIDTable fills 7 of 10 slots, with which nine of ten numbers are in their
// first bucket.
func buildIDTable(entries []idEntry) idTable {
	buckets := len(entries)*10/(7*bucketSlots) + 1
	h := make(idTable, buckets*bucketSize)
	for _, e := range entries {
		if e.id == 0 {
			continue
		}
		at := h.home(e.id) * bucketSize
		i := 0
		for binary.LittleEndian.Uint64(h[at+8*i:]) != 0 {
			if i++; i == bucketSlots {
				at, i = (at+bucketSize)%len(h), 0
			}
		}
		binary.LittleEndian.PutUint64(h[at+8*i:], e.id)
		binary.LittleEndian.PutUint32(h[at+bucketPlace+4*i:], uint32(e.at))
	}
	return h
}

// gtinTable is a hash table from bar codes to their uses: 20 bytes a slot with
// the code, the pack's record plus one (0 if it is not there), the first and the
// last day, so that one look answers.
type gtinTable []byte

const gtinSlotSize = 20

// gtinSlot returns the slot that a bar code is sought in first.
func gtinSlot(code uint64, slots int) int {
	return int(spread(code) >> (64 - bits.Len(uint(slots-1))))
}

// gtinUse is one use of a bar code.
type gtinUse struct {
	code       uint64
	pack       uint32 // number of the pack's record plus one
	start, end Date
}

// appendUses appends the uses of a bar code.
func (h gtinTable) appendUses(dst []Barcode, s *Store, code uint64) []Barcode {
	slots := len(h) / gtinSlotSize
	if slots < 2 || code == 0 {
		return dst
	}
	start := gtinSlot(code, slots)
	for i := start; i < start+slots; i++ {
		at := (i & (slots - 1)) * gtinSlotSize
		e := h[at : at+gtinSlotSize]
		switch binary.LittleEndian.Uint64(e) {
		case 0:
			return dst
		case code:
			b := Barcode{GTIN: GTIN(code), Start: Date(binary.LittleEndian.Uint32(e[12:])), End: Date(binary.LittleEndian.Uint32(e[16:]))}
			if pack := binary.LittleEndian.Uint32(e[8:]); pack > 0 {
				b.Pack = Product{s, placeOf(TableAMPP, int(pack-1))}
			}
			dst = append(dst, b)
		}
	}
	return dst
}

func buildGTINTable(uses []gtinUse) gtinTable {
	slots := 2
	for slots*3 < len(uses)*5 {
		slots *= 2
	}
	h := make(gtinTable, slots*gtinSlotSize)
	for _, u := range uses {
		i := gtinSlot(u.code, slots)
		for binary.LittleEndian.Uint64(h[i*gtinSlotSize:]) != 0 {
			i = (i + 1) & (slots - 1)
		}
		e := h[i*gtinSlotSize:]
		binary.LittleEndian.PutUint64(e, u.code)
		binary.LittleEndian.PutUint32(e[8:], u.pack)
		binary.LittleEndian.PutUint32(e[12:], uint32(u.start))
		binary.LittleEndian.PutUint32(e[16:], uint32(u.end))
	}
	return h
}
