package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// decision is one line of the file of disagreements.
type decision struct {
	value string
	used  bool
}

// decisions are keyed by version, field or node of a structure, and attribute.
type decisions map[[3]string]*decision

// readDecisions reads version, field, attribute, three votes, decision, reason.
func readDecisions(file string) (decisions, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	out := make(decisions)
	for i, row := range rows[1:] {
		key := [3]string{row[0], row[1], row[2]}
		if out[key] != nil {
			return nil, fmt.Errorf("%s:%d: a second decision on %v", file, i+2, key)
		}
		if len(row) != 8 || row[7] == "" {
			return nil, fmt.Errorf("%s:%d: no reason", file, i+2)
		}
		out[key] = &decision{value: row[6]}
	}
	return out, nil
}

func (d decisions) unused() error {
	var left []string
	for key, x := range d {
		if !x.used {
			left = append(left, strings.Join(key[:], " "))
		}
	}
	if len(left) == 0 {
		return nil
	}
	slices.Sort(left)
	return fmt.Errorf("%d decisions that nothing needs: %s", len(left), strings.Join(left[:min(5, len(left))], "; "))
}

// merge joins the facts of the two sources for one version. Either may be nil.
func merge(version string, apy, dict *facts, decided decisions) (*facts, error) {
	switch {
	case apy == nil && dict == nil:
		return nil, fmt.Errorf("%s: no source", version)
	case apy == nil:
		apy = newFacts(version)
	}
	both := dict != nil && len(apy.segments) > 0
	if dict == nil {
		dict = newFacts(version)
	}
	m := &merger{version: version, decided: decided, both: both}
	out := newFacts(version)
	for _, id := range union(apy.segments, dict.segments) {
		a, d := apy.segments[id], dict.segments[id]
		s := &segment{name: pickName(segmentName(d), segmentName(a))}
		for n := 1; n <= max(fieldCount(a), fieldCount(d)); n++ {
			s.fields = append(s.fields, m.field(id, n, apy.field(id, n), dict.field(id, n)))
		}
		for len(s.fields) > 0 && s.fields[len(s.fields)-1] == nil {
			s.fields = s.fields[:len(s.fields)-1]
		}
		if len(s.fields) > 0 {
			out.segments[id] = s
		}
	}
	for _, id := range union(apy.types, dict.types) {
		out.types[id] = mergeType(apy.types[id], dict.types[id])
	}
	for key, x := range decided {
		// A line that only a third source contradicts is kept to be read.
		if key[0] == version && key[2] == "present" {
			id, n, _ := strings.Cut(key[1], "-")
			x.used = x.used || present(out.field(id, number(n))) == x.value
		}
	}
	out.structures = apy.structures
	if len(apy.structures) == 0 {
		out.structures, out.lossy = dict.structures, true
	}
	m.nodes(out.structures, dict.structures)
	out.tables = apy.tables
	if len(m.missing) > 0 {
		return nil, fmt.Errorf("%s: %d disagreements without a decision, such as %s", version, len(m.missing), m.missing[0])
	}
	return out, nil
}

// merger takes the decisions of one version.
type merger struct {
	version string
	decided decisions
	both    bool // two sources speak
	missing []string
}

// settle returns the value of one attribute of a field: that of the file of
// disagreements if it has a line, else what the sources agree on.
func (m *merger) settle(field, attribute, a, d string) string {
	if x := m.decided[[3]string{m.version, field, attribute}]; x != nil {
		x.used = true
		return x.value
	}
	if m.both && a != d {
		m.missing = append(m.missing, fmt.Sprintf("%s %s: %q or %q", field, attribute, a, d))
	}
	return a
}

func (m *merger) field(id string, n int, a, d *element) *element {
	key := fmt.Sprintf("%s-%d", id, n)
	if a == nil && d == nil {
		return nil
	}
	if m.both && (a == nil) != (d == nil) && m.settle(key, "present", present(a), present(d)) == "no" {
		return nil
	}
	if a == nil {
		a = d
	}
	if d == nil {
		d = a
	}
	e := &element{name: pickName(d.name, a.name), usage: a.usage, length: d.length}
	e.typ = m.settle(key, "type", a.typ, d.typ)
	e.max = number(m.settle(key, "max", strconv.Itoa(a.max), strconv.Itoa(d.max)))
	required := m.settle(key, "min", strconv.Itoa(a.min()), strconv.Itoa(d.min())) == "1"
	switch {
	case e.typ == "":
		e.usage = 'W'
	case required:
		e.usage = 'R'
	case d.usage == 'C':
		e.usage = 'C'
	default:
		e.usage = 'O'
	}
	// A source that names no table does not deny that there is one.
	switch {
	case a.table == 0:
		e.table = d.table
	case d.table == 0:
		e.table = a.table
	default:
		e.table = number(m.settle(key, "table", strconv.Itoa(a.table), strconv.Itoa(d.table)))
	}
	return e
}

// nodes settles what the nodes of structures are: choices of one of their
// parts, or groups of all. Of a structure for which the number of its parts is
// decided, those behind are taken for another message's.
func (m *merger) nodes(structures, dict map[string]*node) {
	other := make(map[string]*node)
	for _, n := range dict {
		n.visit(func(c *node) { other[c.name] = c })
	}
	for _, id := range sortedKeys(structures) {
		root := structures[id]
		if x := m.decided[[3]string{m.version, id, "parts"}]; x != nil {
			root.children, x.used = root.children[:number(x.value)], true
		}
		root.visit(func(n *node) {
			d := n
			if o := other[n.name]; o != nil && n.kind == 'c' {
				d = o
			}
			if n.kind != 's' && m.settle(n.name, "kind", kindNames[n.kind], kindNames[d.kind]) == "group" {
				n.kind = 'g'
			}
		})
	}
}

var kindNames = map[byte]string{'c': "choice", 'g': "group", 's': "segment"}

func present(e *element) string {
	if e == nil {
		return "no"
	}
	return "yes"
}

// mergeType takes the components of hl7apy, with names, lengths and missing
// tables of hl7-dictionary.
func mergeType(a, d *dataType) *dataType {
	switch {
	case a == nil:
		return d
	case d == nil:
		return a
	}
	out := &dataType{name: d.name}
	for i, c := range a.components {
		if c == nil && i < len(d.components) {
			c = d.components[i]
		}
		if c == nil {
			out.components = append(out.components, nil)
			continue
		}
		e := *c
		if i < len(d.components) {
			o := d.components[i]
			e.name, e.length = pickName(o.name, e.name), o.length
			if e.table == 0 {
				e.table = o.table
			}
		}
		out.components = append(out.components, &e)
	}
	return out
}

// addDisplays gives the tables the names and displays that hl7-dictionary has.
func (f *facts) addDisplays(all map[int]*table) {
	for number, t := range f.tables {
		other := all[number]
		if other == nil {
			continue
		}
		if t.name == "" {
			t.name = other.name
		}
		for i := range t.codes {
			for _, c := range other.codes {
				if c.value == t.codes[i].value {
					t.codes[i].display = c.display
				}
			}
		}
	}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func fieldCount(s *segment) int {
	if s == nil {
		return 0
	}
	return len(s.fields)
}

func segmentName(s *segment) string {
	if s == nil {
		return ""
	}
	return s.name
}

// pickName returns the first name that is not empty.
func pickName(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

// union returns the keys of two maps in order.
func union[V any](a, b map[string]V) []string {
	var out []string
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, twice := a[k]; !twice {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
