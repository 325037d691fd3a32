package tofhir

import "slices"

// joinDosages makes one dosage instruction of those that tell of different
// things. Timing, dose and route stand in segments of their own; several
// instructions in FHIR are several to be followed. Those that tell of the same
// thing, such as two timings, are left as they are.
func (c *conversion) joinDosages() {
	for _, typ := range c.conv.dosed {
		for _, r := range c.ofType(typ) {
			c.joinDosage(c.resources[r].root)
		}
	}
}

func (c *conversion) joinDosage(root int32) {
	first, more := int32(-1), false
	told := c.names[:0]
	for n := c.nodes[root].child; n >= 0; n = c.nodes[n].next {
		if c.nodes[n].name != c.conv.strDosage {
			continue
		}
		if first >= 0 {
			more = true
		} else {
			first = n
		}
		before := len(told)
		for ch := c.nodes[n].child; ch >= 0; ch = c.nodes[ch].next {
			name := c.nodes[ch].name
			if !c.told(ch) || len(told) > before && told[len(told)-1] == name {
				continue // those of a list stand in a row
			}
			if slices.Contains(told[:before], name) {
				return
			}
			told = append(told, name)
		}
	}
	c.names = told
	if !more {
		return
	}
	for n := c.nodes[first].next; n >= 0; n = c.nodes[n].next {
		if c.nodes[n].name != c.conv.strDosage {
			continue
		}
		for ch := c.nodes[n].child; ch >= 0; {
			next := c.nodes[ch].next
			if c.told(ch) {
				c.move(ch, first)
			}
			ch = next
		}
		c.nodes[n].child, c.nodes[n].last = -1, -1
	}
}

// told reports whether there is a value in a node or below it.
func (c *conversion) told(n int32) bool {
	if c.nodes[n].has || c.nodes[n].res > 0 {
		return true
	}
	for ch := c.nodes[n].child; ch >= 0; ch = c.nodes[ch].next {
		if c.told(ch) {
			return true
		}
	}
	return false
}

// move puts a node among the children of another, at the place that its
// definition gives it.
func (c *conversion) move(n, to int32) {
	prev, at := int32(-1), c.nodes[to].child
	for at >= 0 && c.nodes[at].order <= c.nodes[n].order {
		prev, at = at, c.nodes[at].next
	}
	c.nodes[n].parent, c.nodes[n].next = to, at
	if prev < 0 {
		c.nodes[to].child = n
	} else {
		c.nodes[prev].next = n
	}
	if at < 0 {
		c.nodes[to].last = n
	}
}
