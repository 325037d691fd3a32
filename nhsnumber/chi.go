package nhsnumber

import "time"

// CHI is a number of the Scottish range. Its first six digits are a date of
// birth DDMMYY, and its ninth digit is even for a woman and odd for a man:
// where they are, for numbers without that meaning have been issued. Nothing
// here is a reason to refuse a number.
type CHI struct{ n Number }

// Sex is what the ninth digit of a CHI number says.
type Sex string

// The values of [Sex], as FHIR's administrative gender writes them.
const (
	Female Sex = "female"
	Male   Sex = "male"
)

// CHI returns the number as a CHI number, false outside the Scottish range.
func (n Number) CHI() (CHI, bool) {
	if n.Scheme() != SchemeCHI {
		return CHI{}, false
	}
	return CHI{n}, true
}

// ParseCHI reads a CHI number as [Parse] does, and restores the leading zero
// that a spreadsheet took from nine digits. A number outside the Scottish
// range is refused with [ErrRange].
func ParseCHI(s string) (CHI, error) {
	n, err := Parse(s)
	if e, ok := err.(*Error); ok && e.Class == ErrLength {
		if v, digits := onlyDigits(s); digits == 9 {
			n, err = fromInteger(v)
		}
	}
	if err != nil {
		return CHI{}, err
	}
	c, ok := n.CHI()
	if !ok {
		return CHI{}, &Error{Class: ErrRange, Clause: "CHI numbers lie from 010 100 0000 to 311 299 9999"}
	}
	return c, nil
}

// onlyDigits returns the value and count of the digits of s between white
// space, and no digits if there is anything else.
func onlyDigits(s string) (value uint64, digits int) {
	start, end := trim(s)
	for i := start; i < end; i++ {
		if s[i]-'0' > 9 || digits == 19 {
			return 0, 0
		}
		value = value*10 + uint64(s[i]-'0')
		digits++
	}
	return value, digits
}

// Number returns the number itself.
func (c CHI) Number() Number { return c.n }

// String returns a mask; a CHI number shows a date of birth.
func (c CHI) String() string { return c.n.String() }

// Sex returns what the ninth digit says, "" for the zero CHI.
func (c CHI) Sex() Sex {
	switch {
	case c.n.IsZero():
		return ""
	case c.n.Nine()%2 == 0:
		return Female
	}
	return Male
}

// BirthDates returns every date from 1900 to 2099 that the first six digits
// may be, in order: none where they are no date, one for 29 February 2000
// (1900 had no such day), else two. Dates are midnight UTC.
func (c CHI) BirthDates() []time.Time {
	if c.n.IsZero() {
		return nil
	}
	ddmmyy := int(c.n.Nine() / 1000)
	day, month, year := ddmmyy/10000, time.Month(ddmmyy/100%100), ddmmyy%100
	var out []time.Time
	for _, century := range [...]int{1900, 2000} {
		t := time.Date(century+year, month, day, 0, 0, 0, 0, time.UTC)
		if t.Day() == day && t.Month() == month {
			out = append(out, t)
		}
	}
	return out
}

// AgeBounds bounds an age in whole years. The zero value leaves out only
// dates that have not come yet.
type AgeBounds struct {
	Min int // youngest
	Max int // oldest, 0 for no bound
}

// BirthDate chooses the date of birth by a day on which the person's age lies
// within bounds. It refuses with [ErrDate] if no date fits, and with
// [ErrAmbiguous] if two do; it never guesses.
func (c CHI) BirthDate(on time.Time, ages AgeBounds) (time.Time, error) {
	var found time.Time
	count := 0
	for _, d := range c.BirthDates() {
		age := Age(d, on)
		if age >= max(ages.Min, 0) && (ages.Max == 0 || age <= ages.Max) {
			found = d
			count++
		}
	}
	switch count {
	case 0:
		return time.Time{}, &Error{Class: ErrDate}
	case 1:
		return found, nil
	}
	return time.Time{}, &Error{Class: ErrAmbiguous}
}

// Age returns whole years from a date of birth to a day, negative before it.
// Who is born on 29 February comes of age on 1 March in other years.
func Age(birth, on time.Time) int {
	by, bm, bd := birth.Date()
	y, m, d := on.Date()
	age := y - by
	if m < bm || m == bm && d < bd {
		age--
	}
	return age
}
