package checks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// floor is one line of a floor file: how many cases of a suite pass at least,
// of how many.
type floor struct{ passed, total int }

// floorFiles returns the tracked floor files, relative to the root.
func floorFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range tracked(t) {
		if strings.HasSuffix(name, "testdata/floor.txt") {
			out = append(out, name)
		}
	}
	return out
}

// parseFloors reads lines of "suite passed total"; # begins a comment.
func parseFloors(text string) (map[string]floor, []string, error) {
	floors := make(map[string]floor)
	var order []string
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) < 3 {
			return nil, nil, fmt.Errorf("line %d: want: suite passed total", i+1)
		}
		passed, err1 := strconv.Atoi(f[1])
		total, err2 := strconv.Atoi(f[2])
		if err1 != nil || err2 != nil || passed > total {
			return nil, nil, fmt.Errorf("line %d: want: suite passed total", i+1)
		}
		floors[f[0]] = floor{passed, total}
		order = append(order, f[0])
	}
	return floors, order, nil
}

// TestFloors prints the table of conformance suites.
func TestFloors(t *testing.T) {
	for _, name := range floorFiles(t) {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		floors, order, err := parseFloors(string(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		pkg := strings.TrimSuffix(name, "/testdata/floor.txt")
		for _, suite := range order {
			f := floors[suite]
			t.Logf("%-20s %-36s %6d of %6d", pkg, suite, f.passed, f.total)
		}
	}
}

// TestFloorsOnlyRise compares each floor file with all its earlier versions.
func TestFloorsOnlyRise(t *testing.T) {
	for _, name := range floorFiles(t) {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		now, _, err := parseFloors(string(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, rev := range strings.Fields(run(t, nil, "git", "log", "--format=%H", "--", name)) {
			cmd := exec.Command("git", "show", rev+":"+name)
			cmd.Dir = root
			old, err := cmd.Output()
			if err != nil {
				continue // the file did not exist in that revision
			}
			before, _, err := parseFloors(string(old))
			if err != nil {
				continue
			}
			for suite, f := range before {
				if n, ok := now[suite]; ok && n.passed < f.passed {
					t.Errorf("%s: %s fell from %d (in %.8s) to %d", name, suite, f.passed, rev, n.passed)
				}
			}
		}
	}
}
