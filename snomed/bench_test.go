package snomed_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// benchStore opens uk.store in NHSKIT_SNOMED_DIR, as TestUKSize leaves it
// there, or builds a store at a hundredth of that size.
func benchStore(b *testing.B) *snomed.Store {
	b.Helper()
	file := filepath.Join(os.Getenv("NHSKIT_SNOMED_DIR"), "uk.store")
	if os.Getenv("NHSKIT_SNOMED_DIR") == "" {
		dir := b.TempDir()
		if err := snomedtest.Generate(filepath.Join(dir, "r"), snomedtest.Options{Scale: 0.01}); err != nil {
			b.Fatal(err)
		}
		r, err := rf2.Open(filepath.Join(dir, "r"))
		if err != nil {
			b.Fatal(err)
		}
		file = filepath.Join(dir, "store")
		if _, err := snomed.Build(context.Background(), []*rf2.Release{r}, file, snomed.BuildOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	st, err := snomed.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	if err := st.Verify(); err != nil { // so that blocks are in memory
		b.Fatal(err)
	}
	return st
}

var (
	sinkBool bool
	sinkInt  int
	sinkIDs  []sctid.ID
	sinkB    []byte
)

func BenchmarkSubsumes(b *testing.B) {
	st := benchStore(b)
	const n = 1 << 20
	r := rand.New(rand.NewPCG(1, 1))
	os := make([]snomed.Ordinal, n)
	ids := make([]sctid.ID, n)
	for i := range os {
		os[i] = snomed.Ordinal(r.IntN(st.Info().Active))
		ids[i] = must(st.ID(os[i]))
	}
	b.Run("ordinals", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			sinkBool, _ = st.SubsumesOrdinal(os[i&(n-1)], os[(i+1)&(n-1)])
			i += 2
		}
	})
	b.Run("identifiers", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			sinkBool, _ = st.Subsumes(ids[i&(n-1)], ids[(i+1)&(n-1)])
			i += 2
		}
	})
	b.Run("ordinals, under an ancestor", func(b *testing.B) {
		top, err := st.Ordinal(404684003)
		if err != nil {
			b.Fatal(err)
		}
		i := 0
		for b.Loop() {
			sinkBool, _ = st.SubsumesOrdinal(top, os[i&(n-1)])
			i++
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	st := benchStore(b)
	const n = 1 << 20
	r := rand.New(rand.NewPCG(2, 1))
	ids := make([]sctid.ID, n)
	for i := range ids {
		ids[i] = must(st.ID(snomed.Ordinal(r.IntN(st.Info().Concepts))))
	}
	b.Run("concept and preferred term", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		var buf []byte
		for b.Loop() {
			var err error
			if _, buf, err = st.Lookup(buf[:0], ids[i&(n-1)]); err != nil {
				b.Fatal(err)
			}
			i++
		}
		sinkB = buf
	})
}

// BenchmarkRefset reads all members of the reference set of axioms, of which the
// texts are compressed, in order and one by one.
func BenchmarkRefset(b *testing.B) {
	st := benchStore(b)
	axioms := must(st.Refset(733073007))
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for m, err := range axioms.All() {
				if err != nil {
					b.Fatal(err)
				}
				n += len(m.Fields[0].Text)
			}
			b.SetBytes(int64(n))
		}
	})
	b.Run("row", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			sinkMember = must(axioms.Row(i % axioms.Len()))
			i += 7919
		}
	})
}

var sinkMember snomed.Member

func BenchmarkDescendants(b *testing.B) {
	st := benchStore(b)
	o, err := st.Ordinal(404684003)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("count", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			id, _ := st.Ordinal(404684003)
			sinkInt, _ = st.DescendantCount(id)
		}
	})
	b.Run("ids", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			set, _ := st.DescendantsOrSelf(o)
			sinkIDs, _ = st.IDs(sinkIDs[:0], set)
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	st := benchStore(b)
	for _, fuzzy := range []bool{false, true} {
		queries := typedQueries(st, 1000, fuzzy)
		b.Run(map[bool]string{false: "two prefixes", true: "fuzzy"}[fuzzy], func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				hits, err := st.Search(context.Background(), snomed.Query{Text: queries[i%len(queries)], Fuzzy: fuzzy})
				if err != nil {
					b.Fatal(err)
				}
				sinkInt = len(hits)
				i++
			}
		})
	}
}

// typedQueries takes two words of random terms.
func typedQueries(st *snomed.Store, n int, misspelt bool) []string {
	r := rand.New(rand.NewPCG(8, 8))
	var out []string
	for len(out) < n {
		term := must(st.PreferredTerm(snomed.Ordinal(r.IntN(st.Info().Active))))
		words := plainWords(term)
		if len(words) < 2 {
			continue
		}
		i := r.IntN(len(words) - 1)
		var q []string
		for _, w := range []string{words[i], words[i+1+r.IntN(len(words)-i-1)]} {
			if misspelt {
				b := []byte(w)
				if len(b) > 3 && r.IntN(2) == 0 {
					b[1+r.IntN(len(b)-2)] = 'q'
				}
				w = string(b)
			} else {
				w = w[:min(len(w), 1+r.IntN(4))]
			}
			q = append(q, w)
		}
		out = append(out, strings.Join(q, " "))
	}
	return out
}
