package fhirconsent_test

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		n := "1000"
		if os.Getenv("NHSKIT_LONG") != "" {
			n = "1000000"
		}
		flag.Set("rapid.checks", n)
	}
	os.Exit(m.Run())
}

type object map[string]any

// drawProvision draws a tree of rules.
func drawProvision(t *rapid.T, depth int) object {
	p := object{"type": rapid.SampledFrom([]string{"permit", "deny"}).Draw(t, "type")}
	pick := func(label string, list ...string) string { return rapid.SampledFrom(list).Draw(t, label) }
	some := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	if some("purposes") {
		p["purpose"] = []object{{"code": pick("purpose", "TREAT", "ETREAT", "HRESCH", "POPHLTH")}}
	}
	if some("actors") {
		p["actor"] = []object{{"reference": object{"reference": pick("actor", "Practitioner/1", "Practitioner/2", "Group/1")}}}
	}
	if some("labels") {
		p["securityLabel"] = []object{{"code": pick("label", "N", "R", "V", "PSY")}}
	}
	if some("classes") {
		p["class"] = []object{{"code": pick("class", "Observation", "Condition")}}
	}
	if some("dates") {
		p["dataPeriod"] = object{"start": pick("start", "2020", "2026-03-02")}
	}
	if some("period") {
		p["period"] = object{"end": pick("end", "2026-03-01", "2026-03", "2027")}
	}
	if depth > 0 {
		var nested []object
		for range rapid.IntRange(0, 2).Draw(t, "nested") {
			nested = append(nested, drawProvision(t, depth-1))
		}
		if nested != nil {
			p["provision"] = nested
		}
	}
	return p
}

func compiled(t *rapid.T, p object) *fhirconsent.Consent {
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := fhirconsent.Parse([]byte(consentWith(string(data))))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestProperties of evaluation, in both readings.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []*fhirconsent.Consent
		for range rapid.IntRange(0, 3).Draw(t, "consents") {
			list = append(list, compiled(t, drawProvision(t, 3)))
		}
		q := fhirconsent.Question{
			Patient: []string{"Patient/1"}, Purposes: []string{rapid.SampledFrom([]string{"TREAT", "ETREAT", "HRESCH", "POPHLTH"}).Draw(t, "asked")},
			Actors: []string{"Practitioner/1"}, Action: "access", AsAt: asAt,
		}
		if rapid.Bool().Draw(t, "groups known") {
			q.Groups = []string{}
		}
		if rapid.Bool().Draw(t, "about an item") {
			q.Item = &fhirconsent.Item{Class: rapid.SampledFrom([]string{"", "Observation"}).Draw(t, "item class"), Date: rapid.SampledFrom([]string{"", "2019", "2026-03"}).Draw(t, "item date"), LabelsKnown: rapid.Bool().Draw(t, "labels known")}
			if q.Item.LabelsKnown {
				q.Item.Labels = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"N", "R", "V", "PSY"}), 0, 2, rapid.ID[string]).Draw(t, "item labels")
			}
		}
		o := fhirconsent.Options{Reading: fhirconsent.Reading(rapid.IntRange(0, 1).Draw(t, "reading")), Default: consent.Outcome(rapid.IntRange(0, 2).Draw(t, "default"))}
		f := fhirconsent.Decide(list, q, o)

		deny := drawProvision(t, 0)
		deny["type"] = "deny"
		if got := fhirconsent.Decide(append(slices.Clone(list), compiled(t, deny)), q, o); f.Effect != consent.FindingPermit && got.Effect == consent.FindingPermit {
			t.Fatalf("one more deny made a permit: %v then %v", f, got)
		}
		if got := fhirconsent.Decide(rapid.Permutation(list).Draw(t, "order"), q, o); got.Effect != f.Effect {
			t.Fatalf("another order: %v then %v", f, got)
		}
		two := q
		two.Purposes = append(slices.Clone(q.Purposes), "HMARKT")
		if got := fhirconsent.Decide(list, two, o); got.Effect == consent.FindingPermit && f.Effect != consent.FindingPermit {
			t.Fatalf("more purposes made a permit: %v then %v", f, got)
		}
		labelMonotone(t, q, o)
	})
}

// labelMonotone: a higher confidentiality never makes a permit. That is so for
// one Consent that permits with exceptions that deny; others can themselves
// say that they give V to one actor and R to none.
func labelMonotone(t *rapid.T, q fhirconsent.Question, o fhirconsent.Options) {
	if q.Item == nil || !q.Item.LabelsKnown {
		return
	}
	o.Default = consent.Deny
	p := drawProvision(t, 1)
	p["type"] = "permit"
	if nested, ok := p["provision"].([]object); ok {
		for _, n := range nested {
			n["type"] = "deny"
		}
	}
	list := []*fhirconsent.Consent{compiled(t, p)}
	before := fhirconsent.Decide(list, q, o)
	for _, raise := range [][2]string{{"N", "R"}, {"R", "V"}} {
		i := slices.Index(q.Item.Labels, raise[0])
		if i < 0 || slices.Contains(q.Item.Labels, raise[1]) {
			continue
		}
		higher := *q.Item
		higher.Labels = slices.Clone(q.Item.Labels)
		higher.Labels[i] = raise[1]
		asked := q
		asked.Item = &higher
		if after := fhirconsent.Decide(list, asked, o); before.Effect != consent.FindingPermit && after.Effect == consent.FindingPermit {
			t.Fatalf("%s for %s made a permit: %v then %v", raise[1], raise[0], before, after)
		}
	}
}
