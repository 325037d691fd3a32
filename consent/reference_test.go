package consent_test

import (
	"slices"
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent"
)

// This is a second evaluator, written as the rules read in prose and not from
// the policy files: one function per question, three-valued logic written out,
// no tables. It only answers permit, deny or indeterminate.

type tri = consent.Tri

const (
	no      = consent.No
	unknown = consent.Unknown
	yes     = consent.Yes
)

func is(b bool) tri { return consent.Bool(b) }

func all(list ...tri) tri {
	out := yes
	for _, t := range list {
		switch {
		case t == no:
			return no
		case t == unknown:
			out = unknown
		}
	}
	return out
}

func some(list ...tri) tri {
	out := no
	for _, t := range list {
		switch {
		case t == yes:
			return yes
		case t == unknown:
			out = unknown
		}
	}
	return out
}

func not(t tri) tri {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// known is what an answer from outside says: anything else than yes and no is
// not known.
func known(t tri) tri {
	if t == yes || t == no {
		return t
	}
	return unknown
}

// oneOf says whether a value of an enumeration is one of some. One beyond the
// last is not known.
func oneOf[T ~uint8](v, last T, list ...T) tri {
	if v > last {
		return unknown
	}
	return is(slices.Contains(list, v))
}

// slowly answers a question.
func slowly(q question) consent.Outcome {
	purposes := q.request.Purposes
	if len(purposes) == 0 {
		purposes = []consent.Purpose{consent.NoPurpose}
	}
	c := choicesOf(q)
	denied, open, permitted := false, false, true
	for _, p := range purposes {
		s := situation{q: q, r: &q.request, c: c, p: p}
		deny, permit, unclear := s.answer()
		denied = denied || deny == yes
		open = open || deny == unknown || unclear || permit == unknown && deny != yes
		permitted = permitted && permit == yes
	}
	switch {
	case denied:
		return consent.Deny
	case open:
		return consent.Indeterminate
	case permitted:
		return consent.Permit
	}
	return consent.Deny
}

// choices is what the records say, as of the two times.
type choices struct {
	optedOut, type1, dissent, local, objection tri
	consentGiven, consentKnown                 bool // explicit consent
	proxy                                      string
	scr                                        []string // what the preference may be
	acs                                        []string
	pds                                        []string
}

type standingRecord struct {
	consent.Record
	started, inForce, ended bool
	unreliable              bool
}

// standing returns the records that are current, with how they stand. What
// cannot be relied on stands for every kind it may be of.
func standing(q question) []standingRecord {
	var out []standingRecord
	doubt := func(r consent.Record) {
		for k := consent.NationalDataOptOut; k <= consent.PrivacyDirective; k++ {
			if r.Kind == k || r.Kind == consent.NoKind || r.Kind > consent.PrivacyDirective || r.Subject != q.request.Subject {
				r := r
				r.Kind = k
				out = append(out, standingRecord{Record: r, unreliable: true})
			}
		}
	}
	for i, r := range q.records {
		if !counts(q, r) || r.State == consent.EnteredInError {
			continue
		}
		if r.Subject != q.request.Subject {
			doubt(r)
			continue
		}
		if replacedByVersion(q, r) {
			continue
		}
		nonsense := senseless(r) || r.Kind == consent.NoKind || r.Kind > consent.PrivacyDirective
		superseded, perhaps := false, false
		for j, o := range q.records {
			if i == j || o.ID == r.ID || o.Subject != r.Subject || !slices.Contains(o.Supersedes, r.ID) || !counts(q, o) || !begun(q, o) ||
				o.State == consent.EnteredInError || o.State == consent.Proposed || replacedByVersion(q, o) {
				continue
			}
			if contradicted(q, o) || senseless(o) || o.Kind != r.Kind || leadsTo(q, i, j) {
				perhaps = true
			} else {
				superseded = true
			}
		}
		switch {
		case nonsense || contradicted(q, r):
			doubt(r)
			continue
		case superseded:
			continue
		case perhaps:
			doubt(r)
			continue
		}
		end := r.Until
		if end.IsZero() && r.State == consent.Withdrawn {
			end = r.RecordedAt
		}
		s, at := standingRecord{Record: r}, q.request.AsAt
		s.started = begun(q, r) && r.State != consent.Proposed
		s.ended = !end.IsZero() && !at.Before(end) && !end.Equal(r.From)
		s.inForce = s.started && (end.IsZero() || at.Before(end))
		out = append(out, s)
	}
	return out
}

// counts: a record that was recorded by the time up to which is asked.
func counts(q question, r consent.Record) bool { return !r.RecordedAt.After(q.request.KnownAt) }

func begun(q question, r consent.Record) bool { return !q.request.AsAt.Before(r.From) }

func senseless(r consent.Record) bool {
	return r.From.IsZero() || r.RecordedAt.IsZero() || !r.Until.IsZero() && r.Until.Before(r.From) ||
		r.State == consent.NoState || r.State > consent.EnteredInError || r.Effect != consent.Denies && r.Effect != consent.Permits
}

func replacedByVersion(q question, r consent.Record) bool {
	return slices.ContainsFunc(q.records, func(o consent.Record) bool {
		return o.ID == r.ID && o.Subject == r.Subject && counts(q, o) && o.Version > r.Version
	})
}

// contradicted: there is another with the same id and version.
func contradicted(q question, r consent.Record) bool {
	return slices.ContainsFunc(q.records, func(o consent.Record) bool {
		return o.ID == r.ID && o.Version == r.Version && o.Subject == r.Subject && counts(q, o) && string(o.AppendJSON(nil)) != string(r.AppendJSON(nil))
	})
}

// leadsTo: a record says that it supersedes another, perhaps through more.
func leadsTo(q question, from, to int) bool {
	reached := map[int]bool{from: true}
	for again := true; again; {
		again = false
		for i, o := range q.records {
			for k := range reached {
				if r := q.records[k]; !reached[i] && o.Subject == r.Subject && slices.Contains(r.Supersedes, o.ID) && counts(q, o) && begun(q, o) {
					reached[i], again = true, true
				}
			}
		}
	}
	return from != to && reached[to]
}

func choicesOf(q question) choices {
	c := choices{optedOut: no, type1: no, dissent: no, local: no, objection: no, consentKnown: true, pds: []string{q.request.Patient.Confidentiality}}
	if q.request.Patient.Confidentiality == "?" {
		c.pds = []string{"U", "R", "V", "REDACTED"}
	}
	list := standing(q)
	of := func(kind consent.Kind, fn func(r standingRecord)) (doubt bool) {
		for _, r := range list {
			switch {
			case r.Kind != kind:
			case r.unreliable:
				doubt = true
			default:
				fn(r)
			}
		}
		return doubt
	}
	choice := func(kind consent.Kind, t *tri, fn func(r standingRecord) tri) {
		doubt := of(kind, func(r standingRecord) { *t = some(*t, fn(r)) })
		if doubt {
			*t = some(*t, unknown)
		}
	}
	r := &q.request
	choice(consent.NationalDataOptOut, &c.optedOut, func(r standingRecord) tri { return is(r.inForce) })
	c.optedOut = q.checkedOptOut(c.optedOut)
	choice(consent.Type1OptOut, &c.type1, func(r standingRecord) tri {
		switch {
		case !r.started || r.ended:
			return no
		case r.Code.Value == "XAZ89":
			return unknown
		}
		return yes
	})
	choice(consent.GPDissentToShare, &c.dissent, func(r standingRecord) tri { return is(r.inForce && r.Effect == consent.Denies) })
	choice(consent.LocalOptOut, &c.local, func(rec standingRecord) tri {
		named := slices.Contains(rec.Scope.Studies, r.Evidence.Exemption) || slices.Contains(rec.Scope.Studies, r.Study)
		return is(rec.inForce && rec.Effect == consent.Denies && named)
	})
	choice(consent.StudyConsent, &c.objection, func(rec standingRecord) tri {
		return is(rec.inForce && rec.Effect == consent.Denies && reaches(rec.Scope, r, false))
	})
	choice(consent.PrivacyDirective, &c.objection, func(rec standingRecord) tri { return objects(rec, r) })
	doubt := of(consent.StudyConsent, func(rec standingRecord) {
		c.consentGiven = c.consentGiven || rec.inForce && rec.Effect == consent.Permits && reaches(rec.Scope, r, true)
	})
	of(consent.PrivacyDirective, func(rec standingRecord) {
		s := rec.Scope
		c.consentGiven = c.consentGiven || rec.inForce && rec.Effect == consent.Permits && s != nil && len(s.Purposes) > 0 && reaches(s, r, true)
	})
	c.consentKnown = !doubt
	c.proxies(q, list)
	c.preferences(q, list)
	if r.Data.NumberState > consent.NumberDisproportionate {
		// Whose choices were looked up is not known.
		c.type1, c.local = unknown, unknown
	}
	return c
}

// checkedOptOut adds what the number and the source say.
func (q question) checkedOptOut(t tri) tri {
	r := &q.request
	switch {
	case t != no:
		return t
	case r.Data.NumberState != consent.NumberPresent:
		return unknown
	case q.source == nil:
		return map[bool]tri{true: no, false: unknown}[q.complete]
	}
	st, err := q.source.Status(ctx, r.Subject)
	age := r.AsAt.Sub(st.AsOf)
	switch {
	case err != nil:
		return unknown
	case st.OptedOut:
		return yes
	case q.params.OptOutMaxAge <= 0 || st.AsOf.After(r.KnownAt) || age > q.params.OptOutMaxAge:
		return unknown
	}
	return no
}

// reaches reports whether a scope covers a request. A permission has to cover
// all purposes, a refusal matters if it covers one.
func reaches(s *consent.Scope, r *consent.Request, permits bool) bool {
	if s == nil {
		return !permits
	}
	if len(s.Studies) > 0 {
		if r.Study == "" && len(s.Purposes) == 0 || r.Study != "" && !slices.Contains(s.Studies, r.Study) {
			return false
		}
	}
	if len(s.Purposes) == 0 {
		return len(s.Studies) > 0 || !permits
	}
	covered := 0
	for _, p := range r.Purposes {
		for _, name := range s.Purposes {
			if name == p.String() || name == "TREAT" && p == consent.IndividualCare {
				covered++
				break
			}
		}
	}
	if permits {
		return covered == len(r.Purposes) && covered > 0
	}
	return covered > 0
}

// objects says whether a directive is an objection to the request.
func objects(rec standingRecord, r *consent.Request) tri {
	if !rec.inForce || rec.Effect == consent.Permits {
		return no
	}
	s := rec.Scope
	switch {
	case s == nil:
		return yes
	case len(s.Purposes) > 0:
		return is(reaches(s, r, false))
	case len(s.Actors) > 0:
		return is(slices.Contains(s.Actors, r.Actor.ID))
	}
	// It is about a label.
	label := s.Labels[0]
	switch {
	case !r.Data.LabelsKnown:
		return no // the label is to be redacted instead
	case len(r.Data.Labels) == 0:
		return unknown
	case slices.Contains(r.Data.Labels, label), label == "R" && slices.Contains(r.Data.Labels, "V"):
		return yes
	}
	return no
}

// proxies finds the best standing of those that are the actor.
func (c *choices) proxies(q question, list []standingRecord) {
	best := "none"
	for _, r := range list {
		if r.Kind != consent.ProxyAccess {
			continue
		}
		switch {
		case r.unreliable:
			if best != "active" {
				best = "unknown"
			}
		case !slices.Contains(r.Scope.Actors, q.request.Actor.Number.Digits()):
		case r.State == consent.InForce && r.inForce:
			adult := q.request.Patient.AgeKnown && q.request.Patient.Age >= 18
			switch {
			case r.DecidedBy == consent.ByGuardian && adult:
			case r.DecidedBy == consent.RoleUnknown:
				if best != "active" {
					best = "unknown"
				}
			default:
				best = "active"
			}
		}
	}
	c.proxy = best
}

func (c *choices) preferences(q question, list []standingRecord) {
	any := []string{"none", "9Ndl.", "9Ndm.", "9Ndn.", "9Ndo.", "93C2.", "93C3."}
	cautious := []string{"9Ndo.", "9Ndm.", "9Ndl.", "93C2.", "9Ndn."}
	c.scr = []string{"none"}
	var from time.Time
	open := false
	for _, r := range list {
		switch {
		case r.Kind == consent.SCRPreference && (r.unreliable || r.inForce && r.Code.Value == "?"):
			open = true
		case r.Kind == consent.SCRPreference && r.inForce:
			if c.scr[0] == "none" || r.From.After(from) || r.From.Equal(from) && slices.Index(cautious, r.Code.Value) < slices.Index(cautious, c.scr[0]) {
				c.scr, from = []string{r.Code.Value}, r.From
			}
		case r.Kind == consent.PDSConfidentiality && r.unreliable:
			c.pds = []string{"", "U", "R", "V", "REDACTED"}
		}
	}
	if open {
		c.scr = any
	}
	rank := []string{"", "U", "R", "V", "REDACTED"}
	for _, r := range list {
		if r.Kind != consent.PDSConfidentiality || !r.inForce || r.unreliable {
			continue
		}
		switch i := slices.Index(rank, r.Code.Value); {
		case i < 0 && len(c.pds) < 5:
			c.pds = []string{"U", "R", "V", "REDACTED"}
		case len(c.pds) == 1 && i > slices.Index(rank, c.pds[0]):
			c.pds = []string{rank[i]}
		}
	}
	c.acs = []string{q.request.SCR.SpineSays}
	permit, deny, doubt := false, q.request.SCR.SpineSays == "No", q.request.SCR.SpineSays == "?"
	for _, r := range list {
		if r.Kind == consent.SCRPermissionToView {
			doubt = doubt || r.unreliable
			permit = permit || r.inForce && !r.unreliable && r.Effect == consent.Permits
			deny = deny || r.inForce && !r.unreliable && r.Effect == consent.Denies
		}
	}
	switch {
	case deny && !(doubt && q.request.SCR.SpineSays == "No" && !denyOnFile(list)):
		c.acs = []string{"No"}
	case doubt:
		c.acs = []string{"", "Yes", "No", "Ask"}
		if q.request.SCR.SpineSays == "?" && !unreliableView(list) {
			c.acs = []string{"Yes", "No", "Ask"}
		}
	case permit:
		c.acs = []string{"Yes"}
	}
}

func denyOnFile(list []standingRecord) bool {
	return slices.ContainsFunc(list, func(r standingRecord) bool {
		return r.Kind == consent.SCRPermissionToView && r.inForce && !r.unreliable && r.Effect == consent.Denies
	})
}

func unreliableView(list []standingRecord) bool {
	return slices.ContainsFunc(list, func(r standingRecord) bool { return r.Kind == consent.SCRPermissionToView && r.unreliable })
}

// among says whether something that has one of some values has one of others.
func among(values []string, wanted ...string) tri {
	in, out := false, false
	for _, v := range values {
		if slices.Contains(wanted, v) {
			in = true
		} else {
			out = true
		}
	}
	switch {
	case in && out:
		return unknown
	case in:
		return yes
	}
	return no
}

// situation is one question for one purpose.
type situation struct {
	q question
	r *consent.Request
	c choices
	p consent.Purpose
}

// answer returns whether something denies, whether something permits, and
// whether the matter is left open by a rule of its own.
func (s *situation) answer() (deny, permit tri, open bool) {
	missing := s.p == consent.NoPurpose
	switch s.r.Action {
	case consent.Disclose:
		deny, permit = s.disclose()
		return deny, permit, missing
	case consent.Read:
		deny, permit = s.read()
		return deny, permit, missing
	case consent.UploadSCR:
		deny, permit = s.upload()
		return deny, permit, missing
	case consent.ViewSCR:
		deny, permit = s.view()
		return deny, permit, missing
	case consent.GPConnect:
		deny, permit = s.gpConnect()
		return deny, permit, missing
	case consent.ReadDemographics:
		return some(is(s.r.Patient.NotFound), among(s.c.pds, "REDACTED")), among(s.c.pds, "U", "R"), among(s.c.pds, "V", "") != no
	case consent.ActFor:
		switch s.c.proxy {
		case "active":
			return no, yes, false
		case "unknown":
			return unknown, unknown, false
		}
		return yes, no, false
	}
	deny, permit = s.optOutPaperwork()
	return deny, permit, false
}

func (s *situation) optOutPaperwork() (deny, permit tri) {
	o := &s.r.OptOut
	listed := o.ProxyRole == "GUARDIAN"
	switch s.r.Action {
	case consent.StoreOptOutStatus:
		return is(o.PatientFile), no
	case consent.ShareOptOutStatus:
		apply := is(s.p == consent.ApplyOptOuts)
		return not(apply), apply
	case consent.ValidateOptOut:
		ok := is(o.Party && o.ProxyRole == "" || !o.Party && listed)
		return not(ok), ok
	}
	child := unknown
	if s.r.Patient.AgeKnown {
		child = is(s.r.Patient.Age < 13)
	}
	notOnPDS := is(s.r.Patient.NotOnPDS)
	switch {
	case !o.Proxy:
		return some(notOnPDS, child), not(child)
	case !listed:
		return yes, no
	}
	lacks := is(s.r.Patient.LacksCapacity)
	return some(notOnPDS, all(not(child), not(lacks))), some(child, lacks)
}

// origin says whether the data is of the opt-out's scope, and whether the
// policy has to be in force for it.
func (s *situation) origin() tri {
	switch s.r.Data.Origin {
	case consent.EnglandPublic, consent.EnglandPrivateNHS, consent.EnglandSocialCare:
		return yes
	case consent.EnglandPrivate, consent.OutsideEngland:
		return no
	}
	return unknown
}

func (s *situation) disclose() (deny, permit tri) {
	r, e, d := s.r, &s.r.Evidence, &s.r.Data
	care, beyond := is(s.p == consent.IndividualCare), is(s.p.BeyondCare())
	named, anonymous, synthetic := unknown, unknown, unknown
	if d.Identifiability != consent.IdentifiabilityUnknown && d.Identifiability <= consent.Synthetic {
		named = is(d.Identifiability == consent.Identifiable || d.Identifiability == consent.Pseudonymised)
		anonymous = is(d.Identifiability == consent.Anonymised || d.Identifiability == consent.Aggregate)
		synthetic = is(d.Identifiability == consent.Synthetic)
	}
	controlled := is(d.Disclosed == consent.Yes)
	// Two rules make data personal; each may be open by itself.
	personal := some(all(named, known(d.Confidential)), all(anonymous, not(controlled)))

	given := unknown
	if s.c.consentKnown {
		given = is(s.c.consentGiven)
	}
	relation := oneOf(r.Care.Relationship, consent.NoRelationship, consent.Legitimate, consent.SelfClaimed)
	reg3 := is(e.Regulation3 == "outbreak")
	test := is(e.TestRecorded && e.TestOutcome == "disclose")
	required := is(e.LegalInstrument == "statute" || e.LegalInstrument == "court-order" || e.LegalInstrument == "direction")
	basis := func(list ...consent.Basis) tri { return is(slices.Contains(list, r.Basis)) }
	lawful := some(
		all(basis(consent.ImpliedConsent), care, relation),
		all(basis(consent.ExplicitConsent), given),
		all(basis(consent.Regulation2, consent.Regulation5), beyond),
		all(basis(consent.Regulation3), reg3),
		all(basis(consent.LegalRequirement), required),
		all(basis(consent.OverridingPublicInterest), test),
	)

	// The national opt-out and its exemptions.
	flow := e.OptOutDisapplied && e.Approval != "" && (len(e.ApprovalFlows) == 0 || slices.Contains(e.ApprovalFlows, r.Flow))
	exempt := some(
		all(basis(consent.ExplicitConsent), given),
		all(basis(consent.Regulation3), reg3),
		all(basis(consent.OverridingPublicInterest), test),
		all(basis(consent.LegalRequirement), required),
		all(basis(consent.Regulation2, consent.Regulation5), is(flow)),
		is(s.p == consent.OfficialStatistics && r.Recipient == "ONS"),
		is(s.p == consent.DiseaseRegistration && strings.HasPrefix(r.Recipient, "NDRS")),
		is(s.p == consent.PatientSurvey && !e.SurveySent.IsZero() && e.SurveySent.Year() < 2019+1 && e.SurveySent.Before(time.Date(2019, 4, 1, 0, 0, 0, 0, time.UTC))),
		is(s.p == consent.InvoiceValidation),
		is((s.p == consent.PrescriptionCharges || s.p == consent.Payment) && r.Recipient == "NHSBSA" && e.Regulation == "18A"),
		oneOf(d.NumberState, consent.NumberDisproportionate, consent.NumberDisproportionate),
		is(s.p == consent.ClinicalAudit && e.Exemption != "" && e.ExemptionEvidence != ""),
	)
	optOut := all(beyond, personal, s.origin(), not(exempt), s.c.optedOut)

	// Type 1 at the practice.
	before := is(!e.ProjectStarted.IsZero() && e.ProjectStarted.Before(time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC)))
	exempt1 := some(
		all(basis(consent.ExplicitConsent), given),
		all(basis(consent.LegalRequirement, consent.Regulation3, consent.OverridingPublicInterest), lawful, before),
		all(basis(consent.OverridingPublicInterest), test),
		all(basis(consent.LegalRequirement), is(e.LegalInstrument == "statute" || e.LegalInstrument == "court-order")),
	)
	type1 := all(known(d.HeldByGP), beyond, personal, s.c.type1, not(exempt1))

	special := is(s.p == consent.Marketing || s.p == consent.Insurance)
	article9 := is(r.GDPR.Article6 != "" && r.GDPR.Article9 == "" || r.GDPR.Article6 == "" && r.GDPR.Article9 != "")
	deny = some(
		all(personal, not(lawful)),
		all(basis(consent.ImpliedConsent), beyond, named),
		all(special, named, not(given)),
		all(special, named, not(basis(consent.ExplicitConsent))),
		oneOf(r.Care.Necessity, consent.Excessive, consent.Excessive),
		all(personal, article9),
		all(basis(consent.ImpliedConsent), care, not(relation), named),
		all(s.c.objection, not(basis(consent.LegalRequirement, consent.OverridingPublicInterest, consent.Regulation3))),
		all(beyond, personal, s.c.local, not(given)),
		optOut, type1,
	)
	permit = some(all(anonymous, controlled), synthetic, all(named, not(known(d.Confidential))), all(personal, lawful))
	return deny, permit
}

func (s *situation) read() (deny, permit tri) {
	b, r := &s.r.BreakGlass, s.r
	glass := s.p == consent.EmergencyOverride
	other := b.Declared && b.Reason != "" && !b.Patient.IsZero() && b.Patient != r.Subject
	expired := b.Declared && b.Reason != "" && !other && !b.Expires.IsZero() && !r.AsAt.Before(b.Expires)
	good := b.Declared && b.Reason != "" && !other && !expired
	strange := !slices.Contains([]consent.Purpose{consent.EmergencyOverride, consent.IndividualCare, consent.NoPurpose}, s.p)
	deny = some(
		oneOf(r.Implicit, consent.BasicNormal, consent.DenyAll),
		is(r.AuditDown && !glass),
		is(b.Declared && strange),
		is(glass && !good), is(other),
		is(glass && r.Actor.BTGListed != consent.Yes),
		all(s.c.objection, is(!glass)),
	)
	normal := slices.Contains([]consent.Purpose{consent.IndividualCare, consent.Payment, consent.Planning, consent.Operations}, s.p)
	permit = some(
		all(is(glass && good && r.Actor.BTGListed == consent.Yes), oneOf(r.Implicit, consent.BasicNormal, consent.BreakGlassOnly, consent.BasicNormal)),
		all(is(normal), oneOf(r.Implicit, consent.BasicNormal, consent.BasicNormal)),
	)
	return deny, permit
}

func (s *situation) careOnly() tri {
	return is(s.p != consent.IndividualCare && s.p != consent.NoPurpose)
}

func (s *situation) objection() tri {
	b := s.r.Basis
	return all(s.c.objection, is(b != consent.LegalRequirement && b != consent.OverridingPublicInterest && b != consent.Regulation3))
}

func (s *situation) upload() (deny, permit tri) {
	d := &s.r.Data
	additional := is(s.r.SCR.Additional)
	silent, core, both := among(s.c.scr, "none", "9Ndl."), among(s.c.scr, "9Ndm."), among(s.c.scr, "9Ndn.", "93C2.")
	dissent := among(s.c.scr, "9Ndo.", "93C3.")
	model := unknown
	if !s.q.params.SCRAdditionalFrom.IsZero() {
		model = is(!s.r.AsAt.Before(s.q.params.SCRAdditionalFrom))
	}
	// What the practice holds is compared with Spine only as far as it is
	// known to be a dissent or may be one.
	mayDissent := dissent != no
	mismatch := is(s.r.SCR.SpineSays != "" && (s.r.SCR.SpineSays == "No") != mayDissent)
	deny = some(
		mismatch, s.careOnly(), dissent, s.objection(),
		all(additional, silent, not(model)), all(additional, core),
		all(oneOf(d.Item, consent.PracticeConfidentialItem, consent.SensitiveItem), is(!d.ItemRequested)), oneOf(d.Item, consent.PracticeConfidentialItem, consent.PracticeConfidentialItem),
	)
	permit = some(all(not(additional), silent), all(not(additional), among(s.c.scr, "9Ndm.", "9Ndn.", "93C2.")), all(additional, silent, model), both)
	return deny, permit
}

func (s *situation) view() (deny, permit tri) {
	c, r := &s.r.Care, s.r
	reason := c.Emergency && c.EmergencyReason != ""
	asked := oneOf(c.Permission, consent.Refused, consent.NotAsked)
	role := known(r.Actor.Role)
	deny = some(
		s.careOnly(), not(role), oneOf(c.Relationship, consent.NoRelationship, consent.NoRelationship, consent.RelationshipUnstated),
		among(s.c.scr, "9Ndo.", "93C3."), oneOf(c.Permission, consent.Refused, consent.Refused), s.objection(),
		all(among(s.c.acs, "No"), is(!reason)),
		all(among(s.c.acs, "No"), is(reason), unknown), // no source says that an emergency goes above it
		all(is(c.Emergency && !reason), asked),
		all(asked, among(s.c.acs, "Ask", ""), is(!c.Emergency)),
	)
	// In an emergency the patient need not be asked.
	permit = some(
		oneOf(c.Permission, consent.Refused, consent.Given), all(asked, among(s.c.acs, "Yes")),
		all(asked, is(reason), among(s.c.acs, "Ask", "")),
	)
	return deny, permit
}

func (s *situation) gpConnect() (deny, permit tri) {
	c, p, d := &s.r.Care, &s.r.Patient, &s.r.Data
	dead := !p.Deceased.IsZero() && !p.Deceased.After(s.r.AsAt)
	related := oneOf(c.Relationship, consent.NoRelationship, consent.Legitimate, consent.SelfClaimed)
	deny = some(
		is(p.NotFound || dead || p.Unverified), among(s.c.pds, "R", "V", "REDACTED"),
		all(s.c.dissent, is(!c.OtherCapability)), s.careOnly(), s.objection(),
		not(oneOf(d.Item, consent.PracticeConfidentialItem, consent.OrdinaryItem)),
		all(is(c.PatientAbsent), not(known(c.SharingAgreement))),
		oneOf(c.Relationship, consent.NoRelationship, consent.NoRelationship), all(is(c.PatientAbsent), oneOf(c.Relationship, consent.NoRelationship, consent.RelationshipUnstated)),
	)
	care := is(s.p == consent.IndividualCare)
	permit = some(
		all(care, is(!c.PatientAbsent), not(oneOf(c.Relationship, consent.NoRelationship, consent.NoRelationship))),
		all(care, is(c.PatientAbsent), related, known(c.SharingAgreement)),
	)
	return deny, permit
}
