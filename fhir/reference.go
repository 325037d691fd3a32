package fhir

import "strings"

// Reference is the text of a reference in its parts.
type Reference struct {
	Base    string // of an absolute reference to a server: "http://a.uk/fhir"
	Type    string // resource type, "" if the text does not say
	ID      string
	Version string // of "/_history/2"
	// Fragment is what follows "#": the id of a contained resource, or of one
	// within the target. Contained tells these apart.
	Fragment  string
	Contained bool   // "#id", or "#" for the resource that contains
	Absolute  string // the reference without version and fragment, if it is absolute: a URL or URN
}

// ParseReference takes the text of a Reference.reference, a canonical or a
// uri apart. Types are those of the definitions. Text that is neither
// absolute nor of the form Type/id has no parts but the fragment.
func (d *Definitions) ParseReference(s string) Reference {
	var r Reference
	if rest, ok := strings.CutPrefix(s, "#"); ok {
		return Reference{Fragment: rest, Contained: true}
	}
	s, r.Fragment, _ = strings.Cut(s, "#")
	if isAbsolute(s) {
		r.Absolute = s
	}
	path, version, ok := strings.Cut(s, "/_history/")
	if ok && checkID(version) == "" && version != "" {
		r.Version = version
		s = path
		if r.Absolute != "" {
			r.Absolute = s
		}
	}
	if strings.HasPrefix(s, "urn:") {
		return r
	}
	head, id, ok := cutLast(s, '/')
	if !ok || id == "" || checkID(id) != "" {
		return r
	}
	base, typ, ok := cutLast(head, '/')
	if !ok {
		base, typ = "", head
	}
	if (base != "") != (r.Absolute != "") || !d.isResourceName(typ) {
		return r
	}
	r.Base, r.Type, r.ID = base, typ, id
	return r
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	k := strings.LastIndexByte(s, sep)
	if k < 0 {
		return "", s, false
	}
	return s[:k], s[k+1:], true
}

func (d *Definitions) isResourceName(name string) bool {
	id := d.t.FindType(name)
	return id != 0 && Type{d, id}.IsResource()
}

// isAbsolute reports whether text begins with a URI scheme.
func isAbsolute(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case c == ':':
			return i > 0
		default:
			return false
		}
	}
	return false
}

// Index finds the targets of references within one tree: contained resources,
// and the entries of bundles at any depth. It is immutable and safe for
// concurrent use.
type Index struct {
	t         *Tree
	contained map[containedKey]uint32
	bundles   map[uint32]*bundleIndex // by the node of the Bundle
}

type containedKey struct {
	container uint32
	id        string
}

// bundleIndex is the entries of one bundle.
type bundleIndex struct {
	byURL map[string][]uint32 // resources by fullUrl
	byID  map[string][]uint32 // resources by Type/id
	url   map[uint32]string   // fullUrl of a resource
}

// NewIndex reads a tree once for the ids and fullUrls of its resources.
func NewIndex(t *Tree) *Index {
	x := &Index{t: t, contained: make(map[containedKey]uint32), bundles: make(map[uint32]*bundleIndex)}
	names := indexNames{t.NameID("contained"), t.NameID("entry"), t.NameID("resource"), t.NameID("parameter"), t.NameID("id"), t.NameID("fullUrl")}
	x.resource(t.Root(), names)
	return x
}

type indexNames struct{ contained, entry, resource, parameter, id, fullURL NameID }

// resource indexes a resource that is not contained.
func (x *Index) resource(n Node, names indexNames) {
	name := n.Type().Name()
	for c := n.Cursor(); ; {
		child, ok := c.Next()
		if !ok {
			break
		}
		switch child.NameID() {
		case names.contained:
			if id := first(child, names.id); id != "" {
				key := containedKey{n.i, id}
				if _, ok := x.contained[key]; !ok {
					x.contained[key] = child.i
				}
			}
		case names.entry:
			if name == "Bundle" {
				x.entry(n, child, names)
			}
		case names.parameter:
			x.parameter(child, names)
		}
	}
}

// first returns the value of the first child with a name.
func first(n Node, name NameID) string {
	c := n.Cursor()
	child, ok := c.NextNamed(name)
	if !ok {
		return ""
	}
	return child.Value()
}

func (x *Index) entry(bundle, entry Node, names indexNames) {
	c := entry.Cursor()
	resource, ok := c.NextNamed(names.resource)
	if !ok {
		return
	}
	b := x.bundles[bundle.i]
	if b == nil {
		b = &bundleIndex{make(map[string][]uint32), make(map[string][]uint32), make(map[uint32]string)}
		x.bundles[bundle.i] = b
	}
	if url := first(entry, names.fullURL); url != "" {
		b.byURL[url] = append(b.byURL[url], resource.i)
		b.url[resource.i] = url
	}
	if id := first(resource, names.id); id != "" {
		key := resource.Type().Name() + "/" + id
		b.byID[key] = append(b.byID[key], resource.i)
	}
	x.resource(resource, names)
}

// parameter indexes the resources within Parameters.
func (x *Index) parameter(n Node, names indexNames) {
	for c := n.Cursor(); ; {
		child, ok := c.Next()
		if !ok {
			return
		}
		switch {
		case child.IsResource():
			x.resource(child, names)
		case child.Kind() == Complex:
			x.parameter(child, names)
		}
	}
}

// container returns the resource that a node belongs to, with contained ones
// counted to what contains them.
func (n Node) container() Node {
	n = n.Resource()
	for {
		if p, ok := n.Parent(); ok && n.Name() == "contained" {
			n = p.Resource()
			continue
		}
		return n
	}
}

// Resolve finds the resource that the reference text in a node of the tree
// means, by the rules for references in bundles (FHIR R4 bundle.html#references): first
// contained resources; then, in the innermost bundle and those around it,
// fullUrls that equal an absolute reference, or the root of the referring
// entry's fullUrl with a relative one. Where the referring entry or the
// target has no fullUrl, a relative reference means the only resource in the
// bundle with that type and id. It is false where nothing or, by id, more
// than one is found.
func (x *Index) Resolve(from Node, reference string) (Node, bool) {
	if from.t != x.t || reference == "" {
		return Node{}, false
	}
	container := from.container()
	ref := x.t.defs.ParseReference(reference)
	if ref.Contained {
		if ref.Fragment == "" {
			return container, true
		}
		i, ok := x.contained[containedKey{container.i, ref.Fragment}]
		return Node{x.t, i}, ok
	}
	resource := container
	for {
		p, ok := resource.Parent()
		if !ok {
			return Node{}, false
		}
		outer := p.Resource()
		if b := x.bundles[outer.i]; b != nil {
			if n, ok := x.inBundle(b, resource, ref); ok {
				return n, true
			}
		}
		resource = outer
	}
}

// inBundle resolves a reference of a resource in a bundle.
func (x *Index) inBundle(b *bundleIndex, from Node, ref Reference) (Node, bool) {
	if ref.Absolute != "" {
		return x.version(b.byURL[ref.Absolute], ref.Version)
	}
	if ref.Type == "" {
		return Node{}, false
	}
	key := ref.Type + "/" + ref.ID
	if base := x.t.defs.ParseReference(b.url[from.i]).Base; base != "" {
		if n, ok := x.version(b.byURL[base+"/"+key], ref.Version); ok {
			return n, true
		}
	}
	var found []uint32
	for _, i := range b.byID[key] {
		if b.url[i] == "" || b.url[from.i] == "" {
			found = append(found, i)
		}
	}
	if ref.Version == "" && len(found) != 1 {
		return Node{}, false
	}
	return x.version(found, ref.Version)
}

// version picks the resource of a version, or the first without one.
func (x *Index) version(list []uint32, version string) (Node, bool) {
	for _, i := range list {
		n := Node{x.t, i}
		if version == "" {
			return n, true
		}
		if meta, ok := n.Child("meta"); ok {
			if v, ok := meta.Child("versionId"); ok && v.Value() == version {
				return n, true
			}
		}
	}
	return Node{}, false
}
