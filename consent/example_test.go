package consent_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// One patient, who opted out of research and planning; three requests for the
// same data, and why the answers differ.
func Example() {
	patient, err := nhsnumber.Parse("999 000 0018")
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	store := consent.NewMemoryStore(consent.Record{
		ID: "optout-1", Version: 1, Kind: consent.NationalDataOptOut, Subject: patient, Effect: consent.Denies, State: consent.InForce,
		From: at.AddDate(-1, 0, 0), RecordedAt: at.AddDate(-1, 0, 0), RecordedBy: "spine", DecidedBy: consent.ByPatient,
		Policy: []consent.PolicyRef{{URI: "urn:nhs:national-data-opt-out", Version: "4.0"}},
	})
	engine := consent.New(store, consent.WithCompleteOptOuts())

	identifiable := consent.Data{Identifiability: consent.Identifiable, Confidential: consent.Yes, Origin: consent.EnglandPublic}
	care := consent.Request{
		Subject: patient, Action: consent.Disclose, Purposes: []consent.Purpose{consent.IndividualCare}, Basis: consent.ImpliedConsent,
		Data: identifiable, Care: consent.Care{Relationship: consent.Legitimate}, AsAt: at,
	}
	research := consent.Request{
		Subject: patient, Action: consent.Disclose, Purposes: []consent.Purpose{consent.Research}, Basis: consent.Regulation5,
		Data: identifiable, AsAt: at,
	}
	testing := consent.Request{
		Subject: patient, Action: consent.Disclose, Purposes: []consent.Purpose{consent.SystemDevelopment}, Basis: consent.ImpliedConsent,
		Data: identifiable, AsAt: at,
	}
	for _, r := range []consent.Request{care, research, testing} {
		d := engine.Decide(context.Background(), r)
		fmt.Printf("%s: %s\n", r.Purposes[0], d.Outcome())
		for _, reason := range d.Reasons() {
			fmt.Println("  ", strings.TrimSpace(reason.Code+" "+reason.Rule))
		}
		for _, o := range d.Obligations() {
			fmt.Println("   must:", o)
		}
	}
	// Output:
	// individual-care: permit
	//    IMPLIED_CONSENT_DIRECT_CARE common.basis.implied
	//    DUTY_TO_SHARE care.duty-to-share
	//    NDO_NOT_APPLICABLE_INDIVIDUAL_CARE ndo.individual-care
	// research: deny
	//    S251_SUPPORT common.basis.s251
	//    NDO_APPLIES ndo.applies
	//    S251_STANDARD_CONDITION ndo.standard-condition
	//    DENY_OVERRIDES
	//    must: remove-whole-record
	// system-development: deny
	//    NO_COMMON_LAW_BASIS common.no-basis
	//    NOT_DIRECT_CARE common.not-direct-care
	//    IMPLIED_CONSENT_INVALID common.not-direct-care
	//    NDO_APPLIES ndo.applies
	//    must: use-anonymised-data
	//    must: remove-whole-record
}

// A reason says what would make the decision a permit.
func ExampleEngine_Decide() {
	patient, err := nhsnumber.Parse("9990000018")
	if err != nil {
		panic(err)
	}
	engine := consent.New(consent.NewMemoryStore())
	d := engine.Decide(context.Background(), consent.Request{
		Subject: patient, Action: consent.ViewSCR, Purposes: []consent.Purpose{consent.IndividualCare},
		Actor: consent.Actor{Role: consent.Yes}, Care: consent.Care{Relationship: consent.Legitimate}, AsAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	})
	for _, r := range d.Reasons() {
		fmt.Println(r.Code, r.Rule, r.Unless)
	}
	fmt.Println(d.Public())
	// Output:
	// SCR_PTV_MISSING scr.view.missing [permission=given emergency=reason-given]
	// {deny ACCESS_DENIED}
}

func ExampleParseRecord() {
	_, issues, err := consent.ParseRecord([]byte(`{
	"id":"r1", "version":1, "kind":"national-data-opt-out",
	"subject":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"},
	"effect":"permit", "state":"in-force",
	"effective":{"from":"2024-01-10T10:00:00Z"}, "recorded":{"at":"2024-01-10T10:00:05Z","by":"spine"},
	"decided_by":{"role":"patient"}, "policy":[{"uri":"urn:nhs:national-data-opt-out","version":"4.0"}]}`))
	fmt.Println(err != nil)
	for _, i := range issues {
		fmt.Println(i)
	}
	// Output:
	// true
	// 4:11: /effect: a record of this kind can only deny (record.schema.json)
}

func ExampleDiff() {
	before, err := consent.ParsePolicy(consent.PolicyFile("proxy"))
	if err != nil {
		panic(err)
	}
	after, err := consent.ParsePolicy([]byte(strings.Replace(string(consent.PolicyFile("proxy")), `"review-proxy"`, `"refer-to-practice"`, 1)))
	if err != nil {
		panic(err)
	}
	for _, c := range consent.Diff(before, after) {
		fmt.Println(c.Rule, c.Before.Obliges, "->", c.After.Obliges)
	}
	// Output:
	// proxy.lapsed [review-proxy] -> [refer-to-practice]
}
