package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// refused parses an input that a limit must refuse.
func refused(t *testing.T, in []byte, l Limits) {
	t.Helper()
	_, err := Parse(in, WithLimits(l))
	var pe *ParseError
	if !errors.As(err, &pe) {
		t.Fatalf("accepted, or another error: %v", err)
	}
	last := pe.Issues[len(pe.Issues)-1]
	if last.Code != CodeLimit || last.Severity != Fatal || last.Line < 1 {
		t.Errorf("%+v", last)
	}
}

// extensions nests extensions to a depth.
func extensions(depth int) string {
	return `{"resourceType":"Patient","extension":` + strings.Repeat(`[{"url":"u","extension":`, depth) +
		`[{"url":"u","valueCode":"c"}]` + strings.Repeat(`}]`, depth) + `}`
}

func TestLimits(t *testing.T) {
	patient := func(members string) []byte { return []byte(`{"resourceType":"Patient",` + members + `}`) }
	xmlDeep := func(n int) []byte {
		return []byte(`<Patient` + ns + `>` + strings.Repeat(`<extension url="u">`, n) + `<valueCode value="a"/>` + strings.Repeat(`</extension>`, n) + `</Patient>`)
	}
	div := func(n int) []byte {
		return []byte(`<Patient` + ns + `><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">` + strings.Repeat("<p>", n) + strings.Repeat("</p>", n) + `</div></text></Patient>`)
	}
	digits := strings.Repeat("1", 10000)
	var unknown strings.Builder
	for i := range 20 {
		fmt.Fprintf(&unknown, `"x%d":1,`, i)
	}
	for _, c := range []struct {
		name  string
		in    []byte
		limit Limits // crossed
		more  Limits // not crossed
	}{
		{"size", patient(`"id":"a"`), Limits{Size: 20}, Limits{Size: 100}},
		{"depth", []byte(extensions(10)), Limits{Depth: 20}, Limits{Depth: 30}},
		{"depth by default", []byte(extensions(100)), Limits{}, Limits{Depth: -1}},
		{"depth of arrays", patient(`"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000)), Limits{}, Limits{Depth: 2000}},
		{"depth of unknown objects", patient(`"x":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)), Limits{}, Limits{Depth: 2000}},
		{"depth of XML", xmlDeep(200), Limits{}, Limits{Depth: 300}},
		{"depth of unknown XML", []byte(`<Patient` + ns + `>` + strings.Repeat("<x>", 200) + strings.Repeat("</x>", 200) + `</Patient>`), Limits{}, Limits{Depth: 300}},
		{"value of an unknown member", patient(`"x":"` + strings.Repeat("a", 50) + `"`), Limits{Value: 40}, Limits{Value: 50}},
		{"value without quotes", patient(`"language":` + strings.Repeat("a", 50)), Limits{Value: 40}, Limits{Value: 50}},
		{"depth of narrative", div(200), Limits{}, Limits{Depth: 300}},
		{"value", patient(`"language":"` + strings.Repeat("a", 200) + `"`), Limits{Value: 100}, Limits{Value: 300}},
		{"value of XML", []byte(`<Patient` + ns + `><id value="` + strings.Repeat("a", 60) + `"/></Patient>`), Limits{Value: 50}, Limits{Value: 100}},
		{"narrative of XML", div(20), Limits{Value: 100}, Limits{Value: 1000}},
		{"digits", []byte(`{"resourceType":"Parameters","parameter":[{"name":"n","valueDecimal":` + digits + `}]}`), Limits{}, Limits{Digits: 20000}},
		{"digits of unknown", patient(`"x":` + digits), Limits{}, Limits{Digits: -1}},
		{"digits of XML", []byte(`<Parameters` + ns + `><parameter><name value="n"/><valueDecimal value="` + digits + `"/></parameter></Parameters>`), Limits{}, Limits{Digits: -1}},
		{"nodes", patient(`"active":true,"gender":"male","id":"a"`), Limits{Nodes: 3}, Limits{Nodes: 4}},
		{"names", patient(unknown.String() + `"id":"a"`), Limits{Names: 10}, Limits{Names: 20}},
		{"attributes", []byte(`<Patient` + ns + attributes(300) + `><id value="a"/></Patient>`), Limits{}, Limits{Size: -2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			refused(t, c.in, c.limit)
			if c.name == "attributes" {
				return // a fixed bound
			}
			if _, err := Parse(c.in, WithLimits(c.more)); err != nil {
				t.Error(err)
			}
		})
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d="1"`, i)
	}
	return b.String()
}

func TestIssueLimit(t *testing.T) {
	in := []byte(`{"resourceType":"Patient","name":[` + strings.TrimSuffix(strings.Repeat("1,", 50), ",") + `]}`)
	tree, err := Parse(in, WithLimits(Limits{Issues: 10}))
	if err != nil {
		t.Fatal(err)
	}
	issues := tree.Issues()
	if len(issues) != 11 || issues[10].Code != CodeTooMany {
		t.Errorf("%d findings: %v", len(issues), issues)
	}
	// What is left out still counts.
	if _, err := Parse(in, WithLimits(Limits{Issues: 1}), Strict()); err == nil {
		t.Error("accepted strictly")
	}
}

// TestBigInputs checks that memory stays in proportion to inputs that are
// made to need more.
func TestBigInputs(t *testing.T) {
	const size = 20 << 20
	for name, in := range map[string][]byte{
		"one string":     []byte(`{"resourceType":"Patient","language":"` + strings.Repeat("a", size) + `"}`),
		"open brackets":  bytes.Repeat([]byte("["), size),
		"open objects":   bytes.Repeat([]byte(`{"a":`), size/5),
		"open elements":  bytes.Repeat([]byte("<a>"), size/3),
		"white space":    bytes.Repeat([]byte(" "), size),
		"quotes":         bytes.Repeat([]byte(`"`), size),
		"escapes":        []byte(`{"resourceType":"Patient","language":"` + strings.Repeat(`\n`, size/2) + `"}`),
		"one comment":    []byte("<!--" + strings.Repeat(" ", size)),
		"one entity":     []byte(`<Patient` + ns + `><id value="` + strings.Repeat("&amp;", size/5) + `"/></Patient>`),
		"hidden types":   bytes.Repeat([]byte(`{"contained":[`), size/14),
		"hidden types 2": []byte(strings.Repeat(`{"contained":[`, 50) + `"` + strings.Repeat("a", size) + `"`),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			tree, err := Parse(in)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 8*size {
				t.Errorf("%d MB for %d", used>>20, size>>20)
			}
			// Quadratic work on 20 MB would take hours.
			if took > 5*time.Minute {
				t.Errorf("%v", took)
			}
			if err == nil {
				tree.Release()
			}
		})
	}
}

// TestHundredMegabytes crosses the limit of a value with one string of 100 MB.
func TestHundredMegabytes(t *testing.T) {
	if os.Getenv("NHSKIT_LONG") == "" {
		t.Skip("set NHSKIT_LONG=1")
	}
	in := []byte(`{"resourceType":"Patient","language":"` + strings.Repeat("a", 100<<20) + `"}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	refused(t, in, Limits{})
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 350<<20 {
		t.Errorf("%d MB", used>>20)
	}
	if tree, err := Parse(in, WithLimits(Limits{Value: -1})); err != nil {
		t.Error(err)
	} else {
		tree.Release()
	}
}

// TestPersonalDataStaysOut puts a marker into values and checks that no
// finding shows it.
func TestPersonalDataStaysOut(t *testing.T) {
	const marker = "9434765919"
	for _, in := range []string{
		`{"resourceType":"Patient","birthDate":"` + marker + `x"}`,
		`{"resourceType":"` + marker + `"}`,
		`{"resourceType":"Patient","gender":` + marker + `}`,
		`{"resourceType":"Patient","active":` + marker + `}`,
		`{"resourceType":"Patient","id":"` + marker + `_","identifier":[{"value":"` + marker + `",}]}`,
		`{"resourceType":"Patient","id":"` + marker + ` "`,
		`<Patient` + ns + `><birthDate value="` + marker + `x"/></Patient>`,
		`<Patient` + ns + `>` + marker + `</Patient>`,
		`<Patient` + ns + `><id value="` + marker + `"`,
	} {
		tree, err := Parse([]byte(in))
		text := fmt.Sprintf("%v %+v", err, err)
		var pe *ParseError
		if errors.As(err, &pe) {
			text += fmt.Sprintf("%+v", pe.Issues)
		}
		if tree != nil {
			text += fmt.Sprintf("%+v %v", tree.Issues(), tree.Root())
		}
		if strings.Contains(text, marker) {
			t.Errorf("%s: %s", in, text)
		}
		if err == nil && len(tree.Issues()) == 0 {
			t.Errorf("%s: no findings", in)
		}
	}
}
