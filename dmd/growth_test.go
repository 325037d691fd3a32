//go:build unix

package dmd

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// processorTime is what the process has used, whatever else the machine does.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestJSONGrowth is TestGrowth for an object of many members.
func TestJSONGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	object := func(n int) []byte {
		b := []byte(`{"a":1`)
		for i := range n {
			b = fmt.Appendf(b, `,"%d":1`, i)
		}
		return append(b, '}')
	}
	parse := func(doc []byte) time.Duration {
		start := processorTime()
		if _, err := parseJSON(doc); err != nil {
			t.Fatal(err)
		}
		return processorTime() - start
	}
	small, large := object(3000), object(24_000)
	a, b := time.Hour, time.Hour
	for range 50 {
		if a, b = min(a, parse(small)), min(b, parse(large)); b <= 24*a {
			return
		}
	}
	t.Errorf("eight times the members take %v, not %v", b, a)
}

// TestGrowth multiplies the input by eight and wants the processor time to grow
// about as much. What outgrows the caches costs up to twice as much a byte.
func TestGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	nasty := func(n int) string {
		return vmp("<NM>" + strings.Repeat("&amp;<!---->", n) + "</NM>" + strings.Repeat("<X/>", n) + strings.Repeat("<!-- -->", n))
	}
	scan := func(doc string) time.Duration {
		start := processorTime()
		s := NewScanner(strings.NewReader(doc), "", WithoutChecks(), WithLimits(Limits{Record: -1}))
		for s.Next() {
		}
		return processorTime() - start
	}
	small, large := nasty(10_000), nasty(80_000)
	a, b := time.Hour, time.Hour
	// What else runs on the machine delays some of the rounds, but not all.
	for range 200 {
		if a, b = min(a, scan(small)), min(b, scan(large)); b <= 20*a {
			return
		}
	}
	t.Errorf("eight times the input takes %v, not %v", b, a)
}
