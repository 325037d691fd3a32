package fhirconsent

import (
	"context"
	"slices"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// Directives lets an engine of package consent hear the FHIR Consents of the
// patient; give it to consent.WithEvaluator. It is safe for concurrent use if
// its functions are.
//
// Consents that say nothing about a request leave the decision to the other
// rules. A deny stands whatever those say; a permit does not make lawful what
// they deny.
type Directives struct {
	// Consents returns a patient's Consents with the references by which they
	// name the patient. An error makes the decision indeterminate.
	Consents func(ctx context.Context, patient nhsnumber.Number) (consents []*Consent, references []string, err error)
	// Actors returns the references and identifiers of who asks with the
	// organisations it acts for, and those of the groups it belongs to, as in
	// Question. Without it no more is known than the actor's ID: whether a
	// refusal of an organisation or a group holds is then not known.
	Actors func(ctx context.Context, actor consent.Actor) (actors, groups []string, err error)
	// Options are how they are evaluated. Default is not used.
	Options Options
}

// Evaluate implements consent.Evaluator.
func (d Directives) Evaluate(ctx context.Context, r *consent.Request) consent.Finding {
	list, references, err := d.Consents(ctx, r.Subject)
	if err != nil {
		return consent.Finding{Effect: consent.FindingIndeterminate, Reasons: []consent.Reason{{Code: "RULE_ERROR"}}}
	}
	if len(list) == 0 {
		return consent.Finding{}
	}
	q := Question{
		Patient: append([]string{nhsNumberSystem + "|" + r.Subject.Digits()}, references...), AsAt: r.AsAt,
		Glass: r.BreakGlass.Declared, GlassListed: r.Actor.BTGListed == consent.Yes,
	}
	if r.Actor.ID != "" {
		q.Actors = []string{r.Actor.ID}
	}
	q.someActors = d.Actors == nil
	if d.Actors != nil {
		if q.Actors, q.Groups, err = d.Actors(ctx, r.Actor); err != nil {
			return consent.Finding{Effect: consent.FindingIndeterminate, Reasons: []consent.Reason{{Code: "RULE_ERROR"}}}
		}
	}
	for _, p := range r.Purposes {
		q.Purposes = append(q.Purposes, useOf(p))
	}
	if r.Data.LabelsKnown || r.Data.Class != "" || r.Data.Codes != nil {
		q.Item = &Item{Class: r.Data.Class, Labels: r.Data.Labels, LabelsKnown: r.Data.LabelsKnown, Codes: r.Data.Codes}
	}
	var out []consent.Finding
	for _, q.Action = range actionsOf(r.Action) {
		f := decide(list, &q, &d.Options, true)
		if f.Effect == consent.NotApplicable && len(f.Obligations) == 0 {
			f = consent.Finding{}
		}
		out = append(out, f)
	}
	if len(out) == 1 {
		return out[0]
	}
	return both(out[0], out[1])
}

// actionsOf returns the actions of HL7's consentaction that an action is.
func actionsOf(a consent.Action) []string {
	switch a {
	case consent.Disclose, consent.UploadSCR:
		return []string{"disclose"}
	case consent.GPConnect: // the practice's record is disclosed to another's system
		return []string{"access", "disclose"}
	}
	return []string{"access"}
}

// both joins what was found about two actions that are done at once: each has
// to be permitted, and neither denied.
func both(a, b consent.Finding) consent.Finding {
	if strictness[a.Effect] < strictness[b.Effect] {
		a, b = b, a
	}
	// What is to be taken out for one is to be taken out.
	a.Obligations = append(slices.Clip(a.Obligations), b.Obligations...)
	if a.Effect == b.Effect || a.Effect == consent.NotApplicable {
		a.Reasons = append(slices.Clip(a.Reasons), b.Reasons...)
	}
	return a
}

// ownPurposes is the system of purposes that HL7 does not have.
const ownPurposes = "https://github.com/nhskit/nhskit/consent/purpose|"

// useOf returns HL7's code for a purpose, or its name where HL7 has none: a
// code of its own system, which no other code covers.
func useOf(p consent.Purpose) string {
	switch p {
	case consent.IndividualCare:
		return "TREAT"
	case consent.EmergencyOverride:
		return "BTG"
	case consent.PatientRequest:
		return "PATRQT"
	case consent.Research:
		return "HRESCH"
	case consent.Planning, consent.Operations:
		return "HOPERAT"
	case consent.PopulationHealth:
		return "POPHLTH"
	case consent.PublicHealth:
		return "PUBHLTH"
	case consent.SystemDevelopment:
		return "SYSDEV"
	case consent.Payment, consent.InvoiceValidation, consent.PrescriptionCharges:
		return "HPAYMT"
	case consent.Marketing:
		return "HMARKT"
	case consent.Education:
		return "TRAIN"
	}
	return ownPurposes + p.String()
}
