package dmd_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
)

// fields collects a record of a table as a map.
func fields(r *dmd.Record) map[string]string {
	out := make(map[string]string)
	for tag, v := range r.Fields() {
		out[tag] = string(v)
	}
	return out
}

// facts gathers what the rules look at, straight from the records.
func facts(p dmd.Product) (own map[string]string, cd string) {
	for r := range p.Records() {
		switch r.Table {
		case dmd.TableVMP, dmd.TableAMP:
			own = fields(r)
		case dmd.TableCONTROLINFO:
			cd = fields(r)["CATCD"]
		}
	}
	return own, cd
}

func isSet(s string) bool { return strings.Trim(s, "0") != "" }

// packFacts says of how many valid packs there are, and how many have a flag.
func packFacts(p dmd.Product, table dmd.Table, tag string) (total, with int) {
	for _, pack := range p.AMPPs() {
		amp, _ := pack.AMP()
		if pack.Invalid() || amp.Invalid() {
			continue
		}
		total++
		for r := range pack.Records() {
			if r.Table == table && isSet(fields(r)[tag]) {
				with++
			}
		}
	}
	return total, with
}

// TestRules compares the verdict on every product with conditions written out.
func TestRules(t *testing.T) {
	s := sharedStore(t)
	rules := dmd.DefaultRules()
	seen := make(map[string]int)
	for _, k := range []dmd.Kind{dmd.VTM, dmd.VMP, dmd.AMP, dmd.VMPP, dmd.AMPP} {
		for p := range s.Products(k) {
			v := rules.Check(p, 0)
			var got []string
			deny, hide := false, false
			for _, r := range v.Reasons {
				got = append(got, r.Rule.Code)
				seen[r.Rule.Code]++
				deny = deny || r.Rule.Effect == dmd.Deny
				hide = hide || r.Rule.Effect == dmd.Hide
				if r.Rule.Source == "" || r.Rule.Reason == "" || r.Record == "" {
					t.Errorf("%s: a reason without grounds: %+v", p.ID(), r)
				}
			}
			if v.Prescribable == deny || v.Listed == (deny || hide) || v.Version != rules.Version() {
				t.Fatalf("%s: %+v", p.ID(), v)
			}
			slices.Sort(got)
			if want := expected(p); !slices.Equal(got, want) {
				t.Fatalf("%s %s: %v, want %v", k, p.ID(), got, want)
			}
		}
	}
	for _, code := range []string{"invalid", "status.never-vmp", "status.unknown", "unavailable", "parallel-import", "discontinued", "schedule1.some", "cd.words", "trial", "restricted", "not-available", "pack", "moiety"} {
		if seen[code] == 0 {
			t.Errorf("no product meets %s", code)
		}
	}
}

func expected(p dmd.Product) []string {
	var out []string
	add := func(holds bool, code string) {
		if holds {
			out = append(out, code)
		}
	}
	switch p.Kind() {
	case dmd.VTM:
		return []string{"moiety"}
	case dmd.VMPP, dmd.AMPP:
		return []string{"pack"}
	}
	vmp, _ := p.VMP()
	vf, cd := facts(vmp)
	status := vf["PRES_STATCD"]
	add(isSet(vf["INVALID"]), "invalid")
	add(status == "0002", "status.primary-care")
	add(status == "0042", "status.unknown")
	if p.Kind() == dmd.VMP {
		add(status == "0003", "status.brand-only")
		add(status == "0004", "status.never-vmp")
		add(status == "0005", "status.not-recommended")
		add(status == "0009", "status.caution")
		add(vf["NON_AVAILCD"] == "0001", "unavailable")
	} else {
		af, _ := facts(p)
		add(isSet(af["INVALID"]), "amp.invalid")
		switch af["AVAIL_RESTRICTCD"] {
		case "0002", "0003", "0006":
			out = append(out, "restricted")
		case "0005":
			out = append(out, "trial")
		case "0009":
			out = append(out, "not-available")
		}
		add(af["LIC_AUTHCD"] == "0000", "unlicensed")
		add(af["LIC_AUTHCD"] == "0003", "licence.unknown")
		add(isSet(af["PARALLEL_IMPORT"]), "parallel-import")
		add(isSet(af["EMA"]), "monitored")
	}
	total, with := packFacts(p, dmd.TablePRESCRIBINFO, "SCHED_1")
	add(total > 0 && with == total, "schedule1")
	add(with > 0 && with < total, "schedule1.some")
	_, with = packFacts(p, dmd.TablePRESCRIBINFO, "SCHED_2")
	add(with > 0, "schedule2")
	_, with = packFacts(p, dmd.TablePRESCRIBINFO, "ACBS")
	add(with > 0, "acbs")
	total, with = packFacts(p, dmd.TablePRESCRIBINFO, "HOSP")
	add(total > 0 && with == total, "hospital-packs")
	total, with = packFacts(p, dmd.TableAMPP, "DISCCD")
	add(total > 0 && with == total, "discontinued")
	switch cd {
	case "0001":
		out = append(out, "cd.schedule1")
	case "0002", "0003", "0004", "0005":
		out = append(out, "cd.words")
	case "0008", "0009", "0010":
		out = append(out, "cd.other")
	}
	slices.Sort(out)
	return out
}

// TestBrandOfNeverVMP: a brand stays prescribable where its generic never is.
func TestBrandOfNeverVMP(t *testing.T) {
	s := sharedStore(t)
	n := 0
	for vmp := range s.Products(dmd.VMP) {
		if status, _ := vmp.Field("PRES_STATCD"); status != "0004" {
			continue
		}
		if v := dmd.DefaultRules().Check(vmp, 0); v.Prescribable {
			t.Errorf("%s may be prescribed", vmp.ID())
		}
		for _, amp := range vmp.AMPs() {
			v := dmd.DefaultRules().Check(amp, 0)
			if v.Prescribable {
				n++
			}
			for _, r := range v.Reasons {
				if strings.HasPrefix(r.Rule.Code, "status.never") {
					t.Errorf("%s: %s", amp.ID(), r.Rule.Code)
				}
			}
		}
	}
	if n == 0 {
		t.Error("no brand of such a product may be prescribed")
	}
}

func TestRulesTable(t *testing.T) {
	def := dmd.DefaultRules()
	again, err := dmd.ParseRules(def.String())
	if err != nil || again.String() != def.String() || again.Version() != "2026-11" {
		t.Errorf("not the same table: %v", err)
	}
	s := sharedStore(t)
	p, _ := s.Product(dmdtest.ID(dmd.VTM, 1))
	if def.Check(p, 0).Prescribable {
		t.Error("a moiety may be prescribed")
	}
	less, err := def.Without("local", "moiety")
	if err != nil {
		t.Fatal(err)
	}
	if v := less.Check(p, 0); !v.Prescribable || v.Version != "local" {
		t.Errorf("%+v", v)
	}
	own, err := def.With("local", dmd.Rule{Code: "moiety", Kinds: []dmd.Kind{dmd.VTM}, Effect: dmd.Warn, Reason: "ask", Source: "us"})
	if err != nil {
		t.Fatal(err)
	}
	if v := own.Check(p, 0); !v.Prescribable || len(v.Reasons) != 1 || v.Reasons[0].Rule.Effect != dmd.Warn {
		t.Errorf("%+v", v)
	}
	if _, err := def.With("local", dmd.Rule{Code: "x", Field: "VMP.NO_SUCH"}); err == nil {
		t.Error("a rule on no field")
	}
	for _, text := range []string{"a;b", "x;VPM;;;;deny;r;s", "x;VMP;;;;forbid;r;s", "x;VMP;VMP.NO;set;;deny;r;s", "x;VMP;VMP.INVALID;maybe;;deny;r;s", "x;VMP;;set;;deny;r;s"} {
		if _, err := dmd.ParseRules(text); err == nil {
			t.Errorf("%q is a rule", text)
		}
	}
	for _, r := range []dmd.Rule{
		{Kinds: []dmd.Kind{dmd.VTM}},
		{Code: "x"},
		{Code: "x", Kinds: []dmd.Kind{dmd.NoKind}},
		{Code: "x", Kinds: []dmd.Kind{dmd.VTM}, Effect: dmd.Deny + 1},
		{Code: "x", Kinds: []dmd.Kind{dmd.VTM}, Reason: "a;b"},
		{Code: "x", Kinds: []dmd.Kind{dmd.VTM}, Reason: "a\nb"},
		{Code: "x y", Kinds: []dmd.Kind{dmd.VTM}},
		{Code: "x", Kinds: []dmd.Kind{dmd.VMP}, Field: "VMP.PRES_STATCD", Test: "is"},
		{Code: "x", Kinds: []dmd.Kind{dmd.VMP}, Field: "VMP.PRES_STATCD", Test: "is", Values: []string{"1 2"}},
		{Code: "x", Kinds: []dmd.Kind{dmd.VMP}, Field: "VMP.PRES_STATCD"},
		{Code: "x", Kinds: []dmd.Kind{dmd.VMP}, Field: "VMP.PRES_STATCD", Test: "all"},
	} {
		if _, err := def.With("local", r); err == nil {
			t.Errorf("%+v is a rule", r)
		}
	}
	if _, err := def.With("", dmd.Rule{Code: "x", Kinds: []dmd.Kind{dmd.VTM}}); err == nil {
		t.Error("rules without a version")
	}
	if _, err := dmd.ParseRules("version 1\nx;VTM;;;;deny;r;s\nx;VTM;;;;warn;r;s"); err == nil {
		t.Error("two rules of one code")
	}
	if _, err := def.Without("local", "schedul1"); err == nil {
		t.Error("a rule that is not there is left out")
	}
	if v := def.Check(dmd.Product{}, 0); v.Prescribable {
		t.Error("nothing may be prescribed")
	}
}

// TestDiscontinuedOnADay: a pack that ends later is still there.
func TestDiscontinuedOnADay(t *testing.T) {
	s := sharedStore(t)
	for p := range s.Products(dmd.AMP) {
		packs := p.AMPPs()
		if gone, since := p.Discontinued(); gone && len(packs) > 0 && since.String() == "2020-02-29" && !packs[0].Invalid() && !p.Invalid() {
			has := func(day dmd.Date) bool {
				return slices.ContainsFunc(dmd.DefaultRules().Check(p, day).Reasons, func(r dmd.Reason) bool { return r.Rule.Code == "discontinued" })
			}
			if !has(dmd.NewDate(2020, 2, 29)) || has(dmd.NewDate(2020, 2, 28)) {
				t.Errorf("%s: on the day %v, before %v", p.ID(), has(dmd.NewDate(2020, 2, 29)), has(dmd.NewDate(2020, 2, 28)))
			}
			return
		}
	}
	t.Error("no discontinued product")
}
