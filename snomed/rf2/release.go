package rf2

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strings"
)

// Release is an opened release: one package or several in one archive or
// folder. It is safe for concurrent use.
type Release struct {
	name   string
	fsys   fs.FS
	files  []*File
	others []string
	closer io.Closer
}

// File is one data file of a release.
type File struct {
	Path string // in the archive or folder
	Name FileName
	Kind Kind
	Size int64 // uncompressed bytes

	release    *Release
	compressed int64
}

// maxFiles is the most entries an archive or folder may have.
const maxFiles = 100_000

// Open opens a zip archive or a folder by its path in the file system.
func Open(name string) (*Release, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return OpenFS(os.DirFS(name), name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		f.Close()
		return nil, &Issue{Severity: Error, Code: CodeRead, Path: name, Offset: -1, Err: err}
	}
	r, err := openZip(z, name)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f
	return r, nil
}

// OpenFS opens a release in a file system; name is what issues call it. A
// *zip.Reader and a *zip.ReadCloser are such file systems. Links are followed
// to files, but not to folders.
func OpenFS(fsys fs.FS, name string) (*Release, error) {
	switch z := fsys.(type) {
	case *zip.Reader:
		return openZip(z, name)
	case *zip.ReadCloser:
		return openZip(&z.Reader, name)
	}
	r := &Release{name: name, fsys: fsys}
	n := 0
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return &Issue{Severity: Error, Code: CodeRead, Path: path.Join(name, p), Offset: -1, Err: err}
		}
		if n++; n > maxFiles {
			return tooManyFiles(name)
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			if info, err = fs.Stat(fsys, p); errors.Is(err, fs.ErrNotExist) {
				r.others = append(r.others, p)
				return nil
			}
		}
		if err != nil {
			return &Issue{Severity: Error, Code: CodeRead, Path: path.Join(name, p), Offset: -1, Err: err}
		}
		if !info.Mode().IsRegular() { // opening a pipe would wait for ever
			r.others = append(r.others, p)
			return nil
		}
		compressed := info.Size()
		if h, ok := info.Sys().(*zip.FileHeader); ok { // a part of an archive
			compressed = int64(min(h.CompressedSize64, math.MaxInt64))
		}
		r.add(p, info.Size(), compressed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.sort()
	return r, nil
}

func openZip(z *zip.Reader, name string) (*Release, error) {
	if len(z.File) > maxFiles {
		return nil, tooManyFiles(name)
	}
	r := &Release{name: name, fsys: z}
	seen := ""
	names := make([]string, 0, len(z.File))
	var bodies []body
	for _, f := range z.File {
		// QUIRK: archives made on Windows may have back slashes, against the
		// zip specification, 4.4.17.1; package zip reads them as slashes, too.
		p := strings.ReplaceAll(f.Name, `\`, "/")
		if strings.HasSuffix(p, "/") {
			if f.UncompressedSize64 > 0 { // a folder has no content
				r.others = append(r.others, p)
			}
			continue
		}
		if !fs.ValidPath(p) {
			if _, ok := ParseFileName(path.Base(p)); ok {
				return nil, &Issue{Severity: Error, Code: CodeRead, Path: name, Offset: -1, Err: errors.New("an entry of the archive has a path that leads out of it")}
			}
			r.others = append(r.others, p)
			continue
		}
		names = append(names, p)
		if r.add(p, int64(min(f.UncompressedSize64, math.MaxInt64)), int64(min(f.CompressedSize64, math.MaxInt64))) {
			// An entry without a readable place gives an issue when it is read.
			if at, err := f.DataOffset(); err == nil {
				bodies = append(bodies, body{uint64(at), f.CompressedSize64})
			}
		}
	}
	// Entries that share their bytes would get around the limit on the ratio:
	// an archive of 10 MB could hold a thousand files of 2 GB.
	slices.SortFunc(bodies, func(a, b body) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(bodies); i++ {
		if a, b := bodies[i-1], bodies[i]; b.at-a.at < a.size {
			return nil, &Issue{Severity: Error, Code: CodeRead, Path: name, Offset: -1, Err: errors.New("entries of the archive overlap")}
		}
	}
	slices.Sort(names)
	for _, n := range names {
		if n == seen {
			return nil, &Issue{Severity: Error, Code: CodeRead, Path: name, Offset: -1, Err: errors.New("two entries of the archive have the same path")}
		}
		seen = n
	}
	r.sort()
	return r, nil
}

// body is where the bytes of an entry are in an archive.
type body struct{ at, size uint64 }

func tooManyFiles(name string) error {
	return &Issue{Severity: Error, Code: CodeLimit, Path: name, Offset: -1, Err: fmt.Errorf("more than %d files", maxFiles)}
}

// add lists a file, and reports whether it is a data file.
func (r *Release) add(p string, size, compressed int64) bool {
	name, ok := ParseFileName(path.Base(p))
	if !ok {
		r.others = append(r.others, p)
		return false
	}
	kind := Refset
	if !strings.HasSuffix(name.Content, "Refset") {
		kind = 0
		for i := range shapes {
			if shapes[i].content == name.Content {
				kind = shapes[i].kind
			}
		}
	}
	r.files = append(r.files, &File{Path: p, Name: name, Kind: kind, Size: size, release: r, compressed: compressed})
	return true
}

func (r *Release) sort() {
	slices.SortFunc(r.files, func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
}

// Files returns the data files of the release in the order of their paths,
// those of all release types.
func (r *Release) Files() []*File { return slices.Clone(r.files) }

// Select returns the files of one release type, "Snapshot", "Full" or
// "Delta".
func (r *Release) Select(release string) []*File {
	var out []*File
	for _, f := range r.files {
		if f.Name.Release == release {
			out = append(out, f)
		}
	}
	return out
}

// Others returns the paths of the files that are no RF2 data files by their
// names: documents, and perhaps a file whose name is wrong.
func (r *Release) Others() []string { return slices.Clone(r.others) }

// Name is what the release was opened as.
func (r *Release) Name() string { return r.name }

// Close releases the archive. It is not needed for one opened by [OpenFS].
func (r *Release) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}
