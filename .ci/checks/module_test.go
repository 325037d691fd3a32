// Package checks holds the rules of the whole module that no single package
// can check for itself: who may import whom, what happens at start-up, what is
// documented, what the README shows. It is run by name: go test ./.ci/checks.
package checks

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	modulePath = "github.com/nhskit/nhskit"
	root       = "../.." // of the module, from this folder
)

// goPackage is the part of go list's answer that the checks read.
type goPackage struct {
	ImportPath string
	Name       string
	Dir        string
	Standard   bool
	GoFiles    []string
	CgoFiles   []string
	OtherFiles []string `json:"IgnoredGoFiles"`
	Deps       []string
	Module     *struct{ Path string }
}

// rel is the package's path below the module: "hl7v2/tofhir".
func (p goPackage) rel() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, modulePath), "/")
}

// isCore says that users import the package: no command, generator or test
// helper.
func (p goPackage) isCore() bool {
	rel := p.rel()
	return p.Name != "main" && !strings.HasPrefix(rel, "examples/") && !strings.Contains(rel, "internal/gen") && !p.isTestHelper()
}

// isTestHelper says that the package is one for users' tests, such as
// hl7v2/hl7v2test.
func (p goPackage) isTestHelper() bool { return strings.HasSuffix(p.rel(), "test") }

// run executes a command at the root of the module and returns what it
// printed.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String()
}

var listOnce = sync.OnceValues(func() (map[string]goPackage, error) {
	cmd := exec.Command("go", "list", "-deps", "-json", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	all := make(map[string]goPackage)
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			return nil, err
		}
		all[p.ImportPath] = p
	}
	return all, nil
})

// allPackages returns the module's packages and all they need, by import
// path.
func allPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	all, err := listOnce()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return all
}

// ownPackages returns the module's packages.
func ownPackages(t *testing.T) []goPackage {
	t.Helper()
	var own []goPackage
	for path, p := range allPackages(t) {
		if path == modulePath || strings.HasPrefix(path, modulePath+"/") {
			own = append(own, p)
		}
	}
	if len(own) == 0 {
		t.Fatal("go list found no package of the module")
	}
	return own
}

// parsed returns the package's files that are built here, with comments.
func parsed(t *testing.T, p goPackage) (*token.FileSet, []*ast.File) {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return set, files
}

// tracked returns the files that git tracks, relative to the root.
func tracked(t *testing.T) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(run(t, nil, "git", "ls-files")), "\n")
}
