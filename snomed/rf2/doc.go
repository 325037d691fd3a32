// Package rf2 reads SNOMED CT releases in Release Format 2: zip archives as
// they are shipped, folders, or any [fs.FS].
//
//	r, err := rf2.Open("uk_sct2mo_42.5.0.zip")
//	defer r.Close()
//	report, err := r.Read(ctx, rf2.Options{}, r.Files(), func(f *rf2.File) rf2.Handler {
//		if f.Kind != rf2.Concept {
//			return nil // not interested
//		}
//		return func(row *rf2.Row) error { ... }
//	})
//
// Every row is checked before a handler sees it: the number of columns, the
// check digits and kinds of all identifiers, dates, flags, integers, UTF-8. A
// row that fails is left out and becomes an [Issue] with file, line and column. The
// columns of the files that the specification names are known; a reference
// set of any other shape is read by its header and the pattern of letters in
// its file name, and [Descriptors] tells what its columns mean.
//
// Reading is parallel over files, and inflating runs beside parsing. Memory
// is bounded by a few buffers per file at work, whatever the size.
//
// Not covered: RF1, and folding several versions of a component into one,
// which is what package snomed does when it builds a store.
package rf2
