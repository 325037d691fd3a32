// Package snomed keeps a SNOMED CT release in one file and answers questions
// about it in the process that opens it: no server, no database.
//
// Build a store from a release as it is shipped, once:
//
//	r, err := rf2.Open("uk_sct2mo_42.5.0_20260826000001Z.zip")
//	report, err := snomed.Build(ctx, []*rf2.Release{r}, "uk.store", snomed.BuildOptions{})
//
// Open it, as often and in as many processes as wanted:
//
//	st, err := snomed.Open("uk.store")
//	defer st.Close()
//	yes, err := st.Subsumes(64572001, 73211009)     // is the second a kind of the first?
//	o, err := st.Ordinal(73211009)
//	term, err := st.PreferredTerm(o)                 // by the UK's order of language reference sets
//	set, err := st.Descendants(o)                    // a [Set], to combine with others
//
// Search as someone types:
//
//	hits, err := st.Search(ctx, snomed.Query{Text: "hea att", Limit: 10})
//
// Concepts have identifiers, which are for ever, and within one store an
// [Ordinal]. Ordinals are in depth-first order of the hierarchy; so what is
// below a concept is one interval or a few, the whole closure of the hierarchy
// is in the file, and subsumption is a comparison. Methods that are called
// often take ordinals.
//
// A store holds everything in the release: inactive concepts and descriptions,
// text definitions, language preferences, relationships with their groups, of
// the stated and the inferred view, exact concrete values, axioms as text, all
// reference sets with all their columns whether or not the specification knows
// their shape, maps, historical associations. Identifiers of relationships
// and members are left out unless asked for, see [BuildOptions].
//
// The file is immutable and mapped into memory: opening it takes well under a
// millisecond, processes share its pages, and the Go heap stays small. It has
// a checksum for every 16 KiB, verified when a block is first touched; damage
// is an error, [ErrCorrupt], never a wrong answer. Files of one format version
// are readable on every architecture.
//
// [Build] puts a new store in the place of an old one by renaming, and who has
// the old one open keeps it. Do likewise when you copy one: a file that is
// overwritten where it lies while it is mapped is not checked again, and if it
// becomes shorter, touching what is gone ends the process.
//
// It needs about 45 seconds of processor time and 1.2 GB of memory to build
// the UK edition, and 330 MB of disk. A store cannot be changed: build another.
// Not here: the expression constraint language, compositional grammar,
// classification, and the history tables of the UK in their distributed form,
// for which [Store.SubstitutionTable] is a derived stand-in.
package snomed
