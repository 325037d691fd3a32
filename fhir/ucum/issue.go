package ucum

import (
	"errors"
	"fmt"
	"strings"
)

// Severity grades an Issue. A unit that does not parse is always an error.
type Severity string

// SeverityError marks a code that is not a valid unit.
const SeverityError Severity = "error"

// Code identifies the kind of an Issue. Codes do not change between versions.
type Code string

// What can be wrong with a unit code.
const (
	CodeEmpty      Code = "ucum.empty"      // no text at all
	CodeCharacter  Code = "ucum.character"  // a blank, a control or a non-ASCII character
	CodeSyntax     Code = "ucum.syntax"     // not a term of the grammar
	CodeUnknown    Code = "ucum.unknown"    // a symbol that is not in the table
	CodeNotMetric  Code = "ucum.not-metric" // a prefix on a unit that takes none
	CodeAnnotation Code = "ucum.annotation" // braces that do not close, or nest
	CodeNumber     Code = "ucum.number"     // a factor of zero
	CodeLimit      Code = "ucum.limit"      // more than the Limits allow
	CodeMagnitude  Code = "ucum.magnitude"  // a factor or exponent too large to compute with
)

// Issue is what is wrong with a unit code, and where.
type Issue struct {
	Severity Severity
	Code     Code
	Path     string // always empty: a unit code has no inner paths
	Offset   int64  // byte offset in the code
	Line     int    // always 1
	Col      int    // byte column, 1-based
	Clause   string // clause of the UCUM specification
	Text     string // what was found and what was wanted
	Err      error  // always nil
}

// Error words the issue with its place.
func (i *Issue) Error() string {
	return fmt.Sprintf("ucum: column %d: %s", i.Col, i.Text)
}

// Unwrap returns the cause, if there is one.
func (i *Issue) Unwrap() error { return i.Err }

// What can prevent a comparison or conversion of two valid units.
var (
	// ErrIncommensurable says that two units measure different kinds of
	// quantity, or are different arbitrary units.
	ErrIncommensurable = errors.New("ucum: units are not commensurable")
	// ErrSpecial says that a special unit is used in arithmetic that is only
	// defined on a ratio scale, as in Cel/min.
	ErrSpecial = errors.New("ucum: special unit in a product or power")
	// ErrDomain says that a value lies outside a special unit's scale, as the
	// logarithm of a negative number does.
	ErrDomain = errors.New("ucum: value is outside the scale of the unit")
	// ErrMagnitude says that a number grew past what is computed exactly.
	ErrMagnitude = errors.New("ucum: number too large")
	// ErrDivision says that a quantity was divided by zero.
	ErrDivision = errors.New("ucum: division by zero")
)

// quote shows at most 32 bytes of a code.
func quote(s string) string {
	if len(s) > 32 {
		s = strings.ToValidUTF8(s[:32], "") + "..."
	}
	return fmt.Sprintf("%q", s)
}
