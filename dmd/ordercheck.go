package dmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// OrderOptions says what CheckOrder is to check.
type OrderOptions struct {
	Rules  *Rules // nil for DefaultRules
	Day    Date   // 0 for the day of the release
	Issues int    // findings listed of each code; 0 for 100, below 0 for all
}

// maxUnits is how many units an order may ask for before the quantity is doubted:
// 40,000 doses are 200 inhalers of 200, asked for where one was meant.
const maxUnits = 10_000

// CheckOrder compares a line with the dictionary: that the product is known, that
// its codes name one product by its name; and for a request or dispensing that it
// may be prescribed, that the quantity is in units of the product and not in
// packs, that a controlled drug has its schedule and its quantity in words, and
// that there is an instruction, and with a day in opts that the release is not more
// than two months older. Path is the place in the resource, with the names
// of JSON: "MedicationRequest.medicationCodeableConcept.coding[0].code". What is
// missing is at the place where it should be.
func (s *Store) CheckOrder(o *Order, opts OrderOptions) []Issue {
	c := orderCheck{s: s, o: o, opts: opts, issues: issueList{max: opts.Issues}}
	if c.opts.Rules == nil {
		c.opts.Rules = DefaultRules()
	}
	p := c.product()
	if isSupply(o.ResourceType) {
		c.age()
		c.rules(p)
		c.quantity(p)
		c.controlled(p)
		c.instructions()
	}
	return c.issues.result("")
}

type orderCheck struct {
	s      *Store
	o      *Order
	opts   OrderOptions
	issues issueList
}

func (c *orderCheck) add(sev Severity, code Code, element, clause, format string, args ...any) {
	if c.issues.room(code) {
		c.issues.list = append(c.issues.list, Issue{Severity: sev, Code: code, Path: c.o.ResourceType + "." + element, Offset: -1, Clause: clause, Err: fmt.Errorf(format, args...)})
	}
}

// medication is the place of the codes.
func (c *orderCheck) medication() string {
	switch {
	case c.o.at.medication != "":
		return c.o.at.medication
	case c.o.Reference != "":
		return "medicationReference"
	case c.o.ResourceType == "Medication":
		return "code"
	}
	return "medicationCodeableConcept"
}

const clauseProduct = "ETP medicinal product"

// product checks the codings of the medication and returns the product.
func (c *orderCheck) product() Product {
	el := c.medication()
	var found Product
	first := 0
	for i, k := range c.o.Medication.Codings {
		p, ok := c.coding(fmt.Sprintf("%s.coding[%d]", el, i), k)
		switch {
		case !ok:
		case found.s == nil:
			found, first = p, i
		case p != found:
			c.add(Error, CodeConflict, fmt.Sprintf("%s.coding[%d].code", el, i), clauseProduct, "another product than that of coding[%d]", first)
		}
	}
	switch {
	case len(c.o.Medication.Codings) > 0:
	case c.o.Reference != "":
		c.add(Warning, CodeReference, el, "", "the medication is not in the message and was not checked")
	default:
		c.add(Error, CodeProduct, el, clauseProduct, "there is no code")
	}
	return found
}

// coding checks one code and returns the product that it names.
func (c *orderCheck) coding(place string, k Coding) (Product, bool) {
	if !IsSystem(k.System) {
		c.add(Information, CodeSystem, place+".system", "", "not the system of dm+d codes")
		return Product{}, false
	}
	id, err := sctid.Parse(k.Code)
	if err != nil {
		c.add(Error, CodeID, place+".code", "", "%w", err)
		return Product{}, false
	}
	p, ok := c.s.Product(id)
	if !ok {
		switch now := c.s.Current(id); len(now) {
		case 0:
		case 1:
			c.add(Warning, CodeReplaced, place+".code", "", "the identifier has been replaced by %s", now[0])
			p, ok = c.s.Product(now[0])
		default:
			c.add(Error, CodeReplaced, place+".code", "", "the identifier has been replaced by several, from %s to %s", now[0], now[len(now)-1])
			return Product{}, false
		}
	}
	if !ok {
		c.add(Error, CodeProduct, place+".code", clauseProduct, "dm+d of %s has no such product", c.s.date)
		return Product{}, false
	}
	if k.Display != "" && k.Display != p.Name() {
		if nm, _ := p.Field("NM"); nm != k.Display {
			c.add(Warning, CodeDisplay, place+".display", "", "the name in dm+d is another")
		}
	}
	return p, true
}

// age doubts the answers of an old release.
func (c *orderCheck) age() {
	const months = 2
	if y, m, d := c.s.date.parts(); c.opts.Day > 0 && c.s.date > 0 {
		m += months
		if m > 12 {
			y, m = y+1, m-12
		}
		if limit := NewDate(y, m, min(d, daysIn(y, m))); c.opts.Day > limit {
			c.add(Warning, CodeAge, c.medication(), "EPS: dm+d of at most two months", "the release of %s is more than %d months old", c.s.date, months)
		}
	}
}

// rules asks whether the product may be prescribed.
func (c *orderCheck) rules(p Product) {
	if p.s == nil {
		return
	}
	for _, r := range c.opts.Rules.Check(p, c.opts.Day).Reasons {
		sev := Information
		switch r.Rule.Effect {
		case Deny:
			sev = Error
		case Warn:
			sev = Warning
		}
		c.add(sev, CodeNotPrescribe, c.medication(), r.Rule.Source, "%s: %s", r.Rule.Code, r.Rule.Reason)
	}
}

// quantityPlace is the place of the quantity.
func (c *orderCheck) quantityPlace() string {
	switch {
	case c.o.at.quantity != "":
		return c.o.at.quantity
	case c.o.ResourceType == "MedicationRequest":
		return "dispenseRequest.quantity"
	}
	return "quantity"
}

// quantity checks the number and unit to be supplied.
func (c *orderCheck) quantity(p Product) {
	el, q := c.quantityPlace(), c.o.Quantity
	switch {
	case q == nil:
		c.add(Error, CodeQuantity, el, "", "there is no quantity")
		return
	case !q.HasValue:
		c.add(Error, CodeQuantity, el+".value", "", "the quantity has no number")
	case q.Value.Sign() <= 0 && c.o.ResourceType == "MedicationRequest" || q.Value.Sign() < 0:
		c.add(Error, CodeQuantity, el+".value", "", "the quantity is not above zero")
	case q.Value.Cmp(NewDecimal(maxUnits, 0)) > 0:
		c.add(Warning, CodeQuantity, el+".value", "", "more than %d units: packs may have been counted as units twice", maxUnits)
	}
	c.unit(el, q, p)
}

const clauseWords = "Misuse of Drugs Regulations 2001, regulation 15"

// controlled compares the schedule and the quantity in words with the product's
// controlled drug category.
func (c *orderCheck) controlled(p Product) {
	if _, ok := p.VMP(); !ok {
		return
	}
	cd := p.Controlled()
	missing, words, schedule := c.o.at.controlled, c.o.at.words, c.o.at.schedule
	if missing == "" {
		missing = "extension"
	}
	if words == "" {
		words = missing
	}
	if schedule == "" {
		schedule = missing
	}
	request := c.o.ResourceType == "MedicationRequest"
	k := c.o.Schedule
	if k.System != "" && k.System != SystemSchedule {
		c.add(Warning, CodeSystem, schedule+".system", "", "not the system of controlled drug schedules")
	}
	switch says := scheduleOf(k.Code); {
	case k == Coding{}:
		if request && cd.Words {
			c.add(Warning, CodeSchedule, schedule, clauseWords, "the schedule is missing: %s", cd.Category.Text)
		}
	case says == 0:
		c.add(Error, CodeSchedule, schedule+".code", "", "not a schedule of controlled drugs")
	case cd.Schedule == 0 && padCode(cd.Category.Code) != "0000" && cd.Category.Code != "": // a category that is not known
	case says != cd.Schedule:
		c.add(Error, CodeSchedule, schedule+".code", "CONTROL_INFO.CATCD", "schedule %d, but %d in dm+d (0: none)", says, cd.Schedule)
	}
	q := c.o.Quantity
	if q == nil || !q.HasValue {
		return
	}
	switch {
	case c.o.Words == "":
		if request && cd.Words {
			c.add(Warning, CodeWords, words, clauseWords, "the quantity in words is missing: %s", QuantityInWords(q.Value))
		}
	case !sameWords(c.o.Words, q.Value):
		c.add(Error, CodeWords, words, clauseWords, "the quantity in words is not %s", QuantityInWords(q.Value))
	}
}

// scheduleOf returns the schedule that a code of SystemSchedule means, or 0.
func scheduleOf(code string) int {
	if len(code) == 3 && code[:2] == "CD" && code[2] >= '1' && code[2] <= '5' {
		return int(code[2] - '0')
	}
	return 0
}

// unit checks that the unit is a unit of measure of dm+d, and the product's own.
func (c *orderCheck) unit(el string, q *Amount, p Product) {
	code := q.Code
	if strings.TrimSuffix(q.System, "/") == SystemUCUM {
		if code = c.s.unitOfUCUM(q.Code); code == "" {
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
	if q.Unit != "" && stem(fold(q.Unit)) != stem(fold(u.Text)) && !sameUnit(q) {
		c.add(Warning, CodeDisplay, el+".unit", "UNIT_OF_MEASURE", "the name of the unit in dm+d is %q", u.Text)
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

// sameUnit reports whether the words of a unit say the same as its code, such as
// "millilitre" and that of ml.
func sameUnit(q *Amount) bool {
	words, ok1 := measureOfUnit(q.Unit)
	code, ok2 := q.codeMeasure()
	return ok1 && ok2 && words.equal(code)
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

// unitOfUCUM finds the code of the unit of measure that has a UCUM code.
func (s *Store) unitOfUCUM(ucum string) string {
	if code := unitByUCUM(ucum); code != "" {
		return code
	}
	for _, t := range s.Terms("UNIT_OF_MEASURE") {
		if ucum != "" && UCUM(t.Code) == ucum {
			return t.Code
		}
	}
	return ""
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
