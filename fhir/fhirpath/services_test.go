package fhirpath

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nhskit/nhskit/fhir"
)

// shown returns the texts of items.
func shown(list []Value) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.Text()
	}
	return out
}

func parseJSON(t testing.TB, s string) fhir.Node {
	t.Helper()
	tree, err := fhir.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return tree.Root()
}

// services answers from fixed tables.
type services struct {
	target fhir.Node
	err    error
}

func (s services) Resolve(_ context.Context, ref string, _ fhir.Node) (fhir.Node, error) {
	if ref == "Organization/1" {
		return s.target, s.err
	}
	return fhir.Node{}, s.err
}

func (s services) MemberOf(_ context.Context, codings []Coding, vs string) (Answer, error) {
	if vs == "unknown" {
		return Unknown, s.err
	}
	for _, c := range codings {
		if c.System == "http://snomed.info/sct" && c.Code == "73211009" || c.System == "" && c.Code == "female" {
			return Yes, s.err
		}
	}
	return No, s.err
}

func (s services) Subsumes(_ context.Context, a, b Coding) (Answer, error) {
	switch {
	case a.Code == b.Code, a.Code == "A" && b.Code == "AB":
		return Yes, s.err
	case b.Code == "?":
		return Unknown, s.err
	}
	return No, s.err
}

func (s services) ConformsTo(_ context.Context, n fhir.Node, profile string) (Answer, error) {
	if profile == "adult" && n.Type().Name() == "Patient" {
		return Yes, s.err
	}
	return No, s.err
}

func (s services) InSlice(_ context.Context, n fhir.Node, _, slice string) (Answer, error) {
	if use, ok := n.Child("use"); ok && use.Value() == slice {
		return Yes, s.err
	}
	return No, s.err
}

func (s services) ElementDefinition(context.Context, fhir.Node) (fhir.Node, error) {
	return s.target, s.err
}

func TestServices(t *testing.T) {
	in := parseJSON(t, `{"resourceType":"Patient","id":"p","gender":"female",
		"name":[{"use":"official","family":"M"},{"use":"usual"}],
		"maritalStatus":{"coding":[{"system":"http://snomed.info/sct","code":"73211009"},{"system":"s","code":"A"}]},
		"communication":[{"language":{"coding":[{"system":"s","code":"AB"}]}},{"language":{"coding":[{"system":"s","code":"?"}]}}],
		"modifierExtension":[{"url":"http://x","valueCode":"a"}],
		"managingOrganization":{"reference":"Organization/1"},"generalPractitioner":[{"reference":"#gp"},{"reference":"#none"}],
		"contained":[{"resourceType":"Practitioner","id":"gp","name":[{"family":"Okafor"}],"photo":[{"url":"#"}]}]}`)
	org := parseJSON(t, `{"resourceType":"Organization","id":"1","name":"Otley"}`)
	good := services{target: org}
	bad := services{err: errors.New("down")}
	for _, c := range []struct{ expr, want, without string }{
		{"managingOrganization.resolve().name", "[Otley]", ""},
		{"'Organization/1'.resolve().ofType(Organization).id", "[1]", ""},
		{"generalPractitioner.resolve().name.family", "[Okafor]", ""},
		{"gender.memberOf('vs')", "[true]", "service"},
		{"maritalStatus.memberOf('vs')", "[true]", "service"},
		{"maritalStatus.coding[1].memberOf('vs')", "[false]", "service"},
		{"maritalStatus.memberOf('unknown')", "[]", "service"},
		{"maritalStatus.subsumes(%context.communication[0].language)", "[true]", "service"},
		{"communication[0].language.subsumes(%context.maritalStatus)", "[false]", "service"},
		{"communication[0].language.subsumedBy(%context.maritalStatus)", "[true]", "service"},
		{"maritalStatus.subsumes(%context.communication[1].language)", "[]", "service"},
		{"conformsTo('adult')", "[true]", "service"},
		{"name.first().conformsTo('adult')", "[false]", "service"},
		{"name.slice('profile', 'usual').count()", "[1]", "service"},
		{"name.first().elementDefinition().id", "[1]", "service"},
		{"checkModifiers('http://x').gender", "[female]", "same"},
	} {
		x := MustCompile(c.expr)
		got, err := x.Eval(context.Background(), in, &Env{Resolver: good, Terminology: good, Conformance: good})
		if fmt.Sprint(shown(got)) != c.want || err != nil {
			t.Errorf("%s = %v, %v; want %s", c.expr, shown(got), err, c.want)
		}
		_, err = x.Eval(context.Background(), in, nil)
		if (codeOf(err) == CodeService) != (c.without == "service") {
			t.Errorf("%s without services: %v", c.expr, err)
		}
		if c.without == "service" {
			if _, err = x.Eval(context.Background(), in, &Env{Resolver: bad, Terminology: bad, Conformance: bad}); !errors.Is(err, bad.err) {
				t.Errorf("%s with a failing service: %v", c.expr, err)
			}
		}
	}
	if _, err := MustCompile("checkModifiers('http://y')").Eval(context.Background(), in, nil); codeOf(err) != CodeOperand {
		t.Errorf("a modifier extension passes: %v", err)
	}
	if _, err := MustCompile("managingOrganization.resolve()").Eval(context.Background(), in, &Env{Resolver: bad}); !errors.Is(err, bad.err) {
		t.Errorf("a failing resolver: %v", err)
	}
}

func TestResolveInBundle(t *testing.T) {
	bundle := parseJSON(t, `{"resourceType":"Bundle","type":"collection","entry":[
		{"fullUrl":"http://a.example/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1","managingOrganization":{"reference":"Organization/2"}}},
		{"fullUrl":"http://a.example/fhir/Organization/2","resource":{"resourceType":"Organization","id":"2","name":"near"}},
		{"fullUrl":"http://b.example/fhir/Organization/2","resource":{"resourceType":"Organization","id":"2","name":"far"}},
		{"fullUrl":"urn:uuid:5f1a5b52-9a5c-4b0e-8a46-6a2d5a1f8f10","resource":{"resourceType":"Patient","id":"3","managingOrganization":{"reference":"http://b.example/fhir/Organization/2"}}},
		{"resource":{"resourceType":"Patient","id":"4","managingOrganization":{"reference":"urn:uuid:5f1a5b52-9a5c-4b0e-8a46-6a2d5a1f8f10"}}}]}`)
	got, err := MustCompile("entry.resource.managingOrganization.resolve().select(name.ofType(string) | id)", Input("Bundle")).EvalStrings(context.Background(), bundle, nil)
	if fmt.Sprint(got) != "[near 2 far 2 3]" || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEnvironment(t *testing.T) {
	bundle := parseJSON(t, `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"outer","contained":[{"resourceType":"Organization","id":"inner","name":"O"}]}}]}`)
	inner, _ := bundle.Child("entry")
	inner, _ = inner.Child("resource")
	inner, _ = inner.Child("contained")
	name, _ := inner.Child("name")
	now := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.FixedZone("", -5*3600))
	for _, c := range []struct{ expr, want string }{
		{"%resource.id", "[inner]"}, {"%rootResource.id", "[outer]"}, {"%context", "[O]"},
		{"now()", "[2026-02-03T04:05:06.789-05:00]"}, {"today()", "[2026-02-03]"}, {"timeOfDay()", "[04:05:06.789]"},
		{"%sct | %loinc | %ucum", "[http://snomed.info/sct http://loinc.org http://unitsofmeasure.org]"},
		{"%`ext-birthPlace`", "[http://hl7.org/fhir/StructureDefinition/birthPlace]"},
		{"now() = now()", "[true]"},
	} {
		got, err := MustCompile(c.expr).Eval(context.Background(), name, &Env{Now: now})
		if fmt.Sprint(shown(got)) != c.want || err != nil {
			t.Errorf("%s = %v, %v; want %s", c.expr, shown(got), err, c.want)
		}
	}
	got, err := MustCompile("%resource.id | %rootResource.id").EvalStrings(context.Background(), name, &Env{Resource: bundle, RootResource: inner})
	if fmt.Sprint(got) != "[inner]" || err != nil {
		t.Errorf("given resources: %v, %v", got, err)
	}
	var traced string
	env := &Env{Trace: func(name string, items []Value) { traced += fmt.Sprint(name, shown(items)) }}
	if _, err := MustCompile("entry.resource.trace('r', id).contained.trace('c').id").Eval(context.Background(), bundle, env); err != nil || traced != "r[outer]c[Bundle.entry[0].resource.contained[0]]" {
		t.Errorf("traced %s, %v", traced, err)
	}
}

func TestResults(t *testing.T) {
	in := readInput(t, "testdata/patient.json")
	ctx := context.Background()
	if s, err := MustCompile("name.given").EvalStrings(ctx, in, nil); fmt.Sprint(s) != "[Edith Jane Edie Edith Jane]" || err != nil {
		t.Errorf("strings: %v, %v", s, err)
	}
	if _, err := MustCompile("name").EvalStrings(ctx, in, nil); codeOf(err) != CodeOperand {
		t.Errorf("strings of names: %v", err)
	}
	for expr, want := range map[string]string{"name.exists()": "true true", "photo.exists()": "false true", "{}": "false false", "photo": "false false", "gender": "true true", "active": "true true", "active.not()": "false true", "name.given": "error"} {
		v, ok, err := MustCompile(expr).EvalBool(ctx, in, nil)
		if got := fmt.Sprint(v, ok); err == nil && got != want || (err != nil) != (want == "error") {
			t.Errorf("%s: %s, %v", expr, got, err)
		}
	}
	if ok, err := MustCompile("name.given").Exists(ctx, in, nil); !ok || err != nil {
		t.Error("exists")
	}
	if ok, err := MustCompile("photo").Exists(ctx, in, nil); ok || err != nil {
		t.Error("does not exist")
	}
	if v, err := MustCompile("name.family").First(ctx, in, nil); v.Text() != "Marlowe" || err != nil {
		t.Errorf("first: %v, %v", v, err)
	}
	n := 0
	for v, err := range MustCompile("name.given").All(ctx, in, nil) {
		if n++; err != nil || v.IsZero() {
			t.Errorf("all: %v, %v", v, err)
		}
		if n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d items before the break", n)
	}
	var last error
	for _, err := range MustCompile("name.given.select($this + 1)", Unchecked()).All(ctx, in, nil) {
		last = err
	}
	if codeOf(last) != CodeOperand {
		t.Errorf("an error at the end of all: %v", last)
	}
	if i, ok := func() (int64, bool) { v, _ := MustCompile("name.count()").First(ctx, in, nil); return v.Int() }(); i != 3 || !ok {
		t.Error("int")
	}
	v, _ := MustCompile("1.50 'mg'").First(ctx, in, nil)
	r, _ := v.Rat()
	if unit, calendar, ok := v.Unit(); r.RatString() != "3/2" || unit != "mg" || calendar || !ok {
		t.Errorf("quantity: %v %v", r, unit)
	}
	if d, ok := ParseDate("2020-02"); !ok || d.Kind() != KindDate {
		t.Error("date")
	}
	if d, ok := ParseDecimal("1.500"); !ok || d.Text() != "1.500" {
		t.Error("decimal")
	}
	if s := fmt.Sprint(NodeValue(in), BoolValue(true).Text(), StringValue("a"), IntValue(1<<40)); s != "PatienttrueSystem.String System.Long" {
		t.Error(s)
	}
}

// A plain JSON object has no types; paths go by its names.
func TestPlainJSON(t *testing.T) {
	tree, err := fhir.Parse([]byte(`{"rows":[{"n":1.50,"tag":["a","b"]},{"n":2,"odd name":true}],"nested":{"x":{"y":null}}}`), fhir.Plain())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ expr, want string }{
		{"rows.n", "[1.50 2]"}, {"rows.n.sum()", "[3.50]"}, {"rows.tag.count()", "[2]"}, {"rows.where(n > 1.7).`odd name`", "[true]"},
		{"rows[0].tag contains 'b'", "[true]"}, {"nested.x.y.exists()", "[true]"}, {"nothing", "[]"}, {"rows.n is Decimal", "error"},
		{"rows.where(tag = ('a' | 'b')).n", "[1.50]"}, {"descendants().count()", "[10]"},
	} {
		x, err := Compile(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		got, err := x.Eval(context.Background(), tree.Root(), nil)
		if text := fmt.Sprint(shown(got)); err == nil && text != c.want || (err != nil) != (c.want == "error") {
			t.Errorf("%s = %v, %v; want %s", c.expr, text, err, c.want)
		}
	}
}

// An expression is shared by goroutines.
func TestConcurrentUse(t *testing.T) {
	in := readInput(t, "testdata/patient.json")
	x := MustCompile("name.select(given.first() & family).distinct() | telecom.where(system = 'phone').value.select(matches('^0' & '[0-9]'))", Input("Patient"))
	y := MustCompile("name.all(given.count() = 2 and use in ('a' | 'b'))", Input("Patient"))
	want, err := x.Eval(context.Background(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 8 {
		go func() {
			for range 200 {
				got, err := x.Eval(context.Background(), in, nil)
				if err != nil || fmt.Sprint(shown(got)) != fmt.Sprint(shown(want)) {
					done <- fmt.Errorf("%v, %w", got, err)
					return
				}
				if _, err := y.Explain(context.Background(), in, nil); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
