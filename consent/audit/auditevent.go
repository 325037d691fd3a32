package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nhskit/nhskit/consent"
)

// EventOptions says what an AuditEvent needs besides the entry. Who took part
// is a reference ("Device/1") or, with a system in front and a bar between, an
// identifier.
type EventOptions struct {
	Authorizer   string // the system that decided; required
	Client       string // the system that asked
	Organization string // of the user
	// SubtypeSystem is the system of the codes AuthZ-Consent and AuthZ-Role;
	// required. Profile is the profile that events about records on file are
	// to claim, "" for none. Both are addresses of IHE's Basic Audit Log
	// Patterns, to be taken from the version that the repository of events
	// goes by.
	SubtypeSystem string
	Profile       string
}

// ErrOptions is wrapped if a required option of an AuditEvent is missing.
var ErrOptions = errors.New("audit: a required option is missing")

// AuditEvent returns the decision as a FHIR R4 AuditEvent with the content of
// IHE's Basic Audit Log Patterns: an authorisation decision of type DCM 110113
// with the Consents it rests on, or, since that form demands at least one, in
// the role form where nothing was on file. The agents' types are codes of the
// systems that R4 names for them; the pattern may want others. The patient is
// named by NHS number: the event is personal data, and is meant for an audit
// repository.
func (e *Entry) AuditEvent(o EventOptions) ([]byte, error) {
	switch {
	case o.Authorizer == "":
		return nil, fmt.Errorf("%w: the system that decided", ErrOptions)
	case o.SubtypeSystem == "":
		return nil, fmt.Errorf("%w: the system of the subtype's codes", ErrOptions)
	}
	var d struct {
		Decision string           `json:"decision"`
		Reasons  []consent.Reason `json:"reasons"`
	}
	if err := json.Unmarshal(e.Decision, &d); err != nil {
		return nil, scrub(err)
	}
	records := cited(d.Reasons)
	subtype, profile := "AuthZ-Consent", o.Profile
	if len(records) == 0 {
		subtype, profile = "AuthZ-Role", ""
	}
	event := auditEvent{
		ResourceType: "AuditEvent",
		Type:         coding{"http://dicom.nema.org/resources/ontology/DCM", "110113", "Security Alert"},
		Subtype:      []coding{{o.SubtypeSystem, subtype, ""}},
		Action:       "E",
		Recorded:     e.At.Format(time.RFC3339Nano),
		Outcome:      "0",
		Source:       source{Observer: referenceTo(o.Authorizer)},
	}
	if profile != "" {
		event.Meta = &meta{[]string{profile}}
	}
	if d.Decision != "permit" {
		event.Outcome = "8"
	}
	for _, p := range e.Request.Purposes {
		event.PurposeOfEvent = append(event.PurposeOfEvent, concept{[]coding{{purposeSystem, p.String(), ""}}})
	}
	event.OutcomeDesc = d.Decision
	sep := ": "
	for _, r := range d.Reasons {
		event.OutcomeDesc += sep + r.Code
		sep = ", "
	}
	event.agents(e, o)
	event.Entity = append(event.Entity, entity{
		What: reference{Identifier: &identifier{"https://fhir.nhs.uk/Id/nhs-number", e.Request.Subject.Digits()}},
		Type: &coding{"http://terminology.hl7.org/CodeSystem/audit-entity-type", "1", "Person"},
		Role: &coding{"http://terminology.hl7.org/CodeSystem/object-role", "1", "Patient"},
	})
	for _, r := range records {
		event.Entity = append(event.Entity, entity{
			What:   reference{Identifier: &identifier{recordSystem, r.ID}},
			Type:   &coding{"http://hl7.org/fhir/resource-types", "Consent", ""},
			Detail: []detail{{"version", itoa(r.Version)}, {"sha256", r.Hash}},
		})
	}
	return json.Marshal(event)
}

const (
	purposeSystem = "https://github.com/nhskit/nhskit/consent/purpose"
	recordSystem  = "https://github.com/nhskit/nhskit/consent/record"
)

// cited returns the records that the reasons rest on, each once.
func cited(reasons []consent.Reason) []consent.RecordRef {
	var out []consent.RecordRef
	seen := map[consent.RecordRef]bool{}
	for _, r := range reasons {
		if r.Record != nil && !seen[*r.Record] {
			seen[*r.Record] = true
			out = append(out, *r.Record)
		}
	}
	return out
}

func (a *auditEvent) agents(e *Entry, o EventOptions) {
	add := func(who reference, system, code string, requestor bool) {
		a.Agent = append(a.Agent, agent{Type: &concept{[]coding{{system, code, ""}}}, Who: who, Requestor: requestor})
	}
	// The codes are R4's: DICOM's "Application", and HL7's "information
	// recipient", "healthcare provider" and "authorization server".
	if o.Client != "" {
		add(referenceTo(o.Client), "http://dicom.nema.org/resources/ontology/DCM", "110150", false)
	}
	user := reference{Display: "unknown"}
	switch {
	case e.Request.Actor.ID != "":
		user = referenceTo(e.Request.Actor.ID)
	case !e.Request.Actor.Number.IsZero():
		user = reference{Identifier: &identifier{"https://fhir.nhs.uk/Id/nhs-number", e.Request.Actor.Number.Digits()}}
	}
	add(user, "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", true)
	if o.Organization != "" {
		add(referenceTo(o.Organization), "http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", false)
	}
	add(referenceTo(o.Authorizer), "http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver", false)
}
