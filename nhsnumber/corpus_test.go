package nhsnumber

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// corpusFile returns a file of the shared corpora, and skips without them.
func corpusFile(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("NHSKIT_CORPORA")
	if dir == "" {
		root, err := os.Getwd()
		for err == nil {
			if _, e := os.Stat(filepath.Join(root, "go.mod")); e == nil {
				break
			}
			if filepath.Dir(root) == root {
				t.Skip("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "corpora")
	}
	data, err := os.ReadFile(filepath.Join(dir, "nhsnumber", name))
	if err != nil {
		t.Skip("corpora absent: set NHSKIT_CORPORA")
	}
	return data
}

// corpusJSON decodes a file of the corpus into v.
func corpusJSON(t *testing.T, name string, v any) {
	t.Helper()
	if err := json.Unmarshal(corpusFile(t, name), v); err != nil {
		t.Fatal(err)
	}
}

// suite runs one subtest per case and holds the number that pass against the
// floor file.
func suite(t *testing.T, name string, total int, run func(t *testing.T, i int)) {
	t.Helper()
	passed := 0
	for i := range total {
		if t.Run(fmt.Sprintf("%d", i), func(t *testing.T) { run(t, i) }) {
			passed++
		}
	}
	holdFloor(t, name, passed, total)
}

// holdFloor compares what passes with the floor file.
func holdFloor(t *testing.T, name string, passed, total int) {
	t.Helper()
	data, err := os.ReadFile("testdata/floor.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != name {
			continue
		}
		floor, _ := strconv.Atoi(f[1])
		known, _ := strconv.Atoi(f[2])
		if passed < floor || total < known {
			t.Errorf("%s: %d of %d pass, the floor is %d of %d", name, passed, total, floor, known)
		}
		return
	}
	t.Errorf("testdata/floor.txt has no line for %s (%d of %d)", name, passed, total)
}

// class returns the class of an error as the corpus names it.
func class(err error) string {
	if err == nil {
		return "ok"
	}
	if e, ok := err.(*Error); ok {
		return e.Class.String()
	}
	return err.Error()
}

func TestCorpusParse(t *testing.T) {
	var cases []struct{ Input, Strict, Lenient, Canonical, Display string }
	corpusJSON(t, "parse.json", &cases)
	suite(t, "parse", len(cases), func(t *testing.T, i int) {
		c := cases[i]
		for _, mode := range []struct {
			name, want string
			parse      func(string) (Number, error)
		}{{"strict", c.Strict, ParseStrict}, {"lenient", c.Lenient, Parse}} {
			n, err := mode.parse(c.Input)
			if got := class(err); got != mode.want {
				t.Errorf("%s %q: %s, want %s", mode.name, c.Input, got, mode.want)
			}
			if err == nil && (n.Digits() != c.Canonical || n.Display() != c.Display) {
				t.Errorf("%s %q: %s, %s", mode.name, c.Input, n.Digits(), n.Display())
			}
			if e, ok := err.(*Error); ok && (e.Offset < 0 || e.Offset > len(c.Input)) {
				t.Errorf("%s %q: offset %d", mode.name, c.Input, e.Offset)
			}
		}
		if Valid(c.Input) != (c.Lenient == "ok") {
			t.Errorf("Valid(%q) = %v", c.Input, Valid(c.Input))
		}
	})
}

func TestCorpusCheckDigits(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(string(corpusFile(t, "check-digits.csv"))), "\n")[1:]
	passed := 0
	for _, row := range rows {
		nine, want, _ := strings.Cut(strings.TrimSpace(row), ",")
		v, err := strconv.ParseUint(nine, 10, 32)
		if err != nil {
			t.Fatalf("row %q", row)
		}
		got := "X"
		if c, ok := CheckDigit(uint32(v)); ok {
			got = strconv.Itoa(c)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", nine, got, want)
			continue
		}
		passed++
	}
	holdFloor(t, "check-digits", passed, len(rows))
}

func TestCorpusRanges(t *testing.T) {
	var file struct {
		Ranges []struct {
			Region        Region
			First9, Last9 string
		}
	}
	corpusJSON(t, "ranges.json", &file)
	var got []Range
	for r := range DefaultRanges().All() {
		got = append(got, r)
	}
	if len(got) != len(file.Ranges) {
		t.Fatalf("%d ranges, want %d", len(got), len(file.Ranges))
	}
	suite(t, "ranges", len(got), func(t *testing.T, i int) {
		w, g := file.Ranges[i], got[i]
		if first, last := fmt.Sprintf("%09d", g.First), fmt.Sprintf("%09d", g.Last); g.Region != w.Region || first != w.First9 || last != w.Last9 {
			t.Errorf("%s %s-%s, want %+v", g.Region, first, last, w)
		}
		if g.Source == "" || g.SourceDate == "" {
			t.Error("a range needs its source and date")
		}
	})
}

func TestCorpusRegionBoundaries(t *testing.T) {
	var cases []struct {
		Number string
		Region Region
	}
	corpusJSON(t, "region-boundaries.json", &cases)
	suite(t, "region-boundaries", len(cases), func(t *testing.T, i int) {
		n, err := ParseStrict(cases[i].Number)
		if err != nil || n.Region() != cases[i].Region {
			t.Errorf("%s: %s, %v; want %s", cases[i].Number, n.Region(), err, cases[i].Region)
		}
	})
}
