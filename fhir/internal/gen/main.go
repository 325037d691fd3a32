// Command gen writes the embedded table of FHIR R4 definitions from the
// official package:
//
//	go run ./fhir/internal/gen -core hl7.fhir.r4.core-4.0.1.tgz -out fhir/r4.facts
package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
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
	table, err := build(files)
	if err != nil {
		return err
	}
	return os.WriteFile(out, []byte(table), 0o644)
}

// file is one resource of a package.
type file struct {
	name string
	data []byte
}

// readPackage reads the resources of a package, by name.
func readPackage(name string) ([]file, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var files []file
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
		files = append(files, file{path.Base(h.Name), data})
	}
	sort.Slice(files, func(i, j int) bool { return files[i].name < files[j].name })
	return files, nil
}

// build makes the table of a package's resources.
func build(files []file) (string, error) {
	b := &facts.Builder{Version: "4.0.1"}
	terms := newTerms()
	for _, f := range files {
		kind, _, _ := strings.Cut(f.name, "-")
		var err error
		switch kind {
		case "StructureDefinition":
			var s facts.Structure
			if s, err = structure(f.data); err == nil && len(s.Elements) > 0 {
				b.Add(s)
				terms.bindings(s)
			}
		case "SearchParameter":
			err = searchParam(b, f.data)
		case "CodeSystem":
			err = terms.codeSystem(f.data)
		case "ValueSet":
			err = terms.valueSet(f.data)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", f.name, err)
		}
	}
	terms.add(b)
	return b.Build()
}

// object is a JSON object whose members are not decoded yet.
type object map[string]json.RawMessage

// text returns a string member.
func (o object) text(name string) string {
	var s string
	if raw, ok := o[name]; ok {
		_ = json.Unmarshal(raw, &s)
	}
	return s
}
