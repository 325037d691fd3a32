package consent

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/nhskit/nhskit/nhsnumber"
)

// Kind is what sort of choice a record holds.
type Kind uint8

// The kinds. The national data opt-out and the Type 1 opt-out can only deny;
// proxy access can only permit.
const (
	NoKind Kind = iota
	NationalDataOptOut
	Type1OptOut
	Type2Objection // of before 11 October 2018; has no effect of its own today
	SCRPreference
	SCRPermissionToView
	GPDissentToShare
	PDSConfidentiality
	StudyConsent // explicit consent to, or refusal of, named studies or uses
	LocalOptOut
	ProxyAccess
	PrivacyDirective
)

var kindNames = [...]string{
	"", "national-data-opt-out", "type-1-opt-out", "type-2-objection", "scr-preference", "scr-permission-to-view",
	"gp-dissent-to-share", "pds-confidentiality", "study-consent", "local-opt-out", "proxy-access", "privacy-directive",
}

// String returns the name of the kind in the JSON form.
func (k Kind) String() string { return nameOf(kindNames[:], uint8(k)) }

// Effect is whether a record permits or denies. The zero value denies.
type Effect uint8

// The effects.
const (
	Denies Effect = iota
	Permits
)

var effectNames = [...]string{"deny", "permit"}

// String returns "deny" or "permit".
func (e Effect) String() string { return nameOf(effectNames[:], uint8(e)) }

// State is how a record stands. The zero value is not a state.
type State uint8

// The states. A proposed record has no force yet; a withdrawn or superseded
// one had force until the end of its effective time; one entered in error
// never had.
const (
	NoState State = iota
	Proposed
	InForce
	Withdrawn
	Superseded
	EnteredInError
)

var stateNames = [...]string{"", "proposed", "in-force", "withdrawn", "superseded", "entered-in-error"}

// String returns the name of the state in the JSON form.
func (s State) String() string { return nameOf(stateNames[:], uint8(s)) }

// Role is the capacity in which somebody decided: for proxy access, the legal
// basis of the proxy.
type Role uint8

// The roles.
const (
	RoleUnknown Role = iota
	ByPatient
	ByGuardian // parental responsibility
	ByAttorney // lasting power of attorney
	ByDeputy   // appointed by the court
	ByBestInterest
)

var roleNames = [...]string{"unknown", "patient", "guardian", "power-of-attorney", "court-deputy", "best-interest"}

// String returns the name of the role in the JSON form.
func (r Role) String() string { return nameOf(roleNames[:], uint8(r)) }

// Code is a code in a system: a URI, or "read2" and "ctv3" for Read codes,
// which are case-sensitive.
type Code struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// PolicyRef names the policy under which a record was made.
type PolicyRef struct {
	URI     string `json:"uri"`
	Version string `json:"version"`
}

// Source says how a choice reached the record.
type Source struct {
	Channel  string
	Document string
	SHA256   string
}

// Scope narrows a record. An empty list does not narrow.
type Scope struct {
	Purposes []string // names or HL7 codes, see PurposeOf
	Studies  []string // studies, or programmes for a local opt-out
	Actions  []string
	Actors   []string // references, or NHS numbers for proxies
	Labels   []string
	Classes  []string
	Codes    []string
	DataFrom string // FHIR dates
	DataTo   string
}

// Record is one recorded choice of, or about, one patient. It is bitemporal:
// From and Until say when the choice holds, RecordedAt when it became known.
// A record with the same ID and a higher Version replaces the earlier one for
// everybody who asks with a known-at time not before its RecordedAt.
//
// A Record never holds clinical data, and its String shows nothing personal.
type Record struct {
	ID         string
	Version    int
	Kind       Kind
	Subject    nhsnumber.Number
	Effect     Effect
	State      State
	From       time.Time
	Until      time.Time // exclusive; zero for open
	RecordedAt time.Time
	RecordedBy string
	DecidedBy  Role
	DecidedRef string
	Source     Source
	Supersedes []string
	Policy     []PolicyRef
	Scope      *Scope
	Code       Code
}

// String names the record without its subject: "type-1-opt-out v05 version 1".
func (r *Record) String() string {
	return r.Kind.String() + " " + r.ID + " version " + strconv.Itoa(r.Version)
}

//go:embed record.schema.json
var recordSchema string

// RecordSchema returns the JSON Schema (2020-12) of a record's JSON form.
// ParseRecord enforces it itself, without a schema library.
func RecordSchema() string { return recordSchema }

// AppendJSON appends the canonical JSON form of the record: members in the
// order of the schema, times with the digits they need. Equal records give
// equal bytes.
func (r *Record) AppendJSON(b []byte) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, r.ID)
	b = strconv.AppendInt(append(b, `,"version":`...), int64(r.Version), 10)
	b = appendString(append(b, `,"kind":`...), r.Kind.String())
	b = append(b, `,"subject":{"system":"`+nhsNumberSystem+`","value":"`...)
	b, _ = r.Subject.AppendText(b)
	b = appendString(append(b, `"},"effect":`...), r.Effect.String())
	b = appendString(append(b, `,"state":`...), r.State.String())
	b = appendTime(append(b, `,"effective":{"from":`...), r.From)
	if !r.Until.IsZero() {
		b = appendTime(append(b, `,"until":`...), r.Until)
	}
	b = appendTime(append(b, `},"recorded":{"at":`...), r.RecordedAt)
	b = appendString(append(b, `,"by":`...), r.RecordedBy)
	b = appendString(append(b, `},"decided_by":{"role":`...), r.DecidedBy.String())
	if r.DecidedRef != "" {
		b = appendString(append(b, `,"reference":`...), r.DecidedRef)
	}
	b = append(b, '}')
	if r.Source.Channel != "" {
		b = appendString(append(b, `,"source":{"channel":`...), r.Source.Channel)
		if r.Source.Document != "" {
			b = appendString(append(b, `,"document":`...), r.Source.Document)
		}
		if r.Source.SHA256 != "" {
			b = appendString(append(b, `,"sha256":`...), r.Source.SHA256)
		}
		b = append(b, '}')
	}
	if len(r.Supersedes) > 0 {
		b = appendStrings(append(b, `,"supersedes":`...), r.Supersedes)
	}
	b = append(b, `,"policy":[`...)
	for i, p := range r.Policy {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"uri":`...), p.URI)
		b = append(appendString(append(b, `,"version":`...), p.Version), '}')
	}
	b = append(b, ']')
	if s := r.Scope; s != nil {
		b = append(b, `,"scope":{`...)
		sep := ""
		for _, l := range [...]struct {
			name string
			list []string
		}{
			{"purposes", s.Purposes}, {"studies", s.Studies}, {"actions", s.Actions}, {"actors", s.Actors},
			{"labels", s.Labels}, {"classes", s.Classes}, {"codes", s.Codes},
		} {
			if len(l.list) > 0 {
				b = append(append(append(append(b, sep...), '"'), l.name...), `":`...)
				b, sep = appendStrings(b, l.list), ","
			}
		}
		if s.DataFrom != "" || s.DataTo != "" {
			b = append(append(b, sep...), `"data_period":{`...)
			if s.DataFrom != "" {
				b = appendString(append(b, `"from":`...), s.DataFrom)
			}
			if s.DataTo != "" {
				if s.DataFrom != "" {
					b = append(b, ',')
				}
				b = appendString(append(b, `"until":`...), s.DataTo)
			}
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	if r.Code.System != "" {
		b = appendString(append(b, `,"code":{"system":`...), r.Code.System)
		b = append(appendString(append(b, `,"value":`...), r.Code.Value), '}')
	}
	return append(b, '}')
}

// MarshalJSON returns the canonical form, see AppendJSON.
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// UnmarshalJSON reads what ParseRecord reads.
func (r *Record) UnmarshalJSON(b []byte) error {
	got, _, err := ParseRecord(b)
	if err == nil {
		*r = got
	}
	return err
}

// Hash returns the SHA-256 of the canonical JSON form in hexadecimal: the
// evidence by which a decision names the record it rests on. It identifies
// the record to whoever holds it; since it covers the NHS number, treat it as
// personal data.
func (r *Record) Hash() string {
	sum := sha256.Sum256(r.AppendJSON(nil))
	return hex.EncodeToString(sum[:])
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	return append(t.AppendFormat(b, time.RFC3339Nano), '"')
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString appends a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, string(c)...)
		}
	}
	return append(b, '"')
}
