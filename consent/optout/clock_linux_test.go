package optout_test

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// clock makes a reading of the CPU time of this goroutine's thread, which
// other programs do not lengthen.
func clock(b *testing.B) func() time.Duration {
	runtime.LockOSThread()
	b.Cleanup(runtime.UnlockOSThread)
	return func() time.Duration {
		var t unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
			b.Fatal(err)
		}
		return time.Duration(t.Nano())
	}
}
