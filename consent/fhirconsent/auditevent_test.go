package fhirconsent_test

import (
	"context"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/audit"
	"github.com/nhskit/nhskit/consent/consenttest"
	"github.com/nhskit/nhskit/fhir"
)

// TestAuditEvent reads the events of package audit as FHIR.
func TestAuditEvent(t *testing.T) {
	r := consent.Request{Subject: consenttest.Person(0), Action: consent.Disclose, Purposes: []consent.Purpose{consent.Research, consent.Planning}, Basis: consent.Regulation5, AsAt: asAt}
	optOut := consent.Record{
		ID: "a", Version: 1, Kind: consent.NationalDataOptOut, Subject: r.Subject, State: consent.InForce, From: asAt, RecordedAt: asAt, RecordedBy: "spine",
		DecidedBy: consent.ByPatient, Policy: []consent.PolicyRef{{URI: "urn:x", Version: "1"}},
	}
	r.Data = consent.Data{Identifiability: consent.Identifiable, Confidential: consent.Yes, Origin: consent.EnglandPublic}
	for _, actor := range []consent.Actor{{}, {ID: "Practitioner/1"}, {Number: consenttest.Person(1)}, {ID: "https://fhir.nhs.uk/Id/sds-user-id|1"}} {
		for _, records := range [][]consent.Record{nil, {optOut}} {
			r.Actor = actor
			e, err := audit.NewEntry(r, consent.New(consent.NewMemoryStore(records...)).Decide(context.Background(), r), asAt)
			if err != nil {
				t.Fatal(err)
			}
			event, err := e.AuditEvent(audit.EventOptions{Authorizer: "Device/1", Client: "urn:x|2", Organization: "Organization/3", SubtypeSystem: "urn:test:subtypes", Profile: "urn:test:profile"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fhir.NewParser(fhir.Strict()).Parse(event); err != nil {
				t.Errorf("%v\n%s", err, event)
			}
		}
	}
}
