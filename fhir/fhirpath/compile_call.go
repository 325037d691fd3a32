package fhirpath

import (
	"github.com/nhskit/nhskit/fhir"
)

// call compiles a function that may give several items; others go by way of
// single.
func (c *compiler) call(e *expr, k next) run {
	if e.user != nil {
		return c.userCall(e, k)
	}
	switch e.fn.id {
	case fTerminology:
		return c.terminology(e, k)
	case fFactory:
		return c.factory(e, k)
	case fWhere:
		return c.where(e, k)
	case fSelect:
		return c.selectItems(e, k)
	case fRepeat, fRepeatAll:
		return c.repeat(e, k)
	case fOfType:
		t := e.typ
		return c.input(e, func(ev *evaluator, v Value) bool {
			if !t.known() {
				ev.fail(e, CodeTypeName, "5.2.4", "no type is called "+quote(t.String()))
				return false
			}
			return !t.as(v) || k(ev, v)
		})
	case fTail:
		return c.skip(e, func(*evaluator) Value { return intValue(1) }, k)
	case fSkip:
		return c.skip(e, c.single(e.args[0]), k)
	case fTake:
		return c.take(e, k)
	case fLast:
		slot := c.slot()
		src := c.input(e, func(ev *evaluator, v Value) bool {
			ev.slots[slot].v = v
			return ev.step()
		})
		return func(ev *evaluator) bool {
			s := &ev.slots[slot]
			s.v = Value{}
			src(ev)
			return ev.err == nil && (s.v.IsZero() || k(ev, s.v))
		}
	case fDistinct:
		slot := c.slot()
		src := c.input(e, func(ev *evaluator, v Value) bool {
			return ev.step() && (!ev.slots[slot].set.add(v) || k(ev, v))
		})
		return func(ev *evaluator) bool {
			ev.setIn(&ev.slots[slot])
			return src(ev)
		}
	case fIntersect, fExclude:
		return c.intersect(e, k)
	case fUnion:
		return c.union(e.left, e.args[0], k)
	case fCombine:
		left, right := c.input(e, k), c.stream(e.args[0], k)
		return func(ev *evaluator) bool { return left(ev) && right(ev) }
	case fCoalesce:
		return c.coalesce(e, k)
	case fIif:
		return c.iif(e, k)
	case fType:
		return c.input(e, func(ev *evaluator, v Value) bool {
			namespace, name := v.TypeName()
			return name == "" || k(ev, typeInfo(namespace, name))
		})
	case fChildren:
		return c.input(e, func(ev *evaluator, v Value) bool {
			if v.Kind() != KindNode {
				return true
			}
			for cur := v.node.Cursor(); ; {
				n, ok := cur.Next()
				if !ok {
					return true
				}
				if !ev.step() || !k(ev, nodeValue(n)) {
					return false
				}
			}
		})
	case fDescendants:
		var below func(ev *evaluator, n fhir.Node) bool
		below = func(ev *evaluator, n fhir.Node) bool {
			for cur := n.Cursor(); ; {
				n, ok := cur.Next()
				if !ok {
					return true
				}
				if !ev.step() || !k(ev, nodeValue(n)) || !below(ev, n) {
					return false
				}
			}
		}
		return c.input(e, func(ev *evaluator, v Value) bool {
			return v.Kind() != KindNode || below(ev, v.node)
		})
	case fTrace:
		return c.trace(e, k)
	case fDefineVariable:
		return c.defineVariable(e, k)
	case fAggregate:
		return c.aggregate(e, k)
	case fSort:
		return c.sort(e, k)
	case fSplit, fToChars:
		return c.split(e, k)
	case fExtension:
		return c.extension(e, k)
	case fGetValue:
		return c.input(e, func(ev *evaluator, v Value) bool {
			v = v.system()
			return v.IsZero() || k(ev, v)
		})
	case fResolve:
		return c.input(e, func(ev *evaluator, v Value) bool {
			n, ok := ev.resolve(e, v)
			return ev.err == nil && (!ok || k(ev, nodeValue(n)))
		})
	case fElementDefinition:
		return c.elementDefinition(e, k)
	case fSlice:
		return c.slice(e, k)
	case fCheckModifiers:
		return c.checkModifiers(e, k)
	}
	one := c.single(e)
	return pushOne(one, k)
}

// singleCall compiles a function that gives at most one item; nil for others.
func (c *compiler) singleCall(e *expr) single {
	if e.user != nil {
		return nil
	}
	switch e.fn.id {
	case fScalar:
		return c.scalar(e)
	case fConvert, fConverts:
		one, conv := c.inputSingle(e), e.fn.conv
		converts := e.fn.id == fConverts
		return func(ev *evaluator) Value {
			v := one(ev)
			if v.IsZero() || ev.err != nil {
				return Value{}
			}
			v = conv(v.system())
			if converts {
				return boolValue(!v.IsZero())
			}
			return v
		}
	case fEmpty, fExists, fAll, fAllTrue, fAnyTrue, fAllFalse, fAnyFalse, fSubsetOf, fSupersetOf, fIsDistinct, fNot, fHasValue:
		t := c.truth(e)
		return func(ev *evaluator) Value { return t(ev).value() }
	case fCount:
		return c.count(e)
	case fFirst:
		slot := c.slot()
		src := c.input(e, func(ev *evaluator, v Value) bool {
			ev.slots[slot].v = v
			return false
		})
		return func(ev *evaluator) Value {
			s := &ev.slots[slot]
			s.v = Value{}
			src(ev)
			if ev.err != nil {
				return Value{}
			}
			return s.v
		}
	case fSingle:
		if e.left != nil {
			return c.collectOne(e.left, e)
		}
		return c.inputSingle(e)
	case fIs:
		return c.isType(e, e.left)
	case fAs:
		return c.asType(e, e.left)
	case fSum, fMin, fMax, fAvg:
		return c.reduce(e)
	case fJoin:
		return c.join(e)
	case fNow:
		return func(ev *evaluator) Value { return ev.moment() }
	case fToday:
		return (*evaluator).today
	case fTimeOfDay:
		return func(ev *evaluator) Value {
			m := ev.moment()
			return m.withoutZone().withKind(KindTime).withFields(fields{hour: m.hour(), minute: m.minute(), second: m.second(), nanos: m.nanos()})
		}
	case fHTMLChecks:
		return c.htmlChecks(e)
	case fConformsTo:
		return c.conformsTo(e)
	case fMemberOf:
		return c.memberOf(e)
	case fSubsumes, fSubsumedBy:
		return c.subsumes(e)
	}
	return nil
}

// scalar compiles a function of one item with single arguments.
func (c *compiler) scalar(e *expr) single {
	f := e.fn
	in := c.inputSingle(e)
	var args [3]single
	for i := range args {
		args[i] = func(*evaluator) Value { return Value{} }
		if i < len(e.args) {
			args[i] = c.single(e.args[i])
		}
	}
	e = c.prepareRegexp(e)
	n, compute, optional := len(e.args), f.scalar, f.optional
	return func(ev *evaluator) Value {
		v := in(ev)
		if v.IsZero() || ev.err != nil {
			return Value{}
		}
		v = v.system()
		if f.in != 0 && f.in&(1<<v.Kind()) == 0 {
			if v.IsZero() {
				return ev.fail(e, CodeOperand, "", f.name+" is for "+systemType(f.in).String()+", and the element is none")
			}
			return ev.fail(e, CodeOperand, "", f.name+" is for "+systemType(f.in).String()+", not for "+kindName(v))
		}
		if n == 0 {
			return compute(ev, e, v, Value{}, Value{}, Value{})
		}
		var a [3]Value
		for i := range n {
			w := args[i](ev)
			if ev.err != nil {
				return Value{}
			}
			if w.IsZero() {
				if optional && i > 0 {
					continue
				}
				return Value{}
			}
			w = w.system()
			if f.args != 0 && f.args&(1<<w.Kind()) == 0 {
				return ev.fail(e, CodeOperand, "", f.name+" wants "+systemType(f.args).String()+", not "+kindName(w))
			}
			a[i] = w
		}
		return compute(ev, e, v, a[0], a[1], a[2])
	}
}

// prepareRegexp returns a copy of a match function's node with its constant
// pattern, and with a slot for a pattern that is not constant.
func (c *compiler) prepareRegexp(e *expr) *expr {
	flags := ""
	switch e.name {
	case "matches", "matchesFull":
		if len(e.args) > 1 {
			flags = constantText(c, e.args[1])
		}
	case "replaceMatches":
		if len(e.args) > 2 {
			flags = constantText(c, e.args[2])
		}
	default:
		return e
	}
	site := *e
	site.slot = int32(c.slot())
	if list, ok := c.constant(e.args[0]); ok && len(list) == 1 && flags != notConstant {
		site.pattern = &pattern{text: list[0].str, flags: flags, full: e.name == "matchesFull"}
	}
	return &site
}

// notConstant stands for flags that are computed.
const notConstant = "\x00"

// constantText returns a constant string, and one that is no flag for others.
func constantText(c *compiler, e *expr) string {
	if list, ok := c.constant(e); ok && len(list) == 1 {
		return list[0].str
	}
	return notConstant
}

// predicate compiles a function whose value is a Boolean; nil for others.
func (c *compiler) predicate(e *expr) truth {
	if e.user != nil {
		return nil
	}
	switch e.fn.id {
	case fEmpty, fExists:
		return c.exists(e)
	case fAll:
		var cond truth
		c.inBody(func() { cond = c.truth(e.args[0]) })
		slot := c.slot()
		src := c.each(e, slot, func(ev *evaluator, v Value) bool {
			if cond(ev) != yes {
				ev.slots[slot].n = 1
				return false
			}
			return true
		}, nil)
		return func(ev *evaluator) tri {
			ev.slots[slot].n = 0
			src(ev)
			return triOf(ev.slots[slot].n == 0)
		}
	case fAllTrue, fAnyTrue, fAllFalse, fAnyFalse:
		return c.allBoolean(e)
	case fSubsetOf, fSupersetOf:
		return c.subset(e)
	case fIsDistinct:
		slot := c.slot()
		src := c.input(e, func(ev *evaluator, v Value) bool {
			return ev.step() && ev.slots[slot].set.add(v)
		})
		return func(ev *evaluator) tri {
			ev.setIn(&ev.slots[slot])
			return triOf(src(ev))
		}
	case fNot:
		if e.left == nil {
			one := c.inputSingle(e)
			return func(ev *evaluator) tri { return truthValue(one(ev)).not() }
		}
		t := c.truth(e.left)
		return func(ev *evaluator) tri { return t(ev).not() }
	case fHasValue:
		slot := c.slot()
		src := c.input(e, func(ev *evaluator, v Value) bool {
			s := &ev.slots[slot]
			s.n++
			if v.Kind() == KindNode && !v.node.HasValue() {
				s.n = 2
			}
			return s.n < 2
		})
		return func(ev *evaluator) tri {
			s := &ev.slots[slot]
			s.n = 0
			src(ev)
			return triOf(s.n == 1)
		}
	}
	return nil
}

// each pushes the input with $this, and where wanted $index, set to each item.
// body runs with them; then, which may be nil, runs with those of outside if
// body returned true.
func (c *compiler) each(e *expr, slot int, body, then next) run {
	if usesIndex(e.args[0]) {
		return c.eachIndexed(e, slot, body, then)
	}
	return c.input(e, func(ev *evaluator, v Value) bool {
		if !ev.step() {
			return false
		}
		s := &ev.slots[slot]
		s.v = v
		saved := ev.this
		ev.this = &s.v
		ok := body(ev, v)
		ev.this = saved
		if ev.err != nil {
			return false
		}
		if then != nil {
			return !ok || then(ev, v)
		}
		return ok
	})
}

func (c *compiler) eachIndexed(e *expr, slot int, body, then next) run {
	counter := c.slot()
	src := c.input(e, func(ev *evaluator, v Value) bool {
		if !ev.step() {
			return false
		}
		s := &ev.slots[slot]
		s.v = v
		saved, index := ev.this, ev.index
		ev.this, ev.index = &s.v, ev.slots[counter].n
		ev.slots[counter].n++
		ok := body(ev, v)
		ev.this, ev.index = saved, index
		if ev.err != nil {
			return false
		}
		if then != nil {
			return !ok || then(ev, v)
		}
		return ok
	})
	return func(ev *evaluator) bool {
		ev.slots[counter].n = 0
		return src(ev)
	}
}

// usesIndex reports whether $index occurs in an expression.
func usesIndex(e *expr) bool {
	if e == nil {
		return false
	}
	if e.kind == xIndex || usesIndex(e.left) || usesIndex(e.right) {
		return true
	}
	for _, a := range e.args {
		if usesIndex(a) {
			return true
		}
	}
	return false
}

func (c *compiler) where(e *expr, k next) run {
	var cond truth
	c.inBody(func() { cond = c.truth(e.args[0]) })
	return c.each(e, c.slot(), func(ev *evaluator, _ Value) bool { return cond(ev) == yes }, k)
}

// selectItems pushes what its argument gives for each item. What follows runs
// with the $this of outside.
func (c *compiler) selectItems(e *expr, k next) run {
	slot := c.slot()
	var body run
	c.inBody(func() {
		body = c.stream(e.args[0], func(ev *evaluator, v Value) bool {
			s := &ev.slots[slot]
			this, index := ev.this, ev.index
			ev.this, ev.index = s.saved, s.index
			ok := k(ev, v)
			ev.this, ev.index = this, index
			return ok
		})
	})
	inner := c.each(e, c.slot(), func(ev *evaluator, _ Value) bool { return body(ev) }, nil)
	return func(ev *evaluator) bool {
		s := &ev.slots[slot]
		s.saved, s.index = ev.this, ev.index
		return inner(ev)
	}
}

// exists compiles exists() and empty(), which stop at the first item.
func (c *compiler) exists(e *expr) truth {
	want := e.fn.id == fExists
	if len(e.args) == 0 {
		if t := c.hasChild(e, want); t != nil {
			return t
		}
	}
	slot := c.slot()
	found := func(ev *evaluator, _ Value) bool {
		ev.slots[slot].n = 1
		return false
	}
	var src run
	if len(e.args) > 0 {
		var cond truth
		c.inBody(func() { cond = c.truth(e.args[0]) })
		src = c.each(e, c.slot(), func(ev *evaluator, _ Value) bool { return cond(ev) == yes }, found)
	} else {
		src = c.input(e, found)
	}
	return func(ev *evaluator) tri {
		s := &ev.slots[slot]
		s.n = 0
		src(ev)
		if ev.err != nil {
			return unknown
		}
		return triOf((s.n == 1) == want)
	}
}

// hasChild compiles x.exists() for an element of $this without a pipeline.
func (c *compiler) hasChild(e *expr, want bool) truth {
	x := e.left
	if x == nil || x.kind != xName || x.root || c.focus >= 0 || x.left != nil && x.left.kind != xThis {
		return nil
	}
	id, defs := x.id, c.defs
	if id == 0 {
		return nil
	}
	return func(ev *evaluator) tri {
		v := ev.this
		if v.Kind() != KindNode {
			found := false
			pushField(ev, *v, x.name, func(*evaluator, Value) bool { found = true; return false })
			return triOf(found == want)
		}
		t, id := v.node.Tree(), id
		if t.Definitions() != defs {
			id = t.NameID(x.name)
		}
		cur := v.node.Cursor()
		_, ok := cur.NextNamed(id)
		return triOf((ok && id != 0) == want)
	}
}

// count counts without gathering.
func (c *compiler) count(e *expr) single {
	if e.left != nil && e.left.kind == xCall && e.left.fn != nil && e.left.fn.id == fDescendants {
		return c.countDescendants(e.left)
	}
	slot := c.slot()
	src := c.input(e, func(ev *evaluator, _ Value) bool {
		ev.slots[slot].n++
		return true
	})
	return func(ev *evaluator) Value {
		s := &ev.slots[slot]
		s.n = 0
		src(ev)
		if ev.err != nil {
			return Value{}
		}
		return intValue(s.n)
	}
}

// countDescendants counts the nodes below without a call for each.
func (c *compiler) countDescendants(e *expr) single {
	slot := c.slot()
	src := c.input(e, func(ev *evaluator, v Value) bool {
		if v.Kind() == KindNode {
			n := countBelow(v.node)
			ev.slots[slot].n += int64(n)
			for range n >> 10 { // the work of as many steps
				if ev.steps -= 1024; !ev.checkpoint() {
					return false
				}
			}
		}
		return true
	})
	return func(ev *evaluator) Value {
		s := &ev.slots[slot]
		s.n = 0
		src(ev)
		if ev.err != nil {
			return Value{}
		}
		return intValue(s.n)
	}
}

func countBelow(n fhir.Node) int {
	count := 0
	for cur := n.Cursor(); ; {
		child, ok := cur.Next()
		if !ok {
			return count
		}
		count += 1 + countBelow(child)
	}
}

// allBoolean compiles allTrue and its kin; the items must be Booleans.
func (c *compiler) allBoolean(e *expr) truth {
	slot := c.slot()
	stopAt, result := no, no
	switch e.fn.id {
	case fAnyTrue:
		stopAt, result = yes, yes
	case fAllFalse:
		stopAt, result = yes, no
	case fAnyFalse:
		stopAt, result = no, yes
	}
	src := c.input(e, func(ev *evaluator, v Value) bool {
		b, ok := v.Bool()
		if !ok {
			ev.fail(e, CodeOperand, "5.1", e.name+" is for Booleans, not for "+kindName(v))
			return false
		}
		if triOf(b) == stopAt {
			ev.slots[slot].n = 1
			return false
		}
		return true
	})
	return func(ev *evaluator) tri {
		s := &ev.slots[slot]
		s.n = 0
		src(ev)
		if ev.err != nil {
			return unknown
		}
		return triOf((s.n == 1) == (result == yes))
	}
}

// subset compiles subsetOf and supersetOf with a set of the larger side.
func (c *compiler) subset(e *expr) truth {
	slot := c.slot()
	add := func(ev *evaluator, v Value) bool {
		ev.slots[slot].set.add(v)
		return ev.step()
	}
	has := func(ev *evaluator, v Value) bool { return ev.step() && ev.slots[slot].set.has(v) }
	var large, small run
	if e.fn.id == fSubsetOf {
		large, small = c.stream(e.args[0], add), c.input(e, has)
	} else {
		large, small = c.input(e, add), c.stream(e.args[0], has)
	}
	return func(ev *evaluator) tri {
		ev.setIn(&ev.slots[slot])
		if !large(ev) {
			return unknown
		}
		ok := small(ev)
		if ev.err != nil {
			return unknown
		}
		return triOf(ok)
	}
}

// userCall compiles a function of the caller's.
func (c *compiler) userCall(e *expr, k next) run {
	f := e.user
	in, fillIn := c.inputList(e)
	slots := make([]int, len(e.args))
	fills := make([]run, len(e.args))
	for i, a := range e.args {
		slots[i], fills[i] = c.list(a)
	}
	return func(ev *evaluator) bool {
		if !fillIn(ev) {
			return false
		}
		args := make([][]Value, len(slots))
		for i, fill := range fills {
			if !fill(ev) {
				return false
			}
			args[i] = ev.slots[slots[i]].list
		}
		out, err := f.Call(ev.ctx, ev.slots[in].list, args)
		if err != nil {
			ev.failErr(e, CodeService, "", "the function "+f.Name+" failed", err)
			return false
		}
		for _, v := range out {
			if !ev.step() || !k(ev, v) {
				return false
			}
		}
		return true
	}
}
