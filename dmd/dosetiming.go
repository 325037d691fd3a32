package dmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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

// duration shows how long one dose takes.
func (w *doseWriter) duration(t *Timing) string {
	if t.Duration == nil {
		if t.DurationMax != nil || t.DurationUnit != "" {
			return w.refuse("timing.repeat.duration", "there is no duration")
		}
		return ""
	}
	if t.Duration.Sign() <= 0 {
		return w.refuse("timing.repeat.duration", "the duration is not above zero")
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
	case !w.times("timing.repeat.frequency", f) || !w.times("timing.repeat.frequencyMax", most):
		return ""
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

// times refuses a number of times that is not a whole number from one.
func (w *doseWriter) times(element string, n *Decimal) bool {
	if n != nil && (n.Sign() <= 0 || n.Reduced().scale != 0) {
		w.refuse(element, "not a whole number of times")
		return false
	}
	return true
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
	for _, word := range words {
		if !strings.HasPrefix(word, "before ") && !strings.HasPrefix(word, "after ") {
			return w.refuse("timing.repeat.offset", "the event does not say whether the time is before or after it")
		}
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
		if slices.Contains(days, day) {
			return w.refuse(fmt.Sprintf("timing.repeat.dayOfWeek[%d]", i), "the day is there twice")
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

// bounds shows how long the dosage goes on.
func (w *doseWriter) bounds(t *Timing) string {
	isPeriod := t.BoundsStart != "" || t.BoundsEnd != ""
	switch {
	case t.BoundsDuration != nil && t.BoundsRange != nil, isPeriod && (t.BoundsDuration != nil || t.BoundsRange != nil):
		return w.refuse("timing.repeat", "more than one of the bounds")
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
		if !w.ordered(el, t.BoundsRange) {
			return ""
		}
		if low.Unit == high.Unit {
			return "for " + num(low.Value) + " to " + span(high)
		}
		return "for " + span(low) + " to " + span(high)
	case isPeriod:
		start, end := w.date("timing.repeat.boundsPeriod.start", t.BoundsStart), w.date("timing.repeat.boundsPeriod.end", t.BoundsEnd)
		switch {
		case t.BoundsEnd == "":
			return "from " + start
		case t.BoundsStart == "":
			return "until " + end
		case dayOf(t.BoundsStart) > dayOf(t.BoundsEnd):
			return w.refuse("timing.repeat.boundsPeriod", "the end is before the start")
		}
		return "from " + start + " to " + end
	}
	return ""
}

func span(a *Amount) string { return num(a.Value) + " " + plural(a.Value, a.Unit) }

// dayOf returns the YYYY-MM-DD of a date or time.
func dayOf(s string) string { return s[:min(len(s), 10)] }

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
	if !w.times("timing.repeat.count", t.Count) || !w.times("timing.repeat.countMax", t.CountMax) {
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

// events shows the days on which doses are given.
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
