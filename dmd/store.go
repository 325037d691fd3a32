package dmd

import (
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Store is a release ready for questions. It is immutable and safe for
// concurrent use. A store from Open is mapped into memory where the system can;
// it and everything obtained from it must not be used after Close, and its file
// must not be changed while it is open.
type Store struct {
	date    Date
	all     *sections
	tables  [numTables]spans
	byID    [numTables]u32s
	refs    [numTables][maxFields]refs
	ids     idTable
	former  idTable
	current idTable
	gtins   gtinTable
	lookups u32s
	words   searchIndex
	release func() error
}

// refs leads from a record to those that name it in one field.
type refs struct{ start, rows u32s }

func (r refs) of(row int) u32s { return r.rows.slice(r.start.at(row), r.start.at(row+1)) }

// Open opens a store that Save wrote, verifying all of it. It fails with
// ErrNotStore, ErrVersion or ErrCorrupt, or with an error of the file system.
func Open(name string) (*Store, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, release, err := mapFile(f, info.Size())
	if err != nil {
		return nil, err
	}
	s, err := OpenBytes(data)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	s.release = release
	return s, nil
}

// OpenBytes is Open for a store in memory, which must not be changed as long as
// the store is used.
func OpenBytes(data []byte) (*Store, error) {
	all, date, err := readSections(data)
	if err != nil {
		return nil, err
	}
	return newStore(all, date), nil
}

func readFile(f *os.File, size int64) ([]byte, func() error, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, func() error { return nil }, err
}

func newStore(all *sections, date Date) *Store {
	s := &Store{date: date, all: all}
	for t := range Table(numTables) {
		s.tables[t] = spans{all.get(section(secOffsets, t, 0)), all.get(section(secRows, t, 0))}
		s.byID[t] = all.get(section(secByID, t, 0))
		for f := range t.Fields() {
			s.refs[t][f] = refs{all.get(section(secRefStart, t, f)), all.get(section(secRefRows, t, f))}
		}
	}
	table := func(kind int) idTable {
		h := idTable(all.get(section(kind, 0, 0)))
		if len(h)%bucketSize != 0 {
			return nil
		}
		return h
	}
	s.ids, s.former, s.current = table(secIDs), table(secPrevious), table(secCurrent)
	s.gtins = all.get(section(secGTINs, 0, 0))
	if n := len(s.gtins) / gtinSlotSize; len(s.gtins)%gtinSlotSize != 0 || n&(n-1) != 0 {
		s.gtins = nil
	}
	s.lookups = all.get(section(secLookups, 0, 0))
	s.words = newSearchIndex(all)
	return s
}

// Close releases the file, if the store is one.
func (s *Store) Close() error {
	if s.release == nil {
		return nil
	}
	release := s.release
	s.release = nil
	return release()
}

// WriteTo writes the store to w. The same release gives the same bytes.
func (s *Store) WriteTo(w io.Writer) (int64, error) { return s.all.writeTo(w, s.date) }

// Save writes the store to a file, which appears whole or not at all.
func (s *Store) Save(name string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".dmd-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := s.WriteTo(f); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync()); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// Date returns the day of the release.
func (s *Store) Date() Date { return s.date }

// Count returns how many records a table has.
func (s *Store) Count(t Table) int {
	if int(t) >= numTables {
		return 0
	}
	return s.tables[t].len()
}

// Records yields the records of a table in the order of the release. A record is
// valid until the next one; Clone keeps it.
func (s *Store) Records(t Table) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		var r Record
		var buf []byte
		for i := range s.Count(t) {
			buf = r.decode(t, s.row(t, i), buf[:0])
			if !yield(&r) {
				return
			}
		}
	}
}

// row returns a record, or nil if there is none of the number.
func (s *Store) row(t Table, i int) row {
	if int(t) >= numTables {
		return nil
	}
	return row(s.tables[t].at(i))
}

// find returns the first record of a table that has the identifier.
func (s *Store) find(t Table, id sctid.ID) (int, bool) {
	for i := 0; ; {
		p, after, ok := s.ids.next(uint64(id), i)
		if !ok {
			return 0, false
		}
		if p.table() == t {
			return p.row(), true
		}
		i = after
	}
}

// WriteRelease writes the store's release as XML files into a folder, which is
// made, under the names of the release's day.
func (s *Store) WriteRelease(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range theSchema().files {
		records := 0
		for _, t := range f.tables {
			records += s.Count(t)
		}
		if records == 0 && !isMain(f.name) {
			continue
		}
		if err := s.writeFile(filepath.Join(dir, FileName(f.name, s.date)), f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) writeFile(name string, f fileSpec) error {
	w, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := writeFile(w, f.name, f.tables, s.Records); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}

// lookupRow finds an entry of a look-up list by its code.
func (s *Store) lookupRow(list, code string) (row, bool) {
	lo, hi := 0, s.lookups.len()
	for lo < hi {
		mid := (lo + hi) / 2
		r := s.row(TableLOOKUP, int(s.lookups.at(mid)))
		if compareLookup(r, list, code) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < s.lookups.len() {
		if r := s.row(TableLOOKUP, int(s.lookups.at(lo))); compareLookup(r, list, code) == 0 {
			return r, true
		}
	}
	return nil, false
}

// compareLookup orders entries by list and code.
func compareLookup(r row, list, code string) int {
	if n := string(r.rawText(lookupLIST)); n != list {
		if n < list {
			return -1
		}
		return 1
	}
	var buf [24]byte
	c, _ := appendValueText(buf[:0], r.find(lookupCD))
	switch {
	case string(c) < code:
		return -1
	case string(c) > code:
		return 1
	}
	return 0
}
