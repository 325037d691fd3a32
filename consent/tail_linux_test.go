package consent_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nhskit/nhskit/consent"
)

// BenchmarkDecideTail times each decision on its own, by the CPU clock of its
// thread so that other programs do not count, and reports the median and the
// 99th percentile less what reading the clock takes.
func BenchmarkDecideTail(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now := func() int64 {
		var t unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
			b.Fatal(err)
		}
		return t.Nano()
	}
	at := func(list []time.Duration, percent int) time.Duration {
		slices.Sort(list)
		return list[(len(list)-1)*percent/100]
	}
	clock := make([]time.Duration, 10_000)
	for i := range clock {
		from := now()
		clock[i] = time.Duration(now() - from)
	}
	reading := at(clock, 50)
	engine := consent.New(consent.NewMemoryStore(busy()...))
	for _, c := range []struct {
		name    string
		purpose consent.Purpose
		basis   consent.Basis
	}{{"care", consent.IndividualCare, consent.ImpliedConsent}, {"research", consent.Research, consent.Regulation5}} {
		r := request(c.purpose, c.basis)
		b.Run(c.name, func(b *testing.B) {
			took := make([]time.Duration, b.N)
			for i := range took {
				from := now()
				engine.Decide(context.Background(), r)
				took[i] = time.Duration(now()-from) - reading
			}
			b.ReportMetric(float64(at(took, 50)), "p50-ns")
			b.ReportMetric(float64(at(took, 99)), "p99-ns")
			b.ReportMetric(float64(reading), "clock-ns")
		})
	}
}
