package nhsnumber

import (
	"fmt"
	"slices"
	"strings"
)

// The application identifiers of NHS wristbands (DCB1077).
const (
	aiGSRN = "8018" // Global Service Relation Number of the patient
	aiSRIN = "8019" // instance number of the relation
)

const (
	gsrnLength   = 18
	prefixLength = gsrnLength - 10 - 1
	groupSep     = 0x1D
)

const clauseGSRN = "GS1 General Specifications: a GSRN has 18 digits, the last by Modulo 10"

// AppendGSRN appends the 18 digits of a Global Service Relation Number to b:
// a GS1 company prefix of seven digits, the number, and a Modulo 10 check
// digit. The prefix that the NHS uses is for the caller to know.
func AppendGSRN(b []byte, companyPrefix string, n Number) ([]byte, error) {
	if len(companyPrefix) != prefixLength {
		return b, &Error{Class: ErrLength, Offset: min(len(companyPrefix), prefixLength), Clause: "the company prefix of a GSRN with an NHS number has seven digits"}
	}
	for i := range len(companyPrefix) {
		if companyPrefix[i]-'0' > 9 {
			return b, &Error{Class: ErrCharacter, Offset: i, Clause: "a company prefix is digits"}
		}
	}
	if n.IsZero() {
		return b, failure(ErrEmpty, 0)
	}
	start := len(b)
	b = n.appendDigits(append(b, companyPrefix...))
	return append(b, modulo10(view(b[start:]))), nil
}

// ParseGSRN splits the 18 digits of a GSRN that carries a number. Both check
// digits are verified.
func ParseGSRN(s string) (companyPrefix string, n Number, err error) {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return "", Number{}, &Error{Class: ErrCharacter, Offset: i, Clause: clauseGSRN}
		}
	}
	if len(s) != gsrnLength {
		return "", Number{}, &Error{Class: ErrLength, Offset: min(len(s), gsrnLength), Clause: clauseGSRN}
	}
	if modulo10(s[:gsrnLength-1]) != s[gsrnLength-1] {
		return "", Number{}, &Error{Class: ErrGSRNCheckDigit, Offset: gsrnLength - 1, Clause: clauseGSRN}
	}
	n, v := fast(s[prefixLength : gsrnLength-1])
	if v != accepted {
		return "", Number{}, failure(ErrCheckDigit, gsrnLength-2)
	}
	return s[:prefixLength], n, nil
}

// modulo10 returns the GS1 check digit of digits: weights 3 and 1 from the
// right.
func modulo10(digits string) byte {
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += int(digits[i]-'0') * weight
		weight = 4 - weight
	}
	return byte('0' + (10-sum%10)%10)
}

// Element is one application identifier and its data in a scanned symbol.
type Element struct {
	AI    string
	Value string
}

// Wristband is what a scan of a patient's GS1 DataMatrix says. Elements holds
// everything in the order of the scan, also what Prefix, Number and SRIN
// repeat; the data of AI 91 to 99 stay as they are. A Wristband prints as a
// mask.
type Wristband struct {
	Prefix   string // GS1 company prefix
	Number   Number
	SRIN     string // AI 8019, "" if absent
	Elements []Element
}

// maxElements bounds a scan: more than a DataMatrix of 2,335 characters holds.
const maxElements = 800

// ParseWristband reads a whole element string as a scanner sends it, with or
// without the symbology identifier ]d2 (or ]C1, ]Q3, ]e0), the group
// separator 0x1D after data of variable length; or the form for people,
// (8018)…(8019)…. Unknown application identifiers and a scan without 8018 are
// refused with [ErrAI]. Values are parts of s.
func ParseWristband(s string) (Wristband, error) {
	var w Wristband
	at := 0
	if len(s) >= 3 && s[0] == ']' && slices.Contains([]string{"]d2", "]C1", "]Q3", "]e0"}, s[:3]) {
		at = 3
	}
	bracketed := at < len(s) && s[at] == '('
	found := false
	for at < len(s) {
		if s[at] == groupSep && !bracketed { // FNC1 also after data of fixed length
			at++
			continue
		}
		if len(w.Elements) == maxElements {
			return Wristband{}, &Error{Class: ErrLimit, Offset: at}
		}
		e, valueAt, next, err := element(s, at, bracketed)
		if err != nil {
			return Wristband{}, err
		}
		w.Elements = append(w.Elements, e)
		switch e.AI {
		case aiGSRN:
			w.Prefix, w.Number, err = ParseGSRN(e.Value)
			if fault, ok := err.(*Error); ok {
				fault.Offset += valueAt
				return Wristband{}, err
			}
			found = true
		case aiSRIN:
			if e.Value == "" || len(e.Value) > 10 {
				return Wristband{}, &Error{Class: ErrLength, Offset: valueAt + min(len(e.Value), 10), Clause: "GS1 General Specifications: an SRIN has 1 to 10 digits"}
			}
			w.SRIN = e.Value
		}
		at = next
	}
	if !found {
		return Wristband{}, &Error{Class: ErrAI, Offset: len(s), Clause: "DCB1077: AI 8018 is mandatory"}
	}
	return w, nil
}

// element reads the application identifier at s[at:] and its data.
func element(s string, at int, bracketed bool) (e Element, valueAt, next int, err error) {
	if bracketed {
		end := strings.IndexByte(s[at:], ')')
		if s[at] != '(' || end < 0 || aiLength(s[at+1:at+end]) != end-1 {
			return Element{}, 0, 0, &Error{Class: ErrAI, Offset: at}
		}
		e.AI = s[at+1 : at+end]
		valueAt = at + end + 1
		next = len(s)
		if k := nextBracket(s[valueAt:]); k >= 0 {
			next = valueAt + k
		}
		e.Value = s[valueAt:next]
		return e, valueAt, next, nil
	}
	n := aiLength(s[at:])
	if n == 0 || at+n > len(s) {
		return Element{}, 0, 0, &Error{Class: ErrAI, Offset: at}
	}
	e.AI = s[at : at+n]
	valueAt = at + n
	if size := fixedLength(e.AI); size > 0 {
		next = valueAt + size
		if next > len(s) {
			return Element{}, 0, 0, &Error{Class: ErrLength, Offset: len(s), Clause: fmt.Sprintf("GS1 General Specifications: AI %s has %d characters", e.AI, size)}
		}
		e.Value = s[valueAt:next]
		if k := strings.IndexByte(e.Value, groupSep); k >= 0 {
			return Element{}, 0, 0, &Error{Class: ErrLength, Offset: valueAt + k, Clause: fmt.Sprintf("GS1 General Specifications: AI %s has %d characters", e.AI, size)}
		}
		return e, valueAt, next, nil
	}
	next = len(s)
	if k := strings.IndexByte(s[valueAt:], groupSep); k >= 0 {
		next = valueAt + k
	}
	e.Value = s[valueAt:next]
	return e, valueAt, next, nil
}

// nextBracket returns where the next application identifier in brackets
// begins, -1 if there is none. A bracket in the data that does not look like
// one is data.
func nextBracket(s string) int {
	for from := 0; ; {
		k := strings.IndexByte(s[from:], '(')
		if k < 0 {
			return -1
		}
		k += from
		if end := strings.IndexByte(s[k:], ')'); end > 1 && end <= 5 && aiLength(s[k+1:k+end]) == end-1 {
			return k
		}
		from = k + 1
	}
}

// aiLength returns the number of digits of the application identifier at the
// start of s, by its first two digits (GS1 General Specifications, figure
// "GS1 Application Identifiers"), or 0 if there is none.
func aiLength(s string) int {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return 0
	}
	n := 0
	switch p := (s[0]-'0')*10 + s[1] - '0'; {
	case p <= 4 || p >= 10 && p <= 22 || p == 30 || p == 37 || p >= 90:
		n = 2
	case p >= 23 && p <= 25 || p >= 40 && p <= 42 || p == 71:
		n = 3
	case p >= 31 && p <= 36 || p == 39 || p == 43 || p == 70 || p == 72 || p >= 80 && p <= 82:
		n = 4
	default:
		return 0
	}
	for i := 2; i < n; i++ {
		if i >= len(s) || s[i]-'0' > 9 {
			return 0
		}
	}
	return n
}

// fixedLength returns the number of characters of data that need no separator
// after them: those of the predefined list, and the GSRN, which wristbands in
// use write without one. It is 0 for data of variable length.
func fixedLength(ai string) int {
	switch ai[:2] {
	case "00":
		return 18
	case "01", "02", "03":
		return 14
	case "04":
		return 16
	case "11", "12", "13", "14", "15", "16", "17", "18", "19":
		return 6
	case "20":
		return 2
	case "31", "32", "33", "34", "35", "36":
		return 6
	case "41":
		return 13
	}
	if ai == aiGSRN {
		return gsrnLength
	}
	return 0
}

// AppendTo appends the element string to b, as a symbol encodes it, without a
// symbology identifier: AI 8018, AI 8019 where SRIN is set, then the
// Elements of other application identifiers in their order, a group separator
// after data of variable length but the last.
func (w Wristband) AppendTo(b []byte) ([]byte, error) {
	start := len(b)
	out, err := AppendGSRN(append(b, aiGSRN...), w.Prefix, w.Number)
	if err != nil {
		return b[:start], err
	}
	open := false // data of variable length came last
	put := func(ai, value string) error {
		if ai == "" || aiLength(ai) != len(ai) {
			return &Error{Class: ErrAI}
		}
		fixed := fixedLength(ai)
		switch {
		case value == "" || fixed > 0 && len(value) != fixed || fixed == 0 && len(value) > 90:
			return &Error{Class: ErrLength, Clause: "GS1 General Specifications: length of data by application identifier"}
		case strings.IndexByte(value, groupSep) >= 0:
			return &Error{Class: ErrCharacter, Offset: strings.IndexByte(value, groupSep), Clause: "a group separator ends data"}
		}
		if open {
			out = append(out, groupSep)
		}
		out = append(append(out, ai...), value...)
		open = fixed == 0
		return nil
	}
	if w.SRIN != "" {
		err = put(aiSRIN, w.SRIN)
	}
	for _, e := range w.Elements {
		if err == nil && e.AI != aiGSRN && e.AI != aiSRIN {
			err = put(e.AI, e.Value)
		}
	}
	if err != nil {
		return b[:start], err
	}
	return out, nil
}

// Format writes the mask of the number for every verb: AI 91 to 93 hold local
// ids, names and dates of birth.
func (w Wristband) Format(f fmt.State, _ rune) {
	formatMasked(f, fmt.Sprintf("Wristband(%s, %d elements)", w.Number.String(), len(w.Elements)))
}

// Format writes the application identifier and a mask for every verb.
func (e Element) Format(f fmt.State, _ rune) { formatMasked(f, "("+e.AI+")***") }
