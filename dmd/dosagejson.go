package dmd

import "strconv"

// objectWriter appends the members of a JSON object.
type objectWriter struct {
	b     []byte
	first bool
}

func (w *objectWriter) open()  { w.b, w.first = append(w.b, '{'), true }
func (w *objectWriter) close() { w.b, w.first = append(w.b, '}'), false }

func (w *objectWriter) name(s string) {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
	w.b = append(appendJSONString(w.b, s), ':')
}

func (w *objectWriter) str(name, v string) {
	if v != "" {
		w.name(name)
		w.b = appendJSONString(w.b, v)
	}
}

func (w *objectWriter) num(name string, d *Decimal) {
	if d != nil {
		w.name(name)
		w.b, _ = d.AppendText(w.b)
	}
}

func (w *objectWriter) strings(name string, vs []string) {
	if len(vs) == 0 {
		return
	}
	w.name(name)
	w.b = append(w.b, '[')
	for i, v := range vs {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = appendJSONString(w.b, v)
	}
	w.b = append(w.b, ']')
}

func (w *objectWriter) amount(name string, a *Amount) {
	if a != nil {
		w.name(name)
		w.b = a.appendJSON(w.b)
	}
}

func (a *Amount) appendJSON(b []byte) []byte {
	w := objectWriter{b: b}
	w.open()
	if a.HasValue {
		w.num("value", &a.Value)
	}
	w.str("unit", a.Unit)
	w.str("system", a.System)
	w.str("code", a.Code)
	w.close()
	return w.b
}

func (w *objectWriter) limits(name string, r *Range) {
	if r != nil {
		w.name(name)
		w.open()
		w.amount("low", r.Low)
		w.amount("high", r.High)
		w.close()
	}
}

func (w *objectWriter) ratio(name string, r *Ratio) {
	if r != nil {
		w.name(name)
		w.open()
		w.amount("numerator", r.Numerator)
		w.amount("denominator", r.Denominator)
		w.close()
	}
}

func (w *objectWriter) concept(name string, c *Concept) {
	if c != nil {
		w.name(name)
		w.b = c.appendJSON(w.b)
	}
}

func (c *Concept) appendJSON(b []byte) []byte {
	w := objectWriter{b: b}
	w.open()
	if len(c.Codings) > 0 {
		w.name("coding")
		w.b = append(w.b, '[')
		for i, k := range c.Codings {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = k.appendJSON(w.b)
		}
		w.b = append(w.b, ']')
	}
	w.str("text", c.Text)
	w.close()
	return w.b
}

func (k Coding) appendJSON(b []byte) []byte {
	w := objectWriter{b: b}
	w.open()
	w.str("system", k.System)
	w.str("code", k.Code)
	w.str("display", k.Display)
	w.close()
	return w.b
}

// AppendJSON appends the dosage as a FHIR R4 Dosage. Numbers keep their digits.
func (d *Dosage) AppendJSON(b []byte) []byte {
	w := objectWriter{b: b}
	w.open()
	if d.Sequence > 0 {
		w.name("sequence")
		w.b = strconv.AppendInt(w.b, int64(d.Sequence), 10)
	}
	w.str("text", d.Text)
	if len(d.Additional) > 0 {
		w.name("additionalInstruction")
		w.b = append(w.b, '[')
		for i := range d.Additional {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = d.Additional[i].appendJSON(w.b)
		}
		w.b = append(w.b, ']')
	}
	w.str("patientInstruction", d.Patient)
	if d.Timing != nil {
		w.name("timing")
		d.Timing.append(&w)
	}
	switch {
	case d.AsNeededFor != nil:
		w.concept("asNeededCodeableConcept", d.AsNeededFor)
	case d.AsNeeded:
		w.name("asNeededBoolean")
		w.b = append(w.b, "true"...)
	}
	w.concept("site", d.Site)
	w.concept("route", d.Route)
	w.concept("method", d.Method)
	if d.DoseType != nil || d.DoseQuantity != nil || d.DoseRange != nil || d.RateRatio != nil || d.RateRange != nil || d.RateQuantity != nil {
		w.name("doseAndRate")
		w.b = append(w.b, '[')
		w.open()
		w.concept("type", d.DoseType)
		w.limits("doseRange", d.DoseRange)
		w.amount("doseQuantity", d.DoseQuantity)
		w.ratio("rateRatio", d.RateRatio)
		w.limits("rateRange", d.RateRange)
		w.amount("rateQuantity", d.RateQuantity)
		w.close()
		w.b = append(w.b, ']')
	}
	w.ratio("maxDosePerPeriod", d.MaxPerPeriod)
	w.amount("maxDosePerAdministration", d.MaxPerAdministration)
	w.amount("maxDosePerLifetime", d.MaxPerLifetime)
	w.close()
	return w.b
}

func (t *Timing) append(w *objectWriter) {
	w.open()
	w.strings("event", t.Events)
	w.name("repeat")
	w.open()
	w.amount("boundsDuration", t.BoundsDuration)
	w.limits("boundsRange", t.BoundsRange)
	if t.BoundsStart != "" || t.BoundsEnd != "" {
		w.name("boundsPeriod")
		w.open()
		w.str("start", t.BoundsStart)
		w.str("end", t.BoundsEnd)
		w.close()
	}
	w.num("count", t.Count)
	w.num("countMax", t.CountMax)
	w.num("duration", t.Duration)
	w.num("durationMax", t.DurationMax)
	w.str("durationUnit", t.DurationUnit)
	w.num("frequency", t.Frequency)
	w.num("frequencyMax", t.FrequencyMax)
	w.num("period", t.Period)
	w.num("periodMax", t.PeriodMax)
	w.str("periodUnit", t.PeriodUnit)
	w.strings("dayOfWeek", t.Days)
	w.strings("timeOfDay", t.Times)
	w.strings("when", t.When)
	w.num("offset", t.Offset)
	w.close()
	if n := len(w.b); string(w.b[n-2:]) == "{}" { // no repetition
		w.b = w.b[:n-len(`"repeat":{}`)]
		if w.b[len(w.b)-1] == ',' {
			w.b = w.b[:len(w.b)-1]
		}
		w.first = w.b[len(w.b)-1] == '{'
	}
	w.concept("code", t.Code)
	w.close()
}
