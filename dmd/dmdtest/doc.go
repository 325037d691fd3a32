// Package dmdtest makes synthetic releases of dm+d, of any size, in which no
// product is real. They have the shapes of the real dictionary that programs
// trip over:
//
//   - several bar codes on a pack, in one element and in many, empty ones, and
//     codes that move to another pack over time
//   - identifiers beyond 2^53, code lists with entries that nobody expects, flags
//     written "1" and "0001", and "0000" for no
//   - strengths with three decimals, ratios, percentages, products without strength
//   - combination packs, virtual products without a moiety, moieties without
//     products, invalid parents of valid products
//   - fields in any order, text with entities, CDATA and a byte order mark, a
//     look-up file on a single line, zips within the zip
//   - history with rows in which an identifier stands for itself, and products
//     whose identifier was replaced
//
// With [Config.Faults] there are also records that are wrong: references to
// nothing, identifiers twice, failed check digits, strengths below zero.
//
// The same configuration gives the same bytes. With [Config.Revision] the
// release of a later week is made, and [Changes] says what changed.
package dmdtest
