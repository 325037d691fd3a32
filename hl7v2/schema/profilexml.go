package schema

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/beevik/etree"
)

var (
	errDocumentType = errors.New("a document type is not allowed")
	errElements     = errors.New("more elements or values than the limit")
	errDepth        = errors.New("elements or values are deeper in each other than the limit")
)

// readXML reads a profile in the XML of HL7 (HL7v2xConformanceProfile).
func (b *profileBuilder) readXML(body []byte, base int, p ProfileParser) *profileNode {
	offsets, ok := b.elementOffsets(body, base, p)
	if !ok {
		return nil
	}
	doc := etree.NewDocument()
	doc.ReadSettings.CharsetReader = asDecoded
	if err := doc.ReadFromBytes(body); err != nil || doc.Root() == nil {
		b.syntax(base, "", fmt.Errorf("not XML: %w", err))
		return nil
	}
	r := xmlProfile{b: b, offsets: offsets}
	root := doc.Root()
	if root.Tag != "HL7v2xConformanceProfile" {
		b.syntax(r.next(), "", fmt.Errorf("the root element is not HL7v2xConformanceProfile"))
		return nil
	}
	return r.element(root, profileKind)
}

// asDecoded lets readers of XML take what the declaration says as done.
func asDecoded(_ string, r io.Reader) (io.Reader, error) { return r, nil }

// elementOffsets returns where the elements begin, in the order of the
// document. It goes first, so that nothing larger than the limits is built.
func (b *profileBuilder) elementOffsets(body []byte, base int, p ProfileParser) ([]int, bool) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = asDecoded
	var offsets []int
	depth := 0
	for {
		at := base + int(d.InputOffset())
		t, err := d.Token()
		if err == io.EOF {
			if len(offsets) == 0 {
				b.syntax(base, "", errNoProfile)
			}
			return offsets, len(offsets) > 0
		}
		if err != nil {
			b.syntax(base+int(d.InputOffset()), "", fmt.Errorf("not XML: %w", err))
			return nil, false
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > limited(p.Depth, 64) {
				b.syntax(at, "", errDepth)
				return nil, false
			}
			if offsets = append(offsets, at); len(offsets) > limited(p.Elements, 1_000_000) {
				b.syntax(at, "", errElements)
				return nil, false
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			if bytes.HasPrefix(bytes.ToUpper(bytes.TrimSpace(t)), []byte("DOCTYPE")) {
				b.syntax(at, "", errDocumentType)
				return nil, false
			}
		}
	}
}

// xmlProfile turns elements into nodes.
type xmlProfile struct {
	b       *profileBuilder
	offsets []int // of the elements that have not been visited
}

func (r *xmlProfile) next() int {
	at := r.offsets[0]
	r.offsets = r.offsets[1:]
	return at
}

// xmlAttributes names, for each kind, the attributes of the XML and those of
// nodes, which are the keys of the JSON.
func xmlAttributes(kind nodeKind) []string {
	const element = "Name name Usage usage Datatype type DataType type Length maxLength MinLength minLength MaxLength maxLength Table table ConstantValue constant "
	switch kind {
	case profileKind:
		return strings.Fields("HL7Version hl7Version ProfileType kind Identifier identifier")
	case messageKind:
		return strings.Fields("MsgType type EventType event MsgStructID structure OrderControl orderControl EventDesc description Identifier identifier Role role")
	case segmentKind:
		return strings.Fields("Name segment LongName name Usage usage Min min Max max")
	case groupKind:
		return strings.Fields("Name group LongName name Usage usage Min min Max max")
	case fieldKind:
		return strings.Fields(element + "Min min Max max ItemNo item")
	case componentKind, subcomponentKind:
		return strings.Fields(element)
	case tableKind:
		return strings.Fields("id id name name")
	case codeKind:
		return strings.Fields("code code description display displayName display")
	case dynamicKind:
		return strings.Fields("AccAck accept AppAck application MsgAckMode mode")
	}
	return nil
}

// element turns one element into a node.
func (r *xmlProfile) element(e *etree.Element, kind nodeKind) *profileNode {
	n := &profileNode{kind: kind, at: r.next()}
	r.attributes(n, e, n.at, xmlAttributes(kind))
	for _, c := range e.ChildElements() {
		r.child(n, c)
	}
	n.join()
	return n
}

// attributes adds what an element says in attributes.
func (r *xmlProfile) attributes(n *profileNode, e *etree.Element, at int, names []string) {
	for _, a := range e.Attr {
		value := strings.TrimSpace(a.Value)
		if a.Key == "ConstantValue" {
			value = a.Value
		}
		if a.Space != "" || a.Key == "xmlns" || value == "" {
			continue
		}
		for i := 0; i < len(names); i += 2 {
			if names[i] == a.Key {
				if _, twice := n.get(names[i+1]); !twice {
					n.attrs = append(n.attrs, profileAttr{names[i+1], value, r.attributeAt(at, a.Key)})
				}
			}
		}
	}
}

// attributeAt finds an attribute in the start tag at an offset.
func (r *xmlProfile) attributeAt(at int, key string) int {
	data := r.b.data[at:]
	quote := byte(0)
	for i := 1; i < len(data); i++ {
		switch c := data[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return at
		case bytes.HasPrefix(data[i:], []byte(key)) && strings.IndexByte(" \t\r\n", data[i-1]) >= 0 &&
			i+len(key) < len(data) && strings.IndexByte(" \t\r\n=", data[i+len(key)]) >= 0:
			return at + i
		}
	}
	return at
}

// child adds a child element to a node.
func (r *xmlProfile) child(n *profileNode, e *etree.Element) {
	structural := n.kind == messageKind || n.kind == groupKind
	elements := n.kind == fieldKind || n.kind == componentKind || n.kind == subcomponentKind
	switch tag := e.Tag; {
	case n.kind == profileKind && (tag == "HL7v2xStaticDef" || tag == "StaticDef"):
		n.children = append(n.children, r.element(e, messageKind))
	case n.kind == profileKind && tag == "DynamicDef":
		n.children = append(n.children, r.element(e, dynamicKind))
	case tag == "MetaData" && n.kind == profileKind:
		at := r.next()
		r.attributes(n, e, at, strings.Fields("Name name OrgName organisation Version version Status status Topics topics"))
		r.ignore(e.ChildElements())
	case tag == "Encodings" && n.kind == profileKind:
		r.next()
		for _, c := range e.ChildElements() {
			at := r.next()
			if text := strings.TrimSpace(c.Text()); c.Tag == "Encoding" && text != "" {
				n.attrs = append(n.attrs, profileAttr{"encodings", text, at})
			}
			r.ignore(c.ChildElements())
		}
	case tag == "hl7tables" && n.kind == profileKind:
		r.next()
		for _, c := range e.ChildElements() {
			if c.Tag == "hl7table" {
				n.children = append(n.children, r.element(c, tableKind))
			} else {
				r.unknown(n, c)
			}
		}
	case tag == "tableElement" && n.kind == tableKind:
		n.children = append(n.children, r.element(e, codeKind))
	case structural && tag == "SegGroup":
		n.children = append(n.children, r.element(e, groupKind))
	case structural && tag == "Segment":
		n.children = append(n.children, r.element(e, segmentKind))
	case n.kind == segmentKind && tag == "Field":
		n.children = append(n.children, r.element(e, fieldKind))
	case n.kind == fieldKind && tag == "Component":
		n.children = append(n.children, r.element(e, componentKind))
	case n.kind == componentKind && tag == "SubComponent":
		n.children = append(n.children, r.element(e, subcomponentKind))
	case tag == "ImpNote":
		r.text(n, e, "note")
	case tag == "Description" && n.kind != profileKind && n.kind != messageKind:
		r.text(n, e, "description")
	case tag == "Reference":
		r.text(n, e, "reference")
	case tag == "Predicate":
		r.text(n, e, "predicate")
	case tag == "DataValues" && elements:
		at := r.next()
		for _, a := range e.Attr {
			if a.Key == "ExValue" && a.Value != "" {
				n.attrs = append(n.attrs, profileAttr{"examples", a.Value, at})
			}
		}
		r.ignore(e.ChildElements())
	case tag == "UseCase" || tag == "MetaData":
		r.ignore([]*etree.Element{e})
	default:
		r.unknown(n, e)
	}
}

// unknown skips an element that has no meaning here.
func (r *xmlProfile) unknown(n *profileNode, e *etree.Element) {
	r.b.warn(CodeProfileSyntax, r.offsets[0], "", "an element has no meaning in a %s and is left out", nodeKindNames[n.kind])
	r.ignore([]*etree.Element{e})
}

// ignore goes past elements and all that is in them.
func (r *xmlProfile) ignore(elements []*etree.Element) {
	for _, e := range elements {
		r.next()
		r.ignore(e.ChildElements())
	}
}

// text adds the text of an element to those that are to be an attribute.
func (r *xmlProfile) text(n *profileNode, e *etree.Element, name string) {
	at := r.next()
	r.ignore(e.ChildElements())
	text := strings.Join(strings.Fields(e.Text()), " ")
	if text != "" {
		n.texts = append(n.texts, profileAttr{name, text, at})
	}
}

// join makes attributes of the texts of elements. Those of several elements
// with one name, which XML allows, are put together.
func (n *profileNode) join() {
	for _, name := range [...]string{"note", "description", "reference", "predicate"} {
		var all []string
		at := 0
		for _, t := range n.texts {
			if t.name != name {
				continue
			}
			if all == nil {
				at = t.at
			}
			all = append(all, t.value)
		}
		if all != nil {
			n.attrs = append(n.attrs, profileAttr{name, strings.Join(all, "\n"), at})
		}
	}
	n.texts = nil
}
