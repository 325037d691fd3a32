package fhirpath

import "context"

// function types a call of a known function with the right number of
// arguments. sc has the variables that the input defined.
func (c *checker) function(e *expr, in static, sc scope, vars *variable) (static, *variable) {
	f := e.fn
	if f.in != 0 && !in.mayBe(f.in) {
		c.errorf(CodeType, e, "", "%s is for %s, not for %s", e.name, systemType(f.in), in)
	}
	outer := sc
	if f.lambda {
		sc.this, sc.lambda = in.asOne(), true
	}
	switch f.id {
	case fIs, fAs, fOfType:
		name, ok := specifier(e.args[0])
		if !ok {
			e.bad = true
			c.errorf(CodeArguments, e, "6.3", "the argument of %s is the name of a type", e.name)
			return anything(), vars
		}
		e.konst = e.left != nil && e.left.konst
		return c.typeOperator(e, name, in), vars
	case fDefineVariable:
		return c.defineVariable(e, in, outer, vars)
	case fAggregate:
		return c.aggregate(e, sc, outer), vars
	case fIif:
		return c.iif(e, in, sc), vars
	case fRepeat, fRepeatAll:
		return c.repeat(e, in, sc), vars
	case fSort:
		for _, a := range e.args {
			c.check(a, sc)
		}
		out := in
		out.unordered = false
		return out, vars
	case fTrace:
		c.check(e.args[0], outer)
		if len(e.args) > 1 {
			item := sc
			item.this = in.asOne()
			c.check(e.args[1], item)
		}
		return in, vars
	}
	konst := e.left != nil && e.left.konst && !f.impure()
	var args [3]static
	for i, a := range e.args {
		s, _ := c.check(a, sc)
		if i < len(args) {
			args[i] = s
		}
		konst = konst && a.konst
		if f.args != 0 && !s.mayBe(f.args) {
			c.report(SeverityError, CodeType, a, a.pos, "", "%s wants %s here, not %s", e.name, systemType(f.args), s)
		}
	}
	e.konst = konst && !f.lambda
	return c.result(e, in, args), vars
}

// impure reports whether a function depends on more than input and arguments,
// or does more than compute.
func (f *function) impure() bool {
	switch f.id {
	case fNow, fToday, fTimeOfDay, fTrace, fResolve, fElementDefinition, fSlice, fConformsTo, fMemberOf, fSubsumes, fSubsumedBy:
		return true
	}
	return false
}

// result types what functions return that evaluate their arguments as they
// stand.
func (c *checker) result(e *expr, in static, args [3]static) static {
	switch f := e.fn; f.id {
	case fScalar, fConvert, fConverts, fJoin:
		if f.id == fJoin {
			c.ordered(e, in, "join")
		}
		if f.out != 0 {
			return systemType(f.out)
		}
		k, all := in.systemKinds()
		if !all {
			return static{any: true}
		}
		return systemType(k & f.in)
	case fSplit, fToChars:
		return systemType(kindsString).asList()
	case fFirst, fLast:
		c.ordered(e, in, e.name)
		return in.asOne()
	case fSingle:
		return in.asOne()
	case fTail, fSkip, fTake:
		c.ordered(e, in, e.name)
		if f.id != fTail && !args[0].mayBe(kindsInteger) {
			c.errorf(CodeType, e, "5.3", "%s wants an Integer, not %s", e.name, args[0])
		}
		return in
	case fWhere:
		c.criterion(e, args[0])
		return in
	case fExists, fAll:
		if len(e.args) > 0 {
			c.criterion(e, args[0])
		}
	case fSelect:
		out := args[0]
		out.list = in.list || args[0].list
		out.unordered = in.unordered || args[0].unordered
		return out
	case fDistinct, fIntersect:
		in.unordered = true
		return in
	case fExclude:
		return in
	case fUnion:
		u := in.union(args[0])
		u.list, u.unordered = true, true
		return u
	case fCombine:
		u := in.union(args[0])
		u.list, u.unordered = true, len(e.args) < 2
		return u
	case fCoalesce:
		u := args[0]
		for _, a := range e.args[1:] {
			u = u.union(a.static)
		}
		return u
	case fChildren, fDescendants:
		if in.any {
			return static{any: true, list: true, unordered: true}
		}
		return static{fhirAny: true, list: true, unordered: true}
	case fMin, fMax:
		return in.asOne()
	case fSum, fAvg:
		k, all := in.systemKinds()
		if !all {
			return static{any: true}
		}
		return systemType(k | kindsInteger | kindsDecimal) // 0 for no items
	case fType:
		return static{sys: kindsType, list: in.list}
	case fExtension:
		t, ok := c.defs.Type("Extension")
		if !ok {
			return anything()
		}
		return static{one: t, list: true}
	case fGetValue:
		k, all := in.systemKinds()
		if !all {
			return static{any: true}
		}
		return systemType(k)
	case fResolve:
		return static{fhirAny: true, list: in.list}
	case fElementDefinition:
		t, ok := c.defs.Type("ElementDefinition")
		if !ok {
			return anything()
		}
		return static{one: t, list: in.list}
	case fSlice, fCheckModifiers:
		return in
	case fNow, fToday, fTimeOfDay:
		return systemType(f.out)
	}
	return systemType(e.fn.out)
}

// criterion reports a condition that cannot be a Boolean.
func (c *checker) criterion(e *expr, s static) {
	if !s.mayBe(kindsBoolean) {
		c.warnf(CodeType, e, "5.2", "the condition of %s is never a Boolean but %s, which counts as true when it is there", e.name, s)
	}
}

// specifier returns the type name that an argument is.
func specifier(e *expr) (string, bool) {
	if e.kind != xName {
		return "", false
	}
	if e.left == nil {
		return e.name, true
	}
	if e.left.kind != xName || e.left.left != nil {
		return "", false
	}
	return e.left.name + "." + e.name, true
}

// defineVariable types its value, which is evaluated once with the whole input
// as focus, and makes it visible to what follows.
func (c *checker) defineVariable(e *expr, in static, sc scope, vars *variable) (static, *variable) {
	name := e.args[0]
	c.check(name, sc)
	value := in
	if len(e.args) > 1 {
		item := sc
		item.this = in
		value, _ = c.check(e.args[1], item)
	}
	n, ok := c.constantName(name)
	if !ok {
		e.bad = true
		c.errorf(CodeArguments, e, "", "the name of a variable must be a String that depends on no input")
		return in, vars
	}
	e.args[0] = &expr{kind: xLiteral, pos: name.pos, end: name.end, at: name.at, lit: literal(stringValue(n)), konst: true, static: systemType(kindsString)}
	switch {
	case isSystemVariable(n):
		c.errorf(CodeVariable, e, "", "%%%s is a variable of the environment and cannot be defined", excerpt(n))
	case vars.find(n) != nil:
		c.errorf(CodeVariable, e, "", "%%%s is defined already", excerpt(n))
	}
	e.slot = int32(c.slot())
	return in, &variable{name: n, slot: int(e.slot), static: value, outer: vars}
}

// constantName evaluates the name of a variable, which must be the same for
// every input. Most are literals.
func (c *checker) constantName(e *expr) (string, bool) {
	if e.kind == xLiteral {
		return e.lit.str, e.lit.Kind() == KindString
	}
	if c.errors > 0 {
		return "", false
	}
	x := &Expr{src: c.src, root: e, opts: c.opts, limits: c.opts.limits}
	x.limits.Steps = min(x.limits.Steps, 10_000)
	x.compile(c.slots)
	// It needs some item to start from, if only for variables of its own.
	ev := newEvaluator(x, x.slots)
	ev.begin(context.Background(), boolValue(true), nil)
	if err := x.run(ev, 2); err != nil || len(ev.out) != 1 || ev.out[0].Kind() != KindString {
		return "", false
	}
	return ev.out[0].str, true
}

// aggregate types its expression twice: $total is first what the second
// argument is, then also what the expression gives.
func (c *checker) aggregate(e *expr, sc, outer scope) static {
	e.slot = int32(c.slot())
	saved := c.total
	defer func() { c.total = saved }()
	sc.total = int(e.slot)
	c.total = static{}
	if len(e.args) > 1 {
		c.total, _ = c.check(e.args[1], outer)
	}
	// What the result can be is known only after it has been computed once,
	// without findings.
	issues, errors, slots := len(c.issues), c.errors, c.slots
	before := c.total
	c.total = anything().asOne()
	out, _ := c.check(e.args[0], sc)
	c.issues, c.errors, c.slots = c.issues[:issues], errors, slots
	c.total = before.union(out)
	out, _ = c.check(e.args[0], sc)
	return out.union(before)
}

// iif types the condition, which must be able to be a Boolean, and the
// branches, whose focus is the input.
func (c *checker) iif(e *expr, in static, sc scope) static {
	if e.left != nil {
		sc.this = in.asOne()
	}
	cond, _ := c.check(e.args[0], sc)
	if !cond.mayBe(kindsBoolean) {
		c.report(SeverityError, CodeType, e.args[0], e.args[0].pos, "5.5.1", "the condition of iif must be a Boolean, not %s", cond)
	}
	out, _ := c.check(e.args[1], sc)
	if len(e.args) > 2 {
		other, _ := c.check(e.args[2], sc)
		out = out.union(other)
	}
	return out
}

// repeat types the items that its expression reaches, again and again until
// no new type turns up. Only the first time a missing element is an error: what
// was reached may well lack it.
func (c *checker) repeat(e *expr, in static, sc scope) static {
	var all static
	slots := c.slots
	for i := range 4 { // types nest no deeper than that in any definition
		issues, errors := len(c.issues), c.errors
		c.slots = slots
		sc.this = in.union(all).asOne()
		out, _ := c.check(e.args[0], sc)
		if i > 0 {
			c.issues, c.errors = c.issues[:issues], errors
		}
		next := all.union(out)
		if len(next.more) == len(all.more) && next.one == all.one && next.sys == all.sys && next.open() == all.open() {
			break
		}
		all = next
	}
	all.list, all.unordered = true, true
	return all
}
