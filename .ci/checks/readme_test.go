package checks

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is one fenced block of the README.
type block struct {
	lang string
	line int
	text string
}

func readme(t *testing.T) (lines []string, blocks []block) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	open := -1
	for i, line := range lines {
		lang, fence := strings.CutPrefix(line, "```")
		switch {
		case !fence:
		case open < 0:
			open = len(blocks)
			blocks = append(blocks, block{lang: lang, line: i + 1})
		default:
			b := &blocks[open]
			b.text = strings.Join(lines[b.line:i], "\n") + "\n"
			open = -1
		}
	}
	return lines, blocks
}

func TestReadmeLength(t *testing.T) {
	if lines, _ := readme(t); len(lines) > 150 {
		t.Errorf("README.md has %d lines, more than 150", len(lines))
	}
}

// TestReadmeSnippets compiles every Go block as the body of a main function,
// with the imports that its selectors need.
func TestReadmeSnippets(t *testing.T) {
	std := map[string]string{"fmt": "fmt", "os": "os", "strings": "strings", "context": "context", "time": "time", "bytes": "bytes", "log": "log", "errors": "errors"}
	known := make(map[string]string)
	for _, p := range ownPackages(t) {
		if p.isCore() {
			if old, taken := known[p.Name]; !taken || len(p.ImportPath) < len(old) {
				known[p.Name] = p.ImportPath
			}
		}
	}
	selector := regexp.MustCompile(`\b([a-z][a-z0-9]*)\.[A-Z]`)
	named := regexp.MustCompile(`// package (\S+)`) // says which of two packages of a name is meant
	_, blocks := readme(t)
	n := 0
	for _, b := range blocks {
		if b.lang != "go" {
			continue
		}
		n++
		imports := make(map[string]bool)
		known := maps.Clone(known)
		for _, m := range named.FindAllStringSubmatch(b.text, -1) {
			known[path.Base(m[1])] = modulePath + "/" + m[1]
		}
		for _, m := range selector.FindAllStringSubmatch(b.text, -1) {
			if path, ok := known[m[1]]; ok {
				imports[path] = true
			} else if path, ok := std[m[1]]; ok {
				imports[path] = true
			}
		}
		paths := slices.Sorted(maps.Keys(imports))
		var src strings.Builder
		src.WriteString("package main\n\nimport (\n")
		for _, path := range paths {
			fmt.Fprintf(&src, "\t%q\n", path)
		}
		fmt.Fprintf(&src, ")\n\nfunc main() {\n//line README.md:%d\n%s}\n", b.line+1, b.text)
		t.Run(fmt.Sprintf("line %d", b.line), func(t *testing.T) {
			buildOverlay(t, fmt.Sprintf("readme%d", b.line), src.String())
		})
	}
	if n == 0 {
		t.Error("README.md has no Go block")
	}
}

// TestReadmeTour holds the output that the README shows against what the tour
// prints: the same lines in the same order, figures aside. A line of three
// dots stands for any number of lines.
func TestReadmeTour(t *testing.T) {
	figures := regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)
	plain := func(s string) string {
		return figures.ReplaceAllString(strings.Join(strings.Fields(s), " "), "#")
	}
	real := strings.Split(run(t, nil, "go", "run", "./examples/nhskit"), "\n")
	_, blocks := readme(t)
	shown := ""
	for _, b := range blocks {
		if b.lang == "text" {
			shown = b.text
			break
		}
	}
	if shown == "" {
		t.Fatal("README.md shows no output of the tour in a text block")
	}
	at, gap := 0, false
	for line := range strings.SplitSeq(strings.TrimSuffix(shown, "\n"), "\n") {
		if strings.TrimSpace(line) == "..." || strings.TrimSpace(line) == "…" {
			gap = true
			continue
		}
		for gap && at < len(real) && plain(real[at]) != plain(line) {
			at++
		}
		if at >= len(real) || plain(real[at]) != plain(line) {
			t.Fatalf("README.md shows a line that the tour does not print there: %q", line)
		}
		at, gap = at+1, false
	}
}
