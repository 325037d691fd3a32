package tofhir

import (
	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/r4"
)

// systemATC is the system of ATC codes. BNF codes have none that is published, and
// are given as codes without a system.
const systemATC = "http://www.whocc.no/atc"

// MedicationKnowledge makes a MedicationKnowledge of a moiety, product or pack,
// with what the dictionary knows beyond a Medication: routes, prices, Drug
// Tariff, BNF and ATC codes, controlled drug schedule, colour and flavour, and the
// products above. It is nil for an ingredient and for the zero Product.
func MedicationKnowledge(p dmd.Product, opts ...Option) *r4.MedicationKnowledge {
	if p.Kind() == dmd.NoKind || p.Kind() == dmd.Ingredient {
		return nil
	}
	o := settle(opts)
	k := &r4.MedicationKnowledge{
		ID:            p.ID().String(),
		Code:          code(p, o),
		Status:        status(p),
		DoseForm:      form(p),
		ProductType:   []r4.CodeableConcept{{Text: p.Kind().String()}},
		IntendedRoute: each(routes(p)),
	}
	if short, _ := p.Field("ABBREVNM"); shown(short) != "" {
		k.Synonym = append(k.Synonym, short)
	}
	if s, ok := p.Supplier(); ok {
		k.Manufacturer = manufacturer(s)
	}
	for _, up := range p.Parents() {
		k.RelatedMedicationKnowledge = append(k.RelatedMedicationKnowledge, r4.MedicationKnowledgeRelatedMedicationKnowledge{
			Type:      &r4.CodeableConcept{Text: "parent " + up.Kind().String()},
			Reference: []r4.Reference{{Reference: "MedicationKnowledge/" + up.ID().String(), Display: shown(up.Name())}},
		})
	}
	for _, in := range p.Contents() {
		k.RelatedMedicationKnowledge = append(k.RelatedMedicationKnowledge, r4.MedicationKnowledgeRelatedMedicationKnowledge{
			Type:      &r4.CodeableConcept{Text: "content of the combination pack"},
			Reference: []r4.Reference{{Reference: "MedicationKnowledge/" + in.ID().String(), Display: shown(in.Name())}},
		})
	}
	k.AssociatedMedication = []r4.Reference{{Reference: "Medication/" + p.ID().String(), Display: shown(p.Name())}}
	for _, st := range p.Strengths() {
		k.Ingredient = append(k.Ingredient, r4.MedicationKnowledgeIngredient{Item: substance(st), IsActive: new(true), Strength: ratio(p, st)})
	}
	for _, e := range p.Excipients() {
		k.Ingredient = append(k.Ingredient, r4.MedicationKnowledgeIngredient{Item: excipient(e), IsActive: new(false), Strength: excipientRatio(e)})
	}
	if q, ok := p.PackQuantity(); ok {
		k.Packaging = &r4.MedicationKnowledgePackaging{Quantity: quantity(q)}
	}
	k.Cost = costs(p)
	k.MedicineClassification = classes(p)
	k.DrugCharacteristic = characteristics(p)
	if cd := p.Controlled(); cd.Schedule > 0 {
		k.Regulatory = []r4.MedicationKnowledgeRegulatory{{
			RegulatoryAuthority: &r4.Reference{Display: "Home Office"},
			Schedule:            []r4.MedicationKnowledgeRegulatorySchedule{{Schedule: &r4.CodeableConcept{Text: text(cd.Category)}}},
		}}
	}
	return k
}

// routes are those a product is licensed for, or those of its virtual product.
func routes(p dmd.Product) []dmd.Term {
	if licensed := p.LicensedRoutes(); len(licensed) > 0 {
		return licensed
	}
	return p.Routes()
}

// each makes a concept of each term.
func each(terms []dmd.Term) []r4.CodeableConcept {
	var out []r4.CodeableConcept
	for _, t := range terms {
		if c := concept([]dmd.Term{t}); c != nil {
			out = append(out, *c)
		}
	}
	return out
}

// costs are the price of an actual pack and the Drug Tariff price of a virtual
// one, in pounds.
func costs(p dmd.Product) []r4.MedicationKnowledgeCost {
	price, ok := p.Price()
	if !ok || !price.HasPrice {
		return nil
	}
	c := r4.MedicationKnowledgeCost{
		Type:   &r4.CodeableConcept{Text: price.Basis.Text},
		Source: "dm+d",
		Cost:   &r4.Money{Value: fhir.NewDecimal(price.Pence, 2), Currency: "GBP"},
	}
	if p.Kind() == dmd.VMPP {
		c.Type.Text, c.Source = price.Category.Text, "Drug Tariff"
	}
	if shown(c.Type.Text) == "" {
		c.Type.Text = "price"
	}
	return []r4.MedicationKnowledgeCost{c}
}

func classes(p dmd.Product) []r4.MedicationKnowledgeMedicineClassification {
	c, ok := p.Class()
	if !ok {
		return nil
	}
	var out []r4.MedicationKnowledgeMedicineClassification
	add := func(name, system, code string) {
		if code = sound(code); code != "" {
			out = append(out, r4.MedicationKnowledgeMedicineClassification{
				Type:           &r4.CodeableConcept{Text: name},
				Classification: []r4.CodeableConcept{{Coding: []r4.Coding{{System: system, Code: code}}}},
			})
		}
	}
	add("BNF", "", c.BNF)
	add("ATC", systemATC, c.ATC)
	return out
}

// characteristics are flags of the virtual product and the looks of an actual
// one.
func characteristics(p dmd.Product) []r4.MedicationKnowledgeDrugCharacteristic {
	var out []r4.MedicationKnowledgeDrugCharacteristic
	add := func(name, value string) {
		if shown(value) != "" {
			out = append(out, r4.MedicationKnowledgeDrugCharacteristic{Type: &r4.CodeableConcept{Text: name}, Value: r4.String(value)})
		}
	}
	if vmp, ok := p.VMP(); ok {
		for _, f := range []struct{ tag, name string }{{"SUG_F", "sugar free"}, {"GLU_F", "gluten free"}, {"PRES_F", "preservative free"}, {"CFC_F", "CFC free"}} {
			if vmp.Flag(f.tag) {
				add("free from", f.name)
			}
		}
	}
	if amp, ok := p.AMP(); ok {
		if t, ok := amp.Term("FLAVOURCD"); ok {
			add("flavour", text(t))
		}
		for r := range amp.Records() {
			if r.Table != dmd.TableAPINFO {
				continue
			}
			size, _ := r.Get("SZ_WEIGHT")
			add("size or weight", size)
			colour, _ := r.Get("COLOURCD")
			add("colour", text(amp.LookUp("COLOUR", colour)))
			number, _ := r.Get("PROD_ORDER_NO")
			add("product order number", number)
		}
		if amp.Flag("EMA") {
			add("additional monitoring", "yes")
		}
	}
	return out
}

// text is what a code means, or the code.
func text(t dmd.Term) string {
	if t.Text == "" {
		return t.Code
	}
	return t.Text
}
