package schema

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
)

// profile gives the nodes of a profile their meaning.
func (b *profileBuilder) profile(n *profileNode) *Profile {
	p := &Profile{
		identifier: n.str("identifier"), kind: n.str("kind"), hl7Version: n.str("hl7Version"),
		name: n.str("name"), organisation: n.str("organisation"), release: n.str("version"), status: n.str("status"), topics: n.str("topics"),
		note: n.str("note"), encodings: n.all("encodings"),
	}
	b.p = p
	if form, ok := n.get("hl7Profile"); ok && form.value != "1" {
		b.syntax(form.at, "", errForm)
	}
	switch strings.ToLower(p.kind) {
	case "", "hl7", "constrainable", "implementation":
		p.kind = strings.ToLower(p.kind)
	default:
		a, _ := n.get("kind")
		b.wrong(a.at, "", "a profile is of the type HL7, Constrainable or Implementation")
	}
	p.base, p.baseKnown = Lookup(p.hl7Version)
	if !p.baseKnown {
		a, _ := n.get("hl7Version")
		b.warn(CodeProfileDefinition, a.at, "", "no facts are known of this version of HL7, by which the profile could be completed and checked")
	}
	for _, c := range n.children {
		switch c.kind {
		case dynamicKind:
			p.dynamic = append(p.dynamic, dynamicDefinition{c.str("accept"), c.str("application"), c.str("mode")})
		case tableKind:
			b.table(c)
		}
	}
	for _, c := range n.children {
		if c.kind == messageKind {
			b.message(c)
		}
	}
	if len(p.messages) == 0 {
		b.wrong(n.at, "", "the profile defines no message")
	}
	return p
}

func (b *profileBuilder) table(n *profileNode) {
	t := profileTable{id: n.str("id"), name: n.str("name"), extensible: n.str("extensible") == "true", index: map[string]struct{}{}, at: n.at}
	if t.id == "" {
		b.wrong(n.at, "", "a table has an id")
	}
	if b.p.tableOf(t.id) != nil {
		b.wrong(n.at, "", "the table is defined twice")
	}
	for _, c := range n.children {
		code := profileCode{c.str("code"), c.str("display")}
		if code.code == "" {
			b.wrong(c.at, "", "an entry of a table has a code")
			continue
		}
		if _, twice := t.index[code.code]; twice {
			b.wrong(c.at, "", "the code stands twice in the table")
		}
		t.index[code.code] = struct{}{}
		t.codes = append(t.codes, code)
	}
	b.p.tables = append(b.p.tables, t)
}

// tableOf returns the profile's own definition of a table.
func (p *Profile) tableOf(id string) *profileTable {
	number := tableNumber(id)
	for i := range p.tables {
		if t := &p.tables[i]; t.id == id || number != 0 && tableNumber(t.id) == number {
			return t
		}
	}
	return nil
}

// tableNumber is the number of a table of HL7, which is written 0001, 1 or
// HL70001; 0 for other tables.
func tableNumber(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "HL7"))
	if err != nil || n < 0 || n > 9999 {
		return 0
	}
	return n
}

func (b *profileBuilder) message(n *profileNode) {
	m := profileMessage{
		typ: n.str("type"), event: n.str("event"), structure: n.str("structure"), orderControl: n.str("orderControl"), description: n.str("description"),
		identifier: n.str("identifier"), role: n.str("role"), at: n.at,
	}
	if m.typ == "" {
		b.wrong(n.at, "", "a message has a type")
	}
	for i := range b.p.messages {
		if o := &b.p.messages[i]; o.typ == m.typ && o.event == m.event && o.orderControl == m.orderControl {
			b.wrong(n.at, "", "the message is defined twice")
		}
	}
	m.root = profilePlace{group: true, min: 1, max: 1, at: n.at, rules: profileRules{usage: profileUsage{"R", 'R', 'R'}, note: n.str("note"), clause: b.p.clause("")}}
	m.root.content = b.content(n, "")
	if len(m.root.content) == 0 || m.root.content[0].id != "MSH" || m.root.content[0].group {
		b.wrong(n.at, "", "a message begins with MSH")
	}
	b.p.messages = append(b.p.messages, m)
}

// clause is what a finding about an element refers to.
func (p *Profile) clause(reference string) string {
	clause := p.String()
	if clause == "" {
		clause = "profile"
	}
	if reference != "" {
		clause += ", " + reference
	}
	return clause
}

// content reads the segments and groups of a message or group. within is the
// path of groups with a point behind it.
func (b *profileBuilder) content(n *profileNode, within string) []profilePlace {
	var out []profilePlace
	for _, c := range n.children {
		if c.kind != groupKind && c.kind != segmentKind {
			continue
		}
		p := profilePlace{group: c.kind == groupKind, id: c.str(nodeKindNames[c.kind]), name: c.str("name"), at: c.at}
		path := within + p.id
		if p.group {
			// Profiles name a group after its structure, as in
			// ORU_R01.PATIENT_RESULT, or not.
			p.id = p.id[strings.LastIndexByte(p.id, '.')+1:]
			path = within + p.id
		} else if !isID(p.id) {
			path = strings.TrimSuffix(within, ".")
			b.wrong(c.at, path, "a segment is named by a capital letter and two capital letters or digits")
		}
		b.rules(c, &p.rules, path)
		p.min, p.max = b.occurrences(c, p.rules.usage, path)
		outer := b.within
		b.within = cmp.Or(p.rules.reference, outer)
		if p.group {
			b.p.depth = max(b.p.depth, strings.Count(path, ".")+1)
			p.content = b.content(c, path+".")
			if p.id == "" {
				b.wrong(c.at, path, "a group has a name")
			}
			if len(p.content) == 0 {
				b.wrong(c.at, path, "a group has segments or groups in it")
			}
		} else {
			def, _ := b.p.base.Segment(p.id)
			p.fields = b.elements(c, path, '-', func(i int) (Element, bool) { return def.Field(i) })
		}
		b.within = outer
		out = append(out, p)
	}
	return out
}

// isID reports whether an id is that of a segment.
func isID(id string) bool {
	if len(id) != 3 || id[0] < 'A' || id[0] > 'Z' {
		return false
	}
	for _, c := range []byte(id[1:]) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// rules reads what groups, segments and elements have in common.
func (b *profileBuilder) rules(n *profileNode, r *profileRules, path string) {
	usage, _ := n.get("usage")
	var ok bool
	if r.usage, ok = parseUsage(usage.value); !ok {
		b.wrong(usage.at, path, "a %s has a usage: R, RE, O, C, CE, X, B, W or a form such as C(R/X)", nodeKindNames[n.kind])
	}
	r.predicate, r.note, r.text, r.reference = n.str("predicate"), n.str("note"), n.str("description"), n.str("reference")
	r.clause = b.p.clause(cmp.Or(r.reference, b.within))
	for _, c := range n.children {
		if c.kind == conditionKind {
			cond := b.condition(c, path)
			r.condition = &cond
		}
	}
	switch conditional := r.usage.conditional(); {
	case !conditional && r.condition != nil:
		b.wrong(n.at, path, "a condition stands with a usage that has none")
	case conditional && r.condition == nil:
		b.p.proses++
		r.prose = b.p.proses
		if r.predicate == "" {
			b.warn(CodeProfileDefinition, n.at, path, "the usage depends on a condition that is not given")
		}
	}
}

// occurrences reads how often something may be there.
func (b *profileBuilder) occurrences(n *profileNode, u profileUsage, path string) (least, most int) {
	most = 1
	if u.then == 'R' && u.otherwise == 'R' {
		least = 1
	}
	if u.then == 'X' && u.otherwise == 'X' {
		most = 0
	}
	if a, ok := n.get("min"); ok {
		least = b.number(a, path)
	}
	a, ok := n.get("max")
	switch {
	case ok && (a.value == "*" || strings.EqualFold(a.value, "unbounded")):
		most = -1
	case ok:
		most = b.number(a, path)
	}
	at, _ := n.get("min")
	switch required := u.then == 'R' && u.otherwise == 'R'; {
	case most >= 0 && least > most:
		b.wrong(at.at, path, "at least %d and at most %d cannot be both", least, most)
	case required && most == 0:
		b.wrong(a.at, path, "it is required and may not occur")
	case required && least == 0:
		b.warn(CodeProfileDefinition, at.at, path, "it is required, and may be left out by its cardinality")
	case u.then == 'X' && u.otherwise == 'X' && least > 0:
		b.wrong(at.at, path, "it is not supported and must occur")
	case !required && least > 0 && u.then != 'E' && u.then != 'R':
		b.warn(CodeProfileDefinition, at.at, path, "it is not required, and must occur by its cardinality")
	}
	return least, most
}

// number reads a whole number.
func (b *profileBuilder) number(a profileAttr, path string) int {
	n, err := strconv.Atoi(a.value)
	if err != nil || n < 0 || n > 1<<30 {
		b.wrong(a.at, path, "not a whole number")
		return 0
	}
	return n
}

// elements reads fields, components or subcomponents. base are those of the
// version.
func (b *profileBuilder) elements(n *profileNode, path string, separator byte, base func(int) (Element, bool)) []profileElement {
	var out []profileElement
	for _, c := range n.children {
		if c.kind < fieldKind || c.kind > subcomponentKind {
			continue
		}
		number := len(out) + 1
		def, known := base(number)
		out = append(out, b.element(c, path+string(separator)+strconv.Itoa(number), def, known))
	}
	return out
}

func (b *profileBuilder) element(n *profileNode, path string, def Element, known bool) profileElement {
	e := profileElement{
		name: n.str("name"), datatype: n.str("type"), table: n.str("table"), constant: n.str("constant"), item: n.str("item"),
		examples: n.all("examples"), at: n.at,
	}
	b.rules(n, &e.rules, path)
	if n.kind == fieldKind {
		e.min, e.max = b.occurrences(n, e.rules.usage, path)
	}
	e.minLength, e.maxLength = b.lengths(n, path)
	if e.maxLength > 0 && utf8.RuneCountInString(e.constant) > e.maxLength {
		a, _ := n.get("constant")
		b.wrong(a.at, path, "the constant value is longer than %d characters", e.maxLength)
	}
	e.number, e.codes = tableNumber(e.table), b.p.tableOf(e.table)
	e.base, _ = b.p.base.Table(e.number)
	if known && e.name == "" {
		e.name = def.Name()
	}
	typ := e.datatype
	if typ == "" && known {
		typ = def.Type()
	}
	e.form = formOf(typ)
	e.asBase = known && typ == def.Type() && e.number == def.Table() && e.codes == nil && typ != "XCN" && typ != "CN" // the id of which no table of the standard is for
	data, defined := b.p.base.DataType(typ)
	if e.primitive = defined && data.NumComponents() == 0 && typ != "Varies"; !defined {
		e.primitive = e.form != anyForm && typ != "TS" || typ == "ST" || typ == "ID" || typ == "IS" || typ == "TX" || typ == "FT"
	}
	outer := b.within
	b.within = cmp.Or(e.rules.reference, outer)
	// The table of other composites is of one of their components: that of a
	// name is of its type.
	e.isCode = e.table != "" && (!defined || e.primitive || slices.Contains([]string{"CE", "CWE", "CNE", "CF", "XCN", "CN"}, typ))
	e.parts = b.elements(n, path, '.', func(i int) (Element, bool) { return data.Component(i) })
	b.within = outer
	if !known || typ != def.Type() {
		notAsBase(e.parts)
	}
	if typ == "TS" && len(e.parts) > 0 {
		e.parts[0].form, e.parts[0].asBase = momentForm, false // which the component's own type does not say
	}
	if e.constant != "" {
		b.constant(n, &e, path)
	}
	return e
}

// lengths reads the least and greatest length, 0 for none. XML has them as one
// number, as a range such as 2..20 or, from 2.7 on, as two attributes, in which
// * is any length and NA none that is given.
func (b *profileBuilder) lengths(n *profileNode, path string) (least, most int) {
	a, _ := n.get("minLength")
	z, _ := n.get("maxLength")
	if from, to, ok := strings.Cut(z.value, ".."); ok {
		a, z = profileAttr{value: from, at: z.at}, profileAttr{value: to, at: z.at}
		if to == "" {
			b.wrong(z.at, path, "not a range of lengths")
		}
	}
	if a.value != "" && a.value != "NA" {
		least = b.number(a, path)
	}
	if z.value != "" && z.value != "NA" && z.value != "*" {
		most = b.number(z, path)
	}
	if most > 0 && least > most {
		b.wrong(n.at, path, "at least %d and at most %d characters cannot be both", least, most)
	}
	return least, most
}

// notAsBase says of the parts of an element that has not the data type of the
// standard that they are not those of the standard either, whose check reads
// them by its own type.
func notAsBase(parts []profileElement) {
	for i := range parts {
		parts[i].asBase = false
		notAsBase(parts[i].parts)
	}
}

// constant checks a constant value by the element's own rules.
func (b *profileBuilder) constant(n *profileNode, e *profileElement, path string) {
	a, _ := n.get("constant")
	if e.codes != nil && !e.codes.extensible && len(e.parts) == 0 {
		if _, ok := e.codes.index[e.constant]; !ok {
			b.wrong(a.at, path, "the constant value is not a code of the table")
		}
	}
	if len(e.parts) == 0 && !hasForm(e.form, []byte(e.constant)) {
		b.wrong(a.at, path, "the constant value is not of the data type")
	}
	if e.rules.usage.then == 'X' && e.rules.usage.otherwise == 'X' {
		b.wrong(a.at, path, "what is not supported has no constant value")
	}
}

// hasForm reports whether text is of a primitive type.
func hasForm(f form, text []byte) bool {
	switch f {
	case numberForm:
		return isNumber(text)
	case sequenceForm:
		return isDigits(text)
	case dateForm:
		d, err := hl7v2.ParseDateTime(text)
		return err == nil && d.Precision() <= hl7v2.Day
	case timeForm:
		return isTime(text)
	case momentForm:
		_, err := hl7v2.ParseDateTime(text)
		return err == nil
	}
	return true
}
