package dmdtest

import "strings"

// form is a dose form with what follows from it.
type form struct {
	name     string // in product names, plural
	code     string
	route    string
	ont      string
	unit     string // how it is counted
	discrete bool
	udfs     string // unit dose form size
	udfsUnit string
	dose     string // unit dose unit
	per      string // volume of the strength's denominator in the name, in ml; "" for none
	packs    []string
}

// Units and codes are those of the dictionary's lists, without which doses
// could not be computed.
const (
	unitTablet  = "428673006"
	unitCapsule = "428641000"
	unitML      = "258773002"
	unitMG      = "258684004"
	unitMicro   = "258685003"
	unitGram    = "258682000"
	unitDose    = "3317411000001100"
	unitPatch   = "419702001"
	unitSpoon   = "733015007"
	unitAmpoule = "413516001"
	unitSupp    = "430293001"
)

func forms() []form {
	return []form{
		{"tablets", "385055001", "26643006", "0001", unitTablet, true, "1", unitTablet, unitTablet, "", []string{"28", "56", "84", "100"}},
		{"capsules", "385049006", "26643006", "0003", unitCapsule, true, "1", unitCapsule, unitCapsule, "", []string{"21", "28", "30", "100"}},
		{"modified-release tablets", "385061003", "26643006", "0002", unitTablet, true, "1", unitTablet, unitTablet, "", []string{"28", "56", "60"}},
		{"oral solution", "385023001", "26643006", "0005", unitML, false, "5", unitML, unitSpoon, "5", []string{"100", "150", "300"}},
		{"oral suspension", "385024007", "26643006", "0006", unitML, false, "5", unitML, unitSpoon, "5", []string{"100", "500"}},
		{"solution for injection ampoules", "385219001", "47625008", "0024", unitAmpoule, true, "2", unitML, unitAmpoule, "2", []string{"5", "10"}},
		{"cream", "385099005", "6064005", "0008", unitGram, false, "", "", "", "%", []string{"30", "50", "100"}},
		{"ointment", "385101003", "6064005", "0007", unitGram, false, "", "", "", "%", []string{"30", "60"}},
		{"inhaler", "385203008", "18679011000001101", "0004", unitDose, true, "1", unitDose, unitDose, "", []string{"120", "200"}},
		{"suppositories", "385194003", "37161004", "0021", unitSupp, true, "1", unitSupp, unitSupp, "", []string{"10", "12"}},
		{"transdermal patches", "385114002", "45890007", "0100", unitPatch, true, "1", unitPatch, unitPatch, "", []string{"4", "5"}},
		{"eye drops", "385124005", "54485002", "0010", unitML, false, "", "", "", "%", []string{"5", "10"}},
	}
}

// entry is a code with its text.
type entry struct{ code, text string }

// lists returns the look-up lists in the order of the file, with a selection of
// the real entries. Suppliers are made up elsewhere.
func lists() []struct {
	name    string
	entries []entry
} {
	parse := func(s string) []entry {
		var out []entry
		for line := range strings.SplitSeq(strings.TrimSpace(s), ";") {
			code, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			out = append(out, entry{code, text})
		}
		return out
	}
	type list = struct {
		name    string
		entries []entry
	}
	return []list{
		{"COMBINATION_PACK_IND", parse("0001 Combination pack; 0002 Component only pack")},
		{"COMBINATION_PROD_IND", parse("0001 Combination Product; 0002 Component only product")},
		{"BASIS_OF_NAME", parse("0001 rINN - Recommended International Non-proprietary; 0002 BAN - British Approved Name; 0007 Other")},
		{"NAMECHANGE_REASON", parse("0003 Basis of name changed; 0004 Other")},
		{"VIRTUAL_PRODUCT_PRES_STATUS", parse("0001 Valid as a prescribable product; 0002 Invalid to prescribe in NHS primary care; 0003 Not prescribable as a VMP but AMP prescribable; 0004 Never Valid To Prescribe As A VMP; 0005 Not Recommended To Prescribe As A VMP; 0009 Caution - AMP level prescribing advised; 0042 A status that no program has heard of")},
		{"CONTROL_DRUG_CATEGORY", parse("0000 No Controlled Drug Status; 0001 Schedule 1 (CD Lic); 0002 Schedule 2 (CD); 0003 Schedule 2 (CD Exempt Safe Custody); 0004 Schedule 3 (CD No Register); 0005 Schedule 3 (CD No Register Exempt Safe Custody); 0008 Schedule 4 (CD Anab); 0009 Schedule 4 (CD Benz); 0010 Schedule 5 (CD Inv)")},
		{"LICENSING_AUTHORITY", parse("0000 None; 0001 Medicines - MHRA/EMA; 0002 Devices; 0003 Unknown; 0004 Traditional Herbal Medicines")},
		{"UNIT_OF_MEASURE", parse(unitMG + " mg; " + unitMicro + " microgram; " + unitGram + " gram; 258683005 kg; 258686002 nanogram; " + unitML + " ml; 258770004 litre; 258774008 microlitre; " + unitTablet + " tablet; " + unitCapsule + " capsule; " + unitDose + " dose; " + unitPatch + " patch; " + unitSpoon + " spoonful; " + unitAmpoule + " ampoule; " + unitSupp + " suppository; 419672006 bottle; 3318611000001103 pre-filled disposable injection; 415818006 vial; 767525000 unit")},
		{"FORM", nil},
		{"ONT_FORM_ROUTE", parse("0001 tablet.oral; 0002 tabletmodified-release.oral; 0003 capsule.oral; 0004 pressurizedinhalation.inhalation; 0005 solution.oral; 0006 suspension.oral; 0007 ointment.cutaneous; 0008 cream.cutaneous; 0010 solutiondrops.ophthalmic; 0021 suppository.rectal; 0024 solutioninjection.intravenous; 0100 patch.transdermal")},
		{"ROUTE", parse("26643006 Oral; 47625008 Intravenous; 6064005 Cutaneous; 18679011000001101 Inhalation; 37161004 Rectal; 45890007 Transdermal; 54485002 Ocular")},
		{"DT_PAYMENT_CATEGORY", parse("0001 Part VIIIA Category A; 0003 Part VIIIA Category C; 0011 Part VIIIA Category M; 0005 Part IXa")},
		{"SUPPLIER", nil},
		{"FLAVOUR", parse("0013 Cherry; 0029 Lemon; 0048 Strawberry & cream")},
		{"COLOUR", parse("0003 Blue; 0031 Orange; 0042 White")},
		{"BASIS_OF_STRNTH", parse("0001 Based on Ingredient Substance; 0002 Based on Base Substance")},
		{"REIMBURSEMENT_STATUS", parse("0000 Not allowed (not in Drug Tariff); 0001 Allowed (in Drug Tariff)")},
		{"SPEC_CONT", parse("0001 Special container; 0002 Sub-pack is a special container")},
		{"DND", parse("0001 Discount not deducted - automatic; 0002 Discount not deducted - endorsement required")},
		{"VIRTUAL_PRODUCT_NON_AVAIL", parse("0000 Actual Products Available; 0001 Actual Products not Available")},
		{"DISCONTINUED_IND", parse("0000 Reinstated; 0001 Discontinued Flag")},
		{"DF_INDICATOR", parse("1 Discrete; 2 Continuous; 3 Not applicable")},
		{"PRICE_BASIS", parse("0001 NHS Indicative Price; 0002 No Price Available; 0003 No Price product centrally funded; 0004 No Price priced when manufactured")},
		{"LEGAL_CATEGORY", parse("0001 GSL; 0002 P; 0003 POM; 0004 Not Applicable")},
		{"AVAILABILITY_RESTRICTION", parse("0001 None; 0002 Restricted Availability; 0003 Individual Patient Supply; 0004 Imported; 0005 Clinical Trial; 0006 Special; 0007 Extemp; 0008 Hospital Only; 0009 Not available")},
		{"LICENSING_AUTHORITY_CHANGE_REASON", parse("0001 Licence Granted; 0003 Withdrawn Manufacturer; 0006 Discontinued/Expired/Lapsed")},
		{"LIST_OF_A_LATER_YEAR", parse("0001 A list that no program has heard of")},
	}
}

// title makes a name out of syllables, chosen by the number n.
func title(n uint64, ending string) string {
	const heads = "Abacalidobefacorudexaeloferigabuhydoimolkevalisimentonaroparaquiroserutelavanixylo"
	const middles = "balocirodamefenugilohatejolikaromiraneloperisotavuzi"
	b := make([]byte, 0, 24)
	h := int(n % uint64(len(heads)/4))
	b = append(b, strings.ToUpper(heads[h*4:h*4+1])...)
	b = append(b, strings.ToLower(heads[h*4+1:h*4+4])...)
	n /= uint64(len(heads) / 4)
	for range 2 {
		m := int(n % uint64(len(middles)/4))
		b = append(b, middles[m*4:m*4+4]...)
		n /= uint64(len(middles) / 4)
		if n%3 == 0 {
			break
		}
	}
	return string(append(b, ending...))
}
