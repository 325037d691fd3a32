package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
)

// eventRow says that a trigger event uses the structure of another.
type eventRow struct {
	event, structure string
	versions         []string
}

// readEvents reads event, structure, versions.
func readEvents(file string) ([]eventRow, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []eventRow
	for _, row := range rows[1:] {
		out = append(out, eventRow{row[0], row[1], strings.Fields(row[2])})
	}
	return out, nil
}

// addEvents gives the version its trigger events, and takes away structures
// that are kept by event only and stand again under their own name.
func (f *facts) addEvents(rows []eventRow) error {
	for _, row := range rows {
		if !slices.Contains(row.versions, f.version) {
			continue
		}
		if f.structures[row.structure] == nil && f.structures[row.event] != nil {
			// The source keeps structures by event: give it its own name.
			f.structures[row.structure] = f.structures[row.event].renamed(row.event, row.structure)
		}
		if f.structures[row.structure] == nil && f.lossy {
			continue
		}
		if f.structures[row.structure] == nil {
			return fmt.Errorf("%s: event %s: no structure %s", f.version, row.event, row.structure)
		}
		f.events[row.event] = row.structure
		if own := f.structures[row.event]; own != nil && row.event != row.structure {
			delete(f.structures, row.event)
		}
	}
	return nil
}

// renamed returns a copy whose groups are named after another structure.
func (n *node) renamed(from, to string) *node {
	out := *n
	if n.name == from {
		out.name = to
	} else if rest, ok := strings.CutPrefix(n.name, from+"_"); ok {
		out.name = to + "_" + rest
	}
	out.children = nil
	for _, c := range n.children {
		out.children = append(out.children, c.renamed(from, to))
	}
	return &out
}
