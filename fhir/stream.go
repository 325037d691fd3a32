package fhir

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"strconv"
	"sync"
)

// Stream says how to read a sequence of records. The zero value reads one
// after the other.
type Stream struct {
	// Workers is the number of goroutines that parse; with up to 1 there are
	// none. Records come in the order of the input all the same.
	Workers int
	// MaxRecord is the largest record in bytes, 64 MiB if it is 0. Larger
	// ones are reported and skipped. Memory for the input is bounded by it
	// and by Workers.
	MaxRecord int
}

const defaultRecord = 64 << 20

// Record is one resource, or bundle entry, of a stream.
type Record struct {
	Number int   // from 1
	Offset int64 // of its first byte in the stream
	Line   int   // from 1, where it starts; 0 in bundles
	Tree   *Tree // nil if it was refused; may be released
	// Issues are the findings about the record. Their offsets, and for NDJSON
	// their lines, count from the start of the stream, as do those of Err.
	Issues []Issue
	Err    error // a *ParseError of the Issues if the record was refused
}

// NDJSON reads resources that stand on a line each, as bulk exports have
// them. Empty lines are passed over. A bad record is a Record with Err; the
// error of the iterator is of the reader and ends it.
func (p *Parser) NDJSON(r io.Reader, s Stream) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		in := newWindow(r, s)
		line := 0
		p.records(s, yield, func() (job, error) {
			for {
				line++
				start := in.base + int64(in.pos)
				data, tooLong, err := in.line()
				if len(bytes.Trim(data, " \t\r\n")) == 0 && !tooLong {
					if err != nil {
						return job{}, err
					}
					continue
				}
				j := job{offset: start, line: line, tooLong: tooLong, max: in.max}
				if !tooLong {
					j.src, j.size = p.pad(data)
				}
				if errors.Is(err, io.EOF) {
					err = nil
				}
				return j, err
			}
		})
	}
}

// job is a record on its way through the parser.
type job struct {
	src     string
	size    int
	offset  int64
	line    int
	tooLong bool
	max     int
	scope   *scope
	done    chan Record
}

// run parses the record.
func (j *job) run(p *Parser, number int) Record {
	rec := Record{Number: number, Offset: j.offset, Line: j.line}
	var tree *Tree
	var err error
	if j.tooLong {
		err = &ParseError{[]Issue{{Severity: Fatal, Code: CodeLimit, Line: 1, Col: 1,
			Text: "a record longer than " + strconv.Itoa(j.max) + " bytes"}}}
	} else {
		tree, err = p.parse(j.src, j.size, j.scope)
	}
	rec.Tree, rec.Err = tree, err
	var pe *ParseError
	switch {
	case errors.As(err, &pe):
		rec.Issues = append(rec.Issues, pe.Issues...)
	case tree != nil:
		rec.Issues = append(rec.Issues, tree.issues...)
	}
	for k := range rec.Issues {
		i := &rec.Issues[k]
		i.Offset += j.offset
		if j.line > 0 {
			i.Line += j.line - 1
		} else {
			i.Line, i.Col = 0, 0
		}
	}
	if pe != nil {
		rec.Err = &ParseError{rec.Issues}
	}
	return rec
}

// records parses the jobs that next gives, until it fails, and yields the
// records in their order. The last job may come together with the error that
// ends the stream; io.EOF is its good end.
func (p *Parser) records(s Stream, yield func(Record, error) bool, next func() (job, error)) {
	number := 0
	if s.Workers <= 1 {
		for {
			j, err := next()
			if j.size > 0 || j.tooLong {
				number++
				if !yield(j.run(p, number), nil) {
					return
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(Record{}, err)
				}
				return
			}
		}
	}
	type numbered struct {
		*job
		number int
	}
	jobs := make(chan numbered, s.Workers)
	var workers sync.WaitGroup
	for range s.Workers {
		workers.Go(func() {
			for j := range jobs {
				j.done <- j.run(p, j.number)
			}
		})
	}
	defer workers.Wait()
	defer close(jobs)
	var waiting []*job
	for {
		j, err := next()
		if j.size > 0 || j.tooLong {
			number++
			j.done = make(chan Record, 1)
			waiting = append(waiting, &j)
			jobs <- numbered{&j, number}
		}
		for len(waiting) > 0 && (err != nil || len(waiting) >= 2*s.Workers) {
			first := waiting[0]
			waiting = waiting[1:]
			if !yield(<-first.done, nil) {
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				yield(Record{}, err)
			}
			return
		}
	}
}

// window is the part of a stream that is in memory.
type window struct {
	r    io.Reader
	buf  []byte
	pos  int   // next byte to read
	base int64 // offset of buf[0] in the stream
	max  int   // bytes of a record
	err  error

	added int // bytes that the last read gave
}

func newWindow(r io.Reader, s Stream) *window {
	w := &window{r: r, max: s.MaxRecord}
	if w.max <= 0 {
		w.max = defaultRecord
	}
	return w
}

// more reads further bytes behind those in the window, from keep on. It
// returns false at the end of the stream or at an error.
func (w *window) more(keep int) bool {
	if w.err != nil {
		return false
	}
	if keep > 0 {
		n := copy(w.buf, w.buf[keep:])
		w.buf = w.buf[:n]
		w.pos -= keep
		w.base += int64(keep)
	}
	const chunk = 64 << 10
	if cap(w.buf)-len(w.buf) < chunk {
		grown := make([]byte, len(w.buf), 2*cap(w.buf)+chunk)
		copy(grown, w.buf)
		w.buf = grown
	}
	for range 100 {
		n, err := w.r.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+n]
		w.err, w.added = err, n
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// line returns the next line with its end. The data is valid until the next
// call. Of a line beyond the limit there is no data. The last line comes with
// the error that ended the stream, io.EOF at its good end.
func (w *window) line() (data []byte, tooLong bool, err error) {
	data, tooLong, found := w.until(func(chunk []byte) int {
		if k := bytes.IndexByte(chunk, '\n'); k >= 0 {
			return k + 1
		}
		return -1
	})
	if !found {
		err = w.err
	}
	return data, tooLong, err
}

// until returns the bytes from here up to an end that find sees: it is called
// with one chunk of them after the other and returns how much of the chunk
// belongs to them, -1 if they go on. Beyond the limit there is no data. The
// data is valid until the next call. At the end of the stream found is false
// and the data is what was left.
func (w *window) until(find func(chunk []byte) int) (data []byte, tooLong, found bool) {
	scanned := w.pos
	for {
		n := find(w.buf[scanned:])
		found = n >= 0
		end := len(w.buf)
		if found {
			end = scanned + n
		}
		tooLong = tooLong || end-w.pos > w.max
		if tooLong {
			w.pos = end
		}
		if found || !w.more(w.pos) {
			if !found {
				end = len(w.buf)
			}
			data = w.buf[w.pos:end]
			w.pos = end
			return data, tooLong, found
		}
		scanned = len(w.buf) - w.added
	}
}
