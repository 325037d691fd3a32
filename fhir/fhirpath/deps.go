package fhirpath

import (
	"maps"
	"slices"
	"strings"
)

// Deps is what an expression reads.
type Deps struct {
	// Paths are the elements it steps through, from the context on: with an
	// Input its type ("Patient.name.given"), else $this. Any descendants are
	// "**", children "*"; what stands behind a reference follows "resolve()".
	Paths []string
	// Types are the resource types that the elements belong to, where the
	// check could tell.
	Types []string
	// Variables are the environment variables, with "%".
	Variables []string
	// Services are the functions that need a service of the Env.
	Services []string
}

// Deps lists what the expression reads, each list sorted.
func (x *Expr) Deps() Deps {
	d := dependencies{paths: map[string]bool{}, types: map[string]bool{}, variables: map[string]bool{}, services: map[string]bool{}, defined: map[string][]string{}}
	focus := []string{"$this"}
	if len(x.opts.inputNames) > 0 {
		focus = x.opts.inputNames
	}
	d.context = focus
	d.walk(x.root, focus)
	sorted := func(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }
	return Deps{sorted(d.paths), sorted(d.types), sorted(d.variables), sorted(d.services)}
}

type dependencies struct {
	paths, types, variables, services map[string]bool
	defined                           map[string][]string
	context                           []string
}

// step extends paths by one step and notes them.
func (d *dependencies) step(paths []string, name string, note bool) []string {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		p += "." + name
		if strings.Count(p, ".") > 50 {
			continue
		}
		if note {
			d.paths[p] = true
		}
		out = append(out, p)
	}
	return out
}

// walk notes what an expression reads and returns the paths it gives.
func (d *dependencies) walk(e *expr, focus []string) []string {
	if e == nil {
		return focus
	}
	s := e.static
	for _, t := range append(s.more[:len(s.more):len(s.more)], s.one) {
		if t.IsResource() {
			d.types[t.Name()] = true
		}
	}
	switch e.kind {
	case xThis:
		return focus
	case xVar:
		if p, ok := d.defined[e.name]; ok {
			return p
		}
		d.variables["%"+e.name] = true
		switch e.name {
		case "context":
			return d.context
		case "resource", "rootResource":
			return []string{"%" + e.name}
		}
		return nil
	case xName:
		if e.root {
			d.types[e.name] = true
			return []string{e.name}
		}
		return d.step(d.walk(e.left, focus), e.name, true)
	case xItem:
		d.walk(e.right, focus)
		return d.walk(e.left, focus)
	case xIs, xAs:
		in := d.walk(e.left, focus)
		if e.kind == xAs {
			return d.step(in, "ofType("+e.name+")", false)
		}
		return nil
	case xUnary, xSortKey:
		d.walk(e.left, focus)
		return nil
	case xBinary:
		l, r := d.walk(e.left, focus), d.walk(e.right, focus)
		if e.op == opUnion {
			return append(l[:len(l):len(l)], r...)
		}
		return nil
	case xCall:
		if e.bad {
			return nil
		}
		return d.call(e, focus)
	case xNew:
		for _, a := range e.args {
			d.walk(a, focus)
		}
	}
	return nil
}

// call is walk for functions.
func (d *dependencies) call(e *expr, focus []string) []string {
	in := d.walk(e.left, focus)
	if e.fn == nil {
		for _, a := range e.args {
			d.walk(a, focus)
		}
		d.services[e.name] = true
		return nil
	}
	switch e.fn.id {
	case fOfType, fAs:
		if name, ok := specifier(e.args[0]); ok {
			return d.step(in, "ofType("+name+")", false)
		}
		return in
	case fIs:
		return nil
	case fResolve:
		d.services[e.name] = true
		return d.step(in, "resolve()", false)
	case fTerminology, fFactory:
		d.services["%"+apiOf(e.left)+"."+e.name] = true
	case fConformsTo, fMemberOf, fSubsumes, fSubsumedBy, fElementDefinition, fSlice:
		d.services[e.name] = true
	case fChildren:
		return d.step(in, "*", true)
	case fDescendants:
		return d.step(in, "**", true)
	case fExtension:
		d.step(d.step(in, "extension", true), "url", true)
		return d.step(in, "extension", true)
	case fDefineVariable:
		value := in
		if len(e.args) > 1 {
			value = d.walk(e.args[1], in)
		}
		d.defined[e.args[0].lit.str] = value
		return in
	case fRepeat, fRepeatAll:
		once := d.walk(e.args[0], in)
		return append(once[:len(once):len(once)], d.walk(e.args[0], once)...)
	}
	inner := focus
	if e.fn.lambda || e.fn.id == fIif && e.left != nil {
		inner = in
	}
	var results []string
	for _, a := range e.args {
		results = append(results, d.walk(a, inner)...)
	}
	switch e.fn.id {
	case fSelect, fIif, fCoalesce, fAggregate:
		return results
	case fUnion, fCombine:
		return append(in[:len(in):len(in)], results...)
	case fWhere, fFirst, fLast, fTail, fSkip, fTake, fSingle, fDistinct, fIntersect, fExclude, fTrace, fSort, fCheckModifiers, fSlice:
		return in
	}
	return nil
}
