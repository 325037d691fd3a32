package hl7v2

// Composite is a data type with components: *CX, *XPN and the others of this
// package. Value.Read reads one and Message.Write writes one.
type Composite interface {
	// components names the parts in their order, for reading and for writing.
	components(c *codec)
}

// Read reads the value, or the first repetition of a field, as a composite. A
// plain value is its first component. What the type does not know is left
// alone; nothing that was sent is an error. Of a component, the parts are its
// subcomponents.
func (v Value) Read(to Composite) {
	if v.level == levelField {
		v = v.Rep(1)
	}
	to.components(&codec{from: v})
}

// codec reads or writes the parts of one composite.
type codec struct {
	from Value // reading: a repetition or component
	n    int   // parts so far

	m       *Message // writing, if not nil
	out     []byte
	pending int // delimiters that were put off, for nothing follows them yet
	level   int // writing: 0 for components, 1 for subcomponents
	err     error
}

func (c *codec) child() Value {
	c.n++
	if c.from.level >= levelComponent {
		return c.from.Sub(c.n)
	}
	return c.from.Component(c.n)
}

// text is a primitive part.
func (c *codec) text(parts ...*Text) {
	for _, t := range parts {
		if c.m == nil {
			v := c.child().Leaf()
			*t = Text{text: v.Text(), null: v.State() == Null}
			continue
		}
		c.separate()
		raw := []byte(nil)
		switch {
		case t.null:
			raw = []byte(`""`)
		case t.text != "":
			var err error
			if raw, err = c.m.encodeText(t.text); err != nil && c.err == nil {
				c.err = err
			}
		}
		c.put(raw)
	}
}

// composite is a part that has parts of its own.
func (c *codec) composite(parts ...Composite) {
	for _, p := range parts {
		if c.m == nil {
			v := c.child()
			p.components(&codec{from: v})
			continue
		}
		c.separate()
		inner := codec{m: c.m, level: c.level + 1}
		p.components(&inner)
		if inner.err != nil && c.err == nil {
			c.err = inner.err
		}
		c.put(inner.out)
	}
}

// separate puts off the delimiter before the next part.
func (c *codec) separate() {
	if c.n++; c.n > 1 {
		c.pending++
	}
}

// put writes a part, and the delimiters before it if it holds anything.
func (c *codec) put(raw []byte) {
	if len(raw) == 0 {
		return
	}
	d := c.m.delims.Component
	switch {
	case c.level == 1:
		d = c.m.delims.Subcomponent
	case c.level > 1:
		d = 0
	}
	for ; c.pending > 0; c.pending-- {
		if d == 0 {
			if c.err == nil {
				c.err = errTooDeep
			}
			return
		}
		c.out = append(c.out, d)
	}
	c.out = append(c.out, raw...)
}

// Write writes a composite over the whole element that a path names: a field
// with its repetitions, a repetition as in PID-3[2], or a component, whose
// parts are then subcomponents. Parts at the end that are absent are left out.
// A part that would need another level of delimiters, or text that the
// character set cannot hold, is an error, and nothing is changed.
func (m *Message) Write(path string, from Composite) error {
	p, err := m.editPath(path)
	if err != nil {
		return err
	}
	c := codec{m: m}
	if p.Comp > 0 {
		c.level = 1
	}
	if p.Sub > 0 {
		c.level = 2
	}
	if from.components(&c); c.err != nil {
		return Issue{Severity: Error, Code: CodeDataType, Path: path, Offset: -1, Err: c.err}
	}
	return m.replace(p, false, c.out)
}
