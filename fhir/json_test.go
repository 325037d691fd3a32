package fhir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// parseCase is an input and the findings that are due: "code path line:col".
type parseCase struct {
	name, in string
	want     []string
}

// jsonGood are inputs without findings.
var jsonGood = []string{
	`{"resourceType":"Patient","id":"a"}`,
	` { "resourceType" : "Patient" , "active" : true } `,
	`{"id":"a","resourceType":"Patient"}`,
	`{"id":"a","resourceType":"Patient","active":false}`,
	`{"resourceType":"Patient","birthDate":"1970","_birthDate":{"id":"x"}}`,
	`{"resourceType":"Patient","_birthDate":{"id":"x"},"birthDate":"1970"}`,
	`{"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueCode":"c"}]}}`,
	`{"resourceType":"Patient","birthDate":"1970","active":true,"_birthDate":{"id":"x"}}`,
	`{"resourceType":"Patient","_birthDate":{"id":"x"},"active":true,"birthDate":"1970"}`,
	`{"resourceType":"Patient","name":[{"given":["a"],"_given":[{"id":"x"}]}]}`,
	`{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[null,{"id":"x"}],"family":"f"}]}`,
	`{"resourceType":"Patient","name":[{"_given":[null,{"id":"x"}],"given":["a","b"],"family":"f"}]}`,
	`{"resourceType":"Patient","name":[{"given":[null,"b"],"_given":[{"id":"x"},null]}]}`,
	`{"resourceType":"Patient","name":[{"_given":[{"id":"x"},null],"given":[null,"b"]}]}`,
	`{"resourceType":"Patient","name":[{"given":["a","b"],"family":"f","_given":[{"id":"x"},{"id":"y"}],"_family":{"id":"z"}}]}`,
	`{"resourceType":"Patient","name":[{"_given":[{"id":"x"},{"id":"y"}],"family":"f","given":["a","b"]}]}`,
	`{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[{"extension":[{"url":"u","valueString":"s","_valueString":{"id":"i"}}]},null]}]}`,
	`{"resourceType":"Observation","status":"final","code":{"text":"\u0041\"\\\/\n\r\t\uD83D\uDE00"},"valueQuantity":{"value":1.50}}`,
	`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"id":"x","resourceType":"Patient","contained":[{"active":true,"resourceType":"Practitioner"}]}}]}`,
	`{"resourceType":"Parameters","parameter":[{"name":"n","valueDecimal":-0.00},{"name":"m","valueDecimal":1.0E+2},{"name":"o","valueInteger":0}]}`,
}

// jsonBad are inputs with findings.
var jsonBad = []parseCase{
	{"unknown element", `{"resourceType":"Patient",` + "\n" + ` "nam":1}`, []string{"unknown-element Patient.nam 2:2"}},
	{"unknown companion", `{"resourceType":"Patient","_name":{"id":"a"}}`, []string{"unknown-element Patient._name 1:27"}},
	{"missing", `{"resourceType":"Observation","status":"final"}`, []string{"missing Observation.code 1:1"}},
	{"duplicate", `{"resourceType":"Patient","active":true,"active":true}`, []string{"duplicate Patient.active 1:41"}},
	{"duplicate companion", `{"resourceType":"Patient","_active":{"id":"a"},"_active":{"id":"a"}}`, []string{"duplicate Patient.active 1:48"}},
	{"duplicate resourceType", `{"resourceType":"Patient","resourceType":"Patient","active":true}`, []string{"duplicate Patient 1:27"}},
	{"two choices", `{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}`, []string{"cardinality Patient.deceased 1:50"}},
	{"companion of another choice", `{"resourceType":"Patient","deceasedBoolean":true,"_deceasedDateTime":{"id":"a"}}`, []string{"companion Patient.deceased 1:50"}},
	{"null", `{"resourceType":"Patient","active":null}`, []string{"null Patient.active 1:36"}},
	{"null object", `{"resourceType":"Patient","maritalStatus":null}`, []string{"null Patient.maritalStatus 1:43"}},
	{"null in an array", `{"resourceType":"Patient","name":[{"given":["a",null]}]}`, []string{"null Patient.name[0].given[1] 1:49"}},
	{"null twice", `{"resourceType":"Patient","name":[{"given":[null],"_given":[null]}]}`, []string{"null Patient.name[0].given[0] 1:45", "null Patient.name[0].given 1:60"}},
	{"companions of nothing", `{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[null,null]}]}`, []string{"null Patient.name[0].given 1:63"}},
	{"companions of nothing first", `{"resourceType":"Patient","name":[{"_given":[null],"given":["a"]}]}`, []string{"null Patient.name[0].given 1:45"}},
	{"half a surrogate pair", `{"resourceType":"Patient","name":[{"text":"\ud83d\ude00"},{"text":"\ud83d"},{"text":"\uDE00\ud83d\n"}]}`, []string{"primitive Patient.name[1].text 1:67", "primitive Patient.name[2].text 1:85"}},
	{"null in an array of objects", `{"resourceType":"Patient","name":[null]}`, []string{"null Patient.name[0] 1:35"}},
	{"empty string", `{"resourceType":"Patient","gender":""}`, []string{"empty Patient.gender 1:36"}},
	{"empty array", `{"resourceType":"Patient","name":[]}`, []string{"empty Patient.name 1:34"}},
	{"empty object", `{"resourceType":"Patient","name":[{}]}`, []string{"empty Patient.name[0] 1:35"}},
	{"empty resource", `{}`, []string{"resource-type $this 1:1"}},
	{"array for one", `{"resourceType":"Patient","maritalStatus":[{"text":"a"}]}`, []string{"array Patient.maritalStatus 1:43"}},
	{"array of two for one", `{"resourceType":"Patient","gender":["male","other"]}`, []string{"array Patient.gender 1:36", "cardinality Patient.gender 1:36"}},
	{"one for array", `{"resourceType":"Patient","name":{"text":"a"}}`, []string{"array Patient.name[0] 1:34"}},
	{"array in array", `{"resourceType":"Patient","name":[[{"text":"a"}]]}`, []string{"array Patient.name[0] 1:35"}},
	{"object for string", `{"resourceType":"Patient","gender":{"a":1}}`, []string{"json-type Patient.gender 1:36"}},
	{"string for boolean", `{"resourceType":"Patient","active":"true"}`, []string{"json-type Patient.active 1:36"}},
	{"string for object", `{"resourceType":"Patient","name":["a"]}`, []string{"json-type Patient.name[0] 1:35"}},
	{"number for string", `{"resourceType":"Patient","gender":1}`, []string{"json-type Patient.gender 1:36"}},
	{"string for number", `{"resourceType":"Patient","multipleBirthInteger":"1"}`, []string{"json-type Patient.multipleBirth.ofType(integer) 1:50"}},
	{"bad date", `{"resourceType":"Patient","birthDate":"1970-13"}`, []string{"primitive Patient.birthDate 1:39"}},
	{"bad integer", `{"resourceType":"Patient","multipleBirthInteger":1.5}`, []string{"primitive Patient.multipleBirth.ofType(integer) 1:50"}},
	{"bad code with escapes", `{"resourceType":"Patient","gender":"\u0020male"}`, []string{"primitive Patient.gender 1:36"}},
	{"character 0", `{"resourceType":"Patient","language":"en","text":{"status":"generated","div":"\u0000"}}`, []string{"primitive Patient.text.div 1:78"}},
	{"control character by escape", `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">\b</div>"}}`, []string{"primitive Patient.text.div 1:62"}},
	{"bad resource id", `{"resourceType":"Patient","id":"a_b"}`, []string{"primitive Patient.id 1:32"}},
	{"no resource type", `{"id":"a"}`, []string{"resource-type $this 1:1"}},
	{"unknown resource type", `{"resourceType":"Patent","id":"a"}`, []string{"resource-type $this 1:17"}},
	{"abstract resource type", `{"resourceType":"DomainResource","id":"a"}`, []string{"resource-type $this 1:17"}},
	{"data type as resource", `{"resourceType":"HumanName","text":"a"}`, []string{"resource-type $this 1:17"}},
	{"resource type is no string", `{"resourceType":1}`, []string{"resource-type $this 1:1"}},
	{"no resource type inside", `{"resourceType":"Patient","contained":[{"id":"a"}]}`, []string{"resource-type Patient.contained[0] 1:40"}},
	{"more companions", `{"resourceType":"Patient","name":[{"given":["a"],"_given":[null,{"id":"x"}]}]}`, []string{"companion Patient.name[0].given 1:65"}},
	{"fewer companions", `{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[{"id":"x"}]}]}`, []string{"companion Patient.name[0].given 1:63"}},
	{"more values", `{"resourceType":"Patient","name":[{"_given":[{"id":"x"}],"given":["a","b"]}]}`, []string{"companion Patient.name[0].given[1] 1:71"}},
	{"fewer values", `{"resourceType":"Patient","name":[{"_given":[{"id":"x"},{"id":"y"}],"given":["a"]}]}`, []string{"companion Patient.name[0].given[1] 1:69"}},
	{"companion is no object", `{"resourceType":"Patient","active":true,"_active":"a"}`, []string{"json-type Patient.active 1:51"}},
	{"companion item is no object", `{"resourceType":"Patient","name":[{"_given":[0],"text":"a"}]}`, []string{"json-type Patient.name[0].given[0] 1:46"}},
	{"companion is null", `{"resourceType":"Patient","active":true,"_active":null}`, []string{"null Patient.active 1:51"}},
	{"companion array for one", `{"resourceType":"Patient","active":true,"_active":[{"id":"a"}]}`, []string{"array Patient.active 1:51"}},
	{"companion for an array", `{"resourceType":"Patient","name":[{"given":["a"],"_given":{"id":"a"}}]}`, []string{"array Patient.name[0].given 1:59"}},
	{"unknown in companion", `{"resourceType":"Patient","_active":{"a":1}}`, []string{"unknown-element Patient.active.a 1:38"}},
	{"no comma", `{"resourceType":"Patient" "id":"a"}`, []string{"syntax Patient 1:27"}},
	{"no comma in an array", `{"resourceType":"Patient","name":[{"text":"a"} {"text":"b"}]}`, []string{"syntax Patient.name 1:48"}},
	{"extra comma", `{"resourceType":"Patient","id":"a",}`, []string{"syntax Patient 1:35"}},
	{"extra comma in an array", `{"resourceType":"Patient","name":[{"text":"a"} , ]}`, []string{"syntax Patient.name 1:48"}},
	{"comments", `/*a*/{/*b*/"resourceType"/*c*/:/*d*/"Patient"/*e*/,/*f*/"name":[/*g*/{"text":"a"}/*h*/,/*i*/{"text":"b"}]}//j`,
		[]string{"comment  1:1", "comment  1:7", "comment  1:26", "comment  1:32", "comment  1:46", "comment  1:52", "comment  1:65", "comment  1:82", "comment  1:88", "comment  1:107"}},
	{"name without quotes", `{resourceType:"Patient",id:"a"}`, []string{"syntax Patient 1:2", "syntax Patient 1:25"}},
	{"string without quotes", `{"resourceType":"Patient","id":a-b}`, []string{"syntax Patient.id 1:32"}},
	{"wrong string without quotes", `{"resourceType":"Patient","id":a_b}`, []string{"syntax Patient.id 1:32", "primitive Patient.id 1:32"}},
	{"byte order mark", "\uFEFF" + `{"resourceType":"Patient","id":"a"}`, []string{"encoding  1:1"}},
}

// jsonBroken are inputs that are no JSON, with the place of the finding.
var jsonBroken = []parseCase{
	{"nothing", ``, []string{"syntax  1:1"}},
	{"white space", " \n ", []string{"syntax  2:2"}},
	{"no object", `[]`, []string{"syntax  1:1"}},
	{"cut off", `{"resourceType":"Patient","name":[{"text":"a`, []string{"syntax Patient.name[0] 1:45"}},
	{"cut off behind a member", `{"resourceType":"Patient"`, []string{"syntax Patient 1:26"}},
	{"cut off in an escape", `{"resourceType":"Patient","id":"\`, []string{"syntax Patient 1:33"}},
	{"text behind", `{"resourceType":"Patient","id":"a"} x`, []string{"syntax  1:37"}},
	{"wrong bracket", `{"resourceType":"Patient","name":[{"text":"a"}}`, []string{"syntax Patient 1:47"}},
	{"no colon", `{"resourceType":"Patient","id" "a"}`, []string{"syntax Patient 1:32"}},
	{"two commas", `{"resourceType":"Patient","id":"a",,}`, []string{"syntax Patient 1:36"}},
	{"two commas in an array", `{"resourceType":"Patient","name":[{"text":"a"},,]}`, []string{"syntax Patient 1:48"}},
	{"open comment", `{"resourceType":"Patient",/*`, []string{"syntax Patient 1:29"}},
	{"half a comment", `{"resourceType":"Patient",/`, []string{"syntax Patient 1:27"}},
	{"bad escape", `{"resourceType":"Patient","id":"\x"}`, []string{"syntax Patient 1:33"}},
	{"bad hex", `{"resourceType":"Patient","id":"\u00g0"}`, []string{"syntax Patient 1:33"}},
	{"control character", "{\"resourceType\":\"Patient\",\"id\":\"a\nb\"}", []string{"syntax Patient 1:34"}},
	{"leading zero", `{"resourceType":"Patient","multipleBirthInteger":01}`, []string{"syntax Patient 1:51"}},
	{"no fraction", `{"resourceType":"Patient","multipleBirthInteger":1.}`, []string{"syntax Patient 1:52"}},
	{"bare word", `{"resourceType":"Patient","active":yes}`, []string{"syntax Patient 1:36"}},
	{"not true", `{"resourceType":"Patient","active":tru}`, []string{"syntax Patient 1:36"}},
	{"not UTF-8", "{\"resourceType\":\"Patient\",\"id\":\"\xff\"}", []string{"encoding  1:33"}},
	{"surrogates in UTF-8", "{\"resourceType\":\"Patient\",\"id\":\"\xed\xa0\x80\"}", []string{"encoding  1:33"}},
	{"UTF-16", "\xff\xfe{\x00", []string{"encoding  1:1"}},
	{"UTF-16 without a mark", "{\x00\"\x00", []string{"encoding  1:1"}},
}

// describe renders findings as the tables do.
func describe(issues []Issue) []string {
	var out []string
	for _, i := range issues {
		out = append(out, fmt.Sprintf("%s %s %d:%d", strings.TrimPrefix(string(i.Code), "fhir."), i.Path, i.Line, i.Col))
	}
	return out
}

func TestJSONGood(t *testing.T) {
	for _, in := range jsonGood {
		tree, err := Parse([]byte(in), Strict())
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if len(tree.Issues()) > 0 {
			t.Errorf("%s: %v", in, tree.Issues())
		}
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(in)); err != nil {
			t.Fatal(err)
		}
		if got := tree.AppendJSON(nil, Compact); string(got) != want.String() {
			t.Errorf("in  %s\nout %s", want.String(), got)
		}
		checkTree(t, tree)
		throughXML(t, in, NewParser(Strict()), tree)
	}
}

func TestJSONBad(t *testing.T) {
	for _, c := range jsonBad {
		t.Run(c.name, func(t *testing.T) {
			tree, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(tree.Issues()); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			checkTree(t, tree)
			if out := tree.AppendJSON(nil, Compact); !json.Valid(out) {
				t.Errorf("not JSON: %s", out)
			}
			strict, err := Parse([]byte(c.in), Strict())
			if (err != nil) != (tree.Issues()[0].Severity <= Error) || (strict == nil) != (err != nil) {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func TestJSONBroken(t *testing.T) {
	for _, c := range jsonBroken {
		t.Run(c.name, func(t *testing.T) {
			tree, err := Parse([]byte(c.in))
			if err == nil || tree != nil {
				t.Fatal("accepted")
			}
			issues := err.(*ParseError).Issues
			if got := describe(issues[len(issues)-1:]); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// checkTree walks a tree in every way and checks that the ways agree.
func checkTree(t testing.TB, tree *Tree) {
	t.Helper()
	seen := 0
	var walk func(n Node)
	walk = func(n Node) {
		seen++
		start, end := n.Span()
		if start < 0 || end < start || end > len(tree.Source()) {
			t.Fatalf("%s: span %d..%d", n.Path(), start, end)
		}
		if n.HasValue() {
			if string(n.AppendValue(nil)) != n.Value() {
				t.Fatalf("%s: two values", n.Path())
			}
		}
		var kids []Node
		for c := range n.Children() {
			if p, ok := c.Parent(); !ok || p != n {
				t.Fatalf("%s: wrong parent", c.Path())
			}
			if tree.At(c.Ordinal()) != c {
				t.Fatalf("%s: wrong ordinal", c.Path())
			}
			kids = append(kids, c)
			walk(c)
		}
		cur := n.Cursor()
		for _, want := range kids {
			if c, ok := cur.Next(); !ok || c != want {
				t.Fatalf("%s: the cursor differs", want.Path())
			}
		}
		if _, ok := cur.Next(); ok || (len(kids) > 0) != n.HasChildren() {
			t.Fatalf("%s: more children", n.Path())
		}
		for _, c := range kids {
			found := c.NameID() == 0 // an item of an array within an array
			for same := range n.Named(c.Name()) {
				found = found || same == c
			}
			if !found {
				t.Fatalf("%s: not found by name", c.Path())
			}
		}
	}
	walk(tree.Root())
	if seen > tree.Len() {
		t.Fatalf("%d nodes of %d", seen, tree.Len())
	}
}
