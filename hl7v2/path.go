package hl7v2

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Path names elements of a message: PID-5.1, PID-3[2].4.1, OBX[2]-5, or PID
// for a whole segment. PID-3(2).4 and PID-5-1 are read as well. Numbers count
// from 1; a segment or repetition number that is left out is 0, and means the
// first to Get and Set and every one to Values.
//
// Groups in front, as in PATIENT_RESULT[1].ORDER_OBSERVATION[2].OBX-5, need
// the message structure: package hl7v2/schema resolves them.
type Path struct {
	Groups  []Group
	Segment string
	Occur   int // of the segment, in the message or in the innermost group
	Field   int // 0: the segment itself
	Rep     int
	Comp    int // 0: the whole repetition
	Sub     int // 0: the whole component
}

// Group is one step of a Path through a message structure.
type Group struct {
	Name  string
	Occur int // 0: every one
}

// ErrGroups is the cause of an error for a path with groups, which cannot be
// resolved without a message structure.
var ErrGroups = errors.New("a path with groups needs the message structure")

// pathError makes the issue of a path that cannot be used. The offset is in
// the path.
func pathError(at int, format string, args ...any) Issue {
	return Issue{Severity: Error, Code: CodePath, Offset: int64(at), Line: 1, Col: at + 1, Err: fmt.Errorf(format, args...)}
}

// ParsePath reads a path. The error is an Issue whose Offset counts in s.
func ParsePath(s string) (Path, error) {
	var p Path
	r := pathReader{s: s}
	for {
		name := r.name()
		occur, ok := r.occurrence()
		if !ok {
			return Path{}, pathError(r.at, "an occurrence is a number from 1 in brackets, such as [2]")
		}
		if r.next('.') {
			if name == "" {
				return Path{}, pathError(r.at, "a group needs a name")
			}
			p.Groups = append(p.Groups, Group{name, occur})
			continue
		}
		if len(name) < 2 || len(name) > 4 {
			return Path{}, pathError(r.at-len(name), "a path names a segment first, as in PID-5.1")
		}
		p.Segment, p.Occur = name, occur
		break
	}
	if r.done() {
		return p, nil
	}
	if !r.next('-') {
		return Path{}, pathError(r.at, "a field follows its segment with a hyphen, as in PID-5")
	}
	if p.Field = r.number(); p.Field == 0 {
		return Path{}, pathError(r.at, "a field is a number from 1")
	}
	var ok bool
	if p.Rep, ok = r.occurrence(); !ok {
		return Path{}, pathError(r.at, "a repetition is a number from 1 in brackets, such as [2]")
	}
	for _, to := range [...]*int{&p.Comp, &p.Sub} {
		if r.done() {
			return p, nil
		}
		if !r.next('.') && !r.next('-') {
			return Path{}, pathError(r.at, "a component follows with a point, as in PID-5.1")
		}
		if *to = r.number(); *to == 0 {
			return Path{}, pathError(r.at, "a component is a number from 1")
		}
	}
	if !r.done() {
		return Path{}, pathError(r.at, "a path ends with the subcomponent")
	}
	return p, nil
}

// MustPath is ParsePath for constants in a program; it panics on an error.
func MustPath(s string) Path {
	p, err := ParsePath(s)
	if err != nil {
		panic(fmt.Sprintf("hl7v2: path %q: %v", s, err))
	}
	return p
}

// pathReader reads the parts of a path.
type pathReader struct {
	s  string
	at int
}

func (r *pathReader) done() bool { return r.at == len(r.s) }

func (r *pathReader) next(c byte) bool {
	if r.at < len(r.s) && r.s[r.at] == c {
		r.at++
		return true
	}
	return false
}

// name reads letters, digits and underscores.
func (r *pathReader) name() string {
	start := r.at
	for r.at < len(r.s) {
		c := r.s[r.at]
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_') {
			break
		}
		r.at++
	}
	return r.s[start:r.at]
}

// number reads a number from 1, or returns 0.
func (r *pathReader) number() int {
	n, start := 0, r.at
	for r.at < len(r.s) && '0' <= r.s[r.at] && r.s[r.at] <= '9' {
		if n = n*10 + int(r.s[r.at]-'0'); n >= maxBytes {
			r.at = start
			return 0
		}
		r.at++
	}
	return n
}

// occurrence reads [n], (n) or [*], if one is there.
func (r *pathReader) occurrence() (n int, ok bool) {
	var closing byte
	switch {
	case r.next('['):
		closing = ']'
	case r.next('('):
		closing = ')'
	default:
		return 0, true
	}
	if r.next('*') {
		return 0, r.next(closing)
	}
	n = r.number()
	return n, n > 0 && r.next(closing)
}

// String returns the path in its canonical form, with square brackets.
func (p Path) String() string {
	var b strings.Builder
	occur := func(n int) {
		if n > 0 {
			fmt.Fprintf(&b, "[%d]", n)
		}
	}
	for _, g := range p.Groups {
		b.WriteString(g.Name)
		occur(g.Occur)
		b.WriteByte('.')
	}
	b.WriteString(p.Segment)
	occur(p.Occur)
	if p.Field > 0 {
		fmt.Fprintf(&b, "-%d", p.Field)
		occur(p.Rep)
		if p.Comp > 0 {
			fmt.Fprintf(&b, ".%d", p.Comp)
			if p.Sub > 0 {
				fmt.Fprintf(&b, ".%d", p.Sub)
			}
		}
	}
	return b.String()
}

// In returns the value that the path's field, repetition, component and
// subcomponent name in a segment, whatever the path's segment is; the first
// repetition if it names none. Without a field it is absent.
func (p Path) In(s Segment) Value {
	v := s.Field(p.Field)
	if p.Rep > 0 {
		v = v.Rep(p.Rep)
	}
	return p.within(v)
}

// AllIn yields what In returns, for every repetition if the path names none.
func (p Path) AllIn(s Segment) iter.Seq[Value] {
	return func(yield func(Value) bool) { p.allIn(s, yield) }
}

// allIn is AllIn, and reports whether yield wants more.
func (p Path) allIn(s Segment, yield func(Value) bool) bool {
	f := s.Field(p.Field)
	if p.Rep > 0 || !f.Exists() {
		return yield(p.In(s))
	}
	for _, r := range f.Reps() {
		if !yield(p.within(r)) {
			return false
		}
	}
	return true
}

// within goes down from a field or repetition.
func (p Path) within(v Value) Value {
	if p.Comp > 0 {
		v = v.Component(p.Comp)
	}
	if p.Sub > 0 {
		v = v.Sub(p.Sub)
	}
	return v
}

// Value returns the first element that a path names; it is absent if there is
// none, and for paths with groups or without a field.
func (m *Message) Value(p Path) Value {
	if len(p.Groups) > 0 {
		return Value{}
	}
	return p.In(m.Segment(p.Segment, max(1, p.Occur)))
}

// Get returns the first element that a path names, as in Get("PID-5.1").
// What the message does not hold is absent and no error: the error is for
// what is not a path, for a path with groups (ErrGroups) and for one without
// a field.
func (m *Message) Get(path string) (Value, error) {
	p, err := ParsePath(path)
	if err != nil {
		return Value{}, err
	}
	if err := p.wantField(); err != nil {
		return Value{}, err
	}
	return m.Value(p), nil
}

func (p Path) wantField() error {
	if len(p.Groups) > 0 {
		return Issue{Severity: Error, Code: CodePath, Offset: 0, Line: 1, Col: 1, Err: ErrGroups}
	}
	if p.Field == 0 {
		return pathError(len(p.Segment), "the path names a segment and no field")
	}
	return nil
}

// Values yields every element that a path names, in the order of the message:
// of all segments and repetitions that the path leaves open. A segment in
// which the element does not stand yields an absent value, so that the answers
// for two components of the same segments stay side by side.
func (m *Message) Values(p Path) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if len(p.Groups) > 0 || p.Field == 0 {
			return
		}
		n := 0
		for s := range m.Segments(p.Segment) {
			if n++; p.Occur > 0 && n != p.Occur {
				continue
			}
			if !p.allIn(s, yield) {
				return
			}
		}
	}
}
