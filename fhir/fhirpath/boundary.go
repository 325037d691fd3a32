package fhirpath

// The boundaries of a value are the least and greatest values that it can
// stand for, given the digits it was written with.

// boundary returns the low or high boundary with the wanted precision; the
// zero Value if there is none. want is negative for the default.
func boundary(v Value, want int, given, high bool) Value {
	if given && want < 0 {
		return Value{}
	}
	switch v.Kind() {
	case KindInteger, KindLong, KindDecimal:
		if !given {
			want = 8
		}
		return decimalBoundary(v.asDecimal(), want, high)
	case KindQuantity:
		if !given {
			want = 8
		}
		d := decimalBoundary(v.asDecimal(), want, high)
		return d.withUnit(v.str, v.meta&metaCalendar != 0)
	case KindDate:
		if !given {
			want = 8
		}
		return dateBoundary(v, want, high)
	case KindDateTime:
		if !given {
			want = 17
		}
		return dateBoundary(v, want, high)
	case KindTime:
		if !given {
			want = 9
		}
		return timeBoundary(v, want, high)
	}
	return Value{}
}

// decimalBoundary moves by half of the last digit. Digits that are cut off
// are dropped on the side of zero and rounded on the other one.
func decimalBoundary(v Value, want int, high bool) Value {
	if want > divisionDigits {
		return Value{}
	}
	half := decimalValue(5, v.scale()+1)
	sign := -1
	if high {
		sign = 1
	}
	b := addDecimals(v, half, sign)
	mode := truncate
	if high == (v.sign() >= 0) {
		mode = halfUp
	}
	r := b.roundTo(want, mode)
	if r.sign() == 0 && b.sign() < 0 {
		r.meta |= metaNegZero
	}
	return r
}

// datePrecision returns the precision that a number of digits stands for.
func datePrecision(digits int) int {
	switch digits {
	case 4:
		return precYear
	case 6:
		return precMonth
	case 8:
		return precDay
	case 10:
		return precHour
	case 12:
		return precMinute
	case 14:
		return precSecond
	case 17:
		return precFraction
	}
	return 0
}

func dateBoundary(v Value, want int, high bool) Value {
	p := datePrecision(want)
	if p == 0 {
		return Value{}
	}
	if p > precDay && v.Kind() == KindDate {
		v = v.asDateTime()
	}
	if p > precDay && !v.hasZone() {
		// Without a zone the earliest moment is that of the easternmost one.
		if high {
			v = v.withZone(-12*60 + zoneBias)
		} else {
			v = v.withZone(14*60 + zoneBias)
		}
	}
	v = fill(v, p, high)
	if p <= precDay {
		v = v.withoutZone()
	}
	return v
}

// timePrecision returns the precision that a number of digits stands for.
func timePrecision(digits int) int {
	switch digits {
	case 2:
		return precHour
	case 4:
		return precMinute
	case 6:
		return precSecond
	case 9:
		return precFraction
	}
	return 0
}

func timeBoundary(v Value, want int, high bool) Value {
	p := timePrecision(want)
	if p == 0 {
		return Value{}
	}
	return fill(v, p, high)
}

// fill gives the open fields of a date or time their least or greatest values
// and cuts it to a precision.
func fill(v Value, p int, high bool) Value {
	have := v.precision()
	f := v.fields()
	if have < precMonth {
		f.month = 1
		if high {
			f.month = 12
		}
	}
	if have < precDay {
		f.day = 1
		if high {
			f.day = daysIn(f.year, f.month)
		}
	}
	if high {
		if have < precHour {
			f.hour = 23
		}
		// QUIRK: FHIRPath's own example of highBoundary, and the suite
		// (HighBoundaryDateTimeMillisecond1), keep the minutes of an hour at 00.
		if have < precMinute && have != precHour {
			f.minute = 59
		}
		if have < precSecond {
			f.second = 59
		}
		if have < precFraction {
			f.nanos = 999_000_000
		}
	}
	if v.scale() == 0 {
		v.meta |= 3
	}
	v = v.withPrecision(p)
	return v.withFields(f)
}

// digitsOf is precision(): digits behind the point of a number, digits of a
// date or time.
func digitsOf(v Value) Value {
	switch v.Kind() {
	case KindInteger, KindLong:
		return intValue(0)
	case KindDecimal, KindQuantity:
		return intValue(int64(v.scale()))
	case KindDate, KindDateTime:
		return intValue([...]int64{0, 4, 6, 8, 10, 12, 14, 17}[v.precision()])
	case KindTime:
		return intValue([...]int64{0, 0, 0, 0, 2, 4, 6, 9}[v.precision()])
	}
	return Value{}
}
