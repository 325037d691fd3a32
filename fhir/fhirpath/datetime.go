package fhirpath

import (
	"math/big"
	"time"
)

// A date or time keeps its fields, precision and zone as written in num and
// meta: from the lowest bit second 6, minute 6, hour 5, day 5, month 4, year
// 14, zone 11 bits.

// Precisions of dates and times.
const (
	precYear = iota + 1
	precMonth
	precDay
	precHour
	precMinute
	precSecond
	precFraction
)

// Zones that are not offset + zoneBias.
const (
	zoneBias  = 1024
	zoneZulu  = 2047 // Z
	zoneMinus = 2046 // -00:00
)

func (v Value) precision() int { return int(v.meta >> 8 & 15) }
func (v Value) second() int    { return int(v.num & 63) }
func (v Value) minute() int    { return int(v.num >> 6 & 63) }
func (v Value) hour() int      { return int(v.num >> 12 & 31) }
func (v Value) day() int       { return int(v.num >> 17 & 31) }
func (v Value) month() int     { return int(v.num >> 22 & 15) }
func (v Value) year() int      { return int(v.num >> 26 & 0x3fff) }
func (v Value) nanos() int     { return int(v.meta >> 32) }
func (v Value) hasZone() bool  { return v.meta&metaZone != 0 }

// offset returns the zone in minutes east.
func (v Value) offset() int {
	z := int(v.num >> 40)
	if z == zoneZulu || z == zoneMinus {
		return 0
	}
	return z - zoneBias
}

// fields are the parts of a date or time.
type fields struct{ year, month, day, hour, minute, second, nanos int }

func (v Value) fields() fields {
	return fields{v.year(), v.month(), v.day(), v.hour(), v.minute(), v.second(), v.nanos()}
}

// withFields replaces the fields up to the precision of v; those beyond are 0.
func (v Value) withFields(f fields) Value {
	if p := v.precision(); p < precFraction {
		f.nanos = 0
		if p < precSecond {
			f.second = 0
			if p < precMinute {
				f.minute = 0
				if p < precHour {
					f.hour = 0
					if p < precDay {
						f.day = 0
						if p < precMonth {
							f.month = 0
						}
					}
				}
			}
		}
	}
	v.num = v.num>>40<<40 | int64(f.year)<<26 | int64(f.month)<<22 | int64(f.day)<<17 | int64(f.hour)<<12 | int64(f.minute)<<6 | int64(f.second)
	v.meta = v.meta&0xffffffff | meta(f.nanos)<<32
	return v
}

func (v Value) withPrecision(p int) Value {
	v.meta = v.meta&^(15<<8) | meta(p)<<8
	if p < precFraction {
		v.meta &^= 0xff
	}
	return v.withFields(v.fields())
}

// withZone sets the zone as it is stored.
func (v Value) withZone(z int) Value {
	v.num = v.num&(1<<40-1) | int64(z)<<40
	v.meta |= metaZone
	return v
}

func (v Value) withoutZone() Value {
	v.num &= 1<<40 - 1
	v.meta &^= metaZone
	return v
}

// asDateTime turns a date into a dateTime of the same precision.
func (v Value) asDateTime() Value { return v.withKind(KindDateTime) }

func (v Value) withKind(k Kind) Value {
	v.meta = v.meta&^(0xff<<16) | metaOf(k)
	return v
}

// dateOf makes a date; month and day are 0 where the precision leaves them open.
func dateOf(year, month, day, prec int) Value {
	return Value{num: int64(year)<<26 | int64(month)<<22 | int64(day)<<17, meta: metaOf(KindDate) | meta(prec)<<8}
}

func two(s string, i int) (int, bool) {
	if i+2 > len(s) || !isDigit(s[i]) || !isDigit(s[i+1]) {
		return 0, false
	}
	return int(s[i]-'0')*10 + int(s[i+1]-'0'), true
}

// scanDateLiteral reads a date or dateTime at the start of s and returns its
// length; 0 if there is none.
func scanDateLiteral(s string) (Value, int) {
	century, ok1 := two(s, 0)
	years, ok2 := two(s, 2)
	year := century*100 + years
	if !ok1 || !ok2 || year == 0 {
		return Value{}, 0
	}
	n, month, day, prec := 4, 0, 0, precYear
	if m, ok := two(s, 5); ok && s[4] == '-' {
		if m < 1 || m > 12 {
			return Value{}, 0
		}
		n, month, prec = 7, m, precMonth
		if d, ok := two(s, 8); ok && s[7] == '-' {
			if d < 1 || d > daysIn(year, m) {
				return Value{}, 0
			}
			n, day, prec = 10, d, precDay
		}
	}
	v := dateOf(year, month, day, prec)
	if n == len(s) || s[n] != 'T' {
		return v, n
	}
	v = v.asDateTime()
	if n++; prec < precDay || n == len(s) || !isDigit(s[n]) {
		return v, n
	}
	t, length := scanClock(s[n:])
	if length == 0 {
		return Value{}, 0
	}
	n += length
	f := t.fields()
	f.year, f.month, f.day = year, month, day
	v.meta = v.meta&^(15<<8) | t.meta&(15<<8|0xff)
	v = v.withFields(f)
	zone, length, ok := scanZone(s[n:])
	if !ok {
		return Value{}, 0
	}
	if length > 0 {
		v = v.withZone(zone)
	}
	return v, n + length
}

// scanTimeLiteral reads a time of day. One with a zone is marked as bad.
func scanTimeLiteral(s string) (Value, int) {
	v, n := scanClock(s)
	if n == 0 {
		return Value{}, 0
	}
	_, length, ok := scanZone(s[n:])
	if !ok {
		return Value{}, 0
	}
	if length > 0 {
		v.meta |= metaBad
	}
	return v, n + length
}

// scanClock reads hh[:mm[:ss[.fff]]].
func scanClock(s string) (Value, int) {
	f, n, prec := fields{}, 2, precHour
	var ok bool
	if f.hour, ok = two(s, 0); !ok || f.hour > 23 {
		return Value{}, 0
	}
	digits := 0
	if m, ok := two(s, 3); ok && s[2] == ':' {
		if m > 59 {
			return Value{}, 0
		}
		f.minute, n, prec = m, 5, precMinute
		if sec, ok := two(s, 6); ok && s[5] == ':' {
			if sec > 60 { // FHIR allows a leap second
				return Value{}, 0
			}
			f.second, n, prec = sec, 8, precSecond
			if len(s) > 9 && s[8] == '.' && isDigit(s[9]) {
				n, prec = 9, precFraction
				for scale := 100_000_000; n < len(s) && isDigit(s[n]); n++ {
					f.nanos += int(s[n]-'0') * scale
					scale /= 10
					digits = min(digits+1, 9)
				}
			}
		}
	}
	v := Value{meta: metaOf(KindTime) | meta(prec)<<8 | meta(digits)}
	return v.withFields(f), n
}

// scanZone reads Z or an offset; length 0 if there is none.
func scanZone(s string) (zone, length int, ok bool) {
	if s == "" {
		return 0, 0, true
	}
	switch s[0] {
	case 'Z':
		return zoneZulu, 1, true
	case '+', '-':
		h, ok1 := two(s, 1)
		m, ok2 := two(s, 4)
		if !ok1 || !ok2 || s[3] != ':' {
			return 0, 0, true // an operator
		}
		if h > 14 || m > 59 || h == 14 && m > 0 {
			return 0, 0, false
		}
		z := h*60 + m
		if s[0] == '-' {
			if z == 0 {
				return zoneMinus, 6, true
			}
			z = -z
		}
		return z + zoneBias, 6, true
	}
	return 0, 0, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func append2(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

func (v Value) appendDate(b []byte) []byte {
	p := v.precision()
	b = append2(append2(b, v.year()/100), v.year()%100)
	if p >= precMonth {
		b = append2(append(b, '-'), v.month())
	}
	if p >= precDay {
		b = append2(append(b, '-'), v.day())
	}
	if p < precHour {
		return b
	}
	b = v.appendTime(append(b, 'T'))
	if !v.hasZone() {
		return b
	}
	switch z := int(v.num >> 40); z {
	case zoneZulu:
		return append(b, 'Z')
	case zoneMinus:
		return append(b, "-00:00"...)
	default:
		z -= zoneBias
		sign := byte('+')
		if z < 0 {
			sign, z = '-', -z
		}
		return append2(append(append2(append(b, sign), z/60), ':'), z%60)
	}
}

func (v Value) appendTime(b []byte) []byte {
	p := v.precision()
	b = append2(b, v.hour())
	if p >= precMinute {
		b = append2(append(b, ':'), v.minute())
	}
	if p >= precSecond {
		b = append2(append(b, ':'), v.second())
	}
	if p >= precFraction {
		b = append(b, '.')
		for n, scale := v.scale(), 100_000_000; n > 0; n-- {
			b = append(b, byte('0'+v.nanos()/scale%10))
			scale /= 10
		}
	}
	return b
}

// daysBefore returns the number of days from 0000-03-01 to a date.
func daysBefore(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1
}

// dateAfter is the inverse of daysBefore.
func dateAfter(days int) (year, month, day int) {
	era := days / 146097
	d := days % 146097
	y := (d - d/1460 + d/36524 - d/146096) / 365
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153
	day = d - (153*m+2)/5 + 1
	year, month = y+era*400, m+3
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// shift moves a moment by minutes, as for another zone.
func (f fields) shift(minutes int) fields {
	total := f.hour*60 + f.minute + minutes
	days := 0
	for total < 0 {
		total += 24 * 60
		days--
	}
	days += total / (24 * 60)
	total %= 24 * 60
	f.hour, f.minute = total/60, total%60
	if days != 0 {
		f.year, f.month, f.day = dateAfter(daysBefore(f.year, f.month, f.day) + days)
	}
	return f
}

// utc returns the fields, moved to UTC if there is a zone.
func (v Value) utc() fields {
	f := v.fields()
	if off := v.offset(); v.hasZone() && off != 0 {
		return f.shift(-off)
	}
	return f
}

// compareDates compares two dates, two times or a date and a dateTime. It is
// false where the order is unknown, because of precision or of a zone that
// only one of them has.
func compareDates(a, b Value) (order int, known bool) {
	pa, pb := min(a.precision(), precSecond), min(b.precision(), precSecond)
	if pa == pb && a.num>>40 == b.num>>40 {
		// The fields lie in num from year to second.
		switch {
		case a.num != b.num:
			if a.num < b.num {
				return -1, true
			}
			return 1, true
		case a.nanos() != b.nanos():
			if a.nanos() < b.nanos() {
				return -1, true
			}
			return 1, true
		}
		return 0, true
	}
	if a.hasZone() != b.hasZone() && pa >= precHour && pb >= precHour {
		return compareAcrossZones(a, b)
	}
	x, y := a.fields(), b.fields()
	if a.num>>40 != b.num>>40 {
		x, y = a.utc(), b.utc()
	}
	from := precYear
	if a.Kind() == KindTime {
		from = precHour
	}
	for p := from; p <= precSecond; p++ {
		if p > pa || p > pb {
			return 0, pa == pb
		}
		m, n := x.at(p), y.at(p)
		if m != n {
			if m < n {
				return -1, true
			}
			return 1, true
		}
	}
	return 0, true
}

// at returns a field by its precision; seconds with their fraction.
func (f *fields) at(p int) int64 {
	switch p {
	case precYear:
		return int64(f.year)
	case precMonth:
		return int64(f.month)
	case precDay:
		return int64(f.day)
	case precHour:
		return int64(f.hour)
	case precMinute:
		return int64(f.minute)
	}
	return int64(f.second)*1e9 + int64(f.nanos)
}

// compareAcrossZones compares moments of which one has no zone: any from 12
// hours west to 14 hours east may be meant.
func compareAcrossZones(a, b Value) (order int, known bool) {
	minutes := func(v Value) int {
		f := v.utc()
		return (daysBefore(f.year, f.month, f.day)*24+f.hour)*60 + f.minute
	}
	const most = 15 * 60
	switch d := minutes(a) - minutes(b); {
	case d < -most:
		return -1, true
	case d > most:
		return 1, true
	}
	return 0, false
}

// timeSpan is a duration for date arithmetic: a whole number of a unit, and
// for seconds a fraction.
type timeSpan struct {
	unit  int // a precision; weeks are days
	n     int64
	nanos int64
}

// timeUnit returns the precision that a unit of time moves, and how many of
// it; false for units that have no place in date arithmetic.
func timeUnit(unit string, calendar bool) (prec int, times int64, ok bool) {
	if word := calendarUnit(unit); word != "" {
		unit, calendar = word, true
	}
	if calendar {
		switch unit {
		case "year":
			return precYear, 1, true
		case "month":
			return precMonth, 1, true
		case "week":
			return precDay, 7, true
		case "day":
			return precDay, 1, true
		case "hour":
			return precHour, 1, true
		case "minute":
			return precMinute, 1, true
		case "second":
			return precSecond, 1, true
		case "millisecond":
			return precFraction, 1, true
		}
	}
	switch unit {
	case "wk":
		return precDay, 7, true
	case "d":
		return precDay, 1, true
	case "h":
		return precHour, 1, true
	case "min":
		return precMinute, 1, true
	case "s":
		return precSecond, 1, true
	case "ms":
		return precFraction, 1, true
	}
	return 0, 0, false
}

// span converts a quantity to a timeSpan; false if it is too large.
func span(q Value, prec int, times int64) (timeSpan, bool) {
	s := timeSpan{unit: prec}
	whole := q.asDecimal()
	if q.scale() > 0 {
		whole = q.asDecimal().roundTo(0, truncate)
	}
	if !whole.small() {
		return s, false
	}
	n, ok := mul64(whole.num, times)
	if !ok || n > 1e14 || n < -1e14 {
		return s, false
	}
	switch s.n = n; prec {
	case precFraction:
		s.unit, s.n, s.nanos = precSecond, n/1000, n%1000*1e6
	case precSecond:
		if q.scale() > 0 {
			rest := new(big.Rat).Sub(q.rat(), whole.rat())
			rest.Mul(rest, big.NewRat(1e9, 1))
			s.nanos = new(big.Int).Quo(rest.Num(), rest.Denom()).Int64()
		}
	}
	return s, true
}

// months returns a span of years or months in months.
func (s timeSpan) months() int64 {
	if s.unit == precYear {
		return s.n * 12
	}
	return s.n
}

// addMonths moves a date, and its day to the last one of a shorter month. The
// zero Value if the result is out of range.
func (v Value) addMonths(n int64) Value {
	const day, month, year = 17, 22, 26 // the fields' places in num
	at := max(v.month(), 1) - 1         // 0 where the precision is a year
	total := int64(v.year())*12 + int64(at) + n
	if total < 12 || total >= 10000*12 {
		return Value{}
	}
	y, m := total/12, total%12
	if d := v.day(); d > 28 {
		if last := daysIn(int(y), int(m)+1); d > last {
			v.num -= int64(d-last) << day
		}
	}
	v.num += (y-int64(v.year()))<<year + (m-int64(at))<<month
	return v
}

// addSpan adds a duration to a date, dateTime or time. The duration is first
// cut down to the precision of the date. The zero Value if the result is out of
// range.
func addSpan(v Value, s timeSpan) Value {
	n, nanos := s.n, s.nanos
	if v.Kind() == KindTime {
		return addToTime(v, s.unit, n, nanos)
	}
	p := v.precision()
	unit := s.unit
	// Coarser dates take what the duration amounts to in their precision.
	for unit > p {
		switch unit {
		case precSecond, precMinute:
			n /= 60
			nanos = 0
		case precHour:
			n /= 24
		case precDay:
			if p == precYear {
				n /= 365
				unit--
			} else {
				n /= 30
			}
		case precMonth:
			n /= 12
		}
		unit--
	}
	if unit <= precMonth {
		return v.addMonths(timeSpan{unit: unit, n: n}.months())
	}
	f := v.fields()
	if unit == precDay {
		return v.addDays(f, n)
	}
	total := (int64(f.hour)*60+int64(f.minute))*60 + int64(f.second)
	switch unit {
	case precHour:
		total += n * 3600
	case precMinute:
		total += n * 60
	default:
		total += n
		total += f.addNanos(nanos, p)
	}
	days := total / 86400
	if total %= 86400; total < 0 {
		total += 86400
		days--
	}
	f.hour, f.minute, f.second = int(total/3600), int(total/60%60), int(total%60)
	return v.addDays(f, days)
}

// addNanos adds nanoseconds, where the precision has them, and returns the
// carry in seconds.
func (f *fields) addNanos(nanos int64, prec int) int64 {
	if prec < precFraction {
		return 0
	}
	carry := int64(0)
	ns := int64(f.nanos) + nanos
	if ns < 0 {
		ns += 1e9
		carry = -1
	} else if ns >= 1e9 {
		ns -= 1e9
		carry = 1
	}
	f.nanos = int(ns)
	return carry
}

// addDays moves a date by days.
func (v Value) addDays(f fields, days int64) Value {
	if days != 0 {
		total := int64(daysBefore(f.year, f.month, f.day)) + days
		if total < int64(daysBefore(1, 1, 1)) || total > int64(daysBefore(9999, 12, 31)) {
			return Value{}
		}
		f.year, f.month, f.day = dateAfter(int(total))
	}
	return v.withFields(f)
}

// addToTime moves a time of day around the clock.
func addToTime(v Value, unit int, n, nanos int64) Value {
	p := v.precision()
	for unit > min(p, precSecond) {
		n /= 60
		nanos = 0
		unit--
	}
	f := v.fields()
	total := (int64(f.hour)*60+int64(f.minute))*60 + int64(f.second)
	switch unit {
	case precHour:
		total += n % 24 * 3600
	case precMinute:
		total += n % 1440 * 60
	default:
		total += n % 86400
	}
	total += f.addNanos(nanos, p)
	total = (total%86400 + 86400) % 86400
	f.hour, f.minute, f.second = int(total/3600), int(total/60%60), int(total%60)
	return v.withFields(f)
}

// nowValue returns a moment as a dateTime with milliseconds and zone.
func nowValue(t time.Time) Value {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	zone := zoneZulu
	if _, offset := t.Zone(); offset != 0 {
		zone = offset/60 + zoneBias
	}
	v := Value{meta: metaOf(KindDateTime) | meta(precFraction)<<8 | 3}
	return v.withZone(zone).withFields(fields{year, int(month), day, hour, minute, second, t.Nanosecond() / 1e6 * 1e6})
}
