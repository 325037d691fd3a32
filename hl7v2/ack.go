package hl7v2

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// AckCode is the acknowledgement code of MSA-1.
type AckCode string

// The acknowledgement codes: of the application, and in enhanced mode of the
// mere acceptance (commit).
const (
	AckAccept       AckCode = "AA"
	AckError        AckCode = "AE"
	AckReject       AckCode = "AR"
	AckCommitAccept AckCode = "CA"
	AckCommitError  AckCode = "CE"
	AckCommitReject AckCode = "CR"
)

// positive reports whether the code accepts the message.
func (c AckCode) positive() bool { return c == AckAccept || c == AckCommitAccept }

// commit reports whether the code is one of the accept acknowledgement, which
// MSH-15 asks for; the others are what MSH-16 asks for.
func (c AckCode) commit() bool { return strings.HasPrefix(string(c), "C") }

// Fault is what an ERR segment tells a sender: where the message is wrong, and
// how. It should hold no value of the message.
type Fault struct {
	Path     string   // the element, as in PID-3[2].1; empty for the message
	Code     string   // of table 0357, such as "101"; empty is "207"; 104, too long, is written as 102 before 2.7
	Text     string   // in words; empty is the meaning of the code
	Severity Severity // from 2.5 on
}

// errorText is the meaning of a code of table 0357.
func errorText(code string) string {
	switch code {
	case "100":
		return "Segment sequence error"
	case "101":
		return "Required field missing"
	case "102":
		return "Data type error"
	case "103":
		return "Table value not found"
	case "104":
		return "Value too long"
	case "200":
		return "Unsupported message type"
	case "201":
		return "Unsupported event code"
	case "202":
		return "Unsupported processing id"
	case "203":
		return "Unsupported version id"
	case "204":
		return "Unknown key identifier"
	case "205":
		return "Duplicate key identifier"
	case "206":
		return "Application record locked"
	}
	return "Application internal error"
}

// FaultOf makes a fault of a finding, with the code of table 0357 that comes
// nearest: of this package and of those that check messages by it. A finding
// of a rule that it does not know has 207.
func FaultOf(i Issue) Fault {
	f := Fault{Path: i.Path, Severity: i.Severity, Code: faultCode(i)}
	if i.Err != nil {
		f.Text = i.Err.Error()
	}
	return f
}

// faultCode returns the code of table 0357 for a finding. The packages that
// check messages are not known here, their codes are.
func faultCode(i Issue) string {
	switch i.Code {
	case CodeEmpty, CodeHeader, CodeSegmentID, CodeMultipleMessages, CodeTerminator, CodeTrailingBytes,
		"hl7v2.missing-segment", "hl7v2.unexpected-segment", "hl7v2.unknown-segment",
		"profile.structure", "uk.z-segment-order", "uk.merge-segment":
		return "100"
	case "hl7v2.repetition", "profile.cardinality":
		if !strings.Contains(i.Path, "-") { // of a segment
			return "100"
		}
		return "102"
	case CodeRequired, "profile.usage", "uk.identifier-type-missing", "uk.assigning-authority-missing", "uk.legacy-position", "uk.merge-no-identifier":
		return "101"
	case CodeDataType, CodeEscape, CodeControlCharacter, CodeCharset, CodeC1Control, CodeEncodingCharacters,
		"hl7v2.value-type", "hl7v2.extra", "hl7v2.withdrawn", "profile.datatype", "uk.z-segment-extra",
		"uk.check-digit", "uk.number-format", "uk.number-spelling", "uk.number-range", "uk.number-placeholder", "uk.ods-code", "uk.practitioner-code":
		return "102"
	case "hl7v2.table", "profile.table", "profile.constant", "uk.code", "uk.trace-status", "uk.identifier-type", "uk.assigning-authority", "uk.practitioner-label":
		return "103"
	case "hl7v2.length", "profile.length":
		return "104"
	case "hl7v2.structure", "profile.message":
		return "200"
	case CodeVersion:
		return "203"
	}
	return "207"
}

// Acknowledgement says how to answer a message. The zero value accepts it.
type Acknowledgement struct {
	Code      AckCode   // empty: AA, or AE if there are faults
	Faults    []Fault   // one ERR segment each, or one repetition before 2.5
	Time      time.Time // MSH-7; the zero time leaves it empty
	ControlID string    // MSH-10; empty: derived from the message's bytes
}

// Append appends the acknowledgement of a message to dst: sender and receiver
// swapped, delimiters, version and processing id of the request, the trigger
// event in MSH-9 as the version wants it, MSA, and ERR as the version has it.
// due is false, and dst as it was, if the sender wants no such answer: in
// enhanced mode MSH-15 asks for accept and MSH-16 for application
// acknowledgements, always (AL), never (NE), on error (ER) or on success (SU).
//
// A request that has no readable header gets an answer with the usual
// delimiters, version 2.4 and an empty MSA-2.
func (a Acknowledgement) Append(dst, request []byte) (answer []byte, due bool) {
	h, err := ReadHeader(request)
	if err != nil {
		h = Header{delims: Standard()}
	}
	code := a.Code
	switch {
	case code != "":
	case len(a.Faults) > 0:
		code = AckError
	default:
		code = AckAccept
	}
	if !h.wants(code) {
		return dst, false
	}
	w := ackWriter{out: dst, d: h.delims}
	version := string(h.Version())
	w.header(&h, a, request, version)
	w.out = append(w.out, "MSA"...)
	w.text(string(code))
	w.raw(h.ControlID())
	w.out = append(w.out, '\r')
	if versionBefore(version, 2, 5) {
		w.errors24(a.Faults, version)
	} else {
		w.errors25(a.Faults, version)
	}
	return w.out, true
}

// wants reports whether the sender of a message wants an answer with a code.
func (h *Header) wants(code AckCode) bool {
	accept, application := string(h.Field(15)), string(h.Field(16))
	if accept == "" && application == "" {
		return true // original mode
	}
	condition := application
	if code.commit() {
		condition = accept
	}
	switch condition {
	case "AL":
		return true
	case "ER":
		return !code.positive()
	case "SU":
		return code.positive()
	case "NE":
		return false
	}
	// Left empty in enhanced mode: none, but a refusal is never kept back.
	return !code.positive()
}

// versionBefore reports whether a version number comes before major.minor. An
// unreadable version is taken for 2.4.
func versionBefore(version string, major, minor int) bool {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(second)
	if errA != nil || errB != nil {
		a, b = 2, 4
	}
	return a < major || a == major && b < minor
}

// ackWriter appends segments.
type ackWriter struct {
	out []byte
	d   Delimiters
}

// text appends a field of plain text.
func (w *ackWriter) text(text string) {
	w.out = w.d.AppendEscaped(append(w.out, w.d.Field), []byte(text))
}

// raw appends a field of bytes that are escaped already.
func (w *ackWriter) raw(b []byte) { w.out = append(append(w.out, w.d.Field), b...) }

// header appends MSH.
func (w *ackWriter) header(h *Header, a Acknowledgement, request []byte, version string) {
	w.out = append(append(w.out, "MSH"...), w.d.Field)
	w.out = append(w.out, w.d.Encoding()...)
	w.raw(h.Field(5))
	w.raw(h.Field(6))
	w.raw(h.Field(3))
	w.raw(h.Field(4))
	w.raw(nil)
	if !a.Time.IsZero() {
		w.out, _ = DateTimeOf(a.Time, Second).AppendText(w.out)
	}
	w.raw(nil) // MSH-8
	w.text("ACK")
	if _, trigger, _ := h.Type(); len(trigger) > 0 && !versionBefore(version, 2, 3) && w.d.Component != 0 {
		w.out = append(append(w.out, w.d.Component), trigger...)
		if version != "2.3" {
			w.out = append(append(w.out, w.d.Component), "ACK"...)
		}
	}
	id := a.ControlID
	if id == "" {
		sum := fnv.New64a()
		sum.Write(request)
		id = strconv.FormatUint(sum.Sum64(), 36)
	}
	w.text(id)
	if processing := h.Field(11); len(processing) > 0 {
		w.raw(processing)
	} else {
		w.text("P")
	}
	if version == "" {
		w.text("2.4")
	} else {
		w.raw(h.Field(12))
	}
	if charset := h.Field(18); len(charset) > 0 {
		for range 5 {
			w.raw(nil)
		}
		w.raw(charset)
	}
	w.out = append(w.out, '\r')
}

// errors24 appends the ERR segment of versions before 2.5: a repetition of
// ERR-1 for each fault, which holds segment, sequence, field, and the code with
// its text and table.
func (w *ackWriter) errors24(faults []Fault, version string) {
	for i, f := range faults {
		if i == 0 {
			w.out = append(append(w.out, "ERR"...), w.d.Field)
		} else {
			w.out = append(w.out, w.d.Repetition)
		}
		p := f.path()
		w.out = append(w.out, p.Segment...)
		w.number(max(p.Occur, 1), p.Segment != "")
		w.number(p.Field, p.Field > 0)
		w.out = w.d.AppendEscaped(append(w.out, w.d.Component), []byte(f.code(version)))
		w.out = w.d.AppendEscaped(append(w.out, w.d.Subcomponent), []byte(f.text(version)))
		w.out = append(append(w.out, w.d.Subcomponent), "HL70357"...)
	}
	if len(faults) > 0 {
		w.out = append(w.out, '\r')
	}
}

// errors25 appends an ERR segment for each fault, as 2.5 and later have it:
// ERR-2 the location, ERR-3 the code, ERR-4 the severity, ERR-8 the text.
func (w *ackWriter) errors25(faults []Fault, version string) {
	for _, f := range faults {
		w.out = append(append(append(w.out, "ERR"...), w.d.Field), w.d.Field)
		if p := f.path(); p.Segment != "" {
			w.out = append(w.out, p.Segment...)
			steps := [...]int{p.Occur, p.Field, p.Rep, p.Comp, p.Sub}
			last := len(steps)
			for last > 1 && steps[last-1] == 0 {
				last--
			}
			for _, n := range steps[:last] {
				w.number(max(n, 1), true)
			}
		}
		w.text(f.code(version))
		w.out = w.d.AppendEscaped(append(w.out, w.d.Component), []byte(errorText(f.code(version))))
		w.out = append(append(w.out, w.d.Component), "HL70357"...)
		switch f.Severity {
		case Warning:
			w.text("W")
		case Information:
			w.text("I")
		default:
			w.text("E")
		}
		for range 3 {
			w.raw(nil)
		}
		w.text(f.text(version))
		w.out = append(w.out, '\r')
	}
}

// number appends a component that is a number, or empty.
func (w *ackWriter) number(n int, known bool) {
	w.out = append(w.out, w.d.Component)
	if known {
		w.out = strconv.AppendInt(w.out, int64(n), 10)
	}
}

// path is the fault's place; zero if it has none that can be read.
func (f Fault) path() Path {
	p, err := ParsePath(f.Path)
	if err != nil {
		return Path{}
	}
	return p
}

// code is the code in the table of a version.
func (f Fault) code(version string) string {
	switch {
	case f.Code == "":
		return "207"
	case f.Code == "104" && versionBefore(version, 2, 7):
		return "102"
	}
	return f.Code
}

func (f Fault) text(version string) string {
	if f.Text == "" {
		return errorText(f.code(version))
	}
	return f.Text
}
