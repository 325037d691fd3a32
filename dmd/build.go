package dmd

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Report is what was noticed while a release was read into a store.
type Report struct {
	Issues []Issue
	Counts [numTables]int // records kept, by table
}

// BuildOption changes how a store is built.
type BuildOption func(*buildOptions)

type buildOptions struct {
	progress func(Progress)
}

// WithProgress has fn called now and then while the release is read, never by
// two goroutines at once.
func WithProgress(fn func(Progress)) BuildOption {
	return func(o *buildOptions) { o.progress = fn }
}

// tableBuilder gathers the records of one table.
type tableBuilder struct {
	data    []byte
	start   []uint32
	offset  []uint32 // in the file
	line    []uint32
	tooMany bool
}

func (b *tableBuilder) row(i int) row { return row(b.data[b.start[i]:b.start[i+1]]) }
func (b *tableBuilder) len() int      { return len(b.start) - 1 }

// builder makes a store of the gathered tables.
type builder struct {
	tables [numTables]*tableBuilder
	file   map[string]string // name of the file of a kind
	all    *sections
	ids    idTable
	byID   [numTables][]uint32
	issues issueList
	mu     sync.Mutex // for issues
}

// entities are the tables whose first field identifies a record.
func entities() []Table {
	return []Table{TableING, TableVTM, TableVMP, TableAMP, TableVMPP, TableAMPP}
}

// idField returns the identifying field of an entity.
func idField(t Table) int {
	switch t {
	case TableING:
		return ingISID
	case TableVTM:
		return vtmVTMID
	case TableVMP:
		return vmpVPID
	case TableAMP:
		return ampAPID
	case TableVMPP:
		return vmppVPPID
	case TableAMPP:
		return amppAPPID
	case TableLOOKUP:
		return lookupCD
	}
	return -1
}

// errTableFull is a table that the store's numbers cannot address.
var errTableFull = errors.New("dmd: a table is larger than 4 GiB or 134 million records")

// Build reads a release into a store in memory, with as many goroutines as there
// are processors. Bad records are reported and left out or kept as far as they
// can be used: of two with the same identifier the first counts, and a reference
// that leads nowhere stays as it is. The error is that of ctx or of reading.
func Build(ctx context.Context, r *Release, opts ...BuildOption) (*Store, *Report, error) {
	var o buildOptions
	for _, f := range opts {
		f(&o)
	}
	b := &builder{all: new(sections), file: make(map[string]string)}
	b.issues.max = r.options.limits.Issues
	for t := range b.tables {
		b.tables[t] = &tableBuilder{start: []uint32{0}}
	}
	for _, f := range r.files {
		b.file[f.Kind] = f.Name
	}
	issues, err := r.scanParallel(ctx, b.add, o.progress)
	if err != nil {
		return nil, &Report{Issues: issues}, err
	}
	for _, t := range entities() {
		b.order(t)
	}
	b.identify()
	var wg sync.WaitGroup
	var search []searchSection
	wg.Go(func() { search = b.buildSearch() })
	wg.Go(func() {
		b.relate()
		b.buildHistory()
		b.buildGTINs()
		b.buildLookups()
	})
	wg.Wait()
	for _, s := range search {
		b.all.put(section(s.kind, 0, 0), s.data)
	}
	report := &Report{Issues: append(issues, b.issues.result("")...)}
	for t, tb := range b.tables {
		if tb.tooMany {
			return nil, report, errTableFull
		}
		report.Counts[t] = tb.len()
		b.all.put(section(secRows, Table(t), 0), tb.data)
		b.all.put(section(secOffsets, Table(t), 0), packU32(tb.start))
	}
	return newStore(b.all, r.Date()), report, ctx.Err()
}

// add takes one record; records of one table come one after the other.
func (b *builder) add(r *Record) error {
	t := b.tables[r.Table]
	t.data = r.encode(t.data)
	if uint64(len(t.data)) > math.MaxUint32 || len(t.start) >= 1<<placeBits {
		t.tooMany = true
		return errTableFull
	}
	t.start = append(t.start, uint32(len(t.data)))
	t.offset = append(t.offset, uint32(min(r.Offset, math.MaxUint32)))
	t.line = append(t.line, uint32(r.Line))
	return nil
}

// dangling is a reference to a record that is not there.
type dangling struct{ f *Field }

func (e dangling) Error() string {
	return "there is no " + strings.TrimPrefix(e.f.Refers, "@") + " of this identifier"
}

// issue reports something about a record. The error should cost nothing until it
// is listed: a problem or a small type of its own.
func (b *builder) issue(sev Severity, code Code, t Table, i int, field int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.issues.room(code) {
		return
	}
	path := t.String() + "[" + strconv.Itoa(i+1) + "]"
	if field >= 0 {
		path += "." + t.Fields()[field].Tag
	}
	is := Issue{Severity: sev, Code: code, File: b.file[t.File()], Path: path, Offset: -1, Err: err}
	if tb := b.tables[t]; i < len(tb.offset) {
		is.Offset, is.Line, is.Col = int64(tb.offset[i]), int(tb.line[i]), 1
	}
	b.issues.list = append(b.issues.list, is)
}

// order sorts the records of an entity by identifier and drops later ones of the
// same.
func (b *builder) order(t Table) {
	tb, field := b.tables[t], idField(t)
	type keyed struct {
		id  uint64
		row uint32
	}
	keys := make([]keyed, 0, tb.len())
	for i := range tb.len() {
		id, _ := tb.row(i).number(field)
		keys = append(keys, keyed{id, uint32(i)})
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		switch {
		case a.id < b.id || a.id == b.id && a.row < b.row:
			return -1
		}
		return 1
	})
	drop := make(map[uint32]bool)
	for i := 1; i < len(keys); i++ {
		if keys[i].id == keys[i-1].id && keys[i].id != 0 {
			b.issue(Error, CodeDuplicate, t, int(keys[i].row), field, problem("another record has the identifier; the first counts"))
			drop[keys[i].row] = true
		}
	}
	if len(drop) == 0 {
		order := make([]uint32, len(keys))
		for i, k := range keys {
			order[i] = k.row
		}
		b.byID[t] = order
		b.all.put(section(secByID, t, 0), packU32(order))
		return
	}
	kept := &tableBuilder{start: []uint32{0}}
	for i := range tb.len() {
		if !drop[uint32(i)] {
			kept.data = append(kept.data, tb.row(i)...)
			kept.start = append(kept.start, uint32(len(kept.data)))
			kept.offset = append(kept.offset, tb.offset[i])
			kept.line = append(kept.line, tb.line[i])
		}
	}
	b.tables[t] = kept
	b.order(t)
}

// identify builds the table from identifiers to records.
func (b *builder) identify() {
	var entries []idEntry
	for _, t := range append(entities(), TableLOOKUP) {
		tb := b.tables[t]
		for i := range tb.len() {
			r := tb.row(i)
			id, ok := r.number(idField(t))
			if !ok || t == TableLOOKUP && !sctid.ID(id).Valid() {
				continue
			}
			entries = append(entries, idEntry{id, placeOf(t, i)})
		}
	}
	b.ids = buildIDTable(entries)
	b.all.put(section(secIDs, 0, 0), b.ids)
}

// target finds the record that a value of a field refers to.
func (b *builder) target(f *Field, id uint64) (int, bool) {
	list, isList := cutList(f.Refers)
	for i := 0; ; {
		p, after, ok := b.ids.next(id, i)
		if !ok {
			return 0, false
		}
		i = after
		if isList {
			if p.table() == TableLOOKUP && string(b.tables[TableLOOKUP].row(p.row()).rawText(lookupLIST)) == list {
				return p.row(), true
			}
		} else if t, _ := tableByName(f.Refers); p.table() == t {
			return p.row(), true
		}
	}
}

func cutList(refers string) (list string, ok bool) {
	if len(refers) > 0 && refers[0] == '@' {
		return refers[1:], true
	}
	return "", false
}

// tableByName is TableNamed for the tables that fields refer to.
func tableByName(name string) (Table, bool) {
	switch name {
	case "ING":
		return TableING, true
	case "VTM":
		return TableVTM, true
	case "VMP":
		return TableVMP, true
	case "AMP":
		return TableAMP, true
	case "VMPP":
		return TableVMPP, true
	case "AMPP":
		return TableAMPP, true
	}
	return 0, false
}

// isRelation reports whether a field's references can be followed backwards: all
// to products and ingredients, and those to forms, routes and suppliers.
func isRelation(f *Field) bool {
	switch f.Refers {
	case "":
		return false
	case "@FORM", "@ROUTE", "@SUPPLIER":
		return true
	}
	return f.Refers[0] != '@'
}

// relate builds, for every field that refers to something, the way back, and
// reports references that lead nowhere and codes that the lists do not have.
func (b *builder) relate() {
	codes := b.codes()
	for t := range Table(numTables) {
		fields := t.Fields()
		for i := range fields {
			f := &fields[i]
			if isRelation(f) {
				b.relation(t, i, f)
			} else if list, ok := cutList(f.Refers); ok {
				b.checkCodes(t, i, codes[list])
			}
		}
	}
}

// codes returns the codes of each list.
func (b *builder) codes() map[string]map[uint64]bool {
	out := make(map[string]map[uint64]bool)
	tb := b.tables[TableLOOKUP]
	for i := range tb.len() {
		r := tb.row(i)
		if n, ok := r.number(lookupCD); ok {
			list := string(r.rawText(lookupLIST))
			if out[list] == nil {
				out[list] = make(map[uint64]bool)
			}
			out[list][n] = true
		}
	}
	return out
}

func (b *builder) checkCodes(t Table, field int, known map[uint64]bool) {
	if len(known) == 0 { // the release has no such list: said once
		if n := b.tables[t].len(); n > 0 && b.tables[TableLOOKUP].len() > 0 {
			b.issue(Warning, CodeLookup, t, 0, field, problem("the release has no such look-up list"))
		}
		return
	}
	tb := b.tables[t]
	for i := range tb.len() {
		if n, ok := tb.row(i).number(field); ok && !known[n] {
			b.issue(Warning, CodeLookup, t, i, field, problem("the look-up list has no such code"))
		}
	}
}

func (b *builder) relation(t Table, field int, f *Field) {
	tb := b.tables[t]
	targets := 0
	if table, ok := tableByName(f.Refers); ok {
		targets = b.tables[table].len()
	} else {
		targets = b.tables[TableLOOKUP].len()
	}
	known := targets > 0
	to := make([]uint32, tb.len())
	start := make([]uint32, targets+1)
	const none = math.MaxUint32
	for i := range to {
		to[i] = none
		id, ok := tb.row(i).number(field)
		if !ok {
			continue
		}
		target, ok := b.target(f, id)
		if !ok {
			if known {
				b.issue(Warning, CodeDangling, t, i, field, dangling{f})
			}
			continue
		}
		to[i] = uint32(target)
		start[target+1]++
	}
	for i := range targets {
		start[i+1] += start[i]
	}
	rows := make([]uint32, start[targets])
	at := slices.Clone(start)
	put := func(i uint32) {
		if to[i] != none {
			rows[at[to[i]]] = i
			at[to[i]]++
		}
	}
	if order := b.byID[t]; order != nil {
		for _, i := range order {
			put(i)
		}
	} else {
		for i := range to {
			put(uint32(i))
		}
	}
	b.all.put(section(secRefStart, t, field), packU32(start))
	b.all.put(section(secRefRows, t, field), packU32(rows))
}

// formerField returns the field with an entity's former identifier, or -1.
func formerField(t Table) int {
	switch t {
	case TableING:
		return ingISIDPREV
	case TableVTM:
		return vtmVTMIDPREV
	case TableVMP:
		return vmpVPIDPREV
	case TableLOOKUP:
		return lookupCDPREV
	}
	return -1
}

// buildHistory builds the tables of former identifiers.
func (b *builder) buildHistory() {
	var former, current []idEntry
	tb := b.tables[TableHISTORY]
	for i := range tb.len() {
		r := tb.row(i)
		now, _ := r.number(historyIDCURRENT)
		then, _ := r.number(historyIDPREVIOUS)
		current = append(current, idEntry{now, placeOf(TableHISTORY, i)})
		if then != now {
			former = append(former, idEntry{then, placeOf(TableHISTORY, i)})
		}
	}
	for _, t := range []Table{TableVTM, TableVMP, TableING, TableLOOKUP} {
		field := formerField(t)
		tb := b.tables[t]
		for i := range tb.len() {
			if id, ok := tb.row(i).number(field); ok {
				former = append(former, idEntry{id, placeOf(t, i)})
			}
		}
	}
	b.all.put(section(secPrevious, 0, 0), buildIDTable(former))
	b.all.put(section(secCurrent, 0, 0), buildIDTable(current))
}

func (b *builder) buildGTINs() {
	var uses []gtinUse
	tb := b.tables[TableGTIN]
	field := &TableGTIN.Fields()[gtinAMPPID]
	for i := range tb.len() {
		r := tb.row(i)
		n, ok := r.number(gtinGTIN)
		if !ok || n == 0 {
			continue
		}
		u := gtinUse{code: n, start: r.date(gtinSTARTDT), end: r.date(gtinENDDT)}
		if id, ok := r.number(gtinAMPPID); ok {
			if pack, ok := b.target(field, id); ok {
				u.pack = uint32(pack) + 1
			}
		}
		uses = append(uses, u)
	}
	b.all.put(section(secGTINs, 0, 0), buildGTINTable(uses))
}

// buildLookups sorts the entries of the look-up lists.
func (b *builder) buildLookups() {
	tb := b.tables[TableLOOKUP]
	order := make([]uint32, tb.len())
	type key struct{ list, code string }
	keys := make([]key, tb.len())
	for i := range order {
		order[i] = uint32(i)
		keys[i].list, _ = tb.row(i).text(lookupLIST)
		keys[i].code, _ = tb.row(i).text(lookupCD)
	}
	slices.SortStableFunc(order, func(x, y uint32) int {
		a, b := keys[x], keys[y]
		switch {
		case a.list != b.list && a.list < b.list, a.list == b.list && a.code < b.code:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	for i := 1; i < len(order); i++ {
		if keys[order[i]] == keys[order[i-1]] {
			b.issue(Error, CodeDuplicate, TableLOOKUP, int(order[i]), lookupCD, problem("another entry of the list has the code; the first counts"))
		}
	}
	b.all.put(section(secLookups, 0, 0), packU32(order))
}
