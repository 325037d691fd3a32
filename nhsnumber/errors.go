package nhsnumber

import "fmt"

// Class says what is wrong with an input. A Class is an error, so that
// callers branch with errors.Is:
//
//	if errors.Is(err, nhsnumber.ErrCheckDigit) { ... }
type Class uint8

// The classes of errors. Their text ([Class.String]) is stable.
const (
	ErrEmpty          Class = iota + 1 // nothing but white space
	ErrLength                          // not ten digits, or not the length of the form
	ErrCharacter                       // a character that is neither digit nor separator
	ErrFormat                          // digits in a form that this reader does not take
	ErrCheckDigit                      // Modulus 11 fails
	ErrSystem                          // a FHIR system or CDA root that names no known scheme
	ErrAuthority                       // an HL7 v2 CX whose authority names no known scheme
	ErrGSRNCheckDigit                  // the Modulo 10 digit of a GSRN fails
	ErrAI                              // a GS1 application identifier that is unknown or missing
	ErrRange                           // outside the range of numbers that the operation takes
	ErrDate                            // the date part of a CHI number is no date
	ErrAmbiguous                       // more than one date, and nothing to choose by
	ErrKey                             // a key or key id that is too short or malformed
	ErrStatus                          // not a status code of the code system
	ErrLimit                           // a limit of this package was reached
)

const classNames = "\x00empty\x00length\x00character\x00format\x00check_digit\x00system\x00authority\x00" +
	"gsrn_check_digit\x00application_identifier\x00range\x00date\x00ambiguous\x00key\x00status\x00limit\x00"

// String returns the name of the class, such as "check_digit".
func (c Class) String() string {
	at, end := nulField(classNames, int(c))
	if c == 0 || at == end {
		return fmt.Sprintf("class(%d)", uint8(c))
	}
	return classNames[at:end]
}

// Error returns a sentence without the input.
func (c Class) Error() string { return "nhsnumber: " + c.sentence() }

func (c Class) sentence() string {
	switch c {
	case ErrEmpty:
		return "no number given"
	case ErrLength:
		return "wrong number of digits"
	case ErrCharacter:
		return "unexpected character"
	case ErrFormat:
		return "unexpected form"
	case ErrCheckDigit:
		return "check digit does not match"
	case ErrSystem:
		return "system names no known numbering scheme"
	case ErrAuthority:
		return "assigning authority names no known numbering scheme"
	case ErrGSRNCheckDigit:
		return "GSRN check digit does not match"
	case ErrAI:
		return "unknown or missing application identifier"
	case ErrRange:
		return "number outside the range"
	case ErrDate:
		return "date part is no date"
	case ErrAmbiguous:
		return "date part stands for more than one date"
	case ErrKey:
		return "unusable key or key id"
	case ErrStatus:
		return "not a status code"
	case ErrLimit:
		return "limit reached"
	}
	return c.String()
}

// nulField returns where the i-th field of a NUL separated list lies.
func nulField(list string, i int) (start, end int) {
	for k := 0; k < len(list); k++ {
		if list[k] != 0 {
			continue
		}
		if i == 0 {
			return start, k
		}
		i--
		start = k + 1
	}
	return 0, 0
}

// Error is what is wrong with one input and where. It never holds the input
// or digits of it. errors.Is(err, class) holds for its class.
type Error struct {
	Class  Class
	Offset int    // byte offset in the input; its length where something is missing
	Clause string // where the standard says so, may be ""
}

func (e *Error) Error() string {
	s := fmt.Sprintf("nhsnumber: byte %d: %s", e.Offset, e.Class.sentence())
	if e.Clause != "" {
		s += "; " + e.Clause
	}
	return s
}

func (e *Error) Unwrap() error { return e.Class }

// Clauses of ISB 0149 specification v1.0 that errors cite.
const (
	clauseFormat = "ISB 0149 requirement 10 takes ten digits with or without spaces"
	clauseCheck  = "ISB 0149 requirement 11 wants a Modulus 11 check digit"
)

func failure(c Class, offset int) *Error {
	e := &Error{Class: c, Offset: offset}
	switch c {
	case ErrCheckDigit:
		e.Clause = clauseCheck
	case ErrEmpty, ErrLength, ErrCharacter, ErrFormat:
		e.Clause = clauseFormat
	}
	return e
}
