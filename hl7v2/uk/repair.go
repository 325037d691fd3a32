package uk

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// Repair is a set of rules for the dialects that UK senders have of identifiers
// and trace status. They are applied on request only, each by its name. What is
// sent on the wire otherwise wrong is for hl7v2.Message.Repaired.
type Repair uint8

// The rules.
const (
	// RepairIdentifiers writes valid NHS and CHI numbers of PID-3 as HL7 UK A.3
	// has them, 9990000018^^^NHS^NH or ^^^CHI^NH: ten digits without blanks,
	// with the leading zero, and with assigner and type where these are missing
	// or in a dialect such as NHSNBR^NHSNMBR. A universal id stays with its
	// namespace. Numbers that are not valid stay as they are.
	RepairIdentifiers Repair = 1 << iota

	// RepairLegacyNumbers repeats in PID-3 a valid NHS number that stands in
	// PID-2, PID-4 or PID-19 only. It stays there too. A PID-3 that is null, by
	// which the sender takes identifiers back, stays so.
	RepairLegacyNumbers

	// RepairTraceStatus writes a trace status in PID-32 or ZU1-27 as NSTS01 to
	// NSTS08, the form of the ITK, for 01, NSTS1 and PDS1.
	RepairTraceStatus
)

// The findings of Repaired.
const (
	CodeRepairedIdentifier  hl7v2.Code = "uk.repaired.identifier"
	CodeRepairedLegacy      hl7v2.Code = "uk.repaired.legacy-number"
	CodeRepairedTraceStatus hl7v2.Code = "uk.repaired.trace-status"
)

var (
	errRepairedNumber = errors.New("the number was written as ten digits")
	errRepairedScheme = errors.New("the assigner and type of the number were written as HL7 UK A.3 has them")
	errRepairedLegacy = errors.New("the NHS number was repeated in the list of identifiers, PID-3")
	errRepairedStatus = errors.New("the trace status was written as the ITK has it")
)

// Repaired returns a copy of a message to which the rules have been applied,
// and what they changed: findings of severity Information whose offsets count
// in m. Every other byte is as it was, and applying the rules to the copy
// changes nothing.
func Repaired(m *hl7v2.Message, rules Repair) (*hl7v2.Message, []hl7v2.Issue, error) {
	r := repairer{from: m, to: m.Clone()}
	for p := range Patients(m) {
		if rules&RepairIdentifiers != 0 {
			for _, id := range p.Identifiers {
				r.identifier(id)
			}
		}
		if rules&RepairLegacyNumbers != 0 {
			r.legacy(p)
		}
		if rules&RepairTraceStatus != 0 {
			for at := range p.statuses {
				r.status(at)
			}
		}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	return r.to, r.issues, nil
}

// repairer changes a copy of a message.
type repairer struct {
	from, to *hl7v2.Message
	places   hl7v2.Locator // in from
	issues   []hl7v2.Issue
	err      error
}

// set writes a text at a path and reports it.
func (r *repairer) set(path, text string, at hl7v2.Value, code hl7v2.Code, clause string, did error) {
	if err := r.to.Set(path, text); err != nil {
		r.err = errors.Join(r.err, err)
		return
	}
	r.issues = append(r.issues, hl7v2.Issue{Severity: hl7v2.Information, Code: code, Path: path, Offset: int64(at.Offset()), Clause: clause, Err: did}.Locate(r.from.Bytes()))
}

// repetition is the path of a repetition with its number, to which a component
// can be added.
func (r *repairer) repetition(v hl7v2.Value) string {
	path := r.places.Path(v)
	if !strings.HasSuffix(path, "]") {
		path += "[1]"
	}
	return path
}

// identifier writes one identifier of PID-3.
func (r *repairer) identifier(id Identifier) {
	if id.State != Valid || id.Legacy || id.Kind != NHSNumber && id.Kind != CHINumber {
		return
	}
	const clause = "HL7 UK A.3 PID-3"
	path := r.repetition(id.At)
	digits, err := id.Number.AppendText(nil)
	if err != nil {
		r.err = errors.Join(r.err, err)
		return
	}
	if value := id.Value(); !value.Equal(string(digits)) {
		r.set(path+".1", string(digits), value, CodeRepairedIdentifier, clause, errRepairedNumber)
	}
	authority, typ := id.At.Component(4), id.At.Component(5)
	scheme := id.Kind.String()
	wrong := !authority.Equal(scheme) && !id.Unverified && !isOID(authority.Text()) && !isOID(typ.Text())
	if wrong {
		r.set(path+".4", scheme, id.At, CodeRepairedIdentifier, clause, errRepairedScheme)
	}
	if !typ.Equal("NH") && !isOID(typ.Text()) {
		r.set(path+".5", "NH", id.At, CodeRepairedIdentifier, clause, errRepairedScheme)
	}
}

// legacy repeats the NHS number of old places in PID-3.
func (r *repairer) legacy(p Patient) {
	id, state := p.LegacyNHSNumber()
	if _, listed := p.NHSNumber(); state != Valid || listed != Absent {
		return
	}
	digits, err := id.Number.AppendText(nil)
	if err != nil {
		r.err = errors.Join(r.err, err)
		return
	}
	n := 1
	switch list := p.PID.Field(3); list.State() {
	case hl7v2.Null:
		return // the sender takes the identifiers back
	case hl7v2.Present:
		n = list.NumReps() + 1
	}
	path := fmt.Sprintf("PID[%d]-3[%d]", p.PID.Occurrence(), n)
	r.set(path+".1", string(digits), id.At, CodeRepairedLegacy, "HL7 UK A.3 PID-2", errRepairedLegacy)
	for part, text := range [...]string{4: "NHS", 5: "NH"} {
		if text != "" {
			r.err = errors.Join(r.err, r.to.Set(fmt.Sprintf("%s.%d", path, part), text))
		}
	}
}

// status writes a trace status.
func (r *repairer) status(at hl7v2.Value) {
	status, ok := ParseTraceStatus(at.Text())
	if !ok || status < 1 || status > 8 {
		return
	}
	if text := fmt.Sprintf("NSTS%02d", status); !at.Equal(text) {
		r.set(r.places.Path(at), text, at, CodeRepairedTraceStatus, "ITK HL7 v2 ADT 1.1", errRepairedStatus)
	}
}
