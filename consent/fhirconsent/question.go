package fhirconsent

import (
	"time"

	"github.com/nhskit/nhskit/consent"
)

// Reading says what a provision within a provision means. R4's text and IHE's
// Privacy Consent on FHIR disagree; a resource does not tell which it was
// written for.
type Reading uint8

// The readings.
const (
	// Refinement is the reading of R4's text: a nested provision is an
	// exception to the one around it and cannot reach outside of it. A rule
	// about a level of confidentiality could so have exceptions at one level
	// that are out of reach at another; data that is permitted at its level
	// and would not be at a lower one is indeterminate.
	Refinement Reading = iota
	// Additive is IHE's reading: nested provisions are rules of their own,
	// which may widen the root; a nested deny beats a nested permit, and both
	// beat the root.
	Additive
)

// Question is what is asked of the Consents of one patient.
type Question struct {
	// Patient holds the references and identifiers ("system|value") by which
	// the patient may be named.
	Patient []string
	// Purposes are codes of HL7's PurposeOfUse, or "system|code" for others.
	// All of them must be permitted.
	Purposes []string
	// Actors are the references and identifiers of who asks, with the
	// organisations it acts for; Groups those of the groups and care teams it
	// belongs to, nil where that is not known. A Consent that names somebody by
	// an identifier of a system that is not among them is not comparable.
	Actors []string
	Groups []string
	// Action is a code of consentaction: access, use, disclose, ...
	Action string
	// Item is the piece of data in question; nil asks about the whole record,
	// of which a Consent may then withhold parts by obligations to redact.
	Item *Item
	// Glass says whether emergency override was declared for this patient,
	// and GlassListed whether the actor may declare it.
	Glass, GlassListed bool
	AsAt               time.Time

	// someActors says that Actors may lack whom the actor acts for.
	someActors bool
}

// Item describes a piece of data. What is left empty is not known, save for
// Labels, which have a flag of their own; a list that is empty and not nil says
// that there is none.
type Item struct {
	Reference   string
	Class       string // resource type
	Labels      []string
	LabelsKnown bool
	Codes       []string // system|code
	Date        string   // a FHIR date or dateTime
	Authors     []string
	PointsAt    []string // what it refers to
	PointedBy   []string // what refers to it
}

// Options are how Consents are evaluated.
type Options struct {
	Reading Reading
	// Default is what holds where no Consent applies: permit only if an
	// implicit policy says so.
	Default consent.Outcome
	// Subsumes answers whether a code is a kind of another; nil knows
	// nothing. It must be safe for concurrent use.
	Subsumes func(system, ancestor, code string) consent.Tri
}

// interval is the time that a FHIR date or dateTime stands for: from its first
// instant to before its last one's successor. Both are Unix nanoseconds.
type interval struct{ from, until int64 }

// instants that stand for no beginning and no end.
const (
	ever  = -1 << 63
	never = 1<<63 - 1
)

// parseTime reads a FHIR date or dateTime. Dates are calendar days, months or
// years in the United Kingdom: the day the clocks change has 23 or 25 hours.
func parseTime(s string) (interval, bool) {
	digits := func(from, to int) (int, bool) {
		n := 0
		for _, c := range []byte(s[from:to]) {
			if c < '0' || c > '9' {
				return 0, false
			}
			n = n*10 + int(c-'0')
		}
		return n, true
	}
	if len(s) > 10 {
		return parseInstant(s)
	}
	if len(s) != 4 && len(s) != 7 && len(s) != 10 {
		return interval{}, false
	}
	year, ok := digits(0, 4)
	if !ok || year < 1700 || year > 2199 {
		return interval{}, false
	}
	month, day := 1, 1
	var first, last time.Time
	switch len(s) {
	case 4:
		first, _ = consent.LondonDay(year, 1, 1)
		last, _ = consent.LondonDay(year+1, 1, 1)
	default:
		if month, ok = digits(5, 7); !ok || s[4] != '-' || month < 1 || month > 12 {
			return interval{}, false
		}
		if len(s) == 7 {
			first, _ = consent.LondonDay(year, time.Month(month), 1)
			last, _ = consent.LondonDay(year, time.Month(month)+1, 1)
			break
		}
		if day, ok = digits(8, 10); !ok || s[7] != '-' || day < 1 || time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
			return interval{}, false
		}
		first, last = consent.LondonDay(year, time.Month(month), day)
	}
	return interval{first.UnixNano(), last.UnixNano()}, true
}

// parseInstant reads a dateTime with time and zone. It lasts as long as its
// precision: a second, or the last digit of its fraction.
func parseInstant(s string) (interval, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1700 || t.Year() > 2199 {
		return interval{}, false
	}
	unit := int64(time.Second)
	if len(s) > 19 && s[19] == '.' {
		for i := 20; i < len(s) && '0' <= s[i] && s[i] <= '9' && unit > 1; i++ {
			unit /= 10
		}
	}
	return interval{t.UnixNano(), t.UnixNano() + unit}, true
}

// tri combines answers: all must hold.
func and(a, b consent.Tri) consent.Tri {
	switch {
	case a == consent.No || b == consent.No:
		return consent.No
	case a == consent.Unknown || b == consent.Unknown:
		return consent.Unknown
	}
	return consent.Yes
}

// or combines answers: one is enough.
func or(a, b consent.Tri) consent.Tri {
	switch {
	case a == consent.Yes || b == consent.Yes:
		return consent.Yes
	case a == consent.Unknown || b == consent.Unknown:
		return consent.Unknown
	}
	return consent.No
}

// within reports whether a time lies in a period.
func (v interval) within(p interval) consent.Tri {
	switch {
	case v.until <= p.from || v.from >= p.until:
		return consent.No
	case v.from >= p.from && v.until <= p.until:
		return consent.Yes
	}
	return consent.Unknown
}
