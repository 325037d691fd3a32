package schema

import "iter"

// Version is one version of HL7 v2. The zero Version holds nothing; get one
// from Lookup.
type Version struct {
	name string
	f    *file
}

// names are the versions, in the order of opened.
var names = [...]string{"2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"}

// Versions returns the versions that have facts, oldest first.
func Versions() []string { return append([]string(nil), names[:]...) }

// Lookup returns a version by the text that stands in MSH-12.1. Only the
// exact names of Versions are known: "2.41" is not 2.4.
func Lookup(version string) (Version, bool) {
	for i, name := range names {
		if name == version {
			return Version{name, opened(i)}, true
		}
	}
	return Version{f: &nothing}, false
}

// facts are the version's sections.
func (v Version) facts() *file { return v.f.facts() }

// String is the version's name, such as "2.5.1".
func (v Version) String() string { return v.name }

// Usage says whether a field or component must be there.
type Usage byte

// The usages. Backward-compatible fields count as optional.
const (
	Required    Usage = 'R'
	Optional    Usage = 'O'
	Conditional Usage = 'C' // required under a condition in the standard's text
	Withdrawn   Usage = 'W' // must no longer be sent; has no data type
)

// String is the standard's letter, such as "R".
func (u Usage) String() string { return string(u) }

// Segment is the definition of a segment.
type Segment struct {
	f *file
	i int
}

// Segment returns a segment by its id, such as "PID".
func (v Version) Segment(id string) (Segment, bool) {
	f := v.facts()
	i, ok := f.segments.find(id, 0, f.segments.len())
	if !ok {
		return Segment{f: &nothing}, false
	}
	return Segment{f, i}, true
}

// Segments returns all segments, by id.
func (v Version) Segments() iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		f := v.facts()
		for i := range f.segments.len() {
			if !yield(Segment{f, i}) {
				return
			}
		}
	}
}

// ID is the segment's three letters.
func (s Segment) ID() string { return s.f.facts().segments.str(s.i, 0) }

// Name is the segment's name, such as "Patient identification".
func (s Segment) Name() string { return s.f.facts().segments.str(s.i, 4) }

// NumFields is the highest field number that is defined.
func (s Segment) NumFields() int { return s.f.facts().segments.u16(s.i, 10) }

// Field returns field n, counted from 1. It is false for numbers that the
// version does not define.
func (s Segment) Field(n int) (Element, bool) {
	f := s.f.facts()
	return element(f, f.segments, s.i, n)
}

// element returns the n-th element of a segment or data type.
func element(f *file, of section, i, n int) (Element, bool) {
	if n < 1 || n > of.u16(i, 10) {
		return Element{f: &nothing}, false
	}
	e := Element{f, of.u16(i, 8) + n - 1}
	return e, f.elements.u32(e.i, 8) != 'X'
}

// Element is the definition of a field of a segment, or of a component of a
// data type.
type Element struct {
	f *file
	i int
}

// Name is the element's name, such as "Patient Identifier List".
func (e Element) Name() string { return e.f.facts().elements.str(e.i, 0) }

// Type is the id of the data type, such as "CX". It is "Varies" where another
// field names the type, as OBX-2 does for OBX-5, and empty for a withdrawn
// field.
func (e Element) Type() string { return e.f.facts().elements.str(e.i, 4) }

// Usage says whether the element must be there.
func (e Element) Usage() Usage { return Usage(e.f.facts().elements.u32(e.i, 8)) }

// Length is the maximum length in characters, 0 where none is known. From 2.7
// on it is no hard limit.
func (e Element) Length() int { return int(e.f.facts().elements.u32(e.i, 12)) }

// Max is how many repetitions are allowed, 0 for any number.
func (e Element) Max() int { return e.f.facts().elements.u16(e.i, 16) }

// Table is the number of the table that the value comes from, 0 for none.
func (e Element) Table() int { return e.f.facts().elements.u16(e.i, 18) }

// DataType is the definition of a data type.
type DataType struct {
	f *file
	i int
}

// DataType returns a data type by its id, such as "CX".
func (v Version) DataType(id string) (DataType, bool) {
	f := v.facts()
	i, ok := f.types.find(id, 0, f.types.len())
	if !ok {
		return DataType{f: &nothing}, false
	}
	return DataType{f, i}, true
}

// DataTypes returns all data types that have components or a name, by id.
func (v Version) DataTypes() iter.Seq[DataType] {
	return func(yield func(DataType) bool) {
		f := v.facts()
		for i := range f.types.len() {
			if !yield(DataType{f, i}) {
				return
			}
		}
	}
}

// ID is the type's short name, such as "XPN".
func (t DataType) ID() string { return t.f.facts().types.str(t.i, 0) }

// Name is the type's name, such as "Extended Person Name"; it may be empty.
func (t DataType) Name() string { return t.f.facts().types.str(t.i, 4) }

// NumComponents is the number of components, 0 for a primitive type.
func (t DataType) NumComponents() int { return t.f.facts().types.u16(t.i, 10) }

// Component returns component n, counted from 1.
func (t DataType) Component(n int) (Element, bool) {
	f := t.f.facts()
	return element(f, f.types, t.i, n)
}

// Table is a table of codes.
type Table struct {
	f *file
	i int
}

// Table returns a table by its number, such as 1 for administrative sex. It
// is false for tables whose values are not known, which says nothing about a
// code.
func (v Version) Table(number int) (Table, bool) {
	f := v.facts()
	tables := f.tables
	lo, hi := 0, tables.len()
	for lo < hi {
		mid := (lo + hi) / 2
		if tables.u16(mid, 8) < number {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == tables.len() || tables.u16(lo, 8) != number {
		return Table{f: &nothing}, false
	}
	return Table{f, lo}, true
}

// Number is the table's number.
func (t Table) Number() int { return t.f.facts().tables.u16(t.i, 8) }

// Name is the table's name, such as "Administrative Sex".
func (t Table) Name() string { return t.f.facts().tables.str(t.i, 0) }

// Len is how many codes the version's publication lists. Many tables are for
// users to fill and list none.
func (t Table) Len() int { return t.f.facts().tables.u16(t.i, 10) }

// Display returns the meaning of a code, which may be empty, and whether the
// table lists the code.
func (t Table) Display(code string) (display string, ok bool) {
	from := int(t.f.facts().tables.u32(t.i, 4))
	i, ok := t.f.facts().codes.find(code, from, from+t.Len())
	if !ok {
		return "", false
	}
	return t.f.facts().codes.str(i, 4), true
}

// Open reports whether the publication lists only the beginning of the codes
// and goes on with an ellipsis, so that a code it does not list may be valid.
func (t Table) Open() bool {
	_, ok := t.Display("…")
	return ok
}

// Codes returns the codes with their meanings, in byte order.
func (t Table) Codes() iter.Seq2[string, string] {
	return func(yield func(code, display string) bool) {
		from := int(t.f.facts().tables.u32(t.i, 4))
		for i := from; i < from+t.Len(); i++ {
			if !yield(t.f.facts().codes.str(i, 0), t.f.facts().codes.str(i, 4)) {
				return
			}
		}
	}
}
