package mllp

import (
	"bytes"
	"sync"

	"github.com/nhskit/nhskit/hl7v2"
)

// header is what the transport reads of a message: who sent it under which
// control id, and which acknowledgements the sender asks for.
type header struct {
	controlID             string // MSH-10
	application, facility string // MSH-3, MSH-4
	accept, appAck        string // MSH-15, MSH-16
}

// readHeader reads the header of a message. It is empty if there is none.
func readHeader(message []byte) header {
	h, err := hl7v2.ReadHeader(message)
	if err != nil {
		return header{}
	}
	return header{
		controlID: string(h.ControlID()), application: string(h.Field(3)), facility: string(h.Field(4)),
		accept: string(h.Field(15)), appAck: string(h.Field(16)),
	}
}

// key tells messages apart for marking duplicates.
func (h header) key() string {
	if h.controlID == "" {
		return ""
	}
	return h.application + "\x00" + h.facility + "\x00" + h.controlID
}

// wantsNoAnswer reports whether the sender asks, in enhanced mode, for neither
// an accept nor an application acknowledgement.
func (h header) wantsNoAnswer() bool { return h.accept == "NE" && h.appAck == "NE" }

// headerSegment returns the first segment of a message that may be cut off.
func headerSegment(message []byte) []byte {
	if i := bytes.IndexAny(message, "\r\n"); i >= 0 {
		return message[:i]
	}
	return message
}

var messages = sync.Pool{New: func() any { return new(hl7v2.Message) }}

// readMSA returns MSA-1 and MSA-2 of an answer.
func readMSA(answer []byte) (code, controlID string, ok bool) {
	m := messages.Get().(*hl7v2.Message)
	defer messages.Put(m)
	if err := (hl7v2.Parser{}).ParseInto(m, answer); err != nil {
		return "", "", false
	}
	msa := m.Segment("MSA", 1)
	if !msa.Exists() {
		return "", "", false
	}
	return msa.Field(1).Text(), msa.Field(2).Text(), true
}
