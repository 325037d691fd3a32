package tofhir

import (
	"crypto/sha1"
	"encoding/hex"
	"hash/maphash"
)

// namespace of our version 5 UUIDs: that of DNS, made ours by the name.
const namespace = "\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8hl7v2.tofhir.nhskit\x00"

// mergeResources makes one of resources behind references that say the same:
// the first of them stands for all.
func (c *conversion) mergeResources() {
	clear(c.alike)
	if c.alike == nil {
		c.alike = make(map[uint64]int32)
	}
	for i := range c.resources {
		c.merge(int32(i))
	}
	for i := range c.resources {
		r := &c.resources[i]
		stands := &c.resources[r.same]
		stands.same = min(stands.same, int32(i)) // it may have been met first, behind a reference
		r.same = stands.same
	}
}

// merge looks for a resource that says the same as resource i: one with the
// same hash that is equal. What i refers to is merged before.
func (c *conversion) merge(i int32) {
	r := &c.resources[i]
	if r.merged || !r.cast || !r.content {
		return
	}
	r.merged = true
	hash := c.hash(r.root, uint64(r.typ))
	for {
		o, ok := c.alike[hash]
		if !ok {
			c.alike[hash] = i
			return
		}
		if c.resources[o].typ == r.typ && c.equal(c.resources[o].root, r.root) {
			r.same = o
			return
		}
		hash++
	}
}

// hash hashes a node with all below it and, for references, what they lead to.
func (c *conversion) hash(n int32, h uint64) uint64 {
	const prime = 1099511628211
	nd := &c.nodes[n]
	h = (h ^ uint64(nd.name)) * prime
	if nd.has {
		h = (h ^ maphash.Bytes(c.conv.seed, c.text[nd.val.lo:nd.val.hi])) * prime
	}
	if nd.res > 0 {
		c.merge(nd.res - 1)
		h = (h ^ uint64(c.resources[nd.res-1].same)<<32) * prime
	}
	for ch := nd.child; ch >= 0; ch = c.nodes[ch].next {
		h = c.hash(ch, h)
	}
	return (h ^ 1) * prime
}

// identify gives each resource its id: from its type and business
// identifiers, else from the message's own identity and its place in it.
func (c *conversion) identify() {
	if c.taken == nil {
		c.taken = make(map[[36]byte]bool)
	}
	clear(c.taken)
	for i := range c.resources {
		r := &c.resources[i]
		if !r.content || r.same != int32(i) {
			continue
		}
		lo := len(c.text)
		c.text = append(append(append(c.text, namespace...), c.conv.program.Text(r.typ)...), 0)
		base := len(c.text)
		for n := c.nodes[r.root].child; n >= 0; n = c.nodes[n].next {
			if c.nodes[n].name == c.conv.strIdentifier {
				c.appendIdentifier(n)
			}
		}
		if len(c.text) == base {
			c.appendMessageIdentity()
			c.text = append(c.text, byte(i>>8), byte(i))
		}
		for try := byte(0); ; try++ {
			r.id = c.newID(c.conv.program.Text(r.typ), c.text[lo:], base-lo, try)
			if !c.taken[r.id] {
				break
			}
			// The same identifiers on resources that differ: each keeps its own.
			if try == 0 {
				c.appendMessageIdentity()
			}
			c.text = append(c.text, byte(i>>8), byte(i), try)
		}
		r.hasID, c.taken[r.id] = true, true
		c.text = c.text[:lo]
	}
}

// appendIdentifier appends system and value of an identifier. One without a
// system is unique with its sender at most: number 1 of two hospitals is not one
// patient.
func (c *conversion) appendIdentifier(n int32) {
	value, system := int32(-1), int32(-1)
	for ch := c.nodes[n].child; ch >= 0; ch = c.nodes[ch].next {
		switch c.nodes[ch].name {
		case c.conv.strValue:
			value = ch
		case c.conv.strSystem:
			system = ch
		}
	}
	if value < 0 || !c.nodes[value].has {
		return
	}
	if system >= 0 && c.nodes[system].has {
		v := c.nodes[system].val
		c.text = append(c.text, c.text[v.lo:v.hi]...)
	} else {
		c.appendHeader(3, 4)
	}
	c.text = append(c.text, '|')
	v := c.nodes[value].val
	c.text = append(append(c.text, c.text[v.lo:v.hi]...), '\n')
}

// appendMessageIdentity appends sender, time and control id of the message.
func (c *conversion) appendMessageIdentity() { c.appendHeader(3, 4, 7, 10) }

// appendHeader appends fields of the MSH, each with a 0 behind it.
func (c *conversion) appendHeader(fields ...int16) {
	for _, f := range fields {
		cur := c.in.field(0, f)
		if cur.lo < cur.hi {
			c.text = append(c.text, c.in.data[c.in.leaves[cur.lo].start:c.in.leaves[cur.hi-1].end]...)
		}
		c.text = append(c.text, 0)
	}
}

// newID makes the id of a resource: by the caller's function, which is trusted
// to tell names apart for so many tries, or as a version 5 UUID. The first head
// bytes of data are the namespace and the type.
func (c *conversion) newID(typ string, data []byte, head int, try byte) [36]byte {
	const tries = 8
	if f := c.conv.newID; f != nil && try < tries {
		return uuid(f(typ, data[head:]), 8)
	}
	sum := sha1.Sum(data)
	return uuid([16]byte(sum[:]), 5)
}

// uuid writes a UUID of a version.
func uuid(sum [16]byte, version byte) (out [36]byte) {
	sum[6] = sum[6]&0x0f | version<<4
	sum[8] = sum[8]&0x3f | 0x80
	for i, at := range [...][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		hex.Encode(out[2*at[0]+i:], sum[at[0]:at[1]])
		if i < 4 {
			out[2*at[1]+i] = '-'
		}
	}
	return out
}

// spread marks resources as holding content that refer to such a resource.
func (c *conversion) spread() {
	for changed := true; changed; {
		changed = false
		for i := len(c.nodes) - 1; i >= 0; i-- {
			n := &c.nodes[i]
			if n.res > 0 && c.resources[n.res-1].content && !c.resources[n.owner].content {
				c.resources[n.owner].content = true
				changed = true
			}
		}
	}
}
