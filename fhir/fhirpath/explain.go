package fhirpath

import (
	"context"

	"github.com/nhskit/nhskit/fhir"
)

// Explanation says why an expression did not give true.
type Explanation struct {
	Holds  bool    // it did give true; there are no causes
	Causes []Cause // the innermost conditions that decided, in the order of evaluation
}

// Cause is a condition that made an expression false or empty, at the element
// on which it was evaluated. It holds places and no values.
type Cause struct {
	Expression string // the sub-expression, in canonical form
	Offset     int64  // of it in the expression
	Found      string // "false", "empty", or "true" where the contrary was wanted
	Focus      Location
	Items      []Location // the elements that it looked at, 10 at most
}

// Location is a place in a resource: the path of an element, and its offset,
// line and column in the source. For what is no element all are zero.
type Location struct {
	Path      string
	Offset    int64
	Line, Col int
}

// location returns the place of a value.
func location(v Value) Location {
	if v.Kind() != KindNode {
		return Location{}
	}
	line, col := v.node.Position()
	start, _ := v.node.Span()
	return Location{v.node.Path(), int64(start), line, col}
}

// maxCauses bounds the causes of an explanation, and maxItems those of a cause.
const (
	maxCauses = 100
	maxItems  = 10
)

// Explain evaluates the expression as EvalBool does and says which of its
// parts, on which elements, made it false or empty. It compiles the expression
// anew and is meant for the expressions that failed.
func (x *Expr) Explain(ctx context.Context, in fhir.Node, env *Env) (*Explanation, error) {
	again := *x.opts
	root, issue := parseSource(x.src, x.limits)
	if issue != nil {
		return nil, &Error{StageParse, []Issue{*issue}}
	}
	ch := checker{src: x.src, opts: &again, defs: again.defs}
	out, _ := ch.check(root, scope{this: again.input, total: -1})
	y := &Expr{src: x.src, root: root, opts: &again, limits: x.limits, out: out}
	c := compiler{defs: again.defs, opts: &again, root: root, focus: -1, slots: ch.slots, explain: true}
	program := c.truth(root)
	ev := newEvaluator(y, c.slots)
	v := Value{}
	if !in.IsZero() {
		v = nodeValue(in)
	}
	ev.begin(ctx, v, env)
	result := program(ev)
	if ev.err != nil {
		return nil, ev.failure()
	}
	e := &Explanation{Holds: result == yes}
	if !e.Holds {
		e.blame(ev.records, 0, yes)
	}
	return e, nil
}

// record is one evaluation of a condition.
type record struct {
	e        *expr
	this     Value
	result   tri
	end      int // index behind the records made during it
	operands []Value
}

// recorded makes a condition leave a record each time it is evaluated.
func (c *compiler) recorded(e *expr, t truth) truth {
	var operands []run
	var sink int
	if !e.bad && c.leaf(e) {
		sink = c.slot()
		keep := func(ev *evaluator, v Value) bool {
			s := &ev.slots[sink]
			if v.Kind() == KindNode {
				s.list = append(s.list, v)
			}
			return len(s.list) < maxItems
		}
		c.explain = false
		for _, side := range []*expr{e.left, e.right} {
			if side != nil && apiOf(side) == "" {
				operands = append(operands, c.stream(side, keep))
			}
		}
		c.explain = true
	}
	return func(ev *evaluator) tri {
		i := len(ev.records)
		if i < 100_000 {
			ev.records = append(ev.records, record{e: e, this: *ev.this})
		}
		r := t(ev)
		if i >= len(ev.records) {
			return r
		}
		rec := &ev.records[i]
		rec.result, rec.end = r, len(ev.records)
		for _, operand := range operands {
			ev.slots[sink].list = ev.slots[sink].list[:0]
			operand(ev)
			rec.operands = append(rec.operands, ev.slots[sink].list...)
		}
		return r
	}
}

// leaf reports whether a condition is explained by its operands rather than by
// the conditions in it.
func (c *compiler) leaf(e *expr) bool {
	switch e.kind {
	case xBinary:
		return e.op != opAnd && e.op != opOr && e.op != opImplies && e.op != opXor
	case xCall:
		return e.fn == nil || e.fn.id != fAll && e.fn.id != fNot
	}
	return true
}

// blame adds what kept record i from being what was wanted.
func (x *Explanation) blame(records []record, i int, want tri) {
	if i >= len(records) || len(x.Causes) >= maxCauses {
		return
	}
	r := &records[i]
	found := false
	inner := func(want tri, of ...*expr) {
		for j := i + 1; j < r.end; j = records[j].end {
			if records[j].result == want && want != unknown {
				continue
			}
			for _, e := range of {
				if records[j].e == e {
					found = true
					x.blame(records, j, want)
				}
			}
			if records[j].end <= j {
				break
			}
		}
	}
	switch e := r.e; {
	case e.kind == xBinary && (e.op == opAnd || e.op == opOr):
		inner(want, e.left, e.right)
	case e.kind == xBinary && e.op == opImplies && want == yes:
		inner(yes, e.right)
	case e.kind == xCall && e.fn != nil && e.fn.id == fNot && e.left != nil:
		inner(want.not(), e.left)
	case e.kind == xCall && e.fn != nil && e.fn.id == fAll:
		inner(want, e.args[0])
	}
	if found {
		return
	}
	c := Cause{Expression: string(appendExpr(nil, r.e, 0)), Offset: int64(r.e.pos), Focus: location(r.this)}
	switch r.result {
	case yes:
		c.Found = "true"
	case no:
		c.Found = "false"
	default:
		c.Found = "empty"
	}
	for _, v := range r.operands {
		c.Items = append(c.Items, location(v))
	}
	x.Causes = append(x.Causes, c)
}
