package fhirpath

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// checker gives each node of the tree its static type, binds names to
// functions, types and variables, and reports what cannot be meant.
type checker struct {
	src    string
	opts   *options
	defs   *fhir.Definitions
	issues []Issue
	errors int
	slots  int
	total  static // of the enclosing aggregate
}

// scope is what names mean at a place.
type scope struct {
	this   static
	lambda bool // within an argument that is evaluated for each item
	total  int  // slot of the enclosing aggregate, -1 for none
	vars   *variable
}

// variable is one made by defineVariable, with those made before it.
type variable struct {
	name   string
	slot   int
	static static
	outer  *variable
}

func (v *variable) find(name string) *variable {
	for ; v != nil; v = v.outer {
		if v.name == name {
			return v
		}
	}
	return nil
}

// maxIssues bounds the findings about one expression.
const maxIssues = 20

func (c *checker) report(s Severity, code Code, e *expr, at int32, clause, format string, args ...any) {
	if s == SeverityError {
		c.errors++
	}
	if len(c.issues) >= maxIssues {
		return
	}
	i := Issue{Severity: s, Code: code, Path: excerpt(c.src[e.pos:max(e.end, e.pos)]), Offset: int64(at), Clause: clause, Text: fmt.Sprintf(format, args...)}
	i.place(c.src)
	c.issues = append(c.issues, i)
}

func (c *checker) errorf(code Code, e *expr, clause, format string, args ...any) {
	c.report(SeverityError, code, e, e.at, clause, format, args...)
}

func (c *checker) warnf(code Code, e *expr, clause, format string, args ...any) {
	c.report(SeverityWarning, code, e, e.at, clause, format, args...)
}

func (c *checker) slot() int {
	c.slots++
	return c.slots - 1
}

// check types an expression and returns the variables that what follows it in
// the same chain can see.
func (c *checker) check(e *expr, sc scope) (static, *variable) {
	s, vars := c.checkNode(e, sc)
	e.static = s
	return s, vars
}

func (c *checker) checkNode(e *expr, sc scope) (static, *variable) {
	switch e.kind {
	case xLiteral:
		e.konst = true
		return systemType(1 << e.lit.Kind()), sc.vars
	case xEmpty:
		e.konst = true
		return static{}, sc.vars
	case xThis:
		return sc.this, sc.vars
	case xIndex:
		if !sc.lambda {
			c.errorf(CodeVariable, e, "7.2", "$index has a value only within the argument of a function such as where or select")
		}
		return systemType(kindsInteger), sc.vars
	case xTotal:
		if sc.total < 0 {
			e.bad = true
			c.errorf(CodeVariable, e, "7.2", "$total has a value only within the argument of aggregate")
		}
		e.slot = int32(sc.total)
		return c.total, sc.vars
	case xVar:
		return c.variable(e, sc), sc.vars
	case xName:
		in, vars := sc.this, sc.vars
		if e.left != nil {
			in, vars = c.check(e.left, sc)
		}
		return c.member(e, in), vars
	case xCall:
		return c.call(e, sc)
	case xItem:
		in, vars := c.check(e.left, sc)
		sc.vars = vars
		index, _ := c.check(e.right, sc)
		e.konst = e.left.konst && e.right.konst
		c.ordered(e, in, "an indexer")
		if !index.mayBe(kindsInteger) {
			c.errorf(CodeType, e, "5.3.1", "an index is an Integer, not %s", index)
		}
		return in.asOne(), vars
	case xUnary:
		in, _ := c.check(e.left, sc)
		e.konst = e.left.konst
		if !in.mayBe(kindsNumber | kindsQty) {
			c.warnf(CodeType, e, "6.6", "%s has no sign", in)
		}
		return in.asOne(), sc.vars
	case xSortKey:
		in, _ := c.check(e.left, sc)
		return in, sc.vars
	case xBinary:
		left, _ := c.check(e.left, sc)
		right, _ := c.check(e.right, sc)
		e.konst = e.left.konst && e.right.konst
		return c.binary(e, left, right), sc.vars
	case xIs, xAs:
		in, vars := c.check(e.left, sc)
		e.konst = e.left.konst
		return c.typeOperator(e, e.name, in), vars
	case xNew:
		return c.instance(e, sc), sc.vars
	}
	return anything(), sc.vars
}

// variable types %name.
func (c *checker) variable(e *expr, sc scope) static {
	if v := sc.vars.find(e.name); v != nil {
		e.slot = int32(v.slot)
		return v.static
	}
	e.slot = -1
	switch e.name {
	case "context":
		return c.opts.input
	case "resource", "rootResource":
		return static{fhirAny: true}
	case "ucum", "sct", "loinc":
		return systemType(kindsString)
	case apiTerminologies, apiFactory:
		e.bad = true
		c.errorf(CodeVariable, e, "", "%%%s is no value: it has functions only", e.name)
		return anything()
	}
	if strings.HasPrefix(e.name, "vs-") || strings.HasPrefix(e.name, "ext-") {
		return systemType(kindsString)
	}
	for _, v := range c.opts.variables {
		if v.name == e.name {
			return v.static
		}
	}
	c.errorf(CodeVariable, e, "8.3", "no variable %%%s is defined here", excerpt(e.name))
	return anything()
}

// member types a step to the children with a name.
func (c *checker) member(e *expr, in static) static {
	if e.left == nil && c.typeRoot(e) {
		e.root = true
		return narrow(in, e.typ.fhir)
	}
	out := static{list: in.list, unordered: in.unordered}
	if c.onlyProperty(&out, e, in) {
		return out
	}
	e.id = c.defs.NameID(e.name)
	found := in.any || in.object
	if in.any || in.object {
		out.any, out.list = true, true
	}
	if in.fhirAny {
		if e.id != 0 || c.opts.lenientChoices {
			out.fhirAny, out.list, found = true, true, true
		}
	}
	if in.sys&kindsType != 0 && (e.name == "namespace" || e.name == "name" || e.name == "baseType") {
		out.sys |= kindsString
		found = true
	}
	if in.sys&kindsQty != 0 && (e.name == "value" || e.name == "unit") {
		out.sys |= kindsDecimal | kindsString
		found = true
	}
	in.each(func(t fhir.Type) bool {
		if c.property(&out, t, e.id, e.name) {
			found = true
		}
		return true
	})
	if !found && !in.empty() {
		c.unknownElement(e, in)
		return anything()
	}
	if out.empty() {
		out.list = false
	}
	return out
}

// onlyProperty types the usual member: an element, and no choice, of the one
// type of the input. False for all others.
func (c *checker) onlyProperty(out *static, e *expr, in static) bool {
	if in.open() || in.sys != 0 || in.more != nil {
		return false
	}
	p, ok := in.one.Property(e.name)
	if !ok || p.IsChoice() {
		return false
	}
	e.id, out.one = p.NameID(), p.Type()
	out.list = out.list || p.IsList()
	return true
}

// property adds the types that an element of a type may have.
func (c *checker) property(out *static, t fhir.Type, id fhir.NameID, name string) bool {
	found, fresh := false, out.one.IsZero()
	if id != 0 {
		for p := range t.Properties() {
			if p.NameID() == id {
				switch {
				case !fresh:
					out.add(p.Type())
				case !found:
					out.one = p.Type()
				case out.more == nil:
					out.more = append(make([]fhir.Type, 0, 8), p.Type())
				default: // the types of a choice are different
					out.more = append(out.more, p.Type())
				}
				out.list = out.list || p.IsList()
				found = true
			} else if found {
				break
			}
		}
	}
	if found {
		return true
	}
	if isAbstractTop(t) && (id != 0 || c.opts.lenientChoices) {
		out.fhirAny, out.list = true, true
		return true
	}
	if c.opts.lenientChoices {
		if p, ok := t.Property(name); ok && p.IsChoice() {
			out.add(p.Type())
			out.list = out.list || p.IsList()
			return true
		}
	}
	return false
}

// typeRoot reports whether a name at the start of a path names the type of
// the input: Patient in Patient.name.
func (c *checker) typeRoot(e *expr) bool {
	if e.name == "" || e.name[0] < 'A' || e.name[0] > 'Z' {
		return false
	}
	t, ok := c.defs.Type(e.name)
	if !ok {
		return false
	}
	e.typ = &typeName{name: e.name, fhir: t}
	return true
}

// narrow returns what is known of the items that are of a type.
func narrow(in static, t fhir.Type) static {
	if in.open() {
		return static{one: t}
	}
	var out static
	in.each(func(u fhir.Type) bool {
		if u.IsA(t) {
			out.add(u)
		} else if t.IsA(u) {
			out.add(t)
		}
		return true
	})
	return out
}

// unknownElement reports a name that no type in question has.
func (c *checker) unknownElement(e *expr, in static) {
	hint := c.nearestElement(e.name, in)
	choice := false
	in.each(func(t fhir.Type) bool {
		if p, ok := t.Property(e.name); ok && p.IsChoice() {
			choice = true
			hint = fmt.Sprintf("; write %s.ofType(%s)", p.ElementName(), p.Type().Name())
		}
		return !choice
	})
	c.errorf(CodeElement, e, "5.4", "%s has no element %s%s", in, quote(e.name), hint)
}

// nearestElement words a suggestion for a mistyped name.
func (c *checker) nearestElement(name string, in static) string {
	best, bestDistance := "", 1+len(name)/3
	in.each(func(t fhir.Type) bool {
		for p := range t.Properties() {
			if d := editDistance(name, p.ElementName()); d < bestDistance || d == bestDistance && best == "" {
				best, bestDistance = p.ElementName(), d
			}
		}
		return true
	})
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// editDistance counts the insertions, deletions and replacements between two
// names.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// ordered reports a use of the order of an unordered collection, where the
// options ask for it.
func (c *checker) ordered(e *expr, in static, what string) {
	if c.opts.strict && in.unordered && in.list {
		c.errorf(CodeOrder, e, "5.3", "%s depends on the order of a collection that has none", what)
	}
}

// typeOperator types is and as.
func (c *checker) typeOperator(e *expr, name string, in static) static {
	e.typ = resolveType(c.defs, name)
	if !e.typ.known() {
		c.warnf(CodeTypeName, e, "6.3", "no type is called %s", quote(name))
	}
	if e.op == opIs || e.fn != nil && e.fn.id == fIs {
		return systemType(kindsBoolean)
	}
	out := static{list: in.list && e.kind == xCall && e.fn.id == fOfType, unordered: in.unordered}
	if e.typ.kind != KindNone && (in.sys != 0 || in.open()) {
		out.sys = 1 << e.typ.kind
	}
	if t := e.typ.fhir; !t.IsZero() {
		possible := in.open()
		in.each(func(u fhir.Type) bool {
			possible = t.IsA(u) || u.IsA(t)
			return !possible
		})
		if possible {
			out.add(t)
		}
	}
	if !e.typ.known() {
		return anything()
	}
	return out
}

// binary types an operator.
func (c *checker) binary(e *expr, left, right static) static {
	switch e.op {
	case opImplies, opOr, opXor, opAnd, opEqual, opNotEqual, opEquivalent, opNotEquivalent, opIn, opContains:
		return systemType(kindsBoolean)
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		l, all := left.systemKinds()
		r, all2 := right.systemKinds()
		if all && all2 && l != 0 && r != 0 && !comparableKinds(l, r) {
			c.warnf(CodeType, e, "6.2", "%s and %s have no order", left, right)
		}
		return systemType(kindsBoolean)
	case opUnion:
		u := left.union(right)
		u.list, u.unordered = true, true
		if left.empty() {
			u = right
		} else if right.empty() {
			u = left
		}
		return u
	case opConcat:
		return systemType(kindsString)
	}
	return c.arithmetic(e, left, right)
}

// comparableKinds reports whether some kind of each set can be compared.
func comparableKinds(l, r kinds) bool {
	for _, group := range [...]kinds{kindsNumber | kindsQty, kindsString, kindsDates, kindsTime} {
		if l&group != 0 && r&group != 0 {
			return true
		}
	}
	return false
}

// arithmetic types + - * / div mod.
func (c *checker) arithmetic(e *expr, left, right static) static {
	if left.empty() || right.empty() {
		return static{}
	}
	dates := kindsDates | kindsTime
	if e.op == opPlus || e.op == opMinus {
		if left.only(dates) && !right.mayBe(kindsQty) {
			c.errorf(CodeType, e, "6.6.7", "to or from %s only a duration such as 7 days can be added or taken, not %s", left, right)
		}
	}
	l, all := left.systemKinds()
	r, all2 := right.systemKinds()
	if !all || !all2 {
		return static{any: true}
	}
	out := static{}
	numbers := l&kindsNumber != 0 && r&kindsNumber != 0
	if numbers {
		switch e.op {
		case opDivide:
			out.sys |= kindsDecimal
		case opDiv:
			out.sys |= kindsInteger | kindsLong | kindsDecimal
		default:
			out.sys |= (l | r) & kindsNumber
		}
	}
	if l&kindsQty != 0 && r&(kindsQty|kindsNumber) != 0 || r&kindsQty != 0 && l&kindsNumber != 0 {
		out.sys |= kindsQty
	}
	if e.op == opPlus || e.op == opMinus {
		if r&kindsQty != 0 {
			out.sys |= l & dates
		}
		if e.op == opPlus && l&kindsString != 0 && r&kindsString != 0 {
			out.sys |= kindsString
		}
	}
	if out.sys == 0 {
		c.warnf(CodeType, e, "6.6", "%s cannot be applied to %s and %s", e.op, left, right)
		out.any = true
	}
	return out
}

// instance types Type { element: value }.
func (c *checker) instance(e *expr, sc scope) static {
	e.typ = resolveType(c.defs, e.name)
	if !e.typ.known() {
		c.errorf(CodeTypeName, e, "", "no type is called %s", quote(e.name))
	}
	for i, arg := range e.args {
		c.check(arg, sc)
		if t := e.typ.fhir; !t.IsZero() {
			var into static
			if !c.property(&into, t, c.defs.NameID((*e.names)[i]), (*e.names)[i]) {
				c.errorf(CodeElement, e, "", "%s has no element %s%s", e.typ.name, quote((*e.names)[i]), c.nearestElement((*e.names)[i], static{one: t}))
			}
		}
	}
	return static{object: true}
}

// call types a function.
func (c *checker) call(e *expr, sc scope) (static, *variable) {
	if api := apiOf(e.left); api != "" {
		return c.apiCall(e, api, sc), sc.vars
	}
	in, vars := sc.this, sc.vars
	if e.left != nil {
		in, vars = c.check(e.left, sc)
	}
	inner := sc
	inner.vars = vars
	e.fn = findFunction(e.name)
	if e.fn == nil {
		return c.userCall(e, in, inner), vars
	}
	if len(e.args) < int(e.fn.min) || len(e.args) > int(e.fn.max) {
		e.bad = true
		c.errorf(CodeArguments, e, "", "%s takes %s, not %d", e.name, argumentCount(int(e.fn.min), int(e.fn.max)), len(e.args))
		for _, a := range e.args {
			c.check(a, inner)
		}
		return anything(), vars
	}
	return c.function(e, in, inner, vars)
}

func argumentCount(least, most int) string {
	switch {
	case most == 0:
		return "no arguments"
	case least == most && most == 1:
		return "1 argument"
	case least == most:
		return fmt.Sprintf("%d arguments", most)
	case most == 100:
		return fmt.Sprintf("at least %d arguments", least)
	}
	return fmt.Sprintf("%d to %d arguments", least, most)
}

// userCall types a function that the caller brought, or reports an unknown one.
func (c *checker) userCall(e *expr, in static, sc scope) static {
	for _, a := range e.args {
		c.check(a, sc)
	}
	for i := range c.opts.functions {
		f := &c.opts.functions[i]
		if f.Name != e.name {
			continue
		}
		e.user = f
		least := 0
		for _, p := range f.Params {
			if !strings.HasSuffix(p, "?") {
				least++
			}
		}
		if len(e.args) < least || len(e.args) > len(f.Params) {
			e.bad = true
			c.errorf(CodeArguments, e, "", "%s takes %s, not %d", e.name, argumentCount(least, len(f.Params)), len(e.args))
			return anything()
		}
		if want := c.signature(f.Input); !fits(in, want) {
			c.errorf(CodeType, e, "", "%s is for %s, not for %s", e.name, want, in)
		}
		for j, a := range e.args {
			if want := c.signature(strings.TrimSuffix(f.Params[j], "?")); !fits(a.static, want) {
				c.report(SeverityError, CodeType, a, a.pos, "", "%s wants %s here, not %s", e.name, want, a.static)
			}
		}
		out := c.signature(f.Result)
		out.list = f.List
		return out
	}
	hint := ""
	best := 2 + len(e.name)/4
	for i := range functions {
		if d := editDistance(e.name, functions[i].name); d < best {
			best, hint = d, "; did you mean "+functions[i].name+"?"
		}
	}
	e.bad = true
	c.errorf(CodeFunction, e, "", "there is no function %s%s", quote(e.name), hint)
	return anything()
}

// signature returns the static type that a type name in a Function stands for.
func (c *checker) signature(name string) static {
	if name == "" {
		return anything()
	}
	t := resolveType(c.defs, name)
	if t.kind != KindNone && t.namespace != "FHIR" {
		return systemType(1 << t.kind)
	}
	if !t.fhir.IsZero() {
		return static{one: t.fhir}
	}
	return anything()
}

// fits reports whether some item of s may be what is wanted.
func fits(s, want static) bool {
	if s.open() || want.open() || s.empty() {
		return true
	}
	if want.sys != 0 {
		return s.mayBe(want.sys)
	}
	ok := false
	s.each(func(t fhir.Type) bool {
		ok = t.IsA(want.one) || want.one.IsA(t)
		return !ok
	})
	return ok
}

// systemVariables cannot be defined again.
func isSystemVariable(name string) bool {
	return slices.Contains([]string{"context", "resource", "rootResource", "ucum", "sct", "loinc", apiTerminologies, apiFactory}, name) ||
		strings.HasPrefix(name, "vs-") || strings.HasPrefix(name, "ext-")
}
