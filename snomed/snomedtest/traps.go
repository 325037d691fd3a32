package snomedtest

import "github.com/nhskit/nhskit/snomed/sctid"

// Trap is a situation that every release holds, with the concept to look at.
type Trap struct {
	Name    string
	Concept sctid.ID
}

// trapConcept picks an international concept of a hierarchy for a trap,
// another one for every k.
func (m *model) trapConcept(top sctid.ID, k int) int32 {
	var cs []int32
	for _, c := range m.cellAt[m.cell[m.index[top]]] {
		if m.source[c] == fromInternational && c != m.index[top] {
			cs = append(cs, c)
		}
	}
	if len(cs) == 0 {
		return m.index[top] // the only one at small scales
	}
	return cs[k*coprime(7, len(cs))%len(cs)]
}

// inactiveTrap picks the kth inactive concept of international content, which
// every layout has.
func (m *model) inactiveTrap(k int) int32 {
	for c := int32(m.active); int(c) < m.total; c++ {
		if m.source[c] == fromInternational {
			if k == 0 {
				return c
			}
			k--
		}
	}
	panic("snomedtest: too few inactive concepts")
}

// dialectTrap is the first concept with different preferred terms in British
// and US English.
func (m *model) dialectTrap() (concept int32) {
	concept = -1
	m.eachDescription(func(d *description) {
		if d.us && concept < 0 {
			concept = d.concept
		}
	})
	return concept
}

// localModule is the module of what is planted in reference sets: the one for
// national reference sets where there is one.
func (m *model) localModule() sctid.ID {
	return pick(m.opt.Layout == International, moduleCore, moduleRefsets)
}

// Traps lists the situations planted in every release, of any layout and
// type:
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
//
// The concept is the one that the rows are about; for the last two it is the
// reference set.
func Traps(opt Options) ([]Trap, error) {
	m, err := newModel(opt)
	if err != nil {
		return nil, err
	}
	at := func(c int32) sctid.ID { return m.id[c] }
	return []Trap{
		{"inactive-member", at(m.inactiveTrap(0))},
		{"inactive-is-a", at(m.inactiveTrap(1))},
		{"group-0-and-n", at(m.trapConcept(disease, 1))},
		{"across-groups", at(m.trapConcept(disease, 2))},
		{"two-values", at(m.trapConcept(medicinal, 1))},
		{"two-dialects", at(m.dialectTrap())},
		{"moved-from", at(m.trapConcept(disease, 5))},
		{"missing-target", at(m.inactiveTrap(2))},
		{"failing-first-rule", at(m.trapConcept(disease, 3))},
		{"no-target", at(m.trapConcept(disease, 4))},
		{"unknown-shape", at(m.lists[len(m.lists)-2])},
		{"description-member", m.descriptionList()},
	}, nil
}

// trapID makes identifiers that no counted component has.
func (m *model) trapID(kind sctid.Kind, n uint64) sctid.ID {
	return m.newID(kind, fromInternational, 15_000_000+n)
}

// trapRows are the relationships of traps, of international concepts.
func (m *model) trapRows() []relationship {
	const site, shape, strength = 363698007, 116676008, 1142135004
	valve, swelling, body := m.index[pulmonaryValve], m.index[edema], m.index[bodyStructure]
	both, across, values := m.trapConcept(disease, 1), m.trapConcept(disease, 2), m.trapConcept(medicinal, 1)
	return []relationship{
		{n: 1, source: both, kind: site, destination: valve, group: 0, active: true},
		{n: 2, source: both, kind: site, destination: valve, group: 21, active: true},
		{n: 3, source: across, kind: site, destination: valve, group: 21, active: true},
		{n: 4, source: across, kind: shape, destination: body, group: 21, active: true},
		{n: 5, source: across, kind: site, destination: body, group: 22, active: true},
		{n: 6, source: across, kind: shape, destination: swelling, group: 22, active: true},
		{n: 7, source: values, kind: strength, destination: -1, value: "#10", group: 11, active: true},
		{n: 8, source: values, kind: strength, destination: -1, value: "#20", group: 12, active: true},
		{n: 9, source: m.inactiveTrap(1), kind: isA, destination: m.index[rootConcept]},
	}
}

func (w *writer) plantRelationships(concrete bool) {
	m := w.m
	if !w.part.has(moduleCore) {
		return
	}
	for _, r := range m.trapRows() {
		if (r.destination < 0) != concrete {
			continue
		}
		w.relationship(m.trapID(sctid.Relationship, r.n), m.dates[nDates-1], r.active, moduleCore, &r)
	}
}

func (w *writer) plantMembers() {
	m := w.m
	module := m.localModule()
	if !w.part.has(module) {
		return
	}
	set := refsetEmergency
	if m.opt.Layout == International {
		set = m.id[m.lists[2]]
	}
	w.plain(set, 1<<43, module, m.id[m.inactiveTrap(0)])
	w.end()
	for k := range 40 {
		w.plain(set, 1<<43+1+uint64(k), module, m.id[m.trapConcept(disease, 10+k)])
		w.end()
	}
}

func (w *writer) plantAssociations() {
	m := w.m
	if !w.part.has(moduleCore) {
		return
	}
	w.plain(assocSameAs, 1<<44, moduleCore, m.id[m.inactiveTrap(2)])
	w.sct(m.trapID(sctid.Concept, 9))
	w.end()
	w.plain(assocMovedFrom, 1<<44+1, moduleCore, m.id[m.trapConcept(disease, 5)])
	w.sct(m.id[m.inactiveTrap(3)])
	w.end()
}

// plantMapRows plants rows in the national map of the package, or in the
// international one where there is no other.
func (w *writer) plantMapRows(national bool) {
	m := w.m
	if module := m.localModule(); !w.part.has(module) || national != (module == moduleRefsets) {
		return
	}
	put := func(n uint64, c int32, group, priority int, rule, target string) {
		w.plain(pick(national, refsetICD10UK, refsetICD10Int), 1<<45+n, m.localModule(), m.id[c])
		w.num(group)
		w.num(priority)
		w.str(rule)
		w.str("")
		w.str(target)
		w.sct(mapCorrelation)
		if national {
			w.num(1)
		} else {
			w.sct(mapCategory)
		}
		w.end()
	}
	c := m.trapConcept(disease, 3)
	put(0, c, 7, 1, "IFA 445518008 | Invented age at onset (observable entity) | < 0.0 days", "Q99.1")
	put(1, c, 7, 2, "OTHERWISE TRUE", "Q99.2")
	put(2, m.trapConcept(disease, 4), 8, 1, "TRUE", "")
}
