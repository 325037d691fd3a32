// Package facts is the table form in which FHIR definitions are kept: one
// string of fixed-width little-endian rows and interned strings that is read
// in place. A Builder writes it from plain structs; the generator of the
// embedded R4 table and the loader of packages at run time both use it.
//
// The string starts with the magic number and one (offset, length) pair per
// section. Strings are referred to by their offset in the strings section,
// where a uvarint length precedes the bytes; offset 0 is the empty string.
// Lists are runs of 32-bit words in the lists section that begin with their
// length; offset 0 is the empty list. Names (of elements and types) are
// interned: a name id is the rank of the name in sorted order, 0 is none.
package facts
