package snomedtest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Release is the kind of an RF2 release.
type Release uint8

// The kinds of release.
const (
	Snapshot Release = iota // the latest version of every component
	Full                    // every version of every component
	Delta                   // the versions of the last release date
)

// Layout is how a release is cut into packages.
type Layout uint8

// The layouts.
const (
	Monolith         Layout = iota // all modules in one package, as the UK Monolith
	ClinicalPlusDrug               // an international, a clinical and a drug package, with module dependencies between them
	International                  // the international modules only
)

// Options say what to generate. The zero value asks for a monolithic snapshot
// at scale 0.001. A Snapshot, a Full and a Delta release that otherwise have
// the same options are of one edition: the latest versions in the Full one are
// the Snapshot, those of the last date are the Delta. At its earlier dates a
// Full release has no description or relationship without its concepts, but
// may have members of reference sets that are ahead of their components.
type Options struct {
	Scale    float64 // 1 is the size of the UK Monolith, 0 means 0.001; at most 1
	Seed     uint64
	Release  Release
	Layout   Layout
	Releases int // distinct release dates that a Full release has versions of, 0 means 2
}

// Generate writes a release into the folder path, which it makes, or into one
// file if path ends in ".zip". The same options give the same bytes, on one
// processor architecture: floating-point arithmetic that another one rounds
// in another way may move a few rows. At scale 1 it needs about 200 MB of
// memory and writes 2 GB of text, half a minute's work.
//
// Files that are in the folder already stay, unless the release has them too.
func Generate(path string, opt Options) error {
	m, err := newModel(opt)
	if err != nil {
		return err
	}
	var out sink
	if strings.HasSuffix(path, ".zip") {
		out, err = newZipSink(path)
	} else {
		out, err = newDirSink(path)
	}
	if err != nil {
		return err
	}
	w := &writer{m: m, out: out}
	w.writeAll()
	return errors.Join(w.err, out.close())
}

const nDates = 341

// newModel computes what the files share.
func newModel(opt Options) (*model, error) {
	if opt.Scale == 0 {
		opt.Scale = 0.001
	}
	if !(opt.Scale >= 0.001 && opt.Scale <= 1) { // or not a number
		return nil, fmt.Errorf("snomedtest: scale %v is not between 0.001 and 1", opt.Scale)
	}
	if opt.Releases == 0 {
		opt.Releases = 2
	}
	if opt.Releases < 1 || opt.Releases > 20 {
		return nil, fmt.Errorf("snomedtest: %d releases are not between 1 and 20", opt.Releases)
	}
	if opt.Release > Delta || opt.Layout > International {
		return nil, errors.New("snomedtest: unknown release or layout")
	}
	m := &model{opt: opt}
	m.buildHierarchy()
	m.total = m.active + scaled(shapeConcepts-838955, opt.Scale, 60)
	for i := m.active; i < m.total; i++ {
		s := [...]uint8{fromInternational, fromInternational, fromClinical, fromDrug}[m.hash(11, uint64(i))%4]
		m.source = append(m.source, s)
	}
	m.assignIDs()
	first := time.Date(2002, 1, 31, 0, 0, 0, 0, time.UTC)
	last := time.Date(2026, 8, 26, 0, 0, 0, 0, time.UTC)
	days := int(last.Sub(first).Hours() / 24)
	for k := range nDates {
		m.dates = append(m.dates, first.AddDate(0, 0, days*k/(nDates-1)).Format("20060102"))
	}
	return m, nil
}

// assignIDs gives every concept that has no real identifier an invented one.
// The order of identifiers says nothing about the place in the hierarchy.
func (m *model) assignIDs() {
	m.id = make([]sctid.ID, m.total)
	for id, c := range m.index {
		m.id[c] = id
	}
	for i := range m.id {
		if m.id[i] != 0 {
			continue
		}
		id := m.newID(sctid.Concept, m.source[i], uint64(i))
		if _, taken := m.index[id]; taken {
			panic("snomedtest: an invented identifier is a real one")
		}
		m.id[i] = id
	}
}

// newID makes the nth identifier of a kind.
func (m *model) newID(kind sctid.Kind, source uint8, n uint64) sctid.ID {
	const prime = 16777213               // the largest below 2^24; multiplication permutes what is below it
	item := 11_000_000 + n*7368787%prime // above the real identifiers of the metadata
	namespace := ""
	switch source {
	case fromClinical:
		namespace = "1000000"
	case fromDrug:
		namespace = "1000001"
	}
	id, err := sctid.New(kind, namespace, item)
	if err != nil {
		panic(err)
	}
	return id
}

// timeOf is the effective time, as an index of dates, of the nth component of
// a purpose, not before the source began to publish.
func (m *model) timeOf(purpose uint64, source uint8, n uint64) int {
	h := m.hash(20+purpose, n)
	last := nDates - 1
	if h%40 == 0 {
		return last
	}
	if h%20 == 1 {
		return last - 1 - int(h>>8%uint64(min(20, m.opt.Releases)))
	}
	first := [...]int{0, 60, 100}[source]
	if h%4 == 0 {
		return first
	}
	return first + int(h>>16%uint64(last-first))
}

// born is the date of the latest version of a concept, which nothing in a
// release about it comes before.
func (m *model) born(c int32) int { return m.timeOf(1, m.source[c], uint64(c)) }

// moduleOf is the module of a concept and of what describes it.
func (m *model) moduleOf(c int32) sctid.ID {
	switch m.source[c] {
	case fromClinical:
		if m.hash(12, uint64(c))%64 == 0 {
			return moduleEdition
		}
		return moduleClinical
	case fromDrug:
		return moduleDrug
	}
	if int(c) < m.active && anchors[m.cell[c]].id == modelComponent {
		return moduleModel
	}
	if m.hash(14, uint64(c))%500 == 0 {
		return moduleExtra
	}
	return moduleCore
}

// parents appends the active parents of an active concept.
func (m *model) parents(c int32, to []int32) []int32 {
	if m.tree[c] >= 0 {
		to = append(to, m.tree[c])
	}
	return append(to, m.extra[m.extraAt[c]:m.extraAt[c+1]]...)
}

// defined reports whether the concept is sufficiently defined. One with a
// single parent is not: it might be said to be equivalent to that.
func (m *model) defined(c int32) bool {
	return m.hash(13, uint64(c))%5 < 3 && m.extraAt[c+1] > m.extraAt[c]
}
