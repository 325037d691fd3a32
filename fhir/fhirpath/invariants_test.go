package fhirpath

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir"
)

// at returns the first item of an expression, as the element to test.
func at(t *testing.T, root fhir.Node, expr string) fhir.Node {
	t.Helper()
	v, err := MustCompile(expr).First(context.Background(), root, nil)
	n, ok := v.Node()
	if err != nil || !ok {
		t.Fatalf("%s: %v, %v", expr, v, err)
	}
	return n
}

// verdict evaluates an invariant: pass, fail, empty or error.
func verdict(x *Expr, n fhir.Node) string {
	v, ok, err := x.EvalBool(context.Background(), n, nil)
	switch {
	case err != nil:
		return "error"
	case !ok:
		return "empty"
	case v:
		return "pass"
	}
	return "fail"
}

// Each correction changes what it says it does, and still finds the fault that
// the invariant is about.
func TestCorrections(t *testing.T) {
	patient := `{"resourceType":"Patient","id":"p","contained":[%s],"managingOrganization":{"reference":"%s"}}`
	element := `{"resourceType":"StructureDefinition","snapshot":{"element":[{"path":"%s"}]}}`
	for _, c := range []struct {
		key, resource, at    string
		published, corrected string
	}{
		{"adf-0", `{"resourceType":"ActivityDefinition","name":"Order_1"}`, "$this", "pass", "pass"},
		{"adf-0", `{"resourceType":"ActivityDefinition","name":"an Order"}`, "$this", "pass", "fail"},
		{"adf-0", `{"resourceType":"ActivityDefinition"}`, "$this", "empty", "pass"},
		{"bdl-8", `{"resourceType":"Bundle","entry":[{"fullUrl":"http://a/_history/1"}]}`, "entry", "fail", "fail"},
		{"bdl-8", `{"resourceType":"Bundle","entry":[{"request":{"method":"GET","url":"Patient"}}]}`, "entry", "empty", "pass"},
		{"cid-0", `{"resourceType":"ChargeItemDefinition"}`, "$this", "empty", "pass"},
		{"con-3", `{"resourceType":"Condition","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"encounter-diagnosis"}]}]}`, "$this", "fail", "pass"},
		{"con-3", `{"resourceType":"Condition","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]}]}`, "$this", "fail", "fail"},
		{"dom-3", fmt.Sprintf(patient, `{"resourceType":"Organization","id":"o"}`, "#o"), "$this", "pass", "pass"},
		{"dom-3", fmt.Sprintf(patient, `{"resourceType":"Organization","id":"o"}`, "#x"), "$this", "error", "fail"},
		{"dom-3", fmt.Sprintf(patient, `{"resourceType":"Organization","id":"o","partOf":{"reference":"#"}}`, "#x"), "$this", "error", "pass"},
		{"dom-6", fmt.Sprintf(patient, `{"resourceType":"Organization","id":"o"}`, "#o"), "contained", "fail", "pass"},
		{"dom-6", `{"resourceType":"Patient"}`, "$this", "fail", "fail"},
		{"eld-19", fmt.Sprintf(element, "Patient.name"), "snapshot.element", "pass", "pass"},
		{"eld-19", fmt.Sprintf(element, "Patient.na me"), "snapshot.element", "pass", "fail"},
		{"eld-20", fmt.Sprintf(element, "Observation.value[x]"), "snapshot.element", "pass", "pass"},
		{"eld-20", fmt.Sprintf(element, "Observation.9"), "snapshot.element", "pass", "fail"},
		{"que-7", `{"resourceType":"Questionnaire","item":[{"enableWhen":[{"operator":"exists","answerBoolean":true}]}]}`, "item.enableWhen", "fail", "pass"},
		{"que-7", `{"resourceType":"Questionnaire","item":[{"enableWhen":[{"operator":"exists","answerString":"a"}]}]}`, "item.enableWhen", "fail", "fail"},
		{"que-12", `{"resourceType":"Questionnaire","item":[{"enableWhen":[{"operator":"="},{"operator":"="}]}]}`, "item", "pass", "fail"},
		{"que-12", `{"resourceType":"Questionnaire","item":[{"enableWhen":[{"operator":"="}]}]}`, "item", "pass", "pass"},
		{"ras-2", `{"resourceType":"RiskAssessment","prediction":[{"rationale":"r"}]}`, "prediction", "empty", "pass"},
		{"ras-2", `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":100.5}]}`, "prediction", "fail", "fail"},
		{"ref-1", fmt.Sprintf(patient, `{"resourceType":"Organization","id":"o"}`, "#o"), "managingOrganization", "pass", "pass"},
		{"ref-1", fmt.Sprintf(patient, `{"resourceType":"Organization","id":"o"}`, "#x"), "managingOrganization", "fail", "fail"},
		{"ref-1", `{"resourceType":"Patient","managingOrganization":{"display":"d"}}`, "managingOrganization", "empty", "pass"},
		{"ref-1", `{"resourceType":"Patient","managingOrganization":{"reference":"#"}}`, "managingOrganization", "empty", "pass"},
	} {
		published := ""
		for _, row := range Corrections() {
			if row.Key == c.key {
				published = row.Published
			}
		}
		if published == "" {
			t.Errorf("%s is not in the table", c.key)
			continue
		}
		n := at(t, parseJSON(t, c.resource), c.at)
		raw, err := Invariant(c.key, published, Unchecked(), Published())
		if err != nil {
			t.Fatal(err)
		}
		corrected, err := Invariant(c.key, published)
		if err != nil {
			t.Fatal(err)
		}
		if got := verdict(raw, n); got != c.published {
			t.Errorf("%s as published on %s: %s, want %s", c.key, c.resource, got, c.published)
		}
		if got := verdict(corrected, n); got != c.corrected {
			t.Errorf("%s as corrected on %s: %s, want %s", c.key, c.resource, got, c.corrected)
		}
	}
	for _, row := range Corrections() {
		if row.Reason == "" || row.Published == row.Corrected {
			t.Errorf("%s: %+v", row.Key, row)
		}
		if _, err := Compile(row.Corrected); err != nil {
			t.Errorf("%s: %v", row.Key, err)
		}
	}
	if text, changed := Correct("DeviceDefinition-type", "DeviceDefinition.classification.type"); text != "DeviceDefinition.type" || !changed {
		t.Errorf("search parameter: %s", text)
	}
	if text, changed := Correct("pat-1", "name.exists()"); text != "name.exists()" || changed {
		t.Errorf("nothing to correct: %s", text)
	}
}

// The native programs agree with the general ones on resources that break the
// rules as well.
func TestNativeInvariants(t *testing.T) {
	var nodes []fhir.Node
	for _, text := range []string{
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a","contained":[{"resourceType":"Patient"}]}]}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a","meta":{"versionId":"1"}}]}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a","meta":{"lastUpdated":"2020-01-01T00:00:00Z"}},{"resourceType":"Patient"}]}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a","meta":{"security":[{"code":"R"}]}}]}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a","meta":{"profile":["x"]}}],"managingOrganization":{"reference":"#a"}}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a"},{"resourceType":"Organization","id":"b","partOf":{"reference":"#a"}}]}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a","partOf":{"reference":"#"}},{"resourceType":"Organization","id":"b","partOf":{"reference":"\u0023"}}]}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Organization"},{"resourceType":"ValueSet","id":"v","url":"#"}]}`,
		`{"resourceType":"Questionnaire","contained":[{"resourceType":"ValueSet","id":"v"}],"item":[{"linkId":"1","answerValueSet":"#v"}]}`,
		`{"resourceType":"Patient","text":{"status":"empty"}}`,
		`{"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"}}`,
		`{"resourceType":"Patient","extension":[{"url":"u"},{"url":"u","valueCode":"c"},{"url":"u","valueCode":"c","extension":[{"url":"v"}]},{"url":"u","extension":[{"url":"v","valueCode":"c"}]}]}`,
		`{"resourceType":"Patient","name":[{"id":"x"},{},{"id":"y","text":"t"}],"_birthDate":{"id":"z"},"_gender":{"extension":[{"url":"u","valueCode":"c"}]}}`,
		`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a"}],"managingOrganization":{"reference":"#a"}}}]}`,
	} {
		tree := parseJSON(t, text).Tree()
		for i := range tree.Len() {
			nodes = append(nodes, tree.At(i))
		}
	}
	counts := map[string]int{}
	for _, src := range []string{
		"hasValue() or (children().count() > id.count())", "extension.exists() != value.exists()", "contained.contained.empty()", dom3,
		"contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()", "contained.meta.security.empty()", dom6,
	} {
		native := MustCompile(src, Unchecked())
		general := MustCompile(src, Unchecked(), func(o *options) { o.general = true })
		for _, n := range nodes {
			got, want := verdict(native, n), verdict(general, n)
			if got != want {
				t.Errorf("%s at %s in %s: %s, want %s", src, n.Path(), n.Tree().Source(), got, want)
			}
			counts[src+got]++
		}
		if counts[src+"pass"] == 0 || counts[src+"fail"] == 0 {
			t.Errorf("%s: only one outcome was seen", src)
		}
	}
}

func TestExplain(t *testing.T) {
	in := parseJSON(t, `{"resourceType":"Patient",
  "name":[{"family":"A","given":["x"]},{"given":["y"]},
          {"family":"C"}],
  "gender":"female","telecom":[{"system":"phone","value":"1"}]}`)
	for _, c := range []struct{ expr, want string }{
		{"name.exists()", ""},
		{"name.all(family.exists())", "family.exists() false Patient.name[1]@2"},
		{"name.all(family.exists() and given.exists())", "family.exists() false Patient.name[1]@2"},
		{"name.exists() and photo.exists()", "photo.exists() false Patient@1"},
		{"photo.exists() or name.empty()", "photo.exists() false Patient@1; name.empty() false Patient@1 [Patient.name[0]@2 Patient.name[1]@2 Patient.name[2]@3]"},
		{"name.exists() implies gender = 'male'", "gender = 'male' false Patient@1 [Patient.gender@4]"},
		{"name.exists().not()", "name.exists() true Patient@1 [Patient.name[0]@2 Patient.name[1]@2 Patient.name[2]@3]"},
		{"telecom.all(system = 'phone' implies value.matches('^[0-9]{3}$'))", "value.matches('^[0-9]{3}$') false Patient.telecom[0]@4 [Patient.telecom[0].value@4]"},
		{"birthDate < @2000", "birthDate < @2000 empty Patient@1"},
		{"name.exists() xor gender.exists()", "name.exists() xor gender.exists() false Patient@1"},
	} {
		x := MustCompile(c.expr, Input("Patient"))
		why, err := x.Explain(context.Background(), in, nil)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		place := func(l Location) string { return fmt.Sprintf("%s@%d", l.Path, l.Line) }
		var parts []string
		for _, cause := range why.Causes {
			s := fmt.Sprintf("%s %s %s", cause.Expression, cause.Found, place(cause.Focus))
			var items []string
			for _, i := range cause.Items {
				items = append(items, place(i))
			}
			if items != nil {
				s += fmt.Sprint(" ", items)
			}
			parts = append(parts, s)
		}
		got := strings.Join(parts, "; ")
		if c.want == "" != why.Holds || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.expr, got, c.want)
		}
	}
	if _, err := MustCompile("name.single().exists()").Explain(context.Background(), in, nil); codeOf(err) != CodeSingleton {
		t.Errorf("an error: %v", err)
	}
}

func TestDeps(t *testing.T) {
	for _, c := range []struct{ typ, expr, want string }{
		{"Patient", "Patient.name.given", "{[Patient.name Patient.name.given] [Patient] [] []}"},
		{"", "name.where(use = %mine).select(given | family)", "{[$this.name $this.name.family $this.name.given $this.name.use] [] [%mine] []}"},
		{"Bundle", "entry.resource.ofType(Patient).contact.exists(gender = 'male')", "{[Bundle.entry Bundle.entry.resource Bundle.entry.resource.ofType(Patient).contact Bundle.entry.resource.ofType(Patient).contact.gender] [Patient Resource] [] []}"},
		{"Patient", "descendants().reference | extension('u').value", "{[Patient.** Patient.**.reference Patient.extension Patient.extension.url Patient.extension.value] [] [] []}"},
		{"Patient", "gender.memberOf('v') and %resource.active", "{[%resource.active Patient.gender] [] [%resource] [memberOf]}"},
		{"Patient", "defineVariable('n', name.first()).select(%n.given)", "{[Patient.name Patient.name.given] [Patient] [] []}"},
	} {
		opts := []Option{Variable("mine", "")}
		if c.typ != "" {
			opts = append(opts, Input(c.typ))
		}
		if got := fmt.Sprint(MustCompile(c.expr, opts...).Deps()); got != c.want {
			t.Errorf("%s: %s, want %s", c.expr, got, c.want)
		}
	}
}

func TestNarrative(t *testing.T) {
	div := func(s string) string { return `<div xmlns="http://www.w3.org/1999/xhtml">` + s + `</div>` }
	for _, c := range []struct {
		html string
		ok   bool
	}{
		{div("text"), true}, {div("<p>a <b>b</b> &amp; c&#160;</p>"), true}, {div(`<img src="#a" alt="x"/>`), true},
		{div(`<table class="grid"><tr><td colspan="2">x</td></tr></table>`), true}, {div(`<a href="http://x" name="y">x</a>`), true},
		{div(`<ol start="2"><li value="3">x</li></ol>`), true}, {div(`<p xml:lang="cy">x</p>`), true},
		{div(""), false}, {div("  \n "), false}, {div("<p> </p>"), false}, {"<p>text</p>", false}, {"text", false},
		{div("<script>x</script>"), false}, {div("<form>x</form>"), false}, {div(`<p onclick="x">x</p>`), false},
		{div(`<a href="javascript:x()">x</a>`), false}, {div("<p>x"), false}, {div("<object>x</object>"), false},
		{div("x") + "y", false}, {`<!DOCTYPE html>` + div("x"), false}, {`<div xmlns="urn:x">x</div>`, false}, {div(`<p border="1">x</p>`), false},
		{div("<pre xml:space=\"preserve\">x</pre>"), true}, {div(`<colgroup span="2"><col valign="top"/></colgroup>x`), true}, {div("<tt>x</tt><big>y</big><hr/>"), true},
		{div("x&nbsp;y"), false}, {div("<ins>x</ins>"), false}, {div("<font>x</font>"), false}, {div("<center>x</center>"), false}, {div("<style>p{}</style>x"), false},
		{div(`<tt cellpadding="1">x</tt>`), false}, {div(`<p xml:space="preserve">x</p>`), false}, {div("<a href=\" JAVA\tscript:x\">x</a>"), false},
		{div(`<img src="javascript:x"/>`), false}, {div(`<a href="#javascript:x">x</a>`), true}, {div(`<td nowrap="nowrap" color="red">x</td>`), false},
	} {
		if got := narrativeProblem(c.html); (got == "") != c.ok {
			t.Errorf("%s: %q", c.html, got)
		}
	}
}
