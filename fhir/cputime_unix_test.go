//go:build unix

package fhir

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that the process has used, which other work
// on the machine does not stretch as it does the time of day.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
