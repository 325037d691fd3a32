// Package consenttest helps to test with package consent: generators of
// requests and records for property tests, and a test that every
// implementation of consent.Store has to pass.
//
// The people are invented; their numbers are of the 999 range, which is never
// issued.
package consenttest

import (
	"context"
	"errors"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
	"pgregory.net/rapid"
)

// Noon is about when everything that is drawn happens.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Numbers of the people that are drawn.
var people = [...]string{"9990000018", "9990000026", "9990000034"}

// Person returns one of three invented people's numbers.
func Person(i int) nhsnumber.Number {
	n, err := nhsnumber.Parse(people[i%len(people)])
	if err != nil {
		panic(err) // a constant
	}
	return n
}

// instant draws a time within some days of noon, at times exactly on a
// boundary that other draws use as well.
func instant(t *rapid.T, label string) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(-8, 4).Draw(t, label)) * 6 * time.Hour)
}

// Journal draws a code of a GP system that is about choices, known or not.
func code(t *rapid.T, kind consent.Kind) consent.Code {
	switch kind {
	case consent.Type1OptOut:
		return rapid.SampledFrom([]consent.Code{
			{System: "http://snomed.info/sct", Value: "827241000000103"}, {System: "ctv3", Value: "XaZ89"}, {System: "read2", Value: "9Nu0."}, {System: "ctv3", Value: "XAZ89"},
		}).Draw(t, "type 1 code")
	case consent.Type2Objection:
		return consent.Code{System: "read2", Value: "9Nu4."}
	case consent.SCRPreference:
		return rapid.SampledFrom([]consent.Code{
			{System: "read2", Value: "9Ndl."}, {System: "read2", Value: "9Ndm."}, {System: "read2", Value: "9Ndn."}, {System: "read2", Value: "9Ndo."}, {System: "read2", Value: "93C2."}, {System: "read2", Value: "?"},
		}).Draw(t, "SCR code")
	case consent.PDSConfidentiality:
		return consent.Code{System: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", Value: rapid.SampledFrom([]string{"U", "R", "V", "X"}).Draw(t, "confidentiality")}
	}
	return consent.Code{}
}

// Record draws a record of a kind about Person(0), valid by the schema or
// with an effective time that is reversed.
func Record(kind consent.Kind) *rapid.Generator[consent.Record] {
	return rapid.Custom(func(t *rapid.T) consent.Record {
		r := consent.Record{
			ID: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "id"), Version: rapid.IntRange(1, 3).Draw(t, "version"), Kind: kind, Subject: Person(0),
			State: rapid.SampledFrom([]consent.State{consent.InForce, consent.InForce, consent.InForce, consent.Withdrawn, consent.Proposed, consent.EnteredInError}).Draw(t, "state"),
			From:  instant(t, "from"), RecordedAt: instant(t, "recorded"), RecordedBy: "test", DecidedBy: consent.ByPatient,
			Policy: []consent.PolicyRef{{URI: "urn:test", Version: "1"}}, Code: code(t, kind),
		}
		if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
			r.Until = instant(t, "until")
		}
		switch kind {
		case consent.StudyConsent, consent.LocalOptOut:
			r.Effect = consent.Effect(rapid.IntRange(0, 1).Draw(t, "effect"))
			r.Scope = &consent.Scope{Studies: []string{rapid.SampledFrom([]string{"S1", "S2"}).Draw(t, "study")}}
			if rapid.Bool().Draw(t, "narrowed") {
				r.Scope.Purposes = []string{rapid.SampledFrom([]string{"research", "planning", "payment"}).Draw(t, "purpose")}
			}
		case consent.ProxyAccess:
			r.Effect = consent.Permits
			r.Scope = &consent.Scope{Actors: []string{people[rapid.IntRange(1, 2).Draw(t, "proxy")]}}
			r.DecidedBy = consent.Role(rapid.IntRange(0, 5).Draw(t, "role"))
		case consent.PrivacyDirective:
			r.Effect = consent.Effect(rapid.IntRange(0, 1).Draw(t, "effect"))
			switch rapid.IntRange(0, 3).Draw(t, "scope") {
			case 1:
				r.Scope = &consent.Scope{Labels: []string{rapid.SampledFrom([]string{"R", "V", "PSY"}).Draw(t, "label")}}
			case 2:
				r.Scope = &consent.Scope{Purposes: []string{rapid.SampledFrom([]string{"research", "TREAT"}).Draw(t, "purpose")}}
			case 3:
				r.Scope = &consent.Scope{Actors: []string{"Practitioner/1"}}
			}
		case consent.SCRPreference, consent.SCRPermissionToView:
			r.Effect = consent.Effect(rapid.IntRange(0, 1).Draw(t, "effect"))
		}
		return r
	})
}

// Records draws up to n records of any kinds about Person(0). Some supersede
// others, themselves or each other, and some have values that no record
// should have: times that are missing, states, kinds and effects that do not
// exist, or another person.
func Records(n int) *rapid.Generator[[]consent.Record] {
	return rapid.Custom(func(t *rapid.T) []consent.Record {
		var out []consent.Record
		for range rapid.IntRange(0, n).Draw(t, "records") {
			kind := consent.Kind(rapid.IntRange(int(consent.NationalDataOptOut), int(consent.PrivacyDirective)).Draw(t, "kind"))
			if len(out) > 0 && rapid.IntRange(0, 2).Draw(t, "same kind") == 0 {
				kind = out[len(out)-1].Kind // so that one can supersede the other
			}
			r := Record(kind).Draw(t, "record")
			// One id stands for one kind, or versions would make no sense.
			r.ID = kind.String() + "-" + r.ID
			out = append(out, r)
		}
		for i := range out {
			if rapid.IntRange(0, 3).Draw(t, "supersedes") == 0 {
				out[i].Supersedes = []string{out[rapid.IntRange(0, len(out)-1).Draw(t, "superseded")].ID}
			}
			if rapid.IntRange(0, 39).Draw(t, "odd record") == 0 {
				oddRecord(t, &out[i])
			}
		}
		return out
	})
}

// odd is beyond every enumeration, and beyond the bits of a set of values.
const odd = 35

func oddRecord(t *rapid.T, r *consent.Record) {
	switch rapid.IntRange(0, 6).Draw(t, "oddity of a record") {
	case 0:
		r.From = time.Time{}
	case 1:
		r.RecordedAt = time.Time{}
	case 2:
		r.State = rapid.SampledFrom([]consent.State{consent.NoState, odd}).Draw(t, "odd state")
	case 3:
		r.Kind = rapid.SampledFrom([]consent.Kind{consent.NoKind, odd}).Draw(t, "odd kind")
	case 4:
		r.Effect = odd
	case 5:
		r.Subject = Person(1)
	case 6:
		r.From, r.Until = noon, noon.Add(-time.Hour)
	}
}

func oddRequest(t *rapid.T, r *consent.Request) {
	switch rapid.IntRange(0, 11).Draw(t, "oddity of a request") {
	case 0:
		r.Data.Identifiability = odd
	case 1:
		r.Data.Origin = odd
	case 2:
		r.Data.Confidential = odd
	case 3:
		r.Data.HeldByGP = odd
	case 4:
		r.Data.NumberState = odd
	case 5:
		r.Data.Item = odd
	case 6:
		r.Care.Relationship = odd
	case 7:
		r.Care.Permission = odd
	case 8:
		r.Care.Necessity = odd
	case 9:
		r.Care.SharingAgreement = odd
	case 10:
		r.Actor.Role = odd
	case 11:
		r.Implicit = odd
	}
}

func pick[T ~uint8](t *rapid.T, label string, most T) T {
	return T(rapid.IntRange(0, int(most)).Draw(t, label))
}

// Request draws a request about Person(0), at times with a value that is none
// of the constants. It can meet all obligations.
func Request() *rapid.Generator[consent.Request] {
	return rapid.Custom(func(t *rapid.T) consent.Request {
		r := consent.Request{
			Subject: Person(0), Action: rapid.SampledFrom([]consent.Action{
				consent.Disclose, consent.Disclose, consent.Disclose, consent.Disclose, consent.Read, consent.UploadSCR, consent.ViewSCR, consent.GPConnect,
				consent.ReadDemographics, consent.ActFor, consent.SetOptOut, consent.ValidateOptOut, consent.StoreOptOutStatus, consent.ShareOptOutStatus,
			}).Draw(t, "action"),
			Basis: pick(t, "basis", consent.OverridingPublicInterest), AsAt: instant(t, "as at"), CanMeet: []string{"*"},
		}
		for range rapid.SampledFrom([]int{1, 1, 1, 1, 0, 2}).Draw(t, "purposes") {
			r.Purposes = append(r.Purposes, consent.Purpose(rapid.IntRange(1, int(consent.ApplyOptOuts)).Draw(t, "purpose")))
		}
		r.KnownAt = r.AsAt.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "known later")) * 6 * time.Hour)
		evidence(t, &r)
		situation(t, &r)
		if rapid.IntRange(0, 19).Draw(t, "odd request") == 0 {
			oddRequest(t, &r)
		}
		return r
	})
}

func evidence(t *rapid.T, r *consent.Request) {
	r.Data = consent.Data{
		Identifiability: pick(t, "identifiability", consent.Synthetic), Confidential: pick(t, "confidential", consent.Yes), Disclosed: pick(t, "disclosure control", consent.Yes),
		Origin: pick(t, "origin", consent.OutsideEngland), HeldByGP: pick(t, "held by GP", consent.Yes),
		NumberState: rapid.SampledFrom([]consent.NumberState{0, 0, 0, 0, 1, 2, 3}).Draw(t, "number"), Item: rapid.SampledFrom([]consent.Item{0, 0, 0, 1, 2}).Draw(t, "item"), ItemRequested: rapid.Bool().Draw(t, "requested"),
		LabelsKnown: rapid.Bool().Draw(t, "labels known"),
	}
	if r.Data.LabelsKnown {
		r.Data.Labels = rapid.SliceOfN(rapid.SampledFrom([]string{"N", "R", "V", "PSY"}), 0, 2).Draw(t, "labels")
	}
	e := &r.Evidence
	e.ClaimedFrom = rapid.SampledFrom([]string{"", "", "", "ndo-cleaned-list"}).Draw(t, "claimed from")
	e.OptOutDisapplied = rapid.IntRange(0, 3).Draw(t, "disapplied") == 0
	e.Approval = rapid.SampledFrom([]string{"", "letter"}).Draw(t, "approval")
	e.ApprovalFlows = rapid.SampledFrom([][]string{nil, {"A"}}).Draw(t, "flows")
	r.Flow = rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "flow")
	e.Regulation3 = rapid.SampledFrom([]string{"", "outbreak", "redesign"}).Draw(t, "regulation 3")
	e.Regulation = rapid.SampledFrom([]string{"", "18A"}).Draw(t, "regulation")
	e.TestRecorded = rapid.Bool().Draw(t, "test recorded")
	e.TestOutcome = rapid.SampledFrom([]string{"", "disclose", "withhold"}).Draw(t, "test outcome")
	e.LegalInstrument = rapid.SampledFrom([]string{"", "statute", "court-order", "direction", "permissive-power"}).Draw(t, "instrument")
	e.Exemption = rapid.SampledFrom([]string{"", "S1"}).Draw(t, "exemption")
	e.ExemptionEvidence = rapid.SampledFrom([]string{"", "published"}).Draw(t, "exemption evidence")
	when := []time.Time{{}, time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2023, 7, 1, 0, 0, 0, 0, time.UTC)}
	e.SurveySent = rapid.SampledFrom(when).Draw(t, "survey sent")
	e.ProjectStarted = rapid.SampledFrom(when).Draw(t, "project started")
	e.PriorShare = rapid.SampledFrom(when).Draw(t, "prior share")
	r.GDPR = rapid.SampledFrom([]consent.GDPR{{}, {}, {Article6: "6(1)(e)", Article9: "9(2)(h)"}, {Article6: "6(1)(a)", Article9: "9(2)(a)"}, {Article6: "6(1)(e)"}, {Article9: "9(2)(h)"}}).Draw(t, "GDPR")
	r.Recipient = rapid.SampledFrom([]string{"", "ONS", "NDRS-cancer", "NHSBSA"}).Draw(t, "recipient")
	r.Study = rapid.SampledFrom([]string{"", "S1", "S2"}).Draw(t, "study")
}

func situation(t *rapid.T, r *consent.Request) {
	r.Actor = consent.Actor{ID: "Practitioner/1", Number: Person(1), Role: pick(t, "role", consent.Yes), BTGListed: pick(t, "listed", consent.Yes)}
	r.Care = consent.Care{
		Relationship: pick(t, "relationship", consent.NoRelationship), Necessity: rapid.SampledFrom([]consent.Necessity{0, 1, 1, 2}).Draw(t, "necessity"),
		Permission: pick(t, "permission", consent.Refused), Emergency: rapid.Bool().Draw(t, "emergency"), EmergencyReason: rapid.SampledFrom([]string{"", "5"}).Draw(t, "reason"),
		PatientAbsent: rapid.Bool().Draw(t, "absent"), SharingAgreement: pick(t, "agreement", consent.Yes), OtherCapability: rapid.Bool().Draw(t, "capability"),
	}
	r.BreakGlass = consent.BreakGlass{
		Declared: rapid.Bool().Draw(t, "declared"), Reason: rapid.SampledFrom([]string{"", "collapse"}).Draw(t, "glass reason"),
		Patient: rapid.SampledFrom([]nhsnumber.Number{{}, Person(0), Person(2)}).Draw(t, "glass patient"), Expires: rapid.SampledFrom([]time.Time{{}, noon}).Draw(t, "expires"),
	}
	r.Patient = consent.Patient{
		NotFound: rapid.IntRange(0, 5).Draw(t, "not found") == 0, Confidentiality: rapid.SampledFrom([]string{"", "", "U", "R", "V", "REDACTED", "?"}).Draw(t, "PDS"),
		Deceased: rapid.SampledFrom([]time.Time{{}, {}, noon}).Draw(t, "deceased"), Age: rapid.SampledFrom([]int{9, 13, 40}).Draw(t, "age"), AgeKnown: rapid.Bool().Draw(t, "age known"),
		LacksCapacity: rapid.Bool().Draw(t, "capacity"), Unverified: rapid.IntRange(0, 5).Draw(t, "unverified") == 0, NotOnPDS: rapid.IntRange(0, 3).Draw(t, "on PDS") == 0,
	}
	r.SCR = consent.SCR{Additional: rapid.Bool().Draw(t, "additional"), SpineSays: rapid.SampledFrom([]string{"", "Yes", "No", "Ask", "?"}).Draw(t, "Spine")}
	r.OptOut = consent.OptOut{
		Proxy: rapid.Bool().Draw(t, "proxy"), ProxyRole: rapid.SampledFrom([]string{"", "GUARDIAN", "MOTHER"}).Draw(t, "proxy role"), Party: rapid.Bool().Draw(t, "party"),
		PatientFile: rapid.Bool().Draw(t, "patient file"),
	}
	r.Implicit = pick(t, "implicit", consent.BasicNormal)
	r.AuditDown = rapid.IntRange(0, 3).Draw(t, "audit") == 0
}

// OptOutSource is a consent.OptOuts with one answer for everybody.
type OptOutSource struct {
	Answer consent.OptOutStatus
	Err    error
}

// Status implements consent.OptOuts.
func (s OptOutSource) Status(context.Context, nhsnumber.Number) (consent.OptOutStatus, error) {
	return s.Answer, s.Err
}

// Source draws an opt-out source, nil at times.
func Source() *rapid.Generator[consent.OptOuts] {
	return rapid.Custom(func(t *rapid.T) consent.OptOuts {
		switch rapid.IntRange(0, 5).Draw(t, "source") {
		case 0:
			return nil
		case 1:
			return OptOutSource{Err: errors.New("down")}
		case 2:
			return OptOutSource{Answer: consent.OptOutStatus{OptedOut: true, AsOf: instant(t, "as of"), Entries: rapid.IntRange(0, 2).Draw(t, "entries")}}
		}
		return OptOutSource{Answer: consent.OptOutStatus{AsOf: instant(t, "as of")}}
	})
}

// Parameters draws what a policy leaves open, at times nothing.
func Parameters() *rapid.Generator[consent.Parameters] {
	return rapid.Custom(func(t *rapid.T) consent.Parameters {
		return consent.Parameters{
			OptOutMaxAge:      rapid.SampledFrom([]time.Duration{0, 24 * time.Hour, 500 * time.Hour}).Draw(t, "maximum age"),
			SCRAdditionalFrom: rapid.SampledFrom([]time.Time{{}, noon, noon.AddDate(-6, 0, 0)}).Draw(t, "additional from"),
		}
	})
}
