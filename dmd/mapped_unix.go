//go:build unix

package dmd

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file for reading. The mapping lasts until release is called.
func mapFile(f *os.File, size int64) (data []byte, release func() error, err error) {
	if size == 0 || int64(int(size)) != size {
		return readFile(f, size)
	}
	data, err = unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return readFile(f, size)
	}
	return data, func() error { return unix.Munmap(data) }, nil
}
