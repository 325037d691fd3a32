package snomed

import (
	"iter"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Refset is a reference set of a store.
type Refset struct {
	s       *Store
	index   int
	id      sctid.ID
	rows    int
	active  int
	flags   uint64
	columns []Column
	refs    []ref
}

// Column is a column of a reference set beyond the common ones.
type Column struct {
	Name string // as in the release file, such as "mapTarget"
	Type byte   // c for a component, i for an integer, s for a text
}

// Field is a value of such a column.
type Field struct {
	Type byte     // as of the column
	ID   sctid.ID // of a component, 0 for none
	Int  int64
	Text string
}

// String returns the value as in the release file.
func (f Field) String() string {
	switch {
	case f.Type == 'i':
		return strconv.FormatInt(f.Int, 10)
	case f.Type == 's':
		return f.Text
	case f.ID == 0:
		return ""
	}
	return f.ID.String()
}

// Member is one row of a reference set.
type Member struct {
	Refset    sctid.ID
	UUID      [16]byte // zero in a store built without KeepRowIDs
	Component sctid.ID // what it is about: a concept, a description, ...
	Active    bool
	Time      uint32 // YYYYMMDD
	Module    sctid.ID
	Fields    []Field // of the columns, in their order
}

// Refset opens a reference set by its identifier.
func (s *Store) Refset(id sctid.ID) (r *Refset, err error) {
	defer s.im.guard(&err)
	c := s.column(secRefsets)
	i, j := 0, c.len()/refsetLongs
	for i < j {
		m := (i + j) / 2
		if c.get(m*refsetLongs) < uint64(id) {
			i = m + 1
		} else {
			j = m
		}
	}
	if i >= c.len()/refsetLongs || c.get(i*refsetLongs) != uint64(id) {
		return nil, ErrNotFound
	}
	return s.refset(i), nil
}

// refset opens a reference set by its index.
func (s *Store) refset(i int) *Refset {
	c := s.column(secRefsets)
	get := func(k int) uint64 { return c.get(i*refsetLongs + k) }
	r := &Refset{s: s, index: i, id: sctid.ID(get(refsetID)), rows: int(get(refsetRows)), active: int(get(refsetActive)), flags: get(refsetFlags)}
	n := get(refsetColumns)
	first := get(refsetFirstRef)
	table := s.im.dir[secRefs]
	total := table.base / refSize
	if n > total || first > total || first+fixedRefs+n*columnRefs > total {
		panic(&fault{ErrCorrupt})
	}
	count := fixedRefs + n*columnRefs
	b := s.im.at(table.off+first*refSize, count*refSize)
	r.refs = make([]ref, count)
	for k := range r.refs {
		r.refs[k] = getRef(b[k*refSize:])
	}
	for k := range n {
		name := r.refs[fixedRefs+k*columnRefs+colName]
		text := string(s.im.at(name.off, name.base))
		r.columns = append(r.columns, Column{text[1:], text[0]})
	}
	return r
}

// Refsets returns all reference sets, in ascending order of identifiers.
func (s *Store) Refsets() (all []*Refset, err error) {
	defer s.im.guard(&err)
	for i := range s.column(secRefsets).len() / refsetLongs {
		all = append(all, s.refset(i))
	}
	return all, nil
}

// ID returns the concept of the reference set.
func (r *Refset) ID() sctid.ID { return r.id }

// Len returns the number of members, inactive ones included.
func (r *Refset) Len() int { return r.rows }

// Active returns the number of active members.
func (r *Refset) Active() int { return r.active }

// Columns returns the columns beyond the common ones. What they mean, where the
// release says so, is in the members of 900000000000456007, the descriptor
// reference set, that are about this one.
func (r *Refset) Columns() []Column { return r.columns }

// IsLanguage reports whether it came from a language reference set file.
func (r *Refset) IsLanguage() bool { return r.flags&refsetLanguage != 0 }

// IsHistory reports whether it is a historical association reference set.
func (r *Refset) IsHistory() bool { return r.flags&refsetHistory != 0 }

func (r *Refset) col(i int) column { return column{r.s.im, r.refs[i]} }

// Row returns member i of Len, in the order of components: concepts by
// ordinal, then descriptions, then others.
func (r *Refset) Row(i int) (m Member, err error) {
	defer r.s.im.guard(&err)
	if i < 0 || i >= r.rows {
		return m, ErrNotFound
	}
	return r.row(i, nil), nil
}

// row reads a row, with the readers of texts if there are any.
func (r *Refset) row(i int, texts []textReader) Member {
	s := r.s
	m := Member{
		Refset:    r.id,
		Component: s.componentID(r.col(refComponent).get(i)),
		Active:    r.col(refActive).get(i) == 1,
		Time:      uint32(s.column(secMemberTimes).get(int(r.col(refTime).get(i)))),
		Module:    sctid.ID(s.column(secMemberModules).get(int(r.col(refModule).get(i)))),
	}
	if u := r.refs[refUUID]; u.base > 0 {
		copy(m.UUID[:], s.im.at(u.off+16*uint64(i), 16))
	}
	if len(r.columns) > 0 {
		m.Fields = make([]Field, len(r.columns))
		for c := range r.columns {
			m.Fields[c] = r.field(c, i, m.Component, texts)
		}
	}
	return m
}

// componentID is the reverse of the component key of the builder.
func (s *Store) componentID(key uint64) sctid.ID {
	if key < uint64(s.info.Concepts) {
		return s.id(Ordinal(key))
	}
	key -= uint64(s.info.Concepts)
	if key < uint64(s.info.Descriptions) {
		return s.spaces.unpack(s.column(secDescID).get(int(key)))
	}
	return sctid.ID(s.column(secOthers).get(int(key) - s.info.Descriptions))
}

// componentKey is the key of a component, if it has one.
func (s *Store) componentKey(id sctid.ID) (key uint64, ok bool) {
	switch id.Kind() {
	case sctid.Concept:
		if o, ok := s.find(uint64(id)); ok {
			return uint64(o), true
		}
	case sctid.Description:
		if row, ok := s.findDescription(uint64(id)); ok {
			return uint64(s.info.Concepts + row), true
		}
	}
	others := s.column(secOthers)
	i := others.search(0, others.len(), uint64(id))
	if i < others.len() && others.get(i) == uint64(id) {
		return uint64(s.info.Concepts + s.info.Descriptions + i), true
	}
	return 0, false
}

// base is where the refs of a column begin.
func (r *Refset) base(c int) int { return fixedRefs + c*columnRefs }

// field reads a column of a row. The component is needed to write texts that
// refer to it; a reader of texts for each column saves work where rows are read
// one after the other.
func (r *Refset) field(c, i int, component sctid.ID, texts []textReader) Field {
	base := r.base(c)
	code := r.col(base + colCodes).get(i)
	f := Field{Type: r.columns[c].Type}
	if f.Type != 's' {
		v := r.col(base + colA).get(int(code))
		if f.Type == 'c' {
			f.ID = sctid.ID(v)
		} else {
			f.Int = int64(v)
		}
		return f
	}
	if texts != nil {
		f.Text = r.s.expand(texts[c].text(int(code)), component)
	} else {
		f.Text = r.s.expand(r.text(base, int(code)), component)
	}
	return f
}

// text reads the text with a code.
func (r *Refset) text(base, code int) []byte {
	t := textReader{r: r, base: base, block: -1}
	return t.text(code)
}

// textReader reads the texts of a column. It keeps the block that it inflated
// last.
type textReader struct {
	r     *Refset
	base  int // of the column in refs
	block int
	plain []byte // the texts of block
}

// texts returns a reader for each column.
func (r *Refset) texts() []textReader {
	texts := make([]textReader, len(r.columns))
	for c := range texts {
		texts[c] = textReader{r: r, base: r.base(c), block: -1}
	}
	return texts
}

// text returns the text with a code, which is good until the next call.
func (t *textReader) text(code int) []byte {
	im := t.r.s.im
	ends, texts, blocks := t.r.col(t.base+colA), t.r.refs[t.base+colB], t.r.refs[t.base+colC]
	if blocks.off == 0 {
		from, to := ends.get(code), ends.get(code+1)
		if from > to || to > texts.base {
			panic(&fault{ErrCorrupt})
		}
		return im.at(texts.off+from, to-from)
	}
	if k := code / textBlock; k != t.block {
		places := column{im, texts}
		p, q := places.get(k), places.get(k+1)
		if p > q || q > blocks.base {
			panic(&fault{ErrCorrupt})
		}
		t.plain = inflateBlock(im.at(blocks.off+p, q-p))
		t.block = k
	}
	from := uint64(0)
	if code%textBlock > 0 {
		from = ends.get(code - 1)
	}
	return t.plain[from:ends.get(code)]
}

// rowsOf returns the rows about a component, from up to to.
func (r *Refset) rowsOf(key uint64) (from, to int) {
	c := r.col(refComponent)
	from = c.search(0, c.len(), key)
	for to = from; to < c.len() && c.get(to) == key; to++ {
	}
	return from, to
}

// Of returns the members about one component, inactive ones included.
func (r *Refset) Of(component sctid.ID) (members []Member, err error) {
	defer r.s.im.guard(&err)
	key, ok := r.s.componentKey(component)
	if !ok {
		return nil, nil
	}
	from, to := r.rowsOf(key)
	for i := from; i < to; i++ {
		members = append(members, r.row(i, nil))
	}
	return members, nil
}

// All yields every member in the order of [Refset.Row]. A damaged file ends
// it with an error.
func (r *Refset) All() iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		texts := r.texts()
		for i := range r.rows {
			var m Member
			err := r.s.im.guarded(func() { m = r.row(i, texts) })
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// about returns the rows of active members about concepts, and those concepts.
func (r *Refset) about() (rows []uint32, concepts []Ordinal) {
	component, active := r.col(refComponent), r.col(refActive)
	for i := range r.rows {
		k := component.get(i)
		if k >= uint64(r.s.info.Concepts) {
			break
		}
		if active.get(i) == 1 {
			rows, concepts = append(rows, uint32(i)), append(concepts, Ordinal(k))
		}
	}
	return rows, concepts
}

// byCode returns the indexes of rows in the order of what they have in a column,
// so that a textReader inflates every block once.
func (r *Refset) byCode(c int, rows []uint32) []uint32 {
	codes := r.col(r.base(c) + colCodes)
	return radixOrder(len(rows), func(k int) uint32 { return uint32(codes.get(int(rows[k]))) })
}

// Concepts returns the concepts, active or not, that are active members.
func (r *Refset) Concepts() (set Set, err error) {
	defer r.s.im.guard(&err)
	component, active := r.col(refComponent), r.col(refActive)
	n := uint64(r.s.info.Concepts)
	var runs []run
	for i := range r.rows {
		k := component.get(i)
		if k >= n {
			break
		}
		if active.get(i) == 0 {
			continue
		}
		if last := len(runs) - 1; last >= 0 && k <= uint64(runs[last].to) {
			runs[last].to = max(runs[last].to, uint32(k)+1)
		} else {
			runs = append(runs, run{uint32(k), uint32(k) + 1})
		}
	}
	return newSet(runs), nil
}

// Memberships returns the reference sets that a concept is an active member
// of, in ascending order of identifiers.
func (s *Store) Memberships(o Ordinal) (refsets []sctid.ID, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	at, of := s.column(secMembershipAt), s.column(secMembership)
	from, to := int(at.get(int(o))), int(at.get(int(o)+1))
	for i := from; i < to; i++ {
		r := s.refset(int(of.get(i)))
		a, b := r.rowsOf(uint64(o))
		for ; a < b; a++ {
			if r.col(refActive).get(a) == 1 {
				refsets = append(refsets, r.id)
				break
			}
		}
	}
	return refsets, nil
}

// Members returns the members about a component, of all reference sets,
// inactive ones included.
func (s *Store) Members(component sctid.ID) (members []Member, err error) {
	defer s.im.guard(&err)
	key, ok := s.componentKey(component)
	if !ok {
		return nil, nil
	}
	take := func(r *Refset) {
		from, to := r.rowsOf(key)
		for i := from; i < to; i++ {
			members = append(members, r.row(i, nil))
		}
	}
	if key < uint64(s.info.Concepts) {
		at, of := s.column(secMembershipAt), s.column(secMembership)
		for i, j := int(at.get(int(key))), int(at.get(int(key)+1)); i < j; i++ {
			take(s.refset(int(of.get(i))))
		}
		return members, nil
	}
	for i := range s.column(secRefsets).len() / refsetLongs {
		r := s.refset(i)
		if c := r.col(refComponent); r.rows > 0 && c.get(r.rows-1) >= uint64(s.info.Concepts) {
			take(r)
		}
	}
	return members, nil
}

// columnIndex finds a column by its name.
func (r *Refset) columnIndex(name string) int {
	for i, c := range r.columns {
		if strings.EqualFold(c.Name, name) {
			return i
		}
	}
	return -1
}
