package snomed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// ErrNotFound says that the store has no such component.
var ErrNotFound = errors.New("snomed: not in the store")

// Store is an open store. All methods but Close are safe for concurrent use,
// and any number of processes may have the same file open.
//
// Every block of the file is checked against its checksum when it is first
// touched. A method that comes upon damage returns an error that is
// [ErrCorrupt], never a wrong answer.
type Store struct {
	im   *image
	info Info

	ids                               idTable
	idSlots                           uint64 // where the buckets begin
	overflow, conceptID               column
	times                             []uint32
	modules, statuses                 []sctid.ID
	codes                             column
	inner, closure, runs, descendants column
	parentAt, parent, childAt, child  column
	fields                            conceptFields
	descAt, descKind                  column
	descActive, descAccept            column
	pieceToken, pieceLength           column
	records, blocks                   blockTable
	pieceSlots, pieces                ref
	verifiedSlots                     atomic.Pointer[[]byte]
	isA, inferred                     uint64 // codes
	fsn, synonym, definition          uint64
	dialects                          []uint64
	nameDocs                          int // documents of the search index that are names
	preferred                         int // how many of the dialects are in the order of preference
	spaces                            compactIDs
}

// Info says what a store was built from.
type Info struct {
	Concepts     int // all
	Active       int // active concepts
	Descriptions int
	Release      string   // release type of the files
	AsOf         uint32   // date as YYYYMMDD that later versions were left out by, or 0
	Latest       uint32   // the latest effective time of a component, YYYYMMDD
	Packages     []string // names of the releases, without the folders they were in
	Modules      []ModuleVersion
	Dialects     []sctid.ID // language reference sets, those in the order of preference first
	Size         int64      // bytes of the file
}

// ModuleVersion is a module with the version that its dependencies state.
type ModuleVersion struct {
	Module   sctid.ID
	Time     uint32 // YYYYMMDD
	Requires []rf2.Dependency
}

// Open opens a store. The file is mapped into memory where the system can do
// that, else blocks are read as they are needed. It checks the header and the
// table of checksums, which takes less than a millisecond; [Store.Verify]
// checks everything.
func Open(file string) (*Store, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	var mapped []byte
	var unmap func() error
	if info.Size() >= pageSize {
		mapped, unmap, _ = mapFile(f, info.Size()) // else blocks are read
	}
	im, err := openImage(f, info.Size(), mapped)
	if err == nil {
		im.unmap, im.file = unmap, f
		var s *Store
		if s, err = newStore(im); err == nil {
			s.info.Size = info.Size()
			return s, nil
		}
	}
	if unmap != nil {
		unmap()
	}
	f.Close()
	return nil, fmt.Errorf("%s: %w", file, err)
}

// OpenReaderAt opens a store of size bytes in anything that can be read at an
// offset, without a file system. Blocks are read when they are first touched
// and kept; up to size bytes of memory are used in the end.
func OpenReaderAt(r io.ReaderAt, size int64) (*Store, error) {
	im, err := openImage(r, size, nil)
	if err != nil {
		return nil, err
	}
	s, err := newStore(im)
	if err == nil {
		s.info.Size = size
	}
	return s, err
}

func newStore(im *image) (s *Store, err error) {
	if len(im.dir) != sections {
		return nil, fmt.Errorf("%w: the directory has %d entries", ErrCorrupt, len(im.dir))
	}
	defer im.guard(&err)
	s = &Store{im: im}
	for _, x := range []struct {
		c   *column
		sec int
	}{
		{&s.conceptID, secConceptID}, {&s.overflow, secIDOverflow},
		{&s.codes, secCodes},
		{&s.inner, secInner}, {&s.closure, secClosure}, {&s.runs, secRuns}, {&s.descendants, secDescendants},
		{&s.parentAt, secParentAt}, {&s.parent, secParent}, {&s.childAt, secChildAt}, {&s.child, secChild},
		{&s.descAt, secDescAt},
		{&s.descKind, secDescKind}, {&s.descActive, secDescActive}, {&s.descAccept, secDescAccept},
		{&s.pieceToken, secPieceToken}, {&s.pieceLength, secPieceLength},
	} {
		*x.c = s.column(x.sec)
	}
	s.pieces, s.pieceSlots = im.dir[secPieces], im.dir[secPieceSlots]
	s.records = blockTable{im.dir[secRecordAt], im.dir[secRecords], s.column(secRecordWide)}
	s.blocks = blockTable{im.dir[secBlockAt], im.dir[secBlocks], s.column(secBlockWide)}
	for v := range s.column(secTimes).all() {
		s.times = append(s.times, uint32(v))
	}
	for v := range s.column(secModules).all() {
		s.modules = append(s.modules, sctid.ID(v))
	}
	for v := range s.column(secStatuses).all() {
		s.statuses = append(s.statuses, sctid.ID(v))
	}
	s.fields = newConceptFields(len(s.times), len(s.modules), len(s.statuses))
	code := func(id uint64) uint64 {
		if i := s.codes.search(0, s.codes.len(), id); i < s.codes.len() && s.codes.get(i) == id {
			return uint64(i)
		}
		return 1 << 62
	}
	s.isA, s.inferred = code(idIsA), code(idInferred)
	s.fsn, s.synonym, s.definition = code(idFSN), code(idSynonym), code(idDefinition)
	for v := range s.column(secDialects).all() {
		s.dialects = append(s.dialects, v)
		s.info.Dialects = append(s.info.Dialects, sctid.ID(v))
	}
	for v := range s.column(secSpaces).all() {
		s.spaces.spaces = append(s.spaces.spaces, v)
	}
	for _, c := range []column{s.overflow, s.inner, s.closure, s.records.wide, s.blocks.wide} {
		if c.kind != kindWords {
			return nil, ErrCorrupt
		}
	}
	s.readInfo()
	slots := im.dir[secIDSlots]
	s.idSlots, s.ids = slots.off, newIDTable(s.info.Concepts, int(slots.n)/bucketSlots, s.ids.seed)
	if n := s.overflow.n; n < 2 || n&(n-1) != 0 || slots.kind != kindLongs || slots.n < bucketSlots || slots.n%bucketSlots != 0 ||
		s.info.Concepts != s.conceptID.len() || s.info.Active > s.info.Concepts ||
		s.inner.len() != 2*((s.info.Active+31)/32) || s.closure.n < 4 {
		return nil, ErrCorrupt
	}
	return s, nil
}

func (s *Store) column(sec int) column { return column{s.im, s.im.dir[sec]} }

// readInfo decodes what the store says about itself.
func (s *Store) readInfo() {
	r := s.im.dir[secInfo]
	b := s.im.at(r.off, r.base)
	long := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			panic(&fault{ErrCorrupt})
		}
		b = b[n:]
		return v
	}
	num := func() int { return int(long()) }
	str := func() string {
		n := num()
		v := string(b[:n])
		b = b[n:]
		return v
	}
	i := &s.info
	i.Concepts, i.Active, i.Descriptions = num(), num(), num()
	s.preferred = num()
	s.nameDocs = num()
	s.ids.seed = long()
	i.Release = str()
	i.AsOf = uint32(num())
	for range num() {
		i.Packages = append(i.Packages, str())
	}
	for range num() {
		d := rf2.Dependency{Source: sctid.ID(long()), SourceTime: uint32(num()), Target: sctid.ID(long()), TargetTime: uint32(num())}
		if k := len(i.Modules) - 1; k >= 0 && i.Modules[k].Module == d.Source {
			m := &i.Modules[k]
			if m.Time != d.SourceTime { // rows are in the order of times
				m.Time, m.Requires = d.SourceTime, nil
			}
			m.Requires = append(m.Requires, d)
			continue
		}
		i.Modules = append(i.Modules, ModuleVersion{d.Source, d.SourceTime, []rf2.Dependency{d}})
	}
	if n := len(s.times); n > 0 {
		i.Latest = s.times[n-1]
	}
}

// Close releases the file. No method may be running or called afterwards.
func (s *Store) Close() error {
	err := s.im.close()
	s.im.data, s.im.end = nil, 0
	s.verifiedSlots.Store(nil)
	return err
}

// Info says what the store was built from. Its slices must not be changed.
func (s *Store) Info() Info { return s.info }

// Verify checks every block of the file.
func (s *Store) Verify() error { return s.im.verifyAll() }

// Ordinal finds a concept, active or not.
func (s *Store) Ordinal(id sctid.ID) (o Ordinal, err error) {
	defer s.im.guard(&err)
	if o, ok := s.find(uint64(id)); ok {
		return o, nil
	}
	return 0, ErrNotFound
}

// has reports whether a concept has an ordinal.
func (s *Store) has(o Ordinal) bool { return uint64(o) < uint64(s.info.Concepts) }

// ID returns the identifier of a concept.
func (s *Store) ID(o Ordinal) (id sctid.ID, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return 0, ErrNotFound
	}
	return s.id(o), nil
}

func (s *Store) id(o Ordinal) sctid.ID { return sctid.ID(s.conceptID.get(int(o))) }

// IDs appends the identifiers of the concepts of a set, in ascending order of
// ordinals, which is not that of identifiers.
func (s *Store) IDs(to []sctid.ID, set Set) (ids []sctid.ID, err error) {
	defer s.im.guard(&err)
	for _, r := range set.runs {
		if int(r.to) > s.info.Concepts {
			return nil, ErrNotFound
		}
		b := s.im.at(s.conceptID.off+8*uint64(r.from), 8*uint64(r.to-r.from))
		for ; len(b) >= 8; b = b[8:] {
			to = append(to, sctid.ID(binary.LittleEndian.Uint64(b)))
		}
	}
	return to, nil
}

// Active returns the set of all active concepts.
func (s *Store) Active() Set { return newSet([]run{{0, uint32(s.info.Active)}}) }

// All returns the set of all concepts, inactive ones included.
func (s *Store) All() Set { return newSet([]run{{0, uint32(s.info.Concepts)}}) }

// Concept is what a release says of a concept itself.
type Concept struct {
	ID      sctid.ID
	Ordinal Ordinal
	Active  bool
	Time    uint32 // effective time, YYYYMMDD
	Module  sctid.ID
	Status  sctid.ID // definition status: 900000000000074008 primitive, 900000000000073002 defined
}

// Concept looks a concept up.
func (s *Store) Concept(id sctid.ID) (c Concept, err error) {
	defer s.im.guard(&err)
	o, ok := s.find(uint64(id))
	if !ok {
		return Concept{}, ErrNotFound
	}
	return s.concept(o, id), nil
}

// Lookup is [Store.Concept] and [Store.AppendPreferredTerm] in one, which is
// quicker: it looks a concept up and appends the term to show for it.
func (s *Store) Lookup(to []byte, id sctid.ID) (c Concept, term []byte, err error) {
	defer s.im.guard(&err)
	o, ok := s.find(uint64(id))
	if !ok {
		return Concept{}, to, ErrNotFound
	}
	fields, name := s.record(o)
	return s.unpackConcept(o, id, fields), s.appendPreferred(to, o, fields, name), nil
}

// ConceptAt returns a concept by its ordinal.
func (s *Store) ConceptAt(o Ordinal) (c Concept, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return Concept{}, ErrNotFound
	}
	return s.concept(o, s.id(o)), nil
}

func (s *Store) concept(o Ordinal, id sctid.ID) Concept {
	fields, _ := s.record(o)
	return s.unpackConcept(o, id, fields)
}

// unpackConcept takes the fields of a record apart.
func (s *Store) unpackConcept(o Ordinal, id sctid.ID, v uint64) Concept {
	time := v >> fieldTime & (1<<(s.fields.module-fieldTime) - 1)
	module := v >> s.fields.module & (1<<(s.fields.status-s.fields.module) - 1)
	return Concept{id, o, int(o) < s.info.Active, s.times[time], s.modules[module], s.statuses[v>>s.fields.status]}
}

func (s *Store) time(c column, i int) uint32 { return s.times[c.get(i)] }
