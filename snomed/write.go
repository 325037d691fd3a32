package snomed

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/nhskit/nhskit/snomed/rf2"
)

// write writes the whole store.
func (b *builder) write(w *fileWriter) error {
	dir := make([]ref, sections)
	runtime.GC()
	b.writeCodes(w, dir)
	b.writeConcepts(w, dir)
	b.writeRelationships(w, dir)
	b.writeIdentifiers(w, dir)
	if w.err != nil {
		return w.err
	}
	// What has been written is garbage; without this the reference sets would
	// be read on top of it.
	runtime.GC()
	if err := b.readRefsets(); err != nil {
		return err
	}
	b.links = nil
	b.checkModules()
	if err := b.strict(); err != nil {
		return err
	}
	runtime.GC()
	b.progress("writing", 0)
	b.writeRefsets(w, dir)
	runtime.GC()
	b.progress("writing", 0.5)
	b.writeDescriptions(w, dir)
	if w.err != nil || b.ctx.Err() != nil {
		return cmp.Or(w.err, b.ctx.Err())
	}
	runtime.GC()
	b.writeSearch(w, dir)
	dir[secInfo] = w.bytes(b.info())
	if b.ctx.Err() != nil {
		return b.ctx.Err()
	}
	b.progress("search index", 1)
	return w.finish(dir)
}

// writeCodes sorts the code tables; every code is mapped when it is written.
func (b *builder) writeCodes(w *fileWriter, dir []ref) {
	for i := range b.concept {
		b.times.code(uint64(b.concept[i].time))
	}
	for i := range b.desc {
		b.times.code(uint64(b.desc[i].time))
	}
	for i := range b.rel {
		b.times.code(uint64(b.rel[i].time))
	}
	for i := range b.identifiers {
		b.times.code(uint64(b.identifiers[i].time))
	}
	put := func(sec int, v []uint64) { dir[sec] = w.longs(len(v), func(i int) uint64 { return v[i] }) }
	var v []uint64
	v, b.times.order = b.times.sorted()
	put(secTimes, v)
	v, b.modules.order = b.modules.sorted()
	put(secModules, v)
	v, b.small.order = b.small.sorted()
	put(secCodes, v)
	v, b.languages.order = b.languages.sorted()
	put(secLanguages, v)
}

// time returns the final code of an effective time.
func (b *builder) time(t uint32) uint64 { return uint64(b.times.order[b.times.index[uint64(t)]]) }

// times of rows repeat, so that the last look-up usually answers.
func (b *builder) timeColumn(w *fileWriter, n int, time func(int) uint32) ref {
	last, code := uint32(0), uint64(0)
	return w.packFixed(n, func(i int) uint64 {
		if t := time(i); t != last {
			last, code = t, b.time(t)
		}
		return code
	})
}

func (b *builder) writeConcepts(w *fileWriter, dir []ref) {
	n := len(b.concept)
	id := func(i int) uint64 { return b.concept[b.byOrd[i]].id }
	dir[secConceptID] = w.longs(n, id)
	slots, overflow := fillIDTable(n, id)
	w.align(cacheLine)
	dir[secIDSlots] = w.longs(len(slots), func(i int) uint64 { return slots[i] })
	dir[secIDOverflow] = w.words(overflow)
	b.writeClosure(w, dir)
	lists := func(at, of int, list [][]uint32) {
		offsets := make([]uint32, len(list)+1)
		for i, l := range list {
			offsets[i+1] = offsets[i] + uint32(len(l))
		}
		dir[at] = w.packFramed(len(offsets), func(i int) uint64 { return uint64(offsets[i]) })
		flat := make([]uint32, 0, offsets[len(list)])
		for _, l := range list {
			flat = append(flat, l...)
		}
		dir[of] = w.packFixed(len(flat), func(i int) uint64 { return uint64(flat[i]) })
	}
	lists(secParentAt, secParent, b.parents)
	lists(secChildAt, secChild, b.children)
	b.runs, b.children = nil, nil
}

// writeClosure writes what is below each concept. Three of four concepts have
// nothing below them; only the others are in the tables, and secInner leads
// there.
func (b *builder) writeClosure(w *fileWriter, dir []ref) {
	inner := make([]uint32, 2*((b.nActive+31)/32))
	var closure, extra, below []uint32
	for o, rs := range b.runs {
		if o%32 == 0 {
			inner[o/32*2+1] = uint32(len(below))
		}
		if len(rs) == 1 && rs[0].to == rs[0].from+1 {
			continue
		}
		inner[o/32*2] |= 1 << (o % 32)
		end := uint32(0)
		first := uint32(len(extra) / 2)
		for _, r := range rs {
			if r.from <= uint32(o) && uint32(o) < r.to {
				end = r.to
				if r.from < uint32(o) {
					extra = append(extra, r.from, uint32(o))
				}
			} else {
				extra = append(extra, r.from, r.to)
			}
		}
		closure = append(closure, end, first)
		below = append(below, uint32(newSet(rs).n))
	}
	closure = append(closure, 0, uint32(len(extra)/2))
	dir[secInner] = w.words(inner)
	dir[secClosure] = w.words(closure)
	dir[secRuns] = w.packFixed(len(extra), func(i int) uint64 { return uint64(extra[i]) })
	dir[secDescendants] = w.packFixed(len(below), func(i int) uint64 { return uint64(below[i]) })
}

func (b *builder) writeRelationships(w *fileWriter, dir []ref) {
	n := len(b.rel)
	spaces := b.spaces()
	small := b.small.order
	dir[secRelAt] = w.packFramed(len(b.relAt), func(i int) uint64 { return uint64(b.relAt[i]) })
	if b.opt.KeepRowIDs {
		dir[secRelID] = w.packFramed(n, func(i int) uint64 { return spaces.pack(b.rel[i].id) })
	}
	dir[secRelTarget] = w.packFixed(n, func(i int) uint64 { return uint64(b.rel[i].target) })
	dir[secRelKind] = w.packFixed(n, func(i int) uint64 { return uint64(small[b.rel[i].kind]) })
	dir[secRelChar] = w.packFixed(n, func(i int) uint64 { return uint64(small[b.rel[i].char]) })
	dir[secRelModifier] = w.packFixed(n, func(i int) uint64 { return uint64(small[b.rel[i].mod]) })
	dir[secRelGroup] = w.packFixed(n, func(i int) uint64 { return uint64(b.rel[i].group) })
	dir[secRelFlags] = w.packFixed(n, func(i int) uint64 { return uint64(b.rel[i].flags) })
	dir[secRelTime] = b.timeColumn(w, n, func(i int) uint32 { return b.rel[i].time })
	dir[secRelModule] = w.packFixed(n, func(i int) uint64 { return uint64(b.modules.order[b.rel[i].module]) })
	dir[secValueAt], dir[secValues] = w.textList(b.values)

	isA, _ := b.codeOf(idIsA)
	inferred, _ := b.codeOf(idInferred)
	counts := make([]uint32, len(small)+1)
	in := func(r *relRow) bool { return r.flags&relActive != 0 && r.kind != isA && r.char == inferred }
	var rows []uint32
	for i := range b.rel {
		if in(&b.rel[i]) {
			rows = append(rows, uint32(i))
			counts[small[b.rel[i].kind]+1]++
		}
	}
	for i := range small {
		counts[i+1] += counts[i]
	}
	// By target first, then stably by type; rows are in the order of sources.
	byTarget := radixOrder(len(rows), func(i int) uint32 { return b.rel[rows[i]].target })
	fill := slices.Clone(counts)
	sorted := make([]uint32, len(rows))
	for _, i := range byTarget {
		k := small[b.rel[rows[i]].kind]
		sorted[fill[k]] = rows[i]
		fill[k]++
	}
	dir[secReverse] = w.packFixed(len(sorted), func(i int) uint64 { return uint64(sorted[i]) })
	dir[secReverseAt] = w.words(counts)
	b.links = b.newLinkTable()
	b.rel, b.relAt = nil, nil
}

// textList writes texts and where each begins and ends.
func (w *fileWriter) textList(texts []string) (at, of ref) {
	ends := make([]uint64, len(texts)+1)
	for i, s := range texts {
		ends[i+1] = ends[i] + uint64(len(s))
	}
	at = w.packFramed(len(ends), func(i int) uint64 { return ends[i] })
	return at, w.texts(texts)
}

// wordList is textList with plain offsets, which are quicker to read.
func (w *fileWriter) wordList(texts []string) (at, of ref) {
	ends := make([]uint32, len(texts)+1)
	for i, s := range texts {
		ends[i+1] = ends[i] + uint32(len(s))
	}
	return w.words(ends), w.texts(texts)
}

// texts writes texts one after the other.
func (w *fileWriter) texts(texts []string) ref {
	r := ref{kind: kindBytes, off: w.off}
	for _, s := range texts {
		w.write([]byte(s))
	}
	r.base = w.off - r.off
	return r
}

// spaces learns the namespaces of all packed identifiers.
func (b *builder) spaces() *compactIDs {
	s := &compactIDs{}
	last := ^uint64(0)
	learn := func(id uint64) {
		if v := space(id); v != last {
			last = v
			s.learn(id)
		}
	}
	for i := range b.rel {
		learn(b.rel[i].id)
	}
	for i := range b.desc {
		learn(b.desc[i].id)
	}
	b.idSpaces = s
	return s
}

func (b *builder) writeIdentifiers(w *fileWriter, dir []ref) {
	ids := b.identifiers
	slices.SortFunc(ids, func(x, y identifierRow) int {
		return cmp.Or(cmp.Compare(x.scheme, y.scheme), cmp.Compare(x.alternate, y.alternate), cmp.Compare(x.time, y.time), cmp.Compare(x.order, y.order))
	})
	kept := ids[:0]
	for _, r := range ids {
		if k := len(kept); k > 0 && kept[k-1].scheme == r.scheme && kept[k-1].alternate == r.alternate {
			kept[k-1] = r
		} else {
			kept = append(kept, r)
		}
	}
	texts := make([]string, len(kept))
	for i := range kept {
		texts[i] = kept[i].alternate
	}
	n := len(kept)
	dir[secIdentAt], dir[secIdents] = w.textList(texts)
	dir[secIdentScheme] = w.longs(n, func(i int) uint64 { return kept[i].scheme })
	dir[secIdentComponent] = w.longs(n, func(i int) uint64 { return kept[i].component })
	dir[secIdentTime] = b.timeColumn(w, n, func(i int) uint32 { return kept[i].time })
	dir[secIdentModule] = w.packFixed(n, func(i int) uint64 { return uint64(b.modules.order[kept[i].module]) })
	dir[secIdentActive] = w.packFixed(n, func(i int) uint64 { return boolBit(kept[i].active) })
}

func boolBit(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

var deflaters = sync.Pool{New: func() any {
	z, _ := flate.NewWriter(io.Discard, deflateLevel) // the level is in range
	return z
}}

const deflateLevel = 4

// deflateBlock compresses texts; the plain size stands in front.
func deflateBlock(plain []byte) []byte {
	z := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(z)
	var out bytes.Buffer
	out.Write(binary.AppendUvarint(nil, uint64(len(plain))))
	z.Reset(&out)
	z.Write(plain) // a buffer does not fail
	z.Close()
	return bytes.Clone(out.Bytes())
}

// maxBlock bounds what a compressed block may expand to.
const maxBlock = 256 << 20

// inflateBlock is the reverse of deflateBlock.
func inflateBlock(b []byte) []byte {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > maxBlock {
		panic(&fault{ErrCorrupt})
	}
	plain := make([]byte, n)
	z := flate.NewReader(bytes.NewReader(b[k:]))
	if _, err := io.ReadFull(z, plain); err != nil {
		panic(&fault{ErrCorrupt})
	}
	return plain
}

// writeRefsets writes all reference sets, the memberships of concepts and the
// historical associations by target.
func (b *builder) writeRefsets(w *fileWriter, dir []ref) {
	_, times := b.memberTimes.sorted()
	_, modules := b.memberModules.sorted()
	history := b.historyRefsets()
	var refs []ref
	var longs []uint64
	n := len(b.concept)
	memberCount := make([]uint32, n+1)
	type hist struct{ target, refset, row uint32 }
	var hists []hist
	dialects := b.dialects()
	accept := make([]uint64, len(b.desc))
	for index, d := range b.refsets {
		flags := uint64(0)
		if d.language {
			flags |= refsetLanguage
		}
		first := len(refs)
		rows := len(d.rows)
		component := func(i int) uint32 { r := d.rows[i]; return *d.parts[r.part].component.at(int(r.row)) }
		meta := func(i int) uint32 { r := d.rows[i]; return *d.parts[r.part].meta.at(int(r.row)) }
		refs = append(refs,
			w.packFramed(rows, func(i int) uint64 { return uint64(component(i)) }),
			w.packFixed(rows, func(i int) uint64 { return uint64(meta(i) & 1) }),
			w.packFixed(rows, func(i int) uint64 { return uint64(times[meta(i)>>17]) }),
			w.packFixed(rows, func(i int) uint64 { return uint64(modules[meta(i)>>1&0xffff]) }),
			ref{})
		if b.opt.KeepRowIDs {
			flags |= refsetUUIDs
			u := ref{kind: kindBytes, base: uint64(rows) * 16, off: w.off}
			for _, r := range d.rows {
				w.write(d.parts[r.part].uuid.at(int(r.row))[:])
			}
			refs[first+refUUID] = u
		}
		for c := range d.columns {
			refs = append(refs, b.writeColumn(w, d, c)...)
		}
		for i, prev := 0, uint32(0); i < rows; i++ {
			if k := component(i); k < uint32(n) && (i == 0 || k != prev) {
				memberCount[k+1]++
				prev = k
			}
		}
		if history[d.id] && len(d.types) > 0 && d.types[0] == 'c' {
			flags |= refsetHistory
			for i, r := range d.rows {
				part := d.parts[r.part]
				col := part.cols[0]
				if o, ok := b.conceptMap.get(col.ints[*col.codes.at(int(r.row))]); ok {
					hists = append(hists, hist{o, uint32(index), uint32(i)})
				}
			}
		}
		if k := slices.Index(dialects, d.id); k >= 0 && k < 32 {
			for i, r := range d.rows {
				key := component(i)
				if key < uint32(n) || key >= uint32(n+len(b.desc)) || meta(i)&1 == 0 {
					continue
				}
				col := d.parts[r.part].cols[0]
				v := uint64(0)
				switch col.ints[*col.codes.at(int(r.row))] {
				case idPreferred:
					v = 2
				case idAcceptable:
					v = 1
				}
				a := &accept[key-uint32(n)]
				if *a>>(2*k)&3 < v { // two members for one description: the better
					*a = *a&^(3<<(2*k)) | v<<(2*k)
				}
			}
		}
		longs = append(longs, d.id, uint64(rows), uint64(d.active), uint64(first), uint64(len(d.columns)), flags)
		b.refsets[index].parts = dropColumns(d.parts)
		b.collect(len(d.rows))
	}
	// Memberships.
	for i := range n {
		memberCount[i+1] += memberCount[i]
	}
	membership := make([]uint32, memberCount[n])
	fill := slices.Clone(memberCount)
	for index, d := range b.refsets {
		for i, prev := 0, uint32(0); i < len(d.rows); i++ {
			r := d.rows[i]
			if k := *d.parts[r.part].component.at(int(r.row)); k < uint32(n) && (i == 0 || k != prev) {
				membership[fill[k]] = uint32(index)
				fill[k]++
				prev = k
			}
		}
	}
	dir[secMembershipAt] = w.packFramed(n+1, func(i int) uint64 { return uint64(memberCount[i]) })
	dir[secMembership] = w.packFixed(len(membership), func(i int) uint64 { return uint64(membership[i]) })
	slices.SortFunc(hists, func(x, y hist) int {
		return cmp.Or(cmp.Compare(x.target, y.target), cmp.Compare(x.refset, y.refset), cmp.Compare(x.row, y.row))
	})
	dir[secHistoryTarget] = w.packFramed(len(hists), func(i int) uint64 { return uint64(hists[i].target) })
	dir[secHistoryRefset] = w.packFixed(len(hists), func(i int) uint64 { return uint64(hists[i].refset) })
	dir[secHistoryRow] = w.packFixed(len(hists), func(i int) uint64 { return uint64(hists[i].row) })
	dir[secRefsets] = w.longs(len(longs), func(i int) uint64 { return longs[i] })
	buf := make([]byte, len(refs)*refSize)
	for i, r := range refs {
		r.put(buf[i*refSize:])
	}
	dir[secRefs] = w.bytes(buf)
	dir[secOthers] = w.longs(len(b.otherIDs), func(i int) uint64 { return b.otherIDs[i] })
	dir[secDialects] = w.longs(len(dialects), func(i int) uint64 { return dialects[i] })
	v, _ := b.memberTimes.sorted()
	dir[secMemberTimes] = w.longs(len(v), func(i int) uint64 { return v[i] })
	m, _ := b.memberModules.sorted()
	dir[secMemberModules] = w.longs(len(m), func(i int) uint64 { return m[i] })
	b.accept = accept
	b.refsets, b.parents = nil, nil
}

// dropColumns frees what has been written of a reference set.
func dropColumns(parts []*segment) []*segment {
	for _, p := range parts {
		p.cols, p.uuid, p.meta = nil, vec[[16]byte]{}, vec[uint32]{}
	}
	return parts
}

// dialects returns the language reference sets: those of the order of
// preference that are there, then the others.
func (b *builder) dialects() []uint64 {
	var out, rest []uint64
	for _, d := range b.refsets {
		if d.language {
			rest = append(rest, d.id)
		}
	}
	for _, l := range b.opt.Languages {
		if i := slices.Index(rest, uint64(l)); i >= 0 {
			out = append(out, uint64(l))
			rest = slices.Delete(rest, i, i+1)
		}
	}
	b.preferredDialects = len(out)
	return append(out, rest...)
}

// historyRefsets returns the historical association reference sets: what is
// below that concept in the hierarchy, and those the specification names.
func (b *builder) historyRefsets() map[uint64]bool {
	out := map[uint64]bool{}
	for _, a := range associations {
		out[uint64(a.refset)] = true
	}
	if top, ok := b.conceptMap.get(idHistory); ok {
		for o := range uint32(b.nActive) {
			if b.isBelow(o, top) {
				out[b.concept[b.byOrd[o]].id] = true
			}
		}
	}
	return out
}

// isBelow walks up from o.
func (b *builder) isBelow(o, top uint32) bool {
	for _, p := range b.parents[o] {
		if p == top || b.isBelow(p, top) {
			return true
		}
	}
	return false
}

// writeColumn writes one column of a reference set.
func (b *builder) writeColumn(w *fileWriter, d *refsetData, c int) []ref {
	out := make([]ref, columnRefs)
	out[colName] = w.bytes([]byte(d.types[c:c+1] + d.columns[c]))
	cols := make([]*collector, len(d.parts))
	for p, s := range d.parts {
		if c < len(s.cols) && s.types[c] == d.types[c] {
			cols[p] = s.cols[c]
		}
	}
	// Each part's codes are mapped to common ones.
	remap := make([][]uint32, len(cols))
	if d.types[c] == 's' {
		b.writeTexts(w, cols, remap, out)
	} else {
		var all []uint64
		for _, col := range cols {
			if col != nil {
				all = append(all, col.ints...)
			} else {
				all = append(all, 0)
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
		for p, col := range cols {
			if col == nil {
				continue
			}
			remap[p] = make([]uint32, len(col.ints))
			for i, v := range col.ints {
				k, _ := slices.BinarySearch(all, v)
				remap[p][i] = uint32(k)
			}
		}
		out[colA] = w.longs(len(all), func(i int) uint64 { return all[i] })
	}
	out[colCodes] = w.packFixed(len(d.rows), func(i int) uint64 {
		r := d.rows[i]
		if col := cols[r.part]; col != nil {
			return uint64(remap[r.part][*col.codes.at(int(r.row))])
		}
		return 0 // a column that this file does not have: the first value
	})
	return out
}

// sortTexts is the size up to which the texts of a column are sorted, so that
// they can be searched; above it they stay in compressed blocks.
const sortTexts = 24 << 20

func (b *builder) writeTexts(w *fileWriter, cols []*collector, remap [][]uint32, out []ref) {
	total := 0
	missing := false
	for _, col := range cols {
		if col != nil {
			total += col.pool.total
		} else {
			missing = true
		}
	}
	if total <= sortTexts {
		var all []string
		lists := make([][]string, len(cols))
		if missing {
			all = append(all, "")
		}
		for p, col := range cols {
			if col != nil {
				lists[p] = col.pool.texts()
				all = append(all, lists[p]...)
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
		for p := range cols {
			remap[p] = make([]uint32, len(lists[p]))
			for i, s := range lists[p] {
				k, _ := slices.BinarySearch(all, s)
				remap[p][i] = uint32(k)
			}
		}
		out[colA], out[colB] = w.textList(all)
		return
	}
	// Compressed blocks of the parts, one after the other. A part's last
	// block may be short: numbers go by whole blocks.
	var ends vec[uint32]
	var places []uint64
	var blocks [][]byte
	at := uint64(0)
	base := uint32(0)
	for p, col := range cols {
		if col == nil {
			continue
		}
		remap[p] = make([]uint32, col.pool.n)
		for i := range remap[p] {
			remap[p][i] = base + uint32(i)
		}
		col.pool.ends.each(func(_ int, e *uint32) { ends.add(*e) })
		for ends.n%textBlock != 0 {
			ends.add(*ends.at(ends.n - 1))
		}
		base = uint32(ends.n)
		for _, blk := range col.pool.done {
			places = append(places, at)
			at += uint64(len(blk))
			blocks = append(blocks, blk)
		}
	}
	places = append(places, at)
	out[colA] = w.packFramed(ends.n, func(i int) uint64 { return uint64(*ends.at(i)) })
	out[colB] = w.packFramed(len(places), func(i int) uint64 { return places[i] })
	out[colC] = ref{kind: kindBytes, base: at, off: w.off}
	for _, blk := range blocks {
		w.write(blk)
	}
}

// texts returns everything in the pool.
func (p *textPool) texts() []string {
	out := make([]string, 0, p.n)
	for k, blk := range p.done {
		plain := inflateBlock(blk)
		from := uint32(0)
		for i := k * textBlock; i < min(p.n, (k+1)*textBlock); i++ {
			end := *p.ends.at(i)
			out = append(out, string(plain[from:end]))
			from = end
		}
	}
	return out
}

// writeDescriptions writes the descriptions and their terms.
func (b *builder) writeDescriptions(w *fileWriter, dir []ref) {
	n := len(b.desc)
	small := b.small.order
	spaces := b.idSpaces
	dir[secSpaces] = w.longs(len(spaces.spaces), func(i int) uint64 { return spaces.spaces[i] })
	dir[secDescAt] = w.packFramed(len(b.descAt), func(i int) uint64 { return uint64(b.descAt[i]) })
	dir[secDescID] = w.packFramed(n, func(i int) uint64 { return spaces.pack(b.desc[i].id) })
	dir[secDescTime] = b.timeColumn(w, n, func(i int) uint32 { return b.desc[i].time })
	dir[secDescModule] = w.packFixed(n, func(i int) uint64 { return uint64(b.modules.order[b.desc[i].module]) })
	dir[secDescKind] = w.packFixed(n, func(i int) uint64 { return uint64(small[b.desc[i].kind]) })
	dir[secDescSignificance] = w.packFixed(n, func(i int) uint64 { return uint64(small[b.desc[i].significance]) })
	dir[secDescLanguage] = w.packFixed(n, func(i int) uint64 { return uint64(b.languages.order[b.desc[i].language]) })
	dir[secDescActive] = w.packFixed(n, func(i int) uint64 { return boolBit(b.desc[i].active) })
	dir[secDescAccept] = w.packFixed(n, func(i int) uint64 { return b.accept[i] })
	// The order of identifiers: by the high half, then by the low.
	order := radixOrder(n, func(i int) uint32 { return uint32(b.desc[i].id) })
	high := radixOrder(n, func(i int) uint32 { return uint32(b.desc[order[i]].id >> 32) })
	dir[secDescOrder] = w.packFixed(n, func(i int) uint64 { return uint64(order[high[i]]) })
	b.descMap = nil

	b.writeTerms(w, dir)
}

// fields returns the number that a record begins with, for each concept.
func (b *builder) fields(w *fileWriter, dir []ref) (value []uint64, size int) {
	var statuses []uint64
	for i := range b.concept {
		v := b.small.values[b.concept[i].status]
		if k, ok := slices.BinarySearch(statuses, v); !ok {
			statuses = slices.Insert(statuses, k, v)
		}
	}
	dir[secStatuses] = w.longs(len(statuses), func(i int) uint64 { return statuses[i] })
	f := newConceptFields(len(b.times.order), len(b.modules.order), len(statuses))
	value = make([]uint64, len(b.concept))
	for o := range value {
		c := &b.concept[b.byOrd[o]]
		status, _ := slices.BinarySearch(statuses, b.small.values[c.status])
		value[o] = uint64(b.names(o)) | b.time(c.time)<<fieldTime | uint64(b.modules.order[c.module])<<f.module | uint64(status)<<f.status
	}
	return value, f.size
}

// names finds the fully specified name and the preferred term of a concept
// among its first fifteen descriptions.
func (b *builder) names(c int) uint8 {
	rows := b.desc[b.descAt[c]:b.descAt[c+1]]
	accept := b.accept[b.descAt[c]:]
	find := func(kind uint64) uint8 {
		best, bestRank := uint8(0), 1<<30
		for i := range min(len(rows), 15) {
			if b.small.values[rows[i].kind] != kind {
				continue
			}
			rank := 1000 // none of the language reference sets says so
			for k := range b.preferredDialects {
				if accept[i]>>(2*k)&3 == 2 {
					rank = k
					break
				}
			}
			if !rows[i].active {
				rank += 2000
			}
			if rank < bestRank {
				best, bestRank = uint8(i+1), rank
			}
		}
		return best
	}
	return find(idFSN) | find(idSynonym)<<4
}

// writeTerms writes the pieces and the terms made of them.
func (b *builder) writeTerms(w *fileWriter, dir []ref) {
	// The pieces of all files, the commonest first.
	index := map[string]uint32{}
	var list []string
	var count []uint32
	for _, f := range b.descFiles {
		for i, s := range f.pieces.list {
			k, ok := index[s]
			if !ok {
				k = uint32(len(list))
				index[s] = k
				list = append(list, s)
				count = append(count, 0)
			}
			count[k] += f.pieces.count[i]
		}
	}
	order := make([]uint32, len(list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int {
		return cmp.Or(cmp.Compare(count[y], count[x]), cmp.Compare(list[x], list[y]))
	})
	code := make([]uint32, len(list))
	b.pieces = make([]string, len(list))
	for to, from := range order {
		code[from] = uint32(to)
		b.pieces[to] = list[from]
	}
	for _, f := range b.descFiles {
		f.pieces.count = nil
		f.code = make([]uint32, len(f.pieces.list))
		for i, s := range f.pieces.list {
			f.code[i] = code[index[s]]
		}
		f.pieces = nil
	}
	b.writePieces(w, dir)

	fields, size := b.fields(w, dir)
	n := len(b.concept)
	recordAt, blockAt := make([]uint32, n+1), make([]uint32, n+1)
	var records, blocks []byte
	var prev, cur []uint32
	for c := range n {
		prev = prev[:0]
		records = binary.LittleEndian.AppendUint64(records, fields[c])
		records = records[:len(records)-8+size]
		from, rows := int(b.descAt[c]), int(b.descAt[c+1]-b.descAt[c])
		first := int(fields[c] >> 4 & 15)
		for i := range rows {
			cur = b.term(from+rowOfTerm(i, first), cur)
			shared := 0
			for shared < len(cur) && shared < len(prev) && cur[shared] == prev[shared] {
				shared++
			}
			to := &blocks
			if i == 0 && first > 0 {
				to = &records
			}
			*to = appendTermHead(*to, shared, len(cur)-shared)
			for _, p := range cur[shared:] {
				*to = appendCode(*to, p)
			}
			prev, cur = cur, prev
		}
		recordAt[c+1], blockAt[c+1] = uint32(len(records)), uint32(len(blocks))
		if len(records)|len(blocks) >= wideGroup {
			w.err = errors.New("snomed: more than 2 GiB of terms")
			return
		}
	}
	dir[secRecordAt], dir[secRecordWide], dir[secRecords] = w.writeBlocks(recordAt, records)
	dir[secBlockAt], dir[secBlockWide], dir[secBlocks] = w.writeBlocks(blockAt, blocks)
}

// term returns the pieces of a description.
func (b *builder) term(i int, to []uint32) []uint32 {
	d := &b.desc[i]
	f := b.descFiles[d.file]
	to = f.term(d.text, to)
	for k, p := range to {
		to[k] = f.code[p]
	}
	return to
}

// info is what secInfo says: names and values, each with its length.
func (b *builder) info() []byte {
	var out []byte
	put := func(s string) {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	num := func(v int) { out = binary.AppendUvarint(out, uint64(v)) }
	num(len(b.concept))
	num(b.nActive)
	num(len(b.accept))
	num(b.preferredDialects)
	num(b.nameDocs)
	put(b.opt.Release)
	num(int(b.opt.AsOf))
	num(len(b.packages))
	for _, p := range b.packages {
		put(p)
	}
	slices.SortFunc(b.dependencies, func(x, y rf2.Dependency) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.SourceTime, y.SourceTime), cmp.Compare(x.Target, y.Target), cmp.Compare(x.TargetTime, y.TargetTime))
	})
	num(len(b.dependencies))
	for _, d := range b.dependencies {
		num(int(d.Source))
		num(int(d.SourceTime))
		num(int(d.Target))
		num(int(d.TargetTime))
	}
	return out
}
