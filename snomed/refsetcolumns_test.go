package snomed

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// TestAbsentTexts: rows of a file that lacks a column of texts have an empty
// text there, whether the texts are sorted or in compressed blocks.
func TestAbsentTexts(t *testing.T) {
	for name, total := range map[string]int{"sorted": 0, "in blocks": sortTexts + 1} {
		f, err := os.Create(filepath.Join(t.TempDir(), "x"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c := newCollector('s')
		const n = 3*textBlock/2 + 1
		text := func(i int) string { return fmt.Sprint("text ", i, strings.Repeat(".", i)) }
		for i := range n {
			c.pool.add([]byte(text(i)))
		}
		c.pool.seal()
		c.pool.total += total
		w := newFileWriter(f)
		out, remap := make([]ref, columnRefs), make([][]uint32, 3)
		absent := (&builder{}).writeTexts(w, []*collector{nil, c, nil}, remap, out)
		if err := w.finish(out); err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		im, err := openImage(f, info.Size(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r := &Refset{s: &Store{im: im}, refs: out}
		if got := string(r.text(0, int(absent))); got != "" {
			t.Errorf("%s: %q for nothing", name, got)
		}
		for i := range n {
			if got := string(r.text(0, int(remap[1][i]))); got != text(i) {
				t.Errorf("%s: text %d is %q", name, i, got)
			}
		}
	}
}

// TestInflate: a block gives back what was put in, however well it compresses,
// and one that claims more than it can hold takes no memory.
func TestInflate(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 10 << 20} {
		if got := inflateBlock(deflateBlock(make([]byte, n))); len(got) != n {
			t.Errorf("%d bytes become %d", n, len(got))
		}
	}
	im := &image{}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := im.guarded(func() { inflateBlock(binary.AppendUvarint(nil, 200<<20)) })
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 1<<20 {
		t.Errorf("%v, %d bytes", err, used)
	}
}

// TestTextsInBlocks: a store gives the same answers whether the texts of its
// reference sets are sorted or in compressed blocks.
func TestTextsInBlocks(t *testing.T) {
	release := smallRelease(t, snomedtest.Options{Seed: 25})
	var stores [2]*Store
	for i := range stores {
		file := filepath.Join(t.TempDir(), "store")
		if _, err := Build(context.Background(), []*rf2.Release{release}, file, BuildOptions{sortTexts: -i}); err != nil {
			t.Fatal(err)
		}
		s, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	for c, err := range Diff(stores[0], stores[1]) {
		t.Errorf("%+v, %v", c, err)
	}
	refsets, err := stores[0].Refsets()
	if err != nil {
		t.Fatal(err)
	}
	compared, reversed := 0, 0
	for _, a := range refsets {
		b, err := stores[1].Refset(a.ID())
		if err != nil {
			t.Fatal(err)
		}
		var rows []Member
		for m, err := range b.All() {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, m)
		}
		column, noMap := a.mapColumn()
		for i := range a.Len() {
			want, err := a.Row(i)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.Row(i); err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(rows[i], want) {
				t.Fatalf("row %d of %d is %+v and %+v, %v, want %+v", i, a.ID(), got, rows[i], err, want)
			}
			compared += len(want.Fields)
			if noMap == nil && i%20 == 0 {
				target := want.Fields[column].String()
				x, err := stores[0].ReverseMap(a.ID(), target)
				y, err2 := stores[1].ReverseMap(a.ID(), target)
				if err != nil || err2 != nil || !slices.Equal(x.runs, y.runs) || want.Active && x.Len() == 0 {
					t.Fatalf("%d concepts and %d map to %q in %d: %v, %v", x.Len(), y.Len(), target, a.ID(), err, err2)
				}
				reversed += x.Len()
			}
		}
	}
	if compared < 10_000 || reversed < 100 {
		t.Errorf("only %d fields and %d reverse maps compared", compared, reversed)
	}
}
