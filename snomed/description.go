package snomed

import (
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// The types of description.
const (
	FullySpecifiedName sctid.ID = idFSN
	Synonym            sctid.ID = idSynonym
	TextDefinition     sctid.ID = idDefinition
)

// Description is one description or text definition.
type Description struct {
	ID           sctid.ID
	Concept      sctid.ID
	Active       bool
	Time         uint32 // YYYYMMDD
	Module       sctid.ID
	Type         sctid.ID
	Language     string // "en"
	Significance sctid.ID
	Term         string
	// Acceptability has an entry for every language reference set that
	// accepts the description.
	Acceptability []Acceptability
}

// Acceptability is what one language reference set says about a description.
type Acceptability struct {
	Refset    sctid.ID
	Preferred bool // else acceptable
}

// Descriptions returns all descriptions of a concept, inactive ones and text
// definitions included: first the active ones, and of those the fully
// specified names, then the synonyms.
func (s *Store) Descriptions(o Ordinal) (all []Description, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	from, to := int(s.descAt.get(int(o))), int(s.descAt.get(int(o)+1))
	if from > to || to > s.info.Descriptions {
		panic(&fault{ErrCorrupt})
	}
	all = make([]Description, to-from)
	for i := range all {
		all[i] = s.description(from + i)
		all[i].Concept = s.id(o)
	}
	var room termPieces
	var term []byte
	t, first := s.terms(o, &room)
	for i := range all {
		t = t.next()
		term = t.append(term[:0])
		all[rowOfTerm(i, first)].Term = string(term)
	}
	return all, nil
}

// description reads row i, without concept and term.
func (s *Store) description(i int) Description {
	d := Description{
		ID:           s.spaces.unpack(s.column(secDescID).get(i)),
		Active:       s.descActive.get(i) == 1,
		Time:         s.time(s.column(secDescTime), i),
		Module:       s.modules[s.column(secDescModule).get(i)],
		Type:         sctid.ID(s.codes.get(int(s.descKind.get(i)))),
		Language:     languageOf(s.column(secLanguages).get(int(s.column(secDescLanguage).get(i)))),
		Significance: sctid.ID(s.codes.get(int(s.column(secDescSignificance).get(i)))),
	}
	accept := s.descAccept.get(i)
	for k, id := range s.dialects {
		if v := accept >> (2 * k) & 3; v > 0 {
			d.Acceptability = append(d.Acceptability, Acceptability{sctid.ID(id), v == 2})
		}
	}
	return d
}

// Description looks a description up by its identifier.
func (s *Store) Description(id sctid.ID) (d Description, err error) {
	defer s.im.guard(&err)
	row, ok := s.findDescription(uint64(id))
	if !ok {
		return Description{}, ErrNotFound
	}
	o := s.conceptOfDescription(row)
	d = s.description(row)
	d.Concept = s.id(o)
	d.Term = string(s.appendTerm(nil, o, row))
	return d, nil
}

func (s *Store) findDescription(id uint64) (row int, ok bool) {
	if sctid.ID(id).Kind() != sctid.Description || len(s.spaces.spaces) == 0 {
		return 0, false
	}
	order, ids := s.column(secDescOrder), s.column(secDescID)
	i, j := 0, order.len()
	for i < j {
		m := int(uint(i+j) / 2)
		row := int(order.get(m))
		switch v := uint64(s.spaces.unpack(ids.get(row))); {
		case v == id:
			return row, true
		case v < id:
			i = m + 1
		default:
			j = m
		}
	}
	return 0, false
}

// conceptOfDescription finds the concept whose rows contain row.
func (s *Store) conceptOfDescription(row int) Ordinal {
	// The last concept whose first row is at most row.
	return Ordinal(s.descAt.search(0, s.descAt.len(), uint64(row)+1) - 1)
}

// PreferredTerm returns the term to show for a concept: the active synonym
// that the first of the language reference sets prefers that has one for the
// concept. Without dialects it is the order of preference that the store was
// built with, which is fastest. Where none of them has one it is what that order
// prefers, else the first active synonym, then an inactive one, then the fully
// specified name.
func (s *Store) PreferredTerm(o Ordinal, dialects ...sctid.ID) (term string, err error) {
	defer s.im.guard(&err)
	b, err := s.AppendPreferredTerm(make([]byte, 0, 256), o, dialects...)
	return string(b), err
}

// AppendPreferredTerm appends what [Store.PreferredTerm] returns.
func (s *Store) AppendPreferredTerm(to []byte, o Ordinal, dialects ...sctid.ID) (b []byte, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return to, ErrNotFound
	}
	if dialects == nil {
		fields, term := s.record(o)
		return s.appendPreferred(to, o, fields, term), nil
	}
	return s.appendChosen(to, o, dialects), nil
}

// appendPreferred appends the preferred term of a concept, given its record.
func (s *Store) appendPreferred(to []byte, o Ordinal, fields uint64, term []byte) []byte {
	if fields>>4&15 == 0 {
		return s.appendChosen(to, o, nil)
	}
	var room termPieces
	return s.appendPieces(to, preferredPieces(term, room[:0]))
}

// appendChosen appends the synonym that some dialects choose, or else the fully
// specified name.
func (s *Store) appendChosen(to []byte, o Ordinal, dialects []sctid.ID) []byte {
	row, ok := s.choose(o, s.synonym, dialects)
	if !ok {
		if row, ok = s.choose(o, s.fsn, dialects); !ok {
			return to
		}
	}
	return s.appendTerm(to, o, row)
}

// FullySpecifiedName returns the fully specified name of a concept, by the
// same rule as [Store.PreferredTerm].
func (s *Store) FullySpecifiedName(o Ordinal, dialects ...sctid.ID) (name string, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return "", ErrNotFound
	}
	row, ok := s.choose(o, s.fsn, dialects)
	if !ok {
		return "", nil
	}
	return string(s.appendTerm(make([]byte, 0, 256), o, row)), nil
}

// choose picks a description of a type.
func (s *Store) choose(o Ordinal, kind uint64, dialects []sctid.ID) (row int, ok bool) {
	from := int(s.descAt.get(int(o)))
	if dialects == nil {
		n, _ := s.record(o)
		if kind == s.synonym {
			n >>= 4
		}
		if n &= 15; n > 0 {
			return from + int(n) - 1, true
		}
	}
	to := int(s.descAt.get(int(o) + 1))
	best := 1 << 30
	for i := from; i < to; i++ {
		if s.descKind.get(i) != kind {
			continue
		}
		rank := 1000
		accept := s.descAccept.get(i)
		for k := range s.preferred {
			if accept>>(2*k)&3 == 2 {
				rank = 500 + k
				break
			}
		}
		for r, d := range dialects {
			if k := slices.Index(s.dialects, uint64(d)); k >= 0 && accept>>(2*k)&3 == 2 {
				rank = r
				break
			}
		}
		if s.descActive.get(i) == 0 {
			rank += 2000
		}
		if rank < best {
			row, best = i, rank
		}
	}
	return row, best < 1<<30
}

// termReader reads the terms of a concept one after the other.
type termReader struct {
	s    *Store
	b    []byte
	code []uint32 // the pieces of the current term

	ready bool // the next term has been read
}

// termPieces is room for the pieces of most terms, for the caller to have on
// its stack.
type termPieces [48]uint32

// terms returns a reader of the terms of a concept. The first it reads is that
// of the preferred term, whose place among the descriptions, counted from 1, is
// first; all others follow in the order of the descriptions. Where no place is
// known, and first is 0, there is no exception.
func (s *Store) terms(o Ordinal, room *termPieces) (t termReader, first int) {
	fields, term := s.record(o)
	t = termReader{s, s.blocks.of(o), room[:0], false}
	if first = int(fields >> 4 & 15); first > 0 {
		t.code = preferredPieces(term, t.code)
		t.ready = true
	}
	return t, first
}

// rowOfTerm returns which description of a concept term i is that of.
func rowOfTerm(i, first int) int {
	switch {
	case i >= first:
		return i
	case i == 0:
		return first - 1
	}
	return i - 1
}

// termOfRow is the reverse of rowOfTerm.
func termOfRow(row, first int) int {
	switch {
	case row >= first:
		return row
	case row == first-1:
		return 0
	}
	return row + 1
}

// next returns the reader at the next term. It works on values, so that the
// room for the pieces need not be on the heap.
func (t termReader) next() termReader {
	if t.ready {
		t.ready = false
		return t
	}
	t.b, t.code = readTerm(t.b, t.code)
	return t
}

// preferredPieces appends the pieces of the term of a record.
func preferredPieces(term []byte, to []uint32) []uint32 {
	pieces, ok := readTagged(term, to)
	if !ok {
		panic(&fault{ErrCorrupt})
	}
	return pieces
}

// readTerm reads the pieces of a term into those of the term before it. It
// returns what follows.
func readTerm(b []byte, code []uint32) (rest []byte, pieces []uint32) {
	shared, n, k := readTermHead(b)
	if k == 0 || shared > len(code) || n > len(b) {
		panic(&fault{ErrCorrupt})
	}
	b, code = b[k:], code[:shared]
	for range n {
		v, k := readCode(b)
		if k == 0 {
			panic(&fault{ErrCorrupt})
		}
		code = append(code, v)
		b = b[k:]
	}
	return b, code
}

// append appends the current term.
func (t termReader) append(to []byte) []byte { return t.s.appendPieces(to, t.code) }

func (s *Store) appendTerm(to []byte, o Ordinal, row int) []byte {
	var room termPieces
	t, first := s.terms(o, &room)
	for range termOfRow(row-int(s.descAt.get(int(o))), first) + 1 {
		t = t.next()
	}
	return t.append(to)
}
