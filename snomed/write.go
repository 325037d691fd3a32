package snomed

import (
	"cmp"
	"encoding/binary"
	"runtime"
	"slices"
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

func (b *builder) writeRelationships(w *fileWriter, dir []ref) {
	n := len(b.rel)
	spaces, err := b.spaces()
	if err != nil {
		w.err = err
		return
	}
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

// info is what secInfo says: names and values, each with its length.
func (b *builder) info() []byte {
	var out []byte
	put := func(s string) {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	long := func(v uint64) { out = binary.AppendUvarint(out, v) }
	num := func(v int) { long(uint64(v)) }
	num(len(b.concept))
	num(b.nActive)
	num(len(b.accept))
	num(b.preferredDialects)
	num(b.nameDocs)
	long(b.idSeed)
	put(b.opt.Release)
	num(int(b.opt.AsOf))
	num(len(b.packages))
	for _, p := range b.packages {
		put(p)
	}
	dependencies := b.activeDependencies()
	num(len(dependencies))
	for _, d := range dependencies {
		long(uint64(d.Source))
		num(int(d.SourceTime))
		long(uint64(d.Target))
		num(int(d.TargetTime))
	}
	return out
}
