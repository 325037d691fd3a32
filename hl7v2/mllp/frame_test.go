package mllp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/internal/mutate"
)

// chunkReader gives one chunk a read, then the error.
type chunkReader struct {
	chunks [][]byte
	err    error
}

func (c *chunkReader) Read(p []byte) (int, error) {
	if len(c.chunks) == 0 {
		return 0, c.err
	}
	n := copy(p, c.chunks[0])
	if c.chunks[0] = c.chunks[0][n:]; len(c.chunks[0]) == 0 {
		c.chunks = c.chunks[1:]
	}
	return n, nil
}

// drain reads frames until an error, copying them.
func drain(r *Reader) (frames []string, err error) {
	for {
		f, err := r.Next()
		if err != nil {
			return frames, err
		}
		frames = append(frames, string(f))
	}
}

func TestFrameCorpus(t *testing.T) {
	raw, err := os.ReadFile(corpus.Path(t, "hl7v2", "malformed", "mllp.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID, Why  string
			Chunks   []string
			Frames   []string
			Error    *string
			Strict   string
			EOF      bool
			Charset  string
			Release2 bool
		}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 19 {
		t.Fatalf("%d cases, want 19", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			source := func() io.Reader {
				r := &chunkReader{err: io.EOF}
				for _, chunk := range c.Chunks {
					b, err := hex.DecodeString(chunk)
					if err != nil {
						t.Fatal(err)
					}
					r.chunks = append(r.chunks, b)
				}
				return r
			}
			var want []string
			for _, f := range c.Frames {
				b, err := hex.DecodeString(f)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, string(b))
			}
			for _, src := range []io.Reader{source(), iotest.OneByteReader(source()), iotest.DataErrReader(source())} {
				frames, err := drain(NewReader(src, ReaderOptions{}))
				if strings.Join(frames, "\x00|") != strings.Join(want, "\x00|") || len(frames) != len(want) {
					t.Errorf("%s: frames %q, want %q", c.Why, frames, want)
				}
				switch {
				case c.Error == nil:
					if err != io.EOF {
						t.Errorf("%s: %v, want a plain end", c.Why, err)
					}
				case *c.Error == "unexpected-eof":
					if !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Errorf("%s: %v, want unexpected EOF", c.Why, err)
					}
				case *c.Error == "missing-start":
					if e := (*FrameError)(nil); !errors.As(err, &e) || e.Kind != MissingStart {
						t.Errorf("%s: %v, want missing-start", c.Why, err)
					}
				default:
					t.Fatalf("unknown expectation %q", *c.Error)
				}
			}
			if c.Strict != "" {
				_, err := drain(NewReader(source(), ReaderOptions{Strict: true}))
				e := (*FrameError)(nil)
				if !errors.As(err, &e) || "error:"+e.Kind.String() != c.Strict {
					t.Errorf("%s: strict gives %v, want %s", c.Why, err, c.Strict)
				}
			}
		})
	}
}

func TestFrameFaultsAreReported(t *testing.T) {
	for _, c := range []struct {
		name, in string
		kind     FrameKind
		offset   int64
	}{
		{"noise between", "\x0bMSH|A\x1c\r\r\n\x0bMSH|B\x1c\r", Noise, 8},
		{"noise at the end", "\x0bMSH|A\x1c\r\x00\x00", Noise, 8},
		{"no CR before the next", "\x0bMSH|A\x1c\x0bMSH|B\x1c\r", BadTrailer, 6},
		{"FS as data", "\x0bMSH|A\x1cB\x1c\r", ControlCharacter, 6},
		{"restart", "\x0bMSH|A\x0bMSH|B\x1c\r", TruncatedFrame, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			var faults []*FrameError
			r := NewReader(strings.NewReader(c.in), ReaderOptions{OnFault: func(e *FrameError) { faults = append(faults, e) }})
			if _, err := drain(r); err != io.EOF {
				t.Fatal(err)
			}
			if len(faults) != 1 || faults[0].Kind != c.kind || faults[0].Offset != c.offset {
				t.Errorf("faults %v, want one %s at %d", faults, c.kind, c.offset)
			}
		})
	}
}

func TestFrameLimits(t *testing.T) {
	frame := AppendFrame(nil, bytes.Repeat([]byte("x"), 100))
	for _, c := range []struct {
		name string
		opts ReaderOptions
		in   []byte
		kind FrameKind // 0: no error
	}{
		{"at the limit", ReaderOptions{MaxFrame: 100}, frame, 0},
		{"over the limit", ReaderOptions{MaxFrame: 99}, frame, TooLarge},
		{"over the limit, no end in sight", ReaderOptions{MaxFrame: 10}, frame[:60], TooLarge},
		{"no limit", ReaderOptions{MaxFrame: -1}, frame, 0},
		{"noise at the limit", ReaderOptions{MaxNoise: 5}, append([]byte("noise"), frame...), 0},
		{"noise over the limit", ReaderOptions{MaxNoise: 4}, append([]byte("noise"), frame...), MissingStart},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewReader(bytes.NewReader(c.in), c.opts).Next()
			e := (*FrameError)(nil)
			errors.As(err, &e)
			if c.kind == 0 && err != nil || c.kind != 0 && (e == nil || e.Kind != c.kind) {
				t.Errorf("%v, want kind %v", err, c.kind)
			}
		})
	}
	t.Run("memory stays below the limit", func(t *testing.T) {
		r := NewReader(io.MultiReader(strings.NewReader("\x0b"), endless{}), ReaderOptions{MaxFrame: 1 << 20})
		if _, err := r.Next(); err == nil {
			t.Fatal("no error")
		}
		if len(r.buf) > 4<<20 {
			t.Errorf("buffer of %d bytes", len(r.buf))
		}
	})
}

// endless is a peer that never ends its frame.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// A large frame does not leave its buffer to an idle connection, and what
// comes behind it is read as ever.
func TestReaderGivesBackLargeBuffers(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 3<<20)
	src := &chunkReader{err: io.EOF, chunks: [][]byte{AppendFrame(nil, large), AppendFrame(nil, []byte("MSH|A"))}}
	r := NewReader(src, ReaderOptions{})
	for _, want := range [][]byte{large, []byte("MSH|A")} {
		if got, err := r.Next(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, want %d: %v", len(got), len(want), err)
		}
	}
	if len(r.buf) > keptBuffer {
		t.Errorf("%d bytes are kept", len(r.buf))
	}
	if want := int64(len(large) + 3 + 8); r.Offset() != want {
		t.Errorf("offset %d, want %d", r.Offset(), want)
	}
}

func TestFrameSurvivesTimeouts(t *testing.T) {
	// A time-out between frames loses nothing, and one after an FS ends the
	// frame: the sender has left out the CR and waits.
	src := &timeoutReader{reads: []string{"", "\x0bMSH|A\x1c\r", "", "\x0bMSH|B\x1c"}}
	r := NewReader(src, ReaderOptions{})
	var got []string
	timeouts := 0
	for {
		f, err := r.Next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			timeouts++
			continue
		}
		if err != nil {
			break
		}
		got = append(got, string(f))
	}
	if strings.Join(got, " ") != "MSH|A MSH|B" || timeouts != 2 {
		t.Errorf("frames %q after %d time-outs", got, timeouts)
	}
}

// timeoutReader returns a time-out for each empty read.
type timeoutReader struct{ reads []string }

func (r *timeoutReader) Read(p []byte) (int, error) {
	if len(r.reads) == 0 {
		return 0, io.EOF
	}
	s := r.reads[0]
	r.reads = r.reads[1:]
	if s == "" {
		return 0, os.ErrDeadlineExceeded
	}
	return copy(p, s), nil
}

// naiveFrames is the obvious reader of a whole stream, for comparison.
func naiveFrames(in []byte) (frames []string, clean bool) {
	startsMessage := func(b []byte) bool {
		for _, h := range []string{"MSH", "\x00M\x00S\x00H", "M\x00S\x00H"} {
			if bytes.HasPrefix(b, []byte(h)) {
				return true
			}
		}
		return false
	}
	noise := 0
	for i := 0; i < len(in); i++ {
		if in[i] != StartBlock {
			noise++
			continue
		}
		begin, closed := i+1, false
		for i++; i < len(in); i++ {
			if in[i] == StartBlock && startsMessage(in[i+1:]) {
				begin = i + 1
				continue
			}
			if in[i] != EndBlock {
				continue
			}
			if i+1 == len(in) || in[i+1] == StartBlock && startsMessage(in[i+2:]) {
				frames, closed = append(frames, string(in[begin:i])), true
				break
			}
			if in[i+1] == CarriageReturn {
				frames, closed = append(frames, string(in[begin:i])), true
				i++
				break
			}
		}
		if !closed {
			return frames, false
		}
	}
	return frames, noise == 0 || noise < len(in)
}

func FuzzFrames(f *testing.F) {
	for _, s := range frameSeeds() {
		f.Add(s, byte(3))
	}
	f.Fuzz(checkFrames)
}

func frameSeeds() (seeds [][]byte) {
	for _, s := range []string{"\x0bMSH|A\x1c\r", "\x0bMSH|A\x1c\x0bMSH|B\x1c\r", "\x0bMSH\x0bMSH|B\x1cz\x1c\r\n\n", "x", "", "\x0b\x1c\r", "\x0b\x00M\x1c\x0b\x00M\x00S\x00H\x1c", "\x0b\x0b\x1c\x1c\r\x1c\x0bM"} {
		seeds = append(seeds, []byte(s))
	}
	return seeds
}

func checkFrames(t *testing.T, in []byte, size byte) {
	want, clean := naiveFrames(in)
	src := &chunkReader{err: io.EOF}
	for rest := in; len(rest) > 0; {
		n := min(len(rest), 1+int(size)%7)
		src.chunks = append(src.chunks, rest[:n])
		rest = rest[n:]
	}
	r := NewReader(src, ReaderOptions{MaxNoise: -1})
	got, err := drain(r)
	if strings.Join(got, "\xff\xff") != strings.Join(want, "\xff\xff") || len(got) != len(want) {
		t.Fatalf("frames %q, want %q", got, want)
	}
	if clean != (err == io.EOF) {
		t.Fatalf("error %v, clean end %v", err, clean)
	}
	if r.Offset() > int64(len(in)) {
		t.Fatalf("offset %d of %d", r.Offset(), len(in))
	}
	frames, err := drain(NewReader(bytes.NewReader(in), ReaderOptions{Strict: true}))
	if e := (*FrameError)(nil); errors.As(err, &e) && (e.Offset < 0 || e.Offset > int64(len(in))) {
		t.Fatalf("strict offset %d of %d", e.Offset, len(in))
	}
	if len(frames) > len(want) {
		t.Fatalf("strict reads more frames than lenient")
	}
}

// TestFrameMutations runs the check of FuzzFrames on mutations of its seeds;
// see mutate.Run.
func TestFrameMutations(t *testing.T) {
	tokens := []string{"\x0b", "\x1c", "\r", "\x1c\r", "\x0bMSH|", "\x0b\x00M\x00S\x00H", "\x1c\r\x0b", "\x1c\x0b", "\n", "\x00", "MSH"}
	mutate.Run(t, 10_000, 5_000_000, frameSeeds(), tokens, func(t *testing.T, in []byte) { checkFrames(t, in, byte(len(in))) })
}

func BenchmarkFrames(b *testing.B) {
	payload := bytes.Repeat([]byte("PID|1||9990042101^^^NHS^NH||THISTLEWOOD^EDNA\r"), 25)
	stream := bytes.Repeat(AppendFrame(nil, payload), 100)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	src := bytes.NewReader(nil)
	r := NewReader(src, ReaderOptions{})
	for b.Loop() {
		src.Reset(stream)
		r.srcErr = nil
		n := 0
		for {
			if _, err := r.Next(); err != nil {
				break
			}
			n++
		}
		if n != 100 {
			b.Fatal(n)
		}
	}
}
