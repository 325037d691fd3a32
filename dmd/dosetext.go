package dmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Style is a way of saying a dosage in words.
type Style uint8

const (
	// StyleEPS is the wording of the Electronic Prescription Service: "take" before
	// a count, "and" before the last of several times, patient instructions last.
	StyleEPS Style = iota
	// Style2025 is that of the implementation guide for dose to text of March
	// 2025: no "take", no "and" between events of the day, halves and quarters in
	// words for units that are counted, no patient instructions, and no range
	// without an upper end.
	Style2025
)

// Refusal says why a dosage is not put into words: something is missing or cannot
// be said without risk of being misread.
type Refusal struct {
	Path   string // of the element, such as "Dosage[1].timing.repeat.periodUnit"
	Reason string
}

func (r *Refusal) Error() string { return r.Path + ": " + r.Reason }

// DoseText says dosage instructions in words. Several are told apart by their
// sequence: those of the same number apply together, those of the next number
// then. It refuses, with a *Refusal, what is incomplete or unsafe to render.
// Numbers are compared by value, so that 1.0 is one, and are shown as they were
// written, without zeros that do not count.
func DoseText(style Style, dosages []Dosage) (string, error) {
	w := &doseWriter{style: style}
	switch len(dosages) {
	case 0:
		return "", nil
	case 1:
		return w.one("Dosage", &dosages[0]), w.err()
	}
	order := make([]int, len(dosages))
	for i := range dosages {
		order[i] = i
		if dosages[i].Sequence == 0 {
			return "", &Refusal{fmt.Sprintf("Dosage[%d].sequence", i), "several dosages need a sequence each"}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return dosages[a].Sequence - dosages[b].Sequence })
	var b strings.Builder
	for n, i := range order {
		switch {
		case n == 0:
		case dosages[order[n-1]].Sequence == dosages[i].Sequence:
			b.WriteString(", and ")
		default:
			b.WriteString(", then ")
		}
		b.WriteString(w.one(fmt.Sprintf("Dosage[%d]", i), &dosages[i]))
	}
	return b.String(), w.err()
}

// doseWriter renders and keeps the first reason for a refusal.
type doseWriter struct {
	style   Style
	path    string
	refusal *Refusal
}

func (w *doseWriter) err() error {
	if w.refusal == nil {
		return nil
	}
	return w.refusal
}

func (w *doseWriter) refuse(element, format string, args ...any) string {
	if w.refusal == nil {
		w.refusal = &Refusal{w.path + "." + element, fmt.Sprintf(format, args...)}
	}
	return ""
}

// one renders one dosage: its parts in the order of the guide, those that are
// empty left out.
func (w *doseWriter) one(path string, d *Dosage) string {
	w.path = path
	t := d.Timing
	if t == nil {
		t = &Timing{}
	}
	method := w.concept("method", d.Method)
	dose := w.dose(d)
	if method != "" && dose != "" {
		method += " " + dose
	} else {
		method += dose
	}
	parts := []string{
		method,
		w.rate(d),
		w.duration(t),
		w.frequency(t),
		w.when(t),
		w.daysAndTimes(t),
		w.concept("route", d.Route),
		w.concept("site", d.Site),
		w.asNeeded(d),
		w.bounds(t),
		w.count(t),
		w.events(t),
		w.maxPerPeriod(d.MaxPerPeriod),
		w.maximum("maxDosePerAdministration", d.MaxPerAdministration, " per dose"),
		w.maximum("maxDosePerLifetime", d.MaxPerLifetime, " for the lifetime of the patient"),
		w.additional(d),
	}
	if t.Code != nil && strings.Join([]string{w.frequency(t), w.when(t), w.daysAndTimes(t), w.events(t), w.count(t)}, "") == "" {
		w.refuse("timing.code", "the timing is in a code alone")
	}
	if w.style == StyleEPS {
		parts = append(parts, d.Patient)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if w.refusal != nil {
		return ""
	}
	return strings.Join(parts, " - ")
}

// num shows a number without zeros that do not count.
func num(d Decimal) string { return d.Reduced().String() }

func isOne(d Decimal) bool { return d.Cmp(NewDecimal(1, 0)) == 0 }
func isTwo(d Decimal) bool { return d.Cmp(NewDecimal(2, 0)) == 0 }

// concept shows what a concept means.
func (w *doseWriter) concept(element string, c *Concept) string {
	if c == nil {
		return ""
	}
	var shown []string
	for i, k := range c.Codings {
		switch {
		case k.Display != "":
			shown = append(shown, k.Display)
		case c.Text == "":
			return w.refuse(fmt.Sprintf("%s.coding[%d].display", element, i), "a code without its text")
		}
	}
	switch {
	case len(shown) == 0:
		return c.Text
	case len(shown) == 1 || w.style == Style2025:
		return shown[0] // further codings say the same in other systems
	}
	return list(slices.Compact(shown))
}

// list joins as "a, b and c".
func list(items []string) string {
	if n := len(items); n > 1 {
		return strings.Join(items[:n-1], ", ") + " and " + items[n-1]
	}
	return strings.Join(items, "")
}

// dose shows the amount of one dose.
func (w *doseWriter) dose(d *Dosage) string {
	switch {
	case d.DoseQuantity != nil && d.DoseRange != nil:
		return w.refuse("doseAndRate", "both a quantity and a range")
	case d.DoseQuantity != nil:
		return w.amount("doseAndRate.doseQuantity", d.DoseQuantity)
	case d.DoseRange != nil:
		return w.limits("doseAndRate.doseRange", d.DoseRange)
	}
	return ""
}

// check refuses an amount without a value or unit.
func (w *doseWriter) check(element string, a *Amount) bool {
	switch {
	case !a.HasValue:
		w.refuse(element+".value", "there is no number")
	case a.Value.Sign() < 0:
		w.refuse(element+".value", "the number is below zero")
	case a.Unit == "":
		w.refuse(element+".unit", "there is no unit")
	default:
		return true
	}
	return false
}

func (w *doseWriter) amount(element string, a *Amount) string {
	if !w.check(element, a) {
		return ""
	}
	if w.style == Style2025 {
		if startsWithDigit(a.Unit) { // "2 x 5ml spoonful"
			return num(a.Value) + " x " + a.Unit
		}
		if text, ok := fractionWords(a); ok {
			return text
		}
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
		return "at least " + num(r.Low.Value) + " " + r.Low.Unit
	case r.Low == nil:
		if !w.check(element+".high", r.High) {
			return ""
		}
		return "up to " + num(r.High.Value) + " " + r.High.Unit
	}
	if !w.check(element+".low", r.Low) || !w.check(element+".high", r.High) {
		return ""
	}
	if r.Low.Unit == r.High.Unit {
		if r.Low.Value.Cmp(r.High.Value) > 0 {
			return w.refuse(element, "the lower end is above the upper")
		}
		return num(r.Low.Value) + " to " + num(r.High.Value) + " " + r.High.Unit
	}
	return num(r.Low.Value) + " " + r.Low.Unit + " to " + num(r.High.Value) + " " + r.High.Unit
}

// rate shows how fast a dose is given.
func (w *doseWriter) rate(d *Dosage) string {
	const at = "at a rate of "
	switch {
	case d.RateRatio != nil:
		const el = "doseAndRate.rateRatio"
		r := d.RateRatio
		if r.Numerator == nil || r.Denominator == nil {
			return w.refuse(el, "half of a ratio")
		}
		if !w.check(el+".numerator", r.Numerator) || !w.check(el+".denominator", r.Denominator) {
			return ""
		}
		text := at + num(r.Numerator.Value) + " " + r.Numerator.Unit
		if isOne(r.Denominator.Value) {
			return text + " per " + r.Denominator.Unit
		}
		return text + " every " + num(r.Denominator.Value) + " " + plural(r.Denominator.Value, r.Denominator.Unit)
	case d.RateRange != nil:
		if text := w.limits("doseAndRate.rateRange", d.RateRange); text != "" {
			return at + text
		}
	case d.RateQuantity != nil:
		const el = "doseAndRate.rateQuantity"
		if w.check(el, d.RateQuantity) {
			return at + num(d.RateQuantity.Value) + " " + d.RateQuantity.Unit
		}
	}
	return ""
}

// plural puts a unit of time in the plural for any number but one. Other units
// stay as they are.
func plural(n Decimal, unit string) string {
	if isOne(n) {
		return unit
	}
	switch unit {
	case "second", "minute", "hour", "day", "week", "month", "year":
		return unit + "s"
	}
	return unit
}

// timeUnit is the word for a code of a unit of time.
func timeUnit(code string) string {
	switch code {
	case "s":
		return "second"
	case "min":
		return "minute"
	case "h":
		return "hour"
	case "d":
		return "day"
	case "wk":
		return "week"
	case "mo":
		return "month"
	case "a":
		return "year"
	}
	return ""
}

func (w *doseWriter) timeUnit(element, code string) string {
	if code == "" {
		return w.refuse(element, "there is no unit of time")
	}
	if unit := timeUnit(code); unit != "" {
		return unit
	}
	return w.refuse(element, "not a unit of time")
}

func (w *doseWriter) duration(t *Timing) string {
	if t.Duration == nil {
		if t.DurationMax != nil {
			return w.refuse("timing.repeat.duration", "a longest duration without a usual one")
		}
		return ""
	}
	unit := w.timeUnit("timing.repeat.durationUnit", t.DurationUnit)
	text := "over " + num(*t.Duration) + " " + plural(*t.Duration, unit)
	if t.DurationMax != nil {
		if t.Duration.Cmp(*t.DurationMax) > 0 {
			return w.refuse("timing.repeat.durationMax", "the longest duration is below the usual one")
		}
		text += " (maximum " + num(*t.DurationMax) + " " + plural(*t.DurationMax, unit) + ")"
	}
	return text
}

// frequency shows how often: "daily", "once an hour", "3 times every 4 hours".
func (w *doseWriter) frequency(t *Timing) string {
	f, most := t.Frequency, t.FrequencyMax
	switch {
	case f != nil && f.Sign() <= 0:
		return w.refuse("timing.repeat.frequency", "the frequency is not above zero")
	case f == nil && most == nil:
		if t.Period == nil {
			if t.PeriodMax != nil || t.PeriodUnit != "" {
				return w.refuse("timing.repeat.period", "there is no period")
			}
			return ""
		}
		if isOne(*t.Period) {
			return w.adverb(t)
		}
		return w.period(t)
	case f != nil && most == nil && isOne(*f):
		switch {
		case t.Period == nil:
			return "once" + w.noPeriod(t)
		case isOne(*t.Period) && t.PeriodMax == nil:
			return "once " + w.period(t)
		}
		return w.period(t)
	case f != nil && most == nil && isTwo(*f):
		return join("twice", w.periodIfAny(t))
	case most == nil:
		return join(num(*f)+" times", w.periodIfAny(t))
	case f == nil:
		return join("up to "+num(*most)+" times", w.periodIfAny(t))
	}
	if f.Cmp(*most) > 0 {
		return w.refuse("timing.repeat.frequencyMax", "the highest frequency is below the lowest")
	}
	return join(num(*f)+" to "+num(*most)+" times", w.periodIfAny(t))
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}

// adverb shows a period of one without a frequency.
func (w *doseWriter) adverb(t *Timing) string {
	if t.PeriodMax != nil {
		return w.refuse("timing.repeat.periodMax", "a longest period without a frequency")
	}
	switch w.timeUnit("timing.repeat.periodUnit", t.PeriodUnit) {
	case "second":
		return "every second"
	case "minute":
		return "every minute"
	case "hour":
		return "hourly"
	case "day":
		return "daily"
	case "week":
		return "weekly"
	case "month":
		return "monthly"
	case "year":
		return "annually"
	}
	return ""
}

func (w *doseWriter) noPeriod(t *Timing) string {
	if t.PeriodMax != nil || t.PeriodUnit != "" {
		w.refuse("timing.repeat.period", "there is no period")
	}
	return ""
}

func (w *doseWriter) periodIfAny(t *Timing) string {
	if t.Period == nil {
		return w.noPeriod(t)
	}
	return w.period(t)
}

// period shows "a day", "an hour", "every 8 hours", "every 1 to 2 hours".
func (w *doseWriter) period(t *Timing) string {
	unit := w.timeUnit("timing.repeat.periodUnit", t.PeriodUnit)
	switch {
	case t.Period.Sign() <= 0:
		return w.refuse("timing.repeat.period", "the period is not above zero")
	case t.PeriodMax != nil && t.Period.Cmp(*t.PeriodMax) > 0:
		return w.refuse("timing.repeat.periodMax", "the longest period is below the shortest")
	case t.PeriodMax != nil:
		return "every " + num(*t.Period) + " to " + num(*t.PeriodMax) + " " + plural(*t.PeriodMax, unit)
	case !isOne(*t.Period):
		return "every " + num(*t.Period) + " " + plural(*t.Period, unit)
	case unit == "hour":
		return "an hour"
	}
	return "a " + unit
}

// eventWords are the events of the day (FHIR EventTiming).
func eventWords(code string) string {
	switch code {
	case "MORN":
		return "during the morning"
	case "MORN.early":
		return "during the early morning"
	case "MORN.late":
		return "during the late morning"
	case "NOON":
		return "around 12:00pm"
	case "AFT":
		return "during the afternoon"
	case "AFT.early":
		return "during the early afternoon"
	case "AFT.late":
		return "during the late afternoon"
	case "EVE":
		return "during the evening"
	case "EVE.early":
		return "during the early evening"
	case "EVE.late":
		return "during the late evening"
	case "NIGHT":
		return "during the night"
	case "PHS":
		return "once asleep"
	case "HS":
		return "before sleep"
	case "WAKE":
		return "upon waking"
	case "C":
		return "at a meal"
	case "CM":
		return "at breakfast"
	case "CD":
		return "at lunch"
	case "CV":
		return "at dinner"
	case "AC":
		return "before a meal"
	case "ACM":
		return "before breakfast"
	case "ACD":
		return "before lunch"
	case "ACV":
		return "before dinner"
	case "PC":
		return "after a meal"
	case "PCM":
		return "after breakfast"
	case "PCD":
		return "after lunch"
	case "PCV":
		return "after dinner"
	}
	return ""
}

// when shows events of the day, with the time before or after them.
func (w *doseWriter) when(t *Timing) string {
	if len(t.When) == 0 {
		if t.Offset != nil {
			return w.refuse("timing.repeat.when", "an offset without an event")
		}
		return ""
	}
	var words []string
	for i, code := range t.When {
		word := eventWords(code)
		if word == "" {
			return w.refuse(fmt.Sprintf("timing.repeat.when[%d]", i), "not an event of the day")
		}
		words = append(words, word)
	}
	text := list(words)
	if w.style == Style2025 {
		text = strings.Join(words, ", ")
	}
	if t.Offset == nil || t.Offset.Sign() == 0 {
		return text
	}
	m := t.Offset.Reduced()
	if m.scale != 0 || m.coef < 0 {
		return w.refuse("timing.repeat.offset", "not a whole number of minutes")
	}
	n, unit := m.coef, "minute"
	switch {
	case n%(24*60) == 0:
		n, unit = n/(24*60), "day"
	case n%60 == 0:
		n, unit = n/60, "hour"
	}
	return num(NewDecimal(n, 0)) + " " + plural(NewDecimal(n, 0), unit) + " " + text
}

func dayName(code string) string {
	switch code {
	case "mon":
		return "Monday"
	case "tue":
		return "Tuesday"
	case "wed":
		return "Wednesday"
	case "thu":
		return "Thursday"
	case "fri":
		return "Friday"
	case "sat":
		return "Saturday"
	case "sun":
		return "Sunday"
	}
	return ""
}

// daysAndTimes shows "on Monday at 12:00".
func (w *doseWriter) daysAndTimes(t *Timing) string {
	var days, times []string
	for i, code := range t.Days {
		day := dayName(code)
		if day == "" {
			return w.refuse(fmt.Sprintf("timing.repeat.dayOfWeek[%d]", i), "not a day of the week")
		}
		days = append(days, day)
	}
	for i, s := range t.Times {
		clock, ok := clockTime(s)
		if !ok {
			return w.refuse(fmt.Sprintf("timing.repeat.timeOfDay[%d]", i), "not a time of the day")
		}
		times = append(times, clock)
	}
	on, at := "", ""
	if len(days) > 0 {
		on = "on " + list(days)
	}
	if len(times) > 0 {
		at = "at " + list(times)
	}
	return strings.TrimSpace(on + " " + at)
}

// clockTime reads HH:MM, HH:MM:SS or with fractions of a second; seconds are
// shown only if there are some, fractions never.
func clockTime(s string) (string, bool) {
	whole, _, _ := strings.Cut(s, ".")
	part := strings.Split(whole, ":")
	if len(part) != 2 && len(part) != 3 {
		return "", false
	}
	most := []int{23, 59, 59}
	for i, p := range part {
		n, err := strconv.Atoi(p)
		if err != nil || len(p) != 2 || n < 0 || n > most[i] {
			return "", false
		}
	}
	if len(part) == 3 && part[2] != "00" {
		return whole, true
	}
	return whole[:5], true
}

func (w *doseWriter) asNeeded(d *Dosage) string {
	if d.AsNeededFor != nil {
		if text := w.concept("asNeededCodeableConcept", d.AsNeededFor); text != "" {
			return "as required for " + text
		}
		return w.refuse("asNeededCodeableConcept", "a reason without text")
	}
	if d.AsNeeded {
		return "as required"
	}
	return ""
}

// bounds shows how long the dosage goes on.
func (w *doseWriter) bounds(t *Timing) string {
	switch {
	case t.BoundsDuration != nil:
		const el = "timing.repeat.boundsDuration"
		if !w.check(el, t.BoundsDuration) {
			return ""
		}
		return "for " + span(t.BoundsDuration)
	case t.BoundsRange != nil:
		const el = "timing.repeat.boundsRange"
		low, high := t.BoundsRange.Low, t.BoundsRange.High
		switch {
		case low == nil && high == nil:
			return w.refuse(el, "a range without ends")
		case low == nil:
			if !w.check(el+".high", high) {
				return ""
			}
			return "for up to " + span(high)
		case high == nil:
			if !w.check(el+".low", low) {
				return ""
			}
			return "for at least " + span(low)
		}
		if !w.check(el+".low", low) || !w.check(el+".high", high) {
			return ""
		}
		if low.Unit == high.Unit {
			return "for " + num(low.Value) + " to " + span(high)
		}
		return "for " + span(low) + " to " + span(high)
	case t.BoundsStart != "" || t.BoundsEnd != "":
		start, end := w.date("timing.repeat.boundsPeriod.start", t.BoundsStart), w.date("timing.repeat.boundsPeriod.end", t.BoundsEnd)
		switch {
		case t.BoundsEnd == "":
			return "from " + start
		case t.BoundsStart == "":
			return "until " + end
		}
		return "from " + start + " to " + end
	}
	return ""
}

func span(a *Amount) string { return num(a.Value) + " " + plural(a.Value, a.Unit) }

// date shows the day of a date or time as DD/MM/YYYY.
func (w *doseWriter) date(element, s string) string {
	if s == "" {
		return ""
	}
	day, rest := s, ""
	if i := strings.IndexByte(s, 'T'); i >= 0 {
		day, rest = s[:i], s[i+1:]
	}
	d, err := ParseDate(day)
	if err != nil {
		return w.refuse(element, "not a full date")
	}
	if rest != "" {
		clock := rest
		if i := strings.IndexAny(clock, "Z+-"); i >= 0 {
			clock = clock[:i]
		}
		if _, ok := clockTime(clock); !ok {
			return w.refuse(element, "not a time")
		}
	}
	text := d.String()
	return text[8:] + "/" + text[5:7] + "/" + text[:4]
}

// count shows how many times in all.
func (w *doseWriter) count(t *Timing) string {
	if t.Count == nil && t.CountMax == nil {
		return ""
	}
	text := ""
	switch {
	case t.Count == nil:
		text = "up to " + num(*t.CountMax) + " times"
	case t.CountMax != nil && t.Count.Cmp(*t.CountMax) > 0:
		return w.refuse("timing.repeat.countMax", "the highest count is below the lowest")
	case t.CountMax != nil:
		text = num(*t.Count) + " to " + num(*t.CountMax) + " times"
	case isOne(*t.Count):
		text = "once"
	case isTwo(*t.Count):
		text = "twice"
	default:
		text = num(*t.Count) + " times"
	}
	if w.style == StyleEPS {
		return "take " + text
	}
	return text
}

func (w *doseWriter) events(t *Timing) string {
	var days []string
	for i, e := range t.Events {
		days = append(days, w.date(fmt.Sprintf("timing.event[%d]", i), e))
	}
	if len(days) == 0 {
		return ""
	}
	return "on " + list(days)
}

func (w *doseWriter) maxPerPeriod(r *Ratio) string {
	if r == nil {
		return ""
	}
	const el = "maxDosePerPeriod"
	if r.Numerator == nil || r.Denominator == nil {
		return w.refuse(el, "half of a ratio")
	}
	if !w.check(el+".numerator", r.Numerator) || !w.check(el+".denominator", r.Denominator) {
		return ""
	}
	if r.Denominator.Value.Sign() == 0 {
		return w.refuse(el+".denominator.value", "the period is zero")
	}
	return "up to a maximum of " + num(r.Numerator.Value) + " " + r.Numerator.Unit + " in " + span(r.Denominator)
}

func (w *doseWriter) maximum(element string, a *Amount, what string) string {
	if a == nil || !w.check(element, a) {
		return ""
	}
	return "up to a maximum of " + num(a.Value) + " " + a.Unit + what
}

func (w *doseWriter) additional(d *Dosage) string {
	var out []string
	for i := range d.Additional {
		element := fmt.Sprintf("additionalInstruction[%d]", i)
		text := w.concept(element, &d.Additional[i])
		if text == "" {
			w.refuse(element, "an instruction without text")
		}
		out = append(out, text)
	}
	return list(out)
}
