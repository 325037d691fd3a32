package mapping

import (
	"fmt"
	"strconv"
	"strings"
)

// PathStep is one step of a target path as written: an element with an
// instance number, and what is cast to and filled behind it.
type PathStep struct {
	Name string
	Num  int
	Max  int // for line[1-3]
	Each bool
	Cast []PathStep // the first step is the type
}

// ParsePath reads a target path such as
//
//	performer[1](PractitionerRole.practitioner(Practitioner))
//
// The first step has no name when the path begins with an instance number.
// An inline value (status="finished") is returned apart.
func ParsePath(text string) (steps []PathStep, literal string, err error) {
	p := &pathParser{s: text}
	steps, err = p.steps()
	if err == nil && strings.HasPrefix(p.rest(), "=") {
		v := strings.TrimSpace(p.rest()[1:])
		if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
			return nil, "", fmt.Errorf("path %q: %q is not a literal", text, v)
		}
		return steps, v[1 : len(v)-1], nil
	}
	if err == nil && p.rest() != "" {
		err = fmt.Errorf("unexpected %q", p.rest())
	}
	if err != nil {
		return nil, "", fmt.Errorf("path %q: %w", text, err)
	}
	return steps, "", nil
}

type pathParser struct {
	s string
	i int
}

func (p *pathParser) rest() string { return strings.TrimSpace(p.s[p.i:]) }

func (p *pathParser) next(c byte) bool {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *pathParser) steps() ([]PathStep, error) {
	var out []PathStep
	for {
		st, err := p.step(len(out) == 0)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
		if !p.next('.') {
			return out, nil
		}
	}
}

func (p *pathParser) step(first bool) (PathStep, error) {
	var st PathStep
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
	start := p.i
	for p.i < len(p.s) && (isLetter(p.s[p.i]) || p.i > start && p.s[p.i] >= '0' && p.s[p.i] <= '9' || p.i == start && p.s[p.i] == '$') {
		p.i++
	}
	st.Name = p.s[start:p.i]
	if p.next('[') {
		end := strings.IndexByte(p.s[p.i:], ']')
		if end < 0 {
			return st, fmt.Errorf("[ is not closed")
		}
		num := strings.TrimSpace(p.s[p.i : p.i+end])
		p.i += end + 1
		lo, hi, isRange := strings.Cut(num, "-")
		switch {
		case num == "each":
			st.Each, st.Num = true, 1
		case num == "n" || num == "1..n":
			st.Num = 99
		default:
			n, err := strconv.Atoi(lo)
			if err != nil || n < 1 || n > 98 {
				return st, fmt.Errorf("%q is not an instance number", num)
			}
			st.Num = n
			if isRange {
				if st.Max, err = strconv.Atoi(hi); err != nil || st.Max < n {
					return st, fmt.Errorf("%q is not a range", num)
				}
			}
		}
	} else if st.Name == "" {
		return st, fmt.Errorf("an element is expected at %q", p.s[start:])
	}
	if st.Name == "" && !first {
		return st, fmt.Errorf("an element is expected at %q", p.s[start:])
	}
	if p.next('(') {
		cast, err := p.steps()
		if err != nil {
			return st, err
		}
		if !p.next(')') {
			return st, fmt.Errorf("( is not closed")
		}
		st.Cast = cast
	}
	return st, nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
