package audit

import (
	"encoding/json"
	"time"

	"github.com/nhskit/nhskit/consent"
)

// EventOptions names who took part in a decision, for the AuditEvent. The
// strings are references ("Device/1") or, with a system in front and a bar
// between, identifiers.
type EventOptions struct {
	Authorizer   string // the system that decided; required by the profile
	Client       string // the system that asked
	Organization string // of the user
}

// AuditEvent returns the decision as a FHIR R4 AuditEvent, after IHE's Basic
// Audit Log Patterns: an authorisation decision of type DCM 110113 with the
// Consents it rests on, or, since that form demands at least one, in the role
// form where nothing was on file. The patient is named by NHS number: the
// event is personal data, and is meant for an audit repository.
func (e *Entry) AuditEvent(o EventOptions) ([]byte, error) {
	var d struct {
		Decision string           `json:"decision"`
		Reasons  []consent.Reason `json:"reasons"`
	}
	if err := json.Unmarshal(e.Decision, &d); err != nil {
		return nil, scrub(err)
	}
	records := cited(d.Reasons)
	subtype, profile := "AuthZ-Consent", balp+"StructureDefinition/IHE.BasicAudit.AuthZconsent"
	if len(records) == 0 {
		subtype, profile = "AuthZ-Role", ""
	}
	event := auditEvent{
		ResourceType: "AuditEvent",
		Type:         coding{"http://dicom.nema.org/resources/ontology/DCM", "110113", "Security Alert"},
		Subtype:      []coding{{balp + "CodeSystem/AuthZsubType", subtype, ""}},
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
	balp          = "https://profiles.ihe.net/ITI/BALP/"
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
	const participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
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
	add(user, participation, "IRCP", true)
	if o.Organization != "" {
		add(referenceTo(o.Organization), "http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", false)
	}
	authorizer := referenceTo(o.Authorizer)
	if o.Authorizer == "" {
		authorizer = reference{Display: "nhskit consent"}
		a.Source.Observer = authorizer
	}
	add(authorizer, "http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver", false)
}
