package fhirpath

import (
	"slices"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// FHIR has two variables that are no values but bundles of functions:
// %terminologies, which asks a terminology server, and %factory, which makes
// elements.
const (
	apiTerminologies = "terminologies"
	apiFactory       = "factory"
)

// terminologyFunctions are those of %terminologies. Each but lookup has the
// resource that it is about first, and each may have parameters last.
var terminologyFunctions = [...]function{
	{name: "expand", id: fTerminology, min: 1, max: 2},
	{name: "lookup", id: fTerminology, min: 1, max: 2},
	{name: "subsumes", id: fTerminology, min: 3, max: 4},
	{name: "translate", id: fTerminology, min: 2, max: 3},
	{name: "validateCS", id: fTerminology, min: 2, max: 3},
	{name: "validateVS", id: fTerminology, min: 2, max: 3},
}

// factoryFunctions are those of %factory, but for those that are called after
// the primitive types.
var factoryFunctions = [...]function{
	{name: "Address", id: fFactory, min: 0, max: 7},
	{name: "CodeableConcept", id: fFactory, min: 1, max: 2},
	{name: "Coding", id: fFactory, min: 1, max: 4},
	{name: "ContactPoint", id: fFactory, min: 2, max: 3},
	{name: "Extension", id: fFactory, min: 1, max: 2},
	{name: "HumanName", id: fFactory, min: 1, max: 6},
	{name: "Identifier", id: fFactory, min: 1, max: 4},
	{name: "Quantity", id: fFactory, min: 2, max: 4},
	{name: "create", id: fFactory, min: 1, max: 1},
	{name: "withExtension", id: fFactory, min: 2, max: 3},
	{name: "withProperty", id: fFactory, min: 3, max: 3},
}

// factoryPrimitive is the function of %factory that is called after a primitive
// type.
var factoryPrimitive = function{id: fFactory, min: 1, max: 2}

// factoryElements returns the elements that the arguments of a function of
// %factory are for, in their order.
func factoryElements(name string) []string {
	switch name {
	case "Address":
		return []string{"line", "city", "state", "postalCode", "country", "use", "type"}
	case "CodeableConcept":
		return []string{"coding", "text"}
	case "Coding":
		return []string{"system", "code", "display", "version"}
	case "ContactPoint":
		return []string{"system", "value", "use"}
	case "Extension":
		return []string{"url", "value"}
	case "HumanName":
		return []string{"family", "given", "prefix", "suffix", "text", "use"}
	case "Identifier":
		return []string{"system", "value", "use", "type"}
	case "Quantity":
		return []string{"system", "code", "value", "unit"}
	}
	return nil
}

// apiOf returns the variable whose function is called on e, "" for none:
// %terminologies also where at() chooses the server.
func apiOf(e *expr) string {
	switch {
	case e == nil:
	case e.kind == xVar && (e.name == apiTerminologies || e.name == apiFactory):
		return e.name
	case e.kind == xCall && e.name == "at" && len(e.args) == 1 && e.left != nil && e.left.kind == xVar && e.left.name == apiTerminologies:
		return apiTerminologies
	}
	return ""
}

// apiCall types a function of %terminologies or %factory.
func (c *checker) apiCall(e *expr, api string, sc scope) static {
	for _, a := range e.args {
		c.check(a, sc)
	}
	if e.left.kind == xCall {
		c.check(e.left.args[0], sc)
		e.left.bad = true // it gives nothing by itself
	}
	table := terminologyFunctions[:]
	if api == apiFactory {
		table = factoryFunctions[:]
	}
	if i := slices.IndexFunc(table, func(f function) bool { return f.name == e.name }); i >= 0 {
		e.fn = &table[i]
	} else if t, ok := c.defs.Type(e.name); ok && api == apiFactory && t.IsPrimitive() {
		e.fn = &factoryPrimitive
	} else {
		e.bad = true
		c.errorf(CodeFunction, e, "", "%%%s has no function %s", api, quote(e.name))
		return anything()
	}
	if len(e.args) < int(e.fn.min) || len(e.args) > int(e.fn.max) {
		e.bad = true
		c.errorf(CodeArguments, e, "", "%s takes %s, not %d", e.name, argumentCount(int(e.fn.min), int(e.fn.max)), len(e.args))
		return anything()
	}
	result := e.name
	switch e.name {
	case "expand":
		result = "ValueSet"
	case "lookup", "validateVS", "validateCS", "translate":
		result = "Parameters"
	case "subsumes":
		return systemType(kindsString)
	case "create":
		if e.args[0].kind != xLiteral {
			return static{fhirAny: true}
		}
		result = e.args[0].lit.str
	case "withExtension", "withProperty":
		s := e.args[0].static
		if k, all := s.systemKinds(); s.one.IsZero() || k&s.sys != 0 || !all {
			return static{fhirAny: true}
		}
		return s.asOne()
	}
	t, ok := c.defs.Type(result)
	if !ok {
		c.errorf(CodeTypeName, e, "", "no type is called %s", quote(result))
		return anything()
	}
	return static{one: t}
}

// lists compiles arguments, each into a slot of its own. The function that it
// returns evaluates them.
func (c *compiler) lists(args []*expr) func(ev *evaluator) ([4][]Value, bool) {
	slots := make([]int, len(args))
	fills := make([]run, len(args))
	for i, a := range args {
		slots[i], fills[i] = c.list(a)
	}
	return func(ev *evaluator) (out [4][]Value, ok bool) {
		for i, fill := range fills {
			if !fill(ev) {
				return out, false
			}
			out[i] = ev.slots[slots[i]].list
		}
		return out, true
	}
}

// terminology compiles a function of %terminologies.
func (c *compiler) terminology(e *expr, k next) run {
	eval := c.lists(e.args)
	coded := 1
	switch e.name {
	case "expand":
		coded = 0
	case "subsumes":
		coded = 2
	}
	server := func(*evaluator) Value { return Value{} }
	if e.left.kind == xCall {
		server = c.single(e.left.args[0])
	}
	return func(ev *evaluator) bool {
		args, ok := eval(ev)
		q := TerminologyQuery{Operation: e.name, Server: server(ev).system().str}
		if !ok || ev.err != nil {
			return false
		}
		rest := args[:len(e.args)]
		for _, list := range rest[:e.fn.min] {
			if len(list) == 0 {
				return true
			}
		}
		if e.name != "lookup" {
			if len(rest[0]) > 1 {
				ev.several(e)
				return false
			}
			q.about(rest[0][0])
			rest = rest[1:]
		}
		for _, list := range rest[:coded] {
			if len(list) > 1 {
				ev.several(e)
				return false
			}
			q.Coded = append(q.Coded, codings(list[0]))
		}
		if rest = rest[coded:]; len(rest) > 0 && len(rest[0]) > 0 {
			q.Params = rest[0][0].system().str
		}
		if ev.env.Terminologies == nil {
			ev.service(e, "a TerminologyServer")
			return false
		}
		v, err := ev.env.Terminologies.Query(ev.ctx, q)
		if err != nil {
			ev.answered(e, Unknown, err)
			return false
		}
		return v.IsZero() || k(ev, v)
	}
}

// about sets what a query is about: a resource, or its canonical URL.
func (q *TerminologyQuery) about(v Value) {
	if n, ok := v.Node(); ok && n.IsResource() {
		q.Resource = n
		return
	}
	q.Canonical = v.system().str
}

// factory compiles a function of %factory.
func (c *compiler) factory(e *expr, k next) run {
	if factoryElements(e.name) != nil {
		return c.construct(e, k)
	}
	eval := c.lists(e.args)
	return func(ev *evaluator) bool {
		args, ok := eval(ev)
		if !ok {
			return false
		}
		switch {
		case len(args[0]) > 1:
			ev.several(e)
			return false
		case len(args[0]) == 0 && e.fn != &factoryPrimitive:
			return true
		}
		m := maker{defs: c.defs, ev: ev, at: e}
		switch e.name {
		case "create":
			m.start(args[0][0].system().str)
		case "withExtension":
			m.copy(args[0][0], "")
			m.extension(args[1], args[2])
		case "withProperty":
			if len(args[1]) == 0 {
				return true
			}
			name := args[1][0].system().str
			m.copy(args[0][0], name)
			m.set(name, args[2])
		default:
			m.start(e.name)
			for _, v := range args[0] {
				m.value(m.typ, v)
			}
			m.set("extension", args[1])
		}
		return m.done(k)
	}
}

// construct compiles a function of %factory whose arguments are elements.
func (c *compiler) construct(e *expr, k next) run {
	names := factoryElements(e.name)
	slots := make([]int, len(e.args))
	fills := make([]run, len(e.args))
	for i, a := range e.args {
		slots[i], fills[i] = c.list(a)
	}
	return func(ev *evaluator) bool {
		m := maker{defs: c.defs, ev: ev, at: e}
		m.start(e.name)
		for i, fill := range fills {
			if !fill(ev) {
				return false
			}
			m.set(names[i], ev.slots[slots[i]].list)
		}
		return m.done(k)
	}
}

// maker builds an element for %factory.
type maker struct {
	defs *fhir.Definitions
	ev   *evaluator
	at   *expr
	typ  fhir.Type
	b    *fhir.Builder
}

func (m *maker) fail(text string) {
	m.ev.fail(m.at, CodeOperand, "", text)
}

// start begins an element of a type.
func (m *maker) start(typeName string) {
	var ok bool
	if m.typ, ok = m.defs.Type(typeName); !ok || m.typ.Abstract() {
		m.fail("there are no elements of the type " + quote(typeName))
	}
	m.b = fhir.NewBuilder(m.defs, typeName)
}

// fhirTypeOf returns the FHIR type that a System value is written as, "" for
// none.
func fhirTypeOf(k Kind) string {
	switch k {
	case KindBoolean:
		return "boolean"
	case KindString:
		return "string"
	case KindInteger:
		return "integer"
	case KindDecimal:
		return "decimal"
	case KindDate:
		return "date"
	case KindDateTime:
		return "dateTime"
	case KindTime:
		return "time"
	case KindQuantity:
		return "Quantity"
	}
	return ""
}

// copy begins with what a value is, but for the element with a name.
func (m *maker) copy(v Value, without string) {
	n, ok := v.Node()
	if !ok {
		m.start(fhirTypeOf(v.Kind()))
		m.value(m.typ, v)
		return
	}
	if n.Tree().Definitions() != m.defs {
		m.fail("an element that was read by other definitions")
	}
	m.start(n.Type().Name())
	if n.HasValue() {
		m.b.SetValue(n.Value())
	}
	for c := range n.Children() {
		if c.Name() != without {
			m.b.Copy(c.Key(), c)
		}
	}
}

// value gives the open element, a primitive or a Quantity, the value of v.
func (m *maker) value(t fhir.Type, v Value) {
	if m.ev.err != nil {
		return
	}
	v = v.system()
	if t.IsPrimitive() {
		if v = primitiveValue(t.Name(), v); !v.IsZero() {
			m.b.SetValue(v.Text())
			return
		}
		m.fail("the value is none of the type " + t.Name())
		return
	}
	switch {
	case v.Kind() == KindQuantity:
		m.b.Value("value", v.asDecimal().Text())
		m.b.Value("unit", v.str)
		if v.meta&metaCalendar == 0 {
			m.b.Value("system", ucumSystem)
			m.b.Value("code", v.str)
		}
	default:
		m.fail("no element can be made of " + kindName(v))
	}
}

// primitiveValue converts a value to what a primitive type holds, the zero
// Value if it cannot be.
func primitiveValue(typeName string, v Value) Value {
	switch kindOfType(typeName) {
	case KindBoolean:
		return toBoolean(v)
	case KindInteger:
		return toInteger(v)
	case KindLong:
		return toLong(v)
	case KindDecimal:
		return toDecimal(v)
	case KindDate:
		return toDate(v)
	case KindDateTime:
		return toDateTime(v)
	case KindTime:
		return toTime(v)
	}
	return toText(v)
}

// set adds the values of an element of the root.
func (m *maker) set(name string, items []Value) {
	m.add(m.typ, name, items)
}

// add adds the values of an element of the open one, which is of a type.
func (m *maker) add(t fhir.Type, name string, items []Value) {
	for i, v := range items {
		if m.ev.err != nil {
			return
		}
		typeName := fhirTypeOf(v.Kind())
		n, isNode := v.Node()
		if isNode {
			typeName = n.Type().Name()
		}
		p, ok := t.Property(name)
		if !ok && typeName != "" {
			p, ok = t.Property(name + strings.ToUpper(typeName[:1]) + typeName[1:])
		}
		switch {
		case !ok:
			m.fail(m.typ.Name() + " has no element " + quote(name) + " for " + kindName(v))
		case i > 0 && !p.IsList():
			m.ev.several(m.at)
		case isNode && (p.Type().IsPrimitive() && n.Type().IsPrimitive() || n.Type().IsA(p.Type())) && n.Tree().Definitions() == m.defs:
			m.b.Copy(p.Name(), n)
		case !isNode && (p.Type().IsPrimitive() && v.Kind() != KindQuantity || p.Type().Name() == typeName):
			m.b.OpenProperty(p)
			m.value(p.Type(), v)
			m.b.Close()
		default:
			m.fail("the element " + quote(name) + " cannot be " + kindName(v))
		}
	}
}

// extension adds an extension.
func (m *maker) extension(url, value []Value) {
	t, ok := m.defs.Type("Extension")
	if len(url) != 1 || !ok {
		m.fail("an extension has one URL")
		return
	}
	m.b.Open("extension")
	m.add(t, "url", url)
	m.add(t, "value", value)
	m.b.Close()
}

// done ends the element and pushes it.
func (m *maker) done(k next) bool {
	if m.ev.err != nil {
		return false
	}
	tree, err := m.b.Tree()
	if err != nil {
		m.ev.failErr(m.at, CodeOperand, "", "no such element can be made", err)
		return false
	}
	// It costs as much as the steps through its nodes.
	if m.ev.steps -= tree.Len(); m.ev.steps <= 0 && !m.ev.checkpoint() || !m.ev.fits(m.at, len(tree.Source())) {
		return false
	}
	return k(m.ev, nodeValue(tree.Root()))
}
