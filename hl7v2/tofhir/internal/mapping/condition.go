package mapping

import (
	"fmt"
	"strconv"
	"strings"
)

// Expr is a parsed condition.
type Expr struct {
	Op      CondOp
	Measure Measure
	A, B    *Expr
	Ref     Position3
	Values  []Operand
}

// Operand is the right side of a comparison: a literal or a reference.
type Operand struct {
	Literal string
	Ref     *Position3
}

// Position3 is a reference as written. Name is empty for the row's own
// element; the numbers are 0 where absent.
type Position3 struct {
	Name                  string
	Datatype              bool
	Field, Component, Sub int
}

// ParseCondition reads a condition as the mapping tables write them: the
// published grammar and the liberties that the tables take with it.
func ParseCondition(text string, isDatatype func(string) bool) (*Expr, error) {
	toks, err := condTokens(text)
	if err != nil {
		return nil, err
	}
	p := &condParser{toks: toks, isType: isDatatype}
	isError := false
	if n := len(p.toks); n > 0 && p.toks[n-1].word("ERROR") {
		isError = true
		p.toks = p.toks[:n-1]
	}
	e, err := p.or()
	if err != nil {
		return nil, fmt.Errorf("condition %q: %w", text, err)
	}
	if p.pos < len(p.toks) {
		return nil, fmt.Errorf("condition %q: unexpected %q", text, p.toks[p.pos].text)
	}
	if unfinished(e) {
		return nil, fmt.Errorf("condition %q: a reference without a predicate", text)
	}
	if isError {
		e = &Expr{Op: CondError, A: e}
	}
	return e, nil
}

type condToken struct {
	text   string
	quoted bool
}

func (t condToken) word(s string) bool { return !t.quoted && strings.EqualFold(t.text, s) }

func condTokens(s string) ([]condToken, error) {
	var out []condToken
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"' || c == '\'':
			j := strings.IndexByte(s[i+1:], c)
			if j < 0 {
				return nil, fmt.Errorf("condition %q: a quote is not closed", s)
			}
			out = append(out, condToken{s[i+1 : i+1+j], true})
			i += j + 2
		case strings.IndexByte("(),", c) >= 0:
			out = append(out, condToken{text: s[i : i+1]})
			i++
		case strings.IndexByte("=!<>", c) >= 0:
			j := i + 1
			for j < len(s) && s[j] == '=' {
				j++
			}
			out = append(out, condToken{text: s[i:j]})
			i = j
		default:
			j := i
			for j < len(s) && strings.IndexByte(" \t\r\n\"'(),=!<>", s[j]) < 0 {
				j++
			}
			out = append(out, condToken{text: s[i:j]})
			i = j
		}
	}
	return out, nil
}

type condParser struct {
	toks   []condToken
	pos    int
	isType func(string) bool
}

func (p *condParser) accept(words ...string) bool {
	if p.pos < len(p.toks) {
		for _, w := range words {
			if p.toks[p.pos].word(w) {
				p.pos++
				return true
			}
		}
	}
	return false
}

func (p *condParser) peek(words ...string) bool {
	if p.accept(words...) {
		p.pos--
		return true
	}
	return false
}

// pending marks a reference that waits for the predicate of a later operand.
const pending CondOp = 255

func unfinished(e *Expr) bool {
	return e != nil && (e.Op == pending || unfinished(e.A) || unfinished(e.B))
}

func (p *condParser) or() (*Expr, error) {
	e, err := p.and()
	for err == nil && p.accept("OR") {
		var r *Expr
		if r, err = p.and(); err == nil {
			lend(e, lastPredicate(r, true))
			e = &Expr{Op: CondOr, A: e, B: r}
		}
	}
	return e, err
}

func (p *condParser) and() (*Expr, error) {
	e, err := p.unary()
	for err == nil && p.pos < len(p.toks) && !p.peek("OR", ")") {
		p.accept("AND")
		var r *Expr
		if r, err = p.unary(); err == nil {
			lend(e, lastPredicate(r, false))
			e = &Expr{Op: CondAnd, A: e, B: r}
		}
	}
	return e, err
}

// lastPredicate returns the operand whose predicate bare references before it
// share: "PL.1 AND PL.2 NOT VALUED" says it of both.
func lastPredicate(e *Expr, first bool) *Expr {
	for e.Op == CondAnd || e.Op == CondOr {
		if first {
			e = e.A
		} else {
			e = e.B
		}
	}
	return e
}

func lend(e, from *Expr) {
	if e == nil || from.Op == pending {
		return
	}
	if e.Op == pending {
		ref := e.Ref
		*e = *from
		if e.Op == CondNot {
			inner := *from.A
			inner.Ref = ref
			e.A = &inner
		} else {
			e.Ref = ref
		}
		return
	}
	lend(e.A, from)
	lend(e.B, from)
}

func (p *condParser) unary() (*Expr, error) {
	p.accept("IF")
	if p.accept("(") {
		e, err := p.or()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return e, err
	}
	if p.peek("NOT") && p.pos+1 < len(p.toks) && p.toks[p.pos+1].word("(") {
		p.pos++
		e, err := p.unary()
		return &Expr{Op: CondNot, A: e}, err
	}
	if p.accept("TRUE") {
		return &Expr{Op: CondTrue}, nil
	}
	if p.accept("FALSE") {
		return &Expr{Op: CondFalse}, nil
	}
	var ref Position3
	named := false
	if p.pos < len(p.toks) && !p.toks[p.pos].quoted {
		if r, ok := ParseReference(p.toks[p.pos].text, p.isType); ok {
			ref, named = r, true
			p.pos++
		}
	}
	e, err := p.predicate(ref)
	if err != nil && named && (p.pos == len(p.toks) || p.peek("AND", "OR", ")")) {
		return &Expr{Op: pending, Ref: ref}, nil
	}
	return e, err
}

func (p *condParser) predicate(ref Position3) (*Expr, error) {
	e := &Expr{Ref: ref}
	is := p.accept("IS", "DOES")
	negate := p.accept("NOT")
	done := func() (*Expr, error) {
		if negate {
			return &Expr{Op: CondNot, A: e}, nil
		}
		return e, nil
	}
	switch {
	case p.accept("VALUED", "VALUE", "EXIST", "EXISTS"):
		e.Op = CondValued
		if p.accept("NOT") { // "VALUED NOT EQUAL PID-12"
			if !p.accept("EQUAL", "EQUALS") {
				return nil, fmt.Errorf("EQUAL expected")
			}
			v, err := p.value()
			other := &Expr{Op: CondEqual, Ref: ref, Values: []Operand{v}}
			return &Expr{Op: CondAnd, A: e, B: &Expr{Op: CondNot, A: other}}, err
		}
		return done()
	case p.accept("MATCHES", "VALID"):
		e.Op = CondMatches
		if p.toks[p.pos-1].word("VALID") {
			e.Op = CondValid
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		e.Values = []Operand{v}
		return done()
	case p.accept("EMPTY"):
		e.Op = CondValued
		negate = !negate
		return done()
	}
	switch {
	case p.accept("LST.COUNT", "COUNT"):
		e.Measure = MeasureCount
	case p.accept("LENGTH"):
		e.Measure = MeasureLength
	}
	is = p.accept("IS") || is
	if p.accept("NOT") {
		negate = !negate
	}
	if p.accept("IN") {
		e.Op = CondIn
		if !p.accept("(") {
			return nil, fmt.Errorf("( expected after IN")
		}
		for {
			v, err := p.value()
			if err != nil {
				return nil, err
			}
			e.Values = append(e.Values, v)
			if p.accept(")") {
				return done()
			}
			if !p.accept(",") {
				return nil, fmt.Errorf("a list is not closed")
			}
		}
	}
	switch {
	case p.accept("EQUALS", "EQUAL", "=", "=="):
		p.accept("TO")
		e.Op = CondEqual
	case p.accept("!="):
		e.Op, negate = CondEqual, !negate
	case p.accept("<="):
		e.Op = CondLessEqual
	case p.accept(">="):
		e.Op = CondGreaterEqual
	case p.accept("<"):
		e.Op = CondLess
	case p.accept(">"):
		e.Op = CondGreater
	case p.accept("LESS", "GREATER"):
		less := p.toks[p.pos-1].word("LESS")
		p.accept("THAN")
		e.Op = CondGreater
		if less {
			e.Op = CondLess
		}
		if p.accept("OR") {
			if !p.accept("EQUALS", "EQUAL") {
				return nil, fmt.Errorf("EQUALS expected after OR")
			}
			e.Op++
		}
	case (is || negate) && p.pos < len(p.toks) && p.toks[p.pos].quoted:
		e.Op = CondEqual // IS "X", NOT "X"
	default:
		return nil, fmt.Errorf("a predicate is expected")
	}
	v, err := p.value()
	e.Values = []Operand{v}
	if err != nil {
		return nil, err
	}
	return done()
}

func (p *condParser) value() (Operand, error) {
	if p.pos == len(p.toks) {
		return Operand{}, fmt.Errorf("a value is expected")
	}
	t := p.toks[p.pos]
	if !t.quoted {
		if r, ok := ParseReference(t.text, p.isType); ok {
			p.pos++
			return Operand{Ref: &r}, nil
		}
		if _, err := strconv.Atoi(t.text); err != nil {
			return Operand{}, fmt.Errorf("%q is not a value", t.text)
		}
	}
	p.pos++
	return Operand{Literal: t.text}, nil
}

// ParseReference reads PID-3.4.2, CX.4, PID or CX. What names a datatype is
// one, whether a dot or a hyphen follows.
func ParseReference(s string, isDatatype func(string) bool) (Position3, bool) {
	n := 0
	for n < len(s) && (s[n] >= 'A' && s[n] <= 'Z' || n > 0 && s[n] >= '0' && s[n] <= '9') {
		n++
	}
	if n < 2 || n > 3 || s == "NOT" || s == "AND" {
		return Position3{}, false
	}
	r := Position3{Name: s[:n], Datatype: isDatatype(s[:n])}
	if !r.Datatype && n != 3 {
		return r, false
	}
	rest := s[n:]
	if rest == "" {
		return r, true
	}
	if rest[0] != '.' && rest[0] != '-' {
		return r, false
	}
	var nums [3]int
	parts := strings.Split(rest[1:], ".")
	if len(parts) > 3 {
		return r, false
	}
	for i, part := range parts {
		v, err := strconv.Atoi(part)
		if err != nil || v < 1 || v > 999 {
			return r, false
		}
		nums[i] = v
	}
	if r.Datatype {
		r.Component, r.Sub = nums[0], nums[1]
	} else {
		r.Field, r.Component, r.Sub = nums[0], nums[1], nums[2]
	}
	return r, true
}
