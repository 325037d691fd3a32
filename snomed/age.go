package snomed

import "time"

// Age is how old someone was, for the rules of maps on age. The zero value is
// an age that is not known; no rule on age holds for it.
type Age struct {
	known               bool
	years, months, days float64
}

const yearDays = 365.25

// AgeInDays returns an age of so many days. Years and months are of average
// length: on a birthday such an age may be up to a day short of the year. An age
// below zero is not known.
func AgeInDays(n float64) Age {
	return Age{n >= 0, n / yearDays, n * 12 / yearDays, n}
}

// AgeInYears returns an age in years, whole or not. One below zero is not
// known.
func AgeInYears(n float64) Age {
	return Age{n >= 0, n, n * 12, n * yearDays}
}

// AgeBetween returns the age at a date by the calendar: exactly so many years on
// a birthday. Who was born on a day that a month does not have comes of age on
// the first of the next. Times of day do not count; before the birth, or where
// one of the times is zero, the age is not known.
func AgeBetween(born, date time.Time) Age {
	if born.IsZero() || date.IsZero() {
		return Age{}
	}
	born, date = civil(born.Date()), civil(date.Date())
	if date.Before(born) {
		return Age{}
	}
	return Age{true, elapsed(born, date, 12), elapsed(born, date, 1), date.Sub(born).Hours() / 24}
}

func civil(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// elapsed returns how many times so many months have passed, with the fraction
// of those that are passing.
func elapsed(born, date time.Time, months int) float64 {
	year, month, day := born.Date()
	after := func(n int) time.Time {
		t := civil(year, month+time.Month(n*months), day)
		if t.Day() != day {
			t = civil(t.Year(), t.Month(), 1)
		}
		return t
	}
	y, m, _ := date.Date()
	n := ((y-year)*12 + int(m-month)) / months
	for after(n).After(date) {
		n--
	}
	last, next := after(n), after(n+1)
	return float64(n) + date.Sub(last).Hours()/next.Sub(last).Hours()
}

// in returns the age in a unit of map rules, which unitOf knows.
func (a Age) in(unit string) float64 {
	switch unit {
	case "week":
		return a.days / 7
	case "month":
		return a.months
	case "year":
		return a.years
	}
	return a.days
}
