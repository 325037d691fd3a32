package vector

import (
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// build reads the request and the subject into a request and records.
func (a *adapter) build() consent.Request {
	q := a.request
	r := consent.Request{Subject: a.number(), AsAt: a.asAt, KnownAt: q.time("known_at"), CanMeet: []string{"*"}}
	a.enum("action", q.text("action"), &r.Action)
	if r.Action == consent.ReadDemographics && q.has("basis") {
		q.text("basis")
	}
	for _, name := range append(q.list("purpose"), q.list("purposes")...) {
		p, ok := consent.PurposeOf(name)
		if !ok {
			p = 255 // known to no one: indeterminate
		}
		r.Purposes = append(r.Purposes, p)
	}
	// The HL7 code beside the purpose adds nothing to it: HL7's tree is not
	// the NHS's. A code of another purpose is one purpose more.
	for _, code := range q.list("hl7_purpose") {
		if p, ok := consent.PurposeOf(code); ok && len(r.Purposes) == 0 {
			r.Purposes = append(r.Purposes, p)
		}
	}
	a.basis(&r)
	a.data(&r)
	a.care(&r)
	a.evidence(&r)
	a.consents(&r)
	a.choices(&r)
	a.patient(&r)
	if g := q.object("gdpr"); q.has("gdpr") {
		r.GDPR = consent.GDPR{Article6: g.text("article6"), Article9: g.text("article9")}
		g.done()
	}
	r.Recipient = q.text("recipient")
	r.Study = q.text("study")
	r.Flow = q.text("flow")
	r.OptOut.PatientFile = q.text("target") == "patient-record"
	for _, aside := range []string{"app", "contract", "service", "note", "volume"} {
		q.has(aside) // says what the question is about, decides nothing
	}
	return r
}

// textValue is a vocabulary of package consent.
type textValue interface{ UnmarshalText([]byte) error }

// enum reads a word of a vocabulary.
func (a *adapter) enum(name, word string, v textValue) {
	if word == "" {
		return
	}
	if v.UnmarshalText([]byte(word)) != nil {
		a.request.fail(name, "no such value")
	}
}

func (a *adapter) basis(r *consent.Request) {
	switch word := a.request.text("common_law_basis"); strings.ToLower(word) {
	case "s251-reg18a", "reg18a", "reg-18a":
		r.Basis, r.Evidence.Regulation = consent.Regulation5, "18A"
	default:
		a.enum("common_law_basis", word, &r.Basis)
	}
}

func (a *adapter) data(r *consent.Request) {
	q := a.request
	r.Data.ItemRequested = q.yes("patient_requested")
	if item := q.text("item"); item != "" {
		a.enum("item", item, &r.Data.Item)
	}
	switch content := q.text("content"); content {
	case "core+additional", "additional":
		r.SCR.Additional = true
	case "", "core":
	default:
		q.fail("content", "no such value")
	}
	if !q.has("data") {
		return
	}
	m := q.object("data")
	defer m.done()
	a.enum("data.identifiability", m.text("identifiability"), &r.Data.Identifiability)
	r.Data.Confidential = m.tri("confidential_patient_information")
	r.Data.Disclosed = consent.Bool(m.text("anonymisation_standard") != "" || m.text("small_numbers") == "suppressed")
	switch origin := m.text("origin"); {
	case origin == "scotland" || origin == "wales" || origin == "northern-ireland" || origin == "isle-of-man" || strings.HasPrefix(origin, "outside"):
		r.Data.Origin = consent.OutsideEngland
	case strings.HasPrefix(origin, "england-private") && !strings.Contains(origin, "nhs"):
		r.Data.Origin = consent.EnglandPrivate
	case origin == "england-social-care-private" || origin == "england-social-care-self-funded":
		r.Data.Origin = consent.EnglandPrivate
	default:
		a.enum("data.origin", origin, &r.Data.Origin)
	}
	if m.has("held_by") {
		r.Data.HeldByGP = consent.Bool(m.text("held_by") == "gp-practice")
	}
	switch m.text("nhs_number") {
	case "invalid":
		r.Data.NumberState = consent.NumberInvalid
	case "absent":
		r.Data.NumberState = consent.NumberAbsent
		if m.text("tracing") == "disproportionate" {
			r.Data.NumberState = consent.NumberDisproportionate
		}
	}
	m.has("tracing")
	m.has("content") // the confidential flag already says whether it conveys health information
	if m.has("labels") {
		r.Data.Labels, r.Data.LabelsKnown = m.list("labels"), true
	}
	r.Data.Class = m.text("class")
	r.Data.Codes = m.list("codes")
}

func (a *adapter) care(r *consent.Request) {
	q := a.request
	switch word := q.text("relationship"); word {
	case "population", "organisation", "cohort":
		r.Care.Relationship = consent.NoRelationship // to many is to none
	default:
		a.enum("relationship", word, &r.Care.Relationship)
	}
	switch q.text("necessity") {
	case "":
	case "relevant", "necessary", "minimum", "proportionate", "minimised":
		r.Care.Necessity = consent.Relevant
	default:
		r.Care.Necessity = consent.Excessive
	}
	a.enum("permission", q.text("permission"), &r.Care.Permission)
	r.Actor.Role = q.tri("rbac")
	if q.has("emergency") {
		m := q.object("emergency")
		r.Care.Emergency = m.yes("declared")
		r.Care.EmergencyReason = m.text("reason_text") + m.text("reason_code") + m.text("reason")
		m.done()
	}
	if q.has("patient_present") {
		r.Care.PatientAbsent = !q.yes("patient_present")
	}
	r.Care.SharingAgreement = q.tri("data_sharing_agreement")
	if word := q.text("capability"); word != "" {
		r.Care.OtherCapability = !strings.HasPrefix(word, "access-")
	}
	a.actor(r)
	if q.has("btg") {
		m := q.object("btg")
		b := &r.BreakGlass
		b.Declared = m.yes("declared")
		b.Reason = m.text("reason")
		b.Patient = m.nhsNumber("patient")
		b.Expires = m.time("expires_at")
		for _, name := range []string{"expires", "valid_until", "until"} {
			if t := m.time(name); !t.IsZero() {
				b.Expires = t
			}
		}
		declared := m.time("declared_at")
		for _, name := range []string{"time_limit_minutes", "limit_minutes", "valid_minutes"} {
			if n, ok := m.number(name); ok && !declared.IsZero() {
				b.Expires = declared.Add(time.Duration(n * float64(time.Minute)))
			}
		}
		m.done()
	}
	r.AuditDown = a.subject.text("audit_sink") == "down"
	switch word := a.subject.text("implicit"); word {
	case "deny-all":
		r.Implicit = consent.DenyAll
	default:
		a.enum("implicit", word, &r.Implicit)
	}
}

func (a *adapter) actor(r *consent.Request) {
	q := a.request
	if !q.has("actor") {
		return
	}
	if q.members["actor"][0] == '"' {
		switch word := q.text("actor"); word {
		case "self":
		case "proxy":
			r.OptOut.Proxy = true
		default:
			r.Actor.ID = word
		}
	} else {
		m := q.object("actor")
		r.Actor.ID = m.text("id")
		r.Actor.BTGListed = m.tri("authorised_for_btg")
		r.Actor.Number = m.nhsNumber("nhs_number")
		m.done()
	}
	r.OptOut.ProxyRole = q.text("role")
}

func (a *adapter) evidence(r *consent.Request) {
	q, e := a.request, &r.Evidence
	if q.has("s251") {
		m := q.object("s251")
		e.OptOutDisapplied = m.yes("opt_out_disapplied")
		e.Approval = m.text("evidence")
		e.ApprovalFlows = m.list("flows")
		m.done()
	}
	e.Regulation3 = q.text("reg3")
	if s := q.text("regulation"); s != "" {
		e.Regulation = strings.ToUpper(strings.TrimPrefix(strings.ToLower(s), "reg"))
	}
	if q.has("public_interest") {
		m := q.object("public_interest")
		e.TestRecorded = m.yes("test_recorded")
		e.TestOutcome = m.text("outcome")
		m.done()
	}
	if q.has("legal") {
		m := q.object("legal")
		e.LegalInstrument = m.text("instrument")
		switch kind := m.text("kind"); {
		case kind == "permissive-power" || kind == "court-order" || kind == "direction":
			e.LegalInstrument = kind
		case kind != "" && e.LegalInstrument == "":
			e.LegalInstrument = kind
			for _, ref := range []string{"reference", "ref", "order"} {
				if m.present(ref) && m.text(ref) == "" {
					e.LegalInstrument = "" // claimed, but nothing to show for it
				}
			}
		}
		m.text("reference")
		m.text("ref")
		m.text("order")
		m.done()
	}
	if q.has("exemption") {
		m := q.object("exemption")
		e.Exemption = m.text("ref")
		e.ExemptionEvidence = m.text("evidence")
		m.done()
	}
	e.ProjectStarted = q.time("project_started")
	e.PriorShare = q.time("prior_share")
	e.SurveySent = q.time("sent")
	for _, name := range []string{"sent_on", "sent_at", "survey_sent", "date_sent"} {
		if t := q.time(name); !t.IsZero() {
			e.SurveySent = t
		}
	}
	if q.has("survey") {
		m := q.object("survey")
		for _, name := range []string{"sent", "sent_on", "date"} {
			if t := m.time(name); !t.IsZero() {
				e.SurveySent = t
			}
		}
		m.done()
	}
}

// record makes a record of the subject.
func (a *adapter) record(r *consent.Request, id string, kind consent.Kind, effect consent.Effect, from time.Time) consent.Record {
	return consent.Record{
		ID: id, Version: 1, Kind: kind, Subject: r.Subject, Effect: effect, State: consent.InForce,
		From: from, RecordedAt: from, RecordedBy: "vector", DecidedBy: consent.ByPatient,
		Policy: []consent.PolicyRef{{URI: "urn:vector", Version: "1"}},
	}
}

// longAgo is from when choices hold that a vector does not date.
func longAgo() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// consents reads what is said of explicit consent.
func (a *adapter) consents(r *consent.Request) {
	for _, f := range []*fields{a.request, a.subject} {
		if !f.has("explicit_consent") {
			continue
		}
		m := f.object("explicit_consent")
		r.Evidence.ClaimedFrom = m.text("claimed_from")
		covers := m.list("covers")
		m.text("study")
		state := m.text("state")
		if state != "" {
			from, recorded := m.time("from"), m.time("recorded")
			if from.IsZero() {
				from = longAgo()
			}
			rec := a.record(r, "explicit", consent.StudyConsent, consent.Permits, from)
			if !recorded.IsZero() {
				rec.RecordedAt = recorded
			}
			rec.Until = m.time("until")
			if end := m.time("expires"); !end.IsZero() {
				rec.Until = end
			}
			rec.Scope = &consent.Scope{Studies: covers}
			for _, c := range covers {
				if _, ok := consent.PurposeOf(c); ok {
					rec.Scope.Purposes = append(rec.Scope.Purposes, c)
				}
			}
			at := m.time("at")
			switch state {
			case "given":
				if !at.IsZero() {
					rec.From, rec.RecordedAt = at, at
				}
			case "withdrawn":
				rec.State, rec.Until = consent.Withdrawn, at
				if at.IsZero() {
					rec.Until = longAgo()
				}
			case "expired":
				if rec.Until.IsZero() {
					rec.Until = a.asAt.Add(-time.Second)
				}
			case "refused":
				rec.Effect = consent.Denies
			default:
				m.fail("state", "no such state")
			}
			a.records = append(a.records, rec)
		}
		m.done()
	}
}

// system returns the code system of a journal entry.
func system(name, code string) string {
	switch {
	case name == "" && strings.Trim(code, "0123456789") == "":
		return "http://snomed.info/sct"
	case name == "snomed":
		return "http://snomed.info/sct"
	}
	return name
}

func (a *adapter) journal(r *consent.Request, name string, kind consent.Kind) {
	var entries []consent.JournalEntry
	for _, m := range a.subject.objects(name) {
		code := m.text("code")
		entries = append(entries, consent.JournalEntry{Code: consent.Code{System: system(m.text("system"), code), Value: code}, Date: m.time("date")})
		m.done()
	}
	a.records = append(a.records, consent.FromJournal(r.Subject, kind, entries)...)
}

// choices reads the subject's other choices.
func (a *adapter) choices(r *consent.Request) {
	s := a.subject
	a.journal(r, "type1", consent.Type1OptOut)
	a.journal(r, "scr", consent.SCRPreference)
	r.SCR.SpineSays = s.text("acs")
	if s.yes("gp_dissent_to_share") {
		a.records = append(a.records, a.record(r, "gp-dissent", consent.GPDissentToShare, consent.Denies, longAgo()))
	}
	inForce := func(m *fields, rec consent.Record) {
		switch m.text("state") {
		case "in-force":
		case "withdrawn":
			rec.State, rec.Until = consent.Withdrawn, a.asAt.Add(-time.Second)
		default:
			m.fail("state", "no such state")
		}
		m.done()
		a.records = append(a.records, rec)
	}
	if s.has("local_opt_out") {
		m := s.object("local_opt_out")
		rec := a.record(r, "local", consent.LocalOptOut, consent.Denies, longAgo())
		if p := m.text("programme"); p != "" {
			rec.Scope = &consent.Scope{Studies: []string{p}}
		}
		inForce(m, rec)
	}
	if s.has("objection") {
		m := s.object("objection")
		rec := a.record(r, "objection", consent.PrivacyDirective, consent.Denies, longAgo())
		switch to := m.text("to"); to {
		case "this-service", "", "all":
		default:
			rec.Scope = &consent.Scope{Actors: []string{to}}
		}
		inForce(m, rec)
	}
	for i, m := range s.objects("consents") {
		a.proxy(r, i, m)
	}
	r.OptOut.Party = s.text("consentingParty") != ""
	if role := s.text("proxyRole"); role != "" {
		r.OptOut.ProxyRole = role
	}
}

func (a *adapter) proxy(r *consent.Request, i int, m *fields) {
	from, until := time.Time{}, time.Time{}
	if m.has("period") {
		p := m.object("period")
		from, until = p.time("start"), p.time("end")
		if !until.IsZero() && len(p.text("end")) == len("2027-02-11") {
			until = until.Add(26 * time.Hour)
			until, _ = consent.LondonDay(until.Date()) // the last day counts
		}
		p.done()
	}
	if from.IsZero() {
		from = longAgo()
	}
	rec := a.record(r, "proxy-"+string(rune('a'+i)), consent.ProxyAccess, consent.Permits, from)
	rec.RecordedAt, rec.Until = longAgo(), until
	switch m.text("status") {
	case "active":
	case "proposed", "draft":
		rec.State = consent.Proposed
	case "entered-in-error", "rejected", "inactive":
		// The proxy exists, and is without force.
		rec.State, rec.Until = consent.Withdrawn, from
	default:
		m.fail("status", "no such status")
	}
	switch m.text("legal_basis") {
	case "consent":
		rec.DecidedBy = consent.ByPatient
	case "parental-responsibility":
		rec.DecidedBy = consent.ByGuardian
	case "health-and-welfare-lasting-power-of-attorney":
		rec.DecidedBy = consent.ByAttorney
	case "court-appointed-personal-welfare-deputy":
		rec.DecidedBy = consent.ByDeputy
	case "best-interest":
		rec.DecidedBy = consent.ByBestInterest
	default:
		rec.DecidedBy = consent.RoleUnknown
	}
	var digits []byte
	if n := m.nhsNumber("performer"); n != (nhsnumber.Number{}) {
		digits, _ = n.AppendText(nil)
	}
	rec.Scope = &consent.Scope{Actors: []string{string(digits)}}
	m.done()
	a.records = append(a.records, rec)
}

func (a *adapter) patient(r *consent.Request) {
	s, p := a.subject, &r.Patient
	p.Confidentiality = s.text("pds_confidentiality")
	p.Deceased = s.time("deceased")
	if t := s.text("birth_date"); t != "" {
		p.BirthDate, _ = time.Parse(time.DateOnly, t)
	}
	if n, ok := s.number("age"); ok {
		p.Age, p.AgeKnown = int(n), true
	}
	p.LacksCapacity = s.tri("capacity") == consent.No
	if status := s.text("nhs_number_status"); status != "" {
		p.Unverified = status != "01"
	}
	for _, name := range []string{"on_pds", "pds"} {
		if s.tri(name) == consent.No {
			p.NotOnPDS = true
		}
	}
	if s.tri("found") == consent.No || s.tri("known") == consent.No {
		p.NotFound = true
	}
	s.has("nhs_number")
	s.has("patient")
	s.has("ndo")
}
