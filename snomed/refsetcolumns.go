package snomed

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/nhskit/nhskit/snomed/rf2"
)

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
			w.packFixed(rows, func(i int) uint64 { return uint64(times[meta(i)>>memberTimeShift]) }),
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
				target, ok := d.number(r, 0, 'c')
				if !ok {
					continue
				}
				if o, ok := b.conceptMap.get(target); ok {
					hists = append(hists, hist{o, uint32(index), uint32(i)})
				}
			}
		}
		if k := slices.Index(dialects, d.id); k >= 0 {
			for i, r := range d.rows {
				key := component(i)
				if key < uint32(n) || key >= uint32(n+len(b.desc)) || meta(i)&1 == 0 {
					continue
				}
				v := uint64(0)
				switch said, _ := d.number(r, 0, 'c'); said {
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

// maxDialects is how many language reference sets a store keeps apart, with two
// bits each in secDescAccept.
const maxDialects = 32

// dialects returns the language reference sets: those of the order of
// preference that are there, then the others, as many as there is room for.
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
	b.preferredDialects = min(len(out), maxDialects)
	if out = append(out, rest...); len(out) > maxDialects {
		b.issue(Issue{Severity: rf2.Warning, Code: CodeDialects, Path: b.everywhere(), Offset: -1, Clause: "5.2.2.1",
			Err: fmt.Errorf("%d language reference sets: what all but %d say of descriptions is only in their members", len(out), maxDialects)})
		out = out[:maxDialects]
	}
	return out
}

// historyRefsets returns the historical association reference sets: what is
// below that concept in the hierarchy, and those the specification names.
func (b *builder) historyRefsets() map[uint64]bool {
	out := map[uint64]bool{}
	for _, a := range associations {
		out[uint64(a.refset)] = true
	}
	top, ok := b.conceptMap.get(idHistory)
	if !ok {
		return out
	}
	for _, d := range b.refsets {
		if o, ok := b.conceptMap.get(d.id); ok && int(o) < b.nActive && b.isBelow(o, top) {
			out[d.id] = true
		}
	}
	return out
}

// isBelow walks up from o, through every concept once.
func (b *builder) isBelow(o, top uint32) bool {
	seen := map[uint32]bool{o: true}
	for next := []uint32{o}; len(next) > 0; {
		c := next[len(next)-1]
		next = next[:len(next)-1]
		for _, p := range b.parents[c] {
			if p == top {
				return true
			}
			if !seen[p] {
				seen[p] = true
				next = append(next, p)
			}
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
	absent := uint32(0) // for a column that a file does not have: nothing, which is the least value
	if d.types[c] == 's' {
		absent = b.writeTexts(w, cols, remap, out)
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
		return uint64(absent)
	})
	return out
}

// sortTexts is the size up to which the texts of a column are sorted, so that
// they can be searched; above it they stay in compressed blocks.
const sortTexts = 24 << 20

// writeTexts writes the texts of a column and returns the code of the empty text
// where a part has no such column.
func (b *builder) writeTexts(w *fileWriter, cols []*collector, remap [][]uint32, out []ref) (absent uint32) {
	total := 0
	missing := false
	for _, col := range cols {
		if col != nil {
			total += col.pool.total
		} else {
			missing = true
		}
	}
	if total <= cmp.Or(b.opt.sortTexts, sortTexts) {
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
		return 0
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
	if missing {
		absent = base
		ends.add(0)
		blk := deflateBlock(nil)
		places = append(places, at)
		at += uint64(len(blk))
		blocks = append(blocks, blk)
	}
	places = append(places, at)
	out[colA] = w.packFramed(ends.n, func(i int) uint64 { return uint64(*ends.at(i)) })
	out[colB] = w.packFramed(len(places), func(i int) uint64 { return places[i] })
	out[colC] = ref{kind: kindBytes, base: at, off: w.off}
	for _, blk := range blocks {
		w.write(blk)
	}
	return absent
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

var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// maxDeflate is how many bytes one of a compressed block stands for at most: two
// bits for 258 of them.
const maxDeflate = 4 * 258

// inflateBlock is the reverse of deflateBlock.
func inflateBlock(b []byte) []byte {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > maxDeflate*uint64(len(b)) {
		panic(&fault{ErrCorrupt})
	}
	plain := make([]byte, n)
	z := inflaters.Get().(io.Reader)
	defer inflaters.Put(z)
	err := z.(flate.Resetter).Reset(bytes.NewReader(b[k:]), nil)
	if err == nil {
		_, err = io.ReadFull(z, plain)
	}
	if err != nil {
		panic(&fault{ErrCorrupt})
	}
	return plain
}
