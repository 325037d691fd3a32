package schema

import (
	"encoding/json"
	"strconv"
)

// The JSON form, as MarshalJSON writes it.
type (
	profileJSON struct {
		Form         int           `json:"hl7Profile"`
		Identifier   string        `json:"identifier,omitempty"`
		Kind         string        `json:"kind,omitempty"`
		HL7Version   string        `json:"hl7Version,omitempty"`
		Name         string        `json:"name,omitempty"`
		Organisation string        `json:"organisation,omitempty"`
		Version      string        `json:"version,omitempty"`
		Status       string        `json:"status,omitempty"`
		Topics       string        `json:"topics,omitempty"`
		Note         string        `json:"note,omitempty"`
		Encodings    []string      `json:"encodings,omitempty"`
		Dynamic      []dynamicJSON `json:"dynamic,omitempty"`
		Tables       []tableJSON   `json:"tables,omitempty"`
		Messages     []messageJSON `json:"messages"`
	}
	dynamicJSON struct {
		Accept      string `json:"accept,omitempty"`
		Application string `json:"application,omitempty"`
		Mode        string `json:"mode,omitempty"`
	}
	tableJSON struct {
		ID         string     `json:"id"`
		Name       string     `json:"name,omitempty"`
		Extensible bool       `json:"extensible,omitempty"`
		Codes      []codeJSON `json:"codes,omitempty"`
	}
	codeJSON struct {
		Code    string `json:"code"`
		Display string `json:"display,omitempty"`
	}
	messageJSON struct {
		Type         string      `json:"type"`
		Event        string      `json:"event,omitempty"`
		Structure    string      `json:"structure,omitempty"`
		OrderControl string      `json:"orderControl,omitempty"`
		Description  string      `json:"description,omitempty"`
		Identifier   string      `json:"identifier,omitempty"`
		Role         string      `json:"role,omitempty"`
		Note         string      `json:"note,omitempty"`
		Content      []placeJSON `json:"content"`
	}
	placeJSON struct {
		Segment string `json:"segment,omitempty"`
		Group   string `json:"group,omitempty"`
		Name    string `json:"name,omitempty"`
		rulesJSON
		Min     int           `json:"min"`
		Max     maxJSON       `json:"max"`
		Fields  []elementJSON `json:"fields,omitempty"`
		Content []placeJSON   `json:"content,omitempty"`
	}
	elementJSON struct {
		Name string `json:"name,omitempty"`
		rulesJSON
		Min        *int          `json:"min,omitempty"`
		Max        *maxJSON      `json:"max,omitempty"`
		Type       string        `json:"type,omitempty"`
		MinLength  int           `json:"minLength,omitempty"`
		MaxLength  int           `json:"maxLength,omitempty"`
		Table      string        `json:"table,omitempty"`
		Constant   string        `json:"constant,omitempty"`
		Item       string        `json:"item,omitempty"`
		Examples   []string      `json:"examples,omitempty"`
		Components []elementJSON `json:"components,omitempty"`
	}
	rulesJSON struct {
		Usage       string         `json:"usage"`
		Condition   *conditionJSON `json:"condition,omitempty"`
		Predicate   string         `json:"predicate,omitempty"`
		Note        string         `json:"note,omitempty"`
		Description string         `json:"description,omitempty"`
		Reference   string         `json:"reference,omitempty"`
	}
	conditionJSON struct {
		Path   string          `json:"path,omitempty"`
		Valued *bool           `json:"valued,omitempty"`
		In     []string        `json:"in,omitempty"`
		All    []conditionJSON `json:"all,omitempty"`
		Any    []conditionJSON `json:"any,omitempty"`
		Not    *conditionJSON  `json:"not,omitempty"`
	}
	maxJSON int
)

// MarshalJSON writes the number, or "*" for no limit.
func (m maxJSON) MarshalJSON() ([]byte, error) {
	if m < 0 {
		return []byte(`"*"`), nil
	}
	return strconv.AppendInt(nil, int64(m), 10), nil
}

// MarshalJSON returns the profile in the JSON form that ProfileSchema
// describes and ParseProfile reads. Reading it gives an equal profile.
func (p *Profile) MarshalJSON() ([]byte, error) {
	out := profileJSON{
		Form: 1, Identifier: p.identifier, Kind: p.kind, HL7Version: p.hl7Version, Name: p.name, Organisation: p.organisation, Version: p.release,
		Status: p.status, Topics: p.topics, Note: p.note, Encodings: p.encodings, Messages: []messageJSON{},
	}
	for _, d := range p.dynamic {
		out.Dynamic = append(out.Dynamic, dynamicJSON{d.accept, d.application, d.mode})
	}
	for _, t := range p.tables {
		table := tableJSON{ID: t.id, Name: t.name, Extensible: t.extensible}
		for _, c := range t.codes {
			table.Codes = append(table.Codes, codeJSON{c.code, c.display})
		}
		out.Tables = append(out.Tables, table)
	}
	for i := range p.messages {
		m := &p.messages[i]
		out.Messages = append(out.Messages, messageJSON{m.typ, m.event, m.structure, m.orderControl, m.description, m.identifier, m.role, m.root.rules.note, placesJSON(m.root.content)})
	}
	return json.Marshal(out)
}

func placesJSON(places []profilePlace) []placeJSON {
	var out []placeJSON
	for i := range places {
		p := &places[i]
		j := placeJSON{Name: p.name, rulesJSON: p.rules.json(), Min: p.min, Max: maxJSON(p.max)}
		if p.group {
			j.Group, j.Content = p.id, placesJSON(p.content)
		} else {
			j.Segment, j.Fields = p.id, elementsJSON(p.fields, true)
		}
		out = append(out, j)
	}
	return out
}

func elementsJSON(elements []profileElement, fields bool) []elementJSON {
	var out []elementJSON
	for i := range elements {
		e := &elements[i]
		j := elementJSON{
			Name: e.name, rulesJSON: e.rules.json(), Type: e.datatype, MinLength: e.minLength, MaxLength: e.maxLength, Table: e.table,
			Constant: e.constant, Item: e.item, Examples: e.examples, Components: elementsJSON(e.parts, false),
		}
		if fields {
			least, most := e.min, maxJSON(e.max)
			j.Min, j.Max = &least, &most
		}
		out = append(out, j)
	}
	return out
}

func (r *profileRules) json() rulesJSON {
	out := rulesJSON{Usage: r.usage.text, Predicate: r.predicate, Note: r.note, Description: r.text, Reference: r.reference}
	if r.condition != nil {
		c := r.condition.json()
		out.Condition = &c
	}
	return out
}

func (c *condition) json() conditionJSON {
	var out conditionJSON
	var of []conditionJSON
	for i := range c.of {
		of = append(of, c.of[i].json())
	}
	switch c.kind {
	case 'v':
		out.Path, out.Valued = c.path.String(), &c.valued
	case 'i':
		out.Path, out.In = c.path.String(), c.values
	case '&':
		out.All = of
	case '|':
		out.Any = of
	case 'n':
		out.Not = &of[0]
	}
	return out
}
