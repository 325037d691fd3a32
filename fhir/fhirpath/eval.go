package fhirpath

import (
	"context"
	"hash/maphash"
	"regexp"
	"strconv"
	"time"

	"github.com/nhskit/nhskit/fhir"
)

// evaluator is the state of one evaluation. Programs are immutable closures;
// whatever they must remember while items pass through them lies in slots,
// which were numbered at compile time. No program is entered again before it
// has ended, so one slot each is enough.
type evaluator struct {
	x     *Expr
	ctx   context.Context
	env   *Env
	err   *Issue
	this  *Value // $this, and the implicit input of an expression
	index int64  // $index
	steps int    // left
	slots []slot

	focus    Value // %context
	resource Value // found on first use
	root     Value
	clock    time.Time
	now      Value
	seed     maphash.Seed
	out      []Value
	want     int  // how many items of the result
	large    bool // a list outgrew keptItems
	yield    func(Value, error) bool
	records  []record // of an explanation
}

// slot is the memory of one place in an expression.
type slot struct {
	n       int64
	v       Value
	list    []Value
	set     valueSet
	pattern *pattern
	saved   *Value
	index   int64
}

// fail ends the evaluation with an issue at a node and returns no value.
func (ev *evaluator) fail(e *expr, code Code, clause, text string) Value {
	return ev.failErr(e, code, clause, text, nil)
}

func (ev *evaluator) failErr(e *expr, code Code, clause, text string, cause error) Value {
	if ev.err == nil {
		i := &Issue{Code: code, Path: excerpt(ev.x.src[e.pos:max(e.pos, e.end)]), Offset: int64(e.at), Clause: clause, Text: text, Err: cause}
		i.place(ev.x.src)
		ev.err = i
	}
	return Value{}
}

// several reports that a collection has more items than the one that is due.
func (ev *evaluator) several(e *expr) Value {
	return ev.fail(e, CodeSingleton, "4.5", "several items where one is due")
}

// step counts an item that is visited. It is false when the evaluation must
// end.
func (ev *evaluator) step() bool {
	ev.steps--
	return ev.steps&1023 != 0 || ev.checkpoint()
}

// checkpoint looks at the limits and the context, every 1,024 steps.
func (ev *evaluator) checkpoint() bool {
	if ev.err != nil {
		return false
	}
	if ev.steps <= 0 {
		ev.fail(ev.x.root, CodeLimit, "", "more than "+strconv.Itoa(ev.x.limits.Steps)+" steps")
		return false
	}
	if ev.ctx != nil {
		if err := ev.ctx.Err(); err != nil {
			ev.failErr(ev.x.root, CodeCancelled, "", "the evaluation was cancelled", err)
			return false
		}
	}
	return true
}

// fits reports whether a string of n bytes may be made.
func (ev *evaluator) fits(e *expr, n int) bool {
	if n > ev.x.limits.Bytes {
		ev.fail(e, CodeLimit, "", "a string longer than "+strconv.Itoa(ev.x.limits.Bytes)+" bytes")
		return false
	}
	return true
}

// push appends an item to the list of a slot.
func (ev *evaluator) push(e *expr, s *slot, v Value) bool {
	if len(s.list) >= ev.x.limits.Items {
		ev.fail(e, CodeLimit, "", "a collection of more than "+strconv.Itoa(ev.x.limits.Items)+" items")
		return false
	}
	if len(s.list) == keptItems {
		ev.large = true
	}
	s.list = append(s.list, v)
	return ev.step()
}

// setIn returns the set of a slot, empty.
func (ev *evaluator) setIn(s *slot) *valueSet {
	if len(s.set.items) > keptItems {
		s.set = valueSet{}
	}
	s.set.seed = ev.seed
	s.set.reset()
	return &s.set
}

// regexp returns the compiled pattern of a match function. One that is not
// constant is kept by the slot.
func (ev *evaluator) regexp(e *expr, text, flags string, full bool) *regexp.Regexp {
	p := e.pattern
	if p == nil {
		s := &ev.slots[e.slot]
		if p = s.pattern; p == nil || p.text != text || p.flags != flags {
			p = &pattern{text: text, flags: flags, full: full}
			s.pattern = p
		}
	}
	re, err := p.compiled()
	if err != nil {
		ev.failErr(e, CodeOperand, "5.6.9", "not a regular expression of RE2's language", err)
	}
	return re
}

// moment returns now() as it is throughout the evaluation.
func (ev *evaluator) moment() Value {
	if ev.now.IsZero() {
		ev.now = nowValue(ev.time())
	}
	return ev.now
}

// time reads the clock, once.
func (ev *evaluator) time() time.Time {
	if t := ev.env.Now; !t.IsZero() {
		return t
	}
	if ev.clock.IsZero() {
		ev.clock = time.Now()
	}
	return ev.clock
}

// today returns the date of moment.
func (ev *evaluator) today() Value {
	year, month, day := ev.time().Date()
	return dateOf(year, int(month), day, precDay)
}

// resourceOf returns %resource: the nearest resource around the context.
func (ev *evaluator) resourceOf() Value {
	if ev.resource.IsZero() {
		if n := ev.env.Resource; !n.IsZero() {
			ev.resource = nodeValue(n)
		} else if ev.focus.Kind() == KindNode {
			ev.resource = nodeValue(ev.focus.node.Resource())
		}
	}
	return ev.resource
}

// rootOf returns %rootResource: the resource that contains %resource, or it.
func (ev *evaluator) rootOf() Value {
	if ev.root.IsZero() {
		if n := ev.env.RootResource; !n.IsZero() {
			ev.root = nodeValue(n)
		} else if r := ev.resourceOf(); r.Kind() == KindNode {
			ev.root = nodeValue(containerOf(r.node))
		}
	}
	return ev.root
}

// containerOf returns the resource that a contained resource stands in, and
// any other resource itself.
func containerOf(n fhir.Node) fhir.Node {
	for n.Name() == "contained" {
		p, ok := n.Parent()
		if !ok {
			break
		}
		n = p.Resource()
	}
	return n
}

// noEnv stands for a nil *Env. It is never written to.
var noEnv Env

// begin readies a pooled evaluator.
func (ev *evaluator) begin(ctx context.Context, in Value, env *Env) {
	if env == nil {
		env = &noEnv
	}
	ev.ctx, ev.env = ctx, env
	ev.focus = in
	ev.this = &ev.focus
	ev.steps = ev.x.limits.Steps
}

// keptItems bounds the lists whose memory is kept for the next evaluation.
const keptItems = 1 << 16

// end returns the evaluator to its pool. Slots keep what they hold until they
// are used again; the pool drops evaluators that are not.
func (ev *evaluator) end() {
	ev.ctx, ev.env, ev.err, ev.yield = nil, nil, nil, nil
	ev.focus = Value{}
	if !ev.resource.IsZero() || !ev.root.IsZero() {
		ev.resource, ev.root = Value{}, Value{}
	}
	if !ev.clock.IsZero() || !ev.now.IsZero() {
		ev.now, ev.clock = Value{}, time.Time{}
	}
	ev.index = 0
	ev.out = ev.out[:0]
	if ev.large {
		for i := range ev.slots {
			ev.slots[i] = slot{}
		}
		ev.out, ev.large = nil, false
	}
	ev.x.pool.Put(ev)
}
