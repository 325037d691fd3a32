package consent

import (
	"time"

	"github.com/nhskit/nhskit/nhsnumber"
)

// Request is one question: may this be done with this patient's data, for
// these purposes, as things stood at a time. What is left out is not assumed:
// where a rule needs it, the decision is indeterminate or the gate stays shut.
//
// A Request goes through JSON unchanged, so that an audit log can hold it and
// a decision can be made again.
type Request struct {
	Subject  nhsnumber.Number `json:"subject"`
	Action   Action           `json:"action"`
	Purposes []Purpose        `json:"purposes,omitempty"` // all of them must be permitted

	Basis    Basis    `json:"basis,omitempty"`
	Evidence Evidence `json:"evidence,omitzero"`
	GDPR     GDPR     `json:"gdpr,omitzero"`

	Actor      Actor      `json:"actor,omitzero"`
	Recipient  string     `json:"recipient,omitempty"`
	Study      string     `json:"study,omitempty"` // the study, programme or named use
	Flow       string     `json:"flow,omitempty"`
	Data       Data       `json:"data,omitzero"`
	Care       Care       `json:"care,omitzero"`
	BreakGlass BreakGlass `json:"breakGlass,omitzero"`
	Patient    Patient    `json:"patient,omitzero"`
	SCR        SCR        `json:"scr,omitzero"`
	OptOut     OptOut     `json:"optOut,omitzero"`

	// Implicit is the policy for patients who have said nothing (Read).
	Implicit Implicit `json:"implicit,omitempty"`
	// AuditDown says that the audit log cannot take an entry now.
	AuditDown bool `json:"auditDown,omitempty"`

	// AsAt is the instant the question is about, KnownAt that up to which
	// recorded facts may be used; zero means the same as AsAt.
	AsAt    time.Time `json:"asAt"`
	KnownAt time.Time `json:"knownAt,omitzero"`

	// CanMeet lists the kinds of obligation that the caller will carry out
	// ("redact", "alert-privacy-officer"); "*" stands for all. A permit with
	// an obligation that is not in the list is not Permitted.
	CanMeet []string `json:"canMeet,omitempty"`
}

// Evidence is what stands behind the claimed basis or exemption.
type Evidence struct {
	ClaimedFrom string `json:"claimedFrom,omitempty"` // where a claim of explicit consent comes from

	OptOutDisapplied bool     `json:"optOutDisapplied,omitempty"` // CAG said that opt-outs do not apply
	Approval         string   `json:"approval,omitempty"`         // the approval letter or minutes seen
	ApprovalFlows    []string `json:"approvalFlows,omitempty"`    // the flows it names; empty: the one asked about

	Regulation3 string `json:"regulation3,omitempty"` // the purpose under regulation 3
	Regulation  string `json:"regulation,omitempty"`  // another regulation, such as "18A"

	TestRecorded bool   `json:"testRecorded,omitempty"` // the public interest test was made for this case and written down
	TestOutcome  string `json:"testOutcome,omitempty"`  // "disclose", or not

	LegalInstrument string `json:"legalInstrument,omitempty"` // "statute", "court-order", "direction", "permissive-power"

	Exemption         string    `json:"exemption,omitempty"`         // an audit's or programme's own published exemption
	ExemptionEvidence string    `json:"exemptionEvidence,omitempty"` // where it is published
	SurveySent        time.Time `json:"surveySent,omitzero"`
	ProjectStarted    time.Time `json:"projectStarted,omitzero"`
	PriorShare        time.Time `json:"priorShare,omitzero"` // data went out earlier, at that time
}

// GDPR names the conditions under Articles 6 and 9 of the UK GDPR, as "6(1)(e)"
// and "9(2)(h)".
type GDPR struct {
	Article6 string `json:"article6,omitempty"`
	Article9 string `json:"article9,omitempty"`
}

// Actor is who asks.
type Actor struct {
	ID        string           `json:"id,omitempty"`
	Number    nhsnumber.Number `json:"number,omitzero"`     // of a proxy or of the patient acting alone
	Role      Tri              `json:"role,omitempty"`      // its role allows the action
	BTGListed Tri              `json:"btgListed,omitempty"` // it may break the glass
}

// Data describes what would be disclosed.
type Data struct {
	Identifiability Identifiability `json:"identifiability,omitempty"`
	Confidential    Tri             `json:"confidential,omitempty"` // confidential patient information
	Disclosed       Tri             `json:"disclosureControl,omitempty"`
	Origin          Origin          `json:"origin,omitempty"`
	HeldByGP        Tri             `json:"heldByGP,omitempty"` // it leaves a GP practice, where a Type 1 opt-out counts
	Labels          []string        `json:"labels,omitempty"`   // security labels; nil is not known, see LabelsKnown
	LabelsKnown     bool            `json:"labelsKnown,omitempty"`
	Class           string          `json:"class,omitempty"` // resource type
	Codes           []string        `json:"codes,omitempty"` // system|code
	NumberState     NumberState     `json:"numberState,omitempty"`
	Item            Item            `json:"item,omitempty"`
	ItemRequested   bool            `json:"itemRequested,omitempty"` // the patient asked for the item to be included
}

// NumberState says whether the data carries an NHS number by which a choice
// can be looked up.
type NumberState uint8

// The states of the number in the data.
const (
	NumberPresent NumberState = iota
	NumberInvalid
	NumberAbsent           // and it could be traced
	NumberDisproportionate // absent, and tracing it would be out of proportion
)

var numberStateNames = [...]string{"present", "invalid", "absent", "absent-disproportionate"}

// String returns the name of the state.
func (n NumberState) String() string { return nameOf(numberStateNames[:], uint8(n)) }

// MarshalText writes the name of the state.
func (n NumberState) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads the name of a state.
func (n *NumberState) UnmarshalText(b []byte) error {
	return parseName(n, numberStateNames[:], b, "state of a number")
}

// Item says whether a single entry of a record is specially protected.
type Item uint8

// The protections.
const (
	OrdinaryItem Item = iota
	SensitiveItem
	PracticeConfidentialItem
)

var itemNames = [...]string{"ordinary", "rcgp-sensitive", "practice-confidential"}

// String returns the name of the protection.
func (i Item) String() string { return nameOf(itemNames[:], uint8(i)) }

// MarshalText writes the name of the protection.
func (i Item) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads the name of a protection.
func (i *Item) UnmarshalText(b []byte) error { return parseName(i, itemNames[:], b, "item") }

// Necessity says whether the amount of data fits the purpose.
type Necessity uint8

// The values of Necessity.
const (
	NecessityUnstated Necessity = iota
	Relevant
	Excessive
)

var necessityNames = [...]string{"unstated", "relevant", "excessive"}

// String returns the name of the value.
func (n Necessity) String() string { return nameOf(necessityNames[:], uint8(n)) }

// MarshalText writes the name of the value.
func (n Necessity) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads the name of a value.
func (n *Necessity) UnmarshalText(b []byte) error {
	return parseName(n, necessityNames[:], b, "necessity")
}

// Care describes the situation at the point of care.
type Care struct {
	Relationship     Relationship `json:"relationship,omitempty"`
	Necessity        Necessity    `json:"necessity,omitempty"`
	Permission       Permission   `json:"permission,omitempty"`
	Emergency        bool         `json:"emergency,omitempty"`
	EmergencyReason  string       `json:"emergencyReason,omitempty"`
	PatientAbsent    bool         `json:"patientAbsent,omitempty"`
	SharingAgreement Tri          `json:"sharingAgreement,omitempty"`
	OtherCapability  bool         `json:"otherCapability,omitempty"` // GP Connect: not access to the record
}

// BreakGlass is a declaration of emergency override.
type BreakGlass struct {
	Declared bool             `json:"declared,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Patient  nhsnumber.Number `json:"patient,omitzero"` // for whom it was declared; zero: the subject
	Expires  time.Time        `json:"expires,omitzero"`
}

// Patient is what demographics say.
type Patient struct {
	NotFound        bool      `json:"notFound,omitempty"`
	Confidentiality string    `json:"confidentiality,omitempty"` // PDS meta.security: U, R, V, REDACTED
	Deceased        time.Time `json:"deceased,omitzero"`
	BirthDate       time.Time `json:"birthDate,omitzero"`
	Age             int       `json:"age,omitempty"` // where no birth date is known
	AgeKnown        bool      `json:"ageKnown,omitempty"`
	LacksCapacity   bool      `json:"lacksCapacity,omitempty"`
	Unverified      bool      `json:"unverified,omitempty"` // the NHS number is not verified
	NotOnPDS        bool      `json:"notOnPDS,omitempty"`
}

// SCR is what a request about the Summary Care Record needs besides.
type SCR struct {
	Additional bool   `json:"additional,omitempty"` // core and additional information, rather than core alone
	SpineSays  string `json:"spineSays,omitempty"`  // the permission held on Spine: Yes, No, Ask
}

// OptOut is what a request about setting, checking or using opt-outs needs.
type OptOut struct {
	Proxy       bool   `json:"proxy,omitempty"`       // set by a proxy
	ProxyRole   string `json:"proxyRole,omitempty"`   // GUARDIAN, POA, COURTDEP
	Party       bool   `json:"party,omitempty"`       // the record names a consenting party
	PatientFile bool   `json:"patientFile,omitempty"` // status would be written on the patient's record
}

// Parameters are what a policy leaves to whoever applies it. Where a rule
// needs one that is not set, the decision is indeterminate.
type Parameters struct {
	// OptOutMaxAge is how old a check for opt-outs may be.
	OptOutMaxAge time.Duration `json:"optOutMaxAge,omitempty"`
	// SCRAdditionalFrom is when additional information in the Summary Care
	// Record moved to implied consent.
	SCRAdditionalFrom time.Time `json:"scrAdditionalFrom,omitzero"`
}
