package consent_test

import (
	"context"
	"testing"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/consenttest"
)

// TestEmergencyNeverWidens: over a standing no, to declare an emergency makes
// no permit, whatever the patient is said to have answered; no source says that
// it may.
func TestEmergencyNeverWidens(t *testing.T) {
	for _, permission := range []consent.Permission{consent.NotAsked, consent.Given, consent.Refused} {
		for _, relationship := range []consent.Relationship{consent.Legitimate, consent.SelfClaimed} {
			for _, reason := range []string{"", "unconscious"} {
				for spine, want := range map[string]bool{"No": false, "Ask": permission == consent.Given || permission == consent.NotAsked && reason != ""} {
					r := request(consent.IndividualCare, consent.BasisNone)
					r.Subject, r.Action, r.Actor.Role, r.SCR.SpineSays = consenttest.Person(1), consent.ViewSCR, consent.Yes, spine
					r.Care = consent.Care{Relationship: relationship, Permission: permission, Emergency: true, EmergencyReason: reason}
					if d := consent.New(consent.NewMemoryStore()).Decide(context.Background(), r); d.Permitted() != want {
						t.Errorf("%s, %q, permission %s, relationship %s: %s", spine, reason, permission, relationship, d)
					}
				}
			}
		}
	}
}
