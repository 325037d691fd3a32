package nhsnumber

import (
	_ "embed"
	"strings"
)

// dialect is one way in which messages identify a number.
type dialect struct {
	scheme              Scheme
	system, oid         string
	namespace, typeCode string
	unverified          bool
	write               bool
}

//go:embed dialects.csv
var dialectsCSV string

var lazyDialects lazy[[]dialect]

func dialects() []dialect { return lazyDialects.get(readDialects) }

func readDialects() []dialect {
	var out []dialect
	header := false
	for row := range strings.Lines(dialectsCSV) {
		if row[0] == '#' {
			continue
		}
		f := strings.Split(strings.TrimRight(row, "\r\n"), ",")
		if !header {
			header = true
			continue
		}
		out = append(out, dialect{scheme: Scheme(f[1]), system: f[2], oid: f[3], namespace: f[4], typeCode: f[5], unverified: f[6] == "no", write: f[7] == "yes"})
	}
	return out
}

const urnOID = "urn:oid:"

// fhirSystem returns the system that FHIR identifiers of the dialect have.
func (d dialect) fhirSystem() string {
	if d.system == "" && d.oid != "" {
		return urnOID + d.oid
	}
	return d.system
}

// cda reports whether the dialect has a root for CDA.
func (d dialect) cda() bool { return d.oid != "" }

func (d dialect) fhir() bool { return d.fhirSystem() != "" }

func (d dialect) cx() bool { return d.namespace != "" || d.oid != "" }

// Identifier is a number as a message identifies it.
type Identifier struct {
	Number     Number
	Scheme     Scheme // what the message says it is; Number.Scheme is what its range says
	Unverified bool   // the message calls it an unverified number
	Status     Status // trace status, where the message carries one
}

// FromFHIR reads system and value of a FHIR Identifier: the URL or the
// urn:oid of a scheme, and a value as [Parse] takes it. A system that names
// no scheme is refused with [ErrSystem]. The trace status is in an extension;
// see [ParseStatus].
func FromFHIR(system, value string) (Identifier, error) {
	for _, d := range dialects() {
		if system != "" && (system == d.system || d.oid != "" && strings.HasPrefix(system, urnOID) && system[len(urnOID):] == d.oid) {
			return d.identify(value, 0)
		}
	}
	return Identifier{}, &Error{Class: ErrSystem}
}

// FromII reads root and extension of an II, the identifier of CDA and HL7 v3.
// A root that names no scheme is refused with [ErrSystem].
func FromII(root, extension string) (Identifier, error) {
	for _, d := range dialects() {
		if root != "" && root == d.oid {
			return d.identify(extension, 0)
		}
	}
	return Identifier{}, &Error{Class: ErrSystem}
}

// FromCX reads the parts of an HL7 v2 CX: the id (CX.1), namespace id and
// universal id of its assigning authority (CX.4.1, CX.4.2), and its type code
// (CX.5). The universal id decides before the namespace, and the type code
// only where there is no authority. What names no scheme is refused with
// [ErrAuthority].
func FromCX(id, namespace, universalID, typeCode string) (Identifier, error) {
	return fromCX(id, namespace, universalID, typeCode, 0, 0)
}

func fromCX(id, namespace, universalID, typeCode string, idAt, authorityAt int) (Identifier, error) {
	matches := func(d dialect) bool { return namespace != "" && strings.EqualFold(namespace, d.namespace) }
	switch {
	case universalID != "":
		for _, d := range dialects() {
			if universalID == d.oid {
				return d.identify(id, idAt)
			}
		}
	case namespace == "":
		matches = func(d dialect) bool { return typeCode != "" && !d.cx() && strings.EqualFold(typeCode, d.typeCode) }
	}
	for _, d := range dialects() {
		if matches(d) {
			return d.identify(id, idAt)
		}
	}
	return Identifier{}, &Error{Class: ErrAuthority, Offset: authorityAt, Clause: "HL7 v2 chapter 2A, CX.4 names who assigned an id"}
}

// identify parses the value of an identifier of dialect d.
func (d dialect) identify(value string, at int) (Identifier, error) {
	if value == `""` { // HL7 null
		return Identifier{}, failure(ErrEmpty, at)
	}
	n, err := Parse(value)
	if e, ok := err.(*Error); ok {
		e.Offset += at
		return Identifier{}, err
	}
	return Identifier{Number: n, Scheme: d.scheme, Unverified: d.unverified}, nil
}

// ParseCX reads one repetition of a CX with the usual delimiters ^ and &,
// such as "943 476 5919^^^NHS^NH". Other delimiters: split it and use
// [FromCX].
func ParseCX(cx string) (Identifier, error) {
	var parts [5]string
	var at [5]int
	for k, from := 0, 0; k < len(parts) && from <= len(cx); k++ {
		end := len(cx)
		if i := strings.IndexByte(cx[from:], '^'); i >= 0 {
			end = from + i
		}
		parts[k], at[k] = cx[from:end], from
		from = end + 1
	}
	namespace, rest, _ := strings.Cut(parts[3], "&")
	universalID, _, _ := strings.Cut(rest, "&")
	return fromCX(parts[0], namespace, universalID, parts[4], at[0], at[3])
}

// writer returns the dialect that writes an identifier, among those that can.
func (id Identifier) writer(can func(dialect) bool) (dialect, error) {
	scheme := id.Scheme
	if scheme == SchemeNone {
		scheme = SchemeNHS
	}
	if id.Number.IsZero() {
		return dialect{}, failure(ErrEmpty, 0)
	}
	for _, d := range dialects() {
		if d.write && d.scheme == scheme && d.unverified == id.Unverified && can(d) {
			return d, nil
		}
	}
	return dialect{}, &Error{Class: ErrSystem}
}

// FHIR returns system and value of the FHIR Identifier. A scheme for which
// the table of dialects has no form to write is refused with [ErrSystem]; no
// scheme at all is written as an NHS number.
func (id Identifier) FHIR() (system, value string, err error) {
	d, err := id.writer(dialect.fhir)
	if err != nil {
		return "", "", err
	}
	return d.fhirSystem(), id.Number.Digits(), nil
}

// AppendFHIR appends the FHIR Identifier as JSON to b, with the UK Core
// extension for the trace status where there is one.
func (id Identifier) AppendFHIR(b []byte) ([]byte, error) {
	system, value, err := id.FHIR()
	if err != nil {
		return b, err
	}
	b = append(b, '{')
	if code, ok := id.Status.Code(StatusUKCore); ok {
		b = append(b, `"extension":[{"url":"`+StatusExtension+`","valueCodeableConcept":{"coding":[{"system":"`...)
		b = append(b, string(StatusUKCore)+`","code":"`+code+`","display":"`+id.Status.Display()+`"}]}}],`...)
	}
	return append(b, `"system":"`+system+`","value":"`+value+`"}`...), nil
}

// II returns root and extension of the identifier in CDA and HL7 v3.
func (id Identifier) II() (root, extension string, err error) {
	d, err := id.writer(dialect.cda)
	if err != nil {
		return "", "", err
	}
	return d.oid, id.Number.Digits(), nil
}

// CX returns the identifier as an HL7 v2 CX with the usual delimiters,
// "9434765919^^^NHS^NH". It has no room for the trace status.
func (id Identifier) CX() (string, error) {
	d, err := id.writer(dialect.cx)
	if err != nil {
		return "", err
	}
	authority := d.namespace
	if authority == "" {
		authority = "&" + d.oid + "&ISO"
	}
	return id.Number.Digits() + "^^^" + authority + "^" + d.typeCode, nil
}
