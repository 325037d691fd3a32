package fhirpath

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// countArgument evaluates the argument of skip and take; false ends them.
func countArgument(ev *evaluator, e *expr, n single) (int64, bool) {
	v := n(ev).system()
	if ev.err != nil || v.IsZero() {
		return 0, false
	}
	if v.Kind() != KindInteger && v.Kind() != KindLong {
		ev.fail(e, CodeOperand, "5.3", e.name+" wants an Integer, not "+kindName(v))
		return 0, false
	}
	return v.num, true
}

func (c *compiler) skip(e *expr, n single, k next) run {
	slot := c.slot()
	src := c.input(e, func(ev *evaluator, v Value) bool {
		if s := &ev.slots[slot]; s.n > 0 {
			s.n--
			return true
		}
		return k(ev, v)
	})
	return func(ev *evaluator) bool {
		count, ok := countArgument(ev, e, n)
		if !ok {
			return ev.err == nil
		}
		ev.slots[slot].n = count
		return src(ev)
	}
}

func (c *compiler) take(e *expr, k next) run {
	slot := c.slot()
	n := c.single(e.args[0])
	src := c.input(e, func(ev *evaluator, v Value) bool {
		s := &ev.slots[slot]
		s.n--
		if !k(ev, v) {
			s.index = 1
			return false
		}
		return s.n > 0
	})
	return func(ev *evaluator) bool {
		count, ok := countArgument(ev, e, n)
		if !ok || count <= 0 {
			return ev.err == nil
		}
		s := &ev.slots[slot]
		s.n, s.index = count, 0
		src(ev)
		return ev.err == nil && s.index == 0
	}
}

// intersect compiles intersect and exclude with a set of the argument.
func (c *compiler) intersect(e *expr, k next) run {
	slot, seen := c.slot(), c.slot()
	fill := c.stream(e.args[0], func(ev *evaluator, v Value) bool {
		ev.slots[slot].set.add(v)
		return ev.step()
	})
	keep := e.fn.id == fIntersect
	src := c.input(e, func(ev *evaluator, v Value) bool {
		if !ev.step() {
			return false
		}
		if ev.slots[slot].set.has(v) != keep {
			return true
		}
		if keep && !ev.slots[seen].set.add(v) {
			return true
		}
		return k(ev, v)
	})
	return func(ev *evaluator) bool {
		ev.setIn(&ev.slots[slot])
		ev.setIn(&ev.slots[seen])
		return fill(ev) && src(ev)
	}
}

// coalesce pushes the first of its arguments that is not empty.
func (c *compiler) coalesce(e *expr, k next) run {
	slot := c.slot()
	var sides []run
	for _, a := range e.args {
		sides = append(sides, c.stream(a, func(ev *evaluator, v Value) bool {
			ev.slots[slot].n = 1
			return k(ev, v)
		}))
	}
	return func(ev *evaluator) bool {
		for _, side := range sides {
			ev.slots[slot].n = 0
			if !side(ev) {
				return false
			}
			if ev.slots[slot].n == 1 {
				break
			}
		}
		return true
	}
}

// iif evaluates one of its branches only. Behind an input, which may have one
// item at most, the item is $this in condition and branches.
func (c *compiler) iif(e *expr, k next) run {
	focus := c.focus
	in, fill := -1, run(nil)
	if e.left != nil {
		in, fill = c.inputList(e)
		c.focus = in
	}
	cond := c.truth(e.args[0])
	then := c.stream(e.args[1], k)
	otherwise := func(*evaluator) bool { return true }
	if len(e.args) > 2 {
		otherwise = c.stream(e.args[2], k)
	}
	c.focus = focus
	return func(ev *evaluator) bool {
		if fill != nil {
			if !fill(ev) {
				return false
			}
			if len(ev.slots[in].list) > 1 {
				ev.several(e)
				return false
			}
		}
		t := cond(ev)
		if ev.err != nil {
			return false
		}
		if t == yes {
			return then(ev)
		}
		return otherwise(ev)
	}
}

// repeat pushes what its argument gives for the input, and for what it gave,
// until nothing new comes; repeatAll does not ask whether it is new.
func (c *compiler) repeat(e *expr, k next) run {
	in, fill := c.inputList(e)
	found, seen, this := c.slot(), c.slot(), c.slot()
	all := e.fn.id == fRepeatAll
	var body run
	c.inBody(func() {
		body = c.stream(e.args[0], func(ev *evaluator, v Value) bool {
			if !all && !ev.slots[seen].set.add(v) {
				return ev.step()
			}
			return ev.push(e, &ev.slots[found], v)
		})
	})
	return func(ev *evaluator) bool {
		if !fill(ev) {
			return false
		}
		ev.setIn(&ev.slots[seen])
		s := &ev.slots[found]
		s.list = s.list[:0]
		visit := func(v Value) bool {
			ev.slots[this].v = v
			saved := ev.this
			ev.this = &ev.slots[this].v
			body(ev)
			ev.this = saved
			return ev.err == nil
		}
		for _, v := range ev.slots[in].list {
			if !visit(v) {
				return false
			}
		}
		for i := 0; i < len(s.list); i++ {
			if !visit(s.list[i]) {
				return false
			}
		}
		for _, v := range s.list {
			if !k(ev, v) {
				return false
			}
		}
		return true
	}
}

// trace passes its input on, and shows it where the Env wants to see it.
func (c *compiler) trace(e *expr, k next) run {
	in, fill := c.inputList(e)
	name := c.single(e.args[0])
	shown, this := c.slot(), c.slot()
	var project run
	if len(e.args) > 1 {
		c.inBody(func() {
			project = c.stream(e.args[1], func(ev *evaluator, v Value) bool { return ev.push(e, &ev.slots[shown], v) })
		})
	}
	return func(ev *evaluator) bool {
		if !fill(ev) {
			return false
		}
		list := ev.slots[in].list
		if ev.env.Trace != nil && project != nil {
			s := &ev.slots[shown]
			s.list = s.list[:0]
			for _, v := range list {
				ev.slots[this].v = v
				saved := ev.this
				ev.this = &ev.slots[this].v
				project(ev)
				ev.this = saved
			}
			list = s.list
		}
		if label := name(ev); ev.err == nil && ev.env.Trace != nil {
			ev.env.Trace(label.system().str, list)
		}
		if ev.err != nil {
			return false
		}
		return pushList(ev, in, k)
	}
}

// defineVariable evaluates its value once, with the whole input as focus, and
// passes the input on.
func (c *compiler) defineVariable(e *expr, k next) run {
	in, fill := c.inputList(e)
	slot := int(e.slot)
	var value run
	if len(e.args) > 1 {
		focus := c.focus
		c.focus = in
		value = c.fill(slot, e, func(k next) run { return c.stream(e.args[1], k) })
		c.focus = focus
	}
	return func(ev *evaluator) bool {
		if !fill(ev) {
			return false
		}
		if value == nil {
			ev.slots[slot].list = append(ev.slots[slot].list[:0], ev.slots[in].list...)
		} else if !value(ev) {
			return false
		}
		return pushList(ev, in, k)
	}
}

// aggregate computes $total over the items.
func (c *compiler) aggregate(e *expr, k next) run {
	total, result := int(e.slot), c.slot()
	start := func(ev *evaluator) bool { ev.slots[total].list = ev.slots[total].list[:0]; return true }
	if len(e.args) > 1 {
		start = c.fill(total, e, func(k next) run { return c.stream(e.args[1], k) })
	}
	var body run
	c.inBody(func() {
		body = c.fill(result, e, func(k next) run { return c.stream(e.args[0], k) })
	})
	src := c.each(e, c.slot(), func(ev *evaluator, _ Value) bool {
		if !body(ev) {
			return false
		}
		t, r := &ev.slots[total], &ev.slots[result]
		t.list, r.list = r.list, t.list
		return true
	}, nil)
	return func(ev *evaluator) bool {
		if !start(ev) {
			return false
		}
		src(ev)
		if ev.err != nil {
			return false
		}
		return pushList(ev, total, k)
	}
}

// sortKey is one key of sort.
type sortKey struct {
	value      single
	descending bool
	at         *expr
}

// sort orders the items by its keys. An item whose key is empty comes last,
// and first where the order is descending.
func (c *compiler) sort(e *expr, k next) run {
	in, fill := c.inputList(e)
	this, keySlot := c.slot(), c.slot()
	var keys []sortKey
	c.inBody(func() {
		for _, a := range e.args {
			key := sortKey{at: a}
			switch {
			case a.kind == xSortKey:
				key.descending = a.op == opDescending
				a = a.left
			case a.kind == xUnary && a.op == opMinus && !a.parens:
				key.descending = true
				a = a.left
			}
			key.value = c.single(a)
			keys = append(keys, key)
		}
	})
	if len(keys) == 0 {
		keys = append(keys, sortKey{at: e, value: func(ev *evaluator) Value { return *ev.this }})
	}
	return func(ev *evaluator) bool {
		if !fill(ev) {
			return false
		}
		list := ev.slots[in].list
		s := &ev.slots[keySlot]
		s.list = s.list[:0]
		for _, v := range list {
			ev.slots[this].v = v
			saved := ev.this
			ev.this = &ev.slots[this].v
			for _, key := range keys {
				s.list = append(s.list, key.value(ev).system())
			}
			ev.this = saved
			if ev.err != nil || !ev.step() {
				return false
			}
		}
		order := make([]int, len(list))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			for j, key := range keys {
				if c := compareKeys(ev, key.at, s.list[a*len(keys)+j], s.list[b*len(keys)+j]); c != 0 {
					if key.descending {
						return -c
					}
					return c
				}
			}
			return 0
		})
		if ev.err != nil {
			return false
		}
		for _, i := range order {
			if !k(ev, list[i]) {
				return false
			}
		}
		return true
	}
}

func compareKeys(ev *evaluator, at *expr, a, b Value) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	if a.Kind() == KindBoolean && b.Kind() == KindBoolean {
		return int(a.num - b.num)
	}
	order, _, ok := compareValues(a, b)
	if !ok {
		ev.fail(at, CodeOperand, "", kindName(a)+" and "+kindName(b)+" have no order to sort by")
	}
	return order
}

// split compiles split and toChars.
func (c *compiler) split(e *expr, k next) run {
	one := c.inputSingle(e)
	sep := func(*evaluator) Value { return stringValue("") }
	if len(e.args) > 0 {
		sep = c.single(e.args[0])
	}
	return func(ev *evaluator) bool {
		in := one(ev).system()
		by := sep(ev).system()
		if ev.err != nil {
			return false
		}
		if in.IsZero() || by.IsZero() {
			return true
		}
		if in.Kind() != KindString || by.Kind() != KindString {
			ev.fail(e, CodeOperand, "5.6", e.name+" is for Strings")
			return false
		}
		rest := in.str
		if by.str == "" {
			for len(rest) > 0 {
				_, n := utf8.DecodeRuneInString(rest)
				if !ev.step() || !k(ev, stringValue(rest[:n])) {
					return false
				}
				rest = rest[n:]
			}
			return true
		}
		for {
			part, tail, more := strings.Cut(rest, by.str)
			if !ev.step() || !k(ev, stringValue(part)) {
				return false
			}
			if !more {
				return true
			}
			rest = tail
		}
	}
}

// join joins Strings.
func (c *compiler) join(e *expr) single {
	in, fill := c.inputList(e)
	sep := func(*evaluator) Value { return stringValue("") }
	if len(e.args) > 0 {
		sep = c.single(e.args[0])
	}
	return func(ev *evaluator) Value {
		if !fill(ev) {
			return Value{}
		}
		list := ev.slots[in].list
		by := sep(ev).system()
		if len(list) == 0 || ev.err != nil {
			return Value{}
		}
		var b strings.Builder
		for i, v := range list {
			s := toText(v.system())
			if s.IsZero() {
				return ev.fail(e, CodeOperand, "5.6", "join is for Strings, not for "+kindName(v))
			}
			if i > 0 {
				b.WriteString(by.str)
			}
			if !ev.fits(e, b.Len()+len(s.str)) {
				return Value{}
			}
			b.WriteString(s.str)
		}
		return stringValue(b.String())
	}
}

// reduce compiles sum, min, max and avg.
func (c *compiler) reduce(e *expr) single {
	in, fill := c.inputList(e)
	id := e.fn.id
	return func(ev *evaluator) Value {
		if !fill(ev) {
			return Value{}
		}
		list := ev.slots[in].list
		if len(list) == 0 {
			if id == fSum {
				return intValue(0)
			}
			return Value{}
		}
		total := list[0].system()
		for _, v := range list[1:] {
			v = v.system()
			switch id {
			case fSum, fAvg:
				total = plus(ev, e, total, v, 1)
			default:
				order, known, ok := compareValues(total, v)
				if !ok {
					return ev.fail(e, CodeOperand, "6.2", kindName(total)+" and "+kindName(v)+" cannot be compared")
				}
				if !known {
					return Value{}
				}
				if (order > 0) == (id == fMin) && order != 0 {
					total = v
				}
			}
			if total.IsZero() || ev.err != nil {
				return Value{}
			}
		}
		if id == fAvg {
			return divide(ev, e, total, intValue(int64(len(list))))
		}
		return total
	}
}
