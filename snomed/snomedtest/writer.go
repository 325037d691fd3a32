package snomedtest

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// sink is where the files of a release go, one after the other.
type sink interface {
	create(name string) (io.Writer, error)
	close() error
}

type dirSink struct {
	dir  string
	file *os.File
}

func newDirSink(dir string) (*dirSink, error) {
	return &dirSink{dir: dir}, os.MkdirAll(dir, 0o777)
}

func (s *dirSink) create(name string) (io.Writer, error) {
	if err := s.close(); err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.Create(path)
	s.file = f
	return f, err
}

func (s *dirSink) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

type zipSink struct {
	file *os.File
	buf  *bufio.Writer
	zip  *zip.Writer
}

func newZipSink(path string) (*zipSink, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	s := &zipSink{file: f, buf: bufio.NewWriterSize(f, 1<<20)}
	s.zip = zip.NewWriter(s.buf)
	s.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	return s, nil
}

func (s *zipSink) create(name string) (io.Writer, error) {
	return s.zip.CreateHeader(&zip.FileHeader{
		Name: name, Method: zip.Deflate, Modified: time.Date(2026, 8, 26, 12, 0, 0, 0, time.UTC),
	})
}

func (s *zipSink) close() error {
	err := s.zip.Close()
	if e := s.buf.Flush(); err == nil {
		err = e
	}
	if e := s.file.Close(); err == nil {
		err = e
	}
	return err
}

// part is one package of a release.
type part struct {
	root, tag, country string
	has                func(module sctid.ID) bool
}

// writer writes the rows of one file at a time, those of the current part.
type writer struct {
	m    *model
	out  sink
	part part
	w    io.Writer
	row  []byte
	err  error
}

const flushAt = 1 << 18

// open starts a file of the current part with its header line. The name has
// "*" where the tag, the release and the language go.
func (w *writer) open(folder, before, language string, columns ...string) {
	w.flush()
	kind := [...]string{"Snapshot", "Full", "Delta"}[w.m.opt.Release]
	if language != "" {
		language = "-" + language
	}
	name := w.part.root + "/" + kind + "/" + folder + "/" + before + w.part.tag + kind + language + "_" + w.part.country + "_" + w.m.dates[nDates-1] + ".txt"
	if w.err == nil {
		w.w, w.err = w.out.create(name)
	}
	for i, c := range columns {
		if i > 0 {
			w.row = append(w.row, '\t')
		}
		w.row = append(w.row, c...)
	}
	w.end()
}

func (w *writer) flush() {
	if len(w.row) > 0 && w.err == nil {
		_, w.err = w.w.Write(w.row)
	}
	w.row = w.row[:0]
}

// end ends the line.
func (w *writer) end() {
	w.row = append(w.row, '\r', '\n')
	if len(w.row) >= flushAt {
		w.flush()
	}
}

func (w *writer) sct(id sctid.ID) {
	w.row = append(w.row, '\t')
	w.row = strconv.AppendUint(w.row, uint64(id), 10)
}

func (w *writer) str(s string) {
	w.row = append(w.row, '\t')
	w.row = append(w.row, s...)
}

func (w *writer) num(n int) {
	w.row = append(w.row, '\t')
	w.row = strconv.AppendInt(w.row, int64(n), 10)
}

// versions calls emit for every version of a component that the release has:
// with its effective time and whether it is active. The key tells components
// apart. What else is another in a version before the last, which has the date
// at, is up to emit.
func (w *writer) versions(key uint64, module sctid.ID, at int, active bool, emit func(date string, active bool)) {
	w.versionsSince(0, key, module, at, active, emit)
}

// versionsSince is versions for what refers to components that are not there
// before a date.
func (w *writer) versionsSince(since int, key uint64, module sctid.ID, at int, active bool, emit func(date string, active bool)) {
	if !w.part.has(module) {
		return
	}
	m := w.m
	switch m.opt.Release {
	case Delta:
		if at < nDates-1 {
			return
		}
	case Full:
		// Earlier versions at earlier release dates; of those from before what
		// they refer to the last one, on the date when that is there.
		h := m.hash(30, key)
		pending, state := -1, false
		for k := m.opt.Releases; k > 0; k-- {
			date := max(nDates-1-k, since)
			if !m.hadVersion(h, k, at) || date >= at {
				continue
			}
			if pending >= 0 && pending != date {
				emit(m.dates[pending], state)
			}
			pending, state = date, active != (h>>uint(k+8)&1 == 0)
		}
		if pending >= 0 {
			emit(m.dates[pending], state)
		}
	}
	emit(m.dates[at], active)
}

// hadVersion reports whether a component with a version at a date had another
// one k release dates before the last.
func (m *model) hadVersion(h uint64, k, at int) bool {
	return nDates-1-k < at && h>>uint(k)&3 == 0
}

// firstOf is the date of the first version of a concept in a Full release.
func (m *model) firstOf(c int32) int {
	h, at := m.hash(30, uint64(m.id[c])), m.born(c)
	for k := m.opt.Releases; k > 0; k-- {
		if m.hadVersion(h, k, at) {
			return nDates - 1 - k
		}
	}
	return at
}

// component starts a row of a terminology file.
func (w *writer) component(id sctid.ID, date string, active bool, module sctid.ID) {
	w.row = strconv.AppendUint(w.row, uint64(id), 10)
	w.str(date)
	w.str(pick(active, "1", "0"))
	w.sct(module)
}

// member starts a row of a reference set file.
func (w *writer) member(uuid [16]byte, date string, active bool, module, refset, component sctid.ID) {
	var b [36]byte
	hex.Encode(b[0:8], uuid[0:4])
	hex.Encode(b[9:13], uuid[4:6])
	hex.Encode(b[14:18], uuid[6:8])
	hex.Encode(b[19:23], uuid[8:10])
	hex.Encode(b[24:36], uuid[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	w.row = append(w.row, b[:]...)
	w.str(date)
	w.str(pick(active, "1", "0"))
	w.sct(module)
	w.sct(refset)
	w.sct(component)
}

// uuid is the member id of a row of a reference set.
func (m *model) uuid(refset sctid.ID, row uint64) (id [16]byte) {
	a, b := m.hash(40, uint64(refset), row), m.hash(41, uint64(refset), row)
	for i := range 8 {
		id[i], id[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return id
}

func any1(sctid.ID) bool { return true }

// writeAll writes the parts of the release.
func (w *writer) writeAll() {
	const stamp = "_PRODUCTION_20260826T120000Z"
	international := func(m sctid.ID) bool { return m == moduleCore || m == moduleModel || m == moduleExtra }
	drug := func(m sctid.ID) bool { return m == moduleDrug }
	var parts []part
	switch w.m.opt.Layout {
	case Monolith:
		parts = []part{{"SnomedCT_MonolithRF2" + stamp, "MONO", "GB", any1}}
	case ClinicalPlusDrug:
		parts = []part{
			{"SnomedCT_InternationalRF2" + stamp, "", "INT", international},
			{"SnomedCT_UKClinicalRF2" + stamp, "UKCL", "GB1000000", func(m sctid.ID) bool { return !international(m) && !drug(m) }},
			{"SnomedCT_UKDrugRF2" + stamp, "UKDG", "GB1000001", drug},
		}
	case International:
		parts = []part{{"SnomedCT_InternationalRF2" + stamp, "", "INT", international}}
	}
	for _, w.part = range parts {
		w.concepts()
		w.descriptions()
		w.relationships()
		w.concreteValues()
		w.statedRelationships()
		w.identifiers()
		w.owl()
		w.language()
		w.simpleRefsets()
		w.associations()
		w.attributeValues()
		w.otherRefsets()
		w.simpleMaps()
		w.extendedMaps()
		w.metadataRefsets()
		w.flush()
		if w.err != nil {
			return
		}
	}
	if w.m.opt.Scale <= expectBelow {
		w.writeExpected()
	}
	w.flush()
}
