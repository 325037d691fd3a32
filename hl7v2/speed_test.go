package hl7v2

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// fastest runs the functions in turns, in short slices, and returns the least
// time per call of each: what other load on the machine does to one slice does
// not count, and all see the same machine.
func fastest(rounds int, fns ...func()) []time.Duration {
	best := make([]time.Duration, len(fns))
	calls := make([]int, len(fns))
	for i, fn := range fns {
		fn()
		for calls[i] = 1; ; calls[i] *= 2 {
			start := time.Now()
			for range calls[i] {
				fn()
			}
			if took := time.Since(start); took > 100*time.Microsecond {
				best[i] = took / time.Duration(calls[i])
				break
			}
		}
	}
	for range rounds {
		for i, fn := range fns {
			start := time.Now()
			for range calls[i] {
				fn()
			}
			best[i] = min(best[i], time.Since(start)/time.Duration(calls[i]))
		}
	}
	return best
}

// TestSpeed measures the index beside its baselines in one run. It prints
// always, and fails only with NHSKIT_LONG=1, when the machine is known to be
// quiet enough.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	rounds := 20
	gate := os.Getenv("NHSKIT_LONG") != ""
	if gate {
		rounds = 300
	}
	var m Message
	buf := make([]byte, 0, 2*len(benchADT))
	m.mustParse(t, benchADT)
	fixed := fastest(rounds,
		func() {
			h, _ := ReadHeader(benchADT)
			h.Type()
			h.ControlID()
		},
		func() {
			if err := m.Set("PID-5.1", "SMITH-JONES"); err != nil {
				t.Fatal(err)
			}
			buf = m.AppendTo(buf[:0])
		},
	)
	t.Logf("header %v, set and encode %v", fixed[0], fixed[1])
	if gate && (fixed[0] > 300*time.Nanosecond || fixed[1] > 2*time.Microsecond) {
		t.Error("want at most 300ns and 2µs")
	}
	d := Standard()
	for _, n := range []int{1 << 10, 1 << 20} {
		text := bytes.Repeat([]byte("Chest clear. "), n/13+1)[:n]
		got := fastest(rounds, func() { d.EscapeText(text) }, func() { d.Unescape(text) })
		rate := func(took time.Duration) float64 { return float64(n) / float64(took.Nanoseconds()) }
		t.Logf("%d bytes of plain text: escape %.1f GB/s, unescape %.1f GB/s", n, rate(got[0]), rate(got[1]))
		if gate && (n > 1<<15 && rate(got[0]) < 5 || rate(got[1]) < 5) {
			t.Error("want 5 GB/s")
		}
	}
	positions := make([]uint32, 0, 1<<16)
	for _, c := range []struct {
		name  string
		data  []byte
		limit time.Duration
	}{
		{"ADT", benchADT, 1500 * time.Nanosecond},
		{"ORU", benchORU, 15 * time.Microsecond},
		{"ED", benchED, 600 * time.Microsecond},
	} {
		data := c.data
		other := bytes.ReplaceAll(data, []byte("|"), []byte("$"))
		got := fastest(rounds,
			func() { m.mustParse(t, data) },
			func() { m.mustParse(t, other) },
			func() { positions = scanDelimiters(positions, data) },
			func() { positions = scanStandard(positions, data) },
			func() { bytes.IndexByte(data, 0) },
		)
		share := float64(got[2]) / float64(got[0])
		t.Logf("%s, %d bytes, %d marks: index %v, with $ %v; scan of six delimiters %v (index has %.0f %% of its speed), scan with our own matching %v (%.0f %%), IndexByte %v",
			c.name, len(data), len(m.index.marks), got[0], got[1], got[2], 100*share, got[3], 100*float64(got[3])/float64(got[0]), got[4])
		if gate && (got[0] > c.limit || share < 0.45) {
			t.Errorf("%s: want at most %v and 45 %%", c.name, c.limit)
		}
	}
}

func (m *Message) mustParse(t *testing.T, data []byte) {
	if err := (Parser{}).ParseInto(m, data); err != nil {
		t.Fatal(err)
	}
}
