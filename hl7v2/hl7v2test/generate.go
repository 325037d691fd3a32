package hl7v2test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
	"github.com/nhskit/nhskit/nhsnumber"
	"pgregory.net/rapid"
)

// ADT draws a message about the admission, discharge, transfer, merge or
// change of a patient, of version 2.4 as UK senders use it.
func ADT() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		event := rapid.SampledFrom([]string{"A01", "A02", "A03", "A04", "A05", "A08", "A11", "A13", "A28", "A31", "A40"}).Draw(t, "event")
		return draw(t, "2.4", "ADT", event)
	})
}

// ORU draws a message with results, of version 2.5.1.
func ORU() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte { return draw(t, "2.5.1", "ORU", "R01") })
}

// Message draws a message of a type and trigger event by the facts of a
// version: segments and groups as its structure allows, required fields and
// some of the others, values of their data types, codes of their tables. It
// panics if the version does not know the message.
func Message(version, messageType, event string) *rapid.Generator[[]byte] {
	v, ok := schema.Lookup(version)
	if !ok {
		panic("hl7v2test: no version " + version)
	}
	if _, ok := v.StructureOf(messageType, event); !ok {
		panic("hl7v2test: no structure for " + messageType + "^" + event + " in " + version)
	}
	return rapid.Custom(func(t *rapid.T) []byte { return draw(t, version, messageType, event) })
}

// draw makes one message.
func draw(t *rapid.T, version, messageType, event string) []byte {
	v, _ := schema.Lookup(version)
	id, _ := v.StructureOf(messageType, event)
	root, _ := v.Structure(id)
	g := &drawer{t: t, v: v, d: hl7v2.Standard(), messageType: messageType, event: event, structure: id, counts: make(map[string]int)}
	g.node(root)
	return g.out
}

// drawer builds one message.
type drawer struct {
	t                             *rapid.T
	v                             schema.Version
	d                             hl7v2.Delimiters
	messageType, event, structure string
	counts                        map[string]int // segments by id, for set ids
	out                           []byte
}

// few draws how often something occurs.
func (g *drawer) few(least, most int, what string) int {
	if most == 0 || most > least+2 {
		most = least + 2
	}
	return rapid.IntRange(least, max(least, most)).Draw(g.t, what)
}

// node appends what stands below a node of the structure.
func (g *drawer) node(n schema.Node) {
	if n.Kind() == schema.ChoiceNode {
		var alternatives []schema.Node
		for c := range n.Children() {
			alternatives = append(alternatives, c)
		}
		i := rapid.IntRange(0, len(alternatives)-1).Draw(g.t, "alternative")
		g.one(alternatives[i])
		return
	}
	for c := range n.Children() {
		for range g.few(c.Min(), c.Max(), c.Name()) {
			g.one(c)
		}
	}
}

func (g *drawer) one(n schema.Node) {
	if n.Kind() != schema.SegmentNode {
		g.node(n)
		return
	}
	if s, ok := g.v.Segment(n.Name()); ok {
		g.segment(s)
	}
}

// segment appends a segment.
func (g *drawer) segment(s schema.Segment) {
	g.counts[s.ID()]++
	g.out = append(g.out, s.ID()...)
	first := 1
	if s.ID() == "MSH" {
		g.out = append(append(g.out, '|'), g.d.Encoding()...)
		first = 3
	}
	valueType := ""
	for n := first; n <= s.NumFields(); n++ {
		g.out = append(g.out, '|')
		e, ok := s.Field(n)
		if !ok || e.Usage() == schema.Withdrawn {
			continue
		}
		if text, ok := g.fixed(s.ID(), n, &valueType); ok {
			g.out = append(g.out, text...)
			continue
		}
		wanted := e.Usage() == schema.Required || rapid.IntRange(0, 3).Draw(g.t, "given") == 0
		if !wanted || e.Type() == "Varies" {
			continue
		}
		for r := range max(1, g.few(1, e.Max(), "repetitions")) {
			if r > 0 {
				g.out = append(g.out, '~')
			}
			g.out = append(g.out, g.value(e.Type(), e.Table(), e.Length(), 0)...)
		}
	}
	for g.out[len(g.out)-1] == '|' {
		g.out = g.out[:len(g.out)-1]
	}
	g.out = append(g.out, '\r')
}

// fixed is the text of fields that depend on others.
func (g *drawer) fixed(segment string, n int, valueType *string) (text string, ok bool) {
	switch fmt.Sprint(segment, "-", n) {
	case "MSH-7":
		return g.date() + "093105", true
	case "MSH-8", "MSH-14", "MSH-18", "MSH-19", "MSH-20", "MSH-21":
		return "", true
	case "MSH-9":
		return g.messageType + "^" + g.event + "^" + g.structure, true
	case "MSH-10":
		return strconv.Itoa(rapid.IntRange(1, 1_000_000).Draw(g.t, "control id")), true
	case "MSH-11":
		return "P", true
	case "MSH-12":
		return g.v.String(), true
	case "PID-3":
		return g.nhsNumber() + "^^^NHS^NH", true
	case "OBX-2":
		*valueType = rapid.SampledFrom([]string{"NM", "ST", "CE", "TS", "FT"}).Draw(g.t, "value type")
		if g.v.String() >= "2.6" {
			*valueType = "NM"
		}
		return *valueType, true
	case "OBX-5":
		return g.value(*valueType, 0, 0, 0), true
	case "OBX-11":
		return "F", true
	}
	if n == 1 && setIDs[segment] {
		return strconv.Itoa(min(g.counts[segment], 9999)), true
	}
	return "", false
}

// setIDs are the segments whose first field counts them.
var setIDs = map[string]bool{"PID": true, "NK1": true, "PV1": true, "AL1": true, "DG1": true, "PR1": true, "OBR": true, "OBX": true, "NTE": true, "GT1": true, "IN1": true, "SPM": true, "TQ1": true, "DB1": true, "IAM": true}

// nhsNumber draws a number of the 999 range.
func (g *drawer) nhsNumber() string {
	for i := rapid.IntRange(0, 999_999).Draw(g.t, "NHS number"); ; i = (i + 1) % 1_000_000 {
		nine := uint32(999_000_000 + i)
		if c, ok := nhsnumber.CheckDigit(nine); ok {
			return fmt.Sprintf("%d%d", nine, c)
		}
	}
}

func (g *drawer) date() string {
	return fmt.Sprintf("%04d%02d%02d", rapid.IntRange(1930, 2026).Draw(g.t, "year"), rapid.IntRange(1, 12).Draw(g.t, "month"), rapid.IntRange(1, 28).Draw(g.t, "day"))
}

func (g *drawer) pick(list ...string) string { return rapid.SampledFrom(list).Draw(g.t, "text") }

// value draws a value of a data type as it stands in a message. depth counts
// composites within each other.
func (g *drawer) value(typ string, table, length, depth int) string {
	if text, ok := g.person(typ, depth); ok {
		return text
	}
	def, ok := g.v.DataType(typ)
	if !ok || def.NumComponents() == 0 || typ == "TS" || depth > 1 {
		return g.primitive(typ, table, length)
	}
	var parts []string
	for n := 1; n <= def.NumComponents(); n++ {
		e, _ := def.Component(n)
		part := ""
		if n == 1 || e.Usage() == schema.Required || rapid.IntRange(0, 4).Draw(g.t, "component given") == 0 {
			t := 0
			if n == 1 {
				t = table
			}
			if e.Table() != 0 {
				t = e.Table()
			}
			part = g.value(e.Type(), t, e.Length(), depth+1)
		}
		parts = append(parts, part)
	}
	delimiter := "^"
	if depth > 0 {
		delimiter = "&"
	}
	return strings.TrimRight(strings.Join(parts, delimiter), delimiter)
}

// person draws the parts of which people are made up.
func (g *drawer) person(typ string, depth int) (text string, ok bool) {
	if depth > 0 {
		return "", false
	}
	switch typ {
	case "XPN", "PN":
		return g.pick("ABARA", "BANERJEE", "O'SHEA", "PELLOW", "QUILL", "THISTLEWOOD") + "^" + g.pick("EDNA", "JAMES", "MEERA", "NGOZI", "ZOË"), true
	case "XAD", "AD":
		return g.pick("7 TANNERY LANE", "4 CHAPEL STREET", "1 THE GREEN") + "^^DUNMERE^^" + g.pick("DT99 4QX", "DT99 2CD"), true
	case "XTN", "TN":
		return g.pick("01632 960417", "+441632960417", "07700900418"), true
	}
	return "", false
}

// primitive draws an innermost value.
func (g *drawer) primitive(typ string, table, length int) string {
	if t, ok := g.v.Table(table); ok && t.Len() > 0 {
		var codes []string
		for code := range t.Codes() {
			if code != "" && (length == 0 || len(code) <= length) && !strings.ContainsAny(code, "…. ") {
				codes = append(codes, code)
			}
		}
		if len(codes) > 0 {
			return string(g.d.EscapeText([]byte(g.pick(codes...))))
		}
	}
	text := ""
	switch typ {
	case "NM":
		text = strconv.Itoa(rapid.IntRange(0, 9).Draw(g.t, "number"))
	case "SI":
		text = "1"
	case "DT":
		return g.date()
	case "TS", "DTM":
		return g.date() + g.pick("", "0931", "093105")
	case "TM":
		return g.pick("0931", "093105")
	case "ID", "IS":
		text = g.pick("A", "B")
	default:
		text = g.pick("X1", "RXQ", "serum", "see note", "a|b^c", "Ward 3 & Bay 1")
	}
	if length > 0 && len(text) > length {
		text = text[:length]
	}
	return string(g.d.EscapeText([]byte(text)))
}
