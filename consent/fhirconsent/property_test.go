package fhirconsent_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
)

// TestProperties of evaluation, in both readings.
func TestProperties(t *testing.T) {
	tried := map[string]int{}
	for seed := range rounds(15_000) {
		d := drawer{rand.New(rand.NewPCG(uint64(seed), 3))}
		item := d.IntN(4) > 0
		c := trial{t: t, d: d, seed: seed, tried: tried, q: d.question(item), o: d.options()}
		for range d.IntN(4) {
			doc := d.document(d.IntN(3), true)
			c.docs, c.list = append(c.docs, doc), append(c.list, compile(t, doc))
		}
		c.f = c.decide(c.list, c.q)
		c.denyMonotone()
		c.orderFree()
		c.purposeMonotone()
		c.informationMonotone()
		if item {
			c.labelMonotone()
		} else {
			c.sound()
		}
	}
	for _, name := range []string{"label raised", "label raised, with a permit before", "resolved", "withheld item"} {
		if tried[name] < rounds(15_000)/200 {
			t.Errorf("%s: tried %d times only", name, tried[name])
		}
	}
	t.Log(tried)
}

// trial is one question and how it was answered.
type trial struct {
	t     *testing.T
	d     drawer
	seed  int
	tried map[string]int
	docs  []*document
	list  []*fhirconsent.Consent
	q     fhirconsent.Question
	o     fhirconsent.Options
	f     consent.Finding
}

func (c *trial) decide(list []*fhirconsent.Consent, q fhirconsent.Question) consent.Finding {
	return fhirconsent.Decide(list, q, c.o)
}

func (c *trial) fail(what string, q fhirconsent.Question, got consent.Finding) {
	c.t.Helper()
	var text []string
	for _, doc := range c.docs {
		text = append(text, string(doc.json()))
	}
	c.t.Fatalf("seed %d: %s: %v then %v\n%+v %+v\n%+v %+v\nreading %d default %d\n%s", c.seed, what, c.f, got, c.q, c.q.Item, q, q.Item, c.o.Reading, c.o.Default, strings.Join(text, "\n"))
}

// denyMonotone: one more Consent that denies never makes a permit.
func (c *trial) denyMonotone() {
	deny := &document{status: "active", patient: "Patient/1", scope: "patient-privacy", root: c.d.rule(0, true)}
	deny.root.permit = false
	if got := c.decide(append(slices.Clone(c.list), compile(c.t, deny)), c.q); c.f.Effect != consent.FindingPermit && got.Effect == consent.FindingPermit {
		c.docs = append(c.docs, deny)
		c.fail("one more deny made a permit", c.q, got)
	}
}

// orderFree: the order of Consents does not matter.
func (c *trial) orderFree() {
	shuffled := slices.Clone(c.list)
	c.d.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if got := c.decide(shuffled, c.q); got.Effect != c.f.Effect {
		c.fail("another order", c.q, got)
	}
}

// purposeMonotone: what is not permitted for some purposes is not for more.
func (c *trial) purposeMonotone() {
	if len(c.q.Purposes) == 0 {
		return
	}
	more := c.q
	more.Purposes = append(slices.Clone(c.q.Purposes), c.d.one(drawnPurposes...))
	if got := c.decide(c.list, more); got.Effect == consent.FindingPermit && c.f.Effect != consent.FindingPermit {
		c.fail("more purposes made a permit", more, got)
	}
}

// informationMonotone: to learn what was not known never changes an answer
// that did not depend on it. Of a whole record it may: then parts can be in
// play of which no obligation can say that they alone may stay.
func (c *trial) informationMonotone() {
	if c.f.Effect == consent.FindingIndeterminate || c.q.Item == nil {
		return
	}
	q := c.q
	switch c.d.IntN(4) {
	case 0:
		if q.Groups == nil {
			q.Groups = append([]string{}, c.d.some(2, "Group/1")...)
		}
	case 1:
		if len(q.Actors) == 0 {
			q.Actors = []string{c.d.one("Practitioner/1", "Practitioner/2", "Practitioner/9")}
		}
	case 2:
		if q.Action == "" {
			q.Action = c.d.one("access", "use", "correct")
		}
	case 3:
		all, it := c.d.item(), *q.Item
		q.Item = &it
		if it.Class == "" {
			it.Class = all.Class
		}
		if it.Date == "" {
			it.Date = all.Date
		}
		if !it.LabelsKnown {
			it.Labels, it.LabelsKnown = all.Labels, true
		}
		if it.Codes == nil {
			it.Codes = all.Codes
		}
		if it.Authors == nil {
			it.Authors = all.Authors
		}
		if it.Reference == "" {
			it.Reference = all.Reference
		}
	}
	c.tried["resolved"]++
	if got := c.decide(c.list, q); got.Effect != c.f.Effect {
		c.fail("to know more changed the answer", q, got)
	}
}

// item draws data of which everything is known.
func (d drawer) item() *fhirconsent.Item {
	return &fhirconsent.Item{
		Reference: d.one("Observation/1", "Observation/3"), Class: d.one("Observation", "Condition"), Labels: d.some(1, drawnLabels...), LabelsKnown: true,
		Codes: append([]string{}, d.some(2, "urn:s|1", "urn:s|2", "urn:s|3", "urn:s|4", "urn:s/|1")...), Date: d.one(drawnDates...), Authors: []string{"Practitioner/1"},
	}
}

// labelMonotone: a higher confidentiality never makes a permit.
func (c *trial) labelMonotone() {
	if !c.q.Item.LabelsKnown {
		return
	}
	for i, l := range c.q.Item.Labels {
		for _, higher := range levels[strings.Index(levels, l)+1:] {
			if len(l) > 1 {
				break
			}
			it, q := *c.q.Item, c.q
			it.Labels = slices.Clone(it.Labels)
			it.Labels[i], q.Item = string(higher), &it
			got := c.decide(c.list, q)
			c.tried["label raised"]++
			if c.f.Effect == consent.FindingPermit {
				c.tried["label raised, with a permit before"]++
			} else if got.Effect == consent.FindingPermit {
				c.fail("a higher label made a permit", q, got)
			}
		}
	}
}

// sound: where a whole record may be given with obligations, what may not be
// given by itself is taken out by them, or they are refused.
func (c *trial) sound() {
	if c.f.Effect != consent.FindingPermit {
		return
	}
	r, err := fhirconsent.NewRedactor(c.f.Obligations, fhirconsent.RedactOptions{Subsumes: c.o.Subsumes})
	if errors.Is(err, fhirconsent.ErrObligation) {
		return
	}
	if err != nil {
		c.t.Fatal(err)
	}
	for range 4 {
		it, q := c.d.item(), c.q
		q.Item = it
		if got := c.decide(c.list, q); got.Effect != consent.FindingPermit {
			c.tried["withheld item"]++
			if out, _, err := r.Apply(resourceOf(it)); !errors.Is(err, fhirconsent.ErrWithheld) {
				c.fail(fmt.Sprintf("the whole record may be given, and this by itself not: %v %s %s", err, resourceOf(it), out), q, got)
			}
		}
	}
}

// resourceOf writes an item as a resource.
func resourceOf(it *fhirconsent.Item) []byte {
	var b strings.Builder
	b.WriteString(`{"resourceType":"` + it.Class + `","meta":{"security":[`)
	for i, l := range it.Labels {
		b.WriteString(strings.Repeat(",", min(i, 1)) + `{"code":"` + l + `"}`)
	}
	b.WriteString(`]},"code":{"text":"x"`)
	for i, c := range it.Codes {
		system, code, _ := strings.Cut(c, "|")
		b.WriteString([]string{`,"coding":[`, `,`}[min(i, 1)] + `{"system":"` + system + `","code":"` + code + `"}`)
	}
	if len(it.Codes) > 0 {
		b.WriteByte(']')
	}
	b.WriteString(`},"subject":{"display":"x"}` + map[string]string{"Observation": `,"status":"final"`}[it.Class] + `}`)
	return []byte(b.String())
}
