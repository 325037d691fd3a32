package mapping

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// compileMessages compiles the message tables to structures.
func (c *compiler) compileMessages(tables []*Table) {
	for _, t := range tables {
		for _, l := range t.Rows {
			if !l.Overlay {
				c.outcome(t, l, l.Cell(ColPath))
			}
		}
		c.compileMessage(t)
	}
}

func (c *compiler) compileMessage(t *Table) {
	s := Structure{Name: c.str(t.Name), Lo: uint32(len(c.p.Positions))}
	root := s.Lo
	c.p.Positions = append(c.p.Positions, Position{Name: s.Name, Parent: root})
	group := root
	lastIdent, lastSort := "", ""
	choice := false // the group at hand is one of alternatives
	for _, l := range t.Rows {
		syntax, ident := l.Cell(ColSyntax), l.Cell(ColIdent)
		switch seg := strings.Trim(syntax, "[{}]<>| "); {
		case ident == "" && l.Cell(ColPath) == "" || syntax == "|":
			continue
		case seg == "" && strings.ContainsAny(syntax, "[{<"):
			g := uint32(len(c.p.Positions))
			c.p.Positions = append(c.p.Positions, Position{Name: c.str(lastPart(ident)), Parent: group, Repeats: strings.Contains(syntax, "{"), Needed: !strings.Contains(syntax, "[")})
			group, lastIdent, choice = g, "", strings.Contains(syntax, "<")
			continue
		case seg == "":
			c.p.Positions[group].End = uint32(len(c.p.Positions))
			group, lastIdent, choice = c.p.Positions[group].Parent, "", false
			continue
		case len(seg) != 3:
			c.fail(t, l, fmt.Errorf("%q names no segment", syntax))
			continue
		}
		seg := strings.Trim(syntax, "[{}]<>| ")
		n := len(c.p.Positions) - 1
		if ident != lastIdent || lastPart(ident) != seg || strings.Contains(ident, ":") && l.Cell(ColSort) != lastSort {
			pos := Position{Name: c.str(seg), Parent: group, Repeats: strings.Contains(syntax, "{") || l.Cell(ColMax) == "-1", Needed: !choice && !strings.Contains(syntax, "[")}
			pos.Lo = uint32(len(c.p.Targets))
			pos.Hi = pos.Lo
			c.p.Positions = append(c.p.Positions, pos)
			n++
		}
		lastIdent, lastSort = ident, l.Cell(ColSort)
		if l.Cell(ColPath) == "" || l.Declared != "" {
			continue
		}
		target, err := c.compileTarget(t, l)
		if err != nil {
			c.fail(t, l, err)
			continue
		}
		if t.UK || l.UK {
			target.Flags |= OnlyUK
		}
		c.p.Targets = append(c.p.Targets, target)
		c.p.Positions[n].Hi = uint32(len(c.p.Targets))
	}
	if group != root {
		c.errs = append(c.errs, t.File+": a group is not closed")
	}
	c.p.Positions[root].End = uint32(len(c.p.Positions))
	s.Hi = uint32(len(c.p.Positions))
	c.scopes(s)
	c.p.Structures = append(c.p.Structures, s)
}

// origin names a row for people: the file and the row's number.
func origin(t *Table, l *Line) string {
	if l.File != "" {
		return fmt.Sprintf("%s#%d", l.File, l.N)
	}
	return fmt.Sprintf("%s#%d", t.File, l.N)
}

func lastPart(ident string) string {
	return ident[strings.LastIndexByte(ident, '.')+1:]
}

// scopes finds for each resource of a structure the innermost group around
// all its uses, and which segment creates it: the first to name it.
func (c *compiler) scopes(s Structure) {
	type key struct {
		typ Str
		num uint8
	}
	first := map[key]uint32{}
	scope := map[key]uint32{}
	each := func(f func(pos uint32, t *Target)) {
		for i := s.Lo; i < s.Hi; i++ {
			p := c.p.Positions[i]
			for j := p.Lo; j < p.Hi; j++ {
				f(i, &c.p.Targets[j])
			}
		}
	}
	each(func(pos uint32, t *Target) {
		k := key{t.Type, t.Num}
		if _, ok := first[k]; !ok {
			first[k], scope[k] = pos, c.p.Positions[pos].Parent
			return
		}
		g := scope[k]
		for pos < g || pos >= c.p.Positions[g].End {
			g = c.p.Positions[g].Parent
		}
		scope[k] = g
	})
	each(func(pos uint32, t *Target) {
		k := key{t.Type, t.Num}
		t.Anchor = first[k] == pos && t.Lo == t.Hi && !t.Part
		t.Main = t.Anchor && t.Origin == c.p.Targets[c.p.Positions[pos].Lo].Origin && t.Cond == None
		t.Scope = scope[k]
	})
}

func (c *compiler) compileTarget(t *Table, l *Line) (Target, error) {
	out := Target{Origin: c.str(origin(t, l)), Cond: None, Map: None}
	if l.Cell(ColCondition) == "" && l.Cell(ColNarrative) != "" && !t.Overlay && !l.Overlay {
		return out, fmt.Errorf("the condition is prose: %q", l.Cell(ColNarrative))
	}
	cond, err := c.condition(l.Cell(ColCondition))
	if err != nil {
		return out, err
	}
	out.Cond = cond
	path, literal, err := ParsePath(l.Cell(ColPath))
	if err != nil {
		return out, err
	}
	root, ok := fhir.R4().Type(path[0].Name)
	if !ok || !root.IsResource() {
		return out, fmt.Errorf("%q is no resource", path[0].Name)
	}
	out.Type, out.Num = c.str(root.Name()), uint8(path[0].Num)
	res := resolved{typ: root}
	if err := c.walk(&res, path[1:]); err != nil {
		return out, err
	}
	name := l.Cell(ColSegMap)
	switch {
	case name == "" && literal == "":
		return out, fmt.Errorf("no segment map is named")
	case name != "":
		m, ok := c.maps[fold(name)]
		if !ok {
			return out, fmt.Errorf("there is no map %q", name)
		}
		if got := c.order[m]; !got.segment {
			return out, fmt.Errorf("map %q is not of a segment", name)
		} else if got.target.Name() != res.typ.Name() {
			if res.typ.Name() != "Annotation" {
				return out, fmt.Errorf("map %q does not fill a %s", name, res.typ.Name())
			}
			// Observation[2].note with NTE[ServiceRequest]: the map names the note.
			res.steps = res.steps[:0]
			c.variants = append(c.variants, variant{row: None, target: int32(len(c.p.Targets)), typ: root})
			out.Part = true
		}
		out.Map = m
	}
	out.Part = out.Part || len(res.steps) > 0
	out.Lo, out.Hi = c.steps(res.steps)
	out.LLo = uint32(len(c.p.Links))
	if literal != "" {
		c.p.Links = append(c.p.Links, Link{Type: out.Type, Num: out.Num, Lo: out.Lo, Hi: out.Hi, Literal: c.str(literal), Prim: primOf(res.typ)})
		out.Lo, out.Hi = c.steps(nil)
	}
	err = c.links(l.Cell(ColLinks), path)
	out.LHi = uint32(len(c.p.Links))
	return out, err
}

// links reads the references column:
// "Observation[2].subject.reference=Patient[1].id; ..."
func (c *compiler) links(text string, primary []PathStep) error {
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		left, right, ok := strings.Cut(one, "=")
		if !ok {
			return fmt.Errorf("reference %q has no =", one)
		}
		left, right = strings.TrimSpace(left), strings.TrimSpace(right)
		path, _, err := ParsePath(left)
		if err != nil {
			return err
		}
		root, ok := fhir.R4().Type(path[0].Name)
		if !ok {
			return fmt.Errorf("reference %q: %q is no resource", one, path[0].Name)
		}
		if n := len(path); path[n-1].Name == "reference" {
			path = path[:n-1]
		}
		if sameSteps(path, primary) {
			continue // the cast of the primary target has made this reference
		}
		res := resolved{typ: root}
		if err := c.walk(&res, path[1:]); err != nil {
			return fmt.Errorf("reference %q: %w", one, err)
		}
		link := Link{Type: c.str(root.Name()), Num: uint8(path[0].Num), Prim: primOf(res.typ)}
		if right[0] == '"' {
			if link.Literal = c.str(strings.Trim(right, `"`)); link.Prim == Complex || link.Prim == Reference {
				return fmt.Errorf("reference %q: a %s cannot hold a text", one, res.typ.Name())
			}
		} else {
			name, num, err := linkTarget(strings.TrimSuffix(right, ".id"))
			if err != nil {
				return fmt.Errorf("reference %q: %w", one, err)
			}
			if _, ok := fhir.R4().Type(name); !ok {
				return fmt.Errorf("reference %q: %q is no resource", one, name)
			}
			if link.ToType, link.ToNum = c.str(name), uint8(num); link.Prim != Reference {
				return fmt.Errorf("reference %q: a %s is no reference", one, res.typ.Name())
			}
		}
		link.Lo, link.Hi = c.steps(res.steps)
		c.p.Links = append(c.p.Links, link)
	}
	return nil
}

func sameSteps(a, b []PathStep) bool {
	if len(a) != len(b) || len(b[len(b)-1].Cast) == 0 {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name {
			return false
		}
	}
	return true
}

// linkTarget reads Patient, Patient[1] or Specimen[n].
func linkTarget(s string) (string, int, error) {
	name, rest, ok := strings.Cut(s, "[")
	if !ok {
		return s, 0, nil
	}
	switch num := strings.TrimSuffix(rest, "]"); num {
	case "n", "1..n", "each":
		return name, 99, nil
	default:
		if len(num) == 3 && num[0] >= 'A' { // Patient[PID]
			return name, 0, nil
		}
		n, err := strconv.Atoi(num)
		if err != nil || n < 1 || n > 98 {
			return "", 0, fmt.Errorf("%q is not an instance number", num)
		}
		return name, n, nil
	}
}
