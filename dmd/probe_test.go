package dmd

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// TestProbes: identifiers numbered in steps, as those of a release are, do not
// heap up in the hash table.
func TestProbes(t *testing.T) {
	for _, step := range []uint64{1, 16, 100, 1000} {
		var entries []idEntry
		for i := range uint64(100_000) {
			id, err := sctid.New(sctid.Concept, "9999999", 1+i*step)
			if err != nil {
				break
			}
			entries = append(entries, idEntry{uint64(id), placeOf(TableAMPP, int(i))})
		}
		h := buildIDTable(entries)
		lines := 0
		for _, e := range entries {
			_, after, ok := h.next(e.id, 0)
			if !ok {
				t.Fatalf("%d is not found", e.id)
			}
			lines += 1 + (after-1)/bucketSlots
		}
		if mean := lines * 100 / len(entries); mean > 116 {
			t.Errorf("step %d: %d hundredths of a cache line", step, mean)
		}
	}
}

// TestIDTable: a table of any size, with numbers that are there several times,
// answers as a map does.
func TestIDTable(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for size := range 300 {
		var entries []idEntry
		want := make(map[uint64][]place)
		for row := range size {
			e := idEntry{1 + rnd.Uint64N(uint64(size)), placeOf(TableAMP, row)}
			entries = append(entries, e)
			want[e.id] = append(want[e.id], e.at)
		}
		h := buildIDTable(entries)
		for id := range uint64(size + 2) {
			var got []place
			for p, passed, ok := h.next(id, 0); ok; p, passed, ok = h.next(id, passed) {
				got = append(got, p)
			}
			if !slices.Equal(got, want[id]) {
				t.Fatalf("%d entries: %d leads to %v, want %v", size, id, got, want[id])
			}
		}
	}
	full := buildIDTable([]idEntry{{1, 1}})
	for i := range bucketSlots {
		binary.LittleEndian.PutUint64(full[8*i:], 7)
	}
	if _, _, ok := full.next(2, 0); ok {
		t.Error("a full table holds what it does not")
	}
	if _, _, ok := idTable(nil).next(1, 0); ok {
		t.Error("no table holds something")
	}
}
