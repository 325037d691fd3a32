package dmdtest

import (
	"strconv"

	"github.com/nhskit/nhskit/dmd"
)

// flag writes yes in one of the two ways the releases have.
func flag(yes bool, i int) string {
	switch {
	case !yes:
		return ""
	case i%2 == 0:
		return "1"
	}
	return "0001"
}

func (g *gen) lookup(o *out) {
	o.WriteString("\ufeff") // a byte order mark, and all on one line
	o.flat = true
	o.root("lookup_v2_3", "LOOKUP")
	for _, l := range lists() {
		o.open(l.name)
		switch l.name {
		case "FORM":
			for _, f := range g.forms {
				o.record("INFO", "CD", f.code, "DESC", title(g.rnd(forForm, len(f.name), 9), "")+" "+f.name)
			}
			o.record("INFO", "CD", "421720008", "CDDT", "2018-04-18", "CDPREV", newID(13, 1).String(), "DESC", "Spray")
		case "SUPPLIER":
			for i := range g.nSupp {
				o.open("INFO")
				o.id("CD", g.suppID(i))
				if i%50 == 4 {
					o.field("CDDT", "2019-01-07")
					o.id("CDPREV", newID(12, i))
				}
				o.field("INVALID", flag(i%60 == 9, i))
				o.field("DESC", g.supplier(i))
				o.close("INFO")
			}
		default:
			for _, e := range l.entries {
				o.record("INFO", "CD", e.code, "DESC", e.text)
			}
		}
		o.close(l.name)
	}
	o.end("LOOKUP")
}

func (g *gen) ingredient(o *out) {
	o.root("ingredient_v2_3", "INGREDIENT_SUBSTANCES")
	for i := range g.nIngr {
		o.open("ING")
		o.id("ISID", g.ingID(i))
		if i%31 == 3 {
			o.field("ISIDDT", "2007-08-13")
			o.id("ISIDPREV", newID(11, i))
		}
		o.field("INVALID", flag(i%211 == 8, i))
		name := title(uint64(i)*7919+g.cfg.Seed, "")
		if i%2 == 1 {
			name += " hydrochloride"
		}
		o.field("NM", name)
		o.close("ING")
	}
	o.end("INGREDIENT_SUBSTANCES")
}

func (g *gen) vtm(o *out) {
	o.root("vtm_v2_3", "VIRTUAL_THERAPEUTIC_MOIETIES")
	for i := range g.n.VTMs {
		o.open("VTM")
		o.id("VTMID", g.vtmID(i))
		o.field("INVALID", flag(i%131 == 50, i))
		o.field("NM", g.vtmName(i))
		if i%67 == 2 {
			o.field("ABBREVNM", g.vtmName(i)[:4])
			o.id("VTMIDPREV", newID(10, i))
			o.field("VTMIDDT", "2017-03-10")
		}
		o.close("VTM")
	}
	o.end("VIRTUAL_THERAPEUTIC_MOIETIES")
}

func (g *gen) vmps(o *out) {
	o.root("vmp_v2_3", "VIRTUAL_MED_PRODUCTS")
	o.open("VMPS")
	for i := range g.n.VMPs {
		g.vmp(o, i)
	}
	if g.cfg.Faults {
		g.vmp(o, 1) // the same again
		o.record("VMP", "VPID", "12345678901", "NM", "A product whose identifier has a wrong check digit", "BASISCD", "0001", "PRES_STATCD", "0001", "UDFS", "-5")
	}
	o.close("VMPS")
	o.open("VIRTUAL_PRODUCT_INGREDIENT")
	for i := range g.n.VMPs {
		for k := range g.ingredients(i) {
			if i%61 == 30 {
				continue // no strength at all
			}
			s := g.strengthOf(i, k)
			o.open("VPI")
			o.id("VPID", g.vmpID(i))
			o.id("ISID", g.ingID((max(g.vtmOf(i), 0)+k*7)%g.nIngr))
			if i%61 == 31 { // known without a value
				o.close("VPI")
				continue
			}
			o.field("BASIS_STRNTCD", []string{"0001", "0002"}[i%2])
			if i%2 == 1 {
				o.id("BS_SUBID", g.ingID((max(g.vtmOf(i), 0)+k*7+1)%g.nIngr))
			}
			o.field("STRNT_NMRTR_VAL", s.value)
			o.field("STRNT_NMRTR_UOMCD", s.unit)
			if s.per != "" {
				o.field("STRNT_DNMTR_VAL", "1")
				o.field("STRNT_DNMTR_UOMCD", s.per)
			}
			o.close("VPI")
		}
	}
	if g.cfg.Faults {
		o.record("VPI", "VPID", newID(9, 1).String(), "ISID", newID(9, 2).String(), "STRNT_NMRTR_VAL", "12345678901.2345", "STRNT_NMRTR_UOMCD", "999999")
	}
	o.close("VIRTUAL_PRODUCT_INGREDIENT")
	each := func(section, record string, fields func(i int) []string) {
		o.open(section)
		for i := range g.n.VMPs {
			if f := fields(i); f != nil {
				o.open(record)
				o.id("VPID", g.vmpID(i))
				for k := 0; k < len(f); k += 2 {
					o.field(f[k], f[k+1])
				}
				o.close(record)
			}
		}
		o.close(section)
	}
	each("ONT_DRUG_FORM", "ONT", func(i int) []string { return []string{"FORMCD", g.formOf(i).ont} })
	each("DRUG_FORM", "DFORM", func(i int) []string { return []string{"FORMCD", g.formOf(i).code} })
	each("DRUG_ROUTE", "DROUTE", func(i int) []string { return []string{"ROUTECD", g.formOf(i).route} })
	each("CONTROL_DRUG_INFO", "CONTROL_INFO", func(i int) []string {
		if i%17 != 3 {
			return []string{"CATCD", "0000"}
		}
		return []string{"CATCD", []string{"0001", "0002", "0003", "0004", "0005", "0008", "0009", "0010"}[i/17%8], "CATDT", "2014-06-10", "CAT_PREVCD", "0000"}
	})
	o.end("VIRTUAL_MED_PRODUCTS")
}

// vmp writes a virtual product; every third has its fields in another order.
func (g *gen) vmp(o *out, i int) {
	f := g.formOf(i)
	o.open("VMP")
	name := func() {
		if i%211 == 100 { // a name in a CDATA section
			o.newLine()
			o.WriteString("<NM><![CDATA[" + g.vmpName(i) + "]]></NM>")
			return
		}
		o.field("NM", g.vmpName(i))
	}
	if i%3 == 2 {
		name()
	}
	o.id("VPID", g.vmpID(i))
	switch {
	case i == replaced && g.cfg.Revision > 0:
		o.field("VPIDDT", g.date.String())
		o.id("VPIDPREV", newID(int(dmd.VMP), i))
	case i%83 == 6:
		o.field("VPIDDT", "2009-04-01")
		o.id("VPIDPREV", newID(8, i))
	}
	if v := g.vtmOf(i); v >= 0 {
		o.id("VTMID", g.vtmID(v))
	}
	o.field("INVALID", flag(g.invalidVMP(i), i))
	if i%3 != 2 {
		name()
	}
	o.field("BASISCD", "0001")
	if i%29 == 5 {
		o.field("NMDT", "2004-05-04")
		o.field("NMPREV", g.vtmName(i%g.n.VTMs)+" old name")
		o.field("BASIS_PREVCD", "0002")
		o.field("NMCHANGECD", "0004")
	}
	o.field("PRES_STATCD", []string{"0001", "0001", "0001", "0001", "0001", "0001", "0001", "0002", "0003", "0004", "0005", "0009", "0042"}[g.rnd(forVMP, i, 0)%13])
	o.field("SUG_F", flag(i%40 == 7, i))
	o.field("CFC_F", flag(f.name == "inhaler", i))
	if g.noAMP(i) {
		o.field("NON_AVAILCD", "0001")
		o.field("NON_AVAILDT", "2020-02-29")
	} else if i%37 == 1 {
		o.field("NON_AVAILCD", "0000")
	}
	indicator := "1"
	if !f.discrete {
		indicator = "2"
	}
	o.field("DF_INDCD", indicator)
	o.field("UDFS", f.udfs)
	o.field("UDFS_UOMCD", f.udfsUnit)
	o.field("UNIT_DOSE_UOMCD", f.dose)
	o.close("VMP")
}

func (g *gen) amps(o *out) {
	o.root("amp_v2_3", "ACTUAL_MEDICINAL_PRODUCTS")
	o.open("AMPS")
	for i := range g.n.AMPs {
		r := g.rnd(forFlag, i, 0)
		nm, desc := g.ampNames(i)
		o.open("AMP")
		o.id("APID", g.ampID(i))
		o.field("INVALID", flag(i%140 == 7, i))
		o.id("VPID", g.vmpID(g.vmpOf(i)))
		o.field("NM", nm)
		o.field("DESC", desc)
		if i%53 == 7 {
			o.field("NMDT", "2015-01-01")
			o.field("NM_PREV", nm+" 'old'")
		}
		o.id("SUPPCD", g.suppID(g.supplierOf(i)))
		o.field("LIC_AUTHCD", []string{"0001", "0001", "0001", "0001", "0000", "0003"}[r%6])
		o.field("FLAVOURCD", map[bool]string{true: "0048"}[g.formOf(g.vmpOf(i)).name == "oral solution"])
		o.field("EMA", flag(i%90 == 3, i))
		o.field("PARALLEL_IMPORT", flag(r>>8%12 == 0, i))
		o.field("AVAIL_RESTRICTCD", []string{"0001", "0001", "0001", "0001", "0001", "0001", "0002", "0003", "0005", "0006", "0009"}[r>>16%11])
		o.close("AMP")
	}
	if g.cfg.Faults {
		o.record("AMP", "APID", newID(9, 3).String(), "VPID", newID(9, 4).String(), "NM", "Orphan", "DESC", "Orphan (Nobody)", "SUPPCD", newID(9, 5).String(), "LIC_AUTHCD", "0001", "AVAIL_RESTRICTCD", "0001")
		o.record("AMP", "APID", newID(9, 6).String(), "NM", "Without a virtual product", "DESC", "Without a virtual product", "SUPPCD", g.suppID(0).String(), "LIC_AUTHCD", "one", "AVAIL_RESTRICTCD", "0001", "NMDT", "2019-02-30")
	}
	o.close("AMPS")
	o.open("AP_INGREDIENT")
	for i := range g.n.AMPs {
		if i%6 == 1 {
			for k := range 1 + i%4 {
				o.open("AP_ING")
				o.id("APID", g.ampID(i))
				o.id("ISID", g.ingID((i*3+k*11)%g.nIngr))
				if k == 1 {
					o.field("STRNTH", "0.125")
					o.field("UOMCD", unitMG)
				}
				o.close("AP_ING")
			}
		}
	}
	o.close("AP_INGREDIENT")
	o.open("LICENSED_ROUTE")
	for i := range g.n.AMPs {
		o.open("LIC_ROUTE")
		o.id("APID", g.ampID(i))
		o.field("ROUTECD", g.formOf(g.vmpOf(i)).route)
		o.close("LIC_ROUTE")
	}
	o.close("LICENSED_ROUTE")
	o.open("AP_INFORMATION")
	for i := range g.n.AMPs {
		if i%9 == 4 {
			o.open("AP_INFO")
			o.id("APID", g.ampID(i))
			o.field("SZ_WEIGHT", "8.5mm")
			o.field("COLOURCD", "0031")
			o.field("PROD_ORDER_NO", "ORD"+strconv.Itoa(i))
			o.close("AP_INFO")
		}
	}
	o.close("AP_INFORMATION")
	o.end("ACTUAL_MEDICINAL_PRODUCTS")
}

func (g *gen) vmpps(o *out) {
	o.root("vmpp_v2_3", "VIRTUAL_MED_PRODUCT_PACK")
	o.open("VMPPS")
	for i := range g.n.VMPPs {
		v := g.vmppVMP(i)
		o.open("VMPP")
		o.id("VPPID", g.vmppID(i))
		o.field("INVALID", flag(i%300 == 9, i))
		o.field("NM", g.vmppName(i))
		o.id("VPID", g.vmpID(v))
		o.field("QTYVAL", g.packSize(i))
		o.field("QTY_UOMCD", g.formOf(v).unit)
		o.field("COMBPACKCD", map[bool]string{true: "0001"}[g.combinationVMPP(i)])
		o.close("VMPP")
	}
	o.close("VMPPS")
	o.open("DRUG_TARIFF_INFO")
	for i := range g.n.VMPPs {
		if i%3 == 0 {
			o.open("DTINFO")
			o.id("VPPID", g.vmppID(i))
			o.field("PAY_CATCD", []string{"0001", "0003", "0011"}[i/3%3])
			o.field("PRICE", strconv.Itoa(90+int(g.rnd(forPrice, i, 1)%9000)))
			o.field("DT", "2026-10-01")
			o.field("PREVPRICE", strconv.Itoa(80+i%700))
			o.close("DTINFO")
		}
	}
	o.close("DRUG_TARIFF_INFO")
	o.open("COMB_CONTENT")
	for i := range g.n.VMPPs {
		if g.combinationVMPP(i) {
			for k := 1; k <= 2; k++ {
				o.open("CCONTENT")
				o.id("PRNTVPPID", g.vmppID(i))
				o.id("CHLDVPPID", g.vmppID(i+k))
				o.close("CCONTENT")
			}
		}
	}
	o.close("COMB_CONTENT")
	o.end("VIRTUAL_MED_PRODUCT_PACK")
}

// combinationVMPP marks a virtual pack that contains those that follow it.
func (g *gen) combinationVMPP(i int) bool { return i%400 == 5 && i+2 < g.n.VMPPs }

// eachAMPP calls fn for every actual pack that the release has.
func (g *gen) eachAMPP(fn func(i int)) {
	for i := range g.n.AMPPs {
		if g.cfg.Revision == 0 || !g.removed(i) {
			fn(i)
		}
	}
}

func (g *gen) ampps(o *out) {
	o.root("ampp_v2_3", "ACTUAL_MEDICINAL_PROD_PACKS")
	o.open("AMPPS")
	g.eachAMPP(func(i int) {
		amp, vmpp := g.amppOf(i)
		_, desc := g.ampNames(amp)
		o.open("AMPP")
		o.id("APPID", g.amppID(i))
		o.field("INVALID", flag(i%333 == 21, i))
		o.field("NM", desc+" "+g.packSize(vmpp)+" "+g.unitName(g.formOf(g.vmppVMP(vmpp))))
		o.id("VPPID", g.vmppID(vmpp))
		o.id("APID", g.ampID(amp))
		o.field("COMBPACKCD", map[bool]string{true: "0001"}[g.combination(i)])
		o.field("LEGAL_CATCD", []string{"0003", "0003", "0003", "0002", "0001"}[g.rnd(forFlag, i, 2)%5])
		o.field("SUBP", map[bool]string{true: "2 x " + g.packSize(vmpp)}[i%77 == 5])
		switch i % 25 {
		case 3:
			o.field("DISCCD", "0001")
			o.field("DISCDT", "2020-02-29")
		case 4:
			o.field("DISCCD", "0000") // reinstated
		}
		o.close("AMPP")
	})
	o.close("AMPPS")
	section := func(name, record string, fields func(i int) []string) {
		o.open(name)
		g.eachAMPP(func(i int) {
			if f := fields(i); f != nil {
				o.open(record)
				o.id("APPID", g.amppID(i))
				for k := 0; k < len(f); k += 2 {
					o.field(f[k], f[k+1])
				}
				o.close(record)
			}
		})
		o.close(name)
	}
	section("APPLIANCE_PACK_INFO", "PACK_INFO", func(i int) []string {
		return []string{"REIMB_STATCD", []string{"0001", "0000"}[g.rnd(forFlag, i, 3)%20/19], "REIMB_STATDT", "2019-03-01", "PACK_ORDER_NO", map[bool]string{true: strconv.Itoa(1000 + i%9000)}[i%8 == 1]}
	})
	section("DRUG_PRODUCT_PRESCRIB_INFO", "PRESCRIB_INFO", func(i int) []string {
		r := g.rnd(forFlag, i, 4)
		f := []string{"SCHED_2", flag(r%120 == 0, i), "ACBS", flag(r>>8%90 == 0, i), "PADM", flag(r>>12%80 == 0, i), "FP10_MDA", flag(r>>16%200 == 0, i),
			"SCHED_1", flag(r>>20%70 == 0, i), "HOSP", flag(r>>24%60 == 0, i), "NURSE_F", flag(r>>28%9 == 0, i), "ENURSE_F", flag(r>>32%9 == 0, i), "DENT_F", flag(r>>36%15 == 0, i)}
		for k := 1; k < len(f); k += 2 {
			if f[k] != "" {
				return f
			}
		}
		return nil
	})
	section("MEDICINAL_PRODUCT_PRICE", "PRICE_INFO", func(i int) []string {
		if g.noPrice(i) {
			return []string{"PRICE_BASISCD", "0002"}
		}
		price := 100 + int(g.rnd(forPrice, i, 0)%50_000)
		if g.repriced(i) && g.cfg.Revision > 0 {
			return []string{"PRICE", strconv.Itoa(price + 11), "PRICEDT", g.date.String(), "PRICE_PREV", strconv.Itoa(price), "PRICE_BASISCD", "0001"}
		}
		return []string{"PRICE", strconv.Itoa(price), "PRICEDT", "2025-05-10", "PRICE_PREV", strconv.Itoa(price + 100), "PRICE_BASISCD", "0001"}
	})
	section("REIMBURSEMENT_INFO", "REIMB_INFO", func(i int) []string {
		return []string{"PX_CHRGS", "1", "DISP_FEES", "1", "BB", flag(i%30 == 2, i), "CAL_PACK", flag(i%11 == 3, i), "SPEC_CONTCD", map[bool]string{true: "0001"}[i%19 == 4], "DND", map[bool]string{true: "0002"}[i%23 == 6], "FP34D", flag(i%101 == 7, i)}
	})
	o.open("COMB_CONTENT")
	g.eachAMPP(func(i int) {
		for k := 1; k <= 2 && g.combination(i); k++ {
			if g.cfg.Revision == 0 || !g.removed(i+k) {
				o.open("CCONTENT")
				o.id("PRNTAPPID", g.amppID(i))
				o.id("CHLDAPPID", g.amppID(i+k))
				o.close("CCONTENT")
			}
		}
	})
	o.close("COMB_CONTENT")
	o.end("ACTUAL_MEDICINAL_PROD_PACKS")
}

func (g *gen) gtins(o *out) {
	o.root("gtin_v2_0", "GTIN_DETAILS")
	o.open("AMPPS")
	code := func(i, k int) string { return gtin(uint64(i)*4+uint64(k), k == 3) }
	data := func(code, start, end string) {
		o.open("GTINDATA")
		if code == "" {
			o.newLine()
			o.WriteString("<GTIN></GTIN>")
		}
		o.field("GTIN", code)
		o.field("STARTDT", start)
		o.field("ENDDT", end)
		o.close("GTINDATA")
	}
	g.eachAMPP(func(i int) {
		switch r := g.rnd(forGTIN, i, 0) % 20; {
		case r < 4: // none
		case r < 14:
			o.open("AMPP")
			o.id("AMPPID", g.amppID(i))
			data(code(i, 0), "2015-06-01", "")
			o.close("AMPP")
		case r < 16: // two, one after the other
			o.open("AMPP")
			o.id("AMPPID", g.amppID(i))
			data(code(i, 0), "2015-06-01", "2019-03-12")
			data(code(i, 1), "2019-03-13", "")
			o.close("AMPP")
		case r == 16: // two in elements of their own, one of 14 digits
			for k := 2; k <= 3; k++ {
				o.open("AMPP")
				o.id("AMPPID", g.amppID(i))
				data(code(i, k), "2018-01-01", "")
				o.close("AMPP")
			}
		case r == 17: // the sequence within GTINDATA repeated
			o.open("AMPP")
			o.id("AMPPID", g.amppID(i))
			o.record("GTINDATA", "GTIN", code(i, 0), "STARTDT", "2012-01-01", "ENDDT", "2013-12-31", "GTIN", code(i, 1), "STARTDT", "2014-01-01")
			o.close("AMPP")
		case r == 18: // empty
			o.open("AMPP")
			o.id("AMPPID", g.amppID(i))
			data("", "2016-01-01", "")
			o.close("AMPP")
		default: // a code that another pack had before
			o.open("AMPP")
			o.id("AMPPID", g.amppID(i))
			data(code(max(i-1, 0), 2), "2010-01-01", "2011-12-31")
			data(code(i, 0), "2012-01-01", "")
			o.close("AMPP")
		}
	})
	if g.cfg.Faults {
		o.record("AMPP", "AMPPID", newID(9, 7).String())
		o.open("AMPP")
		o.id("AMPPID", g.amppID(0))
		data("5099000000001", "2016-01-01", "")
		o.close("AMPP")
	}
	o.close("AMPPS")
	o.end("GTIN_DETAILS")
}

func (g *gen) bnf(o *out) {
	o.root("bnf_v1_0", "BNF_DETAILS")
	o.open("VMPS")
	for i := range g.n.VMPs {
		o.open("VMP")
		o.id("VPID", g.vmpID(i))
		o.field("BNF", pad(g.rnd(forVMP, i, 2)%15_000_000, 8))
		if i%3 > 0 {
			o.field("ATC", "C03EB0"+strconv.Itoa(i%10))
			o.field("DDD", []string{"240", "0.5", "3"}[i%3])
			o.field("DDD_UOMCD", []string{unitMG, unitMG, unitGram}[i%3])
		}
		o.close("VMP")
	}
	o.close("VMPS")
	o.open("AMPS")
	for i := range g.n.AMPs {
		if i%2 == 0 {
			o.open("AMP")
			o.id("APID", g.ampID(i))
			o.field("BNF", pad(g.rnd(forVMP, g.vmpOf(i), 2)%15_000_000, 8))
			o.close("AMP")
		}
	}
	o.close("AMPS")
	o.end("BNF_DETAILS")
}

func (g *gen) history(o *out) {
	o.root("history_v1_0", "HISTORY")
	row := func(tag, current, previous, start, end string) {
		o.record(tag, "IDCURRENT", current, "IDPREVIOUS", previous, "STARTDT", start, "ENDDT", end)
	}
	o.open("VTMS")
	for i := range g.n.VTMs {
		if i%67 == 2 {
			row("VTM", g.vtmID(i).String(), newID(10, i).String(), "2004-12-01", "2017-03-09")
			row("VTM", g.vtmID(i).String(), g.vtmID(i).String(), "2017-03-10", "")
		}
	}
	o.close("VTMS")
	o.open("VMPS")
	for i := range g.n.VMPs {
		if i%83 == 6 {
			row("VMP", g.vmpID(i).String(), newID(8, i).String(), "2004-05-04", "2009-03-31")
			row("VMP", g.vmpID(i).String(), g.vmpID(i).String(), "2009-04-01", "")
		}
	}
	o.close("VMPS")
	o.open("INGS")
	for i := range g.nIngr {
		if i%31 == 3 {
			row("ING", g.ingID(i).String(), newID(11, i).String(), "2004-12-01", "2007-08-12")
		}
	}
	o.close("INGS")
	o.open("SUPPS")
	row("SUPP", g.suppID(0).String(), g.suppID(0).String(), "2004-12-01", "")
	o.close("SUPPS")
	o.open("FORMS")
	row("FORM", "421720008", newID(13, 1).String(), "2004-12-01", "2018-04-17")
	o.close("FORMS")
	o.open("ROUTES")
	row("ROUTE", "26643006", "26643006", "2004-12-01", "")
	o.close("ROUTES")
	o.open("UOMS")
	row("UOM", unitTablet, unitTablet, "2007-10-01", "")
	o.close("UOMS")
	o.end("HISTORY")
}

func (g *gen) vtmIngredients(o *out) {
	o.root("vtm_ing_v1_0", "VTM_INGREDIENTS")
	for i := range g.n.VTMs {
		o.record("VTM_ING", "VTMID", g.vtmID(i).String(), "ISID", g.ingID(i).String())
		if i%23 == 5 {
			o.record("VTM_ING", "VTMID", g.vtmID(i).String(), "ISID", g.ingID((i+7)%g.nIngr).String())
		}
	}
	o.end("VTM_INGREDIENTS")
}
