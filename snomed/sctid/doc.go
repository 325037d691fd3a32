// Package sctid reads, checks and makes SNOMED CT identifiers.
//
// An identifier is a number of 6 to 18 digits without a leading zero. Its last
// digit is a Verhoeff check digit, the two before it are the partition, which
// says what kind of component it names and whether seven digits before the
// partition are the namespace of the organisation that issued it:
//
//	22298006            item 22298, partition 00: an international concept
//	999000011000000103  item 99900001, namespace 1000000, partition 10
//
//	id, err := sctid.Parse("999000011000000103")
//	id.Kind()                                    // sctid.Concept
//	id.Namespace()                               // "1000000", the one of UK clinical content
//	sctid.New(sctid.Concept, "1000001", 42)      // the 42nd concept of a namespace
//
// Parsing is strict: white space, signs and anything but digits are refused,
// with the offset of the first byte at fault. An [ID] is a plain integer, so
// identifiers compare, sort and index as integers do; it is written as a
// string in JSON, because a JSON number above 2^53 does not survive most
// readers. Of what succeeds only the functions that give a string, a new slice
// or a database value allocate.
//
// The rules are those of the RF2 release file specification, chapter 6,
// "SNOMED CT Identifiers".
package sctid
