package fhir

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// TestConcurrentReads reads one tree from many goroutines, for the race
// detector.
func TestConcurrentReads(t *testing.T) {
	tree, err := Parse([]byte(referencesJSON))
	if err != nil {
		t.Fatal(err)
	}
	want := tree.AppendJSON(nil, Canonical)
	index := NewIndex(tree)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			checkTree(t, tree)
			if !bytes.Equal(tree.AppendJSON(nil, Canonical), want) {
				t.Error("another text")
			}
			for i := range tree.Len() {
				n := tree.At(i)
				n.Path()
				n.Position()
				index.Resolve(n, "Patient/1")
			}
		})
	}
	wg.Wait()
}

// TestConcurrentParses parses with one parser from many goroutines, and
// checks that the pool keeps trees apart.
func TestConcurrentParses(t *testing.T) {
	p := NewParser()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			in := jsonGood[g%len(jsonGood)]
			bad := jsonBad[g%len(jsonBad)]
			for range 50 {
				tree, err := p.Parse([]byte(in))
				if err != nil || len(tree.Issues()) > 0 {
					t.Errorf("%s: %v", in, err)
					return
				}
				other, err := p.Parse([]byte(bad.in))
				if err != nil || strings.Join(describe(other.Issues()), "|") != strings.Join(bad.want, "|") {
					t.Errorf("%s: %v", bad.in, err)
					return
				}
				other.Release()
				if back, err := Parse(tree.AppendJSON(nil, Compact)); err != nil || len(back.Issues()) > 0 {
					t.Errorf("%s: %v", in, err)
					return
				}
				tree.Release()
			}
		})
	}
	wg.Wait()
}

func TestNode(t *testing.T) {
	tree, err := Parse([]byte(`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation","status":"final","code":{"text":"c\u0041"},` +
		`"component":[{"code":{"text":"x"},"valueQuantity":{"value":1.50}}],"_status":{"id":"s"},"contained":[{"resourceType":"Patient","active":true,"x":[[1],2]}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[string]Node{}
	var walk func(Node)
	walk = func(n Node) {
		nodes[n.Path()] = n
		for c := range n.Children() {
			walk(c)
		}
	}
	walk(tree.Root())
	const observation = "Bundle.entry[0].resource"
	q, ok := nodes[observation+".component[0].value.ofType(Quantity)"]
	if !ok || q.Name() != "value" || q.Key() != "valueQuantity" || q.Type().Name() != "Quantity" || q.Index() != -1 || q.Kind() != Complex {
		t.Fatalf("%v %v", ok, nodes)
	}
	if e, ok := q.Element(); !ok || e.Path() != "Observation.component.value[x]" || !e.IsChoice() {
		t.Error(e.Path())
	}
	if p, ok := q.Property(); !ok || !p.IsChoice() || p.IsList() || p.ElementName() != "value" {
		t.Error(p.Name())
	}
	v := nodes[q.Path()+".value"]
	if d, err := v.Decimal(); err != nil || d.String() != "1.50" || !v.HasValue() || v.Kind() != Number {
		t.Error(d, err)
	}
	c := nodes[observation+".component[0]"]
	if c.Index() != 0 || c.Type().Name() != "Observation.component" || c.Type().Kind() != KindBackbone || c.IsResource() {
		t.Error(c.Type().Name())
	}
	r := nodes[observation]
	if !r.IsResource() || r.Type().Name() != "Observation" || r.Name() != "resource" || q.Resource() != r {
		t.Error(r.Type().Name())
	}
	if base := r.Type().Base(); base.Name() != "DomainResource" || !r.Type().IsA(base) || !base.Abstract() || r.Type().IsA(q.Type()) {
		t.Error(base.Name())
	}
	s := nodes[observation+".status"]
	if id, ok := s.Child("id"); !ok || id.Value() != "s" || s.Value() != "final" || !s.IsPrimitive() {
		t.Error("status")
	}
	text := nodes[observation+".code.text"]
	if text.Value() != "cA" || text.Raw() != `c\u0041` {
		t.Error(text.Value(), text.Raw())
	}
	if start, end := text.Span(); tree.Source()[start:end] != `"c\u0041"` {
		t.Error(tree.Source()[start:end])
	}
	if line, col := text.Position(); line != 1 || col != strings.Index(tree.Source(), `"c\u`)+1 {
		t.Error(line, col)
	}
	x := nodes[observation+".contained[0].x[1]"]
	if !x.Type().IsZero() || x.Value() != "2" || x.Resource().Type().Name() != "Patient" {
		t.Error(x.Value())
	}
	if _, ok := x.Element(); ok {
		t.Error("a definition of what is unknown")
	}
	if list := nodes[observation+".contained[0].x[0]"]; list.Kind() != Array || !list.HasChildren() {
		t.Error(list.Kind())
	}
	if _, ok := r.Child("nothing"); ok || tree.NameID("nothing") != 0 || tree.NameID("x") == 0 {
		t.Error("names")
	}
	if tree.Name(tree.NameID("x")) != "x" || R4().Name(R4().NameID("status")) != "status" {
		t.Error("names")
	}
}

func TestPosition(t *testing.T) {
	const in = "{\n\"resourceType\":\"Patient\",\r\n\"id\":\"é\",\r \"x\":1}"
	tree, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at        string
		line, col int
	}{{"{", 1, 1}, {`"res`, 2, 1}, {`"id`, 3, 1}, {`,` + "\r ", 3, 9}, {`"x`, 4, 2}, {"}", 4, 7}} {
		if line, col := tree.Position(strings.Index(in, c.at)); line != c.line || col != c.col {
			t.Errorf("%q: %d:%d", c.at, line, col)
		}
	}
	want := []string{"primitive Patient.id 3:6", "unknown-element Patient.x 4:2"}
	if got := describe(tree.Issues()); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Error(got)
	}
}

// TestReleased checks that strings outlive their tree.
func TestReleased(t *testing.T) {
	tree, err := Parse([]byte(jsonGood[0]))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := tree.Root().Child("id")
	value := id.Value()
	tree.Release()
	for range 100 {
		other, err := Parse([]byte(strings.Repeat(" ", 40) + jsonGood[3]))
		if err != nil {
			t.Fatal(err)
		}
		other.Release()
	}
	if value != "a" {
		t.Error(value)
	}
}

func TestParseAs(t *testing.T) {
	for _, c := range []struct{ typ, in, out string }{
		{"HumanName", `{"family":"f","given":["a"]}`, `{"family":"f","given":["a"]}`},
		{"HumanName", `<x xmlns="http://hl7.org/fhir"><family value="f"/></x>`, `{"family":"f"}`},
		{"Bundle.entry", `{"fullUrl":"u"}`, `{"fullUrl":"u"}`},
		{"decimal", ` 1.50 `, `1.50`},
		{"string", `"a"`, `"a"`},
	} {
		tree, err := Parse([]byte(c.in), As(c.typ), Strict())
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := string(tree.AppendJSON(nil, Compact)); got != c.out || tree.Root().Type().Name() != c.typ {
			t.Errorf("%s: %s", c.in, got)
		}
	}
	for _, in := range []string{`{}`, `<a/>`} {
		if _, err := Parse([]byte(in), As("Nothing")); err == nil {
			t.Error("a value of no type")
		}
	}
}

func TestParsePlain(t *testing.T) {
	for _, in := range []string{`[1,"a",null,{"b":[[],[1]]}]`, `1`, `"a"`, `null`, `{}`, `[]`, `{"a":{"b":[]}}`, `{"resourceType":"x","a":1}`, `{"resourceType":"Patient","id":"a"}`} {
		tree, err := Parse([]byte(in), Plain())
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := string(tree.AppendJSON(nil, Compact)); got != in || len(tree.Issues()) > 0 {
			t.Errorf("%s: %s %v", in, got, tree.Issues())
		}
		checkTree(t, tree)
	}
}
