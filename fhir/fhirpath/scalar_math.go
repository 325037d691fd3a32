package fhirpath

import (
	"math/big"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/real"
	"github.com/nhskit/nhskit/fhir/ucum"
)

func mathAbs(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	if in.sign() >= 0 {
		return in
	}
	return in.negate()
}

// whole rounds a number to an integer, or to a long or decimal if it is too
// large for one; a quantity keeps its unit.
func whole(v Value, mode rounding) Value {
	if v.Kind() == KindInteger || v.Kind() == KindLong {
		return v
	}
	if v.Kind() == KindQuantity {
		r := v.asDecimal().roundTo(0, mode)
		return r.withUnit(v.str, v.meta&metaCalendar != 0)
	}
	r := v
	if v.scale() > 0 {
		r = v.roundTo(0, mode)
	}
	if !r.small() {
		return r
	}
	return IntValue(r.num)
}

func mathCeiling(_ *evaluator, _ *expr, in, _, _, _ Value) Value  { return whole(in, ceiling) }
func mathFloor(_ *evaluator, _ *expr, in, _, _, _ Value) Value    { return whole(in, floor) }
func mathTruncate(_ *evaluator, _ *expr, in, _, _, _ Value) Value { return whole(in, truncate) }

func mathRound(ev *evaluator, e *expr, in, places, _, _ Value) Value {
	if places.IsZero() {
		return whole(in, halfUp)
	}
	if places.num < 0 {
		return ev.fail(e, CodeOperand, "5.7.8", "round needs a number of digits that is not negative")
	}
	if in.Kind() == KindInteger || in.Kind() == KindLong {
		return in
	}
	if int64(in.scale()) <= places.num {
		return in
	}
	r := in.asDecimal().roundTo(int(places.num), halfUp)
	if in.Kind() == KindQuantity {
		return r.withUnit(in.str, in.meta&metaCalendar != 0)
	}
	return r
}

// exponentLimit bounds arguments of exp and power, whose results have that
// many digits before or behind the point.
const exponentLimit = 2000

func mathExp(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	if in.sign() == 0 {
		return decimalValue(10, 1)
	}
	if compareNumbers(in, intValue(exponentLimit)) > 0 || compareNumbers(in, intValue(-exponentLimit)) < 0 {
		return Value{}
	}
	return fromFloat(real.Exp(in.float()))
}

func mathLn(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	if in.sign() <= 0 {
		return Value{}
	}
	return fromFloat(real.Ln(in.float()))
}

func mathLog(_ *evaluator, _ *expr, in, base, _, _ Value) Value {
	if in.sign() <= 0 || base.sign() <= 0 || compareNumbers(base, intValue(1)) == 0 {
		return Value{}
	}
	return fromFloat(new(big.Float).Quo(real.Ln(in.float()), real.Ln(base.float())))
}

func mathSqrt(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	if in.sign() < 0 {
		return Value{}
	}
	return fromFloat(new(big.Float).Sqrt(in.float()))
}

func mathPower(_ *evaluator, _ *expr, in, exp, _, _ Value) Value {
	if in.sign() == 0 {
		switch {
		case exp.sign() < 0:
			return Value{}
		case exp.sign() == 0:
			return intValue(1)
		}
		return in
	}
	isWhole := exp.Kind() != KindDecimal || compareNumbers(exp, exp.roundTo(0, truncate)) == 0
	if isWhole {
		n := whole(exp, truncate)
		if !n.small() || n.num > exponentLimit || n.num < -exponentLimit {
			return Value{}
		}
		k := big.NewInt(max(n.num, -n.num))
		num := new(big.Int).Exp(in.coefficient(), k, nil)
		scale := in.scale() * int(k.Int64())
		integral := in.Kind() != KindDecimal && exp.Kind() != KindDecimal
		switch {
		case n.num >= 0 && integral:
			if !num.IsInt64() {
				return Value{}
			}
			return IntValue(num.Int64())
		case n.num >= 0 && scale <= maxScale:
			return bigDecimal(num, scale)
		}
		r := new(big.Rat).SetFrac(num, tenTo(scale))
		if n.num < 0 {
			r.Inv(r)
		}
		return ratDecimal(r, 0)
	}
	if in.sign() < 0 {
		return Value{}
	}
	l := real.Ln(in.float())
	l.Mul(l, exp.float())
	if l.Cmp(big.NewFloat(exponentLimit)) > 0 || l.Cmp(big.NewFloat(-exponentLimit)) < 0 {
		return Value{}
	}
	return fromFloat(real.Exp(l))
}

// boundaryDigits returns the argument of the boundary functions.
func boundaryDigits(digits Value) (n int, given bool) {
	if digits.IsZero() {
		return 0, false
	}
	return int(digits.num), true
}

func lowBoundary(_ *evaluator, _ *expr, in, digits, _, _ Value) Value {
	n, given := boundaryDigits(digits)
	return boundary(in, n, given, false)
}

func highBoundary(_ *evaluator, _ *expr, in, digits, _, _ Value) Value {
	n, given := boundaryDigits(digits)
	return boundary(in, n, given, true)
}

func valuePrecision(_ *evaluator, _ *expr, in, _, _, _ Value) Value { return digitsOf(in) }

func quantityComparable(_ *evaluator, _ *expr, in, other, _, _ Value) Value {
	a, b, ok := asQuantities(in, other)
	if !ok {
		return Value{}
	}
	if sameUnit(a, b) {
		return boolValue(true)
	}
	_, m := a.months()
	_, n := b.months()
	u, ok1 := a.ucumUnit()
	w, ok2 := b.ucumUnit()
	return boolValue(m && n || ok1 && ok2 && u.Commensurable(w))
}

func convertToQuantity(_ *evaluator, _ *expr, in, unit, _, _ Value) Value {
	q := toQuantity(in)
	if q.IsZero() || unit.IsZero() || unit.Kind() != KindString {
		return q
	}
	code, calendar := strings.Trim(unit.str, "'"), false
	if word := calendarUnit(code); word != "" {
		code, calendar = word, true
	} else if _, err := ucum.Parse(code); err != nil {
		return Value{}
	}
	return q.toUnit(code, calendar)
}

func convertsToQuantity(ev *evaluator, e *expr, in, unit, _, _ Value) Value {
	return boolValue(!convertToQuantity(ev, e, in, unit, Value{}, Value{}).IsZero())
}

// datePart is yearOf, monthOf, ... dateOf, timeOf.
func datePart(_ *evaluator, e *expr, in, _, _, _ Value) Value {
	p := in.precision()
	part := func(need, n int) Value {
		if p < need || in.Kind() == KindTime && need < precHour {
			return Value{}
		}
		return intValue(int64(n))
	}
	switch e.name {
	case "yearOf":
		return part(precYear, in.year())
	case "monthOf":
		return part(precMonth, in.month())
	case "dayOf":
		return part(precDay, in.day())
	case "hourOf":
		return part(precHour, in.hour())
	case "minuteOf":
		return part(precMinute, in.minute())
	case "secondOf":
		return part(precSecond, in.second())
	case "millisecondOf":
		return part(precFraction, in.nanos()/1e6)
	case "timezoneOffsetOf":
		if !in.hasZone() {
			return Value{}
		}
		return ratDecimal(big.NewRat(int64(in.offset()), 60), 1)
	case "timeOf":
		if p < precHour {
			return Value{}
		}
		return in.withoutZone().withKind(KindTime).withFields(fields{hour: in.hour(), minute: in.minute(), second: in.second(), nanos: in.nanos()})
	}
	return toDate(in)
}

func dateDuration(_ *evaluator, _ *expr, in, to, unit, _ Value) Value {
	return duration(in, to, unit.str, false)
}

func dateDifference(_ *evaluator, _ *expr, in, to, unit, _ Value) Value {
	return duration(in, to, unit.str, true)
}
