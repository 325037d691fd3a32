package fhirpath

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir"
)

// terminologyServer answers with what it was asked.
type terminologyServer struct{ err error }

func (s terminologyServer) Query(_ context.Context, q TerminologyQuery) (Value, error) {
	if s.err != nil || q.Params == "unknown" {
		return Value{}, s.err
	}
	if q.Operation == "subsumes" {
		return StringValue(fmt.Sprint("subsumes ", q)), nil
	}
	typ := "Parameters"
	b := fhir.NewBuilder(fhir.R4(), typ)
	if q.Operation == "expand" {
		b = fhir.NewBuilder(fhir.R4(), "ValueSet")
		b.Value("url", fmt.Sprint(q.Operation, " ", q.Canonical, q.Resource.IsZero(), q.Server, q.Params))
	} else {
		b.Open("parameter")
		b.Value("name", "result")
		b.Value("valueString", fmt.Sprint(q.Operation, " ", q.Canonical, " ", q.Resource.IsZero(), " ", q.Server, " ", q.Coded, " ", q.Params))
		b.Close()
	}
	tree, err := b.Tree()
	return NodeValue(tree.Root()), err
}

func TestTerminologies(t *testing.T) {
	in := parseJSON(t, `{"resourceType":"Patient","gender":"female","maritalStatus":{"coding":[{"system":"s","code":"M"},{"system":"t","code":"N"}]},
		"contained":[{"resourceType":"ValueSet","id":"v"}],"communication":[{"language":{"text":"x"}},{"language":{"text":"y"}}]}`)
	const value = ".parameter.where(name = 'result').value"
	for expr, want := range map[string]string{
		"%terminologies.expand('urn:vs').url":                                                    "[expand urn:vstrue]",
		"%terminologies.expand('urn:vs', 'count=1').url":                                         "[expand urn:vstruecount=1]",
		"%terminologies.expand(contained.ofType(ValueSet)).url":                                  "[expand false]",
		"%terminologies.at('http://tx').expand('urn:vs').url":                                    "[expand urn:vstruehttp://tx]",
		"%terminologies.expand({}).url":                                                          "[]",
		"%terminologies.expand('urn:vs', 'unknown').url":                                         "[]",
		"%terminologies.lookup(maritalStatus.coding[0])" + value:                                 "[lookup  true  [[{s  M }]] ]",
		"%terminologies.validateVS('urn:vs', maritalStatus)" + value:                             "[validateVS urn:vs true  [[{s  M } {t  N }]] ]",
		"%terminologies.validateCS('urn:cs', gender, 'displayLanguage=en')" + value:              "[validateCS urn:cs true  [[{  female }]] displayLanguage=en]",
		"%terminologies.translate('urn:cm', gender)" + value:                                     "[translate urn:cm true  [[{  female }]] ]",
		"%terminologies.subsumes('s', 'A', maritalStatus.coding[0])":                             "[subsumes {subsumes  s {<nil> 0} [[{  A }] [{s  M }]] }]",
		"%terminologies.subsumes('s', 'A', 'B', 'unknown')":                                      "[]",
		"maritalStatus.coding.select(%terminologies.lookup($this)" + value + ").substring(0, 6)": "error",
		"%terminologies.validateVS('urn:vs', communication.language)" + value:                    "error",
	} {
		x, err := Compile(expr, Input("Patient"))
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got, err := x.Eval(context.Background(), in, &Env{Terminologies: terminologyServer{}})
		if text := fmt.Sprint(shown(got)); (want == "error") != (err != nil) || err == nil && text != want {
			t.Errorf("%s = %s, %v; want %s", expr, text, err, want)
		}
		if want == "error" || want == "[]" && strings.Contains(expr, "{}") {
			continue
		}
		for _, env := range []*Env{nil, {Terminologies: terminologyServer{errors.New("down")}}} {
			if _, err := x.Eval(context.Background(), in, env); codeOf(err) != CodeService {
				t.Errorf("%s without an answer: %v", expr, err)
			}
		}
	}
	for expr, code := range map[string]Code{
		"%terminologies": CodeVariable, "%factory.exists()": CodeFunction, "%terminologies.count()": CodeFunction, "%terminologies.expand()": CodeArguments,
		"%terminologies.at('x')": CodeFunction, "%terminologies.expand('a').colour": CodeElement, "%terminologies.lookup('a').parameter.colour": CodeElement,
		"%factory": CodeVariable, "%factory.Patient('a')": CodeFunction, "%factory.create('Nobody')": CodeTypeName, "%factory.Coding()": CodeArguments,
		"%factory.Coding('s', 'c').colour": CodeElement, "name.select(%factory.string('a').code)": CodeElement, "defineVariable('factory')": CodeVariable,
	} {
		if _, err := Compile(expr, Input("Patient")); codeOf(err) != code {
			t.Errorf("%s: %v, want %s", expr, err, code)
		}
	}
	if got := MustCompile("%terminologies.lookup('a')").Deps().Services; fmt.Sprint(got) != "[%terminologies.lookup]" {
		t.Errorf("services %v", got)
	}
}

// made returns what an expression makes, as JSON.
func made(t *testing.T, expr string, in fhir.Node) string {
	t.Helper()
	x, err := Compile(expr, Input("Patient"))
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return ""
	}
	list, err := x.Eval(context.Background(), in, nil)
	if err != nil {
		return "error " + string(codeOf(err))
	}
	var out []string
	for _, v := range list {
		if n, ok := v.Node(); ok {
			out = append(out, string(n.AppendJSON(nil, fhir.Canonical)))
		} else {
			out = append(out, v.Text())
		}
	}
	return strings.Join(out, " ")
}

func TestFactory(t *testing.T) {
	in := parseJSON(t, `{"resourceType":"Patient","gender":"female","_gender":{"id":"g"},"name":[{"use":"usual","given":["A","B"]}],"birthDate":"1990-01"}`)
	for expr, want := range map[string]string{
		"%factory.Coding('s', 'c')":                                                                          `{"system":"s","code":"c"}`,
		"%factory.Coding('s', 'c', 'd', 'v')":                                                                `{"system":"s","version":"v","code":"c","display":"d"}`,
		"%factory.CodeableConcept(%factory.Coding('s', 'c'), 't')":                                           `{"coding":[{"system":"s","code":"c"}],"text":"t"}`,
		"%factory.CodeableConcept(%factory.Coding('s', 'c') | %factory.Coding('s', 'd')).coding.code":        `"c" "d"`,
		"%factory.Quantity('http://unitsofmeasure.org', 'mg', 1.50, 'mg')":                                   `{"value":1.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}`,
		"%factory.Quantity('http://unitsofmeasure.org', 'mg', 1.50) = 0.0015 'g'":                            "true",
		"%factory.Identifier('s', 'v', 'official', %factory.CodeableConcept({}, 't'))":                       `{"use":"official","type":{"text":"t"},"system":"s","value":"v"}`,
		"%factory.HumanName('F', name.given, {}, 'MBE', 'x', 'usual')":                                       `{"use":"usual","text":"x","family":"F","given":["A","B"],"suffix":["MBE"]}`,
		"%factory.ContactPoint('phone', '1', 'home')":                                                        `{"system":"phone","value":"1","use":"home"}`,
		"%factory.Address('a' | 'b', 'c', 's', 'p', 'k', 'home', 'both')":                                    `{"use":"home","type":"both","line":["a","b"],"city":"c","state":"s","postalCode":"p","country":"k"}`,
		"%factory.Extension('urn:e', gender)":                                                                `{"url":"urn:e","valueCode":"female","_valueCode":{"id":"g"}}`,
		"%factory.Extension('urn:e', 5 'mg')":                                                                `{"url":"urn:e","valueQuantity":{"value":5,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}`,
		"%factory.Extension('urn:e', @2020-01).value":                                                        `"2020-01"`,
		"%factory.Extension('urn:e', @T10:30).value is time":                                                 "true",
		"%factory.code('a') is code":                                                                         "true",
		"%factory.code('a') = 'a'":                                                                           "true",
		"%factory.boolean('true')":                                                                           "true",
		"%factory.decimal('1.50') + 1":                                                                       "2.50",
		"%factory.string('a', %factory.Extension('urn:e', 1)).extension.value":                               "1",
		"%factory.string({}, %factory.Extension('urn:e', 1)).hasValue()":                                     "false",
		"%factory.create('Patient')":                                                                         `{"resourceType":"Patient"}`,
		"%factory.create(%factory.string('Period')).count()":                                                 "1",
		"%factory.withExtension(name, 'urn:e', true)":                                                        `{"extension":[{"url":"urn:e","valueBoolean":true}],"use":"usual","given":["A","B"]}`,
		"%factory.withExtension(gender, 'urn:e', 1).extension('urn:e').value":                                "1",
		"%factory.withExtension('a', 'urn:e') = 'a'":                                                         "true",
		"%factory.withProperty(name, 'given', 'C')":                                                          `{"use":"usual","given":["C"]}`,
		"%factory.withProperty(name, 'family', 'F').family":                                                  `"F"`,
		"%factory.withProperty(%factory.create('Observation'), 'value', 5 'mg').value.ofType(Quantity).code": `"mg"`,
		"%factory.withProperty($this, 'birthDate', @2000-01-01)":                                             `{"resourceType":"Patient","name":[{"use":"usual","given":["A","B"]}],"gender":"female","_gender":{"id":"g"},"birthDate":"2000-01-01"}`,
		"%factory.withProperty({}, 'family', 'F')":                                                           "",
		"name.select(%factory.string(use)).upper()":                                                          "USUAL",
		"%factory.withProperty(name, 'colour', 'C')":                                                         "error " + string(CodeOperand),
		"%factory.withProperty(name, 'use', 'a' | 'b')":                                                      "error " + string(CodeSingleton),
		"%factory.withProperty(name, 'period', 'a')":                                                         "error " + string(CodeOperand),
		"%factory.withProperty(name, 'given', name)":                                                         "error " + string(CodeOperand),
		"%factory.withExtension(name, {}, 1)":                                                                "error " + string(CodeOperand),
		"%factory.create('Resource')":                                                                        "error " + string(CodeOperand),
		"%factory.create('a' & 'b')":                                                                         "error " + string(CodeOperand),
		"%factory.integer('x')":                                                                              "error " + string(CodeOperand),
		"%factory.integer(1 'mg')":                                                                           "error " + string(CodeOperand),
		"%factory.Extension('urn:e', 5L)":                                                                    "error " + string(CodeOperand),
		"%factory.Coding('a' | 'b', 'c')":                                                                    "error " + string(CodeSingleton),
	} {
		if strings.HasPrefix(want, "{") {
			tree, err := fhir.Parse([]byte(want), fhir.Plain())
			if err != nil {
				t.Fatal(err)
			}
			want = string(tree.AppendJSON(nil, fhir.Canonical))
		}
		if got := made(t, expr, in); got != want {
			t.Errorf("%s\n got %s\nwant %s", expr, got, want)
		}
	}
	why, err := MustCompile("%factory.boolean(false)").Explain(context.Background(), in, nil)
	if err != nil || why.Holds || len(why.Causes) != 1 {
		t.Errorf("%+v, %v", why, err)
	}
	// What is made costs steps: it cannot double without end.
	x := MustCompile("(1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9).repeatAll(%factory.Extension('urn:e', 1).value)", WithLimits(Limits{Steps: 100_000}))
	if _, err := x.Eval(context.Background(), fhir.Node{}, nil); codeOf(err) != CodeLimit {
		t.Errorf("made without end: %v", err)
	}
}
