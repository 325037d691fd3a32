package snomed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
