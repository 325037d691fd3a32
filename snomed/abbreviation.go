package snomed

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Texts that name concepts by identifier, such as axioms, are most of the
// bytes of a release. They are kept with a mark in place of an identifier
// behind a colon. The marks are bytes that no UTF-8 text has.
//
// Most of the concepts that an axiom names are types and targets of the
// relationships of the concept that it is about, in their order. A link says how
// many relationships further on than the last link: axioms of the same shape
// become the same bytes.
const (
	markOrdinal = 0xff // three bytes follow
	markSelf    = 0xfe // the component
	markLink    = 0xfd // a byte follows: how many further on, and linkType for a type, not a target

	linkType = 0x80
	maxLinks = 127 // a concept with more relationships has none
)

// linkTable is what the relationships of each concept name.
type linkTable struct {
	at     []uint32
	target []uint32 // ordinals
	kind   []uint16 // codes
	kinds  []uint64 // what the codes stand for
}

const noTarget = ^uint32(0)

// newLinkTable notes the relationships, which are in the order of their sources.
func (b *builder) newLinkTable() *linkTable {
	t := &linkTable{at: b.relAt, target: make([]uint32, len(b.rel)), kind: make([]uint16, len(b.rel)), kinds: b.small.values}
	for i := range b.rel {
		r := &b.rel[i]
		t.target[i], t.kind[i] = r.target, r.kind
		if r.flags&relConcrete != 0 {
			t.target[i] = noTarget
		}
	}
	return t
}

// abbreviator puts marks into texts.
type abbreviator struct {
	ids   *idMap // concepts
	links *linkTable
	out   []byte
}

// abbreviate replaces identifiers in a text about a component. It reports
// whether some marks mean something else in a text about another one. The result
// is good until the next call.
func (a *abbreviator) abbreviate(s []byte, self uint64) (short []byte, own bool) {
	a.out = a.out[:0]
	var from, n, last uint32
	if o, ok := a.ids.get(self); ok {
		from, n = a.links.at[o], a.links.at[o+1]-a.links.at[o]
		if n > maxLinks {
			n = 0
		}
		last = max(n, 1) - 1
	}
next:
	for {
		i := bytes.IndexByte(s, ':')
		if i < 0 {
			break
		}
		i++
		a.out = append(a.out, s[:i]...)
		s = s[i:]
		v, digits := uint64(0), 0
		for digits < len(s) && digits < 18 && s[digits] >= '0' && s[digits] <= '9' {
			v = v*10 + uint64(s[digits]-'0')
			digits++
		}
		if digits == 0 || s[0] == '0' || digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			continue
		}
		if v == self {
			a.out, own = append(a.out, markSelf), true
			s = s[digits:]
			continue
		}
		o, ok := a.ids.get(v)
		if !ok {
			continue
		}
		// The type of the next relationship, or the target of the last or the next.
		for d := range n {
			k := (last + d) % n
			if a.links.target[from+k] == o {
				a.out, own = append(a.out, markLink, byte(d)), true
				s, last = s[digits:], k
				continue next
			}
			k = (last + d + 1) % n
			if a.links.kinds[a.links.kind[from+k]] == v {
				a.out, own = append(a.out, markLink, byte(d+1)|linkType), true
				s, last = s[digits:], k
				continue next
			}
		}
		if o < 1<<24 {
			a.out = append(a.out, markOrdinal, byte(o>>16), byte(o>>8), byte(o))
			s = s[digits:]
		}
	}
	a.out = append(a.out, s...)
	return a.out, own
}

// abbreviated reports whether a text has marks.
func abbreviated(b []byte) bool {
	return slices.ContainsFunc(b, func(c byte) bool { return c >= markLink })
}

// expand writes out the identifiers that a text has in short.
func (s *Store) expand(b []byte, component sctid.ID) string {
	if !abbreviated(b) {
		return string(b)
	}
	return string(s.appendExpanded(make([]byte, 0, 3*len(b)), b, component))
}

func (s *Store) appendExpanded(out, b []byte, component sctid.ID) []byte {
	var from, n, last int
	for len(b) > 0 {
		switch {
		case b[0] == markSelf:
			out = strconv.AppendUint(out, uint64(component), 10)
			b = b[1:]
		case b[0] == markOrdinal:
			out = strconv.AppendUint(out, uint64(s.id(Ordinal(binary.BigEndian.Uint32([]byte{0, b[1], b[2], b[3]})))), 10)
			b = b[4:]
		case b[0] == markLink:
			if n == 0 {
				o, ok := s.find(uint64(component))
				if !ok {
					panic(&fault{ErrCorrupt})
				}
				at := s.column(secRelAt)
				from = int(at.get(int(o)))
				n = int(at.get(int(o)+1)) - from
				if n <= 0 {
					panic(&fault{ErrCorrupt})
				}
				last = n - 1
			}
			last = (last + int(b[1]&^linkType)) % n
			if b[1]&linkType != 0 {
				out = strconv.AppendUint(out, s.codes.get(int(s.column(secRelKind).get(from+last))), 10)
			} else {
				out = strconv.AppendUint(out, uint64(s.id(Ordinal(s.column(secRelTarget).get(from+last)))), 10)
			}
			b = b[2:]
		default:
			out = append(out, b[0])
			b = b[1:]
		}
	}
	return out
}
