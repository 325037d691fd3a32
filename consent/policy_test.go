package consent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
)

func TestPolicyLint(t *testing.T) {
	for _, i := range consent.NHSPolicy().Lint() {
		t.Error(i)
	}
	policy := func(rules string) []byte {
		return []byte(`{"policy":"p","version":"1","title":"t","rules":[` + rules + `]}`)
	}
	p, err := consent.ParsePolicy(policy(`
		{"id":"wide","effect":"deny","when":{"action":"disclose"},"reasons":["R"],"cite":["X"]},
		{"id":"narrow","effect":"deny","when":{"action":"disclose","objection":"yes"},"reasons":["R"],"cite":["X"]},
		{"id":"never","effect":"permit","when":{"action":"disclose","personal-data":"yes"},"reasons":["P"],"cite":["X"]},
		{"id":"empty","effect":"note","when":{"action":"disclose","objection":"no"},"cite":["X"]}`))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, i := range p.Lint() {
		found[i.Path] = i.Code
	}
	want := map[string]string{"narrow": "consent.policy.shadowed", "never": "consent.policy.unreachable", "empty": "consent.policy.empty"}
	for id, code := range want {
		if found[id] != code {
			t.Errorf("%s: %q, want %s", id, found[id], code)
		}
	}
	if len(found) != len(want) {
		t.Error(found)
	}
}

// TestCitations spells out every source that a rule or a cause cites.
func TestCitations(t *testing.T) {
	for _, r := range consent.NHSPolicy().Rules() {
		for _, name := range r.Cite {
			if title, _, ok := consent.Citation(name); (!ok || title == "") && !strings.Contains(r.ID, ".gap.") {
				t.Errorf("%s cites %s, which is not spelled out", r.ID, name)
			}
		}
	}
	if _, _, ok := consent.Citation("NDO"); ok {
		t.Error("half a name was found")
	}
}

// TestPolicyErrors refuses policies with mistakes, each with its place.
func TestPolicyErrors(t *testing.T) {
	rule := `{"id":"r","effect":"deny","when":{"action":"disclose"},"reasons":["R"],"cite":["X"]}`
	wrap := func(rule string) string {
		return `{"policy":"p","version":"1","title":"t","rules":[` + rule + `]}`
	}
	for _, c := range []struct{ name, policy, code string }{
		{"not JSON", `{`, "consent.json"},
		{"no version", `{"policy":"p","title":"t","rules":[]}`, "consent.policy.missing"},
		{"no rules", `{"policy":"p","version":"1","title":"t"}`, "consent.policy.type"},
		{"unknown member", wrap(strings.Replace(rule, `"cite"`, `"site"`, 1)), "consent.policy.unknown-member"},
		{"no citation", wrap(strings.Replace(rule, `,"cite":["X"]`, ``, 1)), "consent.policy.citation"},
		{"effect", wrap(strings.Replace(rule, `"deny"`, `"allow"`, 1)), "consent.policy.effect"},
		{"fact", wrap(strings.Replace(rule, `"action"`, `"mood"`, 1)), "consent.policy.fact"},
		{"value", wrap(strings.Replace(rule, `"disclose"`, `"leak"`, 1)), "consent.policy.value"},
		{"always", wrap(strings.Replace(rule, `{"action":"disclose"}`, `{"objection":"yes|no"}`, 1)), "consent.policy.value"},
		{"duplicate id", wrap(rule + "," + rule), "consent.policy.duplicate"},
		{"derives an input", wrap(`{"id":"r","effect":"derive","fact":"purpose","when":{"action":"disclose"},"cite":["X"]}`), "consent.policy.fact"},
		{"derives in a circle", wrap(`{"id":"r","effect":"derive","fact":"personal-data","when":{"common-law-basis":"yes"},"cite":["X"]}`), "consent.policy.order"},
		{"empty time", `{"policy":"p","version":"1","title":"t","from":"2024-01-01T00:00:00Z","until":"2023-01-01T00:00:00Z","rules":[]}`, "consent.policy.time"},
		{"too many rules", wrap(many(300)), "consent.policy.limit"},
	} {
		_, err := consent.ParsePolicy([]byte(c.policy))
		e := (*consent.InputError)(nil)
		if !errors.As(err, &e) {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		found := false
		for _, i := range e.Issues {
			found = found || i.Code == c.code && (i.Line > 0 || c.code == "consent.policy.limit")
		}
		if !found {
			t.Errorf("%s: %v, want %s", c.name, e.Issues, c.code)
		}
	}
	a := []byte(wrap(rule))
	if _, err := consent.ParsePolicy(a, a); err == nil {
		t.Error("two versions in force at once were accepted")
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"id":"r` + strings.Repeat("x", i) + `","effect":"deny","when":{"action":"disclose"},"reasons":["R"],"cite":["X"]}`)
	}
	return b.String()
}

// TestPolicyVersions decides by the version in force at the time asked about,
// and by none in a gap between two.
func TestPolicyVersions(t *testing.T) {
	version := func(v, from, until, effect string) []byte {
		return []byte(`{"policy":"p","version":"` + v + `","title":"t","from":"` + from + `","until":"` + until + `","applies":{"action":"disclose"},
			"rules":[{"id":"p.rule","effect":"` + effect + `","when":{"action":"disclose"},"reasons":["V` + v + `"],"cite":["X"]}]}`)
	}
	p, err := consent.ParsePolicy(
		version("1", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "permit"),
		version("2", "2022-01-01T00:00:00Z", "2023-01-01T00:00:00Z", "deny"))
	if err != nil {
		t.Fatal(err)
	}
	engine := consent.New(consent.NewMemoryStore(), consent.WithPolicy(p))
	for year, want := range map[int]string{2019: "indeterminate: NO_POLICY_IN_FORCE", 2020: "permit: V1", 2021: "indeterminate: POLICY_VERSION_GAP", 2022: "deny: V2", 2023: "indeterminate: NO_POLICY_IN_FORCE"} {
		d := engine.Decide(ctx, consent.Request{Action: consent.Disclose, Purposes: []consent.Purpose{consent.Research}, AsAt: time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)})
		if d.String() != want {
			t.Errorf("%d: %s, want %s", year, d, want)
		}
	}
}

func TestZeroDecisionDenies(t *testing.T) {
	var d consent.Decision
	if d.Permitted() || d.Outcome() != consent.Deny || d.Public().Decision != "deny" || d.String() != "deny: DEFAULT_DENY" {
		t.Errorf("%s %v", d, d.Public())
	}
	d = consent.New(consent.NewMemoryStore()).Decide(ctx, consent.Request{})
	if d.Permitted() || d.Outcome() != consent.Indeterminate {
		t.Error(d)
	}
}

// TestObligationsMustBeMet: a permit whose obligations the caller did not
// declare to meet is not permitted.
func TestObligationsMustBeMet(t *testing.T) {
	r := consent.Request{Action: consent.ReadDemographics, Patient: consent.Patient{Confidentiality: "R"}, AsAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	engine := consent.New(consent.NewMemoryStore())
	for _, c := range []struct {
		can  []string
		want bool
	}{{nil, false}, {[]string{"alert-privacy-officer"}, false}, {[]string{"redact"}, true}, {[]string{"*"}, true}} {
		r.CanMeet = c.can
		d := engine.Decide(ctx, r)
		if d.Outcome() != consent.Permit || d.Permitted() != c.want || strings.Contains(d.String(), "OBLIGATION_UNSUPPORTED") == c.want {
			t.Errorf("can meet %v: %s, permitted %v", c.can, d, d.Permitted())
		}
		if public := d.Public(); (public.Decision == "permit") != c.want {
			t.Errorf("can meet %v: %v", c.can, public)
		}
	}
}

// TestLondonDay knows the days on which the clocks change.
func TestLondonDay(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Skip("no time zone database")
	}
	for year := 1972; year < 2040; year++ {
		for day := range 366 {
			want := time.Date(year, 1, 1+day, 0, 0, 0, 0, london)
			from, until := consent.LondonDay(year, 1, 1+day)
			if next := time.Date(year, 1, 2+day, 0, 0, 0, 0, london); !from.Equal(want) || !until.Equal(next) {
				t.Fatalf("%s: from %s until %s", want, from, until)
			}
		}
	}
}
