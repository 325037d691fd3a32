package mapping

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// Outcome is what became of one official row that has a target.
type Outcome struct {
	File, Ident, Target string
	Row                 int
	Status              string // executed, patched, declared
	Reason              string
}

// Compile makes a Program of tables. It also returns what became of each
// official row that names a target; rows that cannot be compiled and are not
// declared in the patch are errors, all of them in one.
func Compile(t *Tables) (*Program, []Outcome, error) {
	c := &compiler{p: &Program{Strings: []string{""}}, strs: map[string]Str{"": 0}, maps: map[string]int32{}, vocabs: map[string]int32{}, types: map[string]bool{}, refs: map[Ref]int32{}, conds: map[string]int32{}, paths: map[string][2]uint32{}}
	c.p.Conds = append(c.p.Conds, Cond{Op: CondTrue, A: None, B: None, Ref: None})
	for _, d := range t.Datatypes {
		name, _, _ := strings.Cut(d.Name, "[")
		c.types[name] = true
	}
	for _, extra := range []string{"CX", "XPN", "HD", "PL", "EI", "SN", "NA", "MSG", "DTM", "TS", "XON", "XCN", "XAD", "XTN", "CWE", "CE", "CF", "CNE"} {
		c.types[extra] = true
	}
	c.compileCodes(t.Codes)
	c.declareMaps(t.Segments, true)
	c.declareMaps(t.Datatypes, false)
	for _, m := range c.order {
		c.compileMap(m)
	}
	c.compileMessages(t.Messages)
	c.compileEvents(t.Events)
	c.makeVariants()
	if len(c.errs) > 0 {
		return nil, c.outcomes, fmt.Errorf("%d rows cannot be compiled:\n%s", len(c.errs), strings.Join(c.errs, "\n"))
	}
	return c.p, c.outcomes, nil
}

type compiler struct {
	p        *Program
	strs     map[string]Str
	maps     map[string]int32
	vocabs   map[string]int32
	types    map[string]bool
	refs     map[Ref]int32
	conds    map[string]int32
	paths    map[string][2]uint32
	order    []*mapUnit
	outcomes []Outcome
	errs     []string
	variants []variant
}

// variant asks for the rows of a map at another type than the map's own, for
// a row or, if target is not None, a target.
type variant struct {
	row, target int32
	typ         fhir.Type
}

// makeVariants makes the maps that were asked for. The elements of a type
// stand at places of their own, so the rows are copied.
func (c *compiler) makeVariants() {
	made := map[string]int32{}
	for _, v := range c.variants {
		use := &c.p.Targets[max(v.target, 0)].Map
		if v.target == None {
			use = &c.p.Rows[v.row].Map
		}
		k := fmt.Sprint(*use, v.typ.Name())
		at, ok := made[k]
		if !ok {
			at = int32(len(c.p.Maps))
			made[k] = at
			m := c.variant(c.p.Maps[*use], v.typ, v.target == None)
			c.p.Maps = append(c.p.Maps, m)
		}
		if v.target == None {
			c.p.Rows[v.row].Map = at
		} else {
			c.p.Targets[v.target].Map = at
		}
	}
	c.variants = nil
}

// guests is added to the numbers by which a map tells the instances of a list
// apart, where it fills a list that another map numbers, too.
const guests = 64

// variant copies the rows of a map for another type, less those for elements
// that it does not have.
func (c *compiler) variant(m Map, typ fhir.Type, guest bool) Map {
	lo := uint32(len(c.p.Rows))
	for _, row := range c.p.Rows[m.Lo:m.Hi] {
		steps := slices.Clone(c.p.Steps[row.Lo:row.Hi])
		if len(steps) > 0 && steps[0].Kind == StepElement {
			prop, ok := typ.Property(c.p.Strings[steps[0].Name])
			if !ok {
				continue
			}
			steps[0].Order, steps[0].Array = uint16(prop.Ordinal()), prop.IsList()
			if guest && steps[0].Num > 0 {
				steps[0].Num += guests
			}
		}
		row.Lo, row.Hi = c.steps(steps)
		c.p.Rows = append(c.p.Rows, row)
	}
	m.Target, m.Lo, m.Hi = c.str(typ.Name()), lo, uint32(len(c.p.Rows))
	return m
}

// mapUnit gathers the tables that make one map: the official one and ours.
type mapUnit struct {
	index   int32
	tables  []*Table
	segment bool
	target  fhir.Type
	source  string
}

func (c *compiler) str(s string) Str {
	if n, ok := c.strs[s]; ok {
		return n
	}
	n := Str(len(c.p.Strings))
	c.p.Strings = append(c.p.Strings, s)
	c.strs[s] = n
	return n
}

// fold is how names of maps and vocabularies are compared: the tables spell
// one name in several ways.
func fold(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		ch := s[i]
		switch {
		case ch >= 'A' && ch <= 'Z':
			b = append(b, ch+'a'-'A')
		case ch >= 'a' && ch <= 'z' || ch >= '0' && ch <= '9' || ch == '[':
			b = append(b, ch)
		}
	}
	return string(b)
}

func (c *compiler) fail(t *Table, l *Line, err error) {
	c.errs = append(c.errs, fmt.Sprintf("%s#%d %s %s: %v", t.File, l.N, l.Cell(ColIdent), l.Cell(ColPath), err))
}

func (c *compiler) outcome(t *Table, l *Line, target string) {
	if t.Overlay || target == "" {
		return
	}
	o := Outcome{File: t.File, Ident: l.Cell(ColIdent), Target: target, Row: l.N, Status: "executed"}
	switch {
	case l.Declared != "":
		o.Status, o.Reason = "declared", l.Declared
	case l.Patched:
		o.Status = "patched"
	}
	c.outcomes = append(c.outcomes, o)
}

func (c *compiler) compileCodes(tables []*Table) {
	group := map[string][]*Table{}
	var order []string
	for _, t := range tables {
		k := fold(t.Name)
		if group[k] == nil {
			order = append(order, k)
		}
		group[k] = append(group[k], t)
	}
	sort.Strings(order)
	for _, k := range order {
		v := Vocab{Name: c.str(group[k][0].Name), Lo: uint32(len(c.p.Codes))}
		seen := map[string]int{}
		var codes []Code
		for _, t := range group[k] {
			for _, l := range t.Rows {
				from := l.Cell(CodeFrom)
				if from == "" {
					continue
				}
				if v.Table == 0 && l.Cell(CodeTable) != "" {
					v.Table = c.str(l.Cell(CodeTable))
				}
				code := Code{c.str(from), c.str(l.Cell(CodeTo)), c.str(l.Cell(CodeDisplay)), c.str(l.Cell(CodeSystem)), 0}
				if t.UK {
					code.Flags |= OnlyUK
				}
				if i, dup := seen[from]; dup {
					if t.Overlay {
						if t.UK {
							codes[i].Flags |= NotUK
							codes = append(codes, code)
						} else {
							codes[i] = code
						}
					}
					continue
				}
				seen[from] = len(codes)
				codes = append(codes, code)
			}
		}
		sort.SliceStable(codes, func(i, j int) bool {
			return c.p.Strings[codes[i].From] < c.p.Strings[codes[j].From]
		})
		c.p.Codes = append(c.p.Codes, codes...)
		v.Hi = uint32(len(c.p.Codes))
		c.vocabs[k] = int32(len(c.p.Vocabs))
		c.p.Vocabs = append(c.p.Vocabs, v)
	}
}

func (c *compiler) declareMaps(tables []*Table, segment bool) {
	for _, t := range tables {
		k := fold(t.Name)
		if i, ok := c.maps[k]; ok {
			c.order[i].tables = append(c.order[i].tables, t)
			continue
		}
		source, rest, _ := strings.Cut(t.Name, "[")
		target, err := targetType(strings.TrimSuffix(rest, "]"))
		if err != nil {
			c.errs = append(c.errs, t.File+": "+err.Error())
			continue
		}
		u := &mapUnit{index: int32(len(c.order)), tables: []*Table{t}, segment: segment, target: target, source: source}
		c.maps[k] = u.index
		c.order = append(c.order, u)
		c.p.Maps = append(c.p.Maps, Map{Name: c.str(t.Name), Source: c.str(source), Target: c.str(target.Name()), Segment: segment})
	}
}

func (c *compiler) compileMap(u *mapUnit) {
	type keyed struct {
		ident, path string
		row         int
	}
	m := &c.p.Maps[u.index]
	m.Lo = uint32(len(c.p.Rows))
	var done []keyed
	for _, t := range u.tables {
		for _, l := range t.Rows {
			path := l.Cell(ColPath)
			c.outcome(t, l, path)
			action := ""
			if t.Overlay {
				action = l.Cell(ColAction)
			}
			if action == "replace" || action == "disable" {
				hits := 0
				for _, d := range done {
					if d.ident == l.Cell(ColIdent) && (d.path == path || path == "") {
						hits++
						if t.UK {
							c.p.Rows[d.row].Flags |= NotUK
						} else {
							c.p.Rows[d.row].Flags |= NotUK | OnlyUK
						}
					}
				}
				if hits == 0 {
					c.fail(t, l, fmt.Errorf("there is no row to %s", action))
				}
				if action == "disable" {
					continue
				}
			}
			if path == "" || l.Declared != "" {
				continue
			}
			row, err := c.compileRow(u, t, l)
			if err != nil {
				c.fail(t, l, err)
				continue
			}
			if t.UK {
				row.Flags |= OnlyUK
			}
			if c.elsewhere(u, &row) {
				c.variants = append(c.variants, variant{row: int32(len(c.p.Rows)), target: None, typ: u.target})
			}
			done = append(done, keyed{l.Cell(ColIdent), path, len(c.p.Rows)})
			c.p.Rows = append(c.p.Rows, row)
		}
	}
	c.p.Maps[u.index].Hi = uint32(len(c.p.Rows))
}

func (c *compiler) compileRow(u *mapUnit, t *Table, l *Line) (Row, error) {
	row := Row{Origin: c.str(fmt.Sprintf("%s#%d", t.File, l.N)), Ident: c.str(l.Cell(ColIdent)), Cond: None, Map: None, Vocab: None}
	if t.Overlay && l.Cell(ColAction) == "default" {
		row.Flags |= Default
	}
	if l.Cell(ColCondition) == "" && l.Cell(ColNarrative) != "" && !t.Overlay {
		return row, fmt.Errorf("the condition is prose: %q", l.Cell(ColNarrative))
	}
	if err := c.rowSource(u, &row, l.Cell(ColIdent)); err != nil {
		return row, err
	}
	cond, err := c.condition(l.Cell(ColCondition))
	if err != nil {
		return row, err
	}
	row.Cond = cond
	path, literal, err := ParsePath(l.Cell(ColPath))
	if err != nil {
		return row, err
	}
	res, err := c.resolve(u.target, path)
	if err != nil {
		return row, err
	}
	if name := l.Cell(ColVocab); name != "" {
		v, ok := c.vocabs[fold(name)]
		if !ok {
			return row, fmt.Errorf("there is no code table %q", name)
		}
		row.Vocab = v
	}
	assign := l.Cell(ColAssign)
	if literal != "" {
		assign = strconv.Quote(literal)
	}
	if assign != "" {
		if err := c.assignment(&row, assign); err != nil {
			return row, err
		}
		if !slices.ContainsFunc(c.p.Parts[row.PLo:row.PHi], func(p Part) bool { return p.Ref != None }) {
			row.Flags |= Constant
		}
		if row.Cond != None && c.whenEmpty(row.Cond, &row, u) {
			row.Flags |= WhenEmpty
		}
	} else if name := l.Cell(ColMap); name != "" {
		m, ok := c.maps[fold(name)]
		if !ok {
			return row, fmt.Errorf("there is no map %q", name)
		}
		row.Map = m
		if err := c.fit(u, &row, &res, c.order[m].target); err != nil {
			return row, err
		}
	} else if n := len(res.steps); n > 0 && res.steps[n-1].Kind == StepResource {
		row.Assign = AssignNothing
		row.Flags |= Constant
		if res.required {
			row.Flags |= Demanded
		}
	} else if primOf(res.typ) == Complex || primOf(res.typ) == Reference {
		if err := c.defaultMap(u, &row, &res, l); err != nil {
			return row, err
		}
	}
	if primOf(res.typ) == Complex && row.Map == None && row.Vocab != None && res.typ.Name() != "CodeableConcept" && res.typ.Name() != "Coding" {
		return row, fmt.Errorf("a code table cannot fill a %s", res.typ.Name())
	}
	last := res.steps
	if len(last) > 0 && last[len(last)-1].Kind == StepSibling {
		row.Flags |= Constant
	}
	if row.WholeField && u.segment && row.Assign == AssignSource && row.Map == None {
		return row, fmt.Errorf("a segment is no value: an assignment is needed")
	}
	if res.typ.Name() == "Coding" {
		row.Flags |= IntoCoding
	}
	row.Prim = primOf(res.typ)
	if n := len(res.steps); n > 0 && res.steps[n-1].Kind == StepElement {
		row.Prim = res.steps[n-1].Prim
	}
	if row.Assign == AssignText && row.Prim == Complex && row.Vocab == None {
		// "unknown" for a CodeableConcept is its text.
		if res.typ.Name() != "CodeableConcept" {
			return row, fmt.Errorf("a %s cannot hold a text", res.typ.Name())
		}
		if err := c.walk(&res, []PathStep{{Name: "text"}}); err != nil {
			return row, err
		}
		row.Prim = String
	}
	row.Lo, row.Hi = c.steps(res.steps)
	return row, nil
}

// elsewhere reports whether a row runs a map of another type on the element
// that its own map fills.
func (c *compiler) elsewhere(u *mapUnit, row *Row) bool {
	return row.Map != None && row.Lo == row.Hi && !c.order[row.Map].target.IsPrimitive() && family(c.order[row.Map].target.Name()) != family(u.target.Name())
}

// fit makes a datatype map of one type usable at an element of another.
func (c *compiler) fit(u *mapUnit, row *Row, res *resolved, target fhir.Type) error {
	have, want := family(res.typ.Name()), family(target.Name())
	switch {
	case res.this && target.IsResource() && u.target.Name() != target.Name():
		res.steps = append(res.steps, Step{Kind: StepNew, Name: c.str(target.Name())})
		res.typ = target
	case res.this, have == want:
	case res.typ.IsPrimitive() && target.IsPrimitive():
	case have == "Reference" && target.IsResource():
		return c.castTo(res, target)
	case have == "CodeableConcept" && want == "Coding":
		return c.walk(res, []PathStep{{Name: "coding"}})
	case !res.parent.IsZero() && family(res.parent.Name()) == want:
		row.Flags |= OnParent
		res.steps = res.steps[:len(res.steps)-1]
		res.typ = res.parent
	case res.typ.IsPrimitive() && len(res.steps) == 1 && family(u.target.Name()) == want,
		res.typ.IsPrimitive() && len(res.steps) == 2 && res.steps[0].Kind == StepInstance && family(u.target.Name()) == want:
		row.Flags |= OnParent
		res.steps = res.steps[:len(res.steps)-1]
		res.typ = u.target
	default:
		return fmt.Errorf("a map to %s does not fill a %s", target.Name(), res.typ.Name())
	}
	return nil
}

func (c *compiler) castTo(res *resolved, target fhir.Type) error {
	res.steps = append(res.steps, Step{Kind: StepResource, Name: c.str(target.Name())})
	res.parent, res.typ = res.typ, target
	return nil
}

// defaultMap chooses how a value fills a complex element that no map is named
// for.
func (c *compiler) defaultMap(u *mapUnit, row *Row, res *resolved, l *Line) error {
	if n := len(res.steps); n > 0 && res.steps[n-1].Kind == StepSibling {
		return nil
	}
	if m, ok := c.maps[fold(l.Cell(ColV2Type)+"["+res.typ.Name())]; ok && l.Cell(ColV2Type) != "" {
		row.Map = m
		return nil
	}
	if row.Vocab != None {
		return nil
	}
	switch res.typ.Name() {
	case "CodeableConcept":
		return c.walk(res, []PathStep{{Name: "coding"}, {Name: "code"}})
	case "Coding":
		return c.walk(res, []PathStep{{Name: "code"}})
	case "Identifier", "Quantity":
		return c.walk(res, []PathStep{{Name: "value"}})
	case "Annotation", "Address", "HumanName":
		return c.walk(res, []PathStep{{Name: "text"}})
	}
	return fmt.Errorf("no map says how to fill a %s", res.typ.Name())
}

// rowSource reads the identifier column: PID-3, CX.4, PID, DTM.(p1)(3-4).
func (c *compiler) rowSource(u *mapUnit, row *Row, ident string) error {
	if ident == "" || ident == u.source {
		row.WholeField = true
		return nil
	}
	isType := func(string) bool { return !u.segment }
	r, ok := ParseReference(strings.ReplaceAll(ident, " ", ""), isType)
	if !ok {
		return fmt.Errorf("%q is not a position", ident)
	}
	row.Field, row.Component, row.Sub = int16(r.Field), int16(r.Component), int16(r.Sub)
	row.WholeField = r.Field == 0 && r.Component == 0
	return nil
}

func (c *compiler) condition(text string) (int32, error) {
	if text == "" || text == "TRUE" {
		return None, nil
	}
	if i, ok := c.conds[text]; ok {
		return i, nil
	}
	e, err := ParseCondition(text, func(s string) bool { return c.types[s] })
	if err != nil {
		return None, err
	}
	i := c.expr(e)
	c.conds[text] = i
	return i, nil
}

func (c *compiler) expr(e *Expr) int32 {
	n := Cond{Op: e.Op, Measure: e.Measure, A: None, B: None, Ref: None}
	if e.A != nil {
		n.A = c.expr(e.A)
	}
	if e.B != nil {
		n.B = c.expr(e.B)
	}
	if e.A == nil && e.Op != CondTrue && e.Op != CondFalse {
		n.Ref = c.ref(e.Ref)
	}
	n.Lo = uint32(len(c.p.Parts))
	for _, v := range e.Values {
		part := Part{Literal: c.str(v.Literal), Ref: None}
		if v.Ref != nil {
			part.Ref = c.ref(*v.Ref)
		}
		c.p.Parts = append(c.p.Parts, part)
	}
	n.Hi = uint32(len(c.p.Parts))
	c.p.Conds = append(c.p.Conds, n)
	return int32(len(c.p.Conds) - 1)
}

func (c *compiler) ref(r Position3) int32 {
	ref := Ref{Own: r.Name == "", Segment: r.Name != "" && !r.Datatype, Name: c.str(r.Name), Field: int16(r.Field), Component: int16(r.Component), Sub: int16(r.Sub)}
	if i, ok := c.refs[ref]; ok {
		return i
	}
	c.p.Refs = append(c.p.Refs, ref)
	c.refs[ref] = int32(len(c.p.Refs) - 1)
	return c.refs[ref]
}

// whenEmpty reports whether a condition asks that the row's own element be
// not valued: the row then says what to do in its absence.
func (c *compiler) whenEmpty(i int32, row *Row, u *mapUnit) bool {
	n := c.p.Conds[i]
	if n.Op == CondNot && c.p.Conds[n.A].Op == CondValued {
		r := c.p.Refs[c.p.Conds[n.A].Ref]
		return r.Own || c.p.Strings[r.Name] == u.source && r.Field == row.Field && r.Component == row.Component && r.Sub == row.Sub
	}
	return n.A != None && c.whenEmpty(n.A, row, u) || n.B != None && c.whenEmpty(n.B, row, u)
}

// assignment reads the assignment column: literals and references, with or
// without a plus sign between them.
func (c *compiler) assignment(row *Row, text string) error {
	row.Assign = AssignText
	row.PLo = uint32(len(c.p.Parts))
	for s := text; s != ""; {
		s = strings.TrimLeft(s, " +\n\r\t")
		if s == "" {
			break
		}
		part := Part{Ref: None}
		if s[0] == '"' {
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				return fmt.Errorf("assignment %q: a quote is not closed", text)
			}
			part.Literal = c.str(s[1 : end+1])
			s = s[end+2:]
		} else {
			end := strings.IndexAny(s, " +\"\n\r\t")
			if end < 0 {
				end = len(s)
			}
			name := s[:end]
			if fn, rest, ok := strings.Cut(name, ":"); ok && funcs(fn) != FuncNone {
				part.Func, name = funcs(fn), rest
			}
			r, ok := ParseReference(name, func(n string) bool { return c.types[n] })
			if !ok {
				return fmt.Errorf("assignment %q: %q is neither a literal nor a position", text, s[:end])
			}
			part.Ref = c.ref(r)
			s = s[end:]
		}
		c.p.Parts = append(c.p.Parts, part)
	}
	row.PHi = uint32(len(c.p.Parts))
	return nil
}

func funcs(name string) Func {
	switch name {
	case "number":
		return FuncNumber
	case "comparator":
		return FuncComparator
	case "digits":
		return FuncDigits
	}
	return FuncNone
}

func (c *compiler) steps(s []Step) (lo, hi uint32) {
	key := fmt.Sprint(s)
	if r, ok := c.paths[key]; ok {
		return r[0], r[1]
	}
	lo = uint32(len(c.p.Steps))
	c.p.Steps = append(c.p.Steps, s...)
	hi = uint32(len(c.p.Steps))
	c.paths[key] = [2]uint32{lo, hi}
	return lo, hi
}

func (c *compiler) compileEvents(tables []*Table) {
	byName := map[string]Event{}
	for _, t := range tables {
		for _, l := range t.Rows {
			if l.Cell(0) == "" {
				continue
			}
			if !slices.ContainsFunc(c.p.Structures, func(s Structure) bool { return c.p.Strings[s.Name] == l.Cell(1) }) {
				c.errs = append(c.errs, fmt.Sprintf("%s#%d: there is no structure %q", t.File, l.N, l.Cell(1)))
				continue
			}
			byName[l.Cell(0)] = Event{c.str(l.Cell(0)), c.str(l.Cell(1))}
		}
	}
	for _, e := range byName {
		c.p.Events = append(c.p.Events, e)
	}
	slices.SortFunc(c.p.Events, func(a, b Event) int {
		return strings.Compare(c.p.Strings[a.Name], c.p.Strings[b.Name])
	})
}
