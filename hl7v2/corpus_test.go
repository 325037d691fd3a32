package hl7v2

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
)

func readJSON(t testing.TB, file string, to any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(readFile(t, file)))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func readFile(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCorpusMessages(t *testing.T) {
	dir := corpus.Path(t, "hl7v2")
	var manifest []struct {
		File, Source, SourcePath, Licence, SHA256, Header string

		MsgType, ControlID, Version, Charset, FieldSep, EncChars string

		Bytes, Lines, Messages  int
		Terminators, SegmentIDs []string
	}
	readJSON(t, filepath.Join(dir, "messages", "manifest.json"), &manifest)
	passed := 0
	for _, e := range manifest {
		if t.Run(e.File, func(t *testing.T) {
			data := readFile(t, filepath.Join(dir, e.File))
			n, lines := 0, 0
			ids := map[string]bool{}
			for m, err := range Messages(data) {
				if err != nil {
					t.Fatal(err)
				}
				n++
				lines += m.Len()
				for s := range m.Segments("") {
					ids[string(s.Raw()[:3])] = true // as the manifest has them
				}
				if n > 1 {
					continue
				}
				msh := m.SegmentAt(0)
				// The manifest has the components of MSH-9 joined by "_".
				var parts []string
				for _, c := range msh.Field(9).Components() {
					if c.Text() != "" {
						parts = append(parts, c.Text())
					}
				}
				check := func(what, got, want string) {
					if got != want {
						t.Errorf("%s is %q, want %q", what, got, want)
					}
				}
				check("MSH-9", strings.Join(parts, "_"), e.MsgType)
				check("MSH-10", string(msh.Field(10).Raw()), e.ControlID)
				check("MSH-12", string(msh.Field(12).Raw()), e.Version)
				check("MSH-18", string(msh.Field(18).Raw()), e.Charset)
				check("MSH-1", msh.Field(1).Text(), e.FieldSep)
				check("MSH-2", msh.Field(2).Text(), e.EncChars)
				h, err := ReadHeader(data)
				if err != nil {
					t.Fatal(err)
				}
				for n := 1; n <= 22; n++ {
					check("header field "+strconv.Itoa(n), string(h.Field(n)), string(msh.Field(n).Raw()))
				}
			}
			if n != e.Messages || lines != e.Lines {
				t.Errorf("%d messages and %d segments, want %d and %d", n, lines, e.Messages, e.Lines)
			}
			for _, id := range e.SegmentIDs {
				if !ids[id] {
					t.Errorf("no segment %s", id)
				}
			}
			if e.Messages != 1 {
				return
			}
			m, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(m.AppendTo(nil), data) {
				t.Error("bytes changed")
			}
			canonical := m.AppendCanonical(nil)
			again, err := Parse(canonical)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.AppendCanonical(nil), canonical) {
				t.Error("canonical form is not stable")
			}
			sameLeaves(t, m, again)
		}) {
			passed++
		}
	}
	corpus.Floor(t, "messages", passed, len(manifest))
}

// sameLeaves compares all present values of two messages.
func sameLeaves(t *testing.T, a, b *Message) {
	t.Helper()
	if x, y := leaves(a), leaves(b); !slices.Equal(x, y) {
		t.Errorf("values differ: %d and %d", len(x), len(y))
	}
}

// leaves lists the places and bytes of all innermost values.
func leaves(m *Message) []string {
	var out []string
	for s := range m.Segments("") {
		for n, f := range s.Fields() {
			for r, rep := range f.Reps() {
				for c, comp := range rep.Components() {
					for u, sub := range comp.Subs() {
						if sub.State() != Absent {
							out = append(out, fmt.Sprintf("%d %s-%d[%d].%d.%d=%s", s.Index(), s.ID(), n, r, c, u, sub.Raw()))
						}
					}
				}
			}
		}
	}
	return out
}

type malformedCase struct {
	ID, File, Why string
	Expect        struct {
		Lenient, Strict, Reencode, Canonical, Note, Structure string

		Segments, Messages       int
		Get, Raw, Decode         map[string]string
		Null, Empty, Truncated   []string
		NumberError, DecodeError []string
		Repetitions              map[string]int
		Mode                     map[string]struct {
			Segments int
			Get      map[string]string
			Warning  string
		}
	}
}

// beyondWire lists the strict results that need the tables of a version.
var beyondWire = map[string]bool{
	"warning:extra-fields": true, "warning:extra-components": true, "warning:cardinality": true,
	"warning:extra-subcomponents": true, "warning:unescaped-delimiter": true, "error:conditional": true,
	"error:table": true, "error:datatype": true,
}

func TestCorpusMalformed(t *testing.T) {
	dir := filepath.Join(corpus.Path(t, "hl7v2"), "malformed")
	var file struct {
		Format int
		Cases  []malformedCase
	}
	readJSON(t, filepath.Join(dir, "cases.json"), &file)
	passed := 0
	for _, c := range file.Cases {
		if t.Run(c.ID, func(t *testing.T) { checkMalformed(t, c, readFile(t, filepath.Join(dir, c.File))) }) {
			passed++
		}
	}
	corpus.Floor(t, "malformed-wire", passed, len(file.Cases))
}

func checkMalformed(t *testing.T, c malformedCase, data []byte) {
	want := c.Expect
	m, err := Parse(data)
	switch kind, isError := strings.CutPrefix(want.Lenient, "error:"); {
	case want.Lenient == "ok" || want.Lenient == "ok-or-limit":
		if err != nil {
			t.Fatalf("lenient: %v", err)
		}
	case isError:
		if is, ok := errors.AsType[Issue](err); !ok || is.Code != Code("hl7v2."+kind) || is.Severity != Fatal {
			t.Fatalf("lenient: %v, want a fatal %s", err, kind)
		}
	default:
		t.Fatalf("no check for lenient result %q", want.Lenient)
	}
	strict, err := Parser{Strict: true}.Parse(data)
	kind, isError := strings.CutPrefix(want.Strict, "error:")
	if want.Strict == "limit" {
		kind, isError = "limit", true
	}
	switch {
	case want.Strict == "ok":
		if err != nil {
			t.Errorf("strict: %v", err)
		}
	case beyondWire[want.Strict]:
		if err != nil {
			t.Errorf("strict: %v: the wire layer cannot know that", err)
		}
	case isError:
		is, ok := errors.AsType[Issue](err)
		if !ok || is.Code != Code("hl7v2."+kind) {
			found := false
			if strict != nil {
				for _, is := range strict.Check(true) {
					found = found || is.Code == Code("hl7v2."+kind) && is.Severity == Error
				}
			}
			if !found {
				t.Errorf("strict: %v, want %s", err, kind)
			}
		}
		if ok && (is.Offset < 0 || is.Offset > int64(len(data)) || is.Line < 1) {
			t.Errorf("strict: issue has no place: %+v", is)
		}
	default:
		t.Fatalf("no check for strict result %q", want.Strict)
	}
	if want.Messages > 0 {
		n := 0
		for m, err := range Messages(data) {
			if m == nil {
				t.Errorf("messages: %v", err)
			}
			n++
		}
		if n != want.Messages {
			t.Errorf("%d messages, want %d", n, want.Messages)
		}
	}
	if m == nil {
		return
	}
	checkValues(t, m, want.Get, want.Segments)
	for path, text := range want.Raw {
		if v := get(t, m, path); string(v.Raw()) != text || v.Whole() != text {
			t.Errorf("%s is %q raw, %q whole, want %q", path, v.Raw(), v.Whole(), text)
		}
	}
	for path, n := range want.Repetitions {
		if got := get(t, m, path).NumReps(); got != n {
			t.Errorf("%s has %d repetitions, want %d", path, got, n)
		}
	}
	for _, path := range want.Null {
		if v := get(t, m, path); v.State() != Null || v.Text() != "" {
			t.Errorf("%s is %s, want null", path, v.State())
		}
	}
	for _, path := range want.Empty {
		if v := get(t, m, path); v.State() != Absent {
			t.Errorf("%s is %s, want absent", path, v.State())
		}
	}
	for _, path := range want.Truncated {
		if !get(t, m, path).Truncated() {
			t.Errorf("%s is not reported as truncated", path)
		}
	}
	for mode, want := range want.Mode {
		p := Parser{}
		switch mode {
		case "terminator=CR":
			p.Terminators = CROnly
		case "terminator=any":
		default:
			t.Fatalf("no check for mode %q", mode)
		}
		m, err := p.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		checkValues(t, m, want.Get, want.Segments)
		if want.Warning != "" && !slices.ContainsFunc(m.Check(false), func(i Issue) bool {
			return i.Severity == Warning && i.Code == Code("hl7v2."+want.Warning)
		}) {
			t.Errorf("%s: no warning %s", mode, want.Warning)
		}
	}
	if !bytes.Equal(m.AppendTo(nil), data) {
		t.Error("bytes changed")
	}
	switch want.Reencode {
	case "", "identical-when-preserving":
	case "identical-when-preserving; CR when canonical":
		if got := m.AppendCanonical(nil); !bytes.Equal(got, bytes.ReplaceAll(data, []byte("\n"), []byte("\r"))) {
			t.Errorf("canonical form is %q", got)
		}
	default:
		t.Fatalf("no check for reencode %q", want.Reencode)
	}
	if want.Canonical != "" && !slices.Contains(strings.Split(string(m.AppendCanonical(nil)), "\r"), want.Canonical) {
		t.Errorf("no segment %q in %q", want.Canonical, m.AppendCanonical(nil))
	}
	for _, path := range want.NumberError {
		if _, err := get(t, m, path).Number(); err == nil {
			t.Errorf("%s reads as a number", path)
		}
	}
	for path, text := range want.Decode {
		var b bytes.Buffer
		if _, err := get(t, m, path).DecodeBase64(&b); err != nil || b.String() != text {
			t.Errorf("%s decodes to %q, %v, want %q", path, b.String(), err, text)
		}
	}
	for _, path := range want.DecodeError {
		var b bytes.Buffer
		if _, err := get(t, m, path).DecodeBase64(&b); err == nil {
			t.Errorf("%s decodes", path)
		}
	}
}

func get(t *testing.T, m *Message, path string) Value {
	t.Helper()
	v, err := m.Get(path)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func checkValues(t *testing.T, m *Message, values map[string]string, segments int) {
	t.Helper()
	for path, text := range values {
		if got := get(t, m, path).Text(); got != text {
			t.Errorf("%s is %q, want %q", path, got, text)
		}
	}
	if segments != 0 && m.Len() != segments {
		t.Errorf("%d segments, want %d", m.Len(), segments)
	}
}

func TestCorpusEscapes(t *testing.T) {
	var file struct {
		Format           int
		Delimiters, Note string
		Cases            []struct {
			Raw, Strict, Why, Charset string
			Decoded, Reencoded        *string
			KeepOnRoundTrip           bool
			Types, Versions           []string
		}
	}
	readJSON(t, filepath.Join(corpus.Path(t, "hl7v2"), "malformed", "escapes.json"), &file)
	passed := 0
	for i, c := range file.Cases {
		if t.Run(fmt.Sprintf("%d %s", i, c.Raw), func(t *testing.T) {
			data := []byte("MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||" + c.Charset + "\rNTE|1||" + c.Raw + "\r")
			m, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(m.Bytes(), data) {
				t.Error("round trip changed the bytes")
			}
			text := get(t, m, "NTE-3").Text()
			if c.Decoded != nil && text != *c.Decoded {
				t.Errorf("text is %q, want %q", text, *c.Decoded)
			}
			if c.Reencoded != nil {
				if err := m.Set("NTE-4", text); err != nil {
					t.Fatal(err)
				}
				if got := string(get(t, m, "NTE-4").Raw()); got != *c.Reencoded && m.Charset() == UTF8 {
					t.Errorf("written as %q, want %q", got, *c.Reencoded)
				}
				if got := get(t, m, "NTE-4").Text(); got != text {
					t.Errorf("written and read back %q, want %q", got, text)
				}
			}
			_, err = m.Delimiters().Unescape([]byte(c.Raw))
			if wantErr := c.Strict == "error"; (err != nil) != wantErr {
				t.Errorf("strict result %v, want %s", err, c.Strict)
			}
			if err != nil && !errors.Is(err, ErrEscape) {
				t.Errorf("strict error %v is no ErrEscape", err)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "escapes", passed, len(file.Cases))
}

func TestCorpusDateTime(t *testing.T) {
	var cases []struct {
		Text, Precision string
		Valid           bool
	}
	readJSON(t, filepath.Join(corpus.Path(t, "hl7v2"), "malformed", "datetime.json"), &cases)
	passed := 0
	for _, c := range cases {
		if t.Run(c.Text, func(t *testing.T) {
			d, err := ParseDateTime(c.Text)
			if (err == nil) != c.Valid {
				t.Fatalf("error %v, want valid %t", err, c.Valid)
			}
			if err == nil && d.Precision().String() != c.Precision {
				t.Errorf("precision %s, want %s", d.Precision(), c.Precision)
			}
			if err == nil && d.String() != c.Text {
				t.Errorf("written as %s", d)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "datetime", passed, len(cases))
}
