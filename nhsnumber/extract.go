package nhsnumber

import (
	"errors"
	"io"
	"iter"
	"math/bits"
	"unicode/utf8"
)

// Match is a number found in a text.
type Match struct {
	Number     Number
	Start, End int64 // byte offsets in the text, End exclusive
	Score      int   // 0 to 100, how likely this is a patient's number
}

// TextOption configures [Extract], [Find] and [Redact].
type TextOption func(*textOptions)

type textOptions struct {
	minScore int
	replace  func(Match) string
}

// MinScore leaves out matches below a score. A match without any context has
// 50: a random run of ten digits passes the check digit one time in eleven.
// The words NHS, CHI, H&C, PID and patient before it add 40, words like tel,
// fax and order take 30 off; the grouping 3 3 4 adds 10; a range that nobody
// issues and nobody tests with, and ten equal digits, take 20 off.
func MinScore(score int) TextOption {
	return func(o *textOptions) { o.minScore = score }
}

func textOptionsOf(opts []TextOption) textOptions {
	var o textOptions
	for _, f := range opts {
		f(&o)
	}
	return o
}

// The window that a match can see.
const (
	before    = 48       // bytes of context before a match
	after     = 32       // longest match (10 digits, 2 separators) and what follows it
	chunkSize = 64 << 10 // bytes per read
)

// Extract yields the valid numbers in a text with their byte offsets, reading
// it as a stream in constant memory. A number is ten ASCII digits, alone or
// grouped 3 3 4 by one space, no-break or thin space, tab, hyphen or dash
// each. It begins and ends at a boundary: no letter or digit beside it (save
// the words NHS, CHI and No before it), not part of a decimal, of a longer
// number with hyphens, or of a telephone number with a country code. So GTINs,
// SNOMED CT ids and national telephone numbers are not matches. An error of
// the reader ends the sequence.
func Extract(r io.Reader, opts ...TextOption) iter.Seq2[Match, error] {
	o := textOptionsOf(opts)
	return func(yield func(Match, error) bool) {
		err := scan(r, func(buf []byte, base int64, from, to int, m Match, found bool) error {
			if found && m.Score >= o.minScore && !yield(m, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(Match{}, err)
		}
	}
}

// Find yields the valid numbers in a text that lies in memory, as [Extract]
// does.
func Find(text string, opts ...TextOption) iter.Seq[Match] {
	o := textOptionsOf(opts)
	return func(yield func(Match) bool) {
		for at := 0; ; {
			m, _, ok := next(text, at, len(text))
			if !ok {
				return
			}
			if m.Score >= o.minScore && !yield(m) {
				return
			}
			at = int(m.End)
		}
	}
}

var errStop = errors.New("stopped by the caller")

// scan reads r in chunks and calls visit for each stretch buf[from:to] of
// text in order; with found, the stretch ends in the match m, which has
// offsets in the whole text. base is the offset of buf.
func scan(r io.Reader, visit func(buf []byte, base int64, from, to int, m Match, found bool) error) error {
	buf := make([]byte, 0, chunkSize+before+after)
	base, from := int64(0), 0 // text before from has been visited
	for {
		n, readErr := readChunk(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		stop := len(buf) // a match may begin before it
		if readErr != io.EOF {
			stop = max(from, len(buf)-after)
		}
		for from < stop {
			m, to, found := next(view(buf), from, stop)
			if found {
				to = int(m.End)
				m.Start += base
				m.End += base
			}
			if err := visit(buf, base, from, to, m, found); err != nil {
				return err
			}
			from = to
		}
		if readErr == io.EOF {
			return nil
		} else if readErr != nil {
			return readErr
		}
		if drop := max(0, from-before); drop > 0 {
			buf = buf[:copy(buf, buf[drop:])]
			base += int64(drop)
			from -= drop
		}
	}
}

// readChunk fills b as far as one or more reads do, and gives up on a reader
// that returns nothing a hundred times.
func readChunk(r io.Reader, b []byte) (int, error) {
	for range 100 {
		if n, err := r.Read(b); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// next returns the first match that begins in text[from:stop]. Without one it
// returns stop, up to which there is nothing to see.
func next(text string, from, stop int) (m Match, to int, ok bool) {
	for i := from; ; {
		i = nextDigit(text, i, stop)
		if i >= stop {
			return Match{}, stop, false
		}
		if i == 0 || text[i-1]-'0' > 9 {
			if m, ok := matchAt(text, i); ok {
				return m, int(m.End), true
			}
		}
		for i < stop && text[i]-'0' <= 9 {
			i++
		}
	}
}

// nextDigit returns the offset of the first ASCII digit in text[i:stop], or
// stop, looking at eight bytes at a time.
func nextDigit(text string, i, stop int) int {
	for ; i+32 <= stop; i += 32 {
		if digitBits(text[i:])|digitBits(text[i+8:])|digitBits(text[i+16:])|digitBits(text[i+24:]) != 0 {
			break
		}
	}
	for ; i+8 <= stop; i += 8 {
		if m := digitBits(text[i:]); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < stop && text[i]-'0' > 9; i++ {
	}
	return i
}

// digitBits returns a word whose lowest set bit is in the lane of the first
// digit of eight bytes, 0 if there is none: a byte that is below 10 after '0'
// has been taken from it borrows, and only lanes above it can be wrong.
func digitBits(s string) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	x := load(s) ^ '0'*ones
	return (x - 10*ones) &^ x & tops
}

// matchAt checks the digits that begin at i, of which the byte before is no
// digit.
func matchAt(text string, i int) (Match, bool) {
	n, end, grouped := shape(text, i)
	if n.IsZero() || !endsAt(text, end) {
		return Match{}, false
	}
	context, ok := contextOf(text, i)
	if !ok {
		return Match{}, false
	}
	score := 50 + context
	if grouped {
		score += 10
	}
	if r, _ := defaultRanges().Lookup(n); r.Use == "unallocated" || r.Use == "reserved" || n.Repdigit() {
		score -= 20
	}
	return Match{Number: n, Start: int64(i), End: int64(end), Score: min(max(score, 0), 100)}, true
}

// shape reads ten digits at i, together or 3 3 4, and their check digit.
func shape(text string, i int) (n Number, end int, grouped bool) {
	run := 1
	for run < 11 && i+run < len(text) && text[i+run]-'0' <= 9 {
		run++
	}
	if run == 10 {
		n, _ = fast(text[i : i+10])
		return n, i + 10, false
	}
	if run != 3 {
		return Number{}, 0, false
	}
	var digits [10]byte
	copy(digits[:], text[i:i+3])
	at, have := i+3, 3
	for _, group := range [...]int{3, 4} {
		if at >= len(text) {
			return Number{}, 0, false
		}
		size := separatorAt(text[at:])
		at += size
		if size == 0 || at+group > len(text) {
			return Number{}, 0, false
		}
		for range group {
			if text[at]-'0' > 9 {
				return Number{}, 0, false
			}
			digits[have] = text[at]
			have++
			at++
		}
	}
	n, _ = fast(view(digits[:]))
	return n, at, true
}

// endsAt reports whether a number may end before text[end].
func endsAt(text string, end int) bool {
	if end == len(text) {
		return true
	}
	r, size := utf8.DecodeRuneInString(text[end:])
	if isWordRune(r) {
		return false
	}
	if r == '.' || isDash(r) { // 9434765919.5, 943-476-5919-1
		return end+size == len(text) || text[end+size]-'0' > 9
	}
	return true
}

// isWordRune reports whether a letter or digit touches the number. Runes
// beyond ASCII count as letters unless they are spaces, dashes, quotes or
// other marks of the punctuation blocks.
func isWordRune(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r-'0' <= 9 && r >= '0' || r|0x20 >= 'a' && r|0x20 <= 'z'
	case r < 0xC0: // Latin-1 signs
		return r == 0xAA || r == 0xB5 || r == 0xBA
	case r >= 0x2000 && r <= 0x206F, r >= 0x3000 && r <= 0x303F, r == utf8.RuneError, r == 0xFEFF, r == 0x2212,
		r >= 0xFE50 && r <= 0xFE6F, r >= 0xFF01 && r <= 0xFF0F, r >= 0x2190 && r <= 0x2BFF:
		return false
	}
	return true
}
