//go:build unix

package optout

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file, or reads one that cannot be mapped.
func mapFile(f *os.File) (data []byte, unmap func(), err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	size := info.Size()
	if info.Mode().IsRegular() && size > 0 && size == int64(int(size)) {
		if data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED); err == nil {
			return data, func() { unix.Munmap(data) }, nil
		}
	}
	data, err = io.ReadAll(f)
	return data, nil, err
}
