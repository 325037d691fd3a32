package fhirpath

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir"
)

// Findings of parser and checker, with their places.
func TestFindings(t *testing.T) {
	for _, c := range []struct {
		expr   string
		code   Code
		stage  Stage
		offset int64
		text   string // part of the message
	}{
		{"", CodeSyntax, StageParse, 0, "ends where an expression"},
		{"name.", CodeSyntax, StageParse, 5, "ends where a name"},
		{"name..given", CodeSyntax, StageParse, 5, `found "." where a name`},
		{"name given", CodeSyntax, StageParse, 5, "an operator or the end"},
		{"(name", CodeSyntax, StageParse, 0, "not closed"},
		{"name)", CodeSyntax, StageParse, 4, "the end of the expression"},
		{"name[0", CodeSyntax, StageParse, 6, "]"},
		{"where(a,)", CodeSyntax, StageParse, 8, "an expression"},
		{"'abc", CodeSyntax, StageParse, 0, "quote is not closed"},
		{"'a\\q'", CodeSyntax, StageParse, 2, "unknown escape"},
		{"`a", CodeSyntax, StageParse, 0, "not closed"},
		{"1 # 2", CodeSyntax, StageParse, 2, "no place in an expression"},
		{"/* x", CodeSyntax, StageParse, 0, "comment is not closed"},
		{"$that", CodeSyntax, StageParse, 0, "this, index and total"},
		{"name.$this", CodeSyntax, StageParse, 5, "cannot follow"},
		{"%", CodeSyntax, StageParse, 0, "name of a variable"},
		{"name is", CodeSyntax, StageParse, 7, "a type"},
		{"@2015-02-30", CodeLiteral, StageParse, 0, "within the calendar"},
		{"@2015x", CodeLiteral, StageParse, 0, "follows it directly"},
		{"99999999999999999999L", CodeLiteral, StageParse, 0, "64 bits"},
		{"3000000000", CodeLiteral, StageParse, 0, "Long"},

		{"name.given1", CodeElement, StageCheck, 5, "did you mean given?"},
		{"nmae.given", CodeElement, StageCheck, 0, "did you mean name?"},
		{"name.where(used = 'x')", CodeElement, StageCheck, 11, "did you mean use?"},
		{"deceasedBoolean", CodeElement, StageCheck, 0, "write deceased.ofType(boolean)"},
		{"birthDate.given", CodeElement, StageCheck, 10, "date has no element"},
		{"contact.name.gven.first()", CodeElement, StageCheck, 13, "did you mean given?"},
		{"name.frist()", CodeFunction, StageCheck, 5, "did you mean first?"},
		{"name.first(1)", CodeArguments, StageCheck, 5, "no arguments"},
		{"name.where()", CodeArguments, StageCheck, 5, "1 argument"},
		{"iif(true)", CodeArguments, StageCheck, 0, "2 to 3 arguments"},
		{"%nothing", CodeVariable, StageCheck, 0, "%nothing"},
		{"$index", CodeVariable, StageCheck, 0, "only within"},
		{"$total", CodeVariable, StageCheck, 0, "aggregate"},
		{"defineVariable('a').defineVariable('a')", CodeVariable, StageCheck, 20, "already"},
		{"defineVariable('ucum', 1)", CodeVariable, StageCheck, 0, "environment"},
		{"defineVariable(name.given, 1)", CodeArguments, StageCheck, 0, "no input"},
		{"name.startsWith('a')", CodeType, StageCheck, 5, "not for HumanName"},
		{"birthDate.length()", CodeType, StageCheck, 10, "for System.String"},
		{"gender.substring('a')", CodeType, StageCheck, 17, "wants System.Integer"},
		{"birthDate + 7", CodeType, StageCheck, 10, "duration"},
		{"iif('a', 1, 2)", CodeType, StageCheck, 4, "Boolean"},
		{"name['a']", CodeType, StageCheck, 4, "index"},
		{"name.take('a')", CodeType, StageCheck, 5, "Integer"},
		{"name.ofType(1)", CodeArguments, StageCheck, 5, "name of a type"},
		{"name.repeat(gven)", CodeElement, StageCheck, 12, "did you mean given?"},
		{"Quantity { value: 1, uint: 'g' }", CodeElement, StageCheck, 0, "did you mean unit?"},
		{"Nonsense { value: 1 }", CodeTypeName, StageCheck, 0, "no type"},
	} {
		_, err := Compile(c.expr, Input("Patient"))
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%s: %v, want %s", c.expr, err, c.code)
			continue
		}
		i := e.Issues[0]
		if i.Code != c.code || e.Stage != c.stage || i.Offset != c.offset || !strings.Contains(i.Text, c.text) || i.Line != 1 || i.Col != int(c.offset)+1 {
			t.Errorf("%s: %v %s at %d: %s; want %v %s at %d: %s", c.expr, e.Stage, i.Code, i.Offset, i.Text, c.stage, c.code, c.offset, c.text)
		}
	}
	_, err := Compile("name\n  .exists() and\n  nmae.exists()", Input("Patient"))
	if e, ok := errors.AsType[*Error](err); !ok || e.Issues[0].Line != 3 || e.Issues[0].Col != 3 {
		t.Errorf("third line: %v", err)
	}
}

// Expressions that are correct, though a careless checker would refuse them.
func TestNoFalseFindings(t *testing.T) {
	for _, c := range []struct{ typ, expr string }{
		{"Patient", "Patient.name.given"},
		{"Patient", "Resource.id | DomainResource.text.status"},
		{"Patient", "Practitioner.name.given | Patient.name.given"},
		{"Patient", "contained.name.exists()"},
		{"Patient", "contained.ofType(Practitioner).name.family"},
		{"Patient", "deceased.ofType(boolean) or deceased is dateTime"},
		{"Patient", "extension.value.ofType(Quantity).value > 5"},
		{"Patient", "name.select(given.first() + ' ' + family)"},
		{"Patient", "descendants().reference.where(startsWith('#'))"},
		{"Patient", "name.given.aggregate($this & $total, '')"},
		{"Patient", "generalPractitioner.resolve().name"},
		{"Patient", "%resource.name | %rootResource.contained.id"},
		{"Bundle", "entry.resource.ofType(Patient).name.family"},
		{"Bundle", "entry.resource.name.exists()"},
		{"Questionnaire", "repeat(item).linkId"},
		{"Observation", "value.as(Quantity).unit | (value as CodeableConcept).text"},
		{"Observation", "component.value.ofType(Quantity).where(code = 'mg').value.sum()"},
		{"Observation", "referenceRange.low.value <= value.ofType(Quantity).value"},
		{"ValueSet", "expansion.repeat(contains).code"},
		{"Patient", "name.repeat(given).count()"},
		{"QuestionnaireResponse", "repeat(item).repeat(answer).value.ofType(Coding).code"},
		{"Patient", "defineVariable('a' & 'b', 1).select(%ab)"},
		{"Extension", "value.exists() != extension.exists()"},
		{"Patient", "name.defineVariable('n', first()).select(%n.given | given)"},
		{"Patient", "Quantity { value: 5.0, unit: 'mg' }.value = 5.0"},
		{"Patient", "name.sort(family desc, given.first()).first().use"},
		{"Patient", "-name.count() < 0 and +1 > 0"},
		{"Patient", "name.`given`.exists() and name.given.`length`().exists()"},
		{"Patient", "children().first().exists()"},
	} {
		if _, err := Compile(c.expr, Input(c.typ)); err != nil {
			t.Errorf("%s: %s: %v", c.typ, c.expr, err)
		}
	}
}

func TestStrictOrder(t *testing.T) {
	for _, c := range []struct {
		expr string
		ok   bool
	}{
		{"children().first()", false}, {"descendants()[0]", false}, {"(name | contact.name).skip(1)", false},
		{"name.distinct().last()", false}, {"children().tail()", false}, {"(name.given | name.family).join(',')", false},
		{"name.first()", true}, {"(name | contact.name).sort(family).first()", true}, {"children().count()", true},
		{"name.combine(contact.name, true).first()", true}, {"children().where(true).single()", true},
	} {
		if _, err := Compile(c.expr, Input("Patient"), Strict()); (err == nil) != c.ok || !c.ok && codeOf(err) != CodeOrder {
			t.Errorf("%s: %v", c.expr, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, expr := range []string{"name is Humanname", "name.given < 1", "name.where(given.first())", "-gender", "birthDate * 2"} {
		if x, err := Compile(expr, Input("Patient")); err != nil || len(x.Warnings()) != 1 {
			t.Errorf("%s: %v, %v", expr, x, err)
		}
	}
	if x := MustCompile("name.given1", Input("Patient"), Unchecked()); len(x.Warnings()) != 1 {
		t.Error("an unchecked error is no warning")
	}
}

// What the check refuses is an error at evaluation where the check is off.
func TestUnchecked(t *testing.T) {
	for _, expr := range []string{"A()", "name.where()", "name.first(1)", "$total", "name.ofType(1)", "1.defineVariable(name, 2)", "%nothing", "A().exists()", "(A() or true) and A()", "iif()", "name.all() or B()"} {
		x, err := Compile(expr, Unchecked())
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if _, err := x.Eval(context.Background(), readInput(t, "testdata/patient.json"), nil); err == nil {
			t.Errorf("%s has a value", expr)
		}
		x.Deps()
		x.Explain(context.Background(), fhir.Node{}, nil)
	}
}

func TestOptionsErrors(t *testing.T) {
	if _, err := Compile("1", Input("Patiens")); codeOf(err) != CodeTypeName {
		t.Errorf("input: %v", err)
	}
	if _, err := Compile("%x.length()", Variable("x", "System.Integer")); codeOf(err) != CodeType {
		t.Errorf("variable: %v", err)
	}
	x := MustCompile("%x", Variable("x", ""))
	if _, err := x.Eval(context.Background(), fhir.Node{}, nil); codeOf(err) != CodeVariable {
		t.Errorf("without a value: %v", err)
	}
	got, err := x.Eval(context.Background(), fhir.Node{}, &Env{Variables: map[string][]Value{"x": {IntValue(7)}}})
	if err != nil || len(got) != 1 || got[0].Text() != "7" {
		t.Errorf("%v, %v", got, err)
	}
}

// specified returns the functions of FHIRPath by the sections of its text, and those
// of FHIR.
func specified() map[string]string {
	return map[string]string{
		"existence":    "empty exists all allTrue anyTrue allFalse anyFalse subsetOf supersetOf count distinct isDistinct",
		"filtering":    "where select repeat repeatAll ofType coalesce",
		"subsetting":   "single first last tail skip take intersect exclude",
		"combining":    "union combine",
		"conversion":   "iif toBoolean convertsToBoolean toInteger convertsToInteger toLong convertsToLong toDate convertsToDate toDateTime convertsToDateTime toDecimal convertsToDecimal toQuantity convertsToQuantity toString convertsToString toTime convertsToTime",
		"strings":      "indexOf lastIndexOf substring startsWith endsWith contains upper lower replace matches matchesFull replaceMatches length toChars encode decode escape unescape trim split join",
		"mathematics":  "abs ceiling exp floor ln log power round sqrt truncate sum min max avg",
		"navigation":   "children descendants",
		"utilities":    "trace now timeOfDay today defineVariable lowBoundary highBoundary precision sort comparable",
		"components":   "yearOf monthOf dayOf hourOf minuteOf secondOf millisecondOf timezoneOffsetOf dateOf timeOf duration difference",
		"types, logic": "is as type not aggregate",
		"FHIR":         "extension hasValue getValue resolve elementDefinition slice checkModifiers conformsTo memberOf subsumes subsumedBy htmlChecks",
	}
}

func TestFunctionsOfTheSpecification(t *testing.T) {
	for section, names := range specified() {
		for name := range strings.FieldsSeq(names) {
			if findFunction(name) == nil {
				t.Errorf("%s: no function %s", section, name)
			}
		}
	}
	if !slices.IsSortedFunc(functions[:], func(a, b function) int { return strings.Compare(a.name, b.name) }) {
		t.Error("the functions are not in the order of their names")
	}
}
