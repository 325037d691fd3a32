package fhirpath

import (
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// extension pushes the extensions with a URL.
func (c *compiler) extension(e *expr, k next) run {
	url := c.single(e.args[0])
	slot := c.slot()
	ext, name := c.defs.NameID("extension"), c.defs.NameID("url")
	src := c.input(e, func(ev *evaluator, v Value) bool {
		if v.Kind() != KindNode {
			return true
		}
		want := ev.slots[slot].v.str
		for cur := v.node.Cursor(); ; {
			x, ok := cur.NextNamed(ext)
			if !ok {
				return true
			}
			if !ev.step() {
				return false
			}
			inner := x.Cursor()
			u, ok := inner.NextNamed(name)
			if ok && u.Value() == want && !k(ev, nodeValue(x)) {
				return false
			}
		}
	})
	return func(ev *evaluator) bool {
		v := url(ev).system()
		if ev.err != nil {
			return false
		}
		if v.IsZero() {
			return true
		}
		ev.slots[slot].v = v
		return src(ev)
	}
}

// resolve finds the target of a reference, canonical or URI: a contained
// resource, an entry of the Bundle around it, or what the Resolver knows.
func (ev *evaluator) resolve(e *expr, v Value) (fhir.Node, bool) {
	ref := ""
	from := v.node
	switch {
	case v.Kind() == KindString:
		ref = v.str
	case v.Kind() != KindNode:
		return fhir.Node{}, false
	case v.node.IsPrimitive():
		ref = v.node.Value()
	default:
		r, ok := v.node.Child("reference")
		if !ok {
			return fhir.Node{}, false
		}
		ref = r.Value()
	}
	if from.IsZero() && ev.focus.Kind() == KindNode {
		from = ev.focus.node
	}
	if ref == "" {
		return fhir.Node{}, false
	}
	if !from.IsZero() {
		if id, ok := strings.CutPrefix(ref, "#"); ok {
			return containedWith(containerOf(from.Resource()), id)
		}
		if n, ok := ev.bundled(from, ref); ok {
			return n, true
		}
	}
	if ev.env.Resolver == nil {
		return fhir.Node{}, false
	}
	n, err := ev.env.Resolver.Resolve(ev.ctx, ref, from)
	if err != nil {
		ev.failErr(e, CodeService, "", "the reference could not be resolved", err)
		return fhir.Node{}, false
	}
	return n, !n.IsZero()
}

// containedWith finds a contained resource by its id; "" is the container.
func containedWith(container fhir.Node, id string) (fhir.Node, bool) {
	if id == "" {
		return container, true
	}
	for c := range container.Named("contained") {
		if n, ok := c.Child("id"); ok && n.Value() == id {
			return c, true
		}
	}
	return fhir.Node{}, false
}

// bundled finds the entry of the Bundles around a node that a reference means:
// the same fullUrl, or, for a relative reference, the fullUrl next to that of
// the entry it stands in.
func (ev *evaluator) bundled(from fhir.Node, ref string) (fhir.Node, bool) {
	ref, _, _ = strings.Cut(ref, "|")
	base := ""
	for n := from; ; {
		p, ok := n.Parent()
		if !ok {
			return fhir.Node{}, false
		}
		if n.Name() == "entry" && p.Type().Name() == "Bundle" {
			if u, ok := n.Child("fullUrl"); ok && base == "" {
				base = u.Value()
			}
			if found, ok := entryWith(p, ref, base); ok {
				return found, true
			}
		}
		n = p
	}
}

func entryWith(bundle fhir.Node, ref, base string) (fhir.Node, bool) {
	absolute := ref
	if !strings.Contains(ref, ":") {
		// [base]/Type/id: what stands before the last two steps is the base.
		i := strings.LastIndexByte(base, '/')
		if i > 0 {
			i = strings.LastIndexByte(base[:i], '/')
		}
		if i > 0 {
			absolute = base[:i+1] + ref
		}
	}
	for entry := range bundle.Named("entry") {
		r, ok := entry.Child("resource")
		if !ok {
			continue
		}
		if u, ok := entry.Child("fullUrl"); ok {
			if u.Value() == absolute {
				return r, true
			}
			continue
		}
		if id, ok := r.Child("id"); ok && ref == r.Type().Name()+"/"+id.Value() {
			return r, true
		}
	}
	return fhir.Node{}, false
}

// service reports that a function needs a service that the Env lacks.
func (ev *evaluator) service(e *expr, what string) Value {
	return ev.fail(e, CodeService, "", e.name+" needs "+what+", which this evaluation does not have")
}

// answered turns what a service answered into a value.
func (ev *evaluator) answered(e *expr, a Answer, err error) Value {
	if err != nil {
		return ev.failErr(e, CodeService, "", e.name+" could not be answered", err)
	}
	return a.value()
}

func (c *compiler) conformsTo(e *expr) single {
	in, profile := c.inputSingle(e), c.single(e.args[0])
	return func(ev *evaluator) Value {
		v, p := in(ev), profile(ev).system()
		if v.IsZero() || p.IsZero() || ev.err != nil {
			return Value{}
		}
		if v.Kind() != KindNode {
			return boolValue(false)
		}
		if ev.env.Conformance == nil {
			return ev.service(e, "a Conformance service")
		}
		a, err := ev.env.Conformance.ConformsTo(ev.ctx, v.node, p.str)
		return ev.answered(e, a, err)
	}
}

func (c *compiler) elementDefinition(e *expr, k next) run {
	return c.input(e, func(ev *evaluator, v Value) bool {
		if v.Kind() != KindNode {
			return true
		}
		if ev.env.Conformance == nil {
			ev.service(e, "a Conformance service")
			return false
		}
		n, err := ev.env.Conformance.ElementDefinition(ev.ctx, v.node)
		if err != nil {
			ev.answered(e, Unknown, err)
			return false
		}
		return n.IsZero() || k(ev, nodeValue(n))
	})
}

func (c *compiler) slice(e *expr, k next) run {
	profile, name := c.single(e.args[0]), c.single(e.args[1])
	return c.input(e, func(ev *evaluator, v Value) bool {
		p, s := profile(ev).system(), name(ev).system()
		if v.Kind() != KindNode || p.IsZero() || s.IsZero() || ev.err != nil {
			return ev.err == nil
		}
		if ev.env.Conformance == nil {
			ev.service(e, "a Conformance service")
			return false
		}
		a, err := ev.env.Conformance.InSlice(ev.ctx, v.node, p.str, s.str)
		if err != nil {
			ev.answered(e, a, err)
			return false
		}
		return a != Yes || k(ev, v)
	})
}

// checkModifiers passes its input on if it has no modifier extensions but
// those that are named.
func (c *compiler) checkModifiers(e *expr, k next) run {
	var known []single
	for _, a := range e.args {
		known = append(known, c.single(a))
	}
	return c.input(e, func(ev *evaluator, v Value) bool {
		if v.Kind() != KindNode {
			return k(ev, v)
		}
		for x := range v.node.Named("modifierExtension") {
			url, _ := x.Child("url")
			ok := false
			for _, one := range known {
				ok = ok || !url.IsZero() && one(ev).system().str == url.Value()
			}
			if !ok && ev.err == nil {
				ev.fail(e, CodeOperand, "", "a modifier extension that is not among those allowed")
			}
			if ev.err != nil {
				return false
			}
		}
		return k(ev, v)
	})
}

// codings returns the codes that a node or string stands for.
func codings(v Value) []Coding {
	if v.Kind() == KindString {
		return []Coding{{Code: v.str}}
	}
	if v.Kind() != KindNode {
		return nil
	}
	n := v.node
	if n.IsPrimitive() {
		if !n.HasValue() {
			return nil
		}
		return []Coding{{Code: n.Value()}}
	}
	var out []Coding
	for c := range n.Named("coding") {
		out = append(out, codingOf(c))
	}
	if out == nil {
		if c := codingOf(n); c.Code != "" {
			out = append(out, c)
		}
	}
	return out
}

func codingOf(n fhir.Node) Coding {
	text := func(name string) string {
		if c, ok := n.Child(name); ok {
			return c.Value()
		}
		return ""
	}
	return Coding{System: text("system"), Version: text("version"), Code: text("code"), Display: text("display")}
}

func (c *compiler) memberOf(e *expr) single {
	in, valueSet := c.inputSingle(e), c.single(e.args[0])
	return func(ev *evaluator) Value {
		v, vs := in(ev), valueSet(ev).system()
		if v.IsZero() || vs.IsZero() || ev.err != nil {
			return Value{}
		}
		if ev.env.Terminology == nil {
			return ev.service(e, "a Terminology service")
		}
		list := codings(v)
		if len(list) == 0 {
			return Value{}
		}
		a, err := ev.env.Terminology.MemberOf(ev.ctx, list, vs.str)
		return ev.answered(e, a, err)
	}
}

// subsumes compiles subsumes and subsumedBy: some coding of one side and some
// coding of the other.
func (c *compiler) subsumes(e *expr) single {
	in, other := c.inputSingle(e), c.single(e.args[0])
	by := e.fn.id == fSubsumedBy
	return func(ev *evaluator) Value {
		v, w := in(ev), other(ev)
		if v.IsZero() || w.IsZero() || ev.err != nil {
			return Value{}
		}
		if ev.env.Terminology == nil {
			return ev.service(e, "a Terminology service")
		}
		if by {
			v, w = w, v
		}
		result := No
		for _, a := range codings(v) {
			for _, b := range codings(w) {
				if a.System != b.System {
					continue
				}
				answer, err := ev.env.Terminology.Subsumes(ev.ctx, a, b)
				if err != nil {
					return ev.answered(e, answer, err)
				}
				if answer == Yes {
					return boolValue(true)
				}
				if answer == Unknown {
					result = Unknown
				}
			}
		}
		return result.value()
	}
}

// htmlChecks compiles the checks of a Narrative's XHTML.
func (c *compiler) htmlChecks(e *expr) single {
	one := c.inputSingle(e)
	return func(ev *evaluator) Value {
		v := one(ev).system()
		if v.IsZero() || ev.err != nil {
			return Value{}
		}
		return boolValue(v.Kind() == KindString && narrativeProblem(v.str) == "")
	}
}
