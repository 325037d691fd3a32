package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/fhirpath"
)

// fhirPathCommands evaluate FHIRPath.
func fhirPathCommands() []command {
	return []command{{
		name:    "fhir path",
		args:    "EXPR FILE...",
		summary: "Evaluate a FHIRPath expression on resources or plain JSON",
		example: "nhskit fhir path \"name.where(use = 'official').given.first()\" patient.json\n" +
			"nhskit fhir path -batch questions.ndjson",
		setup: func(f *flag.FlagSet) runner {
			strict := f.Bool("strict", false, "also refuse functions that depend on the order of an unordered collection")
			lenient := f.Bool("lenient", false, "accept the JSON names of choices, as in Observation.valueQuantity")
			batch := f.String("batch", "", "evaluate the expressions of an NDJSON `file` of {\"id\",\"expr\",\"file\",\"strict\",\"lenient\"}")
			return func(c *console, args []string) error {
				p := &pathRunner{c: c, parser: fhir.NewParser(fhir.Plain()), lenient: *lenient}
				if *batch != "" {
					if len(args) > 0 {
						return usagef("fhir path -batch takes its expressions and files from the batch")
					}
					return p.batch(*batch)
				}
				if len(args) == 0 {
					return usagef("fhir path needs an expression, as in: nhskit fhir path name.given patient.json")
				}
				return c.eachInput(args[1:], func(name string, data []byte) error {
					return p.one(args[0], name, data, *strict)
				})
			}
		},
	}}
}

// pathRunner evaluates expressions and keeps what it compiled and parsed.
type pathRunner struct {
	c        *console
	parser   *fhir.Parser
	lenient  bool
	compiled map[string]*fhirpath.Expr
	trees    map[string]*fhir.Tree
}

// pathResult is the answer for one expression and input.
type pathResult struct {
	ID     json.RawMessage `json:"id,omitempty"`
	File   string          `json:"file,omitempty"`
	Result *[]pathItem     `json:"result,omitempty"`
	Error  *pathError      `json:"error,omitempty"`
}

type pathItem struct {
	Type  string `json:"type"`
	Value any    `json:"value"` // a string, or for complex elements their JSON
}

type pathError struct {
	Stage  string `json:"stage"` // parse, check or evaluate
	Text   string `json:"text"`
	Offset int64  `json:"offset"`
}

// one evaluates an expression on one file.
func (p *pathRunner) one(expr, name string, data []byte, strict bool) error {
	var root fhir.Node
	if len(bytes.TrimSpace(data)) > 0 {
		tree, err := p.parser.Parse(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		root = tree.Root()
	}
	items, err := p.evaluate(expr, root, strict, p.lenient)
	if p.c.text {
		return p.print(expr, name, items, err)
	}
	return p.answer(pathResult{File: name}, items, err)
}

// answer writes a line of JSON.
func (p *pathRunner) answer(r pathResult, items []pathItem, err error) error {
	if err == nil {
		r.Result = &items
		return p.c.json(r)
	}
	r.Error = pathErrorOf(err)
	if err := p.c.json(r); err != nil {
		return err
	}
	return errFindings
}

func pathErrorOf(err error) *pathError {
	var e *fhirpath.Error
	if errors.As(err, &e) {
		return &pathError{e.Stage.String(), e.Issues[0].Text, e.Issues[0].Offset}
	}
	return &pathError{fhirpath.StageEvaluate.String(), err.Error(), -1}
}

// print writes items, or findings with a caret, for people.
func (p *pathRunner) print(expr, name string, items []pathItem, err error) error {
	var e *fhirpath.Error
	if errors.As(err, &e) {
		for _, i := range e.Issues {
			p.c.printIssue("expression", []byte(expr), issue{Severity: i.Severity.String(), Code: string(i.Code), Path: i.Path, Offset: i.Offset, Line: i.Line, Col: i.Col, Clause: i.Clause, Text: i.Text})
		}
		return errFindings
	}
	if err != nil {
		return err
	}
	for _, item := range items {
		fmt.Fprintf(p.c.out, "%s: %s %s\n", name, item.Type, item.Value)
	}
	return nil
}

// evaluate compiles an expression for the type of an input, once, and
// evaluates it.
func (p *pathRunner) evaluate(expr string, root fhir.Node, strict, lenient bool) ([]pathItem, error) {
	typ := ""
	if !root.IsZero() {
		typ = root.Type().Name()
	}
	key := fmt.Sprint(typ, " ", strict, lenient, " ", expr)
	x := p.compiled[key]
	if x == nil {
		var opts []fhirpath.Option
		if typ != "" {
			opts = append(opts, fhirpath.Input(typ))
		}
		if strict {
			opts = append(opts, fhirpath.Strict())
		}
		if lenient || p.lenient {
			opts = append(opts, fhirpath.LenientChoices())
		}
		var err error
		if x, err = fhirpath.Compile(expr, opts...); err != nil {
			return nil, err
		}
		if p.compiled == nil || len(p.compiled) >= 4096 {
			p.compiled = map[string]*fhirpath.Expr{}
		}
		p.compiled[key] = x
	}
	values, err := x.Eval(context.Background(), root, &fhirpath.Env{Conformance: ownTypes{}, Trace: p.trace})
	if err != nil {
		return nil, err
	}
	items := make([]pathItem, 0, len(values))
	for _, v := range values {
		items = append(items, pathItemOf(v))
	}
	return items, nil
}

// trace shows what trace() is asked to on standard error.
func (p *pathRunner) trace(name string, items []fhirpath.Value) {
	for _, v := range items {
		fmt.Fprintf(p.c.err, "trace %s: %s\n", name, v.Text())
	}
}

func pathItemOf(v fhirpath.Value) pathItem {
	namespace, name := v.TypeName()
	item := pathItem{Type: name, Value: v.Literal()}
	if namespace != "" {
		item.Type = namespace + "." + name
	}
	if n, ok := v.Node(); ok && !n.IsPrimitive() && name != "Quantity" {
		item.Value = json.RawMessage(n.AppendJSON(nil, fhir.Compact))
	}
	return item
}

// batch answers a file of questions, in their order.
func (p *pathRunner) batch(name string) error {
	in, err := p.c.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	p.trees = map[string]*fhir.Tree{}
	lines := bufio.NewReaderSize(in, 1<<16)
	var worst error
	for n := 1; ; n++ {
		line, readErr := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			switch err := p.question(line, filepath.Dir(name)); {
			case errors.Is(err, errFindings):
				if worst == nil {
					worst = err
				}
			case err != nil:
				fmt.Fprintf(p.c.err, "nhskit: %s:%d: %v\n", name, n, err)
				worst = errReported
			}
		}
		if errors.Is(readErr, io.EOF) {
			return worst
		}
		if readErr != nil {
			return readErr
		}
	}
}

// question answers one line of a batch.
func (p *pathRunner) question(line []byte, dir string) error {
	var q struct {
		ID      json.RawMessage `json:"id"`
		Expr    string          `json:"expr"`
		File    string          `json:"file"`
		Strict  bool            `json:"strict"`
		Lenient bool            `json:"lenient"`
	}
	if err := json.Unmarshal(line, &q); err != nil {
		return err
	}
	var root fhir.Node
	if q.File != "" {
		tree, err := p.tree(q.File, dir)
		if err != nil {
			// The answer is there all the same, so that none is missing.
			p.c.json(pathResult{ID: q.ID, Error: &pathError{"input", err.Error(), -1}})
			return err
		}
		root = tree.Root()
	}
	items, err := p.evaluate(q.Expr, root, q.Strict, q.Lenient)
	return p.answer(pathResult{ID: q.ID}, items, err)
}

// tree parses a file of a batch, once. A file that is not where the batch says
// is looked for beside the batch.
func (p *pathRunner) tree(name, dir string) (*fhir.Tree, error) {
	if t := p.trees[name]; t != nil {
		return t, nil
	}
	data, err := p.c.read(name)
	if err != nil && !filepath.IsAbs(name) {
		if beside, err2 := p.c.read(filepath.Join(dir, name)); err2 == nil {
			data, err = beside, nil
		}
	}
	if err != nil {
		return nil, err
	}
	t, err := p.parser.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.trees[name] = t
	return t, nil
}

// ownTypes answers conformsTo for the definitions of FHIR's own types, by the
// findings of the parser. Profiles are for fhir validate.
type ownTypes struct{}

func (ownTypes) ConformsTo(_ context.Context, n fhir.Node, profile string) (fhirpath.Answer, error) {
	defs := n.Tree().Definitions()
	s, ok := defs.Structure(profile)
	if !ok {
		return fhirpath.Unknown, errors.New("the profile is not known")
	}
	if s.IsProfile() {
		return fhirpath.Unknown, errors.New("profiles are checked by nhskit fhir validate -profile")
	}
	t, ok := defs.Type(s.TypeName())
	if !ok || !n.Type().IsA(t) {
		return fhirpath.No, nil
	}
	start, end := n.Span()
	for _, i := range n.Tree().Issues() {
		if i.Severity <= fhir.Error && int(i.Offset) >= start && int(i.Offset) <= end {
			return fhirpath.No, nil
		}
	}
	return fhirpath.Yes, nil
}

func (ownTypes) InSlice(context.Context, fhir.Node, string, string) (fhirpath.Answer, error) {
	return fhirpath.Unknown, errors.New("slices are checked by nhskit fhir validate -profile")
}

func (ownTypes) ElementDefinition(context.Context, fhir.Node) (fhir.Node, error) {
	return fhir.Node{}, errors.New("this command has no element definitions as resources")
}
