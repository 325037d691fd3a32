// Package corpus finds the public test data for the tests, and holds their
// results to the floor files.
package corpus

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Path returns the path of something in the corpora: at NHSKIT_CORPORA, or at
// ../shared/corpora beside the module. It skips the test where there are no
// corpora, and fails it where they lack what is asked for.
func Path(t testing.TB, name ...string) string {
	t.Helper()
	root, ok := Root(t)
	if !ok {
		t.Skip("no corpora beside the module; set NHSKIT_CORPORA")
	}
	path := filepath.Join(append([]string{root}, name...)...)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Root returns the folder of the corpora, and whether it is there.
func Root(t testing.TB) (dir string, ok bool) {
	t.Helper()
	dir = os.Getenv("NHSKIT_CORPORA")
	if dir == "" {
		dir = filepath.Join(module(t), "..", "shared", "corpora")
	}
	_, err := os.Stat(dir)
	return dir, err == nil
}

// module returns the folder of go.mod above the test.
func module(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// Read returns a file of the corpora.
func Read(t testing.TB, name ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(Path(t, name...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ReadJSON decodes a file of the corpora.
func ReadJSON(t testing.TB, to any, name ...string) {
	t.Helper()
	if err := json.Unmarshal(Read(t, name...), to); err != nil {
		t.Fatalf("%s: %v", filepath.Join(name...), err)
	}
}

// Floor fails the test if fewer cases of a suite pass than testdata/floor.txt
// says, or if there are fewer cases: its lines are suite, passed, total.
func Floor(t testing.TB, suite string, passed, total int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "floor.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d of %d", suite, passed, total)
	for line := range strings.Lines(string(data)) {
		var name string
		var least, all int
		if n, _ := fmt.Sscan(line, &name, &least, &all); n != 3 || name != suite {
			continue
		}
		if passed < least || total < all {
			t.Errorf("%s: %d of %d pass, the floor is %d of %d", suite, passed, total, least, all)
		}
		return
	}
	t.Errorf("testdata/floor.txt has no line for %s: %d of %d pass", suite, passed, total)
}
