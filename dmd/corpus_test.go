package dmd

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// corpus returns the path of something in the public corpora, or skips the test.
func corpus(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("NHSKIT_CORPORA")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if filepath.Dir(dir) == dir {
				t.Fatal("no go.mod above the package")
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared", "corpora")
	}
	path := filepath.Join(root, "dmd", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("corpus dmd/%s is not here; set NHSKIT_CORPORA", name)
	}
	return path
}

// readJSON reads a file of a corpus into v.
func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// floor holds a suite to the number of cases it passed before.
func floor(t *testing.T, suite string, passed, total int) {
	t.Helper()
	f, err := os.Open("testdata/floor.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line, _, _ := strings.Cut(sc.Text(), "#")
		c := strings.Fields(line)
		if len(c) != 3 || c[0] != suite {
			continue
		}
		least, _ := strconv.Atoi(c[1])
		all, _ := strconv.Atoi(c[2])
		if passed < least || total != all {
			t.Errorf("%s: %d of %d pass, floor %d of %d", suite, passed, total, least, all)
		}
		t.Logf("%s: %d of %d", suite, passed, total)
		return
	}
	t.Errorf("%s: no floor for this suite", suite)
}
