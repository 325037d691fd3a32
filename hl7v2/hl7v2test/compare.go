package hl7v2test

import (
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/nhskit/nhskit/hl7v2"
)

// Messages compares messages (*hl7v2.Message) by meaning, segment by segment
// and value by value: delimiters, escapes of the same text, terminators and
// trailing delimiters make no difference. Give the paths to leave out, such
// as "MSH-7", "MSH-10" or "EVN"; a path without occurrences means all.
//
//	cmp.Diff(want, got, hl7v2test.Messages("MSH-7", "MSH-10"))
//
// What it shows of a difference holds the values.
func Messages(ignore ...string) cmp.Option {
	var paths []hl7v2.Path
	for _, p := range ignore {
		path, err := hl7v2.ParsePath(p)
		if err != nil {
			panic("hl7v2test: " + err.Error())
		}
		paths = append(paths, path)
	}
	return cmp.Transformer("hl7v2test.Messages", func(m *hl7v2.Message) []string { return flatten(m, paths, false) })
}

// Repetitions is Messages without regard to the order of repetitions within a
// field.
func Repetitions(ignore ...string) cmp.Option {
	var paths []hl7v2.Path
	for _, p := range ignore {
		paths = append(paths, hl7v2.MustPath(p))
	}
	return cmp.Transformer("hl7v2test.Repetitions", func(m *hl7v2.Message) []string { return flatten(m, paths, true) })
}

// flatten lists the values of a message as "PID[1]-3[1].1.1 = text".
func flatten(m *hl7v2.Message, ignore []hl7v2.Path, anyOrder bool) []string {
	if m == nil {
		return nil
	}
	var out []string
	for i := range m.Len() {
		s := m.SegmentAt(i)
		if ignored(ignore, s, hl7v2.Path{}) {
			continue
		}
		out = append(out, fmt.Sprintf("%d %s", i+1, s.ID()))
		for n, field := range s.Fields() {
			if s.Is("MSH") && n <= 2 {
				continue
			}
			var reps [][]string
			for r, rep := range field.Reps() {
				var values []string
				for c, comp := range rep.Components() {
					for b, sub := range comp.Subs() {
						at := hl7v2.Path{Field: n, Rep: r, Comp: c, Sub: b}
						if sub.State() == hl7v2.Absent || ignored(ignore, s, at) {
							continue
						}
						text := fmt.Sprintf("%q", sub.Text())
						if sub.State() == hl7v2.Null {
							text = "null"
						}
						values = append(values, fmt.Sprintf(".%d.%d = %s", c, b, text))
					}
				}
				reps = append(reps, values)
			}
			if anyOrder {
				slices.SortFunc(reps, slices.Compare)
			}
			for r, values := range reps {
				for _, v := range values {
					out = append(out, fmt.Sprintf("%d %s-%d[%d]%s", i+1, s.ID(), n, r+1, v))
				}
			}
		}
	}
	return out
}

// ignored reports whether a path covers a segment, or a place in it.
func ignored(paths []hl7v2.Path, s hl7v2.Segment, at hl7v2.Path) bool {
	return slices.ContainsFunc(paths, func(p hl7v2.Path) bool {
		covers := func(want, have int) bool { return want == 0 || want == have }
		return s.Is(p.Segment) && (p.Occur == 0 || p.Occur == s.Occurrence()) &&
			covers(p.Field, at.Field) && covers(p.Rep, at.Rep) && covers(p.Comp, at.Comp) && covers(p.Sub, at.Sub)
	})
}
