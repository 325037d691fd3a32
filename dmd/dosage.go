package dmd

import (
	"errors"
	"fmt"
)

// Amount is a number with a unit as a FHIR Quantity has it. Value is only
// meaningful if HasValue is set.
type Amount struct {
	Value    Decimal
	HasValue bool
	Unit     string // in words: "milligram"
	System   string
	Code     string
}

// Range is two amounts, of which either may be missing.
type Range struct{ Low, High *Amount }

// Ratio is an amount per another.
type Ratio struct{ Numerator, Denominator *Amount }

// Concept is a coded meaning as a FHIR CodeableConcept has it.
type Concept struct {
	Codings []Coding
	Text    string
}

// Coding is a code of a system with its text.
type Coding struct{ System, Code, Display string }

// Dosage is one dosage instruction: what FHIR R4 calls Dosage, without
// extensions. Numbers keep their digits, so that 1.50 stays 1.50.
type Dosage struct {
	Sequence int // 0 if there is none
	Text     string
	Method   *Concept

	DoseQuantity *Amount
	DoseRange    *Range
	RateRatio    *Ratio
	RateRange    *Range
	RateQuantity *Amount

	Timing *Timing
	Route  *Concept
	Site   *Concept

	AsNeeded    bool
	AsNeededFor *Concept

	MaxPerPeriod         *Ratio
	MaxPerAdministration *Amount
	MaxPerLifetime       *Amount

	Additional []Concept
	Patient    string
}

// Timing is when a dose is taken.
type Timing struct {
	Events []string // dates or times

	BoundsDuration *Amount
	BoundsRange    *Range
	BoundsStart    string
	BoundsEnd      string

	Count, CountMax         *Decimal
	Duration, DurationMax   *Decimal
	DurationUnit            string
	Frequency, FrequencyMax *Decimal
	Period, PeriodMax       *Decimal
	PeriodUnit              string
	Days                    []string
	Times                   []string
	When                    []string
	Offset                  *Decimal // minutes
	Code                    *Concept
}

// ParseDosages reads the dosage instructions of a FHIR JSON document: one
// Dosage, an array of them, a MedicationRequest or MedicationDispense with its
// dosageInstruction, or an object with an array "dosages". The error is an
// Issue with the place.
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
	list, path := n, "Dosage"
	switch {
	case n.kind == '{' && n.get("dosages") != nil:
		list, path = n.get("dosages"), "dosages"
	case n.kind == '{' && n.get("resourceType") != nil:
		if list = n.get("dosageInstruction"); list == nil {
			return nil, nil
		}
		path = n.get("resourceType").str() + ".dosageInstruction"
	case n.kind == '[':
	case n.kind != '{':
		return nil, Issue{Severity: Fatal, Code: CodeOrderSyntax, Offset: int64(n.offset), Err: errors.New("not a dosage instruction")}
	}
	r := &dosageReader{}
	var out []Dosage
	for i, d := range list.items() {
		out = append(out, r.dosage(fmt.Sprintf("%s[%d]", path, i), d))
	}
	if r.err != nil {
		return nil, r.err
	}
	return out, nil
}

// dosageReader turns nodes into a Dosage and keeps the first fault.
type dosageReader struct{ err error }

func (r *dosageReader) fail(path string, n *jsonNode, text string) {
	if r.err == nil {
		r.err = Issue{Severity: Error, Code: CodeOrderSyntax, Path: path, Offset: int64(n.offset), Err: errors.New(text)}
	}
}

func (r *dosageReader) object(path string, n *jsonNode) bool {
	if n == nil {
		return false
	}
	if n.kind != '{' {
		r.fail(path, n, "not an object")
		return false
	}
	return true
}

func (r *dosageReader) number(path string, n *jsonNode) *Decimal {
	if n == nil {
		return nil
	}
	d, ok := n.decimal()
	if !ok {
		r.fail(path, n, "not a number of at most 18 digits")
		return nil
	}
	return &d
}

func (r *dosageReader) amount(path string, n *jsonNode) *Amount {
	if !r.object(path, n) {
		return nil
	}
	a := &Amount{Unit: n.get("unit").str(), System: n.get("system").str(), Code: n.get("code").str()}
	if c := n.get("comparator"); c != nil {
		r.fail(path, c, "a comparator leaves the dose open")
	}
	if v := r.number(path+".value", n.get("value")); v != nil {
		a.Value, a.HasValue = *v, true
	}
	return a
}

func (r *dosageReader) limits(path string, n *jsonNode) *Range {
	if !r.object(path, n) {
		return nil
	}
	return &Range{r.amount(path+".low", n.get("low")), r.amount(path+".high", n.get("high"))}
}

func (r *dosageReader) ratio(path string, n *jsonNode) *Ratio {
	if !r.object(path, n) {
		return nil
	}
	return &Ratio{r.amount(path+".numerator", n.get("numerator")), r.amount(path+".denominator", n.get("denominator"))}
}

func (r *dosageReader) concept(path string, n *jsonNode) *Concept {
	if !r.object(path, n) {
		return nil
	}
	c := &Concept{Text: n.get("text").str()}
	for _, k := range n.get("coding").items() {
		c.Codings = append(c.Codings, Coding{k.get("system").str(), k.get("code").str(), k.get("display").str()})
	}
	return c
}

func (r *dosageReader) strings(path string, n *jsonNode) []string {
	var out []string
	for _, v := range n.items() {
		if v.kind != '"' {
			r.fail(path, v, "not a text")
		}
		out = append(out, v.str())
	}
	return out
}

func (r *dosageReader) dosage(path string, n *jsonNode) Dosage {
	var d Dosage
	if !r.object(path, n) {
		return d
	}
	if s := n.get("sequence"); s != nil {
		v, ok := s.decimal()
		if v = v.Reduced(); !ok || v.scale != 0 || v.coef < 1 || v.coef > 1<<31-1 {
			r.fail(path+".sequence", s, "not a number from 1")
		}
		d.Sequence = int(v.coef)
	}
	d.Text = n.get("text").str()
	d.Method = r.concept(path+".method", n.get("method"))
	rates := n.get("doseAndRate").items()
	if len(rates) > 1 {
		r.fail(path+".doseAndRate", rates[1], "more than one dose and rate")
	}
	if len(rates) > 0 {
		dr, p := rates[0], path+".doseAndRate[0]"
		d.DoseQuantity = r.amount(p+".doseQuantity", dr.get("doseQuantity"))
		d.DoseRange = r.limits(p+".doseRange", dr.get("doseRange"))
		d.RateRatio = r.ratio(p+".rateRatio", dr.get("rateRatio"))
		d.RateRange = r.limits(p+".rateRange", dr.get("rateRange"))
		d.RateQuantity = r.amount(p+".rateQuantity", dr.get("rateQuantity"))
	}
	if t := n.get("timing"); r.object(path+".timing", t) {
		d.Timing = r.timing(path+".timing", t)
	}
	d.Route = r.concept(path+".route", n.get("route"))
	d.Site = r.concept(path+".site", n.get("site"))
	d.AsNeeded = n.get("asNeededBoolean").isTrue()
	d.AsNeededFor = r.concept(path+".asNeededCodeableConcept", n.get("asNeededCodeableConcept"))
	d.MaxPerPeriod = r.ratio(path+".maxDosePerPeriod", n.get("maxDosePerPeriod"))
	d.MaxPerAdministration = r.amount(path+".maxDosePerAdministration", n.get("maxDosePerAdministration"))
	d.MaxPerLifetime = r.amount(path+".maxDosePerLifetime", n.get("maxDosePerLifetime"))
	for i, a := range n.get("additionalInstruction").items() {
		if c := r.concept(fmt.Sprintf("%s.additionalInstruction[%d]", path, i), a); c != nil {
			d.Additional = append(d.Additional, *c)
		}
	}
	d.Patient = n.get("patientInstruction").str()
	return d
}

func (r *dosageReader) timing(path string, n *jsonNode) *Timing {
	t := &Timing{Events: r.strings(path+".event", n.get("event")), Code: r.concept(path+".code", n.get("code"))}
	rep := n.get("repeat")
	path += ".repeat"
	if !r.object(path, rep) {
		return t
	}
	num := func(name string) *Decimal { return r.number(path+"."+name, rep.get(name)) }
	t.BoundsDuration = r.amount(path+".boundsDuration", rep.get("boundsDuration"))
	t.BoundsRange = r.limits(path+".boundsRange", rep.get("boundsRange"))
	t.BoundsStart = rep.path("boundsPeriod", "start").str()
	t.BoundsEnd = rep.path("boundsPeriod", "end").str()
	t.Count, t.CountMax = num("count"), num("countMax")
	t.Duration, t.DurationMax, t.DurationUnit = num("duration"), num("durationMax"), rep.get("durationUnit").str()
	t.Frequency, t.FrequencyMax = num("frequency"), num("frequencyMax")
	t.Period, t.PeriodMax, t.PeriodUnit = num("period"), num("periodMax"), rep.get("periodUnit").str()
	t.Days = r.strings(path+".dayOfWeek", rep.get("dayOfWeek"))
	t.Times = r.strings(path+".timeOfDay", rep.get("timeOfDay"))
	t.When = r.strings(path+".when", rep.get("when"))
	t.Offset = num("offset")
	return t
}
