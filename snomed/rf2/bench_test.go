package rf2_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// BenchmarkRead reads a folder and an archive; bytes are those of the
// uncompressed text.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	for _, name := range []string{"r", "r.zip"} {
		p := filepath.Join(dir, name)
		if err := snomedtest.Generate(p, snomedtest.Options{Scale: 0.02}); err != nil {
			b.Fatal(err)
		}
		r, err := rf2.Open(p)
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		size := int64(0)
		for _, f := range r.Files() {
			size += f.Size
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(size)
			for b.Loop() {
				report, err := r.Read(context.Background(), rf2.Options{Workers: 1}, r.Files(), func(*rf2.File) rf2.Handler {
					return func(*rf2.Row) error { return nil }
				})
				if err != nil || len(report.Issues) > 0 {
					b.Fatal(err, report.Issues)
				}
			}
		})
	}
}
