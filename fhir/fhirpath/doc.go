// Package fhirpath checks and evaluates FHIRPath, the language in which FHIR
// writes invariants, search parameters, profiles and mappings: a path through
// a resource with conditions, as in
//
//	Patient.name.where(use = 'official').given.first()
//
// It is FHIRPath 2.0 with the additions of 3.0 (Long, sort, defineVariable,
// coalesce, repeatAll, matchesFull, instance selectors, ...) and FHIR's own
// functions and variables.
//
// # Compile once, evaluate often
//
//	x, err := fhirpath.Compile("name.given.first()", fhirpath.Input("Patient"))
//	v, err := x.First(ctx, tree.Root(), nil)          // a Value
//	names, err := x.EvalStrings(ctx, tree.Root(), nil)
//	ok, known, err := invariant.EvalBool(ctx, node, nil)
//
// Input names the type of the context. With it, and as far as types are known
// without it, the expression is checked against the definitions: name.given1
// is an error of stage Check with its place and the nearest name. An [Expr] is
// immutable and may be used by many goroutines; evaluation allocates nothing
// once it is warm, but for results and for what functions such as upper make.
//
// # Values
//
// A [Value] is a node of the tree or a System value. Printed by %v it shows its
// place or type only, since it may be personal data; Text shows it. Decimals are exact and
// keep their digits (1.50 is not 1.5 in text), dates and times keep precision
// and zone as written, quantities know UCUM. The empty collection is no error
// and no false: EvalBool tells all three apart.
//
// as() and ofType() follow the HL7 test suite in that a FHIR primitive must be
// of exactly the named type (a code is not a string there, though "is string"
// holds); other types match those derived from them.
//
// # Services
//
// What an expression cannot know by itself comes from an [Env]: %resource,
// variables, the clock, and services for resolve(), memberOf(), conformsTo()
// and the like, and for the functions of %terminologies. An absent service is
// an error, never an invented answer; only resolve() leaves out references that
// it cannot follow, as the standard says. %factory makes elements of the
// definitions' types and needs no service.
//
// # Invariants
//
// [Invariant] compiles the invariants of FHIR R4 and corrects those whose
// published text cannot mean what it says, see [Corrections]. [Expr.Explain]
// tells for one that fails which part of it, on which elements, decided.
//
// # Limits
//
// Length, nesting, steps, items and text are limited, see [Limits]. Regular
// expressions are Go's: they take linear time and have no look-around. A
// cancelled context ends an evaluation within about a thousand steps.
//
// Section numbers in findings are those of the FHIRPath specification.
package fhirpath
