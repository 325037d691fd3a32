package snomed_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/internal/corpus"
	"github.com/nhskit/nhskit/snomed/sctid"
)

func TestMapRulesCorpus(t *testing.T) {
	type row struct {
		Group, Priority int
		Rule, Target    string
	}
	var suite struct {
		Cases  []struct{ Rule, Kind, Concept, Op, Value, Unit string }
		Groups []struct {
			Concept  sctid.ID
			Rows     []row
			Same     string `json:"same_rows_as"`
			Context  []sctid.ID
			Selected []string
		}
	}
	corpus.ReadJSON(t, &suite, "snomed", "maps", "rules.json")
	passed := 0
	for i, c := range suite.Cases {
		if t.Run(fmt.Sprintf("rule %d %s", i, c.Kind), func(t *testing.T) {
			rule, err := snomed.ParseMapRule(c.Rule)
			if c.Kind == "invalid" {
				e, ok := err.(*snomed.RuleError)
				if !ok || e.Offset < 0 || e.Offset > len(c.Rule) {
					t.Fatalf("ParseMapRule = %+v, %v", rule, err)
				}
				return
			}
			if err != nil || rule.Kind.String() != c.Kind {
				t.Fatalf("ParseMapRule = %+v, %v", rule, err)
			}
			if c.Concept != "" && rule.Concept.String() != c.Concept || rule.Op != c.Op || rule.Value != c.Value || rule.Unit != c.Unit {
				t.Errorf("ParseMapRule = %+v", rule)
			}
			if c.Kind == "and" && len(rule.And) != strings.Count(c.Rule, "IFA") {
				t.Errorf("%d conditions", len(rule.And))
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "map-rules", passed, len(suite.Cases))
	passed = 0
	var rows []snomed.MapRow
	for i, g := range suite.Groups {
		if t.Run(fmt.Sprintf("group %d", i), func(t *testing.T) {
			if g.Same == "" {
				rows = nil
				for _, r := range g.Rows {
					rows = append(rows, snomed.MapRow{Group: r.Group, Priority: r.Priority, Rule: r.Rule, Target: r.Target, Active: true})
				}
			}
			selected, err := snomed.SelectTargets(rows, snomed.MapContext{Concepts: g.Context}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range selected {
				got = append(got, r.Target)
			}
			if fmt.Sprint(got) != fmt.Sprint(g.Selected) {
				t.Errorf("got %v, want %v", got, g.Selected)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "map-groups", passed, len(suite.Groups))
}

// TestUKCorpus: the defaults for the UK are the published ones, and the store
// knows the published kinds of association.
func TestUKCorpus(t *testing.T) {
	type entry struct{ ID, Alias, Name, Role, Source, Target, Shape string }
	var suite struct {
		Modules         []entry
		LanguageRefsets []entry    `json:"language_refsets"`
		PreferredOrder  []sctid.ID `json:"uk_preferred_term_order"`
		MapRefsets      []entry    `json:"map_refsets"`
		OtherRefsets    []entry    `json:"other_refsets"`
		Concepts        []entry
		Associations    []entry                    `json:"historical_association_refsets"`
		HistoryProfiles map[string]json.RawMessage `json:"history_profiles"`
	}
	corpus.ReadJSON(t, &suite, "snomed", "uk", "identifiers.json")
	passed, total := 0, 0
	check := func(name string, ok bool) {
		total++
		if t.Run(name, func(t *testing.T) {
			if !ok {
				t.Fail()
			}
		}) {
			passed++
		}
	}
	for _, list := range [][]entry{suite.Modules, suite.LanguageRefsets, suite.MapRefsets, suite.OtherRefsets, suite.Concepts} {
		for _, e := range list {
			id, err := sctid.Parse(e.ID)
			check(e.ID, err == nil && id.Kind() == sctid.Concept)
		}
	}
	check("order of languages", fmt.Sprint(suite.PreferredOrder) == fmt.Sprint(snomed.UKLanguages()))
	names := map[string]bool{}
	for m := snomed.SameAs; m < snomed.OtherAssociation; m++ {
		names[m.String()] = true
	}
	for _, e := range suite.Associations {
		check(e.Name, names[e.Name])
		delete(names, e.Name)
	}
	check("no other association", len(names) == 0)

	// The published profiles pick these meanings.
	profile := func(name string) []snomed.Meaning {
		p, err := snomed.HistoryProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, raw := range suite.HistoryProfiles {
		var ids []sctid.ID
		if name == "source" || json.Unmarshal(raw, &ids) != nil {
			continue
		}
		got := map[sctid.ID]bool{}
		for _, m := range profile(name) {
			got[m.Refset()] = true
		}
		want := len(ids)
		ok := true
		for _, id := range ids {
			ok = ok && got[id]
		}
		// MOVED FROM counts with SAME AS.
		check("profile "+name, ok && len(got) == want+1 && got[900000000000525002])
	}
	corpus.Floor(t, "uk", passed, total)
}
