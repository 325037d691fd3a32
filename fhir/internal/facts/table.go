package facts

import (
	"errors"
	"fmt"
)

// Table reads a built table in place. It is immutable and safe for concurrent
// use; copying it is cheap.
type Table struct {
	strings, lists, names         string
	structs, elements             string
	types, props, slots           string
	typeSets, ruleSets            string
	bindings, rules               string
	systems, concepts             string
	valueSets, members            string
	search                        string
	version                       string
	numNames, numTypes, numStruct uint32
}

// Open checks the header of a table and returns its reader.
func Open(data string) (Table, error) {
	var t Table
	if len(data) < len(Magic)+8*numSections || data[:len(Magic)] != Magic {
		return t, errors.New("facts: not a definitions table of this version")
	}
	var sec [numSections]string
	for i := range sec {
		at := uint32(len(Magic) + 8*i)
		from, n := u32(data, at), u32(data, at+4)
		if uint64(from)+uint64(n) > uint64(len(data)) {
			return t, fmt.Errorf("facts: section %d ends outside the table", i)
		}
		sec[i] = data[from : from+n]
	}
	t = Table{
		strings: sec[secStrings], lists: sec[secLists], names: sec[secNames],
		structs: sec[secStructs], elements: sec[secElements],
		types: sec[secTypes], props: sec[secProps], slots: sec[secSlots],
		typeSets: sec[secTypeSets], ruleSets: sec[secRuleSets],
		bindings: sec[secBindings], rules: sec[secRules],
		systems: sec[secSystems], concepts: sec[secConcepts],
		valueSets: sec[secValueSets], members: sec[secMembers],
		search: sec[secSearch], version: sec[secVersion],
	}
	t.numNames = uint32(len(t.names) / 4)
	t.numTypes = uint32(len(t.types) / typeRow)
	t.numStruct = uint32(len(t.structs) / structRow)
	return t, nil
}

func u16(s string, i uint32) uint16 {
	_ = s[i+1]
	return uint16(s[i]) | uint16(s[i+1])<<8
}

func u32(s string, i uint32) uint32 {
	_ = s[i+3]
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

func u64(s string, i uint32) uint64 {
	return uint64(u32(s, i)) | uint64(u32(s, i+4))<<32
}

// Str returns an interned string.
func (t *Table) Str(ref uint32) string {
	if ref == 0 {
		return ""
	}
	if n := uint32(t.strings[ref]); n < 0x80 {
		return t.strings[ref+1 : ref+1+n]
	}
	return t.longStr(ref)
}

func (t *Table) longStr(ref uint32) string {
	n, i := uint32(0), ref
	for shift := 0; ; shift += 7 {
		b := t.strings[i]
		i++
		n |= uint32(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	return t.strings[i : i+n]
}

// List is a run of words in a table.
type List string

// List returns the list at a reference.
func (t *Table) List(ref uint32) List {
	if ref == 0 {
		return ""
	}
	n := u32(t.lists, ref)
	return List(t.lists[ref+4 : ref+4+4*n])
}

// Len returns the number of words.
func (l List) Len() int { return len(l) / 4 }

// At returns the i-th word.
func (l List) At(i int) uint32 { return u32(string(l), uint32(4*i)) }

// Version is the version of FHIR that the table holds: "4.0.1".
func (t *Table) Version() string { return t.version }

// NumNames returns the number of names; ids run from 1 to it.
func (t *Table) NumNames() int { return int(t.numNames) - 1 }

// Name returns a name by its id.
func (t *Table) Name(id uint16) string {
	if uint32(id) >= t.numNames {
		return ""
	}
	return t.Str(u32(t.names, 4*uint32(id)))
}

// NameID returns the id of a name, 0 if the table has none such.
func (t *Table) NameID(name string) uint16 {
	if i, ok := t.find(t.names, 4, t.numNames, name); ok {
		return uint16(i)
	}
	return 0
}

// find searches rows whose first word is a string, sorted by it.
func (t *Table) find(rows string, width, n uint32, key string) (uint32, bool) {
	lo, hi := uint32(0), n
	for lo < hi {
		mid := (lo + hi) / 2
		if t.Str(u32(rows, mid*width)) < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < n && t.Str(u32(rows, lo*width)) == key
}
