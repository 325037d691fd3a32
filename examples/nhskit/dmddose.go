package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// dmdDoseCommands say doses in words, find products for doses and judge what may
// be prescribed.
func dmdDoseCommands() []command {
	return []command{
		{
			name: "dmd dose text", args: "[-style eps|2025] FILE...",
			summary: "Say FHIR dosage instructions in words",
			example: "nhskit dmd dose text -style eps request.json",
			setup: func(f *flag.FlagSet) runner {
				style := f.String("style", "eps", "the wording: eps or 2025")
				return withArgs(f, 0, -1, func(c *console, args []string) error { return dmdDoseText(c, args, *style) })
			},
		},
		{
			name: "dmd dose product", args: "[-of ID] [-route CODE] [-form CODE] STORE FILE...",
			summary: "Find the products that make up the dose of FHIR dosage instructions",
			example: "nhskit dmd dose product -of 34186711000001102 dmd.store request.json",
			setup: func(f *flag.FlagSet) runner {
				of := f.String("of", "", "moiety or virtual product; that of the request if left out")
				route := f.String("route", "", "only products of this route")
				form := f.String("form", "", "only products of this form")
				return withArgs(f, 1, -1, func(c *console, args []string) error {
					return dmdDoseProduct(c, args, *of, dmd.DoseFilter{Route: *route, Form: *form})
				})
			},
		},
		{
			name: "dmd prescribable", args: "[-on DATE] STORE ID...",
			summary: "Say whether products may be prescribed, with the rules behind it",
			example: "nhskit dmd prescribable dmd.store 318136009",
			setup: func(f *flag.FlagSet) runner {
				on := f.String("on", "", "the day, YYYY-MM-DD; the release's if left out")
				return withArgs(f, 2, -1, func(c *console, args []string) error { return dmdPrescribable(c, args, *on) })
			},
		},
	}
}

// dosageItem is one entry of an input: a resource, a list of dosages, a case.
type dosageItem struct {
	id  string
	raw json.RawMessage
}

// dosageItems takes an input apart. An array of Dosage is one list of
// instructions for one medication; an array of anything else is taken item by
// item.
func dosageItems(data []byte) ([]dosageItem, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '[' {
		return []dosageItem{{idOf(data), data}}, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	var out []dosageItem
	for _, r := range raw {
		var head struct {
			ResourceType string          `json:"resourceType"`
			Dosages      json.RawMessage `json:"dosages"`
		}
		if err := json.Unmarshal(r, &head); err != nil {
			return nil, err
		}
		if head.ResourceType == "" && head.Dosages == nil {
			return []dosageItem{{"", data}}, nil
		}
		out = append(out, dosageItem{idOf(r), r})
	}
	return out, nil
}

func idOf(data []byte) string {
	var head struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(data, &head) != nil {
		return ""
	}
	return head.ID
}

func dmdDoseText(c *console, files []string, style string) error {
	styles := map[string]dmd.Style{"eps": dmd.StyleEPS, "2025": dmd.Style2025}
	s, ok := styles[style]
	if !ok {
		return usagef("dmd dose text: -style %s is neither eps nor 2025", style)
	}
	type line struct {
		File    string  `json:"file"`
		ID      string  `json:"id,omitempty"`
		Text    *string `json:"text,omitempty"`
		Refused string  `json:"refused,omitempty"`
	}
	return c.eachInput(files, func(name string, data []byte) error {
		items, err := dosageItems(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var worst error
		for _, item := range items {
			out := line{File: name, ID: item.id}
			dosages, err := dmd.ParseDosages(item.raw)
			text := ""
			if err == nil {
				text, err = dmd.DoseText(s, dosages)
			}
			if err != nil {
				out.Refused, worst = err.Error(), errFindings
			} else {
				out.Text = &text
			}
			if c.text {
				fmt.Fprintln(c.out, text+out.Refused)
			} else if err := c.json(out); err != nil {
				return err
			}
		}
		return worst
	})
}

// doseProduct is a product for a dose, as printed.
type doseProduct struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Rank     int    `json:"rank"`
	Quantity string `json:"quantity,omitempty"` // left out if there is no finite decimal
	Fraction string `json:"fraction"`
	Unit     string `json:"unit"`
	UnitCode string `json:"unitCode"`
}

func dmdDoseProduct(c *console, args []string, of string, filter dmd.DoseFilter) error {
	s, err := openStore(c, args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	return c.eachInput(args[1:], func(name string, data []byte) error {
		items, err := dosageItems(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var worst error
		for _, item := range items {
			err := doseProducts(c, s, name, item, of, filter)
			if err != nil && !errors.Is(err, errFindings) {
				return err
			}
			if err != nil {
				worst = err
			}
		}
		return worst
	})
}

// doseProducts prints a line for each dosage of an item.
func doseProducts(c *console, s *dmd.Store, name string, item dosageItem, of string, filter dmd.DoseFilter) error {
	type line struct {
		File     string        `json:"file"`
		ID       string        `json:"id,omitempty"`
		Products []doseProduct `json:"products,omitempty"`
		Refused  string        `json:"refused,omitempty"`
	}
	refuse := func(text string) error {
		if err := c.json(line{File: name, ID: item.id, Refused: text}); err != nil {
			return err
		}
		return errFindings
	}
	product, err := productOf(s, item.raw, of)
	if err != nil {
		return refuse(err.Error())
	}
	dosages, err := dmd.ParseDosages(item.raw)
	if err != nil {
		return refuse(err.Error())
	}
	var worst error
	for _, d := range dosages {
		out := line{File: name, ID: item.id, Products: []doseProduct{}}
		unit, err := doseOf(d)
		if err != nil {
			worst = refuse(err.Error())
			continue
		}
		for _, o := range s.DoseToProducts(product, d.DoseQuantity.Value, unit, filter) {
			p := doseProduct{ID: o.Product.ID().String(), Name: o.Product.Name(), Rank: int(o.Rank), Fraction: o.Quantity.RatString(), Unit: o.Unit.Text, UnitCode: o.Unit.Code}
			if text, ok := o.Decimal(); ok {
				p.Quantity = text
			}
			out.Products = append(out.Products, p)
		}
		if c.text {
			for _, p := range out.Products {
				fmt.Fprintf(c.out, "%d %s x %s (%s %s)\n", p.Rank, p.Fraction, p.Name, p.Unit, p.ID)
			}
		} else if err := c.json(out); err != nil {
			return err
		}
	}
	return worst
}

// doseOf returns the unit of a dosage's dose as a code of dm+d.
func doseOf(d dmd.Dosage) (string, error) {
	if d.DoseQuantity == nil || !d.DoseQuantity.HasValue {
		return "", errors.New("the dosage has no dose quantity")
	}
	if unit := d.DoseQuantity.DMDUnit(); unit != "" {
		return unit, nil
	}
	return "", errors.New("the dose is not in a unit that converts")
}

// productOf finds the product that a dose is of: the one named, or that of the
// request.
func productOf(s *dmd.Store, raw []byte, of string) (dmd.Product, error) {
	var id sctid.ID
	if of != "" {
		n, err := dmdID(of)
		if err != nil {
			return dmd.Product{}, err
		}
		id = n
	} else {
		order, err := dmd.ParseOrder(raw)
		if err != nil {
			return dmd.Product{}, errors.New("the dosage names no medication; say which with -of")
		}
		for _, k := range order.Medication.Codings {
			if dmd.IsSystem(k.System) && id == 0 {
				id, _ = sctid.Parse(k.Code)
			}
		}
	}
	for _, now := range s.Current(id) {
		if p, ok := s.Product(now); ok {
			return p, nil
		}
	}
	return dmd.Product{}, errors.New("the release has no such product")
}

func dmdPrescribable(c *console, args []string, on string) error {
	var day dmd.Date
	if on != "" {
		d, err := dmd.ParseDate(on)
		if err != nil {
			return usagef("dmd prescribable: -on %s: %v", on, err)
		}
		day = d
	}
	type reason struct {
		Rule   string `json:"rule"`
		Effect string `json:"effect"`
		Text   string `json:"text"`
		Field  string `json:"field,omitempty"`
		Value  string `json:"value,omitempty"`
		Means  string `json:"means,omitempty"`
		Record string `json:"record,omitempty"`
		Source string `json:"source"`
	}
	return eachProduct(c, args, func(s *dmd.Store, p dmd.Product) error {
		v := dmd.DefaultRules().Check(p, day)
		out := struct {
			ID           string   `json:"id"`
			Kind         string   `json:"kind"`
			Name         string   `json:"name"`
			Prescribable bool     `json:"prescribable"`
			Listed       bool     `json:"listed"`
			Rules        string   `json:"rules"`
			Reasons      []reason `json:"reasons"`
		}{p.ID().String(), p.Kind().String(), p.Name(), v.Prescribable, v.Listed, v.Version, []reason{}}
		for _, r := range v.Reasons {
			out.Reasons = append(out.Reasons, reason{r.Rule.Code, r.Rule.Effect.String(), r.Rule.Reason, r.Rule.Field, r.Value, r.Text, r.Record, r.Rule.Source})
		}
		if c.text {
			answer := "may be prescribed"
			if !v.Prescribable {
				answer = "may not be prescribed"
			}
			fmt.Fprintf(c.out, "%s: %s\n", out.Name, answer)
			for _, r := range out.Reasons {
				fmt.Fprintf(c.out, "  %s: %s (%s %s)\n", r.Effect, r.Text, r.Field, r.Value)
			}
		} else if err := c.json(out); err != nil {
			return err
		}
		if !v.Prescribable {
			return errFindings
		}
		return nil
	})
}

// object is a JSON object that keeps the order of its members.
type object struct {
	names  []string
	values []any
}

func newObject() *object { return new(object) }

func (o *object) add(name string, value any) {
	o.names = append(o.names, name)
	o.values = append(o.values, value)
}

// MarshalJSON writes the members in the order in which they were added.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(o.values[i]); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// print shows the members for people.
func (o *object) print(c *console, indent string) {
	for i, name := range o.names {
		switch v := o.values[i].(type) {
		case []*object:
			for _, x := range v {
				fmt.Fprintf(c.out, "%s%s\n", indent, name)
				x.print(c, indent+"  ")
			}
		default:
			fmt.Fprintf(c.out, "%s%s %v\n", indent, name, v)
		}
	}
}
