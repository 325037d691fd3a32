package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryExportedNameDocumented wants a comment on every exported type,
// function, method, constant and variable, and a package comment.
func TestEveryExportedNameDocumented(t *testing.T) {
	for _, p := range ownPackages(t) {
		if p.Name == "main" {
			continue
		}
		set, files := parsed(t, p)
		documented := false
		for _, f := range files {
			documented = documented || f.Doc != nil
			for _, decl := range f.Decls {
				for _, name := range undocumented(decl) {
					t.Errorf("%s: %s has no comment", set.Position(decl.Pos()), name)
				}
			}
		}
		if !documented {
			t.Errorf("%s: no package comment", p.rel())
		}
	}
}

// undocumented returns the exported names of a declaration that lack a
// comment. A comment on a group of constants or variables serves them all.
func undocumented(decl ast.Decl) []string {
	var out []string
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d.Recv)) && !isInterfaceMethod(d) {
			out = append(out, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					out = append(out, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						out = append(out, name.Name)
					}
				}
			}
		}
	}
	return out
}

// isInterfaceMethod says that a method has the name and meaning the standard
// library gives it, so that a comment would only repeat it.
func isInterfaceMethod(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{"Error", "Unwrap", "Is"}, d.Name.Name)
}

func exportedReceiver(recv *ast.FieldList) bool {
	typ := recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// mainVerb matches the functions a newcomer calls first.
var mainVerb = regexp.MustCompile(`^(Parse|Valid|Validate|Compile|Open|Build|Load|Convert|Decide|Extract|Redact|Generate|Read|Diff|Encode|Decode|Marshal|Unmarshal|Format|Escape|Unescape)$`)

// TestMainVerbsHaveExamples wants, for each core package, an Example that
// checks its output, and for each main verb an Example that calls it.
func TestMainVerbsHaveExamples(t *testing.T) {
	for _, p := range ownPackages(t) {
		if !p.isCore() || strings.Contains(p.rel(), "internal/") {
			continue
		}
		called, any := exampleCalls(t, p)
		if !any {
			t.Errorf("%s: no Example with an Output comment", p.rel())
		}
		_, files := parsed(t, p)
		for _, f := range files {
			for _, decl := range f.Decls {
				d, ok := decl.(*ast.FuncDecl)
				if ok && d.Recv == nil && mainVerb.MatchString(d.Name.Name) && !called[d.Name.Name] {
					t.Errorf("%s: no Example with an Output comment calls %s.%s", p.rel(), p.Name, d.Name.Name)
				}
			}
		}
	}
}

// exampleCalls returns the names that the package's Examples with an Output
// comment select, and whether there is such an Example.
func exampleCalls(t *testing.T, p goPackage) (called map[string]bool, any bool) {
	t.Helper()
	called = make(map[string]bool)
	tests, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range tests {
		f, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || d.Recv != nil || !strings.HasPrefix(d.Name.Name, "Example") || !hasOutput(f, d) {
				continue
			}
			any = true
			ast.Inspect(d.Body, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					called[sel.Sel.Name] = true
				}
				return true
			})
		}
	}
	return called, any
}

func hasOutput(f *ast.File, d *ast.FuncDecl) bool {
	for _, c := range f.Comments {
		text := c.Text()
		if c.Pos() > d.Body.Lbrace && c.End() < d.Body.Rbrace && (strings.HasPrefix(text, "Output:") || strings.HasPrefix(text, "Unordered output:")) {
			return true
		}
	}
	return false
}
