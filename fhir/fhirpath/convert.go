package fhirpath

import (
	"strconv"
	"strings"
)

// The conversions return the zero Value where there is none.

func toBoolean(v Value) Value {
	switch v.Kind() {
	case KindBoolean:
		return v
	case KindInteger, KindLong:
		if v.num == 0 || v.num == 1 {
			return boolValue(v.num == 1)
		}
	case KindDecimal:
		if compareNumbers(v, intValue(1)) == 0 || v.sign() == 0 {
			return boolValue(v.sign() != 0)
		}
	case KindString:
		switch strings.ToLower(v.str) {
		case "true", "t", "yes", "y", "1", "1.0":
			return boolValue(true)
		case "false", "f", "no", "n", "0", "0.0":
			return boolValue(false)
		}
	}
	return Value{}
}

// parseInteger reads digits with a sign.
func parseInteger(s string, bits int) (int64, bool) {
	digits := strings.TrimLeft(s, "+-")
	if digits == "" || len(s)-len(digits) > 1 || !isDigit(digits[0]) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, bits)
	return n, err == nil
}

func toInteger(v Value) Value {
	switch v.Kind() {
	case KindInteger:
		return v
	case KindLong:
		if v.num == int64(int32(v.num)) {
			return intValue(v.num)
		}
	case KindBoolean:
		return intValue(v.num)
	case KindString:
		if n, ok := parseInteger(v.str, 32); ok {
			return intValue(n)
		}
	}
	return Value{}
}

func toLong(v Value) Value {
	switch v.Kind() {
	case KindLong:
		return v
	case KindInteger, KindBoolean:
		return longValue(v.num)
	case KindString:
		if n, ok := parseInteger(v.str, 64); ok {
			return longValue(n)
		}
	}
	return Value{}
}

func toDecimal(v Value) Value {
	switch v.Kind() {
	case KindDecimal:
		return v
	case KindInteger, KindLong:
		return v.asDecimal()
	case KindBoolean:
		return decimalValue(v.num*10, 1)
	case KindString:
		if strings.ContainsAny(v.str, "eE") {
			return Value{}
		}
		return parseDecimal(v.str)
	}
	return Value{}
}

func toDate(v Value) Value {
	switch v.Kind() {
	case KindDate:
		return v
	case KindDateTime:
		return v.withoutZone().withPrecision(min(v.precision(), precDay)).withKind(KindDate)
	case KindString:
		if d, n := scanDateLiteral(v.str); n > 0 && n == len(v.str) {
			return toDate(d)
		}
	}
	return Value{}
}

func toDateTime(v Value) Value {
	switch v.Kind() {
	case KindDateTime:
		return v
	case KindDate:
		return v.asDateTime()
	case KindString:
		if d, n := scanDateLiteral(v.str); n > 0 && n == len(v.str) {
			return d.asDateTime()
		}
	}
	return Value{}
}

func toTime(v Value) Value {
	switch v.Kind() {
	case KindTime:
		return v
	case KindString:
		if t, n := scanTimeLiteral(strings.TrimPrefix(v.str, "T")); n > 0 && n == len(strings.TrimPrefix(v.str, "T")) && t.meta&metaBad == 0 {
			return t
		}
	}
	return Value{}
}

func toQuantity(v Value) Value {
	switch v.Kind() {
	case KindQuantity:
		return v
	case KindInteger, KindLong, KindDecimal:
		return v.withUnit("1", false)
	case KindBoolean:
		return decimalValue(v.num*10, 1).withUnit("1", false)
	case KindString:
		return parseQuantity(v.str)
	}
	return Value{}
}

// parseQuantity reads a number, and a UCUM code in quotes or a calendar unit.
func parseQuantity(s string) Value {
	end := 0
	for end < len(s) && (isDigit(s[end]) || strings.IndexByte("+-.", s[end]) >= 0) {
		end++
	}
	number := parseDecimal(s[:end])
	rest := strings.Trim(s[end:], " \t\r\n")
	switch {
	case number.IsZero():
		return Value{}
	case rest == "":
		if end < len(s) {
			return Value{}
		}
		return number.withUnit("1", false)
	case calendarUnit(rest) != "":
		return number.withUnit(calendarUnit(rest), true)
	case len(rest) > 2 && rest[0] == '\'' && strings.IndexByte(rest[1:], '\'') == len(rest)-2:
		return number.withUnit(rest[1:len(rest)-1], false)
	}
	return Value{}
}

// toText is toString: System values and primitives as literals without "@".
func toText(v Value) Value {
	switch v.Kind() {
	case KindString:
		return v
	case KindBoolean, KindInteger, KindLong, KindDecimal, KindDate, KindDateTime, KindTime, KindQuantity:
		return stringValue(v.Text())
	}
	return Value{}
}

// duration counts the whole boundaries (difference) or spans (duration)
// between two dates or times, in the unit named.
func duration(from, to Value, unit string, boundaries bool) Value {
	prec, times, ok := timeUnit(unit, true)
	isTime := from.Kind() == KindTime && to.Kind() == KindTime
	if !ok || !isTime && (!isDate(from.Kind()) || !isDate(to.Kind())) {
		return Value{}
	}
	if need := min(prec, precSecond); isTime && prec < precHour || from.precision() < need || to.precision() < need || from.hasZone() != to.hasZone() && prec > precDay {
		return Value{}
	}
	a, b := from.fields(), to.fields()
	if from.hasZone() && to.hasZone() && prec > precDay {
		a, b = from.utc(), to.utc()
	}
	if prec <= precMonth {
		months := int64(b.year-a.year)*12 + int64(b.month-a.month)
		if prec == precYear && boundaries {
			return IntValue(int64(b.year - a.year))
		}
		if !boundaries {
			late := func(x, y fields) bool {
				x.year, x.month, y.year, y.month = 1, 1, 1, 1
				return x.since() > y.since()
			}
			if months > 0 && late(a, b) {
				months--
			} else if months < 0 && late(b, a) {
				months++
			}
		}
		if prec == precYear {
			months /= 12
		}
		return IntValue(months)
	}
	size := [...]int64{86400e3, 3600e3, 60e3, 1e3, 1}[prec-precDay] * times
	x, y := a.since(), b.since()
	if isTime {
		const day = 86400e3
		x, y = x%day, y%day
	}
	if boundaries {
		// Weeks begin on Sunday; 0000-03-01 was a Wednesday.
		shift := int64(0)
		if times == 7 {
			shift = 3 * 86400e3
		}
		return IntValue((y+shift)/size - (x+shift)/size)
	}
	return IntValue((y - x) / size)
}

// since returns milliseconds since 0000-03-01.
func (f fields) since() int64 {
	days := int64(daysBefore(f.year, max(f.month, 1), max(f.day, 1)))
	return ((days*24+int64(f.hour))*60+int64(f.minute))*60_000 + int64(f.second)*1000 + int64(f.nanos)/1e6
}
