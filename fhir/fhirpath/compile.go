package fhirpath

import (
	"context"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// The compiler turns the tree into closures. Items are pushed: each program
// is given at compile time what becomes of its items (next), so exists, first
// and count never build a list.
type (
	// run pushes the items of an expression; false means that no more are
	// wanted, or that the evaluation failed.
	run func(ev *evaluator) bool
	// next takes an item; false means that it wants no more.
	next func(ev *evaluator, v Value) bool
	// single computes an expression of at most one item.
	single func(ev *evaluator) Value
	// truth computes an expression where a Boolean is due.
	truth func(ev *evaluator) tri
)

type compiler struct {
	defs    *fhir.Definitions
	opts    *options
	slots   int
	focus   int // slot of the list that heads of expressions start from, -1 for $this
	root    *expr
	explain bool
	folder  *evaluator // of constants
}

func (c *compiler) slot() int {
	c.slots++
	return c.slots - 1
}

// stream compiles an expression that pushes its items to k.
func (c *compiler) stream(e *expr, k next) run {
	if v, ok := c.constant(e); ok {
		return pushAll(v, k)
	}
	if e.bad {
		return pushOne(c.single(e), k)
	}
	switch e.kind {
	case xThis:
		return c.head(k)
	case xTotal:
		slot := int(e.slot)
		return func(ev *evaluator) bool {
			return pushList(ev, slot, k)
		}
	case xVar:
		return c.variable(e, k)
	case xName:
		return c.name(e, k)
	case xCall:
		return c.call(e, k)
	case xItem:
		return c.item(e, k)
	case xBinary:
		if e.op == opUnion {
			return c.union(e.left, e.right, k)
		}
	case xSortKey:
		return c.stream(e.left, k)
	}
	one := c.single(e)
	return pushOne(one, k)
}

// pushList pushes the items of a slot.
func pushList(ev *evaluator, slot int, k next) bool {
	for _, v := range ev.slots[slot].list {
		if !k(ev, v) {
			return false
		}
	}
	return true
}

// pushOne pushes the value of a single.
func pushOne(one single, k next) run {
	return func(ev *evaluator) bool {
		v := one(ev)
		if ev.err != nil {
			return false
		}
		return v.IsZero() || k(ev, v)
	}
}

// pushAll pushes constants.
func pushAll(list []Value, k next) run {
	switch len(list) {
	case 0:
		return func(*evaluator) bool { return true }
	case 1:
		v := list[0]
		return func(ev *evaluator) bool { return k(ev, v) }
	}
	return func(ev *evaluator) bool {
		for _, v := range list {
			if !k(ev, v) {
				return false
			}
		}
		return true
	}
}

// head pushes the implicit input.
func (c *compiler) head(k next) run {
	if c.focus < 0 {
		return func(ev *evaluator) bool { return ev.this.IsZero() || k(ev, *ev.this) }
	}
	slot := c.focus
	return func(ev *evaluator) bool {
		return pushList(ev, slot, k)
	}
}

// input pushes the input of a function or member: what stands left of it, or
// the implicit input.
func (c *compiler) input(e *expr, k next) run {
	if e.left == nil {
		return c.head(k)
	}
	return c.stream(e.left, k)
}

// inBody compiles f as an argument that is evaluated for each item, with the
// item as $this.
func (c *compiler) inBody(f func()) {
	focus := c.focus
	c.focus = -1
	f()
	c.focus = focus
}

// name compiles a member, or the name of the input's type.
func (c *compiler) name(e *expr, k next) run {
	if e.root {
		t := e.typ
		return c.head(func(ev *evaluator, v Value) bool {
			return !t.is(v) || k(ev, v)
		})
	}
	step := c.child(e, k)
	if e.left == nil && c.focus < 0 {
		return func(ev *evaluator) bool { return step(ev, *ev.this) }
	}
	return c.input(e, step)
}

// child compiles the step from a node to its children with a name.
func (c *compiler) child(e *expr, k next) next {
	defs, name, id := c.defs, e.name, e.id
	var base fhir.NameID
	if c.opts.lenientChoices {
		base = c.defs.NameID(c.choiceBase(e))
	}
	return func(ev *evaluator, v Value) bool {
		if v.Kind() != KindNode {
			return pushField(ev, v, name, k)
		}
		id, t := id, v.node.Tree()
		if id == 0 || t.Definitions() != defs {
			if id = t.NameID(name); id == 0 {
				return true
			}
		}
		found := false
		for cur := v.node.Cursor(); ; found = true {
			n, ok := cur.NextNamed(id)
			if !ok {
				return found || base == 0 || pushChoice(ev, v.node, base, name, k)
			}
			if !ev.step() || !k(ev, nodeValue(n)) {
				return false
			}
		}
	}
}

// pushChoice pushes the children of a choice that are written with a name.
func pushChoice(ev *evaluator, n fhir.Node, base fhir.NameID, key string, k next) bool {
	for cur := n.Cursor(); ; {
		child, ok := cur.NextNamed(base)
		if !ok {
			return true
		}
		if child.Key() == key && (!ev.step() || !k(ev, nodeValue(child))) {
			return false
		}
	}
}

// choiceBase returns the element name of a choice written as in JSON, which
// lenient choices allow.
func (c *compiler) choiceBase(e *expr) string {
	if !c.opts.lenientChoices {
		return ""
	}
	for i := len(e.name) - 1; i > 0; i-- {
		if b := e.name[i]; 'A' <= b && b <= 'Z' {
			if _, ok := c.defs.Type(e.name[i:]); ok && c.defs.NameID(e.name[:i]) != 0 {
				return e.name[:i]
			}
			if _, ok := c.defs.Type(strings.ToLower(e.name[i:i+1]) + e.name[i+1:]); ok && c.defs.NameID(e.name[:i]) != 0 {
				return e.name[:i]
			}
		}
	}
	return ""
}

// pushField pushes the fields of values that are no nodes.
func pushField(ev *evaluator, v Value, name string, k next) bool {
	switch v.Kind() {
	case KindType:
		switch name {
		case "namespace":
			return k(ev, stringValue(v.ns()))
		case "name":
			return k(ev, stringValue(v.str))
		}
	case KindQuantity:
		switch name {
		case "value":
			return k(ev, v.asDecimal())
		case "unit":
			return k(ev, stringValue(v.str))
		}
	case KindObject:
		for _, f := range v.ext.object.fields {
			if f.name != name {
				continue
			}
			for _, item := range f.items {
				if !k(ev, item) {
					return false
				}
			}
		}
	}
	return true
}

// variable compiles %name.
func (c *compiler) variable(e *expr, k next) run {
	if e.slot >= 0 {
		slot := int(e.slot)
		return func(ev *evaluator) bool {
			return pushList(ev, slot, k)
		}
	}
	name := e.name
	switch name {
	case "context":
		return func(ev *evaluator) bool { return ev.focus.IsZero() || k(ev, ev.focus) }
	case "resource":
		return func(ev *evaluator) bool { v := ev.resourceOf(); return v.IsZero() || k(ev, v) }
	case "rootResource":
		return func(ev *evaluator) bool { v := ev.rootOf(); return v.IsZero() || k(ev, v) }
	}
	if s := environmentText(name); s != "" {
		return pushAll([]Value{stringValue(s)}, k)
	}
	return func(ev *evaluator) bool {
		list, ok := ev.env.Variables[name]
		if !ok {
			ev.fail(e, CodeVariable, "8.3", "the variable %"+excerpt(name)+" has no value in this evaluation")
			return false
		}
		for _, v := range list {
			if !k(ev, v) {
				return false
			}
		}
		return true
	}
}

// environmentText returns the text of the variables that the standards fix.
func environmentText(name string) string {
	switch name {
	case "ucum":
		return ucumSystem
	case "sct":
		return "http://snomed.info/sct"
	case "loinc":
		return "http://loinc.org"
	}
	if rest, ok := strings.CutPrefix(name, "vs-"); ok {
		return "http://hl7.org/fhir/ValueSet/" + rest
	}
	if rest, ok := strings.CutPrefix(name, "ext-"); ok {
		return "http://hl7.org/fhir/StructureDefinition/" + rest
	}
	return ""
}

// item compiles an indexer: it stops at the item it wants.
func (c *compiler) item(e *expr, k next) run {
	slot := c.slot()
	index := c.single(e.right)
	src := c.stream(e.left, func(ev *evaluator, v Value) bool {
		s := &ev.slots[slot]
		if s.n == 0 {
			s.v = v
			s.n = -1
			return false
		}
		s.n--
		return true
	})
	return func(ev *evaluator) bool {
		i := index(ev).system()
		if ev.err != nil {
			return false
		}
		if i.IsZero() || i.num < 0 {
			if !i.IsZero() && i.Kind() != KindInteger && i.Kind() != KindLong {
				ev.fail(e, CodeOperand, "5.3.1", "an index must be an Integer")
				return false
			}
			return true
		}
		if i.Kind() != KindInteger && i.Kind() != KindLong {
			ev.fail(e, CodeOperand, "5.3.1", "an index must be an Integer")
			return false
		}
		ev.slots[slot].n = i.num
		src(ev)
		if ev.err != nil {
			return false
		}
		s := &ev.slots[slot]
		return s.n != -1 || k(ev, s.v)
	}
}

// union pushes the items of both sides, each once.
func (c *compiler) union(left, right *expr, k next) run {
	slot := c.slot()
	each := func(ev *evaluator, v Value) bool {
		return ev.step() && (!ev.slots[slot].set.add(v) || k(ev, v))
	}
	// A chain a | b | c shares one set.
	var sides []run
	var gather func(e *expr)
	gather = func(e *expr) {
		if _, konst := c.constant(e); !konst && e.kind == xBinary && e.op == opUnion {
			gather(e.left)
			gather(e.right)
			return
		}
		sides = append(sides, c.stream(e, each))
	}
	if left == nil {
		sides = append(sides, c.head(each))
	} else {
		gather(left)
	}
	gather(right)
	return func(ev *evaluator) bool {
		ev.setIn(&ev.slots[slot])
		for _, side := range sides {
			if !side(ev) {
				return false
			}
		}
		return true
	}
}

// single compiles an expression whose value must be one item or none.
func (c *compiler) single(e *expr) single {
	if list, ok := c.constant(e); ok && len(list) <= 1 {
		var v Value
		if len(list) == 1 {
			v = list[0]
		}
		return func(*evaluator) Value { return v }
	}
	if e.bad {
		return func(ev *evaluator) Value {
			return ev.fail(e, CodeArguments, "", "the check found that this cannot be evaluated")
		}
	}
	switch e.kind {
	case xLiteral:
		return func(ev *evaluator) Value {
			return ev.fail(e, CodeLiteral, "3.1.6", "a time of day has no zone")
		}
	case xThis:
		if c.focus < 0 {
			return func(ev *evaluator) Value { return *ev.this }
		}
	case xIndex:
		return func(ev *evaluator) Value { return intValue(ev.index) }
	case xName:
		if one := c.onlyChild(e); one != nil {
			return one
		}
	case xUnary:
		return c.sign(e)
	case xBinary:
		if e.op != opUnion {
			return c.operator(e)
		}
	case xIs:
		return c.isType(e, e.left)
	case xAs:
		return c.asType(e, e.left)
	case xNew:
		return c.instance(e)
	case xCall:
		if one := c.singleCall(e); one != nil {
			return one
		}
	}
	return c.collectOne(e, e)
}

// onlyChild compiles an element of $this where one item is due; nil for other
// paths.
func (c *compiler) onlyChild(e *expr) single {
	id, defs := e.id, c.defs
	if e.root || e.left != nil || c.focus >= 0 || id == 0 || c.opts.lenientChoices {
		return nil
	}
	general := c.collectOne(e, e)
	return func(ev *evaluator) Value {
		v := ev.this
		if v.Kind() != KindNode || v.node.Tree().Definitions() != defs {
			return general(ev)
		}
		cur := v.node.Cursor()
		n, ok := cur.NextNamed(id)
		if !ok {
			return Value{}
		}
		if _, more := cur.NextNamed(id); more {
			return ev.several(e)
		}
		return nodeValue(n)
	}
}

// collectOne runs a stream and keeps its only item.
func (c *compiler) collectOne(e, at *expr) single {
	slot := c.slot()
	src := c.stream(e, func(ev *evaluator, v Value) bool {
		s := &ev.slots[slot]
		if s.n++; s.n > 1 {
			return false
		}
		s.v = v
		return true
	})
	return func(ev *evaluator) Value {
		s := &ev.slots[slot]
		s.n = 0
		src(ev)
		switch {
		case s.n == 0 || ev.err != nil:
			return Value{}
		case s.n > 1:
			return ev.several(at)
		}
		return s.v
	}
}

// inputSingle is single for the input of a function.
func (c *compiler) inputSingle(e *expr) single {
	if e.left != nil {
		return c.single(e.left)
	}
	if c.focus < 0 {
		return func(ev *evaluator) Value { return *ev.this }
	}
	this := expr{kind: xThis, pos: e.pos, end: e.end, at: e.at}
	return c.collectOne(&this, e)
}

// list compiles an expression whose items are gathered in a slot.
func (c *compiler) list(e *expr) (slot int, fill run) {
	slot = c.slot()
	return slot, c.fill(slot, e, func(k next) run { return c.stream(e, k) })
}

// inputList is list for the input of a function.
func (c *compiler) inputList(e *expr) (slot int, fill run) {
	slot = c.slot()
	return slot, c.fill(slot, e, func(k next) run { return c.input(e, k) })
}

func (c *compiler) fill(slot int, e *expr, stream func(next) run) run {
	src := stream(func(ev *evaluator, v Value) bool { return ev.push(e, &ev.slots[slot], v) })
	return func(ev *evaluator) bool {
		ev.slots[slot].list = ev.slots[slot].list[:0]
		src(ev)
		return ev.err == nil
	}
}

// truth compiles an expression where a Boolean is due. A single item that is
// no Boolean counts as true.
func (c *compiler) truth(e *expr) truth {
	t := c.truthOf(e)
	if !c.explain {
		return t
	}
	return c.recorded(e, t)
}

func (c *compiler) truthOf(e *expr) truth {
	if list, ok := c.constant(e); ok && len(list) <= 1 {
		t := unknown
		if len(list) == 1 {
			t = truthValue(list[0])
		}
		return func(*evaluator) tri { return t }
	}
	if e.bad {
		one := c.single(e)
		return func(ev *evaluator) tri { return truthValue(one(ev)) }
	}
	switch e.kind {
	case xBinary:
		if t := c.logic(e); t != nil {
			return t
		}
	case xCall:
		if t := c.predicate(e); t != nil {
			return t
		}
	}
	one := c.single(e)
	return func(ev *evaluator) tri { return truthValue(one(ev)) }
}

// truthValue is the Boolean that a single item stands for.
func truthValue(v Value) tri {
	if v.IsZero() {
		return unknown
	}
	if s := v.system(); s.Kind() == KindBoolean {
		return triOf(s.num != 0)
	}
	return yes
}

// constant returns the items of an expression that depends on nothing. They
// were computed by fold.
func (c *compiler) constant(e *expr) ([]Value, bool) {
	switch {
	case e.kind == xLiteral && e.lit.meta&metaBad == 0:
		return []Value{*e.lit}, true
	case e.kind == xEmpty:
		return nil, true
	case e.konst && e.folded != nil:
		return e.folded.items, true
	case e.konst && e.folded == nil && e.kind != xLiteral:
		return c.fold(e)
	}
	return nil, false
}

// maxFolded bounds the items of a constant; longer lists are made when they
// are needed.
const maxFolded = 1000

// folded is what a constant expression evaluated to.
type folded struct{ items []Value }

// fold evaluates a constant expression. One that fails is left to fail when
// it is evaluated.
func (c *compiler) fold(e *expr) ([]Value, bool) {
	e.konst = false // compile it as it stands
	if c.folder == nil {
		x := &Expr{src: c.opts.src, root: e, limits: c.opts.limits}
		x.limits.Steps = min(x.limits.Steps, 10_000)
		c.folder = newEvaluator(x, 0)
	}
	sub := compiler{defs: c.defs, opts: c.opts, focus: -1, folder: c.folder}
	var items []Value
	program := sub.stream(e, func(ev *evaluator, v Value) bool {
		items = append(items, v)
		return len(items) <= maxFolded
	})
	ev := c.folder
	ev.slots = make([]slot, sub.slots)
	ev.begin(context.Background(), Value{}, nil)
	program(ev)
	failed := ev.err != nil
	ev.err = nil
	if failed || len(items) > maxFolded {
		return nil, false
	}
	e.konst, e.folded = true, &folded{items}
	return items, true
}
