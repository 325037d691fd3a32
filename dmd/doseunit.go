package dmd

import (
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// UnitVersion names the table of units behind the conversion of doses: that of
// the dose syntax implementation guide.
const UnitVersion = "dose-syntax-2025"

// unitInfo is a unit of measure that doses are converted between.
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

// DMDUnit returns the SNOMED CT code of the amount's unit: its code, if that is
// one, or that of the UCUM unit of mass, volume or length; "" for others.
func (a *Amount) DMDUnit() string {
	if _, err := sctid.Parse(a.Code); err == nil {
		return a.Code
	}
	return unitByUCUM(a.Code)
}

// measure is what a unit measures and how large it is: the kinds of its parts,
// "m/vt" for a mass by volume and time, and its size in grams, litres, metres,
// seconds, months, units and millimoles.
type measure struct {
	kinds string
	size  *big.Rat
}

func (m measure) equal(o measure) bool { return m.kinds == o.kinds && m.size.Cmp(o.size) == 0 }

// simpleMeasure returns the measure of a single unit, in words or in UCUM without
// regard to case.
func simpleMeasure(name string) (kind byte, size *big.Rat, ok bool) {
	switch name {
	case "second", "s":
		return 't', big.NewRat(1, 1), true
	case "minute", "min":
		return 't', big.NewRat(60, 1), true
	case "hour", "h":
		return 't', big.NewRat(3600, 1), true
	case "day", "d":
		return 't', big.NewRat(86_400, 1), true
	case "week", "wk":
		return 't', big.NewRat(604_800, 1), true
	case "month", "mo": // months have no length in days
		return 'c', big.NewRat(1, 1), true
	case "year", "a":
		return 'c', big.NewRat(12, 1), true
	case "metre", "meter":
		return 'l', big.NewRat(1, 1), true
	case "centimetre", "centimeter", "cm":
		return 'l', pow10(-2), true
	case "millimetre", "millimeter", "mm":
		return 'l', pow10(-3), true
	case "[iu]":
		return 'u', big.NewRat(1, 1), true
	}
	u, ok := unitOf(name)
	if u.class == 'm' || u.class == 'v' {
		u.power -= 9
	}
	return u.class, pow10(u.power), ok
}

// measureOfUnit returns the measure of a unit that may have others below the line:
// "milligram per kilogram and hour", "mg/(kg.h)".
func measureOfUnit(unit string) (measure, bool) {
	unit = strings.NewReplacer(" per ", "/", " and ", ".", "(", "", ")", "").Replace(fold(unit))
	above, below, _ := strings.Cut(unit, "/")
	kind, size, ok := simpleMeasure(stem(above))
	if !ok {
		return measure{}, false
	}
	m := measure{string(kind), new(big.Rat).Set(size)}
	if below == "" {
		return m, true
	}
	var kinds []byte
	for name := range strings.FieldsFuncSeq(below, func(r rune) bool { return r == '/' || r == '.' }) {
		kind, size, ok := simpleMeasure(stem(name))
		if !ok {
			return measure{}, false
		}
		kinds = append(kinds, kind)
		m.size.Quo(m.size, size)
	}
	slices.Sort(kinds)
	m.kinds += "/" + string(kinds)
	return m, true
}

// codeMeasure returns the measure that an amount's code says, if it says one.
func (a *Amount) codeMeasure() (measure, bool) {
	if u, ok := doseUnit(a.Code); ok {
		return measure{string(u.kind), pow10(u.power)}, true
	}
	if strings.TrimSuffix(a.System, "/") == SystemUCUM {
		return measureOfUnit(a.Code)
	}
	return measure{}, false
}

// measure returns the measure of an amount's unit by its code or else its words.
func (a *Amount) measure() (measure, bool) {
	if m, ok := a.codeMeasure(); ok {
		return m, true
	}
	return measureOfUnit(a.Unit)
}

// order tells how two amounts stand to each other.
type order uint8

const (
	unknownOrder order = iota // the units are not known, or have no fixed ratio
	below
	same
	above
	otherKind // they do not measure the same thing
)

// compareAmounts compares amounts with units by what they measure, exactly, or by
// their numbers where the units have the same name.
func compareAmounts(a, b *Amount) order {
	x, y := a.Value.Rat(), b.Value.Rat()
	m, ok1 := a.measure()
	n, ok2 := b.measure()
	switch {
	case ok1 && ok2 && m.kinds == n.kinds:
		x.Mul(x, m.size)
		y.Mul(y, n.size)
	case ok1 && ok2 && strings.Contains(m.kinds+n.kinds, "c"): // months and days
		return unknownOrder
	case ok1 && ok2:
		return otherKind
	case stem(fold(a.Unit)) != stem(fold(b.Unit)):
		return unknownOrder
	}
	switch c := x.Cmp(y); {
	case c < 0:
		return below
	case c > 0:
		return above
	}
	return same
}
