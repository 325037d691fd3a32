// Package hl7v2 reads, edits and writes HL7 version 2 messages in their
// vertical-bar encoding, the feed on which hospitals run.
//
// A message is indexed in one pass over its bytes and read through views:
//
//	m, err := hl7v2.Parse(data)
//	...
//	for obx := range m.Segments("OBX") {
//		code := obx.Field(3).Component(1).Text()
//		...
//	}
//
// or by path:
//
//	v, err := m.Get("PID-3[2].1")
//	switch v.State() {
//	case hl7v2.Present: // v.Text()
//	case hl7v2.Null:    // "" was sent: delete
//	case hl7v2.Absent:  // nothing was sent: leave alone
//	}
//
// and changed with every other byte left as it was:
//
//	err := m.Set("PID-5.1", "O'Neill & Sons")
//	out := m.AppendTo(nil)
//
// Reading is lenient: whatever can be indexed without guessing is, and Check
// lists the deviations with path, offset and clause. Parser{Strict: true}
// makes them errors.
//
// Beside paths there are the composite data types (Value.Read, Message.Write),
// dates with their precision (DateTime), exact numbers (Number), embedded
// documents (ED) and formatted text (Value.Formatted). Text is UTF-8 whatever
// the character set of MSH-18; importing the package adds the tables of the
// Chinese, Japanese and Korean sets, about 1 MB, to a program. Batches and
// files of messages are read with Parser.Reader and written with BatchWriter,
// messages too large for memory with Stream. Messages are built with New,
// copied from with CopySegment, compared with Diff or DiffBytes, masked with
// Redacted, and mended with Repaired and Recoded. A Locator says where very many
// elements stand.
//
// Limits are on by default: 256 MB and a million segments a message are the
// most that is read, and widths beyond those of Limits are findings.
//
// The package knows no segment or message definitions: cardinalities, lengths,
// tables and groups are in hl7v2/schema. No error, and nothing that package
// fmt prints of a message, segment or value, shows what a message holds.
package hl7v2
