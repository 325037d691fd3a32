package dmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseDosages reads the dosage instructions of a FHIR R4 document in JSON: one
// Dosage, an array of them, a MedicationRequest, MedicationDispense or
// MedicationStatement with its instructions, or an object with an array
// "dosages". The error is an Issue with the place.
//
// What it does not know it refuses and does not drop, since it may change the
// dose: a modifier (modifierExtension, implicitRules, doNotPerform, a resource
// entered in error), which FHIR wants to be understood or to stop all
// processing, and any element that R4 does not have, such as those of other
// versions. Other extensions are passed over. A document may have a million values,
// nested a hundred deep.
func ParseDosages(data []byte) ([]Dosage, error) {
	n, err := parseJSON(data)
	if err != nil {
		return nil, syntaxIssue(err)
	}
	return dosagesOf(n)
}

func syntaxIssue(err error) Issue {
	offset := int64(-1)
	if e := (*jsonError)(nil); errors.As(err, &e) {
		offset = int64(e.offset)
	}
	return Issue{Severity: Fatal, Code: CodeOrderSyntax, Offset: offset, Err: err}
}

func dosagesOf(n *jsonNode) ([]Dosage, error) {
	r := &dosageReader{}
	list, path := n, "Dosage"
	switch {
	case n.kind == '{' && n.get("dosages") != nil:
		list, path = n.get("dosages"), "dosages"
	case n.kind == '{' && n.get("resourceType") != nil:
		name := n.get("resourceType").str()
		member := instructionsOf(name)
		if member == "" {
			r.refuse(Fatal, CodeOrderSyntax, "resourceType", n.get("resourceType"), "not a resource with dosage instructions")
			return nil, r.err
		}
		r.resource(name, n)
		list, path = n.get(member), name+"."+member
	case n.kind != '{' && n.kind != '[':
		r.refuse(Fatal, CodeOrderSyntax, "", n, "not a dosage instruction")
	}
	out := r.dosages(path, list)
	if r.err != nil {
		return nil, r.err
	}
	return out, nil
}

// dosages reads an array of instructions, or one that stands for it.
func (r *dosageReader) dosages(path string, list *jsonNode) []Dosage {
	var out []Dosage
	for i, d := range list.items() {
		place := path
		if list.kind == '[' {
			place += "[" + strconv.Itoa(i) + "]"
		}
		out = append(out, r.dosage(place, d))
	}
	return out
}

// instructionsOf names the element of a resource that has its dosages.
func instructionsOf(resource string) string {
	switch resource {
	case "MedicationRequest", "MedicationDispense":
		return "dosageInstruction"
	case "MedicationStatement":
		return "dosage"
	}
	return ""
}

// dosageReader turns nodes into a Dosage and keeps the first fault.
type dosageReader struct{ err error }

func (r *dosageReader) refuse(sev Severity, code Code, path string, n *jsonNode, text string) {
	if r.err == nil {
		r.err = Issue{Severity: sev, Code: code, Path: path, Offset: int64(n.offset), Clause: clauseOf(code), Err: problem(text)}
	}
}

// clauseOf says where FHIR wants something to be refused.
func clauseOf(code Code) string {
	if code == CodeModifier {
		return "FHIR R4 conformance-rules 2.1.0.4 (isModifier)"
	}
	return ""
}

func (r *dosageReader) fail(path string, n *jsonNode, text string) {
	r.refuse(Error, CodeOrderSyntax, path, n, text)
}

// resource refuses what turns the meaning of a whole resource round.
func (r *dosageReader) resource(path string, n *jsonNode) {
	for _, name := range []string{"modifierExtension", "implicitRules"} {
		if k := n.get(name); k != nil {
			r.refuse(Error, CodeModifier, path+"."+name, k, "a modifier that is not understood")
		}
	}
	for _, name := range []string{"dispenseRequest", "substitution"} {
		if k := n.path(name, "modifierExtension"); k != nil {
			r.refuse(Error, CodeModifier, path+"."+name+".modifierExtension", k, "a modifier that is not understood")
		}
	}
	e := element{r, path, n}
	if e.truth("doNotPerform") {
		r.refuse(Error, CodeModifier, path+".doNotPerform", n.get("doNotPerform"), "the medication is not to be given")
	}
	if e.text("status") == "entered-in-error" {
		r.refuse(Error, CodeModifier, path+".status", n.get("status"), "the resource was entered in error")
	}
}

// element is an object of the document with its place. Of a zero element every
// member is absent.
type element struct {
	r    *dosageReader
	path string
	n    *jsonNode
}

// element opens an object and refuses members other than those named, which are
// divided by spaces. It is false if there is none or it is no object.
func (r *dosageReader) element(path string, n *jsonNode, members string) (element, bool) {
	if n == nil {
		return element{}, false
	}
	if n.kind != '{' {
		r.fail(path, n, "not an object")
		return element{}, false
	}
	for i, key := range n.keys {
		switch name := strings.TrimPrefix(key, "_"); {
		case name == "modifierExtension":
			r.refuse(Error, CodeModifier, path+"."+key, n.kids[i], "a modifier that is not understood")
		case name != "id" && name != "extension" && !hasWord(members, name):
			place := path
			if isElementName(name) {
				place += "." + key
			}
			r.refuse(Error, CodeElement, place, n.kids[i], "an element that FHIR R4 does not have here")
		}
		if r.err != nil {
			break
		}
	}
	return element{r, path, n}, true
}

// isElementName reports whether a name can be one of FHIR's; others are not
// repeated in findings.
func isElementName(name string) bool {
	for i := range len(name) {
		if c := name[i] | 0x20; (c < 'a' || c > 'z') && !isDigit(name[i]) {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// hasWord reports whether a word is among those of a text.
func hasWord(words, word string) bool {
	for w := range strings.SplitSeq(words, " ") {
		if w == word {
			return true
		}
	}
	return false
}

func (e element) place(name string) string { return e.path + "." + name }

// text returns a member that is a string; one of nothing but blanks is absent.
func (e element) text(name string) string {
	k := e.n.get(name)
	switch {
	case k == nil:
		return ""
	case k.kind != '"':
		e.r.fail(e.place(name), k, "not a text")
	case strings.TrimSpace(k.text) == "":
		return ""
	}
	return k.text
}

// truth returns a member that is a boolean.
func (e element) truth(name string) bool {
	k := e.n.get(name)
	if k != nil && k.kind != 'b' {
		e.r.fail(e.place(name), k, "neither true nor false")
	}
	return k.isTrue()
}

// number returns a member that is a number.
func (e element) number(name string) *Decimal {
	k := e.n.get(name)
	if k == nil {
		return nil
	}
	d, ok := k.decimal()
	if !ok {
		e.r.fail(e.place(name), k, "not a number of at most 18 digits")
		return nil
	}
	return &d
}

// texts returns a member that is an array of strings.
func (e element) texts(name string) []string {
	k := e.n.get(name)
	var out []string
	for i, v := range k.items() {
		if v.kind != '"' {
			e.r.fail(fmt.Sprintf("%s[%d]", e.place(name), i), v, "not a text")
		}
		out = append(out, v.str())
	}
	return out
}

// each opens the objects of an array, or the one object that stands for it.
func (e element) each(name, members string) []element {
	k := e.n.get(name)
	var out []element
	for i, v := range k.items() {
		place := e.place(name)
		if k.kind == '[' {
			place += "[" + strconv.Itoa(i) + "]"
		}
		if kid, ok := e.r.element(place, v, members); ok {
			out = append(out, kid)
		}
	}
	return out
}

// amount returns a member that is a Quantity, Duration or the like.
func (e element) amount(name string) *Amount {
	q, ok := e.r.element(e.place(name), e.n.get(name), "value comparator unit system code")
	if !ok {
		return nil
	}
	a := &Amount{Unit: q.text("unit"), System: q.text("system"), Code: q.text("code")}
	if c := q.n.get("comparator"); c != nil {
		e.r.fail(q.place("comparator"), c, "a comparator leaves the number open")
	}
	if v := q.number("value"); v != nil {
		a.Value, a.HasValue = *v, true
	}
	return a
}

func (e element) limits(name string) *Range {
	k, ok := e.r.element(e.place(name), e.n.get(name), "low high")
	if !ok {
		return nil
	}
	return &Range{k.amount("low"), k.amount("high")}
}

func (e element) ratio(name string) *Ratio {
	k, ok := e.r.element(e.place(name), e.n.get(name), "numerator denominator")
	if !ok {
		return nil
	}
	return &Ratio{k.amount("numerator"), k.amount("denominator")}
}

// concept returns a member that is a CodeableConcept.
func (e element) concept(name string) *Concept {
	k, ok := e.r.element(e.place(name), e.n.get(name), conceptMembers)
	if !ok {
		return nil
	}
	c := k.asConcept()
	return &c
}

const conceptMembers = "coding text"

func (e element) asConcept() Concept {
	c := Concept{Text: e.text("text")}
	for _, k := range e.each("coding", codingMembers) {
		c.Codings = append(c.Codings, k.asCoding())
	}
	return c
}

const codingMembers = "system version code display userSelected"

func (e element) asCoding() Coding {
	return Coding{e.text("system"), e.text("code"), e.text("display")}
}

func (r *dosageReader) dosage(path string, n *jsonNode) Dosage {
	e, ok := r.element(path, n, "sequence text additionalInstruction patientInstruction timing asNeededBoolean asNeededCodeableConcept site route method doseAndRate maxDosePerPeriod maxDosePerAdministration maxDosePerLifetime")
	if !ok {
		return Dosage{}
	}
	d := Dosage{
		Text:                 e.text("text"),
		Method:               e.concept("method"),
		Route:                e.concept("route"),
		Site:                 e.concept("site"),
		AsNeeded:             e.truth("asNeededBoolean"),
		AsNeededFor:          e.concept("asNeededCodeableConcept"),
		MaxPerPeriod:         e.ratio("maxDosePerPeriod"),
		MaxPerAdministration: e.amount("maxDosePerAdministration"),
		MaxPerLifetime:       e.amount("maxDosePerLifetime"),
		Patient:              e.text("patientInstruction"),
	}
	if s := e.number("sequence"); s != nil {
		v := s.Reduced()
		if v.scale != 0 || v.coef < 1 || v.coef > 1<<31-1 {
			r.fail(e.place("sequence"), e.n.get("sequence"), "not a whole number from 1")
		}
		d.Sequence = int(v.coef)
	}
	if d.AsNeededFor != nil && e.n.get("asNeededBoolean") != nil {
		r.fail(e.place("asNeededCodeableConcept"), e.n.get("asNeededCodeableConcept"), "asNeeded[x] is there twice")
	}
	for i, dr := range e.each("doseAndRate", "type doseRange doseQuantity rateRatio rateRange rateQuantity") {
		if i > 0 {
			r.fail(dr.path, dr.n, "more than one dose and rate")
			break
		}
		d.DoseType = dr.concept("type")
		d.DoseQuantity = dr.amount("doseQuantity")
		d.DoseRange = dr.limits("doseRange")
		d.RateRatio = dr.ratio("rateRatio")
		d.RateRange = dr.limits("rateRange")
		d.RateQuantity = dr.amount("rateQuantity")
	}
	if t, ok := r.element(e.place("timing"), e.n.get("timing"), "event repeat code"); ok {
		d.Timing = t.timing()
	}
	for _, k := range e.each("additionalInstruction", conceptMembers) {
		d.Additional = append(d.Additional, k.asConcept())
	}
	return d
}

func (e element) timing() *Timing {
	t := &Timing{Events: e.texts("event"), Code: e.concept("code")}
	rep, ok := e.r.element(e.place("repeat"), e.n.get("repeat"), "boundsDuration boundsRange boundsPeriod count countMax duration durationMax durationUnit frequency frequencyMax period periodMax periodUnit dayOfWeek timeOfDay when offset")
	if !ok {
		return t
	}
	t.BoundsDuration = rep.amount("boundsDuration")
	t.BoundsRange = rep.limits("boundsRange")
	if p, ok := e.r.element(rep.place("boundsPeriod"), rep.n.get("boundsPeriod"), "start end"); ok {
		t.BoundsStart, t.BoundsEnd = p.text("start"), p.text("end")
	}
	t.Count, t.CountMax = rep.number("count"), rep.number("countMax")
	t.Duration, t.DurationMax, t.DurationUnit = rep.number("duration"), rep.number("durationMax"), rep.text("durationUnit")
	t.Frequency, t.FrequencyMax = rep.number("frequency"), rep.number("frequencyMax")
	t.Period, t.PeriodMax, t.PeriodUnit = rep.number("period"), rep.number("periodMax"), rep.text("periodUnit")
	t.Days, t.Times, t.When = rep.texts("dayOfWeek"), rep.texts("timeOfDay"), rep.texts("when")
	t.Offset = rep.number("offset")
	return t
}
