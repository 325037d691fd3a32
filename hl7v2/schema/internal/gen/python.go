package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A Python literal is read as: string, int, nil for None, bool, []any for
// tuples and lists, *dict for dictionaries, and ref for NAME['key'].

type ref struct{ name, key string }

type dict struct {
	keys   []string
	values map[string]any
}

// literal is a reader of the Python literals that hl7apy's modules consist of.
type literal struct {
	src string
	pos int
}

// readPythonDict returns the dictionary that a module assigns to name.
func readPythonDict(file, name string) (*dict, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	src := "\n" + string(data)
	at := strings.Index(src, "\n"+name+" = {")
	if at < 0 {
		return nil, fmt.Errorf("%s: no %s", file, name)
	}
	l := &literal{src, at + len("\n"+name+" = ")}
	v, err := l.value()
	if err != nil {
		line := 1 + strings.Count(src[:min(l.pos, len(src))], "\n")
		return nil, fmt.Errorf("%s:%d: %w", file, line, err)
	}
	return v.(*dict), nil
}

func (l *literal) space() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
			l.pos++
		case c == '#':
			for l.pos < len(l.src) && l.src[l.pos] != '\n' {
				l.pos++
			}
		default:
			return
		}
	}
}

func (l *literal) peek() byte {
	l.space()
	if l.pos < len(l.src) {
		return l.src[l.pos]
	}
	return 0
}

func (l *literal) value() (any, error) {
	switch c := l.peek(); {
	case c == '{':
		return l.dict()
	case c == '(' || c == '[':
		return l.list(map[byte]byte{'(': ')', '[': ']'}[c])
	case c == '\'' || c == '"' || c == 'u' && strings.HasPrefix(l.src[l.pos:], "u'"):
		return l.str()
	case c == '-' || c >= '0' && c <= '9':
		from := l.pos
		for l.pos++; l.pos < len(l.src) && l.src[l.pos] >= '0' && l.src[l.pos] <= '9'; l.pos++ {
		}
		return strconv.Atoi(l.src[from:l.pos])
	case c >= 'A' && c <= 'Z':
		return l.name()
	}
	return nil, fmt.Errorf("unexpected %q", l.peek())
}

func (l *literal) name() (any, error) {
	from := l.pos
	for l.pos < len(l.src) && (l.src[l.pos] == '_' || l.src[l.pos] >= 'A' && l.src[l.pos] <= 'Z' || l.src[l.pos] >= 'a' && l.src[l.pos] <= 'z') {
		l.pos++
	}
	switch name := l.src[from:l.pos]; name {
	case "None":
		return nil, nil
	case "True", "False":
		return name == "True", nil
	default:
		if l.peek() != '[' {
			return nil, fmt.Errorf("name %s without an index", name)
		}
		l.pos++
		key, err := l.str()
		if err != nil {
			return nil, err
		}
		if l.peek() != ']' {
			return nil, fmt.Errorf("index without its end")
		}
		l.pos++
		return ref{name, key}, nil
	}
}

// hexEscapes are the escapes that a hexadecimal number follows, with its
// digits.
var hexEscapes = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// str reads one or more adjacent string literals.
func (l *literal) str() (string, error) {
	var out strings.Builder
	for {
		c := l.peek()
		if c == 'u' {
			l.pos++
			c = l.src[l.pos]
		}
		if c != '\'' && c != '"' {
			if out.Len() == 0 {
				return "", fmt.Errorf("expected a string")
			}
			return out.String(), nil
		}
		l.pos++
		for l.pos < len(l.src) && l.src[l.pos] != c {
			if l.src[l.pos] == '\\' {
				l.pos++
				if digits := hexEscapes[l.src[l.pos]]; digits > 0 {
					n, err := strconv.ParseUint(l.src[l.pos+1:l.pos+1+digits], 16, 32)
					if err != nil {
						return "", err
					}
					out.WriteRune(rune(n))
					l.pos += 1 + digits
					continue
				}
			}
			out.WriteByte(l.src[l.pos])
			l.pos++
		}
		l.pos++
		if next := l.peek(); next != '\'' && next != '"' {
			return out.String(), nil
		}
	}
}

func (l *literal) list(end byte) ([]any, error) {
	l.pos++
	var out []any
	for {
		if l.peek() == end {
			l.pos++
			return out, nil
		}
		v, err := l.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if l.peek() == ',' {
			l.pos++
		}
	}
}

func (l *literal) dict() (*dict, error) {
	l.pos++
	out := &dict{values: make(map[string]any)}
	for {
		if l.peek() == '}' {
			l.pos++
			return out, nil
		}
		key, err := l.str()
		if err != nil {
			return nil, err
		}
		if l.peek() != ':' {
			return nil, fmt.Errorf("key %q without a value", key)
		}
		l.pos++
		v, err := l.value()
		if err != nil {
			return nil, err
		}
		if _, twice := out.values[key]; !twice {
			out.keys = append(out.keys, key)
		}
		out.values[key] = v
		if l.peek() == ',' {
			l.pos++
		}
	}
}
