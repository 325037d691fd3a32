// Command gen compiles the official v2-to-FHIR mapping tables, our patch of
// them and the NHS overlay into the table that package tofhir embeds.
package main

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

func main() {
	log.SetFlags(0)
	corpus := flag.String("corpus", "../../../shared/corpora/v2-to-fhir", "`directory` with the official maps and UK code lists")
	here := flag.String("dir", ".", "`directory` of package tofhir: patch.csv and nhs are read there")
	out := flag.String("out", "maps.bin", "the table")
	coverage := flag.String("coverage", "testdata/coverage.csv", "what became of each official row")
	flag.Parse()
	tables, err := Load(*corpus, *here)
	if err != nil {
		log.Fatal(err)
	}
	p, outcomes, err := mapping.Compile(tables)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, p.Append(nil), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*coverage, Coverage(outcomes), 0o644); err != nil {
		log.Fatal(err)
	}
}

// Load reads the official tables, patches them and adds the overlays.
func Load(corpus, here string) (*mapping.Tables, error) {
	tables, err := mapping.ReadTables(os.DirFS(filepath.Join(corpus, "maps")), false, false)
	if err != nil {
		return nil, err
	}
	patch, err := os.ReadFile(filepath.Join(here, "patch.csv"))
	if err != nil {
		return nil, err
	}
	if err := tables.Patch(string(patch)); err != nil {
		return nil, err
	}
	lists, err := ukCodes(os.DirFS(filepath.Join(corpus, "uk", "codes")))
	if err != nil {
		return nil, err
	}
	tables.Codes = append(tables.Codes, lists...)
	for _, layer := range []struct {
		dir string
		uk  bool
	}{{"nhs/base", false}, {"nhs/uk", true}} {
		o, err := mapping.ReadTables(os.DirFS(filepath.Join(here, filepath.FromSlash(layer.dir))), true, layer.uk)
		if err != nil {
			return nil, err
		}
		if err := tables.Merge(o); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// ukCodes reads the UK Core code lists as code tables that map each code to
// itself.
func ukCodes(fsys fs.FS) ([]*mapping.Table, error) {
	names, err := fs.Glob(fsys, "*.csv")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var out []*mapping.Table
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		recs, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t := &mapping.Table{File: "uk/codes/" + name, Name: strings.TrimSuffix(name, ".csv"), Overlay: true}
		for i, r := range recs[1:] {
			t.Rows = append(t.Rows, &mapping.Line{N: i + 1, Cells: []string{r[0], "", r[0], r[1], r[2], ""}})
		}
		out = append(out, t)
	}
	return out, nil
}

// Coverage writes the outcome of each official row as CSV.
func Coverage(outcomes []mapping.Outcome) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"file", "row", "source", "target", "status", "reason"})
	for _, o := range outcomes {
		w.Write([]string{o.File, fmt.Sprint(o.Row), o.Ident, o.Target, o.Status, o.Reason})
	}
	w.Flush()
	return b.Bytes()
}
