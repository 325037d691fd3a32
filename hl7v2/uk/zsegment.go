package uk

import (
	"iter"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/nhsnumber"
)

// ZSegment is one of the segments ZU1 to ZU8 of HL7 UK A.3. Its fields are
// read as those of any segment; those whose meaning is known from an open
// source have a name.
type ZSegment struct{ hl7v2.Segment }

// ZSegments yields the segments ZU1 to ZU8 of a message.
func ZSegments(m *hl7v2.Message) iter.Seq[ZSegment] {
	return func(yield func(ZSegment) bool) {
		for s := range m.Segments("") {
			if zNumber(s) > 0 && !yield(ZSegment{s}) {
				return
			}
		}
	}
}

// zNumber is 1 to 8 for ZU1 to ZU8, and 0 for other segments.
func zNumber(s hl7v2.Segment) int {
	raw := s.Raw()
	if len(raw) < 3 || raw[0] != 'Z' || raw[1] != 'U' || raw[2] < '1' || raw[2] > '8' || len(s.ID()) != 3 {
		return 0
	}
	return int(raw[2] - '0')
}

// zTitles has the titles of ZU1 to ZU8 and how many fields they have, where
// that is known.
var zTitles = [...]struct {
	title  string
	fields int
}{
	{"Additional data", 27},
	{"Augmented care", 11},
	{"Attendance", 0},
	{"Waiting list", 0},
	{"Psychiatric census", 0},
	{"Labour and delivery", 0},
	{"Birth", 0},
	{"Miscellaneous demographic data", 0},
}

// zu1Fields names the fields of ZU1, one a line; lines without a name are
// fields whose meaning is in no open source.
const zu1Fields = `Decision to admit
Intended management
Coding status


Main specialty
Treatment function

Neonatal care
Overseas visitor status








First regular day or night admission
Psychiatric patient status



Ready for discharge


NHS number tracing status`

// Title is what the segment is about, such as "Waiting list" for ZU4; empty
// for other segments.
func (z ZSegment) Title() string {
	if n := zNumber(z.Segment); n > 0 {
		return zTitles[n-1].title
	}
	return ""
}

// FieldName returns the name of a field, such as "Decision to admit" for field
// 1 of ZU1; empty where no open source names it.
func (z ZSegment) FieldName(n int) string {
	if zNumber(z.Segment) != 1 {
		return ""
	}
	i := 0
	for line := range strings.SplitSeq(zu1Fields, "\n") {
		if i++; i == n {
			return line
		}
	}
	return ""
}

// ZU1 is the segment of additional data. Fields that have no method here are
// read by number.
type ZU1 struct{ hl7v2.Segment }

// ZU1Of returns the first ZU1 of a message; its values are absent if there is
// none.
func ZU1Of(m *hl7v2.Message) ZU1 { return ZU1{m.Segment("ZU1", 1)} }

// DecisionToAdmit is ZU1-1, a date and time.
func (z ZU1) DecisionToAdmit() hl7v2.Value { return z.Field(1) }

// IntendedManagement is ZU1-2.
func (z ZU1) IntendedManagement() hl7v2.Value { return z.Field(2) }

// CodingStatus is ZU1-3: I for incomplete, C for complete.
func (z ZU1) CodingStatus() hl7v2.Value { return z.Field(3) }

// MainSpecialty is ZU1-6.
func (z ZU1) MainSpecialty() hl7v2.Value { return z.Field(6) }

// TreatmentFunction is ZU1-7, the treatment specialty.
func (z ZU1) TreatmentFunction() hl7v2.Value { return z.Field(7) }

// NeonatalCare is ZU1-9.
func (z ZU1) NeonatalCare() hl7v2.Value { return z.Field(9) }

// OverseasVisitorStatus is ZU1-10.
func (z ZU1) OverseasVisitorStatus() hl7v2.Value { return z.Field(10) }

// FirstRegularAdmission is ZU1-19: whether this is the first of a regular day
// or night patient.
func (z ZU1) FirstRegularAdmission() hl7v2.Value { return z.Field(19) }

// PsychiatricStatus is ZU1-20.
func (z ZU1) PsychiatricStatus() hl7v2.Value { return z.Field(20) }

// ReadyForDischarge is ZU1-24.
func (z ZU1) ReadyForDischarge() hl7v2.Value { return z.Field(24) }

// TraceStatus is ZU1-27 in the forms of [ParseTraceStatus]; see
// [Patient.TraceStatus] for the status of the patient.
func (z ZU1) TraceStatus() (nhsnumber.Status, bool) { return ParseTraceStatus(z.Field(27).Text()) }

// ZU2 is the segment of augmented care periods, which A.3 keeps for old
// systems.
type ZU2 struct{ hl7v2.Segment }

// Deletes reports whether ZU2-1 is the null "", which deletes the period.
func (z ZU2) Deletes() bool { return z.Field(1).State() == hl7v2.Null }

// checkZSegments looks at the order of the ZU segments in ADT messages: each
// once, ascending, and at the end. Elsewhere they may stand anywhere.
func checkZSegments(m *hl7v2.Message, report reporter) {
	adt := m.Segment("MSH", 1).Field(9).Component(1).Equal("ADT")
	last := 0
	for i := range m.Len() {
		s := m.SegmentAt(i)
		n := zNumber(s)
		if n == 0 {
			if adt && last > 0 && len(s.Raw()) > 0 && s.Raw()[0] != 'Z' {
				report(CodeZOrder, s.Field(1), "ZU segments stand at the end of the message")
				last = 0
			}
			continue
		}
		if most := zTitles[n-1].fields; most > 0 {
			for k := most + 1; k <= s.NumFields(); k++ {
				if f := s.Field(k); f.State() == hl7v2.Present {
					report(CodeZExtra, f, "the segment has "+strconv.Itoa(most)+" fields")
				}
			}
		}
		switch {
		case !adt:
		case n == last:
			report(CodeZOrder, s.Field(1), "a ZU segment may occur once")
		case n < last:
			report(CodeZOrder, s.Field(1), "ZU segments stand in the order of their numbers")
		}
		last = n
	}
}
