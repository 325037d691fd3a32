package fhir

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// Parser reads resources with one set of options. It is immutable and safe
// for concurrent use.
type Parser struct{ c config }

// NewParser returns a parser. Without options it reads R4, as JSON or XML,
// leniently.
func NewParser(options ...Option) *Parser {
	p := &Parser{}
	for _, o := range options {
		o(&p.c)
	}
	if p.c.defs == nil {
		p.c.defs = R4()
	}
	p.c.limits = p.c.limits.withDefaults()
	return p
}

// Parse reads one resource with the given options. See Parser.Parse.
func Parse(data []byte, options ...Option) (*Tree, error) {
	return NewParser(options...).Parse(data)
}

// Parse reads one resource, from JSON or XML. It copies data.
//
// The error is a *ParseError. It is nil where the input could be read; what
// contradicts the definitions is then in the tree's Issues. With Strict any
// finding of severity Error is an error too. There is no tree with an error.
func (p *Parser) Parse(data []byte) (*Tree, error) {
	src, size := p.pad(data)
	return p.parse(src, size, nil)
}

// pad copies an input and appends zero bytes, which let the scanners read
// words, and stop, without looking at the length first. Of an input beyond
// the limit it copies nothing.
func (p *Parser) pad(data []byte) (src string, size int) {
	var b strings.Builder
	if len(data) <= p.c.limits.Size {
		b.Grow(len(data) + padding)
		b.Write(data)
		b.WriteString(zeros)
	}
	return b.String(), len(data)
}

// parse reads a padded input. An XML fragment brings the namespaces that its
// surroundings declare.
func (p *Parser) parse(src string, size int, scope *scope) (*Tree, error) {
	t := newTree(p.c.defs)
	t.src, t.size = src, size
	r := reader{Tree: t, c: &p.c, t: &p.c.defs.t, s: t.src, n: size}
	if scope != nil {
		r.defaultNS = scope.defaultNS
		t.work.bindings = append(t.work.bindings, scope.bindings...)
	}
	r.run()
	if t.scattered && !r.fatal {
		t.regroup()
	}
	if len(t.apart) > 1 {
		slices.SortFunc(t.apart, func(a, b apart) int { return cmp.Compare(a.node, b.node) })
	}
	issues := r.finish()
	if r.fatal || p.c.strict && r.errors > 0 {
		t.Release()
		return nil, &ParseError{issues}
	}
	return t, nil
}

// scope is the namespaces that hold where an XML fragment stands.
type scope struct {
	defaultNS namespace
	bindings  []binding
}

// zeros is what is behind an input; padding is its length.
const (
	zeros   = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	padding = 16
)

// reader is the state of one parse, shared by the JSON and XML scanners.
type reader struct {
	*Tree
	c      *config
	t      *facts.Table
	s      string // padded
	n      int    // length of the input
	depth  int
	fatal  bool
	errors int // findings of severity Error or Fatal
	capped bool

	defaultNS namespace          // of XML elements without a prefix
	outside   int                // bindings that are declared around the narrative that is being read
	borrowed  []int              // of these, the ones that it uses
	runs      map[[2]uint32]run  // by parent and property, of those that are scattered
	have      map[[2]uint32]bool // what hasProp found before
	found     [2]uint32          // parent and property that hasProp found last
	unknown   map[string]uint16  // ids of unknown names, once there are many
	nulls     int                // primitives without a value in arrays that are being read
}

// run reads the input.
func (r *reader) run() {
	if r.n > r.c.limits.Size {
		r.s, r.src, r.size = "", "", 0
		r.fail(0, CodeLimit, "the input is longer than "+strconv.Itoa(r.c.limits.Size)+" bytes")
		return
	}
	start := r.encoding()
	if r.fatal {
		return
	}
	format := r.c.format
	for i := start; format == Auto; i++ {
		switch c := r.s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '<':
			format = XML
		default:
			format = JSON
		}
	}
	r.format = format
	if r.nodes == nil {
		r.nodes = make([]node, 0, r.n/16+16)
	}
	if format == XML {
		r.xml(start)
	} else {
		r.json(start)
	}
}

// encoding checks that the input is UTF-8 and returns where it starts behind
// a byte order mark.
func (r *reader) encoding() (start int) {
	in := r.s[:r.n]
	switch {
	case strings.HasPrefix(in, "\xEF\xBB\xBF"):
		r.issue(Warning, CodeEncoding, 0, "", "the input starts with a byte order mark", clauseFormats)
		start = 3
	case strings.HasPrefix(in, "\xFE\xFF"), strings.HasPrefix(in, "\xFF\xFE"),
		r.n >= 4 && (in[0] == 0 && in[1] != 0 || in[0] != 0 && in[1] == 0):
		r.failClause(0, CodeEncoding, "the input is UTF-16; FHIR is UTF-8", clauseFormats)
		return 0
	}
	if !utf8.ValidString(in) {
		at := 0
		for at < len(in) {
			c, size := utf8.DecodeRuneInString(in[at:])
			if c == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		r.failClause(at, CodeEncoding, "a byte that is not UTF-8", clauseFormats)
	}
	return start
}

// clauseOf returns a clause of R4 as one of the release that the input is read
// by: the pages and their sections have the same names in all of them.
func (r *reader) clauseOf(clause string) string {
	page, ok := strings.CutPrefix(clause, "FHIR R4 ")
	if !ok {
		return clause
	}
	switch version := r.defs.Version(); {
	case strings.HasPrefix(version, "4.0"):
		return clause
	case strings.HasPrefix(version, "3.0"):
		return "FHIR STU3 " + page
	case strings.HasPrefix(version, "4.3"):
		return "FHIR R4B " + page
	case strings.HasPrefix(version, "5.0"):
		return "FHIR R5 " + page
	}
	return "FHIR " + page
}

// Clauses of the standards that findings cite. Those of FHIR are pages of R4,
// https://hl7.org/fhir/R4/; see clauseOf for other releases.
const (
	clauseFormats     = "FHIR R4 formats.html"
	clauseJSON        = "FHIR R4 json.html"
	clausePairs       = "FHIR R4 json.html#primitive"
	clauseXML         = "FHIR R4 xml.html"
	clauseElement     = "FHIR R4 elementdefinition.html"
	clausePrimitive   = "FHIR R4 datatypes.html#primitive"
	clauseNarrative   = "FHIR R4 narrative.html"
	clauseCardinality = "FHIR R4 conformance-rules.html#cardinality"
	clauseRFC8259     = "RFC 8259"
	clauseXMLSpec     = "XML 1.0"
)

// fail records a finding that ends the parse.
func (r *reader) fail(at int, code Code, text string) { r.failClause(at, code, text, "") }

func (r *reader) failClause(at int, code Code, text, clause string) {
	if !r.fatal {
		r.fatal = true
		r.issue(Fatal, code, at, r.openPath(), text, clause)
	}
}

// openPath is the location of the innermost element that has begun and not
// ended, "" outside of all.
func (r *reader) openPath() string {
	if len(r.nodes) == 0 {
		return ""
	}
	i := uint32(len(r.nodes) - 1)
	for r.nodes[i].kind != Complex || r.nodes[i].len != 0 {
		if i == 0 {
			return ""
		}
		i = r.nodes[i].parent
	}
	return r.pathOf(i, "")
}

// issue records a finding at a byte offset.
func (r *reader) issue(sev Severity, code Code, at int, path, text, clause string) {
	if sev <= Error {
		r.errors++
	}
	if len(r.issues) >= r.c.limits.Issues {
		if !r.capped {
			r.capped = true
			r.issues = append(r.issues, Issue{Severity: Information, Code: CodeTooMany, Offset: int64(at),
				Text: "further findings are left out after " + strconv.Itoa(r.c.limits.Issues)})
		}
		if sev != Fatal {
			return
		}
	}
	r.issues = append(r.issues, Issue{Severity: sev, Code: code, Path: path, Offset: int64(min(at, r.n)), Text: text, Clause: r.clauseOf(clause)})
}

// errAt records a finding about an element of a node, or with name "" about
// the node.
func (r *reader) errAt(code Code, at int, parent uint32, name, text, clause string) {
	r.issue(Error, code, at, r.pathOf(parent, name), text, clause)
}

// pathOf is the location of an element of a node.
func (r *reader) pathOf(parent uint32, name string) string {
	if int(parent) >= len(r.nodes) {
		return name
	}
	path := Node{r.Tree, parent}.AppendPath(nil)
	if name != "" {
		path = append(append(path, '.'), name...)
	}
	return string(path)
}

// finish sorts the findings and gives them lines and columns.
func (r *reader) finish() []Issue {
	if len(r.issues) == 0 {
		return nil
	}
	sortIssues(r.issues)
	// One pass: the findings are in the order of their offsets.
	in := r.s[:min(r.n, len(r.s))]
	line, start, at := 1, 0, 0
	for k := range r.issues {
		off := min(int(r.issues[k].Offset), len(in))
		for ; at < off; at++ {
			if in[at] == '\n' || in[at] == '\r' && (at+1 >= len(in) || in[at+1] != '\n') {
				line, start = line+1, at+1
			}
		}
		r.issues[k].Line, r.issues[k].Col = line, utf8.RuneCountInString(in[start:off])+1
	}
	return r.issues
}

// add appends a node without children and returns its number.
func (r *reader) add(n node) uint32 {
	i := uint32(len(r.nodes))
	if int(i) >= r.c.limits.Nodes {
		r.fail(int(n.off), CodeLimit, "more than "+strconv.Itoa(r.c.limits.Nodes)+" nodes")
	}
	n.next = i + 1
	r.nodes = append(r.nodes, n)
	return i
}

// enter counts a level of nesting; false means too deep.
func (r *reader) enter(at int) bool {
	r.depth++
	if r.depth > r.c.limits.Depth {
		r.fail(at, CodeLimit, "nested deeper than "+strconv.Itoa(r.c.limits.Depth)+" levels")
		return false
	}
	return true
}

// unknownName returns the id of a name that is no property of its parent.
func (r *reader) unknownName(name string, at int) uint16 {
	if id := r.t.NameID(name); id != 0 {
		return id
	}
	if id, ok := r.unknown[name]; ok {
		return id
	}
	if r.unknown == nil {
		for i, n := range r.names {
			if n == name {
				return uint16(r.t.NumNames() + 1 + i)
			}
		}
	}
	if len(r.names) >= r.c.limits.Names {
		r.fail(at, CodeLimit, "more than "+strconv.Itoa(r.c.limits.Names)+" distinct unknown names")
		return 0
	}
	r.names = append(r.names, name)
	id := uint16(r.t.NumNames() + len(r.names))
	const many = 16
	if len(r.names) == many {
		r.unknown = make(map[string]uint16)
		for i, n := range r.names {
			r.unknown[n] = uint16(r.t.NumNames() + 1 + i)
		}
	} else if r.unknown != nil {
		r.unknown[name] = id
	}
	return id
}

// missing reports the required elements of a type that were not seen.
func (r *reader) missing(typ *facts.Type, seen *[2]uint64, self uint32, at int) {
	for w := range seen {
		for lack := typ.Required[w] &^ seen[w]; lack != 0; lack &= lack - 1 {
			ord := uint8(64*w + bits.TrailingZeros64(lack))
			for row := typ.FirstProp; row < typ.FirstProp+uint32(typ.NumProps); row++ {
				p := r.t.Prop(row)
				if p.Ord != ord {
					continue
				}
				name := r.t.Name(p.Base)
				r.errAt(CodeMissing, at, self, name, "the element "+name+" is required", clauseCardinality)
				break
			}
		}
	}
}

// resourceType returns the type with the name of a resource, and reports an
// unknown one.
func (r *reader) resourceType(name string, at int, self uint32) uint16 {
	if id := r.t.FindType(name); r.isResource(id) {
		return id
	}
	r.errAt(CodeResourceType, at, self, "", "no resource type has this name", clauseJSON)
	return 0
}

// isResource reports whether instances can be of a type, as resources.
func (r *reader) isResource(typ uint16) bool {
	return typ != 0 && r.t.TypeKind(typ) == facts.KindResource && !r.t.Type(typ).Abstract
}
