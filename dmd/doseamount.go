package dmd

import (
	"slices"
	"strconv"
	"strings"
)

// dose shows the amount of one dose.
func (w *doseWriter) dose(d *Dosage) string {
	switch {
	case d.DoseQuantity != nil && d.DoseRange != nil:
		return w.refuse("doseAndRate[0]", "both a dose and a range of doses")
	case d.DoseQuantity != nil:
		return w.amount("doseAndRate[0].doseQuantity", d.DoseQuantity)
	case d.DoseRange != nil:
		return w.limits("doseAndRate[0].doseRange", d.DoseRange)
	}
	return ""
}

// check refuses an amount of nothing, without a number or unit, or of which the
// unit in words is another than the one in code. The low end of a range may be
// zero.
func (w *doseWriter) check(element string, a *Amount) bool {
	isLow := strings.HasSuffix(element, ".low")
	switch {
	case !a.HasValue:
		w.refuse(element+".value", "there is no number")
	case a.Value.Sign() < 0:
		w.refuse(element+".value", "the number is below zero")
	case a.Value.Sign() == 0 && !isLow:
		w.refuse(element+".value", "the number is zero")
	case strings.TrimSpace(a.Unit) == "":
		w.refuse(element+".unit", "there is no unit")
	case misread(a.Unit):
		w.refuse(element+".unit", "an abbreviation that is misread: microgram and unit are written in full")
	case unitsDiffer(a):
		w.refuse(element+".unit", "the unit in words is not that of the code")
	default:
		return true
	}
	return false
}

// misread reports whether a unit has an abbreviation in it that handwriting and haste
// turn into another: micrograms into milligrams, U into a nought.
func misread(unit string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(fold(unit), func(r rune) bool { return r == ' ' || r == '/' }), func(word string) bool {
		switch word {
		case "mcg", "mcgs", "ug", "u", "iu", "i.u.", "ius":
			return true
		}
		return false
	})
}

// unitsDiffer reports whether the words and the code of a unit are both known and
// not of the same unit.
func unitsDiffer(a *Amount) bool {
	words, ok1 := measureOfUnit(a.Unit)
	code, ok2 := a.codeMeasure()
	return ok1 && ok2 && !words.equal(code)
}

// amount shows a number with its unit.
func (w *doseWriter) amount(element string, a *Amount) string {
	if !w.check(element, a) {
		return ""
	}
	if w.style == Style2025 && !startsWithDigit(a.Unit) {
		if text, ok := fractionWords(a); ok {
			return text
		}
	}
	return counted(a)
}

// counted shows a number and its unit. A unit that begins with a number keeps apart
// from it: "2 x 5ml spoonful" and not "2 5ml", which could be 25.
func counted(a *Amount) string {
	if startsWithDigit(a.Unit) {
		return num(a.Value) + " x " + a.Unit
	}
	return num(a.Value) + " " + a.Unit
}

func startsWithDigit(s string) bool { return s != "" && isDigit(s[0]) }

// fractionWords says halves and quarters of things that are counted.
func fractionWords(a *Amount) (string, bool) {
	d := a.Value.Reduced()
	if d.scale == 0 || isMeasure(a) {
		return "", false
	}
	unit := int64(1)
	for range d.scale {
		unit *= 10
	}
	whole, rest := d.coef/unit, d.coef%unit*100/unit
	if d.scale > 2 {
		return "", false
	}
	part := ""
	switch rest {
	case 25:
		part = "a quarter"
	case 50:
		part = "a half"
	case 75:
		part = "three quarters"
	default:
		return "", false
	}
	if whole > 0 {
		return strconv.FormatInt(whole, 10) + " and " + part + " " + a.Unit, true
	}
	switch part {
	case "a half":
		return "half " + withArticle(a.Unit), true
	}
	return part + " of " + withArticle(a.Unit), true
}

// withArticle puts "a" or "an" before a unit.
func withArticle(unit string) string {
	if strings.ContainsRune("aeioAEIO", rune(unit[0])) { // u as in "unit"
		return "an " + unit
	}
	return "a " + unit
}

// isMeasure reports whether an amount is of a unit of mass, volume and the like,
// whose decimals are read as such.
func isMeasure(a *Amount) bool {
	if strings.HasSuffix(a.System, "unitsofmeasure.org") {
		return true
	}
	if _, ok := unitOf(stem(strings.ToLower(a.Unit))); ok {
		return true
	}
	_, ok := doseUnit(a.Code)
	return ok
}

// limits shows a range. What has no upper end is not safe to give as a dose; the
// older style shows it all the same.
func (w *doseWriter) limits(element string, r *Range) string {
	switch {
	case r.Low == nil && r.High == nil:
		return w.refuse(element, "a range without ends")
	case r.High == nil:
		if !w.check(element+".low", r.Low) {
			return ""
		}
		if w.style == Style2025 {
			return w.refuse(element+".high", "a range without an upper end is not safe")
		}
		return "at least " + counted(r.Low)
	case r.Low == nil:
		if !w.check(element+".high", r.High) {
			return ""
		}
		return "up to " + counted(r.High)
	}
	if !w.check(element+".low", r.Low) || !w.check(element+".high", r.High) {
		return ""
	}
	if !w.ordered(element, r) {
		return ""
	}
	if r.Low.Unit == r.High.Unit {
		return num(r.Low.Value) + " to " + counted(r.High)
	}
	return counted(r.Low) + " to " + counted(r.High)
}

// ordered refuses a range that goes down, in whatever units, or whose ends measure
// different things.
func (w *doseWriter) ordered(element string, r *Range) bool {
	switch compareAmounts(r.Low, r.High) {
	case above:
		w.refuse(element, "the lower end is above the upper")
		return false
	case otherKind:
		w.refuse(element, "the ends do not measure the same thing")
		return false
	}
	return true
}

// rate shows how fast a dose is given.
func (w *doseWriter) rate(d *Dosage) string {
	const at = "at a rate of "
	rates := 0
	for _, is := range []bool{d.RateRatio != nil, d.RateRange != nil, d.RateQuantity != nil} {
		if is {
			rates++
		}
	}
	switch {
	case rates > 1:
		return w.refuse("doseAndRate[0]", "more than one rate")
	case d.RateRatio != nil:
		const el = "doseAndRate[0].rateRatio"
		r := d.RateRatio
		if r.Numerator == nil || r.Denominator == nil {
			return w.refuse(el, "half of a ratio")
		}
		if !w.check(el+".numerator", r.Numerator) || !w.check(el+".denominator", r.Denominator) {
			return ""
		}
		text := at + counted(r.Numerator)
		if isOne(r.Denominator.Value) {
			return text + " per " + r.Denominator.Unit
		}
		return text + " every " + num(r.Denominator.Value) + " " + plural(r.Denominator.Value, r.Denominator.Unit)
	case d.RateRange != nil:
		if text := w.limits("doseAndRate[0].rateRange", d.RateRange); text != "" {
			return at + text
		}
	case d.RateQuantity != nil:
		const el = "doseAndRate[0].rateQuantity"
		if w.check(el, d.RateQuantity) {
			return at + counted(d.RateQuantity)
		}
	}
	return ""
}

// maxPerPeriod shows how much may be given in a time.
func (w *doseWriter) maxPerPeriod(d *Dosage) string {
	r := d.MaxPerPeriod
	if r == nil {
		return ""
	}
	const el = "maxDosePerPeriod"
	if r.Numerator == nil || r.Denominator == nil {
		return w.refuse(el, "half of a ratio")
	}
	if !w.check(el+".numerator", r.Numerator) || !w.check(el+".denominator", r.Denominator) || !w.within(el, d, r.Numerator) {
		return ""
	}
	return "up to a maximum of " + counted(r.Numerator) + " in " + span(r.Denominator)
}

// maximum shows another upper limit.
func (w *doseWriter) maximum(element string, d *Dosage, a *Amount, what string) string {
	if a == nil || !w.check(element, a) || !w.within(element, d, a) {
		return ""
	}
	return "up to a maximum of " + counted(a) + what
}

// within refuses a maximum below a single dose. The published cases of the older
// style have such a one, which is shown.
func (w *doseWriter) within(element string, d *Dosage, most *Amount) bool {
	if w.style == StyleEPS {
		return true
	}
	dose := d.DoseQuantity
	if r := d.DoseRange; r != nil {
		if dose = r.High; dose == nil {
			dose = r.Low
		}
	}
	if dose != nil && dose.HasValue && compareAmounts(dose, most) == above {
		w.refuse(element, "one dose is above the maximum")
		return false
	}
	return true
}
