// Package hl7v2test helps to test programs that send, receive or change HL7 v2
// messages.
//
// A Peer is a receiver on the loopback interface that stores what it gets and
// answers as the standard says, or with one of the faults that real receivers
// have:
//
//	peer := hl7v2test.NewPeer(t)              // closed at the end of the test
//	peer.Fault(hl7v2test.ResetBeforeAnswer, 3) // every third message
//	client := &mllp.Client{Addr: peer.Addr()}
//
// Generators for pgregory.net/rapid draw realistic messages about people who
// do not exist (ADT, ORU, Message), and options for go-cmp compare messages
// without what is meant to differ (IgnoreFields, Messages).
//
// All NHS numbers are of the 999 range, which is never issued.
package hl7v2test
