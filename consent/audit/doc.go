// Package audit keeps decisions about consent in an append-only log that
// cannot be changed unnoticed.
//
// The log is a Merkle tree after RFC 6962, as certificate transparency and
// Go's checksum database use it. Whoever holds a signed checkpoint can be
// shown that an entry is in the log (inclusion) and that a later log still
// begins with the same entries (consistency), without trusting its keeper:
//
//	log, err := audit.Open("decisions.log")
//	entry, err := audit.NewEntry(request, decision, at)
//	index, err := log.Append(entry, salt)
//	checkpoint, err := log.Checkpoint(signer)
//	proof, err := log.ProveInclusion(index, log.Len())
//
// What an entry says is personal data and may have to be erased; the tree
// must not depend on it. A leaf is therefore only the SHA-256 of a random salt
// and the entry. Without both it tells nothing, not even to somebody who
// guesses every NHS number; after Erase the tree, and every proof that was
// given, stays valid.
//
// An entry holds the request, its grounds and the decision. Entry.Replay
// makes the decision again and compares it byte by byte. Entry.AuditEvent
// writes it as a FHIR AuditEvent after IHE's Basic Audit Log Patterns.
//
// The log is one directory with three files. It is safe for concurrent use
// within one process, and for one writing process at a time.
package audit
