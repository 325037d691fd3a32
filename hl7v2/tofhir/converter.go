package tofhir

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sort"
	"sync"
	"time"
	_ "time/tzdata" // Europe/London on systems that have no time zone files

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

//go:generate go run ./internal/gen -corpus ../../../shared/corpora/v2-to-fhir

//go:embed maps.bin
var tables string

// builtin is the embedded tables, decoded when the first converter is made.
var builtin struct {
	once    sync.Once
	program *mapping.Program
	err     error
}

func builtinProgram() (*mapping.Program, error) {
	builtin.once.Do(func() { builtin.program, builtin.err = mapping.Decode(tables) })
	return builtin.program, builtin.err
}

// Converter converts HL7 v2 messages to FHIR R4. It is immutable and safe for
// concurrent use; make one and keep it.
type Converter struct {
	program  *mapping.Program
	location *time.Location
	skip     uint8 // rows with these flags do not apply
	keepAll  bool
	strict   bool
	trace    bool
	noLoss   bool
	overlay  fs.FS
	limits   Limits
	uk       bool
	newID    func(resourceType string, name []byte) [16]byte
	codes    []*mapping.Table
	ids      map[string]mapping.Str
	uris     []bool       // the Parts that are literals and whole URIs
	seed     maphash.Seed // of hashes by which equal resources are found
	systems  int32        // the code table CodingSystem, -1 if there is none
	pool     sync.Pool

	strExtension, strURL, strIdentifier, strValue, strSystem mapping.Str
	strCoding, strCodingType, strCodeableConcept             mapping.Str
	strMessageHeader, strBundle, strDosage                   mapping.Str
	dosed                                                    [2]mapping.Str // types that have dosage instructions
	stepCoding, stepSystem, stepCode, stepDisplay, stepText  mapping.Step
	stepExtension, stepURL, stepValueCode                    mapping.Step
}

// Option configures a Converter.
type Option func(*Converter)

// UK makes the bundle conform to UK Core: profiles, NHS identifiers, NHS
// number verification status, NHS Data Dictionary codes.
func UK() Option { return func(c *Converter) { c.uk = true } }

// WithLocation sets the time zone of times that are sent without an offset.
// Without it they are taken to be of Europe/London.
func WithLocation(l *time.Location) Option { return func(c *Converter) { c.location = l } }

// KeepAll keeps every leaf of the message that has no element of its own in
// an extension (LeafExtension) of the MessageHeader.
func KeepAll() Option { return func(c *Converter) { c.keepAll = true } }

// Strict makes Convert return the first finding of severity Warning or worse
// as its error, beside the result.
func Strict() Option { return func(c *Converter) { c.strict = true } }

// WithOverlay adds the tables of a deployment: CSV files in directories
// messages, segments, datatypes, codesystems and events, in the columns of
// the official tables. Column 18, Action, of a segment or datatype row may
// say "replace" or "disable", which is about the rows of the same identifier
// and FHIR path that are there already, or "default": the row fills an element
// only where nothing else has. Compiling takes some 20 ms.
func WithOverlay(fsys fs.FS) Option { return func(c *Converter) { c.overlay = fsys } }

// Coding is a code of FHIR. The system is the URL of a code system, and may be
// left out where the element's system is implied, as for Patient.gender.
type Coding struct{ Code, System, Display string }

// WithCodeMap adds translations of codes to a code table, which is named as
// the mapping tables name it: AdministrativeSex, MaritalStatus or
// HospitalService. They are asked before those of the table; a Coding without a
// Code says that there is no translation, and the code "*" stands for all that
// neither has. Whether FHIR allows the Coding is not checked. Given again for the
// same table, the later wins. New fails where there is no such table. Compiling takes some 20 ms.
func WithCodeMap(table string, codes map[string]Coding) Option {
	return func(c *Converter) {
		t := &mapping.Table{File: "WithCodeMap(" + table + ")", Name: table, Overlay: true}
		for _, from := range slices.Sorted(maps.Keys(codes)) {
			to := codes[from]
			t.Rows = append(t.Rows, &mapping.Line{N: len(t.Rows) + 1, Cells: []string{from, "", to.Code, to.Display, to.System, ""}})
		}
		c.codes = append(c.codes, t)
	}
}

// WithIDs makes the ids of resources by a function of the caller. It gets the
// type of the resource and the name by which it is known: its business
// identifiers if it has any, else the identity of the message and the place of
// the resource in it. Of what it returns a UUID is made, of version 8 (RFC
// 9562); the same name must give the same bytes. Names hold personal data, so a
// function that uses a secret key makes ids from which nobody can tell whose
// they are. It must be safe for concurrent use and must not keep name.
//
// Without it ids are of version 5: whoever knows a patient's number can work
// out the patient's id.
func WithIDs(f func(resourceType string, name []byte) [16]byte) Option {
	return func(c *Converter) { c.newID = f }
}

// Limits bound what a conversion takes. Zero stands for the default, a
// negative number for none.
type Limits struct {
	// Leaves is how many values a message may have, empty ones counted: 1
	// million by default. Each takes some 700 bytes of memory while the message
	// is converted.
	Leaves int
}

func (l Limits) leaves() int {
	switch {
	case l.Leaves == 0:
		return 1_000_000
	case l.Leaves < 0:
		return math.MaxInt
	}
	return l.Leaves
}

// WithLimits sets limits other than the defaults.
func WithLimits(l Limits) Option { return func(c *Converter) { c.limits = l } }

// Trace records the origin of each element, for Result.Why.
func Trace() Option { return func(c *Converter) { c.trace = true } }

// CountsOnly leaves the list of lost leaves out of the loss report: only the
// counts are made, which takes less time.
func CountsOnly() Option { return func(c *Converter) { c.noLoss = true } }

// New makes a converter of the embedded tables and the options.
func New(opts ...Option) (*Converter, error) {
	c := &Converter{seed: maphash.MakeSeed()}
	for _, o := range opts {
		o(c)
	}
	p, err := builtinProgram()
	if err != nil {
		return nil, err
	}
	if c.location == nil {
		if c.location, err = time.LoadLocation("Europe/London"); err != nil {
			return nil, err
		}
	}
	if c.overlay != nil {
		added, err := mapping.ReadTables(c.overlay, true, false)
		if err != nil {
			return nil, err
		}
		if p, err = mapping.Extend(p, added); err != nil {
			return nil, err
		}
	}
	if len(c.codes) > 0 {
		for _, t := range c.codes {
			if !p.HasVocab(t.Name) {
				return nil, fmt.Errorf("tofhir: there is no code table %q", t.Name)
			}
		}
		if p, err = mapping.Extend(p, &mapping.Tables{Codes: c.codes}); err != nil {
			return nil, err
		}
	}
	c.program = p
	c.skip = mapping.OnlyUK
	if c.uk {
		c.skip = mapping.NotUK
	}
	c.bind()
	return c, nil
}

// bind looks up the names that the engine itself needs.
func (c *Converter) bind() {
	p := c.program
	all := make(map[string]mapping.Str, len(p.Strings))
	for i, s := range p.Strings {
		all[s] = mapping.Str(i)
	}
	c.ids = map[string]mapping.Str{}
	for i := range p.Positions {
		if p.Positions[i].End == 0 {
			c.ids[p.Text(p.Positions[i].Name)] = p.Positions[i].Name
		}
	}
	for i := range p.Maps {
		if p.Maps[i].Segment {
			c.ids[p.Text(p.Maps[i].Source)] = p.Maps[i].Source
		}
	}
	for i := range p.Refs {
		if p.Refs[i].Segment {
			c.ids[p.Text(p.Refs[i].Name)] = p.Refs[i].Name
		}
	}
	for name, to := range map[string]*mapping.Str{
		"extension": &c.strExtension, "url": &c.strURL, "identifier": &c.strIdentifier, "value": &c.strValue, "system": &c.strSystem,
		"coding": &c.strCoding, "Coding": &c.strCodingType, "CodeableConcept": &c.strCodeableConcept,
		"MedicationRequest": &c.dosed[0], "MedicationDispense": &c.dosed[1], "dosageInstruction": &c.strDosage,
		"MessageHeader": &c.strMessageHeader, "Bundle": &c.strBundle,
	} {
		*to = all[name]
	}
	step := func(name string, order uint16, prim mapping.Prim, list bool) mapping.Step {
		for i := range p.Steps {
			if s := &p.Steps[i]; s.Name == all[name] && s.Kind == mapping.StepElement && s.Prim == prim && s.Array == list {
				order = s.Order
				break
			}
		}
		return mapping.Step{Kind: mapping.StepElement, Name: all[name], Order: order, Prim: prim, Array: list}
	}
	c.stepCoding = step("coding", 3, mapping.Complex, true)
	c.stepSystem = step("system", 3, mapping.System, false)
	c.stepCode = step("code", 5, mapping.CodeValue, false)
	c.stepDisplay = step("display", 6, mapping.String, false)
	c.stepText = step("text", 4, mapping.String, false)
	reference, _ := fhir.R4().Type("Reference")
	extension, _ := fhir.R4().Type("Extension")
	c.stepExtension = property(reference, "extension", mapping.Complex, all)
	c.stepURL = property(extension, "url", mapping.URI, all)
	c.stepValueCode = property(extension, "valueCode", mapping.CodeValue, all)
	c.uris = make([]bool, len(p.Parts))
	for i := range p.Parts {
		c.uris[i] = p.Parts[i].Ref == mapping.None && isURI(p.Text(p.Parts[i].Literal))
	}
	c.systems = -1
	for i := range p.Vocabs {
		if p.Text(p.Vocabs[i].Name) == "CodingSystem" {
			c.systems = int32(i)
		}
	}
}

// property is the step to an element of a type.
func property(t fhir.Type, name string, prim mapping.Prim, names map[string]mapping.Str) mapping.Step {
	p, _ := t.Property(name)
	return mapping.Step{Kind: mapping.StepElement, Name: names[name], Order: uint16(p.Ordinal()), Prim: prim, Array: p.IsList()}
}

// Result is one converted message.
type Result struct {
	Bundle []byte  // the Bundle as JSON
	Issues []Issue // in the order of the message, at most 200 and a CodeTooMany
	Loss   Loss
	trace  []Origin
}

// Causes of messages that are not converted.
var (
	ErrStructure = errors.New("tofhir: no mapping for the structure of the message")
	ErrLimit     = errors.New("tofhir: the message has more values than Limits.Leaves")
)

// conversion is the work on one message; it is reused.
type conversion struct {
	conv      *Converter
	in        input
	groups    []groupInstance
	latest    map[groupKey]int32 // by position and instance around; see nearest
	indexed   int                // how many groups are in latest
	firsts    map[relation]int32
	nodes     []node
	places    map[place]int32 // see longList
	resources []resource
	kinds     []kind
	alike     map[uint64]int32  // resources behind references, by hash
	taken     map[[36]byte]bool // ids
	links     []pendingLink
	demands   []demand
	full      map[settlement]bool // see settled
	looked    int                 // nodes that filled has looked at
	names     []mapping.Str       // see joinDosage
	text      []byte
	scratch   []byte
	issues    []Issue
	trace     *[]Origin
	bundleRes int32
}

// Convert converts one message to a Bundle of type message. The result does
// not share memory with the message.
//
// The error is for messages that are not converted at all (ErrStructure,
// ErrLimit); findings about values are in the result.
func (c *Converter) Convert(m *hl7v2.Message) (Result, error) {
	return c.ConvertAppend(nil, m)
}

// ConvertAppend is Convert that appends the Bundle to dst.
func (c *Converter) ConvertAppend(dst []byte, m *hl7v2.Message) (Result, error) {
	w, _ := c.pool.Get().(*conversion)
	if w == nil {
		w = &conversion{}
	}
	w.conv = c
	defer func() {
		// The memory of an exceptional message is not held for the next one.
		if cap(w.text) <= 1<<20 && cap(w.nodes) <= 1<<14 && cap(w.in.leaves) <= 1<<16 {
			c.pool.Put(w)
		}
	}()
	return w.message(dst, m)
}

// message converts one message.
func (w *conversion) message(dst []byte, m *hl7v2.Message) (Result, error) {
	c := w.conv
	p := c.program
	w.nodes, w.resources, w.kinds, w.links, w.text, w.issues, w.trace = w.nodes[:0], w.resources[:0], w.kinds[:0], w.links[:0], w.text[:0], nil, nil
	w.demands = w.demands[:0]
	clear(w.full)
	clear(w.places)
	w.bundleRes = -1
	var res Result
	if c.trace {
		w.trace = &res.trace
	}
	if m == nil || m.Len() == 0 {
		return res, ErrStructure
	}
	if at, ok := w.in.load(m, c.ids, c.limits.leaves()); !ok {
		return res, w.locate(Issue{Severity: Fatal, Code: CodeLimit, Err: ErrLimit}, at)
	}
	s := w.structure()
	if s == nil {
		return res, w.locate(Issue{Severity: Fatal, Code: CodeStructure, Path: "MSH-9", Err: ErrStructure}, 0)
	}
	w.place(s)
	for i := range w.in.segs {
		seg := &w.in.segs[i]
		if seg.pos < 0 {
			if cur := w.in.segCursor(int32(i)); w.in.valued(cur) {
				w.issue(Information, CodePlace, cur, -1, nil)
			}
			continue
		}
		pos := &p.Positions[seg.pos]
		for t := pos.Lo; t < pos.Hi; t++ {
			w.target(int32(i), int32(t), &p.Targets[t])
		}
	}
	w.spread()
	w.resolveLinks()
	w.spread()
	w.joinDosages()
	w.answerDemands()
	w.mergeResources()
	for i := range w.resources {
		if w.resources[i].typ == c.strBundle {
			w.bundleRes = int32(i)
		}
	}
	w.identify()
	w.decideKept()
	res.Bundle = w.bundle(dst)
	res.Loss = w.report(!c.noLoss)
	sort.SliceStable(w.issues, func(i, j int) bool { return w.issues[i].Offset < w.issues[j].Offset })
	res.Issues = w.issues
	if c.strict {
		for _, is := range res.Issues {
			if is.Severity <= Warning {
				return res, is
			}
		}
	}
	return res, nil
}

// structure finds the table of the message structure: by MSH-9.3, else by
// the event.
func (w *conversion) structure() *mapping.Structure {
	cur := w.in.field(0, 9)
	if cur.level == levelNone {
		return nil
	}
	rep := w.in.rep(cur, 0)
	text := func(n int16) string { return string(w.plain(w.in.child(rep, n))) }
	if s := w.byName(text(3)); s != nil {
		return s
	}
	if s := w.byName(text(1) + "^" + text(2)); s != nil {
		return s
	}
	return w.byName(text(1) + "_" + text(2))
}

func (w *conversion) byName(name string) *mapping.Structure {
	p := w.conv.program
	i := sort.Search(len(p.Events), func(i int) bool { return p.Text(p.Events[i].Name) >= name })
	if i < len(p.Events) && p.Text(p.Events[i].Name) == name {
		name = p.Text(p.Events[i].Structure)
	}
	for i := range p.Structures {
		if p.Text(p.Structures[i].Name) == name {
			return &p.Structures[i]
		}
	}
	return nil
}
