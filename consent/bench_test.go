package consent_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/consenttest"
)

// busy is a patient with ten records on file.
func busy() []consent.Record {
	at := time.Date(2024, 1, 10, 10, 0, 0, 0, time.UTC)
	var out []consent.Record
	for i, k := range []consent.Kind{
		consent.NationalDataOptOut, consent.Type1OptOut, consent.SCRPreference, consent.SCRPermissionToView, consent.PDSConfidentiality,
		consent.StudyConsent, consent.LocalOptOut, consent.ProxyAccess, consent.PrivacyDirective, consent.Type2Objection,
	} {
		r := consent.Record{
			ID: fmt.Sprintf("record-%02d", i), Version: 1, Kind: k, Subject: consenttest.Person(0), State: consent.InForce, From: at, RecordedAt: at,
			RecordedBy: "test", DecidedBy: consent.ByPatient, Policy: []consent.PolicyRef{{URI: "urn:test", Version: "1"}},
			Code: consent.Code{System: "read2", Value: "9Nu0."}, Scope: &consent.Scope{Studies: []string{"S9"}, Actors: []string{"Practitioner/9"}},
		}
		out = append(out, r)
	}
	out[2].Code.Value, out[4].Code.Value = "9Ndm.", "U"
	return out
}

func request(p consent.Purpose, b consent.Basis) consent.Request {
	return consent.Request{
		Subject: consenttest.Person(0), Action: consent.Disclose, Purposes: []consent.Purpose{p}, Basis: b, Study: "S1", Actor: consent.Actor{ID: "Practitioner/1"},
		Data: consent.Data{Identifiability: consent.Identifiable, Confidential: consent.Yes, Origin: consent.EnglandPublic, HeldByGP: consent.Yes, LabelsKnown: true, Labels: []string{"N"}},
		Care: consent.Care{Relationship: consent.Legitimate, Necessity: consent.Relevant}, AsAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), CanMeet: []string{"*"},
	}
}

func BenchmarkDecide(b *testing.B) {
	engine := consent.New(consent.NewMemoryStore(busy()...))
	for _, c := range []struct {
		name    string
		purpose consent.Purpose
		basis   consent.Basis
	}{{"care", consent.IndividualCare, consent.ImpliedConsent}, {"research", consent.Research, consent.Regulation5}} {
		r := request(c.purpose, c.basis)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d := engine.Decide(context.Background(), r)
				if d.Outcome() == consent.Indeterminate {
					b.Fatal("indeterminate")
				}
			}
		})
		b.Run(c.name+"-explained", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d := engine.Decide(context.Background(), r)
				d.Reasons()
			}
		})
	}
	q := question{request: request(consent.Research, consent.Regulation5), records: busy()}
	b.Run("slow-evaluator", func(b *testing.B) {
		for b.Loop() {
			slowly(q)
		}
	})
}

func TestDecideDoesNotAllocate(t *testing.T) {
	engine := consent.New(consent.NewMemoryStore(busy()...))
	for _, r := range []consent.Request{request(consent.IndividualCare, consent.ImpliedConsent), request(consent.Research, consent.Regulation5)} {
		if n := testing.AllocsPerRun(100, func() { engine.Decide(context.Background(), r) }); n > 0 {
			t.Errorf("%s: %v allocations", r.Purposes[0], n)
		}
	}
}
