package mllp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// The framing bytes of the Minimal Lower Layer Protocol: a start block, the
// message, an end block and a carriage return.
const (
	StartBlock     = 0x0B // VT
	EndBlock       = 0x1C // FS
	CarriageReturn = 0x0D // CR
)

// AppendFrame appends payload in its frame to dst and returns the extended
// slice.
func AppendFrame(dst, payload []byte) []byte {
	dst = append(dst, StartBlock)
	dst = append(dst, payload...)
	return append(dst, EndBlock, CarriageReturn)
}

// FrameKind classifies what is wrong with a stream of frames.
type FrameKind uint8

// The kinds of framing faults.
const (
	Noise            FrameKind = iota + 1 // bytes between frames
	BadTrailer                            // FS without the CR that must follow it
	ControlCharacter                      // FS or VT as data inside a frame
	TruncatedFrame                        // a new frame began, or the stream ended, inside a frame
	MissingStart                          // only bytes outside any frame
	TooLarge                              // a frame over the limit
)

// String returns the kind as a word, such as "noise".
func (k FrameKind) String() string {
	switch k {
	case Noise:
		return "noise"
	case BadTrailer:
		return "trailer"
	case ControlCharacter:
		return "control-character"
	case TruncatedFrame:
		return "truncated-frame"
	case MissingStart:
		return "missing-start"
	case TooLarge:
		return "too-large"
	}
	return "unknown"
}

// FrameError is a framing fault at a byte of the stream. It never shows the
// bytes of a message.
type FrameError struct {
	Kind   FrameKind
	Offset int64 // of the fault, from the start of the stream
	Bytes  int64 // how many bytes are concerned: skipped, cut off, or the limit
	Err    error // cause, such as io.ErrUnexpectedEOF; may be nil
}

func (e *FrameError) Error() string {
	var what string
	switch e.Kind {
	case Noise:
		what = fmt.Sprintf("%d bytes between frames", e.Bytes)
	case BadTrailer:
		what = "end block (1C) without its carriage return (0D)"
	case ControlCharacter:
		what = "framing character inside a frame"
	case TruncatedFrame:
		what = fmt.Sprintf("frame cut off after %d bytes", e.Bytes)
	case MissingStart:
		what = fmt.Sprintf("no start block (0B) in %d bytes", e.Bytes)
	case TooLarge:
		what = fmt.Sprintf("frame of more than %d bytes", e.Bytes)
	default:
		what = "framing fault"
	}
	if e.Err != nil {
		return fmt.Sprintf("mllp: byte %d: %s: %v", e.Offset, what, e.Err)
	}
	return fmt.Sprintf("mllp: byte %d: %s", e.Offset, what)
}

func (e *FrameError) Unwrap() error { return e.Err }

// DefaultMaxFrame is the size a frame may have where nothing else is said.
const DefaultMaxFrame = 16 << 20

// keptBuffer is the size of buffer that a reader keeps between frames.
const keptBuffer = 1 << 20

// defaultMaxNoise is how many bytes outside of frames a lenient reader skips
// in a row before it gives up.
const defaultMaxNoise = 64 << 10

// ReaderOptions says how frames are read. The zero value is lenient and holds
// the default limits.
type ReaderOptions struct {
	// Strict makes each deviation from the protocol an error that ends the
	// stream. A lenient reader skips noise, takes FS and VT inside a frame as
	// data, and accepts a missing CR where a new frame or the end of the
	// stream follows.
	Strict bool

	// MaxFrame limits the bytes of one message. 0 is DefaultMaxFrame,
	// negative is no limit.
	MaxFrame int

	// MaxNoise limits the bytes outside of frames that are skipped in a row.
	// 0 is 64 KiB, negative is no limit.
	MaxNoise int

	// OnFault, if set, is told of every deviation that a lenient reader
	// forgives.
	OnFault func(*FrameError)
}

// state is where in a stream the reader waits for bytes.
type state uint8

const (
	between state = iota // outside of any frame
	inside               // in a frame
	trailer              // after an FS that may end the frame
)

// Reader reads frames from a byte stream. It is not safe for concurrent use.
// Its buffer grows with the frames it reads and is reused; beyond 1 MiB it is
// given back before the wait for the next frame, which may take hours.
type Reader struct {
	src      io.Reader
	opts     ReaderOptions
	maxFrame int
	maxNoise int

	buf        []byte // buf[start:end] is read but not yet delivered
	start, end int
	offset     int64 // of buf[0] in the stream
	srcErr     error // what the source returned last

	noise    []byte // the first bytes of the latest noise, for errors
	noiseBuf [16]byte

	// beforeRead is called before the source is read, so that a connection
	// can set the deadline that fits.
	beforeRead func(state)
}

// NewReader returns a Reader on src.
func NewReader(src io.Reader, opts ReaderOptions) *Reader {
	r := &Reader{src: src, opts: opts, maxFrame: opts.MaxFrame, maxNoise: opts.MaxNoise}
	if r.maxFrame == 0 {
		r.maxFrame = DefaultMaxFrame
	}
	if r.maxNoise == 0 {
		r.maxNoise = defaultMaxNoise
	}
	return r
}

// Next returns the message of the next frame, without its framing bytes. The
// slice is the reader's own and is valid until the next call. At the end of
// the stream between frames the error is io.EOF; inside a frame it is a
// *FrameError of kind TruncatedFrame that wraps io.ErrUnexpectedEOF, and the
// part that came is not delivered. Reading may go on after a time-out of the
// source between frames; after any other error the stream is lost.
func (r *Reader) Next() ([]byte, error) {
	if err := r.seekStart(); err != nil {
		return nil, err
	}
	return r.readBody()
}

// Offset returns how many bytes of the stream have been consumed.
func (r *Reader) Offset() int64 { return r.offset + int64(r.start) }

// Buffered returns the bytes that are read but not consumed: after an error,
// what stands at the place of the fault. The slice is the reader's own.
func (r *Reader) Buffered() []byte { return r.buf[r.start:r.end] }

// seekStart consumes bytes up to and including the next start block.
func (r *Reader) seekStart() error {
	skipped, from := int64(0), r.Offset()
	r.noise = r.noiseBuf[:0]
	for {
		i := bytes.IndexByte(r.buf[r.start:r.end], StartBlock)
		n := i
		if i < 0 {
			n = r.end - r.start
		}
		skipped += int64(n)
		if room := cap(r.noise) - len(r.noise); room > 0 {
			r.noise = append(r.noise, r.buf[r.start:r.start+min(n, room)]...)
		}
		if skipped > 0 {
			if r.opts.Strict {
				return &FrameError{Kind: Noise, Offset: from, Bytes: skipped}
			}
			if r.maxNoise > 0 && skipped > int64(r.maxNoise) {
				return &FrameError{Kind: MissingStart, Offset: from, Bytes: skipped}
			}
		}
		r.start += n
		if i >= 0 {
			r.start++
			if skipped > 0 {
				r.fault(Noise, from, skipped)
			}
			return nil
		}
		if err := r.fill(between); err != nil {
			if err == io.EOF && skipped > 0 && from == 0 {
				return &FrameError{Kind: MissingStart, Offset: from, Bytes: skipped, Err: io.ErrUnexpectedEOF}
			}
			if err == io.EOF && skipped > 0 {
				r.fault(Noise, from, skipped)
			}
			return err
		}
	}
}

// readBody returns the frame whose start block has just been consumed. Until
// it is complete it lies at buf[start:end], so that an error loses nothing.
func (r *Reader) readBody() ([]byte, error) {
	frameAt := r.Offset()
	seen := 0 // bytes of buf[start:end] that are known to end nothing
	for {
		body := r.buf[r.start:r.end]
		i := indexControl(body[seen:])
		if i < 0 {
			seen = len(body)
			if err := r.tooLarge(seen, frameAt); err != nil {
				return nil, err
			}
			if err := r.fill(inside); err != nil {
				return nil, r.cut(err, frameAt)
			}
			continue
		}
		at := seen + i
		if err := r.tooLarge(at, frameAt); err != nil {
			return nil, err
		}
		verdict, err := r.judge(at)
		if err != nil {
			return nil, r.cut(err, frameAt)
		}
		body = r.buf[r.start:r.end] // judge may have read more
		switch verdict {
		case frameEnds:
			r.start += at + 2
			return body[:at:at], nil
		case frameEndsWithoutCR:
			if r.opts.Strict {
				return nil, &FrameError{Kind: BadTrailer, Offset: r.Offset() + int64(at)}
			}
			r.fault(BadTrailer, r.Offset()+int64(at), 1)
			r.start += at + 1
			return body[:at:at], nil
		case frameRestarts:
			if r.opts.Strict {
				return nil, &FrameError{Kind: TruncatedFrame, Offset: r.Offset() + int64(at), Bytes: int64(at)}
			}
			r.fault(TruncatedFrame, r.Offset()+int64(at), int64(at))
			r.start += at + 1
			frameAt = r.Offset()
			seen = 0
		case data:
			if r.opts.Strict {
				return nil, &FrameError{Kind: ControlCharacter, Offset: r.Offset() + int64(at), Bytes: 1}
			}
			r.fault(ControlCharacter, r.Offset()+int64(at), 1)
			seen = at + 1
		}
	}
}

// verdict is what a control character inside a frame turns out to be.
type verdict uint8

const (
	data verdict = iota
	frameEnds
	frameEndsWithoutCR
	frameRestarts
)

// judge decides what the FS or VT at buf[start+at] means, reading on as far
// as that takes.
func (r *Reader) judge(at int) (verdict, error) {
	if r.buf[r.start+at] == StartBlock {
		restarts, err := r.startsMessage(at, inside)
		if restarts {
			return frameRestarts, err
		}
		return data, err
	}
	// An FS. What follows decides.
	for r.end-r.start < at+2 {
		if err := r.fill(trailer); err != nil {
			if err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded) {
				return frameEndsWithoutCR, nil
			}
			return data, err
		}
	}
	switch r.buf[r.start+at+1] {
	case CarriageReturn:
		return frameEnds, nil
	case StartBlock:
		next, err := r.startsMessage(at+1, trailer)
		if next {
			return frameEndsWithoutCR, err
		}
		return data, err
	}
	return data, nil
}

// startsMessage reports whether the VT at buf[start+at] is followed by MSH,
// in an encoding of one or two bytes a character. It reads on only while what
// has come so far fits.
func (r *Reader) startsMessage(at int, wait state) (bool, error) {
	for _, header := range [...]string{"MSH", "\x00M\x00S\x00H", "M\x00S\x00H"} {
		for {
			got := r.buf[r.start+at+1 : r.end]
			n := min(len(got), len(header))
			if string(got[:n]) != header[:n] {
				break
			}
			if n == len(header) {
				return true, nil
			}
			if err := r.fill(wait); err != nil {
				if err == io.EOF {
					return false, nil
				}
				return false, err
			}
		}
	}
	return false, nil
}

// tooLarge returns the error of a frame with n bytes so far, if that is over
// the limit.
func (r *Reader) tooLarge(n int, frameAt int64) error {
	if r.maxFrame < 0 || n <= r.maxFrame {
		return nil
	}
	return &FrameError{Kind: TooLarge, Offset: frameAt, Bytes: int64(r.maxFrame)}
}

// cut turns the end of the source inside a frame into the error of a
// truncated frame; other errors stay as they are.
func (r *Reader) cut(err error, frameAt int64) error {
	if err != io.EOF {
		return err
	}
	return &FrameError{Kind: TruncatedFrame, Offset: frameAt, Bytes: int64(r.end - r.start), Err: io.ErrUnexpectedEOF}
}

// fault tells the caller of a deviation that is forgiven.
func (r *Reader) fault(kind FrameKind, offset, n int64) {
	if r.opts.OnFault != nil {
		r.opts.OnFault(&FrameError{Kind: kind, Offset: offset, Bytes: n})
	}
}

// fill reads more bytes behind end, moving or growing the buffer first if it
// is full. It keeps an error that came with bytes for the next call, except a
// time-out, after which reading may go on.
func (r *Reader) fill(at state) error {
	if err := r.srcErr; err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			r.srcErr = nil
		}
		return err
	}
	if r.start == r.end && at == between && len(r.buf) > keptBuffer {
		r.offset, r.buf, r.start, r.end = r.offset+int64(r.start), nil, 0, 0
	}
	if r.end == len(r.buf) {
		r.makeRoom()
	}
	if r.beforeRead != nil {
		r.beforeRead(at)
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if n > 0 {
			r.srcErr = err
			return nil
		}
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				r.srcErr = err
			}
			return err
		}
	}
	r.srcErr = io.ErrNoProgress
	return r.srcErr
}

// makeRoom moves what is not consumed to the front, and doubles the buffer if
// that does not free half of it.
func (r *Reader) makeRoom() {
	n := r.end - r.start
	if n > len(r.buf)/2 || len(r.buf) == 0 {
		grown := make([]byte, max(4096, 2*len(r.buf)))
		copy(grown, r.buf[r.start:r.end])
		r.buf, r.offset = grown, r.offset+int64(r.start)
		r.start, r.end = 0, n
		return
	}
	copy(r.buf, r.buf[r.start:r.end])
	r.offset += int64(r.start)
	r.start, r.end = 0, n
}

// indexControl returns the index of the first FS or VT, or -1.
func indexControl(b []byte) int {
	i := bytes.IndexByte(b, EndBlock)
	if i >= 0 {
		b = b[:i]
	}
	if j := bytes.IndexByte(b, StartBlock); j >= 0 {
		return j
	}
	return i
}
