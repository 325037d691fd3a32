package snomed

import (
	"encoding/binary"
	"hash/maphash"
)

// fingerprint is hashes of what a store says of a concept. Each is a sum over
// things of which the order does not matter.
type fingerprint struct{ descriptions, parents, properties, members uint64 }

// hasher makes the fingerprints of all concepts of a store, by ordinal. It reads
// every section once from its beginning to its end, where asking for one concept
// after the other would be all over the file.
type hasher struct {
	s    *Store
	seed maphash.Seed
	of   []fingerprint
}

// fingerprints hashes everything that is compared between stores. Those of two
// stores can be compared if the seed is the same.
func (s *Store) fingerprints(seed maphash.Seed) (of []fingerprint, err error) {
	defer s.im.guard(&err)
	h := hasher{s, seed, make([]fingerprint, s.info.Concepts)}
	h.descriptions()
	h.parents()
	h.properties()
	for i := range s.column(secRefsets).len() / refsetLongs {
		h.members(s.refset(i))
	}
	return h.of, nil
}

// numbers hashes numbers, up to eight, in their order.
func (h *hasher) numbers(v ...uint64) uint64 {
	var b [64]byte
	for i, x := range v {
		binary.LittleEndian.PutUint64(b[8*i:], x)
	}
	return maphash.Bytes(h.seed, b[:8*len(v)])
}

// descriptions hashes the versions of descriptions, their terms, and what
// language reference sets say of them.
func (h *hasher) descriptions() {
	s := h.s
	ids, times := s.column(secDescID), s.column(secDescTime)
	var room termPieces
	var term []byte
	for o := range h.of {
		from, to := int(s.descAt.get(o)), int(s.descAt.get(o+1))
		t, first := s.terms(Ordinal(o), &room)
		for i := range to - from {
			t = t.next()
			term = t.append(term[:0])
			row := from + rowOfTerm(i, first)
			id := uint64(s.spaces.unpack(ids.get(row)))
			sum := &h.of[o].descriptions
			*sum += h.numbers(id, uint64(s.time(times, row)), s.descActive.get(row), maphash.Bytes(h.seed, term))
			accept := s.descAccept.get(row)
			for k, dialect := range s.dialects {
				if v := accept >> (2 * k) & 3; v > 0 {
					*sum += h.numbers(id, dialect, v)
				}
			}
		}
	}
}

func (h *hasher) parents() {
	s := h.s
	for o := range s.info.Active {
		for i, j := int(s.parentAt.get(o)), int(s.parentAt.get(o+1)); i < j; i++ {
			h.of[o].parents += h.numbers(uint64(s.id(Ordinal(s.parent.get(i)))))
		}
	}
}

// properties hashes the groups of attributes, whatever their numbers, but for
// group 0, and their order.
func (h *hasher) properties() {
	s := h.s
	at, flags, char := s.column(secRelAt), s.column(secRelFlags), s.column(secRelChar)
	kind, target, number := s.column(secRelKind), s.column(secRelTarget), s.column(secRelGroup)
	values := make([]uint64, max(s.column(secValueAt).len(), 1)-1)
	for i := range values {
		values[i] = maphash.String(h.seed, s.value(i).String())
	}
	const none = 1 << 16
	for o := range h.of {
		group, sum := uint64(none), uint64(0)
		end := func() {
			switch group {
			case none:
			case 0:
				h.of[o].properties += h.numbers(0, sum)
			default:
				h.of[o].properties += h.numbers(1, sum)
			}
		}
		for i, j := int(at.get(o)), int(at.get(o+1)); i < j; i++ {
			f, k := flags.get(i), kind.get(i)
			if f&relActive == 0 || char.get(i) != s.inferred || k == s.isA {
				continue
			}
			if g := number.get(i); g != group {
				end()
				group, sum = g, 0
			}
			if t := target.get(i); f&relConcrete != 0 {
				sum += h.numbers(s.codes.get(int(k)), 1, values[t])
			} else {
				sum += h.numbers(s.codes.get(int(k)), 0, uint64(s.id(Ordinal(t))))
			}
		}
		end()
	}
}

// members hashes the active members about concepts, with all their columns.
func (h *hasher) members(r *Refset) {
	rows, concepts := r.about()
	texts := r.texts()
	sums := make([]uint64, len(rows))
	for k := range sums {
		sums[k] = uint64(r.id)
	}
	for c := range r.columns {
		base := r.base(c)
		codes := r.col(base + colCodes)
		if r.columns[c].Type != 's' {
			values := r.col(base + colA)
			for k, row := range rows {
				sums[k] = h.numbers(sums[k], values.get(int(codes.get(int(row)))))
			}
			continue
		}
		last, sum := -1, uint64(0)
		var long []byte
		for _, k := range r.byCode(c, rows) {
			if code := int(codes.get(int(rows[k]))); code != last {
				last = code
				text := texts[c].text(code)
				if abbreviated(text) { // it says something else of every component
					long = h.s.appendExpanded(long[:0], text, h.s.id(concepts[k]))
					sum, last = maphash.Bytes(h.seed, long), -1
				} else {
					sum = maphash.Bytes(h.seed, text)
				}
			}
			sums[k] = h.numbers(sums[k], sum)
		}
	}
	for k, c := range concepts {
		h.of[c].members += h.numbers(sums[k])
	}
}
