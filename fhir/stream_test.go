package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// chunked gives a reader's bytes in pieces of random size.
type chunked struct {
	r   io.Reader
	rnd *rand.Rand
}

func (c chunked) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), 1+c.rnd.IntN(40))]) }

// readers are ways to read the same bytes.
func readers(data string) map[string]io.Reader {
	return map[string]io.Reader{
		"whole":         strings.NewReader(data),
		"one byte":      iotest.OneByteReader(strings.NewReader(data)),
		"error and EOF": iotest.DataErrReader(strings.NewReader(data)),
		"random":        chunked{strings.NewReader(data), rand.New(rand.NewPCG(1, 2))},
	}
}

// summary is what a stream gave.
func summary(seq func(func(Record, error) bool)) string {
	var b strings.Builder
	for rec, err := range seq {
		if err != nil {
			fmt.Fprintf(&b, "error %v\n", err)
			continue
		}
		fmt.Fprintf(&b, "%d at %d line %d: ", rec.Number, rec.Offset, rec.Line)
		if rec.Tree != nil {
			b.Write(rec.Tree.AppendJSON(nil, Compact))
		}
		for _, i := range rec.Issues {
			fmt.Fprintf(&b, " [%s %s %d %d:%d]", i.Code, i.Path, i.Offset, i.Line, i.Col)
		}
		fmt.Fprintf(&b, " %v\n", rec.Err != nil)
	}
	return b.String()
}

func TestNDJSON(t *testing.T) {
	in := `{"resourceType":"Patient","id":"a"}` + "\r\n\n" +
		`{"resourceType":"Patient","id":"b";}` + "\n" +
		`{"resourceType":"Patient","nam":"c"}` + "\n" +
		`{"resourceType":"Patient","language":"` + strings.Repeat("x", 200) + `"}` + "\n" +
		`{"resourceType":"Patient","id":"d"}`
	want := `1 at 0 line 1: {"resourceType":"Patient","id":"a"} false
2 at 38 line 3:  [fhir.syntax Patient 72 3:35] true
3 at 75 line 4: {"resourceType":"Patient","nam":"c"} [fhir.unknown-element Patient.nam 101 4:27] false
4 at 112 line 5:  [fhir.limit  112 5:1] true
5 at 353 line 6: {"resourceType":"Patient","id":"d"} false
`
	for _, workers := range []int{0, 1, 3} {
		for name, r := range readers(in) {
			got := summary(NewParser().NDJSON(r, Stream{Workers: workers, MaxRecord: 100}))
			if got != want {
				t.Errorf("%s, %d workers:\n%s", name, workers, got)
			}
		}
	}
}

// TestStreamOrder checks order and completeness with many workers, and that
// leaving early ends them.
func TestStreamOrder(t *testing.T) {
	var in strings.Builder
	const n = 2000
	for i := range n {
		fmt.Fprintf(&in, `{"resourceType":"Patient","id":"%d","name":[{"text":"%s"}]}`+"\n", i, strings.Repeat("x", i%97))
	}
	count := 0
	for rec, err := range NewParser().NDJSON(strings.NewReader(in.String()), Stream{Workers: 4}) {
		if err != nil {
			t.Fatal(err)
		}
		id, _ := rec.Tree.Root().Child("id")
		if id.Value() != fmt.Sprint(count) || rec.Number != count+1 {
			t.Fatalf("record %d is %s", count, id.Value())
		}
		rec.Tree.Release()
		count++
	}
	if count != n {
		t.Errorf("%d records", count)
	}
	for range NewParser().NDJSON(strings.NewReader(in.String()), Stream{Workers: 4}) {
		break
	}
}

const bundleJSON = `{"resourceType":"Bundle","type":"searchset","total":3,"entry":[
 {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"a","name":[{"text":"}]\"{"}]}},
 {"fullUrl":"urn:uuid:2","resource":{"resourceType":"Patient","nam":1}},
 {"fullUrl":"urn:uuid:3","resource":{"resourceType":"Patient","id":"c"},"search":{"mode":"match"}}
],"link":[{"relation":"self","url":"u"}]}`

const bundleXML = `<?xml version="1.0"?><!-- > --><Bundle xmlns="http://hl7.org/fhir"><!-- <entry> --><type value="searchset"/><total value="3"/>
 <link><relation value="self"/><url value="u"/></link>
 <entry><fullUrl value="urn:uuid:1"/><resource><Patient><id value="a"/><text><status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml">a <!-- </entry> --> &gt; <br/></div></text></Patient></resource></entry>
 <entry><fullUrl value="urn:uuid:2"/><resource><Patient><nam value="/>"/></Patient></resource></entry>
 <entry><fullUrl value="urn:uuid:3"/><resource><Patient><id value='c'/></Patient></resource></entry>
</Bundle>`

func TestBundleStream(t *testing.T) {
	for _, in := range []string{bundleJSON, bundleXML, strings.ReplaceAll(strings.ReplaceAll(strings.NewReplacer("<B", "<f:B", "</B", "</f:B", "<e", "<f:e", "</e", "</f:e", "<P", "<f:P", "</P", "</f:P",
		"<r", "<f:r", "</r", "</f:r", "<t", "<f:t", "</t", "</f:t", "<l", "<f:l", "</l", "</f:l", "<u", "<f:u", "<i", "<f:i", "<n", "<f:n", "<fullUrl", "<f:fullUrl", "<s", "<f:s").Replace(bundleXML), "xmlns=\"http://hl7.org", "xmlns:f=\"http://hl7.org"), "&g", "&g")} {
		for _, workers := range []int{0, 2} {
			for name, r := range readers(in) {
				b := NewParser().Bundle(r, Stream{Workers: workers})
				if _, err := b.Head(); err == nil {
					t.Error("a head before the end")
				}
				n := 0
				for rec, err := range b.Entries() {
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					n++
					url, _ := rec.Tree.Root().Child("fullUrl")
					if url.Value() != fmt.Sprintf("urn:uuid:%d", n) || rec.Tree.Root().Type().Name() != "Bundle.entry" {
						t.Errorf("%s: %d is %s", name, n, url.Value())
					}
					if c := in[rec.Offset]; c != '{' && c != '<' {
						t.Errorf("%s: offset %d", name, rec.Offset)
					}
					if n == 2 {
						if len(rec.Issues) != 1 || rec.Issues[0].Code != CodeUnknown || !strings.HasPrefix(strings.TrimLeft(in[rec.Issues[0].Offset:], `"<f:`), "nam") {
							t.Errorf("%s: %v", name, rec.Issues)
						}
					} else if len(rec.Issues) != 0 {
						t.Errorf("%s: %v", name, rec.Issues)
					}
				}
				if n != 3 {
					t.Errorf("%s: %d entries", name, n)
				}
				head, err := b.Head()
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if got := string(head.AppendJSON(nil, Canonical)); got != `{"link":[{"relation":"self","url":"u"}],"resourceType":"Bundle","total":3,"type":"searchset"}` || len(head.Issues()) > 0 {
					t.Errorf("%s: %s %v", name, got, head.Issues())
				}
				for range b.Entries() {
					t.Error("entries a second time")
				}
			}
		}
	}
}

func TestBundleStreamBroken(t *testing.T) {
	for _, in := range []string{
		``, ` `, `x`, `[]`, `{`, `{"entry"`, `{"entry":[`, `{"entry":[{}`, `{"entry":[{"a":"`, `{"entry":[{}{}]}`, `{"entry":[,{}]}`, `{"entry":[{},]}`, `{"entry":[{}],}`,
		`{"type":"a" "entry":[]}`, `{"entry":[{}]} x`, `{,}`, `<`, `<Bundle`, `<Bundle>`, `<Bundle><entry>`, `<Bundle><entry></entry>`, `<!DOCTYPE a><Bundle/>`, `<Bundle></Bundle><a/>`,
	} {
		for name, r := range readers(in) {
			var failed error
			b := NewParser().Bundle(r, Stream{})
			for rec, err := range b.Entries() {
				if err != nil {
					failed = err
				} else if rec.Tree != nil {
					rec.Tree.Release()
				}
			}
			var pe *ParseError
			if !errors.As(failed, &pe) || pe.Issues[0].Severity != Fatal || pe.Issues[0].Offset > int64(len(in)) {
				t.Errorf("%q, %s: %v", in, name, failed)
			}
			if _, err := b.Head(); err == nil {
				t.Errorf("%q: a head", in)
			}
		}
	}
	// Within the limits of a record an entry may be anything.
	b := NewParser().Bundle(strings.NewReader(`{"resourceType":"Bundle","type":"collection","entry":[1,{"resource":{"resourceType":"Patient","id":"`+strings.Repeat("a", 100)+`"}},{"fullUrl":"u"}]}`), Stream{MaxRecord: 64})
	got := summary(b.Entries())
	if strings.Count(got, "true\n") != 2 || !strings.Contains(got, `3 at`) {
		t.Error(got)
	}
}

// TestStreamFaults reads from readers that fail at each byte.
func TestStreamFaults(t *testing.T) {
	bad := errors.New("bad disk")
	for _, in := range []string{bundleJSON, bundleXML} {
		for i := range len(in) {
			b := NewParser().Bundle(io.MultiReader(strings.NewReader(in[:i]), iotest.ErrReader(bad)), Stream{Workers: i % 3})
			var failed error
			for rec, err := range b.Entries() {
				if err != nil {
					failed = err
				} else if rec.Err != nil {
					t.Fatalf("at %d a record failed: %v", i, rec.Err)
				}
			}
			if !errors.Is(failed, bad) {
				t.Fatalf("at %d: %v", i, failed)
			}
		}
	}
	in := strings.Repeat(`{"resourceType":"Patient","id":"a"}`+"\n", 3)
	for i := range len(in) {
		var failed error
		for _, err := range NewParser().NDJSON(io.MultiReader(strings.NewReader(in[:i]), iotest.ErrReader(bad)), Stream{}) {
			if err != nil {
				failed = err
			}
		}
		if !errors.Is(failed, bad) {
			t.Fatalf("at %d: %v", i, failed)
		}
	}
}

// TestBundleStreamMemory reads a bundle that is larger than what it may take.
func TestBundleStreamMemory(t *testing.T) {
	entry := `{"resource":{"resourceType":"Patient","name":[{"text":"` + strings.Repeat("x", 1000) + `"}]}},`
	const n = 20000
	r := io.MultiReader(strings.NewReader(`{"resourceType":"Bundle","type":"collection","entry":[`),
		&repeated{text: entry, left: n}, strings.NewReader(`{"fullUrl":"u"}]}`))
	b := NewParser(Strict()).Bundle(r, Stream{})
	count := 0
	for rec, err := range b.Entries() {
		if err != nil || rec.Err != nil {
			t.Fatal(err, rec.Err)
		}
		rec.Tree.Release()
		count++
	}
	if count != n+1 || cap(b.in.buf) > 1<<20 {
		t.Errorf("%d entries, %d bytes", count, cap(b.in.buf))
	}
}

// repeated reads a text again and again.
type repeated struct {
	text string
	left int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func FuzzBundleStream(f *testing.F) {
	f.Add([]byte(bundleJSON), int64(1))
	f.Add([]byte(bundleXML), int64(2))
	f.Fuzz(func(t *testing.T, in []byte, seed int64) {
		run := func(r io.Reader) string {
			b := NewParser().Bundle(r, Stream{MaxRecord: 1000})
			out := summary(b.Entries())
			if head, err := b.Head(); err == nil {
				out += string(head.AppendJSON(nil, Compact))
			}
			return out
		}
		whole := run(bytes.NewReader(in))
		if pieces := run(chunked{bytes.NewReader(in), rand.New(rand.NewPCG(uint64(seed), 1))}); pieces != whole {
			t.Fatalf("pieces:\n%s\nwhole:\n%s", pieces, whole)
		}
		lines := func(r io.Reader) string { return summary(NewParser().NDJSON(r, Stream{MaxRecord: 100})) }
		whole = lines(bytes.NewReader(in))
		if pieces := lines(chunked{bytes.NewReader(in), rand.New(rand.NewPCG(uint64(seed), 2))}); pieces != whole {
			t.Fatalf("pieces:\n%s\nwhole:\n%s", pieces, whole)
		}
	})
}

// TestErrorsCountFromTheStart reads a bad record on the third line: its error
// names that line, as its findings do.
func TestErrorsCountFromTheStart(t *testing.T) {
	const good = `{"resourceType":"Patient","id":"a"}` + "\n"
	for rec, err := range NewParser().NDJSON(strings.NewReader(good+good+`{"resourceType":`), Stream{}) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Line == 3 && (rec.Err == nil || !strings.Contains(rec.Err.Error(), "3:17:") || rec.Issues[0].Line != 3) {
			t.Errorf("%v, %v", rec.Err, rec.Issues)
		}
	}
}

// TestBundleAsAWhole reads what is wrong with the entries together.
func TestBundleAsAWhole(t *testing.T) {
	for in, want := range map[string]Code{
		`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:a"}],"entry":[{"fullUrl":"urn:b"}]}`: CodeDuplicate,
		`{"resourceType":"Bundle","type":"collection","entry":[]}`:                                                  CodeEmpty,
		`{"resourceType":"Patient","entry":[{"fullUrl":"urn:a"}]}`:                                                  CodeResourceType,
		`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:a"}]}`:                               "",
	} {
		read := func(options ...Option) (*Tree, error) {
			b := NewParser(options...).Bundle(strings.NewReader(in), Stream{})
			for rec, err := range b.Entries() {
				if err != nil || rec.Err != nil {
					t.Fatal(err, rec.Err)
				}
			}
			return b.Head()
		}
		head, err := read()
		if err != nil {
			t.Fatal(err)
		}
		if got := head.Issues(); (want == "") != (len(got) == 0) || want != "" && got[0].Code != want {
			t.Errorf("%s: %v, want %q", in, got, want)
		}
		if _, err := read(Strict()); (err == nil) != (want == "") {
			t.Errorf("%s: strictly %v", in, err)
		}
	}
}

// TestBundleStreamOrder reads XML bundles whose entries stand among the other
// elements: what the parser of a whole bundle finds about the order, the stream
// finds too.
func TestBundleStreamOrder(t *testing.T) {
	const entry = `<entry><fullUrl value="urn:a"/></entry>`
	for _, content := range []string{
		`<type value="collection"/>` + entry,
		`<type value="collection"/>` + entry + entry + `<signature><type><code value="c"/></type><when value="2020-01-01T00:00:00Z"/><who><display value="w"/></who></signature>`,
		entry + `<type value="collection"/>`,
		`<id value="a"/>` + entry + `<type value="collection"/><total value="1"/>`,
		`<type value="searchset"/>` + entry + `<total value="1"/>` + entry,
		`<type value="searchset"/><signature><type><code value="c"/></type><when value="2020-01-01T00:00:00Z"/><who><display value="w"/></who></signature>` + entry,
		`<type value="searchset"/><link><relation value="self"/><url value="u"/></link>` + entry + `<link><relation value="next"/><url value="v"/></link>`,
		`<total value="1"/><type value="searchset"/>` + entry,
	} {
		in := `<Bundle` + ns + `>` + content + `</Bundle>`
		whole, err := Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		b := NewParser().Bundle(strings.NewReader(in), Stream{})
		for rec, err := range b.Entries() {
			if err != nil || rec.Err != nil {
				t.Fatal(err, rec.Err)
			}
		}
		head, err := b.Head()
		if err != nil {
			t.Fatal(err)
		}
		codes := func(issues []Issue) (out []string) {
			for _, i := range issues {
				out = append(out, string(i.Code)+" "+strings.TrimRight(i.Path, "[0123456789]"))
			}
			return out
		}
		if want, got := codes(whole.Issues()), codes(head.Issues()); !slices.Equal(want, got) {
			t.Errorf("%s: %v, want %v", content, got, want)
		}
	}
}
