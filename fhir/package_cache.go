package fhir

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// OpenCached opens packages, and all that they depend on, in a package cache:
// a folder with one folder a package, named name#version, as the usual FHIR
// tools keep it (~/.fhir/packages, opened with os.DirFS). Nothing is fetched.
//
// A label is name#version. Without a version, with "latest", or with one that
// ends in ".x", it is the latest one there that fits. The packages come
// dependencies first, each once, so that in a Library the asked ones win. A
// label that is not there is an error that wraps fs.ErrNotExist; a dependency
// that is not there is left to Library.MissingDependencies. The core package of
// another version of FHIR than a package's own is no dependency.
func OpenCached(cache fs.FS, limits PackageLimits, labels ...string) ([]*Package, error) {
	entries, err := fs.ReadDir(cache, ".")
	if err != nil {
		return nil, &PackageError{Package: "cache", Text: "cannot be listed", Err: err}
	}
	c := &cacheReader{files: cache, limits: limits, versions: make(map[string][]string), opened: make(map[string]bool)}
	for _, e := range entries {
		if name, version, ok := strings.Cut(e.Name(), "#"); ok {
			c.versions[name] = append(c.versions[name], version)
		}
	}
	for _, label := range labels {
		name, version, _ := strings.Cut(label, "#")
		found, err := c.open(name, version)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, &PackageError{Package: label, Text: "not in the cache", Err: fs.ErrNotExist}
		}
	}
	return c.packages, nil
}

// cacheReader opens the packages of a cache.
type cacheReader struct {
	files    fs.FS
	limits   PackageLimits
	versions map[string][]string // by name
	opened   map[string]bool     // by label
	packages []*Package
}

// open opens a package behind its dependencies, and reports whether it is
// there.
func (c *cacheReader) open(name, version string) (bool, error) {
	found := ""
	for _, have := range c.versions[name] {
		if versionMatches(have, version) && (found == "" || compareVersions(have, found) > 0) {
			found = have
		}
	}
	if found == "" {
		return false, nil
	}
	label := name + "#" + found
	if c.opened[label] {
		return true, nil
	}
	c.opened[label] = true
	files, err := fs.Sub(c.files, label)
	if err != nil {
		return false, &PackageError{Package: label, Text: "cannot be opened", Err: err}
	}
	p, err := PackageFS(label, files, c.limits)
	if err != nil {
		return false, err
	}
	if p.name != "" && p.name != name {
		return false, &PackageError{Package: label, File: "package/package.json", Text: fmt.Sprintf("the manifest names the package %q", p.name)}
	}
	for _, d := range slices.Clone(p.depends) {
		if !p.needs(d[0]) {
			continue
		}
		if _, err := c.open(d[0], d[1]); err != nil {
			return false, err
		}
	}
	c.packages = append(c.packages, p)
	return true, nil
}
