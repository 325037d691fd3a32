package dmd

import (
	"errors"
	"strings"
	"testing"
)

// TestDoseText has what the public cases leave out, and the wording of the guide
// of 2025. An empty text means that it is refused.
func TestDoseText(t *testing.T) {
	for _, c := range []struct{ doc, eps, y2025 string }{
		{`{"doseAndRate":[{"doseQuantity":{"value":1.00,"unit":"tablet"}}],"timing":{"repeat":{"frequency":1.0,"period":1.00,"periodUnit":"d"}}}`, "1 tablet - once a day", "1 tablet - once a day"},
		{`{"doseAndRate":[{"doseQuantity":{"value":0.5,"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"}}]}`, "0.5 tablet", "half a tablet"},
		{`{"doseAndRate":[{"doseQuantity":{"value":0.5,"unit":"ampoule"}}]}`, "0.5 ampoule", "half an ampoule"},
		{`{"doseAndRate":[{"doseQuantity":{"value":0.75,"unit":"applicatorful"}}]}`, "0.75 applicatorful", "three quarters of an applicatorful"},
		{`{"doseAndRate":[{"doseQuantity":{"value":0.25,"unit":"unit dose"}}]}`, "0.25 unit dose", "a quarter of a unit dose"},
		{`{"doseAndRate":[{"doseQuantity":{"value":1.25,"unit":"tablet"}}]}`, "1.25 tablet", "1 and a quarter tablet"},
		{`{"doseAndRate":[{"doseQuantity":{"value":2.75,"unit":"tablet"}}]}`, "2.75 tablet", "2 and three quarters tablet"},
		{`{"doseAndRate":[{"doseQuantity":{"value":2.3,"unit":"tablet"}}]}`, "2.3 tablet", "2.3 tablet"},
		{`{"doseAndRate":[{"doseQuantity":{"value":0.5,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"}}]}`, "0.5 milligram", "0.5 milligram"},
		{`{"doseAndRate":[{"doseQuantity":{"value":2,"unit":"5ml spoonful"}}]}`, "2 x 5ml spoonful", "2 x 5ml spoonful"},
		{`{"doseAndRate":[{"doseRange":{"low":{"value":1,"unit":"tablet"}}}]}`, "at least 1 tablet", ""},
		{`{"doseAndRate":[{"doseRange":{"high":{"value":2,"unit":"tablet"}}}]}`, "up to 2 tablet", "up to 2 tablet"},
		{`{"doseAndRate":[{"doseRange":{"low":{"value":3,"unit":"tablet"},"high":{"value":2,"unit":"tablet"}}}]}`, "", ""},
		{`{"doseAndRate":[{"doseRange":{}}]}`, "", ""},
		{`{"doseAndRate":[{"doseQuantity":{"value":-1,"unit":"tablet"}}]}`, "", ""},
		{`{"timing":{"repeat":{"count":3}},"patientInstruction":"x"}`, "take 3 times - x", "3 times"},
		{`{"timing":{"repeat":{"when":["CM","CD","CV"]}}}`, "at breakfast, at lunch and at dinner", "at breakfast, at lunch, at dinner"},
		{`{"timing":{"repeat":{"when":["HS"],"offset":30}}}`, "30 minutes before sleep", "30 minutes before sleep"},
		{`{"timing":{"repeat":{"period":2,"periodUnit":"d"}}}`, "every 2 days", "every 2 days"},
		{`{"timing":{"repeat":{"frequency":1}}}`, "once", "once"},
		{`{"timing":{"repeat":{"frequency":3,"frequencyMax":2}}}`, "", ""},
		{`{"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet"}}],"timing":{"code":{"text":"BID"}}}`, "", ""},
		{`{"timing":{"code":{"text":"BID"},"repeat":{"frequency":2,"period":1,"periodUnit":"d"}}}`, "twice a day", "twice a day"},
		{`{"timing":{"repeat":{"frequency":0,"period":1,"periodUnit":"d"}}}`, "", ""},
		{`{"timing":{"repeat":{"frequency":1,"period":4,"periodMax":2,"periodUnit":"h"}}}`, "", ""},
		{`{"timing":{"repeat":{"duration":4,"durationMax":2,"durationUnit":"h"}}}`, "", ""},
		{`{"timing":{"repeat":{"count":4,"countMax":2}}}`, "", ""},
		{`{"maxDosePerPeriod":{"numerator":{"value":8,"unit":"tablet"},"denominator":{"value":0,"unit":"day"}}}`, "", ""},
		{`{"timing":{"repeat":{"frequency":1,"period":0,"periodUnit":"d"}}}`, "", ""},
		{`{"timing":{"repeat":{"timeOfDay":["08:00:30","20:00"]}}}`, "at 08:00:30 and 20:00", "at 08:00:30 and 20:00"},
		{`{"timing":{"repeat":{"timeOfDay":["24:00:00"]}}}`, "", ""},
		{`{"timing":{"repeat":{"boundsPeriod":{"start":"2021-06-24","end":"2021-07-24T10:00:00Z"}}}}`, "from 24/06/2021 to 24/07/2021", "from 24/06/2021 to 24/07/2021"},
		{`{"timing":{"repeat":{"boundsPeriod":{"start":"2021-06"}}}}`, "", ""},
		{`{"route":{"text":"by mouth"}}`, "by mouth", "by mouth"},
		{`{"additionalInstruction":[{"text":"With food"}]}`, "With food", "With food"},
		{`{"additionalInstruction":[{}]}`, "", ""},
		{`{"asNeededCodeableConcept":{}}`, "", ""},
		{`{"asNeededCodeableConcept":{"coding":[{"display":"nausea"},{"display":"pain"},{"display":"pain"}]}}`, "as required for nausea and pain", "as required for nausea"},
		{`{"asNeededCodeableConcept":{"coding":[{"display":"nausea"},{"code":"1"}]}}`, "", ""},
		{`[{"sequence":1,"text":"x","doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet"}}]},{"sequence":1,"asNeededBoolean":true}]`, "1 tablet, and as required", "1 tablet, and as required"},
	} {
		ds, err := ParseDosages([]byte(c.doc))
		if err != nil {
			t.Errorf("%s: %v", c.doc, err)
			continue
		}
		for style, want := range map[Style]string{StyleEPS: c.eps, Style2025: c.y2025} {
			got, err := DoseText(style, ds)
			if refusal := (*Refusal)(nil); want == "" && (!errors.As(err, &refusal) || !strings.HasPrefix(refusal.Path, "Dosage") || refusal.Reason == "") || got != want || want != "" && err != nil {
				t.Errorf("%s, style %d: %q, %v; want %q", c.doc, style, got, err, want)
			}
		}
	}
	for _, doc := range []string{`{"doseAndRate":[{},{}]}`, `{"doseAndRate":[{"doseQuantity":{"value":"1","unit":"x"}}]}`, `{"doseAndRate":[{"doseQuantity":{"value":1,"comparator":"<","unit":"x"}}]}`, `{"timing":1}`, `{"sequence":0}`, `7`} {
		if ds, err := ParseDosages([]byte(doc)); err == nil {
			t.Errorf("%s: %+v", doc, ds)
		}
	}
}

// TestEventWords has a word for every event of the day that FHIR has.
func TestEventWords(t *testing.T) {
	for code := range strings.FieldsSeq("MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS HS WAKE C CM CD CV AC ACM ACD ACV PC PCM PCD PCV") {
		if eventWords(code) == "" {
			t.Errorf("no word for %s", code)
		}
	}
}
