package fhir

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// TestBuilderCopiesExamples builds each official example again, node by node.
func TestBuilderCopiesExamples(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus.Path(t, "fhir"), "examples-r4", "*.json"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		root := tree.Root()
		b := NewBuilder(R4(), root.Type().Name())
		for c := range root.Children() {
			b.Copy(c.Key(), c)
		}
		built, err := b.Tree()
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
			continue
		}
		checkTree(t, built)
		if got, want := built.AppendJSON(nil, Canonical), tree.AppendJSON(nil, Canonical); !bytes.Equal(got, want) {
			t.Errorf("%s: %s", filepath.Base(f), firstDifference(string(got), string(want)))
		}
		built.Release()
		tree.Release()
	}
}

func TestBuilder(t *testing.T) {
	b := NewBuilder(R4(), "Patient")
	b.Value("id", "a")
	b.Open("name")
	b.Value("text", "\"quotes\" & <tags>\n")
	b.Close()
	b.Open("photo") // stays empty and is dropped
	b.Close()
	b.OpenResource("contained", "Group")
	b.Value("type", "person")
	b.Close()
	b.Open("name") // apart from the first one
	b.Open("given")
	b.Value("id", "g")
	b.Close()
	b.Open("given")
	b.SetValue("x")
	b.Close()
	b.Close()
	b.Value("deceasedBoolean", "true")
	tree, err := b.Tree()
	if err != nil {
		t.Fatal(err)
	}
	checkTree(t, tree)
	want := `{"resourceType":"Patient","id":"a","name":[{"text":"\"quotes\" & <tags>\n"},{"given":[null,"x"],"_given":[{"id":"g"},null]}],` +
		`"contained":[{"resourceType":"Group","type":"person"}],"deceasedBoolean":true}`
	if got := string(tree.AppendJSON(nil, Compact)); got != want {
		t.Error(got)
	}
	back, err := Parse([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := tree.AppendXML(nil, Compact)
	two, err2 := back.AppendXML(nil, Compact)
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Errorf("%v %v\n%s\n%s", err1, err2, one, two)
	}
}

func TestBuilderErrors(t *testing.T) {
	plain, err := Parse([]byte(`{"a":{"b":1}}`), Plain())
	if err != nil {
		t.Fatal(err)
	}
	for name, fill := range map[string]func(b *Builder){
		"unknown element":         func(b *Builder) { b.Value("nam", "x") },
		"unknown resource":        func(b *Builder) { b.OpenResource("contained", "Patent") },
		"data type as a resource": func(b *Builder) { b.OpenResource("contained", "HumanName") },
		"resource elsewhere":      func(b *Builder) { b.OpenResource("name", "Group") },
		"value of a complex":      func(b *Builder) { b.SetValue("x") },
		"open element":            func(b *Builder) { b.Open("name") },
		"too many closed":         func(b *Builder) { b.Close(); b.Close() },
		"after the root":          func(b *Builder) { p, _ := b.Property("id"); b.Close(); b.OpenProperty(p) },
		"copy of unknown":         func(b *Builder) { a, _ := plain.Root().Child("a"); b.Copy("name", a) },
	} {
		b := NewBuilder(R4(), "Patient")
		fill(b)
		if tree, err := b.Tree(); err == nil {
			t.Errorf("%s: %s", name, tree.AppendJSON(nil, Compact))
		}
	}
	if _, err := NewBuilder(R4(), "Patent").Tree(); err == nil {
		t.Error("a tree of an unknown type")
	}
}
