package uk

import (
	"slices"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

// IsODS reports whether a code has the shape of a code of the Organisation
// Data Service: three characters for a trust (RXX), five for a site or most
// other organisations (RXX55), six for a GP practice (Y06601), up to nine for
// what belongs to another organisation. They are capital letters and digits.
// Whether the organisation exists is not known here.
func IsODS(code string) bool {
	if len(code) < 3 || len(code) > 9 {
		return false
	}
	for i := range len(code) {
		if c := code[i]; c-'0' > 9 && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isITK reports whether a message declares the ITK HL7 v2 pack in MSH-21.
func isITK(m *hl7v2.Message) bool {
	for _, rep := range m.Segment("MSH", 1).Field(21).Reps() {
		if id := rep.Text(); len(id) >= 3 && strings.EqualFold(id[:3], "iTK") {
			return true
		}
	}
	return false
}

// places returns those of a list that are in a segment.
func placesIn(all []place, segment string) []place {
	at, ok := slices.BinarySearchFunc(all, segment, func(p place, id string) int { return strings.Compare(p.segment, id) })
	if !ok {
		return nil
	}
	end := at
	for end < len(all) && all[end].segment == segment {
		end++
	}
	return all[at:end]
}

// checkOrganisations looks at the organisations of XON fields, where UK
// senders have an ODS code for the id number (XON.3), and in messages of the
// ITK at sender, receiver and site.
func checkOrganisations(m *hl7v2.Message, report reporter) {
	for s := range m.Segments("") {
		for _, p := range placesIn(tables().xon, s.ID()) {
			for _, xon := range s.Field(p.field).Reps() {
				id := xon.Component(3)
				if id.State() == hl7v2.Present && !IsODS(id.Text()) {
					report(CodeODS, id, "neither a number nor the shape of an ODS code")
				}
			}
		}
	}
	if !isITK(m) {
		return
	}
	header := func(v hl7v2.Value, broadcast string) {
		code := v.Text()
		if code != "" && code != broadcast && !(IsODS(code) && (len(code) == 3 || len(code) == 5)) {
			report(CodeODS, v, "an ODS code has three or five capital letters and digits here")
		}
	}
	msh := m.Segment("MSH", 1)
	header(msh.Field(4).Component(1), "")
	header(msh.Field(6).Component(1), "ROUTE")
}

// Register is a register of practitioners.
type Register uint8

// The registers.
const (
	NoRegister Register = iota
	GMC                 // General Medical Council: C and seven digits as a consultant code, or the digits alone
	GMP                 // general medical practitioners: G and seven digits
)

// String returns "GMC", "GMP" or "".
func (r Register) String() string {
	switch r {
	case GMC:
		return "GMC"
	case GMP:
		return "GMP"
	}
	return ""
}

// RegisterOf returns the register of a practitioner's code by its shape: C
// and seven digits are a consultant code, whose digits are the GMC number; G
// and seven digits a GMP code. Seven digits alone are a GMC number. Senders
// label GMP codes GMC, so the shape is to be trusted before the label.
func RegisterOf(code string) Register {
	switch {
	case len(code) == 7 && allDigits(code):
		return GMC
	case len(code) != 8 || !allDigits(code[1:]):
		return NoRegister
	case code[0] == 'C':
		return GMC
	case code[0] == 'G':
		return GMP
	}
	return NoRegister
}

// checkPractitioners looks at the codes of XCN fields whose authority (XCN.9)
// is GMC or GMP.
func checkPractitioners(m *hl7v2.Message, report reporter) {
	for s := range m.Segments("") {
		for _, p := range placesIn(tables().xcn, s.ID()) {
			for _, xcn := range s.Field(p.field).Reps() {
				label := xcn.Component(9).Text()
				id := xcn.Component(1)
				if label != "GMC" && label != "GMP" || id.State() != hl7v2.Present {
					continue
				}
				switch r := RegisterOf(id.Text()); r.String() {
				case label:
				case "":
					report(CodePractitioner, id, "neither a GMC nor a GMP code: C or G and seven digits")
				default:
					report(CodePractitionerLabel, id, "a "+r.String()+" code by its shape under the authority "+label)
				}
			}
		}
	}
}

// checkCodes looks at the fields in which UK senders use lists of the NHS.
func checkCodes(m *hl7v2.Message, report reporter) {
	version, _ := schema.VersionOf(m)
	for i := range tables().coded {
		f := &tables().coded[i]
		if f.shape == "*" {
			continue
		}
		for s := range m.Segments(f.segment) {
			for _, rep := range s.Field(f.number).Reps() {
				v := rep.Component(1).Leaf()
				if v.State() != hl7v2.Present || namesOtherSystem(rep) {
					continue
				}
				code := v.Text()
				if f.admits(code) {
					continue
				}
				if inTable(version, f.table, code) {
					continue
				}
				report(CodeCodeList, v, "neither a code of the NHS Data Dictionary nor one of HL7 for this field")
			}
		}
	}
}

// inTable reports whether HL7 lists a code: in the version, or in 2.4 where no
// values of the version's table are known.
func inTable(version schema.Version, table int, code string) bool {
	t, ok := version.Table(table)
	if !ok || t.Len() == 0 {
		version, _ = schema.Lookup("2.4")
		if t, ok = version.Table(table); !ok {
			return false
		}
	}
	_, ok = t.Display(code)
	return ok
}

// namesOtherSystem reports whether a coded element says itself that its code
// is of SNOMED CT or another system.
func namesOtherSystem(rep hl7v2.Value) bool {
	return rep.NumComponents() > 2 && rep.Component(3).State() == hl7v2.Present
}
