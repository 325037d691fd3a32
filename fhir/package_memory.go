package fhir

import (
	"bytes"
	"io"
	"io/fs"
	"time"
)

// memoryFile is an open file of a memoryFS.
type memoryFile struct {
	*bytes.Reader
	name string
	size int64
	dir  bool
}

// Stat describes the file.
func (f *memoryFile) Stat() (fs.FileInfo, error) { return memoryInfo{f}, nil }

// Close does nothing.
func (f *memoryFile) Close() error { return nil }

// memoryDir is an open folder of a memoryFS.
type memoryDir struct {
	memoryFile
	list []fs.DirEntry
}

// Read refuses: a folder has no bytes.
func (d *memoryDir) Read([]byte) (int, error) { return 0, fs.ErrInvalid }

// ReadDir lists the folder.
func (d *memoryDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		out := d.list
		d.list = nil
		return out, nil
	}
	if len(d.list) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.list))
	out := d.list[:n]
	d.list = d.list[n:]
	return out, nil
}

// memoryInfo describes a file of a memoryFS.
type memoryInfo struct{ f *memoryFile }

func (i memoryInfo) Name() string       { return i.f.name }
func (i memoryInfo) Size() int64        { return i.f.size }
func (i memoryInfo) IsDir() bool        { return i.f.dir }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) Sys() any           { return nil }
func (i memoryInfo) Mode() fs.FileMode {
	if i.f.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
