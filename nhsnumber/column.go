package nhsnumber

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"math/bits"
	"slices"
)

// Severity grades an [Issue].
type Severity string

// The severities of column findings.
const (
	SeverityError   Severity = "error"   // the row has no usable number
	SeverityWarning Severity = "warning" // the row has a number that deserves a look
)

// Issue is a finding about one row of a [Column]. It never holds the value.
type Issue struct {
	Severity Severity
	Code     string // "nhsnumber." and a class, or "nhsnumber.repdigit"
	Path     string // always ""
	Offset   int64  // byte offset in the value
	Line     int64  // row, from the column's first row
	Col      int    // Offset + 1
	Clause   string
	Err      error // *Error, nil for a warning
}

// Column checks the values of a column and counts what it finds. Set the
// fields before the first Add. Columns of parts of one table merge, in any
// order and grouping, to the column of the whole. A Column is not safe for
// concurrent use; give each goroutine its own and merge them.
type Column struct {
	// FirstRow is the row number of the first value; parts of a table need
	// their own to be told apart.
	FirstRow int64
	// MaxIssues caps the list of issues: 0 stands for 100, a
	// negative value for no cap. The issues of the first rows are kept.
	MaxIssues int
	// Duplicates also looks for numbers on more than one row (ISB 0149
	// requirement 12). It costs a bit per possible number in use, 125 MB when
	// they are spread over all ranges.
	Duplicates bool

	counts  Counts
	regions [regionSlots]int64
	issues  []Issue
	found   int64
	seen    bitmap
	again   map[uint32]int64 // rows after the first, by first nine digits
}

// regionSlots is the room for ranges of [DefaultRanges], by index.
const regionSlots = 16

// Counts is how many values of a column are of which kind. Rows = Valid +
// Empty + Length + Character + Format + CheckDigit.
type Counts struct {
	Rows       int64 `json:"rows"`
	Valid      int64 `json:"valid"`
	Empty      int64 `json:"empty"`
	Length     int64 `json:"length"`
	Character  int64 `json:"character"`
	Format     int64 `json:"format"`
	CheckDigit int64 `json:"check_digit"`
	Repdigit   int64 `json:"repdigit"` // of the valid ones: ten equal digits
	Test       int64 `json:"test"`     // of the valid ones: never issued, for tests
}

func (c *Counts) add(o Counts) {
	c.Rows += o.Rows
	c.Valid += o.Valid
	c.Empty += o.Empty
	c.Length += o.Length
	c.Character += o.Character
	c.Format += o.Format
	c.CheckDigit += o.CheckDigit
	c.Repdigit += o.Repdigit
	c.Test += o.Test
}

// Add checks the next value, spelled as [Parse] takes it.
func (c *Column) Add(s string) {
	row := c.FirstRow + c.counts.Rows
	c.counts.Rows++
	n, v := fast(s)
	if v == refused {
		c.refuse(ErrCheckDigit, len(s)-1, row)
		return
	}
	if v == unread {
		var class Class
		var at int
		if n, class, at = parse(s, false); class != 0 {
			c.refuse(class, at, row)
			return
		}
	}
	c.counts.Valid++
	c.regions[regionIndex(n.Nine())]++
	if n.Repdigit() {
		c.counts.Repdigit++
		c.report(Issue{Severity: SeverityWarning, Code: "nhsnumber.repdigit", Line: row, Col: 1})
	}
	if c.Duplicates {
		c.note(n.Nine())
	}
}

// AddBytes is [Column.Add] on bytes, which it does not keep.
func (c *Column) AddBytes(b []byte) { c.Add(view(b)) }

func (c *Column) refuse(class Class, at int, row int64) {
	switch class {
	case ErrEmpty:
		c.counts.Empty++
	case ErrLength:
		c.counts.Length++
	case ErrCharacter:
		c.counts.Character++
	case ErrCheckDigit:
		c.counts.CheckDigit++
	default:
		c.counts.Format++
	}
	c.found++
	if len(c.issues) < c.maxIssues() {
		e := failure(class, at)
		c.issues = append(c.issues, Issue{SeverityError, "nhsnumber." + class.String(), "", int64(at), row, at + 1, e.Clause, e})
	}
}

func (c *Column) report(i Issue) {
	c.found++
	if len(c.issues) < c.maxIssues() {
		c.issues = append(c.issues, i)
	}
}

func (c *Column) maxIssues() int {
	switch {
	case c.MaxIssues == 0:
		return 100
	case c.MaxIssues < 0:
		return math.MaxInt
	}
	return c.MaxIssues
}

func (c *Column) note(nine uint32) {
	if !c.seen.set(nine) {
		return
	}
	if c.again == nil {
		c.again = make(map[uint32]int64)
	}
	c.again[nine]++
}

// regionIndex returns the slot of the range that nine digits lie in, the last
// one if none.
func regionIndex(nine uint32) int {
	t := defaultRanges()
	for i := range t.ranges {
		if nine <= t.ranges[i].Last {
			return i
		}
	}
	return regionSlots - 1
}

// Merge adds what another column found. The other one stays as it is.
func (c *Column) Merge(o *Column) {
	c.counts.add(o.counts)
	for i, n := range o.regions {
		c.regions[i] += n
	}
	c.found += o.found
	c.issues = append(c.issues, o.issues...)
	slices.SortStableFunc(c.issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code))
	})
	if most := c.maxIssues(); len(c.issues) > most {
		c.issues = slices.Clip(c.issues[:most])
	}
	for nine := range o.seen.all() {
		c.note(nine)
	}
	for nine, n := range o.again {
		if c.again == nil {
			c.again = make(map[uint32]int64)
		}
		c.again[nine] += n
	}
}

// Counts returns the counts so far.
func (c *Column) Counts() Counts {
	out := c.counts
	for i, r := range defaultRanges().ranges {
		if r.Test() {
			out.Test += c.regions[i]
		}
	}
	return out
}

// Regions yields the regions that have valid numbers, in the order of their
// ranges, and how many.
func (c *Column) Regions() iter.Seq2[Region, int64] {
	return func(yield func(Region, int64) bool) {
		ranges := defaultRanges().ranges
		for i, r := range ranges {
			first := slices.IndexFunc(ranges, func(o Range) bool { return o.Region == r.Region })
			if first != i {
				continue
			}
			total := int64(0)
			for k, o := range ranges {
				if o.Region == r.Region {
					total += c.regions[k]
				}
			}
			if total > 0 && !yield(r.Region, total) {
				return
			}
		}
	}
}

// Issues returns the findings in the order of the rows, and how many more
// there were than the cap let in.
func (c *Column) Issues() (list []Issue, more int64) {
	return slices.Clone(c.issues), c.found - int64(len(c.issues))
}

// Repeats returns how many numbers are on more than one row, and on how many
// rows they are together.
func (c *Column) Repeats() (numbers, rows int64) {
	for _, n := range c.again {
		rows += n + 1
	}
	return int64(len(c.again)), rows
}

// Repeated yields the numbers that are on more than one row, ascending, and
// on how many rows. They are personal data.
func (c *Column) Repeated() iter.Seq2[Number, int64] {
	return func(yield func(Number, int64) bool) {
		for _, nine := range slices.Sorted(maps.Keys(c.again)) {
			n, _ := fromNine(nine)
			if !yield(n, c.again[nine]+1) {
				return
			}
		}
	}
}

// bitmap is a set of nine digit integers, in pages made on first use.
type bitmap struct{ pages []*[1024]uint64 }

const pageBits = 16

// set adds nine and reports whether it was there.
func (b *bitmap) set(nine uint32) bool {
	if b.pages == nil {
		b.pages = make([]*[1024]uint64, 999_999_999>>pageBits+1)
	}
	page := b.pages[nine>>pageBits]
	if page == nil {
		page = new([1024]uint64)
		b.pages[nine>>pageBits] = page
	}
	word, bit := &page[nine>>6&1023], uint64(1)<<(nine&63)
	had := *word&bit != 0
	*word |= bit
	return had
}

func (b *bitmap) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for p, page := range b.pages {
			if page == nil {
				continue
			}
			for i, w := range page {
				for ; w != 0; w &= w - 1 {
					if !yield(uint32(p)<<pageBits | uint32(i)<<6 | uint32(bits.TrailingZeros64(w))) {
						return
					}
				}
			}
		}
	}
}
