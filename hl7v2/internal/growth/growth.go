// Package growth lets tests check that the time of an operation grows in
// proportion to its input.
package growth

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

const (
	// Factor is how much larger the large input is: three doublings.
	Factor = 8
	// slack is what the time may grow by, beyond Factor: 2.3 a doubling.
	slack = 2.3 * 2.3 * 2.3 / Factor
	// patience bounds the processor time that a check may take before it fails.
	patience = 20 * time.Second
)

// Check fails t unless the operation on an input of Factor*n takes at most as
// long as 2.3 per doubling allows. prepare makes the input of a size and
// returns the operation, which is measured as Factor runs on the small input
// against one on the large. It measures in turns, keeps the least processor
// time of each, and goes on until they are in proportion or patience ends:
// what else runs on the machine can delay the test but not fail it. The garbage
// collector rests during the measurement, for its work is that of no one run.
func Check(t testing.TB, name string, n int, prepare func(n int) func()) {
	t.Helper()
	small, large := prepare(n), prepare(n*Factor)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	const never = time.Duration(1<<63 - 1)
	a, b, used := never, never, time.Duration(0)
	for round := 0; round < 3 || used < patience; round++ {
		runtime.GC()
		start := cpuTime()
		for range Factor {
			small()
		}
		middle := cpuTime()
		large()
		end := cpuTime()
		a, b, used = min(a, middle-start), min(b, end-middle), used+end-start
		if a > 0 && float64(b) <= slack*float64(a) {
			return
		}
		if cpuTime() == 0 {
			t.Skip("the platform does not tell the processor time")
		}
	}
	t.Errorf("%s: %d runs on %d items take %v, one on %d times as many %v", name, Factor, n, a, Factor, b)
}
