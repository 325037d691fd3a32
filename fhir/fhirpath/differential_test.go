package fhirpath

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// agree evaluates an expression by both engines and says where they differ.
// An error of the oracle need not be one of the compiler, which stops as soon
// as the result is known.
func agree(x *Expr, in fhir.Node, env *Env) error {
	got, err := x.Eval(context.Background(), in, env)
	o := oracle{}
	want, wantErr := o.evaluate(x, in, env)
	switch {
	case wantErr == errOracleSteps:
		return nil
	case wantErr != nil && strings.Contains(wantErr.Error(), "not in the oracle"):
		return nil
	case wantErr != nil:
		return nil
	case err != nil:
		return fmt.Errorf("%w, the oracle finds %v", err, texts(want))
	case fmt.Sprint(texts(got)) != fmt.Sprint(texts(want)):
		return fmt.Errorf("%v, the oracle finds %v", texts(got), texts(want))
	}
	return nil
}

// texts describes items well enough to tell them apart.
func texts(list []Value) (out []string) {
	for _, v := range list {
		s := fmt.Sprintf("%d:%s", v.Kind(), v.Text())
		if v.Kind() == KindNode {
			s = fmt.Sprintf("node %d", v.node.Ordinal())
		}
		out = append(out, s)
	}
	return out
}

func differentialEnv() *Env {
	return &Env{Now: time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.FixedZone("", 3600)), Conformance: baseTypes{}}
}

// TestOracleOnSuites compares the engines on every expression of the suites.
func TestOracleOnSuites(t *testing.T) {
	for _, s := range [][2]string{{"official-r4", "tests-fhir-r4.dev.xml"}, {"fhirpath3-additions", "tests-fhirpath3.dev.xml"}} {
		data, err := os.ReadFile(corpus.Path(t, "fhirpath", s[0], s[1]))
		if err != nil {
			t.Fatal(err)
		}
		var file suiteFile
		if err := xml.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file.Groups {
			for _, test := range g.Tests {
				var in fhir.Node
				if test.Input != "" {
					in = readInput(t, corpus.Path(t, "fhirpath", s[0], "input", test.Input))
				}
				x, err := Compile(strings.TrimSpace(test.Expression.Text), Unchecked())
				if err != nil {
					continue
				}
				if err := agree(x, in, differentialEnv()); err != nil {
					t.Errorf("%s: %s: %v", test.Name, x, err)
				}
			}
		}
	}
}

// exampleTrees parses the R4 examples of the corpora.
func exampleTrees(t *testing.T) []*fhir.Tree {
	files, _ := filepath.Glob(filepath.Join(corpus.Path(t, "fhir", "examples-r4"), "*.json"))
	if len(files) == 0 {
		t.Skip("no examples")
	}
	var trees []*fhir.Tree
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := fhir.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	return trees
}

// eachInvariant calls use for every invariant of every element of the trees.
func eachInvariant(trees []*fhir.Tree, use func(n fhir.Node, c fhir.Constraint)) {
	for _, tree := range trees {
		for i := range tree.Len() {
			n := tree.At(i)
			if n.IsZero() || n.Type().IsZero() {
				continue
			}
			seen := map[string]bool{}
			for _, e := range elementsOf(n) {
				for c := range e.Constraints() {
					if !seen[c.Key] {
						seen[c.Key] = true
						use(n, c)
					}
				}
			}
		}
	}
}

func elementsOf(n fhir.Node) []fhir.Element {
	list := []fhir.Element{n.Type().Element()}
	if e, ok := n.Element(); ok {
		list = append(list, e)
	}
	return list
}

// TestInvariantsOnExamples evaluates every invariant on every element of the
// official examples: none may fail to be evaluated, and the native programs,
// the general ones and the oracle must agree.
func TestInvariantsOnExamples(t *testing.T) {
	trees := exampleTrees(t)
	type pair struct{ native, general *Expr }
	cache := map[string]pair{}
	env := differentialEnv()
	evaluations, natives := 0, 0
	eachInvariant(trees, func(n fhir.Node, c fhir.Constraint) {
		key := c.Key + c.Expression
		p, ok := cache[key]
		if !ok {
			var err error
			if p.native, err = Invariant(c.Key, c.Expression, Unchecked()); err != nil {
				t.Errorf("%s: %v", c.Key, err)
			}
			if p.general, err = Invariant(c.Key, c.Expression, Unchecked(), func(o *options) { o.general = true }); err != nil {
				t.Errorf("%s: %v", c.Key, err)
			}
			cache[key] = p
		}
		evaluations++
		v1, ok1, err := p.native.EvalBool(context.Background(), n, env)
		if err != nil {
			t.Errorf("%s at %s: %v", c.Key, n.Path(), err)
		}
		v2, ok2, err := p.general.EvalBool(context.Background(), n, env)
		if v1 != v2 || ok1 != ok2 || err != nil {
			t.Errorf("%s at %s: native %v %v, general %v %v %v", c.Key, n.Path(), v1, ok1, v2, ok2, err)
		}
		if strings.HasPrefix(c.Key, "dom-") || c.Key == "ele-1" || c.Key == "ext-1" {
			natives++
		}
		if evaluations%7 != 0 { // the oracle is slow
			return
		}
		if err := agree(p.general, n, env); err != nil {
			t.Errorf("%s at %s: %v", c.Key, n.Path(), err)
		}
	})
	t.Logf("%d evaluations of %d invariants on %d resources, %d by native programs", evaluations, len(cache), len(trees), natives)
}

// TestDefinitionsCompile compiles every invariant and search parameter of R4
// in its context.
func TestDefinitionsCompile(t *testing.T) {
	count, distinct := 0, map[string]bool{}
	for s := range fhir.R4().Structures() {
		if s.IsProfile() || s.Kind() == fhir.KindLogical {
			continue
		}
		for e := range s.Elements() {
			for c := range e.Constraints() {
				count++
				distinct[c.Expression] = true
				if _, err := Invariant(c.Key, c.Expression, Input(contextOf(s, e)...)); err != nil {
					t.Errorf("%s at %s: %v", c.Key, e.Path(), err)
				}
			}
		}
	}
	t.Logf("%d places, %d expressions", count, len(distinct))
	data, err := os.ReadFile(corpus.Path(t, "fhirpath", "r4-definitions", "search-parameters.json"))
	if err != nil {
		t.Fatal(err)
	}
	var parameters []struct {
		Expression string
		Base       []string
	}
	if err := json.Unmarshal(data, &parameters); err != nil {
		t.Fatal(err)
	}
	for _, p := range parameters {
		text, _ := Correct("", p.Expression)
		for _, base := range p.Base {
			if _, err := Compile(text, Input(base)); err != nil {
				t.Errorf("%s: %s: %v", base, p.Expression, err)
			}
		}
	}
	t.Logf("%d search expressions", len(parameters))
	data, err = os.ReadFile(corpus.Path(t, "fhirpath", "r4-definitions", "invariants.json"))
	if err != nil {
		t.Fatal(err)
	}
	var invariants []struct {
		Expression string
		Keys       []string
	}
	if err := json.Unmarshal(data, &invariants); err != nil {
		t.Fatal(err)
	}
	for _, i := range invariants {
		if _, err := Invariant(i.Keys[0], i.Expression); err != nil {
			t.Errorf("%s: %v", i.Keys, err)
		}
	}
	t.Logf("%d distinct invariants", len(invariants))
}

// contextOf returns the types that an element may have.
func contextOf(s fhir.Structure, e fhir.Element) (types []string) {
	if _, ok := e.Parent(); !ok {
		return []string{s.TypeName()}
	}
	if _, ok := fhir.R4().Type(e.Path()); ok {
		return []string{e.Path()}
	}
	for t := range e.Types() {
		types = append(types, t.Code)
	}
	return types
}

// generator makes random expressions about a Patient.
type generator struct{ r *rand.Rand }

func (g *generator) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *generator) path() string {
	return g.pick("name", "name.given", "name.family", "telecom", "telecom.value", "telecom.rank", "contact.name", "birthDate", "active",
		"gender", "address.line", "identifier", "children()", "descendants()", "extension", "$this", "contact.telecom.system", "birthDate.extension",
		"text.`div`", "name.period.start", "managingOrganization.reference", "Patient.name", "%resource.id", "%context.telecom")
}

func (g *generator) literal() string {
	return g.pick("1", "0", "2", "-3", "1.50", "2.0", "'a'", "'Edith'", "'phone'", "''", "true", "false", "{}", "@1974-12-25", "@1974", "@1974-12-25T14:35:45Z",
		"@T10:30", "5 'mg'", "1 'g'", "4 days", "1 year", "10L", "'1'", "'2020-02-29'", "(1 | 2 | 3)", "('a' | 'b')", "%ucum", "now()", "today()")
}

func (g *generator) boolean(depth int) string {
	switch g.r.IntN(7) {
	case 0:
		return g.expr(depth) + ".exists()"
	case 1:
		return g.expr(depth) + ".empty().not()"
	case 2:
		return "(" + g.expr(depth) + g.pick(" = ", " != ", " ~ ", " !~ ", " < ", " >= ", " in ", " contains ") + g.expr(depth) + ")"
	case 3:
		return "(" + g.boolean(depth-1) + g.pick(" and ", " or ", " xor ", " implies ") + g.boolean(depth-1) + ")"
	case 4:
		return g.expr(depth) + g.pick(".all(", ".exists(") + g.boolean(depth-1) + ")"
	case 5:
		return "(" + g.expr(depth) + " is " + g.pick("String", "string", "HumanName", "FHIR.code", "System.Integer", "Quantity") + ")"
	}
	return g.expr(depth) + g.pick(".isDistinct()", ".hasValue()", ".convertsToInteger()", ".subsetOf("+g.expr(depth-1)+")", ".supersetOf("+g.expr(depth-1)+")", ".startsWith('E')", ".allTrue()", ".anyFalse()")
}

func (g *generator) expr(depth int) string {
	if depth <= 0 {
		if g.r.IntN(2) == 0 {
			return g.path()
		}
		return g.literal()
	}
	in := g.expr(depth - 1)
	switch g.r.IntN(22) {
	case 0:
		return in + ".where(" + g.boolean(depth-1) + ")"
	case 1:
		return in + ".select(" + g.expr(depth-1) + ")"
	case 2:
		return in + g.pick(".first()", ".last()", ".tail()", ".single()", ".distinct()", ".count()", ".trace('x')", ".children()", ".type().name", ".sort()")
	case 3:
		return in + g.pick(".skip(", ".take(", ".intersect(", ".exclude(", ".union(", ".combine(", ".coalesce(") + g.expr(depth-1) + ")"
	case 4:
		return "(" + in + g.pick(" | ", " + ", " - ", " * ", " / ", " div ", " mod ", " & ") + g.expr(depth-1) + ")"
	case 5:
		return "iif(" + g.boolean(depth-1) + ", " + in + ", " + g.expr(depth-1) + ")"
	case 6:
		return in + g.pick(".toString()", ".toInteger()", ".toDecimal()", ".toQuantity()", ".toDate()", ".toDateTime()", ".toBoolean()", ".length()", ".upper()", ".abs()", ".round(1)", ".toChars()", ".lowBoundary()", ".highBoundary(5)", ".precision()", ".sqrt()", ".yearOf()")
	case 7:
		return in + "[" + g.pick("0", "1", "-1", "{}", "$index") + "]"
	case 8:
		return in + g.pick(".ofType(HumanName)", ".ofType(string)", ".as(code)", ".ofType(System.String)")
	case 9:
		return in + ".aggregate($total + $this, 0)"
	case 10:
		return in + ".repeat(" + g.pick("children()", "contact", "extension", "$this", "1") + ")"
	case 11:
		return in + ".defineVariable('v', " + g.expr(depth-1) + ").select(%v | " + g.pick("$this", "%v.first()", "$index") + ")"
	case 12:
		return in + g.pick(".join(',')", ".split(',')", ".substring(1)", ".indexOf('a')", ".replace('a', 'b')", ".matches('^[A-Z]')", ".min()", ".max()", ".sum()", ".avg()")
	case 13:
		return in + ".sort(" + g.pick("$this", "-$this", "family desc", "given.first() asc, family") + ")"
	case 14:
		return in + ".iif(" + g.boolean(depth-1) + ", $this, " + g.expr(depth-1) + ")"
	case 15:
		return "-" + in
	case 16, 17:
		return g.boolean(depth - 1)
	case 18:
		return in + ".select($this" + g.pick(".given", ".value", ".extension", ".children()") + ".where($index = 0)" + ")"
	}
	return in + "." + g.pick("given", "family", "value", "use", "system", "code", "extension.value", "period")
}

// Expressions on which the engines once differed.
func TestOracleRegressions(t *testing.T) {
	patient := readInput(t, "testdata/patient.json")
	for _, text := range []string{"-{}.toBoolean().sum()"} {
		x, err := Compile(text, Unchecked())
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(x, patient, differentialEnv()); err != nil {
			t.Errorf("%s = %v", text, err)
		}
	}
}

// TestOracleOnRandomExpressions compares the engines on generated expressions;
// with NHSKIT_LONG on many more.
func TestOracleOnRandomExpressions(t *testing.T) {
	n := 20_000
	if os.Getenv("NHSKIT_LONG") != "" {
		n = 6_000_000
	}
	patient := readInput(t, "testdata/patient.json")
	env := differentialEnv()
	compared := 0
	seed := uint64(1)
	if s := os.Getenv("NHSKIT_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	g := generator{rand.New(rand.NewPCG(seed, 2))}
	for range n {
		text := g.expr(1 + g.r.IntN(3))
		x, err := Compile(text, Unchecked(), WithLimits(Limits{Steps: 2_000_000}))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if formatted := x.Format(); compared%16 == 0 {
			again, err := Format(formatted)
			if err != nil || again != formatted {
				t.Fatalf("%s formats as %s, then as %s, %v", text, formatted, again, err)
			}
			y, err := Compile(formatted, Unchecked())
			if err != nil {
				t.Fatal(err)
			}
			a, errA := x.Eval(context.Background(), patient, env)
			b, errB := y.Eval(context.Background(), patient, env)
			if fmt.Sprint(texts(a)) != fmt.Sprint(texts(b)) || (errA == nil) != (errB == nil) {
				t.Fatalf("%s formats as %s, which means something else", text, formatted)
			}
		}
		if err := agree(x, patient, env); err != nil {
			e, _ := errors.AsType[*Error](err)
			if e != nil && e.Issues[0].Code == CodeLimit {
				continue
			}
			t.Fatalf("%s = %v", text, err)
		}
		compared++
	}
	t.Logf("%d expressions", compared)
}

// Texts whose canonical form once was not.
func TestFormatRegressions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"$this- in {}", ""}, // an operator without a right side, no instance of a type called in
		{"a = and {}.b()", ""}, {"Quantity {}", "Quantity {:}"}, {"`in`.a in b", "`in`.a in b"}, {"-(-1)", "--1"}, {"(-1).abs()", "(-1).abs()"}, {"@2015T.a", "@2015T.a"},
		{"a is B.C and (b as d).e", "a is B.C and (b as d).e"}, {"1 - (2 - 3)", "1 - (2 - 3)"}, {"(1 - 2) - 3", "1 - 2 - 3"}, {"'\\u0001'", "'\\u0001'"},
	} {
		got, err := Format(c.text)
		if (err != nil) != (c.want == "") || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.text, got, err, c.want)
		}
	}
}

// TestMutatedExpressions checks that text near expressions never panics and is
// refused with a place; with NHSKIT_LONG many times more often.
func TestMutatedExpressions(t *testing.T) {
	n := 50_000
	if os.Getenv("NHSKIT_LONG") != "" {
		n = 12_000_000
	}
	g := generator{rand.New(rand.NewPCG(5, 6))}
	alphabet := "()[]{}.,|&+-*/<>=!~%$@`'\\:0123456789TLZabcxyz \n\u00e9"
	var text []byte
	for i := range n {
		if i%8 == 0 {
			text = []byte(g.expr(1 + g.r.IntN(2)))
		}
		for range 1 + g.r.IntN(3) {
			at := g.r.IntN(len(text) + 1)
			switch g.r.IntN(3) {
			case 0:
				text = append(text[:at:at], append([]byte{alphabet[g.r.IntN(len(alphabet))]}, text[at:]...)...)
			case 1:
				if at < len(text) {
					text = append(text[:at:at], text[at+1:]...)
				}
			default:
				if at < len(text) {
					text[at] = alphabet[g.r.IntN(len(alphabet))]
				}
			}
		}
		root, issue := parseSource(string(text), Limits{}.withDefaults())
		switch {
		case issue != nil:
			if issue.Offset < 0 || issue.Offset > int64(len(text)) || issue.Line < 1 || issue.Text == "" {
				t.Fatalf("%q: %+v", text, issue)
			}
		case i%16 == 0:
			formatted := string(appendExpr(nil, root, 0))
			again, err := Format(formatted)
			if err != nil || again != formatted {
				t.Fatalf("%q formats as %q, then as %q, %v", text, formatted, again, err)
			}
		}
	}
}

func FuzzEval(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(3, 4))}
	for range 300 {
		f.Add(g.expr(2))
	}
	for _, c := range corrections {
		f.Add(c.Published)
		f.Add(c.Corrected)
	}
	for _, s := range []string{"'a' ~ 'a'", "Quantity { value: 1.0, unit: 'mg' }", "@2015-13", "'\\u00e9'", "1 / 0", "(((", "1.1.1", "%`vs-x`", "`a b`.c", "// x", "/* y", "%factory.Quantity('s', 'mg', 1.5).value",
		"%factory.withProperty(name.first(), 'given', name.given | 'x')", "%factory.withExtension(gender, 'urn:x', %factory.Coding('s', 'c')).extension.value.code", "%terminologies.at('x').expand('y').url"} {
		f.Add(s)
	}
	patient := readInput(f, "testdata/patient.json")
	f.Fuzz(func(t *testing.T, text string) {
		x, err := Compile(text, Unchecked(), WithLimits(Limits{Steps: 200_000, Items: 20_000, Bytes: 1 << 16}))
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok || len(e.Issues) == 0 {
				t.Fatalf("%q: %#v", text, err)
			}
			for _, i := range e.Issues {
				if i.Offset < -1 || i.Offset > int64(len(text)) || i.Text == "" {
					t.Fatalf("%q: %#v", text, i)
				}
			}
			return
		}
		Compile(text, Input("Patient"), Strict())
		x.Deps()
		if again, err := Format(x.Format()); err != nil || again != x.Format() {
			t.Fatalf("%q formats as %q, then as %q, %v", text, x.Format(), again, err)
		}
		if err := agree(x, patient, differentialEnv()); err != nil {
			if e, _ := errors.AsType[*Error](err); e == nil || e.Issues[0].Code != CodeLimit {
				t.Fatalf("%q = %v", text, err)
			}
		}
		x.Explain(context.Background(), patient, differentialEnv())
	})
}
