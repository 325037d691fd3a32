//go:build !unix

package snomed

import (
	"errors"
	"os"
)

// mapFile does not map here: blocks are read into memory when first touched.
func mapFile(*os.File, int64) ([]byte, func() error, error) {
	return nil, nil, errors.ErrUnsupported
}

func syncDir(string) error { return nil }
