package r4

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// BenchmarkPatient reads an official example of a patient (4 kB) into its struct, and for
// comparison only into a tree.
func BenchmarkPatient(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(corpus.Path(b, "fhir"), "examples-r4", "Patient-f201.json"))
	if err != nil {
		b.Skip(err)
	}
	b.Run("tree", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			tree, err := fhir.Parse(data, fhir.Strict())
			if err != nil {
				b.Fatal(err)
			}
			tree.Release()
		}
	})
	b.Run("struct", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			var p Patient
			if err := Unmarshal(data, &p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("back", func(b *testing.B) {
		var p Patient
		if err := Unmarshal(data, &p); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			tree, err := ToTree(&p)
			if err != nil {
				b.Fatal(err)
			}
			_ = tree.AppendJSON(nil, fhir.Compact)
			tree.Release()
		}
	})
}
