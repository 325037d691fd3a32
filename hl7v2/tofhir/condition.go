package tofhir

import (
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
	"github.com/nhskit/nhskit/nhsnumber"
)

// holds evaluates a condition for a row whose source is own.
func (c *conversion) holds(i int32, f *frame, own cursor) bool {
	p := c.conv.program
	n := &p.Conds[i]
	switch n.Op {
	case mapping.CondAnd:
		return c.holds(n.A, f, own) && c.holds(n.B, f, own)
	case mapping.CondOr:
		return c.holds(n.A, f, own) || c.holds(n.B, f, own)
	case mapping.CondNot:
		return !c.holds(n.A, f, own)
	case mapping.CondTrue:
		return true
	case mapping.CondFalse:
		return false
	case mapping.CondError:
		if c.holds(n.A, f, own) {
			c.issue(Error, CodeRefused, own, f.row, nil)
			return false
		}
		return true
	}
	ref := &p.Refs[n.Ref]
	cur := c.resolve(ref, f, own)
	switch n.Op {
	case mapping.CondValued:
		if ref.Segment && ref.Field == 0 {
			return cur.level != levelNone
		}
		return c.in.valued(cur)
	case mapping.CondMatches:
		return pictureMatches(p.Text(p.Parts[n.Lo].Literal), c.plain(cur))
	case mapping.CondValid:
		text := c.plain(cur)
		if p.Text(p.Parts[n.Lo].Literal) == "instant" {
			var buf [40]byte
			_, ok := appendTime(buf[:0], text, mapping.Instant, c.conv.location)
			return ok
		}
		_, err := nhsnumber.ParseBytes(text)
		if err != nil && len(text) > 0 {
			c.issue(Warning, CodeNHSNumber, cur, f.row, err)
		}
		return err == nil
	}
	switch n.Measure {
	case mapping.MeasureCount:
		return compare(n.Op, c.count(cur), c.number(n))
	case mapping.MeasureLength:
		return compare(n.Op, len(c.plain(cur)), c.number(n))
	}
	text := c.plain(cur)
	switch n.Op {
	case mapping.CondEqual, mapping.CondIn:
		for k := n.Lo; k < n.Hi; k++ {
			part := &p.Parts[k]
			if part.Ref != mapping.None {
				left := string(text) // plain may reuse its memory
				if left == string(c.plain(c.resolve(&p.Refs[part.Ref], f, own))) {
					return true
				}
			} else if string(text) == p.Text(part.Literal) {
				return true
			}
		}
		return false
	}
	have, err := strconv.Atoi(string(text))
	return err == nil && compare(n.Op, have, c.number(n))
}

func (c *conversion) number(n *mapping.Cond) int {
	v, _ := strconv.Atoi(c.conv.program.Text(c.conv.program.Parts[n.Lo].Literal))
	return v
}

func compare(op mapping.CondOp, a, b int) bool {
	switch op {
	case mapping.CondLess:
		return a < b
	case mapping.CondLessEqual:
		return a <= b
	case mapping.CondGreater:
		return a > b
	case mapping.CondGreaterEqual:
		return a >= b
	}
	return a == b
}

// count is the number of repetitions that hold something.
func (c *conversion) count(cur cursor) int {
	if cur.level == levelRep || cur.level == levelNone {
		if c.in.valued(cur) {
			return 1
		}
		return 0
	}
	if cur.level != levelField {
		return 1
	}
	r, n := c.in.fields[cur.index], 0
	for i := int32(0); i < r.hi-r.lo; i++ {
		if c.in.valued(c.in.rep(cur, i)) {
			n++
		}
	}
	return n
}

// resolve finds the element that a reference means where a row stands.
func (c *conversion) resolve(ref *mapping.Ref, f *frame, own cursor) cursor {
	if ref.Own {
		return own
	}
	if !ref.Segment {
		for g := f; g != nil; g = g.outer {
			if g.m.Source == ref.Name && !g.m.Segment {
				return c.below(g.source, ref)
			}
		}
		if f.m.Segment {
			return c.below(own, ref)
		}
		return c.below(f.source, ref)
	}
	seg := c.related(f.seg, ref.Name)
	if seg < 0 {
		return cursor{}
	}
	if ref.Field == 0 {
		return c.in.segCursor(seg)
	}
	field := c.in.field(seg, ref.Field)
	if field.level == levelNone {
		return field
	}
	if ref.Component == 0 {
		return field
	}
	cur := c.in.rep(field, 0)
	if seg == f.seg && ref.Field == f.field {
		cur = c.in.rep(field, f.rep)
	}
	return c.below(cur, ref)
}

func (c *conversion) below(cur cursor, ref *mapping.Ref) cursor {
	if ref.Component > 0 {
		cur = c.in.child(cur, ref.Component)
	}
	if ref.Sub > 0 {
		cur = c.in.child(cur, ref.Sub)
	}
	return cur
}

// plain returns the text of an element's first leaf, as it stands unless it
// has escape sequences. It is valid until the next call.
func (c *conversion) plain(cur cursor) []byte {
	i := c.in.first(cur)
	if i < 0 {
		return nil
	}
	l := &c.in.leaves[i]
	raw := c.in.data[l.start:l.end]
	if !c.hasEscape(raw) {
		return raw
	}
	c.scratch = c.in.delims.AppendUnescaped(c.scratch[:0], raw)
	return c.scratch
}

func (c *conversion) hasEscape(raw []byte) bool {
	e := c.in.delims.Escape
	if e == 0 {
		return false
	}
	for _, b := range raw {
		if b == e {
			return true
		}
	}
	return false
}

// pictureMatches compares a text with a picture: # is a digit, @ a capital
// letter, ? either, a * at the end anything; all else is itself.
func pictureMatches(picture string, text []byte) bool {
	for i := range len(picture) {
		ch := picture[i]
		if ch == '*' && i == len(picture)-1 {
			return true
		}
		if i >= len(text) {
			return false
		}
		t := text[i]
		digit, letter := t >= '0' && t <= '9', t >= 'A' && t <= 'Z'
		switch ch {
		case '#':
			if !digit {
				return false
			}
		case '@':
			if !letter {
				return false
			}
		case '?':
			if !digit && !letter {
				return false
			}
		default:
			if t != ch {
				return false
			}
		}
	}
	return len(text) == len(picture)
}

// join joins the parts of an assignment into the text buffer. A literal
// between two references is a separator: it is written only where there are
// values on both sides of it, be others empty between them (and a blank not
// twice). join reports whether any reference had a value, or whether there was
// none to have one.
func (c *conversion) join(row *mapping.Row, f *frame, own cursor) (s span, leaf int32, ok bool) {
	p := c.conv.program
	s.lo, leaf = int32(len(c.text)), -1
	refs, valued := 0, 0
	between := row.PLo // the first of the literals behind the last reference
	for k := row.PLo; k < row.PHi; k++ {
		part := &p.Parts[k]
		if part.Ref == mapping.None {
			if refs == 0 || !c.refersFrom(k, row.PHi) && valued > 0 {
				c.text = append(c.text, p.Text(part.Literal)...)
			}
			continue
		}
		refs++
		cur := c.resolve(&p.Refs[part.Ref], f, own)
		i := c.in.first(cur)
		if i < 0 {
			continue
		}
		for ; valued > 0 && between < k; between++ {
			if lit := p.Text(p.Parts[between].Literal); lit != " " || c.text[len(c.text)-1] != ' ' {
				c.text = append(c.text, lit...)
			}
		}
		valued++
		leaf, between = i, k+1
		from := len(c.text)
		c.appendLeaf(i)
		c.in.leaves[i].fate = fateMapped
		switch part.Func {
		case mapping.FuncNumber:
			c.text = append(c.text[:from], strings.TrimLeft(string(c.text[from:]), "<>= ")...)
		case mapping.FuncComparator:
			n := from
			for n < len(c.text) && strings.IndexByte("<>=", c.text[n]) >= 0 {
				n++
			}
			c.text = c.text[:n]
		case mapping.FuncDigits:
			n := from
			for _, b := range c.text[from:] {
				if b >= '0' && b <= '9' {
					c.text[n] = b
					n++
				}
			}
			c.text = c.text[:n]
		}
	}
	s.hi = int32(len(c.text))
	if refs > 0 && valued == 0 {
		c.text = c.text[:s.lo]
		return s, -1, false
	}
	return s, leaf, true
}

// refersFrom reports whether any part from k on is a reference.
func (c *conversion) refersFrom(k, end uint32) bool {
	for ; k < end; k++ {
		if c.conv.program.Parts[k].Ref != mapping.None {
			return true
		}
	}
	return false
}
