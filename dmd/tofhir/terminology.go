package tofhir

import (
	"iter"
	"slices"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// Concept is what the dictionary says about a code.
type Concept struct {
	Code     string
	Display  string
	Kind     string // "VTM" to "AMPP", "ING", or the look-up list
	Inactive bool
	Parents  []string // codes of what lies directly above
	Children []string // and directly below
}

// Outcome says how two codes stand to each other.
type Outcome string

// The outcomes, as FHIR's operation $subsumes words them.
const (
	Equivalent  Outcome = "equivalent"
	SubsumesIt  Outcome = "subsumes"
	SubsumedBy  Outcome = "subsumed-by"
	NotSubsumed Outcome = "not-subsumed"
	Unknown     Outcome = "unknown" // one of the codes is not known
)

// product finds a product by code. Check digits are not required: what is in the
// release is known.
func product(s *dmd.Store, code string) (dmd.Product, bool) {
	var id sctid.ID
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' || i >= 18 {
			return dmd.Product{}, false
		}
		id = id*10 + sctid.ID(code[i]-'0')
	}
	return s.Product(id)
}

// Lookup answers what a code means: a product, an ingredient, or a form, route,
// unit or supplier. The system is one of dm+d's spellings or SNOMED CT's.
func Lookup(s *dmd.Store, system, code string) (Concept, bool) {
	if !dmd.IsSystem(system) {
		return Concept{}, false
	}
	if p, ok := product(s, code); ok {
		c := Concept{Code: code, Display: p.Name(), Kind: p.Kind().String(), Inactive: p.Invalid()}
		for _, up := range p.Parents() {
			c.Parents = append(c.Parents, up.ID().String())
		}
		for _, down := range p.Children() {
			c.Children = append(c.Children, down.ID().String())
		}
		return c, true
	}
	id, err := sctid.Parse(code)
	if err != nil {
		return Concept{}, false
	}
	for _, t := range s.TermsOf(id) {
		return Concept{Code: code, Display: t.Text, Kind: t.List, Inactive: t.Invalid}, true
	}
	return Concept{}, false
}

// Validate answers whether a code is in the dictionary and a display is one of
// its names: that of the product, or of an actual product without its supplier. An
// empty display fits.
func Validate(s *dmd.Store, system, code, display string) (known, named bool) {
	c, ok := Lookup(s, system, code)
	if !ok {
		return false, false
	}
	if display == "" || display == c.Display {
		return true, true
	}
	p, ok := product(s, code)
	if !ok {
		return true, false
	}
	nm, _ := p.Field("NM")
	return true, display == nm
}

// Subsumes answers how two products stand to each other in the levels of the
// dictionary.
func Subsumes(s *dmd.Store, a, b string) Outcome {
	p, ok1 := product(s, a)
	q, ok2 := product(s, b)
	switch {
	case !ok1 || !ok2:
		return Unknown
	case p == q:
		return Equivalent
	case p.Subsumes(q):
		return SubsumesIt
	case q.Subsumes(p):
		return SubsumedBy
	}
	return NotSubsumed
}

// Filter is one condition of a value set's compose.include.filter.
type Filter struct {
	Property string // "parent", "concept" or "kind"
	Op       string // "=", "is-a", "descendent-of", "in"
	Values   []string
}

// Select yields the products that meet all filters, in the order of levels and
// identifiers. Property "parent" with a level's name ("VMP"), as the UK Core value
// set of medication codes has it, or property "kind", selects the level; "parent"
// with a code selects what lies directly below it; "concept" with "is-a" and
// "descendent-of" what lies anywhere below. ok is false for a filter that is not
// known, and nothing is then selected.
func Select(s *dmd.Store, filters ...Filter) (products iter.Seq[dmd.Product], ok bool) {
	kinds := []dmd.Kind{dmd.VTM, dmd.VMP, dmd.AMP, dmd.VMPP, dmd.AMPP}
	var tests []func(dmd.Product) bool
	for _, f := range filters {
		test, ok := f.test(s)
		if !ok {
			return func(func(dmd.Product) bool) {}, false
		}
		tests = append(tests, test)
	}
	return func(yield func(dmd.Product) bool) {
		for _, k := range kinds {
			for p := range s.Products(k) {
				if !slices.ContainsFunc(tests, func(t func(dmd.Product) bool) bool { return !t(p) }) && !yield(p) {
					return
				}
			}
		}
	}, true
}

func (f Filter) test(s *dmd.Store) (func(dmd.Product) bool, bool) {
	isKind := func(v string) bool { return slices.Contains([]string{"VTM", "VMP", "AMP", "VMPP", "AMPP"}, v) }
	switch {
	case f.Property == "kind" || f.Property == "parent" && (f.Op == "=" || f.Op == "in") && !slices.ContainsFunc(f.Values, func(v string) bool { return !isKind(v) }):
		return func(p dmd.Product) bool { return slices.Contains(f.Values, p.Kind().String()) }, f.Op == "=" || f.Op == "in"
	case f.Property == "parent" && (f.Op == "=" || f.Op == "in"):
		return func(p dmd.Product) bool {
			return slices.ContainsFunc(p.Parents(), func(up dmd.Product) bool { return slices.Contains(f.Values, up.ID().String()) })
		}, true
	case f.Property == "concept" && (f.Op == "is-a" || f.Op == "descendent-of") && len(f.Values) == 1:
		top, known := product(s, f.Values[0])
		return func(p dmd.Product) bool {
			return known && top.Subsumes(p) && (f.Op == "is-a" || p != top)
		}, true
	}
	return nil, false
}
