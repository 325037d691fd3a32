package consent

// fact is something that rules ask about. What is known of a fact is the set
// of values that it may have: one bit if it is known, several if it is not.
// A condition holds if every value left satisfies it, fails if none does, and
// is open otherwise; learning more only ever takes bits away, so an answer
// that did not depend on the unknown can never flip.
type fact uint8

const (
	fAction fact = iota
	fPurpose
	fBasis
	fIdentity
	fControlled
	fConfidential
	fOrigin
	fHeldBy
	fRelationship
	fNecessity
	fGDPR
	fExplicit
	fApproval
	fReg3
	fTest
	fLegal
	fRecipient
	fSurvey
	f18A
	fListed
	fLocal
	fNumber
	fNDO
	fNDOEntry
	fDeceased
	fType1
	fShared
	fProject
	fType2
	fObjection
	fItem
	fRequested
	fContent
	fSCR
	fSCRModel
	fSpine
	fACS
	fRole
	fPermission
	fEmergency
	fDissent
	fPDS
	fFound
	fVerified
	fCapability
	fPresent
	fAgreement
	fGlass
	fGlassListed
	fImplicit
	fAudit
	fProxy
	fSetter
	fAge
	fCapacity
	fOnPDS
	fParty
	fTarget

	// Facts that rules of effect "derive" establish: no, unless one fires.
	fPersonal
	fLawful
	fNDOScope
	fNDOExempt
	fType1Exempt
	numFacts
)

// values is a set of values of a fact.
type values uint32

const (
	bitNo  values = 1 << 0
	bitYes values = 1 << 1
)

// factInfo names a fact and its values, in the order of their bits. remedy
// marks the facts that somebody can lawfully change or find out before asking
// again; only they appear in counterfactuals.
type factInfo struct {
	name   string
	values []string
	remedy bool
}

var yesNo = []string{"no", "yes"}

var factTable = [numFacts]factInfo{
	fAction:       {name: "action", values: actionNames[:]},
	fPurpose:      {name: "purpose", values: purposeNames[:]},
	fBasis:        {name: "basis", values: basisNames[:]},
	fIdentity:     {name: "identifiability", values: identifiabilityNames[:], remedy: true},
	fControlled:   {name: "disclosure-control", values: yesNo, remedy: true},
	fConfidential: {name: "confidential", values: yesNo},
	fOrigin:       {name: "origin", values: originNames[:]},
	fHeldBy:       {name: "held-by", values: []string{"other", "gp-practice"}},
	fRelationship: {name: "relationship", values: relationshipNames[:], remedy: true},
	fNecessity:    {name: "necessity", values: necessityNames[:], remedy: true},
	fGDPR:         {name: "gdpr", values: []string{"unstated", "stated", "consent", "no-article-9", "no-article-6"}, remedy: true},
	fExplicit:     {name: "explicit-consent", values: []string{"none", "given", "out-of-scope", "withdrawn", "expired", "not-yet", "cleaned-list"}, remedy: true},
	fApproval:     {name: "approval", values: []string{"standard", "disapplied", "no-evidence", "other-flow"}, remedy: true},
	fReg3:         {name: "regulation-3", values: []string{"unstated", "in-scope", "out-of-scope"}},
	fTest:         {name: "public-interest-test", values: []string{"none", "disclose", "not-recorded", "withhold"}, remedy: true},
	fLegal:        {name: "legal-instrument", values: []string{"none", "statute", "court-order", "direction", "permissive-power"}},
	fRecipient:    {name: "recipient", values: []string{"other", "ons", "ndrs", "nhsbsa"}},
	fSurvey:       {name: "survey-sent", values: []string{"unstated", "before-april-2019", "later"}},
	f18A:          {name: "regulation-18a", values: yesNo},
	fListed:       {name: "listed-exemption", values: []string{"none", "published", "no-evidence"}, remedy: true},
	fLocal:        {name: "local-opt-out", values: yesNo},
	fNumber:       {name: "nhs-number", values: numberStateNames[:], remedy: true},
	fNDO:          {name: "national-opt-out", values: []string{"clear", "opted-out"}},
	fNDOEntry:     {name: "national-opt-out-entry", values: []string{"none", "found", "duplicate", "late"}},
	fDeceased:     {name: "deceased", values: yesNo},
	fType1:        {name: "type-1", values: []string{"none", "in-force", "same-day", "withdrawn"}},
	fShared:       {name: "shared-before", values: yesNo},
	fProject:      {name: "project-started", values: []string{"unstated", "before-june-2023", "since-june-2023"}},
	fType2:        {name: "type-2", values: []string{"none", "converted", "void"}},
	fObjection:    {name: "objection", values: yesNo},
	fItem:         {name: "item", values: itemNames[:]},
	fRequested:    {name: "item-requested", values: yesNo},
	fContent:      {name: "content", values: []string{"core", "core+additional"}},
	fSCR:          {name: "scr-preference", values: []string{"none", "implied-core", "express-core", "express-additional", "dissent", "legacy-consent", "legacy-dissent"}},
	fSCRModel:     {name: "scr-additional-model", values: []string{"express", "implied"}},
	fSpine:        {name: "scr-spine", values: []string{"unstated", "agrees", "differs"}},
	fACS:          {name: "scr-permission", values: []string{"unstated", "yes", "no", "ask"}},
	fRole:         {name: "role-allows", values: yesNo, remedy: true},
	fPermission:   {name: "permission", values: permissionNames[:], remedy: true},
	fEmergency:    {name: "emergency", values: []string{"none", "reason-given", "no-reason"}, remedy: true},
	fDissent:      {name: "gp-dissent", values: yesNo},
	fPDS:          {name: "pds-confidentiality", values: []string{"unstated", "U", "R", "V", "REDACTED"}},
	fFound:        {name: "patient-found", values: yesNo},
	fVerified:     {name: "number-verified", values: yesNo, remedy: true},
	fCapability:   {name: "capability", values: []string{"access-record", "other"}},
	fPresent:      {name: "patient-present", values: yesNo},
	fAgreement:    {name: "sharing-agreement", values: yesNo, remedy: true},
	fGlass:        {name: "break-glass", values: []string{"not-declared", "declared", "no-reason", "other-patient", "expired"}, remedy: true},
	fGlassListed:  {name: "break-glass-listed", values: yesNo},
	fImplicit:     {name: "implicit-policy", values: implicitNames[:]},
	fAudit:        {name: "audit", values: []string{"up", "down"}, remedy: true},
	fProxy:        {name: "proxy", values: []string{"none", "active", "not-active", "expired", "not-started", "basis-lapsed"}},
	fSetter:       {name: "setter", values: []string{"self", "proxy", "other-proxy"}},
	fAge:          {name: "age", values: []string{"13-or-over", "under-13"}},
	fCapacity:     {name: "capacity", values: []string{"has", "lacking"}},
	fOnPDS:        {name: "on-pds", values: yesNo},
	fParty:        {name: "party", values: []string{"self", "proxy", "other-proxy", "both", "neither"}},
	fTarget:       {name: "target", values: []string{"other", "patient-record"}},
	fPersonal:     {name: "personal-data", values: yesNo},
	fLawful:       {name: "common-law-basis", values: yesNo},
	fNDOScope:     {name: "national-opt-out-scope", values: yesNo},
	fNDOExempt:    {name: "national-opt-out-exempt", values: yesNo},
	fType1Exempt:  {name: "type-1-exempt", values: yesNo},
}

// anyValue is the set of all values of a fact.
func (f fact) anyValue() values { return 1<<len(factTable[f].values) - 1 }

// cause says why a fact is not known.
type cause uint8

const (
	causeNone cause = iota
	causeNDOUnknown
	causeNDOStale
	causeClock
	causeParameter
	causeNumber
	causeNDORecord
	causeSource
	causeRecord
	causeConflict
	causeCode
	causeSubject
	causePDS
	causeProxyBasis
	causeAge
	causePurpose
	causeData
	causeRole
	causeLabels
	causeAgreement
	causeNoNumber
	numCauses
)

// causeTable gives the reasons and obligations that follow from not knowing.
var causeTable = [numCauses]struct {
	code        string
	obligations []Obligation
	citation    string
}{
	causeNDOUnknown: {"NDO_STATUS_UNKNOWN", []Obligation{{Kind: "check-ndo"}}, "NDO8"},
	causeNDOStale:   {"NDO_CACHE_STALE", []Obligation{{Kind: "check-ndo"}}, "NDO8"},
	causeClock:      {"CLOCK_SKEW", nil, "NDO8"},
	causeParameter:  {"POLICY_PARAMETER_MISSING", nil, ""},
	causeNumber:     {"NHS_NUMBER_INVALID", []Obligation{{Kind: "fix-identifier"}}, "NDO8"},
	causeNDORecord:  {"NDO_RECORD_INVALID", []Obligation{{Kind: "check-ndo"}}, "NOO-API"},
	causeSource:     {"RULE_ERROR", nil, ""},
	causeRecord:     {"RECORD_INVALID", []Obligation{{Kind: "refer-to-information-governance"}}, ""},
	causeConflict:   {"RECORDS_CONTRADICT", []Obligation{{Kind: "refer-to-information-governance"}}, ""},
	causeCode:       {"UNKNOWN_CONSENT_CODE", []Obligation{{Kind: "refer-to-information-governance"}}, ""},
	causeSubject:    {"SUBJECT_MISMATCH", []Obligation{{Kind: "fix-identifier"}}, ""},
	causePDS:        {"PDS_CONFIDENTIALITY_UNHANDLED", []Obligation{{Kind: "refer-to-information-governance"}}, "PDS-META"},
	causeProxyBasis: {"PROXY_BASIS_UNKNOWN", []Obligation{{Kind: "review-proxy"}}, "VRS"},
	causeAge:        {"AGE_UNKNOWN", nil, "NDO3"},
	causePurpose:    {"PURPOSE_UNKNOWN", nil, ""},
	causeData:       {"DATA_NOT_DESCRIBED", nil, ""},
	causeRole:       {"ROLE_UNKNOWN", nil, "SCR-IG"},
	causeLabels:     {"LABEL_UNKNOWN", []Obligation{{Kind: "label-data"}}, "V3-CONF"},
	causeNoNumber:   {"NDO_STATUS_UNKNOWN", []Obligation{{Kind: "trace-nhs-number"}, {Kind: "check-ndo"}}, "NDO8"},
	causeAgreement:  {"SHARING_AGREEMENT_UNKNOWN", nil, "GPC-IG"},
}

// facts is what is known for one decision.
type facts struct {
	set  [numFacts]values
	why  [numFacts]cause
	from [numFacts]int16 // the record that the fact rests on, -1 for none
}

// is sets a fact to one value.
func (f *facts) is(k fact, v uint8) { f.set[k] = 1 << v }

// oneOf sets a fact to a value of the caller's, which may be none of the
// constants: that is any of them, as far as anybody knows.
func (f *facts) oneOf(k fact, v uint8) {
	if int(v) >= len(factTable[k].values) {
		f.open(k, causeData)
		return
	}
	f.is(k, v)
}

// yes sets a fact that is yes or no.
func (f *facts) yes(k fact, b bool) {
	f.set[k] = bitNo
	if b {
		f.set[k] = bitYes
	}
}

// tri sets a fact that is yes, no or not known.
func (f *facts) tri(k fact, t Tri, why cause) {
	if t != Yes && t != No {
		f.open(k, why)
		return
	}
	f.yes(k, t == Yes)
}

// open says that a fact is not known, and why.
func (f *facts) open(k fact, why cause) { f.openTo(k, k.anyValue(), why) }

// openTo says that a fact has one of some values.
func (f *facts) openTo(k fact, set values, why cause) {
	f.set[k] = set
	f.why[k] = why
}
