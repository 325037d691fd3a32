// Command gen writes the embedded table of FHIR R4 definitions from the
// official package:
//
//	go run ./fhir/internal/gen -core hl7.fhir.r4.core-4.0.1.tgz -out fhir/r4.facts
package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/define"
)

func main() {
	core := flag.String("core", "", "the package hl7.fhir.r4.core-4.0.1.tgz")
	out := flag.String("out", "fhir/r4.facts", "the table to write")
	flag.Parse()
	if err := run(*core, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(core, out string) error {
	files, err := readPackage(core)
	if err != nil {
		return err
	}
	table, left, err := define.Table("4.0.1", nil, files)
	if err = errors.Join(append(left, err)...); err != nil {
		return err
	}
	return os.WriteFile(out, []byte(table), 0o644)
}

// readPackage reads the resources of a package, by name.
func readPackage(name string) ([]define.Resource, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var files []define.Resource
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(h.Name, "package/") || path.Ext(h.Name) != ".json" {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		kind, _, _ := strings.Cut(path.Base(h.Name), "-")
		files = append(files, define.Resource{Name: path.Base(h.Name), Kind: kind, Data: data})
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Name < files[j].Name })
	return files, nil
}
