package dmd

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// ChangeKind says what became of a record from one release to the next.
type ChangeKind uint8

// The kinds of change.
const (
	Added    ChangeKind = iota
	Removed             // the identifier is gone and nothing says what replaced it
	Changed             // fields differ
	Replaced            // the same thing under another identifier; fields may differ too
	Moved               // nothing differs but references to something that was replaced
)

// String returns "added", "removed", "changed", "replaced" or "moved".
func (k ChangeKind) String() string {
	return [...]string{"added", "removed", "changed", "replaced", "moved"}[min(k, Moved)]
}

// FieldChange is a field that differs. Before or After is empty, and its Has flag
// false, where the field is absent.
type FieldChange struct {
	Tag               string
	Before, After     string
	HadBefore, HasNow bool
}

// RecordChange is one difference between two releases.
type RecordChange struct {
	Table  Table
	Kind   ChangeKind
	Key    string // identifier of the record, or of what it belongs to, in the newer release
	Former string // the same in the older one, if it was replaced
	Name   string // of the product, if it is one
	Fields []FieldChange
}

// PriceMovement is a pack whose price changed.
type PriceMovement struct {
	Table         Table // TablePRICEINFO or TableDTINFO
	Key           string
	Before, After int64 // pence; 0 for none
}

// Difference is what changed from one release to another.
type Difference struct {
	From, To Date
	Changes  []RecordChange
	Prices   []PriceMovement
	Count    [numTables][Moved + 1]int
}

// keyFields returns how many of its first fields, numbers and dates, tell the
// records of a table apart. Where there are several of a key they are compared in
// their order.
func keyFields(t Table) int {
	switch t {
	case TableLOOKUP, TableVPI, TableONT, TableDFORM, TableDROUTE, TableAPING, TableLICROUTE, TableVMPPCCONTENT, TableAMPPCCONTENT, TableVTMING:
		return 2
	case TableGTIN, TableHISTORY:
		return 3
	}
	return 1
}

// keyed is a record with its key. Identifiers that were replaced have their new
// value in it, so that records meet.
type keyed struct {
	key [3]uint64
	row uint32
}

func (k *keyed) compare(o *keyed) int {
	for i := range k.key {
		if c := cmp.Compare(k.key[i], o.key[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(k.row, o.row)
}

// Diff compares two releases record by record and field by field. A product or
// ingredient whose identifier changed is recognised by its former-identifier
// field or by the history, is reported as one replacement, and the records that
// name it as moved rather than changed.
func Diff(older, newer *Store) *Difference {
	d := &differ{a: older, b: newer, out: &Difference{From: older.date, To: newer.date}, replaced: make(map[uint64]uint64)}
	d.findReplaced()
	for t := range Table(numTables) {
		d.table(t)
	}
	return d.out
}

type differ struct {
	a, b     *Store
	out      *Difference
	replaced map[uint64]uint64 // old identifier to new
	lists    []string          // numbers of the look-up and history lists
}

// findReplaced notes identifiers that only the older release has and of which
// the newer one says what stands for them.
func (d *differ) findReplaced() {
	for _, t := range append(entities(), TableLOOKUP) {
		field := idField(t)
		for i := range d.a.tables[t].len() {
			id, ok := d.a.row(t, i).number(field)
			if !ok || id < 100_000 {
				continue
			}
			if _, still := d.b.find(t, sctid.ID(id)); still {
				continue
			}
			for _, c := range d.b.Replaced(sctid.ID(id)) {
				if _, ok := d.b.find(t, c.Current); !ok {
					continue
				}
				if _, before := d.a.find(t, c.Current); !before {
					d.replaced[id] = uint64(c.Current)
					break
				}
			}
		}
	}
}

// listNumber numbers the names of lists, for keys.
func (d *differ) listNumber(name []byte) uint64 {
	for i, n := range d.lists {
		if n == string(name) {
			return uint64(i + 1)
		}
	}
	d.lists = append(d.lists, string(name))
	return uint64(len(d.lists))
}

// keys returns the records of a table by key.
func (d *differ) keys(s *Store, t Table, translate bool) []keyed {
	n := keyFields(t)
	out := make([]keyed, s.tables[t].len())
	many := t.spec().many
	for i := range out {
		r := s.row(t, i)
		k := &out[i]
		k.row = uint32(i)
		for f := range n {
			if many && f == 0 {
				k.key[0] = d.listNumber(r.rawText(0))
				continue
			}
			v, ok := r.number(f)
			if !ok {
				v = uint64(r.date(f))
			}
			if translate && len(d.replaced) > 0 {
				if now, ok := d.replaced[v]; ok {
					v = now
				}
			}
			k.key[f] = v
		}
	}
	slices.SortFunc(out, func(x, y keyed) int { return x.compare(&y) })
	return out
}

// table merges the sorted records of both releases.
func (d *differ) table(t Table) {
	as, bs := d.keys(d.a, t, true), d.keys(d.b, t, false)
	for len(as) > 0 || len(bs) > 0 {
		c := 0
		switch {
		case len(as) == 0:
			c = 1
		case len(bs) == 0:
			c = -1
		default:
			for i := range as[0].key {
				if c = cmp.Compare(as[0].key[i], bs[0].key[i]); c != 0 {
					break
				}
			}
		}
		switch {
		case c < 0:
			d.add(t, Removed, as[0].row, d.a, "", nil)
			as = as[1:]
		case c > 0:
			d.add(t, Added, bs[0].row, d.b, "", nil)
			bs = bs[1:]
		default:
			d.compare(t, as[0].row, bs[0].row)
			as, bs = as[1:], bs[1:]
		}
	}
}

// compare reports two records of the same key, if they differ.
func (d *differ) compare(t Table, i, j uint32) {
	ra, rb := d.a.row(t, int(i)), d.b.row(t, int(j))
	if bytes.Equal(ra, rb) {
		return
	}
	var x, y Record
	x.decode(t, ra, nil)
	y.decode(t, rb, nil)
	var fields []FieldChange
	kind, former := Moved, ""
	for f := range x.spec.fields {
		hadBefore, hasNow := x.set>>f&1 != 0, y.set>>f&1 != 0
		before, after := string(x.values[f]), string(y.values[f])
		if !hadBefore {
			before = ""
		}
		if !hasNow {
			after = ""
		}
		if hadBefore == hasNow && before == after {
			continue
		}
		fields = append(fields, FieldChange{x.spec.fields[f].Tag, before, after, hadBefore, hasNow})
		moved := d.isReplacement(before, after)
		switch {
		case moved && f == idField(t):
			kind, former = Replaced, before
		case moved, kind == Replaced:
		default:
			kind = Changed
		}
	}
	if kind == Moved && !sameExtra(x.extra, y.extra) {
		kind = Changed
	}
	d.add(t, kind, j, d.b, former, fields)
	d.price(t, &x, &y)
}

func (d *differ) isReplacement(before, after string) bool {
	if len(d.replaced) == 0 || before == "" || after == "" {
		return false
	}
	b, err1 := strconv.ParseUint(before, 10, 64)
	a, err2 := strconv.ParseUint(after, 10, 64)
	return err1 == nil && err2 == nil && d.replaced[b] == a && a != 0
}

func sameExtra(a, b []extraField) bool {
	return slices.EqualFunc(a, b, func(x, y extraField) bool { return bytes.Equal(x.tag, y.tag) && bytes.Equal(x.value, y.value) })
}

func (d *differ) price(t Table, x, y *Record) {
	field := -1
	switch t {
	case TablePRICEINFO:
		field = priceinfoPRICE
	case TableDTINFO:
		field = dtinfoPRICE
	default:
		return
	}
	before, _ := strconv.ParseInt(string(x.Bytes(field)), 10, 64)
	after, _ := strconv.ParseInt(string(y.Bytes(field)), 10, 64)
	if before != after {
		d.out.Prices = append(d.out.Prices, PriceMovement{t, string(y.values[0]), before, after})
	}
}

func (d *differ) add(t Table, kind ChangeKind, i uint32, s *Store, former string, fields []FieldChange) {
	d.out.Count[t][kind]++
	r := s.row(t, int(i))
	key := 0
	if t.spec().many {
		key = 1
	}
	c := RecordChange{Table: t, Kind: kind, Former: former, Fields: fields}
	c.Key, _ = r.text(key)
	if kindOf(t) != NoKind {
		c.Name, _ = r.text(nameField(t))
	}
	d.out.Changes = append(d.out.Changes, c)
}
