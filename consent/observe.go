package consent

import (
	"strings"
	"time"
)

// observe fills the facts that the request itself states; purpose and what
// the records say come later.
func (f *facts) observe(r *Request, p *Parameters) {
	for i := range f.from {
		f.from[i] = -1
	}
	f.is(fAction, uint8(r.Action))
	f.oneOf(fBasis, uint8(r.Basis))
	f.observeData(&r.Data)
	f.observeEvidence(r)
	f.observeCare(r)
	f.oneOf(fNecessity, uint8(r.Care.Necessity))
	f.is(fGDPR, gdprValue(r.GDPR))
	f.yes(fDeceased, !r.Patient.Deceased.IsZero() && !r.Patient.Deceased.After(r.AsAt))
	f.yes(fShared, !r.Evidence.PriorShare.IsZero() && !r.Evidence.PriorShare.After(r.AsAt))
	f.is(fNDOEntry, 0)
	f.is(fType1, 0)
	f.is(fType2, 0)
	f.is(fSCR, 0)
	f.is(fExplicit, 0)
	if r.Evidence.ClaimedFrom != "" {
		f.is(fExplicit, 6)
	}
	f.is(fProxy, 0)
	f.yes(fObjection, false)
	f.yes(fDissent, false)
	f.yes(fLocal, false)
	f.observeSCR(r, p)
	f.observeGlass(r)
	f.observeOptOut(r)
	for k := fPersonal; k < numFacts; k++ {
		f.set[k] = bitNo
	}
}

func (f *facts) observeData(d *Data) {
	f.oneOf(fIdentity, uint8(d.Identifiability))
	if d.Identifiability == IdentifiabilityUnknown {
		f.openTo(fIdentity, fIdentity.anyValue()&^1, causeData)
	}
	f.yes(fControlled, d.Disclosed == Yes) // what is not shown does not count
	f.tri(fConfidential, d.Confidential, causeData)
	f.oneOf(fOrigin, uint8(d.Origin))
	if d.Origin == OriginUnknown {
		f.openTo(fOrigin, fOrigin.anyValue()&^1, causeData)
	}
	f.tri(fHeldBy, d.HeldByGP, causeData)
	f.oneOf(fNumber, uint8(d.NumberState))
	f.oneOf(fItem, uint8(d.Item))
	f.yes(fRequested, d.ItemRequested)
}

func (f *facts) observeEvidence(r *Request) {
	e := &r.Evidence
	approval := uint8(0)
	if e.OptOutDisapplied {
		switch {
		case e.Approval == "":
			approval = 2
		case len(e.ApprovalFlows) > 0 && !contains(e.ApprovalFlows, r.Flow):
			approval = 3
		default:
			approval = 1
		}
	}
	f.is(fApproval, approval)

	reg3 := uint8(0)
	if e.Regulation3 != "" {
		if reg3 = 2; contains(regulation3Purposes[:], e.Regulation3) {
			reg3 = 1
		}
	}
	f.is(fReg3, reg3)

	test := uint8(0)
	switch {
	case e.TestRecorded && e.TestOutcome == "disclose":
		test = 1
	case !e.TestRecorded && e.TestOutcome == "disclose":
		test = 2
	case e.TestOutcome != "":
		test = 3
	}
	f.is(fTest, test)

	legal := uint8(0)
	switch e.LegalInstrument {
	case "":
	case "court-order":
		legal = 2
	case "direction":
		legal = 3
	case "permissive-power":
		legal = 4
	default:
		legal = 1
	}
	f.is(fLegal, legal)

	recipient := uint8(0)
	switch {
	case strings.EqualFold(r.Recipient, "ONS"):
		recipient = 1
	case strings.HasPrefix(r.Recipient, "NDRS"):
		recipient = 2
	case strings.EqualFold(r.Recipient, "NHSBSA"):
		recipient = 3
	}
	f.is(fRecipient, recipient)

	survey := uint8(0)
	if !e.SurveySent.IsZero() {
		if survey = 2; e.SurveySent.Unix() < april2019 {
			survey = 1
		}
	}
	f.is(fSurvey, survey)
	f.yes(f18A, e.Regulation == "18A")

	listed := uint8(0)
	if e.Exemption != "" {
		if listed = 1; e.ExemptionEvidence == "" {
			listed = 2
		}
	}
	f.is(fListed, listed)

	project := uint8(0)
	if !e.ProjectStarted.IsZero() {
		if project = 2; e.ProjectStarted.Unix() < june2023 {
			project = 1
		}
	}
	f.is(fProject, project)
}

// Instants by which rules tell cases apart: midnight in London.
const (
	april2019   = 1554073200 // 1 April 2019
	june2023    = 1685574000 // 1 June 2023
	october2018 = 1539212400 // 11 October 2018
)

// regulation3Purposes are those that regulation 3 of the 2002 Regulations
// names, in the words that a caller may use for them.
var regulation3Purposes = [...]string{
	"communicable-disease", "outbreak", "diagnosing-communicable-disease", "recognising-trends", "controlling-spread",
	"risk-to-public-health", "other-public-health-risk",
	"immunisation-delivery", "immunisation-efficacy", "immunisation-safety", "immunisation", "vaccination",
	"adverse-reactions", "food-and-environment-incidents",
}

func gdprValue(g GDPR) uint8 {
	switch {
	case g.Article6 == "" && g.Article9 == "":
		return 0
	case g.Article9 == "":
		return 3
	case g.Article6 == "":
		return 4
	case g.Article6 == "6(1)(a)" || g.Article9 == "9(2)(a)":
		return 2
	}
	return 1
}

func (f *facts) observeCare(r *Request) {
	f.oneOf(fRelationship, uint8(r.Care.Relationship))
	f.oneOf(fPermission, uint8(r.Care.Permission))
	emergency := uint8(0)
	if r.Care.Emergency {
		if emergency = 1; strings.TrimSpace(r.Care.EmergencyReason) == "" {
			emergency = 2
		}
	}
	f.is(fEmergency, emergency)
	f.tri(fRole, r.Actor.Role, causeRole)
	f.yes(fPresent, !r.Care.PatientAbsent)
	f.tri(fAgreement, r.Care.SharingAgreement, causeAgreement)
	capability := uint8(0)
	if r.Care.OtherCapability {
		capability = 1
	}
	f.is(fCapability, capability)
	f.setPDS(r.Patient.Confidentiality)
	f.yes(fFound, !r.Patient.NotFound)
	f.yes(fVerified, !r.Patient.Unverified)
}

// setPDS takes the confidentiality that PDS gives a patient. It is not HL7's
// scale: U there is "unrestricted" and here "everything is returned".
func (f *facts) setPDS(code string) {
	switch code {
	case "":
		f.is(fPDS, 0)
	case "U":
		f.is(fPDS, 1)
	case "R":
		f.is(fPDS, 2)
	case "V":
		f.is(fPDS, 3)
	case "REDACTED":
		f.is(fPDS, 4)
	default:
		f.openTo(fPDS, fPDS.anyValue()&^1, causePDS)
	}
}

func (f *facts) observeSCR(r *Request, p *Parameters) {
	f.yes(fContent, r.SCR.Additional)
	switch {
	case p.SCRAdditionalFrom.IsZero():
		f.open(fSCRModel, causeParameter)
	case r.AsAt.Before(p.SCRAdditionalFrom):
		f.is(fSCRModel, 0)
	default:
		f.is(fSCRModel, 1)
	}
	f.is(fSpine, 0)
	f.setACS(r.SCR.SpineSays)
}

func (f *facts) setACS(says string) {
	switch says {
	case "":
		f.is(fACS, 0)
	case "Yes":
		f.is(fACS, 1)
	case "No":
		f.is(fACS, 2)
	case "Ask":
		f.is(fACS, 3)
	default:
		f.openTo(fACS, fACS.anyValue()&^1, causeCode)
	}
}

func (f *facts) observeGlass(r *Request) {
	b := &r.BreakGlass
	glass := uint8(0)
	switch {
	case !b.Declared:
	case strings.TrimSpace(b.Reason) == "":
		glass = 2
	case !b.Patient.IsZero() && b.Patient != r.Subject:
		glass = 3
	case !b.Expires.IsZero() && !r.AsAt.Before(b.Expires):
		glass = 4
	default:
		glass = 1
	}
	f.is(fGlass, glass)
	f.yes(fGlassListed, r.Actor.BTGListed == Yes)
	f.oneOf(fImplicit, uint8(r.Implicit))
	f.yes(fAudit, r.AuditDown)
}

func (f *facts) observeOptOut(r *Request) {
	o := &r.OptOut
	listed := o.ProxyRole == "GUARDIAN" || o.ProxyRole == "POA" || o.ProxyRole == "COURTDEP"
	setter, party := uint8(0), uint8(0)
	if o.Proxy {
		if setter = 1; !listed {
			setter = 2
		}
	}
	switch {
	case o.Party && o.ProxyRole != "":
		party = 3
	case o.Party:
	case o.ProxyRole == "":
		party = 4
	case listed:
		party = 1
	default:
		party = 2
	}
	f.is(fSetter, setter)
	f.is(fParty, party)
	if age, known := r.Patient.ageAt(r.AsAt); known && age >= 0 {
		f.yes(fAge, age < 13)
	} else {
		f.open(fAge, causeAge)
	}
	f.yes(fCapacity, r.Patient.LacksCapacity)
	f.yes(fOnPDS, !r.Patient.NotOnPDS)
	f.yes(fTarget, o.PatientFile)
}

// ageAt returns the age in completed years by the calendar of London.
func (p *Patient) ageAt(t time.Time) (int, bool) {
	if p.BirthDate.IsZero() {
		return p.Age, p.AgeKnown
	}
	local := t.UTC().Add(time.Duration(londonOffset(t.Unix())) * time.Second)
	age := local.Year() - p.BirthDate.Year()
	if local.Month() < p.BirthDate.Month() || local.Month() == p.BirthDate.Month() && local.Day() < p.BirthDate.Day() {
		age--
	}
	return age, true
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
