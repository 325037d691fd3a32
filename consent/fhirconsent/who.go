package fhirconsent

import (
	"strings"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/fhir"
)

// who is how a Reference names its target: a person, an organisation, a piece
// of data.
type who struct {
	literal    string // without version
	identifier string // system|value
	group      bool   // a group or a care team, to which others belong
	source     bool   // of an actor: it made or keeps the data, and is not who gets them
}

// sourceRoles are the roles of actors who made, keep or vouch for data.
var sourceRoles = [...]string{
	"AUT", "AUTHEN", "CST", "ENT", "INF", "LA", "SPF", "TRANS", "VRF", "WIT",
	"AMENDER", "COAUTH", "CONT", "EVTWIT", "PRIMAUTH", "REVIEWER", "SOURCE", "VALID", "VERF",
}

func whoOf(n fhir.Node) who {
	w := who{literal: withoutVersion(child(n, "reference"))}
	if id, ok := n.Child("identifier"); ok {
		w.identifier = identifierKey(id)
	}
	named := kind(w.literal)
	w.group = named == "Group" || named == "CareTeam"
	return w
}

// is reports whether it is one of those that a list names, by references and
// identifiers. Who is named in no way in which the list names anybody may be
// one: an identifier says nothing about those of another system, and the
// addresses of two servers may be of one thing.
func (w who) is(list []string) consent.Tri {
	if strings.HasPrefix(w.literal, "#") && w.identifier == "" {
		return consent.Unknown // contained: who that is cannot be compared
	}
	comparable, perhaps := false, false
	for _, a := range list {
		switch a = withoutVersion(a); a {
		case "":
			continue
		case w.literal, w.identifier:
			return consent.Yes
		}
		if !comparable {
			comparable = w.literal != "" && alike(w.literal, a) || w.identifier != "" && alike(w.identifier, a)
		}
		perhaps = perhaps || sameTail(a, w.literal)
	}
	if perhaps || !comparable {
		return consent.Unknown
	}
	return consent.No
}

// among reports whether it is one of several things, each named once; nil is
// not known.
func (w who) among(list []string) consent.Tri {
	if list == nil {
		return consent.Unknown
	}
	best := consent.No
	for i := range list {
		best = or(best, w.is(list[i:i+1]))
	}
	return best
}

// alike reports whether two names are of a kind, so that they name two things
// if they differ.
func alike(a, b string) bool {
	if i := strings.IndexByte(a, '|'); i >= 0 {
		return strings.HasPrefix(b, a[:i+1])
	}
	if a[0] == '#' || b[0] == '#' || strings.IndexByte(b, '|') >= 0 {
		return false
	}
	return strings.HasPrefix(a, "urn:") == strings.HasPrefix(b, "urn:")
}

// sameTail reports whether of two references one is relative and the other an
// absolute one that ends with it: perhaps the same thing.
func sameTail(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	return len(a) > len(b) && strings.HasSuffix(a, b) && a[len(a)-len(b)-1] == '/' && strings.Contains(a, "://") && !strings.Contains(b, "://") && strings.Contains(b, "/")
}

// kind returns the resource type that a literal reference names, "" if it does
// not tell.
func kind(ref string) string {
	if strings.HasPrefix(ref, "urn:") || strings.Contains(ref, "|") {
		return ""
	}
	if strings.Contains(ref, "://") {
		ref = typeAndID(ref)
	}
	name, _, _ := strings.Cut(ref, "/")
	return name
}

// plausible reports whether what is said of a target can name anything: a
// relative reference needs a resource type and an id, an identifier a system.
func (w who) plausible() bool {
	if w.identifier != "" {
		system, value, _ := strings.Cut(w.identifier, "|")
		if !strings.Contains(system, ":") || value == "" {
			return false
		}
	}
	ref := w.literal
	if ref == "" {
		return w.identifier != ""
	}
	if strings.HasPrefix(ref, "urn:") || strings.HasPrefix(ref, "http://") || strings.HasPrefix(ref, "https://") || strings.HasPrefix(ref, "#") {
		return true
	}
	name, id, ok := strings.Cut(ref, "/")
	if !ok || id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	t, ok := fhir.R4().Type(name)
	return ok && t.Name() == name
}

func withoutVersion(ref string) string {
	if strings.IndexByte(ref, '_') >= 0 {
		if i := strings.Index(ref, "/_history/"); i >= 0 {
			return ref[:i]
		}
	}
	return ref
}
