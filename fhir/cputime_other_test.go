//go:build !unix

package fhir

import "time"

var processStart = time.Now()

// cpuTime falls back to the time of day.
func cpuTime() time.Duration { return time.Since(processStart) }
