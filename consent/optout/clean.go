package optout

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// Format is how the rows of a file look.
type Format uint8

// The formats.
const (
	CSV    Format = iota // RFC 4180; line ends LF or CR LF
	NDJSON               // one JSON object a line, the number in one member
	FHIR                 // one FHIR resource a line, as in a bulk export
)

// Options says how to clean. MaxAge and At are required.
type Options struct {
	// MaxAge is how old the opt-outs may be. The policy sets a limit; what it
	// is must be known to whoever cleans.
	MaxAge time.Duration
	// At is the time as of which the rows are cleaned: now, for a caller
	// with a clock.
	At time.Time

	Format Format
	// Column is the header of the column with the NHS number (CSV), or the
	// name of the member, with dots between levels (NDJSON).
	Column string
	// Index is the column's number from 0, if Column is empty (CSV). There
	// is a header then if the first row's field has no digit in it.
	Index int
	// Comma separates the fields; zero is a comma.
	Comma byte
	// Subjects finds the NHS number behind a reference such as "Patient/1"
	// for resources that only refer to their patient (FHIR). nil rejects
	// those.
	Subjects func(reference string) (nhsnumber.Number, bool)

	// MaxRow bounds one row; zero is 16 MiB, negative none.
	MaxRow int
	// Rejects, if not nil, receives the rejected rows as they are.
	Rejects io.Writer
}

const defaultMaxRow = 16 << 20

// Report accounts for every row.
type Report struct {
	Rows     int64 `json:"rows"` // without a header and empty lines
	Kept     int64 `json:"kept"`
	Removed  int64 `json:"removed"`
	Rejected int64 `json:"rejected"` // no usable NHS number: neither kept nor known to be opted out

	// Issues says why rows were rejected: the first 100.
	Issues []consent.Issue `json:"-"`

	// AsOf and Set name the opt-outs that were applied.
	AsOf time.Time `json:"asOf"`
	Set  [32]byte  `json:"-"`
}

// Complete reports whether every row is accounted for.
func (r *Report) Complete() bool { return r.Rows == r.Kept+r.Removed+r.Rejected }

// Merge adds the report of another part of the same job. The order does not
// matter; the older AsOf is kept.
func (r *Report) Merge(o Report) {
	r.Rows, r.Kept, r.Removed, r.Rejected = r.Rows+o.Rows, r.Kept+o.Kept, r.Removed+o.Removed, r.Rejected+o.Rejected
	if r.AsOf.IsZero() || !o.AsOf.IsZero() && o.AsOf.Before(r.AsOf) {
		r.AsOf, r.Set = o.AsOf, o.Set
	}
	for _, i := range o.Issues {
		if len(r.Issues) < maxIssues {
			r.Issues = append(r.Issues, i)
		}
	}
}

const maxIssues = 100

// Errors of Clean before anything is read.
var (
	// ErrStale is wrapped if the opt-outs are older than they may be, have
	// expired, or are of the future.
	ErrStale = errors.New("optout: the opt-outs may not be used at this time")
	// ErrOptions is wrapped if a required option is missing.
	ErrOptions = errors.New("optout: a required option is missing")
)

// Usable reports whether a set may be used at a time, as an error that wraps
// ErrStale or ErrOptions.
func (s *Set) Usable(at time.Time, maxAge time.Duration) error {
	switch {
	case maxAge <= 0:
		return fmt.Errorf("%w: how old the opt-outs may be", ErrOptions)
	case at.IsZero():
		return fmt.Errorf("%w: the time as of which they are applied", ErrOptions)
	case s == nil || s.meta.AsOf.IsZero():
		return fmt.Errorf("%w: the set of opt-outs", ErrOptions)
	case s.meta.AsOf.After(at):
		return fmt.Errorf("%w: they are of %s, which is later", ErrStale, s.meta.AsOf.Format(time.RFC3339))
	case at.Sub(s.meta.AsOf) > maxAge:
		return fmt.Errorf("%w: they are of %s", ErrStale, s.meta.AsOf.Format(time.RFC3339))
	case !s.meta.Expires.IsZero() && !at.Before(s.meta.Expires):
		return fmt.Errorf("%w: they expired on %s", ErrStale, s.meta.Expires.Format(time.RFC3339))
	}
	return nil
}

// Clean copies from in to out the rows of people who are not in the set, in
// order and byte for byte, with the header. A row without a usable NHS number
// is not copied: it is counted as rejected.
//
// An error of in or out, or of the context, ends the run; the report then
// covers what was read, and out may lack rows but never has one too many. At
// most a few hundred kilobytes are held, plus the longest row.
func Clean(ctx context.Context, in io.Reader, out io.Writer, set *Set, o Options) (Report, error) {
	if err := set.Usable(o.At, o.MaxAge); err != nil {
		return Report{}, err
	}
	if o.Comma == 0 {
		o.Comma = ','
	}
	if o.MaxRow == 0 {
		o.MaxRow = defaultMaxRow
	}
	if o.Format == NDJSON && o.Column == "" {
		return Report{}, fmt.Errorf("%w: the member with the NHS number", ErrOptions)
	}
	if o.Comma == '"' || o.Comma == '\n' || o.Comma == '\r' || o.Index < 0 {
		return Report{}, fmt.Errorf("%w: a separator and a column", ErrOptions)
	}
	c := cleaner{o: o, set: set, out: out, index: o.Index, first: true}
	c.report.AsOf, c.report.Set = set.meta.AsOf, set.sum
	err := c.run(ctx, in)
	return c.report, err
}

// cleaner is one run.
type cleaner struct {
	o      Options
	set    *Set
	out    io.Writer
	report Report
	index  int
	first  bool // the header may be due
	quotes bool // the chunk has quotes
	line   int64
	offset int64 // of the chunk in the input
	batch  batch
}

const chunk = 256 << 10

func (c *cleaner) run(ctx context.Context, in io.Reader) error {
	buf := make([]byte, 0, chunk)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil && err != io.EOF {
			return err
		}
		used, e := c.rows(buf, err == io.EOF)
		if e != nil {
			return e
		}
		c.offset += int64(used)
		rest := copy(buf, buf[used:])
		buf = buf[:rest]
		switch {
		case err == io.EOF:
			return nil
		case rest == cap(buf):
			if c.o.MaxRow > 0 && rest > c.o.MaxRow {
				return fmt.Errorf("optout: line %d: a row of more than %d bytes", c.line+1, c.o.MaxRow)
			}
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
	}
}

// fate is what becomes of a row.
type fate uint8

const (
	keepRow fate = iota // also a header or an empty line
	lookUp
	removeRow
	rejectRow
)

// rows handles the whole rows at the start of data and returns how many bytes
// they take. Rows that are kept one after the other are written at once.
func (c *cleaner) rows(data []byte, last bool) (used int, err error) {
	c.quotes = c.o.Format == CSV && bytes.IndexByte(data, '"') >= 0
	var ends [batchSize]int
	var fates [batchSize]fate
	var nine [batchSize]uint32
	at := 0
	for at < len(data) {
		n, next := 0, at
		for n < batchSize && next < len(data) {
			end := c.rowEnd(data[next:])
			if end < 0 {
				if !last {
					break
				}
				end = len(data) - next
			}
			fates[n], nine[n] = c.row(data[next : next+end])
			next += end
			ends[n] = next
			n++
		}
		if n == 0 {
			break
		}
		c.lookUp(fates[:n], nine[:n])
		if err := c.emit(data, at, ends[:n], fates[:n]); err != nil {
			return at, err
		}
		at = next
	}
	return at, nil
}

// lookUp settles the rows that are to be looked up.
func (c *cleaner) lookUp(fates []fate, nine []uint32) {
	var optedOut [batchSize]bool
	if c.set.meta.Form == Dense {
		for i, v := range nine {
			c.batch.put(i, v, c.set.first)
		}
		c.batch.look(c.set, optedOut[:len(nine)])
	} else {
		for i, v := range nine {
			optedOut[i] = fates[i] == lookUp && c.set.hasCompact(v)
		}
	}
	for i, f := range fates {
		if f == lookUp {
			fates[i] = keepRow
			if optedOut[i] {
				fates[i] = removeRow
			}
		}
	}
}

// emit writes the rows that are kept and counts the others.
func (c *cleaner) emit(data []byte, at int, ends []int, fates []fate) error {
	from := at // data[from:at] is to be written
	flush := func() error {
		if at > from {
			_, err := c.out.Write(data[from:at])
			return err
		}
		return nil
	}
	for i, end := range ends {
		switch fates[i] {
		case keepRow:
			c.report.Kept++
		case removeRow:
			c.report.Removed++
		}
		if fates[i] >= removeRow {
			if err := flush(); err != nil {
				return err
			}
			from = end
			if fates[i] == rejectRow && c.o.Rejects != nil {
				if _, err := c.o.Rejects.Write(data[at:end]); err != nil {
					return err
				}
			}
		}
		at = end
	}
	return flush()
}

// rowEnd returns the length of the first row with its line end, -1 if the end
// is not there.
func (c *cleaner) rowEnd(data []byte) int {
	i := bytes.IndexByte(data, '\n')
	switch {
	case i < 0:
		return -1
	case !c.quotes || bytes.IndexByte(data[:i], '"') < 0:
		return i + 1
	}
	inside := false
	for j, b := range data {
		switch {
		case b == '"':
			inside = !inside
		case b == '\n' && !inside:
			return j + 1
		}
	}
	return -1
}

// row reads one row with its line end. Rows that are no rows, the header and
// empty lines, are kept and taken off the count.
func (c *cleaner) row(row []byte) (fate, uint32) {
	c.line++
	text := row
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	if len(text) == 0 {
		c.report.Kept--
		return keepRow, 0
	}
	if c.first {
		c.first = false
		text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
		if c.o.Format == CSV && c.header(text) {
			c.report.Kept--
			return keepRow, 0
		}
	}
	c.report.Rows++
	if c.o.Format != CSV {
		return c.jsonRow(text)
	}
	f := field(text, c.index, c.o.Comma)
	if v, ok := plainNumber(f); ok {
		return lookUp, v
	}
	n, err := nhsnumber.ParseBytes(f)
	if err != nil || n.IsZero() {
		c.reject(err)
		return rejectRow, 0
	}
	return lookUp, n.Nine()
}

func (c *cleaner) jsonRow(text []byte) (fate, uint32) {
	numbers, err := c.numbers(text)
	if err != nil || len(numbers) == 0 {
		c.reject(err)
		return rejectRow, 0
	}
	for _, n := range numbers {
		if c.set.Has(n) {
			return removeRow, 0
		}
	}
	return keepRow, 0
}

// plainNumber returns the first nine digits of a valid number that is written
// as ten digits, eight of which are worked on at once. What it does not take
// is for nhsnumber.ParseBytes to judge; a test compares the two.
func plainNumber(f []byte) (uint32, bool) {
	if len(f) != 10 {
		return 0, false
	}
	const zeros, lanes = 0x3030303030303030, 0x00FF00FF00FF00FF
	w := binary.LittleEndian.Uint64(f)
	d8, d9 := uint32(f[8])-'0', uint32(f[9])-'0'
	if w&0xF0F0F0F0F0F0F0F0|(w+0x0606060606060606)&0xF0F0F0F0F0F0F0F0>>4 != 0x3333333333333333 || d8 > 9 || d9 > 9 {
		return 0, false
	}
	w ^= zeros
	even := w & lanes * (10<<48 | 8<<32 | 6<<16 | 4)
	odd := w >> 8 & lanes * (9<<48 | 7<<32 | 5<<16 | 3)
	if (uint32(even>>48+odd>>48)+d8*2+d9)%11 != 0 {
		return 0, false
	}
	w = w*10 + w>>8
	eight := (w&0x000000FF000000FF*(100+1_000_000<<32) + w>>16&0x000000FF000000FF*(1+10_000<<32)) >> 32
	return uint32(eight)*10 + d8, true
}

var errNoNHSNumber = errors.New("no NHS number")

func (c *cleaner) reject(err error) {
	c.report.Rejected++
	if len(c.report.Issues) >= maxIssues {
		return
	}
	if err == nil {
		err = errNoNHSNumber
	}
	c.report.Issues = append(c.report.Issues, consent.Issue{
		Code: "optout.no-number", Path: "row " + strconv.FormatInt(c.report.Rows, 10), Offset: -1, Line: int(c.line), Col: 1,
		Text: "the row has no usable NHS number, so it is neither kept nor removed", Err: err,
	})
}

// header reports whether the first row is a header, and finds the column.
func (c *cleaner) header(row []byte) bool {
	if c.o.Column == "" {
		return !bytes.ContainsAny(field(row, c.index, c.o.Comma), "0123456789")
	}
	for i := 0; ; i++ {
		f := field(row, i, c.o.Comma)
		if f == nil {
			// Not there: every row is rejected, as none can be looked up.
			c.index = 1 << 30
			return true
		}
		if string(bytes.TrimSpace(f)) == c.o.Column {
			c.index = i
			return true
		}
	}
}

// field returns the i-th field of a row, without quotes; nil if there is none.
func field(row []byte, i int, comma byte) []byte {
	for {
		var f []byte
		rest := -1
		if len(row) > 0 && row[0] == '"' {
			end := 1
			for {
				j := bytes.IndexByte(row[end:], '"')
				if j < 0 {
					return nil
				}
				end += j + 1
				if end >= len(row) || row[end] != '"' {
					break
				}
				end++
			}
			f = row[1 : end-1]
			if bytes.IndexByte(f, '"') >= 0 {
				f = bytes.ReplaceAll(f, []byte(`""`), []byte(`"`))
			}
			if end < len(row) {
				if row[end] != comma {
					return nil
				}
				rest = end + 1
			}
		} else {
			f = row
			if j := bytes.IndexByte(row, comma); j >= 0 {
				f, rest = row[:j], j+1
			}
		}
		if i == 0 {
			if f == nil {
				f = []byte{}
			}
			return f
		}
		if rest < 0 {
			return nil
		}
		row = row[rest:]
		i--
	}
}
