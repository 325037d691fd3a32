// Package mutate runs the checks of fuzz targets on random mutations of their
// seeds within an ordinary test, a counted number of times and reproducibly:
// the fuzzer of go test counts by time and keeps a corpus of its own.
package mutate

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// maxLen caps the growth of an input by splicing.
const maxLen = 8 << 10

// Run calls check with random mutations of seeds, short times, or long times
// with NHSKIT_LONG set. NHSKIT_SEED chooses another sequence than that of 1.
// Tokens are put in and over besides single bytes: what the grammar knows. The
// input that check fails or panics on is logged. It is check's to read until
// it returns, not to keep.
func Run(t *testing.T, short, long int, seeds [][]byte, tokens []string, check func(t *testing.T, in []byte)) {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("NHSKIT_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	n := short
	if os.Getenv("NHSKIT_LONG") != "" {
		n = long
	} else if testing.Short() {
		n /= 10
	}
	m := mutator{rand: rand.New(rand.NewPCG(seed, 0)), seeds: seeds, tokens: tokens}
	done := 0
	defer func() {
		if done < n {
			t.Logf("seed %d, execution %d, input %q", seed, done+1, m.in)
			return
		}
		t.Logf("seed %d: %d executions", seed, n)
	}()
	for ; done < n; done++ {
		m.next()
		check(t, m.in)
	}
}

type mutator struct {
	rand   *rand.Rand
	seeds  [][]byte
	tokens []string
	in     []byte
}

// next makes the next input: a seed with one to eight changes.
func (m *mutator) next() {
	m.in = append(m.in[:0], m.seeds[m.rand.IntN(len(m.seeds))]...)
	for range 1 + m.rand.IntN(8) {
		m.change()
	}
	if len(m.in) > maxLen {
		m.in = m.in[:maxLen]
	}
}

// span returns a random part of n bytes, mostly a short one.
func (m *mutator) span(n int) (from, to int) {
	if n == 0 {
		return 0, 0
	}
	from = m.rand.IntN(n)
	most := n - from
	if m.rand.IntN(4) > 0 {
		most = min(most, 8)
	}
	return from, from + 1 + m.rand.IntN(most)
}

// put replaces m.in[from:to].
func (m *mutator) put(from, to int, by []byte) {
	tail := bytes.Clone(m.in[to:])
	m.in = append(append(m.in[:from], by...), tail...)
}

func (m *mutator) change() {
	from, to := m.span(len(m.in))
	switch m.rand.IntN(8) {
	case 0: // flip a bit
		if len(m.in) > 0 {
			m.in[from] ^= 1 << m.rand.IntN(8)
		}
	case 1: // any byte
		m.put(from, from, []byte{byte(m.rand.Uint32())})
	case 2: // delete
		m.put(from, to, nil)
	case 3: // repeat
		m.put(to, to, bytes.Clone(m.in[from:to]))
	case 4: // move
		part := bytes.Clone(m.in[from:to])
		m.put(from, to, nil)
		at := m.rand.IntN(len(m.in) + 1)
		m.put(at, at, part)
	case 5: // splice with another seed
		other := m.seeds[m.rand.IntN(len(m.seeds))]
		a, b := m.span(len(other))
		m.put(from, to, other[a:b])
	case 6: // a token over what was there
		m.put(from, to, m.token())
	case 7: // a token in between
		m.put(from, from, m.token())
	}
}

func (m *mutator) token() []byte {
	if len(m.tokens) == 0 {
		return []byte{byte(m.rand.Uint32())}
	}
	return []byte(m.tokens[m.rand.IntN(len(m.tokens))])
}
