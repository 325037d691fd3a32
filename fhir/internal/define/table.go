// Package define turns definitions as FHIR publishes them (StructureDefinition,
// CodeSystem, ValueSet, SearchParameter, as JSON) into a table of facts: for
// the generator of the embedded table, and for packages at run time.
package define

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// Resource is a definition: the name is for errors.
type Resource struct {
	Name, Kind string
	Data       []byte
}

// Base is what a table builds on.
type Base struct {
	Structures []facts.Structure
	Systems    []facts.CodeSystem
	Sets       []facts.ValueSet
	Params     []facts.SearchParam
}

// Table makes a table of definitions, which win over those of the base with
// the same URL. StructureDefinitions without a snapshot and resources of other
// kinds are left out, and so is what is malformed: left says what, and why.
// version is that of FHIR; base may be nil.
func Table(version string, base *Base, resources []Resource) (table string, left []error, err error) {
	terms := newTerms()
	structures := map[string]facts.Structure{}
	var params []facts.SearchParam
	for _, r := range resources {
		var err error
		switch r.Kind {
		case "StructureDefinition":
			var s facts.Structure
			if s, err = structure(r.Data); err == nil && len(s.Elements) > 0 {
				structures[s.URL] = s
				terms.bindings(s)
			}
		case "SearchParameter":
			var p facts.SearchParam
			if p, err = searchParam(r.Data); err == nil {
				params = append(params, p)
			}
		case "CodeSystem":
			err = terms.codeSystem(r.Data)
		case "ValueSet":
			err = terms.valueSet(r.Data)
		}
		if err != nil {
			left = append(left, fmt.Errorf("%s: %w", r.Name, err))
		}
	}
	if base != nil {
		for _, p := range base.Params {
			if !slices.ContainsFunc(params, func(q facts.SearchParam) bool { return q.URL == p.URL }) {
				params = append(params, p)
			}
		}
		terms.addBase(base)
	}
	// Leaving a type out may leave others without it.
	for range 20 {
		b := &facts.Builder{Version: version}
		for _, s := range structures {
			b.Add(s)
		}
		if base != nil {
			for _, s := range base.Structures {
				b.Add(s)
			}
		}
		for _, p := range params {
			b.AddSearch(p)
		}
		terms.add(b)
		table, err = b.Build()
		var invalid *facts.InvalidError
		if !errors.As(err, &invalid) {
			return table, left, err
		}
		dropped := false
		for _, url := range slices.Sorted(maps.Keys(invalid.Structures)) {
			if _, ok := structures[url]; ok {
				delete(structures, url)
				left = append(left, invalid.Structures[url])
				dropped = true
			}
		}
		if !dropped {
			break
		}
	}
	return "", left, err
}

// object is a JSON object whose members are not decoded yet.
type object map[string]json.RawMessage

// text returns a string member.
func (o object) text(name string) string {
	var s string
	if raw, ok := o[name]; ok {
		_ = json.Unmarshal(raw, &s)
	}
	return s
}

// addBase takes over the code systems and the expanded value sets of a base.
func (t *terms) addBase(base *Base) {
	for _, s := range base.Systems {
		own := t.systems[s.URL]
		if own == nil {
			own = &codeSystem{
				CodeSystem: facts.CodeSystem{URL: s.URL, Version: s.Version}, complete: !s.Fragment,
				at: map[string]int{}, parents: map[string][]string{}, props: map[string]map[string]string{},
			}
			t.systems[s.URL] = own
		}
		for _, c := range s.Concepts {
			if _, ok := own.at[c.Code]; ok {
				continue
			}
			own.at[c.Code] = len(own.Concepts)
			own.Concepts = append(own.Concepts, c)
			if c.Parent != "" {
				own.parents[c.Code] = append(own.parents[c.Code], c.Parent)
			}
		}
	}
	for _, v := range base.Sets {
		if t.sets[v.URL] != nil {
			continue
		}
		codes := make(map[[2]string]string, len(v.Codes))
		for _, k := range v.Codes {
			display := ""
			if s := t.systems[k[0]]; s != nil {
				if i, ok := s.at[k[1]]; ok {
					display = s.Concepts[i].Display
				}
			}
			codes[k] = display
		}
		t.sets[v.URL] = &valueSet{URL: v.URL, Version: v.Version, expanded: true, ok: true, codes: codes}
		t.bound[v.URL] = true
	}
}
