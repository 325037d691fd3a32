package snomed_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/sctid"
)

const fullName = "900000000000003001"

// TestHighlights: spans are of whole letters of the term, whatever folding makes
// of them.
func TestHighlights(t *testing.T) {
	f := newFixture("x")
	for _, term := range []string{"Cafe\u0301 au lait spot", "Sjögren’s œdema ﬁbre", "O'Brien sign", "Straße 5 µg", "naïve T-cell", "Dose of 10 mg"} {
		f.term(f.newConcept(), term)
	}
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	for _, c := range []struct {
		query string
		fuzzy bool
		want  []string
	}{
		{"caf", false, []string{"Caf"}},
		{"cafe", false, []string{"Cafe\u0301"}}, // not without its accent
		{"CAFÉ la", false, []string{"Cafe\u0301", "la"}},
		{"cafe\u0301", false, []string{"Cafe\u0301"}},
		{"sjogrens", false, []string{"Sjögren’s"}},
		{"sjögren's oedem", false, []string{"Sjögren’s", "œdem"}},
		{"SJÖ", false, []string{"Sjö"}},
		{"f", false, []string{"ﬁ"}}, // half a ligature cannot be marked
		{"fibr", false, []string{"ﬁbr"}},
		{"obri", false, []string{"O'Bri"}},
		{"stras ug", false, []string{"Straß", "µg"}},
		{"naive cell t", false, []string{"naïve", "T", "cell"}},
		{"do d", false, []string{"Do"}},
		{"sjogern", true, []string{"Sjögren’s"}},
		{"mg 1", true, []string{"1", "mg"}},
	} {
		hits := must(st.Search(context.Background(), snomed.Query{Text: c.query, Fuzzy: c.fuzzy}))
		if len(hits) != 1 {
			t.Errorf("%q: %d hits", c.query, len(hits))
			continue
		}
		var got []string
		for _, s := range hits[0].Highlights {
			got = append(got, hits[0].Term[s.From:s.To])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %q: marked %q, want %q", c.query, hits[0].Term, got, c.want)
		}
	}
}

// TestRanking: short terms first, preferred ones before acceptable ones before
// others, then fully specified names, then what is inactive; a doubling of the
// frequency is worth three characters, a misspelling costs forty.
func TestRanking(t *testing.T) {
	f := newFixture("x")
	add := func(term, kind, says, active string) string {
		c := f.newConcept()
		id := f.id(sctid.Description)
		f.description(id, "20260101", active, c, kind, term)
		if says != "" {
			f.language(british, id, says)
		}
		return c
	}
	want := []string{
		"Zebra",             // preferred: 5 characters
		"Zebra ab",          // preferred: 8
		"Zebra a",           // acceptable: 7, and 3 for that
		"Zebra b",           // neither: 7, and 6 for that
		"Zebra abcdefghijk", // preferred: 17
		"Zebra abcdef",      // a fully specified name, neither: 12, and 14 for that
		"Zebra abcdefg",     // the same: 13 and 14
		"Zebra c",           // inactive
	}
	add("Zebra c", synonym, preferred, "0")
	add("Zebra abcdefg", fullName, "", "1")
	add("Zebra abcdef", fullName, "", "1")
	frequent := add("Zebra abcdefghijk", synonym, preferred, "1")
	add("Zebra b", synonym, "", "1")
	add("Zebra a", synonym, acceptable, "1")
	add("Zebra ab", synonym, preferred, "1")
	add("Zebra", synonym, preferred, "1")
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	ask := func(q snomed.Query) (terms []string) {
		q.InactiveTerms = true
		for _, h := range must(st.Search(context.Background(), q)) {
			terms = append(terms, h.Term)
		}
		return terms
	}
	if got := ask(snomed.Query{Text: "zeb"}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// What is used 15 times is worth four doublings, twelve characters: the one of
	// 17 comes about as early as that of 5.
	o := at(t, st, frequent)
	usage := func(times float64) func(snomed.Ordinal) float64 {
		return func(c snomed.Ordinal) float64 {
			if c == o {
				return times
			}
			return 0
		}
	}
	for _, c := range []struct {
		times float64
		place int
	}{{0, 4}, {3, 3}, {6.5, 2}, {15.9, 0}, {14.5, 1}} {
		if got := slices.Index(ask(snomed.Query{Text: "zeb", Frequency: usage(c.times)}), "Zebra abcdefghijk"); got != c.place {
			t.Errorf("used %v times: place %d, want %d", c.times, got, c.place)
		}
	}
	hits := must(st.Search(context.Background(), snomed.Query{Text: "zibra", Fuzzy: true}))
	if len(hits) != 7 || hits[0].Distance != 1 || !hits[0].Preferred || hits[3].Preferred {
		t.Errorf("%+v", hits)
	}
}

// TestRankingOfTheRest: what is misspelt, definitions, inactive concepts and
// inactive descriptions, each behind what is before it even if much shorter.
func TestRankingOfTheRest(t *testing.T) {
	f := newFixture("x")
	active := f.newConcept()
	f.term(active, "Yellow "+strings.Repeat("y", 36)) // 43 characters
	f.term(f.newConcept(), "Yellaw")                  // 6, and 40 for a letter
	f.term(f.newConcept(), "Yelaw "+strings.Repeat("z", 30))
	f.row("sct2_TextDefinition_*-en_INT_20260101.txt", "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
		f.id(sctid.Description), "20260101", "1", fixtureModule, f.newConcept(), "en", "900000000000550004", "Yellow text", "900000000000448009")
	f.term(f.retired(), "Yellow it was")
	f.description(f.id(sctid.Description), "20260101", "0", f.newConcept(), synonym, "Yellow no more")
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	var got []string
	for _, h := range must(st.Search(context.Background(), snomed.Query{Text: "yellow", Fuzzy: true, Inactive: true, InactiveTerms: true,
		Types: []sctid.ID{snomed.Synonym, snomed.TextDefinition}})) {
		got = append(got, fmt.Sprint(h.Term[:6], len(h.Term), " ", h.Distance))
	}
	if want := []string{"Yellow43 0", "Yellaw6 1", "Yelaw 36 2", "Yellow11 0", "Yellow13 0", "Yellow14 0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// Each only if asked for.
	for _, c := range []struct {
		q    snomed.Query
		want string
	}{
		{snomed.Query{}, "[Yellow43]"},
		{snomed.Query{Types: []sctid.ID{snomed.TextDefinition}}, "[Yellow11]"},
		{snomed.Query{Inactive: true}, "[Yellow43 Yellow13]"},
		{snomed.Query{InactiveTerms: true}, "[Yellow43 Yellow14]"},
	} {
		c.q.Text = "yellow"
		var got []string
		for _, h := range must(st.Search(context.Background(), c.q)) {
			got = append(got, fmt.Sprint(h.Term[:6], len(h.Term)))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%+v: got %v, want %s", c.q, got, c.want)
		}
	}
}

// TestManyLanguages: the filter on languages works for more of them than a word
// has bits; a code that is none is reported.
func TestManyLanguages(t *testing.T) {
	f := newFixture("x")
	c := f.newConcept()
	for i := range 100 {
		f.term(c, fmt.Sprint("Term ", i))
		rows := f.files["sct2_Description_*-en_INT_20260101.txt"]
		rows[len(rows)-1] = strings.Replace(rows[len(rows)-1], "\ten\t", fmt.Sprintf("\tx%02d\t", i), 1)
	}
	f.term(c, "Lost")
	rows := f.files["sct2_Description_*-en_INT_20260101.txt"]
	rows[len(rows)-1] = strings.Replace(rows[len(rows)-1], "\ten\t", "\ten-x-long\t", 1)
	st, report := store(t, snomed.BuildOptions{}, f.open(t))
	if len(report.Issues) != 1 || report.Issues[0].Code != snomed.CodeLanguage || report.Issues[0].Line != 102 || report.Issues[0].Col != 6 {
		t.Errorf("%v", report.Issues)
	}
	for i := range 100 {
		hits := must(st.Search(context.Background(), snomed.Query{Text: "term", Languages: []string{fmt.Sprintf("x%02d", i)}}))
		if len(hits) != 1 || hits[0].Term != fmt.Sprint("Term ", i) {
			t.Errorf("language %d: %+v", i, hits)
		}
	}
}

// TestManySearchers: searches at the same time, some of them cancelled, do not
// disturb each other.
func TestManySearchers(t *testing.T) {
	st := exampleStore()
	below := must(st.DescendantsOrSelf(at(t, st, "404684003")))
	var queries []snomed.Query
	var want []string
	for _, text := range []string{"con", "con d", "dis of", "swet condition", "a", "b c", "e f g", "ba de"} {
		for _, q := range []snomed.Query{{}, {Fuzzy: true}, {Within: &below}, {Inactive: true, InactiveTerms: true, Limit: 500}, {EveryTerm: true, Limit: 3}} {
			q.Text = text
			queries = append(queries, q)
			want = append(want, fmt.Sprint(must(st.Search(context.Background(), q))))
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for range 100 {
				i := r.IntN(len(queries))
				if r.IntN(10) == 0 {
					if _, err := st.Search(cancelled, queries[i]); err != context.Canceled {
						t.Errorf("cancelled: %v", err)
					}
				}
				hits, err := st.Search(context.Background(), queries[i])
				if got := fmt.Sprint(hits); got != want[i] || err != nil {
					t.Errorf("%+v: %v, %v", queries[i], got, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestManyDescriptionsOfOne: a concept with more descriptions than are compared
// with each other when the index is made.
func TestManyDescriptionsOfOne(t *testing.T) {
	f := newFixture("x")
	c := f.newConcept()
	const n = 30_000
	for i := range n {
		f.term(c, fmt.Sprintf("Common w%05d", i))
		if i%100 == 0 {
			f.description(f.id(sctid.Description), "20260101", "0", c, synonym, fmt.Sprintf("Common gone%05d", i))
			f.term(c, fmt.Sprintf("Common w%05d longer", i)) // which takes in the one before
		}
	}
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	ask := func(text string, inactive bool) (terms []string) {
		for _, h := range must(st.Search(context.Background(), snomed.Query{Text: text, EveryTerm: true, InactiveTerms: inactive})) {
			terms = append(terms, h.Term)
		}
		return terms
	}
	for _, i := range []int{0, 17, 4200, n - 100, n - 1} {
		want := []string{fmt.Sprintf("Common w%05d", i)}
		if i%100 == 0 {
			want = append(want, want[0]+" longer")
		}
		if got := ask(fmt.Sprintf("w%05d comm", i), false); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		gone := fmt.Sprintf("gone%05d", i/100*100)
		if got := ask("common "+gone, true); !slices.Equal(got, []string{"Common " + gone}) || ask(gone, false) != nil {
			t.Errorf("got %q for %s", got, gone)
		}
	}
}

// TestSearchLimits: a query as long as a book is no more work than one of as
// many words as are looked at; a set of another store is cut down.
func TestSearchLimits(t *testing.T) {
	st := exampleStore()
	var b strings.Builder
	b.WriteString("condition ")
	for i := range 200_000 {
		fmt.Fprintf(&b, "%dx ", i*7919)
	}
	start := time.Now()
	for range 5 {
		if hits := must(st.Search(context.Background(), snomed.Query{Text: b.String()})); len(hits) > 0 {
			t.Errorf("%d hits", len(hits))
		}
	}
	if took := time.Since(start); took > 60*time.Second { // the words compared with each other took minutes
		t.Errorf("took %v", took)
	}
	many := "condition" + strings.Repeat(" cond c co con", 50)
	if hits := must(st.Search(context.Background(), snomed.Query{Text: many})); len(hits) == 0 {
		t.Error("words that repeat count as different ones")
	}

	all := st.Info().Concepts
	foreign := snomed.SetOf([]snomed.Ordinal{5, snomed.Ordinal(all), 1 << 30})
	if _, err := st.Search(context.Background(), snomed.Query{Text: "a", Within: &foreign}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if hits, err := st.Search(ctx, snomed.Query{Text: "a"}); err != context.Canceled || hits != nil {
		t.Errorf("cancelled: %d hits, %v", len(hits), err)
	}
}

// TestEveryTermOfMany: of a concept with very many terms each is a hit of its
// own, with its own term.
func TestEveryTermOfMany(t *testing.T) {
	const n = 5000
	f := newFixture("many")
	c, other := f.newConcept(), f.newConcept()
	for i := range n {
		f.term(c, fmt.Sprintf("word %d of many", i*7919%n))
	}
	f.term(other, "wordless")
	st, _ := store(t, snomed.BuildOptions{}, f.open(t))
	terms := map[sctid.ID]string{}
	for _, id := range []string{c, other} {
		for _, d := range must(st.Descriptions(at(t, st, id))) {
			terms[d.ID] = d.Term
		}
	}
	for _, limit := range []int{n / 2, 2 * n} {
		hits := must(st.Search(context.Background(), snomed.Query{Text: "word", Limit: limit, EveryTerm: true}))
		seen := map[sctid.ID]bool{}
		for i, h := range hits {
			if want := terms[h.Description]; h.Term != want || seen[h.Description] {
				t.Fatalf("hit %d, %d, has %q, want %q", i, h.Description, h.Term, want)
			}
			seen[h.Description] = true
		}
		if len(hits) != min(n+1, limit) || hits[0].Term != "wordless" {
			t.Errorf("%d hits, want %d", len(hits), min(n+1, limit))
		}
	}
}
