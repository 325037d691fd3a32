package fhirconsent_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
)

const (
	permit = consent.FindingPermit
	deny   = consent.FindingDeny
	open   = consent.FindingIndeterminate
)

// consentOf writes a Consent of which some members are others, or are left out
// (an empty value).
func consentOf(provision string, members ...string) string {
	list := []string{
		`"status":"active"`, `"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]}`,
		`"category":[{"text":"x"}]`, `"patient":{"reference":"Patient/1"}`, `"policy":[{"uri":"urn:policy"}]`,
	}
	if provision != "" {
		list = append(list, `"provision":`+provision)
	}
	for _, m := range members {
		name, value, _ := strings.Cut(m, ":")
		at := -1
		for i := range list {
			if strings.HasPrefix(list[i], name+":") {
				at = i
			}
		}
		switch {
		case at < 0:
			list = append(list, m)
		case value == "":
			list = append(list[:at], list[at+1:]...)
		default:
			list[at] = m
		}
	}
	return `{"resourceType":"Consent",` + strings.Join(list, ",") + `}`
}

func policyRule(codes ...string) string {
	var list []string
	for _, c := range codes {
		list = append(list, `{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"`+c+`"}`)
	}
	return `"policyRule":{"coding":[` + strings.Join(list, ",") + `]}`
}

// provisionOf writes a provision from its type and further members.
func provisionOf(kind string, members ...string) string {
	return `{"type":"` + kind + `"` + strings.Repeat(",", min(len(members), 1)) + strings.Join(members, ",") + `}`
}

func nested(list ...string) string { return `"provision":[` + strings.Join(list, ",") + `]` }

func purpose(codes ...string) string {
	var list []string
	for _, c := range codes {
		list = append(list, `{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"`+c+`"}`)
	}
	return `"purpose":[` + strings.Join(list, ",") + `]`
}

func label(codes ...string) string {
	return `"securityLabel":[{"code":"` + strings.Join(codes, `"},{"code":"`) + `"}]`
}

func actor(role, reference string) string {
	return `"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"` + role + `"}]},"reference":` + reference + `}]`
}

func literal(s string) string { return `{"reference":"` + s + `"}` }

func identified(system, value string) string {
	return `{"identifier":{"system":"` + system + `","value":"` + value + `"}}`
}

func action(system, code string) string {
	return `"action":[{"coding":[{"system":"` + system + `","code":"` + code + `"}]}]`
}

func class(system, code string) string {
	return `"class":[{"system":"` + system + `","code":"` + code + `"}]`
}

func data(meaning, reference string) string {
	return `"data":[{"meaning":"` + meaning + `","reference":` + reference + `}]`
}

const (
	consentActions = "http://terminology.hl7.org/CodeSystem/consentaction"
	resourceTypes  = "http://hl7.org/fhir/resource-types"
)

// TestText holds the evaluator to what the text of R4's Consent and of IHE's
// Privacy Consent on FHIR says of single resources, derived from it by hand.
// What the text leaves open must not come out as a permit.
func TestText(t *testing.T) {
	const one = "Practitioner/1"
	item := func(change func(*fhirconsent.Item)) func(*fhirconsent.Question) {
		return func(q *fhirconsent.Question) {
			it := &fhirconsent.Item{
				Reference: "Observation/1", Class: "Observation", Labels: []string{"N"}, LabelsKnown: true, Codes: []string{"urn:s|1"},
				Date: "2026-01-15", Authors: []string{"Practitioner/7"}, PointsAt: []string{"Encounter/1"}, PointedBy: []string{"DiagnosticReport/1"},
			}
			change(it)
			q.Item = it
		}
	}
	same := func(*fhirconsent.Item) {}
	asks := func(purposes ...string) func(*fhirconsent.Question) {
		return func(q *fhirconsent.Question) { q.Purposes = purposes }
	}
	by := func(actors ...string) func(*fhirconsent.Question) {
		return func(q *fhirconsent.Question) { q.Actors = actors }
	}
	none := func(*fhirconsent.Question) {}
	all := provisionOf("permit")
	butNot := func(members ...string) string { return provisionOf("permit", nested(provisionOf("deny", members...))) }
	for _, c := range []struct {
		name     string
		consents []string
		ask      func(*fhirconsent.Question)
		refined  consent.FindingEffect // in R4's reading
		added    consent.FindingEffect // in IHE's
	}{
		// The tree. "Rules which provide exceptions to the base rule or subrules."
		{"a permit", []string{consentOf(all)}, none, permit, permit},
		{"a denial", []string{consentOf(provisionOf("deny"))}, none, deny, deny},
		{"nothing applies, and deny is the default", []string{consentOf(provisionOf("permit", purpose("HRESCH")))}, none, deny, deny},
		{"an exception", []string{consentOf(butNot(purpose("TREAT")))}, none, deny, deny},
		{"an exception for something else", []string{consentOf(butNot(purpose("HRESCH")))}, none, permit, permit},
		{"an exception to an exception, which IHE has lose against the denial",
			[]string{consentOf(provisionOf("permit", nested(provisionOf("deny", purpose("TREAT"), nested(provisionOf("permit", actor("PRCP", literal(one))))))))}, none, permit, deny},
		{"the third exception", []string{consentOf(provisionOf("permit", nested(provisionOf("deny", nested(provisionOf("permit", nested(provisionOf("deny", actor("PRCP", literal(one))))))))))}, none, deny, deny},
		{"an exception that reaches out of its rule", []string{consentOf(provisionOf("permit", purpose("HRESCH"), nested(provisionOf("permit", purpose("TREAT")))))}, none, deny, permit},
		{"two exceptions that contradict each other", []string{consentOf(provisionOf("deny", nested(all, provisionOf("deny", purpose("TREAT")))))}, none, deny, deny},
		{"a permit of another system, with an exception that holds for all of it, beside a permit of everything",
			[]string{consentOf(provisionOf("permit", `"purpose":[{"system":"urn:x","code":"care"}]`, nested(provisionOf("deny")))), consentOf(all)}, none, open, deny},

		// Status and scope: modifiers. Only an active Consent is in effect.
		{"inactive", []string{consentOf(all, `"status":"inactive"`)}, none, deny, deny},
		{"rejected", []string{consentOf(all, `"status":"rejected"`)}, none, deny, deny},
		{"entered in error", []string{consentOf(all, `"status":"entered-in-error"`)}, none, deny, deny},
		{"a denial that was entered in error, beside a permit", []string{consentOf(provisionOf("deny"), `"status":"entered-in-error"`), consentOf(all)}, none, permit, permit},
		{"proposed, beside a permit", []string{consentOf(provisionOf("deny"), `"status":"proposed"`), consentOf(all)}, none, permit, permit},
		{"a denial with an unknown status, beside a permit", []string{consentOf(provisionOf("deny"), `"status":"stopped"`), consentOf(all)}, none, open, open},
		{"a denial without a status, beside a permit", []string{consentOf(provisionOf("deny"), `"status":`), consentOf(all)}, none, open, open},
		{"a denial with two scopes, beside a permit", []string{consentOf(provisionOf("deny"), `"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"treatment"},{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]}`), consentOf(all)}, none, open, open},
		{"a consent to a treatment", []string{consentOf(provisionOf("deny"), `"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"treatment"}]}`), consentOf(all)}, none, permit, permit},
		{"a scope that is not known", []string{consentOf(all, `"scope":{"coding":[{"system":"urn:x","code":"sharing"}]}`)}, none, open, open},
		{"a denial that the patient did not confirm", []string{consentOf(provisionOf("deny"), `"verification":[{"verified":false}]`), consentOf(all)}, none, open, open},

		// Whom it is about.
		{"a denial of another patient", []string{consentOf(provisionOf("deny"), `"patient":{"reference":"Patient/2"}`), consentOf(all)}, none, permit, permit},
		{"a denial of a patient who is named otherwise than asked", []string{consentOf(provisionOf("deny"), `"patient":{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}}`), consentOf(all)}, none, open, open},
		{"a denial of a patient in another document's numbering", []string{consentOf(provisionOf("deny"), `"patient":{"reference":"urn:uuid:0c3201bd-1cbf-4d64-b04d-cd9187a4c6e0"}`), consentOf(all)}, none, open, open},

		// The base policy. "An exception to the base policy of this consent."
		{"opted in, and no more", []string{consentOf("", policyRule("OPTIN"))}, none, permit, permit},
		{"opted out, and no more", []string{consentOf("", policyRule("OPTOUT"))}, none, deny, deny},
		{"opted in and out", []string{consentOf("", policyRule("OPTOUT", "OPTIN"))}, none, open, open},
		{"opted in by a code of another system", []string{consentOf("", `"policyRule":{"coding":[{"system":"urn:x","code":"OPTIN"}]}`)}, none, open, open},
		{"opted out, and a denial of something else, beside a permit", []string{consentOf(provisionOf("deny", purpose("HRESCH")), policyRule("OPTOUT")), consentOf(all)}, none, deny, deny},
		{"opted out with exceptions, of which this is none, beside a permit", []string{consentOf(provisionOf("permit", purpose("HRESCH")), policyRule("OPTOUTE")), consentOf(all)}, none, deny, deny},
		{"opted out with exceptions, of which this is one", []string{consentOf(provisionOf("permit", purpose("TREAT")), policyRule("OPTOUTE"))}, none, permit, permit},
		{"for emergencies only, with a permit of everything", []string{consentOf(all, policyRule("EMRGONLY"))}, none, open, open},
		{"neither policy nor provision", []string{consentOf("", `"policy":`)}, none, open, open},
		{"a provision without a type", []string{consentOf(`{"purpose":[{"code":"TREAT"}]}`)}, none, open, open},

		// Time.
		{"an expired exception", []string{consentOf(butNot(`"period":{"end":"2026-03-01"}`))}, none, permit, permit},
		{"an exception on its last day", []string{consentOf(butNot(`"period":{"end":"2026-03-02"}`))}, none, deny, deny},
		{"an exception in its last month", []string{consentOf(butNot(`"period":{"end":"2026-03"}`))}, none, deny, deny},
		{"a permit that begins later", []string{consentOf(provisionOf("permit", `"period":{"start":"2026-03-03"}`))}, none, deny, deny},
		{"an exception whose period is reversed", []string{consentOf(butNot(`"period":{"start":"2027","end":"2020"}`))}, none, open, open},
		{"a permit that was written down later", []string{consentOf(all, `"dateTime":"2026-04-01"`)}, none, permit, permit},
		{"a denial that was written down later", []string{consentOf(provisionOf("deny"), `"dateTime":"2026-04-01"`), consentOf(all)}, none, deny, deny},

		// Purposes.
		{"a kind of what is refused", []string{consentOf(butNot(purpose("TREAT")))}, asks("ETREAT"), deny, deny},
		{"what a refused kind is one of", []string{consentOf(butNot(purpose("ETREAT")))}, asks("TREAT"), permit, permit},
		{"two purposes, of which one is refused", []string{consentOf(butNot(purpose("HRESCH")))}, asks("TREAT", "HRESCH"), deny, deny},
		{"a refusal by a word that HL7 does not have", []string{consentOf(butNot(purpose("research")))}, asks("HRESCH"), open, open},
		{"a refusal, asked for by a word that HL7 does not have", []string{consentOf(butNot(purpose("HRESCH")))}, asks("research"), open, open},
		{"a refusal of marketing, asked for by a code of another system", []string{consentOf(butNot(purpose("HMARKT")))}, asks("urn:x|marketing"), open, open},
		{"a permit of care, asked for by a code of another system", []string{consentOf(provisionOf("permit", purpose("TREAT")))}, asks("urn:x|care"), deny, deny},
		{"a refusal of research, asked for as a clinical trial", []string{consentOf(butNot(purpose("HRESCH")))}, asks("CLINTRL"), open, open},

		// Actors.
		{"who is refused", []string{consentOf(butNot(actor("PRCP", literal(one))))}, none, deny, deny},
		{"somebody else is refused", []string{consentOf(butNot(actor("PRCP", literal("Practitioner/9"))))}, none, permit, permit},
		{"an organisation is refused for which the actor works", []string{consentOf(butNot(actor("PRCP", literal("Organization/3"))))}, by(one, "Organization/3"), deny, deny},
		{"a refusal by an identifier", []string{consentOf(butNot(actor("PRCP", identified("urn:ods", "RR8"))))}, by(one, "urn:ods|RR8"), deny, deny},
		{"a refusal by another identifier of the same kind", []string{consentOf(butNot(actor("PRCP", identified("urn:ods", "RR8"))))}, by(one, "urn:ods|X26"), permit, permit},
		{"a refusal by an identifier of a kind that was not given", []string{consentOf(butNot(actor("PRCP", identified("urn:ods", "RR8"))))}, none, open, open},
		{"a refusal by reference and identifier, of somebody else", []string{consentOf(butNot(actor("PRCP", `{"reference":"Practitioner/9","identifier":{"system":"urn:sds","value":"555"}}`)))}, none, permit, permit},
		{"a refusal of somebody who is only shown", []string{consentOf(butNot(actor("PRCP", `{"display":"Dr Example"}`)))}, none, open, open},
		{"a refusal by an address of another server", []string{consentOf(butNot(actor("PRCP", literal("https://example.org/fhir/Practitioner/1"))))}, none, open, open},
		{"a refusal of a group", []string{consentOf(butNot(actor("PRCP", literal("Group/1"))))}, none, open, open},
		{"a refusal of a group on another server", []string{consentOf(butNot(actor("PRCP", literal("https://example.org/Group/1"))))}, func(q *fhirconsent.Question) { q.Groups = []string{"Group/1"} }, open, open},
		{"a refusal of a group that the actor is not in", []string{consentOf(butNot(actor("PRCP", literal("Group/1"))))}, func(q *fhirconsent.Question) { q.Groups = []string{} }, permit, permit},
		{"a refusal of a care team", []string{consentOf(butNot(actor("PRCP", literal("CareTeam/1"))))}, none, open, open},
		{"a refusal of a contained one", []string{consentOf(butNot(actor("PRCP", literal("#x"))))}, none, open, open},
		{"what a custodian holds is refused", []string{consentOf(butNot(actor("CST", literal("Organization/3"))))}, none, open, open},
		{"what an author wrote is permitted, and the author asks", []string{consentOf(provisionOf("permit", actor("AUT", literal(one))))}, none, open, open},
		{"who asks is not said, and somebody is refused", []string{consentOf(butNot(actor("PRCP", literal(one))))}, by(), open, open},

		// Actions.
		{"the action is refused", []string{consentOf(butNot(action(consentActions, "access")))}, none, deny, deny},
		{"another action is refused", []string{consentOf(butNot(action(consentActions, "correct")))}, none, permit, permit},
		{"an action is refused that HL7 does not have", []string{consentOf(butNot(action("urn:x", "share")))}, none, open, open},
		{"an action is refused that has no code", []string{consentOf(butNot(`"action":[{"text":"reading"}]`))}, none, open, open},

		// Classes. "A FHIR resource type, a profile on a type, or a CDA document."
		{"the class is refused", []string{consentOf(butNot(class(resourceTypes, "Observation")))}, item(same), deny, deny},
		{"another class is refused", []string{consentOf(butNot(class(resourceTypes, "Condition")))}, item(same), permit, permit},
		{"a profile is refused", []string{consentOf(butNot(class("urn:ietf:rfc:3986", "http://hl7.org/fhir/StructureDefinition/lipidprofile")))}, item(same), open, open},
		{"a kind of document is refused", []string{consentOf(butNot(class("http://loinc.org", "34133-9")))}, item(same), open, open},
		{"a kind of document is refused, and all is asked for", []string{consentOf(butNot(class("http://loinc.org", "34133-9")))}, none, open, open},
		{"only a kind of document is permitted", []string{consentOf(provisionOf("permit", class("http://loinc.org", "34133-9")))}, item(same), deny, deny},

		// Codes. "If this code is found in an instance, then the rule applies."
		{"the code is refused", []string{consentOf(butNot(`"code":[{"coding":[{"system":"urn:s","code":"1"}]}]`))}, item(same), deny, deny},
		{"another code is refused", []string{consentOf(butNot(`"code":[{"coding":[{"system":"urn:s","code":"2"}]}]`))}, item(same), permit, permit},
		{"a refusal whose coding has no code", []string{consentOf(butNot(`"code":[{"coding":[{"system":"urn:s","display":"HIV"}]}]`))}, item(same), open, open},
		{"a refusal whose concept is text", []string{consentOf(butNot(`"code":[{"text":"HIV"}]`))}, item(same), open, open},

		// Labels. "It applies to all resources that are labeled R or lower ...
		// For other kinds of security labels, subsumption logic applies."
		{"N is permitted, for N", []string{consentOf(provisionOf("permit", label("N")))}, item(same), permit, permit},
		{"R is permitted, for N", []string{consentOf(provisionOf("permit", label("R")))}, item(same), permit, permit},
		{"N is permitted, for R", []string{consentOf(provisionOf("permit", label("N")))}, item(func(i *fhirconsent.Item) { i.Labels = []string{"R"} }), deny, deny},
		{"N is permitted, for N and V", []string{consentOf(provisionOf("permit", label("N")))}, item(func(i *fhirconsent.Item) { i.Labels = []string{"N", "V"} }), deny, deny},
		{"R is refused, for V", []string{consentOf(butNot(label("R")))}, item(func(i *fhirconsent.Item) { i.Labels = []string{"V"} }), deny, deny},
		{"R is refused, for what has no label", []string{consentOf(butNot(label("R")))}, item(func(i *fhirconsent.Item) { i.Labels = nil }), open, open},
		{"substance use is refused, for alcohol use", []string{consentOf(butNot(label("SUD")))}, item(func(i *fhirconsent.Item) { i.Labels = []string{"ETHUD", "R"} }), deny, deny},
		{"alcohol use is refused, for substance use", []string{consentOf(butNot(label("ETHUD")))}, item(func(i *fhirconsent.Item) { i.Labels = []string{"SUD", "R"} }), open, open},
		{"psychiatry is refused, for sexual health", []string{consentOf(butNot(label("PSY")))}, item(func(i *fhirconsent.Item) { i.Labels = []string{"SEX", "R"} }), permit, permit},

		// Data. instance, related ("instances it refers to"), dependents
		// ("instances that refer to it"), authored by.
		{"the instance is refused", []string{consentOf(butNot(data("instance", literal("Observation/1"))))}, item(same), deny, deny},
		{"a version of it is refused", []string{consentOf(butNot(data("instance", literal("Observation/1/_history/2"))))}, item(func(i *fhirconsent.Item) { i.Reference = "Observation/1/_history/3" }), deny, deny},
		{"an instance on another server is refused", []string{consentOf(butNot(data("instance", literal("https://example.org/fhir/Observation/1"))))}, item(same), open, open},
		{"an instance is refused by its identifier", []string{consentOf(butNot(data("instance", identified("urn:o", "1"))))}, item(same), open, open},
		{"an instance is permitted by its identifier", []string{consentOf(provisionOf("permit", data("instance", identified("urn:o", "1"))))}, item(same), open, open},
		{"what it refers to is refused as an instance", []string{consentOf(butNot(data("instance", literal("Encounter/1"))))}, item(same), permit, permit},
		{"dependents are refused, and it refers to that", []string{consentOf(butNot(data("dependents", literal("Encounter/1"))))}, item(same), deny, deny},
		{"dependents are refused, and it is not known what it refers to", []string{consentOf(butNot(data("dependents", literal("Encounter/1"))))}, item(func(i *fhirconsent.Item) { i.PointsAt = nil }), open, open},
		{"dependents are refused, and that refers to it", []string{consentOf(butNot(data("dependents", literal("DiagnosticReport/1"))))}, item(same), permit, permit},
		{"related ones are refused, and that refers to it", []string{consentOf(butNot(data("related", literal("DiagnosticReport/1"))))}, item(same), deny, deny},
		{"related ones are refused, and it is not known what refers to it", []string{consentOf(butNot(data("related", literal("DiagnosticReport/1"))))}, item(func(i *fhirconsent.Item) { i.PointedBy = nil }), open, open},
		{"related ones are permitted, and that refers to it", []string{consentOf(provisionOf("permit", data("related", literal("DiagnosticReport/1"))))}, item(same), permit, permit},
		// IHE uses related for an encounter's observations, R4's words do not.
		{"related ones are permitted, and it refers to that", []string{consentOf(provisionOf("permit", data("related", literal("Encounter/1"))))}, item(same), open, permit},
		{"related ones are refused, and it refers to that", []string{consentOf(butNot(data("related", literal("Encounter/1"))))}, item(same), deny, deny},
		{"what the author wrote is refused", []string{consentOf(butNot(data("authoredby", literal("Practitioner/7"))))}, item(same), deny, deny},
		{"what the author wrote is refused, on another server", []string{consentOf(butNot(data("authoredby", literal("https://example.org/Practitioner/7"))))}, item(same), open, open},
		{"what another author wrote is refused", []string{consentOf(butNot(data("authoredby", literal("Practitioner/8"))))}, item(same), permit, permit},
		{"what an author wrote is refused by an identifier", []string{consentOf(butNot(data("authoredby", identified("urn:sds", "555"))))}, item(same), open, open},
		{"data with a meaning that R4 does not have", []string{consentOf(butNot(data("near", literal("Observation/1"))))}, item(same), open, open},
		{"data of a period are refused", []string{consentOf(butNot(`"dataPeriod":{"start":"2026-01","end":"2026-01"}`))}, item(same), deny, deny},
		{"data of a period are refused, of which some are", []string{consentOf(butNot(`"dataPeriod":{"start":"2026-01-10"}`))}, item(func(i *fhirconsent.Item) { i.Date = "2026-01" }), open, open},

		// Several.
		{"a newer permit does not undo a denial", []string{consentOf(provisionOf("deny"), `"dateTime":"2020"`), consentOf(all, `"dateTime":"2025"`)}, none, deny, deny},
		{"a refusal with an unknown modifier, beside a permit", []string{consentOf(provisionOf("deny"), `"modifierExtension":[{"url":"urn:x","valueBoolean":true}]`), consentOf(all)}, none, open, open},
		{"a refusal of research with an unknown modifier, for care, beside a permit", []string{consentOf(provisionOf("deny"), `"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"research"}]}`, `"modifierExtension":[{"url":"urn:x","valueBoolean":true}]`), consentOf(all)}, none, open, open},
		{"a refusal with a member that R4 does not have, beside a permit", []string{consentOf(provisionOf("deny", `"decision":"deny"`)), consentOf(all)}, none, open, open},
	} {
		var list []*fhirconsent.Consent
		for _, text := range c.consents {
			x, err := fhirconsent.Parse([]byte(text))
			if err != nil {
				t.Fatalf("%s: %v\n%s", c.name, err, text)
			}
			list = append(list, x)
		}
		for reading, want := range map[fhirconsent.Reading]consent.FindingEffect{fhirconsent.Refinement: c.refined, fhirconsent.Additive: c.added} {
			q := fhirconsent.Question{Patient: []string{"Patient/1"}, Purposes: []string{"TREAT"}, Actors: []string{one}, Action: "access", AsAt: asAt}
			c.ask(&q)
			if f := fhirconsent.Decide(list, q, fhirconsent.Options{Reading: reading}); f.Effect != want {
				names := []string{"not applicable", "permit", "deny", "indeterminate"}
				t.Errorf("%s (%s): %s, want %s: %v", c.name, []string{"R4", "IHE"}[reading], names[f.Effect], names[want], fmt.Sprint(f.Reasons))
			}
		}
	}
}

// TestTooManyFindings: a refusal that cannot be read is seen behind more
// findings than are kept.
func TestTooManyFindings(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[{"resource":` + consentOf(provisionOf("permit")) + `}`)
	for range 1200 {
		b.WriteString(`,{"resource":{"resourceType":"Observation"}}`)
	}
	b.WriteString(`,{"resource":` + consentOf(provisionOf("permit", `"provision":[["deny"]]`)) + `}]}`)
	list, err := fhirconsent.ParseAll([]byte(b.String()))
	if err == nil {
		q := fhirconsent.Question{Patient: []string{"Patient/1"}, Purposes: []string{"TREAT"}, Action: "access", AsAt: asAt}
		if f := fhirconsent.Decide(list, q, fhirconsent.Options{}); f.Effect != open {
			t.Errorf("%d Consents: %v", len(list), f)
		}
	}
}

// TestRedactTooManyFindings: nor is what cannot be redacted let through behind
// more findings than are kept.
func TestRedactTooManyFindings(t *testing.T) {
	in := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"given":["a"],"_given":[null]},`, 1200) + `{"family":"x"}],"surprise":{"extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCoding":{"code":"R"}}],"text":"secret"}}`
	if out, _, err := redactor(t, "label:R").Apply([]byte(in)); err == nil {
		t.Errorf("it came through: %s", out[len(out)-300:])
	}
}
