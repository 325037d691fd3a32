package fhirpath

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// oracle evaluates the tree in the obvious way: every expression gives a list,
// every function takes lists. It shares the functions on single values with
// the compiler, and nothing of how items come together.
type oracle struct {
	ev    *evaluator // for scalar functions and the environment
	defs  *fhir.Definitions
	vars  map[string][]Value
	steps int
}

// frame is what an expression sees.
type frame struct {
	this  []Value
	index int64
	total []Value
	vars  *binding
}

// binding is a variable made by defineVariable.
type binding struct {
	name  string
	value []Value
	outer *binding
}

type oracleError struct{ text string }

func (e oracleError) Error() string { return e.text }

var errOracleSteps = errors.New("too many steps for the oracle")

func (o *oracle) fail(text string) { panic(oracleError{text}) }

// evaluate runs the oracle on a compiled expression.
func (o *oracle) evaluate(x *Expr, in fhir.Node, env *Env) (list []Value, err error) {
	o.defs = x.opts.defs
	o.ev = newEvaluator(x, x.slots+100)
	o.vars = nil
	v := Value{}
	var this []Value
	if !in.IsZero() {
		v = nodeValue(in)
		this = []Value{v}
	}
	o.ev.begin(context.Background(), v, env)
	defer func() {
		switch r := recover().(type) {
		case nil:
		case oracleError:
			err = r
		case error:
			if r == errOracleSteps {
				err = r
				return
			}
			panic(r)
		default:
			panic(r)
		}
	}()
	list, _ = o.eval(x.root, frame{this: this})
	return list, nil
}

func (o *oracle) tick(n int) {
	if o.steps += n; o.steps > 2_000_000 {
		panic(errOracleSteps)
	}
}

func (o *oracle) one(list []Value) Value {
	if len(list) > 1 {
		o.fail("several items")
	}
	if len(list) == 0 {
		return Value{}
	}
	return list[0]
}

func (o *oracle) truth(list []Value) tri { return truthValue(o.one(list)) }

func listOf(v Value) []Value {
	if v.IsZero() {
		return nil
	}
	return []Value{v}
}

func (o *oracle) checked(v Value) []Value {
	if o.ev.err != nil {
		o.fail(o.ev.err.Text)
	}
	return listOf(v)
}

// eval returns the items, and the variables that what follows can see.
func (o *oracle) eval(e *expr, f frame) ([]Value, *binding) {
	o.tick(1)
	if e.bad {
		o.fail("bad")
	}
	switch e.kind {
	case xLiteral:
		if e.lit.meta&metaBad != 0 {
			o.fail("a time with a zone")
		}
		return []Value{*e.lit}, f.vars
	case xEmpty:
		return nil, f.vars
	case xThis:
		return f.this, f.vars
	case xIndex:
		return []Value{intValue(f.index)}, f.vars
	case xTotal:
		return f.total, f.vars
	case xVar:
		return o.variable(e, f), f.vars
	case xName:
		in, vars := f.this, f.vars
		if e.left != nil {
			in, vars = o.eval(e.left, f)
		}
		var out []Value
		for _, v := range in {
			if e.root {
				if e.typ.is(v) {
					out = append(out, v)
				}
				continue
			}
			if e.name != "" { // which asks for all of them
				out = append(out, o.children(v, e.name)...)
			}
		}
		return out, vars
	case xCall:
		in, vars := f.this, f.vars
		if e.left != nil {
			in, vars = o.eval(e.left, f)
		}
		f.vars = vars
		return o.call(e, in, f)
	case xItem:
		in, vars := o.eval(e.left, f)
		f.vars = vars
		list, _ := o.eval(e.right, f)
		i := o.one(list).system()
		if i.IsZero() {
			return nil, vars
		}
		if i.Kind() != KindInteger && i.Kind() != KindLong {
			o.fail("index")
		}
		if i.num < 0 || i.num >= int64(len(in)) {
			return nil, vars
		}
		return in[i.num : i.num+1], vars
	case xUnary:
		list, _ := o.eval(e.left, f)
		v := o.one(list).system()
		k := v.Kind()
		switch {
		case len(list) == 0:
			return nil, f.vars
		case !v.numeric() && k != KindQuantity:
			o.fail("sign")
		case e.op == opPlus:
			return []Value{v}, f.vars
		case k == KindInteger && v.num == -1<<31:
			return nil, f.vars
		case k == KindLong && v.num == -1<<63:
			return nil, f.vars
		}
		return []Value{v.negate()}, f.vars
	case xSortKey:
		list, _ := o.eval(e.left, f)
		return list, f.vars
	case xIs, xAs:
		list, vars := o.eval(e.left, f)
		return o.typeTest(e, e.kind == xIs, o.one(list)), vars
	case xBinary:
		return o.binary(e, f), f.vars
	}
	o.fail("not in the oracle")
	return nil, nil
}

func (o *oracle) variable(e *expr, f frame) []Value {
	for b := f.vars; b != nil; b = b.outer {
		if b.name == e.name {
			return b.value
		}
	}
	switch e.name {
	case "context":
		return listOf(o.ev.focus)
	case "resource":
		return listOf(o.ev.resourceOf())
	case "rootResource":
		return listOf(o.ev.rootOf())
	}
	if s := environmentText(e.name); s != "" {
		return []Value{stringValue(s)}
	}
	list, ok := o.ev.env.Variables[e.name]
	if !ok {
		o.fail("variable")
	}
	return list
}

func (o *oracle) children(v Value, name string) (out []Value) {
	if v.Kind() != KindNode {
		pushField(o.ev, v, name, func(_ *evaluator, v Value) bool { out = append(out, v); return true })
		return out
	}
	for n := range v.node.Children() {
		o.tick(1)
		if name == "" || n.Name() == name {
			out = append(out, nodeValue(n))
		}
	}
	return out
}

func (o *oracle) typeTest(e *expr, is bool, v Value) []Value {
	if is {
		if v.IsZero() {
			return nil
		}
		return []Value{boolValue(e.typ.is(v))}
	}
	if !e.typ.known() {
		o.fail("type")
	}
	if v.IsZero() || !e.typ.as(v) {
		return nil
	}
	return []Value{v}
}

func (o *oracle) binary(e *expr, f frame) []Value {
	l, _ := o.eval(e.left, f)
	// A left side that decides keeps errors of the right one from view.
	switch e.op {
	case opAnd:
		if o.truth(l) == no {
			return []Value{boolValue(false)}
		}
	case opOr:
		if o.truth(l) == yes {
			return []Value{boolValue(true)}
		}
	case opImplies:
		if o.truth(l) == no {
			return []Value{boolValue(true)}
		}
	case opUnion:
		r, _ := o.eval(e.right, f)
		return o.distinct(append(slices.Clone(l), r...))
	}
	r, _ := o.eval(e.right, f)
	table := func(rows string) []Value {
		// Rows for false, true, empty on the left, columns on the right.
		return listOf(tri(strings.IndexByte("FTE", rows[3*int(o.truth(l))+int(o.truth(r))])).value())
	}
	switch e.op {
	case opAnd:
		return table("FFFFTEFEE")
	case opOr:
		return table("FTETTTETE")
	case opXor:
		return table("FTETFEEEE")
	case opImplies:
		return table("TTTFTEETE")
	case opEqual:
		return listOf(equalLists(l, r).value())
	case opNotEqual:
		return listOf(equalLists(l, r).not().value())
	case opEquivalent:
		return []Value{boolValue(equivalentLists(l, r))}
	case opNotEquivalent:
		return []Value{boolValue(!equivalentLists(l, r))}
	case opIn, opContains:
		if e.op == opContains {
			l, r = r, l
		}
		v := o.one(l)
		if v.IsZero() {
			return nil
		}
		return []Value{boolValue(o.has(r, v))}
	}
	a, b := o.one(l), o.one(r)
	switch e.op {
	case opConcat:
		x, y := toText(a.system()), toText(b.system())
		if x.IsZero() && !a.IsZero() || y.IsZero() && !b.IsZero() {
			o.fail("concat")
		}
		return []Value{stringValue(x.str + y.str)}
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		if a.IsZero() || b.IsZero() {
			return nil
		}
		order, known, ok := compareValues(a, b)
		if !ok {
			o.fail("compare")
		}
		if !known {
			return nil
		}
		return []Value{boolValue(map[operator]bool{opLess: order < 0, opLessEqual: order <= 0, opGreater: order > 0, opGreaterEqual: order >= 0}[e.op])}
	}
	if a.IsZero() || b.IsZero() {
		return nil
	}
	return o.checked(arithmetic(e.op)(o.ev, e, a.system(), b.system()))
}

func (o *oracle) has(list []Value, v Value) bool {
	o.tick(len(list))
	return slices.ContainsFunc(list, func(w Value) bool { return equal(v, w) == yes })
}

func (o *oracle) distinct(list []Value) (out []Value) {
	for _, v := range list {
		o.tick(len(out))
		if !slices.ContainsFunc(out, func(w Value) bool { return equal(w, v) == yes }) {
			out = append(out, v)
		}
	}
	return out
}

func (o *oracle) each(in []Value, e *expr, f frame, use func(v Value, result []Value) bool) {
	for i, v := range in {
		f.this, f.index = []Value{v}, int64(i)
		r, _ := o.eval(e, f)
		if !use(v, r) {
			return
		}
	}
}

func (o *oracle) call(e *expr, in []Value, f frame) ([]Value, *binding) {
	vars := f.vars
	arg := func(i int) []Value { r, _ := o.eval(e.args[i], f); return r }
	count := func(i int) int {
		v := o.one(arg(i)).system()
		if v.IsZero() {
			return -1
		}
		if v.Kind() != KindInteger && v.Kind() != KindLong {
			o.fail("count")
		}
		return int(max(min(v.num, int64(len(in))), 0))
	}
	b := func(v bool) []Value { return []Value{boolValue(v)} }
	switch id := e.fn.id; id {
	case fScalar:
		return o.scalar(e, in, f), vars
	case fConvert, fConverts:
		v := o.one(in).system()
		if len(in) == 0 {
			return nil, vars
		}
		v = e.fn.conv(v)
		if id == fConverts {
			return b(!v.IsZero()), vars
		}
		return listOf(v), vars
	case fEmpty:
		return b(len(in) == 0), vars
	case fExists:
		found := len(in) > 0
		if len(e.args) > 0 {
			found = false
			o.each(in, e.args[0], f, func(_ Value, r []Value) bool { found = o.truth(r) == yes; return !found })
		}
		return b(found), vars
	case fAll:
		all := true
		o.each(in, e.args[0], f, func(_ Value, r []Value) bool { all = o.truth(r) == yes; return all })
		return b(all), vars
	case fAllTrue, fAnyTrue, fAllFalse, fAnyFalse:
		want := id == fAllTrue || id == fAnyTrue
		for _, v := range in {
			x, ok := v.Bool()
			if !ok {
				o.fail("boolean")
			}
			if id == fAllTrue || id == fAllFalse {
				if x != want {
					return b(false), vars
				}
			} else if x == want {
				return b(true), vars
			}
		}
		return b(id == fAllTrue || id == fAllFalse), vars
	case fSubsetOf:
		other := arg(0)
		return b(!slices.ContainsFunc(in, func(v Value) bool { return !o.has(other, v) })), vars
	case fSupersetOf:
		return b(!slices.ContainsFunc(arg(0), func(v Value) bool { return !o.has(in, v) })), vars
	case fCount:
		return []Value{intValue(int64(len(in)))}, vars
	case fDistinct:
		return o.distinct(in), vars
	case fIsDistinct:
		return b(len(o.distinct(in)) == len(in)), vars
	case fWhere:
		var out []Value
		o.each(in, e.args[0], f, func(v Value, r []Value) bool {
			if o.truth(r) == yes {
				out = append(out, v)
			}
			return true
		})
		return out, vars
	case fSelect:
		var out []Value
		o.each(in, e.args[0], f, func(_ Value, r []Value) bool { out = append(out, r...); return true })
		return out, vars
	case fRepeat:
		var out []Value
		for todo := in; len(todo) > 0; {
			var next []Value
			o.each(todo, e.args[0], f, func(_ Value, r []Value) bool {
				for _, v := range r {
					if !o.has(out, v) {
						out, next = append(out, v), append(next, v)
					}
				}
				return true
			})
			todo = next
		}
		return out, vars
	case fOfType:
		var out []Value
		for _, v := range in {
			if !e.typ.known() {
				o.fail("type")
			}
			if e.typ.as(v) {
				out = append(out, v)
			}
		}
		return out, vars
	case fIs, fAs:
		return o.typeTest(e, id == fIs, o.one(in)), vars
	case fSingle:
		return listOf(o.one(in)), vars
	case fFirst:
		return in[:min(1, len(in))], vars
	case fLast:
		return in[max(0, len(in)-1):], vars
	case fTail:
		return in[min(1, len(in)):], vars
	case fSkip:
		if n := count(0); n >= 0 {
			return in[n:], vars
		}
		return nil, vars
	case fTake:
		return in[:max(0, count(0))], vars
	case fIntersect:
		other := arg(0)
		return o.distinct(slices.DeleteFunc(slices.Clone(in), func(v Value) bool { return !o.has(other, v) })), vars
	case fExclude:
		other := arg(0)
		return slices.DeleteFunc(slices.Clone(in), func(v Value) bool { return o.has(other, v) }), vars
	case fUnion:
		return o.distinct(append(slices.Clone(in), arg(0)...)), vars
	case fCombine:
		return append(slices.Clone(in), arg(0)...), vars
	case fCoalesce:
		for i := range e.args {
			if r := arg(i); len(r) > 0 {
				return r, vars
			}
		}
		return nil, vars
	case fIif:
		if e.left != nil {
			o.one(in)
			f.this = in
		}
		if o.truth(arg(0)) == yes {
			return arg(1), vars
		}
		if len(e.args) > 2 {
			return arg(2), vars
		}
		return nil, vars
	case fNot:
		return listOf(o.truth(in).not().value()), vars
	case fType:
		var out []Value
		for _, v := range in {
			if namespace, name := v.TypeName(); name != "" {
				out = append(out, typeInfo(namespace, name))
			}
		}
		return out, vars
	case fChildren, fDescendants:
		var out []Value
		var below func(v Value)
		below = func(v Value) {
			if v.Kind() != KindNode {
				return
			}
			for _, c := range o.children(v, "") {
				out = append(out, c)
				if id == fDescendants {
					below(c)
				}
			}
		}
		for _, v := range in {
			below(v)
		}
		return out, vars
	case fTrace:
		arg(0)
		return in, vars
	case fDefineVariable:
		value := in
		if len(e.args) > 1 {
			f.this = in
			value = arg(1)
		}
		return in, &binding{e.args[0].lit.str, value, vars}
	case fAggregate:
		var total []Value
		if len(e.args) > 1 {
			total = arg(1)
		}
		for i, v := range in {
			f.this, f.index, f.total = []Value{v}, int64(i), total
			total = arg(0)
		}
		return total, vars
	case fSum, fMin, fMax, fAvg:
		return o.reduce(e, in), vars
	case fSort:
		return o.sort(e, in, f), vars
	case fJoin, fSplit, fToChars, fExtension, fGetValue, fHasValue:
		return o.strings(e, in, arg), vars
	case fNow:
		return []Value{o.ev.moment()}, vars
	case fToday:
		return []Value{o.ev.today()}, vars
	}
	o.fail("function " + e.name + " is not in the oracle")
	return nil, nil
}

func (o *oracle) scalar(e *expr, in []Value, f frame) []Value {
	v := o.one(in)
	if len(in) == 0 {
		return nil
	}
	v = v.system()
	if e.fn.in != 0 && e.fn.in&(1<<v.Kind()) == 0 {
		o.fail("input")
	}
	var a [3]Value
	for i, x := range e.args {
		r, _ := o.eval(x, f)
		w := o.one(r)
		if w.IsZero() {
			if e.fn.optional && i > 0 {
				continue
			}
			return nil
		}
		if a[i] = w.system(); e.fn.args != 0 && e.fn.args&(1<<a[i].Kind()) == 0 {
			o.fail("argument")
		}
	}
	site := *e
	site.slot, site.pattern = int32(len(o.ev.slots)-1), nil
	return o.checked(e.fn.scalar(o.ev, &site, v, a[0], a[1], a[2]))
}

func (o *oracle) reduce(e *expr, in []Value) []Value {
	if len(in) == 0 {
		if e.fn.id == fSum {
			return []Value{intValue(0)}
		}
		return nil
	}
	total := in[0].system()
	for _, v := range in[1:] {
		v = v.system()
		if e.fn.id == fSum || e.fn.id == fAvg {
			if list := o.checked(plus(o.ev, e, total, v, 1)); list == nil {
				return nil
			} else {
				total = list[0]
			}
			continue
		}
		order, known, ok := compareValues(total, v)
		if !ok {
			o.fail("compare")
		}
		if !known {
			return nil
		}
		if e.fn.id == fMin && order > 0 || e.fn.id == fMax && order < 0 {
			total = v
		}
	}
	if e.fn.id == fAvg {
		return o.checked(divide(o.ev, e, total, intValue(int64(len(in)))))
	}
	return listOf(total)
}

func (o *oracle) sort(e *expr, in []Value, f frame) []Value {
	type row struct {
		v    Value
		keys []Value
	}
	var rows []row
	descending := make([]bool, max(1, len(e.args)))
	for i, v := range in {
		r := row{v: v}
		f.this, f.index = []Value{v}, int64(i)
		for j, a := range e.args {
			if a.kind == xSortKey {
				descending[j] = a.op == opDescending
				a = a.left
			} else if a.kind == xUnary && a.op == opMinus && !a.parens {
				descending[j] = true
				a = a.left
			}
			list, _ := o.eval(a, f)
			r.keys = append(r.keys, o.one(list).system())
		}
		if len(e.args) == 0 {
			r.keys = []Value{v.system()}
		}
		rows = append(rows, r)
	}
	sort.SliceStable(rows, func(i, j int) bool {
		for k := range rows[i].keys {
			c := compareKeys(o.ev, e, rows[i].keys[k], rows[j].keys[k])
			if descending[k] {
				c = -c
			}
			if c != 0 {
				return c < 0
			}
		}
		return false
	})
	if o.ev.err != nil {
		o.fail("sort")
	}
	var out []Value
	for _, r := range rows {
		out = append(out, r.v)
	}
	return out
}

func (o *oracle) strings(e *expr, in []Value, arg func(int) []Value) []Value {
	var out []Value
	switch e.fn.id {
	case fHasValue:
		return []Value{boolValue(len(in) == 1 && (in[0].Kind() != KindNode || in[0].node.HasValue()))}
	case fGetValue:
		for _, v := range in {
			out = append(out, listOf(v.system())...)
		}
		return out
	case fExtension:
		url := o.one(arg(0)).system()
		for _, v := range in {
			for _, x := range o.children(v, "extension") {
				for _, u := range o.children(x, "url") {
					if s := u.system(); !url.IsZero() && s.str == url.str {
						out = append(out, x)
					}
				}
			}
		}
		return out
	case fJoin:
		var parts []string
		for _, v := range in {
			s := toText(v.system())
			if s.IsZero() {
				o.fail("join")
			}
			parts = append(parts, s.str)
		}
		by := ""
		if len(e.args) > 0 {
			by = o.one(arg(0)).system().str
		}
		if len(in) == 0 {
			return nil
		}
		return []Value{stringValue(strings.Join(parts, by))}
	}
	v, by := o.one(in).system(), stringValue("")
	if len(e.args) > 0 {
		by = o.one(arg(0)).system()
	}
	if v.IsZero() || by.IsZero() {
		return nil
	}
	if v.Kind() != KindString || by.Kind() != KindString {
		o.fail("split")
	}
	if v.str == "" && by.str == "" {
		return nil
	}
	for _, part := range strings.Split(v.str, by.str) {
		out = append(out, stringValue(part))
	}
	return out
}
