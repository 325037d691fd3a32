package fhirconsent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
	"github.com/nhskit/nhskit/nhsnumber"
)

var asAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func consentWith(provision string) string {
	return `{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},` +
		`"category":[{"text":"x"}],"patient":{"reference":"Patient/1"},"provision":` + provision + `}`
}

// deep is a Consent of depth four with twenty provisions.
func deep(t testing.TB) *fhirconsent.Consent {
	t.Helper()
	leaf := `{"type":"permit","actor":[{"reference":{"reference":"Practitioner/%d"}}]}`
	mid := func(i int) string {
		return fmt.Sprintf(`{"type":"deny","securityLabel":[{"code":"PSY%d"}],"provision":[`+leaf+`,`+leaf+`]}`, i, i, i+100)
	}
	var list []string
	for i := range 6 {
		list = append(list, mid(i))
	}
	list[0] = strings.Replace(list[0], `"permit"`, `"permit","provision":[{"type":"deny","class":[{"code":"Basic"}]}]`, 1)
	c, err := fhirconsent.Parse([]byte(consentWith(`{"type":"permit","purpose":[{"code":"TREAT"}],"provision":[` + strings.Join(list, ",") + `]}`)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func BenchmarkDecide(b *testing.B) {
	list := []*fhirconsent.Consent{deep(b)}
	q := fhirconsent.Question{
		Patient: []string{"Patient/1"}, Purposes: []string{"TREAT"}, Actors: []string{"Practitioner/3"}, Action: "access", AsAt: asAt,
		Item: &fhirconsent.Item{Reference: "Observation/1", Class: "Observation", Labels: []string{"PSY3", "R"}, LabelsKnown: true},
	}
	b.ReportAllocs()
	for b.Loop() {
		if f := fhirconsent.Decide(list, q, fhirconsent.Options{}); f.Effect != consent.FindingPermit {
			b.Fatal(f)
		}
	}
}

// TestDirectives joins Consents to the engine: a deny stands, a permit makes
// nothing lawful, an error permits nothing, silence changes nothing.
func TestDirectives(t *testing.T) {
	patient, err := nhsnumber.Parse("9990000018")
	if err != nil {
		t.Fatal(err)
	}
	request := consent.Request{
		Subject: patient, Action: consent.Disclose, Purposes: []consent.Purpose{consent.IndividualCare}, Basis: consent.ImpliedConsent,
		Data: consent.Data{Identifiability: consent.Identifiable, Confidential: consent.Yes, Origin: consent.EnglandPublic},
		Care: consent.Care{Relationship: consent.Legitimate}, Actor: consent.Actor{ID: "Practitioner/2"}, AsAt: asAt, CanMeet: []string{"*"},
	}
	unlawful := request
	unlawful.Basis = consent.BasisNone
	for _, c := range []struct {
		name      string
		provision string
		request   consent.Request
		err       error
		want      consent.Outcome
		code      string
	}{
		{"deny", `{"type":"deny"}`, request, nil, consent.Deny, "ROOT_DENY"},
		{"permit", `{"type":"permit"}`, request, nil, consent.Permit, "ROOT_PERMIT"},
		{"permit, not lawful", `{"type":"permit"}`, unlawful, nil, consent.Deny, "NO_COMMON_LAW_BASIS"},
		{"silent", `{"type":"deny","purpose":[{"code":"HRESCH"}]}`, request, nil, consent.Permit, "IMPLIED_CONSENT_DIRECT_CARE"},
		{"label", `{"type":"permit","provision":[{"type":"deny","securityLabel":[{"code":"R"}]}]}`, request, nil, consent.Permit, "OBLIGATION_REDACT"},
		{"no type", `{"purpose":[{"code":"HRESCH"}]}`, request, nil, consent.Indeterminate, "PROVISION_TYPE_MISSING"},
		{"error", `{"type":"permit"}`, request, errors.New("down"), consent.Indeterminate, "RULE_ERROR"},
	} {
		x, err := fhirconsent.Parse([]byte(consentWith(c.provision)))
		if err != nil {
			t.Fatal(err)
		}
		engine := consent.New(consent.NewMemoryStore(), consent.WithEvaluator(fhirconsent.Directives{
			Consents: func(context.Context, nhsnumber.Number) ([]*fhirconsent.Consent, []string, error) {
				return []*fhirconsent.Consent{x}, []string{"Patient/1"}, c.err
			},
		}))
		if d := engine.Decide(context.Background(), c.request); d.Outcome() != c.want || !strings.Contains(d.String(), c.code) {
			t.Errorf("%s: %s, want %s with %s", c.name, d, c.want, c.code)
		}
	}
	// A refusal of one action is one of what that action is part of.
	for action, refused := range map[consent.Action][]string{
		consent.Disclose: {"disclose"}, consent.UploadSCR: {"disclose"}, consent.Read: {"access"}, consent.GPConnect: {"access", "disclose"},
	} {
		for _, name := range []string{"access", "disclose", "correct"} {
			x, err := fhirconsent.Parse([]byte(consentWith(`{"type":"permit","provision":[{"type":"deny","action":[{"coding":[{"code":"` + name + `"}]}]}]}`)))
			if err != nil {
				t.Fatal(err)
			}
			d := fhirconsent.Directives{Consents: func(context.Context, nhsnumber.Number) ([]*fhirconsent.Consent, []string, error) {
				return []*fhirconsent.Consent{x}, []string{"Patient/1"}, nil
			}}
			r := request
			r.Action = action
			if f := d.Evaluate(context.Background(), &r); (f.Effect == consent.FindingDeny) != slices.Contains(refused, name) {
				t.Errorf("%s, where %s is refused: %v", action, name, f)
			}
		}
	}
}

// TestDirectivesLoseNothing: what Consents refuse is refused whatever else they
// say nothing about, and what is to be taken out is taken out.
func TestDirectivesLoseNothing(t *testing.T) {
	patient, err := nhsnumber.Parse("9990000018")
	if err != nil {
		t.Fatal(err)
	}
	const (
		read = consent.Read
		out  = consent.Disclose
		gpc  = consent.GPConnect
	)
	for _, c := range []struct {
		name        string
		provision   string
		action      consent.Action
		purposes    []consent.Purpose
		want        consent.FindingEffect
		obligations string
	}{
		{"one of two purposes is refused", provisionOf("deny", purpose("HRESCH")), out, []consent.Purpose{consent.IndividualCare, consent.Research}, deny, "[]"},
		{"one of two purposes is refused, in the other order", provisionOf("deny", purpose("HRESCH")), out, []consent.Purpose{consent.Research, consent.IndividualCare}, deny, "[]"},
		{"one of two purposes cannot be known", provisionOf("deny", purpose("HRESCH"), actor("PRCP", literal("Group/1"))), out, []consent.Purpose{consent.IndividualCare, consent.Research}, open, "[]"},
		{"a part is refused", provisionOf("deny", label("R")), out, []consent.Purpose{consent.IndividualCare}, consent.NotApplicable, "[redact:label:R]"},
		{"a part is refused for one of two purposes", provisionOf("deny", label("R"), purpose("HRESCH")), out, []consent.Purpose{consent.IndividualCare, consent.Research}, consent.NotApplicable, "[redact:label:R]"},
		{"a part of one of two purposes is refused", provisionOf("permit", purpose("TREAT"), nested(provisionOf("deny", label("R")))), out, []consent.Purpose{consent.IndividualCare, consent.Education}, consent.NotApplicable, "[redact:label:R]"},
		{"a part of one of two actions is refused", provisionOf("permit", action(consentActions, "access"), nested(provisionOf("deny", label("R")))), gpc, []consent.Purpose{consent.IndividualCare}, consent.NotApplicable, "[redact:label:R]"},
		{"perhaps all is refused", provisionOf("deny", actor("PRCP", literal("Group/1"))), read, []consent.Purpose{consent.IndividualCare}, open, "[]"},
		{"perhaps an organisation is refused", provisionOf("deny", actor("PRCP", literal("Organization/3"))), read, []consent.Purpose{consent.IndividualCare}, open, "[]"},
		{"somebody else is refused", provisionOf("deny", actor("PRCP", literal("Practitioner/3"))), read, []consent.Purpose{consent.IndividualCare}, consent.NotApplicable, "[]"},
		{"something else is permitted", provisionOf("permit", purpose("HRESCH")), read, []consent.Purpose{consent.IndividualCare}, consent.NotApplicable, "[]"},
		{"a refusal of research, asked for an audit", provisionOf("deny", purpose("HRESCH")), out, []consent.Purpose{consent.ClinicalAudit}, open, "[]"},
		{"a refusal of care, asked for an audit", provisionOf("deny", purpose("TREAT")), out, []consent.Purpose{consent.ClinicalAudit}, consent.NotApplicable, "[]"},
	} {
		x, err := fhirconsent.Parse([]byte(consentOf(c.provision)))
		if err != nil {
			t.Fatal(err)
		}
		d := fhirconsent.Directives{Consents: func(context.Context, nhsnumber.Number) ([]*fhirconsent.Consent, []string, error) {
			return []*fhirconsent.Consent{x}, []string{"Patient/1"}, nil
		}}
		r := consent.Request{Subject: patient, Action: c.action, Purposes: c.purposes, Actor: consent.Actor{ID: "Practitioner/2"}, AsAt: asAt}
		if f := d.Evaluate(context.Background(), &r); f.Effect != c.want || fmt.Sprint(f.Obligations) != c.obligations {
			t.Errorf("%s: %v", c.name, f)
		}
		for err, want := range map[error]consent.FindingEffect{nil: consent.FindingDeny, errors.New("down"): consent.FindingIndeterminate} {
			d.Actors = func(context.Context, consent.Actor) ([]string, []string, error) {
				return []string{"Practitioner/2", "Organization/3"}, []string{"Group/1"}, err
			}
			if f := d.Evaluate(context.Background(), &r); strings.Contains(c.name, "perhaps") && f.Effect != want {
				t.Errorf("%s, with the actors known: %v", c.name, f)
			}
		}
	}
}

// TestDirectivesWithoutPart: through the engine, a part that is refused is
// taken out, or nothing is let happen.
func TestDirectivesWithoutPart(t *testing.T) {
	patient, err := nhsnumber.Parse("9990000018")
	if err != nil {
		t.Fatal(err)
	}
	x, err := fhirconsent.Parse([]byte(consentOf(provisionOf("deny", label("R")))))
	if err != nil {
		t.Fatal(err)
	}
	engine := consent.New(consent.NewMemoryStore(), consent.WithEvaluator(fhirconsent.Directives{
		Consents: func(context.Context, nhsnumber.Number) ([]*fhirconsent.Consent, []string, error) {
			return []*fhirconsent.Consent{x}, []string{"Patient/1"}, nil
		},
	}))
	r := consent.Request{
		Subject: patient, Action: consent.Disclose, Purposes: []consent.Purpose{consent.IndividualCare}, Basis: consent.ImpliedConsent,
		Data: consent.Data{Identifiability: consent.Identifiable, Confidential: consent.Yes, Origin: consent.EnglandPublic},
		Care: consent.Care{Relationship: consent.Legitimate}, Actor: consent.Actor{ID: "Practitioner/2"}, AsAt: asAt,
	}
	if d := engine.Decide(context.Background(), r); d.Outcome() != consent.Permit || d.Permitted() {
		t.Errorf("permitted to who cannot redact: %s", d)
	}
	r.CanMeet = []string{"redact"}
	if d := engine.Decide(context.Background(), r); !d.Permitted() || !slices.Contains(d.Obligations(), consent.Obligation{Kind: "redact", Detail: "label:R"}) {
		t.Errorf("%s %v", d, d.Obligations())
	}
}

// TestAsAt: without a time, or with one that no calendar of records reaches,
// nothing is decided.
func TestAsAt(t *testing.T) {
	c, err := fhirconsent.Parse([]byte(consentWith(`{"type":"permit","period":{"start":"2000"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]consent.FindingEffect{asAt: consent.FindingPermit, {}: consent.FindingIndeterminate, asAt.AddDate(400, 0, 0): consent.FindingIndeterminate, asAt.AddDate(-400, 0, 0): consent.FindingIndeterminate} {
		q := fhirconsent.Question{Patient: []string{"Patient/1"}, Purposes: []string{"TREAT"}, Action: "access", AsAt: at}
		if f := fhirconsent.Decide([]*fhirconsent.Consent{c}, q, fhirconsent.Options{Default: consent.Permit}); f.Effect != want {
			t.Errorf("%s: %v", at, f)
		}
	}
}

// TestObligationThatCannotBeWritten: a code with a comma in it would be read
// as two by whoever carries out the obligation.
func TestObligationThatCannotBeWritten(t *testing.T) {
	q := fhirconsent.Question{Patient: []string{"Patient/1"}, Purposes: []string{"TREAT"}, Actors: []string{"Practitioner/2"}, Action: "access", AsAt: asAt}
	for code, want := range map[string]consent.FindingEffect{"HIV": consent.FindingPermit, "H,V": consent.FindingIndeterminate, "H;V": consent.FindingIndeterminate} {
		for _, reading := range []fhirconsent.Reading{fhirconsent.Refinement, fhirconsent.Additive} {
			c, err := fhirconsent.Parse([]byte(consentWith(`{"type":"permit","provision":[{"type":"deny","securityLabel":[{"code":"` + code + `"}]}]}`)))
			if err != nil {
				t.Fatal(err)
			}
			if f := fhirconsent.Decide([]*fhirconsent.Consent{c}, q, fhirconsent.Options{Reading: reading}); f.Effect != want {
				t.Errorf("%s, reading %d: %v", code, reading, f)
			}
		}
	}
}

func ExampleDecide() {
	c, err := fhirconsent.Parse([]byte(`{"resourceType":"Consent","status":"active",
		"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
		"category":[{"text":"privacy"}],"patient":{"reference":"Patient/1"},
		"provision":{"type":"permit","provision":[{"type":"deny","securityLabel":[{"code":"HIV"}]}]}}`))
	if err != nil {
		panic(err)
	}
	f := fhirconsent.Decide([]*fhirconsent.Consent{c}, fhirconsent.Question{
		Patient: []string{"Patient/1"}, Purposes: []string{"TREAT"}, Actors: []string{"Practitioner/2"}, Action: "access", AsAt: asAt,
	}, fhirconsent.Options{})
	for _, r := range f.Reasons {
		fmt.Println(r.Code)
	}
	fmt.Println(f.Obligations)
	// Output:
	// ROOT_PERMIT
	// OBLIGATION_REDACT
	// [redact:label:HIV]
}

func ExampleParse() {
	c, err := fhirconsent.Parse([]byte(`{"resourceType":"Consent","status":"active",
 "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
 "category":[{"text":"privacy"}],"patient":{"reference":"Patient/1"},
 "provision":{"purpose":[{"code":"TREAT"}]}}`))
	if err != nil {
		panic(err)
	}
	for _, i := range c.Lint() {
		fmt.Println(i.Code, i)
	}
	// Output:
	// PROVISION_TYPE_MISSING 4:14: Consent.provision: without a type R4 does not say whether this permits or denies (http://hl7.org/fhir/R4/consent.html)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"type":"permit"}`, `{"type":"deny","period":{"start":"2026-03","end":"2020"}}`, `{}`, `{"type":"permit","data":[{"meaning":"x"}]}`, `{"type":"permit","dataPeriod":{"start":"2026-03-29T01:30:00+01:00"}}`} {
		f.Add([]byte(consentWith(s)))
	}
	q := fhirconsent.Question{Patient: []string{"Patient/1"}, Purposes: []string{"TREAT", "BTG"}, Actors: []string{"Practitioner/2"}, Action: "access", AsAt: asAt, Item: &fhirconsent.Item{Date: "2026-03-29", Labels: []string{"R"}, LabelsKnown: true}}
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := fhirconsent.Parse(in)
		if err != nil {
			return
		}
		for _, i := range c.Lint() {
			if i.Offset < 0 || i.Offset > int64(len(in)) {
				t.Fatalf("%s: offset %d outside of the input", i.Code, i.Offset)
			}
		}
		for _, reading := range []fhirconsent.Reading{fhirconsent.Refinement, fhirconsent.Additive} {
			fhirconsent.Decide([]*fhirconsent.Consent{c}, q, fhirconsent.Options{Reading: reading})
		}
	})
}

func FuzzApply(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Basic","meta":{"security":[{"code":"R"}]},"code":{"text":"x"}}}]}`))
	f.Add([]byte(`{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[null,{"extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCoding":{"code":"R"}}]}]}]}`))
	r, err := fhirconsent.NewRedactor([]consent.Obligation{{Kind: "redact", Detail: "label:R"}}, fhirconsent.RedactOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, _, err := r.Apply(in)
		if err != nil {
			return
		}
		if again, _, err := r.Apply(out); err != nil || string(again) != string(out) {
			t.Fatalf("redacting again changes something: %v\n%s", err, out)
		}
	})
}
