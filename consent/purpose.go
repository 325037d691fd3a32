package consent

import "slices"

// Purpose is what a disclosure is for, in terms of the NHS: what matters is
// whether it is the care of this one patient or something beyond it. HL7's
// purposes of use map onto it by PurposeOf. The zero value is no purpose.
type Purpose uint8

// The purposes. HL7 files population health and clinical trials below
// treatment, and testing of systems below operations; here they are what they
// are in England: not individual care.
const (
	NoPurpose Purpose = iota
	IndividualCare
	EmergencyOverride // breaking the glass
	PatientRequest
	Research
	Planning
	Operations
	PopulationHealth
	PublicHealth
	SystemDevelopment
	Payment
	InvoiceValidation // of non-contracted activity
	PrescriptionCharges
	Marketing
	Insurance
	DiseaseRegistration
	ClinicalAudit
	OfficialStatistics
	PatientSurvey
	PublicInterest
	LegalProceedings
	RiskStratification
	Education
	ApplyOptOuts
	numPurposes
)

var purposeNames = [...]string{
	"unstated", "individual-care", "break-glass", "patient-request", "research", "planning", "operations",
	"population-health-management", "public-health", "system-development", "payment",
	"invoice-validation-non-contracted", "prescription-charges", "marketing", "insurance",
	"disease-registration", "national-clinical-audit", "official-statistics", "patient-survey",
	"public-interest-disclosure", "legal-proceedings", "risk-stratification", "education", "apply-ndo",
}

// BeyondCare reports whether the purpose goes beyond the care of the patient,
// so that implied consent cannot carry it and opt-outs may apply.
func (p Purpose) BeyondCare() bool { return p >= Research && p != ApplyOptOuts && p < numPurposes }

// String returns the name of the purpose: "individual-care".
func (p Purpose) String() string { return nameOf(purposeNames[:], uint8(p)) }

// MarshalText writes the name of the purpose.
func (p Purpose) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the name of a purpose or a code of HL7's PurposeOfUse.
func (p *Purpose) UnmarshalText(b []byte) error {
	got, ok := PurposeOf(string(b))
	if !ok {
		return errUnknownName("purpose")
	}
	*p = got
	return nil
}

// PurposeOf returns the purpose with a name, or to which a code of HL7's
// PurposeOfUse belongs ("HRESCH", "TREAT"); false for anything else.
func PurposeOf(name string) (Purpose, bool) {
	if i := slices.Index(purposeNames[1:], name); i >= 0 {
		return Purpose(i + 1), true
	}
	if i := useIndex(name); i >= 0 {
		return purposesOfUse[i].purpose, true
	}
	return NoPurpose, false
}

// Coverage is the answer of PurposeCovers.
type Coverage uint8

// The answers. CrossesCare means that HL7's tree would carry the grant to the
// purpose asked for, but that the two are different things in England.
const (
	NotCovered Coverage = iota
	Same
	Subsumed
	CrossesCare
	UnknownPurpose // a code that is in neither tree
)

// PurposeCovers reports whether a grant for one code of HL7's PurposeOfUse
// reaches a use for another. A code covers itself and what lies below it, as
// long as both are the same NHS purpose: TREAT covers ETREAT, but neither
// POPHLTH nor CLINTRL nor BTG; HOPERAT does not cover SYSDEV. Codes that HL7
// does not have are compared as they are.
func PurposeCovers(granted, asked string) Coverage {
	if granted == asked {
		return Same
	}
	g, a := useIndex(granted), useIndex(asked)
	if a < 0 || g < 0 {
		return UnknownPurpose
	}
	for i := int(purposesOfUse[a].parent); i >= 0; i = int(purposesOfUse[i].parent) {
		if i == g {
			if purposesOfUse[g].purpose != purposesOfUse[a].purpose {
				return CrossesCare
			}
			return Subsumed
		}
	}
	return NotCovered
}

func useIndex(code string) int {
	for i := range purposesOfUse {
		if purposesOfUse[i].code == code {
			return i
		}
	}
	return -1
}

// purposesOfUse is HL7's v3-ActReason below PurposeOfUse (2018-08-12, FHIR
// R4): the code, the NHS purpose, and the row of the parent.
var purposesOfUse = [...]struct {
	code    string
	purpose Purpose
	parent  int8
}{
	{"HMARKT", Marketing, -1},
	{"HOPERAT", Planning, -1},
	{"CAREMGT", Planning, 1},
	{"DONAT", Planning, 1},
	{"FRAUD", Planning, 1},
	{"GOV", Planning, 1},
	{"HACCRED", Planning, 1},
	{"HCOMPL", Planning, 1},
	{"HDECD", Planning, 1},
	{"HDIRECT", Planning, 1},
	{"HDM", Planning, 1},
	{"HLEGAL", Planning, 1},
	{"HOUTCOMS", Planning, 1},
	{"HPRGRP", Planning, 1},
	{"HQUALIMP", Planning, 1},
	{"HSYSADMIN", Planning, 1},
	{"LABELING", Planning, 15},
	{"METAMGT", Planning, 15},
	{"MEMADMIN", Planning, 1},
	{"MILCDM", Planning, 1},
	{"PATADMIN", Planning, 1},
	{"PATSFTY", Planning, 1},
	{"PERFMSR", Planning, 1},
	{"RECORDMGT", Planning, 1},
	{"SYSDEV", SystemDevelopment, 1},
	{"HTEST", SystemDevelopment, 24},
	{"TRAIN", Education, 1},
	{"HPAYMT", Payment, -1},
	{"CLMATTCH", Payment, 27},
	{"COVAUTH", Payment, 27},
	{"COVERAGE", Payment, 27},
	{"ELIGDTRM", Payment, 30},
	{"ELIGVER", Payment, 30},
	{"ENROLLM", Payment, 30},
	{"MILDCRG", Payment, 30},
	{"REMITADV", Payment, 27},
	{"HRESCH", Research, -1},
	{"BIORCH", Research, 36},
	{"CLINTRCH", Research, 36},
	{"CLINTRCHNPC", Research, 38},
	{"CLINTRCHPC", Research, 38},
	{"PRECLINTRCH", Research, 38},
	{"DSRCH", Research, 36},
	{"POARCH", Research, 36},
	{"TRANSRCH", Research, 36},
	{"PATRQT", PatientRequest, -1},
	{"FAMRQT", PatientRequest, 45},
	{"PWATRNY", PatientRequest, 45},
	{"SUPNWK", PatientRequest, 45},
	{"PUBHLTH", PublicHealth, -1},
	{"DISASTER", PublicHealth, 49},
	{"THREAT", PublicHealth, 49},
	{"TREAT", IndividualCare, -1},
	{"CLINTRL", Research, 52},
	{"COC", IndividualCare, 52},
	{"ETREAT", IndividualCare, 52},
	{"BTG", EmergencyOverride, 55},
	{"ERTREAT", IndividualCare, 55},
	{"POPHLTH", PopulationHealth, 52},
}
