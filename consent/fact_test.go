package consent

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestInformationMonotone: resolving an unknown never flips a determinate
// answer. It works on the facts themselves, which can be open in more ways
// than requests and records can make them.
func TestInformationMonotone(t *testing.T) {
	e := New(NewMemoryStore())
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano()
	rapid.Check(t, func(t *rapid.T) {
		var f facts
		for k := fact(0); k < fPersonal; k++ {
			n := len(factTable[k].values)
			f.set[k] = 1 << rapid.IntRange(0, n-1).Draw(t, "value")
			if rapid.IntRange(0, 4).Draw(t, "open") == 0 {
				f.set[k] |= values(rapid.IntRange(0, 1<<n-1).Draw(t, "values"))
			}
		}
		f.set[fAction] = 1 << rapid.IntRange(1, int(numActions)-1).Draw(t, "action")
		purposes := values(1) << rapid.IntRange(0, int(numPurposes)-1).Draw(t, "purpose")
		decide := func(f facts) Outcome {
			var tr trace
			o, _ := e.conclude(&f, purposes, at, nil, 0, &tr)
			return o
		}
		before := decide(f)
		if before == Indeterminate {
			return
		}
		for k := fact(0); k < fPersonal; k++ {
			if countBits(f.set[k]) < 2 {
				continue
			}
			for i := range factTable[k].values {
				if f.set[k]&(1<<i) == 0 {
					continue
				}
				g := f
				g.set[k] = 1 << i
				if after := decide(g); after != before {
					t.Fatalf("%s, and with %s=%s it is %s", before, factTable[k].name, factTable[k].values[i], after)
				}
			}
		}
	})
}

// TestFactTable keeps the table complete.
func TestFactTable(t *testing.T) {
	names := map[string]bool{}
	for k := range numFacts {
		info := factTable[k]
		if info.name == "" || names[info.name] || len(info.values) < 2 || len(info.values) > 31 {
			t.Errorf("fact %d: %+v", k, info)
		}
		names[info.name] = true
	}
	for c := causeNone + 1; c < numCauses; c++ {
		if causeTable[c].code == "" {
			t.Errorf("cause %d has no code", c)
		}
	}
}

// TestEveryRuleCanHold finds for each rule facts by which it holds: conditions
// that exclude each other would leave it dead.
func TestEveryRuleCanHold(t *testing.T) {
	p := NHSPolicy()
	for i := range p.rules {
		r := &p.rules[i]
		sets := map[fact]values{}
		for _, c := range r.conds {
			if s, ok := sets[c.fact]; ok {
				c.set &= s
			}
			if sets[c.fact] = c.set; c.set == 0 {
				t.Errorf("%s: %s excludes itself", r.id, factTable[c.fact].name)
			}
		}
	}
}
