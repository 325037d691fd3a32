package snomed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// TestAges: rules on age at the very day on which they turn.
func TestAges(t *testing.T) {
	day := func(s string) time.Time { return must(time.Parse(time.DateOnly, s)) }
	between := func(born, date string) snomed.Age { return snomed.AgeBetween(day(born), day(date)) }
	late := time.Date(2026, 3, 1, 23, 59, 0, 0, time.FixedZone("", 3600))
	early := time.Date(2027, 3, 1, 0, 1, 0, 0, time.FixedZone("", -3600))
	for _, c := range []struct {
		age  snomed.Age
		rule string
		want bool
	}{
		{snomed.Age{}, ">= 0 days", false},
		{snomed.Age{}, "< 28.0 days", false},
		{snomed.AgeInDays(-1), "< 28.0 days", false},
		{snomed.AgeInDays(0), "< 28.0 days", true},
		{snomed.AgeInDays(27.9), "< 28.0 days", true},
		{snomed.AgeInDays(28), "< 28.0 days", false},
		{snomed.AgeInDays(28), "<= 28 days", true},
		{snomed.AgeInDays(28), "= 28 days", true},
		{snomed.AgeInDays(28), "> 28 days", false},
		{snomed.AgeInDays(28), ">= 4 weeks", true},
		{snomed.AgeInDays(27), ">= 4 weeks", false},
		{snomed.AgeInDays(4384), ">= 12.0 years", true},
		{snomed.AgeInYears(12), ">= 12.0 years", true},
		{snomed.AgeInYears(12), "< 12.0 years", false},
		{snomed.AgeInYears(1), ">= 12 months", true},
		{snomed.AgeInYears(1), "< 28 days", false},
		{snomed.AgeInYears(-1), ">= 0 years", false},
		// On the first birthday, 365 days, and the day before it.
		{between("2025-06-01", "2026-06-01"), "< 1.0 years", false},
		{between("2025-06-01", "2026-06-01"), ">= 1 year", true},
		{between("2025-06-01", "2026-06-01"), "= 1 year", true},
		{between("2025-06-01", "2026-06-01"), "= 12 months", true},
		{between("2025-06-01", "2026-05-31"), "< 1.0 years", true},
		// On the eighteenth, 6,574 days, which 18 average years are longer than.
		{between("2001-03-01", "2019-03-01"), ">= 18 years", true},
		{between("2001-03-01", "2019-02-28"), ">= 18 years", false},
		// Who was born on 29 February comes of age on 1 March.
		{between("2004-02-29", "2022-02-28"), ">= 18 years", false},
		{between("2004-02-29", "2022-03-01"), ">= 18 years", true},
		{between("2004-02-29", "2024-02-28"), ">= 20 years", false},
		{between("2004-02-29", "2024-02-29"), ">= 20 years", true},
		{between("2026-01-31", "2026-02-28"), ">= 1 month", false},
		{between("2026-01-31", "2026-03-01"), ">= 1 month", true},
		{between("2026-01-31", "2026-03-30"), ">= 2 months", false},
		{between("2026-01-31", "2026-03-31"), ">= 2 months", true},
		{between("2026-01-01", "2026-01-28"), "< 28 days", true},
		{between("2026-01-01", "2026-01-29"), "< 28 days", false},
		{between("2026-01-02", "2026-01-01"), "< 28 days", false},
		{between("2026-01-01", "2026-01-01"), "< 28 days", true},
		{between("2026-07-01", "2028-12-31"), ">= 2.5 years", true},
		{between("2026-07-01", "2028-12-01"), ">= 2.5 years", false},
		{snomed.AgeBetween(late, early), "= 1 year", true},
		{snomed.AgeBetween(time.Time{}, early), "> 0 years", false},
		{snomed.AgeBetween(early, time.Time{}), ">= 0 years", false},
	} {
		rule, err := snomed.ParseMapRule("IFA 445518008 | Age at onset | " + c.rule)
		if err != nil {
			t.Fatal(err)
		}
		if got := rule.Holds(snomed.MapContext{AgeAtOnset: c.age}, nil); got != c.want {
			t.Errorf("%+v %s: %v", c.age, c.rule, got)
		}
		if rule.Holds(snomed.MapContext{CurrentAge: c.age}, nil) {
			t.Errorf("%+v now, %s at onset: holds", c.age, c.rule)
		}
		rule.Concept = 424144002
		if got := rule.Holds(snomed.MapContext{CurrentAge: c.age}, nil); got != c.want {
			t.Errorf("%+v now, %s: %v", c.age, c.rule, got)
		}
		rule.Concept = 412726003 // length of gestation at birth
		if rule.Holds(snomed.MapContext{AgeAtOnset: c.age, CurrentAge: c.age}, nil) {
			t.Errorf("gestation %s: holds", c.rule)
		}
	}
}

// TestMapRuleErrors: where a rule is not understood, and why.
func TestMapRuleErrors(t *testing.T) {
	const female = "IFA 248152002 | Female |"
	for _, c := range []struct {
		rule   string
		offset int
	}{
		{"true", 0},
		{"OTHERWISE", 0},
		{"OTHERWISE TRUE AND " + female, 0},
		{"IFA", 0},
		{"IFA248152002", 0},
		{"IFA 248152003 | bad check digit |", 4},
		{"IFA 101013 | a description |", 4},
		{"IFA | no concept |", 4},
		{"IFA 248152002 | not closed", 14},
		{"IFA 445518008 | Age | >= twelve years", 25},
		{"IFA 445518008 | Age | >= 12.", 25},
		{"IFA 445518008 | Age | >= 12 moons", 25},
		{"IFA 445518008 | Age | 12 years", 22},
		{female + " OR " + female, 25},
		{female + " AND ", 29},
		{female + " AND TRUE", 29},
		{strings.Repeat(female+" AND ", 100) + female, 100*25 + 99*4 + 4},
	} {
		rule, err := snomed.ParseMapRule(c.rule)
		var e *snomed.RuleError
		if !errors.As(err, &e) || e.Offset != c.offset || e.Unwrap() == nil || !strings.Contains(err.Error(), fmt.Sprint("byte ", c.offset)) {
			t.Errorf("%q: %+v, %v, want byte %d", c.rule[:min(len(c.rule), 50)], rule, err, c.offset)
		}
		// Such a row is passed over, and the error says which it was.
		selected, err := snomed.SelectTargets([]snomed.MapRow{
			{Group: 2, Priority: 1, Rule: c.rule, Target: "A1", Active: true},
			{Group: 2, Priority: 2, Rule: "OTHERWISE TRUE", Target: "B2", Active: true},
			{Group: 2, Priority: 3, Rule: "TRUE", Target: "C3", Active: true},
		}, snomed.MapContext{}, nil)
		if len(selected) != 1 || selected[0].Target != "B2" || err == nil || !strings.HasPrefix(err.Error(), "group 2, priority 1:") {
			t.Errorf("%q: %+v, %v", c.rule, selected, err)
		}
	}
}

// mapFixture has a map of every shape.
func mapFixture() (f *fixture, a, b, long string) {
	f = newFixture("x")
	a, b = f.newConcept(), f.newConcept()
	member := func(file, columns, refset, component string, fields ...string) {
		f.row(file, memberHeader+" "+columns, append([]string{f.uuid(), "20260101", "1", fixtureModule, refset, component}, fields...)...)
	}
	member("der2_sRefset_ToSCT*_INT_20260101.txt", "mapSource", numbered(1), a, "XX1")
	member("der2_sRefset_ToSCT*_INT_20260101.txt", "mapSource", numbered(1), b, "XX2")
	member("der2_cRefset_OwnMap*_INT_20260101.txt", "mapTarget", numbered(2), a, b)
	// An expression, which is kept in short.
	long = "1003002:" + a + "=" + b + ",{246075003=373873005,1142135004=#5}"
	for _, c := range []string{a, b} {
		member("der2_sRefset_SimpleMap*_INT_20260101.txt", "mapTarget", numbered(3), c, long)
		member("der2_sRefset_SimpleMap*_INT_20260101.txt", "mapTarget", numbered(3), c, "C3")
	}
	member("der2_sRefset_SimpleMap*_INT_20260101.txt", "mapTarget", numbered(3), f.term(a, "Invented"), "C3")
	return f, a, b, long
}

func TestMapShapes(t *testing.T) {
	f, a, b, long := mapFixture()
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	for _, c := range []struct {
		refset, target string
		want           []string // concepts
	}{
		{numbered(1), "XX1", []string{a}},
		{numbered(1), "XX2", []string{b}},
		{numbered(1), "XX", nil},
		{numbered(2), b, []string{a}},
		{numbered(2), "nonsense", nil},
		{numbered(3), long, []string{a, b}},
		{numbered(3), strings.Replace(long, "#5", "#6", 1), nil},
		{numbered(3), "C3", []string{a, b}},
		{numbered(3), "\xfe", nil},
	} {
		refset := must(sctid.Parse(c.refset))
		set := must(st.ReverseMap(refset, c.target))
		if set.Len() != len(c.want) {
			t.Errorf("%s: %d concepts, want %d", c.target, set.Len(), len(c.want))
		}
		for _, id := range c.want {
			found := false
			for _, r := range must(st.MapRows(refset, must(sctid.Parse(id)))) {
				found = found || r.Target == c.target && r.Active && r.Group == 1 && r.Priority == 1 && r.Block == -1
			}
			if !found || !set.Has(at(t, st, id)) {
				t.Errorf("%s is not among the targets of %s, or not the other way round", c.target, id)
			}
		}
	}
	f.row("der2_Refset_Simple*_INT_20260101.txt", memberHeader, f.uuid(), "20260101", "1", fixtureModule, numbered(4), a)
	st, _ = store(t, snomed.BuildOptions{}, f.open(t))
	if _, err := st.ReverseMap(must(sctid.Parse(numbered(4))), "x"); !errors.Is(err, snomed.ErrNotMap) {
		t.Errorf("of a simple reference set: %v", err)
	}
	if _, err := st.MapRows(must(sctid.Parse(numbered(4))), must(sctid.Parse(a))); !errors.Is(err, snomed.ErrNotMap) {
		t.Errorf("of a simple reference set: %v", err)
	}
	if _, err := st.MapTargets(must(sctid.Parse(numbered(5))), must(sctid.Parse(a)), snomed.MapContext{}); err != snomed.ErrNotFound {
		t.Errorf("of no reference set: %v", err)
	}
}

// TestMapDamage: damage that the evaluation of a rule comes upon is an error,
// not a rule that does not hold.
func TestMapDamage(t *testing.T) {
	f := newFixture("x")
	a := f.newConcept()
	for i := range 5000 { // so that identifiers and map are in different blocks
		c := numbered(i)
		f.concept(c, "20260101", "1")
		f.isA(c, a)
	}
	const header = memberHeader + " mapGroup mapPriority mapRule mapAdvice mapTarget correlationId"
	row := func(priority, rule, target string) {
		f.row("der2_iissscRefset_ComplexMap*_INT_20260101.txt", header, f.uuid(), "20260101", "1", fixtureModule, "447562003", a, "1", priority, rule, "", target, "447561005")
	}
	row("1", "IFA "+a+" | Invented |", "A1")
	row("2", "OTHERWISE TRUE", "B2")
	file := filepath.Join(t.TempDir(), "store")
	if _, err := snomed.Build(context.Background(), []*rf2.Release{f.open(t)}, file, snomed.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	good := must(os.ReadFile(file))
	concepts := []sctid.ID{must(sctid.Parse(numbered(4000)))}
	seen := map[string]int{}
	for at := 4096 + 100; at < len(good)-5000; at += 1 << 14 {
		b := bytes.Clone(good)
		b[at] ^= 1
		st, err := snomed.OpenReaderAt(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			continue
		}
		rows, err := st.MapTargets(447562003, must(sctid.Parse(a)), snomed.MapContext{Concepts: concepts})
		switch {
		case err != nil && errors.Is(err, snomed.ErrCorrupt):
			seen["error"]++
		case len(rows) == 1 && rows[0].Target == "A1":
			seen["right"]++
		default:
			t.Errorf("byte %d turned over: %+v, %v", at, rows, err)
		}
	}
	if seen["error"] < 3 || seen["right"] < 3 {
		t.Error(fmt.Sprint(seen))
	}
}
