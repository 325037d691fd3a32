package snomed

import (
	"fmt"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// compactID maps an identifier to a smaller number and back: the item first,
// the namespace and partition as an index. The check digit follows from them.
type compactIDs struct{ spaces []uint64 }

// space is the namespace and partition of an identifier as one number.
func space(id uint64) uint64 {
	if sctid.ID(id).HasNamespace() {
		return id / 10 % 1e9
	}
	return id / 10 % 100
}

// maxSpaces bounds the namespaces, with their partitions, of one store, so that
// what is packed fits 63 bits: items have fifteen digits. The world has some
// hundreds.
const maxSpaces = 9000

func (s *compactIDs) learn(id uint64) {
	v := space(id)
	if i, ok := slices.BinarySearch(s.spaces, v); !ok {
		s.spaces = slices.Insert(s.spaces, i, v)
	}
}

func (s *compactIDs) pack(id uint64) uint64 {
	i, _ := slices.BinarySearch(s.spaces, space(id))
	return sctid.ID(id).Item()*uint64(len(s.spaces)) + uint64(i)
}

func (s *compactIDs) unpack(v uint64) sctid.ID {
	n := uint64(len(s.spaces))
	if n == 0 {
		panic(&fault{ErrCorrupt})
	}
	sp := s.spaces[v%n]
	var digits [7]byte
	for i, ns := len(digits)-1, sp/100; i >= 0; i, ns = i-1, ns/10 {
		digits[i] = '0' + byte(ns%10)
	}
	namespace := string(digits[:])
	if sp < 100 {
		namespace = ""
	}
	id, err := sctid.New(sctid.Kind(sp%10), namespace, v/n)
	if err != nil {
		panic(&fault{fmt.Errorf("%w: %v", ErrCorrupt, err)})
	}
	return id
}

// spaces learns the namespaces of all packed identifiers. It fails where there
// are too many.
func (b *builder) spaces() (*compactIDs, error) {
	s := &compactIDs{}
	last := ^uint64(0)
	learn := func(id uint64) {
		if v := space(id); v != last && len(s.spaces) <= maxSpaces {
			last = v
			s.learn(id)
		}
	}
	for i := range b.rel {
		learn(b.rel[i].id)
	}
	for i := range b.desc {
		learn(b.desc[i].id)
	}
	if len(s.spaces) > maxSpaces {
		return nil, b.beyond("the identifiers are of more than %d namespaces and partitions", maxSpaces)
	}
	b.idSpaces = s
	return s, nil
}
