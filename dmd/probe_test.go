package dmd

import (
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
		slots := len(h) / slotSize
		sum := 0
		for _, e := range entries {
			_, after, ok := h.next(e.id, -1)
			if !ok {
				t.Fatalf("%d is not found", e.id)
			}
			sum += after - slotOf(e.id, slots)
		}
		if mean := sum * 100 / len(entries); mean > 200 {
			t.Errorf("step %d: %d hundredths of a probe", step, mean)
		}
	}
}
