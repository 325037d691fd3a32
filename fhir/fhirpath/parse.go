package fhirpath

import (
	"strconv"
	"strings"
)

// parser turns tokens into a syntax tree by operator precedence.
type parser struct {
	lexer
	limits Limits
	depth  int
	nodes  int
	minus  int    // where a number behind a minus starts
	free   []expr // a block of nodes to take from
}

// parseSource parses a whole expression.
func parseSource(src string, limits Limits) (*expr, *Issue) {
	p := parser{lexer: lexer{src: src}, limits: limits, minus: -1}
	if len(src) > limits.Length {
		p.fail(CodeLimit, limits.Length, "an expression longer than "+strconv.Itoa(limits.Length)+" bytes")
		return nil, p.issue
	}
	p.next()
	e := p.expression(0)
	if p.issue == nil && p.kind != tEnd {
		p.unexpected("an operator or the end of the expression")
	}
	if p.issue != nil {
		return nil, p.issue
	}
	return e, nil
}

// unexpected reports the current token.
func (p *parser) unexpected(wanted string) {
	if p.kind == tEnd {
		p.fail(CodeSyntax, p.start, "the expression ends where "+wanted+" should follow")
		return
	}
	p.fail(CodeSyntax, p.start, "found "+quote(p.src[p.start:p.end])+" where "+wanted+" should follow")
}

// node makes a tree node that starts at pos.
func (p *parser) node(k kind, pos int) *expr {
	if p.nodes++; p.nodes > p.limits.Nodes {
		p.fail(CodeLimit, pos, "more than "+strconv.Itoa(p.limits.Nodes)+" operations")
	}
	if len(p.free) == 0 {
		p.free = make([]expr, max(nodesIn(p.src[pos:]), min(p.nodes, maxBlock)))
	}
	e := &p.free[0]
	p.free = p.free[1:]
	e.kind, e.pos, e.at, e.end = k, int32(pos), int32(pos), int32(p.end)
	return e
}

// maxBlock bounds the nodes that are made room for at once.
const maxBlock = 64

// nodesIn guesses how many tree nodes the start of a text makes: one for each
// word, number, quotation and operator.
func nodesIn(s string) int {
	n := 0
	word, quoted := false, false
	for i := 0; i < min(len(s), 1024) && n < maxBlock; i++ {
		c := s[i]
		was := word
		word = isLetter(c) || isDigit(c)
		switch {
		case c == '\'':
			if quoted = !quoted; quoted {
				n++
			}
		case quoted:
		case word && !was, c != ' ' && !word && strings.IndexByte("=<>|+-*/&[{", c) >= 0:
			n++
		}
	}
	return max(n, 1)
}

// enter counts a level of nesting; leave takes it back.
func (p *parser) enter() bool {
	if p.depth++; p.depth > p.limits.Depth {
		p.fail(CodeLimit, p.start, "nested deeper than "+strconv.Itoa(p.limits.Depth))
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

// is reports whether the current token is this punctuation.
func (p *parser) is(text string) bool { return p.kind == tPunct && p.text == text }

// accept moves past punctuation if it comes next.
func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.next()
		return true
	}
	return false
}

// expect moves past punctuation that must come next.
func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.unexpected(text)
	}
}

// binary returns the operator that the current token is.
func (p *parser) binary() operator {
	switch p.kind {
	case tName:
		switch p.text {
		case "implies":
			return opImplies
		case "or":
			return opOr
		case "xor":
			return opXor
		case "and":
			return opAnd
		case "in":
			return opIn
		case "contains":
			return opContains
		case "is":
			return opIs
		case "as":
			return opAs
		case "div":
			return opDiv
		case "mod":
			return opMod
		}
	case tPunct:
		switch p.text {
		case "=":
			return opEqual
		case "!=":
			return opNotEqual
		case "~":
			return opEquivalent
		case "!~":
			return opNotEquivalent
		case "<":
			return opLess
		case "<=":
			return opLessEqual
		case ">":
			return opGreater
		case ">=":
			return opGreaterEqual
		case "|":
			return opUnion
		case "+":
			return opPlus
		case "-":
			return opMinus
		case "&":
			return opConcat
		case "*":
			return opTimes
		case "/":
			return opDivide
		}
	}
	return opNone
}

// expression reads operators that bind tighter than min.
func (p *parser) expression(min int) *expr {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	left := p.unary()
	for p.issue == nil {
		op := p.binary()
		prec := op.precedence()
		if op == opNone || prec <= min {
			break
		}
		at := p.start
		p.next()
		k := xBinary
		if op == opIs || op == opAs {
			k = xIs
			if op == opAs {
				k = xAs
			}
		}
		e := p.node(k, int(left.pos))
		e.op, e.at, e.left = op, int32(at), left
		if k == xBinary {
			if e.right = p.expression(prec); e.right != nil {
				e.end = e.right.end
			}
		} else {
			e.name = p.typeSpecifier()
			e.end = int32(p.last)
		}
		left = e
	}
	return left
}

// typeSpecifier reads a name with or without its namespace.
func (p *parser) typeSpecifier() string {
	name := p.identifier("a type")
	if p.accept(".") {
		name += "." + p.identifier("a type")
	}
	return name
}

// identifier reads a plain or quoted name.
func (p *parser) identifier(what string) string {
	if p.kind != tName && p.kind != tQuotedName {
		p.unexpected(what)
		return ""
	}
	name := p.text
	p.next()
	return name
}

// unary reads signs, which bind tighter than binary operators and looser than
// invocations.
func (p *parser) unary() *expr {
	if !p.is("-") && !p.is("+") {
		return p.invocations()
	}
	e := p.node(xUnary, p.start)
	e.op = opPlus
	if p.text == "-" {
		e.op = opMinus
	}
	p.next()
	if p.minus = -1; e.op == opMinus {
		p.minus = p.start
	}
	if p.enter() {
		if e.left = p.unary(); e.left != nil {
			e.end = e.left.end
		}
		p.leave()
	}
	return e
}

// invocations reads a term and the members, calls and indexers behind it.
func (p *parser) invocations() *expr {
	e := p.term()
	for p.issue == nil {
		switch {
		case p.accept("."):
			e = p.invocation(e)
		case p.is("["):
			item := p.node(xItem, int(e.pos))
			item.at = int32(p.start)
			p.next()
			item.left = e
			item.right = p.expression(0)
			if p.issue == nil {
				p.expect("]")
			}
			item.end = int32(p.last)
			e = item
		default:
			return e
		}
	}
	return e
}

// invocation reads what follows a full stop, or a term that is a name.
func (p *parser) invocation(left *expr) *expr {
	pos := p.start
	if left != nil {
		pos = int(left.pos)
	}
	switch p.kind {
	case tThis, tIndex, tTotal:
		if left == nil {
			e := p.node([...]kind{xThis, xIndex, xTotal}[p.kind-tThis], pos)
			p.next()
			return e
		}
		p.fail(CodeSyntax, p.start, "$this, $index and $total start an expression; they cannot follow a full stop")
		return left
	case tName, tQuotedName:
	default:
		p.unexpected("a name")
		return left
	}
	e := p.node(xName, pos)
	e.at, e.left, e.name = int32(p.start), left, p.text
	plain := p.kind == tName
	p.next()
	switch {
	case p.is("("):
		p.call(e)
	case p.is("{") && left == nil && plain && !isOperatorName(e.name):
		p.instance(e)
	}
	e.end = int32(p.last)
	return e
}

// isOperatorName reports whether a name can also be an operator.
func isOperatorName(s string) bool {
	switch s {
	case "in", "is", "as", "contains", "and", "or", "xor", "implies", "div", "mod":
		return true
	}
	return false
}

// call reads the arguments of a function.
func (p *parser) call(e *expr) {
	e.kind = xCall
	p.next()
	if p.accept(")") {
		return
	}
	for {
		arg := p.expression(0)
		if p.issue != nil {
			return
		}
		if e.name == "sort" && p.kind == tName && (p.text == "asc" || p.text == "desc") {
			key := p.node(xSortKey, int(arg.pos))
			if key.left = arg; p.text == "desc" {
				key.op = opDescending
			}
			p.next()
			arg = key
		}
		e.args = append(e.args, arg)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
}

// instance reads the elements of an instance selector: Type { a: 1, b: 2 }.
func (p *parser) instance(e *expr) {
	e.kind, e.names = xNew, new([]string)
	p.next()
	if p.accept(":") {
		p.expect("}")
		return
	}
	for p.issue == nil && !p.is("}") {
		name := p.identifier("the name of an element")
		p.expect(":")
		if p.issue != nil {
			return
		}
		*e.names = append(*e.names, name)
		e.args = append(e.args, p.expression(0))
		if !p.accept(",") {
			break
		}
	}
	p.expect("}")
}

// term reads a literal, a variable, a name, a call or a parenthesis.
func (p *parser) term() *expr {
	pos := p.start
	switch p.kind {
	case tString:
		e := p.node(xLiteral, pos)
		e.lit = literal(stringValue(p.text))
		p.next()
		return e
	case tNumber, tLong:
		return p.number()
	case tDate:
		e := p.node(xLiteral, pos)
		e.lit = literal(p.value)
		p.next()
		return e
	case tVar:
		e := p.node(xVar, pos)
		e.name = p.text
		p.next()
		return e
	case tName:
		if p.text == "true" || p.text == "false" {
			e := p.node(xLiteral, pos)
			e.lit = literal(boolValue(p.text == "true"))
			p.next()
			return e
		}
	case tPunct:
		switch p.text {
		case "(":
			return p.group()
		case "{":
			e := p.node(xEmpty, pos)
			p.next()
			p.expect("}")
			e.end = int32(p.last)
			return e
		}
	}
	if p.kind == tPunct || p.kind == tEnd {
		p.unexpected("an expression")
		return nil
	}
	return p.invocation(nil)
}

// literal keeps the value of a literal outside of the tree, most of whose nodes
// have none.
func literal(v Value) *Value { return &v }

// group reads an expression in parentheses.
func (p *parser) group() *expr {
	open := p.start
	p.next()
	e := p.expression(0)
	if p.issue != nil {
		return nil
	}
	if !p.is(")") {
		if p.kind == tEnd {
			p.fail(CodeSyntax, open, "this parenthesis is not closed")
			return nil
		}
		p.unexpected("an operator or a closing parenthesis")
		return nil
	}
	p.next()
	e.parens = true
	e.pos, e.end = int32(open), int32(p.last)
	return e
}

// number reads a number, and the unit that makes it a quantity.
func (p *parser) number() *expr {
	e := p.node(xLiteral, p.start)
	text, long := p.text, p.kind == tLong
	p.next()
	switch {
	case long:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.fail(CodeLiteral, int(e.pos), "an integer beyond 64 bits")
			return nil
		}
		e.lit = literal(longValue(n))
		return e
	case p.kind == tString:
		e.lit = literal(parseDecimal(text).withUnit(p.text, false))
		e.end = int32(p.end)
		p.next()
	case p.kind == tName && calendarUnit(p.text) != "":
		e.lit = literal(parseDecimal(text).withUnit(calendarUnit(p.text), true))
		e.end = int32(p.end)
		p.next()
	case strings.IndexByte(text, '.') >= 0:
		e.lit = literal(parseDecimal(text))
	default:
		n, err := strconv.ParseInt(text, 10, 32)
		least := text == "2147483648" && p.minus == int(e.pos)
		if err != nil && !least {
			if _, err := strconv.ParseInt(text, 10, 64); err != nil {
				p.fail(CodeLiteral, int(e.pos), "an integer beyond 32 bits; write a decimal")
				return nil
			}
			p.fail(CodeLiteral, int(e.pos), "an integer beyond 32 bits; with the suffix L it is a Long")
			return nil
		}
		if least {
			n = 1 << 31
		}
		e.lit = literal(intValue(n))
	}
	if e.lit.IsZero() {
		p.fail(CodeLiteral, int(e.pos), "a number with too many digits")
		return nil
	}
	return e
}

// calendarUnit returns the singular of a calendar unit, "" for other words.
func calendarUnit(s string) string {
	switch s {
	case "year", "month", "week", "day", "hour", "minute", "second", "millisecond":
		return s
	case "years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds":
		return s[:len(s)-1]
	}
	return ""
}
