package snomed

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// segment is what one file has of one reference set.
type segment struct {
	place
	order    int
	refset   uint64
	columns  []string // beyond the six common ones
	types    string
	language bool

	component vec[uint32] // a concept's ordinal, or behind them a description's row, or behind those an index of others
	meta      vec[uint32] // time code, module code, active
	key       vec[uint64] // of the member id
	line      vec[uint32]
	uuid      vec[[16]byte]
	cols      []*collector
}

// A member's active flag, module and time are in one number.
const (
	memberTimeShift = 17
	maxMemberTimes  = 1 << (32 - memberTimeShift)
)

// collector numbers the values of one column.
type collector struct {
	codes vec[uint32]

	// Integers and identifiers.
	ints  []uint64
	index map[uint64]uint32
	last  uint64

	// Texts. Once most turn out to be distinct they are no longer looked up.
	texts map[string]uint32
	pool  *textPool
	short *abbreviator
	self  uint64 // the component that the text is about
	all   bool   // every text has its own number
}

// textPool keeps texts; long ones are compressed in blocks of some, so that
// axioms do not fill the memory.
type textPool struct {
	ends  vec[uint32] // the end of each text in its block
	open  []byte      // the block being filled
	done  [][]byte    // finished blocks, as they will be stored
	sizes []uint32    // their plain sizes
	n     int
	total int
}

const textBlock = 64 // texts in a block

func (p *textPool) add(s []byte) uint32 {
	p.open = append(p.open, s...)
	p.ends.add(uint32(len(p.open)))
	p.total += len(s)
	p.n++
	if p.n%textBlock == 0 {
		p.seal()
	}
	return uint32(p.n - 1)
}

// seal compresses the open block.
func (p *textPool) seal() {
	if p.n%textBlock == 0 && len(p.done) == p.n/textBlock || p.n == 0 {
		return
	}
	p.sizes = append(p.sizes, uint32(len(p.open)))
	p.done = append(p.done, deflateBlock(p.open))
	p.open = p.open[:0]
}

func newCollector(kind byte) *collector {
	if kind == 's' {
		return &collector{texts: map[string]uint32{}, pool: &textPool{}}
	}
	return &collector{index: map[uint64]uint32{}}
}

func (c *collector) addInt(v uint64) {
	if len(c.ints) > 0 && c.ints[c.last] == v {
		c.codes.add(uint32(c.last))
		return
	}
	k, ok := c.index[v]
	if !ok {
		k = uint32(len(c.ints))
		c.index[v] = k
		c.ints = append(c.ints, v)
	}
	c.last = uint64(k)
	c.codes.add(k)
}

const (
	lookAfter = 1 << 15 // texts after which it is decided whether to look them up
	longText  = 300     // longer texts are not looked up
	plainText = 40      // shorter texts are not abbreviated
)

func (c *collector) addText(s []byte) {
	lookUp := !c.all && len(s) <= longText
	if lookUp {
		if k, ok := c.texts[string(s)]; ok {
			c.codes.add(k)
			return
		}
	}
	short, own := s, false
	if len(s) > plainText {
		short, own = c.short.abbreviate(s, c.self)
	}
	k := c.pool.add(short)
	c.codes.add(k)
	if lookUp && !own { // what is in short for one component is not for another
		c.texts[string(s)] = k
	}
	if !c.all && c.codes.n >= lookAfter && c.pool.n > c.codes.n/10*9 {
		c.all = true
		c.texts = nil
	}
}

// readRefsets reads the reference set files.
func (b *builder) readRefsets() error {
	b.others = map[uint64]uint32{}
	err := b.read("reference sets", func(f *rf2.File) bool { return f.Kind == rf2.Refset }, func(s *source, f *rf2.File) rf2.Handler {
		segments := map[uint64]*segment{}
		var last *segment
		module, time := b.memberModules.local(), b.memberTimes.local()
		pl := placeOf(s, f)
		return func(r *rf2.Row) error {
			if b.late(r) {
				return nil
			}
			id := r.Num[4]
			if last == nil || last.refset != id {
				last = segments[id]
				if last == nil {
					last = b.newSegment(s, pl, r, id)
					segments[id] = last
				}
			}
			last.component.add(b.componentKey(pl, r))
			meta := uint32(time.code(uint64(r.Time)))<<memberTimeShift | uint32(module.code(uint64(r.Module)))<<1&0x1ffff
			if r.Active {
				meta |= 1
			}
			last.meta.add(meta)
			last.key.add(binary.LittleEndian.Uint64(r.UUID[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(r.UUID[8:]))
			last.line.add(uint32(r.Line))
			if b.opt.KeepRowIDs {
				last.uuid.add(r.UUID)
			}
			for i, c := range last.cols {
				if last.types[i] == 's' {
					c.self = r.Num[5]
					c.addText(r.Fields[6+i])
				} else {
					c.addInt(r.Num[6+i])
				}
			}
			if id == idModuleDep && len(r.Fields) == 8 {
				b.addDependency(s.order, pl.name, r)
			}
			return nil
		}
	})
	if err != nil {
		return err
	}
	for _, s := range b.segments {
		for _, c := range s.cols {
			if c.pool != nil {
				c.pool.seal()
				c.texts = nil
			}
			c.index = nil
		}
	}
	b.foldRefsets()
	return b.strict()
}

// dependency is the latest version of a row of the module dependency reference
// set, of equal ones that of the last file of the last release.
type dependency struct {
	rf2.Dependency
	active bool
	time   uint32
	order  int
	file   string
}

func (b *builder) addDependency(order int, file string, r *rf2.Row) {
	date := func(f []byte) uint32 {
		v, err := strconv.ParseUint(string(f), 10, 32)
		if err != nil {
			return 0
		}
		return uint32(v)
	}
	d := dependency{rf2.Dependency{Source: r.Module, Target: sctid.ID(r.Num[5]), SourceTime: date(r.Fields[6]), TargetTime: date(r.Fields[7])}, r.Active, r.Time, order, file}
	b.mu.Lock()
	defer b.mu.Unlock()
	old, ok := b.dependencies[r.UUID]
	if !ok || cmp.Or(cmp.Compare(old.time, d.time), cmp.Compare(old.order, d.order), strings.Compare(old.file, d.file)) <= 0 {
		b.dependencies[r.UUID] = d
	}
}

// activeDependencies returns the dependencies between modules, each once,
// sorted.
func (b *builder) activeDependencies() []rf2.Dependency {
	var all []rf2.Dependency
	for _, d := range b.dependencies {
		if d.active {
			all = append(all, d.Dependency)
		}
	}
	slices.SortFunc(all, func(x, y rf2.Dependency) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.SourceTime, y.SourceTime), cmp.Compare(x.Target, y.Target), cmp.Compare(x.TargetTime, y.TargetTime))
	})
	return slices.Compact(all)
}

func (b *builder) newSegment(s *source, pl place, r *rf2.Row, id uint64) *segment {
	seg := &segment{place: pl, order: s.order, refset: id, columns: slices.Clone(r.Layout.Columns[6:]), types: r.Layout.Types[6:], language: r.Layout.Name == "language"}
	for i := range seg.types {
		c := newCollector(seg.types[i])
		c.short = &abbreviator{ids: b.conceptMap, links: b.links}
		seg.cols = append(seg.cols, c)
	}
	b.mu.Lock()
	b.segments = append(b.segments, seg)
	b.mu.Unlock()
	return seg
}

// componentKey numbers what a member refers to.
func (b *builder) componentKey(pl place, r *rf2.Row) uint32 {
	id := r.Num[5]
	switch sctid.ID(id).Kind() {
	case sctid.Concept:
		if o, ok := b.conceptMap.get(id); ok {
			return o
		}
	case sctid.Description:
		if d, ok := b.descMap.get(id); ok {
			return uint32(len(b.concept)) + d
		}
	}
	if sctid.ID(id).Kind() != sctid.Relationship {
		b.dangling(pl, r.Line, 6, rf2.Warning, "the component that the member refers to is not in the release")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.others[id]
	if !ok {
		k = uint32(len(b.otherIDs))
		b.others[id] = k
		b.otherIDs = append(b.otherIDs, id)
	}
	return uint32(len(b.concept)+len(b.desc)) + k
}

// refsetData is one reference set, folded and in the order of components.
type refsetData struct {
	id       uint64
	columns  []string
	types    string
	language bool
	rows     []rowAt // in order
	parts    []*segment
	active   int
}

// rowAt is a row of a segment.
type rowAt struct{ part, row uint32 }

// collect frees garbage after every few million rows. Left alone the
// collector would wait until the heap has doubled.
func (b *builder) collect(rows int) {
	if b.rowsSince += rows; b.rowsSince > 2_000_000 {
		b.rowsSince = 0
		runtime.GC()
	}
}

// manyMembers is how many members of one component are looked through one by
// one for another version of the next.
const manyMembers = 50

// foldRefsets joins the segments of each reference set.
func (b *builder) foldRefsets() {
	// The numbers of other components are made independent of the order in
	// which goroutines came.
	order := sortedOrder(b.otherIDs)
	renumber := make([]uint32, len(order))
	sorted := make([]uint64, len(order))
	for to, from := range order {
		renumber[from] = uint32(to)
		sorted[to] = b.otherIDs[from]
	}
	b.otherIDs = sorted
	base := uint32(len(b.concept) + len(b.desc))

	slices.SortFunc(b.segments, func(x, y *segment) int {
		return cmp.Or(cmp.Compare(x.refset, y.refset), cmp.Compare(x.order, y.order), strings.Compare(x.name, y.name))
	})
	for i := 0; i < len(b.segments); {
		d := &refsetData{id: b.segments[i].refset}
		n := 0
		for ; i < len(b.segments) && b.segments[i].refset == d.id; i++ {
			s := b.segments[i]
			d.parts = append(d.parts, s)
			d.language = d.language || s.language
			if len(s.columns) > len(d.columns) {
				d.columns, d.types = s.columns, s.types
			}
			n += s.component.n
		}
		for _, s := range d.parts {
			if s.types != d.types || !slices.Equal(s.columns, d.columns) {
				b.issue(Issue{Severity: rf2.Error, Code: CodeShape, Path: s.name, Offset: -1, Line: 1, Col: 7, Clause: "5.1",
					Err: fmt.Errorf("another file has reference set %d with the columns %s", d.id, strings.Join(d.columns, ", "))})
			}
		}
		var all multi[uint32]
		for _, s := range d.parts {
			if len(order) > 0 {
				s.component.each(func(_ int, k *uint32) {
					if *k >= base {
						*k = base + renumber[*k-base]
					}
				})
			}
			all.add(&s.component)
		}
		d.rows = make([]rowAt, 0, n)
		from := 0
		group := uint32(math.MaxUint32)
		keyOf := func(r rowAt) uint64 { return *d.parts[r.part].key.at(int(r.row)) }
		var twins map[uint64]int // of a component with many members
		for _, g := range radixOrder(n, func(i int) uint32 { return *all.at(i) }) {
			part, row := all.find(int(g))
			r := rowAt{uint32(part), uint32(row)}
			s := d.parts[part]
			if k := *s.component.at(int(r.row)); k != group {
				group, from, twins = k, len(d.rows), nil
			}
			// The versions of a member refer to the same component.
			twin := -1
			if twins == nil {
				for j := from; j < len(d.rows); j++ {
					if keyOf(d.rows[j]) == keyOf(r) {
						twin = j
					}
				}
			} else if j, ok := twins[keyOf(r)]; ok {
				twin = j
			}
			if twin < 0 {
				d.rows = append(d.rows, r)
				switch n := len(d.rows) - from; {
				case twins != nil:
					twins[keyOf(r)] = len(d.rows) - 1
				case n == manyMembers:
					twins = make(map[uint64]int, 2*n)
					for j := from; j < len(d.rows); j++ {
						twins[keyOf(d.rows[j])] = j
					}
				}
				continue
			}
			o := d.rows[twin]
			oldTime := b.timeOfMeta(*d.parts[o.part].meta.at(int(o.row)))
			newTime := b.timeOfMeta(*s.meta.at(int(r.row)))
			if o.part == r.part && (oldTime == newTime || s.file.Name.Release == "Snapshot") {
				b.duplicate(s.place, max(*s.line.at(int(r.row)), *s.line.at(int(o.row))))
			}
			if newTime >= oldTime {
				d.rows[twin] = r
			}
		}
		for _, s := range d.parts {
			s.key, s.line = vec[uint64]{}, vec[uint32]{}
		}
		for _, r := range d.rows {
			d.active += int(*d.parts[r.part].meta.at(int(r.row)) & 1)
		}
		b.refsets = append(b.refsets, d)
		b.collect(n)
	}
	b.segments = nil
}

func (b *builder) timeOfMeta(meta uint32) uint64 { return b.memberTimes.values[meta>>memberTimeShift] }

// number returns the value of a column of integers or components in a row,
// unless the file of the row has another column there.
func (d *refsetData) number(r rowAt, column int, kind byte) (v uint64, ok bool) {
	p := d.parts[r.part]
	if column >= len(p.types) || p.types[column] != kind {
		return 0, false
	}
	c := p.cols[column]
	return c.ints[*c.codes.at(int(r.row))], true
}
