package consent_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/consenttest"
	"github.com/nhskit/nhskit/nhsnumber"
	"pgregory.net/rapid"
)

// question is all that a decision depends on.
type question struct {
	request  consent.Request
	records  []consent.Record
	source   consent.OptOuts
	params   consent.Parameters
	complete bool
}

var ctx = context.Background()

func (q question) decide() consent.Decision {
	opts := []consent.Option{consent.WithParameters(q.params)}
	if q.source != nil {
		opts = append(opts, consent.WithOptOuts(q.source))
	}
	if q.complete {
		opts = append(opts, consent.WithCompleteOptOuts())
	}
	return consent.New(storeOf(q.records), opts...).Decide(ctx, q.request)
}

// storeOf gives the records in this very order, to whoever asks.
type storeOf []consent.Record

func (s storeOf) Records(context.Context, nhsnumber.Number) ([]consent.Record, error) { return s, nil }

func (q question) with(records ...consent.Record) question {
	q.records = slices.Concat(q.records, records)
	return q
}

func drawQuestion(t *rapid.T) question {
	return question{
		request: consenttest.Request().Draw(t, "request"), records: consenttest.Records(6).Draw(t, "records"), source: consenttest.Source().Draw(t, "source"),
		params: consenttest.Parameters().Draw(t, "parameters"), complete: rapid.Bool().Draw(t, "complete"),
	}
}

func codes(d consent.Decision) []string {
	out := d.Codes()
	slices.Sort(out)
	return out
}

func obligations(d consent.Decision) []string {
	var out []string
	for _, o := range d.Obligations() {
		out = append(out, o.String())
	}
	slices.Sort(out)
	return out
}

func permits(d consent.Decision) bool { return d.Outcome() == consent.Permit }

// TestProperties draws questions and tries every property on each.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		d := q.decide()
		if d.Permitted() != permits(d) {
			t.Fatal("a permit whose obligations can be met is permitted, and nothing else is")
		}
		denyMonotone(t, q, d)
		stable(t, q, d)
		conjunction(t, q, d)
		labelMonotone(t, q)
		faults(t, q)
		if want := slowly(q); d.Outcome() != want {
			t.Fatalf("the slow evaluator says %s, the engine %s\n%+v\n%+v", want, d.String(), q.request, q.records)
		}
	})
}

// denyMonotone: one more record that denies never makes a permit, and an
// opt-out never widens.
func denyMonotone(t *rapid.T, q question, d consent.Decision) {
	kind := rapid.SampledFrom([]consent.Kind{
		consent.NationalDataOptOut, consent.Type1OptOut, consent.GPDissentToShare, consent.StudyConsent, consent.LocalOptOut, consent.PrivacyDirective, consent.SCRPermissionToView,
	}).Draw(t, "denying kind")
	r := consenttest.Record(kind).Draw(t, "denying record")
	r.ID, r.Effect = "one-more", consent.Denies
	if got := q.with(r).decide(); !permits(d) && permits(got) {
		t.Fatalf("a record that denies made a permit of %s: %s", d, got)
	}
}

// stable: neither the order of records, nor one that is there twice, nor one
// that was recorded later than what may be known changes anything.
func stable(t *rapid.T, q question, d consent.Decision) {
	same := func(what string, p question) {
		got := p.decide()
		if got.Outcome() != d.Outcome() || !slices.Equal(codes(got), codes(d)) || !slices.Equal(obligations(got), obligations(d)) {
			t.Fatalf("%s: %s became %s", what, d, got)
		}
	}
	shuffled := q
	shuffled.records = rapid.Permutation(q.records).Draw(t, "order")
	same("another order", shuffled)
	if len(q.records) > 0 {
		same("a record twice", q.with(q.records[rapid.IntRange(0, len(q.records)-1).Draw(t, "twice")]))
	}
	kind := consent.Kind(rapid.IntRange(int(consent.NationalDataOptOut), int(consent.PrivacyDirective)).Draw(t, "later kind"))
	later := consenttest.Record(kind).Draw(t, "later record")
	later.RecordedAt = q.request.KnownAt.Add(time.Nanosecond)
	later.ID = "later"
	if len(q.records) > 0 && rapid.Bool().Draw(t, "a later version") {
		later.ID, later.Version = q.records[0].ID, q.records[0].Version+1
	}
	if len(q.records) > 0 {
		later.Supersedes = []string{q.records[0].ID}
	}
	same("a fact recorded later", q.with(later))
}

// conjunction: what is permitted for two purposes is permitted for each, with
// no obligation that the two together do not have.
func conjunction(t *rapid.T, q question, d consent.Decision) {
	if !permits(d) || len(q.request.Purposes) < 2 {
		return
	}
	both := obligations(d)
	for _, p := range q.request.Purposes {
		one := q
		one.request.Purposes = []consent.Purpose{p}
		got := one.decide()
		if !permits(got) {
			t.Fatalf("permitted together, but for %s: %s", p, got)
		}
		for _, o := range obligations(got) {
			if !slices.Contains(both, o) {
				t.Fatalf("obligation %s is lost with two purposes", o)
			}
		}
	}
}

// labelMonotone: a higher confidentiality never makes a permit.
func labelMonotone(t *rapid.T, q question) {
	if !q.request.Data.LabelsKnown {
		return
	}
	higher := q
	higher.request.Data.Labels = slices.Clone(q.request.Data.Labels)
	if i := slices.Index(higher.request.Data.Labels, "N"); i >= 0 {
		higher.request.Data.Labels[i] = "R"
	} else if i := slices.Index(higher.request.Data.Labels, "R"); i >= 0 {
		higher.request.Data.Labels[i] = "V"
	} else {
		return
	}
	if before, after := q.decide(), higher.decide(); !permits(before) && permits(after) {
		t.Fatalf("a higher label made a permit of %s", before)
	}
}

// faults: whatever fails, nothing is permitted that was not, and a store that
// fails permits nothing.
func faults(t *rapid.T, q question) {
	engine := consent.New(brokenStore{}, consent.WithParameters(q.params), consent.WithCompleteOptOuts())
	if d := engine.Decide(ctx, q.request); permits(d) {
		t.Fatalf("a broken store, and %s", d)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if d := consent.New(storeOf(q.records), consent.WithCompleteOptOuts()).Decide(cancelled, q.request); permits(d) || !slices.Contains(codes(d), "CANCELLED") {
		t.Fatalf("cancelled, and %s", d)
	}
	forecast := q
	forecast.request.KnownAt = q.request.AsAt.Add(-time.Nanosecond)
	if d := forecast.decide(); d.Outcome() != consent.Indeterminate || !slices.Contains(codes(d), "KNOWN_AT_BEFORE_AS_AT") {
		t.Fatalf("a forecast, and %s", d)
	}
}

type brokenStore struct{}

func (brokenStore) Records(context.Context, nhsnumber.Number) ([]consent.Record, error) {
	return nil, errors.New("down")
}

// TestPublicForm: of a patient whose existence is protected the requester
// learns what it learns of one who is not there, byte for byte.
func TestPublicForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		q.request.Action = consent.GPConnect
		hidden, absent := q, q
		hidden.request.Patient = consent.Patient{Confidentiality: rapid.SampledFrom([]string{"R", "V", "REDACTED"}).Draw(t, "flag")}
		absent.request.Patient = consent.Patient{NotFound: true}
		absent.records = nil
		a, b := hidden.decide(), absent.decide()
		x, err := json.Marshal(a.Public())
		if err != nil {
			t.Fatal(err)
		}
		y, err := json.Marshal(b.Public())
		if err != nil {
			t.Fatal(err)
		}
		if string(x) != string(y) || !strings.Contains(string(x), "PATIENT_NOT_FOUND") {
			t.Fatalf("%s and %s", x, y)
		}
	})
}

// TestReplay makes decisions again from their grounds. The search for what
// would make a refusal a permit takes longer than everything else, so that in
// the long form only one in a hundred is explained as well.
func TestReplay(t *testing.T) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		d := q.decide()
		again, err := consent.Replay(consent.NHSPolicy(), q.request, d.Grounds())
		if err != nil {
			t.Fatal(err)
		}
		if again.Outcome() != d.Outcome() || again.Permitted() || again.Public() != d.Public() || !slices.Equal(again.Codes(), d.Codes()) || !slices.Equal(again.Obligations(), d.Obligations()) {
			t.Fatalf("%s\n%s", d, again)
		}
		if n++; long() && n%100 > 0 {
			return
		}
		x, _ := json.Marshal(d)
		y, _ := json.Marshal(again)
		if string(x) != string(y) {
			t.Fatalf("%s\n%s", x, y)
		}
	})
}

// TestNothingPersonal: no text that a decision or a record gives for logs
// holds an NHS number.
func TestNothingPersonal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		d := q.decide()
		texts := []string{d.String()}
		for i := range q.records {
			texts = append(texts, q.records[i].String())
		}
		public, _ := json.Marshal(d.Public())
		texts = append(texts, string(public))
		for _, s := range texts {
			if strings.Contains(s, "999000") {
				t.Fatalf("it shows a number: %s", s)
			}
		}
	})
}
