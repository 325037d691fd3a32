package ucum

import (
	"fmt"
	"strings"
)

// Limits bounds what a parser accepts. A zero field means the default, a
// negative one no limit.
type Limits struct {
	Length int // bytes in a code; 8,192
	Depth  int // nested parentheses; 64
}

// An Option changes how a code is parsed.
type Option func(*config)

type config struct {
	limits Limits
	ci     bool
}

// CaseInsensitive reads the case-insensitive codes (MG/DL, CEL, [IN_I]) in
// any mixture of capitals and small letters. They are a code set of their own:
// M is a metre there and mega is MA.
func CaseInsensitive() Option { return func(c *config) { c.ci = true } }

// WithLimits replaces the default limits.
func WithLimits(l Limits) Option { return func(c *config) { c.limits = l } }

// Parse reads a unit code, by default a case-sensitive one. The error is an
// *[Issue] that names the byte at fault. Parsing does not allocate for units
// whose exact factor fits 64-bit numbers, unless they have arbitrary units.
func Parse(code string, opts ...Option) (Unit, error) {
	if len(opts) == 0 && len(code) <= 8 {
		// Most units are a symbol and no more.
		if pre, a, ok := table().symbol(code, false); ok {
			u := a.unit(pre)
			u.code = code
			return u, nil
		}
	}
	p := parser{s: code, maxLength: 8192, maxDepth: 64}
	if len(opts) > 0 {
		var c config
		for _, o := range opts {
			o(&c)
		}
		p.ci = c.ci
		p.maxLength = limit(c.limits.Length, p.maxLength)
		p.maxDepth = limit(c.limits.Depth, p.maxDepth)
	}
	u := p.parse()
	if p.issue != nil {
		return Unit{}, p.issue
	}
	return u, nil
}

// MustParse is Parse for constants in programs and tests; it panics if code is
// not a unit.
func MustParse(code string) Unit {
	u, err := Parse(code)
	if err != nil {
		panic(err)
	}
	return u
}

// limit resolves a field of Limits.
func limit(n, byDefault int) int {
	if n == 0 {
		return byDefault
	}
	if n < 0 {
		return int(^uint(0) >> 1)
	}
	return n
}

// Name returns the unit in words, as in "(milligram) / (deciliter)": each
// symbol in parentheses, exponents after a caret. Annotations are left out.
func (u Unit) Name() string {
	if u.code == "" {
		return ""
	}
	p := parser{s: u.code, ci: u.ci, maxLength: limit(-1, 0), maxDepth: limit(-1, 0), naming: true}
	p.parse()
	return string(p.name)
}

// parser reads one code. It stops at the first issue.
type parser struct {
	s         string
	i         int
	depth     int
	maxLength int
	maxDepth  int
	ci        bool
	naming    bool
	name      []byte
	issue     *Issue
}

// fail records the issue, unless there is one.
func (p *parser) fail(code Code, at int, clause, format string, args ...any) Unit {
	if p.issue == nil {
		p.issue = &Issue{Severity: SeverityError, Code: code, Offset: int64(at), Line: 1, Col: at + 1, Clause: clause, Text: fmt.Sprintf(format, args...)}
	}
	return Unit{}
}

func (p *parser) parse() Unit {
	switch {
	case p.s == "":
		return p.fail(CodeEmpty, 0, "2", "no unit; the unit of a plain number is 1")
	case len(p.s) > p.maxLength:
		return p.fail(CodeLimit, p.maxLength, "2", "a code longer than %d bytes", p.maxLength)
	}
	u := p.term()
	if p.issue == nil && p.i < len(p.s) {
		u = p.unexpected()
	}
	u.code, u.ci = p.s, p.ci
	return u
}

// unexpected reports what stands where an operator or the end should be.
func (p *parser) unexpected() Unit {
	c := p.s[p.i]
	switch {
	case c <= ' ' || c >= 0x7f:
		return p.badCharacter()
	case c == ')':
		return p.fail(CodeSyntax, p.i, "9", "this parenthesis was not opened")
	case c == '{' || c == '}':
		return p.fail(CodeAnnotation, p.i, "6", "an annotation may follow a symbol, an exponent, a number or an operator only, and only once")
	case c == ']':
		return p.fail(CodeSyntax, p.i, "4", "this bracket was not opened")
	}
	return p.fail(CodeSyntax, p.i, "7", "expected \".\" or \"/\" before %s", quote(p.s[p.i:]))
}

func (p *parser) badCharacter() Unit {
	for _, r := range p.s[p.i:] {
		return p.fail(CodeCharacter, p.i, "3", "%q is not among the characters of a unit, ASCII 33 to 126", r)
	}
	return Unit{}
}

// term reads components joined by "." and "/", the first of which may be "/".
// A leading "/" is allowed for the whole code only.
func (p *parser) term() Unit {
	acc, sign, first := Unit{factor: one()}, 1, true
	if p.i < len(p.s) && p.s[p.i] == '/' && p.depth == 0 {
		sign, first = -1, false
		p.i++
		p.say("1 / ")
	}
	for {
		at := p.i
		u := p.component()
		if p.issue != nil {
			return u
		}
		if first {
			acc, first = u, false
		} else {
			var ok bool
			if acc, ok = acc.times(u, sign); !ok {
				return p.fail(CodeMagnitude, at, "18", "the product grows past what is computed exactly")
			}
		}
		if p.i == len(p.s) {
			return acc
		}
		switch p.s[p.i] {
		case '.':
			sign = 1
			p.say(" * ")
		case '/':
			sign = -1
			p.say(" / ")
		default:
			return acc
		}
		p.i++
	}
}

// say appends to the name.
func (p *parser) say(s string) {
	if p.naming {
		p.name = append(p.name, s...)
	}
}

// component reads a symbol with its exponent and annotation, a number, an
// annotation of its own, or a term in parentheses.
func (p *parser) component() Unit {
	if p.i == len(p.s) {
		return p.fail(CodeSyntax, p.i, "7", "the code ends where a unit should follow")
	}
	start := p.i
	switch c := p.s[p.i]; {
	case c == '(':
		return p.group()
	case c == '{':
		p.annotation()
		p.say("1")
		return Unit{factor: one()}
	case c >= '0' && c <= '9':
		if !p.powerOfTen() {
			return p.number()
		}
	case c == '.' || c == '/':
		return p.fail(CodeSyntax, p.i, "7", "expected a unit before %q", c)
	case c == '+' || c == '-':
		return p.fail(CodeSyntax, p.i, "4", "a sign belongs to an exponent, after a symbol")
	case c == ')' || c == '}' || c == ']':
		return p.unexpected()
	default:
		if !p.scanSymbol() {
			return Unit{}
		}
	}
	return p.annotatable(start)
}

// group reads a term in parentheses.
func (p *parser) group() Unit {
	open := p.i
	if p.depth >= p.maxDepth {
		return p.fail(CodeLimit, p.i, "9", "parentheses nest deeper than %d", p.maxDepth)
	}
	p.depth++
	p.i++
	p.say("(")
	u := p.term()
	if p.issue != nil {
		return u
	}
	p.say(")")
	if p.i == len(p.s) {
		return p.fail(CodeSyntax, open, "9", "this parenthesis is not closed")
	}
	if p.s[p.i] != ')' {
		return p.unexpected()
	}
	p.depth--
	p.i++
	return u
}

// annotation skips text in braces.
func (p *parser) annotation() {
	open := p.i
	for p.i++; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '}':
			p.i++
			return
		case c == '{':
			p.fail(CodeAnnotation, p.i, "6", "an annotation cannot contain a brace")
			return
		case c <= ' ' || c >= 0x7f:
			p.badCharacter()
			return
		}
	}
	p.fail(CodeAnnotation, open, "6", "this annotation is not closed")
}

// powerOfTen skips the symbols 10* and 10^ if they come next.
func (p *parser) powerOfTen() bool {
	rest := p.s[p.i:]
	if len(rest) > 2 && rest[:2] == "10" && (rest[2] == '*' || rest[2] == '^') {
		p.i += 3
		return true
	}
	return false
}

// number reads a positive whole number, which the functional tests of UCUM
// allow an annotation.
func (p *parser) number() Unit {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	digits := p.s[start:p.i]
	if len(strings.TrimLeft(digits, "0")) > 18 {
		return p.fail(CodeMagnitude, start, "8", "a number of more than 18 digits; write powers of ten as 10*n")
	}
	n, _ := leadingDigits(digits)
	if n == 0 {
		return p.fail(CodeNumber, start, "8", "a number in a unit must be positive")
	}
	p.say(digits)
	if p.i < len(p.s) && p.s[p.i] == '{' {
		p.annotation()
	}
	return Unit{factor: factorOf(n)}
}

// scanSymbol moves past a symbol: up to a digit, an operator or a brace
// outside of square brackets.
func (p *parser) scanSymbol() bool {
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '[':
			end := strings.IndexByte(p.s[p.i:], ']')
			if end < 0 {
				p.fail(CodeSyntax, p.i, "4", "this bracket is not closed")
				return false
			}
			for end += p.i; p.i < end; p.i++ {
				if c := p.s[p.i]; c <= ' ' || c >= 0x7f {
					p.badCharacter()
					return false
				}
			}
			p.i++
		case c <= ' ' || c >= 0x7f:
			p.badCharacter()
			return false
		case c >= '0' && c <= '9', c == '+', c == '-', c == '.', c == '/', c == '(', c == ')', c == '{', c == '}', c == ']':
			return true
		default:
			p.i++
		}
	}
	return true
}

// annotatable looks up the symbol between start and here and reads the
// exponent and annotation behind it.
func (p *parser) annotatable(start int) Unit {
	symbol := p.s[start:p.i]
	t := table()
	pre, a, ok := t.symbol(symbol, p.ci)
	if !ok {
		return p.unknown(t, symbol, start, pre, a)
	}
	u := a.unit(pre)
	if p.naming {
		p.say("(")
		if pre != nil {
			p.say(pre.name)
		}
		p.say(a.name)
	}
	at := p.i
	if n, ok := p.exponent(); ok {
		var fits bool
		if u, fits = u.power(n); !fits {
			return p.fail(CodeMagnitude, at, "8", "the exponent is past what is computed exactly")
		}
		if p.naming && n != 1 {
			p.name = fmt.Appendf(p.name, " ^ %d", n)
		}
	}
	if p.issue != nil {
		return Unit{}
	}
	p.say(")")
	if p.i < len(p.s) && p.s[p.i] == '{' {
		p.annotation()
	}
	return u
}

// exponent reads an optional sign and digits.
func (p *parser) exponent() (n int, ok bool) {
	start, negative := p.i, false
	if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
		negative = p.s[p.i] == '-'
		p.i++
	}
	digits := p.i
	for ; p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9'; p.i++ {
		if n = n*10 + int(p.s[p.i]-'0'); n > maxPower {
			p.fail(CodeMagnitude, start, "8", "an exponent beyond %d", maxPower)
			return 0, false
		}
	}
	if digits == p.i {
		if p.i != start {
			p.fail(CodeSyntax, start, "8", "a sign must be followed by the digits of an exponent")
		}
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

// unknown reports a symbol that is not a unit, with the nearest that is.
func (p *parser) unknown(t *tables, symbol string, start int, pre *prefix, a *atom) Unit {
	if a != nil {
		return p.fail(CodeNotMetric, start, "11", "%s takes no prefix, so %s is not a unit", quote(a.code), quote(symbol))
	}
	if near := t.nearest(symbol, p.ci); near != "" {
		return p.fail(CodeUnknown, start, "4", "unknown unit %s; did you mean %s?", quote(symbol), quote(near))
	}
	return p.fail(CodeUnknown, start, "4", "unknown unit %s", quote(symbol))
}
