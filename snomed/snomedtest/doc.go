// Package snomedtest writes synthetic SNOMED CT releases in RF2, so that
// programs can be tested without a licence.
//
// A release has the shape of the UK Monolith as far as it has been published:
// at scale 1 the same number of concepts, descriptions, relationships and
// reference set members, the same sizes below well-known concepts such as
// 404684003, a hierarchy with as many ancestors, and a text vocabulary of the
// same size. Identifiers of the metadata and of a few anchors are the real
// ones, which are facts; every term is invented, so that no content of SNOMED
// CT is in it.
//
//	err := snomedtest.Generate("release", snomedtest.Options{Scale: 0.001, Seed: 1})
//
// The same options give the same bytes; see [Generate]. Every release holds the situations
// that an importer or a query engine gets wrong, listed under [Traps];
// [Invalid] lists packages that no reader may accept silently; expect.json,
// written beside monolithic snapshots of a scale up to 0.05, has answers
// computed in the plainest way, which are those of [Expect].
package snomedtest
