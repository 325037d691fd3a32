package rf2

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
// *zip.Reader is such a file system.
func OpenFS(fsys fs.FS, name string) (*Release, error) {
	if z, ok := fsys.(*zip.Reader); ok {
		return openZip(z, name)
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
		if err != nil {
			return &Issue{Severity: Error, Code: CodeRead, Path: path.Join(name, p), Offset: -1, Err: err}
		}
		r.add(p, info.Size(), info.Size())
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
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			if f.UncompressedSize64 > 0 { // a folder has no content
				r.others = append(r.others, f.Name)
			}
			continue
		}
		if !fs.ValidPath(f.Name) {
			// QUIRK: archives made on Windows may have back slashes; such and
			// paths that lead out of the archive cannot be opened.
			if _, ok := ParseFileName(path.Base(strings.ReplaceAll(f.Name, `\`, "/"))); ok {
				return nil, &Issue{Severity: Error, Code: CodeRead, Path: name, Offset: -1, Err: errors.New("an entry of the archive has an unsafe path")}
			}
			r.others = append(r.others, f.Name)
			continue
		}
		names = append(names, f.Name)
		r.add(f.Name, int64(f.UncompressedSize64), int64(f.CompressedSize64))
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

func tooManyFiles(name string) error {
	return &Issue{Severity: Error, Code: CodeLimit, Path: name, Offset: -1, Err: fmt.Errorf("more than %d files", maxFiles)}
}

func (r *Release) add(p string, size, compressed int64) {
	name, ok := ParseFileName(path.Base(p))
	if !ok || strings.HasPrefix(path.Base(p), "._") {
		r.others = append(r.others, p)
		return
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
