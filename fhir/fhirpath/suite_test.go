package fhirpath

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// disputed returns the names of tests that are not followed; each has its
// reason on the same line of the file.
func disputed(t *testing.T) map[string]bool {
	t.Helper()
	f, err := os.Open("testdata/disputed.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, reason, ok := strings.Cut(lines.Text(), ",")
		if !ok || len(reason) < 20 {
			t.Errorf("disputed.csv: %q has no reason", lines.Text())
		}
		names[name] = true
	}
	return names
}

type suiteFile struct {
	Groups []struct {
		Name  string      `xml:"name,attr"`
		Tests []suiteTest `xml:"test"`
	} `xml:"group"`
}

type suiteTest struct {
	Name       string `xml:"name,attr"`
	Input      string `xml:"inputfile,attr"`
	Predicate  string `xml:"predicate,attr"`
	Mode       string `xml:"mode,attr"`
	Ordered    string `xml:"ordered,attr"`
	CheckOrder string `xml:"checkOrderedFunctions,attr"`
	Expression struct {
		Text    string `xml:",chardata"`
		Invalid string `xml:"invalid,attr"`
	} `xml:"expression"`
	Outputs []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"output"`
}

// baseTypes conforms nodes to the definitions of their own types, for whose
// rules the parser stands.
type baseTypes struct{}

func (baseTypes) ConformsTo(_ context.Context, n fhir.Node, profile string) (Answer, error) {
	s, ok := n.Tree().Definitions().Structure(profile)
	if !ok || s.IsProfile() {
		return Unknown, errors.New("unknown profile")
	}
	if t, ok := n.Tree().Definitions().Type(s.TypeName()); ok && n.Type().IsA(t) && len(n.Tree().Issues()) == 0 {
		return Yes, nil
	}
	return No, nil
}

func (baseTypes) InSlice(context.Context, fhir.Node, string, string) (Answer, error) {
	return Unknown, errors.New("no profiles here")
}

func (baseTypes) ElementDefinition(context.Context, fhir.Node) (fhir.Node, error) {
	return fhir.Node{}, nil
}

// outputType names the type of a value as the suite does.
func outputType(v Value) string {
	namespace, name := v.TypeName()
	if namespace == "System" && name != "Quantity" {
		return strings.ToLower(name[:1]) + name[1:]
	}
	return name
}

// outputText writes a value as the suite does: dates and times with "@".
func outputText(v Value) string {
	s := v.system()
	switch s.Kind() {
	case KindDate, KindDateTime:
		return "@" + v.Text()
	case KindTime:
		return "@T" + v.Text()
	}
	return v.Text()
}

// TestSuites runs the HL7 suites in three stages: parse, check, evaluate, with
// exact text and type.
func TestSuites(t *testing.T) {
	skip := disputed(t)
	for _, s := range []struct{ name, dir, file string }{
		{"official-r4", "official-r4", "tests-fhir-r4.dev.xml"},
		{"fhirpath3-additions", "fhirpath3-additions", "tests-fhirpath3.dev.xml"},
	} {
		t.Run(s.name, func(t *testing.T) {
			data, err := os.ReadFile(corpus.Path(t, "fhirpath", s.dir, s.file))
			if err != nil {
				t.Fatal(err)
			}
			var file suiteFile
			if err := xml.NewDecoder(bytes.NewReader(data)).Decode(&file); err != nil {
				t.Fatal(err)
			}
			inputs := map[string]fhir.Node{"": {}}
			passed, total := 0, 0
			for _, g := range file.Groups {
				for i, test := range g.Tests {
					total++
					t.Run(fmt.Sprintf("%s/%s", g.Name, test.Name), func(t *testing.T) {
						in, ok := inputs[test.Input]
						if !ok {
							in = readInput(t, corpus.Path(t, "fhirpath", s.dir, "input", test.Input))
							inputs[test.Input] = in
						}
						if err := g.Tests[i].run(in); err == nil {
							passed++
						} else if skip[test.Name] {
							t.Skipf("disputed: %v", err)
						} else {
							t.Error(err)
						}
					})
				}
			}
			corpus.Floor(t, s.name, passed, total)
			t.Logf("%d of %d", passed, total)
		})
	}
}

func readInput(t testing.TB, path string) fhir.Node {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := fhir.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Root()
}

// run scores one test; nil if it passes.
func (test *suiteTest) run(in fhir.Node) error {
	var opts []Option
	if !in.IsZero() {
		opts = append(opts, Input(in.Type().Name()))
	}
	if test.CheckOrder == "true" {
		opts = append(opts, Strict())
	}
	if strings.Contains(test.Mode, "lenient") {
		opts = append(opts, LenientChoices())
	}
	text := strings.TrimSpace(test.Expression.Text)
	invalid := test.Expression.Invalid
	x, err := Compile(text, opts...)
	if err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return err
		}
		want := map[string]Stage{"syntax": StageParse, "semantic": StageCheck}
		if stage, ok := want[invalid]; ok && stage == e.Stage {
			return nil
		}
		return fmt.Errorf("%s: stage %v: %w", text, e.Stage, err)
	}
	if invalid == "syntax" || invalid == "semantic" {
		return fmt.Errorf("%s: compiled, but is invalid (%s)", text, invalid)
	}
	got, err := x.Eval(context.Background(), in, &Env{Conformance: baseTypes{}})
	if err != nil || invalid == "execution" {
		if err != nil && invalid == "execution" {
			return nil
		}
		return fmt.Errorf("%s = %v, %w; invalid=%q", text, got, err, invalid)
	}
	if test.Predicate == "true" {
		got = []Value{boolValue(len(got) > 0)}
	}
	return test.compare(text, got)
}

func (test *suiteTest) compare(text string, got []Value) error {
	var have, want []string
	for i, v := range got {
		item := outputText(v)
		if i < len(test.Outputs) && test.Outputs[i].Type != "" || test.Ordered == "false" {
			item += " " + outputType(v)
		}
		have = append(have, item)
	}
	for i, o := range test.Outputs {
		item := o.Text
		if o.Text == "" && i < len(got) {
			item = outputText(got[i])
		}
		if o.Type != "" {
			item += " " + o.Type
		}
		want = append(want, item)
	}
	if test.Ordered == "false" {
		slices.Sort(have)
		slices.Sort(want)
	}
	if !slices.Equal(have, want) {
		return fmt.Errorf("%s = %q, want %q", text, have, want)
	}
	return nil
}
