package main

import (
	"errors"
	"flag"
	"fmt"
	"iter"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

// hl7Commands read, query and edit HL7 v2 messages.
func hl7Commands() []command {
	plain := func(run func(c *console, args []string) error) func(*flag.FlagSet) runner {
		return func(*flag.FlagSet) runner { return run }
	}
	return []command{
		{
			name:    "hl7 parse",
			args:    "FILE…",
			summary: "Print the segments and values of HL7 v2 messages",
			example: "nhskit hl7 parse admission.hl7\nnhskit hl7 parse -text admission.hl7",
			setup: plain(func(c *console, args []string) error {
				return c.eachInput(args, c.parseHL7)
			}),
		},
		{
			name:    "hl7 get",
			args:    "PATH FILE…",
			summary: "Print the values at a path, such as PID-3[1].1, OBX[2]-5 or ORDER_OBSERVATION[2].OBX-5",
			example: "nhskit hl7 get PID-5.1 admission.hl7",
			setup: plain(func(c *console, args []string) error {
				if len(args) == 0 {
					return usagef("hl7 get needs a path, as in: nhskit hl7 get PID-5.1 FILE")
				}
				path, err := hl7Path(args[0])
				if err != nil {
					return err
				}
				return c.eachInput(args[1:], func(name string, data []byte) error { return c.getHL7(path, args[0], name, data) })
			}),
		},
		{
			name:    "hl7 set",
			args:    "PATH=VALUE FILE",
			summary: "Write one message with one value changed and every other byte as it was",
			example: "nhskit hl7 set 'PID-5.1=O'\\''NEILL' admission.hl7 > corrected.hl7",
			setup: plain(func(c *console, args []string) error {
				if len(args) == 0 || !strings.Contains(args[0], "=") {
					return usagef("hl7 set needs PATH=VALUE, as in: nhskit hl7 set PID-5.1=SMITH FILE")
				}
				if len(args) > 2 {
					return usagef("hl7 set changes one file at a time")
				}
				path, value, _ := strings.Cut(args[0], "=")
				if _, err := hl7Path(path); err != nil {
					return err
				}
				return c.eachInput(args[1:], func(name string, data []byte) error { return c.setHL7(path, value, name, data) })
			}),
		},
		{
			name:    "hl7 cat",
			args:    "FILE…",
			summary: "Read messages and write their bytes, the same as they came",
			example: "nhskit hl7 cat admission.hl7 | cmp - admission.hl7",
			setup: plain(func(c *console, args []string) error {
				return c.eachInput(args, c.catHL7)
			}),
		},
	}
}

// hl7Path reads a path with a field; what is wrong with it is a usage error.
func hl7Path(text string) (hl7v2.Path, error) {
	p, err := hl7v2.ParsePath(text)
	if i, ok := errors.AsType[hl7v2.Issue](err); ok {
		return p, usagef("%q is not a path: at character %d: %v", text, i.Offset+1, i.Err)
	}
	if p.Field == 0 {
		return p, usagef("%q names no field: a path ends like PID-5 or PID-5.1", text)
	}
	return p, nil
}

// parseHL7 prints the messages of a file as they are read, and then what is
// wrong with them.
func (c *console) parseHL7(name string, data []byte) error {
	issues := []issue{}
	var places hl7Places
	s := jsonStream{out: c.out}
	if !c.text {
		s.raw(`{"file":`)
		s.string(name)
		s.raw(`,"messages":[`)
	}
	n := 0
	err := eachHL7(data, func(m *hl7v2.Message, base int) error {
		for _, i := range m.Check(false) {
			issues = append(issues, places.issue(i, data, base))
		}
		if c.text {
			c.printHL7(name, m)
			return nil
		}
		if n++; n > 1 {
			s.raw(",")
		}
		s.hl7Message(m)
		return s.err
	}, func(i issue) { issues = append(issues, i) })
	switch {
	case err != nil:
	case c.text:
		for _, i := range issues {
			c.printIssue(name, data, i)
		}
	default:
		s.raw(`],"issues":`)
		s.value(issues)
		s.raw("}")
		err = s.end()
	}
	if err == nil && hasErrors(issues) {
		err = errFindings
	}
	return err
}

// eachHL7 calls message for every message of a file, with where it begins, and
// problem for what cannot be read; a file without any message is a problem.
func eachHL7(data []byte, message func(m *hl7v2.Message, base int) error, problem func(issue)) error {
	n := 0
	for m, err := range hl7v2.Messages(data) {
		n++
		if err != nil {
			problem(hl7Issue(err, data, 0))
			continue
		}
		if err := message(m, startIn(data, m.Bytes())); err != nil {
			return err
		}
	}
	if n == 0 {
		_, err := hl7v2.Parse(data)
		problem(hl7Issue(err, data, 0))
	}
	return nil
}

// hl7Type is MSH-9 with its components, as ADT^A01^ADT_A01.
func hl7Type(m *hl7v2.Message) string {
	var parts []string
	for _, c := range m.SegmentAt(0).Field(9).Components() {
		parts = append(parts, c.Text())
	}
	return strings.TrimRight(strings.Join(parts, "^"), "^")
}

// printHL7 prints a message for people: a line for each value.
func (c *console) printHL7(name string, m *hl7v2.Message) {
	fmt.Fprintf(c.out, "%s: %s, version %s, %d segments\n", name, hl7Type(m), m.SegmentAt(0).Field(12).Text(), m.Len())
	var places hl7v2.Locator
	for s := range m.Segments("") {
		for _, f := range s.Fields() {
			for _, rep := range f.Reps() {
				for _, comp := range rep.Components() {
					for _, leaf := range comp.Subs() {
						switch leaf.State() {
						case hl7v2.Present:
							fmt.Fprintf(c.out, "  %-16s %s\n", places.Path(leaf), shownHL7(leaf.Text()))
						case hl7v2.Null:
							fmt.Fprintf(c.out, "  %-16s (null)\n", places.Path(leaf))
						}
					}
				}
			}
		}
	}
}

// shownHL7 makes a value fit a line of a terminal.
func shownHL7(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r':
			return '⏎'
		case r < ' ' || r == 0x7f:
			return '·'
		}
		return r
	}, text)
	const width = 60
	if runes := []rune(text); len(runes) > width {
		return fmt.Sprintf("%s… (%d bytes)", string(runes[:width-16]), len(text))
	}
	return text
}

// getHL7 prints the values at a path in every message of a file, as they are
// found: {"state","value","offset"}, with the offset -1 for what does not stand
// in the file.
func (c *console) getHL7(path hl7v2.Path, text, name string, data []byte) error {
	s := jsonStream{out: c.out}
	if !c.text {
		s.raw(`{"file":`)
		s.string(name)
		s.raw(`,"path":`)
		s.string(text)
		s.raw(`,"values":[`)
	}
	n, bad := 0, false
	err := eachHL7(data, func(m *hl7v2.Message, base int) error {
		for v := range hl7Values(m, path) {
			if n++; c.text {
				if err := c.printHL7Value(v); err != nil {
					return err
				}
				continue
			}
			if n > 1 {
				s.raw(",")
			}
			s.hl7Got(v.Leaf(), base)
			if s.err != nil {
				return s.err
			}
		}
		return nil
	}, func(i issue) { bad = true; c.complainHL7(name, i) })
	if err == nil && !c.text {
		s.raw("]}")
		err = s.end()
	}
	if err == nil && bad {
		err = errFindings
	}
	return err
}

// printHL7Value prints a value for people, on a line.
func (c *console) printHL7Value(v hl7v2.Value) error {
	text := "(" + v.Leaf().State().String() + ")"
	if v.Leaf().State() == hl7v2.Present {
		text = v.Text()
	}
	_, err := fmt.Fprintln(c.out, shownHL7(text))
	return err
}

// complainHL7 tells on standard error what a command cannot work with.
func (c *console) complainHL7(name string, i issue) {
	place := name
	if i.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", name, i.Line, i.Col)
	}
	fmt.Fprintf(c.err, "nhskit: %s: %s: %s\n", place, i.Code, i.Text)
}

// hl7Values yields what a path names in a message; groups and segments without
// a number mean every one. A segment that is not directly in the last group is
// looked for in the groups below it.
func hl7Values(m *hl7v2.Message, p hl7v2.Path) iter.Seq[hl7v2.Value] {
	if len(p.Groups) == 0 {
		return m.Values(p)
	}
	return func(yield func(hl7v2.Value) bool) {
		version, _ := schema.VersionOf(m)
		grouping, _ := version.Group(m, schema.Keep)
		groups := []schema.Group{grouping.Root()}
		for _, step := range p.Groups {
			var next []schema.Group
			for _, g := range groups {
				next = append(next, groupsNamed(g, step)...)
			}
			groups = next
		}
		for _, g := range groups {
			n := 0
			for _, s := range segmentsNamed(g, p.Segment) {
				if n++; p.Occur > 0 && n != p.Occur {
					continue
				}
				for v := range p.AllIn(s) {
					if !yield(v) {
						return
					}
				}
			}
		}
	}
}

// groupsNamed returns the repetitions of a group in g that a step of a path
// names, or in the groups below if g has none.
func groupsNamed(g schema.Group, step hl7v2.Group) []schema.Group {
	var found []schema.Group
	n := 0
	for child := range g.Groups(step.Name) {
		if n++; step.Occur == 0 || n == step.Occur {
			found = append(found, child)
		}
	}
	if n == 0 {
		for child := range g.Groups("") {
			found = append(found, groupsNamed(child, step)...)
		}
	}
	return found
}

func segmentsNamed(g schema.Group, id string) []hl7v2.Segment {
	var found []hl7v2.Segment
	for s := range g.Segments(id) {
		found = append(found, s)
	}
	if found == nil {
		for child := range g.Groups("") {
			found = append(found, segmentsNamed(child, id)...)
		}
	}
	return found
}

// setHL7 prints the message of a file with one value changed.
func (c *console) setHL7(path, value, name string, data []byte) error {
	m, err := hl7v2.Parse(data)
	if err == nil {
		err = m.Set(path, value)
	}
	if err != nil {
		c.complainHL7(name, hl7Issue(err, data, 0))
		return errFindings
	}
	_, err = c.out.Write(m.AppendTo(nil))
	return err
}

// catHL7 prints a file as its messages have it, with what stands between them.
func (c *console) catHL7(name string, data []byte) error {
	if m, err := hl7v2.Parse(data); err == nil {
		_, err := c.out.Write(m.AppendTo(nil))
		return err
	}
	at, bad := 0, false
	err := eachHL7(data, func(m *hl7v2.Message, base int) error {
		if base < at {
			return fmt.Errorf("%s: several messages in UTF-16 or UTF-32 cannot be put back together", name)
		}
		c.out.Write(data[at:base])
		_, err := c.out.Write(m.AppendTo(nil))
		at = base + len(m.Bytes())
		return err
	}, func(i issue) { bad = true; c.complainHL7(name, i) })
	if err != nil {
		return err
	}
	if _, err := c.out.Write(data[at:]); err != nil {
		return err
	}
	if bad {
		return errFindings
	}
	return nil
}
