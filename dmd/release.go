package dmd

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Release is a release of dm+d as it is distributed: a folder, a zip, zips
// within it. Opening lists the files; records are read when asked for.
type Release struct {
	files   []File
	issues  issueList
	opts    []ReadOption
	options readOptions
	closers []io.Closer
	total   int64
	nested  int64 // bytes of archives within archives, which are held in memory
	entries int
}

// File is one XML file of a release.
type File struct {
	Name string // path in the release; "!" follows an archive
	Kind string // the word in the name: "vmp", "vtm_ing"
	Date Date   // from the name
	Size int64  // uncompressed, as the archive or file system says
	open func() (io.ReadCloser, error)
}

// mainFiles are the kinds of file that every release has.
const mainFiles = "lookup ingredient vtm vmp amp vmpp ampp"

// OpenRelease opens a folder, a zip, or a single XML file.
func OpenRelease(name string, opts ...ReadOption) (*Release, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return ReleaseFS(os.DirFS(name), opts...)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(path.Ext(name), ".zip") {
		f.Close()
		r := newRelease(opts)
		r.addFile(info.Name(), info.Size(), func() (io.ReadCloser, error) { return os.Open(name) })
		return r, nil
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := newRelease(opts)
	r.closers = append(r.closers, f)
	r.addZip("", z, 1)
	r.settle()
	return r, nil
}

// ReleaseFS opens a release within a file system, with all folders and zips in
// it.
func ReleaseFS(fsys fs.FS, opts ...ReadOption) (*Release, error) {
	r := newRelease(opts)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return r.add(name, info.Size(), 1, 0, func() (io.ReadCloser, error) { return fsys.Open(name) })
	})
	if err != nil {
		return nil, err
	}
	r.settle()
	return r, nil
}

func newRelease(opts []ReadOption) *Release {
	r := &Release{opts: opts}
	for _, f := range opts {
		f(&r.options)
	}
	r.issues.max = r.options.limits.Issues
	return r
}

// Close closes the archive, if the release is one.
func (r *Release) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Files returns the files that will be read, in the order of the schema.
func (r *Release) Files() []File { return slices.Clone(r.files) }

// Issues returns what was wrong with the release as a whole: its names, dates
// and archives.
func (r *Release) Issues() []Issue { return slices.Clone(r.issues.result("")) }

// Date returns the day of the release, which its file names tell and nothing
// else does. If they differ it is the latest of the main files.
func (r *Release) Date() Date {
	var date Date
	for _, f := range r.files {
		if isMain(f.Kind) || date == 0 {
			date = max(date, f.Date)
		}
	}
	return date
}

func isMain(kind string) bool { return slices.Contains(strings.Fields(mainFiles), kind) }

func (r *Release) issue(sev Severity, code Code, file string, err error) {
	if r.issues.room(code) {
		r.issues.list = append(r.issues.list, Issue{Severity: sev, Code: code, File: file, Offset: -1, Err: err})
	}
}

// add files one entry: an archive is opened, an XML file is noted, anything else
// is none of ours. Compressed is 0 outside archives.
func (r *Release) add(name string, size int64, depth int, compressed int64, open func() (io.ReadCloser, error)) error {
	lim := r.options.limits
	r.entries++
	if r.entries > or(lim.Entries, 10_000) {
		return fmt.Errorf("more than %d files", or(lim.Entries, 10_000))
	}
	ext := strings.ToLower(path.Ext(name))
	if ext != ".xml" && ext != ".zip" {
		return nil
	}
	if compressed > 0 && size > 1<<20 && size/compressed >= or(lim.Ratio, 200) {
		r.issue(Fatal, CodeLimit, name, fmt.Errorf("the file is more than %d times its compressed size", or(lim.Ratio, 200)))
		return nil
	}
	if r.total += size; r.total > or(lim.Total, 4<<30) {
		r.issue(Fatal, CodeLimit, name, fmt.Errorf("the files together are larger than %d bytes", or(lim.Total, 4<<30)))
		r.total -= size
		return nil
	}
	if ext == ".xml" {
		r.addFile(name, size, open)
		return nil
	}
	if depth > or(lim.Depth, 3) {
		r.issue(Error, CodeArchive, name, problem("archives are nested too deeply"))
		return nil
	}
	if r.nested += size; r.nested > or(lim.Nested, 256<<20) {
		r.issue(Fatal, CodeLimit, name, fmt.Errorf("archives within archives are larger than %d bytes together", or(lim.Nested, 256<<20)))
		r.nested -= size
		return nil
	}
	data, err := readAll(open, size)
	if err == nil {
		var z *zip.Reader
		if z, err = zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
			r.addZip(name+"!", z, depth+1)
			return nil
		}
	}
	r.issue(Error, CodeArchive, name, err)
	return nil
}

func readAll(open func() (io.ReadCloser, error), size int64) ([]byte, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, size))
}

// addZip files the entries of an archive.
func (r *Release) addZip(prefix string, z *zip.Reader, depth int) {
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		name := strings.ReplaceAll(f.Name, `\`, "/")
		if !fs.ValidPath(name) {
			r.issue(Error, CodeArchive, prefix+path.Base(name), problem("an entry with a path outside the archive is left out"))
			continue
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			continue
		}
		size := int64(min(f.UncompressedSize64, 1<<62))
		compressed := int64(min(max(f.CompressedSize64, 1), 1<<62))
		open := func() (io.ReadCloser, error) {
			rc, err := f.Open()
			if err != nil {
				return nil, err
			}
			// What the archive claims is what is read, and no more.
			return &limitedFile{rc, size}, nil
		}
		if err := r.add(prefix+name, size, depth, compressed, open); err != nil {
			r.issue(Fatal, CodeLimit, prefix+name, err)
			return
		}
	}
}

// limitedFile ends with an error if there is more than the given size.
type limitedFile struct {
	io.ReadCloser
	left int64
}

var errClaimedSize = errors.New("the file is larger than its archive says")

func (l *limitedFile) Read(b []byte) (int, error) {
	n, err := l.ReadCloser.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return max(n+int(l.left), 0), errClaimedSize
	}
	return n, err
}

// addFile notes an XML file whose name tells its kind.
func (r *Release) addFile(name string, size int64, open func() (io.ReadCloser, error)) {
	kind, date, ok := fileKind(name)
	if !ok {
		r.issue(Warning, CodeFileName, name, problem("the file name is not of the form f_KIND_DATE.xml; the file is left out"))
		return
	}
	if date == 0 {
		r.issue(Warning, CodeFileName, name, problem("the file name holds no date"))
	}
	r.files = append(r.files, File{Name: name, Kind: kind, Date: date, Size: size, open: open})
}

// fileKind takes a name apart: f_vtm_ing1_0260821.xml is kind vtm_ing, version
// 1_0, date 26 08 21. Years are of this century: dm+d began in 2004.
func fileKind(name string) (kind string, date Date, ok bool) {
	s := strings.ToLower(path.Base(name))
	s = s[strings.LastIndexByte(s, '!')+1:]
	s, ok = strings.CutPrefix(strings.TrimSuffix(s, ".xml"), "f_")
	if !ok {
		return "", 0, false
	}
	if n := len(s); n > 6 {
		var v [3]int
		digits := true
		for i, c := range []byte(s[n-6:]) {
			digits = digits && c >= '0' && c <= '9'
			v[i/2] = v[i/2]*10 + int(c-'0')
		}
		if digits {
			date = NewDate(2000+v[2], v[1], v[0])
			s = s[:n-6]
		}
	}
	for _, f := range theSchema().files {
		if rest, ok := strings.CutPrefix(s, f.name); ok && strings.Trim(rest, "0123456789_") == "" {
			return f.name, date, true
		}
	}
	return "", 0, false
}

// settle sorts the files, drops older ones of a kind and reports what is odd.
func (r *Release) settle() {
	kinds := theSchema().files
	rank := func(kind string) int {
		return slices.IndexFunc(kinds, func(f fileSpec) bool { return f.name == kind })
	}
	slices.SortStableFunc(r.files, func(a, b File) int {
		if c := rank(a.Kind) - rank(b.Kind); c != 0 {
			return c
		}
		if a.Date != b.Date {
			return int(b.Date) - int(a.Date)
		}
		return strings.Compare(a.Name, b.Name)
	})
	kept := r.files[:0]
	for _, f := range r.files {
		if n := len(kept); n > 0 && kept[n-1].Kind == f.Kind {
			r.issue(Error, CodeFileTwice, f.Name, problem("a second file of this kind is left out"))
			continue
		}
		kept = append(kept, f)
	}
	r.files = kept
	date := r.Date()
	for _, f := range r.files {
		if isMain(f.Kind) && f.Date != 0 && f.Date != date {
			r.issue(Warning, CodeDates, f.Name, fmt.Errorf("the file is of another day than %s", date))
		}
	}
	for kind := range strings.FieldsSeq(mainFiles) {
		if !slices.ContainsFunc(r.files, func(f File) bool { return f.Kind == kind }) {
			r.issue(Warning, CodeFileMissing, "", fmt.Errorf("there is no %s file", kind))
		}
	}
}

// Progress tells how far reading has come.
type Progress struct {
	File    string
	Bytes   int64 // read of all files
	Total   int64 // as far as it is known
	Records int64
}

// Scan reads the whole release, file by file in the order of the schema, and
// hands each record to fn, which must not keep it. Memory stays bounded by the
// largest record. What is wrong with the content is returned as issues; the
// error is that of fn, of ctx or of reading a file.
func (r *Release) Scan(ctx context.Context, fn func(*Record) error, progress func(Progress)) ([]Issue, error) {
	issues := r.Issues()
	var done Progress
	for _, f := range r.files {
		done.Total += f.Size
	}
	for _, f := range r.files {
		found, err := r.scanFile(ctx, f, fn, func(bytes, records int64) {
			if progress != nil {
				progress(Progress{f.Name, done.Bytes + bytes, done.Total, done.Records + records})
			}
			if bytes == f.Size {
				done.Bytes += bytes
				done.Records += records
			}
		})
		issues = append(issues, found...)
		if err != nil {
			return issues, err
		}
	}
	return issues, nil
}

// progressEvery is how many bytes lie between two calls of a progress function.
const progressEvery = 4 << 20

func (r *Release) scanFile(ctx context.Context, f File, fn func(*Record) error, step func(bytes, records int64)) ([]Issue, error) {
	src, err := f.open()
	if isDamage(err) {
		return []Issue{{Severity: Fatal, Code: CodeArchive, File: f.Name, Offset: 0, Err: err}}, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	defer src.Close()
	s := NewScanner(src, f.Name, r.opts...)
	records, next := int64(0), int64(progressEvery)
	for s.Next() {
		if records == 0 && s.File() != f.Kind {
			return append(s.Issues(), Issue{Severity: Error, Code: CodeUnknownRoot, File: f.Name, Offset: -1,
				Err: fmt.Errorf("the content is that of a %s file", s.File())}), nil
		}
		if err := fn(s.Record()); err != nil {
			return s.Issues(), err
		}
		records++
		if at := s.Offset(); at >= next {
			if err := ctx.Err(); err != nil {
				return s.Issues(), err
			}
			step(at, records)
			next = at + progressEvery
		}
	}
	step(f.Size, records)
	if err := s.Err(); err != nil {
		if isDamage(err) {
			return append(s.Issues(), Issue{Severity: Fatal, Code: CodeArchive, File: f.Name, Offset: s.Offset(), Err: err}), nil
		}
		return s.Issues(), fmt.Errorf("%s: %w", f.Name, err)
	}
	return s.Issues(), ctx.Err()
}

// isDamage reports whether an error says that an entry of an archive cannot be
// read, which leaves the other entries to be read.
func isDamage(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt) || errors.Is(err, errClaimedSize) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm)
}

// scanParallel reads the files with several goroutines; fn is called for records
// of one table from one goroutine at a time.
func (r *Release) scanParallel(ctx context.Context, fn func(*Record) error, progress func(Progress)) ([]Issue, error) {
	order := make([]int, len(r.files))
	total := int64(0)
	for i, f := range r.files {
		order[i] = i
		total += f.Size
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(min(max(r.files[b].Size-r.files[a].Size, -1), 1)) })
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg      sync.WaitGroup
		next    atomic.Int64
		mu      sync.Mutex
		at      = make([]Progress, len(r.files))
		found   = make([][]Issue, len(r.files))
		firstly error
	)
	report := func(i int, bytes, records int64) {
		if progress == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		at[i].Bytes, at[i].Records = bytes, records
		sum := Progress{File: r.files[i].Name, Total: total}
		for _, p := range at {
			sum.Bytes += p.Bytes
			sum.Records += p.Records
		}
		progress(sum)
	}
	for range max(1, min(runtime.GOMAXPROCS(0), len(order))) {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(order) {
					return
				}
				i := order[n]
				issues, err := r.scanFile(ctx, r.files[i], fn, func(b, n int64) { report(i, b, n) })
				found[i] = issues
				if err != nil {
					mu.Lock()
					if firstly == nil {
						firstly = err
					}
					mu.Unlock()
					cancel()
					return
				}
			}
		})
	}
	wg.Wait()
	return append(r.Issues(), slices.Concat(found...)...), firstly
}
