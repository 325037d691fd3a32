//go:build !unix

package fhirconsent_test

import "time"

var start = time.Now()

// cpuTime returns the time that has passed.
func cpuTime() time.Duration { return time.Since(start) }
