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
	for name, limit := range map[string]int{"sorted": 0, "in blocks": -1} {
		f, err := os.Create(filepath.Join(t.TempDir(), "x"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c := newCollector('s')
		c.short = &abbreviator{ids: newIDMap(1)}
		// Rows of files without the column stand before and behind those of one
		// that has it.
		rows := []rowAt{{part: 0}}
		const n = 3*textBlock/2 + 1
		text := func(i int) string { return fmt.Sprint("text ", i, strings.Repeat(".", i)) }
		for i := range n {
			c.addText([]byte(text(i)))
			rows = append(rows, rowAt{part: 1, row: uint32(i)})
		}
		rows = append(rows, rowAt{part: 2})
		c.pool.seal()
		d := &refsetData{types: "s", columns: []string{"label"}, rows: rows, parts: []*segment{{}, {types: "s", cols: []*collector{c}}, {}}}
		w := newFileWriter(f)
		out := (&builder{opt: BuildOptions{sortTexts: limit}}).writeColumn(w, d, 0)
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
		for i := range rows {
			want := ""
			if i > 0 && i <= n {
				want = text(i - 1)
			}
			if got := string(r.text(0, int(r.col(colCodes).get(i)))); got != want {
				t.Errorf("%s: row %d has %q, want %q", name, i, got, want)
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
