package snomed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
)

// A store file is a header page, data in blocks, and a table of the blocks'
// checksums. All numbers are little-endian, whatever the machine.
//
//	0      magic, version, sizes and the checksums of the table and of this header
//	4096   data, in blocks of 16 KiB
//	...    one CRC-32C per block
//
// The data end with a directory of refs; everything is found from there. A
// block is verified when it is first touched, and never again.
const (
	magic         = "NHSKSCT\n"
	formatVersion = 3
	headerSize    = 64
	pageSize      = 4096
	blockShift    = 14
	blockSize     = 1 << blockShift
)

// Errors of opening and reading a store; test with errors.Is.
var (
	ErrNotStore = errors.New("snomed: not a store file")
	ErrVersion  = errors.New("snomed: the store file has another format version")
	ErrCorrupt  = errors.New("snomed: the store file is damaged")
	ErrClosed   = errors.New("snomed: the store is closed")
)

// checksum is the CRC-32C of a block.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// ref says where a piece of data lies and how it is coded.
type ref struct {
	kind  uint8 // see packed.go
	width uint8
	n     uint32 // values, or bytes for kindBytes above 4 GiB never
	base  uint64
	off   uint64
}

const refSize = 24

func (r ref) put(b []byte) {
	b[0], b[1], b[2], b[3] = r.kind, r.width, 0, 0
	binary.LittleEndian.PutUint32(b[4:], r.n)
	binary.LittleEndian.PutUint64(b[8:], r.base)
	binary.LittleEndian.PutUint64(b[16:], r.off)
}

func getRef(b []byte) ref {
	return ref{b[0], b[1], binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])}
}

// fileWriter writes the data of a store in order.
type fileWriter struct {
	f    io.WriteSeeker
	buf  []byte
	off  uint64 // of the end of buf
	crc  []uint32
	err  error
	fail func(off uint64) error // for tests: called before each write
}

func newFileWriter(f io.WriteSeeker) *fileWriter {
	w := &fileWriter{f: f, off: pageSize, buf: make([]byte, 0, blockSize)}
	_, w.err = f.Write(make([]byte, pageSize))
	return w
}

// write appends bytes to the data.
func (w *fileWriter) write(b []byte) {
	w.off += uint64(len(b))
	for len(b) > 0 && w.err == nil {
		n := copy(w.buf[len(w.buf):blockSize], b)
		w.buf = w.buf[:len(w.buf)+n]
		b = b[n:]
		if len(w.buf) == blockSize {
			w.flush()
		}
	}
}

func (w *fileWriter) flush() {
	if len(w.buf) == 0 || w.err != nil {
		return
	}
	if w.fail != nil {
		if w.err = w.fail(w.off); w.err != nil {
			return
		}
	}
	w.crc = append(w.crc, checksum(w.buf))
	_, w.err = w.f.Write(w.buf)
	w.buf = w.buf[:0]
}

// align pads to a multiple of n bytes from the start of the file.
func (w *fileWriter) align(n uint64) {
	w.write(make([]byte, (n-w.off%n)%n))
}

// bytes writes b and returns a ref to it.
func (w *fileWriter) bytes(b []byte) ref {
	r := ref{kind: kindBytes, base: uint64(len(b)), off: w.off}
	w.write(b)
	return r
}

// finish writes the directory, the checksums and the header.
func (w *fileWriter) finish(directory []ref) error {
	dirOff := w.off
	b := make([]byte, refSize)
	for _, r := range directory {
		r.put(b)
		w.write(b)
	}
	w.flush()
	end := w.off
	table := make([]byte, 4*len(w.crc))
	for i, c := range w.crc {
		binary.LittleEndian.PutUint32(table[4*i:], c)
	}
	if w.err == nil {
		_, w.err = w.f.Write(table)
	}
	h := make([]byte, headerSize)
	copy(h, magic)
	le := binary.LittleEndian
	le.PutUint32(h[8:], formatVersion)
	le.PutUint32(h[12:], uint32(len(directory)))
	le.PutUint64(h[16:], end+uint64(len(table)))
	le.PutUint64(h[24:], end)
	le.PutUint64(h[32:], dirOff)
	le.PutUint32(h[40:], checksum(table))
	le.PutUint32(h[60:], checksum(h[:60]))
	if w.err == nil {
		_, w.err = w.f.Seek(0, io.SeekStart)
	}
	if w.err == nil {
		_, w.err = w.f.Write(h)
	}
	return w.err
}

// fault is what a reader of damaged data panics with; guard turns it into an
// error.
type fault struct{ err error }

// image is an open store file: its bytes, mapped or read on demand, and which
// blocks are verified.
type image struct {
	data   []byte // the whole file
	end    uint64 // of the data
	table  []byte
	ok     []atomic.Uint32 // a bit per block
	dir    []ref
	source io.ReaderAt // where blocks come from; nil if data are mapped
	mu     sync.Mutex  // over filling data from source
	unmap  func() error
	file   *os.File
}

// openImage checks the header and the tables.
func openImage(f io.ReaderAt, size int64, mapped []byte) (*image, error) {
	h := make([]byte, headerSize)
	if size < pageSize {
		return nil, fmt.Errorf("%w: it has only %d bytes", ErrNotStore, size)
	}
	if _, err := f.ReadAt(h, 0); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if string(h[:8]) != magic {
		return nil, ErrNotStore
	}
	if v := le.Uint32(h[8:]); v != formatVersion && le.Uint32(h[60:]) == checksum(h[:60]) {
		return nil, fmt.Errorf("%w: version %d, this library reads %d", ErrVersion, v, formatVersion)
	}
	if le.Uint32(h[60:]) != checksum(h[:60]) {
		return nil, fmt.Errorf("%w: the header does not fit its checksum", ErrCorrupt)
	}
	total, end, dirOff, n := le.Uint64(h[16:]), le.Uint64(h[24:]), le.Uint64(h[32:]), uint64(le.Uint32(h[12:]))
	blocks := (end - pageSize + blockSize - 1) >> blockShift
	if total != uint64(size) {
		return nil, fmt.Errorf("%w: %d bytes, the header says %d", ErrCorrupt, size, total)
	}
	if end < pageSize || end > total || total-end != 4*blocks || dirOff > end || n > 10000 || end-dirOff != n*refSize {
		return nil, fmt.Errorf("%w: impossible sizes in the header", ErrCorrupt)
	}
	if end > math.MaxInt {
		return nil, fmt.Errorf("snomed: the store has %d bytes, too many for a machine of 32 bits", end)
	}
	im := &image{end: end, ok: make([]atomic.Uint32, (blocks+31)/32)}
	if mapped != nil {
		im.data = mapped
		im.table = mapped[end:total]
	} else {
		im.source = f
		im.data = make([]byte, end)
		im.table = make([]byte, total-end)
		if _, err := f.ReadAt(im.table, int64(end)); err != nil && err != io.EOF {
			return nil, err
		}
	}
	if checksum(im.table) != le.Uint32(h[40:]) {
		return nil, fmt.Errorf("%w: the checksums do not fit their own", ErrCorrupt)
	}
	err := im.guarded(func() {
		b := im.at(dirOff, n*refSize)
		for i := range n {
			im.dir = append(im.dir, getRef(b[i*refSize:]))
		}
	})
	return im, err
}

// guarded runs fn and returns the error of damaged data that it ran into.
func (im *image) guarded(fn func()) (err error) {
	defer im.guard(&err)
	fn()
	return nil
}

// guard is deferred by everything that reads the image. An index out of range
// while decoding means that the data are not what their writer wrote, though
// their checksums fit: also damage.
func (im *image) guard(err *error) {
	if r := recover(); r != nil {
		*err = faultError(r)
	}
}

// runtimeError is what the runtime panics with.
type runtimeError interface {
	error
	RuntimeError()
}

func faultError(r any) error {
	switch f := r.(type) {
	case *fault:
		return f.err
	case runtimeError:
		return fmt.Errorf("%w: %v", ErrCorrupt, f)
	}
	panic(r)
}

// at returns n bytes at an offset of the file, verified.
func (im *image) at(off, n uint64) []byte {
	if im.data == nil {
		panic(&fault{ErrClosed})
	}
	if off < pageSize || off > im.end || n > im.end-off {
		panic(&fault{fmt.Errorf("%w: a reference leads outside", ErrCorrupt)})
	}
	if n == 0 {
		return nil
	}
	// One block, already verified, is the common case.
	if b := (off - pageSize) >> blockShift; b != (off+n-1-pageSize)>>blockShift || im.ok[b>>5].Load()&(1<<(b&31)) == 0 {
		im.need(off, n)
	}
	return im.data[off : off+n : off+n]
}

// need verifies the blocks of a range.
func (im *image) need(off, n uint64) {
	first, last := (off-pageSize)>>blockShift, (off+n-1-pageSize)>>blockShift
	for b := first; b <= last; b++ {
		if im.ok[b>>5].Load()&(1<<(b&31)) == 0 {
			im.verify(b)
		}
	}
}

// verify checks one block, after reading it if the file is not mapped.
func (im *image) verify(b uint64) {
	from := pageSize + b<<blockShift
	to := min(from+blockSize, im.end)
	if im.source != nil {
		im.mu.Lock()
		defer im.mu.Unlock()
		if im.ok[b>>5].Load()&(1<<(b&31)) != 0 {
			return
		}
		if _, err := im.source.ReadAt(im.data[from:to], int64(from)); err != nil {
			panic(&fault{fmt.Errorf("snomed: reading the store: %w", err)})
		}
	}
	if checksum(im.data[from:to]) != binary.LittleEndian.Uint32(im.table[4*b:]) {
		panic(&fault{fmt.Errorf("%w: the block at byte %d does not fit its checksum", ErrCorrupt, from)})
	}
	im.ok[b>>5].Or(1 << (b & 31))
}

// verifyAll checks every block, with the processors there are.
func (im *image) verifyAll() error {
	if im.data == nil {
		return ErrClosed
	}
	blocks := (im.end - pageSize + blockSize - 1) >> blockShift
	const parts = 2
	errs := make([]error, parts)
	var wg sync.WaitGroup
	for p := range uint64(parts) {
		wg.Go(func() {
			errs[p] = im.guarded(func() {
				for b := blocks * p / parts; b < blocks*(p+1)/parts; b++ {
					if im.source == nil {
						im.verify(b)
					} else {
						im.need(pageSize+b<<blockShift, 1)
					}
				}
			})
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (im *image) close() error {
	var errs []error
	if im.unmap != nil {
		errs = append(errs, im.unmap())
		im.unmap = nil
	}
	if im.file != nil {
		errs = append(errs, im.file.Close())
		im.file = nil
	}
	return errors.Join(errs...)
}
