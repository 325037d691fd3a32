package hl7v2

import (
	"errors"
	"fmt"
	"time"
)

// Precision says how much of a DateTime was stated.
type Precision uint8

// The precisions, from nothing to fractions of a second.
const (
	NoDate   Precision = iota // the empty text
	NullDate                  // the HL7 null ""
	Year
	Month
	Day
	Hour
	Minute
	Second
	Fraction
)

var precisionNames = [...]string{"empty", "null", "year", "month", "day", "hour", "minute", "second", "fraction"}

// String returns the precision's name, such as "day".
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return "unknown"
}

// DateTime is a date and time of type TS or DTM, to the precision at which it
// was stated and with its offset from UTC if it has one. It is comparable. The
// zero DateTime is the empty text.
type DateTime struct {
	year      uint16
	month     uint8
	day       uint8
	hour      uint8
	minute    uint8
	second    uint8
	digits    uint8 // of the fraction
	precision Precision
	zoned     bool
	offset    int16  // minutes east of UTC
	fraction  uint16 // in ten-thousandths
}

var errDateTime = errors.New("not a date and time: want YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]")

func dateTimeError(at int, what string) error {
	err := errDateTime
	if what != "" {
		err = fmt.Errorf("%s: %w", what, errDateTime)
	}
	return Issue{Severity: Error, Code: CodeDataType, Offset: int64(at), Line: 1, Col: at + 1, Clause: "2.A.22", Err: err}
}

// ParseDateTime reads a date and time of type TS (its first component) or DTM:
// YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]. The date must exist in the
// calendar. The empty text and the null "" are read too, with a precision that
// says so. The error is an Issue whose Offset counts in s; it does not repeat
// s.
func ParseDateTime[T ~string | ~[]byte](s T) (DateTime, error) {
	var d DateTime
	switch {
	case len(s) == 0:
		return d, nil
	case string(s) == `""`:
		return DateTime{precision: NullDate}, nil
	}
	at := 0
	number := func(digits int) (int, bool) {
		if at+digits > len(s) {
			return 0, false
		}
		n := 0
		for i := at; i < at+digits; i++ {
			c := s[i]
			if c < '0' || c > '9' {
				at = i
				return 0, false
			}
			n = n*10 + int(c-'0')
		}
		at += digits
		return n, true
	}
	atDigit := func() bool { return at < len(s) && s[at] != '+' && s[at] != '-' && s[at] != '.' }

	n, ok := number(4)
	if !ok {
		return DateTime{}, dateTimeError(at, "")
	}
	d.year, d.precision = uint16(n), Year
	for _, part := range [...]struct {
		to        *uint8
		precision Precision
		least     int
		most      int
	}{
		{&d.month, Month, 1, 12},
		{&d.day, Day, 1, 31},
		{&d.hour, Hour, 0, 23},
		{&d.minute, Minute, 0, 59},
		{&d.second, Second, 0, 59},
	} {
		if !atDigit() {
			break
		}
		start := at
		n, ok := number(2)
		if !ok {
			return DateTime{}, dateTimeError(at, "")
		}
		most := part.most
		if part.precision == Day {
			most = daysIn(int(d.year), int(d.month))
		}
		if n < part.least || n > most {
			return DateTime{}, dateTimeError(start, part.precision.String()+" out of range")
		}
		*part.to, d.precision = uint8(n), part.precision
	}
	if d.precision == Second && at < len(s) && s[at] == '.' {
		at++
		scale := uint16(1000)
		for ; at < len(s) && '0' <= s[at] && s[at] <= '9' && d.digits < 4; at++ {
			d.fraction += uint16(s[at]-'0') * scale
			scale /= 10
			d.digits++
		}
		if d.digits == 0 {
			return DateTime{}, dateTimeError(at, "")
		}
		d.precision = Fraction
	}
	if at < len(s) && (s[at] == '+' || s[at] == '-') {
		start := at
		at++
		hours, ok1 := number(2)
		minutes, ok2 := number(2)
		switch {
		case !ok1 || !ok2:
			return DateTime{}, dateTimeError(at, "")
		case hours > 14 || minutes > 59 || hours == 14 && minutes > 0:
			return DateTime{}, dateTimeError(start, "offset from UTC out of range")
		}
		d.zoned, d.offset = true, int16(hours*60+minutes)
		if s[start] == '-' {
			d.offset = -d.offset
		}
	}
	if at < len(s) {
		return DateTime{}, dateTimeError(at, "")
	}
	return d, nil
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// Precision says how much was stated.
func (d DateTime) Precision() Precision { return d.precision }

// Offset returns the minutes east of UTC, and whether they were stated. What
// -0000 means beyond +0000 is not kept.
func (d DateTime) Offset() (minutes int, ok bool) { return int(d.offset), d.zoned }

// Date returns the parts of the date; month and day are 0 where not stated.
func (d DateTime) Date() (year, month, day int) { return int(d.year), int(d.month), int(d.day) }

// Clock returns the parts of the time of day, 0 where not stated.
func (d DateTime) Clock() (hour, minute, second, nanosecond int) {
	return int(d.hour), int(d.minute), int(d.second), int(d.fraction) * 100_000
}

// FractionDigits is the number of digits behind the point, 0 to 4.
func (d DateTime) FractionDigits() int { return int(d.digits) }

// Time returns the first moment of the period that was stated: the beginning
// of the year, month or day. A time without an offset is taken to be in loc.
// It is the zero Time without a date.
func (d DateTime) Time(loc *time.Location) time.Time {
	if d.precision < Year {
		return time.Time{}
	}
	if d.zoned {
		loc = time.FixedZone("", int(d.offset)*60)
	}
	return time.Date(int(d.year), time.Month(max(1, d.month)), int(max(1, d.day)), int(d.hour), int(d.minute), int(d.second), int(d.fraction)*100_000, loc)
}

// DateTimeOf makes a DateTime of a time, to a precision. From Hour on it has
// the time's offset. Fractions have four digits, the rest is cut off.
func DateTimeOf(t time.Time, p Precision) DateTime {
	d := DateTime{precision: p}
	if p < Year {
		return d
	}
	d.year = uint16(t.Year())
	if p >= Month {
		d.month = uint8(t.Month())
	}
	if p >= Day {
		d.day = uint8(t.Day())
	}
	if p >= Hour {
		_, seconds := t.Zone()
		d.hour, d.zoned, d.offset = uint8(t.Hour()), true, int16(seconds/60)
	}
	if p >= Minute {
		d.minute = uint8(t.Minute())
	}
	if p >= Second {
		d.second = uint8(t.Second())
	}
	if p >= Fraction {
		d.fraction, d.digits = uint16(t.Nanosecond()/100_000), 4
	}
	return d
}

// AppendText appends the date and time in the form of the standard, with the
// precision that it has.
func (d DateTime) AppendText(b []byte) ([]byte, error) {
	switch d.precision {
	case NoDate:
		return b, nil
	case NullDate:
		return append(b, `""`...), nil
	}
	b = appendDigits(b, int(d.year), 4)
	for i, part := range [...]uint8{d.month, d.day, d.hour, d.minute, d.second} {
		if d.precision >= Month+Precision(i) {
			b = appendDigits(b, int(part), 2)
		}
	}
	if d.precision == Fraction {
		b = append(b, '.')
		whole := appendDigits(nil, int(d.fraction), 4)
		b = append(b, whole[:d.digits]...)
	}
	if d.zoned {
		sign, minutes := byte('+'), int(d.offset)
		if minutes < 0 {
			sign, minutes = '-', -minutes
		}
		b = append(b, sign)
		b = appendDigits(b, minutes/60*100+minutes%60, 4)
	}
	return b, nil
}

func appendDigits(b []byte, n, digits int) []byte {
	for scale := [...]int{1, 10, 100, 1000}[digits-1]; scale > 0; scale /= 10 {
		b = append(b, byte('0'+n/scale%10))
	}
	return b
}

// String returns the text of AppendText.
func (d DateTime) String() string {
	b, _ := d.AppendText(nil)
	return string(b)
}

// DateTime reads the value as type TS or DTM. Offsets of the error's Issue
// count in the message.
func (v Value) DateTime() (DateTime, error) {
	if v.m == nil {
		return DateTime{}, nil
	}
	leaf := v.Leaf()
	d, err := ParseDateTime(leaf.Raw())
	return d, v.locate(err)
}

// locate moves an issue about the value's bytes to its place in the message.
func (v Value) locate(err error) error {
	i, ok := err.(Issue)
	if !ok {
		return err
	}
	i.Path = v.Path()
	i.Offset += int64(v.start)
	return i.Locate(v.m.data)
}
