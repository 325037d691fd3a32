package snomed

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/snomed/rf2"
)

// Metadata identifiers that the store needs to know.
const (
	idFSN        = 900000000000003001
	idSynonym    = 900000000000013009
	idDefinition = 900000000000550004
	idIsA        = 116680003
	idInferred   = 900000000000011006
	idStated     = 900000000000010007
	idPreferred  = 900000000000548007
	idAcceptable = 900000000000549004
	idPrimitive  = 900000000000074008
	idHistory    = 900000000000522004
	idModuleDep  = 900000000000534007
)

// descRow is one version of a description.
type descRow struct {
	id           uint64
	concept      uint32 // index of concept, later ordinal
	time         uint32
	text         uint32 // offset in the arena of the file
	line         uint32
	file         uint16
	module       uint16
	kind         uint16
	significance uint16
	language     uint16
	active       bool
}

// descFile is what was read of one description file.
type descFile struct {
	place
	order  int
	rows   vec[descRow]
	pieces *pieceTable
	arena  vec[byte]
	code   []uint32 // of each piece, in the store
}

// pieceTable numbers the distinct pieces of terms in the order of their first
// use, words that differ in the case of their first letter as one.
type pieceTable struct {
	index map[string]uint32
	list  []string
	count []uint32
	key   []byte
}

// code returns the code of a piece: twice its number, and one more where its
// first letter is a capital.
func (p *pieceTable) code(s string) uint32 {
	capital := uint32(0)
	p.key = append(p.key[:0], s...)
	if c := s[0]; 'A' <= c && c <= 'Z' {
		p.key[0] += 'a' - 'A'
		capital = 1
	}
	c, ok := p.index[string(p.key)]
	if !ok {
		s = string(p.key)
		c = uint32(len(p.list))
		p.index[s] = c
		p.list = append(p.list, s)
		p.count = append(p.count, 0)
	}
	p.count[c]++
	return c<<1 | capital
}

// addTerm appends the pieces of a term to the arena: their number and codes.
func (f *descFile) addTerm(term string, scratch []uint32) []uint32 {
	scratch = scratch[:0]
	afterWord := false
	for len(term) > 0 {
		n, word := nextPiece(term)
		piece := term[:n]
		term = term[n:]
		if piece == " " && afterWord {
			// A single space between two words is implied.
			if m, next := nextPiece(term); m > 0 && next {
				afterWord = false
				continue
			}
		}
		scratch = append(scratch, f.pieces.code(piece))
		afterWord = word
	}
	var b [binary.MaxVarintLen32]byte
	put := func(v uint32) {
		for _, x := range b[:binary.PutUvarint(b[:], uint64(v))] {
			f.arena.add(x)
		}
	}
	put(uint32(len(scratch)))
	for _, c := range scratch {
		put(c)
	}
	return scratch
}

// term reads the pieces of a term back.
func (f *descFile) term(off uint32, to []uint32) []uint32 {
	at := int(off)
	next := func() uint32 {
		v, shift := uint32(0), 0
		for {
			x := *f.arena.at(at)
			at++
			v |= uint32(x&0x7f) << shift
			if x < 0x80 {
				return v
			}
			shift += 7
		}
	}
	to = to[:0]
	for range next() {
		to = append(to, next())
	}
	return to
}

// relRow is one version of a relationship.
type relRow struct {
	id     uint64
	source uint32 // index of concept, later ordinal
	target uint32 // the same, or the code of a concrete value
	time   uint32
	line   uint32
	file   uint16
	module uint16
	kind   uint16 // codes
	char   uint16
	mod    uint16
	group  uint16
	flags  uint8
	dead   bool // lost to a newer version
}

const (
	relActive   = 1 << iota // the row is active
	relConcrete             // target is a value
)

type relFile struct {
	place
	order int
	rows  vec[relRow]
	index map[string]uint32
	list  []string
}

// identifierRow is one alternate identifier.
type identifierRow struct {
	alternate string
	scheme    uint64
	component uint64
	time      uint32
	order     uint32
	module    uint16
	active    bool
}

var (
	errBadGroup    = errors.New("a relationship group outside 0 to 65535")
	errBadLanguage = errors.New("a language code of more than eight bytes")
)

// readComponents reads descriptions, relationships and alternate identifiers.
func (b *builder) readComponents() error {
	want := func(f *rf2.File) bool {
		switch f.Kind {
		case rf2.Description, rf2.TextDefinition, rf2.Relationship, rf2.StatedRelationship, rf2.ConcreteValue, rf2.Identifier:
			return true
		}
		return false
	}
	err := b.read("descriptions and relationships", want, func(s *source, f *rf2.File) rf2.Handler {
		switch f.Kind {
		case rf2.Description, rf2.TextDefinition:
			return b.descriptionHandler(s, f)
		case rf2.Identifier:
			return b.identifierHandler(s, f)
		}
		return b.relationshipHandler(s, f)
	})
	if err != nil {
		return err
	}
	byOrder := func(ao, bo int, an, bn string) int {
		if ao != bo {
			return ao - bo
		}
		return strings.Compare(an, bn)
	}
	slices.SortFunc(b.descFiles, func(x, y *descFile) int { return byOrder(x.order, y.order, x.name, y.name) })
	slices.SortFunc(b.relFiles, func(x, y *relFile) int { return byOrder(x.order, y.order, x.name, y.name) })
	if len(b.descFiles) > 1<<16 || len(b.relFiles) > 1<<16 {
		return errors.New("snomed: too many files")
	}
	return b.strict()
}

func (b *builder) descriptionHandler(s *source, f *rf2.File) rf2.Handler {
	df := &descFile{place: placeOf(s, f), order: s.order, pieces: &pieceTable{index: map[string]uint32{}}}
	b.mu.Lock()
	b.descFiles = append(b.descFiles, df)
	b.mu.Unlock()
	module, kind, significance, language := b.modules.local(), b.small.local(), b.small.local(), b.languages.local()
	var scratch []uint32
	var term []byte
	return func(r *rf2.Row) error {
		if b.late(r) {
			return nil
		}
		c, ok := b.conceptMap.get(r.Num[4])
		if !ok {
			b.dangling(df.place, r.Line, 5, rf2.Error, "the concept of the description is not in the release")
			return nil
		}
		if uint(df.arena.n) > 1<<32-1<<20 {
			return fmt.Errorf("%s: more than 4 GiB of terms", df.name)
		}
		if len(r.Fields[5]) > maxLanguage {
			b.issue(Issue{Severity: rf2.Error, Code: CodeLanguage, Path: df.name, Offset: r.Offset, Line: r.Line, Col: 6, Clause: "4.2.2", Err: errBadLanguage})
			return nil
		}
		off := uint32(df.arena.n)
		term = append(term[:0], r.Fields[7]...)
		scratch = df.addTerm(string(term), scratch)
		df.rows.add(descRow{id: uint64(r.ID), concept: c, time: r.Time, text: off, line: uint32(r.Line),
			module: module.code(uint64(r.Module)), kind: kind.code(r.Num[6]), significance: significance.code(r.Num[8]),
			language: language.code(languageKey(r.Fields[5])), active: r.Active})
		return nil
	}
}

// maxLanguage is how many bytes a language code may have: RF2 asks for two.
const maxLanguage = 8

// languageKey packs a language code of up to eight bytes.
func languageKey(b []byte) uint64 {
	var k [8]byte
	copy(k[:], b)
	return binary.BigEndian.Uint64(k[:])
}

func languageOf(key uint64) string {
	var k [8]byte
	binary.BigEndian.PutUint64(k[:], key)
	return strings.TrimRight(string(k[:]), "\x00")
}

func (b *builder) relationshipHandler(s *source, f *rf2.File) rf2.Handler {
	rf := &relFile{place: placeOf(s, f), order: s.order, index: map[string]uint32{}}
	b.mu.Lock()
	b.relFiles = append(b.relFiles, rf)
	b.mu.Unlock()
	concrete := f.Kind == rf2.ConcreteValue
	module, kind, char, mod := b.modules.local(), b.small.local(), b.small.local(), b.small.local()
	return func(r *rf2.Row) error {
		if b.late(r) {
			return nil
		}
		row := relRow{id: uint64(r.ID), time: r.Time, line: uint32(r.Line), module: module.code(uint64(r.Module)),
			kind: kind.code(r.Num[7]), char: char.code(r.Num[8]), mod: mod.code(r.Num[9])}
		var ok bool
		if row.source, ok = b.conceptMap.get(r.Num[4]); !ok {
			b.dangling(rf.place, r.Line, 5, rf2.Error, "the source of the relationship is not in the release")
			return nil
		}
		if g := r.Int(6); g < 0 || g > 65535 {
			b.issue(Issue{Severity: rf2.Error, Code: rf2.CodeInteger, Path: rf.name, Offset: r.Offset, Line: r.Line, Col: 7, Clause: "4.2.3", Err: errBadGroup})
			return nil
		} else {
			row.group = uint16(g)
		}
		if r.Active {
			row.flags |= relActive
		}
		if concrete {
			row.flags |= relConcrete
			v, ok := rf.index[string(r.Fields[5])]
			if !ok {
				v = uint32(len(rf.list))
				text := string(r.Fields[5])
				rf.index[text] = v
				rf.list = append(rf.list, text)
			}
			row.target = v
		} else if row.target, ok = b.conceptMap.get(r.Num[5]); !ok {
			b.dangling(rf.place, r.Line, 6, rf2.Error, "the destination of the relationship is not in the release")
			return nil
		}
		rf.rows.add(row)
		return nil
	}
}

func (b *builder) identifierHandler(s *source, f *rf2.File) rf2.Handler {
	module := b.modules.local()
	return func(r *rf2.Row) error {
		if b.late(r) {
			return nil
		}
		row := identifierRow{string(r.Fields[0]), r.Num[4], r.Num[5], r.Time, uint32(s.order), module.code(uint64(r.Module)), r.Active}
		b.mu.Lock()
		b.identifiers = append(b.identifiers, row)
		b.mu.Unlock()
		return nil
	}
}

// foldDescriptions keeps the latest version of each description and puts them
// in their final order: by concept, and within it the fully specified name,
// the preferred term, the other active ones, the inactive ones.
func (b *builder) foldDescriptions() {
	var rows multi[descRow]
	for i, f := range b.descFiles {
		f.rows.each(func(_ int, r *descRow) { r.file = uint16(i) })
		rows.add(&f.rows)
	}
	b.descMap = newIDMap(rows.n)
	live := make([]uint32, 0, rows.n)
	for i := range rows.n {
		r := rows.at(i)
		r.concept = b.ordinal[r.concept]
		k, ok := b.descMap.get(r.id)
		if !ok {
			b.descMap.put(r.id, uint32(len(live)))
			live = append(live, uint32(i))
			continue
		}
		old := rows.at(int(live[k]))
		if old.file == r.file && (old.time == r.time || b.descFiles[r.file].file.Name.Release == "Snapshot") {
			b.duplicate(b.descFiles[r.file].place, r.line)
		}
		if r.time >= old.time {
			live[k] = uint32(i)
		}
	}
	order := radixOrder(len(live), func(i int) uint32 { return rows.at(int(live[i])).concept })
	b.desc = make([]descRow, len(live))
	for to, from := range order {
		b.desc[to] = *rows.at(int(live[from]))
	}
	for _, f := range b.descFiles {
		f.rows = vec[descRow]{}
	}
	b.descAt = make([]uint32, len(b.concept)+1)
	for i := range b.desc {
		b.descAt[b.desc[i].concept+1]++
	}
	for i := range len(b.concept) {
		b.descAt[i+1] += b.descAt[i]
	}
	rank := func(d *descRow) int {
		r := 2
		switch b.small.values[d.kind] {
		case idFSN:
			r = 0
		case idSynonym:
			r = 1
		}
		if !d.active {
			r += 4
		}
		return r
	}
	for c := range b.concept {
		slices.SortFunc(b.desc[b.descAt[c]:b.descAt[c+1]], func(x, y descRow) int {
			return cmp.Or(cmp.Compare(rank(&x), rank(&y)), cmp.Compare(x.id, y.id))
		})
	}
	for i := range b.desc {
		b.descMap.put(b.desc[i].id, uint32(i))
	}
}

// foldRelationships keeps the latest version of each relationship, in the
// order of sources, and gives concrete values common codes.
func (b *builder) foldRelationships() {
	var rows multi[relRow]
	var values []string
	for i, f := range b.relFiles {
		f.rows.each(func(_ int, r *relRow) { r.file = uint16(i) })
		rows.add(&f.rows)
		values = append(values, f.list...)
	}
	slices.SortFunc(values, compareValues)
	b.values = slices.Compact(values)
	code := make(map[string]uint32, len(b.values))
	for i, v := range b.values {
		code[v] = uint32(i)
	}
	at := newIDMap(rows.n)
	n := 0
	for i := range rows.n {
		r := rows.at(i)
		f := b.relFiles[r.file]
		if r.flags&relConcrete != 0 {
			r.target = code[f.list[r.target]]
		}
		k, ok := at.get(r.id)
		if !ok {
			at.put(r.id, uint32(i))
			n++
			continue
		}
		old := rows.at(int(k))
		if old.file == r.file && (old.time == r.time || f.file.Name.Release == "Snapshot") {
			b.duplicate(f.place, r.line)
		}
		if r.time >= old.time {
			old.dead = true
			at.put(r.id, uint32(i))
		} else {
			r.dead = true
		}
	}
	b.rel = make([]relRow, 0, n)
	for i := range rows.n {
		if r := rows.at(i); !r.dead {
			b.rel = append(b.rel, *r)
		}
	}
	for _, f := range b.relFiles {
		f.rows = vec[relRow]{}
	}
}
