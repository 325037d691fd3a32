// Package tofhir converts HL7 version 2 messages to FHIR R4, and to UK Core.
// What goes where is not code: it is HL7's own "v2-to-FHIR" mapping tables,
// corrected by a reviewed patch and completed by tables for NHS messages.
//
//	conv, err := tofhir.New(tofhir.UK())      // once; safe for goroutines
//	m, err := hl7v2.Parse(data)
//	res, err := conv.Convert(m)
//	res.Bundle                                // the Bundle as JSON
//	res.Loss                                  // every value that has no element of its own, and why
//	res.Why("Patient.gender")                 // with tofhir.Trace(): table row and place in the message
//
// # What holds of every bundle
//
// The same message gives the same bytes: ids are version 5 UUIDs of business
// identifiers (WithIDs: a function of the caller's), there is no clock and no
// chance. An identifier without a system is taken to be its sender's own (MSH-3
// and MSH-4): two senders' patients of one number have two ids. Every reference
// leads to an entry of the bundle. What FHIR requires is there, whatever the
// message lacks: as a default, or as the extension that
// says that it is unknown. Every innermost value of the message is mapped, kept
// in an extension (KeepAll) or listed as lost with a reason. Times without an
// offset are of Europe/London unless WithLocation says otherwise, and have the
// precision that was sent; only an instant, which FHIR wants to the second, is
// the first of the day, hour or minute that was sent. The HL7 null, which asks a
// receiver to delete, makes no element; it is in the loss report.
//
// What several segments tell of one way to take a drug is one dosage instruction.
//
// Groups are those of the message structure: an OBX belongs to the OBR above
// it, a second patient result has a patient of its own. What is optional in a
// group is not taken for the beginning of one.
//
// A code that a code table knows becomes a coding of FHIR; the sender's own
// stands behind it, as it was sent. WithCodeMap adds the codes of a deployment,
// WithOverlay whole tables.
//
// A status is not better than what the message tells: what has none, or a code
// that nobody knows, is unknown and neither active nor done, as far as FHIR has
// a code for that. What a segment asks to delete is entered-in-error.
//
// # Tables
//
// maps.bin holds the compiled tables; go generate makes it from the official
// files, patch.csv and the directory nhs. testdata/coverage.csv says of each
// official row whether it is executed, corrected or, with the reason, left
// out.
//
// Not covered yet: conversion from FHIR to v2.
package tofhir
