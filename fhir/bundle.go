package fhir

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
)

// BundleReader reads a Bundle of any size entry by entry, from JSON or XML.
type BundleReader struct {
	p     *Parser
	entry *Parser // of entries
	in    *window
	s     Stream
	head  []byte // the bundle without its entries
	xml   bool
	scope scope
	err   error
	done  bool
	state bundleState
	after bool // a value came last, not a comma or bracket
	any   bool // the array or object has a value

	arrays  int      // of entries, in JSON
	latest  Property // of the elements before, in XML, the one that comes last by the definition
	entered bool     // an entry has been read, in XML
	between bool     // and another element behind it
	issues  []Issue  // about the entries as a whole
}

// bundleState is where in the bundle the reader is.
type bundleState uint8

const (
	inBundle  bundleState = iota
	inEntries             // within the JSON array of entries
	atEnd                 // behind the bundle
)

// Bundle returns a reader of the entries of a Bundle.
func (p *Parser) Bundle(r io.Reader, s Stream) *BundleReader {
	entry := *p
	entry.c.as = "Bundle.entry"
	return &BundleReader{p: p, entry: &entry, in: newWindow(r, s), s: s}
}

// Entries iterates over the entries, once. The root of each tree is of type
// Bundle.entry, with fullUrl, resource and so on as its children. A bad entry
// is a Record with Err. The error of the iterator ends it: it is of the
// reader, or a *ParseError where the bundle around the entries is broken.
func (b *BundleReader) Entries() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if b.done {
			return
		}
		b.done = true
		started := false
		b.entry.records(b.s, yield, func() (job, error) {
			if !started {
				started = true
				if err := b.start(); err != nil {
					return job{}, b.fail(err)
				}
			}
			j, err := b.next()
			return j, b.fail(err)
		})
	}
}

// fail notes how the stream ended.
func (b *BundleReader) fail(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return err
}

// Head returns the bundle without its entries: type, total, links, signature.
// It is there once all entries have been read. Positions of its findings are
// within the text without entries, of those about the entries as a whole
// offsets in the stream.
func (b *BundleReader) Head() (*Tree, error) {
	switch {
	case b.err != nil:
		return nil, b.err
	case b.state != atEnd:
		return nil, errors.New("fhir: the entries of the bundle have not been read to their end")
	}
	tree, err := b.p.Parse(b.head)
	if err != nil {
		return nil, err
	}
	issues := slices.Clone(b.issues)
	if typ := tree.Root().Type().Name(); typ != "" && typ != "Bundle" {
		issues = append(issues, Issue{Severity: Error, Code: CodeResourceType, Text: "the resource is no Bundle"})
	}
	if len(issues) > 0 && b.p.c.strict {
		tree.Release()
		return nil, &ParseError{issues}
	}
	tree.issues = append(tree.issues, issues...)
	return tree, nil
}

// note records a finding about the entries as a whole.
func (b *BundleReader) note(code Code, at int64, text string) {
	b.noteAt(code, at, "Bundle.entry", text)
}

// noteAt is note for any element of the bundle.
func (b *BundleReader) noteAt(code Code, at int64, path, text string) {
	if len(b.issues) < b.p.c.limits.Issues {
		b.issues = append(b.issues, Issue{Severity: Error, Code: code, Path: path, Offset: at, Text: text})
	}
}

// broken is the error for a bundle that is not well-formed around its entries.
func (b *BundleReader) broken(text string) error {
	if b.in.err != nil && !errors.Is(b.in.err, io.EOF) {
		return b.in.err
	}
	return &ParseError{[]Issue{{Severity: Fatal, Code: CodeSyntax, Path: "Bundle", Offset: b.in.base + int64(b.in.pos), Text: text}}}
}

// peek returns the next byte that is no white space, 0 at the end.
func (b *BundleReader) peek() byte {
	w := b.in
	for {
		for ; w.pos < len(w.buf); w.pos++ {
			if c := w.buf[w.pos]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
				return c
			}
		}
		if !w.more(w.pos) {
			return 0
		}
	}
}

// take consumes a byte that is due.
func (b *BundleReader) take(c byte) error {
	if b.peek() != c {
		return b.broken("a bundle is due: " + string(c) + " is missing")
	}
	b.in.pos++
	return nil
}

// keep adds text to the head.
func (b *BundleReader) keep(data []byte) error {
	if len(b.head)+len(data) > b.in.max {
		return &ParseError{[]Issue{{Severity: Fatal, Code: CodeLimit, Path: "Bundle", Offset: b.in.base + int64(b.in.pos),
			Text: "the bundle without its entries is longer than a record may be"}}}
	}
	b.head = append(b.head, data...)
	return nil
}

// start reads up to the first entry or member.
func (b *BundleReader) start() error {
	switch b.peek() {
	case '<':
		b.xml = true
		return b.startXML()
	case 0xEF:
		b.in.pos++
		if err := b.take(0xBB); err != nil {
			return err
		}
		if err := b.take(0xBF); err != nil {
			return err
		}
		return b.start()
	}
	if err := b.take('{'); err != nil {
		return err
	}
	return b.keep([]byte("{"))
}

// next returns the next entry, or io.EOF behind the end of the bundle.
func (b *BundleReader) next() (job, error) {
	if b.xml {
		return b.nextXML()
	}
	w := b.in
	for {
		if b.state == inEntries {
			switch c := b.peek(); {
			case c == 0:
				return job{}, b.broken("the input ends within the entries")
			case c == ',' && b.after:
				w.pos++
				b.after = false
				continue
			case c == ']' && (b.after || !b.any):
				if !b.any {
					b.note(CodeEmpty, w.base+int64(w.pos), "an empty array")
				}
				w.pos++
				b.state, b.after, b.any = inBundle, true, true
				continue
			case c == ',' || c == ']':
				return job{}, b.broken("an entry is due")
			case b.after:
				return job{}, b.broken("a comma or a closing bracket is due")
			}
			b.after, b.any = true, true
			return b.cut(b.jsonValue)
		}
		switch c := b.peek(); {
		case c == ',' && b.after:
			w.pos++
			b.after = false
			continue
		case c == '}' && (b.after || !b.any):
			w.pos++
			b.head = append(b.head, '}')
			b.state = atEnd
			if b.peek() != 0 {
				return job{}, b.broken("text behind the end of the bundle")
			}
			if w.err != nil && !errors.Is(w.err, io.EOF) {
				return job{}, w.err
			}
			return job{}, io.EOF
		case c == '"' && b.after:
			return job{}, b.broken("a comma or a closing brace is due")
		case c != '"':
			return job{}, b.broken("the name of a member of the bundle is due")
		}
		b.after, b.any = true, true
		key, _, err := b.value(b.jsonValue)
		if err != nil {
			return job{}, err
		}
		isEntry := string(key) == `"entry"`
		if !isEntry {
			if len(b.head) > 1 {
				b.head = append(b.head, ',')
			}
			if err := b.keep(key); err != nil {
				return job{}, err
			}
		}
		if err := b.take(':'); err != nil {
			return job{}, err
		}
		if isEntry && b.peek() == '[' {
			if b.arrays++; b.arrays > 1 {
				b.note(CodeDuplicate, w.base+int64(w.pos), "the member appears twice")
			}
			w.pos++
			b.state, b.after, b.any = inEntries, false, false
			continue
		}
		b.peek()
		value, tooLong, err := b.value(b.jsonValue)
		if err != nil {
			return job{}, err
		}
		if tooLong {
			return job{}, b.keep(make([]byte, w.max+1))
		}
		if isEntry { // not an array: the parser of the head reports it
			value = append([]byte(`"entry":`), value...)
			if len(b.head) > 1 {
				b.head = append(b.head, ',')
			}
		} else if err := b.keep([]byte(":")); err != nil {
			return job{}, err
		}
		if err := b.keep(value); err != nil {
			return job{}, err
		}
	}
}

// cut makes a record of the value that starts here.
func (b *BundleReader) cut(scan func(*scanState, []byte) int) (job, error) {
	w := b.in
	j := job{offset: w.base + int64(w.pos), max: w.max, scope: &b.scope}
	data, tooLong, err := b.value(scan)
	if err != nil {
		return job{}, err
	}
	if j.tooLong = tooLong; !tooLong {
		j.src, j.size = b.entry.pad(data)
	}
	return j, nil
}

// scanState is where a scan for the end of a value stands between chunks.
type scanState struct {
	depth   int
	quote   byte // within a string or an attribute, its quote
	escape  bool // behind a backslash
	scalar  bool // within a number or word
	markup  string
	inTag   bool
	closing bool   // within an end tag
	slash   bool   // the byte before was a slash
	text    []byte // the first bytes of the tag
	tail    []byte // the last bytes of a comment or the like
}

// value returns the bytes of the value that starts here, whose end scan
// finds. The data is valid until the next call. A value beyond the limit is
// passed over without its data.
func (b *BundleReader) value(scan func(*scanState, []byte) int) (data []byte, tooLong bool, err error) {
	var st scanState
	data, tooLong, found := b.in.until(func(chunk []byte) int { return scan(&st, chunk) })
	if !found {
		return nil, false, b.broken("the input ends within a value")
	}
	return data, tooLong, nil
}

// jsonValue returns the end of a JSON value in a chunk, -1 if it goes on.
func (b *BundleReader) jsonValue(st *scanState, chunk []byte) int {
	for i := 0; i < len(chunk); i++ {
		c := chunk[i]
		switch {
		case st.escape:
			st.escape = false
		case st.quote != 0:
			if k := bytes.IndexAny(chunk[i:], `"\`); k < 0 {
				return -1
			} else if i += k; chunk[i] == '\\' {
				st.escape = true
				continue
			}
			st.quote = 0
			if st.depth == 0 {
				return i + 1
			}
		case c == '"':
			st.quote = c
		case c == '{' || c == '[':
			st.depth++
		case c == '}' || c == ']':
			if st.depth == 0 {
				return i // the end of what surrounds a scalar
			}
			if st.depth--; st.depth == 0 {
				return i + 1
			}
		case st.depth == 0 && (c == ',' || c <= ' ' || c == ':'):
			if st.scalar {
				return i
			}
			return i + 1 // no value: the parser reports it
		default:
			st.scalar = true
		}
	}
	return -1
}

// startXML reads the start tag of the bundle and its namespaces.
func (b *BundleReader) startXML() error {
	for {
		if b.peek() != '<' {
			return b.broken("an element is due")
		}
		data, tooLong, err := b.value(b.xmlTag)
		if err != nil {
			return err
		}
		if tooLong {
			return b.keep(make([]byte, b.in.max+1))
		}
		if bytes.HasPrefix(data, []byte("<!--")) {
			continue
		}
		if data[1] == '?' { // the parser of the head checks it
			if err := b.keep(data); err != nil {
				return err
			}
			continue
		}
		if data[1] == '!' {
			return b.broken("a document type declaration")
		}
		if err := b.keep(data); err != nil {
			return err
		}
		src, size := b.p.pad(data)
		t := newTree(b.p.c.defs)
		defer t.Release()
		t.src, t.size = src, size
		r := reader{Tree: t, c: &b.p.c, t: &b.p.c.defs.t, s: src, n: size}
		tag := r.startTag(0)
		if r.fatal {
			return b.broken(r.issues[0].Text)
		}
		if tag.closed {
			b.state = atEnd
			return io.EOF
		}
		b.scope = scope{defaultNS: r.defaultNS, bindings: append([]binding(nil), t.work.bindings...)}
		return nil
	}
}

// nextXML returns the next entry of an XML bundle.
func (b *BundleReader) nextXML() (job, error) {
	w := b.in
	for {
		c := b.peek()
		if c != '<' {
			if c == 0 {
				return job{}, b.broken("the input ends within the bundle")
			}
			// Character data: the parser of the head reports it.
			if err := b.keep(w.buf[w.pos : w.pos+1]); err != nil {
				return job{}, err
			}
			w.pos++
			continue
		}
		for len(w.buf)-w.pos < maxTagName && w.more(w.pos) {
		}
		ahead := w.buf[w.pos:]
		switch {
		case bytes.HasPrefix(ahead, []byte("</")):
			data, _, err := b.value(b.xmlTag)
			if err != nil {
				return job{}, err
			}
			if err := b.keep(data); err != nil {
				return job{}, err
			}
			b.state = atEnd
			for b.peek() == '<' && bytes.HasPrefix(w.buf[w.pos:], []byte("<!--")) {
				if _, _, err := b.value(b.xmlTag); err != nil {
					return job{}, err
				}
			}
			if b.peek() != 0 {
				return job{}, b.broken("text behind the end of the bundle")
			}
			if w.err != nil && !errors.Is(w.err, io.EOF) {
				return job{}, w.err
			}
			return job{}, io.EOF
		case bytes.HasPrefix(ahead, []byte("<!")) || bytes.HasPrefix(ahead, []byte("<?")):
			data, _, err := b.value(b.xmlTag)
			if err != nil {
				return job{}, err
			}
			if !bytes.HasPrefix(data, []byte("<!--")) {
				if err := b.keep(data); err != nil {
					return job{}, err
				}
			}
			continue
		case localName(ahead) == "entry":
			b.order("entry")
			return b.cut(b.xmlElement)
		}
		b.order(localName(ahead))
		data, tooLong, err := b.value(b.xmlElement)
		if err != nil {
			return job{}, err
		}
		if tooLong {
			data = make([]byte, w.max+1)
		}
		if err := b.keep(data); err != nil {
			return job{}, err
		}
	}
}

// maxTagName is how far the reader looks ahead for the name of an element.
const maxTagName = 256

// localName returns the name of an element at its start tag, without a prefix.
func localName(tag []byte) string {
	name := tag[1:min(len(tag), maxTagName)]
	if k := bytes.IndexFunc(name, func(r rune) bool { return r < 0x80 && isNameEnd(byte(r)) }); k >= 0 {
		name = name[:k]
	}
	full := string(name)
	if _, local, ok := strings.Cut(full, ":"); ok {
		return local
	}
	return full
}

// order reports an element, of those directly in the bundle, that does not
// stand where it should with regard to the entries. The parser of the head
// sees the others only.
func (b *BundleReader) order(name string) {
	t, _ := b.p.c.defs.Type("Bundle")
	p, ok := t.Property(name)
	if !ok {
		return
	}
	at := b.in.base + int64(b.in.pos)
	if name != "entry" {
		entry, _ := t.Property("entry")
		again := p == b.latest
		switch {
		case !b.entered || !b.latest.IsZero() && p.Ordinal() < b.latest.Ordinal():
		case again && !b.between && p.IsList():
			b.noteAt(CodeOrder, at, "Bundle."+name, "repetitions of an element with another between them")
		case !again && p.Ordinal() < entry.Ordinal():
			b.noteAt(CodeOrder, at, "Bundle."+name, "the element stands behind one that it comes before")
		}
		b.between = b.entered
		if b.latest.IsZero() || p.Ordinal() > b.latest.Ordinal() {
			b.latest = p
		}
		return
	}
	switch {
	case b.between:
		b.note(CodeOrder, at, "repetitions of an element with another between them")
	case !b.entered && !b.latest.IsZero() && b.latest.Ordinal() > p.Ordinal():
		b.note(CodeOrder, at, "the element stands behind one that it comes before")
	}
	b.entered, b.between = true, false
}

// xmlTag returns the end of a tag, comment, processing instruction or CDATA
// section in a chunk, -1 if it goes on.
func (b *BundleReader) xmlTag(st *scanState, chunk []byte) int {
	for i, c := range chunk {
		if st.tagByte(c) {
			return i + 1
		}
	}
	return -1
}

// xmlElement returns the end of an element in a chunk, -1 if it goes on.
func (b *BundleReader) xmlElement(st *scanState, chunk []byte) int {
	for i := 0; i < len(chunk); i++ {
		c := chunk[i]
		if !st.inTag && c != '<' {
			k := bytes.IndexByte(chunk[i:], '<')
			if k < 0 {
				return -1
			}
			i += k
			c = '<'
		}
		if !st.tagByte(c) {
			continue
		}
		switch {
		case st.markup != "":
			st.markup = ""
		case st.closing:
			st.depth--
		case !st.slash:
			st.depth++
		}
		st.closing, st.slash = false, false
		if st.depth <= 0 {
			return i + 1
		}
	}
	return -1
}

// tagByte takes the next byte of a tag and reports whether it was the last.
func (st *scanState) tagByte(c byte) bool {
	if !st.inTag {
		if c == '<' {
			st.inTag = true
			st.text = st.text[:0]
		}
		return false
	}
	// The first bytes tell what it is.
	if len(st.text) < 8 {
		st.text = append(st.text, c)
		switch head := string(st.text); {
		case head == "?":
			st.markup = "?>"
		case head == "!--":
			st.markup = "-->"
			return false // the hyphens of the start are not those of the end
		case head == "![CDATA[":
			st.markup = "]]>"
		case head == "/":
			st.closing = true
		}
	}
	if st.markup != "" {
		return st.markupByte(c)
	}
	switch {
	case st.quote != 0:
		if c == st.quote {
			st.quote = 0
		}
	case c == '"' || c == '\'':
		st.quote = c
		st.slash = false
	case c == '>':
		st.inTag = false
		return true
	default:
		st.slash = c == '/'
	}
	return false
}

// markupByte takes the next byte of a comment or the like.
func (st *scanState) markupByte(c byte) bool {
	st.tail = append(st.tail, c)
	if n := len(st.markup); len(st.tail) > n {
		st.tail = append(st.tail[:0], st.tail[len(st.tail)-n:]...)
	}
	if string(st.tail) == st.markup {
		st.inTag = false
		st.tail = st.tail[:0]
		return true
	}
	return false
}
