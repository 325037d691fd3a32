package snomedtest

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// moduleExtra is a second international module with a few concepts.
const moduleExtra sctid.ID = 900001000000007

func (w *writer) concepts() {
	m := w.m
	w.open("Terminology", "sct2_Concept_", "", "id", "effectiveTime", "active", "moduleId", "definitionStatusId")
	for c := range int32(m.total) {
		status, other := statusPrimitive, statusDefined
		if int(c) < m.active && m.defined(c) {
			status, other = other, status
		}
		module, at := m.moduleOf(c), m.born(c)
		w.versions(uint64(m.id[c]), module, at, int(c) < m.active, func(date string, active bool) {
			w.component(m.id[c], date, active, module)
			w.sct(pick(date == m.dates[at], status, other))
			w.end()
		})
	}
}

// description is one row of the description or text definition file.
type description struct {
	concept int32
	n       uint64 // counts all descriptions
	kind    sctid.ID
	variant int
	active  bool
	pt      bool // preferred everywhere but where us is set
	us      bool // preferred in US English, acceptable elsewhere
}

// shares hands out k successes over n draws, at random places.
type shares struct{ k, n int }

func (s *shares) next(r *rand.Rand) bool {
	if s.n <= 0 {
		return false
	}
	yes := r.IntN(s.n) < s.k
	s.n--
	if yes {
		s.k--
	}
	return yes
}

// spread hands out k things over n draws, any number at a time.
type spread struct{ k, n int }

func (s *spread) next(r *rand.Rand, weight float64) int {
	if s.n <= 0 || s.k <= 0 {
		s.n--
		return 0
	}
	x := float64(s.k) / float64(s.n) * weight
	k := min(int(x+r.Float64()), s.k)
	s.n--
	s.k -= k
	return k
}

const (
	shapeDescriptions = 3562700
	shapeActiveDescr  = 2699081
	shapeLanguageRows = 5606864
	shapeDefinitions  = 14000
)

// eachDescription calls fn for every description, always in the same order.
func (m *model) eachDescription(fn func(d *description)) {
	r := m.stream(3)
	share := float64(m.total) / shapeConcepts
	definitions := shares{int(shapeDefinitions * share), m.active}
	synonyms := spread{int(shapeActiveDescr*share) - 2*m.total - definitions.k, m.active}
	inactive := spread{int((shapeDescriptions - shapeActiveDescr) * share), m.total}
	var d description
	n := uint64(0)
	put := func(kind sctid.ID, variant int, active bool) {
		d.n, d.kind, d.variant, d.active = n, kind, variant, active
		n++
		fn(&d)
		d.pt, d.us = false, false
	}
	for c := range int32(m.total) {
		d.concept = c
		put(typeFSN, 0, true)
		more := 0
		if int(c) < m.active {
			more = synonyms.next(r, r.Float64()*2)
		}
		ours := m.source[c] == fromInternational && more > 0 && m.hash(60, uint64(c))%5 == 0
		d.pt = true
		put(typeSynonym, 0, true)
		for k := range more {
			d.us = ours && k == 0
			put(typeSynonym, 1+k, true)
		}
		for k := range inactive.next(r, r.Float64()*2) {
			put(pick(k == 1 && n%4 == 0, typeFSN, typeSynonym), 20+k, false)
		}
		if int(c) < m.active && definitions.next(r) {
			put(typeDefinition, 0, true)
		}
	}
}

func (m *model) descriptionID(d *description) sctid.ID {
	return m.newID(sctid.Description, m.source[d.concept], d.n)
}

// appendTerm appends the text of a description.
func (m *model) appendTerm(b []byte, v *vocabulary, d *description, words []int) []byte {
	c := d.concept
	switch {
	case d.kind == typeFSN:
		b = m.appendName(b, v, c, d.variant, words)
		return append(append(append(b, " ("...), m.tagOf(c)...), ')')
	case d.kind == typeDefinition:
		length := 80 + m.hash(61, uint64(c))%300
		if m.hash(62, uint64(c))%500 == 0 {
			length = 4000
		}
		start := len(b)
		for k := 0; len(b)-start < int(length); k++ {
			b = m.appendName(b, v, c, 2+k*3, words)
			b = append(b, "; "...)
		}
		b = b[:len(b)-2]
		return append(b, '.')
	case d.variant == 1 && m.hash(63, uint64(c))%20000 == 0:
		return append(b, 'K') // one character
	case d.variant == 1 && m.hash(63, uint64(c))%20000 == 1:
		return append(b, strings.Repeat("long tale ", 26)[:254]+"s"...)
	}
	return m.appendName(b, v, c, d.variant, words)
}

func (w *writer) descriptions() {
	for _, definitions := range []bool{false, true} {
		w.open("Terminology", pick(definitions, "sct2_TextDefinition_", "sct2_Description_"), "en",
			"id", "effectiveTime", "active", "moduleId", "conceptId", "languageCode", "typeId", "term", "caseSignificanceId")
		m := w.m
		v := newVocabulary()
		words := make([]int, 0, 32)
		var term []byte
		m.eachDescription(func(d *description) {
			module := m.moduleOf(d.concept)
			if (d.kind == typeDefinition) != definitions || !w.part.has(module) {
				return
			}
			term = m.appendTerm(term[:0], v, d, words)
			id := m.descriptionID(d)
			significance := [...]sctid.ID{caseInsensitive, caseInitial, caseInsensitive, caseSensitive}[m.hash(64, d.n)%4]
			at := max(m.timeOf(2, m.source[d.concept], d.n), m.born(d.concept))
			w.versionsSince(m.firstOf(d.concept), uint64(id), module, at, d.active, func(date string, active bool) {
				w.component(id, date, active, module)
				w.sct(m.id[d.concept])
				w.str("en")
				w.sct(d.kind)
				w.row = append(append(w.row, '\t'), term...)
				w.sct(pick(date == m.dates[at] || significance == caseSensitive, significance, caseInitial))
				w.end()
			})
		})
	}
}

// language writes the language reference sets.
func (w *writer) language() {
	m := w.m
	w.open("Refset/Language", "der2_cRefset_Language", "en",
		"id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId", "acceptabilityId")
	r := m.stream(4)
	share := float64(m.total) / shapeConcepts
	third := shares{int((shapeLanguageRows - 2*shapeActiveDescr) * share), int(shapeActiveDescr * share)}
	usOther := map[int32]bool{}
	trap := int32(-1)
	m.eachDescription(func(d *description) {
		if d.us {
			if trap < 0 {
				trap = d.concept
			}
			usOther[d.concept] = true
		}
	})
	m.eachDescription(func(d *description) {
		sets := [...][3]sctid.ID{
			{langUS, langGB, langUKClinical},
			{langUKClinical, langGB, langUKPharmacy},
			{langUKPharmacy, langGB, langUKClinical},
		}[m.source[d.concept]]
		k := 2
		switch {
		case d.active && third.next(r):
			k = 3
		case !d.active:
			k = int(m.hash(65, d.n) % 3 / 2)
		}
		id := m.descriptionID(d)
		for _, set := range sets[:k] {
			acceptability := acceptable
			switch {
			case d.kind == typeFSN && d.active, d.kind == typeDefinition:
				acceptability = preferred
			case set == langUS && d.us:
				acceptability = preferred
			case d.pt && !(set == langUS && usOther[d.concept]):
				acceptability = preferred
			}
			module := m.moduleOf(d.concept)
			if set != langUS && set != langGB && module != moduleDrug {
				module = moduleClinical
			}
			key := d.n*4 + uint64(set%4)
			at := m.timeOf(3, m.source[d.concept], key)
			if d.concept == trap {
				at = nDates - 1
			}
			w.versions(m.hash(66, key, uint64(set)), module, at, d.active, func(date string, active bool) {
				w.member(m.uuid(set, d.n), date, active, module, set, id)
				w.sct(acceptability)
				w.end()
			})
		}
	})
}

// relationship is one row of the relationship or concrete value file.
type relationship struct {
	n           uint64
	source      int32
	kind        sctid.ID
	destination int32  // -1 for a concrete value
	value       string // as in the file
	group       int
	active      bool
	additional  bool
}

const (
	shapeAttributes = 2960422
	shapeGrouped    = 1029225
	shapeConcrete   = 320982
	shapeSpellings  = 1944
)

// eachRelationship calls fn for every row, always in the same order: is-a,
// attributes and concrete values of one concept after the other.
func (m *model) eachRelationship(fn func(r *relationship)) {
	r := m.stream(5)
	share := float64(m.active) / 838955
	usual := make([][]int, len(anchors)) // the types of a domain
	var concrete []int
	for i, a := range m.attrs {
		if a.concrete {
			concrete = append(concrete, i)
			continue
		}
		for cell := range anchors {
			if m.cellUnder(cell, int(a.domain)) {
				usual[cell] = append(usual[cell], i)
			}
		}
	}
	nUsual, nConcrete := 0, 0
	for cell, cs := range m.cellAt {
		if len(usual[cell]) > 0 {
			nUsual += len(cs)
		}
		if m.cellUnder(cell, int(m.attrs[concrete[0]].domain)) {
			nConcrete += len(cs)
		}
	}
	rows := spread{int(shapeAttributes * share), nUsual}
	numbers := spread{int(shapeConcrete * share), nConcrete}
	grouped := shares{int(shapeGrouped * share), int(shapeAttributes * share)}
	inactive := shares{m.active / 6, m.active}
	var row relationship
	n := uint64(0)
	put := func() {
		row.n = n
		n++
		fn(&row)
		row = relationship{source: row.source, destination: -1}
	}
	var parents []int32
	for c := range int32(m.total) {
		row = relationship{source: c}
		if int(c) >= m.active {
			row.kind, row.destination = isA, m.visible(c, int32(m.hash(70, uint64(c))%uint64(m.active)))
			put()
			continue
		}
		parents = m.parents(c, parents[:0])
		for _, p := range parents {
			row.kind, row.destination, row.active = isA, p, true
			put()
		}
		if inactive.next(r) && c > 3 {
			row.kind, row.destination = isA, m.visible(c, int32(r.IntN(int(c))))
			put()
		}
		cell := int(m.cell[c])
		if types := usual[cell]; len(types) > 0 {
			k := rows.next(r, r.Float64()*2)
			many := m.hash(74, uint64(c))%15000 == 1
			if many {
				k = 45
			}
			type pair struct {
				kind  int
				value int32
				group int
			}
			var have, out []pair // as drawn, and as written
			group, inGroup := 0, 0
			for range k {
				t := types[popular(r, len(types))]
				g := 0
				if grouped.next(r) || many {
					if group == 0 || (many || inGroup > 1+r.IntN(2)) && group < 30 {
						group++
						inGroup = 0
					}
					g = group
					inGroup++
				}
				p := pair{t, -1, g}
				for try := 0; try < 6 && p.value < 0; try++ {
					p.value = m.valueOf(r, m.attrs[t], c, try > 0)
					if slices.Contains(have, p) {
						p.value = -1
					}
				}
				if p.value < 0 { // give the row to another concept
					rows.k++
					grouped.n++
					grouped.k += pick(g > 0, 1, 0)
					continue
				}
				have = append(have, p)
				p.kind = m.visibleType(c, t, func(t int) bool { return !slices.Contains(out, pair{t, p.value, p.group}) })
				out = append(out, p)
				row.kind, row.destination, row.group, row.active = m.id[m.attrs[p.kind].concept], p.value, g, true
				row.additional = m.hash(71, n)%900 == 0
				put()
			}
			if k > 0 && m.hash(72, uint64(c))%12 == 0 {
				t := types[0]
				row.kind, row.destination, row.group = m.id[m.attrs[t].concept], m.byAnchor[m.attrs[t].values], 9
				put()
			}
		}
		if m.cellUnder(cell, int(m.attrs[concrete[0]].domain)) {
			for k := range numbers.next(r, pick(m.leaf[c], 2.0, 0.2)) {
				t := concrete[popular(r, len(concrete))]
				row.kind, row.destination, row.active = m.id[m.attrs[t].concept], -1, true
				row.value = spelling(int(m.hash(73, n) % shapeSpellings))
				row.group = k%3 + 1
				put()
			}
		}
	}
}

// visible returns v if a row about c may refer to it, else the root.
func (m *model) visible(c, v int32) int32 {
	if m.source[v] == fromInternational || m.source[v] == m.source[c] {
		return v
	}
	return 0
}

// visibleType returns t if a row about c may have that type, else one of the
// same domain, best also of the same range, that it may have and that is free.
func (m *model) visibleType(c int32, t int, free func(int) bool) int {
	a := m.attrs[t]
	if m.visible(c, a.concept) == a.concept && free(t) {
		return t
	}
	best := t
	for k, b := range m.attrs {
		if !b.concrete && b.domain == a.domain && m.source[b.concept] == fromInternational && free(k) {
			if b.values == a.values {
				return k
			}
			best = k
		}
	}
	return best
}

// cellUnder reports whether a cell is top or below it.
func (m *model) cellUnder(cell, top int) bool {
	for cell > 0 && cell != top {
		cell = int(m.cell[m.tree[m.byAnchor[cell]]])
	}
	return cell == top
}

// valueOf draws a value of an attribute for a concept, one that its release
// may refer to, or -1.
func (m *model) valueOf(r *rand.Rand, a attribute, c int32, rare bool) int32 {
	cell := int(a.values)
	cs := m.cellAt[cell]
	if r.IntN(40) == 0 { // now and then below an anchor inside
		for i, x := range anchors {
			if x.deep && x.under == anchors[cell].id && r.IntN(2) == 0 {
				cs = m.cellAt[i]
				break
			}
		}
	}
	for range 8 {
		v := cs[popular(r, len(cs))]
		if rare {
			v = cs[r.IntN(len(cs))]
		}
		if v != c && m.visible(c, v) == v {
			return v
		}
	}
	return -1
}

// spelling is the nth concrete value, as in the file.
func spelling(n int) string {
	switch {
	case n < 5:
		return [...]string{"#0.5", "#0.50", "#-1", "true", "false"}[n]
	case n < 25:
		return `"grade ` + strconv.Itoa(n) + `"`
	case n < 1100:
		return "#" + strconv.Itoa(n-24)
	case n < 1500:
		return "#" + strconv.Itoa(n-1099) + ".5"
	}
	return "#0." + strconv.Itoa(n)[1:]
}

func (m *model) relationshipID(r *relationship) sctid.ID {
	return m.newID(sctid.Relationship, m.source[r.source], r.n)
}

// relationship writes a version of a row of a relationship file.
func (w *writer) relationship(id sctid.ID, date string, active bool, module sctid.ID, r *relationship) {
	w.component(id, date, active, module)
	w.sct(w.m.id[r.source])
	if r.destination < 0 {
		w.str(r.value)
	} else {
		w.sct(w.m.id[r.destination])
	}
	w.num(r.group)
	w.sct(r.kind)
	w.sct(pick(r.additional, charAdditional, charInferred))
	w.sct(modifierSome)
	w.end()
}

func (w *writer) relationshipRows(concrete bool) {
	m := w.m
	m.eachRelationship(func(r *relationship) {
		module := m.moduleOf(r.source)
		if (r.destination < 0) != concrete || !w.part.has(module) {
			return
		}
		id := m.relationshipID(r)
		at := max(m.timeOf(4, m.source[r.source], r.n), m.born(r.source))
		since := m.firstOf(r.source)
		if !concrete {
			at = max(at, m.born(r.destination))
			since = max(since, m.firstOf(r.destination))
		}
		w.versionsSince(since, uint64(id), module, at, r.active, func(date string, active bool) {
			w.relationship(id, date, active, module, r)
		})
	})
	w.plantRelationships(concrete)
}

func (w *writer) relationships() {
	w.open("Terminology", "sct2_Relationship_", "", "id", "effectiveTime", "active", "moduleId", "sourceId", "destinationId",
		"relationshipGroup", "typeId", "characteristicTypeId", "modifierId")
	w.relationshipRows(false)
}

func (w *writer) concreteValues() {
	w.open("Terminology", "sct2_RelationshipConcreteValues_", "", "id", "effectiveTime", "active", "moduleId", "sourceId", "value",
		"relationshipGroup", "typeId", "characteristicTypeId", "modifierId")
	w.relationshipRows(true)
}

// statedRelationships writes the old stated view of one concept in a hundred.
func (w *writer) statedRelationships() {
	m := w.m
	w.open("Terminology", "sct2_StatedRelationship_", "", "id", "effectiveTime", "active", "moduleId", "sourceId", "destinationId",
		"relationshipGroup", "typeId", "characteristicTypeId", "modifierId")
	for c := int32(1); int(c) < m.active; c++ {
		if m.hash(75, uint64(c))%100 != 0 {
			continue
		}
		module := m.moduleOf(c)
		id := m.newID(sctid.Relationship, m.source[c], 12_000_000+uint64(c))
		w.versions(uint64(id), module, max(m.timeOf(5, m.source[c], uint64(c)), m.born(c), m.born(m.tree[c])), c%3 > 0, func(date string, active bool) {
			w.component(id, date, active, module)
			w.sct(m.id[c])
			w.sct(m.id[m.tree[c]])
			w.num(0)
			w.sct(isA)
			w.sct(charStated)
			w.sct(modifierSome)
			w.end()
		})
	}
}

// identifiers writes alternate identifiers of a few concepts.
func (w *writer) identifiers() {
	m := w.m
	w.open("Terminology", "sct2_Identifier_", "", "alternateIdentifier", "effectiveTime", "active", "moduleId", "identifierSchemeId", "referencedComponentId")
	for c := int32(1); int(c) < m.active; c++ {
		if m.hash(76, uint64(c))%200 != 0 {
			continue
		}
		module := m.moduleOf(c)
		key := uint64(c)
		w.versions(m.hash(77, key), module, m.timeOf(6, m.source[c], key), true, func(date string, active bool) {
			w.row = append(w.row, "ALT-"...)
			w.row = strconv.AppendInt(w.row, int64(c), 10)
			w.str(date)
			w.str(pick(active, "1", "0"))
			w.sct(module)
			w.sct(refsetCTV3) // stands for a scheme
			w.sct(m.id[c])
			w.end()
		})
	}
}

// owl writes an axiom for every active concept, which says what its inferred
// parents and attributes say. It is not a normal form: a classifier may find
// more, because attributes are drawn at random and not inherited.
func (w *writer) owl() {
	m := w.m
	w.open("Terminology", "sct2_sRefset_OWLExpression", "", "id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId", "owlExpression")
	var rows []relationship
	traps := m.trapRows()
	axiom := func() {
		c := rows[0].source
		for i := range traps {
			if traps[i].source == c && traps[i].active {
				rows = append(rows, traps[i])
			}
		}
		module := m.moduleOf(c)
		w.versions(m.hash(78, uint64(c)), module, m.timeOf(1, m.source[c], uint64(c)), true, func(date string, active bool) {
			w.member(m.uuid(refsetOWLAxiom, uint64(c)), date, active, module, refsetOWLAxiom, m.id[c])
			w.row = append(w.row, '\t')
			w.row = m.appendAxiom(w.row, rows)
			w.end()
		})
	}
	m.eachRelationship(func(r *relationship) {
		if !r.active || r.additional {
			return
		}
		if len(rows) > 0 && rows[0].source != r.source {
			axiom()
			rows = rows[:0]
		}
		rows = append(rows, *r)
	})
	axiom()
	w.versions(m.hash(79, 1), moduleModel, 0, true, func(date string, active bool) {
		w.member(m.uuid(refsetOWLOnto, 1), date, active, moduleModel, refsetOWLOnto, 734147008)
		w.str("Ontology(<http://snomed.info/sct/" + moduleCore.String() + ">)")
		w.end()
	})
}

// appendAxiom appends the axiom of the concept that rows belong to.
func (m *model) appendAxiom(b []byte, rows []relationship) []byte {
	c := rows[0].source
	ref := func(id sctid.ID) {
		b = append(b, ':')
		b = strconv.AppendUint(b, uint64(id), 10)
	}
	if m.defined(c) {
		b = append(b, "EquivalentClasses("...)
	} else {
		b = append(b, "SubClassOf("...)
	}
	ref(m.id[c])
	b = append(b, ' ')
	if len(rows) > 1 {
		b = append(b, "ObjectIntersectionOf("...)
	}
	filler := func(r *relationship) {
		if r.destination >= 0 {
			b = append(b, "ObjectSomeValuesFrom("...)
			ref(r.kind)
			b = append(b, ' ')
			ref(m.id[r.destination])
		} else {
			b = append(b, "DataHasValue("...)
			ref(r.kind)
			b = append(b, ' ')
			b = appendLiteral(b, r.value)
		}
		b = append(b, ')')
	}
	first := true
	space := func() {
		if !first {
			b = append(b, ' ')
		}
		first = false
	}
	// An attribute of a role group is in a group of the inferred rows, also
	// where it is alone; one without is in group 0.
	const roleGroup = 609096000
	last := 0
	for i := range rows {
		r := &rows[i]
		switch {
		case r.kind == isA:
			space()
			ref(m.id[r.destination])
		case r.group == 0:
			space()
			filler(r)
		default:
			last = max(last, r.group)
		}
	}
	for g := 1; g <= last; g++ {
		n := 0
		for i := range rows {
			if rows[i].group == g && rows[i].kind != isA {
				n++
			}
		}
		if n == 0 {
			continue
		}
		space()
		b = append(b, "ObjectSomeValuesFrom("...)
		ref(roleGroup)
		b = append(b, ' ')
		if n > 1 {
			b = append(b, "ObjectIntersectionOf("...)
		}
		k := 0
		for i := range rows {
			if rows[i].group == g && rows[i].kind != isA {
				if k > 0 {
					b = append(b, ' ')
				}
				k++
				filler(&rows[i])
			}
		}
		if n > 1 {
			b = append(b, ')')
		}
		b = append(b, ')')
	}
	if len(rows) > 1 {
		b = append(b, ')')
	}
	return append(b, ')')
}

// appendLiteral appends a concrete value in OWL functional syntax.
func appendLiteral(b []byte, value string) []byte {
	kind := "xsd:string"
	switch {
	case value[0] == '#' && strings.Contains(value, "."):
		value, kind = `"`+value[1:]+`"`, "xsd:decimal"
	case value[0] == '#':
		value, kind = `"`+value[1:]+`"`, "xsd:integer"
	case value[0] != '"':
		value, kind = `"`+value+`"`, "xsd:boolean"
	}
	return append(append(append(b, value...), "^^"...), kind...)
}
