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

	"github.com/nhskit/nhskit/consent/optout"
	"github.com/nhskit/nhskit/nhsnumber"
)

// england draws 3.6 million numbers from the ranges that are issued.
func england() []nhsnumber.Number {
	return slices.Concat(numbers(1, 1_200_000, 400_000_000, 500_000_000), numbers(2, 2_400_000, 600_000_000, 800_000_000))
}

// used keeps the compiler from leaving out a look-up whose answer nobody reads.
var used int

func BenchmarkHas(b *testing.B) {
	list := england()
	r := rand.New(rand.NewPCG(3, 3))
	probes := slices.Concat(numbers(7, 1<<20-50_000, 600_000_000, 800_000_000), list[:50_000])
	r.Shuffle(len(probes), func(i, j int) { probes[i], probes[j] = probes[j], probes[i] })
	oracle := make(map[nhsnumber.Number]struct{}, len(list))
	for _, n := range list {
		oracle[n] = struct{}{}
	}
	// The floor: one bit of a flat bitmap of all numbers, 125 MB.
	flat := make([]byte, 1_000_000_000/8)
	prefix := make([]uint32, len(probes))
	for _, n := range list {
		v, _ := strconv.Atoi(n.Digits()[:9])
		flat[v>>3] |= 1 << (v & 7)
	}
	for i, n := range probes {
		v, _ := strconv.Atoi(n.Digits()[:9])
		prefix[i] = uint32(v)
	}
	b.Run("flat-bitmap", func(b *testing.B) {
		hits := 0
		for i := range b.N {
			v := prefix[i&(1<<20-1)]
			if flat[v>>3]>>(v&7)&1 != 0 {
				hits++
			}
		}
		used = hits
	})
	b.Run("probes-only", func(b *testing.B) {
		zero := 0
		for i := range b.N {
			if probes[i&(1<<20-1)].IsZero() {
				zero++
			}
		}
		used = zero
	})
	for _, form := range []optout.Form{optout.Dense, optout.Compact} {
		s := build(b, form, list)
		b.Run(form.String(), func(b *testing.B) {
			b.ReportAllocs()
			hits := 0
			for i := range b.N {
				if s.Has(probes[i&(1<<20-1)]) {
					hits++
				}
			}
			b.ReportMetric(float64(s.Size())/1e6, "MB")
			used = hits
		})
		// The same few numbers again: what is left is instructions, not misses.
		b.Run(form.String()+"-in-cache", func(b *testing.B) {
			hits := 0
			for i := range b.N {
				if s.Has(probes[i&(1<<7-1)]) {
					hits++
				}
			}
			used = hits
		})
	}
	b.Run("map", func(b *testing.B) {
		hits := 0
		for i := range b.N {
			if _, ok := oracle[probes[i&(1<<20-1)]]; ok {
				hits++
			}
		}
		used = hits
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
	if n := testing.AllocsPerRun(5, func() {
		optout.Clean(context.Background(), strings.NewReader(in), io.Discard, s, options())
	}); n > 12 {
		t.Errorf("cleaning 10,000 rows: %v allocations", n)
	}
}
