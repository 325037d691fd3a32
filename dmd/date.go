package dmd

import (
	"errors"
	"time"
)

// Date is a calendar day. Dates compare with < and ==; the zero value is "no
// date" and is below all others.
type Date int32

var errDate = errors.New("not a date of the form YYYY-MM-DD")

// NewDate returns a day of the proleptic Gregorian calendar, or the zero value
// if there is no such day.
func NewDate(year, month, day int) Date {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0
	}
	return Date(year<<9 | month<<5 | day)
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

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) { return parseDate(s) }

func parseDate[T string | []byte](s T) (Date, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, errDate
	}
	var n [3]int
	for i, part := 0, 0; i < 10; i++ {
		if i == 4 || i == 7 {
			part++
			continue
		}
		if s[i] < '0' || s[i] > '9' {
			return 0, errDate
		}
		n[part] = n[part]*10 + int(s[i]-'0')
	}
	if d := NewDate(n[0], n[1], n[2]); d != 0 {
		return d, nil
	}
	return 0, errDate
}

// DateOf returns the day of a time, in the time's own zone.
func DateOf(t time.Time) Date { return NewDate(t.Year(), int(t.Month()), t.Day()) }

// parts returns year, month and day.
func (d Date) parts() (year, month, day int) { return int(d >> 9), int(d >> 5 & 15), int(d & 31) }

// AppendText appends YYYY-MM-DD, and nothing for the zero value.
func (d Date) AppendText(b []byte) ([]byte, error) {
	if d == 0 {
		return b, nil
	}
	y, m, day := d.parts()
	return append(b,
		byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+day/10), byte('0'+day%10)), nil
}

// String returns YYYY-MM-DD, or "" for the zero value.
func (d Date) String() string {
	b, _ := d.AppendText(nil)
	return string(b)
}

// MarshalText is AppendText on an empty slice.
func (d Date) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText is ParseDate; an empty text gives the zero value.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := parseDate(b)
	if err == nil {
		*d = v
	}
	return err
}
