package snomedtest

import (
	"math"
	"strconv"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// shapeMembers is the number of active members that refer to concepts, over
// all reference sets.
const shapeMembers = 7177107

// simpleMap is a map with one target per row.
type simpleMap struct {
	id     sctid.ID
	rows   int // active, at scale 1
	module sctid.ID
	prefix byte
}

func simpleMapsList() []simpleMap {
	return []simpleMap{
		{refsetCTV3, 524000, moduleCore, 'X'},
		{refsetICDO, 25000, moduleCore, 'M'},
		{refsetReadV2, 500000, moduleRefsets, 'C'},
		{refsetReadV3, 524000, moduleRefsets, 'Y'},
	}
}

// ruleMap is a map with groups, priorities and rules.
type ruleMap struct {
	id     sctid.ID
	rows   int
	module sctid.ID
	letter byte // what targets start with; 0: any
	active bool
}

func ruleMapsList() []ruleMap {
	return []ruleMap{
		{refsetICD10Int, 330000, moduleCore, 0, true},
		{refsetICD10UK, 1150000, moduleRefsets, 0, true},
		{refsetOPCS, 600000, moduleRefsets, 'L', true},
		{refsetOPCSOld, 60000, moduleRefsets, 'L', false},
	}
}

// simpleSizes returns how many active members each simple reference set has:
// what the other reference sets leave of the published total.
func (m *model) simpleSizes() []int {
	if m.sizes != nil {
		return m.sizes
	}
	others := m.active + m.total - m.active // axioms and inactivations
	m.eachAssociation(func(association) { others++ })
	for _, x := range simpleMapsList() {
		m.eachSimpleMap(x, func(_ int, _ int32, _ string, active bool) { others += pick(active, 1, 0) })
	}
	for _, x := range ruleMapsList() {
		m.eachMapRow(x, func(*mapRow) { others += pick(x.active, 1, 0) })
	}
	rest := shapeMembers*float64(m.total)/shapeConcepts - float64(others)
	weights, sum := make([]float64, len(m.lists)), 0.0
	for k := range weights {
		weights[k] = math.Pow(float64(k)+3, -0.9)
		sum += weights[k]
	}
	sizes := make([]int, len(weights))
	for k, w := range weights {
		sizes[k] = max(2, min(int(rest*w/sum), m.active*2/3))
	}
	m.sizes = sizes
	return sizes
}

func (w *writer) openRefset(folder, name string, columns ...string) {
	w.open(folder, name, "", append([]string{"id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId"}, columns...)...)
}

// coprime returns a step near a number that visits every residue of n.
func coprime(step, n int) int {
	for step = max(1, step%n); ; step++ {
		a, b := step, n
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return step
		}
	}
}

// memberModule is the module of a member of a reference set.
func (m *model) memberModule(refset int32) sctid.ID {
	switch m.source[refset] {
	case fromClinical:
		return moduleRefsets
	case fromDrug:
		return moduleDrug
	}
	return moduleCore
}

// eachListMember calls fn for every active member of the kth simple
// reference set.
func (m *model) eachListMember(k, size int, fn func(j int, concept int32)) {
	set := m.lists[k]
	h := m.hash(80, uint64(k))
	step := coprime(int(h%uint64(m.active)), m.active)
	at := int(h >> 20 % uint64(m.active))
	for j := 0; j < size; {
		c := int32(at)
		at = (at + step) % m.active
		if m.source[set] == fromInternational && m.source[c] != fromInternational {
			continue
		}
		j++
		if j%97 == 3 && m.source[set] != fromInternational {
			c = int32(m.active + j%(m.total-m.active)) // members may be inactive
		}
		fn(j, c)
	}
}

func (w *writer) simpleRefsets() {
	m := w.m
	w.openRefset("Refset/Content", "der2_Refset_Simple")
	for k, size := range m.simpleSizes() {
		if k >= len(m.lists)-otherLists {
			break
		}
		set := m.lists[k]
		id := m.id[set]
		module := m.memberModule(set)
		m.eachListMember(k, size, func(j int, c int32) {
			key := m.hash(81, uint64(k), uint64(j))
			w.versions(key, module, m.timeOf(7, m.source[set], key), true, func(date string, active bool) {
				w.member(m.uuid(id, uint64(j)), date, active, module, id, m.id[c])
				w.end()
			})
			if j%12 == 5 { // and some that have left
				key++
				old := int32((int(c) + j*7) % m.active)
				for m.source[set] == fromInternational && m.source[old] != fromInternational {
					old = (old + 1) % int32(m.active)
				}
				w.versions(key, module, m.timeOf(7, m.source[set], key), false, func(date string, active bool) {
					w.member(m.uuid(id, uint64(j)|1<<40), date, active, module, id, m.id[old])
					w.end()
				})
			}
		})
	}
	// A reference set of descriptions.
	n := 0
	module := m.localModule()
	m.eachDescription(func(d *description) {
		if n++; n%500 != 1 || !d.active || module == moduleCore && m.source[d.concept] != fromInternational {
			return
		}
		key := uint64(n)
		at := pick(n == 1, nDates-1, m.timeOf(7, fromClinical, key))
		w.versions(m.hash(82, key), module, at, true, func(date string, active bool) {
			w.member(m.uuid(m.descriptionList(), key|1<<50), date, active, module, m.descriptionList(), m.descriptionID(d))
			w.end()
		})
	})
	w.plantMembers()
}

// descriptionList is the reference set whose members are descriptions.
func (m *model) descriptionList() sctid.ID { return m.id[m.lists[len(m.lists)-3]] }

// association is what became of an inactive concept.
type association struct {
	set              sctid.ID
	component, other int32
	n                uint64
}

// eachAssociation calls fn for every active historical association.
func (m *model) eachAssociation(fn func(a association)) {
	for c := int32(m.active); int(c) < m.total; c++ {
		h := m.hash(83, uint64(c))
		target := func(k uint64) int32 {
			for ; ; k++ {
				t := int32(m.hash(84, uint64(c), k) % uint64(m.active))
				if k%10 == 7 {
					t = int32(m.active) + int32(m.hash(84, uint64(c), k)%uint64(m.total-m.active))
				}
				if t != c && (m.source[t] == fromInternational || m.source[t] == m.source[c]) {
					return t
				}
			}
		}
		n := uint64(c) * 8
		switch x := h % 100; {
		case x < 40:
			fn(association{assocSameAs, c, target(h >> 8 % 8), n})
		case x < 62:
			fn(association{assocReplacedBy, c, target(h >> 8 % 8), n})
		case x < 72:
			fn(association{assocWasA, c, target(0), n})
		case x < 84:
			for k := range 2 + h>>8%2 {
				fn(association{assocPossEquiv, c, target(20 + 3*k), n + k})
			}
		case x < 88:
			fn(association{assocMovedTo, c, m.index[900000000000443000], n})
		case x < 91:
			fn(association{assocAlternativ, c, target(0), n})
		case x < 94:
			fn(association{assocPartEquiv, c, target(0), n})
			fn(association{assocPartEquiv, c, target(20), n + 1})
		case x < 97:
			fn(association{assocPossRepl, c, target(0), n})
		}
		if h>>20%40 == 0 {
			// The active concept says that it came from here.
			if t := target(1); int(t) < m.active && m.source[t] == m.source[c] {
				fn(association{assocMovedFrom, t, c, n + 7})
			}
		}
	}
}

func (w *writer) associations() {
	m := w.m
	w.openRefset("Refset/Content", "der2_cRefset_Association", "targetComponentId")
	m.eachAssociation(func(a association) {
		module := m.moduleOf(a.component)
		w.versions(m.hash(85, a.n), module, m.timeOf(8, m.source[a.component], a.n), true, func(date string, active bool) {
			w.member(m.uuid(a.set, a.n), date, active, module, a.set, m.id[a.component])
			w.sct(m.id[a.other])
			w.end()
		})
	})
	w.plantAssociations()
}

func (w *writer) attributeValues() {
	m := w.m
	w.openRefset("Refset/Content", "der2_cRefset_AttributeValue", "valueId")
	reasons := []sctid.ID{900000000000482003, 900000000000483008, 900000000000484002, 900000000000485001, 900000000000487009}
	for c := int32(m.active); int(c) < m.total; c++ {
		module := m.moduleOf(c)
		w.versions(m.hash(86, uint64(c)), module, m.timeOf(8, m.source[c], uint64(c)), true, func(date string, active bool) {
			w.member(m.uuid(refsetConceptIn, uint64(c)), date, active, module, refsetConceptIn, m.id[c])
			w.sct(reasons[m.hash(87, uint64(c))%5])
			w.end()
		})
	}
	m.eachDescription(func(d *description) {
		if d.active || d.n%5 > 0 {
			return
		}
		module := m.moduleOf(d.concept)
		w.versions(m.hash(88, d.n), module, m.timeOf(8, m.source[d.concept], d.n), true, func(date string, active bool) {
			w.member(m.uuid(refsetDescIn, d.n), date, active, module, refsetDescIn, m.descriptionID(d))
			w.sct(reasons[d.n%5])
			w.end()
		})
	})
}

// otherLists is how many of the last of the lists are not simple reference
// sets of concepts.
const otherLists = 3

// otherRefsets writes reference sets of shapes beside the usual ones.
func (w *writer) otherRefsets() {
	m := w.m
	lists := m.lists
	at := func(k int) sctid.ID { return m.id[lists[len(lists)-1-k]] }
	module := m.localModule()
	// The nth concept that the module may refer to.
	concept := func(n int) sctid.ID {
		c := int32(n)
		for module == moduleCore && m.source[c] != fromInternational {
			c++
		}
		return m.id[c]
	}
	w.openRefset("Refset/Content", "der2_iRefset_Ordered", "order")
	for k := range pick(w.part.has(module), 20, 0) {
		w.plain(at(0), uint64(k)|1<<41, module, concept(k+5))
		w.num(20 - k)
		w.end()
	}
	// A shape that no specification knows: two concepts, an integer and two
	// strings.
	w.openRefset("Refset/Content", "der2_ccissRefset_InventedShape", "firstId", "secondId", "weight", "label", "note")
	for k := range pick(w.part.has(module), 25, 0) {
		w.plain(at(1), uint64(k)|1<<42, module, concept(k*3+9))
		w.sct(concept(k))
		w.sct(concept(k + 1))
		w.num(k*11 - 40)
		w.str("label " + strconv.Itoa(k%4))
		w.str(`with "quotes", 'marks' and µ`)
		w.end()
	}
}

// plain starts a member that has no earlier versions.
func (w *writer) plain(refset sctid.ID, row uint64, module, component sctid.ID) {
	w.member(w.m.uuid(refset, row), w.m.dates[nDates-1], true, module, refset, component)
}

// simpleTarget is the code that a simple map gives a concept.
func simpleTarget(prefix byte, c int32) string {
	b := []byte{prefix, 'a', 'a', 'a', '.'}
	for i, v := 1, int(c); i < 4; i++ {
		b[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[v%62]
		v /= 62
	}
	if c >= 62*62*62 {
		b[4] = 'A' + byte(c/(62*62*62))
	}
	return string(b)
}

// eachSimpleMap calls fn for every row of a simple map.
func (m *model) eachSimpleMap(x simpleMap, fn func(n int, c int32, target string, active bool)) {
	rows := int(float64(x.rows) * float64(m.total) / shapeConcepts)
	var may []int32 // what its module may refer to
	for c := range int32(m.total) {
		if x.module != moduleCore || m.source[c] == fromInternational {
			may = append(may, c)
		}
	}
	step := max(1, len(may)/max(rows, 1))
	for n := range rows {
		at := n * step
		c := may[at%len(may)]
		// A second round gives concepts further targets.
		target := simpleTarget(x.prefix, c+int32(at/len(may)*m.total))
		if n%1000 == 17 {
			target = "" // no target
		}
		fn(n, c, target, true)
		if n%30 == 0 {
			fn(n|1<<30, c, simpleTarget(x.prefix, c+1), false) // one that it had
		}
	}
}

func (w *writer) simpleMaps() {
	m := w.m
	w.openRefset("Refset/Map", "der2_sRefset_SimpleMap", "mapTarget")
	for _, x := range simpleMapsList() {
		m.eachSimpleMap(x, func(n int, c int32, target string, active bool) {
			key := uint64(n)
			at := m.timeOf(9, m.source[c], key)
			w.versions(m.hash(89, key, uint64(x.id)), x.module, at, active, func(date string, active bool) {
				w.member(m.uuid(x.id, key), date, active, x.module, x.id, m.id[c])
				w.str(pick(date == m.dates[at], target, simpleTarget(x.prefix, c+2)))
				w.end()
			})
		})
	}
}

// mapRow is one row of a map with rules.
type mapRow struct {
	n               uint64
	concept         int32
	group, priority int
	rule, target    string
}

// eachMapRow calls fn for every row of a map, those of a concept together.
func (m *model) eachMapRow(x ruleMap, fn func(r *mapRow)) {
	rows := int(float64(x.rows) * float64(m.total) / shapeConcepts)
	cells := []int{}
	for i := range anchors {
		top := pick(x.letter == 'L', procedure, clinicalFinding)
		if m.cellUnder(i, int(m.cell[m.index[top]])) {
			cells = append(cells, i)
		}
	}
	n := 0
	for _, cell := range cells {
		n += len(m.cellAt[cell])
	}
	left := spread{rows, n}
	r := m.stream(100 + uint64(x.id%1000))
	var row mapRow
	code := func(h uint64) string {
		letter := x.letter
		if letter == 0 {
			letter = 'A' + byte(h%25)
		}
		return string(letter) + strconv.Itoa(int(h>>8%90+10)) + "." + strconv.Itoa(int(h>>16%10))
	}
	for _, cell := range cells {
		cs := m.cellAt[cell]
		for _, c := range cs {
			k := left.next(r, r.Float64()*2)
			if x.module == moduleCore && m.source[c] != fromInternational {
				continue
			}
			row.concept = c
			h := m.hash(90, uint64(c), uint64(x.id))
			group, priority := 1, 1
			conditional := k > 1 && h%3 > 0
			for j := range k {
				row.group, row.priority = group, priority
				row.target = code(m.hash(91, h, uint64(j)))
				row.rule = "TRUE"
				if conditional {
					row.rule = m.rule(h>>8+uint64(j), c)
					priority++
					if priority > 3 || j == k-1 {
						row.rule = "OTHERWISE TRUE"
						group, priority = group+1, 1
					}
				} else {
					group++
				}
				if h%50 == 7 && j == 0 {
					row.target = "" // this group has none
				}
				row.n = uint64(c)<<8 | uint64(j)
				fn(&row)
			}
		}
	}
}

// rule is the text of a map rule that may or may not hold.
func (m *model) rule(h uint64, c int32) string {
	const age = "IFA 445518008 | Invented age at onset (observable entity) | "
	switch h % 6 {
	case 0:
		return age + "< 28.0 days"
	case 1:
		return age + ">= 12.0 years AND " + age + "< 19.0 years"
	case 2:
		return "IFA 248152002 | Invented female (finding) |"
	case 3:
		return "IFA 248153007 | Invented male (finding) |"
	}
	other := m.cellAt[m.cell[c]][h>>8%uint64(len(m.cellAt[m.cell[c]]))]
	if m.source[other] != fromInternational {
		other = m.byAnchor[m.cell[c]]
	}
	return "IFA " + m.id[other].String() + " | Invented condition (finding) |"
}

func (w *writer) extendedMaps() {
	m := w.m
	write := func(x ruleMap, national bool) {
		m.eachMapRow(x, func(r *mapRow) {
			key := m.hash(92, r.n, uint64(x.id))
			w.versions(key, x.module, m.timeOf(9, fromClinical, key), x.active, func(date string, active bool) {
				w.member(m.uuid(x.id, r.n), date, active, x.module, x.id, m.id[r.concept])
				w.num(r.group)
				w.num(r.priority)
				w.str(r.rule)
				w.str(pick(r.rule == "TRUE", "ALWAYS ", "IF CONDITION MET USE ") + r.target)
				w.str(r.target)
				w.sct(mapCorrelation)
				if national {
					w.num(1 + r.group/3)
				} else {
					w.sct(pick(r.rule == "TRUE", mapCategory, mapCategoryCtx))
				}
				w.end()
			})
		})
	}
	columns := []string{"mapGroup", "mapPriority", "mapRule", "mapAdvice", "mapTarget", "correlationId"}
	w.openRefset("Refset/Map", "der2_iisssccRefset_ExtendedMap", append(columns[:6:6], "mapCategoryId")...)
	for _, x := range ruleMapsList() {
		if x.id == refsetICD10Int {
			write(x, false)
		}
	}
	w.plantMapRows(false)
	w.openRefset("Refset/Map", "der2_iisssciRefset_ExtendedMap", append(columns[:6:6], "mapBlock")...)
	for _, x := range ruleMapsList() {
		if x.id != refsetICD10Int {
			write(x, true)
		}
	}
	w.plantMapRows(true)
}

// metadataRefsets describes the reference sets and the modules.
func (w *writer) metadataRefsets() {
	m := w.m
	row := uint64(0)
	start := func(refset, module, component sctid.ID) bool {
		row++
		if !w.part.has(module) || m.opt.Release == Delta {
			return false
		}
		w.member(m.uuid(refset, row), m.dates[pick(refset == refsetModDep, nDates-1, 0)], true, module, refset, component)
		return true
	}
	w.openRefset("Refset/Metadata", "der2_cciRefset_RefsetDescriptor", "attributeDescription", "attributeType", "attributeOrder")
	const (
		component sctid.ID = 900000000000461009
		text      sctid.ID = 900000000000465000
		integer   sctid.ID = 900000000000476001
		target    sctid.ID = 900000000000505001
		assoc     sctid.ID = 900000000000533001
		accept    sctid.ID = 900000000000511003
		note      sctid.ID = 900000000000519001
	)
	describe := func(set sctid.ID, module sctid.ID, columns ...[2]sctid.ID) {
		for i, c := range append([][2]sctid.ID{{component, component}}, columns...) {
			if start(refsetDescr, module, set) {
				w.sct(c[0])
				w.sct(c[1])
				w.num(i)
				w.end()
			}
		}
	}
	for k, c := range m.lists {
		module := m.memberModule(c)
		switch len(m.lists) - 1 - k {
		case 0:
			describe(m.id[c], m.localModule(), [2]sctid.ID{note, integer})
		case 1:
			describe(m.id[c], m.localModule(), [2]sctid.ID{note, component}, [2]sctid.ID{note, component}, [2]sctid.ID{note, integer},
				[2]sctid.ID{note, text}, [2]sctid.ID{note, text})
		default:
			describe(m.id[c], module)
		}
	}
	for _, x := range simpleMapsList() {
		describe(x.id, x.module, [2]sctid.ID{target, text})
	}
	rules := [][2]sctid.ID{{note, integer}, {note, integer}, {note, text}, {note, text}, {target, text}, {note, component}}
	for _, x := range ruleMapsList() {
		describe(x.id, x.module, append(rules[:6:6], [2]sctid.ID{note, pick(x.id == refsetICD10Int, component, integer)})...)
	}
	for _, set := range []sctid.ID{assocSameAs, assocReplacedBy, assocWasA, assocPossEquiv, assocMovedTo, assocMovedFrom, assocAlternativ, assocPartEquiv, assocPossRepl} {
		describe(set, moduleModel, [2]sctid.ID{assoc, component})
	}
	for _, set := range []sctid.ID{langGB, langUS} {
		describe(set, moduleModel, [2]sctid.ID{accept, component})
	}

	w.openRefset("Refset/Metadata", "der2_ssRefset_ModuleDependency", "sourceEffectiveTime", "targetEffectiveTime")
	for _, d := range [][2]sctid.ID{
		{moduleCore, moduleModel}, {moduleExtra, moduleCore}, {moduleExtra, moduleModel},
		{moduleClinical, moduleCore}, {moduleClinical, moduleModel}, {moduleRefsets, moduleCore}, {moduleRefsets, moduleClinical},
		{moduleDrug, moduleCore}, {moduleDrug, moduleModel}, {moduleEdition, moduleClinical}, {moduleEdition, moduleRefsets}, {moduleEdition, moduleCore},
	} {
		row++
		if w.part.has(d[0]) {
			w.member(m.uuid(refsetModDep, row), m.dates[nDates-1], true, d[0], refsetModDep, d[1])
			w.str(m.dates[nDates-1])
			w.str(m.dates[nDates-1])
			w.end()
		}
	}
	w.openRefset("Refset/Metadata", "der2_ciRefset_DescriptionType", "descriptionFormat", "descriptionLength")
	for _, d := range []struct {
		kind   sctid.ID
		length int
	}{{typeFSN, 255}, {typeSynonym, 255}, {typeDefinition, 4096}} {
		if start(refsetDescType, moduleModel, d.kind) {
			w.sct(900000000000465000)
			w.num(d.length)
			w.end()
		}
	}
}
