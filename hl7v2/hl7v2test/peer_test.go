package hl7v2test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/mllp"
)

func adt(id string) []byte {
	return fmt.Appendf(nil, "MSH|^~\\&|PAS|RXQ|TIE|RXQ|20260714093105||ADT^A08^ADT_A01|%s|P|2.4\rPID|1||9990042101^^^NHS^NH\r", id)
}

// controlIDs counts the control ids of messages.
func controlIDs(messages [][]byte) map[string]int {
	out := make(map[string]int)
	for _, m := range messages {
		h, err := hl7v2.ReadHeader(m)
		if err != nil {
			continue
		}
		out[string(h.ControlID())]++
	}
	return out
}

// TestEachFault sends messages to a peer that has one fault at a time: the
// client must never take a message for accepted that the peer has not stored,
// never give one message's answer to another, and must go on afterwards.
func TestEachFault(t *testing.T) {
	if len(Faults()) != len(faultNames) || len(Faults()) < 25 {
		t.Fatalf("%d faults, %d names", len(Faults()), len(faultNames))
	}
	for _, f := range Faults() {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			peer := NewPeer(t)
			peer.FaultFrom(f, 1<<30, 2) // the second message
			client := &mllp.Client{Addr: peer.Addr(), Timeout: 400 * time.Millisecond}
			defer client.Close()
			for _, id := range []string{"A", "B", "C"} {
				reply, err := client.Send(t.Context(), adt(id))
				stored := controlIDs(peer.Messages())[id] > 0
				if err == nil && reply.Accepted() && !stored {
					t.Errorf("%s was taken for stored", id)
				}
				if err == nil {
					m, err := hl7v2.Parse(reply.Message)
					if err != nil || m.Segment("MSA", 1).Field(2).Text() != id {
						t.Errorf("%s got the answer %q", id, reply.Message)
					}
				}
				if err != nil && !errors.Is(err, mllp.ErrNotAcknowledged) && f != RefusesConnection {
					t.Errorf("%s: %v", id, err)
				}
				if err != nil && strings.Contains(err.Error(), "999") {
					t.Errorf("the error shows data: %v", err)
				}
				if id != "B" && (err != nil || !reply.Accepted()) {
					t.Errorf("%s: %v, %v", id, reply, err)
				}
			}
		})
	}
}
