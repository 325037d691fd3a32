package snomed_test

import (
	"context"
	"fmt"
	"github.com/nhskit/nhskit/snomed"
	"os"
	"slices"
	"testing"
	"time"
)

func TestDbgSlow(t *testing.T) {
	p := os.Getenv("DBG")
	if p == "" {
		t.Skip()
	}
	st, err := snomed.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	st.Verify()
	for _, fz := range []bool{false, true} {
		qs := typedQueries(st, 2000, fz)
		type r struct {
			q string
			d time.Duration
			n int
		}
		var rs []r
		for _, q := range qs {
			best := time.Hour
			n := 0
			for range 2 {
				c := threadTime()
				h, _ := st.Search(context.Background(), snomed.Query{Text: q, Fuzzy: fz})
				n = len(h)
				best = min(best, threadTime()-c)
			}
			rs = append(rs, r{q, best, n})
		}
		slices.SortFunc(rs, func(a, b r) int { return int(b.d - a.d) })
		fmt.Println(fz, "p50", rs[1000].d, "p90", rs[200].d, "p99", rs[20].d)
		for _, x := range rs[:25] {
			fmt.Println(x)
		}
	}
}
