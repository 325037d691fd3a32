package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// placeholderTable is what hl7apy writes for a table that has no number.
const placeholderTable = 9999

// readApy returns hl7apy's facts of a version, or nil where it has none.
func readApy(dir, version string) (*facts, error) {
	folder := filepath.Join(dir, "v"+strings.ReplaceAll(version, ".", "_"))
	read := func(module, name string) (*dict, error) {
		return readPythonDict(filepath.Join(folder, module+".py"), name)
	}
	fieldDict, err := read("fields", "FIELDS")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := newFacts(version)
	segments, err := read("segments", "SEGMENTS")
	if err != nil {
		return nil, err
	}
	for _, id := range segments.keys {
		if s := apySegment(segments.values[id], fieldDict); s != nil {
			f.segments[id] = s
		}
	}
	components, err := read("datatypes", "DATATYPES")
	if err != nil {
		return nil, err
	}
	structs, err := read("datatypes", "DATATYPES_STRUCTS")
	if err != nil {
		return nil, err
	}
	for _, id := range structs.keys {
		t := &dataType{}
		for _, c := range structs.values[id].([]any) {
			row := c.([]any)
			name := row[0].(string)
			e := apyElement(components.values[name].([]any), row[2].([]any))
			// XTN of 2.6 begins with its second component.
			for n := number(name[strings.LastIndexByte(name, '_')+1:]); len(t.components) < n-1; {
				t.components = append(t.components, nil)
			}
			t.components = append(t.components, e)
		}
		f.types[id] = t
	}
	groups, err := read("groups", "GROUPS")
	if err != nil {
		return nil, err
	}
	messages, err := read("messages", "MESSAGES")
	if err != nil {
		return nil, err
	}
	for _, id := range messages.keys {
		n, err := apyNode(id, messages.values[id], groups, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		n.min, n.max = 1, 1
		f.structures[id] = n
	}
	tables, err := read("tables", "TABLES")
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	for _, id := range tables.keys {
		row := tables.values[id].([]any)
		number, err := strconv.Atoi(strings.TrimPrefix(id, "HL7"))
		if err != nil || number == 0 {
			continue
		}
		t := &table{}
		t.name, _ = row[0].(string)
		codes, _ := row[1].([]any)
		if one, ok := row[1].(string); ok { // ('A') is no tuple in Python
			codes = []any{one}
		}
		for _, c := range codes {
			// Some codes have lost no-break spaces at their end.
			value := strings.Trim(c.(string), " \u00a0\u00c2")
			if headings[value] || value == "" {
				continue
			}
			for _, value := range listed(value) {
				t.codes = append(t.codes, code{value: value})
			}
		}
		f.tables[number] = t
	}
	return f, nil
}

// apySegment returns a segment, or nil for the placeholders that list others.
func apySegment(v any, fieldDict *dict) *segment {
	row := v.([]any)
	if row[0] != "sequence" || len(row) < 2 {
		return nil
	}
	s := &segment{}
	for _, c := range row[1].([]any) {
		child := c.([]any)
		link, ok := child[1].(ref)
		if !ok {
			return nil
		}
		name := child[0].(string)
		number, err := strconv.Atoi(name[strings.LastIndexByte(name, '_')+1:])
		if err != nil {
			return nil
		}
		for len(s.fields) < number {
			s.fields = append(s.fields, nil)
		}
		s.fields[number-1] = apyElement(fieldDict.values[link.key].([]any), child[2].([]any))
	}
	return s
}

// apyElement reads (kind, reference, type, NAME, table, length) and (min, max).
func apyElement(row, card []any) *element {
	e := &element{usage: 'O', max: max(0, card[1].(int))}
	if card[0].(int) > 0 {
		e.usage = 'R'
	}
	typ, _ := row[2].(string)
	e.typ = normalType(typ)
	if e.typ == "" {
		e.usage = 'W'
	}
	name, _ := row[3].(string)
	e.name = titleCase(name)
	if id, _ := row[4].(string); strings.HasPrefix(id, "HL7") {
		if n, err := strconv.Atoi(id[3:]); err == nil && n != placeholderTable {
			e.table = n
		}
	}
	return e
}

// normalType writes the sources' names of one type in one way; a withdrawn
// field has none.
func normalType(t string) string {
	switch strings.ToUpper(t) {
	case "VARIES", "UNKNOWN":
		return "Varies"
	case "WD", "NULLDT", "-":
		return ""
	}
	return t
}

// titleCase turns PATIENT_IDENTIFIER_LIST into Patient Identifier List.
func titleCase(name string) string {
	words := strings.Fields(strings.ReplaceAll(name, "_", " "))
	for i, w := range words {
		switch {
		case acronyms[w]:
		case i > 0 && smallWords[w]:
			words[i] = strings.ToLower(w)
		default:
			words[i] = w[:1] + strings.ToLower(w[1:])
		}
	}
	return strings.Join(words, " ")
}

var (
	acronyms = map[string]bool{
		"ID": true, "DRG": true, "EIN": true, "UPIN": true, "DEA": true, "NDC": true, "PHI": true, "SSN": true, "VIP": true, "UB": true, "CLIA": true, "HCPCS": true, "URL": true,
		"AIG": true, "AIL": true, "AIP": true, "AIS": true, "AL1": true, "BPX": true, "BTX": true, "DG1": true, "FT1": true, "GOL": true, "GT1": true, "IAM": true, "IN1": true, "NK1": true, "NTE": true, "OBR": true, "OBX": true, "PID": true, "PR1": true, "PRB": true, "PTH": true, "PV1": true, "RF1": true, "RGS": true, "RQD": true, "RXA": true, "RXO": true, "SPM": true, "STF": true, "TXA": true, "UB1": true, "UB2": true, "VAR": true,
	}
	smallWords = map[string]bool{"OF": true, "AND": true, "OR": true, "THE": true, "TO": true, "FOR": true, "IN": true, "BY": true, "A": true, "AN": true, "FROM": true, "WITH": true, "ON": true, "AT": true}
)

// apyNode reads ('sequence' or 'choice', ((NAME, reference, (min, max), kind), ...)).
func apyNode(id string, v any, groups *dict, depth int) (*node, error) {
	if depth > 20 {
		return nil, errors.New("groups nest too deep")
	}
	row := v.([]any)
	n := &node{name: id, kind: 'g'}
	if row[0] == "choice" {
		n.kind = 'c'
	}
	if len(row) < 2 {
		return n, nil
	}
	for _, c := range row[1].([]any) {
		child := c.([]any)
		name := child[0].(string)
		card := child[2].([]any)
		var sub *node
		if child[3] == "GRP" {
			def, ok := groups.values[name]
			if !ok {
				return nil, fmt.Errorf("no group %s", name)
			}
			var err error
			if sub, err = apyNode(name, def, groups, depth+1); err != nil {
				return nil, err
			}
		} else {
			sub = &node{name: name, kind: 's'}
		}
		sub.min, sub.max = card[0].(int), max(0, card[1].(int))
		n.children = append(n.children, sub)
	}
	return n, nil
}
