//go:build !unix

package dmd

import "os"

// mapFile reads a file whole where it cannot be mapped.
func mapFile(f *os.File, size int64) (data []byte, release func() error, err error) {
	return readFile(f, size)
}
