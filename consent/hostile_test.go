package consent_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/consenttest"
	"github.com/nhskit/nhskit/nhsnumber"
)

// plainResearch is research that is permitted for somebody with nothing on file.
func plainResearch() consent.Request {
	r := request(consent.Research, consent.Regulation5)
	r.Data.HeldByGP = consent.No
	return r
}

func optOutRecord(id string, change func(*consent.Record)) consent.Record {
	at := time.Date(2024, 1, 10, 10, 0, 0, 0, time.UTC)
	r := consent.Record{ID: id, Version: 1, Kind: consent.NationalDataOptOut, Subject: consenttest.Person(0), State: consent.InForce, From: at, RecordedAt: at}
	if change != nil {
		change(&r)
	}
	return r
}

func decideOn(r consent.Request, records ...consent.Record) consent.Decision {
	return consent.New(consent.NewMemoryStore(records...), consent.WithCompleteOptOuts()).Decide(context.Background(), r)
}

// TestHostileRecords tries records that a store should not hold: none may be
// ignored where it could be a refusal.
func TestHostileRecords(t *testing.T) {
	withdrawal := func(r *consent.Record) {
		r.State, r.Supersedes, r.Until = consent.Withdrawn, []string{"a"}, r.From.Add(time.Hour)
	}
	a := optOutRecord("a", nil)
	for _, c := range []struct {
		name    string
		records []consent.Record
		want    consent.Outcome
		code    string
	}{
		{"nothing on file", nil, consent.Permit, "NDO_CLEAR"},
		{"an opt-out", []consent.Record{a}, consent.Deny, "NDO_APPLIES"},
		{"superseded by its withdrawal", []consent.Record{a, optOutRecord("b", withdrawal)}, consent.Permit, "NDO_CLEAR"},
		{"the withdrawal was entered in error", []consent.Record{a, optOutRecord("b", withdrawal), optOutRecord("b", func(r *consent.Record) {
			withdrawal(r)
			r.Version, r.State = 2, consent.EnteredInError
		})}, consent.Deny, "NDO_APPLIES"},
		{"the withdrawal contradicts itself", []consent.Record{a, optOutRecord("b", withdrawal), optOutRecord("b", func(r *consent.Record) {
			withdrawal(r)
			r.Until = r.Until.Add(time.Hour)
		})}, consent.Indeterminate, "RECORDS_CONTRADICT"},
		{"two supersede each other", []consent.Record{
			optOutRecord("a", func(r *consent.Record) { r.Supersedes = []string{"b"} }),
			optOutRecord("b", func(r *consent.Record) { r.Supersedes = []string{"a"} }),
		}, consent.Indeterminate, "RECORDS_CONTRADICT"},
		{"three supersede each other", []consent.Record{
			optOutRecord("a", func(r *consent.Record) { r.Supersedes = []string{"b"} }),
			optOutRecord("b", func(r *consent.Record) { r.Supersedes = []string{"c"} }),
			optOutRecord("c", func(r *consent.Record) { r.Supersedes = []string{"a"} }),
		}, consent.Indeterminate, "RECORDS_CONTRADICT"},
		{"superseded by its own earlier version", []consent.Record{
			optOutRecord("a", func(r *consent.Record) { r.Supersedes = []string{"a"} }),
			optOutRecord("a", func(r *consent.Record) { r.Version = 2 }),
		}, consent.Deny, "NDO_APPLIES"},
		{"superseded by a choice of another kind", []consent.Record{a, optOutRecord("b", func(r *consent.Record) {
			r.Kind, r.Supersedes = consent.GPDissentToShare, []string{"a"}
			r.Effect = consent.Permits
		})}, consent.Indeterminate, "RECORDS_CONTRADICT"},
		{"superseded by a record without a beginning", []consent.Record{a, optOutRecord("b", func(r *consent.Record) {
			withdrawal(r)
			r.From = time.Time{}
		})}, consent.Indeterminate, "RECORD_INVALID"},
		{"no kind", []consent.Record{optOutRecord("a", func(r *consent.Record) { r.Kind = consent.NoKind })}, consent.Indeterminate, "RECORD_INVALID"},
		{"an unknown kind", []consent.Record{optOutRecord("a", func(r *consent.Record) { r.Kind = 99 })}, consent.Indeterminate, "RECORD_INVALID"},
		{"no state", []consent.Record{optOutRecord("a", func(r *consent.Record) { r.State = consent.NoState })}, consent.Indeterminate, "RECORD_INVALID"},
		{"an unknown state", []consent.Record{optOutRecord("a", func(r *consent.Record) { r.State = 77 })}, consent.Indeterminate, "RECORD_INVALID"},
		{"an unknown effect", []consent.Record{optOutRecord("a", func(r *consent.Record) { r.Kind, r.Effect = consent.LocalOptOut, 9 })}, consent.Indeterminate, "RECORD_INVALID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				if d := decideOn(plainResearch(), c.records...); d.Outcome() != c.want || !slices.Contains(d.Codes(), c.code) {
					t.Errorf("%v, want %s with %s", d, c.want, c.code)
				}
				slices.Reverse(c.records)
			}
		})
	}
}

// A consent in no state at all is no consent.
func TestConsentWithoutStateDoesNotPermit(t *testing.T) {
	r := plainResearch()
	r.Basis = consent.ExplicitConsent
	given := optOutRecord("a", func(rec *consent.Record) {
		rec.Kind, rec.Effect, rec.Scope = consent.StudyConsent, consent.Permits, &consent.Scope{Studies: []string{r.Study}}
	})
	if d := decideOn(r, given); d.Outcome() != consent.Permit {
		t.Fatal("with a consent in force: ", d)
	}
	given.State = consent.NoState
	if d := decideOn(r, given); d.Outcome() != consent.Indeterminate {
		t.Error("with one in no state: ", d)
	}
}

// TestHostileRequests tries requests with values that are none of the
// constants: what they would have said is not known.
func TestHostileRequests(t *testing.T) {
	const odd = 35 // beyond the bits of a set of values
	for _, c := range []struct {
		name   string
		change func(*consent.Request)
	}{
		{"identifiability", func(r *consent.Request) { r.Data.Identifiability = odd }},
		{"origin", func(r *consent.Request) { r.Data.Origin = odd }},
		{"confidential", func(r *consent.Request) { r.Data.Confidential = odd }},
		{"state of the number", func(r *consent.Request) { r.Data.NumberState = odd }},
		{"basis", func(r *consent.Request) { r.Basis = odd }},
		{"purpose", func(r *consent.Request) { r.Purposes = append(r.Purposes, 200) }},
		{"no subject", func(r *consent.Request) { r.Subject = nhsnumber.Number{} }},
		{"necessity", func(r *consent.Request) {
			r.Purposes, r.Basis = []consent.Purpose{consent.IndividualCare}, consent.ImpliedConsent
			r.Care.Necessity = odd
		}},
		{"relationship", func(r *consent.Request) {
			r.Purposes, r.Basis = []consent.Purpose{consent.IndividualCare}, consent.ImpliedConsent
			r.Care.Relationship = odd
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := plainResearch()
			c.change(&r)
			var onFile []consent.Record
			if c.name == "origin" { // which matters to those who opted out only
				onFile = []consent.Record{optOutRecord("a", nil)}
			}
			if d := decideOn(r, onFile...); d.Outcome() != consent.Indeterminate || d.Permitted() {
				t.Error(d)
			}
		})
	}
}

// A Type 1 opt-out stands in the way of what leaves a practice; where nobody
// says whether this does, it is not known to be out of the way.
func TestType1WithoutHolder(t *testing.T) {
	type1 := optOutRecord("a", func(r *consent.Record) {
		r.Kind, r.Code = consent.Type1OptOut, consent.Code{System: "read2", Value: "9Nu0."}
	})
	for held, want := range []consent.Outcome{consent.Indeterminate, consent.Permit, consent.Deny} {
		r := plainResearch()
		r.Data.HeldByGP = consent.Tri(held)
		if d := decideOn(r, type1); d.Outcome() != want {
			t.Errorf("held by a practice %s: %v, want %s", r.Data.HeldByGP, d, want)
		}
		if d := decideOn(r); d.Outcome() != consent.Permit {
			t.Errorf("held by a practice %s, nothing on file: %v", r.Data.HeldByGP, d)
		}
	}
}

// Data that is said to have gone out after the time asked about has not.
func TestShareInTheFuture(t *testing.T) {
	type1 := optOutRecord("a", func(r *consent.Record) {
		r.Kind, r.Code = consent.Type1OptOut, consent.Code{System: "read2", Value: "9Nu0."}
	})
	r := plainResearch()
	r.Data.HeldByGP = consent.Yes
	for _, c := range []struct {
		when time.Time
		want bool
	}{{r.AsAt.Add(-time.Hour), true}, {r.AsAt.Add(time.Hour), false}} {
		r.Evidence.PriorShare = c.when
		d := decideOn(r, type1)
		if got := slices.Contains(d.Obligations(), consent.Obligation{Kind: "no-retrospective-recall"}); got != c.want {
			t.Errorf("shared %s: %v", c.when, d.Obligations())
		}
	}
}

// Emergency access stands in for the answer of a patient who cannot be asked
// (SCR-IG). No source says that it goes above a standing no, so that a no and
// an answer that is not known, which may be one, are never permits.
func TestEmergencyAndStandingAnswer(t *testing.T) {
	r := plainResearch()
	r.Action, r.Purposes, r.Actor.Role = consent.ViewSCR, []consent.Purpose{consent.IndividualCare}, consent.Yes
	r.Care.Emergency, r.Care.EmergencyReason = true, "5"
	for says, want := range map[string]consent.Outcome{"Yes": consent.Permit, "Ask": consent.Permit, "": consent.Permit, "No": consent.Indeterminate, "?": consent.Indeterminate} {
		r.SCR.SpineSays = says
		d := decideOn(r)
		if d.Outcome() != want || d.Permitted() != (want == consent.Permit) {
			t.Errorf("%q: %v, want %v", says, d, want)
		}
		alerts := slices.Contains(d.Obligations(), consent.Obligation{Kind: "alert-privacy-officer"})
		if want == consent.Permit && alerts != (says != "Yes") {
			t.Errorf("%q: %v", says, d.Obligations())
		}
	}
	r.SCR.SpineSays, r.Care.Emergency = "No", false
	if d := decideOn(r); d.Outcome() != consent.Deny {
		t.Error("a no without an emergency:", d)
	}
	// To say that it is an emergency as well makes no permit of what is none
	// without it.
	r.Care.Permission = consent.Given
	if d := decideOn(r); d.Outcome() != consent.Deny {
		t.Error("a no before, and permission given now:", d)
	}
	r.Care.Emergency = true
	if d := decideOn(r); d.Outcome() != consent.Indeterminate {
		t.Error("the same in an emergency:", d)
	}
}

// TestNoPermitOutsideTheEngine tries to come by a decision that permits
// without asking an engine.
func TestNoPermitOutsideTheEngine(t *testing.T) {
	genuine := decideOn(plainResearch())
	if !genuine.Permitted() {
		t.Fatal(genuine)
	}
	text, err := json.Marshal(genuine)
	if err != nil {
		t.Fatal(err)
	}
	var zero, read, decoded consent.Decision
	//lint:ignore SA9005 that nothing is read is what is tested
	if err := json.Unmarshal(text, &read); err == nil && read.Permitted() {
		t.Error("read back from JSON")
	}
	var b bytes.Buffer
	if gob.NewEncoder(&b).Encode(genuine) == nil && gob.NewDecoder(&b).Decode(&decoded) == nil && decoded.Permitted() {
		t.Error("decoded")
	}
	again, err := consent.Replay(consent.NHSPolicy(), plainResearch(), genuine.Grounds())
	if err != nil || again.Outcome() != consent.Permit || again.Permitted() {
		t.Error("made again from its grounds:", again, err)
	}
	if zero.Permitted() || zero.Outcome() != consent.Deny || zero.Public() != (consent.Public{Decision: "deny", Error: "ACCESS_DENIED"}) || len(zero.Obligations()) > 0 {
		t.Error("the zero value:", zero)
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[consent.Decision](), reflect.TypeFor[consent.Engine](), reflect.TypeFor[consent.Policy]()} {
		for i := range typ.NumField() {
			if typ.Field(i).IsExported() {
				t.Errorf("%s.%s can be set", typ, typ.Field(i).Name)
			}
		}
	}
}

type findingOf consent.FindingEffect

func (f findingOf) Evaluate(context.Context, *consent.Request) consent.Finding {
	return consent.Finding{Effect: consent.FindingEffect(f)}
}

// An evaluator that answers in a way that the engine does not know may have
// meant to refuse.
func TestUnknownFinding(t *testing.T) {
	for effect, want := range []consent.Outcome{consent.Permit, consent.Permit, consent.Deny, consent.Indeterminate, consent.Indeterminate} {
		e := consent.New(consent.NewMemoryStore(), consent.WithCompleteOptOuts(), consent.WithEvaluator(findingOf(effect)))
		if d := e.Decide(context.Background(), plainResearch()); d.Outcome() != want {
			t.Errorf("effect %d: %v, want %s", effect, d, want)
		}
	}
}
