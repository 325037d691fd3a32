package fhir

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/growth"
)

// checkParse parses an input and checks what must hold for any.
func checkParse(t *testing.T, in []byte, options ...Option) {
	t.Helper()
	tree, err := Parse(in, options...)
	var issues []Issue
	if err != nil {
		var pe *ParseError
		if !errors.As(err, &pe) || len(pe.Issues) == 0 || tree != nil {
			t.Fatalf("%v %v", tree, err)
		}
		issues = pe.Issues
	} else {
		issues = tree.Issues()
	}
	last := int64(0)
	for _, i := range issues {
		if i.Offset < last || i.Offset > int64(len(in)) || i.Line < 1 || i.Col < 1 || i.Text == "" {
			t.Fatalf("position of %+v", i)
		}
		last = i.Offset
	}
	if tree == nil {
		return
	}
	checkTree(t, tree)
	out := tree.AppendJSON(nil, Compact)
	if !json.Valid(out) {
		t.Fatalf("not JSON: %s", out)
	}
	if tree.Format() == JSON && len(issues) == 0 {
		var want bytes.Buffer
		if err := json.Compact(&want, in); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		// Escapes in names of members are not kept, only what they mean.
		if !bytes.Equal(out, want.Bytes()) && !(bytes.Contains(in, []byte(`\`)) && sameJSON(t, out, in)) {
			t.Fatalf("changed:\n%s\n%s", out, want.Bytes())
		}
	}
	if len(issues) > 0 {
		return
	}
	if tree.Format() == XML {
		if err := tokens(in); err != nil {
			t.Fatalf("accepted what is no XML: %v", err)
		}
	}
	// A faultless tree goes through the other format unchanged.
	canonical := tree.AppendJSON(nil, Canonical)
	doc, err := tree.AppendXML(nil, Compact)
	if err != nil {
		if tree.Format() == XML || !errors.Is(err, ErrNotXML) {
			t.Fatal(err)
		}
		return
	}
	back, err := Parse(doc)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	if got := back.AppendJSON(nil, Canonical); !bytes.Equal(got, canonical) {
		t.Fatalf("through XML:\n%s\n%s", got, canonical)
	}
}

// sameJSON compares two texts as values, numbers by their digits.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var values [2]any
	for i, text := range [2][]byte{a, b} {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&values[i]); err != nil {
			t.Fatal(err)
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

// tokens reads XML with the standard library.
func tokens(in []byte) error {
	d := xml.NewDecoder(bytes.NewReader(in))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, in := range jsonGood {
		f.Add([]byte(in))
	}
	for _, c := range append(jsonBad, jsonBroken...) {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		checkParse(t, in, In(JSON))
		checkParse(t, in, In(JSON), Plain())
	})
}

func FuzzXML(f *testing.F) {
	for _, c := range xmlGood {
		f.Add([]byte(c[0]))
	}
	for _, c := range append(xmlBad, xmlBroken...) {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) { checkParse(t, in, In(XML)) })
}

// TestTruncatedAndFlipped parses every prefix of an input, and the input with
// every byte changed.
func TestTruncatedAndFlipped(t *testing.T) {
	for _, in := range []string{jsonGood[14], jsonGood[17], xmlGood[4][0], xmlGood[7][0]} {
		for i := range in {
			checkParse(t, []byte(in[:i]))
			for _, c := range []byte("\x00\"\\{}[]<>/&:,n1 \xff") {
				b := []byte(in)
				b[i] = c
				checkParse(t, b)
			}
		}
	}
}

// TestGrowth checks that time grows with the input and not with its square.
func TestGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for name, make := range map[string]func(n int) string{
		"entries": func(n int) string {
			return `{"resourceType":"Bundle","type":"collection","entry":[` + strings.TrimSuffix(strings.Repeat(`{"fullUrl":"u","resource":{"id":"a","resourceType":"Patient"}},`, n), ",") + `]}`
		},
		"companions": func(n int) string {
			return `{"resourceType":"Patient","name":[{"given":[` + strings.TrimSuffix(strings.Repeat(`"a",`, n), ",") + `],"_given":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a"},`, n), ",") + `]}]}`
		},
		"companions first": func(n int) string {
			return `{"resourceType":"Patient","name":[{"_given":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a"},`, n), ",") + `],"family":"f","given":[` + strings.TrimSuffix(strings.Repeat(`"a",`, n), ",") + `]}]}`
		},
		"unknown": func(n int) string {
			return `{"resourceType":"Patient",` + strings.Repeat(`"a":{"b":[1,2]},`, n) + `"id":"a"}`
		},
		"duplicates": func(n int) string {
			return `{"resourceType":"Patient",` + strings.Repeat(`"active":true,`, n) + `"id":"a"}`
		},
		"alternating duplicates": func(n int) string {
			return `{"resourceType":"Patient","name":[` + strings.Repeat(`{"text":"a"},`, n) + `{"text":"a"}],"active":true,"gender":"male",` + strings.Repeat(`"active":true,"gender":"male",`, n) + `"id":"a"}`
		},
		"many unknown": func(n int) string {
			var b strings.Builder
			for i := range n {
				b.WriteString(`"x` + strconv.Itoa(i%4000) + `":1,`)
			}
			return `{"resourceType":"Patient",` + b.String() + `"id":"a"}`
		},
		"nulls": func(n int) string {
			return `{"resourceType":"Patient","name":[{"given":[` + strings.Repeat(`null,`, n) + `"a"]}]}`
		},
		"XML entries": func(n int) string {
			return `<Bundle` + ns + `><type value="collection"/>` + strings.Repeat(`<entry><fullUrl value="u"/><resource><Patient><id value="a"/></Patient></resource></entry>`, n) + `</Bundle>`
		},
		"XML scattered": func(n int) string {
			return `<Patient` + ns + `>` + strings.Repeat(`<name><text value="a"/></name><link><other><display value="a"/></other><type value="refer"/></link>`, n) + `</Patient>`
		},
		"XML unknown": func(n int) string {
			return `<Patient` + ns + `>` + strings.Repeat(`<a value="1"/>`, n) + `</Patient>`
		},
		"XML twice": func(n int) string {
			return `<Patient` + ns + `>` + strings.Repeat(`<active value="true"/>`, n) + `</Patient>`
		},
	} {
		t.Run(name, func(t *testing.T) {
			growth.Check(t, name, 2000, func(n int) func() {
				in := []byte(make(n))
				return func() {
					tree, err := Parse(in)
					if err != nil {
						t.Fatal(err)
					}
					tree.AppendJSON(nil, Compact)
					tree.Release()
				}
			})
		})
	}
}
