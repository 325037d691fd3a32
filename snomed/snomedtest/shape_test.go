package snomedtest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nhskit/nhskit/snomed/sctid"
)

func TestRealIdentifiers(t *testing.T) {
	check := func(id sctid.ID, name string) {
		if !id.Valid() || id.Kind() != sctid.Concept {
			t.Errorf("%d is no concept identifier: %s", id, name)
		}
	}
	for _, a := range anchors {
		check(a.id, a.name)
	}
	for _, m := range metadata {
		check(m.id, m.name)
	}
	for _, a := range attributes {
		check(a.id, a.name)
	}
	for _, a := range concreteAttributes {
		check(a.id, a.name)
	}
}

// within fails if got is not within percent of want.
func within(t *testing.T, what string, got, want, percent int) {
	t.Helper()
	if d := got - want; d*100 > want*percent || -d*100 > want*percent {
		t.Errorf("%s: %d, want %d within %d %%", what, got, want, percent)
	} else {
		t.Logf("%s: %d, published %d (%+.1f %%)", what, got, want, float64(d)/float64(want)*100)
	}
}

// TestShape builds the model at scale 1 and compares it with what has been
// published about the UK Monolith 42.5.0.
func TestShape(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	m, err := newModel(Options{Scale: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "concepts", m.total, 1151519, 5)
	within(t, "active concepts", m.active, 838955, 5)
	within(t, "is-a", m.active-1+len(m.extra), 1607583, 5)
	runs := intervalRuns(m)
	pairs, total, worst, worstRuns := 0, 0, 0, 0
	counts := make([]int, len(runs))
	for c, r := range runs {
		counts[c] = len(r)
		total += len(r)
		if len(r) > worstRuns {
			worst, worstRuns = c, len(r)
		}
		pairs += size(r)
	}
	slices.Sort(counts)
	within(t, "closure pairs", pairs, 12768452, 15)
	within(t, "interval runs", total, 2044534, 15)
	if m.id[worst] != ukActualProduct || worstRuns < 30000 {
		t.Errorf("the concept with most runs is %v with %d", m.id[worst], worstRuns)
	}
	if median := counts[len(counts)/2]; median != 1 {
		t.Errorf("median of runs: %d, want 1", median)
	}
	for _, a := range anchors {
		switch a.id {
		case 64572001, 71388002, 73211009, 123037004, 138875005, 195967001, 373873005, 404684003, 763158003:
			if got := size(runs[m.index[a.id]]); got != a.size {
				t.Errorf("%v has %d descendants or self, want %d", a.id, got, a.size)
			}
		}
	}
	descriptions, activeDescriptions := 0, 0
	m.eachDescription(func(d *description) {
		descriptions++
		if d.active {
			activeDescriptions++
		}
	})
	within(t, "descriptions", descriptions, 3562700, 5)
	within(t, "active descriptions", activeDescriptions, 2699081, 5)
	attributes, grouped, concrete, largest := 0, 0, 0, 0
	types, spellings := map[sctid.ID]bool{}, map[string]bool{}
	m.eachRelationship(func(r *relationship) {
		switch {
		case !r.active || r.kind == isA:
			return
		case r.destination < 0:
			concrete++
			types[r.kind] = true
			spellings[r.value] = true
			return
		}
		attributes++
		types[r.kind] = true
		if r.group > 0 {
			grouped++
			largest = max(largest, r.group)
		}
	})
	within(t, "attribute rows", attributes, 2960422, 5)
	within(t, "attribute rows in a group", grouped, 1029225, 5)
	within(t, "concrete rows", concrete, 320982, 5)
	within(t, "concrete spellings", len(spellings), 1944, 5)
	within(t, "attribute types", len(types), 127, 5)
	if largest > 30 || largest < 15 {
		t.Errorf("largest group: %d", largest)
	}
	members := 838955 // axioms
	sizes := m.simpleSizes()
	for k, n := range sizes[:len(sizes)-otherLists] {
		m.eachListMember(k, n, func(int, int32) { members++ })
	}
	m.eachAssociation(func(association) { members++ })
	members += m.total - m.active // inactivations
	for _, x := range simpleMapsList() {
		m.eachSimpleMap(x, func(_ int, _ int32, _ string, active bool) {
			if active {
				members++
			}
		})
	}
	for _, x := range ruleMapsList() {
		if x.active {
			m.eachMapRow(x, func(*mapRow) { members++ })
		}
	}
	within(t, "members that are concepts", members, 7177107, 5)

	if os.Getenv("NHSKIT_LONG") != "1" {
		return
	}
	v := newVocabulary()
	words := make([]int, 0, 32)
	var term []byte
	bytes, postings := 0, 0
	tokens := map[string]bool{}
	ofConcept, concept := map[string]bool{}, int32(-1)
	m.eachDescription(func(d *description) {
		term = m.appendTerm(term[:0], v, d, words)
		bytes += len(term)
		if d.concept != concept {
			postings += len(ofConcept)
			clear(ofConcept)
			concept = d.concept
		}
		for _, w := range strings.FieldsFunc(strings.ToLower(string(term)), func(r rune) bool {
			return r != '\'' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			tokens[w] = true
			if d.active {
				ofConcept[w] = true
			}
		}
	})
	within(t, "bytes of terms", bytes, 230770000, 5)
	within(t, "distinct tokens", len(tokens), 155947, 5)
	within(t, "concept and token pairs", postings+len(ofConcept), 12493716, 5)
}

type interval struct{ from, to int32 }

func size(runs []interval) (n int) {
	for _, r := range runs {
		n += int(r.to - r.from)
	}
	return n
}

// intervalRuns numbers the concepts depth first, below their deepest parent,
// and returns each one's descendants and self as runs of such numbers.
func intervalRuns(m *model) [][]interval {
	n := len(m.tree)
	depth, below := make([]int, n), make([][]int32, n)
	kids := make([][]int32, n)
	for c := range int32(n) {
		first := int32(-1)
		for _, p := range m.parents(c, nil) {
			below[p] = append(below[p], c)
			if depth[p]+1 > depth[c] {
				depth[c], first = depth[p]+1, p
			}
		}
		if first >= 0 {
			kids[first] = append(kids[first], c)
		}
	}
	order := make([]int32, n)
	next := int32(0)
	var number func(int32)
	number = func(c int32) {
		order[c] = next
		next++
		for _, k := range kids[c] {
			number(k)
		}
	}
	number(0)
	runs := make([][]interval, n)
	for c := n - 1; c >= 0; c-- {
		all := []interval{{order[c], order[c] + 1}}
		for _, k := range below[c] {
			all = append(all, runs[k]...)
		}
		slices.SortFunc(all, func(a, b interval) int { return int(a.from - b.from) })
		out := all[:1]
		for _, r := range all[1:] {
			if last := &out[len(out)-1]; r.from <= last.to {
				last.to = max(last.to, r.to)
			} else {
				out = append(out, r)
			}
		}
		runs[c] = slices.Clone(out)
	}
	return runs
}

func readAll(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestGenerateTwiceTheSame(t *testing.T) {
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	for dir, seed := range map[string]uint64{a: 7, b: 7, c: 8} {
		if err := Generate(dir, Options{Seed: seed}); err != nil {
			t.Fatal(err)
		}
	}
	first, second, third := readAll(t, a), readAll(t, b), readAll(t, c)
	differ := false
	for name, data := range first {
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s differs", name)
		}
		differ = differ || !bytes.Equal(data, third[name])
	}
	if len(first) != len(second) || !differ {
		t.Errorf("%d and %d files; another seed differs: %v", len(first), len(second), differ)
	}
	if len(first) < 18 {
		t.Errorf("only %d files", len(first))
	}
}

// TestRows checks every row of every layout: column count, line ends,
// identifiers, unique ids, and that a row refers to nothing outside what its
// release and those it depends on have.
func TestRows(t *testing.T) {
	for _, opt := range []Options{{Seed: 1}, {Seed: 2, Layout: ClinicalPlusDrug}, {Seed: 3, Layout: International}, {Seed: 4, Release: Full, Releases: 4}, {Seed: 5, Release: Delta}} {
		dir := t.TempDir()
		if err := Generate(dir, opt); err != nil {
			t.Fatal(err)
		}
		concepts := map[string]bool{}
		files := readAll(t, dir)
		for name, data := range files {
			if strings.Contains(name, "sct2_Concept_") {
				for line := range strings.Lines(string(data)) {
					concepts[line[:strings.IndexByte(line, '\t')]] = true
				}
			}
		}
		seen := map[string]bool{}
		for name, data := range files {
			if !strings.HasSuffix(name, ".txt") {
				continue
			}
			columns := 0
			for line := range strings.Lines(string(data)) {
				if !strings.HasSuffix(line, "\r\n") {
					t.Fatalf("%s: %q", name, line)
				}
				f := strings.Split(line[:len(line)-2], "\t")
				if columns == 0 {
					columns = len(f)
					continue
				}
				if len(f) != columns {
					t.Fatalf("%s: %d columns: %q", name, len(f), line)
				}
				key := f[0]
				if strings.Contains(name, "sct2_Identifier") {
					key += f[4]
				}
				if opt.Release == Full {
					key += " " + f[1]
				}
				if seen[key] {
					t.Fatalf("%s: %s twice", name, key)
				}
				seen[key] = true
				if opt.Release == Delta {
					continue
				}
				if strings.Contains(name, "Relationship_") && (!concepts[f[4]] || !concepts[f[5]]) {
					t.Fatalf("%s: dangling %q", name, line)
				}
				if strings.Contains(name, "Description_") && !concepts[f[4]] {
					t.Fatalf("%s: dangling %q", name, line)
				}
			}
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, opt := range []Options{{Scale: 2}, {Scale: 0.0001}, {Scale: -1}, {Releases: 30}, {Release: 9}, {Layout: 9}} {
		if err := Generate(t.TempDir(), opt); err == nil {
			t.Errorf("%+v is accepted", opt)
		}
	}
}

func TestTraps(t *testing.T) {
	traps, err := Traps(Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(traps) != 12 {
		t.Errorf("%d traps: %v", len(traps), traps)
	}
	for _, x := range traps {
		if !x.Concept.Valid() {
			t.Errorf("%s: %v", x.Name, x.Concept)
		}
	}
}
