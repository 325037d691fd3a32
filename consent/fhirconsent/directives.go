package fhirconsent

import (
	"context"

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
		Action: "access", Glass: r.BreakGlass.Declared, GlassListed: r.Actor.BTGListed == consent.Yes,
	}
	if r.Action == consent.Disclose {
		q.Action = "disclose"
	}
	if r.Actor.ID != "" {
		q.Actors = []string{r.Actor.ID}
	}
	for _, p := range r.Purposes {
		q.Purposes = append(q.Purposes, useOf(p))
	}
	if r.Data.LabelsKnown || r.Data.Class != "" || r.Data.Codes != nil {
		q.Item = &Item{Class: r.Data.Class, Labels: r.Data.Labels, LabelsKnown: r.Data.LabelsKnown, Codes: r.Data.Codes}
	}
	o := d.Options
	o.Default = consent.Deny
	f := Decide(list, q, o)
	for _, reason := range f.Reasons {
		if reason.Code == codeNames[codeNoConsent] && f.Effect == consent.FindingDeny {
			return consent.Finding{Reasons: f.Reasons[:0:0]}
		}
	}
	return f
}

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
	return "https://github.com/nhskit/nhskit/consent/purpose|" + p.String()
}
