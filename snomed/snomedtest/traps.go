package snomedtest

import "github.com/nhskit/nhskit/snomed/sctid"

// Trap is a situation that every release holds, with the concept to look at.
type Trap struct {
	Name    string
	Concept sctid.ID
}

// trapConcept picks a fixed international concept of a hierarchy for a trap.
func (m *model) trapConcept(top sctid.ID, k int) int32 {
	cs := m.cellAt[m.cell[m.index[top]]]
	for i := range cs {
		c := cs[(i+1+k*7)%len(cs)]
		if m.source[c] == fromInternational && c != m.index[top] {
			return c
		}
	}
	return m.index[top] // the only one at small scales
}

// Traps lists the situations planted in the release of the given options:
//
//	inactive-member       an inactive concept is an active member of a reference set
//	inactive-is-a         a concept has an inactive is-a relationship
//	group-0-and-n         the same attribute in group 0 and in a later group
//	across-groups         two groups that satisfy a conjunction only together
//	two-values            #10 and #20 for one attribute type
//	two-dialects          a description preferred in US and acceptable in British English, and the other way about
//	moved-from            an active concept with a MOVED FROM association
//	missing-target        an association to a concept that does not exist
//	failing-first-rule    a map group whose first rule does not hold for anybody
//	no-target             a map row whose target is empty
//	unknown-shape         a reference set of a shape no specification describes
//	description-member    a reference set of descriptions
func Traps(opt Options) ([]Trap, error) {
	m, err := newModel(opt)
	if err != nil {
		return nil, err
	}
	at := func(c int32) sctid.ID { return m.id[c] }
	traps := []Trap{
		{"inactive-member", at(int32(m.active))},
		{"inactive-is-a", at(int32(m.active) + 1)},
		{"group-0-and-n", at(m.trapConcept(disease, 1))},
		{"across-groups", at(m.trapConcept(disease, 2))},
		{"two-values", at(m.trapConcept(medicinal, 1))},
		{"missing-target", at(int32(m.active) + 2)},
		{"failing-first-rule", at(m.trapConcept(disease, 3))},
		{"no-target", at(m.trapConcept(disease, 4))},
		{"unknown-shape", at(m.lists[len(m.lists)-2])},
	}
	m.eachDescription(func(d *description) {
		if d.us && len(traps) < 10 {
			traps = append(traps, Trap{"two-dialects", at(d.concept)})
		}
	})
	found := false
	m.eachAssociation(func(a association) {
		if a.set == assocMovedFrom && !found {
			found = true
			traps = append(traps, Trap{"moved-from", at(a.component)})
		}
	})
	traps = append(traps, Trap{"description-member", m.descriptionList()})
	return traps, nil
}

// trapID makes identifiers that no counted component has.
func (m *model) trapID(kind sctid.Kind, n uint64) sctid.ID {
	return m.newID(kind, fromInternational, 15_000_000+n)
}

func (w *writer) trapRelationship(n uint64, source int32, value string, group int, kind sctid.ID) {
	if !w.part.has(moduleCore) {
		return
	}
	w.component(w.m.trapID(sctid.Relationship, n), w.m.dates[nDates-1], true, moduleCore)
	w.sct(w.m.id[source])
	w.str(value)
	w.num(group)
	w.sct(kind)
	w.sct(charInferred)
	w.sct(modifierSome)
	w.end()
}

func (w *writer) plantAttributeTraps() {
	m := w.m
	const site, shape = 363698007, 116676008
	valve, swelling := m.id[m.index[pulmonaryValve]].String(), m.id[m.index[edema]].String()
	c := m.trapConcept(disease, 1)
	w.trapRelationship(1, c, valve, 0, site)
	w.trapRelationship(2, c, valve, 21, site)
	c = m.trapConcept(disease, 2)
	w.trapRelationship(3, c, valve, 21, site)
	w.trapRelationship(4, c, bodyStructure.String(), 21, shape)
	w.trapRelationship(5, c, bodyStructure.String(), 22, site)
	w.trapRelationship(6, c, swelling, 22, shape)
}

func (w *writer) plantConcreteTraps() {
	c := w.m.trapConcept(medicinal, 1)
	w.trapRelationship(7, c, "#10", 11, 1142135004)
	w.trapRelationship(8, c, "#20", 12, 1142135004)
}

func (w *writer) plantSimpleTraps() {
	m := w.m
	c := int32(m.active)
	if w.part.has(moduleRefsets) {
		w.plain(refsetEmergency, 1<<43, moduleRefsets, m.id[c])
		w.end()
		for k := range 40 {
			w.plain(refsetEmergency, 1<<43+1+uint64(k), moduleRefsets, m.id[m.trapConcept(disease, 10+k)])
			w.end()
		}
	}
}

func (w *writer) plantAssociationTraps() {
	m := w.m
	c := int32(m.active) + 2
	module := m.moduleOf(c)
	if w.part.has(module) {
		w.plain(assocSameAs, 1<<44, module, m.id[c])
		w.sct(m.trapID(sctid.Concept, 9))
		w.end()
	}
}

func (w *writer) plantMapTraps() {
	if !w.part.has(moduleRefsets) {
		return
	}
	m := w.m
	put := func(n uint64, c int32, group, priority int, rule, target string) {
		w.plain(refsetICD10UK, 1<<45+n, moduleRefsets, m.id[c])
		w.num(group)
		w.num(priority)
		w.str(rule)
		w.str("")
		w.str(target)
		w.sct(mapCorrelation)
		w.num(1)
		w.end()
	}
	c := m.trapConcept(disease, 3)
	put(0, c, 7, 1, "IFA 445518008 | Invented age at onset (observable entity) | < 0.0 days", "Q99.1")
	put(1, c, 7, 2, "OTHERWISE TRUE", "Q99.2")
	put(2, m.trapConcept(disease, 4), 8, 1, "TRUE", "")
}
