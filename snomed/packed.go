package snomed

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// How a ref is coded.
const (
	kindBytes  = iota // base bytes at off
	kindFixed         // n values, each base plus width bits
	kindFramed        // n values in frames of 128, each frame with its own base and width
	kindWords         // n 32-bit words
	kindLongs         // n 64-bit words
)

// frame is the number of values that share a base and a width in kindFramed.
// A frame is described by twelve bytes: the base, and the place of its bits in
// units of eight bytes, shifted left by six, with the width in the low bits.
const (
	frame     = 128
	frameSize = 12
)

// packedBits is how many bits a value of kindFramed has at most.
const packedBits = 63

// slack is how many bytes behind packed bits a reader may load.
const slack = 16

// packFixed writes n values with one width for all.
func (w *fileWriter) packFixed(n int, value func(int) uint64) ref {
	lo, hi := ^uint64(0), uint64(0)
	for i := range n {
		v := value(i)
		lo, hi = min(lo, v), max(hi, v)
	}
	if n == 0 {
		lo = 0
	}
	r := ref{kind: kindFixed, width: uint8(bits.Len64(max(hi, lo) - lo)), n: uint32(n), base: lo, off: w.off}
	if r.width > 0 {
		p := bitWriter{w: w}
		for i := range n {
			p.put(value(i)-lo, int(r.width))
		}
		p.end()
		w.write(make([]byte, slack))
	}
	return r
}

// packFramed writes n values with a base and a width for every 128 of them,
// which suits ascending values and those with rare outliers.
func (w *fileWriter) packFramed(n int, value func(int) uint64) ref {
	r := ref{kind: kindFramed, n: uint32(n), off: w.off}
	frames := (n + frame - 1) / frame
	head := make([]byte, frames*frameSize)
	at := uint64(0) // of the bits, in units of eight bytes
	for f := range frames {
		lo, hi := ^uint64(0), uint64(0)
		for i := f * frame; i < min(n, (f+1)*frame); i++ {
			v := value(i)
			lo, hi = min(lo, v), max(hi, v)
		}
		width := bits.Len64(hi - lo)
		if width > 56 {
			width = packedBits
		}
		binary.LittleEndian.PutUint64(head[f*frameSize:], lo)
		binary.LittleEndian.PutUint32(head[f*frameSize+8:], uint32(at<<6|uint64(width)))
		at += uint64(frame * width / 64)
	}
	w.write(head)
	w.write(make([]byte, (8-len(head)%8)%8))
	for f := range frames {
		lo := binary.LittleEndian.Uint64(head[f*frameSize:])
		width := int(binary.LittleEndian.Uint32(head[f*frameSize+8:]) & 63)
		p := bitWriter{w: w}
		for i := f * frame; i < (f+1)*frame && width > 0; i++ {
			v := uint64(0)
			if i < n {
				v = value(i) - lo
			}
			p.put(v, width)
		}
		p.end()
	}
	w.write(make([]byte, slack))
	return r
}

// words writes 32-bit words.
func (w *fileWriter) words(v []uint32) ref {
	r := ref{kind: kindWords, n: uint32(len(v)), off: w.off}
	var b [4096]byte
	for len(v) > 0 {
		n := min(len(v), len(b)/4)
		for i, x := range v[:n] {
			binary.LittleEndian.PutUint32(b[4*i:], x)
		}
		w.write(b[:4*n])
		v = v[n:]
	}
	return r
}

// longs writes 64-bit words.
func (w *fileWriter) longs(n int, value func(int) uint64) ref {
	r := ref{kind: kindLongs, n: uint32(n), off: w.off}
	var b [8]byte
	for i := range n {
		binary.LittleEndian.PutUint64(b[:], value(i))
		w.write(b[:])
	}
	return r
}

// bitWriter packs values of up to 63 bits.
type bitWriter struct {
	w    *fileWriter
	acc  uint64
	fill int
	buf  [512]byte
	n    int
}

func (p *bitWriter) put(v uint64, width int) {
	p.acc |= v << p.fill
	p.fill += width
	if p.fill < 64 {
		return
	}
	p.word(p.acc)
	p.fill -= 64
	p.acc = 0
	if p.fill > 0 {
		p.acc = v >> (width - p.fill)
	}
}

func (p *bitWriter) word(v uint64) {
	binary.LittleEndian.PutUint64(p.buf[p.n:], v)
	if p.n += 8; p.n == len(p.buf) {
		p.w.write(p.buf[:])
		p.n = 0
	}
}

// end pads to a multiple of eight bytes.
func (p *bitWriter) end() {
	if p.fill > 0 {
		p.word(p.acc)
	}
	p.w.write(p.buf[:p.n])
	p.acc, p.fill, p.n = 0, 0, 0
}

// column reads the values of a ref.
type column struct {
	im *image
	ref
}

func (c column) len() int { return int(c.n) }

// get returns value i. It panics with a fault where the data are damaged or i
// is out of range.
func (c column) get(i int) uint64 {
	if uint(i) >= uint(c.n) {
		panic(&fault{ErrCorrupt})
	}
	switch c.kind {
	case kindFixed:
		if c.width == 0 {
			return c.base
		}
		return c.base + c.bits(c.off, uint64(i)*uint64(c.width), uint64(c.width))
	case kindFramed:
		h := c.im.at(c.off+uint64(i/frame*frameSize), frameSize)
		at := binary.LittleEndian.Uint32(h[8:])
		base := binary.LittleEndian.Uint64(h)
		width := uint64(at & 63)
		if width == 0 {
			return base
		}
		head := (uint64(c.n) + frame - 1) / frame * frameSize
		return base + c.bits(c.off+(head+7)&^7+uint64(at>>6)*8, uint64(i%frame)*width, width)
	case kindWords:
		return uint64(binary.LittleEndian.Uint32(c.im.at(c.off+4*uint64(i), 4)))
	case kindLongs:
		return binary.LittleEndian.Uint64(c.im.at(c.off+8*uint64(i), 8))
	}
	panic(&fault{ErrCorrupt})
}

// all yields the values in order.
func (c column) all() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for i := range c.len() {
			if !yield(c.get(i)) {
				return
			}
		}
	}
}

// bits loads width bits at a bit offset behind off.
func (c column) bits(off, bit, width uint64) uint64 {
	off += bit >> 3
	shift := bit & 7
	if off+9 > c.im.end {
		panic(&fault{ErrCorrupt})
	}
	im := c.im
	if k := (off - pageSize) >> blockShift; k != (off+8-pageSize)>>blockShift || im.ok[k>>5].Load()&(1<<(k&31)) == 0 {
		im.need(off, 9)
	}
	b := im.data[off : off+9 : off+9]
	v := binary.LittleEndian.Uint64(b) >> shift
	if shift+width > 64 {
		v |= uint64(b[8]) << (64 - shift)
	}
	return v & (1<<width - 1)
}

// word returns a 32-bit word, for the hot paths.
func (c *column) word(i uint32) uint32 {
	return binary.LittleEndian.Uint32(c.im.at(c.off+4*uint64(i), 4))
}

// search returns the first index in [from, to) whose value is at least v, of
// ascending values.
func (c column) search(from, to int, v uint64) int {
	for from < to {
		mid := int(uint(from+to) / 2)
		if c.get(mid) < v {
			from = mid + 1
		} else {
			to = mid
		}
	}
	return from
}
