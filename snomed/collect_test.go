package snomed

import (
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// TestIDMapHostile puts identifiers into a map that were made to fill one place
// of it.
func TestIDMapHostile(t *testing.T) {
	const n = 4000
	inverse := uint64(1)
	for hash64(inverse) != 1 { // by Newton's way
		inverse *= 2 - hash64(inverse)
	}
	var ids []uint64
	for h := uint64(0x1234500000000000); len(ids) < n; h++ {
		if id := h * inverse; id >= 1e17 && id < 1e18 && sctid.ID(id).Valid() && sctid.ID(id).Kind() == sctid.Concept {
			ids = append(ids, id)
		}
	}
	m := newIDMap(n)
	for i, id := range ids {
		m.put(id, uint32(i))
	}
	for i, id := range ids {
		if v, ok := m.get(id); !ok || v != uint32(i) {
			t.Fatalf("%d: %d, %v", id, v, ok)
		}
		if _, ok := m.get(id + 10); ok {
			t.Fatalf("%d is there", id+10)
		}
	}
	longest, together := 0, 0
	for _, k := range m.keys {
		if together++; k == 0 {
			together = 0
		}
		longest = max(longest, together)
	}
	if longest > n/10 {
		t.Errorf("%d identifiers stand together", longest)
	}
}

// TestAddText: texts are numbered alike before and after a column turns out to
// have few that repeat.
func TestAddText(t *testing.T) {
	c := newCollector('s')
	c.short = &abbreviator{ids: newIDMap(1)}
	text := func(i int) []byte { return []byte{byte(i), byte(i >> 8), byte(i >> 16), 'x'} }
	const n = lookAfter + 1000
	for i := range n {
		c.addText(text(i))
		if i%1000 == 0 {
			c.addText(text(i)) // again
		}
	}
	if !c.all {
		t.Fatal("texts are still looked up")
	}
	c.pool.seal()
	texts := c.pool.texts()
	k := 0
	for i := range n {
		for range 1 + (1000-i%1000)/1000 {
			if got := texts[*c.codes.at(k)]; got != string(text(i)) {
				t.Fatalf("text %d is %q", i, got)
			}
			k++
		}
	}
	if k != c.codes.n {
		t.Errorf("%d codes, want %d", c.codes.n, k)
	}
}
