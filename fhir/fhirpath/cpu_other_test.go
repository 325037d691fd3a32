//go:build !unix

package fhirpath

import "time"

func cpuTime() time.Duration { return 0 }
