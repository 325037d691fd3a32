package hl7v2

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// streamLeaves lists the values of a stream in the form of leaves.
func streamLeaves(r io.Reader) (out []string, err error) {
	s := NewStream(r)
	for s.Next() {
		b, err := io.ReadAll(s.Raw())
		if err != nil {
			return out, err
		}
		if p := s.Path(); len(b) > 0 {
			out = append(out, fmt.Sprintf("%s[%d]-%d[%d].%d.%d=%s", p.Segment, p.Occur, p.Field, p.Rep, p.Comp, p.Sub, b))
		}
	}
	return out, s.Err()
}

func TestStreamAgainstIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := genMessage().Draw(t, "message")
		m, err := Parse(data)
		if err != nil || m.end+2 < len(m.data) {
			t.Skip("not a message, or padded")
		}
		var want []string
		occur := map[string]int{}
		for s := range m.Segments("") {
			occur[s.ID()]++
			for n, f := range s.Fields() {
				if s.Index() == 0 && n <= 2 {
					continue
				}
				for r, rep := range f.Reps() {
					for c, comp := range rep.Components() {
						for u, sub := range comp.Subs() {
							if len(sub.Raw()) > 0 {
								want = append(want, fmt.Sprintf("%s[%d]-%d[%d].%d.%d=%s", s.ID(), occur[s.ID()], n, r, c, u, sub.Raw()))
							}
						}
					}
				}
			}
		}
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader(data), "by byte": iotest.OneByteReader(bytes.NewReader(data))} {
			got, err := streamLeaves(r)
			if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("%s: %q: %v\n got %q\nwant %q", name, data, err, got, want)
			}
		}
	})
}

// repeated is a long stream of one text again and again.
type repeated struct {
	text string
	left int
}

func (r *repeated) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(b) && r.left > 0 {
		k := copy(b[n:], r.text[:min(len(r.text), r.left)])
		if k < len(r.text) && k < r.left { // keep whole repetitions
			break
		}
		n, r.left = n+k, r.left-k
	}
	return n, nil
}

// A document of 100 MB (1 GB in the long form) goes through in constant memory.
func TestStreamLargeDocument(t *testing.T) {
	size := 100 << 20
	switch {
	case long():
		size = 1 << 30
	case testing.Short():
		size = 5 << 20
	}
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("PDF"), 19)) // 76 characters
	for name, text := range map[string]string{"plain": line, "in lines": line + `\.br\`} {
		n := size / len(line) / map[string]int{"plain": 1, "in lines": 10}[name]
		in := io.MultiReader(strings.NewReader(header18("")+"OBX|1|ED|A||LIMS^IM^PDF^Base64^"), &repeated{text, n * len(text)}, strings.NewReader("||x\rNTE|1||end\r"))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s := NewStream(in)
		decoded, end := int64(0), ""
		for s.Next() {
			switch p := s.Path().String(); p {
			case "OBX[1]-5[1].5.1":
				k, err := s.DecodeBase64(io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				decoded += k
			case "NTE[1]-3[1].1.1":
				b, err := s.Text(100)
				if err != nil {
					t.Fatal(err)
				}
				end = string(b)
			}
		}
		runtime.ReadMemStats(&after)
		if s.Err() != nil || decoded != int64(n*57) || end != "end" {
			t.Errorf("%s: %d bytes, %q, %v", name, decoded, end, s.Err())
		}
		if name == "plain" && after.TotalAlloc-before.TotalAlloc > 512<<10 {
			t.Errorf("%s: %d bytes allocated", name, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

func TestStreamErrors(t *testing.T) {
	for in, code := range map[string]Code{
		"PID|1\r": CodeHeader, "MSH|^^\\&|": CodeEncodingCharacters, "MSH" + strings.Repeat("|", 1): CodeHeader,
		header18("") + strings.Repeat("x", 100): CodeSegmentID,
	} {
		_, err := streamLeaves(strings.NewReader(in))
		if i, ok := errors.AsType[Issue](err); !ok || i.Code != code || i.Offset < 0 || i.Offset > int64(len(in)) {
			t.Errorf("%q: %v, want %s", in, err, code)
		}
	}
	_, err := streamLeaves(io.MultiReader(strings.NewReader(header18("")+"PID|1|2"), iotest.ErrReader(io.ErrClosedPipe)))
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
	s := NewStream(strings.NewReader(header18("") + "OBX|1||||A^B^C^Base64^QUJ*|" + strings.Repeat("y", 50)))
	for s.Next() {
		switch s.Path().String() {
		case "OBX[1]-5[1].5.1":
			if _, err := s.DecodeBase64(io.Discard); err == nil {
				t.Error("bad base64 reads")
			}
		case "OBX[1]-6[1].1.1":
			if _, err := s.Text(10); err == nil {
				t.Error("a value over the limit reads")
			}
		}
	}
	if s.Err() != nil {
		t.Error(s.Err())
	}
}

func FuzzStream(f *testing.F) {
	addAll(f, seedMessages())
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err1 := streamLeaves(bytes.NewReader(data))
		b, err2 := streamLeaves(iotest.OneByteReader(bytes.NewReader(data)))
		if strings.Join(a, "\n") != strings.Join(b, "\n") || (err1 == nil) != (err2 == nil) {
			t.Fatalf("whole %q, %v\nby byte %q, %v", a, err1, b, err2)
		}
		s := NewStream(bytes.NewReader(data))
		for s.Next() {
			s.DecodeBase64(io.Discard)
		}
	})
}
