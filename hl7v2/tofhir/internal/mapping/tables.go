package mapping

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
)

// Tables are the mapping tables as read: rows of cells, by kind.
type Tables struct {
	Messages, Segments, Datatypes, Codes []*Table
	Events                               []*Table
}

// A Table is one CSV file.
type Table struct {
	File string // segments/PID[Patient].csv
	Name string // PID[Patient]
	Rows []*Line
	// Overlay tells our own tables from the official ones.
	Overlay bool
	UK      bool
}

// A Line is one data row of a table, its cells by column number and trimmed.
type Line struct {
	N        int // from 1, behind the two header rows
	Cells    []string
	Patched  bool
	Declared string // why the row is not executed
	File     string // where the row stands, if not in the table it was merged into
	Overlay  bool
	UK       bool
}

// Cell returns the cell of a column, "" past the end of the row.
func (l *Line) Cell(col int) string {
	if col < 0 || col >= len(l.Cells) {
		return ""
	}
	return l.Cells[col]
}

// The columns of message tables, and of segment and datatype tables.
const (
	ColSort      = 0
	ColIdent     = 1
	ColSyntax    = 2 // messages
	ColV2Type    = 3
	ColMax       = 5
	ColCondition = 6
	ColNarrative = 8
	ColPath      = 9
	ColSegMap    = 10 // messages
	ColLinks     = 11 // messages
	ColFHIRType  = 11
	ColMap       = 14
	ColVocab     = 15
	ColAssign    = 16
	ColAction    = 17 // overlays: replace, disable, default
)

// The columns of a code table once it has been normalised.
const (
	CodeFrom = iota
	CodeTable
	CodeTo
	CodeDisplay
	CodeSystem
	CodeAction
)

// ReadTables reads the CSV files below the directories messages, segments,
// datatypes, codesystems and events of a file system. Absent directories are
// empty.
func ReadTables(fsys fs.FS, overlay, uk bool) (*Tables, error) {
	t := &Tables{}
	for _, d := range []struct {
		dir string
		to  *[]*Table
	}{{"messages", &t.Messages}, {"segments", &t.Segments}, {"datatypes", &t.Datatypes}, {"codesystems", &t.Codes}, {"events", &t.Events}} {
		entries, err := fs.ReadDir(fsys, d.dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
		for _, e := range entries {
			if e.IsDir() || path.Ext(e.Name()) != ".csv" {
				continue
			}
			name := path.Join(d.dir, e.Name())
			tab, err := readTable(fsys, name)
			if err != nil {
				return nil, err
			}
			tab.Overlay, tab.UK = overlay, uk
			if d.dir == "codesystems" {
				if err := tab.normaliseCodes(); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
			} else {
				tab.Rows = tab.Rows[min(2, len(tab.Rows)):]
			}
			for i, r := range tab.Rows {
				r.N = i + 1
			}
			*d.to = append(*d.to, tab)
		}
	}
	return t, nil
}

func readTable(fsys fs.FS, name string) (*Table, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	recs, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t := &Table{File: name, Name: strings.TrimSuffix(path.Base(name), ".csv")}
	for _, rec := range recs {
		for i := range rec {
			rec[i] = strings.TrimSpace(rec[i])
		}
		t.Rows = append(t.Rows, &Line{Cells: rec})
	}
	return t, nil
}

// normaliseCodes brings the three layouts of code tables to one. The second
// column headed "Code" holds the FHIR code; the column behind it is blank in
// most files and missing in some; one file writes displays into it.
func (t *Table) normaliseCodes() error {
	if len(t.Rows) < 2 {
		return errors.New("no header rows")
	}
	head := t.Rows[1]
	codes := 0
	to, display, system := -1, -1, -1
	for i, h := range head.Cells {
		switch strings.ToLower(h) {
		case "code":
			if codes++; codes == 2 {
				to = i
			}
		case "display":
			display = i
		case "code system":
			if to >= 0 {
				system = i
			}
		}
	}
	if to < 0 || display < 0 || system < 0 {
		return errors.New("no columns Code, Display, Code System for FHIR")
	}
	rows := t.Rows[2:]
	t.Rows = t.Rows[:0:0]
	for _, r := range rows {
		d := r.Cell(display)
		if d == "" && display == to+2 {
			d = r.Cell(to + 1)
		}
		action := ""
		if t.Overlay {
			action = r.Cell(system + 1)
		}
		t.Rows = append(t.Rows, &Line{Cells: []string{r.Cell(0), r.Cell(2), r.Cell(to), d, r.Cell(system), action}})
	}
	return nil
}

// Merge adds the tables of an overlay behind the others. The rows of a
// message table go into the table of the same structure, behind those of the
// same segment.
func (t *Tables) Merge(o *Tables) error {
	for _, m := range o.Messages {
		base := slices.IndexFunc(t.Messages, func(b *Table) bool { return b.Name == m.Name })
		if base < 0 {
			t.Messages = append(t.Messages, m)
			continue
		}
		rows := t.Messages[base].Rows
		for _, l := range m.Rows {
			l.File, l.Overlay, l.UK = m.File, true, m.UK
			at := -1
			for i, r := range rows {
				if r.Cell(ColIdent) == l.Cell(ColIdent) {
					at = i
				}
			}
			if at < 0 {
				return fmt.Errorf("%s#%d: the structure has no %s", m.File, l.N, l.Cell(ColIdent))
			}
			for len(l.Cells) <= ColSyntax {
				l.Cells = append(l.Cells, "")
			}
			l.Cells[ColSort], l.Cells[ColSyntax] = rows[at].Cell(ColSort), rows[at].Cell(ColSyntax)
			rows = slices.Insert(rows, at+1, l)
		}
		t.Messages[base].Rows = rows
	}
	t.Segments = append(t.Segments, o.Segments...)
	t.Datatypes = append(t.Datatypes, o.Datatypes...)
	t.Codes = append(t.Codes, o.Codes...)
	t.Events = append(t.Events, o.Events...)
	return nil
}

var patchColumns = []struct {
	name     string
	col      int
	kindCode bool
}{
	{"ident", ColIdent, false}, {"condition", ColCondition, false}, {"narrative", ColNarrative, false},
	{"path", ColPath, false}, {"segment map", ColSegMap, false}, {"links", ColLinks, false},
	{"map", ColMap, false}, {"vocabulary", ColVocab, false}, {"assignment", ColAssign, false},
	{"code", CodeTo, true}, {"display", CodeDisplay, true}, {"system", CodeSystem, true},
}

// Patch applies a reviewed list of corrections: file, row, column, old, new,
// why. A file or row of * stands for all; old may end in * and then compares
// the start. Column "declare" says that the row is not executed, and why.
//
// It fails where a correction no longer finds what it corrects.
func (t *Tables) Patch(data string) error {
	r := csv.NewReader(strings.NewReader(data))
	r.FieldsPerRecord = 6
	recs, err := r.ReadAll()
	if err != nil {
		return fmt.Errorf("patch: %w", err)
	}
	for i, rec := range recs[1:] {
		file, row, column, old, repl, why := rec[0], rec[1], rec[2], rec[3], rec[4], rec[5]
		if strings.TrimSpace(why) == "" {
			return fmt.Errorf("patch line %d: no reason given", i+2)
		}
		col, codes := -1, false
		for _, c := range patchColumns {
			if c.name == column {
				col, codes = c.col, c.kindCode
			}
		}
		if col < 0 && column != "declare" {
			return fmt.Errorf("patch line %d: no column %q", i+2, column)
		}
		hits := 0
		for _, tab := range t.all() {
			isCode := strings.HasPrefix(tab.File, "codesystems/")
			if tab.Overlay || !matchName(file, tab.File) || column != "declare" && isCode != codes {
				continue
			}
			for _, line := range tab.Rows {
				if row != "*" && row != fmt.Sprint(line.N) {
					continue
				}
				if column == "declare" {
					if old != "" && !matchCell(old, line.Cell(ColPath)) && !matchCell(old, line.Cell(ColNarrative)) && !matchCell(old, line.Cell(ColAssign)) {
						continue
					}
					line.Declared = why
					hits++
					continue
				}
				if !matchCell(old, line.Cell(col)) {
					continue
				}
				for len(line.Cells) <= col {
					line.Cells = append(line.Cells, "")
				}
				if strings.HasPrefix(old, "~") {
					line.Cells[col] = strings.ReplaceAll(line.Cells[col], old[1:], repl)
				} else {
					line.Cells[col] = repl
				}
				if col == ColNarrative { // the decision replaces the prose
					line.Cells[col] = ""
					line.Cells[ColCondition] = both(line.Cells[ColCondition], repl)
					if repl == "FALSE" && line.Declared == "" {
						line.Declared = why
					}
				}
				line.Patched = true
				hits++
			}
		}
		if hits == 0 {
			return fmt.Errorf("patch line %d: %s row %s has no %s %q", i+2, file, row, column, old)
		}
	}
	return nil
}

func both(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "TRUE":
		return a
	}
	return "(" + strings.TrimSpace(strings.TrimPrefix(a, "IF")) + ") AND (" + b + ")"
}

func (t *Tables) all() []*Table {
	var out []*Table
	out = append(out, t.Messages...)
	out = append(out, t.Segments...)
	out = append(out, t.Datatypes...)
	return append(out, t.Codes...)
}

func matchName(pattern, name string) bool {
	if p, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, p)
	}
	return pattern == name
}

func matchCell(old, cell string) bool {
	if p, ok := strings.CutPrefix(old, "~"); ok {
		return strings.Contains(cell, p)
	}
	if p, ok := strings.CutSuffix(old, "*"); ok {
		return strings.HasPrefix(cell, p)
	}
	return old == cell
}
