package hl7v2

import "fmt"

// Text is a primitive value inside a composite: plain text without escape
// sequences, the HL7 null, or nothing. It is comparable; the zero Text is
// absent.
type Text struct {
	text string
	null bool
}

// T makes a Text; T("") is absent.
func T(text string) Text { return Text{text: text} }

// NullText returns the HL7 null, which asks the receiver to delete.
func NullText() Text { return Text{null: true} }

// State says whether there is a value, a null, or nothing.
func (t Text) State() State {
	switch {
	case t.null:
		return Null
	case t.text == "":
		return Absent
	}
	return Present
}

// Value returns the text, "" for null and absent.
func (t Text) Value() string { return t.text }

// DateTime reads the text as type TS or DTM.
func (t Text) DateTime() (DateTime, error) {
	if t.null {
		return DateTime{precision: NullDate}, nil
	}
	return ParseDateTime(t.text)
}

// Number reads the text as type NM.
func (t Text) Number() (Number, error) { return ParseNumber(t.text) }

// Format prints the state and no value, so that a composite in a log line
// shows no patient.
func (t Text) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.State()) }
