//go:build unix

package dmd_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
)

// cpu returns the processor time that the process has used, which other
// programs on the machine do not change as they do the time on the clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestFullScale builds a release of full size and holds time and memory to the
// limits that the package promises.
func TestFullScale(t *testing.T) {
	if os.Getenv("NHSKIT_LONG") == "" {
		t.Skip("set NHSKIT_LONG for the release of full size")
	}
	dir := t.TempDir()
	if err := dmdtest.New(1, 1).WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.Sys
	}
	records := 0
	before := heap()
	start, used := time.Now(), cpu()
	issues, err := rel.Scan(context.Background(), func(*dmd.Record) error { records++; return nil }, nil)
	if err != nil || len(issues) != 0 {
		t.Fatalf("%v, %v", err, issues)
	}
	t.Logf("streamed %d records in %v (processor %v), memory grew by %d KiB", records, time.Since(start), cpu()-used, (heap()-before)>>10)
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("streaming grew memory by %d MiB", grown>>20)
	}
	start, used = time.Now(), cpu()
	s, report, err := dmd.Build(context.Background(), rel)
	if err != nil || len(report.Issues) != 0 {
		t.Fatalf("%v, %v", err, report.Issues)
	}
	spent := cpu() - used
	t.Logf("built in %v (processor %v), memory of the process %d MiB", time.Since(start), spent, heap()>>20)
	if spent > 10*time.Second { // five seconds on two processors
		t.Errorf("building takes %v", spent)
	}
	if heap() > 500<<20 {
		t.Errorf("memory %d MiB", heap()>>20)
	}
	again, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	fmt.Fprint(&a, s.Date())
	s.WriteTo(&a)
	fmt.Fprint(&b, again.Date())
	again.WriteTo(&b)
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two builds differ")
	}
}
