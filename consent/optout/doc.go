// Package optout holds the national data opt-outs of England as one immutable
// set and takes opted-out people out of files.
//
// Build a set from the numbers of the national service, write it to a file,
// and open it, memory-mapped and shared by every process of a machine:
//
//	set, err := optout.Build(numbers, optout.Meta{AsOf: asOf})
//	_, err = set.WriteTo(file)
//	set, err = optout.Open("optouts.bin")
//	set.Has(number)
//
// A Set comes in two exact forms, never a probabilistic one (a false positive
// would take a patient out of research without anybody's choice). Dense has
// one cell of eight bytes for 254 numbers, read once per look-up: 13 MB for the
// 3.6 million who opted out, and never more than 160 MB, were it everybody.
// Compact keeps sorted low bytes: about 6 MB for 3.6 million numbers.
//
// What a look-up takes depends on how much of the set is in the processor's
// caches. Set.AppendHas answers for many numbers at once and overlaps their
// reads of memory; cleaning does the same.
//
// Clean copies CSV or NDJSON, keeps the rows of people who have not opted out,
// in order, and accounts for every row. How old the opt-outs may be has to be
// stated; there is no default, because a wrong one harms. Request and response
// files of the "check for national data opt-outs" service are read and written
// by ReadRequest, AppendRequest and Match.
//
// A set holds numbers and nothing else. The licence of the service forbids to
// write the status on a patient's record, so nothing here marks a row: it is
// kept or it is not.
//
// All functions are safe for concurrent use on one Set. Live swaps sets under
// readers.
package optout
