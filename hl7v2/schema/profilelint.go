package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// Lint returns where the profile contradicts the version of HL7 that it is for:
// a profile may narrow what the standard allows, and never widen it. Errors
// are messages, segments, places and elements that the version does not have,
// what it requires and the profile does not, more repetitions, other data types
// and codes of closed tables; warnings what else a reader should look at, such
// as other tables and greater lengths, and in an implementation profile what is
// left optional. Z segments are the profile's own.
//
// The issues are located in the text that the profile was read from, as those of
// ParseProfile are; paths are those of its elements. There are at most 500 and a CodeTooMany. Without facts
// of the version, nothing is found.
func (p *Profile) Lint(text []byte) []hl7v2.Issue {
	if !p.baseKnown {
		return nil
	}
	t, _ := decodeProfile(text)
	l := profileLint{p: p, v: p.base, findings: findings{lines: lines{data: t.text}, origin: t}}
	for i := range p.tables {
		l.table(&p.tables[i])
	}
	for i := range p.messages {
		l.message(&p.messages[i])
	}
	return l.issues
}

// profileLint compares a profile with the standard.
type profileLint struct {
	p *Profile
	v Version
	findings
}

func (l *profileLint) widens(at int, path, format string, args ...any) {
	l.report(hl7v2.Error, CodeProfileBase, path, at, l.p.clause(""), fmt.Errorf(format, args...))
}

func (l *profileLint) doubtful(at int, path, format string, args ...any) {
	l.report(hl7v2.Warning, CodeProfileBase, path, at, l.p.clause(""), fmt.Errorf(format, args...))
}

// table reports codes that a closed table of the version does not have. A table
// is closed where fields of type ID use it.
func (l *profileLint) table(t *profileTable) {
	number := tableNumber(t.id)
	base, ok := l.v.Table(number)
	if number == 0 || !ok || base.Len() == 0 || base.Open() || !l.closed(number) {
		return
	}
	for _, c := range t.codes {
		if _, ok := base.Display(c.code); !ok && !(number == codingSystems && isCodingSystem(c.code)) {
			l.widens(t.at, "", "table %04d of version %s is closed and has not all of these codes", number, l.v)
			return
		}
	}
}

func (l *profileLint) closed(table int) bool {
	for s := range l.v.Segments() {
		for n := 1; n <= s.NumFields(); n++ {
			if e, ok := s.Field(n); ok && e.Table() == table && e.Type() == "ID" {
				return true
			}
		}
	}
	return false
}

func (l *profileLint) message(m *profileMessage) {
	id, known := l.v.StructureOf(m.typ, m.event)
	every := m.event == "" && m.structure == "" && !known // which have no structure in common
	switch {
	case !known && m.event != "":
		l.doubtful(m.at, "", "version %s has no message %s^%s", l.v, m.typ, m.event)
	case known && m.structure != "" && m.structure != id && !l.v.lists(m.structure, m.typ, m.event):
		l.widens(m.at, "", "%s^%s has the structure %s in version %s", m.typ, m.event, id, l.v)
	}
	if m.structure != "" {
		id = m.structure
	}
	root, ok := l.v.Structure(id)
	if !ok && !every {
		l.doubtful(m.at, "", "version %s has no structure for the message, to compare it with", l.v)
	}
	l.content(&m.root, root, ok, id, "")
}

var errSkipped = errors.New("the standard requires it")

// content compares what is in a group with the group of the standard.
func (l *profileLint) content(p *profilePlace, base Node, known bool, structure, within string) {
	var children []Node
	if known {
		for n := range base.Children() {
			children = append(children, n)
		}
	}
	met := make([]bool, len(children))
	next := 0
	for i := range p.content {
		c := &p.content[i]
		path := within + c.id
		l.usage(&c.rules, c.at, path)
		at, ok := placeOf(c, children, next, structure)
		switch {
		case !known || strings.HasPrefix(c.id, "Z") && !c.group:
		case !ok:
			if _, before := placeOf(c, children, 0, structure); before {
				l.widens(c.at, path, "it stands in another order than in %s", structure)
			} else {
				l.widens(c.at, path, "%s has no place for it here", structure)
			}
		default:
			next, met[at] = at, true
			l.place(c, children[at], path)
		}
		if c.group {
			var node Node
			if ok {
				node = children[at]
			}
			l.content(c, node, ok, structure, path+".")
		} else {
			l.segment(c, path)
		}
	}
	for i, n := range children {
		if !met[i] && n.Min() > 0 && !node(n).empty() {
			l.report(hl7v2.Error, CodeProfileBase, within+shortName(n.Name(), structure), p.at, l.p.clause(""), errSkipped)
		}
	}
}

// node is a node of the standard's structures.
type node Node

// empty reports whether a node may be left out for having nothing required in
// it, or be any segment.
func (n node) empty() bool {
	x := Node(n)
	if x.Kind() == SegmentNode {
		return x.Name() == anySegment
	}
	for c := range x.Children() {
		if optional := c.Min() == 0 || node(c).empty(); optional == (x.Kind() == ChoiceNode) {
			return x.Kind() == ChoiceNode
		}
	}
	return x.Kind() == GroupNode
}

// shortName is the name of a group without the structure's id.
func shortName(name, structure string) string {
	return strings.TrimPrefix(name, structure+"_")
}

// placeOf finds the node of a place of the profile, from one node on. A group
// is found by its name or, as profiles give groups names of their own, by its
// first segment.
func placeOf(c *profilePlace, nodes []Node, from int, structure string) (int, bool) {
	for pass := range 3 {
		for i := from; i < len(nodes); i++ {
			n := nodes[i]
			switch {
			case n.Kind() == SegmentNode:
				if !c.group && pass == 0 && (n.Name() == c.id || n.Name() == anySegment) {
					return i, true
				}
			case n.Kind() == ChoiceNode:
				var of []Node
				for x := range n.Children() {
					of = append(of, x)
				}
				if _, ok := placeOf(c, of, 0, structure); ok && pass == 0 {
					return i, true
				}
			case !c.group:
			case pass == 0 && (n.Name() == c.id || shortName(n.Name(), structure) == c.id),
				pass == 1 && strings.HasSuffix(n.Name(), "_"+c.id), // groups that another structure lends
				pass == 2 && beginsWith(n, firstSegment(c)):
				return i, true
			}
		}
	}
	return 0, false
}

// firstSegment is the segment that a group of a profile begins with.
func firstSegment(p *profilePlace) string {
	for p.group && len(p.content) > 0 {
		p = &p.content[0]
	}
	return p.id
}

// beginsWith reports whether a group of the standard can begin with a segment.
func beginsWith(n Node, id string) bool {
	if n.Kind() == SegmentNode {
		return n.Name() == id
	}
	for c := range n.Children() {
		if beginsWith(c, id) {
			return true
		}
		if n.Kind() == GroupNode && c.Min() > 0 {
			return false
		}
	}
	return false
}

// place compares a segment or group with the standard's.
func (l *profileLint) place(c *profilePlace, n Node, path string) {
	if n.Kind() == ChoiceNode {
		return
	}
	if n.Min() > 0 && !node(n).empty() && !always(c.rules.usage) {
		l.widens(c.at, path, "the standard requires it, and the profile has usage %s", c.rules.usage.text)
	}
	if n.Max() > 0 && (c.max < 0 || c.max > n.Max()) {
		l.widens(c.at, path, "the standard allows %d in a row, and the profile more", n.Max())
	}
}

func always(u profileUsage) bool { return u.then == 'R' && u.otherwise == 'R' }

func never(u profileUsage) bool { return u.then == 'X' && u.otherwise == 'X' }

// usage reports what an implementation profile leaves open.
func (l *profileLint) usage(r *profileRules, at int, path string) {
	if l.p.kind == "implementation" && (r.usage.text == "O" || r.usage.text == "B") {
		l.doubtful(at, path, "an implementation profile leaves nothing optional")
	}
}

func (l *profileLint) segment(c *profilePlace, path string) {
	if strings.HasPrefix(c.id, "Z") {
		for i := range c.fields {
			l.element(&c.fields[i], Element{f: &nothing}, false, true, path+"-"+strconv.Itoa(i+1))
		}
		return
	}
	def, ok := l.v.Segment(c.id)
	if !ok {
		l.widens(c.at, path, "version %s has no segment %s", l.v, c.id)
		return
	}
	if never(c.rules.usage) {
		return
	}
	for i := range c.fields {
		e, known := def.Field(i + 1)
		at := path + "-" + strconv.Itoa(i+1)
		if !known && i+1 > def.NumFields() {
			l.widens(c.fields[i].at, at, "%s has %d fields in version %s", c.id, def.NumFields(), l.v)
			continue
		}
		l.element(&c.fields[i], e, known, true, at)
	}
	if len(c.fields) > 0 {
		for n := len(c.fields) + 1; n <= def.NumFields(); n++ {
			if e, ok := def.Field(n); ok && e.Usage() == Required {
				l.widens(c.at, path+"-"+strconv.Itoa(n), "the standard requires %s, and the profile leaves it out", e.Name())
			}
		}
	}
}

// element compares a field or component with the standard's.
func (l *profileLint) element(e *profileElement, base Element, known, field bool, path string) {
	l.usage(&e.rules, e.at, path)
	if e.table != "" && e.codes == nil {
		if _, ok := l.v.Table(e.number); e.number == 0 || !ok && e.number != base.Table() {
			l.doubtful(e.at, path, "table %s is neither in the profile nor in version %s", e.table, l.v)
		}
	}
	if known {
		l.standard(e, base, field, path)
	}
	typ := e.datatype
	if typ == "" {
		typ = base.Type()
	}
	def, ok := l.v.DataType(typ)
	if !ok && len(e.parts) > 0 && known {
		l.doubtful(e.at, path, "version %s has no components of type %s, to compare them with", l.v, typ)
	}
	for i := range e.parts {
		at := path + "." + strconv.Itoa(i+1)
		part, known := def.Component(i + 1)
		if ok && i+1 > def.NumComponents() {
			l.widens(e.parts[i].at, at, "%s has %d components in version %s", typ, def.NumComponents(), l.v)
			continue
		}
		l.element(&e.parts[i], part, known, false, at)
	}
	if len(e.parts) > 0 && ok {
		for n := len(e.parts) + 1; n <= def.NumComponents(); n++ {
			if part, ok := def.Component(n); ok && part.Usage() == Required {
				l.widens(e.at, path+"."+strconv.Itoa(n), "the standard requires %s, and the profile leaves it out", part.Name())
			}
		}
	}
}

func (l *profileLint) standard(e *profileElement, base Element, field bool, path string) {
	u := e.rules.usage
	switch base.Usage() {
	case Required:
		if !always(u) {
			l.widens(e.at, path, "the standard requires it, and the profile has usage %s", u.text)
		}
	case Withdrawn:
		if !never(u) && u.text != "O" && u.text != "B" {
			l.widens(e.at, path, "it is withdrawn in version %s, and the profile has usage %s", l.v, u.text)
		}
	case Conditional:
		if !u.conditional() && !always(u) && !never(u) {
			l.doubtful(e.at, path, "the standard has a condition for it, and the profile usage %s", u.text)
		}
	}
	if never(u) {
		return
	}
	if most := base.Max(); field && most > 0 && (e.max < 0 || e.max > most) {
		l.widens(e.at, path, "the standard allows %d repetitions, and the profile more", most)
	}
	if most := base.Length(); most > 0 && e.maxLength > most && l.v.name < "2.7" {
		l.doubtful(e.at, path, "the standard allows %d characters, and the profile %d", most, e.maxLength)
	}
	if !sameType(e.datatype, base.Type()) {
		l.widens(e.at, path, "the standard has data type %s, and the profile %s", base.Type(), e.datatype)
	}
	if number := base.Table(); number != 0 && e.table != "" && e.number != number {
		if base.Type() == "ID" {
			l.narrows(e, number, path)
		} else {
			l.doubtful(e.at, path, "the standard has table %04d, and the profile %s", number, e.table)
		}
	}
}

// narrows reports a table in the place of a closed one of which it is no part.
func (l *profileLint) narrows(e *profileElement, number int, path string) {
	base, ok := l.v.Table(number)
	if !ok || base.Len() == 0 || base.Open() {
		return
	}
	if e.codes == nil {
		l.widens(e.at, path, "the standard has table %04d, which is closed, and the profile %s", number, e.table)
		return
	}
	for _, c := range e.codes.codes {
		if _, ok := base.Display(c.code); !ok && !(number == codingSystems && isCodingSystem(c.code)) {
			l.widens(e.at, path, "table %s has codes that table %04d of the standard, which is closed, does not have", e.table, number)
			return
		}
	}
}

// sameType reports whether a profile may have a data type where the standard
// has another: none or the same, any where the standard leaves it open, and the
// names that CM went by, and TS, before they were put right.
func sameType(profile, base string) bool {
	switch {
	case profile == "" || profile == base || base == "" || base == "Varies" || base == "varies":
		return true
	case profile == "CM" || base == "CM":
		return strings.HasPrefix(base, "CM") || strings.HasPrefix(profile, "CM")
	}
	rest, ok := strings.CutPrefix(base, "CM_")
	return ok && rest == profile
}
