package snomedtest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// expectBelow is the largest scale at which expect.json is written.
const expectBelow = 0.05

// Expected holds answers about a snapshot, found by walking from concept to
// concept. It is the content of expect.json.
type Expected struct {
	Hierarchy []ExpectedConcept     `json:"hierarchy"`
	ECL       []ExpectedExpression  `json:"ecl"`
	History   []ExpectedAssociation `json:"history"`
	Maps      []ExpectedMap         `json:"maps"`
}

// ExpectedConcept is the place of one active concept in the hierarchy. The
// counts leave the concept itself out.
type ExpectedConcept struct {
	ID          sctid.ID   `json:"id"`
	Parents     []sctid.ID `json:"parents"` // ascending
	Children    int        `json:"children"`
	Ancestors   int        `json:"ancestors"`
	Descendants int        `json:"descendants"`
}

// ExpectedExpression is what an expression of the expression constraint
// language selects. IDs is in ascending order, and left out above 200; Hash
// is FNV-1a, 64 bits, in hexadecimal, of all the identifiers in that order,
// each followed by a line feed.
type ExpectedExpression struct {
	Expr  string     `json:"expr"`
	Count int        `json:"count"`
	IDs   []sctid.ID `json:"ids,omitempty"`
	Hash  string     `json:"hash"`
}

// ExpectedAssociation is one historical association.
type ExpectedAssociation struct {
	Refset sctid.ID `json:"refset"`
	Source sctid.ID `json:"source"`
	Target sctid.ID `json:"target"`
}

// ExpectedMap is one row of a simple map.
type ExpectedMap struct {
	Refset sctid.ID `json:"refset"`
	ID     sctid.ID `json:"id"`
	Target string   `json:"target"`
}

// Expect computes what is in expect.json for a snapshot of the monolithic
// layout.
func Expect(opt Options) (*Expected, error) {
	m, err := newModel(opt)
	if err != nil {
		return nil, err
	}
	return m.expect(), nil
}

func (w *writer) writeExpected() {
	if w.m.opt.Release != Snapshot || w.m.opt.Layout != Monolith {
		return
	}
	w.flush()
	b, err := json.MarshalIndent(w.m.expect(), "", " ")
	if err == nil && w.err == nil {
		w.w, w.err = w.out.create("expect.json")
		w.row = append(b, '\n')
	}
}

// set is a set of concepts, the plain way.
type set map[int32]bool

func (m *model) expect() *Expected {
	e := &Expected{}
	parents := make([][]int32, m.total)
	children := make([][]int32, m.total)
	for c := range int32(m.active) {
		parents[c] = m.parents(c, nil)
		for _, p := range parents[c] {
			children[p] = append(children[p], c)
		}
	}
	reach := func(c int32, next [][]int32) set {
		s := set{}
		var walk func(int32)
		walk = func(c int32) {
			for _, x := range next[c] {
				if !s[x] {
					s[x] = true
					walk(x)
				}
			}
		}
		walk(c)
		return s
	}
	ids := func(s set) []sctid.ID {
		out := make([]sctid.ID, 0, len(s))
		for c := range s {
			out = append(out, m.id[c])
		}
		slices.Sort(out)
		return out
	}
	list := func(cs []int32) []sctid.ID {
		s := set{}
		for _, c := range cs {
			s[c] = true
		}
		return ids(s)
	}

	r := m.stream(200)
	look := slices.Clone(m.byAnchor)
	for range 200 {
		look = append(look, int32(r.IntN(m.active)))
	}
	for _, c := range look {
		e.Hierarchy = append(e.Hierarchy, ExpectedConcept{m.id[c], list(parents[c]), len(children[c]),
			len(reach(c, parents)), len(reach(c, children))})
	}
	m.eachAssociation(func(a association) {
		if a.n%7 < 2 && len(e.History) < 300 {
			e.History = append(e.History, ExpectedAssociation{a.set, m.id[a.component], m.id[a.other]})
		}
	})
	for _, x := range simpleMapsList() {
		m.eachSimpleMap(x, func(n int, c int32, target string, active bool) {
			if active && n%50 == 3 && len(e.Maps) < 300 {
				e.Maps = append(e.Maps, ExpectedMap{x.id, m.id[c], target})
			}
		})
	}

	// Expressions.
	type row struct {
		kind  sctid.ID
		value int32
		text  string
		group int
	}
	rows := make([][]row, m.total)
	m.eachRelationship(func(x *relationship) {
		if x.active && x.kind != isA && !x.additional {
			rows[x.source] = append(rows[x.source], row{x.kind, x.destination, x.value, x.group})
		}
	})
	for _, x := range m.trapRows() {
		if x.active {
			rows[x.source] = append(rows[x.source], row{x.kind, x.destination, x.value, x.group})
		}
	}
	members := map[int]set{}
	for k, size := range m.simpleSizes() {
		if k < len(m.lists)-otherLists {
			s := set{}
			m.eachListMember(k, size, func(_ int, c int32) { s[c] = true })
			members[k] = s
		}
	}
	concept := func(r *rand.Rand) int32 {
		if r.IntN(3) == 0 {
			return m.byAnchor[r.IntN(len(m.byAnchor))]
		}
		c := int32(r.IntN(m.active))
		for k := r.IntN(4); k > 0 && m.tree[c] >= 0; k-- {
			c = m.tree[c]
		}
		return c
	}
	with := func(s set, c int32) set { s[c] = true; return s }
	up := func(r *rand.Rand, c int32, steps int) int32 {
		for range r.IntN(steps + 1) {
			if m.tree[c] > 0 {
				c = m.tree[c]
			}
		}
		return c
	}
	var attributed []int32 // concepts with two rows that have concepts as values
	for c := range int32(m.active) {
		n := 0
		for _, x := range rows[c] {
			n += pick(x.value >= 0, 1, 0)
		}
		if n > 1 {
			attributed = append(attributed, c)
		}
	}
	// refined is a hierarchy limited by two attributes, taken from a concept of
	// it: together in one group, or each anywhere; or by one that must have, or
	// must not have, a value.
	refined := func(r *rand.Rand) (string, set) {
		c := attributed[r.IntN(len(attributed))]
		if trap := [...]int32{m.trapConcept(disease, 1), m.trapConcept(disease, 2)}; r.IntN(6) == 0 {
			c = trap[r.IntN(2)]
		}
		draw := func() (text string, fits func(x row) bool, kind sctid.ID, values set) {
			for {
				if x := rows[c][r.IntN(len(rows[c]))]; x.value >= 0 {
					v := up(r, x.value, 2)
					values = with(reach(v, children), v)
					return x.kind.String() + " = << " + m.id[v].String(), func(y row) bool { return y.kind == x.kind && values[y.value] }, x.kind, values
				}
			}
		}
		top := up(r, c, 3)
		s := with(reach(top, children), top)
		text := "<< " + m.id[top].String() + " : "
		a, fitsA, kind, values := draw()
		b, fitsB, _, _ := draw()
		var holds func(all []row) bool
		switch r.IntN(6) {
		case 0, 1, 2:
			text += "{ " + a + ", " + b + " }"
			holds = func(all []row) bool {
				// Every row of group 0 is a group of its own.
				return slices.ContainsFunc(all, func(x row) bool {
					return fitsA(x) && (fitsB(x) || x.group > 0 && slices.ContainsFunc(all, func(y row) bool { return y.group == x.group && fitsB(y) }))
				})
			}
		case 3:
			text += a + ", " + b
			holds = func(all []row) bool { return slices.ContainsFunc(all, fitsA) && slices.ContainsFunc(all, fitsB) }
		case 4:
			text += "[0..0] " + a
			holds = func(all []row) bool { return !slices.ContainsFunc(all, fitsA) }
		case 5:
			text += strings.Replace(a, "=", "!=", 1)
			holds = func(all []row) bool {
				return slices.ContainsFunc(all, func(x row) bool { return x.kind == kind && !values[x.value] })
			}
		}
		for c := range s {
			if !holds(rows[c]) {
				delete(s, c)
			}
		}
		return text, s
	}
	simple := func(r *rand.Rand) (string, set) {
		c := concept(r)
		id := m.id[c].String()
		switch r.IntN(8) {
		case 0:
			return "< " + id, reach(c, children)
		case 1:
			return "> " + id, reach(c, parents)
		case 2:
			return ">> " + id, with(reach(c, parents), c)
		case 3:
			s := set{}
			for _, x := range children[c] {
				s[x] = true
			}
			return "<! " + id, s
		case 4:
			s := set{}
			for _, x := range parents[c] {
				s[x] = true
			}
			return ">! " + id, s
		case 5:
			k := r.IntN(len(m.lists) - otherLists)
			s := set{}
			for c := range members[k] {
				s[c] = true
			}
			return "^ " + m.id[m.lists[k]].String(), s
		}
		return "<< " + id, with(reach(c, children), c)
	}
	for len(e.ECL) < 500 {
		text, s := simple(r)
		switch r.IntN(8) {
		case 6, 7:
			text, s = refined(r)
		case 0, 1, 2:
			text2, s2 := simple(r)
			switch r.IntN(3) {
			case 0:
				text += " AND " + text2
				for c := range s {
					if !s2[c] {
						delete(s, c)
					}
				}
			case 1:
				text += " OR " + text2
				for c := range s2 {
					s[c] = true
				}
			case 2:
				text += " MINUS " + text2
				for c := range s2 {
					delete(s, c)
				}
			}
		case 3:
			top := m.byAnchor[r.IntN(len(m.byAnchor))]
			s = with(reach(top, children), top)
			text = "<< " + m.id[top].String()
			a := m.attrs[r.IntN(len(m.attrs))]
			if a.concrete {
				limit := r.IntN(900)
				text += " : " + m.id[a.concept].String() + " >= #" + strconv.Itoa(limit)
				for c := range s {
					if !slices.ContainsFunc(rows[c], func(x row) bool {
						if x.kind != m.id[a.concept] || !strings.HasPrefix(x.text, "#") {
							return false
						}
						v, err := strconv.ParseFloat(x.text[1:], 64)
						return err == nil && v >= float64(limit)
					}) {
						delete(s, c)
					}
				}
				break
			}
			v := m.cellAt[a.values][r.IntN(len(m.cellAt[a.values]))]
			for range r.IntN(6) {
				if m.tree[v] > 0 {
					v = m.tree[v]
				}
			}
			values := with(reach(v, children), v)
			text += " : " + m.id[a.concept].String() + " = << " + m.id[v].String()
			for c := range s {
				if !slices.ContainsFunc(rows[c], func(x row) bool { return x.kind == m.id[a.concept] && x.value >= 0 && values[x.value] }) {
					delete(s, c)
				}
			}
		}
		x := ExpectedExpression{Expr: text, Count: len(s)}
		all := ids(s)
		if len(all) <= 200 {
			x.IDs = all
		}
		h := fnv.New64a()
		for _, id := range all {
			fmt.Fprintf(h, "%d\n", id)
		}
		x.Hash = strconv.FormatUint(h.Sum64(), 16)
		e.ECL = append(e.ECL, x)
	}
	return e
}
