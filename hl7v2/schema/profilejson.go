package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// jsonValue is a value of JSON with its place.
type jsonValue struct {
	at      int
	kind    byte // '{' '[' '"' '0' 't' (true) 'f' (false) 'n' (null)
	text    string
	members []jsonMember
	items   []jsonValue
}

type jsonMember struct {
	key   string
	at    int
	value jsonValue
}

// maxKeys is more keys than any object of a profile has.
const maxKeys = 64

var errKeys = errors.New("more keys than an object of a profile has")

// jsonReader reads JSON within limits.
type jsonReader struct {
	d             *json.Decoder
	body          []byte
	base          int
	count, depth  int
	values, level int // limits
}

// jsonProblem is what is wrong with JSON, and where.
type jsonProblem struct {
	at  int
	err error
}

func (p jsonProblem) Error() string { return p.err.Error() }

// at is where the next token begins.
func (r *jsonReader) at() int {
	i := int(r.d.InputOffset())
	for i < len(r.body) {
		switch r.body[i] {
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
			continue
		}
		break
	}
	return r.base + i
}

// broken is an error of the decoder: where the token begins that it is about,
// for the offset that it has itself counts in its buffer.
func (r *jsonReader) broken(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return jsonProblem{r.base + len(r.body), fmt.Errorf("not JSON: %w", io.ErrUnexpectedEOF)}
	}
	return jsonProblem{r.at(), fmt.Errorf("not JSON: %w", err)}
}

func (r *jsonReader) value() (jsonValue, error) {
	v := jsonValue{at: r.at()}
	t, err := r.d.Token()
	if err != nil {
		return v, r.broken(err)
	}
	if r.count++; r.count > r.values {
		return v, jsonProblem{v.at, errElements}
	}
	switch t := t.(type) {
	case string:
		v.kind, v.text = '"', t
	case json.Number:
		v.kind, v.text = '0', t.String()
	case bool:
		v.kind = 'f'
		if t {
			v.kind = 't'
		}
	case nil:
		v.kind = 'n'
	case json.Delim:
		if r.depth++; r.depth > r.level {
			return v, jsonProblem{v.at, errDepth}
		}
		v.kind = byte(t)
		for r.d.More() {
			if v.kind == '[' {
				item, err := r.value()
				if err != nil {
					return v, err
				}
				v.items = append(v.items, item)
				continue
			}
			key, err := r.value() // the decoder wants a string here
			if err != nil {
				return v, err
			}
			value, err := r.value()
			if err != nil {
				return v, err
			}
			if len(v.members) == maxKeys {
				return v, jsonProblem{key.at, errKeys}
			}
			for _, m := range v.members {
				if m.key == key.text {
					return v, jsonProblem{key.at, errors.New("a key stands twice in an object")}
				}
			}
			v.members = append(v.members, jsonMember{key.text, key.at, value})
		}
		if _, err := r.d.Token(); err != nil { // the end
			return v, r.broken(err)
		}
		r.depth--
	}
	return v, nil
}

// readJSON reads a profile in its JSON form.
func (b *profileBuilder) readJSON(body []byte, base int, p ProfileParser) *profileNode {
	r := jsonReader{d: json.NewDecoder(bytes.NewReader(body)), body: body, base: base, values: limited(p.Elements, 1_000_000), level: limited(p.Depth, 64)}
	r.d.UseNumber()
	v, err := r.value()
	if err == nil {
		at := r.at()
		if _, end := r.d.Token(); end != io.EOF {
			err = jsonProblem{at, errors.New("there is something behind the profile")}
		}
	}
	if err != nil {
		var problem jsonProblem
		errors.As(err, &problem)
		b.syntax(problem.at, "", problem.err)
		return nil
	}
	return b.jsonNode(v, profileKind)
}

// jsonKeys says what a key of the JSON holds: 's' text, 'n' a number from 0,
// 'm' that or "*", 'b' a boolean, 'l' a list of texts, and for a list of
// objects the kind of their nodes.
func jsonKeys(kind nodeKind, key string) (holds byte, child nodeKind) {
	rules := func() byte {
		switch key {
		case "usage", "predicate", "note", "description", "reference":
			return 's'
		case "condition":
			return 'c'
		}
		return 0
	}
	switch kind {
	case profileKind:
		switch key {
		case "hl7Profile":
			return 'n', 0
		case "identifier", "kind", "hl7Version", "name", "organisation", "version", "status", "topics", "note":
			return 's', 0
		case "encodings":
			return 'l', 0
		case "dynamic":
			return 'o', dynamicKind
		case "tables":
			return 'o', tableKind
		case "messages":
			return 'o', messageKind
		}
	case dynamicKind:
		switch key {
		case "accept", "application", "mode":
			return 's', 0
		}
	case tableKind:
		switch key {
		case "id", "name":
			return 's', 0
		case "extensible":
			return 'b', 0
		case "codes":
			return 'o', codeKind
		}
	case codeKind:
		if key == "code" || key == "display" {
			return 's', 0
		}
	case messageKind:
		switch key {
		case "type", "event", "structure", "orderControl", "description", "identifier", "role", "note":
			return 's', 0
		case "content":
			return 'o', groupKind // or segmentKind
		}
	case groupKind:
		switch key {
		case "group", "name":
			return 's', 0
		case "min":
			return 'n', 0
		case "max":
			return 'm', 0
		case "content":
			return 'o', groupKind
		}
		return rules(), 0
	case segmentKind:
		switch key {
		case "segment", "name":
			return 's', 0
		case "min":
			return 'n', 0
		case "max":
			return 'm', 0
		case "fields":
			return 'o', fieldKind
		}
		return rules(), 0
	case fieldKind, componentKind, subcomponentKind:
		switch key {
		case "name", "type", "table", "constant":
			return 's', 0
		case "minLength", "maxLength":
			return 'n', 0
		case "examples":
			return 'l', 0
		case "components":
			if kind != subcomponentKind {
				return 'o', kind + 1
			}
		}
		if kind == fieldKind {
			switch key {
			case "item":
				return 's', 0
			case "min":
				return 'n', 0
			case "max":
				return 'm', 0
			}
		}
		return rules(), 0
	case conditionKind:
		switch key {
		case "path":
			return 's', 0
		case "valued":
			return 'b', 0
		case "in":
			return 'l', 0
		case "all", "any":
			return 'o', conditionKind
		case "not":
			return 'c', 0
		}
	}
	return 0, 0
}

// jsonNode turns an object into a node.
func (b *profileBuilder) jsonNode(v jsonValue, kind nodeKind) *profileNode {
	n := &profileNode{kind: kind, at: v.at}
	if v.kind != '{' {
		b.syntax(v.at, "", fmt.Errorf("a %s is an object", nodeKindNames[kind]))
		return n
	}
	for _, m := range v.members {
		holds, child := jsonKeys(kind, m.key)
		bad := func(want string) {
			b.syntax(m.value.at, "", fmt.Errorf("this key of a %s holds %s", nodeKindNames[kind], want))
		}
		attr := func(text string, at int) { n.attrs = append(n.attrs, profileAttr{m.key, text, at}) }
		switch {
		case holds == 0:
			b.syntax(m.at, "", fmt.Errorf("a %s has no such key", nodeKindNames[kind]))
		case holds == 's':
			if m.value.kind != '"' {
				bad("a string")
				continue
			}
			if m.value.text != "" {
				attr(m.value.text, m.value.at)
			}
		case holds == 'n', holds == 'm':
			star := holds == 'm' && m.value.kind == '"' && m.value.text == "*"
			if m.value.kind != '0' && !star {
				bad("a whole number")
				continue
			}
			attr(m.value.text, m.value.at)
		case holds == 'b':
			if m.value.kind != 't' && m.value.kind != 'f' {
				bad("true or false")
				continue
			}
			attr(strconv.FormatBool(m.value.kind == 't'), m.value.at)
		case holds == 'c':
			c := b.jsonNode(m.value, conditionKind)
			c.attrs = append(c.attrs, profileAttr{"", m.key, m.at})
			n.children = append(n.children, c)
		case m.value.kind != '[':
			bad("a list")
		case holds == 'l':
			for _, item := range m.value.items {
				if item.kind != '"' {
					b.syntax(item.at, "", errors.New("this list holds strings"))
					continue
				}
				attr(item.text, item.at)
			}
		default:
			if kind == conditionKind {
				attr("", m.at) // that the key is there, be its list empty
			}
			for _, item := range m.value.items {
				of := child
				if of == groupKind && hasKey(item, "segment") {
					of = segmentKind
				}
				c := b.jsonNode(item, of)
				if kind == conditionKind {
					c.attrs = append(c.attrs, profileAttr{"", m.key, m.at})
				}
				n.children = append(n.children, c)
			}
		}
	}
	return n
}

func hasKey(v jsonValue, key string) bool {
	for _, m := range v.members {
		if m.key == key {
			return true
		}
	}
	return false
}
