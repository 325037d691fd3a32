package fhirpath

import (
	"context"
	"time"

	"github.com/nhskit/nhskit/fhir"
)

// Env is what an evaluation may use besides the resource. A nil *Env, like
// the zero Env, has no services: functions that need one then fail with
// CodeService, but for resolve(), which leaves out what it cannot reach.
//
// An Env may be shared by evaluations if its services may.
type Env struct {
	// Resource and RootResource are %resource and %rootResource. Where they
	// are zero they are found from the context: the nearest resource around
	// it, and the resource that contains that one.
	Resource, RootResource fhir.Node

	// Variables are the values of variables that were declared with Variable,
	// by name without "%".
	Variables map[string][]Value

	// Now is the moment that now(), today() and timeOfDay() give, throughout
	// the evaluation. Zero means the time of the first use.
	Now time.Time

	Resolver    Resolver
	Terminology Terminology
	Conformance Conformance

	// Terminologies answers the functions of %terminologies.
	Terminologies TerminologyServer

	// Trace receives what trace() is asked to show. The values may be personal
	// data. They must not be kept.
	Trace func(name string, items []Value)
}

// Resolver fetches the target of a reference or canonical that is neither
// contained nor in the same Bundle. The zero Node means that it is not there.
type Resolver interface {
	Resolve(ctx context.Context, reference string, from fhir.Node) (fhir.Node, error)
}

// Answer is what a service knows.
type Answer uint8

// The answers. Unknown becomes the empty collection.
const (
	Unknown Answer = iota
	No
	Yes
)

func (a Answer) value() Value {
	switch a {
	case Yes:
		return boolValue(true)
	case No:
		return boolValue(false)
	}
	return Value{}
}

// Coding is a code to ask a Terminology about. System is "" for a plain code.
type Coding struct{ System, Version, Code, Display string }

// Terminology answers memberOf, subsumes and subsumedBy.
type Terminology interface {
	// MemberOf tells whether any of the codings, those of one CodeableConcept,
	// is in the value set with a canonical URL.
	MemberOf(ctx context.Context, codings []Coding, valueSet string) (Answer, error)
	// Subsumes tells whether code a is b or an ancestor of it.
	Subsumes(ctx context.Context, a, b Coding) (Answer, error)
}

// TerminologyServer answers the functions of %terminologies, which are the
// operations of a FHIR terminology server.
type TerminologyServer interface {
	// Query returns what the operation gives: a ValueSet for expand, Parameters
	// for lookup, validateVS, validateCS and translate, and for subsumes a code
	// as a String. The zero Value stands for an answer that is not known; it
	// becomes the empty collection.
	Query(ctx context.Context, q TerminologyQuery) (Value, error)
}

// TerminologyQuery is a call of a function of %terminologies.
type TerminologyQuery struct {
	Operation string    // expand, lookup, validateVS, validateCS, subsumes or translate
	Server    string    // the argument of at(), "" for the usual server
	Canonical string    // of the ValueSet, CodeSystem or ConceptMap; for subsumes the system
	Resource  fhir.Node // in its place the resource itself, if the expression has it
	// Coded are the coded values: none for expand, two for subsumes, else one.
	// Each is one coding, or those of a CodeableConcept.
	Coded  [][]Coding
	Params string // further parameters, as in a URL: "count=10&offset=5"
}

// Conformance answers conformsTo, slice and elementDefinition.
type Conformance interface {
	// ConformsTo tells whether a node meets the profile with a canonical URL.
	// An unknown profile is an error.
	ConformsTo(ctx context.Context, n fhir.Node, profile string) (Answer, error)
	// InSlice tells whether an element is in a named slice of a profile.
	InSlice(ctx context.Context, n fhir.Node, profile, slice string) (Answer, error)
	// ElementDefinition returns the definition of an element as a node, the
	// zero Node if there is none.
	ElementDefinition(ctx context.Context, n fhir.Node) (fhir.Node, error)
}
