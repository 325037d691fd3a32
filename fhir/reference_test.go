package fhir

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/growth"
)

func TestParseReference(t *testing.T) {
	for in, want := range map[string]Reference{
		"Patient/a":                                     {Type: "Patient", ID: "a"},
		"Patient/a/_history/2":                          {Type: "Patient", ID: "a", Version: "2"},
		"http://a.uk/fhir/Patient/a":                    {Base: "http://a.uk/fhir", Type: "Patient", ID: "a", Absolute: "http://a.uk/fhir/Patient/a"},
		"http://a.uk/fhir/Patient/a/_history/2":         {Base: "http://a.uk/fhir", Type: "Patient", ID: "a", Version: "2", Absolute: "http://a.uk/fhir/Patient/a"},
		"urn:uuid:c757873d-ec9a-4326-a141-556f43239520": {Absolute: "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
		"#p":                   {Fragment: "p", Contained: true},
		"#":                    {Contained: true},
		"Patient/a#b":          {Type: "Patient", ID: "a", Fragment: "b"},
		"http://a.uk/x":        {Absolute: "http://a.uk/x"},
		"HumanName/a":          {},
		"Patient":              {},
		"Patient/":             {},
		"a/Patient/b":          {},
		"Patient/a_b":          {},
		"":                     {},
		"mailto:a@b.uk":        {Absolute: "mailto:a@b.uk"},
		"Patient/a/_history/_": {},
	} {
		if got := R4().ParseReference(in); got != want {
			t.Errorf("%s: %+v", in, got)
		}
	}
}

const referencesJSON = `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"http://a.uk/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1"}},
{"fullUrl":"http://b.uk/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1"}},
{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"Patient","id":"2"}},
{"fullUrl":"http://b.uk/fhir/Observation/9","resource":{"resourceType":"Observation","status":"final","code":{"text":"c"},"id":"9",
 "contained":[{"resourceType":"Practitioner","id":"p"},{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"#p"}}],
 "subject":{"reference":"Patient/1"}}},
{"resource":{"resourceType":"Patient","id":"3"}},
{"resource":{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"4","link":[{"other":{"reference":"x"},"type":"refer"}]}}]}},
{"fullUrl":"http://a.uk/fhir/Group/5","resource":{"resourceType":"Group","id":"5","meta":{"versionId":"1"},"type":"person","actual":true}},
{"fullUrl":"http://a.uk/fhir/Group/5","resource":{"resourceType":"Group","id":"5","meta":{"versionId":"2"},"type":"person","actual":true}},
{"resource":{"resourceType":"Basic","id":"6","code":{"text":"x"}}},{"resource":{"resourceType":"Basic","id":"6","code":{"text":"y"}}}
]}`

func TestResolve(t *testing.T) {
	tree, err := Parse([]byte(referencesJSON), Strict())
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[string]Node{}
	for i := range tree.Len() {
		nodes[tree.At(i).Path()] = tree.At(i)
	}
	at := func(path string) Node {
		n, ok := nodes[path]
		if !ok {
			t.Fatalf("no %s", path)
		}
		return n
	}
	x := NewIndex(tree)
	for _, c := range []struct{ from, ref, want string }{
		{"Bundle.entry[3].resource.subject", "Patient/1", "Bundle.entry[1].resource"},
		{"Bundle.entry[3].resource.subject.reference", "http://a.uk/fhir/Patient/1", "Bundle.entry[0].resource"},
		{"Bundle.entry[3].resource", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "Bundle.entry[2].resource"},
		{"Bundle.entry[3].resource", "Patient/2", ""},
		{"Bundle.entry[3].resource", "Patient/3", "Bundle.entry[4].resource"},
		{"Bundle.entry[3].resource", "#p", "Bundle.entry[3].resource.contained[0]"},
		{"Bundle.entry[3].resource.contained[1].practitioner", "#p", "Bundle.entry[3].resource.contained[0]"},
		{"Bundle.entry[3].resource.contained[1].practitioner", "#", "Bundle.entry[3].resource"},
		{"Bundle.entry[3].resource.contained[1].practitioner", "Patient/1", "Bundle.entry[1].resource"},
		{"Bundle.entry[0].resource", "#p", ""},
		{"Bundle.entry[5].resource.entry[0].resource.link[0].other", "Patient/4", "Bundle.entry[5].resource.entry[0].resource"},
		{"Bundle.entry[5].resource.entry[0].resource.link[0].other", "Patient/3", "Bundle.entry[4].resource"},
		{"Bundle.entry[5].resource.entry[0].resource.link[0].other", "Patient/1", ""},
		{"Bundle.entry[0].resource", "Group/5/_history/2", "Bundle.entry[7].resource"},
		{"Bundle.entry[0].resource", "Group/5/_history/3", ""},
		{"Bundle.entry[0].resource", "Group/5", "Bundle.entry[6].resource"},
		{"Bundle.entry[0].resource", "Basic/6", ""},
		{"Bundle.entry[0].resource", "", ""},
		{"Bundle.entry[0].resource", "x", ""},
		{"Bundle", "Patient/3", ""},
	} {
		n, ok := x.Resolve(at(c.from), c.ref)
		got := ""
		if ok {
			got = n.Path()
		}
		if got != c.want {
			t.Errorf("%s from %s: %s, want %s", c.ref, c.from, got, c.want)
		}
	}
	if _, ok := x.Resolve(Node{}, "#"); ok {
		t.Error("from nowhere")
	}
}

func TestResolveInParameters(t *testing.T) {
	tree, err := Parse([]byte(`{"resourceType":"Parameters","parameter":[{"name":"a","part":[{"name":"b","resource":{"resourceType":"Group","type":"person","actual":true,"contained":[{"resourceType":"Patient","id":"x"}]}}]}]}`), Strict())
	if err != nil {
		t.Fatal(err)
	}
	var group Node
	for i := range tree.Len() {
		if n := tree.At(i); n.Type().Name() == "Group" {
			group = n
		}
	}
	if n, ok := NewIndex(tree).Resolve(group, "#x"); !ok || n.Type().Name() != "Patient" {
		t.Error("not found")
	}
}

// TestResolveGrowth resolves each reference of bundles of growing size.
func TestResolveGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	growth.Check(t, "references", 2000, func(n int) func() {
		var b strings.Builder
		b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[`)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"fullUrl":"http://a.uk/Patient/%d","resource":{"resourceType":"Patient","id":"%d","link":[{"other":{"reference":"Patient/%d"},"type":"refer"}]}}`, i, i, n-1-i)
		}
		b.WriteString(`]}`)
		tree, err := Parse([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			x := NewIndex(tree)
			for i := range tree.Len() {
				if node := tree.At(i); node.Name() == "reference" {
					if _, ok := x.Resolve(node, node.Value()); !ok {
						t.Fatal("not found")
					}
				}
			}
		}
	})
}
