package dmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// The code systems under which dm+d codes appear.
const (
	SystemDMD    = "https://dmd.nhs.uk"
	SystemSNOMED = "http://snomed.info/sct"
	SystemUCUM   = "http://unitsofmeasure.org"
)

// extensionControlled carries the schedule and the quantity in words.
const extensionControlled = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug"

// IsSystem reports whether a code system is dm+d under one of its spellings, with
// or without a slash at the end, or SNOMED CT, of which its codes are a part and
// which the Electronic Prescription Service uses for them.
func IsSystem(system string) bool {
	switch strings.TrimSuffix(system, "/") {
	case SystemDMD, "http://dmd.nhs.uk", SystemSNOMED:
		return true
	}
	return false
}

// Order is the part of a prescription or dispensing line that dm+d has something
// to say about: a FHIR MedicationRequest or MedicationDispense in R4.
type Order struct {
	ResourceType string
	Medication   Concept
	Quantity     *Amount
	Dosages      []Dosage
	Words        string // quantity in words of the controlled drug extension
	Schedule     string // of the same
}

// ParseOrder reads a MedicationRequest or MedicationDispense in JSON, as far as
// an Order goes. The error is an Issue with the place.
func ParseOrder(data []byte) (*Order, error) {
	n, err := parseJSON(data)
	if err != nil {
		return nil, syntaxIssue(err)
	}
	return orderOf(n)
}

// ParseOrders is ParseOrder for one resource or an array of them.
func ParseOrders(data []byte) ([]*Order, error) {
	n, err := parseJSON(data)
	if err != nil {
		return nil, syntaxIssue(err)
	}
	var out []*Order
	for _, k := range n.items() {
		o, err := orderOf(k)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func orderOf(n *jsonNode) (*Order, error) {
	o := &Order{ResourceType: n.get("resourceType").str()}
	if n.kind != '{' || o.ResourceType != "MedicationRequest" && o.ResourceType != "MedicationDispense" {
		return nil, Issue{Severity: Fatal, Code: CodeOrderSyntax, Path: "resourceType", Offset: int64(n.offset), Err: errors.New("neither MedicationRequest nor MedicationDispense")}
	}
	r := &dosageReader{}
	if c := r.concept(o.ResourceType+".medicationCodeableConcept", n.get("medicationCodeableConcept")); c != nil {
		o.Medication = *c
	}
	if o.ResourceType == "MedicationDispense" {
		o.Quantity = r.amount(o.ResourceType+".quantity", n.get("quantity"))
	} else if o.Quantity = r.amount(o.ResourceType+".dispenseRequest.quantity", n.path("dispenseRequest", "quantity")); o.Quantity == nil {
		// Extracts of prescriptions carry the quantity on the request itself.
		o.Quantity = r.amount(o.ResourceType+".quantity", n.get("quantity"))
	}
	for _, e := range n.get("extension").items() {
		if strings.HasSuffix(e.get("url").str(), "Extension-DM-ControlledDrug") {
			for _, part := range e.get("extension").items() {
				switch part.get("url").str() {
				case "quantityWords":
					o.Words = part.get("valueString").str()
				case "schedule":
					o.Schedule = part.path("valueCoding", "code").str()
				}
			}
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	var err error
	o.Dosages, err = dosagesOf(n)
	return o, err
}

// AppendJSON appends the order as the resource of its type, in the parts that an
// Order has. Numbers keep their digits.
func (o *Order) AppendJSON(b []byte) []byte {
	b = append(b, `{"resourceType":`...)
	b = appendJSONString(b, o.ResourceType)
	if o.Words != "" || o.Schedule != "" {
		b = append(b, `,"extension":[{"url":"`+extensionControlled+`","extension":[`...)
		if o.Words != "" {
			b = append(b, `{"url":"quantityWords","valueString":`...)
			b = append(appendJSONString(b, o.Words), '}')
		}
		if o.Schedule != "" {
			if o.Words != "" {
				b = append(b, ',')
			}
			b = append(b, `{"url":"schedule","valueCoding":{"code":`...)
			b = append(appendJSONString(b, o.Schedule), '}', '}')
		}
		b = append(b, ']', '}', ']')
	}
	b = append(b, `,"medicationCodeableConcept":`...)
	b = o.Medication.appendJSON(b)
	if o.Quantity != nil {
		if o.ResourceType == "MedicationRequest" {
			b = append(b, `,"dispenseRequest":{"quantity":`...)
			b = append(o.Quantity.appendJSON(b), '}')
		} else {
			b = append(b, `,"quantity":`...)
			b = o.Quantity.appendJSON(b)
		}
	}
	if len(o.Dosages) > 0 {
		b = append(b, `,"dosageInstruction":[`...)
		for i := range o.Dosages {
			if i > 0 {
				b = append(b, ',')
			}
			b = o.Dosages[i].AppendJSON(b)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// OrderOptions says what CheckOrder is to check.
type OrderOptions struct {
	Rules *Rules // nil for DefaultRules
	Day   Date   // 0 for the day of the release
}

// maxUnits is how many units an order may ask for before the quantity is doubted:
// 40,000 doses are 200 inhalers of 200, asked for where one was meant.
const maxUnits = 10_000

// CheckOrder compares a line with the dictionary: that the product is known and
// of a level to prescribe, that it may be prescribed, that names agree, that the
// quantity is in units of the product and not in packs, that controlled drugs
// have their quantity in words, that there is an instruction. Path is the place
// in the resource.
func (s *Store) CheckOrder(o *Order, opts OrderOptions) []Issue {
	c := orderCheck{s: s, o: o, opts: opts}
	if c.opts.Rules == nil {
		c.opts.Rules = DefaultRules()
	}
	p := c.product()
	c.quantity(p)
	c.instructions()
	return c.issues
}

type orderCheck struct {
	s      *Store
	o      *Order
	opts   OrderOptions
	issues []Issue
}

func (c *orderCheck) add(sev Severity, code Code, element, clause, format string, args ...any) {
	c.issues = append(c.issues, Issue{Severity: sev, Code: code, Path: c.o.ResourceType + "." + element, Offset: -1, Clause: clause, Err: fmt.Errorf(format, args...)})
}

// product checks the codings of the medication and returns the product.
func (c *orderCheck) product() Product {
	const el = "medicationCodeableConcept"
	var found Product
	for i, k := range c.o.Medication.Codings {
		place := fmt.Sprintf("%s.coding[%d]", el, i)
		if !IsSystem(k.System) {
			c.add(Information, CodeSystem, place+".system", "", "not the system of dm+d codes")
			continue
		}
		id, err := sctid.Parse(k.Code)
		if err != nil {
			c.add(Error, CodeID, place+".code", "", "%w", err)
			continue
		}
		p, ok := c.s.Product(id)
		if !ok {
			if now := c.s.Current(id); len(now) > 0 {
				c.add(Warning, CodeReplaced, place+".code", "", "the identifier has been replaced by %s", now[0])
				p, ok = c.s.Product(now[0])
			}
		}
		if !ok {
			c.add(Error, CodeProduct, place+".code", "ETP medicinal product", "dm+d of %s has no such product", c.s.date)
			continue
		}
		if k.Display != "" && k.Display != p.Name() {
			if nm, _ := p.Field("NM"); nm != k.Display {
				c.add(Warning, CodeDisplay, place+".display", "", "the name in dm+d is another")
			}
		}
		if found.s == nil {
			found = p
		}
	}
	if len(c.o.Medication.Codings) == 0 {
		c.add(Error, CodeProduct, el, "ETP medicinal product", "there is no code")
	}
	if found.s == nil {
		return found
	}
	v := c.opts.Rules.Check(found, c.opts.Day)
	for _, r := range v.Reasons {
		sev := Information
		switch r.Rule.Effect {
		case Deny:
			sev = Error
		case Warn:
			sev = Warning
		}
		c.add(sev, CodeNotPrescribe, el, r.Rule.Source, "%s: %s", r.Rule.Code, r.Rule.Reason)
	}
	return found
}

// quantity checks the number and unit to be supplied.
func (c *orderCheck) quantity(p Product) {
	el := "quantity"
	if c.o.ResourceType == "MedicationRequest" {
		el = "dispenseRequest.quantity"
	}
	q := c.o.Quantity
	switch {
	case q == nil || !q.HasValue:
		c.add(Error, CodeQuantity, el, "", "there is no quantity")
		return
	case q.Value.Sign() <= 0 && c.o.ResourceType == "MedicationRequest" || q.Value.Sign() < 0:
		c.add(Error, CodeQuantity, el+".value", "", "the quantity is not above zero")
	case q.Value.Cmp(NewDecimal(maxUnits, 0)) > 0:
		c.add(Warning, CodeQuantity, el+".value", "", "more than %d units: packs may have been counted as units twice", maxUnits)
	}
	c.unit(el, q, p)
	if p.s == nil {
		return
	}
	if cd := p.Controlled(); cd.Words && c.o.ResourceType == "MedicationRequest" {
		switch want := QuantityInWords(q.Value); {
		case c.o.Words == "":
			c.add(Warning, CodeWords, "extension", "Misuse of Drugs Regulations 2001, regulation 15", "the quantity in words is missing: %s", want)
		case !sameWords(c.o.Words, want):
			c.add(Error, CodeWords, "extension", "Misuse of Drugs Regulations 2001, regulation 15", "the quantity in words is not %s", want)
		}
	}
}

// sameWords reports whether words begin with a number, without regard to case,
// hyphens and "and". What they go on with, such as "tablets", may not belong to
// the number: "twenty-eight" is not twenty.
func sameWords(words, number string) bool {
	split := func(s string) []string {
		f := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '-' || r == ',' })
		return slices.DeleteFunc(f, func(w string) bool { return w == "and" })
	}
	got, want := split(words), split(number)
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		return false
	}
	got = got[len(want):]
	if len(got) > 0 && got[0] == "a" { // and a half
		got = got[1:]
	}
	return len(got) == 0 || !isNumberWord(got[0])
}

// isNumberWord reports whether a word continues a number in words.
func isNumberWord(w string) bool {
	switch w {
	case "zero", "nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
		"ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
		"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
		"hundred", "thousand", "million", "billion", "trillion", "quadrillion", "dozen", "score",
		"point", "half", "quarter", "quarters":
		return true
	}
	return false
}

// unit checks that the unit is a unit of measure of dm+d, and the product's own.
func (c *orderCheck) unit(el string, q *Amount, p Product) {
	code := q.Code
	if strings.TrimSuffix(q.System, "/") == SystemUCUM {
		if code = unitByUCUM(q.Code); code == "" {
			c.add(Error, CodeUnit, el+".code", "", "the UCUM unit is none of dm+d's")
			return
		}
	} else if !IsSystem(q.System) {
		c.add(Error, CodeSystem, el+".system", "", "the unit is not of the system of dm+d codes")
		return
	}
	id, err := sctid.Parse(code)
	if err != nil {
		c.add(Error, CodeID, el+".code", "", "%w", err)
		return
	}
	u, ok := c.s.Unit(id)
	if !ok {
		lists := []string{}
		for _, t := range c.s.TermsOf(id) {
			lists = append(lists, t.List)
		}
		if len(lists) > 0 {
			c.add(Error, CodeUnit, el+".code", "UNIT_OF_MEASURE", "not a unit of measure, but an entry of %s", strings.Join(lists, ", "))
		} else {
			c.add(Error, CodeUnit, el+".code", "UNIT_OF_MEASURE", "not a unit of measure of dm+d")
		}
		return
	}
	if p.s == nil {
		return
	}
	units := p.supplyUnits()
	if len(units) > 0 && !slices.Contains(units, u.Code) {
		sev, code := Warning, CodeUnitMismatch
		if isPackUnit(u.Code) {
			sev, code = Error, CodeQuantity
		}
		c.add(sev, code, el+".code", "", "the product is supplied in another unit")
	}
}

// isPackUnit reports whether a unit counts packs and containers: pack, bottle,
// carton, multipack, kit, tube, pot, can, container.
func isPackUnit(code string) bool {
	switch code {
	case "3318211000001100", "419672006", "3317011000001109", "3317911000001108", "419179001", "418530008", "3321111000001109", "429308001", "732990009":
		return true
	}
	return false
}

// Unit finds a unit of measure by its identifier.
func (s *Store) Unit(id sctid.ID) (Term, bool) {
	for _, t := range s.TermsOf(id) {
		if t.List == "UNIT_OF_MEASURE" {
			return t, true
		}
	}
	return Term{}, false
}

// supplyUnits returns the units in which the packs of a product are counted, or
// its unit doses if it has none.
func (p Product) supplyUnits() []string {
	var out []string
	for _, pack := range p.AppendVMPPs(nil) {
		if code, ok := pack.Field("QTY_UOMCD"); ok && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	if len(out) == 0 {
		if u := p.DoseForm().UnitDose.Code; u != "" {
			out = append(out, u)
		}
	}
	return out
}

// instructions checks that there is something to print on the label.
func (c *orderCheck) instructions() {
	if len(c.o.Dosages) == 0 {
		c.add(Warning, CodeInstruction, "dosageInstruction", "", "there is no dosage instruction")
	}
	for i, d := range c.o.Dosages {
		if d.Text == "" {
			c.add(Warning, CodeInstruction, fmt.Sprintf("dosageInstruction[%d].text", i), "", "the instruction has no text")
		}
	}
}

// PackQuantity returns how much is in a pack: QTYVAL of the virtual pack.
func (p Product) PackQuantity() (Quantity, bool) {
	pack, ok := p.VMPP()
	if !ok {
		return Quantity{}, false
	}
	q := p.s.quantity(pack.row(), vmppQTYVAL, vmppQTYUOMCD)
	return q, q.Unit.Code != ""
}

// Packs says how a quantity is made up of packs.
type Packs struct {
	Pack  Product
	Count int
}

// SplitPacks makes up a quantity, in the unit of the product's packs, of whole
// packs: of the virtual packs of a virtual product or the actual packs of an
// actual one. Of the ways to do so it gives the cheapest where all packs have a
// price, and else the one of the fewest packs. ok is false if whole packs cannot
// make it up, or it is above 100,000 of the packs' finest step.
func (p Product) SplitPacks(quantity Decimal) (packs []Packs, pence int64, ok bool) {
	options := p.AppendVMPPs(nil)
	if p.Kind() == AMP {
		options = p.AppendAMPPs(nil)
	}
	type option struct {
		pack  Product
		size  Decimal
		price int64
	}
	var choose []option
	scale, priced := quantity.Reduced().scale, true
	for _, pack := range options {
		q, ok := pack.PackQuantity()
		if gone, _ := pack.Discontinued(); !ok || pack.Invalid() || gone || q.Value.Sign() <= 0 || len(pack.Contents()) > 0 {
			continue
		}
		price, has := pack.Price()
		priced = priced && has && price.HasPrice
		choose = append(choose, option{pack, q.Value.Reduced(), price.Pence})
		scale = max(scale, q.Value.Reduced().scale)
	}
	steps := func(d Decimal) int64 {
		d = d.Reduced()
		for ; d.scale < scale && d.coef < 1e12; d.scale++ {
			d.coef *= 10
		}
		return d.coef
	}
	n := steps(quantity)
	if n <= 0 || n > 100_000 || len(choose) == 0 {
		return nil, 0, false
	}
	cost := make([]int64, n+1)
	last := make([]int16, n+1)
	for i := range last {
		last[i] = -1
	}
	for i := int64(1); i <= n; i++ {
		for k, o := range choose {
			size := steps(o.size)
			if size > i || i > size && last[i-size] < 0 {
				continue
			}
			c := cost[i-size] + 1
			if priced {
				c = cost[i-size] + o.price
			}
			if last[i] < 0 || c < cost[i] {
				cost[i], last[i] = c, int16(k)
			}
		}
	}
	if last[n] < 0 {
		return nil, 0, false
	}
	for i := n; i > 0; {
		o := choose[last[i]]
		if k := slices.IndexFunc(packs, func(x Packs) bool { return x.Pack == o.pack }); k >= 0 {
			packs[k].Count++
		} else {
			packs = append(packs, Packs{o.pack, 1})
		}
		pence += o.price
		i -= steps(o.size)
	}
	if !priced {
		pence = 0
	}
	return packs, pence, true
}

// IsBrand reports whether an actual product, or that of a pack, has a name of its
// own and not that of its virtual product.
func (p Product) IsBrand() bool {
	amp, ok := p.AMP()
	if !ok {
		return false
	}
	vmp, ok := amp.VMP()
	nm, _ := amp.Field("NM")
	return ok && nm != vmp.Name()
}

// Brands returns the branded actual products below a product.
func (p Product) Brands() []Product {
	return slices.DeleteFunc(p.AppendAMPs(nil), func(q Product) bool { return !q.IsBrand() })
}
