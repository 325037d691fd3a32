package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// Extend compiles tables on top of a program, which it leaves as it is. Rows
// of maps and code tables that exist are added to them; a message table must
// be of a structure of its own.
func Extend(base *Program, t *Tables) (*Program, error) {
	p := *base
	p.Strings, p.Maps, p.Rows, p.Steps = slices.Clone(p.Strings), slices.Clone(p.Maps), slices.Clone(p.Rows), slices.Clone(p.Steps)
	p.Conds, p.Refs, p.Parts = slices.Clone(p.Conds), slices.Clone(p.Refs), slices.Clone(p.Parts)
	p.Vocabs, p.Codes, p.Events = slices.Clone(p.Vocabs), slices.Clone(p.Codes), slices.Clone(p.Events)
	p.Structures, p.Positions, p.Targets, p.Links = slices.Clone(p.Structures), slices.Clone(p.Positions), slices.Clone(p.Targets), slices.Clone(p.Links)
	c := &compiler{p: &p, strs: make(map[string]Str, len(p.Strings)), maps: map[string]int32{}, vocabs: map[string]int32{}, types: map[string]bool{}, refs: map[Ref]int32{}, conds: map[string]int32{}, paths: map[string][2]uint32{}}
	for i, s := range p.Strings {
		c.strs[s] = Str(i)
	}
	for i, v := range p.Vocabs {
		c.vocabs[fold(p.Strings[v.Name])] = int32(i)
	}
	copies := map[string][]int32{} // of maps for other types, see makeVariants
	for i, m := range p.Maps {
		target, _ := fhir.R4().Type(p.Strings[m.Target])
		k := fold(p.Strings[m.Name])
		if _, ok := c.maps[k]; ok {
			copies[k] = append(copies[k], int32(i))
		} else {
			c.maps[k] = int32(i)
		}
		c.order = append(c.order, &mapUnit{index: int32(i), segment: m.Segment, target: target, source: p.Strings[m.Source]})
		if !m.Segment {
			c.types[p.Strings[m.Source]] = true
		}
	}
	c.extendCodes(t.Codes)
	for _, tab := range slices.Concat(t.Segments, t.Datatypes) {
		if _, ok := c.maps[fold(tab.Name)]; ok {
			continue
		}
		c.declareMaps([]*Table{tab}, strings.HasPrefix(tab.File, "segments/"))
	}
	for _, tab := range slices.Concat(t.Segments, t.Datatypes) {
		i, ok := c.maps[fold(tab.Name)]
		if !ok {
			continue
		}
		c.extendMap(c.order[i], tab)
		for _, i := range copies[fold(tab.Name)] {
			errs := len(c.errs)
			c.extendMap(c.order[i], tab)
			c.errs = c.errs[:errs] // elements that the other type does not have
		}
	}
	for _, m := range t.Messages {
		if i := slices.IndexFunc(p.Structures, func(s Structure) bool { return p.Strings[s.Name] == m.Name }); i >= 0 {
			p.Structures = slices.Delete(p.Structures, i, i+1) // a whole table replaces the other
		}
		c.compileMessage(m)
	}
	c.compileEvents(t.Events)
	c.makeVariants()
	if len(c.errs) > 0 {
		return nil, fmt.Errorf("overlay: %d rows cannot be compiled:\n%s", len(c.errs), strings.Join(c.errs, "\n"))
	}
	return &p, nil
}

// extendMap moves the rows of a map to the end of all rows, with those of a
// table behind them.
func (c *compiler) extendMap(u *mapUnit, tab *Table) {
	m := c.p.Maps[u.index]
	lo := uint32(len(c.p.Rows))
	c.p.Rows = append(c.p.Rows, c.p.Rows[m.Lo:m.Hi]...)
	for _, l := range tab.Rows {
		path := l.Cell(ColPath)
		if path == "" && l.Cell(ColAction) == "" {
			continue
		}
		if action := l.Cell(ColAction); action == "replace" || action == "disable" {
			steps := [2]uint32{}
			if path != "" {
				parsed, _, err := ParsePath(path)
				if err != nil {
					c.fail(tab, l, err)
					continue
				}
				res, err := c.resolve(u.target, parsed)
				if err != nil {
					c.fail(tab, l, err)
					continue
				}
				steps[0], steps[1] = c.steps(res.steps)
			}
			before := len(c.p.Rows)
			kept := c.p.Rows[:lo]
			for _, r := range c.p.Rows[lo:] {
				if c.p.Strings[r.Ident] != l.Cell(ColIdent) || path != "" && !c.samePath(r, steps) {
					kept = append(kept, r)
				}
			}
			c.p.Rows = kept
			if len(kept) == before {
				c.fail(tab, l, fmt.Errorf("there is no row to %s", action))
			}
			if action == "disable" {
				continue
			}
		}
		row, err := c.compileRow(u, tab, l)
		if err != nil {
			c.fail(tab, l, err)
			continue
		}
		if c.elsewhere(u, &row) {
			c.variants = append(c.variants, variant{row: int32(len(c.p.Rows)), target: None, typ: u.target})
		}
		c.p.Rows = append(c.p.Rows, row)
	}
	c.p.Maps[u.index].Lo, c.p.Maps[u.index].Hi = lo, uint32(len(c.p.Rows))
}

// samePath compares the path of a row with steps; what a datatype map adds
// at the end does not count.
func (c *compiler) samePath(r Row, steps [2]uint32) bool {
	a, b := c.p.Steps[r.Lo:r.Hi], c.p.Steps[steps[0]:steps[1]]
	if r.Flags&OnParent != 0 && len(b) > 0 {
		b = b[:len(b)-1]
	}
	return len(a) >= len(b) && slices.Equal(a[:len(b)], b)
}

// extendCodes adds code tables, and codes to those that exist: a code that is
// there already is replaced.
func (c *compiler) extendCodes(tables []*Table) {
	for _, t := range tables {
		at, exists := c.vocabs[fold(t.Name)]
		if !exists {
			c.compileCodes([]*Table{t})
			continue
		}
		v := c.p.Vocabs[at]
		codes := slices.Clone(c.p.Codes[v.Lo:v.Hi])
		for _, l := range t.Rows {
			if l.Cell(CodeFrom) == "" {
				continue
			}
			code := Code{c.str(l.Cell(CodeFrom)), c.str(l.Cell(CodeTo)), c.str(l.Cell(CodeDisplay)), c.str(l.Cell(CodeSystem)), 0}
			codes = slices.DeleteFunc(codes, func(o Code) bool { return o.From == code.From })
			codes = append(codes, code)
		}
		slices.SortStableFunc(codes, func(a, b Code) int {
			return strings.Compare(c.p.Strings[a.From], c.p.Strings[b.From])
		})
		c.p.Vocabs[at].Lo = uint32(len(c.p.Codes))
		c.p.Codes = append(c.p.Codes, codes...)
		c.p.Vocabs[at].Hi = uint32(len(c.p.Codes))
	}
}
