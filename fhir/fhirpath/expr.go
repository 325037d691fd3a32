package fhirpath

import (
	"context"
	"hash/maphash"
	"iter"
	"sync"

	"github.com/nhskit/nhskit/fhir"
)

// Expr is a compiled expression. It is immutable and safe for concurrent use.
type Expr struct {
	src      string
	root     *expr
	opts     *options
	limits   Limits
	warnings []Issue
	out      static
	slots    int
	stream   run
	truth    truth // of a Boolean expression
	pool     sync.Pool
}

// Compile parses, checks and compiles an expression. The error is an *[Error]
// of stage Parse or Check.
func Compile(expression string, opts ...Option) (*Expr, error) {
	return compile(expression, newOptions(opts))
}

// compile is Compile with the options applied.
func compile(expression string, o *options) (*Expr, error) {
	o.src = expression
	if o.defs == nil {
		o.defs = fhir.R4()
	}
	o.limits = o.limits.withDefaults()
	root, issue := parseSource(expression, o.limits)
	if issue != nil {
		return nil, &Error{StageParse, []Issue{*issue}}
	}
	c := checker{src: expression, opts: o, defs: o.defs}
	if err := c.declare(); err != nil {
		return nil, err
	}
	out, _ := c.check(root, scope{this: o.input, total: -1})
	if c.errors > 0 && !o.unchecked {
		return nil, &Error{StageCheck, errorsFirst(c.issues)}
	}
	x := &Expr{src: expression, root: root, opts: o, limits: o.limits, out: out}
	for _, i := range c.issues {
		i.Severity = SeverityWarning
		x.warnings = append(x.warnings, i)
	}
	x.compile(c.slots)
	return x, nil
}

// declare resolves the types that the options name.
func (c *checker) declare() error {
	o := c.opts
	o.input = anything().asOne()
	for i, name := range o.inputNames {
		t := resolveType(c.defs, name)
		if t.fhir.IsZero() {
			t.fhir, _ = c.defs.Type(name)
		}
		if !t.known() {
			return &Error{StageCheck, []Issue{{Code: CodeTypeName, Offset: -1, Text: "the option Input names no type: " + quote(name)}}}
		}
		if i == 0 {
			o.input = static{}
		}
		if t.fhir.IsZero() {
			o.input.sys |= 1 << t.kind
		} else {
			o.input.add(t.fhir)
		}
	}
	for i := range o.variables {
		o.variables[i].static = c.signature(o.variables[i].typ).asList()
	}
	return nil
}

// errorsFirst moves the errors before the warnings.
func errorsFirst(issues []Issue) []Issue {
	out := make([]Issue, 0, len(issues))
	for _, s := range []Severity{SeverityError, SeverityWarning} {
		for _, i := range issues {
			if i.Severity == s {
				out = append(out, i)
			}
		}
	}
	return out
}

// compile builds the program of the expression. One that is a Boolean by its
// form is compiled as such.
func (x *Expr) compile(slots int) {
	c := compiler{defs: x.opts.defs, opts: x.opts, root: x.root, slots: slots, focus: -1}
	if isBoolean(x.root) {
		t := c.native(x.src)
		if t == nil {
			t = c.truth(x.root)
		}
		x.truth = t
		x.stream = func(ev *evaluator) bool {
			v := t(ev).value()
			return ev.err == nil && (v.IsZero() || ev.emit(v))
		}
	} else {
		x.stream = c.stream(x.root, (*evaluator).emit)
	}
	x.slots = c.slots
	x.pool.New = func() any { return newEvaluator(x, x.slots) }
}

// isBoolean reports whether an expression gives a Boolean or nothing, by its
// form.
func isBoolean(e *expr) bool {
	switch e.kind {
	case xIs:
		return true
	case xBinary:
		return e.op != opUnion && e.op.precedence() < opUnion.precedence()
	case xCall:
		return e.fn != nil && e.fn.out == kindsBoolean
	}
	return false
}

// emit takes an item of the result; false when no more are wanted.
func (ev *evaluator) emit(v Value) bool {
	if ev.yield != nil {
		return ev.yield(v, nil)
	}
	ev.out = append(ev.out, v)
	return len(ev.out) < ev.want
}

func newEvaluator(x *Expr, slots int) *evaluator {
	return &evaluator{x: x, slots: make([]slot, slots), seed: maphash.MakeSeed()}
}

// MustCompile is Compile for constants in programs and tests; it panics if the
// expression is not valid.
func MustCompile(expression string, opts ...Option) *Expr {
	x, err := Compile(expression, opts...)
	if err != nil {
		panic(err)
	}
	return x
}

// String returns the expression as it was given.
func (x *Expr) String() string { return x.src }

// Warnings returns what the check found that is no error: comparisons that
// cannot succeed, types that do not exist. The caller must not change it.
func (x *Expr) Warnings() []Issue { return x.warnings }

// start takes an evaluator from the pool.
func (x *Expr) start(ctx context.Context, in fhir.Node, env *Env) *evaluator {
	ev := x.pool.Get().(*evaluator)
	v := Value{}
	if !in.IsZero() {
		v = nodeValue(in)
	}
	ev.begin(ctx, v, env)
	if ctx != nil && ctx.Err() != nil {
		ev.failErr(x.root, CodeCancelled, "", "the evaluation was cancelled", ctx.Err())
	}
	return ev
}

// failure returns the error that ended an evaluation.
func (ev *evaluator) failure() error {
	if ev.err == nil {
		return nil
	}
	return &Error{StageEvaluate, []Issue{*ev.err}}
}

// Eval evaluates the expression on a node; the zero Node stands for no input.
// env may be nil. The error is an *[Error] of stage Evaluate.
func (x *Expr) Eval(ctx context.Context, in fhir.Node, env *Env) ([]Value, error) {
	return x.Append(ctx, nil, in, env)
}

// Append is Eval that appends to a slice of the caller's, and so allocates
// nothing if that is large enough. On an error dst is returned as it was.
func (x *Expr) Append(ctx context.Context, dst []Value, in fhir.Node, env *Env) ([]Value, error) {
	ev := x.start(ctx, in, env)
	defer ev.end()
	if x.truth != nil {
		if ev.err == nil {
			if v := x.truth(ev).value(); !v.IsZero() && ev.err == nil {
				dst = append(dst, v)
			}
		}
		return dst, ev.failure()
	}
	if err := x.run(ev, x.limits.Items+1); err != nil {
		return dst, err
	}
	if len(ev.out) > x.limits.Items {
		ev.fail(x.root, CodeLimit, "", "a result of too many items")
		return dst, ev.failure()
	}
	return append(dst, ev.out...), nil
}

// run evaluates until want items are there.
func (x *Expr) run(ev *evaluator, want int) error {
	ev.want = want
	if ev.err == nil {
		x.stream(ev)
	}
	return ev.failure()
}

// EvalBool evaluates an expression that should give one Boolean, as an
// invariant does. ok is false where the result is empty. A single item that is
// no Boolean counts as true; several items are an error.
func (x *Expr) EvalBool(ctx context.Context, in fhir.Node, env *Env) (value, ok bool, err error) {
	ev := x.start(ctx, in, env)
	defer ev.end()
	t := unknown
	if x.truth != nil {
		if ev.err == nil {
			t = x.truth(ev)
		}
		err = ev.failure()
	} else if err = x.run(ev, 2); err == nil {
		switch len(ev.out) {
		case 0:
		case 1:
			t = truthValue(ev.out[0])
		default:
			ev.several(x.root)
			err = ev.failure()
		}
	}
	if err != nil {
		return false, false, err
	}
	return t == yes, t != unknown, nil
}

// Exists tells whether the result has items. It stops at the first.
func (x *Expr) Exists(ctx context.Context, in fhir.Node, env *Env) (bool, error) {
	ev := x.start(ctx, in, env)
	defer ev.end()
	err := x.run(ev, 1)
	return len(ev.out) > 0 && err == nil, err
}

// First returns the first item of the result, the zero Value if it is empty.
// It stops there.
func (x *Expr) First(ctx context.Context, in fhir.Node, env *Env) (Value, error) {
	ev := x.start(ctx, in, env)
	defer ev.end()
	if err := x.run(ev, 1); err != nil || len(ev.out) == 0 {
		return Value{}, err
	}
	return ev.out[0], nil
}

// EvalStrings returns the items of the result as toString() gives them; items
// that have no such form are an error.
func (x *Expr) EvalStrings(ctx context.Context, in fhir.Node, env *Env) ([]string, error) {
	ev := x.start(ctx, in, env)
	defer ev.end()
	if err := x.run(ev, x.limits.Items+1); err != nil {
		return nil, err
	}
	out := make([]string, 0, len(ev.out))
	for _, v := range ev.out {
		s := toText(v.system())
		if s.IsZero() {
			ev.fail(x.root, CodeOperand, "", kindName(v)+" has no form as a String")
			return nil, ev.failure()
		}
		out = append(out, s.str)
	}
	return out, nil
}

// All iterates over the items of the result as they are found. An error ends
// the iteration.
func (x *Expr) All(ctx context.Context, in fhir.Node, env *Env) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		ev := x.start(ctx, in, env)
		defer ev.end()
		stopped := false
		ev.yield = func(v Value, err error) bool {
			stopped = !yield(v, err)
			return !stopped
		}
		if err := x.run(ev, 0); err != nil && !stopped {
			yield(Value{}, err)
		}
	}
}
