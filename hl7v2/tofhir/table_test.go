package tofhir_test

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// The table and the coverage list are what the generator makes of the
// official files, the patch and the overlays, byte for byte.
func TestTableIsCurrent(t *testing.T) {
	root := corpus.Path(t, "v2-to-fhir")
	if testing.Short() {
		t.Skip("runs the generator")
	}
	dir := t.TempDir()
	out, cover := filepath.Join(dir, "maps.bin"), filepath.Join(dir, "coverage.csv")
	if b, err := exec.Command("go", "run", "./internal/gen", "-corpus", root, "-out", out, "-coverage", cover).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	for made, kept := range map[string]string{out: "maps.bin", cover: "testdata/coverage.csv"} {
		a, err := os.ReadFile(made)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(kept)
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("%s is not what go generate makes: run it", kept)
		}
	}
}

// Every one of the 2,074 official rows with a target is accounted for, and
// what is not executed says why.
func TestCoverage(t *testing.T) {
	f, err := os.Open("testdata/coverage.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	recs, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, r := range recs[1:] {
		counts[r[4]]++
		if (r[4] == "declared") != (strings.TrimSpace(r[5]) != "") {
			t.Errorf("%s row %s: status %s, reason %q", r[0], r[1], r[4], r[5])
		}
	}
	done := counts["executed"] + counts["patched"]
	if total := done + counts["declared"]; total != len(recs)-1 || total != 2074 {
		t.Errorf("%d rows: %v", len(recs)-1, counts)
	}
	t.Logf("executed %d, patched %d, declared %d: %.1f%%", counts["executed"], counts["patched"], counts["declared"], 100*float64(done)/2074)
	if done < 1917 {
		t.Errorf("%d rows are executed, the floor is 1917", done)
	}
}

// Start-up decodes the table: little time, little memory.
func TestStartUp(t *testing.T) {
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tofhir.New(); err != nil {
				b.Fatal(err)
			}
		}
	})
	if r.AllocedBytesPerOp() > 10<<20 {
		t.Errorf("a converter takes %d bytes", r.AllocedBytesPerOp())
	}
}
