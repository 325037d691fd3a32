// Package vector reads decision vectors: questions about consent in a flat
// JSON form that binds to no programming interface, with what is on record
// beside what is asked. It turns each into a request for an engine and
// answers it.
//
// A vector has an "id", an "as_at" instant, a "request", a "subject" (what is
// on record), optionally "policy" (parameters) and "semantics" (how nested
// FHIR provisions are read: "refinement" or "ihe-pcf"). A field that this
// package does not know is an error: a question that is not understood must
// not be answered.
//
// What a vector leaves out is filled in as follows. Without a "policy" the
// parameters are DefaultParameters; with one they are only what it says. The
// vector's patient is one of the 999 test range unless it names one.
package vector
