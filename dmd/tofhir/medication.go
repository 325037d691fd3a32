package tofhir

import (
	"strings"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/r4"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// Profile is the UK Core profile that Medication conforms to.
const Profile = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Medication"

// ucumOne is the UCUM code for a plain number.
const ucumOne = "1"

// unitPack is dm+d's unit "pack".
const unitPack = "3318211000001100"

// Option changes how resources are made.
type Option func(*options)

type options struct {
	system  string
	profile bool
}

// WithSystem sets the code system of products: dmd.SystemDMD, which is the
// default, or dmd.SystemSNOMED, which the Electronic Prescription Service wants.
func WithSystem(system string) Option { return func(o *options) { o.system = system } }

// WithProfile names the UK Core profile in the resource's meta.
func WithProfile() Option { return func(o *options) { o.profile = true } }

func settle(opts []Option) options {
	o := options{system: dmd.SystemDMD}
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Medication makes a Medication of a moiety, product or pack; nil for an
// ingredient and for the zero Product. The resource's id is the product's.
func Medication(p dmd.Product, opts ...Option) *r4.Medication {
	if p.Kind() == dmd.NoKind || p.Kind() == dmd.Ingredient {
		return nil
	}
	o := settle(opts)
	m := &r4.Medication{
		ID:     p.ID().String(),
		Code:   code(p, o),
		Status: status(p),
		Form:   form(p),
	}
	if o.profile {
		m.Meta = &r4.Meta{Profile: []string{Profile}}
	}
	if s, ok := p.Supplier(); ok {
		m.Manufacturer = manufacturer(s)
	}
	if q, ok := p.PackQuantity(); ok {
		m.Amount = &r4.Ratio{
			Numerator:   quantity(q),
			Denominator: &r4.Quantity{Value: fhir.NewDecimal(1, 0), Unit: "pack", System: dmd.SystemSNOMED, Code: unitPack},
		}
	}
	for _, st := range p.Strengths() {
		m.Ingredient = append(m.Ingredient, r4.MedicationIngredient{Item: substance(st), IsActive: new(true), Strength: ratio(p, st)})
	}
	for _, e := range p.Excipients() {
		m.Ingredient = append(m.Ingredient, r4.MedicationIngredient{Item: excipient(e), IsActive: new(false), Strength: excipientRatio(e)})
	}
	return m
}

// code is the product's code, with its name as the display.
func code(p dmd.Product, o options) *r4.CodeableConcept {
	return &r4.CodeableConcept{Coding: []r4.Coding{{System: o.system, Code: p.ID().String(), Display: shown(p.Name())}}}
}

// shown is a text, or nothing if it is blank. FHIR has no empty texts.
func shown(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return s
}

// sound is a code, or nothing if it is not one that FHIR can hold: a bad value in
// the release makes no bad resource.
func sound(code string) string {
	if strings.ContainsAny(code, " \t\r\n") {
		return ""
	}
	return code
}

// status is inactive for what is invalid, discontinued or not available.
func status(p dmd.Product) string {
	gone, _ := p.Discontinued()
	if p.Invalid() || gone || p.Kind() == dmd.VMP && p.Flag("NON_AVAILCD") {
		return "inactive"
	}
	return "active"
}

// form is the first dose form, with all of them if there are several.
func form(p dmd.Product) *r4.CodeableConcept {
	return concept(p.Forms())
}

// concept makes a concept of entries of a list of SNOMED CT codes, nil of none.
func concept(terms []dmd.Term) *r4.CodeableConcept {
	c := new(r4.CodeableConcept)
	for _, t := range terms {
		if code := sound(t.Code); code != "" {
			c.Coding = append(c.Coding, r4.Coding{System: dmd.SystemSNOMED, Code: code, Display: shown(t.Text)})
		}
	}
	if c.Coding == nil {
		return nil
	}
	return c
}

func manufacturer(s dmd.Term) *r4.Reference {
	ref := &r4.Reference{Display: shown(s.Text)}
	if code := sound(s.Code); code != "" {
		ref.Identifier = &r4.Identifier{System: dmd.SystemSNOMED, Value: code}
	}
	if ref.Identifier == nil && ref.Display == "" {
		return nil
	}
	return ref
}

// quantity is an amount in UCUM, or in dm+d's unit where UCUM has none.
func quantity(q dmd.Quantity) *r4.Quantity {
	out := &r4.Quantity{Value: decimal(q.Value), Unit: shown(q.Unit.Text), System: dmd.SystemUCUM, Code: dmd.UCUM(q.Unit.Code)}
	if out.Code == "" {
		out.System, out.Code = dmd.SystemSNOMED, sound(q.Unit.Code)
	}
	if out.Code == "" {
		out.System = ""
	}
	return out
}

// decimal keeps the digits.
func decimal(d dmd.Decimal) fhir.Decimal {
	v, err := fhir.ParseDecimal(d.String())
	if err != nil {
		return fhir.Decimal{}
	}
	return v
}

// ratio is a strength per the denominator that dm+d gives, or per one of what the
// product is counted in. FHIR wants both parts or none; a strength below zero, or
// for none of something, is none.
func ratio(p dmd.Product, st dmd.Strength) *r4.Ratio {
	if !st.HasValue || st.Numerator.Value.Sign() < 0 {
		return nil
	}
	r := &r4.Ratio{Numerator: quantity(st.Numerator)}
	if st.Denominator.Unit.Code == "" {
		r.Denominator = one(p.DoseForm().UnitDose)
		return r
	}
	if st.Denominator.Value.Sign() <= 0 {
		return nil
	}
	r.Denominator = quantity(st.Denominator)
	return r
}

// one is one of a unit, or just one.
func one(u dmd.Term) *r4.Quantity {
	if sound(u.Code) == "" {
		return &r4.Quantity{Value: fhir.NewDecimal(1, 0), System: dmd.SystemUCUM, Code: ucumOne}
	}
	return quantity(dmd.Quantity{Value: dmd.NewDecimal(1, 0), Unit: u})
}

// substance is an ingredient as a concept. Where the strength is of its base, the
// text says so.
func substance(st dmd.Strength) *r4.CodeableConcept {
	c := ingredient(st.ID, st.Ingredient)
	if name, base := shown(st.Ingredient.Name()), shown(st.Base.Name()); base != "" && name != "" && st.Base.ID() != st.ID {
		c.Text = name + " (strength as " + base + ")"
	}
	return c
}

func excipient(e dmd.Excipient) *r4.CodeableConcept { return ingredient(e.ID, e.Ingredient) }

// ingredient is an ingredient by its identifier, which may not be in the release.
// FHIR wants an item even of one that has none.
func ingredient(id sctid.ID, p dmd.Product) *r4.CodeableConcept {
	if id == 0 {
		return &r4.CodeableConcept{Text: "unknown"}
	}
	return &r4.CodeableConcept{Coding: []r4.Coding{{System: dmd.SystemSNOMED, Code: id.String(), Display: shown(p.Name())}}}
}

func excipientRatio(e dmd.Excipient) *r4.Ratio {
	if e.Strength.Unit.Code == "" || e.Strength.Value.Sign() < 0 {
		return nil
	}
	return &r4.Ratio{Numerator: quantity(e.Strength), Denominator: one(dmd.Term{})}
}
