package dmd

import (
	"errors"
	"strings"
	"testing"
)

// TestDosageReader refuses what it would otherwise drop: an element that it does
// not know may change the dose, and a modifier does.
func TestDosageReader(t *testing.T) {
	const ext = `[{"url":"http://example.org/x","valueBoolean":true}]`
	request := func(member string) string {
		return `{"resourceType":"MedicationRequest",` + member + `,"dosageInstruction":[{"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet"}}]}]}`
	}
	for _, c := range []struct {
		doc  string
		code Code // "" if it is read
		path string
	}{
		{`{"text":"x","modifierExtension":` + ext + `}`, CodeModifier, "Dosage.modifierExtension"},
		{`[{"text":"x"},{"modifierExtension":` + ext + `}]`, CodeModifier, "Dosage[1].modifierExtension"},
		{`{"timing":{"modifierExtension":` + ext + `,"repeat":{"frequency":1}}}`, CodeModifier, "Dosage.timing.modifierExtension"},
		{`{"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet","modifierExtension":` + ext + `}}]}`, CodeModifier, "Dosage.doseAndRate[0].doseQuantity.modifierExtension"},
		{request(`"modifierExtension":` + ext), CodeModifier, "MedicationRequest.modifierExtension"},
		{request(`"dispenseRequest":{"modifierExtension":` + ext + `}`), CodeModifier, "MedicationRequest.dispenseRequest.modifierExtension"},
		{request(`"substitution":{"modifierExtension":` + ext + `}`), CodeModifier, "MedicationRequest.substitution.modifierExtension"},
		{request(`"implicitRules":"http://example.org/rules"`), CodeModifier, "MedicationRequest.implicitRules"},
		{request(`"doNotPerform":true`), CodeModifier, "MedicationRequest.doNotPerform"},
		{request(`"doNotPerform":"true"`), CodeOrderSyntax, "MedicationRequest.doNotPerform"},
		{request(`"doNotPerform":false`), "", ""},
		{request(`"status":"entered-in-error"`), CodeModifier, "MedicationRequest.status"},
		{request(`"status":"active"`), "", ""},
		{request(`"extension":` + ext), "", ""},
		{`{"doseQuantity":{"value":2,"unit":"tablet"},"text":"as STU3 has it"}`, CodeElement, "Dosage.doseQuantity"},
		{`{"of Jane Doe":true,"text":"x"}`, CodeElement, "Dosage"},
		{`{"asNeeded":true,"text":"as R5 has it"}`, CodeElement, "Dosage.asNeeded"},
		{`{"timing":{"repeat":{"frequency":1,"every":"day"}}}`, CodeElement, "Dosage.timing.repeat.every"},
		{`{"doseAndRate":[{"dose":{"value":1}}]}`, CodeElement, "Dosage.doseAndRate[0].dose"},
		{`{"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet","per":"day"}}]}`, CodeElement, "Dosage.doseAndRate[0].doseQuantity.per"},
		{`{"maxDosePerPeriod":{"numerator":{"value":1,"unit":"tablet"},"denominator":{"value":1,"unit":"day"},"x":1}}`, CodeElement, "Dosage.maxDosePerPeriod.x"},
		{`{"route":{"coding":[{"display":"oral","x":1}]}}`, CodeElement, "Dosage.route.coding[0].x"},
		{`{"timing":{"repeat":{"boundsPeriod":{"start":"2021-06-24","x":1}}}}`, CodeElement, "Dosage.timing.repeat.boundsPeriod.x"},
		{`{"id":"a","extension":` + ext + `,"_text":{"extension":` + ext + `},"text":"x","doseAndRate":[{"id":"b","type":{"text":"ordered"},"doseQuantity":{"id":"c","value":1,"_value":{"id":"d"},"unit":"tablet"}}]}`, "", ""},
		{`{"asNeededBoolean":"true"}`, CodeOrderSyntax, "Dosage.asNeededBoolean"},
		{`{"asNeededBoolean":false,"asNeededCodeableConcept":{"text":"pain"}}`, CodeOrderSyntax, "Dosage.asNeededCodeableConcept"},
		{`{"patientInstruction":5}`, CodeOrderSyntax, "Dosage.patientInstruction"},
		{`{"text":["x"]}`, CodeOrderSyntax, "Dosage.text"},
		{`{"timing":{"repeat":{"periodUnit":1}}}`, CodeOrderSyntax, "Dosage.timing.repeat.periodUnit"},
		{`{"timing":{"repeat":{"timeOfDay":["08:00",null]}}}`, CodeOrderSyntax, "Dosage.timing.repeat.timeOfDay[1]"},
		{`{"doseAndRate":[{},{"doseQuantity":{}}]}`, CodeOrderSyntax, "Dosage.doseAndRate[1]"},
		{`{"resourceType":"Patient","dosageInstruction":[]}`, CodeOrderSyntax, "resourceType"},
		{`{"resourceType":"MedicationStatement","dosage":[{"timing":{"repeat":{"count":"x"}}}]}`, CodeOrderSyntax, "MedicationStatement.dosage[0].timing.repeat.count"},
	} {
		ds, err := ParseDosages([]byte(c.doc))
		if c.code == "" {
			if err != nil || len(ds) != 1 {
				t.Errorf("%s: %d dosages, %v", c.doc, len(ds), err)
			}
			continue
		}
		var issue Issue
		if !errors.As(err, &issue) || issue.Code != c.code || issue.Path != c.path || issue.Offset < 0 || issue.Err == nil || ds != nil {
			t.Errorf("%s: %v, want %s at %s", c.doc, err, c.code, c.path)
		}
		if strings.HasPrefix(c.path, "MedicationRequest") {
			if _, err := ParseOrder([]byte(c.doc)); !errors.As(err, &issue) || issue.Code != c.code || issue.Path != c.path {
				t.Errorf("as an order: %s: %v, want %s at %s", c.doc, err, c.code, c.path)
			}
		}
	}
}

// TestDocumentLimits crosses the limits of a document.
func TestDocumentLimits(t *testing.T) {
	for _, doc := range []string{
		"[" + strings.Repeat("0,", maxJSONValues) + "0]",
		strings.Repeat("[", maxJSONDepth+1) + strings.Repeat("]", maxJSONDepth+1),
	} {
		var issue Issue
		if _, err := ParseDosages([]byte(doc)); !errors.As(err, &issue) || issue.Code != CodeOrderSyntax || issue.Severity != Fatal || issue.Offset < maxJSONDepth {
			t.Errorf("%.20s: %v", doc, err)
		}
	}
	if n, err := parseJSON([]byte("[" + strings.Repeat("0,", maxJSONValues-2) + "0]")); err != nil || len(n.kids) != maxJSONValues-1 {
		t.Error(err)
	}
}

// TestDoseTextRefuses has what contradicts itself, says nothing or could be
// misread, with the place of the reason; and beside it what is much alike and safe.
func TestDoseTextRefuses(t *testing.T) {
	dose := func(s string) string { return `{"doseAndRate":[{` + s + `}]}` }
	rng := func(low, high string) string { return dose(`"doseRange":{"low":{` + low + `},"high":{` + high + `}}`) }
	repeat := func(s string) string { return `{"timing":{"repeat":{` + s + `}}}` }
	for _, c := range []struct{ doc, want string }{ // a text, or "!" and a path
		{rng(`"value":500,"unit":"mg"`, `"value":0.25,"unit":"g"`), "!Dosage.doseAndRate[0].doseRange"},
		{rng(`"value":500,"unit":"milligram"`, `"value":0.25,"unit":"gram"`), "!Dosage.doseAndRate[0].doseRange"},
		{rng(`"value":500,"unit":"x","system":"http://unitsofmeasure.org","code":"mg"`, `"value":0.25,"unit":"y","system":"http://snomed.info/sct","code":"258682000"`), "!Dosage.doseAndRate[0].doseRange"},
		{rng(`"value":500,"unit":"milligram"`, `"value":1,"unit":"gram"`), "500 milligram to 1 gram"},
		{rng(`"value":2,"unit":"tablets"`, `"value":1,"unit":"tablet"`), "!Dosage.doseAndRate[0].doseRange"},
		{rng(`"value":1,"unit":"tablet"`, `"value":2,"unit":"tablets"`), "1 tablet to 2 tablets"},
		{rng(`"value":1,"unit":"milligram"`, `"value":2,"unit":"millilitre"`), "!Dosage.doseAndRate[0].doseRange"},
		{rng(`"value":0,"unit":"tablet"`, `"value":2,"unit":"tablet"`), "0 to 2 tablet"},
		{rng(`"value":0,"unit":"tablet"`, `"value":0,"unit":"tablet"`), "!Dosage.doseAndRate[0].doseRange.high.value"},
		{dose(`"rateRange":{"low":{"value":2,"unit":"litre per hour"},"high":{"value":20,"unit":"millilitre per minute"}}`), "!Dosage.doseAndRate[0].rateRange"},
		{dose(`"rateRange":{"low":{"value":10,"unit":"millilitre per minute"},"high":{"value":2,"unit":"litre per hour"}}`), "at a rate of 10 millilitre per minute to 2 litre per hour"},
		{dose(`"doseQuantity":{"value":0,"unit":"tablet"}`), "!Dosage.doseAndRate[0].doseQuantity.value"},
		{dose(`"doseQuantity":{"value":1,"unit":" "}`), "!Dosage.doseAndRate[0].doseQuantity.unit"},
		{dose(`"doseQuantity":{"value":1,"unit":"milligram","system":"http://unitsofmeasure.org","code":"ug"}`), "!Dosage.doseAndRate[0].doseQuantity.unit"},
		{dose(`"doseQuantity":{"value":1,"unit":"milligram","system":"http://snomed.info/sct","code":"258682000"}`), "!Dosage.doseAndRate[0].doseQuantity.unit"},
		{dose(`"doseQuantity":{"value":1,"unit":"microgram","system":"http://unitsofmeasure.org","code":"ug"}`), "1 microgram"},
		{dose(`"doseQuantity":{"value":1,"unit":"mcg"}`), "!Dosage.doseAndRate[0].doseQuantity.unit"},
		{dose(`"doseQuantity":{"value":1,"unit":"µg"}`), "!Dosage.doseAndRate[0].doseQuantity.unit"},
		{dose(`"doseQuantity":{"value":10,"unit":"U"}`), "!Dosage.doseAndRate[0].doseQuantity.unit"},
		{dose(`"rateQuantity":{"value":10,"unit":"IU/kg"}`), "!Dosage.doseAndRate[0].rateQuantity.unit"},
		{dose(`"doseQuantity":{"value":10,"unit":"unit"}`), "10 unit"},
		{rng(`"value":1,"unit":"5ml spoonful"`, `"value":2,"unit":"5ml spoonful"`), "1 to 2 x 5ml spoonful"},
		{rng(`"value":1,"unit":"5ml spoonful"`, `"value":1,"unit":"10ml spoonful"`), "1 x 5ml spoonful to 1 x 10ml spoonful"},
		{`{"maxDosePerAdministration":{"value":4,"unit":"5ml spoonful"}}`, "up to a maximum of 4 x 5ml spoonful per dose"},
		{`{"maxDosePerPeriod":{"numerator":{"value":4,"unit":"5ml spoonful"},"denominator":{"value":24,"unit":"hour"}}}`, "up to a maximum of 4 x 5ml spoonful in 24 hours"},
		{`{"route":{"coding":[{"system":"http://snomed.info/sct","code":"26643006","display":"Oral"},{"system":"http://example.org","code":"PO","display":"By mouth"}]}}`, "Oral"},
		{dose(`"doseQuantity":{"value":1,"unit":"tablet"},"doseRange":{"high":{"value":2,"unit":"tablet"}}`), "!Dosage.doseAndRate[0]"},
		{dose(`"rateQuantity":{"value":1,"unit":"x"},"rateRange":{"high":{"value":2,"unit":"x"}}`), "!Dosage.doseAndRate[0]"},
		{dose(`"rateRatio":{"numerator":{"value":1,"unit":"ml"},"denominator":{"value":0,"unit":"hour"}}`), "!Dosage.doseAndRate[0].rateRatio.denominator.value"},
		{`{"doseAndRate":[{"doseQuantity":{"value":500,"unit":"milligram"}}],"maxDosePerAdministration":{"value":1,"unit":"gram"}}`, "500 milligram - up to a maximum of 1 gram per dose"},
		{repeat(`"frequency":1.5,"period":1,"periodUnit":"d"`), "!Dosage.timing.repeat.frequency"},
		{repeat(`"frequencyMax":0,"period":1,"periodUnit":"d"`), "!Dosage.timing.repeat.frequencyMax"},
		{repeat(`"frequency":1,"frequencyMax":2.5,"period":1,"periodUnit":"d"`), "!Dosage.timing.repeat.frequencyMax"},
		{repeat(`"count":0`), "!Dosage.timing.repeat.count"},
		{repeat(`"count":-3`), "!Dosage.timing.repeat.count"},
		{repeat(`"count":1.5`), "!Dosage.timing.repeat.count"},
		{repeat(`"countMax":0`), "!Dosage.timing.repeat.countMax"},
		{repeat(`"duration":0,"durationUnit":"h"`), "!Dosage.timing.repeat.duration"},
		{repeat(`"duration":-2,"durationUnit":"h"`), "!Dosage.timing.repeat.duration"},
		{repeat(`"durationUnit":"h"`), "!Dosage.timing.repeat.duration"},
		{repeat(`"period":0,"periodUnit":"d"`), "!Dosage.timing.repeat.period"},
		{repeat(`"boundsDuration":{"value":0,"unit":"day"}`), "!Dosage.timing.repeat.boundsDuration.value"},
		{repeat(`"boundsDuration":{"value":10,"unit":"day","system":"http://unitsofmeasure.org","code":"wk"}`), "!Dosage.timing.repeat.boundsDuration.unit"},
		{repeat(`"boundsRange":{"low":{"value":5,"unit":"day"},"high":{"value":3,"unit":"day"}}`), "!Dosage.timing.repeat.boundsRange"},
		{repeat(`"boundsRange":{"low":{"value":10,"unit":"day"},"high":{"value":1,"unit":"week"}}`), "!Dosage.timing.repeat.boundsRange"},
		{repeat(`"boundsRange":{"low":{"value":10,"unit":"day"},"high":{"value":2,"unit":"week"}}`), "for 10 days to 2 weeks"},
		{repeat(`"boundsDuration":{"value":3,"unit":"day"},"boundsRange":{"high":{"value":5,"unit":"day"}}`), "!Dosage.timing.repeat"},
		{repeat(`"boundsPeriod":{"start":"2021-07-24","end":"2021-06-24"}`), "!Dosage.timing.repeat.boundsPeriod"},
		{repeat(`"offset":30,"when":["CM"]`), "!Dosage.timing.repeat.offset"},
		{repeat(`"offset":30,"when":["MORN"]`), "!Dosage.timing.repeat.offset"},
		{repeat(`"offset":30,"when":["ACM","HS"]`), "30 minutes before breakfast and before sleep"},
		{repeat(`"dayOfWeek":["mon","mon"]`), "!Dosage.timing.repeat.dayOfWeek[1]"},
		{`{"method":{}}`, "!Dosage.method"},
		{`{"route":{}}`, "!Dosage.route"},
		{`{"site":{"coding":[]}}`, "!Dosage.site"},
		{`{"text":"Take one daily"}`, "!Dosage.text"},
		{`[{"sequence":1,"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet"}}]},{"sequence":2}]`, "!Dosage[1]"},
		{`[{"sequence":1,"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet"}}]},{"sequence":2,"text":"then one daily"}]`, "!Dosage[1].text"},
		{`{}`, ""},
	} {
		ds, err := ParseDosages([]byte(c.doc))
		if err != nil {
			t.Errorf("%s: %v", c.doc, err)
			continue
		}
		for _, style := range []Style{StyleEPS, Style2025} {
			got, err := DoseText(style, ds)
			if path, refused := strings.CutPrefix(c.want, "!"); refused {
				if r := (*Refusal)(nil); !errors.As(err, &r) || r.Path != path || r.Reason == "" || got != "" {
					t.Errorf("%s, style %d: %q, %v; want it refused for %s", c.doc, style, got, err, path)
				}
			} else if want := strings.Replace(c.want, "breakfast and before", map[Style]string{StyleEPS: "breakfast and before", Style2025: "breakfast, before"}[style], 1); got != want || err != nil {
				t.Errorf("%s, style %d: %q, %v; want %q", c.doc, style, got, err, want)
			}
		}
	}
}

// TestDoseTextMaximum: one dose above its maximum is refused in the newer style and
// shown for all to see in the older one, as its published cases have it.
func TestDoseTextMaximum(t *testing.T) {
	for _, c := range []struct{ doc, eps, path string }{
		{`{"doseAndRate":[{"doseQuantity":{"value":2,"unit":"gram"}}],"maxDosePerAdministration":{"value":500,"unit":"milligram"}}`, "2 gram - up to a maximum of 500 milligram per dose", "Dosage.maxDosePerAdministration"},
		{`{"doseAndRate":[{"doseRange":{"low":{"value":1,"unit":"tablet"},"high":{"value":3,"unit":"tablet"}}}],"maxDosePerAdministration":{"value":2,"unit":"tablet"}}`, "1 to 3 tablet - up to a maximum of 2 tablet per dose", "Dosage.maxDosePerAdministration"},
		{`{"doseAndRate":[{"doseQuantity":{"value":2,"unit":"tablet"}}],"maxDosePerPeriod":{"numerator":{"value":1,"unit":"tablet"},"denominator":{"value":24,"unit":"hour"}}}`, "2 tablet - up to a maximum of 1 tablet in 24 hours", "Dosage.maxDosePerPeriod"},
		{`{"doseAndRate":[{"doseQuantity":{"value":2,"unit":"tablet"}}],"maxDosePerLifetime":{"value":1,"unit":"tablet"}}`, "2 tablet - up to a maximum of 1 tablet for the lifetime of the patient", "Dosage.maxDosePerLifetime"},
		{`{"doseAndRate":[{"doseQuantity":{"value":2,"unit":"tablet"}}],"maxDosePerAdministration":{"value":500,"unit":"milligram"}}`, "2 tablet - up to a maximum of 500 milligram per dose", ""},
	} {
		ds, err := ParseDosages([]byte(c.doc))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DoseText(StyleEPS, ds); got != c.eps || err != nil {
			t.Errorf("%s: %q, %v; want %q", c.doc, got, err, c.eps)
		}
		got, err := DoseText(Style2025, ds)
		if r := (*Refusal)(nil); c.path != "" && (!errors.As(err, &r) || r.Path != c.path) || c.path == "" && got != c.eps {
			t.Errorf("%s: %q, %v; want it refused for %s", c.doc, got, err, c.path)
		}
	}
}
