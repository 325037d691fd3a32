package snomed

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

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

// names finds the fully specified name and the preferred term of a concept.
func (b *builder) names(c int) uint8 {
	rows := b.desc[b.descAt[c]:b.descAt[c+1]]
	accept := b.accept[b.descAt[c]:]
	find := func(kind uint64) uint8 {
		best, bestRank := 0, 1<<30
		for i := range rows {
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
				best, bestRank = i+1, rank
			}
		}
		if best > 15 {
			return 0 // too far for four bits: it has to be looked for
		}
		return uint8(best)
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
			if i == 0 && first > 0 {
				records = appendTagged(records, cur)
				prev, cur = cur, prev
				continue
			}
			shared := 0
			for shared < len(cur) && shared < len(prev) && cur[shared] == prev[shared] {
				shared++
			}
			blocks = appendTermHead(blocks, shared, len(cur)-shared)
			for _, p := range cur[shared:] {
				blocks = appendCode(blocks, p)
			}
			prev, cur = cur, prev
		}
		recordAt[c+1], blockAt[c+1] = uint32(len(records)), uint32(len(blocks))
		if uint64(len(records)|len(blocks)) >= wideGroup {
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
		to[k] = f.code[pieceOf(p)]<<1 | p&1
	}
	return to
}
