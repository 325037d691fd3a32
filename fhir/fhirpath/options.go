package fhirpath

import (
	"context"

	"github.com/nhskit/nhskit/fhir"
)

// Limits bound what an expression may cost. In each field zero means the
// default and a negative value means no limit.
type Limits struct {
	Length int // bytes of an expression: 1 MiB
	Depth  int // nested parentheses and arguments: 200
	Nodes  int // operations in an expression: 20,000
	Steps  int // items visited in one evaluation: 50 million
	Items  int // items in one collection: 2 million
	Bytes  int // of a string that a function makes: 16 MiB
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		switch {
		case *v == 0:
			*v = def
		case *v < 0:
			*v = 1<<31 - 1
		}
	}
	set(&l.Length, 1<<20)
	set(&l.Depth, 200)
	set(&l.Nodes, 20_000)
	set(&l.Steps, 50_000_000)
	set(&l.Items, 2_000_000)
	set(&l.Bytes, 16<<20)
	return l
}

// Option changes how an expression is compiled.
type Option func(*options)

type options struct {
	src            string
	defs           *fhir.Definitions
	input          static
	inputNames     []string
	strict         bool
	lenientChoices bool
	unchecked      bool
	published      bool
	general        bool // without native programs, for tests
	variables      []declared
	functions      []Function
	limits         Limits
}

func newOptions(opts []Option) *options {
	o := new(options)
	for _, opt := range opts {
		opt(o)
	}
	return o
}

type declared struct {
	name   string
	typ    string
	static static
}

// With sets the definitions that names are looked up in; R4 is the default.
// Trees that are evaluated should have been read by the same.
func With(d *fhir.Definitions) Option { return func(o *options) { o.defs = d } }

// Input sets the types of the context that the expression will be evaluated
// on: a resource, data type, or the path of an element ("Patient.contact").
// With it, names of elements are checked. A name that is no type is an error.
func Input(typeNames ...string) Option { return func(o *options) { o.inputNames = typeNames } }

// Strict also refuses functions that depend on the order of a collection that
// has none, such as children().first().
func Strict() Option { return func(o *options) { o.strict = true } }

// LenientChoices accepts the JSON name of a choice, Observation.valueQuantity,
// in place of Observation.value.ofType(Quantity).
func LenientChoices() Option { return func(o *options) { o.lenientChoices = true } }

// Unchecked turns findings of the static check into warnings: what does not
// exist is then empty, or an error at evaluation.
func Unchecked() Option { return func(o *options) { o.unchecked = true } }

// Variable declares a variable that the Env of an evaluation will hold, by its
// name without "%" and its type ("System.String", "Patient"; "" for any).
func Variable(name, typeName string) Option {
	return func(o *options) { o.variables = append(o.variables, declared{name: name, typ: typeName}) }
}

// WithFunction adds a function. Those of the specification cannot be replaced.
func WithFunction(f Function) Option {
	return func(o *options) { o.functions = append(o.functions, f) }
}

// WithLimits replaces the default limits.
func WithLimits(l Limits) Option { return func(o *options) { o.limits = l } }

// Function is a function of the caller's. The checker holds calls to its
// signature; types are named as in an expression, "" for any.
type Function struct {
	Name   string
	Input  string   // type of the input
	Params []string // types of the arguments; a "?" at the end marks optional ones
	Result string   // type of the result
	List   bool     // the result may have several items

	// Call computes the result. The slices belong to the evaluation and must
	// not be kept. An error ends the evaluation.
	Call func(ctx context.Context, input []Value, args [][]Value) ([]Value, error)
}
