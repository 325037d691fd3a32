package snomedtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// model is everything about the concepts of a release that more than one file
// of it needs. Concepts are numbered so that a parent comes before its
// children; the active ones come first.
type model struct {
	opt    Options
	active int // how many concepts are active
	total  int

	id       []sctid.ID
	tree     []int32 // the first parent, -1 for the root
	extraAt  []uint32
	extra    []int32 // further parents, all numbered below the child
	cell     []uint8 // index in anchors of the innermost one above or at the concept
	source   []uint8 // index in sources
	leaf     []bool
	lists    []int32 // the concepts of the simple reference sets
	attrs    []attribute
	byAnchor []int32 // concept of each anchor
	index    map[sctid.ID]int32
	cellAt   [][]int32 // the concepts of each cell
	dates    []string
	names    map[int32]string // of the metadata
	sizes    []int            // active members of each of the lists, once known
}

// Who issues a concept.
const (
	fromInternational = iota
	fromClinical
	fromDrug
)

func sourceOf(id sctid.ID) uint8 {
	switch id.Namespace() {
	case "":
		return fromInternational
	case "1000001":
		return fromDrug
	}
	return fromClinical
}

func pick[T any](yes bool, a, b T) T {
	if yes {
		return a
	}
	return b
}

// attribute is one attribute type in use.
type attribute struct {
	concept  int32
	domain   uint8 // anchors
	values   uint8 // anchors
	concrete bool
}

// Counts of the shape at scale 1 that the hierarchy is made from.
const (
	shapeConcepts = 1151519
	shapeIsA      = 1607583
	shapeRefsets  = 582
	shapeTypes    = 127
)

func scaled(n int, scale float64, least int) int {
	return max(least, int(math.Round(float64(n)*scale)))
}

// hash is a number that depends on the seed, a purpose and up to three
// further numbers, and on nothing else.
func (m *model) hash(purpose uint64, v ...uint64) uint64 {
	h := m.opt.Seed*0x9e3779b97f4a7c15 + purpose
	for _, x := range v {
		h = (h ^ x) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>29
}

func (m *model) stream(purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(m.opt.Seed, purpose))
}

// buildHierarchy places the active concepts.
func (m *model) buildHierarchy() {
	r := m.stream(1)
	scale := m.opt.Scale
	m.index = map[sctid.ID]int32{}
	m.names = map[int32]string{}
	m.cellAt = make([][]int32, len(anchors))

	// How many concepts each anchor has of its own, below none of the others.
	own := make([]int, len(anchors))
	anchorOf := map[sctid.ID]int{}
	for i, a := range anchors {
		anchorOf[a.id] = i
		own[i] = scaled(a.size, scale, 3)
	}
	own[anchorOf[ukProduct]], own[anchorOf[ukActualProduct]] = 5, 1
	model := anchorOf[modelComponent]
	nRefsets := scaled(shapeRefsets, math.Min(1, 4*scale), 30) - 20
	nTypes := scaled(shapeTypes, math.Min(1, 10*scale), len(attributes)+len(concreteAttributes)+4)
	own[model] = 1 + len(metadata) + nTypes + nRefsets
	special := anchorOf[370115009]
	own[special] = 1
	whole := slices.Clone(own)
	for i, a := range anchors {
		if i > 0 && a.under != rootConcept {
			up := anchorOf[a.under]
			own[up] = max(own[up]-whole[i], 2)
		}
	}
	rest := own[0] - 1
	for i := 1; i < len(own); i++ {
		rest -= own[i]
	}
	own[0] = 1
	own[special] += max(rest, 0)

	for _, n := range own {
		m.active += n
	}
	m.tree = make([]int32, 0, m.active)
	m.byAnchor = make([]int32, len(anchors))
	for i, a := range anchors {
		parent := int32(-1)
		if i > 0 {
			up := anchorOf[a.under]
			parent = m.byAnchor[up]
			if a.deep {
				// Somewhere in the middle of what is there already.
				c := m.cellAt[up]
				for at := len(c)/3 + r.IntN(len(c)/3+1); ; at-- {
					if parent = c[at]; m.source[parent] == fromInternational {
						break
					}
				}
			}
		}
		m.byAnchor[i] = int32(len(m.tree)) // so that add sees the anchor as its own
		m.add(parent, i)
		m.source[m.byAnchor[i]] = sourceOf(a.id)
		m.index[a.id] = m.byAnchor[i]
		switch {
		case i == model:
			m.addMetadata(i, nTypes, nRefsets, anchorOf)
		case a.id == medicinal:
			m.growProducts(r, m.byAnchor[i], i, own[i]-1)
		default:
			m.grow(r, m.byAnchor[i], i, own[i]-1)
		}
	}
	m.leaf = make([]bool, len(m.tree))
	for i := range m.leaf {
		m.leaf[i] = true
	}
	for _, p := range m.tree[1:] {
		m.leaf[p] = false
	}
	m.addParents(anchorOf)
}

// add appends one concept to a cell.
func (m *model) add(parent int32, cell int) int32 {
	i := int32(len(m.tree))
	m.tree = append(m.tree, parent)
	m.cell = append(m.cell, uint8(cell))
	source := uint8(fromInternational)
	if parent >= 0 {
		source = m.source[parent]
	}
	if h := m.hash(10, uint64(i)) % 100; source == fromInternational && i > m.byAnchor[cell] && m.byAnchor[cell] > 0 {
		switch anchors[cell].source {
		case 'c':
			source = pick(h < 80, fromClinical, source)
		case 'd':
			source = pick(h < 75, fromDrug, source)
		case 'm':
			source = pick(h < 12, fromClinical, source)
		}
	}
	m.source = append(m.source, source)
	m.cellAt[cell] = append(m.cellAt[cell], i)
	return i
}

// grow puts n concepts below parent. Most children are leaves; the others
// take an uneven share of what is left, which gives the depth of the real
// hierarchy.
func (m *model) grow(r *rand.Rand, parent int32, cell, n int) {
	for n > 0 {
		size := 1
		if n > 1 && r.Float64() < growBranch {
			size = 1 + int(float64(n)*math.Pow(r.Float64(), growSkew))
			size = min(size, n)
		}
		child := m.add(parent, cell)
		m.grow(r, child, cell, size-1)
		n -= size
	}
}

// What grow is tuned with.
const (
	growBranch = 0.33
	growSkew   = 0.85
)

// growProducts puts n medicinal products below parent: classes, virtual
// products under them, and the makes of each virtual product.
func (m *model) growProducts(r *rand.Rand, parent int32, cell, n int) {
	const virtual, makes = 30343, 62000
	share := float64(n) / 108526
	nVirtual, nMakes := int(virtual*share), int(makes*share)
	m.grow(r, parent, cell, max(n-nVirtual-nMakes, 1))
	classes := m.cellAt[cell][1:]
	classes = classes[:len(classes):len(classes)]
	left := n - len(classes)
	for v := 0; left > 0; v++ {
		p := m.add(classes[r.IntN(len(classes))], cell)
		m.source[p] = fromDrug
		left--
		k := 1
		if rest := left - (nVirtual - v - 1); v < nVirtual-1 && rest > 1 {
			mean := float64(rest)/float64(nVirtual-v) - 1
			k += int(r.ExpFloat64()*mean + 0.5)
			k = min(k, rest)
		} else if v >= nVirtual-1 {
			k = left
		}
		for ; k > 0 && left > 0; k-- {
			m.add(p, cell)
			left--
		}
	}
}

// addMetadata places the concepts of the model.
func (m *model) addMetadata(cell, nTypes, nRefsets int, anchorOf map[sctid.ID]int) {
	for _, k := range metadata {
		c := m.add(m.index[k.parent], cell)
		m.index[k.id] = c
		m.names[c] = k.name
		m.source[c] = sourceOf(k.id)
	}
	object, data := m.index[762705008], m.index[attrConcrete]
	for _, a := range attributes {
		parent := object
		if a.id == 8653101000001104 {
			parent = m.index[106237007] // a national attribute outside the concept model
		}
		c := m.add(parent, cell)
		m.source[c] = sourceOf(a.id)
		m.index[a.id] = c
		m.names[c] = a.name
		m.attrs = append(m.attrs, attribute{c, uint8(anchorOf[a.domain]), uint8(anchorOf[a.values]), false})
	}
	for _, a := range concreteAttributes {
		c := m.add(data, cell)
		m.index[a.id] = c
		m.names[c] = a.name
		m.attrs = append(m.attrs, attribute{c, uint8(anchorOf[pharmaProduct]), 0, true})
	}
	domains := []sctid.ID{clinicalFinding, procedure, pharmaProduct, bodyStructure, situation, observable, physicalObject, substance}
	values := []sctid.ID{qualifier, bodyStructure, substance, qualifier, clinicalFinding, organism, physicalObject, procedure}
	for i := len(m.attrs); i < nTypes; i++ {
		c := m.add(object, cell)
		m.names[c] = "Invented attribute " + strconv.Itoa(i)
		m.attrs = append(m.attrs, attribute{c, uint8(anchorOf[domains[i%8]]), uint8(anchorOf[values[i/3%8]]), false})
	}
	parent := m.index[refsetRoot]
	for k := range nRefsets {
		c := m.add(parent, cell)
		m.source[c] = [...]uint8{fromClinical, fromClinical, fromInternational, fromDrug}[k%4]
		if m.opt.Layout == International && k >= nRefsets-otherLists {
			m.source[c] = fromInternational // so that those of other shapes are in every layout
		}
		m.names[c] = "Invented list " + strconv.Itoa(k)
		m.lists = append(m.lists, c)
	}
}

// addParents gives concepts their further parents. A few groupers take most
// of them, as in the real hierarchy, and most children are leaves, so that
// the number of ancestors does not explode.
func (m *model) addParents(anchorOf map[sctid.ID]int) {
	r := m.stream(2)
	links := scaled(shapeIsA, m.opt.Scale, 0) - (m.active - 1)
	type link struct{ child, parent int32 }
	var all []link

	// Every make of a virtual product is also an actual product.
	actual := m.byAnchor[anchorOf[ukActualProduct]]
	med := anchorOf[medicinal]
	virtual := m.byAnchor[anchorOf[ukProduct]] + 1 // the virtual national products
	for _, c := range m.cellAt[med] {
		if p := m.tree[c]; m.leaf[c] && m.source[p] == fromDrug && m.isVirtual(c) {
			if all = append(all, link{c, actual}); c == p+1 {
				all = append(all, link{p, virtual})
			}
		}
	}
	var groupers [][]int32 // per cell, most popular first
	var weight []float64
	sum := 0.0
	depth, below := m.depths(), m.below()
	for cell, cs := range m.cellAt {
		var g []int32
		var base = depth[cs[0]]
		for _, c := range cs {
			if m.leaf[c] || c == cs[0] {
				continue
			}
			if d := depth[c] - base; d <= grouperDepth || r.IntN(grouperRare) == 0 {
				g = append(g, c)
			}
		}
		r.Shuffle(len(g), func(i, j int) { g[i], g[j] = g[j], g[i] })
		groupers = append(groupers, g)
		w := float64(len(cs))
		switch anchors[cell].id {
		case modelComponent, ukProduct, ukActualProduct, rootConcept, 73211009, 195967001:
			w = 0
		case medicinal:
			w /= 4 // the makes have their second parent already
		}
		if len(g) < 2 {
			w = 0
		}
		weight = append(weight, w)
		sum += w
	}
	have := map[link]bool{}
	seen := map[int32][]int32{}
	for cell, cs := range m.cellAt {
		if weight[cell] == 0 {
			continue
		}
		g := groupers[cell]
		want := int(weight[cell] / sum * float64(links-len(all)))
		for tries := 0; want > 0 && tries < 20*len(cs)+100; tries++ {
			c := cs[r.IntN(len(cs))]
			if cell == med && m.leaf[c] && m.isVirtual(c) {
				continue
			}
			if !m.leaf[c] && (below[c] > innerMost || r.IntN(innerRare) > 0) {
				continue
			}
			q := g[popular(r, len(g))]
			if r.Float64() < nearShare {
				q = m.near(r, c, cs[0])
			}
			if m.source[c] == fromInternational && m.source[q] != fromInternational {
				continue // no release depends on an extension of itself
			}
			if q >= c || have[link{c, q}] || m.above(q, c) || m.redundant(q, seen[c]) {
				continue
			}
			have[link{c, q}] = true
			seen[c] = append(seen[c], q)
			want--
		}
	}
	counts := make([]uint32, len(m.tree)+1)
	for _, l := range all {
		counts[l.child+1]++
	}
	for c, ps := range seen {
		counts[c+1] += uint32(len(ps))
	}
	for i := range len(m.tree) {
		counts[i+1] += counts[i]
	}
	m.extraAt = counts
	m.extra = make([]int32, counts[len(m.tree)])
	fill := make([]uint32, len(m.tree))
	put := func(c, p int32) {
		m.extra[counts[c]+fill[c]] = p
		fill[c]++
	}
	for _, l := range all {
		put(l.child, l.parent)
	}
	for c := range int32(len(m.tree)) {
		for _, p := range seen[c] {
			put(c, p)
		}
	}
}

// What addParents is tuned with.
const (
	grouperDepth = 2
	grouperRare  = 1500
	innerRare    = 30
	innerMost    = 5 // concepts below one that may have several parents
	nearShare    = 0.3
	zipfOffset   = 7.0
	zipfPower    = 1.15
)

// popular draws a rank below n, the low ones far more often.
func popular(r *rand.Rand, n int) int {
	// The inverse of the integral of (x+offset)^-power.
	a := 1 - zipfPower
	lo, hi := math.Pow(zipfOffset, a), math.Pow(float64(n)+zipfOffset, a)
	x := math.Pow(lo+(hi-lo)*r.Float64(), 1/a) - zipfOffset
	return min(int(x), n-1)
}

// near returns an inner concept a few places before c's parent in the list,
// which is usually a cousin, and not above the first concept of the cell.
func (m *model) near(r *rand.Rand, c, first int32) int32 {
	q := m.tree[c]
	for range 1 + r.IntN(3) {
		for q--; q > first && m.leaf[q]; q-- {
		}
	}
	return max(q, first)
}

// below returns how many concepts are below each in the tree, itself
// included.
func (m *model) below() []int32 {
	n := make([]int32, len(m.tree))
	for i := len(n) - 1; i >= 0; i-- {
		n[i]++
		if p := m.tree[i]; p >= 0 {
			n[p] += n[i]
		}
	}
	return n
}

// isVirtual reports whether the leaf c is a make: its parent has children and
// all of them are leaves added behind it.
func (m *model) isVirtual(c int32) bool {
	p := m.tree[c]
	for q := p + 1; q <= c; q++ {
		if m.tree[q] != p {
			return false
		}
	}
	return true
}

// above reports whether q is an ancestor of c in the tree.
func (m *model) above(q, c int32) bool {
	for c > q {
		c = m.tree[c]
	}
	return c == q
}

// redundant reports whether q is above one of the parents, or below.
func (m *model) redundant(q int32, parents []int32) bool {
	for _, p := range parents {
		if m.above(q, p) || m.above(p, q) {
			return true
		}
	}
	return false
}

// depths returns the length of the way to the root in the tree.
func (m *model) depths() []int16 {
	d := make([]int16, len(m.tree))
	for i, p := range m.tree {
		if p >= 0 {
			d[i] = d[p] + 1
		}
	}
	return d
}
