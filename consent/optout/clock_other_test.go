//go:build !linux

package optout_test

import (
	"testing"
	"time"
)

// clock makes a reading of the time that has passed.
func clock(*testing.B) func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
