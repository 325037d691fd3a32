package define

import (
	"encoding/json"
	"sort"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// searchParam decodes a SearchParameter.
func searchParam(data []byte) (facts.SearchParam, error) {
	var d struct {
		URL        string   `json:"url"`
		Code       string   `json:"code"`
		Type       string   `json:"type"`
		Expression string   `json:"expression"`
		Base       []string `json:"base"`
		Target     []string `json:"target"`
		Component  []struct {
			Definition string `json:"definition"`
			Expression string `json:"expression"`
		} `json:"component"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return facts.SearchParam{}, err
	}
	p := facts.SearchParam{URL: d.URL, Code: d.Code, Type: d.Type, Expression: d.Expression, Bases: d.Base, Targets: d.Target}
	for _, c := range d.Component {
		p.Components = append(p.Components, [2]string{c.Definition, c.Expression})
	}
	return p, nil
}

// terms collects code systems and value sets, and expands those value sets
// that elements are bound to with strength required or extensible.
type terms struct {
	systems map[string]*codeSystem
	sets    map[string]*valueSet
	bound   map[string]bool // URLs of value sets
	open    map[string]bool // being expanded
}

func newTerms() *terms {
	return &terms{map[string]*codeSystem{}, map[string]*valueSet{}, map[string]bool{}, map[string]bool{}}
}

// bindings notes the value sets of a structure's elements.
func (t *terms) bindings(s facts.Structure) {
	for _, e := range s.Elements {
		if e.Strength == "required" || e.Strength == "extensible" {
			url, _, _ := strings.Cut(e.ValueSet, "|")
			t.bound[url] = true
		}
	}
}

// codeSystem is a code system with its concepts in the order of the file.
type codeSystem struct {
	facts.CodeSystem
	complete bool
	at       map[string]int
	parents  map[string][]string
	props    map[string]map[string]string // code, property: value
}

// concept is a concept as a CodeSystem resource nests it.
type concept struct {
	Code     string `json:"code"`
	Display  string `json:"display"`
	Property []struct {
		Code         string          `json:"code"`
		ValueCode    string          `json:"valueCode"`
		ValueString  string          `json:"valueString"`
		ValueBoolean json.RawMessage `json:"valueBoolean"`
	} `json:"property"`
	Concept []concept `json:"concept"`
}

func (t *terms) codeSystem(data []byte) error {
	var d struct {
		URL     string    `json:"url"`
		Version string    `json:"version"`
		Content string    `json:"content"`
		Concept []concept `json:"concept"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	s := &codeSystem{
		CodeSystem: facts.CodeSystem{URL: d.URL, Version: d.Version}, complete: d.Content == "complete",
		at: map[string]int{}, parents: map[string][]string{}, props: map[string]map[string]string{},
	}
	s.addConcepts(d.Concept, "")
	t.systems[d.URL] = s
	return nil
}

func (s *codeSystem) addConcepts(list []concept, parent string) {
	for _, c := range list {
		f := facts.Concept{Code: c.Code, Display: c.Display, Parent: parent}
		if parent != "" {
			s.parents[c.Code] = append(s.parents[c.Code], parent)
		}
		for _, p := range c.Property {
			value := p.ValueCode + p.ValueString + string(p.ValueBoolean)
			if p.Code == "notSelectable" && value == "true" {
				f.Abstract = true
			}
			switch {
			case p.Code == "status" && (value == "deprecated" || value == "retired" || value == "inactive"),
				p.Code == "inactive" && value == "true":
				f.Inactive = true
			}
			if p.Code == "subsumedBy" || p.Code == "parent" {
				s.parents[c.Code] = append(s.parents[c.Code], value)
				if f.Parent == "" {
					f.Parent = value
				}
			}
			if s.props[c.Code] == nil {
				s.props[c.Code] = map[string]string{}
			}
			s.props[c.Code][p.Code] = value
		}
		if _, ok := s.at[c.Code]; !ok {
			s.at[c.Code] = len(s.Concepts)
			s.Concepts = append(s.Concepts, f)
		}
		s.addConcepts(c.Concept, c.Code)
	}
}

// below reports whether a code is top or a descendant of it.
func (s *codeSystem) below(code, top string) bool {
	seen := map[string]bool{}
	var up func(string) bool
	up = func(c string) bool {
		if c == top {
			return true
		}
		if seen[c] {
			return false
		}
		seen[c] = true
		for _, p := range s.parents[c] {
			if up(p) {
				return true
			}
		}
		return false
	}
	return up(code)
}

// valueSet is a value set as its resource composes it.
type valueSet struct {
	URL     string `json:"url"`
	Version string `json:"version"`
	Compose *struct {
		Include []component `json:"include"`
		Exclude []component `json:"exclude"`
	} `json:"compose"`

	expanded bool
	ok       bool
	codes    map[[2]string]string // display
}

// component is a part of a value set's definition.
type component struct {
	System  string `json:"system"`
	Concept []struct {
		Code    string `json:"code"`
		Display string `json:"display"`
	} `json:"concept"`
	Filter []struct {
		Property string `json:"property"`
		Op       string `json:"op"`
		Value    string `json:"value"`
	} `json:"filter"`
	ValueSet []string `json:"valueSet"`
}

func (t *terms) valueSet(data []byte) error {
	var v valueSet
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	t.sets[v.URL] = &v
	return nil
}

// expand computes the codes of a value set; false means that it cannot be
// done from these definitions alone.
func (t *terms) expand(url string) (map[[2]string]string, bool) {
	url, _, _ = strings.Cut(url, "|")
	v := t.sets[url]
	if v != nil && v.expanded {
		return v.codes, v.ok
	}
	if v == nil || t.open[url] || v.Compose == nil {
		return nil, false
	}
	v.expanded = true
	t.open[url] = true
	defer delete(t.open, url)
	codes := map[[2]string]string{}
	for _, c := range v.Compose.Include {
		part, ok := t.component(c)
		if !ok {
			return nil, false
		}
		for k, d := range part {
			codes[k] = d
		}
	}
	for _, c := range v.Compose.Exclude {
		part, ok := t.component(c)
		if !ok {
			return nil, false
		}
		for k := range part {
			delete(codes, k)
		}
	}
	v.codes, v.ok = codes, true
	return codes, true
}

// component computes the codes of a part.
func (t *terms) component(c component) (map[[2]string]string, bool) {
	var codes map[[2]string]string
	if c.System != "" {
		codes = map[[2]string]string{}
		s := t.systems[c.System]
		switch {
		case len(c.Concept) > 0:
			for _, x := range c.Concept {
				display := x.Display
				if s != nil {
					if i, ok := s.at[x.Code]; ok {
						display = s.Concepts[i].Display
					}
				}
				codes[[2]string{c.System, x.Code}] = display
			}
		case s == nil || !s.complete:
			return nil, false
		default:
			for _, x := range s.Concepts {
				ok, known := s.passes(x, c)
				if !known {
					return nil, false
				}
				if ok {
					codes[[2]string{c.System, x.Code}] = x.Display
				}
			}
		}
	}
	for _, url := range c.ValueSet {
		imported, ok := t.expand(url)
		if !ok {
			return nil, false
		}
		if codes == nil {
			codes = map[[2]string]string{}
			for k, d := range imported {
				codes[k] = d
			}
			continue
		}
		for k := range codes {
			if _, ok := imported[k]; !ok {
				delete(codes, k)
			}
		}
	}
	return codes, codes != nil
}

// passes reports whether a concept passes the filters of a part; known is
// false for a filter that is not understood.
func (s *codeSystem) passes(x facts.Concept, c component) (ok, known bool) {
	ok = true
	for _, f := range c.Filter {
		switch {
		case f.Property == "concept" && f.Op == "is-a":
			ok = ok && s.below(x.Code, f.Value)
		case f.Property == "concept" && f.Op == "descendent-of":
			ok = ok && x.Code != f.Value && s.below(x.Code, f.Value)
		case f.Property == "concept" && f.Op == "is-not-a":
			ok = ok && !s.below(x.Code, f.Value)
		case f.Op == "=":
			ok = ok && s.props[x.Code][f.Property] == f.Value
		default:
			return false, false
		}
	}
	return ok, true
}

// add gives the builder the bound value sets that can be expanded, and the
// code systems that they need: whole where a set needs all of a complete one,
// else the codes in use.
func (t *terms) add(b *facts.Builder) {
	used := map[string]map[string]string{}
	var urls []string
	for url := range t.bound {
		urls = append(urls, url)
	}
	sort.Strings(urls)
	for _, url := range urls {
		codes, ok := t.expand(url)
		if !ok {
			continue
		}
		v := facts.ValueSet{URL: url, Version: t.sets[url].Version}
		for k, display := range codes {
			v.Codes = append(v.Codes, k)
			if used[k[0]] == nil {
				used[k[0]] = map[string]string{}
			}
			used[k[0]][k[1]] = display
		}
		b.AddValueSet(v)
	}
	for url, codes := range used {
		s := t.systems[url]
		f := facts.CodeSystem{URL: url}
		if s != nil {
			f.Version = s.Version
		}
		f.Fragment = s == nil || !s.complete || len(s.Concepts) != len(codes)
		if s != nil {
			for _, c := range s.Concepts {
				if _, ok := codes[c.Code]; ok {
					f.Concepts = append(f.Concepts, c)
					delete(codes, c.Code)
				}
			}
		}
		for code, display := range codes {
			f.Concepts = append(f.Concepts, facts.Concept{Code: code, Display: display})
		}
		b.AddSystem(f)
	}
}
