package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/uk"
	"github.com/nhskit/nhskit/nhsnumber"
)

// gate asks the consent engine who may have a message.
type gate struct{ engine *consent.Engine }

// answer is a decision as the tour shows it.
type answer struct{ purpose, outcome, why string }

// optedOut has a national data opt-out on record: the patient of the merge.
var optedOut = "9990042128"

// newGate returns a gate over a few choices of the tour's people.
func newGate() *gate {
	store := consent.NewMemoryStore()
	if n, err := nhsnumber.Parse(optedOut); err == nil {
		since := time.Date(2025, time.March, 1, 0, 0, 0, 0, time.UTC)
		store.Add(consent.Record{
			ID: "tour-1", Version: 1, Kind: consent.NationalDataOptOut, Subject: n, Effect: consent.Denies, State: consent.InForce,
			From: since, RecordedAt: since, RecordedBy: "national service", DecidedBy: consent.ByPatient,
		})
	}
	return &gate{consent.New(store, consent.WithCompleteOptOuts(), consent.WithParameters(consent.Parameters{OptOutMaxAge: 21 * 24 * time.Hour}))}
}

// ask decides about one message for three recipients: the team that treats the
// patient, a research study with support under regulation 5, and a supplier
// who wants to test an app.
func (g *gate) ask(m *hl7v2.Message) []answer {
	patient, state := uk.PatientOf(m).NHSNumber()
	at := m.Segment("MSH", 1).Field(7)
	asAt := time.Date(2026, time.July, 20, 12, 0, 0, 0, time.UTC)
	if t, err := at.DateTime(); err == nil {
		asAt = t.Time(time.UTC)
	}
	base := consent.Request{
		Action: consent.Disclose, AsAt: asAt, CanMeet: []string{"*"},
		Data: consent.Data{Identifiability: consent.Identifiable, Confidential: consent.Yes, Origin: consent.EnglandPublic, HeldByGP: consent.No, LabelsKnown: true},
	}
	if state == uk.Valid {
		base.Subject = patient.Number
	} else {
		base.Data.NumberState = consent.NumberInvalid
	}

	care := base
	care.Purposes = []consent.Purpose{consent.IndividualCare}
	care.Basis = consent.ImpliedConsent
	care.Care = consent.Care{Relationship: consent.Legitimate, Necessity: consent.Relevant}
	care.Actor = consent.Actor{ID: "ward-team", Role: consent.Yes}
	care.GDPR = consent.GDPR{Article6: "6(1)(e)", Article9: "9(2)(h)"}

	research := base
	research.Purposes = []consent.Purpose{consent.Research}
	research.Basis = consent.Regulation5
	research.Study = "tour-study"
	research.Evidence = consent.Evidence{Approval: "23/CAG/0099"}
	research.GDPR = consent.GDPR{Article6: "6(1)(e)", Article9: "9(2)(j)"}

	testing := base
	testing.Purposes = []consent.Purpose{consent.SystemDevelopment}
	testing.Basis = consent.ImpliedConsent

	out := make([]answer, 0, 3)
	for _, q := range []struct {
		purpose string
		request consent.Request
	}{{"its ward", care}, {"a study", research}, {"an app's test", testing}} {
		d := g.engine.Decide(context.Background(), q.request)
		out = append(out, answer{q.purpose, d.Outcome().String(), why(&d)})
	}
	return out
}

// why names the codes of the reasons, each once.
func why(d *consent.Decision) string {
	var codes []string
	for _, r := range d.Reasons() {
		if !slices.Contains(codes, r.Code) {
			codes = append(codes, r.Code)
		}
	}
	if len(codes) > 2 {
		codes = codes[:2]
	}
	return strings.ToLower(strings.ReplaceAll(strings.Join(codes, ", "), "_", " "))
}
