package fhirpath

import (
	"strconv"
	"strings"
)

// Format parses an expression and writes it in canonical form: one blank
// around operators, none inside parentheses, only the parentheses that are
// needed, no comments. The error is an *[Error] of stage Parse.
func Format(expression string) (string, error) {
	root, issue := parseSource(expression, Limits{}.withDefaults())
	if issue != nil {
		return "", &Error{StageParse, []Issue{*issue}}
	}
	return string(appendExpr(nil, root, 0)), nil
}

// Format returns the expression in canonical form.
func (x *Expr) Format() string { return string(appendExpr(nil, x.root, 0)) }

// level returns how tight an expression binds.
func (e *expr) level() int {
	switch e.kind {
	case xBinary, xIs, xAs:
		return e.op.precedence()
	case xUnary:
		return unaryPrecedence
	}
	return unaryPrecedence + 1
}

// appendExpr writes e where anything that binds looser than min needs
// parentheses.
func appendExpr(b []byte, e *expr, min int) []byte {
	if e.level() < min {
		b = appendExpr(append(b, '('), e, 0)
		return append(b, ')')
	}
	switch e.kind {
	case xLiteral:
		return appendLiteral(b, *e.lit)
	case xEmpty:
		return append(b, "{}"...)
	case xThis:
		return append(b, "$this"...)
	case xIndex:
		return append(b, "$index"...)
	case xTotal:
		return append(b, "$total"...)
	case xVar:
		return appendName(append(b, '%'), e.name, false)
	case xName:
		if e.left != nil {
			b = append(appendInput(b, e.left), '.')
		}
		return appendName(b, e.name, e.left == nil)
	case xCall:
		if e.left != nil {
			b = append(appendInput(b, e.left), '.')
		}
		b = append(appendName(b, e.name, false), '(')
		for i, a := range e.args {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendExpr(b, a, 0)
		}
		return append(b, ')')
	case xItem:
		b = append(appendExpr(b, e.left, unaryPrecedence+1), '[')
		return append(appendExpr(b, e.right, 0), ']')
	case xUnary:
		return appendExpr(append(b, e.op.String()...), e.left, unaryPrecedence)
	case xSortKey:
		b = appendExpr(b, e.left, 0)
		if e.op == opDescending {
			return append(b, " desc"...)
		}
		return append(b, " asc"...)
	case xIs, xAs:
		b = appendExpr(b, e.left, e.level())
		b = append(append(append(b, ' '), e.op.String()...), ' ')
		for i, part := range strings.Split(e.name, ".") {
			if i > 0 {
				b = append(b, '.')
			}
			b = appendName(b, part, false)
		}
		return b
	case xNew:
		b = append(appendName(b, e.name, true), " {"...)
		for i, a := range e.args {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendName(append(b, ' '), (*e.names)[i], false), ": "...)
			b = appendExpr(b, a, 0)
		}
		if len(e.args) == 0 {
			return append(b, ":}"...)
		}
		return append(b, " }"...)
	}
	b = appendExpr(b, e.left, e.level())
	b = append(append(append(b, ' '), e.op.String()...), ' ')
	return appendExpr(b, e.right, e.level()+1)
}

// appendInput writes what stands before a full stop. A number needs
// parentheses where its digits would run on.
func appendInput(b []byte, e *expr) []byte {
	return appendExpr(b, e, unaryPrecedence+1)
}

// appendName writes a name, in backquotes where it is no plain identifier.
// head is set where a keyword would be taken for a literal.
func appendName(b []byte, name string, head bool) []byte {
	plain := name != ""
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && (i == 0 || !isDigit(c)) {
			plain = false
		}
	}
	switch name {
	case "and", "or", "xor", "implies", "div", "mod", "true", "false":
		plain = false
	case "is", "as", "in", "contains":
		plain = plain && !head
	}
	if plain {
		return append(b, name...)
	}
	return appendQuoted(b, name, '`')
}

// appendQuoted writes text between quotes with the escapes it needs.
func appendQuoted(b []byte, s string, quote byte) []byte {
	b = append(b, quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r < ' ' || r == 0x7f:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, quote)
}

// appendLiteral writes a value as a literal.
func appendLiteral(b []byte, v Value) []byte {
	switch v.Kind() {
	case KindString:
		return appendQuoted(b, v.str, '\'')
	case KindLong:
		return append(strconv.AppendInt(b, v.num, 10), 'L')
	case KindDate:
		return v.appendText(append(b, '@'))
	case KindDateTime:
		b = v.appendText(append(b, '@'))
		if v.precision() < precHour {
			b = append(b, 'T')
		}
		return b
	case KindTime:
		b = v.appendText(append(b, "@T"...))
		if v.meta&metaBad != 0 {
			b = append(b, 'Z')
		}
		return b
	case KindQuantity:
		if v.meta&metaCalendar == 0 {
			return appendQuoted(append(v.appendDecimal(b), ' '), v.str, '\'')
		}
	}
	return v.appendText(b)
}
