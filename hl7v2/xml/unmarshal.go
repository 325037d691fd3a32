package xml

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/beevik/etree"
	"github.com/nhskit/nhskit/hl7v2"
)

// Causes of refusal.
var (
	// ErrDocumentType is the cause of the error for a document type, which
	// could define entities.
	ErrDocumentType = errors.New("a document type is not allowed")
	// ErrSyntax is the cause of the error for what is no XML, or not the XML
	// encoding of a message.
	ErrSyntax = errors.New("not the XML encoding of a message")
	// ErrLimit is the cause of the error for a document that is too large.
	ErrLimit = errors.New("larger than 64 MiB")

	errCharacter = errors.New("a character that XML cannot hold")
)

// maxBytes limits the size of a document.
const maxBytes = 64 << 20

// maxNumber limits the numbers in the names of elements.
const maxNumber = 4096

// Unmarshal reads the XML encoding of a message. Only the numbers of fields
// and components count, so that it reads what other versions and local
// extensions name otherwise. Elements may be in any namespace.
func Unmarshal(data []byte) (*hl7v2.Message, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("xml: %w", ErrLimit)
	}
	if i := bytes.Index(bytes.ToUpper(data[:min(len(data), 4096)]), []byte("<!DOCTYPE")); i >= 0 {
		return nil, fmt.Errorf("xml: byte %d: %w", i, ErrDocumentType)
	}
	doc := etree.NewDocument()
	doc.ReadSettings.Permissive = false
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("xml: %w: %w", ErrSyntax, err)
	}
	for _, t := range doc.Child {
		if d, ok := t.(*etree.Directive); ok && strings.HasPrefix(strings.ToUpper(strings.TrimSpace(d.Data)), "DOCTYPE") {
			return nil, fmt.Errorf("xml: %w", ErrDocumentType)
		}
	}
	root := doc.Root()
	if root == nil {
		return nil, fmt.Errorf("xml: %w: no element", ErrSyntax)
	}
	r := reader{d: hl7v2.Standard()}
	r.group(root)
	if r.err != nil {
		return nil, r.err
	}
	r.declareUTF8()
	m, err := hl7v2.Parse(r.out)
	if err != nil {
		return nil, fmt.Errorf("xml: %w: %w", ErrSyntax, err)
	}
	return m, nil
}

// reader writes a message from elements.
type reader struct {
	d        hl7v2.Delimiters
	out      []byte
	err      error
	nonASCII bool
}

func (r *reader) fail(e *etree.Element, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("xml: %s: %w: %s", e.GetPath(), ErrSyntax, fmt.Sprintf(format, args...))
	}
}

// group reads segments and the groups around them.
func (r *reader) group(e *etree.Element) {
	for _, c := range e.ChildElements() {
		switch {
		case c.Tag == unknown:
			r.segment(c, c.SelectAttrValue("id", ""))
		case isSegmentName(c.Tag):
			r.segment(c, c.Tag)
		default:
			r.group(c)
		}
	}
}

// segment appends a segment.
func (r *reader) segment(e *etree.Element, id string) {
	r.out = append(r.out, id...)
	header := id == "MSH" || id == "FHS" || id == "BHS"
	at := 0 // number of the field that has been written last
	if header {
		if !r.delimiters(e, id) {
			return
		}
		r.out = append(append(r.out, r.d.Field), r.d.Encoding()...)
		at = 2
	}
	for _, f := range e.ChildElements() {
		n, ok := number(f.Tag)
		if !ok {
			r.fail(f, "a field is named after its number")
			return
		}
		switch {
		case header && n <= 2:
			continue
		case n < at:
			r.fail(f, "fields are out of order")
			return
		case n == at:
			r.out = append(r.out, r.d.Repetition)
		}
		for ; at < n; at++ {
			r.out = append(r.out, r.d.Field)
		}
		r.value(f, 0)
	}
	r.out = append(r.out, '\r')
}

// delimiters reads MSH.1 and MSH.2.
func (r *reader) delimiters(e *etree.Element, id string) bool {
	separator, encoding := "|", `^~\&`
	for _, f := range e.ChildElements() {
		switch f.Tag {
		case id + ".1":
			separator = f.Text()
		case id + ".2":
			encoding = f.Text()
		}
	}
	probe := fmt.Sprintf("MSH%s%s%s", separator, encoding, separator)
	h, err := hl7v2.ReadHeader([]byte(probe))
	if err != nil || len(separator) != 1 {
		r.fail(e, "unusable delimiters")
		return false
	}
	r.d = h.Delimiters()
	return true
}

// number returns the number behind the last point of a name.
func number(name string) (int, bool) {
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '.')+1:])
	return n, err == nil && n > 0 && n <= maxNumber && strings.Contains(name, ".")
}

// value appends a repetition, component or subcomponent.
func (r *reader) value(e *etree.Element, depth int) {
	parts := e.ChildElements()
	split := false
	for _, p := range parts {
		split = split || p.Tag != "escape"
	}
	if !split {
		r.text(e)
		return
	}
	if depth == 2 {
		r.fail(e, "parts of a subcomponent")
		return
	}
	delimiter := r.d.Component
	if depth == 1 {
		delimiter = r.d.Subcomponent
	}
	at := 1
	for _, p := range parts {
		n, ok := number(p.Tag)
		if !ok || n < at {
			r.fail(p, "a component is named after its number, in order")
			return
		}
		for ; at < n; at++ {
			r.out = append(r.out, delimiter)
		}
		r.value(p, depth+1)
	}
}

// text appends an innermost value.
func (r *reader) text(e *etree.Element) {
	for _, t := range e.Child {
		switch t := t.(type) {
		case *etree.CharData:
			if len(e.Child) == 1 && t.Data == `""` {
				r.out = append(r.out, `""`...)
				return
			}
			for _, c := range []byte(t.Data) {
				r.nonASCII = r.nonASCII || c >= 0x80
			}
			r.out = r.d.AppendEscaped(r.out, []byte(t.Data))
		case *etree.Element:
			body := t.SelectAttrValue("V", "")
			if !isCommand(body) {
				r.fail(t, "not an escape sequence")
				return
			}
			r.out = append(append(append(r.out, r.d.Escape), body...), r.d.Escape)
		}
	}
}

// declareUTF8 puts UTF-8 into MSH-18 where text needs it and something else is
// declared.
func (r *reader) declareUTF8() {
	if !r.nonASCII {
		return
	}
	m, err := hl7v2.Parse(bytes.Clone(r.out))
	if err != nil {
		return
	}
	declared, _ := m.Get("MSH-18")
	if name := declared.Text(); name == "" || strings.Contains(strings.ToUpper(name), "UTF-8") || strings.EqualFold(name, "UNICODE") {
		return
	}
	if m.SetRaw("MSH-18", []byte("UNICODE UTF-8")) == nil {
		r.out = m.Bytes()
	}
}
