package checks

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNoInit refuses init functions and exported variables that a program
// could change. Exported errors made by errors.New are the one exception: the
// language has no constant for them.
func TestNoInit(t *testing.T) {
	for _, p := range ownPackages(t) {
		if !p.isCore() && !p.isTestHelper() {
			continue
		}
		set, files := parsed(t, p)
		for _, f := range files {
			for _, decl := range f.Decls {
				switch d := decl.(type) {
				case *ast.FuncDecl:
					if d.Recv == nil && d.Name.Name == "init" {
						t.Errorf("%s: func init", set.Position(d.Pos()))
					}
				case *ast.GenDecl:
					if d.Tok != token.VAR {
						continue
					}
					for _, spec := range d.Specs {
						v := spec.(*ast.ValueSpec)
						for i, name := range v.Names {
							if name.IsExported() && !isNewError(v, i) {
								t.Errorf("%s: exported variable %s", set.Position(name.Pos()), name.Name)
							}
						}
					}
				}
			}
		}
	}
}

// isNewError reports whether the i-th name of v is set by errors.New.
func isNewError(v *ast.ValueSpec, i int) bool {
	if i >= len(v.Values) {
		return false
	}
	call, ok := v.Values[i].(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "errors" && sel.Sel.Name == "New"
}

// TestNoAllocationAtStart links a program with every core package and reads
// from the runtime's own trace what each one allocates before main.
func TestNoAllocationAtStart(t *testing.T) {
	var src strings.Builder
	src.WriteString("package main\n\nimport (\n")
	for _, p := range ownPackages(t) {
		if p.isCore() && !strings.Contains(p.rel(), "internal/") {
			fmt.Fprintf(&src, "\t_ %q\n", p.ImportPath)
		}
	}
	src.WriteString(")\n\nfunc main() {}\n")
	bin := buildOverlay(t, "startprobe", src.String())
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	line := regexp.MustCompile(`(?m)^init (\S+) .* (\d+) bytes, (\d+) allocs$`)
	for _, m := range line.FindAllStringSubmatch(string(out), -1) {
		pkg, allocs := m[1], m[3]
		if strings.HasPrefix(pkg, modulePath+"/") && allocs != "0" {
			t.Errorf("%s: %s allocations at start", pkg, allocs)
		}
	}
}

// buildOverlay builds a main package that exists only in memory, inside the
// module, and returns the program's path.
func buildOverlay(t *testing.T, name, source string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(base, "examples", name, "main.go"): file},
	})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, name)
	run(t, nil, "go", "build", "-o", bin, "-overlay", overlayFile, "./examples/"+name)
	return bin
}
