package optout

import (
	"iter"
	"math/bits"
	"slices"

	"github.com/nhskit/nhskit/nhsnumber"
)

// marks is a bitmap of all numbers by their first nine digits, in pages that
// are there only if they have a mark. A set is built from it.
type marks [(universe + markPage - 1) / markPage][]uint64

const markPage = 1 << 20

func (m *marks) add(v uint32) {
	page := m[v/markPage]
	if page == nil {
		page = make([]uint64, markPage/64)
		m[v/markPage] = page
	}
	page[v%markPage/64] |= 1 << (v % 64)
}

// each calls fn for every mark, in order.
func (m *marks) each(fn func(uint32)) {
	for p, page := range m {
		for i, w := range page {
			for ; w != 0; w &= w - 1 {
				fn(uint32(p*markPage + i*64 + bits.TrailingZeros64(w)))
			}
		}
	}
}

// Build makes a set of numbers, in any order and with repetitions. While it
// works it takes up to 125 MB beside the set.
func Build(numbers iter.Seq[nhsnumber.Number], meta Meta) (*Set, error) {
	if meta.AsOf.IsZero() {
		return nil, errNoAsOf
	}
	m := new(marks)
	for n := range numbers {
		if n.IsZero() {
			return nil, errNoNumber
		}
		m.add(n.Nine())
	}
	s := &Set{meta: meta}
	if meta.Form == Compact {
		s.compact(m)
	} else {
		s.dense(m)
	}
	s.seal()
	return s, nil
}

// dense fills the cells from the first with a member to the last.
func (s *Set) dense(m *marks) {
	last := uint32(0)
	m.each(func(v uint32) {
		if s.count++; s.count == 1 {
			s.first = v / cellSpan
		}
		last = v / cellSpan
	})
	if s.count == 0 {
		return
	}
	s.index = make([]byte, (last-s.first+1)*cellSize)
	cell, members := s.first, make([]byte, 0, cellSpan)
	m.each(func(v uint32) {
		if q := v / cellSpan; q != cell {
			s.setCell(cell, members)
			cell, members = q, members[:0]
		}
		members = append(members, byte(v%cellSpan+1))
	})
	s.setCell(cell, members)
	s.data = slices.Clip(s.data)
}

// setCell writes the members of a cell.
func (s *Set) setCell(q uint32, members []byte) {
	cell := s.index[(q-s.first)*cellSize:][:cellSize]
	if copy(cell, members) == len(members) {
		return
	}
	start := len(s.data)
	le.PutUint64(cell, cellFull|uint64(start/bitmapSize))
	s.data = append(s.data, make([]byte, bitmapSize)...)
	for _, low := range members {
		s.data[start+int(low>>3)] |= 1 << (low & 7)
	}
}

// compact writes a page for every 2^16 numbers that have a member.
func (s *Set) compact(m *marks) {
	s.index = make([]byte, compactPages*directoryEntry)
	page, start, group := ^uint32(0), 0, uint32(0)
	// begins notes where the groups up to one begin.
	begins := func(until uint32) {
		for ; group <= until; group++ {
			le.PutUint16(s.data[start+int(group)*2:], uint16(len(s.data)-start-compactStarts))
		}
	}
	m.each(func(v uint32) {
		s.count++
		if p := v >> compactBits; p != page {
			if page != ^uint32(0) {
				begins(256)
			}
			page, start, group = p, len(s.data), 0
			le.PutUint32(s.index[p*directoryEntry:], uint32(start)+1)
			s.data = append(s.data, make([]byte, compactStarts)...)
		}
		begins(v >> 8 & 0xFF)
		s.data = append(s.data, byte(v))
	})
	if page != ^uint32(0) {
		begins(256)
	}
	s.data = slices.Clip(s.data)
}
