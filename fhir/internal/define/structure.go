package define

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// extension is the part of an extension that definitions need.
type extension struct {
	URL          string `json:"url"`
	ValueURL     string `json:"valueUrl"`
	ValueBoolean bool   `json:"valueBoolean"`
}

const (
	fhirTypeURL     = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
	bestPracticeURL = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
	systemTypes     = "http://hl7.org/fhirpath/System."
)

// structure decodes a StructureDefinition.
func structure(data []byte) (facts.Structure, error) {
	var d struct {
		URL            string `json:"url"`
		Version        string `json:"version"`
		Name           string `json:"name"`
		Kind           string `json:"kind"`
		Abstract       bool   `json:"abstract"`
		Type           string `json:"type"`
		BaseDefinition string `json:"baseDefinition"`
		Derivation     string `json:"derivation"`
		Context        []struct {
			Type       string `json:"type"`
			Expression string `json:"expression"`
		} `json:"context"`
		Snapshot struct {
			Element []object `json:"element"`
		} `json:"snapshot"`
	}
	var s facts.Structure
	if err := json.Unmarshal(data, &d); err != nil {
		return s, err
	}
	s = facts.Structure{
		URL: d.URL, Version: d.Version, Name: d.Name, Type: d.Type, Base: d.BaseDefinition,
		Kind: d.Kind, Constraint: d.Derivation == "constraint", Abstract: d.Abstract,
	}
	for _, c := range d.Context {
		s.Contexts = append(s.Contexts, [2]string{c.Type, c.Expression})
	}
	for _, o := range d.Snapshot.Element {
		e, err := element(o)
		if err != nil {
			return s, fmt.Errorf("%s: %w", o.text("id"), err)
		}
		s.Elements = append(s.Elements, e)
	}
	return s, nil
}

// element decodes an ElementDefinition.
func element(o object) (facts.Element, error) {
	var d struct {
		Path             string   `json:"path"`
		SliceName        string   `json:"sliceName"`
		Min              int      `json:"min"`
		Max              string   `json:"max"`
		Representation   []string `json:"representation"`
		ContentReference string   `json:"contentReference"`
		MaxLength        int      `json:"maxLength"`
		Condition        []string `json:"condition"`
		MustSupport      bool     `json:"mustSupport"`
		IsModifier       bool     `json:"isModifier"`
		IsSummary        bool     `json:"isSummary"`
		Base             struct {
			Path string `json:"path"`
			Max  string `json:"max"`
		} `json:"base"`
		Type []struct {
			Extension     []extension `json:"extension"`
			Code          string      `json:"code"`
			Profile       oneOrMore   `json:"profile"`
			TargetProfile oneOrMore   `json:"targetProfile"`
		} `json:"type"`
		Slicing *struct {
			Discriminator []struct {
				Type string `json:"type"`
				Path string `json:"path"`
			} `json:"discriminator"`
			Ordered bool   `json:"ordered"`
			Rules   string `json:"rules"`
		} `json:"slicing"`
		Constraint []struct {
			Extension  []extension `json:"extension"`
			Key        string      `json:"key"`
			Severity   string      `json:"severity"`
			Expression string      `json:"expression"`
		} `json:"constraint"`
		Binding struct {
			Strength string `json:"strength"`
			ValueSet string `json:"valueSet"`
			// STU3 has a choice here.
			ValueSetURI       string `json:"valueSetUri"`
			ValueSetReference struct {
				Reference string `json:"reference"`
			} `json:"valueSetReference"`
		} `json:"binding"`
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return facts.Element{}, err
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return facts.Element{}, err
	}
	e := facts.Element{
		Path: d.Path, SliceName: d.SliceName, Min: d.Min, Max: d.Max, BaseMax: d.Base.Max, BasePath: d.Base.Path,
		ContentReference: d.ContentReference, ValueSet: d.Binding.ValueSet + d.Binding.ValueSetURI + d.Binding.ValueSetReference.Reference, Strength: d.Binding.Strength,
		Modifier: d.IsModifier, Summary: d.IsSummary, MustSupport: d.MustSupport,
		Representation: d.Representation, MaxLength: d.MaxLength, Conditions: d.Condition,
	}
	for _, t := range d.Type {
		code := t.Code
		if system, ok := strings.CutPrefix(code, systemTypes); ok {
			code = lowerPrimitive(system)
			for _, x := range t.Extension {
				if x.URL == fhirTypeURL {
					code = x.ValueURL
				}
			}
			// QUIRK: R4 gives the type of Resource.id as string; its text, its
			// regular expression and every later version say id.
			if d.Base.Path == "Resource.id" {
				code = "id"
			}
		}
		e.Types = append(e.Types, facts.TypeRef{Code: code, Profiles: t.Profile, Targets: t.TargetProfile})
	}
	for _, c := range d.Constraint {
		rule := facts.Constraint{Key: c.Key, Severity: c.Severity, Expression: c.Expression}
		for _, x := range c.Extension {
			rule.BestPractice = rule.BestPractice || x.URL == bestPracticeURL && x.ValueBoolean
		}
		e.Rules = append(e.Rules, rule)
	}
	if d.Slicing != nil {
		e.Slicing = &facts.Slicing{Ordered: d.Slicing.Ordered, Rules: d.Slicing.Rules}
		for _, x := range d.Slicing.Discriminator {
			e.Slicing.Discriminators = append(e.Slicing.Discriminators, [2]string{x.Type, x.Path})
		}
	}
	for prefix, value := range map[string]*facts.Value{
		"fixed": &e.Fixed, "pattern": &e.Pattern, "minValue": &e.MinValue, "maxValue": &e.MaxValue,
	} {
		for name, raw := range o {
			typ, ok := strings.CutPrefix(name, prefix)
			if !ok || typ == "" {
				continue
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, raw); err != nil {
				return e, err
			}
			*value = facts.Value{Type: lowerPrimitive(typ), JSON: compact.String()}
		}
	}
	return e, nil
}

// oneOrMore reads a list, or the single value that STU3 has in its place.
type oneOrMore []string

// UnmarshalJSON reads a string or a list of strings.
func (l *oneOrMore) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*l = make(oneOrMore, 1)
		return json.Unmarshal(data, &(*l)[0])
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// lowerPrimitive turns the end of a name such as valueCode into the type's own
// name: primitive types begin with a small letter.
func lowerPrimitive(typ string) string {
	switch typ {
	case "Base64Binary", "Boolean", "Canonical", "Code", "Date", "DateTime", "Decimal", "Id", "Instant", "Integer",
		"Markdown", "Oid", "PositiveInt", "String", "Time", "UnsignedInt", "Uri", "Url", "Uuid":
		return strings.ToLower(typ[:1]) + typ[1:]
	}
	return typ
}
