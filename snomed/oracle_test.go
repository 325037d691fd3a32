package snomed_test

import (
	"cmp"
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// naive is a release in maps, read with strings.Split and folded with the
// plainest code: the oracle of the store.
type naive struct {
	concepts      map[string][]string
	descriptions  map[string][]string
	relationships map[string][]string
	members       map[string][]string // by UUID
	columns       map[string][]string // by reference set

	parents, children map[string]map[string]bool
	ancestors         map[string]map[string]bool
	byConcept         map[string][][]string // descriptions
	relsOf            map[string][][]string
	membersOf         map[string][][]string
	languages         map[string]map[string]string // refset, description: acceptability of active members
	ids               []string
}

// readNaive reads every text file below dir.
func readNaive(t testing.TB, dir string, asOf string) *naive {
	t.Helper()
	n := &naive{concepts: map[string][]string{}, descriptions: map[string][]string{}, relationships: map[string][]string{}, members: map[string][]string{}, columns: map[string][]string{}}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".txt") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		lines := strings.Split(string(data), "\r\n")
		name := filepath.Base(path)
		var to map[string][]string
		switch {
		case strings.HasPrefix(name, "sct2_Concept_"):
			to = n.concepts
		case strings.HasPrefix(name, "sct2_Description_"), strings.HasPrefix(name, "sct2_TextDefinition_"):
			to = n.descriptions
		case strings.HasPrefix(name, "sct2_Relationship"), strings.HasPrefix(name, "sct2_StatedRelationship"):
			to = n.relationships
		case strings.Contains(name, "Refset_"):
			to = n.members
		default:
			return nil
		}
		header := strings.Split(lines[0], "\t")
		for _, line := range lines[1:] {
			if line == "" {
				continue
			}
			f := strings.Split(line, "\t")
			if asOf != "" && f[1] > asOf {
				continue
			}
			if old, ok := to[f[0]]; !ok || f[1] >= old[1] {
				to[f[0]] = f
			}
			if strings.Contains(name, "Refset_") {
				n.columns[f[4]] = header[6:]
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.parents, n.children, n.ancestors = map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]map[string]bool{}
	n.byConcept, n.relsOf, n.membersOf = map[string][][]string{}, map[string][][]string{}, map[string][][]string{}
	n.languages = map[string]map[string]string{}
	for id := range n.concepts {
		n.ids = append(n.ids, id)
		n.parents[id], n.children[id] = map[string]bool{}, map[string]bool{}
	}
	slices.Sort(n.ids)
	for id, r := range n.relationships {
		if n.concepts[r[4]] == nil || n.concepts[r[5]] == nil && isNumber(r[5]) {
			delete(n.relationships, id)
			continue
		}
		n.relsOf[r[4]] = append(n.relsOf[r[4]], r)
		if r[2] == "1" && r[7] == "116680003" && r[8] == "900000000000011006" && n.active(r[4]) && n.active(r[5]) {
			n.parents[r[4]][r[5]] = true
			n.children[r[5]][r[4]] = true
		}
	}
	for _, d := range n.descriptions {
		if _, ok := n.concepts[d[4]]; ok {
			n.byConcept[d[4]] = append(n.byConcept[d[4]], d)
		}
	}
	for _, m := range n.members {
		n.membersOf[m[5]] = append(n.membersOf[m[5]], m)
		if slices.Equal(n.columns[m[4]], []string{"acceptabilityId"}) && m[2] == "1" {
			if n.languages[m[4]] == nil {
				n.languages[m[4]] = map[string]string{}
			}
			n.languages[m[4]][m[5]] = m[6]
		}
	}
	return n
}

// isNumber reports whether a value of a relationship is an identifier.
func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

func (n *naive) active(id string) bool { return n.concepts[id] != nil && n.concepts[id][2] == "1" }

// up returns all ancestors of a concept.
func (n *naive) up(id string) map[string]bool {
	if a, ok := n.ancestors[id]; ok {
		return a
	}
	a := map[string]bool{}
	for p := range n.parents[id] {
		a[p] = true
		for q := range n.up(p) {
			a[q] = true
		}
	}
	n.ancestors[id] = a
	return a
}

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// both is a store with its oracle.
type both struct {
	*naive
	st    *snomed.Store
	t     testing.TB
	words map[string][]string // of terms
}

func (b *both) ord(id string) snomed.Ordinal {
	v, err := sctid.Parse(id)
	if err != nil {
		b.t.Fatal(err)
	}
	o, err := b.st.Ordinal(v)
	if err != nil {
		b.t.Fatalf("%s: %v", id, err)
	}
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// texts turns ordinals into identifiers, sorted.
func (b *both) texts(os []snomed.Ordinal) []string {
	out := make([]string, 0, len(os))
	for _, o := range os {
		out = append(out, must(b.st.ID(o)).String())
	}
	slices.Sort(out)
	return out
}

func (b *both) set(s snomed.Set) []string {
	ids := must(b.st.IDs(nil, s))
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		out = append(out, id.String())
	}
	slices.Sort(out)
	return out
}

func (b *both) same(what string, got, want []string) {
	b.t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.t.Fatalf("%s: got %v, want %v", what, head(got), head(want))
	}
}

func head(s []string) []string {
	if len(s) > 12 {
		return append(s[:12:12], "...")
	}
	return s
}

func build(t testing.TB, opt snomed.BuildOptions, dirs ...string) *snomed.Store {
	t.Helper()
	var releases []*rf2.Release
	for _, d := range dirs {
		r, err := rf2.Open(d)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		releases = append(releases, r)
	}
	file := filepath.Join(t.TempDir(), "store")
	report, err := snomed.Build(context.Background(), releases, file, opt)
	if err != nil {
		t.Fatal(err)
	}
	// Of a date in the middle of a synthetic history some rows are about
	// concepts of later: they are left out and reported.
	if report.Errors > 0 && opt.AsOf == 0 {
		t.Fatalf("%d errors, the first is %v", report.Errors, &report.Issues[0])
	}
	st, err := snomed.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Verify(); err != nil {
		t.Fatal(err)
	}
	return st
}

func generate(t testing.TB, opt snomedtest.Options) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "release")
	if err := snomedtest.Generate(dir, opt); err != nil {
		t.Fatal(err)
	}
	return dir
}

// long reports whether the long form of a test is asked for.
func long() bool { return os.Getenv("NHSKIT_LONG") == "1" }

// TestAgainstOracle asks random questions of stores built from different
// kinds of release, and of the oracle.
func TestAgainstOracle(t *testing.T) {
	queries := 700
	if testing.Short() {
		queries = 40
	}
	if long() {
		queries = 25_000
	}
	for i, c := range []struct {
		name string
		gen  snomedtest.Options
		opt  snomed.BuildOptions
	}{
		{"snapshot", snomedtest.Options{Seed: 11, Scale: 0.002}, snomed.BuildOptions{}},
		{"three packages", snomedtest.Options{Seed: 12, Layout: snomedtest.ClinicalPlusDrug}, snomed.BuildOptions{KeepRowIDs: true}},
		{"full", snomedtest.Options{Seed: 13, Release: snomedtest.Full, Releases: 6}, snomed.BuildOptions{Release: "Full"}},
		{"full as of", snomedtest.Options{Seed: 14, Release: snomedtest.Full, Releases: 6}, snomed.BuildOptions{Release: "Full", AsOf: 20260601}},
		{"another order of languages", snomedtest.Options{Seed: 15}, snomed.BuildOptions{Languages: []sctid.ID{900000000000509007}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := generate(t, c.gen)
			asOf := ""
			if c.opt.AsOf > 0 {
				asOf = strconv.Itoa(int(c.opt.AsOf))
			}
			b := &both{naive: readNaive(t, dir, asOf), st: build(t, c.opt, dir), t: t, words: map[string][]string{}}
			languages := c.opt.Languages
			if languages == nil {
				languages = snomed.UKLanguages()
			}
			r := rand.New(rand.NewPCG(uint64(i), 5))
			for range queries {
				b.ask(r, languages)
			}
		})
	}
}

// ask compares one random answer.
func (b *both) ask(r *rand.Rand, languages []sctid.ID) {
	t := b.t
	id := b.ids[r.IntN(len(b.ids))]
	o := b.ord(id)
	switch r.IntN(14) {
	case 0: // the concept
		c := must(b.st.ConceptAt(o))
		found, term, err := b.st.Lookup([]byte("> "), c.ID)
		if err != nil || found != c || string(term) != "> "+must(b.st.PreferredTerm(o)) {
			t.Fatalf("looked up: %v %q, %v; want %v", found, term, err, c)
		}
		got := []string{c.ID.String(), strconv.Itoa(int(c.Time)), map[bool]string{true: "1", false: "0"}[c.Active], c.Module.String(), c.Status.String()}
		if want := b.concepts[id]; !slices.Equal(got, want) {
			t.Fatalf("concept: got %v, want %v", got, want)
		}
	case 1: // subsumption of pairs that are often related
		other := b.ids[r.IntN(len(b.ids))]
		if up := keys(b.up(id)); len(up) > 0 && r.IntN(3) > 0 {
			other = up[r.IntN(len(up))]
		}
		x, y := must(sctid.Parse(other)), must(sctid.Parse(id))
		if got, want := must(b.st.Subsumes(x, y)), other == id || b.up(id)[other]; got != want {
			t.Fatalf("Subsumes(%s, %s) = %v", other, id, got)
		}
		if got, want := must(b.st.Subsumes(y, x)), other == id || b.up(other)[id]; got != want {
			t.Fatalf("Subsumes(%s, %s) = %v", id, other, got)
		}
	case 2:
		b.same("parents of "+id, b.texts(must(b.st.Parents(o))), keys(b.parents[id]))
		b.same("children of "+id, b.texts(must(b.st.Children(o))), keys(b.children[id]))
	case 3:
		b.same("ancestors of "+id, b.texts(must(b.st.Ancestors(o))), keys(b.up(id)))
	case 4:
		var want []string
		for _, d := range b.ids {
			if b.up(d)[id] {
				want = append(want, d)
			}
		}
		set := must(b.st.Descendants(o))
		b.same("descendants of "+id, b.set(set), want)
		if n := must(b.st.DescendantCount(o)); n != len(want) || set.Len() != n {
			t.Fatalf("DescendantCount(%s) = %d, set of %d, want %d", id, n, set.Len(), len(want))
		}
		if self := must(b.st.DescendantsOrSelf(o)); self.Len() != len(want)+1 || !self.Has(o) {
			t.Fatalf("DescendantsOrSelf(%s) has %d", id, self.Len())
		}
	case 5:
		other := b.ids[r.IntN(len(b.ids))]
		b.same("common ancestors", b.texts(must(b.st.LeastCommonAncestors(o, b.ord(other)))), b.common(id, other))
	case 6:
		b.askDescriptions(id, o, languages)
	case 7:
		b.askRelationships(id, o)
	case 8:
		b.askMembers(id, o)
	case 9:
		b.askHistory(id, o)
	case 10:
		b.askMap(r, id)
	case 11, 12:
		b.askSearch(r)
	case 13:
		b.askDescriptionMember(r)
	}
}

// common returns the least common ancestors or selves.
func (b *both) common(x, y string) []string {
	all := map[string]bool{}
	for a := range b.up(x) {
		if b.up(y)[a] || a == y {
			all[a] = true
		}
	}
	if b.up(y)[x] || x == y {
		all[x] = true
	}
	var out []string
	for a := range all {
		least := true
		for c := range all {
			least = least && !b.up(c)[a]
		}
		if least {
			out = append(out, a)
		}
	}
	return out
}

// preferredTerm applies the documented rule of PreferredTerm.
func (b *both) preferredTerm(id, kind string, languages []sctid.ID) (string, bool) {
	rows := slices.Clone(b.byConcept[id])
	slices.SortFunc(rows, func(x, y []string) int {
		a, _ := strconv.ParseUint(x[0], 10, 64)
		c, _ := strconv.ParseUint(y[0], 10, 64)
		return cmp.Compare(a, c)
	})
	for _, active := range []string{"1", "0"} {
		for _, l := range languages {
			for _, d := range rows {
				if d[6] == kind && d[2] == active && b.languages[l.String()][d[0]] == "900000000000548007" {
					return d[7], true
				}
			}
		}
		for _, d := range rows {
			if d[6] == kind && d[2] == active {
				return d[7], true
			}
		}
	}
	return "", false
}

func (b *both) askDescriptions(id string, o snomed.Ordinal, languages []sctid.ID) {
	var got, want []string
	for _, d := range must(b.st.Descriptions(o)) {
		accept := map[string]string{}
		for _, a := range d.Acceptability {
			accept[a.Refset.String()] = map[bool]string{true: "900000000000548007", false: "900000000000549004"}[a.Preferred]
		}
		line := strings.Join([]string{d.ID.String(), strconv.Itoa(int(d.Time)), map[bool]string{true: "1", false: "0"}[d.Active], d.Module.String(), d.Concept.String(), d.Language, d.Type.String(), d.Term, d.Significance.String()}, "\t")
		for _, l := range slices.Sorted(func(yield func(string) bool) {
			for l := range b.languages {
				if !yield(l) {
					return
				}
			}
		}) {
			line += " " + accept[l]
		}
		got = append(got, line)
		again := must(b.st.Description(d.ID))
		if again.Term != d.Term || again.Concept != d.Concept || again.Time != d.Time {
			b.t.Fatalf("Description(%v) = %+v, want %+v", d.ID, again, d)
		}
	}
	for _, d := range b.byConcept[id] {
		line := strings.Join(d, "\t")
		for _, l := range slices.Sorted(func(yield func(string) bool) {
			for l := range b.languages {
				if !yield(l) {
					return
				}
			}
		}) {
			line += " " + b.languages[l][d[0]]
		}
		want = append(want, line)
	}
	slices.Sort(got)
	b.same("descriptions of "+id, got, want)
	for _, l := range [][]sctid.ID{nil, {900000000000509007}, {900000000000508004, 999000691000001104}} {
		order := slices.Concat(l, languages) // what the dialects do not say, the order of the store does
		want, ok := b.preferredTerm(id, "900000000000013009", order)
		if !ok {
			want, _ = b.preferredTerm(id, "900000000000003001", order)
		}
		if got := must(b.st.PreferredTerm(o, l...)); got != want {
			b.t.Fatalf("PreferredTerm(%s, %v) = %q, want %q", id, l, got, want)
		}
		want, _ = b.preferredTerm(id, "900000000000003001", order)
		if got := must(b.st.FullySpecifiedName(o, l...)); got != want {
			b.t.Fatalf("FullySpecifiedName(%s, %v) = %q, want %q", id, l, got, want)
		}
	}
}

func (b *both) askRelationships(id string, o snomed.Ordinal) {
	var got, want []string
	withIDs := false
	for _, r := range must(b.st.Relationships(o)) {
		target := r.Target.String()
		if r.Concrete {
			target = r.Value.String()
		}
		withIDs = withIDs || r.ID != 0
		line := []string{strconv.Itoa(int(r.Time)), map[bool]string{true: "1", false: "0"}[r.Active], r.Module.String(), r.Source.String(), target, strconv.Itoa(r.Group), r.Type.String(), r.Characteristic.String(), r.Modifier.String()}
		if r.ID != 0 {
			line = append([]string{r.ID.String()}, line...)
		}
		got = append(got, strings.Join(line, "\t"))
	}
	for _, r := range b.relsOf[id] {
		if !withIDs {
			r = r[1:]
		}
		want = append(want, strings.Join(r, "\t"))
	}
	slices.Sort(got)
	b.same("relationships of "+id, got, want)

	// What refers to it.
	var sources, wantSources []string
	const site = "363698007"
	sources = b.set(must(b.st.Sources(363698007, snomed.SetOf([]snomed.Ordinal{o}))))
	seen := map[string]bool{}
	for _, r := range b.relationships {
		if r[2] == "1" && r[8] == "900000000000011006" && r[7] == site && r[5] == id && !seen[r[4]] {
			seen[r[4]] = true
			wantSources = append(wantSources, r[4])
		}
	}
	b.same("sources of "+id, sources, wantSources)
}

func memberLine(m snomed.Member, withID bool) string {
	line := []string{strconv.Itoa(int(m.Time)), map[bool]string{true: "1", false: "0"}[m.Active], m.Module.String(), m.Refset.String(), m.Component.String()}
	for _, f := range m.Fields {
		line = append(line, f.String())
	}
	return strings.Join(line, "\t")
}

func (b *both) askMembers(id string, o snomed.Ordinal) {
	var got, want []string
	refsets := map[string]bool{}
	for _, m := range must(b.st.Members(must(sctid.Parse(id)))) {
		got = append(got, memberLine(m, false))
	}
	for _, m := range b.membersOf[id] {
		want = append(want, strings.Join(m[1:], "\t"))
		if m[2] == "1" {
			refsets[m[4]] = true
		}
	}
	slices.Sort(got)
	b.same("members about "+id, got, want)
	var memberships []string
	for _, m := range must(b.st.Memberships(o)) {
		memberships = append(memberships, m.String())
	}
	slices.Sort(memberships)
	b.same("memberships of "+id, memberships, keys(refsets))
}

func (b *both) askDescriptionMember(r *rand.Rand) {
	ids := b.byConcept[b.ids[r.IntN(len(b.ids))]]
	if len(ids) == 0 {
		return
	}
	id := ids[r.IntN(len(ids))][0]
	var got, want []string
	for _, m := range must(b.st.Members(must(sctid.Parse(id)))) {
		got = append(got, memberLine(m, false))
	}
	for _, m := range b.membersOf[id] {
		want = append(want, strings.Join(m[1:], "\t"))
	}
	slices.Sort(got)
	b.same("members about description "+id, got, want)
}

var historyRefsets = []string{"900000000000527005", "900000000000526001", "900000000000528000", "900000000000523009", "900000000000524003",
	"900000000000525002", "900000000000530003", "1186924009", "1186921001"}

func (b *both) askHistory(id string, o snomed.Ordinal) {
	line := func(a snomed.Association) string {
		return strings.Join([]string{a.Refset.String(), a.From.String(), a.To.String(), map[bool]string{true: "1", false: "0"}[a.Active]}, " ")
	}
	var got, want, gotBack, wantBack []string
	for _, a := range must(b.st.History(o)) {
		got = append(got, line(a))
	}
	for _, a := range must(b.st.Predecessors(o)) {
		gotBack = append(gotBack, line(a))
	}
	for _, m := range b.members {
		if !slices.Contains(historyRefsets, m[4]) {
			continue
		}
		from, to := m[5], m[6]
		if m[4] == "900000000000525002" {
			from, to = to, from
		}
		if from == id {
			want = append(want, strings.Join([]string{m[4], from, to, m[2]}, " "))
		}
		if to == id {
			wantBack = append(wantBack, strings.Join([]string{m[4], from, to, m[2]}, " "))
		}
	}
	slices.Sort(got)
	slices.Sort(gotBack)
	b.same("history of "+id, got, want)
	b.same("predecessors of "+id, gotBack, wantBack)

	// Substitutions: what can be reached, and in how many steps.
	reached := map[string]int{}
	level := []string{id}
	seen := map[string]bool{id: true}
	for step := 1; len(level) > 0 && !b.active(id); step++ {
		var next []string
		for _, x := range level {
			for _, m := range b.members {
				if !slices.Contains(historyRefsets, m[4]) || m[2] != "1" || m[4] == "900000000000524003" {
					continue
				}
				from, to := m[5], m[6]
				if m[4] == "900000000000525002" {
					from, to = to, from
				}
				if from == x && b.concepts[to] != nil && !seen[to] {
					seen[to] = true
					if b.active(to) {
						reached[to] = step
					} else {
						next = append(next, to)
					}
				}
			}
		}
		level = next
	}
	var subs, wantSubs []string
	for _, x := range must(b.st.Substitutions(o)) {
		subs = append(subs, x.To.String()+" "+strconv.Itoa(x.Steps))
	}
	for to, step := range reached {
		wantSubs = append(wantSubs, to+" "+strconv.Itoa(step))
	}
	slices.Sort(subs)
	b.same("substitutions of "+id, subs, wantSubs)
}

// holds evaluates a rule of the generator by cutting the text up.
func (b *both) holds(rule string, age float64, concepts []string) bool {
	if rule == "TRUE" || rule == "OTHERWISE TRUE" || rule == "" {
		return true
	}
	for _, part := range strings.Split(rule, " AND ") {
		f := strings.Fields(part)
		id, last := f[1], strings.Fields(part[strings.LastIndex(part, "|")+1:])
		if len(last) == 3 {
			limit, _ := strconv.ParseFloat(last[1], 64)
			limit *= map[string]float64{"days": 1, "years": 365.25}[last[2]]
			if age < 0 || last[0] == "<" && age >= limit || last[0] == ">=" && age < limit {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(concepts, func(c string) bool { return c == id || b.up(c)[id] }) {
			return false
		}
	}
	return true
}

func (b *both) askMap(r *rand.Rand, id string) {
	const refset = "999002271000000101"
	var rows [][]string
	var withRows []string
	for _, m := range b.members {
		if m[4] == refset {
			withRows = append(withRows, m[5])
		}
	}
	slices.Sort(withRows)
	if len(withRows) > 0 && r.IntN(4) > 0 {
		id = withRows[r.IntN(len(withRows))]
	}
	for _, m := range b.membersOf[id] {
		if m[4] == refset {
			rows = append(rows, m)
		}
	}
	num := func(s string) int { v, _ := strconv.Atoi(s); return v }
	slices.SortFunc(rows, func(x, y []string) int {
		return cmp.Or(cmp.Compare(y[2], x[2]), num(x[12])-num(y[12]), num(x[6])-num(y[6]), num(x[7])-num(y[7]))
	})
	got := must(b.st.MapRows(999002271000000101, must(sctid.Parse(id))))
	if len(got) != len(rows) {
		b.t.Fatalf("%d map rows of %s, want %d", len(got), id, len(rows))
	}
	for i, g := range got {
		want := rows[i]
		if g.Group != num(want[6]) || g.Priority != num(want[7]) || g.Rule != want[8] || g.Advice != want[9] || g.Target != want[10] || g.Block != num(want[12]) || g.Active != (want[2] == "1") {
			b.t.Fatalf("map row %d of %s: got %+v, want %v", i, id, g, want)
		}
	}
	age := float64(r.IntN(20000)) - 1000 // in days, not known below 0
	ctx := snomed.MapContext{AgeAtOnset: snomed.AgeInDays(age)}
	var concepts []string
	for range r.IntN(4) {
		c := b.ids[r.IntN(len(b.ids))]
		concepts = append(concepts, c)
		ctx.Concepts = append(ctx.Concepts, must(sctid.Parse(c)))
	}
	done := map[string]bool{}
	var want []string
	for _, m := range rows {
		if g := m[12] + " " + m[6]; m[2] == "1" && !done[g] && b.holds(m[8], age, concepts) {
			done[g] = true
			want = append(want, m[6]+" "+m[10])
		}
	}
	var selected []string
	for _, x := range must(b.st.MapTargets(999002271000000101, must(sctid.Parse(id)), ctx)) {
		selected = append(selected, strconv.Itoa(x.Group)+" "+x.Target)
	}
	if !slices.Equal(selected, want) {
		b.t.Fatalf("targets of %s for %+v: got %v, want %v", id, ctx, selected, want)
	}
}

// plainWords folds a text the plain way.
func plainWords(s string) []string {
	s = strings.ToLower(s)
	for _, x := range [][2]string{{"é", "e"}, {"µ", "u"}, {"'", "\x01"}} {
		s = strings.ReplaceAll(s, x[0], x[1])
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r != 1 && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "\x01", "")
	}
	return words
}

// plainDistance is the least number of misspellings between w and a beginning
// of t.
func plainDistance(w, t string) int {
	d := make([][]int, len(w)+1) // of the first i bytes of w and j of t
	for i := range d {
		d[i] = make([]int, len(t)+1)
		for j := range d[i] {
			switch {
			case i == 0:
				d[i][j] = j
			case j == 0:
				d[i][j] = i
			default:
				c := 1
				if w[i-1] == t[j-1] {
					c = 0
				}
				d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+c)
				if i > 1 && j > 1 && w[i-1] == t[j-2] && w[i-2] == t[j-1] {
					d[i][j] = min(d[i][j], d[i-2][j-2]+1)
				}
			}
		}
	}
	return slices.Min(d[len(w)])
}

// wordsOf are the words of a term, kept.
func (b *both) wordsOf(term string) []string {
	words, ok := b.words[term]
	if !ok {
		words = plainWords(term)
		b.words[term] = words
	}
	return words
}

func (b *both) askSearch(r *rand.Rand) {
	// Words of some description, cut short, now and then misspelt.
	rows := b.byConcept[b.ids[r.IntN(len(b.ids))]]
	if len(rows) == 0 {
		return
	}
	words := plainWords(rows[r.IntN(len(rows))][7])
	if len(words) == 0 {
		return
	}
	q := snomed.Query{Fuzzy: r.IntN(6) == 0, Inactive: r.IntN(4) == 0, InactiveTerms: r.IntN(4) == 0, Limit: 1 << 20, EveryTerm: true}
	var asked []string
	for range 1 + r.IntN(3) {
		w := []byte(words[r.IntN(len(words))])
		w = w[:min(len(w), 1+r.IntN(7))]
		if q.Fuzzy {
			w = []byte(words[r.IntN(len(words))])
			if len(w) > 3 && r.IntN(2) == 0 {
				k := 1 + r.IntN(len(w)-2)
				switch r.IntN(3) {
				case 0:
					w[k], w[k-1] = w[k-1], w[k]
				case 1:
					w = append(w[:k], w[k+1:]...)
				case 2:
					w[k] = 'q'
				}
			}
		}
		asked = append(asked, string(w))
	}
	q.Text = strings.ToUpper(strings.Join(asked, " "))
	switch r.IntN(8) {
	case 0:
		q.Types = []sctid.ID{snomed.FullySpecifiedName}
	case 1:
		q.Types = []sctid.ID{snomed.Synonym, snomed.TextDefinition}
	case 2:
		q.Dialects = []sctid.ID{900000000000508004}
	case 3:
		q.Languages = []string{"en"}
	case 4:
		q.Languages = []string{"cy"}
	case 5:
		set := must(b.st.DescendantsOrSelf(b.ord(b.ids[r.IntN(len(b.ids))])))
		if r.IntN(2) == 0 {
			set = must(b.st.DescendantsOrSelf(b.ord("404684003")))
		}
		q.Within = &set
	}
	near := map[string]bool{} // word asked for, word found
	matches := func(term string) bool {
		toks := b.wordsOf(term)
		for _, w := range asked {
			if !slices.ContainsFunc(toks, func(t string) bool {
				if !q.Fuzzy {
					return strings.HasPrefix(t, w)
				}
				limit := 2
				if len(w) < 6 {
					limit = 1
				}
				if len(w) < 3 {
					limit = 0
				}
				is, ok := near[w+" "+t]
				if !ok {
					is = plainDistance(w, t) <= limit
					near[w+" "+t] = is
				}
				return is
			}) {
				return false
			}
		}
		return true
	}
	var want []string
	for _, d := range b.descriptions {
		c := d[4]
		switch {
		case b.concepts[c] == nil, !q.Inactive && !b.active(c), !q.InactiveTerms && d[2] == "0",
			q.Types == nil && d[6] == "900000000000550004",
			q.Types != nil && !slices.Contains(q.Types, must(sctid.Parse(d[6]))),
			q.Languages != nil && !slices.Contains(q.Languages, d[5]),
			q.Dialects != nil && b.languages["900000000000508004"][d[0]] == "",
			q.Within != nil && !q.Within.Has(b.ord(c)):
			continue
		}
		if matches(d[7]) {
			want = append(want, d[0])
		}
	}
	hits := must(b.st.Search(context.Background(), q))
	var got []string
	for _, h := range hits {
		got = append(got, h.Description.String())
		if h.Term != b.descriptions[h.Description.String()][7] {
			b.t.Fatalf("hit %+v has another term", h)
		}
		if len(h.Highlights) == 0 {
			b.t.Fatalf("hit %+v of %q has no highlight", h, q.Text)
		}
		for _, s := range h.Highlights {
			if s.From < 0 || s.From >= s.To || s.To > len(h.Term) {
				b.t.Fatalf("hit %+v", h)
			}
		}
	}
	slices.Sort(got)
	b.same("search "+q.Text, got, want)

	// Fewer hits are the first of all, whatever the plan.
	q.EveryTerm = false
	all := must(b.st.Search(context.Background(), q))
	q.Limit = 1 + r.IntN(30)
	few := must(b.st.Search(context.Background(), q))
	if len(few) != min(q.Limit, len(all)) {
		b.t.Fatalf("search %q: %d hits of %d at limit %d", q.Text, len(few), len(all), q.Limit)
	}
	for i := range few {
		if few[i].Description != all[i].Description {
			b.t.Fatalf("search %q: hit %d of %d differs: %+v, %+v", q.Text, i, q.Limit, few[i], all[i])
		}
	}
}
