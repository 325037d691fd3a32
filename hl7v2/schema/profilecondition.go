package schema

import (
	"errors"
	"slices"

	"github.com/nhskit/nhskit/hl7v2"
)

var errForm = errors.New("the JSON form of profiles that is known is number 1")

// condition is a predicate that can be checked. Its path is looked for from
// the place of the element that it is a condition of: in the same segment if
// that has the path's name, and there in the same repetition if it is one of the
// same field; else in the group around the segment, and so outwards.
type condition struct {
	kind   byte // 'v' whether the path has a value, 'i' whether it has one of some values, 'n' not, '&' all of, '|' any of
	path   hl7v2.Path
	valued bool
	values []string
	of     []condition
	leaf   int // number among those with a path, from 0
}

// condition reads a condition. Of its members one must be there: valued, in,
// all, any or not.
func (b *profileBuilder) condition(n *profileNode, path string) condition {
	var c condition
	kinds := 0
	if valued, ok := n.get("valued"); ok {
		kinds++
		c.kind, c.valued = 'v', valued.value == "true"
	}
	if c.values = n.all("in"); len(c.values) > 0 {
		kinds++
		c.kind = 'i'
	}
	for name, kind := range [...]byte{'&', '|', 'n'} {
		key := [...]string{"all", "any", "not"}[name]
		some := false
		for _, child := range n.children {
			if role := child.attrs[len(child.attrs)-1]; role.name == "" && role.value == key {
				c.of, some = append(c.of, b.condition(child, path)), true
			}
		}
		if some {
			kinds++
			c.kind = kind
		}
	}
	if kinds != 1 {
		b.wrong(n.at, path, "a condition has one of valued, in, all, any and not, with something in it")
		return c
	}
	a, ok := n.get("path")
	if leaf := c.kind == 'v' || c.kind == 'i'; leaf != ok {
		b.wrong(n.at, path, "valued and in need a path, other conditions have none")
		return c
	}
	if !ok {
		return c
	}
	p, err := hl7v2.ParsePath(a.value)
	if err != nil || p.Field == 0 || p.Occur != 0 || len(p.Groups) > 0 {
		b.wrong(a.at, path, "the path of a condition names a field or what is in it, such as PV1-2.1, of the nearest segment")
	}
	c.path, c.leaf = p, b.p.leaves
	b.p.leaves++
	return c
}

// holds reports whether a condition holds for an element of a segment (or for
// a segment or group in inst, where s does not exist).
func (c *condition) holds(x *profileCheck, s hl7v2.Segment, inst int32) bool {
	switch c.kind {
	case 'n':
		return !c.of[0].holds(x, s, inst)
	case '&', '|':
		for i := range c.of {
			if c.of[i].holds(x, s, inst) == (c.kind == '|') {
				return c.kind == '|'
			}
		}
		return c.kind == '&'
	}
	found := false
	switch same := s.Is(c.path.Segment); {
	case same && c.path.Field == x.cursor.field && c.path.Rep == 0 && x.cursor.rep > 0:
		found = c.metIn(x)
	case same:
		found = x.met(c, s)
	default:
		found = x.met(c, x.nearest(c, inst))
	}
	return found != (c.kind == 'v' && !c.valued)
}

// metIn reports whether the path, which is in the field of the cursor, has what
// is wanted in the repetition there. It looks at the delimiters, for to find a
// repetition by its number takes the longer the higher that is.
func (c *condition) metIn(x *profileCheck) bool {
	r, marks := x.rep, x.repMarks
	for _, step := range [...]struct {
		kind hl7v2.MarkKind
		n    int
	}{{hl7v2.ComponentMark, c.path.Comp}, {hl7v2.SubcomponentMark, c.path.Sub}} {
		if step.n == 0 {
			continue
		}
		for n := 1; ; n++ {
			k := next(marks, step.kind)
			if n == step.n {
				if k < len(marks) {
					r.end, marks = marks[k].Offset(), marks[:k]
				}
				break
			}
			if k == len(marks) {
				return false
			}
			r.start, marks = marks[k].Offset()+1, marks[k+1:]
		}
	}
	if c.kind == 'v' {
		return x.cursor.state(r, len(marks)) == hl7v2.Present
	}
	r = leaf(r, marks)
	if x.cursor.state(r, 0) != hl7v2.Present {
		return false
	}
	text := x.cursor.textOf(r)
	return slices.ContainsFunc(c.values, func(want string) bool { return want == string(text) })
}

// metBy reports whether a segment, which may not exist, has what is wanted.
func (c *condition) metBy(s hl7v2.Segment) bool {
	if !s.Exists() {
		return false
	}
	if c.path.Rep > 0 || s.Field(c.path.Field).NumReps() <= 1 {
		return c.met(c.path.In(s))
	}
	for v := range c.path.AllIn(s) {
		if c.met(v) {
			return true
		}
	}
	return false
}

// met reports whether a value is there, or is one of those wanted.
func (c *condition) met(v hl7v2.Value) bool {
	if c.kind == 'v' {
		return v.State() == hl7v2.Present
	}
	for _, want := range c.values {
		if v.Equal(want) {
			return true
		}
	}
	return false
}
