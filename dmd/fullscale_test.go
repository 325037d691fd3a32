//go:build linux

package dmd_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
	"github.com/nhskit/nhskit/snomed/sctid"
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
	// The heap in use while records stream, over what was in use before: the
	// generator has left the process larger than the stream needs.
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	runtime.GC()
	before, most, records := inUse(), uint64(0), 0
	start, used := time.Now(), cpu()
	issues, err := rel.Scan(context.Background(), func(*dmd.Record) error {
		if records++; records%10_000 == 0 {
			most = max(most, inUse())
		}
		return nil
	}, nil)
	if err != nil || len(issues) != 0 {
		t.Fatalf("%v, %v", err, issues)
	}
	grown := int64(most) - int64(before)
	t.Logf("streamed %d records in %v (processor %v), at most %d KiB more heap in use than before", records, time.Since(start), cpu()-used, grown>>10)
	if most == 0 || grown > 32<<20 {
		t.Errorf("streaming used %d KiB", grown>>10)
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

// threadTime is the processor time of this thread alone.
func threadTime() time.Duration {
	const rusageThread = 1
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestFullSpeed holds questions to a store of full size to their limits, in
// processor time.
func TestFullSpeed(t *testing.T) {
	if os.Getenv("NHSKIT_LONG") == "" {
		t.Skip("set NHSKIT_LONG for the release of full size")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := benchStore()
	each := func(name string, n int, limit time.Duration, fn func(i int)) time.Duration {
		for i := range n / 10 {
			fn(i)
		}
		runtime.GC()
		start := threadTime()
		for i := range n {
			fn(i)
		}
		took := (threadTime() - start) / time.Duration(n)
		t.Logf("%-12s %v", name, took)
		if took > limit {
			t.Errorf("%s takes %v, at most %v", name, took, limit)
		}
		return took
	}
	ids, codes := allIDs(s), allGTINs(s)
	index := make(map[sctid.ID]int32, len(ids))
	for i, id := range ids {
		index[id] = int32(i)
	}
	found := 0
	// On a busy machine, with its caches full of other things, a map tells what a
	// look-up of this size costs today.
	asMap := each("Go map", 2_000_000, time.Second, func(i int) {
		if _, ok := index[ids[i%len(ids)]]; ok {
			found++
		}
	})
	each("Product", 2_000_000, max(80*time.Nanosecond, 5*asMap/4), func(i int) {
		if _, ok := s.Product(ids[i%len(ids)]); !ok {
			t.Fatal("not found")
		}
	})
	buf := make([]dmd.Barcode, 0, 8)
	each("GTIN", 1_000_000, max(150*time.Nanosecond, 3*asMap), func(i int) {
		if buf = s.AppendGTIN(buf[:0], codes[i%len(codes)]); len(buf) == 0 {
			t.Fatal("not found")
		}
	})
	name := filepath.Join(t.TempDir(), "store")
	if err := s.Save(name); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err == nil {
		t.Logf("store of %d MiB", info.Size()>>20)
	}
	each("Open", 20, 50*time.Millisecond, func(int) {
		o, err := dmd.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
	})
	var took []time.Duration
	for _, q := range queries(s) {
		// The processor's clock is too coarse for one search: the shortest of some
		// on the clock is one that was not interrupted.
		least := time.Hour
		for range 5 {
			start := time.Now()
			s.Search(q)
			least = min(least, time.Since(start))
		}
		took = append(took, least)
	}
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	t.Logf("%d searches: median %v, p99 %v, longest %v", len(took), took[len(took)/2], p99, took[len(took)-1])
	if p99 > 2*time.Millisecond {
		t.Errorf("p99 of searches is %v", p99)
	}
	c := dmdtest.New(1, 1)
	c.Revision = 1
	dir := t.TempDir()
	if err := c.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		t.Fatal(err)
	}
	newer, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		t.Fatal(err)
	}
	each("Diff", 1, 6*time.Second, func(int) {
		d := dmd.Diff(s, newer)
		if want := c.Changes(); len(d.Prices) != want.Prices || d.Count[dmd.TableVMP][dmd.Replaced] != 1 || d.Count[dmd.TableVMP][dmd.Removed] != 0 {
			t.Errorf("%d prices, want %d", len(d.Prices), want.Prices)
		}
	})
}
