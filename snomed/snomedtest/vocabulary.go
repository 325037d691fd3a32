package snomedtest

import (
	"math"
	"strconv"
	"strings"
)

// The invented vocabulary: words are made of syllables, so that no term of
// SNOMED CT can come out but by chance.
const (
	onsets  = "b c d f g h j k l m n p r s t v w z br cl dr fr gl gr pl pr st tr th ch"
	nuclei  = "a e i o u ae ia"
	endings = "itis oma osis ia al ic ous ine ol um ate ide ar ion ese us"
)

// vocabularySize is the number of words that terms are drawn from.
const vocabularySize = 160000

type vocabulary struct{ onset, nucleus, ending []string }

func newVocabulary() *vocabulary {
	return &vocabulary{strings.Fields(onsets), strings.Fields(nuclei), strings.Fields(endings)}
}

// appendWord appends the nth word. Common words, with low numbers, are short.
func (v *vocabulary) appendWord(b []byte, n int) []byte {
	if n%97 == 11 {
		b = append(b, "é"...) // folds to e
	}
	ending := v.ending[n*7%len(v.ending)]
	rest := n
	for {
		b = append(b, v.onset[rest%len(v.onset)]...)
		rest /= len(v.onset)
		b = append(b, v.nucleus[rest%len(v.nucleus)]...)
		rest /= len(v.nucleus)
		if rest == 0 {
			break
		}
		rest--
	}
	if n > 200 {
		b = append(b, ending...)
	}
	return b
}

// draw picks a word by Zipf's law, or now and then any at all.
func draw(h uint64) int {
	u := float64(h>>11) / (1 << 53)
	if h%12 == 0 {
		return int(u * vocabularySize)
	}
	return int(math.Exp(u*math.Log(vocabularySize))) - 1
}

// ownWords are the words that a concept adds to the name of its parent.
func (m *model) ownWords(c int32, to []int) []int {
	for k := range 2 + m.hash(50, uint64(c))%3 {
		to = append(to, draw(m.hash(51, uint64(c), k)))
	}
	return to
}

// nameWords are the words of a concept's name: its own, then some of those
// above.
func (m *model) nameWords(c int32, to []int) []int {
	to = m.ownWords(c, to[:0])
	if int(c) >= m.active {
		// An inactive concept is named much like an active one.
		return m.ownWords(int32(m.hash(52, uint64(c))%uint64(m.active)), to)
	}
	for level := 0; level < 3 && m.tree[c] > 0; level++ {
		c = m.tree[c]
		at := len(to)
		if to = m.ownWords(c, to); len(to) > at+2 {
			to = to[:at+2]
		}
		if len(to) > 7 {
			break
		}
	}
	return to
}

// appendName appends variant k of a concept's name: 0 is the usual one, the
// others change the order or put other words in.
func (m *model) appendName(b []byte, v *vocabulary, c int32, k int, words []int) []byte {
	if int(c) < m.active {
		if name := m.knownName(c); name != "" {
			if k == 0 {
				return append(b, name...)
			}
			return append(append(b, name...), " variant "+strconv.Itoa(k)...)
		}
	}
	words = m.nameWords(c, words)
	h := m.hash(53, uint64(c), uint64(k))
	switch {
	case k == 0:
	case k%3 == 1 && len(words) > 2:
		words[0], words[1] = words[1], words[0]
		words[len(words)-1] = draw(h)
		words = append(words, draw(h*31+1))
	case k%3 == 2:
		words = append(words[1:], draw(h))
	default:
		words = append(words, draw(h))
	}
	start := len(b)
	for i, n := range words {
		if i > 0 {
			switch x := m.hash(54, uint64(c), uint64(i)); {
			case x%29 == 0:
				b = append(b, '-')
			case x%131 == 0:
				b = append(b, " – "...)
			case x%29 == 1 && words[i-1] < 300:
				b = append(b, "'s "...)
			case x%37 == 0:
				b = append(b, ", "...)
			case x%11 == 0:
				b = append(b, [...]string{" of ", " with ", " due to ", " in ", " and "}[x/11%5]...)
			default:
				b = append(b, ' ')
			}
		}
		b = v.appendWord(b, n)
	}
	if m.source[c] == fromDrug && h%3 == 0 {
		b = append(b, ' ')
		b = strconv.AppendUint(b, 1+h>>8%100*5, 10)
		b = append(b, [...]string{"mg", "microgram", "µg", "mg/5ml", "units/ml", "%"}[h>>20%6]...)
		b = append(b, [...]string{" tablets", " capsules", " oral solution", " cream", " injection vials"}[h>>24%5]...)
	}
	if b[start] >= 'a' && b[start] <= 'z' {
		b[start] -= 'a' - 'A'
	}
	return b
}

// knownName is the name of a concept of the metadata or an anchor, else "".
func (m *model) knownName(c int32) string {
	if cell := m.cell[c]; m.byAnchor[cell] == c {
		return anchors[cell].name
	}
	if anchors[m.cell[c]].id != modelComponent {
		return ""
	}
	return m.names[c]
}

// tagOf is the semantic tag of a concept.
func (m *model) tagOf(c int32) string {
	if int(c) >= m.active {
		return anchors[1+m.hash(55, uint64(c))%10].tag
	}
	if tag := anchors[m.cell[c]].tag; tag != "" {
		return tag
	}
	return "invented concept"
}
