package rf2

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Attribute is what the descriptor reference set says about one column of a
// reference set. Both are concepts: what the column is for, such as
// 900000000000505001 |Map target|, and what it holds, such as
// 900000000000465000 |String|. Order 0 is the referenced component, and order
// 1 the first column behind the six that all reference sets have.
type Attribute struct {
	Order             int64
	Description, Type sctid.ID
}

// Descriptors collects the descriptor reference set of releases, which says
// what the columns of the others mean, RF2 5.2.4.1. A file can be read without
// it, by its header and name; it is what programs go by that meet a reference
// set of a shape they do not know. The zero value is empty. It is safe for
// concurrent use.
type Descriptors struct {
	mu   sync.Mutex
	rows map[[16]byte]descriptor
}

// descriptor is the latest version of one row.
type descriptor struct {
	time   uint32
	active bool
	refset sctid.ID
	Attribute
}

// Start takes the rows of descriptor files and skips all others; it is the
// function to call [Release.Read] with. Of several versions of a row the
// latest counts.
func (d *Descriptors) Start(f *File) Handler {
	if f.Name.Content != "cciRefset" || f.Kind != Refset {
		return nil
	}
	return func(r *Row) error {
		if r.Layout.Name != "descriptor" {
			return nil
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if old, ok := d.rows[r.UUID]; ok && old.time > r.Time {
			return nil
		}
		if d.rows == nil {
			d.rows = map[[16]byte]descriptor{}
		}
		d.rows[r.UUID] = descriptor{r.Time, r.Active, r.SCTID(5), Attribute{r.Int(8), r.SCTID(6), r.SCTID(7)}}
		return nil
	}
}

// Of returns the attributes of a reference set by their order, none if it has
// no descriptor; one above it in the hierarchy may have one that holds for it.
// It looks at all rows that were read.
func (d *Descriptors) Of(refset sctid.ID) []Attribute {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Attribute
	for _, r := range d.rows {
		if r.active && r.refset == refset {
			out = append(out, r.Attribute)
		}
	}
	slices.SortFunc(out, func(a, b Attribute) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Description, b.Description), cmp.Compare(a.Type, b.Type))
	})
	return out
}

// Check compares the descriptor of a reference set with the layout of a file
// that has members of it, and returns a Warning for an attribute too few or
// too many, or one of another type than its column. It returns nil if they fit
// or if there is no descriptor.
func (d *Descriptors) Check(refset sctid.ID, l *Layout) *Issue {
	attributes := d.Of(refset)
	if len(attributes) == 0 {
		return nil
	}
	bad := func(col int, format string, args ...any) *Issue {
		return &Issue{Severity: Warning, Code: CodeDescriptor, Path: "reference set " + refset.String(), Offset: -1, Col: col, Clause: "5.2.4.1", Err: fmt.Errorf(format, args...)}
	}
	const component = 5 // the column of attribute 0
	for i, a := range attributes {
		col := component + i + 1
		if a.Order != int64(i) {
			return bad(col, "the descriptor has no attribute %d, or two", i)
		}
		if component+i >= len(l.Types) {
			return bad(col, "the descriptor has %d attributes, the file %d columns behind the common six", len(attributes)-1, len(l.Types)-component-1)
		}
		if letter := columnLetter(a.Type); letter != 0 && letter != l.Types[component+i] {
			return bad(col, "the descriptor has type %d for column %s, the file has %q", a.Type, l.Columns[component+i], l.Types[component+i])
		}
	}
	if n := len(l.Types) - component; n > len(attributes) {
		return bad(component+len(attributes)+1, "the descriptor has %d attributes, the file %d columns behind the common six", len(attributes)-1, n-1)
	}
	return nil
}

// columnLetter is the letter of file names for an attribute type, or 0 for a
// type that may be any: types of other releases are not in this list.
func columnLetter(kind sctid.ID) byte {
	switch kind {
	case 900000000000460005, // component
		900000000000461009, // concept
		900000000000462002, // description
		900000000000463007: // relationship
		return 'c'
	case 900000000000465000, // string
		900000000000466004, // text
		900000000000474003, // UUID
		900000000000475002: // time
		return 's'
	case 900000000000476001, // integer
		900000000000477005, // signed
		900000000000478000: // unsigned
		return 'i'
	}
	return 0
}
