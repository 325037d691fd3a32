package consent

import "fmt"

// nameOf returns names[i], and "?" outside of it.
func nameOf(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return "?"
}

func errUnknownName(what string) error { return fmt.Errorf("consent: no such %s", what) }

// parseName finds a name in a list.
func parseName[T ~uint8](dst *T, names []string, text []byte, what string) error {
	for i, n := range names {
		if n == string(text) {
			*dst = T(i)
			return nil
		}
	}
	return errUnknownName(what)
}

// Tri is yes, no, or not known. The zero value is Unknown.
type Tri uint8

// The values of Tri.
const (
	Unknown Tri = iota
	No
	Yes
)

var triNames = [...]string{"unknown", "no", "yes"}

// String returns "unknown", "no" or "yes".
func (t Tri) String() string { return nameOf(triNames[:], uint8(t)) }

// MarshalText writes the name of the value.
func (t Tri) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the name of a value.
func (t *Tri) UnmarshalText(b []byte) error { return parseName(t, triNames[:], b, "answer") }

// Bool returns Yes for true and No for false.
func Bool(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// Action is what is to be done.
type Action uint8

// The actions.
const (
	NoAction Action = iota
	Disclose        // confidential information to somebody who did not have it
	Read            // of a record, where breaking the glass may be at issue
	UploadSCR
	ViewSCR
	GPConnect // a call of a GP Connect capability
	ReadDemographics
	ActFor // a proxy acting for the patient
	SetOptOut
	ValidateOptOut
	StoreOptOutStatus // write down whether somebody opted out
	ShareOptOutStatus
	numActions
)

var actionNames = [...]string{
	"unstated", "disclose", "read", "upload-to-scr", "view-scr", "gpconnect", "read-demographics",
	"act-for", "set-ndo", "validate-ndo-record", "store-ndo-status", "share-ndo-status",
}

// String returns the name of the action: "disclose".
func (a Action) String() string { return nameOf(actionNames[:], uint8(a)) }

// MarshalText writes the name of the action.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the name of an action.
func (a *Action) UnmarshalText(b []byte) error { return parseName(a, actionNames[:], b, "action") }

// Basis is the claim by which the common law duty of confidence is met or
// lifted.
type Basis uint8

// The bases. The regulations are those of the Health Service (Control of
// Patient Information) Regulations 2002.
const (
	BasisUnstated Basis = iota
	BasisNone
	ImpliedConsent
	ExplicitConsent
	Regulation2
	Regulation3
	Regulation5
	LegalRequirement
	LegalPower // a statute that permits but does not require
	OverridingPublicInterest
)

var basisNames = [...]string{
	"unstated", "none", "implied-consent", "explicit-consent", "s251-reg2", "s251-reg3", "s251-reg5",
	"legal-requirement", "legal-power", "public-interest",
}

// String returns the name of the basis: "s251-reg5".
func (b Basis) String() string { return nameOf(basisNames[:], uint8(b)) }

// MarshalText writes the name of the basis.
func (b Basis) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads the name of a basis.
func (b *Basis) UnmarshalText(t []byte) error { return parseName(b, basisNames[:], t, "basis") }

// Identifiability says how far data can be tied to a person. The zero value
// is not known.
type Identifiability uint8

// The values of Identifiability.
const (
	IdentifiabilityUnknown Identifiability = iota
	Identifiable
	Pseudonymised
	Anonymised
	Aggregate
	Synthetic
)

var identifiabilityNames = [...]string{"unknown", "identifiable", "pseudonymised", "anonymised", "aggregate", "synthetic"}

// String returns the name of the value: "identifiable".
func (i Identifiability) String() string { return nameOf(identifiabilityNames[:], uint8(i)) }

// MarshalText writes the name of the value.
func (i Identifiability) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads the name of a value.
func (i *Identifiability) UnmarshalText(b []byte) error {
	return parseName(i, identifiabilityNames[:], b, "identifiability")
}

// Origin says whose care data comes from. The zero value is not known.
type Origin uint8

// The origins.
const (
	OriginUnknown     Origin = iota
	EnglandPublic            // publicly funded, commissioned or coordinated
	EnglandPrivateNHS        // private patients in NHS settings
	EnglandSocialCare        // adult social care that the public pays for or arranges
	EnglandPrivate           // private care elsewhere
	OutsideEngland
)

var originNames = [...]string{
	"unknown", "england-publicly-funded", "england-private-in-nhs-setting", "england-social-care-public",
	"england-private", "outside-england",
}

// String returns the name of the origin: "england-publicly-funded".
func (o Origin) String() string { return nameOf(originNames[:], uint8(o)) }

// MarshalText writes the name of the origin.
func (o Origin) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the name of an origin.
func (o *Origin) UnmarshalText(b []byte) error { return parseName(o, originNames[:], b, "origin") }

// Relationship is that of the actor to the patient: always to one patient,
// never to a population.
type Relationship uint8

// The relationships.
const (
	RelationshipUnstated Relationship = iota
	Legitimate
	SelfClaimed
	NoRelationship
)

var relationshipNames = [...]string{"unstated", "legitimate", "self-claimed", "none"}

// String returns the name of the relationship: "legitimate".
func (r Relationship) String() string { return nameOf(relationshipNames[:], uint8(r)) }

// MarshalText writes the name of the relationship.
func (r Relationship) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name of a relationship.
func (r *Relationship) UnmarshalText(b []byte) error {
	return parseName(r, relationshipNames[:], b, "relationship")
}

// Permission is the patient's answer at the point of care.
type Permission uint8

// The answers.
const (
	NotAsked Permission = iota
	Given
	Refused
)

var permissionNames = [...]string{"not-asked", "given", "refused"}

// String returns the name of the answer: "given".
func (p Permission) String() string { return nameOf(permissionNames[:], uint8(p)) }

// MarshalText writes the name of the answer.
func (p Permission) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the name of an answer.
func (p *Permission) UnmarshalText(b []byte) error {
	return parseName(p, permissionNames[:], b, "permission")
}

// Implicit is the policy that holds where a patient has said nothing, after
// IHE's Privacy Consent on FHIR.
type Implicit uint8

// The implicit policies.
const (
	NoImplicit Implicit = iota
	DenyAll
	BreakGlassOnly
	BasicNormal // treatment, payment and operations with data of normal confidentiality
)

var implicitNames = [...]string{"none", "deny", "break-glass-only", "basic-normal"}

// String returns the name of the policy: "break-glass-only".
func (i Implicit) String() string { return nameOf(implicitNames[:], uint8(i)) }

// MarshalText writes the name of the policy.
func (i Implicit) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads the name of a policy.
func (i *Implicit) UnmarshalText(b []byte) error {
	return parseName(i, implicitNames[:], b, "implicit policy")
}

// Outcome is the answer of a decision. The zero value denies.
type Outcome uint8

// The outcomes. An enforcement point treats Indeterminate as Deny, but may
// tell the difference to those who can resolve it.
const (
	Deny Outcome = iota
	Permit
	Indeterminate
)

var outcomeNames = [...]string{"deny", "permit", "indeterminate"}

// String returns "deny", "permit" or "indeterminate".
func (o Outcome) String() string { return nameOf(outcomeNames[:], uint8(o)) }

// MarshalText writes the name of the outcome.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
