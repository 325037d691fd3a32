package fhir

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// PackageLimits bound what is read of a package. In each field zero means the
// default and a negative value means no limit.
type PackageLimits struct {
	Files int   // number of files, with folders: 100,000
	File  int64 // bytes of one file: 64 MiB
	Total int64 // bytes of all files together, with what an archive adds: 2 GiB
	Ratio int64 // how many times larger than a .tgz its content may be: 200
}

func (l PackageLimits) withDefaults() PackageLimits {
	set := func(v *int64, def int64) {
		switch {
		case *v == 0:
			*v = def
		case *v < 0:
			*v = 1<<63 - 1
		}
	}
	files := int64(l.Files)
	set(&files, 100_000)
	l.Files = int(min(files, 1<<31-1))
	set(&l.File, 64<<20)
	set(&l.Total, 2<<30)
	set(&l.Ratio, 200)
	return l
}

// PackageError is a fault of a package: which, where in it, and what.
type PackageError struct {
	Package string // name#version or file name
	File    string // path inside, "" for the package as a whole
	Text    string
	Err     error // cause, may be nil
}

func (e *PackageError) Error() string {
	text := "fhir: package " + e.Package
	if e.File != "" {
		text += ": " + e.File
	}
	text += ": " + e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *PackageError) Unwrap() error { return e.Err }

// Package is a FHIR package: definitions as JSON or XML files. Opening one
// reads its manifest; the other files are listed and read when they are first
// asked for. It is safe for concurrent use.
type Package struct {
	label   string // for errors
	files   fs.FS
	limits  PackageLimits
	name    string
	version string
	depends [][2]string
	fhir    []string // versions of FHIR that the manifest states

	once    sync.Once
	entries []packageEntry
	faults  []error
}

// packageEntry is one resource of a package.
type packageEntry struct {
	file, kind, url, version, id string
}

// OpenPackage opens a .tgz file or a folder. A folder may be a package, with
// or without the folder "package" inside, or any folder with definitions. Links
// in it are followed, see PackageFS.
func OpenPackage(name string, limits PackageLimits) (*Package, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &PackageError{Package: name, Text: "cannot be opened", Err: err}
	}
	if info.IsDir() {
		return PackageFS(name, os.DirFS(name), limits)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, &PackageError{Package: name, Text: "cannot be opened", Err: err}
	}
	defer f.Close()
	return ReadPackage(name, f, limits)
}

// ReadPackage reads a package in the form of a gzipped tar archive into
// memory. label names it in errors. Entries with a path outside the package
// are refused.
func ReadPackage(label string, r io.Reader, limits PackageLimits) (*Package, error) {
	limits = limits.withDefaults()
	counted := &countingReader{r: r}
	z, err := gzip.NewReader(counted)
	if err != nil {
		return nil, &PackageError{Package: label, Text: "not a gzip archive", Err: err}
	}
	files := make(memoryFS)
	content := &contentReader{r: z, archive: counted, limits: limits}
	folders := make(map[string]bool)
	entries, total := 0, int64(0)
	for archive := tar.NewReader(content); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, damaged(label, "", err)
		}
		// Folders and links cost time, too.
		if entries++; entries > limits.Files {
			return nil, &PackageError{Package: label, Text: fmt.Sprintf("more than %d files", limits.Files)}
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name := path.Clean(h.Name)
		if !fs.ValidPath(name) || name == "." || strings.Contains(h.Name, "\\") || strings.Contains("/"+h.Name+"/", "/../") {
			return nil, &PackageError{Package: label, File: h.Name, Text: "path outside the package"}
		}
		if strings.Count(name, "/") > maxFolders {
			return nil, &PackageError{Package: label, File: name, Text: fmt.Sprintf("more than %d folders deep", maxFolders)}
		}
		if h.Size > limits.File {
			return nil, &PackageError{Package: label, File: name, Text: fmt.Sprintf("larger than %d bytes", limits.File)}
		}
		clash := folders[name]
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			_, isFile := files[dir]
			clash = clash || isFile
			folders[dir] = true
		}
		if clash {
			return nil, &PackageError{Package: label, File: name, Text: "a file and a folder of the same name"}
		}
		data, err := io.ReadAll(io.LimitReader(archive, limits.File+1))
		if err == nil {
			// Of a sparse file the archive holds less than it has.
			total += int64(len(data))
			err = content.check(total)
		}
		if err != nil {
			return nil, damaged(label, name, err)
		}
		files[name] = data
	}
	// The checksum stands at the end.
	if _, err := io.Copy(io.Discard, content); err != nil {
		return nil, damaged(label, "", err)
	}
	return newPackage(label, files, limits)
}

// maxFolders is how deep a file of an archive may lie.
const maxFolders = 32

// damaged is the error for an archive that cannot be read on.
func damaged(label, file string, err error) error {
	if limit := (limitError)(""); errors.As(err, &limit) {
		return &PackageError{Package: label, Text: string(limit)}
	}
	return &PackageError{Package: label, File: file, Text: "damaged archive", Err: err}
}

// limitError says which limit the content of an archive crosses.
type limitError string

func (e limitError) Error() string { return string(e) }

// contentReader reads the content of an archive within the limits of all of
// it: of what the files hold and of what else there is.
type contentReader struct {
	r       io.Reader
	archive *countingReader
	limits  PackageLimits
	n       int64
}

func (c *contentReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if limit := c.check(c.n); limit != nil {
		return n, limit
	}
	return n, err
}

// check reports whether a number of bytes may come of what has been read of
// the archive.
func (c *contentReader) check(n int64) error {
	switch {
	case n > c.limits.Total:
		return limitError(fmt.Sprintf("more than %d bytes of content", c.limits.Total))
	case n > 1<<20 && n/max(c.archive.n, 1) > c.limits.Ratio:
		return limitError(fmt.Sprintf("content more than %d times the size of the archive", c.limits.Ratio))
	}
	return nil
}

// PackageFS opens a package in a file system. label names it in errors. Links
// are followed as the file system follows them: with os.DirFS wherever they
// lead, with the FS of an os.Root only to what lies in its folder.
func PackageFS(label string, files fs.FS, limits PackageLimits) (*Package, error) {
	return newPackage(label, files, limits.withDefaults())
}

func newPackage(label string, files fs.FS, limits PackageLimits) (*Package, error) {
	p := &Package{label: label, files: files, limits: limits}
	for _, name := range [...]string{"package/package.json", "package.json"} {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			continue
		}
		if err := p.readManifest(data); err != nil {
			return nil, &PackageError{Package: label, File: name, Text: "unreadable manifest", Err: err}
		}
		break
	}
	return p, nil
}

// readManifest reads name, version and dependencies.
func (p *Package) readManifest(data []byte) error {
	tree, err := Parse(data, Plain(), In(JSON))
	if err != nil {
		return err
	}
	for n := range tree.Root().Children() {
		switch n.Name() {
		case "name":
			p.name = n.Value()
		case "version":
			p.version = n.Value()
		case "fhirVersions", "fhir-version-list":
			p.fhir = append(p.fhir, strings.Clone(n.Value()))
		case "dependencies":
			for d := range n.Children() {
				p.depends = append(p.depends, [2]string{d.Name(), d.Value()})
			}
		}
	}
	if p.name != "" {
		p.label = p.name + "#" + p.version
	}
	return nil
}

// Name returns the package's name, "" for a folder without a manifest.
func (p *Package) Name() string { return p.name }

// Version returns the package's version.
func (p *Package) Version() string { return p.version }

// Dependencies returns the names and versions of the packages that this one
// needs, in the order of its manifest.
func (p *Package) Dependencies() [][2]string { return slices.Clone(p.depends) }

// needs reports whether a dependency brings what the package builds on. The
// core package of a version of FHIR that is not the package's does not: UK Core
// is of R4 and names that of R5, too. Loaded, its types would take
// the place of R4's.
func (p *Package) needs(dependency string) bool {
	release := ""
	switch dependency {
	case "hl7.fhir.r4.core":
		return false // embedded
	case "hl7.fhir.r2.core":
		release = "1.0"
	case "hl7.fhir.r3.core":
		release = "3.0"
	case "hl7.fhir.r4b.core":
		release = "4.3"
	case "hl7.fhir.r5.core":
		release = "5.0"
	default:
		return true
	}
	return len(p.fhir) == 0 || slices.ContainsFunc(p.fhir, func(v string) bool { return strings.HasPrefix(v, release) })
}

// Faults returns what could not be read when the package was listed: files
// that are no resources or too large. The rest of the package is usable.
func (p *Package) Faults() []error {
	p.list()
	return slices.Clone(p.faults)
}

// list reads which resources the package holds, once.
func (p *Package) list() []packageEntry {
	p.once.Do(func() {
		total, count := int64(0), 0
		err := p.walk(".", nil, &count, func(name string) error {
			data, err := p.readFile(name)
			if err != nil {
				p.fault(name, "cannot be read", err)
				return nil
			}
			if total += int64(len(data)); total > p.limits.Total {
				return fmt.Errorf("more than %d bytes of content", p.limits.Total)
			}
			p.index(name, data)
			return nil
		})
		if err != nil {
			p.fault("", "listing stopped", err)
		}
		slices.SortFunc(p.entries, func(a, b packageEntry) int { return strings.Compare(a.file, b.file) })
	})
	return p.entries
}

// walk visits the resource files of a folder and of those below it, by name. It
// follows links, as far as the file system does; above are the folders around.
func (p *Package) walk(dir string, above []fs.FileInfo, count *int, visit func(name string) error) error {
	info, err := fs.Stat(p.files, dir)
	var entries []fs.DirEntry
	if err == nil {
		entries, err = fs.ReadDir(p.files, dir)
	}
	if err != nil {
		p.fault(dir, "cannot be read", err)
	}
	above = append(above, info)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		isDir := e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			target, err := fs.Stat(p.files, name)
			if err != nil {
				p.fault(name, "cannot be read", err)
				continue
			}
			if isDir = target.IsDir(); isDir && slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, target) }) {
				p.fault(name, "a link to a folder that it lies in", nil)
				continue
			}
		}
		switch {
		case !isDir && !isResourceFile(name):
			continue
		case isDir && isForeignFolder(e.Name()):
			continue
		}
		if *count++; *count > p.limits.Files {
			return fmt.Errorf("more than %d files", p.limits.Files)
		}
		switch {
		case !isDir:
			err = visit(name)
		case len(above) > maxFolders:
			err = fmt.Errorf("more than %d folders deep", maxFolders)
		default:
			err = p.walk(name, above, count, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isForeignFolder tells the folders that, by the rules of packages, hold what
// is no definition.
func isForeignFolder(base string) bool {
	switch base {
	case "example", "examples", "other", "openapi", "xml":
		return true
	}
	return false
}

func isResourceFile(name string) bool {
	base := path.Base(name)
	return !strings.HasPrefix(base, ".") && base != "package.json" && !strings.HasSuffix(base, ".index.json") &&
		(strings.HasSuffix(base, ".json") || strings.HasSuffix(base, ".xml"))
}

func (p *Package) fault(file, text string, err error) {
	p.faults = append(p.faults, &PackageError{Package: p.label, File: file, Text: text, Err: err})
}

// readFile reads a file within the limit of one file.
func (p *Package) readFile(name string) ([]byte, error) {
	f, err := p.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, p.limits.File+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > p.limits.File {
		return nil, fmt.Errorf("larger than %d bytes", p.limits.File)
	}
	return data, nil
}

// index notes what a file is.
func (p *Package) index(name string, data []byte) {
	tree, err := Parse(data)
	if err != nil {
		p.fault(name, "not a resource", err)
		return
	}
	defer tree.Release()
	e := packageEntry{file: name, kind: strings.Clone(tree.Root().Type().Name())}
	if e.kind == "" {
		return // JSON of another kind lies about in many packages
	}
	for n := range tree.Root().Children() {
		switch n.Name() {
		case "url":
			e.url = strings.Clone(n.Value())
		case "version":
			e.version = strings.Clone(n.Value())
		case "id":
			e.id = strings.Clone(n.Value())
		}
	}
	p.entries = append(p.entries, e)
}

// memoryFS is the content of an archive.
type memoryFS map[string][]byte

// Open opens a file; folders can be walked, too.
func (m memoryFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := m[name]; ok {
		return &memoryFile{name: path.Base(name), size: int64(len(data)), Reader: bytes.NewReader(data)}, nil
	}
	return m.openDir(name)
}

func (m memoryFS) openDir(name string) (fs.File, error) {
	prefix := name + "/"
	if name == "." {
		prefix = ""
	}
	seen := make(map[string]bool)
	dir := &memoryDir{memoryFile: memoryFile{name: path.Base(name), dir: true}}
	for file, data := range m {
		rest, ok := strings.CutPrefix(file, prefix)
		if !ok {
			continue
		}
		first, _, nested := strings.Cut(rest, "/")
		if seen[first] {
			continue
		}
		seen[first] = true
		dir.list = append(dir.list, fs.FileInfoToDirEntry(memoryInfo{&memoryFile{name: first, size: int64(len(data)), dir: nested}}))
	}
	if len(dir.list) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	slices.SortFunc(dir.list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return dir, nil
}

// countingReader counts what has been read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
