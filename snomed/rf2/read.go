package rf2

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Options steer [Release.Read]. The zero value reads everything with the
// default limits and goes on after bad rows.
type Options struct {
	Strict   bool           // stop at the first issue of severity Error, not only at those that end a file
	Progress func(Progress) // called from time to time and after every file, never concurrently
	Workers  int            // files read at the same time; 0 means as many as there are processors

	Limits Limits
}

// Limits bound what a release may make a reader do. Zero means the default,
// a negative value no limit.
type Limits struct {
	FileSize int64 // uncompressed bytes of one file; default 8 GiB
	Ratio    int64 // uncompressed to compressed size of a file above 1 MiB; default 200
	Line     int   // bytes of a line; default 1 MiB
	Issues   int   // issues kept; default 1000: what ended the reading, then errors, then the first by file and line; of more only the number is reported
}

func (l Limits) withDefaults() Limits {
	set := func(v *int64, to int64) {
		if *v == 0 {
			*v = to
		} else if *v < 0 {
			*v = 1 << 62
		}
	}
	line, issues := int64(l.Line), int64(l.Issues)
	set(&l.FileSize, 8<<30)
	set(&l.Ratio, 200)
	set(&line, 1<<20)
	set(&issues, 1000)
	l.Line, l.Issues = int(min(line, 1<<30)), int(min(issues, 1<<30))
	return l
}

// Progress says how far reading has come.
type Progress struct {
	File        string // the one that this is about
	Done, Total int64  // uncompressed bytes; what is skipped counts as done
	Rows        int64
}

// Report is the outcome of reading.
type Report struct {
	Rows       int64 // that handlers saw
	Issues     []Issue
	Suppressed int // issues above the limit on their number
	Errors     int // issues of severity Error, kept or not
}

// Row is one checked row. It and everything it refers to is valid until the
// handler returns.
type Row struct {
	File   *File
	Line   int
	Offset int64 // of the line in the file

	ID     sctid.ID // of a component; 0 for members and alternate identifiers
	UUID   [16]byte // of a member
	Time   uint32   // effective time as the number YYYYMMDD
	Active bool
	Module sctid.ID

	Fields [][]byte // all columns
	// Num has the value of each column of type c or i; an integer below zero
	// is in two's complement.
	Num    []uint64
	Layout *Layout
}

// SCTID returns an identifier column, counted from 0. An empty optional
// column of a reference set gives 0.
func (r *Row) SCTID(column int) sctid.ID { return sctid.ID(r.Num[column]) }

// Int returns an integer column.
func (r *Row) Int(column int) int64 { return int64(r.Num[column]) }

// Handler takes the rows of one file in order.
type Handler func(*Row) error

// reading is the state of one call of Read.
type reading struct {
	opt    Options
	limits Limits
	total  int64
	done   atomic.Int64
	rows   atomic.Int64

	mu     sync.Mutex
	report Report
	stop   error
	cancel context.CancelFunc
}

// Read reads files of the release. For each it calls start, and then the
// handler that start returns with every good row; start and handlers of
// different files run concurrently. A nil handler skips the file.
//
// The error is nil if all files were read to their ends, whatever the issues.
// Otherwise it is that of a handler or of the context, or an *[Issue], which is
// in the report as well: where a file cannot be read further or crosses a
// limit, because the rest of it is missing then; with Strict any of severity
// Error.
func (r *Release) Read(ctx context.Context, opt Options, files []*File, start func(*File) Handler) (*Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &reading{opt: opt, limits: opt.Limits.withDefaults(), cancel: cancel}
	for _, f := range files {
		p.total += min(f.Size, p.limits.FileSize)
	}
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	// The biggest first, so that no big one is left alone at the end.
	queue := slices.Clone(files)
	slices.SortStableFunc(queue, func(a, b *File) int {
		switch {
		case a.Size > b.Size:
			return -1
		case a.Size < b.Size:
			return 1
		}
		return 0
	})
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(queue)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(queue) || ctx.Err() != nil {
					return
				}
				read := int64(0)
				if h := start(queue[i]); h != nil {
					read = p.file(ctx, queue[i], h)
				}
				p.done.Add(min(queue[i].Size, p.limits.FileSize) - read) // whatever was not read counts as done
				p.progress(queue[i], true)
			}
		})
	}
	wg.Wait()
	p.report.Rows = p.rows.Load()
	p.cut(p.limits.Issues)
	slices.SortStableFunc(p.report.Issues, comparePlaces)
	if p.stop != nil {
		return &p.report, p.stop
	}
	return &p.report, context.Cause(ctx)
}

// fail ends the reading.
func (p *reading) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop == nil {
		p.stop = err
		p.cancel()
	}
}

// issue records a finding and reports whether reading goes on.
func (p *reading) issue(i Issue) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.Severity == Error {
		p.report.Errors++
	}
	p.report.Issues = append(p.report.Issues, i)
	if spare := len(p.report.Issues) - p.limits.Issues; spare > 100 && spare > p.limits.Issues {
		p.cut(p.limits.Issues)
	}
	if p.opt.Strict && i.Severity == Error || i.ends() {
		if p.stop == nil {
			p.stop = &i
			p.cancel()
		}
		return false
	}
	return true
}

// ends reports whether a file was not read to its end because of the issue.
func (i *Issue) ends() bool {
	return i.Code == CodeRead || i.Code == CodeLimit || i.Code == CodeLineLength
}

// rank is how much an issue matters among those to keep.
func (i *Issue) rank() int {
	if i.ends() {
		return int(Error) + 1
	}
	return int(i.Severity)
}

// cut keeps so many issues: which ones does not depend on the order in which
// the files were read, and nothing crowds out what matters more.
func (p *reading) cut(limit int) {
	if n := len(p.report.Issues) - limit; n > 0 {
		slices.SortStableFunc(p.report.Issues, func(a, b Issue) int {
			return cmp.Or(cmp.Compare(b.rank(), a.rank()), comparePlaces(a, b))
		})
		clear(p.report.Issues[limit:])
		p.report.Issues = p.report.Issues[:limit]
		p.report.Suppressed += n
	}
}

// comparePlaces orders issues by file, line and column.
func comparePlaces(a, b Issue) int {
	fileA, _, _ := strings.Cut(a.Path, "#")
	fileB, _, _ := strings.Cut(b.Path, "#")
	return cmp.Or(strings.Compare(fileA, fileB), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), strings.Compare(string(a.Code), string(b.Code)))
}

// chunk is a piece of a file on its way to the parser.
type chunk struct {
	data []byte
	err  error
}

const chunkSize = 1 << 18

// file reads one file; another goroutine inflates ahead. It returns how many
// bytes it has counted as done.
func (p *reading) file(ctx context.Context, f *File, h Handler) (counted int64) {
	where := func(code Code, line int, offset int64, err error) Issue {
		return Issue{Severity: Error, Code: code, Path: path.Join(f.release.name, f.Path), Offset: offset, Line: line, Err: err}
	}
	if f.Size > p.limits.FileSize {
		p.issue(where(CodeLimit, 0, -1, fmt.Errorf("%d bytes are more than the limit of %d", f.Size, p.limits.FileSize)))
		return 0
	}
	if f.Size > 1<<20 && f.Size/p.limits.Ratio > f.compressed {
		p.issue(where(CodeLimit, 0, -1, fmt.Errorf("the file is compressed by more than the limit of %d to 1", p.limits.Ratio)))
		return 0
	}
	in, err := f.release.fsys.Open(f.Path)
	if err != nil {
		p.issue(where(CodeRead, 0, -1, err))
		return 0
	}
	defer in.Close()

	chunks, free := make(chan chunk, 3), make(chan []byte, 4)
	size := int(min(chunkSize, f.Size+1)) // one more, so that a small file and its end come in one piece
	for range cap(free) {
		free <- make([]byte, size)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(chunks)
		left := f.Size
		for {
			var b []byte
			select {
			case b = <-free:
			case <-done:
				return
			case <-ctx.Done():
				return
			}
			n, err := fill(in, b[:size])
			switch left -= int64(n); {
			case left < 0:
				err = errLonger
			case err == io.EOF && left > 0:
				err = io.ErrUnexpectedEOF
			}
			select {
			case chunks <- chunk{b[:n], err}:
			case <-done:
				return
			}
			if err != nil {
				return
			}
		}
	})
	s := &scanner{p: p, f: f, h: h, where: where}
	s.row.File = f
	for c := range chunks {
		if !s.feed(c.data) {
			break
		}
		counted += int64(len(c.data))
		p.done.Add(int64(len(c.data)))
		p.rows.Add(s.rows)
		s.rows = 0
		if c.err != nil {
			if c.err != io.EOF {
				p.issue(where(CodeRead, s.line+1, s.offset, c.err))
			} else {
				s.finish()
			}
			break
		}
		p.progress(f, false)
		if ctx.Err() != nil {
			break
		}
		free <- c.data[:size]
	}
	p.rows.Add(s.rows)
	close(done)
	wg.Wait()
	return counted
}

// errLonger is what a file is that goes on behind its listed size. One that
// ends before it gives io.ErrUnexpectedEOF.
var errLonger = errors.New("the file is longer than the archive or folder says")

// fill reads until b is full. Other than io.ReadFull it returns the errors of
// the reader as they are: an archive that was cut off must not look like one
// that has ended.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}

// progress tells how far the reading has come; unless it must, it leaves that
// to the next call where another goroutine is in the way.
func (p *reading) progress(f *File, must bool) {
	if p.opt.Progress == nil {
		return
	}
	if must {
		p.mu.Lock()
	} else if !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	p.opt.Progress(Progress{f.Path, p.done.Load(), p.total, p.rows.Load()})
}

// scanner cuts a file into rows and checks them.
type scanner struct {
	p     *reading
	f     *File
	h     Handler
	where func(Code, int, int64, error) Issue

	layout   Layout
	concepts []int  // columns of concept identifiers
	rest     []byte // an unfinished line
	line     int    // lines seen
	offset   int64  // of the next line
	lf       bool   // a bare LF was reported
	rows     int64
	row      Row
}

// feed takes the next bytes and returns false when reading of the file ends.
func (s *scanner) feed(b []byte) bool {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			if len(s.rest)+len(b) > s.p.limits.Line {
				s.p.issue(s.where(CodeLineLength, s.line+1, s.offset, fmt.Errorf("the line has more than %d bytes", s.p.limits.Line)))
				return false
			}
			s.rest = append(s.rest, b...)
			return true
		}
		line := b[:i]
		if len(s.rest) > 0 {
			s.rest = append(s.rest, line...)
			line = s.rest
		}
		if len(line) > s.p.limits.Line {
			s.p.issue(s.where(CodeLineLength, s.line+1, s.offset, fmt.Errorf("the line has more than %d bytes", s.p.limits.Line)))
			return false
		}
		size := int64(len(line) + 1)
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		} else if !s.lf {
			s.lf = true
			is := s.where(CodeLineEnd, s.line+1, s.offset, errors.New("the line ends in LF, not CR LF"))
			is.Severity, is.Clause = Warning, "3.1.1"
			if !s.p.issue(is) {
				return false
			}
		}
		if !s.take(line) {
			return false
		}
		s.offset += size
		s.rest = s.rest[:0]
		b = b[i+1:]
	}
	return true
}

// finish handles a last line without an end.
func (s *scanner) finish() {
	if len(s.rest) > 0 {
		is := s.where(CodeUnfinished, s.line+1, s.offset, errors.New("the last line has no end; the file may have been cut off"))
		is.Severity, is.Clause = Warning, "3.1.1"
		if s.p.issue(is) {
			s.take(bytes.TrimSuffix(s.rest, []byte("\r")))
		}
	}
	if s.line == 0 {
		s.p.issue(s.where(CodeHeader, 1, 0, errors.New("the file is empty")))
	}
}

// take handles one line without its end.
func (s *scanner) take(line []byte) bool {
	if s.line++; s.line == 1 {
		return s.header(line)
	}
	ok, goOn := s.check(line)
	if !ok {
		return goOn
	}
	s.rows++
	if err := s.h(&s.row); err != nil {
		s.p.fail(err)
		return false
	}
	return true
}

func (s *scanner) header(line []byte) bool {
	if rest, ok := bytes.CutPrefix(line, []byte("\ufeff")); ok {
		is := s.where(CodeBOM, 1, 0, errors.New("the file begins with a byte order mark"))
		is.Severity, is.Clause = Warning, "3.1.1"
		if !s.p.issue(is) {
			return false
		}
		line = rest
	}
	layout, err := ResolveLayout(s.f.Name, string(line))
	if err != nil {
		is := s.where(CodeHeader, 1, 0, err)
		is.Clause = layout.Clause
		if e := (*columnError)(nil); errors.As(err, &e) {
			is.Col = e.col
		}
		s.p.issue(is)
		return false
	}
	s.layout = layout
	s.row.Layout = &s.layout
	s.row.Fields = make([][]byte, len(layout.Columns))
	s.row.Num = make([]uint64, len(layout.Columns))
	s.concepts = layout.conceptColumns()
	return true
}

// The texts of what is wrong with a row. None repeats what the row holds.
var (
	errKind    = errors.New("an identifier of another kind of component")
	errUUID    = errors.New("not a UUID of 36 characters")
	errTime    = errors.New("not a date YYYYMMDD")
	errActive  = errors.New("neither 0 nor 1")
	errInteger = errors.New("not an integer of at most 18 digits")
	errUTF8    = errors.New("not UTF-8")
)

// check fills the row from a line. It returns whether the row is good, and
// whether to go on.
func (s *scanner) check(line []byte) (ok, goOn bool) {
	types := s.layout.Types
	fields := s.row.Fields
	rest := line
	n := 0
	for ; n < len(types)-1; n++ {
		i := bytes.IndexByte(rest, '\t')
		if i < 0 {
			break
		}
		fields[n], rest = rest[:i], rest[i+1:]
	}
	if n < len(types)-1 {
		return false, s.bad(CodeColumns, n+1, fmt.Errorf("the row has %d columns, not %d", n+1, len(types)))
	}
	// QUIRK: a text in the last column could hold a tab only if tabs were
	// escaped, which RF2 does not do: one more tab is one column too many.
	if bytes.IndexByte(rest, '\t') >= 0 {
		return false, s.bad(CodeColumns, n+2, fmt.Errorf("the row has more than %d columns", len(types)))
	}
	fields[n] = rest
	row := &s.row
	row.Line, row.Offset = s.line, s.offset
	row.ID = 0
	for i := range len(types) {
		f := fields[i]
		switch types[i] {
		case 'c':
			id, err := sctid.ParseBytes(f)
			if err != nil {
				if len(f) == 0 && i > 5 && s.layout.Kind == Refset {
					id = 0 // an optional column
				} else {
					return false, s.bad(CodeSCTID, i+1, err)
				}
			}
			row.Num[i] = uint64(id)
		case 's':
			if !utf8.Valid(f) {
				return false, s.bad(CodeUTF8, i+1, errUTF8)
			}
		case 'i':
			v, ok := parseInt(f)
			if !ok {
				return false, s.bad(CodeInteger, i+1, errInteger)
			}
			row.Num[i] = v
		case 'u':
			if !parseUUID(f, &row.UUID) {
				return false, s.bad(CodeUUID, i+1, errUUID)
			}
		case 't':
			t, ok := parseDate(f)
			if !ok {
				return false, s.bad(CodeTime, i+1, errTime)
			}
			row.Time = t
		case 'a':
			if len(f) != 1 || f[0]&^1 != '0' {
				return false, s.bad(CodeActive, i+1, errActive)
			}
			row.Active = f[0] == '1'
		}
	}
	row.Module = sctid.ID(row.Num[3])
	if types[0] == 'c' {
		row.ID = sctid.ID(row.Num[0])
		want := sctid.Relationship
		switch s.layout.Kind {
		case Concept:
			want = sctid.Concept
		case Description, TextDefinition:
			want = sctid.Description
		}
		if row.ID.Kind() != want {
			return false, s.bad(CodeSCTID, 1, errKind)
		}
	}
	for _, i := range s.concepts {
		if sctid.ID(row.Num[i]).Kind() != sctid.Concept {
			return false, s.bad(CodeSCTID, i+1, errKind)
		}
	}
	return true, true
}

// bad records what is wrong with the current line.
func (s *scanner) bad(code Code, col int, err error) bool {
	is := s.where(code, s.line, s.offset, err)
	is.Col, is.Clause = col, s.layout.Clause
	if col >= 1 && col <= len(s.layout.Columns) {
		is.Path += "#" + s.layout.Columns[col-1]
	}
	return s.p.issue(is)
}

func parseInt(b []byte) (uint64, bool) {
	negative := len(b) > 1 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	v := uint64(0)
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	if negative {
		v = -v
	}
	return v, true
}

// parseDate reads YYYYMMDD, a day that the calendar has. RF2 has no times of
// day in releases.
func parseDate(b []byte) (uint32, bool) {
	if len(b) != 8 {
		return 0, false
	}
	v := uint32(0)
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + uint32(c)
	}
	year, month, day := v/10000, v/100%100, v%100
	if year < 1900 || month < 1 || month > 12 || day < 1 {
		return 0, false
	}
	if day <= 28 {
		return v, true
	}
	last := uint32(31)
	switch month {
	case 4, 6, 9, 11:
		last = 30
	case 2:
		last = 28
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			last = 29
		}
	}
	return v, day <= last
}

func parseUUID(b []byte, to *[16]byte) bool {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return false
	}
	at := 0
	bad := byte(0)
	for i := 0; i < 36; i += 2 {
		if b[i] == '-' {
			i++
		}
		hi, lo := hexDigit[b[i]], hexDigit[b[i+1]]
		bad |= hi | lo
		to[at&15] = hi<<4 | lo
		at++
	}
	return bad&0xf0 == 0 && at == 16
}

// hexDigit has the value of a hexadecimal digit, and 0xff for other bytes.
var hexDigit = hexDigits()

func hexDigits() (b [256]byte) {
	for c := range b {
		switch {
		case c >= '0' && c <= '9':
			b[c] = byte(c - '0')
		case c >= 'a' && c <= 'f':
			b[c] = byte(c - 'a' + 10)
		case c >= 'A' && c <= 'F':
			b[c] = byte(c - 'A' + 10)
		default:
			b[c] = 0xff
		}
	}
	return b
}
