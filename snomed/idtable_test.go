package snomed

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// memory is a file to write to.
type memory struct {
	b  []byte
	at int
}

func (m *memory) Write(b []byte) (int, error) {
	if grow := m.at + len(b) - len(m.b); grow > 0 {
		m.b = append(m.b, make([]byte, grow)...)
	}
	copy(m.b[m.at:], b)
	m.at += len(b)
	return len(b), nil
}

func (m *memory) Seek(off int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, io.ErrUnexpectedEOF
	}
	m.at = int(off)
	return off, nil
}

// image writes sections and opens them.
func (m *memory) image(t *testing.T, write func(w *fileWriter) []ref) *image {
	t.Helper()
	w := newFileWriter(m)
	if err := w.finish(write(w)); err != nil {
		t.Fatal(err)
	}
	im, err := openImage(bytes.NewReader(m.b), int64(len(m.b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// TestIDTable: a table of any size leads to what it was made of and to nothing
// else, and few identifiers find their home full, though they are numbered in
// steps.
func TestIDTable(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, n := range []int{1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 1000, 4095, 4096, 50_000} {
		for _, step := range []uint64{0, 1, 16, 1000} {
			ids := make([]uint64, 0, n)
			have := map[uint64]int{}
			for i := range uint64(n) {
				id := 1 + r.Uint64N(idLimit-1)
				if step > 0 {
					v, err := sctid.New(sctid.Concept, "9999999", 1+i*step)
					if err != nil {
						t.Fatal(err)
					}
					id = uint64(v)
				}
				if _, ok := have[id]; !ok {
					have[id] = len(ids)
					ids = append(ids, id)
				}
			}
			at := func(i int) uint64 { return ids[i] }
			seed := idSeed(len(ids), at)
			slots, overflow := fillIDTable(len(ids), at, seed)
			im := new(memory).image(t, func(w *fileWriter) []ref {
				w.align(cacheLine)
				return []ref{
					w.longs(len(slots), func(i int) uint64 { return slots[i] }), w.words(overflow),
					w.longs(len(ids), func(i int) uint64 { return ids[i] }),
				}
			})
			s := &Store{im: im, ids: newIDTable(len(ids), len(slots)/bucketSlots, seed), idSlots: im.dir[0].off,
				overflow: column{im, im.dir[1]}, conceptID: column{im, im.dir[2]}}
			s.info.Concepts = len(ids)
			for i, id := range ids {
				if o, ok := s.find(id); !ok || int(o) != i {
					t.Fatalf("%d identifiers in steps of %d: %d leads to %d, %v, want %d", n, step, id, o, ok, i)
				}
				for _, other := range []uint64{id + 1, id ^ 1<<59, id ^ 1<<40, r.Uint64N(idLimit), id + idLimit, r.Uint64()} {
					k, want := have[other]
					if o, ok := s.find(other); ok != want || ok && int(o) != k {
						t.Fatalf("%d identifiers in steps of %d: %d leads to %d, %v", n, step, other, o, ok)
					}
				}
			}
			rest := 0
			for _, o := range overflow {
				if o != ^uint32(0) {
					rest++
				}
			}
			if n >= 4000 && rest*20 > n {
				t.Errorf("%d of %d in steps of %d find their home full", rest, n, step)
			}
		}
	}
}

// TestScramble: no two numbers become one.
func TestScramble(t *testing.T) {
	seen := map[uint64]bool{}
	r := rand.New(rand.NewPCG(7, 7))
	for i := range 100_000 {
		id := uint64(i)
		if i > 50_000 {
			id = r.Uint64N(1 << idBits)
		}
		v := scramble(id)
		if v >= 1<<idBits || seen[v] && i <= 50_000 {
			t.Fatalf("%d becomes %d", id, v)
		}
		seen[v] = true
	}
}

// TestIDTableHostile: identifiers that were chosen to have the same home where
// there is no seed are spread like any others.
func TestIDTableHostile(t *testing.T) {
	const n = 4000
	table := newIDTable(n, 800, 0)
	var ids []uint64
	for item := uint64(1); len(ids) < n; item++ {
		id, err := sctid.New(sctid.Concept, "9999999", item)
		if err != nil {
			t.Fatal(err)
		}
		if bucket, _ := table.place(uint64(id)); bucket < 8 {
			ids = append(ids, uint64(id))
		}
	}
	at := func(i int) uint64 { return ids[i] }
	_, overflow := fillIDTable(n, at, idSeed(n, at))
	rest := 0
	for _, o := range overflow {
		if o != ^uint32(0) {
			rest++
		}
	}
	if rest*20 > n {
		t.Errorf("%d of %d find their home full", rest, n)
	}
}

// TestBlocks: short and long data of any number of concepts come back.
func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, n := range []int{0, 1, 15, 16, 17, 33, 500} {
		at, data := []uint32{0}, []byte{}
		for range n {
			size := r.IntN(60)
			if r.IntN(40) == 0 {
				size = 200 + r.IntN(1000)
			}
			for range size {
				data = append(data, byte(r.Uint32()))
			}
			at = append(at, uint32(len(data)))
		}
		im := new(memory).image(t, func(w *fileWriter) []ref {
			groups, lists, all := w.writeBlocks(at, data)
			return []ref{groups, lists, all}
		})
		b := blockTable{im.dir[0], im.dir[2], column{im, im.dir[1]}}
		for i := range n {
			if got := b.of(Ordinal(i)); !bytes.Equal(got, data[at[i]:at[i+1]]) {
				t.Fatalf("%d of %d: %d bytes, want %d", i, n, len(got), at[i+1]-at[i])
			}
		}
		if err := im.guarded(func() { b.of(Ordinal(n + groupBlocks)) }); err == nil {
			t.Errorf("%d: reading behind the end is no error", n)
		}
	}
}
