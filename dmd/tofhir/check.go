package tofhir

import (
	"errors"
	"strings"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/fhir"
)

// Check finds every MedicationRequest and MedicationDispense in a message, alone
// or in a Bundle, and compares it with the dictionary: see dmd.Store.CheckOrder.
// The path of an issue is the FHIRPath of the element, its offset, line and
// column are those of the resource.
func Check(s *dmd.Store, tree *fhir.Tree, opts dmd.OrderOptions) []dmd.Issue {
	var out []dmd.Issue
	walk(tree.Root(), func(n fhir.Node) {
		start, _ := n.Span()
		line, col := n.Position()
		place := func(i dmd.Issue) dmd.Issue {
			path := n.Path()
			if _, rest, ok := strings.Cut(i.Path, "."); ok {
				path += "." + rest
			}
			i.Path, i.Offset, i.Line, i.Col = path, int64(start), line, col
			return i
		}
		order, err := dmd.ParseOrder(n.AppendJSON(nil, fhir.Compact))
		if err != nil {
			var issue dmd.Issue
			if errors.As(err, &issue) {
				out = append(out, place(issue))
			}
			return
		}
		for _, i := range s.CheckOrder(order, opts) {
			out = append(out, place(i))
		}
	})
	return out
}

// walk calls fn for every medication line below a node.
func walk(n fhir.Node, fn func(fhir.Node)) {
	if n.IsZero() {
		return
	}
	if n.IsResource() {
		switch n.Type().Name() {
		case "MedicationRequest", "MedicationDispense":
			fn(n)
		}
	}
	for c := range n.Children() {
		if !c.IsPrimitive() {
			walk(c, fn)
		}
	}
}
