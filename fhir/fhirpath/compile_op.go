package fhirpath

import (
	"cmp"
	"math"

	"github.com/nhskit/nhskit/fhir"
)

// operator compiles a binary operator other than |, whose value is one item.
func (c *compiler) operator(e *expr) single {
	switch e.op {
	case opImplies, opOr, opXor, opAnd, opEqual, opNotEqual, opEquivalent, opNotEquivalent, opIn, opContains,
		opLess, opLessEqual, opGreater, opGreaterEqual:
		t := c.truth(e)
		return func(ev *evaluator) Value { return t(ev).value() }
	case opConcat:
		return c.concat(e)
	}
	if one := c.shifted(e); one != nil {
		return one
	}
	left, right := c.single(e.left), c.single(e.right)
	op := arithmetic(e.op)
	return func(ev *evaluator) Value {
		a := left(ev)
		if a.IsZero() || ev.err != nil {
			if ev.err == nil {
				right(ev) // its errors count
			}
			return Value{}
		}
		b := right(ev)
		if b.IsZero() || ev.err != nil {
			return Value{}
		}
		return op(ev, e, a.system(), b.system())
	}
}

// shifted compiles a date plus or minus a constant duration; nil for other
// operations.
func (c *compiler) shifted(e *expr) single {
	list, ok := c.constant(e.right)
	if !ok || len(list) != 1 || list[0].Kind() != KindQuantity || e.op != opPlus && e.op != opMinus {
		return nil
	}
	q := list[0]
	prec, n, ok := timeUnit(q.str, q.meta&metaCalendar != 0)
	if !ok {
		return nil
	}
	s, ok := span(q, prec, n)
	if !ok {
		return nil
	}
	sign := 1
	if e.op == opMinus {
		sign, s.n, s.nanos = -1, -s.n, -s.nanos
	}
	left := c.single(e.left)
	due := e.left.static.one // the type that it mostly is
	kind := kindOfType(due.Name())
	return func(ev *evaluator) Value {
		a := left(ev)
		if a.IsZero() || ev.err != nil {
			return Value{}
		}
		if n := a.node; a.Kind() == KindNode {
			if isDate(kind) && n.Type() == due && n.HasValue() {
				a = dateOfNode(n, kind)
			} else {
				a = systemOf(n)
			}
		}
		if !isDate(a.Kind()) {
			return plus(ev, e, a, q, sign)
		}
		if s.unit <= precMonth && s.unit <= a.precision() {
			return a.addMonths(s.months())
		}
		return addSpan(a, s)
	}
}

// arithmetic returns what computes an operator.
func arithmetic(op operator) func(ev *evaluator, e *expr, a, b Value) Value {
	switch op {
	case opPlus:
		return func(ev *evaluator, e *expr, a, b Value) Value { return plus(ev, e, a, b, 1) }
	case opMinus:
		return func(ev *evaluator, e *expr, a, b Value) Value { return plus(ev, e, a, b, -1) }
	case opTimes:
		return times
	case opDivide:
		return divide
	case opDiv:
		return div
	}
	return mod
}

// cannot reports an operator on values that it is not for.
func cannot(ev *evaluator, e *expr, a, b Value) Value {
	return ev.fail(e, CodeOperand, "6.6", e.op.String()+" cannot be applied to "+kindName(a)+" and "+kindName(b))
}

// kindName names the type of a value for messages.
func kindName(v Value) string {
	if namespace, name := v.TypeName(); name != "" {
		return namespace + "." + name
	}
	return "an element that is not a primitive"
}

// integral reports whether both are integers or longs; long is true if one is
// a long.
func integral(a, b Value) (ok, long bool) {
	ka, kb := a.Kind(), b.Kind()
	ok = (ka == KindInteger || ka == KindLong) && (kb == KindInteger || kb == KindLong)
	return ok, ka == KindLong || kb == KindLong
}

// whole64 makes an integer or long; the empty collection on overflow.
func whole64(n int64, fits, long bool) Value {
	switch {
	case !fits:
		return Value{}
	case long:
		return longValue(n)
	case n != int64(int32(n)):
		return Value{}
	}
	return intValue(n)
}

// plus adds, or subtracts for sign -1.
func plus(ev *evaluator, e *expr, a, b Value, sign int) Value {
	ka, kb := a.Kind(), b.Kind()
	if ok, long := integral(a, b); ok {
		if sign < 0 {
			if b.num == math.MinInt64 {
				return Value{}
			}
			b.num = -b.num
		}
		n, fits := add64(a.num, b.num)
		return whole64(n, fits, long)
	}
	switch {
	case a.numeric() && b.numeric():
		return addDecimals(a, b, sign)
	case ka == KindString && kb == KindString && sign > 0:
		if !ev.fits(e, len(a.str)+len(b.str)) {
			return Value{}
		}
		return stringValue(a.str + b.str)
	case (isDate(ka) || ka == KindTime) && kb == KindQuantity:
		return addDuration(ev, e, a, b, sign)
	case ka == KindQuantity || kb == KindQuantity:
		if x, y, ok := asQuantities(a, b); ok {
			return addQuantities(x, y, sign)
		}
	}
	return cannot(ev, e, a, b)
}

// addDuration adds a duration to a date or time.
func addDuration(ev *evaluator, e *expr, a, b Value, sign int) Value {
	prec, n, ok := timeUnit(b.str, b.meta&metaCalendar != 0)
	switch {
	case !ok && (b.str == "a" || b.str == "mo"):
		return ev.fail(e, CodeOperand, "6.6.7", "UCUM's years and months have no place in the calendar; write year or month")
	case !ok || a.Kind() == KindTime && prec < precHour:
		return ev.fail(e, CodeOperand, "6.6.7", "not a duration that can be added to "+kindName(a))
	}
	s, ok := span(b, prec, n)
	if !ok {
		return Value{}
	}
	if sign < 0 {
		s.n, s.nanos = -s.n, -s.nanos
	}
	return addSpan(a, s)
}

func times(ev *evaluator, e *expr, a, b Value) Value {
	if ok, long := integral(a, b); ok {
		n, fits := mul64(a.num, b.num)
		return whole64(n, fits, long)
	}
	if a.numeric() && b.numeric() {
		return mulDecimals(a, b)
	}
	if x, y, ok := asQuantities(a, b); ok {
		return mulQuantities(x, y, 1)
	}
	return cannot(ev, e, a, b)
}

func divide(ev *evaluator, e *expr, a, b Value) Value {
	if a.numeric() && b.numeric() {
		if b.sign() == 0 {
			return Value{}
		}
		if a.small() && b.small() && a.scale() == b.scale() && b.num != -1 && a.num%b.num == 0 {
			return decimalValue(a.num/b.num, 0)
		}
		return divDecimals(a, b)
	}
	if x, y, ok := asQuantities(a, b); ok {
		return mulQuantities(x, y, -1)
	}
	return cannot(ev, e, a, b)
}

func div(ev *evaluator, e *expr, a, b Value) Value {
	if !a.numeric() || !b.numeric() {
		return cannot(ev, e, a, b)
	}
	if b.sign() == 0 {
		return Value{}
	}
	if ok, long := integral(a, b); ok {
		if b.num == -1 {
			return whole64(-a.num, a.num != math.MinInt64, long)
		}
		return whole64(a.num/b.num, true, long)
	}
	q := a.rat()
	return whole(roundRat(q.Quo(q, b.rat()), 0, truncate), truncate)
}

func mod(ev *evaluator, e *expr, a, b Value) Value {
	if !a.numeric() || !b.numeric() {
		return cannot(ev, e, a, b)
	}
	if b.sign() == 0 {
		return Value{}
	}
	if ok, long := integral(a, b); ok {
		if b.num == -1 {
			return whole64(0, true, long)
		}
		return whole64(a.num%b.num, true, long)
	}
	q := a.rat()
	whole := roundRat(q.Quo(q, b.rat()), 0, truncate)
	if whole.IsZero() {
		return Value{}
	}
	return addDecimals(a, mulDecimals(whole, b), -1)
}

// concat compiles &, which takes the empty collection for an empty string.
func (c *compiler) concat(e *expr) single {
	left, right := c.single(e.left), c.single(e.right)
	return func(ev *evaluator) Value {
		a, b := left(ev), right(ev)
		if ev.err != nil {
			return Value{}
		}
		x, y := toText(a.system()), toText(b.system())
		if x.IsZero() && !a.IsZero() || y.IsZero() && !b.IsZero() {
			return cannot(ev, e, a, b)
		}
		if !ev.fits(e, len(x.str)+len(y.str)) {
			return Value{}
		}
		switch {
		case y.str == "":
			return stringValue(x.str)
		case x.str == "":
			return stringValue(y.str)
		}
		return stringValue(x.str + y.str)
	}
}

// sign compiles + and - before an expression.
func (c *compiler) sign(e *expr) single {
	one := c.single(e.left)
	return func(ev *evaluator) Value {
		v := one(ev)
		if v.IsZero() || ev.err != nil {
			return Value{}
		}
		v = v.system()
		switch k := v.Kind(); {
		case !v.numeric() && k != KindQuantity:
			return ev.fail(e, CodeOperand, "6.6", "a sign belongs to a number, not to "+kindName(v))
		case e.op == opPlus:
			return v
		case k == KindInteger:
			if v.num == math.MinInt32 {
				return Value{}
			}
		case k == KindLong:
			if v.num == math.MinInt64 {
				return Value{}
			}
		}
		return v.negate()
	}
}

// logic compiles the operators whose value is a Boolean; nil for others.
func (c *compiler) logic(e *expr) truth {
	switch e.op {
	case opAnd, opOr, opXor, opImplies:
		return c.connective(e)
	case opEqual, opNotEqual:
		t := c.equality(e)
		if e.op == opEqual {
			return t
		}
		return func(ev *evaluator) tri { return t(ev).not() }
	case opEquivalent, opNotEquivalent:
		l, fillLeft := c.list(e.left)
		r, fillRight := c.list(e.right)
		want := e.op == opEquivalent
		return func(ev *evaluator) tri {
			if !fillLeft(ev) || !fillRight(ev) {
				return unknown
			}
			return triOf(equivalentLists(ev.slots[l].list, ev.slots[r].list) == want)
		}
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		return c.comparison(e)
	case opIn:
		return c.membership(e, e.left, e.right)
	case opContains:
		return c.membership(e, e.right, e.left)
	}
	return nil
}

// connective compiles and, or, xor and implies. The right side is evaluated
// only where it can change the result.
func (c *compiler) connective(e *expr) truth {
	left, right := c.truth(e.left), c.truth(e.right)
	switch e.op {
	case opAnd:
		return func(ev *evaluator) tri {
			a := left(ev)
			if a == no {
				return no
			}
			switch b := right(ev); {
			case b == no:
				return no
			case a == yes && b == yes:
				return yes
			}
			return unknown
		}
	case opOr:
		return func(ev *evaluator) tri {
			a := left(ev)
			if a == yes {
				return yes
			}
			switch b := right(ev); {
			case b == yes:
				return yes
			case a == no && b == no:
				return no
			}
			return unknown
		}
	case opXor:
		return func(ev *evaluator) tri {
			a, b := left(ev), right(ev)
			if a == unknown || b == unknown {
				return unknown
			}
			return triOf(a != b)
		}
	}
	return func(ev *evaluator) tri {
		a := left(ev)
		if a == no {
			return yes
		}
		switch b := right(ev); {
		case b == yes:
			return yes
		case a == yes:
			return b
		}
		return unknown
	}
}

// equality compiles =. A side that can have one item only is not gathered.
func (c *compiler) equality(e *expr) truth {
	if t := c.equalsConstant(e.left, e.right); t != nil {
		return t
	}
	if t := c.equalsConstant(e.right, e.left); t != nil {
		return t
	}
	if scalar(e.left) && scalar(e.right) {
		left, right := c.single(e.left), c.single(e.right)
		return func(ev *evaluator) tri {
			a, b := left(ev), right(ev)
			if a.IsZero() || b.IsZero() || ev.err != nil {
				return unknown
			}
			return equal(a, b)
		}
	}
	l, fillLeft := c.list(e.left)
	r, fillRight := c.list(e.right)
	return func(ev *evaluator) tri {
		if !fillLeft(ev) || !fillRight(ev) {
			return unknown
		}
		return equalLists(ev.slots[l].list, ev.slots[r].list)
	}
}

// scalar reports whether a program of the expression gives at most one item
// whatever the data: operators and functions, but not paths.
func scalar(e *expr) bool {
	switch e.kind {
	case xLiteral, xIndex, xUnary, xIs, xAs, xNew, xItem:
		return true
	case xBinary:
		return e.op != opUnion
	case xCall:
		if e.fn == nil || e.bad {
			return false
		}
		switch e.fn.id {
		case fScalar, fConvert, fConverts, fCount, fExists, fEmpty, fNot, fAll, fFirst, fLast, fSingle, fHasValue, fJoin, fNow, fToday, fTimeOfDay:
			return true
		}
	}
	return false
}

// equalsConstant compiles a comparison with one constant item; nil if the
// right side is none.
func (c *compiler) equalsConstant(left, right *expr) truth {
	list, ok := c.constant(right)
	if !ok || len(list) != 1 {
		return nil
	}
	want := list[0]
	same := func(v Value) tri { return equal(v, want) }
	if want.Kind() == KindString {
		same = func(v Value) tri { return equalText(v, want.str) }
	}
	slot := c.slot()
	src := c.stream(left, func(ev *evaluator, v Value) bool {
		s := &ev.slots[slot]
		if s.n++; s.n == 1 {
			s.index = int64(same(v))
			return true
		}
		return false
	})
	return func(ev *evaluator) tri {
		s := &ev.slots[slot]
		s.n = 0
		src(ev)
		switch {
		case s.n == 0 || ev.err != nil:
			return unknown
		case s.n > 1:
			return no
		}
		return tri(s.index)
	}
}

// equalText compares an item with a string.
func equalText(v Value, want string) tri {
	if v.Kind() == KindNode {
		n := v.node
		if n.Kind() != fhir.Text || !n.HasValue() {
			return no
		}
		if n.Value() != want {
			return no
		}
		return triOf(kindOfNode(n) == KindString)
	}
	return triOf(v.Kind() == KindString && v.str == want)
}

// comparison compiles < <= > >=.
func (c *compiler) comparison(e *expr) truth {
	left, right := c.single(e.left), c.single(e.right)
	op := e.op
	return func(ev *evaluator) tri {
		a := left(ev)
		b := right(ev)
		if a.IsZero() || b.IsZero() || ev.err != nil {
			return unknown
		}
		if a.Kind() == KindDate && b.Kind() == KindDate && a.precision() == b.precision() {
			return op.holds(cmp.Compare(a.num, b.num))
		}
		order, known, ok := compareValues(a, b)
		if !ok {
			if x, y := a.system(), b.system(); !x.IsZero() && !y.IsZero() || a.Kind() != KindNode || b.Kind() != KindNode {
				ev.fail(e, CodeOperand, "6.2", kindName(a)+" and "+kindName(b)+" cannot be compared")
			} else {
				ev.fail(e, CodeOperand, "6.2", "elements that are not primitives cannot be compared")
			}
			return unknown
		}
		if !known {
			return unknown
		}
		return op.holds(order)
	}
}

// holds reports whether two values in an order are < <= > or >=.
func (o operator) holds(order int) tri {
	switch o {
	case opLess:
		return triOf(order < 0)
	case opLessEqual:
		return triOf(order <= 0)
	case opGreater:
		return triOf(order > 0)
	}
	return triOf(order >= 0)
}

// membership compiles item in collection, and contains with sides exchanged.
func (c *compiler) membership(e, item, collection *expr) truth {
	one := c.single(item)
	if list, ok := c.constant(collection); ok {
		return func(ev *evaluator) tri {
			v := one(ev)
			if v.IsZero() || ev.err != nil {
				return unknown
			}
			for _, w := range list {
				if equal(v, w) == yes {
					return yes
				}
			}
			return no
		}
	}
	slot := c.slot()
	src := c.stream(collection, func(ev *evaluator, w Value) bool {
		s := &ev.slots[slot]
		if !ev.step() {
			return false
		}
		if equal(s.v, w) == yes {
			s.n = 1
			return false
		}
		return true
	})
	return func(ev *evaluator) tri {
		v := one(ev)
		if v.IsZero() || ev.err != nil {
			return unknown
		}
		s := &ev.slots[slot]
		s.v, s.n = v, 0
		src(ev)
		return triOf(s.n == 1)
	}
}

// isType compiles is.
func (c *compiler) isType(e, input *expr) single {
	t := e.typ
	one := c.inputOf(e, input)
	return func(ev *evaluator) Value {
		v := one(ev)
		if v.IsZero() || ev.err != nil {
			return Value{}
		}
		return boolValue(t.is(v))
	}
}

func (c *compiler) inputOf(e, input *expr) single {
	if input == nil {
		return c.inputSingle(e)
	}
	return c.single(input)
}

// asType compiles as.
func (c *compiler) asType(e, input *expr) single {
	t := e.typ
	one := c.inputOf(e, input)
	return func(ev *evaluator) Value {
		v := one(ev)
		if ev.err != nil {
			return Value{}
		}
		if !t.known() {
			return ev.fail(e, CodeTypeName, "6.3", "no type is called "+quote(t.String()))
		}
		if v.IsZero() || !t.as(v) {
			return Value{}
		}
		return v
	}
}

// instance compiles an instance selector.
func (c *compiler) instance(e *expr) single {
	t := *e.typ
	if t.namespace == "" {
		t.namespace = "FHIR"
	}
	type element struct {
		slot int
		fill run
	}
	var elements []element
	for _, a := range e.args {
		slot, fill := c.list(a)
		elements = append(elements, element{slot, fill})
	}
	return func(ev *evaluator) Value {
		o := &object{typ: t}
		for i, el := range elements {
			if !el.fill(ev) {
				return Value{}
			}
			if list := ev.slots[el.slot].list; len(list) > 0 {
				o.fields = append(o.fields, field{(*e.names)[i], append([]Value(nil), list...)})
			}
		}
		return Value{ext: &extra{object: o}, meta: metaOf(KindObject)}
	}
}
