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

// disputes counts the rows of a list of cases that the standard contradicts,
// without its heading.
func disputes(csv []byte) int {
	return max(0, strings.Count(strings.TrimSpace(string(csv)), "\n"))
}

// fell says whether fewer cases of a suite pass than did. Cases that have been
// disputed since, each with its evidence, count neither way.
func fell(before, now floor, disputed int) bool {
	left := min(max(0, before.total-now.total), max(0, disputed))
	return now.passed < before.passed-left
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
		list := filepath.ToSlash(filepath.Join(filepath.Dir(name), "disputed.csv"))
		disputed, _ := os.ReadFile(filepath.Join(root, list))
		for _, rev := range strings.Fields(run(t, nil, "git", "log", "--format=%H", "--", name)) {
			show := func(file string) ([]byte, error) {
				cmd := exec.Command("git", "show", rev+":"+file)
				cmd.Dir = root
				return cmd.Output()
			}
			old, err := show(name)
			if err != nil {
				continue // the file did not exist in that revision
			}
			before, _, err := parseFloors(string(old))
			if err != nil {
				continue
			}
			was, _ := show(list)
			for suite, f := range before {
				if n := now[suite]; fell(f, n, disputes(disputed)-disputes(was)) {
					t.Errorf("%s: %s fell from %d (in %.8s) to %d", name, suite, f.passed, rev, n.passed)
				}
			}
		}
	}
}

func TestFell(t *testing.T) {
	for _, c := range []struct {
		before, now floor
		disputed    int
		want        bool
	}{
		{floor{5, 6}, floor{5, 6}, 0, false},
		{floor{5, 6}, floor{6, 6}, 0, false},
		{floor{5, 6}, floor{4, 6}, 0, true},
		{floor{5, 6}, floor{4, 6}, 1, true},  // disputed, but still counted
		{floor{5, 6}, floor{4, 5}, 0, true},  // left out without a reason
		{floor{5, 6}, floor{4, 5}, 1, false}, // left out with one
		{floor{5, 6}, floor{3, 5}, 1, true},
		{floor{5, 6}, floor{4, 5}, -1, true},
	} {
		if got := fell(c.before, c.now, c.disputed); got != c.want {
			t.Errorf("%v, %v, %d: %v", c.before, c.now, c.disputed, got)
		}
	}
}
