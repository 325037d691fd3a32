package uk

import (
	"iter"

	"github.com/nhskit/nhskit/hl7v2"
)

// MergeLevel says what a merge message puts together.
type MergeLevel uint8

// The levels.
const (
	NoMerge      MergeLevel = iota
	MergePatient            // A18, A30, A34, A36, A39, A40: patients, with all they have
	MergeAccount            // A35, A41: accounts of one patient
	MergeVisit              // A42: visits
)

// MergeLevelOf returns what a trigger event merges. Moves and changes of ids
// (A43 to A51) are no merges.
func MergeLevelOf(event string) MergeLevel {
	switch event {
	case "A18", "A30", "A34", "A36", "A39", "A40":
		return MergePatient
	case "A35", "A41":
		return MergeAccount
	case "A42":
		return MergeVisit
	}
	return NoMerge
}

// Merge is one pair of records of a merge message: the one that survives
// (PID), and the identifiers that go away (MRG).
type Merge struct {
	Level     MergeLevel
	Surviving Patient
	MRG       hl7v2.Segment

	// Superseded are the identifiers of MRG-1, then those of MRG-2 and MRG-4,
	// which are Legacy. In a merge of accounts or visits they are only the
	// patient's, and what goes away is PriorAccount or PriorVisit.
	Superseded []Identifier

	PriorAccount hl7v2.Value // MRG-3, goes into PID-18
	PriorVisit   hl7v2.Value // MRG-5, goes into PV1-19
}

// SupersededNHSNumber returns the NHS number that goes away, in the way of
// [Patient.NHSNumber]; mostly there is none.
func (g Merge) SupersededNHSNumber() (Identifier, State) { return find(g.Superseded, NHSNumber, false) }

// eventOf is the trigger event of a message: MSH-9.2, or EVN-1 of old senders.
func eventOf(m *hl7v2.Message) string {
	if event := m.Segment("MSH", 1).Field(9).Component(2).Text(); event != "" {
		return event
	}
	return m.Segment("EVN", 1).Field(1).Text()
}

// Merges yields the merges of a message: each MRG with the PID before it. It
// yields none for an event that is no merge.
func Merges(m *hl7v2.Message) iter.Seq[Merge] {
	return func(yield func(Merge) bool) {
		level := MergeLevelOf(eventOf(m))
		if level == NoMerge {
			return
		}
		var pid hl7v2.Segment
		for s := range m.Segments("") {
			switch {
			case s.Is("PID"):
				pid = s
			case s.Is("MRG"):
				g := Merge{Level: level, Surviving: ReadPatient(pid), MRG: s, Superseded: superseded(s), PriorAccount: s.Field(3), PriorVisit: s.Field(5)}
				if !yield(g) {
					return
				}
			}
		}
	}
}

// superseded reads the identifiers of an MRG segment.
func superseded(mrg hl7v2.Segment) []Identifier {
	var ids []Identifier
	for _, n := range [...]int{1, 2, 4} {
		for _, rep := range mrg.Field(n).Reps() {
			if id, ok := readIdentifier(rep); ok {
				id.Legacy = n != 1
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// checkMerges looks for merges that would lose a patient or do nothing.
func checkMerges(m *hl7v2.Message, report reporter) {
	if MergeLevelOf(eventOf(m)) == NoMerge {
		return
	}
	var pid, open hl7v2.Segment
	for s := range m.Segments("") {
		switch {
		case s.Is("PID"):
			if open.Exists() {
				report(CodeMergeSegment, open.Field(3), "no MRG segment follows: nothing is merged into this patient")
			}
			pid, open = s, s
		case s.Is("MRG"):
			if !pid.Exists() {
				report(CodeMergeSegment, s.Field(1), "no PID segment before it: nothing survives")
			}
			open = hl7v2.Segment{}
		}
	}
	if open.Exists() {
		report(CodeMergeSegment, open.Field(3), "no MRG segment follows: nothing is merged into this patient")
	}
	for g := range Merges(m) {
		if g.Level == MergePatient && g.Surviving.PID.Exists() {
			g.check(report)
		}
	}
}

func (g Merge) check(report reporter) {
	if len(g.Superseded) == 0 {
		report(CodeMergeNoneLeft, g.MRG.Field(1), "no identifier is superseded")
	}
	if len(g.Surviving.Identifiers) == 0 {
		report(CodeMergeNoneLeft, g.Surviving.PID.Field(3), "no identifier survives")
		return
	}
	for _, id := range firstOf(g.Superseded) {
		if id.State != Valid {
			continue
		}
		authority, same := false, false
		for _, o := range firstOf(g.Surviving.Identifiers) {
			if !same && id.same(o) && id.Kind == Local {
				same = true
				report(CodeMergeSame, id.Value(), "the identifier is also that of "+o.At.Path()+", which survives")
			}
			authority = authority || o.Kind == id.Kind && (id.Kind != Local || o.Authority() == id.Authority())
		}
		if !authority {
			report(CodeMergeOtherAuthor, id.At, "no identifier of the same authority survives")
		}
	}
}
