package r4

import (
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// Concept makes a concept of one code. The display may be empty.
func Concept(system, code, display string) *CodeableConcept {
	return &CodeableConcept{Coding: []Coding{{System: system, Code: code, Display: display}}}
}

// Name makes an official name, with its text as it is read in the United
// Kingdom: given names first.
func Name(family string, given ...string) HumanName {
	parts := append(given[:len(given):len(given)], family)
	return HumanName{Use: "official", Text: strings.TrimSpace(strings.Join(parts, " ")), Family: family, Given: given}
}

// Ident makes an identifier of a system, such as NHSNumberSystem.
func Ident(system, value string) Identifier { return Identifier{System: system, Value: value} }

// UCUM makes a quantity in a unit by its UCUM code. The unit is shown as its code
// unless unit has another text for it.
func UCUM(value fhir.Decimal, code, unit string) *Quantity {
	if unit == "" {
		unit = code
	}
	return &Quantity{Value: value, Unit: unit, System: "http://unitsofmeasure.org", Code: code}
}
