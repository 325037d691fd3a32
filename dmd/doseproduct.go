package dmd

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

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
// there is one. It fails with ErrUnits, and for a dose or a strength that is not
// above zero.
func DoseOf(dose Decimal, doseUnit string, strength Strength, size *Decimal) (*big.Rat, error) {
	if dose.Sign() <= 0 {
		return nil, errNoDose
	}
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

var errNoDose = errors.New("dmd: the dose is not above zero")

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
	Combined    bool // of an ingredient also products that have others beside it
}

// DoseToProducts finds the virtual products of a moiety (or the virtual product
// itself) that make up a dose, best first: by rank, then by the number of units.
// Invalid and unavailable products are left out, and so are those whose strength
// is in a unit that the dose does not convert to or is a rate. A product of several
// ingredients is left out, for it is not said of which the dose is, unless p is the
// ingredient that the dose is of and f asks for such products. A dose that is not
// above zero is made up by nothing.
func (s *Store) DoseToProducts(p Product, dose Decimal, unit string, f DoseFilter) []DoseOption {
	if dose.Sign() <= 0 {
		return nil
	}
	var out []DoseOption
	for _, vmp := range p.AppendVMPs(nil) {
		r := vmp.row()
		if vmp.Invalid() || r.flag(vmpNONAVAILCD) {
			continue
		}
		strength, ok := strengthFor(vmp, p, f.Combined)
		if !ok {
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
		size, countIn, err := vmp.countedIn(strength)
		if err != nil {
			continue
		}
		q, err := DoseOf(dose, unit, strength, size)
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

// strengthFor returns the strength of a product that a dose of p is measured by.
func strengthFor(vmp, p Product, combined bool) (Strength, bool) {
	strengths := vmp.Strengths()
	switch {
	case len(strengths) == 1:
		return strengths[0], strengths[0].HasValue
	case p.Kind() == Ingredient && combined:
		if i := slices.IndexFunc(strengths, func(st Strength) bool { return st.ID == p.ID() }); i >= 0 {
			return strengths[i], strengths[i].HasValue
		}
	}
	return Strength{}, false
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
// A product with a strength by time, such as a patch, fails with ErrUnits, and so
// does, with an error of its own, a quantity that is not above zero.
func (p Product) ProductToDose(quantity Decimal) ([]ProductDose, error) {
	if quantity.Sign() <= 0 {
		return nil, errNoDose
	}
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
