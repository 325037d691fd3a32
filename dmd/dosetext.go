package dmd

import (
	"fmt"
	"slices"
	"strings"
)

// Style is a way of saying a dosage in words.
type Style uint8

const (
	// StyleEPS is the wording of the Electronic Prescription Service: "take" before
	// a count, "and" before the last of several times, patient instructions last.
	StyleEPS Style = iota
	// Style2025 follows a summary of the implementation guide for dose to text of
	// March 2025: no "take", no "and" between events of the day, halves and
	// quarters in words for units that are counted, "2 x 5ml spoonful", no patient
	// instructions, and no range without an upper end. It has not been compared
	// with the guide's own examples; compare before relying on its wording.
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
// then. It refuses, with a *Refusal, what is incomplete, contradicts itself or is
// unsafe to render: ranges that go down, in whatever units, units whose words and
// code differ or that are often misread (mcg, IU), numbers of nothing, and instructions of which a part would be left
// out, such as one in free text alone. A dose above its stated maximum is refused
// in Style2025 only, for the published cases of StyleEPS show one.
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
		text := w.one(fmt.Sprintf("Dosage[%d]", i), &dosages[i])
		if text == "" && w.refusal == nil {
			w.refusal = &Refusal{w.path, "one of several instructions says nothing"}
		}
		if w.refusal != nil {
			return "", w.refusal
		}
		b.WriteString(text)
	}
	return b.String(), nil
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
		w.maxPerPeriod(d),
		w.maximum("maxDosePerAdministration", d, d.MaxPerAdministration, " per dose"),
		w.maximum("maxDosePerLifetime", d, d.MaxPerLifetime, " for the lifetime of the patient"),
		w.additional(d),
	}
	if t.Code != nil && strings.Join([]string{w.frequency(t), w.when(t), w.daysAndTimes(t), w.events(t), w.count(t)}, "") == "" {
		w.refuse("timing.code", "the timing is in a code alone")
	}
	if w.style == StyleEPS {
		parts = append(parts, d.Patient)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) == 0 && d.Text != "" {
		w.refuse("text", "the instruction is in free text alone")
	}
	if w.refusal != nil {
		return ""
	}
	return strings.Join(parts, " - ")
}

// num shows a number without zeros that do not count.
func num(d Decimal) string { return d.Reduced().String() }

func isOne(d Decimal) bool { return d.Cmp(NewDecimal(1, 0)) == 0 }
func isTwo(d Decimal) bool { return d.Cmp(NewDecimal(2, 0)) == 0 }

// concept shows what a concept means: its first coding, for further ones say the
// same in other systems.
func (w *doseWriter) concept(element string, c *Concept) string {
	if shown := w.meanings(element, c); len(shown) > 0 {
		return shown[0]
	}
	return ""
}

// meanings returns the texts of a concept's codings, or else its own.
func (w *doseWriter) meanings(element string, c *Concept) []string {
	if c == nil {
		return nil
	}
	var shown []string
	for i, k := range c.Codings {
		switch {
		case k.Display != "":
			shown = append(shown, k.Display)
		case c.Text == "":
			w.refuse(fmt.Sprintf("%s.coding[%d].display", element, i), "a code without its text")
		}
	}
	if len(shown) == 0 {
		if strings.TrimSpace(c.Text) == "" {
			w.refuse(element, "a concept without text")
		}
		shown = []string{c.Text}
	}
	return shown
}

// list joins as "a, b and c".
func list(items []string) string {
	if n := len(items); n > 1 {
		return strings.Join(items[:n-1], ", ") + " and " + items[n-1]
	}
	return strings.Join(items, "")
}

// asNeeded shows that a dose is taken only when it is needed, and what for. The older
// style takes several codings for several reasons.
func (w *doseWriter) asNeeded(d *Dosage) string {
	if d.AsNeededFor != nil {
		reasons := w.meanings("asNeededCodeableConcept", d.AsNeededFor)
		if w.style == Style2025 {
			reasons = reasons[:1]
		}
		return "as required for " + list(slices.Compact(reasons))
	}
	if d.AsNeeded {
		return "as required"
	}
	return ""
}

// additional shows warnings and advice.
func (w *doseWriter) additional(d *Dosage) string {
	var out []string
	for i := range d.Additional {
		out = append(out, w.concept(fmt.Sprintf("additionalInstruction[%d]", i), &d.Additional[i]))
	}
	return list(out)
}
