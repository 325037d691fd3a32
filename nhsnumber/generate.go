package nhsnumber

import (
	"errors"
	"fmt"
	"iter"
	"math/bits"
)

// Generator makes distinct valid numbers of a range, each from its index, in
// constant memory. The zero value has no numbers; see [NewGenerator]. It is
// immutable.
type Generator struct {
	spans    []span
	len      uint32
	shuffled bool
	seed     uint64
}

// span is a run of numbers by rank.
type span struct{ first, len uint32 }

// GeneratorOption configures [NewGenerator].
type GeneratorOption func(*Generator) error

// Shuffled puts the numbers in a pseudo-random order: the same for the same
// seed, still each number once. It hides nothing; see [Pseudonymiser] for
// that.
func Shuffled(seed uint64) GeneratorOption {
	return func(g *Generator) error {
		g.shuffled, g.seed = true, seed
		return nil
	}
}

// Between takes the numbers whose first nine digits lie from first to last,
// inclusive, instead of the 999 range. Mind that numbers that do not begin
// with 9 may belong to people.
func Between(first, last uint32) GeneratorOption {
	return func(g *Generator) error {
		if first > last || last > 999_999_999 {
			return fmt.Errorf("nhsnumber: Between(%d, %d): %w", first, last, ErrRange)
		}
		g.add(first, last)
		return nil
	}
}

// InRegion takes the numbers of a region of [DefaultRanges] instead of the
// 999 range. See the warning of [Between].
func InRegion(region Region) GeneratorOption {
	return func(g *Generator) error {
		found := false
		for r := range DefaultRanges().All() {
			if r.Region == region {
				g.add(r.First, r.Last)
				found = true
			}
		}
		if !found {
			return fmt.Errorf("nhsnumber: unknown region %q: %w", string(region), ErrRange)
		}
		return nil
	}
}

// add appends a range, of which the spans must stay apart so that no number
// comes twice.
func (g *Generator) add(first, last uint32) {
	low := numbersBelow(first)
	g.spans = append(g.spans, span{low, numbersBelow(last+1) - low})
}

// NewGenerator returns a generator of the 909,091 numbers from 999 000 0018
// to 999 999 9999 in ascending order, or as the options say. Ranges that
// overlap, and options that name no range, are refused.
func NewGenerator(opts ...GeneratorOption) (*Generator, error) {
	g := &Generator{}
	for _, o := range opts {
		if err := o(g); err != nil {
			return nil, err
		}
	}
	if len(g.spans) == 0 {
		g.add(999_000_000, 999_999_999)
	}
	for i, a := range g.spans {
		for _, b := range g.spans[:i] {
			if a.first < b.first+b.len && b.first < a.first+a.len {
				return nil, errors.New("nhsnumber: ranges of a generator overlap")
			}
		}
		g.len += a.len
	}
	return g, nil
}

// Len returns how many numbers there are.
func (g *Generator) Len() int { return int(g.len) }

// At returns the i-th number. It panics if i is not below [Generator.Len].
func (g *Generator) At(i int) Number {
	if i < 0 || i >= int(g.len) {
		panic(fmt.Sprintf("nhsnumber: index %d of a generator of %d numbers", i, g.len))
	}
	rank := uint32(i)
	if g.shuffled {
		rank = permute(rank, g.len, func(round int, half uint32) uint32 {
			return uint32(mix(g.seed + uint64(round)*scramble ^ uint64(half)*0xD6E8FEB86659FD93))
		})
	}
	for _, s := range g.spans {
		if rank < s.len {
			return numberAt(s.first + rank)
		}
		rank -= s.len
	}
	panic("nhsnumber: spans of a generator do not add up")
}

// All yields every number once, in the generator's order.
func (g *Generator) All() iter.Seq[Number] {
	return func(yield func(Number) bool) {
		for i := range int(g.len) {
			if !yield(g.At(i)) {
				return
			}
		}
	}
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// feistelRounds is enough for a permutation that passes for random, with
// rounds to spare (NIST SP 800-38G uses 8 in FF3 and 10 in FF1).
const feistelRounds = 10

// permute maps x, below n, to another number below n, each to its own: a
// Feistel network on the smallest even number of bits that holds n-1, walked
// on until the result is below n, which takes four steps at most on average.
func permute(x, n uint32, round func(round int, half uint32) uint32) uint32 {
	half := max(1, (bits.Len32(n-1)+1)/2)
	low := uint32(1)<<half - 1
	for {
		left, right := x>>half, x&low
		for r := range feistelRounds {
			left, right = right, left^round(r, right)&low
		}
		if x = left<<half | right; x < n {
			return x
		}
	}
}
