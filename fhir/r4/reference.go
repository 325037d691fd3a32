package r4

import "strings"

// RefTo makes a literal reference to a resource by its type and id, such as
// Patient/p1; with an empty type the id is used as it is ("urn:uuid:…", or
// "#a" for a contained resource).
func RefTo(resourceType, id string) *Reference {
	if resourceType == "" {
		return &Reference{Reference: id}
	}
	return &Reference{Reference: resourceType + "/" + id, Type: resourceType}
}

// RefByIdentifier makes a logical reference: to the resource of a type that has
// an identifier, wherever it is.
func RefByIdentifier(resourceType, system, value string) *Reference {
	return &Reference{Type: resourceType, Identifier: &Identifier{System: system, Value: value}}
}

// Target returns the type and id that a literal reference names, without a
// base URL, a version and a fragment: Patient and p1 of
// https://example.org/fhir/Patient/p1/_history/2. It is false for references
// of another form: contained, urn, or logical.
func (r *Reference) Target() (resourceType, id string, ok bool) {
	if r == nil {
		return "", "", false
	}
	text, _, _ := strings.Cut(r.Reference, "#")
	text, _, _ = strings.Cut(text, "/_history/")
	steps := strings.Split(text, "/")
	if len(steps) < 2 {
		return "", "", false
	}
	resourceType, id = steps[len(steps)-2], steps[len(steps)-1]
	return resourceType, id, id != "" && newResource(resourceType) != nil
}
