package optout_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent/optout"
	"github.com/nhskit/nhskit/nhsnumber"
)

// england draws 3.6 million numbers from the ranges that are issued.
func england() []nhsnumber.Number {
	return slices.Concat(numbers(1, 1_200_000, 400_000_000, 500_000_000), numbers(2, 2_400_000, 600_000_000, 800_000_000))
}

// used keeps the compiler from leaving out a look-up whose answer nobody reads.
var used int

// count returns 1 for yes without a branch, which would have to be guessed
// before memory has answered, and stop the look-ups behind it where it is
// guessed wrong.
func count(yes bool) int {
	n := 0
	if yes {
		n = 1
	}
	return n
}

// BenchmarkHas asks for a million numbers that are spread over all that are
// issued, one in twenty of them opted out. It reports CPU time for each.
//
//	one-by-one  each look-up by itself, independent of the others
//	branch      the same, and the caller branches on the answer
//	chain       each begins when the one before has answered: latency
//	batch       AppendHas
//	sorted      one by one in ascending order, as files that were sorted are
//	in-cache    128 numbers again and again: instructions without memory
//
// The floor is what the same memory traffic costs without looking anything up:
// one byte of 37.5 MB for each number, as a bitmap of the issued ones takes.
func BenchmarkHas(b *testing.B) {
	const n = 1 << 20
	list := england()
	probes := slices.Concat(numbers(7, 333_333, 400_000_000, 500_000_000), numbers(8, n-333_333-n/20, 600_000_000, 800_000_000))
	r := rand.New(rand.NewPCG(3, 3))
	for _, i := range r.Perm(len(list))[:n/20] {
		probes = append(probes, list[i])
	}
	r.Shuffle(len(probes), func(i, j int) { probes[i], probes[j] = probes[j], probes[i] })
	sorted := slices.SortedFunc(slices.Values(probes), nhsnumber.Number.Compare)
	run := func(name string, fn func() int) {
		b.Run(name, func(b *testing.B) {
			now := clock(b)
			b.ReportAllocs()
			best := time.Duration(1<<63 - 1)
			from := now()
			for b.Loop() {
				start := now()
				used = fn()
				best = min(best, now()-start)
			}
			b.ReportMetric(float64(now()-from)/float64(b.N)/n, "cpu-ns/number")
			b.ReportMetric(float64(best)/n, "best-ns/number")
		})
	}
	floor := make([]byte, 37_500_000)
	at := make([]uint32, n)
	for i := range at {
		at[i] = r.Uint32N(uint32(len(floor)))
	}
	for i := range floor {
		floor[i] = byte(i)
	}
	run("floor-37.5MB", func() (sum int) {
		for _, i := range at {
			sum += int(floor[i])
		}
		return sum
	})
	answers := make([]bool, 0, n)
	for _, form := range []optout.Form{optout.Dense, optout.Compact} {
		s := build(b, form, list)
		b.Logf("%s: %.1f MB", form, float64(s.Size())/1e6)
		name := form.String() + "/"
		run(name+"one-by-one", func() (hits int) {
			for _, p := range probes {
				hits += count(s.Has(p))
			}
			return hits
		})
		run(name+"branch", func() (hits int) {
			for _, p := range probes {
				if s.Has(p) {
					hits += 3
				}
			}
			return hits
		})
		run(name+"chain", func() (hits int) {
			for i := range probes {
				hits += count(s.Has(probes[(i+hits)&(n-1)]))
			}
			return hits
		})
		run(name+"batch", func() int {
			answers = s.AppendHas(answers[:0], probes)
			return len(answers)
		})
		run(name+"sorted", func() (hits int) {
			for _, p := range sorted {
				hits += count(s.Has(p))
			}
			return hits
		})
		run(name+"in-cache", func() (hits int) {
			for i := range probes {
				hits += count(s.Has(probes[i&127]))
			}
			return hits
		})
	}
	oracle := make(map[nhsnumber.Number]struct{}, len(list))
	for _, n := range list {
		oracle[n] = struct{}{}
	}
	run("map", func() (hits int) {
		for _, p := range probes {
			_, ok := oracle[p]
			hits += count(ok)
		}
		return hits
	})
}

func BenchmarkBuild(b *testing.B) {
	list := england()
	for _, form := range []optout.Form{optout.Dense, optout.Compact} {
		b.Run(form.String(), func(b *testing.B) {
			for b.Loop() {
				build(b, form, list)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/number")
		})
	}
}

func BenchmarkClean(b *testing.B) {
	list := england()
	set := build(b, optout.Dense, list)
	rows := slices.Concat(numbers(8, 950_000, 600_000_000, 800_000_000), list[:50_000])
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	var narrow, wide bytes.Buffer
	narrow.WriteString("nhs_number\n")
	wide.WriteString("id,nhs_number,date,code,value\n")
	for i, n := range rows {
		narrow.WriteString(n.Digits() + ",\n")
		wide.WriteString(strconv.Itoa(i) + "," + n.Digits() + ",2026-01-02,44054006,7.25\n")
	}
	for _, c := range []struct {
		name string
		data []byte
	}{{"narrow", narrow.Bytes()}, {"five-columns", wide.Bytes()}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := optout.Clean(context.Background(), bytes.NewReader(c.data), io.Discard, set, options())
				if err != nil || r.Rows != int64(len(rows)) {
					b.Fatal(r, err)
				}
			}
			b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
	b.Run("scan-lines-only", func(b *testing.B) {
		b.SetBytes(int64(wide.Len()))
		for b.Loop() {
			n := 0
			for rest := wide.Bytes(); len(rest) > 0; n++ {
				i := bytes.IndexByte(rest, '\n')
				rest = rest[i+1:]
			}
		}
	})
}

func TestAllocations(t *testing.T) {
	list := test(71, 100)
	for _, form := range []optout.Form{optout.Dense, optout.Compact} {
		s := build(t, form, list)
		if n := testing.AllocsPerRun(100, func() { s.Has(list[3]) }); n > 0 {
			t.Errorf("%s: %v allocations", form, n)
		}
	}
	s := build(t, optout.Dense, list)
	in := "nhs_number\n" + strings.Repeat(list[0].Digits()+"\n9990000018\n", 5000)
	if n := testing.AllocsPerRun(50, func() {
		optout.Clean(context.Background(), strings.NewReader(in), io.Discard, s, options())
	}); n > 12 {
		t.Errorf("cleaning 10,000 rows: %v allocations", n)
	}
}
