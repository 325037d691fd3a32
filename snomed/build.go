package snomed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// Issue is a finding about a release, of the same shape as those of the
// reader.
type Issue = rf2.Issue

// The findings about components that take more than one row to see.
const (
	CodeDuplicate rf2.Code = "snomed.duplicate" // two rows for one version of a component
	CodeDangling  rf2.Code = "snomed.dangling"  // a row refers to a component that is not there
	CodeCycle     rf2.Code = "snomed.cycle"     // the is-a relationships go round
	CodeShape     rf2.Code = "snomed.shape"     // files give one reference set different columns: fields are lost
	CodeLanguage  rf2.Code = "snomed.language"  // a language code that is none; the description is left out
	CodeDialects  rf2.Code = "snomed.dialects"  // more language reference sets than a store keeps apart
)

// BuildOptions steer [Build]. The zero value builds from the snapshot files
// with the defaults for the UK.
type BuildOptions struct {
	// Release is the type of the files to read: "Snapshot", which is also
	// the default, or "Full", of which the latest version of every component
	// is kept.
	Release string
	// AsOf, a date as the number YYYYMMDD, leaves out all later versions.
	// With Full files it gives the store of that date.
	AsOf uint32
	// Deltas are releases whose Delta files are read as well. What is in
	// them wins by its effective time, as everywhere.
	Deltas []*rf2.Release
	// Languages is the order of preference of the language reference sets.
	// The default is [UKLanguages].
	Languages []sctid.ID
	// KeepRowIDs stores the identifiers of relationships and the UUIDs of
	// reference set members, which few need: about 220 MB for the UK
	// edition.
	KeepRowIDs bool
	// Frequency says how often a concept is used; search ranks what is used
	// more often higher. Nil treats all alike.
	Frequency func(sctid.ID) float64
	// MaxIntervals bounds how many intervals of ordinals are joined into the
	// descendants of all concepts, which a hierarchy of few concepts can drive
	// up. 0 means 32 million, a negative value no limit; the UK edition has 4
	// million.
	MaxIntervals int
	// Strict stops at the first error of the release.
	Strict bool
	// Limits and Workers are those of the reader.
	Limits  rf2.Limits
	Workers int
	// Progress is called from time to time, never concurrently.
	Progress func(BuildProgress)

	fail      func(off uint64) error // for tests
	sortTexts int                    // for tests: other than the constant
}

// BuildProgress says how far a build has come.
type BuildProgress struct {
	Stage       string  // "concepts", "descriptions and relationships", "reference sets", "hierarchy", "writing", "search index"
	Fraction    float64 // of the whole build, an estimate
	Rows        int64   // rows read so far
	Done, Total int64   // bytes of text read, and to read
}

// BuildReport is the outcome of a build.
type BuildReport struct {
	Issues     []Issue // as many as the limits allow
	Suppressed int     // issues above that
	Errors     int     // issues of severity Error, kept or not
	Rows       int64   // good rows read
	Size       int64   // bytes of the store
	Duration   time.Duration
}

// UKLanguages is the order in which the UK looks for preferred terms: the
// NHS clinical and pharmacy realms, dm+d, the drug extension, then general
// British English and that of the UK extension.
func UKLanguages() []sctid.ID {
	return []sctid.ID{999001261000000100, 999000691000001104, 999000671000001103, 999000681000001101, 900000000000508004, 999001251000000103}
}

// ErrNoConcepts says that the releases hold no concepts of the wanted type.
var ErrNoConcepts = errors.New("snomed: the releases have no concept file of the wanted release type")

// Build reads releases, folds them into the latest version of every component
// and writes a store. Where packages overlap, the row with the latest
// effective time wins, and of equal ones that of the later release in the
// list.
//
// The store is written beside file under a temporary name, which is
// file.*.building, and renamed when it is complete and on the disk: at any
// moment file is the old store or the new one, also for those who have the
// old one open. The new store has the permissions of the old one.
//
// Problems of single rows are in the report and do not stop the build, unless
// Strict is set; a cycle of is-a relationships does.
func Build(ctx context.Context, releases []*rf2.Release, file string, opt BuildOptions) (*BuildReport, error) {
	start := time.Now()
	if opt.Release == "" {
		opt.Release = "Snapshot"
	}
	if opt.Release != "Snapshot" && opt.Release != "Full" {
		return nil, fmt.Errorf("snomed: cannot build from release type %q, only from Snapshot or Full and Deltas", opt.Release)
	}
	switch {
	case opt.MaxIntervals == 0:
		opt.MaxIntervals = 32 << 20
	case opt.MaxIntervals < 0:
		opt.MaxIntervals = math.MaxInt
	}
	if opt.Languages == nil {
		opt.Languages = UKLanguages()
	}
	b := &builder{ctx: ctx, opt: opt, dependencies: map[[16]byte]dependency{},
		times: newCodes("effective times", maxCodes), modules: newCodes("modules", maxCodes),
		memberTimes: newCodes("effective times of members", maxMemberTimes), memberModules: newCodes("modules of members", maxCodes),
		small: newCodes("types, statuses and other metadata", maxCodes), languages: newCodes("languages", maxCodes)}
	err := b.run(releases, file)
	b.report.Duration = time.Since(start)
	return &b.report, err
}

func (b *builder) run(releases []*rf2.Release, file string) error {
	for _, r := range releases {
		b.addSource(r, b.opt.Release)
	}
	for _, r := range b.opt.Deltas {
		b.addSource(r, "Delta")
	}
	if err := b.readConcepts(); err != nil {
		return err
	}
	if err := b.readComponents(); err != nil {
		return err
	}
	b.progress("hierarchy", 0)
	if err := b.buildHierarchy(); err != nil {
		return err
	}
	b.foldDescriptions()
	if err := b.strict(); err != nil {
		return err
	}
	return b.writeFile(file)
}

// strict returns the first error found so far if the build is to stop at it.
func (b *builder) strict() error {
	if b.opt.Strict && b.first != nil {
		return b.first
	}
	return b.ctx.Err()
}

// everywhere is the path of an issue about the releases together.
func (b *builder) everywhere() string {
	var names []string
	for _, s := range b.sources {
		names = append(names, s.release.Name())
	}
	return strings.Join(names, " + ")
}

// beyond reports a limit that the releases together exceed, and returns the
// error.
func (b *builder) beyond(format string, args ...any) error {
	is := Issue{Severity: rf2.Error, Code: rf2.CodeLimit, Path: b.everywhere(), Offset: -1, Err: fmt.Errorf(format, args...)}
	b.issue(is)
	return &is
}

// few returns an error where a column that must have few distinct values has
// many.
func (b *builder) few() error {
	for _, c := range []*codes{b.times, b.modules, b.memberTimes, b.memberModules, b.small, b.languages} {
		if c.over {
			return b.beyond("there are more than %d different %s", c.limit, c.what)
		}
	}
	return nil
}

// writeFile writes the store and puts it in place.
func (b *builder) writeFile(file string) (err error) {
	dir := filepath.Dir(file)
	f, err := createBeside(file)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if old, err := os.Stat(file); err == nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	w := newFileWriter(f)
	w.fail = b.opt.fail
	if err := b.write(w); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b.report.Size = info.Size()
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	return syncDir(dir)
}

// createBeside creates a file with the permissions of any new file, unlike
// [os.CreateTemp].
func createBeside(file string) (*os.File, error) {
	for {
		name := fmt.Sprintf("%s.%d.building", file, rand.Uint64())
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// source is a release and the files of it to read.
type source struct {
	release *rf2.Release
	order   int
	files   []*rf2.File
}

// builder is the state of one build.
type builder struct {
	ctx     context.Context
	opt     BuildOptions
	report  BuildReport
	first   *Issue     // of severity Error
	mu      sync.Mutex // over report and others
	sources []source

	total, done int64 // bytes of text

	times, modules             *codes // of components
	memberTimes, memberModules *codes // of members
	small, languages           *codes // types, statuses and other metadata; language codes
	conceptMap                 *idMap // id to index in concept, later to ordinal

	concept  []conceptRow // ascending ids
	nActive  int
	ordinal  []uint32 // of each of concept
	byOrd    []uint32 // the reverse
	runs     [][]run  // by ordinal, of active concepts
	parents  [][]uint32
	children [][]uint32

	descFiles []*descFile
	desc      []descRow // in final order
	descAt    []uint32  // first row of each ordinal, and the end
	descMap   *idMap
	relFiles  []*relFile
	rel       []relRow // in final order
	relAt     []uint32
	links     *linkTable
	values    []string // concrete values, in the order of their codes

	identifiers []identifierRow
	segments    []*segment
	refsets     []*refsetData
	others      map[uint64]uint32 // components that are neither concepts nor descriptions
	otherIDs    []uint64
	packages    []string
	idSpaces    *compactIDs
	idSeed      uint64   // of the idTable
	accept      []uint64 // two bits per dialect, by description
	pieces      []string // of terms, the commonest first

	rowsSince         int // since collect last freed garbage
	nameDocs          int // documents of the search index that are names
	preferredDialects int // how many of the dialects are in the order of preference

	dependencies map[[16]byte]dependency // by member
}

func (b *builder) addSource(r *rf2.Release, kind string) {
	s := source{release: r, order: len(b.sources), files: r.Select(kind)}
	if len(s.files) == 0 {
		b.issue(Issue{Severity: rf2.Error, Code: rf2.CodeEmpty, Path: r.Name(), Offset: -1,
			Err: fmt.Errorf("no RF2 file of release type %s", kind)})
	}
	for _, f := range s.files {
		b.total += f.Size
	}
	b.sources = append(b.sources, s)
}

func (b *builder) issue(i Issue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i.Severity == rf2.Error {
		b.report.Errors++
		if b.first == nil {
			b.first = &i
		}
	}
	limit := b.opt.Limits.Issues
	if limit == 0 {
		limit = 1000
	}
	if limit < 0 || len(b.report.Issues) < limit {
		b.report.Issues = append(b.report.Issues, i)
	} else {
		b.report.Suppressed++
	}
}

// The shares of a build, by measured time.
const (
	shareRead   = 0.6
	shareWrite  = 0.2
	shareSearch = 0.2
)

func (b *builder) progress(stage string, share float64) {
	if b.opt.Progress == nil {
		return
	}
	fraction := shareRead * float64(b.done) / float64(max(b.total, 1))
	switch stage {
	case "writing":
		fraction = shareRead + shareWrite*share
	case "search index":
		fraction = shareRead + shareWrite + shareSearch*share
	}
	b.opt.Progress(BuildProgress{stage, fraction, b.report.Rows, b.done, b.total})
}

// read reads the files of all sources that want lets through. The handlers
// that start returns run concurrently for different files.
func (b *builder) read(stage string, want func(*rf2.File) bool, start func(s *source, f *rf2.File) rf2.Handler) error {
	b.progress(stage, 0)
	for i := range b.sources {
		s := &b.sources[i]
		var files []*rf2.File
		size := int64(0)
		for _, f := range s.files {
			if want(f) {
				files = append(files, f)
				size += f.Size
			}
		}
		if len(files) == 0 {
			continue
		}
		opt := rf2.Options{Strict: b.opt.Strict, Workers: b.opt.Workers, Limits: b.opt.Limits}
		before := b.done
		rows := b.report.Rows
		opt.Progress = func(p rf2.Progress) {
			b.done = before + p.Done
			b.report.Rows = rows + p.Rows
			b.progress(stage, 0)
		}
		report, err := s.release.Read(b.ctx, opt, files, func(f *rf2.File) rf2.Handler { return start(s, f) })
		b.done = before + size
		b.report.Rows = rows + report.Rows
		suppressed := report.Errors // errors that the reader did not keep
		for _, is := range report.Issues {
			b.issue(is)
			if is.Severity == rf2.Error {
				suppressed--
			}
		}
		b.report.Errors += suppressed
		b.report.Suppressed += report.Suppressed
		if err != nil {
			return err
		}
	}
	return b.few()
}

// late reports whether a row is after the date of the store.
func (b *builder) late(r *rf2.Row) bool { return b.opt.AsOf > 0 && r.Time > b.opt.AsOf }

// place is where a row was read, for issues that come later.
type place struct {
	file *rf2.File
	name string
}

func placeOf(s *source, f *rf2.File) place { return place{f, path.Join(s.release.Name(), f.Path)} }

func (b *builder) duplicate(p place, line uint32) {
	b.issue(Issue{Severity: rf2.Error, Code: CodeDuplicate, Path: p.name, Offset: -1, Line: int(line), Col: 1,
		Err: errors.New("another row of the file has the same id")})
}

func (b *builder) dangling(p place, line, col int, severity rf2.Severity, what string) {
	b.issue(Issue{Severity: severity, Code: CodeDangling, Path: p.name, Offset: -1, Line: line, Col: col,
		Err: errors.New(what)})
}

// conceptRow is one version of a concept.
type conceptRow struct {
	id     uint64
	time   uint32
	order  uint32 // of the source and file
	line   uint32
	status uint16
	module uint16
	active bool
}

// readConcepts reads the concept files and folds their versions.
func (b *builder) readConcepts() error {
	type conceptFile struct {
		place
		order uint32
		rows  vec[conceptRow]
	}
	var files []*conceptFile
	err := b.read("concepts", func(f *rf2.File) bool { return f.Kind == rf2.Concept }, func(s *source, f *rf2.File) rf2.Handler {
		cf := &conceptFile{place: placeOf(s, f), order: uint32(s.order)}
		b.mu.Lock()
		files = append(files, cf)
		b.mu.Unlock()
		module, status := b.modules.local(), b.small.local()
		return func(r *rf2.Row) error {
			if !b.late(r) {
				cf.rows.add(conceptRow{uint64(r.ID), r.Time, 0, uint32(r.Line), status.code(r.Num[4]), module.code(uint64(r.Module)), r.Active})
			}
			return nil
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(x, y *conceptFile) int {
		if x.order != y.order {
			return int(x.order) - int(y.order)
		}
		return slices.Compare([]byte(x.name), []byte(y.name))
	})
	n := 0
	for _, f := range files {
		n += f.rows.n
	}
	all := make([]conceptRow, 0, n)
	for i, f := range files {
		f.rows.each(func(_ int, r *conceptRow) {
			r.order = uint32(i)
			all = append(all, *r)
		})
	}
	slices.SortStableFunc(all, func(x, y conceptRow) int {
		switch {
		case x.id != y.id:
			if x.id < y.id {
				return -1
			}
			return 1
		case x.time != y.time:
			return int(x.time) - int(y.time)
		}
		return int(x.order) - int(y.order)
	})
	out := all[:0]
	for i := range all {
		r := all[i]
		if len(out) > 0 && out[len(out)-1].id == r.id {
			last := &out[len(out)-1]
			if last.order == r.order && (b.opt.Release == "Snapshot" && files[r.order].file.Name.Release == "Snapshot" || last.time == r.time) {
				b.duplicate(files[r.order].place, max(r.line, last.line))
			}
			*last = r
			continue
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return ErrNoConcepts
	}
	b.concept = out
	b.conceptMap = newIDMap(len(out))
	for i := range out {
		b.conceptMap.put(out[i].id, uint32(i))
	}
	for _, s := range b.sources {
		b.packages = append(b.packages, filepath.Base(s.release.Name()))
	}
	return b.strict()
}

// checkModules compares the module dependencies with the modules that are
// there.
func (b *builder) checkModules() {
	present := map[sctid.ID]uint32{}
	for i := range b.concept {
		r := &b.concept[i]
		m := sctid.ID(b.modules.values[r.module])
		present[m] = max(present[m], r.time)
	}
	for _, m := range slices.Concat(b.modules.values, b.memberModules.values) {
		if _, ok := present[sctid.ID(m)]; !ok {
			present[sctid.ID(m)] = 0
		}
	}
	for _, is := range rf2.CheckModules(b.activeDependencies(), present) {
		b.issue(is)
	}
}
