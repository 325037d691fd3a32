// Package mllp carries HL7 v2 messages over TCP and TLS by the Minimal Lower
// Layer Protocol, releases 1 and 2, and over HTTP as application/hl7-v2+er7.
//
// Sending, over connections that are kept and reused:
//
//	client := &mllp.Client{Addr: "tie.example:2575"}
//	reply, err := client.Send(ctx, message)
//	if err == nil && reply.Accepted() { ... }
//
// Receiving:
//
//	server := &mllp.Server{Handler: func(ctx context.Context, r *mllp.Request) ([]byte, error) {
//		return nil, store(r.Message)  // nil: acknowledged; an error: refused
//	}}
//	err := server.ListenAndServe(":2575")
//
// A message is acknowledged only after the handler has returned, and so only
// once it is stored. A sender that gets no acknowledgement sends the message
// again under the same control id; Request.Duplicate marks those.
//
// # Limits
//
// A frame may have 16 MiB and take 30 s from its first to its last byte;
// silence between frames is normal and has no limit. At most 1024 connections
// are served at once, more wait. Each limit is a field of Server or Client.
//
// Nothing of a message appears in an error or a log line; the first 16 bytes
// of an answer that is no frame are the one exception, since they tell what is
// on the other side.
//
// # What is not here
//
// Queues, retries and routing: a Client sends one message and says what came
// of it. Two frames of one connection are handled one after the other, as the
// protocol wants.
package mllp
