package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The JSON inside hl7-dictionary's modules.
type (
	dictElement struct {
		DataType string
		Desc     string
		Opt      int // 1 optional, 2 required, 3 conditional, 4 withdrawn
		Rep      int // repetitions, 0 for no limit
		Len      int
		Table    int
	}
	dictSegment struct {
		Desc   string
		Fields []dictElement
	}
	dictType struct {
		Desc      string
		SubFields []dictElement
	}
	dictNode struct {
		Name     string
		Min, Max int
		Children []dictNode
		// Compounds are the alternatives of a choice, whose name lists them.
		Compounds []dictNode
	}
	dictMessage struct {
		Name     string
		Segments struct{ Segments []dictNode }
	}
)

// readModule decodes the object literal that a module assigns.
func readModule(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	from, to := bytes.IndexByte(data, '{'), bytes.LastIndexByte(data, '}')
	if from < 0 || to < from {
		return fmt.Errorf("%s: no object", file)
	}
	if err := json.Unmarshal(data[from:to+1], into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readDictionary returns hl7-dictionary's facts of a version, or nil where it
// has none.
func readDictionary(dir, version string) (*facts, error) {
	folder := filepath.Join(dir, version)
	var segments map[string]dictSegment
	err := readModule(filepath.Join(folder, "segments.js"), &segments)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := newFacts(version)
	for id, s := range segments {
		out := &segment{name: strings.TrimSpace(s.Desc)}
		for _, e := range s.Fields {
			out.fields = append(out.fields, e.element())
		}
		f.segments[id] = out
	}
	var types map[string]dictType
	if err := readModule(filepath.Join(folder, "fields.js"), &types); err != nil {
		return nil, err
	}
	for id, t := range types {
		out := &dataType{name: strings.TrimSpace(t.Desc)}
		for _, e := range t.SubFields {
			c := e.element()
			c.max = 1
			out.components = append(out.components, c)
		}
		f.types[id] = out
	}
	var messages map[string]dictMessage
	if err := readModule(filepath.Join(folder, "messages.js"), &messages); err != nil {
		return nil, err
	}
	for id, m := range messages {
		n := &node{name: id, kind: 'g', min: 1, max: 1, children: dictNodes(id, m.Segments.Segments)}
		if n.complete() {
			f.structures[id] = n
		}
	}
	return f, nil
}

func (e dictElement) element() *element {
	out := &element{
		name: strings.TrimSpace(e.Desc), typ: normalType(e.DataType), usage: 'O',
		max: e.Rep, length: e.Len, table: e.Table, optional: e.Opt,
	}
	switch e.Opt {
	case 2:
		out.usage = 'R'
	case 3:
		out.usage = 'C'
	case 4:
		out.usage, out.typ = 'W', ""
	}
	if out.typ == "" {
		out.usage = 'W'
	}
	return out
}

// complete reports whether every segment has its name and every choice
// alternatives; the source has lost some.
func (n *node) complete() bool {
	for _, c := range n.children {
		if c.name == "" || c.kind == 'c' && len(c.children) < 2 || !c.complete() {
			return false
		}
	}
	return true
}

// dictNodes converts children; groups get the structure's id before their
// name, as in hl7apy.
func dictNodes(id string, nodes []dictNode) []*node {
	var out []*node
	for _, n := range nodes {
		c := &node{name: n.Name, kind: 's', min: n.Min, max: n.Max}
		switch {
		case len(n.Compounds) > 0:
			c.kind, c.name = 'c', id+"_CHOICE"
			for _, alternative := range n.Compounds {
				c.children = append(c.children, &node{name: alternative.Name, kind: 's', min: 1, max: 1})
			}
		case len(n.Children) > 0:
			c.kind = 'g'
			c.name = id + "_" + strings.ReplaceAll(strings.ToUpper(n.Name), " ", "_")
			c.children = dictNodes(id, n.Children)
		}
		out = append(out, c)
	}
	return out
}

// readDictionaryTables returns the names and displays of all tables, which
// hl7-dictionary keeps without regard to versions.
func readDictionaryTables(file string) (map[int]*table, error) {
	var raw map[string]struct {
		Desc   string
		Values map[string]string
	}
	if err := readModule(file, &raw); err != nil {
		return nil, err
	}
	out := make(map[int]*table)
	for id, t := range raw {
		number, err := strconv.Atoi(id)
		if err != nil {
			return nil, fmt.Errorf("table %q: %w", id, err)
		}
		tab := &table{name: strings.TrimSpace(t.Desc)}
		for value, display := range t.Values {
			tab.codes = append(tab.codes, code{value, strings.TrimSpace(display)})
		}
		out[number] = tab
	}
	return out, nil
}
