package fhir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Library finds definitions by canonical URL in several packages, with the
// embedded R4 definitions underneath, and generates the snapshots of profiles.
// What it has found and made is kept. It is safe for concurrent use.
type Library struct {
	// Limits bound the snapshots. To be set before the library is used.
	Limits LibraryLimits

	packages []*Package
	defs     *Definitions

	once  sync.Once
	byURL map[string][]libraryEntry

	mu     sync.Mutex
	trees  map[string]*snapshotResult // by url|version of the entry
	making map[string]bool
}

// LibraryLimits bound what a snapshot may need: profiles that repeat one another
// several times each would grow without end. What crosses a limit is left out
// and reported. In each field zero means the default and a negative value means
// no limit.
type LibraryLimits struct {
	Elements  int // of one snapshot: 50,000
	Expansion int // elements that are expanded one in another: 32
	Steps     int // of the path of an element: 64
	Path      int // bytes of a path or slice name: 1,000
}

func (l LibraryLimits) withDefaults() LibraryLimits {
	set := func(v *int, def int) {
		switch {
		case *v == 0:
			*v = def
		case *v < 0:
			*v = 1<<31 - 1
		}
	}
	set(&l.Elements, 50_000)
	set(&l.Expansion, 32)
	set(&l.Steps, 64)
	set(&l.Path, 1000)
	return l
}

type libraryEntry struct {
	pkg   *Package
	entry packageEntry
}

// snapshotResult is a structure's elements, or why there are none.
type snapshotResult struct {
	tree   *Tree // the StructureDefinition as read
	root   *elementNode
	issues []Issue
	err    error
}

// NewLibrary returns a library over packages. Where two define the same
// canonical URL and version, the later package wins.
func NewLibrary(packages ...*Package) *Library {
	return &Library{packages: packages, defs: R4(), trees: make(map[string]*snapshotResult), making: make(map[string]bool)}
}

// MissingDependencies returns the packages that the library's packages name as
// dependencies and that it does not hold, as name#version, in order. The core
// package of R4 is never missing, nor is that of another version than the
// depending package is of.
func (l *Library) MissingDependencies() []string {
	var out []string
	for _, p := range l.packages {
		for _, d := range p.depends {
			if !p.needs(d[0]) {
				continue
			}
			have := slices.ContainsFunc(l.packages, func(q *Package) bool { return q.name == d[0] && versionMatches(q.version, d[1]) })
			if label := d[0] + "#" + d[1]; !have && !slices.Contains(out, label) {
				out = append(out, label)
			}
		}
	}
	slices.Sort(out)
	return out
}

// versionMatches reports whether a package's version serves a dependency,
// which may end in ".x" for any patch version.
func versionMatches(have, want string) bool {
	if prefix, ok := strings.CutSuffix(want, ".x"); ok {
		return have == prefix || strings.HasPrefix(have, prefix+".")
	}
	return want == "" || want == "latest" || have == want
}

// index lists the packages' resources by canonical URL.
func (l *Library) index() map[string][]libraryEntry {
	l.once.Do(func() {
		l.byURL = make(map[string][]libraryEntry)
		for _, p := range l.packages {
			for _, e := range p.list() {
				if e.url != "" {
					l.byURL[e.url] = append(l.byURL[e.url], libraryEntry{p, e})
				}
			}
		}
	})
	return l.byURL
}

// find returns the entry of a canonical, url or url|version: the version asked
// for, else the latest of those that begin with it ("4.0"), or of all.
func (l *Library) find(canonical string) (libraryEntry, bool) {
	url, version, _ := strings.Cut(canonical, "|")
	var best libraryEntry
	found := false
	for _, e := range l.index()[url] {
		v := e.entry.version
		if !isVersion(v, version) {
			continue
		}
		exact, bestExact := v == version, best.entry.version == version
		if !found || exact && !bestExact || exact == bestExact && compareVersions(v, best.entry.version) >= 0 {
			best, found = e, true
		}
	}
	return best, found
}

// isVersion reports whether a version is the one asked for: that, any for "", or
// one that begins with it ("4.0").
func isVersion(have, want string) bool {
	return want == "" || have == want || strings.HasPrefix(have, want+".")
}

// compareVersions orders versions by their numbers; a label such as "-ballot"
// comes before the version without it. Other text is ordered as text.
func compareVersions(a, b string) int {
	an, al, _ := strings.Cut(a, "-")
	bn, bl, _ := strings.Cut(b, "-")
	as, bs := strings.Split(an, "."), strings.Split(bn, ".")
	for i := range max(len(as), len(bs)) {
		x, y := part(as, i), part(bs, i)
		nx, errX := strconv.Atoi(x)
		ny, errY := strconv.Atoi(y)
		if errX != nil || errY != nil {
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			continue
		}
		if nx != ny {
			return nx - ny
		}
	}
	switch {
	case al == bl:
		return 0
	case al == "":
		return 1
	case bl == "":
		return -1
	}
	return strings.Compare(al, bl)
}

func part(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "0"
}

// Resource returns a definition of the packages by its canonical, url or
// url|version. The tree is the caller's. The error wraps ErrNoDefinition if
// there is none.
func (l *Library) Resource(canonical string) (*Tree, error) {
	e, ok := l.find(canonical)
	if !ok {
		return nil, l.noDefinition(canonical)
	}
	data, err := e.pkg.readFile(e.entry.file)
	if err != nil {
		return nil, &PackageError{Package: e.pkg.label, File: e.entry.file, Text: "cannot be read", Err: err}
	}
	tree, err := Parse(data)
	if err != nil {
		return nil, &PackageError{Package: e.pkg.label, File: e.entry.file, Text: "not a resource", Err: err}
	}
	return tree, nil
}

// Canonicals returns the canonical URLs of the packages' resources of a type,
// such as "StructureDefinition", in order; all of them for "".
func (l *Library) Canonicals(kind string) []string {
	var out []string
	for url, entries := range l.index() {
		if slices.ContainsFunc(entries, func(e libraryEntry) bool { return kind == "" || e.entry.kind == kind }) {
			out = append(out, url)
		}
	}
	slices.Sort(out)
	return out
}

// Snapshot is a StructureDefinition with its elements in full.
type Snapshot struct {
	json   []byte
	Issues []Issue // what the differential, or the published snapshot, does wrong, with positions in it
}

// JSON returns the StructureDefinition with its snapshot. The slice is the
// caller's to read.
func (s *Snapshot) JSON() []byte { return s.json }

// Snapshot returns a structure with its snapshot: the published one where the
// definition has one, else one generated from its differential and the
// snapshots it builds on. For the types and profiles of R4 that no package
// holds it is written from the embedded facts, which have no narrative texts.
func (l *Library) Snapshot(canonical string) (*Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.snapshot(canonical)
	if r.err != nil {
		return nil, r.err
	}
	return &Snapshot{json: r.appendJSON(nil), Issues: r.issues}, nil
}

// SnapshotOf generates the snapshot of a StructureDefinition that is in no
// package. The tree must stay as it is while the snapshot is made.
func (l *Library) SnapshotOf(definition *Tree) (*Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.generate(definition)
	if r.err != nil {
		return nil, r.err
	}
	return &Snapshot{json: r.appendJSON(nil), Issues: r.issues}, nil
}

// snapshotTree returns the elements of a structure, not to be changed.
func (l *Library) snapshotTree(canonical string) (*elementNode, error) {
	r := l.snapshot(canonical)
	if r.err == nil && r.root == nil {
		return nil, fmt.Errorf("fhir: %s: no elements: %w", canonical, ErrNoDefinition)
	}
	return r.root, r.err
}

// snapshot returns a structure's elements, made at most once.
func (l *Library) snapshot(canonical string) *snapshotResult {
	key := canonical
	e, inPackage := l.find(canonical)
	if inPackage {
		key = e.entry.url + "|" + e.entry.version
	} else if url, version, _ := strings.Cut(canonical, "|"); version == "" || l.isEmbedded(url, version) {
		key = url
	}
	if r := l.trees[key]; r != nil {
		return r
	}
	if l.making[key] {
		return &snapshotResult{err: fmt.Errorf("fhir: %s: defined by itself", canonical)}
	}
	l.making[key] = true
	defer delete(l.making, key)
	r := l.load(canonical, inPackage)
	l.trees[key] = r
	return r
}

// isEmbedded reports whether R4 has a structure in a version.
func (l *Library) isEmbedded(url, version string) bool {
	s, ok := l.defs.Structure(url)
	return ok && isVersion(s.Version(), version)
}

// load reads a definition and makes its snapshot where it has none.
func (l *Library) load(canonical string, inPackage bool) *snapshotResult {
	if !inPackage {
		url, version, _ := strings.Cut(canonical, "|")
		if !l.isEmbedded(url, version) {
			return &snapshotResult{err: l.noDefinition(canonical)}
		}
		s, _ := l.defs.Structure(url)
		tree, err := Parse(s.appendDefinition(nil))
		if err != nil {
			return &snapshotResult{err: fmt.Errorf("fhir: %s: %w", canonical, err)}
		}
		return l.readSnapshot(tree)
	}
	tree, err := l.Resource(canonical)
	if err != nil {
		return &snapshotResult{err: err}
	}
	if tree.Root().Type().Name() != "StructureDefinition" {
		return &snapshotResult{err: fmt.Errorf("fhir: %s: not a StructureDefinition: %w", canonical, ErrNoDefinition)}
	}
	if r := l.readSnapshot(tree); r.root != nil {
		return r
	}
	return l.generate(tree)
}

// noDefinition is the error for a canonical that nothing defines. It names the
// other versions that there are.
func (l *Library) noDefinition(canonical string) error {
	url, _, _ := strings.Cut(canonical, "|")
	var versions []string
	for _, e := range l.index()[url] {
		versions = append(versions, e.entry.version)
	}
	if s, ok := l.defs.Structure(url); ok {
		versions = append(versions, s.Version()+" (embedded)")
	}
	if versions == nil {
		return fmt.Errorf("fhir: %s: %w", canonical, ErrNoDefinition)
	}
	return fmt.Errorf("fhir: %s: %w: there is version %s", canonical, ErrNoDefinition, strings.Join(versions, ", "))
}

// readSnapshot reads the snapshot that a definition has; the root is nil if
// there is none.
func (l *Library) readSnapshot(tree *Tree) *snapshotResult {
	r := &snapshotResult{tree: tree}
	if list, ok := tree.Root().Child("snapshot"); ok {
		g := &generator{url: first(tree.Root(), tree.NameID("url"))}
		r.root = readElements(list, l.Limits.withDefaults(), func(n Node, text string) { g.warn(Error, &elementNode{def: &elementDef{node: n}}, text) })
		if r.root != nil {
			r.root.define()
		}
		r.issues = g.issues
	}
	return r
}

// generate makes the snapshot of a definition from its differential.
func (l *Library) generate(tree *Tree) *snapshotResult {
	root := tree.Root()
	text := func(name string) string {
		n, ok := root.Child(name)
		if !ok {
			return ""
		}
		return n.Value()
	}
	r := &snapshotResult{tree: tree}
	g := &generator{lib: l, limits: l.Limits.withDefaults(), url: text("url"), typ: text("type"), extend: text("derivation") != "constraint", resource: text("kind") == "resource"}
	var base *elementNode
	if url := text("baseDefinition"); url != "" {
		b, err := l.snapshotTree(url)
		if err != nil {
			r.err = fmt.Errorf("fhir: %s: base definition: %w", g.url, err)
			return r
		}
		base = b.clone()
		g.elements = base.size()
	}
	list, ok := root.Child("differential")
	var diff *elementNode
	if ok {
		diff = readElements(list, g.limits, func(n Node, text string) { g.warn(Error, &elementNode{def: &elementDef{node: n}}, text) })
	}
	switch {
	case base == nil && diff == nil:
		r.err = fmt.Errorf("fhir: %s: neither a base definition nor a differential", g.url)
		return r
	case base == nil:
		base = &elementNode{name: diff.name, def: &elementDef{min: 0, max: "*"}}
	}
	if g.extend {
		base.name = lastPart(g.typ)
		base.def.base = elementBase{path: base.name, min: 0, max: "*"}
		if kind := text("kind"); kind != "complex-type" {
			base.dropExtensionSlicing()
		}
	}
	if diff != nil && diff.name != base.name {
		g.warn(Error, diff, fmt.Sprintf("the differential is of %s, its base of %s", diff.name, base.name))
		diff.name = base.name
	}
	g.root = base
	if diff != nil {
		g.merge(base, diff)
	}
	g.finish(base, base.name)
	r.root, r.issues = base, g.issues
	return r
}

// dropExtensionSlicing takes the slicing of extensions away, which a resource
// or primitive type does not state anew.
func (n *elementNode) dropExtensionSlicing() {
	for _, c := range n.children {
		if isExtensionElement(c.name) {
			c.def.remove(c.def.member("slicing"))
		}
	}
}

// lastPart returns what follows the last slash: the type names of logical
// models are URLs.
func lastPart(typ string) string { return typ[strings.LastIndexByte(typ, '/')+1:] }

// isA reports whether a type is, or specialises, another.
func (l *Library) isA(code, of string) bool {
	t, ok1 := l.defs.Type(code)
	o, ok2 := l.defs.Type(of)
	return ok1 && ok2 && t.IsA(o)
}

// appendJSON writes the definition with the generated snapshot before its
// differential.
func (r *snapshotResult) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"resourceType":"StructureDefinition"`...)
	done := false
	snapshot := func() {
		if !done && r.root != nil {
			dst = append(dst, `,"snapshot":{"element":[`...)
			dst = append(r.root.appendElements(dst, "", ""), "]}"...)
			done = true
		}
	}
	e := &elementDef{}
	for n := range r.tree.Root().Children() {
		e.add(n.Key(), n)
	}
	for _, m := range e.members {
		switch m.name {
		case "snapshot":
			snapshot()
			continue
		case "differential":
			snapshot()
		}
		dst = m.appendJSON(dst)
	}
	snapshot()
	return append(dst, '}')
}
