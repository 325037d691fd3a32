package dmd

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// UnitVersion names the table of units behind the conversion of doses: that of
// the dose syntax implementation guide.
const UnitVersion = "dose-syntax-2025"

// unitScaleOf is a unit of measure that doses are converted between.
type unitInfo struct {
	kind  byte // m mass, v volume, l length
	power int  // of ten, in grams, litres or metres
	ucum  string
	name  string
}

// doseUnit returns what is known of a unit by its SNOMED CT code.
func doseUnit(code string) (unitInfo, bool) {
	switch code {
	case "258683005":
		return unitInfo{'m', 3, "kg", "kilogram"}, true
	case "258682000":
		return unitInfo{'m', 0, "g", "gram"}, true
	case "258684004":
		return unitInfo{'m', -3, "mg", "milligram"}, true
	case "258685003":
		return unitInfo{'m', -6, "ug", "microgram"}, true
	case "258686002":
		return unitInfo{'m', -9, "ng", "nanogram"}, true
	case "258770004":
		return unitInfo{'v', 0, "L", "litre"}, true
	case "258773002":
		return unitInfo{'v', -3, "mL", "millilitre"}, true
	case "258774008":
		return unitInfo{'v', -6, "uL", "microlitre"}, true
	case "282113003":
		return unitInfo{'v', -9, "nL", "nanolitre"}, true
	case "258669008":
		return unitInfo{'l', 0, "m", "metre"}, true
	case "258672001":
		return unitInfo{'l', -2, "cm", "centimetre"}, true
	case "258673006":
		return unitInfo{'l', -3, "mm", "millimetre"}, true
	}
	return unitInfo{}, false
}

// ucumOnly are units that have a UCUM code but are not converted.
func ucumOnly(code string) string {
	switch code {
	case "258718000":
		return "mmol"
	case "258719008":
		return "umol"
	case "258997004":
		return "[iU]"
	case "258702006":
		return "h"
	case "258798001":
		return "mg/mL"
	case "258801007":
		return "ug/mL"
	case "258796002":
		return "mg/L"
	case "258794004":
		return "g/L"
	case "396169007":
		return "g/mL"
	case "258806002":
		return "ng/mL"
	case "258813002":
		return "mmol/L"
	case "258812007":
		return "mol/L"
	case "259002007":
		return "[iU]/mL"
	case "229034000":
		return "MBq"
	case "282143001":
		return "kBq"
	case "418931004":
		return "GBq"
	case "396163008":
		return "mg/kg"
	case "408168009":
		return "mg/g"
	case "258731005":
		return "[ppm]"
	case "259022006":
		return "cm2"
	}
	return ""
}

// UCUM returns the UCUM code of a unit of measure given by its SNOMED CT code, or
// "" for those that UCUM does not have, such as tablets.
func UCUM(code string) string {
	if u, ok := doseUnit(code); ok {
		return u.ucum
	}
	return ucumOnly(code)
}

// unitByUCUM finds the SNOMED CT code of a unit that doses are converted between.
func unitByUCUM(ucum string) string {
	for _, code := range []string{"258683005", "258682000", "258684004", "258685003", "258686002", "258770004", "258773002", "258774008", "282113003", "258669008", "258672001", "258673006"} {
		if u, _ := doseUnit(code); u.ucum == ucum {
			return code
		}
	}
	switch ucum {
	case "l":
		return "258770004"
	case "ml":
		return "258773002"
	case "ul":
		return "258774008"
	}
	return ""
}

// ErrUnits says that two units do not measure the same thing.
var ErrUnits = errors.New("dmd: the units cannot be converted into each other")

// ConvertUnits converts a number between units of mass, volume or length given
// by their SNOMED CT codes, exactly. A unit converts into itself whatever it is.
func ConvertUnits(value *big.Rat, from, to string) (*big.Rat, error) {
	if from == to {
		return new(big.Rat).Set(value), nil
	}
	a, ok1 := doseUnit(from)
	b, ok2 := doseUnit(to)
	if !ok1 || !ok2 || a.kind != b.kind {
		return nil, ErrUnits
	}
	return new(big.Rat).Mul(value, pow10(a.power-b.power)), nil
}

func pow10(n int) *big.Rat {
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil)
	if n < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), p)
	}
	return new(big.Rat).SetInt(p)
}

// Rank orders the products that make up a dose.
type Rank uint8

// The ranks, best first.
const (
	NoRank       Rank = iota
	Whole             // a whole number of products
	WithPart          // more than one, with a part of one
	BelowOne          // part of one
	NotDivisible      // part of a form that must not be divided
)

// notDivisible lists the forms that must not be divided: capsule,
// modified-release capsule and tablet, spray.
func notDivisible(form string) bool {
	switch form {
	case "385049006", "385054002", "385061003", "421720008":
		return true
	}
	return false
}

// rankOf ranks a quantity of a form.
func rankOf(q *big.Rat, form string) Rank {
	switch {
	case q.IsInt():
		return Whole
	case notDivisible(form):
		return NotDivisible
	case q.Cmp(big.NewRat(1, 1)) > 0:
		return WithPart
	}
	return BelowOne
}

// DoseOf computes how many units of a product make up a dose: the dose in the
// strength's unit, divided by the strength, and by the unit dose form size if
// there is one. It fails with ErrUnits or for a strength of zero.
func DoseOf(dose Decimal, doseUnit string, strength Strength, size *Decimal) (*big.Rat, error) {
	num := strength.Numerator.Value.Rat()
	if num.Sign() <= 0 {
		return nil, errors.New("dmd: the product has no strength")
	}
	q, err := ConvertUnits(dose.Rat(), doseUnit, strength.Numerator.Unit.Code)
	if err != nil {
		return nil, err
	}
	if strength.Denominator.Unit.Code != "" {
		if strength.Denominator.Value.Sign() <= 0 {
			return nil, errors.New("dmd: the product has no strength")
		}
		q.Mul(q, strength.Denominator.Value.Rat())
	}
	q.Quo(q, num)
	if size != nil {
		if size.Sign() <= 0 {
			return nil, errors.New("dmd: the unit dose form size is zero")
		}
		q.Quo(q, size.Rat())
	}
	return q, nil
}

// DoseOption is a product that makes up a dose.
type DoseOption struct {
	Product  Product
	Rank     Rank
	Quantity *big.Rat // how many of Unit
	Unit     Term     // tablet, ml, vial
	Form     Term
}

// Decimal writes the quantity as an exact decimal; ok is false if it has no
// finite one and only the fraction is exact.
func (o DoseOption) Decimal() (s string, ok bool) { return formatRat(o.Quantity) }

// DoseFilter narrows the products for a dose by the SNOMED CT codes of route and
// form; "" admits all.
type DoseFilter struct {
	Route, Form string
	NotBest     bool // also products of more than one ingredient
}

// DoseToProducts finds the virtual products of a moiety (or the virtual product
// itself) that make up a dose, best first: by rank, then by the number of units.
// Invalid and unavailable products are left out, and so are those whose strength
// is in a unit that the dose does not convert to or is a rate. The dose is of the first
// ingredient; products of several are left out unless asked for.
func (s *Store) DoseToProducts(p Product, dose Decimal, unit string, f DoseFilter) []DoseOption {
	var out []DoseOption
	for _, vmp := range p.AppendVMPs(nil) {
		r := vmp.row()
		if vmp.Invalid() || r.flag(vmpNONAVAILCD) {
			continue
		}
		strengths := vmp.Strengths()
		if len(strengths) == 0 || len(strengths) > 1 && !f.NotBest || !strengths[0].HasValue {
			continue
		}
		if f.Route != "" && !slices.ContainsFunc(vmp.Routes(), func(t Term) bool { return t.Code == f.Route }) {
			continue
		}
		forms := vmp.Forms()
		if f.Form != "" && !slices.ContainsFunc(forms, func(t Term) bool { return t.Code == f.Form }) {
			continue
		}
		var form Term
		if len(forms) > 0 {
			form = forms[0]
		}
		size, countIn, err := vmp.countedIn(strengths[0])
		if err != nil {
			continue
		}
		q, err := DoseOf(dose, unit, strengths[0], size)
		if err != nil {
			continue
		}
		out = append(out, DoseOption{vmp, rankOf(q, form.Code), q, countIn, form})
	}
	slices.SortStableFunc(out, func(a, b DoseOption) int {
		if a.Rank != b.Rank {
			return int(a.Rank) - int(b.Rank)
		}
		return a.Quantity.Cmp(b.Quantity)
	})
	return out
}

// countedIn tells in what a dose of the product is counted, and by what size to
// divide: unit doses for a discrete product, the strength's own volume for one
// that is poured out. A strength that is for each unit dose, as 1 g in 1 vial is,
// needs no size, whatever the vial holds. It fails with ErrUnits for a strength
// that no size of the product converts to: a patch that releases 25 micrograms an
// hour is no dose of 25 micrograms.
func (p Product) countedIn(st Strength) (size *Decimal, unit Term, err error) {
	df := p.DoseForm()
	const continuous = "2"
	if df.Size.Unit.Code == "" || df.Indicator.Code == continuous {
		if st.Denominator.Unit.Code != "" {
			return nil, st.Denominator.Unit, nil
		}
		return nil, df.UnitDose, nil
	}
	v := df.Size.Value
	if den := st.Denominator.Unit.Code; den != "" && den != df.Size.Unit.Code {
		if den == df.UnitDose.Code {
			return nil, df.UnitDose, nil
		}
		r, err := ConvertUnits(v.Rat(), df.Size.Unit.Code, den)
		if err != nil {
			return nil, Term{}, err
		}
		text, _ := formatRat(r) // units differ by powers of ten
		if v, err = ParseDecimal(text); err != nil {
			return nil, Term{}, err
		}
	}
	return &v, df.UnitDose, nil
}

// ProductDose is the dose in a number of units of a product.
type ProductDose struct {
	Ingredient Product
	Value      *big.Rat
	Unit       Term   // of the dictionary
	UCUM       string // "" if UCUM has none
	Routes     []Term
}

// ProductToDose computes how much of each ingredient is in a number of units of
// a virtual or actual product: 10 ml of a solution of 250 mg in 5 ml hold 500 mg.
// A product with a strength by time, such as a patch, fails with ErrUnits.
func (p Product) ProductToDose(quantity Decimal) ([]ProductDose, error) {
	vmp, ok := p.VMP()
	if !ok {
		return nil, fmt.Errorf("dmd: %s is not a product with a strength", p.Kind())
	}
	var out []ProductDose
	for _, st := range vmp.Strengths() {
		if !st.HasValue {
			continue
		}
		size, _, err := vmp.countedIn(st)
		if err != nil {
			return nil, fmt.Errorf("dmd: the strength in %s: %w", st.Ingredient.Name(), err)
		}
		v := quantity.Rat()
		v.Mul(v, st.Numerator.Value.Rat())
		if size != nil {
			v.Mul(v, size.Rat())
		}
		if st.Denominator.Unit.Code != "" && st.Denominator.Value.Sign() > 0 {
			v.Quo(v, st.Denominator.Value.Rat())
		}
		out = append(out, ProductDose{st.Ingredient, v, st.Numerator.Unit, UCUM(st.Numerator.Unit.Code), vmp.Routes()})
	}
	if len(out) == 0 {
		return nil, errors.New("dmd: the product has no strength")
	}
	return out, nil
}

// DailyDoses computes how many defined daily doses are in a number of units of a
// product of one ingredient. ok is false if the product has no DDD, or its
// strength is in a unit that does not convert to the DDD's.
func (p Product) DailyDoses(quantity Decimal) (n *big.Rat, ok bool) {
	c, _ := p.Class()
	if c.DDD.Unit.Code == "" || c.DDD.Value.Sign() <= 0 {
		return nil, false
	}
	doses, err := p.ProductToDose(quantity)
	if err != nil || len(doses) != 1 {
		return nil, false
	}
	v, err := ConvertUnits(doses[0].Value, doses[0].Unit.Code, c.DDD.Unit.Code)
	if err != nil {
		return nil, false
	}
	return v.Quo(v, c.DDD.Value.Rat()), true
}

// DMDUnit returns the SNOMED CT code of the amount's unit: its code, if that is
// one, or that of the UCUM unit of mass, volume or length; "" for others.
func (a *Amount) DMDUnit() string {
	if _, err := sctid.Parse(a.Code); err == nil {
		return a.Code
	}
	return unitByUCUM(a.Code)
}
