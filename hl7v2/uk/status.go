package uk

import (
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/nhsnumber"
)

// TraceStatus is what a message says of the tracing of an NHS number.
type TraceStatus struct {
	Status nhsnumber.Status // not stated unless State is Valid
	State  State            // Absent, Valid, Invalid or Conflicting
	At     hl7v2.Value      // where the first status stands
}

// ParseTraceStatus reads a trace status in the forms that PID-32 and ZU1-27
// have it: NSTS01 (ITK HL7 v2 ADT pack), a bare 01 (Wales), NSTS1 and PDS1
// (HL7 UK A.3), and nn for the Welsh register. It reports false for anything
// else, also for the other codes of PID-32, such as ED.
func ParseTraceStatus(code string) (nhsnumber.Status, bool) {
	if len(code) == 2 && (code == "nn" || code == "NN") {
		return nhsnumber.StatusTracedWelshAR, true
	}
	digits, prefixed := traceDigits(code)
	switch {
	case !prefixed && len(digits) != 2, len(digits) > 2:
		return 0, false
	case len(digits) == 2 && digits[0] != '0':
		return 0, false
	case digits == "":
		return 0, false
	}
	n := digits[len(digits)-1] - '0'
	if n < 1 || n > 8 {
		return 0, false
	}
	return nhsnumber.Status(n), true // the codes 01 to 08 are its first values
}

// traceDigits returns what follows the prefix of a trace status, and whether
// there is a prefix.
func traceDigits(code string) (string, bool) {
	for _, prefix := range [...]string{"NSTS", "PDS"} {
		if len(code) >= len(prefix) && code[:len(prefix)] == prefix {
			return code[len(prefix):], true
		}
	}
	return code, false
}

// looksLikeStatus reports whether a code is meant as a trace status.
func looksLikeStatus(code string) bool {
	digits, prefixed := traceDigits(code)
	return prefixed || allDigits(digits)
}

// reliability reports whether a code is one of table 0445 that says nothing
// about tracing: unknown or default date of birth or name, alias, estimated date.
func reliability(code string) bool {
	switch code {
	case "US", "UD", "UA", "AL", "ED":
		return true
	}
	return false
}

// TraceStatus returns the trace status of the patient: of the repetitions of
// PID-32, and of ZU1-27 in the ZU1 that follows. Statuses that differ are a
// conflict and none of them is returned.
func (p Patient) TraceStatus() TraceStatus {
	var t TraceStatus
	for at := range p.statuses {
		s, ok := ParseTraceStatus(at.Text())
		switch {
		case !ok && t.State == Absent:
			t = TraceStatus{State: Invalid, At: at}
		case !ok:
		case t.State == Absent, t.State == Invalid:
			t = TraceStatus{Status: s, State: Valid, At: at}
		case t.State == Valid && s != t.Status:
			t.Status, t.State = 0, Conflicting
		}
	}
	return t
}

// statuses yields the values of PID-32 that are meant as a trace status, and
// the value of ZU1-27.
func (p Patient) statuses(yield func(hl7v2.Value) bool) {
	for _, rep := range p.PID.Field(32).Reps() {
		v := rep.Leaf()
		if v.State() == hl7v2.Present && looksOrIs(v.Text()) && !yield(v) {
			return
		}
	}
	if v := p.zu1().Field(27).Leaf(); v.State() == hl7v2.Present {
		yield(v)
	}
}

func looksOrIs(code string) bool {
	_, ok := ParseTraceStatus(code)
	return ok || looksLikeStatus(code)
}

// zu1 returns the ZU1 of the patient: behind the PID, and before the next one.
func (p Patient) zu1() hl7v2.Segment {
	m := p.PID.Message()
	if m == nil {
		return hl7v2.Segment{}
	}
	for i := p.PID.Index() + 1; i < m.Len(); i++ {
		switch s := m.SegmentAt(i); {
		case s.Is("ZU1"):
			return s
		case s.Is("PID"):
			return hl7v2.Segment{}
		}
	}
	return hl7v2.Segment{}
}
