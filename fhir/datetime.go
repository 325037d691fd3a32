package fhir

import (
	"errors"
	"time"
)

// Precision says how exact a date or time is.
type Precision uint8

// The precisions, from the coarsest.
const (
	NoPrecision Precision = iota // of a zero value
	Year
	Month
	Day
	Minute // of FHIRPath literals; FHIR itself has none such
	Second
	Fraction // of a second
)

// ErrSyntax is the error of the functions that parse primitive values. It
// says nothing of the value, which may be personal data.
var ErrSyntax = errors.New("fhir: malformed primitive value")

// Date is a FHIR date: a year, a month of a year, or a day, as written.
// Comparable; the zero Date is none.
type Date struct {
	year       uint16
	month, day uint8
}

// ParseDate parses YYYY, YYYY-MM or YYYY-MM-DD. The error is ErrSyntax.
func ParseDate(s string) (Date, error) {
	d, n := scanDate(s)
	if n == 0 || n != len(s) {
		return Date{}, ErrSyntax
	}
	return d, nil
}

// NewDate returns the date of a year, month and day; 0 leaves the day, or the
// month and the day, open. The error is ErrSyntax.
func NewDate(year, month, day int) (Date, error) {
	if year < 1 || year > 9999 || month < 0 || month > 12 || day < 0 || month == 0 && day > 0 || month > 0 && day > daysIn(year, month) {
		return Date{}, ErrSyntax
	}
	return Date{uint16(year), uint8(month), uint8(day)}, nil
}

// scanDate reads a date at the start of s and returns its length, 0 for none.
func scanDate(s string) (Date, int) {
	if len(s) < 4 {
		return Date{}, 0
	}
	year, ok := digits2(s, 0)
	low, ok2 := digits2(s, 2)
	year = year*100 + low
	if !ok || !ok2 || year == 0 {
		return Date{}, 0
	}
	d := Date{year: uint16(year)}
	if len(s) < 7 || s[4] != '-' {
		return d, 4
	}
	month, ok := digits2(s, 5)
	if !ok || month < 1 || month > 12 {
		return Date{}, 0
	}
	d.month = uint8(month)
	if len(s) < 10 || s[7] != '-' {
		return d, 7
	}
	day, ok := digits2(s, 8)
	if !ok || day < 1 || day > daysIn(year, month) {
		return Date{}, 0
	}
	d.day = uint8(day)
	return d, 10
}

func digits2(s string, i int) (int, bool) {
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
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

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Year returns the year.
func (d Date) Year() int { return int(d.year) }

// Month returns the month, 0 if it is open.
func (d Date) Month() int { return int(d.month) }

// Day returns the day of the month, 0 if it is open.
func (d Date) Day() int { return int(d.day) }

// Precision returns Year, Month or Day.
func (d Date) Precision() Precision {
	switch {
	case d.day != 0:
		return Day
	case d.month != 0:
		return Month
	case d.year != 0:
		return Year
	}
	return NoPrecision
}

// String returns the date as FHIR writes it, "" for the zero Date.
func (d Date) String() string { return string(d.append(nil)) }

// AppendText appends what String returns. The error is always nil.
func (d Date) AppendText(b []byte) ([]byte, error) { return d.append(b), nil }

// MarshalText returns what String returns. The error is always nil.
func (d Date) MarshalText() ([]byte, error) { return d.append(nil), nil }

// UnmarshalText parses a date as ParseDate does; empty text is the zero Date.
func (d *Date) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	*d, err = ParseDate(string(b))
	return err
}

func (d Date) append(b []byte) []byte {
	if d.year == 0 {
		return b
	}
	b = append2(append2(b, int(d.year)/100), int(d.year)%100)
	if d.month != 0 {
		b = append2(append(b, '-'), int(d.month))
	}
	if d.day != 0 {
		b = append2(append(b, '-'), int(d.day))
	}
	return b
}

func append2(b []byte, v int) []byte { return append(b, byte('0'+v/10%10), byte('0'+v%10)) }

// Compare returns -1, 0 or 1, and false where the precisions differ and the
// common part is equal, so that the order is unknown.
func (d Date) Compare(o Date) (int, bool) {
	a, b := [3]int{int(d.year), int(d.month), int(d.day)}, [3]int{int(o.year), int(o.month), int(o.day)}
	for i := range a {
		switch {
		case a[i] == b[i]:
		case i > 0 && (a[i] == 0 || b[i] == 0):
			return 0, false
		case a[i] < b[i]:
			return -1, true
		default:
			return 1, true
		}
	}
	return 0, true
}

// Time is a FHIR time of day, with the digits of its fraction as written.
// Comparable; the zero Time is none, unlike midnight.
type Time struct {
	nanos             uint32
	hour, minute, sec uint8
	prec              uint8 // Precision, and above it the number of fraction digits in steps of 16
}

// ParseTime parses hh:mm:ss with or without a fraction. Of a fraction, nine
// digits are kept. The error is ErrSyntax.
func ParseTime(s string) (Time, error) {
	t, n := scanTime(s)
	if n == 0 || n != len(s) {
		return Time{}, ErrSyntax
	}
	return t, nil
}

// scanTime reads a time at the start of s and returns its length, 0 for none.
func scanTime(s string) (Time, int) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return Time{}, 0
	}
	h, ok1 := digits2(s, 0)
	m, ok2 := digits2(s, 3)
	sec, ok3 := digits2(s, 6)
	// A leap second is in the standard's regular language for dateTime.
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 60 {
		return Time{}, 0
	}
	t := Time{hour: uint8(h), minute: uint8(m), sec: uint8(sec), prec: uint8(Second)}
	if len(s) < 10 || s[8] != '.' {
		return t, 8
	}
	i, scale := 9, uint32(100_000_000)
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		t.nanos += scale * uint32(s[i]-'0')
		scale /= 10
		i++
	}
	if i == 9 {
		return Time{}, 0
	}
	t.prec = uint8(Fraction) | uint8(min(i-9, 9))<<4
	return t, i
}

// IsZero reports whether t is no time.
func (t Time) IsZero() bool { return t == Time{} }

// Clock returns the hour, minute and second; the second may be 60.
func (t Time) Clock() (hour, minute, second int) { return int(t.hour), int(t.minute), int(t.sec) }

// Nanosecond returns the fraction of the second in nanoseconds.
func (t Time) Nanosecond() int { return int(t.nanos) }

// Precision returns Second or Fraction.
func (t Time) Precision() Precision { return Precision(t.prec & 15) }

// FractionDigits returns the number of digits that the fraction was written
// with, at most 9.
func (t Time) FractionDigits() int { return int(t.prec >> 4) }

// String returns the time as FHIR writes it, "" for the zero Time.
func (t Time) String() string { return string(t.append(nil)) }

// AppendText appends what String returns. The error is always nil.
func (t Time) AppendText(b []byte) ([]byte, error) { return t.append(b), nil }

// MarshalText returns what String returns. The error is always nil.
func (t Time) MarshalText() ([]byte, error) { return t.append(nil), nil }

// UnmarshalText parses a time as ParseTime does; empty text is the zero Time.
func (t *Time) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*t = Time{}
		return nil
	}
	*t, err = ParseTime(string(b))
	return err
}

func (t Time) append(b []byte) []byte {
	if t.prec == 0 {
		return b
	}
	b = append2(b, int(t.hour))
	b = append2(append(b, ':'), int(t.minute))
	b = append2(append(b, ':'), int(t.sec))
	if n := t.FractionDigits(); n > 0 {
		b = append(b, '.')
		for scale := uint32(100_000_000); n > 0; n, scale = n-1, scale/10 {
			b = append(b, byte('0'+t.nanos/scale%10))
		}
	}
	return b
}

// Compare returns -1, 0 or 1. Seconds and fractions are one precision. It is
// false if one of them is the zero Time.
func (t Time) Compare(o Time) (int, bool) {
	if t.prec == 0 || o.prec == 0 {
		return 0, false
	}
	a, b := t.nanosOfDay(), o.nanosOfDay()
	switch {
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, true
}

func (t Time) nanosOfDay() int64 {
	return ((int64(t.hour)*60+int64(t.minute))*60+int64(t.sec))*1e9 + int64(t.nanos)
}

// DateTime is a FHIR dateTime or instant: a date, or a date with a time and a
// zone, all as written. Comparable with == as written ("Z" is not "+00:00");
// Compare compares moments. The zero DateTime is none.
type DateTime struct {
	time Time
	date Date
	zone int16 // minutes east of UTC
	kind zoneKind
}

type zoneKind uint8

const (
	noZone zoneKind = iota
	zuluZone
	offsetZone
	minusZero // "-00:00"
)

// ParseDateTime parses a dateTime: YYYY, YYYY-MM, YYYY-MM-DD, or
// YYYY-MM-DDThh:mm:ss with or without a fraction and with a zone. The error
// is ErrSyntax.
func ParseDateTime(s string) (DateTime, error) {
	v, ok := scanDateTime(s)
	if !ok {
		return DateTime{}, ErrSyntax
	}
	return v, nil
}

// ParseInstant parses a dateTime that has a time and a zone. The error is
// ErrSyntax.
func ParseInstant(s string) (DateTime, error) {
	v, ok := scanDateTime(s)
	if !ok || v.Precision() < Second {
		return DateTime{}, ErrSyntax
	}
	return v, nil
}

// FromTime returns the moment t with its zone, to the precision of digits
// fraction digits (0 to 9). The error is ErrSyntax for years outside 1 to
// 9999 and zones of broken minutes.
func FromTime(t time.Time, digits int) (DateTime, error) {
	_, offset := t.Zone()
	if digits < 0 || digits > 9 || t.Year() < 1 || t.Year() > 9999 || offset%60 != 0 || offset < -14*3600 || offset > 14*3600 {
		return DateTime{}, ErrSyntax
	}
	v := DateTime{
		date: Date{uint16(t.Year()), uint8(t.Month()), uint8(t.Day())},
		time: Time{hour: uint8(t.Hour()), minute: uint8(t.Minute()), sec: uint8(t.Second()), prec: uint8(Second)},
		zone: int16(offset / 60), kind: offsetZone,
	}
	if t.Location() == time.UTC {
		v.kind = zuluZone
	}
	if digits > 0 {
		scale := uint32(1)
		for range 9 - digits {
			scale *= 10
		}
		v.time.nanos = uint32(t.Nanosecond()) / scale * scale
		v.time.prec = uint8(Fraction) | uint8(digits)<<4
	}
	return v, nil
}

func scanDateTime(s string) (DateTime, bool) {
	d, n := scanDate(s)
	if n == 0 {
		return DateTime{}, false
	}
	v := DateTime{date: d}
	if n == len(s) {
		return v, true
	}
	if n != 10 || s[n] != 'T' {
		return DateTime{}, false
	}
	t, m := scanTime(s[n+1:])
	if m == 0 {
		return DateTime{}, false
	}
	v.time = t
	zone := s[n+1+m:]
	if zone == "Z" {
		v.kind = zuluZone
		return v, true
	}
	if len(zone) != 6 || zone[3] != ':' || zone[0] != '+' && zone[0] != '-' {
		return DateTime{}, false
	}
	h, ok1 := digits2(zone, 1)
	min, ok2 := digits2(zone, 4)
	if !ok1 || !ok2 || min > 59 || h > 14 || h == 14 && min > 0 {
		return DateTime{}, false
	}
	v.zone, v.kind = int16(h*60+min), offsetZone
	if zone[0] == '-' {
		v.zone = -v.zone
		if v.zone == 0 {
			v.kind = minusZero
		}
	}
	return v, true
}

// IsZero reports whether v is no dateTime.
func (v DateTime) IsZero() bool { return v == DateTime{} }

// Date returns the date as written.
func (v DateTime) Date() Date { return v.date }

// TimeOfDay returns the time as written, the zero Time if there is none.
func (v DateTime) TimeOfDay() Time { return v.time }

// Zone returns the zone as minutes east of UTC, and false if there is none.
func (v DateTime) Zone() (minutes int, ok bool) { return int(v.zone), v.kind != noZone }

// Precision returns Year, Month, Day, Second or Fraction.
func (v DateTime) Precision() Precision {
	if v.time.prec != 0 {
		return v.time.Precision()
	}
	return v.date.Precision()
}

// String returns the value as FHIR writes it, "" for the zero DateTime.
func (v DateTime) String() string { return string(v.append(nil)) }

// AppendText appends what String returns. The error is always nil.
func (v DateTime) AppendText(b []byte) ([]byte, error) { return v.append(b), nil }

// MarshalText returns what String returns. The error is always nil.
func (v DateTime) MarshalText() ([]byte, error) { return v.append(nil), nil }

// UnmarshalText parses a value as ParseDateTime does; empty text is the zero
// DateTime.
func (v *DateTime) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*v = DateTime{}
		return nil
	}
	*v, err = ParseDateTime(string(b))
	return err
}

func (v DateTime) append(b []byte) []byte {
	b = v.date.append(b)
	if v.time.prec == 0 {
		return b
	}
	b = v.time.append(append(b, 'T'))
	zone := int(v.zone)
	switch v.kind {
	case zuluZone:
		return append(b, 'Z')
	case minusZero:
		return append(b, "-00:00"...)
	case noZone:
		return b
	}
	sign := byte('+')
	if zone < 0 {
		sign, zone = '-', -zone
	}
	b = append2(append(b, sign), zone/60)
	return append2(append(b, ':'), zone%60)
}

// Time returns the moment, and false if v has no time of day. A leap second
// is the first moment of the next minute.
func (v DateTime) Time() (time.Time, bool) {
	if v.time.prec == 0 {
		return time.Time{}, false
	}
	loc := time.UTC
	if v.kind == offsetZone && v.zone != 0 {
		loc = time.FixedZone("", int(v.zone)*60)
	}
	return time.Date(v.date.Year(), time.Month(v.date.month), v.date.Day(),
		int(v.time.hour), int(v.time.minute), int(v.time.sec), int(v.time.nanos), loc), true
}

// Compare returns -1, 0 or 1, and false where the order is unknown: where
// the precisions differ and the common part is equal. Values with zones
// compare as moments.
func (v DateTime) Compare(o DateTime) (int, bool) {
	a, ok1 := v.Time()
	b, ok2 := o.Time()
	if ok1 && ok2 {
		return a.Compare(b), true
	}
	// At most one has a time: its date, in its own zone or in any other one,
	// decides only where it is more than a day away.
	if ok1 != ok2 {
		return compareWithDate(v, o, ok1)
	}
	return v.date.Compare(o.date)
}

// compareWithDate compares a moment with a date, which has no zone: any from
// 14 hours east to 12 hours west may be meant.
func compareWithDate(v, o DateTime, firstIsMoment bool) (int, bool) {
	moment, date := v, o
	if !firstIsMoment {
		moment, date = o, v
	}
	at, _ := moment.Time()
	d := date.date
	from := time.Date(d.Year(), time.Month(max(int(d.month), 1)), max(int(d.day), 1), 0, 0, 0, 0, time.UTC)
	until := from.AddDate(0, 0, 1)
	switch d.Precision() {
	case Year:
		until = from.AddDate(1, 0, 0)
	case Month:
		until = from.AddDate(0, 1, 0)
	}
	order := 0
	switch {
	case at.Before(from.Add(-14 * time.Hour)):
		order = -1
	case !at.Before(until.Add(12 * time.Hour)):
		order = 1
	default:
		return 0, false
	}
	if !firstIsMoment {
		order = -order
	}
	return order, true
}
