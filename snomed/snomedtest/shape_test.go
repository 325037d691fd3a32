package snomedtest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nhskit/nhskit/snomed/internal/corpus"
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

// published is what is known of the shape of the UK Monolith, from the corpora.
type published map[string]json.RawMessage

func readShape(t *testing.T) published {
	t.Helper()
	var p published
	corpus.ReadJSON(t, &p, "snomed", "shape", "uk-monolith.json")
	// Texts about the figures, other spellings of the same figure, and a
	// count of another release by other rules.
	for _, key := range []string{"note", "release", "source", "second_source"} {
		delete(p, key)
	}
	return p
}

// take decodes the value of a key and crosses the key out.
func (p published) take(t *testing.T, key string, to any) {
	t.Helper()
	if err := json.Unmarshal(p[key], to); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	delete(p, key)
}

// within fails if got is not within percent of the published number, at a
// scale.
func (p published) within(t *testing.T, key string, got int, scale float64, percent int) {
	t.Helper()
	var want float64
	p.take(t, key, &want)
	want *= scale
	if off := (float64(got)/want - 1) * 100; math.Abs(off) > float64(percent) {
		t.Errorf("%s: %d, want %.0f within %d %%", key, got, want, percent)
	} else {
		t.Logf("%s: %d, published %.0f (%+.1f %%)", key, got, want, off)
	}
}

// is fails if got is not the published number.
func (p published) is(t *testing.T, key string, got int) {
	t.Helper()
	var want int
	if p.take(t, key, &want); got != want {
		t.Errorf("%s: %d, want %d", key, got, want)
	}
}

// TestHierarchyShape builds the hierarchy at scale 1 and compares it with what
// has been published about the UK Monolith.
func TestHierarchyShape(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	p := readShape(t)
	m, err := newModel(Options{Scale: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
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
	p.within(t, "descendant_or_self_pairs", pairs, 1, 15)
	var sizes map[sctid.ID]int
	p.take(t, "descendants_or_self", &sizes)
	for id, want := range sizes {
		if got := size(runs[m.index[id]]); got != want {
			t.Errorf("%v has %d descendants or self, want %d", id, got, want)
		}
	}
	var dfs published
	p.take(t, "dfs_order", &dfs)
	dfs.within(t, "runs_total", total, 1, 15)
	dfs.within(t, "interval_pairs_bytes", total*8, 1, 15)
	dfs.within(t, "worst_runs", worstRuns, 1, 15)
	dfs.is(t, "median_runs", counts[len(counts)/2])
	// No tolerance is published for single places of the distribution.
	dfs.within(t, "p95_runs", counts[len(counts)*95/100], 1, 100)
	dfs.within(t, "p99_runs", counts[len(counts)*99/100], 1, 50)
	var id sctid.ID
	if dfs.take(t, "worst_concept", &id); m.id[worst] != id {
		t.Errorf("the concept with most runs is %v, want %v", m.id[worst], id)
	}
	if len(dfs) > 0 || len(sizes) != 9 {
		t.Errorf("not compared: %v; %d sizes", slices.Sorted(maps.Keys(dfs)), len(sizes))
	}
}

// tally is a sink that counts what is in the rows of a release.
type tally struct {
	file string
	rows int    // of the file
	rest []byte // an unfinished line

	count                             map[string]int
	modules, dates, types, spellings  map[string]bool
	conceptSets, languageSets, tokens map[string]bool
	concept                           string
	tokensOf                          map[string]bool // of that concept
	postings, largestGroup, peak      int
}

func newTally() *tally {
	set := func() map[string]bool { return map[string]bool{} }
	return &tally{count: map[string]int{}, modules: set(), dates: set(), types: set(), spellings: set(), conceptSets: set(), languageSets: set(), tokens: set(), tokensOf: set()}
}

func (x *tally) create(name string) (io.Writer, error) {
	x.file, x.rows = path.Base(name), 0
	return x, nil
}

func (x *tally) close() error {
	x.postings += len(x.tokensOf)
	return nil
}

func (x *tally) Write(b []byte) (int, error) {
	n := len(b)
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			x.rest = append(x.rest, b...)
			break
		}
		line := b[:i]
		if len(x.rest) > 0 {
			x.rest = append(x.rest, line...)
			line = x.rest
		}
		if x.rows++; x.rows > 1 && strings.HasSuffix(x.file, ".txt") {
			x.row(strings.Split(strings.TrimSuffix(string(line), "\r"), "\t"))
		}
		x.rest = x.rest[:0]
		b = b[i+1:]
	}
	var sample [1]metrics.Sample
	sample[0].Name = "/memory/classes/heap/objects:bytes"
	metrics.Read(sample[:])
	x.peak = max(x.peak, int(sample[0].Value.Uint64()))
	return n, nil
}

func (x *tally) row(f []string) {
	active := f[2] == "1"
	note := func(set map[string]bool, s string) {
		if !set[s] {
			set[strings.Clone(s)] = true
		}
	}
	note(x.dates, f[1])
	note(x.modules, f[3])
	add := func(key string, yes bool) {
		if yes {
			x.count[key]++
		}
	}
	switch part := strings.Split(x.file, "_"); {
	case part[1] == "Concept":
		add("concepts", true)
		add("active_concepts", active)
	case part[1] == "Description", part[1] == "TextDefinition":
		add("descriptions_and_definitions", true)
		add("active_descriptions_and_definitions", active)
		x.count["description_text_bytes"] += len(f[7])
		if f[4] != x.concept {
			x.postings += len(x.tokensOf)
			clear(x.tokensOf)
			x.concept = strings.Clone(f[4])
		}
		for _, word := range strings.FieldsFunc(strings.ToLower(f[7]), func(r rune) bool {
			return r != '\'' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			note(x.tokens, word)
			if active {
				note(x.tokensOf, word)
			}
		}
	case part[1] == "Relationship", part[1] == "RelationshipConcreteValues":
		if !active {
			return
		}
		group, _ := strconv.Atoi(f[6])
		concrete := part[1] != "Relationship"
		add("active_inferred_relationships", !concrete)
		add("is_a", f[7] == isA.String())
		add("concrete_rows", concrete)
		if concrete {
			note(x.spellings, f[5])
		}
		if f[7] != isA.String() {
			note(x.types, f[7])
			add("attribute_rows", !concrete)
			add("attribute_rows_in_a_group", !concrete && group > 0)
			x.largestGroup = max(x.largestGroup, group)
		}
	case part[1] == "cRefset" && strings.HasPrefix(part[2], "Language"):
		add("active_language_memberships", active)
		note(x.languageSets, f[4])
	case strings.HasSuffix(part[1], "Refset"):
		if id, err := sctid.Parse(f[5]); active && err == nil && id.Kind() == sctid.Concept {
			add("concept_refset_member_rows", true)
			add("ctv3_map_rows", f[4] == refsetCTV3.String())
			note(x.conceptSets, f[4])
		}
	}
}

// TestShape counts the rows of a release, of the size of the UK Monolith with
// NHSKIT_LONG=1, else smaller, and compares the counts with what has been
// published.
func TestShape(t *testing.T) {
	scale := 0.02
	if os.Getenv("NHSKIT_LONG") == "1" {
		scale = 1
	}
	p := readShape(t)
	m, err := newModel(Options{Scale: scale, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	x := newTally()
	w := &writer{m: m, out: x}
	w.writeAll()
	if w.err != nil {
		t.Fatal(w.err)
	}
	x.close()
	for _, key := range []string{"concepts", "active_concepts", "descriptions_and_definitions", "active_descriptions_and_definitions", "active_language_memberships",
		"active_inferred_relationships", "is_a", "attribute_rows", "attribute_rows_in_a_group", "concrete_rows", "concept_refset_member_rows", "ctv3_map_rows"} {
		p.within(t, key, x.count[key], scale, 5)
	}
	for _, value := range []string{"#0.5", "#0.50", "#-1", "#10", "#20", "true", `"grade 7"`} {
		if !x.spellings[value] {
			t.Errorf("no concrete value %s", value)
		}
	}
	p.is(t, "modules", len(x.modules))
	p.is(t, "language_refsets", len(x.languageSets))
	p.within(t, "distinct_effective_times", len(x.dates), 1, 5)
	p.within(t, "distinct_concrete_spellings", len(x.spellings), 1, 5)
	p.within(t, "largest_group_number", x.largestGroup, 1, 50)
	if scale == 1 {
		p.within(t, "attribute_types", len(x.types), 1, 5)
		p.within(t, "concept_refsets", len(x.conceptSets), 1, 5)
		p.within(t, "description_text_bytes", x.count["description_text_bytes"], 1, 5)
		p.within(t, "distinct_tokens", len(x.tokens), 1, 5)
		p.within(t, "concept_token_postings", x.postings, 1, 5)
		t.Logf("at most %d MiB of heap", x.peak>>20)
		if x.peak > 300<<20 {
			t.Error("more than 300 MiB of heap")
		}
	}
	// What TestHierarchyShape compares, and what a small release has less of.
	for _, key := range []string{"descendant_or_self_pairs", "dfs_order", "descendants_or_self", "attribute_types", "concept_refsets", "description_text_bytes", "distinct_tokens", "concept_token_postings"} {
		delete(p, key)
	}
	if len(p) > 0 {
		t.Errorf("not compared: %v", slices.Sorted(maps.Keys(p)))
	}
}

// TestTerms: the terms have what makes them hard to read, search and store.
func TestTerms(t *testing.T) {
	m, err := newModel(Options{Scale: 0.1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	v := newVocabulary()
	words := make([]int, 0, 32)
	var term []byte
	seen := map[string]int{}
	shortest, longest, longestDefinition := 1<<20, 0, 0
	m.eachDescription(func(d *description) {
		term = m.appendTerm(term[:0], v, d, words)
		if !utf8.Valid(term) || bytes.ContainsAny(term, "\t\r\n") || len(term) == 0 || term[0] == ' ' || term[len(term)-1] == ' ' {
			t.Fatalf("%q", term)
		}
		n := utf8.RuneCount(term)
		if d.kind == typeDefinition {
			longestDefinition = max(longestDefinition, n)
		} else {
			shortest, longest = min(shortest, n), max(longest, n)
		}
		if d.kind == typeFSN && (term[len(term)-1] != ')' || !bytes.Contains(term, []byte(" ("))) {
			t.Fatalf("no semantic tag: %q", term)
		}
		for _, sign := range []string{"é", "µ", "–", "'", "-", ",", "%", "5", "/"} {
			if bytes.Contains(term, []byte(sign)) {
				seen[sign]++
			}
		}
	})
	if shortest != 1 || longest != 255 || longestDefinition < 3900 || longestDefinition > 4096 {
		t.Errorf("terms have %d to %d characters, definitions up to %d", shortest, longest, longestDefinition)
	}
	if len(seen) != 9 {
		t.Errorf("signs: %v", seen)
	}
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

func readAll(t testing.TB, dir string) map[string][]byte {
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
	// An archive has the same files, and is itself the same every time.
	var archives [2][]byte
	for i := range archives {
		name := filepath.Join(t.TempDir(), "r.zip")
		if err := Generate(name, Options{Seed: 7}); err != nil {
			t.Fatal(err)
		}
		var err error
		if archives[i], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("archives differ")
	}
	z, err := zip.NewReader(bytes.NewReader(archives[0]), int64(len(archives[0])))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != len(first) {
		t.Errorf("%d files in the archive, %d in the folder", len(z.File), len(first))
	}
	for _, f := range z.File {
		data, err := fs.ReadFile(z, f.Name)
		if err != nil || !bytes.Equal(data, first[f.Name]) {
			t.Errorf("%s in the archive: %v", f.Name, err)
		}
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
	for _, opt := range []Options{{Scale: 2}, {Scale: 0.0001}, {Scale: -1}, {Scale: math.NaN()}, {Releases: 30}, {Release: 9}, {Layout: 9}} {
		if err := Generate(t.TempDir(), opt); err == nil {
			t.Errorf("%+v is accepted", opt)
		}
	}
}
