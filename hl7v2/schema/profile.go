package schema

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// Findings of conformance profiles: the first three about a profile itself,
// the others about a message. Their clause is the profile's name and what it
// refers to.
const (
	CodeProfileSyntax     hl7v2.Code = "profile.syntax"     // no XML or JSON, or not that of a profile
	CodeProfileDefinition hl7v2.Code = "profile.definition" // a profile contradicts itself
	CodeProfileBase       hl7v2.Code = "profile.base"       // a profile widens the standard

	CodeProfileMessage     hl7v2.Code = "profile.message"     // a message that the profile does not define, by its type, event, order control, structure or version
	CodeProfileStructure   hl7v2.Code = "profile.structure"   // a segment that it has no place for
	CodeProfileUsage       hl7v2.Code = "profile.usage"       // what must be there is not, or the other way round
	CodeProfileCardinality hl7v2.Code = "profile.cardinality" // too few or too many
	CodeProfileLength      hl7v2.Code = "profile.length"      // too short or too long
	CodeProfileConstant    hl7v2.Code = "profile.constant"    // not the value that it wants
	CodeProfileTable       hl7v2.Code = "profile.table"       // not a code of its table
	CodeProfileType        hl7v2.Code = "profile.datatype"    // not of its data type
	CodeProfileUnchecked   hl7v2.Code = "profile.unchecked"   // a condition in prose, which no program can check
)

// Profile is a conformance profile (chapter 2.12 of version 2.5.1): what two
// parties have agreed that their messages hold, within what the standard
// allows. It is immutable and safe for concurrent use; the zero Profile
// defines no message. Get one from ParseProfile.
type Profile struct {
	identifier, kind, hl7Version                string
	name, organisation, release, status, topics string
	note                                        string
	encodings                                   []string
	dynamic                                     []dynamicDefinition
	tables                                      []profileTable
	messages                                    []profileMessage

	base      Version // facts of hl7Version
	baseKnown bool
	proses    int // conditional elements without a condition to check
	leaves    int // tests of elements in conditions
	depth     int // of groups in each other
}

// dynamicDefinition says which acknowledgements are wanted.
type dynamicDefinition struct{ accept, application, mode string }

// profileTable is a table of codes that the profile defines or narrows.
type profileTable struct {
	id, name   string
	extensible bool // other codes may be sent
	codes      []profileCode
	index      map[string]struct{}
	at         int
}

type profileCode struct{ code, display string }

// profileMessage is a static definition.
type profileMessage struct {
	typ, event, structure     string
	orderControl, description string
	identifier, role          string
	root                      profilePlace
	at                        int
}

// profilePlace is a segment or a group in the structure of a message.
type profilePlace struct {
	group    bool
	id       string // of the segment, or the group's name
	name     string // in words
	min, max int    // max is -1 for any number
	rules    profileRules
	fields   []profileElement
	content  []profilePlace
	at       int // where the profile defines it
}

// profileElement is a field, component or subcomponent.
type profileElement struct {
	name                 string
	min, max             int // of fields
	rules                profileRules
	datatype             string
	minLength, maxLength int // 0 for none
	table                string
	constant             string
	item                 string
	examples             []string
	parts                []profileElement
	at                   int

	// What the profile does not say, and is known from it.
	form      form
	primitive bool
	number    int           // of the table, 0 if it has none
	base      Table         // of the version, with that number
	codes     *profileTable // that the profile defines
	asBase    bool          // data type and table are those of the standard
	isCode    bool          // its text, or first component, is of the table
}

// profileRules is what groups, segments, fields and components have in common.
type profileRules struct {
	usage     profileUsage
	condition *condition
	predicate string // a condition in prose
	note      string
	text      string // a description
	reference string

	prose  int    // number among those without a condition to check, from 1; 0 for others
	clause string // of findings
}

// profileUsage is a usage as the profile writes it, and what it comes to where
// its condition holds and where it does not.
type profileUsage struct {
	text            string
	then, otherwise byte // 'R' required, 'E' required if known, 'O' optional, 'X' not supported
}

func (u profileUsage) conditional() bool { return strings.HasPrefix(u.text, "C") }

// parseUsage reads R, RE, O, C, CE, X, B, W and, of later versions, C(a/b).
func parseUsage(s string) (profileUsage, bool) {
	plain := func(s string) byte {
		switch s {
		case "R", "O", "X":
			return s[0]
		case "RE":
			return 'E'
		case "B":
			return 'O'
		case "W":
			return 'X'
		}
		return 0
	}
	if c := plain(s); c != 0 {
		return profileUsage{s, c, c}, true
	}
	switch s {
	case "C":
		return profileUsage{s, 'R', 'X'}, true
	case "CE":
		return profileUsage{s, 'E', 'X'}, true
	}
	body, ok := strings.CutPrefix(s, "C(")
	body, closed := strings.CutSuffix(body, ")")
	a, b, split := strings.Cut(body, "/")
	if !ok || !closed || !split || plain(a) == 0 || plain(b) == 0 {
		return profileUsage{}, false
	}
	return profileUsage{s, plain(a), plain(b)}, true
}

//go:embed profile.schema.json
var profileSchema string

// ProfileSchema returns the JSON Schema (draft 2020-12) of the JSON form of
// profiles.
func ProfileSchema() string { return profileSchema }

// ProfileParser holds the limits of reading profiles: a zero is the default, a
// negative number no limit.
type ProfileParser struct {
	Bytes    int // of the profile; default 32 MiB
	Elements int // of XML, or values of JSON; default 1,000,000
	Depth    int // of elements or values in each other; default 64
}

// ParseProfile reads a profile, which may be XML (HL7v2xConformanceProfile) or
// the JSON form that ProfileSchema describes. The issues are located in data:
// offsets count its bytes, whatever their encoding, and columns those of the
// line in UTF-8. Their paths are those of the elements that the profile defines.
// The profile is nil if one of them is an error. Where it contradicts the
// standard is a question for Lint.
//
// The encoding is UTF-8 unless a byte order mark or the declaration of the XML
// says otherwise: UTF-16, US-ASCII, ISO-8859-1, ISO-8859-15 and windows-1252 are
// read as well. Where the bytes disprove the declaration, they count.
//
// Of the XML the use case, which is prose, is not kept. A document type is
// refused.
func ParseProfile(data []byte) (*Profile, []hl7v2.Issue) { return ProfileParser{}.Parse(data) }

var (
	errNoProfile    = errors.New("a profile is XML, HL7v2xConformanceProfile, or a JSON object")
	errProfileBytes = errors.New("the profile is larger than the limit")
)

// Parse reads a profile as the package function does, within the limits of p.
func (p ProfileParser) Parse(data []byte) (*Profile, []hl7v2.Issue) {
	b := profileBuilder{data: data, findings: findings{lines: lines{data: data}}}
	if max := limited(p.Bytes, 32<<20); len(data) > max {
		b.syntax(max, "", errProfileBytes)
		return nil, b.issues
	}
	text, problem := decodeProfile(data)
	b.data, b.findings = text.text, findings{lines: lines{data: text.text}, origin: text}
	if problem != nil {
		if problem.fatal {
			b.syntax(problem.at, "", problem.err)
			return nil, b.issues
		}
		b.warn(CodeProfileSyntax, problem.at, "", "%w", problem.err)
	}
	body := bytes.TrimLeft(b.data, " \t\r\n")
	start := len(b.data) - len(body)
	var root *profileNode
	switch {
	case bytes.HasPrefix(body, []byte("<")):
		root = b.readXML(body, start, p)
	case bytes.HasPrefix(body, []byte("{")):
		root = b.readJSON(body, start, p)
	default:
		b.syntax(start, "", errNoProfile)
	}
	if root == nil || b.failed {
		return nil, b.issues
	}
	out := b.profile(root)
	if b.failed {
		return nil, b.issues
	}
	return out, b.issues
}

func limited(n, otherwise int) int {
	switch {
	case n == 0:
		return otherwise
	case n < 0:
		return int(^uint(0) >> 1)
	}
	return n
}

// Name returns the name that the profile has in its metadata.
func (p *Profile) Name() string { return p.name }

// Version returns the version of HL7 v2 that the profile is for, such as
// "2.4"; it may be empty.
func (p *Profile) Version() string { return p.hl7Version }

// String describes the profile by its name and release.
func (p *Profile) String() string { return strings.TrimSpace(p.name + " " + p.release) }

// profileNode is an element of a profile before its meaning is read: of XML or
// JSON, which have the same shape.
type profileNode struct {
	kind     nodeKind
	at       int
	attrs    []profileAttr
	texts    []profileAttr // of XML, which are to be attributes
	children []*profileNode
}

type profileAttr struct {
	name, value string
	at          int
}

// nodeKind says what a profileNode defines.
type nodeKind uint8

const (
	profileKind nodeKind = iota
	messageKind
	groupKind
	segmentKind
	fieldKind
	componentKind
	subcomponentKind
	tableKind
	codeKind
	dynamicKind
	conditionKind
)

// nodeKindNames are the kinds as findings name them.
var nodeKindNames = [...]string{"profile", "message", "group", "segment", "field", "component", "subcomponent", "table", "code", "dynamic definition", "condition"}

func (n *profileNode) get(name string) (profileAttr, bool) {
	for _, a := range n.attrs {
		if a.name == name {
			return a, true
		}
	}
	return profileAttr{at: n.at}, false
}

func (n *profileNode) str(name string) string {
	a, _ := n.get(name)
	return a.value
}

// all returns the values of an attribute that may be there several times.
func (n *profileNode) all(name string) []string {
	var out []string
	for _, a := range n.attrs {
		if a.name == name {
			out = append(out, a.value)
		}
	}
	return out
}

// profileBuilder reads a profile.
type profileBuilder struct {
	data   []byte // in UTF-8
	failed bool
	p      *Profile
	within string // reference of the element around, which those inside share
	findings
}

func (b *profileBuilder) syntax(at int, path string, err error) {
	b.failed = true
	b.report(hl7v2.Error, CodeProfileSyntax, path, at, "2.12", err)
}

func (b *profileBuilder) wrong(at int, path, format string, args ...any) {
	b.failed = true
	b.report(hl7v2.Error, CodeProfileDefinition, path, at, "2.12", fmt.Errorf(format, args...))
}

func (b *profileBuilder) warn(code hl7v2.Code, at int, path, format string, args ...any) {
	b.report(hl7v2.Warning, code, path, at, "2.12", fmt.Errorf(format, args...))
}
