package fhirpath

import (
	"math/big"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/ucum"
)

// withUnit turns a decimal into a quantity.
func (v Value) withUnit(unit string, calendar bool) Value {
	if v.IsZero() {
		return v
	}
	v = v.asDecimal().withKind(KindQuantity)
	v.str = unit
	if calendar {
		v.meta |= metaCalendar
	}
	return v
}

// isQuantity reports whether nodes of a type stand for a System.Quantity.
func isQuantity(t fhir.Type) bool {
	switch t.Name() {
	case "Quantity", "Age", "Distance", "Duration", "Count", "SimpleQuantity", "MoneyQuantity":
		return true
	}
	return false
}

// ucumSystem is the code system of units.
const ucumSystem = "http://unitsofmeasure.org"

// quantityOf converts a FHIR Quantity: its value with its UCUM code, or, where
// it is not coded in UCUM, with its unit. One with a comparator stands for no
// value.
func quantityOf(n fhir.Node) Value {
	var value Value
	var system, code, unit string
	for c := n.Cursor(); ; {
		child, ok := c.Next()
		if !ok {
			break
		}
		switch child.Name() {
		case "value":
			value = parseDecimal(child.Raw())
		case "comparator":
			return Value{}
		case "system":
			system = child.Value()
		case "code":
			code = child.Value()
		case "unit":
			unit = child.Value()
		}
	}
	switch {
	case code != "" && (system == ucumSystem || system == ""):
		unit = code
	case unit == "" && code == "":
		unit = "1"
	case unit == "":
		unit = code
	}
	if system == ucumSystem {
		// FHIR says which UCUM units of time are calendar durations.
		switch unit {
		case "a":
			return value.withUnit("year", true)
		case "mo":
			return value.withUnit("month", true)
		}
	}
	return value.withUnit(unit, false)
}

// ucumUnit returns the unit of a quantity in UCUM. Calendar units of a fixed
// length are what they equal there; years and months have no equal.
func (v Value) ucumUnit() (ucum.Unit, bool) {
	code := v.str
	if v.meta&metaCalendar != 0 {
		switch code {
		case "week":
			code = "wk"
		case "day":
			code = "d"
		case "hour":
			code = "h"
		case "minute":
			code = "min"
		case "second":
			code = "s"
		case "millisecond":
			code = "ms"
		default:
			return ucum.Unit{}, false
		}
	}
	u, err := ucum.Parse(code)
	return u, err == nil
}

// months returns how many months a calendar unit of years or months is.
func (v Value) months() (int64, bool) {
	if v.meta&metaCalendar == 0 {
		return 0, false
	}
	switch v.str {
	case "year":
		return 12, true
	case "month":
		return 1, true
	}
	return 0, false
}

// sameUnit reports whether two quantities have one and the same unit.
func sameUnit(a, b Value) bool {
	return a.str == b.str && (a.meta^b.meta)&metaCalendar == 0
}

// compareQuantities compares two quantities; known is false where they are not
// commensurable, and comparable false where they are of different kinds for
// good (and not just, as for years and UCUM's a, of an unclear relation).
func compareQuantities(a, b Value) (order int, known bool) {
	if sameUnit(a, b) {
		return compareNumbers(a, b), true
	}
	m, ok1 := a.months()
	n, ok2 := b.months()
	if ok1 && ok2 {
		return compareNumbers(mulDecimals(a.asDecimal(), decimalValue(m, 0)), mulDecimals(b.asDecimal(), decimalValue(n, 0))), true
	}
	u, ok1 := a.ucumUnit()
	w, ok2 := b.ucumUnit()
	if !ok1 || !ok2 {
		return 0, false
	}
	if f, err := ucum.Ratio(u, w); err == nil {
		if num, den, exp, small := f.Small(); small {
			if order, ok := compareScaled(a, b, num, den, exp); ok {
				return order, true
			}
		}
	}
	order, err := ucum.Compare(a.rat(), u, b.rat(), w)
	return order, err == nil
}

// compareScaled compares a * num/den * 10^exp with b in 64 bits; false if that
// overflows.
func compareScaled(a, b Value, num, den uint64, exp int) (int, bool) {
	if !a.small() || !b.small() || num > 1<<62 || den > 1<<62 {
		return 0, false
	}
	x, ok1 := mul64(a.num, int64(num))
	y, ok2 := mul64(b.num, int64(den))
	if !ok1 || !ok2 {
		return 0, false
	}
	sa, sb := a.scale()-exp, b.scale()
	if sa < 0 {
		sa, sb = 0, sb-sa
	}
	if sa > maxScale || sb > maxScale {
		return 0, false
	}
	return compareNumbers(decimalValue(x, sa), decimalValue(y, sb)), true
}

// toUnit converts a quantity to another unit; the zero Value if it cannot be.
func (v Value) toUnit(unit string, calendar bool) Value {
	target := decimalValue(1, 0).withUnit(unit, calendar)
	if sameUnit(v, target) {
		return v
	}
	m, ok1 := v.months()
	n, ok2 := target.months()
	if ok1 && ok2 {
		return divDecimals(mulDecimals(v.asDecimal(), decimalValue(m, 0)), decimalValue(n, 0)).withUnit(unit, calendar)
	}
	u, ok1 := v.ucumUnit()
	w, ok2 := target.ucumUnit()
	if !ok1 || !ok2 {
		return Value{}
	}
	r, err := ucum.Convert(v.rat(), u, w)
	if err != nil {
		return Value{}
	}
	return ratDecimal(r, 0).withUnit(unit, calendar)
}

// addQuantities returns a+b, or a-b for sign -1, in the unit of a.
func addQuantities(a, b Value, sign int) Value {
	if !sameUnit(a, b) {
		if b = b.toUnit(a.str, a.meta&metaCalendar != 0); b.IsZero() {
			return Value{}
		}
	}
	return addDecimals(a.asDecimal(), b.asDecimal(), sign).withUnit(a.str, a.meta&metaCalendar != 0)
}

// mulQuantities multiplies or, for sign -1, divides quantities. A plain number
// keeps the unit of the other; two units multiply in UCUM's base units.
func mulQuantities(a, b Value, sign int) Value {
	if sign < 0 && b.sign() == 0 {
		return Value{}
	}
	plain := func(v Value) bool { return v.meta&metaCalendar == 0 && v.str == "1" }
	arith := func() Value {
		if sign < 0 {
			return divDecimals(a.asDecimal(), b.asDecimal())
		}
		return mulDecimals(a.asDecimal(), b.asDecimal())
	}
	switch {
	case plain(b):
		return arith().withUnit(a.str, a.meta&metaCalendar != 0)
	case plain(a) && sign > 0:
		return arith().withUnit(b.str, b.meta&metaCalendar != 0)
	case sign < 0 && sameUnit(a, b):
		return arith().withUnit("1", false)
	}
	u, ok1 := a.ucumUnit()
	w, ok2 := b.ucumUnit()
	if !ok1 || !ok2 {
		return Value{}
	}
	combine := ucum.Multiply
	if sign < 0 {
		combine = ucum.Divide
	}
	r, unit, err := combine(a.rat(), u, b.rat(), w)
	if err != nil {
		return Value{}
	}
	return ratDecimal(r, 0).withUnit(unit.String(), false)
}

// canonical returns a number by which equal quantities are equal, and the unit
// it is in, for hashing.
func (v Value) canonical() (*big.Rat, string) {
	if m, ok := v.months(); ok {
		return new(big.Rat).Mul(v.rat(), big.NewRat(m, 1)), "month"
	}
	u, ok := v.ucumUnit()
	if !ok {
		return v.rat(), v.str
	}
	base := u.Base()
	r, err := ucum.Convert(v.rat(), u, base)
	if err != nil {
		return v.rat(), v.str
	}
	return r, base.String()
}
