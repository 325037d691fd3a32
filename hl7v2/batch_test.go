package hl7v2

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
)

// readAll reads a whole stream of messages.
func readAll(t *testing.T, b *BatchReader) (messages []*Message, bad []Issue) {
	t.Helper()
	for {
		m, err := b.Next()
		if err == io.EOF {
			return messages, bad
		}
		if err != nil {
			i, ok := err.(Issue)
			if !ok {
				t.Fatal(err)
			}
			bad = append(bad, i)
		}
		if m != nil {
			messages = append(messages, m)
		}
	}
}

func TestCorpusBatch(t *testing.T) {
	dir := corpus.Path(t, "hl7v2")
	var file struct {
		Format int
		Cases  []struct {
			ID, File, Why string
			Expect        struct {
				Batches, Messages, Errors int
				Error, Strict, Warning    string

				Get []map[string]string
			}
		}
	}
	readJSON(t, filepath.Join(dir, "batch", "cases.json"), &file)
	passed := 0
	for _, c := range file.Cases {
		if t.Run(c.ID, func(t *testing.T) {
			data := readFile(t, filepath.Join(dir, c.File))
			for name, r := range map[string]io.Reader{
				"whole": bytes.NewReader(data), "a byte at a time": iotest.OneByteReader(bytes.NewReader(data)), "error with data": iotest.DataErrReader(bytes.NewReader(data)),
			} {
				b := Parser{}.Reader(r)
				messages, bad := readAll(t, b)
				batches, n, unreadable := b.Counts()
				if batches != c.Expect.Batches || n != c.Expect.Messages || unreadable != c.Expect.Errors || len(bad) != c.Expect.Errors || len(messages)+len(bad) != n {
					t.Errorf("%s: %d batches, %d messages, %d unreadable", name, batches, n, unreadable)
				}
				for i, want := range c.Expect.Get {
					checkValues(t, messages[i], want, 0)
				}
				codes := map[Code]Severity{}
				for _, i := range b.Issues() {
					codes[i.Code] = i.Severity
					if i.Offset < 0 || i.Offset > int64(len(data)) {
						t.Errorf("%s: offset %d", name, i.Offset)
					}
					if line, col := position(data, int(i.Offset)); i.Line != line || i.Col != col {
						t.Errorf("%s: %s is at %d:%d, want %d:%d", name, i.Code, i.Line, i.Col, line, col)
					}
				}
				if _, ok := codes[CodeBatchCount]; ok != (c.Expect.Error == "count") {
					t.Errorf("%s: issues %v", name, b.Issues())
				}
				if s, ok := codes[CodeStraySegment]; ok != (c.Expect.Warning == "stray-segment") || ok && s != Warning {
					t.Errorf("%s: issues %v", name, b.Issues())
				}
				if s, ok := codes[CodeTrailer]; ok != (c.Expect.Strict == "error:trailer") || ok && s != Warning {
					t.Errorf("%s: issues %v", name, b.Issues())
				}
			}
			strict := Parser{Strict: true}.Reader(bytes.NewReader(data))
			readAll(t, strict)
			for _, i := range strict.Issues() {
				if i.Severity != Error {
					t.Errorf("strict: %s is a %s", i.Code, i.Severity)
				}
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "batch", passed, len(file.Cases))
}

func TestBatchWriter(t *testing.T) {
	one, err := Parse([]byte(header18("") + "PID|1||9\n"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Parse([]byte("MSH$%~!@$A$B\rPID$1"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := NewBatchWriter(&out, Standard())
	steps := []error{
		w.BeginFile(Envelope{SendingApplication: "PAS", Name: "R&D", Created: mustDateTime(t, "20250102")}),
		w.BeginBatch(Envelope{ControlID: "B1"}), w.Write(one), w.Write(two),
		w.BeginBatch(Envelope{}), w.Write(one), w.Close(),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	want := "FHS|^~\\&|PAS||||20250102||R\\T\\D\r" + "BHS|^~\\&|||||||||B1\r" +
		header18("") + "PID|1||9\n" + "MSH$%~!@$A$B\rPID$1\r" + "BTS|2\r" + "BHS|^~\\&\r" + header18("") + "PID|1||9\n" + "BTS|1\rFTS|2\r"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
	b := Parser{}.Reader(&out)
	messages, bad := readAll(t, b)
	if len(messages) != 3 || len(bad) != 0 || len(b.Issues()) != 0 {
		t.Errorf("%d messages, %v, %v", len(messages), bad, b.Issues())
	}
	if f := b.File(); f == nil || f.Name != "R&D" || f.SendingApplication != "PAS" || f.Created.String() != "20250102" {
		t.Errorf("%+v", b.File())
	}
	fail := NewBatchWriter(failingWriter{}, Standard())
	fail.BeginBatch(Envelope{})
	if err := fail.Close(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func mustDateTime(t *testing.T, s string) DateTime {
	t.Helper()
	d, err := ParseDateTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A message over the limit is passed over, and the ones around it are read.
func TestBatchMessageTooLarge(t *testing.T) {
	small := header18("") + "PID|1||9\r"
	large := header18("") + "NTE|1||" + strings.Repeat("x", 300_000) + "\r" + strings.Repeat("NTE|2||yy\r", 30_000)
	b := Parser{Limits: Limits{Bytes: 100_000}}.Reader(strings.NewReader(small + large + small))
	messages, bad := readAll(t, b)
	if len(messages) != 2 || len(bad) != 0 || len(b.Issues()) != 1 || b.Issues()[0].Code != CodeLimit {
		t.Errorf("%d messages, %v, %v", len(messages), bad, b.Issues())
	}
	if _, n, unreadable := b.Counts(); n != 3 || unreadable != 1 {
		t.Errorf("%d messages, %d unreadable", n, unreadable)
	}
}

// The error of the stream comes back, after the messages before it, and no
// message that it may have cut short.
func TestBatchReadError(t *testing.T) {
	small := header18("") + "PID|1||9\r"
	b := Parser{}.Reader(io.MultiReader(strings.NewReader(small+small), iotest.ErrReader(io.ErrUnexpectedEOF)))
	n := 0
	for {
		m, err := b.Next()
		if err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) || n != 1 {
				t.Errorf("%v after %d messages", err, n)
			}
			return
		}
		if m != nil {
			n++
		}
	}
}
