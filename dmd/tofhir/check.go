package tofhir

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/fhir"
)

// Check finds every line of medication in a message, alone or in a Bundle, and
// compares it with the dictionary: see dmd.Store.CheckOrder. Lines are the
// resources of a dmd.Order; one that refers to a Medication in the message is
// checked with the codes of that, and a Medication that no line refers to by
// itself. The path of an issue is the FHIRPath of the element that is wrong, and
// offset, line and column are the element's. What is missing has the place of the
// element that it is missing from, and the rest of the path behind that.
//
// Findings are listed as opts.Issues says, for the whole message.
func Check(s *dmd.Store, tree *fhir.Tree, opts dmd.OrderOptions) []dmd.Issue {
	c := checker{s: s, opts: opts, index: fhir.NewIndex(tree), seen: make(map[int]bool), count: make(map[dmd.Code]int)}
	var medications []fhir.Node
	walk(tree.Root(), func(n fhir.Node) {
		if n.Type().Name() == "Medication" {
			medications = append(medications, n)
		} else {
			c.line(n)
		}
	})
	for _, n := range medications {
		if !c.seen[n.Ordinal()] {
			c.line(n)
		}
	}
	return c.result()
}

// walk calls fn for every resource about a medication below a node.
func walk(n fhir.Node, fn func(fhir.Node)) {
	if n.IsZero() {
		return
	}
	if n.IsResource() {
		switch n.Type().Name() {
		case "MedicationRequest", "MedicationDispense", "MedicationStatement", "MedicationAdministration", "Medication":
			fn(n)
		}
	}
	for c := range n.Children() {
		if !c.IsPrimitive() {
			walk(c, fn)
		}
	}
}

type checker struct {
	s      *dmd.Store
	opts   dmd.OrderOptions
	index  *fhir.Index
	seen   map[int]bool // Medications whose codes have been checked, by ordinal
	issues []dmd.Issue
	count  map[dmd.Code]int
}

// line checks one resource.
func (c *checker) line(n fhir.Node) {
	order, ok := c.parse(n)
	if !ok {
		return
	}
	var target fhir.Node
	known := false
	if order.Reference != "" {
		if m, ok := c.index.Resolve(n, order.Reference); ok && m.Type().Name() == "Medication" {
			target, known = m, c.seen[m.Ordinal()]
			c.seen[m.Ordinal()] = true
			medication, ok := c.parse(m)
			if !ok {
				return
			}
			order.Medication = medication.Medication
		}
	} else if i := containedMedication(n); i >= 0 {
		c.seen[i] = true
	}
	for _, i := range c.s.CheckOrder(order, c.opts) {
		_, path, _ := strings.Cut(i.Path, ".")
		code, isCode := strings.CutPrefix(path, "medicationReference.")
		switch {
		case i.Code == dmd.CodeCapped:
			c.count[dmd.Code(i.Path)]++
		case target.IsZero() || !isCode:
			c.add(n, path, i)
		case !known: // of a Medication that several lines refer to, once
			c.add(target, "code."+code, i)
		}
	}
}

// parse reads a resource as an order, or reports why it cannot be one.
func (c *checker) parse(n fhir.Node) (*dmd.Order, bool) {
	order, err := dmd.ParseOrder(n.AppendJSON(nil, fhir.Compact))
	var issue dmd.Issue
	if errors.As(err, &issue) {
		_, path, _ := strings.Cut(issue.Path, ".")
		c.add(n, path, issue)
	}
	return order, err == nil
}

// containedMedication returns the ordinal of the contained Medication that a line
// refers to, or -1.
func containedMedication(n fhir.Node) int {
	for m := range n.Named("medication") {
		ref, ok := m.Child("reference")
		if !ok {
			continue
		}
		for k := range n.Named("contained") {
			if id, ok := k.Child("id"); ok && "#"+id.Value() == ref.Value() {
				return k.Ordinal()
			}
		}
	}
	return -1
}

// limit is how many findings of a code are listed.
func (c *checker) limit() int {
	const byDefault = 100
	if c.opts.Issues == 0 {
		return byDefault
	}
	return c.opts.Issues
}

// add lists a finding at a path below a node, written with the names of JSON.
func (c *checker) add(n fhir.Node, path string, i dmd.Issue) {
	c.count[i.Code]++
	if most := c.limit(); most >= 0 && c.count[i.Code] > most {
		return
	}
	at, rest := descend(n, path)
	start, _ := at.Span()
	i.Offset = int64(start)
	i.Line, i.Col = at.Position()
	i.Path = at.Path() + rest
	c.issues = append(c.issues, i)
}

// result returns the findings and says of which codes there were more.
func (c *checker) result() []dmd.Issue {
	var more []dmd.Code
	for code, n := range c.count {
		if most := c.limit(); most >= 0 && n > most {
			more = append(more, code)
		}
	}
	slices.Sort(more)
	for _, code := range more {
		c.issues = append(c.issues, dmd.Issue{Severity: dmd.Warning, Code: dmd.CodeCapped, Path: string(code), Offset: -1, Err: errors.New("more findings of this code are not listed")})
	}
	return c.issues
}

// descend follows a path as far as there are nodes, and returns the rest of it with
// a dot in front.
func descend(n fhir.Node, path string) (at fhir.Node, rest string) {
	for path != "" {
		step, after, _ := strings.Cut(path, ".")
		child, ok := childOf(n, step)
		if !ok {
			// The element of a choice has a name without the type.
			if after, ok := strings.CutPrefix(path, "medicationCodeableConcept"); ok {
				path = "medication" + after
			}
			return n, "." + path
		}
		n, path = child, after
	}
	return n, ""
}

// childOf finds the child of a step such as "coding[1]".
func childOf(n fhir.Node, step string) (fhir.Node, bool) {
	name, number, _ := strings.Cut(strings.TrimSuffix(step, "]"), "[")
	index, _ := strconv.Atoi(number)
	for c := range n.Children() {
		if c.Key() != name {
			continue
		}
		if index == 0 {
			return c, true
		}
		index--
	}
	return fhir.Node{}, false
}
