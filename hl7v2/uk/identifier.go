package uk

import (
	"errors"
	"iter"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/nhsnumber"
)

// Kind says what an identifier of a patient is.
type Kind uint8

// The kinds of identifiers.
const (
	Local     Kind = iota // a number that some organisation has given
	NHSNumber             // England, Wales and the Isle of Man
	CHINumber             // Scotland, Community Health Index
	HCNumber              // Northern Ireland, Health and Care number
)

// String returns "local", "NHS", "CHI" or "H&C".
func (k Kind) String() string {
	switch k {
	case NHSNumber:
		return "NHS"
	case CHINumber:
		return "CHI"
	case HCNumber:
		return "H&C"
	}
	return "local"
}

// State says what a message tells of a number or status.
type State uint8

// The states.
const (
	Absent      State = iota // nothing is sent: what is known stays as it is
	Valid                    // one that can be used
	Invalid                  // sent, but not right
	Deleted                  // "" is sent: what is known is to be removed
	Conflicting              // several that contradict each other
)

// String returns the state in one word, such as "valid".
func (s State) String() string {
	switch s {
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	case Deleted:
		return "deleted"
	case Conflicting:
		return "conflicting"
	}
	return "absent"
}

// Identifier is one identifier of a patient. Package fmt shows nothing of its
// value.
type Identifier struct {
	Kind   Kind
	State  State            // Valid, Invalid or Deleted; a local one that is there is Valid
	Number nhsnumber.Number // of a national scheme, if State is Valid

	// Legacy marks what stands in PID-2, PID-4 or PID-19 and not in the list of
	// identifiers, PID-3.
	Legacy bool

	// Unverified marks a number under the OID for unverified NHS numbers.
	Unverified bool

	At  hl7v2.Value // the repetition: where it stood, and its bytes
	Err error       // why it is Invalid, an *nhsnumber.Error
}

// Value returns the id itself (CX.1), as it was sent.
func (id Identifier) Value() hl7v2.Value { return id.At.Component(1) }

// Authority returns who assigned the id (CX.4): the namespace, or else the
// universal id.
func (id Identifier) Authority() string {
	hd := id.At.Component(4)
	if ns := hd.Sub(1).Text(); ns != "" {
		return ns
	}
	return hd.Sub(2).Text()
}

// Type returns the type code (CX.5), such as NH or MR.
func (id Identifier) Type() string { return id.At.Component(5).Text() }

// same reports whether two identifiers are the same one.
func (id Identifier) same(o Identifier) bool {
	if id.Kind != o.Kind || id.State != Valid || o.State != Valid {
		return false
	}
	if id.Kind != Local {
		return id.Number == o.Number
	}
	return id.Value().Text() == o.Value().Text() && strings.EqualFold(id.Authority(), o.Authority())
}

// Patient is a patient as a PID segment names it.
type Patient struct {
	PID hl7v2.Segment

	// Identifiers are those of PID-3 in their order, then those of PID-2,
	// PID-4 and PID-19. Repetitions without an id are left out.
	Identifiers []Identifier
}

// PatientOf reads the first patient of a message.
func PatientOf(m *hl7v2.Message) Patient { return ReadPatient(m.Segment("PID", 1)) }

// Patients yields the patients of a message, one for each PID.
func Patients(m *hl7v2.Message) iter.Seq[Patient] {
	return func(yield func(Patient) bool) {
		for pid := range m.Segments("PID") {
			if !yield(ReadPatient(pid)) {
				return
			}
		}
	}
}

// ReadPatient reads a PID segment.
func ReadPatient(pid hl7v2.Segment) Patient {
	p := Patient{PID: pid}
	field := pid.Field(3)
	if n := field.NumReps(); n > 0 {
		p.Identifiers = make([]Identifier, 0, n)
	}
	for _, rep := range field.Reps() {
		if id, ok := readIdentifier(rep); ok {
			p.Identifiers = append(p.Identifiers, id)
		}
	}
	for _, n := range [...]int{2, 4, 19} {
		field := pid.Field(n)
		if field.State() == hl7v2.Absent {
			continue
		}
		for _, rep := range field.Reps() {
			if id, ok := readLegacy(rep, n); ok {
				p.Identifiers = append(p.Identifiers, id)
			}
		}
	}
	return p
}

// NHSNumber returns the NHS number of PID-3. The state says whether it can be
// used: only the identifier of a Valid one has a number. Two different valid
// numbers are Conflicting. A valid number beside a deleted one replaces it,
// and it stands beside an invalid one, which [Patient.Findings] reports.
func (p Patient) NHSNumber() (Identifier, State) { return p.Find(NHSNumber, false) }

// LegacyNHSNumber returns the NHS number of PID-2, PID-4 and PID-19, where old
// senders have it and often without saying what it is. It is not part of
// [Patient.NHSNumber]: ten digits that pass the check digit may by chance be
// something else.
func (p Patient) LegacyNHSNumber() (Identifier, State) { return p.Find(NHSNumber, true) }

// Find returns the number of a national scheme in PID-3 or, with legacy, in
// PID-2, PID-4 and PID-19, in the way of [Patient.NHSNumber]. For local ids use
// [Patient.Local].
func (p Patient) Find(kind Kind, legacy bool) (Identifier, State) {
	return find(p.Identifiers, kind, legacy)
}

func find(ids []Identifier, kind Kind, legacy bool) (found Identifier, state State) {
	for _, id := range ids {
		if id.Kind != kind || id.Legacy != legacy {
			continue
		}
		switch {
		case state == Valid && id.State == Valid:
			if id.Number != found.Number {
				return Identifier{}, Conflicting
			}
		case id.State == Valid, state == Absent, state == Deleted && id.State == Invalid:
			found, state = id, id.State
		}
	}
	return found, state
}

// Local yields the identifiers that organisations have given, such as hospital
// numbers.
func (p Patient) Local() iter.Seq[Identifier] {
	return func(yield func(Identifier) bool) {
		for _, id := range p.Identifiers {
			if id.Kind == Local && !yield(id) {
				return
			}
		}
	}
}

// probe is a valid number of the testing range: to ask what scheme a CX names
// without its value.
const probe = "9990000018"

// readIdentifier reads a CX; it is false if there is neither an id nor the
// null that deletes one.
func readIdentifier(cx hl7v2.Value) (Identifier, bool) {
	id := Identifier{At: cx}
	value := id.Value()
	state := value.State()
	if state == hl7v2.Absent {
		return id, false
	}
	id.Kind, id.Unverified = kindOf(cx)
	switch {
	case state == hl7v2.Null:
		id.State = Deleted
	case id.Kind == Local:
		id.State = Valid
	default:
		var digits [24]byte
		id.number(string(value.AppendText(digits[:0])))
	}
	return id, true
}

// number reads the text of a national number.
func (id *Identifier) number(text string) {
	n, err := nhsnumber.Parse(text)
	if id.Kind == CHINumber && errors.Is(err, nhsnumber.ErrLength) && len(text) == 9 {
		// QUIRK: numbers that were stored as integers have lost a leading zero.
		if padded, e := nhsnumber.Parse("0" + text); e == nil {
			n, err = padded, nil
		}
	}
	if err != nil {
		id.State, id.Err = Invalid, err
		return
	}
	id.State, id.Number = Valid, n
}

// kindOf says what a CX identifies, by the dialects of package nhsnumber and
// some forms of v2 besides.
func kindOf(cx hl7v2.Value) (kind Kind, unverified bool) {
	authority, typ := cx.Component(4), cx.Component(5)
	if authority.State() != hl7v2.Present && typ.State() != hl7v2.Present {
		return Local, false
	}
	if string(authority.Raw()) == "NHS" {
		return NHSNumber, false // as the table has it, for nearly every message
	}
	namespace, universal, code := authority.Sub(1).Text(), authority.Sub(2).Text(), typ.Text()
	switch {
	case namespace == "H&C", namespace == "H" && universal == "C":
		// QUIRK: the name of the scheme, with and without its & escaped.
		return HCNumber, false
	case universal == "" && isOID(namespace):
		// QUIRK: the OID as the namespace.
		namespace, universal = "", namespace
	case universal == "" && namespace == "" && isOID(code):
		// QUIRK: NHS England genomics has the OID of the scheme in CX.5.
		universal = code
	}
	id, err := nhsnumber.FromCX(probe, namespace, universal, code)
	if err != nil && universal != "" && namespace != "" {
		// A universal id that is not of a scheme, beside a namespace that may be.
		id, err = nhsnumber.FromCX(probe, namespace, "", code)
	}
	if err != nil {
		return Local, false
	}
	switch id.Scheme {
	case nhsnumber.SchemeNHS:
		return NHSNumber, id.Unverified
	case nhsnumber.SchemeCHI:
		return CHINumber, false
	case nhsnumber.SchemeHSC:
		return HCNumber, false
	}
	return Local, false
}

func isOID(s string) bool {
	return len(s) > 4 && (s[:2] == "2." || s[:2] == "1.") && strings.Trim(s, "0123456789.") == ""
}

// readLegacy reads an identifier of PID-2, PID-4 or PID-19. What does not say
// what it is is an NHS number if it is a valid one; in PID-19, where the
// standard has the number of a nation's insurance, ten digits that are not
// valid are meant as one too.
func readLegacy(cx hl7v2.Value, field int) (Identifier, bool) {
	id, ok := readIdentifier(cx)
	if !ok {
		return id, false
	}
	id.Legacy = true
	if id.Kind != Local || id.Authority() != "" || id.Type() != "" && id.Type() != "SS" {
		return id, true
	}
	switch id.State {
	case Deleted:
		if field == 19 {
			id.Kind = NHSNumber
		}
	case Valid:
		n, err := nhsnumber.Parse(id.Value().Text())
		switch {
		case err == nil:
			id.Kind, id.Number = NHSNumber, n
		case field == 19 && errors.Is(err, nhsnumber.ErrCheckDigit):
			id.Kind, id.State, id.Err = NHSNumber, Invalid, err
		}
	}
	return id, true
}
