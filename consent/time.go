package consent

import "time"

// londonOffset returns the seconds by which the clocks of the United Kingdom
// are ahead of UTC at an instant. It needs no time zone database: since 1972
// summer time begins and ends at one or two o'clock UTC on a Sunday that a
// rule names.
func londonOffset(unix int64) int64 {
	t := time.Unix(unix, 0).UTC()
	year := t.Year()
	if year < 1981 {
		// 02:00 UTC: third Sunday of March (the day after the third
		// Saturday) until the Sunday after the fourth Saturday of October.
		if year < 1972 {
			return 0
		}
		from := sundayOnOrAfter(year, time.March, 16).Unix() + 2*3600
		until := sundayOnOrAfter(year, time.October, 23).Unix() + 2*3600
		return summer(unix, from, until)
	}
	from := sundayOnOrAfter(year, time.March, 25).Unix() + 3600
	end := 25
	switch {
	case year < 1990:
		end = 23
	case year < 1996:
		end = 22
	}
	return summer(unix, from, sundayOnOrAfter(year, time.October, end).Unix()+3600)
}

func summer(unix, from, until int64) int64 {
	if from <= unix && unix < until {
		return 3600
	}
	return 0
}

func sundayOnOrAfter(year int, month time.Month, day int) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return t.AddDate(0, 0, (7-int(t.Weekday()))%7)
}

// LondonDay returns the first instant of a calendar day in the United Kingdom
// and the first instant of the next one; the days on which the clocks change
// are 23 and 25 hours long. Days are numbered as time.Date does, so that the
// 32nd is the 1st of the next month.
func LondonDay(year int, month time.Month, day int) (from, until time.Time) {
	return londonMidnight(year, month, day), londonMidnight(year, month, day+1)
}

func londonMidnight(year int, month time.Month, day int) time.Time {
	// At midnight local time the clock never jumps: both changes are later
	// in the night.
	local := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	guess := local.Unix() - londonOffset(local.Unix()-3600)
	return time.Unix(local.Unix()-londonOffset(guess), 0).UTC()
}
