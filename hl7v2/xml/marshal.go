package xml

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

// Namespace is the namespace of all elements.
const Namespace = "urn:hl7-org:v2xml"

// unknown is the element of a segment whose id is no name: its attribute has
// the id.
const unknown = "UNKNOWN"

// isSegmentName reports whether s is the id of a segment: three characters.
func isSegmentName(s string) bool { return len(s) == 3 && isName(s) && !strings.Contains(s, "_") }

// isName reports whether s is a name of the standard: a capital letter, then
// capitals, digits and underscores.
func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// Marshal writes a message in the XML encoding, by the facts of the version it
// declares or the nearest before it. The error is for a message with
// characters that XML cannot hold.
func Marshal(m *hl7v2.Message) ([]byte, error) {
	version, _ := schema.VersionOf(m)
	grouping, _ := version.Group(m, schema.Keep)
	name := grouping.Structure()
	if name == "" {
		typ := m.Segment("MSH", 1).Field(9)
		name = strings.TrimRight(typ.Component(1).Text()+"_"+typ.Component(2).Text(), "_")
		if !isName(name) {
			name = "MESSAGE"
		}
	}
	doc := etree.NewDocument()
	doc.WriteSettings.CanonicalText = true
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	root := doc.CreateElement(name)
	root.CreateAttr("xmlns", Namespace)
	w := writer{m: m, version: version}
	w.group(root, name, grouping.Root())
	if w.err != nil {
		return nil, w.err
	}
	return doc.WriteToBytes()
}

// writer fills elements.
type writer struct {
	m       *hl7v2.Message
	version schema.Version
	err     error
}

func (w *writer) group(parent *etree.Element, structure string, g schema.Group) {
	for sub, s := range g.Children() {
		if s.Exists() {
			w.segment(parent, s)
			continue
		}
		w.group(parent.CreateElement(structure+"."+sub.Name()), structure, sub)
	}
}

func (w *writer) segment(parent *etree.Element, s hl7v2.Segment) {
	id := s.ID()
	def, known := w.version.Segment(id)
	name := id
	if !isSegmentName(id) {
		name = unknown
	}
	e := parent.CreateElement(name)
	if name == unknown {
		w.attr(e, "id", id, s.Offset())
	}
	for n, field := range s.Fields() {
		if (id == "MSH" || id == "FHS" || id == "BHS") && n <= 2 {
			e.CreateElement(fmt.Sprintf("%s.%d", id, n)).SetText(string(field.Raw()))
			continue
		}
		if field.State() == hl7v2.Absent {
			continue
		}
		typ := ""
		if known {
			if f, ok := def.Field(n); ok {
				typ = f.Type()
			}
		}
		if typ == "Varies" {
			typ = ""
			if id == "OBX" && n == 5 {
				typ = s.Field(2).Text()
			}
		}
		for _, rep := range field.Reps() {
			w.value(e.CreateElement(fmt.Sprintf("%s.%d", name, n)), rep, typ, 0)
		}
	}
}

// value fills the element of a repetition (depth 0), component or subcomponent.
func (w *writer) value(e *etree.Element, v hl7v2.Value, typ string, depth int) {
	if v.State() == hl7v2.Absent {
		return
	}
	def, composite := w.version.DataType(typ)
	composite = composite && def.NumComponents() > 0
	children := v.Components()
	if depth > 0 {
		children = v.Subs()
	}
	last := 1 // that says something
	for n, part := range children {
		if part.State() != hl7v2.Absent {
			last = n
		}
	}
	if depth == 2 || last == 1 && !composite {
		w.text(e, v)
		return
	}
	if !composite && (typ == "" || !isSegmentName(typ+"XX") && !isName(typ)) {
		typ = unknown
	}
	for n, part := range children {
		if part.State() == hl7v2.Absent {
			continue
		}
		sub := ""
		if composite {
			if c, ok := def.Component(n); ok {
				sub = c.Type()
			}
		}
		w.value(e.CreateElement(fmt.Sprintf("%s.%d", typ, n)), part, sub, depth+1)
	}
}

// text writes an innermost value, with its escape sequences.
func (w *writer) text(e *etree.Element, v hl7v2.Value) {
	raw := v.Raw()
	if v.State() == hl7v2.Null {
		e.SetText(`""`)
		return
	}
	esc := w.m.Delimiters().Escape
	plain := true
	for _, c := range raw {
		plain = plain && c != esc
	}
	if plain || esc == 0 {
		w.characters(e, v.Text(), v)
		return
	}
	start := 0
	flush := func(end int) {
		if start < end {
			text, _ := w.m.Delimiters().Unescape(raw[start:end])
			w.characters(e, w.decoded(v, raw[start:end], text), v)
		}
	}
	for at := 0; at < len(raw); {
		if raw[at] != esc {
			at++
			continue
		}
		end := at + 1
		for end < len(raw) && raw[end] != esc {
			end++
		}
		if end == len(raw) {
			break
		}
		body := string(raw[at+1 : end])
		if !isCommand(body) {
			if len(body) != 1 || !strings.Contains("FSTREP", body) {
				at++ // a character like any other
			} else {
				at = end + 1
			}
			continue
		}
		flush(at)
		e.CreateElement("escape").CreateAttr("V", body)
		at = end + 1
		start = at
	}
	flush(len(raw))
}

// decoded is a stretch of a value as text in UTF-8.
func (w *writer) decoded(v hl7v2.Value, raw, text []byte) string {
	if utf8.Valid(raw) {
		return string(text)
	}
	// In another character set only the whole value can be decoded.
	return v.Text()
}

// isCommand reports whether the body of an escape sequence is kept as it is:
// formatting, character sets, hexadecimal data, and local sequences.
func isCommand(body string) bool {
	if body == "H" || body == "N" || body == "" {
		return body != ""
	}
	if len(body) > 128 {
		return false
	}
	switch body[0] {
	case '.':
		return len(body) >= 3 && isWord(body[1:])
	case 'X', 'C', 'M':
		return len(body)%2 == 1 && len(body) > 1 && isHex(body[1:])
	case 'Z':
		return isWord(body[1:])
	}
	return false
}

func isWord(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '<' || c == '&' {
			return false
		}
	}
	return true
}

func isHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// characters appends text, which XML must be able to hold.
func (w *writer) characters(e *etree.Element, text string, v hl7v2.Value) {
	if bad := notXML(text); bad >= 0 {
		w.fail(v.Path(), v.Offset())
		return
	}
	e.CreateText(text)
}

func (w *writer) attr(e *etree.Element, name, text string, offset int) {
	if notXML(text) >= 0 {
		w.fail("", offset)
		return
	}
	e.CreateAttr(name, text)
}

func (w *writer) fail(path string, offset int) {
	if w.err == nil {
		w.err = hl7v2.Issue{Severity: hl7v2.Error, Code: hl7v2.CodeControlCharacter, Path: path, Offset: int64(offset), Clause: "XML encoding", Err: errCharacter}.Locate(w.m.Bytes())
	}
}

// notXML returns the index of the first character that XML 1.0 has no place
// for, or that reading would change, or -1.
func notXML(text string) int {
	for i, r := range text {
		switch {
		case r == utf8.RuneError, r == 0xFFFE, r == 0xFFFF:
			return i
		case r < ' ' && r != '\t' && r != '\n':
			return i
		}
	}
	return -1
}
