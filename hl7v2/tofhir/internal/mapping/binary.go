package mapping

import (
	"encoding/binary"
	"errors"
)

// magic names the format; its last byte is the version.
const magic = "v2fhir\x02"

// ErrFormat is the cause when a table is not one that this program reads.
var ErrFormat = errors.New("mapping: not a table of this version")

// coder walks a Program once, to write it or to read it: one description of
// the format for both directions. Numbers are varints.
type coder struct {
	out  []byte
	in   string
	read bool
	bad  bool
}

// Append appends the binary form of a program. The same program gives the
// same bytes.
func (p *Program) Append(b []byte) []byte {
	c := &coder{out: append(b, magic...)}
	c.program(p)
	return c.out
}

// Decode reads the binary form. Texts of the result share the memory of data.
func Decode(data string) (*Program, error) {
	if len(data) < len(magic) || data[:len(magic)] != magic {
		return nil, ErrFormat
	}
	c := &coder{in: data[len(magic):], read: true}
	p := &Program{}
	c.program(p)
	if c.bad || c.in != "" {
		return nil, ErrFormat
	}
	return p, nil
}

func (c *coder) uint(v uint64) uint64 {
	if !c.read {
		c.out = binary.AppendUvarint(c.out, v)
		return v
	}
	var n uint64
	for i := 0; i < len(c.in) && i < 10; i++ {
		b := c.in[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.in = c.in[i+1:]
			return n
		}
	}
	c.bad, c.in = true, ""
	return 0
}

func num[T ~uint8 | ~uint16 | ~uint32](c *coder, v *T) { *v = T(c.uint(uint64(*v))) }

// small codes a number that may be None.
func small[T ~int16 | ~int32](c *coder, v *T) { *v = T(c.uint(uint64(*v+1))) - 1 }

func flag(c *coder, v *bool) {
	n := uint8(0)
	if *v {
		n = 1
	}
	num(c, &n)
	*v = n != 0
}

// list codes the length of a slice and then its elements.
func list[T any](c *coder, s *[]T, item func(*T)) {
	n := c.uint(uint64(len(*s)))
	if c.read {
		if n > uint64(len(c.in)) {
			c.bad, c.in = true, ""
			return
		}
		*s = make([]T, n)
	}
	for i := range *s {
		item(&(*s)[i])
	}
}

func (c *coder) program(p *Program) {
	list(c, &p.Strings, func(s *string) {
		n := c.uint(uint64(len(*s)))
		if !c.read {
			c.out = append(c.out, *s...)
			return
		}
		if n > uint64(len(c.in)) {
			c.bad, c.in = true, ""
			return
		}
		*s, c.in = c.in[:n], c.in[n:]
	})
	list(c, &p.Maps, func(m *Map) {
		num(c, &m.Name)
		num(c, &m.Source)
		num(c, &m.Target)
		flag(c, &m.Segment)
		num(c, &m.Lo)
		num(c, &m.Hi)
	})
	list(c, &p.Rows, func(r *Row) {
		num(c, &r.Origin)
		num(c, &r.Ident)
		small(c, &r.Field)
		small(c, &r.Component)
		small(c, &r.Sub)
		num(c, &r.Flags)
		num(c, &r.Prim)
		small(c, &r.Cond)
		num(c, &r.Lo)
		num(c, &r.Hi)
		small(c, &r.Map)
		small(c, &r.Vocab)
		num(c, &r.Assign)
		num(c, &r.PLo)
		num(c, &r.PHi)
		flag(c, &r.WholeField)
	})
	list(c, &p.Steps, func(s *Step) {
		num(c, &s.Kind)
		flag(c, &s.Array)
		num(c, &s.Prim)
		num(c, &s.Num)
		num(c, &s.Max)
		num(c, &s.Order)
		num(c, &s.Name)
	})
	list(c, &p.Conds, func(n *Cond) {
		num(c, &n.Op)
		num(c, &n.Measure)
		small(c, &n.A)
		small(c, &n.B)
		small(c, &n.Ref)
		num(c, &n.Lo)
		num(c, &n.Hi)
	})
	list(c, &p.Refs, func(r *Ref) {
		flag(c, &r.Own)
		flag(c, &r.Segment)
		num(c, &r.Name)
		small(c, &r.Field)
		small(c, &r.Component)
		small(c, &r.Sub)
	})
	list(c, &p.Parts, func(t *Part) {
		num(c, &t.Literal)
		small(c, &t.Ref)
		num(c, &t.Func)
	})
	list(c, &p.Vocabs, func(v *Vocab) {
		num(c, &v.Name)
		num(c, &v.Table)
		num(c, &v.Lo)
		num(c, &v.Hi)
	})
	list(c, &p.Codes, func(v *Code) {
		num(c, &v.From)
		num(c, &v.To)
		num(c, &v.Display)
		num(c, &v.System)
		num(c, &v.Flags)
	})
	list(c, &p.Structures, func(s *Structure) {
		num(c, &s.Name)
		num(c, &s.Lo)
		num(c, &s.Hi)
	})
	list(c, &p.Positions, func(s *Position) {
		num(c, &s.Name)
		num(c, &s.Parent)
		num(c, &s.End)
		flag(c, &s.Repeats)
		flag(c, &s.Needed)
		num(c, &s.Lo)
		num(c, &s.Hi)
	})
	list(c, &p.Targets, func(t *Target) {
		num(c, &t.Origin)
		small(c, &t.Cond)
		num(c, &t.Type)
		num(c, &t.Num)
		num(c, &t.Flags)
		flag(c, &t.Anchor)
		flag(c, &t.Main)
		flag(c, &t.Part)
		num(c, &t.Scope)
		num(c, &t.Lo)
		num(c, &t.Hi)
		small(c, &t.Map)
		num(c, &t.LLo)
		num(c, &t.LHi)
	})
	list(c, &p.Links, func(l *Link) {
		num(c, &l.Type)
		num(c, &l.Num)
		num(c, &l.Lo)
		num(c, &l.Hi)
		num(c, &l.ToType)
		num(c, &l.ToNum)
		num(c, &l.Literal)
		num(c, &l.Prim)
	})
	list(c, &p.Events, func(e *Event) {
		num(c, &e.Name)
		num(c, &e.Structure)
	})
}
