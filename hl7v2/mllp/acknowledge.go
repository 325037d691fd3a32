package mllp

import (
	"errors"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
)

// Rejection is an error by which a handler says how a message is to be
// refused. Other errors are answered with AE and an internal error, without
// their text.
type Rejection struct {
	Code   hl7v2.AckCode // AE, AR, CE or CR; empty is AE
	Faults []hl7v2.Fault // at least one should say why
}

// Error names the code and the first fault.
func (r *Rejection) Error() string {
	text := "message refused: " + string(r.code())
	if len(r.Faults) > 0 && r.Faults[0].Text != "" {
		text += ": " + r.Faults[0].Text
	}
	return text
}

func (r *Rejection) code() hl7v2.AckCode {
	if r.Code == "" {
		return hl7v2.AckError
	}
	return r.Code
}

// reject makes a rejection with one fault.
func reject(code hl7v2.AckCode, condition, text string) *Rejection {
	return &Rejection{Code: code, Faults: []hl7v2.Fault{{Code: condition, Text: text, Severity: hl7v2.Error}}}
}

// errInternal is what the peer of a handler that failed is told.
var errInternal = reject(hl7v2.AckError, "207", "internal error")

// acknowledge makes the answer to a message: positive without an error, else
// what the error says. It is nil where the sender wants none. In enhanced mode
// without an application acknowledgement the accept acknowledgement is sent.
func acknowledge(message []byte, err error, now time.Time) []byte {
	a := hl7v2.Acknowledgement{Code: hl7v2.AckAccept, Time: now}
	if err != nil {
		r := errInternal
		// A nil *Rejection that a handler returns as an error is an error
		// without a reason.
		if own := (*Rejection)(nil); errors.As(err, &own) && own != nil {
			r = own
		}
		a.Code, a.Faults = r.code(), r.Faults
	}
	answer, due := a.Append(nil, message)
	if due {
		return answer
	}
	if len(a.Code) == 2 && a.Code[0] == 'A' {
		a.Code = "C" + a.Code[1:]
		if answer, due = a.Append(nil, message); due {
			return answer
		}
	}
	return nil
}

// refuses reports whether a handler's own reply is a negative acknowledgement.
func refuses(reply []byte) bool {
	if reply == nil {
		return false
	}
	code, _, ok := readMSA(reply)
	return ok && len(code) == 2 && (code[1] == 'E' || code[1] == 'R')
}
